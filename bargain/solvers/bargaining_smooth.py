"""Two-player bargaining on a smooth frontier u2 = f(u1): each solution is the root of a falling function of u1.

Nash: w1 (f(u) - d2) + w2 f'(u) (u - d1) = 0, the tangency condition; gains in proportion to units: (f(u) - d2) / unit_2
= (u - d1) / unit_1; largest sum: w1 + w2 f'(u) = 0. Roots are found by halving, which never asks for the slope at an
end, where it may be infinite.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from bargain.games.bargaining import NO_GAIN
from bargain.games.bargaining_frontier import BargainingFrontier
from bargain.solvers.base import TIE

HALVINGS = 200

STRETCH = 1e-6
"""A part of the frontier longer than this share of it, on which the sum is constant, is a tie."""


def falling_root(function: Callable[[float], float], low: float, high: float) -> float:
    """Where a falling function changes its sign, or the end of the interval that comes closest."""
    for _ in range(HALVINGS):
        middle = (low + high) / 2.0
        if not low < middle < high:
            break
        low, high = (middle, high) if function(middle) > 0.0 else (low, middle)
    return (low + high) / 2.0


def rational_interval(frontier: BargainingFrontier) -> tuple[float, float] | None:
    """Payoffs of the first player along the frontier above the threat point; None when one of them must lose."""
    low, high = map(float, frontier.interval)
    threat = frontier.threat_point
    start = max(low, float(threat[0]))
    if start > high or frontier.second(start) < threat[1]:
        return None
    if frontier.second(high) >= threat[1]:
        return start, high
    return start, falling_root(lambda first: float(frontier.second(first)) - threat[1], start, high)


def able_on(frontier: BargainingFrontier, interval: tuple[float, float]) -> npt.NDArray[np.bool_]:
    """Who gains somewhere in the interval, ``(2,)``."""
    most = np.array([interval[1], float(frontier.second(interval[0]))]) - frontier.threat_point
    return np.asarray(most > NO_GAIN * frontier.scale)


def nash_first(frontier: BargainingFrontier, interval: tuple[float, float], weights: Sequence[float]) -> float:
    """Payoff of the first player in the Nash solution."""
    d1, d2 = map(float, frontier.threat_point)

    def tangency(first: float) -> float:
        rise = weights[0] * (float(frontier.second(first)) - d2)
        return rise + weights[1] * frontier.slope(first) * (first - d1)

    return falling_root(tangency, *interval)


def proportional_first(frontier: BargainingFrontier, interval: tuple[float, float], units: Sequence[float]) -> float:
    """Payoff of the first player where the gains are as ``units``."""
    d1, d2 = map(float, frontier.threat_point)
    return falling_root(
        lambda first: (float(frontier.second(first)) - d2) / units[1] - (first - d1) / units[0], *interval
    )


def largest_sum_first(
    frontier: BargainingFrontier, interval: tuple[float, float], weights: Sequence[float], units: Sequence[float]
) -> tuple[float, bool]:
    """Payoff of the first player where the weighted sum is largest, and whether a stretch of the frontier ties.

    On such a stretch, where the gains are as ``units``.
    """

    def rise(first: float) -> float:
        return weights[0] + weights[1] * frontier.slope(first)

    tie = TIE * weights[0]
    low = falling_root(lambda first: rise(first) - tie, *interval)
    high = falling_root(lambda first: rise(first) + tie, *interval)
    if high - low > STRETCH * float(np.ptp(frontier.interval)):
        return proportional_first(frontier, (low, high), units), True
    return falling_root(rise, *interval), False
