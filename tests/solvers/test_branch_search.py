"""Points between two neighbours on a branch."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_games import normal_games

from bargain.games.quantal_response import logit_residual
from bargain.solvers.branch_search import at_precision, moved_to, point_between, root_between
from bargain.solvers.continuation import BranchTrace
from bargain.solvers.logit_system import LogitSystem


def neighbours(game, number):
    system = LogitSystem.of(game)
    return system, *itertools.islice(BranchTrace(system).points(), number, number + 2)


@settings(max_examples=25, deadline=None)
@given(normal_games(), st.integers(0, 12), st.floats(0.05, 0.95))
def test_between_two_points_of_the_branch_lies_the_branch(game, number, share):
    system, left, right = neighbours(game, number)
    point = point_between(system, left, right, share)
    assert point is not None
    assert left.arc_length < point.arc_length < right.arc_length
    assert logit_residual(game, system.split(np.exp(point.x)), point.precision / system.scale) < 1e-10
    apart = np.abs(np.exp(left.x) - np.exp(right.x)).max()
    assert np.abs(np.exp(point.x) - np.exp(left.x)).max() <= apart + 0.02


@settings(max_examples=25, deadline=None)
@given(normal_games(), st.integers(0, 8), st.floats(0.05, 0.95))
def test_a_precision_is_met_exactly(game, number, share):
    system, left, right = neighbours(game, number)
    target = left.precision + share * (right.precision - left.precision)
    point = at_precision(system, left, right, target)
    assert point is not None
    assert point.precision == target
    assert logit_residual(game, system.split(np.exp(point.x)), target / system.scale) < 1e-10


@settings(max_examples=10, deadline=None)
@given(normal_games())
def test_a_root_of_a_function_along_the_curve(game):
    system, left, right = neighbours(game, 2)
    middle = 0.5 * (left.x[0] + right.x[0])
    found = root_between(system, left, right, lambda point: float(point.x[0]) - middle)
    assert found is not None
    assert found.x[0] == pytest.approx(middle, abs=1e-10)


def test_an_end_that_is_the_root_is_returned():
    system, left, right = neighbours(_game(), 1)
    assert root_between(system, left, right, lambda point: point.precision - left.precision) is left


def test_moving_along_the_branch_and_back():
    system, left, _ = neighbours(_game(), 3)
    there = moved_to(system, left, left.precision * 1.01)
    assert there is not None
    back = moved_to(system, there, left.precision)
    assert back is not None
    np.testing.assert_allclose(back.x, left.x, atol=1e-12)


def _game():
    from bargain.games import StageGame

    return StageGame(np.random.default_rng(3).normal(size=(2, 3, 3)))
