"""Regret and certificates: the one yardstick by which every solver is judged.

The regret of player k at profile s is max_a u_k(a, s_-k) - u_k(s), the gain from the best deviation (in payoff units).
A profile is a Nash equilibrium exactly when all regrets are zero (Nash 1950). Nothing here is shared with a solver.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from bargain.games.profile import SUM_TOLERANCE, MixedProfile, PureProfile, pure_actions, supports
from bargain.games.record import ArrayRecord, FloatArray, finite_array
from bargain.games.stage import StageGame, action_payoffs, expected_payoffs

DEFAULT_TOLERANCE = 1e-8
"""Regret that still counts as none, as a share of the player's payoff range."""


@dataclass(frozen=True, eq=False)
class Certificate(ArrayRecord):
    """What a profile leaves on the table, and whether that is nothing up to the tolerance.

    regret: ``(..., n_players)`` in payoff units, never negative: the gain from the best deviation in one round, in
    every state or memory where there are several; payoff_range: ``(n_players,)``; tolerance: largest accepted gain from
    any deviation as a share of the payoff range; discount_factor: 0 for one round.
    """

    regret: FloatArray
    payoff_range: FloatArray
    tolerance: float = DEFAULT_TOLERANCE
    discount_factor: float = 0.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "regret", finite_array(self.regret, "regret"))
        object.__setattr__(self, "payoff_range", finite_array(self.payoff_range, "payoff_range"))
        check_tolerance(self.tolerance)

    @property
    def epsilon(self) -> float:
        """Bound on the gain of any player from any deviation, in payoff units: largest regret / (1 - discount factor).

        The best deviation gains at least the largest regret and at most this.
        """
        return float(self.regret.max() / (1.0 - self.discount_factor))

    @property
    def relative_regret(self) -> FloatArray:
        """Bound on the gain as a share of each player's payoff range (payoff units where payoffs are constant)."""
        scale = np.where(self.payoff_range > 0.0, self.payoff_range, 1.0)
        return np.asarray(self.regret / ((1.0 - self.discount_factor) * scale))

    @property
    def holds(self) -> bool:
        return bool(np.all(self.relative_regret <= self.tolerance))

    def to_dict(self) -> dict[str, Any]:
        rounds = {"discount_factor": self.discount_factor} if self.discount_factor else {}
        return {
            "regret": self.regret.tolist(),
            "payoff_range": self.payoff_range.tolist(),
            "tolerance": self.tolerance,
            **rounds,
            "epsilon": self.epsilon,
            "holds": self.holds,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        return cls(data["regret"], data["payoff_range"], data["tolerance"], data.get("discount_factor", 0.0))


@dataclass(frozen=True, eq=False)
class Equilibrium(ArrayRecord):
    """A certified profile: one probability vector per player, expected payoffs ``(n_players,)``, the certificate."""

    profile: MixedProfile
    payoffs: FloatArray
    certificate: Certificate

    def __post_init__(self) -> None:
        object.__setattr__(self, "profile", tuple(finite_array(strategy, "profile") for strategy in self.profile))
        object.__setattr__(self, "payoffs", finite_array(self.payoffs, "payoffs"))

    @property
    def pure(self) -> PureProfile | None:
        """Action indices when nobody mixes, else None."""
        return pure_actions(self.profile)

    @property
    def supports(self) -> tuple[tuple[int, ...], ...]:
        """For each player the actions that are played."""
        return supports(self.profile, SUM_TOLERANCE)

    def to_dict(self) -> dict[str, Any]:
        return {
            "profile": [strategy.tolist() for strategy in self.profile],
            "payoffs": self.payoffs.tolist(),
            "certificate": self.certificate.to_dict(),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        return cls(data["profile"], data["payoffs"], Certificate.from_dict(data["certificate"]))


def regret(game: StageGame, profile: Sequence[Any]) -> FloatArray:
    """Gain of each player from the best deviation, ``(n_players,)``; the profile is pure (indices, labels) or mixed."""
    return _gains(game, game.profile(profile))


def _gains(game: StageGame, strategies: MixedProfile) -> FloatArray:
    """Regret of a checked mixed profile."""
    gains = np.empty(game.n_players)
    for k, table in enumerate(game.payoffs):
        # Regret does not depend on the payoff level; taking the level out first keeps rounding relative to the range.
        own = action_payoffs(table - table.min(), strategies, k)
        gains[k] = max(float(own.max() - own @ strategies[k]), 0.0)
    gains.setflags(write=False)
    return gains


def certify(game: StageGame, profile: Sequence[Any], tolerance: float = DEFAULT_TOLERANCE) -> Certificate:
    """Measure the regret of a profile; ``tolerance`` is a share of each player's payoff range.

    Raises ValueError when the profile is none of this game.
    """
    return Certificate(regret(game, profile), game.payoff_range, tolerance)


def certified(game: StageGame, profile: Sequence[Any], tolerance: float = DEFAULT_TOLERANCE) -> Equilibrium:
    """The profile with its payoffs and its certificate, which may or may not hold: the caller looks."""
    strategies = game.profile(profile)
    certificate = Certificate(_gains(game, strategies), game.payoff_range, tolerance)
    return Equilibrium(strategies, expected_payoffs(game.payoffs, strategies), certificate)


def check_tolerance(tolerance: float) -> None:
    """Raise ValueError unless ``tolerance`` is a share of the payoff range."""
    if not 0.0 <= tolerance < 1.0:
        raise ValueError(f"tolerance = {tolerance} is not a share of the payoff range in [0, 1)")
