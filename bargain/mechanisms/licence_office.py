"""The licence office: how much to trace, and how hard to punish, against what diversion costs it (Becker 1968).

Diversion answers to the coverage T and the penalty f as in ``bargain.economy.diversion``,
x = phi clip(((1 - T) m - T f) / kappa, 0, cap). The office bears the harm h of each unit diverted, and costs of tracing
and of penalties that grow with their squares (penalties fall on partners who may answer; g = 0 is Becker's fine, which
costs nothing):

    min over T in [0, 1] and f in [0, F]   h x(T, f) + c T^2 / 2 + g f^2 / 2.

With q = h phi / kappa the least cost is one of

    no tracing       T = 0, f = 0
    some diversion   T = q m g / (c g - q^2), f = q T / g   (where c g > q^2),   or  f = F, T = q (m + F) / c
    no diversion     T = m / (m + f), f the root of g f (m + f)^3 = c m^2, at most F.

To hold diversion at a level takes T (m + f) = m - kappa x / phi: the two are *substitutes*, dT/df = -T / (m + f), and
costless fines drive coverage down to m / (m + F). Below that level, while diversion goes on, a larger penalty makes
coverage more effective (the cross derivative of the office's cost is -q): then both rise together with the harm.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from bargain.economy.arrays import FloatArray, finite_array
from bargain.economy.diversion import reexport_share
from bargain.mechanisms.transshipment import deterring_coverage

TIE = 1e-12
"""Share of the largest cost within which two policies are equally good; a tie goes to the one that does less."""


def coverage_for(
    diverted: ArrayLike, margin: ArrayLike, penalty: ArrayLike, concealment_cost: ArrayLike, share: ArrayLike = 1.0
) -> FloatArray:
    """Coverage that holds diversion at a level: T = (m - kappa x / phi) / (m + f), 0 where less moves anyway.

    The line along which coverage and penalty replace one another; at ``diverted = 0`` the deterring one. Broadcast.
    """
    x, phi = finite_array("diverted", diverted, 0.0, 1.0), finite_array("share", share, 0.0, 1.0)
    m, f = finite_array("margin", margin, 0.0), finite_array("penalty", penalty, 0.0)
    kappa = finite_array("concealment_cost", concealment_cost, 0.0)
    if np.any(phi <= 0.0) or np.any(kappa <= 0.0):
        raise ValueError("share and concealment_cost are not both positive")
    earned = np.maximum(m - kappa * x / phi, 0.0)
    return np.asarray(np.where(earned > 0.0, earned / np.where(earned > 0.0, m + f, 1.0), 0.0))


def best_coverage(
    harm: ArrayLike,
    margin: ArrayLike,
    penalty: ArrayLike,
    concealment_cost: ArrayLike,
    cap: ArrayLike,
    coverage_cost: ArrayLike,
    share: ArrayLike = 1.0,
) -> FloatArray:
    """Coverage of least cost where the penalty is given, for each route if the arguments are arrays over routes.

    T = q (m + f) / c, at most the deterring coverage and at least where the cap stops to bind; 0 where that costs less.
    harm h >= 0 of a diverted unit and coverage_cost c > 0 (of full coverage: c / 2) in one unit of money. Broadcast.
    """
    h, c = finite_array("harm", harm, 0.0), finite_array("coverage_cost", coverage_cost, 0.0)
    if np.any(c <= 0.0):
        raise ValueError("coverage_cost = 0 is not positive")
    m, f, kappa, top, phi = (np.asarray(x, dtype=np.float64) for x in (margin, penalty, concealment_cost, cap, share))
    shut = deterring_coverage(m, f)
    capped = np.maximum(m - kappa * top, 0.0)
    bites = capped / np.where(capped > 0.0, m + f, 1.0)
    some = np.clip(h * phi / kappa * (m + f) / c, bites, shut)
    loss = h * phi * reexport_share(some, m, f, kappa, top) + 0.5 * c * some**2
    nothing = h * phi * reexport_share(0.0, m, f, kappa, top)
    return np.asarray(np.where(loss < nothing * (1.0 - TIE), some, 0.0))


@dataclass(frozen=True)
class Enforcement:
    """The office's policy of least cost.

    coverage T, penalty f, diverted x, cost: h x + c T^2 / 2 + g f^2 / 2; regime: "no tracing", "some diversion" or "no
    diversion"; untraced, cost_untraced: diversion and cost without any enforcement; largest_gain: how much less the
    cheapest policy on a grid of 201 by 201 costs, 0 where none does.
    """

    coverage: float
    penalty: float
    diverted: float
    cost: float
    regime: str
    untraced: float
    cost_untraced: float
    largest_gain: float

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        return cls(**data)


@dataclass(frozen=True)
class LicenceOffice:
    """What the office faces: harm h per unit of the buyer's normal purchases that is diverted, the traders' margin,
    concealment cost kappa and cap, the share phi of routes that let detours run, the costs c of coverage and g of
    penalties, the largest penalty F it can set. h, c and g in one unit of money; prices in normal prices."""

    harm: float
    margin: float
    concealment_cost: float
    cap: float
    coverage_cost: float
    penalty_cost: float
    largest_penalty: float
    share: float = 1.0

    def __post_init__(self) -> None:
        for name in asdict(self):
            value = float(finite_array(name, getattr(self, name), 0.0, 1.0 if name in ("cap", "share") else np.inf))
            if value <= 0.0 and name in ("concealment_cost", "coverage_cost"):
                raise ValueError(f"{name} = 0 is not positive")
            object.__setattr__(self, name, value)

    def diverted(self, coverage: ArrayLike, penalty: ArrayLike) -> FloatArray:
        """Share of the buyer's normal purchases that is diverted under a policy. Broadcast."""
        return np.asarray(self.share * reexport_share(coverage, self.margin, penalty, self.concealment_cost, self.cap))

    def cost(self, coverage: ArrayLike, penalty: ArrayLike) -> FloatArray:
        """What a policy costs the office, diversion included. Broadcast."""
        traced, fine = np.asarray(coverage, dtype=np.float64), np.asarray(penalty, dtype=np.float64)
        spent = 0.5 * self.coverage_cost * traced**2 + 0.5 * self.penalty_cost * fine**2
        return np.asarray(self.harm * self.diverted(traced, fine) + spent)

    def best_policy(self) -> Enforcement:
        """The policy of least cost, from the closed list at the top of this module, with its certificate."""
        listed = [("no tracing", 0.0, 0.0), *self._some_diversion(), self._no_diversion()]
        costs = np.array([float(self.cost(t, f)) for _, t, f in listed])
        chosen = int(np.argmax(costs <= costs.min() + TIE * costs.max()))
        regime, t, f = listed[chosen]
        left = float(self.diverted(t, f))
        # Rounding may leave a trace of what is deterred.
        regime = "no diversion" if left <= TIE else regime
        grid_t = np.linspace(0.0, 1.0, 201)[:, None]
        least = float(self.cost(grid_t, np.linspace(0.0, self.largest_penalty, 201)).min())
        return Enforcement(
            t,
            f,
            0.0 if left <= TIE else left,
            float(costs[chosen]),
            regime,
            float(self.diverted(0.0, 0.0)),
            float(self.cost(0.0, 0.0)),
            max(float(costs[chosen]) - least, 0.0),
        )

    def _some_diversion(self) -> list[tuple[str, float, float]]:
        """Policies that leave diversion profitable and below its cap: an inner minimum, and the largest penalty."""
        m, c, g, top = self.margin, self.coverage_cost, self.penalty_cost, self.largest_penalty
        q = self.harm * self.share / self.concealment_cost
        pairs = [(q * (m + top) / c, top)]
        if c * g > q**2:
            inner = q * m * g / (c * g - q**2)
            pairs.insert(0, (inner, q * inner / g))
        return [("some diversion", t, f) for t, f in pairs if f <= top and t * (m + f) < m]

    def _no_diversion(self) -> tuple[str, float, float]:
        """The cheapest policy under which no unit pays: its marginal cost, g f (m + f)^3 - c m^2, rises in f."""
        m, c, g, top = self.margin, self.coverage_cost, self.penalty_cost, self.largest_penalty

        def excess(f: float) -> float:
            return g * f * (m + f) ** 3 - c * m**2

        if m == 0.0:
            fine = 0.0
        elif excess(top) <= 0.0:
            fine = top
        else:
            from scipy.optimize import brentq

            fine = float(brentq(excess, 0.0, top, xtol=1e-15, rtol=1e-14))
        return "no diversion", float(deterring_coverage(m, fine)), fine
