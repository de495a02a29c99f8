"""Which moves of the United States and China are equilibria of one round, with US stocks full, as they are, and empty?

Payoffs of both sides over all 9 x 12 moves, best replies and certified pure equilibria, in percent of own GDP per year.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

import bargain as bg
from bargain.plot import DOUBLE_COLUMN, centred_norm, figure_style, letter_panels, new_figure
from bargain.plot.payoff_map import marks, payoff_map

SETTINGS = {
    "scenario": "us-china-2025",
    "evidence": "independent",
    "stocks": {"of 18 months": 18.0, "as they are": None, "empty": 0.0},
}
NAMES = {"US": "United States", "CN": "China"}


def run() -> pd.DataFrame:
    scenario = bg.load_scenario(SETTINGS["scenario"], evidence=SETTINGS["evidence"])
    tables = []
    for stock, months in SETTINGS["stocks"].items():
        game = scenario.stage_game(bg.State(military_stock_months=months, civil_stock_months=months))
        tables.append(_cells(game, stock))
    table = pd.concat(tables, ignore_index=True)
    table.attrs["parameters_hash"] = scenario.hash
    table.attrs["record"] = {**scenario.record(), "solver": "SupportEnumeration"}
    return table


def _cells(game: bg.StageGame, stock: str) -> pd.DataFrame:
    """One row per pair of moves: payoffs, best replies and the probability it has in each equilibrium."""
    solution = bg.solve(game, bg.SupportEnumeration())
    us, cn = game.payoffs
    rows, columns = (labels.ravel() for labels in np.meshgrid(*game.actions, indexing="ij"))
    table = pd.DataFrame({"stock": stock, "us_action": rows, "cn_action": columns})
    table["us_payoff"], table["cn_payoff"] = us.ravel(), cn.ravel()
    table["us_best_reply"] = (us >= us.max(axis=0, keepdims=True) - 1e-12).ravel()
    table["cn_best_reply"] = (cn >= cn.max(axis=1, keepdims=True) - 1e-12).ravel()
    played = [np.outer(*equilibrium.profile) for equilibrium in solution.equilibria]
    table["pure_equilibrium"] = sum((p > 1 - 1e-9).ravel() for p in played).astype(bool)
    table["n_equilibria"] = len(played)
    table["max_regret"] = max(e.certificate.epsilon for e in solution.equilibria)
    return table


def plot(table: pd.DataFrame) -> Figure:
    with figure_style():
        figure, axes = new_figure(DOUBLE_COLUMN, 7.6, rows=3, columns=2, share_x=True, share_y=True)
        for row, (stock, cells) in zip(axes, table.groupby("stock", sort=False), strict=True):
            norm = centred_norm(cells[["us_payoff", "cn_payoff"]].to_numpy())
            for ax, side in zip(row, ("us", "cn"), strict=True):
                image = _panel(ax, cells, side, norm)
                ax.set_title(f"{NAMES[side.upper()]}, stocks {stock}")
            bar = figure.colorbar(image, ax=list(row), shrink=0.9, aspect=25, pad=0.01)
            bar.set_label("payoff (% of own GDP per year)")
            bar.outline.set_visible(False)
        for ax in axes[:, 0]:
            ax.set_ylabel("US tariff, chip control")
        for ax in axes[-1]:
            ax.set_xlabel("Chinese tariff, licences")
        letter_panels(axes.ravel())
        figure.legend(handles=list(marks()), loc="outside lower center", ncols=2)
    return figure


def _panel(ax, cells: pd.DataFrame, side: str, norm):
    actions = (list(cells["us_action"].unique()), list(cells["cn_action"].unique()))
    shape = (len(actions[0]), len(actions[1]))
    marked = np.argwhere(cells["pure_equilibrium"].to_numpy().reshape(shape))
    return payoff_map(
        ax,
        cells[f"{side}_payoff"].to_numpy().reshape(shape),
        actions,
        norm,
        equilibria=[(int(i), int(j)) for i, j in marked],
        best_replies=cells[f"{side}_best_reply"].to_numpy().reshape(shape),
    )


def findings(table: pd.DataFrame) -> list[str]:
    lines = []
    for stock, cells in table.groupby("stock", sort=False):
        pure = cells[cells["pure_equilibrium"]]
        profiles = "; ".join(
            f"{r.us_action} against {r.cn_action} (US {r.us_payoff:+.2f}, China {r.cn_payoff:+.2f})"
            for r in pure.itertuples()
        )
        count = int(cells["n_equilibria"].iloc[0])
        lines.append(f"stocks {stock}: equilibria in all {count}, pure {len(pure)}: {profiles or 'none'}")
    return lines
