"""Fit of the precision: a published case, recovery from simulated play, ends of the branch, comparisons."""

from __future__ import annotations

import json
import pickle

import numpy as np
import pytest

from bargain.games import StageGame
from bargain.games.quantal_response import logit_residual
from bargain.solvers import LogitFit, LogitPath, fit_precision, solve

OCHS = StageGame.from_bimatrix([[1.1141, 0], [0, 0.2785]], [[0, 1.1141], [1.1141, 0]])
OBSERVED = [128 * np.array([0.527, 0.473]), 128 * np.array([0.366, 0.634])]
PENNIES = StageGame.from_bimatrix([[9, 0], [0, 1]], [[0, 1], [1, 0]])


@pytest.fixture(scope="module")
def fit():
    return fit_precision(OCHS, OBSERVED)


def test_published_fit(fit):
    assert fit.precision == pytest.approx(1.8456, abs=5e-5)
    assert fit.response.profile[0][0] == pytest.approx(0.61565, abs=1e-5)
    assert fit.response.profile[1][0] == pytest.approx(0.38329, abs=1e-5)
    assert fit.log_likelihood == pytest.approx(-174.76453, abs=1e-5)
    assert fit.n_observations == pytest.approx(256.0)
    assert fit.uniform_log_likelihood == pytest.approx(-256 * np.log(2))
    assert fit.response.residual < 1e-12
    assert fit.message == ""


def test_it_is_the_best_point_of_the_branch(fit):
    """Against a grid of precisions solved one by one."""

    def likelihood(precision):
        (response,) = solve(OCHS, LogitPath(precision=precision)).responses
        return sum(float(n @ np.log(p)) for n, p in zip(OBSERVED, response.profile, strict=True))

    assert likelihood(fit.precision) == pytest.approx(fit.log_likelihood, abs=1e-10)
    for precision in (0.0, 0.5, 1.0, 1.8, 1.9, 3.0, 10.0, 100.0):
        assert likelihood(precision) < fit.log_likelihood
    # The curvature at the top is the observed information.
    h = 1e-3
    bend = (likelihood(fit.precision + h) - 2 * fit.log_likelihood + likelihood(fit.precision - h)) / h**2
    assert fit.standard_error == pytest.approx(1 / np.sqrt(-bend), rel=1e-4)


def test_nash_is_compared_with(fit):
    (profile,) = fit.nash
    np.testing.assert_allclose(profile[1][0], 0.2785 / (1.1141 + 0.2785), atol=1e-12)
    expected = sum(float(n @ np.log(p)) for n, p in zip(OBSERVED, profile, strict=True))
    assert fit.nash_log_likelihood == (pytest.approx(expected),)
    assert fit.best_nash_log_likelihood == fit.nash_log_likelihood[0] < fit.log_likelihood
    assert fit.nearest_nash is fit.nash[0]


def test_a_choice_that_nash_rules_out():
    game = StageGame.from_bimatrix([[9, 1], [10, 3]], [[9, 10], [1, 3]])
    fit = fit_precision(game, [[10, 90], [20, 80]])
    assert fit.nash_log_likelihood == (-np.inf,)
    assert LogitFit.from_dict(json.loads(json.dumps(fit.to_dict()))) == fit
    assert fit_precision(game, [[10, 90], [20, 80]], nash=[(0, 0), ((0.5, 0.5), (0.5, 0.5))]).nash_log_likelihood == (
        -np.inf,
        pytest.approx(-200 * np.log(2)),
    )


@pytest.mark.parametrize("precision", [0.2, 0.7, 2.0])
def test_simulated_play_gives_its_precision_back(precision):
    rng = np.random.default_rng(11)
    (response,) = solve(PENNIES, LogitPath(precision=precision)).responses
    counts = [rng.multinomial(20_000, p) for p in response.profile]
    fit = fit_precision(PENNIES, counts)
    assert fit.standard_error is not None
    assert abs(fit.precision - precision) < 4 * fit.standard_error
    assert fit.standard_error < 0.1 * precision


@pytest.mark.parametrize("c", [1e-6, 1e6])
def test_the_unit_of_payoffs_only_changes_the_unit_of_precision(fit, c):
    other = fit_precision(StageGame(OCHS.payoffs * c), OBSERVED)
    assert other.precision * c == pytest.approx(fit.precision, rel=1e-8)
    assert other.standard_error * c == pytest.approx(fit.standard_error, rel=1e-5)
    assert other.log_likelihood == pytest.approx(fit.log_likelihood, abs=1e-8)


def test_three_players_and_unequal_numbers_of_choices():
    rng = np.random.default_rng(4)
    game = StageGame(rng.normal(size=(3, 2, 3, 2)))
    (response,) = solve(game, LogitPath(precision=1.2)).responses
    counts = [n * p for n, p in zip((100, 50, 10), response.profile, strict=True)]
    fit = fit_precision(game, counts)
    assert fit.precision == pytest.approx(1.2, abs=1e-6)
    assert logit_residual(game, fit.response.profile, fit.precision) < 1e-10


def test_play_worse_than_chance_is_fitted_by_precision_zero():
    game = StageGame.from_bimatrix([[1, 1], [0, 0]], [[1, 0], [1, 0]])
    fit = fit_precision(game, [[1, 99], [5, 95]])
    assert fit.precision == 0.0
    assert fit.standard_error is None
    assert fit.log_likelihood == pytest.approx(fit.uniform_log_likelihood)


@pytest.mark.parametrize("game", [OCHS, PENNIES, StageGame.from_bimatrix([[3, 0], [1, 0.3]], [[0.1, 0.7], [1, 0]])])
def test_play_by_chance_is_fitted_by_exactly_zero(game):
    fit = fit_precision(game, [[37, 37], [37, 37]])
    assert (fit.precision, fit.standard_error) == (0.0, None)


@pytest.mark.parametrize("wrong", [-1.0, float("nan"), float("inf")])
def test_impossible_last_precisions(wrong):
    with pytest.raises(ValueError, match=f"max_precision = {wrong} is not a finite number >= 0"):
        fit_precision(OCHS, OBSERVED, max_precision=wrong)


def test_perfect_play_is_fitted_by_the_end_of_the_branch():
    game = StageGame.from_bimatrix([[1, 1], [0, 0]], [[1, 0], [1, 0]])
    fit = fit_precision(game, [[50, 0], [50, 0]])
    assert fit.standard_error is None
    assert "still rises at the end" in fit.message
    assert fit.log_likelihood == pytest.approx(0.0, abs=1e-4)
    bounded = fit_precision(game, [[50, 0], [50, 0]], max_precision=3.0)
    assert bounded.precision < fit.precision


def test_several_peaks_are_all_found_and_the_best_wins():
    """Play near the centroid and play near the equilibrium can both be likelier than what lies between."""
    for seed in range(200):
        rng = np.random.default_rng(seed)
        game = StageGame(rng.normal(size=(2, 3, 3)))
        fit = fit_precision(game, [rng.multinomial(50, rng.dirichlet(np.ones(3))) for _ in range(2)], nash=[])
        if len(fit.peaks) > 1:
            break
    assert len(fit.peaks) > 1
    assert fit.log_likelihood == fit.peaks[:, 1].max()


def test_plain_data_and_pickle(fit):
    assert LogitFit.from_dict(json.loads(json.dumps(fit.to_dict()))) == fit
    assert pickle.loads(pickle.dumps(fit)) == fit
    assert json.dumps(fit_precision(OCHS, OBSERVED).to_dict()) == json.dumps(fit.to_dict())


@pytest.mark.parametrize(
    ("counts", "words"),
    [
        ([[1, 2]], "counts has 1 arrays for 2 players"),
        ([[1, 2], [1, 2, 3]], r"counts\[1\] has shape \(3,\), player player_2 has 2 actions"),
        ([[1, -2], [1, 2]], r"counts\[0\]\[1\] = -2.0 is negative"),
        ([[1, np.nan], [1, 2]], r"counts\[0\]\[1\] = nan is not finite"),
        ([[0, 0], [0, 0]], "all zero"),
    ],
    ids=str,
)
def test_impossible_counts(counts, words):
    with pytest.raises(ValueError, match=words):
        fit_precision(OCHS, counts)
