"""A number with its provenance: value, range, unit, date, source and confidence."""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from bargain.evidence.units import BOUNDS, CONFIDENCE, UNITS

if TYPE_CHECKING:
    import pandas as pd

KINDS: tuple[str, ...] = ("independent", "article")
"""Who says it: independent sources, or the source article."""


class ParameterError(ValueError):
    """A parameter breaks a rule; ``field`` names the faulty field."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(field, message)
        self.field = field

    def __str__(self) -> str:
        return str(self.args[1])


class UnknownParameterError(KeyError):
    """No parameter has this id; the message is one line with the nearest ids."""

    def __str__(self) -> str:
        return str(self.args[0])


@dataclass(frozen=True)
class Parameter:
    """One sourced number and its honest range, in the unit named in ``unit`` (see ``UNITS``).

    Fields: ``low <= value <= high``; ``date`` an ISO year, quarter, month, day, a span of two ("2024/2025") or empty;
    ``confidence`` a word of ``CONFIDENCE``; ``kind`` "independent" or "article"; ``paired_with`` the id of the
    independent partner of an article row. Raises ``ParameterError`` (a ``ValueError``) naming field, value and rule.
    """

    id: str
    name: str
    value: float
    low: float
    high: float
    unit: str
    date: str
    source: str
    confidence: str
    note: str = ""
    group: str = ""
    kind: str = "independent"
    paired_with: str = ""

    def __post_init__(self) -> None:
        for field, message in self._faults():
            raise ParameterError(field, f"{self.id or 'parameter'}.{field} = {message}")
        for field in ("value", "low", "high"):
            object.__setattr__(self, field, float(getattr(self, field)))

    def _faults(self) -> Iterator[tuple[str, str]]:
        """Broken rules as (field, what is wrong), the first one first."""
        for field in ("id", "source", "confidence"):
            text = getattr(self, field)
            if not isinstance(text, str) or not text.strip():
                yield field, f"{text!r} is empty"
        for field, known in (("unit", UNITS), ("confidence", CONFIDENCE), ("kind", KINDS)):
            word = getattr(self, field)
            if not isinstance(word, str) or word not in known:
                yield field, f"{word!r} is not one of {', '.join(known)}{did_you_mean(word, known)}"
        for field in ("value", "low", "high"):
            yield from _number_faults(field, getattr(self, field), self.unit)
        if self.value < self.low:
            yield "value", f"{self.value:g} is below low = {self.low:g}"
        if self.value > self.high:
            yield "value", f"{self.value:g} is above high = {self.high:g}"


class ParameterTable(Mapping[str, Parameter]):
    """Parameters by id, in their order; immutable, and a wrong id is answered with the nearest ones."""

    __slots__ = ("_by_id",)

    def __init__(self, parameters: Iterable[Parameter]) -> None:
        by_id: dict[str, Parameter] = {}
        for parameter in parameters:
            if parameter.id in by_id:
                raise ParameterError("id", f"{parameter.id}.id = {parameter.id!r} occurs twice")
            by_id[parameter.id] = parameter
        self._by_id = by_id

    def __getitem__(self, parameter_id: str) -> Parameter:
        try:
            return self._by_id[parameter_id]
        except KeyError:
            raise UnknownParameterError(
                f"no parameter {parameter_id!r} in the evidence{did_you_mean(parameter_id, self._by_id)}"
            ) from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_id)

    def __len__(self) -> int:
        return len(self._by_id)

    def __contains__(self, parameter_id: object) -> bool:
        return parameter_id in self._by_id

    def __hash__(self) -> int:
        return hash(tuple(self._by_id.values()))

    def __repr__(self) -> str:
        return f"ParameterTable({len(self)} parameters)"

    def table(self, ids: Iterable[str] | None = None) -> pd.DataFrame:
        """Tidy frame, one row a parameter (all, or ``ids`` in that order), indexed by id; unknown ids raise."""
        import pandas as pd

        wanted = list(self) if ids is None else list(ids)
        columns = list(Parameter.__dataclass_fields__)
        return pd.DataFrame([asdict(self[name]) for name in wanted], columns=columns).set_index("id")


def did_you_mean(word: Any, known: Iterable[str]) -> str:
    """Tail of an error message: '; did you mean ...?' with up to three near words, or nothing."""
    near = difflib.get_close_matches(str(word), list(known), n=3, cutoff=0.6)
    return f"; did you mean {' or '.join(near)}?" if near else ""


def _number_faults(field: str, number: Any, unit: str) -> Iterator[tuple[str, str]]:
    if isinstance(number, bool) or not hasattr(number, "__float__"):
        yield field, f"{number!r} is not a number"
        return
    if not math.isfinite(number):
        yield field, f"{float(number)} is not finite"
    least, greatest = BOUNDS.get(unit, (-math.inf, math.inf))
    if not least <= number <= greatest:
        yield field, f"{number:g} is not a {unit} in [{least:g}, {greatest:g}]"
