"""Choosing among equilibria and explaining one: Pareto and risk dominance, p-dominance, welfare, next-best actions.

Nothing here finds equilibria; all of it judges profiles that a solver has found and ``solve()`` has certified.

Sources: Harsanyi and Selten (1988), chapter 3 and 5 (payoff and risk dominance); Morris, Rob and Shin (1995)
(p-dominance).
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bargain.games.certificate import Equilibrium
from bargain.games.profile import pure_profile
from bargain.games.record import FloatArray
from bargain.games.stage import StageGame

if TYPE_CHECKING:
    import pandas as pd

TIE = 1e-10
"""Payoffs closer than this share of the player's payoff range are equal."""


def pareto_dominance(game: StageGame, equilibria: Sequence[Equilibrium]) -> NDArray[np.bool_]:
    """Which equilibria Pareto-dominate which: (n, n), entry [i, j] true where i is better for some player and worse
    for none."""
    payoffs = np.array([e.payoffs for e in equilibria]).reshape(len(equilibria), game.n_players)
    gain = payoffs[:, None] - payoffs[None]
    tie = TIE * np.asarray(game.payoff_range)
    return np.asarray((gain >= -tie).all(axis=2) & (gain > tie).any(axis=2))


def deviation_loss_product(game: StageGame, profile: Sequence[Any], other: Sequence[Any]) -> float:
    """Product over the two players of what deviating from ``profile`` towards ``other`` loses (payoff units squared).

    Both are pure profiles of a two-player game. Raises ValueError otherwise, or where the two share an action: then
    they are no 2 x 2 game, and the comparison of Harsanyi and Selten is not defined.
    """
    here, there = _pure(game, profile), _pure(game, other)
    if game.n_players != 2:
        raise ValueError(f"risk dominance compares profiles of 2 players, this game has {game.n_players}")
    if here[0] == there[0] or here[1] == there[1]:
        raise ValueError("the two profiles share an action; risk dominance needs both players to differ")
    (a, b), (c, d) = here, there
    losses = (game.payoffs[0, a, b] - game.payoffs[0, c, b], game.payoffs[1, a, b] - game.payoffs[1, a, d])
    return float(losses[0] * losses[1])


def risk_dominance(game: StageGame, equilibria: Sequence[Equilibrium]) -> FloatArray:
    """Pairwise risk dominance of pure strict equilibria of a two-player game: (n, n) with 1, -1, 0.

    1 where i risk-dominates j in the 2 x 2 game of their actions (larger product of deviation losses), -1 the other
    way, 0 where the products tie or the pair is not comparable (mixed, or a shared action).
    """
    n = len(equilibria)
    result = np.zeros((n, n))
    tie = TIE * float(np.prod(game.payoff_range))
    for i, j in itertools.combinations(range(n), 2):
        first, second = equilibria[i].pure, equilibria[j].pure
        if (
            first is None
            or second is None
            or game.n_players != 2
            or any(x == y for x, y in zip(first, second, strict=True))
        ):
            continue
        gap = deviation_loss_product(game, first, second) - deviation_loss_product(game, second, first)
        result[i, j] = np.sign(gap) if abs(gap) > tie else 0.0
        result[j, i] = -result[i, j]
    return result


def p_dominance(game: StageGame, profile: Sequence[Any]) -> FloatArray:
    """Smallest belief p per player at which its action of a pure profile is a best reply whatever the rest of the
    belief: (n_players,).

    Player k's action is best against every belief that puts at least p on the others' actions of the profile. 0:
    dominant; at most 1/2 for both: the profile is selected by the global-games argument; above 1: no equilibrium. NaN
    never occurs.
    """
    cell = _pure(game, profile)
    smallest = np.zeros(game.n_players)
    for k in range(game.n_players):
        table = np.moveaxis(game.payoffs[k], k, 0).reshape(game.n_actions[k], -1)
        rest = [n for j, n in enumerate(game.n_actions) if j != k]
        agreed = int(np.ravel_multi_index([a for j, a in enumerate(cell) if j != k], rest)) if rest else 0
        gain = table[cell[k]] - table  # over each own action (rows), at each profile of the others (columns)
        at, worst = gain[:, agreed], gain.min(axis=1)
        with np.errstate(divide="ignore", invalid="ignore"):
            needed = np.where(worst >= 0, 0.0, np.where(at > worst, -worst / (at - worst), np.inf))
        smallest[k] = needed.max()
    return smallest


def welfare(equilibria: Sequence[Equilibrium], weights: Sequence[float]) -> FloatArray:
    """Weighted sum of payoffs of each equilibrium: (n,). Weights turn payoffs into one unit, such as GDP for USD."""
    values = np.asarray(weights, dtype=np.float64)
    if not np.isfinite(values).all() or values.ndim != 1:
        raise ValueError(f"weights = {weights} are not one finite number for each player")
    for equilibrium in equilibria:
        if len(equilibrium.payoffs) != len(values):
            raise ValueError(f"{len(values)} weights for {len(equilibrium.payoffs)} players")
    return np.array([float(values @ e.payoffs) for e in equilibria])


@dataclass(frozen=True)
class Alternative:
    """An action not played in an equilibrium and what switching to it would lose its player (payoff units, >= 0)."""

    player: str
    action: str
    gap: float


def next_best(game: StageGame, equilibrium: Equilibrium, n_best: int | None = None) -> tuple[Alternative, ...]:
    """For every player the actions outside its support, those that cost it least first; the first gap says how firm
    the equilibrium is."""
    found: list[Alternative] = []
    for k, deviation in enumerate(game.deviation_payoffs(equilibrium.profile)):
        unused = [a for a in range(game.n_actions[k]) if a not in equilibrium.supports[k]]
        unused.sort(key=lambda a: (-deviation[a], a))
        for a in unused[:n_best]:
            gap = max(0.0, float(equilibrium.payoffs[k] - deviation[a]))
            found.append(Alternative(game.players[k], game.actions[k][a], gap))
    return tuple(found)


def selection_table(
    game: StageGame, equilibria: Sequence[Equilibrium], weights: Sequence[float] | None = None
) -> pd.DataFrame:
    """One row an equilibrium: moves, payoffs, welfare, what dominates it, its p-dominance, and its smallest next-best
    gap."""
    import pandas as pd

    pareto, risk = pareto_dominance(game, equilibria), risk_dominance(game, equilibria)
    total = welfare(equilibria, weights if weights is not None else [1.0] * game.n_players)
    rows = []
    for i, e in enumerate(equilibria):
        alternatives = next_best(game, e)
        row: dict[str, Any] = {f"{code}_move": _moves(game, e, k) for k, code in enumerate(game.players)}
        row |= {f"{code}_payoff": float(e.payoffs[k]) for k, code in enumerate(game.players)}
        row["welfare"] = float(total[i])
        row["pareto_dominated"] = bool(pareto[:, i].any())
        row["risk_dominates"] = int((risk[i] > 0).sum())
        row["risk_dominated"] = bool((risk[i] < 0).any())
        row["p_dominance"] = float(p_dominance(game, e.pure).max()) if e.pure is not None else float("nan")
        row["smallest_gap"] = min((a.gap for a in alternatives), default=float("nan"))
        rows.append(row)
    return pd.DataFrame(rows)


def _moves(game: StageGame, equilibrium: Equilibrium, player: int) -> str:
    names, played = game.actions[player], equilibrium.supports[player]
    if len(played) == 1:
        return names[played[0]]
    return ", ".join(f"{names[a]} {equilibrium.profile[player][a]:.3g}" for a in played)


def _pure(game: StageGame, profile: Sequence[Any]) -> tuple[int, ...]:
    return pure_profile(profile, game.actions, game.players)
