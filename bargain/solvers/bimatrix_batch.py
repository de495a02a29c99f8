"""Compiled: all equilibria of each of many two-player games that are nowhere nearly degenerate.

In a nondegenerate game a pair of vertices of the two best-response polytopes is an equilibrium exactly when each label
occurs once (Mangasarian 1964; von Stengel 2002, Handbook of Game Theory 3, section 2), and there are oddly many such
pairs (Lemke and Howson 1964). A game that misses a margin of ``simple_polytope`` or has evenly many is left undecided.
Importing this module loads numba; import it inside functions.
"""

from __future__ import annotations

import numpy as np

from bargain.games.record import FloatArray
from bargain.solvers.simple_polytope import UNDECIDED, IntArray, compiled, polytope

LARGEST = 50
"""Number of actions of both players together up to which a game's labels and its sort key fit one integer."""

FEW_VERTICES = 64
"""Up to this number of vertices a partner is looked for one by one, beyond by bisection."""


@compiled
def all_equilibria(
    row_payoffs: FloatArray, column_payoffs: FloatArray, capacity: int
) -> tuple[IntArray, FloatArray, FloatArray]:  # pragma: no cover
    """All equilibria of every game, in canonical order.

    row_payoffs, column_payoffs: ``(n_games, m, n)``; capacity: vertices that the table of one polytope can hold.
    Returns the number of equilibria ``(n_games,)``, -1 where undecided, and the strategies of both players, ``(n_rows,
    m)`` and ``(n_rows, n)``, game after game.
    """
    n_games, m, n = row_payoffs.shape
    points, points_there = np.empty((capacity, m)), np.empty((capacity, n))
    labels, labels_there = np.empty(capacity, dtype=np.int64), np.empty(capacity, dtype=np.int64)
    slacks = np.empty(capacity)
    rows, rows_there = np.empty((n, m)), np.empty((m, n))
    left, right = np.empty(capacity, dtype=np.int64), np.empty(capacity, dtype=np.int64)
    keys = np.empty(capacity, dtype=np.int64)
    counts = np.full(n_games, UNDECIDED)
    first, second = np.empty((4 * n_games, m)), np.empty((4 * n_games, n))
    end = 0
    for g in range(n_games):
        if not (_inequalities(column_payoffs[g].T, rows) and _inequalities(row_payoffs[g], rows_there)):
            continue
        n_here = polytope(rows, points, labels, slacks)
        n_there = polytope(rows_there, points_there, labels_there, slacks) if n_here > 0 else UNDECIDED
        if n_there < 0:
            continue
        found = _complements(labels, n_here, labels_there, n_there, m, n, left, right, keys)
        if found % 2 == 0:
            continue
        while end + found > len(first):
            first, second = _doubled(first), _doubled(second)
        for e in range(found):
            first[end + e] = points[left[e]] / points[left[e]].sum()
            second[end + e] = points_there[right[e]] / points_there[right[e]].sum()
        counts[g] = found
        end += found
    return counts, first[:end].copy(), second[:end].copy()


@compiled
def _inequalities(payoffs: FloatArray, rows: FloatArray) -> bool:  # pragma: no cover
    """Write b = 1 + (payoff less the worst reply to the column) / range; False when the payoffs are constant."""
    n, m = payoffs.shape
    scale = payoffs.max() - payoffs.min()
    if not scale > 0.0:
        return False
    for i in range(m):
        worst = payoffs[:, i].min()
        for j in range(n):
            rows[j, i] = 1.0 + (payoffs[j, i] - worst) / scale
    return True


@compiled
def _complements(
    labels: IntArray,
    n_here: int,
    labels_there: IntArray,
    n_there: int,
    m: int,
    n: int,
    left: IntArray,
    right: IntArray,
    keys: IntArray,
) -> int:  # pragma: no cover
    """Write the pairs of vertices with every label once, but the two origins, in canonical order; their number."""
    every = (np.int64(1) << (m + n)) - 1
    own = (np.int64(1) << m) - 1
    order = np.argsort(labels_there[:n_there]) if n_there > FEW_VERTICES else np.empty(0, dtype=np.int64)
    ordered = labels_there[order]
    found = 0
    for p in range(n_here):
        if labels[p] == own:
            continue
        wanted = every ^ labels[p]
        wanted = (wanted >> m) | ((wanted & own) << n)  # the other polytope counts the second player's actions first
        if n_there > FEW_VERTICES:
            place = np.searchsorted(ordered, wanted)
            if place == n_there or ordered[place] != wanted:
                continue
            partner = order[place]
        else:
            partner = 0
            while partner < n_there and labels_there[partner] != wanted:
                partner += 1
            if partner == n_there:
                continue
        key = _sort_key(labels[p], wanted, m, n)
        e = found
        while e > 0 and keys[e - 1] > key:
            keys[e], left[e], right[e] = keys[e - 1], left[e - 1], right[e - 1]
            e -= 1
        keys[e], left[e], right[e] = key, p, partner
        found += 1
    return found


@compiled
def _sort_key(labels: np.int64, labels_there: np.int64, m: int, n: int) -> np.int64:  # pragma: no cover
    """Number of actions in play, then which: those of the first player before the second's, early before late."""
    key, used = np.int64(0), np.int64(m + n)
    for i in range(m):
        key = key << 1 | labels >> i & 1
        used -= labels >> i & 1
    for j in range(n):
        key = key << 1 | labels_there >> j & 1
        used -= labels_there >> j & 1
    return np.int64(used << (m + n) | key)


@compiled
def _doubled(table: FloatArray) -> FloatArray:  # pragma: no cover
    """A table with room for twice as many rows."""
    wide = np.empty((2 * len(table), table.shape[1]))
    wide[: len(table)] = table
    return wide
