"""Thresholds of two-player repeated games without side payments: bisection on the sets of subgame-perfect payoffs.

With public lotteries the sets grow with the discount factor (Abreu, Pearce and Stacchetti 1990, theorem 6), so what is
sustained once is sustained from there on. The bisection runs the polygon algorithm almost without a tie and ends at
rounding; then both sides are certified: strategies that sustain the target a little above, an outer bound without it a
little below.
"""

from __future__ import annotations

import numpy as np

from bargain.games.polygon import distances
from bargain.games.profile import PureProfile
from bargain.games.record import FloatArray
from bargain.games.repeated import RepeatedGame
from bargain.games.stage import StageGame
from bargain.solvers.base import TIE, solve
from bargain.solvers.repeated_payoffs import payoff_units, propose_repeated
from bargain.solvers.subgame_perfect import SubgamePerfectPayoffs

SHARP = 1e-14
"""Gain that counts as none in the bisection, as a share of the payoff range."""

MAX_STEPS = 20_000
"""Most steps of the algorithm at one discount factor of the bisection; what is left then is an outer bound."""

MOST_PATIENT = 1.0 - 1e-4
"""Thresholds above are not looked for: the sets converge in about 1 / (1 - discount factor) steps."""

MARGINS = (1e-9, 1e-7, 1e-5, 1e-3)
"""Distances from the threshold at which its two sides are certified, the first that works."""

REACHED = 1e-12
"""Payoffs this close to a set, as a share of the payoff range, are in it."""


def bisected(game: StageGame, wanted: PureProfile | FloatArray) -> tuple[float, tuple[float, float], bool, str]:
    """Threshold, bracket whose ends are certified where possible, whether it is in closed form, what is proven."""
    if _holds(game, wanted, 0.0):
        return 0.0, (0.0, 0.0), True, "sustained by stage equilibria"
    payoffs = wanted if isinstance(wanted, np.ndarray) else _payoffs_and_gains(game, wanted)[0]
    minmax = np.array([game.payoffs[0].max(axis=0).min(), game.payoffs[1].max(axis=1).min()])
    if np.any(payoffs < minmax - TIE * payoff_units(game)):
        return float("inf"), (1.0, 1.0), True, "a player gets less than the pure minmax"
    low, high = 0.0, MOST_PATIENT
    if not _holds(game, wanted, high):
        reason = f"not sustained at discount factor {high:g}"
        if _certified(game, wanted, high) is False:
            reason += ", by an outer bound"
        return float("inf"), (high, 1.0), False, reason
    while high - low > 1e-15:
        middle = 0.5 * (low + high)
        if not low < middle < high:
            break
        low, high = (low, middle) if _holds(game, wanted, middle) else (middle, high)
    solved = None if isinstance(wanted, np.ndarray) else _closed_form(game, wanted, high)
    high = high if solved is None else solved
    lower = next((high - m for m in MARGINS if high > m and _certified(game, wanted, high - m) is False), 0.0)
    upper = next((high + m for m in MARGINS if high + m < 1.0 and _certified(game, wanted, high + m)), 1.0)
    if upper == 1.0 and lower > 0.0:
        note = f"no discount factor is certified to sustain it; what is proven is that none up to {lower:g} does"
        return float("inf"), (lower, 1.0), False, note
    note = f"certified: sustained at {upper:.10g}, excluded by an outer bound at {lower:.10g}"
    if lower == 0.0 or upper == 1.0:
        note = f"found by bisection; what is certified is the bracket [{lower:g}, {upper:g}]"
    return high, (lower, upper), solved is not None, note


def _closed_form(game: StageGame, profile: PureProfile, near: float) -> float | None:
    """Where the profile itself just deters deviations, when the worst payoffs stay the same around the threshold."""
    worst = []
    for step in (1e-9, 1e-6):
        polygon = propose_repeated(RepeatedGame(game, near + step), MAX_STEPS, SHARP).polygon
        if not len(polygon):
            return None
        worst.append(polygon.min(axis=0))
    payoffs, gains = _payoffs_and_gains(game, profile)
    if np.any(np.abs(worst[1] - worst[0]) > REACHED * payoff_units(game)) or np.any(payoffs + gains <= worst[0]):
        return None
    factor = float((gains / (payoffs + gains - worst[0])).max())
    return factor if abs(factor - near) <= MARGINS[0] else None


def _holds(game: StageGame, wanted: PureProfile | FloatArray, discount_factor: float) -> bool:
    repeated = RepeatedGame(game, discount_factor)
    polygon = propose_repeated(repeated, MAX_STEPS, SHARP).polygon
    return _reached(repeated, wanted, polygon, REACHED)


def _certified(game: StageGame, wanted: PureProfile | FloatArray, discount_factor: float) -> bool | None:
    """Whether certified strategies sustain it (True), an outer bound excludes it (False), or neither is proven."""
    repeated = RepeatedGame(game, discount_factor)
    solution = solve(repeated, SubgamePerfectPayoffs(max_steps=MAX_STEPS))
    if _reached(repeated, wanted, solution.vertices, REACHED):
        return True
    outer = solution.outer[0] if solution.outer else None
    return False if outer is not None and not _reached(repeated, wanted, outer, 0.0) else None


def _reached(game: RepeatedGame, wanted: PureProfile | FloatArray, polygon: FloatArray, slack: float) -> bool:
    """Whether payoffs are in a set, or the payoffs of a profile deter all deviations with the set as threat."""
    if not len(polygon):
        return False
    units, d = payoff_units(game), game.discount_factor
    if isinstance(wanted, np.ndarray):
        return bool(distances(polygon, wanted, units)[0] <= slack)
    payoffs, gains = _payoffs_and_gains(game.stage_game, wanted)
    lost = payoffs - polygon.min(axis=0)
    # The slack is one of gains in a round: as one of values it would forgive any gain of the most patient.
    return bool(np.all((1.0 - d) * (gains - slack * units) <= d * lost))


def _payoffs_and_gains(game: StageGame, profile: PureProfile) -> tuple[FloatArray, FloatArray]:
    row, column = profile
    payoffs = game.payoffs[:, row, column]
    best = np.array([game.payoffs[0, :, column].max(), game.payoffs[1, row].max()])
    return payoffs, best - payoffs
