"""The standoff that play from a status quo leads to: over the whole game at once, else component by component.

Best replies in turn from the status quo, stage equilibria when those cycle, both in all states at once. Where neither
comes to rest the state graph is taken apart: capacity that is rebuilt never shrinks, so that its strongly connected
components can be solved one after the other, the last ones first, each a small game in which leaving it is worth what
has been found behind it. Where pure play comes to no rest there, paths from averaged play lead to mixed equilibria
(``markov_averaging``), from the status quo first, then from random play; the logit branch is what is left. States that
no play from the start leads to come last: what is found on the way must not depend on them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Any, ClassVar

import numpy as np

from bargain.games.markov import IntArray, MarkovGame
from bargain.games.record import FloatArray
from bargain.games.stationary import MarkovEquilibrium, StationaryProfile, certify_stationary, stationary_values
from bargain.solvers.base import Proposal, Scope, Solver, solve
from bargain.solvers.checks import entries, is_number
from bargain.solvers.markov_averaging import averaged_play
from bargain.solvers.markov_perfect import MarkovPerfect, status_quo
from bargain.solvers.markov_rounds import Rounds, components
from bargain.solvers.markov_search import one_state_at_a_time, random_moves, replies_in_turn, stage_iteration
from bargain.solvers.markov_solution import JOINT, MarkovProposal, MarkovSolution
from bargain.solvers.watch import current_watch


@dataclass(frozen=True)
class StatusQuoPath(Solver[MarkovGame, MarkovSolution]):
    """The Markov perfect equilibrium that play from a status quo leads to, and no other.

    start_profile: one action for each player (labels or numbers), in all states; start, criterion: as for
    ``MarkovPerfect``; whole: whether all states at once are tried first; n_starts: random starts within a component in
    which the status quo leads nowhere, and logit branches after them; seed: of these; time_limit: seconds.
    """

    start_profile: tuple[Any, ...]
    start: tuple[float, ...] | None = None
    criterion: str = JOINT
    whole: bool = True
    n_starts: int = 3
    seed: int = 0
    time_limit: float | None = None

    concept: ClassVar[str] = "Markov perfect equilibrium"
    solution_type: ClassVar[type[MarkovSolution]] = MarkovSolution
    game_type: ClassVar[type[Any] | tuple[type[Any], ...]] = MarkovGame

    def __post_init__(self) -> None:
        object.__setattr__(self, "start_profile", entries("start_profile", self.start_profile))
        if self.start is not None:
            object.__setattr__(self, "start", _chances(self.start))
        if isinstance(self.n_starts, bool) or not isinstance(self.n_starts, int | np.integer) or self.n_starts < 0:
            raise ValueError(f"n_starts = {self.n_starts!r} is not a number >= 0 without fraction")

    def settings(self) -> dict[str, Any]:
        plain = {item.name: getattr(self, item.name) for item in fields(self)}
        return {name: list(value) if isinstance(value, tuple) else value for name, value in plain.items()}

    def check_suits(self, game: Any) -> None:
        super().check_suits(game)
        status_quo(game, self.start_profile)
        if self.start is not None and len(self.start) != game.n_states:
            raise ValueError(f"start has {len(self.start)} weights for {game.n_states} states")

    def propose(self, game: MarkovGame) -> Proposal:
        rounds, watch = Rounds.of(game), current_watch()
        quo = status_quo(game, self.start_profile)
        groups, values = components(rounds), np.zeros((game.n_states, game.n_players))
        ahead = reachable(rounds, self.start)
        way_there = rounds.restricted(ahead, values) if len(ahead) < rounds.n_states else rounds
        moves, how = _played_out(way_there, quo[ahead], None) if self.whole else (None, "")
        if moves is not None:
            quo[ahead] = moves
            if len(ahead) == rounds.n_states:
                return _path(rounds.strategies(quo), how)
            # Nothing leads out of these states, so that their values do not depend on what is played elsewhere.
            values[ahead] = stationary_values(game, StationaryProfile(rounds.strategies(quo)))[ahead]
            groups = [group for group in groups if not np.isin(group, ahead).any()]
        strategies = rounds.strategies(quo)
        ways: dict[str, int] = {}
        for number, group in enumerate(groups):
            watch.report(number / len(groups), f"component {number + 1} of {len(groups)}")
            found, way = self._component(game, group, values)
            if found is None:
                why = f"no equilibrium found in a component of {len(group)} states: {way}"
                return MarkovProposal(stopped="time limit reached" if watch.expired() else "", message=why)
            ways[way] = ways.get(way, 0) + 1
            for own, part in zip(strategies, found.profile.strategies, strict=True):
                own[group] = part[: len(group)]
            values[group] = found.values[: len(group)]
        words = ", ".join(f"{way} in {count}" for way, count in sorted(ways.items()))
        if moves is not None:
            return _path(strategies, f"{how} in the {len(ahead)} states that play may lead to; elsewhere {words}")
        return _path(strategies, f"{words} of {len(groups)} components of the state graph, one after the other")

    def _component(self, game: MarkovGame, group: IntArray, values: FloatArray) -> tuple[MarkovEquilibrium | None, str]:
        """An equilibrium of one component, the values behind it given, and how it was found."""
        part = component_game(game, group, values)
        quo = (*([tuple(self.start_profile)] * len(group)), (0,) * game.n_players)
        rounds, generator = Rounds.of(part), np.random.default_rng(self.seed)
        moves, how = _played_out(rounds, status_quo(part, quo), generator)
        if moves is not None:
            return _certified(part, rounds, moves), how
        why = ""
        for number in range(1 + self.n_starts):
            start = random_moves(rounds, generator) if number else status_quo(part, quo)
            if number:
                moves, _ = _played_out(rounds, start, generator)
                if moves is not None:
                    return _certified(part, rounds, moves), "a random start"
            settled = averaged_play(rounds, start, current_watch())
            verdict = (
                None if settled.strategies is None else certify_stationary(part, StationaryProfile(settled.strategies))
            )
            if verdict is not None and verdict.certificate.holds:
                return verdict, f"averaged play from {'a random start' if number else 'the status quo'}"
            why = why or settled.why
        branch = self._branches(part, quo, 1)
        if branch.path is not None:
            return branch.path, "a logit branch near the status quo"
        branch = branch if branch.best is not None else self._branches(part, quo, 1 + self.n_starts)
        words = f"averaged play: {why or 'not certified'}; {branch.message}"
        return branch.best, words if branch.best is None else "another logit branch"

    def _branches(self, part: MarkovGame, quo: tuple[Any, ...], n_branches: int) -> MarkovSolution:
        left = current_watch().seconds_left
        limit = left if np.isfinite(left) else None
        solver = MarkovPerfect(
            start_profile=quo, method="homotopy", n_branches=n_branches, seed=self.seed, time_limit=limit
        )
        return solve(part, solver)


def _chances(start: Any) -> tuple[float, ...]:
    """One weight per state as floats."""
    given = () if isinstance(start, str) or not isinstance(start, Iterable) else tuple(start)
    if not given or not all(is_number(chance) and chance >= 0.0 for chance in given) or not sum(given) > 0.0:
        shown = start if len(given) < 6 else f"of {len(given)} entries"
        raise ValueError(f"start = {shown!r} does not hold one weight >= 0 for each state, one of them positive")
    return tuple(map(float, given))


def reachable(rounds: Rounds, start: tuple[float, ...] | None) -> IntArray:
    """States that some play from the start leads to, in order; all of them where no start is given."""
    from scipy.sparse import csr_array

    if start is None:
        return np.arange(rounds.n_states)
    links = rounds.transitions.tocoo()
    there = rounds.available.reshape(-1)[links.row] & (links.data > 0.0)
    entries = (np.ones(int(there.sum())), (links.row[there] // rounds.n_moves, links.col[there]))
    graph = csr_array(entries, shape=(rounds.n_states, rounds.n_states))
    found = np.asarray(start) > 0.0
    while True:
        more = found | (graph.T @ found > 0.0)
        if (more == found).all():
            return np.flatnonzero(found)
        found = more


def _certified(part: MarkovGame, rounds: Rounds, moves: IntArray) -> MarkovEquilibrium:
    return certify_stationary(part, StationaryProfile(rounds.strategies(moves)))


def _played_out(rounds: Rounds, moves: IntArray, generator: np.random.Generator | None) -> tuple[IntArray | None, str]:
    """Where best replies in turn come to rest, else stage equilibria, else (with a generator) one state at a time."""
    watch = current_watch()
    run, how = replies_in_turn(rounds, moves, np.arange(rounds.n_players), watch), "best replies in turn"
    if not run.rests:
        run, how = stage_iteration(rounds, run.moves, watch), "stage equilibria, where best replies cycled"
    if not run.rests and generator is not None:
        run, how = one_state_at_a_time(rounds, run.moves, generator, watch), "changes in one state at a time"
    return (run.moves, how) if run.rests and rounds.holds(run.moves) else (None, how)


def component_game(game: MarkovGame, group: IntArray, values: FloatArray) -> MarkovGame:
    """The states of a component, and one more in which play is over, where leaving it leads.

    values: of the states behind it ``(n_states, n_players)``; what leaving is worth is paid at once.
    """
    d, n = game.discount_factor, len(group)
    place = np.full(game.n_states, n)
    place[group] = np.arange(n)
    chances, follow = game.probabilities[group], game.successors[group]
    outside = place[follow] == n
    gone = np.where(outside[..., None], chances[..., None] * values[follow], 0.0).sum(axis=-2)
    payoffs = game.payoffs[group] + (d / (1.0 - d)) * np.moveaxis(gone, -1, 1)
    over = np.zeros((1, *payoffs.shape[1:]))
    stay = np.zeros((1, *follow.shape[1:]))
    stay[..., 0] = 1.0
    available = []
    for mask in game.available:
        last = np.zeros((1, mask.shape[1]), dtype=bool)
        last[0, 0] = True
        available.append(np.concatenate([mask[group], last]))
    return MarkovGame(
        np.concatenate([payoffs, over]),
        np.concatenate([place[follow], np.full((1, *follow.shape[1:]), n)]),
        np.concatenate([chances, stay]),
        d,
        game.players,
        game.actions,
        [*(game.states[s] for s in group), "over"],
        available,
    )


def _path(strategies: tuple[FloatArray, ...], how: str) -> MarkovProposal:
    return MarkovProposal(candidates=(strategies,), path=0, path_by=how, scope=Scope.SOME)
