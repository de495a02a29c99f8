"""How kernels are compiled: one decorator for all modules that hold some, and only they import it, as it imports numba.

A kernel must not call a kernel of another module without need: numba's cache on disk does not see changes there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

from numba import njit

FunctionT = TypeVar("FunctionT", bound=Callable[..., Any])


def compiled(function: FunctionT) -> FunctionT:
    """Compile with a cache on disk, or without where no folder can be written."""
    return _compiled(function)


def compiled_without_zero_checks(function: FunctionT) -> FunctionT:
    """The same with division by zero as in numpy: infinite or not a number, no exception."""
    return _compiled(function, error_model="numpy")


def _compiled(function: FunctionT, **options: Any) -> FunctionT:
    try:
        return cast(FunctionT, njit(cache=True, nogil=True, **options)(function))
    except RuntimeError:  # pragma: no cover
        return cast(FunctionT, njit(nogil=True, **options)(function))
