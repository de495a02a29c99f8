"""From a file to a scenario: TOML, the scenario it extends, validation, evidence."""

from __future__ import annotations

import reprlib
import tomllib
from collections.abc import Mapping
from functools import lru_cache
from importlib import resources
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pydantic import ValidationError

from bargain.evidence import EPISODES, EVIDENCE_SETS, ParameterTable, load_evidence
from bargain.standoff.references import reference_errors, unknown
from bargain.standoff.resolution import resolved
from bargain.standoff.scenario import Scenario
from bargain.standoff.schema import Options, ScenarioError, ScenarioFile, nearest, quantities


def shipped_scenarios() -> dict[str, str]:
    """Name -> title of the scenarios that come with the package."""
    folder = resources.files("bargain.standoff") / "scenarios"
    names = sorted(entry.name.removesuffix(".toml") for entry in folder.iterdir() if entry.name.endswith(".toml"))
    return {name: str(_toml(name)["title"]) for name in names}


def load_scenario(
    name: str | Path,
    evidence: str = "independent",
    variant: str | None = None,
    values: Mapping[str, float | int | str] | None = None,
) -> Scenario:
    """Load a shipped scenario by name, or one from a TOML file by path.

    evidence is "independent" or "article"; variant one of the file's variants; values as in ``Scenario.with_values``.
    Raises ScenarioError with one line that names the file, the place, the value and the rule.
    """
    if not isinstance(name, str | Path):
        raise ScenarioError(f"{name!r} is neither the name of a scenario nor the path of a file")
    path = Path(name)
    title = path.stem if path.suffix == ".toml" else str(name)
    try:
        scenario = resolved_scenario(title, _parsed(name), evidence)
        scenario = scenario.variant(variant) if variant else scenario
        return scenario.with_values(values) if values else scenario
    except ValidationError as error:
        raise ScenarioError(f"{title}: {_first_line(error)}") from None


def resolved_scenario(name: str, file: ScenarioFile, evidence_set: str) -> Scenario:
    if evidence_set not in EVIDENCE_SETS:
        near = nearest(str(evidence_set), list(EVIDENCE_SETS))
        raise ScenarioError(f"evidence = {evidence_set!r} is not one of {', '.join(EVIDENCE_SETS)}{near}")
    evidence = load_evidence(evidence_set, file.episode)
    parameters, attributes = [], {}
    choices = {f"options.{field}": str(getattr(file.options, field)) for field in Options.model_fields}
    choices["state.mood"] = file.state.mood
    place = ""
    try:
        for key, where, attribute, quantity in quantities(file):
            parameters.append(resolved(key, where, attribute, quantity, evidence))
            attributes[key] = attribute
        table, readings = ParameterTable(parameters), MappingProxyType(choices)
        scenario = Scenario(name, file, table, readings, evidence_set, MappingProxyType(attributes))
        for title, variant in file.variants.items():
            place = f"variants.{title}: "
            scenario.with_values(variant.values)
    except ScenarioError as error:
        raise ScenarioError(f"{name}: {place}{error}") from None
    return scenario


@lru_cache(maxsize=32)
def _shipped_file(name: str) -> ScenarioFile:
    return _validated(name, _toml(name), (name,))


def _parsed(name: str | Path) -> ScenarioFile:
    path = Path(name)
    if path.suffix != ".toml":
        known = sorted(shipped_scenarios())
        if str(name) not in known:
            raise ScenarioError(f"no scenario '{name}'{nearest(str(name), known)} (shipped: {', '.join(known)})")
        return _shipped_file(str(name)).model_copy(deep=True)  # the cached one must not change under a user's hands
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ScenarioError(f"{path}: {(error.strerror or str(error)).lower()}") from None
    except UnicodeDecodeError:
        raise ScenarioError(f"{path}: not a UTF-8 text file") from None
    except RecursionError:  # raised by tomllib on thousands of nested brackets
        raise ScenarioError(f"{path}: not valid TOML: too deeply nested") from None
    except ValueError as error:
        raise ScenarioError(f"{path}: not valid TOML: {error}") from None
    return _validated(path.stem, data)


def _toml(name: str) -> dict[str, Any]:
    text = (resources.files("bargain.standoff") / "scenarios" / f"{name}.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def _extended(name: str, data: dict[str, Any], seen: tuple[str, ...] = ()) -> dict[str, Any]:
    """``data`` merged into the shipped scenario it extends, if any: tables join, all else is replaced.

    seen: shipped scenarios on the way here; none of them can be extended again.
    """
    if "extends" not in data:
        return data
    base, known = data["extends"], [other for other in shipped_scenarios() if other not in seen]
    if base not in known:
        raise ScenarioError(f"{name}: extends = {base!r} is not a shipped scenario{nearest(str(base), known)}")
    own = {key: entry for key, entry in data.items() if key != "extends"}
    return _merged(_extended(str(base), _toml(str(base)), (*seen, str(base))), own)


def _merged(base: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, entry in own.items():
        joins = isinstance(entry, dict) and isinstance(merged.get(key), dict) and not _is_quantity(entry)
        merged[key] = _merged(merged[key], entry) if joins else entry
    return merged


def _is_quantity(entry: dict[str, Any]) -> bool:
    return "value" in entry or "evidence" in entry


def _validated(name: str, own: dict[str, Any], seen: tuple[str, ...] = ()) -> ScenarioFile:
    data = _extended(name, own, seen)
    try:
        file = ScenarioFile.model_validate(data)
    except ValidationError as error:
        raise ScenarioError(f"{name}: {_first_line(error)}") from None
    if file.episode is not None and file.episode not in EPISODES:
        raise ScenarioError(f"{name}: episode: {unknown('an episode of the evidence', file.episode, list(EPISODES))}")
    for place, message in reference_errors(file):
        raise ScenarioError(f"{name}: {place}: {message}")
    return file


def _first_line(error: ValidationError) -> str:
    """The first of pydantic's complaints as one line: place, value and rule."""
    first, more = error.errors()[0], error.error_count() - 1
    tags = {"tariff", "export_control", "alignment"}
    place = ".".join(str(part) for part in first["loc"] if part not in tags)
    message = first["msg"].removeprefix("Value error, ")
    if first["type"] == "missing":
        message = "is missing"
    elif first["type"] == "union_tag_not_found":
        message = "'kind' is missing"
    elif first["type"] == "union_tag_invalid":
        kind, known = str(first["ctx"]["tag"]), sorted(tags)
        message = f"kind = {kind!r} is not one of {', '.join(known)}{nearest(kind, known)}"
    elif first["type"] != "value_error":
        message = f"{reprlib.repr(first['input'])} is wrong: {message[0].lower()}{message[1:]}"
    return f"{place + ': ' if place else ''}{message}{f' (and {more} more)' if more else ''}"
