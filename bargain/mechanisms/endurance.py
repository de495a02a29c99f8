"""Endurance with known stocks: how long an embargo pays, what stock deters it, how a stock is best used up.

An embargo costs the sender a profit f a round until the target gives in after n rounds and the sender gets a prize P,

    P d^n  >  f (1 - d^n) / (1 - d)     <=>     n  <  ln(f / (f + (1 - d) P)) / ln d,

so that a target which can hold out longer deters it. A stock K is used up while an embargo lasts that ends in any round
with chance h. With a loss L (s / need)^p of the shortage s = need - release, p > 1, the marginal loss is equalised over
the rounds that may come (Hotelling 1931, with a hazard as in Long 1975),

    s_t^(p - 1) = d (1 - h) s_(t+1)^(p - 1)    until the stock is gone,   sum of (need - s_t) = K,   s_t <= need,

so that shortages grow by w^(-1/(p - 1)) a round, w = d (1 - h). A target that would lose y a round by giving in holds
out while the loss is no more than y, that is up to the shortage s* = need (y / L)^(1/p). Used for nothing but time, at
the shortage s* in every round, the stock lasts K / (need - s*) rounds and no use of it makes that longer.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

ROUNDING = 1e-9
"""Share of a round by which rounding may be off: it never makes or unmakes a round."""


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


def embargo_worth(
    profit: npt.ArrayLike, prize: npt.ArrayLike, discount_factor: npt.ArrayLike, rounds: npt.ArrayLike
) -> FloatArray:
    """What an embargo is worth to its sender if the target gives in after ``rounds``: d^n P - f (1 - d^n) / (1 - d)."""
    f, prize_, d, n = (np.asarray(x, dtype=np.float64) for x in (profit, prize, discount_factor, rounds))
    for name, x, fits, rule in (
        ("profit", f, np.isfinite(f), "finite"),
        ("prize", prize_, np.isfinite(prize_), "finite"),
        ("discount_factor", d, (d > 0.0) & (d < 1.0), "in (0, 1)"),
        ("rounds", n, n >= 0.0, ">= 0"),
    ):
        if not np.all(fits):
            raise ValueError(f"{name} = {x[~fits].flat[0]:g} is not {rule}")
    kept = d**n
    return np.asarray(kept * prize_ - f * (1.0 - kept) / (1.0 - d))


@dataclass(frozen=True)
class Drawdown:
    """The best use of a stock under an embargo of unknown length.

    releases, shortages: a round, for the rounds until the stock is gone (afterwards the shortage is the need); loss:
    expected discounted sum of the shortages to the power p, for ever if the embargo goes on; worth: what one unit of
    stock more would take from that sum.
    """

    releases: tuple[float, ...]
    shortages: tuple[float, ...]
    loss: float
    worth: float

    @property
    def rounds(self) -> int:
        """Rounds in which something is released."""
        return len(self.releases)

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        return cls(tuple(data["releases"]), tuple(data["shortages"]), data["loss"], data["worth"])


def optimal_drawdown(
    need: float, stock: float, discount_factor: float, hazard: float, exponent: float = 2.0
) -> Drawdown:
    """How a stock is released round by round while an embargo may end in any round with chance ``hazard``.

    need: a round, > 0; stock: >= 0; discount_factor in (0, 1]; hazard in [0, 1), not 0 with a discount factor of 1;
    exponent of the loss: > 1, 2 is the quadratic one.
    """
    weight = _weight(need, stock, discount_factor, hazard, exponent)
    n, first, last = _plan(need, stock, weight, exponent)
    shortages = last * _growth(weight, exponent) ** -np.arange(n - 1.0, -1.0, -1.0)
    loss = float(np.sum(weight ** np.arange(n) * shortages**exponent)) + need**exponent * weight**n / (1.0 - weight)
    worth = exponent * (first if n else need) ** (exponent - 1.0)
    return Drawdown(tuple((need - shortages).tolist()), tuple(shortages.tolist()), loss, worth)


def endurance(
    need: float,
    stock: float,
    discount_factor: float,
    hazard: float,
    full_loss: float,
    cost_of_yielding: float,
    exponent: float = 2.0,
) -> float:
    """Rounds for which the loss stays at or below the cost of yielding when the stock is used up in the best way.

    full_loss: a round, when all of the need is missing, >= 0; cost_of_yielding: a round, >= 0. Infinite where even that
    loss is no larger than the cost of yielding.
    """
    weight = _weight(need, stock, discount_factor, hazard, exponent)
    bearable = bearable_shortage(need, full_loss, cost_of_yielding, exponent)
    if bearable >= need:
        return math.inf
    n, first, last = _plan(need, stock, weight, exponent)
    if n == 0 or first > bearable * (1.0 + ROUNDING):
        return 0.0
    if last <= bearable:
        return float(n)
    if bearable <= 0.0:
        return 0.0
    # Shortages grow by the same factor; those of the last rounds exceed what is bearable.
    beyond = math.log(last / bearable) / math.log(_growth(weight, exponent))
    return float(max(0, n - math.ceil(beyond - ROUNDING)))


def longest_endurance(
    need: float, stock: float, full_loss: float, cost_of_yielding: float, exponent: float = 2.0
) -> float:
    """Rounds for which a stock can keep the loss at the cost of yielding if it is used for nothing else."""
    _check_stock(need, stock, exponent)
    bearable = bearable_shortage(need, full_loss, cost_of_yielding, exponent)
    return math.inf if bearable >= need else stock / (need - bearable)


def bearable_shortage(need: float, full_loss: float, cost_of_yielding: float, exponent: float = 2.0) -> float:
    """The shortage at which a round costs as much as giving in; the need where nothing costs as much."""
    for name, value in (("full_loss", full_loss), ("cost_of_yielding", cost_of_yielding)):
        if not 0.0 <= value < math.inf:
            raise ValueError(f"{name} = {value:g} is not finite and >= 0")
    if cost_of_yielding >= full_loss:
        return need
    return float(need * (cost_of_yielding / full_loss) ** (1.0 / exponent))


def deterring_stock(
    threshold: float,
    need: float,
    discount_factor: float,
    hazard: float,
    full_loss: float,
    cost_of_yielding: float,
    exponent: float = 2.0,
) -> float:
    """The smallest stock whose ``endurance`` reaches a threshold of rounds, such as that of ``embargo_threshold``.

    threshold: >= 0, may be infinite, and then no stock deters (infinity), as none does where giving in costs nothing;
    0 for a target that never gives in.
    """
    weight = _weight(need, 0.0, discount_factor, hazard, exponent)
    if not threshold >= 0.0:
        raise ValueError(f"threshold = {threshold:g} is not >= 0")
    bearable = bearable_shortage(need, full_loss, cost_of_yielding, exponent)
    if bearable >= need or threshold == 0.0:
        return 0.0
    if bearable == 0.0 or math.isinf(threshold):
        return math.inf
    rounds = math.ceil(threshold - ROUNDING)
    first = bearable * _growth(weight, exponent) ** (1.0 - rounds)
    return stock_of_first_shortage(first, need, weight, exponent)


def stock_of_first_shortage(first: float, need: float, weight: float, exponent: float = 2.0) -> float:
    """The stock at whose best use the first shortage is ``first``: more stock, less shortage; 0 at the need itself.

    weight: d (1 - h), what the next round counts; first in (0, need].
    """
    growth = _growth(weight, exponent)
    # The rounds that start with a shortage below the need.
    n = max(0, math.ceil(math.log(need / first) / math.log(growth) - ROUNDING))
    return n * need - first * (growth**n - 1.0) / (growth - 1.0)


def _growth(weight: float, exponent: float) -> float:
    return float(weight ** (-1.0 / (exponent - 1.0)))


def _check_stock(need: float, stock: float, exponent: float) -> None:
    for name, value, fits, rule in (
        ("need", need, 0.0 < need < np.inf, "finite and > 0"),
        ("stock", stock, 0.0 <= stock < np.inf, "finite and >= 0"),
        ("exponent", exponent, 1.0 < exponent < np.inf, "finite and > 1"),
    ):
        if not fits:
            raise ValueError(f"{name} = {value:g} is not {rule}")


def _weight(need: float, stock: float, discount_factor: float, hazard: float, exponent: float) -> float:
    """What the next round counts, d (1 - h), with all arguments checked."""
    _check_stock(need, stock, exponent)
    for name, value, fits, rule in (
        ("discount_factor", discount_factor, 0.0 < discount_factor <= 1.0, "in (0, 1]"),
        ("hazard", hazard, 0.0 <= hazard < 1.0, "in [0, 1)"),
    ):
        if not fits:
            raise ValueError(f"{name} = {value:g} is not {rule}")
    weight = discount_factor * (1.0 - hazard)
    if weight >= 1.0:
        raise ValueError("discount_factor = 1 with hazard = 0 values an endless embargo at infinity; lower one of them")
    return weight


def _plan(need: float, stock: float, weight: float, exponent: float) -> tuple[int, float, float]:
    """Number of rounds with a release, the first and the last shortage: the largest n whose last shortage is < need.

    Over n rounds the stock covers n need - last (1 - g^-n) / (1 - 1 / g), g the growth of shortages; the first one is
    last g^(1 - n), which is nothing to speak of where the stock is large.
    """
    growth = _growth(weight, exponent)
    best, begin = (0, need, need), max(1, int(stock / need))
    for n in range(begin, begin + 1_000_000):
        last = max(n * need - stock, 0.0) * (1.0 - 1.0 / growth) / (1.0 - growth**-n)
        if last >= need:
            break
        if n * need >= stock:
            best = (n, last * growth ** (1.0 - n), last)
    return best
