"""Do the answers survive what is not known: in what share of parameter draws, and how much rests on assumed weights?

Each draw takes all parameters from triangular distributions over their ranges; the truce without side payments and the
deal with side payments are negotiated under the standoff on the path from the status quo, and again under the other
standoffs that were found. The grid of states is coarse; a part of the draws is solved on the shipped grid, too. Draws
without a truce, and as many with one, are checked by enumeration that shares no code with the solvers. Variance parts
are closed first-order and total effects of three groups of parameters.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

import bargain as bg
from bargain.plot import DOUBLE_COLUMN, OKABE_ITO, figure_style, letter_panels
from bargain.solvers.markov_perfect import status_quo
from bargain.solvers.markov_rounds import Rounds
from bargain.solvers.markov_search import replies_in_turn
from bargain.solvers.watch import Watch
from bargain.study.agreement_draws import DrawQuestions, agreement_draws, draw_settings, shares
from bargain.study.group_variance import GROUPS, parameter_groups, swapped, variance_parts
from bargain.study.truce_enumeration import enumerated_truces
from bargain.talks.bargains import AGREED, HOLDS
from bargain.talks.standoffs import find_standoff

SETTINGS = {
    "scenario": "us-china-2025",
    "evidence": "independent",
    "n_draws": 200,
    "seed": 0,
    "levels": {"military": 3, "rebuilt": 2, "substitution": 2},
    "n_starts": 2,
    "late_reply_lag": 4,
    "n_variance": 64,
    "n_boot": 1000,
    "n_enumerated": 20,
    "n_on_shipped_grid": 4,
}
NAMES = {"US": "United States", "CN": "China"}
HEADLINES = {
    "payoff": "negotiated payoff",
    "threat": "threat point",
    "gain": "gain over the threat",
    "initiative": "initiative",
    "months": "life (same for both)",
}
COLOURS = {"evidence": OKABE_ITO["bluish green"], "assumed weights": OKABE_ITO["reddish purple"]}
COLOURS["assumed, other"] = OKABE_ITO["black"]
LATE = "truce agreed at the late reply"


def run(workers: int = 1) -> pd.DataFrame:
    scenario = bg.load_scenario(SETTINGS["scenario"], evidence=SETTINGS["evidence"])
    asked = DrawQuestions(tuple(SETTINGS["levels"].items()), n_starts=SETTINGS["n_starts"])
    n, rows = SETTINGS["n_draws"], SETTINGS["n_variance"]
    every = scenario.draws(n + rows, seed=SETTINGS["seed"])
    draws = _some(every, range(n))
    main = agreement_draws(scenario, draws, asked, workers=workers)
    late_asked = replace(asked, n_starts=0, reply_lag=SETTINGS["late_reply_lag"])
    late = agreement_draws(scenario, draws, late_asked, workers=workers)
    found = shares(main)
    held = shares(late.assign(**{c: main[c] for c in main.columns if c not in late.columns}))
    found = pd.concat([found, held.iloc[:1].assign(question=LATE)], ignore_index=True)
    parts = {
        "draw": main,
        "late": late,
        "share": found,
        "variance": _variance(scenario, every, main, asked, workers),
        "enumeration": _enumeration(scenario, every, {1: main, late_asked.reply_lag: late}, late_asked),
        "grid": _grid_check(scenario, draws, main, asked),
    }
    table = pd.concat([part.assign(kind=name) for name, part in parts.items()], ignore_index=True)
    table = table[["kind", *[name for name in table.columns if name != "kind"]]]
    table.attrs["parameters_hash"] = scenario.hash
    table.attrs["record"] = {**scenario.record(), "solver": "StatusQuoPath, Truce, EnforceableDeals, NashBargaining"}
    table.attrs["allowed_missing"] = list(table.columns[1:])
    return table


def _some(draws: dict[str, np.ndarray], places) -> dict[str, np.ndarray]:
    return {key: array[list(places)] for key, array in draws.items()}


def _variance(scenario, every, main: pd.DataFrame, asked: DrawQuestions, workers: int) -> pd.DataFrame:
    """Parts of every headline: sample A are the first draws, B those after the last one, A_g mixes of both."""
    n, rows = SETTINGS["n_draws"], SETTINGS["n_variance"]
    first, second = _some(every, range(rows)), _some(every, range(n, n + rows))
    quick = replace(asked, n_starts=0)
    other = agreement_draws(scenario, second, quick, workers=workers)
    mixed = {
        group: agreement_draws(scenario, swapped(first, second, keys), quick, workers=workers)
        for group, keys in parameter_groups(scenario).items()
    }
    made = []
    for side in NAMES:
        for headline in HEADLINES:
            column = headline if headline == "months" else f"{side.lower()}_{headline}"
            answers = {group: own[column].to_numpy(float) for group, own in mixed.items()}
            part = variance_parts(
                main[column].to_numpy(float)[:rows],
                other[column].to_numpy(float),
                answers,
                n_boot=SETTINGS["n_boot"],
                seed=SETTINGS["seed"],
            )
            made.append(part.assign(side=side, headline=headline))
    return pd.concat(made, ignore_index=True)


def _enumeration(scenario, every, tables: dict[int, pd.DataFrame], asked: DrawQuestions) -> pd.DataFrame:
    """Draws without a truce (late replies where there are too few) and as many with one, by brute force.

    A draw in which enumeration stays undecided is a row, too, and another one is taken in its place.
    """
    rows = []
    for status in (HOLDS, AGREED):
        wanted, n_decided = SETTINGS["n_enumerated"], 0
        for place, lag in [(i, lag) for lag, table in tables.items() for i in table.index[table["status"] == status]]:
            rows.append(
                _by_hand(scenario, _some(every, [place]), replace(asked, reply_lag=lag), tables[lag].loc[place])
            )
            n_decided += rows[-1]["verdict"] != "undecided"
            if n_decided == wanted:
                break
    return pd.DataFrame(rows)


def _by_hand(scenario, one, asked: DrawQuestions, reported: pd.Series) -> dict[str, object]:
    (setting,) = draw_settings(scenario, one, asked)
    standoff = find_standoff(setting, asked.request())
    strategies = standoff.equilibrium.profile.strategies
    found = enumerated_truces(setting.game, strategies, setting.start, asked.reply_lag)
    return {
        "draw": reported["draw"],
        "reply_lag": asked.reply_lag,
        "status": reported["status"],
        "verdict": found.verdict,
        "n_enforcing": reported["n_enforcing"],
        "n_by_hand": len(found.values),
        "agrees": found.verdict == ("agreement" if reported["status"] == AGREED else "none"),
    }


def _grid_check(scenario, draws, main: pd.DataFrame, asked: DrawQuestions) -> pd.DataFrame:
    """The first draws whose standoff best replies lead to on both grids, solved on the shipped grid, too.

    Where best replies cycle the shipped grid takes minutes a draw.
    """
    shipped, rows = replace(asked, levels=None, n_starts=0), []
    for place in main.index[main["path_by"].str.startswith("from the status quo by best replies in turn;")]:
        one = _some(draws, [place])
        (setting,) = draw_settings(scenario, one, shipped)
        quo = status_quo(setting.game, setting.reference)
        if not replies_in_turn(Rounds.of(setting.game), quo, np.arange(2), Watch(None, None)).rests:
            continue
        rows.append(agreement_draws(scenario, one, shipped).assign(draw=place))
        if len(rows) == SETTINGS["n_on_shipped_grid"]:
            break
    return pd.concat(rows, ignore_index=True)


def plot(table: pd.DataFrame) -> Figure:
    with figure_style():
        figure = Figure(figsize=(DOUBLE_COLUMN, 6.4), layout="constrained")
        top, bottom = figure.subfigures(2, 1, height_ratios=(1.0, 1.25))
        shares_ax, parts = top.subplots(), bottom.subplots(1, 2, sharey=True)
        _share_panel(shares_ax, table[table["kind"] == "share"])
        for ax, (side, name) in zip(parts, NAMES.items(), strict=True):
            _variance_panel(ax, table[(table["kind"] == "variance") & (table["side"] == side)])
            ax.set_title(name)
        letter_panels([shares_ax, *parts])
        handles, labels = parts[0].get_legend_handles_labels()
        bottom.legend(handles, labels, loc="outside lower center", ncols=3, fontsize=6.5)
    return figure


def _share_panel(ax: Axes, rows: pd.DataFrame) -> None:
    places = np.arange(len(rows))
    ends = [rows["share"] - rows["low"], rows["high"] - rows["share"]]
    ax.errorbar(rows["share"], places, xerr=ends, fmt="o", color="black", elinewidth=0.9, markersize=3.5)
    for place, share, high in zip(places, rows["share"], rows["high"], strict=True):
        ax.annotate(f"{share:.2f}", (high, place), (4.0, 0.0), textcoords="offset points", va="center", fontsize=6.5)
    ax.set_yticks(places, [str(question) for question in rows["question"]])
    ax.set_ylim(len(rows) - 0.5, -0.5)
    ax.set_xlim(-0.02, 1.06)
    ax.grid(axis="x")
    ax.set_xlabel("share of parameter draws (95 % interval)")
    ax.tick_params(axis="y", length=0)


def _variance_panel(ax: Axes, rows: pd.DataFrame) -> None:
    """Total part filled, first-order part hollow, bootstrap intervals as lines."""
    ax.axvline(0.0, color="black", linewidth=0.5)
    ax.axvline(1.0, color="#BBBBBB", linewidth=0.5)
    for place in range(1, len(HEADLINES), 2):
        ax.axhspan(place - 0.5, place + 0.5, color="#F3F3F3", linewidth=0.0, zorder=0)
    for k, group in enumerate(GROUPS):
        for effect, face, marker, shift in (
            ("first-order", "white", "s", -0.065),
            ("total", COLOURS[group], "o", 0.065),
        ):
            own = rows[(rows["group"] == group) & (rows["effect"] == effect)].set_index("headline").loc[list(HEADLINES)]
            ends = [np.maximum(own["part"] - own["low"], 0.0), np.maximum(own["high"] - own["part"], 0.0)]
            ax.errorbar(
                own["part"],
                np.arange(len(own)) + 0.29 * (k - 1) + shift,
                xerr=ends,
                fmt=marker,
                color=COLOURS[group],
                markerfacecolor=face,
                elinewidth=0.8,
                markersize=3.6,
                label=f"{group}, {effect}",
            )
    ax.set_yticks(range(len(HEADLINES)), list(HEADLINES.values()))
    ax.set_ylim(len(HEADLINES) - 0.5, -0.5)
    ax.set_xlim(-0.55, 1.45)
    ax.set_xlabel("part of the variance (95 % interval)")
    ax.tick_params(axis="y", length=0)


def findings(table: pd.DataFrame) -> list[str]:
    kinds = dict(iter(table.groupby("kind", sort=False)))
    lines = [_share_finding(kinds["share"], len(kinds["draw"])), _size_finding(kinds["draw"])]
    lines += [_variance_finding(kinds["variance"], side) for side in NAMES]
    return [*lines, _initiative_finding(kinds["draw"]), _hand_finding(kinds["enumeration"]), _grid_finding(table)]


def _share_finding(rows: pd.DataFrame, n_draws: int) -> str:
    shown = (f"{row.question} {row.share:.2f} ({row.low:.2f} to {row.high:.2f})" for row in rows.itertuples())
    late = f"late reply: {SETTINGS['late_reply_lag']} rounds"
    return f"share of {n_draws} draws, with 95 % interval ({late}): " + "; ".join(shown)


def _size_finding(rows: pd.DataFrame) -> str:
    """What enforcement and threats move, where they move anything."""
    bound = rows[rows["binds"].eq(True)]
    parts = [
        f"truces leave {rows['truce_shortfall_usd_bn'].median():.1f} bn USD a year of the largest joint value, "
        f"deals {max(rows['deal_shortfall_usd_bn'].median(), 0.0):.1f}",
        f"where enforcement binds, full enforcement would add {bound['free_truce_gain_usd_bn'].median():+.1f} bn USD",
    ]
    for name, label in (("truce", "truces"), ("deal", "deals"), ("any", "deals with punishments")):
        own = rows.loc[rows[f"{name}_threat_decides"].eq(True), f"{name}_threat_size"]
        if len(own):
            parts.append(f"another threat moves {label} by {own.median():.3f} % of GDP where it decides")
    return "medians over draws: " + "; ".join(parts)


def _variance_finding(rows: pd.DataFrame, side: str) -> str:
    parts = []
    for headline, label in HEADLINES.items():
        own = rows[(rows["side"] == side) & (rows["headline"] == headline)].set_index(["group", "effect"])
        shown = []
        for group in GROUPS:
            first, total = own.loc[(group, "first-order")], own.loc[(group, "total")]
            known = f"{group} {first['part']:.2f} / {total['part']:.2f}"
            shown.append(f"{known} [{total['low']:.2f}, {total['high']:.2f}]")
        parts.append(f"{label} (n = {int(own['n'].min())}): " + ", ".join(shown))
    return f"{NAMES[side]}, first-order / total part of the variance [95 % of the total]: " + "; ".join(parts)


def _initiative_finding(rows: pd.DataFrame) -> str:
    """Who gains over the play before the standoff, both sides in the same words."""
    gains = {side: rows[f"{side.lower()}_initiative_usd_bn"].dropna() for side in NAMES}
    both = (gains["US"] > 0.0) & (gains["CN"] > 0.0)
    parts = [f"{name} gains in {(gains[side] > 0.0).mean():.2f}" for side, name in NAMES.items()]
    parts.append(f"both in {both.mean():.2f}")
    for side, other in (("US", "CN"), ("CN", "US")):
        parts.append(f"{NAMES[side]} gains more dollars in {(gains[side] > gains[other]).mean():.2f}")
    return f"over the play before the standoff, share of {len(both)} draws: " + ", ".join(parts)


def _hand_finding(rows: pd.DataFrame) -> str:
    parts = []
    for status, label in ((HOLDS, "without a truce"), (AGREED, "with a truce")):
        own = rows[rows["status"] == status]
        undecided = int((own["verdict"] == "undecided").sum())
        agrees = int(own["agrees"].eq(True).sum())
        lags = ", ".join(f"{n} at reply lag {int(lag)}" for lag, n in own["reply_lag"].value_counts().items())
        against = len(own) - agrees - undecided
        parts.append(f"{label} ({lags or 'none'}) {agrees} confirmed, {undecided} undecided, {against} contradicted")
    return "by enumeration, draws " + "; ".join(parts)


def _grid_finding(table: pd.DataFrame) -> str:
    """The shipped grid against the coarse one: differences, beside the spread of the draws."""
    coarse = table[table["kind"] == "draw"].set_index("draw")
    fine = table[table["kind"] == "grid"].set_index("draw")
    parts = []
    for side, name in NAMES.items():
        for headline in ("threat", "payoff"):
            column = f"{side.lower()}_{headline}"
            gap = (fine[column] - coarse.loc[fine.index, column]).abs()
            spread = coarse[column].std()
            parts.append(f"{name} {HEADLINES[headline]} {gap.median():.3f}, at most {gap.max():.3f} ({spread:.3f})")
    what = "median and largest difference, in brackets the standard deviation over draws"
    return f"shipped grid against the coarse one in {len(fine)} draws, % of own GDP ({what}): " + "; ".join(parts)
