"""Two-level bargaining: what must be ratified at home (Putnam 1988), with known and with unknown constraints.

Two sides divide a pie of 1; a deal must give side i at least its ratification threshold r_i. Side 1's win-set is
[r_1, 1], side 2's [0, 1 - r_2]: a deal exists when they overlap, r_1 + r_2 <= 1. With equal bargaining power and a
worthless breakdown the share of side 1 is the even split moved into the overlap,

    x = min(max(1/2, r_1), 1 - r_2):

a narrow win-set is bargaining power at home turned against the other side (Schelling 1960), and too narrow a one ends
in no deal. Where side 1's threshold is known only as a distribution to side 2, which proposes, an offer x is ratified
with chance F(x), and the best offer maximises F(x) (1 - x) (Iida 1993).

Over any list of agreements, with gains u_j(m) of the factions at home over what holds without one, a side's win-set
holds what factions with at least a quota of the weight approve, u_j(m) >= 0. The negotiators have objectives of their
own, z_i(m): a government's, or a single faction's. With both constraints known (Tarar 2001) they settle on

    max_m z_1(m) z_2(m)     over m in both win-sets,  z >= 0;

with an unknown one a proposer puts forward what maximises P(ratified | m) z(m) (Iida 1993).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

TIE = 1e-12
"""Share of what is divided by which rounding may be off: it makes no difference between equals."""


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
    offers = np.unique(r)
    chances_of = np.array([p[r <= x + TIE].sum() for x in offers])
    worths = np.where(1.0 - offers >= own_threshold - TIE, 1.0 - offers, np.nan)
    place = best_proposal(worths, chances_of)
    if place is None:
        return Offer(0.0, 0.0, (0.0, 0.0))
    x, chance = float(offers[place]), float(chances_of[place])
    return Offer(x, chance, (chance * (1.0 - x), chance * x))


def best_proposal(gains: npt.ArrayLike, chances: npt.ArrayLike) -> int | None:
    """Number of the agreement that a proposer puts forward: the largest chance times gain; None where none gains.

    gains: of the proposer over no agreement ``(n_agreements,)``, NaN or negative where it would not sign itself;
    chances: of ratification by the other side. Ties go to the likelier ratification, then to the first.
    """
    z, p = np.asarray(gains, dtype=np.float64), np.asarray(chances, dtype=np.float64)
    if z.shape != p.shape or z.ndim != 1:
        raise ValueError(f"gains of shape {z.shape} and chances of shape {p.shape} are not one list each")
    if not np.all((p >= -TIE) & (p <= 1.0 + TIE)):
        raise ValueError(f"chances = {p.tolist()} are not all in [0, 1]")
    worth = np.where(z >= 0.0, p * z, -np.inf)
    worth = np.where(np.isnan(z), -np.inf, worth)
    if not len(worth) or not np.isfinite(worth.max()):
        return None
    ties = TIE * float(np.nanmax(np.abs(z)))
    good = np.flatnonzero(worth >= worth.max() - ties)
    return int(good[np.argmax(p[good])])


def approval(
    payoffs: Mapping[str, float], weights: Mapping[str, float], quota: float = 0.5, tolerance: float = 0.0
) -> bool:
    """Whether a deal is ratified: factions for which it is worth at least the status quo (payoff >= 0) hold the quota.

    payoffs: gain of each faction over the status quo; weights: of the factions, summing to 1; tolerance: of a gain.
    """
    missing = [*(name for name in payoffs if name not in weights), *(name for name in weights if name not in payoffs)]
    if missing:
        raise ValueError(f"weights and payoffs: faction {missing[0]!r} is in one of them only")
    gains = np.array([[payoffs[name]] for name in weights])
    return bool(win_set(gains, list(weights.values()), quota, tolerance)[0])


def win_set(
    gains: npt.ArrayLike, weights: npt.ArrayLike, quota: float = 0.5, tolerance: float = 0.0
) -> npt.NDArray[np.bool_]:
    """Which agreements one side ratifies ``(n_agreements,)``: factions that gain by them hold at least the quota.

    gains ``(n_factions, n_agreements)``: over what holds without an agreement; weights ``(n_factions,)``: summing to 1;
    quota in (0, 1], 1 is unanimity; tolerance: how far below zero a gain of zero may be for rounding.
    """
    u, w = np.asarray(gains, dtype=np.float64), np.asarray(weights, dtype=np.float64)
    if u.ndim != 2 or w.shape != u.shape[:1]:
        raise ValueError(f"gains of shape {u.shape} and weights of shape {w.shape} are not of the same factions")
    if not np.all(np.isfinite(u)):
        raise ValueError("gains are not all finite")
    if not np.all(w >= 0.0) or abs(float(w.sum()) - 1.0) > 1e-9:
        raise ValueError(f"weights = {w.tolist()} are no weights that sum to 1")
    if not 0.0 < quota <= 1.0:
        raise ValueError(f"quota = {quota:g} is not in (0, 1]")
    return np.asarray(w @ (u >= -tolerance) >= quota - TIE)


@dataclass(frozen=True)
class Settlement:
    """What two negotiators settle on.

    chosen: number of the agreement, None where the win-sets do not meet or a negotiator prefers none; gains: of the
    two negotiators; ratified: how many agreements are in both win-sets.
    """

    chosen: int | None
    gains: tuple[float, float]
    ratified: int

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        return cls(**{**data, "gains": tuple(data["gains"])})


def settlement(
    first: npt.ArrayLike, second: npt.ArrayLike, ratified: npt.ArrayLike, tolerance: float = 0.0
) -> Settlement:
    """The agreement with the largest product of the negotiators' gains among those that both sides ratify.

    first, second ``(n_agreements,)``: gains of the two negotiators over no agreement, in any unit each; ratified: which
    agreements are in both win-sets; tolerance: how far below zero a gain of zero may be. Ties go to the first listed.
    """
    z1, z2 = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    both = np.asarray(ratified, dtype=bool)
    if not z1.shape == z2.shape == both.shape or z1.ndim != 1:
        raise ValueError(f"first {z1.shape}, second {z2.shape} and ratified {both.shape} are not one list each")
    if not np.all(np.isfinite(z1)) or not np.all(np.isfinite(z2)):
        raise ValueError("first and second are not all finite")
    open_ = both & (z1 >= -tolerance) & (z2 >= -tolerance)
    if not open_.any():
        return Settlement(None, (0.0, 0.0), int(both.sum()))
    product = np.where(open_, np.maximum(z1, 0.0) * np.maximum(z2, 0.0), -1.0)
    chosen = int(np.flatnonzero(product >= product.max() * (1.0 - TIE))[0])
    return Settlement(chosen, (float(z1[chosen]), float(z2[chosen])), int(both.sum()))
