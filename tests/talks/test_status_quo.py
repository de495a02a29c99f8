"""The standoff on the path: whole game first, component by component where that comes to no rest."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from known_markov_games import MATCHING_PENNIES, random_markov
from small_talks import BASE, SMALL, small_rounds

from bargain.games.markov import MarkovGame
from bargain.games.stationary import certify_stationary
from bargain.solvers import Solution, solve
from bargain.talks import setting_of
from bargain.talks.status_quo import StatusQuoPath, component_game


def pennies_then_rest() -> MarkovGame:
    """Two rounds of a different kind: matching pennies in the first state, then a state that is left by nobody."""
    payoffs = np.zeros((2, 2, 2, 2))
    payoffs[0] = MATCHING_PENNIES.payoffs
    payoffs[1, :, 1, 1] = 3.0
    chances = np.zeros((2, 2, 2, 2))
    chances[0, ..., 0], chances[0, ..., 1] = 0.5, 0.5
    chances[1, ..., 1] = 1.0
    return MarkovGame.from_matrix(payoffs, chances, 0.9)


def test_best_replies_from_the_status_quo_are_enough_here() -> None:
    setting = setting_of(BASE, small_rounds())
    found = solve(setting.game, StatusQuoPath(setting.reference))
    assert found.path is not None
    assert found.path_by == "best replies in turn"
    assert Solution.from_dict(found.to_dict()) == found


def test_where_nothing_rests_the_components_are_solved_one_by_one() -> None:
    game = pennies_then_rest()
    found = solve(game, StatusQuoPath((1, 1)))
    assert found.path is not None
    assert "components" in found.path_by
    assert found.path.certificate.holds
    np.testing.assert_allclose(found.path.profile.strategies[0][0], [0.5, 0.5], atol=1e-7)
    np.testing.assert_allclose(found.path.values[1], 3.0)
    # From zero-sum pennies the value is what comes after: 3 d 0.5 / (1 - 0.5 d).
    np.testing.assert_allclose(found.path.values[0], 3 * 0.45 / 0.55, atol=1e-7)


def test_the_whole_and_its_parts_hold_alike() -> None:
    setting = setting_of(BASE, small_rounds())
    by_parts = solve(setting.game, replace(StatusQuoPath(setting.reference), whole=False))
    assert by_parts.path is not None
    assert certify_stationary(setting.game, by_parts.path.profile).certificate.holds


@pytest.mark.parametrize("seed", range(5))
def test_a_component_game_pays_what_the_whole_game_pays(seed: int) -> None:
    game = random_markov(np.random.default_rng(seed), 5, (2, 3), 3, 0.8)
    found = solve(game, StatusQuoPath((0, 0)))
    assert found.path is not None
    group = np.array([1, 3])
    part = component_game(game, group, found.path.values)
    own = type(found.path.profile)(
        [np.concatenate([s[group], np.eye(s.shape[1])[:1]]) for s in found.path.profile.strategies]
    )
    verdict = certify_stationary(part, own)
    np.testing.assert_allclose(verdict.values[:2], found.path.values[group], atol=1e-9)
    assert verdict.certificate.holds


def test_states_that_play_does_not_lead_to_do_not_matter() -> None:
    coarse, fine = BASE.rounds(levels=SMALL | {"rebuilt": 4}), BASE.rounds(levels=SMALL | {"rebuilt": 7})
    assert fine.space.n_states > coarse.space.n_states
    values = []
    for rounds in (coarse, fine):
        setting = setting_of(BASE, rounds)
        found = solve(setting.game, StatusQuoPath(setting.reference, tuple(setting.start.tolist())))
        assert found.path is not None
        assert found.path.certificate.holds
        values.append(setting.at_start(found.path.values))
    assert "states that play may lead to" in found.path_by
    np.testing.assert_allclose(values[0], values[1], atol=1e-12)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"start_profile": 5}, "start_profile = 5 does not hold one entry for each player"),
        ({"start_profile": (0, 0), "start": 5}, "start = 5 does not hold one weight >= 0 for each state"),
        ({"start_profile": (0, 0), "start": (0.0, 0.0)}, "one of them positive"),
        ({"start_profile": (0, 0), "start": (1.0, float("nan"))}, "does not hold one weight >= 0 for each state"),
        ({"start_profile": (0, 0), "n_starts": -1}, "n_starts = -1 is not a number >= 0"),
    ],
)
def test_what_is_no_setting_is_named(settings: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        StatusQuoPath(**settings)  # type: ignore[arg-type]


def test_a_start_of_another_game_is_refused() -> None:
    with pytest.raises(ValueError, match="start has 3 weights for 2 states"):
        solve(pennies_then_rest(), StatusQuoPath((1, 1), (1.0, 0.0, 0.0)))
