"""Holding out on a stock: one side pays hardly anything until its stock is gone, the other pays all the time.

The target's stock lasts until a date T of its own knowledge, with distribution F as the rival sees it; before T a month
costs it k, afterwards b. The rival pays c a month, of its own knowledge, and wins the prize P when the target gives in.
If the target gives in when its stock is gone, a plan of the rival to give in at t is worth

    U(t) = P F(t) - c integral from 0 to t of (1 - F),              U' = P f - c (1 - F),

so that it gives in at once, or when the hazard f / (1 - F) of the stock's end falls to c / P (optimal stopping; for a
contest in which both pay all the time see ``attrition``). On a piece of constant density U is convex: the best date
is a breakpoint. For the target holding out until T and no longer is best if the prospect that the rival gives in pays
for k but not for b; this is checked for every date and not assumed.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from bargain.mechanisms.endurance_prior import EndurancePrior

FloatArray = npt.NDArray[np.float64]
Pair = tuple[float, float]


@dataclass(frozen=True)
class Exhaustion:
    """What each side does when the target holds out on its stock; pairs are target, rival.

    dates: what is known of the target's stock, months; costs, chances: of the rival's types, what they leave of 1 is
    one that never gives in; stops: month in which each of them gives in; prizes; target_costs: of a month before and
    after the stock is gone; at_once: chance that the rival gives in at the start; yields: chance that a side is the one
    who gives in; delay: expected months until one does, given that not both never do. Certificate, of a prize:
    rival_gain, the most that any of its types gains by another date; target_gain, the same; target_mean, the mean over
    the target's types of what each gains; gaining: chance of a type of the target that gains more than ``tolerance``.
    """

    dates: EndurancePrior
    costs: tuple[float, ...]
    chances: tuple[float, ...]
    prizes: Pair
    target_costs: Pair
    stops: tuple[float, ...]
    at_once: float
    yields: Pair
    delay: float
    rival_gain: float
    target_gain: float
    target_mean: float
    gaining: float
    tolerance: float

    @property
    def holds(self) -> bool:
        """Whether no side gains more than the tolerance before it knows its type, and no type of the rival after.

        Types of the target at the very end of its prior would wait for a rival that has just lost hope; ``gaining`` is
        their chance, and where it is small they overturn nothing.
        """
        return max(self.rival_gain, self.target_mean) <= self.tolerance

    def target_yielded(self, time: npt.ArrayLike) -> FloatArray:
        """Chance that the target has given in by a time if the rival has not: that its stock is gone."""
        return _gone(self.dates, np.asarray(time, dtype=np.float64))

    def rival_yielded(self, time: npt.ArrayLike) -> FloatArray:
        """Chance that the rival has given in by a time if the target has not."""
        t = np.asarray(time, dtype=np.float64)
        return np.asarray((np.array(self.stops) <= t[..., None]) @ np.array(self.chances))

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        content: dict[str, Any] = {k: tuple(entry) if isinstance(entry, list) else entry for k, entry in data.items()}
        return cls(**{**content, "dates": EndurancePrior.from_dict(data["dates"])})


def exhaustion(
    dates: EndurancePrior,
    costs: Sequence[float],
    chances: Sequence[float],
    prizes: Pair,
    target_costs: Pair,
    tolerance: float = 0.01,
) -> Exhaustion:
    """The play in which the target holds out until its stock is gone, and the rival as long as that pays.

    costs: of a month to the rival's types, > 0; chances: > 0 each, their sum in (0, 1); prizes: of target and rival,
    > 0; target_costs: of a month before and after its stock is gone, the first may be negative, the second is larger;
    tolerance: of a prize, for ``holds``. ValueError for anything else.
    """
    _check(costs, chances, prizes, target_costs)
    knots, gone, waited = _tables(dates)
    worth = prizes[1] * gone - np.asarray(costs, dtype=np.float64)[:, None] * waited
    # Among dates equally good up to rounding the first: nobody waits for nothing.
    best = (worth >= worth.max(axis=1, keepdims=True) - 1e-12 * prizes[1]).argmax(axis=1)
    chance, never = np.asarray(chances, dtype=np.float64), 1.0 - math.fsum(chances)
    by_rival = float(chance @ (1.0 - gone[best]))
    by_target = float(chance @ gone[best]) + never * (1.0 - dates.obstinate)
    # A rival that never gives in waits for the stock's end where there is one.
    total = float(chance @ waited[best]) + never * (waited[-1] - dates.obstinate * knots[-1])
    found = Exhaustion(
        dates,
        tuple(map(float, costs)),
        tuple(map(float, chances)),
        prizes,
        target_costs,
        tuple(knots[best].tolist()),
        float(chance[best == 0].sum()),
        (by_target, by_rival),
        total / (1.0 - never * dates.obstinate),
        math.nan,
        math.nan,
        math.nan,
        math.nan,
        tolerance,
    )
    gains, weights = target_gains(found)
    return replace(
        found,
        rival_gain=rival_gain(found),
        target_gain=float(gains.max()),
        target_mean=float(gains @ weights),
        gaining=float(weights[gains > tolerance].sum()),
    )


def _check(costs: Sequence[float], chances: Sequence[float], prizes: Pair, target_costs: Pair) -> None:
    if len(costs) != len(chances) or not len(costs):
        raise ValueError(f"{len(costs)} costs and {len(chances)} chances; the rule is one of each for every type")
    for name, values in (("costs", costs), ("chances", chances), ("prizes", prizes)):
        for value in values:
            if not 0.0 < value < math.inf:
                raise ValueError(f"{name}: {value:g} is not finite and > 0")
    if not math.fsum(chances) < 1.0:
        raise ValueError(f"chances sum to {math.fsum(chances):g}; the rule is less than 1: the rival may never give in")
    if not -math.inf < target_costs[0] < target_costs[1] < math.inf:
        raise ValueError(f"target_costs = {target_costs}; the rule is more after the stock is gone than before")


def _tables(dates: EndurancePrior) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Breakpoints from 0, the chance that the stock is gone by each, and the expected months waited until each."""
    knots = np.concatenate([[0.0], dates.months])
    gone = _gone(dates, knots)
    kept = 1.0 - gone
    means = 0.5 * (kept[1:] + kept[:-1]) if dates.smooth else kept[:-1]
    return knots, gone, np.concatenate([[0.0], np.cumsum(means * np.diff(knots))])


def _gone(dates: EndurancePrior, time: FloatArray) -> FloatArray:
    """Chance of a stock that is gone by a time: straight lines between the ends of pieces, jumps at points."""
    total = np.concatenate([[0.0], np.cumsum(dates.chances)])
    if dates.smooth:
        return np.asarray(np.interp(time, dates.months, total))
    return np.asarray(total[np.searchsorted(dates.months, time, side="right")])


def rival_gain(found: Exhaustion, n_cells: int = 4000) -> float:
    """Most that a type of the rival gains by another date, as a share of its prize: a sum over a fine grid of dates."""
    end = found.dates.months[-1]
    grid = np.linspace(0.0, 1.05 * end, n_cells + 1)
    gone = found.target_yielded(grid)
    waited = np.concatenate([[0.0], np.cumsum(0.5 * (2.0 - gone[1:] - gone[:-1]) * np.diff(grid))])
    worst = 0.0
    for cost, stop in zip(found.costs, found.stops, strict=True):
        worth = found.prizes[1] * gone - cost * waited
        own = found.prizes[1] * float(found.target_yielded(stop)) - cost * float(np.interp(stop, grid, waited))
        worst = max(worst, float(worth.max()) - own)
    return worst / found.prizes[1]


def target_gains(found: Exhaustion, n_types: int = 160, n_cells: int = 4000) -> tuple[FloatArray, FloatArray]:
    """What each type of the target gains by its best other date, as a share of its prize, and the types' chances."""
    grid = np.linspace(0.0, 1.2 * found.dates.months[-1], n_cells + 1)
    rival, step = found.rival_yielded(grid), grid[1] - grid[0]
    types, weights = _weighted_types(found.dates, n_types)
    gains = np.zeros(len(types))
    for place, date in enumerate(types):
        before = np.clip(date - grid[:-1], 0.0, step)
        cost = (found.target_costs[0] * before + found.target_costs[1] * (step - before)) * (1.0 - rival[:-1])
        worth = found.prizes[0] * rival - np.concatenate([[0.0], np.cumsum(cost)])
        gains[place] = max(float(worth.max()) - float(np.interp(date, grid, worth)), 0.0)
    return gains / found.prizes[0], weights


def _weighted_types(dates: EndurancePrior, n_types: int) -> tuple[FloatArray, FloatArray]:
    """Dates that stand for the types that may give in, and their chances among those."""
    if not dates.smooth:
        chances = np.asarray(dates.chances)
        return np.asarray(dates.months), chances / chances.sum()
    levels = (np.arange(n_types) + 0.5) / n_types * math.fsum(dates.chances)
    total = np.concatenate([[0.0], np.cumsum(dates.chances)])
    return np.interp(levels, total, dates.months), np.full(n_types, 1.0 / n_types)
