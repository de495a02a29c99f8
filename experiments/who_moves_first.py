"""Who gains from moving first in one round, and how does that change with US stocks?

Payoffs of both sides when moves are simultaneous (best and worst Nash equilibrium for each), when the US leads, and
when China leads.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

import bargain as bg
from bargain.plot import DOUBLE_COLUMN, figure_style, letter_panels, line_style, new_figure

SETTINGS = {"scenario": "us-china-2025", "evidence": "independent", "highest_stock_months": 4.0, "n_grid": 65}
NAMES = {"US": "United States", "CN": "China"}


def run() -> pd.DataFrame:
    scenario = bg.load_scenario(SETTINGS["scenario"], evidence=SETTINGS["evidence"])
    rows = []
    for months in np.linspace(0.0, SETTINGS["highest_stock_months"], SETTINGS["n_grid"]):
        game = scenario.stage_game(bg.State(military_stock_months=float(months), civil_stock_months=float(months)))
        nash = np.array([e.payoffs for e in bg.solve(game, bg.SupportEnumeration()).equilibria])
        orders = {"simultaneous, best": nash.max(axis=0), "simultaneous, worst": nash.min(axis=0)}
        for leader in ("US", "CN"):
            solution = bg.solve(game, bg.Stackelberg(leader=leader, commitment="pure"))
            if solution.equilibrium is None:
                raise ValueError(f"no commitment found at {months:g} months: {solution.message}")
            orders[f"{leader} first"] = solution.equilibrium.payoffs
        for order, payoffs in orders.items():
            rows.append((float(months), order, float(payoffs[0]), float(payoffs[1]), len(nash)))
    columns = ["stock_months", "order", "us_payoff", "cn_payoff", "n_nash"]
    table = pd.DataFrame(rows, columns=columns)
    table.attrs["parameters_hash"] = scenario.hash
    table.attrs["record"] = {**scenario.record(), "solver": "SupportEnumeration, Stackelberg(commitment='pure')"}
    return table


def plot(table: pd.DataFrame) -> Figure:
    groups = list(table.groupby("order", sort=False))
    with figure_style():
        figure, axes = new_figure(DOUBLE_COLUMN, 3.0, columns=2, share_x=True)
        for ax, side in zip(axes[0], ("US", "CN"), strict=True):
            lines = {order: rows.set_index("stock_months")[f"{side.lower()}_payoff"] for order, rows in groups}
            worst, best = lines["simultaneous, worst"], lines["simultaneous, best"]
            several = (best - worst > 1e-9).to_numpy()
            ax.fill_between(
                worst.index, worst, best, where=several, color="#CCCCCC", label="simultaneous, several equilibria"
            )
            for end, name in ((worst, "simultaneous, worst and best"), (best, None)):
                ax.plot(*_broken(end), color="black", linewidth=0.8, marker=".", markersize=1.5, label=name)
            for leader in ("US", "CN"):
                label = f"{leader} first".replace("CN", "China")
                style = {**line_style(leader), "marker": None}
                ax.plot(*_broken(lines[f"{leader} first"]), label=label, **style)
            ax.set_title(NAMES[side])
            ax.set_xlabel("US stocks, civil and military (months)")
        axes[0, 0].set_ylabel("payoff (% of own GDP per year)")
        letter_panels(axes[0])
        handles, labels = axes[0, 0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=4)
    return figure


def _broken(line: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    """Points of a line with a gap at every jump (more than a twentieth of its range), so that no slope is drawn
    there."""
    x, y = line.index.to_numpy(dtype=float), line.to_numpy(dtype=float)
    jumps = np.flatnonzero(np.abs(np.diff(y)) > 0.055) + 1
    return np.insert(x, jumps, np.nan), np.insert(y, jumps, np.nan)


def findings(table: pd.DataFrame) -> list[str]:
    lines = []
    for months in (0.0, 2.5, SETTINGS["highest_stock_months"]):
        at = table[np.isclose(table["stock_months"], months)].set_index("order")
        parts = []
        for side, code in (("us", "US"), ("cn", "CN")):
            column, own, other = at[f"{side}_payoff"], f"{code} first", f"{'CN' if code == 'US' else 'US'} first"
            best, worst = column["simultaneous, best"], column["simultaneous, worst"]
            between = f"{worst:+.3f} to {best:+.3f}" if best - worst > 1e-9 else f"{best:+.3f}"
            parts.append(f"{code} first {column[own]:+.3f}, second {column[other]:+.3f}, simultaneous {between}")
        lines.append(f"US stocks of {months:g} months: " + "; ".join(parts))
    return lines
