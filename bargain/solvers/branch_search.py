"""Points between two neighbouring points of a branch: crossings of a precision, roots of a function along the curve."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from bargain.games.record import FloatArray
from bargain.solvers.continuation import BranchPoint, coordinate_weights, corrected_point
from bargain.solvers.logit_system import LogitSystem


def point_between(system: LogitSystem, left: BranchPoint, right: BranchPoint, share: float) -> BranchPoint | None:
    """The point of the branch at ``share`` in [0, 1] of the chord from ``left`` to ``right``; None when it is lost."""
    a, b = np.append(left.x, left.precision), np.append(right.x, right.precision)
    chord = b - a
    weights = coordinate_weights(left.x, left.precision)
    start = left.tangent * np.linalg.norm(weights * chord)
    end = right.tangent * np.linalg.norm(coordinate_weights(right.x, right.precision) * chord)
    s = share
    prediction = (
        (1 + 2 * s) * (1 - s) ** 2 * a + s * (1 - s) ** 2 * start + s**2 * (3 - 2 * s) * b - s**2 * (1 - s) * end
    )
    prediction[-1] = max(prediction[-1], 0.0)
    border = weights * weights * chord
    corrected = corrected_point(system, prediction, border, weights, limit=1.0)
    if corrected is None:
        return None
    y = corrected.y
    length = left.arc_length + s * (right.arc_length - left.arc_length)
    return BranchPoint(y[:-1], float(y[-1]), corrected.tangent, length)


def root_between(
    system: LogitSystem, left: BranchPoint, right: BranchPoint, function: Callable[[BranchPoint], float]
) -> BranchPoint | None:
    """Where ``function`` of the point, of different sign at both ends, is zero (false position, Illinois rule)."""
    low, high = 0.0, 1.0
    f_low, f_high = function(left), function(right)
    if f_low == 0.0 or f_high == 0.0:
        return left if f_low == 0.0 else right
    best, side = None, 0
    for _ in range(80):
        share = (low * f_high - high * f_low) / (f_high - f_low)
        if not low < share < high:
            share = 0.5 * (low + high)
        point = point_between(system, left, right, share)
        if point is None:
            return best
        best, value = point, function(point)
        if value == 0.0 or high - low < 1e-15:
            break
        if value * f_high < 0.0:
            low, high, f_low, f_high = share, high, value, f_high * (0.5 if side == -1 else 1.0)
            side = -1
        else:
            high, f_high, f_low = share, value, f_low * (0.5 if side == 1 else 1.0)
            side = 1
        if abs(high - low) < 1e-14 * max(1.0, high):
            break
    return best


def at_precision(system: LogitSystem, left: BranchPoint, right: BranchPoint, precision: float) -> BranchPoint | None:
    """The point between two neighbours that has this precision; None when it is lost."""
    point = root_between(system, left, right, lambda q: q.precision - precision)
    return None if point is None else moved_to(system, point, precision)


def moved_to(system: LogitSystem, point: BranchPoint, precision: float) -> BranchPoint | None:
    """The solution at exactly this precision near a point of the branch; None when Newton's method loses it."""
    border = np.zeros(system.size + 1)
    border[-1] = 1.0
    slope = float(point.tangent[-1])
    step = (precision - point.precision) / slope * point.tangent if slope else np.zeros(system.size + 1)
    prediction = np.append(point.x, point.precision) + step
    prediction[-1] = precision
    weights: FloatArray = coordinate_weights(point.x, point.precision)
    corrected = corrected_point(system, prediction, border, weights)
    if corrected is None:
        return None
    # The border looks towards higher precision; keep the direction in which the branch is followed.
    ahead = 1.0 if (weights * corrected.tangent) @ (weights * point.tangent) > 0.0 else -1.0
    return BranchPoint(corrected.y[:-1], precision, ahead * corrected.tangent, point.arc_length)
