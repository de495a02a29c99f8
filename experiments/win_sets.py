"""Which truces would each faction at home ratify, and what do the negotiators settle on when a faction must agree?

The truces are those that enforce themselves in talks that start in a hawkish and in a divided White House. Each faction
weighs protection in its own way, the US ones as the two moods, the Chinese ones by the same spread, and ratifies what
is worth no less to it than the standoff. Negotiators settle on the truce with the largest product of gains that both
sides ratify; or one side proposes without knowing which faction of the other one will decide.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

import bargain as bg
from bargain.mechanisms.win_sets import best_proposal, settlement, win_set
from bargain.plot import DOUBLE_COLUMN, figure_style, letter_panels, new_figure, point_style
from bargain.standoff.mechanism_politics import deciding_chances, faction_payoffs
from bargain.talks.agreement import Agreement
from bargain.talks.payoff_terms import Course, Plan, plan_values
from bargain.talks.truces import TruceOptions, truce_options

SETTINGS = {
    "scenario": "us-china-2025",
    "evidence": "independent",
    "moods": ["hawk", "split"],
    "arrangement": "truce",
    "threat": "path",
    "solution": "nash",
}
NAMES = {"US": "United States", "CN": "China"}
OPENINGS = {"hawk": "hawkish", "split": "divided"}
SHOWN = {"nothing to ratify": "agreed", "all factions ratify": "agreed if all ratify"}
TIE = 1e-9
"""Percent of GDP a year below which a gain is none."""


def run() -> pd.DataFrame:
    base = bg.load_scenario(SETTINGS["scenario"], evidence=SETTINGS["evidence"])
    rows: list[dict[str, Any]] = []
    for mood in SETTINGS["moods"]:
        rows += _rows(base.with_values({"state.mood": mood}), mood)
    table = pd.DataFrame(rows)
    numbers = table.select_dtypes(float).columns
    table[numbers] = table[numbers].round(12) + 0.0
    table.attrs["parameters_hash"] = base.hash
    table.attrs["record"] = {**base.record(), "solver": "negotiate(truce, path, nash), win_set, settlement"}
    return table


def _rows(scenario: bg.Scenario, mood: str) -> list[dict[str, Any]]:
    """One row for each truce of the talks that start in a mood, and for each faction what it gains by it."""
    agreement = bg.negotiate(scenario, **{key: SETTINGS[key] for key in ("arrangement", "threat", "solution")})
    if not agreement.certified:
        raise ValueError(f"{mood}: some certificate fails: {agreement.certificates}")
    setting, profile = agreement.setting, agreement.standoff.equilibrium.profile
    options = truce_options(setting.game, profile, agreement.request.reply_lag, setting.starts)
    gains = _gains(agreement, options, scenario)
    # A truce that goes on as the standoff does is none.
    kept = [m for m in range(len(options.values)) if max(abs(own[m]) for own in gains.values()) > TIE]
    rows = []
    for m in sorted(kept, key=lambda m: -gains["US"][m]):
        row = {"mood": mood, "truce": _name(agreement, options, m), "lottery": _chance(agreement, options, m)}
        row |= {f"gain_{name}": float(own[m]) for name, own in gains.items()}
        for code in agreement.players:
            likely = deciding_chances(scenario, code)
            row[f"chance_{code}"] = sum(p for name, p in likely.items() if gains[f"{code}_{name}"][m] >= -TIE)
        rows.append(row)
    chosen = _settled(pd.DataFrame(rows), agreement.players)
    settled = ["; ".join(case for case, place in chosen.items() if place == i) for i in range(len(rows))]
    return [{**row, "settled": cases or "none"} for row, cases in zip(rows, settled, strict=True)]


def _gains(agreement: Agreement, options: TruceOptions, scenario: bg.Scenario) -> dict[str, np.ndarray]:
    """Gain over the standoff by every truce: of the governments ("US") and of factions ("US_hawk"), same play."""
    setting, profile = agreement.setting, agreement.standoff.equilibrium.profile
    game, names = setting.game, ["US", "CN"]
    terms = {"own": game.payoffs}
    owners = [("own", 0, "US"), ("own", 1, "CN")]
    for code, own in faction_payoffs(scenario).items():
        for faction, payoffs in own.items():
            name = f"{code}_{faction}"
            terms[name] = np.stack([payoffs, payoffs], axis=1)
            owners.append((name, names.index(code), name))
    nowhere = Course(1.0, np.zeros((game.n_states, 2), dtype=np.intp), np.zeros(game.n_states, dtype=bool))
    fallback = plan_values(setting, terms, Plan((nowhere,), profile))
    rows = list(terms)
    values = []
    for m in range(len(options.values)):
        course = Course(1.0, options.problem.profiles[options.found.moves[m]], options.found.active[m])
        values.append(plan_values(setting, terms, Plan((course,), profile)) - fallback)
    return {label: np.array([v[rows.index(term), k] for v in values]) for term, k, label in owners}


def _moves(agreement: Agreement, options: TruceOptions, m: int) -> tuple[int, ...]:
    return tuple(int(a) for a in options.problem.profiles[options.found.moves[m][agreement.setting.starts[0]]])


def _name(agreement: Agreement, options: TruceOptions, m: int) -> str:
    labels = [
        agreement.setting.game.actions[k][a].replace("/", " ").replace("pre_2025", "old").replace("_", " ")
        for k, a in enumerate(_moves(agreement, options, m))
    ]
    return " | ".join(labels)


def _chance(agreement: Agreement, options: TruceOptions, m: int) -> float:
    """Chance of the truce in the lottery that is negotiated."""
    start, wanted = agreement.setting.starts[0], _moves(agreement, options, m)
    pairs = zip(agreement.outcome.lottery, agreement.outcome.truces, strict=True)
    return float(sum(chance for chance, play in pairs if tuple(map(int, play.moves[start])) == wanted))


def _settled(rows: pd.DataFrame, players: Sequence[str]) -> dict[str, int | None]:
    """Case -> the row that is settled on, None without an agreement."""
    us, cn = (rows[f"gain_{code}"].to_numpy() for code in players)
    found: dict[str, int | None] = {"nothing to ratify": settlement(us, cn, np.ones(len(rows), bool), TIE).chosen}
    everybody = []
    for code in players:
        own = [name for name in rows if name.startswith(f"gain_{code}_")]
        everybody += own
        for name in own:
            label = f"{code} {name.rpartition('_')[2]}"
            found[f"{label} ratifies"] = settlement(us, cn, _both(rows, [name]), TIE).chosen
            pair = (rows[name].to_numpy(), cn) if code == players[0] else (us, rows[name].to_numpy())
            found[f"{label} negotiates"] = settlement(*pair, np.ones(len(rows), bool), TIE).chosen
    found["all factions ratify"] = settlement(us, cn, _both(rows, everybody), TIE).chosen
    found[f"{players[1]} proposes"] = best_proposal(cn, rows[f"chance_{players[0]}"].to_numpy())
    found[f"{players[0]} proposes"] = best_proposal(us, rows[f"chance_{players[1]}"].to_numpy())
    return found


def _both(rows: pd.DataFrame, names: list[str]) -> np.ndarray:
    """Truces that all of these factions ratify."""
    return win_set(rows[names].to_numpy().T, np.full(len(names), 1.0 / len(names)), 1.0, TIE)


def plot(table: pd.DataFrame) -> Figure:
    counts = [int((table["mood"] == mood).sum()) for mood in SETTINGS["moods"]]
    with figure_style():
        figure, axes = new_figure(DOUBLE_COLUMN, 6.6, rows=2, columns=2, share_x=True, height_ratios=counts)
        for row, mood in zip(axes, SETTINGS["moods"], strict=True):
            own = table[table["mood"] == mood].reset_index(drop=True)
            for ax, side in zip(row, NAMES, strict=True):
                _panel(ax, own, side)
                ax.set_title(f"{NAMES[side]}, {OPENINGS[mood]} White House")
            row[0].set_ylabel("truce: US tariff, chips | Chinese tariff, licences")
            row[0].set_yticks(range(len(own)), own["truce"])
            row[1].set_yticks(range(len(own)), [])
            row[1].legend(loc="lower right")
            row[0].legend(loc="lower right")
        for ax in axes[-1]:
            ax.set_xlabel("gain over the standoff (% of own GDP a year)")
        letter_panels(axes.ravel())
    return figure


def _panel(ax: Axes, rows: pd.DataFrame, side: str) -> None:
    """Gains of a country's factions and its government, a row for each truce; shaded where a faction refuses."""
    factions = [name for name in rows if name.startswith(f"gain_{side}_")]
    style = point_style(side)
    ax.axvline(0.0, color="black", linewidth=0.5)
    for i, refused in enumerate((rows[factions] < -TIE).any(axis=1)):
        if refused:
            ax.axhspan(i - 0.5, i + 0.5, color="#EEEEEE", linewidth=0.0, zorder=0)
    ax.hlines(rows.index, rows[factions].min(axis=1), rows[factions].max(axis=1), color=style["color"], linewidth=0.7)
    for face, name in zip((style["color"], "white"), factions, strict=True):
        look = {**style, "markerfacecolor": face, "markeredgecolor": style["color"]}
        ax.plot(rows[name], rows.index, label=name.rpartition("_")[2] + " faction", **look)
    ax.plot(rows[f"gain_{side}"], rows.index, "|", color="black", markersize=7, label="government")
    right = rows[[*factions, f"gain_{side}"]].max(axis=1)
    for case, text in SHOWN.items():
        for i in rows.index[[case in cases.split("; ") for cases in rows["settled"]]]:
            left = right[i] > 0.75 * right.max()
            x = rows.loc[i, [*factions, f"gain_{side}"]].min() if left else right[i]
            place = {"xytext": (-6 if left else 6, 0), "textcoords": "offset points", "ha": "right" if left else "left"}
            ax.annotate(text, (x, i), va="center", fontsize=6.5, fontstyle="italic", **place)
    ax.set_ylim(len(rows) - 0.5, -0.5)
    ax.tick_params(axis="y", length=0)


def findings(table: pd.DataFrame) -> list[str]:
    lines = []
    for mood, rows in table.groupby("mood", sort=False):
        rows = rows.reset_index(drop=True)
        where = f"White House {OPENINGS[mood]} at the talks"
        for side, name in NAMES.items():
            factions = [column for column in rows if column.startswith(f"gain_{side}_")]
            parts = []
            for column in factions:
                refused = rows.loc[rows[column] < -TIE, "truce"].tolist()
                listed = f" (refused: {'; '.join(refused)})" if refused else ""
                parts.append(f"{column.rpartition('_')[2]} {len(rows) - len(refused)} of {len(rows)}{listed}")
            lines.append(f"{where}: win-sets of {name}: " + ", ".join(parts))
        drawn = rows[rows["lottery"] > 0.0].sort_values("lottery", ascending=False)
        lottery = ", ".join(f"{row.truce} ({row.lottery:.2f})" for row in drawn.itertuples())
        lines.append(f"{where}: negotiated without ratification, with lotteries: {lottery or 'no truce'}")
        deals = [
            f"{_deal(row)}: {row.settled.replace('; ', ', ')}" for row in rows.itertuples() if row.settled != "none"
        ]
        failed = [case for case, place in _settled(rows, list(NAMES)).items() if place is None]
        deals += [f"no agreement: {', '.join(failed)}"] if failed else []
        lines.append(f"{where}: one truce settled on, and when (gains in % of own GDP a year): " + "; ".join(deals))
        lines.append(_proposals(rows, where))
    return lines


def _deal(row: Any) -> str:
    return f"{row.truce} (US {row.gain_US:+.4f}, China {row.gain_CN:+.4f})"


def _proposals(rows: pd.DataFrame, where: str) -> str:
    """What is put forward when the other side's faction in charge is not known, and what comes of it."""
    parts = []
    for side, other in (("US", "CN"), ("CN", "US")):
        place = _settled(rows, list(NAMES))[f"{side} proposes"]
        if place is None:
            parts.append(f"{NAMES[side]} has nothing to propose")
            continue
        row = rows.loc[place]
        parts.append(
            f"{NAMES[side]} would propose {row['truce']}, ratified by {NAMES[other]} with chance "
            f"{row[f'chance_{other}']:.2f}, worth {row[f'chance_{other}'] * row[f'gain_{side}']:.4f} in expectation"
        )
    return f"{where}, the deciding faction not known to the other side: " + "; ".join(parts)
