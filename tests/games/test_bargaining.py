import json
import pickle

import numpy as np
import pytest

from bargain.games.bargaining import BargainingProblem
from bargain.games.bargaining_certificate import (
    BargainingCertificate,
    bargaining_certificate,
    disagreement_violation,
    fairness_violation,
    largest_payoff,
    nash_violation,
    possible_gains,
    threat_violation,
    utilitarian_violation,
)
from bargain.games.bargaining_frontier import BargainingFrontier
from bargain.games.stage import StageGame

PIE = BargainingProblem([[1, 0], [0, 1]], [0, 0])
ROOT = BargainingFrontier("sqrt(1 - u1)", (0, 1))


def test_problem_holds_what_was_given():
    problem = BargainingProblem([[3, 0, 1], [0, 2, 1]], [-1, 0, 1], ("US", "CN", "EU"))
    assert problem.n_players == 3
    np.testing.assert_array_equal(problem.payoff_range, [4, 2, 0])
    np.testing.assert_array_equal(problem.scale, [4, 2, 1])
    assert not problem.points.flags.writeable
    assert repr(problem) == "BargainingProblem(US, CN, EU: 2 points)"
    again = BargainingProblem.from_dict(json.loads(json.dumps(problem.to_dict())))
    assert again == problem == pickle.loads(pickle.dumps(problem))
    assert again.fingerprint == problem.fingerprint
    assert problem.with_threat_point([0, 0, 0]).fingerprint != problem.fingerprint


def test_points_of_a_stage_game_keep_the_order_of_play():
    game = StageGame.from_bimatrix([[3, -2], [5, 1]], [[4, 5], [-1, 2]])
    np.testing.assert_array_equal(BargainingProblem.from_game(game, [0, 0]).points, [[3, 4], [-2, 5], [5, -1], [1, 2]])


@pytest.mark.parametrize(
    ("points", "threat", "message"),
    [
        ([1, 2], [0, 0], "two players or more"),
        ([[1], [2]], [0], "two players or more"),
        (np.zeros((0, 2)), [0, 0], "two players or more"),
        ([[1, np.nan]], [0, 0], r"points\[0, 1\] = nan is not finite"),
        ([[1, 2]], [0, np.inf], r"threat_point\[1\] = inf is not finite"),
        ([[1, 2]], [0, 0, 0], "one payoff for each of 2 players"),
        ([[1, 1e200]], [0, 0], "points reaches 1e"),
    ],
)
def test_bad_problems(points, threat, message):
    with pytest.raises(ValueError, match=message):
        BargainingProblem(points, threat)


def test_missing_entries_are_named():
    with pytest.raises(ValueError, match="'threat_point' is missing"):
        BargainingProblem.from_dict({"points": [[1, 2]], "players": ["a", "b"]})
    with pytest.raises(ValueError, match="'formula' is missing"):
        BargainingFrontier.from_dict({})


def test_frontier_is_plain_data_with_exact_slope():
    again = BargainingFrontier.from_dict(json.loads(json.dumps(ROOT.to_dict())))
    assert again == ROOT == pickle.loads(pickle.dumps(ROOT))
    assert again.fingerprint == ROOT.fingerprint
    assert ROOT.second(0.75) == 0.5
    for first in (0.1, 0.5, 0.999):
        assert ROOT.slope(first) == pytest.approx(-0.5 / np.sqrt(1 - first), rel=1e-14)
    power = BargainingFrontier("2 - exp(u1)/pi + log(2 - u1)", (0, 1.5))
    assert power.slope(1.0) == pytest.approx(-np.e / np.pi - 1.0, rel=1e-14)
    assert len(ROOT.problem(9).points) == 9


@pytest.mark.parametrize(
    ("formula", "interval", "message"),
    [
        ("sqrt(1 - u)", (0, 1), "no name 'u'; did you mean 'u1'"),
        ("cbrt(1 - u1)", (0, 1), "no function 'cbrt'"),
        ("__import__('os').getcwd()", (0, 1), "not arithmetic"),
        ("u1 if u1 else 2", (0, 1), "not arithmetic"),
        ("1 -", (0, 1), "no formula"),
        (None, (0, 1), "not a text"),
        ("sqrt(1 - u1)", (0, 2), "not finite"),
        ("u1", (0, 1), "does not fall"),
        ("1 - (u1 - 0.5)**2", (0, 1), "does not fall at u1 = 0"),
        ("(1 - u1)**2", (0, 1), "not concave"),
        ("1 - u1", (1, 0), "smaller and a larger"),
    ],
)
def test_bad_frontiers(formula, interval, message):
    with pytest.raises(ValueError, match=message):
        BargainingFrontier(formula, interval)


def test_largest_payoffs():
    assert largest_payoff(PIE, 0, [0, 0.3]) == pytest.approx(0.7)
    assert largest_payoff(PIE, 1, [-np.inf, 0]) == pytest.approx(1)
    assert largest_payoff(PIE, 0, [0, 1.1]) == -np.inf
    assert largest_payoff(ROOT, 0, [0, 0.5]) == pytest.approx(0.75, abs=1e-12)
    assert largest_payoff(ROOT, 1, [0.75, 0]) == pytest.approx(0.5, abs=1e-12)
    assert largest_payoff(ROOT, 0, [0, 1.1]) == largest_payoff(ROOT, 1, [1.1, 0]) == -np.inf
    np.testing.assert_allclose(possible_gains(PIE.with_threat_point([0.2, 0.3])), [0.5, 0.5])


def test_conditions_hold_at_the_solution_and_nowhere_else():
    ones = np.ones(2)
    for problem, nash, fair in ((PIE, [0.5, 0.5], [0.5, 0.5]), (ROOT, [2 / 3, 3**-0.5], [0.5 * 5**0.5 - 0.5] * 2)):
        assert nash_violation(problem, np.array(nash), ones) < 1e-9
        assert fairness_violation(problem, np.array(fair), ones) < 1e-9
        for first in (0.4, 0.6, 0.7):
            second = 1 - first if problem is PIE else np.sqrt(1 - first)
            assert nash_violation(problem, np.array([first, second]), ones) > 1e-3
            assert fairness_violation(problem, np.array([first, second]), ones) > 1e-3
    assert utilitarian_violation(ROOT, np.array([0.75, 0.5]), ones) < 1e-12
    assert utilitarian_violation(ROOT, np.array([0.5, np.sqrt(0.5)]), ones) > 0.01
    # Inside the set: neither Nash nor fair.
    assert nash_violation(PIE, np.array([0.4, 0.4]), ones) == pytest.approx(0.25)
    assert fairness_violation(PIE, np.array([0.4, 0.4]), ones) == pytest.approx(0.2)
    assert nash_violation(PIE, np.array([0.0, 1.0]), ones) > 1e100
    assert threat_violation(PIE, np.array([0.5, -0.1])) == pytest.approx(0.1)
    assert threat_violation(PIE, np.array([0.5, 0.1])) < 0
    assert disagreement_violation(PIE) > 0.9
    assert disagreement_violation(PIE.with_threat_point([1, 1])) == -np.inf


def test_certificate_is_plain_data():
    certificate = bargaining_certificate({"a": -1.0, "b": 0.5, "c": np.nan}, 1e-8)
    assert not certificate.holds
    assert certificate.worst[0] == "c"
    assert BargainingCertificate.from_dict(json.loads(json.dumps(certificate.to_dict()))) == certificate
    assert bargaining_certificate({"a": -np.inf}, 1e-8).holds
