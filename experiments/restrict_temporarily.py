"""For how long does an export control pay its own sender, if every quarter of it speeds up rebuilding elsewhere?

Each control held for 0, 1, 2, ... quarters and then lifted for good, against never having restricted. While it lasts
the sender has its security gain less the rent on withheld sales, and a share of what the target loses; supply elsewhere
grows faster than it would have, and stays. Chinese licences and the US chip control, at every level, at several factors
by which withholding speeds up rebuilding; as assumed, without a gain from the threat alone, and without concessions.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

import bargain as bg
from bargain.plot import DOUBLE_COLUMN, figure_style, letter_panels, line_style, new_figure
from bargain.standoff.mechanism_commitment import LONGEST, Control, restriction

SETTINGS = {
    "scenario": "us-china-2025",
    "evidence": "independent",
    "controls": {"licences": ["dual_track", "slow", "ban"], "chip_control": ["restricted", "ban"]},
    "withheld_factors": [1.0, 1.5, 2.0, 3.0, 4.0],
    "cases": {
        "as assumed": {},
        "no gain from the threat alone": {"standing_share": 0.0},
        "no concessions": {"standing_share": 0.0, "concession_share": 0.0},
    },
}
NAMES = {"US": "United States", "CN": "China"}
WHAT = {"licences": "Chinese licences", "chip_control": "US chip control"}
LEVELS = {"dual_track": "dual track", "slow": "slow", "ban": "ban", "restricted": "restricted"}
DASHES = {"dual_track": (0, (1, 1)), "slow": (0, (5, 1.2)), "restricted": (0, (4, 1, 1, 1)), "ban": "-"}
SHORT = {"US": "US chip control:", "CN": "Chinese licences:"}
TITLES = {
    "as assumed": "as assumed",
    "no gain from the threat alone": "threat alone gains 0",
    "no concessions": "no concessions",
}


def run() -> pd.DataFrame:
    scenario = bg.load_scenario(SETTINGS["scenario"], evidence=SETTINGS["evidence"])
    rows: list[dict[str, object]] = []
    for instrument, levels in SETTINGS["controls"].items():
        for level in levels:
            control = Control.of(scenario, instrument, level)
            usual = scenario.parameters[f"rounds.{control.capacity}.withheld_factor"].value
            for case, shares in SETTINGS["cases"].items():
                for factor in sorted({*SETTINGS["withheld_factors"], usual}):
                    rows += [{"case": case, **row} for row in _rows(scenario, control, shares, factor, factor == usual)]
    table = pd.DataFrame(rows)
    numbers = table.select_dtypes(float).columns
    table[numbers] = table[numbers].round(12) + 0.0
    table.attrs["parameters_hash"] = scenario.hash
    table.attrs["record"] = {**scenario.record(), "solver": "restriction: every length compared"}
    return table


def _rows(
    scenario: bg.Scenario, control: Control, shares: dict[str, float], factor: float, usual: bool
) -> list[dict[str, object]]:
    """One row for every length at the scenario's factor, the best length alone at the others."""
    found = restriction(scenario, control.instrument, control.level, withheld_factor=factor, **shares)
    return [
        {
            "sender": control.owner,
            "instrument": control.instrument,
            "level": control.level,
            "withheld_factor": factor,
            "quarters": n,
            "gained": float(found.gained[n]),
            "lost_later": float(found.lost[n]),
            "worth": float(found.worth[n]),
            "capacity_elsewhere": float(found.capacity[n]),
            "best": n == found.length,
            "usual_factor": usual,
        }
        for n in range(LONGEST + 1)
        if usual or n == found.length
    ]


def plot(table: pd.DataFrame) -> Figure:
    cases, widths = list(SETTINGS["cases"]), [1.5, 1.0, 1.0, 1.0]
    with figure_style():
        figure, axes = new_figure(DOUBLE_COLUMN, 4.6, rows=2, columns=1 + len(cases), width_ratios=widths)
        for row, (instrument, own) in zip(axes, table.groupby("instrument", sort=False), strict=True):
            _worth_panel(row[0], own)
            row[0].set_title(f"{WHAT[instrument]}: worth")
            for ax, case in zip(row[1:], cases, strict=True):
                _length_panel(ax, own[own["case"] == case])
                ax.set_title(TITLES[case])
            row[1].set_ylabel(f"best of {LONGEST} quarters tried")
        for ax in axes[-1, 1:]:
            ax.set_xlabel("factor of rebuilding")
        axes[-1, 0].set_xlabel("quarters of restriction")
        letter_panels(axes.ravel())
        kinds = table.drop_duplicates(["instrument", "level"])
        lines = [Line2D([], [], **_line(row.sender, row.level)) for row in kinds.itertuples()]
        names = [f"{SHORT[row.sender]} {LEVELS[row.level]}" for row in kinds.itertuples()]
        figure.legend(lines, names, loc="outside lower center", ncols=3)
    return figure


def _line(sender: str, level: str) -> dict[str, object]:
    return {**line_style(sender), "linestyle": DASHES[level]}


def _worth_panel(ax: Axes, own: pd.DataFrame) -> None:
    """Worth against the length at the scenario's factor, as assumed; a dot at the best length."""
    shown = own[own["usual_factor"] & (own["case"] == next(iter(SETTINGS["cases"])))]
    ax.axhline(0.0, color="black", linewidth=0.5)
    for level, rows in shown.groupby("level", sort=False):
        style = _line(own["sender"].iloc[0], level)
        best = np.flatnonzero(rows["best"])
        ax.plot(rows["quarters"], rows["worth"], markevery=best.tolist(), **style)
    ax.set_ylabel("worth (% of own GDP a year)")
    ax.set_xlim(-1, LONGEST)


def _length_panel(ax: Axes, own: pd.DataFrame) -> None:
    """Best length against the factor by which withholding speeds up rebuilding, in one case."""
    for level, rows in own[own["best"]].groupby("level", sort=False):
        ax.plot(rows["withheld_factor"], rows["quarters"], **_line(own["sender"].iloc[0], level))
    ax.set_xticks([1, 2, 3, 4])
    ax.set_ylim(-1.5, LONGEST + 1.5)


def findings(table: pd.DataFrame) -> list[str]:
    lines = []
    for (sender, instrument, level), rows in table.groupby(["sender", "instrument", "level"], sort=False):
        parts = []
        for case, own in rows.groupby("case", sort=False):
            best = own[own["best"]].sort_values("withheld_factor")
            usual = best[best["usual_factor"]].iloc[0]
            lengths = ", ".join(f"{row.quarters} at {row.withheld_factor:g}" for row in best.itertuples())
            parts.append(
                f"{case}: {_length(usual)}, worth {usual['worth']:+.4f} % of GDP a year ({usual['gained']:+.4f} while "
                f"it lasts, {0.0 - usual['lost_later']:+.4f} later); by the factor of rebuilding {lengths}"
            )
        lines.append(f"{WHAT[instrument]} at {LEVELS[level]}, best length for {NAMES[sender]}: " + "; ".join(parts))
    return lines


def _length(row: pd.Series) -> str:
    if row["quarters"] == 0:
        return "no restriction at all"
    limit = ", the longest tried" if row["quarters"] == LONGEST else ""
    limit += ", when all is rebuilt" if row["capacity_elsewhere"] >= 1.0 else ""
    return f"{row['quarters']} quarters{limit}"
