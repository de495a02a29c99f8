"""Which single parameters flip the outcome of one round within their own range, and where?

Every parameter of the scenario in turn, all others at their values: bisection on the certified set of equilibria,
stocks as they are.
"""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure

import bargain as bg
from bargain.plot import DOUBLE_COLUMN, figure_style, new_figure
from bargain.plot.switch_rows import SwitchRow, switch_rows
from bargain.study.thresholds import SwitchPoints, support_text

SETTINGS = {"scenario": "us-china-2025", "evidence": "independent", "n_grid": 9, "tolerance": 1e-3}


def run() -> pd.DataFrame:
    scenario = bg.load_scenario(SETTINGS["scenario"], evidence=SETTINGS["evidence"])
    rows = []
    keys = [key for key, p in scenario.parameters.items() if p.low < p.high and not key.startswith("rounds.")]
    for key in keys:
        found = bg.switch_thresholds(scenario, key, n_grid=SETTINGS["n_grid"], tolerance=SETTINGS["tolerance"])
        rows += _rows(found, scenario.parameters[key].value, scenario.parameters[key].confidence)
    table = pd.DataFrame(rows)
    table["n_parameters"] = len(keys)
    table.attrs["parameters_hash"] = scenario.hash
    table.attrs["record"] = {**scenario.record(), "solver": "SupportEnumeration"}
    return table


def _rows(found: SwitchPoints, value: float, confidence: str) -> list[dict[str, object]]:
    return [
        {
            "parameter": found.parameter,
            "unit": found.unit,
            "low": found.low,
            "value": value,
            "high": found.high,
            "confidence": confidence,
            "switch": switch.at,
            "bracket": switch.high - switch.low,
            "side": "above" if switch.at > value else "below",
            "lost": "; ".join(map(support_text, switch.lost)),
            "gained": "; ".join(map(support_text, switch.gained)),
            "complete": found.complete,
        }
        for switch in found.switches
    ]


def _nearest(table: pd.DataFrame) -> pd.DataFrame:
    """The nearest switch of every parameter, nearest first: distance from the value as a share of the range."""
    distance = (table["switch"] - table["value"]).abs() / (table["high"] - table["low"])
    ordered = table.assign(distance=distance).sort_values(["distance", "parameter"], ignore_index=True)
    return ordered.drop_duplicates("parameter", ignore_index=True)


def _beyond(row) -> str:
    """What the round turns into on the far side of a switch."""
    return (row.gained if row.side == "above" else row.lost) or "fewer equilibria"


def plot(table: pd.DataFrame) -> Figure:
    rows = []
    for r in _nearest(table).itertuples():
        switches = tuple(table.loc[table["parameter"] == r.parameter, "switch"])
        pure = [text for text in _beyond(r).split("; ") if "+" not in text]
        text = f"{r.value:g}, {r.side} {r.switch:.3g}: {'; '.join(pure) or 'mixed'}"
        rows.append(SwitchRow(r.parameter, r.low, r.high, r.value, switches, text.replace("_", " ")))
    with figure_style():
        figure, axes = new_figure(DOUBLE_COLUMN, 0.165 * len(rows) + 0.5)
        figure.set_layout_engine("none")  # the texts stand outside the axes, at places that we choose
        ax = axes[0, 0]
        ax.set_position((0.335, 0.05, 0.17, 0.91))
        switch_rows(ax, rows)
        ax.set_title("range: value (dot), switches (bars)", fontsize=7, pad=3)
    return figure


def findings(table: pd.DataFrame) -> list[str]:
    nearest = _nearest(table)
    assumed = int((nearest["confidence"] == "assumed").sum())
    closest = ", ".join(f"{r.parameter} {r.value:g} -> {r.switch:.3g}" for r in nearest.head(4).itertuples())
    return [
        f"{len(nearest)} of {int(table['n_parameters'].iloc[0])} parameters flip the round within their own range, "
        f"{assumed} of them assumed; nearest: {closest}"
    ]
