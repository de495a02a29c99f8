"""CSV tables read strictly: every column has a type, and every fault is named by file, line and column."""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from bargain.evidence.parameter import did_you_mean
from bargain.evidence.schema import TableSpec
from bargain.evidence.units import CONFIDENCE, LAST_OBSERVED, REGIONS, UNITS, VERDICTS

if TYPE_CHECKING:
    import pandas as pd

Cell = str | float | bool | None


class EvidenceError(ValueError):
    """A data file breaks a rule; the message names the file, the line, the column and the rule."""

    def __init__(self, path: Path, line: int, column: str, fault: str) -> None:
        super().__init__(path, line, column, fault)
        self.path, self.line, self.column, self.fault = path, line, column, fault

    def __str__(self) -> str:
        return f"{self.path.name}, line {self.line}, column {self.column}: {self.fault}"


@dataclass(frozen=True)
class Table:
    """Typed rows of one CSV file, read-only; an empty number, date or flag is None, empty text is ''.

    ``cells[i][j]`` is row i under ``columns[j]``, ``lines[i]`` the line of the file where row i ends.
    """

    name: str
    columns: tuple[str, ...]
    cells: tuple[tuple[Cell, ...], ...]
    lines: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.cells)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Rows as dictionaries, column -> cell."""
        return (dict(zip(self.columns, row, strict=True)) for row in self.cells)

    def column(self, column: str) -> tuple[Any, ...]:
        """All cells of one column, in file order; an unknown column raises ``ValueError``."""
        if column not in self.columns:
            raise ValueError(f"{self.name} has no column {column!r}{did_you_mean(column, self.columns)}")
        j = self.columns.index(column)
        return tuple(row[j] for row in self.cells)

    def numbers(self, column: str) -> npt.NDArray[np.float64]:
        """One numeric column as a read-only float array (n_rows,); a cell that is empty in the file is NaN."""
        cells = self.column(column)
        if any(isinstance(cell, str) for cell in cells):
            raise ValueError(f"{self.name}.{column} is not a column of numbers")
        array = np.array([math.nan if cell is None else float(cell) for cell in cells], dtype=np.float64)
        array.flags.writeable = False
        return array

    def to_frame(self) -> pd.DataFrame:
        """The table as a pandas frame, columns in file order."""
        import pandas as pd

        return pd.DataFrame(list(self.cells), columns=list(self.columns))


def read_table(path: Path, spec: TableSpec) -> Table:
    """Rows of a UTF-8 CSV file that obeys ``spec``: columns, kinds of cell, ranges in order, unique keys.

    Optional columns may be missing. Raises ``EvidenceError``; a missing file raises ``FileNotFoundError``.
    """
    rows: list[tuple[Cell, ...]] = []
    lines: list[int] = []
    with path.open(encoding="utf-8", newline="") as stream:
        reader = csv.reader(stream, strict=True)
        try:
            header = next(reader, [])
            _check_header(path, header, spec)
            for cells in reader:
                if cells:
                    rows.append(_parse_row(path, reader.line_num, header, cells, spec.columns))
                    lines.append(reader.line_num)
        except csv.Error as fault:
            raise EvidenceError(path, reader.line_num, "-", f"not CSV: {fault}") from None
        except UnicodeDecodeError as fault:
            raise EvidenceError(path, reader.line_num + 1, "-", f"not UTF-8: {fault.reason}") from None
    table = Table(path.name, tuple(header), tuple(rows), tuple(lines))
    _check_rows(path, table, spec)
    return table


def _check_header(path: Path, header: list[str], spec: TableSpec) -> None:
    for column in header:
        if column not in spec.columns:
            raise EvidenceError(path, 1, column, f"is not a known column{did_you_mean(column, spec.columns)}")
        if header.count(column) > 1:
            raise EvidenceError(path, 1, column, "occurs twice")
    for column in spec.columns:
        if column not in header and column not in spec.optional:
            raise EvidenceError(path, 1, column, "is missing")


def _check_rows(path: Path, table: Table, spec: TableSpec) -> None:
    """Unique keys, ranges in order, and nothing observed after the last observation."""
    seen: dict[tuple[Any, ...], int] = {}
    for line, row in zip(table.lines, table, strict=True):
        key = tuple(row[column] for column in spec.key)
        if key in seen:
            name = " ".join(str(part) for part in key)
            raise EvidenceError(path, line, spec.key[0], f"{name!r} occurs twice (first on line {seen[key]})")
        seen[key] = line
        for columns in spec.ranges:
            low, value, high = (row[column] for column in columns)
            if value is not None and not (low is not None and high is not None and low <= value <= high):
                raise EvidenceError(path, line, columns[1], f"{low} <= {value} <= {high} does not hold")
        if "observed" in row and row["observed"] != (row["date"] <= LAST_OBSERVED):
            raise EvidenceError(path, line, "observed", f"must say whether {row['date']} is by {LAST_OBSERVED}")


def _parse_row(
    path: Path, line: int, header: list[str], cells: list[str], kinds: Mapping[str, str]
) -> tuple[Cell, ...]:
    if len(cells) != len(header):
        column = header[min(len(cells), len(header)) - 1]
        raise EvidenceError(path, line, column, f"{len(cells)} cells under {len(header)} columns")
    row: list[Cell] = []
    for column, text in zip(header, cells, strict=True):
        kind, cell = kinds[column], text.strip()
        try:
            row.append(None if kind.endswith("?") and not cell else CELLS[kind.rstrip("?")](cell))
        except ValueError as fault:
            raise EvidenceError(path, line, column, str(fault)) from None
    return tuple(row)


def _number(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        raise ValueError(f"{text!r} is not a number") from None
    if not math.isfinite(number):
        raise ValueError(f"{text!r} is not finite")
    return number


def _fraction(text: str) -> float:
    number = _number(text)
    if not 0.0 <= number <= 1.0:
        raise ValueError(f"{text} is not in [0, 1]")
    return number


def _name(text: str) -> str:
    if not text:
        raise ValueError("is empty")
    return text


def _flag(text: str) -> bool:
    if text not in ("true", "false"):
        raise ValueError(f"{text!r} is neither true nor false")
    return text == "true"


def _day(text: str) -> str:
    try:
        if re.fullmatch(r"\d{4}-\d\d-\d\d", text):
            return date.fromisoformat(text).isoformat()
    except ValueError:
        pass
    raise ValueError(f"{text!r} is not a day written YYYY-MM-DD")


def _month(text: str) -> str:
    if not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", text):
        raise ValueError(f"{text!r} is not a month written YYYY-MM")
    return text


def _when(text: str) -> str:
    """A year, quarter, month or day, or a span of two of them with a slash."""
    for moment in text.split("/") if text.count("/") <= 1 else [""]:
        if re.fullmatch(r"\d{4}(-Q[1-4]|-(0[1-9]|1[0-2]))?", moment):
            continue
        try:
            _day(moment)
        except ValueError:
            raise ValueError(f"{text!r} is not an ISO year, quarter, month, day or span") from None
    return text


def _one_of(known: Mapping[str, str] | tuple[str, ...]) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text not in known:
            raise ValueError(f"{text!r} is not one of {', '.join(known)}{did_you_mean(text, known)}")
        return text

    return parse


CELLS: dict[str, Callable[[str], Cell]] = {
    "text": str,
    "name": _name,
    "number": _number,
    "share": _fraction,
    "flag": _flag,
    "day": _day,
    "month": _month,
    "when": _when,
    "unit": _one_of(UNITS),
    "confidence": _one_of(CONFIDENCE),
    "verdict": _one_of(VERDICTS),
    "region": _one_of(REGIONS),
    "direction": _one_of(("escalate", "de-escalate", "hold/announce")),
}
"""Kind of cell -> parser; a parser raises ValueError with the value and the rule."""
