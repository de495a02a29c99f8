"""Distributions over action profiles, and what a player gains by not following the mediator who draws from them.

A mediator draws a profile s with probability p(s) and tells each player only the own action. Player k gains
``sum over s_-k of p(a, s_-k) (u_k(b, s_-k) - u_k(a, s_-k))`` by playing b whenever told a. The distribution is a
correlated equilibrium when no such gain is positive (Aumann 1974, 1987), a coarse one when nobody gains by ignoring the
mediator from the start (Moulin and Vial 1978). Nothing here is shared with a solver.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from bargain.games.profile import SUM_TOLERANCE
from bargain.games.record import FloatArray, finite_array
from bargain.games.stage import StageGame


def checked_distribution(game: StageGame, distribution: Any) -> FloatArray:
    """Probabilities of the profiles ``(*n_actions,)``; ValueError unless they are none negative and sum to one."""
    table = finite_array(distribution, "distribution")
    if table.shape != game.n_actions:
        raise ValueError(f"distribution has shape {table.shape}, the game has profiles {game.n_actions}")
    if table.min() < -SUM_TOLERANCE:
        raise ValueError(f"distribution has a negative probability {table.min()}")
    if abs(float(table.sum()) - 1.0) > SUM_TOLERANCE:
        raise ValueError(f"distribution: probabilities sum to {table.sum()}, not 1")
    table = np.maximum(table, 0.0)
    if table.sum() != 1.0:
        table = table / table.sum()
    table.setflags(write=False)
    return table


def product_distribution(strategies: Sequence[FloatArray]) -> FloatArray:
    """The distribution over profiles of players who mix independently."""
    result = np.ones(())
    for strategy in strategies:
        result = np.multiply.outer(result, strategy)
    return np.asarray(result)


def distribution_payoffs(game: StageGame, distribution: Any) -> FloatArray:
    """Expected payoff of every player, ``(n_players,)``."""
    table = checked_distribution(game, distribution)
    return np.asarray(game.payoffs.reshape(game.n_players, -1) @ table.reshape(-1))


def obedience_gains(game: StageGame, distribution: Any) -> tuple[FloatArray, ...]:
    """For each player ``(n_actions[k], n_actions[k])``: gain from playing b whenever told a, at ``[a, b]``."""
    table = checked_distribution(game, distribution)
    gains = []
    for k, payoffs in enumerate(game.payoffs):
        told = np.moveaxis(table, k, 0).reshape(game.n_actions[k], -1)
        own = np.moveaxis(payoffs - payoffs.min(), k, 0).reshape(game.n_actions[k], -1)
        cross = told @ own.T
        gains.append(cross - np.diag(cross)[:, None])
    return tuple(gains)


def swap_regret(game: StageGame, distribution: Any) -> FloatArray:
    """Gain of each player from the best rule that answers each recommendation, ``(n_players,)``, payoff units."""
    return np.array([float(gain.max(axis=1).sum()) for gain in obedience_gains(game, distribution)])


def coarse_regret(game: StageGame, distribution: Any) -> FloatArray:
    """Gain of each player from the best single action against the others' play, ``(n_players,)``, payoff units.

    Not negative only where some action does better than the distribution; negative gains are reported as 0.
    """
    gains = obedience_gains(game, distribution)
    return np.array([max(float(gain.sum(axis=0).max()), 0.0) for gain in gains])
