"""Stage games: finitely many players and actions, one round, payoffs u_k(a_1, ..., a_n)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from bargain.games.profile import MixedProfile, action_index, degenerate_mixed, mixed_profile, nearest, pure_profile
from bargain.games.record import ArrayRecord, FloatArray, finite_array

LARGEST_PAYOFF = 1e150
"""Beyond this, differences and products of payoffs no longer fit a float."""


@dataclass(frozen=True, eq=False, init=False, repr=False)
class StageGame(ArrayRecord):
    """A game of one round in strategic form.

    payoffs: ``(n_players, *n_actions)``, per round; axis 1 + k belongs to the actions of player k.
    players: one label per player; actions: for each player one label per action; labels are unique.

    Raises ValueError for a wrong number of axes, an empty axis, an entry that is not finite, or labels that do not fit.
    """

    payoffs: FloatArray
    players: tuple[str, ...]
    actions: tuple[tuple[str, ...], ...]

    def __init__(
        self,
        payoffs: npt.ArrayLike,
        players: Sequence[str] | None = None,
        actions: Sequence[Sequence[str]] | None = None,
    ) -> None:
        table = finite_array(payoffs, "payoffs")
        _check_shape(table)
        names, labels = default_labels(table.shape[1:], players, actions)
        object.__setattr__(self, "payoffs", table)
        object.__setattr__(self, "players", names)
        object.__setattr__(self, "actions", labels)

    @classmethod
    def from_bimatrix(
        cls,
        row_payoffs: npt.ArrayLike,
        column_payoffs: npt.ArrayLike,
        players: Sequence[str] | None = None,
        actions: Sequence[Sequence[str]] | None = None,
    ) -> Self:
        """Two-player game from two matrices; rows are the actions of the first player in both."""
        first, second = finite_array(row_payoffs, "row_payoffs"), finite_array(column_payoffs, "column_payoffs")
        if first.ndim != 2 or first.shape != second.shape:
            raise ValueError(
                f"row_payoffs {first.shape} and column_payoffs {second.shape} are not matrices of one shape"
            )
        return cls(np.stack([first, second]), players, actions)

    @property
    def n_players(self) -> int:
        return len(self.players)

    @property
    def n_actions(self) -> tuple[int, ...]:
        return self.payoffs.shape[1:]

    @property
    def payoff_range(self) -> FloatArray:
        """Largest minus smallest payoff of each player, ``(n_players,)``."""
        flat = self.payoffs.reshape(self.n_players, -1)
        return np.asarray(flat.max(axis=1) - flat.min(axis=1))

    @property
    def fingerprint(self) -> str:
        """SHA-256 of labels and payoffs: equal games, and only those, share it on every platform."""
        labels = json.dumps([self.players, self.actions], ensure_ascii=True).encode()
        return hashlib.sha256(labels + self.payoffs.astype("<f8").tobytes()).hexdigest()

    def __repr__(self) -> str:
        sizes = " x ".join(map(str, self.n_actions))
        return f"StageGame({', '.join(self.players)}: {sizes} actions)"

    def profile(self, profile: Sequence[Any]) -> MixedProfile:
        """Checked mixed profile from a pure one (indices or labels) or from one probability vector per player."""
        if isinstance(profile, str) or not isinstance(profile, (Sequence, np.ndarray)):
            raise ValueError(f"profile {profile!r} is not one strategy for each of the {self.n_players} players")
        if len(profile) and all(isinstance(entry, str) or np.ndim(entry) == 0 for entry in profile):
            return degenerate_mixed(pure_profile(profile, self.actions, self.players), self.n_actions)
        return mixed_profile(profile, self.n_actions, self.players)

    def expected_payoffs(self, profile: Sequence[Any]) -> FloatArray:
        """Expected payoff of every player under a pure or mixed profile, ``(n_players,)``."""
        return expected_payoffs(self.payoffs, self.profile(profile))

    def deviation_payoffs(self, profile: Sequence[Any]) -> tuple[FloatArray, ...]:
        """For each player k the expected payoff ``(n_actions[k],)`` of each own action against the others."""
        strategies = self.profile(profile)
        return tuple(action_payoffs(self.payoffs[k], strategies, k) for k in range(self.n_players))

    def restrict(self, allowed: Mapping[str, Sequence[Any]]) -> Self:
        """The game in which the named players keep only the listed actions (labels or indices), in that order."""
        payoffs, actions = self.payoffs, list(self.actions)
        for player, kept in allowed.items():
            if player not in self.players:
                raise ValueError(f"no player {player!r}; {nearest(player, self.players)}")
            k = self.players.index(player)
            indices = [action_index(action, self.actions[k], player) for action in kept]
            payoffs = payoffs.take(indices, axis=k + 1)
            actions[k] = tuple(self.actions[k][i] for i in indices)
        return type(self)(payoffs, self.players, actions)

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON; ``from_dict`` gives the equal game back."""
        return {
            "players": list(self.players),
            "actions": [list(own) for own in self.actions],
            "payoffs": self.payoffs.tolist(),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The game that ``to_dict`` described; ValueError names a missing entry."""
        missing = [key for key in ("payoffs", "players", "actions") if key not in data]
        if missing:
            raise ValueError(f"stage game: entry {missing[0]!r} is missing")
        return cls(data["payoffs"], data["players"], data["actions"])


def expected_payoffs(payoffs: FloatArray, strategies: MixedProfile) -> FloatArray:
    """Expected payoffs ``(n_players,)`` from tables ``(n_players, *n_actions)`` under a checked mixed profile."""
    result = payoffs
    for strategy in reversed(strategies):
        result = result @ strategy
    return np.asarray(result)


def action_payoffs(payoffs: FloatArray, strategies: MixedProfile, player: int) -> FloatArray:
    """Expected payoff of each action of ``player`` against the others, from that player's table ``(*n_actions,)``."""
    result = payoffs
    for axis in reversed(range(len(strategies))):
        if axis != player:
            result = np.tensordot(result, strategies[axis], axes=(axis, 0))
    return result


def _check_shape(payoffs: FloatArray) -> None:
    if payoffs.ndim < 2 or payoffs.size == 0:
        raise ValueError(
            f"payoffs of shape {payoffs.shape} is not (n_players, *n_actions) with at least one action each"
        )
    if payoffs.shape[0] != payoffs.ndim - 1:
        raise ValueError(
            f"payoffs of shape {payoffs.shape} names {payoffs.shape[0]} players but has "
            f"{payoffs.ndim - 1} action axes; expected (n_players, *n_actions)"
        )
    if np.abs(payoffs).max() > LARGEST_PAYOFF:
        raise ValueError(f"payoffs reach {np.abs(payoffs).max():g} in size, more than the {LARGEST_PAYOFF:g} handled")


def default_labels(
    n_actions: Sequence[int], players: Sequence[str] | None, actions: Sequence[Sequence[str]] | None
) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
    """Checked labels of players and actions; what is not given is numbered from 1."""
    if players is None:
        players = [f"player_{k + 1}" for k in range(len(n_actions))]
    names = checked_labels(players, len(n_actions), "players")
    if actions is None:
        actions = [[f"action_{i + 1}" for i in range(n)] for n in n_actions]
    if isinstance(actions, str) or len(actions) != len(names):
        raise ValueError(f"actions has {len(actions)} lists of labels for {len(names)} players")
    own = zip(actions, n_actions, names, strict=True)
    return names, tuple(checked_labels(labels, n, f"actions of player {name}") for labels, n, name in own)


def checked_labels(labels: Sequence[str], n_expected: int, name: str) -> tuple[str, ...]:
    """The labels as a tuple; ValueError unless there are as many unique non-empty strings as expected."""
    if isinstance(labels, str):
        raise ValueError(f"{name} = {labels!r} is one string, not a list of labels")
    result = tuple(labels)
    if len(result) != n_expected:
        raise ValueError(f"{name} has {len(result)} labels, payoffs has {n_expected}")
    for label in result:
        if not isinstance(label, str) or not label:
            raise ValueError(f"{name}: label {label!r} is not a non-empty string")
    repeated = [label for i, label in enumerate(result) if label in result[:i]]
    if repeated:
        raise ValueError(f"{name}: label {repeated[0]!r} is used twice")
    return result
