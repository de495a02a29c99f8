"""War of attrition: both sides bear a cost until one gives in; who yields, and when (Maynard Smith 1974; Riley 1980).

The *endurance* x of a side is its prize over what a month of holding out costs it: the months after which the prize
is used up. In units of that cost a side that yields at t gets -t, one that wins then gets x - t. Endurance is private:
its prior has a chance z > 0 of a side that never yields (Fudenberg and Tirole 1986; Abreu and Gul 2000). With
L_i(t) = -ln P(i has not yielded by t) and X_i(t) the endurance of those who yield at t, shorter ones first, waiting is
worth its cost when the rival yields at the hazard 1 / X_i,

    dL_j/dt = 1 / X_i,   dL_i/dt = 1 / X_j     =>     dL_1 / X_1 = dL_2 / X_2 = dh,    dt = X_1 X_2 dh.

So both run down a *clock* h at one speed, each type taking up dL / x of it. Both clocks end together, when only sides
that never yield are left; the side with the longer clock, H_i > H_j, first yields at once with the chance that its
prior puts on the types of the first H_i - H_j. Points of the prior give constant hazards and exact times; on a piece
of constant density f, with survival A - f x, the clock is (f/A) ln(x / (A - f x)).

Where endurance is known and ends at dates e_1 < e_2, side 1 yields at once: close to e_1 side 2 would surely wait, so
side 1 would not, so side 2 would also wait shortly before, and so on to the start (Ghemawat and Nalebuff 1985).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from bargain.mechanisms.endurance_prior import EndurancePrior

FloatArray = npt.NDArray[np.float64]
Pair = tuple[float, float]

CELLS = 600
"""Cells of the clock, at the least, where a prior has pieces."""


@dataclass(frozen=True)
class Attrition:
    """The equilibrium of a war of attrition with private endurance.

    at_once: chance that a side yields at time 0; horizon: months after which nobody yields any more; yields: chance
    that a side is the one who yields; delay: expected months until somebody does, given that not both never would;
    times: grid of the tables below; endurance, survival: of each side, whose types yield at a time and the chance that
    it has not yielded by then; gains: largest gain of any type of a side from another time, in shares of its prize.
    """

    priors: tuple[EndurancePrior, EndurancePrior]
    at_once: Pair
    horizon: float
    yields: Pair
    delay: float
    times: tuple[float, ...]
    endurance: tuple[tuple[float, ...], tuple[float, ...]]
    survival: tuple[tuple[float, ...], tuple[float, ...]]
    gains: Pair

    def yielded(self, side: int, time: npt.ArrayLike) -> FloatArray:
        """Chance that a side has yielded by a time; between the times of the table its hazard is constant."""
        t = np.clip(np.asarray(time, dtype=np.float64), 0.0, self.horizon)
        return np.asarray(1.0 - np.exp(np.interp(t, self.times, np.log(self.survival[side]))))

    def hazard(self, side: int, time: npt.ArrayLike) -> FloatArray:
        """Rate at which a side yields at a time after the start, 1 over the endurance of the rival's type; 0 beyond."""
        t = np.asarray(time, dtype=np.float64)
        place = np.clip(np.searchsorted(self.times, t, side="right") - 1, 0, max(len(self.times) - 2, 0))
        logs, grid = np.log(np.asarray(self.survival[side])), np.asarray(self.times)
        if len(grid) < 2:
            return np.zeros_like(t)
        slopes = -np.diff(logs) / np.diff(grid)
        return np.where((t >= 0.0) & (t <= self.horizon), slopes[place], 0.0)

    def concession(self, side: int, months: float) -> Pair:
        """First and last month at which a type of a side yields: (0, 0) at once, the same twice in a smooth prior."""
        own = np.asarray(self.endurance[side])
        if months < own[0]:
            return 0.0, 0.0
        here = np.flatnonzero(np.isclose(own, months, rtol=1e-12, atol=0.0))
        if len(here) and not self.priors[side].smooth:
            first = 0.0 if self._first_type(side) == months and self.at_once[side] > 0.0 else self.times[here[0]]
            last = self.times[min(here[-1] + 1, len(self.times) - 1)]
            return float(first), float(last)
        when = float(np.interp(months, own, self.times))
        return when, when

    def _first_type(self, side: int) -> float:
        return self.endurance[side][0]

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        first, second = (EndurancePrior.from_dict(prior) for prior in data["priors"])
        content: dict[str, Any] = {name: tuple(data[name]) for name in ("at_once", "yields", "times", "gains")}
        content |= {name: tuple(map(tuple, data[name])) for name in ("endurance", "survival")}
        return cls(priors=(first, second), horizon=data["horizon"], delay=data["delay"], **content)


def attrition(first: EndurancePrior, second: EndurancePrior) -> Attrition:
    """The equilibrium of the war of attrition with private endurance; unique, for both may be kinds that never yield.

    first, second: what is known of the endurance of either side, in months of its own cost.
    """
    priors = (first, second)
    clocks = tuple(prior.clock_length for prior in priors)
    run = min(clocks)
    starts = tuple(0.0 if clock <= run else clock - run for clock in clocks)
    grid = _clock_grid(priors, starts, run)
    times = np.concatenate([[0.0], np.cumsum(_months(priors, starts, grid))])
    survival = tuple(priors[i].survival_at(starts[i] + grid) for i in (0, 1))
    # No rounding at the start of the side that does not yield at once, nor at the end, where types run out.
    for i in (0, 1):
        survival[i][-1] = priors[i].obstinate
        if starts[i] == 0.0:
            survival[i][0] = 1.0
    types = tuple(priors[i].type_at(starts[i] + grid) for i in (0, 1))
    found = Attrition(
        priors,
        (float(1.0 - survival[0][0]), float(1.0 - survival[1][0])),
        float(times[-1]),
        _yields(survival),
        _delay(times, survival, first.obstinate * second.obstinate),
        tuple(times.tolist()),
        (tuple(types[0].tolist()), tuple(types[1].tolist())),
        (tuple(survival[0].tolist()), tuple(survival[1].tolist())),
        (math.nan, math.nan),
    )
    return replace(found, gains=(largest_gain(found, 0), largest_gain(found, 1)))


def _clock_grid(priors: tuple[EndurancePrior, ...], starts: tuple[float, ...], run: float) -> FloatArray:
    """Positions on the common clock: the breakpoints of both priors, and cells between them where one is smooth."""
    inside = [run * np.array([0.0, 1.0])]
    for prior, start in zip(priors, starts, strict=True):
        own = prior.clock_breaks - start
        inside.append(own[(own > 0.0) & (own < run)])
    breaks = np.unique(np.concatenate(inside))
    breaks = breaks[np.concatenate([[True], np.diff(breaks) > 1e-13 * run])]
    breaks[-1] = run
    if not any(prior.smooth for prior in priors):
        return np.asarray(breaks)
    parts = np.linspace(0.0, 1.0, math.ceil(CELLS / (len(breaks) - 1)), endpoint=False)
    cells = breaks[:-1, None] + np.diff(breaks)[:, None] * parts
    return np.asarray(np.append(cells.ravel(), run))


def _months(priors: tuple[EndurancePrior, ...], starts: tuple[float, ...], grid: FloatArray) -> FloatArray:
    """Months of every cell of the clock: the integral of X_1 X_2, by Gauss and Legendre's rule with five points."""
    nodes, weights = np.polynomial.legendre.leggauss(5)
    middle, half = 0.5 * (grid[1:] + grid[:-1]), 0.5 * np.diff(grid)
    places = middle[:, None] + half[:, None] * nodes
    speed = priors[0].type_at(starts[0] + places) * priors[1].type_at(starts[1] + places)
    return np.asarray(half * (speed @ weights))


def _yields(survival: tuple[FloatArray, ...]) -> Pair:
    """Chance that each side is the first to yield: at once, and cell by cell at a constant ratio of hazards."""
    chances = []
    for i in (0, 1):
        own, rival = np.log(survival[i]), np.log(survival[1 - i])
        falls, both = -np.diff(own), -np.diff(own + rival)
        gone = -np.diff(np.exp(own + rival))
        share = np.divide(falls, both, out=np.zeros_like(both), where=both > 0.0)
        chances.append(float(1.0 - survival[i][0] + (share * gone).sum()))
    return chances[0], chances[1]


def _delay(times: FloatArray, survival: tuple[FloatArray, ...], never: float) -> float:
    """Expected months until somebody yields: both survive with a chance that falls exponentially within a cell."""
    both = np.log(survival[0] * survival[1])
    falls, months, levels = -np.diff(both), np.diff(times), np.exp(both)
    mean = np.divide(-np.diff(levels), falls, out=levels[:-1].copy(), where=falls > 1e-12)
    return float(((months * mean).sum() - never * times[-1]) / (1.0 - never))


def largest_gain(found: Attrition, side: int, n_types: int = 40, n_cells: int = 2000) -> float:
    """Most that any type of a side gains by yielding at another time, as a share of its prize.

    Shares nothing with the solution but the chance that the rival has yielded by a time: what a plan is worth is the
    sum over the rival's concessions up to then, x - t each, less the months waited in vain.
    """
    prior = found.priors[side]
    grid = np.unique(np.concatenate([np.linspace(0.0, found.horizon, n_cells + 1), found.times]))
    gone = found.yielded(1 - side, grid)
    middle, steps = 0.5 * (grid[1:] + grid[:-1]), np.diff(gone)
    chance = gone
    waited = np.concatenate([[0.0], np.cumsum(steps * middle)]) + grid * (1.0 - gone)
    worst = 0.0
    for months in prior.types(n_types):
        worth = months * chance - waited
        own = found.concession(side, months)
        planned = np.interp(np.array([own[0], 0.5 * (own[0] + own[1]), own[1]]), grid, worth)
        worst = max(worst, float(worth.max() - planned.min()) / months)
    return worst


@dataclass(frozen=True)
class KnownAttrition:
    """The outcome when both know how long the other can hold out.

    ends: last dates; yields: who gives in at once, (0,), (1,), (0, 1) where either may and nothing tells which, or ()
    where neither need; windows: months that each side would wait for the prize if that were sure to come; steps: of
    reasoning back from the earlier date to the start.
    """

    ends: Pair
    yields: tuple[int, ...]
    windows: Pair
    steps: int

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def known_attrition(ends: Pair, costs: Pair, prizes: Pair, discount_rate: float = 0.0) -> KnownAttrition:
    """Who yields at once when the dates at which each side has to give in are known (Ghemawat and Nalebuff 1985).

    ends: months, >= 0, may be infinite; costs: of a month, > 0; prizes: of winning over giving in, >= 0;
    discount_rate: a month, >= 0. Where the sides end together, or the one with the later date has no prize, the
    reasoning has no start: either may yield.
    """
    for name, pair, least in (("ends", ends, 0.0), ("costs", costs, math.ulp(0.0)), ("prizes", prizes, 0.0)):
        for value in pair:
            if not value >= least or (name != "ends" and math.isinf(value)):
                raise ValueError(f"{name} = {value:g} is not {'> 0' if least else '>= 0'}")
    if not 0.0 <= discount_rate < math.inf:
        raise ValueError(f"discount_rate = {discount_rate:g} is not finite and >= 0")
    windows = tuple(
        prize / cost if discount_rate == 0.0 else math.log1p(discount_rate * prize / cost) / discount_rate
        for cost, prize in zip(costs, prizes, strict=True)
    )
    pair = (windows[0], windows[1])
    if math.isinf(ends[0]) and math.isinf(ends[1]):
        return KnownAttrition(ends, (0, 1), pair, 0)
    if ends[0] == ends[1]:
        return KnownAttrition(ends, (0, 1), pair, 0)
    weak = 0 if ends[0] < ends[1] else 1
    if windows[1 - weak] == 0.0:
        return KnownAttrition(ends, (0, 1), pair, 0)
    return KnownAttrition(ends, (weak,), pair, max(1, math.ceil(ends[weak] / windows[1 - weak])))
