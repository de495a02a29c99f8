"""Choke points: who has power on a chain mine -> refine -> magnet -> user with several suppliers at each stage.

Suppliers (users are those of the last stage) form a game of flows (Kalai and Zemel 1982): a coalition is worth the most
that its members can move from the first stage to the last, every unit at the value of the user that gets it. By the
theorem of Menger (Ford and Fulkerson 1956) the largest flow is the least capacity that cuts the chain; where every
supplier may deliver to every supplier of the next stage the cuts are the stages,

    v(S) = min over stages of the capacity of the members of S at that stage.

Users that value a unit differently are served in order of value, v(S) = sum over values of (w_k - w_k+1) F_k(S) with
F_k the largest flow to users of at least the value w_k: what users can have is a polymatroid (Edmonds 1970). Power is
the Shapley value (Shapley 1953). The core is never empty.

Stages are complements. With all links open, more capacity at one stage raises the power of every supplier at the other
stages and lowers it for the others at its own: a minimum of sums has rising differences across stages and is concave
along one. A mine without a refinery strengthens the refiner. For n_i suppliers at stage i, each of them able to carry
the whole chain, the multilinear extension (Owen 1972) gives the power of one of them in closed form,

    phi_i = integral of s^(n_i - 1) prod_j (1 - s^n_j) ds = sum over sets T of other stages of (-1)^|T| / (n_i + n_T),

n_T the number of suppliers at the stages of T.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import combinations
from math import comb, isfinite
from typing import Any, Self

import numpy as np

from bargain.games.coalition import MOST_PLAYERS, CoalitionGame, coalition_sums
from bargain.games.coalition_values import shapley_value
from bargain.games.profile import nearest
from bargain.games.record import FloatArray

MOST_CUT = 14
"""Suppliers up to which the cuts of a chain with closed links are listed."""


@dataclass(frozen=True)
class Supplier:
    """One supplier: its stage, its country, what it can move, and as a user what a unit is worth to it."""

    name: str
    stage: str
    country: str
    capacity: float
    value: float = 1.0

    def __post_init__(self) -> None:
        for key in ("capacity", "value"):
            number = float(getattr(self, key))
            if not isfinite(number) or number < 0.0:
                raise ValueError(f"{self.name}.{key} = {number:g}; the rule is a finite number of at least 0")
            object.__setattr__(self, key, number)


@dataclass(frozen=True)
class SupplyChain:
    """Stages in order, the last one that of the users, and their suppliers.

    links: pairs (from, to) of suppliers of neighbouring stages that may deal with each other, None for all of them.
    Raises ValueError for names that occur twice, an unknown stage, a stage without suppliers or a link that skips one.
    """

    stages: tuple[str, ...]
    suppliers: tuple[Supplier, ...]
    links: frozenset[tuple[str, str]] | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "stages", tuple(self.stages))
        object.__setattr__(self, "suppliers", tuple(self.suppliers))
        if not self.stages:
            raise ValueError("stages are empty; the rule is at least one")
        for words, kind in ((self.names, "suppliers"), (self.stages, "stages")):
            if len(set(words)) != len(words):
                raise ValueError(f"{kind} {words} are not all different")
        for one in self.suppliers:
            if one.stage not in self.stages:
                raise ValueError(f"{one.name}.stage = {one.stage!r} is no stage; {nearest(one.stage, self.stages)}")
        for stage in self.stages:
            if not self.at(stage):
                raise ValueError(f"stage {stage!r} has no supplier")
        if self.links is not None:
            object.__setattr__(self, "links", frozenset((a, b) for a, b in self.links))
            for start, end in self.links:
                places = [self.stages.index(self.supplier(name).stage) for name in (start, end)]
                if places[1] != places[0] + 1:
                    raise ValueError(f"link {start!r} -> {end!r} does not join neighbouring stages")

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all suppliers."""
        return tuple(one.name for one in self.suppliers)

    @property
    def countries(self) -> tuple[str, ...]:
        """Countries in the order in which they first occur."""
        return tuple(dict.fromkeys(one.country for one in self.suppliers))

    def at(self, stage: str) -> tuple[Supplier, ...]:
        """Suppliers of a stage."""
        return tuple(one for one in self.suppliers if one.stage == stage)

    def supplier(self, name: str) -> Supplier:
        """The supplier of this name; ValueError with the nearest one if there is none."""
        for one in self.suppliers:
            if one.name == name:
                return one
        raise ValueError(f"no supplier {name!r}; {nearest(name, self.names)}")

    def capacity(self, stage: str) -> float:
        """Capacity of all suppliers of a stage together."""
        return sum(one.capacity for one in self.at(stage))

    def with_capacity(self, name: str, capacity: float) -> SupplyChain:
        """The chain with another capacity of one supplier."""
        self.supplier(name)
        new = tuple(replace(one, capacity=capacity) if one.name == name else one for one in self.suppliers)
        return replace(self, suppliers=new)

    def with_supplier(self, supplier: Supplier, links: Iterable[tuple[str, str]] = ()) -> SupplyChain:
        """The chain with one more supplier; links: those of the new one where links are listed."""
        both = None if self.links is None else self.links | frozenset(links)
        return replace(self, suppliers=(*self.suppliers, supplier), links=both)

    def largest_flow(self, members: Iterable[str] | None = None) -> float:
        """The largest flow of some suppliers (default: all), all units counted alike."""
        there = set(self.names if members is None else members)
        for name in there:
            self.supplier(name)
        own = [one.capacity if one.name in there else 0.0 for one in self.suppliers]
        return min(sum(own[k] for k in cut) for cut in self.cuts())

    def cuts(self) -> tuple[tuple[int, ...], ...]:
        """Smallest sets of suppliers (places) without which nothing flows: the stages where all links are open."""
        if self.links is None:
            return tuple(
                tuple(k for k, one in enumerate(self.suppliers) if one.stage == stage) for stage in self.stages
            )
        n = len(self.suppliers)
        if n > MOST_CUT:
            raise ValueError(f"{n} suppliers with closed links; the rule is at most {MOST_CUT}")
        found: list[tuple[int, ...]] = []
        for size in range(n + 1):
            for cut in combinations(range(n), size):
                if not any(set(known) <= set(cut) for known in found) and not self._flows_without(cut):
                    found.append(cut)
        return tuple(found)

    def _flows_without(self, cut: Sequence[int]) -> bool:
        """Whether some path from the first stage to the last avoids these suppliers."""
        left = {one.name for k, one in enumerate(self.suppliers) if k not in cut}
        reached = {one.name for one in self.at(self.stages[0])} & left
        for stage in self.stages[1:]:
            reached = {one.name for one in self.at(stage) if one.name in left and self._supplied(one.name, reached)}
        return bool(reached)

    def _supplied(self, name: str, reached: set[str]) -> bool:
        return bool(reached) if self.links is None else any((other, name) in self.links for other in reached)

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON; ``from_dict`` gives the equal chain back."""
        links = None if self.links is None else sorted(map(list, self.links))
        return {"stages": list(self.stages), "suppliers": [asdict(one) for one in self.suppliers], "links": links}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        links = None if data["links"] is None else frozenset((a, b) for a, b in data["links"])
        return cls(tuple(data["stages"]), tuple(Supplier(**one) for one in data["suppliers"]), links)


def supply_game(chain: SupplyChain, owners: Mapping[str, Sequence[str]] | None = None) -> CoalitionGame:
    """The game of flows: worth of every coalition.

    owners: player -> suppliers it owns, which must be all of them once; default: every supplier is a player of its own.
    ``by_country(chain)`` makes countries the players. Raises ValueError for more players than can be written down.
    """
    held = {name: (name,) for name in chain.names} if owners is None else {k: tuple(v) for k, v in owners.items()}
    owned = [name for names in held.values() for name in names]
    if sorted(owned) != sorted(chain.names):
        raise ValueError(f"owners hold {sorted(owned)}, not each of {sorted(chain.names)} once")
    if len(held) > MOST_PLAYERS:
        raise ValueError(f"{len(held)} players; the rule is at most {MOST_PLAYERS}: let owners join some")
    cuts, last = chain.cuts(), chain.stages[-1]
    values = sorted({one.value for one in chain.at(last)})
    worth = np.zeros(2 ** len(held))
    for below, value in zip([0.0, *values], values, strict=False):
        # Users that value a unit less are left out: their capacity counts for nothing.
        free = {one.name: 0.0 if one.stage == last and one.value < value else one.capacity for one in chain.suppliers}
        worth = worth + (value - below) * _flows(chain, cuts, held, free)
    return CoalitionGame(worth, tuple(held))


def _flows(
    chain: SupplyChain,
    cuts: Sequence[Sequence[int]],
    held: Mapping[str, Sequence[str]],
    capacity: Mapping[str, float],
) -> FloatArray:
    """Largest flow of every coalition of owners: a cut costs what members can move through it."""
    tables = []
    for cut in cuts:
        inside = {chain.suppliers[k].name for k in cut}
        tables.append(
            coalition_sums(
                np.array([sum(capacity[name] for name in names if name in inside) for names in held.values()])
            )
        )
    return np.asarray(np.min(tables, axis=0))


def by_country(chain: SupplyChain) -> dict[str, tuple[str, ...]]:
    """Owners for ``supply_game`` when each country acts as one."""
    return {
        country: tuple(one.name for one in chain.suppliers if one.country == country) for country in chain.countries
    }


@dataclass(frozen=True)
class ChainPower:
    """Shapley values on a chain.

    total: worth of all together; values: player -> Shapley value; stages, countries: sums where players are suppliers
    (stages is empty where an owner has suppliers at several stages); cut_off: player -> what all lose together without
    it.
    """

    total: float
    values: Mapping[str, float]
    stages: Mapping[str, float]
    countries: Mapping[str, float]
    cut_off: Mapping[str, float]

    def share(self, player: str) -> float:
        """Share of a player in the total; 0 where nothing flows."""
        if player not in self.values:
            raise ValueError(f"no player {player!r}; {nearest(player, tuple(self.values))}")
        return self.values[player] / self.total if self.total > 0.0 else 0.0

    def to_dict(self) -> dict[str, Any]:
        return {
            name: dict(entry) if isinstance(entry, Mapping) else entry
            for name, entry in ((key, getattr(self, key)) for key in self.__dataclass_fields__)
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        return cls(**data)


def chain_power(chain: SupplyChain, owners: Mapping[str, Sequence[str]] | None = None) -> ChainPower:
    """Shapley values on a chain by player, stage and country; owners as in ``supply_game``."""
    game = supply_game(chain, owners)
    value = dict(zip(game.players, (float(x) for x in shapley_value(game)), strict=True))
    everybody = 2**game.n_players - 1
    cut_off = {name: float(game.total - game.worth[everybody & ~(1 << k)]) for k, name in enumerate(game.players)}
    held = {name: (name,) for name in chain.names} if owners is None else owners
    places = {name: [chain.supplier(one) for one in names] for name, names in held.items()}
    return ChainPower(
        game.total,
        value,
        _sums(value, places, "stage", chain.stages),
        _sums(value, places, "country", chain.countries),
        cut_off,
    )


def _sums(
    value: Mapping[str, float], places: Mapping[str, Sequence[Supplier]], field: str, labels: Sequence[str]
) -> dict[str, float]:
    """Values summed by stage or country; empty where an owner is in several."""
    groups = {name: {getattr(one, field) for one in suppliers} for name, suppliers in places.items()}
    if any(len(group) > 1 for group in groups.values()):
        return {}
    total = dict.fromkeys(labels, 0.0)
    for name, group in groups.items():
        for label in group:
            total[label] += value[name]
    return total


def symmetric_power(counts: Sequence[int], *, whole: bool = True) -> FloatArray:
    """Shapley value of one supplier of each stage when the suppliers of a stage are alike, ``(n_stages,)``.

    counts: suppliers at each stage. whole: each can carry the whole chain, worth 1 (closed form); otherwise each
    carries one unit and the chain is worth as many units as its shortest stage (the integral of the multilinear
    extension, exact by Gauss-Legendre points for its degree).
    """
    numbers = [int(n) for n in counts]
    if not numbers or min(numbers) < 1 or numbers != list(counts):
        raise ValueError(f"counts = {list(counts)} are not whole numbers of at least 1")
    if whole:
        return np.array([_carrier(numbers[i], numbers[:i] + numbers[i + 1 :]) for i in range(len(numbers))])
    return np.array([_unit(numbers[i], numbers[:i] + numbers[i + 1 :]) for i in range(len(numbers))])


def _carrier(own: int, others: Sequence[int]) -> float:
    return sum(
        (1 - 2 * (size % 2)) / (own + sum(chosen))
        for size in range(len(others) + 1)
        for chosen in combinations(others, size)
    )


def _unit(own: int, others: Sequence[int]) -> float:
    """Chance, at a random time of arrival t, that a supplier adds a unit: k - 1 at its stage, k or more elsewhere."""
    points, weights = np.polynomial.legendre.leggauss((own + sum(others)) // 2 + 1)
    t, weight = (points + 1.0) / 2.0, weights / 2.0
    total = np.zeros_like(t)
    for k in range(1, min(own, *others) + 1 if others else own + 1):
        chance = comb(own - 1, k - 1) * t ** (k - 1) * (1.0 - t) ** (own - k)
        for n in others:
            chance = chance * sum(comb(n, m) * t**m * (1.0 - t) ** (n - m) for m in range(k, n + 1))
        total = total + chance
    return float((weight * total).sum())
