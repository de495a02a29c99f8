"""The payoffs of a round term by term, as a table over all moves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bargain.games import StageGame
from bargain.games.profile import degenerate_mixed, mixed_profile
from bargain.standoff.instruments import Moves
from bargain.standoff.schema import ScenarioError, nearest

if TYPE_CHECKING:
    import pandas as pd

FloatArray = NDArray[np.float64]

TERMS: dict[str, str] = {
    "tariffs": "real income: prices, terms of trade and tariff revenue (exact-hat trade model)",
    "protection": "weight on imports from the rival displaced",
    "tariff_revenue": "extra weight on tariff revenue",
    "shortage": "output lost where civil inputs run short",
    "security_loss": "own military or compute track denied",
    "security_gain": "rival's military or compute track denied",
    "licence_rent": "rent on sales withheld",
    "reliability": "buyers who turn away from a supplier that restricts",
    "bottleneck_rent": "gain from holding the bottleneck; open sign",
    "audience": "domestic cost of harm left unanswered",
    "detours": "profit of re-exporting round a control",
    "alliance": "value of a bystander's stance outside the model",
}
"""Payoff term -> what it measures, in the order of every table."""

MATERIAL = ("tariffs", "shortage", "security_loss")
"""Terms that count as harm suffered when an audience asks for an answer."""


@dataclass(frozen=True, eq=False)
class PayoffTable:
    """Payoffs of all players term by term over all moves.

    players are all players of the scenario, moves those of the strategic ones; terms[name] is (n_draws, n_players,
    *n_actions), read-only, percent of own GDP per year.
    """

    players: tuple[str, ...]
    moves: Moves
    terms: Mapping[str, FloatArray]
    saturated: int = 0

    @cached_property
    def total(self) -> FloatArray:
        """Sum of the terms: (n_draws, n_players, *n_actions), read-only."""
        total = np.asarray(sum(self.terms.values()))
        total.flags.writeable = False
        return total

    @property
    def n_draws(self) -> int:
        """Number of parameter draws in the table."""
        return int(self.total.shape[0])

    def stage_payoffs(self) -> FloatArray:
        """Payoffs of the strategic players alone: (n_draws, n_strategic, *n_actions)."""
        return self.total[:, [self.players.index(code) for code in self.moves.players]]

    def game(self, draw: int = 0) -> StageGame:
        """The stage game of one draw."""
        return StageGame(self.stage_payoffs()[draw], players=self.moves.players, actions=self.moves.actions)

    def frame(self, profile: Iterable[str], draw: int = 0) -> pd.DataFrame:
        """Terms (rows) by player (columns) at one profile of action labels, with the total; a term that is zero for
        all is left out."""
        return self.expected(degenerate_mixed(self.cell(profile), self.moves.shape), draw)

    def expected(self, profile: Iterable[ArrayLike], draw: int = 0) -> pd.DataFrame:
        """Expected terms (rows) by player (columns) when each strategic player mixes with the given probabilities.

        Raises ValueError for what is no profile of probabilities.
        """
        weights = np.ones(())
        for probabilities in mixed_profile(tuple(profile), self.moves.shape, self.moves.players):
            weights = np.multiply.outer(weights, probabilities)
        return self.under(weights, draw)

    def under(self, distribution: ArrayLike, draw: int = 0) -> pd.DataFrame:
        """Expected terms (rows) by player (columns) under a joint distribution over moves, (*n_actions,).

        A term that is zero for all is left out. Raises ValueError for what is no distribution over the moves.
        """
        import pandas as pd

        weights = np.asarray(distribution, dtype=np.float64)
        if weights.shape != self.moves.shape:
            raise ValueError(f"distribution has shape {weights.shape}, the round has the moves {self.moves.shape}")
        if not (np.isfinite(weights).all() and (weights >= -1e-9).all() and abs(weights.sum() - 1) <= 1e-6):
            raise ValueError(f"distribution sums to {weights.sum():g}; the rule is probabilities that sum to 1")
        axes = tuple(range(1, 1 + weights.ndim))
        rows = {name: (array[draw] * weights).sum(axis=axes) for name, array in self.terms.items()}
        table = pd.DataFrame(rows, index=list(self.players)).T
        table = table[(table != 0).any(axis=1)]
        table.loc["total"] = (self.total[draw] * weights).sum(axis=axes)
        return table.rename_axis(index="term", columns="player")

    def cell(self, profile: Iterable[str]) -> tuple[int, ...]:
        """Positions of a profile of action labels; raises ScenarioError for a label that is none."""
        labels = tuple(profile)
        if len(labels) != len(self.moves.players):
            raise ScenarioError(f"profile {labels} has {len(labels)} actions, not one for each of {self.moves.players}")
        for code, label, known in zip(self.moves.players, labels, self.moves.actions, strict=True):
            if label not in known:
                raise ScenarioError(f"'{label}' is not an action of {code}{nearest(label, known)}")
        return tuple(known.index(label) for known, label in zip(self.moves.actions, labels, strict=True))
