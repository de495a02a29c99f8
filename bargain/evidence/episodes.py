"""Past episodes as data: parameters, dated moves, and trade and GDP of the regions concerned, all of one base year.

In a trade table a row with ``what`` = "gdp" and no importer makes a region; its year is the base year. Goods trade
between all pairs of regions in that year is the trade matrix. All other rows are memo rows: other goods, other units
or years, and parts (``part_of``) of what is already counted.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from bargain.evidence.loader import TradeFlows, shipped_parameters, shipped_table
from bargain.evidence.parameter import Parameter, ParameterTable, did_you_mean
from bargain.evidence.schema import DATA, EPISODES
from bargain.evidence.table import EvidenceError, Table

GDP = "gdp_"
"""How ids of GDP parameters begin; the region's code follows in lower case."""


@dataclass(frozen=True)
class Episode:
    """A past episode as data: its parameters, its dated moves, and trade and GDP of those concerned."""

    name: str
    parameters: ParameterTable
    moves: Table
    trade: Table

    @property
    def regions(self) -> tuple[str, ...]:
        """Codes of the trade regions, in the order of the GDP rows."""
        return tuple(row["exporter"] for _, row in self._gdp_rows())

    @property
    def year(self) -> str:
        """Base year of GDP and trade."""
        return str(next(row["year"] for _, row in self._gdp_rows()))

    def _gdp_rows(self) -> Iterator[tuple[int, dict[str, Any]]]:
        for line, row in zip(self.trade.lines, self.trade, strict=True):
            if row["what"] == "gdp" and row["unit"] == "usd_bn" and not row["importer"] and not row["part_of"]:
                yield line, row

    def trade_flows(self) -> TradeFlows:
        """Goods trade among the regions in the base year, USD bn, rows exporters, columns importers; no range is known.

        Raises ``EvidenceError`` for a pair without a row or a negative value.
        """
        regions, year = self.regions, self.year
        path = DATA / "episodes" / self.trade.name
        values = np.full((len(regions), len(regions)), np.nan)
        np.fill_diagonal(values, 0.0)
        for line, row in zip(self.trade.lines, self.trade, strict=True):
            pair = (row["exporter"], row["importer"])
            if row["what"] != "goods" or row["unit"] != "usd_bn" or row["part_of"] or row["year"] != year:
                continue
            if set(pair) <= set(regions):
                if row["value"] < 0 or pair[0] == pair[1]:
                    raise EvidenceError(
                        path, line, "value", f"{row['value']:g} from {pair[0]} to {pair[1]} is no trade"
                    )
                values[regions.index(pair[0]), regions.index(pair[1])] = row["value"]
        for i, j in np.argwhere(np.isnan(values)):
            text = f"no goods of {year} from {regions[i]} to {regions[j]}"
            raise EvidenceError(path, max(self.trade.lines, default=1), "importer", text)
        values.flags.writeable = False
        return TradeFlows(regions, values, values, values)

    def gdp_parameters(self) -> Iterator[Parameter]:
        """GDP of each region as a parameter ``gdp_<code>``."""
        for _, row in self._gdp_rows():
            code, value = row["exporter"], row["value"]
            yield Parameter(
                id=f"{GDP}{code.lower()}",
                name=f"GDP of {code}",
                value=value,
                low=value,
                high=value,
                unit="usd_bn",
                date=str(row["year"]),
                source=row["source"],
                confidence=row["confidence"],
                note="no range is known",
                group="trade",
            )

    def gdp(self) -> npt.NDArray[np.float64]:
        """GDP of the base year in USD bn ``(n_regions,)``, in the order of ``regions``, read-only."""
        values = np.array([row["value"] for _, row in self._gdp_rows()], dtype=np.float64)
        values.flags.writeable = False
        return values

    def beside(self, general: ParameterTable) -> ParameterTable:
        """The general parameters with this episode's beside them; GDP is that of its base year, and of no other."""
        kept = (parameter for name, parameter in general.items() if not name.startswith(GDP))
        return ParameterTable([*kept, *self.gdp_parameters(), *self.parameters.values()])


@cache
def load_episode(name: str) -> Episode:
    """One of ``EPISODES``, such as "china-japan-2010"; an unknown name raises ``ValueError`` with the nearest."""
    if name not in EPISODES:
        raise ValueError(f"episode {name!r} is not one of {', '.join(EPISODES)}{did_you_mean(name, EPISODES)}")
    return Episode(
        name,
        shipped_parameters(f"episodes/parameters_{name}"),
        shipped_table(f"episodes/moves_{name}"),
        shipped_table(f"episodes/trade_{name}"),
    )
