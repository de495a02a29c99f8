"""Bargaining problems: payoffs that agreements can reach, and what everybody gets without one (Nash 1950).

The feasible set is the convex hull of finitely many payoff vectors, reached by public lotteries over them. What counts
is its part where nobody is below the threat point; whether the threat point lies in the hull makes no difference, since
mixing an agreement with disagreement is never better for anybody than the agreement.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from bargain.games.record import ArrayRecord, FloatArray, finite_array
from bargain.games.stage import LARGEST_PAYOFF, StageGame, checked_labels

NO_GAIN = 1e-9
"""A gain over the threat point below this share of the player's payoff range is none."""

ROUNDING = 1e-14
"""A payoff range below this share of the payoffs' size comes from rounding."""


@dataclass(frozen=True, eq=False, init=False, repr=False)
class BargainingProblem(ArrayRecord):
    """A convex compact set of payoffs and a threat point.

    points: ``(n_points, n_players)``, payoffs whose convex hull is feasible, in any order, inner points and repeated
    ones allowed; threat_point: ``(n_players,)``, payoffs without an agreement; players: one unique label each.

    Raises ValueError for fewer than two players, no point, an entry that is not finite or labels that do not fit.
    """

    points: FloatArray
    threat_point: FloatArray
    players: tuple[str, ...]

    def __init__(
        self, points: npt.ArrayLike, threat_point: npt.ArrayLike, players: Sequence[str] | None = None
    ) -> None:
        table = finite_array(points, "points")
        if table.ndim != 2 or table.shape[0] < 1 or table.shape[1] < 2:
            raise ValueError(f"points of shape {table.shape} is not (n_points, n_players) with two players or more")
        object.__setattr__(self, "points", table)
        object.__setattr__(self, "threat_point", checked_threat(threat_point, table.shape[1]))
        object.__setattr__(self, "players", player_labels(players, table.shape[1]))
        _check_size(self.points, "points")

    @classmethod
    def from_game(cls, game: StageGame, threat_point: npt.ArrayLike) -> Self:
        """Everything that a public lottery over the pure profiles of a stage game can reach, in the order of play."""
        return cls(game.payoffs.reshape(game.n_players, -1).T, threat_point, game.players)

    @property
    def n_players(self) -> int:
        return len(self.players)

    @property
    def payoff_range(self) -> FloatArray:
        """Largest minus smallest payoff of each player, the threat point included, ``(n_players,)``."""
        return np.asarray(np.ptp(np.vstack([self.points, self.threat_point]), axis=0))

    @property
    def fingerprint(self) -> str:
        """SHA-256 of labels and numbers: equal problems, and only those, share it on every platform."""
        labels = json.dumps([self.players, self.points.shape], ensure_ascii=True).encode()
        numbers = np.vstack([self.points, self.threat_point]).astype("<f8").tobytes()
        return hashlib.sha256(labels + numbers).hexdigest()

    def __repr__(self) -> str:
        return f"BargainingProblem({', '.join(self.players)}: {len(self.points)} points)"

    @property
    def scale(self) -> FloatArray:
        """What tolerances are measured in: payoff ranges, never zero, ``(n_players,)``."""
        return payoff_scale(np.vstack([self.points, self.threat_point]))

    def with_threat_point(self, threat_point: npt.ArrayLike) -> Self:
        """The same agreements, another threat point."""
        return type(self)(self.points, threat_point, self.players)

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON; ``from_dict`` gives the equal problem back."""
        return {
            "type": type(self).__name__,
            "players": list(self.players),
            "points": self.points.tolist(),
            "threat_point": self.threat_point.tolist(),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The problem that ``to_dict`` described; ValueError names a missing entry."""
        for key in ("points", "threat_point", "players"):
            if key not in data:
                raise ValueError(f"bargaining problem: entry {key!r} is missing")
        return cls(data["points"], data["threat_point"], data["players"])


def payoff_scale(payoffs: FloatArray) -> FloatArray:
    """Ranges of the columns; where a range is only rounding, the size of the numbers, or 1 where all are zero."""
    extent, size = np.ptp(payoffs, axis=0), np.abs(payoffs).max(axis=0)
    return np.where(extent > ROUNDING * size, extent, np.where(size > 0.0, size, 1.0))


def checked_threat(threat_point: npt.ArrayLike, n_players: int) -> FloatArray:
    """One finite payoff per player, or a ValueError."""
    payoffs = finite_array(threat_point, "threat_point")
    if payoffs.shape != (n_players,):
        raise ValueError(f"threat_point of shape {payoffs.shape} is not one payoff for each of {n_players} players")
    _check_size(payoffs, "threat_point")
    return payoffs


def player_labels(players: Sequence[str] | None, n_players: int) -> tuple[str, ...]:
    """Checked labels; players without any are numbered from 1."""
    names = [f"player_{k + 1}" for k in range(n_players)] if players is None else players
    return checked_labels(names, n_players, "players")


def _check_size(payoffs: FloatArray, name: str) -> None:
    if np.abs(payoffs).max() > LARGEST_PAYOFF:
        raise ValueError(f"{name} reaches {np.abs(payoffs).max():g} in size, more than the {LARGEST_PAYOFF:g} handled")
