"""Observed regimes as targets: which levels of the instruments the record of 2025-26 is nearest to, row by row.

A value x between two neighbouring levels a < b is read as a where (x - a) / (b - a) < 1/3, as b where it is above 2/3,
and as both in the middle third; beyond the outermost level as that one. Tariffs are average rates. Flows of magnets to
the United States over the mean month of the year before, and one minus the record's index of restrictiveness, are
shares of civil deliveries; they tell nothing about the military track, so that levels with the same civil share are
told apart by whether licences were in force at all. For chips one minus the index is the share of the frontier
delivered. A regime is the set of all moves with a level that some of its rows is read as.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from bargain.evidence import Evidence
from bargain.games.markov import BoolArray
from bargain.standoff import Scenario, ScenarioError
from bargain.standoff.instruments import Moves

BETWEEN = (1.0 / 3.0, 2.0 / 3.0)
"""Shares of the way from one level to the next within which a value lies between the two."""

NORMAL_YEAR = "2024"


@dataclass(frozen=True)
class Reading:
    """One row of the evidence: table and row, the value on the scale of the levels, the levels that it is read as."""

    row: str
    value: float
    levels: tuple[str, ...]


@dataclass(frozen=True)
class Regime:
    """A regime of the record.

    levels: instrument -> admissible levels; readings: instrument -> the rows that say so; mood: assumed.
    """

    name: str
    title: str
    mood: str
    levels: Mapping[str, tuple[str, ...]]
    readings: Mapping[str, tuple[Reading, ...]]

    def cells(self, moves: Moves) -> BoolArray:
        """Which joint moves belong to the regime, ``(*n_actions,)``."""
        inside = np.ones(moves.shape, dtype=bool)
        for k, player in enumerate(moves.players):
            shape = [1] * len(moves.players)
            shape[k] = -1
            own = [self.admits(player, label, moves) for label in moves.actions[k]]
            inside &= np.array(own).reshape(shape)
        return inside

    def admits(self, player: str, action: str, moves: Moves) -> bool:
        """Whether every instrument of a player is at an admissible level in an action such as 'truce/open'."""
        own = [name for name, owner in moves.level if owner == player]
        return all(
            name not in self.levels or level in self.levels[name]
            for name, level in zip(own, action.split("/"), strict=True)
        )


@dataclass(frozen=True)
class _Rows:
    """Rows of the evidence behind one regime: dates of the tariff table, months of magnets, numbers of moves."""

    name: str
    title: str
    mood: str
    tariffs: tuple[str, ...]
    months: tuple[str, ...]
    chips: tuple[str, ...]
    licences: tuple[str, ...]
    licensed: bool


ROWS = (
    _Rows(
        "january",
        "January 2025: status quo",
        "split",
        ("2025-01-20",),
        ("2025-01",),
        ("mv024", "mv026"),
        ("mv021",),
        licensed=False,
    ),
    _Rows(
        "escalation",
        "April-May 2025: escalation",
        "hawk",
        ("2025-04-12", "2025-05-03"),
        ("2025-04", "2025-05"),
        ("mv035",),
        ("mv032",),
        licensed=True,
    ),
    _Rows(
        "geneva",
        "12 May to June 2025: Geneva to London",
        "hawk",
        ("2025-05-14", "2025-06-04"),
        ("2025-05",),
        ("mv042", "mv046"),
        ("mv045", "mv048"),
        licensed=True,
    ),
    _Rows(
        "busan",
        "from November 2025: Busan truce",
        "hawk",
        ("2025-11-10",),
        ("2025-11", "2025-12", "2026-01", "2026-02"),
        ("mv068", "mv070"),
        ("mv063", "mv071"),
        licensed=True,
    ),
)
"""The rows that code each regime of us-china-2025. Moods are assumptions: nobody observed them."""

TARIFFS = {"us_tariff": "us_tariff_on_cn", "cn_tariff": "cn_tariff_on_us"}
"""Instrument -> column of the tariff table."""


def observed_regimes(scenario: Scenario) -> tuple[Regime, ...]:
    """The four regimes of 2025-26 in the levels of ``scenario``; ScenarioError where it lacks their instruments."""
    wanted = (*TARIFFS, "chip_control", "licences")
    missing = [name for name in wanted if name not in scenario.file.instruments]
    if missing:
        raise ScenarioError(f"{scenario.name} has no instrument '{missing[0]}', which the record of 2025-26 is about")
    return tuple(_regime(scenario, rows) for rows in ROWS)


def levels_near(value: float, scale: Mapping[str, float]) -> tuple[str, ...]:
    """Levels that ``value`` is read as, in the order of ``scale`` (level -> its place); levels at one place go
    together."""
    places = sorted(set(scale.values()))
    above = int(np.searchsorted(places, value))
    if above in (0, len(places)):
        near = {places[min(above, len(places) - 1)]}
    else:
        low, high = places[above - 1], places[above]
        share = (value - low) / (high - low)
        near = {low} if share < BETWEEN[0] else {high} if share > BETWEEN[1] else {low, high}
    return tuple(level for level, place in scale.items() if place in near)


def _regime(scenario: Scenario, rows: _Rows) -> Regime:
    evidence = scenario.evidence
    readings: dict[str, tuple[Reading, ...]] = {}
    for name, column in TARIFFS.items():
        scale = _scale(scenario, name, "rate")
        readings[name] = tuple(
            _reading(f"tariffs_timeline {date}", _row(evidence.tariffs_timeline, "date", date)[column], scale)
            for date in rows.tariffs
        )
    frontier = _scale(scenario, "chip_control", "military")
    readings["chip_control"] = tuple(_index_reading(evidence, number, frontier) for number in rows.chips)
    civil = _scale(scenario, "licences", "civil")
    if not rows.licensed:
        # Nothing was licensed, so that the military track was open as well.
        open_ = _scale(scenario, "licences", "military")
        civil = {level: place for level, place in civil.items() if open_[level] == max(open_.values())}
    normal = normal_flow(evidence)
    readings["licences"] = (
        *(
            _reading(
                f"magnets_monthly {month}", _row(evidence.magnets, "month", month)["magnets_to_us_t"] / normal, civil
            )
            for month in rows.months
        ),
        *(_index_reading(evidence, number, civil) for number in rows.licences),
    )
    levels = {name: _admissible(scenario, name, found) for name, found in readings.items()}
    return Regime(rows.name, rows.title, rows.mood, levels, readings)


def normal_flow(evidence: Evidence) -> float:
    """Normal exports of magnets to the United States, tonnes a month: the mean of the year before."""
    return float(np.mean([row["magnets_to_us_t"] for row in evidence.magnets if row["month"].startswith(NORMAL_YEAR)]))


def _reading(row: str, value: float, scale: Mapping[str, float]) -> Reading:
    return Reading(row, float(value), levels_near(float(value), scale))


def _index_reading(evidence: Evidence, number: str, scale: Mapping[str, float]) -> Reading:
    return _reading(f"moves_timeline {number}", 1.0 - _row(evidence.moves, "id", number)["index_after"], scale)


def _row(table: Any, column: str, key: str) -> dict[str, Any]:
    found = [row for row in table if row[column] == key]
    if len(found) != 1:
        raise ScenarioError(f"{table.name} has {len(found)} rows with {column} = {key}; the rule is one")
    return dict(found[0])


def _scale(scenario: Scenario, instrument: str, attribute: str) -> dict[str, float]:
    levels = scenario.file.instruments[instrument].levels
    return {level: scenario.parameters[f"{instrument}.{level}.{attribute}"].value for level in levels}


def _admissible(scenario: Scenario, instrument: str, readings: tuple[Reading, ...]) -> tuple[str, ...]:
    named = {level for reading in readings for level in reading.levels}
    return tuple(level for level in scenario.file.instruments[instrument].levels if level in named)
