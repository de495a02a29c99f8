"""Markov chains under the agreed moves of many truces: values and lives from linear systems on the active states.

w = r + d P (w + b) on the active states, b what comes from outside: one system for all players, dense for small games,
many truces at once for very small ones, sparse for large ones.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bargain.games.markov import BoolArray, IntArray
from bargain.games.record import FloatArray

LARGEST_BATCHED, LARGEST_DENSE = 32, 150
"""States up to which linear systems are solved dense for many truces at once, and dense for the active states alone.

Larger dense systems make LAPACK start threads, which costs more than it brings."""


@dataclass(frozen=True)
class Chain:
    """Markov chains of M truces: dense ``(M, n_states, n_states)``, or successors with chances in large games."""

    dense: FloatArray | None
    chances: FloatArray
    successors: IntArray

    def expected(self, truce: int, values: FloatArray) -> FloatArray:
        """Expected values, ``(n_states,)`` or one column for each player, of the next round under one truce."""
        return np.asarray(np.einsum("sk,sk...->s...", self.chances[truce], values[self.successors[truce]]))


def chain_system(chances: FloatArray, successors: IntArray) -> Chain:
    """Chains from chances and successors ``(M, n_states, k)``."""
    n_truces, n_states, _ = chances.shape
    if n_states > LARGEST_DENSE:
        return Chain(None, chances, successors)
    begins = np.arange(n_truces * n_states).reshape(n_truces, n_states, 1) * n_states
    flat = np.bincount((begins + successors).ravel(), chances.ravel(), n_truces * n_states**2)
    dense = flat.reshape(n_truces, n_states, n_states).astype(np.float64)
    return Chain(dense, chances, successors)


def chain_values_in(
    chain: Chain, at: IntArray, inside: BoolArray, payoffs: FloatArray, outside: FloatArray, discount_factor: float
) -> FloatArray:
    """Solve w = (1 - d) u + d P w inside, w = ``outside`` elsewhere, ``(len(at), n_states, n)``."""
    n_states = inside.shape[1]
    solved = np.where(inside[..., None], (1.0 - discount_factor) * payoffs, outside)
    if discount_factor == 0.0:
        return solved
    if chain.dense is not None and n_states <= LARGEST_BATCHED:
        system = np.eye(n_states) - (discount_factor * inside[..., None]) * chain.dense[at]
        return np.asarray(np.linalg.solve(system, solved))
    for m, states in zip(range(len(at)), map(np.flatnonzero, inside), strict=True):
        beyond = np.where(inside[m][:, None], 0.0, outside)
        solved[m, states] = solved_inside(chain, int(at[m]), states, solved[m, states], beyond, discount_factor)
    return solved


def solved_inside(
    chain: Chain, truce: int, states: IntArray, right: FloatArray, beyond: FloatArray, discount_factor: float
) -> FloatArray:
    """Solve w = right + d P (w + beyond) on ``states``."""
    if not len(states):
        return right
    if chain.dense is not None:
        rows = discount_factor * chain.dense[truce][states]
        return np.asarray(np.linalg.solve(np.eye(len(states)) - rows[:, states], right + rows @ beyond))
    from scipy.sparse import csr_array, eye_array
    from scipy.sparse.linalg import spsolve

    chances, follow = discount_factor * chain.chances[truce][states], chain.successors[truce][states]
    begins = np.arange(len(states) + 1) * follow.shape[1]
    rows = csr_array((chances.ravel(), follow.ravel(), begins), shape=(len(states), len(beyond)))
    system = (eye_array(len(states)) - rows[:, states]).tocsc()
    return np.reshape(spsolve(system, right + rows @ beyond), right.shape)
