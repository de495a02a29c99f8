"""The door of the economy: every number that enters is finite and within its bounds, or one clear error says which is
not."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]


def finite_array(name: str, value: ArrayLike, low: float = -np.inf, high: float = np.inf) -> FloatArray:
    """``value`` as floats, or one error that names it, the first bad entry and the rule."""
    array = np.asarray(value, dtype=np.float64)
    bad = ~(np.isfinite(array) & (array >= low - 1e-12) & (array <= high + 1e-12))
    if np.any(bad):
        first = array[bad].flat[0] if array.ndim else array
        rule = "is not finite" if not np.isfinite(first) else f"is not in [{low:g}, {high:g}]"
        raise ValueError(f"{name} = {float(first)} {rule}")
    return np.clip(array, low, high) if np.isfinite(low) or np.isfinite(high) else array
