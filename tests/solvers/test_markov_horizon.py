import json
import pickle
from dataclasses import dataclass

import numpy as np
import pytest
from known_markov_games import big_match, random_markov, two_state_prisoners

from bargain.games.markov import MarkovGame
from bargain.solvers.base import Proposal, Solution, Status, solve
from bargain.solvers.markov_horizon import FiniteHorizon
from bargain.solvers.markov_perfect import MarkovPerfect


def repeated(table, d):
    n = np.asarray(table).shape[1:]
    return MarkovGame(np.asarray(table, dtype=float)[None], np.zeros((1, *n, 1)), np.ones((1, *n, 1)), d)


CHOICE = repeated([[[2, 0], [0, 1]], [[2, 0], [0, 4]]], 0.5)


@pytest.mark.parametrize(
    ("selection", "value"),
    [("best", (1, 4)), ("worst", (2, 2)), ("player_1", (2, 2)), ("player_2", (1, 4)), ("path", (1, 4))],
)
def test_the_selection_rule_decides_among_stage_equilibria(selection, value):
    solution = solve(CHOICE, FiniteHorizon(3, selection, start_profile=(1, 1)))
    np.testing.assert_allclose(solution.values[0, 0], np.array(value) * (1 - 0.5**3))
    assert not solution.values[-1].any()
    assert solution.certificate.regret.shape == (3, 1, 2)


def test_path_prefers_the_status_quo_then_its_neighbours():
    assert solve(CHOICE, FiniteHorizon(2, start_profile=(0, 0))).strategies[0][0, 0, 0] == 1.0
    # (1, 0) is no equilibrium; both have one player off the status quo: the first move.
    assert solve(CHOICE, FiniteHorizon(2, start_profile=(1, 0))).strategies[0][0, 0, 0] == 1.0


def by_hand(game, n_rounds, level):
    """Values by plain recursion with the first pure equilibrium, ``None`` without one."""
    if n_rounds == 0:
        return np.zeros((game.n_states, 2))
    after = by_hand(game, n_rounds - 1, level)
    if after is None:
        return None
    d, values = game.discount_factor, np.zeros((game.n_states, 2))
    for s in range(game.n_states):
        q = np.zeros((2, *game.n_actions))
        for move in np.ndindex(*game.n_actions):
            follow = after[game.successors[(s, *move)]]
            q[(slice(None), *move)] = (1 - d) * game.payoffs[(s, slice(None), *move)]
            q[(slice(None), *move)] += d * game.probabilities[(s, *move)] @ follow
        stable = [
            m for m in np.ndindex(*game.n_actions) if q[0][m] >= q[0][:, m[1]].max() and q[1][m] >= q[1][m[0]].max()
        ]
        if len(stable) != 1:
            return None
        values[s] = q[(slice(None), *stable[0])]
    return values


def test_against_plain_recursion():
    checked = 0
    for seed in range(60):
        game = random_markov(np.random.default_rng(seed), 2, (2, 3), 2, 0.7)
        expected = by_hand(game, 4, None)
        if expected is not None:
            checked += 1
            solution = solve(game, FiniteHorizon(4, "best"))
            np.testing.assert_allclose(solution.values[0], expected, atol=1e-12)
    assert checked >= 5


def test_a_long_horizon_approaches_the_stationary_equilibrium():
    game = two_state_prisoners(2 / 3)
    solution = solve(game, FiniteHorizon(80))
    stationary = solve(game, MarkovPerfect()).path
    np.testing.assert_allclose(solution.values[0], stationary.values, atol=1e-12)
    np.testing.assert_array_equal(solution.first_round().actions, stationary.profile.actions)


def test_rounds_without_pure_equilibrium_are_mixed():
    solution = solve(big_match(0.8), FiniteHorizon(60))
    np.testing.assert_allclose(solution.values[0, 0], [0.5, -0.5], atol=1e-5)
    assert "60 of 180 pairs of round and state have no pure equilibrium" in solution.message
    assert solution.certificate.holds


def test_three_players_and_several_mixed_equilibria():
    rng = np.random.default_rng(1)
    game = random_markov(rng, 3, (2, 2, 2), 2, 0.8)
    assert solve(game, FiniteHorizon(6, "worst")).success
    # No pure equilibrium, but three mixed ones (found by hand: supports of both pairs and of all four actions).
    pennies = np.array([[1.0, -1.0], [-1.0, 1.0]])
    zero = np.full((2, 2), -3.0)
    first = np.block([[pennies, zero], [zero, 2 + pennies]])
    second = np.block([[-pennies, zero], [zero, 2 - pennies]])
    for selection, value in (("best", 2.0), ("worst", -9 / 8)):
        solution = solve(repeated([first, second], 0.5), FiniteHorizon(1, selection))
        np.testing.assert_allclose(solution.values[0, 0], 0.5 * np.array([value] * 2), atol=1e-9)


@dataclass(frozen=True)
class WrongPlan(FiniteHorizon):
    fault: int = 0

    def propose(self, game):
        good = np.array([[[1.0, 0.0]]] * 2)
        bad = np.array([[[0.0, 1.0]]] * 2)
        return Proposal(candidates=(((good, bad), (good,), (good, good[:1]), (good, 2 * good))[self.fault],))


@pytest.mark.parametrize(("fault", "reason"), [(0, "gains"), (1, "no plan"), (2, "no plan"), (3, "no plan")])
def test_wrong_plans_end_in_rejected(fault, reason):
    solution = solve(CHOICE, WrongPlan(fault=fault))
    assert (solution.status, solution.strategies) == (Status.REJECTED_ALL, ())
    assert reason in solution.rejected[0].reason


def test_round_trips_table_and_limits():
    solver = FiniteHorizon(3, "player_2", start_profile=[[0, 1]])
    solution = solve(CHOICE, solver)
    text = json.dumps(solution.to_dict())
    assert Solution.from_dict(json.loads(text)) == solution
    assert json.dumps(solve(CHOICE, solver).to_dict()) == text
    assert pickle.loads(pickle.dumps(solution)) == solution
    frame = solution.to_frame()
    assert list(frame.columns) == ["round", "state", "player", "action", "probability", "value"]
    assert frame["round"].tolist() == [1, 1, 2, 2, 3, 3]
    late = solve(CHOICE, FiniteHorizon(5, time_limit=0.0))
    assert late.status is Status.STOPPED_EARLY
    assert late.values is None
    assert len(late.to_frame()) == 0


@pytest.mark.parametrize(
    ("settings", "rule"),
    [
        ({"selection": "bets"}, "selection = 'bets'"),
        ({"start_profile": (0,)}, "one action for each player"),
    ],
)
def test_settings_that_do_not_fit(settings, rule):
    with pytest.raises(ValueError, match=rule):
        solve(CHOICE, FiniteHorizon(2, **settings))
    with pytest.raises(ValueError, match="n_rounds = 0"):
        FiniteHorizon(0)
