"""Compiled: what each move supports, in all directions at once, for ``markov_payoffs``.

Sets are kept as support functions h_s(y) on a common list of directions y, sorted by angle from (1, 0) on, which
includes the four axes. All payoffs are in units of each player's range. Importing this module loads numba; import it
inside functions. It calls no compiled code of other modules, of which numba's cache on disk would not notice changes.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from bargain.games.record import FloatArray
from bargain.solvers.compiling import compiled_without_zero_checks as compiled

IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]


@compiled
def deviation_floors(
    d: float,
    places: IntArray,
    payoffs: FloatArray,
    after: FloatArray,
    first: FloatArray,
    second: FloatArray,
) -> None:  # pragma: no cover
    """Write the best deviation payoffs of both players, ``first[s, b]`` and ``second[s, a]``.

    places: state, actions and transition of every available move ``(n_moves, 4)``; after: expected punishments after
    every transition ``(2, n_transitions)``.
    """
    first[:] = -np.inf
    second[:] = -np.inf
    for j in range(len(places)):
        s, a, b, t = places[j]
        first[s, b] = max(first[s, b], (1.0 - d) * payoffs[j, 0] + d * after[0, t])
        second[s, a] = max(second[s, a], (1.0 - d) * payoffs[j, 1] + d * after[1, t])


@compiled
def undominated(
    places: IntArray, group: IntArray, alive: BoolArray, first: FloatArray, second: FloatArray
) -> IntArray:  # pragma: no cover
    """Moves alive less those that another of equal payoffs and transition makes superfluous; group: its start."""
    kept = np.empty(len(places), dtype=np.int64)
    n_kept, start = 0, 0
    for j in range(len(places)):
        if j > 0 and group[j] != group[j - 1]:
            start = n_kept
        if not alive[j]:
            continue
        s, a, b, _ = places[j]
        x, y = first[s, b], second[s, a]
        superfluous = False
        for other in kept[start:n_kept]:
            if first[s, places[other, 2]] <= x and second[s, places[other, 1]] <= y:
                superfluous = True
                break
        if superfluous:
            continue
        end = start
        for place in range(start, n_kept):
            other = kept[place]
            if not (first[s, places[other, 2]] >= x and second[s, places[other, 1]] >= y):
                kept[end] = other
                end += 1
        kept[end] = j
        n_kept = end + 1
    return kept[:n_kept]


@compiled
def pieces(
    d: float,
    towards: FloatArray,
    axes: IntArray,
    supports: FloatArray,
    follow: IntArray,
    chances: FloatArray,
    moves: IntArray,
    places: IntArray,
    payoffs: FloatArray,
    first: FloatArray,
    second: FloatArray,
    reach: FloatArray,
) -> BoolArray:  # pragma: no cover
    """Write the supports ``reach[k, n]`` of what each move supports; whether that is anything.

    towards: directions ``(m, 2)``; axes: the places of (1, 0), (0, 1), (-1, 0), (0, -1) among them; supports:
    ``(m, n_states)``. A floor x_1 >= f cuts the set {x: y_k . x <= c_k} along a line between the ends U and L; on the
    directions between (-1, 0) and the edge that U lies on, the support is that of U, since such a direction is a
    nonnegative combination of the two normals. Every formula is an upper bound, so nothing is lost by rounding.
    """
    m, n_moves = len(towards), len(moves)
    after = np.empty(len(follow))
    ends = np.empty((4, n_moves))
    edges = np.zeros((4, n_moves), dtype=np.int64)
    floors = np.empty((2, n_moves))
    full = np.ones(n_moves, dtype=np.bool_)
    for n in range(n_moves):
        s, a, b, _ = places[moves[n]]
        floors[0, n], floors[1, n] = first[s, b], second[s, a]
        ends[0, n], ends[1, n], ends[2, n], ends[3, n] = np.inf, -np.inf, -np.inf, np.inf
    for k in range(m):
        for t in range(len(follow)):
            total = 0.0
            for i in range(follow.shape[1]):
                total += chances[t, i] * supports[k, follow[t, i]]
            after[t] = d * total
        y0, y1 = towards[k]
        for n in range(n_moves):
            j = moves[n]
            c = (1.0 - d) * (y0 * payoffs[j, 0] + y1 * payoffs[j, 1]) + after[places[j, 3]]
            reach[k, n] = c
            if y1 > 0.0:
                end = (c - y0 * floors[0, n]) / y1
                if end < ends[0, n]:
                    ends[0, n], edges[0, n] = end, k
            elif y1 < 0.0:
                end = (c - y0 * floors[0, n]) / y1
                if end > ends[1, n]:
                    ends[1, n], edges[1, n] = end, k
            if y0 < 0.0:
                end = (c - y1 * floors[1, n]) / y0
                if end > ends[2, n]:
                    ends[2, n], edges[2, n] = end, k
            elif y0 > 0.0:
                end = (c - y1 * floors[1, n]) / y0
                if end < ends[3, n]:
                    ends[3, n], edges[3, n] = end, k
    east, north, west, south = axes
    for n in range(n_moves):
        f0, f1 = floors[0, n], floors[1, n]
        if f0 > reach[east, n] or f1 > reach[north, n]:
            full[n] = False
            continue
        binding0, binding1 = f0 > -reach[west, n], f1 > -reach[south, n]
        if binding0 and binding1 and ends[0, n] < f1 and ends[3, n] < f0:
            full[n] = False
            continue
        if binding0:
            for k in range(edges[0, n], west + 1):
                reach[k, n] = min(reach[k, n], towards[k, 0] * f0 + towards[k, 1] * ends[0, n])
            for k in range(west, edges[1, n] + 1):
                reach[k, n] = min(reach[k, n], towards[k, 0] * f0 + towards[k, 1] * ends[1, n])
        if binding1:
            for k in range(edges[2, n], south + 1):
                reach[k, n] = min(reach[k, n], towards[k, 0] * ends[2, n] + towards[k, 1] * f1)
            last = edges[3, n] if edges[3, n] >= south else edges[3, n] + m
            for k in range(south, last + 1):
                k %= m
                reach[k, n] = min(reach[k, n], towards[k, 0] * ends[3, n] + towards[k, 1] * f1)
        if binding0 or binding1:
            for k in range(west, south + 1):
                reach[k, n] = min(reach[k, n], towards[k, 0] * f0 + towards[k, 1] * f1)
    return full
