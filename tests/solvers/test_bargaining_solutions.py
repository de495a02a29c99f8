import itertools
import json
import pickle
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bargain.games.bargaining import BargainingProblem
from bargain.games.bargaining_frontier import BargainingFrontier
from bargain.solvers.bargaining import Egalitarian, KalaiSmorodinsky, NashBargaining, Utilitarian
from bargain.solvers.bargaining_polygon import pareto_indices
from bargain.solvers.base import Proposal, Scope, Solution, Status, solve

ROOT = BargainingFrontier("sqrt(1 - u1)", (0, 1))
CONCEPTS = (NashBargaining(), KalaiSmorodinsky(), Egalitarian(), Utilitarian())
GOLDEN = (5**0.5 - 1) / 2
SEEDS = st.integers(0, 2**32 - 1)


def random_problem(rng, n_players=2, n_points=6):
    points = rng.normal(size=(n_points, n_players))
    return BargainingProblem(points, points[rng.integers(n_points)] - rng.uniform(0.2, 1.0, n_players))


def agreed_payoffs(problem, solver):
    solution = solve(problem, solver)
    assert solution.status is Status.SOLVED, solution.message
    assert solution.certificate.holds
    return solution.payoffs


def test_smooth_frontier():
    np.testing.assert_allclose(agreed_payoffs(ROOT, NashBargaining()), [2 / 3, 3**-0.5], atol=1e-12)
    np.testing.assert_allclose(agreed_payoffs(ROOT, KalaiSmorodinsky()), [GOLDEN, GOLDEN], atol=1e-12)
    np.testing.assert_allclose(agreed_payoffs(ROOT, Egalitarian()), [GOLDEN, GOLDEN], atol=1e-12)
    np.testing.assert_allclose(agreed_payoffs(ROOT, Utilitarian()), [0.75, 0.5], atol=1e-12)
    # max u1^2 u2: 2 / u1 = 1 / (2 (1 - u1)).
    np.testing.assert_allclose(agreed_payoffs(ROOT, NashBargaining((2, 1))), [0.8, 0.2**0.5], atol=1e-12)
    # u2 = 2 u1: u1^2 + u1 / 4 = 1 / 4.
    first = (-1 + 17**0.5) / 8
    np.testing.assert_allclose(agreed_payoffs(ROOT, Egalitarian((1, 2))), [first, 2 * first], atol=1e-12)


def test_smooth_frontier_with_a_threat():
    frontier = BargainingFrontier("sqrt(1 - u1)", (0, 1), (0.2, 0.3))
    polygon = frontier.problem(401)
    for solver in CONCEPTS:
        np.testing.assert_allclose(agreed_payoffs(frontier, solver), agreed_payoffs(polygon, solver), atol=5e-3)
    # Ideal gains: u1 = 1 - .09 and u2 = sqrt(.8).
    gains = agreed_payoffs(frontier, KalaiSmorodinsky()) - frontier.threat_point
    assert gains[1] / gains[0] == pytest.approx((0.8**0.5 - 0.3) / 0.71, abs=1e-12)


def test_straight_and_one_sided_frontiers():
    line = BargainingFrontier("1 - u1", (0, 1), (0.2, 0))
    solution = solve(line, Utilitarian())
    np.testing.assert_allclose(solution.payoffs, [0.6, 0.4], atol=1e-9)
    assert "equally good" in solution.message
    assert solution.scope is Scope.SOME
    # Player 2 already has all that the frontier offers: only player 1 gains, up to where player 2 does not lose.
    for solver in CONCEPTS:
        cut = BargainingFrontier("1 - u1", (0.25, 1), (0, 0.75))
        solution = solve(cut, solver)
        np.testing.assert_allclose(solution.payoffs, [0.25, 0.75], atol=1e-9)
        assert "player_2 cannot gain" in solution.message
        assert not solve(BargainingFrontier("1 - u1", (0, 1), (0.5, 0.5)), solver).agreement
        assert not solve(BargainingFrontier("1 - u1", (0, 1), (2, 0)), solver).agreement


def test_polygon_by_hand():
    problem = BargainingProblem([[0, 0], [0, 8], [6, 6], [9, 0]], [0, 0])
    np.testing.assert_allclose(agreed_payoffs(problem, NashBargaining()), [6, 6])
    # Ideal (9, 8): the ray meets the edge (6, 6)-(9, 0), 2 x + y = 18, at x = 162 / 26.
    np.testing.assert_allclose(agreed_payoffs(problem, KalaiSmorodinsky()), [162 / 26, 144 / 26])
    np.testing.assert_allclose(agreed_payoffs(problem, Egalitarian()), [6, 6])
    np.testing.assert_allclose(agreed_payoffs(problem, Egalitarian((1, 2))), [24 / 7, 48 / 7])
    np.testing.assert_allclose(agreed_payoffs(problem, Utilitarian((3, 1))), [9, 0])
    # max x^3 (18 - 2 x): x = 27 / 4.
    np.testing.assert_allclose(agreed_payoffs(problem, NashBargaining((3, 1))), [6.75, 4.5])
    solution = solve(problem, NashBargaining((3, 1)))
    np.testing.assert_allclose(solution.lottery, [0, 0, 0.75, 0.25])
    np.testing.assert_allclose(solution.gains, solution.payoffs)
    assert solution.to_frame()["gain"].tolist() == solution.gains.tolist()


def test_leximin_goes_on_where_nobody_is_harmed():
    # Nothing but (0, 0) has equal gains; raising the smaller gain leads to (1.5, 4), not to burning 2.5.
    problem = BargainingProblem([[0, 0], [1, 3], [1.5, 4]], [0, 0])
    np.testing.assert_allclose(agreed_payoffs(problem, Egalitarian()), [1.5, 4])
    # Roth (1979): with three players the ray to the ideal point (1, 1, 1) leaves this triangle at once.
    roth = BargainingProblem([[0, 0, 0], [1, 0, 1], [0, 1, 1]], [0, 0, 0])
    np.testing.assert_allclose(agreed_payoffs(roth, KalaiSmorodinsky()), [0.5, 0.5, 1], atol=1e-9)
    np.testing.assert_allclose(agreed_payoffs(roth, Egalitarian()), [0.5, 0.5, 1], atol=1e-9)
    np.testing.assert_allclose(agreed_payoffs(roth, NashBargaining()), [0.5, 0.5, 1], atol=1e-9)


def test_three_players_share_a_pie():
    pie = BargainingProblem(np.vstack([np.eye(3), np.zeros(3)]), [0.1, 0.2, 0.0])
    fair = [0.1 + 0.7 / 3, 0.2 + 0.7 / 3, 0.7 / 3]
    for solver in CONCEPTS:
        np.testing.assert_allclose(agreed_payoffs(pie, solver), fair, atol=1e-9)
    weighted = agreed_payoffs(pie, NashBargaining((1, 2, 4)))
    np.testing.assert_allclose(weighted, [0.2, 0.4, 0.4], atol=1e-9)
    assert solve(pie, Utilitarian()).scope is Scope.SOME
    assert "equally good" in solve(pie, Utilitarian()).message
    assert solve(pie, Utilitarian((1, 2, 3))).scope is Scope.ALL


@pytest.mark.parametrize("solver", CONCEPTS)
@pytest.mark.parametrize(
    ("points", "threat"),
    [
        ([[1, 1]], [1, 1]),
        ([[0, 2], [2, 0]], [1, 1]),
        ([[0, 2], [2, 0]], [1.5, 1.5]),
        ([[0.1, 0.2]], [0.1 + 0.2, 0.2]),
        ([[5, 0], [0, 5]], [-1, 6]),
        ([[1, 1, 1]], [1, 1, 1]),
        ([[1, 0, 0], [0, 1, 0], [0, 0, 1]], [1 / 3, 1 / 3, 1 / 3]),
        ([[1, 0, 0], [0, 1, 0]], [1, 1, 1]),
    ],
)
def test_nobody_gains(points, threat, solver):
    solution = solve(BargainingProblem(points, threat), solver)
    assert solution.status is Status.SOLVED
    assert not solution.agreement
    np.testing.assert_array_equal(solution.payoffs, threat)
    assert not solution.gains.any()
    assert solution.lottery is None
    assert "no agreement" in solution.message


@pytest.mark.parametrize("solver", CONCEPTS)
@pytest.mark.parametrize(
    ("points", "threat", "expected"),
    [
        ([[3, 4]], [0, 0], [3, 4]),
        ([[0, 0], [5, 0]], [0, 0], [5, 0]),
        ([[0, 0.3], [5, 0.3]], [0, 0.1 + 0.2], [5, 0.3]),
        ([[0, 0], [0, 5]], [0, 0], [0, 5]),
        ([[1, 1], [1, 1], [1, 1]], [0, 0], [1, 1]),
        ([[0, 0], [1, 1], [2, 2]], [0, 0], [2, 2]),
        ([[0, 0, 7], [2, 2, 7]], [0, 0, 7], [2, 2, 7]),
        ([[1, 0, 0], [0, 1, 0], [0, 0, -1]], [0, 0, 0], [0.5, 0.5, 0]),
    ],
)
def test_points_segments_and_players_who_cannot_gain(points, threat, expected, solver):
    solution = solve(BargainingProblem(points, threat), solver)
    assert solution.agreement, solution.message
    np.testing.assert_allclose(solution.payoffs, expected, atol=1e-9)
    assert ("cannot gain" in solution.message) == bool(np.any(np.isclose(expected, threat)))


@settings(max_examples=30, deadline=None)
@given(SEEDS, st.sampled_from([NashBargaining(), NashBargaining((1, 3)), *CONCEPTS[1:], Egalitarian((2, 1))]))
def test_two_players_against_a_fine_grid(seed, solver):
    problem = random_problem(np.random.default_rng(seed))
    payoffs = agreed_payoffs(problem, solver)
    share = np.linspace(0, 1, 2001)[:, None]
    pairs = itertools.product(problem.points, repeat=2)
    gains = np.vstack([(1 - share) * a + share * b for a, b in pairs]) - problem.threat_point
    gains = gains[np.all(gains >= 0, axis=1)]
    weights = np.ones(2) if getattr(solver, "weights", None) is None else np.array(solver.weights)
    if isinstance(solver, NashBargaining):
        worth = weights @ np.log(np.maximum(gains, 1e-300)).T
        own = weights @ np.log(payoffs - problem.threat_point)
    elif isinstance(solver, Utilitarian):
        worth, own = gains @ weights, (payoffs - problem.threat_point) @ weights
    else:
        units = gains.max(axis=0) if isinstance(solver, KalaiSmorodinsky) else weights
        worth, own = (gains / units).min(axis=1), ((payoffs - problem.threat_point) / units).min()
    assert own >= worth.max() - 2e-3
    # Not dominated by anything feasible.
    assert not np.any(np.all(gains > payoffs - problem.threat_point + 1e-9, axis=1))


@settings(max_examples=30, deadline=None)
@given(SEEDS, st.sampled_from(CONCEPTS[:3]), st.integers(0, 1), st.floats(0.0, 1.0))
def test_a_better_threat_never_lowers_the_payoff(seed, solver, player, rise):
    problem = random_problem(np.random.default_rng(seed), n_points=7)
    before = agreed_payoffs(problem, solver)
    threat = problem.threat_point.copy()
    threat[player] += rise
    after = agreed_payoffs(problem.with_threat_point(threat), solver)
    assert after[player] >= before[player] - 1e-9


@settings(max_examples=15, deadline=None)
@given(SEEDS, st.sampled_from(CONCEPTS), st.integers(2, 4), st.sampled_from([1e-6, 1.0, 1e6]))
def test_affine_changes_order_and_labels_change_nothing(seed, solver, n_players, size):
    rng = np.random.default_rng(seed)
    problem = random_problem(rng, n_players)
    payoffs = agreed_payoffs(problem, solver)
    # One unit for those who compare gains, one for each player for the others.
    comparing = isinstance(solver, (Egalitarian, Utilitarian))
    units = size * (1.0 if comparing else rng.uniform(0.5, 2.0, n_players))
    level = size * rng.normal(size=n_players)
    order, places = rng.permutation(n_players), rng.permutation(len(problem.points))
    moved = BargainingProblem(
        (problem.points * units + level)[places][:, order], (problem.threat_point * units + level)[order]
    )
    expected = (payoffs * units + level)[order]
    np.testing.assert_allclose(agreed_payoffs(moved, solver), expected, atol=1e-7 * size)


@settings(max_examples=25, deadline=None)
@given(SEEDS, st.sampled_from(CONCEPTS), st.integers(2, 3))
def test_symmetric_sets_have_equal_payoffs(seed, solver, n_players):
    points = np.random.default_rng(seed).normal(size=(3, n_players))
    rounds = np.vstack([points[:, list(order)] for order in itertools.permutations(range(n_players))])
    payoffs = agreed_payoffs(BargainingProblem(rounds, np.full(n_players, points.min() - 0.5)), solver)
    np.testing.assert_allclose(payoffs, payoffs[0], atol=1e-7)


@settings(max_examples=25, deadline=None)
@given(SEEDS, st.sampled_from([*CONCEPTS[:3], Egalitarian((1, 3)), NashBargaining((2, 1))]))
def test_programs_for_many_agree_with_the_polygon(seed, solver):
    problem = random_problem(np.random.default_rng(seed))
    starts = solver._propose_for_many(problem).candidates[0]
    np.testing.assert_allclose(starts @ problem.points, agreed_payoffs(problem, solver), atol=1e-7)


def test_payoff_ranges_of_very_different_size():
    # Levels of one, ranges of 1 and 1e-9: gains keep their digits, and each concept is certified.
    rng = np.random.default_rng(3)
    for n_players in (2, 3, 4):
        units = np.array([1.0] + [1e-9] * (n_players - 1))
        points = 1.0 + rng.normal(size=(7, n_players)) * units
        problem = BargainingProblem(points, points[0] - 0.3 * units)
        for solver in (*CONCEPTS, NashBargaining(tuple(range(1, n_players + 1)))):
            assert solve(problem, solver).success, solver


def test_pareto_corners_are_those_that_some_prices_choose():
    rng = np.random.default_rng(0)
    for _ in range(20):
        points = rng.integers(0, 6, (8, 2)).astype(float)
        angles = np.linspace(0, np.pi / 2, 2003)[1:-1]
        sums = points @ np.array([np.cos(angles), np.sin(angles)])
        best = {tuple(points[i]) for i in sums.argmax(axis=0)}
        found = [tuple(points[i]) for i in pareto_indices(points)]
        assert len(found) == len(set(found))
        assert set(found) == best
        assert found == sorted(found)


@settings(max_examples=20, deadline=None)
@given(SEEDS, st.integers(3, 5))
def test_nash_of_many_players_against_a_plain_search(seed, n_players):
    rng = np.random.default_rng(seed)
    problem = random_problem(rng, n_players, 8)
    gains = agreed_payoffs(problem, NashBargaining()) - problem.threat_point
    lotteries = np.vstack([rng.dirichlet(np.full(8, power), 1000) for power in (0.1, 0.3, 1.0)])
    others = np.maximum(lotteries @ problem.points - problem.threat_point, 0.0)
    assert gains.prod() >= others.prod(axis=1).max() * (1 - 1e-9)


@dataclass(frozen=True)
class WrongNash(NashBargaining):
    shift: float = 0.0

    def propose(self, game):
        right = super().propose(game).candidates[0]
        wrong = (1 - self.shift) * right + self.shift / len(right) if game.n_players else right
        return Proposal(candidates=(wrong,), scope=Scope.ALL)


@pytest.mark.parametrize("n_players", [2, 3])
def test_a_wrong_agreement_is_refused(n_players):
    problem = random_problem(np.random.default_rng(1), n_players)
    assert solve(problem, WrongNash(shift=0.0)).success
    solution = solve(problem, WrongNash(shift=1e-6))
    assert solution.status is Status.REJECTED_ALL
    assert solution.payoffs is None
    assert "supporting hyperplane" in solution.rejected[0].reason
    assert solution.scope is Scope.SOME
    assert len(solution.to_frame()) == 0
    assert Solution.from_dict(json.loads(json.dumps(solution.to_dict()))).to_dict() == solution.to_dict()


@pytest.mark.parametrize(
    "problem", [ROOT, BargainingProblem([[2, 0], [0, 1]], [0, 0]), BargainingProblem([[1, 1]], [1, 1])]
)
@pytest.mark.parametrize("solver", [NashBargaining((2, 1)), *CONCEPTS[1:]])
def test_results_are_plain_data(problem, solver):
    solution = solve(problem, solver)
    text = json.dumps(solution.to_dict())
    assert json.dumps(solve(problem, solver).to_dict()) == text
    assert Solution.from_dict(json.loads(text)) == solution
    assert pickle.loads(pickle.dumps(solution)) == solution


def test_bad_settings():
    with pytest.raises(ValueError, match="one weight for each of player_1, player_2"):
        solve(ROOT, NashBargaining((1, 2, 3)))
    for weight in (0, -1, np.inf, "x", True):
        with pytest.raises(ValueError, match="not a finite number > 0"):
            Egalitarian((1, weight))
    with pytest.raises(TypeError, match="solves a BargainingProblem or a BargainingFrontier"):
        solve(3, NashBargaining())


def test_time_limit_is_a_status():
    solution = solve(ROOT, NashBargaining(time_limit=0.0))
    assert solution.status is Status.STOPPED_EARLY
    assert solution.payoffs is None
    assert "time_limit" in solution.message
