"""Model beside record: how the experiment on past episodes measures and judges, on one small case and by hand."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bargain.evidence import Parameter
from bargain.standoff import load_scenario
from bargain.standoff.record import Spell

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def experiment() -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(ROOT))
        module = importlib.import_module("experiments.episodes")
        patch.setitem(module.SETTINGS, "n_draws", 2)
        yield module


@pytest.fixture(scope="module")
def tariffs(experiment: Any) -> Any:
    return experiment._Comparison(load_scenario("us-china-2018"))


def seen(value: float, low: float, high: float) -> Parameter:
    return Parameter("x", "x", value, low, high, "percent_gdp", "", "test", "assumed")


@pytest.mark.parametrize(
    ("model", "bounds", "verdict"),
    [
        (0.5, (0.4, 0.6), "agreement"),
        (0.2, (0.1, 0.3), "agreement"),
        (0.1, (0.0, 0.25), "ranges overlap"),
        (1.5, (0.9, 2.0), "ranges overlap"),
        (1.5, (1.1, 2.0), "miss"),
        (-0.1, (-0.2, 0.1), "miss"),
    ],
)
def test_a_number_agrees_inside_the_range_of_the_record(
    tariffs: Any, model: float, bounds: tuple[float, float], verdict: str
) -> None:
    ends = dict(zip(("model_low", "model_high"), bounds, strict=True))
    row = tariffs._numbers("loss", "CN", seen(0.5, 0.2, 1.0), model, ends, "percent_gdp")
    assert row["verdict"] == verdict
    assert (row["record_low"], row["record_high"]) == (0.2, 1.0)


def test_a_threat_held_for_ever_costs_its_yearly_loss_where_nothing_changes(tariffs: Any) -> None:
    spell = Spell(months=3.0, levels={"us_tariff": "peak", "cn_tariff": "peak"})
    table = load_scenario("us-china-2018").payoffs()
    expected = -table.terms["tariffs"][(0, 1, *table.cell(("peak", "peak")))]
    assert expected > 0.1
    assert tariffs._threat("CN", spell) == pytest.approx(expected, rel=2e-3)  # the far future is cut off


def test_losses_are_those_of_the_stage_game_at_the_recorded_tariffs(tariffs: Any) -> None:
    rows = {row["subject"]: row for row in tariffs._losses()}
    table = load_scenario("us-china-2018").payoffs()
    cells = [table.cell((level, level)) for level in ("first", "first", "first", "second", "peak", "peak")]
    losses = [[-table.terms["tariffs"][(0, k, *cell)] for cell in cells] for k in (0, 1)]
    assert rows["US"]["model"] == pytest.approx(np.mean(losses[0][:3]))
    assert rows["CN"]["model"] == pytest.approx(np.mean(losses[1]))
    assert rows["CN"]["record"] == 0.3


def test_every_check_of_a_record_gives_a_row_and_findings_count_them(experiment: Any, tariffs: Any) -> None:
    import pandas as pd

    table = pd.DataFrame(list(tariffs.rows()))
    assert list(table["check"]) == ["use", "rent", "loss", "loss", "concession", "negotiated", "transfer"]
    assert set(table["verdict"]) <= set(experiment.MARKS)
    paid = table[table["check"] == "transfer"].iloc[0]
    assert paid["record"] == 100.0
    assert 0.0 < paid["model"] < 100.0
    lines = experiment.findings(table)
    assert lines[0].startswith(f"of 7 comparisons {(table['verdict'] == 'agreement').sum()} agreement")
