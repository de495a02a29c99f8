"""Repeated and Markov games known from the literature, and random ones of given sizes."""

from __future__ import annotations

import itertools

import numpy as np

from bargain.games import StageGame
from bargain.games.markov import MarkovGame

PRISONERS = StageGame.from_bimatrix([[9, 1], [10, 3]], [[9, 10], [1, 3]])
ABREU_SANNIKOV = StageGame.from_bimatrix([[16, 3, 0], [21, 10, -1], [9, 5, -5]], [[9, 13, 3], [1, 4, 0], [0, -4, -15]])
ABREU_COURNOT = StageGame.from_bimatrix(
    [[10, 3, 0], [15, 7, -4], [7, 5, -15]], np.array([[10, 3, 0], [15, 7, -4], [7, 5, -15]]).T
)
COMMON_INTEREST = StageGame.from_bimatrix([[4, 0], [0, 1]], [[4, 0], [0, 1]])
MATCHING_PENNIES = StageGame.from_bimatrix([[1, -1], [-1, 1]], [[-1, 1], [1, -1]])


def public_goods(n_players: int = 3, share: float = 0.6, gain: float = 0.4) -> StageGame:
    """Each contributor (action 0) gives ``share`` to everyone; keeping back gains ``gain`` net of the own share."""
    payoffs = np.zeros((n_players, *(2,) * n_players))
    for profile in itertools.product(range(2), repeat=n_players):
        n_giving = n_players - sum(profile)
        for k, kept in enumerate(profile):
            payoffs[(k, *profile)] = share * n_giving - (0.0 if kept else share + gain)
    return StageGame(payoffs)


def two_state_prisoners(discount_factor: float) -> MarkovGame:
    """CC 2, DC 3 / -1, DD 0, two more in state 2; the state changes with 2/3 after CC or DD, else with 1/2."""
    table = np.array([[2.0, -1.0], [3.0, 0.0]])
    payoffs = np.stack([np.stack([table, table.T]) + bonus for bonus in (0.0, 2.0)])
    change = np.array([[2 / 3, 1 / 2], [1 / 2, 2 / 3]])
    transitions = np.empty((2, 2, 2, 2))
    for s in range(2):
        transitions[s, ..., 1 - s], transitions[s, ..., s] = change, 1.0 - change
    return MarkovGame.from_matrix(payoffs, transitions, discount_factor)


def risk_sharing(n_steps: int = 100, discount_factor: float = 0.85) -> MarkovGame:
    """Endowment e/4 of player 1, drawn each round; gross transfers in steps up to the own endowment; square roots."""
    gifts = np.arange(n_steps + 1) / n_steps
    own = np.arange(5) / 4
    available = [gifts[None, :] <= own[:, None] + 1e-12, gifts[None, :] <= 1.0 - own[:, None] + 1e-12]
    first = np.clip(own[:, None, None] - gifts[None, :, None] + gifts[None, None, :], 0.0, 1.0)
    shape = (5, n_steps + 1, n_steps + 1, 5)
    payoffs = np.sqrt(np.stack([first, 1.0 - first], axis=1))
    successors = np.broadcast_to(np.arange(5), shape)
    return MarkovGame(payoffs, successors, np.full(shape, 0.2), discount_factor, available=available)


def big_match(discount_factor: float) -> MarkovGame:
    """Blackwell and Ferguson 1968, zero-sum: stopping fixes what the column does now for ever; value 1/2."""
    payoffs = np.zeros((3, 2, 2, 2))
    payoffs[0, 0] = [[0, 1], [1, 0]]  # Rows go on, stop; columns left, right.
    payoffs[1, 0] = 1.0
    payoffs[:, 1] = -payoffs[:, 0]
    successors = np.zeros((3, 2, 2, 1), dtype=int)
    successors[0, 1, 0], successors[0, 1, 1] = 1, 2
    successors[1], successors[2] = 1, 2
    return MarkovGame(payoffs, successors, np.ones(successors.shape), discount_factor)


def random_markov(
    rng: np.random.Generator,
    n_states: int,
    n_actions: tuple[int, ...] = (2, 2),
    n_successors: int = 2,
    discount_factor: float = 0.8,
    integers: bool = False,
) -> MarkovGame:
    """Normal (or small whole) payoffs, distinct random successors, probabilities from the simplex."""
    shape = (n_states, len(n_actions), *n_actions)
    payoffs = rng.integers(0, 5, shape).astype(float) if integers else rng.normal(size=shape)
    moves = (n_states, *n_actions)
    k = min(n_successors, n_states)
    successors = rng.random((*moves, n_states)).argsort(axis=-1)[..., :k]
    return MarkovGame(payoffs, successors, rng.dirichlet(np.ones(k), size=moves), discount_factor)
