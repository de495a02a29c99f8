"""Random numbers and payoffs of learning processes that do not depend on payoff units or on the order of actions."""

from __future__ import annotations

import hashlib
import json

import numpy as np

from bargain.games.profile import MixedProfile
from bargain.games.record import FloatArray
from bargain.games.stage import StageGame

KEPT = 200
"""States kept of a trajectory."""


def action_stream(seed: int, player: str, action: str) -> np.random.Generator:
    """Random numbers of one action, from the seed and the labels: they move with the action when the order changes."""
    digest = hashlib.sha256(json.dumps([player, action], ensure_ascii=True).encode()).digest()
    return np.random.default_rng(np.random.SeedSequence([seed, int.from_bytes(digest[:16], "big")]))


def payoff_shares(game: StageGame) -> FloatArray:
    """Payoffs as shares of each player's range, ``(n_players, *n_actions)``, in [0, 1].

    Rounded to twelve digits: a change of units then leaves the very same numbers, and a path that amplifies small
    differences stays the same path.
    """
    axes = tuple(range(1, game.n_players + 1))
    low = game.payoffs.min(axis=axes, keepdims=True)
    spread = game.payoff_range.reshape(-1, *(1,) * game.n_players)
    return np.asarray(np.round((game.payoffs - low) / np.where(spread > 0.0, spread, 1.0), 12))


def start_profile(game: StageGame, start: str, seed: int) -> MixedProfile:
    """Where a process starts: every action as likely, or strategies drawn evenly from the simplex."""
    if start == "uniform":
        return tuple(np.full(n, 1.0 / n) for n in game.n_actions)
    draws = [
        np.array([action_stream(seed, player, action).exponential() for action in labels])
        for player, labels in zip(game.players, game.actions, strict=True)
    ]
    return tuple(draw / draw.sum() for draw in draws)


def kept_rounds(n_rounds: int) -> frozenset[int]:
    """At most ``KEPT`` rounds, evenly spread over 1..n_rounds, the last one among them."""
    return frozenset(int(i) for i in np.linspace(1, n_rounds, min(n_rounds, KEPT)).round())
