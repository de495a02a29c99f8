"""Numbers with provenance: the only place of the library that holds figures."""

from __future__ import annotations

from bargain.evidence.claims import Claim, Pair
from bargain.evidence.episodes import Episode, load_episode
from bargain.evidence.evidence import Evidence, load_evidence
from bargain.evidence.loader import TradeFlows, read_parameters
from bargain.evidence.parameter import Parameter, ParameterError, ParameterTable, UnknownParameterError
from bargain.evidence.schema import EPISODES
from bargain.evidence.table import EvidenceError, Table
from bargain.evidence.units import CONFIDENCE, EVIDENCE_SETS, REGIONS, UNITS, VERDICTS

__all__ = [
    "CONFIDENCE",
    "EPISODES",
    "EVIDENCE_SETS",
    "REGIONS",
    "UNITS",
    "VERDICTS",
    "Claim",
    "Episode",
    "Evidence",
    "EvidenceError",
    "Pair",
    "Parameter",
    "ParameterError",
    "ParameterTable",
    "Table",
    "TradeFlows",
    "UnknownParameterError",
    "load_episode",
    "load_evidence",
    "read_parameters",
]
