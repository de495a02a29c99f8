"""The order of equilibria: by what they are in the game first, by names only where a symmetry leaves nothing else.

1. Fewest actions in play.
2. Largest sum of payoffs, each player's in shares of the range from the own worst (0) to the own best cell (1).
3. These shares, largest first; then all probabilities, largest first.
4. What the game looks like from the equilibrium: actions start with the rank of their probability as colour, cells take
   colours from payoffs and actions, actions from payoffs and cells, players from actions, again and again (colour
   refinement, Weisfeiler and Leman 1968). Which of two views comes first is arbitrary, and the same everywhere.
5. By names: players in natural order of their labels ("action_2" before "action_10"), actions likewise; supports with
   earlier actions first, then larger probabilities first.

Steps 1 to 4 change with neither positions nor labels nor the scale and level of anybody's payoffs; equilibria that they
leave together are, but for rare coincidences, images of each other under a symmetry of the game. Numbers are compared
by rank with values within 1e-9 tied, so that rounding never decides. All rows of all games are handled at once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
import numpy.typing as npt

from bargain.games.batch import batch_extremes
from bargain.games.record import FloatArray
from bargain.games.stage import StageGame

SAME_PROBABILITY = 1e-9
"""Profiles closer than this in every probability are one equilibrium; payoff shares closer than this are tied."""

LARGEST_VIEW = 2**25
"""Tied equilibria of a game times cells times rounds beyond which step 4 is left out: names decide then."""

CELLS_AT_ONCE = 2**18

IntArray = npt.NDArray[np.intp]
Words = npt.NDArray[np.uint64]


@dataclass(frozen=True)
class NameOrder:
    """Positions of players, and of each player's actions, in natural order of the labels."""

    players: tuple[int, ...]
    actions: tuple[tuple[int, ...], ...]

    @classmethod
    def of(cls, players: Sequence[str], actions: Sequence[Sequence[str]]) -> NameOrder:
        return cls(_natural_order(tuple(players)), tuple(_natural_order(tuple(own)) for own in actions))


@dataclass(frozen=True)
class Rows:
    """Equilibria to be ordered, game after game.

    payoffs: ``(n_games, n_players, *n_actions)``; game_of: ``(n_rows,)``, never decreasing; strategies: for each player
    ``(n_rows, n_actions[k])``, or joint distributions alone, ``(n_rows, n_cells)``.
    """

    payoffs: FloatArray
    game_of: IntArray
    strategies: tuple[FloatArray, ...]

    @property
    def joint(self) -> bool:
        return len(self.strategies) != self.payoffs.ndim - 2

    @cached_property
    def probabilities(self) -> FloatArray:
        """All probabilities of a row in a line, ``(n_rows, n)``."""
        return np.concatenate(self.strategies, axis=1)

    @cached_property
    def payoff_shares(self) -> FloatArray:
        """Expected payoffs in shares of each player's range, ``(n_rows, n_players)``."""
        # The payoff level is taken out before, to keep rounding relative to the payoff range.
        tables = _shares(self.payoffs)
        if self.joint:
            tables = tables.reshape(*tables.shape[:2], -1)
        blocks = []
        for at in _blocks(len(self.game_of), tables[0].size):
            block = tables[self.game_of[at]]
            for own in reversed(self.strategies):
                block = np.einsum("r...a,ra->r...", block, own[at])
            blocks.append(block)
        return np.concatenate(blocks)

    def take(self, rows: IntArray) -> Rows:
        """Some of the rows, and the games that they belong to."""
        game_of = self.game_of[rows]
        opens = _opens(game_of)
        strategies = tuple(own[rows] for own in self.strategies)
        return Rows(self.payoffs[game_of[opens]], np.cumsum(opens) - 1, strategies)

    def by_name(self, names: NameOrder) -> FloatArray:
        """Probabilities as in ``probabilities``, players and actions in the order of their names."""
        if self.joint:
            table = self.probabilities.reshape(-1, *self.payoffs.shape[2:])
            for k, own in enumerate(names.actions):
                table = table.take(own, axis=k + 1)
            return table.transpose(0, *(k + 1 for k in names.players)).reshape(len(table), -1)
        return np.concatenate([self.strategies[k][:, list(names.actions[k])] for k in names.players], axis=1)


def distinct(profiles: Sequence[Sequence[FloatArray]]) -> tuple[list[int], list[int]]:
    """Which profiles to keep, the first of those that are equal up to 1e-9, and for each its place among the kept."""
    if len(profiles) < 2:
        return [0] * len(profiles), [0] * len(profiles)
    table = np.array([np.concatenate(profile) for profile in profiles])
    one_class = np.zeros(len(table), dtype=np.intp)
    _, first, place = np.unique(_split(one_class, _ranks(table, one_class)), return_index=True, return_inverse=True)
    arrival = np.argsort(first)
    return first[arrival].tolist(), np.argsort(arrival)[place].tolist()


def canonical_order(game: StageGame, profiles: Sequence[Sequence[FloatArray]]) -> tuple[list[int], list[int]]:
    """Which profiles to keep, in canonical order, and for each profile its place in that order.

    profiles: one strategy for each player, or one joint distribution alone, ``(n_cells,)``.
    """
    kept, place = distinct(profiles)
    if len(kept) < 2:
        return kept, place
    strategies = tuple(np.array(own) for own in zip(*(profiles[i] for i in kept), strict=True))
    rows = Rows(game.payoffs[None], np.zeros(len(kept), dtype=np.intp), strategies)
    order = order_rows(rows, NameOrder.of(game.players, game.actions))
    rank = np.argsort(order)
    return [kept[i] for i in order], [int(rank[i]) for i in place]


def order_rows(rows: Rows, names: NameOrder) -> IntArray:
    """Row numbers in canonical order, game after game; rows of a game are to be distinct."""
    # A class of tied rows is named by the place of its first row, so that splitting it concerns no other row.
    classes = np.maximum.accumulate(np.where(_opens(rows.game_of), np.arange(len(rows.game_of)), 0))
    steps: tuple[Callable[[Rows, IntArray], IntArray], ...] = (
        _in_play,
        _total_share,
        _sorted_shares,
        _sorted_probabilities,
        _views,
        lambda tied, own: _by_name(tied, own, names),
    )
    for step in steps:
        tied = np.flatnonzero(np.bincount(classes, minlength=len(classes))[classes] > 1)
        if not len(tied):
            break
        classes[tied] = _split(classes[tied], step(rows.take(tied), classes[tied]))
    return np.argsort(classes, kind="stable")


def _in_play(rows: Rows, classes: IntArray) -> IntArray:
    used = rows.probabilities > SAME_PROBABILITY
    return np.asarray(used @ np.ones((used.shape[1], 1), dtype=np.intp))


def _total_share(rows: Rows, classes: IntArray) -> IntArray:
    return _ranks(-rows.payoff_shares.sum(axis=1, keepdims=True), classes)


def _sorted_shares(rows: Rows, classes: IntArray) -> IntArray:
    return _ranks(np.sort(-rows.payoff_shares, axis=1), classes)


def _sorted_probabilities(rows: Rows, classes: IntArray) -> IntArray:
    return _ranks(np.sort(-rows.probabilities, axis=1), classes)


def _by_name(rows: Rows, classes: IntArray, names: NameOrder) -> IntArray:
    table = rows.by_name(names)
    return np.column_stack([table <= SAME_PROBABILITY, _ranks(-table, classes)])


def _views(rows: Rows, classes: IntArray) -> IntArray:
    """Step 4 as one column of ranks, zero for the rows of games that are too large."""
    n_rounds = max(rows.payoffs.shape[2:])
    n_tied = np.bincount(rows.game_of)[rows.game_of]
    small = np.flatnonzero(n_tied * rows.payoffs[0].size * n_rounds <= LARGEST_VIEW)
    views = np.zeros(len(classes), dtype=np.uint64)
    for at in _blocks(len(small), rows.payoffs[0].size):
        views[small[at]] = _view(rows.take(small[at]), n_rounds)
    return np.unique(views, return_inverse=True)[1].reshape(-1, 1)


def _view(rows: Rows, n_rounds: int) -> Words:
    """One word per row, equal for equal views: colours are words, sums of them stand for multisets."""
    n_rows, shape = len(rows.game_of), rows.payoffs.shape[2:]
    tables = _ranks_within(_shares(rows.payoffs))[rows.game_of]
    start = _ranks_within(rows.probabilities)
    cells = start.reshape(n_rows, *shape) if rows.joint else np.zeros((n_rows, *shape), dtype=np.uint64)
    ends = np.cumsum(shape)[:-1]
    actions = [np.zeros((n_rows, n), dtype=np.uint64) for n in shape] if rows.joint else np.split(start, ends, axis=1)
    players = list(_ranks_within(rows.payoff_shares).T)
    wide = [tuple(n if j == k else 1 for j, n in enumerate(shape)) for k in range(len(shape))]
    for _ in range(n_rounds):
        sums = np.zeros((n_rows, *shape), dtype=np.uint64)
        for k, own in enumerate(actions):
            seen = _blend(players[k][:, None], own).reshape(n_rows, *wide[k])
            sums += _blend(seen, tables[:, k])
        cells = _blend(cells, sums)
        for k, own in enumerate(actions):
            others = tuple(j + 1 for j in range(len(shape)) if j != k)
            actions[k] = _blend(own, _blend(tables[:, k], cells).sum(axis=others, dtype=np.uint64))
            players[k] = _blend(players[k], actions[k].sum(axis=1, dtype=np.uint64))
    return np.asarray(sum(_blend(own, own) for own in players))


def _blend(first: Words, second: Words) -> Words:
    """A word that depends on both (finalizer of SplitMix64; Steele, Lea and Flood 2014), modulo 2^64."""
    word = first * np.uint64(0x9E3779B97F4A7C15) + second + np.uint64(0x632BE59BD9B4E019)
    word = (word ^ (word >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    word = (word ^ (word >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(word ^ (word >> np.uint64(31)))


def _blocks(n_rows: int, row_size: int) -> list[slice]:
    """Rows in blocks that bound the memory for copies of their games' payoffs."""
    step = max(1, CELLS_AT_ONCE // row_size)
    return [slice(at, at + step) for at in range(0, n_rows, step)]


def _split(classes: IntArray, keys: IntArray) -> IntArray:
    """Classes split by the keys ``(n_rows, n_keys)``, the first key counting most."""
    order = np.lexsort((*keys.T[::-1], classes))
    own, sorted_keys = classes[order], keys[order]
    place = np.arange(len(order))
    opens = _opens(own)
    starts = opens.copy()
    starts[1:] |= (sorted_keys[1:] != sorted_keys[:-1]).any(axis=1)
    offset = np.maximum.accumulate(np.where(starts, place, 0)) - np.maximum.accumulate(np.where(opens, place, 0))
    result = np.empty_like(classes)
    result[order] = own + offset
    return result


def _opens(numbers: IntArray) -> npt.NDArray[np.bool_]:
    """Where a new number begins."""
    opens = np.ones(len(numbers), dtype=bool)
    opens[1:] = numbers[1:] != numbers[:-1]
    return opens


def _ranks(values: FloatArray, classes: IntArray) -> IntArray:
    """Rank of each value within its column and class, equal for values that differ by rounding only."""
    order = np.argsort(values, axis=0, kind="stable")
    if classes.min() < classes.max():
        order = np.take_along_axis(order, np.argsort(classes[order], axis=0, kind="stable"), axis=0)
    ordered, own = np.take_along_axis(values, order, axis=0), classes[order]
    higher = np.zeros(values.shape, dtype=np.intp)
    higher[1:] = (ordered[1:] - ordered[:-1] > SAME_PROBABILITY) | (own[1:] != own[:-1])
    ranks = np.empty_like(higher)
    np.put_along_axis(ranks, order, np.cumsum(higher, axis=0), axis=0)
    return ranks


def _ranks_within(values: FloatArray) -> Words:
    """Rank of each value among those of the same row ``values[i]``, with the same ties."""
    flat = values.reshape(len(values), -1)
    order = np.argsort(flat, axis=1, kind="stable")
    higher = np.zeros(flat.shape, dtype=np.uint64)
    higher[:, 1:] = np.diff(np.take_along_axis(flat, order, axis=1), axis=1) > SAME_PROBABILITY
    ranks = np.empty_like(higher)
    np.put_along_axis(ranks, order, np.cumsum(higher, axis=1, dtype=np.uint64), axis=1)
    return ranks.reshape(values.shape)


def _shares(payoffs: FloatArray) -> FloatArray:
    """Payoffs of many games ``(n_games, n_players, ...)`` mapped to [0, 1] player by player, to 0 where constant."""
    low, high = (bound.reshape(*bound.shape, *[1] * (payoffs.ndim - 2)) for bound in batch_extremes(payoffs))
    return np.asarray((payoffs - low) / np.where(high > low, high - low, 1.0))


@lru_cache
def _natural_order(labels: tuple[str, ...]) -> tuple[int, ...]:
    """Positions of labels in natural order: numbers within them by size, the rest by code points."""

    def key(label: str) -> tuple[list[tuple[bool, int, str]], str]:
        pieces = [(piece[0] not in "0123456789", piece) for piece in re.findall(r"[0-9]+|[^0-9]+", label)]
        # Of two numbers without leading zeros the longer is larger, of two as long the later by code points.
        return [(word, 0 if word else len(p.lstrip("0")), p if word else p.lstrip("0")) for word, p in pieces], label

    return tuple(sorted(range(len(labels)), key=lambda i: key(labels[i])))
