"""What is each card worth to both sides: how do their negotiated payoffs change because an instrument exists?

Each instrument frozen at a named level, standoff and truce found anew, at the low, middle and high figure for US
military stocks. Positive: the side is better off because the card exists; both sides may gain or lose by the same one.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

import bargain as bg
from bargain.plot import DOUBLE_COLUMN, figure_style, letter_panels, new_figure, point_style

SETTINGS = {
    "scenario": "us-china-2025",
    "evidence": "independent",
    "stock": "heavy_rare_earths.US.military_stock_months",
}
NAMES = {"US": "United States", "CN": "China"}
OWNERS = {"us_tariff": "US tariff", "chip_control": "US chip control", "cn_tariff": "Chinese tariff"}
OWNERS |= {"licences": "Chinese licences", "all tariffs": "tariffs of both"}
LOOKS = (("white", 7.0), ("#BBBBBB", 4.5), (None, 4.5))
SHIFTS = {"US": -0.17, "CN": 0.17}


def run() -> pd.DataFrame:
    scenario = bg.load_scenario(SETTINGS["scenario"], evidence=SETTINGS["evidence"])
    stock = scenario.parameters[SETTINGS["stock"]]
    parts = []
    for months in (stock.low, stock.value, stock.high):
        agreement = bg.negotiate(scenario.with_values({SETTINGS["stock"]: float(months)}))
        if not agreement.certified:
            raise ValueError(f"stocks of {months:g} months: some certificate fails: {agreement.certificates}")
        part = agreement.leverage()
        with_it = dict(zip(agreement.players, agreement.payoffs, strict=True))
        part.insert(0, "stock_months", float(months))
        part["payoff_with_it"] = part["player"].map(with_it)
        parts.append(part)
    table = pd.concat(parts, ignore_index=True)
    # Twelve digits: what is zero up to rounding is zero.
    numbers = table.select_dtypes(float).columns
    table[numbers] = table[numbers].round(12) + 0.0
    table.attrs["parameters_hash"] = scenario.hash
    table.attrs["record"] = {**scenario.record(), "solver": "negotiate(truce, path, nash), leverage"}
    return table


def plot(table: pd.DataFrame) -> Figure:
    cards = list(dict.fromkeys(table["frozen"]))
    columns = {
        "change_usd_bn": "worth of the card (bn USD a year)",
        "change": "worth of the card (% of own GDP a year)",
    }
    with figure_style():
        figure, axes = new_figure(DOUBLE_COLUMN, 3.4, columns=2, share_y=True)
        for ax, (column, label) in zip(axes[0], columns.items(), strict=True):
            _panel(ax, table, cards, column)
            ax.set_xlabel(label)
        axes[0, 0].set_yticks(range(len(cards)), [_card(card) for card in cards])
        axes[0, 0].set_ylim(len(cards) - 0.5, -0.5)
        axes[0, 0].set_title("in dollars")
        axes[0, 1].set_title("as a share of own GDP")
        letter_panels(axes[0])
        handles, labels = axes[0, 0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=2)
    return figure


def _panel(ax: Axes, table: pd.DataFrame, cards: list[str], column: str) -> None:
    ax.axvline(0.0, color="black", linewidth=0.5)
    for place in range(1, len(cards), 2):
        ax.axhspan(place - 0.5, place + 0.5, color="#F3F3F3", linewidth=0.0, zorder=0)
    for side, name in NAMES.items():
        own = table[table["player"] == side]
        style = point_style(side)
        for (face, size), (months, rows) in zip(LOOKS, own.groupby("stock_months"), strict=True):
            rows = rows.set_index("frozen").loc[cards]
            look = {**style, "markerfacecolor": face or style["color"], "markeredgecolor": style["color"]}
            look["markersize"] = size
            y = np.arange(len(cards)) + SHIFTS[side]
            ax.plot(rows[column], y, label=f"{name}, US military stocks of {months:g} months", zorder=3, **look)
        ends = own.groupby("frozen")[column].agg(["min", "max"]).loc[cards]
        ax.hlines(
            np.arange(len(cards)) + SHIFTS[side],
            ends["min"],
            ends["max"],
            color=style["color"],
            linewidth=0.7,
            zorder=2,
        )
    ax.tick_params(axis="y", length=0)


def _card(frozen: str) -> str:
    """The card in words, and the level at which it would be frozen."""
    name, _, level = frozen.rpartition(" ")
    held = "as before 2025" if level == "pre_2025" else f"at {level}"
    return f"{OWNERS[name]}, free or held\n{held}"


def findings(table: pd.DataFrame) -> list[str]:
    lines = []
    for frozen, rows in table.groupby("frozen", sort=False):
        parts = []
        for side, name in NAMES.items():
            own = rows[rows["player"] == side]
            dollars = ", ".join(f"{value:+.1f}" for value in own["change_usd_bn"])
            shares = ", ".join(f"{value:+.3f}" for value in own["change"])
            parts.append(f"{name} {dollars} bn USD a year ({shares} % of own GDP)")
        months = " / ".join(f"{value:g}" for value in dict.fromkeys(rows["stock_months"]))
        lines.append(
            f"{_card(frozen).replace(chr(10), ' ')}: the freedom is worth, at US military stocks of {months} months: "
            + "; ".join(parts)
        )
    owned = {"US": ("us_tariff", "chip_control"), "CN": ("cn_tariff", "licences")}
    hurt = [
        f"{_card(row.frozen).replace(chr(10), ' ')} ({row.stock_months:g} months)"
        for row in table.itertuples()
        if row.change_usd_bn < 0.0 and row.frozen.rpartition(" ")[0] in owned[row.player]
    ]
    lines.append("cards that leave their own holder worse off: " + ("; ".join(hurt) or "none"))
    return lines
