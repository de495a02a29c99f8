"""Compiled: values of play that goes on for ever, direction by direction, for ``markov_payoffs``.

Sets are kept as support functions h_s(y) on a common list of directions y, sorted by angle from (1, 0) on. A move is
given by its state, its actions and its transition. All payoffs are in units of each player's range.
Importing this module loads numba; import it
inside functions. It calls no compiled code of other modules, of which numba's cache on disk would not notice changes.
"""

from __future__ import annotations

import numpy as np

from bargain.games.record import FloatArray
from bargain.solvers.compiling import compiled_without_zero_checks as compiled
from bargain.solvers.payoff_move_kernels import BoolArray, IntArray

TIE = 1e-13
"""Changes smaller than this (payoff range 1) are rounding."""

EQUAL = 1e-11
"""Supports that differ by less are equal: more than what slack and rounding make."""

DENSE, MAX_SWEEPS = 256, 20_000
"""Up to this number of states linear systems are solved by elimination; beyond, by this many sweeps at most."""


@compiled
def expected(follow: IntArray, chances: FloatArray, values: FloatArray, out: FloatArray) -> None:  # pragma: no cover
    """Write the expected value after each transition; values: ``(n_states,)``."""
    for t in range(len(follow)):
        total = 0.0
        for k in range(follow.shape[1]):
            total += chances[t, k] * values[follow[t, k]]
        out[t] = total


@compiled
def chain_values(
    d: float, follow: IntArray, chances: FloatArray, transition: IntArray, right: FloatArray
) -> None:  # pragma: no cover
    """Solve x_s = right_s + d sum p x over the transition of each state, -1 for none, in place; ``(n_states, n)``.

    Elimination without pivots, which the dominant diagonal makes safe; sweeps over the states where there are many.
    """
    n_states, width = right.shape
    if n_states > DENSE:
        start = right.copy()
        for _ in range(MAX_SWEEPS):
            change = 0.0
            for s in range(n_states):
                t = transition[s]
                if t >= 0:
                    for c in range(width):
                        total = start[s, c]
                        for k in range(follow.shape[1]):
                            total += d * chances[t, k] * right[follow[t, k], c]
                        change = max(change, abs(total - right[s, c]))
                        right[s, c] = total
            if change <= TIE * (1.0 - d):
                return
        return
    system = np.zeros((n_states, n_states))
    for s in range(n_states):
        system[s, s] = 1.0
        if transition[s] >= 0:
            for k in range(follow.shape[1]):
                system[s, follow[transition[s], k]] -= d * chances[transition[s], k]
    for p in range(n_states):
        for r in range(p + 1, n_states):
            if system[r, p] != 0.0:
                share = system[r, p] / system[p, p]
                for c in range(p + 1, n_states):
                    system[r, c] -= share * system[p, c]
                for c in range(width):
                    right[r, c] -= share * right[p, c]
    for r in range(n_states - 1, -1, -1):
        for c in range(width):
            total = right[r, c]
            for p in range(r + 1, n_states):
                total -= system[r, p] * right[p, c]
            right[r, c] = total / system[r, r]


@compiled
def solved_supports(
    d: float,
    towards: FloatArray,
    supports: FloatArray,
    follow: IntArray,
    chances: FloatArray,
    moves: IntArray,
    places: IntArray,
    payoffs: FloatArray,
    reach: FloatArray,
    image: FloatArray,
    solved: FloatArray,
    rounds: int,
) -> None:  # pragma: no cover
    """Write the plain image max_a reach and the solution x <= image of x_s = max_a min(reach, (1-d) y.u + d P x).

    Newton's method: the best move and the smaller of its two terms at x give a linear system. Whatever x comes out,
    x + max(F(x) - x, 0) / (1 - d) is a proven bound.
    """
    n_states = supports.shape[1]
    n_moves = len(moves)
    after = np.empty(len(follow))
    best, x = np.empty(n_states), np.empty(n_states)
    choice = np.full(n_states, -1)
    transition, right = np.empty(n_states, dtype=np.int64), np.empty((n_states, 1))
    for k in range(len(towards)):
        y0, y1 = towards[k]
        for s in range(n_states):
            image[k, s] = -np.inf
        for n in range(n_moves):
            s = places[moves[n], 0]
            image[k, s] = max(image[k, s], reach[k, n])
        for s in range(n_states):
            x[s] = solved[k, s] = image[k, s]
        for turn in range(rounds):
            expected(follow, chances, x, after)
            for s in range(n_states):
                best[s] = -np.inf
            for n in range(n_moves):
                j = moves[n]
                s = places[j, 0]
                free = (1.0 - d) * (y0 * payoffs[j, 0] + y1 * payoffs[j, 1]) + d * after[places[j, 3]]
                worth = min(free, reach[k, n])
                if worth > best[s]:
                    best[s] = worth
                    choice[s] = j if free <= reach[k, n] else -1
            gain, change = 0.0, 0.0
            for s in range(n_states):
                if best[s] > -np.inf:
                    gain = max(gain, best[s] - x[s])
                    change = max(change, abs(best[s] - x[s]))
            raised = gain / (1.0 - d)
            for s in range(n_states):
                solved[k, s] = min(solved[k, s], x[s] + raised)
            if change <= TIE * (1.0 - d) or turn == rounds - 1:
                break
            for s in range(n_states):
                j = choice[s]
                transition[s] = places[j, 3] if j >= 0 else -1
                if j >= 0:
                    right[s, 0] = (1.0 - d) * (y0 * payoffs[j, 0] + y1 * payoffs[j, 1])
                else:
                    right[s, 0] = best[s] if best[s] > -np.inf else 0.0
            chain_values(d, follow, chances, transition, right)
            for s in range(n_states):
                x[s] = right[s, 0]


@compiled
def solved_punishments(
    d: float,
    player: int,
    least: FloatArray,
    follow: IntArray,
    chances: FloatArray,
    moves: IntArray,
    places: IntArray,
    payoffs: FloatArray,
    bounds: FloatArray,
    n_other: int,
    rounds: int,
) -> FloatArray:  # pragma: no cover
    """Least payoffs v >= least with v_s = min over moves of max(bound, no deviation, best deviation), punished by v.

    least: ``(n_states,)``; bounds: for each move of ``moves`` a proven least payoff ``(n,)``; n_other: number of
    actions of the other player. Newton's method as in ``solved_supports``.
    """
    n_states = len(least)
    after = np.empty(len(follow))
    floor = np.empty((n_states, n_other))
    cause = np.empty((n_states, n_other), dtype=np.int64)
    best = np.empty(n_states)
    choice = np.full(n_states, -1)
    transition, right = np.empty(n_states, dtype=np.int64), np.empty((n_states, 1))
    found = least.copy()
    x = least.copy()
    for turn in range(rounds):
        expected(follow, chances, x, after)
        floor[:] = -np.inf
        for j in range(len(places)):
            s, other = places[j, 0], places[j, 2 - player]
            worth = (1.0 - d) * payoffs[j, player] + d * after[places[j, 3]]
            if worth > floor[s, other]:
                floor[s, other], cause[s, other] = worth, j
        best[:] = np.inf
        for n in range(len(moves)):
            j = moves[n]
            s, other = places[j, 0], places[j, 2 - player]
            worth = max(bounds[n], floor[s, other])
            if worth < best[s]:
                best[s] = worth
                choice[s] = cause[s, other] if floor[s, other] >= bounds[n] else -1
        loss, change = 0.0, 0.0
        for s in range(n_states):
            if best[s] < np.inf:
                loss = max(loss, x[s] - best[s])
                change = max(change, abs(best[s] - x[s]))
        lowered = loss / (1.0 - d)
        for s in range(n_states):
            found[s] = max(found[s], x[s] - lowered)
        if change <= TIE * (1.0 - d) or turn == rounds - 1:
            break
        for s in range(n_states):
            j = choice[s]
            transition[s] = places[j, 3] if j >= 0 else -1
            if j >= 0:
                right[s, 0] = (1.0 - d) * payoffs[j, player]
            else:
                right[s, 0] = best[s] if best[s] < np.inf else 0.0
        chain_values(d, follow, chances, transition, right)
        for s in range(n_states):
            x[s] = right[s, 0]
    return found


@compiled
def turning_points(
    d: float,
    towards: FloatArray,
    supports: FloatArray,
    follow: IntArray,
    chances: FloatArray,
    moves: IntArray,
    places: IntArray,
    payoffs: FloatArray,
    reach: FloatArray,
    wanted: BoolArray,
    reached: IntArray,
    points: FloatArray,
) -> None:  # pragma: no cover
    """Replace ``points[k, side]`` by what play on that side of a join would be worth if it went on like this for ever.

    Where a floor cuts a move on the very edge that turns, its value is not the point of the cut but that of never
    being bound: the edge turns until it is in line with it. wanted: ``(m,)``, for which pairs of directions; reached,
    points: as ``reached`` and ``ends`` of ``joins``.
    """
    m, n_states = supports.shape
    after = np.empty(len(follow))
    transition, right = np.empty(n_states, dtype=np.int64), np.empty((n_states, 2))
    for k in range(m):
        if not wanted[k]:
            continue
        for side in range(2):
            own = k if side == 0 else (k + 1) % m
            expected(follow, chances, supports[own], after)
            for s in range(n_states):
                n = reached[k, side, s]
                transition[s] = -1
                right[s, 0], right[s, 1] = points[k, side, s, 0], points[k, side, s, 1]
                if n < 0:
                    continue
                j = moves[n]
                free = (1.0 - d) * (towards[own, 0] * payoffs[j, 0] + towards[own, 1] * payoffs[j, 1])
                if free + d * after[places[j, 3]] <= reach[own, n] + EQUAL:
                    transition[s] = places[j, 3]
                    right[s, 0], right[s, 1] = (1.0 - d) * payoffs[j, 0], (1.0 - d) * payoffs[j, 1]
            chain_values(d, follow, chances, transition, right)
            for s in range(n_states):
                points[k, side, s, 0], points[k, side, s, 1] = right[s, 0], right[s, 1]
