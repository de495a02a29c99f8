"""When is "civil open, military closed" what equilibrium prescribes for rare-earth licences, and when something else?

The regime of the licences over the rent that China draws from holding the bottleneck, whose sign no source gives, and
over what the US has in hand: months of military stock, or capacity rebuilt outside China. Three answers: the pure
equilibria of one round; the standoff on the path from the status quo, over rounds; and what a truce or a deal agrees
on. Boundaries are found by bisection. One parameter at a time, all others at their values, tells which of them move
the regime within their own range. Over rounds substitution for chips stays where it is, to keep the game small.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np
import pandas as pd
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure

import bargain as bg
from bargain.plot import DOUBLE_COLUMN, OKABE_ITO, figure_style, letter_panels, new_figure
from bargain.plot.regime_map import Column, regime_map
from bargain.talks import Agreement, Request, Setting, setting_of
from bargain.talks.bargains import over_truces
from bargain.talks.regimes import Control, Line, Regime, agreed, prescribed, regime_lines, round_regimes
from bargain.talks.setting import start_at
from bargain.talks.standoffs import find_standoff
from bargain.talks.truces import TruceOptions, truce_options

SETTINGS = {
    "scenario": "us-china-2025",
    "evidence": "independent",
    "instrument": "licences",
    "rent": "licences.bottleneck_rent",
    "stock": "heavy_rare_earths.US.military_stock_months",
    "rebuilt": "state.rebuilt",
    "levels": {"substitution": 1},
    "n_rents": 17,
    "stock_reach": 6.0,
    "n_columns": 25,
    "round_tolerance": 4e-4,
    "standoff_tolerance": 3.2e-3,
    "n_scan": 3,
    "scanned_over_rounds": [
        "licences.bottleneck_rent",
        "state.rebuilt",
        "heavy_rare_earths.US.civil_stock_months",
        "heavy_rare_earths.security_value",
        "heavy_rare_earths.US.military_loss",
        "CN.audience_cost",
        "US.protection_weight",
    ],
    "checked_rents": [0.0, 0.01, 0.1],
}
COLOURS = {
    name: to_hex(tuple(0.35 + 0.65 * part for part in to_rgb(OKABE_ITO[colour])))
    for name, colour in {"open": "sky blue", "dual_track": "orange", "slow": "reddish purple", "ban": "grey"}.items()
}
NAMES = {"open": "open", "dual_track": "dual track", "slow": "slow", "ban": "ban"}
PANELS = {
    "round, stock": "One round",
    "standoff, stock": "Standoff over rounds",
    "truce, stock": "Truce",
    "round, rebuilt": "One round, no stock left",
    "standoff, rebuilt": "Standoff, no stock left",
    "deal, stock": "Deal with side payments",
}
AXES = {"stock": "US military stock (months)", "rebuilt": "rebuilt outside China (share)"}
TICKS = {"stock": (0, 3, 6, 12, 18), "rebuilt": (0.0, 0.5, 1.0)}


def run() -> pd.DataFrame:
    base = bg.load_scenario(SETTINGS["scenario"], evidence=SETTINGS["evidence"])
    rows = [
        *({"part": "today", "parameter": axis, "value": base.parameters[SETTINGS[axis]].value} for axis in AXES),
        *_round_rows(base, "stock"),
        *_round_rows(base, "rebuilt"),
        *_rounds_rows(base),
        *_scan_rows(base),
    ]
    table = pd.DataFrame(rows)
    table.attrs["allowed_missing"] = ("parameter", "value", "x", "rent_low", "rent_high", "regime", "n")
    table.attrs["parameters_hash"] = base.hash
    table.attrs["record"] = {
        **base.record(),
        "solver": "PureNash, StatusQuoPath, Truce, NashBargaining, EnforceableDeals",
    }
    return table


def _rents(base: bg.Scenario) -> np.ndarray:
    rent = base.parameters[SETTINGS["rent"]]
    return np.round(np.linspace(rent.low, rent.high, SETTINGS["n_rents"]), 12)


def _text(regime: Regime) -> str:
    return "+".join(regime) or "mixed"


# ---------------------------------------------------------------- one round


def _round_rows(base: bg.Scenario, axis: str) -> Iterator[dict[str, object]]:
    """Columns of the map of one round; more of them on both sides of every place where a row changes its regime."""
    scenario = base if axis == "stock" else base.with_values({SETTINGS["stock"]: 0.0})
    rents, reach = _rents(base), SETTINGS["stock_reach"] if axis == "stock" else 1.0
    columns, tolerance = np.linspace(0.0, reach, SETTINGS["n_columns"]), SETTINGS["round_tolerance"]

    def regimes(x: np.ndarray, rent: np.ndarray) -> list[Regime]:
        return round_regimes(scenario, SETTINGS["instrument"], {SETTINGS[axis]: x, SETTINGS["rent"]: rent})

    across = regime_lines(lambda line, x: regimes(x, rents[line]), len(rents), columns, tolerance * reach)
    sides = [end for line in across for one in line.boundaries for end in (one.low, one.high)]
    columns = np.unique(np.round([*columns, *sides], 9))
    lines = regime_lines(lambda line, rent: regimes(columns[line], rent), len(columns), rents, tolerance)
    for x, line in zip(columns.tolist(), lines, strict=True):
        yield from _segments(f"round, {axis}", x, line, rents)


# ---------------------------------------------------------------- over rounds


def _rounds_rows(base: bg.Scenario) -> Iterator[dict[str, object]]:
    """Columns of the other maps: one for each level of the grid of the game over rounds."""
    rents, columns = _rents(base), _columns(base)
    solved: dict[float, list[Regime]] = {}

    def regimes(line: np.ndarray, rent: np.ndarray) -> list[Regime]:
        for value in np.unique(rent).tolist():
            if value not in solved:
                solved[value] = _over_rounds(base.with_values({SETTINGS["rent"]: value}))
        return [solved[value][k] for k, value in zip(line.tolist(), rent.tolist(), strict=True)]

    lines = regime_lines(regimes, len(columns), rents, SETTINGS["standoff_tolerance"])
    for (part, x), line in zip(columns, lines, strict=True):
        yield from _segments(part, x, line, rents)
    for rent in SETTINGS["checked_rents"]:
        full = _Standoff(base.with_values({SETTINGS["rent"]: rent}), None).regimes()
        same = [one == line.at(rent) for one, line in zip(full, lines, strict=False)]
        yield {"part": "check", "rent_low": rent, "x": float(np.mean(same)), "n": len(same)}


def _columns(base: bg.Scenario) -> list[tuple[str, float]]:
    """The panels and places that ``_over_rounds`` answers for, in its order, those of the standoff first."""
    space = base.rounds(levels=SETTINGS["levels"]).space
    stocks, rebuilt = (space.grids[space.variables.index(name)][0].tolist() for name in ("military", "rebuilt"))
    places = [("standoff, stock", x) for x in stocks] + [("standoff, rebuilt", x) for x in rebuilt]
    return places + [(part, x) for part in ("truce, stock", "deal, stock") for x in stocks]


class _Standoff:
    """The game over rounds and its standoff, from every stock, and from every rebuilt share with no stock left."""

    def __init__(self, scenario: bg.Scenario, levels: dict[str, int] | None) -> None:
        rounds = scenario.rounds(levels=levels)
        self.setting, self.request = setting_of(scenario, rounds), Request()
        self.control = Control.of(scenario, rounds.table.moves, SETTINGS["instrument"])
        self.standoff = find_standoff(self.setting, self.request)
        if self.standoff.equilibrium is None:
            raise ValueError(f"no standoff: {self.standoff.scope}")
        space = rounds.space
        stocks, rebuilt = (space.grids[space.variables.index(name)][0].tolist() for name in ("military", "rebuilt"))
        self.starts = [start_at(rounds, {"military": months}) for months in stocks]
        self.used_up = [start_at(rounds, {"military": 0.0, "rebuilt": share}) for share in rebuilt]

    def regimes(self) -> list[Regime]:
        levels = prescribed(self.standoff, self.control)
        return [self.control.regime(start @ levels) for start in (*self.starts, *self.used_up)]


def _over_rounds(scenario: bg.Scenario) -> list[Regime]:
    """Regimes of the standoff, then of the truces and the deals from every stock."""
    own = _Standoff(scenario, SETTINGS["levels"])
    setting, control = own.setting, own.control
    everywhere = np.flatnonzero(sum(own.starts) > 0.0).tolist()
    profile = own.standoff.equilibrium.profile
    options = truce_options(setting.game, profile, own.request.reply_lag, everywhere)
    deal = bg.solve(setting.game, bg.EnforceableDeals(transfer_weights=tuple(setting.usd.tolist())))
    plans = control.chances(np.eye(setting.game.n_actions[control.axis])[deal.plan[:, control.axis]])
    truces = [_truce(own, setting.starting(start), options) for start in own.starts]
    return [*own.regimes(), *truces, *(control.regime(start @ plans) for start in own.starts)]


def _truce(own: _Standoff, setting: Setting, options: TruceOptions) -> Regime:
    """What the negotiated truce says about the control, the standoff's where nothing is agreed on."""
    outcome = over_truces(setting, own.request, own.standoff, options)
    agreement = Agreement.of(setting, own.request, own.standoff, outcome)
    return own.control.regime(agreed(agreement, own.control))


def _segments(part: str, x: float, line: Line, rents: np.ndarray) -> Iterator[dict[str, object]]:
    """One row for each stretch of rents with one regime, at one place of the other axis."""
    ends = [float(rents[0]), *(one.at for one in line.boundaries), float(rents[-1])]
    regimes = [line.first, *(one.after for one in line.boundaries)]
    for (low, high), regime in zip(itertools.pairwise(ends), regimes, strict=True):
        yield {"part": part, "x": x, "rent_low": low, "rent_high": high, "regime": _text(regime)}


# ---------------------------------------------------------------- one parameter at a time


def _scan_rows(base: bg.Scenario) -> Iterator[dict[str, object]]:
    """Regimes over each parameter's range: of one round for all of them, of the standoff today for a few."""
    varied = {
        key: np.linspace(p.low, p.high, SETTINGS["n_scan"])
        for key, p in base.parameters.items()
        if p.low < p.high and not key.startswith(("rounds.", "unification."))
    }
    n = SETTINGS["n_scan"]
    draws = {key: np.full(n * len(varied), base.parameters[key].value) for key in varied}
    for k, (key, values) in enumerate(varied.items()):
        draws[key][k * n : (k + 1) * n] = values
    for stock in (base.parameters[SETTINGS["stock"]].value, 0.0):
        at_stock = base.with_values({SETTINGS["stock"]: stock})
        own = {**draws, SETTINGS["stock"]: np.full(n * len(varied), stock)}
        place = list(varied).index(SETTINGS["stock"])
        own[SETTINGS["stock"]][place * n : (place + 1) * n] = varied[SETTINGS["stock"]]
        found = [_text(regime) for regime in round_regimes(at_stock, SETTINGS["instrument"], own)]
        for k, (key, values) in enumerate(varied.items()):
            for value, regime in zip(values.tolist(), found[k * n : (k + 1) * n], strict=True):
                yield {"part": "scan, round", "parameter": key, "x": stock, "value": value, "regime": regime}
    places = [x for part, x in _columns(base) if part == "standoff, stock"]
    unchanged = _Standoff(base, SETTINGS["levels"]).regimes()
    for key in SETTINGS["scanned_over_rounds"]:
        parameter = base.parameters[key]
        for value in dict.fromkeys((parameter.low, parameter.value, parameter.high)):
            moved = base.with_values({key: value})
            same = value == parameter.value
            regimes = unchanged if same else _Standoff(moved, SETTINGS["levels"]).regimes()
            for x, regime in zip(places, regimes, strict=False):
                yield {"part": "scan, standoff", "parameter": key, "x": x, "value": value, "regime": _text(regime)}


# ---------------------------------------------------------------- the figure


def plot(table: pd.DataFrame) -> Figure:
    with figure_style():
        figure, axes = new_figure(DOUBLE_COLUMN, 4.6, rows=2, columns=3, share_y=True)
        for ax, (part, title) in zip(axes.ravel(), PANELS.items(), strict=True):
            rows, axis = table[table["part"] == part], part.partition(", ")[2]
            columns = [_column(float(x), own) for x, own in rows.groupby("x", sort=True)]
            regime_map(ax, columns, COLOURS, NAMES, cells=not part.startswith("round"))
            ax.axhline(0.0, color="black", linewidth=0.5, linestyle=(0, (1, 2)))
            mark = {"color": "white" if "no stock" in title else "black", "markeredgecolor": "black"}
            ax.plot(_today(table, axis), 0.0, marker="o", markersize=4.5, clip_on=False, zorder=5, **mark)
            ax.set_title(title)
            ax.set_xlabel(AXES[axis])
            ax.set_xticks([tick for tick in TICKS[axis] if tick <= rows["x"].max()])
        for ax in axes[:, 0]:
            ax.set_ylabel("rent of the bottleneck (% of CN GDP)")
        letter_panels(axes.ravel())
    return figure


def _today(table: pd.DataFrame, axis: str) -> float:
    return float(table[(table["part"] == "today") & (table["parameter"] == axis)]["value"].iloc[0])


def _column(x: float, rows: pd.DataFrame) -> Column:
    heights = (float(rows["rent_low"].iloc[0]), *map(float, rows["rent_high"]))
    return Column(x, heights, tuple(tuple(regime.split("+")) if regime != "mixed" else () for regime in rows["regime"]))


# ---------------------------------------------------------------- what it says


def findings(table: pd.DataFrame) -> list[str]:
    return [_today_finding(table), *_round_findings(table), *_standoff_findings(table), *_scan_findings(table)]


def _words(regime: str) -> str:
    return " or ".join(NAMES.get(level, level) for level in regime.split("+"))


def _at(table: pd.DataFrame, part: str, x: float, rent: float) -> str:
    """The regime of a map at a place, in words: on a grid of states, of the two levels beside it."""
    rows = table[(table["part"] == part) & (table["rent_low"] <= rent) & (rent <= table["rent_high"])]
    rows = rows.drop_duplicates("x")
    beside = rows[rows["x"].isin([rows["x"][rows["x"] <= x + 1e-9].max(), rows["x"][rows["x"] >= x - 1e-9].min()])]
    if beside["regime"].nunique() == 1:
        return _words(beside["regime"].iloc[0])
    return " and ".join(f"{_words(row.regime)} from {row.x:g}" for row in beside.itertuples())


def _today_finding(table: pd.DataFrame) -> str:
    stock = _today(table, "stock")
    names = {"round": "one round", "standoff": "standoff", "truce": "truce", "deal": "deal"}
    parts = [f"{name}: {_at(table, f'{part}, stock', stock, 0.0)}" for part, name in names.items()]
    head = f"licences without a rent, with {stock:g} months of US military stock and nothing rebuilt: "
    return head + "; ".join(parts)


def _round_findings(table: pd.DataFrame) -> list[str]:
    """Up to which stock and which rent the dual track is in play in one round, and from which rent on only a ban."""
    rows = table[table["part"] == "round, stock"]
    dual = rows[rows["regime"].str.contains("dual_track")]
    first = dual[dual["x"] == dual["x"].min()]
    alone = first[first["regime"] == "dual_track"]["rent_high"].max()
    beyond = sorted(set(rows[rows["x"] > dual["x"].max()]["regime"]))
    stock = (
        f"one round, nothing rebuilt: the dual track is in play with a stock below {dual['x'].max():.2f} months only, "
        f"without stock up to a rent of {first['rent_high'].max():+.3f} % of GDP, and alone up to {alone:+.3f}; with "
        f"more stock the regimes are {', '.join(map(_words, beyond))}"
    )
    return [stock, _sign_finding(table, "round, rebuilt", "one round, no stock left")]


def _sign_finding(table: pd.DataFrame, part: str, where: str) -> str:
    """Whether the sign of the rent decides: from which rent on a ban is in play, and from which on it is alone."""
    rows, never = table[table["part"] == part], float(table["rent_high"].max())
    only, some = {}, {}
    for x, own in rows.groupby("x"):
        only[x] = float(own[own["regime"] == "ban"]["rent_low"].min())
        some[x] = float(own[own["regime"].str.contains("ban")]["rent_low"].min())
    free = {x: never if np.isnan(rent) else rent for x, rent in some.items()}
    decided = [x for x in free if all(free[later] >= 0.0 for later in free if later >= x)]
    today = min(some)
    tail = (
        f"{_share(min(decided))} there is none without a rent of {_span(free, decided)}"
        if decided
        else "at no rebuilt share does the sign of the rent decide"
    )
    return (
        f"{where}: with nothing rebuilt a ban is in play from a rent of {some[today]:+.3f} % of GDP on, and alone from "
        f"{only[today]:+.3f} on; {tail}"
    )


def _share(rebuilt: float) -> str:
    return "whatever is rebuilt" if rebuilt <= 0.0 else f"with a share of {rebuilt:.2f} or more rebuilt"


def _span(values: dict[float, float], places: list[float]) -> str:
    chosen = [values[x] for x in places]
    low, high = f"{min(chosen):+.3f}", f"{max(chosen):+.3f}"
    return low if low == high else f"{low} to {high}"


def _standoff_findings(table: pd.DataFrame) -> list[str]:
    lines = [_sign_finding(table, "standoff, rebuilt", "standoff, no stock left")]
    rents, stocks = (-0.05, 0.0, 0.05), (0.0, _today(table, "stock"), 12.0)
    by_stock = [
        f"{x:g} months " + ", ".join(f"{_at(table, 'standoff, stock', x, rent)} (rent {rent:+g})" for rent in rents)
        for x in stocks
    ]
    lines.append("standoff with nothing rebuilt, by rent: " + "; ".join(by_stock))
    shares = []
    for part, name in (("truce, stock", "truces"), ("deal, stock", "deals")):
        rows = table[table["part"] == part]
        size = (rows["rent_high"] - rows["rent_low"]).groupby(rows["regime"]).sum().sort_values(ascending=False)
        shown = [f"{_words(regime)} {share:.0%}" for regime, share in (size / size.sum()).items()]
        shares.append(f"{name} agree on " + ", ".join(shown))
    lines.append("over all stocks and rents of the map " + "; ".join(shares))
    checks = table[table["part"] == "check"]
    same = [f"{row.x:.0%} of {row.n:.0f} at a rent of {row.rent_low:+g}" for row in checks.itertuples()]
    lines.append("with substitution for chips as a state, the standoff's regimes are the same in " + ", ".join(same))
    return lines


def _scan_findings(table: pd.DataFrame) -> list[str]:
    lines, rows = [], table[table["part"] == "scan, round"]
    for stock, own in rows.groupby("x", sort=False):
        moved = [key for key, each in own.groupby("parameter", sort=False) if each["regime"].nunique() > 1]
        lines.append(
            f"one at a time, {len(moved)} of {own['parameter'].nunique()} parameters change the regime of one round "
            f"with a stock of {stock:g} months within their range: {', '.join(moved)}"
        )
    rows, shown = table[table["part"] == "scan, standoff"], []
    for key, own in rows.groupby("parameter", sort=False):
        counts = [f"{int((each['regime'] == 'dual_track').sum())} at {value:g}" for value, each in own.groupby("value")]
        shown.append(f"{key} {', '.join(counts)}")
    head = f"stocks, of {rows['x'].nunique()}, at which the standoff with nothing rebuilt is the dual track: "
    return [*lines, head + "; ".join(shown)]
