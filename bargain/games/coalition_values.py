"""Values of coalitional games: Shapley value, Banzhaf index, core, least core, nucleolus.

Shapley value (Shapley 1953): a player's expected addition to those before it in a random order,

    phi_k = sum over S without k of |S|! (n - |S| - 1)! / n!  [v(S + k) - v(S)].

The core holds the payoffs x with x(N) = v(N) that leave no coalition an excess e(S, x) = v(S) - x(S) > 0 (Gillies
1959). The nucleolus (Schmeidler 1969) minimises the excesses lexicographically, the largest first, among imputations;
it is found by a sequence of linear programs (Maschler, Peleg and Shapley 1979) and certified by the criterion of
Kohlberg (1971): the coalitions of at least any given excess are a balanced collection, together with the bounds of
individual payoffs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import factorial
from typing import Any, Self

import numpy as np

from bargain.games.coalition import CoalitionGame, excesses
from bargain.games.record import ArrayRecord, FloatArray, finite_array

LEAST = 1e-9
"""Share of the game's size below which two excesses are the same."""


def shapley_value(game: CoalitionGame) -> FloatArray:
    """Shapley value of every player, ``(n_players,)``."""
    n = game.n_players
    numbers = np.arange(2**n)
    sizes = np.array([int(c).bit_count() for c in numbers])
    weights = np.array([factorial(s) * factorial(n - s - 1) / factorial(n) if s < n else 0.0 for s in range(n + 1)])
    value = np.empty(n)
    for k in range(n):
        without = numbers[(numbers >> k & 1) == 0]
        value[k] = weights[sizes[without]] @ (game.worth[without | 1 << k] - game.worth[without])
    return value


def banzhaf_value(game: CoalitionGame) -> FloatArray:
    """Average addition of a player over all coalitions of the others (Banzhaf 1965), ``(n_players,)``."""
    numbers = np.arange(2**game.n_players)
    value = np.empty(game.n_players)
    for k in range(game.n_players):
        without = numbers[(numbers >> k & 1) == 0]
        value[k] = float((game.worth[without | 1 << k] - game.worth[without]).mean())
    return value


@dataclass(frozen=True, eq=False)
class CoreVerdict(ArrayRecord):
    """Whether the core is empty, and how far.

    least_excess: the smallest largest excess of a proper coalition that efficient payoffs can have; the core is empty
    when it is positive; payoffs: of the least core that reach it ``(n_players,)``; lows, highs: what each player can
    have in the core ``(n_players,)``, None when it is empty.
    """

    least_excess: float
    payoffs: FloatArray
    lows: FloatArray | None
    highs: FloatArray | None

    @property
    def empty(self) -> bool:
        return self.lows is None


def core(game: CoalitionGame) -> CoreVerdict:
    """The core: empty or not, and the range of each player's payoff in it."""
    n, scale = game.n_players, game.scale
    if n == 1:
        alone = game.worth[1:].copy()
        return CoreVerdict(0.0, alone, alone, alone)
    proper, rows = _proper(game)
    # Variables x_1 .. x_n and the largest excess e.
    bound = np.column_stack([-rows, -np.ones(len(rows))])
    everybody = np.append(np.ones(n), 0.0)[None]
    solved = _program(np.append(np.zeros(n), 1.0), bound, -game.worth[proper], everybody, [game.total])
    least, payoffs = float(solved[-1]), solved[:n]
    if least > LEAST * scale:
        return CoreVerdict(least, payoffs, None, None)
    ends = np.empty((2, n))
    slack = max(least, 0.0)
    for k in range(n):
        for row, sign in enumerate((1.0, -1.0)):
            goal = sign * np.eye(n)[k]
            found = _program(goal, -rows, -game.worth[proper] + slack, np.ones((1, n)), [game.total])
            ends[row, k] = found[k]
    return CoreVerdict(least if least < -LEAST * scale else 0.0, payoffs, ends[0], ends[1])


def in_core(game: CoalitionGame, payoffs: Any, tolerance: float = LEAST) -> bool:
    """Whether payoffs are efficient and leave no coalition an excess, up to a share of the game's size."""
    left = excesses(game, payoffs)
    return bool(left.max() <= tolerance * game.scale and abs(left[-1]) <= tolerance * game.scale)


@dataclass(frozen=True, eq=False)
class Nucleolus(ArrayRecord):
    """The nucleolus with its certificate.

    payoffs: ``(n_players,)``; largest_excess: of a proper coalition; unbalanced: largest violation of Kohlberg's
    criterion found by the check, as a share of the game's size; holds: whether there is none. imputations: False where
    no efficient payoffs give everybody what it has alone, so that this is the prenucleolus.
    """

    payoffs: FloatArray
    largest_excess: float
    unbalanced: float
    holds: bool
    imputations: bool = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "payoffs", finite_array(self.payoffs, "payoffs"))

    def to_dict(self) -> dict[str, Any]:
        return {
            "payoffs": self.payoffs.tolist(),
            "largest_excess": self.largest_excess,
            "unbalanced": self.unbalanced,
            "holds": self.holds,
            "imputations": self.imputations,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        return cls(**data)


def nucleolus(game: CoalitionGame) -> Nucleolus:
    """The nucleolus, certified; the prenucleolus where there are no imputations."""
    n, scale = game.n_players, game.scale
    alone = game.worth[1 << np.arange(n)]
    imputations = bool(alone.sum() <= game.total + LEAST * scale)
    if n == 1:
        return Nucleolus(game.worth[1:].copy(), 0.0, 0.0, True, imputations)
    proper, rows = _proper(game)
    lowest = alone if imputations else np.full(n, -np.inf)
    fixed, levels = np.ones((1, n)), [game.total]
    open_ = np.ones(len(rows), dtype=bool)
    payoffs = np.full(n, game.total / n)
    while np.linalg.matrix_rank(fixed) < n:
        # Smallest e with v(S) - x(S) <= e for what is open; coalitions that the fixed ones span say nothing new.
        bound = np.column_stack([-rows[open_], -np.ones(int(open_.sum()))])
        held = np.column_stack([fixed, np.zeros(len(fixed))])
        goal = np.append(np.zeros(n), 1.0)
        solved, prices = _program_with_prices(goal, bound, -game.worth[proper][open_], held, levels, [*lowest, -np.inf])
        payoffs, least = solved[:n], float(solved[-1])
        places = np.flatnonzero(open_)
        tight = places[prices > 1e-9]
        for place in tight if len(tight) else places[:0]:
            fixed = np.vstack([fixed, rows[place]])
            levels.append(float(game.worth[proper][place] - least))
        open_ &= np.array(
            [np.linalg.matrix_rank(np.vstack([fixed, row])) > np.linalg.matrix_rank(fixed) for row in rows]
        )
        if not len(tight) or not open_.any():
            break
    off = kohlberg_violation(game, payoffs, imputations)
    left = excesses(game, payoffs)[proper]
    return Nucleolus(payoffs, float(left.max()), off, off <= 1e-7, imputations)


def kohlberg_violation(game: CoalitionGame, payoffs: FloatArray, imputations: bool = True) -> float:
    """How far payoffs are from being the nucleolus, as a share of the game's size (Kohlberg 1971).

    For every level of excess no side payment y, y(N) = 0, with y(S) >= 0 for all coalitions of at least that excess
    (and y_k >= 0 for players at their individual bound) may have y(S) > 0 for one of them: that would lower an excess.
    """
    n, scale = game.n_players, game.scale
    proper, rows = _proper(game)
    left = excesses(game, payoffs)
    worst = abs(float(left[-1])) / scale
    order = left[proper]
    at_bound = (
        np.abs(payoffs - game.worth[1 << np.arange(n)]) <= 1e-7 * scale if imputations else np.zeros(n, dtype=bool)
    )
    if imputations:
        worst = max(worst, float((game.worth[1 << np.arange(n)] - payoffs).max()) / scale)
    levels: list[float] = []
    for level in np.sort(order)[::-1]:
        if not levels or levels[-1] - level > 1e-7 * scale:
            levels.append(float(level))
    for level in levels:
        high = rows[order >= level - 1e-7 * scale]
        bound = np.vstack([-high, -np.eye(n)[at_bound]])
        gain = _program(-high.sum(axis=0), bound, np.zeros(len(bound)), np.ones((1, n)), [0.0], (-1.0, 1.0))
        worst = max(worst, float(high.sum(axis=0) @ gain))
        if np.linalg.matrix_rank(np.vstack([high, np.ones((1, n))])) == n:
            break
    return worst


def _proper(game: CoalitionGame) -> tuple[np.ndarray, FloatArray]:
    """Numbers of the proper coalitions and their membership rows."""
    proper = np.arange(1, 2**game.n_players - 1)
    return proper, (proper[:, None] >> np.arange(game.n_players) & 1).astype(float)


def _program(
    goal: FloatArray,
    bound: FloatArray,
    limits: FloatArray,
    held: FloatArray,
    levels: Any,
    ends: tuple[float | None, float | None] = (None, None),
) -> FloatArray:
    """Minimise goal @ z subject to bound @ z <= limits, held @ z = levels."""
    from scipy.optimize import linprog

    solved = linprog(goal, A_ub=bound, b_ub=limits, A_eq=held, b_eq=levels, bounds=ends, method="highs")
    if solved.status != 0:
        raise ArithmeticError(f"the linear program of a coalitional game was not solved: {solved.message}")
    return np.asarray(solved.x)


def _program_with_prices(
    goal: FloatArray, bound: FloatArray, limits: FloatArray, held: FloatArray, levels: Any, lowest: list[float]
) -> tuple[FloatArray, FloatArray]:
    """The same with lower bounds, and how much each limit binds."""
    from scipy.optimize import linprog

    ends = [(None if low == -np.inf else low, None) for low in lowest]
    solved = linprog(goal, A_ub=bound, b_ub=limits, A_eq=held, b_eq=levels, bounds=ends, method="highs")
    if solved.status != 0:
        raise ArithmeticError(f"the linear program of the nucleolus was not solved: {solved.message}")
    return np.asarray(solved.x), -np.asarray(solved.ineqlin.marginals)
