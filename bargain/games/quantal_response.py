"""Logit quantal response equilibria and their yardstick, the residual of the fixed point.

At precision t (one over payoff units) every player chooses action a with a probability proportional to
exp(t u_a(p_-k)) (McKelvey and Palfrey 1995, equation 7). The residual is the largest difference between the
probabilities given and those that they call forth. It is not regret: players who choose with errors leave money on the
table. Nothing here is shared with a solver.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any, Self

import numpy as np

from bargain.games.certificate import DEFAULT_TOLERANCE, check_tolerance, regret
from bargain.games.profile import MixedProfile
from bargain.games.record import ArrayRecord, FloatArray, finite_array
from bargain.games.stage import StageGame


@dataclass(frozen=True, eq=False)
class QuantalResponse(ArrayRecord):
    """A logit response profile at one precision with its certificate.

    precision: one over payoff units; payoffs, regret: ``(n_players,)`` in payoff units; residual: largest difference
    of a probability from its logit response; tolerance: largest accepted residual.
    """

    precision: float
    profile: MixedProfile
    payoffs: FloatArray
    regret: FloatArray
    residual: float
    tolerance: float = DEFAULT_TOLERANCE

    def __post_init__(self) -> None:
        check_precision(self.precision)
        check_tolerance(self.tolerance)
        object.__setattr__(self, "profile", tuple(finite_array(strategy, "profile") for strategy in self.profile))
        object.__setattr__(self, "payoffs", finite_array(self.payoffs, "payoffs"))
        object.__setattr__(self, "regret", finite_array(self.regret, "regret"))

    @property
    def holds(self) -> bool:
        return self.residual <= self.tolerance

    def to_dict(self) -> dict[str, Any]:
        return {
            "precision": self.precision,
            "profile": [strategy.tolist() for strategy in self.profile],
            "payoffs": self.payoffs.tolist(),
            "regret": self.regret.tolist(),
            "residual": self.residual,
            "tolerance": self.tolerance,
            "holds": self.holds,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        return cls(*(data[key] for key in ("precision", "profile", "payoffs", "regret", "residual", "tolerance")))


def check_precision(precision: Any) -> None:
    """Raise ValueError unless ``precision`` is a finite number >= 0."""
    if not (isinstance(precision, Real) and 0.0 <= float(precision) < np.inf):
        raise ValueError(f"precision = {precision!r} is not a finite number >= 0 (one over payoff units)")


def logit_responses(game: StageGame, profile: Sequence[Any], precision: float) -> MixedProfile:
    """The logit response of every player to the others' strategies in a profile."""
    check_precision(precision)
    responses = []
    for k, own in enumerate(game.deviation_payoffs(profile)):
        # The level of the payoffs plays no role; without it a high precision does not overflow.
        weights = np.exp(precision * (own - own.max()))
        responses.append(finite_array(weights / weights.sum(), f"response of player {game.players[k]}"))
    return tuple(responses)


def logit_residual(game: StageGame, profile: Sequence[Any], precision: float) -> float:
    """Largest difference of any probability of a profile from its logit response, in [0, 1]."""
    strategies = game.profile(profile)
    responses = logit_responses(game, strategies, precision)
    return max(float(np.abs(s - r).max()) for s, r in zip(strategies, responses, strict=True))


def quantal_response(
    game: StageGame, profile: Sequence[Any], precision: float, tolerance: float = DEFAULT_TOLERANCE
) -> QuantalResponse:
    """The profile with its payoffs and its certificate, which may or may not hold: the caller looks."""
    strategies = game.profile(profile)
    return QuantalResponse(
        float(precision),
        strategies,
        game.expected_payoffs(strategies),
        regret(game, strategies),
        logit_residual(game, strategies, precision),
        tolerance,
    )
