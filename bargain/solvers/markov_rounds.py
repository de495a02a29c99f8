"""One round of a Markov game as solvers see it: payoffs now plus discounted values of what follows (Shapley 1953).

For values v the auxiliary game of state s gives player i for the moves a

    Q_i(s, a) = (1 - d) u_i(s, a) + d sum_t P(t | s, a) v_i(t),

payoffs in units of each player's payoff range, counted from the smallest one, so that values lie in [0, 1] and neither
the scale nor the level of payoffs matters. A stationary profile is a Markov perfect equilibrium exactly when in every
state it is an equilibrium of the auxiliary game at its own values. Moves are numbered ``0..n_moves - 1`` in C order.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from bargain.games.markov import BoolArray, IntArray, MarkovGame
from bargain.games.record import FloatArray
from bargain.solvers.base import TIE

DENSE_STATES = 150
"""Up to this number of states a policy is evaluated with a dense matrix; LAPACK starts threads for larger ones, which
on a busy machine costs a hundred times the solution."""


@dataclass(frozen=True, eq=False)
class Rounds:
    """A Markov game laid out for solvers.

    payoffs: ``(n_states, n_players, n_moves)`` in [0, 1], zero where moves are not available; transitions: sparse
    ``(n_states * n_moves, n_states)``; available: ``(n_states, n_moves)``; own: the same by player, ``(n_states,
    n_actions[i])``; deviations: per player ``(n_moves, n_actions[i])``, the move after a change of the own action;
    choices: ``(n_moves, n_players)``, the actions of a move; ranges: payoff ranges, 1 where payoffs are constant.
    """

    payoffs: FloatArray
    transitions: Any
    available: BoolArray
    own: tuple[BoolArray, ...]
    deviations: tuple[IntArray, ...]
    choices: IntArray
    n_actions: tuple[int, ...]
    discount_factor: float
    ranges: FloatArray

    @classmethod
    def of(cls, game: MarkovGame) -> Rounds:
        from scipy.sparse import csr_array

        n_states, n_players, shape = game.n_states, game.n_players, game.n_actions
        n_moves = int(np.prod(shape))
        available = game.available_moves.reshape(n_states, n_moves)
        table = game.payoffs.reshape(n_states, n_players, n_moves)
        there = available[:, None, :]
        low = np.where(there, table, np.inf).min(axis=(0, 2))
        ranges = np.where(there, table, -np.inf).max(axis=(0, 2)) - low
        ranges = np.where(ranges > 0.0, ranges, 1.0)
        payoffs = np.where(there, (table - low[:, None]) / ranges[:, None], 0.0)
        k = game.successors.shape[-1]
        starts = np.arange(0, n_states * n_moves * k + 1, k)
        entries = (game.probabilities.reshape(-1).copy(), game.successors.reshape(-1).copy(), starts)
        transitions = csr_array(entries, shape=(n_states * n_moves, n_states))
        transitions.sum_duplicates()
        transitions.eliminate_zeros()
        moves = np.arange(n_moves).reshape(shape)
        deviations = tuple(
            np.stack([np.take(moves, np.full(n, a), axis=i) for a in range(n)], axis=-1).reshape(n_moves, n)
            for i, n in enumerate(shape)
        )
        choices = np.stack(np.unravel_index(np.arange(n_moves), shape), axis=1)
        return cls(
            payoffs,
            transitions,
            available,
            game.available,
            deviations,
            choices,
            shape,
            game.discount_factor,
            ranges,
        )

    def restricted(self, states: IntArray, values: FloatArray) -> Rounds:
        """The game in some states, leaving them being worth ``values`` ``(n_states of all, n_players)``.

        What is earned outside is added to payoffs; the chances inside sum to less than one.
        """
        rows = self.transitions[(states[:, None] * self.n_moves + np.arange(self.n_moves)).reshape(-1)]
        outside = values.copy()
        outside[states] = 0.0
        follow = (rows @ outside).reshape(len(states), self.n_moves, self.n_players).transpose(0, 2, 1)
        share = self.discount_factor / (1.0 - self.discount_factor)
        return replace(
            self,
            payoffs=np.where(self.available[states][:, None, :], self.payoffs[states] + share * follow, 0.0),
            transitions=rows[:, states].tocsr(),
            available=self.available[states],
            own=tuple(mask[states] for mask in self.own),
        )

    @property
    def n_states(self) -> int:
        return len(self.payoffs)

    @property
    def n_players(self) -> int:
        return len(self.ranges)

    @property
    def n_moves(self) -> int:
        return len(self.choices)

    @property
    def slack(self) -> float:
        """Largest gain of one round that is a tie, payoff range 1; never below the rounding of values."""
        return max(TIE * (1.0 - self.discount_factor), 64 * float(np.finfo(np.float64).eps))

    def worth(self, values: FloatArray) -> FloatArray:
        """Q of every move, ``(n_states, n_players, n_moves)``; -inf where it is not available."""
        follow = (self.transitions @ values).reshape(self.n_states, self.n_moves, self.n_players)
        worth = (1.0 - self.discount_factor) * self.payoffs + self.discount_factor * follow.transpose(0, 2, 1)
        return np.where(self.available[:, None, :], worth, -np.inf)

    def best_replies(self, worth: FloatArray, player: int) -> FloatArray:
        """The player's largest Q against what the others do in a move, ``(n_states, n_moves)``."""
        table = worth[:, player].reshape(self.n_states, *self.n_actions)
        best = np.broadcast_to(table.max(axis=player + 1, keepdims=True), table.shape)
        return best.reshape(self.n_states, self.n_moves)

    def regrets(self, worth: FloatArray) -> FloatArray:
        """Largest gain of any player from another action, ``(n_states, n_moves)``; inf where it cannot be made."""
        gains = np.zeros((self.n_states, self.n_moves))
        with np.errstate(invalid="ignore"):
            for k in range(self.n_players):
                np.maximum(gains, self.best_replies(worth, k) - worth[:, k], out=gains)
        return np.where(self.available, gains, np.inf)

    def values(self, moves: IntArray) -> FloatArray:
        """Values ``(n_states, n_players)`` of one move per state ``(n_states,)``, for good."""
        here = np.arange(self.n_states)
        return self.chain_values(self.payoffs[here, :, moves], self.transitions[here * self.n_moves + moves])

    def chain_values(self, payoffs: FloatArray, transitions: Any) -> FloatArray:
        """Solve v = (1 - d) u + d P v for all columns of u."""
        d = self.discount_factor
        if d == 0.0:
            return np.array(payoffs)
        if len(payoffs) <= DENSE_STATES:
            return np.asarray(np.linalg.solve(np.eye(len(payoffs)) - d * transitions.toarray(), (1.0 - d) * payoffs))
        from scipy.sparse import eye_array
        from scipy.sparse.linalg import spsolve

        solved = spsolve((eye_array(len(payoffs)) - d * transitions).tocsc(), (1.0 - d) * payoffs)
        return np.asarray(solved).reshape(payoffs.shape)

    def best_policy(self, moves: IntArray, player: int) -> IntArray:
        """Moves after the player's best reply, in all states at once, to what the others do: Howard's iteration.

        Actions that are as good as the best ones are kept; it ends because each round raises the player's values.
        """
        n, d, here = self.n_actions[player], self.discount_factor, np.arange(self.n_states)
        options = self.deviations[player][moves]
        rows = (here[:, None] * self.n_moves + options).reshape(-1)
        transitions = self.transitions[rows]
        payoffs = np.where(self.own[player], self.payoffs[here[:, None], player, options], -np.inf)
        policy = self.choices[moves, player]
        for _ in range(100 + self.n_states):
            now = payoffs[here, policy][:, None]
            values = self.chain_values(now, transitions[here * n + policy])
            worth = (1.0 - d) * payoffs + d * (transitions @ values).reshape(self.n_states, n)
            better = worth.max(axis=1) > worth[here, policy] + self.slack
            if not better.any():
                break
            policy = np.where(better, worth.argmax(axis=1), policy)
        return np.asarray(options[here, policy])

    def holds(self, moves: IntArray) -> bool:
        """Whether no player gains in any state from another action, up to ties."""
        regrets = self.regrets(self.worth(self.values(moves)))
        return bool(np.all(regrets[np.arange(self.n_states), moves] <= self.slack))

    def strategies(self, moves: IntArray) -> tuple[FloatArray, ...]:
        """The pure profile as probabilities, per player ``(n_states, n_actions[i])``."""
        return tuple(np.eye(n)[self.choices[moves, i]] for i, n in enumerate(self.n_actions))


def components(rounds: Rounds) -> list[IntArray]:
    """States that can be reached from each other, grouped; every group comes after those it leads to."""
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import connected_components

    links = rounds.transitions.tocoo()
    there = rounds.available.reshape(-1)[links.row] & (links.data > 0.0)
    entries = (np.ones(int(there.sum())), (links.row[there] // rounds.n_moves, links.col[there]))
    graph = csr_array(entries, shape=(rounds.n_states, rounds.n_states))
    n_groups, label = connected_components(graph, directed=True, connection="strong")
    groups = [np.flatnonzero(label == k) for k in range(n_groups)]
    edges = graph.tocoo()
    crossing = label[edges.row] != label[edges.col]
    pairs = np.unique(np.stack([label[edges.row], label[edges.col]], axis=1)[crossing], axis=0)
    waiting = np.bincount(pairs[:, 0], minlength=n_groups)
    before: list[list[int]] = [[] for _ in range(n_groups)]
    for first, then in pairs.tolist():
        before[then].append(first)
    order = np.flatnonzero(waiting == 0).tolist()
    for k in order:
        for j in before[k]:
            waiting[j] -= 1
            if waiting[j] == 0:
                order.append(j)
    return [groups[k] for k in order]
