"""Strategies that draw stage games of two to four players, with payoffs of any size."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from bargain.games import StageGame

SHAPES = ((2, 2), (2, 3), (3, 3), (2, 2, 2), (3, 2, 2), (2, 2, 2, 2))


@st.composite
def normal_games(draw, shapes=SHAPES) -> StageGame:
    """Payoffs drawn from the normal distribution: nondegenerate with probability one."""
    shape = draw(st.sampled_from(shapes))
    seed = draw(st.integers(0, 2**32 - 1))
    return StageGame(np.random.default_rng(seed).normal(size=(len(shape), *shape)))


@st.composite
def integer_games(draw, shapes=SHAPES, largest=2) -> StageGame:
    """Payoffs 0, 1, ...: ties, continua and symmetries are frequent."""
    shape = draw(st.sampled_from(shapes))
    seed = draw(st.integers(0, 2**32 - 1))
    return StageGame(np.random.default_rng(seed).integers(0, largest + 1, size=(len(shape), *shape)))


def permuted(
    game: StageGame, rng: np.random.Generator, *, carry_labels: bool = False
) -> tuple[StageGame, list[np.ndarray], np.ndarray]:
    """The game with players and actions in another order, and the orders; labels go along or are the default ones."""
    orders = [rng.permutation(n) for n in game.n_actions]
    payoffs = game.payoffs[(slice(None), *np.ix_(*orders))]
    players = rng.permutation(game.n_players)
    payoffs = payoffs.transpose(0, *(1 + players))[players]
    if not carry_labels:
        return StageGame(payoffs), orders, players
    labels = [[game.actions[k][i] for i in orders[k]] for k in players]
    return StageGame(payoffs, [game.players[k] for k in players], labels), orders, players


def put_back(profile, orders, players):
    """Strategies of the permuted game in the order of the original one."""
    result = [None] * len(orders)
    for place, player in enumerate(players):
        strategy = np.empty(len(orders[player]))
        strategy[orders[player]] = profile[place]
        result[player] = strategy
    return tuple(result)
