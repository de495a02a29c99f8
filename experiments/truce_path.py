"""How close does the model's course of standoff and truce come to the record of tariffs and magnet exports of 2025-26?

The play of January 2025, then the standoff, then the truce that is negotiated after it, against two standoffs: the one
on the path from the status quo and the best one found. The record sets when they begin (April 2025, when licences and
the peak tariffs came; July 2025, after the London framework); moves and flows are the model's, nothing is fitted. The
record is what was observed; scheduled dates are left out.
"""

from __future__ import annotations

import itertools
from datetime import date, timedelta

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

import bargain as bg
from bargain.evidence import Evidence
from bargain.evidence.units import LAST_OBSERVED
from bargain.plot import DOUBLE_COLUMN, figure_style, letter_panels, line_style, new_figure
from bargain.talks import Agreement, agree

SETTINGS = {
    "scenario": "us-china-2025",
    "evidence": "independent",
    "threats": ["path", "best"],
    "before_from": "2025-01-01",
    "standoff_from": "2025-04-01",
    "truce_from": "2025-07-01",
    "n_truce_rounds": 4,
    "n_courses": 100,
    "normal_year": "2024",
}
SERIES = {  # name: (title, label of the axis)
    "magnets": ("magnets, China to the US", "exports (t a month)"),
    "us_tariff": ("US tariff on China", "average rate (%)"),
    "cn_tariff": ("Chinese tariff on the US", "average rate (%)"),
}
LEVELS_OF = {"magnets": "licences", "us_tariff": "us_tariff", "cn_tariff": "cn_tariff"}
TEXT = {"path": "path standoff, then its truce", "best": "best standoff, then its truce"}
NAIVE = "as in January 2025"


def run() -> pd.DataFrame:
    scenario = bg.load_scenario(SETTINGS["scenario"], evidence=SETTINGS["evidence"])
    normal = _normal(scenario.evidence)
    ends = _quarters()
    rows = _magnets(scenario.evidence) + _tariffs(scenario.evidence)
    rows += _by_quarter(rows, ends)
    known = None
    for threat in SETTINGS["threats"]:
        agreement = bg.negotiate(scenario, threat=threat, rounds=known)
        known = agreement.rounds
        rows += _model(agreement, ends, normal, threat)
    table = pd.DataFrame(rows)
    table["nearest"] = [_nearest(scenario, row.series, row.value, normal) for row in table.itertuples()]
    table.attrs["parameters_hash"] = scenario.hash
    table.attrs["record"] = {**scenario.record(), "solver": "negotiate(arrangement='truce'), Agreement.path"}
    table.attrs["allowed_missing"] = ("low", "high", "in_truce")
    return table


# The record -----------------------------------------------------------------------------------------------------------


def _quarters() -> list[date]:
    """First days of the quarters of the model, and the day after the last."""
    first = date.fromisoformat(SETTINGS["before_from"])
    n = 2 + SETTINGS["n_truce_rounds"]
    return [date(first.year + i // 4, 1 + 3 * (i % 4), 1) for i in range(n + 1)]


def _row(source: str, series: str, begin: date, end: date, value: float, **more: object) -> dict[str, object]:
    row = {"source": source, "series": series, "begin": begin.isoformat(), "end": end.isoformat(), "value": value}
    return {**row, "low": np.nan, "high": np.nan, "phase": "record", "in_truce": np.nan, **more}


def _normal(evidence: Evidence) -> float:
    """Normal exports of magnets to the United States, tonnes a month: the mean of the year before."""
    months = [row for row in evidence.magnets if row["month"].startswith(SETTINGS["normal_year"])]
    return float(np.mean([row["magnets_to_us_t"] for row in months]))


def _magnets(evidence: Evidence) -> list[dict[str, object]]:
    rows = []
    for row in evidence.magnets:
        begin = date.fromisoformat(f"{row['month']}-01")
        if begin >= _quarters()[0]:
            end = (begin + timedelta(days=32)).replace(day=1)
            spread = {"low": row["us_low_t"], "high": row["us_high_t"]}
            rows.append(_row("record", "magnets", begin, end, row["magnets_to_us_t"], **spread))
    return rows


def _tariffs(evidence: Evidence) -> list[dict[str, object]]:
    """Average rates from each change to the next, up to the last observed event."""
    seen = [row for row in evidence.tariffs_timeline if row["observed"]]
    days = [date.fromisoformat(row["date"]) for row in seen] + [date.fromisoformat(LAST_OBSERVED)]
    rows = []
    for row, (begin, end) in zip(seen, itertools.pairwise(days), strict=True):
        if begin < _quarters()[0]:
            continue
        for side, name in (("us", "us_tariff_on_cn"), ("cn", "cn_tariff_on_us")):
            spread = {"low": row[f"{side}_low"], "high": row[f"{side}_high"]}
            rows.append(_row("record", f"{side}_tariff", begin, end, row[name], **spread))
    return rows


def _by_quarter(rows: list[dict[str, object]], ends: list[date]) -> list[dict[str, object]]:
    """Means of the record over the days of each quarter that it covers, at least half of them."""
    found = []
    for series in SERIES:
        own = [row for row in rows if row["series"] == series]
        for begin, end in itertools.pairwise(ends):
            spans = [_overlap(row, begin, end) for row in own]
            days = sum(spans)
            if 2 * days >= (end - begin).days:
                mean = sum(n * row["value"] for n, row in zip(spans, own, strict=True)) / days
                found.append(_row("record by quarter", series, begin, end, float(mean)))
    return found


def _overlap(row: dict[str, object], begin: date, end: date) -> int:
    first, last = (date.fromisoformat(str(row[key])) for key in ("begin", "end"))
    return max(0, (min(last, end) - max(first, begin)).days)


# The model ------------------------------------------------------------------------------------------------------------


def _model(agreement: Agreement, ends: list[date], normal: float, threat: str) -> list[dict[str, object]]:
    """Expected flows and tariffs by quarter: reference play, one round of standoff, then courses of the truce."""
    scenario, setting = agreement.scenario, agreement.setting
    quarters = [("before", _of_actions(agreement, [(1.0, setting.reference)]), 0.0)]
    after, weighted = _standoff_round(agreement)
    quarters.append(("standoff", _of_actions(agreement, weighted), 0.0))
    then = agree(
        setting.starting(after),
        agreement.request,
        scenario=scenario,
        rounds=agreement.rounds,
        standoff=agreement.standoff,
    )
    if not then.reached or not then.certified:
        raise ValueError(f"no certified truce after the standoff {threat}: {then.outcome.message}")
    n = SETTINGS["n_truce_rounds"]
    courses = pd.concat([then.path(n, seed) for seed in range(SETTINGS["n_courses"])])
    for number in range(1, n + 1):
        own = courses[courses["round"] == number]
        means = {
            name: float(
                np.mean([_value(scenario, name, level) for level in own.loc[own["instrument"] == name, "level"]])
            )
            for name in ("licences", "us_tariff", "cn_tariff")
        }
        quarters.append(("truce", means, float((own["phase"] == "truce").mean())))
    rows = []
    for (phase, means, share), begin, end in zip(quarters, ends[:-1], ends[1:], strict=True):
        for series in SERIES:
            value = means[LEVELS_OF[series]] * (normal if series == "magnets" else 1.0)
            rows.append(_row(threat, series, begin, end, value, phase=phase, in_truce=share))
    return rows


def _standoff_round(agreement: Agreement) -> tuple[np.ndarray, list[tuple[float, tuple[int, int]]]]:
    """Chances of the states after one round of standoff from today's, and the moves made in it with their chances."""
    setting, game = agreement.setting, agreement.setting.game
    after, weighted = np.zeros(game.n_states), []
    for state in setting.starts:
        us, cn = (own[state] for own in agreement.standoff.equilibrium.profile.strategies)
        for i in np.flatnonzero(us):
            for j in np.flatnonzero(cn):
                chance = float(setting.start[state] * us[i] * cn[j])
                weighted.append((chance, (int(i), int(j))))
                np.add.at(after, game.successors[state, i, j], chance * game.probabilities[state, i, j])
    return after / after.sum(), weighted


def _of_actions(agreement: Agreement, weighted: list[tuple[float, tuple[int, ...]]]) -> dict[str, float]:
    """Expected civil flow and tariffs of moves with their chances."""
    moves, file = agreement.rounds.table.moves, agreement.scenario.file
    means = dict.fromkeys(("licences", "us_tariff", "cn_tariff"), 0.0)
    for name in means:
        instrument = file.instruments[name]
        k = moves.players.index(instrument.player)
        places = moves.level[name, instrument.player].reshape(-1)
        for chance, action in weighted:
            level = list(instrument.levels)[int(places[action[k]])]
            means[name] += chance * _value(agreement.scenario, name, level)
    return means


def _value(scenario: bg.Scenario, instrument: str, level: str) -> float:
    """Share of normal civil purchases delivered, or the tariff rate."""
    return scenario.parameters[f"{instrument}.{level}.{'civil' if instrument == 'licences' else 'rate'}"].value


def _nearest(scenario: bg.Scenario, series: str, value: float, normal: float) -> str:
    """The level of the instrument that is nearest; levels that look alike in this series are one."""
    name = LEVELS_OF[series]
    scale = normal if series == "magnets" else 1.0
    levels = list(scenario.file.instruments[name].levels)
    return min(levels, key=lambda level: abs(value / scale - _value(scenario, name, level)))


# Figure and findings --------------------------------------------------------------------------------------------------


def plot(table: pd.DataFrame) -> Figure:
    with figure_style():
        figure, axes = new_figure(DOUBLE_COLUMN, 2.9, columns=3)
        for ax, (series, (title, label)) in zip(axes[0], SERIES.items(), strict=True):
            _panel(ax, table[table["series"] == series], 1.0 if series == "magnets" else 100.0)
            ax.set_title(title)
            ax.set_ylabel(label)
        for ax in axes[0, 1:]:
            ax.set_ylim(0, 160)
        axes[0, 0].set_ylim(0, 800)
        letter_panels(axes[0])
        handles, labels = axes[0, 0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=4)
    return figure


def _panel(ax: Axes, rows: pd.DataFrame, scale: float) -> None:
    record = rows[rows["source"] == "record"]
    x, y = _steps(record)
    low, high = (_steps(record, name)[1] for name in ("low", "high"))
    ax.fill_between(x, scale * low, scale * high, color="#CFCFCF", linewidth=0, label="range of the record")
    ax.plot(x, scale * y, color="black", linewidth=1.3, label="record")
    for place, threat in enumerate(SETTINGS["threats"], start=1):
        x, y = _steps(rows[rows["source"] == threat])
        style = {**line_style(place), "marker": None, "linewidth": 1.5}
        ax.plot(x, scale * y, label=f"model: {TEXT[threat]}", **style)
    ax.set_xlim(2025.0, 2026.5)
    ax.set_xticks([2025.0, 2025.25, 2025.5, 2025.75, 2026.0, 2026.25, 2026.5])
    ax.set_xticklabels(["Jan\n2025", "Apr", "Jul", "Oct", "Jan\n2026", "Apr", "Jul"])
    for moment in (2025.25, 2025.5):
        ax.axvline(moment, color="#DDDDDD", linewidth=0.6, zorder=0)


def _steps(rows: pd.DataFrame, column: str = "value") -> tuple[np.ndarray, np.ndarray]:
    """Corners of the steps: time in years, value."""
    x = [_year(day) for pair in zip(rows["begin"], rows["end"], strict=True) for day in pair]
    return np.array(x), np.repeat(rows[column].to_numpy(dtype=float), 2)


def _year(day: str) -> float:
    """Months of equal length, so that quarters begin at quarters of a year."""
    then = date.fromisoformat(day)
    days = ((then.replace(day=1) + timedelta(days=32)).replace(day=1) - then.replace(day=1)).days
    return then.year + (then.month - 1 + (then.day - 1) / days) / 12.0


def findings(table: pd.DataFrame) -> list[str]:
    lines = [_course(table, threat) for threat in SETTINGS["threats"]]
    return [*lines, _trough(table), _peak(table), _errors(table)]


def _course(table: pd.DataFrame, threat: str) -> str:
    """Levels of record and model by quarter, hits and misses."""
    parts = []
    for series, (title, _) in SERIES.items():
        record = table[(table["source"] == "record by quarter") & (table["series"] == series)].set_index("begin")
        model = table[(table["source"] == threat) & (table["series"] == series)].set_index("begin").loc[record.index]
        right = record["nearest"] == model["nearest"]
        wrong = [
            f"{_quarter(begin)} {model['nearest'][begin]} for {record['nearest'][begin]}"
            for begin in right.index[~right]
        ]
        parts.append(f"{title} {int(right.sum())} of {len(right)}" + (f" (misses {', '.join(wrong)})" if wrong else ""))
    return f"quarters in which {TEXT[threat]} has the level nearest to the record: " + "; ".join(parts)


def _quarter(begin: str) -> str:
    return f"{begin[:4]} Q{(int(begin[5:7]) + 2) // 3}"


def _trough(table: pd.DataFrame) -> str:
    months = table[(table["source"] == "record") & (table["series"] == "magnets")]
    low = months.loc[months["value"].idxmin()]
    quarter = SETTINGS["standoff_from"]
    rows = table[(table["series"] == "magnets") & (table["begin"] == quarter)].set_index("source")["value"]
    model = ", ".join(f"{rows[threat]:.0f} ({threat})" for threat in SETTINGS["threats"])
    later = months[months["begin"] >= SETTINGS["truce_from"]]
    own = table[(table["series"] == "magnets") & (table["phase"] == "truce")].groupby("source", sort=False)["value"]
    spread = ", ".join(f"{values.min():.0f} to {values.max():.0f} ({threat})" for threat, values in own)
    return (
        f"magnets, t a month: record {rows['record by quarter']:.0f} in the quarter of the standoff with a trough of "
        f"{low['value']:.0f} in {low['begin'][:7]}, model {model}; from {SETTINGS['truce_from'][:7]} on record "
        f"{later['value'].min():.0f} to {later['value'].max():.0f}, last {later['value'].iloc[-1]:.0f} in "
        f"{later['begin'].iloc[-1][:7]}, model {spread}"
    )


def _peak(table: pd.DataFrame) -> str:
    parts = []
    for series, name in (("us_tariff", "US"), ("cn_tariff", "Chinese")):
        own = table[table["series"] == series]
        record = own[(own["source"] == "record") & (own["nearest"] == "peak")]
        days = sum((date.fromisoformat(r.end) - date.fromisoformat(r.begin)).days for r in record.itertuples())
        model = own[own["source"].isin(SETTINGS["threats"])]["value"].max()
        top = own[own["source"] == "record"]["value"].max()
        quarter = own[own["source"] == "record by quarter"]["value"].max()
        parts.append(
            f"{name} {top:.0%} with {days} days nearest to the peak level, {quarter:.0%} as the mean of a quarter, "
            f"model at most {model:.0%}"
        )
    return "highest tariffs, record by day and model by quarter: " + "; ".join(parts)


def _errors(table: pd.DataFrame) -> str:
    """Mean absolute misses by quarter after the first, against play that stays as in January 2025."""
    parts = []
    for series, (title, _) in SERIES.items():
        own = table[table["series"] == series]
        record = own[own["source"] == "record by quarter"].set_index("begin")["value"]
        record = record[record.index >= SETTINGS["standoff_from"]]
        shown, unit = [], 1.0 if series == "magnets" else 100.0
        for threat in SETTINGS["threats"]:
            model = own[own["source"] == threat].set_index("begin")["value"]
            shown.append(f"{unit * (model.loc[record.index] - record).abs().mean():.0f} ({threat})")
        before = own[own["source"] == SETTINGS["threats"][0]]["value"].iloc[0]
        shown.append(f"{unit * (before - record).abs().mean():.0f} ({NAIVE} throughout)")
        parts.append(f"{title} {', '.join(shown)}" + (" t a month" if series == "magnets" else " points"))
    return f"mean miss by quarter from {SETTINGS['standoff_from'][:7]} on: " + "; ".join(parts)
