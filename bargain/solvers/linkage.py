"""Issue linkage: one deal over several issues, broken as a whole when anybody cheats on any of them.

A player who gains g once from cheating and loses the benefit b of the deal in all later rounds keeps to it exactly when
g <= delta / (1 - delta) b, so from the discount factor g / (g + b) on. Linked issues pool gains and benefits: slack on
one issue holds up another (Bernheim and Whinston 1990). With additive payoffs the linked deal therefore needs no more
patience than the most demanding single one. It is not true in general that a linked deal holds because both single ones
do: where cheating on both at once gains more than the sum (``joint_gains``), the linked deal can fail while each single
one holds.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bargain.games.record import ArrayRecord, FloatArray, finite_array


@dataclass(frozen=True, eq=False)
class LinkageDiscount(ArrayRecord):
    """Smallest discount factors that sustain deals under reversion for ever; 1 where none below 1 does.

    by_issue: ``(n_issues,)``, each issue on its own; separate: the largest of them; linked: all issues in one deal.
    """

    by_issue: FloatArray
    separate: float
    linked: float


def linkage_critical_discount(
    gains: npt.ArrayLike, benefits: npt.ArrayLike, joint_gains: npt.ArrayLike | None = None
) -> LinkageDiscount:
    """Critical discount factors of separate deals and of the linked one.

    gains: one-round gain from cheating, >= 0, ``(n_issues,)`` or ``(n_players, n_issues)``; benefits: per-round benefit
    of the deal over its breakdown, same shape, may be negative; joint_gains: gain from cheating on all issues at once,
    per player, their sum by default. Raises ValueError for other shapes and negative gains.
    """
    gain, benefit = np.atleast_2d(finite_array(gains, "gains")), np.atleast_2d(finite_array(benefits, "benefits"))
    if gain.ndim != 2 or gain.shape != benefit.shape or gain.size == 0:
        raise ValueError(f"gains {gain.shape} and benefits {benefit.shape} are not (n_players, n_issues) both")
    if gain.min() < 0.0:
        raise ValueError(f"gains: {gain.min():g} is negative; who loses by cheating has a gain of 0")
    joint = gain.sum(axis=1)
    if joint_gains is not None:
        joint = np.atleast_1d(finite_array(joint_gains, "joint_gains"))
        if joint.shape != (len(gain),):
            raise ValueError(f"joint_gains of shape {joint.shape} is not one gain for each of {len(gain)} players")
    # Cheating on one issue only is open to everybody in a linked deal too.
    worst = np.maximum(joint, gain.max(axis=1))
    by_issue = _critical(gain, benefit).max(axis=0)
    by_issue.setflags(write=False)
    return LinkageDiscount(by_issue, float(by_issue.max()), float(_critical(worst, benefit.sum(axis=1)).max()))


def _critical(gain: FloatArray, benefit: FloatArray) -> FloatArray:
    """g / (g + b) where the deal is worth something, 0 without temptation or loss, else 1."""
    total = gain + benefit
    share = np.divide(gain, total, out=np.ones_like(gain), where=benefit > 0.0)
    return np.where((gain == 0.0) & (benefit >= 0.0), 0.0, share)
