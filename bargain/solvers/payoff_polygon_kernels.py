"""Compiled: polygons from support functions, and the edges that the hull of several sets needs, for ``markov_payoffs``.

Supports h_k belong to directions y_k, sorted by angle from (1, 0) on, with the four axes among them. All payoffs are in
units of each player's range. Importing this module loads numba; import it
inside functions. It calls no compiled code of other modules, of which numba's cache on disk would not notice changes.
"""

from __future__ import annotations

import numpy as np

from bargain.games.record import FloatArray
from bargain.solvers.compiling import compiled_without_zero_checks as compiled
from bargain.solvers.payoff_move_kernels import IntArray

TIE = 1e-12
"""Half-planes are wider by this (payoff range 1): rounding cuts off nothing, whatever edge it is parallel to."""

EQUAL = 1e-11
"""Two moves whose supports differ by less reach equally far: more than what slack and rounding make."""

NOTHING = 1e-9
"""Half-planes that miss each other by more than this leave an empty set."""


@compiled
def corners(
    towards: FloatArray, axes: IntArray, supports: FloatArray, corner: FloatArray, counts: IntArray, sides: IntArray
) -> None:  # pragma: no cover
    """Write the vertices of {x: y_k . x <= h_k} for every state, counter-clockwise, and make the supports tight.

    corner: ``(n_states, m + 4, 2)``; sides: the direction of the edge that begins at each vertex; counts: the numbers
    of vertices, left at 0 where they are 0 already and where the set is empty.
    """
    m, n_states = supports.shape
    room = corner.shape[1]
    spare = np.empty((room, 2))
    spare_side = np.empty(room, dtype=np.int64)
    value = np.empty(room)
    order = spread_order(m)
    east, north, west, south = axes
    for s in range(n_states):
        if counts[s] == 0:
            continue
        x0, x1, y0, y1 = -supports[west, s], supports[east, s], -supports[south, s], supports[north, s]
        if x0 > x1 or y0 > y1:
            # A set thinner than rounding: its middle.
            x0 = x1 = 0.5 * (x0 + x1) if x0 > x1 else x0
            y0 = y1 = 0.5 * (y0 + y1) if y0 > y1 else y0
        points, side = corner[s], sides[s]
        points[0, 0], points[0, 1], side[0] = x0, y0, south
        points[1, 0], points[1, 1], side[1] = x1, y0, east
        points[2, 0], points[2, 1], side[2] = x1, y1, north
        points[3, 0], points[3, 1], side[3] = x0, y1, west
        n = 4
        for k in order:
            if k in (east, north, west, south):
                continue
            highest, lowest = -np.inf, np.inf
            for v in range(n):
                value[v] = towards[k, 0] * points[v, 0] + towards[k, 1] * points[v, 1] - supports[k, s] - TIE
                highest, lowest = max(highest, value[v]), min(lowest, value[v])
            if highest <= 0.0:
                continue
            if lowest > NOTHING:
                n = 0
                break
            if lowest > 0.0:  # Empty by no more than rounding: a point or an edge is left.
                for v in range(n):
                    value[v] -= lowest
            end = 0
            for v in range(n):
                after = v + 1 if v + 1 < n else 0
                if value[v] <= 0.0:
                    spare[end, 0], spare[end, 1], spare_side[end] = points[v, 0], points[v, 1], side[v]
                    end += 1
                    if value[after] > 0.0:
                        share = value[v] / (value[v] - value[after])
                        spare[end, 0] = points[v, 0] + share * (points[after, 0] - points[v, 0])
                        spare[end, 1] = points[v, 1] + share * (points[after, 1] - points[v, 1])
                        spare_side[end] = k
                        end += 1
                elif value[after] < 0.0:
                    share = value[v] / (value[v] - value[after])
                    spare[end, 0] = points[v, 0] + share * (points[after, 0] - points[v, 0])
                    spare[end, 1] = points[v, 1] + share * (points[after, 1] - points[v, 1])
                    spare_side[end] = side[v]
                    end += 1
            n = 0
            for v in range(end):
                if n > 0 and spare[v, 0] == points[n - 1, 0] and spare[v, 1] == points[n - 1, 1]:
                    side[n - 1] = spare_side[v]
                    continue
                points[n, 0], points[n, 1], side[n] = spare[v, 0], spare[v, 1], spare_side[v]
                n += 1
        counts[s] = n
        if n == 0:
            continue
        for k in range(m):
            highest = -np.inf
            for v in range(n):
                highest = max(highest, towards[k, 0] * points[v, 0] + towards[k, 1] * points[v, 1])
            supports[k, s] = min(supports[k, s], highest)


@compiled
def spread_order(m: int) -> IntArray:  # pragma: no cover
    """0..m-1 from coarse to fine, so that most directions find the set already cut."""
    order = np.empty(m, dtype=np.int64)
    seen = np.zeros(m, dtype=np.bool_)
    n = 0
    step = 1
    while step < m:
        step *= 2
    while step >= 1:
        for k in range(0, m, step):
            if not seen[k]:
                seen[k] = True
                order[n] = k
                n += 1
        step //= 2
    return order


@compiled
def farthest(
    places: IntArray, moves: IntArray, own: FloatArray, other: FloatArray, best: IntArray
) -> None:  # pragma: no cover
    """Write for each state the move that reaches farthest by ``own``, of those that tie by ``other``; -1 for none."""
    for s in range(len(best)):
        best[s] = -1
    for n in range(len(moves)):
        s = places[moves[n], 0]
        b = best[s]
        if b < 0 or own[n] > own[b] + EQUAL or (own[n] >= own[b] - EQUAL and other[n] > other[b]):
            best[s] = n


@compiled
def meeting(towards: FloatArray, k: int, after: int, h: float, g: float) -> tuple[float, float]:  # pragma: no cover
    """The point with support h in direction k and g in direction after: exactly on the first line, however close."""
    cosine = towards[k, 0] * towards[after, 0] + towards[k, 1] * towards[after, 1]
    sine = towards[k, 0] * towards[after, 1] - towards[k, 1] * towards[after, 0]
    along = (g - cosine * h) / sine
    return h * towards[k, 0] - along * towards[k, 1], h * towards[k, 1] + along * towards[k, 0]


@compiled
def joins(
    towards: FloatArray,
    moves: IntArray,
    places: IntArray,
    reach: FloatArray,
    reached: IntArray,
    ends: FloatArray,
    heights: FloatArray,
) -> None:  # pragma: no cover
    """Write for each pair of neighbouring directions and state the two points of the image that the hull joins there.

    reached: ``(m, 2, n_states)``, which of ``moves`` reaches farthest in direction k (of those that tie, farthest in
    direction k + 1) and the other way round; ends: ``(m, 2, n_states, 2)``, their points; heights: ``(m, n_states)``,
    how far the corner of the two supports is from the segment between both, 0 where it is one of them.
    """
    m = len(towards)
    for k in range(m):
        after = k + 1 if k + 1 < m else 0
        left, right = reached[k, 0], reached[k, 1]
        farthest(places, moves, reach[k], reach[after], left)
        farthest(places, moves, reach[after], reach[k], right)
        for s in range(len(left)):
            heights[k, s] = 0.0
            if left[s] < 0:
                continue
            x0, y0 = meeting(towards, k, after, reach[k, left[s]], reach[after, left[s]])
            x1, y1 = meeting(towards, k, after, reach[k, right[s]], reach[after, right[s]])
            px, py = meeting(towards, k, after, reach[k, left[s]], reach[after, right[s]])
            ends[k, 0, s, 0], ends[k, 0, s, 1], ends[k, 1, s, 0], ends[k, 1, s, 1] = x0, y0, x1, y1
            dx, dy = x1 - x0, y1 - y0
            length = dx * dx + dy * dy
            share = 0.0 if length == 0.0 else min(1.0, max(0.0, ((px - x0) * dx + (py - y0) * dy) / length))
            heights[k, s] = max(abs(px - x0 - share * dx), abs(py - y0 - share * dy))
