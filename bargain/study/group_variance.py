"""How much of the variance of an answer rests on a group of inputs: pick and freeze (Saltelli 2010, Jansen 1999).

With two independent samples A and B of all inputs, and A_g the sample A with the inputs of group g taken from B,

    closed first-order part   S_g = 1 - E[(f(B) - f(A_g))^2] / (2 Var f),
    total part                T_g =     E[(f(A) - f(A_g))^2] / (2 Var f)

(Jansen 1999; Saltelli, Annoni, Azzini, Campolongo, Ratto and Tarantola 2010, table 2, rows c and f). S_g is what would
be gone if the group were known, T_g what would be left if all else were. Groups must be independent of each other;
inputs within a group need not be. Intervals are percentiles of a bootstrap over the rows. A row in which one of the
runs gave no number is left out and counted, never filled in.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from bargain.games.record import FloatArray
from bargain.standoff.scenario import Scenario

if TYPE_CHECKING:
    import pandas as pd

Draws = Mapping[str, FloatArray]

WEIGHTS = ("protection_weight", "protection_factor", "revenue_weight", "security_value", "bottleneck_rent")
"""Preference weights by the end of their key; the audience cost and its yardstick go with them."""

GROUPS = ("evidence", "assumed weights", "assumed, other")


def parameter_groups(scenario: Scenario) -> dict[str, tuple[str, ...]]:
    """Group -> keys: what rests on the evidence, assumed preference weights, and what else is assumed.

    Parameters without a range are in no group: nothing rests on them.
    """
    groups: dict[str, list[str]] = {name: [] for name in GROUPS}
    for key, parameter in scenario.parameters.items():
        if parameter.low == parameter.high:
            continue
        if parameter.confidence != "assumed":
            groups["evidence"].append(key)
        elif key.endswith(WEIGHTS) or "audience" in key:
            groups["assumed weights"].append(key)
        else:
            groups["assumed, other"].append(key)
    return {name: tuple(keys) for name, keys in groups.items()}


def swapped(first: Draws, second: Draws, keys: tuple[str, ...]) -> dict[str, FloatArray]:
    """The sample ``first`` with these keys taken from ``second``."""
    return {key: second[key] if key in keys else array for key, array in first.items()}


def variance_parts(
    first: FloatArray, second: FloatArray, mixed: Mapping[str, FloatArray], *, n_boot: int = 1000, seed: int = 0
) -> pd.DataFrame:
    """Closed first-order and total part of each group, with 95 % intervals.

    first, second: answers for the samples A and B ``(n,)``; mixed: group -> answers for A_g. Columns: group, effect
    ("first-order", "total"), part, low, high, n (rows used). All NaN where the answer does not vary.
    """
    import pandas as pd

    rng = np.random.default_rng(np.random.SeedSequence(seed))
    rows = []
    for group, swap in mixed.items():
        known = np.isfinite(first) & np.isfinite(second) & np.isfinite(swap)
        a, b, c = first[known], second[known], swap[known]
        n = len(a)
        picks = rng.integers(0, n, size=(n_boot, n)) if n else np.zeros((n_boot, 0), dtype=int)
        for effect, other in (("first-order", b), ("total", a)):
            part = _part(a, b, c, other, effect)
            again = _part(a[picks], b[picks], c[picks], other[picks], effect)
            ends = np.nanpercentile(again, [2.5, 97.5]) if np.isfinite(again).any() else (np.nan, np.nan)
            rows.append(
                {"group": group, "effect": effect, "part": float(part), "low": ends[0], "high": ends[1], "n": n}
            )
    return pd.DataFrame(rows)


def _part(a: FloatArray, b: FloatArray, mixed: FloatArray, other: FloatArray, effect: str) -> FloatArray:
    """Jansen's estimators along the last axis; NaN where nothing varies."""
    if a.shape[-1] < 2:
        return np.full(a.shape[:-1], np.nan)
    pooled = np.concatenate([a, b], axis=-1)
    variance = pooled.var(axis=-1)
    # What varies by rounding alone does not vary.
    varies = variance > (1e-9 * np.abs(pooled).max(axis=-1)) ** 2
    gap = ((other - mixed) ** 2).mean(axis=-1) / 2.0
    share = np.divide(gap, variance, out=np.full(np.shape(gap), np.nan), where=varies)
    return np.asarray(1.0 - share if effect == "first-order" else share)
