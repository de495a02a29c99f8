"""Capacity as deterrence: how much supply of one's own takes away the other side's gain from cutting off.

A sender that cuts off a user gains, each round, the share g of what the user loses (concessions, or the harm itself)
and pays f (sales, reputation). It does so as long as g L > f. The user's loss falls in its own capacity k in [0, 1],

    gap = d (1 - k) (1 - q),      M = 1 - gap,      L(k) = v (1 - [a M^r + 1 - a]^(1 / r)),      r = (s - 1) / s,

d the dependence without capacity, q the share still delivered, v the weight of the exposed industries, a cost share, s
elasticity: the shortage of ``bargain.economy.inputs``. Turned round, the loss at which cutting off just does not pay,
L* = f / g, is reached at

    M* = ([(1 - L* / v)^r - (1 - a)] / a)^(1 / r),          k* = 1 - (1 - M*) / (d (1 - q)),

the deterring capacity: it rises in g and d, falls in f. Capacity costs c a unit and round. Short of k* it only insures,
at a cost c k + L(k), convex in k; from k* on nothing is lost. The user builds whichever is cheaper, and nothing at all
where both cost more than the loss. (Deterrence by denial: Snyder 1961; in trade: Hirschman 1945; as policy against
coercion: Clayton, Maggiori and Schreger 2024; Becko and O'Connor 2024.)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from bargain.economy import inputs

FloatArray = npt.NDArray[np.float64]


def loss_at(
    capacity: npt.ArrayLike,
    dependence: npt.ArrayLike,
    delivered: npt.ArrayLike,
    exposure: npt.ArrayLike,
    cost_share: npt.ArrayLike,
    elasticity: npt.ArrayLike,
) -> FloatArray:
    """The user's loss while it is cut off, L(k), in the unit of ``exposure``; no stock is left. All broadcast."""
    open_share = np.asarray(dependence, dtype=np.float64) * (1.0 - np.asarray(capacity, dtype=np.float64))
    supply = 1.0 - inputs.supply_gap(open_share, delivered)
    return inputs.shortage_loss(supply, exposure, cost_share, elasticity)


def deterring_capacity(
    gain_share: npt.ArrayLike,
    sender_cost: npt.ArrayLike,
    dependence: npt.ArrayLike,
    delivered: npt.ArrayLike,
    exposure: npt.ArrayLike,
    cost_share: npt.ArrayLike,
    elasticity: npt.ArrayLike,
) -> FloatArray:
    """Capacity from which on cutting off does not pay, in [0, 1]; 0 where it does not pay anyway. All broadcast.

    gain_share: g >= 0; sender_cost: f >= 0, a round, in the unit of exposure; dependence, delivered: shares in [0, 1];
    exposure: v > 0; cost_share: in (0, 1); elasticity: > 0. A cost of 0 needs all of the supply, capacity 1.
    """
    names = ("gain_share", "sender_cost", "dependence", "delivered", "exposure", "cost_share", "elasticity")
    given = (gain_share, sender_cost, dependence, delivered, exposure, cost_share, elasticity)
    g, f, d, q, v, a, s = np.broadcast_arrays(*(np.asarray(x, dtype=np.float64) for x in given))
    rules = (
        (g >= 0, ">= 0"),
        (f >= 0, ">= 0"),
        ((d >= 0) & (d <= 1), "in [0, 1]"),
        ((q >= 0) & (q <= 1), "in [0, 1]"),
        (v > 0, "> 0"),
        ((a > 0) & (a < 1), "in (0, 1)"),
        (s > 0, "> 0"),
    )
    for name, x, (fits, rule) in zip(names, (g, f, d, q, v, a, s), rules, strict=True):
        if not np.all(fits & np.isfinite(x)):
            raise ValueError(f"{name} = {x[~(fits & np.isfinite(x))].flat[0]:g} is not finite and {rule}")
    gap = d * (1.0 - q)
    pays = g * loss_at(0.0, d, q, v, a, s) > f
    with np.errstate(divide="ignore", invalid="ignore"):
        supply = _supply_at(np.divide(f, g, out=np.zeros(f.shape), where=pays) / v, a, s)
        capacity = 1.0 - (1.0 - supply) / gap
    return np.asarray(np.where(pays, np.clip(capacity, 0.0, 1.0), 0.0))


def _supply_at(lost: FloatArray, cost_share: FloatArray, elasticity: FloatArray) -> FloatArray:
    """Supply M at which a share ``lost`` of output is lost: the CES turned round, in logs."""
    cobb_douglas = np.abs(elasticity - 1.0) < 1e-9
    r = np.where(cobb_douglas, 1.0, (elasticity - 1.0) / np.where(elasticity == 0.0, 1.0, elasticity))
    log_output = np.log1p(-lost)
    general = np.log1p(np.expm1(r * log_output) / cost_share) / r
    return np.asarray(np.exp(np.where(cobb_douglas, log_output / cost_share, general)))


@dataclass(frozen=True)
class CapacityChoice:
    """What a user builds against a cut-off, and what that costs it a round.

    deterring: k*; insuring: the best capacity short of it; built: the cheaper of the two (0: nothing pays); costs: of
    nothing, of insuring, of deterring, the loss while cut off included; deters: whether what is built deters.
    """

    deterring: float
    insuring: float
    built: float
    costs: tuple[float, float, float]
    deters: bool

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        return cls(**{**data, "costs": tuple(data["costs"])})


def capacity_choice(
    unit_cost: float,
    gain_share: float,
    sender_cost: float,
    dependence: float,
    delivered: float,
    exposure: float,
    cost_share: float,
    elasticity: float,
) -> CapacityChoice:
    """What a user builds: nothing, insurance or deterrence; unit_cost: of all supply, a round, >= 0, unit of exposure.

    For the other arguments see ``deterring_capacity``. Ties go to deterrence.
    """
    from scipy.optimize import minimize_scalar

    if not 0.0 <= unit_cost < np.inf:
        raise ValueError(f"unit_cost = {unit_cost:g} is not finite and >= 0")
    industry = (dependence, delivered, exposure, cost_share, elasticity)
    top = float(deterring_capacity(gain_share, sender_cost, *industry))
    nothing = float(loss_at(0.0, *industry)) if top > 0.0 else 0.0

    def cost(capacity: float) -> float:
        return float(unit_cost * capacity + loss_at(capacity, *industry))

    insuring = 0.0
    if top > 0.0:
        # Convex on [0, k*]: one minimum, looked for inside and at both ends.
        inside = float(minimize_scalar(cost, bounds=(0.0, top), method="bounded", options={"xatol": 1e-10}).x)
        insuring = min((0.0, inside, top), key=cost)
    insured = cost(insuring) if top > 0.0 else 0.0
    deterred = unit_cost * top
    deters = deterred <= insured + 1e-12 * exposure
    return CapacityChoice(top, insuring, top if deters else insuring, (nothing, insured, deterred), deters)
