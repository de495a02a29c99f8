import numpy as np
import pytest

from bargain.games.markov import MarkovGame
from bargain.games.negotiation import is_strongly_directional, truncated_game
from tests.known_markov_games import big_match, random_markov, two_state_prisoners


def test_directional_games():
    assert is_strongly_directional(MarkovGame(np.zeros((1, 2, 1, 1)), [[[[0]]]], [[[[1.0]]]], 0.5))
    # The Big Match stays where it is until the row stops.
    assert not is_strongly_directional(big_match(0.5))
    assert not is_strongly_directional(two_state_prisoners(0.5))
    forward = np.array([1, 2, 2]).reshape(3, 1, 1, 1)
    chain = MarkovGame(np.zeros((3, 2, 1, 1)), forward, np.ones((3, 1, 1, 1)), 0.5)
    assert is_strongly_directional(chain)
    back = MarkovGame(np.zeros((3, 2, 1, 1)), [[[[1]]], [[[2]]], [[[0]]]], np.ones((3, 1, 1, 1)), 0.5)
    assert not is_strongly_directional(back)


def test_truncated_game_by_hand():
    game = two_state_prisoners(0.7)
    negotiated = np.array([[1.0, 2.0], [3.0, 5.0]])
    inside = truncated_game(game, 0.5, negotiated, np.array([1.0, 10.0]))
    assert inside.discount_factor == pytest.approx(0.35)
    # Both cooperate in state 1: .3 x 2 now, and .7 x .5 x (1/3 x 1 + 2/3 x 3) from a negotiation in the next round.
    assert inside.payoffs[0, 0, 0, 0] == pytest.approx((0.6 + 0.35 * 7 / 3) / 0.65)
    assert inside.payoffs[0, 1, 0, 0] == pytest.approx((6.0 + 0.35 * 4.0) / 0.65)


def test_values_of_a_play_are_those_of_the_whole_game():
    # Any play followed until a negotiation, r being its own value, is worth the same in both games.
    rng = np.random.default_rng(0)
    game = random_markov(rng, 4, (2, 2), 2, 0.8)
    chances = np.zeros((4, 4))
    for s in range(4):
        np.add.at(chances[s], game.successors[s, 0, 1], game.probabilities[s, 0, 1])
    values = np.linalg.solve(np.eye(4) - 0.8 * chances, 0.2 * game.payoffs[:, :, 0, 1])
    inside = truncated_game(game, 0.3, values, np.ones(2))
    again = np.linalg.solve(np.eye(4) - 0.56 * chances, 0.44 * inside.payoffs[:, :, 0, 1])
    np.testing.assert_allclose(again, values)
