"""The door of the economy: every number that enters is finite and within its bounds, or one clear error says which is
not."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]


def finite_array(name: str, value: ArrayLike, low: float = -np.inf, high: float = np.inf) -> FloatArray:
    """``value`` as floats, or one ValueError that names it, the place and value of the first bad entry, and the
    rule.

    Entries within 1e-12 of a bound are rounding and become the bound.
    """
    try:
        array = np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError):
        raise ValueError(f"{name} = {value!r} is not a number or an array of numbers") from None
    bad = ~(np.isfinite(array) & (array >= low - 1e-12) & (array <= high + 1e-12))
    if np.any(bad):
        place = tuple(int(i) for i in np.argwhere(bad)[0])
        first = float(array[place])
        rule = "is not finite" if not np.isfinite(first) else f"is not in [{low:g}, {high:g}]"
        raise ValueError(f"{name}{list(place) if place else ''} = {first} {rule}")
    return np.clip(array, low, high) if np.isfinite(low) or np.isfinite(high) else array
