import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from known_markov_games import ABREU_SANNIKOV, COMMON_INTEREST, MATCHING_PENNIES, PRISONERS

from bargain.games import StageGame
from bargain.games.payoff_operator import operator_distance, payoff_operator
from bargain.games.polygon import contains, convex_hull, distances, hausdorff
from bargain.games.repeated import RepeatedGame
from bargain.solvers import solve
from bargain.solvers.repeated_payoffs import propose_repeated
from bargain.solvers.subgame_perfect import SubgamePerfectPayoffs


def payoff_set(game, discount_factor):
    return solve(RepeatedGame(game, discount_factor), SubgamePerfectPayoffs())


def assert_same_set(found, expected, digits):
    assert len(found) == len(expected)
    assert hausdorff(convex_hull(found), convex_hull(expected)) < 10.0**-digits


def cournot(n_points=15, floor=True):
    """Quantities 0..6, price net of cost max(6 - Q, 0) - .6, or 5.4 - Q throughout."""
    own = np.linspace(0.0, 6.0, n_points)
    total = own[:, None] + own
    margin = np.maximum(6.0 - total, 0.0) - 0.6 if floor else 5.4 - total
    return StageGame.from_bimatrix(own[:, None] * margin, own * margin)


GOLDEN = {
    "prisoners": (PRISONERS, 0.75, [(3, 3), (3, 9.75), (9, 9), (9.75, 3)], 12),
    "Abreu-Sannikov .3": (
        ABREU_SANNIKOV,
        0.3,
        [
            (7.337705, 10.982625),
            (1.125682, 2.8),
            (7.337705, 0),
            (7.863090, 0),
            (19.791798, 2.8),
            (15.563090, 9.1),
        ],
        6,
    ),
    "Abreu-Sannikov .4": (
        ABREU_SANNIKOV,
        0.4,
        [
            (0.43169727, 2.4),
            (6.17267889, 0),
            (10.15, 0),
            (20.125, 2.4),
            (16, 9),
            (6.17267889, 12.02379111),
        ],
        7,  # As printed the list is off by 4e-8; three programs agree on .431697313976 and 6.172678925590.
    ),
    "common interest": (COMMON_INTEREST, 0.5, [(1, 1), (4, 4)], 12),
    "no patience": (PRISONERS, 0.0, [(3, 3)], 12),
    "no patience, two equilibria": (COMMON_INTEREST, 0.0, [(1, 1), (4, 4)], 12),
}


@pytest.mark.parametrize("name", GOLDEN)
def test_known_sets(name):
    game, discount_factor, expected, digits = GOLDEN[name]
    solution = payoff_set(game, discount_factor)
    assert (solution.status, solution.scope) == ("solved", "all")
    assert_same_set(solution.vertices, expected, digits)
    assert operator_distance(RepeatedGame(game, discount_factor), [solution.vertices]).distance < 1e-9


@pytest.mark.parametrize("discount_factor", [0.0, 0.5, 0.99])
def test_without_pure_equilibria_the_set_is_empty(discount_factor):
    solution = payoff_set(MATCHING_PENNIES, discount_factor)
    assert (solution.status, solution.scope) == ("no_equilibrium_found", "all")
    assert solution.vertices.shape == (0, 2)
    assert "no pure subgame-perfect equilibrium" in solution.message


def test_the_vertices_are_exact():
    # Corners where both constraints bind and corners of the next step solve small linear systems by hand:
    # the worst payoff of player 1 begins with (2, 3), that of player 2 with (3, 2).
    vertices = payoff_set(ABREU_SANNIKOV, 0.4).vertices
    np.testing.assert_allclose(vertices[0], (0.43169731397586, 2.4), atol=1e-12)
    np.testing.assert_allclose(vertices[-1], (6.17267892559035, 12.02379109981836), atol=1e-12)


def test_cooperation_of_prisoners_begins_exactly_at_its_threshold():
    assert len(payoff_set(PRISONERS, 1 / 7).vertices) == 2
    assert len(payoff_set(PRISONERS, 1 / 7 - 1e-8).vertices) == 1


def test_a_set_that_appears_at_this_very_discount_factor_is_certified():
    # Below .75 there is one payoff only; at .75 steps get shorter without end.
    game = StageGame([[[2, 4, 0, 3, 0], [1, 0, 4, 1, 0]], [[3, 1, 3, 1, 2], [2, 3, 1, 4, 0]]])
    solution = payoff_set(game, 0.75)
    assert solution.certificate.holds
    assert hausdorff(solution.vertices, convex_hull([(1, 3), (2, 3), (1.5, 3.5)])) < 1e-3
    assert len(payoff_set(game, 0.7499).vertices) == 1


def test_the_saddle_of_many_zero_sum_games():
    # All payoffs on one line up to rounding: hulls of points that are collinear but for noise.
    rng = np.random.default_rng(1)
    for _ in range(150):
        table = rng.normal(size=rng.integers(2, 6, size=2))
        value, least = table.min(axis=1).max(), table.max(axis=0).min()
        solution = payoff_set(StageGame.from_bimatrix(table, -table), 0.95)
        assert solution.scope == "all"
        if value == least:
            np.testing.assert_allclose(solution.vertices, [[value, -value]], atol=1e-9)
        else:
            assert len(solution.vertices) == 0


def test_a_point_where_payoffs_are_constant():
    solution = payoff_set(StageGame(np.full((2, 2, 3), 5.0)), 0.9)
    assert solution.vertices.tolist() == [[5.0, 5.0]]
    zero_sum = payoff_set(StageGame.from_bimatrix([[1, 0], [2, 1]], [[-1, 0], [-2, -1]]), 0.9)
    assert zero_sum.vertices.tolist() == [[1.0, -1.0]]


@pytest.mark.parametrize("floor", [True, False])
def test_cournot_duopoly_is_symmetric_and_a_fixed_point(floor):
    game = RepeatedGame(cournot(9, floor), 0.8)
    solution = solve(game, SubgamePerfectPayoffs())
    vertices = solution.vertices
    assert hausdorff(vertices, convex_hull(vertices[:, ::-1])) < 1e-12
    assert operator_distance(game, [vertices]).distance < 1e-9


@settings(max_examples=12, deadline=None, derandomize=True)
@given(st.integers(0, 2**32 - 1), st.booleans(), st.sampled_from([0.2, 0.35, 0.5]))
def test_the_operator_of_other_code_ends_in_the_same_set(seed, integers, discount_factor):
    rng = np.random.default_rng(seed)
    shape = (2, *rng.integers(2, 4, size=2))
    game = RepeatedGame(
        StageGame(rng.integers(0, 4, size=shape) if integers else rng.normal(size=shape)), discount_factor
    )
    bound = [convex_hull(game.payoffs.reshape(2, -1).T)]
    for _ in range(5 + int(np.ceil(np.log(1e-7) / np.log(discount_factor)))):
        bound = payoff_operator(game, bound)
    vertices = solve(game, SubgamePerfectPayoffs()).vertices
    assert hausdorff(vertices, bound[0]) < 1e-5 if len(vertices) else len(bound[0]) == 0


def minmax(game):
    return np.array([game.payoffs[0].max(axis=0).min(), game.payoffs[1].max(axis=1).min()])


def drawn(rng):
    shape = (2, *rng.integers(2, 5, size=2))
    return StageGame(rng.integers(0, 5, size=shape) if rng.random() < 0.5 else rng.normal(size=shape))


def test_sets_of_60_random_games_grow_with_patience_between_minmax_and_the_feasible():
    rng = np.random.default_rng(4)
    non_empty = 0
    for _ in range(60):
        game = drawn(rng)
        feasible = convex_hull(game.payoffs.reshape(2, -1).T)
        before = np.zeros((0, 2))
        for discount_factor in np.sort(rng.uniform(0.0, 0.95, size=3)):
            solution = payoff_set(game, discount_factor)
            assert solution.scope == "all"
            vertices = solution.vertices
            assert solution.distance is None or solution.distance < 1e-8
            if len(before):
                assert all(solution.contains(vertex, tolerance=1e-8) for vertex in before)
            if len(vertices):
                assert (vertices >= minmax(game) - 1e-8).all()
                assert (distances(feasible, vertices, game.payoff_range + 1e-300) < 1e-9).all()
            before = vertices
        non_empty += len(before) > 0
    assert non_empty > 30


def test_affine_changes_and_relabelling_change_nothing():
    rng = np.random.default_rng(5)
    for _ in range(60):
        game, discount_factor = drawn(rng), rng.uniform(0.1, 0.9)
        vertices = payoff_set(game, discount_factor).vertices
        scale, level = 10.0 ** rng.uniform(-6, 6, size=2), rng.normal(size=2)
        moved = StageGame(game.payoffs * scale[:, None, None] + (scale * level)[:, None, None])
        again = payoff_set(moved, discount_factor).vertices / scale - level
        orders = np.ix_(range(2), rng.permutation(game.n_actions[0]), rng.permutation(game.n_actions[1]))
        shuffled = payoff_set(StageGame(game.payoffs[orders]), discount_factor).vertices
        swapped = payoff_set(StageGame(game.payoffs[::-1].transpose(0, 2, 1)), discount_factor).vertices[:, ::-1]
        for other in (again, shuffled, swapped):
            assert len(other) == len(vertices)
            assert hausdorff(vertices, other) < 1e-8


def test_steps_used_up_are_said():
    found = propose_repeated(RepeatedGame(ABREU_SANNIKOV, 0.3), max_steps=3)
    assert (found.converged, found.n_steps) == (False, 3)
    assert "3 steps" in found.stopped
    final = payoff_set(ABREU_SANNIKOV, 0.3).vertices
    assert contains(found.polygon, final, 1e-9).all()
