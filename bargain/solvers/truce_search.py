"""Where agreed moves enforce themselves against a standoff: the active states of many truces at once.

With agreed moves m, a set A of active states and the standoff's values v, keeping the truce is worth
W_i = (1 - d) u_i(m) + d E[W_i] in A and v_i outside: the truce ends on entering an inactive state, and the standoff
holds for ever. Whoever breaks it enjoys the best own moves against m for L rounds (in active states; an inactive state
ends the truce then too), and v afterwards: D_i^0 = v_i, D_i^k = max_a (1 - d) u_i(a, m_-i) + d E[D_i^(k-1)] in A. The
agreed move itself is among these a: a player may give notice. A enforces itself when W_i >= D_i^L for all i in A.
With one state, D = (1 - d^L) max_a u_i(a, m_-i) + d^L v_i: reversion to Nash play (Friedman 1971) when L is 1.

The search starts from all states and drops those that fail. Dropping may raise W elsewhere, where the standoff is worth
more than the truce, so that self-enforcing sets need not have a largest one. A state is dropped for good when no set
inside the present one can hold it: there W is at most the value of stopping wherever one likes (an optimal stopping
problem of that player alone), and D at least what it is with the lower of v and D in every state. When no failing state
can be refused in this way, those that fail by most are dropped; what is left enforces itself, but then it is not
proven to be the largest set.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

import numpy as np

from bargain.games.markov import BoolArray, IntArray, MarkovGame
from bargain.games.record import FloatArray
from bargain.games.stationary import StationaryProfile
from bargain.solvers.truce_chain import LARGEST_DENSE, chain_system, chain_values_in
from bargain.solvers.truce_levels import ChainLevels
from bargain.solvers.watch import current_watch

SLACK = 1e-9
"""A gain from breaking below this share of (1 - d) times the payoff range is none."""

CELLS_AT_ONCE = 2**22

NEARLY_WORST = 0.8
"""States that fail by this share of the worst failure are dropped together when none can be refused for good."""

MOST_AT_ONCE = 32
"""Truces between two looks at the watch."""

MOST_POLICIES = 60
"""Steps of policy iteration for a stopping problem after which nothing is proven."""


@dataclass(frozen=True)
class Truces:
    """What was found for M truces.

    moves: ``(M, n_states)``, numbers of joint moves in the order of the payoff table; active, dropped
    ``(M, n_states)``: the step at which a state was dropped, 0 for active ones, -1 where the agreed move is not
    available; values, agreed_values, deviation_values ``(M, n_states, n_players)`` and replies (actions): the last
    three as tested, for a dropped state with the states of that step; largest ``(M,)``: whether every self-enforcing
    set is provably inside ``active``; standoff_values ``(M, n_states, n_players)``.
    """

    moves: IntArray
    active: BoolArray
    dropped: IntArray
    values: FloatArray
    agreed_values: FloatArray
    deviation_values: FloatArray
    replies: IntArray
    largest: BoolArray
    standoff_values: FloatArray

    def take(self, kept: Any) -> Truces:
        return Truces(**{item.name: getattr(self, item.name)[kept] for item in fields(self)})


class TruceProblem:
    """A game and its standoff, laid out for the evaluation of many truces at any discount factor."""

    def __init__(self, game: MarkovGame, standoff: StationaryProfile) -> None:
        n_states, n = game.n_states, game.n_players
        self.game, self.n_states, self.n_players = game, n_states, n
        # Values do not depend on the payoff level; taking it out keeps rounding relative to the range.
        self.level = game.payoffs.min(axis=(0, *range(2, 2 + n)))
        self.payoffs = np.moveaxis(game.payoffs.reshape(n_states, n, -1), 1, 2) - self.level
        n_moves = self.payoffs.shape[1]
        self.successors = game.successors.reshape(n_states, n_moves, -1)
        self.chances = game.probabilities.reshape(n_states, n_moves, -1)
        self.available = game.available_moves.reshape(n_states, n_moves)
        self.profiles = np.stack(np.unravel_index(np.arange(n_moves), game.n_actions), axis=1)
        self.strides = [int(np.prod(game.n_actions[k + 1 :])) for k in range(n)]
        self.scale = np.where(game.payoff_range > 0.0, game.payoff_range, 1.0)
        self.rows = np.arange(n_states)
        self._standoff = self._chain(standoff)

    def _chain(self, standoff: StationaryProfile) -> tuple[FloatArray, FloatArray, IntArray]:
        """Expected payoffs of the standoff, and all its successors side by side with their chances."""
        weights = np.ones((self.n_states, 1))
        for own in standoff.strategies:
            weights = (weights[:, :, None] * own[:, None, :]).reshape(self.n_states, -1)
        used = np.argsort(weights == 0.0, axis=1, kind="stable")[:, : int((weights > 0.0).sum(axis=1).max())]
        shares = np.take_along_axis(weights, used, axis=1)
        at = self.rows[:, None], used
        payoffs = (self.payoffs[at] * shares[..., None]).sum(axis=1)
        chances = (self.chances[at] * shares[..., None]).reshape(self.n_states, -1)
        return payoffs, chances, self.successors[at].reshape(self.n_states, -1)

    def standoff_values(self, discount_factor: float) -> FloatArray:
        """Value of the standoff in each state, ``(n_states, n_players)``, above the payoff level."""
        payoffs, chances, successors = self._standoff
        chain = chain_system(chances[None], successors[None])
        everywhere = np.ones((1, self.n_states), dtype=bool)
        first = np.zeros(1, dtype=np.intp)
        nowhere = np.zeros_like(payoffs)
        return np.asarray(chain_values_in(chain, first, everywhere, payoffs[None], nowhere, discount_factor)[0])

    def one_round(self, later: FloatArray, discount_factor: float) -> FloatArray:
        """Worth of each move now and ``later`` from the next round on, ``(n_states, n_moves, n_players)``."""
        expected = np.reshape(self._transitions @ later, self.payoffs.shape)
        return np.asarray((1.0 - discount_factor) * self.payoffs + discount_factor * expected)

    @cached_property
    def _transitions(self) -> Any:
        """All moves of all states below each other, sparse ``(n_states n_moves, n_states)``."""
        from scipy.sparse import csr_array

        n_rows = self.n_states * self.payoffs.shape[1]
        begins = np.arange(n_rows + 1) * self.chances.shape[2]
        entries = (self.chances.ravel(), self.successors.ravel(), begins)
        return csr_array(entries, shape=(n_rows, self.n_states))

    def evaluate(self, moves: IntArray, reply_lag: int, discount_factor: float | None = None) -> Truces:
        """Active sets of the truces ``(M, n_states)``; of fewer than M when the time is up."""
        d = self.game.discount_factor if discount_factor is None else discount_factor
        standoff = self.standoff_values(d)
        watch = current_watch()
        width = self.successors.shape[2]
        size = self.n_states * (self.n_states if self.n_states <= LARGEST_DENSE else width)
        size = max(size, self.n_states * width * sum(self.game.n_actions) if reply_lag > 1 else 0)
        n_at_once = min(MOST_AT_ONCE, max(1, CELLS_AT_ONCE // size))
        parts: list[Truces] = []
        for begin in range(0, len(moves), n_at_once):
            if begin and watch.expired():
                break
            watch.report(begin / len(moves), f"truce {begin + 1} of {len(moves)}")
            parts.append(_Search(self, moves[begin : begin + n_at_once], standoff, reply_lag, d).run())
        return Truces(**{item.name: np.concatenate([getattr(p, item.name) for p in parts]) for item in fields(Truces)})


class _Search:
    """The search for the active states of some truces with one discount factor and reply lag."""

    def __init__(
        self, problem: TruceProblem, moves: IntArray, standoff: FloatArray, reply_lag: int, discount_factor: float
    ) -> None:
        self.problem, self.moves, self.standoff = problem, moves, standoff
        self.lag, self.d = reply_lag, discount_factor
        at = problem.rows, moves
        self.payoffs = problem.payoffs[at]
        self.chain = chain_system(problem.chances[at], problem.successors[at])
        self.levels = self._levels(np.arange(len(moves))) if problem.n_states > LARGEST_DENSE else None
        self.available = problem.available[at]
        self.ties = SLACK * (1.0 - discount_factor) * problem.scale
        self._known: dict[tuple[int, int], tuple[FloatArray, Any, FloatArray]] = {}
        # A table of all moves pays when more deviations are looked up than there are moves.
        many = len(moves) * sum(problem.game.n_actions) > problem.payoffs.shape[1]
        self.last_round = problem.one_round(standoff, discount_factor) if many else None

    def run(self) -> Truces:
        n_truces, n_states = self.moves.shape
        shape = (n_truces, n_states, self.problem.n_players)
        active = self.available.copy()
        dropped = np.where(active, 0, -1)
        largest = np.ones(n_truces, dtype=bool)
        agreed, broken = np.broadcast_to(self.standoff, shape).copy(), np.broadcast_to(self.standoff, shape).copy()
        replies = self.problem.profiles[self.moves]
        at = np.arange(n_truces)
        # With a lag of one round a deviation is worth the same whatever states are active.
        once = self._broken(at, active) if self.lag == 1 else None
        for step in range(1, n_states + 2):
            keep = self._agreed(at, active[at])
            leave, choice = self._broken(at, active[at]) if once is None else (once[0][at], once[1][at])
            tested = active[at][..., None]
            agreed[at], broken[at] = np.where(tested, keep, agreed[at]), np.where(tested, leave, broken[at])
            replies[at] = np.where(tested, choice, replies[at])
            short = np.asarray(tested & (keep < leave - self.ties))
            open_ = np.asarray(short.any(axis=(1, 2)))
            at, keep, short = at[open_], keep[open_], np.asarray(short[open_])
            if not len(at):
                break
            refused = self._refused(at, active[at], keep, leave[open_], short)
            proven = np.asarray(refused.any(axis=1))
            worst = np.where(short, (leave[open_] - keep) / self.problem.scale, 0.0).max(axis=2)
            most = worst.max(axis=1, keepdims=True) * NEARLY_WORST
            gone = np.where(proven[:, None], refused, np.any(short, axis=2) & (worst >= most))
            largest[at] &= proven
            active[at] &= ~gone
            dropped[at] = np.where(gone, step, dropped[at])
        level = self.problem.level
        values = np.where(active[..., None], agreed, self.standoff)
        return Truces(
            self.moves,
            active,
            dropped,
            values + level,
            agreed + level,
            broken + level,
            replies,
            largest,
            np.broadcast_to(self.standoff + level, shape),
        )

    def _agreed(self, at: IntArray, active: BoolArray) -> FloatArray:
        """W of the truces ``at``, ``(len(at), n_states, n_players)``."""
        if self.levels is None:
            return chain_values_in(self.chain, at, active, self.payoffs[at], self.standoff, self.d)
        if 2 * len(at) <= len(self._laid_out):
            self.levels = self._levels(at)
            assert self.levels is not None
        return self.levels.values(self._every(at, active))[np.searchsorted(self._laid_out, at)]

    def _levels(self, at: IntArray) -> ChainLevels | None:
        """The chains of the truces ``at`` by levels, as long as these are the ones to come."""
        self._laid_out = at
        return ChainLevels.of(
            self.chain.chances[at], self.chain.successors[at], self.payoffs[at], self.standoff, self.d
        )

    def _every(self, at: IntArray, active: BoolArray) -> BoolArray:
        """Active states of all truces that are laid out, none of those that are not ``at``."""
        every = np.zeros((len(self._laid_out), active.shape[1]), dtype=bool)
        every[np.searchsorted(self._laid_out, at)] = active
        return every

    def _broken(self, at: IntArray, active: BoolArray, lowest: bool = False) -> tuple[FloatArray, IntArray]:
        """D of each player and the first action of the best deviation; ``lowest``: below D of every smaller set."""
        problem, moves = self.problem, self.moves[at]
        values = np.empty((*moves.shape, problem.n_players))
        choices = np.zeros(values.shape, dtype=np.intp)
        for k in range(problem.n_players):
            possible, outside = problem.game.available[k][None], self.standoff[:, k]
            if self.last_round is None:
                worth = self._later(at, np.broadcast_to(outside, active.shape), k)
            else:
                worth = self.last_round[problem.rows[:, None], self._swaps(moves, k), k]
            worth = np.where(possible, worth, -np.inf)
            held = worth.max(axis=-1)
            for _ in range(1, self.lag):
                later = np.where(active, worth.max(axis=-1), outside)
                # The state that is asked for is in every set; only of the others the lower value counts.
                least = np.minimum(later, outside) if lowest else later
                worth = np.where(possible, self._later(at, least, k), -np.inf)
                if lowest:
                    again = self._staying(at, k) * (np.where(active, held, outside) - least)[..., None]
                    held = (worth + self.d * again).max(axis=-1)
            if lowest:
                values[..., k] = held
                continue
            values[..., k] = worth.max(axis=-1)
            choices[..., k] = (worth >= values[..., k, None] - self.ties[k]).argmax(axis=-1)
        return values, choices

    def _swaps(self, moves: IntArray, player: int) -> IntArray:
        """Numbers of the moves in which a player takes each own action instead of the agreed one."""
        problem, stride = self.problem, self.problem.strides[player]
        own = problem.profiles[moves, player]
        return np.asarray((moves - own * stride)[..., None] + np.arange(problem.game.n_actions[player]) * stride)

    def _later(self, at: IntArray, later: FloatArray, player: int) -> FloatArray:
        """Worth of each own action now and ``later`` ``(len(at), n_states)`` in the next round."""
        # One truce at a time: the successors of all deviations of all truces would not fit.
        parts = []
        for truce, own in zip(at.tolist(), later, strict=True):
            now, transitions, _ = self._deviations(truce, player)
            parts.append(now + self.d * (transitions @ own).reshape(now.shape))
        return np.stack(parts)

    def _staying(self, at: IntArray, player: int) -> FloatArray:
        """Chances that each own action leads back to the same state, ``(len(at), n_states, n_actions)``."""
        return np.stack([self._deviations(truce, player)[2] for truce in at.tolist()])

    def _deviations(self, truce: int, player: int) -> tuple[FloatArray, Any, FloatArray]:
        """Each own action against the truce, ``(n_states, n_actions)``: (1 - d) times payoffs, transitions, staying."""
        key = truce, player
        if key not in self._known:
            from scipy.sparse import csr_array

            problem, rows = self.problem, self.problem.rows[:, None]
            places = rows, self._swaps(self.moves[truce], player)
            chances, follow = problem.chances[places], problem.successors[places]
            begins = np.arange(places[1].size + 1) * chances.shape[2]
            shape = (places[1].size, problem.n_states)
            matrix = csr_array((chances.ravel(), follow.ravel(), begins), shape=shape)
            staying = np.asarray((chances * (follow == rows[..., None])).sum(axis=-1))
            self._known[key] = ((1.0 - self.d) * problem.payoffs[(*places, player)], matrix, staying)
        return self._known[key]

    def _refused(
        self, at: IntArray, active: BoolArray, keep: FloatArray, leave: FloatArray, short: BoolArray
    ) -> BoolArray:
        """Failing states that no self-enforcing set inside the active states can hold, ``(len(at), n_states)``."""
        floor = leave if self.lag == 1 else self._broken(at, active, lowest=True)[0]
        limit = floor - self.ties
        # Stopping can add no more than the largest gain from it, one round later at the earliest.
        gap = np.maximum(np.where(active[..., None], self.standoff - keep, 0.0).max(axis=1), 0.0)
        refused = (short & (keep + self.d * gap[:, None] < limit)).any(axis=2)
        open_ = np.flatnonzero(~refused.any(axis=1))
        if len(open_) and self.levels is not None:
            ahead = self.levels.stopping(self._every(at[open_], active[open_]))
            for j, own in zip(open_, ahead[np.searchsorted(self._laid_out, at[open_])], strict=True):
                most = (1.0 - self.d) * self.payoffs[at[j]] + self.d * self.chain.expected(at[j], own)
                refused[j] = (short[j] & (most < limit[j])).any(axis=1)
            return np.asarray(refused)
        for j in open_:
            for k in np.flatnonzero(short[j].any(axis=0)):
                most = self._stopping(int(at[j]), active[j], keep[j, :, k], int(k))
                refused[j] |= short[j, :, k] & (most < limit[j, :, k])
        return np.asarray(refused)

    def _stopping(self, truce: int, active: BoolArray, keep: FloatArray, player: int) -> FloatArray:
        """Most that a player can get from going on now and stopping at will later, by policy iteration."""
        outside = self.standoff[:, [player]]
        payoffs = self.payoffs[[truce]][..., [player]]
        at = np.array([truce])
        goes_on = active & (keep > outside[:, 0])
        for _ in range(MOST_POLICIES):
            values = chain_values_in(self.chain, at, goes_on[None], payoffs, outside, self.d)[0, :, 0]
            onward = (1.0 - self.d) * payoffs[0, :, 0] + self.d * self.chain.expected(truce, values)
            better = active & (onward > outside[:, 0] + 0.01 * self.ties[player])
            if np.array_equal(better, goes_on):
                return np.asarray(onward)
            goes_on = better
        return np.full(len(active), np.inf)
