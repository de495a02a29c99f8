"""All isolated complex roots of indifference systems of one shape, by a linear-product homotopy, many systems at once.

With m_i actions in the support of player i, the m_i - 1 payoff differences f_ia of player i are linear in each other
player's probabilities p_j and do not depend on p_i. The start system replaces every f_ia by a product of random linear
forms, one in each p_j, j != i. Its roots are known: choose one factor of each product so that every player j gets
m_j - 1 forms, which fix p_j. There are as many choices as a generic system of that shape has roots (McKelvey and
McLennan 1997; Morgan and Sommese 1987), and following them from the start to the target system,

    H(p, t) = (1 - t) gamma g(p) + t f(p) = 0,

leads to all isolated roots with probability one over the random numbers. The p_j are projective, held on a random
complex patch c_j . p_j = 1, so that roots at infinity (probabilities that sum to zero) are ordinary end points.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import comb
from typing import Any

import numpy as np
import numpy.typing as npt

from bargain.games.record import FloatArray
from bargain.solvers.watch import current_watch

ComplexArray = npt.NDArray[np.complex128]
BoolArray = npt.NDArray[np.bool_]

SEED = 20
FIRST_STEP, SHORTEST_STEP, MAX_ROUNDS = 0.05, 1e-8, 600
NEWTON_LIMIT = 1e-3
"""Longest first Newton correction, relative to the point, of an accepted step."""

SINGULAR = 1e-10
"""Ratio of the smallest to the largest singular value of the Jacobian below which a root is not isolated for sure."""

SAME_ROOT = 1e-8
"""Roots closer than this, relative to their size, are one."""

AT_INFINITY = 1e-6
"""A root whose probabilities sum to less than this share of their size lies at infinity."""


@dataclass(frozen=True, eq=False)
class Roots:
    """End points of all paths: probabilities ``(n_systems, n_paths, sum m)`` that sum to one per player, complex.

    finite: ``(n_systems, n_paths)``, converged to a root that is not at infinity; doubtful: ``(n_systems,)``, a path
    was lost, ended at a root that may not be isolated, or at the root of another path; complete: False when
    time ran out.
    """

    probabilities: ComplexArray
    finite: BoolArray
    doubtful: BoolArray
    complete: bool = True


def assignments(sizes: Sequence[int]) -> list[tuple[int, ...]]:
    """Ways to give each equation (player by player) to another player so that player j gets ``sizes[j] - 1``."""
    owners = [i for i, size in enumerate(sizes) for _ in range(size - 1)]

    def extended(place: int, left: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
        if place == len(owners):
            yield ()
            return
        for j, room in enumerate(left):
            if room and j != owners[place]:
                rest = (*left[:j], room - 1, *left[j + 1 :])
                for tail in extended(place + 1, rest):
                    yield (j, *tail)

    return list(extended(0, tuple(size - 1 for size in sizes)))


@functools.cache
def n_roots(sizes: tuple[int, ...]) -> int:
    """Number of roots of a generic system of that shape, without listing them."""
    counts = {tuple(size - 1 for size in sizes): 1}
    for i, size in enumerate(sizes):
        # Give the size - 1 equations of player i to the other players: how many to each, in which ways.
        others = [j for j in range(len(sizes)) if j != i]
        updated: dict[tuple[int, ...], int] = {}
        for left, ways in counts.items():
            for gift in itertools.product(*(range(left[j] + 1) for j in others)):
                if sum(gift) != size - 1:
                    continue
                remaining, factor, open_ = list(left), 1, size - 1
                for j, n in zip(others, gift, strict=True):
                    remaining[j] -= n
                    factor *= comb(open_, n)
                    open_ -= n
                updated[tuple(remaining)] = updated.get(tuple(remaining), 0) + ways * factor
        counts = updated
    return counts.get((0,) * len(sizes), 0)


class _Systems:
    """Target and start systems of one shape; points are ``(n_points, sum m)``, each of one of the systems."""

    def __init__(self, differences: Sequence[FloatArray], sizes: Sequence[int]) -> None:
        rng = np.random.default_rng(SEED)
        self.sizes, self.n_players, self.n = tuple(sizes), len(sizes), sum(sizes)
        self.differences = differences
        ends = np.cumsum(sizes)
        self.slices = [slice(int(end) - m, int(end)) for end, m in zip(ends, sizes, strict=True)]
        self.owners = [i for i, m in enumerate(sizes) for _ in range(m - 1)]
        self.forms = _random_complex(rng, (len(self.owners), self.n))
        self.patch = _random_complex(rng, (self.n,))
        self.gamma = np.exp(2j * np.pi * rng.random())

    def starts(self) -> ComplexArray:
        """Roots of the start system, ``(n_paths, sum m)``."""
        roots = []
        for chosen in assignments(self.sizes):
            root = np.empty(self.n, dtype=complex)
            for j, own in enumerate(self.slices):
                rows = [self.forms[e, own] for e, taker in enumerate(chosen) if taker == j]
                right = np.zeros(self.sizes[j], dtype=complex)
                right[-1] = 1.0
                root[own] = np.linalg.solve(np.array([*rows, self.patch[own]]), right)
            roots.append(root)
        return np.array(roots).reshape(-1, self.n)

    def target(self, p: ComplexArray, which: npt.NDArray[np.intp]) -> tuple[ComplexArray, ComplexArray]:
        """Values ``(n_points, n_equations)`` and Jacobians of the payoff differences."""
        count = len(self.owners)
        values = np.empty((len(p), count), dtype=complex)
        slopes = np.zeros((len(p), count, self.n), dtype=complex)
        row = 0
        for i, m in enumerate(self.sizes):
            if m == 1:
                continue
            others = [j for j in range(self.n_players) if j != i]
            for j in others:
                block: npt.NDArray[Any] = self.differences[i][which]
                for place in reversed(range(len(others))):
                    if others[place] != j:
                        axis = 2 + place
                        shape = [len(p)] + [1] * (block.ndim - 1)
                        shape[axis] = self.sizes[others[place]]
                        block = (block * p[:, self.slices[others[place]]].reshape(shape)).sum(axis=axis)
                slopes[:, row : row + m - 1, self.slices[j]] = block
            last = self.slices[others[-1]]
            values[:, row : row + m - 1] = (slopes[:, row : row + m - 1, last] * p[:, None, last]).sum(axis=2)
            row += m - 1
        return values, slopes

    def start(self, p: ComplexArray) -> tuple[ComplexArray, ComplexArray]:
        """Values and Jacobians of the products of linear forms."""
        factors = np.stack([p[:, own] @ self.forms[:, own].T for own in self.slices], axis=2)
        factors[:, np.arange(len(self.owners)), self.owners] = 1.0
        slopes = np.zeros((len(p), len(self.owners), self.n), dtype=complex)
        for j, own in enumerate(self.slices):
            rest = np.delete(factors, j, axis=2).prod(axis=2)
            mine = np.array([owner != j for owner in self.owners])
            slopes[:, :, own] = (rest * mine)[:, :, None] * self.forms[:, own]
        return factors.prod(axis=2), slopes

    def newton(
        self, p: ComplexArray, t: FloatArray, which: npt.NDArray[np.intp]
    ) -> tuple[ComplexArray, ComplexArray, ComplexArray]:
        """Jacobian of H with the patches, H, and its derivative in t."""
        f, f_slopes = self.target(p, which)
        g, g_slopes = self.start(p)
        count = len(self.owners)
        weight = (self.gamma * (1.0 - t))[:, None]
        jacobian = np.zeros((len(p), self.n, self.n), dtype=complex)
        jacobian[:, :count] = weight[:, :, None] * g_slopes + t[:, None, None] * f_slopes
        value = np.zeros((len(p), self.n), dtype=complex)
        value[:, :count] = weight * g + t[:, None] * f
        speed = np.zeros_like(value)
        speed[:, :count] = f - self.gamma * g
        for j, own in enumerate(self.slices):
            jacobian[:, count + j, own] = self.patch[own]
            value[:, count + j] = p[:, own] @ self.patch[own] - 1.0
        return jacobian, value, speed


def roots_of(differences: Sequence[FloatArray], sizes: Sequence[int]) -> Roots:
    """All isolated roots of many systems of one shape.

    differences: per player the payoff differences ``(n_systems, m_i - 1, *m of the others in order)``, of order one;
    sizes: the m. Stops when the current watch expires.
    """
    systems = _Systems(differences, sizes)
    starts = systems.starts()
    n_systems = next(len(d) for d in differences)
    which = np.repeat(np.arange(n_systems), len(starts))
    points, arrived, complete = _tracked(systems, np.tile(starts, (n_systems, 1)), which)
    return _classified(systems, points, arrived, which, n_systems, complete)


def _tracked(systems: _Systems, p: ComplexArray, which: npt.NDArray[np.intp]) -> tuple[ComplexArray, BoolArray, bool]:
    """End points of all paths and whether they arrived at t = 1; every path has its own step length."""
    watch = current_watch()
    t = np.zeros(len(p))
    step = np.full(len(p), FIRST_STEP)
    alive = np.ones(len(p), dtype=bool)
    for _ in range(MAX_ROUNDS):
        active = np.flatnonzero(alive & (t < 1.0))
        if not len(active):
            break
        if watch.expired():
            return p, t >= 1.0, False
        ahead = np.minimum(t[active] + step[active], 1.0)
        guess = _predicted(systems, p[active], t[active], ahead, which[active])
        corrected, good = _corrected(systems, guess, ahead, which[active])
        moved = active[good]
        p[moved], t[moved] = corrected[good], ahead[good]
        step[moved] = np.minimum(1.7 * step[moved], 0.2)
        step[active[~good]] *= 0.4
        alive[active] &= step[active] > SHORTEST_STEP
    return p, t >= 1.0, True


def _predicted(
    systems: _Systems, p: ComplexArray, t: FloatArray, ahead: FloatArray, which: npt.NDArray[np.intp]
) -> ComplexArray:
    """Heun's second-order step along the path."""
    length = (ahead - t)[:, None]
    first = _speed(systems, p, t, which)
    second = _speed(systems, p + length * first, ahead, which)
    return np.asarray(p + 0.5 * length * (first + second))


def _speed(systems: _Systems, p: ComplexArray, t: FloatArray, which: npt.NDArray[np.intp]) -> ComplexArray:
    jacobian, _, speed = systems.newton(p, t, which)
    return _solved(jacobian, -speed)


def _corrected(
    systems: _Systems, guess: ComplexArray, t: FloatArray, which: npt.NDArray[np.intp]
) -> tuple[ComplexArray, BoolArray]:
    """Two Newton steps at fixed t, and whether they shrink as they should near a root."""
    p = guess
    lengths = []
    for _ in range(2):
        jacobian, value, _ = systems.newton(p, t, which)
        change = _solved(jacobian, value)
        p = p - change
        lengths.append(np.linalg.norm(change, axis=1) / np.linalg.norm(p, axis=1))
    with np.errstate(invalid="ignore"):
        good = (lengths[0] < NEWTON_LIMIT * 10) & ((lengths[1] < 0.1 * lengths[0]) | (lengths[1] < 1e-12))
        return p, good & (lengths[1] < NEWTON_LIMIT) & np.isfinite(p).all(axis=1)


def _solved(matrices: ComplexArray, right: ComplexArray) -> ComplexArray:
    """Solutions of many linear systems; nan where the matrix is singular or not finite."""
    with np.errstate(all="ignore"):
        try:
            return np.asarray(np.linalg.solve(matrices, right[:, :, None])[:, :, 0])
        except np.linalg.LinAlgError:
            result = np.full(right.shape, np.nan, dtype=complex)
            for k, (matrix, b) in enumerate(zip(matrices, right, strict=True)):
                try:
                    result[k] = np.linalg.solve(matrix, b)
                except np.linalg.LinAlgError:
                    continue
            return result


def _classified(
    systems: _Systems,
    points: ComplexArray,
    arrived: BoolArray,
    which: npt.NDArray[np.intp],
    n_systems: int,
    complete: bool,
) -> Roots:
    """Normalise end points to sums of one and say which are finite, which doubtful."""
    points = np.where(np.isfinite(points), points, 0.0)
    jacobian, _, _ = systems.newton(points, np.ones(len(points)), which)
    singular_values = np.linalg.svd(jacobian, compute_uv=False)
    regular = singular_values[:, -1] > SINGULAR * singular_values[:, 0]
    finite = arrived.copy()
    for own in systems.slices:
        total = points[:, own].sum(axis=1)
        size = np.linalg.norm(points[:, own], axis=1)
        finite &= np.abs(total) > AT_INFINITY * size
        points[:, own] /= np.where(np.abs(total) > 0.0, total, 1.0)[:, None]
    # A curve of roots may reach from infinity to finite ones, so an end at infinity that is not isolated counts too.
    doubtful: BoolArray = np.any((~regular | ~arrived).reshape(n_systems, -1), axis=1)
    points, finite = points.reshape(n_systems, -1, systems.n), finite.reshape(n_systems, -1)
    for k in range(n_systems):
        # Two paths at one isolated root: one of them has jumped, and its own root is missing.
        ends = points[k][finite[k]]
        apart = np.abs(ends[:, None] - ends).max(axis=2) + np.eye(len(ends))
        doubtful[k] |= bool((apart < SAME_ROOT * (1.0 + np.abs(ends).max(initial=0.0))).any())
    return Roots(points, finite, doubtful, complete)


def _random_complex(rng: np.random.Generator, shape: tuple[int, ...]) -> ComplexArray:
    """Random numbers on the unit circle."""
    return np.asarray(np.exp(2j * np.pi * rng.random(shape)))
