import json
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bargain as bg
from bargain.games import StageGame
from bargain.solvers import CoarseCorrelated, Correlated, CorrelatedSolution, Proposal, Scope, Solution, Solver, solve
from bargain.solvers.correlated_equilibria import Mediation

CHICKEN = StageGame.from_bimatrix([[6, 2], [7, 0]], [[6, 7], [2, 0]], ("US", "CN"))


def test_chicken_has_the_published_best_welfare():
    solution = bg.solve(CHICKEN, bg.Correlated(objective="welfare"))
    np.testing.assert_allclose(solution.distribution, [[0.5, 0.25], [0.25, 0]], atol=1e-12)
    np.testing.assert_allclose(solution.payoffs, [5.25, 5.25])
    assert solution.value == pytest.approx(10.5)
    assert solution.bound == pytest.approx(10.5)


@pytest.mark.parametrize(
    ("objective", "value", "payoffs"),
    [
        (("best", "US"), 7.0, (7, 2)),
        ("best:CN", 7.0, (2, 7)),
        (("worst", 1), 2.0, (7, 2)),
        ("worst:US", 2.0, (2, 7)),
        ("egalitarian", 5.25, (5.25, 5.25)),
    ],
)
def test_objectives(objective, value, payoffs):
    solution = solve(CHICKEN, Correlated(objective=objective))
    assert solution.value == pytest.approx(value)
    np.testing.assert_allclose(solution.payoffs, payoffs, atol=1e-9)
    assert Solution.from_dict(json.loads(json.dumps(solution.to_dict()))) == solution


def test_objectives_are_one_text_and_faults_are_named():
    assert Correlated(("best", "US")) == Correlated(["best", "US"]) == Correlated("best:US")
    for wrong in ("welfair", ("best",), "best:", None, 3):
        with pytest.raises(ValueError, match="is none of 'welfare', 'egalitarian'"):
            Correlated(wrong)
    with pytest.raises(ValueError, match="no player 'USA'; did you mean 'US'"):
        solve(CHICKEN, Correlated("best:USA"))


def test_a_coarse_equilibrium_may_use_dominated_actions():
    # Moulin and Vial 1978: commitment before the draw lets both do better than every correlated equilibrium.
    game = StageGame.from_bimatrix([[3, 1, 0], [1, 1, 1], [4, 0, 0]], [[3, 1, 4], [1, 1, 0], [0, 1, 0]])
    assert solve(game, CoarseCorrelated()).value > solve(game, Correlated()).value + 0.1


def test_ties_are_settled_evenly():
    game = StageGame(np.zeros((3, 2, 2, 2)))
    np.testing.assert_allclose(solve(game, Correlated()).distribution, 1 / 8)
    solution = solve(StageGame([np.eye(3), np.eye(3)]), Correlated())
    np.testing.assert_allclose(solution.distribution, np.eye(3) / 3, atol=1e-12)


def test_no_time_left_is_said():
    solution = solve(CHICKEN, Correlated(time_limit=0.0))
    assert solution.status == "stopped_early"
    assert "time limit reached" in solution.message
    assert solution.equilibria == ()


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([(2, 2), (3, 4), (2, 2, 2), (2, 3, 2), (4,)]), st.booleans())
def test_nash_and_the_order_of_concepts(seed, shape, ties):
    rng = np.random.default_rng(seed)
    table = rng.normal(size=(len(shape), *shape))
    game = StageGame(np.round(table) if ties else table)
    correlated, coarse = solve(game, Correlated()), solve(game, CoarseCorrelated())
    assert correlated.success
    assert coarse.success
    slack = 1e-7 * game.payoff_range.sum()
    assert coarse.value >= correlated.value - slack
    for equilibrium in solve(game, bg.PureNash()).equilibria:
        assert correlated.value >= equilibrium.payoffs.sum() - slack
    egalitarian = solve(game, Correlated("egalitarian"))
    assert egalitarian.payoffs.min() >= correlated.payoffs.min() - slack
    for k in range(game.n_players):
        worst, best = solve(game, Correlated(f"worst:{k}")), solve(game, Correlated(f"best:{k}"))
        assert worst.value <= correlated.payoffs[k] + slack
        assert best.value >= correlated.payoffs[k] - slack


@dataclass(frozen=True)
class WrongMediator(Solver[StageGame, CorrelatedSolution]):
    """Recommends what nobody would follow, what is no distribution, and what is not the best."""

    objective: str = "welfare"
    coarse: ClassVar[bool] = False
    solution_type: ClassVar[type[CorrelatedSolution]] = CorrelatedSolution

    def propose(self, game: StageGame) -> Proposal:
        prices = solve(game, Correlated()).solver.propose(game).candidates[0].prices
        wrong = (
            Mediation(np.array([[1.0, 0], [0, 0]])),
            Mediation(np.array([[1.0, 1], [0, 0]])),
            Mediation(np.array([[1.0]])),
            Mediation(np.array([[0.0, 1], [0, 0]]), prices),
            Mediation(np.array([[0.0, 1], [0, 0]]), tuple(-price for price in prices)),
            None,
            Mediation(np.array([[0.0, 1], [0, 0]])),
        )
        return Proposal(candidates=wrong, scope=Scope.ALL)


def test_a_wrong_mediator_ends_in_rejected():
    solution = solve(CHICKEN, WrongMediator())
    assert (solution.status, solution.scope, solution.equilibria) == ("rejected_all", Scope.SOME, ())
    reasons = [rejected.reason for rejected in solution.rejected]
    assert "disobedience gains 0.143 of the payoff range" in reasons[0]
    assert "probabilities sum to 2" in reasons[1]
    assert "has shape (1, 1)" in reasons[2]
    assert "may be 0.107 of the payoff ranges better than 9" in reasons[3]
    assert "price of disobedience is negative" in reasons[4]
    assert "not a distribution" in reasons[5]
    assert "nothing proves it the best for objective 'welfare'" in reasons[6]


@dataclass(frozen=True)
class WrongCoarseMediator(CoarseCorrelated):
    """Proves the best correlated equilibrium to be the best coarse one by prices that bound only the former."""

    def propose(self, game: StageGame) -> Proposal:
        return Correlated().propose(game)


def test_prices_of_recommendations_prove_nothing_for_the_coarse_concept():
    solution = solve(CHICKEN, WrongCoarseMediator())
    assert solution.status == "rejected_all"
    assert "bound no coarse correlated equilibria" in solution.rejected[0].reason
