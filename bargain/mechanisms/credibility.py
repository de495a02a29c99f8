"""Threats: when one is carried out, what its sender pays, and what an audience adds (Schelling 1960, Fearon 1994).

A threat that has failed to deter is carried out when that costs its sender no more than backing down,

    acting >= yielding - a,            least a = max(0, yielding - acting),

acting and yielding the sender's payoffs after either, a the audience cost of backing down. The audience pays attention
to harm that was suffered and not answered,

    a = weight max(0, suffered - answered) / yardstick,

so that an answer that harms nobody saves nothing. Where the cost c of acting is private, uniform on [0, C], a demand
worth x to the sender and y to the target, and acting harms the target by h, the types c <= a are resolved, q = a / C
of them. A target that would give in to a threat known to be serious, y < h, faces (Fearon 1997, "tying hands", with
a demand that acting does not win)

    q h >= y     everybody threatens and the target gives in
    q h <  y     the others bluff with the chance b that leaves the target indifferent, q h = y (q + (1 - q) b), and the
                 target gives in with the chance p that leaves them indifferent, p x = (1 - p) a.

With y >= h nobody threatens. A larger audience cost makes threats likelier to be believed and likelier to be made.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]


def audience_cost(
    suffered: npt.ArrayLike, answered: npt.ArrayLike, weight: npt.ArrayLike, yardstick: npt.ArrayLike
) -> FloatArray:
    """Domestic cost of harm left unanswered, weight times max(0, suffered - answered) / yardstick; all broadcast.

    suffered, answered, yardstick: in one unit, such as percent of GDP a year; weight: in the unit of the result. The
    dynamic standoff takes its audience costs from here (Fearon 1994 for the mechanism, not for the form).
    """
    left = np.maximum(0.0, np.asarray(suffered) - np.asarray(answered)) / np.asarray(yardstick)
    return np.asarray(np.asarray(weight) * left)


@dataclass(frozen=True)
class Threat:
    """Whether a threat is carried out once it has failed to deter.

    acting, yielding: the sender's payoffs after either, the audience left out; audience: what backing down costs on
    top; credible: whether acting is at least as good; least_audience: the audience cost from which on it is.
    """

    acting: float
    yielding: float
    audience: float
    credible: bool
    least_audience: float

    @property
    def cost(self) -> float:
        """What the sender gives up by acting, before the audience counts; negative where acting pays anyway."""
        return self.yielding - self.acting

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        return cls(**data)


def threat(acting: float, yielding: float, audience: float = 0.0) -> Threat:
    """A threat judged by what its sender has after acting and after backing down; ties are credible."""
    for name, value, fits, rule in (
        ("acting", acting, np.isfinite(acting), "finite"),
        ("yielding", yielding, np.isfinite(yielding), "finite"),
        ("audience", audience, 0.0 <= audience < np.inf, "finite and >= 0"),
    ):
        if not fits:
            raise ValueError(f"{name} = {value:g} is not {rule}")
    least = float(least_audience(acting, yielding))
    # Rounding of the difference decides nothing.
    slack = 1e-12 * max(abs(acting), abs(yielding))
    return Threat(float(acting), float(yielding), float(audience), bool(audience >= least - slack), least)


def least_audience(acting: npt.ArrayLike, yielding: npt.ArrayLike) -> FloatArray:
    """Audience cost of backing down from which on acting is at least as good; 0 where it is anyway. All broadcast."""
    return np.maximum(0.0, np.asarray(yielding, dtype=np.float64) - np.asarray(acting, dtype=np.float64))


@dataclass(frozen=True)
class Crisis:
    """A demand backed by a threat whose cost to the sender is private.

    demand: x, worth to the sender; price: y, of giving in; harm: h; audience: a; largest_cost: C. resolved: chance of
    a type that would act; bluff: chance that another type threatens; yields: chance that the target gives in to a
    threat; threatened, carried_out: chances before the sender knows its cost; payoffs: expected, of (sender, target);
    largest_gain: most that any type of the sender, or the target, gains by other behaviour.
    """

    demand: float
    price: float
    harm: float
    audience: float
    largest_cost: float
    resolved: float
    bluff: float
    yields: float
    threatened: float
    carried_out: float
    payoffs: tuple[float, float]
    largest_gain: float

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        return cls(**{**data, "payoffs": tuple(data["payoffs"])})


def crisis(demand: float, price: float, harm: float, audience: float, largest_cost: float) -> Crisis:
    """The equilibrium of the demand in which threats are as likely as they can be (Fearon 1997, costs uniform).

    All in one unit and finite; demand, harm, largest_cost > 0; price, audience >= 0.
    """
    for name, value, fits, rule in (
        ("demand", demand, 0.0 < demand < np.inf, "finite and > 0"),
        ("price", price, 0.0 <= price < np.inf, "finite and >= 0"),
        ("harm", harm, 0.0 < harm < np.inf, "finite and > 0"),
        ("audience", audience, 0.0 <= audience < np.inf, "finite and >= 0"),
        ("largest_cost", largest_cost, 0.0 < largest_cost < np.inf, "finite and > 0"),
    ):
        if not fits:
            raise ValueError(f"{name} = {value:g} is not {rule}")
    resolved = min(1.0, audience / largest_cost)
    if price >= harm:
        threats, bluff, yields = 0.0, 0.0, 0.0
    elif resolved * harm >= price:
        threats, bluff, yields = 1.0, 1.0, 1.0
    else:
        # With nobody resolved nobody is believed, and a threat that costs nothing when dropped is only talk.
        bluff = resolved * (harm - price) / (price * (1.0 - resolved))
        threats, yields = 1.0, audience / (audience + demand)
    threatened = threats * (resolved + (1.0 - resolved) * bluff)
    carried_out = threats * resolved * (1.0 - yields)
    mean_cost = 0.5 * min(audience, largest_cost)
    bluffed = threats * (1.0 - resolved) * bluff * (1.0 - yields)
    sender = threatened * yields * demand - carried_out * mean_cost - bluffed * audience
    target = -threatened * yields * price - carried_out * harm
    found = (demand, price, harm, audience, largest_cost, resolved, bluff, yields, threatened, carried_out)
    gain = _largest_gain(demand, price, harm, audience, largest_cost, threats, bluff, yields)
    return Crisis(*found, (sender, target), gain)


def _largest_gain(
    demand: float,
    price: float,
    harm: float,
    audience: float,
    largest_cost: float,
    threats: float,
    bluff: float,
    p: float,
) -> float:
    """Most that a type gains by threatening more or less, or the target by giving in more or less, on a grid of types.

    The types are counted one by one: who acts follows from comparing payoffs, not from the formula of the solution.
    """
    costs = largest_cost * (np.arange(4000) + 0.5) / 4000
    acts = costs <= audience
    threatening = p * demand - (1.0 - p) * np.minimum(costs, audience)
    chance = np.where(acts, threats, bluff * threats)
    gain = float((np.maximum(threatening, 0.0) - chance * threatening).max())
    made = float(chance.mean())
    if made == 0.0:
        # A threat nobody makes is taken for idle: the target has nothing to gain by giving in to it.
        return gain
    # The target weighs the exact shares of the types that threaten, not those of the grid.
    resolved = min(1.0, audience / largest_cost) * threats
    serious = resolved / (resolved + (1.0 - min(1.0, audience / largest_cost)) * bluff * threats)
    resisting = serious * harm
    return max(gain, p * price + (1.0 - p) * resisting - min(price, resisting))
