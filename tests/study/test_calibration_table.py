"""The table of the calibration and the page made from it, on a tiny grid and few draws."""

from __future__ import annotations

from functools import cache

import pandas as pd
import pytest

from bargain.standoff import load_scenario
from bargain.study.calibration import ROLES
from bargain.study.calibration_page import TABLES, WORDS, chance, percent, with_tables
from bargain.study.calibration_table import COLUMNS, CalibrationPlan, calibration_table
from bargain.study.free_weights import free_weights

SCENARIO = load_scenario("us-china-2025")
PAGE = "\n".join(f"<!-- calibration: {name} -->\nold\n<!-- end -->\ntext" for name in (*TABLES, "findings"))


@cache
def table() -> pd.DataFrame:
    levels = (("military", 10), ("rebuilt", 1), ("substitution", 1))
    plan = CalibrationPlan(levels, n_draws=3, n_first_rounds=200, fine_levels=levels, n_fine=1, n_rare=1, n_bins=2)
    return calibration_table(SCENARIO, plan)


def part(name: str) -> pd.DataFrame:
    return table()[table()["part"] == name]


def test_every_part_has_its_rows() -> None:
    n_weights, n_roles = len(free_weights(SCENARIO)), len(ROLES)
    assert list(table().columns) == list(COLUMNS)
    assert len(part("target")) == 4 * 4
    assert len(part("role")) == 4 * 2 * n_roles
    assert len(part("move")) == (1 + 4 + 4 + 3) * 2
    assert len(part("grid")) == n_roles
    assert part("common").groupby(["role", "mood"])["share"].max().between(0.0, 1.0, inclusive="right").all()
    assert len(part("pair")) == 6 * 2
    assert len(part("profile")) == 2 * n_weights
    assert len(part("identified")) == 2 * 4 * n_weights
    assert len(part("fit")) == 3 * 3 * (5 + 4)


def test_the_same_grid_gives_the_same_answers() -> None:
    assert (part("grid")["share"] == 1.0).all()
    assert (part("role")["default"] == part("role")["default_fine"]).all()


def test_shares_add_up() -> None:
    counts = part("fit")[part("fit")["regime"].isna()]
    assert counts.groupby(["role", "mood"])["share"].sum().to_numpy() == pytest.approx(1.0)
    alone = part("fit")[part("fit")["regime"].notna()].groupby(["role", "mood"])["share"].sum()
    numbers = (
        counts.assign(total=counts["key"].astype(float) * counts["share"]).groupby(["role", "mood"])["total"].sum()
    )
    pd.testing.assert_series_equal(alone, numbers, check_names=False)
    assert part("profile").groupby("key")["count"].sum().to_numpy() == pytest.approx(3.0)


def test_what_is_impossible_is_never_drawn() -> None:
    out = part("move")[part("move")["least_gain"] > 1e-9]
    assert len(out)
    filled = part("role").set_index(["regime", "mood", "role"])["text"]
    for row in out.itertuples():
        assert row.key not in filled[row.regime, row.mood, "one round"]


def test_a_pair_is_no_easier_than_its_regimes() -> None:
    single = part("role").set_index(["regime", "mood", "role"])["least_gain"]
    moods = dict(zip(part("target")["regime"], part("target")["mood"], strict=True))
    for row in part("pair").dropna(subset=["least_gain"]).itertuples():
        assert row.least_gain >= max(single[name, moods[name], row.role] for name in (row.regime, row.key)) - 1e-9


def test_the_page_is_made_from_the_table_and_stays() -> None:
    assert set(WORDS) == set(free_weights(SCENARIO))
    page = with_tables(PAGE, table(), ["one finding"])
    assert "old" not in page
    assert "- one finding" in page
    assert page.count("\ntext") == len(TABLES) + 1
    assert with_tables(page, table(), ["one finding"]) == page
    assert "magnets_monthly 2025-05 (0.0742)" in page
    with pytest.raises(ValueError, match="'nothing' names no table"):
        with_tables("<!-- calibration: nothing -->\n<!-- end -->", table())


def test_numbers_in_words() -> None:
    assert [chance(x) for x in (0.0, 1.0, 1.0 / 3.0)] == ["no", "yes", "in part (0.33)"]
    assert [percent(x) for x in (0.0, 0.0043, 0.5)] == ["0 %", "0.43 %", "50 %"]
