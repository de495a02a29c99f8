"""Cooperation under imperfect public monitoring: wars of the shortest length that deters (Green and Porter 1984).

Everybody cooperates until a bad signal, which comes with probability a when all cooperate and b > a after a deviation;
then follow T rounds of the static equilibrium, then cooperation again (Tirole 1988, section 6.7.1). With payoffs c on
the path, h from deviating, p in a war, normalised values V and war value W,

    V = (1 - delta) c + delta ((1 - a) V + a W),    W = (1 - delta^T) p + delta^T V.

With y = 1 - delta^T the deviation does not pay exactly when

    y >= y* = (1 - delta) (h - c) / (delta ((b - a) (c - p) - a (h - c))), the denominator positive,

and V falls in T, so the best length is the smallest T with 1 - delta^T >= y*; for y* = 1 the war never ends (grim
trigger), for larger y* or no positive denominator no length deters.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from numbers import Real
from typing import Any, Self

import numpy as np

from bargain.games.certificate import DEFAULT_TOLERANCE, Certificate
from bargain.games.record import ArrayRecord
from bargain.solvers.base import TIE

Length = int | float | None
"""Rounds of war: a whole number, infinity for grim trigger, None when no length deters."""


@dataclass(frozen=True, eq=False, kw_only=True)
class TriggerStrategy(ArrayRecord):
    """The trigger strategy with the shortest deterring war, and what it is worth to each player.

    length: rounds of war, infinity for grim trigger, None when no length deters; value: normalised, before a round of
    cooperation (of the war for ever when length is None); war_value: at the outbreak of a war; incentive_margin: value
    of cooperating less value of deviating once, normalised; shorter_margin: the same with a war one round shorter, None
    for length 0 and for wars without end; certificate: the gain from deviating once, measured on the automaton itself.
    """

    cooperation: float
    deviation: float
    punishment: float
    bad_signal: float
    bad_signal_after_deviation: float
    discount_factor: float
    length: Length
    value: float
    war_value: float
    incentive_margin: float | None
    shorter_margin: float | None
    message: str
    certificate: Certificate

    @property
    def discounted_sum(self) -> float:
        """The value as a sum of discounted payoffs, not normalised."""
        return self.value / (1.0 - self.discount_factor)

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON; a war without end has the length "for ever"."""
        data = {field.name: getattr(self, field.name) for field in fields(self)}
        length = "for ever" if self.length == math.inf else self.length
        return {**data, "length": length, "certificate": self.certificate.to_dict()}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        length = math.inf if data["length"] == "for ever" else data["length"]
        return cls(**{**data, "length": length, "certificate": Certificate.from_dict(data["certificate"])})


def trigger_length(
    cooperation: float,
    deviation: float,
    punishment: float,
    bad_signal: float,
    bad_signal_after_deviation: float,
    discount_factor: float,
    *,
    tolerance: float = DEFAULT_TOLERANCE,
) -> TriggerStrategy:
    """The shortest war that deters deviations, which is the best one for all.

    cooperation, deviation, punishment: expected payoffs of a round, the last in a static equilibrium; bad_signal and
    bad_signal_after_deviation: probabilities of the signal that starts a war; discount_factor in [0, 1); tolerance: of
    the certificate, as a share of the payoff range. Raises ValueError naming what is out of its range.
    """
    for name, payoff in (("cooperation", cooperation), ("deviation", deviation), ("punishment", punishment)):
        _check(payoff, name, -math.inf, math.inf)
    _check(bad_signal, "bad_signal", 0.0, 1.0)
    _check(bad_signal_after_deviation, "bad_signal_after_deviation", 0.0, 1.0)
    _check(discount_factor, "discount_factor", 0.0, math.nextafter(1.0, 0.0))
    play = _Play(
        *map(float, (cooperation, deviation, punishment, bad_signal, bad_signal_after_deviation, discount_factor))
    )
    length = _shortest(play)
    if length is None:
        message = "no length of war deters a deviation: the static equilibrium in every round"
        value = war_value = play.punishment
        margin = shorter = None
        regret = 0.0
    else:
        value, war_value = play.values(length)
        margin = play.margin(length)
        shorter = None if length in (0, math.inf) else play.margin(length - 1)
        regret = max(-margin, 0.0)
        message = "grim trigger: no finite war deters" if length == math.inf else f"war of {length} rounds"
    certificate = Certificate(np.array([regret]), np.array([play.extent]), tolerance, play.discount_factor)
    return TriggerStrategy(
        cooperation=play.cooperation,
        deviation=play.deviation,
        punishment=play.punishment,
        bad_signal=play.bad_signal,
        bad_signal_after_deviation=play.bad_signal_after_deviation,
        discount_factor=play.discount_factor,
        length=length,
        value=value,
        war_value=war_value,
        incentive_margin=margin,
        shorter_margin=shorter,
        message=message,
        certificate=certificate,
    )


def green_porter(
    bad_demand_probability: float,
    discount_factor: float,
    n_firms: int = 2,
    monopoly_profit: float = 1.0,
    *,
    tolerance: float = DEFAULT_TOLERANCE,
) -> TriggerStrategy:
    """Price wars of firms that do not see each other's prices (Tirole 1988, section 6.7.1).

    Demand is bad, so that nobody sells, with the given probability, independently each round; else the firms share
    ``monopoly_profit``, and who undercuts takes all of it while the others sell nothing. A firm that sells nothing
    cannot tell bad demand from undercutting, and starts a war at cost price, without profit. Values are per firm.
    """
    _check(bad_demand_probability, "bad_demand_probability", 0.0, 1.0)
    _check(monopoly_profit, "monopoly_profit", 0.0, math.inf)
    if not isinstance(n_firms, int) or isinstance(n_firms, bool) or n_firms < 2:
        raise ValueError(f"n_firms = {n_firms!r} is not a whole number >= 2")
    joint = (1.0 - bad_demand_probability) * monopoly_profit
    signals = (bad_demand_probability, 1.0)
    return trigger_length(joint / n_firms, joint, 0.0, *signals, discount_factor, tolerance=tolerance)


@dataclass(frozen=True)
class _Play:
    """The automaton: cooperate; on a bad signal count down the rounds of war."""

    cooperation: float
    deviation: float
    punishment: float
    bad_signal: float
    bad_signal_after_deviation: float
    discount_factor: float

    @property
    def extent(self) -> float:
        payoffs = (self.cooperation, self.deviation, self.punishment)
        return max(payoffs) - min(payoffs)

    def values(self, length: float) -> tuple[float, float]:
        """Normalised values of cooperation and of a war's first round, by going through the memories.

        A round of war maps the value after it, v, to (1 - delta) p + delta v; ``length`` rounds are that map composed
        with itself, by squaring. Then V is the fixed point of a round of cooperation.
        """
        factor = self.discount_factor
        level, weight = 0.0, 1.0
        if length == math.inf:
            level, weight = self.punishment, 0.0
        else:
            step_level, step_weight, left = (1.0 - factor) * self.punishment, factor, int(length)
            while left:
                if left % 2:
                    level, weight = level + weight * step_level, weight * step_weight
                step_level, step_weight = step_level + step_weight * step_level, step_weight**2
                left //= 2
        a = self.bad_signal
        value = ((1.0 - factor) * self.cooperation + factor * a * level) / (1.0 - factor * (1.0 - a + a * weight))
        return value, level + weight * value

    def margin(self, length: float) -> float:
        """Value of cooperating less value of deviating once; in a war nobody gains, it is a static equilibrium."""
        value, war = self.values(length)
        b, factor = self.bad_signal_after_deviation, self.discount_factor
        return value - ((1.0 - factor) * self.deviation + factor * ((1.0 - b) * value + b * war))


def _shortest(play: _Play) -> Length:
    """Smallest length of war that deters, from the closed form."""
    a, b, factor = play.bad_signal, play.bad_signal_after_deviation, play.discount_factor
    temptation, loss = play.deviation - play.cooperation, play.cooperation - play.punishment
    slack = TIE * play.extent
    if temptation <= slack:
        return 0
    force = factor * ((b - a) * loss - a * temptation)
    if force <= factor * slack:
        return None
    needed = (1.0 - factor) * temptation / force
    if needed > 1.0 + TIE:
        return None
    if needed >= 1.0 - TIE:
        return math.inf
    rounds = math.log1p(-needed) / math.log(factor)
    whole = round(rounds)
    # A length that deters up to rounding deters.
    return whole if abs(rounds - whole) <= 1e-9 * max(1.0, rounds) else math.ceil(rounds)


def _check(value: Any, name: str, low: float, high: float) -> None:
    """Raise ValueError unless the value is a finite number within bounds."""
    number = isinstance(value, Real) and not isinstance(value, bool)
    if not (number and math.isfinite(value) and low <= value <= high):
        bounds = {0.0: " >= 0", 1.0: " in [0, 1]"}.get(high if high <= 1.0 else low, "")
        bounds = " in [0, 1)" if name == "discount_factor" else bounds
        raise ValueError(f"{name} = {value!r} is not a finite number{bounds}")
