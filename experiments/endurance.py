"""Who gives in when, over what is known of the stock: the United States or China?

Both sides' endurance is private: that of the United States rests on its stock of critical inputs (2 to 18 months of
use), that of China on what a month costs it. Twice: with costs as they come, so that the United States pays little
until its stock is gone, and with the cost of each side spread evenly over the months it can hold out, as the textbook's
war of attrition has it. Each is checked type by type by numerical integration. Then the same with a stock that is
known to both.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

import bargain as bg
from bargain.mechanisms.attrition import Attrition, attrition, known_attrition
from bargain.mechanisms.endurance_prior import EndurancePrior
from bargain.mechanisms.exhaustion import Exhaustion
from bargain.plot import DOUBLE_COLUMN, figure_style, ink, letter_panels, line_style, new_figure
from bargain.standoff.mechanism_endurance import EnduranceTerms, endurance_terms

SETTINGS = {
    "scenario": "us-china-2025",
    "evidence": "independent",
    "marked_stocks": [2, 4, 8, 18],
    "known_stocks": [1 + 0.5 * k for k in range(37)],
    "obstinate": ["low", "value", "high"],
    "months": 24,
    "largest_gain": 1e-4,
    "n_draws": 40,
    "seed": 0,
}
NAMES = {"US": "United States", "CN": "China"}
OBSTINATE = "mechanisms.endurance.obstinate"
LEVELS = {"low": "lowest", "value": "central", "high": "highest"}
COSTS = {"as they come": "-", "spread": (0, (4, 1.4))}
STOCK_TICKS = [2, 4, 8, 12, 16, 18]
Row = tuple[str, str, str, str, float, float]


def run() -> pd.DataFrame:
    scenario = bg.load_scenario(SETTINGS["scenario"], evidence=SETTINGS["evidence"])
    terms = endurance_terms(scenario)
    spread = _checked(attrition(*terms.priors()))
    rows = _types(terms, spread) + _summary(terms, spread) + _private(terms, spread)
    doubt = scenario.parameters[OBSTINATE]
    for name in SETTINGS["obstinate"]:
        rows += _known_stock(endurance_terms(scenario.with_values({OBSTINATE: getattr(doubt, name)})), name)
    rows += _draws(scenario)
    table = pd.DataFrame(rows, columns=["part", "costs", "side", "obstinate", "x", "value"])
    table.attrs["parameters_hash"] = scenario.hash
    table.attrs["record"] = {**scenario.record(), "solver": "attrition, exhaustion, known_attrition"}
    return table


def _checked(found: Attrition) -> Attrition:
    if max(found.gains) > SETTINGS["largest_gain"]:
        raise ValueError(f"a type gains {max(found.gains):.3g} of its prize by another date")
    return found


def _held(found: Exhaustion) -> Exhaustion:
    if not found.holds:
        raise ValueError(f"a side gains {max(found.rival_gain, found.target_mean):.3g} of its prize by another date")
    return found


def _types(terms: EnduranceTerms, found: Attrition) -> list[Row]:
    """The month in which a side with a given endurance gives in, and where the marked stocks of the US lie."""
    rows: list[Row] = []
    for side, code in enumerate(terms.players):
        months = found.priors[side].months
        for x in np.linspace(months[0], months[-1], 120):
            rows.append(("date", "spread", code, "value", float(x), found.concession(side, float(x))[0]))
    for stock in SETTINGS["marked_stocks"]:
        rows.append(("endurance", "spread", terms.players[0], "value", float(stock), terms.target_endurance(stock)))
    for name, factor in (("low", 1 - terms.cost_spread), ("value", 1.0), ("high", 1 + terms.cost_spread)):
        rows.append(("endurance", "spread", terms.players[1], name, factor, terms.sender_endurance(factor)))
    for side, code in enumerate(terms.players):
        rows.append(("largest gain", "spread", code, "value", 0.0, found.gains[side]))
    return rows


def _summary(terms: EnduranceTerms, spread: Attrition) -> list[Row]:
    """What comes out when both sides' endurance is private."""
    came = _held(terms.exhaustion())
    rows: list[Row] = [("largest gain", "as they come", terms.players[1], "value", 0.0, came.rival_gain)]
    rows.append(("mean gain", "as they come", terms.players[0], "value", 0.0, came.target_mean))
    rows.append(("gaining types", "as they come", terms.players[0], "value", 0.0, came.gaining))
    at_once = {"as they come": (0.0, came.at_once), "spread": spread.at_once}
    for costs, found in (("as they come", came), ("spread", spread)):
        rows.append(("delay", costs, "both", "value", 0.0, found.delay))
        for side, code in enumerate(terms.players):
            rows.append(("at once", costs, code, "value", 0.0, at_once[costs][side]))
            rows.append(("gives in", costs, code, "value", 0.0, found.yields[side]))
    for stock in SETTINGS["marked_stocks"]:
        ends = (terms.target_endurance(float(stock)), terms.sender_endurance())
        weak = known_attrition(ends, (1.0, 1.0), (1.0, 1.0)).yields
        side = terms.players[weak[0]] if len(weak) == 1 else "either"
        rows.append(("both known", "spread", side, "value", float(stock), ends[0]))
    return rows


def _private(terms: EnduranceTerms, spread: Attrition) -> list[Row]:
    """Chance of still holding out, month by month, if the other side does."""
    rows: list[Row] = []
    came, grid = terms.exhaustion(), np.linspace(0.0, SETTINGS["months"], 8 * SETTINGS["months"] + 1)
    gone = (came.target_yielded(grid), came.rival_yielded(grid))
    for side, code in enumerate(terms.players):
        for costs, yielded in (("as they come", gone[side]), ("spread", spread.yielded(side, grid))):
            rows += [
                ("holds out", costs, code, "value", float(t), float(1.0 - chance))
                for t, chance in zip(grid, yielded, strict=True)
            ]
    return rows


def _draws(scenario: bg.Scenario) -> list[Row]:
    """Who gives in, both private, when all parameters are drawn from their ranges; only draws that have an answer.

    With costs as they come there is none where the stock is dear to the United States while it lasts: it would not hold
    out on it to the end. Where holding out costs a side nothing, its endurance has no end.
    """
    rows: list[Row] = []
    draws = scenario.draws(SETTINGS["n_draws"], SETTINGS["seed"])
    for i in range(SETTINGS["n_draws"]):
        terms = endurance_terms(scenario.with_values({key: float(values[i]) for key, values in draws.items()}))
        if min(terms.prize) <= 0.0 or terms.covered_cost[1] <= 0.0 or terms.bare_cost[0] <= terms.covered_cost[0]:
            continue
        found = {"as they come": terms.exhaustion(), "spread": _checked(attrition(*terms.priors()))}
        if not found["as they come"].holds:
            del found["as they come"]
        for costs, result in found.items():
            for side, code in enumerate(terms.players):
                rows.append(("gives in, draws", costs, code, "value", float(i), result.yields[side]))
    return rows


def _known_stock(terms: EnduranceTerms, name: str) -> list[Row]:
    """Chance that each side is the one who gives in, and the delay, when the stock is known and China's cost is not."""
    rows: list[Row] = []
    _, sender = terms.priors()
    for stock in SETTINGS["known_stocks"]:
        target = EndurancePrior.points((terms.target_endurance(stock),), (1.0,), terms.obstinate)
        known = EndurancePrior.points((stock,), (1.0,), terms.obstinate)
        came = terms.exhaustion(known)
        rows.append(("waiting gains, stock known", "as they come", terms.players[0], name, stock, came.target_gain))
        rows.append(("holds, stock known", "as they come", "both", name, stock, float(came.holds)))
        for costs, found in (("as they come", came), ("spread", _checked(attrition(target, sender)))):
            for side, code in enumerate(terms.players):
                rows.append(("gives in, stock known", costs, code, name, stock, found.yields[side]))
            rows.append(("delay, stock known", costs, "both", name, stock, found.delay))
    return rows


def plot(table: pd.DataFrame) -> Figure:
    with figure_style():
        figure, axes = new_figure(DOUBLE_COLUMN, 4.5, rows=2, columns=2)
        _holding_out(axes[0, 0], table)
        _dates(axes[0, 1], table)
        _who(axes[1, 0], table)
        _delays(axes[1, 1], table)
        letter_panels(axes.ravel())
        handles = [Line2D([], [], color="black", linestyle=dashes) for dashes in COSTS.values()]
        labels = ["costs as they come", "costs spread evenly over the months a side can hold out"]
        figure.legend(handles, labels, loc="outside lower center", ncols=2)
    return figure


def _holding(table: pd.DataFrame, part: str) -> pd.DataFrame:
    """Rows of a part, with costs as they come only for stocks at which nobody gains by another date."""
    rows, holds = table[table["part"] == part], table[table["part"] == "holds, stock known"]
    good = set(zip(holds["obstinate"], holds["x"], holds["value"] > 0.5, strict=True))
    places = zip(rows["costs"], rows["obstinate"], rows["x"], strict=True)
    return rows[[costs != "as they come" or (name, stock, True) in good for costs, name, stock in places]]


def _lines(ax: Axes, rows: pd.DataFrame) -> None:
    for (side, costs), own in rows.groupby(["side", "costs"], sort=False):
        look = {**line_style(side), "marker": "none", "linestyle": COSTS[costs]}
        ax.plot(own["x"], own["value"], drawstyle="default", **look)


def _name_sides(ax: Axes, places: dict[str, tuple[float, float, str]], ending: str = "") -> None:
    for side, (x, y, align) in places.items():
        ax.text(
            x,
            y,
            NAMES[side] + ending.replace(" ", "\n", 1),
            color=ink(line_style(side)["color"]),
            ha=align,
            va="center",
        )


def _holding_out(ax: Axes, table: pd.DataFrame) -> None:
    _lines(ax, table[table["part"] == "holds out"])
    _name_sides(ax, {"US": (5.5, 0.84, "left"), "CN": (13.0, 0.47, "left")})
    ax.set_xlabel("month")
    ax.set_ylabel("chance of still holding out")
    ax.set_title("both sides' endurance private")
    ax.set_ylim(0, 1.03)
    ax.set_xlim(-0.3, SETTINGS["months"])
    ax.set_xticks(range(0, SETTINGS["months"] + 1, 6))


def _dates(ax: Axes, table: pd.DataFrame) -> None:
    dates = table[table["part"] == "date"]
    _lines(ax, dates)
    own = dates[dates["side"] == "US"]
    ends = table[(table["part"] == "endurance") & (table["side"] == "US")]
    for row in ends.itertuples():
        date = float(np.interp(row.value, own["x"], own["value"]))
        ax.plot([row.value], [date], marker="o", markersize=3.5, color=line_style("US")["color"])
        ax.annotate(f"{row.x:g}", (row.value, date), xytext=(0, 5), textcoords="offset points", ha="right")
    _name_sides(ax, {"US": (13.2, 24.0, "right"), "CN": (17.2, 9.0, "left")})
    ax.set_xlabel("months a side could hold out (dots: US stock, months)")
    ax.set_ylabel("month in which it gives in")
    ax.set_title("both sides' endurance private, costs spread")
    ax.set_xlim(0, 22)
    ax.set_xticks(range(0, 21, 5))
    ax.set_ylim(-1.5, None)


def _who(ax: Axes, table: pd.DataFrame) -> None:
    rows = _holding(table, "gives in, stock known")
    _lines(ax, rows[rows["obstinate"] == "value"])
    _name_sides(ax, {"US": (1.2, 0.62, "left"), "CN": (1.2, 0.32, "left")}, " gives in")
    ax.set_xlabel("US stock, known to both (months)")
    ax.set_ylabel("chance")
    ax.set_ylim(0, 1.03)
    ax.set_xticks(STOCK_TICKS)
    ax.set_title("stock known, China's cost private")


def _delays(ax: Axes, table: pd.DataFrame) -> None:
    rows = _holding(table, "delay, stock known")
    rows = rows[rows["obstinate"] == "value"]
    for costs, own in rows.groupby("costs", sort=False):
        ax.plot(own["x"], own["value"], color="black", linestyle=COSTS[costs])
    ax.set_xlabel("US stock, known to both (months)")
    ax.set_ylabel("months until one side gives in")
    ax.set_xticks(STOCK_TICKS)
    ax.set_ylim(bottom=0)
    ax.set_title("stock known, China's cost private")


def findings(table: pd.DataFrame) -> list[str]:
    def rows(part: str, costs: str | None = None) -> pd.DataFrame:
        found = table[table["part"] == part]
        return found if costs is None else found[found["costs"] == costs]

    ends = rows("endurance")
    us = ", ".join(f"{r.value:.1f} with {r.x:g}" for r in ends[ends["side"] == "US"].itertuples())
    cn = sorted(ends[ends["side"] == "CN"]["value"])
    lines = [
        f"months until holding out has cost a side its prize: United States {us} months of stock; China {cn[0]:.1f} to "
        f"{cn[2]:.1f} over the spread of its cost, {cn[1]:.1f} at the central one"
    ]
    for costs in COSTS:
        shares = {name: rows(name, costs).set_index("side")["value"] for name in ("gives in", "at once")}
        parts = "; ".join(
            f"{name} gives in with chance {shares['gives in'][side]:.2f}, at once with {shares['at once'][side]:.2f}"
            for side, name in NAMES.items()
        )
        delay = rows("delay", costs)["value"].iloc[0]
        lines.append(f"both private, costs {costs}: {parts}; {delay:.1f} months on average until one does")
    sides = ", ".join(f"{r.x:g} months: {NAMES.get(r.side, r.side)}" for r in rows("both known").itertuples())
    lines.append(f"who gives in at once where both know all, by US stock: {sides}")
    known = _holding(table, "gives in, stock known")
    for costs in COSTS:
        for name in SETTINGS["obstinate"]:
            own = known[(known["obstinate"] == name) & (known["costs"] == costs)]
            wide = own.pivot(index="x", columns="side", values="value")
            listed = [m for m in (2.0, 4.0, 8.0, 18.0) if m in wide.index]
            shown = ", ".join(f"{m:g} months {wide['US'][m]:.2f} / {wide['CN'][m]:.2f}" for m in listed)
            if len(wide) < len(SETTINGS["known_stocks"]):
                gains = rows("waiting gains, stock known")
                most = gains[gains["obstinate"] == name]["value"].max()
                lines.append(
                    f"stock known, costs {costs}, {LEVELS[name]} chance of a side that never gives in: no equilibrium "
                    f"is known at {len(SETTINGS['known_stocks']) - len(wide)} of {len(SETTINGS['known_stocks'])} "
                    f"stocks, where the United States would gain up to {most:.2f} of its prize by waiting on; there "
                    "are no numbers for them"
                )
            if not listed:
                continue
            lines.append(
                f"stock known, costs {costs}, {LEVELS[name]} chance of a side that never gives in: chance that the "
                f"United States / China gives in at {shown}; {_turn(wide)}"
            )
    for costs in COSTS:
        wide = rows("gives in, draws", costs).pivot(index="x", columns="side", values="value")
        many = f"{len(wide)} of {SETTINGS['n_draws']} draws of all parameters have an answer"
        if len(wide):
            middle = ", ".join(f"{name} {wide[side].median():.2f}" for side, name in NAMES.items())
            many += (
                f": China is the likelier one in {int((wide['CN'] > wide['US']).sum())} of them, the United States in "
                f"{int((wide['US'] > wide['CN']).sum())}; median chance of giving in: {middle}"
            )
        lines.append(f"both private, costs {costs}: {many}")
    spread, came = rows("largest gain", "spread")["value"].max(), rows("largest gain", "as they come")["value"].max()
    lines.append(
        f"checks, of a prize: no type gains more than {spread:.0e} (costs spread) by another date; with costs as they "
        f"come no type of China more than {came:.0e} and the United States {rows('mean gain')['value'].iloc[0]:.4f} on "
        f"average, {rows('gaining types')['value'].iloc[0]:.3f} of its types more than a hundredth"
    )
    return lines


def _turn(wide: pd.DataFrame) -> str:
    """From which stock on China is the likelier one."""
    more = wide.index[wide["CN"] > wide["US"]]
    if not len(more):
        return "the United States is the likelier one at every stock"
    return f"China is the likelier one from {more[0]:g} months on, the United States below"
