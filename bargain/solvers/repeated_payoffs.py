"""All subgame-perfect payoffs of a two-player repeated game: the algorithm of Abreu and Sannikov (2014).

The payoffs of pure subgame-perfect equilibria with public randomisation form the largest convex set V with V = R(V, u),
u_i = min over V of coordinate i (the worst punishment). R keeps, for each profile, the stage payoffs when these are in
the set and deter deviations, else the at most four points whose continuation just deters one. From the hull of all
payoffs and the pure minmax on, W <- R(W, u), u <- min W shrinks to V (module ``repeated_payoffs_kernels``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from bargain.games.record import ArrayRecord, FloatArray
from bargain.games.repeated import RepeatedGame
from bargain.games.stage import StageGame
from bargain.solvers.base import TIE
from bargain.solvers.vertex_plan import VertexPlan
from bargain.solvers.watch import current_watch

CHUNK = 256
"""Steps between two looks at the clock."""

LEAST_TIE = 1e-14
"""Levels closer than this, in units of the payoff ranges, are equal at any discount factor."""


@dataclass(frozen=True, eq=False)
class RepeatedPayoffs(ArrayRecord):
    """What the algorithm ends with, unverified.

    polygon: ``(n_vertices, 2)``, counter-clockwise, none when the set is empty; plan: strategies with a memory for each
    vertex, in that order, None when the polygon is empty, a mere try when it has not come to rest; n_steps:
    applications of R; converged: whether the polygon came to rest; stopped: why it did not.
    """

    polygon: FloatArray
    plan: VertexPlan | None = None
    n_steps: int = 0
    converged: bool = True
    stopped: str = ""


def propose_repeated(game: RepeatedGame, max_steps: int, tie: float = TIE) -> RepeatedPayoffs:
    """Run the algorithm until the polygon is at rest or empty, the steps are used up or the time is over.

    tie: gain that counts as none, as a share of the payoff range.
    """
    from bargain.solvers.repeated_payoffs_kernels import CORNERS, hull, iterate

    level, unit = game.payoffs.reshape(2, -1).min(axis=1), payoff_units(game)
    payoffs = np.ascontiguousarray((game.payoffs.reshape(2, -1).T - level) / unit)
    needs, slack = _needs(game, unit, tie)
    size = CORNERS * len(payoffs)
    order, corners = np.empty(size, np.int64), np.empty(2 * size + 2, np.int64)
    n = hull(payoffs, len(payoffs), order, corners)
    polygon = np.zeros((size, 2))
    polygon[:n] = payoffs[corners[:n]]
    minmax = np.array([game.payoffs[0].max(axis=0).min(), game.payoffs[1].max(axis=1).min()])
    worst, alive = (minmax - level) / unit, np.ones(len(payoffs), dtype=bool)
    origins, follow, chances = np.empty(size, np.int64), np.zeros((size, CORNERS), np.int64), np.zeros((size, CORNERS))
    watch, steps, converged = current_watch(), 0, False
    while not converged and steps < max_steps and not watch.expired():
        chunk = min(CHUNK, max_steps - steps)
        n, taken, converged = iterate(
            payoffs, needs, alive, game.discount_factor, slack, polygon, n, worst, chunk, origins, follow, chances
        )
        steps += taken
        watch.report(steps / (steps + 10 * CHUNK), f"{n} vertices after {steps} steps")
    found = polygon[:n] * unit + level
    plan = _plan(game, polygon[:n], origins[:n], follow[:n], chances[:n]) if n and steps else None
    if converged:
        return RepeatedPayoffs(found, plan, steps)
    reason = f"{max_steps} steps taken" if steps >= max_steps else "time limit reached"
    return RepeatedPayoffs(found, plan, steps, False, reason)


def payoff_units(game: RepeatedGame | StageGame) -> FloatArray:
    """Payoff range of each player, 1 where all payoffs are equal."""
    return np.where(game.payoff_range > 0.0, game.payoff_range, 1.0)


def _needs(game: RepeatedGame, unit: FloatArray, tie: float) -> tuple[FloatArray, float]:
    """h(a) = (1 - d) / d times the gain from the best deviation, ``(n_profiles, 2)``, and what counts as no gain."""
    d = game.discount_factor
    gains = np.stack([game.payoffs[i].max(axis=i, keepdims=True) - game.payoffs[i] for i in range(2)])
    share = gains.reshape(2, -1).T / unit
    share[share <= tie] = 0.0
    if d == 0.0:
        return np.where(share > 0.0, np.inf, 0.0), tie
    return np.ascontiguousarray(share * (1.0 - d) / d), max(LEAST_TIE, tie * min(1.0, (1.0 - d) / d))


def _plan(game: RepeatedGame, polygon: FloatArray, origins: Any, follow: Any, chances: FloatArray) -> VertexPlan:
    """Strategies from the origins of the vertices: a profile for ever, or once and then a lottery over the vertices."""
    n = len(polygon)
    forever = origins < 0
    follow, chances = np.where(forever[:, None], np.arange(n)[:, None], follow), np.array(chances)
    chances[forever] = (1.0, 0.0, 0.0, 0.0)
    chances = np.maximum(chances, 0.0)
    chances /= chances.sum(axis=1, keepdims=True)
    outputs = np.stack(np.unravel_index(np.where(forever, -1 - origins, origins), game.n_actions), axis=1)
    punishments = [np.lexsort((polygon[:, 1 - i], polygon[:, i]))[0] for i in range(2)]
    return VertexPlan(outputs, np.minimum(follow, n - 1), chances, np.array(punishments))
