"""Bargaining among any number of players: linear programs over lotteries, and a convex program for the Nash product.

Gains are in shares of each player's payoff range, ``(n_points, n_players)``; a lottery q over the points gives G'q.

Max-min fairness: the smallest gain (in units) is raised as far as it goes; the players whose bound has a positive
multiplier are stuck there, and the others go on (Imai 1983).

The weighted Nash product: min sum(q) - sum_i w_i log (G'q)_i over q >= 0, sum(w) = 1, has sum(q) = 1 at its best point
by itself. It is solved over a few columns by a primal-dual interior-point method, and the payoff vector that reaches
furthest over the supporting hyperplane, sum_i w_i x_i / g_i > 1, joins the columns until there is none.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from bargain.games.linear_program import POSITIVE, best_point
from bargain.games.record import FloatArray
from bargain.solvers.base import TIE
from bargain.solvers.watch import current_watch

REACH = 1e-12
"""The hyperplane is supporting when nothing reaches further over it than this share."""

SMALLEST = 1e-14
"""Complementarity at which the interior-point method ends."""

LOOSER = (1e-12, 1e-11, 1e-10, 1e-9)
"""Slack on what was reached before, as a share of the payoff range."""

MOST_COLUMNS = 1000

DIFFERENT = 1e-6
"""Gains that differ by less, as a share of the payoff range, are told apart by rounding only."""

Mask = npt.NDArray[np.bool_]


def best_for_each(gains: FloatArray) -> FloatArray | None:
    """For each player a lottery ``(n_players, n_points)`` best for him while nobody loses; None when none is."""
    lotteries = [_program([gains[:, k]], gains) for k in range(gains.shape[1])]
    return None if any(found is None for found in lotteries) else np.array(lotteries)


def _program(objectives: list[FloatArray], gains: FloatArray, least: FloatArray | None = None) -> FloatArray | None:
    """Best lottery while everybody gains ``least`` (nothing by default)."""
    found = best_point(
        objectives,
        -gains.T,
        np.zeros(gains.shape[1]) if least is None else -least,
        equalities=np.ones((1, len(gains))),
        targets=[1.0],
        even=False,
    )
    return None if found.failure else found.point


def fairest(gains: FloatArray, units: FloatArray, prices: FloatArray | None = None) -> FloatArray | None:
    """Lottery with max-min fair gains per unit among players with positive units; None when time is up before any.

    prices: when given, among the lotteries with the largest priced sum of gains only.
    """
    rows, least = gains, np.zeros(gains.shape[1])
    lottery: FloatArray | None = None
    if prices is not None:
        lottery = _program([gains @ prices], gains)
        if lottery is None:
            return None
        rows, least = np.column_stack([gains, gains @ prices]), np.append(least, lottery @ gains @ prices)
    open_units = np.append(units, np.zeros(len(least) - len(units)))
    while open_units.any() and not current_watch().expired():
        found = _raised(rows, least, open_units)
        if found is None:
            return lottery
        lottery, level, held = found
        least = np.where(held, level * open_units, least)
        open_units = np.where(held, 0.0, open_units)
    return lottery


def _raised(rows: FloatArray, least: FloatArray, units: FloatArray) -> tuple[FloatArray, float, Mask] | None:
    """Raise the smallest gain per unit of the columns with units, the others at least ``least``.

    Returns the lottery, the level, and which columns are stuck at it. What was reached before is asked for a bit less
    exactly until rounding no longer stands against it; None when nothing helps.
    """
    n_points = len(rows)
    for slack in LOOSER:
        asked = np.where((units > 0.0) | (least == 0.0), 0.0, least - slack)
        found = best_point(
            [np.append(np.zeros(n_points), 1.0)],
            np.column_stack([-rows.T, units / units.max()]),
            -asked,
            equalities=np.append(np.ones(n_points), 0.0)[None, :],
            targets=[1.0],
            even=False,
        )
        if not found.failure:
            held = (units > 0.0) & (found.multipliers * units > POSITIVE * units.max())
            return found.point[:-1], found.value / float(units.max()), held if held.any() else units > 0.0
    return None


def many_reach(gains: FloatArray, prices: FloatArray, chosen: FloatArray) -> bool:
    """Whether other payoffs than those of the chosen lottery have its priced sum of gains while nobody loses."""
    reached = chosen @ gains
    sums = gains @ prices
    for k in range(gains.shape[1]):
        rows = np.column_stack([gains, sums])
        other = _program([gains[:, k]], rows, np.append(np.zeros(gains.shape[1]), chosen @ sums - TIE * prices.max()))
        if other is not None and other @ gains[:, k] > reached[k] + DIFFERENT:
            return True
    return False


def largest_product(gains: FloatArray, weights: FloatArray, starts: FloatArray, gainers: Mask) -> FloatArray:
    """Lottery with the largest weighted product of the gains of those who can gain.

    starts: ``(n_players, n_points)``, lotteries of which each is best for one player while nobody loses.
    """
    shares = weights[gainers] / weights[gainers].sum()
    lotteries = list(starts[gainers])
    columns = [lottery @ gains[:, gainers] for lottery in lotteries]
    best_reply = _furthest(gains, gainers)
    watch = current_watch()
    while True:
        mix = _product_over(np.array(columns), shares)
        reached = mix @ np.array(columns)
        lottery = best_reply(shares / reached)
        column = lottery @ gains[:, gainers]
        if column @ (shares / reached) <= 1.0 + REACH or len(columns) >= MOST_COLUMNS or watch.expired():
            return np.asarray(mix @ np.array(lotteries))
        if any(np.array_equal(column, known) for known in columns):
            return np.asarray(mix @ np.array(lotteries))
        lotteries.append(lottery)
        columns.append(column)
        watch.report(1.0 - 1.0 / len(columns), "supporting payoff vectors")


def _furthest(gains: FloatArray, gainers: Mask) -> Callable[[FloatArray], FloatArray]:
    """The lottery with the largest priced sum: a point when everybody can gain, else one at which nobody loses."""

    def over_points(prices: FloatArray) -> FloatArray:
        lottery = np.zeros(len(gains))
        lottery[int((gains @ prices).argmax())] = 1.0
        return lottery

    def over_lotteries(prices: FloatArray) -> FloatArray:
        size = float(prices.max())
        found = _program([gains[:, gainers] @ prices / size], gains)
        return np.zeros(len(gains)) if found is None else found

    return over_points if gainers.all() else over_lotteries


def _product_over(columns: FloatArray, shares: FloatArray) -> FloatArray:
    """Weights ``(n_columns,)`` with the largest sum_i shares_i log gain_i over the hull of some payoff vectors."""
    mix = _inner_start(columns)
    reached = mix @ columns
    slack = np.maximum(1.0 - columns @ (shares / reached), 0.1)
    for _ in range(200):
        gap = float(mix @ slack) / len(mix)
        if gap < SMALLEST:
            break
        # Newton's equations in variables scaled by the root of mix / slack, where they are never near singular.
        root = np.sqrt(mix / slack)
        half = root[:, None] * columns * (np.sqrt(shares) / reached)
        target = root * (columns @ (shares / reached) - 1.0 + 0.1 * gap / mix)
        step = root * np.linalg.solve(np.eye(len(mix)) + half @ half.T, target)
        slack_step = 0.1 * gap / mix - slack - slack / mix * step
        change = step @ columns
        length = 0.99 * min(_room(mix, step), _room(slack, slack_step), _room(reached, change))
        length = min(1.0, length)
        mix, slack = mix + length * step, slack + length * slack_step
        reached = mix @ columns
    return np.asarray(mix / mix.sum())


def _inner_start(columns: FloatArray) -> FloatArray:
    """Positive weights under which everybody gains: the first columns, one per player, do so in equal parts."""
    n = columns.shape[1]
    first = np.where(np.arange(len(columns)) < n, 1.0 / n, 0.0)
    share = 0.5
    while np.any((mix := (1.0 - share) * first + share / len(columns)) @ columns <= 0.1 * (first @ columns)):
        share /= 2.0
    return mix


def _room(values: FloatArray, step: FloatArray) -> float:
    """How much of a step leaves all values positive."""
    falling = step < 0.0
    return float((-values[falling] / step[falling]).min(initial=np.inf))
