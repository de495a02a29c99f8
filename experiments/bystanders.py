"""What do the moves of the US and China cost Europe, Japan, Korea, India and Taiwan, and whom do they side with?

Payoffs and best stances of the five under every pair of Chinese licences and US chip control at the tariffs of the
truce, by how much capacity is rebuilt; with their stocks as they are, which a quarter may not exhaust, and with stocks
empty, which is where a longer stop leads. What staying neutral costs is China's pressure; what siding with China costs
is that of the United States, an assumed number. The tariffs of either side for comparison.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

import bargain as bg
from bargain.plot import DOUBLE_COLUMN, OKABE_ITO, figure_style, letter_panels, line_style, new_figure
from bargain.plot.style import TEXT_SIZE
from bargain.standoff.rounds import StandoffRounds

SETTINGS = {
    "scenario": "us-china-2025",
    "evidence": "independent",
    "tariffs": "truce",
    "chips": ["open", "restricted", "ban"],
    "licences": ["open", "dual_track", "slow", "ban"],
    "levels": {"military": 2, "rebuilt": 21, "substitution": 1},
    "stocks": ["as they are", "empty"],
}
NAMES = {"EU": "EU", "JP": "Japan", "KR": "Korea", "IN": "India", "TW": "Taiwan"}
STANCES = {"neutral": "#E4E4E4", "align_US": OKABE_ITO["blue"], "align_CN": OKABE_ITO["vermillion"]}
STANCE_TEXT = {"neutral": "neutral", "align_US": "with the US", "align_CN": "with China"}
LICENCE_TEXT = {"dual_track": "dual", "slow": "slow", "ban": "ban"}


def run() -> pd.DataFrame:
    scenario = bg.load_scenario(SETTINGS["scenario"], evidence=SETTINGS["evidence"])
    empty = scenario.with_values(dict.fromkeys(scenario.stock_keys(tuple(NAMES)), 0.0))
    parts = []
    for stocks, read in zip(SETTINGS["stocks"], (scenario, empty), strict=True):
        rounds, still = (read.rounds(levels=SETTINGS["levels"], bystanders=answer) for answer in ("react", "neutral"))
        parts += _controls(rounds, still, stocks)
        if stocks == SETTINGS["stocks"][0]:
            parts += _tariffs(rounds, still, read)
    table = pd.DataFrame(parts)
    table.attrs["parameters_hash"] = scenario.hash
    table.attrs["record"] = {**scenario.record(), "solver": "closed-form best stances"}
    return table


def _controls(rounds: StandoffRounds, still: StandoffRounds, stocks: str) -> list[dict[str, object]]:
    """Every pair of licences and chip control at the tariffs of the truce, by rebuilt capacity."""
    tariffs = SETTINGS["tariffs"]
    pairs = [(chip, licence) for licence in SETTINGS["licences"] for chip in SETTINGS["chips"]]
    return [
        row
        for chip, licence in pairs
        for row in _cells(rounds, still, stocks, (f"{tariffs}/{chip}", f"{tariffs}/{licence}"), None)
    ]


def _tariffs(rounds: StandoffRounds, still: StandoffRounds, scenario: bg.Scenario) -> list[dict[str, object]]:
    """Every pair of tariffs with both controls at their reference, nothing rebuilt."""
    file = scenario.file.instruments
    pairs = [(us, cn) for us in file["us_tariff"].levels for cn in file["cn_tariff"].levels]
    controls = (file["chip_control"].reference, file["licences"].reference)
    return [
        row
        for us, cn in pairs
        for row in _cells(rounds, still, SETTINGS["stocks"][0], (f"{us}/{controls[0]}", f"{cn}/{controls[1]}"), 0)
    ]


def _cells(
    rounds: StandoffRounds, still: StandoffRounds, stocks: str, profile: tuple[str, str], place: int | None
) -> list[dict[str, object]]:
    """Payoffs by term and stances of all bystanders at one pair of moves, by rebuilt capacity (or at one level)."""
    payoffs, space = rounds.bystanders, rounds.space
    cell, rows = payoffs.cell(profile), []
    rebuilt = space.variables.index("rebuilt")
    # All other state variables at their first level: bystanders' payoffs do not depend on them.
    first = np.all(np.delete(space.places, rebuilt, axis=0) == 0, axis=0)
    us, cn = (label.split("/") for label in profile)
    for state in np.flatnonzero(first):
        level = int(space.places[rebuilt, state])
        if place is not None and level != place:
            continue
        for code in NAMES:
            k = payoffs.players.index(code)
            terms = {
                name: float(payoffs.terms[name][(state, k, *cell)]) if name in payoffs.terms else 0.0
                for name in ("tariffs", "shortage", "detours", "alliance")
            }
            rows.append(
                {
                    "kind": "controls" if place is None else "tariffs",
                    "stocks": stocks,
                    "us_tariff": us[0],
                    "chips": us[1],
                    "cn_tariff": cn[0],
                    "licences": cn[1],
                    "rebuilt": float(space.grids[rebuilt][0, level]),
                    "bystander": code,
                    "stance": _stance(rounds, code, int(state), cell),
                    "payoff": float(payoffs.total[(state, k, *cell)]),
                    "payoff_if_neutral": float(still.bystanders.total[(state, k, *cell)]),
                    **terms,
                }
            )
    return rows


def _stance(rounds: StandoffRounds, code: str, state: int, cell: tuple[int, ...]) -> str:
    """The stance of a bystander in one state at one pair of moves."""
    own = rounds.stances[code]
    return list(STANCES)[int(np.broadcast_to(own, (len(own), *rounds.table.moves.shape))[(state, *cell)])]


def _pair(table: pd.DataFrame, stocks: str, chips: str, licences: str) -> pd.DataFrame:
    own = table[(table["kind"] == "controls") & (table["stocks"] == stocks)]
    return own[(own["chips"] == chips) & (own["licences"] == licences)]


def _change(
    table: pd.DataFrame, stocks: str, values: str, before: tuple[str, str], after: tuple[str, str]
) -> pd.DataFrame:
    """Change of payoffs between two pairs (chips, licences), rows rebuilt, columns bystanders."""
    first, second = (
        _pair(table, stocks, *pair).pivot(index="rebuilt", columns="bystander", values=values)
        for pair in (before, after)
    )
    return (second - first)[list(NAMES)]


def plot(table: pd.DataFrame) -> Figure:
    as_they_are, empty = SETTINGS["stocks"]
    with figure_style():
        figure, axes = new_figure(DOUBLE_COLUMN, 5.2, rows=2, columns=3)
        china, us = (("restricted", "open"), ("restricted", "ban")), (("open", "open"), ("ban", "open"))
        panels = (
            ("China bans, stocks as they are", as_they_are, china),
            ("China bans, stocks empty", empty, china),
            ("the US bans chips", as_they_are, us),
        )
        price = _price(table)
        for ax, (title, stocks, pair) in zip(axes[0], panels, strict=True):
            _lines(ax, -_change(table, stocks, "payoff_if_neutral", *pair), price)
            ax.set_title(title)
        axes[0, 0].set_ylabel("loss if neutral (% of GDP a year)")
        axes[0, 0].set_ylim(-0.01, 0.21)
        axes[0, 2].set_ylim(-0.01, 0.21)
        axes[0, 2].text(0.5, 0.012, "all five: 0", ha="center", fontsize=TEXT_SIZE)
        for ax, stocks in zip(axes[1], SETTINGS["stocks"], strict=False):
            _stances(ax, table, stocks)
            ax.set_title(f"stance, stocks {stocks}")
        _tariff_panel(axes[1, 2], table)
        letter_panels(axes.ravel())
        handles, labels = _handles()
        figure.legend(handles, labels, loc="outside lower center", ncols=5)
    return figure


def _price(table: pd.DataFrame) -> float:
    """What siding with China costs a bystander outside the model, percent of its GDP a year."""
    return float(-table.loc[table["stance"] == "align_CN", "alliance"].min())


def _lines(ax: Axes, loss: pd.DataFrame, price: float) -> None:
    for code in NAMES:
        ax.plot(loss.index, loss[code], **{**line_style(code), "marker": None})
    ax.axhline(price, color="black", linewidth=0.6)
    ax.annotate(
        "price of siding with China", (1.0, price), (0, 2), textcoords="offset points", ha="right", fontsize=TEXT_SIZE
    )
    ax.set_xlim(0, 1)
    ax.set_xlabel("capacity rebuilt (share)")


def _stances(ax: Axes, table: pd.DataFrame, stocks: str) -> None:
    """A bar over rebuilt capacity for each bystander and licence regime, coloured by the best stance."""
    step = 1.0 / (SETTINGS["levels"]["rebuilt"] - 1)
    ticks, labels = [], []
    for row, code in enumerate(NAMES):
        for line, licences in enumerate(LICENCE_TEXT):
            own = _pair(table, stocks, "restricted", licences)
            own = own[own["bystander"] == code]
            y = 3.6 * row + line
            for stance, colour in STANCES.items():
                x = own.loc[own["stance"] == stance, "rebuilt"].to_numpy()
                spans = [(float(p) - step / 2, step) for p in x]
                ax.broken_barh(spans, (y - 0.45, 0.9), facecolor=colour, edgecolor=colour, linewidth=0.2)
            ticks.append(y)
            labels.append(f"{NAMES[code]}, {LICENCE_TEXT[licences]}" if line == 1 else LICENCE_TEXT[licences])
    ax.set_yticks(ticks, labels, fontsize=6.5)
    ax.set_ylim(max(ticks) + 0.7, -0.7)
    ax.set_xlim(-step / 2, 1 + step / 2)
    ax.set_xticks([0, 0.5, 1])
    ax.tick_params(axis="y", length=0)
    ax.set_xlabel("capacity rebuilt (share)")


TARIFFS = {  # (US, China): marker and colour of the side that raises, filled at peak
    ("truce", "pre_2025"): ("US", "o", False),
    ("peak", "pre_2025"): ("US", "o", True),
    ("pre_2025", "truce"): ("CN", "s", False),
    ("pre_2025", "peak"): ("CN", "s", True),
}


def _tariff_panel(ax: Axes, table: pd.DataFrame) -> None:
    rows = table[table["kind"] == "tariffs"]
    ax.axvline(0.0, color="#BBBBBB", linewidth=0.6)
    for pair, (side, marker, filled) in TARIFFS.items():
        own = rows[(rows["us_tariff"] == pair[0]) & (rows["cn_tariff"] == pair[1])].set_index("bystander")["payoff"]
        colour = line_style(side)["color"]
        style = {"markersize": 4.5, "markeredgecolor": colour, "markerfacecolor": colour if filled else "white"}
        heights = np.arange(len(NAMES)) + (-0.14 if side == "US" else 0.14)
        ax.plot(own[list(NAMES)], heights, linestyle="none", marker=marker, **style)
    ax.set_yticks(range(len(NAMES)), list(NAMES.values()))
    ax.set_ylim(len(NAMES) - 0.5, -0.5)
    ax.set_xlabel("gain (% of own GDP a year)")
    ax.set_title("tariffs of one side alone")


def _handles():
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    handles = [Line2D([], [], **{**line_style(code), "marker": None}, label=name) for code, name in NAMES.items()]
    handles += [Patch(facecolor=colour, label=STANCE_TEXT[stance]) for stance, colour in STANCES.items()]
    texts = {"US": "US tariff", "CN": "Chinese tariff"}
    for (us, cn), (side, marker, filled) in TARIFFS.items():
        colour = line_style(side)["color"]
        style = {"markersize": 4.5, "markeredgecolor": colour, "markerfacecolor": colour if filled else "white"}
        label = f"{texts[side]}, {us if side == 'US' else cn}"
        handles.append(Line2D([], [], linestyle="none", marker=marker, label=label, **style))
    return handles, [str(handle.get_label()) for handle in handles]


def findings(table: pd.DataFrame) -> list[str]:
    lines, ban = [], (("restricted", "open"), ("restricted", "ban"))
    for stocks in SETTINGS["stocks"]:
        neutral, react = (-_change(table, stocks, answer, *ban).iloc[0] for answer in ("payoff_if_neutral", "payoff"))
        stances = _pair(table, stocks, "restricted", "ban")
        stances = stances[stances["rebuilt"] == 0.0].set_index("bystander")["stance"]
        shown = ", ".join(
            f"{name} {_number(neutral[code])} neutral, {_number(react[code])} "
            f"as it sides ({STANCE_TEXT[stances[code]]})"
            for code, name in NAMES.items()
        )
        lines.append(f"loss under China's ban, stocks {stocks}, nothing rebuilt, % of GDP a year: {shown}")
    lines += [_leaving(table), _for_the_us(table)]
    return [*lines, _us_pressure(table), *_tariff_lines(table)]


def _number(loss: float) -> str:
    return f"{round(loss, 3) + 0.0:.3f}"


def _leaving(table: pd.DataFrame) -> str:
    """Rebuilt share from which nobody sides with China any more, by licences and stocks."""
    parts = []
    for stocks in SETTINGS["stocks"]:
        for licences in LICENCE_TEXT:
            own = _pair(table, stocks, "restricted", licences)
            siding = own[own["stance"] == "align_CN"]
            who = ", ".join(NAMES[code] for code in NAMES if code in set(siding["bystander"]))
            end = f"{who} up to {siding['rebuilt'].max():.0%} rebuilt" if who else "nobody"
            parts.append(f"{licences}, stocks {stocks}: {end}")
    return "who sides with China under its licences: " + "; ".join(parts)


def _for_the_us(table: pd.DataFrame) -> str:
    """How often bystanders side with the US, and what that is worth to them over neutrality."""
    own = table[(table["kind"] == "controls") & (table["licences"] != "open")]
    siding = own[own["stance"] == "align_US"]
    worth = float((siding["payoff"] - siding["payoff_if_neutral"]).max())
    return (
        f"with licences not open they side with the US in {len(siding) / len(own):.0%} of the cells, where no more "
        f"than {worth:.5f} % of GDP a year, the profit of detours, speaks for it"
    )


def _us_pressure(table: pd.DataFrame) -> str:
    found = [
        _change(table, stocks, answer, (SETTINGS["chips"][0], licences), (chips, licences)).abs().to_numpy().max()
        for stocks in SETTINGS["stocks"]
        for answer in ("payoff", "payoff_if_neutral")
        for licences in SETTINGS["licences"]
        for chips in SETTINGS["chips"]
    ]
    return (
        f"US chip control changes the payoff of no bystander by more than {max(found):.3f} % of GDP a year, since none "
        f"of them buys the controlled chips in the model; US pressure is the price of siding with China, "
        f"{_price(table):.2f} % of GDP a year, an assumption that bounds the loss of whoever may side with it"
    )


def _tariff_lines(table: pd.DataFrame) -> list[str]:
    rows = table[table["kind"] == "tariffs"]
    lines = []
    for title, pair in (("US tariffs alone", ("peak", "pre_2025")), ("Chinese tariffs alone", ("pre_2025", "peak"))):
        own = rows[(rows["us_tariff"] == pair[0]) & (rows["cn_tariff"] == pair[1])].set_index("bystander")["payoff"]
        shown = ", ".join(f"{name} {own[code]:+.3f}" for code, name in NAMES.items())
        lines.append(f"{title} at their peak give, % of GDP a year: {shown}")
    return lines
