"""Convex polygons in the plane: hull, half-plane cut, weighted Minkowski sum, support, distance; nothing is too flat.

A set is the array ``(n_vertices, 2)`` of its extreme points: none is the empty set, one a point, two a segment, more a
polygon, counter-clockwise from the vertex with the lowest first coordinate (then the lowest second). The boundary of a
Minkowski sum consists of the edges of its terms in order of their angle (de Berg et al. 2008, Computational Geometry,
theorem 13.5). Tolerances are shares of the extent of the set along each axis, so that units do not matter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bargain.games.record import FloatArray

FLAT = 1e-13
"""A vertex closer than this to the line through its neighbours is none (extent of the set along each axis: 1)."""

WIDENINGS = 10
"""Passes over the edges of a polygon that is widened, each with twice the allowance of the one before."""

EMPTY: FloatArray = np.zeros((0, 2))
EMPTY.setflags(write=False)


def convex_hull(points: npt.ArrayLike, flat: float = FLAT, units: npt.ArrayLike | None = None) -> FloatArray:
    """Extreme points of the hull of ``points`` ``(n, 2)``; vertices that stand out by less than ``flat`` are dropped.

    units: ``(2,)``, what ``flat`` is a share of, the extent of the points unless given. The chain of Andrew (1979)
    after points well inside have been left out (Akl and Toussaint 1978).
    """
    given = np.asarray(points, dtype=float).reshape(-1, 2)
    if len(given) <= 1:
        return given.copy()
    lowest = given.min(axis=0)
    extent = given.max(axis=0) - lowest if units is None else np.asarray(units, dtype=float)
    scaled = (given - lowest) / np.where(extent > 0.0, extent, 1.0)
    kept = np.arange(len(given))
    for n_directions in (8, 64):
        if len(kept) > 256:
            kept = kept[_outermost(scaled[kept], n_directions)]
    kept = kept[np.lexsort((scaled[kept, 1], scaled[kept, 0]))]
    ordered = scaled[kept]
    lower = _chain(ordered, range(len(kept)))
    upper = _chain(ordered, range(len(kept) - 1, -1, -1))
    return _canonical(given[kept[_tidied(ordered, lower[:-1] + upper[:-1], flat)]], flat * extent)


def cut(polygon: FloatArray, normal: npt.ArrayLike, offset: float) -> FloatArray:
    """The part of a polygon where normal . x <= offset."""
    if len(polygon) == 0:
        return EMPTY
    excess = polygon @ np.asarray(normal, dtype=float) - offset
    if excess.max() <= 0.0:
        return polygon
    if excess.min() > 0.0:
        return EMPTY
    if len(polygon) == 1:
        return polygon
    after = _next(excess)
    crossed = ((excess <= 0.0) != (after <= 0.0)) & (excess != 0.0) & (after != 0.0)
    kept = excess <= 0.0
    places = np.flatnonzero(kept | crossed)
    size = kept[places].astype(int) + crossed[places]
    pieces = np.repeat(polygon[places], size, axis=0)
    cuts = np.cumsum(size)[crossed[places]] - 1
    ends = np.flatnonzero(crossed)
    share = excess[ends] / (excess[ends] - after[ends])
    pieces[cuts] = polygon[ends] + share[:, None] * (polygon[(ends + 1) % len(polygon)] - polygon[ends])
    return pieces


def minkowski_sum(polygons: Sequence[FloatArray], weights: npt.ArrayLike) -> FloatArray:
    """The set {sum_k w_k x_k: x_k in polygon k} for weights >= 0; empty as soon as one term of positive weight is."""
    return sum_of_boundaries([boundary(polygon) for polygon in polygons], weights)


@dataclass(frozen=True, eq=False)
class Boundary:
    """A polygon as its first vertex, its edges ``(n, 2)`` and their angles; no vertex for the empty set."""

    start: FloatArray | None
    edges: FloatArray
    angles: FloatArray


def boundary(polygon: FloatArray) -> Boundary:
    """First vertex and edges of a polygon, for sums of which it is a term more than once."""
    if len(polygon) < 2:
        return Boundary(polygon[0] if len(polygon) else None, np.zeros((0, 2)), np.zeros(0))
    turned = _canonical(polygon)
    edges = np.concatenate([turned[1:], turned[:1]]) - turned
    return Boundary(turned[0], edges, edge_angles(edges))


def sum_of_boundaries(terms: Sequence[Boundary], weights: npt.ArrayLike) -> FloatArray:
    """The Minkowski sum of ``minkowski_sum``."""
    used = [(term, w) for term, w in zip(terms, np.asarray(weights, dtype=float).tolist(), strict=True) if w > 0.0]
    start = np.zeros(2)
    for term, w in used:
        if term.start is None:
            return EMPTY
        start = start + w * term.start
    steps = np.concatenate([np.zeros((0, 2)), *(w * term.edges for term, w in used)])
    if len(steps) == 0:
        return start[None]
    angle = np.concatenate([term.angles for term, _ in used])
    order = np.argsort(angle, kind="stable")
    steps, angle = steps[order], angle[order]
    # Parallel edges of several terms are one edge of the sum.
    first = np.concatenate([[True], angle[1:] > angle[:-1]])
    merged = np.add.reduceat(steps, np.flatnonzero(first), axis=0)
    return np.asarray(start + np.concatenate([np.zeros((1, 2)), np.cumsum(merged[:-1], axis=0)]))


def widened(polygon: FloatArray, amount: float, units: npt.ArrayLike = (1.0, 1.0)) -> FloatArray:
    """A polygon with fewer edges around this one: edges give way to the meeting point of their neighbours.

    amount: how far out it may reach at most, in the norm sqrt((x / units_1)^2 + (y / units_2)^2).
    """
    scale = np.asarray(units, dtype=float)
    points = polygon / scale
    for turn in range(WIDENINGS):
        n = len(points)
        if n < 5:
            break
        step = _next(points) - points
        before, after = np.concatenate([step[-1:], step[:-1]]), _next(step)
        turned, length = _cross(before, after), np.hypot(step[:, 0], step[:, 1])
        going = np.divide(_cross(step, after), turned, out=np.full(n, np.inf), where=turned > 0.0)
        height = going * np.divide(_cross(before, step), length, out=np.full(n, np.inf), where=length > 0.0)
        # Of neighbouring edges only one can go: every other in turn.
        gone = np.flatnonzero((height >= 0.0) & (height <= amount / 2.0 ** (WIDENINGS - turn)) & (going < np.inf))
        gone = gone[(gone % 2 == turn % 2) & (gone < n - 1)]
        if n - len(gone) < 3:
            break
        points[gone] += going[gone, None] * before[gone]
        points = np.delete(points, gone + 1, axis=0)
    return _canonical(points * scale)


def edge_angles(steps: FloatArray) -> FloatArray:
    """Angles of edges ``(n, 2)`` in (-pi/2, 3 pi/2], the order in which a polygon has them from its first vertex."""
    angle = np.arctan2(steps[:, 1], steps[:, 0])
    turned = ((steps[:, 0] < 0.0) & (angle < 0.0)) | ((steps[:, 0] == 0.0) & (steps[:, 1] < 0.0))
    return np.where(turned, angle + 2.0 * np.pi, angle)


def support(polygon: FloatArray, directions: npt.ArrayLike) -> FloatArray:
    """Largest y . x over the polygon for each direction y ``(n, 2)``; minus infinity when it is empty."""
    towards = np.asarray(directions, dtype=float).reshape(-1, 2)
    if len(polygon) == 0:
        return np.full(len(towards), -np.inf)
    return np.asarray((towards @ polygon.T).max(axis=1))


def contains(polygon: FloatArray, points: npt.ArrayLike, tolerance: float = 1e-12) -> npt.NDArray[np.bool_]:
    """Whether each point ``(n, 2)`` is in the polygon, or outside by at most this share of its extent (max norm)."""
    extent = np.ptp(polygon, axis=0) if len(polygon) else np.ones(2)
    units = np.where(extent > 0.0, extent, max(float(extent.max()), 1.0 if not extent.any() else 0.0))
    return np.asarray(distances(polygon, points, units) <= tolerance)


def distances(polygon: FloatArray, points: npt.ArrayLike, units: npt.ArrayLike = (1.0, 1.0)) -> FloatArray:
    """Distance of points ``(n, 2)`` to the polygon, max(|dx| / units_1, |dy| / units_2); infinite when it is empty."""
    scale = np.asarray(units, dtype=float)
    places = np.asarray(points, dtype=float).reshape(-1, 2) / scale
    if len(polygon) == 0:
        return np.full(len(places), np.inf)
    corners = polygon / scale
    starts, steps = corners, np.roll(corners, -1, axis=0) - corners
    found = np.full(len(places), np.inf)
    outside = np.zeros(len(places), dtype=bool)
    for start, step in zip(starts, steps, strict=True):
        gap = start - places
        outside |= step[0] * gap[:, 1] - step[1] * gap[:, 0] > 0.0
        found = np.minimum(found, _distance_to_segment(gap, step))
    if len(polygon) >= 3:
        found[~outside] = 0.0
    return found


def hausdorff(first: FloatArray, second: FloatArray, units: npt.ArrayLike = (1.0, 1.0)) -> float:
    """Hausdorff distance in the norm max(|x| / units_1, |y| / units_2); 0 between empty sets, else infinite to one."""
    if len(first) == 0 and len(second) == 0:
        return 0.0
    if len(first) == 0 or len(second) == 0:
        return float(np.inf)
    return float(max(distances(second, first, units).max(), distances(first, second, units).max()))


def area(polygon: FloatArray) -> float:
    """Area of the polygon, 0 for points and segments."""
    if len(polygon) < 3:
        return 0.0
    x, y = (polygon - polygon[0]).T
    return float(0.5 * (x @ np.roll(y, -1) - y @ np.roll(x, -1)))


def _canonical(polygon: FloatArray, tie: npt.ArrayLike = (0.0, 0.0)) -> FloatArray:
    """Vertices turned so that the lowest first coordinate (up to ``tie``), then the lowest second, comes first."""
    if len(polygon) < 2:
        return polygon
    lowest = polygon[:, 0] <= polygon[:, 0].min() + np.asarray(tie)[0]
    start = int(np.where(lowest, polygon[:, 1], np.inf).argmin())
    return np.asarray(np.roll(polygon, -start, axis=0))


def _next(values: FloatArray) -> FloatArray:
    """The value of the following vertex, round the polygon."""
    return np.concatenate([values[1:], values[:1]])


def _cross(first: FloatArray, second: FloatArray) -> FloatArray:
    return np.asarray(first[:, 0] * second[:, 1] - first[:, 1] * second[:, 0])


def _distance_to_segment(gap: FloatArray, step: FloatArray) -> FloatArray:
    """Max-norm distance of the origin to gap + t step, t in [0, 1]: the least is where a coordinate or both tie."""
    with np.errstate(divide="ignore", invalid="ignore"):
        stops = np.stack(
            [
                -gap[:, 0] / step[0],
                -gap[:, 1] / step[1],
                -(gap[:, 0] - gap[:, 1]) / (step[0] - step[1]),
                -(gap[:, 0] + gap[:, 1]) / (step[0] + step[1]),
                np.zeros(len(gap)),
                np.ones(len(gap)),
            ]
        )
    stops = np.clip(np.where(np.isfinite(stops), stops, 0.0), 0.0, 1.0)
    return np.asarray(np.abs(gap[None] + stops[..., None] * step).max(axis=-1).min(axis=0))


def _outermost(points: FloatArray, n: int) -> npt.NDArray[np.intp]:
    """Indices of the points that are not well inside the polygon of the extreme points in n directions."""
    turns = np.arange(n) * (2.0 * np.pi / n)
    towards = np.stack([np.cos(turns), np.sin(turns)], axis=1)
    x, y = np.ascontiguousarray(points.T)
    corners = points[(towards @ points.T).argmax(axis=1)]
    inside = np.ones(len(points), dtype=bool)
    for (px, py), (dx, dy) in zip(corners, np.roll(corners, -1, axis=0) - corners, strict=True):
        if dx != 0.0 or dy != 0.0:
            inside &= dx * y - dy * x > dx * py - dy * px + 1e-9
    return np.flatnonzero(~inside)


def _chain(points: FloatArray, order: Sequence[int]) -> list[int]:
    """Indices of the points on the right-hand side of the way from the first to the last, turning left only."""
    x, y = points.T.tolist()
    chain: list[int] = []
    for k in order:
        while len(chain) >= 2:
            i, j = chain[-2], chain[-1]
            if (x[j] - x[i]) * (y[k] - y[i]) - (y[j] - y[i]) * (x[k] - x[i]) > 0.0:
                break
            chain.pop()
        chain.append(k)
    return chain


def _tidied(points: FloatArray, chain: list[int], flat: float) -> list[int]:
    """The chain without repeated points and without vertices closer than ``flat`` to the line of their neighbours."""
    x, y = points.T.tolist()
    kept = [chain[0]]
    for k in chain[1:]:
        if max(abs(x[k] - x[kept[-1]]), abs(y[k] - y[kept[-1]])) > flat:
            kept.append(k)
    while len(kept) > 1 and max(abs(x[kept[-1]] - x[kept[0]]), abs(y[kept[-1]] - y[kept[0]])) <= flat:
        kept.pop()
    place = 1
    while len(kept) > 2 and place < len(kept):
        i, j, k = kept[place - 1], kept[place], kept[(place + 1) % len(kept)]
        cx, cy, dx, dy = x[k] - x[i], y[k] - y[i], x[j] - x[i], y[j] - y[i]
        height = abs(cx * dy - cy * dx)
        # The tip of a set that is nearly a segment is no farther from that line, but not between its neighbours.
        if height <= flat * max(abs(cx), abs(cy)) and 0.0 <= dx * cx + dy * cy <= cx * cx + cy * cy:
            kept.pop(place)
        else:
            place += 1
    return kept
