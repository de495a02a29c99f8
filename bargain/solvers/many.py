"""``solve_many()``: one solver on many games of one shape, with the answers that ``solve()`` gives one by one.

1. Pure equilibria, and all equilibria of two-player games that are nowhere nearly degenerate, are found for the whole
   batch at once (``batch_proposal``) and certified by code of their own (``bargain.games.batch``).
2. Every other game goes through ``solve()``, in ``workers`` processes if asked for. Nothing is lost to speed.
3. A game that fails is a row with its status and message; the others are not affected.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import fields, replace
from typing import Any, overload

import numpy as np
import numpy.typing as npt

from bargain.games.certificate import DEFAULT_TOLERANCE, check_tolerance
from bargain.games.markov import MarkovGame
from bargain.games.record import FloatArray, finite_array
from bargain.games.repeated import RepeatedGame
from bargain.games.stage import LARGEST_PAYOFF, StageGame
from bargain.solvers.base import Rejected, Scope, Solver, Status, solve
from bargain.solvers.batch_proposal import BatchProposal, Verdict, propose_batch, verdict
from bargain.solvers.canonical_order import NameOrder
from bargain.solvers.enforceable import EnforceableDeals
from bargain.solvers.enforceable_many import enforceable_many
from bargain.solvers.enforceable_many_solution import ManyDeals
from bargain.solvers.enforceable_solution import markov_form
from bargain.solvers.equilibria import EquilibriumSolution
from bargain.solvers.many_solution import ManySolution
from bargain.solvers.watch import Progress, Watch, watched

CHUNK = 16
"""Games handed to a process at a time."""


@overload
def solve_many(
    payoffs_batch: npt.ArrayLike,
    solver: EnforceableDeals,
    *,
    tolerance: float = ...,
    time_limit: float | None = ...,
    progress: Progress | None = ...,
    game: MarkovGame | RepeatedGame,
) -> ManyDeals: ...


@overload
def solve_many(
    payoffs_batch: npt.ArrayLike,
    solver: Solver[Any, Any],
    *,
    players: Sequence[str] | None = ...,
    actions: Sequence[Sequence[str]] | None = ...,
    tolerance: float = ...,
    workers: int = ...,
    time_limit: float | None = ...,
    progress: Progress | None = ...,
) -> ManySolution: ...


def solve_many(
    payoffs_batch: npt.ArrayLike,
    solver: Solver[Any, Any],
    *,
    players: Sequence[str] | None = None,
    actions: Sequence[Sequence[str]] | None = None,
    tolerance: float = DEFAULT_TOLERANCE,
    workers: int = 1,
    time_limit: float | None = None,
    progress: Progress | None = None,
    game: MarkovGame | RepeatedGame | None = None,
) -> ManySolution | ManyDeals:
    """Solve many games of one shape: same equilibria, order, status and message as ``solve()`` one by one.

    payoffs_batch: ``(n_games, n_players, *n_actions)``; players, actions: labels, the same in all games;
    tolerance: regret that counts as none, as a share of each player's payoff range; workers: processes for the games
    that are solved one by one, the result does not depend on it; time_limit: seconds for the whole batch, games not
    reached are "stopped_early"; progress: called with the share done, in [0, 1], and a word about the stage; game: for
    ``EnforceableDeals`` only, the game of which each draw of payoffs ``(n_draws, *game.payoffs.shape)`` is a variant
    (``enforceable_many`` also takes a discount factor or transitions a draw).

    Raises ValueError for payoffs that are no batch of games, naming the first entry that is not finite, and TypeError
    or ValueError for a solver that does not take such games or finds something else than equilibria.
    """
    start = time.perf_counter()
    check_tolerance(tolerance)
    if workers < 1:
        raise ValueError(f"workers = {workers} is not a positive number of processes")
    if isinstance(solver, EnforceableDeals):
        return _deals(payoffs_batch, solver, game, tolerance, time_limit, progress)
    if game is not None:
        raise TypeError(f"game = {game!r} goes with EnforceableDeals; {type(solver).__name__} takes the payoffs alone")
    payoffs, template = _checked(payoffs_batch, solver, players, actions)
    names = NameOrder.of(template.players, template.actions)
    with watched(time_limit, progress) as watch:
        proposal = propose_batch(payoffs, solver, names, tolerance, workers, watch)
        undecided = np.flatnonzero(~proposal.decided)
        rest = _one_by_one(payoffs[undecided], template, solver, tolerance, workers, watch)
        watch.report(1.0, "all games")
    slow = dict(zip(undecided.tolist(), rest, strict=True))
    return _assembled(payoffs, template, solver, tolerance, proposal, slow, start)


def _deals(
    payoffs_batch: npt.ArrayLike,
    solver: EnforceableDeals,
    game: MarkovGame | RepeatedGame | None,
    tolerance: float,
    time_limit: float | None,
    progress: Progress | None,
) -> ManyDeals:
    """Draws of the payoffs of one game through ``enforceable_many``."""
    if game is None:
        raise TypeError("EnforceableDeals needs game=, a MarkovGame or RepeatedGame of which the draws are variants")
    draws = np.asarray(payoffs_batch, dtype=float)
    if draws.shape[1:] != game.payoffs.shape:
        raise ValueError(f"payoffs_batch of shape {draws.shape} is not (n_draws, {str(game.payoffs.shape)[1:]}")
    form = markov_form(game)
    return enforceable_many(
        draws.reshape(len(draws), *form.payoffs.shape),
        form.successors,
        form.probabilities,
        form.discount_factor,
        solver,
        players=form.players,
        actions=form.actions,
        states=form.states,
        available=form.available,
        tolerance=tolerance,
        time_limit=time_limit,
        progress=progress,
    )


def _checked(
    payoffs_batch: npt.ArrayLike,
    solver: Solver[Any, Any],
    players: Sequence[str] | None,
    actions: Sequence[Sequence[str]] | None,
) -> tuple[FloatArray, StageGame]:
    """The payoffs as an array, and a game of zeros that carries shape and labels."""
    if not isinstance(solver, Solver):
        raise TypeError(f"solver = {solver!r} is not a solver such as PureNash(); solver_named() takes a name")
    if not issubclass(solver.solution_type, EquilibriumSolution):
        raise TypeError(
            f"{type(solver).__name__} finds no list of equilibria ({solver.solution_type.__name__}); "
            "solve_many() takes solvers that do, such as SupportEnumeration()"
        )
    if getattr(solver, "precision", None) is not None:
        raise TypeError(
            f"{type(solver).__name__} with a precision finds quantal responses, which are no equilibria; solve_many() "
            "takes it without one"
        )
    payoffs = finite_array(payoffs_batch, "payoffs_batch")
    if payoffs.ndim < 3 or payoffs.shape[1] != payoffs.ndim - 2 or 0 in payoffs.shape[1:]:
        raise ValueError(
            f"payoffs_batch of shape {payoffs.shape} is not (n_games, n_players, *n_actions) with one action axis for "
            "each player and at least one action each"
        )
    if payoffs.size and np.abs(payoffs).max() > LARGEST_PAYOFF:
        raise ValueError(f"payoffs_batch reaches {np.abs(payoffs).max():g} in size, more than {LARGEST_PAYOFF:g}")
    template = StageGame(np.zeros(payoffs.shape[1:]), players, actions)
    solver.check_suits(template)
    return payoffs, template


def _one_by_one(
    payoffs: FloatArray,
    template: StageGame,
    solver: Solver[Any, Any],
    tolerance: float,
    workers: int,
    watch: Watch,
) -> list[EquilibriumSolution]:
    """Every game through ``solve()``, chunk by chunk, in order."""
    # Processes do not share the clock of time.perf_counter().
    deadline = time.time() + watch.seconds_left
    labels = template.players, template.actions
    tasks = [(payoffs[at : at + CHUNK], *labels, solver, tolerance, deadline) for at in range(0, len(payoffs), CHUNK)]
    results: Iterator[list[EquilibriumSolution]] = (_chunk(*task) for task in tasks)
    if workers > 1 and len(tasks) > 1:
        from joblib import Parallel, delayed

        results = Parallel(n_jobs=workers, return_as="generator")(delayed(_chunk)(*task) for task in tasks)
    solved: list[EquilibriumSolution] = []
    for chunk in results:
        solved.extend(chunk)
        watch.report(0.5 + 0.5 * len(solved) / len(payoffs), "game by game")
    return solved


def _chunk(
    payoffs: FloatArray,
    players: tuple[str, ...],
    actions: tuple[tuple[str, ...], ...],
    solver: Solver[Any, Any],
    tolerance: float,
    deadline: float,
) -> list[EquilibriumSolution]:
    """Solutions of a few games; those for which no time is left are stopped before they start."""
    return [_one(StageGame(table, players, actions), solver, tolerance, deadline - time.time()) for table in payoffs]


def _one(game: StageGame, solver: Solver[Any, Any], tolerance: float, seconds_left: float) -> EquilibriumSolution:
    """One game; what goes wrong in it is data, so that it does not cost the other games their results."""
    empty = EquilibriumSolution(
        solver=solver, game=game, status=Status.STOPPED_EARLY, scope=Scope.SOME, message="time limit reached"
    )
    if seconds_left <= 0.0:
        return replace(empty, message="time limit of the batch reached before this game")
    try:
        found: EquilibriumSolution = solve(game, _limited(solver, seconds_left), tolerance=tolerance)
    except Exception as error:
        failure = f"{type(solver).__name__} failed on this game: {type(error).__name__}: {error}"
        return replace(empty, status=Status.NO_EQUILIBRIUM_FOUND, message=failure)
    return found


def _limited(solver: Solver[Any, Any], seconds_left: float) -> Solver[Any, Any]:
    """The solver with no more time than is left for the batch."""
    if seconds_left == float("inf") or "time_limit" not in [item.name for item in fields(solver)]:  # type: ignore[arg-type]
        return solver
    own = solver.time_limit  # type: ignore[attr-defined]
    return replace(solver, time_limit=seconds_left if own is None else min(own, seconds_left))  # type: ignore[type-var]


def _assembled(
    payoffs: FloatArray,
    template: StageGame,
    solver: Solver[Any, Any],
    tolerance: float,
    quick: BatchProposal,
    slow: dict[int, EquilibriumSolution],
    start: float,
) -> ManySolution:
    """Rows of both kinds of games, in order of the games; the run began at ``start``."""
    n_games, n_players = len(payoffs), template.n_players
    rows = [(game, equilibrium) for game, solution in slow.items() for equilibrium in solution.equilibria]
    game_of = np.concatenate([quick.game_of, np.array([game for game, _ in rows], dtype=np.intp)])
    order = np.argsort(game_of, kind="stable")
    counts = np.bincount(game_of, minlength=n_games)
    verdicts = [verdict(type(solver), n, n_players) for n in range(int(counts.max(initial=0)) + 1)]
    known: list[Verdict | EquilibriumSolution] = [verdicts[n] for n in counts.tolist()]
    rejected: list[tuple[Rejected, ...]] = [()] * n_games
    for i, solution in slow.items():
        known[i], rejected[i] = solution, solution.rejected

    def merged(first: FloatArray, others: list[FloatArray]) -> FloatArray:
        if not rows:
            return first
        return np.concatenate([first, np.reshape(others, (len(rows), first.shape[1]))])[order]

    return ManySolution(
        solver=solver,
        payoffs_batch=payoffs,
        players=template.players,
        actions=template.actions,
        status=tuple(one.status for one in known),
        scope=tuple(one.scope for one in known),
        message=tuple(one.message for one in known),
        n_equilibria=counts,
        strategies=tuple(merged(own, [eq.profile[k] for _, eq in rows]) for k, own in enumerate(quick.strategies)),
        payoffs=merged(quick.payoffs, [eq.payoffs for _, eq in rows]),
        regret=merged(quick.regret, [eq.certificate.regret for _, eq in rows]),
        components=tuple(one.components for one in known),
        degenerate=tuple(one.degenerate for one in known),
        rejected=tuple(rejected),
        tolerance=tolerance,
        run_time=time.perf_counter() - start,
    )
