import json
import pickle
from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bargain.games.bargaining import BargainingProblem
from bargain.games.stage import StageGame
from bargain.solvers.bargaining import NashBargaining
from bargain.solvers.base import Proposal, Solution, Status, solve
from bargain.solvers.variable_threats import VariableThreats

NASH_1953 = StageGame.from_bimatrix([[3, -2], [5, 1]], [[4, 5], [-1, 2]], ("US", "CN"))
SEEDS = st.integers(0, 2**32 - 1)


@pytest.mark.parametrize("transfers", [False, True])
def test_reference_case(transfers):
    solution = solve(NASH_1953, VariableThreats(transfers))
    np.testing.assert_allclose(solution.payoffs, [3, 4], atol=1e-9)
    np.testing.assert_allclose(solution.threats, [[0, 1], [0, 1]], atol=1e-9)
    np.testing.assert_allclose(solution.threat_point, [1, 2], atol=1e-9)
    np.testing.assert_allclose(solution.lottery, [[1, 0], [0, 0]], atol=1e-9)
    assert solution.transfer == pytest.approx(0.0, abs=1e-9)
    assert solution.certificate.holds
    assert solution.to_frame()["probability"].tolist() == pytest.approx([0, 1, 0, 1])


def test_transfers_split_the_joint_payoff_by_the_value_of_the_difference():
    # A - B is matching pennies plus 1: value 1; the largest joint payoff is 10.
    first = np.array([[6.0, 1.0], [1.0, 6.0]])
    game = StageGame.from_bimatrix(first, [[4, 1], [1, 4]])
    solution = solve(game, VariableThreats(transfers=True))
    np.testing.assert_allclose(solution.payoffs, [5.5, 4.5], atol=1e-9)
    assert solution.transfer == pytest.approx(-0.5)
    # Without them the only efficient payoffs are (6, 4).
    np.testing.assert_allclose(solve(game, VariableThreats()).payoffs, [6, 4], atol=1e-9)


def test_an_edge_of_the_frontier():
    # Frontier x + 2 y = 4 from (0, 2) to (4, 0); x - 2 y has value 1 from the threats: n = (5 / 2, 3 / 4).
    game = StageGame.from_bimatrix([[0, 4], [1, 1]], [[2, 0], [0, 0]])
    solution = solve(game, VariableThreats())
    np.testing.assert_allclose(solution.payoffs, [2.5, 0.75], atol=1e-9)
    np.testing.assert_allclose(solution.weights, [0.5, 1.0])
    np.testing.assert_allclose(solution.lottery, [[0.375, 0.625], [0, 0]], atol=1e-9)


@settings(max_examples=10, deadline=None)
@given(SEEDS, st.booleans())
def test_agreement_is_the_nash_solution_and_no_threat_does_better(seed, ties):
    rng = np.random.default_rng(seed)
    table = rng.normal(size=(2, *rng.integers(1, 4, 2)))
    game = StageGame(np.round(2 * table) if ties else table)
    solution = solve(game, VariableThreats())
    assert solution.success, solution.rejected
    bargained = nash_payoffs(game, solution.threats)
    if np.all(solution.gains > 1e-4):
        np.testing.assert_allclose(bargained, solution.payoffs, atol=1e-6)
    for k in (0, 1):
        for own in rng.dirichlet(np.full(game.n_actions[k], 0.5), 6):
            threats = list(solution.threats)
            threats[k] = own
            assert nash_payoffs(game, threats)[k] <= solution.payoffs[k] + 1e-6


def nash_payoffs(game, threats):
    problem = BargainingProblem.from_game(game, game.expected_payoffs(threats))
    candidate = NashBargaining().propose(problem).candidates[0]
    return problem.threat_point if isinstance(candidate, str) else candidate @ problem.points


@settings(max_examples=10, deadline=None)
@given(SEEDS, st.booleans(), st.sampled_from([1e-6, 1e6]))
def test_affine_changes_and_roles_change_nothing(seed, transfers, size):
    rng = np.random.default_rng(seed)
    game = StageGame(rng.normal(size=(2, 3, 2)))
    payoffs = solve(game, VariableThreats(transfers)).payoffs
    units = np.full(2, size) if transfers else size * rng.uniform(0.5, 2.0, 2)
    level = size * rng.normal(size=2)
    moved = StageGame(game.payoffs * units[:, None, None] + level[:, None, None])
    np.testing.assert_allclose(
        solve(moved, VariableThreats(transfers)).payoffs, payoffs * units + level, atol=1e-7 * size
    )
    swapped = StageGame(game.payoffs[::-1].transpose(0, 2, 1))
    np.testing.assert_allclose(solve(swapped, VariableThreats(transfers)).payoffs, payoffs[::-1], atol=1e-7)


@pytest.mark.parametrize("transfers", [False, True])
@pytest.mark.parametrize(
    "table", [np.zeros((2, 2, 2)), np.full((2, 1, 1), 3.0), [[[1, 2]], [[0, 0]]], [[[0, 0]], [[1, 2]]]]
)
def test_degenerate_games(table, transfers):
    game = StageGame(table)
    solution = solve(game, VariableThreats(transfers))
    assert solution.success, solution.rejected
    if not transfers:
        expected = game.payoffs.reshape(2, -1).max(axis=1)
        np.testing.assert_allclose(solution.payoffs, expected)


@dataclass(frozen=True)
class Shifted(VariableThreats):
    threat: tuple = ((1.0, 0.0), (0.0, 1.0))
    field: str = "threats"

    def propose(self, game):
        right = super().propose(game).candidates[0]
        new = tuple(map(np.array, self.threat)) if self.field == "threats" else np.array(self.threat)
        return Proposal(candidates=(replace(right, **{self.field: new}),))


@pytest.mark.parametrize(
    ("solver", "reason"),
    [
        (Shifted(False), "Nash solution"),
        (Shifted(False, threat=((1.0, 0.0), (1.0, 0.0))), "no better threat of US"),
        (Shifted(False, threat=(1.0, 0.2), field="weights"), "Nash solution"),
        (Shifted(False, threat=(0.0, 0.0, 0.0, 1.0), field="lottery"), "support"),
        (Shifted(True, threat=(3.5, 4.0), field="payoffs"), "feasible"),
        (Shifted(True, threat=(3.5, 3.5), field="payoffs"), "Nash solution"),
        (Shifted(False, threat=((0.5, 0.6), (1.0, 0.0))), "no threats of this game"),
    ],
)
def test_wrong_candidates_are_refused(solver, reason):
    solution = solve(NASH_1953, solver)
    assert solution.status is Status.REJECTED_ALL
    assert reason in solution.rejected[0].reason
    assert len(solution.to_frame()) == 0


def test_results_are_plain_data():
    for transfers in (False, True):
        solution = solve(NASH_1953, VariableThreats(transfers))
        text = json.dumps(solution.to_dict())
        assert json.dumps(solve(NASH_1953, VariableThreats(transfers)).to_dict()) == text
        assert Solution.from_dict(json.loads(text)) == solution == pickle.loads(pickle.dumps(solution))


def test_bad_settings_and_time():
    with pytest.raises(ValueError, match="neither True nor False"):
        VariableThreats(transfers="yes")
    with pytest.raises(ValueError, match="games of 2 players, this one has 3"):
        solve(StageGame(np.zeros((3, 2, 2, 2))), VariableThreats())
    assert solve(NASH_1953, VariableThreats(time_limit=0.0)).status is Status.STOPPED_EARLY
