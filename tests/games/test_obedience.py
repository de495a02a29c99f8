import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bargain.games import StageGame, regret
from bargain.games.obedience import (
    checked_distribution,
    coarse_regret,
    distribution_payoffs,
    obedience_gains,
    product_distribution,
    swap_regret,
)

CHICKEN = StageGame.from_bimatrix([[6, 2], [7, 0]], [[6, 7], [2, 0]])


def test_chicken_by_hand():
    both_yield = [[1, 0], [0, 0]]
    np.testing.assert_allclose(obedience_gains(CHICKEN, both_yield)[0], [[0, 1], [0, 0]])
    np.testing.assert_allclose(swap_regret(CHICKEN, both_yield), [1, 1])
    np.testing.assert_allclose(coarse_regret(CHICKEN, both_yield), [1, 1])
    even = [[0.25, 0.25], [0.25, 0.25]]
    np.testing.assert_allclose(obedience_gains(CHICKEN, even)[0], [[0, -0.25], [0.25, 0]])
    np.testing.assert_allclose(coarse_regret(CHICKEN, even), [0.25, 0.25])
    np.testing.assert_allclose(distribution_payoffs(CHICKEN, even), [3.75, 3.75])


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([(2, 2), (3, 4), (2, 3, 2), (3,)]))
def test_products_have_the_regret_of_their_profile(seed, shape):
    rng = np.random.default_rng(seed)
    game = StageGame(rng.normal(size=(len(shape), *shape)))
    profile = [rng.dirichlet(np.ones(n)) for n in shape]
    product = product_distribution(profile)
    np.testing.assert_allclose(coarse_regret(game, product), regret(game, profile), atol=1e-12)
    np.testing.assert_allclose(swap_regret(game, product), regret(game, profile), atol=1e-12)
    mixed = rng.dirichlet(np.ones(product.size)).reshape(shape)
    assert np.all(swap_regret(game, mixed) >= coarse_regret(game, mixed) - 1e-12)


@pytest.mark.parametrize(
    ("distribution", "message"),
    [
        ([[1, 0]], "has shape"),
        ([[1, 1], [0, 0]], "sum to 2"),
        ([[2, -1], [0, 0]], "negative probability -1"),
        ([[np.nan, 1], [0, 0]], "not finite"),
    ],
)
def test_no_distribution(distribution, message):
    with pytest.raises(ValueError, match=message):
        checked_distribution(CHICKEN, distribution)
