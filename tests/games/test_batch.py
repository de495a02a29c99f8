import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from bargain.games import StageGame, regret
from bargain.games.batch import batch_payoff_range, batch_payoffs_and_regret


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(1, 4), min_size=1, max_size=4), st.integers(0, 2**32 - 1), st.floats(-5, 5))
def test_agrees_with_the_certificate_of_single_profiles(shape, seed, size):
    rng = np.random.default_rng(seed)
    payoffs = 10.0**size * (rng.normal(size=(5, len(shape), *shape)) + 1e3)
    game_of = rng.integers(0, 5, size=7)
    profiles = [rng.dirichlet(np.ones(n), size=7) for n in shape]
    expected, gains = batch_payoffs_and_regret(payoffs, game_of, profiles)
    spread = batch_payoff_range(payoffs)
    for row, number in enumerate(game_of):
        game, profile = StageGame(payoffs[number]), [own[row] for own in profiles]
        np.testing.assert_array_equal(spread[number], game.payoff_range)
        np.testing.assert_allclose(expected[row], game.expected_payoffs(profile), rtol=1e-13)
        np.testing.assert_allclose(gains[row], regret(game, profile), atol=1e-11 * 10.0**size * 1e1)


def test_no_profiles_give_no_rows():
    expected, gains = batch_payoffs_and_regret(
        np.zeros((1, 2, 2, 3)), np.zeros(0, int), [np.zeros((0, 2)), np.zeros((0, 3))]
    )
    assert expected.shape == gains.shape == (0, 2)
