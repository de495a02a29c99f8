"""Scenario files for the tests: the shipped ones as dictionaries, changed in one place, written as TOML."""

from __future__ import annotations

import copy
import json
import tomllib
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import Any

BASE = "us-china-2025"
MISSING = object()


def shipped_text(name: str = BASE) -> str:
    return (resources.files("bargain.standoff") / "scenarios" / f"{name}.toml").read_text(encoding="utf-8")


def shipped_tables(name: str = BASE) -> dict[str, Any]:
    """A fresh copy of the tables of a shipped scenario."""
    return tomllib.loads(shipped_text(name))


def assumed(value: Any, low: Any, high: Any, unit: str) -> dict[str, Any]:
    """An assumed quantity as it stands in a file."""
    return {"value": value, "low": low, "high": high, "unit": unit, "reason": "for the test"}


def with_entry(tables: dict[str, Any], place: str, entry: Any) -> dict[str, Any]:
    """Copy of ``tables`` in which the entry at ``place`` (names joined by dots) is ``entry``, or gone if MISSING."""
    changed = copy.deepcopy(tables)
    *parents, last = place.split(".")
    table = changed
    for name in parents:
        table = table.setdefault(name, {})
    if entry is MISSING:
        del table[last]
    else:
        table[last] = entry
    return changed


def toml(entry: Any) -> str:
    """TOML text of plain data, tables inline."""
    if isinstance(entry, bool):
        return str(entry).lower()
    if isinstance(entry, (int, float)):
        return repr(entry)
    if isinstance(entry, str):
        return json.dumps(entry, ensure_ascii=False)
    if isinstance(entry, dict):
        return "{" + ", ".join(f"{json.dumps(key)} = {toml(value)}" for key, value in entry.items()) + "}"
    return "[" + ", ".join(map(toml, entry)) + "]"


def write_scenario(folder: Path, tables: dict[str, Any], name: str = "mine") -> Path:
    """Write ``tables`` as ``name``.toml in ``folder``."""
    path = folder / f"{name}.toml"
    path.write_text("\n".join(f"{json.dumps(key)} = {toml(entry)}" for key, entry in tables.items()), encoding="utf-8")
    return path


def altered(folder: Path, change: Callable[[dict[str, Any]], None], name: str = "mine") -> Path:
    """Write the shipped base after ``change`` has edited its tables in place."""
    tables = shipped_tables()
    change(tables)
    return write_scenario(folder, tables, name)
