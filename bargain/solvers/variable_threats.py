"""Nash (1953): both sides first commit to mixed threats, then bargain; the threats are carried out if they disagree.

With bargained payoffs on the Pareto frontier the choice of threats is strictly opposed, so it has a saddle point. A
point n of the frontier with a normal w >= 0 is the Nash solution for all threat points d with w_1 (n_1 - d_1) =
w_2 (n_2 - d_2). So the first player can bargain his way to n or further exactly when the zero-sum game w_1 A - w_2 B is
worth w_1 n_1 - w_2 n_2 or more, and n is the solution where the two are equal. On an edge of the frontier, w . x = c,

    n_1 = (c + v) / (2 w_1), n_2 = (c - v) / (2 w_2), v = value of w_1 A - w_2 B,

when that point lies on the edge; else n is the corner between two edges at which the difference changes its sign, and w
is found by halving between their normals. With transfers the only edge is x_1 + x_2 = largest joint payoff.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from bargain.games.bargaining import payoff_scale
from bargain.games.linear_program import best_point
from bargain.games.record import FloatArray
from bargain.games.stage import StageGame
from bargain.solvers.bargaining_polygon import pareto_indices
from bargain.solvers.base import Proposal, Scope, Solver
from bargain.solvers.threat_solution import ThreatCandidate, ThreatSolution
from bargain.solvers.watch import current_watch

if TYPE_CHECKING:
    pass

HALVINGS = 60


@dataclass(frozen=True)
class VariableThreats(Solver[StageGame, ThreatSolution]):
    """Nash bargaining over the payoffs of a two-player game with threats chosen beforehand (Nash 1953).

    transfers: whether payoffs can be passed on one for one; without, agreements are public lotteries over the profiles;
    time_limit: seconds.
    """

    transfers: bool = False
    time_limit: float | None = None

    concept: ClassVar[str] = "Nash bargaining with variable threats"
    solution_type: ClassVar[type[ThreatSolution]] = ThreatSolution
    n_players: ClassVar[int | None] = 2
    elsewhere: ClassVar[str] = "NashBargaining takes any number of players and a given threat point"

    def __post_init__(self) -> None:
        if not isinstance(self.transfers, bool):
            raise ValueError(f"transfers = {self.transfers!r} is neither True nor False")

    def propose(self, game: StageGame) -> Proposal:
        # The level is taken out first, so that rounding is relative to the range.
        level = game.payoffs.reshape(2, -1).min(axis=1)
        points = game.payoffs.reshape(2, -1).T - level
        stage = game.payoffs - level[:, None, None]
        candidate = _with_transfers(stage, points) if self.transfers else _on_frontier(stage, points)
        if isinstance(candidate, str):
            return Proposal(stopped=candidate, message="raise time_limit")
        moved = ThreatCandidate(candidate.threats, candidate.weights, candidate.lottery, candidate.payoffs + level)
        how = "with transfers" if self.transfers else "without transfers"
        message = f"{how} the payoffs are the only ones; other threats may do as well"
        return Proposal(candidates=(moved,), scope=Scope.SOME, message=message)


def _with_transfers(stage: FloatArray, points: FloatArray) -> ThreatCandidate | str:
    """The joint payoff is as large as can be, and its halves differ by the value of A - B."""
    size = float(np.ptp(points, axis=0).max()) or 1.0
    found = _saddle((stage[0] - stage[1]) / size)
    if isinstance(found, str):
        return found
    value, threats = found
    joint = points.sum(axis=1)
    lottery = np.zeros(len(points))
    lottery[int(joint.argmax())] = 1.0
    payoffs = (joint.max() + np.array([1.0, -1.0]) * value * size) / 2.0
    return ThreatCandidate(threats, np.ones(2), lottery, payoffs)


def _on_frontier(stage: FloatArray, points: FloatArray) -> ThreatCandidate | str:
    """Search the frontier for the point at which neither side can push on, in payoffs of range one."""
    scale = payoff_scale(points)
    indices = pareto_indices(points / scale)
    corners = points[indices] / scale
    tables = stage / scale[:, None, None]
    edges = np.diff(corners, axis=0)
    normals = np.column_stack([-edges[:, 1], edges[:, 0]])
    normals = np.vstack([[0.0, 1.0], normals / normals.sum(axis=1, keepdims=True), [1.0, 0.0]])
    low, high = 0, len(normals) - 1  # The first player reaches the end of edge low, but not that of edge high.
    while high - low > 1:
        edge = (low + high) // 2
        found = _lead(tables, normals[edge], corners[edge - 1])
        ahead = found if isinstance(found, str) else _lead(tables, normals[edge], corners[edge])
        if isinstance(found, str) or isinstance(ahead, str):
            return "time limit reached"
        if found[0] >= 0.0 >= ahead[0]:
            share = found[0] / (found[0] - ahead[0]) if found[0] > 0.0 else 0.0
            ends = {indices[edge - 1]: 1.0 - share, indices[edge]: share}
            return _candidate(points, scale, normals[edge], found[1], ends)
        low, high = (edge, high) if ahead[0] > 0.0 else (low, edge)
    return _at_corner(tables, points, scale, (normals[low], normals[high]), corners[low], indices[low])


def _at_corner(
    tables: FloatArray,
    points: FloatArray,
    scale: FloatArray,
    normals: tuple[FloatArray, FloatArray],
    corner: FloatArray,
    index: int,
) -> ThreatCandidate | str:
    """The weights between two normals for which the corner is where neither side can push on."""
    low, high = 0.0, 1.0
    best: tuple[float, FloatArray, tuple[FloatArray, FloatArray]] | None = None
    for step in range(HALVINGS + 2):
        share = float(step) if step < 2 else (low + high) / 2.0
        weights = (1.0 - share) * normals[0] + share * normals[1]
        found = _lead(tables, weights, corner)
        if isinstance(found, str):
            return found
        if best is None or abs(found[0]) < best[0]:
            best = (abs(found[0]), weights, found[1])
        if best[0] <= 1e-14:
            break
        if step >= 2:
            low, high = (share, high) if found[0] > 0.0 else (low, share)
    assert best is not None
    return _candidate(points, scale, best[1], best[2], {index: 1.0})


def _lead(
    tables: FloatArray, weights: FloatArray, point: FloatArray
) -> tuple[float, tuple[FloatArray, FloatArray]] | str:
    """How much more the zero-sum game of the weights is worth than the point, and its optimal strategies."""
    found = _saddle(weights[0] * tables[0] - weights[1] * tables[1])
    if isinstance(found, str):
        return found
    value, threats = found
    return value - float(weights[0] * point[0] - weights[1] * point[1]), threats


def _candidate(
    points: FloatArray,
    scale: FloatArray,
    weights: FloatArray,
    threats: tuple[FloatArray, FloatArray],
    lottery: dict[int, float],
) -> ThreatCandidate:
    """The candidate in payoff units, from weights for payoffs of range one."""
    probabilities = np.zeros(len(points))
    for index, share in lottery.items():
        probabilities[index] += share
    own = weights / scale
    return ThreatCandidate(threats, own / own.max(), probabilities, probabilities @ points)


def _saddle(table: FloatArray) -> tuple[float, tuple[FloatArray, FloatArray]] | str:
    """Value and optimal strategies of a zero-sum game, the row player's payoffs given; or why there is no answer."""
    first, second = _guarantee(table), _guarantee(-table.T)
    if isinstance(first, str) or isinstance(second, str):
        return "time limit reached"
    return (first[0] - second[0]) / 2.0, (first[1], second[1])


def _guarantee(table: FloatArray) -> tuple[float, FloatArray] | str:
    """Largest payoff that the row player can guarantee, and how: max v subject to v <= x'table, v >= 0 by a shift."""
    shift = float(table.min())
    n_rows, n_columns = table.shape
    found = best_point(
        [np.append(np.zeros(n_rows), 1.0)],
        np.column_stack([-(table - shift).T, np.ones(n_columns)]),
        np.zeros(n_columns),
        equalities=np.append(np.ones(n_rows), 0.0)[None, :],
        targets=[1.0],
        time_limit=current_watch().seconds_left,
    )
    if found.failure:
        return found.failure
    mixed = found.point[:-1] / found.point[:-1].sum()
    return float((mixed @ table).min()), mixed
