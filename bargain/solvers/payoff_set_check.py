"""Compiled: independent check of the equilibrium payoffs of a two-player repeated game, by the operator B itself.

For a convex set W and the worst payoffs u in it, B(W) is the hull over the profiles a of all (1 - d) g(a) + d w with w
in W and w_i >= u_i + h_i(a) (Abreu, Pearce and Stacchetti 1990; public randomisation, pure actions), h_i(a) being the
gain from the best deviation times (1 - d) / d. From the hull of all payoffs on, every W <- B(W) contains all
equilibrium payoffs: what is left after some steps is an outer bound, whatever a solver did. Once a set V of equilibrium
payoffs is certified, profiles with g(a) in V need not be looked at: (1 - d) g(a) + d w with w an equilibrium payoff is
no farther out than w itself or g(a) in V, so that they make no extreme point beyond V. The constraints are loosened by
a slack far above rounding: the bound errs outwards. In units of payoff ranges. No solver shares this code.

Importing this module loads numba; import it inside functions. It calls no compiled code of other modules.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from bargain.games.record import FloatArray
from bargain.solvers.compiling import compiled

SAME = 2e-15
"""Corners closer than this, in units of the payoff ranges, are one."""

FLAT = 1e-14
"""A corner this close to the line between its neighbours is none: slivers are segments, of which distances are sure."""

REST = 1e-14
"""A bound whose corners moved less than this in a step has come to rest."""

BoolArray = npt.NDArray[np.bool_]


@compiled
def clipped(polygon: FloatArray, n: int, axis: int, floor: float, out: FloatArray) -> int:  # pragma: no cover
    """Write the part of a polygon with one coordinate at least ``floor``; its number of corners."""
    count = 0
    px, py = polygon[n - 1, axis], polygon[n - 1, 1 - axis]
    for k in range(n):
        qx, qy = polygon[k, axis], polygon[k, 1 - axis]
        if (px < floor) != (qx < floor):
            out[count, axis] = floor
            out[count, 1 - axis] = py + (floor - px) / (qx - px) * (qy - py)
            count += 1
        if qx >= floor:
            out[count, axis], out[count, 1 - axis] = qx, qy
            count += 1
        px, py = qx, qy
    return count


@compiled
def outermost(points: FloatArray, n: int, out: FloatArray) -> int:  # pragma: no cover
    """Write the corners of the hull of n points, counter-clockwise, into n + 2 places; their number (Andrew 1979)."""
    if n == 0:
        return 0
    order = np.argsort(points[:n, 1], kind="mergesort")
    order = order[np.argsort(points[order, 0], kind="mergesort")]
    count = 0
    for way in range(2):
        least = count + 1 if way else 2  # The second chain leaves the first alone.
        for step in range(way, n):
            k = order[n - 1 - step] if way else order[step]
            x, y = points[k, 0], points[k, 1]
            while count >= least:
                ax, ay, bx, by = out[count - 2, 0], out[count - 2, 1], out[count - 1, 0], out[count - 1, 1]
                if (bx - ax) * (y - ay) - (by - ay) * (x - ax) > 0.0:
                    break
                count -= 1
            out[count, 0], out[count, 1] = x, y
            count += 1
    return without_flat(out, count - 1 if n > 1 else count)


@compiled
def without_flat(corners: FloatArray, n: int) -> int:  # pragma: no cover
    """Drop corners within ``FLAT`` of the line between their neighbours, in place; the number that is left."""
    k = 0
    while n > 1 and k < n:
        before, after = (k - 1 if k else n - 1), (k + 1 if k + 1 < n else 0)
        ux, uy = corners[after, 0] - corners[before, 0], corners[after, 1] - corners[before, 1]
        wx, wy = corners[k, 0] - corners[before, 0], corners[k, 1] - corners[before, 1]
        square = ux * ux + uy * uy
        between = square > FLAT * FLAT and 0.0 <= ux * wx + uy * wy <= square
        flat = n > 2 and between and abs(ux * wy - uy * wx) <= FLAT * np.sqrt(square)
        if not flat and max(abs(wx), abs(wy)) > SAME:
            k += 1
            continue
        for j in range(k, n - 1):
            corners[j, 0], corners[j, 1] = corners[j + 1, 0], corners[j + 1, 1]
        n -= 1
        k = max(k - 1, 0)
    return n


@compiled
def beyond(polygon: FloatArray, n: int, x: float, y: float) -> float:  # pragma: no cover
    """Distance of a point from a polygon (which may be a segment or a point), 0 inside."""
    nearest, outside = np.inf, n < 3
    ax, ay = polygon[n - 1]
    for k in range(n):
        bx, by = polygon[k]
        ux, uy, wx, wy = bx - ax, by - ay, x - ax, y - ay
        square = ux * ux + uy * uy
        share = min(1.0, max(0.0, (ux * wx + uy * wy) / square)) if square > 0.0 else 0.0
        rx, ry = wx - share * ux, wy - share * uy
        nearest = min(nearest, rx * rx + ry * ry)
        if ux * wy - uy * wx < 0.0:
            outside = True
        ax, ay = bx, by
    return float(np.sqrt(nearest)) if outside else 0.0


@compiled
def outside(polygon: FloatArray, n: int, x: float, y: float) -> bool:  # pragma: no cover
    """Whether a point is outside of a polygon with at least three corners."""
    ax, ay = polygon[n - 1]
    for k in range(n):
        bx, by = polygon[k]
        if (bx - ax) * (y - ay) - (by - ay) * (x - ax) < 0.0:
            return True
        ax, ay = bx, by
    return False


@compiled
def farthest(first: FloatArray, n: int, second: FloatArray, m: int) -> float:  # pragma: no cover
    """How far any point of the first polygon is from the second."""
    if n == 0:
        return 0.0
    if m == 0:
        return np.inf
    most = 0.0
    for k in range(n):
        most = max(most, beyond(second, m, first[k, 0], first[k, 1]))
    return most


@compiled
def add_supported(
    payoffs: FloatArray,
    needs: FloatArray,
    alive: BoolArray,
    discount_factor: float,
    slack: float,
    polygon: FloatArray,
    n: int,
    known: FloatArray,
    points: FloatArray,
    count: int,
) -> int:  # pragma: no cover
    """Add to ``points`` what the profiles support outside the set ``known``; the number of points.

    alive: profiles that had a continuation so far, updated: sets only shrink.
    """
    d, m = discount_factor, len(known)
    least_x, least_y = np.inf, np.inf
    for k in range(n):
        least_x, least_y = min(least_x, polygon[k, 0]), min(least_y, polygon[k, 1])
    half, piece = np.empty((2 * n + 4, 2)), np.empty((4 * n + 8, 2))
    for a in range(len(payoffs)):
        if not alive[a]:
            continue
        k = clipped(polygon, n, 0, least_x + needs[a, 0] - slack, half)
        k = clipped(half, k, 1, least_y + needs[a, 1] - slack, piece) if k else 0
        alive[a] = k > 0
        for j in range(k):
            for i in range(2):
                points[count, i] = (1.0 - d) * payoffs[a, i] + d * piece[j, i]
            if m < 3 or outside(known, m, points[count, 0], points[count, 1]):
                count += 1
    return count


@compiled
def outer_bound(
    payoffs: FloatArray,
    needs: FloatArray,
    discount_factor: float,
    slack: float,
    target: FloatArray,
    tolerance: float,
    n_steps: int,
) -> tuple[FloatArray, int, float, float]:  # pragma: no cover
    """Apply B to the hull of all payoffs until it is within ``tolerance`` of ``target``, empty or at rest.

    target: corners of a set of certified equilibrium payoffs, or none.
    Returns the corners, the number of steps, how far the bound reaches beyond the target (infinite when that is empty
    and the bound is not) and how far it moved in the last step.
    """
    size, m = len(payoffs), len(target)
    alive = np.ones(size, np.bool_)
    for a in range(size):
        alive[a] = m == 0 or beyond(target, m, payoffs[a, 0], payoffs[a, 1]) > 0.0
    polygon = np.empty((size + 2, 2))
    n = outermost(payoffs, size, polygon)
    gap, moved, steps = farthest(polygon, n, target, m), np.inf, 0
    while steps < n_steps and n and gap > tolerance and moved > REST:
        points = np.empty((m + size * (n + 4), 2))
        for k in range(m):
            points[k, 0], points[k, 1] = target[k, 0], target[k, 1]
        count = add_supported(payoffs, needs, alive, discount_factor, slack, polygon, n, target, points, m)
        smaller = np.empty((count + 2, 2))
        k = outermost(points, count, smaller)
        steps += 1
        moved = farthest(polygon, n, smaller, k)
        polygon, n = smaller, k
        gap = farthest(polygon, n, target, m)
    return polygon[:n].copy(), steps, gap, moved


@compiled
def image(
    payoffs: FloatArray, needs: FloatArray, discount_factor: float, slack: float, polygon: FloatArray
) -> FloatArray:  # pragma: no cover
    """Corners of B(W)."""
    size, n = len(payoffs), len(polygon)
    points = np.empty((size * (n + 4), 2))
    none = np.empty((0, 2))
    alive = np.ones(size, np.bool_)
    count = add_supported(payoffs, needs, alive, discount_factor, slack, polygon, n, none, points, 0) if n else 0
    corners = np.empty((count + 2, 2))
    return corners[: outermost(points, count, corners)].copy()


@compiled
def corner_indices(points: FloatArray) -> npt.NDArray[np.int64]:  # pragma: no cover
    """Which of the points are corners of their hull, counter-clockwise."""
    n = len(points)
    corners = np.empty((n + 2, 2))
    count = outermost(points, n, corners)
    found = np.empty(count, np.int64)
    for k in range(count):
        for j in range(n):
            if points[j, 0] == corners[k, 0] and points[j, 1] == corners[k, 1]:
                found[k] = j
                break
    return found
