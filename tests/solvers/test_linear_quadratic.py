"""Linear-quadratic games and their solver: the adjustment-cost duopoly, one player, and certificates that fail."""

import json
import pickle
from dataclasses import dataclass

import numpy as np
import pytest
from scipy.linalg import solve_discrete_are

from bargain.games.linear_quadratic import LinearQuadraticGame, certify_feedback
from bargain.solvers.base import Proposal, Solution, Status, solve
from bargain.solvers.linear_quadratic import LinearQuadraticNash


def duopoly(a0=10.0, a1=2.0, gamma=12.0, discount_factor=0.96):
    """State (1, q1, q2), controls the changes of quantities; prices a0 - a1 (q1 + q2), costs gamma u^2."""
    first = [[0, -a0 / 2, 0], [-a0 / 2, a1, a1 / 2], [0, a1 / 2, 0]]
    second = [[0, 0, -a0 / 2], [0, 0, a1 / 2], [-a0 / 2, a1 / 2, a1]]
    return LinearQuadraticGame(
        np.eye(3), [[[0], [1], [0]], [[0], [0], [1]]], [first, second], [[[gamma]]] * 2, discount_factor
    )


def test_duopoly_with_adjustment_costs():
    solution = solve(duopoly(), LinearQuadraticNash())
    first, second = solution.equilibrium.feedback
    np.testing.assert_allclose(first, [[-0.66846615, 0.29512482, 0.07584666]], atol=5e-8)
    np.testing.assert_allclose(second, [[-0.66846615, 0.07584666, 0.29512482]], atol=5e-8)
    assert solution.equilibrium.gaps.max() < 1e-12
    state = np.array([1.0, 0.5, 1.0])
    for _ in range(400):
        state = state - np.array([0, *(first @ state), *(second @ state)])
    np.testing.assert_allclose(state[1:], 1.801934, atol=1e-6)


def test_best_reply_by_descent_agrees():
    # From three starts no small change of a player's rule lowers the losses, summed over 400 rounds.
    game = duopoly()
    found = solve(game, LinearQuadraticNash()).equilibrium

    def losses(rules, start):
        state, total = np.array(start), np.zeros(2)
        for t in range(400):
            controls = [-rule @ state for rule in rules]
            for i in range(2):
                total[i] += 0.96**t * (
                    state @ game.state_losses[i] @ state + controls[i] @ game.control_losses[i] @ controls[i]
                )
            state = game.transition @ state + sum(b @ u for b, u in zip(game.controls, controls, strict=True))
        return total

    rng = np.random.default_rng(0)
    for start in ([1.0, 0.0, 0.0], [1.0, 2.0, 1.0]):
        at_rest = losses(found.feedback, start)
        np.testing.assert_allclose(at_rest, [start @ p @ start for p in map(np.asarray, found.losses)], rtol=1e-5)
        for i in range(2):
            for _ in range(5):
                rules = list(found.feedback)
                rules[i] = rules[i] + 0.02 * rng.normal(size=(1, 3))
                assert losses(rules, start)[i] > at_rest[i] - 1e-6


def test_one_player_is_a_control_problem():
    rng = np.random.default_rng(4)
    a, b = 0.5 * rng.normal(size=(3, 3)), rng.normal(size=(3, 2))
    root = rng.normal(size=(3, 3))
    w = 0.1 * rng.normal(size=(2, 3))
    game = LinearQuadraticGame(a, [b], [root @ root.T], [np.eye(2)], 0.9, cross_losses=[w])
    found = solve(game, LinearQuadraticNash()).equilibrium
    best = solve_discrete_are(np.sqrt(0.9) * a, np.sqrt(0.9) * b, root @ root.T, np.eye(2), s=w.T)
    np.testing.assert_allclose(found.losses[0], best, rtol=1e-9)


def test_three_players_with_all_products():
    rng = np.random.default_rng(7)
    n, sizes = 3, (1, 2, 1)

    def small(*shape):
        return 0.1 * rng.normal(size=shape)

    game = LinearQuadraticGame(
        0.6 * np.eye(n) + small(n, n),
        [rng.normal(size=(n, k)) for k in sizes],
        [np.eye(n) + small(n, n) for _ in sizes],
        [np.eye(k) for k in sizes],
        0.95,
        cross_losses=[small(k, n) for k in sizes],
        rival_losses=[[small(k, k) for k in sizes] for _ in sizes],
        control_products=[[small(j, i) for j in sizes] for i in sizes],
        players=("US", "CN", "EU"),
    )
    solution = solve(game, LinearQuadraticNash())
    assert solution.success
    text = json.dumps(solution.to_dict())
    assert Solution.from_dict(json.loads(text)) == solution
    assert json.dumps(solve(game, LinearQuadraticNash()).to_dict()) == text
    assert pickle.loads(pickle.dumps(solution)) == solution
    wrong = [rule + 0.01 for rule in solution.equilibrium.feedback]
    assert not certify_feedback(game, wrong, 1e-8).holds


@dataclass(frozen=True)
class WrongRules(LinearQuadraticNash):
    fault: str = ""

    def propose(self, game):
        rules = [np.zeros((1, 3))] * (1 if self.fault == "missing" else 2)
        return Proposal(candidates=(rules,))


@pytest.mark.parametrize(
    ("fault", "reason"), [("still", "a best reply saves"), ("missing", "feedback has 1 entries for 2 players")]
)
def test_wrong_rules_end_in_rejected(fault, reason):
    solution = solve(duopoly(), WrongRules(fault=fault))
    assert (solution.status, solution.equilibrium) == (Status.REJECTED_ALL, None)
    assert reason in solution.rejected[0].reason


def test_no_equilibrium_is_an_answer():
    # A state that explodes and that nobody can reach.
    game = LinearQuadraticGame([[2.0, 0], [0, 0.5]], [[[0], [1]]] * 2, [np.eye(2)] * 2, [[[1]]] * 2, 0.9)
    solution = solve(game, LinearQuadraticNash(max_rounds=2_000))
    assert not solution.success
    assert solution.message
    cut = solve(duopoly(), LinearQuadraticNash(max_rounds=3))
    assert cut.status is Status.REJECTED_ALL
    assert "raise max_rounds" in cut.message
    assert solve(duopoly(), LinearQuadraticNash(time_limit=0.0)).status is Status.STOPPED_EARLY


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"transition": np.ones((2, 3))}, "transition of shape"),
        ({"controls": [np.ones((2, 1)), np.ones((3, 1))]}, "controls\\[0\\] of shape"),
        ({"state_losses": [np.eye(3)]}, "state_losses has 1 entries for 2 players"),
        ({"control_losses": [[[1.0]], [[-1.0]]]}, "control_losses\\[1\\] .* is not positive definite"),
        ({"discount_factor": 1.0}, "discount_factor = 1.0"),
        ({"state_losses": [np.eye(3), np.full((3, 3), np.nan)]}, "is not finite"),
    ],
)
def test_bad_games(change, rule):
    fields = {
        "transition": np.eye(3),
        "controls": [np.ones((3, 1))] * 2,
        "state_losses": [np.eye(3)] * 2,
        "control_losses": [[[1.0]]] * 2,
        "discount_factor": 0.9,
    }
    with pytest.raises(ValueError, match=rule):
        LinearQuadraticGame(**{**fields, **change})
    with pytest.raises(ValueError, match="max_rounds = 0"):
        LinearQuadraticNash(max_rounds=0)
