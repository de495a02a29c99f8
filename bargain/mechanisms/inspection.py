"""Inspection games: how often to look, announced or not, and when with a given number of looks.

One round (Maschler 1966; Avenhaus, von Stengel and Zamir 2002). Payoffs (inspector, inspectee): lawful and not
inspected (0, 0); lawful and inspected (-e, 0); violation found (-a, -b); violation not found (-1, +d), with e > 0 and
a < 1. Chosen at the same time,

    p* = d / (b + d)     chance of inspection that makes a violation just not pay,
    q* = e / (1 - a + e) chance of violation that makes an inspection just pay,

and the inspector has -q*. An inspector that can commit announces p*: obeyed, it has -e p*. Where a violation found is
cheaper to it than keeping the law costs, p* (1 - a + e) > 1, it announces a little less and is not obeyed: it has
(1 - a) p* - 1. Its payoff is the larger of the two, never below -q*, which is a mean of them.

Several rounds (Dresher 1962): k inspections may be used over n rounds, the inspectee violates at most once and sees
past inspections; zero-sum, the inspector has +b for a violation found and -d for one not found. With V(n, 0) = -d and
V(n, k) = 0 for k >= n, the rounds before the violation are the 2 x 2 games

               lawful               violation
    inspect    V(n - 1, k - 1)      b                 V(n, k) = -d C(n - 1, k) / sum_i C(n, i) (b / d)^(k - i), i <= k
    not        V(n - 1, k)          -d

(the closed form is in the survey of Avenhaus, von Stengel and Zamir 2002).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np

from bargain.games.record import ArrayRecord, FloatArray, finite_array


@dataclass(frozen=True)
class Inspection:
    """The inspection game, chosen at the same time and with the inspector as leader.

    inspect, violate: chances at the same time; inspector, inspectee: payoffs then; leader_inspects: announced chance;
    obeyed: whether the inspectee then is lawful; leader: the inspector's payoff then, the inspectee doing what suits
    the inspector where it is indifferent (the limit of announcing a little more, or less).
    """

    inspect: float
    violate: float
    inspector: float
    inspectee: float
    leader_inspects: float
    obeyed: bool
    leader: float

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        return cls(**data)


def inspection_game(cost: float, found: float, fine: float, gain: float) -> Inspection:
    """Equilibria of the inspection game of one round.

    cost: e of an inspection in vain, > 0; found: a, what a violation that is found still costs the inspector, in
    [0, 1) (one not found costs 1); fine: b of the violator, > 0; gain: d of a violation not found, > 0.
    """
    for name, value, fits, rule in (
        ("cost", cost, 0.0 < cost < np.inf, "finite and > 0"),
        ("found", found, 0.0 <= found < 1.0, "in [0, 1)"),
        ("fine", fine, 0.0 < fine < np.inf, "finite and > 0"),
        ("gain", gain, 0.0 < gain < np.inf, "finite and > 0"),
    ):
        if not fits:
            raise ValueError(f"{name} = {value:g} is not {rule}")
    p, q = gain / (fine + gain), cost / (1.0 - found + cost)
    obeyed, broken = -cost * p, (1.0 - found) * p - 1.0
    return Inspection(p, q, -q, 0.0, p, obeyed >= broken, max(obeyed, broken))


@dataclass(frozen=True, eq=False)
class InspectionRounds(ArrayRecord):
    """Dresher's game: chances and values while nothing has been violated, by rounds and inspections left.

    rounds, inspections, fine, gain: what was given; values, inspect, violate ``(rounds + 1, inspections + 1)``: the
    inspector's value and both chances with n rounds and k inspections left (row 0: nothing left to play); largest_gain:
    most that either side gains by another strategy in any of these situations, by backward induction against the
    other's.
    """

    rounds: int
    inspections: int
    fine: float
    gain: float
    values: FloatArray
    inspect: FloatArray
    violate: FloatArray
    largest_gain: float

    @property
    def value(self) -> float:
        """The inspector's value of the whole game; the inspectee has minus that."""
        return float(self.values[-1, -1])

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON; ``from_dict`` gives the equal result back."""
        plain = {name: getattr(self, name) for name in ("rounds", "inspections", "fine", "gain", "largest_gain")}
        return plain | {name: getattr(self, name).tolist() for name in ("values", "inspect", "violate")}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        arrays = {name: finite_array(data[name], name) for name in ("values", "inspect", "violate")}
        return cls(**{**data, **arrays})


def inspection_rounds(rounds: int, inspections: int, fine: float = 1.0, gain: float = 1.0) -> InspectionRounds:
    """When to use ``inspections`` looks over ``rounds`` rounds, and when to violate, by recursion (Dresher 1962).

    rounds >= 1 and inspections >= 0 are whole numbers; fine: b > 0 of a violation found; gain: d > 0 of one not found.
    """
    _check_rounds(rounds, inspections, fine, gain)
    values = np.zeros((rounds + 1, inspections + 1))
    inspect, violate = np.zeros_like(values), np.zeros_like(values)
    for n in range(1, rounds + 1):
        values[n, 0], violate[n, 0] = -gain, 1.0
        for k in range(1, inspections + 1):
            used, kept = values[n - 1, k - 1], values[n - 1, k]
            # An inspection kept is never worth less than one used, so that both are indifferent.
            whole = (kept - used) + (fine + gain)
            inspect[n, k], violate[n, k] = (kept + gain) / whole, (kept - used) / whole
            values[n, k] = inspect[n, k] * used + (1.0 - inspect[n, k]) * kept
    for table in (values, inspect, violate):
        table += 0.0
        table.setflags(write=False)
    worst = _largest_gain(values, inspect, violate, fine, gain)
    return InspectionRounds(rounds, inspections, float(fine), float(gain), values, inspect, violate, worst)


def inspection_value(rounds: int, inspections: int, fine: float = 1.0, gain: float = 1.0) -> float:
    """The inspector's value of Dresher's game in closed form; arguments as for ``inspection_rounds``."""
    _check_rounds(rounds, inspections, fine, gain)
    ratio = fine / gain
    whole = math.fsum(math.comb(rounds, i) * ratio ** (inspections - i) for i in range(inspections + 1))
    return -gain * math.comb(rounds - 1, inspections) / whole + 0.0


def _check_rounds(rounds: int, inspections: int, fine: float, gain: float) -> None:
    for name, count, low in (("rounds", rounds, 1), ("inspections", inspections, 0)):
        if isinstance(count, bool) or not isinstance(count, int | np.integer) or count < low:
            raise ValueError(f"{name} = {count!r} is not a whole number >= {low}")
    for name, value in (("fine", fine), ("gain", gain)):
        if not 0.0 < value < np.inf:
            raise ValueError(f"{name} = {value:g} is not finite and > 0")


def _largest_gain(values: FloatArray, inspect: FloatArray, violate: FloatArray, fine: float, gain: float) -> float:
    """Most that a side gains in any situation by its best strategy against the other's chances."""
    rounds, inspections = values.shape[0] - 1, values.shape[1] - 1
    best, least = np.zeros_like(values), np.zeros_like(values)
    for n in range(1, rounds + 1):
        for k in range(inspections + 1):
            p, q = inspect[n, k], violate[n, k]
            looks = [q * -gain + (1.0 - q) * best[n - 1, k]]
            lawful = (1.0 - p) * least[n - 1, k]
            if k > 0:
                looks.append(q * fine + (1.0 - q) * best[n - 1, k - 1])
                lawful += p * least[n - 1, k - 1]
            best[n, k] = max(looks)
            least[n, k] = min(lawful, p * fine - (1.0 - p) * gain)
    return float(max((best - values).max(), (values - least).max(), 0.0))
