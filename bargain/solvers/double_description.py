"""Extreme rays of a cone {x >= 0, rows @ x >= 0} in exact integers, by the double description method.

Motzkin, Raiffa, Thompson and Thrall (1953); Fukuda and Prodon (1996). Start from the orthant, cut with one inequality
after the other; a cut keeps the rays that satisfy it and puts a new one on each two-dimensional face that it crosses.
Two rays span such a face when no third ray is tight wherever both are, which needs no rank and no perturbation.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

Rays = npt.NDArray[Any]
BoolArray = npt.NDArray[np.bool_]

BLOCK = 4_000_000
"""Entries of the largest intermediate table."""


class StoppedError(RuntimeError):
    """A limit was reached; the message says which."""


def extreme_rays(rows: Sequence[Rays], dimension: int, check: Callable[..., None]) -> tuple[Rays, str]:
    """Extreme rays as primitive integer vectors ``(n_rays, dimension)``, and why some are missing, else "".

    rows: integer vectors (dtype object); check: called with the number of rays and ``share`` done, raises
    ``StoppedError`` to end the run; then the rays known to be extreme are returned.
    """
    rays: Rays = np.array([[int(i == j) for j in range(dimension)] for i in range(dimension)], dtype=object)
    tight: BoolArray = ~np.eye(dimension, dtype=bool)
    for done, row in enumerate(rows):
        try:
            rays, tight = _cut(rays, tight, row, partial(check, share=done / len(rows)))
        except StoppedError as limit:
            for left in rows[done:]:  # An extreme ray of the larger cone that satisfies all rows is one of the smaller.
                rays = rays[_slack(rays, left) >= 0]
            return rays, str(limit)
    return rays, ""


def _cut(rays: Rays, tight: BoolArray, row: Rays, check: Callable[[int], None]) -> tuple[Rays, BoolArray]:
    slack = _slack(rays, row)
    signs = (slack > 0).astype(np.int8) - (slack < 0).astype(np.int8)
    kept = np.flatnonzero(signs >= 0)
    near, far = _faces(tight, np.flatnonzero(signs > 0), np.flatnonzero(signs < 0), rays.shape[1] - 2, check)
    check(len(kept) + len(near))
    crossing = slack[near, None] * rays[far] - slack[far, None] * rays[near]
    for ray in crossing:
        ray //= math.gcd(*ray)
    on_row = np.concatenate([signs[kept] == 0, np.ones(len(near), dtype=bool)])
    both = np.concatenate([tight[kept], tight[near] & tight[far]])
    return np.concatenate([rays[kept], crossing]), np.column_stack([both, on_row])


def _slack(rays: Rays, row: Rays) -> Rays:
    """``rays @ row``, without the many products that are zero."""
    used = np.flatnonzero(row)
    part = rays[:, used]
    slack: Rays = np.array([0] * len(rays), dtype=object)
    some = (part != 0).any(axis=1)
    slack[some] = part[some] @ row[used]
    return slack


def _faces(
    tight: BoolArray, inside: npt.NDArray[np.intp], outside: npt.NDArray[np.intp], least: int, check: Any
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Pairs (inside, outside) that span a two-dimensional face; it has at least ``least`` common tight rows."""
    table = tight.astype(np.float32)
    near: list[int] = []
    far: list[int] = []
    step = max(1, BLOCK // max(len(tight), 1))
    for i in inside:
        check(len(tight))
        ends = outside[table[outside] @ table[i] >= least]
        for start in range(0, len(ends), step):
            part = ends[start : start + step]
            common = (tight[part] & tight[i]).astype(np.float32)
            alone = np.sum(common @ table.T == common.sum(axis=1, keepdims=True), axis=1) == 2
            near += [int(i)] * int(alone.sum())
            far += [int(j) for j in part[alone]]
    return np.array(near, dtype=np.intp), np.array(far, dtype=np.intp)
