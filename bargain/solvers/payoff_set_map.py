"""How the set of subgame-perfect payoffs of a two-player repeated game grows with the discount factor.

At each given discount factor the set is solved for and certified. Between two neighbours with a different structure
(which profiles the vertices begin with, and which of them are repeated for ever) one change of structure is located by
bisection. Further changes between the same neighbours, and changes that are undone between them, are not excluded: a
finer grid finds more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from bargain.games.markov import check_discount_factor
from bargain.games.record import ArrayRecord, FloatArray
from bargain.games.repeated import RepeatedGame
from bargain.games.stage import StageGame
from bargain.solvers.base import Scope, solve
from bargain.solvers.payoff_sets import PayoffSetSolution
from bargain.solvers.repeated_payoffs import propose_repeated
from bargain.solvers.subgame_perfect import SubgamePerfectPayoffs
from bargain.solvers.vertex_plan import VertexPlan

if TYPE_CHECKING:
    import pandas as pd

WIDTH = 1e-9
"""Changes are located to within this difference of discount factors."""

STEPS = 20_000
"""Most steps of the polygon algorithm at one discount factor of the bisection."""


@dataclass(frozen=True, eq=False)
class PayoffSetMap(ArrayRecord):
    """Certified sets at increasing discount factors ``(n,)``, and where their structure changes.

    changes: ``(n_changes, 2)``, brackets (lower, upper) of discount factors with a different structure on both sides,
    one between each two neighbours that differ.
    """

    discount_factors: FloatArray
    solutions: tuple[PayoffSetSolution, ...]
    changes: FloatArray

    @property
    def complete(self) -> bool:
        """Whether every set is proven to hold all equilibrium payoffs."""
        return all(solution.scope is Scope.ALL for solution in self.solutions)

    def to_frame(self) -> pd.DataFrame:
        """Tidy table: discount factor, vertex (from 1), payoff of each player in a column named after the player."""
        import pandas as pd

        rows = [
            (float(d), k + 1, float(x), float(y))
            for d, solution in zip(self.discount_factors, self.solutions, strict=True)
            for k, (x, y) in enumerate(solution.vertices)
        ]
        players = self.solutions[0].game.players
        return pd.DataFrame(rows, columns=["discount_factor", "vertex", *players])


def payoff_set_map(
    game: StageGame | RepeatedGame,
    discount_factors: npt.ArrayLike,
    solver: SubgamePerfectPayoffs | None = None,
) -> PayoffSetMap:
    """Sets at the given discount factors (sorted, each once) and where they change in between."""
    stage = game.stage_game if isinstance(game, RepeatedGame) else game
    if not isinstance(stage, StageGame):
        raise TypeError(f"game is a {type(game).__name__}, not a StageGame or a RepeatedGame")
    given = np.unique([check_discount_factor(d) for d in np.asarray(discount_factors, dtype=float).reshape(-1)])
    if not len(given):
        raise ValueError("discount_factors is empty")
    solutions = tuple(solve(RepeatedGame(stage, float(d)), solver or SubgamePerfectPayoffs()) for d in given)
    kinds = [_structure(solution.plan) for solution in solutions]
    changes = [
        _located(stage, float(given[k]), float(given[k + 1]), kinds[k])
        for k in range(len(given) - 1)
        if kinds[k] != kinds[k + 1]
    ]
    table = np.array(changes, dtype=float).reshape(-1, 2)
    table.setflags(write=False)
    given.setflags(write=False)
    return PayoffSetMap(given, solutions, table)


def _structure(plan: VertexPlan | None) -> frozenset[Any]:
    """What the vertices begin with: the profile, and whether it is repeated for ever."""
    if plan is None:
        return frozenset()
    stays = np.where(plan.successors == np.arange(plan.n_memories)[:, None], plan.probabilities, 0.0).sum(axis=1)
    starts: Sequence[list[int]] = plan.outputs.tolist()
    return frozenset((*start, bool(stay > 1.0 - 1e-9)) for start, stay in zip(starts, stays, strict=True))


def _located(game: StageGame, low: float, high: float, kind: frozenset[Any]) -> tuple[float, float]:
    """Bracket of a change between a discount factor whose structure is ``kind`` and one with another."""
    while high - low > WIDTH:
        middle = 0.5 * (low + high)
        if _structure(propose_repeated(RepeatedGame(game, middle), STEPS).plan) == kind:
            low = middle
        else:
            high = middle
    return low, high
