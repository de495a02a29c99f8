import json
import pickle

import numpy as np
import pytest
from known_markov_games import PRISONERS

from bargain.games.repeated import RepeatedGame
from bargain.games.stationary import StationaryProfile, certify_stationary


def test_one_state_and_the_same_payoffs():
    game = RepeatedGame(PRISONERS, 0.75)
    markov = game.markov_game()
    assert (markov.n_states, markov.discount_factor, markov.actions) == (1, 0.75, PRISONERS.actions)
    found = certify_stationary(markov, StationaryProfile.pure(markov, [(1, 1)]))
    assert found.certificate.holds
    np.testing.assert_allclose(found.values, [[3, 3]], atol=1e-14)
    assert not certify_stationary(markov, StationaryProfile.pure(markov, [(0, 0)])).certificate.holds
    assert (game.n_players, game.n_actions, game.payoff_range.tolist()) == (2, (2, 2), [9.0, 9.0])


def test_plain_data_and_checks():
    game = RepeatedGame(PRISONERS, 0.75)
    text = json.dumps(game.to_dict())
    assert RepeatedGame.from_dict(json.loads(text)) == game
    assert pickle.loads(pickle.dumps(game)) == game
    assert game.with_discount_factor(0.5).fingerprint != game.fingerprint
    with pytest.raises(ValueError, match=r"discount_factor = 1 is not in \[0, 1\)"):
        RepeatedGame(PRISONERS, 1)
    with pytest.raises(TypeError, match="stage_game is a list"):
        RepeatedGame([[1, 2]], 0.5)
    with pytest.raises(ValueError, match="entry 'discount_factor' is missing"):
        RepeatedGame.from_dict({"stage_game": {}})
