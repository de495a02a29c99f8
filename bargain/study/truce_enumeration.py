"""Truces by brute force: every constant move, its value and its best breach by plain iteration; no solver is used.

For agreed moves m and active states A, W = (1 - d) u(m) + d P W in A and the standoff's v outside, iterated from above
until the steps left are below a tolerance (contraction with d). A breach is worth D: the best own actions against m for
``reply_lag`` rounds while in A, then v. Dropping the states that fail worst, again and again, leaves a set that
enforces itself or nothing. That no set can hold a state is shown by a bound: X = max(v, (1 - d) u(m) + d P X) is no
less than any set gives a player, and the least breach (in each later round the lower of v and of going on) no more;
where the bounds leave it open, by branching over the states that are surely in the set or surely not.
The standoff is worth what its own profile gives when it is played.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from bargain.games.markov import BoolArray, IntArray, MarkovGame
from bargain.games.record import FloatArray

CLOSE = 1e-11
"""Values are iterated until they are this close, as a share of the payoff range."""

MARGIN = 1e-8
"""A gain below this share of the payoff range is none."""

MOST_NODES = 300
"""Branches after which it stays open whether a set can hold a state."""


class Undecided(Exception):  # noqa: N818
    """Branching over sets of states was cut short."""


@dataclass(frozen=True)
class Enumerated:
    """Answer for one game and standoff.

    verdict: "agreement" (a lottery over truces leaves both sides better off), "none" (no lottery over all that any set
    of states can give does), "undecided"; values: at the start, of the truces found ``{move: (n_players,)}``; unclear:
    moves of which a bound stands for the values of sets that were not found; threat: ``(n_players,)``.
    """

    verdict: str
    values: dict[tuple[int, ...], FloatArray]
    unclear: int
    threat: FloatArray


def enumerated_truces(
    game: MarkovGame, strategies: Sequence[FloatArray], start: FloatArray, reply_lag: int = 1
) -> Enumerated:
    """All constant agreed moves of a two-player game, each judged on its own."""
    u, P = _tables(game)
    scale = np.ptp(game.payoffs, axis=(0, 2, 3)) + 1e-300
    mix = strategies[0][:, :, None] * strategies[1][:, None, :]
    v = _iterate((mix[..., None] * u).sum(axis=(1, 2)), np.einsum("sab,sabt->st", mix, P), game.discount_factor)
    threat, unclear = start @ v, 0
    values: dict[tuple[int, ...], FloatArray] = {}
    most: list[FloatArray] = []
    starts, nowhere = np.flatnonzero(start > 0.0), np.zeros(game.n_states, dtype=bool)
    for a, b in np.ndindex(*game.n_actions):
        one = _Move(u, P, a, b, v, game.discount_factor, reply_lag, scale)
        left = one.possible(nowhere, ~nowhere)
        if left is None or not left[starts].any():
            continue
        active, worth = one.kept()
        if active[starts].any():
            values[a, b] = start @ worth
        if np.array_equal(active, left):
            most.append(start @ worth)
        elif active[starts].any() or one.may_hold(starts):
            # Some other set may be worth more: no more than stopping at will gives.
            unclear += 1
            most.append(start @ one.bound(nowhere, left))
    if _both_gain(list(values.values()), threat, scale):
        verdict = "agreement"
    else:
        verdict = "undecided" if _both_gain(most, threat, scale) else "none"
    return Enumerated(verdict, values, unclear, threat)


def _tables(game: MarkovGame) -> tuple[FloatArray, FloatArray]:
    """Payoffs ``(n_states, n_a, n_b, 2)`` and dense transitions ``(n_states, n_a, n_b, n_states)``."""
    P = np.zeros((game.n_states, *game.n_actions, game.n_states))
    for s in range(game.n_states):
        for a in range(game.n_actions[0]):
            for b in range(game.n_actions[1]):
                np.add.at(P[s, a, b], game.successors[s, a, b], game.probabilities[s, a, b])
    return np.moveaxis(game.payoffs, 1, -1), P


def _iterate(payoffs: FloatArray, chain: FloatArray, d: float) -> FloatArray:
    """Value of a chain, by repetition."""
    worth = payoffs.max(axis=0) * np.ones_like(payoffs)
    size = np.abs(payoffs).max() + 1e-300
    while True:
        after = (1.0 - d) * payoffs + d * chain @ worth
        if np.abs(after - worth).max() <= CLOSE * size * (1.0 - d):
            return np.asarray(after)
        worth = after


class _Move:
    """One constant move: what keeping it and breaking it are worth."""

    def __init__(
        self, u: FloatArray, P: FloatArray, a: int, b: int, v: FloatArray, d: float, lag: int, scale: FloatArray
    ) -> None:
        self.v, self.d, self.lag, self.scale = v, d, lag, scale
        self.u, self.P = u[:, a, b], P[:, a, b]
        self.own = ((u[:, :, b, 0], P[:, :, b]), (u[:, a, :, 1], P[:, a]))

    def kept(self) -> tuple[BoolArray, FloatArray]:
        """A set of states that enforces itself (the worst failures dropped first), and the values with it."""
        active = np.ones(len(self.u), dtype=bool)
        while active.any():
            worth = self._repeat(self._keeping(active))
            short = np.where(active[:, None], (self._breach(active) - worth) / self.scale, -np.inf).max(axis=1)
            if short.max() <= MARGIN * (1.0 - self.d):
                return active, worth
            active &= short < short.max() * (1.0 - 1e-12)
        return active, self.v

    def possible(self, surely: BoolArray, among: BoolArray) -> BoolArray | None:
        """States of ``among`` that the bounds leave to sets holding all of ``surely``; None where there is no set."""
        left = among.copy()
        while True:
            most = self.bound(surely, left)
            short = ((self._least_breach(surely, left) - self._onward(most)) / self.scale).max(axis=1)
            failing = left & (short > MARGIN * (1.0 - self.d))
            if (failing & surely).any():
                return None
            if not failing.any():
                return left
            left &= ~failing

    def bound(self, surely: BoolArray, among: BoolArray) -> FloatArray:
        """No set between these gives a player more, ``(n_states, 2)``."""
        return self._repeat(self._stopping(surely, among))

    def may_hold(self, states: IntArray) -> bool:
        """Whether some set that enforces itself may hold one of these states."""
        try:
            return any(self.holding(int(s)) is not None for s in states)
        except Undecided:
            return True

    def holding(self, state: int) -> BoolArray | None:
        """A set that enforces itself and holds this state, by branching; None where there is provably none.

        Raises Undecided after ``MOST_NODES`` branches.
        """
        everywhere = np.ones(len(self.u), dtype=bool)
        first = np.zeros(len(self.u), dtype=bool)
        first[state] = True
        open_, nodes = [(first, everywhere)], 0
        while open_:
            surely, among = open_.pop()
            nodes += 1
            if nodes > MOST_NODES:
                raise Undecided
            left = self.possible(surely, among)
            if left is None:
                continue
            worth = self._repeat(self._keeping(left))
            short = np.where(left[:, None], (self._breach(left) - worth) / self.scale, -np.inf).max(axis=1)
            if short.max() <= MARGIN * (1.0 - self.d):
                return left
            free = left & ~surely
            if not free.any():
                continue
            worst = int(np.where(free, short, -np.inf).argmax())
            with_it, without = surely.copy(), left.copy()
            with_it[worst], without[worst] = True, False
            open_ += [(with_it, left), (surely, without)]
        return None

    def _onward(self, later: FloatArray) -> FloatArray:
        return (1.0 - self.d) * self.u + self.d * self.P @ later

    def _keeping(self, active: BoolArray) -> Callable[[FloatArray], FloatArray]:
        return lambda later: np.where(active[:, None], self._onward(later), self.v)

    def _stopping(self, surely: BoolArray, among: BoolArray) -> Callable[[FloatArray], FloatArray]:
        """Bound on what any set gives: a player stops at will where the set is free to end the truce."""
        floor = np.where(surely[:, None], -np.inf, self.v)
        return lambda later: np.where(among[:, None], np.maximum(floor, self._onward(later)), self.v)

    def _repeat(self, step: Callable[[FloatArray], FloatArray]) -> FloatArray:
        worth = np.maximum(self.u.max(axis=0), self.v.max(axis=0)) * np.ones_like(self.v)
        while True:
            after = step(worth)
            if (np.abs(after - worth) / self.scale).max() <= CLOSE * (1.0 - self.d):
                return after
            worth = after

    def _breach(self, active: BoolArray) -> FloatArray:
        """D with these active states: the best own actions while they last, then the standoff."""
        result = np.empty_like(self.v)
        for k, (gain, chain) in enumerate(self.own):
            later = self.v[:, k]
            for _ in range(self.lag):
                best = ((1.0 - self.d) * gain + self.d * chain @ later).max(axis=1)
                later = np.where(active, best, self.v[:, k])
            result[:, k] = later
        return result

    def _least_breach(self, surely: BoolArray, among: BoolArray) -> FloatArray:
        """No set between ``surely`` and ``among`` that holds a state gives a breach there less.

        What follows in a state that may be outside is at least the lower of the standoff and of going on; in the state
        itself, which is in the set, it is going on.
        """
        result = np.empty_like(self.v)
        for k, (gain, chain) in enumerate(self.own):
            outside = held = self.v[:, k]
            back = chain[np.arange(len(gain)), :, np.arange(len(gain))]
            for step in range(self.lag):
                going = held if step else outside
                least = np.where(surely, going, np.where(among, np.minimum(going, outside), outside))
                stays = back * (np.where(among, going, outside) - least)[:, None]
                held = ((1.0 - self.d) * gain + self.d * (chain @ least + stays)).max(axis=1)
            result[:, k] = held
        return result


def _both_gain(points: list[FloatArray], threat: FloatArray, scale: FloatArray) -> bool:
    """Whether a lottery over at most two points gives both players more than the threat."""
    gains = [(point - threat) / scale for point in points]
    for one in gains:
        if one.min() > MARGIN:
            return True
        for other in gains:
            # On the segment, the lower of the two gains is largest at an end or where they are equal.
            tilt = (one[0] - one[1]) - (other[0] - other[1])
            if tilt != 0.0:
                share = -(other[0] - other[1]) / tilt
                if 0.0 < share < 1.0 and (share * one + (1.0 - share) * other).min() > MARGIN:
                    return True
    return False
