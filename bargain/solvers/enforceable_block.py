"""The elimination of ``enforceable_elimination`` for many draws with the same transitions, step by step together.

Every step passes over the transitions once for all draws, whose values lie side by side in memory; that is several
times faster than one draw after the other. Each draw still has its own policy steps, its own rounds, and its own end.
Arrays have the draws on their last axis.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bargain.games.markov import BoolArray
from bargain.games.record import FloatArray
from bargain.solvers.enforceable_elimination import (
    STALL,
    STEPS,
    Elimination,
    MoveTables,
    SmallIntArray,
    best_reply,
    bury,
)
from bargain.solvers.watch import Watch


@dataclass(frozen=True, eq=False)
class Answer:
    """What became of one draw: the run without its tables of moves, and the moves ``(1 + n_players, n_states)``."""

    run: Elimination
    moves: SmallIntArray


class Block:
    """Draws that are solved together, one ``MoveTables`` each, of the same transitions."""

    def __init__(self, tables: Sequence[MoveTables], start: FloatArray | None = None) -> None:
        """start: values ``(1 + n_players, n_states)`` to begin with, U and v of a draw that is alike."""
        self.tables = tables
        first = tables[0]
        n_players, n_states, n_moves = first.own.shape
        n = len(tables)
        self.own = np.stack([one.own for one in tables], axis=-1)
        self.gain = self.own.sum(axis=0)
        self.d = np.array([one.discount_factor for one in tables])
        self.scale = np.array([one.scale for one in tables])
        self.exact = np.array([one.exact for one in tables])
        self.near = np.array([one.near for one in tables])
        self.ties = np.array([one.tie for one in tables])
        self.mask = np.repeat(first.open[..., None], n, axis=2)
        self.values = np.zeros((1 + n_players, n_states, n)) if start is None else np.repeat(start[..., None], n, 2)
        self.worth = np.zeros((1 + n_players, n_states, n_moves, n))
        self.choice = np.zeros((1 + n_players, n_states, n), dtype=np.int32)
        self.reply = np.zeros((1 + n_players, n_states, n), dtype=np.int32)
        self.dropped_in = np.zeros((n_states, n_moves, n), dtype=np.int32)
        self.died_in = np.zeros((n_states, n), dtype=np.int32)
        self.rounds: list[FloatArray] = []
        self.n_rounds, self.n_ties = np.zeros(n, dtype=int), np.zeros(n, dtype=int)
        self.finished = np.zeros(n, dtype=bool)

    def eliminate(self, watch: Watch) -> bool:
        """Run all draws to their end; False when the time is up before."""
        while not self.finished.all():
            for which in range(len(self.values)):
                if watch.expired():
                    return False
                self._fixed_point(which)
            self._drop()
        return True

    def _needed(self, which: int) -> BoolArray:
        """Moves whose worth is asked for: the admissible ones, for punishments with all replies to them."""
        need = np.asarray(self.mask.any(axis=2))
        if which == 0:
            return need
        table = need.reshape(len(need), *self.tables[0].n_actions)
        replies = np.broadcast_to(table.any(axis=which, keepdims=True), table.shape)
        return np.ascontiguousarray(replies.reshape(need.shape))

    def _step(self, which: int, need: BoolArray, out: FloatArray) -> None:
        """Right hand side of the equation for U (0) or the punishment of a player (from 1) in all draws."""
        from bargain.solvers.enforceable_kernels import best_block, reply_block, worth_block

        first = self.tables[0]
        payoffs = self.gain if which == 0 else self.own[which - 1]
        worth, value = self.worth[which], self.values[which]
        worth_block(payoffs, first.chances, first.follow, need, self.d, value, worth)
        if which == 0:
            best_block(worth, self.mask, self.choice[0], out)
            self.reply[0] = self.choice[0]
        else:
            can, stride = first.can[which - 1], first.strides[which - 1]
            reply_block(worth, self.mask, can, stride, self.choice[which], self.reply[which], out)
        np.copyto(out, value, where=~np.isfinite(out))

    def _fixed_point(self, which: int) -> None:
        """Policy steps of all draws until each has met its equation."""
        value, out = self.values[which], np.empty_like(self.values[which])
        n = len(self.tables)
        lowest, failures = np.full(n, np.inf), np.zeros(n, dtype=int)
        exact, done = self.exact, self.finished.copy()
        before, need = self.reply[which].copy(), self._needed(which)
        for step in range(STEPS):
            self._step(which, need, out)
            residual = np.abs(out - value).max(axis=0)
            same = (before == self.reply[which]).all(axis=0) & (step > 0)
            done |= (residual <= exact) | (same & (residual >= lowest) & (residual <= STALL * self.scale))
            if done.all():
                return
            before[:] = self.reply[which]
            failures += residual > 0.9 * lowest
            lowest = np.minimum(lowest, residual)
            for b in np.flatnonzero(~done):
                value[:, b] = self._evaluated(which, int(b), out[:, b], float(residual[b]), bool(failures[b] >= 2))

    def _evaluated(self, which: int, b: int, start: FloatArray, residual: float, cautious: bool) -> FloatArray:
        """Value of the moves that the last step chose in one draw; of the best reply to the punisher if cautious."""
        from bargain.solvers.enforceable_kernels import chain_value

        one = self.tables[b]
        moves, value = self.reply[which][:, b].copy(), start.copy()
        if which and cautious:
            best_reply(one, which - 1, moves, value)
            return value
        payoffs = one.gain if which == 0 else one.own[which - 1]
        target = max(0.25 * one.exact, 1e-4 * residual * (1.0 - one.discount_factor))
        chain_value(payoffs, one.chances, one.follow, moves, one.discount_factor, value, target)
        return value

    def _drop(self) -> None:
        """Drop what cannot be enforced in the draws that are not at their end."""
        left = self.worth[0] - self.worth[1:].sum(axis=0)
        running = ~self.finished
        self.n_rounds += running
        number = len(self.rounds) + 1
        alive = self.died_in == 0
        self.rounds.append(np.where(alive, self.values, 0.0))
        bad = self.mask & (left < -self.ties) & running
        level = (self.mask & (np.abs(left) <= self.ties)).sum(axis=(0, 1))
        self.n_ties = np.where(running, level, self.n_ties)
        self.dropped_in[bad] = number
        self.mask &= ~bad
        dropped = bad.any(axis=(0, 1))
        for b in np.flatnonzero(dropped):
            mask, died = self.mask[:, :, b].copy(), self.died_in[:, b].copy()
            bury(self.tables[int(b)], mask, died, number)
            self.mask[:, :, b], self.died_in[:, b] = mask, died
        self.finished |= ~dropped | (self.died_in > 0).all(axis=0)

    def answers(self) -> list[Answer]:
        """The runs of all draws, at their end."""
        from bargain.solvers.enforceable_kernels import near_best

        moves = np.zeros_like(self.choice)
        for which, worth in enumerate(self.worth):
            near_best(worth, self.mask, self.near, 1.0 if which == 0 else -1.0, moves[which])
        return [Answer(self._run(b), np.ascontiguousarray(moves[..., b])) for b in range(len(self.tables))]

    def _run(self, b: int) -> Elimination:
        none: FloatArray = np.empty((0, 0))
        rounds = [(one[0, :, b].copy(), one[1:, :, b].copy()) for one in self.rounds[: self.n_rounds[b]]]
        joint, low = rounds[-1]
        mask: BoolArray = np.ascontiguousarray(self.mask[..., b])
        return Elimination(
            joint=joint,
            punishments=low,
            mask=mask,
            worth=none,
            best=none[None],
            slack=none,
            choice=np.ascontiguousarray(self.choice[0, :, b]),
            punishing=np.ascontiguousarray(self.choice[1:, :, b]),
            replies=np.ascontiguousarray(self.reply[1:, :, b]),
            dropped_in=np.ascontiguousarray(self.dropped_in[..., b]),
            died_in=np.ascontiguousarray(self.died_in[:, b]),
            rounds=rounds,
            finished=bool(self.finished[b]),
            ties=int(self.n_ties[b]),
        )
