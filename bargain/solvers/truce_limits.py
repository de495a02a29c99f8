"""How patient players must be, and how slow a reply may be, for a truce to enforce itself in the state it starts in.

With one state the truce holds exactly when d^L (b_i - v_i) >= b_i - u_i(m) for all i, b_i the best reply to the agreed
moves: from one discount factor on (Friedman 1971). With several states and a standoff that follows, being patient may
break a truce, so that the discount factors at which it holds are a set of intervals. They are found by a scan, each
change refined by bisection; what happens between two points that agree is not proven. The standoff is the same strategy
at every discount factor; where it is no equilibrium is said too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from bargain.games.certificate import DEFAULT_TOLERANCE
from bargain.games.markov import IntArray
from bargain.games.stationary import StationaryProfile
from bargain.solvers.truce_search import TruceProblem
from bargain.solvers.watch import current_watch

NEAR_ONE = (0.99, 0.995, 0.999, 0.9999)

BESIDE = 1e-6
"""How far beside the end of an interval the truce is shown not to hold."""

Intervals = tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class TruceLimits:
    """Where one truce holds in its start state.

    discount_factors: intervals [low, high] at which it holds, 1 as an upper end for all patience looked at; exact:
    whether they are proven (one state), else a scan of ``n_points``; standoff_equilibrium: intervals between scanned
    points at which the standoff is an equilibrium; reply_lags: those up to ``largest_lag`` at which it holds, given the
    discount factor of the game; ends_certified: whether the truce is certified to hold at the ends of the intervals,
    and not to hold ``BESIDE`` them.
    """

    discount_factors: Intervals
    standoff_equilibrium: Intervals
    exact: bool
    n_points: int
    reply_lags: tuple[int, ...]
    largest_lag: int
    ends_certified: bool = False

    @property
    def critical_discount_factor(self) -> float | None:
        """The smallest discount factor at which the truce holds, None when there is none."""
        return self.discount_factors[0][0] if self.discount_factors else None

    @property
    def critical_lag(self) -> int:
        """The longest reply lag up to which the truce holds throughout; 0 when not even with a lag of one round."""
        lag = 0
        while lag + 1 in self.reply_lags:
            lag += 1
        return lag

    @property
    def monotone(self) -> bool:
        """Whether the truce holds from one discount factor on, as far as was looked."""
        return not self.discount_factors or (len(self.discount_factors) == 1 and self.discount_factors[0][1] == 1.0)

    def to_dict(self) -> dict[str, Any]:
        return {
            "discount_factors": [list(pair) for pair in self.discount_factors],
            "standoff_equilibrium": [list(pair) for pair in self.standoff_equilibrium],
            "exact": self.exact,
            "n_points": self.n_points,
            "reply_lags": list(self.reply_lags),
            "largest_lag": self.largest_lag,
            "ends_certified": self.ends_certified,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        pairs = {name: tuple((low, high) for low, high in data[name]) for name in _INTERVALS}
        return cls(**{**data, **pairs, "reply_lags": tuple(data["reply_lags"])})


_INTERVALS = ("discount_factors", "standoff_equilibrium")


def truce_limits(
    problem: TruceProblem,
    standoff: StationaryProfile,
    moves: IntArray,
    start: int,
    reply_lag: int,
    n_points: int,
    largest_lag: int,
) -> TruceLimits | None:
    """Limits of the truce with agreed moves ``(n_states,)``, numbers of joint moves; None when the time is up."""
    watch = current_watch()
    points = sorted({*(i / n_points for i in range(n_points)), *NEAR_ONE, problem.game.discount_factor})

    def holds(discount_factor: float, lag: int = reply_lag) -> bool:
        return bool(problem.evaluate(moves[None], lag, discount_factor).active[0, start])

    states, calm, exact = [], [], problem.n_states == 1
    for number, point in enumerate(points):
        if watch.expired():
            return None
        watch.report(number / len(points), f"discount factor {point:.3g}")
        states.append(exact or holds(point))
        calm.append(_is_equilibrium(problem, standoff, point))
    where = _one_state(problem, int(moves[0]), reply_lag) if exact else _intervals(points, states, holds)
    lags = tuple(lag for lag in range(1, largest_lag + 1) if holds(problem.game.discount_factor, lag))
    return TruceLimits(where, _intervals(points, calm, None), exact, len(points), lags, largest_lag)


def _is_equilibrium(problem: TruceProblem, standoff: StationaryProfile, discount_factor: float) -> bool:
    """Whether nobody gains by leaving the standoff for one round at this discount factor."""
    game = problem.game
    worth = problem.one_round(problem.standoff_values(discount_factor), discount_factor)
    worth = worth.reshape(game.n_states, *game.n_actions, game.n_players)
    for k in range(game.n_players):
        own = worth[..., k]
        for i in reversed(range(game.n_players)):
            if i != k:
                own = np.einsum("s...a,sa->s...", np.moveaxis(own, i + 1, -1), standoff.strategies[i])
        gain = np.where(game.available[k], own, -np.inf).max(axis=1) - (own * standoff.strategies[k]).sum(axis=1)
        if gain.max() > DEFAULT_TOLERANCE * (1.0 - discount_factor) * problem.scale[k]:
            return False
    return True


def _intervals(points: list[float], holding: list[bool], holds: Callable[[float], bool] | None) -> Intervals:
    """Runs of points that hold, their ends moved out to where it stops holding; at the holding side of each change."""
    found: list[tuple[float, float]] = []
    for i, now in enumerate(holding):
        if now and (i == 0 or not holding[i - 1]):
            low = points[i] if i == 0 or holds is None else _edge(points[i], points[i - 1], holds)
            found.append((low, points[i]))
        if now:
            last = i + 1 == len(points)
            leaves = not last and not holding[i + 1] and holds is not None
            high = 1.0 if last else _edge(points[i], points[i + 1], holds) if leaves and holds else points[i]
            found[-1] = (found[-1][0], high)
    return tuple(found)


def _edge(inside: float, outside: float, holds: Callable[[float], bool]) -> float:
    """The last discount factor, to 1e-10, on the way from inside to outside at which the truce holds."""
    while abs(inside - outside) > 1e-10:
        middle = 0.5 * (inside + outside)
        inside, outside = (middle, outside) if holds(middle) else (inside, middle)
    return inside


def _one_state(problem: TruceProblem, move: int, reply_lag: int) -> Intervals:
    """The closed form of a game with one state: x (b - v) >= b - u for all players, x = d^L in [0, 1)."""
    agreed, standoff = problem.payoffs[0, move], problem.standoff_values(0.0)[0]
    if not problem.available[0, move]:
        return ()
    low, high = 0.0, 1.0
    for k, scale in enumerate(problem.scale):
        own = problem.profiles[move, k]
        options = move + (np.flatnonzero(problem.game.available[k][0]) - own) * problem.strides[k]
        temptation, loss = _clean(problem.payoffs[0, options, k].max(), agreed[k], standoff[k], float(scale))
        if loss > 0.0:
            low = max(low, temptation / loss)
        elif temptation > 0.0:
            return ()
        elif loss < 0.0:
            high = 0.0
    # At equality in the limit of endless patience the truce holds at no discount factor.
    if low >= 1.0 or low > high:
        return ()
    return ((low ** (1.0 / reply_lag), high),)


def _clean(best: float, agreed: float, standoff: float, scale: float) -> tuple[float, float]:
    """Gain from a deviation and loss from the standoff, both 0 where they are nothing but rounding."""
    values = (float(best - agreed), float(best - standoff))
    first, second = (0.0 if abs(value) < 1e-12 * scale else value for value in values)
    return first, second


def edge_points(limits: TruceLimits) -> list[tuple[float, bool]]:
    """Discount factors at and just beside the ends of the intervals, and whether the truce is to hold there."""
    points = []
    for low, high in limits.discount_factors:
        inside = min(high, NEAR_ONE[-1])
        points += [(low, True), (inside, True)]
        points += [(low - BESIDE, False)] * (low > BESIDE) + [(high + BESIDE, False)] * (high < 1.0 - BESIDE)
    return sorted(set(points))


def interval_text(intervals: Intervals) -> str:
    """Intervals in words."""
    return ", ".join(f"{low:.4g} to {high:.4g}" for low, high in intervals) or "none"
