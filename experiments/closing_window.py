"""Does leverage fade as the other side rebuilds, and would anybody rather act before the window closes?

Licences by rebuilt capacity outside China, chip control by Chinese substitution: what the card is worth to both sides,
and by how much keeping what is agreed beats the best move now, at the defaults and for sides that are impatient and
slow to answer (on a coarser grid of the other variables, for speed).
"""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

import bargain as bg
from bargain.plot import DOUBLE_COLUMN, figure_style, letter_panels, line_style, new_figure
from bargain.plot.style import TEXT_SIZE

SETTINGS = {
    "scenario": "us-china-2025",
    "evidence": "independent",
    "discount_factor": "rounds.discount_factor",
    "cases": {
        "defaults": {"levels": {}, "values": {}, "reply_lag": 1},
        "smaller plants": {"levels": {"rebuilt": 7}, "values": {"rounds.rebuilt.step": 1 / 6}, "reply_lag": 1},
        "impatient, coarse grid": {
            "levels": {"military": 3, "substitution": 2},
            "values": {"rounds.discount_factor": 0.8},
            "reply_lag": 3,
        },
    },
    "windows": {
        "licences": {"variable": "rebuilt", "cases": ["defaults", "smaller plants", "impatient, coarse grid"]},
        "chip_control": {"variable": "substitution", "cases": ["defaults"]},
    },
}
NAMES = {"US": "United States", "CN": "China"}
CARDS = {"licences": "Chinese licences", "chip_control": "US chip control"}
AXES = {
    "licences": "capacity rebuilt outside China (share)",
    "chip_control": "chips that China substitutes (share)",
}
LOOKS = {"defaults": (1.5, 4.0), "smaller plants": (0.7, 2.5), "impatient, coarse grid": (1.5, 4.0)}


def run() -> pd.DataFrame:
    scenario = bg.load_scenario(SETTINGS["scenario"], evidence=SETTINGS["evidence"])
    parts = []
    for case, given in SETTINGS["cases"].items():
        changed = scenario.with_values(given["values"]) if given["values"] else scenario
        agreement = bg.negotiate(changed, levels=given["levels"] or None, reply_lag=given["reply_lag"])
        if not agreement.certified:
            raise ValueError(f"{case}: a certificate fails: {agreement.certificates}")
        usd = dict(zip(agreement.players, agreement.setting.usd, strict=True))
        for card, window in SETTINGS["windows"].items():
            if case not in window["cases"]:
                continue
            part = agreement.closing_window(window["variable"], card).rename(columns={window["variable"]: "level"})
            part.insert(0, "card", card)
            part.insert(0, "case", case)
            part["leverage_usd_bn"] = part["leverage"] * part["player"].map(usd)
            part["keeping"] = part["payoff"] - part["acting"]
            parts.append(part)
    table = pd.concat(parts, ignore_index=True)
    # Twelve digits: what is zero up to rounding is zero.
    numbers = table.select_dtypes(float).columns
    table[numbers] = table[numbers].round(12) + 0.0
    table.attrs["parameters_hash"] = scenario.hash
    table.attrs["record"] = {**scenario.record(), "solver": "negotiate(truce, path, nash), closing_window"}
    return table


def plot(table: pd.DataFrame) -> Figure:
    slow = SETTINGS["cases"]["impatient, coarse grid"]
    words = f"discount {slow['values'][SETTINGS['discount_factor']]:g}, answer after {slow['reply_lag']} quarters"
    panels = (
        ("licences", ("defaults", "smaller plants"), "leverage_usd_bn", "licences: worth to both sides"),
        ("chip_control", ("defaults",), "leverage_usd_bn", "chip control: worth to both sides"),
        ("licences", ("defaults", "smaller plants"), "keeping", "keeping the truce against acting now"),
        ("licences", ("impatient, coarse grid",), "leverage_usd_bn", f"licences, {words}"),
    )
    with figure_style():
        figure, axes = new_figure(DOUBLE_COLUMN, 4.9, rows=2, columns=2)
        for ax, (card, cases, column, title) in zip(axes.ravel(), panels, strict=True):
            for case in cases:
                _lines(ax, table[(table["card"] == card) & (table["case"] == case)], column, case)
            ax.axhline(0.0, color="black", linewidth=0.5, zorder=1)
            ax.set_title(title)
            ax.set_xlabel(AXES[card])
            ax.set_ylabel("worth (bn USD a year)" if column != "keeping" else "keeping less acting (% of GDP)")
        _note(axes[1, 1], table[table["case"] == "impatient, coarse grid"])
        letter_panels(axes.ravel())
        handles, labels = axes[0, 0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=2)
    return figure


def _lines(ax: Axes, rows: pd.DataFrame, column: str, case: str) -> None:
    width, size = LOOKS[case]
    for side, name in NAMES.items():
        own = rows[rows["player"] == side]
        style = {**line_style(side), "linewidth": width, "markersize": size}
        step = SETTINGS["cases"][case]["values"].get("rounds.rebuilt.step")
        label = f"{name}, " + ("values of the scenario" if step is None else f"plants of {step:.2f} of what is missing")
        shown = own[column] if column != "keeping" else own[column].where(own["status"] == "agreement")
        ax.plot(own["level"], shown, label=label, **style)


def _note(ax: Axes, rows: pd.DataFrame) -> None:
    """Where there is no agreement, and who breaks all truces that the other side would keep."""
    without = rows[rows["status"] != "agreement"]
    if without.empty:
        return
    first = float(without["level"].min())
    ax.axvspan(first - 0.06, 1.03, color="#EEEEEE", linewidth=0.0, zorder=0)
    who = [NAMES[code] for code in NAMES if without.loc[without["player"] == code, "acts_first"].any()]
    text = "no truce: " + (
        f"{' and '.join(who)} would break\nall that the other would keep" if who else "none enforces"
    )
    ax.set_xlim(-0.05, 1.05)
    high = float(rows["leverage_usd_bn"].max())
    ax.annotate(text, (first - 0.03, 0.75 * high), fontsize=TEXT_SIZE, va="center")


def findings(table: pd.DataFrame) -> list[str]:
    lines = []
    for (card, case), rows in table.groupby(["card", "case"], sort=False):
        levels = list(dict.fromkeys(rows["level"]))
        parts = []
        for side, name in NAMES.items():
            own = rows[rows["player"] == side]
            worth = ", ".join(f"{value:+.1f}" for value in own["leverage_usd_bn"])
            parts.append(f"to {name} {worth}")
        shown = ", ".join(f"{level:.2f}" for level in levels)
        where = AXES[card].rpartition(" (")[0]
        lines.append(f"{CARDS[card]} ({case}): worth in bn USD a year at {where} {shown}: {'; '.join(parts)}")
        lines.append(f"{CARDS[card]} ({case}): {_acting(rows)}")
    start = table[(table["card"] == "licences") & (table["case"].isin(["defaults", "smaller plants"]))]
    start = start[start["level"] == start["level"].min()].set_index(["case", "player"])["leverage_usd_bn"]
    change = [
        f"{NAMES[side]} from {start['defaults', side]:+.1f} to {start['smaller plants', side]:+.1f}" for side in NAMES
    ]
    share = SETTINGS["cases"]["smaller plants"]["values"]["rounds.rebuilt.step"]
    lines.append(
        f"with plants of {share:.2f} of what is missing in place of those assumed the licences are worth today, in bn "
        f"USD a year, to {' and to '.join(change)}"
    )
    return lines


def _acting(rows: pd.DataFrame) -> str:
    """Whose standoff value falls, and who would rather act than keep anything."""
    falls = []
    for side, name in NAMES.items():
        own = rows[rows["player"] == side]
        change = float(own["standoff"].iloc[-1] - own["standoff"].iloc[0])
        least = float(own.loc[own["status"] == "agreement", "keeping"].min())
        falls.append(f"value of the standoff to {name} {change:+.3f} % of GDP from first to last level")
        falls.append(f"keeping beats acting for {name} by at least {least:.3f} where there is a truce")
    refused = rows[rows["status"] != "agreement"]
    if refused.empty:
        return "; ".join(falls) + "; there is a truce at every level, so nobody would rather act first"
    at = ", ".join(f"{level:.2f}" for level in dict.fromkeys(refused["level"]))
    first = [
        f"{NAMES[side]} at {', '.join(f'{v:.2f}' for v in own['level'])}"
        for side, own in refused[refused["acts_first"]].groupby("player", sort=False)
    ]
    return (
        "; ".join(falls)
        + f"; no truce at {at}; all truces kept by the other are broken by {'; '.join(first) or 'nobody alone'}"
    )
