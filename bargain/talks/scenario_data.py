"""A scenario as plain data, and back: structure, parameters with their provenance, readings, what was changed."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from bargain.evidence import Parameter, ParameterTable
from bargain.standoff.scenario import Scenario
from bargain.standoff.schema import ScenarioFile, quantities


def scenario_data(scenario: Scenario) -> dict[str, Any]:
    """Plain data for JSON; ``scenario_from`` gives the equal scenario back."""
    return {
        "name": scenario.name,
        "file": scenario.file.model_dump(mode="json"),
        "parameters": {key: vars(parameter) for key, parameter in scenario.parameters.items()},
        "choices": dict(scenario.choices),
        "evidence": scenario.evidence_set,
        "variant": scenario.variant_name,
        "changed": list(scenario.changed),
        "parameters_hash": scenario.hash,
    }


def scenario_from(data: Mapping[str, Any]) -> Scenario:
    """The scenario that ``scenario_data`` described; ValueError when its hash is another one."""
    file = ScenarioFile.model_validate(data["file"])
    attributes = {key: attribute for key, _, attribute, _ in quantities(file)}
    scenario = Scenario(
        data["name"],
        file,
        ParameterTable(Parameter(**entry) for entry in data["parameters"].values()),
        MappingProxyType(dict(data["choices"])),
        data["evidence"],
        MappingProxyType(attributes),
        data["variant"],
        tuple(data["changed"]),
    )
    if scenario.hash != data["parameters_hash"]:
        raise ValueError(f"scenario {scenario.name}: its parameters do not match their recorded hash")
    return scenario
