"""Whole batches proposed at once, for the solvers that can: pure equilibria, and all of nondegenerate two-player games.

What is not proposed here (ties, doubts, failed certificates) is left undecided, for ``solve()`` game by game.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

import numpy as np
import numpy.typing as npt

from bargain.games.batch import batch_payoff_range, batch_payoffs_and_regret
from bargain.games.record import FloatArray
from bargain.solvers.base import TIE, Scope, Solver, Status
from bargain.solvers.canonical_order import NameOrder, Rows, order_rows
from bargain.solvers.pure_nash import PureNash, pure_message
from bargain.solvers.support_enumeration import SupportEnumeration, isolated_message, vertex_bound
from bargain.solvers.watch import Watch

BLOCK = 4_096
"""Games per block; blocks are the same for any number of workers, and so is the output."""

COMPILED_FROM = 100
"""Games for which compiled code pays for being loaded."""

MAX_VERTICES = 50_000
"""Vertices per polytope up to which the compiled code keeps a table for the worst case."""


@dataclass(frozen=True)
class BatchProposal:
    """Certified equilibria of the decided games of a batch, in canonical order, game after game.

    decided: ``(n_games,)``; game_of: ``(n_rows,)``; strategies: for each player ``(n_rows, n_actions[k])``; payoffs,
    regret: ``(n_rows, n_players)``. The scope of a decided game is "all".
    """

    decided: npt.NDArray[np.bool_]
    game_of: npt.NDArray[np.intp]
    strategies: tuple[FloatArray, ...]
    payoffs: FloatArray
    regret: FloatArray


@dataclass(frozen=True)
class Verdict:
    """What is reported about a decided game, by its number of equilibria alone."""

    status: Status
    message: str
    components: tuple[tuple[int, ...], ...]
    degenerate: bool | None
    scope: Scope = Scope.ALL


Proposer = Callable[[FloatArray], tuple[npt.NDArray[np.bool_], npt.NDArray[np.intp], tuple[FloatArray, ...]]]


def propose_batch(
    payoffs: FloatArray, solver: Solver[Any, Any], names: NameOrder, tolerance: float, workers: int, watch: Watch
) -> BatchProposal:
    """Proposal for as many games ``(n_games, n_players, *n_actions)`` as can be decided until the watch expires.

    names: where symmetric equilibria are ordered by names, the order of these.
    """
    propose = _proposer(payoffs.shape, solver)
    if propose is None or not len(payoffs):
        return _nothing(payoffs)
    starts = range(0, len(payoffs), BLOCK)
    work = partial(_block, payoffs, propose=propose, names=names, tolerance=tolerance, watch=watch)
    if workers == 1 or len(starts) < 2:
        return _joined(list(_reported(map(work, starts), len(starts), watch)))
    with ThreadPoolExecutor(workers) as pool:
        return _joined(list(_reported(pool.map(work, starts), len(starts), watch)))


@cache
def verdict(solver_type: type[Solver[Any, Any]], n_found: int, n_players: int) -> Verdict:
    """Status, message and components of a game whose equilibria, all of them, are this many isolated ones."""
    status = Status.SOLVED if n_found else Status.NO_EQUILIBRIUM_FOUND
    if solver_type is PureNash:
        return Verdict(status, pure_message(n_found, n_players), (), None)
    return Verdict(status, isolated_message(n_found), tuple((i,) for i in range(n_found)), False)


def _proposer(shape: tuple[int, ...], solver: Solver[Any, Any]) -> Proposer | None:
    """The routine for this solver and shape of payoffs, None when games are to be solved one by one."""
    if type(solver) is PureNash and solver.time_limit is None:
        return _pure
    if type(solver) is SupportEnumeration and solver.time_limit is None and solver.arithmetic == "auto":
        m, n = shape[2:]
        bound = max(vertex_bound(m, m + n), vertex_bound(n, m + n))
        if shape[0] >= COMPILED_FROM and m + n <= 50 and bound <= min(MAX_VERTICES, solver.max_vertices):
            return partial(_two_player, capacity=2 * bound + 2)
    return None


def _pure(
    payoffs: FloatArray,
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.intp], tuple[FloatArray, ...]]:
    """All pure equilibria of every game."""
    margins = TIE * batch_payoff_range(payoffs)
    stable = np.ones((len(payoffs), *payoffs.shape[2:]), dtype=bool)
    for k in range(payoffs.shape[1]):
        table, margin = payoffs[:, k], margins[:, k].reshape(-1, *[1] * payoffs.shape[1])
        stable &= table >= table.max(axis=k + 1, keepdims=True) - margin
    game_of, *actions = np.nonzero(stable)
    strategies = tuple(np.eye(n)[own] for n, own in zip(payoffs.shape[2:], actions, strict=True))
    return np.ones(len(payoffs), dtype=bool), game_of, strategies


def _two_player(
    payoffs: FloatArray, capacity: int
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.intp], tuple[FloatArray, ...]]:
    """All equilibria of every two-player game that is nowhere nearly degenerate."""
    from bargain.solvers.simple_polytope import all_equilibria

    counts, first, second = all_equilibria(
        np.ascontiguousarray(payoffs[:, 0]), np.ascontiguousarray(payoffs[:, 1]), capacity
    )
    decided = counts > 0
    return decided, np.repeat(np.flatnonzero(decided), counts[decided]), (first, second)


def _block(
    payoffs: FloatArray, start: int, *, propose: Proposer, names: NameOrder, tolerance: float, watch: Watch
) -> BatchProposal:
    """Propose, certify and order one block; a game with a failing certificate becomes undecided."""
    payoffs = payoffs[start : start + BLOCK]
    if watch.expired():
        return _nothing(payoffs)
    decided, game_of, strategies = propose(payoffs)
    expected, regret = batch_payoffs_and_regret(payoffs, game_of, strategies)
    scale = batch_payoff_range(payoffs)
    bad = regret > tolerance * np.where(scale > 0.0, scale, 1.0)[game_of]
    decided[game_of[bad.any(axis=1)]] = False
    good = decided[game_of]
    if not good.all():
        game_of, expected, regret = game_of[good], expected[good], regret[good]
        strategies = tuple(own[good] for own in strategies)
    order = order_rows(Rows(payoffs, game_of, strategies), names)
    strategies = tuple(own[order] for own in strategies)
    return BatchProposal(decided, game_of + start, strategies, expected[order], regret[order])


def _nothing(payoffs: FloatArray) -> BatchProposal:
    """All games undecided."""
    n_games, n_players, *n_actions = payoffs.shape
    none = np.empty((0, n_players))
    game_of = np.empty(0, dtype=np.intp)
    return BatchProposal(np.zeros(n_games, dtype=bool), game_of, tuple(np.empty((0, n)) for n in n_actions), none, none)


def _reported(blocks: Iterator[BatchProposal], n_blocks: int, watch: Watch) -> Iterator[BatchProposal]:
    for done, block in enumerate(blocks, start=1):
        watch.report(0.5 * done / n_blocks, "whole batch")
        yield block


def _joined(blocks: list[BatchProposal]) -> BatchProposal:
    if len(blocks) == 1:
        return blocks[0]
    return BatchProposal(
        np.concatenate([block.decided for block in blocks]),
        np.concatenate([block.game_of for block in blocks]),
        tuple(np.concatenate(own) for own in zip(*(block.strategies for block in blocks), strict=True)),
        np.concatenate([block.payoffs for block in blocks]),
        np.concatenate([block.regret for block in blocks]),
    )
