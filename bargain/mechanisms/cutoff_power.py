"""Power to cut off, by the share of supply that is controlled (Clayton, Maggiori and Schreger 2024).

A user buys an input from several sources, a CES bundle with the elasticity 1 + e between them, e > 0; the controlled
share of its spending is w. When the controlled sources are withheld and the others sell at unchanged prices, the price
index of the bundle rises by the factor (the gain from a variety lost, Feenstra 1994)

    P = (1 - w)^(-1 / e),

and unit costs of the user, a CES of the bundle (cost share a) with everything else at the elasticity s, by

    c = [a P^(1 - s) + 1 - a]^(1 / (1 - s)),          c = (1 - w)^(-a / e)   at s = 1.

Power is the share of the user's value added that is lost, 1 - 1 / c: what it would pay to be supplied. With s = 1 its
log is (a / e) ln(1 / (1 - w)), the form of Clayton, Maggiori and Schreger: convex in w and without bound as w goes to
1, so that the last percent of the market counts more than the first half, joint control is worth more than the
sum of its parts, and a little supply elsewhere takes most of the power away. With s < 1, inputs that are needed, more
so: all is lost at w = 1.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]


def price_rise(share: npt.ArrayLike, source_elasticity: npt.ArrayLike) -> FloatArray:
    """Factor by which the bundle's price index rises when a controlled share is withheld; infinite at share 1.

    share: of the user's spending, in [0, 1]; source_elasticity: e > 0, between sources less 1, which is the trade
    elasticity where the sources are countries. All broadcast.
    """
    w, e = np.asarray(share, dtype=np.float64), np.asarray(source_elasticity, dtype=np.float64)
    _check("share", w, (w >= 0.0) & (w <= 1.0), "a share in [0, 1]")
    _check("source_elasticity", e, (e > 0.0) & np.isfinite(e), "finite and > 0")
    with np.errstate(divide="ignore"):
        return np.asarray(np.exp(-np.log1p(-w) / e))


def cutoff_power(
    share: npt.ArrayLike, cost_share: npt.ArrayLike, source_elasticity: npt.ArrayLike, elasticity: npt.ArrayLike = 1.0
) -> FloatArray:
    """Share of the user's value added that is lost when the controlled share of an input is withheld, in [0, 1].

    cost_share: of the bundle, in (0, 1); elasticity: s >= 0 between the bundle and everything else, 1 is Cobb-Douglas.
    All broadcast.
    """
    a, s = np.asarray(cost_share, dtype=np.float64), np.asarray(elasticity, dtype=np.float64)
    _check("cost_share", a, (a > 0.0) & (a < 1.0), "in (0, 1)")
    _check("elasticity", s, (s >= 0.0) & np.isfinite(s), "finite and >= 0")
    log_rise = np.log(price_rise(share, source_elasticity))
    power = 1.0 - s
    safe = np.where(np.abs(power) < 1e-9, 1.0, power)
    # What overflows is a cost without bound: all is lost.
    with np.errstate(over="ignore"):
        nested = np.log1p(a * np.expm1(safe * log_rise)) / safe
        log_cost = np.where(np.abs(power) < 1e-9, a * log_rise, nested)
    return np.asarray(-np.expm1(-log_cost))


def share_for_power(
    power: npt.ArrayLike, cost_share: npt.ArrayLike, source_elasticity: npt.ArrayLike, elasticity: npt.ArrayLike = 1.0
) -> FloatArray:
    """The controlled share at which ``cutoff_power`` reaches ``power``, in [0, 1); NaN where no share does.

    In closed form: c = 1 / (1 - power), P = [(c^(1 - s) - 1 + a) / a]^(1 / (1 - s)), w = 1 - P^(-e).
    """
    v, a, e, s = np.broadcast_arrays(
        *(np.asarray(x, dtype=np.float64) for x in (power, cost_share, source_elasticity, elasticity))
    )
    _check("power", v, (v >= 0.0) & (v < 1.0), "in [0, 1)")
    log_cost, gap = -np.log1p(-v), 1.0 - s
    safe = np.where(np.abs(gap) < 1e-9, 1.0, gap)
    with np.errstate(divide="ignore", invalid="ignore"):
        nested = np.log1p(np.expm1(safe * log_cost) / a) / safe
        log_rise = np.where(np.abs(gap) < 1e-9, log_cost / a, nested)
        share = -np.expm1(-e * log_rise)
    return np.asarray(np.where(np.isfinite(log_rise), share, np.nan))


def _check(name: str, array: FloatArray, fits: npt.NDArray[np.bool_], rule: str) -> None:
    if not np.all(fits):
        raise ValueError(f"{name} = {array[~fits].flat[0]:g} is not {rule}")
