"""Issues that two sides may negotiate alone or together: sets of instruments, and of their levels, from the scenario.

Tariffs are one issue. A control delivers a civil and a military share of normal sales, and which of the two matter is
read from its inputs: industry uses an input that belongs to a sector; its military track counts where denying it is
worth something to the exporter or costs the user. A control of which one track matters belongs to that issue with all
levels. Of a control with both, the civil issue is about levels that are alike on the military track, the military one
about levels alike on the civil track, each time the most levels that are: of open, dual track, slow and ban, the
military issue is whether the military track is open while industry is served (open, dual track), and the civil issue
is how much industry gets while the military track is closed (dual track, slow, ban). A civil issue with an open
military track would need levels that the scenario does not have.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from bargain.standoff.instruments import instruments_of
from bargain.standoff.scenario import Scenario
from bargain.standoff.schema import ControlInstrument, TariffInstrument

if TYPE_CHECKING:
    from bargain.talks.setting import Held

TARIFFS, CIVIL, MILITARY, EVERYTHING = "tariffs", "civil controls", "military controls", "everything"

ALIKE = 0.1
"""Shares that lie no further apart count as the same on a track: short licences cost some civil sales, and nobody
negotiates about that."""

Levels = dict[str, tuple[str, ...]]
"""Instrument -> the levels that are free."""


def issues_of(scenario: Scenario) -> dict[str, Levels]:
    """Issue -> what is free in it: tariffs, civil and military controls as far as there are some, and everything."""
    issues: dict[str, Levels] = {TARIFFS: {}, CIVIL: {}, MILITARY: {}, EVERYTHING: {}}
    for player in scenario.players:
        for name, instrument in instruments_of(scenario.file, player).items():
            issues[EVERYTHING][name] = tuple(instrument.levels)
            if isinstance(instrument, TariffInstrument):
                issues[TARIFFS][name] = tuple(instrument.levels)
            elif isinstance(instrument, ControlInstrument):
                for issue, levels in _tracks(scenario, name, instrument).items():
                    issues[issue][name] = levels
    open_ = {issue: {name: own for name, own in free.items() if len(own) > 1} for issue, free in issues.items()}
    return {issue: free for issue, free in open_.items() if free}


def _tracks(scenario: Scenario, name: str, control: ControlInstrument) -> Levels:
    """Issue -> levels of one control."""
    inputs = [scenario.file.inputs[label] for label in control.acts_on]
    civil = any(item.sector is not None for item in inputs)
    military = any(
        item.security_value is not None
        or (control.target in item.users and item.users[control.target].military_loss is not None)
        for item in inputs
    )
    if civil and military:
        return {CIVIL: _alike(scenario, name, "military"), MILITARY: _alike(scenario, name, "civil")}
    return {CIVIL if civil else MILITARY: tuple(control.levels)} if civil or military else {}


def _alike(scenario: Scenario, name: str, track: str) -> tuple[str, ...]:
    """The most levels of a control that deliver alike on a track; of several such groups the one with the reference."""
    instrument = scenario.file.instruments[name]
    shares = {level: scenario.parameters[f"{name}.{level}.{track}"].value for level in instrument.levels}
    groups: list[list[str]] = []
    for level in sorted(shares, key=lambda label: shares[label]):
        if groups and shares[level] - shares[groups[-1][-1]] <= ALIKE + 1e-12:
            groups[-1].append(level)
        else:
            groups.append([level])
    best = max(groups, key=lambda group: (len(group), instrument.reference in group))
    return tuple(level for level in instrument.levels if level in best)


def held_beside(scenario: Scenario, free: Mapping[str, tuple[str, ...]], held: Mapping[str, str], before: Held) -> Held:
    """What is frozen when only ``free`` is negotiated: other instruments at their level of ``held``.

    before: what is frozen anyway; levels that it takes away stay away.
    """
    result: dict[str, str | tuple[str, ...]] = {}
    for player in scenario.players:
        for name, instrument in instruments_of(scenario.file, player).items():
            given = before.get(name, tuple(instrument.levels))
            left = (given,) if isinstance(given, str) else tuple(given)
            wanted = free.get(name, (held.get(name, instrument.reference),))
            levels = tuple(level for level in wanted if level in left) or left[:1]
            if len(levels) < len(instrument.levels):
                result[name] = levels[0] if len(levels) == 1 else levels
    return result


def both_tracks(scenario: Scenario, name: str, civil: str, military: str) -> str | None:
    """The level of a control that delivers to industry as ``civil`` does, and on the other track as ``military``."""

    def gap(level: str, like: str, track: str) -> float:
        first, second = (scenario.parameters[f"{name}.{label}.{track}"].value for label in (level, like))
        return abs(first - second)

    for level in scenario.file.instruments[name].levels:
        if max(gap(level, civil, "civil"), gap(level, military, "military")) <= ALIKE + 1e-12:
            return level
    return None
