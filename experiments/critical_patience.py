"""How patient must both sides be for a truce to hold by itself, and how does that change with US stocks and dependence?

Three truces against the best and the worst pure equilibrium of one round: the smallest discount factor at which each
side keeps to the truce for fear of that standoff, answered after one quarter.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

import bargain as bg
from bargain.games.repeated import RepeatedGame
from bargain.plot import DOUBLE_COLUMN, figure_style, letter_panels, line_style, new_figure
from bargain.plot.style import TEXT_SIZE
from bargain.solvers.truce import Truce

SETTINGS = {
    "scenario": "us-china-2025",
    "evidence": "independent",
    "truces": {
        "as agreed in Busan": ["truce/restricted", "truce/open"],
        "as in January 2025": ["pre_2025/restricted", "pre_2025/open"],
        "with open chips and licences": ["truce/open", "truce/open"],
    },
    "highest_stock_months": 3.0,
    "dependence": [0.5, 1.0],
    "n_grid": 31,
}
NAMES = {"US": "United States", "CN": "China"}
WHERE = {"worst": "", "best": " (where there are two)"}
LEGEND = "no line: that side would rather have the standoff at any discount factor"
AXES = {"stock": "US stocks, civil and military (months)", "dependence": "US dependence, stocks empty (share)"}


def run() -> pd.DataFrame:
    scenario = bg.load_scenario(SETTINGS["scenario"], evidence=SETTINGS["evidence"])
    stocks = [key for key in scenario.parameters if ".US." in key and key.endswith("_stock_months")]
    shares = [key for key in scenario.parameters if key.endswith(".US.dependence")]
    months = np.linspace(0.0, SETTINGS["highest_stock_months"], SETTINGS["n_grid"])
    dependence = np.linspace(*SETTINGS["dependence"], SETTINGS["n_grid"])
    empty = dict.fromkeys(stocks, np.zeros(SETTINGS["n_grid"]))
    draws = {
        "stock": (months, dict.fromkeys(stocks, months)),
        "dependence": (dependence, {**empty, **dict.fromkeys(shares, dependence)}),
    }
    rows: list[dict[str, object]] = []
    for axis, (values, given) in draws.items():
        payoffs = scenario.payoffs(draws=given)
        for place, x in enumerate(values):
            rows += [{"axis": axis, "x": float(x), **row} for row in _rows(payoffs.game(place), scenario)]
    table = pd.DataFrame(rows)
    table.attrs["parameters_hash"] = scenario.hash
    table.attrs["record"] = {**scenario.record(), "solver": "PureNash, Truce(reply_lag=1)"}
    table.attrs["allowed_missing"] = ("us_critical", "cn_critical", "critical")
    return table


def _rows(game: bg.StageGame, scenario: bg.Scenario) -> list[dict[str, object]]:
    """Critical discount factors of every truce against the best and the worst standoff, jointly in USD."""
    weights = [scenario.parameters[f"{code}.gdp_usd_bn"].value for code in game.players]
    found = list(bg.solve(game, bg.PureNash()).equilibria)
    found.sort(key=lambda e: float(np.dot(weights, e.payoffs)))
    rows = []
    for threat, standoff in (("worst", found[0]), ("best", found[-1])):
        if threat == "best" and len(found) == 1:
            rows += [{**row, "threat": "best"} for row in rows]
            break
        for name, moves in SETTINGS["truces"].items():
            repeated = RepeatedGame(game, scenario.parameters["rounds.discount_factor"].value)
            solution = bg.solve(repeated, Truce(standoff, moves=tuple(moves), n_points=1, largest_lag=0))
            us, cn = _each_side(game, moves, standoff)
            rows.append(
                {
                    "threat": threat,
                    "standoff": " / ".join(game.actions[k][i] for k, i in enumerate(standoff.pure)),
                    "n_standoffs": len(found),
                    "truce": name,
                    "us_critical": us,
                    "cn_critical": cn,
                    "critical": _checked(solution, us, cn),
                }
            )
    return rows


def _each_side(game: bg.StageGame, moves: list[str], standoff) -> tuple[float, float]:
    """Smallest discount factor at which each side alone keeps to the truce: temptation / loss; NaN where none does."""
    agreed = game.expected_payoffs(moves)
    best = [float(own.max()) for own in game.deviation_payoffs(moves)]
    factors = []
    for k in range(2):
        temptation, loss = best[k] - float(agreed[k]), best[k] - float(standoff.payoffs[k])
        # Whoever is not tempted keeps to the truce at any patience, unless the standoff is better.
        holds = loss > 0.0 and temptation < loss
        factors.append(temptation / loss if holds else 0.0 if abs(temptation) + abs(loss) < 1e-12 else np.nan)
    return factors[0], factors[1]


def _checked(solution, us: float, cn: float) -> float:
    """The certified critical discount factor, which is the larger of both sides'."""
    found = np.nan if solution.critical_discount_factor is None else solution.critical_discount_factor
    if not np.isclose(found, np.max([us, cn]), atol=1e-9, equal_nan=True):
        raise ValueError(f"critical discount factor {found} is not the larger of {us} and {cn}: {solution.message}")
    return found


def plot(table: pd.DataFrame) -> Figure:
    truces = list(SETTINGS["truces"])
    with figure_style():
        figure, axes = new_figure(DOUBLE_COLUMN, 6.4, rows=len(truces), columns=2, share_x="col", share_y=True)
        for row, truce in zip(axes, truces, strict=True):
            for ax, (axis, label) in zip(row, AXES.items(), strict=True):
                _panel(ax, table[(table["truce"] == truce) & (table["axis"] == axis)])
                ax.set_title(f"truce {truce}")
                if truce == truces[-1]:
                    ax.set_xlabel(label)
            row[0].set_ylabel("critical discount factor")
        letter_panels(axes.ravel())
        handles, labels = axes[0, 0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=3, title=LEGEND, title_fontsize=TEXT_SIZE)
    return figure


def _panel(ax: Axes, rows: pd.DataFrame) -> None:
    for threat, width in (("worst", 1.5), ("best", 0.7)):
        own = rows[rows["threat"] == threat]
        for side in ("US", "CN"):
            style = {**line_style(side), "marker": None, "linewidth": width}
            ax.plot(
                *_broken(own, f"{side.lower()}_critical"),
                label=f"{NAMES[side]}, {threat} standoff" + WHERE[threat],
                **style,
            )
    ax.axhspan(0.8, 0.9, color="#E4E4E4", linewidth=0.0, label="election horizon")
    ax.axhline(0.97, color="black", linewidth=0.6, linestyle=(0, (1, 2)), label="default, 0.97 a quarter")
    ax.set_ylim(-0.03, 1.03)


def _broken(rows: pd.DataFrame, column: str) -> tuple[np.ndarray, np.ndarray]:
    """Points of a line with a gap wherever the standoff changes."""
    x, y = rows["x"].to_numpy(dtype=float), rows[column].to_numpy(dtype=float)
    jumps = np.flatnonzero(rows["standoff"].to_numpy()[1:] != rows["standoff"].to_numpy()[:-1]) + 1
    return np.insert(x, jumps, np.nan), np.insert(y, jumps, np.nan)


def findings(table: pd.DataFrame) -> list[str]:
    places = (
        ("stock", 0.0, "stocks empty"),
        ("stock", 2.0, "two months"),
        ("dependence", 0.7, "empty, dependence 0.70"),
    )
    lines = []
    for truce, rows in table.groupby("truce", sort=False):
        parts = []
        for axis, x, where in places:
            near = rows[rows["axis"] == axis]
            near = near[np.isclose(near["x"], near["x"].iloc[(near["x"] - x).abs().argmin()])].set_index("threat")
            one = near["n_standoffs"].iloc[0] == 1
            texts = [_factor(near.loc[threat]) for threat in (("worst",) if one else ("worst", "best"))]
            kinds = ("the only standoff",) if one else ("the worst standoff", "the best")
            parts.append(
                where + ": " + ", ".join(f"{text} for fear of {kind}" for text, kind in zip(texts, kinds, strict=True))
            )
        lines.append(f"critical discount factor of the truce {truce}, {'; '.join(parts)}")
    return lines


def _factor(row: pd.Series) -> str:
    """The critical discount factor and whose it is, or who keeps to the truce at none."""
    sides = {name: row[f"{code.lower()}_critical"] for code, name in NAMES.items()}
    if not np.isfinite(row["critical"]):
        return f"none ({' and '.join(name for name, own in sides.items() if not np.isfinite(own))} would break it)"
    if row["critical"] == 0.0:
        return "0.00 (a standoff itself)"
    return f"{row['critical']:.2f} ({max(sides, key=lambda name: sides[name])})"
