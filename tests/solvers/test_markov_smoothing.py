"""Paths of smoothed complementarity conditions: their algebra, and that they end in equilibria."""

from __future__ import annotations

import numpy as np
import pytest
from known_markov_games import MATCHING_PENNIES, random_markov

from bargain.games.markov import MarkovGame
from bargain.games.record import FloatArray
from bargain.games.stationary import StationaryProfile, certify_stationary
from bargain.solvers.markov_logit import MarkovLogit
from bargain.solvers.markov_rounds import Rounds
from bargain.solvers.markov_smoothing import Smoothed, smoothed_end
from bargain.solvers.watch import Watch

PENNIES = MarkovGame.from_matrix(MATCHING_PENNIES.payoffs[None], np.ones((1, 2, 2, 1)), 0.5)


def even(system: MarkovLogit) -> FloatArray:
    return np.asarray(system.mask / (system.mask @ system.same))


def small_system(seed: int) -> MarkovLogit:
    return MarkovLogit.of(Rounds.of(random_markov(np.random.default_rng(seed), 4, (3, 2), 2, 0.8)))


def test_the_start_solves_the_conditions_at_tau_one() -> None:
    system = small_system(0)
    path = Smoothed(system, even(system), system.mask, 0.3)
    value, _ = path.linearised(path.start, np.zeros(len(path.start)))
    np.testing.assert_allclose(value, 0.0, atol=1e-12)
    np.testing.assert_allclose(path.profile(path.split(path.start)[0]), even(system), atol=1e-12)


@pytest.mark.parametrize("tau", [0.7, 1e-3])
def test_the_jacobian_is_that_of_differences(tau: float) -> None:
    system = small_system(1)
    path = Smoothed(system, even(system), system.mask, 0.3)
    y = path.start.copy()
    y[-1] = tau
    border = np.arange(len(y), dtype=float)
    jacobian = path.linearised(y, border)[1]
    np.testing.assert_array_equal(jacobian[-1], border)
    for k in range(len(y)):
        ahead, behind, h = y.copy(), y.copy(), 1e-6
        ahead[k] += h
        behind[k] -= h
        slope = (path.linearised(ahead, border)[0] - path.linearised(behind, border)[0]) / (2.0 * h)
        np.testing.assert_allclose(jacobian[:-1, k], slope[:-1], atol=1e-6)


def test_products_are_kept_for_small_tau() -> None:
    system = small_system(2)
    path = Smoothed(system, even(system), system.mask, 0.3)
    p_start, s_start, _ = path.split(path.start)
    y = path.start.copy()
    y[-1] = 1e-8
    p, s, total = path.split(y)
    np.testing.assert_allclose(p * s, 1e-16 * p_start * s_start, rtol=1e-12)
    np.testing.assert_allclose(p - s, y[: len(p)], rtol=1e-12)
    np.testing.assert_allclose(total, p + s)


@pytest.mark.parametrize("seed", range(12))
def test_a_wide_start_leads_to_an_equilibrium(seed: int) -> None:
    rng = np.random.default_rng(seed)
    game = random_markov(rng, 4, (3, 3), 3, 0.9)
    system = MarkovLogit.of(Rounds.of(game))
    end = smoothed_end(system, even(system), system.mask, 1.0, Watch())
    assert end.equilibrium is not None, end.why
    verdict = certify_stationary(game, StationaryProfile(system.split(end.equilibrium)), 1e-8)
    assert verdict.certificate.holds


def test_matching_pennies_with_three_players_left_over() -> None:
    """Three players, each wanting to match the next one, the last one not to: no pure equilibrium."""
    payoffs = np.zeros((1, 3, 2, 2, 2))
    for a in np.ndindex(2, 2, 2):
        payoffs[(0, slice(None), *a)] = [a[0] == a[1], a[1] == a[2], a[2] != a[0]]
    game = MarkovGame.from_matrix(payoffs, np.ones((1, 2, 2, 2, 1)), 0.5)
    system = MarkovLogit.of(Rounds.of(game))
    uneven = np.array([[0.9, 0.1, 0.8, 0.2, 0.3, 0.7]])
    end = smoothed_end(system, uneven, system.mask, 0.5, Watch())
    assert end.equilibrium is not None, end.why
    np.testing.assert_allclose(end.equilibrium, 0.5, atol=1e-9)


def test_an_action_left_out_that_gains_is_named() -> None:
    system = MarkovLogit.of(Rounds.of(PENNIES))
    used = system.mask.copy()
    used[:, 1] = False
    start = used / (used @ system.same)
    end = smoothed_end(system, start, used, 0.3, Watch())
    assert end.equilibrium is None
    np.testing.assert_array_equal(end.missing[0], [False, True, False, False])
    pure = used.copy()
    pure[:, 3] = False
    alone = smoothed_end(system, pure.astype(float), pure, 0.3, Watch())
    assert alone.equilibrium is None
    assert alone.missing.sum() == 1


def test_no_time_left_is_said() -> None:
    system = MarkovLogit.of(Rounds.of(PENNIES))
    end = smoothed_end(system, np.array([[0.9, 0.1, 0.2, 0.8]]), system.mask, 0.3, Watch(0.0))
    assert end.equilibrium is None
    assert end.why == "time limit reached"
