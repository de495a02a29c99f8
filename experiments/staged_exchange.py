"""Who goes first, tariffs off or licences open, and in how many tranches does the exchange enforce itself?

The likeliest truce is approached from the standoff in 1 to 8 quarterly tranches: the US tariff first, the Chinese
licences first, or all that one side gives first; the others reciprocate a quarter later. At every stage, in every state
that can be reached, nobody may gain from stopping. Three readings: as shipped, the horizon of an election, and the loss
from a cut of 80 % that the IMF has published.
"""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

import bargain as bg
from bargain.plot import DOUBLE_COLUMN, OKABE_ITO, figure_style, letter_panels, line_style, new_figure
from bargain.talks.staged_exchange import staged_exchange
from bargain.talks.staged_runs import EXCHANGED, StagedExchange, StagedRun

SETTINGS = {
    "scenario": "us-china-2025",
    "evidence": "independent",
    "readings": {
        "as shipped": {},
        "discount factor 0.90": {"values": {"rounds.discount_factor": 0.90}},
        "IMF loss": {"variant": "imf_loss"},
    },
    "most_tranches": 8,
    "threat": "path",
    "solution": "nash",
}
NAMES = {"US": "United States", "CN": "China"}
ORDERS = {
    "us_tariff first": "US tariff off first",
    "licences first": "Chinese licences open first",
    "US first": "all that the US gives first",
    "CN first": "all that China gives first",
    "all at once": "both sides at the same time",
}
LEADERS = {"us_tariff first": "US", "US first": "US", "licences first": "CN", "CN first": "CN"}
DASHES = {"us_tariff first": (0, (4, 1.5)), "licences first": (0, (4, 1.5)), "all at once": (0, (1, 1))}


def run() -> pd.DataFrame:
    rows: list[dict[str, object]] = []
    for reading, given in SETTINGS["readings"].items():
        scenario = bg.load_scenario(SETTINGS["scenario"], evidence=SETTINGS["evidence"], **given)
        agreement = bg.negotiate(scenario, threat=SETTINGS["threat"], solution=SETTINGS["solution"])
        found = staged_exchange(agreement, most_tranches=SETTINGS["most_tranches"])
        if found.status != EXCHANGED:
            rows.append({"reading": reading, "status": found.status})
            continue
        if not all(entry.certified for entry in found.runs if entry.holding):
            raise ValueError(f"{reading}: some stage fails its certificate")
        rows += [{"reading": reading, **row} for entry in found.runs for row in _rows(found, entry)]
    table = pd.DataFrame(rows)
    numbers = table.select_dtypes(float).columns
    table[numbers] = table[numbers].round(12) + 0.0
    base = bg.load_scenario(SETTINGS["scenario"], evidence=SETTINGS["evidence"])
    table.attrs["allowed_missing"] = ("broken_at_stage", "breaker_gain")
    table.attrs["parameters_hash"] = base.hash
    table.attrs["record"] = {**base.record(), "solver": "negotiate(truce, path, nash), staged_exchange"}
    return table


def _rows(found: StagedExchange, entry: StagedRun) -> list[dict[str, object]]:
    """One row per number of tranches and player."""
    rows = []
    for number in range(1, entry.most + 1):
        breaker = entry.breaker(number)
        for k, player in enumerate(found.players):
            payoff = float(entry.payoffs[number - 1, k])
            rows.append(
                {
                    "status": found.status,
                    "gives": "; ".join(f"{name} {before} to {after}" for name, _, before, after in found.gives),
                    "order": entry.order,
                    "tranches": number,
                    "holds": number in entry.holding,
                    "player": player,
                    "payoff": payoff,
                    "gain": payoff - float(found.standoff[k]),
                    "gain_usd_bn": (payoff - float(found.standoff[k])) * float(found.usd[k]),
                    "broken_by": "" if breaker is None else breaker[3],
                    "broken_at_stage": None if breaker is None else float(breaker[1]),
                    "broken_in": "" if breaker is None else breaker[2],
                    "breaker_gain": None if breaker is None else breaker[5],
                }
            )
    return rows


def plot(table: pd.DataFrame) -> Figure:
    readings = list(SETTINGS["readings"])
    with figure_style():
        figure, axes = new_figure(DOUBLE_COLUMN, 4.2, rows=2, columns=len(readings), share_x=True)
        for row, side in zip(axes, NAMES, strict=True):
            for ax, reading in zip(row, readings, strict=True):
                own = table[(table["reading"] == reading) & (table["player"] == side)]
                _panel(ax, own)
                ax.set_title(reading if side == "US" else "")
            row[0].set_ylabel(f"gain of {NAMES[side]}\n(bn USD a year)")
        for ax in axes[-1]:
            ax.set_xlabel("tranches (quarters)")
        letter_panels(axes.ravel())
        handles, labels = axes[0, 0].get_legend_handles_labels()
        marks = [
            axes[0, 0].plot([], [], "o", color="black", markersize=4, markerfacecolor=face)[0]
            for face in ("black", "white")
        ]
        words = ["enforces itself at every stage", "somebody would stop"]
        figure.legend([*handles, *marks], [*labels, *words], loc="outside lower center", ncols=4, fontsize=6.5)
    return figure


def _panel(ax: Axes, own: pd.DataFrame) -> None:
    for order, label in ORDERS.items():
        rows = own[own["order"] == order]
        leader = LEADERS.get(order)
        colour = OKABE_ITO["black"] if leader is None else line_style(leader)["color"]
        style = {"color": colour, "linestyle": DASHES.get(order, "-"), "linewidth": 1.1}
        ax.plot(rows["tranches"], rows["gain_usd_bn"], label=label, **style)
        for holds, face in ((True, colour), (False, "white")):
            part = rows[rows["holds"] == holds]
            ax.plot(
                part["tranches"],
                part["gain_usd_bn"],
                linestyle="none",
                marker="o",
                markersize=3.4,
                markeredgewidth=0.9,
                color=colour,
                markerfacecolor=face,
            )
    ax.set_xticks(range(1, SETTINGS["most_tranches"] + 1))


def findings(table: pd.DataFrame) -> list[str]:
    lines = []
    for reading, rows in table.groupby("reading", sort=False):
        if rows["status"].iloc[0] != EXCHANGED:
            lines.append(f"{reading}: {rows['status'].iloc[0]}")
            continue
        lines.append(f"{reading}: the truce changes, in the likeliest state of the start, {rows['gives'].iloc[0]}")
        for order, label in ORDERS.items():
            own = rows[rows["order"] == order]
            if len(own):
                lines.append(f"{reading}, {label}: {_order_text(own)}")
        lines.append(f"{reading}: {_first_text(rows)}")
    return [*lines, _all_text(table)]


def _all_text(table: pd.DataFrame) -> str:
    """Over all readings and orders: the smallest numbers that hold, and where more tranches than that are too many."""
    cases = table[table["status"] == EXCHANGED].groupby(["reading", "order"], sort=False)
    smallest, too_many = [], 0
    for _, rows in cases:
        holding = rows.loc[rows["holds"], "tranches"]
        if len(holding):
            smallest.append(int(holding.min()))
            too_many += bool((~rows.loc[rows["tranches"] > holding.min(), "holds"]).any())
    if not smallest:
        return "no order holds in any reading"
    words = f"{min(smallest)}" if min(smallest) == max(smallest) else f"{min(smallest)} to {max(smallest)}"
    return (
        f"{len(smallest)} of {len(cases)} orders over all readings hold in some number of tranches, the smallest "
        f"number being {words}; in {too_many} of them some larger number up to {SETTINGS['most_tranches']} fails"
    )


def _order_text(own: pd.DataFrame) -> str:
    """Smallest number that holds, gains there, and from which number on somebody would stop."""
    once = own[own["player"] == own["player"].iloc[0]]
    holding, failing = once[once["holds"]], once[~once["holds"]]
    if not len(holding):
        close = failing.loc[failing["breaker_gain"].idxmin()]
        return f"no number of tranches up to {len(once)} holds; with {close['tranches']} {_who(close)}"
    number = int(holding["tranches"].iloc[0])
    gains = own[own["tranches"] == number].set_index("player")["gain_usd_bn"]
    shown = ", ".join(f"{name} {gains[side]:+.2f}" for side, name in NAMES.items())
    text = (
        f"{number} {'tranche is' if number == 1 else 'tranches are'} enough ({shown} bn USD a year over the standoff)"
    )
    fewer = once[once["tranches"] == number - 1]
    text += f"; with one fewer {_who(fewer.iloc[0])}" if len(fewer) else ""
    more = failing[failing["tranches"] > number]
    if len(more):
        return f"{text}; with {int(more['tranches'].iloc[0])} {_who(more.iloc[0])}"
    return f"{text}; every larger number up to {len(once)} holds too"


def _who(row: pd.Series) -> str:
    return (
        f"{NAMES[row['broken_by']]} would stop at stage {int(row['broken_at_stage'])} in state {row['broken_in']} "
        f"(gain {row['breaker_gain']:.2g} % of own GDP a year)"
    )


def _first_text(rows: pd.DataFrame) -> str:
    """What giving first instead of second costs each side, at the smallest number that holds either way."""
    once = rows[rows["player"] == rows["player"].iloc[0]]
    held = [set(once[(once["order"] == f"{side} first") & once["holds"]]["tranches"]) for side in NAMES]
    if not held[0] & held[1]:
        return "no number of tranches holds whoever goes first"
    number = min(held[0] & held[1])
    parts = []
    for side, other in (("US", "CN"), ("CN", "US")):
        own = rows[(rows["player"] == side) & (rows["tranches"] == number)].set_index("order")
        loss, dollars = (
            own.loc[f"{other} first", column] - own.loc[f"{side} first", column] for column in ("gain", "gain_usd_bn")
        )
        parts.append(f"{NAMES[side]} {dollars:+.2f} bn USD a year ({loss:+.4f} % of own GDP)")
    return f"giving first instead of second costs, in {number} tranche{'s' if number > 1 else ''}: " + "; ".join(parts)
