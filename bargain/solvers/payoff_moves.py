"""The moves of a two-player Markov game as flat arrays, in units of the payoff range, for ``markov_payoffs``."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bargain.games.markov import MarkovGame
from bargain.games.record import FloatArray

IntArray = npt.NDArray[np.int64]

DIGITS = 1e13
"""Payoffs that agree to this part of the range are equal."""


@dataclass(frozen=True, eq=False)
class PayoffMoves:
    """All available moves, by state and by group of moves with the same payoffs and the same transition.

    places: ``(n_moves, 4)``, state, both actions and transition of each; payoffs: ``(n_moves, 2)``, from 0 to 1; group:
    ``(n_moves,)``; follow, chances: ``(n_transitions, k)``, the distinct transitions; level, units: ``(2,)``, what was
    taken off the payoffs and what they were divided by.
    """

    discount_factor: float
    places: IntArray
    payoffs: FloatArray
    group: IntArray
    follow: IntArray
    chances: FloatArray
    level: FloatArray
    units: FloatArray

    @classmethod
    def of(cls, game: MarkovGame) -> PayoffMoves:
        available = game.available_moves
        own = np.moveaxis(game.payoffs, 1, -1)[available]
        level = own.min(axis=0)
        units = np.where(np.ptp(own, axis=0) > 0.0, np.ptp(own, axis=0), 1.0)
        payoffs = (own - level) / units
        s, a, b = np.nonzero(available)
        follow, chances = _sorted_transitions(game.successors[available], game.probabilities[available])
        first, transition = distinct_rows(np.concatenate([follow, chances], axis=1))
        same = np.concatenate([s[:, None], transition[:, None], np.rint(payoffs * DIGITS)], axis=1)
        _, group = distinct_rows(same)
        order = np.lexsort((b, a, group, s))
        return cls(
            game.discount_factor,
            np.stack([s, a, b, transition], axis=1)[order].astype(np.int64),
            payoffs[order],
            group[order],
            follow[first].astype(np.int64),
            np.ascontiguousarray(chances[first]),
            level,
            units,
        )


def _sorted_transitions(
    successors: npt.NDArray[np.intp], chances: FloatArray
) -> tuple[npt.NDArray[np.intp], FloatArray]:
    """Successors in order, unused places last and of state 0, so that equal transitions have equal rows."""
    unused = chances == 0.0
    order = np.lexsort((np.where(unused, 0, successors), unused), axis=-1)
    used = int((~unused).sum(axis=1).max(initial=1))
    follow = np.take_along_axis(np.where(unused, 0, successors), order, axis=-1)[:, :used]
    return follow, np.take_along_axis(chances, order, axis=-1)[:, :used]


def distinct_rows(rows: FloatArray) -> tuple[IntArray, IntArray]:
    """Index of the first of each distinct row, and for each row which of them it equals."""
    order = np.lexsort(rows.T[::-1])
    new = np.concatenate([[True], np.any(rows[order[1:]] != rows[order[:-1]], axis=1)])
    label = np.empty(len(rows), dtype=np.int64)
    label[order] = np.cumsum(new) - 1
    return order[new].astype(np.int64), label
