import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import nnls

from bargain.games import StageGame
from bargain.games.obedience import product_distribution
from bargain.solvers import Correlated, CorrelatedVertices, Scope, SupportEnumeration, correlated_payoffs, solve
from bargain.solvers.correlated import obedience_rows

CHICKEN = StageGame.from_bimatrix([[6, 2], [7, 0]], [[6, 7], [2, 0]], ("US", "CN"))


def twice_area(ring):
    x, y = ring.T
    return float(np.sum(x * np.roll(y, -1) - y * np.roll(x, -1)))


def support(points, direction):
    return float((points @ direction).max())


def test_chicken_has_five_vertices():
    # Calvo-Armengol 2006: three Nash equilibria and two more.
    solution = solve(CHICKEN, CorrelatedVertices())
    expected = {(0, 1, 0, 0), (0, 0, 1, 0), (0.5, 0.25, 0.25, 0), (0, 0.4, 0.4, 0.2), (4 / 9, 2 / 9, 2 / 9, 1 / 9)}
    found = {tuple(np.round(eq.distribution.reshape(-1), 9)) for eq in solution.equilibria}
    assert found == {tuple(np.round(np.array(vertex, dtype=float), 9)) for vertex in expected}
    assert solution.scope is Scope.EXTREME


def test_chicken_polygon():
    np.testing.assert_allclose(correlated_payoffs(CHICKEN), [(2, 7), (3.6, 3.6), (7, 2), (5.25, 5.25)], atol=1e-9)


@pytest.mark.parametrize(
    ("first", "second", "corners"),
    [
        ([[9, 1], [10, 3]], [[9, 10], [1, 3]], [(3, 3)]),
        (np.eye(2), np.eye(2), [(0.5, 0.5), (1, 1)]),
        (np.zeros((2, 2)), np.zeros((2, 2)), [(0, 0)]),
        ([[3, 1, 2]], [[3, 3, 1]], [(1, 3), (3, 3)]),
        ([[1, -1], [-1, 1]], [[-1, 1], [1, -1]], [(0, 0)]),
    ],
)
def test_points_and_segments(first, second, corners):
    np.testing.assert_allclose(correlated_payoffs(StageGame.from_bimatrix(first, second)), corners, atol=1e-9)


def test_a_segment_found_out_of_order_keeps_its_ends():
    game = StageGame([[[3, 1, 2], [1, 3, 3], [2, 2, 3]], [[0, 3, 3], [1, 2, 0], [0, 0, 3]]])
    np.testing.assert_allclose(correlated_payoffs(game), [(3, 1.2), (3, 3)], atol=1e-9)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([(2, 2), (2, 3), (3, 3), (2, 2, 2)]), st.booleans())
def test_polygon_is_the_shadow_of_the_vertices(seed, shape, ties):
    rng = np.random.default_rng(seed)
    game = StageGame(rng.integers(0, 4, (len(shape), *shape)) if ties else rng.normal(size=(len(shape), *shape)))
    solution = solve(game, CorrelatedVertices(max_vertices=2_000))
    assert solution.rejected == ()
    corners = correlated_payoffs(game)
    if not solution.success:
        return
    shadow = np.array([equilibrium.payoffs[:2] for equilibrium in solution.equilibria])
    slack = 1e-7 * max(game.payoff_range.max(), 1.0)
    for angle in np.linspace(0.1, 0.1 + 2 * np.pi, 50):
        direction = np.array([np.cos(angle), np.sin(angle)])
        assert support(corners, direction) == pytest.approx(support(shadow, direction), abs=slack)
    if len(corners) > 2:
        assert twice_area(corners) > 0.0
    welfare = max(equilibrium.payoffs.sum() for equilibrium in solution.equilibria)
    assert solve(game, Correlated()).value == pytest.approx(welfare, abs=slack)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([(2, 3), (3, 3)]), st.booleans())
def test_vertices_are_vertices_and_hold_every_nash_equilibrium(seed, shape, ties):
    rng = np.random.default_rng(seed)
    game = StageGame(rng.integers(0, 2, (2, *shape)) if ties else rng.normal(size=(2, *shape)))
    solution = solve(game, CorrelatedVertices(max_vertices=1_000))
    if not solution.success:
        return
    table = np.array([equilibrium.distribution.reshape(-1) for equilibrium in solution.equilibria])
    rows = obedience_rows(game, coarse=False).toarray()
    n = table.shape[1]
    for vertex in table:
        tight = np.concatenate([rows[np.abs(rows @ vertex) < 1e-10], np.eye(n)[vertex < 1e-10]])
        assert np.linalg.matrix_rank(np.concatenate([tight, np.ones((1, n))]), tol=1e-8) == n
    distance = np.abs(table[:, None] - table[None]).max(axis=2) + np.eye(len(table))
    assert distance.min() > 1e-9
    for equilibrium in solve(game, SupportEnumeration()).equilibria:
        p = product_distribution(equilibrium.profile).reshape(-1)
        # Every correlated equilibrium, so also every Nash equilibrium, is a mixture of the vertices.
        assert nnls(np.vstack([table.T, np.ones(len(table))]), np.append(p, 1.0))[1] < 1e-8


def test_limits_stop_with_true_vertices():
    game = StageGame([np.eye(4), np.eye(4)])
    solution = solve(game, CorrelatedVertices(max_vertices=150))
    assert solution.status == "stopped_early"
    assert "more than 150 vertices" in solution.message
    assert solution.scope is Scope.SOME
    assert solution.rejected == ()
    start = time.perf_counter()
    solution = solve(StageGame([np.eye(5), np.eye(5)]), CorrelatedVertices(time_limit=0.3))
    assert time.perf_counter() - start < 5.0
    assert "time limit reached" in solution.message
    with pytest.raises(TimeoutError, match="time limit reached"):
        correlated_payoffs(CHICKEN, time_limit=0.0)


def test_settings_are_checked():
    with pytest.raises(ValueError, match="max_vertices = 0"):
        CorrelatedVertices(max_vertices=0)
    with pytest.raises(ValueError, match="players = \\(0, 2\\) are not two of the 2 players"):
        correlated_payoffs(CHICKEN, players=(0, 2))


def test_many_inequalities_stop_in_time():
    game = StageGame(np.random.default_rng(0).normal(size=(2, 30, 30)))
    start = time.perf_counter()
    solution = solve(game, CorrelatedVertices(time_limit=0.2))
    assert time.perf_counter() - start < 3.0
    assert solution.status == "stopped_early"
    assert "time limit reached" in solution.message


def test_polygon_of_players_by_label():
    game = StageGame(np.random.default_rng(1).normal(size=(3, 2, 2, 2)), ("US", "CN", "EU"))
    by_label, by_index = correlated_payoffs(game, players=("EU", "US")), correlated_payoffs(game, players=(2, 0))
    np.testing.assert_array_equal(by_label, by_index)
    with pytest.raises(ValueError, match="no player 'USA'; did you mean 'US'"):
        correlated_payoffs(game, players=("USA", "EU"))
