"""All Nash equilibria of a two-player game, degenerate games included.

Supports are not tried one after the other, as in Dickhaut and Kaplan (1991): the supports that can matter are those of
the vertices of the best-response polytopes, so this is an enumeration of vertices. ``IndifferenceEnumeration`` tries
all supports, shares no code with this one, and is there to check it.

1. Drop strictly dominated actions, again and again; no equilibrium plays them.
2. List the vertices of both best-response polytopes. A vertex is a support of a mixed strategy together with the
   replies that are best against it, so this lists all supports that can matter, and no equations are guessed.
3. A pair of vertices (x, y) is an equilibrium when each action of either player is unplayed or a best reply
   (Mangasarian 1964); these pairs are the extreme equilibria, and all equilibria are convex combinations of them
   (Vorob'ev 1958; Winkels 1979; Avis, Rosenberg, Savani and von Stengel 2010, sections 2 and 5).
4. A maximal set X x Y of vertices whose pairs all are equilibria spans a maximal Nash subset: every x in the hull of X
   with every y in the hull of Y is an equilibrium. One pair alone is an isolated equilibrium.

Completeness holds for every game: step 2 needs no perturbation and decides in exact integers whatever floating point
leaves in doubt. Ties below 1e-10 of the payoff range count as ties unless an exact run is asked for.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, replace
from typing import ClassVar, Literal

import numpy as np
import numpy.typing as npt

from bargain.games.record import FloatArray
from bargain.games.stage import StageGame
from bargain.solvers.base import TIE, Proposal, Scope, Solver, check_time_limit
from bargain.solvers.best_response_polytope import (
    BLOCK,
    BoolArray,
    Budget,
    BudgetError,
    InDoubtError,
    LabelledVertices,
    labelled_vertices,
)
from bargain.solvers.canonical_order import distinct
from bargain.solvers.checks import check_count
from bargain.solvers.equilibria import EquilibriumSolution
from bargain.solvers.pure_nash import pure_equilibria
from bargain.solvers.watch import current_watch

MAX_COMPONENTS = 5_000
"""Maximal Nash subsets beyond this number are counted as too many to list."""


@dataclass(frozen=True)
class SupportEnumeration(Solver[StageGame, EquilibriumSolution]):
    """All equilibria of a two-player game: isolated ones, and continua by their extreme points.

    Tie rule: payoffs closer than 1e-10 of the player's payoff range are equally good; "exact" knows no such ties.
    arithmetic: "auto" (floats, exact integers where floats are in doubt) or "exact" (payoffs as printed);
    time_limit: seconds after which the run stops with what it has, None for no limit;
    max_vertices: the same for the number of vertices of one polytope, which decides about time and memory.
    """

    arithmetic: Literal["auto", "exact"] = "auto"
    time_limit: float | None = None
    max_vertices: int = 50_000

    concept: ClassVar[str] = "Nash equilibrium"
    solution_type: ClassVar[type[EquilibriumSolution]] = EquilibriumSolution
    n_players: ClassVar[int | None] = 2

    def __post_init__(self) -> None:
        if self.arithmetic not in ("auto", "exact"):
            raise ValueError(f"arithmetic = {self.arithmetic!r} is neither 'auto' nor 'exact'")
        check_time_limit(self.time_limit)
        check_count("max_vertices", self.max_vertices)

    def propose(self, game: StageGame) -> Proposal:
        budget = Budget(current_watch(), self.max_vertices)
        if self.arithmetic == "auto":
            try:
                found = _enumerate(game, budget, exact=False)
            except InDoubtError:
                pass
            else:
                # A nondegenerate game has an odd number of equilibria (Lemke and Howson 1964).
                if found.stopped or found.degenerate or len(found.candidates) % 2:
                    return found
        return _enumerate(game, budget, exact=True)


def vertex_bound(dimension: int, n_inequalities: int) -> int:
    """Largest number of vertices of a polytope of that dimension and number of inequalities (McMullen 1970)."""
    d, n = dimension, n_inequalities
    return math.comb(n - (d + 1) // 2, n - d) + math.comb(n - (d + 2) // 2, n - d)


def _enumerate(game: StageGame, budget: Budget, *, exact: bool) -> Proposal:
    kept = undominated_actions(game)
    row_payoffs, column_payoffs = (table[np.ix_(*kept)] for table in game.payoffs)
    # Ties are relative to the whole game: what is left of it may differ by rounding noise alone.
    scales = [float(spread) for spread in game.payoff_range]
    rows = labelled_vertices(column_payoffs.T, budget, scale=scales[1], exact=exact)
    begin = 0.5 if exact else 0.0  # an exact pass may follow one in floats
    budget.watch.report(begin + 0.2, "vertices of the first polytope")
    columns = labelled_vertices(row_payoffs, budget, scale=scales[0], exact=exact)
    budget.watch.report(begin + 0.4, "vertices of the second polytope")
    stopped = rows.stopped or columns.stopped
    pairs, stopped_here = _fully_labelled(rows, columns, budget)
    stopped = stopped or stopped_here
    strategies = (
        _widened(rows.strategies, kept[0], game.n_actions[0]),
        _widened(columns.strategies, kept[1], game.n_actions[1]),
    )
    candidates = tuple((strategies[0][i], strategies[1][j]) for i, j in pairs)
    proposal = Proposal(candidates=candidates, degenerate=rows.degenerate or columns.degenerate)
    if stopped:
        return _unfinished(game, proposal, stopped, row_payoffs.shape)
    return grouped(proposal, pairs)


def undominated_actions(game: StageGame) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Actions of both players left when those strictly dominated by another action are dropped, again and again.

    Strictly means by more than a tie, relative to the payoff range of the whole game also in the later passes.
    """
    kept = [np.arange(n) for n in game.n_actions]
    margins = TIE * game.payoff_range
    changed = True
    while changed:
        changed = False
        for k in range(2):
            table = game.payoffs[k][np.ix_(*kept)]
            own = table if k == 0 else table.T
            good = np.array([np.all((own - action).min(axis=1) <= margins[k]) for action in own])
            if not good.all():
                kept[k] = kept[k][good]
                changed = True
    return kept[0], kept[1]


def _fully_labelled(
    rows: LabelledVertices, columns: LabelledVertices, budget: Budget
) -> tuple[list[tuple[int, int]], str]:
    """Pairs of vertices that together have every label, and why the search stopped, if it did."""
    m = rows.strategies.shape[1]
    if not (rows.degenerate or columns.degenerate):
        return _complements(rows.labels, np.roll(columns.labels, m, axis=1)), ""
    missing = (~rows.labels).astype(np.float32)
    # The columns' labels are own actions first; put them into the order of the rows' labels.
    missing_there = (~np.roll(columns.labels, m, axis=1)).astype(np.float32)
    pairs: list[tuple[int, int]] = []
    step = max(1, BLOCK // max(len(missing_there), 1))
    for start in range(0, len(missing), step):
        found = np.argwhere(missing[start : start + step] @ missing_there.T == 0.0)
        pairs.extend((start + int(i), int(j)) for i, j in found)
        try:
            budget.check()
        except BudgetError as limit:
            return pairs, str(limit) if start + step < len(missing) else ""
    return pairs, ""


def _complements(labels: BoolArray, labels_there: BoolArray) -> list[tuple[int, int]]:
    """Pairs of rows with every label exactly once: without degeneracy, each vertex has at most one partner."""
    if labels.shape[1] > 62:
        place = {row.tobytes(): i for i, row in enumerate(~labels)}
        keys = (row.tobytes() for row in labels_there)
        return sorted((place[key], j) for j, key in enumerate(keys) if key in place)
    bits = 1 << np.arange(labels.shape[1])
    _, left, right = np.intersect1d(~labels @ bits, labels_there @ bits, assume_unique=True, return_indices=True)
    return sorted(zip(left.tolist(), right.tolist(), strict=True))


def _widened(strategies: FloatArray, kept: npt.NDArray[np.intp], n_actions: int) -> FloatArray:
    """Strategies over all actions; dropped ones get probability zero."""
    wide = np.zeros((len(strategies), n_actions))
    wide[:, kept] = strategies
    return wide


def _unfinished(game: StageGame, proposal: Proposal, reason: str, shape: tuple[int, ...]) -> Proposal:
    """What is known when a limit stops the run: the equilibria met so far and all pure ones."""
    m, n = shape
    bounds = vertex_bound(m, m + n), vertex_bound(n, m + n)
    return replace(
        proposal,
        candidates=proposal.candidates + tuple(pure_equilibria(game)),
        scope=Scope.SOME,
        degenerate=None,
        stopped=reason,
        message=f"the polytopes of this {m} x {n} game have up to {bounds[0]:,} and {bounds[1]:,} vertices; raise "
        "time_limit or max_vertices, or take LemkeHowson for some equilibria and PureNash for all pure ones",
    )


def grouped(proposal: Proposal, pairs: list[tuple[int, int]]) -> Proposal:
    """Group the extreme equilibria and say what was found."""
    number = {pair: index for index, pair in enumerate(pairs)}
    subsets = maximal_products(pairs)
    n_pairs = len(distinct(proposal.candidates)[0])
    if subsets is None:
        message = (
            f"{n_pairs} extreme equilibria in more than {MAX_COMPONENTS} maximal Nash subsets, which are not listed"
        )
        return replace(proposal, scope=Scope.EXTREME, message=message)
    components = tuple(tuple(number[i, j] for i in left for j in right) for left, right in subsets)
    n_continua = sum(len(component) > 1 for component in components)
    if not n_continua:
        return replace(proposal, scope=Scope.ALL, components=components, message=isolated_message(n_pairs))
    message = (
        f"degenerate game: all {n_pairs} extreme equilibria; {n_continua} of {len(components)} components are "
        "continua, in which every product of convex combinations is an equilibrium too"
    )
    return replace(proposal, scope=Scope.EXTREME, components=components, message=message)


def isolated_message(n_found: int) -> str:
    """What was found when there are no continua."""
    return f"all {n_found} equilibria" if n_found > 1 else "the only equilibrium"


def maximal_products(pairs: list[tuple[int, int]]) -> list[tuple[list[int], list[int]]] | None:
    """All maximal sets (X, Y) with X x Y inside ``pairs`` (maximal bicliques); None when there are too many.

    The possible Y are the intersections of neighbourhoods; each is a bit mask, X are all that have it.
    """
    left, right = Counter(i for i, _ in pairs), Counter(j for _, j in pairs)
    isolated = [([i], [j]) for i, j in pairs if left[i] == right[j] == 1]
    linked = [(i, j) for i, j in pairs if not left[i] == right[j] == 1]
    columns = sorted({j for _, j in linked})
    bit = {j: 1 << place for place, j in enumerate(columns)}
    neighbours: dict[int, int] = {}
    for i, j in linked:
        neighbours[i] = neighbours.get(i, 0) | bit[j]
    closed: set[int] = set()
    for mask in neighbours.values():
        closed |= {mask & other for other in closed} | {mask}
        closed.discard(0)
        if len(closed) > MAX_COMPONENTS:
            return None
    return isolated + [
        ([i for i, own in neighbours.items() if own & mask == mask], [j for j in columns if bit[j] & mask])
        for mask in sorted(closed)
    ]
