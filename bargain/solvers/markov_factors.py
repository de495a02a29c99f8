"""Triangular factors of square matrices, by LAPACK for small or full ones, by SuperLU for large ones with many zeros.

LAPACK starts threads from about 200 rows on, or for two right-hand sides, which on a busy machine costs a hundred times
the solution of a system of this size; SuperLU (Li 2005) does not, and uses zeros where there are some. Where there are
few it must not be used: it overruns its memory on full matrices of some thousand rows.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from bargain.games.record import FloatArray

DENSE_ROWS = 150
"""Up to this number of rows a matrix is factorised by LAPACK."""

FULL = 0.1
"""Share of entries other than zero from which a matrix is factorised by LAPACK whatever its size."""


class Factors:
    """Factors of a matrix; ``failed`` when it is singular."""

    def __init__(self, matrix: FloatArray) -> None:
        self.failed = False
        self._sparse: Any = None
        if len(matrix) <= DENSE_ROWS or np.count_nonzero(matrix) > FULL * matrix.size:
            from scipy.linalg import lapack

            # LAPACK wants columns first: the transpose is that without a copy, and trans=1 undoes it.
            self._dense, self._pivots, info = lapack.dgetrf(np.ascontiguousarray(matrix).T, overwrite_a=0)
            self.failed = bool(info)
            return
        from scipy.sparse import csc_array
        from scipy.sparse.linalg import splu

        try:
            self._sparse = splu(csc_array(matrix))
        except RuntimeError:
            self.failed = True

    def solve(self, right: FloatArray) -> FloatArray:
        """Solution for the columns of ``right``, NaN when the matrix is singular."""
        if self.failed:
            return np.full(right.shape, np.nan)
        if self._sparse is not None:
            return np.asarray(self._sparse.solve(np.ascontiguousarray(right)))
        from scipy.linalg import lapack

        # One column at a time: LAPACK starts threads for two, however small the matrix.
        columns = right.reshape(len(right), -1).T
        solved = [lapack.dgetrs(self._dense, self._pivots, column, trans=1)[0] for column in columns]
        return np.stack(solved, axis=1).reshape(right.shape) if len(solved) else np.zeros(right.shape)

    @property
    def orientation(self) -> float:
        """Sign of the determinant, 0 when the matrix is singular."""
        if self.failed:
            return 0.0
        if self._sparse is None:
            swaps = int(np.count_nonzero(self._pivots != np.arange(len(self._pivots))))
            return _sign(self._dense.diagonal(), swaps)
        swaps = _swaps(self._sparse.perm_r) + _swaps(self._sparse.perm_c)
        return _sign(self._sparse.U.diagonal(), swaps)


def _sign(diagonal: FloatArray, swaps: int) -> float:
    return -1.0 if (swaps + int(np.count_nonzero(diagonal < 0.0))) % 2 else 1.0


def _swaps(permutation: Any) -> int:
    """Number of transpositions that make up a permutation: its length less its cycles."""
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import connected_components

    n = len(permutation)
    graph = csr_array((np.ones(n), (np.arange(n), permutation)), shape=(n, n))
    return n - int(connected_components(graph, directed=False)[0])
