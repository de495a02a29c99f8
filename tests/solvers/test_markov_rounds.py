import numpy as np
import pytest
from known_markov_games import random_markov

from bargain.games.markov import MarkovGame
from bargain.games.stationary import StationaryProfile, certify_stationary, stationary_values
from bargain.solvers.markov_rounds import DENSE_STATES, Rounds, components
from bargain.solvers.markov_search import random_moves


def masked(rng, n_states=5, shape=(3, 2, 2)):
    game = random_markov(rng, n_states, shape, 2, 0.9)
    masks = [rng.random((n_states, n)) < 0.7 for n in shape]
    for mask in masks:
        mask[~mask.any(axis=1)] = True
    return MarkovGame(game.payoffs, game.successors, game.probabilities, 0.9, available=masks)


@pytest.mark.parametrize("n_states", [5, DENSE_STATES + 10])
def test_values_and_regrets_are_those_of_the_certificate(n_states):
    rng = np.random.default_rng(0)
    game = masked(rng, n_states)
    rounds = Rounds.of(game)
    low = np.where(game.available_moves[:, None], game.payoffs, np.inf).min(axis=(0, 2, 3, 4))
    moves = random_moves(rounds, rng)
    profile = StationaryProfile(rounds.strategies(moves))
    values = rounds.values(moves)
    np.testing.assert_allclose(values * rounds.ranges + low, stationary_values(game, profile), atol=1e-10)
    found = certify_stationary(game, profile)
    regrets = rounds.regrets(rounds.worth(values))[np.arange(n_states), moves]
    largest = (found.certificate.regret / rounds.ranges).max(axis=1)
    np.testing.assert_allclose(np.maximum(regrets, 0.0), largest, atol=1e-12)
    assert rounds.holds(moves) == found.certificate.holds


def test_best_policy_is_a_best_reply_and_keeps_ties():
    rng = np.random.default_rng(3)
    game = masked(rng)
    rounds = Rounds.of(game)
    for player in range(3):
        moves = random_moves(rounds, rng)
        reply = rounds.best_policy(moves, player)
        others = [k for k in range(3) if k != player]
        np.testing.assert_array_equal(rounds.choices[reply][:, others], rounds.choices[moves][:, others])
        found = certify_stationary(game, StationaryProfile(rounds.strategies(reply)))
        assert found.certificate.regret[:, player].max() < 1e-12
        np.testing.assert_array_equal(rounds.best_policy(reply, player), reply)
    flat = Rounds.of(MarkovGame(np.zeros((2, 2, 2, 2)), np.zeros((2, 2, 2, 1)), np.ones((2, 2, 2, 1)), 0.5))
    np.testing.assert_array_equal(flat.best_policy(np.array([3, 1]), 0), [3, 1])


def test_components_come_after_those_they_lead_to():
    # 0 -> 1 <-> 2 -> 3, 0 -> 4; the edge 3 -> 0 belongs to a move that is not available.
    successors = np.array([[[[1]], [[4]]], [[[2]], [[2]]], [[[1]], [[3]]], [[[3]], [[0]]], [[[4]], [[4]]]])
    available = [np.ones((5, 2), dtype=bool), np.ones((5, 1), dtype=bool)]
    available[0][3, 1] = False
    game = MarkovGame(np.zeros((5, 2, 2, 1)), successors, np.ones((5, 2, 1, 1)), 0.5, available=available)
    groups = [group.tolist() for group in components(Rounds.of(game))]
    assert sorted(groups) == [[0], [1, 2], [3], [4]]
    assert groups.index([3]) < groups.index([1, 2]) < groups.index([0])
    assert groups.index([4]) < groups.index([0])
    ring = MarkovGame(np.zeros((3, 1, 1)), np.array([[[1]], [[2]], [[0]]]), np.ones((3, 1, 1)), 0.5)
    assert [group.tolist() for group in components(Rounds.of(ring))] == [[0, 1, 2]]


def test_restricted_to_some_states_values_stay():
    rng = np.random.default_rng(5)
    rounds = Rounds.of(masked(rng))
    moves = random_moves(rounds, rng)
    values = rounds.values(moves)
    part = rounds.restricted(np.array([1, 3]), values)
    np.testing.assert_allclose(part.values(moves[[1, 3]]), values[[1, 3]], atol=1e-12)
    np.testing.assert_allclose(part.worth(values[[1, 3]]), rounds.worth(values)[[1, 3]], atol=1e-12)
