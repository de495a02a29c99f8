"""Compiled: vertices of best-response polytopes, and all equilibria of many games, where nothing is nearly degenerate.

The polytopes are those of ``best_response_polytope``: P = {x in R^m: x_i >= 0, b_j . x <= 1} with b in [1, 2]. In a
nondegenerate game P is simple: each vertex has exactly m labels, kept here as m set bits of one integer (own action i
unplayed: bit i; reply j best: bit m + j), and two vertices are joined by an edge exactly when they share m - 1 of them.
The double description method (Motzkin, Raiffa, Thompson and Thrall 1953) then needs no search: each vertex that a new
inequality cuts off is met from the other ends of its m edges by looking up its labels less one.

Nothing is decided near a tie. Every quantity whose sign is asked for must exceed a margin, all in units of the payoff
range; if one does not, or if an edge of the result has not exactly two ends, the game is given back undecided, for
``SupportEnumeration`` to solve.

``all_equilibria`` does this for many games. A pair of vertices of a game's two polytopes is an equilibrium exactly when
each label occurs once (Mangasarian 1964; von Stengel 2002, Handbook of Game Theory 3, section 2); a nondegenerate game
has oddly many (Lemke and Howson 1964), so one with evenly many is left undecided, too.

Importing this module loads numba; import it inside functions. All compiled code is here because numba's cache on disk
notices changes of one module only.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from bargain.games.record import FloatArray
from bargain.solvers.compiling import compiled

MARGIN = 1e-8
"""A slack (payoff range 1) must differ from zero by more than this, far more than a tie of ``SupportEnumeration``."""

SHORTEST_EDGE = 1e-6
"""The slacks at both ends of a cut edge must add up to more than this: the cut would be ill-conditioned otherwise."""

RESIDUAL = 1e-12
"""A new vertex must meet the inequality that made it up to this."""

FEW_PAIRS = 512
"""Up to this number of (inside, outside) pairs all are compared; beyond, edges are found by hashing."""

FEW_VERTICES = 64
"""Up to this number of vertices a partner is looked for one by one, beyond by bisection."""

UNDECIDED, FULL = -1, -2
"""Instead of a number of vertices: a margin was missed; the table of vertices is full."""

IntArray = npt.NDArray[np.int64]


@compiled
def start_simplex(row: FloatArray, points: FloatArray, labels: IntArray) -> int:  # pragma: no cover
    """Write the vertices of {x >= 0, row . x <= 1}, origin first; their number."""
    m = len(row)
    own = (np.int64(1) << m) - 1
    points[: m + 1] = 0.0
    labels[0] = own
    for i in range(m):
        points[i + 1, i] = 1.0 / row[i]
        labels[i + 1] = (own ^ (np.int64(1) << i)) | (np.int64(1) << m)
    return m + 1


@compiled
def cut(
    row: FloatArray, label: int, points: FloatArray, labels: IntArray, n_vertices: int, slacks: FloatArray
) -> int:  # pragma: no cover
    """Intersect the first ``n_vertices`` vertices with row . x <= 1, in place; their number, or UNDECIDED or FULL."""
    m = len(row)
    n_outside = 0
    for v in range(n_vertices):
        slack = 1.0
        for i in range(m):
            slack -= row[i] * points[v, i]
        if abs(slack) <= MARGIN:
            return UNDECIDED
        slacks[v] = slack
        if slack < 0.0:
            n_outside += 1
    if n_outside == 0:
        return n_vertices
    end = n_vertices
    if n_outside * (n_vertices - n_outside) <= FEW_PAIRS:
        for far in range(n_vertices):
            if slacks[far] < 0.0:
                for near in range(n_vertices):
                    if slacks[near] > 0.0:
                        apart = labels[near] ^ labels[far]
                        apart &= apart - 1
                        if apart & (apart - 1) == 0:  # exactly two labels differ
                            end = _new_vertex(row, label, points, labels, slacks, near, far, end)
                            if end < 0:
                                return end
    else:
        end = _cut_by_hashing(row, label, points, labels, n_vertices, slacks, n_outside)
        if end < 0:
            return end
    return _drop_outside(points, labels, slacks, n_vertices, end)


@compiled
def _new_vertex(
    row: FloatArray,
    label: int,
    points: FloatArray,
    labels: IntArray,
    slacks: FloatArray,
    near: int,
    far: int,
    end: int,
) -> int:  # pragma: no cover
    """Write the point where an edge meets the new inequality at place ``end``; the next free place."""
    if end == len(labels):
        return FULL
    gap = slacks[near] - slacks[far]
    if gap < SHORTEST_EDGE:
        return UNDECIDED
    common = labels[near] & labels[far]
    share = slacks[near] / gap
    residual = 1.0
    for i in range(len(row)):
        entry = points[near, i] + share * (points[far, i] - points[near, i])
        if common >> i & 1:
            entry = 0.0
        elif entry <= MARGIN:
            return UNDECIDED
        points[end, i] = entry
        residual -= row[i] * entry
    if abs(residual) > RESIDUAL:
        return UNDECIDED
    labels[end] = common | (np.int64(1) << label)
    return end + 1


@compiled
def _mixed(key: int) -> np.int64:  # pragma: no cover
    """Bits of a key spread over the word (finalizer of MurmurHash3, A. Appleby, public domain)."""
    word = np.uint64(key)
    word ^= word >> np.uint64(33)
    word *= np.uint64(0xFF51AFD7ED558CCD)
    word ^= word >> np.uint64(33)
    word *= np.uint64(0xC4CEB9FE1A85EC53)
    word ^= word >> np.uint64(33)
    return np.int64(word)


@compiled
def _cut_by_hashing(
    row: FloatArray,
    label: int,
    points: FloatArray,
    labels: IntArray,
    n_vertices: int,
    slacks: FloatArray,
    n_outside: int,
) -> int:  # pragma: no cover
    """Find the cut edges: enter the edges of all vertices outside, look up those of the vertices inside."""
    m = len(row)
    size = 16
    while size < 2 * n_outside * m:
        size *= 2
    keys = np.zeros(size, dtype=np.int64)  # 0 is no key: an edge of a polytope with m >= 2 has a label
    ends = np.empty(size, dtype=np.int64)
    for v in range(n_vertices):
        if slacks[v] < 0.0:
            rest = labels[v]
            while rest:
                bit = rest & -rest
                rest ^= bit
                place = _mixed(labels[v] ^ bit) & (size - 1)
                while keys[place] != 0:
                    place = (place + 1) & (size - 1)
                keys[place] = labels[v] ^ bit
                ends[place] = v
    end = n_vertices
    for v in range(n_vertices):
        if slacks[v] > 0.0:
            rest = labels[v]
            while rest:
                bit = rest & -rest
                rest ^= bit
                key = labels[v] ^ bit
                place = _mixed(key) & (size - 1)
                while keys[place] != 0:
                    if keys[place] == key:
                        end = _new_vertex(row, label, points, labels, slacks, v, ends[place], end)
                        if end < 0:
                            return end
                        break
                    place = (place + 1) & (size - 1)
    return end


@compiled
def _drop_outside(
    points: FloatArray, labels: IntArray, slacks: FloatArray, n_vertices: int, end: int
) -> int:  # pragma: no cover
    """Move vertices from the end into the places of those outside; the number left."""
    v = 0
    while v < min(n_vertices, end):
        if slacks[v] > 0.0:
            v += 1
            continue
        end -= 1
        points[v] = points[end]
        labels[v] = labels[end]
        if end >= n_vertices:
            slacks[v] = 1.0
            v += 1
        else:
            slacks[v] = slacks[end]
    return end


@compiled
def closed(labels: IntArray, n_vertices: int) -> bool:  # pragma: no cover
    """Whether every edge has two ends: over all vertices, the hashes of all edges then cancel in pairs."""
    total = np.int64(0)
    for v in range(n_vertices):
        rest = labels[v]
        while rest:
            bit = rest & -rest
            rest ^= bit
            total ^= _mixed(labels[v] ^ bit)
    return bool(total == 0)


@compiled
def polytope(rows: FloatArray, points: FloatArray, labels: IntArray, slacks: FloatArray) -> int:  # pragma: no cover
    """Write all vertices of the polytope with inequalities ``rows``; their number, or UNDECIDED or FULL."""
    m = rows.shape[1]
    n_vertices = start_simplex(rows[0], points, labels)
    for j in range(1, len(rows)):
        n_vertices = cut(rows[j], m + j, points, labels, n_vertices, slacks)
        if n_vertices < 0:
            return n_vertices
    return n_vertices if closed(labels, n_vertices) else UNDECIDED


@compiled
def all_equilibria(
    row_payoffs: FloatArray, column_payoffs: FloatArray, capacity: int
) -> tuple[IntArray, FloatArray, FloatArray]:  # pragma: no cover
    """All equilibria of every game, in no particular order.

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
        found = _complements(labels, n_here, labels_there, n_there, m, n, left, right)
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
) -> int:  # pragma: no cover
    """Write the pairs of vertices with every label once, but the two origins; their number."""
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
        left[found], right[found] = p, partner
        found += 1
    return found


@compiled
def _doubled(table: FloatArray) -> FloatArray:  # pragma: no cover
    """A table with room for twice as many rows."""
    wide = np.empty((2 * len(table), table.shape[1]))
    wide[: len(table)] = table
    return wide
