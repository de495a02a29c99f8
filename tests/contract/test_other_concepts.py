"""What every solver of a concept other than Nash equilibrium promises, on every known game it takes."""

from __future__ import annotations

import dataclasses
import functools
import json
import pickle

import numpy as np
import pytest
from concept_checks import ANSWERS, CHECKS, QUICK
from known_games import KNOWN_GAMES

from bargain.games import StageGame
from bargain.solvers import SOLVERS, EquilibriumSolution, Solution, solve

OTHERS = [solver for solver in SOLVERS if not issubclass(solver.solution_type, EquilibriumSolution)]
PAIRS = [
    (solver(**QUICK.get(solver.__name__, {})), known)
    for solver in OTHERS
    for known in KNOWN_GAMES
    if solver.n_players in (None, known.game.n_players)
]


@functools.cache
def solved(solver, game):
    return solve(game, solver)


def label(value):
    return type(value).__name__ if hasattr(value, "propose") else str(value)


@pytest.mark.parametrize("solver", OTHERS, ids=lambda solver: solver.__name__)
def test_every_kind_of_solution_has_its_independent_check(solver):
    assert solver.solution_type in CHECKS
    assert solver.solution_type in ANSWERS


@pytest.mark.parametrize("solver", SOLVERS, ids=lambda solver: solver.__name__)
class TestTimeAndProgress:
    game = StageGame.from_bimatrix([[6, 2, 1], [7, 0, 3]], [[6, 7, 2], [2, 0, 4]])

    def test_progress_grows_to_one(self, solver):
        shares = []
        solve(self.game, solver(**QUICK.get(solver.__name__, {})), progress=lambda share, stage: shares.append(share))
        assert len(shares) >= 2
        assert shares == sorted(shares)
        assert shares[0] < shares[-1] == 1.0

    def test_no_time_is_no_exception(self, solver):
        assert "time_limit" in [item.name for item in dataclasses.fields(solver)]
        solution = solve(self.game, solver(time_limit=0.0))
        assert solution.status in ("stopped_early", "solved")
        assert Solution.from_dict(json.loads(json.dumps(solution.to_dict()))) == solution


@pytest.mark.parametrize(("solver", "known"), PAIRS, ids=label)
class TestEveryOtherSolverOnEveryGame:
    def test_the_certificate_holds_by_code_that_is_independent_of_it(self, solver, known):
        solution = solved(solver, known.game)
        assert solution.rejected == ()
        assert solution.message
        CHECKS[solver.solution_type](known.game, solution)

    def test_round_trips_and_same_bytes_twice(self, solver, known):
        solution = solved(solver, known.game)
        text = json.dumps(solution.to_dict())
        assert json.dumps(solve(known.game, solution.solver).to_dict()) == text
        twin = Solution.from_dict(json.loads(text))
        assert twin == solution
        assert hash(twin) == hash(solution)
        assert json.dumps(twin.to_dict()) == text
        assert pickle.loads(pickle.dumps(solution)) == solution

    def test_there_is_a_table(self, solver, known):
        frame = solved(solver, known.game).to_frame()
        assert len(frame.columns) >= 2
        assert not frame.isna().to_numpy().all()

    @pytest.mark.parametrize("factor", [1e-6, 1e6])
    def test_scale_and_level_change_nothing(self, solver, known, factor):
        scaled = StageGame(known.game.payoffs * factor + 3 * factor, known.game.players, known.game.actions)
        solution, again = solved(solver, known.game), solve(scaled, solver)
        assert (again.status, again.scope) == (solution.status, solution.scope)
        same(ANSWERS[solver.solution_type], again, solution)

    def test_order_of_actions_changes_nothing(self, solver, known):
        axes = tuple(range(1, known.game.payoffs.ndim))
        labels = [own[::-1] for own in known.game.actions]
        turned = StageGame(np.flip(known.game.payoffs, axis=axes), known.game.players, labels)
        solution, again = solved(solver, known.game), solve(turned, solver)
        if solution.success:
            same(ANSWERS[solver.solution_type], again, solution, np.flip)


def same(answers, again, solution, back=lambda table: table):
    left, right = answers(again, back), answers(solution, lambda table: table)
    assert len(left) == len(right)
    for one, other in zip(left, right, strict=True):
        np.testing.assert_allclose(one, other, atol=2e-7)
