import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bargain.standoff.transitions import (
    expected_growth,
    grid_step,
    growth_step,
    joint_step,
    mood_step,
    stock_target,
    withheld_share,
)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 9))
def test_a_step_keeps_the_expectation_and_uses_neighbours(seed, n_levels):
    rng = np.random.default_rng(seed)
    grid = np.cumsum(rng.uniform(0.1, 2.0, (3, n_levels)), axis=1)
    target = rng.uniform(grid[:, :1] - 1.0, grid[:, -1:] + 1.0, (3, 5))
    places, chances = grid_step(grid, target)
    rows = np.arange(3)[:, None]
    expected = (grid[rows[..., None], places] * chances).sum(axis=-1)
    np.testing.assert_allclose(expected, np.clip(target, grid[:, :1], grid[:, -1:]), atol=1e-12)
    assert chances.min() >= 0.0
    np.testing.assert_allclose(chances.sum(axis=-1), 1.0, atol=1e-15)
    assert np.all((places[..., 1] - places[..., 0] == 1) | (n_levels == 1))


def test_stocks_bridge_the_gap_until_they_are_empty():
    months = np.array([9.0, 1.0, 4.0])
    after = stock_target(months, np.array([0.5, 0.8, 0.0]), np.array([0.0, 0.0, 1.0]), np.full(3, 1.5), 3.0)
    assert after.tolist() == [7.5, 0.0, 5.5]


def test_capacity_grows_faster_while_the_input_is_withheld():
    # From 0.2 half of what is missing in 6 years: 0.4 / 24 a quarter, twice that under a full stop.
    pace = {"today": np.array(0.2), "years": np.array(6.0), "covered": np.array(0.5), "round_months": 3.0}
    grown = [expected_growth(withheld=np.array(w), withheld_factor=np.array(2.0), **pace) for w in (0.0, 1.0, 0.5)]
    assert np.array(grown) == pytest.approx([1 / 60, 1 / 30, 0.025])
    assert withheld_share(np.array(1.0), np.array(0.0), np.array(0.2)) == pytest.approx(0.2)
    assert withheld_share(np.array(0.0), np.array(0.0), np.array(0.2)) == pytest.approx(1.0)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(2, 9))
def test_growth_by_plants_keeps_the_expectation(seed, n_levels):
    rng = np.random.default_rng(seed)
    grid = np.linspace(rng.uniform(0.0, 0.5, 3), 1.0, n_levels, axis=1)
    capacity = grid[:, rng.integers(0, n_levels, 5)]
    growth, jump = rng.uniform(0.0, 0.2, (3, 5)), rng.uniform(0.01, 0.7, (3, 5))
    places, chances = growth_step(grid, capacity, growth, jump)
    expected = (grid[np.arange(3)[:, None, None], places] * chances).sum(axis=-1)
    np.testing.assert_allclose(expected, np.minimum(capacity + growth, 1.0), atol=1e-12)
    assert chances.min() >= -1e-15
    np.testing.assert_allclose(chances.sum(axis=-1), 1.0, atol=1e-15)


def test_growth_by_plants_is_the_same_process_on_every_grid_that_holds_them():
    coarse, fine = np.linspace(0.1, 1.0, 4)[None], np.linspace(0.1, 1.0, 13)[None]
    growth, jump = np.full((1, 4), 0.02), np.full((1, 4), 0.3)
    places, chances = growth_step(coarse, coarse, growth, jump)
    finer, same = growth_step(fine, coarse, growth, jump)
    assert places.shape == (1, 4, 2)
    np.testing.assert_array_equal(places * 4, finer)
    np.testing.assert_allclose(chances, same, atol=1e-15)
    assert chances[0, :3, 1] == pytest.approx(0.02 / 0.3)


def test_moods_stay_or_leave_to_any_other():
    moods, chances = mood_step(np.array([0, 2]), 3, np.array(0.8))
    assert moods.tolist() == [[0, 1, 2], [2, 0, 1]]
    assert chances == pytest.approx(np.array([[0.8, 0.1, 0.1]] * 2))
    assert mood_step(np.array([0]), 1, np.array(0.3))[1].tolist() == [[1.0]]


def test_variables_move_independently():
    rng = np.random.default_rng(4)
    sizes = (3, 2, 4)
    steps = [(rng.integers(0, n, (5, 2)), rng.dirichlet([1.0, 1.0], 5)) for n in sizes]
    successors, probabilities = joint_step(steps, sizes)
    assert successors.shape == probabilities.shape == (5, 8)
    for row in range(5):
        wanted = np.zeros(24)
        for picks in itertools.product(range(2), repeat=3):
            places = [step[0][row, pick] for step, pick in zip(steps, picks, strict=True)]
            wanted[np.ravel_multi_index(places, sizes)] += np.prod(
                [step[1][row, pick] for step, pick in zip(steps, picks, strict=True)]
            )
        np.testing.assert_allclose(np.bincount(successors[row], probabilities[row], 24), wanted, atol=1e-15)
