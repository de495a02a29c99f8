"""Two-level bargaining: what must be ratified at home (Putnam 1988), with known and with unknown constraints.

Two sides divide a pie of 1; a deal must give side i at least its ratification threshold r_i. Side 1's win-set is
[r_1, 1], side 2's [0, 1 - r_2]: a deal exists when they overlap, r_1 + r_2 <= 1. With equal bargaining power and a
worthless breakdown the share of side 1 is the even split moved into the overlap,

    x = min(max(1/2, r_1), 1 - r_2):

a narrow win-set is bargaining power at home turned against the other side (Schelling 1960), and too narrow a one ends
in no deal. Where side 1's threshold is known only as a distribution to side 2, which proposes, an offer x is ratified
with chance F(x), and the best offer maximises F(x) (1 - x) (Iida 1993; Tarar 2001 for constraints on both sides).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]


def ratified_share(first: npt.ArrayLike, second: npt.ArrayLike, even: npt.ArrayLike = 0.5) -> FloatArray:
    """Share of side 1 in a deal that both sides ratify, NaN where there is none.

    first, second: ratification thresholds in [0, 1]; even: share of side 1 without constraints. All broadcast.
    """
    r1, r2, x = (np.asarray(v, dtype=np.float64) for v in (first, second, even))
    for name, v in (("first", r1), ("second", r2), ("even", x)):
        if not np.all((v >= 0.0) & (v <= 1.0)):
            raise ValueError(f"{name} = {v[~((v >= 0.0) & (v <= 1.0))].flat[0]:g} is not a share in [0, 1]")
    share = np.minimum(np.maximum(x, r1), 1.0 - r2)
    return np.asarray(np.where(r1 + r2 > 1.0 + 1e-12, np.nan, share))


@dataclass(frozen=True)
class Offer:
    """The best offer under an unknown threshold.

    share: offered to the side that ratifies; chance: that it is ratified; payoffs: expected, of (proposer, ratifier).
    """

    share: float
    chance: float
    payoffs: tuple[float, float]

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def best_offer(thresholds: Sequence[float], chances: Sequence[float], own_threshold: float = 0.0) -> Offer:
    """The best offer of a proposer that knows the other side's threshold only as a distribution (Iida 1993).

    thresholds: possible values in [0, 1]; chances: theirs, summing to 1; own_threshold: what the proposer itself needs.
    Only the thresholds themselves can be best; ties go to the likelier ratification. Breakdown is worth 0 to both.
    """
    r, p = np.asarray(thresholds, dtype=np.float64), np.asarray(chances, dtype=np.float64)
    if r.shape != p.shape or r.ndim != 1 or not len(r):
        raise ValueError(f"thresholds of shape {r.shape} and chances of shape {p.shape} are not one list each")
    if not np.all((r >= 0.0) & (r <= 1.0)):
        raise ValueError(f"thresholds = {r.tolist()} are not all shares in [0, 1]")
    if not np.all(p >= 0.0) or abs(float(p.sum()) - 1.0) > 1e-9:
        raise ValueError(f"chances = {p.tolist()} are no chances that sum to 1")
    if not 0.0 <= own_threshold <= 1.0:
        raise ValueError(f"own_threshold = {own_threshold:g} is not a share in [0, 1]")
    best = Offer(0.0, 0.0, (0.0, 0.0))
    for x in np.unique(r):
        chance = float(p[r <= x + 1e-12].sum())
        worth = chance * float(1.0 - x)
        if 1.0 - x >= own_threshold - 1e-12 and worth >= best.payoffs[0] - 1e-12:
            best = Offer(float(x), chance, (worth, chance * float(x)))
    return best


def approval(payoffs: Mapping[str, float], weights: Mapping[str, float], quota: float = 0.5) -> bool:
    """Whether a deal is ratified: factions for which it is worth at least the status quo (payoff >= 0) hold the quota.

    payoffs: gain of each faction over the status quo; weights: of the factions, summing to 1.
    """
    missing = [name for name in payoffs if name not in weights]
    if missing:
        raise ValueError(f"weights: faction {missing[0]!r} is missing")
    if abs(sum(weights.values()) - 1.0) > 1e-9 or min(weights.values()) < 0.0:
        raise ValueError(f"weights = {dict(weights)} are no weights that sum to 1")
    return sum(weights[name] for name, gain in payoffs.items() if gain >= 0.0) >= quota - 1e-12
