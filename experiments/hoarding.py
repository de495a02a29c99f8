"""How large a stock is laid in before a stop that is expected, and do short licences prevent it?

A user of critical inputs who expects a stop with some chance every quarter buys ahead; licences cap what it can buy
beyond use. How the stock grows under several caps, how large it would become at which chance of a stop, from when on it
deters a stop, and what a stop is worth to either side against a given stock.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

import bargain as bg
from bargain.mechanisms.bluff import bluff
from bargain.mechanisms.hoarding import (
    hazard_of_stock,
    hoarding_plan,
    licence_cover,
    rounds_to_deter,
    target_stock,
)
from bargain.plot import DOUBLE_COLUMN, figure_style, ink, letter_panels, line_style, new_figure
from bargain.standoff.mechanism_endurance import EnduranceTerms, endurance_terms

SETTINGS = {
    "scenario": "us-china-2025",
    "evidence": "independent",
    "quarters": 12,
    "round_months": 3,
    "hazards": [0.00005 * 1.35**k for k in range(34)],
    "licence_months": [0.5 * k for k in range(25)],
    "stocks": [0.25 * k for k in range(1, 81)],
    "largest_gain": 1e-3,
}
NAMES = {"US": "United States", "CN": "China"}
BORNE, MARGIN, TERM = "borne_share", "licence_margin", "licence_months"
WAYS = {"rationed": "rationed in the best way", "bridging the gap": "used to bridge the whole gap"}
CAPS = ("no cap", "high", "value", "low")
DASHES = {"no cap": "-", "high": (0, (5, 1.2)), "value": (0, (4, 1, 1, 1)), "low": (0, (1, 1))}
Row = tuple[str, str, float, float]


def run() -> pd.DataFrame:
    scenario = bg.load_scenario(SETTINGS["scenario"], evidence=SETTINGS["evidence"])
    terms = endurance_terms(scenario)
    parameter = {key: scenario.parameters[f"mechanisms.hoarding.{key}"] for key in (BORNE, MARGIN, TERM)}
    ways = ("rationed", "bridging the gap")
    rows: list[Row] = [
        ("deterring stock", way, terms.threshold(), stock)
        for way, stock in zip(ways, terms.deterring_stocks(), strict=True)
    ]
    deterring = max(terms.deterring_stocks())
    rows += [
        ("stock today", name, 0.0, x) for name, x in zip(("low", "value", "high"), terms.stock_months, strict=True)
    ]
    margins = {name: getattr(parameter[MARGIN], name) for name in ("high", "value", "low")}
    rows += _paths(terms, margins, deterring)
    for name in ("low", "value", "high"):
        key = f"mechanisms.hoarding.{BORNE}"
        market = endurance_terms(scenario.with_values({key: getattr(parameter[BORNE], name)})).market()
        rows.append(("borne share", name, 0.0, getattr(parameter[BORNE], name)))
        rows += [("target", name, h, target_stock(replace(market, hazard=h))) for h in SETTINGS["hazards"]]
        rows += [("implied hazard", name, x, hazard_of_stock(market, x)) for x in terms.stock_months]
    rows += _licences(terms, margins, parameter[TERM].value)
    rows += _worths(terms)
    rows += _bluffs(terms)
    table = pd.DataFrame(rows, columns=["part", "case", "x", "value"])
    table.attrs["allowed_missing"] = ["value"]
    table.attrs["parameters_hash"] = scenario.hash
    table.attrs["record"] = {**scenario.record(), "solver": "hoarding_plan, deterring_stock, bluff"}
    return table


def _paths(terms: EnduranceTerms, margins: dict[str, float], deterring: float) -> list[Row]:
    """The stock quarter by quarter while no stop comes, from the central stock, and when it deters one."""
    rows: list[Row] = []
    market, start = terms.market(), terms.stock_months[1]
    for name in CAPS:
        cap = None if name == "no cap" else margins[name] * terms.round_months
        plan = hoarding_plan(market, start, SETTINGS["quarters"], cap)
        if plan.gain > SETTINGS["largest_gain"]:
            raise ValueError(f"{name}: a change of the plan takes {plan.gain:.3g} from its cost")
        stocks = (start, *plan.stocks)
        rows += [("stock", name, float(t), stock) for t, stock in enumerate(stocks)]
        quarters = rounds_to_deter(plan, start, deterring)
        reached = quarters if np.isfinite(quarters) else np.nan
        rows.append(("expected cost", name, -1.0 if cap is None else cap, plan.cost))
        rows.append(("quarters to deter", name, deterring, reached))
        rows.append(("largest gain", name, 0.0, plan.gain))
    return rows


def _licences(terms: EnduranceTerms, margins: dict[str, float], today: float) -> list[Row]:
    """Stock after a year of buying up to the cap, and what is still delivered after a stop that ends renewals only."""
    rows: list[Row] = []
    for name, margin in margins.items():
        plan = hoarding_plan(terms.market(), terms.stock_months[1], 4, margin * terms.round_months)
        for months in (*SETTINGS["licence_months"], today):
            cover = float(licence_cover(months / terms.round_months, terms.need * (1.0 + margin)))
            part = "cover today" if months is today else "stock and licences"
            rows.append((part, name, float(months), plan.stocks[-1] + cover))
    return rows


def _worths(terms: EnduranceTerms) -> list[Row]:
    """What a stop that lasts until the target gives in brings either side, percent of own GDP in all, by stock."""
    rows: list[Row] = []
    for stock in SETTINGS["stocks"]:
        harm, worth, _ = terms.against(stock)
        rows += [
            ("worth of a stop", terms.players[0], stock, -harm),
            ("worth of a stop", terms.players[1], stock, worth),
        ]
    return rows


def _bluffs(terms: EnduranceTerms) -> list[Row]:
    """The game of showing strength, over the chance of the small stock."""
    rows: list[Row] = []
    given = terms.bluff_terms()
    for p in np.linspace(0.025, 0.975, 39):
        found = bluff(**{**given, "chance_small": float(p)})
        rows.append(("bluff", found.regime, float(p), found.shows[0]))
        rows.append(("bluff called", found.regime, float(p), found.embargo[1]))
    rows.append(("bluff threshold", "belief", given["chance_small"], bluff(**given).threshold))
    return rows


def plot(table: pd.DataFrame) -> Figure:
    with figure_style():
        figure, axes = new_figure(DOUBLE_COLUMN, 4.6, rows=2, columns=2)
        _draw_paths(axes[0, 0], table)
        _draw_targets(axes[0, 1], table)
        _draw_licences(axes[1, 0], table)
        _draw_worths(axes[1, 1], table)
        letter_panels(axes.ravel())
        margins = _margins(table)
        labels = [
            f"licences allow {margins[name]:g} % beyond use" if margins[name] is not None else "no cap" for name in CAPS
        ]
        handles = [Line2D([], [], color="black", linestyle=DASHES[name]) for name in CAPS]
        figure.legend(handles, labels, loc="outside lower center", ncols=4)
    return figure


def _margins(table: pd.DataFrame) -> dict[str, float | None]:
    """Percent of use that each cap lets through beyond it."""
    caps = table[table["part"] == "expected cost"].set_index("case")["x"]
    return {name: None if caps[name] < 0 else round(100 * caps[name] / SETTINGS["round_months"], 6) for name in CAPS}


def _level(ax: Axes, table: pd.DataFrame, place: tuple[float, float]) -> None:
    """The stock that deters a stop: from the one of a target that rations to that of one that bridges the gap."""
    values = table[table["part"] == "deterring stock"]["value"]
    ax.axhspan(values.min(), values.max(), color="#DDDDDD", linewidth=0.0, zorder=0)
    ax.text(*place, "grey: deters a stop", color="#555555", ha="right")


def _draw_paths(ax: Axes, table: pd.DataFrame) -> None:
    for name, rows in table[table["part"] == "stock"].groupby("case", sort=False):
        ax.plot(rows["x"], rows["value"], color="black", linestyle=DASHES[name])
    _level(ax, table, (SETTINGS["quarters"] - 0.2, 1.4))
    ax.set_xlabel("quarter without a stop")
    ax.set_ylabel("US stock (months of use)")
    ax.set_title("how the stock grows")
    ax.set_xlim(0, SETTINGS["quarters"])
    ax.set_ylim(bottom=0)


def _shares(table: pd.DataFrame) -> dict[str, str]:
    """Share of the loss that buyers bear, in words, by case."""
    own = table[table["part"] == "borne share"].set_index("case")["value"]
    return {name: f"{100 * share:g} %" for name, share in own.items()}


def _draw_targets(ax: Axes, table: pd.DataFrame) -> None:
    rows = table[table["part"] == "target"]
    shares = _shares(table)
    for place, (name, own) in enumerate(rows.groupby("case", sort=False)):
        ax.plot(100 * own["x"], own["value"], **{**line_style(place), "marker": "none"})
        here, last = own.iloc[len(own) // 2], place == 2
        ax.annotate(
            shares[name], (100 * here["x"], here["value"]), xytext=(-3, 3) if last else (4, -8),
            textcoords="offset points", ha="right" if last else "left", color=ink(line_style(place)["color"]),
        )  # fmt: skip
    for months in table[table["part"] == "stock today"]["value"]:
        ax.axhline(months, color="#CCCCCC", linewidth=0.6, zorder=0)
        ax.annotate(f"{months:g}", (0.004, months), xytext=(2, 1), textcoords="offset points", color="#555555")
    ax.set_xscale("log")
    ax.set_xlabel("chance of a stop in a quarter (%)")
    ax.set_ylabel("stock worth holding (months)")
    ax.set_title("what is worth holding, by share of loss borne")
    ax.set_ylim(bottom=0)
    ax.set_xlim(0.004, 100)
    ax.set_xticks([0.01, 0.1, 1, 10, 100], ["0.01", "0.1", "1", "10", "100"])
    ax.minorticks_off()


def _draw_licences(ax: Axes, table: pd.DataFrame) -> None:
    for name, rows in table[table["part"] == "stock and licences"].groupby("case", sort=False):
        ax.plot(rows["x"], rows["value"], color="black", linestyle=DASHES[name])
    _level(ax, table, (11.8, 3.2))
    today = table[table["part"] == "cover today"]["x"].iloc[0]
    ax.axvline(today, color="#CCCCCC", linewidth=0.6)
    ax.annotate("June 2025", (today, 0), xytext=(2, 3), textcoords="offset points", color="#555555")
    ax.set_xlabel("length of a licence (months)")
    ax.set_ylabel("US cover after a year (months)")
    ax.set_title("stock and running licences")
    ax.set_yticks(range(0, 19, 3))
    ax.set_xticks(range(0, 13, 3))
    ax.set_xlim(0, 12)
    ax.set_ylim(bottom=0)


def _draw_worths(ax: Axes, table: pd.DataFrame) -> None:
    ax.axhline(0.0, color="black", linewidth=0.5)
    for side, rows in table[table["part"] == "worth of a stop"].groupby("case", sort=False):
        ax.plot(rows["x"], rows["value"], **{**line_style(side), "marker": "none", "linestyle": "-"})
    for side, (x, y) in {"US": (12.5, -0.13), "CN": (3.5, 0.2)}.items():
        ax.text(x, y, NAMES[side], color=ink(line_style(side)["color"]))
    ax.set_xlabel("US stock (months of use)")
    ax.set_ylabel("worth of a stop (% of own GDP)")
    ax.set_title("a stop until the United States gives in")
    ax.set_xlim(0, 20)
    ax.set_xticks(range(0, 21, 4))


def findings(table: pd.DataFrame) -> list[str]:
    def rows(part: str) -> pd.DataFrame:
        return table[table["part"] == part]

    deterring = rows("deterring stock")
    ways = ", ".join(f"{r.value:.1f} months if it is {WAYS[r.case]}" for r in deterring.itertuples())
    lines = [
        f"US stock that lasts the {deterring['x'].iloc[0]:.1f} quarters from which on a stop costs China more than the "
        f"concession is worth to it: {ways}"
    ]
    margins = _margins(table)
    for name in CAPS:
        stock = rows("stock")
        own = stock[stock["case"] == name].set_index("x")["value"]
        quarters = rows("quarters to deter").set_index("case")["value"][name]
        cost = rows("expected cost").set_index("case")["value"][name]
        when = "never within the plan" if np.isnan(quarters) else f"in quarter {quarters:g}"
        cap = "no cap" if margins[name] is None else f"licences that allow {margins[name]:g} % beyond use"
        lines.append(
            f"{cap}: from {own[0.0]:g} to {own[4.0]:.1f} months of stock in a year and {own.iloc[-1]:.1f} in "
            f"{own.index[-1] / 4:g} years, enough to deter in either use {when}; expected cost {cost:.3f} % of US GDP"
        )
    hazards = rows("implied hazard")
    for name, label in (("low", "least"), ("value", "central"), ("high", "largest")):
        own = hazards[hazards["case"] == name].set_index("x")["value"]
        lines.append(
            f"chance of a stop in a quarter that makes a stock the one worth holding, {label} share of the loss borne: "
            + ", ".join(f"{100 * h:.2g} % for {x:g} months" for x, h in own.items())
        )
    cover = rows("cover today")
    months = cover["x"].iloc[0]
    shown = ", ".join(f"{margins[r.case]:g} % beyond use {r.value:.1f}" for r in cover.itertuples())
    lines.append(
        f"stock and running licences of {months:g} months after a year of buying, if a stop only ends renewals (months "
        f"of use): {shown}; without running licences {cover['value'].min() - _cover(table, months):.1f} at the least"
    )
    return [*lines, _bluff_words(table)]


def _cover(table: pd.DataFrame, months: float) -> float:
    """What running licences alone add, at the tightest cap."""
    own = table[table["part"] == "stock and licences"]
    own = own[own["case"] == "low"].set_index("x")["value"]
    return float(own[months] - own[0.0])


def _bluff_words(table: pd.DataFrame) -> str:
    """Where strength is shown, and where it is only shown."""
    bluffs, threshold = table[table["part"] == "bluff"], table[table["part"] == "bluff threshold"].iloc[0]
    parts = [
        f"{regime} for chances of a small stock from {own['x'].min():.3g} to {own['x'].max():.3g}"
        for regime, own in bluffs.groupby("case", sort=False)
    ]
    shown = bluffs[bluffs["value"] > 0.0]
    called = table[(table["part"] == "bluff called") & table["x"].isin(shown["x"])]["value"]
    much = (
        f"; a small stock is then shown with chance {shown['value'].min():.2f} to {shown['value'].max():.2f} and the "
        f"stop comes all the same with chance {called.max():.2f}"
        if len(shown)
        else ""
    )
    return (
        f"showing strength: {'; '.join(parts)}{much}; the chance at these values is {threshold['x']:.3f}, and a stop "
        f"pays above {threshold['value']:.3f}"
    )
