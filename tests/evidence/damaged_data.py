"""Shipped files after a small damage, for tests that every fault is noticed."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

from bargain.evidence.loader import DATA

Rows = list[dict[str, str]]


def mutated(source: str, folder: Path, change: Callable[[Rows], None]) -> Path:
    """A copy of a shipped file after a change of its rows."""
    with (DATA / source).open(encoding="utf-8", newline="") as stream:
        reader = csv.DictReader(stream)
        rows, columns = list(reader), list(reader.fieldnames or [])
    change(rows)
    path = folder / Path(source).name
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, columns)
        writer.writeheader()
        writer.writerows(rows)
    return path


def setting(row: int, **cells: str) -> Callable[[Rows], None]:
    """A change that puts other cells in one row, counted from 0."""
    return lambda rows: rows[row].update(cells)


def drop_last(rows: Rows) -> None:
    """Removes the last row."""
    rows.pop()
