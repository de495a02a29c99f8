"""Endurance with known stocks: how long an embargo pays, what stock deters it, how a stock is best used up.

An embargo costs the sender a profit f a round until the target gives in after n rounds and the sender gets a prize P,

    P d^n  >  f (1 - d^n) / (1 - d)     <=>     n  <  ln(f / (f + (1 - d) P)) / ln d,

so that a target which can hold out longer deters it. A stock K is used up while an embargo lasts that ends in any round
with chance h. With a loss that grows with the square of the shortage s = need - release, the marginal loss is equalised
over the rounds that may come (Hotelling 1931, with a hazard as in Long 1975),

    s_t = d (1 - h) s_(t+1)     until the stock is gone,   sum of (need - s_t) = K,   s_t <= need.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]


def embargo_threshold(profit: npt.ArrayLike, prize: npt.ArrayLike, discount_factor: npt.ArrayLike) -> FloatArray:
    """Rounds of endurance from which on an embargo no longer pays its sender; 0 without a prize, infinite without cost.

    profit: forgone a round, >= 0; prize: once, when the target gives in, >= 0; discount_factor in (0, 1). Broadcast.
    """
    f, prize_, d = (np.asarray(x, dtype=np.float64) for x in (profit, prize, discount_factor))
    for name, x, fits, rule in (
        ("profit", f, np.isfinite(f) & (f >= 0.0), "finite and >= 0"),
        ("prize", prize_, np.isfinite(prize_) & (prize_ >= 0.0), "finite and >= 0"),
        ("discount_factor", d, (d > 0.0) & (d < 1.0), "in (0, 1)"),
    ):
        if not np.all(fits):
            raise ValueError(f"{name} = {x[~fits].flat[0]:g} is not {rule}")
    f, prize_, d = np.broadcast_arrays(f, prize_, d)
    worth = (1.0 - d) * prize_
    with np.errstate(divide="ignore", invalid="ignore"):
        rounds = np.log(np.where(f + worth > 0.0, f / (f + worth), 1.0)) / np.log(d)
    return np.asarray(np.where(worth == 0.0, 0.0, rounds))


@dataclass(frozen=True)
class Drawdown:
    """The best use of a stock under an embargo of unknown length.

    releases, shortages: a round, for the rounds until the stock is gone (afterwards the shortage is the need); loss:
    expected discounted sum of squared shortages, for ever if the embargo goes on.
    """

    releases: tuple[float, ...]
    shortages: tuple[float, ...]
    loss: float

    @property
    def rounds(self) -> int:
        """Rounds in which something is released."""
        return len(self.releases)

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def optimal_drawdown(need: float, stock: float, discount_factor: float, hazard: float) -> Drawdown:
    """How a stock is released round by round while an embargo may end in any round with chance ``hazard``.

    need: a round, > 0; stock: >= 0; discount_factor in (0, 1]; hazard in [0, 1), not 0 with a discount factor of 1.
    """
    for name, value, fits, rule in (
        ("need", need, 0.0 < need < np.inf, "finite and > 0"),
        ("stock", stock, 0.0 <= stock < np.inf, "finite and >= 0"),
        ("discount_factor", discount_factor, 0.0 < discount_factor <= 1.0, "in (0, 1]"),
        ("hazard", hazard, 0.0 <= hazard < 1.0, "in [0, 1)"),
    ):
        if not fits:
            raise ValueError(f"{name} = {value:g} is not {rule}")
    weight = discount_factor * (1.0 - hazard)
    if weight >= 1.0:
        raise ValueError("discount_factor = 1 with hazard = 0 values an endless embargo at infinity; lower one of them")
    n, first = _plan(need, stock, weight)
    shortages = first / weight ** np.arange(n)
    loss = float(np.sum(weight ** np.arange(n) * shortages**2)) + need**2 * weight**n / (1.0 - weight)
    return Drawdown(tuple((need - shortages).tolist()), tuple(shortages.tolist()), loss)


def _plan(need: float, stock: float, weight: float) -> tuple[int, float]:
    """Number of rounds with a release and the shortage of the first one: the largest n whose last shortage is <= need.

    Over n rounds the stock covers n need - first (w^-n - 1) / (w^-1 - 1); the last shortage is first / w^(n - 1).
    """
    best = (0, need)
    for n in range(1, 100_000):
        growth = (weight**-n - 1.0) / (1.0 / weight - 1.0)
        first = (n * need - stock) / growth
        if first < 0.0:
            continue
        if first / weight ** (n - 1) >= need:
            break
        best = (n, first)
        if not np.isfinite(weight ** -(n + 1)):
            break
    return best
