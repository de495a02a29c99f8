"""Enforceable deals of many parameter draws of one Markov game at once, with the answers of ``EnforceableDeals``.

1. States and moves are the same in all draws; payoffs, discount factor, and if need be transitions differ.
2. Draws with the same transitions are solved side by side (``enforceable_block``), and begin where those before them
   ended, since draws are alike. Where the steps end does not depend on where they begin, but for rounding: moves are
   chosen among equally good ones by their order.
3. Every draw's answer is judged as in ``solve()``: the proof of its bounds is read line by line
   (``bargain.games.deal_bounds``, for draws side by side ``deal_batch``), and its moves must attain them and be
   enforced by them. Payments are not written out here; ``solve()`` does that for a draw that is wanted in full.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from bargain.games.certificate import DEFAULT_TOLERANCE, check_tolerance
from bargain.games.deal import transition_rows
from bargain.games.deal_batch import read_proofs
from bargain.games.deal_bounds import EliminationProof, ProofReading, read_proof
from bargain.games.markov import MarkovGame, check_discount_factor, index_array
from bargain.games.profile import SUM_TOLERANCE
from bargain.games.record import FloatArray, finite_array
from bargain.games.stage import LARGEST_PAYOFF
from bargain.solvers.base import Rejected, Scope, Status
from bargain.solvers.enforceable import EnforceableDeals, described, proof_of, weighted_tables, weights_of
from bargain.solvers.enforceable_block import Block
from bargain.solvers.enforceable_elimination import (
    Elimination,
    MoveTables,
    SmallIntArray,
    eliminate,
    first_near_best,
)
from bargain.solvers.enforceable_many_solution import ManyDeals
from bargain.solvers.watch import Progress, Watch, watched

TOGETHER = 16
"""Draws solved together at most: more do not fit into the caches."""

MEMORY = 2**29
"""Bytes that the tables of draws solved together may take."""


def enforceable_many(
    payoffs: npt.ArrayLike,
    successors: npt.ArrayLike,
    probabilities: npt.ArrayLike,
    discount_factor: float | Sequence[float] | FloatArray,
    solver: EnforceableDeals | None = None,
    *,
    players: Sequence[str] | None = None,
    actions: Sequence[Sequence[str]] | None = None,
    states: Sequence[str] | None = None,
    available: Sequence[npt.ArrayLike] | None = None,
    tolerance: float = DEFAULT_TOLERANCE,
    time_limit: float | None = None,
    progress: Progress | None = None,
) -> ManyDeals:
    """What can be enforced in every draw: the same values, moves, status and message as ``solve()`` one by one.

    payoffs: ``(n_draws, n_states, n_players, *n_actions)``; successors, probabilities: ``(n_states, *n_actions, k)``
    for all draws, or one such table a draw; discount_factor: one number or ``(n_draws,)``; the rest as in
    ``MarkovGame`` and ``solve()``. time_limit: seconds for the whole batch, draws not reached are "stopped_early".

    Raises ValueError for input that is no batch of games, naming the draw, and for a solver with limits of payments.
    """
    start = time.perf_counter()
    check_tolerance(tolerance)
    solver = EnforceableDeals() if solver is None else solver
    if not isinstance(solver, EnforceableDeals):
        raise TypeError(f"solver = {solver!r} is not EnforceableDeals(...)")
    if solver.max_transfer is not None or solver.transfer_cost > 0.0:
        raise ValueError(
            "enforceable_many() takes EnforceableDeals without max_transfer and transfer_cost; use solve()"
        )
    draws = Draws(payoffs, successors, probabilities, discount_factor, (players, actions, states, available))
    solver.check_suits(draws.template)
    many = _Collected(draws)
    with watched(time_limit, progress) as watch:
        size = together(draws)
        (_in_blocks if size > 1 else _one_by_one)(draws, solver, many, tolerance, watch, size)
        watch.report(1.0, "all draws")
    return many.result(solver, tolerance, time.perf_counter() - start)


def together(draws: Draws) -> int:
    """How many draws are solved together: they must share transitions and fit into memory side by side."""
    if not draws.shared:
        return 1
    n_players = draws.template.n_players
    cells = draws.template.n_states * int(np.prod(draws.template.n_actions)) * (2 + 2 * n_players)
    return min(TOGETHER, draws.n_draws, MEMORY // (8 * cells))


def _in_blocks(
    draws: Draws, solver: EnforceableDeals, many: _Collected, tolerance: float, watch: Watch, size: int
) -> None:
    """Blocks of draws, each from where the one before ended."""
    start: FloatArray | None = None
    for first in range(0, draws.n_draws, size):
        watch.report(first / draws.n_draws, f"draw {first + 1} of {draws.n_draws}")
        drawn = [draws.game(number, solver) for number in range(first, min(first + size, draws.n_draws))]
        block = Block([tables for _, tables in drawn], start)
        if not block.eliminate(watch):
            return
        start = block.values[..., -1].copy()
        answers = block.answers()
        weights = weights_of(solver.transfer_weights, draws.template.n_players)
        proofs = [proof_of(tables, one.run, weights) for (_, tables), one in zip(drawn, answers, strict=True)]
        moves = np.stack([_by_player(one.moves, draws.template) for one in answers])
        part = slice(first, first + size)
        readings = read_proofs(
            draws.template, draws.payoffs[part], draws.factors[part], proofs, moves, tolerance, draws.rows
        )
        for k, (game, tables) in enumerate(drawn):
            many.take(first + k, described(tables, answers[k].run, game), game, proofs[k], moves[k], readings[k])


def _one_by_one(
    draws: Draws, solver: EnforceableDeals, many: _Collected, tolerance: float, watch: Watch, size: int
) -> None:
    """One draw after the other, each from the answer of the one before; for draws with transitions of their own."""
    run: Elimination | None = None
    for number in range(draws.n_draws):
        watch.report(number / draws.n_draws, f"draw {number + 1} of {draws.n_draws}")
        game, tables = draws.game(number, solver)
        if run is None:
            run = Elimination.start(tables)
        run.again(tables)
        eliminate(tables, run, watch)
        if not run.finished:
            return
        plan, punishing = first_near_best(run, tables.near)
        moves = _by_player(np.concatenate([plan[None], punishing]), game)
        proof = proof_of(tables, run, weights_of(solver.transfer_weights, game.n_players))
        reading = read_proof(game, proof, tolerance, draws.rows if draws.shared else None, moves)
        many.take(number, described(tables, run, game), game, proof, moves, reading)


def _by_player(moves: SmallIntArray, game: MarkovGame) -> SmallIntArray:
    """Actions ``(..., n_players)`` of moves by number."""
    return np.stack(np.unravel_index(moves, game.n_actions), axis=-1).astype(np.int32)


class Draws:
    """The draws as Markov games, checked once; what they share is prepared once."""

    def __init__(
        self,
        payoffs: npt.ArrayLike,
        successors: npt.ArrayLike,
        probabilities: npt.ArrayLike,
        discount_factor: Any,
        labels: tuple[Any, Any, Any, Any],
    ) -> None:
        self.payoffs = np.asarray(payoffs, dtype=np.float64)
        if self.payoffs.ndim < 4 or self.payoffs.shape[2] != self.payoffs.ndim - 3 or 0 in self.payoffs.shape:
            raise ValueError(
                f"payoffs of shape {self.payoffs.shape} is not (n_draws, n_states, n_players, *n_actions) with one "
                "action axis for each player and at least one draw"
            )
        self.n_draws = len(self.payoffs)
        self._check_payoffs()
        self.factors = np.array(_per_draw(discount_factor, self.n_draws))
        follow, chances = np.asarray(successors), np.asarray(probabilities, dtype=np.float64)
        width = self.payoffs.ndim
        self.successors = follow if follow.ndim == width else follow[None]
        self.probabilities = chances if chances.ndim == width else chances[None]
        for name, table in (("successors", self.successors), ("probabilities", self.probabilities)):
            if table.ndim != width or len(table) not in (1, self.n_draws):
                raise ValueError(f"{name} of shape {table.shape} is neither for all draws nor for {self.n_draws} draws")
        self.shared = len(self.successors) == len(self.probabilities) == 1
        players, actions, states, available = labels
        first = self.payoffs[0], self.successors[0], self.probabilities[0], self.factors[0]
        self.template = MarkovGame(*first, players, actions, states, available)
        self.rows = transition_rows(self.template)
        self._tables: MoveTables | None = None

    def _check_payoffs(self) -> None:
        for number, table in enumerate(self.payoffs):
            finite_array(table, f"payoffs[{number}]") if not np.isfinite(table).all() else None
            if np.abs(table).max() > LARGEST_PAYOFF:
                raise ValueError(f"payoffs[{number}] reaches {np.abs(table).max():g}, more than {LARGEST_PAYOFF:g}")

    def game(self, number: int, solver: EnforceableDeals) -> tuple[MarkovGame, MoveTables]:
        """A draw as a game, and as tables for the compiled steps."""
        game = self._unchecked(number)
        weights = weights_of(solver.transfer_weights, game.n_players)
        if not self.shared:
            return game, weighted_tables(game, weights)
        if self._tables is None:
            self._tables = weighted_tables(self.template, weights)
        scaled = game.payoffs * weights.reshape(1, -1, *(1 for _ in game.n_actions))
        return game, self._tables.with_payoffs(scaled, game.discount_factor)

    def _unchecked(self, number: int) -> MarkovGame:
        """The draw without the checks that the whole batch has passed already."""
        template = self.template
        follow, chances = template.successors, template.probabilities
        if not self.shared:
            follow, chances = self._transitions(number)
        game = object.__new__(MarkovGame)
        fields = {name: getattr(template, name) for name in ("players", "actions", "states", "available")}
        fields |= {"payoffs": self.payoffs[number], "successors": follow, "probabilities": chances}
        for name, value in {**fields, "discount_factor": float(self.factors[number])}.items():
            object.__setattr__(game, name, value)
        return game

    def _transitions(self, number: int) -> tuple[npt.NDArray[np.intp], FloatArray]:
        """Transitions of a draw, checked and scaled as ``MarkovGame`` does."""
        template = self.template
        follow = self.successors[number % len(self.successors)]
        chances = self.probabilities[number % len(self.probabilities)]
        if follow.shape != template.successors.shape or chances.shape != template.probabilities.shape:
            raise ValueError(f"draw {number}: successors and probabilities differ in shape from those of draw 0")
        moves = template.available_moves
        total = chances.sum(axis=-1)
        bad = (chances.min(axis=-1) < -SUM_TOLERANCE) | ~(np.abs(total - 1.0) <= SUM_TOLERANCE)
        if (bad & moves).any():
            place = tuple(int(i) for i in np.argwhere(bad & moves)[0])
            raise ValueError(f"probabilities[{number}]{list(place)} = {chances[place].tolist()} are no probabilities")
        stay = np.zeros(chances.shape[-1])
        stay[0] = 1.0
        kept = moves[..., None]
        chances = np.where(kept, np.maximum(chances, 0.0), stay)
        total = chances.sum(axis=-1, keepdims=True)
        here = np.arange(template.n_states).reshape(-1, *(1 for _ in range(follow.ndim - 1)))
        follow = np.where(kept, index_array(follow, f"successors[{number}]", template.n_states), here)
        return follow.astype(np.intp), np.where(np.abs(total - 1.0) > 1e-14, chances / total, chances)


def _per_draw(discount_factor: Any, n_draws: int) -> list[float]:
    given = np.asarray(discount_factor, dtype=float)
    if given.ndim == 0:
        return [check_discount_factor(discount_factor)] * n_draws
    if given.shape != (n_draws,):
        raise ValueError(f"discount_factor of shape {given.shape} is neither one number nor {n_draws}, one a draw")
    return [check_discount_factor(float(d)) for d in given]


class _Collected:
    """Answers of the draws, filled in one by one."""

    def __init__(self, draws: Draws) -> None:
        game, n = draws.template, draws.n_draws
        m, k = game.n_states, game.n_players
        self.template = game
        self.discount_factors = draws.factors
        self.exists = np.zeros((n, m), dtype=bool)
        self.joint, self.held = np.zeros((n, m)), np.zeros((n, m, k))
        self.moves = np.zeros((n, 1 + k, m, k), dtype=np.int32)
        self.admissible = np.zeros((n, m, *game.n_actions), dtype=bool)
        self.n_rounds, self.error = np.zeros(n, dtype=np.int64), np.zeros(n)
        late = "time limit of the batch reached before this draw"
        self.status = [Status.STOPPED_EARLY] * n
        self.scope, self.message = [Scope.SOME] * n, [late] * n
        self.rejected: list[tuple[Rejected, ...]] = [()] * n

    def take(
        self,
        number: int,
        message: str,
        game: MarkovGame,
        proof: EliminationProof,
        moves: SmallIntArray,
        reading: ProofReading,
    ) -> None:
        """Write down the answer to a draw, or why it is refused."""
        self.n_rounds[number], self.error[number] = proof.n_rounds, reading.error
        self.message[number] = message
        if not reading.holds:
            self.status[number] = Status.REJECTED_ALL
            self.rejected[number] = (Rejected("moves and bounds", reading.fault),)
            self.message[number] += f". {reading.fault}"
            return
        alive = proof.alive
        self.scope[number] = Scope.ALL
        self.status[number] = Status.SOLVED if alive.any() else Status.NO_EQUILIBRIUM_FOUND
        self.exists[number], self.admissible[number] = alive, proof.admissible(game)
        self.moves[number] = moves
        self.joint[number] = np.where(alive, proof.joint[-1], 0.0)
        self.held[number] = np.where(alive[:, None], proof.punishments[-1], 0.0)

    def result(self, solver: EnforceableDeals, tolerance: float, run_time: float) -> ManyDeals:
        game = self.template
        return ManyDeals(
            solver=solver,
            players=game.players,
            actions=game.actions,
            states=game.states,
            discount_factors=self.discount_factors,
            status=tuple(self.status),
            scope=tuple(self.scope),
            message=tuple(self.message),
            rejected=tuple(self.rejected),
            exists=self.exists,
            joint=self.joint,
            held=self.held,
            moves=self.moves,
            admissible=self.admissible,
            n_rounds=self.n_rounds,
            error=self.error,
            tolerance=tolerance,
            run_time=run_time,
        )
