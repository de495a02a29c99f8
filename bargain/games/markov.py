"""Markov games: a stage game in every state, and moves that decide with which probabilities the next state comes.

Players move at the same time, see the state and all past moves, and value a play by (1 - d) sum_t d^t u_i(s_t, a_t)
with the discount factor d (Shapley 1953). Transitions are sparse: each state and move lists its few successors.
Where players move in turn, or cannot do everything in every state, ``available`` says which actions there are.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from bargain.games.profile import SUM_TOLERANCE, nearest
from bargain.games.record import ArrayRecord, FloatArray, finite_array
from bargain.games.stage import LARGEST_PAYOFF, StageGame, checked_labels, default_labels

IntArray = npt.NDArray[np.intp]
BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False, init=False, repr=False)
class MarkovGame(ArrayRecord):
    """A game with states.

    payoffs: ``(n_states, n_players, *n_actions)``, per round; successors, probabilities: ``(n_states, *n_actions, k)``,
    the states that may follow each move and how likely they are (unused places have probability 0);
    discount_factor: in [0, 1); players, actions, states: unique labels; available: for each player which actions there
    are in which state, ``(n_states, n_actions[i])``, all of them unless given. Entries of moves that are not available
    must be finite but are never read.

    Raises ValueError for shapes that do not fit, entries that are not finite, successors that are no states,
    probabilities of an available move that are negative or do not sum to one (within 1e-9), a state in which a player
    has no action, a discount factor outside [0, 1).
    """

    payoffs: FloatArray
    successors: IntArray
    probabilities: FloatArray
    discount_factor: float
    players: tuple[str, ...]
    actions: tuple[tuple[str, ...], ...]
    states: tuple[str, ...]
    available: tuple[BoolArray, ...]

    def __init__(
        self,
        payoffs: npt.ArrayLike,
        successors: npt.ArrayLike,
        probabilities: npt.ArrayLike,
        discount_factor: float,
        players: Sequence[str] | None = None,
        actions: Sequence[Sequence[str]] | None = None,
        states: Sequence[str] | None = None,
        available: Sequence[npt.ArrayLike] | None = None,
    ) -> None:
        table = finite_array(payoffs, "payoffs")
        _check_payoffs(table)
        n_states, n_actions = table.shape[0], table.shape[2:]
        names, labels = default_labels(n_actions, players, actions)
        if states is None:
            states = [f"state_{i + 1}" for i in range(n_states)]
        places = checked_labels(states, n_states, "states")
        masks = _availability(available, n_states, n_actions, names, places)
        follow, chances = _transitions(successors, probabilities, n_states, n_actions, masks, (places, labels))
        fields = {
            "payoffs": table,
            "successors": follow,
            "probabilities": chances,
            "discount_factor": check_discount_factor(discount_factor),
            "players": names,
            "actions": labels,
            "states": places,
            "available": masks,
        }
        for name, value in fields.items():
            object.__setattr__(self, name, value)

    @classmethod
    def from_matrix(
        cls, payoffs: npt.ArrayLike, transitions: npt.ArrayLike, discount_factor: float, **labels: Any
    ) -> Self:
        """From a dense table of transition probabilities ``(n_states, *n_actions, n_states)``."""
        dense = finite_array(transitions, "transitions")
        width = max(1, int((dense != 0.0).sum(axis=-1).max(initial=1)))
        order = np.argsort(dense == 0.0, axis=-1, kind="stable")[..., :width]
        return cls(payoffs, order, np.take_along_axis(dense, order, axis=-1), discount_factor, **labels)

    @property
    def n_states(self) -> int:
        return len(self.states)

    @property
    def n_players(self) -> int:
        return len(self.players)

    @property
    def n_actions(self) -> tuple[int, ...]:
        return self.payoffs.shape[2:]

    @property
    def available_moves(self) -> BoolArray:
        """Whether each move can be made in each state, ``(n_states, *n_actions)``."""
        moves = np.ones((self.n_states, *self.n_actions), dtype=bool)
        for k, mask in enumerate(self.available):
            moves &= mask.reshape(self.n_states, *(-1 if i == k else 1 for i in range(self.n_players)))
        return moves

    @cached_property
    def payoff_range(self) -> FloatArray:
        """Largest minus smallest payoff of each player over all states and available moves, ``(n_players,)``."""
        own = np.moveaxis(self.payoffs, 1, 0)[:, self.available_moves]
        return finite_array(own.max(axis=1) - own.min(axis=1), "payoff_range")

    @property
    def fingerprint(self) -> str:
        """SHA-256 of labels and arrays: equal games, and only those, share it on every platform."""
        labels = json.dumps([self.players, self.actions, self.states, self.discount_factor], ensure_ascii=True)
        parts = [self.payoffs.astype("<f8"), self.successors.astype("<i8"), self.probabilities.astype("<f8")]
        digest = hashlib.sha256(labels.encode())
        for array in [*parts, *(mask.astype("<u1") for mask in self.available)]:
            digest.update(str(array.shape).encode() + array.tobytes())
        return digest.hexdigest()

    def __repr__(self) -> str:
        sizes = " x ".join(map(str, self.n_actions))
        return f"MarkovGame({', '.join(self.players)}: {self.n_states} states, {sizes} actions)"

    def state_index(self, state: Any) -> int:
        """Number of a state given by number or label; ValueError when there is none."""
        if isinstance(state, str):
            if state not in self.states:
                raise ValueError(f"no state {state!r}; {nearest(state, self.states)}")
            return self.states.index(state)
        if not 0 <= state < self.n_states:
            raise ValueError(f"state {state} is outside 0..{self.n_states - 1}")
        return int(state)

    def stage_game(self, state: Any) -> StageGame:
        """The round in a state as a game of its own, with the actions available there."""
        s = self.state_index(state)
        kept = [np.flatnonzero(mask[s]) for mask in self.available]
        table = self.payoffs[s][np.ix_(np.arange(self.n_players), *kept)]
        actions = [[own[i] for i in indices] for own, indices in zip(self.actions, kept, strict=True)]
        return StageGame(table, self.players, actions)

    def with_discount_factor(self, discount_factor: float) -> Self:
        """The same game for players of another patience."""
        return type(self)(
            self.payoffs,
            self.successors,
            self.probabilities,
            discount_factor,
            self.players,
            self.actions,
            self.states,
            self.available,
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON; ``from_dict`` gives the equal game back."""
        return {
            "type": "MarkovGame",
            "players": list(self.players),
            "actions": [list(own) for own in self.actions],
            "states": list(self.states),
            "discount_factor": self.discount_factor,
            "payoffs": self.payoffs.tolist(),
            "successors": self.successors.tolist(),
            "probabilities": self.probabilities.tolist(),
            "available": [mask.tolist() for mask in self.available],
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The game that ``to_dict`` described; ValueError names a missing entry."""
        keys = ("payoffs", "successors", "probabilities", "discount_factor", "players", "actions", "states")
        missing = [key for key in keys if key not in data]
        if missing:
            raise ValueError(f"Markov game: entry {missing[0]!r} is missing")
        return cls(**{key: data[key] for key in keys}, available=data.get("available"))


def check_discount_factor(discount_factor: Any) -> float:
    """The discount factor as a float; ValueError unless it is in [0, 1)."""
    try:
        value = float(discount_factor)
    except (TypeError, ValueError):
        raise ValueError(f"discount_factor = {discount_factor!r} is not a number in [0, 1)") from None
    if not 0.0 <= value < 1.0:
        raise ValueError(f"discount_factor = {discount_factor!r} is not in [0, 1)")
    return value + 0.0


def index_array(values: npt.ArrayLike, name: str, n: int) -> IntArray:
    """Read-only whole numbers in 0..n-1; ValueError names the first entry that is none."""
    array = np.asarray(values)
    if array.dtype.kind not in "iu":
        rounded = finite_array(values, name)
        if np.any(rounded != np.rint(rounded)):
            place = tuple(int(i) for i in np.argwhere(rounded != np.rint(rounded))[0])
            raise ValueError(f"{name}{list(place)} = {rounded[place]} is not a whole number")
        array = rounded
    bad = np.argwhere((array < 0) | (array >= n))
    if len(bad):
        place = tuple(int(i) for i in bad[0])
        raise ValueError(f"{name}{list(place)} = {int(array[place])} is outside 0..{n - 1}")
    result = np.array(array, dtype=np.intp)
    result.setflags(write=False)
    return result


def _check_payoffs(payoffs: FloatArray) -> None:
    if payoffs.ndim < 3 or payoffs.size == 0 or payoffs.shape[1] != payoffs.ndim - 2:
        raise ValueError(
            f"payoffs of shape {payoffs.shape} is not (n_states, n_players, *n_actions) with one action axis for each "
            "player and at least one action each"
        )
    if np.abs(payoffs).max() > LARGEST_PAYOFF:
        raise ValueError(f"payoffs reach {np.abs(payoffs).max():g} in size, more than the {LARGEST_PAYOFF:g} handled")


def _availability(
    available: Sequence[npt.ArrayLike] | None,
    n_states: int,
    n_actions: tuple[int, ...],
    players: tuple[str, ...],
    states: tuple[str, ...],
) -> tuple[BoolArray, ...]:
    if available is None:
        available = [np.ones((n_states, n), dtype=bool) for n in n_actions]
    if len(available) != len(players):
        raise ValueError(f"available has {len(available)} tables for {len(players)} players")
    masks = []
    for player, n, given in zip(players, n_actions, available, strict=True):
        mask = np.array(given, dtype=bool)
        if mask.shape != (n_states, n):
            raise ValueError(f"available of player {player} has shape {mask.shape}, not {(n_states, n)}")
        empty = np.flatnonzero(~mask.any(axis=1))
        if len(empty):
            raise ValueError(f"player {player} has no action in state {states[empty[0]]}")
        mask.setflags(write=False)
        masks.append(mask)
    return tuple(masks)


def _transitions(
    successors: npt.ArrayLike,
    probabilities: npt.ArrayLike,
    n_states: int,
    n_actions: tuple[int, ...],
    available: tuple[BoolArray, ...],
    labels: tuple[tuple[str, ...], tuple[tuple[str, ...], ...]],
) -> tuple[IntArray, FloatArray]:
    """Checked successors and probabilities; those of a move are divided by their sum, unavailable moves stay put."""
    follow = index_array(successors, "successors", n_states)
    chances = finite_array(probabilities, "probabilities")
    shape = (n_states, *n_actions)
    for name, array in (("successors", follow), ("probabilities", chances)):
        if array.ndim != len(shape) + 1 or array.shape[:-1] != shape or array.shape[-1] < 1:
            raise ValueError(f"{name} of shape {array.shape} is not (n_states, *n_actions, k) = {(*shape, 'k')}")
    if follow.shape != chances.shape:
        raise ValueError(f"successors {follow.shape} and probabilities {chances.shape} differ in shape")
    moves = np.ones(shape, dtype=bool)
    for k, mask in enumerate(available):
        moves &= mask.reshape(n_states, *(-1 if i == k else 1 for i in range(len(n_actions))))
    total = chances.sum(axis=-1)
    for bad, rule in (
        (chances.min(axis=-1) < -SUM_TOLERANCE, "has a negative probability"),
        (np.abs(total - 1.0) > SUM_TOLERANCE, "has probabilities that do not sum to 1"),
    ):
        places = np.argwhere(bad & moves)
        if len(places):
            s, *profile = (int(i) for i in places[0])
            move = ", ".join(own[a] for own, a in zip(labels[1], profile, strict=True))
            raise ValueError(f"move ({move}) in state {labels[0][s]} {rule}: {chances[tuple(places[0])].tolist()}")
    if not moves.all():
        stay = np.zeros(chances.shape[-1])
        stay[0] = 1.0
        chances = np.where(moves[..., None], chances, stay)
        here = np.arange(n_states).reshape(-1, *(1 for _ in n_actions), 1)
        follow = np.array(np.where(moves[..., None], follow, here), dtype=np.intp)
    clipped = np.maximum(chances, 0.0)
    # Dividing by a sum that is one up to rounding would change bytes at every passage.
    total = clipped.sum(axis=-1, keepdims=True)
    clipped = np.where(np.abs(total - 1.0) > 1e-14, clipped / total, clipped) + 0.0
    follow.setflags(write=False)
    clipped.setflags(write=False)
    return follow, clipped
