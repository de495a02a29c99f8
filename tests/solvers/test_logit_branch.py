"""The branch as a table."""

from __future__ import annotations

import json
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from random_games import normal_games

from bargain.games import StageGame, regret
from bargain.games.quantal_response import logit_residual
from bargain.solvers import LogitBranch, LogitPath, logit_branch, solve

PENNIES = StageGame.from_bimatrix([[9, 0], [0, 1]], [[0, 1], [1, 0]])


def profile_at(branch, point):
    return tuple(branch.strategies(k)[point] for k in range(branch.game.n_players))


@settings(max_examples=20, deadline=None)
@given(normal_games())
def test_every_row_is_what_it_says(game):
    branch = logit_branch(game, 5.0)
    assert branch.stopped == ""
    assert branch.precision[0] == 0.0
    assert branch.precision[-1] == pytest.approx(5.0, rel=1e-14)
    np.testing.assert_allclose(branch.strategies(0)[0], 1.0 / game.n_actions[0], atol=1e-15)
    assert np.all(np.diff(branch.arc_length) > 0.0)
    for point, precision in enumerate(branch.precision):
        profile = profile_at(branch, point)
        assert logit_residual(game, profile, precision) < 1e-10
        np.testing.assert_allclose(branch.payoffs[point], game.expected_payoffs(profile), atol=1e-10)
        np.testing.assert_allclose(branch.regret[point], regret(game, profile), atol=1e-10)


def test_published_points_are_on_it():
    for precision, p, q in ((1.0, 0.893576, 0.312780), (10.0, 0.607481, 0.104367)):
        first, second = profile_at(logit_branch(PENNIES, precision), -1)
        assert (first[0], second[0]) == (pytest.approx(p, abs=1e-6), pytest.approx(q, abs=1e-6))


def test_without_a_last_precision_it_ends_where_the_regret_is_gone():
    branch = logit_branch(PENNIES)
    assert np.all(branch.regret[-1] <= 1e-8 * PENNIES.payoff_range)
    (equilibrium,) = solve(PENNIES, LogitPath()).equilibria
    np.testing.assert_allclose(branch.probabilities[-1], np.concatenate(equilibrium.profile), atol=1e-6)


def test_a_fine_branch_moves_in_small_steps():
    coarse, fine = logit_branch(PENNIES, 20.0), logit_branch(PENNIES, 20.0, largest_change=0.01)
    assert np.abs(np.diff(coarse.probabilities, axis=0)).max() > 0.02
    assert np.abs(np.diff(fine.probabilities, axis=0)).max() <= 0.01
    assert fine.precision[-1] == pytest.approx(20.0)
    np.testing.assert_allclose(fine.probabilities[-1], coarse.probabilities[-1], atol=1e-10)


def test_table_has_a_row_for_each_point_and_action():
    branch = logit_branch(PENNIES, 3.0)
    frame = branch.to_frame()
    expected = ["point", "precision", "arc_length", "player", "action", "probability", "payoff", "regret"]
    assert list(frame.columns) == expected
    assert len(frame) == 4 * len(branch.precision)
    np.testing.assert_allclose(frame.groupby(["point", "player"])["probability"].sum(), 1.0)


def test_plain_data_pickle_and_read_only():
    branch = logit_branch(PENNIES, 3.0)
    text = json.dumps(branch.to_dict())
    assert LogitBranch.from_dict(json.loads(text)) == branch
    assert json.dumps(logit_branch(PENNIES, 3.0).to_dict()) == text
    assert pickle.loads(pickle.dumps(branch)) == branch
    with pytest.raises(ValueError, match="read-only"):
        branch.precision[0] = 1.0


def test_limits_are_said_and_impossible_arguments_refused():
    assert logit_branch(PENNIES, time_limit=0.0).stopped == "time limit reached"
    assert "3 steps" in logit_branch(PENNIES, max_steps=3).stopped
    assert len(logit_branch(PENNIES, 0.0).precision) == 1
    with pytest.raises(ValueError, match=r"precision = -1\.0"):
        logit_branch(PENNIES, -1.0)
    with pytest.raises(ValueError, match=r"largest_change = 0\.0 is not a probability"):
        logit_branch(PENNIES, 1.0, largest_change=0.0)
