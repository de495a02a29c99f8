"""Dominance among pure actions, for one game or for many payoff draws at once.

Action a of player k strictly dominates b if u_k(a, s) > u_k(b, s) at every profile s of the others, weakly if >= with
> somewhere (Luce and Raiffa 1957). A dominant action dominates all others: what it recommends needs no belief about
the rivals.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

TIE = 1e-10
"""Payoffs closer than this share of the player's payoff range count as equal."""


def dominance(payoffs: NDArray[np.float64], n_players: int, player: int, *, strict: bool = True) -> NDArray[np.bool_]:
    """Which pure actions dominate which: (..., n_actions, n_actions), entry [a, b] true where a dominates b.

    payoffs (..., n_players, *n_actions) with any leading axes of draws. Ties are judged relative to the player's
    payoff range in each draw.
    """
    if payoffs.ndim <= n_players or payoffs.shape[payoffs.ndim - n_players - 1] != n_players:
        raise ValueError(f"payoffs have shape {payoffs.shape}; the rule is (..., {n_players}, *n_actions)")
    if not 0 <= player < n_players:
        raise ValueError(f"player = {player} is not one of the {n_players} players")
    own = np.take(payoffs, player, axis=payoffs.ndim - n_players - 1)
    table = np.moveaxis(own, own.ndim - n_players + player, own.ndim - n_players)
    table = table.reshape(*table.shape[: table.ndim - n_players + 1], -1)
    spread = table.max(axis=(-2, -1)) - table.min(axis=(-2, -1))
    tie = (TIE * spread)[..., None, None]
    result = np.empty((*table.shape[:-1], table.shape[-2]), dtype=bool)
    for a in range(table.shape[-2]):
        gain = table[..., a : a + 1, :] - table
        least, most = gain.min(axis=-1), gain.max(axis=-1)
        result[..., a, :] = least > tie[..., 0] if strict else (least >= -tie[..., 0]) & (most > tie[..., 0])
    return result


def dominant_actions(
    payoffs: NDArray[np.float64], n_players: int, player: int, *, strict: bool = True
) -> NDArray[np.bool_]:
    """Which actions of ``player`` dominate all its others: (..., n_actions); at most one is true where ``strict``."""
    table = dominance(payoffs, n_players, player, strict=strict)
    return np.asarray((table | np.eye(table.shape[-1], dtype=bool)).all(axis=-1))


def dominated_actions(
    payoffs: NDArray[np.float64], n_players: int, player: int, *, strict: bool = True
) -> NDArray[np.bool_]:
    """Which actions of ``player`` some other pure action dominates: (..., n_actions)."""
    return np.asarray(dominance(payoffs, n_players, player, strict=strict).any(axis=-2))
