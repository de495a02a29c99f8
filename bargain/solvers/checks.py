"""Checks of solver settings: one line that names the setting, its value and the rule."""

from __future__ import annotations

from collections.abc import Iterable
from numbers import Real
from typing import Any

import numpy as np


def is_number(value: Any) -> bool:
    """Whether it is a finite real number, truth values apart."""
    return not isinstance(value, bool | np.bool_) and isinstance(value, Real) and bool(np.isfinite(float(value)))


def check_count(name: str, value: Any) -> None:
    """Raise ValueError unless the value is a whole number of at least 1."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 1:
        raise ValueError(f"{name} = {value!r} is not a positive number without fraction")


def entries(name: str, values: Any) -> tuple[Any, ...]:
    """One entry per player; ValueError for a text, and for what holds no entries."""
    given = () if isinstance(values, str | bytes) or not isinstance(values, Iterable) else tuple(values)
    if not given:
        raise ValueError(f"{name} = {values!r} does not hold one entry for each player")
    return given


def numbers(name: str, values: Any) -> tuple[float, ...]:
    """One finite number per player as floats; ValueError names the entry that is none."""
    given = entries(name, values)
    for value in given:
        if not is_number(value):
            raise ValueError(f"{name}: {value!r} is not a finite number")
    return tuple(map(float, given))
