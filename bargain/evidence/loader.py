"""Reading parameters and the trade matrix, with every rule checked at the door."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import numpy as np
import numpy.typing as npt

from bargain.evidence.parameter import Parameter, ParameterError, ParameterTable
from bargain.evidence.schema import SCHEMAS
from bargain.evidence.table import EvidenceError, Table, read_table
from bargain.evidence.units import REGIONS

DATA = Path(str(files("bargain.evidence") / "data"))
"""Folder of the shipped CSV files."""


@dataclass(frozen=True)
class TradeFlows:
    """Goods trade at customs value, USD bn a year: ``values[i, j]`` is what j buys from i; the diagonal is zero."""

    regions: tuple[str, ...]
    values: npt.NDArray[np.float64]
    low: npt.NDArray[np.float64]
    high: npt.NDArray[np.float64]

    def __iter__(self) -> Iterator[object]:
        """Unpacks as ``regions, values, low, high``."""
        return iter((self.regions, self.values, self.low, self.high))


def read_parameters(path: str | Path) -> ParameterTable:
    """Parameters of a CSV file with the columns of the shipped ``parameters.csv``, under the same checks.

    The columns group, kind and paired_with may be missing. Raises ``EvidenceError`` naming file, line and column:
    wrong types, unknown unit or confidence, value outside low..high, shares outside [0, 1], an id given twice.
    """
    path = Path(path)
    table = read_table(path, SCHEMAS["parameters"], optional=frozenset({"group", "kind", "paired_with"}))
    seen: dict[str, int] = {}
    parameters = []
    for line, row in zip(table.lines, table.rows, strict=True):
        if row["id"] in seen:
            raise EvidenceError(path, line, "id", f"{row['id']!r} occurs twice (first on line {seen[row['id']]})")
        seen[row["id"]] = line
        try:
            parameters.append(Parameter(**{field: "" if cell is None else cell for field, cell in row.items()}))
        except ParameterError as fault:
            raise EvidenceError(path, line, fault.field, str(fault)) from None
    return ParameterTable(parameters)


def read_trade_flows(path: str | Path) -> TradeFlows:
    """Trade matrix of the regions from a CSV file; raises ``EvidenceError`` if a pair is missing, twice or reversed."""
    path = Path(path)
    table = read_table(path, SCHEMAS["trade_matrix"])
    shape = (len(REGIONS), len(REGIONS))
    flows = {column: np.full(shape, np.nan) for column in ("low_usd_bn", "value_usd_bn", "high_usd_bn")}
    for line, row in zip(table.lines, table.rows, strict=True):
        i, j = REGIONS.index(row["exporter"]), REGIONS.index(row["importer"])
        pair = f"{row['exporter']} to {row['importer']}"
        if i == j:
            raise EvidenceError(path, line, "importer", f"{pair} is a region's trade with itself")
        if not np.isnan(flows["value_usd_bn"][i, j]):
            raise EvidenceError(path, line, "importer", f"{pair} occurs twice")
        low, value, high = (row[column] for column in flows)
        if not 0.0 <= low <= value <= high:
            raise EvidenceError(path, line, "value_usd_bn", f"{pair}: {low:g} <= {value:g} <= {high:g} does not hold")
        for column, array in flows.items():
            array[i, j] = row[column]
    return _complete(path, table, flows)


def _complete(path: Path, table: Table, flows: dict[str, npt.NDArray[np.float64]]) -> TradeFlows:
    for array in flows.values():
        np.fill_diagonal(array, 0.0)
        array.flags.writeable = False
    missing = np.argwhere(np.isnan(flows["value_usd_bn"]))
    if missing.size:
        i, j = missing[0]
        last = table.lines[-1] if table.lines else 1
        raise EvidenceError(path, last, "importer", f"no row for {REGIONS[i]} to {REGIONS[j]}")
    return TradeFlows(REGIONS, flows["value_usd_bn"], flows["low_usd_bn"], flows["high_usd_bn"])
