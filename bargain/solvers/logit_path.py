"""Equilibrium and quantal responses by following the logit branch (quantal response homotopy), any number of players.

From the centroid at precision 0 one branch of logit equilibria leads, in almost every game, to one Nash equilibrium as
the precision grows without bound (McKelvey and Palfrey 1995, theorem 3; Turocy 2005, 2010 for the computation).

1. ``continuation`` follows the branch through turning points.
2. Once every action is clearly in play or clearly fading, Newton's method on the indifference conditions of that
   support gives the limit itself; it counts when three points, each of at least twice the precision of the one before,
   lead to the same equilibrium and the branch approaches it as it should, like one over the precision.
3. ``solve()`` certifies. A branch whose limit is not certified is reported as such: a logit response at a high but
   finite precision is never passed off as an equilibrium.

Other starts than the centroid (a bias that favours some actions at precision 0) give branches to other equilibria.
Precision is in one over payoff units: multiply all payoffs by c and the same play has precision divided by c.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from bargain.games.profile import MixedProfile
from bargain.games.quantal_response import check_precision
from bargain.games.record import FloatArray
from bargain.games.stage import StageGame
from bargain.solvers.base import Solver
from bargain.solvers.branch_search import at_precision
from bargain.solvers.continuation import BranchPoint, BranchTrace
from bargain.solvers.logit_solution import LogitProposal, LogitSolution
from bargain.solvers.logit_system import LogitSystem
from bargain.solvers.support_newton import BoolArray, candidate_supports, support_equilibrium
from bargain.solvers.watch import current_watch

LAST_PRECISION = 1e8
"""Precision, in one over the largest payoff range, at which a branch without certified limit is given up."""

CONFIRMATIONS = 3
"""Points, each of at least twice the precision of the one before, that must agree on the limit."""

APPROACH = 0.75
"""Between two such points the distance from the limit must shrink by this factor; near the limit it halves."""

FIRST_GUESS = 20.0
"""Precision, in one over the largest payoff range, below which no limit is inferred: everything moves slowly there."""

NEAR = 0.05
"""How far, in any probability, a branch point may be from the limit that is inferred from it."""


@dataclass(frozen=True)
class LogitPath(Solver[StageGame, LogitSolution]):
    """The limit of the principal logit branch, or the logit equilibria on it at one precision.

    precision: None for the Nash equilibrium at the end, else one over payoff units; n_starts: branches followed, the
    first from the centroid, the others from random points (limit only); seed: of those points; max_steps: along each
    branch; time_limit: seconds, None for no limit.
    """

    precision: float | None = None
    n_starts: int = 1
    seed: int = 0
    max_steps: int = 5_000
    time_limit: float | None = None

    concept: ClassVar[str] = "limit of logit equilibria, or logit equilibrium at a precision"
    solution_type: ClassVar[type[LogitSolution]] = LogitSolution

    def __post_init__(self) -> None:
        if self.precision is not None:
            check_precision(self.precision)
            if self.n_starts != 1:
                raise ValueError(
                    f"n_starts = {self.n_starts}: with a precision only the branch from the centroid counts"
                )
        for name in ("n_starts", "max_steps"):
            value = getattr(self, name)
            if not isinstance(value, int | np.integer) or value < 1:
                raise ValueError(f"{name} = {value} is not a positive number without fraction")

    def propose(self, game: StageGame) -> LogitProposal:
        if self.precision is not None:
            return self._responses(game, self.precision)
        rng = np.random.default_rng(self.seed)
        watch = current_watch()
        found: list[MixedProfile] = []
        failures: list[str] = []
        reached = 0.0
        for number in range(self.n_starts):
            if number and watch.expired():
                break
            watch.report(number / self.n_starts, f"branch {number + 1} of {self.n_starts}")
            start = (
                None if number == 0 else tuple(rng.dirichlet(np.ones(n)) * 0.999 + 0.001 / n for n in game.n_actions)
            )
            system = LogitSystem.of(game, start)
            run = LimitSearch(system, BranchTrace(system, self.max_steps))
            limit = run.limit()
            reached = max(reached, run.precision) if number else run.precision
            if limit is None:
                failures.append(run.failure)
            else:
                found.append(system.split(limit))
        return LogitProposal(
            candidates=tuple(found),
            stopped="time limit reached" if watch.expired() and len(found) < self.n_starts else "",
            message=_summary(len(found), self.n_starts, failures),
            branch_precision=reached,
        )

    def _responses(self, game: StageGame, precision: float) -> LogitProposal:
        """All points of the principal branch at one precision, until its limit is certain or the time is up."""
        system = LogitSystem.of(game)
        target = precision * system.scale
        run = LimitSearch(system, BranchTrace(system, self.max_steps), crossing=target)
        run.limit()
        found = tuple(system.split(_probabilities(system, point)) for point in run.crossings)
        message = (
            f"{len(found)} points of the principal branch have precision {precision:g}"
            if len(found) != 1
            else (f"the principal branch has precision {precision:g} once")
        )
        return LogitProposal(
            candidates=found,
            stopped="" if found else run.failure,
            message=message + ("; after them: " + run.failure if run.failure and found else ""),
            branch_precision=run.precision,
        )


@dataclass(frozen=True, eq=False)
class Guess:
    """The equilibrium inferred at one point: distance from it, and largest elasticity of a used action."""

    precision: float
    distance: float
    elasticity: float
    limit: FloatArray

    def follows(self, earlier: Guess) -> bool:
        """Whether both name one limit and the branch approaches it as 1 / precision, give or take."""
        return (
            float(np.abs(earlier.limit - self.limit).max()) < 1e-6
            and self.distance <= max(APPROACH * earlier.distance, 1e-9)
            and self.elasticity <= max(APPROACH * earlier.elasticity, 1e-9)
        )


class LimitSearch:
    """Follows one branch until its limit is certain; collects the crossings of a precision on the way."""

    def __init__(self, system: LogitSystem, trace: BranchTrace, crossing: float | None = None) -> None:
        self.system, self.trace, self.crossing = system, trace, crossing
        self.crossings: list[BranchPoint] = []
        self.failure = ""
        self.precision = 0.0
        self._guesses: list[Guess] = []
        self._tied: list[Guess] = []

    def limit(self) -> FloatArray | None:
        """Probabilities ``(n,)`` of the equilibrium at the end; None when it is not certain, ``failure`` says why."""
        watch = current_watch()
        last: BranchPoint | None = None
        decade = 1e3
        for point in self.trace.points():
            self._collect(last, point)
            last = point
            self.precision = point.precision / self.system.scale
            certain = self._checked(point)
            if certain is None and point.precision > decade:
                decade *= 10.0
                certain = self._ties(point)
            if certain is not None and (self.crossing is None or point.precision > self.crossing):
                return certain
            if watch.expired():
                self.failure = f"time limit reached at precision {self.precision:.6g}"
                return None
            if point.precision > LAST_PRECISION:
                break
        self.failure = self.trace.stopped or f"no certified limit up to precision {self.precision:.6g}"
        return None

    def _collect(self, left: BranchPoint | None, right: BranchPoint) -> None:
        target = self.crossing
        if target is None or left is None:
            if target == 0.0:
                self.crossings.append(right)
            return
        if (left.precision - target) * (right.precision - target) < 0.0 or right.precision == target:
            point = at_precision(self.system, left, right, target)
            if point is not None:
                self.crossings.append(point)

    def _checked(self, point: BranchPoint) -> FloatArray | None:
        """The limit when this point and two earlier ones, each at half the precision, agree on it."""
        if self._guesses and point.tangent[-1] > 0.0 and point.precision < 2.0 * self._guesses[-1].precision:
            return None
        return _confirmed(self._guesses, self._guess(point))

    def _guess(self, point: BranchPoint) -> Guess | None:
        used = clear_support(point)
        p = np.exp(point.x)
        limit = None if used is None else support_equilibrium(self.system, p, used)
        if limit is None or used is None:
            return None
        distance = float(np.abs(limit - p).max())
        if distance > NEAR:
            return None
        return Guess(point.precision, distance, float(np.abs(point.elasticities[used]).max()), limit)

    def _ties(self, point: BranchPoint) -> FloatArray | None:
        """The limit when some actions fade slowly (ties), asked once per decade: two decades must lead to it.

        The smallest support whose equilibrium is within reach is taken.
        """
        return _confirmed(self._tied, self._tie_guess(point))

    def _tie_guess(self, point: BranchPoint) -> Guess | None:
        if point.tangent[-1] <= 0.0:
            return None
        p = np.exp(point.x)
        for used in candidate_supports(self.system, p):
            limit = support_equilibrium(self.system, p, used)
            if limit is not None and np.abs(limit - p).max() < 0.1 / np.sqrt(point.precision):
                distance = float(np.abs(limit - p).max())
                return Guess(point.precision, distance, float(np.abs(point.elasticities[used]).max()), limit)
        return None


def _confirmed(guesses: list[Guess], guess: Guess | None) -> FloatArray | None:
    """Add the guess to those it follows, or start anew; the limit once there are enough."""
    if guess is None or not all(guess.follows(earlier) for earlier in guesses[-1:]):
        guesses.clear()
    if guess is not None:
        guesses.append(guess)
    return guess.limit if guess is not None and len(guesses) >= CONFIRMATIONS else None


def clear_support(point: BranchPoint) -> BoolArray | None:
    """Actions in play in the limit, or None as long as some action is neither clearly in play nor clearly fading.

    Unused actions fade like exp(-gap t), so their elasticity in t falls below -1; that of used ones tends to 0.
    """
    if point.tangent[-1] <= 0.0 or point.precision < FIRST_GUESS:
        return None
    elasticities = point.elasticities
    fading = elasticities < -1.0
    steady = np.abs(elasticities) < 0.25
    return steady if bool(np.all(fading | steady)) else None


def _probabilities(system: LogitSystem, point: BranchPoint) -> FloatArray:
    p = np.exp(point.x)
    for own in system.slices:
        p[own] /= p[own].sum()
    return p


def _summary(n_found: int, n_starts: int, failures: list[str]) -> str:
    """What the branches led to and what to try next."""
    text = (
        (
            "the branch ends in an equilibrium"
            if n_starts == 1
            else f"{n_found} of {n_starts} branches end in equilibria"
        )
        if n_found
        else "no branch ends in a certified equilibrium"
    )
    if failures:
        text += f"; lost: {failures[0]}; raise n_starts for branches from other points"
    return text + ("; raise n_starts to look for others" if n_found and n_starts == 1 else "")
