"""Does it pay to put tariffs, rare earths and chips on one table, and does a deal hold linked that fails alone?

The same negotiation over tariffs only, civil rare earths only, military rare earths against AI chips, and everything,
as truces and as deals with side payments. What is not on the table is held where it was before the standoff, or where
the standoff has it. Gains are over each negotiation's own standoff.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

import bargain as bg
from bargain.plot import DOUBLE_COLUMN, figure_style, letter_panels, new_figure, point_style
from bargain.talks.linkage import linkage, linking_adds

SETTINGS = {
    "scenario": "us-china-2025",
    "evidence": "independent",
    "arrangements": ["truce", "deal"],
    "held": ["reference", "standoff"],
    "threat": "path",
    "solution": "nash",
}
NAMES = {"US": "United States", "CN": "China"}
HELD = {"reference": "as before the standoff", "standoff": "as in the standoff"}
ISSUES = {
    "tariffs": "tariffs only",
    "civil controls": "civil rare earths only",
    "military controls": "military rare earths\nagainst AI chips",
    "everything": "everything",
}
SUM = "sum of the three alone"
SHIFTS = {"US": -0.16, "CN": 0.16}
FACES = {"reference": None, "standoff": "white"}


def run() -> pd.DataFrame:
    scenario = bg.load_scenario(SETTINGS["scenario"], evidence=SETTINGS["evidence"])
    rounds, parts = scenario.rounds(), []
    asked = {key: SETTINGS[key] for key in ("threat", "solution")}
    for arrangement in SETTINGS["arrangements"]:
        agreement = bg.negotiate(scenario, rounds=rounds, arrangement=arrangement, **asked)
        for held in SETTINGS["held"]:
            part = linkage(agreement, held, critical=arrangement == "truce" and held == "reference")
            if not part["certified"].all():
                raise ValueError(f"{arrangement}, held {held}: some certificate fails: {part.to_dict('records')}")
            part.insert(0, "hold", held)
            part.insert(0, "arrangement", arrangement)
            parts.append(part)
    table = pd.concat(parts, ignore_index=True).drop(columns="expected_months")
    numbers = table.select_dtypes(float).columns
    table[numbers] = table[numbers].round(12) + 0.0
    table.attrs["allowed_missing"] = ("ending_months", "alone", "together", "critical_discount_factor")
    table.attrs["parameters_hash"] = scenario.hash
    table.attrs["record"] = {**scenario.record(), "solver": "negotiate(truce and deal, path, nash), linkage"}
    return table


def plot(table: pd.DataFrame) -> Figure:
    rows = [*(name for name in ISSUES if name != "everything"), SUM, "everything"]
    with figure_style():
        figure, axes = new_figure(DOUBLE_COLUMN, 2.9, columns=2, share_y=True)
        for ax, arrangement in zip(axes[0], SETTINGS["arrangements"], strict=True):
            _panel(ax, table[table["arrangement"] == arrangement], rows)
            ax.set_xlabel("gain over the own standoff (bn USD a year)")
            ax.set_title({"truce": "truce without side payments", "deal": "deal with side payments"}[arrangement])
        axes[0, 0].set_yticks(range(len(rows)), [ISSUES.get(name, name) for name in rows])
        axes[0, 0].set_ylim(len(rows) - 0.5, -0.5)
        letter_panels(axes[0])
        handles, labels = axes[0, 0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=2)
    return figure


def _panel(ax: Axes, table: pd.DataFrame, rows: list[str]) -> None:
    ax.axvline(0.0, color="black", linewidth=0.5)
    for place in (rows.index(SUM), rows.index("everything")):
        ax.axhspan(place - 0.5, place + 0.5, color="#F3F3F3", linewidth=0.0, zorder=0)
    for side, name in NAMES.items():
        style = point_style(side)
        for held, face in FACES.items():
            gains = _gains(table, held, side)
            look = {**style, "markerfacecolor": face or style["color"], "markeredgecolor": style["color"]}
            look["markersize"] = 6.5 if face else 4.0
            y = np.arange(len(rows)) + SHIFTS[side]
            label = f"{name}; what is off the table held {HELD[held]}"
            ax.plot([gains[row] for row in rows], y, label=label, zorder=3 if face else 4, **look)
    _none(ax, table, rows)
    ax.tick_params(axis="y", length=0)
    ax.margins(x=0.12)


def _none(ax: Axes, table: pd.DataFrame, rows: list[str]) -> None:
    """Say where nothing is agreed under either level."""
    for place, name in enumerate(rows):
        own = table[table["issues"] == name]
        if len(own) and (own["status"] == "no agreement").all():
            ax.annotate(
                "no agreement",
                (0.0, place),
                (9, 0),
                textcoords="offset points",
                va="center",
                fontsize=7,
                color="#555555",
            )


def _gains(table: pd.DataFrame, held: str, side: str) -> dict[str, float]:
    """Issue -> gain in bn USD a year, and their sum."""
    own = table[(table["hold"] == held) & (table["player"] == side)].set_index("issues")["gain_usd_bn"]
    return {**own.to_dict(), SUM: float(own.drop("everything").sum())}


def findings(table: pd.DataFrame) -> list[str]:
    lines = []
    for (arrangement, held), rows in table.groupby(["arrangement", "hold"], sort=False):
        adds = linking_adds(rows).set_index("player")
        parts = []
        for side, name in NAMES.items():
            own, gains = adds.loc[side], _gains(table[table["arrangement"] == arrangement], held, side)
            single = ", ".join(f"{gains[issue]:+.1f} {_plain(issue)}" for issue in ISSUES if issue != "everything")
            parts.append(
                f"{name} {single}, {own['gain_usd_bn_linked']:+.1f} everything, so that linking adds "
                f"{own['gain_usd_bn_added']:+.1f} ({own['gain_added']:+.3f} % of own GDP)"
            )
        lines.append(f"{arrangement}, the rest held {HELD[held]}, bn USD a year: " + "; ".join(parts))
        lines += _truce_lines(rows) if arrangement == "truce" else []
    return lines


def _truce_lines(rows: pd.DataFrame) -> list[str]:
    """What fails alone but is agreed on linked, what holds alone, and from which discount factor on."""
    once = rows[rows["player"] == rows["player"].iloc[0]].set_index("issues")
    if once.loc["everything", "status"] != "agreement":
        return ["truce over everything: none"]
    lines, alone = [], once.drop("everything")["alone"]
    failing = [f"{_plain(issue)} (with chance {1.0 - chance:.2f})" for issue, chance in alone.items() if chance < 1.0]
    holding = [_plain(issue) for issue, chance in alone.items() if chance == 1.0]
    without = [_plain(issue) for issue, chance in alone.items() if np.isnan(chance)]
    lines.append(
        f"of the truce over everything, the part that fails alone and holds linked: {', '.join(failing) or 'none'}; "
        f"the part that would hold alone: {', '.join(holding) or 'none'}; not among the moves of the issue alone: "
        f"{', '.join(without) or 'none'}"
    )
    both = once.loc["everything", "together"]
    if not np.isnan(both):
        lines.append(f"the truces that hold alone {'also hold' if both else 'do not hold'} put together")
    lives = [_life_text(issue, row) for issue, row in once[once["status"] == "agreement"].iterrows()]
    lines.append("expected life of the truces: " + "; ".join(lives))
    patience = once["critical_discount_factor"].dropna()
    if len(patience):
        shown = ", ".join(f"{_plain(issue)} {value:.3f}" for issue, value in patience.items())
        lines.append(f"the likeliest truce holds down to a discount factor a quarter of: {shown}")
    return lines


def _life_text(issue: str, row: pd.Series) -> str:
    ends = "" if np.isnan(row["ending_months"]) else f", {row['ending_months']:.0f} months if it ends"
    return f"{_plain(issue)} for ever with chance {row['endless']:.2f}{ends}"


def _plain(issue: str) -> str:
    return ISSUES[issue].replace("\n", " ")
