"""How rational must play be before the observed regimes become likely?

Logit quantal responses of one round along the principal branch, from uniform play to the equilibrium it selects,
stocks empty and as they are.
"""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure

import bargain as bg
from bargain.plot import DOUBLE_COLUMN, figure_style, letter_panels, line_style, new_figure

SETTINGS = {
    "scenario": "us-china-2025",
    "evidence": "independent",
    "stocks": {"as they are": None, "empty": 0.0},
    "max_precision": 1000.0,
    "regimes": {  # moves of the record, coded by us from the timelines: US action, Chinese action
        "January 2025": ["pre_2025/restricted", "pre_2025/open"],
        "April-May 2025": ["peak/ban", "peak/ban"],
        "since November 2025": ["truce/restricted", "truce/dual_track"],
    },
}


def run() -> pd.DataFrame:
    scenario = bg.load_scenario(SETTINGS["scenario"], evidence=SETTINGS["evidence"])
    tables = []
    for stock, months in SETTINGS["stocks"].items():
        game = scenario.stage_game(bg.State(military_stock_months=months, civil_stock_months=months))
        branch = bg.logit_branch(game, SETTINGS["max_precision"], largest_change=0.02)
        tables.append(_table(game, branch, stock))
    table = pd.concat(tables, ignore_index=True)
    table.attrs["parameters_hash"] = scenario.hash
    table.attrs["record"] = {**scenario.record(), "solver": "logit_branch"}
    return table


def _table(game: bg.StageGame, branch: bg.LogitBranch, stock: str) -> pd.DataFrame:
    """Probability of every action along the branch, and of every observed regime (both sides at once)."""
    columns = []
    for k, code in enumerate(game.players):
        for action, series in zip(game.actions[k], branch.strategies(k).T, strict=True):
            columns.append((code, action, series))
    for name, (us, cn) in SETTINGS["regimes"].items():
        joint = branch.strategies(0)[:, game.actions[0].index(us)] * branch.strategies(1)[:, game.actions[1].index(cn)]
        columns.append(("regime", name, joint))
    parts = [
        pd.DataFrame({"stock": stock, "of": of, "what": what, "precision": branch.precision, "probability": series})
        for of, what, series in columns
    ]
    return pd.concat(parts)


def plot(table: pd.DataFrame) -> Figure:
    with figure_style():
        figure, axes = new_figure(DOUBLE_COLUMN, 4.8, rows=2, columns=3)
        for row, (stock, rows) in zip(axes, table.groupby("stock", sort=False), strict=True):
            for ax, of in zip(row, ("US", "CN", "regime"), strict=True):
                _panel(ax, rows[rows["of"] == of])
                title = {"US": "US", "CN": "China", "regime": "record"}[of]
                ax.set_title(f"{title}, stocks {stock}")
        for ax in axes[:, 0]:
            ax.set_ylabel("probability")
        for ax in axes[:, 2]:
            ax.set_ylabel("probability of both moves")
        for ax in axes[-1]:
            ax.set_xlabel("precision (per % of GDP)")
        letter_panels(axes.ravel())
    return figure


def _panel(ax, rows: pd.DataFrame) -> None:
    """Series that ever exceed 15 % (all regimes), each named at its end; the uniform start stands at the left."""
    for place, (what, series) in enumerate(rows.groupby("what", sort=False)):
        if rows["of"].iloc[0] != "regime" and series["probability"].max() < 0.15:
            continue
        label = what.replace("/", ", ").replace("_", " ")
        style = {**line_style(place), "marker": None}  # by place among all moves: one style in both rows
        shown = series[series["precision"] >= 1.0]
        ax.plot(shown["precision"], shown["probability"], label=label, **style)
    ax.set_xscale("log")
    ax.set_xlim(1.0, SETTINGS["max_precision"])
    regime = rows["of"].iloc[0] == "regime"
    ax.legend(loc="upper right" if regime else "upper left", handlelength=1.8, borderaxespad=0.1)
    if regime:
        ax.set_yscale("log")
        ax.set_ylim(1e-6, 1.0)
        ax.set_yticks([1e-6, 1e-4, 1e-2, 1.0])
    else:
        ax.set_ylim(0, 1.02)


def findings(table: pd.DataFrame) -> list[str]:
    lines = []
    for stock, rows in table.groupby("stock", sort=False):
        parts = []
        for name, series in rows[rows["of"] == "regime"].groupby("what", sort=False):
            best = series.loc[series["probability"].idxmax()]
            parts.append(f"{name} at most {best['probability']:.0%} (precision {best['precision']:.0f})")
        lines.append(f"stocks {stock}: " + "; ".join(parts))
    return lines
