"""Compiled: bounds on the values of all pure Markov perfect equilibria, and the moves that none of them can contain.

For a set M(s) of moves in each state, every pure equilibrium that plays within M has values between ``low`` and
``high``, the limits of (Q as in ``markov_rounds``, d the discount factor)

    high_i(s) = max over a in M(s) of Q_i(s, a; high),
    low_i(s)  = min over a in M(s) of max over own actions b of Q_i(s, b, a_-i; low),

the second because each player does at least as well as with a best reply. Any number of passes, from any bounds, gives
bounds. A move a leaves M(s) when some player surely gains from another action b: when for all values v within bounds
Q_i(s, a; v) < Q_i(s, b, a_-i; v), the difference being bounded successor by successor. Removed moves tighten the bounds
and so on. Ties are kept: a move is removed only beyond ``slack``.

Importing this module loads numba; import it inside functions.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from bargain.games.record import FloatArray
from bargain.solvers.compiling import compiled

IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]


@compiled
def sweep(
    base: FloatArray,
    starts: IntArray,
    follow: IntArray,
    chances: FloatArray,
    deviations: IntArray,
    allowed: BoolArray,
    left: BoolArray,
    low: FloatArray,
    high: FloatArray,
    slack: float,
) -> float:  # pragma: no cover
    """One pass over all states, bounds in place; the largest change."""
    n_states, n_players, n_moves = base.shape
    change = 0.0
    lower = np.empty(n_moves)
    for s in range(n_states):
        for i in range(n_players):
            top = -np.inf
            for m in range(n_moves):
                if allowed[s, m]:
                    row = s * n_moves + m
                    least = most = base[s, i, m]
                    for k in range(starts[row], starts[row + 1]):
                        least += chances[k] * low[follow[k], i]
                        most += chances[k] * high[follow[k], i]
                    lower[m] = least
                    if left[s, m]:
                        top = max(top, most)
                else:
                    lower[m] = -np.inf
            bottom = np.inf
            for m in range(n_moves):
                if left[s, m]:
                    reply = -np.inf
                    for b in range(deviations.shape[2]):
                        if deviations[i, m, b] >= 0:
                            reply = max(reply, lower[deviations[i, m, b]])
                    bottom = min(bottom, reply)
            if top < high[s, i]:
                change = max(change, high[s, i] - top)
                high[s, i] = top
            if bottom - slack > low[s, i]:
                change = max(change, bottom - slack - low[s, i])
                low[s, i] = bottom - slack
    return change


@compiled
def prune(
    base: FloatArray,
    starts: IntArray,
    follow: IntArray,
    chances: FloatArray,
    deviations: IntArray,
    allowed: BoolArray,
    left: BoolArray,
    low: FloatArray,
    high: FloatArray,
    slack: float,
) -> int:  # pragma: no cover
    """Remove moves from which some player surely gains; how many, or -1 when a state has none left."""
    n_states, n_players, n_moves = base.shape
    weights = np.zeros(n_states)
    removed = 0
    for s in range(n_states):
        remain = 0
        for m in range(n_moves):
            if not left[s, m]:
                continue
            row = s * n_moves + m
            gains = False
            for i in range(n_players):
                for b in range(deviations.shape[2]):
                    other = deviations[i, m, b]
                    if gains or other < 0 or other == m or not allowed[s, other]:
                        continue
                    instead = s * n_moves + other
                    for k in range(starts[row], starts[row + 1]):
                        weights[follow[k]] += chances[k]
                    for k in range(starts[instead], starts[instead + 1]):
                        weights[follow[k]] -= chances[k]
                    most = base[s, i, m] - base[s, i, other]
                    for at in (row, instead):
                        for k in range(starts[at], starts[at + 1]):
                            t = follow[k]
                            most += weights[t] * (high[t, i] if weights[t] > 0.0 else low[t, i])
                            weights[t] = 0.0
                    gains = most < -2.0 * slack
            if gains:
                left[s, m] = False
                removed += 1
            else:
                remain += 1
        if remain == 0:
            return -1
    return removed


@compiled
def tighten(
    base: FloatArray,
    starts: IntArray,
    follow: IntArray,
    chances: FloatArray,
    deviations: IntArray,
    allowed: BoolArray,
    left: BoolArray,
    low: FloatArray,
    high: FloatArray,
    slack: float,
    passes: int,
) -> bool:  # pragma: no cover
    """Bounds and remaining moves, in place, until nothing more can be removed; False when a state has no move left.

    base: ``(n_states, n_players, n_moves)``; starts, follow, chances: rows (state, move) of a sparse matrix, the
    chances times the discount factor; deviations: ``(n_players, n_moves, most actions)``, -1 where there is none;
    allowed, left: ``(n_states, n_moves)``; low, high: ``(n_states, n_players)``.
    """
    while True:
        for _ in range(passes):
            change = sweep(base, starts, follow, chances, deviations, allowed, left, low, high, slack)
            if change <= 0.01 * np.max(high - low):
                break
        removed = prune(base, starts, follow, chances, deviations, allowed, left, low, high, slack)
        if removed <= 0:
            return removed == 0
