"""What holds between the two sides without an agreement: the best, the path and the worst standoff that are found?

Markov perfect equilibria of the game over rounds, from the play of January 2025 and from random starts: moves at the
start and over time, payoffs of both sides term by term, and how the equilibria differ.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.sparse import eye_array
from scipy.sparse.linalg import spsolve

import bargain as bg
from bargain.games.stationary import MarkovEquilibrium, induced_chain
from bargain.plot import DOUBLE_COLUMN, figure_style, letter_panels, new_figure
from bargain.plot.style import SERIES_COLOURS, TEXT_SIZE
from bargain.solvers.markov_perfect import MarkovPerfect
from bargain.standoff.rounds import StandoffRounds
from bargain.talks import Setting, setting_of
from bargain.talks.standoffs import _extreme
from bargain.talks.status_quo import StatusQuoPath

SETTINGS = {"scenario": "us-china-2025", "evidence": "independent", "n_starts": 8, "seed": 0}
NAMES = {"US": "United States", "CN": "China"}
LEVELS = {"pre_2025": "as before 2025", "truce": "as in the truce", "dual_track": "dual track"}
GREYS = ("#F2F2F2", "#C8C8C8", "#9A9A9A", "#6A6A6A")
HATCHES = ("", "////", "....")
SHOWN = 0.0005
TERMS = {
    "tariffs": "tariffs: real income",
    "protection": "protection",
    "shortage": "shortage",
    "security_loss": "security lost",
    "security_gain": "security gained",
    "licence_rent": "licence rents",
    "reliability": "reliability",
    "audience": "audience cost",
    "all": "all terms",
}
INSTRUMENTS = {
    "us_tariff": "US tariff",
    "chip_control": "US chip control",
    "cn_tariff": "Chinese tariff",
    "licences": "Chinese licences",
}


def run() -> pd.DataFrame:
    scenario = bg.load_scenario(SETTINGS["scenario"], evidence=SETTINGS["evidence"])
    rounds = scenario.rounds()
    setting = setting_of(scenario, rounds)
    found, path = _found(setting)
    # Equal up to rounding is equal; what negotiations take for the best and the worst is told apart elsewhere.
    joint = [round(float(setting.at_start(each.values) @ setting.usd), 9) for each in found]
    best, worst = (_extreme(setting, found, sign)[0] for sign in (1.0, -1.0))
    rows: list[dict[str, object]] = []
    for order, rank in enumerate(np.argsort([-value for value in joint], kind="stable"), start=1):
        is_named = {
            "best": rank == best,
            "path": found[rank] == path,
            "worst": rank == worst,
        }
        names = [name for name, holds in is_named.items() if holds]
        shared = {"rank": order, "standoff": " and ".join(names), "joint_usd_bn": joint[rank]}
        rows += [{**shared, **row} for row in _rows(scenario, setting, rounds, found[rank])]
    table = pd.DataFrame(rows)
    # Twelve digits: what is zero up to rounding is zero.
    numbers = table.select_dtypes(float).columns
    table[numbers] = table[numbers].round(12) + 0.0
    table.attrs["parameters_hash"] = scenario.hash
    table.attrs["record"] = {**scenario.record(), "solver": "MarkovPerfect(search), StatusQuoPath"}
    table.attrs["allowed_missing"] = ("standoff", "at_start")
    return table


def _found(setting: Setting) -> tuple[list[MarkovEquilibrium], MarkovEquilibrium]:
    """All equilibria found, as ``negotiate`` looks for the best and the worst, and the one on the path."""
    start = tuple(setting.start.tolist())
    quo = StatusQuoPath(setting.reference, start)
    path = bg.solve(setting.game, quo).path
    if path is None:
        raise ValueError("the status quo leads to no standoff")
    given = {"n_starts": SETTINGS["n_starts"], "seed": SETTINGS["seed"], "max_nodes": 0}
    search = MarkovPerfect(start=start, start_profile=setting.reference, method="search", **given)
    by_parts = bg.solve(setting.game, replace(quo, whole=False))
    equilibria = [*bg.solve(setting.game, search).equilibria, path, *by_parts.equilibria]
    return list(dict.fromkeys(equilibria)), path


def _rows(
    scenario: bg.Scenario, setting: Setting, rounds: StandoffRounds, found: MarkovEquilibrium
) -> list[dict[str, object]]:
    """Value of each payoff term to both sides, and the share of discounted time that each level is played."""
    game, d = setting.game, setting.game.discount_factor
    _, chain = induced_chain(game, found.profile)
    system = (eye_array(game.n_states) - d * chain).T.tocsc()
    weights = (1.0 - d) * np.reshape(spsolve(system, setting.start), -1)
    first, second = found.profile.strategies
    played = np.einsum("s,si,sj->sij", weights, first, second)
    rows: list[dict[str, object]] = []
    terms = {name: np.einsum("sij,skij->k", played, array) for name, array in rounds.table.terms.items()}
    terms["all"] = setting.at_start(found.values)
    gap = np.abs(sum(value for name, value in terms.items() if name != "all") - terms["all"]).max()
    if gap > 1e-9:
        raise ValueError(f"payoff terms miss the value of the standoff by {gap:g}")
    for name, value in terms.items():
        for k, player in enumerate(game.players):
            rows.append({"kind": "term", "player": player, "name": name, "level": "", "value": float(value[k])})
    moves = rounds.table.moves
    for (name, player), place in moves.level.items():
        if player not in game.players:
            continue
        k = game.players.index(player)
        own, flat = found.profile.strategies[k], place.reshape(-1)
        for number, level in enumerate(scenario.file.instruments[name].levels):
            mask = (flat == number).astype(float)
            share, now = float(weights @ own @ mask), float(setting.start @ own @ mask)
            row = {"kind": "move", "player": player, "name": name, "level": level, "value": share, "at_start": now}
            rows.append(row)
    return rows


def plot(table: pd.DataFrame) -> Figure:
    named = table[table["standoff"] != ""]
    with figure_style():
        figure, axes = new_figure(DOUBLE_COLUMN, 5.2, rows=2, columns=2, height_ratios=[1.1, 1.0])
        values = named[named["kind"] == "term"]
        size = values.groupby("name")["value"].agg(lambda own: own.abs().max())
        terms = [name for name in TERMS if size[name] > SHOWN]
        for ax, side in zip(axes[0], NAMES, strict=True):
            _terms_panel(ax, values[values["player"] == side], terms)
            ax.set_title(f"{NAMES[side]}: payoff by term")
        low = min(ax.get_xlim()[0] for ax in axes[0])
        high = max(ax.get_xlim()[1] for ax in axes[0])
        for ax in axes[0]:
            ax.set_xlim(low, high)
        _moves_panel(axes[1, 0], named[named["kind"] == "move"])
        _values_panel(axes[1, 1], table[(table["kind"] == "term") & (table["name"] == "all")])
        letter_panels(axes.ravel())
        handles, labels = axes[0, 0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside upper center", ncols=3)
    return figure


def _terms_panel(ax: Axes, rows: pd.DataFrame, names: list[str]) -> None:
    standoffs = list(dict.fromkeys(rows["standoff"]))
    height = 0.8 / len(standoffs)
    for place, standoff in enumerate(standoffs):
        own = rows[rows["standoff"] == standoff].set_index("name")["value"].loc[names]
        y = np.arange(len(names)) + (place - (len(standoffs) - 1) / 2.0) * height
        look = {"color": SERIES_COLOURS[place], "edgecolor": "white", "hatch": HATCHES[place], "linewidth": 0.0}
        ax.barh(y, own, height=0.9 * height, label=f"{standoff} standoff found", **look)
    ax.axvline(0.0, color="black", linewidth=0.5)
    ax.axhline(len(names) - 1.5, color="black", linewidth=0.4, linestyle=(0, (1, 2)))
    ax.set_yticks(range(len(names)), [TERMS[name] for name in names])
    ax.set_ylim(len(names) - 0.45, -0.55)
    ax.tick_params(axis="y", length=0)
    ax.set_xlabel("value (% of own GDP a year)")


def _moves_panel(ax: Axes, rows: pd.DataFrame) -> None:
    standoffs, ticks = list(dict.fromkeys(rows["standoff"])), []
    step = len(standoffs) + 0.6
    for number, name in enumerate(INSTRUMENTS):
        for place, standoff in enumerate(standoffs):
            own = rows[(rows["name"] == name) & (rows["standoff"] == standoff)]
            y, left = number * step + place, 0.0
            ticks.append((y, f"{INSTRUMENTS[name]}, {standoff}"))
            for grey, row in zip(GREYS, own.itertuples(), strict=False):
                ax.barh(y, row.value, left=left, height=0.86, color=grey, edgecolor="white", linewidth=0.4)
                text = LEVELS.get(row.level, row.level)
                # Only what fits: a letter takes some 2.6 % of the panel's width.
                if row.value > 0.026 * len(text):
                    style = {"color": "white" if grey == GREYS[3] else "black", "fontsize": TEXT_SIZE}
                    ax.annotate(text, (left + row.value / 2.0, y), ha="center", va="center", **style)
                left += row.value
    ax.set_yticks([y for y, _ in ticks], [text for _, text in ticks])
    ax.set_ylim(max(y for y, _ in ticks) + 0.6, -0.6)
    ax.set_xlim(0.0, 1.0)
    ax.tick_params(axis="y", length=0)
    ax.set_title("moves over time (darker: stricter)")
    ax.set_xlabel("share of discounted time")


def _values_panel(ax: Axes, rows: pd.DataFrame) -> None:
    values = rows.pivot(index="rank", columns="player", values="value")
    names = rows.drop_duplicates("rank").set_index("rank")["standoff"]
    # Standoffs of the same value share a dot and its label.
    places = {rank: (round(float(row["US"]), 9), round(float(row["CN"]), 9)) for rank, row in values.iterrows()}
    shared: dict[tuple[float, float], list[str]] = {}
    for rank, place in places.items():
        shared.setdefault(place, []).extend([names[rank]] if names[rank] else [])
    for rank, row in values.iterrows():
        face = "black" if names[rank] else "white"
        look = {"markerfacecolor": face, "markeredgecolor": "black", "markersize": 4.5, "linestyle": "none"}
        ax.plot(row["US"], row["CN"], marker="o", **look)
        if names[rank] and names[rank] == shared[places[rank]][0]:
            text = " and ".join(shared[places[rank]])
            ax.annotate(text, (row["US"], row["CN"]), (5.0, 4.0), textcoords="offset points", fontsize=TEXT_SIZE)
    ax.margins(0.18, 0.15)
    ax.set_title(f"all {len(values)} found; others may exist")
    ax.set_xlabel("US value (% of GDP a year)")
    ax.set_ylabel("Chinese value (% of GDP a year)")


def findings(table: pd.DataFrame) -> list[str]:
    named = table[table["standoff"] != ""]
    lines = []
    for standoff, rows in named.groupby("standoff", sort=False):
        now = rows[(rows["kind"] == "move") & (rows["at_start"] > SHOWN)]
        moves = ", ".join(
            f"{INSTRUMENTS[name]} {' or '.join(_chance(row) for row in own.itertuples())}"
            for name, own in now.groupby("name", sort=False)
        )
        value = rows[(rows["kind"] == "term") & (rows["name"] == "all")].set_index("player")["value"]
        worth = ", ".join(f"{NAMES[side]} {value[side]:+.3f} % of own GDP" for side in NAMES)
        lines.append(
            f"{standoff} standoff of {table['rank'].max()} found: at the start {moves}; worth a year to {worth}, "
            f"together {rows['joint_usd_bn'].iloc[0]:+.1f} bn USD"
        )
    lines += [_difference(named, standoff) for standoff in list(dict.fromkeys(named["standoff"]))[1:]]
    return lines


def _chance(row: object) -> str:
    level = LEVELS.get(row.level, row.level)
    return level if row.at_start > 1.0 - SHOWN else f"{level} ({row.at_start:.2f})"


def _difference(named: pd.DataFrame, standoff: str) -> str:
    """Which payoff terms and moves make the best standoff better or worse for each side than this one."""
    best = named["standoff"].iloc[0]
    keys = ["kind", "player", "name", "level"]
    change = named[named["standoff"] == best].set_index(keys)["value"]
    change = change - named[named["standoff"] == standoff].set_index(keys)["value"]
    parts = []
    for side, name in NAMES.items():
        terms = change["term"][side].droplevel("level").drop("all")
        largest = terms[terms.abs().sort_values(ascending=False, kind="stable").index][:3]
        shown = ", ".join(f"{TERMS[term]} {value:+.3f}" for term, value in largest.items() if abs(value) > SHOWN)
        parts.append(f"{name} {float(change['term'][side]['all'].iloc[0]):+.3f} % of GDP ({shown})")
    moved = change["move"].groupby("name", sort=False).apply(lambda own: own.abs().sum() / 2.0)
    times = ", ".join(f"{INSTRUMENTS[name]} {share:.0%}" for name, share in moved.items())
    return f"{best} less {standoff}: {'; '.join(parts)}; share of discounted time with another level: {times}"
