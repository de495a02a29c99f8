"""The result of solvers of payoff sets: a polygon of equilibrium payoffs per state, what proves it, who plays what.

What is checked is in modules ``payoff_set_verdict`` and ``markov_set_verdict``. For a repeated game every vertex is the
value of strategies whose one-shot deviations are measured in every memory, and an outer bound by the operator of Abreu,
Pearce and Stacchetti (1990) shows that nothing is missing. For a Markov game the sets are compared with their image
under that operator, and small games get the outer bound, too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from bargain.games.automaton import AutomatonEquilibrium, certify_automaton
from bargain.games.certificate import Certificate
from bargain.games.polygon import distances, hausdorff
from bargain.games.record import FloatArray, finite_array
from bargain.games.repeated import RepeatedGame
from bargain.solvers.base import Proposal, Scope, Solution, Solver
from bargain.solvers.equilibria import run_status
from bargain.solvers.markov_set_verdict import operator_bound
from bargain.solvers.payoff_set_verdict import verdict
from bargain.solvers.vertex_plan import VertexPlan

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False, kw_only=True)
class PayoffSetSolution(Solution):
    """Sets of subgame-perfect payoffs without side payments, pure actions, public randomisation.

    polygons: for each state the extreme points ``(n_vertices, 2)``, counter-clockwise from the lowest payoff of the
    first player, no three on a line; none where no equilibrium exists. outer: for each state a set that holds all
    equilibrium payoffs; distance: Hausdorff distance between the polygons and what they support in one round (operator
    B), as a share of the payoff range; outer_distance: how far the outer bounds reach beyond the polygons, as a share
    of the payoff range. plan: strategies with one memory for each vertex, in the same order (repeated games);
    certificate: their one-shot gains in every memory.
    """

    polygons: tuple[FloatArray, ...] = ()
    outer: tuple[FloatArray, ...] = ()
    distance: float | None = None
    outer_distance: float | None = None
    plan: VertexPlan | None = None
    certificate: Certificate | None = None

    @classmethod
    def judge(cls, game: Any, solver: Solver[Any, Any], proposal: Proposal, tolerance: float) -> Self:
        """Certify the strategies of the vertices, bound the set from outside, measure the distance to B(V)."""
        candidate = proposal.candidates[0] if proposal.candidates else None
        found = verdict(game, candidate, tolerance)
        if found.scope is Scope.ALL and found.n_certified:
            proposal = Proposal()  # Certified and complete: that the solver was not at rest does not matter.
        status = run_status(proposal, int(found.n_certified > 0), len(found.rejected))
        parts = (proposal.stopped, proposal.message, found.message)
        return cls(
            solver=solver,
            game=game,
            status=status,
            scope=found.scope,
            message=". ".join(part for part in parts if part),
            rejected=found.rejected,
            **found.fields,
        )

    @property
    def vertices(self) -> FloatArray:
        """The polygon of a game with a single state, ``(n_vertices, 2)``; ValueError when there are several states."""
        if self._n_states > 1:
            raise ValueError(f"{self._n_states} states have a polygon each: use .polygons or .polygon(state)")
        return self.polygons[0] if self.polygons else np.zeros((0, 2))

    @property
    def minima(self) -> FloatArray:
        """Worst equilibrium payoff of each player in each state, ``(n_states, 2)``: the punishments; NaN where none."""
        empty = np.full(2, np.nan)
        rows = [polygon.min(axis=0) if len(polygon) else empty for polygon in self.polygons]
        return np.array(rows or [empty] * self._n_states)

    @property
    def strategies(self) -> tuple[AutomatonEquilibrium, ...]:
        """For each vertex (repeated games) an automaton that begins there, certified in every memory."""
        if self.plan is None or self.certificate is None:
            return ()
        tolerance = self.certificate.tolerance
        starts = range(len(self.vertices))
        return tuple(certify_automaton(self.game, self.plan.automaton(self.game, k), tolerance) for k in starts)

    def reach_of_operator(self, n_steps: int) -> float:
        """How far beyond the polygons payoffs are possible after ``n_steps`` of the plain operator B from all payoffs.

        Share of the payoff range. Slow; needs no solver: what shrinks to 0 with the steps proves the sets complete.
        """
        bounds = operator_bound(self.game, n_steps)
        polygons = self.polygons or (np.zeros((0, 2)),) * len(bounds)
        pairs = zip(bounds, polygons, strict=True)
        return max(float(distances(own, bound, self._units).max(initial=0.0)) for bound, own in pairs)

    def polygon(self, state: Any = 0) -> FloatArray:
        """The set of one state, by number or label; of a repeated game, state 0."""
        if isinstance(self.game, RepeatedGame):
            if state != 0:
                raise ValueError(f"state {state!r}: a repeated game has the single state 0")
            return self.vertices
        place = self.game.state_index(state)
        return self.polygons[place] if self.polygons else np.zeros((0, 2))

    def contains(self, payoffs: Any, state: Any = 0, tolerance: float = 1e-9) -> bool:
        """Whether a payoff pair is in the set of a state, or outside by at most this share of the payoff range."""
        point = finite_array(payoffs, "payoffs")
        if point.shape != (2,):
            raise ValueError(f"payoffs of shape {point.shape} is not one payoff for each of the two players")
        return bool(distances(self.polygon(state), point, self._units)[0] <= tolerance)

    def hausdorff(self, other: PayoffSetSolution) -> float:
        """Largest distance between the sets of the same state in two solutions, as a share of the payoff range."""
        return max(
            (hausdorff(mine, theirs, self._units) for mine, theirs in zip(self.polygons, other.polygons, strict=True)),
            default=0.0,
        )

    @property
    def _units(self) -> FloatArray:
        return np.where(self.game.payoff_range > 0.0, self.game.payoff_range, 1.0)

    @property
    def _n_states(self) -> int:
        return 1 if isinstance(self.game, RepeatedGame) else int(self.game.n_states)

    def to_dict(self, *, run_time: bool = False) -> dict[str, Any]:
        return {
            **super().to_dict(run_time=run_time),
            "polygons": [polygon.tolist() for polygon in self.polygons],
            "outer": [polygon.tolist() for polygon in self.outer],
            "distance": self.distance,
            "outer_distance": self.outer_distance,
            "plan": None if self.plan is None else self.plan.to_dict(),
            "certificate": None if self.certificate is None else self.certificate.to_dict(),
        }

    @classmethod
    def _own_fields(cls, data: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "polygons": tuple(_points(polygon, "polygons") for polygon in data["polygons"]),
            "outer": tuple(_points(polygon, "outer") for polygon in data["outer"]),
            "distance": data["distance"],
            "outer_distance": data["outer_distance"],
            "plan": None if data["plan"] is None else VertexPlan.from_dict(data["plan"]),
            "certificate": None if data["certificate"] is None else Certificate.from_dict(data["certificate"]),
        }

    def to_frame(self) -> pd.DataFrame:
        """Tidy table: state, vertex (from 1), payoff of each player in a column named after the player."""
        import pandas as pd

        states = ("round",) if isinstance(self.game, RepeatedGame) else self.game.states
        rows = [
            (state, k + 1, float(first), float(second))
            for state, polygon in zip(states, self.polygons, strict=False)
            for k, (first, second) in enumerate(polygon)
        ]
        return pd.DataFrame(rows, columns=["state", "vertex", *self.game.players])


def _points(polygon: Any, name: str) -> FloatArray:
    """Read-only ``(n, 2)`` points."""
    return finite_array(np.asarray(polygon, dtype=float).reshape(-1, 2), name)
