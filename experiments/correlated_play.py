"""What could a mediator add to one round: which payoffs do correlated equilibria reach beyond the Nash equilibria?

Polygon of correlated-equilibrium payoffs with the Nash points, by US stocks; welfare in US dollars.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

import bargain as bg
from bargain.plot import DOUBLE_COLUMN, figure_style, letter_panels, new_figure

SETTINGS = {
    "scenario": "us-china-2025",
    "evidence": "independent",
    "stocks": {"of 18 months": 18.0, "as they are": None, "empty": 0.0},
}


def run() -> pd.DataFrame:
    scenario = bg.load_scenario(SETTINGS["scenario"], evidence=SETTINGS["evidence"])
    gdp = np.array([scenario.parameters[f"{code}.gdp_usd_bn"].value for code in ("US", "CN")]) / 100
    tables = []
    for stock, months in SETTINGS["stocks"].items():
        game = scenario.stage_game(bg.State(military_stock_months=months, civil_stock_months=months))
        nash = bg.solve(game, bg.SupportEnumeration())
        points = [("all profiles", "", *cell) for cell in game.payoffs.reshape(2, -1).T]
        points += [("Nash", _name(game, e), *e.payoffs) for e in nash.equilibria]
        points += [("correlated", f"vertex {i}", *vertex) for i, vertex in enumerate(bg.correlated_payoffs(game))]
        table = pd.DataFrame(points, columns=["kind", "name", "us_payoff", "cn_payoff"])
        table.insert(0, "stock", stock)
        table["usd_bn"] = table[["us_payoff", "cn_payoff"]].to_numpy() @ gdp
        tables.append(table)
    table = pd.concat(tables, ignore_index=True)
    table.attrs["parameters_hash"] = scenario.hash
    table.attrs["record"] = {**scenario.record(), "solver": "SupportEnumeration, correlated_payoffs"}
    return table


def _name(game: bg.StageGame, equilibrium: bg.Equilibrium) -> str:
    if equilibrium.pure is None:
        return "mixed"
    return " against ".join(game.actions[k][action] for k, action in enumerate(equilibrium.pure))


def plot(table: pd.DataFrame) -> Figure:
    with figure_style():
        figure, axes = new_figure(DOUBLE_COLUMN, 2.7, columns=3)
        for ax, (stock, rows) in zip(axes[0], table.groupby("stock", sort=False), strict=True):
            _panel(ax, rows)
            ax.set_title(f"US stocks {stock}")
            ax.set_xlabel("US payoff (% of GDP per year)")
        axes[0, 0].set_ylabel("Chinese payoff (% of GDP per year)")
        letter_panels(axes[0])
        handles, labels = axes[0, -1].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=4)
    return figure


def _panel(ax, rows: pd.DataFrame) -> None:
    cells, nash, corners = (rows[rows["kind"] == kind] for kind in ("all profiles", "Nash", "correlated"))
    ax.plot(cells["us_payoff"], cells["cn_payoff"], ".", color="#BBBBBB", markersize=3, label="pairs of moves")
    ring = pd.concat([corners, corners.iloc[:1]])
    ax.fill(ring["us_payoff"], ring["cn_payoff"], color="#56B4E9", alpha=0.5, linewidth=0)
    ax.plot(ring["us_payoff"], ring["cn_payoff"], color="#0072B2", linewidth=1.2, label="correlated equilibria")
    pure, mixed = nash[nash["name"] != "mixed"], nash[nash["name"] == "mixed"]
    ax.plot(pure["us_payoff"], pure["cn_payoff"], "o", color="black", markersize=4.5, label="Nash, pure")
    hollow = {"color": "black", "markerfacecolor": "white", "markersize": 4.5}
    ax.plot(mixed["us_payoff"], mixed["cn_payoff"], "o", label="Nash, mixed", **hollow)
    if len(corners) == 1:
        ax.annotate(
            "the only one",
            tuple(nash[["us_payoff", "cn_payoff"]].iloc[0]),
            (-6, 6),
            textcoords="offset points",
            ha="right",
        )


def findings(table: pd.DataFrame) -> list[str]:
    lines = []
    for stock, rows in table.groupby("stock", sort=False):
        nash, corners = rows[rows["kind"] == "Nash"], rows[rows["kind"] == "correlated"]
        added = corners["usd_bn"].max() - nash["usd_bn"].max()
        added = 0.0 if abs(added) < 1e-6 else added
        lines.append(
            f"stocks {stock}: Nash equilibria {len(nash)}, corners of the correlated set {len(corners)}; its best "
            f"adds {added:.1f} bn USD a year to the best Nash equilibrium; its worst is "
            f"{corners['usd_bn'].max() - corners['usd_bn'].min():.1f} bn below the best"
        )
    return lines
