"""Compiled: the operator R of Abreu and Sannikov (2014) on convex polygons, for two players and one state.

Payoffs are in units of each player's range. W is a convex polygon that contains all equilibrium payoffs, u the worst
payoffs in it. After the profile a player i needs a continuation of at least L_i = u_i + h_i(a), where h_i(a) is the
gain from the best deviation times (1 - d) / d. With Q = {w in W: w >= L},

    R(W, u) = hull of all (1 - d) g(a) + d C(a),  C(a) = {g(a)} if g(a) is in Q, else the extreme points of Q with some
                                                  w_i = L_i

and each C(a) has at most four points. From the hull of all payoffs on, W <- R(W, u) shrinks to the equilibrium payoffs.

Every point carries its origin: the profile, and the lottery over at most four corners of W that continues it.

Importing this module loads numba; import it inside functions. All compiled code of the algorithm is here because
numba's cache on disk notices changes of one module only.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from bargain.games.record import FloatArray
from bargain.solvers.compiling import compiled

INSIDE = 1e-12
"""A point this close to the polygon, in units of the payoff ranges, is in it."""

FLAT = 1e-14
"""A corner this close to the line between its neighbours is none."""

STILL = 1e-15
"""Corners that move less than this in a step have arrived."""

POLISH = 10
"""Further steps after the corners have arrived, while they still move at all."""

CORNERS = 4
"""Most extreme points of Q with a binding constraint, and most corners in a lottery."""

IntArray = npt.NDArray[np.int64]


@compiled
def sort_points(points: FloatArray, order: IntArray, n: int) -> None:  # pragma: no cover
    """Write the order of the first n points by first, then second coordinate (Shell's sort)."""
    for i in range(n):
        order[i] = i
    gap = 1
    while gap < n // 3:
        gap = 3 * gap + 1
    while gap:
        for i in range(gap, n):
            moved = order[i]
            x, y = points[moved, 0], points[moved, 1]
            j = i
            while j >= gap:
                other = order[j - gap]
                if points[other, 0] < x or (points[other, 0] == x and points[other, 1] <= y):
                    break
                order[j] = other
                j -= gap
            order[j] = moved
        gap //= 3


@compiled
def turn(a: FloatArray, b: FloatArray, c: FloatArray) -> float:  # pragma: no cover
    """Twice the area of the triangle a, b, c, positive when it is counter-clockwise."""
    return float((b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]))


@compiled
def hull(points: FloatArray, n: int, order: IntArray, corners: IntArray) -> int:  # pragma: no cover
    """Write the indices of the extreme points, counter-clockwise from the leftmost; their number (Andrew 1979)."""
    sort_points(points, order, n)
    m = 0
    for i in range(n):
        while m >= 2 and turn(points[corners[m - 2]], points[corners[m - 1]], points[order[i]]) <= 0.0:
            m -= 1
        corners[m] = order[i]
        m += 1
    lower = m + 1
    for i in range(n - 2, -1, -1):
        while m >= lower and turn(points[corners[m - 2]], points[corners[m - 1]], points[order[i]]) <= 0.0:
            m -= 1
        corners[m] = order[i]
        m += 1
    return without_flat_corners(points, corners, m - 1 if m > 1 else m)


@compiled
def without_flat_corners(points: FloatArray, corners: IntArray, m: int) -> int:  # pragma: no cover
    """Drop corners that lie within ``FLAT`` of the line between their neighbours; the number that is left."""
    k = 0
    while m > 1 and k < m:
        a, b, c = points[corners[k - 1 if k else m - 1]], points[corners[k]], points[corners[k + 1 if k + 1 < m else 0]]
        if m == 2:
            flat = abs(a[0] - b[0]) <= FLAT and abs(a[1] - b[1]) <= FLAT
        else:
            wx, wy = c[0] - a[0], c[1] - a[1]
            length = np.sqrt(wx * wx + wy * wy)
            along = (b[0] - a[0]) * wx + (b[1] - a[1]) * wy
            near = max(abs(a[0] - b[0]), abs(a[1] - b[1])) <= FLAT
            between = length > FLAT and 0.0 <= along <= length * length
            flat = near or (between and abs(turn(a, b, c)) <= FLAT * length)
        if flat:
            for j in range(k, m - 1):
                corners[j] = corners[j + 1]
            m -= 1
            k = max(k - 1, 0)
        else:
            k += 1
    return m


@compiled
def contains(polygon: FloatArray, n: int, x: float, y: float, slack: float) -> bool:  # pragma: no cover
    """Whether a point lies in the polygon, which may be a segment or a point, up to ``slack``."""
    if n == 1:
        return bool(abs(polygon[0, 0] - x) <= slack and abs(polygon[0, 1] - y) <= slack)
    ax, ay = polygon[n - 1]
    for k in range(n):
        bx, by = polygon[k]
        ux, uy = bx - ax, by - ay
        side = ux * (y - ay) - uy * (x - ax)
        if side < 0.0 and side * side > slack * slack * (ux * ux + uy * uy):
            return False
        if n == 2:
            length = np.sqrt(ux * ux + uy * uy)
            if not -slack * length <= ux * (x - ax) + uy * (y - ay) <= length * (length + slack):
                return False
        ax, ay = bx, by
    return True


@compiled
def reaches(
    inner: FloatArray, m: int, polygon: FloatArray, n: int, discount_factor: float, reach: FloatArray
) -> None:  # pragma: no cover
    """For each edge of ``inner`` how far d W reaches across it, with W the polygon."""
    for k in range(m):
        nxt = k + 1 if k + 1 < m else 0
        ux, uy = inner[nxt, 0] - inner[k, 0], inner[nxt, 1] - inner[k, 1]
        most = -np.inf
        for j in range(n):
            most = max(most, uy * polygon[j, 0] - ux * polygon[j, 1])
        reach[k] = discount_factor * most


@compiled
def covers(inner: FloatArray, m: int, reach: FloatArray, x: float, y: float) -> bool:  # pragma: no cover
    """Whether all of (x, y) + d W lies in ``inner``, a polygon with at least three corners."""
    ax, ay, far = inner[m - 1, 0], inner[m - 1, 1], reach[m - 1]
    for k in range(m):
        bx, by = inner[k, 0], inner[k, 1]
        if (by - ay) * (x - ax) - (bx - ax) * (y - ay) + far > 0.0:
            return False
        ax, ay, far = bx, by, reach[k]
    return True


@compiled
def line_ends(
    polygon: FloatArray, n: int, axis: int, level: float, tie: float, ends: FloatArray, edges: FloatArray
) -> bool:  # pragma: no cover
    """Where the line at ``level`` of one coordinate leaves the polygon: the other coordinate (lowest, highest).

    edges: ``(2, 3)``, for each end the two corners that it lies between and the weight of the second. Corners within
    ``tie`` of the line count as on it. False when the line misses the polygon.
    """
    found = False
    last = n - 1
    there = polygon[last, axis] - level
    for k in range(n):
        here, before = polygon[k, axis] - level, there
        there = here
        if abs(here) <= tie:
            weight = 1.0
        elif abs(before) <= tie or (here > 0.0) == (before > 0.0):
            last = k
            continue
        else:
            weight = before / (before - here)
        value = (1.0 - weight) * polygon[last, 1 - axis] + weight * polygon[k, 1 - axis]
        for side in range(2):
            if not found or (value < ends[0] if side == 0 else value > ends[1]):
                ends[side] = value
                edges[side, 0], edges[side, 1], edges[side, 2] = last, k, weight
        found = True
        last = k
    return found


@compiled
def put_lottery(
    edges: FloatArray, share: float, follow: IntArray, weights: FloatArray, at: int
) -> None:  # pragma: no cover
    """Write in row ``at`` the lottery of the point at ``share`` of the way between the ends of a line through W."""
    for side in range(2):
        part = share if side else 1.0 - share
        for k in range(2):
            follow[at, 2 * side + k] = int(edges[side, k])
            weights[at, 2 * side + k] = part * (edges[side, 2] if k else 1.0 - edges[side, 2])


@compiled
def generated(
    a: int,
    payoffs: FloatArray,
    levels: FloatArray,
    discount_factor: float,
    tie: float,
    polygon: FloatArray,
    n: int,
    points: FloatArray,
    origin: IntArray,
    follow: IntArray,
    weights: FloatArray,
    count: int,
    ends: FloatArray,
    edges: FloatArray,
) -> int:  # pragma: no cover
    """Add the points (1 - d) g(a) + d C(a) of one profile, at most four, with their origins; the number of points."""
    x, y = payoffs[a, 0], payoffs[a, 1]
    if x >= levels[0] - tie and y >= levels[1] - tie and contains(polygon, n, x, y, INSIDE):
        points[count, 0], points[count, 1], origin[count] = x, y, -1 - a
        return count + 1
    first = count
    for axis in range(2):
        if not line_ends(polygon, n, axis, levels[axis], tie, ends, edges):
            continue
        floor = levels[1 - axis]
        low, high = ends[0], ends[1]
        if high < floor - tie:
            continue
        if high - low > tie:
            if low > floor + tie:
                points[count, axis], points[count, 1 - axis] = levels[axis], low
                put_lottery(edges, 0.0, follow, weights, count)
                count += 1
            elif axis == 0 and high > floor + tie:  # The corner L of Q, which the line of the second axis meets too.
                points[count, 0], points[count, 1] = levels[0], max(low, floor)
                put_lottery(edges, max(floor - low, 0.0) / (high - low), follow, weights, count)
                count += 1
        points[count, axis], points[count, 1 - axis] = levels[axis], high
        put_lottery(edges, 1.0, follow, weights, count)
        count += 1
    for j in range(first, count):
        origin[j] = a
        points[j, 0] = (1.0 - discount_factor) * x + discount_factor * points[j, 0]
        points[j, 1] = (1.0 - discount_factor) * y + discount_factor * points[j, 1]
    return count


@compiled
def step(
    payoffs: FloatArray,
    needs: FloatArray,
    alive: npt.NDArray[np.bool_],
    recent: npt.NDArray[np.bool_],
    discount_factor: float,
    tie: float,
    polygon: FloatArray,
    n: int,
    worst: FloatArray,
    points: FloatArray,
    origin: IntArray,
    follow: IntArray,
    weights: FloatArray,
    order: IntArray,
    corners: IntArray,
) -> int:  # pragma: no cover
    """Write points whose hull is R(W, u) with their origins, and in ``corners`` which of them are extreme; how many.

    payoffs, needs: ``(n_profiles, 2)``, g(a) and h(a); alive: profiles whose Q was never empty, updated in place;
    recent: profiles that made the corners before, updated. What they make comes first: most of the rest lies inside.
    """
    levels, ends, edges, inner = np.empty(2), np.empty(2), np.empty((2, 3)), np.empty((len(points), 2))
    reach = np.empty(len(points))
    top = np.empty(2)
    for i in range(2):
        top[i] = -np.inf
        for k in range(n):
            top[i] = max(top[i], polygon[k, i])
    count, m = 0, 0
    for late in range(2):
        for a in range(len(payoffs)):
            if not alive[a] or recent[a] == (late == 1):
                continue
            levels[0], levels[1] = worst[0] + needs[a, 0], worst[1] + needs[a, 1]
            if levels[0] > top[0] + tie or levels[1] > top[1] + tie:
                alive[a] = False
                continue
            scale = 1.0 - discount_factor
            if m > 2 and covers(inner, m, reach, scale * payoffs[a, 0], scale * payoffs[a, 1]):
                continue
            first = count
            last = generated(
                a, payoffs, levels, discount_factor, tie, polygon, n, points, origin, follow, weights, count, ends,
                edges,
            )  # fmt: skip
            for j in range(first, last):
                if m > 2 and contains(inner, m, points[j, 0], points[j, 1], 0.0):
                    continue
                if j != count:
                    for i in range(2):
                        points[count, i] = points[j, i]
                    for i in range(CORNERS):
                        follow[count, i], weights[count, i] = follow[j, i], weights[j, i]
                    origin[count] = origin[j]
                count += 1
        if late == 0 and count:
            m = hull(points, count, order, corners)
            for k in range(m):
                inner[k, 0], inner[k, 1] = points[corners[k], 0], points[corners[k], 1]
            reaches(inner, m, polygon, n, discount_factor, reach)
    return hull(points, count, order, corners) if count else 0


@compiled
def iterate(
    payoffs: FloatArray,
    needs: FloatArray,
    alive: npt.NDArray[np.bool_],
    discount_factor: float,
    tie: float,
    polygon: FloatArray,
    n: int,
    worst: FloatArray,
    n_steps: int,
    origins: IntArray,
    successors: IntArray,
    lotteries: FloatArray,
) -> tuple[int, int, bool]:  # pragma: no cover
    """Apply R up to ``n_steps`` times in place; number of corners, steps taken, and whether the polygon came to rest.

    polygon, worst, alive are updated; for each corner origins has the profile (-1 - a when it is repeated for ever),
    successors and lotteries the corners of the polygon one step before that continue it. An empty set has no corners.
    """
    size = CORNERS * len(payoffs)
    points, weights = np.empty((size, 2)), np.empty((size, CORNERS))
    origin, follow = np.empty(size, np.int64), np.empty((size, CORNERS), np.int64)
    order, corners = np.empty(size, np.int64), np.empty(2 * size + 2, np.int64)
    recent = np.zeros(len(payoffs), np.bool_)
    rest = 0
    for t in range(n_steps):
        m = step(
            payoffs, needs, alive, recent, discount_factor, tie, polygon, n, worst, points, origin, follow, weights,
            order, corners,
        )  # fmt: skip
        if m == 0:
            return 0, t + 1, True
        change = np.inf if m != n else 0.0
        for a in range(len(recent)):
            recent[a] = False
        for k in range(m):
            at = corners[k]
            recent[origin[at] if origin[at] >= 0 else -1 - origin[at]] = True
            for i in range(2):
                if m == n:
                    change = max(change, abs(points[at, i] - polygon[k, i]))
                polygon[k, i] = points[at, i]
            origins[k] = origin[at]
            for j in range(CORNERS):
                successors[k, j], lotteries[k, j] = follow[at, j], weights[at, j]
        n = m
        for i in range(2):
            least = np.inf
            for k in range(n):
                least = min(least, polygon[k, i])
            if least > worst[i]:
                change = max(change, least - worst[i])
                worst[i] = least
        rest = rest + 1 if change <= STILL else 0
        if rest and (change == 0.0 or rest > POLISH):
            return n, t + 1, True
    return n, n_steps, False
