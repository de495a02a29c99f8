"""Markov perfect equilibria of games with states, by two algorithms that share no step.

1. Search over pure stationary profiles: all of them by recursion over the state graph and branching with proven bounds
   (``markov_recursive``) where the game is small or directional enough; where that is cut short, best replies and stage
   equilibria from many starts (``markov_search``), whose results are some equilibria.
2. Logit homotopy from uniform play and from random starts (``markov_homotopy``): mixed equilibria too, any players.

The path starts from the status quo: best replies in turn from the given profile, stage equilibria where they cycle, the
logit branch that begins near it where those lead nowhere, too. Every result is certified in every state.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar, Literal

import numpy as np

from bargain.games.markov import IntArray, MarkovGame
from bargain.games.profile import action_index
from bargain.games.record import FloatArray
from bargain.solvers.base import Proposal, Scope, Solver
from bargain.solvers.markov_homotopy import Homotopy
from bargain.solvers.markov_recursive import RecursiveSearch
from bargain.solvers.markov_rounds import Rounds
from bargain.solvers.markov_search import DYNAMICS, PureSearch
from bargain.solvers.markov_solution import (
    JOINT,
    MarkovProposal,
    MarkovSolution,
    criterion_weights,
    start_weights,
)
from bargain.solvers.watch import Watch, current_watch

Profile = tuple[Any, ...]

LARGE = 2_000
"""States times actions of a component above which "both" leaves the homotopy out once the search found something."""


@dataclass(frozen=True)
class MarkovPerfect(Solver[MarkovGame, MarkovSolution]):
    """Stationary equilibria in which nobody gains in any state: best, path and worst of those found.

    start: where play starts when equilibria are ranked, a state (label or number), a weight per state, or None for all
    states alike; criterion: "joint" (sum of values in payoff units) or a player's label; start_profile: the status quo,
    one action per player (labels or numbers) for all states, or one such tuple per state, None for everybody's first
    action; where an action is not available the first one is that is; method: "search", "homotopy" or "both"; n_starts:
    random starts of the search; n_branches: logit branches, the first from uniform play; seed: of random starts;
    max_nodes, max_equilibria: limits of the complete list of pure equilibria; max_steps: along each branch;
    time_limit: seconds.
    """

    start: str | int | tuple[float, ...] | None = None
    criterion: str = JOINT
    start_profile: Profile | None = None
    method: Literal["both", "search", "homotopy"] = "both"
    n_starts: int = 20
    n_branches: int = 1
    seed: int = 0
    max_nodes: int = 20_000
    max_equilibria: int = 500
    max_steps: int = 5_000
    time_limit: float | None = None

    concept: ClassVar[str] = "Markov perfect equilibrium"
    solution_type: ClassVar[type[MarkovSolution]] = MarkovSolution
    game_type: ClassVar[type[Any] | tuple[type[Any], ...]] = MarkovGame

    def __post_init__(self) -> None:
        if self.method not in ("both", "search", "homotopy"):
            raise ValueError(f"method = {self.method!r} is neither 'both' nor 'search' nor 'homotopy'")
        for name, least in (("n_starts", 0), ("n_branches", 1), ("seed", 0), ("max_nodes", 0), ("max_steps", 1)):
            _check_count(name, getattr(self, name), least)
        _check_count("max_equilibria", self.max_equilibria, 1)
        for name in ("start", "start_profile"):
            object.__setattr__(self, name, frozen_tuples(getattr(self, name)))

    def settings(self) -> dict[str, Any]:
        return plain_settings(self)

    def check_suits(self, game: Any) -> None:
        super().check_suits(game)
        criterion_weights(game, self.criterion)
        start_weights(game, self.start)
        status_quo(game, self.start_profile)

    def propose(self, game: MarkovGame) -> Proposal:
        run = _Run(self, game, Rounds.of(game), status_quo(game, self.start_profile), current_watch())
        if self.method != "homotopy":
            run.search()
        if self.method == "homotopy" or (self.method == "both" and run.wants_branches()):
            run.homotopy()
        run.path_by_branch()
        return run.proposal()


@dataclass
class _Run:
    """One run: candidates, and the sentences about them."""

    solver: MarkovPerfect
    game: MarkovGame
    rounds: Rounds
    quo: IntArray
    watch: Watch
    candidates: list[tuple[FloatArray, ...]] = field(default_factory=list)
    pure: list[IntArray] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    n_listed: int = 0
    complete: bool = False
    path: int = -1
    path_by: str = ""
    unfinished: bool = False
    left_out: str = ""

    def search(self) -> None:
        """All pure equilibria if the limits allow, else some from many starts."""
        solver, watch = self.solver, self.watch
        half = Watch(watch.seconds_left / 2.0, watch.report) if np.isfinite(watch.seconds_left) else watch
        listing = RecursiveSearch(self.rounds, half, solver.max_nodes, solver.max_equilibria)
        listing.run()
        self.complete = listing.complete
        for moves in listing.found:
            self._add(moves)
        self.n_listed = len(self.candidates)
        if self.complete:
            self.path_by_search()
            self.notes.append(_complete_message(self.n_listed, listing))
            return
        some = PureSearch(self.rounds, watch)
        self._from_many_starts(some)
        for moves in some.found.values():
            self._add(moves)
        self.path_by_search()
        self.notes.append(
            f"{_count(len(self.pure), 'pure equilibrium', 'pure equilibria')} found, others may exist: the list of all "
            f"was cut short ({listing.why}); of {some.runs} starts {some.cycles} had best replies that did "
            f"not rest and {some.lost} led nowhere; raise max_nodes, max_equilibria or n_starts for more"
        )

    def _from_many_starts(self, some: PureSearch) -> None:
        solver, game = self.solver, self.game
        unit = criterion_weights(game, solver.criterion) * self.rounds.ranges
        for sign in (1.0, -1.0):
            some.from_horizon(sign * unit, solver.seed)
        for number in range(solver.n_starts):
            if self.watch.expired():
                self.unfinished = True
                break
            self.watch.report(0.5 + 0.3 * number / solver.n_starts, f"start {number + 1} of {solver.n_starts}")
            some.from_seed(solver.seed, number)

    def path_by_search(self) -> None:
        """The pure equilibrium that best replies from the status quo lead to, stage equilibria where those cycle."""
        if self.watch.expired():
            return
        one = PureSearch(self.rounds, self.watch)
        order, rng = np.arange(self.rounds.n_players), np.random.default_rng(self.solver.seed)
        reached = one.from_profile(self.quo, order, rng)
        if reached is not None:
            self.path_by = DYNAMICS[one.dynamic]
            self.path = self._add(reached)

    def wants_branches(self) -> bool:
        """Whether "both" runs the homotopy: in large games only when the search has found nothing."""
        size = Homotopy(self.rounds, self.watch, 1).size
        if size > LARGE and self.candidates:
            self.left_out = f"the homotopy was left out for {size} actions in a component; method='homotopy' runs it"
        return not self.left_out

    def homotopy(self) -> None:
        """Ends of the branches from uniform and from random play."""
        branches = Homotopy(self.rounds, self.watch, self.solver.max_steps)
        if branches.too_large:
            self.notes.append("transitions are too many for the homotopy; method='search' takes this game")
            return
        n_branches = self.solver.n_branches
        done = 0
        for start in branches.starts(n_branches, self.solver.seed):
            self.watch.report(0.8 + 0.2 * done / n_branches, f"branch {done + 1} of {n_branches}")
            self._add_mixed(branches.end(start))
            done += 1
        self.unfinished |= done < n_branches or (bool(branches.failures) and self.watch.expired())
        self.notes.append(
            f"{branches.ends} of {_count(n_branches, 'logit branch', 'logit branches')} ended in an equilibrium"
            + (f"; lost: {branches.failures[0]}; raise n_branches" if branches.failures else "")
        )

    def path_by_branch(self) -> None:
        """The end of the logit branch that begins near the status quo, where best replies did not lead anywhere."""
        if self.path >= 0:
            return
        if self.solver.method == "search" or self.left_out or self.watch.expired():
            self.notes.append("no path: best replies from the status quo did not come to rest")
            return
        branch = Homotopy(self.rounds, self.watch, self.solver.max_steps)
        end = None if branch.too_large else branch.end(self.quo_start(branch))
        if end is None:
            self.notes.append("no path: neither best replies nor the logit branch from the status quo came to an end")
            return
        self.path = self._add_mixed(end)
        self.path_by = "logit branch from near the status quo"

    def quo_start(self, branch: Homotopy) -> tuple[FloatArray, ...]:
        return branch.near(self.quo)

    def proposal(self) -> MarkovProposal:
        if self.path >= 0:
            self.notes.append(f"path by {self.path_by}")
        if self.left_out:
            self.notes.append(self.left_out)
        if self.candidates:
            self.notes.append("best and worst are the best and worst found")
        return MarkovProposal(
            candidates=tuple(self.candidates),
            scope=Scope.ALL if self.complete and self.solver.method == "search" else Scope.SOME,
            stopped="time limit reached" if self.unfinished else "",
            message="; ".join(self.notes),
            n_listed=self.n_listed,
            pure_scope=Scope.ALL if self.complete else Scope.SOME,
            path=self.path,
            path_by=self.path_by,
        )

    def _add(self, moves: IntArray) -> int:
        """Place of a pure profile among the candidates."""
        for place, known in enumerate(self.pure):
            if np.array_equal(known, moves):
                return place
        self.pure.append(moves)
        self.candidates.append(self.rounds.strategies(moves))
        return len(self.candidates) - 1

    def _add_mixed(self, strategies: tuple[FloatArray, ...] | None) -> int:
        if strategies is None:
            return -1
        self.candidates.append(strategies)
        return len(self.candidates) - 1


def status_quo(game: MarkovGame, profile: Any) -> IntArray:
    """Number of the status quo move in every state ``(n_states,)``; ValueError when the profile names none."""
    given = profile
    if profile is None:
        profile = (0,) * game.n_players
    if not isinstance(profile, Sequence) or isinstance(profile, str) or not len(profile):
        raise ValueError(f"start_profile = {given!r} does not name one action for each player")
    if isinstance(profile[0], (str, int, np.integer)):
        profile = [profile] * game.n_states
    if len(profile) != game.n_states:
        raise ValueError(f"start_profile has {len(profile)} moves for {game.n_states} states")
    moves = np.empty((game.n_states, game.n_players), dtype=np.intp)
    for s, move in enumerate(profile):
        if isinstance(move, str) or len(move) != game.n_players:
            raise ValueError(f"start_profile: {move!r} does not name one action for each player")
        for k, (action, own, player) in enumerate(zip(move, game.actions, game.players, strict=True)):
            chosen = action_index(action, own, player)
            moves[s, k] = chosen if game.available[k][s, chosen] else int(game.available[k][s].argmax())
    return np.asarray(np.ravel_multi_index(tuple(moves.T), game.n_actions))


def _complete_message(n_found: int, listing: RecursiveSearch) -> str:
    found = {0: "there is no pure Markov perfect equilibrium", 1: "the only pure Markov perfect equilibrium is listed"}
    text = found.get(n_found, f"all {n_found} pure Markov perfect equilibria are listed")
    n_groups, largest = len(listing.groups), max(map(len, listing.groups))
    return f"{text} ({_count(n_groups, 'component', 'components')} of the state graph, the largest of {largest})"


def _count(n: int, one: str, many: str) -> str:
    return f"{n} {one if n == 1 else many}"


def _check_count(name: str, value: Any, least: int) -> None:
    if not isinstance(value, int | np.integer) or isinstance(value, bool) or value < least:
        raise ValueError(f"{name} = {value!r} is not a number without fraction >= {least}")


def frozen_tuples(value: Any) -> Any:
    """Lists and arrays as tuples, so that solvers can be compared and hashed."""
    if isinstance(value, np.ndarray):
        value = value.tolist()
    return tuple(frozen_tuples(item) for item in value) if isinstance(value, (list, tuple)) else value


def plain_settings(solver: Any) -> dict[str, Any]:
    """The settings of a solver with lists for tuples, for JSON."""
    return {item.name: _lists(getattr(solver, item.name)) for item in fields(solver)}


def _lists(value: Any) -> Any:
    return [_lists(item) for item in value] if isinstance(value, tuple) else value
