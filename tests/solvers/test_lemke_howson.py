import numpy as np
import pytest
from known_games import spanned

from bargain.games import StageGame
from bargain.solvers import LemkeHowson, Scope, Status, SupportEnumeration, solve

VON_STENGEL = StageGame.from_bimatrix([[3, 3], [2, 5], [0, 6]], [[3, 2], [2, 6], [3, 1]])


def test_one_label_leads_to_one_equilibrium():
    """The path from the first player's second action ends in the mixed equilibrium (von Stengel 2007)."""
    solution = solve(VON_STENGEL, LemkeHowson(label=1))
    assert len(solution.equilibria) == 1
    np.testing.assert_allclose(solution.equilibria[0].profile[0], [0, 1 / 3, 2 / 3], atol=1e-12)
    np.testing.assert_allclose(solution.equilibria[0].profile[1], [1 / 3, 2 / 3], atol=1e-12)


def test_all_labels_find_some_and_say_so():
    solution = solve(VON_STENGEL, LemkeHowson())
    assert (len(solution.equilibria), solution.scope) == (2, Scope.SOME)
    assert solution.message.startswith("5 of 5 paths ended")


@pytest.mark.parametrize("size", [8, 14])
def test_larger_games_do_not_overflow(size):
    rng = np.random.default_rng(size)
    for _ in range(5):
        solution = solve(StageGame(rng.normal(size=(2, size, size)) * 1e6), LemkeHowson())
        assert solution.equilibria
        assert not solution.rejected


def test_degenerate_games_give_some_of_all():
    rng = np.random.default_rng(2)
    for _ in range(30):
        game = StageGame(rng.integers(0, 3, size=(2, 3, 4)).astype(float))
        solution = solve(game, LemkeHowson())
        every = solve(game, SupportEnumeration())
        assert all(spanned(every, equilibrium.profile) for equilibrium in solution.equilibria)


def test_limits_are_reported():
    short = solve(StageGame(np.random.default_rng(0).normal(size=(2, 8, 8))), LemkeHowson(max_pivots=1))
    assert short.status is Status.NO_EQUILIBRIUM_FOUND
    assert "16 lost, the first at label 0: no end after 1 pivots" in short.message
    assert solve(VON_STENGEL, LemkeHowson(time_limit=0.0)).status is Status.STOPPED_EARLY


def test_a_failing_pivot_is_a_lost_path(monkeypatch):
    def broken(*arguments):
        raise KeyError("label")

    monkeypatch.setattr(LemkeHowson, "_pivots", broken)
    solution = solve(VON_STENGEL, LemkeHowson())
    assert (solution.status, solution.equilibria) == (Status.NO_EQUILIBRIUM_FOUND, ())
    assert "5 lost, the first at label 0: KeyError in a pivot" in solution.message


def test_label_outside_the_game():
    with pytest.raises(ValueError, match=r"label = 5 is not in 0..4"):
        solve(VON_STENGEL, LemkeHowson(label=5))


@pytest.mark.parametrize("m", range(1, 9))
@pytest.mark.parametrize("n", range(1, 9))
def test_every_shape(m, n):
    """The strategies must come in the order of the actions, however a set of labels is walked."""
    game = StageGame(np.random.default_rng(100 * m + n).normal(size=(2, m, n)))
    solution = solve(game, LemkeHowson())
    assert (solution.status, solution.rejected) == (Status.SOLVED, ())
    assert all(equilibrium.certificate.holds for equilibrium in solution.equilibria)
    assert f"{m + n} of {m + n} path ends certified" in solution.message


def test_a_large_rectangular_game():
    game = StageGame(np.random.default_rng(20).normal(size=(2, 20, 15)))
    solution = solve(game, LemkeHowson(label=0))
    assert (solution.status, solution.rejected) == (Status.SOLVED, ())
    assert solution.equilibria[0].certificate.holds
