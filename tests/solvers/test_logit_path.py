"""The logit path: published quantal responses, limits that are equilibria, invariances, honest failures."""

from __future__ import annotations

import json
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from known_games import anti_coordination, mckelvey_mclennan
from random_games import normal_games, permuted, put_back

from bargain.games import StageGame, certify
from bargain.games.quantal_response import logit_residual
from bargain.solvers import (
    LogitPath,
    LogitSolution,
    Scope,
    Solution,
    Status,
    SupportEnumeration,
    continuation,
    logit_branch,
    solve,
)
from bargain.solvers.continuation import BranchTrace
from bargain.solvers.logit_system import LogitSystem

DOMINANCE = StageGame.from_bimatrix([[1, 1], [0, 1]], [[1, 1], [2, 1]])
PENNIES = StageGame.from_bimatrix([[9, 0], [0, 1]], [[0, 1], [1, 0]])
PUBLISHED = [
    (DOMINANCE, 1, 0.642979, 0.588319),
    (DOMINANCE, 2, 0.772677, 0.611743),
    (DOMINANCE, 3, 0.859537, 0.603816),
    (PENNIES, 1, 0.893576, 0.312780),
    (PENNIES, 10, 0.607481, 0.104367),
]


def stacked(profile):
    return np.concatenate(list(profile))


def end_of_branch(game):
    """Probabilities where the branch itself has a regret of 1e-6 of the range, without inferring any limit."""
    system = LogitSystem.of(game)
    for point in BranchTrace(system, 100_000).points():
        if system.regret(np.exp(point.x)) < 1e-6 or point.precision > 1e7:
            break
    return np.exp(point.x)


@pytest.mark.parametrize(("game", "precision", "p", "q"), PUBLISHED, ids=lambda value: str(value))
def test_published_quantal_responses(game, precision, p, q):
    solution = solve(game, LogitPath(precision=precision))
    (response,) = solution.responses
    assert response.profile[0][0] == pytest.approx(p, abs=1e-6)
    assert response.profile[1][0] == pytest.approx(q, abs=1e-6)
    assert response.holds
    assert response.residual < 1e-12
    assert (solution.status, solution.scope, solution.equilibria) == (Status.SOLVED, Scope.SOME, ())


@pytest.mark.parametrize("n_players", [2, 3, 4])
def test_anti_coordination_ends_in_the_symmetric_mix(n_players):
    known = anti_coordination(n_players)
    (equilibrium,) = solve(known.game, LogitPath()).equilibria
    np.testing.assert_allclose(stacked(equilibrium.profile), stacked(known.mixed_examples[0]), atol=1e-12)


def test_asymmetric_matching_pennies():
    (equilibrium,) = solve(PENNIES, LogitPath()).equilibria
    np.testing.assert_allclose(stacked(equilibrium.profile), [0.5, 0.5, 0.1, 0.9], atol=1e-12)


def test_the_game_on_which_peers_report_a_regret_of_a_third():
    """McKelvey-McLennan 2x2x2: whatever is returned is an equilibrium, and something is returned."""
    game = mckelvey_mclennan().game
    (equilibrium,) = solve(game, LogitPath()).equilibria
    assert certify(game, equilibrium.profile).relative_regret.max() < 1e-11


def test_other_starts_find_other_equilibria():
    game = mckelvey_mclennan().game
    solution = solve(game, LogitPath(n_starts=12))
    assert len(solution.equilibria) >= 3
    assert solution == solve(game, LogitPath(n_starts=12))
    assert all(certify(game, equilibrium.profile).holds for equilibrium in solution.equilibria)


@pytest.mark.parametrize(("shape", "seed", "n_games"), [((3, 3, 3), 1, 100), ((4, 4, 4), 2, 40)], ids=str)
def test_random_games_of_three_players(shape, seed, n_games):
    """At least 95 of 100, of larger games 38 of the first 40; regret at most 1e-8 of the range in all returned."""
    rng = np.random.default_rng(seed)
    n_solved = 0
    for _ in range(n_games):
        game = StageGame(rng.normal(size=(3, *shape)))
        solution = solve(game, LogitPath())
        n_solved += solution.success
        for equilibrium in solution.equilibria:
            assert certify(game, equilibrium.profile).relative_regret.max() <= 1e-8
    assert n_solved >= 0.95 * n_games


@settings(max_examples=25, deadline=None)
@given(normal_games(((2, 2), (3, 3), (2, 2, 2), (3, 3, 3))))
def test_the_limit_is_where_the_branch_goes(game):
    """Followed on to a regret of 1e-6, the branch is near the limit that was inferred long before."""
    (equilibrium,) = solve(game, LogitPath()).equilibria
    np.testing.assert_allclose(stacked(equilibrium.profile), end_of_branch(game), atol=2e-2)


@pytest.mark.parametrize(
    ("seed", "shape"), [(248, (3, 3, 3)), (261, (3, 3)), (300, (3, 3, 3)), (349, (3, 3)), (910, (4, 4, 4))], ids=str
)
def test_no_jump_to_another_branch_in_games_with_sharp_turns(seed, shape, monkeypatch):
    """Long steps reach the same end as short ones; without the check of the orientation they do not here."""
    game = StageGame(np.random.default_rng(seed).normal(size=(len(shape), *shape)))
    (long_steps,) = solve(game, LogitPath()).equilibria
    monkeypatch.setattr(continuation, "TARGET", 0.001)
    monkeypatch.setattr(continuation, "LONGEST_STEP", 0.2)
    monkeypatch.setattr(continuation, "SMALLEST_COSINE", 0.99)
    np.testing.assert_allclose(stacked(long_steps.profile), end_of_branch(game), atol=2e-2)


def test_no_limit_is_inferred_where_everything_still_moves_slowly():
    """Shapley (1974): the branch starts beside the mix (1, 2, 3) / 6 but leaves it and ends in (1, 2, 0) / 3."""
    row = np.array([[0, 3, 0], [2, 2, 0], [3, 0, 1]])
    (equilibrium,) = solve(StageGame.from_bimatrix(row, row.T), LogitPath()).equilibria
    np.testing.assert_allclose(stacked(equilibrium.profile), [1 / 3, 2 / 3, 0, 1 / 3, 2 / 3, 0], atol=1e-12)


@settings(max_examples=20, deadline=None)
@given(normal_games(((2, 2), (3, 3), (2, 4))))
def test_the_limit_is_one_of_all_equilibria(game):
    (equilibrium,) = solve(game, LogitPath()).equilibria
    every = solve(game, SupportEnumeration()).equilibria
    assert min(np.abs(stacked(e.profile) - stacked(equilibrium.profile)).max() for e in every) < 1e-9


@settings(max_examples=20, deadline=None)
@given(normal_games(), st.floats(0.01, 30.0), st.sampled_from([1e-6, 1e-3, 7.0, 1e6]))
def test_payoffs_times_c_and_precision_over_c_are_the_same_play(game, precision, c):
    one = solve(game, LogitPath(precision=precision)).responses
    other = solve(StageGame(game.payoffs * c), LogitPath(precision=precision / c)).responses
    assert len(one) == len(other) >= 1
    for left, right in zip(one, other, strict=True):
        np.testing.assert_allclose(stacked(left.profile), stacked(right.profile), atol=1e-9)
        assert left.residual < 1e-10


@settings(max_examples=20, deadline=None)
@given(normal_games(), st.integers(0, 1000), st.sampled_from([1e-6, 1.0, 1e6]))
def test_other_names_and_sizes_change_nothing(game, seed, c):
    other, orders, players = permuted(StageGame(game.payoffs * c), np.random.default_rng(seed))
    (one,) = solve(game, LogitPath()).equilibria
    (two,) = solve(other, LogitPath()).equilibria
    np.testing.assert_allclose(stacked(put_back(two.profile, orders, players)), stacked(one.profile), atol=1e-9)
    for left, right in zip(
        solve(game, LogitPath(precision=2.0)).responses,
        solve(other, LogitPath(precision=2.0 / c)).responses,
        strict=True,
    ):
        np.testing.assert_allclose(stacked(put_back(right.profile, orders, players)), stacked(left.profile), atol=1e-9)


def test_a_branch_that_turns_back_has_several_responses():
    rng = np.random.default_rng(0)
    for _ in range(300):
        game = StageGame(rng.normal(size=(2, 3, 3)))
        table = solve(game, LogitPath()).branch
        if table.n_turning_points:
            break
    turn = int(np.argmax(np.diff(table.precision) < 0.0))
    back = table.precision[turn + 1 :].min()
    middle = 0.5 * (table.precision[turn] + back)
    responses = solve(game, LogitPath(precision=middle)).responses
    assert len(responses) == 3
    for response in responses:
        assert logit_residual(game, response.profile, middle) < 1e-10


def test_precision_zero_is_the_centroid():
    (response,) = solve(PENNIES, LogitPath(precision=0.0)).responses
    np.testing.assert_array_equal(stacked(response.profile), 0.5)


def test_constant_payoffs_leave_everybody_at_the_centroid():
    solution = solve(StageGame(np.full((3, 2, 3, 2), 7.0)), LogitPath())
    (equilibrium,) = solution.equilibria
    np.testing.assert_allclose(equilibrium.profile[1], 1 / 3)


@pytest.mark.parametrize("settings_", [{}, {"precision": 1.5}, {"n_starts": 3}], ids=str)
def test_round_trips(settings_):
    solution = solve(PENNIES, LogitPath(**settings_))
    text = json.dumps(solution.to_dict())
    assert Solution.from_dict(json.loads(text)) == solution
    assert json.dumps(solve(PENNIES, LogitPath(**settings_)).to_dict()) == text
    assert pickle.loads(pickle.dumps(solution)) == solution
    assert isinstance(solution, LogitSolution)
    assert solution.branch.precision[-1] == pytest.approx(solution.branch_precision)


def test_table_of_responses():
    frame = solve(PENNIES, LogitPath(precision=1.0)).to_frame()
    columns = ["response", "precision", "player", "action", "probability", "payoff", "regret"]
    assert list(frame.columns) == columns
    assert len(frame) == 4
    assert "equilibrium" in solve(PENNIES, LogitPath()).to_frame().columns


def test_too_few_steps_find_nothing_and_say_so():
    solution = solve(PENNIES, LogitPath(max_steps=4))
    assert (solution.status, solution.equilibria) == (Status.NO_EQUILIBRIUM_FOUND, ())
    assert "no branch ends in a certified equilibrium" in solution.message
    assert "no end after 4 steps" in solution.message


def test_a_time_limit_stops_it():
    solution = solve(PENNIES, LogitPath(time_limit=0.0))
    assert solution.status is Status.STOPPED_EARLY
    assert "time limit reached" in solution.message
    solution = solve(PENNIES, LogitPath(precision=50.0, time_limit=0.0))
    assert solution.status is Status.STOPPED_EARLY
    assert solution.responses == ()


@pytest.mark.parametrize("s", [1e-5, 1e-3])
def test_an_equilibrium_passed_on_the_way_is_not_named_as_the_limit(s):
    """Payoffs of very different size: the branch lingers near the mixed equilibrium before it goes on."""
    first = np.array([[s, 0, s], [0, 1.005 * s, s], [-1, -1, -1]])
    game = StageGame.from_bimatrix(first, first.T)
    solution = solve(game, LogitPath())
    end = logit_branch(game).probabilities[-1]
    for equilibrium in solution.equilibria:
        assert np.abs(stacked(equilibrium.profile) - end).max() < 0.01
    assert solution.equilibria


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"precision": -1.0}, "precision = -1.0 is not a finite number >= 0"),
        ({"precision": float("nan")}, "precision = nan is not"),
        ({"n_starts": 0}, "n_starts = 0 is not a positive number"),
        ({"n_starts": 2.5}, "n_starts = 2.5 is not a positive number without fraction"),
        ({"max_steps": float("nan")}, "max_steps = nan is not a positive number"),
        ({"precision": 1.0, "n_starts": 2}, "only the branch from the centroid counts"),
    ],
    ids=str,
)
def test_impossible_settings(wrong, words):
    with pytest.raises(ValueError, match=words):
        LogitPath(**wrong)


def test_a_false_response_is_refused():
    """The certificate of responses is the residual: a Nash equilibrium does not pass for one."""
    from dataclasses import dataclass

    from bargain.solvers.logit_solution import LogitProposal

    @dataclass(frozen=True)
    class Liar(LogitPath):
        def propose(self, game):
            return LogitProposal(candidates=((np.array([0.5, 0.5]), np.array([0.1, 0.9])),), message="trust me")

    solution = solve(PENNIES, Liar(precision=1.0))
    assert solution.status is Status.REJECTED_ALL
    assert solution.responses == ()
    assert "residual" in solution.rejected[0].reason
    assert solve(PENNIES, Liar()).success
