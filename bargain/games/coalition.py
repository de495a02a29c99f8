"""Coalitional games: what each group of players can have on its own (von Neumann and Morgenstern 1944).

v(S) is the worth of coalition S, that of nobody is 0. Coalitions are numbered by bits: player k belongs to coalition c
when c >> k & 1. With externalities the worth of a coalition depends on how the others are grouped (Thrall and Lucas
1963).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from bargain.games.profile import nearest
from bargain.games.record import ArrayRecord, FloatArray, finite_array
from bargain.games.stage import checked_labels

MOST_PLAYERS = 16
"""Players up to which all coalitions are written down."""

Partition = tuple[int, ...]
"""The coalitions (numbers) that make up a partition, in rising order."""


@dataclass(frozen=True, eq=False, init=False, repr=False)
class CoalitionGame(ArrayRecord):
    """A coalitional game with side payments.

    worth: ``(2 ** n_players,)`` in the order of coalition numbers, worth[0] = 0; players: labels. Raises ValueError for
    another number of entries, one that is not finite, or a worth of nobody.
    """

    worth: FloatArray
    players: tuple[str, ...]

    def __init__(self, worth: npt.ArrayLike, players: Sequence[str] | None = None) -> None:
        table = finite_array(worth, "worth")
        n = int(table.size).bit_length() - 1
        if table.ndim != 1 or table.size != 2**n or not 1 <= n <= MOST_PLAYERS:
            raise ValueError(f"worth of shape {table.shape} is not (2 ** n_players,) for 1 to {MOST_PLAYERS} players")
        if table[0] != 0.0:
            raise ValueError(f"worth[0] = {table[0]:g}; the rule is that nobody has nothing")
        names = players if players is not None else [f"player_{k + 1}" for k in range(n)]
        object.__setattr__(self, "worth", table)
        object.__setattr__(self, "players", checked_labels(list(names), n, "players"))

    @classmethod
    def from_function(cls, players: Sequence[str], worth: Callable[[frozenset[str]], float]) -> Self:
        """From a function of the set of members; it is not asked about nobody."""
        n = len(players)
        table = [0.0] + [float(worth(frozenset(members(c, players)))) for c in range(1, 2**n)]
        return cls(table, players)

    @property
    def n_players(self) -> int:
        return len(self.players)

    @property
    def total(self) -> float:
        """Worth of the grand coalition."""
        return float(self.worth[-1])

    @property
    def scale(self) -> float:
        """Size of the game: the largest worth of a coalition beyond what its members have alone, 1 if none."""
        alone = coalition_sums(np.array([self.worth[1 << k] for k in range(self.n_players)]))
        spread = float(np.abs(self.worth - alone).max())
        return spread if spread > 0.0 else max(1.0, float(np.abs(self.worth).max()))

    def coalition(self, names: Iterable[str]) -> int:
        """Number of a coalition; ValueError for a name that is no player's."""
        number = 0
        for name in names:
            if name not in self.players:
                raise ValueError(f"no player {name!r}; {nearest(name, self.players)}")
            number |= 1 << self.players.index(name)
        return number

    def __call__(self, *names: str) -> float:
        """Worth of the coalition of these players."""
        return float(self.worth[self.coalition(names)])

    def __repr__(self) -> str:
        return f"CoalitionGame({', '.join(self.players)})"

    def to_dict(self) -> dict[str, Any]:
        return {"worth": self.worth.tolist(), "players": list(self.players)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        for key in ("worth", "players"):
            if key not in data:
                raise ValueError(f"coalition game: entry {key!r} is missing")
        return cls(data["worth"], data["players"])


def members(coalition: int, players: Sequence[str]) -> tuple[str, ...]:
    """Names of the members of a coalition."""
    return tuple(name for k, name in enumerate(players) if coalition >> k & 1)


def coalition_sums(payoffs: FloatArray) -> FloatArray:
    """What the members of each coalition have together, ``(..., 2 ** n)`` from payoffs ``(..., n)``."""
    total = np.zeros((*payoffs.shape[:-1], 1))
    for k in range(payoffs.shape[-1]):
        total = np.concatenate([total, total + payoffs[..., k, None]], axis=-1)
    return total


def excesses(game: CoalitionGame, payoffs: npt.ArrayLike) -> FloatArray:
    """v(S) - x(S) for every coalition, nobody and everybody included, ``(2 ** n_players,)``."""
    own = finite_array(payoffs, "payoffs")
    if own.shape != (game.n_players,):
        raise ValueError(f"payoffs of shape {own.shape} is not ({game.n_players},)")
    return np.asarray(game.worth - coalition_sums(own))


def partitions(n_players: int) -> Iterator[Partition]:
    """All partitions of the players, the grand coalition first, that of singletons last."""

    def grow(blocks: tuple[int, ...], k: int) -> Iterator[Partition]:
        if k == n_players:
            yield tuple(sorted(blocks))
            return
        for i in range(len(blocks)):
            yield from grow((*blocks[:i], blocks[i] | 1 << k, *blocks[i + 1 :]), k + 1)
        yield from grow((*blocks, 1 << k), k + 1)

    return grow((), 0)


@dataclass(frozen=True, eq=False, init=False, repr=False)
class PartitionGame(ArrayRecord):
    """A coalitional game with externalities: a worth for every coalition in every partition.

    worths: partition -> worth of each of its coalitions, in their order. Raises ValueError when a partition is missing
    or does not fit.
    """

    worths: Mapping[Partition, tuple[float, ...]]
    players: tuple[str, ...]

    def __init__(self, worths: Mapping[Partition, Sequence[float]], players: Sequence[str]) -> None:
        wanted = list(partitions(len(players)))
        missing = [p for p in wanted if p not in worths]
        if missing or len(worths) != len(wanted):
            raise ValueError(f"worths holds {len(worths)} of the {len(wanted)} partitions of {len(players)} players")
        table = {p: tuple(float(w) for w in finite_array(worths[p], f"worths[{p}]")) for p in wanted}
        for p, own in table.items():
            if len(own) != len(p):
                raise ValueError(f"worths[{p}] has {len(own)} entries for {len(p)} coalitions")
        object.__setattr__(self, "worths", table)
        object.__setattr__(self, "players", checked_labels(list(players), len(players), "players"))

    @classmethod
    def from_function(
        cls, players: Sequence[str], worth: Callable[[frozenset[str], tuple[frozenset[str], ...]], float]
    ) -> Self:
        """From a function of (members, all coalitions of the partition)."""
        table = {}
        for p in partitions(len(players)):
            groups = tuple(frozenset(members(c, players)) for c in p)
            table[p] = tuple(float(worth(group, groups)) for group in groups)
        return cls(table, players)

    def against_singletons(self) -> CoalitionGame:
        """The coalitional game in which outsiders stay alone."""
        return self._reduced(lambda outside: tuple(1 << k for k in outside))

    def against_one_bloc(self) -> CoalitionGame:
        """The coalitional game in which outsiders join against the coalition."""
        return self._reduced(lambda outside: (sum(1 << k for k in outside),) if outside else ())

    def average(self) -> CoalitionGame:
        """The coalitional game of average worths (Macho-Stadler, Perez-Castrillo and Wettstein 2007).

        Worth of S: average over partitions of the outsiders, each weighted by the product of (size of block - 1)! over
        (number of outsiders)!, the weights of random cycles.
        """
        from math import factorial, prod

        n, worth = len(self.players), [0.0]
        for coalition in range(1, 2**n):
            outside = [k for k in range(n) if not coalition >> k & 1]
            total = 0.0
            for blocks in partitions(len(outside)):
                named = [sum(1 << outside[k] for k in range(len(outside)) if block >> k & 1) for block in blocks]
                weight = prod(factorial(block.bit_count() - 1) for block in blocks) / factorial(len(outside))
                total += weight * self._worth(coalition, tuple(named))
            worth.append(total)
        return CoalitionGame(worth, self.players)

    def _worth(self, coalition: int, others: tuple[int, ...]) -> float:
        whole = tuple(sorted((coalition, *others)))
        return self.worths[whole][whole.index(coalition)]

    def _reduced(self, others: Callable[[list[int]], tuple[int, ...]]) -> CoalitionGame:
        n = len(self.players)
        worth = [0.0]
        for coalition in range(1, 2**n):
            outside = [k for k in range(n) if not coalition >> k & 1]
            worth.append(self._worth(coalition, others(outside)))
        return CoalitionGame(worth, self.players)
