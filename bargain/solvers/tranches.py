"""Concessions in instalments: how many tranches make an exchange enforce itself, and how fast trust can grow.

Staged exchange. Each side owes a concession C, each unit of which costs its giver 1 and is worth v to the receiver.
Both give in tranches at the same time, and whoever keeps a tranche back saves its cost and loses all that is to come.
With V_0 = R the value of the relationship afterwards, the k-th tranche from the end enforces itself when
x_k <= d V_(k-1), and V_k = (v - 1) x_k + d V_(k-1). Large tranches leave most for those before them, so that
x_k = d R (d v)^(k-1) is the most that each can carry, and n tranches carry d R ((d v)^n - 1) / (d v - 1), or n d R
where d v = 1. For d v < 1 they never carry d R / (1 - d v) or more: no number of tranches is enough.

Gradualism (Lockwood and Thomas 2002, the linear case). Two players cannot take back what they have given, up to a cap
of 1; with c_t given by both by round t a round pays (b - 1) c_t. Whoever stops keeps b c_t - c_(t-1) for ever. The
fastest path that enforces itself leaves both indifferent in every round: its steps shrink by 1 / (b d), so that
c_t = 1 - (b d)^(-t) and its value is b - 1 / d. For b d <= 1 nothing is ever given.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from bargain.games.record import ArrayRecord, FloatArray, finite_array

EXACT = 1e-12
"""Share of a concession by which tranches may fall short of it: rounding."""

MOST_LISTED = 100_000
"""Tranches up to which their sizes are listed."""


@dataclass(frozen=True, eq=False)
class StagedConcession(ArrayRecord):
    """The fewest tranches of a concession that enforce themselves.

    n_tranches: None where no number is enough; sizes: in the order in which they are given, the first one no larger
    than need be, empty for very many; carried: what no number of tranches exceeds, infinite without a limit.
    """

    n_tranches: int | None
    sizes: FloatArray
    carried: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "sizes", finite_array(self.sizes, "sizes"))

    def to_dict(self) -> dict[str, Any]:
        carried = self.carried if np.isfinite(self.carried) else None
        return {"n_tranches": self.n_tranches, "sizes": self.sizes.tolist(), "carried": carried}


def fewest_tranches(concession: float, worth: float, relationship: float, discount_factor: float) -> StagedConcession:
    """The smallest number of tranches in which a concession can be exchanged, with their sizes.

    concession: C >= 0 in what it costs its giver; worth: v > 0 to the receiver per unit; relationship: R >= 0 after the
    last tranche; discount_factor: in [0, 1). Raises ValueError for other numbers.
    """
    total = _number("concession", concession, 0.0)
    per_unit = _number("worth", worth, 0.0)
    last = _number("relationship", relationship, 0.0) * _discount(discount_factor)
    if per_unit == 0.0:
        raise ValueError("worth = 0 is not > 0; what is worth nothing to its receiver is not exchanged")
    growth = per_unit * discount_factor
    limit = 0.0 if last == 0.0 else np.inf if growth >= 1.0 else last / (1.0 - growth)
    if total == 0.0:
        return StagedConcession(0, np.zeros(0), limit)
    if limit <= total * (1.0 + EXACT):
        return StagedConcession(None, np.zeros(0), limit)
    # The closed form, put right by one where it lies on the edge.
    steps = total / last if growth == 1.0 else np.log1p(total * (growth - 1.0) / last) / np.log(growth)
    n = max(int(steps) - 1, 1)
    while _carried(n, last, growth) < total * (1.0 - EXACT):
        n += 1
    if n > MOST_LISTED:
        return StagedConcession(n, np.zeros(0), limit)
    later = last * growth ** np.arange(n - 1.0)
    return StagedConcession(n, np.append(total - later.sum(), later[::-1]), limit)


def _carried(n: int, last: float, growth: float) -> float:
    """What ``n`` tranches carry at most."""
    return last * n if growth == 1.0 else float(last * np.expm1(n * np.log(growth)) / (growth - 1.0))


@dataclass(frozen=True, eq=False)
class GradualPath(ArrayRecord):
    """The fastest path of irreversible contributions that enforces itself.

    contributions: c_1, c_2, ... as shares of the cap, the same for both; payoff: value to each, normalised by
    (1 - discount factor), against nothing given.
    """

    contributions: FloatArray
    payoff: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "contributions", finite_array(self.contributions, "contributions"))

    def to_dict(self) -> dict[str, Any]:
        return {"contributions": self.contributions.tolist(), "payoff": self.payoff}


def gradual_path(benefit: float, discount_factor: float, n_rounds: int) -> GradualPath:
    """Contributions over ``n_rounds`` rounds (Lockwood and Thomas 2002, linear payoffs, irreversible, cap 1).

    benefit: b >= 0, what a unit is worth to the other side; it costs its giver 1. discount_factor: in [0, 1).
    Raises ValueError for other numbers.
    """
    worth, d = _number("benefit", benefit, 0.0), _discount(discount_factor)
    if isinstance(n_rounds, bool) or not isinstance(n_rounds, int | np.integer) or n_rounds < 1:
        raise ValueError(f"n_rounds = {n_rounds!r} is not a whole number >= 1")
    growth = worth * d
    if growth <= 1.0:
        return GradualPath(np.zeros(n_rounds), 0.0)
    return GradualPath(1.0 - growth ** -np.arange(1.0, n_rounds + 1.0), worth - 1.0 / d)


def _number(name: str, value: float, least: float) -> float:
    number = float(finite_array(value, name))
    if number < least:
        raise ValueError(f"{name} = {number:g} is not >= {least:g}")
    return number


def _discount(discount_factor: float) -> float:
    number = float(finite_array(discount_factor, "discount_factor"))
    if not 0.0 <= number < 1.0:
        raise ValueError(f"discount_factor = {number:g} is not in [0, 1)")
    return number
