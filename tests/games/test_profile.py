import numpy as np
import pytest

from bargain.games.profile import mixed_profile, pure_actions, pure_profile, supports

ACTIONS = (("low", "high"), ("open", "slow", "ban"))
PLAYERS = ("US", "CN")


def test_pure_profile_takes_labels_and_indices():
    assert pure_profile(("high", 2), ACTIONS, PLAYERS) == (1, 2)
    assert pure_profile((np.int64(0), "slow"), ACTIONS, PLAYERS) == (0, 1)


@pytest.mark.parametrize(
    ("profile", "message"),
    [
        (("high", "bann"), "player CN has no action 'bann'; did you mean 'ban'"),
        ((0, 3), r"action 3 of player CN is outside 0..2"),
        ((-1, 0), r"action -1 of player US is outside 0..1"),
        ((0, 0.5), "action 0.5 of player CN is neither a label nor an index"),
        ((0,), "does not name one action for each of the 2 players"),
        ("ab", "does not name one action for each of the 2 players"),
    ],
)
def test_pure_profile_errors(profile, message):
    with pytest.raises(ValueError, match=message):
        pure_profile(profile, ACTIONS, PLAYERS)


def test_mixed_profile_is_checked_and_read_only():
    first, second = mixed_profile([[0.25, 0.75], (0, 1, 0)], (2, 3), PLAYERS)
    assert first.tolist() == [0.25, 0.75]
    assert second.dtype == np.float64
    with pytest.raises(ValueError, match="read-only"):
        first[0] = 1.0


def test_rounding_is_divided_out():
    (strategy,) = mixed_profile([[1 / 3 + 3e-10, 1 / 3, 1 / 3]], (3,), ("A",))
    assert strategy.sum() == pytest.approx(1.0, abs=2e-16)


@pytest.mark.parametrize(
    ("profile", "message"),
    [
        ([[0.5, 0.6], [1, 0, 0]], "strategy of player US: probabilities sum to 1.1"),
        ([[0.5, 0.5], [1.5, -0.5, 0]], r"strategy of player CN: probability \[1\] = -0.5 is negative"),
        ([[0.5, 0.5], [1, 0]], r"strategy of player CN has shape \(2,\), the player has 3 actions"),
        ([[np.nan, 1], [1, 0, 0]], r"strategy of player US\[0\] = nan is not finite"),
        ([[1, 0]], "profile has 1 strategies for 2 players"),
    ],
)
def test_mixed_profile_errors(profile, message):
    with pytest.raises(ValueError, match=message):
        mixed_profile(profile, (2, 3), PLAYERS)


def test_pure_ones_are_recognised_among_mixed():
    assert pure_actions((np.array([0.0, 1.0]), np.array([1.0, 1e-12]))) == (1, 0)
    assert pure_actions((np.array([0.0, 1.0]), np.array([0.5, 0.5]))) is None
    assert supports((np.array([0.0, 1.0]), np.array([0.5, 0.5]))) == ((1,), (0, 1))
