"""What is known of the months that a side can hold out: points or pieces of constant density, and a side that never
yields.

A prior is read from the shortest endurance to the longest. With S(x) the chance of an endurance beyond x, the *clock*
of a war of attrition (see ``attrition``) is

    h(x) = integral from the shortest endurance to x of  -dS / (S y),

ln(S before / S after) / x at a point; (f/A) [ln(y / (A - f y))] on a piece where S = A - f y.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class EndurancePrior:
    """Chances of an endurance in months; what they leave of 1 is the chance of a side that never yields.

    months: points, rising, > 0, or the ends of pieces, one more than chances; chances: > 0 each, their sum in (0, 1).
    """

    months: tuple[float, ...]
    chances: tuple[float, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "months", tuple(float(x) for x in self.months))
        object.__setattr__(self, "chances", tuple(float(x) for x in self.chances))
        if not self.chances or len(self.months) - len(self.chances) not in (0, 1):
            raise ValueError(
                f"{len(self.months)} months and {len(self.chances)} chances are neither points, as many of each, nor "
                "pieces, one month more"
            )
        for before, after in zip((0.0, *self.months), self.months, strict=False):
            if not before < after < math.inf:
                raise ValueError(f"months: {after:g} follows {before:g}; the rule is finite, positive and rising")
        for chance in self.chances:
            if not 0.0 < chance < 1.0:
                raise ValueError(f"chances: {chance:g} is not in (0, 1)")
        if not 0.0 < self.obstinate < 1.0:
            raise ValueError(f"chances sum to {sum(self.chances):g}; the rule is less than 1: a side may never yield")

    @classmethod
    def points(cls, months: Sequence[float], chances: Sequence[float], obstinate: float) -> Self:
        """Given lengths with given chances among the sides that may yield (they are scaled to 1 - obstinate)."""
        return cls(tuple(months), _scaled(chances, obstinate))

    @classmethod
    def uniform(cls, low: float, high: float, obstinate: float) -> Self:
        """Any length between two ends alike."""
        return cls((low, high), (1.0 - obstinate,))

    @classmethod
    def triangular(cls, low: float, mode: float, high: float, obstinate: float, n_pieces: int = 24) -> Self:
        """A triangular density cut into pieces of equal width."""
        if not low < high or not low <= mode <= high:
            raise ValueError(f"low, mode, high = {low:g}, {mode:g}, {high:g}; the rule is low <= mode <= high, apart")
        knots = np.linspace(low, high, n_pieces + 1)
        return cls(
            tuple(knots.tolist()), _scaled(np.diff(triangular_share(knots, low, mode, high)).tolist(), obstinate)
        )

    @property
    def smooth(self) -> bool:
        """Whether the prior has pieces and no points."""
        return len(self.months) > len(self.chances)

    @property
    def obstinate(self) -> float:
        """Chance of a side that never yields."""
        return 1.0 - math.fsum(self.chances)

    @property
    def mean(self) -> float:
        """Mean endurance of the sides that may yield, months."""
        middle = (
            [0.5 * (a + b) for a, b in zip(self.months, self.months[1:], strict=False)] if self.smooth else self.months
        )
        return math.fsum(x * p for x, p in zip(middle, self.chances, strict=True)) / math.fsum(self.chances)

    @cached_property
    def _tail(self) -> FloatArray:
        """Chance of more than each breakpoint, from 1 down to that of a side that never yields."""
        tail = 1.0 - np.concatenate([[0.0], np.cumsum(self.chances)])
        tail[-1] = self.obstinate
        return tail

    @cached_property
    def clock_breaks(self) -> FloatArray:
        """Positions on the clock between points or pieces, from 0 to its length."""
        x, tail = np.asarray(self.months), self._tail
        if not self.smooth:
            steps = np.log(tail[:-1] / tail[1:]) / x
        else:
            steps = self._density / self._level * np.log(x[1:] / tail[1:] * tail[:-1] / x[:-1])
        return np.concatenate([[0.0], np.cumsum(steps)])

    @property
    def clock_length(self) -> float:
        """Position on the clock at which nobody is left who may yield."""
        return float(self.clock_breaks[-1])

    @cached_property
    def _density(self) -> FloatArray:
        return np.asarray(self.chances) / np.diff(self.months)

    @cached_property
    def _level(self) -> FloatArray:
        """A of every piece, where the chance of more than x is A - f x."""
        return np.asarray(self._tail[:-1] + self._density * np.asarray(self.months)[:-1])

    def _place(self, clock: FloatArray) -> npt.NDArray[np.intp]:
        """The point or piece whose turn it is; at a breakpoint, up to rounding, the later one."""
        found = np.searchsorted(self.clock_breaks, clock + 1e-12 * self.clock_length, side="right") - 1
        return np.clip(found, 0, len(self.chances) - 1)

    def type_at(self, clock: npt.ArrayLike) -> FloatArray:
        """The endurance whose turn it is at a position of the clock."""
        h, breaks = np.asarray(clock, dtype=np.float64), self.clock_breaks
        k = self._place(h)
        x = np.asarray(self.months)
        if not self.smooth:
            return np.asarray(x[k])
        grown = x[k] / self._tail[k] * np.exp(self._level[k] / self._density[k] * (h - breaks[k]))
        return np.asarray(np.clip(self._level[k] * grown / (1.0 + self._density[k] * grown), x[k], x[k + 1]))

    def survival_at(self, clock: npt.ArrayLike) -> FloatArray:
        """Chance that the side has not had its turn at a position of the clock."""
        h, breaks = np.asarray(clock, dtype=np.float64), self.clock_breaks
        k = self._place(h)
        x = np.asarray(self.months)
        if not self.smooth:
            return np.asarray(self._tail[k] * np.exp(-x[k] * (h - breaks[k])))
        return np.asarray(self._level[k] - self._density[k] * self.type_at(h))

    def types(self, n_types: int) -> tuple[float, ...]:
        """The points, or endurances spread over the pieces, ends included."""
        if not self.smooth:
            return self.months
        return tuple(np.linspace(self.months[0], self.months[-1], n_types).tolist())

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        return cls(tuple(data["months"]), tuple(data["chances"]))


def triangular_share(x: npt.ArrayLike, low: float, mode: float, high: float) -> FloatArray:
    """Distribution function of the triangular density."""
    y = np.clip(np.asarray(x, dtype=np.float64), low, high)
    rising = (y - low) ** 2 / ((high - low) * max(mode - low, math.ulp(0.0)))
    falling = 1.0 - (high - y) ** 2 / ((high - low) * max(high - mode, math.ulp(0.0)))
    return np.where(y <= mode, rising if mode > low else 0.0, falling)


def _scaled(chances: Sequence[float], obstinate: float) -> tuple[float, ...]:
    if not 0.0 < obstinate < 1.0:
        raise ValueError(f"obstinate = {obstinate:g} is not in (0, 1)")
    if any(not 0.0 < chance < math.inf for chance in chances):
        raise ValueError(f"chances = {tuple(chances)} are not all positive")
    total = math.fsum(chances)
    return tuple((1.0 - obstinate) * chance / total for chance in chances)
