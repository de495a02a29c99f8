"""Vertices of the best-response polytopes of a two-player game, with the labels of each vertex.

For the mixer of m actions whose opponent has payoffs ``b_j . x`` from action j (made positive), the polytope is
P = {x in R^m: x_i >= 0, b_j . x <= 1}. Its labels are the actions i that are not played (x_i = 0) and the opponent's
actions j that are best replies (b_j . x = 1); von Stengel (2002, Handbook of Game Theory 3, section 2).

The vertices come from the double description method (Motzkin, Raiffa, Thompson and Thrall 1953; Fukuda and Prodon
1996): start from a simplex, cut with one inequality after the other, and put a new vertex on each edge that is cut.
Edges are recognised by the sets of tight inequalities alone, so degenerate polytopes need no perturbation. The only
question to the numbers is the sign of a slack. It is asked in floating point first; a slack that is neither clearly
zero nor clearly not raises ``InDoubtError``, and the caller repeats the work in exact integers. Large polytopes are
cut by compiled code (``simple_polytope``) until a slack is nearly zero; the code here takes over at that cut.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from bargain.games.record import FloatArray
from bargain.solvers.base import TIE
from bargain.solvers.watch import Watch

ZERO, NOT_ZERO = TIE, 1e-9
"""A slack (payoff range 1) up to the first is zero, from the second on it is not; in between floats are in doubt."""

BLOCK = 2_000_000
"""Entries of the largest intermediate table of pairs."""

COMPILED_FROM, COMPILED_TO = 16, 62
"""Numbers of labels for which compiled code pays for being loaded, and for which they fit one integer."""

COMPILED_VERTICES = 100_000
"""Vertices beyond this number are left to the code here, which needs no table of fixed size."""

BoolArray = npt.NDArray[np.bool_]
Rays = npt.NDArray[Any]


class InDoubtError(ArithmeticError):
    """Floating point cannot tell whether a slack is zero."""


class BudgetError(RuntimeError):
    """Time or vertex limit reached; the message says which."""


@dataclass(frozen=True)
class Budget:
    """Limits of one run: the time on its watch and a number of vertices per polytope."""

    watch: Watch = field(default_factory=Watch)
    max_vertices: float = math.inf

    def check(self, n_vertices: int = 0) -> None:
        if self.watch.expired():
            raise BudgetError("time limit reached")
        if n_vertices > self.max_vertices:
            raise BudgetError(f"more than {self.max_vertices:,.0f} vertices")


@dataclass(frozen=True)
class LabelledVertices:
    """Vertices other than the origin, as strategies.

    strategies: ``(n_vertices, m)``, rows sum to one; labels: ``(n_vertices, m + n)``, own unplayed actions first, then
    the opponent's best replies; stopped: why vertices may be missing, else empty.
    """

    strategies: FloatArray
    labels: BoolArray
    stopped: str = ""

    @property
    def degenerate(self) -> bool:
        """Whether a strategy has more best replies than actions in play."""
        return bool(np.any(self.labels.sum(axis=1) > self.strategies.shape[1]))


def labelled_vertices(
    opponent_payoffs: FloatArray, budget: Budget, *, scale: float = 0.0, exact: bool = False
) -> LabelledVertices:
    """Vertices of the best-response polytope of the player whose actions are the columns.

    opponent_payoffs: ``(n, m)``, payoff of each opponent action (row) against each own action (column);
    scale: payoff range to which ties are relative, that of ``opponent_payoffs`` when 0; no matter in exact integers.
    Raises InDoubtError when ``exact`` is False and floating point does not suffice.
    """
    rows = _exact_rows(opponent_payoffs) if exact else _float_rows(opponent_payoffs, scale)
    rays, tight = _simplex(rows[0]) if exact or not _compiles(rows) else _compiled_cuts(rows, budget)
    stopped = ""
    done = tight.shape[1] - opponent_payoffs.shape[1]
    try:
        for row in rows[done:]:
            rays, tight = _cut(rays, tight, row, budget, exact)
            done += 1
    except BudgetError as limit:
        stopped = str(limit)
        for row in rows[done:]:  # What already satisfies the cuts not made is a vertex of the whole polytope.
            signs = _signs(rays @ row, exact)
            tight = np.column_stack([tight, signs == 0])[signs >= 0]
            rays = rays[signs >= 0]
    m = opponent_payoffs.shape[1]
    apart = ~tight[:, :m].all(axis=1)
    rays, tight = rays[apart], tight[apart]
    if not exact and np.any(np.abs((rays @ rows.T)[tight[:, m:]]) > ZERO):
        raise InDoubtError
    return LabelledVertices(_strategies(rays, tight, exact), tight, stopped)


def _relative_payoffs(payoffs: Rays) -> Rays:
    """Payoffs less the worst reply to each own action: what an opponent gets anyway changes no best reply."""
    return np.asarray(payoffs - payoffs.min(axis=0))


def _float_rows(payoffs: FloatArray, scale: float) -> FloatArray:
    """Inequalities ``(1, -b_j) . (x_0, x) >= 0`` with b in [1, 2]."""
    relative = _relative_payoffs(payoffs)
    scale = scale or float(relative.max()) or 1.0
    return np.column_stack([np.ones(len(payoffs)), -(1.0 + relative / scale)])


def _exact_rows(payoffs: FloatArray) -> Rays:
    """The same in integers, up to a factor: each payoff is taken as the decimal number that it prints as."""
    fractions = np.array([[Fraction(repr(float(entry))) for entry in row] for row in payoffs], dtype=object)
    relative = _relative_payoffs(fractions)
    relative = relative + (relative.max() or Fraction(1))
    common = math.lcm(*(entry.denominator for entry in relative.flat))
    rows = np.empty((len(payoffs), payoffs.shape[1] + 1), dtype=object)
    rows[:, 0] = 1
    rows[:, 1:] = [[-int(entry * common) for entry in row] for row in relative]
    return rows


def _simplex(row: Rays) -> tuple[Rays, BoolArray]:
    """Rays ``(x_0, x)`` of {x >= 0, first inequality}, origin first, and which of the m + 1 inequalities are tight."""
    m = len(row) - 1
    rays = np.zeros((m + 1, m + 1), dtype=row.dtype)
    rays[0, 0] = 1
    for i in range(1, m + 1):
        rays[i, 0], rays[i, i] = -row[i], 1
    if row.dtype != object:
        rays /= rays[:, :1]
    return rays, ~np.roll(np.eye(m + 1, dtype=bool), -1, axis=1)


def _compiles(rows: Rays) -> bool:
    """Whether the polytope is worth loading compiled code, and fits it."""
    return COMPILED_FROM <= sum(rows.shape) - 1 <= COMPILED_TO


def _compiled_cuts(rows: FloatArray, budget: Budget) -> tuple[Rays, BoolArray]:
    """As many cuts as the compiled code decides within the budget: rays, and tight inequalities of the cuts made."""
    from bargain.solvers.simple_polytope import cut, start_simplex

    n, m = rows.shape[0], rows.shape[1] - 1
    b = np.ascontiguousarray(-rows[:, 1:])
    points, slacks = np.empty((COMPILED_VERTICES, m)), np.empty(COMPILED_VERTICES)
    labels = np.empty(COMPILED_VERTICES, dtype=np.int64)
    done, n_vertices = 1, start_simplex(b[0], points, labels)
    kept = points[:n_vertices].copy(), labels[:n_vertices].copy()
    while done < n and not budget.watch.expired():
        n_vertices = cut(b[done], m + done, points, labels, n_vertices, slacks)
        if not 0 <= n_vertices <= budget.max_vertices:
            break  # undecided, or too many: what was there before this cut is what the caller goes on with
        done += 1
        kept = points[:n_vertices].copy(), labels[:n_vertices].copy()
    rays = np.column_stack([np.ones(len(kept[0])), kept[0]])
    return rays, (kept[1][:, None] >> np.arange(m + done) & 1).astype(bool)


def _cut(rays: Rays, tight: BoolArray, row: Rays, budget: Budget, exact: bool) -> tuple[Rays, BoolArray]:
    """Intersect with one more inequality: one step of the double description method."""
    budget.check(len(rays))
    slack = rays @ row
    signs = _signs(slack, exact)
    inside, outside = np.flatnonzero(signs > 0), np.flatnonzero(signs < 0)
    kept = np.flatnonzero(signs >= 0)
    near, far = _edges(tight, inside, outside, rays.shape[1] - 1, budget)
    budget.check(len(kept) + len(near))
    crossing = slack[near, None] * rays[far] - slack[far, None] * rays[near]
    crossing = _primitive(crossing) if exact else crossing / crossing[:, :1]
    tight_now = np.concatenate([signs[kept] == 0, np.ones(len(near), dtype=bool)])
    new_tight = np.concatenate([tight[kept], tight[near] & tight[far]])
    return np.concatenate([rays[kept], crossing]), np.column_stack([new_tight, tight_now])


def _edges(
    tight: BoolArray, inside: npt.NDArray[np.intp], outside: npt.NDArray[np.intp], dimension: int, budget: Budget
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Pairs (inside, outside) of vertices that an edge of the polytope joins.

    An edge has at least ``dimension - 1`` common tight inequalities and no third vertex that shares them all. If an end
    is simple (exactly ``dimension`` tight ones, hence independent) the first condition is enough.
    """
    table = tight.astype(np.float32)
    simple = tight.sum(axis=1) == dimension
    step = max(1, BLOCK // max(len(outside), 1))
    near: list[npt.NDArray[np.intp]] = []
    far: list[npt.NDArray[np.intp]] = []
    for start in range(0, len(inside), step):
        budget.check()
        block = inside[start : start + step]
        rows, columns = np.nonzero(table[block] @ table[outside].T >= dimension - 1)
        ends = block[rows], outside[columns]
        sure = simple[ends[0]] | simple[ends[1]]
        doubtful = np.flatnonzero(~sure)
        sure[doubtful] = _joined(tight, table, ends[0][doubtful], ends[1][doubtful], budget)
        near.append(ends[0][sure])
        far.append(ends[1][sure])
    return (np.concatenate(near), np.concatenate(far)) if near else (inside[:0], outside[:0])


def _joined(
    tight: BoolArray,
    table: npt.NDArray[np.float32],
    near: npt.NDArray[np.intp],
    far: npt.NDArray[np.intp],
    budget: Budget,
) -> BoolArray:
    """Whether exactly two vertices, the ends themselves, share all tight inequalities that the ends share."""
    result = np.zeros(len(near), dtype=bool)
    step = max(1, BLOCK // len(tight))
    for start in range(0, len(near), step):
        budget.check()
        part = slice(start, start + step)
        common = (tight[near[part]] & tight[far[part]]).astype(np.float32)
        result[part] = np.sum(common @ table.T == common.sum(axis=1, keepdims=True), axis=1) == 2
    return result


def _signs(slack: Rays, exact: bool) -> npt.NDArray[np.int8]:
    """-1, 0 or 1 for each slack."""
    if exact:
        return np.asarray((slack > 0).astype(np.int8) - (slack < 0).astype(np.int8))
    size = np.abs(slack)
    if np.any((size > ZERO) & (size < NOT_ZERO)):
        raise InDoubtError
    return np.where(size <= ZERO, 0, np.sign(slack)).astype(np.int8)


def _primitive(rays: Rays) -> Rays:
    """Integer rays divided by the greatest common divisor of their entries."""
    for ray in rays:
        ray //= math.gcd(*ray)
    return rays


def _strategies(rays: Rays, tight: BoolArray, exact: bool) -> FloatArray:
    """Points of the polytope scaled to probabilities; unplayed actions get exactly zero."""
    points = rays[:, 1:]
    if exact:
        points = points / points.sum(axis=1, keepdims=True)  # Python integers: each quotient is rounded once.
    points = np.where(tight[:, : points.shape[1]], 0.0, points.astype(np.float64))
    return np.asarray(points / points.sum(axis=1, keepdims=True))
