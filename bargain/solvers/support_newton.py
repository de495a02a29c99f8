"""Newton's method on the indifference conditions of given supports: from a rough profile to an exact equilibrium.

All actions in the support of a player earn the same, probabilities sum to one, all others are zero. That is a square
polynomial system when the supports are those of a regular equilibrium (McKelvey and McLennan 1996, section 3). At
singular solutions (continua, ties) the least-squares step moves to the nearest solution.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from bargain.games.record import FloatArray
from bargain.solvers.logit_system import LogitSystem

BoolArray = npt.NDArray[np.bool_]

REGRET = 1e-11
"""Regret, as a share of the payoff range, at which a polished profile counts as an equilibrium."""


def support_equilibrium(system: LogitSystem, start: FloatArray, used: BoolArray) -> FloatArray | None:
    """Equilibrium with the actions ``used`` (mask ``(n,)``) in play, near the probabilities ``start`` ``(n,)``.

    None when Newton's method does not end in a profile without regret.
    """
    p = _on_support(system, start, used)
    if p is None:
        return None
    active = np.flatnonzero(used)
    for _ in range(12):
        if system.regret(p) <= 1e-15:
            break
        value, slopes = _indifference(system, p, used)
        change = np.linalg.lstsq(slopes[:, active], value, rcond=1e-11)[0]
        if not np.isfinite(change).all() or np.abs(change).max() > 1.0:
            return None
        p[active] -= change
        if np.abs(change).max() <= 1e-15:
            break
    if p.min() < -1e-9:
        return None
    p = _on_support(system, np.maximum(p, 0.0), used)
    return p if p is not None and system.regret(p) <= REGRET else None


def _on_support(system: LogitSystem, p: FloatArray, used: BoolArray) -> FloatArray | None:
    """Probabilities outside the support set to zero, each player's sum to one."""
    result = np.where(used, p, 0.0)
    for own in system.slices:
        total = float(result[own].sum())
        if total <= 0.0:
            return None
        result[own] /= total
    return result


def _indifference(system: LogitSystem, p: FloatArray, used: BoolArray) -> tuple[FloatArray, FloatArray]:
    """Payoff differences within supports and sums less one, with the derivatives; payoffs in ranges of each player."""
    u, slopes = system.payoffs(p)
    values: list[float] = []
    rows: list[FloatArray] = []
    for own, table in zip(system.slices, system.tables, strict=True):
        spread = float(table.max()) or 1.0
        indices = np.arange(own.start, own.stop)[used[own]]
        # The action played most is the yardstick: its payoff is known best.
        base = int(indices[np.argmax(p[indices])])
        for i in indices[indices != base]:
            values.append(float(u[i] - u[base]) / spread)
            rows.append((slopes[i] - slopes[base]) / spread)
        total = np.zeros(system.size)
        total[own] = 1.0
        values.append(float(p[own].sum()) - 1.0)
        rows.append(total)
    return np.array(values), np.stack(rows)


def candidate_supports(system: LogitSystem, p: FloatArray) -> Sequence[BoolArray]:
    """Masks of the actions played with at least 1e-1, 1e-2, ... 1e-6, without repetition, smallest supports first."""
    masks: list[BoolArray] = []
    for power in range(1, 7):
        mask = p > 10.0**-power
        for own in system.slices:
            mask[own.start + int(np.argmax(p[own]))] = True
        if not masks or not np.array_equal(mask, masks[-1]):
            masks.append(mask)
    return masks
