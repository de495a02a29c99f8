"""What every solver promises, on every known game; a new solver is picked up from ``SOLVERS``.

The concepts other than Nash equilibrium have their promises in ``test_other_concepts``.
"""

from __future__ import annotations

import functools
import itertools
import json
import pickle
import warnings

import numpy as np
import pytest
from concept_checks import QUICK
from known_games import KNOWN_GAMES, spanned

from bargain.games import StageGame, certify
from bargain.solvers import (
    SOLVERS,
    EquilibriumSolution,
    Scope,
    Solution,
    Solver,
    Status,
    SupportEnumeration,
    solve,
    solver_named,
)

PAIRS = [(solver, known) for solver in SOLVERS for known in KNOWN_GAMES]
SUITED = [(solver, known) for solver, known in PAIRS if solver.n_players in (None, known.game.n_players)]
REFUSED = [pair for pair in PAIRS if pair not in SUITED]
TAKEN = [pair for pair in SUITED if issubclass(pair[0].solution_type, EquilibriumSolution)]


@functools.cache
def solved(solver, game):
    """One solution for all tests that only read it."""
    return solve(game, solver())


def label(value):
    return value.__name__ if isinstance(value, type) else str(value)


def matrix(profiles):
    """Profiles as sorted rows of probabilities, for comparison as sets."""
    rows = [np.concatenate([np.asarray(strategy, dtype=float) for strategy in profile]) for profile in profiles]
    return sorted(np.round(row, 8).tolist() for row in rows)


@pytest.mark.parametrize(("solver", "known"), REFUSED, ids=label)
def test_unsuited_games_give_one_clear_error(solver, known):
    with pytest.raises(ValueError, match=f"{solver.__name__} solves games of {solver.n_players} players"):
        solve(known.game, solver())


@pytest.mark.parametrize(("solver", "known"), TAKEN, ids=label)
class TestEverySolverOnEveryGame:
    @pytest.fixture
    def solution(self, solver, known):
        return solved(solver, known.game)

    def test_everything_returned_holds(self, solution, known):
        for equilibrium in solution.equilibria:
            assert certify(known.game, equilibrium.profile).holds
            assert equilibrium.certificate.holds
            np.testing.assert_allclose(equilibrium.payoffs, known.game.expected_payoffs(equilibrium.profile))
        assert solution.rejected == ()
        assert solution.success == bool(solution.equilibria)
        assert solution.message

    def test_the_scope_is_true(self, solution, solver, known):
        profiles = [equilibrium.profile for equilibrium in solution.equilibria]
        found = matrix(profiles)
        pure = matrix(known.game.profile(profile) for profile in known.pure)
        if "pure" in solver.concept:
            assert (solution.scope, found) == (Scope.ALL, pure)
        elif known.extreme is not None:
            extreme = matrix(known.extreme)
            if solution.scope is Scope.SOME:
                # Some solvers end inside a continuum: then its extreme points must span what they found.
                every = solved(SupportEnumeration, known.game)
                for profile in profiles:
                    assert matrix([profile])[0] in extreme or (not known.isolated and spanned(every, profile))
                assert found
            else:
                assert found == extreme
                assert (solution.scope is Scope.ALL) == known.isolated

    def test_no_equilibrium_twice_and_order_of_supports(self, solution):
        sizes = [sum(map(len, equilibrium.supports)) for equilibrium in solution.equilibria]
        assert sizes == sorted(sizes)
        rows = matrix(equilibrium.profile for equilibrium in solution.equilibria)
        assert all(left != right for left, right in itertools.pairwise(rows))

    def test_round_trips_and_same_bytes_twice(self, solution):
        text = json.dumps(solution.to_dict())
        twin = Solution.from_dict(json.loads(text))
        assert twin == solution
        assert hash(twin) == hash(solution)
        assert json.dumps(twin.to_dict()) == text
        assert pickle.loads(pickle.dumps(solution)) == solution
        again = solve(twin.game, twin.solver)
        assert again == solution
        assert json.dumps(again.to_dict()) == text

    def test_table_has_a_row_for_each_action(self, solution, known):
        frame = solution.to_frame()
        assert list(frame.columns) == ["equilibrium", "player", "action", "probability", "payoff", "regret"]
        assert len(frame) == len(solution.equilibria) * sum(known.game.n_actions)
        if len(frame):
            np.testing.assert_allclose(frame.groupby(["equilibrium", "player"])["probability"].sum(), 1.0)

    @pytest.mark.parametrize("factor", [1e-6, 1e6])
    def test_scale_and_level_change_nothing(self, solution, known, factor):
        moved = StageGame(known.game.payoffs * factor + 3 * factor, known.game.players, known.game.actions)
        again = solve(moved, solution.solver)
        assert (again.status, again.scope, again.components) == (solution.status, solution.scope, solution.components)
        assert len(again.equilibria) == len(solution.equilibria)
        for left, right in zip(again.equilibria, solution.equilibria, strict=True):
            for one, other in zip(left.profile, right.profile, strict=True):
                np.testing.assert_allclose(one, other, atol=1e-9)

    def test_order_of_actions_changes_nothing_but_labels(self, solution, solver, known):
        turned = StageGame(np.flip(known.game.payoffs, axis=tuple(range(1, known.game.payoffs.ndim))))
        again = solve(turned, solver())
        if solution.scope is not Scope.SOME:
            back = [[strategy[::-1] for strategy in equilibrium.profile] for equilibrium in again.equilibria]
            assert matrix(back) == matrix(equilibrium.profile for equilibrium in solution.equilibria)


@pytest.mark.parametrize("solver", SOLVERS, ids=label)
class TestEverySolver:
    def test_is_a_frozen_dataclass_found_by_name(self, solver):
        assert solver_named(solver.__name__) == solver()
        assert hash(solver()) == hash(solver())
        assert pickle.loads(pickle.dumps(solver())) == solver()
        assert json.loads(json.dumps(solver().settings())) == solver().settings()
        assert issubclass(solver, Solver)
        assert issubclass(solver.solution_type, Solution)
        with pytest.raises((AttributeError, TypeError)):
            solver().anything = 1

    def test_no_warning_escapes_on_random_degenerate_games(self, solver):
        rng = np.random.default_rng(7)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            for _ in range(15):
                game = StageGame(rng.integers(0, 3, size=(2, *rng.integers(1, 5, size=2))).astype(float))
                solution = solve(game, solver(**QUICK.get(solver.__name__, {})))
                assert isinstance(solution, solver.solution_type)
                assert isinstance(solution.status, Status)
        assert not caught

    def test_other_things_than_games_are_refused(self, solver):
        with pytest.raises(TypeError, match=f"{solver.__name__} solves a StageGame, not a ndarray"):
            solve(np.zeros((2, 2, 2)), solver())
