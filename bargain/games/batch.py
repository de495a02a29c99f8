"""Payoffs and regrets of many profiles of many games at once, apart from ``certificate`` and every solver."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from bargain.games.record import FloatArray

ROWS = 4_096
"""Profiles handled in one pass, which bounds the memory for the copies of their games' payoffs."""


def batch_payoffs_and_regret(
    payoffs: FloatArray, game_of: npt.NDArray[np.intp], profiles: Sequence[FloatArray]
) -> tuple[FloatArray, FloatArray]:
    """Expected payoffs and gains from the best deviation, both ``(n_rows, n_players)`` in payoff units.

    payoffs: ``(n_games, n_players, *n_actions)``; game_of: ``(n_rows,)``, the game that each profile belongs to;
    profiles: for each player the strategies ``(n_rows, n_actions[k])``. Nothing is checked here.
    """
    n_rows, n_players = len(game_of), payoffs.shape[1]
    expected, gains = np.empty((n_rows, n_players)), np.empty((n_rows, n_players))
    floor, _ = batch_extremes(payoffs)
    for start in range(0, n_rows, ROWS):
        rows = slice(start, start + ROWS)
        strategies = [strategy[rows] for strategy in profiles]
        for k in range(n_players):
            tables = payoffs[game_of[rows], k]
            expected[rows, k] = np.sum(_action_payoffs(tables, strategies, k) * strategies[k], axis=1)
            # As in ``regret``: the payoff level is taken out first, to keep rounding relative to the payoff range.
            tables -= floor[game_of[rows], k].reshape(-1, *[1] * n_players)
            own = _action_payoffs(tables, strategies, k)
            gains[rows, k] = np.maximum(own.max(axis=1) - np.sum(own * strategies[k], axis=1), 0.0)
    return expected, gains


def batch_payoff_range(payoffs: FloatArray) -> FloatArray:
    """Largest minus smallest payoff, ``(n_games, n_players)``, of payoffs ``(n_games, n_players, *n_actions)``."""
    low, high = batch_extremes(payoffs)
    return high - low


def batch_extremes(payoffs: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Smallest and largest payoffs, both ``(n_games, n_players)``, of payoffs ``(n_games, n_players, *n_actions)``."""
    # Cells first: numpy compares long rows much faster than many short ones.
    cells = np.ascontiguousarray(payoffs.reshape(payoffs.shape[0] * payoffs.shape[1], -1).T)
    return cells.min(axis=0).reshape(payoffs.shape[:2]), cells.max(axis=0).reshape(payoffs.shape[:2])


def _action_payoffs(tables: FloatArray, strategies: Sequence[FloatArray], player: int) -> FloatArray:
    """Payoff of each own action, ``(n_rows, n_actions[player])``, from one table ``(*n_actions)`` per row."""
    for axis in reversed(range(len(strategies))):
        if axis != player:
            shape = [1] * tables.ndim
            shape[0], shape[axis + 1] = strategies[axis].shape
            # Axes behind this one are gone, but for the player's own.
            tables = np.sum(tables * strategies[axis].reshape(shape), axis=axis + 1)
    return tables
