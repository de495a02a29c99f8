"""Strategies with a finite memory: what everybody plays in each memory, and which memory each move leads to.

An automaton is a joint plan of all players: the memory is public, it follows from past moves and public lotteries. On
its memories it unfolds into a Markov game with a stationary pure profile, so that the one-shot-deviation principle
(Abreu 1988, proposition 1) is checked in every memory by the certificate of Markov games. A game with states has
memories that each belong to one state.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from bargain.games.certificate import DEFAULT_TOLERANCE, Certificate
from bargain.games.markov import IntArray, MarkovGame, index_array
from bargain.games.profile import SUM_TOLERANCE
from bargain.games.record import ArrayRecord, FloatArray, finite_array
from bargain.games.repeated import RepeatedGame
from bargain.games.stage import checked_labels
from bargain.games.stationary import StationaryProfile, certify_stationary


@dataclass(frozen=True, eq=False, init=False)
class Automaton(ArrayRecord):
    """A joint strategy with finite memory.

    outputs: ``(n_memories, n_players)``, action indices played in each memory; successors, probabilities:
    ``(n_memories, *n_actions, k)``, the memories that may follow each move, deviations included, with the chances of
    the public lottery (and of the game's own transitions) over them; without probabilities transitions are certain and
    successors may be ``(n_memories, *n_actions)``; states: ``(n_memories,)``, the state of the game each memory belongs
    to, 0 in repeated games; start: ``(n_states, n_memories)``, the lottery over memories in which a play that
    begins in each state starts, the first memory of the state unless given; memories: labels.
    """

    outputs: IntArray
    successors: IntArray
    probabilities: FloatArray
    states: IntArray
    start: FloatArray
    memories: tuple[str, ...]

    def __init__(
        self,
        outputs: npt.ArrayLike,
        successors: npt.ArrayLike,
        probabilities: npt.ArrayLike | None = None,
        states: npt.ArrayLike | None = None,
        start: npt.ArrayLike | None = None,
        memories: Sequence[str] | None = None,
    ) -> None:
        played = index_array(outputs, "outputs", np.iinfo(np.intp).max)
        if played.ndim != 2 or not played.size:
            raise ValueError(f"outputs of shape {played.shape} is not (n_memories, n_players)")
        n_memories, n_players = played.shape
        follow = index_array(successors, "successors", n_memories)
        if probabilities is None and follow.ndim == 1 + n_players:
            follow = follow[..., None]
            follow.setflags(write=False)
        chances = finite_array(np.ones(follow.shape) if probabilities is None else probabilities, "probabilities")
        if follow.ndim != 2 + n_players or follow.shape != chances.shape or len(follow) != n_memories:
            raise ValueError(
                f"successors {follow.shape} and probabilities {chances.shape} are not (n_memories, *n_actions, k)"
            )
        places = index_array(np.zeros(n_memories) if states is None else states, "states", n_memories)
        if places.shape != (n_memories,):
            raise ValueError(f"states of shape {places.shape} is not ({n_memories},)")
        labels = [f"memory_{m + 1}" for m in range(n_memories)] if memories is None else memories
        fields = {
            "outputs": played,
            "successors": follow,
            "probabilities": chances,
            "states": places,
            "start": _start(start, places),
            "memories": checked_labels(labels, n_memories, "memories"),
        }
        for name, value in fields.items():
            object.__setattr__(self, name, value)

    @property
    def n_memories(self) -> int:
        return len(self.outputs)

    def unfold(self, game: RepeatedGame | MarkovGame) -> tuple[MarkovGame, StationaryProfile]:
        """The game on the memories of the automaton, and what it plays there; ValueError when it does not fit."""
        base = game.markov_game() if isinstance(game, RepeatedGame) else game
        if self.successors.shape[1:-1] != base.n_actions or self.states.max() >= base.n_states:
            raise ValueError(
                f"automaton of {self.successors.shape[1:-1]} actions in {int(self.states.max()) + 1} states does not "
                f"fit a game of {base.n_actions} actions in {base.n_states} states"
            )
        unfolded = MarkovGame(
            base.payoffs[self.states],
            self.successors,
            self.probabilities,
            base.discount_factor,
            base.players,
            base.actions,
            self.memories,
            [mask[self.states] for mask in base.available],
        )
        _check_marginals(base, self.states, unfolded)
        return unfolded, StationaryProfile.pure(unfolded, self.outputs)

    def to_dict(self) -> dict[str, Any]:
        return {
            "outputs": self.outputs.tolist(),
            "successors": self.successors.tolist(),
            "probabilities": self.probabilities.tolist(),
            "states": self.states.tolist(),
            "start": self.start.tolist(),
            "memories": list(self.memories),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        return cls(**data)


@dataclass(frozen=True, eq=False)
class AutomatonEquilibrium(ArrayRecord):
    """An automaton with its certificate.

    values: ``(n_memories, n_players)``; payoffs: ``(n_states, n_players)``, the value of a play that begins in each
    state; certificate: one-shot gains in every memory ``(n_memories, n_players)``.
    """

    automaton: Automaton
    values: FloatArray
    payoffs: FloatArray
    certificate: Certificate

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", finite_array(self.values, "values"))
        object.__setattr__(self, "payoffs", finite_array(self.payoffs, "payoffs"))

    def to_dict(self) -> dict[str, Any]:
        return {
            "automaton": self.automaton.to_dict(),
            "values": self.values.tolist(),
            "payoffs": self.payoffs.tolist(),
            "certificate": self.certificate.to_dict(),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        certificate = Certificate.from_dict(data["certificate"])
        return cls(Automaton.from_dict(data["automaton"]), data["values"], data["payoffs"], certificate)


def certify_automaton(
    game: RepeatedGame | MarkovGame, automaton: Automaton, tolerance: float = DEFAULT_TOLERANCE
) -> AutomatonEquilibrium:
    """Values of the automaton and the largest one-shot gain of each player in each memory, on and off the path."""
    found = certify_stationary(*automaton.unfold(game), tolerance)
    # The tolerance is a share of the range of the whole game, not of the states that have a memory.
    certificate = Certificate(found.certificate.regret, game.payoff_range, tolerance, game.discount_factor)
    return AutomatonEquilibrium(automaton, found.values, automaton.start @ found.values, certificate)


def _start(start: npt.ArrayLike | None, states: IntArray) -> FloatArray:
    n_states, n_memories = int(states.max()) + 1, len(states)
    if start is None:
        table = np.zeros((n_states, n_memories))
        for s in range(n_states):
            table[s, np.flatnonzero(states == s)[:1]] = 1.0
    else:
        table = np.array(finite_array(start, "start"))
        table = table[None] if table.ndim == 1 else table
    if table.shape != (n_states, n_memories):
        raise ValueError(f"start of shape {table.shape} is not ({n_states}, {n_memories})")
    own = states[None, :] == np.arange(n_states)[:, None]
    total = np.where(own, table, 0.0).sum(axis=1)
    bad = (table.min(axis=1) < 0.0) | (np.abs(total - 1.0) > SUM_TOLERANCE) | np.where(own, 0.0, table).any(axis=1)
    if bad.any():
        s = int(np.flatnonzero(bad)[0])
        raise ValueError(f"start: {table[s].tolist()} is no lottery over the memories of state {s}")
    table.setflags(write=False)
    return table


def _check_marginals(game: MarkovGame, states: IntArray, unfolded: MarkovGame) -> None:
    """ValueError unless the memories pass from state to state as the game does."""
    if game.n_states == 1:
        return
    allowed = unfolded.available_moves
    for m, s in enumerate(states):
        for profile in np.argwhere(allowed[m]):
            at = tuple(profile)
            wanted = np.bincount(game.successors[(s, *at)], game.probabilities[(s, *at)], game.n_states)
            reached = states[unfolded.successors[(m, *at)]]
            given = np.bincount(reached, unfolded.probabilities[(m, *at)], game.n_states)
            if np.abs(wanted - given).max() > SUM_TOLERANCE:
                raise ValueError(
                    f"automaton: move {at} in {unfolded.states[m]} passes to other "
                    f"states than in the game ({given.tolist()}, not {wanted.tolist()})"
                )
