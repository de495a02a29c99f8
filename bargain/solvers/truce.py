"""Truces: moves agreed without side payments that last while they enforce themselves, and what holds afterwards.

A truce replaces a standoff, a stationary profile to which the players fall back for ever once somebody breaks it or
play enters a state where it does not enforce itself. The active states are found in ``truce_search``; here truces are
tried and ranked. When the standoff is an equilibrium of its own, a truce with a reply lag of one round and its standoff
are a subgame-perfect equilibrium together; with a longer lag the others do not see a deviation before they reply.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from bargain.games.markov import IntArray, MarkovGame
from bargain.games.record import FloatArray
from bargain.games.repeated import RepeatedGame
from bargain.games.stationary import StationaryProfile
from bargain.games.truce_play import TrucePlay
from bargain.solvers.base import Proposal, Scope, Solver
from bargain.solvers.truce_limits import TruceLimits, edge_points, truce_limits
from bargain.solvers.truce_ranking import MOST_TRUCES, all_moves, distinct, expected_lives, number_of_truces, ranking
from bargain.solvers.truce_search import TruceProblem, Truces
from bargain.solvers.truce_solution import TruceSolution
from bargain.solvers.truce_terms import (
    agreed_moves,
    criterion,
    frozen,
    lists,
    markov_game,
    plain_standoff,
    standoff_profile,
)
from bargain.solvers.truce_verdict import FoundTruces
from bargain.solvers.watch import current_watch


@dataclass(frozen=True)
class Truce(Solver[MarkovGame | RepeatedGame, TruceSolution]):
    """Truces without side payments against a standoff.

    standoff: a stationary profile, an equilibrium that has one, or pure actions (one profile in a game of one state,
    else one for each state); moves: the agreed ones, one profile for all states, one for each, or a mapping by state;
    None tries all pure ones, constant over states, or with ``state_dependent`` every combination; reply_lag: rounds in
    which a deviation stays without an answer; start: the state, label or number; rank_by: "nash_product" of the gains
    over the standoff in shares of the payoff range, "joint_gain", "expected_life", or a player whose value counts;
    keep: how many truces are returned; n_points: discount factors looked at for the limits of the best truce, 0 for
    none; largest_lag: up to which reply lag; time_limit: seconds.
    """

    standoff: Any
    moves: Any = None
    reply_lag: int = 1
    start: str | int = 0
    rank_by: str = "nash_product"
    state_dependent: bool = False
    keep: int = 100
    n_points: int = 40
    largest_lag: int = 12
    time_limit: float | None = None

    concept: ClassVar[str] = "self-enforcing truce"
    solution_type: ClassVar[type[TruceSolution]] = TruceSolution
    game_type: ClassVar[tuple[type[Any], ...]] = (MarkovGame, RepeatedGame)

    def __post_init__(self) -> None:
        object.__setattr__(self, "standoff", plain_standoff(self.standoff))
        object.__setattr__(self, "moves", frozen(self.moves))
        for name, least in (("reply_lag", 1), ("keep", 1), ("n_points", 0), ("largest_lag", 0)):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least:
                raise ValueError(f"{name} = {value!r} is not a whole number >= {least}")

    def settings(self) -> dict[str, Any]:
        names = ("reply_lag", "start", "rank_by", "state_dependent", "keep", "n_points", "largest_lag", "time_limit")
        kept = isinstance(self.standoff, StationaryProfile)
        standoff = self.standoff.to_dict() if kept else lists(self.standoff)
        return {"standoff": standoff, "moves": lists(self.moves), **{name: getattr(self, name) for name in names}}

    def check_suits(self, game: Any) -> None:
        super().check_suits(game)
        markov = markov_game(game)
        standoff_profile(markov, self.standoff)
        markov.state_index(self.start)
        criterion(markov, self.rank_by)
        if self.moves is not None:
            agreed_moves(markov, self.moves)
        elif (number := number_of_truces(markov, self.state_dependent)) > MOST_TRUCES:
            raise ValueError(f"{number} truces are more than the {MOST_TRUCES} that are tried one by one; give moves")

    def propose(self, game: MarkovGame | RepeatedGame) -> Proposal:
        markov = markov_game(game)
        standoff, start = standoff_profile(markov, self.standoff), markov.state_index(self.start)
        problem = TruceProblem(markov, standoff)
        if self.moves is None:
            tried = all_moves(problem, self.state_dependent)
        else:
            tried = np.ravel_multi_index(tuple(agreed_moves(markov, self.moves).T), markov.n_actions)[None]
        truces = problem.evaluate(tried, self.reply_lag)
        n_tried = len(truces.moves)
        stopped = "" if n_tried == len(tried) else f"time limit reached after {n_tried} of {len(tried)} truces"
        complete = not stopped and bool(truces.largest.all())
        if self.moves is None:
            truces = truces.take(distinct(truces, problem.scale))
        lives, endless = expected_lives(problem, truces)
        order = ranking(problem, truces, start, criterion(markov, self.rank_by), lives)[: self.keep]
        n_active = int(truces.active.any(axis=1).sum())
        plays = truce_plays(problem, truces.take(order), lives[order], endless[order], self.reply_lag)
        limits = self._limits(problem, standoff, truces.moves[order[0]], start) if plays and not stopped else None
        edges = () if limits is None else truce_edges(problem, truces.moves[order[0]], limits, self.reply_lag)
        if self.n_points and plays and limits is None and not stopped:
            stopped = "time limit reached before the limits of the best truce were found"
        scope = Scope.ALL if complete and len(plays) >= n_active else Scope.SOME
        found = FoundTruces(plays, limits, edges, n_tried, n_active)
        return Proposal(candidates=(found,), scope=scope, stopped=stopped, message=counts(found))

    def _limits(self, problem: TruceProblem, standoff: StationaryProfile, moves: Any, start: int) -> TruceLimits | None:
        if not self.n_points or current_watch().expired():
            return None
        return truce_limits(problem, standoff, moves, start, self.reply_lag, self.n_points, self.largest_lag)


def truce_plays(
    problem: TruceProblem, truces: Truces, lives: FloatArray, endless: FloatArray, reply_lag: int
) -> tuple[TrucePlay, ...]:
    """The truces as records, one by one."""
    return tuple(
        TrucePlay(
            problem.profiles[truces.moves[m]],
            truces.active[m],
            truces.dropped[m],
            truces.values[m],
            truces.agreed_values[m],
            truces.deviation_values[m],
            truces.replies[m],
            truces.standoff_values[m],
            lives[m],
            endless[m],
            reply_lag,
            bool(truces.largest[m]),
        )
        for m in range(len(truces.moves))
    )


def truce_edges(
    problem: TruceProblem, moves: IntArray, limits: TruceLimits, reply_lag: int
) -> tuple[tuple[float, bool, TrucePlay], ...]:
    """The truce at the ends of the intervals where it holds and just beside them: what the certificate reads."""
    edges = []
    for discount_factor, holds in edge_points(limits):
        truces = problem.evaluate(moves[None], reply_lag, discount_factor)
        play = truce_plays(problem, truces, *expected_lives(problem, truces), reply_lag)[0]
        edges.append((discount_factor, holds, play))
    return tuple(edges)


def counts(found: FoundTruces) -> str:
    """How many truces were tried and hold somewhere, in words."""
    text = f"{found.n_tried} agreements tried, {found.n_active} enforce themselves in some state"
    return f"{text}; the best {len(found.plays)} are listed" if len(found.plays) < found.n_active else text
