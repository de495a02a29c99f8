"""All equilibria of games of any number of players."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from known_games import anti_coordination, mckelvey_mclennan
from random_games import normal_games, permuted, put_back

from bargain.games import StageGame, certify
from bargain.solvers import LogitPath, PureNash, Scope, Status, SupportEnumeration, SupportHomotopy, solve


def rows(profiles):
    return sorted(np.round(np.concatenate(list(profile)), 7).tolist() for profile in profiles)


def found(game, **settings_):
    return [equilibrium.profile for equilibrium in solve(game, SupportHomotopy(**settings_)).equilibria]


def test_all_nine_equilibria_of_mckelvey_and_mclennan():
    known = mckelvey_mclennan()
    solution = solve(known.game, SupportHomotopy())
    assert (solution.status, solution.scope, len(solution.equilibria)) == (Status.SOLVED, Scope.ALL, 9)
    listed = rows(equilibrium.profile for equilibrium in solution.equilibria)
    for profile in known.mixed_examples:
        assert np.round(np.concatenate(profile), 7).tolist() in listed
    assert sum(equilibrium.pure is not None for equilibrium in solution.equilibria) == 4


@pytest.mark.parametrize("n_players", [2, 3, 4])
def test_anti_coordination_has_one_equilibrium_for_every_group_that_mixes(n_players):
    known = anti_coordination(n_players)
    listed = rows(found(known.game))
    assert len(listed) == 2**n_players - 1
    assert np.round(np.concatenate(known.mixed_examples[0]), 7).tolist() in listed


@settings(max_examples=10, deadline=None)
@given(normal_games(((2, 2), (3, 3), (2, 4), (4, 4))))
def test_two_players_agree_with_support_enumeration(game):
    solution = solve(game, SupportHomotopy())
    assert solution.scope is Scope.ALL
    other = solve(game, SupportEnumeration())
    assert rows(e.profile for e in solution.equilibria) == rows(e.profile for e in other.equilibria)


@settings(max_examples=4, deadline=None)
@given(normal_games(((2, 2, 2), (3, 2, 2), (2, 2, 2, 2))), st.integers(0, 1000), st.sampled_from([1e-6, 1.0, 1e6]))
def test_other_names_and_sizes_change_nothing(game, seed, c):
    solution = solve(game, SupportHomotopy())
    assert len(solution.equilibria) % 2 == 1
    other, orders, players = permuted(StageGame(game.payoffs * c), np.random.default_rng(seed))
    again = solve(other, SupportHomotopy())
    assert again.scope == solution.scope
    back = [put_back(equilibrium.profile, orders, players) for equilibrium in again.equilibria]
    assert rows(back) == rows(equilibrium.profile for equilibrium in solution.equilibria)


@settings(max_examples=5, deadline=None)
@given(normal_games(((2, 2, 2), (3, 2, 2))))
def test_the_end_of_the_logit_branch_and_all_pure_equilibria_are_among_them(game):
    listed = rows(found(game))
    for solver in (LogitPath(), PureNash()):
        for row in rows(equilibrium.profile for equilibrium in solve(game, solver).equilibria):
            assert row in listed


@pytest.mark.parametrize(("shape", "seed", "n_games"), [((3, 3, 3), 1, 40), ((4, 4, 4), 2, 20)], ids=str)
def test_random_games_of_three_players(shape, seed, n_games):
    """At least 95 of 100, here by as many of the first; regret at most 1e-8 of the range in all that is returned."""
    rng = np.random.default_rng(seed)
    n_solved = 0
    for _ in range(n_games):
        game = StageGame(rng.normal(size=(3, *shape)))
        solution = solve(game, SupportHomotopy(max_equilibria=1))
        n_solved += solution.success
        for equilibrium in solution.equilibria:
            assert certify(game, equilibrium.profile).relative_regret.max() <= 1e-8
    assert n_solved >= 0.95 * n_games


def test_degenerate_games_are_not_called_complete():
    game = StageGame(np.zeros((3, 2, 2, 2)))
    solution = solve(game, SupportHomotopy())
    assert solution.scope is Scope.SOME
    assert solution.degenerate
    assert "degenerate" in solution.message


OPEN = [
    StageGame.from_bimatrix([[2, 0], [1, 1], [0, 2]], [[1, 2], [0, 0], [1, 2]]),
    StageGame(
        np.array(
            [
                [[[2, 1], [1, 2]], [[0, 1], [0, 1]]],
                [[[2, 1], [1, 2]], [[2, 2], [2, 0]]],
                [[[0, 1], [0, 1]], [[2, 1], [2, 2]]],
            ],
            dtype=float,
        )
    ),
]


@pytest.mark.parametrize("game", OPEN, ids=["two players", "three players"])
def test_equilibria_of_skipped_supports_are_not_denied(game):
    """Both have a further equilibrium in a support with more equations than unknowns."""
    solution = solve(game, SupportHomotopy())
    assert (solution.scope, solution.degenerate, len(solution.equilibria)) == (Scope.SOME, None, 1)
    assert "degenerate games may have more" in solution.message


@pytest.mark.parametrize("shape", [(2, 2), (2, 3), (3, 3)], ids=str)
def test_small_integers_are_never_falsely_complete(shape):
    rng = np.random.default_rng(0)
    n_complete = 0
    for _ in range(20):
        game = StageGame(rng.integers(0, 3, (2, *shape)).astype(float))
        solution = solve(game, SupportHomotopy())
        if solution.scope is Scope.ALL:
            n_complete += 1
            other = solve(game, SupportEnumeration())
            assert not other.degenerate or len(other.components) == len(other.equilibria)
            assert rows(e.profile for e in solution.equilibria) == rows(e.profile for e in other.equilibria)
    assert n_complete > 0


def test_two_others_who_mix_against_four_actions_are_left_open():
    solution = solve(StageGame(np.random.default_rng(3).normal(size=(3, 4, 2, 2))), SupportHomotopy())
    assert solution.equilibria
    assert solution.scope is Scope.SOME


@pytest.mark.parametrize("shape", [(40, 40), (4,) * 6], ids=str)
def test_the_time_limit_holds_while_supports_are_listed(shape):
    game = StageGame(np.random.default_rng(1).normal(size=(len(shape), *shape)))
    began = time.perf_counter()
    assert solve(game, SupportHomotopy(time_limit=0.3)).status is Status.STOPPED_EARLY
    assert time.perf_counter() - began < 3.0


def test_limits_stop_it_with_what_it_has():
    game = StageGame(np.random.default_rng(6).normal(size=(3, 3, 3, 3)))
    few = solve(game, SupportHomotopy(max_paths=10))
    assert (few.status, few.scope) == (Status.STOPPED_EARLY, Scope.SOME)
    assert "more than 10 paths; raise max_paths" in few.message
    assert solve(game, SupportHomotopy(time_limit=0.0)).status is Status.STOPPED_EARLY
    first = solve(game, SupportHomotopy(max_equilibria=1))
    assert (first.status, first.scope) == (Status.SOLVED, Scope.SOME)
    assert first.equilibria
    with pytest.raises(ValueError, match="max_paths = 0 is not a positive number"):
        SupportHomotopy(max_paths=0)
