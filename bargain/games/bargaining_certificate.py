"""What a bargaining solution must satisfy, measured without the algorithms that found it.

Nash (1950): n is the solution exactly when sum_i w_i (x_i - n_i) / (n_i - d_i) <= 0 for every x in the set with x >= d:
the hyperplane with these normals supports it. Egalitarian and Kalai-Smorodinsky (1975), with their lexicographic
extension (Imai 1983): nobody's gain can be raised, not even at the expense of those who gain more (the bottleneck
property of max-min fairness, Bertsekas and Gallager 1992, section 6.5.2). Utilitarian: no x >= d has a larger sum.
Polygons and polytopes are examined at their corners or by linear programs, smooth frontiers by bisection and along a
grid that closes in on the solution.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from bargain.games.bargaining import NO_GAIN, BargainingProblem
from bargain.games.bargaining_frontier import BargainingFrontier
from bargain.games.certificate import DEFAULT_TOLERANCE, check_tolerance
from bargain.games.linear_program import best_point
from bargain.games.record import ArrayRecord, FloatArray, finite_array

Problem = BargainingProblem | BargainingFrontier

FAR = 1e300
"""Stands for a violation that has no finite size."""

EQUAL = 1e-8
"""Gains per unit that changing gains by this share of the payoff ranges makes equal are equal."""


@dataclass(frozen=True, eq=False)
class BargainingCertificate(ArrayRecord):
    """Conditions in words and by how much each is violated, never negative, as a share of the payoff range."""

    conditions: tuple[str, ...]
    violation: FloatArray
    tolerance: float = DEFAULT_TOLERANCE

    def __post_init__(self) -> None:
        object.__setattr__(self, "conditions", tuple(self.conditions))
        object.__setattr__(self, "violation", finite_array(self.violation, "violation"))
        check_tolerance(self.tolerance)

    @property
    def holds(self) -> bool:
        return bool(np.all(self.violation <= self.tolerance))

    @property
    def worst(self) -> tuple[str, float]:
        """The condition that is violated most, and by how much."""
        place = int(self.violation.argmax())
        return self.conditions[place], float(self.violation[place])

    def to_dict(self) -> dict[str, Any]:
        return {
            "conditions": list(self.conditions),
            "violation": self.violation.tolist(),
            "tolerance": self.tolerance,
            "holds": self.holds,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        return cls(tuple(data["conditions"]), data["violation"], data["tolerance"])


def bargaining_certificate(violations: Mapping[str, float], tolerance: float) -> BargainingCertificate:
    """The certificate of named violations; what is below zero is no violation, what has no size a very large one."""
    sizes = [FAR if np.isnan(size) else min(max(float(size), 0.0), FAR) for size in violations.values()]
    return BargainingCertificate(tuple(violations), np.array(sizes), tolerance)


def largest_payoff(problem: Problem, player: int, least: npt.ArrayLike) -> float:
    """Most that ``player`` gets in the feasible set while everybody gets ``least`` or more; -inf when impossible.

    least: ``(n_players,)``, -inf for who need not be satisfied.
    """
    threat = problem.threat_point
    return float(threat[player] + largest_gain(problem, player, np.asarray(least, dtype=float) - threat))


def largest_gain(problem: Problem, player: int, least: FloatArray) -> float:
    """The same in gains over the threat point, which keep their digits where payoffs are large and differ little."""
    if isinstance(problem, BargainingFrontier):
        threat = problem.threat_point
        return _largest_on_frontier(problem, player, threat + least) - float(threat[player])
    asked = np.isfinite(least)
    gains = (problem.points - problem.threat_point) / problem.scale
    found = best_point(
        [gains[:, player]],
        -gains.T[asked],
        -(least / problem.scale)[asked],
        equalities=np.ones((1, len(gains))),
        targets=[1.0],
        even=False,
    )
    return -np.inf if found.failure else float(problem.scale[player] * found.value)


def _largest_on_frontier(frontier: BargainingFrontier, player: int, least: FloatArray) -> float:
    """The same below a smooth frontier, by bisection for the first player."""
    low, high = map(float, frontier.interval)
    slack = 1e-12 * frontier.scale
    if player == 1:
        start = max(low, float(least[0]))
        second = float(frontier.second(min(start, high)))
        return second if start <= high + slack[0] and second >= least[1] - slack[1] else -np.inf
    if frontier.second(high) >= least[1]:
        low = high
    elif frontier.second(low) < least[1] - slack[1]:
        return -np.inf
    for _ in range(200):
        middle = (low + high) / 2.0
        low, high = (middle, high) if frontier.second(middle) >= least[1] else (low, middle)
    return low if low >= least[0] - slack[0] else -np.inf


def possible_gains(problem: Problem) -> FloatArray:
    """Largest gain of each player over the threat point when nobody loses, ``(n_players,)``; -inf when impossible."""
    nothing = np.zeros(problem.n_players)
    return np.array([largest_gain(problem, k, nothing) for k in range(problem.n_players)])


def able(problem: Problem, gains: FloatArray) -> npt.NDArray[np.bool_]:
    """Who can gain more than rounding, from ``possible_gains``, ``(n_players,)``."""
    return np.asarray(gains > NO_GAIN * problem.scale)


def disagreement_violation(problem: Problem) -> float:
    """Largest possible gain over the threat point as a share of the range, less what counts as none."""
    return float((possible_gains(problem) / problem.scale).max()) - NO_GAIN


def threat_violation(problem: Problem, gains: FloatArray) -> float:
    """By how much somebody falls below the threat point."""
    return float((-gains / problem.scale).max())


def nash_violation(problem: Problem, gains: FloatArray, weights: FloatArray) -> float:
    """How far some x >= d reaches over the hyperplane with normals w_i / (n_i - d_i), of those who can gain."""
    gainers = able(problem, possible_gains(problem))
    if np.any(gains[gainers] <= 0.0):
        return FAR
    prices = np.zeros(problem.n_players)
    prices[gainers] = weights[gainers] / gains[gainers]
    return _excess(problem, gains, prices) / float(weights[gainers].sum())


def utilitarian_violation(problem: Problem, gains: FloatArray, weights: FloatArray) -> float:
    """How much larger a weighted sum of payoffs x >= d can be."""
    return _excess(problem, gains, weights) / float(weights @ problem.scale)


def fairness_violation(problem: Problem, gains: FloatArray, units: FloatArray) -> float:
    """Most by which a player's gain rises while nobody loses who gains as much or less, in ``units``.

    units: ``(n_players,)``, positive for those who can gain; the others are left out.
    """
    worst = 0.0
    positive = np.where(units > 0.0, units, 1.0)
    shares = np.where(units > 0.0, gains / positive, 0.0)
    room = np.where(units > 0.0, EQUAL * problem.scale / positive, 0.0)
    for k in np.flatnonzero(units > 0.0):
        kept = shares - room <= shares[k] + room[k]
        least = np.where(kept, gains, 0.0)
        least[k] = 0.0
        worst = max(worst, (largest_gain(problem, int(k), least) - float(gains[k])) / float(problem.scale[k]))
    return worst


def _excess(problem: Problem, gains: FloatArray, prices: FloatArray) -> float:
    """Largest prices . (g - gains) over the gains g >= 0 of feasible payoffs."""
    if isinstance(problem, BargainingFrontier):
        others = _near(problem, float(problem.threat_point[0] + gains[0])) - problem.threat_point
        kept = np.all(others >= 0.0, axis=1)
        return float(((others[kept] - gains) @ prices).max(initial=-FAR))
    others = problem.points - problem.threat_point
    reach = (others - gains) @ prices
    if reach.max() <= 0.0:
        return float(reach.max())
    size = float((prices * problem.scale).max())
    found = best_point(
        [reach / size],
        -(others / problem.scale).T,
        np.zeros(problem.n_players),
        equalities=np.ones((1, len(reach))),
        targets=[1.0],
        even=False,
    )
    return FAR if found.failure else size * found.value


def _near(frontier: BargainingFrontier, first: float) -> FloatArray:
    """Points of a smooth frontier all along it and closing in on ``first`` from both sides, ``(n_points, 2)``."""
    steps = np.ptp(frontier.interval) * 10.0 ** np.linspace(-8.0, 0.0, 161)
    places = np.concatenate([frontier.firsts(1025), first - steps, first + steps])
    places = places[(places >= frontier.interval[0]) & (places <= frontier.interval[1])]
    return np.column_stack([places, frontier.second(places)])
