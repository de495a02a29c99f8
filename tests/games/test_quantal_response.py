"""The residual of logit responses, by hand and against its definition."""

from __future__ import annotations

import json
import pickle

import numpy as np
import pytest

from bargain.games import StageGame
from bargain.games.quantal_response import QuantalResponse, logit_residual, logit_responses, quantal_response

PENNIES = StageGame.from_bimatrix([[9, 0], [0, 1]], [[0, 1], [1, 0]])


def test_responses_follow_the_logit_rule():
    responses = logit_responses(PENNIES, ((0.5, 0.5), (0.3, 0.7)), 2.0)
    # Player 1 earns 2.7 and 0.7, so the odds are exp(2 x 2.0).
    assert responses[0][0] == pytest.approx(1.0 / (1.0 + np.exp(-4.0)), abs=1e-15)
    np.testing.assert_allclose(responses[1], 0.5, atol=1e-15)


def test_the_centroid_is_the_response_at_precision_zero_and_no_other_profile_is():
    assert logit_residual(PENNIES, ((0.5, 0.5), (0.5, 0.5)), 0.0) == 0.0
    assert logit_residual(PENNIES, ((0.6, 0.4), (0.5, 0.5)), 0.0) == pytest.approx(0.1)


def test_published_values_leave_no_more_than_their_rounding():
    for precision, p, q in ((1.0, 0.893576, 0.312780), (10.0, 0.607481, 0.104367)):
        assert logit_residual(PENNIES, ((p, 1 - p), (q, 1 - q)), precision) < 1e-4


def test_a_nash_equilibrium_is_no_quantal_response():
    response = quantal_response(PENNIES, ((0.5, 0.5), (0.1, 0.9)), 1.0)
    assert not response.holds
    assert response.regret.max() < 1e-12
    assert response.residual > 0.1


def test_huge_precisions_do_not_overflow():
    game = StageGame(PENNIES.payoffs * 1e6 + 1e6)
    responses = logit_responses(game, ((0.5, 0.5), (0.5, 0.5)), 1e9)
    np.testing.assert_array_equal(responses[0], [1.0, 0.0])


@pytest.mark.parametrize("precision", [-1.0, np.nan, np.inf])
def test_impossible_precisions_are_refused(precision):
    with pytest.raises(ValueError, match="is not a finite number >= 0"):
        logit_responses(PENNIES, ((0.5, 0.5), (0.5, 0.5)), precision)


def test_plain_data_and_pickle_round_trip():
    response = quantal_response(PENNIES, ((0.6, 0.4), (0.3, 0.7)), 1.0)
    assert QuantalResponse.from_dict(json.loads(json.dumps(response.to_dict()))) == response
    twin = pickle.loads(pickle.dumps(response))
    assert twin == response
    assert not twin.profile[0].flags.writeable
