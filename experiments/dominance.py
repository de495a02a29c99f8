"""Which moves are dominant in one round, for whom, at which stock, and in what share of the parameter draws?

Draws from the ranges of all parameters; strict dominance among pure moves, with and without the assumed audience cost.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

import bargain as bg
from bargain.games.dominance import dominant_actions, dominated_actions
from bargain.plot import DOUBLE_COLUMN, OKABE_ITO, PLAYER_COLOURS, figure_style, letter_panels, new_figure
from bargain.standoff import PayoffTable

SETTINGS = {
    "scenario": "us-china-2025",
    "evidence": "independent",
    "n_draws": 1000,
    "seed": 2025,
    "stocks": {"of 18 months": 18.0, "as they are": None, "empty": 0.0},
    "variants": {"with audience cost": None, "without": "no_audience"},
}
NAMES = {"US": "United States", "CN": "China"}


def run() -> pd.DataFrame:
    scenario = bg.load_scenario(SETTINGS["scenario"], evidence=SETTINGS["evidence"])
    draws = scenario.draws(SETTINGS["n_draws"], SETTINGS["seed"])
    tables = []
    for stock, months in SETTINGS["stocks"].items():
        for reading, variant in SETTINGS["variants"].items():
            read = scenario.variant(variant) if variant else scenario
            read = read.at(bg.State(military_stock_months=months, civil_stock_months=months))
            kept = {key: array for key, array in draws.items() if key not in read.changed}
            tables.append(_shares(read.payoffs(draws=kept), stock, reading))
    table = pd.concat(tables, ignore_index=True)
    table.attrs["parameters_hash"] = scenario.hash
    table.attrs["record"] = {**scenario.record(), "seed": SETTINGS["seed"], "n_draws": SETTINGS["n_draws"]}
    return table


def _shares(payoffs: PayoffTable, stock: str, reading: str) -> pd.DataFrame:
    """Share of draws in which each move is strictly dominant, undominated, or part of a pure equilibrium."""
    cells = payoffs.stage_payoffs()
    us, cn = cells[:, 0], cells[:, 1]
    equilibrium = (us >= us.max(axis=1, keepdims=True)) & (cn >= cn.max(axis=2, keepdims=True))
    parts = []
    for k, player in enumerate(payoffs.moves.players):
        actions = payoffs.moves.actions[k]
        parts.append(
            pd.DataFrame(
                {
                    "stock": stock,
                    "reading": reading,
                    "player": player,
                    "action": actions,
                    "share_dominant": dominant_actions(cells, 2, k).mean(axis=0),
                    "share_undominated": 1 - dominated_actions(cells, 2, k).mean(axis=0),
                    "share_in_pure_equilibrium": equilibrium.any(axis=2 - k).mean(axis=0),
                }
            )
        )
    table = pd.concat(parts, ignore_index=True)
    table["share_several_equilibria"] = float((equilibrium.sum(axis=(1, 2)) > 1).mean())
    table["share_no_pure_equilibrium"] = float((~equilibrium.any(axis=(1, 2))).mean())
    table["share_leontief_limit"] = payoffs.saturated / payoffs.n_draws
    return table


def plot(table: pd.DataFrame) -> Figure:
    with figure_style():
        figure, axes = new_figure(DOUBLE_COLUMN, 6.6, rows=3, columns=2, share_x=True)
        for row, (stock, cells) in zip(axes, table.groupby("stock", sort=False), strict=True):
            for ax, (player, own) in zip(row, cells.groupby("player", sort=False), strict=True):
                _panel(ax, own, player)
                ax.set_title(f"{NAMES[player]}, stocks {stock}")
        for ax in axes[-1]:
            ax.set_xlabel("share of parameter draws")
        letter_panels(axes.ravel())
        _legend(figure)
    return figure


def _panel(ax, own: pd.DataFrame, player: str) -> None:
    """Bars: dominant with audience cost (solid) and without (hatched); tick: undominated with audience cost."""
    for place, (_, rows) in enumerate(own.groupby("reading", sort=False)):
        y = np.arange(len(rows)) + 0.2 * (2 * place - 1)
        fill = (
            {"color": PLAYER_COLOURS[player]}
            if place == 0
            else {"color": "white", "edgecolor": "black", "hatch": "////"}
        )
        ax.barh(y, rows["share_dominant"], height=0.38, linewidth=0.5, **fill)
        if place == 0:
            ax.plot(
                rows["share_undominated"], y + 0.2, "|", color=OKABE_ITO["black"], markersize=8, markeredgewidth=1.2
            )
    labels = own[own["reading"] == own["reading"].iloc[0]]["action"]
    ax.set_yticks(range(len(labels)), [label.replace("/", ", ").replace("_", " ") for label in labels])
    ax.set_ylim(len(labels) - 0.4, -0.6)
    ax.set_xlim(0, 1)


def _legend(figure: Figure) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    handles = [
        Patch(facecolor="#7F7F7F", label="dominant, with audience cost (side's colour)"),
        Patch(facecolor="white", edgecolor="black", hatch="////", label="dominant, without"),
        Line2D(
            [],
            [],
            color="black",
            marker="|",
            markersize=8,
            markeredgewidth=1.2,
            linestyle="none",
            label="undominated, with",
        ),
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=3)


def findings(table: pd.DataFrame) -> list[str]:
    lines = []
    for (stock, reading), rows in table.groupby(["stock", "reading"], sort=False):
        parts = []
        for player, own in rows.groupby("player", sort=False):
            top = own.nlargest(2, "share_dominant")
            named = ", ".join(f"{r.action} {r.share_dominant:.0%}" for r in top.itertuples())
            parts.append(f"{player} has a dominant move in {own['share_dominant'].sum():.0%} of draws ({named})")
        several = rows["share_several_equilibria"].iloc[0]
        lines.append(f"stocks {stock}, {reading}: {'; '.join(parts)}; several pure equilibria in {several:.0%}")
    return lines
