"""Reading the shipped files and a user's own parameters, with every rule checked at the door."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from bargain.evidence.parameter import Parameter, ParameterError, ParameterTable, did_you_mean
from bargain.evidence.schema import DATA, SPECS
from bargain.evidence.table import EvidenceError, Table, read_table
from bargain.evidence.units import REGIONS


@dataclass(frozen=True)
class TradeFlows:
    """Goods trade in USD bn a year: ``values[i, j]`` is what region j buys from region i; the diagonal is zero.

    ``values``, ``low`` and ``high`` are (n_regions, n_regions), at customs value, read-only.
    """

    regions: tuple[str, ...]
    values: npt.NDArray[np.float64]
    low: npt.NDArray[np.float64]
    high: npt.NDArray[np.float64]

    def __iter__(self) -> Iterator[tuple[str, ...] | npt.NDArray[np.float64]]:
        """Unpacks as ``regions, values, low, high``."""
        yield self.regions
        yield self.values
        yield self.low
        yield self.high


@cache
def shipped_table(name: str) -> Table:
    """One shipped table by name, such as "mine_production" or "episodes/moves_us-china-2018", read and checked once."""
    if name not in SPECS:
        raise ValueError(f"no table {name!r} in the evidence{did_you_mean(name, SPECS)}")
    return read_table(DATA / f"{name}.csv", SPECS[name])


@cache
def shipped_parameters(name: str) -> ParameterTable:
    """The parameters of a shipped table: "parameters", or "episodes/parameters_<episode>"."""
    return _as_parameters(DATA / f"{name}.csv", shipped_table(name))


def read_parameters(path: str | Path) -> ParameterTable:
    """Parameters of a CSV file with the columns of the shipped ``parameters.csv``, under the same checks.

    The columns group, kind and paired_with may be missing. Raises ``EvidenceError`` naming file, line and column:
    wrong types, unknown unit or confidence, value outside low..high, shares outside [0, 1], an id given twice.
    """
    path = Path(path)
    return _as_parameters(path, read_table(path, SPECS["parameters"]))


def read_trade_flows(path: str | Path) -> TradeFlows:
    """Trade matrix of the regions from a CSV file; raises ``EvidenceError`` if a pair is missing or negative."""
    path = Path(path)
    table = read_table(path, SPECS["trade_matrix"])
    columns = ("low_usd_bn", "value_usd_bn", "high_usd_bn")
    flows = np.full((3, len(REGIONS), len(REGIONS)), np.nan)
    flows[:, range(len(REGIONS)), range(len(REGIONS))] = 0.0
    for line, row in zip(table.lines, table, strict=True):
        i, j = REGIONS.index(row["exporter"]), REGIONS.index(row["importer"])
        if i == j:
            raise EvidenceError(path, line, "importer", f"{REGIONS[i]} trades with itself")
        if row["low_usd_bn"] < 0:
            raise EvidenceError(path, line, "low_usd_bn", f"{row['low_usd_bn']:g} is negative")
        flows[:, i, j] = [row[column] for column in columns]
    for i, j in np.argwhere(np.isnan(flows[1])):
        raise EvidenceError(path, max(table.lines, default=1), "importer", f"no row for {REGIONS[i]} to {REGIONS[j]}")
    flows.flags.writeable = False
    low, values, high = flows
    return TradeFlows(REGIONS, values, low, high)


@cache
def shipped_trade_flows() -> TradeFlows:
    """Goods trade of 2024 among the eight regions."""
    return read_trade_flows(DATA / "trade_matrix.csv")


def _as_parameters(path: Path, table: Table) -> ParameterTable:
    parameters = []
    for line, row in zip(table.lines, table, strict=True):
        row["date"] = row["date"] or ""
        row["kind"] = row.get("kind") or "independent"
        try:
            parameters.append(Parameter(**row))
        except ParameterError as fault:
            raise EvidenceError(path, line, fault.field, str(fault)) from None
    return ParameterTable(parameters)
