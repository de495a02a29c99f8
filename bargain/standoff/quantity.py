"""The numbers of a scenario file, and the base of all its parts: strict, frozen, with the nearest name for a wrong one.

A number is a *quantity*: either a reference to a row of the evidence,

    dependence = { evidence = "us_magnet_dep_cn" }        # optionally factor, offset and the unit they lead to

or an assumption with a range and a reason,

    audience_cost = { value = 0.1, low = 0, high = 0.3, unit = "percent_gdp", reason = "..." }

Nothing else: a bare number would hide where it comes from.
"""

from __future__ import annotations

import difflib
import math
import reprlib
from typing import Any

from pydantic import BaseModel, ConfigDict, model_validator


class ScenarioError(ValueError):
    """A scenario, a key or a value that breaks a rule; the message is one line that names all three."""

    def __init__(self, message: str) -> None:
        super().__init__(" ".join(message.split()))


def nearest(word: str, known: list[str] | tuple[str, ...]) -> str:
    """``; did you mean 'x'?`` for the known word closest to ``word``, or an empty string."""
    close = difflib.get_close_matches(word, known, n=1, cutoff=0.5)
    return f"; did you mean '{close[0]}'?" if close else ""


class Component(BaseModel):
    """Base of all parts of a scenario file: frozen, finite, and an unknown key is an error that names the nearest
    known one."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, strict=True)

    @model_validator(mode="before")
    @classmethod
    def _known_keys(cls, data: Any) -> Any:
        if isinstance(data, dict):
            for key in data:
                if key not in cls.model_fields:
                    raise ValueError(f"unknown key '{key}'{nearest(str(key), list(cls.model_fields))}")
        return data


class Quantity(Component):
    """A number of a scenario: a reference to the evidence, or an assumption with range, unit and reason."""

    evidence: str | None = None
    factor: float = 1.0
    offset: float = 0.0
    value: float | None = None
    low: float | None = None
    high: float | None = None
    unit: str | None = None
    reason: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _not_bare(cls, data: Any) -> Any:
        if not isinstance(data, (dict, Quantity)):
            raise ValueError(
                f"{reprlib.repr(data)} stands bare; the rule is a reference to the evidence or an assumption in braces"
            )
        return data

    @model_validator(mode="after")
    def _either_or(self) -> Quantity:
        assumed = {"value": self.value, "low": self.low, "high": self.high, "reason": self.reason}
        if self.evidence is not None:
            given = [name for name, entry in assumed.items() if name != "reason" and entry is not None]
            if given:
                raise ValueError(f"'{given[0]}' stands beside 'evidence'; the rule is a reference or an assumption")
            return self
        missing = [name for name, entry in {**assumed, "unit": self.unit}.items() if entry is None]
        if missing:
            raise ValueError(f"'{missing[0]}' is missing; an assumption needs value, low, high, unit and reason")
        if self.factor != 1 or self.offset != 0:
            raise ValueError("'factor' and 'offset' go with 'evidence' only")
        assert self.value is not None
        assert self.low is not None
        assert self.high is not None
        if not self.low <= self.value <= self.high:
            raise ValueError(f"value = {self.value:g} is not in its range [{self.low:g}, {self.high:g}]")
        if not str(self.reason).strip():
            raise ValueError("'reason' is empty; an assumption needs one")
        return self


class Attribute:
    """Unit, bounds and meaning of an attribute that holds a quantity (kept in the annotation of the field)."""

    def __init__(self, unit: str, meaning: str, low: float = 0.0, high: float = math.inf) -> None:
        self.unit, self.meaning, self.low, self.high = unit, meaning, low, high


def share(meaning: str) -> Attribute:
    """Attribute that is a share in [0, 1]."""
    return Attribute("share", meaning, 0.0, 1.0)
