"""Repeated games: one stage game played round after round, all past moves seen by everyone.

A play is worth (1 - d) sum_t d^t u_i(a_t) to player i. What players do after which history is told by an automaton
(``bargain.games.automaton``); unfolded on its memory it becomes a Markov game with a stationary profile.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from bargain.games.markov import MarkovGame, check_discount_factor
from bargain.games.record import ArrayRecord, FloatArray
from bargain.games.stage import StageGame


@dataclass(frozen=True, eq=False)
class RepeatedGame(ArrayRecord):
    """A stage game and how much the players care for later rounds: discount_factor in [0, 1)."""

    stage_game: StageGame
    discount_factor: float

    def __post_init__(self) -> None:
        if not isinstance(self.stage_game, StageGame):
            raise TypeError(f"stage_game is a {type(self.stage_game).__name__}, not a StageGame")
        object.__setattr__(self, "discount_factor", check_discount_factor(self.discount_factor))

    @property
    def players(self) -> tuple[str, ...]:
        return self.stage_game.players

    @property
    def actions(self) -> tuple[tuple[str, ...], ...]:
        return self.stage_game.actions

    @property
    def payoffs(self) -> FloatArray:
        """Payoffs of one round, ``(n_players, *n_actions)``."""
        return self.stage_game.payoffs

    @property
    def n_players(self) -> int:
        return self.stage_game.n_players

    @property
    def n_actions(self) -> tuple[int, ...]:
        return self.stage_game.n_actions

    @property
    def payoff_range(self) -> FloatArray:
        return self.stage_game.payoff_range

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the stage game and the discount factor."""
        return hashlib.sha256(json.dumps([self.stage_game.fingerprint, self.discount_factor]).encode()).hexdigest()

    def markov_game(self) -> MarkovGame:
        """The same game as a Markov game with a single state."""
        shape = (1, *self.n_actions, 1)
        return MarkovGame(
            self.payoffs[None],
            np.zeros(shape, dtype=np.intp),
            np.ones(shape),
            self.discount_factor,
            self.players,
            self.actions,
            ("round",),
        )

    def with_discount_factor(self, discount_factor: float) -> Self:
        """The same game for players of another patience."""
        return type(self)(self.stage_game, discount_factor)

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON; ``from_dict`` gives the equal game back."""
        return {
            "type": "RepeatedGame",
            "stage_game": self.stage_game.to_dict(),
            "discount_factor": self.discount_factor,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The game that ``to_dict`` described; ValueError names a missing entry."""
        missing = [key for key in ("stage_game", "discount_factor") if key not in data]
        if missing:
            raise ValueError(f"repeated game: entry {missing[0]!r} is missing")
        return cls(StageGame.from_dict(data["stage_game"]), data["discount_factor"])
