"""The door of the trade model: what enters is finite, in range and of the right shape, or one error says why not."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]
Shape = tuple[int, ...]


def read_only(array: Array) -> Array:
    """A float64 copy that cannot be written to."""
    frozen = np.array(array, dtype=np.float64)
    frozen.flags.writeable = False
    return frozen


def checked(name: str, value: ArrayLike, low: float | None = None, *, strict: bool = False) -> Array:
    """`value` as floats; ValueError naming the first entry that is not finite, or below (strict: at or below) `low`."""
    array = np.asarray(value, dtype=np.float64)
    _refuse(name, array, ~np.isfinite(array), "is not finite")
    if low is not None:
        bad = array <= low if strict else array < low
        _refuse(name, array, bad, f"is not {'above' if strict else 'at least'} {low:g}")
    return array


def checked_square(name: str, array: Array, n: int | None = None) -> int:
    """n, where the last two axes of the array are (n, n); ValueError otherwise."""
    size = array.shape[-1] if n is None and array.ndim else n
    if array.ndim < 2 or array.shape[-2:] != (size, size):
        raise ValueError(f"{name} has shape {array.shape}; the rule is (..., {n or 'n'}, {n or 'n'})")
    return int(array.shape[-1])


def checked_tariffs(name: str, value: ArrayLike, n: int) -> Array:
    """Tariff rates (..., n, n): finite, above -1 and 0 on the diagonal; ValueError otherwise."""
    rates = np.asarray(value, dtype=np.float64)
    checked_square(name, rates, n)
    if np.isposinf(rates).any():
        raise ValueError(f"{name} holds an infinite rate: to stop a flow, use export_bans")
    rates = checked(name, rates, low=-1.0, strict=True)
    own = np.zeros_like(rates, dtype=bool)
    own[..., np.arange(n), np.arange(n)] = True
    _refuse(name, rates, own & (rates != 0.0), "is not 0: no region has a tariff on its own goods")
    return rates


def checked_bans(value: ArrayLike, spending: Array, regions: tuple[str, ...]) -> NDArray[np.bool_]:
    """Export bans (..., n, n) as booleans that leave everyone a supplier and a customer; ValueError otherwise."""
    bans = np.asarray(value)
    if not np.isin(bans, (False, True)).all():
        raise ValueError("export_bans holds something else than True and False")
    bans = bans.astype(bool)
    checked_square("export_bans", bans.astype(np.float64), len(regions))
    for region, banned in zip(regions, np.moveaxis(bans.diagonal(axis1=-2, axis2=-1), -1, 0), strict=True):
        if banned.any():
            raise ValueError(f"export_bans of {region} on itself: only flows between regions can be banned")
    open_flows = (spending > 0.0) & ~bans
    for axis, role in ((-2, "supplier"), (-1, "customer")):
        alone = ~open_flows.any(axis=axis)
        if alone.any():
            region = regions[int(np.argwhere(alone)[0][-1])]
            raise ValueError(f"export_bans leave {region} without any {role}")
    return bans


def batch_shape(**shapes: Shape) -> Shape:
    """Common broadcast shape of leading axes; ValueError naming the shapes that do not fit."""
    try:
        return np.broadcast_shapes(*shapes.values())
    except ValueError:
        listed = ", ".join(f"{name} {shape}" for name, shape in shapes.items())
        raise ValueError(f"leading axes do not broadcast: {listed}") from None


def _refuse(name: str, array: Array, bad: NDArray[np.bool_], rule: str) -> None:
    """ValueError that names the first bad entry, its value and the rule."""
    if bad.any():
        index = tuple(int(k) for k in np.argwhere(bad)[0])
        raise ValueError(f"{name}{list(index) if index else ''} = {array[index]:g} {rule}")
