"""Linear programs with several objectives in order of rank, and one answer where many are best.

max c_1 . x, then c_2 . x among what is best for c_1, and so on, subject to A x <= b, E x = e, x >= 0. After each
program complementary slackness with its multipliers describes the face of best points exactly: variables with a
positive reduced cost stay zero, inequalities with a positive multiplier stay tight. What is still undetermined in the
end is settled by the smallest Euclidean norm, which is unique and favours no variable, so that relabelling changes
nothing: a least distance problem, solved as non-negative least squares (Lawson and Hanson 1974, chapter 23).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from bargain.games.record import FloatArray

FEASIBILITY = 1e-10
"""Tolerance handed to the simplex method; the programs of this package are scaled to a payoff range of one."""

POSITIVE = 1e-9
"""A multiplier or reduced cost above this is positive."""

LARGEST_EVEN = 600
"""Undetermined variables up to which ties are settled by the smallest norm."""


@dataclass(frozen=True)
class Optimum:
    """Best point of a linear program.

    point: ``(n_variables,)``; value: of the first objective; multipliers: ``(n_inequalities,)`` of the first objective,
    never negative; failure: why there is no answer, else "".
    """

    point: FloatArray
    value: float
    multipliers: FloatArray
    failure: str = ""


def best_point(
    objectives: Sequence[npt.ArrayLike],
    inequalities: Any,
    limits: npt.ArrayLike,
    *,
    equalities: Any = None,
    targets: npt.ArrayLike = (),
    even: bool = True,
    time_limit: float = math.inf,
) -> Optimum:
    """Maximise the objectives in order of rank subject to ``inequalities @ x <= limits`` and x >= 0.

    inequalities and equalities: dense or sparse, ``(n_rows, n_variables)``; even: whether remaining freedom is settled
    by the smallest norm. Infeasible and unbounded programs are told in ``failure``.
    """
    import scipy.sparse

    sparse: Any = scipy.sparse
    matrix = sparse.csr_array(np.atleast_2d(inequalities) if not sparse.issparse(inequalities) else inequalities)
    upper = np.asarray(limits, dtype=float)
    fixed_matrix = sparse.csr_array((0, matrix.shape[1])) if equalities is None else sparse.csr_array(equalities)
    fixed_value = np.asarray(targets, dtype=float)
    zero = np.zeros(matrix.shape[1], dtype=bool)
    tight = np.zeros(matrix.shape[0], dtype=bool)
    first: Optimum | None = None
    point = np.zeros(matrix.shape[1])
    for objective in objectives:
        found = _program(objective, matrix, upper, tight, fixed_matrix, fixed_value, zero, time_limit)
        if isinstance(found, str):
            if first is None:
                return Optimum(point, math.nan, np.zeros(len(upper)), failure=found)
            break  # The best point of the objectives so far stands.
        point, value, multipliers, reduced = found
        first = first or Optimum(point, value, multipliers)
        zero |= reduced > POSITIVE
        tight |= multipliers > POSITIVE
    assert first is not None, "there is at least one objective"
    if even:
        rows = sparse.vstack([fixed_matrix, matrix[tight]]).tocsc()
        loose = np.flatnonzero(~tight)
        settled = _most_even(point, rows, matrix[loose], upper[loose], zero)
        point = point if settled is None else settled
    return Optimum(point, first.value, first.multipliers)


def _program(
    objective: npt.ArrayLike,
    matrix: Any,
    upper: FloatArray,
    tight: npt.NDArray[np.bool_],
    fixed_matrix: Any,
    fixed_value: FloatArray,
    zero: npt.NDArray[np.bool_],
    time_limit: float,
) -> tuple[FloatArray, float, FloatArray, FloatArray] | str:
    """One program: point, value, multipliers of all inequalities, reduced costs; or why there is no answer."""
    import scipy.optimize
    import scipy.sparse

    sparse: Any = scipy.sparse  # Its stubs know fewer combinations of dense and sparse than the code takes.
    linprog: Any = scipy.optimize.linprog
    if time_limit <= 0.0:
        return "time limit reached"
    loose = ~tight
    options = {"primal_feasibility_tolerance": FEASIBILITY, "dual_feasibility_tolerance": FEASIBILITY}
    if time_limit < math.inf:
        options["time_limit"] = time_limit
    result = linprog(
        -np.asarray(objective, dtype=float),
        A_ub=matrix[np.flatnonzero(loose)] if loose.any() else None,
        b_ub=upper[loose] if loose.any() else None,
        A_eq=sparse.vstack([fixed_matrix, matrix[np.flatnonzero(tight)]]) if len(fixed_value) or tight.any() else None,
        b_eq=np.concatenate([fixed_value, upper[tight]]) if len(fixed_value) or tight.any() else None,
        bounds=np.column_stack([np.zeros(len(zero)), np.where(zero, 0.0, np.inf)]),
        method="highs-ds",
        options=options,
    )
    if result.status != 0:
        return {1: "time limit reached", 2: "infeasible", 3: "unbounded"}.get(result.status, str(result.message))
    multipliers = np.zeros(len(upper))
    if loose.any():
        multipliers[loose] = np.maximum(-result.ineqlin.marginals, 0.0)
    reduced = np.where(zero, 1.0, np.maximum(result.lower.marginals, 0.0))
    return np.maximum(result.x, 0.0), -float(result.fun), multipliers, reduced


def _most_even(
    point: FloatArray, rows: Any, inequalities: Any, limits: FloatArray, zero: npt.NDArray[np.bool_]
) -> FloatArray | None:
    """Point of smallest norm in the face around ``point`` that keeps ``rows @ x`` and the zeros; None if not found."""
    from scipy.optimize import nnls

    free = np.flatnonzero(~zero)
    if len(free) > LARGEST_EVEN:
        return None
    basis = _null_space(rows[:, free].toarray(), len(free))
    if basis.shape[1] == 0:
        return point
    # In coordinates z of the face, x = point + basis (z - basis' point): min |z| subject to gains @ z >= least.
    here = basis.T @ point[free]
    table = inequalities.tocsc()[:, free].toarray()
    gains = np.concatenate([-(table @ basis), basis])
    least = np.concatenate([inequalities @ point - limits, -point[free]]) + gains @ here
    moving = np.linalg.norm(gains, axis=1) > POSITIVE  # The other rows are constant on the face, up to rounding.
    gains, least = gains[moving], least[moving]
    try:
        weights, _ = nnls(np.concatenate([gains.T, least[None, :]]), np.append(np.zeros(basis.shape[1]), 1.0))
    except RuntimeError:
        return None
    active = weights > 0.0
    z = np.linalg.pinv(gains[active]) @ least[active] if active.any() else np.zeros(basis.shape[1])
    if np.any(gains @ z < least - FEASIBILITY):
        return None
    result = np.zeros(len(point))
    result[free] = np.maximum(point[free] + basis @ (z - here), 0.0)
    return result


def _null_space(rows: FloatArray, n: int) -> FloatArray:
    """Orthonormal columns that ``rows`` sends to zero."""
    if not len(rows):
        return np.eye(n)
    _, singular, right = np.linalg.svd(rows)
    rank = int(np.sum(singular > 1e-9 * max(singular[0], 1e-300))) if len(singular) else 0
    return np.asarray(right[rank:].T)
