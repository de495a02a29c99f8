"""Allied stocks as a public good: who contributes, how much too little, and what it would take.

Allies with means w_i and preferences u_i = x_i^(1 - a_i) G^a_i over own use x_i = w_i - g_i and the common stock
G = sum g_i (Bergstrom, Blume and Varian 1986). With k_i = (1 - a_i) / a_i, the Nash contributions are

    g_i = max(0, w_i - k_i G),    G the one root of  G = sum of max(0, w_i - k_i G),

exact since the right side is piecewise linear and falls. Means moved between contributors who remain contributors
change nothing (neutrality, Warr 1983). With equal preferences the condition of Samuelson (1954), that marginal rates of
substitution add up to the price of 1, gives G* = a W whatever the division, and where all n contribute

    G / G* = 1 / (a + n (1 - a)).

``shared_reserve`` has transferable payoffs and a stop that lasts an exponential time of mean D months: a reserve of G
months spares ally i L_i D (1 - exp(-G / D)) of a loss L_i a month. With p stops a year and a cost c_i a year of
holding one month of everybody's use, the marginal benefit p L_i exp(-G / D) meets the cost at

    G = D log(max of p L_i / c_i)  (Nash),    G* = D log(p sum of L_i / min c_i)  (Samuelson),

so that only the ally with the most at stake for its cost contributes, the exploitation of the great by the small
(Olson and Zeckhauser 1966), and with equal costs the reserve falls short by D log(sum L / max L).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from bargain.economy.arrays import finite_array
from bargain.games.record import ArrayRecord, FloatArray

GRID = 2001
"""Contributions that the certificate tries for each ally."""


@dataclass(frozen=True, eq=False)
class AlliedStock(ArrayRecord):
    """A common stock and who holds it.

    names: of the allies; contributions ``(n,)``, stock: their sum; efficient_stock: by Samuelson's rule; payoffs
    ``(n,)``; gain: the largest gain of an ally from another contribution (certificate, tried on a grid, not from the
    formula), as a share of its payoffs' range on the grid.
    """

    names: tuple[str, ...]
    contributions: FloatArray
    stock: float
    efficient_stock: float
    payoffs: FloatArray
    gain: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "names", tuple(self.names))
        for key in ("contributions", "payoffs"):
            array = np.array(getattr(self, key), dtype=np.float64)
            array.setflags(write=False)
            object.__setattr__(self, key, array)

    @property
    def provision(self) -> float:
        """Stock as a share of the efficient one, 1 where nothing is efficient."""
        return self.stock / self.efficient_stock if self.efficient_stock > 0.0 else 1.0

    @property
    def contributors(self) -> tuple[str, ...]:
        """Allies that contribute."""
        return tuple(name for name, given in zip(self.names, self.contributions, strict=True) if given > 0.0)

    def to_dict(self) -> dict[str, Any]:
        return {
            "names": list(self.names),
            "contributions": self.contributions.tolist(),
            "stock": self.stock,
            "efficient_stock": self.efficient_stock,
            "payoffs": self.payoffs.tolist(),
            "gain": self.gain,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        return cls(**data)


def underprovision(share: npt.ArrayLike, n: npt.ArrayLike) -> FloatArray:
    """G / G* where n allies of equal preferences all contribute: 1 / (a + n (1 - a)); broadcast."""
    a, allies = finite_array("share", share, 0.0, 1.0), finite_array("n", n, 1.0)
    return np.asarray(1.0 / (a + allies * (1.0 - a)))


def voluntary_stock(means: npt.ArrayLike, share: npt.ArrayLike, names: Sequence[str] | None = None) -> AlliedStock:
    """Nash contributions to a common stock, by Bergstrom, Blume and Varian (1986).

    means: ``(n,)``, not negative; share: a_i in (0, 1), one number or ``(n,)``; names: of the allies. efficient_stock
    is Samuelson's where everybody keeps what own use it has in the share X_i / X of equilibrium, sum of X_i / k_i = G:
    a W for equal preferences.
    """
    w = finite_array("means", means, 0.0)
    if w.ndim != 1 or not len(w) or w.sum() <= 0.0:
        raise ValueError(f"means = {w.tolist()} are not numbers, some of them positive")
    a = np.broadcast_to(finite_array("share", share, 0.0, 1.0), w.shape)
    if ((a <= 0.0) | (a >= 1.0)).any():
        raise ValueError(f"share = {a.tolist()} is not in (0, 1)")
    k = (1.0 - a) / a
    stock = _root(w, k)
    given = np.maximum(0.0, w - k * stock)
    kept = w - given
    use = kept / kept.sum()
    efficient = float(w.sum() * (use / k).sum() / (1.0 + (use / k).sum()))
    payoffs = kept ** (1.0 - a) * stock**a
    gain = _largest_gain(w, given, lambda i, x, g: (w[i] - x) ** (1.0 - a[i]) * g ** a[i])
    return AlliedStock(_names(names, len(w)), given, float(given.sum()), efficient, payoffs, gain)


def _root(w: FloatArray, k: FloatArray) -> float:
    """The one G with G = sum of max(0, w - k G): contributors are those with the largest w / k, as many as hold."""
    order = np.argsort(-w / k, kind="stable")
    means, slopes = np.cumsum(w[order]), np.cumsum(k[order])
    candidates = means / (1.0 + slopes)
    limits = (w / k)[order]
    # The candidate with m contributors holds when the m-th still gives and the next does not.
    last = int(np.flatnonzero(candidates <= limits)[-1])
    return float(candidates[last])


def shared_reserve(
    loss: npt.ArrayLike,
    cost: npt.ArrayLike,
    stop_months: float,
    stops_per_year: float = 1.0,
    names: Sequence[str] | None = None,
) -> AlliedStock:
    """Nash and efficient reserve of months that all may draw on (Olson and Zeckhauser 1966).

    loss: ``(n,)``, of each ally in a month of a stop; cost: of holding one month of everybody's use for a year, one
    number or ``(n,)``; both in one unit of money. stop_months: mean length D of a stop; stops_per_year: p. Where
    several tie for the most at stake, they share equally. payoffs are losses spared less own cost, a year.
    """
    stake = finite_array("loss", loss, 0.0)
    if stake.ndim != 1 or not len(stake):
        raise ValueError(f"loss of shape {stake.shape} is not (n,)")
    price = np.broadcast_to(finite_array("cost", cost, 0.0), stake.shape)
    mean, often = (
        float(finite_array("stop_months", stop_months, 0.0)),
        float(finite_array("stops_per_year", stops_per_year, 0.0)),
    )
    if (price <= 0.0).any() or mean <= 0.0:
        raise ValueError(f"cost = {price.tolist()}, stop_months = {mean:g}; the rule is positive numbers")
    wish = mean * np.log(np.maximum(often * stake / price, 1.0))
    efficient = mean * float(np.log(max(often * stake.sum() / price.min(), 1.0)))
    stock = float(wish.max())
    first = (wish >= stock * (1.0 - 1e-12)) & (stock > 0.0)
    given = np.where(first, stock / max(int(first.sum()), 1), 0.0)

    def payoff(i: int | slice, own: FloatArray, total: FloatArray | float) -> FloatArray:
        spared = often * stake[i] * mean * (1.0 - np.exp(-np.asarray(total) / mean))
        return np.asarray(spared - price[i] * own)

    most = np.full(len(stake), 3.0 * max(efficient, mean))
    gain = _largest_gain(most, given, payoff)
    return AlliedStock(_names(names, len(stake)), given, stock, efficient, payoff(slice(None), given, stock), gain)


def reserve_gap(loss: npt.ArrayLike, stop_months: npt.ArrayLike) -> FloatArray:
    """Months by which the voluntary reserve falls short of the efficient one at equal costs: D log(sum L / max L).

    loss: ``(..., n)``; holds where the ally with the most at stake contributes; Samuelson against Nash.
    """
    stake, mean = finite_array("loss", loss, 0.0), finite_array("stop_months", stop_months, 0.0)
    return np.asarray(mean * np.log(stake.sum(axis=-1) / stake.max(axis=-1)))


def lindahl_shares(loss: npt.ArrayLike) -> FloatArray:
    """Shares of the cost at which every ally asks for the efficient reserve: in proportion to the loss, ``(n,)``
    (Lindahl 1919)."""
    stake = finite_array("loss", loss, 0.0)
    if stake.sum() <= 0.0:
        raise ValueError("loss is 0 for all; the rule is a positive sum")
    return np.asarray(stake / stake.sum())


def _largest_gain(most: FloatArray, given: FloatArray, payoff: Any) -> float:
    """Largest gain of any ally from giving something else between nothing and ``most``, on a grid, relative."""
    worst = 0.0
    for i in range(len(given)):
        tries = np.linspace(0.0, float(most[i]), GRID)
        rest = float(given.sum() - given[i])
        values = payoff(i, tries, tries + rest)
        here = float(payoff(i, given[i], given[i] + rest))
        spread = float(np.ptp(values))
        worst = max(worst, (float(values.max()) - here) / (spread if spread > 0.0 else 1.0))
    return worst


def _names(names: Sequence[str] | None, n: int) -> tuple[str, ...]:
    found = tuple(names) if names is not None else tuple(f"ally_{k + 1}" for k in range(n))
    if len(found) != n or len(set(found)) != n:
        raise ValueError(f"names = {found} are not {n} different names")
    return found
