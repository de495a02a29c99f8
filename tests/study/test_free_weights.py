"""Payoffs linear in the free weights against the world itself, and bounds against many random weights."""

from __future__ import annotations

import numpy as np
import pytest

from bargain.games.stationary import StationaryProfile, certify_stationary
from bargain.standoff import ScenarioError, load_scenario
from bargain.study import free_weights as module
from bargain.study.free_weights import (
    constant_gains,
    free_weights,
    future,
    least_gain,
    round_gains,
    same_chances,
    weight_draws,
    weighted_game,
)

SCENARIO = load_scenario("us-china-2025")
LEVELS = {"military": 10, "rebuilt": 1, "substitution": 2}
GAME = weighted_game(SCENARIO, LEVELS)
MOVES = GAME.rounds.table.moves
RNG = np.random.default_rng(3)


def cell(us: str, cn: str) -> int:
    place = MOVES.actions[0].index(us), MOVES.actions[1].index(cn)
    return int(np.ravel_multi_index(place, MOVES.shape))


def gains_by_hand(payoffs: np.ndarray, state: int, place: tuple[int, int]) -> float:
    """Largest gain of one round, straight from the payoff table ``(n_states, 2, n_us, n_cn)``."""
    i, j = place
    us, cn = payoffs[state, 0, :, j] - payoffs[state, 0, i, j], payoffs[state, 1, i] - payoffs[state, 1, i, j]
    return float(max(np.delete(us, i).max(), np.delete(cn, j).max()))


def test_payoffs_are_those_of_the_world_at_any_weights() -> None:
    draws = weight_draws(SCENARIO, 4, seed=1)
    direct = SCENARIO.rounds(draws=draws, levels=LEVELS)
    np.testing.assert_allclose(GAME.payoffs(GAME.at(draws)), direct.payoffs, atol=1e-12)
    np.testing.assert_array_equal(direct.probabilities[3], GAME.game(GAME.at(draws)[3]).probabilities)


def test_all_assumed_preferences_with_a_range_are_free() -> None:
    assert len(free_weights(SCENARIO)) == 11
    assert all(SCENARIO.parameters[key].confidence == "assumed" for key in free_weights(SCENARIO))
    assert len(GAME.coordinates) == 10  # one weight in two moods stands for a weight and two factors


def test_a_draw_does_not_depend_on_how_many_there_are() -> None:
    few, many = weight_draws(SCENARIO, 3, seed=2), weight_draws(SCENARIO, 9, seed=2)
    for key in free_weights(SCENARIO):
        p = SCENARIO.parameters[key]
        np.testing.assert_array_equal(few[key], many[key][:3])
        assert (many[key] >= p.low).all()
        assert (many[key] <= p.high).all()
    with pytest.raises(ScenarioError, match="n_draws = 0 is not"):
        weight_draws(SCENARIO, 0)


@pytest.mark.parametrize("cn", ["truce/slow", "truce/ban", "truce/open", "peak/ban"])
def test_the_least_gain_is_attained_and_nothing_is_below_its_bound(cn: str) -> None:
    us = "peak/restricted" if cn == "peak/ban" else "truce/restricted"
    place = MOVES.actions[0].index(us), MOVES.actions[1].index(cn)
    state = GAME.states("hawk")[0]
    found = least_gain(GAME, round_gains(GAME, cell(us, cn), [state]))
    assert found.bound <= found.value + 1e-12
    assert found.value - found.bound < 1e-8
    for key, value in found.weights:
        assert SCENARIO.parameters[key].low <= value <= SCENARIO.parameters[key].high
    point = GAME.at({key: np.array([value]) for key, value in found.weights})[0]
    assert gains_by_hand(GAME.payoffs(point), state, place) == pytest.approx(found.value, abs=1e-9)
    draws = GAME.at(weight_draws(SCENARIO, 300, seed=4))
    worst = min(gains_by_hand(table, state, place) for table in GAME.payoffs(draws))
    assert worst >= found.bound - 1e-12
    assert found.possible is (cn != "truce/slow")


def test_the_gains_of_constant_moves_are_those_of_the_certificate() -> None:
    number = cell("truce/restricted", "truce/open")
    gains = constant_gains(GAME, number)
    for point in GAME.at(weight_draws(SCENARIO, 3, seed=6)):
        game = GAME.game(point)
        action = np.unravel_index(number, MOVES.shape)
        profile = StationaryProfile.pure(game, [tuple(int(a) for a in action)] * game.n_states)
        regret = certify_stationary(game, profile).certificate.regret
        largest = max(0.0, float((gains[:, 0] + gains[:, 1:] @ point).max()))
        assert largest == pytest.approx(float(regret.max()), abs=1e-10)


def test_tariffs_and_nothing_else_leave_the_future_as_it_is() -> None:
    chances = future(GAME, GAME.states("hawk")[0])
    np.testing.assert_allclose(chances.sum(axis=1), 1.0)
    here = cell("truce/restricted", "truce/dual_track")
    alike = same_chances(chances, here, np.arange(len(chances)))
    for number, same in enumerate(alike):
        us, cn = (MOVES.actions[k][a] for k, a in enumerate(np.unravel_index(number, MOVES.shape)))
        if us.endswith("/restricted") and cn.endswith("/dual_track"):
            assert same
        if us.endswith("/restricted") and cn.endswith("/open"):
            assert not same


def test_weights_that_payoffs_are_not_linear_in_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def fewer(*arguments: object) -> object:
        names, points = known(*arguments)
        return names[1:], points[1:]

    known = module._coordinates
    monkeypatch.setattr(module, "_coordinates", fewer)
    with pytest.raises(ScenarioError, match="payoffs are off by"):
        weighted_game(SCENARIO, LEVELS)
