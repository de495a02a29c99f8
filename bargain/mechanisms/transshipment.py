"""Transshipment: traders in several countries move a withheld input round a control and compete for one buyer.

A trader on route r earns the premium abroad on what is not traced and pays a penalty on what is (Becker 1968, with
convex costs of concealment, as in ``bargain.economy.diversion``, which this is for one route). Route r has the part
phi_r = (weight_r / sum of weights) * willingness_r of the trade. With p the fall of the premium that the arrivals
themselves bring about, traders who take prices as given move

    x_r(p) = phi_r clip(((1 - T_r) (margin_r - p) - T_r penalty_r) / kappa_r, 0, cap_r)

and p clears the market, X = sum of x_r: p = slope X while X < demand, p >= slope X at X = demand. These are the
Karush-Kuhn-Tucker conditions of a concave program, with p the multiplier (Samuelson 1952, spatial price equilibrium):

    max  sum_r [ (margin_r - T_r penalty_r / (1 - T_r)) x_r - kappa_r x_r^2 / (2 phi_r (1 - T_r)) ] - slope X^2 / 2
    s.t. X <= demand,  0 <= x_r <= phi_r cap_r.

X(p) is piecewise linear, so that p is exact: sort the premia at which routes start and stop, interpolate between them.
Where premia do not react (slope 0) and demand does not bind, p = 0 and routes do not touch one another. A route is
shut from the coverage T_r = margin_r / (margin_r + penalty_r) on. Quantities are shares of the buyer's normal
purchases, money is in units of the normal price.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from bargain.economy.arrays import finite_array
from bargain.economy.diversion import reexport_share, unit_profit
from bargain.games.profile import nearest
from bargain.games.record import ArrayRecord, FloatArray

NUMBERS = ("margin", "weight", "willingness", "tracing", "penalty", "concealment_cost", "cap")


def deterring_coverage(margin: ArrayLike, penalty: ArrayLike) -> FloatArray:
    """Coverage from which on no unit pays: margin / (margin + penalty), 0 without a margin. Broadcast."""
    m, f = finite_array("margin", margin, 0.0), finite_array("penalty", penalty, 0.0)
    return np.asarray(np.where(m > 0.0, m / np.where(m > 0.0, m + f, 1.0), 0.0))


def deterring_penalty(margin: ArrayLike, tracing: ArrayLike) -> FloatArray:
    """Penalty from which on no unit pays at a coverage: margin (1 - T) / T, infinite where nothing is traced."""
    m, t = finite_array("margin", margin, 0.0), finite_array("tracing", tracing, 0.0, 1.0)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        return np.asarray(np.where(m > 0.0, m * (1.0 - t) / t, 0.0))


def route_share(weight: ArrayLike, total: ArrayLike, willingness: ArrayLike) -> FloatArray:
    """Part of the trade that a route carries: its weight over the total of all weights times its willingness; 0 where
    the total is 0. Broadcast."""
    weights, whole = finite_array("weight", weight, 0.0), finite_array("total", total, 0.0)
    willing = finite_array("willingness", willingness, 0.0, 1.0)
    return np.asarray(np.where(whole > 0.0, weights / np.where(whole > 0.0, whole, 1.0), 0.0) * willing)


def moved_shares(
    share: ArrayLike,
    tracing: ArrayLike,
    margin: ArrayLike,
    penalty: ArrayLike,
    concealment_cost: ArrayLike,
    cap: ArrayLike,
    demand: ArrayLike = 1.0,
    slope: ArrayLike = 0.0,
) -> FloatArray:
    """What each route moves, ``(..., n_routes)``: routes along the last axis of all arguments but demand and slope.

    share: phi_r from ``route_share``; demand in [0, 1], slope >= 0 broadcast to the axes before the last.
    """
    fall = premium_fall(share, tracing, margin, penalty, concealment_cost, cap, demand, slope)
    left = np.maximum(np.asarray(margin) - fall[..., None], 0.0)
    return np.asarray(np.asarray(share) * reexport_share(tracing, left, penalty, concealment_cost, cap))


def premium_fall(
    share: ArrayLike,
    tracing: ArrayLike,
    margin: ArrayLike,
    penalty: ArrayLike,
    concealment_cost: ArrayLike,
    cap: ArrayLike,
    demand: ArrayLike = 1.0,
    slope: ArrayLike = 0.0,
) -> FloatArray:
    """Fall p of the premium at which the market clears, the smallest one, ``(...)``; arguments as ``moved_shares``."""
    phi = finite_array("share", share, 0.0, 1.0)
    wanted, rate = finite_array("demand", demand, 0.0, 1.0), finite_array("slope", slope, 0.0)
    alone = phi * reexport_share(tracing, margin, penalty, concealment_cost, cap)
    total = alone.sum(axis=-1)
    shape = np.broadcast_shapes(total.shape, wanted.shape, rate.shape)
    wanted, rate, total = (np.broadcast_to(x, shape) for x in (wanted, rate, total))
    fall = np.zeros(shape)
    binds = (total > wanted) | ((rate > 0.0) & (total > 0.0))
    if binds.any():
        names = (phi, tracing, margin, penalty, concealment_cost, cap)
        full = (*shape, alone.shape[-1])
        parts = [np.broadcast_to(np.asarray(x, dtype=np.float64), full)[binds] for x in names]
        fall[binds] = _clearing(*_supply_lines(*parts), wanted[binds], rate[binds])
    return fall


def _supply_lines(
    phi: FloatArray, tracing: FloatArray, margin: FloatArray, penalty: FloatArray, kappa: FloatArray, cap: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """(start, steepness, top): route r moves clip(steepness (start - p), 0, top) at a fall p of the premium."""
    free = 1.0 - tracing
    steepness = phi * free / kappa
    profit = unit_profit(tracing, margin, penalty)
    start = np.where(free > 0.0, profit / np.where(free > 0.0, free, 1.0), 0.0)
    return start, steepness, phi * cap


def _clearing(
    start: FloatArray, steepness: FloatArray, top: FloatArray, demand: FloatArray, slope: FloatArray
) -> FloatArray:
    """Where supply meets demand, ``(n,)``, from lines of supply ``(n, n_routes)``: both are linear between the points
    at which a route starts or is full and demand is."""
    full = np.where(steepness > 0.0, start - top / np.where(steepness > 0.0, steepness, 1.0), 0.0)
    points = np.concatenate([start, full, (slope * demand)[:, None], np.zeros((len(demand), 1))], axis=1)
    points = np.sort(np.maximum(points, 0.0), axis=1)
    supplied = np.clip(steepness[:, None] * (start[:, None] - points[..., None]), 0.0, top[:, None]).sum(axis=-1)
    reacts = slope[:, None] > 0.0
    bought = np.where(reacts, points / np.where(reacts, slope[:, None], 1.0), np.inf)
    excess = supplied - np.minimum(bought, demand[:, None])
    row = np.arange(len(demand))
    end = np.argmax(excess <= 0.0, axis=1)
    begin = np.maximum(end - 1, 0)
    above, below = excess[row, begin], excess[row, end]
    part = np.where(above > below, above / np.where(above > below, above - below, 1.0), 0.0)
    return np.asarray(points[row, begin] + np.clip(part, 0.0, 1.0) * (points[row, end] - points[row, begin]))


@dataclass(frozen=True, eq=False)
class Routes(ArrayRecord):
    """Routes by name, each number ``(n_routes,)``: margin, weight, willingness, tracing coverage, penalty,
    concealment_cost and cap, as at the top of this module."""

    names: tuple[str, ...]
    margin: FloatArray
    weight: FloatArray
    willingness: FloatArray
    tracing: FloatArray
    penalty: FloatArray
    concealment_cost: FloatArray
    cap: FloatArray

    def __post_init__(self) -> None:
        if not self.names or len(set(self.names)) != len(self.names):
            raise ValueError(f"names = {self.names!r} are not different names of at least one route")
        object.__setattr__(self, "names", tuple(self.names))
        for name in NUMBERS:
            high = 1.0 if name in ("willingness", "tracing", "cap") else np.inf
            array = finite_array(name, getattr(self, name), 0.0, high)
            try:
                array = np.array(np.broadcast_to(array, len(self.names)))
            except ValueError:
                raise ValueError(f"{name} of shape {array.shape} is not one number for each of the routes") from None
            array.setflags(write=False)
            object.__setattr__(self, name, array)
        if (self.concealment_cost <= 0.0).any():
            raise ValueError("concealment_cost = 0 is not positive")

    @property
    def share(self) -> FloatArray:
        """phi of each route, ``(n_routes,)``."""
        return route_share(self.weight, self.weight.sum(), self.willingness)

    @property
    def deterring_coverage(self) -> FloatArray:
        """Coverage from which on each route is shut, ``(n_routes,)``."""
        return deterring_coverage(self.margin, self.penalty)

    def with_numbers(self, changes: Mapping[str, Mapping[str, float] | float]) -> Routes:
        """Copy with numbers replaced: ``{"tracing": 0.8}`` on all routes or ``{"tracing": {"TW": 0.8}}`` on some."""
        arrays: dict[str, Any] = {name: np.array(getattr(self, name)) for name in NUMBERS}
        for name, entry in changes.items():
            if name not in arrays:
                raise ValueError(f"{name!r} is not a number of a route; {nearest(name, NUMBERS)}")
            if not isinstance(entry, Mapping):
                arrays[name][:] = entry
                continue
            for route, value in entry.items():
                if route not in self.names:
                    raise ValueError(f"{route!r} is not a route; {nearest(route, self.names)}")
                arrays[name][self.names.index(route)] = value
        return Routes(self.names, **arrays)

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON; ``from_dict`` gives the equal routes back."""
        return {"names": list(self.names)} | {name: getattr(self, name).tolist() for name in NUMBERS}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        return cls(tuple(data["names"]), **{name: data[name] for name in NUMBERS})


@dataclass(frozen=True, eq=False)
class Transshipment(ArrayRecord):
    """What goes over the routes when all traders do what is best for them.

    moved, traced, profit ``(n_routes,)``: share of the buyer's normal purchases moved over each route, the part of it
    that is traced, and the traders' profit net of concealment, in normal prices times normal purchases; premium_fall:
    p; largest_gain: most that the traders of a route gain by moving another amount at that premium, found by search;
    imbalance: how far supply is from demand at that premium.
    """

    routes: Routes
    demand: float
    slope: float
    moved: FloatArray
    traced: FloatArray
    profit: FloatArray
    premium_fall: float
    largest_gain: float
    imbalance: float

    @property
    def total(self) -> float:
        """Share of the buyer's normal purchases that is moved over all routes."""
        return float(self.moved.sum())

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON; ``from_dict`` gives the equal result back."""
        return {
            "routes": self.routes.to_dict(),
            **{name: getattr(self, name).tolist() for name in ("moved", "traced", "profit")},
            **{name: getattr(self, name) for name in _SCALARS},
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        entries: dict[str, Any] = {name: data[name] for name in _SCALARS}
        entries |= {name: finite_array(name, data[name]) for name in ("moved", "traced", "profit")}
        return cls(Routes.from_dict(data["routes"]), **entries)


_SCALARS = ("demand", "slope", "premium_fall", "largest_gain", "imbalance")


def transship(routes: Routes, demand: float = 1.0, slope: float = 0.0) -> Transshipment:
    """Competitive equilibrium of the routes.

    demand: share of its normal purchases that the buyer takes at most, in [0, 1]; slope: fall of the premium, in normal
    prices, if detours brought all normal purchases, >= 0.
    """
    terms = (routes.tracing, routes.margin, routes.penalty, routes.concealment_cost, routes.cap)
    share = routes.share
    moved = moved_shares(share, *terms, demand, slope)
    fall = float(premium_fall(share, *terms, demand, slope))
    profit = _profit(routes, moved, fall)
    others = np.linspace(0.0, 1.0, 401)[:, None] * (share * routes.cap)
    gain = float((_profit(routes, others, fall) - profit).max())
    bought = min(demand, fall / slope) if slope > 0.0 else min(demand, float(moved.sum()))
    imbalance = abs(float(moved.sum()) - (demand if slope == 0.0 < fall else bought))
    return Transshipment(
        routes,
        float(demand),
        float(slope),
        moved,
        np.asarray(routes.tracing * moved),
        profit,
        fall,
        max(gain, 0.0),
        imbalance,
    )


def _profit(routes: Routes, moved: FloatArray, fall: float) -> FloatArray:
    """Profit of the traders of each route from moving amounts ``(..., n_routes)`` at a premium lower by ``fall``."""
    share = routes.share
    earned = moved * ((1.0 - routes.tracing) * (routes.margin - fall) - routes.tracing * routes.penalty)
    hidden = np.where(share > 0.0, moved**2 / np.where(share > 0.0, share, 1.0), 0.0)
    return np.asarray(earned - 0.5 * routes.concealment_cost * hidden)
