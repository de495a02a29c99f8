"""Branches: every point is a solution, turning points and bifurcations are passed, nothing jumps."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from known_games import identity
from random_games import normal_games

from bargain.games import StageGame
from bargain.games.quantal_response import logit_residual
from bargain.solvers.continuation import BranchTrace, corrected_point
from bargain.solvers.logit_system import LogitSystem

TURNING = StageGame.from_bimatrix([[4, 0], [3.5, 1]], [[4, 0], [3.5, 1]])


def followed(game, last=1e4, start=None):
    system = LogitSystem.of(game, start)
    trace = BranchTrace(system, 3_000)
    return system, trace, list(itertools.takewhile(lambda point: point.precision < last, trace.points()))


@settings(max_examples=25, deadline=None)
@given(normal_games())
def test_every_point_is_a_logit_equilibrium(game):
    system, trace, points = followed(game, 1e3)
    assert trace.stopped == ""
    np.testing.assert_allclose(np.exp(points[0].x), np.exp(system.start()))
    assert points[0].precision == 0.0
    for point in points:
        profile = system.split(np.exp(point.x))
        assert logit_residual(game, profile, point.precision / system.scale) < 1e-10


@settings(max_examples=15, deadline=None)
@given(normal_games())
def test_steps_are_continuous(game):
    _, _, points = followed(game)
    for left, right in itertools.pairwise(points):
        assert right.arc_length > left.arc_length
        assert np.abs(np.exp(right.x) - np.exp(left.x)).max() < 0.35


def unfolded(seed: int = 0):
    """The first random game of a series whose principal branch turns back."""
    rng = np.random.default_rng(seed)
    for _ in range(200):
        game = StageGame(rng.normal(size=(2, 3, 3)))
        system, trace, points = followed(game, 1e3)
        if any(b.precision < a.precision for a, b in itertools.pairwise(points)):
            return system, trace, points
    raise AssertionError("no branch turns back")


def test_turning_points_are_passed_in_the_right_direction():
    """A fine grid of fixed precisions, solved by continuation without any turning, agrees below the fold."""
    system, trace, points = unfolded()
    assert trace.stopped == ""
    precisions = np.array([point.precision for point in points])
    fold = precisions[: int(np.argmax(np.diff(precisions) < 0)) + 1].max()
    x, border = system.start(), np.append(np.zeros(system.size), 1.0)
    for precision in np.linspace(0.0, fold * 0.9, 400):
        found = corrected_point(system, np.append(x, precision), border, np.ones(system.size + 1))
        assert found is not None
        x = found.y[:-1]
    last = int(np.argmax(precisions > fold * 0.9))
    before, after = np.exp(points[last - 1].x), np.exp(points[last].x)
    low, high = np.minimum(before, after) - 1e-2, np.maximum(before, after) + 1e-2
    assert np.all((np.exp(x) > low) & (np.exp(x) < high))


def test_a_symmetric_branch_goes_straight_through_its_bifurcation():
    """In 2x2 coordination the centroid stays a logit equilibrium; others branch off at precision 2."""
    _, trace, points = followed(identity(2).game, 100.0)
    for point in points:
        np.testing.assert_allclose(np.exp(point.x), 0.5, atol=1e-12)
    assert trace.bifurcations == [] or trace.bifurcations == pytest.approx([2.0], abs=0.05)


def test_a_step_limit_is_said_so():
    system = LogitSystem.of(TURNING)
    trace = BranchTrace(system, 3)
    assert len(list(trace.points())) == 4
    assert trace.stopped == "no end after 3 steps along the branch"
