"""Strategies of a repeated game in compact form: what each memory plays, what follows, and who punishes whom.

Every extreme payoff of a repeated game is the value of a memory in which one profile is played, followed by a public
lottery over memories; whoever alone deviates is punished by the memory that is worst for him, which is such a memory
itself (Abreu 1988; Abreu and Sannikov 2014, theorem 1). Values and one-shot gains are computed here from scratch.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from bargain.games.automaton import Automaton
from bargain.games.markov import IntArray, index_array
from bargain.games.profile import SUM_TOLERANCE
from bargain.games.record import ArrayRecord, FloatArray, finite_array
from bargain.games.repeated import RepeatedGame


@dataclass(frozen=True, eq=False)
class VertexPlan(ArrayRecord):
    """A joint strategy with one memory for each extreme payoff.

    outputs: ``(n_memories, n_players)``, action indices; successors, probabilities: ``(n_memories, k)``, the public
    lottery over memories when nobody deviates; punishments: ``(n_players,)``, the memory after a deviation of player i.
    """

    outputs: IntArray
    successors: IntArray
    probabilities: FloatArray
    punishments: IntArray

    def __post_init__(self) -> None:
        outputs = index_array(self.outputs, "outputs", np.iinfo(np.intp).max)
        if outputs.ndim != 2 or not outputs.size:
            raise ValueError(f"outputs of shape {outputs.shape} is not (n_memories, n_players)")
        n_memories, n_players = outputs.shape
        follow = index_array(self.successors, "successors", n_memories)
        chances = finite_array(self.probabilities, "probabilities")
        punishments = index_array(self.punishments, "punishments", n_memories)
        if follow.shape != chances.shape or follow.ndim != 2 or len(follow) != n_memories:
            raise ValueError(f"successors {follow.shape} and probabilities {chances.shape} are not (n_memories, k)")
        if punishments.shape != (n_players,):
            raise ValueError(f"{punishments.size} punishments for {n_players} players")
        if chances.min() < -SUM_TOLERANCE or np.abs(chances.sum(axis=1) - 1.0).max() > SUM_TOLERANCE:
            raise ValueError("probabilities of a memory are no lottery")
        for name, value in (
            ("outputs", outputs),
            ("successors", follow),
            ("probabilities", chances),
            ("punishments", punishments),
        ):
            object.__setattr__(self, name, value)

    @property
    def n_memories(self) -> int:
        return len(self.outputs)

    def values(self, game: RepeatedGame) -> FloatArray:
        """Values of all memories ``(n_memories, n_players)``, v = (1 - d) u + d P v. ValueError if it does not fit."""
        if self.outputs.shape[1] != game.n_players or np.any(self.outputs >= np.array(game.n_actions)):
            raise ValueError(f"outputs are no profiles of a game of {game.n_actions} actions")
        d, n = game.discount_factor, self.n_memories
        chain = np.zeros((n, n))
        np.add.at(chain, (np.arange(n)[:, None], self.successors), self.probabilities)
        level = game.payoffs.reshape(game.n_players, -1).min(axis=1)
        played = game.payoffs[(slice(None), *self.outputs.T)].T - level
        return np.asarray(np.linalg.solve(np.eye(n) - d * chain, (1.0 - d) * played) + level)

    def regret(self, game: RepeatedGame, values: FloatArray) -> FloatArray:
        """Largest gain of each player from one deviation in each memory, ``(n_memories, n_players)``, at least 0."""
        d = game.discount_factor
        gains = np.zeros(values.shape)
        rows = np.arange(self.n_memories)
        for i, table in enumerate(game.payoffs):
            own = np.moveaxis(table, i, -1)[(*self.outputs.T[:i], *self.outputs.T[i + 1 :])]
            own[rows, self.outputs[:, i]] = -np.inf
            # Gains do not depend on the payoff level; differences first keep rounding relative to the range.
            value = values[:, i]
            gains[:, i] = (1.0 - d) * (own.max(axis=1) - value) + d * (value[self.punishments[i]] - value)
        return np.maximum(gains, 0.0)

    def reordered(self, order: npt.ArrayLike) -> Self:
        """The same plan with memory ``order[k]`` at place k."""
        taken = np.asarray(order, dtype=np.intp)
        place = np.empty(self.n_memories, dtype=np.intp)
        place[taken] = np.arange(self.n_memories)
        return type(self)(
            self.outputs[taken], place[self.successors[taken]], self.probabilities[taken], place[self.punishments]
        )

    def automaton(self, game: RepeatedGame, start: int = 0) -> Automaton:
        """The plan as an automaton that begins in memory ``start``; joint deviations are passed over."""
        n, width = self.successors.shape
        shape = (n, *game.n_actions, width)
        axes = (1,) * game.n_players
        follow = np.array(np.broadcast_to(self.successors.reshape(n, *axes, width), shape))
        chances = np.array(np.broadcast_to(self.probabilities.reshape(n, *axes, width), shape))
        for m, played in enumerate(self.outputs):
            for i in range(game.n_players):
                line: tuple[Any, ...] = (m, *played[:i], slice(None), *played[i + 1 :])
                kept = (follow[(m, *played)].copy(), chances[(m, *played)].copy())
                follow[line], chances[line] = self.punishments[i], np.eye(width)[0]
                follow[(m, *played)], chances[(m, *played)] = kept
        start_row = np.zeros(n)
        start_row[start] = 1.0
        labels = [f"vertex_{k + 1}" for k in range(n)]
        return Automaton(self.outputs, follow, np.maximum(chances, 0.0), start=start_row, memories=labels)

    def to_dict(self) -> dict[str, Any]:
        return {
            "outputs": self.outputs.tolist(),
            "successors": self.successors.tolist(),
            "probabilities": self.probabilities.tolist(),
            "punishments": self.punishments.tolist(),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        return cls(**data)
