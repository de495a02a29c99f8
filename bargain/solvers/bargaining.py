"""Axiomatic bargaining: Nash, Kalai-Smorodinsky, egalitarian and utilitarian agreements, any number of players.

Nash (1950): the largest product of gains over the threat point (Kalai 1977 for weights). Kalai and Smorodinsky (1975):
gains in proportion to the largest that each could have while nobody loses. Egalitarian (Kalai 1977): equal gains, or in
proportion to weights. Where going on from there harms nobody the last two go on (Imai 1983), so all are efficient.
Utilitarian: the largest sum of payoffs. Agreements leave nobody below the threat point. Who cannot gain without
somebody's loss stays at the threat point, and the others bargain; when nobody can gain there is no agreement.

Two players: closed forms on the edges of the frontier, root finding on smooth ones; more: linear and convex programs.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import asdict, dataclass
from numbers import Real
from typing import Any, ClassVar

import numpy as np

from bargain.games.bargaining import NO_GAIN, BargainingProblem
from bargain.games.bargaining_certificate import (
    Problem,
    able,
    fairness_violation,
    nash_violation,
    possible_gains,
    utilitarian_violation,
)
from bargain.games.bargaining_frontier import BargainingFrontier
from bargain.games.record import FloatArray
from bargain.solvers.bargaining_polygon import (
    Chain,
    individually_rational_chain,
    largest_sum,
    nash_point,
    proportional_point,
)
from bargain.solvers.bargaining_programs import Mask, best_for_each, fairest, largest_product, many_reach
from bargain.solvers.bargaining_smooth import (
    able_on,
    largest_sum_first,
    nash_first,
    proportional_first,
    rational_interval,
)
from bargain.solvers.bargaining_solution import BargainingSolution, agreed, no_agreement
from bargain.solvers.base import Proposal, Solver
from bargain.solvers.checks import entries
from bargain.solvers.watch import current_watch

STOPPED = Proposal(stopped="time limit reached", message="raise time_limit")


class BargainingConcept(Solver[Problem, BargainingSolution]):
    """Base of the axiomatic solutions: what differs is the point chosen, and the conditions that certify it."""

    solution_type: ClassVar[type[BargainingSolution]] = BargainingSolution
    game_type: ClassVar[type[Any] | tuple[type[Any], ...]] = (BargainingProblem, BargainingFrontier)

    @abstractmethod
    def violations(self, problem: Problem, gains: FloatArray) -> dict[str, float]:
        """The conditions that make gains over the threat point the solution, and how far each is violated."""

    @abstractmethod
    def _on_chain(self, problem: BargainingProblem, chain: Chain) -> tuple[dict[int, float], bool]:
        """Lottery, and whether other payoffs tie; two players who both can gain."""

    @abstractmethod
    def _on_frontier(self, frontier: BargainingFrontier, interval: tuple[float, float]) -> tuple[float, bool]:
        """Payoff of the first player, and whether other payoffs tie; both can gain."""

    @abstractmethod
    def _on_polytope(
        self, problem: BargainingProblem, gains: FloatArray, starts: FloatArray, gainers: Mask
    ) -> tuple[FloatArray | None, bool]:
        """Lottery, and whether other payoffs tie; gains are in shares of the ranges, each start best for one player."""

    def check_suits(self, game: Any) -> None:
        super().check_suits(game)
        weights = getattr(self, "weights", None)
        if weights is not None and len(weights) != game.n_players:
            raise ValueError(f"weights = {weights} is not one weight for each of {', '.join(game.players)}")

    def propose(self, game: Problem) -> Proposal:
        if current_watch().expired():
            return STOPPED
        if isinstance(game, BargainingFrontier):
            return self._propose_on_frontier(game)
        return self._propose_for_two(game) if game.n_players == 2 else self._propose_for_many(game)

    def _propose_on_frontier(self, frontier: BargainingFrontier) -> Proposal:
        interval = rational_interval(frontier)
        gainers = np.zeros(2, dtype=bool) if interval is None else able_on(frontier, interval)
        if interval is None or not gainers.any():
            return no_agreement()
        if not gainers.all():
            return agreed(frontier, interval[1 if gainers[0] else 0], False, gainers)
        return agreed(frontier, *self._on_frontier(frontier, interval))

    def _propose_for_two(self, problem: BargainingProblem) -> Proposal:
        chain = individually_rational_chain(problem)
        if chain is None or not chain.gainers.any():
            return no_agreement()
        if chain.gainers.all():
            lottery, ties = self._on_chain(problem, chain)
        else:
            lottery, ties = chain.lotteries[-1 if chain.gainers[0] else 0], False
        weights = np.zeros(len(problem.points))
        weights[list(lottery)] = list(lottery.values())
        return agreed(problem, weights, ties, chain.gainers)

    def _propose_for_many(self, problem: BargainingProblem) -> Proposal:
        gains = (problem.points - problem.threat_point) / problem.scale
        starts = best_for_each(gains)
        if starts is None:
            return no_agreement()
        gainers = np.einsum("kp,pk->k", starts, gains) > NO_GAIN
        if not gainers.any():
            return no_agreement()
        lottery, ties = self._on_polytope(problem, gains, starts, gainers)
        if lottery is None:
            return STOPPED
        stopped = "time limit reached" if current_watch().expired() else ""
        return agreed(problem, _cleaned(lottery), ties, gainers, stopped)


def _cleaned(lottery: FloatArray) -> FloatArray:
    """Probabilities without rounding below zero, summing to one."""
    weights = np.maximum(lottery, 0.0)
    return np.asarray(weights / weights.sum())


@dataclass(frozen=True)
class WeightedConcept(BargainingConcept):
    """A bargaining solution with one positive weight per player; None for equal ones. time_limit: seconds."""

    weights: tuple[float, ...] | None = None
    time_limit: float | None = None

    def __post_init__(self) -> None:
        if self.weights is None:
            return
        weight: Any
        for weight in entries("weights", self.weights):
            number = isinstance(weight, Real) and not isinstance(weight, bool)
            if not (number and 0.0 < weight < np.inf):
                raise ValueError(f"weights: {weight!r} is not a finite number > 0")
        object.__setattr__(self, "weights", tuple(map(float, self.weights)))

    def settings(self) -> dict[str, Any]:
        return {**asdict(self), "weights": None if self.weights is None else list(self.weights)}

    def _weights(self, problem: Problem) -> FloatArray:
        return np.ones(problem.n_players) if self.weights is None else np.array(self.weights)


@dataclass(frozen=True)
class NashBargaining(WeightedConcept):
    """The largest product of gains, each to the power of its weight (bargaining power)."""

    concept: ClassVar[str] = "Nash bargaining solution"

    def violations(self, problem: Problem, gains: FloatArray) -> dict[str, float]:
        return {"supporting hyperplane": nash_violation(problem, gains, self._weights(problem))}

    def _on_chain(self, problem: BargainingProblem, chain: Chain) -> tuple[dict[int, float], bool]:
        return nash_point(chain, self._weights(problem).tolist()), False

    def _on_frontier(self, frontier: BargainingFrontier, interval: tuple[float, float]) -> tuple[float, bool]:
        return nash_first(frontier, interval, self._weights(frontier).tolist()), False

    def _on_polytope(
        self, problem: BargainingProblem, gains: FloatArray, starts: FloatArray, gainers: Mask
    ) -> tuple[FloatArray | None, bool]:
        return largest_product(gains, self._weights(problem), starts, gainers), False


class FairConcept(BargainingConcept):
    """Base of the solutions with gains in proportion to units, ``(n_players,)``."""

    @abstractmethod
    def _units(self, problem: Problem, most: FloatArray) -> FloatArray:
        """Units of gain, given the largest gain of each player."""

    def violations(self, problem: Problem, gains: FloatArray) -> dict[str, float]:
        most = possible_gains(problem)
        units = np.where(able(problem, most), self._units(problem, most), 0.0)
        return {"nobody gains more at the expense of those who gain more": fairness_violation(problem, gains, units)}

    def _on_chain(self, problem: BargainingProblem, chain: Chain) -> tuple[dict[int, float], bool]:
        most = np.array([chain.gains[-1, 0], chain.gains[0, 1]]) * problem.scale
        return proportional_point(chain, (self._units(problem, most) / problem.scale).tolist()), False

    def _on_frontier(self, frontier: BargainingFrontier, interval: tuple[float, float]) -> tuple[float, bool]:
        most = np.array([interval[1], float(frontier.second(interval[0]))]) - frontier.threat_point
        return proportional_first(frontier, interval, self._units(frontier, most).tolist()), False

    def _on_polytope(
        self, problem: BargainingProblem, gains: FloatArray, starts: FloatArray, gainers: Mask
    ) -> tuple[FloatArray | None, bool]:
        most = np.einsum("kp,pk->k", starts, gains) * problem.scale
        units = np.where(gainers, self._units(problem, most) / problem.scale, 0.0)
        return fairest(gains, units / units.max()), False


@dataclass(frozen=True)
class KalaiSmorodinsky(FairConcept):
    """Gains in proportion to the largest that each player could have. time_limit: seconds."""

    time_limit: float | None = None

    concept: ClassVar[str] = "Kalai-Smorodinsky solution"

    def _units(self, problem: Problem, most: FloatArray) -> FloatArray:
        return most


@dataclass(frozen=True)
class Egalitarian(FairConcept, WeightedConcept):
    """Equal gains, or gains in proportion to the weights; payoffs are taken to be in one unit."""

    concept: ClassVar[str] = "egalitarian solution"

    def _units(self, problem: Problem, most: FloatArray) -> FloatArray:
        return self._weights(problem)


@dataclass(frozen=True)
class Utilitarian(WeightedConcept):
    """The largest weighted sum of payoffs that leaves nobody below the threat point; payoffs are in one unit.

    Among equally good agreements, the one with the most equal gains.
    """

    concept: ClassVar[str] = "utilitarian solution"

    def violations(self, problem: Problem, gains: FloatArray) -> dict[str, float]:
        return {"no larger sum": utilitarian_violation(problem, gains, self._weights(problem))}

    def _on_chain(self, problem: BargainingProblem, chain: Chain) -> tuple[dict[int, float], bool]:
        return largest_sum(chain, self._weights(problem) * problem.scale, (1.0 / problem.scale).tolist())

    def _on_frontier(self, frontier: BargainingFrontier, interval: tuple[float, float]) -> tuple[float, bool]:
        return largest_sum_first(frontier, interval, self._weights(frontier).tolist(), (1.0, 1.0))

    def _on_polytope(
        self, problem: BargainingProblem, gains: FloatArray, starts: FloatArray, gainers: Mask
    ) -> tuple[FloatArray | None, bool]:
        prices = self._weights(problem) * problem.scale
        units = np.where(gainers, 1.0 / problem.scale, 0.0)
        lottery = fairest(gains, units / units.max(), prices / prices.max())
        return lottery, lottery is not None and many_reach(gains, prices / prices.max(), lottery)
