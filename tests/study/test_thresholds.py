"""Switch thresholds: bisection on the certified set, on games whose thresholds are known in closed form."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import bargain as bg
from bargain.standoff import ScenarioError
from bargain.study import thresholds
from bargain.study.thresholds import support_text, switch_thresholds

SCENARIO = bg.load_scenario("us-china-2025")
KEY = "CN.audience_cost"


class Table:
    """Stands in for the payoffs of a scenario: games given by a function of the parameter."""

    def __init__(self, games: list[bg.StageGame]) -> None:
        self.games = games

    def game(self, draw: int = 0) -> bg.StageGame:
        return self.games[draw]


@pytest.fixture
def along(monkeypatch: pytest.MonkeyPatch) -> Callable[..., thresholds.SwitchPoints]:
    """switch_thresholds over [0, 1] for games that a function of the parameter makes."""

    def call(make: Callable[[float], np.ndarray], **settings: Any) -> thresholds.SwitchPoints:
        def payoffs(self: bg.Scenario, state: Any = None, players: Any = None, draws: Any = None) -> Table:
            return Table([bg.StageGame(make(float(x)), players=("US", "CN")) for x in draws[KEY]])

        monkeypatch.setattr(bg.Scenario, "payoffs", payoffs)
        return switch_thresholds(SCENARIO, KEY, low=0.0, high=1.0, **settings)

    return call


def test_a_known_threshold_is_found_to_the_tolerance(along: Callable[..., thresholds.SwitchPoints]) -> None:
    def dilemma(x: float) -> np.ndarray:  # row 0 is dominant for the row player up to 0.3, row 1 above
        return np.array([[[0.3, 0.3], [x, x]], [[1.0, 0.0], [1.0, 0.0]]])

    found = along(dilemma, tolerance=1e-6, n_grid=7)
    (switch,) = found.switches
    assert switch.low <= 0.3 <= switch.high
    assert switch.high - switch.low <= 1e-6
    assert found.complete
    assert [(b.low, b.high) for b in found.branches] == [(0.0, switch.low), (switch.high, 1.0)]
    assert [len(switch.lost), len(switch.gained)] == [1, 1]


def test_two_changes_in_one_cell_of_the_grid_are_both_found(along: Callable[..., thresholds.SwitchPoints]) -> None:
    def bump(x: float) -> np.ndarray:  # row 1 pays only between 0.49 and 0.53
        value = 0.0004 - (x - 0.51) ** 2
        return np.array([[[0.0, 0.0], [value, value]], [[1.0, 0.0], [1.0, 0.0]]])

    found = along(bump, n_grid=9, tolerance=1e-5)
    assert [round(s.at, 3) for s in found.switches] == [0.49, 0.53]
    assert found.switches[0].gained == found.switches[1].lost


def test_three_regimes_between_two_grid_points_are_told_apart(along: Callable[..., thresholds.SwitchPoints]) -> None:
    def ladder(x: float) -> np.ndarray:  # best row 0 below 0.52, row 1 up to 0.55, row 2 above
        rows = [0.0, 1.0 * (x - 0.52), 2.0 * (x - 0.535)]
        return np.array([[[v, v] for v in rows], [[1.0, 0.0]] * 3])

    found = along(ladder, n_grid=3, tolerance=1e-5)
    assert [round(s.at, 4) for s in found.switches] == [0.52, 0.55]


def test_an_equilibrium_that_comes_and_goes_inside_one_cell_is_found(
    along: Callable[..., thresholds.SwitchPoints],
) -> None:
    def kink(x: float) -> np.ndarray:  # (1, 1) is an equilibrium between 0.503 and 0.525 only
        own = np.array([[1.0, 0.0], [0.0, 0.011 - abs(x - 0.514)]])
        return np.array([own, own])

    found = along(kink)
    assert [round(s.at, 3) for s in found.switches] == [0.503, 0.525]


def test_mixed_equilibria_are_followed_by_their_support(along: Callable[..., thresholds.SwitchPoints]) -> None:
    def coordination(x: float) -> np.ndarray:  # two pure equilibria and a mixed one while x > 0
        own = np.array([[1.0, 0.0], [0.0, x - 0.4]])
        return np.array([own, own])

    found = along(coordination, n_grid=11, tolerance=1e-6)
    assert [round(s.at, 5) for s in found.switches] == [0.4]
    assert len(found.switches[0].gained) == 2
    (through,) = [b for b in found.branches if b.low == 0.0]
    assert through.high == 1.0
    assert {len(b.support[0]) for b in found.branches} == {1, 2}


def test_no_change_is_an_answer(along: Callable[..., thresholds.SwitchPoints]) -> None:
    found = along(lambda x: np.array([[[1.0 + x, 1.0], [0.0, 0.0]], [[1.0, 0.0], [1.0, 0.0]]]))
    assert found.switches == ()
    assert len(found.branches) == 1
    assert found.to_frame().empty
    assert "may be missed" in found.message


def test_a_time_limit_stops_with_what_it_has(along: Callable[..., thresholds.SwitchPoints]) -> None:
    def dilemma(x: float) -> np.ndarray:
        return np.array([[[0.3, 0.3], [x, x]], [[1.0, 0.0], [1.0, 0.0]]])

    found = along(dilemma, n_grid=3, time_limit=0.0)
    assert not found.complete
    assert "time limit" in found.message
    assert [(s.low, s.high) for s in found.switches] == [(0.0, 0.5)]


def test_the_audience_cost_switches_the_round_where_the_ban_begins_to_pay() -> None:
    told: list[float] = []
    found = switch_thresholds(SCENARIO, KEY, progress=lambda share, stage: told.append(share))
    assert (found.low, found.high, found.unit) == (0.0, 0.5, "percent_gdp")
    (switch,) = found.switches
    assert [support_text(s) for s in switch.lost] == ["truce/restricted against truce/open"]
    assert [support_text(s) for s in switch.gained] == ["truce/restricted against truce/ban"]
    for value, action in ((switch.low, "truce/open"), (switch.high, "truce/ban")):
        game = SCENARIO.with_values({KEY: value}).stage_game()
        (equilibrium,) = bg.solve(game, bg.SupportEnumeration()).equilibria
        assert game.actions[1][equilibrium.pure[1]] == action
    assert told == sorted(told)
    assert found.to_frame()["at"].tolist() == [switch.at]


def test_with_a_third_player_it_says_that_only_pure_equilibria_count() -> None:
    found = switch_thresholds(SCENARIO, KEY, players=("US", "CN", "EU"), n_grid=3, tolerance=0.1)
    assert "pure equilibria only" in found.message
    assert all(len(branch.support) == 3 for branch in found.branches)


@pytest.mark.parametrize(
    ("key", "settings", "words"),
    [
        ("CN.audience_kost", {}, "did you mean 'CN.audience_cost'"),
        ("state.mood", {}, "is a choice"),
        (KEY, {"low": 0.4, "high": 0.4}, "is empty"),
        (KEY, {"low": -1.0}, "is not in"),
        (KEY, {"high": float("nan")}, "is not in"),
        (KEY, {"n_grid": 1}, "n_grid = 1"),
        (KEY, {"tolerance": 0.0}, "tolerance = 0.0"),
    ],
)
def test_bad_input_is_named(key: str, settings: dict[str, Any], words: str) -> None:
    with pytest.raises(ScenarioError, match=words):
        switch_thresholds(SCENARIO, key, **settings)


def test_a_name_is_no_scenario() -> None:
    with pytest.raises(ScenarioError, match=r"'us-china-2025' is not a scenario; load_scenario\(\) makes one"):
        switch_thresholds("us-china-2025", KEY)  # type: ignore[arg-type]
