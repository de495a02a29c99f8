"""The directions in which payoff sets are bounded: the four axes, and those that the edges turn out to need.

Where two moves reach farthest in two neighbouring directions, the hull of the image has an edge between them; its
normal is the next direction to bound (sandwich algorithms, Rote 1992). Payoffs are in units of each player's range.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from bargain.games.record import FloatArray

APART = 1e-12
"""Directions closer than this (radians) are one."""

SHORT = 1e-12
"""An edge shorter than this (payoff range 1) needs no direction of its own."""

IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

AXES = np.array([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [0.0, -1.0]])


def even_directions(m: int) -> FloatArray:
    """m directions, a multiple of four, evenly spread from (1, 0) on."""
    turns = np.arange(m) * (2.0 * np.pi / m)
    towards = np.stack([np.cos(turns), np.sin(turns)], axis=1)
    towards[:: m // 4] = AXES
    return towards


def axis_places(towards: FloatArray) -> IntArray:
    """Places of (1, 0), (0, 1), (-1, 0), (0, -1) among the directions."""
    return np.array([np.flatnonzero((towards == axis).all(axis=1))[0] for axis in AXES], dtype=np.int64)


def used_directions(m: int, corner: FloatArray, counts: IntArray, sides: IntArray) -> BoolArray:
    """Which directions are normal to an edge of some set; corner, counts, sides as of ``corners``."""
    used = np.zeros(m, dtype=bool)
    for s in np.flatnonzero(counts):
        points = corner[s, : counts[s]]
        step = np.abs(np.roll(points, -1, axis=0) - points).max(axis=1)
        used[sides[s, : counts[s]][step > SHORT]] = True
    return used


def normals(chords: FloatArray, before: FloatArray, after: FloatArray) -> tuple[FloatArray, BoolArray]:
    """Outward unit normals of counter-clockwise edges ``(n, 2)``, and whether they lie between two directions."""
    length = np.hypot(chords[:, 0], chords[:, 1])
    outward = np.stack([chords[:, 1], -chords[:, 0]], axis=1) / np.where(length > 0.0, length, 1.0)[:, None]
    return outward, (length > APART) & (_cross(before, outward) > 0.0) & (_cross(outward, after) > 0.0)


def thinned(directions: FloatArray, heights: FloatArray, room: int) -> FloatArray:
    """At most ``room`` of the directions: the one with the largest height in each of as many sectors."""
    if len(directions) <= room:
        return directions
    sector = np.floor(_angles(directions) / (2.0 * np.pi) * room).astype(int)
    order = np.lexsort((-heights, sector))
    first = np.concatenate([[True], np.diff(sector[order]) > 0])
    return np.asarray(directions[order[first]])


def merged(old: FloatArray, new: FloatArray) -> FloatArray:
    """Both lists in order of the angle, less the new ones that are as good as others; the axes stay."""
    towards = np.concatenate([old, new])
    rank = np.argsort(_angles(towards), kind="stable")
    angle, is_axis = _angles(towards)[rank], (towards[rank] == 0.0).any(axis=1)
    kept: list[int] = []
    for place in range(len(rank)):
        if not kept or angle[place] - angle[kept[-1]] > APART:
            kept.append(place)
        elif is_axis[place]:
            kept[-1] = place
    if 2.0 * np.pi - angle[kept[-1]] <= APART:
        kept.pop()
    return np.ascontiguousarray(towards[rank[kept]])


def _angles(directions: FloatArray) -> FloatArray:
    """Angle of each direction from (1, 0), in [0, 2 pi)."""
    return np.asarray(np.arctan2(directions[:, 1], directions[:, 0]) % (2.0 * np.pi))


def _cross(first: FloatArray, second: FloatArray) -> FloatArray:
    return np.asarray(first[:, 0] * second[:, 1] - first[:, 1] * second[:, 0])
