"""The stationary logit equilibrium conditions of a Markov game in log-probabilities, and their linear systems.

With precision t and worth W_i(s, a) = u_i(s, a) + d sum_t P(t | s, a) v_i(t), in every state s and for every player i

    r = x - b - t W_i(s, ., p_-i),    F(x, t) = r - mean(r) + log sum(exp x) = 0,    v = u(p) + d P(p) v,

p the softmax of x (Breitmoser, Tan and Zizzo 2010; Eibelshaeuser, Klockmann, Poensgen and von Schenk 2023, equations 5
to 7). At t = 0 the solution is softmax(b); as t grows the branch leads to stationary equilibria. The form is that of
``logit_system``, every player in every state being a player of their own; b = 0 gives the principal branch.

Values follow from x, so only x is continued. Given values, states are apart: the Jacobian is block diagonal but for the
n_states * n_players values, so that each linear system is solved state by state with one Schur complement for values
and precision. Payoffs are in units of each player's range.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bargain.games.markov import BoolArray
from bargain.games.record import FloatArray
from bargain.solvers.markov_factors import Factors
from bargain.solvers.markov_rounds import Rounds

LARGEST_TABLE = 20_000_000
"""Entries (states x moves x states) up to which transitions are laid out densely; larger games are for the search."""


@dataclass(frozen=True, eq=False)
class MarkovLogit:
    """The conditions of a game; vectors stack states, in each state players, their actions.

    tables: ``(n_states, n_players, *n_actions)``; transitions: ``(n_states, *n_actions, n_states)``; mask: ``(n_states,
    width)``, available actions; bias likewise; places: where each player's actions are; same: ``(width, width)``, 1 for
    actions of one player; centring: ``(n_states, width, width)``, takes the mean of each player's block out; rounds:
    the game.
    """

    tables: FloatArray
    transitions: FloatArray
    mask: BoolArray
    bias: FloatArray
    places: tuple[slice, ...]
    same: FloatArray
    centring: FloatArray
    rounds: Rounds
    scale: float = 1.0

    @classmethod
    def of(cls, rounds: Rounds, start: tuple[FloatArray, ...] | None = None) -> MarkovLogit:
        """From uniform play, or from other strategies with only positive probabilities ``(n_states, n_actions[i])``."""
        mask = np.concatenate(rounds.own, axis=1)
        owner = np.repeat(np.arange(rounds.n_players), rounds.n_actions)
        same = owner[:, None] == owner[None, :]
        ends = np.cumsum(rounds.n_actions)
        places = tuple(slice(int(end) - n, int(end)) for end, n in zip(ends, rounds.n_actions, strict=True))
        both = mask[:, :, None] & mask[:, None, :] & same
        centring = np.eye(len(owner)) * mask[:, :, None] - both / np.maximum(both.sum(axis=2, keepdims=True), 1)
        bias = np.zeros(mask.shape) if start is None else np.log(np.where(mask, np.concatenate(start, axis=1), 1.0))
        return cls(
            rounds.payoffs.reshape(rounds.n_states, rounds.n_players, *rounds.n_actions),
            rounds.transitions.toarray().reshape(rounds.n_states, *rounds.n_actions, rounds.n_states),
            mask,
            bias,
            places,
            same.astype(float),
            centring,
            rounds,
        )

    @property
    def size(self) -> int:
        return int(self.mask.size)

    @property
    def n_states(self) -> int:
        return len(self.mask)

    @property
    def n_players(self) -> int:
        return len(self.places)

    @property
    def discount_factor(self) -> float:
        return self.rounds.discount_factor

    def start(self) -> FloatArray:
        """Log-probabilities at precision 0, zero where actions are not available."""
        p = self.probabilities(self.bias.reshape(-1))
        return np.log(np.where(self.mask, p, 1.0)).reshape(-1)

    def probabilities(self, x: FloatArray) -> FloatArray:
        """Softmax of every block, ``(n_states, width)``, zero where actions are not available."""
        z = np.where(self.mask, x.reshape(self.mask.shape), -np.inf)
        p = np.empty(z.shape)
        for place in self.places:
            own = z[:, place]
            weights = np.exp(own - own.max(axis=1, keepdims=True))
            p[:, place] = weights / weights.sum(axis=1, keepdims=True)
        return p

    def split(self, p: FloatArray) -> tuple[FloatArray, ...]:
        """One array ``(n_states, n_actions[i])`` per player."""
        table = p.reshape(self.mask.shape)
        return tuple(table[:, place] for place in self.places)

    def local(self, p: FloatArray) -> Local:
        """Worth of every action at the values of the profile ``p`` ``(n_states, width)``, and how both depend on it."""
        strategies = self.split(p)
        n_states, n_players, d = self.n_states, self.n_players, self.discount_factor
        reach = [_expected(self.transitions, strategies, (i,), trailing=True) for i in range(n_players)]
        chain = _weighted(strategies[0], reach[0])
        payoffs = np.stack(
            [_expected(self.tables[:, i], strategies, ()).reshape(n_states) for i in range(n_players)], axis=1
        )
        values = Factors(np.eye(n_states) - d * chain).solve(payoffs)
        worth = np.empty(self.mask.shape)
        slopes = np.zeros(self.centring.shape)
        effects = np.empty((n_states, n_players, self.mask.shape[1]))
        follow = (self.rounds.transitions @ values).reshape(*self.transitions.shape[:-1], n_players)
        for i, rows in enumerate(self.places):
            table = self.tables[:, i] + d * follow[..., i]
            worth[:, rows] = _expected(table, strategies, (i,))
            effects[:, i, rows] = worth[:, rows]
            for j, columns in enumerate(self.places):
                if j != i:
                    block = _expected(table, strategies, (i, j))
                    slopes[:, rows, columns] = block
                    effects[:, i, columns] = _weighted(strategies[i], block)
        return Local(p, values, worth, slopes, effects, reach, chain)

    def linearised(self, x: FloatArray, precision: float, border: FloatArray) -> tuple[FloatArray, BlockInverse]:
        """F ``(n,)`` and the inverse of its Jacobian in (x, t) with ``border`` as last row."""
        z = x.reshape(self.mask.shape)
        p = self.probabilities(x)
        here = self.local(p)
        residual = np.einsum("sab,sb->sa", self.centring, z - self.bias - precision * here.worth)
        for own in self.places:
            residual[:, own] += np.log(np.where(self.mask[:, own], np.exp(z[:, own]), 0.0).sum(axis=1, keepdims=True))
        residual = np.where(self.mask, residual, z)
        return residual.reshape(-1), BlockInverse(self, here, z, precision, border)


@dataclass(frozen=True, eq=False)
class Local:
    """A profile p ``(n_states, width)`` with what depends on it.

    values ``(n_states, n_players)``, discounted sums; worth ``(n_states, width)`` of every action; slopes ``(n_states,
    width, width)``, of the worths with respect to the others' play in the same state, values fixed; effects
    ``(n_states, n_players, width)``, of everybody's value of the state; reach: per player the chances of successors
    after each own action ``(n_states, n_actions[i], n_states)``; chain ``(n_states, n_states)``.
    """

    p: FloatArray
    values: FloatArray
    worth: FloatArray
    slopes: FloatArray
    effects: FloatArray
    reach: list[FloatArray]
    chain: FloatArray


class BlockInverse:
    """Inverse of the bordered Jacobian: blocks of states, and a Schur complement for values and precision."""

    def __init__(self, system: MarkovLogit, here: Local, z: FloatArray, precision: float, border: FloatArray) -> None:
        self._system, self._here, self._precision = system, here, precision
        n_states, n_players, d = system.n_states, system.n_players, system.discount_factor
        same, eye = system.same, np.eye(len(system.same))
        moved = here.slopes * here.p[:, None, :]
        moved -= (moved @ same) * here.p[:, None, :]
        raw = np.where(system.mask, np.exp(z), 0.0)
        blocks = system.centring @ (eye - precision * moved)
        blocks += same * (raw / (raw @ same))[:, None, :] * system.mask[:, :, None]
        blocks += eye * ~system.mask[:, :, None]
        self.orientation = 1.0
        self._factors: Factors | None = None
        try:
            self._blocks: FloatArray = np.asarray(np.linalg.inv(blocks), dtype=np.float64)
        except np.linalg.LinAlgError:
            return
        effects = here.effects * here.p[:, None, :]
        effects -= (effects @ same) * here.p[:, None, :]
        self._lever = effects @ self._blocks
        self._along = -np.einsum("sab,sb->sa", system.centring, here.worth)
        self._side = _weighted(border[:-1].reshape(z.shape), self._blocks)
        lever, side = self._lever @ system.centring, _weighted(self._side, system.centring)
        outer = np.empty((n_players * n_states + 1,) * 2)
        grid = outer[:-1, :-1].reshape(n_players, n_states, n_players, n_states)
        for i, own in enumerate(system.places):
            grid[:, :, i] = -precision * d * (lever[:, :, own] @ here.reach[i]).transpose(1, 0, 2)
            grid[i, :, i] += np.eye(n_states) - d * here.chain
            columns = slice(i * n_states, (i + 1) * n_states)
            outer[-1, columns] = precision * d * side[:, own].reshape(-1) @ here.reach[i].reshape(-1, n_states)
            outer[columns, -1] = np.einsum("sa,sa->s", self._lever[:, i], self._along)
        outer[-1, -1] = border[-1] - np.sum(self._side * self._along)
        self._factors = Factors(outer)
        self.orientation = self._factors.orientation * float(np.prod(np.linalg.slogdet(blocks)[0]))

    def of(self, right: FloatArray) -> FloatArray | None:
        """Solution for one right-hand side ``(n + 1,)``; None when the matrix is singular."""
        if self._factors is None or self._factors.failed:
            return None
        system = self._system
        n_states, n_players = system.n_states, system.n_players
        r = right[:-1].reshape(system.mask.shape)
        outer = np.append(
            np.einsum("sia,sa->is", self._lever, r).reshape(-1), right[-1] - float(np.sum(self._side * r))
        )
        solution = self._factors.solve(outer)
        changes = solution[:-1].reshape(n_players, n_states)
        follow = np.empty(system.mask.shape)
        for i, own in enumerate(system.places):
            follow[:, own] = self._here.reach[i] @ changes[i]
        inner = np.einsum("sab,sb->sa", system.centring, follow) * (self._precision * system.discount_factor)
        x = np.einsum("sab,sb->sa", self._blocks, r + inner - self._along * solution[-1])
        result = np.append(x.reshape(-1), solution[-1])
        return result if np.isfinite(result).all() else None


def _weighted(weights: FloatArray, tables: FloatArray) -> FloatArray:
    """Sum of the rows of ``(n_states, n, m)`` with weights ``(n_states, n)``."""
    return np.asarray((weights[:, None, :] @ tables)[:, 0])


def _expected(
    table: FloatArray, strategies: tuple[FloatArray, ...], kept: tuple[int, ...], *, trailing: bool = False
) -> FloatArray:
    """Mean of ``(n_states, *n_actions)`` over the play of all players but those kept, whose axes follow in that order.

    trailing: the table has one more axis at its end, which stays there.
    """
    if len(strategies) == 2 and len(kept) == 1:
        other = strategies[1 - kept[0]]
        turned = table if kept[0] == 0 else table.swapaxes(1, 2)
        return np.asarray(
            (other[:, None, None, :] @ turned)[:, :, 0] if trailing else (turned @ other[..., None])[..., 0]
        )
    axes = [1 + len(strategies)] if trailing else []
    operands: list[object] = [table, [0, *range(1, 1 + len(strategies)), *axes]]
    for j, own in enumerate(strategies):
        if j not in kept:
            operands += [own, [0, 1 + j]]
    return np.asarray(np.einsum(*operands, [0, *(1 + j for j in kept), *axes]))  # type: ignore[call-overload]
