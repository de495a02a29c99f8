"""How long does a self-enforcing truce live, by mood, US stocks and reply lag, and how long did the real ones?

Life of the agreed truce and of the one with the moves of Busan, given that it ends, from every level of US military
stocks in both moods; real truces: their terms in the record, and the first move against the other side within them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

import bargain as bg
from bargain.plot import DOUBLE_COLUMN, figure_style, letter_panels, line_style, new_figure
from bargain.plot.style import OKABE_ITO, TEXT_SIZE
from bargain.talks import Agreement
from bargain.talks.bargains import over_truces
from bargain.talks.life import ending_rounds
from bargain.talks.setting import start_at
from bargain.talks.truces import TruceOptions, truce_options

SETTINGS = {
    "scenario": "us-china-2025",
    "evidence": "independent",
    "reply_lags": [1, 2, 4],
    "plants": {"1/6": [7, 1 / 6], "1/2": [3, 1 / 2]},
    "busan": ["truce/restricted", "truce/open"],
    "rows": {"Geneva": ["mv043", "mv056"], "extension": ["mv056", "mv066"], "Busan": ["mv066", "mv082"]},
}
DAYS = 365.25 / 12.0
SIDES = {"US", "China", "US+China"}
NAMES = {"US": "United States", "CN": "China"}


def run() -> pd.DataFrame:
    scenario = bg.load_scenario(SETTINGS["scenario"], evidence=SETTINGS["evidence"])
    agreement = bg.negotiate(scenario)
    rows = [row for lag in SETTINGS["reply_lags"] for row in _lives(agreement, lag)]
    for share, (n_levels, step) in SETTINGS["plants"].items():
        changed = scenario.with_values({"rounds.rebuilt.step": step})
        rows.append(_with_plants(bg.negotiate(changed, levels={"rebuilt": n_levels}), share))
    rows += [{"kind": "observed", **row} for row in _observed(scenario)]
    table = pd.DataFrame(rows)
    numbers = table.select_dtypes(float).columns
    table[numbers] = table[numbers].round(9) + 0.0
    table.attrs["parameters_hash"] = scenario.hash
    table.attrs["record"] = {**scenario.record(), "solver": "negotiate(truce, path, nash), life"}
    blank = ("reply_lag", "stock_months", "endless", "by_us", "by_cn", "first_move_months")
    table.attrs["allowed_missing"] = (*blank, "mood", "begins", "ends", "first_move")
    return table


def _lives(agreement: Agreement, lag: int) -> list[dict[str, object]]:
    """Lives from every stock level in both moods, of the agreed truce and of that of Busan."""
    rounds, setting = agreement.rounds, agreement.setting
    request, standoff = replace(agreement.request, reply_lag=lag), agreement.standoff
    stocks = rounds.space.grids[rounds.space.variables.index("military")][0]
    places = [(float(months), mood) for mood in range(len(rounds.space.moods)) for months in stocks]
    starts = [start_at(rounds, {"military": months, "mood": float(mood)}) for months, mood in places]
    everywhere = [int(s) for s in np.flatnonzero(sum(starts) > 0.0)]
    options = truce_options(setting.game, standoff.equilibrium.profile, lag, everywhere)
    busan = _constant(agreement, options, SETTINGS["busan"])
    rows = []
    for (months, mood), start in zip(places, starts, strict=True):
        here = setting.starting(start)
        outcome = over_truces(here, request, standoff, options)
        found = Agreement.of(here, request, standoff, outcome, agreement.scenario, rounds)
        if not found.certified:
            raise ValueError(f"stock {months:g}, mood {mood}, lag {lag}: a certificate fails: {found.certificates}")
        life = found.life()
        by = {f"by_{code.lower()}": life.breakers.get(code, 0.0) for code in found.players}
        shared = {"kind": "model", "reply_lag": lag, "mood": rounds.space.moods[mood], "stock_months": round(months, 9)}
        rows.append({**shared, "truce": "agreed", "months": life.ending_months, "endless": life.endless, **by})
        rows.append({**shared, "truce": "Busan", **busan(start)})
    return rows


def _with_plants(agreement: Agreement, share: str) -> dict[str, object]:
    """Life of the agreed truce from today's state with plants of another size, on a grid that holds them."""
    if not agreement.certified:
        raise ValueError(f"plants of {share}: a certificate fails: {agreement.certificates}")
    life, space = agreement.life(), agreement.rounds.space
    by = {f"by_{code.lower()}": life.breakers.get(code, 0.0) for code in agreement.players}
    row = {"kind": "plants", "truce": f"agreed, plants of {share} of what is missing", "reply_lag": 1, "mood": "hawk"}
    stock = float(space.today[space.variables.index("military")][0])
    return {**row, "stock_months": stock, "months": life.ending_months, "endless": life.endless, **by}


def _constant(agreement: Agreement, options: TruceOptions, moves: list[str]) -> Callable[..., dict[str, float]]:
    """Life of the truce with these moves, by start: months given that it ends, and who would break it at once."""
    game, problem = agreement.setting.game, options.problem
    wanted = [list(game.actions[k]).index(label) for k, label in enumerate(moves)]
    number = int(np.ravel_multi_index(wanted, game.n_actions))
    found = problem.evaluate(np.full((1, game.n_states), number), options.reply_lag)
    one = TruceOptions(problem, options.standoff, found, 1, options.reply_lag)
    plays, refused = one.certified([0], agreement.request.tolerance)
    if refused:
        raise ValueError(f"the truce {moves} fails its certificate: {refused}")
    play, breaks = plays[0], (found.agreed_values - found.deviation_values)[0] < -1e-9 * problem.scale
    ending = ending_rounds(game, play) * agreement.scenario.file.round_months

    def by_start(start: np.ndarray) -> dict[str, float]:
        endless = float(start @ play.endless)
        now = start @ np.where(play.active[:, None], 0.0, breaks)
        by = {f"by_{code.lower()}": float(chance) for code, chance in zip(game.players, now, strict=True)}
        return {"months": float(start @ ending) / (1.0 - endless), "endless": endless, **by}

    return by_start


def _observed(scenario: bg.Scenario) -> list[dict[str, object]]:
    """Terms of the real truces, and the first escalating move of one side at the other within each."""
    moves = {row["id"]: row for row in scenario.evidence.moves}
    rows = []
    for name, (first, last) in SETTINGS["rows"].items():
        begins, ends = (date.fromisoformat(moves[key]["date_effective"]) for key in (first, last))
        row = {"truce": name, "begins": first, "ends": last, "months": (ends - begins).days / DAYS}
        hostile = [
            (date.fromisoformat(move["date"]), key)
            for key, move in moves.items()
            if {move["player"], move["target"]} <= SIDES | {"both"}
            and move["direction"] == "escalate"
            and move["observed"]
            and begins < date.fromisoformat(move["date"]) < ends
        ]
        if hostile:
            when, key = min(hostile)
            row |= {"first_move": key, "first_move_months": (when - begins).days / DAYS}
        rows.append(row)
    return rows


def plot(table: pd.DataFrame) -> Figure:
    model = table[(table["kind"] == "model") & (table["truce"] == "agreed")]
    observed = table[table["kind"] == "observed"]
    with figure_style():
        figure, axes = new_figure(DOUBLE_COLUMN, 4.8, rows=2, columns=2)
        for ax, mood in zip(axes[0], dict.fromkeys(model["mood"]), strict=True):
            _lives_panel(ax, model[model["mood"] == mood], observed)
            _plants(ax, table[(table["kind"] == "plants") & (table["mood"] == mood)])
            ax.set_title(f"agreed truce, US mood {mood} at the start")
        axes[0, 1].legend(loc="center left", bbox_to_anchor=(0.0, 0.64))
        axes[0, 0].set_ylabel("expected life, if it ends (months)")
        _breakers_panel(axes[1, 0], model[model["mood"] == "hawk"])
        _observed_panel(axes[1, 1], observed)
        letter_panels(axes.ravel())
    return figure


def _lives_panel(ax: Axes, rows: pd.DataFrame, observed: pd.DataFrame) -> None:
    for number, (lag, own) in enumerate(rows.groupby("reply_lag")):
        style = {**line_style(number), "markersize": 3.0}
        ax.plot(own["stock_months"], own["months"], label=f"answer after {lag:g} quarter{'s' * (lag > 1)}", **style)
    for length in sorted({round(value) for value in observed["months"]}):
        names = [row.truce for row in observed.itertuples() if round(row.months) == length]
        ax.axhline(length, color=OKABE_ITO["grey"], linewidth=0.8, linestyle=(0, (1, 1.5)))
        text = f"term of {' and '.join(names)}: {length} months{' each' * (len(names) > 1)}"
        ax.annotate(text, (18.0, length), (0.0, 2.0), textcoords="offset points", ha="right", fontsize=TEXT_SIZE)
    ax.set_ylim(0.0, 75.0)
    ax.set_xlabel("US military stocks at the start (months)")
    ax.set_xticks(np.arange(0.0, 18.1, 3.0))


def _plants(ax: Axes, rows: pd.DataFrame) -> None:
    """Lives with plants of other sizes, an answer after one quarter."""
    if rows.empty:
        return
    ax.plot(rows["stock_months"], rows["months"], "o", markersize=4.5, fillstyle="none", color="black")
    for share, row in zip(SETTINGS["plants"], rows.itertuples(), strict=True):
        text = f"plants of {share}, answer after 1"
        ax.annotate(text, (row.stock_months, row.months), (6.0, -9.0), textcoords="offset points", fontsize=TEXT_SIZE)


def _breakers_panel(ax: Axes, rows: pd.DataFrame) -> None:
    lags = [min(SETTINGS["reply_lags"]), max(SETTINGS["reply_lags"])]
    for lag, width in zip(lags, (1.5, 0.7), strict=True):
        own = rows[rows["reply_lag"] == lag]
        for side, name in NAMES.items():
            style = {**line_style(side), "linewidth": width, "markersize": 3.0}
            label = f"{name}, answer after {lag} quarter{'s' * (lag > 1)}"
            ax.plot(own["stock_months"], own[f"by_{side.lower()}"], label=label, **style)
    ax.set_ylim(-0.03, 1.03)
    ax.set_title("who ends it, US mood hawk at the start")
    ax.set_ylabel("chance that this side ends it")
    ax.set_xlabel("US military stocks at the start (months)")
    ax.set_xticks(np.arange(0.0, 18.1, 3.0))
    ax.legend(loc="center left", bbox_to_anchor=(0.0, 0.5))


def _observed_panel(ax: Axes, rows: pd.DataFrame) -> None:
    names = list(rows["truce"])
    y = np.arange(len(names))
    ax.barh(y, rows["months"], height=0.45, color="#D9D9D9", edgecolor="none")
    ax.plot(rows["first_move_months"], y, linestyle="none", marker="X", markersize=5.0, color="black")
    for place, row in zip(y, rows.itertuples(), strict=True):
        text = f"{row.first_move_months:.1f} months: first move against the other side"
        ax.annotate(text, (row.first_move_months, place), (0.0, 11.5), textcoords="offset points", fontsize=TEXT_SIZE)
    ax.set_yticks(y, names)
    ax.set_ylim(len(names) - 0.5, -0.8)
    ax.set_xlim(0.0, 14.0)
    ax.tick_params(axis="y", length=0)
    ax.set_title("record: terms of the real truces")
    ax.set_xlabel("months since the truce took effect")


def findings(table: pd.DataFrame) -> list[str]:
    model = table[table["kind"] == "model"]
    agreed, busan = (model[model["truce"] == name] for name in ("agreed", "Busan"))
    parts = []
    for (lag, mood), rows in agreed.groupby(["reply_lag", "mood"], sort=False):
        low, high = rows.iloc[0], rows.iloc[-1]
        parts.append(
            f"answer after {lag:g}, mood {mood}: {low['months']:.0f} months from empty stocks and {high['months']:.0f} "
            f"from {high['stock_months']:g} months (ended by the United States with chance {low['by_us']:.2f} and "
            f"{high['by_us']:.2f}, by China {low['by_cn']:.2f} and {high['by_cn']:.2f})"
        )
    lines = ["expected life of the agreed truce, if it ends, answer in quarters: " + "; ".join(parts)]
    lines.append(f"the chance that it never ends is at most {agreed['endless'].max():.4f}")
    at_once = busan[busan["months"] == 0.0]
    lines.append(
        f"the truce with the moves of Busan is not in force in {len(at_once)} of {len(busan)} starts; there the United "
        f"States would break it at once in {int((at_once['by_us'] > 0.5).sum())}, China in "
        f"{int((at_once['by_cn'] > 0.5).sum())}"
    )
    plants = table[table["kind"] == "plants"]
    lives = "; ".join(f"{row.truce}: {row.months:.0f} months" for row in plants.itertuples())
    lines.append(f"the life by the size of a plant, from today's state, answer after 1, mood hawk: {lives}")
    observed = table[table["kind"] == "observed"]
    terms = "; ".join(
        f"{row.truce} {row.months:.1f} months ({row.begins} to {row.ends}), first move against the other side after "
        f"{row.first_move_months:.1f} ({row.first_move})"
        for row in observed.itertuples()
    )
    shortest, longest = min(agreed["months"].min(), plants["months"].min()), observed["months"].max()
    words = f"{shortest:.0f} months, is " + ("longer than every term" if shortest > longest else "within the terms")
    lines.append(f"record: {terms}; the shortest expected life of an agreed truce in the model, {words}")
    return lines
