"""All Nash equilibria of a two-player game by trying every pair of equally large supports: slow, and independent.

1. For each set S of own actions and each set T of as many replies of the opponent, solve the indifference equations
   ``b_j . x = v for j in T, sum(x) = 1, x = 0 outside S`` (Dickhaut and Kaplan 1991). If the solution is unique, x is
   positive on S, and no reply outside T is better than v, keep x with the set of all its best replies.
2. A pair (x, y) is an equilibrium when all actions in play are best replies to the other strategy.

In a nondegenerate game this is support enumeration. In a degenerate one it still finds every extreme equilibrium: its
strategies are vertices, a vertex is the only solution of its binding equations, so some |S| of them have it as the only
solution too (von Stengel 2002, Handbook of Game Theory 3, section 2). There are C(m + n, m) - 1 systems, against the
far fewer vertices that ``SupportEnumeration`` walks; the two share no code that decides what an equilibrium is.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from bargain.games.record import FloatArray
from bargain.games.stage import StageGame
from bargain.solvers.base import Proposal, Solver
from bargain.solvers.equilibria import EquilibriumSolution
from bargain.solvers.support_enumeration import grouped
from bargain.solvers.watch import current_watch

SAME = 1e-10
"""Probabilities and payoff gaps (range 1) up to this are zero."""

APART = 1e-8
"""From here on they are not; in between the game is done again in exact fractions."""

SINGULAR, REGULAR = 1e-13, 1e-6
"""Ratio of singular values up to which equations are dependent, and from which they are not; in between as above."""

BoolArray = npt.NDArray[np.bool_]
Vertices = dict[tuple[tuple[int, ...], tuple[int, ...]], Any]
"""For each support and set of best replies the one strategy that has both, on its support."""


class InDoubtError(ArithmeticError):
    """Floating point cannot tell."""


@dataclass(frozen=True)
class IndifferenceEnumeration(Solver[StageGame, EquilibriumSolution]):
    """All equilibria of a small two-player game, to check ``SupportEnumeration``; about 8 x 8 actions in a second.

    Tie rule: gaps up to 1e-10 of the payoff range are ties; gaps from there to 1e-8 send the whole game to exact
    fractions, which know no ties but equal payoffs.
    exact: fractions throughout, payoffs as printed (up to about 5 x 5 actions); time_limit: seconds, after which the
    run stops with what it has, smallest supports first. ``degenerate`` is said of the whole game, actions that no
    equilibrium plays included.
    """

    exact: bool = False
    time_limit: float | None = None

    concept: ClassVar[str] = "Nash equilibrium"
    solution_type: ClassVar[type[EquilibriumSolution]] = EquilibriumSolution
    n_players: ClassVar[int | None] = 2

    def propose(self, game: StageGame) -> Proposal:
        if not self.exact:
            try:
                return _enumerated(game, exact=False)
            except InDoubtError:
                pass
        return _enumerated(game, exact=True)


def _enumerated(game: StageGame, *, exact: bool) -> Proposal:
    """Solve all systems, small supports first and both players in turn, until done or out of time."""
    watch = current_watch()
    m, n = game.n_actions
    replies = [_scaled(table, exact) for table in (game.payoffs[1].T, game.payoffs[0])]
    found: tuple[Vertices, Vertices] = ({}, {})
    done, total = 0, 2 * (math.comb(m + n, m) - 1)
    for size, player in itertools.product(range(1, min(m, n) + 1), range(2)):
        for support in itertools.combinations(range(game.n_actions[player]), size):
            if watch.expired():
                proposal, _ = _paired(found, game.n_actions)
                reason = f"supports of up to {size - 1} actions were tried; raise time_limit"
                return Proposal(candidates=proposal.candidates, stopped="time limit reached", message=reason)
            watch.report(0.5 * (exact + done / total), f"supports of {size} actions")
            solve = _exact_solutions if exact else _float_solutions
            for best, strategy in solve(replies[player], support):
                found[player].setdefault((support, best), strategy)
            done += math.comb(game.n_actions[1 - player], size)
    return grouped(*_paired(found, game.n_actions))


def _scaled(payoffs: FloatArray, exact: bool) -> npt.NDArray[Any]:
    """Opponent's payoffs ``(n_replies, n_own)`` less a constant for each own action; in floats, with range one."""
    if exact:
        table = np.array([[Fraction(repr(float(entry))) for entry in row] for row in payoffs], dtype=object)
        return np.asarray(table - table[:1])
    middle = 0.5 * (payoffs.max(axis=0) + payoffs.min(axis=0))
    return np.asarray((payoffs - middle) / (float(np.ptp(payoffs)) or 1.0))


def _float_solutions(payoffs: FloatArray, support: tuple[int, ...]) -> Iterator[tuple[tuple[int, ...], FloatArray]]:
    """Best replies and probabilities of the strategies with this support that some square system determines."""
    size = len(support)
    sets = np.array(list(itertools.combinations(range(len(payoffs)), size)))
    own = payoffs[:, support]
    systems = np.zeros((len(sets), size + 1, size + 1))
    systems[:, :size, :size], systems[:, :size, size], systems[:, size, :size] = own[sets], -1.0, 1.0
    values = np.linalg.svd(systems, compute_uv=False)
    ratio = values[:, -1] / values[:, 0]
    right = np.zeros((size + 1, 1))
    right[size] = 1.0
    doubtful = (ratio > SINGULAR) & (ratio < REGULAR)
    if doubtful.any():
        raise InDoubtError
    solution = np.linalg.solve(systems[ratio >= REGULAR], right)[:, :, 0]
    strategies, level = solution[:, :size], solution[:, size:]
    gaps = level - strategies @ own.T
    possible = np.all(strategies > SAME, axis=1) & np.all(gaps >= -APART, axis=1)
    strategies, gaps = strategies[possible], gaps[possible]
    near = (np.abs(gaps) > SAME) & (np.abs(gaps) < APART)
    if near.any() or np.any(strategies < APART):
        raise InDoubtError
    for strategy, gap in zip(strategies, gaps, strict=True):
        yield tuple(int(j) for j in np.flatnonzero(gap <= SAME)), strategy


def _exact_solutions(
    payoffs: npt.NDArray[Any], support: tuple[int, ...]
) -> Iterator[tuple[tuple[int, ...], list[Fraction]]]:
    """The same in fractions."""
    own = payoffs[:, support]
    for replies in itertools.combinations(range(len(payoffs)), len(support)):
        solution = _solved_exactly([*([*own[j], Fraction(-1)] for j in replies), [Fraction(1)] * len(support) + [0]])
        if solution is None or min(solution[:-1]) <= 0:
            continue
        *strategy, level = solution
        values = [sum(map(_product, row, strategy), Fraction(0)) for row in own]
        if max(values) == level:
            yield tuple(j for j, value in enumerate(values) if value == level), strategy


def _product(left: Fraction, right: Fraction) -> Fraction:
    return left * right


def _solved_exactly(matrix: list[list[Any]]) -> list[Fraction] | None:
    """Solution of ``matrix @ z = (0, ..., 0, 1)`` by elimination, None when it is not unique."""
    n = len(matrix)
    rows = [[*row, Fraction(int(i == n - 1))] for i, row in enumerate(matrix)]
    for column in range(n):
        pivot = next((i for i in range(column, n) if rows[i][column] != 0), None)
        if pivot is None:
            return None
        rows[column], rows[pivot] = rows[pivot], rows[column]
        lead = rows[column][column]
        rows[column] = [entry / lead for entry in rows[column]]
        for i in range(n):
            factor = rows[i][column]
            if i != column and factor != 0:
                rows[i] = [entry - factor * other for entry, other in zip(rows[i], rows[column], strict=True)]
    return [row[n] for row in rows]


def _paired(found: tuple[Vertices, Vertices], n_actions: tuple[int, ...]) -> tuple[Proposal, list[tuple[int, int]]]:
    """Equilibria among the strategies found, and which strategies they pair."""
    used, best, strategies = [], [], []
    for own, (n_own, n_other) in zip(found, (n_actions, n_actions[::-1]), strict=True):
        used.append(_table([support for support, _ in own], n_own))
        best.append(_table([replies for _, replies in own], n_other))
        wide = np.zeros((len(own), n_own))
        for row, ((support, _), strategy) in zip(wide, own.items(), strict=True):
            row[list(support)] = [float(probability) for probability in strategy]
        strategies.append(wide / wide.sum(axis=1, keepdims=True))
    good = (used[0].astype(int) @ ~best[1].T == 0) & ((~best[0]).astype(int) @ used[1].T == 0)
    pairs = [(int(i), int(j)) for i, j in np.argwhere(good)]
    more = any(bool(np.any(best[k].sum(axis=1) > used[k].sum(axis=1))) for k in range(2))
    candidates = tuple((strategies[0][i], strategies[1][j]) for i, j in pairs)
    return Proposal(candidates=candidates, degenerate=more), pairs


def _table(sets: list[tuple[int, ...]], width: int) -> BoolArray:
    """Membership as rows of truth values."""
    table = np.zeros((len(sets), width), dtype=bool)
    for row, members in zip(table, sets, strict=True):
        row[list(members)] = True
    return table
