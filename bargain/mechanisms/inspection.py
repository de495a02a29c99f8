"""Inspection games: how often to look, announced or not (Maschler 1966; Avenhaus, von Stengel and Zamir 2002).

Payoffs (inspector, inspectee): lawful and not inspected (0, 0); lawful and inspected (-e, 0); violation found (-a, -b);
violation not found (-1, +d), with 0 < e < a < 1 for a mixed equilibrium. Chosen at the same time,

    p* = d / (b + d)     chance of inspection that makes a violation just not pay,
    q* = e / (1 - a + e) chance of violation that makes an inspection just pay,

and the inspector has -q*. An inspector that can commit announces p* and is obeyed: it has -e p* > -q* (the inspector
as leader).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Inspection:
    """The inspection game, chosen at the same time and with the inspector as leader.

    inspect, violate: chances at the same time; inspector, inspectee: payoffs then; leader_inspects: announced chance;
    leader: the inspector's payoff then, the inspectee being lawful where indifferent (the limit of announcing a little
    more).
    """

    inspect: float
    violate: float
    inspector: float
    inspectee: float
    leader_inspects: float
    leader: float

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def inspection_game(cost: float, found: float, fine: float, gain: float) -> Inspection:
    """Equilibria of the inspection game.

    cost: e of an inspection in vain; found: a, what a violation that is found still costs the inspector (one not found
    costs 1); fine: b of the violator; gain: d of a violation not found. Rule: 0 < cost, found < 1, 0 < fine, 0 < gain.
    Where an inspection costs more than it can save (cost >= 1 - found + cost never holds) play is mixed throughout.
    """
    for name, value, fits, rule in (
        ("cost", cost, 0.0 < cost < np.inf, "> 0"),
        ("found", found, 0.0 <= found < 1.0, "in [0, 1)"),
        ("fine", fine, 0.0 < fine < np.inf, "> 0"),
        ("gain", gain, 0.0 < gain < np.inf, "> 0"),
    ):
        if not fits:
            raise ValueError(f"{name} = {value:g} is not {rule}")
    p, q = gain / (fine + gain), cost / (1.0 - found + cost)
    # An announcement pays only where the cost of keeping it is less than bearing the violation.
    leads = cost * p <= 1.0
    return Inspection(p, q, -q, 0.0, p if leads else 0.0, -cost * p if leads else -1.0)
