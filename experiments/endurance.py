"""Who gives in when, over what is known of the stock: the United States or China?

A war of attrition in which both sides' endurance is private: that of the United States rests on its stock of critical
inputs (2 to 18 months of use), that of China on what a month costs it. Each type's date of giving in is the equilibrium
one, checked type by type by numerical integration; then the same with a stock known to both.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

import bargain as bg
from bargain.mechanisms.attrition import Attrition, attrition, known_attrition
from bargain.mechanisms.endurance_prior import EndurancePrior
from bargain.plot import DOUBLE_COLUMN, figure_style, ink, letter_panels, line_style, new_figure
from bargain.standoff.mechanism_endurance import EnduranceTerms, endurance_terms

SETTINGS = {
    "scenario": "us-china-2025",
    "evidence": "independent",
    "marked_stocks": [2, 4, 8, 18],
    "known_stocks": [1 + 0.5 * k for k in range(37)],
    "obstinate": ["low", "value", "high"],
    "days": 200,
    "largest_gain": 1e-4,
}
NAMES = {"US": "United States", "CN": "China"}
OBSTINATE = "mechanisms.endurance.obstinate"
LEVELS = {"low": "lowest", "value": "central", "high": "highest"}
STOCK_TICKS = [2, 4, 8, 12, 16, 18]
DASHES = {"low": (0, (1, 1)), "value": "-", "high": (0, (4, 1.2))}


def run() -> pd.DataFrame:
    scenario = bg.load_scenario(SETTINGS["scenario"], evidence=SETTINGS["evidence"])
    terms = endurance_terms(scenario)
    found = _checked(attrition(*terms.priors()))
    rows = _types(terms, found) + _over_time(terms, found) + _summary(terms, found)
    doubt = scenario.parameters[OBSTINATE]
    for name in SETTINGS["obstinate"]:
        rows += _known_stock(endurance_terms(scenario.with_values({OBSTINATE: getattr(doubt, name)})), name)
    table = pd.DataFrame(rows, columns=["part", "side", "obstinate", "x", "value"])
    table.attrs["parameters_hash"] = scenario.hash
    table.attrs["record"] = {**scenario.record(), "solver": "attrition, known_attrition"}
    return table


def _checked(found: Attrition) -> Attrition:
    if max(found.gains) > SETTINGS["largest_gain"]:
        raise ValueError(f"a type gains {max(found.gains):.3g} of its prize by another date")
    return found


def _row(part: str, side: str, obstinate: str, x: float, value: float) -> tuple[str, str, str, float, float]:
    return part, side, obstinate, float(x), float(value)


def _types(terms: EnduranceTerms, found: Attrition) -> list[tuple[str, str, str, float, float]]:
    """The month in which a side with a given endurance gives in, and where the marked stocks of the US lie."""
    rows = []
    for side, code in enumerate(terms.players):
        months = found.priors[side].months
        for x in np.linspace(months[0], months[-1], 120):
            rows.append(_row("date", code, "value", x, found.concession(side, float(x))[0]))
    for stock in SETTINGS["marked_stocks"]:
        rows.append(_row("endurance of stock", terms.players[0], "value", stock, terms.target_endurance(float(stock))))
    for name, factor in (("low", 1 - terms.cost_spread), ("value", 1.0), ("high", 1 + terms.cost_spread)):
        rows.append(_row("endurance at cost", terms.players[1], name, factor, terms.sender_endurance(factor)))
    return rows


def _over_time(terms: EnduranceTerms, found: Attrition) -> list[tuple[str, str, str, float, float]]:
    grid = np.linspace(0.0, found.horizon, SETTINGS["days"])
    return [
        _row("holds out", code, "value", t, 1.0 - kept)
        for side, code in enumerate(terms.players)
        for t, kept in zip(grid, found.yielded(side, grid), strict=True)
    ]


def _summary(terms: EnduranceTerms, found: Attrition) -> list[tuple[str, str, str, float, float]]:
    rows = [_row("delay", "both", "value", 0.0, found.delay), _row("horizon", "both", "value", 0.0, found.horizon)]
    for side, code in enumerate(terms.players):
        rows.append(_row("at once", code, "value", 0.0, found.at_once[side]))
        rows.append(_row("gives in", code, "value", 0.0, found.yields[side]))
        rows.append(_row("largest gain", code, "value", 0.0, found.gains[side]))
    for stock in SETTINGS["marked_stocks"]:
        ends = (terms.target_endurance(float(stock)), terms.sender_endurance())
        weak = known_attrition(ends, (1.0, 1.0), (1.0, 1.0)).yields
        rows.append(_row("known both", terms.players[weak[0]] if len(weak) == 1 else "either", "value", stock, ends[0]))
    return rows


def _known_stock(terms: EnduranceTerms, name: str) -> list[tuple[str, str, str, float, float]]:
    """Chance that each side is the one who gives in, and the delay, when the stock is known and China's cost is not."""
    rows = []
    _, sender = terms.priors()
    for stock in SETTINGS["known_stocks"]:
        target = EndurancePrior.points((terms.target_endurance(stock),), (1.0,), terms.obstinate)
        found = _checked(attrition(target, sender))
        for side, code in enumerate(terms.players):
            rows.append(_row("gives in, stock known", code, name, stock, found.yields[side]))
        rows.append(_row("delay, stock known", "both", name, stock, found.delay))
    return rows


def plot(table: pd.DataFrame) -> Figure:
    with figure_style():
        figure, axes = new_figure(DOUBLE_COLUMN, 4.4, rows=2, columns=2)
        _dates(axes[0, 0], table)
        _holding_out(axes[0, 1], table)
        _who(axes[1, 0], table)
        _delays(axes[1, 1], table)
        letter_panels(axes.ravel())
    return figure


def _side_line(side: str, **changes: object) -> dict[str, object]:
    return {**line_style(side), "marker": "none", "linestyle": "-", **changes}


def _dates(ax: Axes, table: pd.DataFrame) -> None:
    dates = table[table["part"] == "date"]
    for side, rows in dates.groupby("side", sort=False):
        ax.plot(rows["x"], rows["value"], **_side_line(side))
    own = dates[dates["side"] == "US"]
    for row in table[table["part"] == "endurance of stock"].itertuples():
        date = float(np.interp(row.value, own["x"], own["value"]))
        ax.plot([row.value], [date], marker="o", markersize=3.5, color=line_style("US")["color"])
        ax.annotate(
            f"{row.x:g}", (row.value, date), xytext=(0, 5), textcoords="offset points", ha="right", color=ink("black")
        )
    _name_sides(ax, {"US": (13.2, 24.0, "right"), "CN": (17.2, 9.0, "left")})
    ax.set_xlabel("months that a side could hold out (dots: US stock, months)")
    ax.set_ylabel("month in which it gives in")
    ax.set_title("when a side gives in, both private")
    ax.set_xlim(0, 22)
    ax.set_ylim(-1.5, None)


def _name_sides(ax: Axes, places: dict[str, tuple[float, float, str]], ending: str = "") -> None:
    for side, (x, y, align) in places.items():
        ax.text(x, y, NAMES[side] + ending, color=ink(line_style(side)["color"]), ha=align, va="center")


def _holding_out(ax: Axes, table: pd.DataFrame) -> None:
    for side, rows in table[table["part"] == "holds out"].groupby("side", sort=False):
        ax.plot(rows["x"], rows["value"], **_side_line(side))
    _name_sides(ax, {"US": (4.0, 0.25, "center"), "CN": (9.0, 0.52, "left")})
    ax.set_xlabel("month")
    ax.set_ylabel("chance of still holding out")
    ax.set_title("who still holds out, both private")
    ax.set_ylim(0, 1.03)
    ax.set_xlim(left=-0.5)


def _who(ax: Axes, table: pd.DataFrame) -> None:
    known = table[table["part"] == "gives in, stock known"]
    for (side, name), rows in known.groupby(["side", "obstinate"], sort=False):
        ax.plot(rows["x"], rows["value"], **_side_line(side, linestyle=DASHES[name]))
    _name_sides(ax, {"US": (10.2, 0.94, "left"), "CN": (10.2, 0.06, "left")}, " gives in")
    ax.set_xlabel("US stock, known to both (months)")
    ax.set_ylabel("chance")
    ax.set_ylim(0, 1.03)
    ax.set_xticks(STOCK_TICKS)
    ax.set_title("stock known, China's cost private")


def _delays(ax: Axes, table: pd.DataFrame) -> None:
    for name, rows in table[table["part"] == "delay, stock known"].groupby("obstinate", sort=False):
        ax.plot(rows["x"], rows["value"], color="black", linestyle=DASHES[name], label=name)
    labels = {"low": "fewest that never give in", "value": "central", "high": "most"}
    handles, names = ax.get_legend_handles_labels()
    ax.legend(handles, [labels[name] for name in names], loc="lower right")
    ax.set_xlabel("US stock, known to both (months)")
    ax.set_ylabel("months until one side gives in")
    ax.set_xticks(STOCK_TICKS)
    ax.set_ylim(bottom=0)
    ax.set_title("stock known, China's cost private")


def findings(table: pd.DataFrame) -> list[str]:
    def rows(part: str) -> pd.DataFrame:
        return table[table["part"] == part]

    ends = ", ".join(f"{r.value:.1f} with {r.x:g} months" for r in rows("endurance of stock").itertuples())
    costs = rows("endurance at cost").sort_values("value")["value"]
    lines = [
        f"months that a side could hold out before the prize is used up: United States {ends} of stock; "
        f"China {costs.iloc[0]:.1f} to {costs.iloc[-1]:.1f} over the spread of its cost, {costs.iloc[1]:.1f} at "
        "the central one"
    ]
    shares = {name: rows(name).set_index("side")["value"] for name in ("gives in", "at once", "largest gain")}
    parts = "; ".join(
        f"{NAMES[side]} gives in with chance {shares['gives in'][side]:.2f}, at once with {shares['at once'][side]:.2f}"
        for side in NAMES
    )
    delay = rows("delay")["value"].iloc[0]
    lines.append(
        f"both sides' endurance private: {parts}; {delay:.1f} months on average until one does; no type gains more "
        f"than {shares['largest gain'].max():.0e} of its prize by another date"
    )
    sides = ", ".join(f"{r.x:g} months: {NAMES.get(r.side, r.side)}" for r in rows("known both").itertuples())
    lines.append(f"who gives in at once where both know all, by US stock: {sides}")
    known = rows("gives in, stock known")
    for name, own in known.groupby("obstinate", sort=False):
        wide = own.pivot(index="x", columns="side", values="value")
        delays = rows("delay, stock known")
        longest = delays[delays["obstinate"] == name]["value"].max()
        lines.append(
            f"stock known, {LEVELS[name]} chance of a side that never gives in: {_turn(wide)}; "
            + ", ".join(
                f"at {months:g} months the United States gives in with chance {wide['US'][months]:.2f} and China with "
                f"{wide['CN'][months]:.2f}"
                for months in (2.0, 4.0, 18.0)
            )
            + f"; the longest expected delay is {longest:.1f} months"
        )
    return lines


def _turn(wide: pd.DataFrame) -> str:
    more = wide.index[wide["CN"] > wide["US"]]
    if not len(more):
        return "the United States is the likelier one to give in at every stock"
    return f"China is the likelier one to give in from {more[0]:g} months of US stock on, the United States below"
