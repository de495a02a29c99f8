"""How much tracing makes diversion unprofitable, for each route?

What is moved round China's control against the share traced; the coverage from which a route stops to pay, for traders
who weigh premium against penalty and for a country that also weighs the licences of its own industries; that country's
balance. Ranges over draws of the premium abroad, today's coverage, past smuggling, penalties and losses.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

import bargain as bg
from bargain.mechanisms.transshipment import deterring_coverage, moved_shares, transship
from bargain.plot import DOUBLE_COLUMN, figure_style, ink, letter_panels, line_style, new_figure
from bargain.plot.style import TEXT_SIZE
from bargain.standoff.mechanism_tracing import RouteBalance, detour_routes, licence_office, route_balance

SETTINGS = {
    "scenario": "us-china-2025",
    "evidence": "independent",
    "draws": 100,
    "seed": 20250704,
    "coverages": 101,
    "level": "dual_track",
}
NAMES = {"EU": "European Union", "JP": "Japan", "KR": "Korea", "IN": "India", "TW": "Taiwan"}
READERS = {"traders": "traders", "country": "the country, own stocks used up"}
DETOUR = ("tracing", "margin", "penalty", "concealment_cost", "cap")


def run() -> pd.DataFrame:
    scenario = bg.load_scenario(SETTINGS["scenario"], evidence=SETTINGS["evidence"])
    stocks = scenario.stock_keys(scenario.bystanders)
    empty = scenario.with_values(dict.fromkeys(stocks, 0.0))
    draws = scenario.draws(SETTINGS["draws"], SETTINGS["seed"])
    draws |= {key: np.zeros(SETTINGS["draws"]) for key in stocks}
    coverage = np.linspace(0.0, 1.0, SETTINGS["coverages"])
    central = route_balance(empty, coverage, SETTINGS["level"])
    stocked = route_balance(scenario, coverage, SETTINGS["level"])
    drawn = route_balance(empty, coverage, SETTINGS["level"], draws)
    parts = [
        _moved(scenario, coverage),
        _today(scenario, draws),
        _deterring(scenario, draws, central, stocked, drawn),
        _balance(central),
        _office(scenario),
    ]
    table = pd.concat(parts, ignore_index=True)
    table.attrs["parameters_hash"] = scenario.hash
    table.attrs["record"] = {**scenario.record(), "seed": SETTINGS["seed"], "draws": SETTINGS["draws"]}
    table.attrs["allowed_missing"] = ["x", "low", "median", "high", "share_today"]
    return table


def _rows(panel: str, series: str, x: object, value: object, **more: object) -> pd.DataFrame:
    columns = {"panel": panel, "series": series, "x": np.atleast_1d(x), "value": np.atleast_1d(value)}
    return pd.DataFrame({**columns, **(dict.fromkeys(("low", "median", "high", "share_today"), np.nan) | more)})


def _moved(scenario: bg.Scenario, coverage: np.ndarray) -> pd.DataFrame:
    """Share of the target's purchases moved over all routes, by coverage, at three premia abroad."""
    margin = scenario.parameters["diversion.margin"]
    parts = []
    for value in (margin.low, margin.value, margin.high):
        routes = detour_routes(scenario.with_values({"diversion.margin": value}))
        moved = [transship(routes.with_numbers({"tracing": float(t)})).total for t in coverage]
        parts.append(_rows("moved", f"{1 + value:g}", coverage, moved))
    return pd.concat(parts)


def _today(scenario: bg.Scenario, draws: dict[str, np.ndarray]) -> pd.DataFrame:
    """Today's coverage with its range, what each route moves at it, and its 5 to 95 % range over draws."""
    today, routes = scenario.parameters["diversion.tracing"], detour_routes(scenario)
    parts = [_rows("today", "coverage", np.nan, today.value, low=today.low, high=today.high)]
    weights = np.stack([draws[f"{code}.reexport_weight"] for code in routes.names], axis=1)
    share = weights / weights.sum(axis=1, keepdims=True) * draws["alignment.neutral.willingness"][:, None]
    drawn = moved_shares(share, *(draws[f"diversion.{key}"][:, None] for key in DETOUR))
    central = transship(routes).moved
    for place, code in enumerate(routes.names):
        low, high = np.quantile(drawn[:, place], [0.05, 0.95])
        parts.append(_rows("today", code, np.nan, central[place], low=low, high=high))
    low, high = np.quantile(drawn.sum(axis=1), [0.05, 0.95])
    return pd.concat([*parts, _rows("today", "all", np.nan, central.sum(), low=low, high=high)])


def _deterring(
    scenario: bg.Scenario,
    draws: dict[str, np.ndarray],
    central: RouteBalance,
    stocked: RouteBalance,
    drawn: RouteBalance,
) -> pd.DataFrame:
    """Coverage from which each route stops to pay, its 5 to 95 % range, and the draws in which today's is enough."""
    today = draws["diversion.tracing"]
    traders = deterring_coverage(draws["diversion.margin"], draws["diversion.penalty"])
    parts = []
    for place, code in enumerate(central.names):
        routes = detour_routes(scenario)
        value = routes.deterring_coverage[routes.names.index(code)]
        for reader, own, all_draws in (
            ("traders", value, traders),
            ("country", central.deterring_coverage[place, 0], drawn.deterring_coverage[place]),
            ("stocked", stocked.deterring_coverage[place, 0], None),
        ):
            more = {}
            if all_draws is not None:
                low, median, high = np.quantile(all_draws, [0.05, 0.5, 0.95])
                more = {"low": low, "median": median, "high": high, "share_today": float(np.mean(today >= all_draws))}
            parts.append(_rows(f"deterring, {reader}", code, np.nan, own, **more))
    return pd.concat(parts)


def _balance(central: RouteBalance) -> pd.DataFrame:
    """What each country gains from letting detours run, million dollars a year, by coverage."""
    total = central.total[:, 0]
    return pd.concat([_rows("balance", code, central.tracing, total[k]) for k, code in enumerate(central.names)])


def _office(scenario: bg.Scenario) -> pd.DataFrame:
    """Coverage and penalty of least cost to the licence office, where neutral routes or willing ones stand open."""
    parts = []
    for stance in ("neutral", "align_US"):
        best = licence_office(scenario, stance).best_policy()
        parts += [_rows("office", f"{stance}, {name}", np.nan, getattr(best, name)) for name in ("coverage", "penalty")]
        parts.append(_rows("office", f"{stance}, diverted", np.nan, best.diverted))
    return pd.concat(parts)


def plot(table: pd.DataFrame) -> Figure:
    panels = dict(iter(table.groupby("panel", sort=False)))
    today = panels["today"].set_index("series").loc["coverage"]
    with figure_style():
        figure, axes = new_figure(DOUBLE_COLUMN, 2.9, columns=3, width_ratios=[1.0, 1.15, 1.0])
        moved, deterring, balance = axes[0]
        for place, (premium, rows) in enumerate(panels["moved"].groupby("series", sort=False)):
            style = {**line_style(place), "marker": None}
            moved.plot(100 * rows["x"], 100 * rows["value"], label=str(premium), **style)
        moved.set_ylabel("moved, all routes (% of US purchases)")
        moved.set_title("what detours carry")
        moved.set_ylim(-0.3, 135 * panels["moved"]["value"].max())
        _deterring_panel(deterring, panels)
        for code, rows in panels["balance"].groupby("series", sort=False):
            style = {**line_style(code), "marker": None}
            balance.plot(100 * rows["x"], rows["value"], **style)
            _label_at_lowest(balance, code, 100 * rows["x"].to_numpy(), rows["value"].to_numpy())
        balance.axhline(0.0, color="black", linewidth=0.5)
        balance.set_ylabel("gain of the country (mn USD a year)")
        balance.set_title("detours in full, stocks used up")
        for ax in axes[0]:
            ax.axvspan(100 * today["low"], 100 * today["high"], color="#EEEEEE", linewidth=0.0, zorder=0)
            ax.axvline(100 * today["value"], color="#8A8A8A", linewidth=0.8, linestyle=(0, (3, 2)), zorder=1)
            ax.set_xlim(0, 100)
            ax.set_xlabel("coverage of tracing (%)")
        letter_panels(axes[0])
        moved.legend(loc="upper right", borderaxespad=0.1, handlelength=1.9, title="price abroad over\nprice in China")
        balance.set_ylim(1.12 * panels["balance"]["value"].min(), 1.4 * panels["balance"]["value"].max())
    return figure


def _label_at_lowest(ax: Axes, code: str, x: np.ndarray, value: np.ndarray) -> None:
    """The route's name where its curve is lowest; a curve that hardly dips is named half way down."""
    dips = value.min() < -0.02 * value.max()
    place = int(value.argmin()) if dips else int(np.abs(value - 0.5 * value.max()).argmin())
    # Korea and Japan lie close together: one is named above, one below.
    above = code == "JP" or not dips
    shift = (2.0, 3.0) if above else (0.0, -3.0)
    style = {"color": ink(line_style(code)["color"]), "fontsize": TEXT_SIZE}
    ha, va = ("left" if not dips else "center"), ("bottom" if above else "top")
    ax.annotate(code, (x[place], value[place]), xytext=shift, textcoords="offset points", ha=ha, va=va, **style)


def _deterring_panel(ax: Axes, panels: dict[str, pd.DataFrame]) -> None:
    """Each route for traders (open) and for the country (full): value, and 5 to 95 % range of the draws with median."""
    codes = list(panels["deterring, traders"]["series"])
    for reader, shift in (("traders", -0.17), ("country", 0.17)):
        rows = panels[f"deterring, {reader}"].set_index("series").loc[codes]
        y = np.arange(len(codes)) + shift
        for place, code in enumerate(codes):
            colour = line_style(code)["color"]
            ends = [100 * rows.loc[code, "low"], 100 * rows.loc[code, "high"]]
            ax.plot(ends, [y[place]] * 2, color=colour, linewidth=1.0, zorder=2)
            ax.plot([100 * rows.loc[code, "median"]], [y[place]], color=colour, marker="|", markersize=6.0, zorder=2)
        for place, code in enumerate(codes):
            style = line_style(code)
            face = "white" if reader == "traders" else style["color"]
            look = {"marker": "o", "markersize": 4.5, "markerfacecolor": face, "markeredgecolor": style["color"]}
            ax.plot(100 * rows.loc[code, "value"], y[place], linestyle="none", zorder=3, **look)
    for reader, face in (("traders", "white"), ("country", "black")):
        look = {"marker": "o", "markersize": 4.5, "markerfacecolor": face, "markeredgecolor": "black"}
        ax.plot([], [], linestyle="none", label=READERS[reader], **look)
    ax.set_yticks(range(len(codes)), [NAMES[code] for code in codes])
    ax.set_ylim(len(codes) - 0.4, -1.35)
    ax.tick_params(axis="y", length=0)
    ax.legend(loc="upper left", borderaxespad=0.1, handlelength=1.0)
    ax.set_title("where a route stops to pay")


def findings(table: pd.DataFrame) -> list[str]:
    panels = {name: rows.set_index("series") for name, rows in table.groupby("panel", sort=False)}
    today, office = panels["today"], panels["office"]["value"]
    traders, country = panels["deterring, traders"], panels["deterring, country"]
    cover, everything = today.loc["coverage"], today.loc["all"]
    lines = [
        f"today's coverage {cover.value:.0%} ({cover.low:.0%} to {cover.high:.0%}): detours carry "
        f"{everything.value:.1%} of US purchases (5 to 95 % of draws: {everything.low:.1%} to {everything.high:.1%})"
    ]
    for code, name in NAMES.items():
        own, whole = traders.loc[code], country.loc[code]
        stocked = panels["deterring, stocked"].loc[code, "value"]
        # Where no licence lost is felt, a country stops where its traders do, on the next point of the grid.
        with_stocks = "only where its traders do" if stocked >= own.value else f"from {stocked:.0%}"
        lines.append(
            f"{name}: stops to pay for traders from {own.value:.0%} ({own.low:.0%} to {own.high:.0%}; today's coverage "
            f"is enough in {own.share_today:.0%} of draws), for the country without own stocks from {whole.value:.0%} "
            f"at central values (draws {whole.low:.0%} to {whole.high:.0%}, median {whole['median']:.0%}; enough in "
            f"{whole.share_today:.0%}), within a quarter with the stocks it has {with_stocks}"
        )
    for stance, words in (("neutral", "routes neutral"), ("align_US", "routes willing")):
        own = {key: office[f"{stance}, {key}"] for key in ("coverage", "penalty", "diverted")}
        lines.append(
            f"least cost to the licence office, {words}: coverage {own['coverage']:.0%} and a penalty of "
            f"{own['penalty']:.2f} normal prices, {own['diverted']:.1%} of purchases diverted"
        )
    return lines
