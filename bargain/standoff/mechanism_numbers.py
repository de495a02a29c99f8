"""Numbers of the mechanisms: the scenario's own, unless one is given."""

from __future__ import annotations

from bargain.standoff.scenario import Scenario
from bargain.standoff.schema import ScenarioError


def number(scenario: Scenario, key: str, given: float | None = None) -> float:
    """The number that is given, or the scenario's own under ``key``; ScenarioError where it has none."""
    if given is not None:
        return float(given)
    if key not in scenario.parameters:
        hint = f"; give {key.rpartition('.')[2]}" if key.startswith("mechanisms.") else ""
        raise ScenarioError(f"scenario '{scenario.name}' has no {key}{hint}")
    return scenario.parameters[key].value
