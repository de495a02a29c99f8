import json
import pickle

import numpy as np
import pytest
from known_markov_games import random_markov, two_state_prisoners

from bargain.games.markov import MarkovGame, check_discount_factor, index_array

PAYOFFS = np.arange(8.0).reshape(2, 2, 2, 1)
SUCCESSORS = np.array([[[[0, 1]], [[1, 0]]], [[[1, 0]], [[0, 1]]]])
HALVES = np.full(SUCCESSORS.shape, 0.5)


def game(**changes):
    given = {"payoffs": PAYOFFS, "successors": SUCCESSORS, "probabilities": HALVES, "discount_factor": 0.9}
    return MarkovGame(**{**given, **changes})


def changed(array, place, value):
    copy = np.array(array, dtype=float)
    copy[place] = value
    return copy


def test_sizes_labels_and_stage_games():
    markov = game(players=("US", "CN"), actions=(("low", "high"), ("open",)), states=("calm", "tense"))
    assert (markov.n_states, markov.n_players, markov.n_actions) == (2, 2, (2, 1))
    assert repr(markov) == "MarkovGame(US, CN: 2 states, 2 x 1 actions)"
    assert markov.stage_game("tense").payoffs.tolist() == PAYOFFS[1].tolist()
    assert markov.stage_game(1).actions == (("low", "high"), ("open",))
    assert markov.payoff_range.tolist() == [5.0, 5.0]
    with pytest.raises(ValueError, match="no state 'clam'; did you mean 'calm'"):
        markov.state_index("clam")
    with pytest.raises(ValueError, match=r"state 2 is outside 0\.\.1"):
        markov.state_index(2)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"payoffs": np.ones((2, 2, 2))}, "is not \\(n_states, n_players, \\*n_actions\\)"),
        ({"payoffs": changed(PAYOFFS, (0, 1, 1, 0), np.nan)}, r"payoffs\[0, 1, 1, 0\] = nan is not finite"),
        ({"payoffs": changed(PAYOFFS, (0, 1, 1, 0), 1e200)}, "payoffs reach 1e\\+200"),
        ({"successors": changed(SUCCESSORS, (1, 0, 0, 1), 2)}, r"successors\[1, 0, 0, 1\] = 2 is outside 0\.\.1"),
        ({"successors": changed(SUCCESSORS, (1, 0, 0, 1), 0.5)}, r"= 0\.5 is not a whole number"),
        ({"successors": SUCCESSORS[:1]}, "successors of shape"),
        ({"probabilities": HALVES[..., :1]}, "differ in shape"),
        (
            {"probabilities": changed(HALVES, (1, 0, 0, 1), 0.4)},
            r"move \(action_1, action_1\) in state state_2 has probabilities that do not sum to 1: \[0\.5, 0\.4\]",
        ),
        ({"probabilities": HALVES + np.array([1.0, -1.0])}, "has a negative probability"),
        ({"probabilities": changed(HALVES, (1, 0, 0, 1), np.inf)}, "is not finite"),
        ({"discount_factor": 1.0}, r"discount_factor = 1\.0 is not in \[0, 1\)"),
        ({"discount_factor": "much"}, "discount_factor = 'much' is not a number"),
        ({"players": ("US", "US")}, "label 'US' is used twice"),
        ({"states": ("calm",)}, "states has 1 labels, payoffs has 2"),
        ({"available": [np.ones((2, 2))]}, "available has 1 tables for 2 players"),
        ({"available": [np.ones((2, 3)), np.ones((2, 1))]}, "available of player player_1 has shape"),
        ({"available": [[[1, 1], [0, 0]], np.ones((2, 1))]}, "player player_1 has no action in state state_2"),
    ],
)
def test_bad_input_gives_one_error_that_names_it(changes, message):
    with pytest.raises(ValueError, match=message):
        game(**changes)


def test_moves_that_are_not_available_are_never_read():
    available = [[[True, False], [True, True]], np.ones((2, 1), dtype=bool)]
    markov = game(
        payoffs=changed(PAYOFFS, (0, slice(None), 1, 0), 99.0),
        probabilities=changed(HALVES, (0, 1, 0, 0), 7.0),
        available=available,
    )
    assert markov.available_moves.tolist() == [[[True], [False]], [[True], [True]]]
    assert markov.payoff_range.tolist() == [5.0, 5.0]
    assert markov.stage_game(0).n_actions == (1, 1)
    assert markov.probabilities[0, 1, 0].tolist() == [1.0, 0.0]
    assert markov.successors[0, 1, 0].tolist() == [0, 0]


def test_dense_transitions_give_the_sparse_game():
    rng = np.random.default_rng(3)
    sparse = random_markov(rng, 5, (2, 3), n_successors=3)
    dense = np.zeros((5, 2, 3, 5))
    np.put_along_axis(dense, sparse.successors, sparse.probabilities, axis=-1)
    again = MarkovGame.from_matrix(sparse.payoffs, dense, 0.8)
    back = np.zeros_like(dense)
    np.put_along_axis(back, again.successors, again.probabilities, axis=-1)
    assert again.successors.shape[-1] == 3
    np.testing.assert_array_equal(back, dense)


def test_plain_data_read_only_and_equal():
    markov = two_state_prisoners(0.7)
    text = json.dumps(markov.to_dict())
    twin = MarkovGame.from_dict(json.loads(text))
    assert twin == markov
    assert (hash(twin), twin.fingerprint, json.dumps(twin.to_dict())) == (hash(markov), markov.fingerprint, text)
    assert pickle.loads(pickle.dumps(markov)) == markov
    assert markov.with_discount_factor(0.8).fingerprint != markov.fingerprint
    assert markov.with_discount_factor(0.7) == markov
    with pytest.raises(ValueError, match="read-only"):
        pickle.loads(pickle.dumps(markov)).payoffs[0] = 0.0
    with pytest.raises(ValueError, match="entry 'successors' is missing"):
        MarkovGame.from_dict({"payoffs": []})


def test_numbers_at_the_door():
    assert check_discount_factor(0) == 0.0
    assert index_array([0.0, 2.0], "places", 3).dtype == np.intp
    for bad in (-0.1, float("nan"), None):
        with pytest.raises(ValueError, match="discount_factor"):
            check_discount_factor(bad)
