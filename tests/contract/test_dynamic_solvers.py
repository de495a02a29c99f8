"""What every solver of repeated games, games with states and bargaining problems promises, on every game it takes."""

from __future__ import annotations

import functools
import json
import pickle
from dataclasses import replace

import numpy as np
import pytest
from known_markov_games import (
    ABREU_SANNIKOV,
    COMMON_INTEREST,
    MATCHING_PENNIES,
    PRISONERS,
    big_match,
    public_goods,
    random_markov,
    two_state_prisoners,
)

from bargain.games import StageGame
from bargain.games.bargaining import BargainingProblem
from bargain.games.linear_quadratic import LinearQuadraticGame
from bargain.games.markov import MarkovGame
from bargain.games.repeated import RepeatedGame
from bargain.solvers import DYNAMIC_SOLVERS, Solution, Status, solve
from bargain.solvers.base import game_types

GAMES = {
    "prisoner's dilemma": RepeatedGame(PRISONERS, 0.75),
    "Abreu-Sannikov": RepeatedGame(ABREU_SANNIKOV, 0.3),
    "common interest": RepeatedGame(COMMON_INTEREST, 0.5),
    "matching pennies": RepeatedGame(MATCHING_PENNIES, 0.5),
    "impatient": RepeatedGame(PRISONERS, 0.0),
    "public goods": RepeatedGame(public_goods(), 0.5),
    "two-state prisoner's dilemma": two_state_prisoners(0.7),
    "impatient with states": two_state_prisoners(0.0),
    "big match": big_match(0.5),
    "random": random_markov(np.random.default_rng(8), 3, (2, 3), discount_factor=0.6),
    "random of three": random_markov(np.random.default_rng(9), 2, (2, 2, 2), discount_factor=0.6),
    "one round": PRISONERS,
    "pie": BargainingProblem([[0, 0], [1, 0], [0, 1]], [0.1, 0.2]),
    "no gain": BargainingProblem([[0, 0], [1, 1]], [2, 0]),
    "linear quadratic": LinearQuadraticGame(
        np.diag([1.0, 0.9]), [[[0.0], [1.0]], [[0.0], [0.5]]], [np.eye(2), np.diag([1.0, 2.0])], [[[1.0]], [[1.0]]], 0.9
    ),
    "pie of three": BargainingProblem(np.vstack([np.zeros(3), np.eye(3)]), [0.1, 0.2, 0.0]),
}


def settings_for(solver, game):
    """What a solver cannot do without."""
    if solver.__name__ == "Truce":
        return {"standoff": tuple([(0,) * game.n_players] * getattr(game, "n_states", 1)), "n_points": 5}
    if solver.__name__ == "Rubinstein":
        return {"discount_factors": (0.9,) * game.n_players}
    if solver.__name__ in ("FiniteHorizon", "FinitelyRepeated"):
        return {"n_rounds": 3}
    if solver.__name__ == "RepeatedNegotiation":
        return {"renegotiation_probability": 0.3}
    return {}


def suited(solver, game):
    if solver.__name__ == "FinitelyRepeated" and game.n_players > 2:
        return False  # Its default, public lotteries, is for two.
    return isinstance(game, solver.game_type) and solver.n_players in (None, game.n_players)


PAIRS = [(solver, name) for solver in DYNAMIC_SOLVERS for name, game in GAMES.items() if suited(solver, game)]


def label(value):
    return value.__name__ if isinstance(value, type) else str(value)


def rescaled(game, factor):
    """The same game in other payoff units, at another level."""
    if isinstance(game, StageGame):
        return StageGame(game.payoffs * factor + 3 * factor, game.players, game.actions)
    if isinstance(game, RepeatedGame):
        return RepeatedGame(rescaled(game.stage_game, factor), game.discount_factor)
    if isinstance(game, MarkovGame):
        return replace_payoffs(game, game.payoffs * factor + 3 * factor)
    if isinstance(game, LinearQuadraticGame):
        losses = [factor * loss for loss in game.state_losses], [factor * loss for loss in game.control_losses]
        return LinearQuadraticGame(game.transition, game.controls, *losses, game.discount_factor)
    return BargainingProblem(game.points * factor + 3 * factor, game.threat_point * factor + 3 * factor, game.players)


def replace_payoffs(game, payoffs):
    labels = game.players, game.actions, game.states
    return MarkovGame(payoffs, game.successors, game.probabilities, game.discount_factor, *labels, game.available)


def solved(solver, game, **settings):
    return solve(game, solver(**{**settings_for(solver, game), **settings}))


@functools.cache
def once_solved(solver, name):
    """One solution for all tests that only read it."""
    return solved(solver, GAMES[name])


@pytest.mark.parametrize(("solver", "name"), PAIRS, ids=label)
class TestEverySolverOnEveryGame:
    def test_round_trips_and_same_bytes_twice(self, solver, name):
        solution = once_solved(solver, name)
        assert solution.rejected == ()
        assert solution.message
        assert solution.status in (Status.SOLVED, Status.NO_EQUILIBRIUM_FOUND)
        text = json.dumps(solution.to_dict(), allow_nan=False)
        assert json.dumps(solved(solver, GAMES[name]).to_dict()) == text
        twin = Solution.from_dict(json.loads(text))
        assert twin == solution
        assert hash(twin) == hash(solution)
        assert json.dumps(twin.to_dict()) == text
        assert pickle.loads(pickle.dumps(solution)) == solution
        assert solve(twin.game, twin.solver) == solution
        assert list(solution.to_frame().columns)

    @pytest.mark.parametrize("factor", [1e-6, 1e6])
    def test_units_change_nothing(self, solver, name, factor):
        solution, again = once_solved(solver, name), solved(solver, rescaled(GAMES[name], factor))
        assert (again.status, again.scope, again.rejected) == (solution.status, solution.scope, ())

    def test_no_time_is_no_crash_and_nothing_unverified(self, solver, name):
        if "time_limit" not in solver.__dataclass_fields__:
            pytest.skip("closed form: there is nothing to stop")
        solution = solved(solver, GAMES[name], time_limit=0.0)
        assert solution.rejected == ()
        assert solution.status in (Status.STOPPED_EARLY, Status.SOLVED, Status.NO_EQUILIBRIUM_FOUND)

    def test_progress_grows_to_one(self, solver, name):
        seen = []
        solver_ = solver(**settings_for(solver, GAMES[name]))
        solve(GAMES[name], solver_, progress=lambda share, stage: seen.append(share))
        assert seen == sorted(seen)
        assert seen[-1] == 1.0


@pytest.mark.parametrize("solver", DYNAMIC_SOLVERS, ids=label)
class TestEverySolver:
    def test_every_solver_is_tried_on_some_game(self, solver):
        assert any(pair[0] is solver for pair in PAIRS)
        assert solver.__doc__
        assert solver.concept

    def test_games_of_another_kind_are_refused(self, solver):
        other = next(game for game in GAMES.values() if not isinstance(game, solver.game_type))
        known = " or a ".join(kind.__name__ for kind in game_types(solver))
        with pytest.raises(TypeError, match=f"{solver.__name__} solves a {known}, not a {type(other).__name__}"):
            solve(other, solver(**settings_for(solver, other)))

    def test_frozen_settings_with_equality(self, solver):
        game = next(game for game in GAMES.values() if suited(solver, game))
        one, other = (solver(**settings_for(solver, game)) for _ in range(2))
        assert one == other
        assert hash(one) == hash(other)
        if "time_limit" in solver.__dataclass_fields__:
            assert replace(one, time_limit=5.0) != one
