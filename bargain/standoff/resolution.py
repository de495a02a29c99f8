"""From the quantities of a scenario file to parameters with provenance, and from the user's values to changed ones."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from bargain.evidence import Evidence, Parameter
from bargain.standoff.schema import Attribute, Options, Quantity, ScenarioError, ScenarioFile, nearest


def resolved(key: str, place: str, attribute: Attribute, quantity: Quantity, evidence: Evidence) -> Parameter:
    """The Parameter that a quantity stands for; raises ScenarioError on unknown evidence, wrong units or values out
    of bounds."""
    _check_unit(place, attribute, quantity, evidence)
    try:
        if quantity.evidence is None:
            assert quantity.value is not None
            assert quantity.low is not None
            assert quantity.high is not None
            parameter = Parameter(
                id=key,
                name=attribute.meaning,
                value=quantity.value,
                low=quantity.low,
                high=quantity.high,
                unit=attribute.unit,
                date="",
                source=quantity.reason or "",
                confidence="assumed",
            )
        else:
            parameter = _from_evidence(key, place, attribute, quantity, evidence)
    except ValueError as error:
        if isinstance(error, ScenarioError):
            raise
        raise ScenarioError(f"{place}: {error}") from None
    check_bounds(place, parameter, attribute)
    return parameter


def _check_unit(place: str, attribute: Attribute, quantity: Quantity, evidence: Evidence) -> None:
    name = quantity.evidence
    if name is not None and name not in evidence.parameters:
        raise ScenarioError(f"{place}: no evidence row '{name}'{nearest(name, list(evidence.parameters))}")
    unit = quantity.unit or ("" if name is None else evidence.parameters[name].unit)
    if unit != attribute.unit:
        raise ScenarioError(f"{place}: the unit is '{unit}', the rule is '{attribute.unit}'")


def _from_evidence(key: str, place: str, attribute: Attribute, quantity: Quantity, evidence: Evidence) -> Parameter:
    name = str(quantity.evidence)
    row = evidence.parameters[name]
    if quantity.factor == 0:
        raise ScenarioError(f"{place}: factor = 0 is not a scaling")
    value, *ends = (entry * quantity.factor + quantity.offset for entry in (row.value, row.low, row.high))
    scaled = quantity.factor != 1 or quantity.offset != 0
    how = f" ({quantity.factor:g} x {name}{f' {quantity.offset:+g}' if quantity.offset else ''})" if scaled else ""
    return Parameter(
        id=key,
        name=attribute.meaning,
        value=value,
        low=min(ends),
        high=max(ends),
        unit=attribute.unit,
        date=row.date,
        source=f"{row.source} [{name}]{how}",
        confidence=row.confidence,
        note=row.note,
        group=f"-{name}" if quantity.factor < 0 else name,
    )


def replaced(parameter: Parameter, entry: float | int | str, attribute: Attribute) -> Parameter:
    """``parameter`` at a value that the user set; the range grows to hold it."""
    try:
        value = float(entry)
    except (TypeError, ValueError):
        raise ScenarioError(f"{parameter.id} = {entry!r} is not a number") from None
    except OverflowError:
        raise ScenarioError(f"{parameter.id} is a whole number too large for a float") from None
    if isinstance(entry, bool | np.bool_) or not math.isfinite(value):
        raise ScenarioError(f"{parameter.id} = {entry} is not a finite number")
    if not attribute.low <= value <= attribute.high:
        raise ScenarioError(_bounds_message(parameter.id, value, attribute))
    return replace(
        parameter,
        value=value,
        low=min(parameter.low, value),
        high=max(parameter.high, value),
        source=f"set by the user; was {parameter.value:g} from: {parameter.source}",
        confidence="assumed",
    )


def checked_choice(file: ScenarioFile, key: str, entry: object) -> str:
    section, _, field = key.partition(".")
    if section == "options":
        annotation = Options.model_fields[field].annotation
        known = list(getattr(annotation, "__args__", ()))
    else:
        known = sorted({mood for player in file.players.values() for mood in player.moods}) or [file.state.mood]
    if entry not in known:
        raise ScenarioError(f"{key} = {entry!r} is not one of {', '.join(known)}{nearest(str(entry), known)}")
    return str(entry)


def _bounds_message(place: str, value: float, attribute: Attribute) -> str:
    if (attribute.low, attribute.high) == (0.0, 1.0):
        return f"{place} = {value:g} is not a share in [0, 1]"
    return f"{place} = {value:g} {attribute.unit} is not in [{attribute.low:g}, {attribute.high:g}]"


def check_bounds(place: str, parameter: Parameter, attribute: Attribute) -> None:
    for value in (parameter.value, parameter.low, parameter.high):
        if not attribute.low <= value <= attribute.high:
            raise ScenarioError(_bounds_message(place, value, attribute))
