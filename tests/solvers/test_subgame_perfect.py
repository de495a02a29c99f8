import numpy as np
import pytest
from known_markov_games import (
    ABREU_SANNIKOV,
    COMMON_INTEREST,
    MATCHING_PENNIES,
    PRISONERS,
    public_goods,
    two_state_prisoners,
)

from bargain.games.polygon import hausdorff
from bargain.games.repeated import RepeatedGame
from bargain.solvers import solve
from bargain.solvers.subgame_perfect import SubgamePerfectPayoffs


def test_three_players_are_sent_to_deals():
    with pytest.raises(ValueError, match=r"2 players, this one has 3 .*EnforceableDeals"):
        solve(RepeatedGame(public_goods(), 0.5), SubgamePerfectPayoffs())


def test_a_stage_game_is_refused():
    with pytest.raises(TypeError, match="solves a RepeatedGame or a MarkovGame, not a StageGame"):
        solve(PRISONERS, SubgamePerfectPayoffs())


@pytest.mark.parametrize("bad", [0, -1, 2.5, True, None])
def test_max_steps_is_checked(bad):
    with pytest.raises(ValueError, match="max_steps"):
        SubgamePerfectPayoffs(max_steps=bad)


def test_stopped_early_keeps_the_proven_outer_bound():
    for solver in (SubgamePerfectPayoffs(max_steps=2), SubgamePerfectPayoffs(time_limit=0.0)):
        solution = solve(RepeatedGame(ABREU_SANNIKOV, 0.3), solver)
        assert (solution.status, solution.scope) == ("stopped_early", "some")
        assert solution.vertices.shape == (0, 2)
        assert len(solution.outer[0]) > 2
        assert "raise max_steps or time_limit" in solution.message


def test_progress_is_reported():
    seen = []
    solve(RepeatedGame(ABREU_SANNIKOV, 0.3), SubgamePerfectPayoffs(), progress=lambda share, stage: seen.append(share))
    assert seen == sorted(seen)
    assert seen[-1] == 1.0


@pytest.mark.parametrize(("shift", "n_vertices"), [(1e-7, 2), (0.0, 2), (-1e-7, 1)])
def test_both_sides_of_a_threshold_are_certified(shift, n_vertices):
    solution = solve(RepeatedGame(PRISONERS, 1 / 7 + shift), SubgamePerfectPayoffs())
    assert (solution.scope, len(solution.vertices)) == ("all", n_vertices)
    assert np.isfinite(solution.minima).all()


@pytest.mark.parametrize(
    ("stage", "discount_factor"),
    [(ABREU_SANNIKOV, 0.3), (ABREU_SANNIKOV, 0.4), (PRISONERS, 0.75), (COMMON_INTEREST, 0.5), (MATCHING_PENNIES, 0.5)],
)
def test_one_state_as_a_markov_game(stage, discount_factor):
    game = RepeatedGame(stage, discount_factor)
    alone, as_markov = (solve(form, SubgamePerfectPayoffs()) for form in (game, game.markov_game()))
    assert alone.status == as_markov.status
    assert alone.scope == as_markov.scope == "all"
    assert hausdorff(alone.vertices, as_markov.vertices, stage.payoff_range) < 1e-8


@pytest.mark.parametrize(("discount_factor", "cooperation"), [(0.34, False), (0.37, True)])
def test_two_states(discount_factor, cooperation):
    solution = solve(two_state_prisoners(discount_factor), SubgamePerfectPayoffs())
    assert (solution.status, solution.scope) == ("solved", "all")
    assert (max(map(len, solution.polygons)) > 1) is cooperation
    assert solution.distance < 1e-8
    assert solution.reach_of_operator(25) < 1e-6
    assert len(solution.to_frame()) == sum(map(len, solution.polygons))
