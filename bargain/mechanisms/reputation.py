"""Bargaining and reputation: a war of attrition between sides that may be the kind that never yields (Abreu, Gul 2000).

Side i demands the share a_i of a pie of 1, a_1 + a_2 > 1; with chance z_i it is a type that never takes less. The
others concede at hazards that keep the rival indifferent between waiting and yielding,

    lambda_i = r_j (1 - a_i) / (a_1 + a_2 - 1),          T_i = -ln z_i / lambda_i,

until T0 = min(T_1, T_2), when both are known to be of that type. The side with the longer time has to yield at once
with chance F_i(0) = 1 - z_i exp(lambda_i T0), so that reputations run out together. Side i expects F_j(0) a_i +
(1 - F_j(0)) (1 - a_j).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Self

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
Pair = tuple[float, float]


@dataclass(frozen=True)
class Reputation:
    """The equilibrium of the concession game.

    demands, obstinate, impatience: what was given; hazards: of yielding, per unit of time; horizon: T0; at_once: chance
    that the side (of any type) yields at time 0; payoffs: of the types that may yield; delay: expected time to an
    agreement given that not both are obstinate; gain: ``largest_gain`` of a side from another time, of the pie.
    """

    demands: Pair
    obstinate: Pair
    impatience: Pair
    hazards: Pair
    horizon: float
    at_once: Pair
    payoffs: Pair
    delay: float
    gain: float

    def yielded(self, side: int, time: npt.ArrayLike) -> FloatArray:
        """Chance that a side has yielded by a time, obstinate types included: F_i(t), constant from the horizon on."""
        t = np.minimum(np.asarray(time, dtype=np.float64), self.horizon)
        return np.asarray(1.0 - (1.0 - self.at_once[side]) * np.exp(-self.hazards[side] * t))

    def reputation(self, side: int, time: npt.ArrayLike) -> FloatArray:
        """Chance that a side that has not yielded by a time is obstinate."""
        return np.asarray(np.minimum(self.obstinate[side] / (1.0 - self.yielded(side, time)), 1.0))

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        content: dict[str, Any] = {k: tuple(entry) if isinstance(entry, list) else entry for k, entry in data.items()}
        return cls(**content)


def reputation(demands: Pair, obstinate: Pair, impatience: Pair) -> Reputation:
    """The unique equilibrium of the concession game in continuous time (Abreu and Gul 2000, proposition 1).

    demands: shares that add up to more than 1, each in (0, 1); obstinate: chances in (0, 1); impatience: discount rates
    per unit of time, > 0. Raises ValueError otherwise.
    """
    for name, pair, top in (
        ("demands", demands, 1.0),
        ("obstinate", obstinate, 1.0),
        ("impatience", impatience, math.inf),
    ):
        if len(pair) != 2:
            raise ValueError(f"{name} = {pair} is not one number for each of the two sides")
        for value in pair:
            if not 0.0 < value < top:
                raise ValueError(f"{name} = {value:g} is not in (0, {top:g})")
    conflict = demands[0] + demands[1] - 1.0
    if conflict <= 0.0:
        raise ValueError(f"demands = {demands} add up to no more than the pie; the rule is more than 1")
    hazards = tuple(impatience[1 - i] * (1.0 - demands[i]) / conflict for i in (0, 1))
    times = tuple(-math.log(obstinate[i]) / hazards[i] for i in (0, 1))
    horizon = min(times)
    at_once = tuple(max(0.0, 1.0 - obstinate[i] * math.exp(hazards[i] * horizon)) for i in (0, 1))
    # The side that is not the weaker one yields at once with no chance at all, not with one of rounding.
    at_once = tuple(0.0 if times[i] <= horizon else at_once[i] for i in (0, 1))
    payoffs = tuple(at_once[1 - i] * demands[i] + (1.0 - at_once[1 - i]) * (1.0 - demands[1 - i]) for i in (0, 1))
    delay = _delay(hazards, at_once, horizon, obstinate)
    found = Reputation(
        (demands[0], demands[1]),
        (obstinate[0], obstinate[1]),
        (impatience[0], impatience[1]),
        (hazards[0], hazards[1]),
        horizon,
        (at_once[0], at_once[1]),
        (payoffs[0], payoffs[1]),
        delay,
        math.nan,
    )
    return replace(found, gain=largest_gain(found))


def _delay(hazards: tuple[float, ...], at_once: tuple[float, ...], horizon: float, obstinate: Pair) -> float:
    """Expected time of the first concession, given that there is one.

    The chance that nobody has yielded by t is (1 - F_1(0)) (1 - F_2(0)) exp(-(lambda_1 + lambda_2) t).
    """
    rate, start = sum(hazards), (1.0 - at_once[0]) * (1.0 - at_once[1])
    never = obstinate[0] * obstinate[1]
    going_on = start * (1.0 - math.exp(-rate * horizon)) / rate - never * horizon
    return going_on / (1.0 - never)


def largest_gain(found: Reputation, n_times: int = 400) -> float:
    """Most that a side which may yield can gain over any time at which it does, by numerical integration on a grid.

    The check shares no formula with the solution: the payoff of planning to yield at t is the integral over the rival's
    concessions up to t plus what yielding then brings; every time up to the horizon is played and has to be best.
    """
    grid = np.linspace(0.0, found.horizon, 20 * n_times + 1)
    worst = 0.0
    for i in (0, 1):
        j = 1 - i
        rival = found.yielded(j, grid)
        middle, steps = 0.5 * (grid[1:] + grid[:-1]), np.diff(rival)
        won = rival[0] * found.demands[i] + np.concatenate(
            [[0.0], np.cumsum(steps * found.demands[i] * np.exp(-found.impatience[i] * middle))]
        )
        lost = (1.0 - rival) * np.exp(-found.impatience[i] * grid) * (1.0 - found.demands[j])
        worth = won + lost
        worst = max(worst, float(worth.max() - min(worth.min(), found.payoffs[i])))
    return worst
