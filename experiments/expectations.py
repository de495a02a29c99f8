"""Which of the expectations that the model was designed with does the model bear out, and which not?

Each expectation is a range for a number; the number is computed under several readings: parameter values, stocks, the
form of the audience cost, draws of all parameters. Confirmed: all in the range. Refuted: none. Partly: some.
"""

from __future__ import annotations

import textwrap

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

import bargain as bg
from bargain.plot import DOUBLE_COLUMN, OKABE_ITO, figure_style, new_figure, point_style
from bargain.plot.style import TEXT_SIZE
from bargain.study.expectations import VERDICTS, expectation_frame, expectations, range_text

SETTINGS = {"scenario": "us-china-2025", "evidence": "independent", "n_draws": 40, "seed": 0, "n_starts": 4}
SYMBOLS = {"confirmed": "o", "partly": "D", "refuted": "X"}
FACES = {"confirmed": "black", "partly": "#BBBBBB", "refuted": "white"}
NAMES = {"US": "United States", "CN": "China", "": "both or neither"}
PLACES = {"expected": 1.05, "model": 1.8, "verdict": 3.23}
"""Left ends of the text columns, in widths of the axes."""


def run() -> pd.DataFrame:
    scenario = bg.load_scenario(SETTINGS["scenario"], evidence=SETTINGS["evidence"])
    given = {name: SETTINGS[name] for name in ("n_draws", "seed", "n_starts")}
    table = expectation_frame(expectations(scenario, **given))
    table["number"] = table["number"].round(10) + 0.0
    table.attrs["parameters_hash"] = scenario.hash
    table.attrs["allowed_missing"] = ("low", "high", "side")
    table.attrs["record"] = {
        **scenario.record(),
        "solver": "nash_tariffs, PureNash, MarkovPerfect(search), StatusQuoPath, EnforceableDeals, negotiate",
    }
    return table


def plot(table: pd.DataFrame) -> Figure:
    names = list(dict.fromkeys(table["id"]))
    with figure_style():
        figure, axes = new_figure(DOUBLE_COLUMN, 0.38 * len(names) + 0.6)
        figure.set_layout_engine("none")  # texts stand outside the axes, at places that we choose
        ax = axes[0, 0]
        ax.set_position((0.395, 0.05, 0.155, 0.925))
        for place, name in enumerate(names):
            _row(ax, table[table["id"] == name], place)
        for name, x in PLACES.items():
            ax.annotate(name, (x, -0.85), va="center", fontsize=TEXT_SIZE, fontweight="bold", annotation_clip=False)
        ax.set_yticks(range(len(names)), [_label(table, name) for name in names])
        ax.set_ylim(len(names) - 0.5, -0.6)
        ax.set_xlim(0.0, 1.0)
        ax.set_xticks([])
        ax.tick_params(axis="y", length=0)
        for side in ("left", "bottom"):
            ax.spines[side].set_visible(False)
        figure.legend(handles=_legend(), loc="lower center", ncols=4, bbox_to_anchor=(0.5, 0.0))
    return figure


def _label(table: pd.DataFrame, name: str) -> str:
    text = table.loc[table["id"] == name, "expectation"].iloc[0]
    return "\n".join(textwrap.wrap(text, 50))


def _row(ax: Axes, rows: pd.DataFrame, place: int) -> None:
    """One expectation: the range in grey, the numbers on it, and in words."""
    first = rows.iloc[0]
    finite = rows.loc[np.isfinite(rows["number"]), "number"]
    ends = (0.0, 1.0) if first["unit"].startswith(("chance", "share")) else ()
    known = [x for x in (*finite, first["low"], first["high"], *ends) if np.isfinite(x)]
    lowest, highest = min(known), max(known)
    width = highest - lowest or 1.0

    def scaled(x: float) -> float:
        return 0.1 + 0.8 * (x - lowest) / width if highest > lowest else 0.5

    if place % 2:
        ax.axhspan(
            place - 0.5, place + 0.5, xmin=-2.54, xmax=3.9, color="#F5F5F5", linewidth=0.0, zorder=0, clip_on=False
        )
    ax.plot([0.02, 0.98], [place, place], color="#C8C8C8", linewidth=0.5, zorder=1)
    low = 0.02 if np.isnan(first["low"]) else scaled(first["low"]) - 0.035
    high = 0.98 if np.isnan(first["high"]) else scaled(first["high"]) + 0.035
    ax.plot([low, high], [place, place], color="#9A9A9A", linewidth=6.0, solid_capstyle="butt", zorder=2)
    for shift, (side, own) in zip((-0.2, 0.2, 0.0), _by_side(rows), strict=True):
        style = _point(side)
        ax.plot([scaled(x) for x in own], np.full(len(own), place + shift), zorder=3, **style)
    texts = {"expected": _expected(first), "model": _span(rows)}
    for name, text in texts.items():
        ax.annotate(text, (PLACES[name], place), va="center", fontsize=TEXT_SIZE, annotation_clip=False)
    verdict = first["verdict"]
    look = {"markerfacecolor": FACES[verdict], "markeredgecolor": "black", "linestyle": "none", "clip_on": False}
    size = 6.0 if SYMBOLS[verdict] == "X" else 4.5
    ax.plot(PLACES["verdict"] + 0.03, place, marker=SYMBOLS[verdict], markersize=size, **look)
    spot = (PLACES["verdict"] + 0.09, place)
    ax.annotate(verdict, spot, va="center", fontsize=TEXT_SIZE, annotation_clip=False)


def _by_side(rows: pd.DataFrame) -> list[tuple[str, list[float]]]:
    sides = rows["side"].fillna("")
    return [(side, list(rows.loc[(sides == side) & np.isfinite(rows["number"]), "number"])) for side in NAMES]


def _point(side: str) -> dict[str, object]:
    if side:
        return {**point_style(side), "markersize": 4.0}
    return {"marker": "d", "markersize": 4.5, "linestyle": "none", "color": OKABE_ITO["black"]}


def _expected(row: pd.Series) -> str:
    low = -np.inf if np.isnan(row["low"]) else row["low"]
    high = np.inf if np.isnan(row["high"]) else row["high"]
    return f"{range_text(low, high)}"


def _span(rows: pd.DataFrame) -> str:
    """The numbers in short: from the least to the largest, and how many lie in the range."""
    low, high = rows["number"].min(), rows["number"].max()
    span = f"{low:.3g}" if low == high else f"{low:.3g} to {high:.3g}"
    unit = rows["unit"].iloc[0]
    return f"{span}; {int(rows['holds'].sum())} of {len(rows)} hold\n({unit})"


def _legend() -> list[object]:
    points = [Line2D([], [], label=name, **_point(side)) for side, name in NAMES.items()]
    return [Patch(color="#9A9A9A", label="expected range (each row on its own scale)"), *points]


def findings(table: pd.DataFrame) -> list[str]:
    one = table.drop_duplicates("id")
    counts = ", ".join(f"{int((one['verdict'] == verdict).sum())} {verdict}" for verdict in VERDICTS)
    lines = [f"of {len(one)} expectations {counts}"]
    for row in one.itertuples():
        own = table[table["id"] == row.id]
        numbers = ", ".join(f"{_reading(case)} {case.number:.3g}" for case in own.itertuples())
        expected = _expected(own.iloc[0])
        lines.append(f"{row.verdict}: {row.expectation} (expected {expected} {row.unit}; model: {numbers})")
    return lines


def _reading(case: object) -> str:
    side = case.side if isinstance(case.side, str) else ""
    return " ".join(filter(None, (side, case.reading)))
