import json
import pickle
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import pytest

import bargain
from bargain.games import StageGame
from bargain.solvers import (
    EquilibriumSolution,
    LemkeHowson,
    Proposal,
    PureNash,
    Scope,
    Solution,
    Solver,
    Status,
    SupportEnumeration,
    solve,
    solver_named,
)

PENNIES = StageGame.from_bimatrix([[9, 0], [0, 1]], [[0, 1], [1, 0]])
MIX = ([0.5, 0.5], [0.1, 0.9])


@dataclass(frozen=True)
class WrongSolver(Solver[StageGame, EquilibriumSolution]):
    """Claims to have all equilibria, and lies."""

    right: bool = False
    solution_type: ClassVar[type[EquilibriumSolution]] = EquilibriumSolution

    def propose(self, game: StageGame) -> Proposal:
        wrong = (
            ([0.5, 0.5], [0.5, 0.5]),
            ([0.5, 0.6], [1, 0]),
            (0, 7),
            None,
            ([np.nan, 1], [1, 0]),
            (np.ones((2, 2)), "x"),
        )
        return Proposal(candidates=(MIX, *wrong) if self.right else wrong, scope=Scope.ALL, components=((0,),))


@dataclass(frozen=True)
class Silent(WrongSolver):
    def propose(self, game: StageGame) -> Proposal:
        return Proposal()


def test_a_wrong_solver_ends_in_rejected():
    solution = solve(PENNIES, WrongSolver())
    assert (solution.status, solution.scope, solution.equilibria) == (Status.REJECTED_ALL, Scope.SOME, ())
    assert not solution.success
    assert len(solution.rejected) == 6
    assert solution.rejected[0].relative_regret == pytest.approx(2 / 9)
    assert "exceeds 1e-08" in solution.rejected[0].reason
    assert "probabilities sum to 1.1" in solution.rejected[1].reason
    assert all("not a profile of this game" in rejected.reason for rejected in solution.rejected[1:])
    assert "6 of 6 candidates of WrongSolver failed" in solution.message
    assert Solution.from_dict(json.loads(json.dumps(solution.to_dict()))) == solution


def test_one_lie_costs_the_claim_of_completeness():
    solution = solve(PENNIES, WrongSolver(right=True))
    assert (solution.status, solution.scope) == (Status.SOLVED, Scope.SOME)
    assert len(solution.equilibria) == 1
    assert solution.components == ()


def test_a_wider_tolerance_accepts_more():
    assert len(solve(PENNIES, WrongSolver(), tolerance=0.5).equilibria) == 1
    with pytest.raises(ValueError, match="tolerance = -1"):
        solve(PENNIES, SupportEnumeration(), tolerance=-1)


def test_nothing_found_says_what_to_try():
    solution = solve(PENNIES, Silent())
    assert solution.status is Status.NO_EQUILIBRIUM_FOUND
    assert "try another solver" in solution.message


def test_run_time_is_measured_but_in_no_comparison_and_no_output():
    solution = solve(PENNIES, SupportEnumeration())
    assert solution.run_time > 0.0
    assert replace(solution, run_time=99.0) == solution
    assert "run_time" not in solution.to_dict()
    assert solution.to_dict(run_time=True)["run_time"] == solution.run_time
    assert pickle.loads(pickle.dumps(solution)).run_time == solution.run_time


def test_run_record_names_version_solver_settings_and_game():
    assert solve(PENNIES, LemkeHowson(label=1)).run_record() == {
        "package": "bargain-games",
        "version": bargain.__version__,
        "solver": "LemkeHowson",
        "settings": {"label": 1, "max_pivots": 2_000, "time_limit": None},
        "game_sha256": PENNIES.fingerprint,
    }


def test_different_runs_differ():
    solution = solve(PENNIES, SupportEnumeration())
    assert solution != solve(PENNIES, SupportEnumeration(time_limit=60.0))
    assert solution != solve(StageGame(PENNIES.payoffs * 2), SupportEnumeration())
    assert solution != solve(PENNIES, PureNash())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"type": "EquilibriumSolutoin"}, "no solution type 'EquilibriumSolutoin'; did you mean 'EquilibriumSolution'"),
        ({"game": StageGame([[1.0]]).to_dict()}, "does not match its recorded hash"),
        ({"status": None}, "None is not a valid Status"),
    ],
)
def test_damaged_data_are_refused(change, message):
    data = solve(PENNIES, SupportEnumeration()).to_dict()
    with pytest.raises(ValueError, match=message):
        Solution.from_dict({**data, **change})


def test_missing_entry_and_unknown_solver_in_data():
    data = solve(PENNIES, SupportEnumeration()).to_dict()
    with pytest.raises(ValueError, match="entry 'run' is missing"):
        Solution.from_dict({key: value for key, value in data.items() if key != "run"})
    with pytest.raises(ValueError, match="no solver 'SuportEnumeration'; did you mean 'SupportEnumeration'"):
        Solution.from_dict({**data, "run": {**data["run"], "solver": "SuportEnumeration"}})


def test_names_and_settings_get_a_hint():
    assert solver_named("SupportEnumeration", time_limit=2.0) == SupportEnumeration(time_limit=2.0)
    with pytest.raises(ValueError, match="no solver 'PureNsh'; did you mean 'PureNash'"):
        solver_named("PureNsh")
    with pytest.raises(ValueError, match="LemkeHowson has no setting 'lable'; did you mean 'label'"):
        solver_named("LemkeHowson", lable=1)
    with pytest.raises(ValueError, match="PureNash has no setting 'x'; known: time_limit"):
        solver_named("PureNash", x=1)


@pytest.mark.parametrize("solver", ["PureNash", PureNash, None])
def test_solve_wants_a_solver_object(solver):
    with pytest.raises(TypeError, match=r"is not a solver such as PureNash\(\)"):
        solve(PENNIES, solver)


def test_three_players_for_a_two_player_solver():
    game = StageGame(np.zeros((3, 2, 2, 2)), ("US", "CN", "EU"))
    with pytest.raises(
        ValueError, match=r"SupportEnumeration solves games of 2 players, this one has 3 \(US, CN, EU\)"
    ):
        solve(game, SupportEnumeration())


def test_names_at_the_top_of_the_package():
    solution = bargain.solve(bargain.StageGame(PENNIES.payoffs), bargain.SupportEnumeration())
    assert isinstance(solution, bargain.EquilibriumSolution)
    assert bargain.Scope.ALL is solution.scope


@pytest.mark.parametrize("limit", [-1.0, float("nan"), "5", True, [1.0]])
@pytest.mark.parametrize("solver_type", [PureNash, LemkeHowson, SupportEnumeration])
def test_a_time_limit_that_is_no_number_of_seconds(solver_type, limit):
    with pytest.raises(ValueError, match=r"^time_limit = .* is not a number of seconds >= 0$"):
        solve(PENNIES, solver_type(time_limit=limit))


@pytest.mark.parametrize("limit", [None, 60, np.float64(60.0), np.int64(60), float("inf")])
def test_time_limits_that_are_numbers(limit):
    assert solve(PENNIES, LemkeHowson(time_limit=limit)).success


def test_refusals_name_solvers_of_mixed_equilibria_for_more_players():
    with pytest.raises(ValueError, match="LogitPath and SupportHomotopy do and find mixed equilibria too"):
        solve(StageGame(np.zeros((3, 2, 2, 2))), LemkeHowson())
