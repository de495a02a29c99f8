"""All evidence in one object: parameters, the article's claims, timelines, trade and GDP."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from bargain.evidence.loader import DATA, TradeFlows, read_parameters, read_trade_flows
from bargain.evidence.parameter import Parameter, ParameterTable
from bargain.evidence.units import EVIDENCE_SETS, REGIONS

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Evidence:
    """Everything that is known, under one evidence set ("independent" or "article"); read-only."""

    evidence_set: str
    parameters: ParameterTable

    def parameter(self, parameter_id: str) -> Parameter:
        """The parameter with this id; raises ``UnknownParameterError`` with the nearest ids."""
        return self.parameters[parameter_id]

    def trade_flows(self) -> TradeFlows:
        """Goods trade of 2024 among the eight regions, USD bn at customs value, rows exporters, columns importers."""
        return _shipped_trade_flows()

    def gdp(self) -> npt.NDArray[np.float64]:
        """GDP of 2024 in USD bn, (n_regions,), in the order of ``trade_flows().regions``; ROW is world less seven."""
        values = np.array([self.parameter(f"gdp_{region.lower()}").value for region in REGIONS], dtype=np.float64)
        values.flags.writeable = False
        return values

    def table(self, ids: Iterable[str] | None = None) -> pd.DataFrame:
        """Parameters as a frame indexed by id: value, low, high, unit, date, source, confidence and note."""
        return self.parameters.table(ids)


def load_evidence(evidence_set: str = "independent") -> Evidence:
    """The shipped evidence; "independent" sources, or the "article"'s value wherever it makes a claim.

    Read and checked once for each set. Raises ``ValueError`` for an unknown set, ``EvidenceError`` for faulty data.
    """
    if evidence_set not in EVIDENCE_SETS:
        raise ValueError(f"evidence_set = {evidence_set!r} is not one of {', '.join(EVIDENCE_SETS)}")
    return _loaded(evidence_set)


@cache
def _loaded(evidence_set: str) -> Evidence:
    return Evidence(evidence_set, read_parameters(DATA / "parameters.csv"))


@cache
def _shipped_trade_flows() -> TradeFlows:
    return read_trade_flows(DATA / "trade_matrix.csv")
