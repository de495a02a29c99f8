"""Hoarding before an expected stop: how much is laid in, how fast, and what a cap on purchases does to it.

Supplies may stop in any round with chance h. Before that a user buys x a round beyond its use, 0 <= x <= cap, at the
price a x + g x^2 / 2 (buying fast drives the price up) and pays s a round for every unit held; once the stop has come
the stock K is used up in the best way at the loss L(K) (see ``endurance``). With d the discount factor

    W(K) = min over x of  a x + g x^2 / 2 + s (K + x) + d [h L(K + x) + (1 - h) W(K + x)],

    a + g x_t = d [h (-L'(K_(t+1))) + (1 - h) (a + g x_(t+1))] - s            where the cap does not bind.

Purchases fall towards 0 as the stock nears the target K*, at which -L'(K*) = (s + a (1 - d (1 - h))) / (d h): the
classical rule of a stockpile against an embargo (Nichols and Zeckhauser 1977; Teisberg 1981). A short licence caps x at
what it allows beyond use, and a licence still valid when the stop comes is a stock in itself.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from bargain.mechanisms.endurance import optimal_drawdown, stock_of_first_shortage

FloatArray = npt.NDArray[np.float64]

GRID = 400
"""Points of the stock between 0 and its target at which purchases are solved."""

SETTLED = 1e-12
"""Change of the marginal worth of stock, relative to its scale, at which the recursion ends."""


@dataclass(frozen=True)
class Market:
    """What hoarding costs and what it saves.

    need: missing a round once supplies stop, > 0; full_loss: of a round with all of it missing, > 0, in the unit of
    cost; exponent of the loss, > 1; hazard: chance of a stop a round, in (0, 1]; relief: chance that a stop ends in a
    round, in [0, 1); discount_factor in (0, 1); price: of a unit, >= 0; slope: of the price in the purchases of a
    round, > 0; storage: of a unit a round, >= 0.
    """

    need: float
    full_loss: float
    hazard: float
    relief: float
    discount_factor: float
    price: float
    slope: float
    storage: float
    exponent: float = 2.0

    def __post_init__(self) -> None:
        for name, fits, rule in (
            ("need", 0.0 < self.need < math.inf, "finite and > 0"),
            ("full_loss", 0.0 < self.full_loss < math.inf, "finite and > 0"),
            ("hazard", 0.0 < self.hazard <= 1.0, "in (0, 1]"),
            ("relief", 0.0 <= self.relief < 1.0, "in [0, 1)"),
            ("discount_factor", 0.0 < self.discount_factor < 1.0, "in (0, 1)"),
            ("price", 0.0 <= self.price < math.inf, "finite and >= 0"),
            ("slope", 0.0 < self.slope < math.inf, "finite and > 0"),
            ("storage", 0.0 <= self.storage < math.inf, "finite and >= 0"),
            ("exponent", 1.0 < self.exponent < math.inf, "finite and > 1"),
        ):
            if not fits:
                raise ValueError(f"{name} = {getattr(self, name):g} is not {rule}")
        if self.price == 0.0 and self.storage == 0.0:
            raise ValueError("price and storage are both 0; the rule is that holding stock costs something")

    @property
    def scale(self) -> float:
        """Loss of a round per unit of shortage to the power of the exponent."""
        return float(self.full_loss / self.need**self.exponent)

    @property
    def wanted_worth(self) -> float:
        """What the last unit of the target stock saves when the stop comes: what holding it costs per chance of use."""
        d, h = self.discount_factor, self.hazard
        return (self.storage + self.price * (1.0 - d * (1.0 - h))) / (d * h)

    def stopped(self, stock: float) -> tuple[float, float]:
        """(expected loss from the round on in which supplies stop, what one unit of stock more takes from it)."""
        plan = optimal_drawdown(self.need, stock, self.discount_factor, self.relief, self.exponent)
        return self.scale * plan.loss, self.scale * plan.worth


def target_stock(market: Market) -> float:
    """The stock at which hoarding ends; 0 where even the first unit saves less than it costs."""
    p = market.exponent
    first = (market.wanted_worth / (p * market.scale)) ** (1.0 / (p - 1.0))
    if first >= market.need:
        return 0.0
    return stock_of_first_shortage(first, market.need, market.discount_factor * (1.0 - market.relief), p)


def hazard_of_stock(market: Market, stock: float) -> float:
    """The chance of a stop at which a stock is the target: what a user who holds it must expect.

    More than 1 means that no chance explains so large a stock. The hazard of the market itself plays no part.
    """
    saved = market.stopped(stock)[1]
    d, a = market.discount_factor, market.price
    return (market.storage + a * (1.0 - d)) / (d * (saved - a)) if saved > a else math.inf


@dataclass(frozen=True)
class HoardingPlan:
    """The best purchases as long as no stop has come.

    purchases: beyond use, of every round; stocks: at its end; target: stock at which hoarding ends without a cap; cap;
    cost: expected and discounted, of purchases, storage and of the loss when the stop comes; gain: most that a change
    of the plan takes from it, as a share of the cost (see ``largest_gain``).
    """

    purchases: tuple[float, ...]
    stocks: tuple[float, ...]
    target: float
    cap: float | None
    cost: float
    gain: float

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        return cls(**{**data, "purchases": tuple(data["purchases"]), "stocks": tuple(data["stocks"])})


def hoarding_plan(market: Market, stock: float, n_rounds: int, cap: float | None = None) -> HoardingPlan:
    """How a user that holds ``stock`` buys in the next rounds, while none of them brings the stop.

    stock: >= 0; cap: largest purchase a round beyond use, >= 0, or None. The recursion is solved at the stocks where a
    round ends, from the marginal worth of stock (Carroll 2006), so that no search is needed.
    """
    for name, value in (("stock", stock), ("cap", 0.0 if cap is None else cap)):
        if not 0.0 <= value < math.inf:
            raise ValueError(f"{name} = {value:g} is not finite and >= 0")
    if isinstance(n_rounds, bool) or not isinstance(n_rounds, int) or n_rounds < 1:
        raise ValueError(f"n_rounds = {n_rounds!r} is not a whole number >= 1")
    target, limit = target_stock(market), math.inf if cap is None else cap
    purchases, stocks, held = [], [], stock
    starts, bought = _policy(market, target, limit) if stock < target else (np.array([0.0]), np.array([0.0]))
    for _ in range(n_rounds):
        x = float(min(np.interp(held, starts, bought), limit, max(target - held, 0.0)))
        held += x
        purchases.append(x)
        stocks.append(held)
    plan = HoardingPlan(tuple(purchases), tuple(stocks), target, cap, math.nan, math.nan)
    cost = plan_cost(market, stock, purchases)
    return replace(plan, cost=cost, gain=largest_gain(market, stock, plan) / cost)


def _policy(market: Market, target: float, limit: float) -> tuple[FloatArray, FloatArray]:
    """(stocks at the start of a round, purchases there): the fixed point of the condition for the marginal worth.

    The grid is of stocks at the end of a round; m is what one unit more at the start of the next one saves.
    """
    ends = np.linspace(0.0, target, GRID + 1)
    saved = np.array([market.stopped(float(k))[1] for k in ends])
    d, h = market.discount_factor, market.hazard
    m = np.full_like(ends, market.price)
    scale = float(saved.max()) or 1.0
    while True:
        worth = d * (h * saved + (1.0 - h) * m) - market.storage
        wanted = np.maximum((worth - market.price) / market.slope, 0.0)
        starts = ends - wanted
        bought = np.minimum(np.interp(ends, starts, wanted), limit)
        new = np.interp(ends + bought, ends, worth)
        if np.abs(new - m).max() <= SETTLED * scale:
            return starts, wanted
        m = new


def plan_cost(market: Market, stock: float, purchases: npt.ArrayLike) -> float:
    """Expected discounted cost of given purchases, with none after them: the sum over the rounds before the stop."""
    x = np.asarray(purchases, dtype=np.float64)
    held = stock + np.cumsum(x)
    losses = np.array([market.stopped(float(k))[0] for k in held])
    d, h = market.discount_factor, market.hazard
    a_round = market.price * x + 0.5 * market.slope * x**2 + market.storage * held + d * h * losses
    weight = d * (1.0 - h)
    kept = (market.storage * held[-1] + d * h * losses[-1]) * weight ** len(x) / (1.0 - weight)
    return float(np.sum(weight ** np.arange(len(x)) * a_round) + kept)


def largest_gain(market: Market, stock: float, plan: HoardingPlan, n_rounds: int = 6) -> float:
    """Most that changing the purchase of one round, or shifting some of it to the next one, takes from the cost.

    For a cost that is convex in the purchases, no such change being better means that no plan is. Only purchases up to
    the end of the plan count, so that a plan cut short before the target is judged on what it covers.
    """
    own, limit = np.array(plan.purchases), math.inf if plan.cap is None else plan.cap
    base, worst = plan_cost(market, stock, own), 0.0
    sizes = [share * market.need for share in (-0.3, -0.03, 0.03, 0.3)]
    for t in range(min(n_rounds, len(own) - 1)):
        for size in sizes:
            for shift in (False, True):
                other = own.copy()
                other[t] += size
                other[t + 1] -= size * shift
                if other.min() >= 0.0 and other.max() <= limit:
                    worst = max(worst, base - plan_cost(market, stock, other))
    return worst


def licence_cover(length: npt.ArrayLike, use: npt.ArrayLike) -> FloatArray:
    """What is still delivered after a stop that only ends the renewals: licences of ``length`` rounds, evenly spread.

    On average half of each licence is left: length x use / 2, in the unit of a round's use.
    """
    return np.asarray(np.asarray(length, dtype=np.float64) * np.asarray(use, dtype=np.float64) / 2.0)


def rounds_to_deter(plan: HoardingPlan, stock: float, deterring: float, cover: float = 0.0) -> float:
    """Rounds of hoarding after which stock and running licences reach the stock that deters; infinite if never."""
    enough = deterring * (1.0 - 1e-9) - cover
    if stock >= enough:
        return 0.0
    reached = np.flatnonzero(np.array(plan.stocks) >= enough)
    return float(reached[0] + 1) if len(reached) else math.inf
