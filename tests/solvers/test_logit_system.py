"""The logit conditions: zeros, derivatives, payoffs, all against direct computation."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_games import normal_games

from bargain.games import StageGame, regret
from bargain.games.quantal_response import logit_residual
from bargain.solvers.logit_system import LogitSystem

SEEDS = st.integers(0, 10_000)


@settings(max_examples=30, deadline=None)
@given(normal_games(), SEEDS, st.floats(0.0, 20.0))
def test_derivatives_match_differences(game, seed, precision):
    system = LogitSystem.of(game)
    rng = np.random.default_rng(seed)
    x = np.log(np.concatenate([rng.dirichlet(np.ones(n)) for n in game.n_actions]) + 0.01)
    border = rng.normal(size=system.size + 1)
    value, jacobian = system.linearised(x, precision, border)
    np.testing.assert_allclose(value, system.residual(x, precision), atol=1e-12)
    np.testing.assert_array_equal(jacobian[-1], border)
    h = 1e-6
    for i in range(system.size):
        moved = h * np.eye(system.size)[i]
        slope = (system.residual(x + moved, precision) - system.residual(x - moved, precision)) / (2 * h)
        np.testing.assert_allclose(jacobian[:-1, i], slope, atol=1e-6 * (1 + precision))
    slope = (system.residual(x, precision + h) - system.residual(x, precision - h)) / (2 * h)
    np.testing.assert_allclose(jacobian[:-1, -1], slope, atol=1e-6)


@settings(max_examples=30, deadline=None)
@given(normal_games(), SEEDS)
def test_payoffs_and_regret_are_those_of_the_game_in_shares_of_the_range(game, seed):
    system = LogitSystem.of(game)
    rng = np.random.default_rng(seed)
    profile = tuple(rng.dirichlet(np.ones(n)) for n in game.n_actions)
    u, slopes = system.payoffs(np.concatenate(profile))
    for k, (own, deviation) in enumerate(zip(system.slices, game.deviation_payoffs(profile), strict=True)):
        np.testing.assert_allclose(u[own] * system.scale + game.payoffs[k].min(), deviation, atol=1e-12)
        assert not slopes[own, own].any()
    expected = (regret(game, profile) / game.payoff_range).max()
    assert system.regret(np.concatenate(profile)) == pytest.approx(expected, abs=1e-12)


def test_zero_of_the_conditions_is_a_logit_response():
    game = StageGame.from_bimatrix([[1, 1], [0, 1]], [[1, 1], [2, 1]])
    system = LogitSystem.of(game)
    p, q = 0.6429793589601431, 0.5883190244246781
    profile = ((p, 1 - p), (q, 1 - q))
    assert np.abs(system.residual(np.log(np.concatenate(profile)), system.scale)).max() < 1e-13
    assert logit_residual(game, profile, 1.0) < 1e-13


def test_the_start_is_the_centroid_or_the_point_asked_for():
    game = StageGame(np.random.default_rng(0).normal(size=(2, 2, 3)))
    np.testing.assert_allclose(np.exp(LogitSystem.of(game).start()), [0.5, 0.5, 1 / 3, 1 / 3, 1 / 3])
    start = (np.array([0.2, 0.8]), np.array([0.5, 0.3, 0.2]))
    system = LogitSystem.of(game, start)
    np.testing.assert_allclose(np.exp(system.start()), np.concatenate(start))
    assert np.abs(system.residual(system.start(), 0.0)).max() < 1e-15
