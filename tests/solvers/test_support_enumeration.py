from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from known_games import LARGE_3X5, spanned

from bargain.games import StageGame, certify
from bargain.solvers import LemkeHowson, PureNash, Scope, Status, SupportEnumeration, solve, support_enumeration
from bargain.solvers.best_response_polytope import Budget, labelled_vertices
from bargain.solvers.support_enumeration import maximal_products, undominated_actions, vertex_bound
from bargain.solvers.watch import Watch


def probabilities(solution):
    return np.array([np.concatenate(equilibrium.profile) for equilibrium in solution.equilibria])


def distinct(rows):
    return np.array(sorted({tuple(row) for row in np.round(rows, 8) + 0.0}))


def gambit_extreme_equilibria(game):
    """Extreme equilibria by pygambit's vertex enumeration in rational numbers."""
    gambit = pytest.importorskip("pygambit")
    tables = [[[gambit.Rational(Fraction(repr(float(x)))) for x in row] for row in table] for table in game.payoffs]
    peer = gambit.Game.from_arrays(*(np.array(table, dtype=object) for table in tables))
    found = gambit.nash.enummixed_solve(peer, rational=True).equilibria
    return np.array([[float(profile[s]) for player in peer.players for s in player.strategies] for profile in found])


def random_games(n_games, size, levels, seed):
    rng = np.random.default_rng(seed)
    shape = (2, size, size)
    return [
        StageGame(rng.integers(0, levels, size=shape).astype(float) if levels else rng.normal(size=shape).round(6))
        for _ in range(n_games)
    ]


@pytest.mark.parametrize(
    ("n_games", "size", "levels"),
    [(40, 3, 0), (30, 3, 2), (30, 3, 4), (12, 5, 0), (8, 5, 2), (8, 5, 5)],
    ids=lambda value: str(value),
)
def test_random_games_against_exact_enumeration(n_games, size, levels):
    """Of 3x3 and 5x5; half of them with small integers, that is mostly degenerate."""
    pytest.importorskip("pygambit")
    for game in random_games(n_games, size, levels, seed=100 * size + levels):
        solution = solve(game, SupportEnumeration())
        wanted = distinct(gambit_extreme_equilibria(game))
        found = distinct(probabilities(solution))
        assert found.shape == wanted.shape, game.to_dict()
        np.testing.assert_allclose(found, wanted, atol=2e-8)
        assert not solution.rejected


def test_large_3x5_and_its_negative():
    plain, costs = (solve(StageGame(sign * LARGE_3X5.payoffs), SupportEnumeration()) for sign in (1.0, -1.0))
    assert (len(plain.equilibria), len(costs.equilibria)) == (4, 8)
    assert plain.degenerate
    assert costs.degenerate


@pytest.mark.parametrize("arithmetic", ["auto", "exact"])
def test_continua_are_products_of_hulls(arithmetic):
    rng = np.random.default_rng(11)
    for game in random_games(25, 4, 2, seed=3):
        solution = solve(game, SupportEnumeration(arithmetic))
        assert {i for component in solution.components for i in component} == set(range(len(solution.equilibria)))
        for component in solution.components:
            weights = [rng.dirichlet(np.ones(len(component))) for _ in range(2)]
            profile = [
                sum(w * solution.equilibria[i].profile[k] for w, i in zip(weights[k], component, strict=True))
                for k in range(2)
            ]
            assert certify(game, profile).holds
        assert (solution.scope is Scope.EXTREME) == any(len(component) > 1 for component in solution.components)


def test_all_zero_game_is_one_continuum():
    solution = solve(StageGame(np.zeros((2, 2, 2))), SupportEnumeration())
    assert (solution.status, solution.scope, solution.degenerate) == (Status.SOLVED, Scope.EXTREME, True)
    assert solution.components == ((0, 1, 2, 3),)
    assert "1 of 1 components are continua" in solution.message


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 5), st.integers(1, 5), st.sampled_from([0, 2, 4]))
def test_exact_and_floating_point_agree_and_contain_the_other_solvers(seed, m, n, levels):
    rng = np.random.default_rng(seed)
    shape = (2, m, n)
    game = StageGame(rng.integers(0, levels, size=shape).astype(float) if levels else rng.normal(size=shape))
    found = [solve(game, SupportEnumeration(arithmetic)) for arithmetic in ("auto", "exact")]
    np.testing.assert_allclose(distinct(probabilities(found[0])), distinct(probabilities(found[1])), atol=2e-8)
    assert found[0].components == found[1].components
    for other in (PureNash(), LemkeHowson()):
        assert all(spanned(found[0], equilibrium.profile) for equilibrium in solve(game, other).equilibria)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(-6, 6), st.floats(-6, 6))
def test_affine_changes_and_opponents_bonuses_change_nothing(seed, first, second):
    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=(2, 4, 3))
    plain = solve(StageGame.from_bimatrix(a, b), SupportEnumeration())
    # What a player gets whatever it does, for each action of the opponent, cannot matter.
    moved = StageGame.from_bimatrix(
        10.0**first * (a + rng.normal(size=3)), 10.0**second * (b + rng.normal(size=(4, 1)))
    )
    again = solve(moved, SupportEnumeration())
    # Bonuses do change payoffs, and with them the order; no two equilibria of these games have the same supports.
    rows, rows_again = (sorted(probabilities(one), key=lambda row: tuple(row > 1e-9)) for one in (plain, again))
    np.testing.assert_allclose(rows_again, rows, atol=1e-7)


def test_rounding_noise_is_a_tie_and_a_real_difference_is_not():
    rng = np.random.default_rng(3)
    (game,) = random_games(1, 5, 3, seed=8)
    plain = solve(game, SupportEnumeration())
    noisy = solve(StageGame(game.payoffs + 1e-14 * rng.normal(size=game.payoffs.shape)), SupportEnumeration())
    assert plain.degenerate
    assert noisy.components == plain.components
    np.testing.assert_allclose(probabilities(noisy), probabilities(plain), atol=1e-9)
    generic = solve(StageGame(game.payoffs + 1e-5 * rng.normal(size=game.payoffs.shape)), SupportEnumeration())
    assert (generic.degenerate, generic.scope) == (False, Scope.ALL)


def test_differences_in_the_doubtful_range_are_decided_exactly():
    a = np.array([[1.0, 0.0], [1.0 - 3e-10, 0.0], [0.0, 1.0]])
    solution = solve(StageGame.from_bimatrix(a, [[1, 0], [1, 0], [0, 1]]), SupportEnumeration())
    assert solution.degenerate is False
    assert len(solution.equilibria) == 3
    assert all(equilibrium.profile[0][1] == 0.0 for equilibrium in solution.equilibria)


def test_dominated_actions_are_dropped_again_and_again():
    a = [[1, 4, 0], [0, 0, 9], [0, 3, 1]]
    b = [[3, 2, 1], [0, 1, 0], [5, 2, 0]]
    kept = undominated_actions(StageGame.from_bimatrix(a, b))
    assert [own.tolist() for own in kept] == [[0], [0]]
    weak = undominated_actions(StageGame.from_bimatrix([[1, 1], [1, 0]], np.zeros((2, 2))))
    assert [own.tolist() for own in weak] == [[0, 1], [0, 1]]


@pytest.mark.parametrize(
    ("solver", "reason"),
    [
        (SupportEnumeration(time_limit=0.0), "time limit reached"),
        (SupportEnumeration(max_vertices=30), "more than 30 vertices"),
        (SupportEnumeration(max_vertices=30, arithmetic="exact"), "more than 30 vertices"),
    ],
)
def test_limits_stop_with_verified_equilibria_and_an_estimate(solver, reason):
    game = random_games(1, 10, 0, seed=4)[0]
    solution = solve(game, solver)
    assert (solution.status, solution.scope, solution.degenerate) == (Status.STOPPED_EARLY, Scope.SOME, None)
    assert solution.message.startswith(
        f"{reason}. the polytopes of this 10 x 10 game have up to 4,004 and 4,004 vertices"
    )
    assert not solution.rejected
    every = probabilities(solve(game, SupportEnumeration()))
    for row in probabilities(solution):
        assert np.abs(every - row).max(axis=1).min() < 1e-8
    assert len(solution.equilibria) >= len(solve(game, PureNash()).equilibria)


def test_too_large_a_game_says_so_at_once():
    solution = solve(random_games(1, 40, 0, seed=5)[0], SupportEnumeration(max_vertices=2_000))
    assert solution.status is Status.STOPPED_EARLY
    assert solution.run_time < 20.0


def test_upper_bound_of_vertices():
    assert [vertex_bound(2, n) for n in (3, 4, 7)] == [3, 4, 7]
    assert [vertex_bound(3, n) for n in (4, 5, 6)] == [4, 6, 8]
    assert vertex_bound(12, 24) == 24_752


def test_maximal_products_share_vertices():
    pairs = [(0, 0), (0, 1), (1, 1), (2, 2), (3, 3), (3, 4), (4, 3), (4, 4)]
    found = {(tuple(left), tuple(right)) for left, right in maximal_products(pairs)}
    assert found == {((0,), (0, 1)), ((0, 1), (1,)), ((2,), (2,)), ((3, 4), (3, 4))}


def test_noise_left_by_dominated_actions_is_still_noise():
    """Without the dominated catastrophe the payoffs differ by rounding only; that must not become a difference."""
    a = [[0.3, 0.1 + 0.2, -9.0], [0.1 + 0.2, 0.3, -9.0], [-9.0, -9.0, -10.0]]
    solution = solve(StageGame.from_bimatrix(a, np.transpose(a)), SupportEnumeration())
    assert solution.components == ((0, 1, 2, 3),)
    assert [equilibrium.pure for equilibrium in solution.equilibria] == [(0, 0), (0, 1), (1, 0), (1, 1)]


def test_matching_stops_at_the_time_limit(monkeypatch):
    monkeypatch.setattr(support_enumeration, "BLOCK", 1)
    vertices = labelled_vertices(np.zeros((3, 3)), Budget())
    pairs, stopped = support_enumeration._fully_labelled(vertices, vertices, Budget(Watch(0.0)))
    assert stopped == "time limit reached"
    assert len(pairs) == 3  # of nine: one block is one vertex against all


def test_components_too_many_to_list_are_said_to_be(monkeypatch):
    monkeypatch.setattr(support_enumeration, "MAX_COMPONENTS", 0)
    solution = solve(StageGame(np.zeros((2, 2, 2))), SupportEnumeration())
    assert (solution.scope, solution.components, len(solution.equilibria)) == (Scope.EXTREME, (), 4)
    assert "4 extreme equilibria in more than 0 maximal Nash subsets, which are not listed" in solution.message


def test_too_many_products_are_not_listed():
    n = 14
    pairs = [(i, j) for i in range(n) for j in range(n) if i != j]
    assert maximal_products(pairs) is None


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"arithmetic": "double"}, "arithmetic = 'double' is neither 'auto' nor 'exact'"),
        ({"time_limit": -1.0}, "time_limit = -1.0 is not a number of seconds >= 0"),
        ({"time_limit": float("nan")}, "time_limit = nan"),
        ({"max_vertices": 0}, "max_vertices = 0 is not a positive number"),
    ],
)
def test_bad_settings(settings, message):
    with pytest.raises(ValueError, match=message):
        SupportEnumeration(**settings)


def test_near_ties_are_settled_in_exact_integers():
    """Ties between 1e-10 and 1e-9 of the range make floats doubtful in every game; exact integers settle them."""
    rng = np.random.default_rng(9)
    for _ in range(10):
        game = StageGame(rng.integers(0, 3, size=(2, 4, 4)) + 6e-10 * rng.random(size=(2, 4, 4)))
        solution = solve(game, SupportEnumeration())
        assert (solution.status, solution.rejected) == (Status.SOLVED, ())
        exact = solve(game, SupportEnumeration("exact"))
        assert (solution.equilibria, solution.components) == (exact.equilibria, exact.components)
