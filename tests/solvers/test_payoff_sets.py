import json
import pickle
from dataclasses import dataclass, replace

import numpy as np
import pytest
from known_markov_games import ABREU_SANNIKOV, COMMON_INTEREST, MATCHING_PENNIES, PRISONERS, two_state_prisoners

from bargain.games.repeated import RepeatedGame
from bargain.solvers import Proposal, Scope, Solution, solve
from bargain.solvers.payoff_sets import PayoffSetSolution
from bargain.solvers.repeated_payoffs import RepeatedPayoffs, propose_repeated
from bargain.solvers.subgame_perfect import SubgamePerfectPayoffs
from bargain.solvers.vertex_plan import VertexPlan

GAME = RepeatedGame(ABREU_SANNIKOV, 0.3)


def test_vertices_are_the_values_of_certified_automata():
    solution = solve(GAME, SubgamePerfectPayoffs())
    assert len(solution.strategies) == len(solution.vertices) == 6
    for vertex, strategy in zip(solution.vertices, solution.strategies, strict=True):
        assert strategy.certificate.holds
        np.testing.assert_allclose(strategy.payoffs[0], vertex, atol=1e-12)
        np.testing.assert_allclose(strategy.certificate.regret, solution.certificate.regret, atol=1e-12)
    np.testing.assert_allclose(solution.minima, [solution.vertices.min(axis=0)])
    assert solution.contains([10, 5])
    assert not solution.contains([16.5, 9])


@pytest.mark.parametrize("game", [ABREU_SANNIKOV, COMMON_INTEREST, MATCHING_PENNIES, PRISONERS])
def test_plain_data_and_back(game):
    solution = solve(RepeatedGame(game, 0.3), SubgamePerfectPayoffs())
    text = json.dumps(solution.to_dict())
    back = Solution.from_dict(json.loads(text))
    assert back == solution == pickle.loads(pickle.dumps(solution))
    assert json.dumps(solve(RepeatedGame(game, 0.3), SubgamePerfectPayoffs()).to_dict()) == text
    frame = solution.to_frame()
    assert list(frame.columns) == ["state", "vertex", "player_1", "player_2"]
    assert len(frame) == len(solution.vertices)


def test_several_states_are_asked_for_by_name():
    game = two_state_prisoners(0.7)
    solution = PayoffSetSolution(
        solver=SubgamePerfectPayoffs(),
        game=game,
        status="solved",
        scope=Scope.ALL,
        message="",
        polygons=(np.zeros((1, 2)), np.zeros((0, 2))),
    )
    with pytest.raises(ValueError, match=r"2 states have a polygon each: use .polygons or .polygon\(state\)"):
        _ = solution.vertices
    assert solution.polygon("state_1").shape == (1, 2)
    np.testing.assert_array_equal(solution.minima, [[0, 0], [np.nan, np.nan]])
    with pytest.raises(ValueError, match="no state 'state_3'"):
        solution.polygon("state_3")
    with pytest.raises(ValueError, match="state 1: a repeated game has the single state 0"):
        solve(GAME, SubgamePerfectPayoffs()).polygon(1)


def too_large(found):
    return replace(found, polygon=1.1 * found.polygon)


def lost_vertex(found):
    # Reversion to the stage equilibrium alone is a fixed point of B, but not the largest.
    plan = VertexPlan([[1, 1]], [[0]], [[1.0]], [0, 0])
    return replace(found, polygon=np.array([[3.0, 3.0]]), plan=plan)


def unstable(found):
    plan = VertexPlan([[0, 0]], [[0]], [[1.0]], [0, 0])
    return replace(found, polygon=np.array([[9.0, 9.0]]), plan=plan)


def no_strategies(found):
    return replace(found, plan=None)


def emptied(found):
    return replace(found, plan=None, polygon=np.zeros((0, 2)))


def other_game(found):
    return replace(found, plan=VertexPlan([[7, 0]], [[0]], [[1.0]], [0, 0]))


def no_record(found):
    return "nonsense"


@dataclass(frozen=True)
class WrongSets(SubgamePerfectPayoffs):
    fault: str = ""

    def propose(self, game):
        return Proposal(candidates=(globals()[self.fault](propose_repeated(game, 1000)),), scope=Scope.ALL)


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("too_large", "strategies are worth other payoffs"),
        ("lost_vertex", "payoffs are missing"),
        ("unstable", "a deviation gains"),
        ("no_strategies", "no strategies that reach the vertices"),
        ("emptied", "payoffs are missing"),
        ("other_game", "no payoff sets of this game"),
        ("no_record", "no payoff sets of this game"),
    ],
)
def test_a_wrong_solver_ends_in_rejected(fault, reason):
    solution = solve(RepeatedGame(PRISONERS, 0.75), WrongSets(fault=fault))
    assert (solution.status, solution.scope, solution.polygons) == ("rejected_all", "some", ())
    assert reason in solution.rejected[0].reason
    assert solution.vertices.shape == (0, 2)
    assert np.isnan(solution.minima).all()


def test_an_outer_bound_alone_certifies_nothing():
    found = propose_repeated(GAME, 2)
    assert isinstance(found, RepeatedPayoffs)
    solution = solve(GAME, SubgamePerfectPayoffs(max_steps=2))
    assert solution.strategies == ()
    assert solution.certificate is None
