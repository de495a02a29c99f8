import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bargain as bg
from bargain.games import StageGame
from bargain.solvers import LogitDynamics, ReplicatorDynamics, Status, solve
from bargain.solvers.streams import start_profile

PENNIES = StageGame.from_bimatrix([[1, -1], [-1, 1]], [[-1, 1], [1, -1]])


def test_replicator_follows_nashpy():
    import nashpy

    rng = np.random.default_rng(4)
    first, second = rng.uniform(0, 1, (2, 3, 4))
    for table in (first, second):  # Payoff ranges of one, so that both measure time alike.
        table -= table.min()
        table /= table.max()
    game = StageGame.from_bimatrix(first, second)
    solution = solve(game, ReplicatorDynamics(duration=8.0))
    x, y = start_profile(game, "random", 0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = nashpy.Game(first, second).asymmetric_replicator_dynamics(x0=x, y0=y, timepoints=solution.times)
    for own, other in zip(solution.states, theirs, strict=True):
        np.testing.assert_allclose(own, other, atol=1e-6)


def test_replicator_has_a_constant_of_motion_in_pennies():
    # Hofbauer and Sigmund 1998, section 11.2: sum of log shares does not change, so play cycles for ever.
    solution = bg.solve(PENNIES, bg.ReplicatorDynamics(duration=50.0))
    energy = sum(np.log(table).sum(axis=1) for table in solution.states)
    np.testing.assert_allclose(energy, energy[0], atol=1e-5)
    assert solution.status is Status.NO_EQUILIBRIUM_FOUND
    # The time average approaches the coarse set all the same (Hofbauer, Sorin and Viossat 2009).
    assert solution.coarse.relative_regret.max() < 0.05


def test_replicator_drops_what_is_dominated():
    dilemma = StageGame.from_bimatrix([[9, 1], [10, 3]], [[9, 10], [1, 3]])
    solution = solve(dilemma, ReplicatorDynamics())
    assert solution.success
    np.testing.assert_allclose(solution.profile[0], [0, 1], atol=1e-3)


def test_uniform_start_may_sit_on_an_unstable_point():
    game = StageGame([np.eye(2), np.eye(2)])
    still, moved = (solve(game, ReplicatorDynamics(start=start)) for start in ("uniform", "random"))
    np.testing.assert_allclose(still.profile[0], [0.5, 0.5])
    assert max(moved.profile[0]) > 0.99


def test_logit_rest_point_is_the_published_response():
    # Row gets 9 at (U, L), 1 at (D, R); column 1 on mismatches; lambda 1 in payoff units needs equal ranges.
    game = StageGame.from_bimatrix([[9, 0], [0, 1]], [[0, 9], [9, 0]])
    solution = solve(game, LogitDynamics(relative_precision=4.0, duration=80.0))
    assert solution.success
    x, y = solution.profile
    odds_x = np.exp(4.0 * (9 * y[0] - y[1]) / 9)
    odds_y = np.exp(4.0 * (x[1] - x[0]))
    assert x[0] / x[1] == pytest.approx(odds_x, rel=1e-5)
    assert y[0] / y[1] == pytest.approx(odds_y, rel=1e-5)


def test_logit_reference_case_at_lambda_one():
    game = StageGame.from_bimatrix([[1, 1], [0, 1]], [[1, 1], [2, 1]])
    # Payoff ranges 1 and 1: lambda is the relative precision.
    solution = solve(StageGame(game.payoffs), LogitDynamics(relative_precision=1.0, duration=60.0))
    np.testing.assert_allclose([own[0] for own in solution.profile], [0.642979, 0.588319], atol=1e-6)


@settings(max_examples=7, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([(2, 2), (3, 2), (2, 2, 2)]))
def test_low_precision_always_settles(seed, shape):
    game = StageGame(np.random.default_rng(seed).normal(size=(len(shape), *shape)))
    solution = solve(game, LogitDynamics(relative_precision=0.5, duration=40.0, seed=seed))
    assert solution.distance < 1e-8


def test_limits_and_settings():
    solution = solve(PENNIES, ReplicatorDynamics(duration=1e5, time_limit=0.05))
    assert solution.status is Status.STOPPED_EARLY
    assert 0 < solution.times[-1] < 1e5
    with pytest.raises(ValueError, match="duration = 0"):
        ReplicatorDynamics(duration=0)
    with pytest.raises(ValueError, match="relative_precision = -1"):
        LogitDynamics(relative_precision=-1)
