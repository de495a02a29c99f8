"""Numbers with provenance: the only place of the library that holds figures."""

from __future__ import annotations

from bargain.evidence.evidence import Evidence, load_evidence
from bargain.evidence.loader import TradeFlows, read_parameters
from bargain.evidence.parameter import Parameter, ParameterError, ParameterTable, UnknownParameterError
from bargain.evidence.table import EvidenceError, Table
from bargain.evidence.units import CONFIDENCE, REGIONS, UNITS, VERDICTS

__all__ = [
    "CONFIDENCE",
    "REGIONS",
    "UNITS",
    "VERDICTS",
    "Evidence",
    "EvidenceError",
    "Parameter",
    "ParameterError",
    "ParameterTable",
    "Table",
    "TradeFlows",
    "UnknownParameterError",
    "load_evidence",
    "read_parameters",
]
