"""Which truces enforce themselves at the start, quickly: bounds first, the exact search for what they leave.

For agreed moves m no truce is worth more to a player than stopping it at will, X = max(v, (1 - d) u(m) + d P X), v the
standoff's values; iterated from above, every iterate is a bound. The best deviation is worth at least what it is when
each later round brings the lower of v and of going on. A state in which even the bound on X falls short for some player
can be active in no truce with these moves, and is taken out. Moves left without a start state cannot be agreed on.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from bargain.games.markov import IntArray, MarkovGame
from bargain.games.record import FloatArray
from bargain.games.stationary import StationaryProfile
from bargain.games.truce_play import TruceCertifier, TrucePlay
from bargain.solvers.truce import truce_plays
from bargain.solvers.truce_ranking import expected_lives
from bargain.solvers.truce_search import TruceProblem, Truces

SWEEPS = (40, 40)
"""Iterations of the bounds, in batches between which truces that are out are left behind."""


@dataclass(frozen=True, eq=False)
class TruceOptions:
    """Truces that enforce themselves in some start state, and how to certify them.

    found: the truces; n_tried: how many agreements were tried; reply_lag: rounds.
    """

    problem: TruceProblem
    standoff: StationaryProfile
    found: Truces
    n_tried: int
    reply_lag: int

    @property
    def values(self) -> FloatArray:
        """``(n_truces, n_states, n_players)``, the standoff's where a truce is not active."""
        return self.found.values

    def certified(self, numbers: list[int], tolerance: float) -> tuple[list[TrucePlay], list[str]]:
        """The truces of these numbers with certificates, and why some are refused."""
        certifier = TruceCertifier(self.problem.game, self.standoff, tolerance)
        picked = self.found.take(np.array(numbers, dtype=np.intp))
        lives, endless = expected_lives(self.problem, picked)
        kept, refused = [], []
        for play in truce_plays(self.problem, picked, lives, endless, self.reply_lag):
            try:
                certified = certifier.certify(play)
            except ValueError as error:
                refused.append(f"wrong record: {error}")
                continue
            if certified.certificate is not None and certified.certificate.holds:
                kept.append(certified)
            else:
                refused.append("somebody gains by ending the truce in an active state")
        return kept, refused

    def at_starts(self, starts: list[int]) -> TruceOptions:
        """Only what is active in one of these states."""
        return replace(self, found=self.found.take(np.flatnonzero(self.found.active[:, starts].any(axis=1))))


def truce_options(game: MarkovGame, standoff: StationaryProfile, reply_lag: int, starts: list[int]) -> TruceOptions:
    """Every constant move that is kept up in some of the states ``starts`` against a standoff."""
    problem = TruceProblem(game, standoff)
    tried = np.flatnonzero(problem.available.all(axis=0))
    left = not_refused(problem, tried, reply_lag, starts)
    found = problem.evaluate(np.repeat(left[:, None], problem.n_states, axis=1), reply_lag) if len(left) else None
    if found is None:
        found = problem.evaluate(np.repeat(tried[:1, None], problem.n_states, axis=1), reply_lag)
    return TruceOptions(problem, standoff, found, len(tried), reply_lag).at_starts(starts)


def not_refused(problem: TruceProblem, moves: IntArray, reply_lag: int, starts: list[int]) -> IntArray:
    """Those moves (numbers of joint moves) that the bounds do not rule out in all of ``starts``."""
    d, outside = problem.game.discount_factor, problem.standoff_values(problem.game.discount_factor)
    ties = 1e-9 * (1.0 - d) * problem.scale
    limits = least_deviations(problem, outside, reply_lag) - ties
    active = problem.available[:, moves].T.copy()
    payoffs = problem.payoffs[:, moves].transpose(1, 0, 2)
    bars = limits[:, moves].transpose(1, 0, 2)
    top = np.maximum(payoffs.max(axis=1), outside.max(axis=0))
    worth = np.where(active[..., None], top[:, None], outside)
    kept = np.arange(len(moves))
    for sweeps in SWEEPS:
        chain = _stacked_chain(problem, moves[kept])
        stay, value, table, bar = active[kept], worth[kept], payoffs[kept], bars[kept]
        for _ in range(sweeps):
            ahead = (chain @ value.reshape(-1, problem.n_players)).reshape(value.shape)
            onward = (1.0 - d) * table + d * ahead
            stay &= (onward >= bar).all(axis=2)
            value = np.where(stay[..., None], np.maximum(onward, outside), outside)
        active[kept], worth[kept] = stay, value
        kept = kept[active[kept][:, starts].any(axis=1)]
        if not len(kept):
            break
    return np.asarray(moves[kept])


def least_deviations(problem: TruceProblem, outside: FloatArray, reply_lag: int) -> FloatArray:
    """The least that the best deviation from each joint move is worth, ``(n_states, n_moves, n_players)``."""
    d, n_states = problem.game.discount_factor, problem.n_states
    shape = (n_states, *problem.game.n_actions)
    result = np.empty((n_states, len(problem.profiles), problem.n_players))
    for k in range(problem.n_players):
        later = np.repeat(outside[:, [k]], len(problem.profiles), axis=1)
        best = later
        for _ in range(reply_lag):
            # What follows a move depends on what the others have agreed, which the move tells.
            ahead = np.einsum("sck,sck->sc", problem.chances, _at_successors(problem, later))
            worth = np.where(problem.available, (1.0 - d) * problem.payoffs[..., k] + d * ahead, -np.inf)
            table = worth.reshape(shape)
            best = np.broadcast_to(table.max(axis=k + 1, keepdims=True), shape).reshape(n_states, -1)
            later = np.minimum(best, outside[:, [k]])
        result[..., k] = best
    return result


def _at_successors(problem: TruceProblem, table: FloatArray) -> FloatArray:
    """``table`` ``(n_states, n_moves)`` at the successors of each move, ``(n_states, n_moves, k)``."""
    return np.asarray(table[problem.successors, np.arange(table.shape[1])[None, :, None]])


def _stacked_chain(problem: TruceProblem, moves: IntArray) -> object:
    """Block-diagonal sparse transitions of all agreements, states running fastest."""
    from scipy.sparse import csr_array

    n_states, n = problem.n_states, len(moves)
    chances = problem.chances[:, moves].transpose(1, 0, 2)
    follow = problem.successors[:, moves].transpose(1, 0, 2) + (np.arange(n) * n_states)[:, None, None]
    begins = np.arange(n * n_states + 1) * chances.shape[2]
    chain = csr_array((chances.ravel(), follow.ravel(), begins), shape=(n * n_states, n * n_states))
    chain.sum_duplicates()
    chain.eliminate_zeros()
    return chain
