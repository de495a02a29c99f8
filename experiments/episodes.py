"""What does the model say of past episodes, and what happened: rent, stock, loss, concession, dependence?

Each scenario with a record is played along the recorded course of moves; numbers that a record lacks are assumed there,
none is fitted to it. Ranges: 5 to 95 percent of parameter draws for the model, the sources' range for the record.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

import bargain as bg
from bargain.evidence import Parameter
from bargain.plot import DOUBLE_COLUMN, OKABE_ITO, figure_style, letter_panels, new_figure
from bargain.plot.style import TEXT_SIZE
from bargain.standoff import MATERIAL
from bargain.standoff.course import Course, played
from bargain.standoff.instruments import owners
from bargain.standoff.record import Spell
from bargain.standoff.resolution import resolved
from bargain.talks import Agreement

SETTINGS = {
    "evidence": "independent",
    "n_draws": 60,
    "seed": 2010,
    "about_zero": 0.05,
    "for_ever": 1e-3,
}
RENT = ("licence_rent", "reliability", "bottleneck_rent")
CHECKS = {
    "use": "sender uses it\nin the standoff",
    "rent": "sender's income from\nusing it (% of GDP)",
    "stock": "target's stock\nlasts",
    "loss": "loss of output or\nincome (% of GDP)",
    "concession": "demand conceded\n(worth against cost)",
    "negotiated": "conceded in talks\n(up to which cost)",
    "transfer": "promised payment\n(bn USD a year)",
    "erosion": "share bought from\nexporter after use",
    "stance": "stance of\nbystanders",
}
MARKS = {"agreement": "✓", "ranges overlap": "≈", "undecided": "?", "miss": "✗"}
FILLS = {"agreement": "#CFE8DF", "ranges overlap": "#E4F1FA", "undecided": "#EEEEEE", "miss": "#F8E0CC"}


def run() -> pd.DataFrame:
    names = [name for name in bg.shipped_scenarios() if _load(name).file.record is not None]
    scenarios = sorted(map(_load, names), key=lambda scenario: scenario.name.rpartition("-")[2])  # by year
    table = pd.DataFrame([row for scenario in scenarios for row in _Comparison(scenario).rows()])
    numbers = table.select_dtypes(float).columns
    table[numbers] = table[numbers].round(9) + 0.0
    table.attrs["parameters_hash"] = ",".join(scenario.hash for scenario in scenarios)
    table.attrs["record"] = {"scenarios": [scenario.record() for scenario in scenarios], "seed": SETTINGS["seed"]}
    table.attrs["allowed_missing"] = ("record_low", "record_high", "model_low", "model_high")
    return table


def _load(name: str) -> bg.Scenario:
    return bg.load_scenario(name, evidence=SETTINGS["evidence"])


class _Comparison:
    """One episode: the recorded course played at the central values and in draws, and every check of its record."""

    def __init__(self, scenario: bg.Scenario) -> None:
        self.scenario, self.record = scenario, scenario.file.record
        self.rounds = scenario.rounds()
        demands = "insisted" if scenario.file.demands else "off"
        self.agreement = bg.negotiate(scenario, rounds=self.rounds, demands=demands)
        self.central = played(scenario, self.record.course, self.rounds)
        draws = scenario.draws(SETTINGS["n_draws"], SETTINGS["seed"])
        drawn = scenario.rounds(draws=draws)
        self.draws = draws
        self.courses = [played(scenario, self.record.course, drawn, k) for k in range(SETTINGS["n_draws"])]

    def rows(self) -> Iterator[dict[str, object]]:
        checks = (self._use, self._rents, self._stocks, self._losses, self._concessions, self._negotiated)
        for check in (*checks, self._transfers, self._erosion, self._stances):
            yield from check()

    def _row(self, check: str, subject: str, record: float, model: float, verdict: str, **more: object) -> dict:
        blank = dict.fromkeys(("record_low", "record_high", "model_low", "model_high"), np.nan)
        first = {"episode": self.scenario.name, "check": check, "subject": subject, "verdict": verdict}
        return {**first, "record": float(record), "model": float(model), **blank, **more}

    def _quantity(self, place: str, component: object, field: str) -> Parameter:
        attribute = next(m for m in type(component).model_fields[field].metadata if hasattr(m, "meaning"))
        return resolved(place, place, attribute, getattr(component, field), self.scenario.evidence)

    def _range(self, number: Callable[[Course, int], float]) -> dict[str, float]:
        values = [number(course, k) for k, course in enumerate(self.courses)]
        low, high = np.percentile(values, [5, 95])
        return {"model_low": float(low), "model_high": float(high)}

    def _use(self) -> Iterator[dict]:
        """Whether the sender's moves of the standoff, from the start, are off their reference as in the record."""
        agreement = self.agreement
        own = list(self.scenario.players).index(self.record.sender)
        chances = agreement.standoff.equilibrium.profile.strategies[own]
        used = 1.0 - float(agreement.setting.at_start(chances)[agreement.setting.reference[own]])
        names = {name for name, item in self.scenario.file.instruments.items() if self.record.sender in owners(item)}
        did = any(names & set(spell.levels) for spell in self.record.course)
        verdict = "agreement" if did == (used >= 0.5) else "miss"
        text = {"record_text": _yes(did), "model_text": _yes(used >= 0.5)}
        yield self._row("use", self.record.sender, did, used, verdict, unit="chance", **text)

    def _rents(self) -> Iterator[dict]:
        sender = self.record.sender
        for entry in self.record.rents:
            seen = self._quantity("record.rents", entry, "number")
            span = (entry.from_month, entry.to_month)
            model = self.central.mean(RENT, sender, *span)
            sign = "none" if abs(model) < SETTINGS["about_zero"] else "gain" if model > 0 else "loss"
            bounds = self._range(lambda course, _, span=span: course.mean(RENT, sender, *span))
            text = {"record_text": f"{entry.sign} in {entry.period}", "model_text": f"{sign} ({model:+.2f})"}
            yield self._row(
                "rent",
                sender,
                seen.value,
                model,
                "agreement" if sign == entry.sign else "miss",
                unit="record: rate; model: percent_gdp",
                record_low=seen.low,
                record_high=seen.high,
                **bounds,
                **text,
            )

    def _stocks(self) -> Iterator[dict]:
        for entry in self.record.stocks:
            months = self._quantity("record.stocks", entry, "stop_months")
            empty = float(self.central.empty[entry.state].max())
            left = float(self.central.state[entry.state].min())
            bounds = self._range(lambda course, _, name=entry.state: float(course.empty[name].max()))
            same = (empty >= 0.5) == entry.ran_out
            lasted = "ran out in" if entry.ran_out else "lasted the"
            text = {
                "record_text": f"{lasted} {months.value:g} months",
                "model_text": f"ran out (chance {empty:.2g})" if empty >= 0.5 else f"lasted, least {left:.2g} months",
            }
            verdict = "agreement" if same else "miss"
            yield self._row("stock", entry.state, entry.ran_out, empty, verdict, unit="chance", **bounds, **text)

    def _losses(self) -> Iterator[dict]:
        for entry in self.record.losses:
            seen = self._quantity("record.losses", entry, "loss")
            years = 1.0 if entry.per_year else (entry.to_month - entry.from_month) / 12.0

            def loss(course: Course, _: int = 0, entry=entry, years=years) -> float:
                return -years * course.mean(MATERIAL, entry.player, entry.from_month, entry.to_month) + 0.0

            yield self._numbers("loss", entry.player, seen, loss(self.central), self._range(loss), "percent_gdp")

    def _erosion(self) -> Iterator[dict]:
        for entry in self.record.erosion:
            seen = self._quantity("record.erosion", entry, "after")
            key, round_ = f"{entry.input}.{entry.user}.dependence", round(entry.month / self.central.round_months)
            capacity = self.scenario.file.inputs[entry.input].replaced_by
            before = self.scenario.parameters[key].value
            model = before * (1.0 - float(self.central.state[capacity][round_]))

            def left(course: Course, k: int, key=key, capacity=capacity, round_=round_) -> float:
                return float(self.draws[key][k] * (1.0 - course.state[capacity][round_]))

            bounds = self._range(left)
            yield self._numbers("erosion", entry.user, seen, model, bounds, "share")

    def _numbers(self, check: str, subject: str, seen: Parameter, model: float, bounds: dict, unit: str) -> dict:
        inside = seen.low <= model <= seen.high
        overlap = bounds["model_low"] <= seen.high and seen.low <= bounds["model_high"]
        verdict = "agreement" if inside else "ranges overlap" if overlap else "miss"
        ends = ((seen.value, seen.low, seen.high), (model, bounds["model_low"], bounds["model_high"]))
        shown = [f"{subject} {value:.2f} ({low:.2f} to {high:.2f})" for value, low, high in ends]
        text = {"record_text": shown[0], "model_text": shown[1]}
        record = {"record_low": seen.low, "record_high": seen.high}
        return self._row(check, subject, seen.value, model, verdict, unit=unit, **record, **bounds, **text)

    def _concessions(self) -> Iterator[dict]:
        """What an end of the harshest recorded moves, held for ever, is worth to the conceder, against the cost."""
        for entry in self.record.concessions:
            demand = self.scenario.file.demands[entry.demand]
            cost = self.scenario.parameters[f"{entry.demand}.cost"]
            worth = max(self._threat(demand.conceder, spell) for spell in self.record.course if spell.levels)
            conceded = worth > cost.value
            verdict = "agreement" if conceded == entry.conceded else "miss"
            if cost.low < worth < cost.high:
                verdict = "undecided"
            text = {
                "record_text": _yes(entry.conceded),
                "model_text": f"{_yes(conceded)} ({worth:.2g} against {cost.value:.2g})",
            }
            more = {"record_low": cost.low, "record_high": cost.high}
            yield self._row(
                "concession", demand.name, entry.conceded, worth, verdict, unit="percent_gdp", **more, **text
            )

    def _negotiated(self) -> Iterator[dict]:
        """Whether the demand is conceded in an agreement when the sender insists on it, and up to which cost it would.

        The threat is the standoff on the path, which need not be the recorded moves.
        """
        demanded = self.agreement.outcome.demanded
        names = list(self.scenario.file.demands)
        for entry in self.record.concessions:
            place = names.index(entry.demand)
            made, limit = demanded.made[place], demanded.largest_cost[place]
            most = 0.0 if limit is None else limit
            cost = self.scenario.parameters[f"{entry.demand}.cost"]
            verdict = "agreement" if made == entry.conceded else "miss"
            if cost.low < most < cost.high:
                verdict = "undecided"
            title = self.scenario.file.demands[entry.demand].name
            text = {
                "record_text": _yes(entry.conceded),
                "model_text": f"{_yes(made)} ({'at no cost' if limit is None else f'up to {limit:.2g}'})",
            }
            yield self._row("negotiated", title, entry.conceded, made, verdict, unit="chance", **text)

    def _threat(self, conceder: str, spell: Spell) -> float:
        """Discounted average of the loss of a player while the moves of a spell are held for ever, % of GDP a year."""
        factor = float(self.rounds.discount_factor[0])
        n_rounds = int(np.ceil(np.log(SETTINGS["for_ever"]) / np.log(factor)))
        months = n_rounds * self.scenario.file.round_months
        course = played(self.scenario, [Spell(months=months, levels=spell.levels)], self.rounds)
        k = course.players.index(conceder)
        loss = -sum(course.terms[name][:, k] for name in MATERIAL if name in course.terms)
        return float((1.0 - factor) * (loss @ factor ** np.arange(n_rounds)))

    def _transfers(self) -> Iterator[dict]:
        """The most the payer could pay a year and be no worse off than in the standoff, against what was promised."""
        for entry in self.record.transfers:
            promised = self._quantity("record.transfers", entry, "promised")
            kept = self._quantity("record.transfers", entry, "kept")
            most = _largest_payment(bg.negotiate(self.scenario, arrangement="deal", rounds=self.rounds), entry.payer)
            holds = most >= promised.value
            verdict = "agreement" if holds == (kept.value >= 0.5) else "miss"
            text = {
                "record_text": f"{entry.payer} paid {kept.value * promised.value:.3g} of {promised.value:.3g}",
                "model_text": f"{entry.payer} at most {most:.2g}",
            }
            yield self._row("transfer", entry.payer, promised.value, most, verdict, unit="usd_bn_per_year", **text)

    def _stances(self) -> Iterator[dict]:
        for entry in self.record.stances:
            chances = {name: row[self.central.restricted] for name, row in self.central.stances[entry.player].items()}
            chance = float(chances[entry.stance].mean())
            most = max(chances, key=lambda name: float(chances[name].mean()))
            bounds = self._range(
                lambda c, _, entry=entry: float(c.stances[entry.player][entry.stance][c.restricted].mean())
            )
            text = {"record_text": f"{entry.player} {entry.stance}", "model_text": f"{entry.player} {most}"}
            verdict = "agreement" if chance >= 0.5 else "miss"
            yield self._row("stance", entry.player, 1.0, chance, verdict, unit="chance", **bounds, **text)


def _largest_payment(agreement: Agreement, payer: str) -> float:
    """Billion USD a year: what the payer earns under the plan of the deal before payments, over the threat."""
    from bargain.talks.words import side_payments

    k = list(agreement.players).index(payer)
    return float(side_payments(agreement)[k] + agreement.gains[k] * agreement.setting.usd[k])


def _yes(truth: bool) -> str:
    return "yes" if truth else "no"


def plot(table: pd.DataFrame) -> Figure:
    with figure_style():
        figure, axes = new_figure(DOUBLE_COLUMN, 6.4, rows=2, columns=2, height_ratios=[2.7, 1.0])
        grid = axes[0, 0].get_gridspec()
        for ax in axes[0]:
            ax.remove()
        board = figure.add_subplot(grid[0, :])
        _board(board, table)
        _sizes(axes[1, 0], table[table["check"] == "loss"], "loss of output or real income (% of GDP)", "center right")
        _sizes(
            axes[1, 1], table[table["check"] == "erosion"], "share bought from the exporter after use", "lower right"
        )
        axes[1, 1].set_xlim(0.0, 1.0)
        letter_panels([board, *axes[1]])
    return figure


def _board(ax: Axes, table: pd.DataFrame) -> None:
    """A board of checks (rows) by episodes (columns): verdict, record above, model below."""
    episodes = list(dict.fromkeys(table["episode"]))
    heights = {c: max(1, max((len(_cell(table, e, c)) for e in episodes), default=1)) for c in CHECKS}
    top = 0.0
    for check, label in CHECKS.items():
        ax.text(-0.03, top + heights[check] / 2, label, ha="right", va="center", fontsize=TEXT_SIZE)
        for column, episode in enumerate(episodes):
            rows = _cell(table, episode, check)
            share = heights[check] / max(len(rows), 1)
            for place, row in enumerate(rows.itertuples()):
                y = top + place * share
                ax.fill_between([column + 0.02, column + 0.98], y + 0.04, y + share - 0.04, color=FILLS[row.verdict])
                text = f"R  {row.record_text}\nM {row.model_text}"
                ax.text(column + 0.13, y + share / 2, text, va="center", fontsize=6.0)
                ax.text(column + 0.075, y + share / 2, MARKS[row.verdict], ha="center", va="center", fontsize=TEXT_SIZE)
            if rows.empty:
                ax.text(column + 0.5, top + heights[check] / 2, "–", ha="center", va="center", color="#7F7F7F")
        top += heights[check]
    ax.set_xlim(0.0, len(episodes))
    ax.set_ylim(top, 0.0)
    ax.set_xticks(np.arange(len(episodes)) + 0.5, episodes)
    ax.xaxis.tick_top()
    ax.tick_params(length=0)
    ax.set_yticks([])
    for side in ax.spines.values():
        side.set_visible(False)
    legend = ",  ".join(f"{mark} {name}" for name, mark in MARKS.items() if name in set(table["verdict"]))
    ax.set_xlabel(f"R record, M model;  {legend},  – not in the record", fontsize=TEXT_SIZE)


def _cell(table: pd.DataFrame, episode: str, check: str) -> pd.DataFrame:
    return table[(table["episode"] == episode) & (table["check"] == check)]


def _sizes(ax: Axes, rows: pd.DataFrame, label: str, where: str) -> None:
    """Record (open, above) and model (filled, below) with their ranges, one line an entry."""
    for place, row in enumerate(rows.itertuples()):
        for kind, shift, colour, marker in (("record", -0.15, "black", "s"), ("model", 0.15, "bluish green", "o")):
            value, low, high = (getattr(row, f"{kind}{end}") for end in ("", "_low", "_high"))
            style = {"color": OKABE_ITO[colour], "marker": marker, "markersize": 3.5, "linewidth": 1.0}
            ax.plot([low, high], [place + shift] * 2, **{**style, "marker": "|"})
            ax.plot(value, place + shift, **style, fillstyle="none" if kind == "record" else "full", label=kind)
    ax.set_yticks(range(len(rows)), [f"{r.episode}: {r.subject}" for r in rows.itertuples()])
    ax.set_ylim(max(len(rows), 1) - 0.5, -0.5)
    ax.set_xlabel(label)
    handles, names = ax.get_legend_handles_labels()
    ax.legend(handles[:2], names[:2], loc=where)


def findings(table: pd.DataFrame) -> list[str]:
    lines = []
    for episode, rows in table.groupby("episode", sort=False):
        parts = [
            f"{r.check} {r.subject}: record {r.record_text}, model {r.model_text} [{r.verdict}]"
            for r in rows.itertuples()
        ]
        lines.append(f"{episode}: " + "; ".join(parts))
    counts = table["verdict"].value_counts()
    total = ", ".join(f"{int(counts.get(name, 0))} {name}" for name in MARKS)
    missed = table[table["verdict"] == "miss"]
    where = "; ".join(f"{e}: {', '.join(r['check'])}" for e, r in missed.groupby("episode", sort=False))
    return [f"of {len(table)} comparisons {total}; misses in {where or 'none'}", *_missing_rent(table), *lines]


def _missing_rent(table: pd.DataFrame) -> list[str]:
    """How large the rent of the bottleneck, of open sign in the model, would have to be where the record has a gain."""
    missed = table[(table["check"] == "rent") & (table["verdict"] == "miss") & (table["model"] < 0)]
    needed = ", ".join(f"{-r.model:.2f} % of GDP a year ({r.episode}, {r.subject})" for r in missed.itertuples())
    return [f"a gain of the sender, as on record, needs a bottleneck rent of more than {needed}"] if needed else []
