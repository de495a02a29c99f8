"""What the source article claims, what independent sources say, and which numbers may stand in for one another."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from bargain.evidence.parameter import Parameter, ParameterTable, did_you_mean
from bargain.evidence.schema import DATA, SPECS
from bargain.evidence.table import EvidenceError, read_table
from bargain.evidence.units import BOUNDS


@dataclass(frozen=True)
class Claim:
    """One claim of the article, paraphrased, beside the independent evidence and the verdict (see ``VERDICTS``).

    ``claimed_value`` and the independent ``value``, ``low``, ``high`` are in ``unit``; None where a claim or its
    check is words only (``claimed_text``, ``independent_text``). ``param_claimed`` and ``param_independent`` are
    parameter ids or empty.
    """

    id: str
    claim: str
    quantity: str
    claimed_value: float | None
    claimed_text: str
    unit: str | None
    value: float | None
    low: float | None
    high: float | None
    independent_text: str
    source: str
    verdict: str
    confidence: str
    note: str
    param_claimed: str
    param_independent: str


@dataclass(frozen=True)
class Pair:
    """An article parameter and its independent partner; ``commensurate`` if both measure the same thing in one unit.

    ``independent_id`` is empty for a claim without a partner; ``reason`` says why a pair is commensurate or not.
    """

    article_id: str
    independent_id: str
    commensurate: bool
    reason: str


def read_claims(parameters: ParameterTable, path: Path = DATA / "claims.csv") -> tuple[Claim, ...]:
    """The article's claims, each linked to parameters that exist; raises ``EvidenceError``."""
    table = read_table(path, SPECS["claims"])
    for line, row in zip(table.lines, table, strict=True):
        for column in ("param_claimed", "param_independent"):
            if row[column]:
                _check_link(path, line, column, row[column], parameters)
        least, greatest = BOUNDS.get(row["unit"], (float("-inf"), float("inf")))
        for column in ("claimed_value", "value", "low", "high"):
            if row[column] is not None and not (row["unit"] and least <= row[column] <= greatest):
                raise EvidenceError(path, line, column, f"{row[column]:g} does not fit the unit {row['unit']}")
    return tuple(Claim(**row) for row in table)


def read_pairs(parameters: ParameterTable, path: Path = DATA / "pairs.csv") -> tuple[Pair, ...]:
    """Every article parameter with its partner; raises ``EvidenceError`` if a link, a unit or a row is wrong."""
    table = read_table(path, SPECS["pairs"])
    for line, row in zip(table.lines, table, strict=True):
        article = _check_link(path, line, "article_id", row["article_id"], parameters)
        partner = row["independent_id"]
        if article.kind != "article":
            raise EvidenceError(path, line, "article_id", f"{article.id} is not a parameter of the article")
        if partner != article.paired_with:
            raise EvidenceError(path, line, "independent_id", f"{partner!r} but parameters say {article.paired_with!r}")
        if partner:
            _check_link(path, line, "independent_id", partner, parameters)
        if row["commensurate"] and (not partner or parameters[partner].unit != article.unit):
            raise EvidenceError(path, line, "commensurate", f"true, but {article.id} has no partner in {article.unit}")
    listed = set(table.column("article_id"))
    for parameter in parameters.values():
        if parameter.kind == "article" and parameter.id not in listed:
            raise EvidenceError(path, max(table.lines, default=1), "article_id", f"no row for {parameter.id}")
    return tuple(Pair(**row) for row in table)


def with_claims(parameters: ParameterTable, pairs: Iterable[Pair]) -> ParameterTable:
    """The article set: the article's value for every commensurate pair, the range widened to contain it."""
    claimed = {pair.independent_id: parameters[pair.article_id] for pair in pairs if pair.commensurate}
    return ParameterTable(_claimed(parameters, claimed))


def _claimed(parameters: ParameterTable, claimed: dict[str, Parameter]) -> Iterator[Parameter]:
    for parameter in parameters.values():
        article = claimed.get(parameter.id)
        if article is None:
            yield parameter
            continue
        origin = f"independent sources: {parameter.value:g} ({parameter.confidence}; {parameter.source})"
        yield replace(
            parameter,
            value=article.value,
            low=min(parameter.low, article.value),
            high=max(parameter.high, article.value),
            date=article.date,
            source=article.source,
            confidence=article.confidence,
            note="; ".join(text for text in (article.note, origin, parameter.note) if text),
            kind="article",
            paired_with=article.id,
        )


def _check_link(path: Path, line: int, column: str, parameter_id: str, parameters: ParameterTable) -> Parameter:
    if parameter_id not in parameters:
        raise EvidenceError(
            path, line, column, f"no parameter {parameter_id!r}{did_you_mean(parameter_id, parameters)}"
        )
    return parameters[parameter_id]
