"""Does a US stock of 2 or of 18 months change what each side can count on, and does patience change the answer?

Value to both sides of the standoff on the path from the status quo and of the truce they negotiate, from every US stock
between none and 18 months, at two discount factors. Separate stocks: the months are those of the military stock of
heavy rare earths, and industry keeps its own stock, which is full again at every round. Pooled stocks: the months are
those of one general stock for both tracks and both inputs, which is drawn down. The grid of stocks has a point every
three months; a start between two points is a lottery over them.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

import bargain as bg
from bargain.plot import DOUBLE_COLUMN, OKABE_ITO, figure_style, letter_panels, line_style, new_figure
from bargain.talks import Agreement, Request, setting_of
from bargain.talks.bargains import over_truces
from bargain.talks.setting import start_at
from bargain.talks.standoffs import find_standoff
from bargain.talks.truces import truce_options

SETTINGS = {
    "scenario": "us-china-2025",
    "evidence": "independent",
    "readings": ["separate", "pooled"],
    "discount_factors": [0.97, 0.90],
    "months": [0, 1, 2, 3, 6, 9, 12, 15, 18],
    "compared": [2, 18],
    "finer_levels": {"military": 13},
    "arrangement": "truce",
    "threat": "path",
    "solution": "nash",
}
NAMES = {"US": "United States", "CN": "China"}
KINDS = {"standoff": (0, (1, 1)), "agreed": "-"}
LEGEND = {"standoff": "standoff", "agreed": "negotiated"}


def run() -> pd.DataFrame:
    base = bg.load_scenario(SETTINGS["scenario"], evidence=SETTINGS["evidence"])
    rows: list[dict[str, object]] = []
    for reading in SETTINGS["readings"]:
        for discount_factor in SETTINGS["discount_factors"]:
            given = {"options.stocks": reading, "rounds.discount_factor": discount_factor}
            # The finer grid for the reading in which it is quick; it shows what rests on the grid.
            for levels in (None, SETTINGS["finer_levels"]) if reading == "separate" else (None,):
                own = _rows(base.with_values(given), levels)
                grid = "shipped" if levels is None else "finer"
                rows += [{"stocks": reading, "grid": grid, "discount_factor": discount_factor, **row} for row in own]
    table = pd.DataFrame(rows)
    table.attrs["parameters_hash"] = base.hash
    table.attrs["record"] = {**base.record(), "solver": "StatusQuoPath, Truce(reply_lag=1), NashBargaining"}
    return table


def _rows(scenario: bg.Scenario, levels: dict[str, int] | None = None) -> list[dict[str, object]]:
    """One row for each stock: the game and its standoff are the same, the start is another."""
    rounds = scenario.rounds(levels=levels)
    setting = setting_of(scenario, rounds)
    keys = ("arrangement", "threat", "solution")
    request = Request.of(levels=levels, **{key: SETTINGS[key] for key in keys})
    standoff = find_standoff(setting, request)
    if standoff.equilibrium is None:
        raise ValueError(f"no standoff: {standoff.scope}")
    starts = [start_at(rounds, {"military": float(months)}) for months in SETTINGS["months"]]
    everywhere = [int(s) for s in np.flatnonzero(sum(starts) > 0.0)]
    options = truce_options(setting.game, standoff.equilibrium.profile, request.reply_lag, everywhere)
    rows = []
    for months, start in zip(SETTINGS["months"], starts, strict=True):
        there = setting.starting(start)
        outcome = over_truces(there, request, standoff, options)
        agreement = Agreement.of(there, request, standoff, outcome, scenario, rounds)
        if not agreement.certified:
            raise ValueError(f"not certified at {months} months: {agreement.certificates}")
        rows.append({"months": months, **_row(agreement)})
    return rows


def _row(agreement: Agreement) -> dict[str, object]:
    life = agreement.life()
    return {
        "status": agreement.status,
        "us_standoff": float(agreement.threat_point[0]),
        "cn_standoff": float(agreement.threat_point[1]),
        "us_agreed": float(agreement.payoffs[0]),
        "cn_agreed": float(agreement.payoffs[1]),
        "us_gain_usd_bn": float(agreement.gains[0] * agreement.setting.usd[0]),
        "cn_gain_usd_bn": float(agreement.gains[1] * agreement.setting.usd[1]),
        "months_if_it_ends": float(life.ending_months),
        "standoff_moves": _standoff_moves(agreement),
        "agreed_moves": _agreed_moves(agreement),
    }


def _standoff_moves(agreement: Agreement) -> str:
    """The likeliest moves of the standoff in the likeliest state of the start."""
    state = int(agreement.setting.start.argmax())
    chosen = [int(own[state].argmax()) for own in agreement.standoff.equilibrium.profile.strategies]
    return _named(agreement, chosen)


def _agreed_moves(agreement: Agreement) -> str:
    """The moves of the likeliest truce of the lottery, with its chance; the standoff's without an agreement."""
    outcome = agreement.outcome
    if not outcome.truces:
        return "none"
    state = int(agreement.setting.start.argmax())
    return f"{_named(agreement, outcome.truces[0].moves[state])} ({outcome.lottery[0]:.2f})"


def _named(agreement: Agreement, move) -> str:
    return " / ".join(agreement.setting.game.actions[k][int(move[k])].replace("/", " ") for k in range(2))


def plot(table: pd.DataFrame) -> Figure:
    factors = SETTINGS["discount_factors"]
    table = table[table["grid"] == "shipped"]
    with figure_style():
        figure, axes = new_figure(DOUBLE_COLUMN, 4.6, rows=2, columns=2, share_x=True, share_y="col")
        for row, factor in zip(axes, factors, strict=True):
            for ax, side in zip(row, ("US", "CN"), strict=True):
                _panel(ax, table[table["discount_factor"] == factor], side)
                ax.set_title(f"{NAMES[side]}, discount factor {factor:g} a quarter")
                ax.set_ylabel(f"{side} value (% of GDP a year)")
        for ax in axes[-1]:
            ax.set_xlabel("US stock at the start (months)")
        letter_panels(axes.ravel())
        handles, labels = axes[0, 0].get_legend_handles_labels()
        marks, texts = axes[0, 1].get_legend_handles_labels()
        order = [place for pair in zip(range(4), range(4, 8), strict=True) for place in pair]
        handles, labels = handles + marks, [f"US: {t}" for t in labels] + [f"CN: {t}" for t in texts]
        figure.legend(
            [handles[i] for i in order], [labels[i] for i in order], loc="outside lower center", ncols=4, fontsize=6.5
        )
    return figure


def _panel(ax: Axes, rows: pd.DataFrame, side: str) -> None:
    colours = {"separate": line_style(side)["color"], "pooled": OKABE_ITO["black"]}
    for months in SETTINGS["compared"]:
        ax.axvline(months, color="#BBBBBB", linewidth=0.6)
    for reading, colour in colours.items():
        own = rows[rows["stocks"] == reading]
        for kind, dashes in KINDS.items():
            style = {"color": colour, "linestyle": dashes, "linewidth": 1.3}
            ax.plot(own["months"], own[f"{side.lower()}_{kind}"], label=f"{LEGEND[kind]}, {reading}", **style)
    ax.set_xticks([0, 2, 6, 12, 18])
    ax.set_xlim(-0.4, 18.4)


def findings(table: pd.DataFrame) -> list[str]:
    shipped, (few, many) = table[table["grid"] == "shipped"], SETTINGS["compared"]
    lines = []
    for (reading, factor), rows in shipped.groupby(["stocks", "discount_factor"], sort=False):
        small, large = (rows[rows["months"] == months].iloc[0] for months in (few, many))
        values = {
            kind: ", ".join(
                f"{name} {small[f'{side.lower()}_{kind}']:+.3f} to {large[f'{side.lower()}_{kind}']:+.3f}"
                for side, name in NAMES.items()
            )
            for kind in KINDS
        }
        lines.append(
            f"{reading} stocks, discount factor {factor:g}, from {few} to {many} months (% of own GDP a year): "
            f"standoff {values['standoff']}; negotiated {values['agreed']}; {_deal(small)} against {_deal(large)}"
        )
    return [*lines, _effects(shipped), _grid_check(table)]


def _deal(row: pd.Series) -> str:
    if row["status"] != "agreement":
        return f"no truce beside the standoff {row['standoff_moves']}"
    return f"truce {row['agreed_moves']}, {row['months_if_it_ends']:.0f} months if it ends"


def _effects(shipped: pd.DataFrame) -> str:
    """What the larger stock changes in the negotiated value of each side, under each reading and discount factor."""
    few, many = SETTINGS["compared"]
    parts = []
    for side, name in NAMES.items():
        shown = []
        for (reading, factor), rows in shipped.groupby(["stocks", "discount_factor"], sort=False):
            values = rows.set_index("months")[f"{side.lower()}_agreed"]
            shown.append(f"{values[many] - values[few]:+.3f} ({reading}, {factor:g})")
        parts.append(f"{name} " + ", ".join(shown))
    return f"{many - few} more months of US stock change the negotiated value by (% of own GDP a year): " + "; ".join(
        parts
    )


def _grid_check(table: pd.DataFrame) -> str:
    """Largest change of any value when the grid of stocks is twice as fine."""
    columns = [f"{side}_{kind}" for side in ("us", "cn") for kind in KINDS]
    parts = []
    for factor, rows in table[table["stocks"] == "separate"].groupby("discount_factor", sort=False):
        first, second = (rows[rows["grid"] == grid].set_index("months")[columns] for grid in ("shipped", "finer"))
        gap = (second - first).abs().max()
        shown = ", ".join(
            f"{name} {gap[f'{side.lower()}_standoff']:.3f} in the standoff and "
            f"{gap[f'{side.lower()}_agreed']:.3f} negotiated"
            for side, name in NAMES.items()
        )
        parts.append(f"at {factor:g} by up to {shown}")
    return "a grid of stocks twice as fine moves the values of separate stocks " + "; ".join(parts)
