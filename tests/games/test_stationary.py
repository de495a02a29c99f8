import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from known_markov_games import big_match, random_markov, two_state_prisoners

from bargain.games.markov import MarkovGame
from bargain.games.stationary import (
    MarkovEquilibrium,
    StationaryProfile,
    certify_stationary,
    continuation,
    stationary_values,
)


def random_profile(rng, game):
    return StationaryProfile([rng.dirichlet(np.ones(n), game.n_states) for n in game.n_actions])


def true_gains(game, profile):
    """Gain of each player from the best deviation plan, by value iteration on the chain the others leave."""
    gains = []
    for k in range(game.n_players):
        values = np.zeros(game.n_states)
        for _ in range(400):
            worth = np.zeros((game.n_states, game.n_actions[k]))
            for s, move in itertools.product(range(game.n_states), itertools.product(*map(range, game.n_actions))):
                chance = np.prod([profile.strategies[i][s, a] for i, a in enumerate(move) if i != k])
                later = game.probabilities[(s, *move)] @ values[game.successors[(s, *move)]]
                d = game.discount_factor
                worth[s, move[k]] += chance * ((1 - d) * game.payoffs[(s, k, *move)] + d * later)
            values = np.where(game.available[k], worth, -np.inf).max(axis=1)
        gains.append(values - stationary_values(game, profile)[:, k])
    return np.stack(gains, axis=1)


@settings(max_examples=5, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([(2, 2), (3, 2), (2, 2, 2)]))
def test_the_best_deviation_gains_between_the_largest_regret_and_epsilon(seed, n_actions):
    rng = np.random.default_rng(seed)
    game = random_markov(rng, 3, n_actions, discount_factor=0.6)
    profile = random_profile(rng, game)
    certificate = certify_stationary(game, profile).certificate
    gain = true_gains(game, profile)
    assert certificate.regret.shape == (3, len(n_actions))
    assert certificate.regret.max() - 1e-9 <= gain.max() <= certificate.epsilon + 1e-9
    assert np.all(gain >= certificate.regret - 1e-9)


def test_values_solve_the_bellman_equation_of_the_chain():
    rng = np.random.default_rng(1)
    game = random_markov(rng, 4, (2, 3), n_successors=3)
    profile = random_profile(rng, game)
    values = stationary_values(game, profile)
    for s in range(4):
        total = np.zeros(2)
        for move in itertools.product(range(2), range(3)):
            chance = profile.strategies[0][s, move[0]] * profile.strategies[1][s, move[1]]
            later = game.probabilities[(s, *move)] @ values[game.successors[(s, *move)]]
            total += chance * (0.2 * game.payoffs[(s, slice(None), *move)] + 0.8 * later)
        np.testing.assert_allclose(values[s], total, atol=1e-12)
    assert continuation(game, values).shape == (4, 2, 2, 3)


def test_defection_in_the_two_state_prisoners_dilemma():
    game = two_state_prisoners(2 / 3)
    found = certify_stationary(game, StationaryProfile.pure(game, [(1, 1), (1, 1)]))
    np.testing.assert_allclose(found.values, [[8 / 11] * 2, [14 / 11] * 2], atol=1e-14)
    assert found.certificate.holds
    assert not certify_stationary(game, StationaryProfile.pure(game, [(0, 0), (0, 0)])).certificate.holds


def test_big_match_is_worth_one_half():
    # Stop with probability x: going on pays (1 - d) r + d / 2 against either column, stopping r.
    for d in (0.0, 0.5, 0.9):
        game = big_match(d)
        stop = (1.0 - d) / (2.0 - d)
        rows = [[1.0 - stop, stop], [1, 0], [1, 0]]
        profile = StationaryProfile([rows, [[0.5, 0.5], [1, 0], [1, 0]]])
        found = certify_stationary(game, profile)
        assert found.values[0, 0] == pytest.approx(0.5, abs=1e-12)
        assert found.certificate.holds


def test_unavailable_actions_tempt_nobody_and_cannot_be_played():
    base = two_state_prisoners(0.5)
    only = [np.array([[True, False]] * 2)] * 2
    game = MarkovGame(base.payoffs, base.successors, base.probabilities, 0.5, available=only)
    assert certify_stationary(game, StationaryProfile.pure(game, [(0, 0), (0, 0)])).certificate.holds
    with pytest.raises(ValueError, match="player player_2 has no action action_2 in state state_2"):
        certify_stationary(game, StationaryProfile.pure(game, [(0, 0), (0, 1)]))


@pytest.mark.parametrize("factor", [1e-6, 1e6])
def test_scale_and_level_change_nothing(factor):
    rng = np.random.default_rng(2)
    game = random_markov(rng, 4, (2, 3), n_successors=3)
    profile = random_profile(rng, game)
    moved = MarkovGame(game.payoffs * factor + 5 * factor, game.successors, game.probabilities, 0.8)
    one, other = certify_stationary(game, profile), certify_stationary(moved, profile)
    np.testing.assert_allclose(other.certificate.relative_regret, one.certificate.relative_regret, atol=1e-12)
    np.testing.assert_allclose(other.values, one.values * factor + 5 * factor, rtol=1e-11)


def test_profiles_are_checked_and_round_trip():
    game = two_state_prisoners(0.5)
    profile = StationaryProfile.pure(game, [("action_1", 1), (0, "action_2")])
    assert profile.actions.tolist() == [[0, 1], [0, 1]]
    assert StationaryProfile.from_dict(profile.to_dict()) == profile
    found = certify_stationary(game, profile)
    assert MarkovEquilibrium.from_dict(found.to_dict()) == found
    assert StationaryProfile([[[0.5, 0.5]], [[1, 0]]]).actions is None
    for bad, message in (
        ([[[0.5, 0.4]]], "are no probabilities"),
        ([[0.5, 0.5]], "is not \\(n_states, n_actions\\)"),
        ([[[np.nan, 1.0]]], "is not finite"),
    ):
        with pytest.raises(ValueError, match=message):
            StationaryProfile(bad)
    with pytest.raises(ValueError, match="1 moves for 2 states"):
        StationaryProfile.pure(game, [(0, 0)])
    with pytest.raises(ValueError, match="does not name one action for each player"):
        StationaryProfile.pure(game, [(0, 0), (0,)])
    with pytest.raises(ValueError, match="profile has 1 strategies for 2 players"):
        certify_stationary(game, StationaryProfile([[[1, 0], [1, 0]]]))
    with pytest.raises(ValueError, match="strategy of player player_2 has shape"):
        certify_stationary(game, StationaryProfile([[[1, 0], [1, 0]], [[1, 0]]]))
