import itertools
import json
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bargain.games import StageGame

CHICKEN = StageGame.from_bimatrix(
    [[6, 2], [7, 0]], [[6, 7], [2, 0]], players=("US", "CN"), actions=(("yield", "push"), ("yield", "push"))
)


@st.composite
def games_and_profiles(draw):
    shape = tuple(draw(st.lists(st.integers(1, 3), min_size=1, max_size=4)))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    return StageGame(rng.normal(size=(len(shape), *shape))), [rng.dirichlet(np.ones(n)) for n in shape]


@settings(max_examples=60, deadline=None)
@given(games_and_profiles())
def test_expected_and_deviation_payoffs_by_brute_force(case):
    game, profile = case
    expected = np.zeros(game.n_players)
    deviation = [np.zeros(n) for n in game.n_actions]
    for pure in itertools.product(*map(range, game.n_actions)):
        chances = [strategy[a] for strategy, a in zip(profile, pure, strict=True)]
        expected += np.prod(chances) * game.payoffs[(slice(None), *pure)]
        for k, own in enumerate(pure):
            deviation[k][own] += np.prod(chances[:k] + chances[k + 1 :]) * game.payoffs[(k, *pure)]
    np.testing.assert_allclose(game.expected_payoffs(profile), expected, atol=1e-12)
    for found, wanted in zip(game.deviation_payoffs(profile), deviation, strict=True):
        np.testing.assert_allclose(found, wanted, atol=1e-12)


def test_shapes_labels_and_range():
    game = StageGame(np.arange(24.0).reshape(2, 3, 4))
    assert (game.n_players, game.n_actions) == (2, (3, 4))
    assert game.players == ("player_1", "player_2")
    assert game.actions[0] == ("action_1", "action_2", "action_3")
    assert game.payoff_range.tolist() == [11.0, 11.0]
    assert repr(CHICKEN) == "StageGame(US, CN: 2 x 2 actions)"


def test_first_axis_is_the_first_players_own():
    assert CHICKEN.expected_payoffs(("push", "yield")).tolist() == [7.0, 2.0]
    assert CHICKEN.expected_payoffs((0, 1)).tolist() == [2.0, 7.0]
    assert CHICKEN.deviation_payoffs((0, 1))[0].tolist() == [2.0, 0.0]
    assert CHICKEN.expected_payoffs([[0.5, 0.5], [1, 0]]).tolist() == [6.5, 4.0]


def test_frozen_and_read_only():
    with pytest.raises(AttributeError):
        CHICKEN.players = ("a", "b")
    with pytest.raises(ValueError, match="read-only"):
        CHICKEN.payoffs[0, 0, 0] = 1.0


def test_round_trips_give_equal_games():
    for twin in (StageGame.from_dict(json.loads(json.dumps(CHICKEN.to_dict()))), pickle.loads(pickle.dumps(CHICKEN))):
        assert twin == CHICKEN
        assert hash(twin) == hash(CHICKEN)
        assert twin.fingerprint == CHICKEN.fingerprint
        assert not twin.payoffs.flags.writeable


def test_labels_and_payoffs_both_enter_equality():
    renamed = StageGame(CHICKEN.payoffs, ("US", "EU"), CHICKEN.actions)
    changed = StageGame(CHICKEN.payoffs + 1.0, CHICKEN.players, CHICKEN.actions)
    assert len({CHICKEN.fingerprint, renamed.fingerprint, changed.fingerprint}) == 3
    assert CHICKEN not in (renamed, changed)


def test_fingerprint_is_the_same_on_every_platform():
    assert CHICKEN.fingerprint.startswith("41baf7b7fdff7e9f")


def test_restrict_keeps_named_actions_in_that_order():
    smaller = CHICKEN.restrict({"CN": ["push"], "US": [1, 0]})
    assert smaller.actions == (("push", "yield"), ("push",))
    assert smaller.payoffs.tolist() == [[[0.0], [2.0]], [[0.0], [7.0]]]
    with pytest.raises(ValueError, match="no player 'UN'; known: US, CN"):
        CHICKEN.restrict({"UN": [0]})
    with pytest.raises(ValueError, match="player CN has no action 'pusch'; did you mean 'push'"):
        CHICKEN.restrict({"CN": ["pusch"]})


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([[[1, 2], [3, np.nan]], [[1, 2], [3, 4]]],), r"payoffs\[0, 1, 1\] = nan is not finite"),
        ((np.zeros((3, 2, 2)),), "names 3 players but has 2 action axes"),
        ((np.zeros((2, 2, 0)),), "at least one action each"),
        ((5.0,), "at least one action each"),
        ((np.full((1, 2), 1e200),), r"payoffs reach 1e\+200 in size"),
        ((np.zeros((2, 2, 2)), ("US",)), "players has 1 labels, payoffs has 2"),
        ((np.zeros((2, 2, 2)), ("US", "US")), "players: label 'US' is used twice"),
        ((np.zeros((2, 2, 2)), "AB"), "players = 'AB' is one string"),
        ((np.zeros((2, 2, 2)), None, (("a", "b"),)), "actions has 1 lists of labels for 2 players"),
        ((np.zeros((2, 2, 2)), None, (("a", "b"), ("c",))), "actions of player player_2 has 1 labels, payoffs has 2"),
        ((np.zeros((2, 2, 2)), None, (("a", "b"), ("c", 3))), "label 3 is not a non-empty string"),
    ],
)
def test_bad_games_give_one_clear_error(arguments, message):
    with pytest.raises(ValueError, match=message):
        StageGame(*arguments)


def test_bad_bimatrix_profile_and_data():
    with pytest.raises(ValueError, match="are not matrices of one shape"):
        StageGame.from_bimatrix([[1, 2]], [[1], [2]])
    with pytest.raises(ValueError, match="is not one strategy for each of the 2 players"):
        CHICKEN.expected_payoffs("push")
    with pytest.raises(ValueError, match="entry 'players' is missing"):
        StageGame.from_dict({"payoffs": [[1]], "actions": [["a"]]})
