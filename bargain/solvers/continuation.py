"""Arc-length continuation of the logit branch: predictor, corrector, and guards against jumps to another branch.

One step (Allgower and Georg 1990, chapters 2 and 6; Turocy 2005 for games):

1. predict along the tangent and its change since the last point;
2. correct by Newton's method on F = 0 within the hyperplane through the prediction normal to the tangent;
3. accept only when the corrections shrink fast, the tangent turns little, and the orientation is kept: the sign of the
   determinant of the bordered Jacobian is constant along a regular curve, so a change means that the corrector fell on
   another stretch of the solution set. Otherwise try again with a shorter step.

The curve is parametrised by its length, so precision may fall and rise again (turning points). Where the orientation
changes at every step length the branch meets another one (a bifurcation, as in games with symmetric players); it is
followed straight through and the precision is noted. Lengths are weighted: log-probabilities count by the square root
of the probability, those of unused actions and the precision relative to themselves, so that neither shortens the steps
where nothing else moves.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from bargain.games.record import FloatArray
from bargain.solvers.logit_system import LogitSystem

FIRST_STEP, LONGEST_STEP, SHORTEST_STEP = 0.2, 3.0, 1e-9
TARGET = 0.03
"""Length of the first Newton correction at which the step is kept; longer ones shorten the next step."""

SMALLEST_COSINE = 0.7
"""Largest turn of the tangent in one step."""

CONTRACTION = 0.4
"""Each Newton correction must be shorter than the last by this factor."""

LARGEST_LOG = 10.0
"""Log-probability beyond which an iterate is lost; solutions have none above 0."""

CONVERGED = 1e-9
ROUNDING = 64 * np.finfo(np.float64).eps


@dataclass(frozen=True, eq=False)
class BranchPoint:
    """A solution (x, precision) of the logit conditions with its unit tangent ``(n + 1,)`` and the length so far.

    precision is in units of one over the payoff scale of the system; arc_length is in probabilities and
    log(1 + precision).
    """

    x: FloatArray
    precision: float
    tangent: FloatArray
    arc_length: float

    @property
    def elasticities(self) -> FloatArray:
        """Change of every log-probability per unit of log precision; inf at a turning point."""
        slope = float(self.tangent[-1])
        return np.asarray(self.precision * self.tangent[:-1] / slope) if slope else np.full(len(self.x), np.inf)


@dataclass
class BranchTrace:
    """One run along a branch; after it ``stopped`` says why it ended early, if it did."""

    system: LogitSystem
    max_steps: int = 20_000
    stopped: str = ""
    bifurcations: list[float] = field(default_factory=list)

    def points(self) -> Iterator[BranchPoint]:
        """Points of the branch from precision 0 on, for as long as the caller wants them."""
        n = self.system.size
        y = np.append(self.system.start(), 0.0)
        forward = np.append(np.zeros(n), 1.0)
        at_start = corrected_point(self.system, y, forward, coordinate_weights(y[:n], 0.0))
        if at_start is None:
            self.stopped = "the start is no solution of the logit conditions"
            return
        sign = at_start.orientation
        point = BranchPoint(at_start.y[:n], 0.0, at_start.tangent, 0.0)
        yield point
        before: FloatArray | None = None
        step, length = FIRST_STEP, FIRST_STEP
        for _ in range(self.max_steps):
            outcome = None
            while outcome is None:
                outcome = self._step(point, before, length, step, sign)
                if outcome is None:
                    step *= 0.4
                    if step < SHORTEST_STEP:
                        self.stopped = f"the branch could not be followed beyond precision {point.precision:.6g}"
                        return
            following, sign, growth = outcome
            before, length, point = point.tangent, step, following
            step = min(step * growth, LONGEST_STEP)
            yield point
        self.stopped = f"no end after {self.max_steps} steps along the branch"

    def _step(
        self, point: BranchPoint, before: FloatArray | None, length: float, step: float, sign: float
    ) -> tuple[BranchPoint, float, float] | None:
        """The next point, its orientation and how much longer the next step may be; None when the step is too long."""
        n = self.system.size
        weights = coordinate_weights(point.x, point.precision)
        prediction = np.append(point.x, point.precision) + step * point.tangent
        if before is not None:
            bend = (point.tangent - before) * (0.5 * step * step / length)
            if np.linalg.norm(weights * bend) < step:
                prediction += bend
        border = weights * weights * point.tangent
        corrected = corrected_point(self.system, prediction, border, weights, limit=10.0 * TARGET)
        if corrected is None or corrected.y[n] <= 0.0:
            return None
        y, tangent, turned = corrected.y, corrected.tangent, corrected.orientation
        cosine = float((weights * tangent) @ (weights * point.tangent)) / float(np.linalg.norm(weights * tangent))
        if cosine < SMALLEST_COSINE:
            return None
        if turned != sign:
            if step > 1e-4 or cosine < 1.0 - 1e-3:
                return None
            self.bifurcations.append(float(y[n]) / self.system.scale)
        growth = min(3.0, max(0.5, (TARGET / max(corrected.first, 1e-12)) ** (1.0 / 3.0)))
        moved = np.linalg.norm(np.append(np.exp(y[:n]) - np.exp(point.x), np.log1p(y[n]) - np.log1p(point.precision)))
        return BranchPoint(y[:n], float(y[n]), tangent, point.arc_length + float(moved)), turned, growth


@dataclass(frozen=True, eq=False)
class Correction:
    """A corrected point y = (x, precision), the length of the first correction, and the branch there.

    tangent: unit tangent on the side of the border; orientation: sign of the bordered determinant.
    """

    y: FloatArray
    first: float
    tangent: FloatArray
    orientation: float


def corrected_point(
    system: LogitSystem, prediction: FloatArray, border: FloatArray, weights: FloatArray, *, limit: float = np.inf
) -> Correction | None:
    """Solution of F = 0 near ``prediction`` within the hyperplane normal to ``border``.

    border = (0, ..., 0, 1) keeps the precision. None when the first correction exceeds ``limit`` or they do not shrink.
    """
    n = system.size
    y = prediction.copy()
    right, along = np.zeros(n + 1), np.zeros(n + 1)
    along[n] = 1.0
    first = last = np.inf
    for round_number in range(12):
        if y[:n].max() > LARGEST_LOG:
            return None
        right[:n], jacobian = system.linearised(y[:n], float(y[n]), border)
        # Large systems with structure bring the inverse themselves.
        inverse = _Inverse(jacobian) if isinstance(jacobian, np.ndarray) else jacobian
        change = inverse.of(right)
        if change is None:
            return None
        y -= change
        moved = weights * change
        size = math.sqrt(moved @ moved)
        if round_number == 0:
            first = size
        noise = ROUNDING * (1.0 + abs(float(y[n])))
        if size <= max(CONVERGED, noise):
            # Corrections shrink quadratically: the next one is below rounding, and so is the change of the tangent.
            direction = inverse.of(along)
            if direction is None:
                return None
            length = coordinate_weights(y[:n], float(y[n])) * direction
            return Correction(y, first, direction / math.sqrt(length @ length), inverse.orientation)
        if not size < (limit if round_number == 0 else max(CONTRACTION * last, 100 * noise)):
            return None
        last = size
    return None


def coordinate_weights(x: FloatArray, precision: float) -> FloatArray:
    """How much each coordinate counts in lengths and angles."""
    return np.append(np.sqrt(np.exp(x) + (0.01 / (1.0 - x)) ** 2), 1.0 / (1.0 + precision))


class _Inverse:
    """Triangular factors of a matrix, for solving with several right-hand sides one after the other.

    One at a time on purpose: for two at once LAPACK starts threads, which on a busy machine costs a hundred times the
    solution of a system of this size.
    """

    def __init__(self, matrix: FloatArray) -> None:
        from scipy.linalg import lapack

        # LAPACK wants columns first: the transpose is that without a copy, and trans=1 undoes it.
        self._factors, self._pivots, self._failed = lapack.dgetrf(matrix.T, overwrite_a=1)

    def of(self, right: FloatArray) -> FloatArray | None:
        """Solution for one right-hand side; None when the matrix is singular."""
        from scipy.linalg import lapack

        if self._failed:
            return None
        solution: FloatArray = lapack.dgetrs(self._factors, self._pivots, right, trans=1)[0]
        return solution if np.isfinite(solution).all() else None

    @property
    def orientation(self) -> float:
        """Sign of the determinant."""
        swaps = np.count_nonzero(self._pivots != np.arange(len(self._pivots)))
        negative = np.count_nonzero(self._factors.diagonal() < 0.0)
        return -1.0 if (swaps + negative) % 2 else 1.0
