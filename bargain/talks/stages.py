"""Values of a staged exchange by backward induction on the corners of what is exchanged.

Each part takes a player's standoff action to another one; shares of several parts multiply, so that a player's play is
a mixture of the actions with some parts given and others not: the corners. Only these moves of the game are needed.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from bargain.games.markov import BoolArray, IntArray, MarkovGame
from bargain.games.record import FloatArray
from bargain.games.truce_play import TrucePlay


@dataclass(frozen=True, eq=False)
class Part:
    """What one player gives: ``target`` ``(n_states, n_actions)`` is the action that each action becomes by it."""

    name: str
    player: int
    target: IntArray


class Stages:
    """A game of two or more players, the standoff's pure actions, a truce, and the parts in which it is approached."""

    def __init__(
        self, game: MarkovGame, standoff: IntArray, play: TrucePlay, parts: list[Part], starts: list[int]
    ) -> None:
        self.game, self.parts, self.starts = game, parts, tuple(starts)
        self.moves, self.active, self.reply_lag = play.moves, play.active, play.reply_lag
        self.outside, self.ending = play.standoff_values, play.values
        self.own = [[number for number, part in enumerate(parts) if part.player == k] for k in range(game.n_players)]
        self.corners = [self._corners(standoff[:, k], own) for k, own in enumerate(self.own)]
        at = self._joint(self.corners)
        self.payoffs = np.stack([game.payoffs[(at[0], k, *at[1:])] for k in range(game.n_players)], axis=-1)
        self.chances, self.successors = game.probabilities[at], game.successors[at]

    def _corners(self, actions: IntArray, own: list[int]) -> IntArray:
        """Actions with every subset of the own parts given, ``(n_states, 2 ** len(own))``."""
        states = np.arange(self.game.n_states)
        columns = []
        for given in itertools.product((False, True), repeat=len(own)):
            here = actions
            for number, taken in zip(own, given, strict=True):
                here = self.parts[number].target[states, here] if taken else here
            columns.append(here)
        return np.stack(columns, axis=1)

    def _joint(self, options: list[IntArray]) -> tuple[IntArray, ...]:
        """Index arrays of states and of one option for each player, ``(n_states, n_options[0], ...)``."""
        n = len(options)
        states = np.arange(self.game.n_states).reshape(-1, *(1,) * n)
        axes = [own.reshape(len(own), *(-1 if i == k else 1 for i in range(n))) for k, own in enumerate(options)]
        return states, *axes

    def weights(self, shares: FloatArray, player: int) -> FloatArray:
        """Weights of a player's corners, given the shares of all parts ``(n_parts,)``."""
        result = np.ones(1)
        for number in self.own[player]:
            result = np.outer(result, [1.0 - shares[number], shares[number]]).reshape(-1)
        return result

    def evaluate(self, shares: FloatArray) -> tuple[FloatArray, FloatArray, BoolArray]:
        """Values, values of the best deviation, ``(n_stages, n_states, n_players)``, and which states can be reached.

        shares: of each part by stage, ``(n_stages, n_parts)``; all parts are given in full afterwards.
        """
        n_stages, d = len(shares), self.game.discount_factor
        values = np.empty((n_stages, *self.ending.shape))
        later = self.ending
        joint = [self._weights_joint(row) for row in shares]
        for t in reversed(range(n_stages)):
            worth = (1.0 - d) * self.payoffs + d * np.einsum("...j,...ji->...i", self.chances, later[self.successors])
            mixed = np.tensordot(worth, joint[t], axes=(self._inner, list(range(joint[t].ndim))))
            later = values[t] = np.where(self.active[:, None], mixed, self.outside)
        return values, self._leave(shares), self._reached(joint)

    @property
    def _inner(self) -> list[int]:
        return list(range(1, 1 + self.game.n_players))

    def _weights_joint(self, shares: FloatArray) -> FloatArray:
        result = np.ones(())
        for k in range(self.game.n_players):
            result = np.multiply.outer(result, self.weights(shares, k))
        return np.asarray(result)

    def _leave(self, shares: FloatArray) -> FloatArray:
        result = np.empty((len(shares), *self.outside.shape))
        for k in range(self.game.n_players):
            for t in range(len(shares)):
                result[t, :, k] = self._deviations(shares, t, k).max(axis=1)
        return result

    def reply(self, shares: FloatArray, stage: int, state: int, player: int) -> int:
        """The first action of the best deviation."""
        return int(self._deviations(shares, stage, player)[state].argmax())

    def _deviations(self, shares: FloatArray, stage: int, player: int) -> FloatArray:
        """Worth of each own action at a stage, best own actions until the reply, ``(n_states, n_actions[player])``."""
        stopped = self.outside[:, player]
        later: FloatArray | None = None  # One round before the reply what follows is the standoff.
        for ahead in reversed(range(self.reply_lag)):
            row = shares[stage + ahead] if stage + ahead < len(shares) else np.ones(len(self.parts))
            options = self._options(row, player, later)
            later = np.where(self.active, options.max(axis=1), stopped)
        return options

    def _options(self, shares: FloatArray, player: int, later: FloatArray | None) -> FloatArray:
        """Worth of each own action against the others' shares, ``(n_states, n_actions[player])``."""
        table = self._tables[player] if later is None else self._table(player, later)
        weights = np.ones(())
        for k in range(self.game.n_players):
            if k != player:
                weights = np.multiply.outer(weights, self.weights(shares, k))
        axes = list(range(2, 2 + weights.ndim))
        worth = np.tensordot(table, weights, axes=(axes, list(range(weights.ndim))))
        return np.where(self.game.available[player], worth, -np.inf)

    @cached_property
    def _tables(self) -> list[FloatArray]:
        return [self._table(k, self.outside[:, k]) for k in range(self.game.n_players)]

    def _table(self, player: int, later: FloatArray) -> FloatArray:
        """Own actions against the others' corners, ``(n_states, n_actions[player], n_corners of the others...)``."""
        game, d = self.game, self.game.discount_factor
        options = list(self.corners)
        options[player] = np.broadcast_to(np.arange(game.n_actions[player]), (game.n_states, game.n_actions[player]))
        at = self._joint(options)
        now = game.payoffs[(at[0], player, *at[1:])]
        ahead = (game.probabilities[at] * later[game.successors[at]]).sum(axis=-1)
        return np.moveaxis((1.0 - d) * now + d * ahead, 1 + player, 1)

    def _reached(self, joint: list[FloatArray]) -> BoolArray:
        here = np.zeros(self.game.n_states, dtype=bool)
        here[list(self.starts)] = True
        result = np.zeros((len(joint), self.game.n_states), dtype=bool)
        for t, weights in enumerate(joint):
            here = here & self.active
            result[t] = here
            used = (self.chances[here] > 0.0) & (weights > 0.0)[None, ..., None]
            following = np.zeros(self.game.n_states, dtype=bool)
            following[self.successors[here][used]] = True
            here = following
        return result

    def strategies(self, shares: FloatArray) -> tuple[FloatArray, ...]:
        """Each player's shares of actions by stage, ``(n_stages, n_states, n_actions)``."""
        states = np.arange(self.game.n_states)[:, None]
        result = []
        for k, corners in enumerate(self.corners):
            table = np.zeros((len(shares), self.game.n_states, self.game.n_actions[k]))
            for t, row in enumerate(shares):
                np.add.at(table[t], (states, corners), np.broadcast_to(self.weights(row, k), corners.shape))
            result.append(table)
        return tuple(result)
