"""Value semantics for frozen dataclasses that hold arrays: equality, hash and pickling that keeps arrays read-only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, Self

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]


def finite_array(values: npt.ArrayLike, name: str) -> FloatArray:
    """Read-only float64 copy of ``values``; negative zero becomes zero, so that equal arrays have equal bytes.

    Raises ValueError naming the first entry that is not finite, or that ``values`` is not an array of numbers.
    """
    try:
        array = np.array(values, dtype=np.float64) + 0.0
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} is not a rectangular array of numbers: {error}") from None
    array = np.asarray(array)
    bad = np.argwhere(~np.isfinite(array))
    if len(bad):
        place = tuple(int(i) for i in bad[0])
        where = f"[{', '.join(map(str, place))}]" if place else ""
        raise ValueError(f"{name}{where} = {array[place]} is not finite")
    array.setflags(write=False)
    return array


class ArrayRecord:
    """Base of frozen dataclasses with array fields; decorate subclasses with ``@dataclass(frozen=True, eq=False)``.

    Fields marked ``compare=False`` (run time) take no part in equality and hash.
    """

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return all(_same(getattr(self, name), getattr(other, name)) for name in _compared(self))

    def __hash__(self) -> int:
        return hash((type(self).__name__, *(_hashable(getattr(self, name)) for name in _compared(self))))

    def __reduce__(self) -> tuple[Any, ...]:
        # Rebuilding through the constructor: unpickled arrays would otherwise be writeable.
        values = {field.name: getattr(self, field.name) for field in fields(self)}  # type: ignore[arg-type]
        return _rebuild, (type(self), values)

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self


def _rebuild(cls: type[Any], values: dict[str, Any]) -> Any:
    return cls(**values)


def _compared(record: ArrayRecord) -> list[str]:
    return [field.name for field in fields(record) if field.compare]  # type: ignore[arg-type]


def _same(left: Any, right: Any) -> bool:
    if isinstance(left, np.ndarray) or isinstance(right, np.ndarray):
        return bool(np.array_equal(left, right))
    if isinstance(left, tuple) and isinstance(right, tuple):
        return len(left) == len(right) and all(map(_same, left, right))
    return bool(left == right)


def _hashable(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.shape, (value + 0.0).tobytes()
    if isinstance(value, tuple):
        return tuple(map(_hashable, value))
    if isinstance(value, Mapping):
        return tuple(sorted((key, _hashable(item)) for key, item in value.items()))
    return value
