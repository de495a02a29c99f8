"""Which truces enforce themselves at the start, quickly: bounds first, the exact search for what they leave.

For agreed moves m no truce is worth more to a player than stopping it at will, X = max(v, (1 - d) u(m) + d P X), v the
standoff's values; iterated from above, every iterate is a bound. The best deviation is worth at least what it is when
each later round brings the lower of v and of going on. A state in which even the bound on X falls short for some player
can be active in no truce with these moves, and is taken out. Moves left without a start state cannot be agreed on.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from bargain.games.markov import BoolArray, IntArray, MarkovGame
from bargain.games.record import FloatArray
from bargain.games.stationary import StationaryProfile
from bargain.games.truce_play import TruceCertifier, TrucePlay
from bargain.solvers.truce import truce_plays
from bargain.solvers.truce_levels import stacked_chain
from bargain.solvers.truce_ranking import expected_lives
from bargain.solvers.truce_search import TruceProblem, Truces

SWEEPS = (5, 7, 10, 20)
"""Iterations of the bounds, in batches between which truces that are out are left behind; the first rule out most."""


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
    bars = (least_deviations(problem, outside, reply_lag) - ties)[:, moves].transpose(1, 0, 2)
    payoffs = problem.payoffs[:, moves].transpose(1, 0, 2)
    active = problem.available[:, moves].T.copy()
    top = np.maximum(payoffs.max(axis=1), outside.max(axis=0))
    worth = np.where(active[..., None], top[:, None], outside)
    kept = np.arange(len(moves))
    for sweeps in SWEEPS:
        active[kept], worth[kept] = _swept(problem, moves[kept], active[kept], worth[kept], bars[kept], outside, sweeps)
        kept = kept[active[kept][:, starts].any(axis=1)]
        if not len(kept):
            break
    return np.asarray(moves[kept])


def _swept(
    problem: TruceProblem,
    moves: IntArray,
    active: BoolArray,
    worth: FloatArray,
    bars: FloatArray,
    outside: FloatArray,
    sweeps: int,
) -> tuple[BoolArray, FloatArray]:
    """The states that are left ``(M, n_states)`` and the bounds on the value of stopping at will after some sweeps."""
    d, n = problem.game.discount_factor, problem.n_players
    chain = stacked_chain(problem.chances[:, moves].transpose(1, 0, 2), problem.successors[:, moves].transpose(1, 0, 2))
    stay = active.reshape(-1)
    now = (1.0 - d) * problem.payoffs[:, moves].transpose(1, 0, 2).reshape(-1, n)
    value, bar, stopped = worth.reshape(-1, n), bars.reshape(-1, n), np.tile(outside, (len(moves), 1))
    for _ in range(sweeps):
        onward = chain @ value
        onward *= d
        onward += now
        # Column by column: axes as short as the number of players are slow to reduce.
        stay = np.logical_and.reduce([stay, *(onward >= bar).T])
        value = np.where(np.repeat(stay, n).reshape(-1, n), np.maximum(onward, stopped), stopped)
    return stay.reshape(active.shape), value.reshape(worth.shape)


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
