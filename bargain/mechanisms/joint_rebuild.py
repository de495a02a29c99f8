"""Rebuilding capacity together: a threshold of money, the fear of paying alone, and shares of the cost.

A project costs C and is worth b_i to partner i once it stands. Contributions c_i are a game with a provision point: the
project is built when they add up to C (Bagnoli and Lipman 1989; with refund of what falls short, or without). Whoever
answers gives nothing or just what is missing, so that the largest gain from a deviation is exact. All (c_i) with sum C
and c_i <= b_i are equilibria; nothing built is one too as long as nobody's b_i exceeds C: a game of assurance (Sen
1967).

The coalitional game v(S) = max(0, sum of b_i in S - C) has marginal contributions in [0, b_i]; so the Shapley value
phi gives cost shares c_i = b_i - phi_i in [0, b_i] that add up to C where the project is worth it: an equilibrium of
the game above. Where partners need plants of different size at costs C_1 <= ... <= C_n of which the largest serves all,
the shares are c_i = sum over k <= i of (C_k - C_k-1) / (n - k + 1) (Littlechild and Owen 1973).

With equal partners who give c or nothing, k of n needed (Palfrey and Rosenthal 1984), exactly k give (or nobody does,
for k > 1), or each gives with a chance q that solves, B the binomial distribution of the others who give,

    b P(B = k - 1) = c                    without refund,
    b P(B = k - 1) = c P(B >= k - 1)      with refund.

Without refund partner i gives when it believes with a chance of at least c_i / b_i that the others do (p-dominance,
Morris, Rob and Shin 1995): shares in proportion to benefits need the same belief of all, sum of c over sum of b, the
least that works for everybody.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import comb
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from bargain.economy.arrays import finite_array
from bargain.games.coalition import CoalitionGame, coalition_sums
from bargain.games.coalition_values import shapley_value
from bargain.games.profile import nearest
from bargain.games.record import ArrayRecord, FloatArray

SHARINGS = ("shapley", "proportional", "equal")


@dataclass(frozen=True, eq=False)
class JointRebuild(ArrayRecord):
    """A joint project and how its cost is shared.

    names; benefits ``(n,)``; cost; sharing: "shapley", "proportional" or "equal"; shares ``(n,)`` of the cost in money,
    0 where it is not worth building; gain: largest gain of a partner from giving something else (exact; positive: no
    equilibrium); beliefs ``(n,)``: chance that the others give from which on giving pays without refund; alone:
    partners that would build by themselves; stalls: whether nothing built is an equilibrium.
    """

    names: tuple[str, ...]
    benefits: FloatArray
    cost: float
    sharing: str
    shares: FloatArray
    gain: float
    beliefs: FloatArray
    alone: tuple[str, ...]
    stalls: bool

    def __post_init__(self) -> None:
        for key in ("names", "alone"):
            object.__setattr__(self, key, tuple(getattr(self, key)))
        for key in ("benefits", "shares", "beliefs"):
            array = np.array(getattr(self, key), dtype=np.float64)
            array.setflags(write=False)
            object.__setattr__(self, key, array)

    @property
    def worth_building(self) -> bool:
        """Whether benefits cover the cost."""
        return bool(self.benefits.sum() >= self.cost)

    @property
    def payoffs(self) -> FloatArray:
        """Benefit less share of the cost, ``(n,)``; 0 where it is not worth building."""
        return np.asarray(self.benefits - self.shares if self.worth_building else np.zeros_like(self.benefits))

    def to_dict(self) -> dict[str, Any]:
        return {
            name: entry.tolist()
            if isinstance(entry, np.ndarray)
            else list(entry)
            if isinstance(entry, tuple)
            else entry
            for name, entry in ((key, getattr(self, key)) for key in self.__dataclass_fields__)
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        return cls(**data)


def joint_rebuild(
    benefits: npt.ArrayLike, cost: float, names: Sequence[str] | None = None, sharing: str = "shapley"
) -> JointRebuild:
    """A project for some partners, its cost shared by the Shapley value, in proportion to benefits or equally.

    benefits: ``(n,)``, not negative; cost: positive, both in one unit of money.
    """
    worth, price = _checked(benefits, cost)
    labels = tuple(names) if names is not None else tuple(f"partner_{k + 1}" for k in range(len(worth)))
    if len(labels) != len(worth):
        raise ValueError(f"names = {labels} are not {len(worth)} names")
    if sharing not in SHARINGS:
        raise ValueError(f"sharing = {sharing!r} is not one of {', '.join(SHARINGS)}; {nearest(sharing, SHARINGS)}")
    built = worth.sum() >= price
    if not built:
        shares = np.zeros(len(worth))
    elif sharing == "shapley":
        shares = worth - shapley_value(surplus_game(worth, price, labels))
    elif sharing == "proportional":
        shares = price * worth / worth.sum()
    else:
        shares = np.full(len(worth), price / len(worth))
    gain = float(deviation_gains(worth, price, shares, refund=False).max())
    beliefs = np.divide(shares, worth, out=np.where(shares > 0.0, 1.0, 0.0), where=worth > 0.0)
    alone = tuple(label for label, own in zip(labels, worth, strict=True) if own > price)
    return JointRebuild(labels, worth, price, sharing, shares, gain, beliefs, alone, not alone)


def surplus_game(benefits: npt.ArrayLike, cost: float, names: Sequence[str] | None = None) -> CoalitionGame:
    """The coalitional game v(S) = max(0, benefits of S - cost)."""
    worth, price = _checked(benefits, cost)
    return CoalitionGame(np.maximum(0.0, coalition_sums(worth) - price), names)


def deviation_gains(benefits: npt.ArrayLike, cost: float, contributions: npt.ArrayLike, *, refund: bool) -> FloatArray:
    """What each partner gains at most by giving something else, ``(n,)``, exact: nothing or what is missing is best.

    The project is built when contributions add up to the cost, up to rounding; refund: whether they are given back
    when it is not.
    """
    worth, price = _checked(benefits, cost)
    given = finite_array("contributions", contributions, 0.0)
    if given.shape != worth.shape:
        raise ValueError(f"contributions of shape {given.shape} is not {worth.shape}")
    slack = 1e-12 * price
    missing = np.maximum(0.0, price - (given.sum() - given))
    built = given.sum() >= price - slack
    here = worth - given if built else (np.zeros(len(worth)) if refund else -given)
    return np.asarray(np.maximum(np.maximum(0.0, worth - missing) - here, 0.0))


def plant_shares(costs: npt.ArrayLike) -> FloatArray:
    """Shapley shares of one plant that serves all when partner i alone would need one of cost C_i, ``(n,)``."""
    alone = finite_array("costs", costs, 0.0)
    if alone.ndim != 1 or not len(alone):
        raise ValueError(f"costs of shape {alone.shape} is not (n,)")
    order = np.argsort(alone, kind="stable")
    steps = np.diff(np.concatenate([[0.0], alone[order]])) / np.arange(len(alone), 0, -1)
    shares = np.empty(len(alone))
    shares[order] = np.cumsum(steps)
    return shares


@dataclass(frozen=True)
class Assurance:
    """Equal partners who give or do not.

    givers: numbers who give in pure equilibria; chances: of giving in symmetric mixed equilibria, strictly between 0
    and 1, rising; built: chance that the project is built in each of them; gain: largest gain from a deviation in them.
    """

    givers: tuple[int, ...]
    chances: tuple[float, ...]
    built: tuple[float, ...]
    gain: float


def assurance(n: int, needed: int, benefit: float, cost: float, *, refund: bool = False) -> Assurance:
    """Equilibria of ``n`` equal partners who give ``cost`` or nothing; ``needed`` of them must give (Palfrey and
    Rosenthal 1984)."""
    for name, number, least in (("n", n, 1), ("needed", needed, 1)):
        if isinstance(number, bool) or int(number) != number or number < least:
            raise ValueError(f"{name} = {number!r} is not a whole number of at least {least}")
    if needed > n:
        raise ValueError(f"needed = {needed} is more than n = {n}")
    b, c = (float(finite_array(name, x, 0.0)) for name, x in (("benefit", benefit), ("cost", cost)))
    if b <= 0.0 or c <= 0.0:
        raise ValueError(f"benefit = {b:g}, cost = {c:g}; the rule is positive numbers")
    givers = tuple(m for m in range(n + 1) if _stable(m, needed, b, c, refund))
    chances = _mixed(n, needed, b, c, refund)
    built = tuple(sum(_binomial(n, m, q) for m in range(needed, n + 1)) for q in chances)
    gain = max((abs(_advantage(np.array(q), n, needed, b, c, refund).item()) for q in chances), default=0.0)
    return Assurance(givers, chances, built, gain)


def _stable(givers: int, needed: int, b: float, c: float, refund: bool) -> bool:
    """Whether nobody of ``givers`` would rather not give and nobody else would rather give."""
    stay = givers == 0 or (b >= c if givers == needed else givers < needed and refund)
    n_more = givers + 1
    join = b > c if n_more == needed else False
    return stay and not join


def _advantage(q: FloatArray, n: int, needed: int, b: float, c: float, refund: bool) -> FloatArray:
    """What giving is worth over not giving when each of the others gives with chance q."""
    pivotal = _binomial(n - 1, needed - 1, q)
    paid = sum(_binomial(n - 1, m, q) for m in range(needed - 1, n)) if refund else 1.0
    return np.asarray(b * pivotal - c * paid)


def _mixed(n: int, needed: int, b: float, c: float, refund: bool) -> tuple[float, ...]:
    """Chances strictly inside (0, 1) at which giving is worth as much as not giving: real roots of a polynomial."""
    poly = np.polynomial.Polynomial
    q, free = poly([0.0, 1.0]), poly([1.0, -1.0])
    pivotal = comb(n - 1, needed - 1) * q ** (needed - 1) * free ** (n - needed)
    if refund:
        # Divided by q^(k - 1), which both sides share, so that 0 is no root.
        paid = sum(
            (comb(n - 1, m) * q ** (m - needed + 1) * free ** (n - 1 - m) for m in range(needed - 1, n)), poly([0.0])
        )
        line = b * comb(n - 1, needed - 1) * free ** (n - needed) - c * paid
    else:
        line = b * pivotal - c
    roots = np.atleast_1d(line.trim(1e-300).roots()) if line.degree() > 0 else np.array([])
    real = np.sort(roots[np.abs(roots.imag) < 1e-7].real)
    inside = [float(x) for x in real if 1e-9 < x < 1.0 - 1e-9]
    return tuple(x for k, x in enumerate(inside) if k == 0 or x - inside[k - 1] > 1e-7)


def _binomial(n: int, m: int, q: Any) -> Any:
    return comb(n, m) * q**m * (1.0 - q) ** (n - m)


def _checked(benefits: npt.ArrayLike, cost: float) -> tuple[FloatArray, float]:
    worth, price = finite_array("benefits", benefits, 0.0), float(finite_array("cost", cost, 0.0))
    if worth.ndim != 1 or not len(worth) or price <= 0.0:
        raise ValueError(f"benefits of shape {worth.shape}, cost = {price:g}; the rule is (n,) and a positive cost")
    return worth, price
