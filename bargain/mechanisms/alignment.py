"""Alignment: which stance bystanders take between two sides when what a stance is worth depends on the others'.

Bystander k with stance a has

    u_k(s) = own_k(a) + sum over j of others of weight_j effect(a, s_j),

weights shares of all others. A positive effect of a stance on itself makes stances complements (who sides with a power
is harder to punish the more do), a negative one substitutes (detours that many run pay less) (Bulow, Geanakoplos and
Klemperer 1985). Any other interaction can be written as a table of payoffs. Pure equilibria are found by going through
all profiles and certified by ``bargain.games.certificate``.

Without interaction every bystander has its best stance whatever the others do, and the profile of best stances is the
equilibrium (the only one but for ties): ``best_stance`` is the closed form, the one copy, that the standoff over
rounds uses for its bystanders. With n alike bystanders and two stances, aligning worth a + b m / (n - 1) when m others
align and nothing else, the numbers who align in a pure equilibrium are known too (Schelling 1978, ch. 7): for b > 0
none when a <= 0 and all when a + b >= 0, with the tipping share -a / b between; for b < 0 the m with
a + b m / (n - 1) <= 0 <= a + b (m - 1) / (n - 1).

Blocs of bystanders that act as one form a game with externalities (Thrall and Lucas 1963): worth of a bloc is what it
has where blocs play an equilibrium among themselves (``bloc_values``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from bargain.games.certificate import DEFAULT_TOLERANCE, Equilibrium, certified
from bargain.games.coalition import Partition, PartitionGame, partitions
from bargain.games.record import ArrayRecord, FloatArray, finite_array
from bargain.games.stage import StageGame

MOST_STEPS = 1000
"""Answers in turn after which bystanders are said not to settle."""


def best_stance(worth: npt.NDArray[np.float64], reference: int, tie: float) -> npt.NDArray[np.intp]:
    """The best stance where the others' do not matter, ``(...)`` from worths ``(n_stances, ...)``.

    A tie, stances within ``tie`` of the best, goes to the reference stance, then to the one listed first.
    """
    good = worth >= worth.max(axis=0) - tie
    return np.where(good[reference], reference, good.argmax(axis=0))


def alignment_game(
    own: npt.ArrayLike,
    effect: npt.ArrayLike,
    players: Sequence[str] | None = None,
    stances: Sequence[str] | None = None,
    weights: npt.ArrayLike | None = None,
) -> StageGame:
    """Game of the stances of bystanders.

    own: ``(n, n_stances)``, worth of a stance by itself; effect: ``(n_stances, n_stances)`` or ``(n, n_stances,
    n_stances)``, [a, b] what stance b of all others together adds to one's stance a; weights: ``(n,)`` of bystanders,
    equal by default, of which those of the others are taken as shares.
    """
    alone, pull = finite_array(own, "own"), finite_array(effect, "effect")
    if alone.ndim != 2 or not alone.size:
        raise ValueError(f"own of shape {alone.shape} is not (n, n_stances)")
    n, m = alone.shape
    if pull.shape not in ((m, m), (n, m, m)):
        raise ValueError(f"effect of shape {pull.shape} is neither ({m}, {m}) nor ({n}, {m}, {m})")
    size = np.ones(n) if weights is None else finite_array(weights, "weights")
    if size.shape != (n,) or (size < 0.0).any():
        raise ValueError(f"weights = {size.tolist()} are not {n} numbers of at least 0")
    payoffs = np.zeros((n, *(m,) * n))
    for k in range(n):
        payoffs[k] += alone[k].reshape(_axis(n, k))
        table, rest = np.broadcast_to(pull, (n, m, m))[k], size.sum() - size[k]
        for j in range(n):
            if j != k and rest > 0.0:
                both = table if k < j else table.T
                shape = [m if axis in (k, j) else 1 for axis in range(n)]
                payoffs[k] += size[j] / rest * both.reshape(shape)
    labels = None if stances is None else [list(stances)] * n
    return StageGame(payoffs, players=players, actions=labels)


def _axis(n: int, k: int) -> tuple[int, ...]:
    return tuple(-1 if axis == k else 1 for axis in range(n))


def interaction(game: StageGame) -> FloatArray:
    """How far the comparison of a bystander's stances depends on the others', ``(n_players,)`` in payoff units.

    The largest change, over the others' stances, of the difference between two of its stances; 0 where every stance is
    best or not whatever the others do, so that ``best_stance`` is the equilibrium.
    """
    found = np.empty(game.n_players)
    for k, table in enumerate(game.payoffs):
        own = np.moveaxis(table, k, 0).reshape(game.n_actions[k], -1)
        differences = own[:, None] - own[None]
        found[k] = np.ptp(differences, axis=-1).max()
    return found


def complementarity(game: StageGame) -> FloatArray:
    """Whether taking up the second of two stances pays more the more others do, ``(n_players, n_players)``.

    [k, j]: least change of k's gain from its second stance as j takes it up; positive for all pairs: complements
    (supermodular, Topkis 1979); NaN on the diagonal. Games of two stances only.
    """
    if set(game.n_actions) != {2}:
        raise ValueError(f"n_actions = {game.n_actions}; the rule is two stances each")
    n = game.n_players
    found = np.full((n, n), np.nan)
    for k, j in product(range(n), repeat=2):
        if k != j:
            gain = np.diff(game.payoffs[k], axis=k)
            found[k, j] = np.diff(gain, axis=j).min()
    return found


def aligned_counts(worth: float, slope: float, n: int, tolerance: float = 1e-12) -> tuple[int, ...]:
    """Numbers of aligned bystanders, of n alike, in pure equilibria: closed form.

    Aligning is worth ``worth + slope * m / (n - 1)`` when m others align, 0 otherwise. Raises ValueError for n < 2.
    """
    if isinstance(n, bool) or int(n) != n or n < 2:
        raise ValueError(f"n = {n!r} is not a whole number of at least 2")
    a, b = (float(finite_array(x, name)) for x, name in ((worth, "worth"), (slope, "slope")))
    found = []
    for m in range(n + 1):
        stay = m == 0 or a + b * (m - 1) / (n - 1) >= -tolerance
        keep_out = m == n or a + b * m / (n - 1) <= tolerance
        if stay and keep_out:
            found.append(m)
    return tuple(found)


def tipping_share(worth: npt.ArrayLike, slope: npt.ArrayLike) -> FloatArray:
    """Share of others from which on aligning pays, -worth / slope clipped to [0, 1]; NaN unless slope > 0."""
    a, b = np.asarray(worth, dtype=np.float64), np.asarray(slope, dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(b > 0.0, np.clip(-a / b, 0.0, 1.0), np.nan))


@dataclass(frozen=True, eq=False)
class Alignment(ArrayRecord):
    """Stances of bystanders.

    equilibria: all pure ones, certified; settled: place among them of the one that answers in turn lead to from the
    reference stances, None if they do not settle; interaction: ``(n_players,)`` as ``interaction``; stances: labels.
    """

    equilibria: tuple[Equilibrium, ...]
    settled: int | None
    interaction: FloatArray
    players: tuple[str, ...]
    stances: tuple[tuple[str, ...], ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "interaction", finite_array(self.interaction, "interaction"))

    def names(self, place: int) -> dict[str, str]:
        """Player -> stance in one of the equilibria."""
        pure = self.equilibria[place].pure
        assert pure is not None
        return {code: self.stances[k][pure[k]] for k, code in enumerate(self.players)}

    def to_dict(self) -> dict[str, Any]:
        return {
            "equilibria": [one.to_dict() for one in self.equilibria],
            "settled": self.settled,
            "interaction": self.interaction.tolist(),
            "players": list(self.players),
            "stances": [list(row) for row in self.stances],
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        return cls(
            tuple(Equilibrium.from_dict(one) for one in data["equilibria"]),
            data["settled"],
            data["interaction"],
            tuple(data["players"]),
            tuple(tuple(row) for row in data["stances"]),
        )


def alignment_equilibria(
    game: StageGame, reference: Sequence[int] | None = None, tolerance: float = DEFAULT_TOLERANCE
) -> Alignment:
    """All pure equilibria of a game of stances, each with its certificate, in the order of profiles.

    reference: stances from which bystanders answer in turn (default: the first of each).
    """
    start = tuple(reference) if reference is not None else (0,) * game.n_players
    good = np.ones(game.n_actions, dtype=bool)
    for k, table in enumerate(game.payoffs):
        good &= table >= table.max(axis=k, keepdims=True) - tolerance * max(np.ptp(table), 1e-300)
    tried = [certified(game, [int(i) for i in place], tolerance) for place in np.argwhere(good)]
    found = tuple(one for one in tried if one.certificate.holds)
    reached = settle(game, start)
    places = [one.pure for one in found]
    settled = places.index(reached) if reached in places else None
    return Alignment(found, settled, interaction(game), game.players, game.actions)


def settle(game: StageGame, start: Sequence[int]) -> tuple[int, ...] | None:
    """Where best answers in turn lead: the profile, None where they go round without end.

    Each in the order of the players answers the stances that stand, and moves only for a gain; ties go to the stance
    listed first.
    """
    profile, still = list(start), 0
    for step in range(MOST_STEPS):
        k = step % game.n_players
        own = np.moveaxis(game.payoffs[k], k, 0)[(slice(None), *profile[:k], *profile[k + 1 :])]
        best = int(own.argmax())
        if own[best] > own[profile[k]] + DEFAULT_TOLERANCE * max(np.ptp(game.payoffs[k]), 1e-300):
            profile[k], still = best, 0
        else:
            still += 1
        if still == game.n_players:
            return tuple(profile)
    return None


@dataclass(frozen=True, eq=False)
class BlocValues(ArrayRecord):
    """Worth of every bloc in every partition of the bystanders.

    game: the game with externalities; unsettled: partitions whose blocs have no pure equilibrium, where every bloc is
    given what it can secure against all others (von Neumann and Morgenstern 1944); several: those with more than one,
    where the one reached from the reference stances, else the one best for all together, is taken.
    """

    game: PartitionGame
    unsettled: tuple[Partition, ...]
    several: tuple[Partition, ...]


def bloc_values(
    game: StageGame,
    money: npt.ArrayLike | None = None,
    reference: Sequence[int] | None = None,
    zero: npt.ArrayLike | None = None,
) -> BlocValues:
    """What blocs of bystanders have when each acts as one, as a game with externalities.

    game: of the single bystanders; money: ``(n_players,)``, what a unit of payoff is worth in money (payoffs are added
    up inside a bloc); reference: stances from which answers in turn start (default: the first of each); zero:
    ``(n_players,)``, payoffs that count as worth 0 (default: those at the reference stances).
    """
    n = game.n_players
    start = tuple(reference) if reference is not None else (0,) * n
    unit = np.ones(n) if money is None else finite_array(money, "money")
    if unit.shape != (n,) or (unit <= 0.0).any():
        raise ValueError(f"money = {unit.tolist()} is not {n} positive numbers")
    at: tuple[Any, ...] = (slice(None), *start)
    base = game.payoffs[at] if zero is None else finite_array(zero, "zero")
    if base.shape != (n,):
        raise ValueError(f"zero of shape {base.shape} is not ({n},)")
    payoffs = (game.payoffs - base.reshape(-1, *(1,) * n)) * unit.reshape(-1, *(1,) * n)
    worths, unsettled, several = {}, [], []
    for partition in partitions(n):
        blocs, first = _bloc_game(payoffs, partition, start)
        found = alignment_equilibria(blocs, first)
        if not found.equilibria:
            unsettled.append(partition)
            worths[partition] = tuple(_secured(table, k) for k, table in enumerate(blocs.payoffs))
            continue
        if len(found.equilibria) > 1:
            several.append(partition)
        place = found.settled
        if place is None:
            place = int(np.argmax([one.payoffs.sum() for one in found.equilibria]))
        worths[partition] = tuple(float(x) for x in found.equilibria[place].payoffs)
    return BlocValues(PartitionGame(worths, game.players), tuple(unsettled), tuple(several))


def _bloc_game(payoffs: FloatArray, partition: Partition, start: Sequence[int]) -> tuple[StageGame, list[int]]:
    """The game in which the coalitions of a partition are the players, and the reference in it."""
    n, sizes = len(start), payoffs.shape[1:]
    groups = [[k for k in range(n) if block >> k & 1] for block in partition]
    order = [k for group in groups for k in group]
    shape = [prod(sizes[k] for k in group) for group in groups]
    joined = np.stack([payoffs[group].sum(axis=0).transpose(order).reshape(shape) for group in groups])
    first = [int(np.ravel_multi_index([start[k] for k in group], [sizes[k] for k in group])) for group in groups]
    return StageGame(joined), first


def _secured(table: FloatArray, k: int) -> float:
    """What player k can have for certain."""
    own = np.moveaxis(table, k, 0).reshape(table.shape[k], -1)
    return float(own.min(axis=1).max())
