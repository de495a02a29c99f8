"""All evidence in one object: parameters, the article's claims, timelines, trade, GDP, and past episodes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from bargain.evidence.claims import Claim, Pair, read_claims, read_pairs, with_claims
from bargain.evidence.episodes import Episode, load_episode
from bargain.evidence.loader import TradeFlows, shipped_parameters, shipped_table, shipped_trade_flows
from bargain.evidence.parameter import Parameter, ParameterTable, did_you_mean
from bargain.evidence.table import Table
from bargain.evidence.units import EVIDENCE_SETS, REGIONS

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Evidence:
    """Everything that is known, under one evidence set ("independent" or "article"); read-only.

    ``episode``: a past one, whose parameters stand beside the general ones and whose moves, trade and GDP are handed
    out; None is the standoff of today.
    """

    evidence_set: str
    parameters: ParameterTable
    claims: tuple[Claim, ...]
    pairs: tuple[Pair, ...]
    episode: Episode | None = None

    def parameter(self, parameter_id: str) -> Parameter:
        """The parameter with this id; raises ``UnknownParameterError`` with the nearest ids."""
        return self.parameters[parameter_id]

    def table(self, ids: Iterable[str] | None = None) -> pd.DataFrame:
        """Parameters as a frame indexed by id: value, low, high, unit, date, source, confidence and note."""
        return self.parameters.table(ids)

    @property
    def unmatched_claims(self) -> tuple[Pair, ...]:
        """Article parameters that replace nothing in the article set, each with the reason."""
        return tuple(pair for pair in self.pairs if not pair.commensurate)

    @property
    def tariffs_timeline(self) -> Table:
        """Average tariffs between the United States and China, both ways, 2018 to 2026, as rates."""
        return shipped_table("tariffs_timeline")

    @property
    def moves(self) -> Table:
        """Dated moves of 2018 to 2026, or of the episode; rows that are not ``observed`` are scheduled dates."""
        return shipped_table("moves_timeline") if self.episode is None else self.episode.moves

    @property
    def magnets(self) -> Table:
        """Monthly Chinese exports of rare-earth magnets, all destinations and to the United States, tonnes."""
        return shipped_table("magnets_monthly")

    @property
    def economies(self) -> Table:
        """GDP, growth and goods trade of the seven economies."""
        return shipped_table("economies")

    def dataset(self, name: str) -> Table:
        """Any other shipped table, such as "mine_production"; a wrong name raises ``ValueError`` with the nearest."""
        return shipped_table(name)

    def trade_flows(self) -> TradeFlows:
        """Goods trade of 2024 among the eight regions, USD bn at customs value, rows exporters, columns importers; of
        an episode, its regions and base year."""
        return shipped_trade_flows() if self.episode is None else self.episode.trade_flows()

    def gdp(self) -> npt.NDArray[np.float64]:
        """GDP of 2024 in USD bn, (n_regions,), in the order of ``trade_flows().regions``; ROW is world less seven."""
        if self.episode is not None:
            return self.episode.gdp()
        values = np.array([self.parameter(f"gdp_{region.lower()}").value for region in REGIONS], dtype=np.float64)
        values.flags.writeable = False
        return values


def load_evidence(evidence_set: str = "independent", episode: str | None = None) -> Evidence:
    """The shipped evidence: the "independent" sources, or the "article"'s value wherever it makes a claim.

    episode: a past one beside it, with its own trade and GDP. Read and checked once for each set and episode. Raises
    ``ValueError`` for an unknown set or episode, ``EvidenceError`` for faulty data.
    """
    if evidence_set not in EVIDENCE_SETS:
        near = did_you_mean(evidence_set, EVIDENCE_SETS)
        raise ValueError(f"evidence_set = {evidence_set!r} is not one of {', '.join(EVIDENCE_SETS)}{near}")
    return _evidence(evidence_set, episode)


@cache
def _evidence(evidence_set: str, episode: str | None = None) -> Evidence:
    parameters = shipped_parameters("parameters")
    claims, pairs = read_claims(parameters), read_pairs(parameters)
    if evidence_set == "article":
        parameters = with_claims(parameters, pairs)
    if episode is None:
        return Evidence(evidence_set, parameters, claims, pairs)
    past = load_episode(episode)
    return Evidence(evidence_set, past.beside(parameters), claims, pairs, past)
