"""Compiled: independent outer bounds of the equilibrium payoffs of small two-player Markov games, by the operator B.

B is told in ``games.payoff_operator``; here it is applied to the hull of all payoffs until it is within a tolerance of
proposed sets, comes to rest elsewhere or has used up its steps. That costs (moves) x (successors) x (corners) a step
and about 1 / (1 - d) steps, so it is for games of up to some hundred moves in all; no solver shares the code. In units
of payoff ranges. The expected sets are Minkowski sums: edges in order of their angle from the lowest corner on.

Importing this module loads numba; import it inside functions. Compiled code of other modules that it calls is compiled
into it: numba's cache notices changes of this module only, so that changes there call for a change of ``VERSION``.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from bargain.games.record import FloatArray
from bargain.solvers.compiling import compiled
from bargain.solvers.payoff_set_check import REST, clipped, farthest, outermost

VERSION = 2
"""To be raised with every change of ``payoff_set_check``."""

IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]


@compiled
def lowest(polygon: FloatArray, n: int) -> int:  # pragma: no cover
    """Index of the lowest corner, of several the leftmost."""
    first = 0
    for k in range(1, n):
        x, y = polygon[k, 0], polygon[k, 1]
        if y < polygon[first, 1] or (y == polygon[first, 1] and x < polygon[first, 0]):
            first = k
    return first


@compiled
def expected_set(
    sets: FloatArray, counts: IntArray, follow: IntArray, chances: FloatArray, out: FloatArray
) -> int:  # pragma: no cover
    """Write corners of the sum of the following sets, weighted by their chances; their number."""
    total, x, y = 0, 0.0, 0.0
    for j in range(len(follow)):
        if chances[j] > 0.0:
            start = lowest(sets[follow[j]], counts[follow[j]])
            x += chances[j] * sets[follow[j], start, 0]
            y += chances[j] * sets[follow[j], start, 1]
            total += counts[follow[j]] if counts[follow[j]] > 1 else 0
    edges, angles = np.empty((total, 2)), np.empty(total)
    m = 0
    for j in range(len(follow)):
        n = counts[follow[j]]
        if chances[j] > 0.0 and n > 1:
            for k in range(n):
                after = k + 1 if k + 1 < n else 0
                for i in range(2):
                    edges[m, i] = chances[j] * (sets[follow[j], after, i] - sets[follow[j], k, i])
                angle = np.arctan2(edges[m, 1], edges[m, 0])
                angles[m] = angle if angle >= 0.0 else angle + 2.0 * np.pi
                m += 1
    order = np.argsort(angles, kind="mergesort")
    out[0, 0], out[0, 1] = x, y
    for k in range(m - 1):
        x += edges[order[k], 0]
        y += edges[order[k], 1]
        out[k + 1, 0], out[k + 1, 1] = x, y
    return max(1, m)


@compiled
def spread_empty(
    counts: IntArray, follow: IntArray, chances: FloatArray, available: BoolArray
) -> None:  # pragma: no cover
    """Empty the sets of states from which some move may lead to a state with an empty set."""
    changed = True
    while changed:
        changed = False
        for s in range(len(counts)):
            if counts[s] == 0:
                continue
            for a in range(available.shape[1]):
                for b in range(available.shape[2]):
                    if available[s, a, b]:
                        for j in range(follow.shape[3]):
                            if chances[s, a, b, j] > 0.0 and counts[follow[s, a, b, j]] == 0 and counts[s] > 0:
                                counts[s] = 0
                                changed = True


@compiled
def floors(
    s: int,
    payoffs: FloatArray,
    follow: IntArray,
    chances: FloatArray,
    available: BoolArray,
    discount_factor: float,
    least: FloatArray,
    out: FloatArray,
) -> None:  # pragma: no cover
    """Write for each move what a deviation from it is worth to each player, ``(n_rows, n_columns, 2)``."""
    n_rows, n_columns = out.shape[0], out.shape[1]
    best_row, best_column = np.full(n_columns, -np.inf), np.full(n_rows, -np.inf)
    for a in range(n_rows):
        for b in range(n_columns):
            if not available[s, a, b]:
                continue
            first, second = 0.0, 0.0
            for j in range(follow.shape[3]):
                if chances[s, a, b, j] > 0.0:
                    first += chances[s, a, b, j] * least[follow[s, a, b, j], 0]
                    second += chances[s, a, b, j] * least[follow[s, a, b, j], 1]
            own = 1.0 - discount_factor
            best_row[b] = max(best_row[b], own * payoffs[s, a, b, 0] + discount_factor * first)
            best_column[a] = max(best_column[a], own * payoffs[s, a, b, 1] + discount_factor * second)
    for a in range(n_rows):
        for b in range(n_columns):
            out[a, b, 0], out[a, b, 1] = best_row[b], best_column[a]


@compiled
def smaller_sets(
    payoffs: FloatArray,
    follow: IntArray,
    chances: FloatArray,
    available: BoolArray,
    alive: BoolArray,
    discount_factor: float,
    slack: float,
    sets: FloatArray,
    counts: IntArray,
    found: FloatArray,
    sizes: IntArray,
) -> None:  # pragma: no cover
    """Write the corners of B of the sets, ``found`` with ``sizes``; alive: moves that supported something so far."""
    d, n_states = discount_factor, len(counts)
    n_rows, n_columns = available.shape[1], available.shape[2]
    least = np.zeros((n_states, 2))
    for s in range(n_states):
        for i in range(2):
            least[s, i] = np.inf if counts[s] else 0.0
            for k in range(counts[s]):
                least[s, i] = min(least[s, i], sets[s, k, i])
    room = found.shape[1]
    worth, piece = np.empty((n_rows, n_columns, 2)), np.empty((room, 2))
    half, kept, points = np.empty((2 * room + 4, 2)), np.empty((4 * room + 8, 2)), np.empty((room * 4, 2))
    corners = np.empty((room * 4 + 2, 2))
    for s in range(n_states):
        sizes[s] = 0
        if counts[s] == 0:
            continue
        floors(s, payoffs, follow, chances, available, d, least, worth)
        count = 0
        for a in range(n_rows):
            for b in range(n_columns):
                if not alive[s, a, b]:
                    continue
                n = expected_set(sets, counts, follow[s, a, b], chances[s, a, b], piece)
                for k in range(n):
                    for i in range(2):
                        piece[k, i] = (1.0 - d) * payoffs[s, a, b, i] + d * piece[k, i]
                n = clipped(piece, n, 0, worth[a, b, 0] - slack, half)
                n = clipped(half, n, 1, worth[a, b, 1] - slack, kept) if n else 0
                alive[s, a, b] = n > 0
                if count + n > len(points):  # Keep the hull so far only.
                    count = outermost(points, count, corners)
                    for k in range(count):
                        points[k, 0], points[k, 1] = corners[k, 0], corners[k, 1]
                for k in range(n):
                    points[count, 0], points[count, 1] = kept[k, 0], kept[k, 1]
                    count += 1
        sizes[s] = outermost(points, count, corners)
        for k in range(min(sizes[s], room)):
            found[s, k, 0], found[s, k, 1] = corners[k, 0], corners[k, 1]


@compiled
def distance_to_image(
    payoffs: FloatArray,
    follow: IntArray,
    chances: FloatArray,
    available: BoolArray,
    discount_factor: float,
    slack: float,
    sets: FloatArray,
    counts: IntArray,
) -> tuple[float, float]:  # pragma: no cover
    """How far any payoff of the sets is from B of them, and any payoff of B from the sets."""
    most = 1
    for s in range(len(counts)):
        most = max(most, counts[s])
    room = 16 + (follow.shape[3] + 4) * (most + 4)
    found, sizes, start = np.empty((len(counts), room, 2)), np.zeros(len(counts), np.int64), counts.copy()
    spread_empty(start, follow, chances, available)
    smaller_sets(
        payoffs, follow, chances, available, available.copy(), discount_factor, slack, sets, start, found, sizes
    )
    unsupported, missing = 0.0, 0.0
    for s in range(len(counts)):
        if sizes[s] > room:
            return np.inf, np.inf
        unsupported = max(unsupported, farthest(sets[s], counts[s], found[s], sizes[s]))
        missing = max(missing, farthest(found[s], sizes[s], sets[s], counts[s]))
    return unsupported, missing


@compiled
def markov_bound(
    payoffs: FloatArray,
    follow: IntArray,
    chances: FloatArray,
    available: BoolArray,
    discount_factor: float,
    slack: float,
    targets: FloatArray,
    sizes_of_targets: IntArray,
    tolerance: float,
    n_steps: int,
) -> tuple[int, float, float]:  # pragma: no cover
    """Apply B to the hull of all payoffs until it is close to the targets in every state, at rest or out of steps.

    payoffs: ``(n_states, n_rows, n_columns, 2)``; targets: ``(n_states, n_corners, 2)`` with their numbers of corners.
    Returns the steps, the farthest reach beyond the targets (infinite where only a target is empty), the last move.
    """
    n_states, width = len(payoffs), follow.shape[3]
    alive = available.copy()
    every, count = np.empty((available.size, 2)), 0
    for s in range(n_states):
        for a in range(available.shape[1]):
            for b in range(available.shape[2]):
                if available[s, a, b]:
                    every[count, 0], every[count, 1] = payoffs[s, a, b, 0], payoffs[s, a, b, 1]
                    count += 1
    corners = np.empty((count + 2, 2))
    n = outermost(every, count, corners)
    sets, counts = np.empty((n_states, n, 2)), np.full(n_states, n)
    for s in range(n_states):
        for k in range(n):
            sets[s, k, 0], sets[s, k, 1] = corners[k, 0], corners[k, 1]
    gap, moved, steps = np.inf, np.inf, 0
    while steps < n_steps and gap > tolerance and moved > REST:
        most = 1
        for s in range(n_states):
            most = max(most, counts[s])
        room = 16 + (width + 4) * (most + 4)
        found, sizes = np.empty((n_states, room, 2)), np.zeros(n_states, np.int64)
        smaller_sets(payoffs, follow, chances, available, alive, discount_factor, slack, sets, counts, found, sizes)
        spread_empty(sizes, follow, chances, available)
        gap, moved = 0.0, 0.0
        for s in range(n_states):
            if sizes[s] > room:
                return steps, np.inf, np.inf
            moved = max(moved, farthest(sets[s], counts[s], found[s], sizes[s]))
            gap = max(gap, farthest(found[s], sizes[s], targets[s], sizes_of_targets[s]))
        sets, counts = found, sizes
        steps += 1
    return steps, gap, moved
