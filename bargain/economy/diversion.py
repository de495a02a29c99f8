"""Re-export through third countries: how much of a withheld input still reaches its user, given tracing and penalties.

A re-exporter earns a price margin on what is not traced and pays a penalty on what is; its cost of hiding grows with
the square of the share x it moves (the enforcement model of Becker 1968 with convex concealment costs):

    max_x  x ((1 - T) margin - T penalty) - kappa x^2 / 2   =>   x = clip(((1 - T) margin - T penalty) / kappa, 0, cap)

It is zero for T >= margin / (margin + penalty). Margin, penalty and kappa are in units of the normal price.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from bargain.economy.arrays import FloatArray, finite_array


def reexport_share(
    tracing: ArrayLike, margin: ArrayLike, penalty: ArrayLike, concealment_cost: ArrayLike, cap: ArrayLike
) -> FloatArray:
    """Share of the user's normal purchases that is moved round the control, in [0, cap]; all arguments broadcast.

    tracing T in [0, 1] share of flows that is traced; margin, penalty >= 0 per unit of normal price; concealment_cost
    kappa > 0.
    """
    kappa = finite_array("concealment_cost", concealment_cost, 0.0)
    if np.any(kappa <= 0):
        raise ValueError("concealment_cost = 0 is not positive")
    return np.asarray(np.clip(unit_profit(tracing, margin, penalty) / kappa, 0.0, finite_array("cap", cap, 0.0, 1.0)))


def unit_profit(tracing: ArrayLike, margin: ArrayLike, penalty: ArrayLike) -> FloatArray:
    """Expected profit of the first unit re-exported, (1 - T) margin - T penalty, in units of the normal price."""
    traced = finite_array("tracing", tracing, 0.0, 1.0)
    return np.asarray(
        (1 - traced) * finite_array("margin", margin, 0.0) - traced * finite_array("penalty", penalty, 0.0)
    )


def reexport_profit(
    share: ArrayLike, tracing: ArrayLike, margin: ArrayLike, penalty: ArrayLike, concealment_cost: ArrayLike
) -> FloatArray:
    """Profit of re-exporting ``share``, net of concealment, in normal prices times the user's normal purchases."""
    moved = finite_array("share", share, 0.0, 1.0)
    kappa = finite_array("concealment_cost", concealment_cost, 0.0)
    return np.asarray(moved * unit_profit(tracing, margin, penalty) - 0.5 * kappa * moved**2)


def licence_loss(share: ArrayLike, tracing: ArrayLike, cap: ArrayLike) -> FloatArray:
    """Expected share of its own licences that a re-exporter loses: the chance of being traced, T, times how far it
    goes, x / cap."""
    limit = finite_array("cap", cap, 0.0, 1.0)
    moved = finite_array("share", share, 0.0, 1.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        reach = np.where(limit > 0, moved / np.where(limit > 0, limit, 1.0), 0.0)
    return np.asarray(finite_array("tracing", tracing, 0.0, 1.0) * np.minimum(1.0, reach))
