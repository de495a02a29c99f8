"""Shifting power: why a side in decline may fight now what both would rather settle (Fearon 1995, Powell 2006).

Two sides divide a flow of 1 a round for ever. War ends the game: side 2 wins all with chance p, each pays c once. Side
2's chance rises from p1 today to p2 for good. Side 1 makes the offers, so that side 2 is held to its value of war,
V2(p) = p / (1 - d) - c. The best peace for the side in decline is to keep all of today's flow and to give V2(p2) from
tomorrow on; it fights now when war is worth more,

    (1 - p1) / (1 - d) - c  >  1 + d [1 / (1 - d) - V2(p2)]      <=>      d p2 - p1 > c (1 - d)(1 + d):

the faster power moves, and the cheaper war, the less can be promised. Nothing that is certain today can be divided to
make up for it, since the side on the rise cannot bind itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]


def conflict_threshold(chance_now: npt.ArrayLike, cost: npt.ArrayLike, discount_factor: npt.ArrayLike) -> FloatArray:
    """Chance of the rising side tomorrow above which there is conflict today; above 1 where there is none at all.

    chance_now: of the rising side, in [0, 1]; cost: of conflict to each side, once, in rounds of the whole flow, >= 0;
    discount_factor in (0, 1). All broadcast (Powell 2006, inefficiency condition).
    """
    p, c, d = _checked(chance_now, cost, discount_factor)
    return np.asarray((p + c * (1.0 - d) * (1.0 + d)) / d)


@dataclass(frozen=True)
class ShiftingPower:
    """The bargain while power shifts once.

    conflict: whether the side in decline fights today; threshold: of the chance tomorrow; war: value of war today to
    (declining, rising); peace: value of the best peace to the declining side and what the rising side has in it;
    offer: what the rising side gets today in peace, None in conflict; loss: what conflict costs both together;
    largest_gain: most that either side gains by one other move, today or tomorrow.
    """

    conflict: bool
    threshold: float
    war: tuple[float, float]
    peace: tuple[float, float]
    offer: float | None
    loss: float
    largest_gain: float

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        return cls(**{**data, "war": tuple(data["war"]), "peace": tuple(data["peace"])})


def shifting_power(chance_now: float, chance_later: float, cost: float, discount_factor: float) -> ShiftingPower:
    """What two sides do today when the chance of one in a conflict rises from ``chance_now`` to ``chance_later``."""
    _checked(chance_later, cost, discount_factor)
    threshold = float(conflict_threshold(chance_now, cost, discount_factor))
    if chance_later < chance_now:
        raise ValueError(
            f"chance_later = {chance_later:g} is below chance_now = {chance_now:g}: name the rising side 2"
        )
    d = discount_factor
    war = ((1.0 - chance_now) / (1.0 - d) - cost, chance_now / (1.0 - d) - cost)
    later = max(chance_later / (1.0 - d) - cost, 0.0)
    # Today the rising side accepts what, with tomorrow, is worth war; it can be asked for no more than all of today.
    offer = float(np.clip(war[1] - d * later, 0.0, 1.0))
    peace = (1.0 - offer + d * (1.0 / (1.0 - d) - later), offer + d * later)
    # Relative to all there is to divide, so that rounding starts no war.
    conflict = bool(war[0] > peace[0] + 1e-12 / (1.0 - d))
    gain = _largest_gain(chance_now, chance_later, cost, d, None if conflict else offer)
    return ShiftingPower(conflict, threshold, war, peace, None if conflict else offer, 2.0 * cost, gain)


def _largest_gain(now: float, later: float, cost: float, d: float, offer: float | None) -> float:
    """Most that one other move gains: another offer or war today, a refusal, or war tomorrow instead of the flow kept.

    Computed by adding up the flows of either course, on a grid of offers that holds the one made.
    """
    whole = 1.0 / (1.0 - d)
    # From tomorrow on the rising side gets a constant flow worth its war then, and never less than nothing.
    flow = max(later - cost * (1.0 - d), 0.0)
    tomorrow = (whole * (1.0 - flow), whole * flow)
    gains = [whole * (1.0 - later) - cost - tomorrow[0], whole * later - cost - tomorrow[1]]
    wars = (whole * (1.0 - now) - cost, whole * now - cost)
    offers = np.append(np.linspace(0.0, 1.0, 201), [] if offer is None else [offer])
    accepted = offers + d * tomorrow[1] >= wars[1] - 1e-12 * whole
    worth = np.where(accepted, 1.0 - offers + d * tomorrow[0], wars[0])
    mine = wars[0] if offer is None else worth[-1]
    gains += [float(worth.max() - mine), wars[0] - float(mine)]
    if offer is not None:
        gains.append(wars[1] - (offer + d * tomorrow[1]))
    return max(0.0, *gains)


def _checked(chance: npt.ArrayLike, cost: npt.ArrayLike, discount_factor: npt.ArrayLike) -> tuple[FloatArray, ...]:
    p, c, d = (np.asarray(x, dtype=np.float64) for x in (chance, cost, discount_factor))
    for name, x, fits in (
        ("chance", p, (p >= 0.0) & (p <= 1.0)),
        ("cost", c, (c >= 0.0) & np.isfinite(c)),
        ("discount_factor", d, (d > 0.0) & (d < 1.0)),
    ):
        if not np.all(fits):
            rule = {"chance": "a share in [0, 1]", "cost": "finite and >= 0", "discount_factor": "in (0, 1)"}[name]
            raise ValueError(f"{name} = {x[~fits].flat[0]:g} is not {rule}")
    return p, c, d
