"""Which payoffs can both sides hold each other to when one round is repeated, and where in them lie threat and deal?

The round repeated with stocks that stay as they are, and that stay empty: payoffs of pure subgame-perfect equilibria
with public lotteries at three discount factors, the frontier that side payments reach, equilibria of one round as
threats, and the Nash bargain over each.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

import bargain as bg
from bargain.games.bargaining import BargainingProblem
from bargain.games.repeated import RepeatedGame
from bargain.plot import DOUBLE_COLUMN, figure_style, letter_panels, new_figure
from bargain.solvers.bargaining import NashBargaining
from bargain.solvers.enforceable import EnforceableDeals
from bargain.solvers.subgame_perfect import SubgamePerfectPayoffs

SETTINGS = {
    "scenario": "us-china-2025",
    "evidence": "independent",
    "stocks": {"as they are": None, "empty": 0.0},
    "discount_factors": [0.2, 0.5, 0.97],
}
GREYS = ("#9A9A9A", "#C9C9C9", "#EDEDED")
MARKS = (
    ("threat", "X", 6.5, " equilibrium of one round"),
    ("deal", "o", 4.5, "Nash bargain"),
    ("paid deal", "D", 4.0, "with payments,"),
)


def run() -> pd.DataFrame:
    scenario = bg.load_scenario(SETTINGS["scenario"], evidence=SETTINGS["evidence"])
    weights = tuple(scenario.parameters[f"{code}.gdp_usd_bn"].value / 100.0 for code in ("US", "CN"))
    rows: list[dict[str, object]] = []
    for stock, months in SETTINGS["stocks"].items():
        game = scenario.stage_game(bg.State(military_stock_months=months, civil_stock_months=months))
        rows += [{"stock": stock, **row} for row in _rows(game, weights)]
    table = pd.DataFrame(rows)
    table.attrs["parameters_hash"] = scenario.hash
    solvers = "SubgamePerfectPayoffs, EnforceableDeals, SupportEnumeration, NashBargaining"
    table.attrs["record"] = {**scenario.record(), "solver": solvers}
    return table


def _rows(game: bg.StageGame, weights: tuple[float, float]) -> list[dict[str, object]]:
    """Corners of the sets at each discount factor, ends of the frontier with payments, threats and deals."""
    rows = []
    for discount_factor in SETTINGS["discount_factors"]:
        repeated = RepeatedGame(game, discount_factor)
        polygon = _solved(repeated, SubgamePerfectPayoffs()).vertices
        rows += [_row("corner", discount_factor, str(i), point) for i, point in enumerate(polygon)]
    paid = _solved(repeated, EnforceableDeals(transfer_weights=weights))
    joint, least = float(paid.joint_value[0]), paid.own_punishments[0]
    for end in (0, 1):
        point = np.array(least)
        point[1 - end] = (joint - weights[end] * least[end]) / weights[1 - end]
        rows.append(_row("frontier", discount_factor, f"{game.players[end]} at its punishment", point))
    for threat in _threats(game, weights):
        rows.append(_row("threat", 0.0, _name(game, threat.pure), threat.payoffs))
        agreed = _solved(BargainingProblem(polygon, threat.payoffs, game.players), NashBargaining()).payoffs
        rows.append(_row("deal", discount_factor, _name(game, threat.pure), agreed))
        # With payments in one unit the Nash bargain divides the gain equally in that unit.
        gain = (joint - float(np.dot(weights, threat.payoffs))) / 2.0
        shared = threat.payoffs + gain / np.array(weights)
        rows.append(_row("paid deal", discount_factor, _name(game, threat.pure), shared))
    return rows


def _solved(game, solver):
    solution = bg.solve(game, solver)
    if not solution.success:
        raise ValueError(f"{type(solver).__name__}: {solution.message}")
    return solution


def _threats(game: bg.StageGame, weights: tuple[float, float]) -> list:
    """Equilibria of one round in pure moves, the best for both together first."""
    found = _solved(game, bg.SupportEnumeration()).equilibria
    return sorted((e for e in found if e.pure is not None), key=lambda e: -float(np.dot(weights, e.payoffs)))


def _name(game: bg.StageGame, profile) -> str:
    moves = [game.actions[k][i].replace("/", ", ").replace("_", " ") for k, i in enumerate(profile)]
    return f"US {moves[0]}; China {moves[1]}"


def _row(kind: str, discount_factor: float, label: str, point) -> dict[str, object]:
    # Twelve digits: what is zero up to rounding is zero.
    payoffs = {"us_payoff": round(float(point[0]), 12) + 0.0, "cn_payoff": round(float(point[1]), 12) + 0.0}
    return {"discount_factor": discount_factor, "kind": kind, "label": label, **payoffs}


def plot(table: pd.DataFrame) -> Figure:
    with figure_style():
        figure, axes = new_figure(DOUBLE_COLUMN, 3.3, columns=3)
        panels = (("as they are", "whole"), ("empty", "whole"), ("empty", "detail"))
        for ax, (stock, part) in zip(axes[0], panels, strict=True):
            rows = table[table["stock"] == stock]
            _panel(ax, rows)
            _limits(ax, rows, part)
            ax.set_title(f"US stocks {stock}" + (", detail" if part == "detail" else ""))
            ax.set_xlabel("US payoff (% of GDP a year)")
            ax.set_ylabel("Chinese payoff (% of GDP a year)")
        letter_panels(axes[0])
        handles, labels = axes[0, 1].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=3)
    return figure


def _panel(ax: Axes, rows: pd.DataFrame) -> None:
    corners = rows[rows["kind"] == "corner"]
    for place, (d, corner) in reversed(list(enumerate(corners.groupby("discount_factor")))):
        points = corner[["us_payoff", "cn_payoff"]].to_numpy()
        style = {"facecolor": GREYS[place], "edgecolor": "black", "linewidth": 0.5}
        ax.fill(*points.T, label=f"no side payments, discount factor {d:g}", **style)
    ends = rows[rows["kind"] == "frontier"]
    name = f"frontier with side payments, {ends['discount_factor'].iloc[0]:g}"
    ax.plot(ends["us_payoff"], ends["cn_payoff"], color="black", linewidth=0.9, linestyle=(0, (4, 2)), label=name)
    for kind, marker, size, text in MARKS:
        points = rows[rows["kind"] == kind]
        for number, (x, y) in enumerate(zip(points["us_payoff"], points["cn_payoff"], strict=True)):
            which = "over the worse one" if number else "over the better one"
            label = ("worse" if number else "better") + text if kind == "threat" else f"{text} {which}"
            face = "white" if number else "black"
            style = {"markersize": size, "markerfacecolor": face, "markeredgecolor": "black", "linestyle": "none"}
            ax.plot(x, y, marker=marker, label=label, zorder=4, **style)


def _limits(ax: Axes, rows: pd.DataFrame, part: str) -> None:
    """The whole set with all marks, or the part between the better threat and its deals."""
    if part == "whole":
        shown = rows[rows["kind"] != "frontier"]
    else:
        better = rows.loc[rows["kind"] == "threat", "label"].iloc[0]
        shown = rows[(rows["label"] == better) | ((rows["kind"] == "deal") & (rows["us_payoff"] > -0.5))]
    for column, put in (("us_payoff", ax.set_xlim), ("cn_payoff", ax.set_ylim)):
        low, high = float(shown[column].min()), float(shown[column].max())
        margin = (0.06 if part == "whole" else 0.25) * (high - low)
        put(low - margin, high + margin)


def findings(table: pd.DataFrame) -> list[str]:
    lines = []
    for stock, rows in table.groupby("stock", sort=False):
        corners = rows[rows["kind"] == "corner"]
        sizes = {d: _area(own) for d, own in corners.groupby("discount_factor")}
        most = max(sizes)
        shares = ", ".join(f"{size / sizes[most]:.0%} at {d:g}" for d, size in sizes.items() if d < most)
        line = f"US stocks {stock}: the set of enforceable payoffs has {shares} of its size at {most:g}"
        for row in rows[rows["kind"] == "threat"].itertuples():
            deals = rows[(rows["label"] == row.label) & (rows["kind"] != "threat")].set_index("kind")
            free, paid = deals.loc["deal"], deals.loc["paid deal"]
            line += (
                f"; over ({row.label}), worth US {row.us_payoff:+.2f} and China {row.cn_payoff:+.2f}, the Nash bargain "
                f"gives US {free.us_payoff:+.2f} and China {free.cn_payoff:+.2f}, with side payments US "
                f"{paid.us_payoff:+.2f} and China {paid.cn_payoff:+.2f}"
            )
        lines.append(line)
    return lines


def _area(corners: pd.DataFrame) -> float:
    x, y = corners["us_payoff"].to_numpy(), corners["cn_payoff"].to_numpy()
    return 0.5 * abs(float(x @ np.roll(y, -1) - y @ np.roll(x, -1)))
