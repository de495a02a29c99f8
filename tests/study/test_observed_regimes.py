"""Observed regimes: readings against the raw tables, and the rule of thirds against a plain count."""

from __future__ import annotations

import csv
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bargain.standoff import ScenarioError, load_scenario
from bargain.standoff.instruments import moves
from bargain.study.regimes import levels_near, observed_regimes

SCENARIO = load_scenario("us-china-2025")
REGIMES = {regime.name: regime for regime in observed_regimes(SCENARIO)}
KEYS = {"tariffs_timeline": "date", "magnets_monthly": "month", "moves_timeline": "id"}


def raw(table: str, key: str) -> dict[str, str]:
    text = (files("bargain.evidence") / "data" / f"{table}.csv").read_text(encoding="utf-8")
    (row,) = [row for row in csv.DictReader(text.splitlines()) if row[KEYS[table]] == key]
    return row


def test_the_levels_are_those_of_the_record() -> None:
    levels = {name: dict(regime.levels) for name, regime in REGIMES.items()}
    both, chips = ("slow", "ban"), ("restricted", "ban")
    assert levels["january"] == {
        "us_tariff": ("pre_2025",),
        "cn_tariff": ("pre_2025",),
        "chip_control": ("restricted",),
        "licences": ("open",),
    }
    assert levels["escalation"] == {
        "us_tariff": ("peak",),
        "cn_tariff": ("peak",),
        "chip_control": chips,
        "licences": both,
    }
    assert levels["geneva"] == {
        "us_tariff": ("truce",),
        "cn_tariff": ("truce",),
        "chip_control": chips,
        "licences": both,
    }
    assert levels["busan"]["licences"] == ("open", "dual_track", "slow")
    assert levels["busan"]["chip_control"] == ("restricted",)


def test_every_reading_is_a_row_of_the_evidence() -> None:
    magnets = [raw("magnets_monthly", f"2024-{month:02d}")["magnets_to_us_t"] for month in range(1, 13)]
    normal = sum(map(float, magnets)) / 12.0
    for regime in REGIMES.values():
        for instrument, readings in regime.readings.items():
            for reading in readings:
                table, _, key = reading.row.partition(" ")
                row = raw(table, key)
                assert row.get("observed", "true") == "true"
                if table == "tariffs_timeline":
                    value = float(row["us_tariff_on_cn" if instrument == "us_tariff" else "cn_tariff_on_us"])
                elif table == "magnets_monthly":
                    value = float(row["magnets_to_us_t"]) / normal
                else:
                    value = 1.0 - float(row["index_after"])
                assert reading.value == pytest.approx(value)
                assert set(reading.levels) <= set(regime.levels[instrument])


def test_a_regime_is_all_moves_at_its_levels() -> None:
    own = moves(SCENARIO.file, SCENARIO.players)
    for regime in REGIMES.values():
        cells = regime.cells(own)
        for place, (us, cn) in zip(
            [(i, j) for i in range(own.shape[0]) for j in range(own.shape[1])],
            [(us, cn) for us in own.actions[0] for cn in own.actions[1]],
            strict=True,
        ):
            named = dict(
                zip(
                    ("us_tariff", "chip_control", "cn_tariff", "licences"),
                    [*us.split("/"), *cn.split("/")],
                    strict=True,
                )
            )
            assert cells[place] == all(named[name] in levels for name, levels in regime.levels.items())
    assert {name: int(regime.cells(own).sum()) for name, regime in REGIMES.items()} == {
        "january": 1,
        "escalation": 4,
        "geneva": 4,
        "busan": 3,
    }


@given(st.floats(-0.5, 1.5), st.lists(st.integers(0, 20), min_size=1, max_size=5, unique=True))
def test_a_value_is_read_as_the_nearest_level_or_as_both(value: float, places: list[int]) -> None:
    scale = {str(place): place / 20.0 for place in places}
    near = levels_near(value, scale)
    gaps = {level: abs(place - value) for level, place in scale.items()}
    nearest = min(gaps, key=lambda level: gaps[level])
    assert nearest in near
    assert 1 <= len(near) <= 2
    if len(near) == 2:
        low, high = sorted(scale[level] for level in near)
        assert 0.33 < (value - low) / (high - low) < 0.67
        assert not any(low < place < high for place in scale.values())


def test_levels_that_flows_cannot_tell_apart_go_together() -> None:
    assert levels_near(0.95, {"open": 1.0, "dual_track": 1.0, "slow": 0.3}) == ("open", "dual_track")
    assert levels_near(1.4, {"open": 1.0, "ban": 0.0}) == ("open",)


def test_a_scenario_without_the_instruments_is_refused() -> None:
    with pytest.raises(ScenarioError, match="which the record of 2025-26 is about"):
        observed_regimes(load_scenario("us-china-2018"))
