"""The experiments of the repository: they run, their findings are text, and the committed tables are what they make."""

from __future__ import annotations

import importlib
import io
import json
from pathlib import Path

import pandas as pd
import pytest

from bargain.plot.output import rounded_table
from bargain.reproduce import experiments
from bargain.standoff import load_scenario

ROOT = Path(__file__).parents[1]
NAMES = [experiment.name for experiment in experiments(ROOT)]
LONG = {
    "calibration",
    "closing_window",
    "critical_patience",
    "dual_track",
    "endurance",
    "expectations",
    "leverage",
    "linkage",
    "parameter_draws",
    "restrict_temporarily",
    "stock_and_time",
    "switch_points",
    "truce_life",
    "truce_path",
}
"""Experiments of some ten seconds each: `make figures` runs them; here their tables must bear out their findings."""


def test_the_experiments_of_the_paper_are_all_there() -> None:
    assert {"stage_game", "dominance", "tariff_payoffs", "shortage", "evidence_map"} <= set(NAMES)
    assert all("?" in experiment.question for experiment in experiments(ROOT))


@pytest.mark.parametrize("name", sorted(LONG))
def test_a_long_experiment_says_what_its_committed_table_bears_out(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT))
    module = importlib.import_module(f"experiments.{name}")
    committed = pd.read_csv(ROOT / "figures" / f"{name}.csv", keep_default_na=False, na_values=[""])
    record = json.loads((ROOT / "figures" / f"{name}.json").read_text(encoding="utf-8"))
    assert record["findings"] == module.findings(committed)
    scenario = load_scenario(module.SETTINGS["scenario"], evidence=module.SETTINGS["evidence"])
    assert record["parameters_hash"] == scenario.hash
    for suffix in (".pdf", ".svg", ".png"):
        assert (ROOT / "figures" / f"{name}{suffix}").stat().st_size > 10_000


@pytest.mark.parametrize("name", [name for name in NAMES if name not in LONG])
def test_the_committed_table_is_what_the_experiment_makes(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT))
    module = importlib.import_module(f"experiments.{name}")
    table = module.run()
    table = rounded_table(table, table.attrs.get("allowed_missing", ()))
    committed = pd.read_csv(ROOT / "figures" / f"{name}.csv", keep_default_na=False, na_values=[""])
    fresh = pd.read_csv(io.StringIO(table.to_csv(index=False)), keep_default_na=False, na_values=[""])
    pd.testing.assert_frame_equal(fresh, committed, check_dtype=False, rtol=1e-7, atol=1e-9)
    record = json.loads((ROOT / "figures" / f"{name}.json").read_text(encoding="utf-8"))
    assert record["findings"] == module.findings(table)
    for suffix in (".pdf", ".svg", ".png"):
        assert (ROOT / "figures" / f"{name}{suffix}").stat().st_size > 10_000
