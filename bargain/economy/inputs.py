"""What it costs when a critical input runs short: a nested CES, stocks that bridge the gap, and the exporter's side.

A user buys a share ``d`` of its normal use of an input from the exporter. A share ``delivered`` of these purchases
still arrives and ``diverted`` reaches the user by detours, so the gap is

    gap = d max(0, 1 - delivered - diverted)                                     (share of normal use)

Stocks cover the gap in full until they are empty, then the gap bites in full: over a round of ``R`` months, ``s``
months of stock cover the share min(1, s / (gap R)) of the round. While the gap bites, supply is M = 1 - gap relative
to normal. Supplies of several inputs of one industry are bundled in an inner CES (they are complements: a magnet
needs its light and its heavy elements), and the bundle enters the output of the exposed industries in an outer CES
with cost share ``a`` and elasticity ``s`` (Arrow, Chenery, Minhas and Solow 1961; Baqaee and Farhi 2019 for why
losses of a small input are not small when s < 1):

    Q = [a M^((s-1)/s) + 1 - a]^(s/(s-1)),      loss = v (1 - Q)                  (percent of GDP a year)

with v the weight of the exposed industries in GDP (percent). The elasticity is not assumed: it is solved from a
published loss. Everything broadcasts: arguments may be numbers or arrays of any mutually broadcastable shapes. Where
the first axis holds the inputs, (n_inputs, ...), only the axes behind it broadcast.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize.elementwise import find_root

from bargain.economy.arrays import FloatArray, finite_array

LOG_ELASTICITY_BRACKET = (np.log(1e-9), np.log(1e4))


def ces_output(supply: ArrayLike, cost_share: ArrayLike, elasticity: ArrayLike) -> FloatArray:
    """Output Q relative to normal when one bundle of inputs is at ``supply`` and all else is normal.

    supply (...), relative to normal, >= 0; cost_share (...) in (0, 1); elasticity (...) >= 0, where 0 is the Leontief
    limit min(M, 1) and 1 is Cobb-Douglas M^a. Computed in logs, so that elasticities of a few hundredths do not
    overflow.
    """
    supply, cost_share, elasticity = np.broadcast_arrays(
        finite_array("supply", supply, 0.0),
        finite_array("cost_share", cost_share, 0.0, 1.0),
        finite_array("elasticity", elasticity, 0.0),
    )
    return ces_bundle(np.stack([supply, np.ones_like(supply)]), np.stack([cost_share, 1 - cost_share]), elasticity)


def ces_bundle(supplies: ArrayLike, shares: ArrayLike, elasticity: ArrayLike) -> FloatArray:
    """Bundle of inputs, relative to normal: [sum_g b_g M_g^((r-1)/r)]^(r/(r-1)).

    supplies (n_inputs, ...), shares (n_inputs, ...) >= 0 that sum to 1 over the first axis, elasticity r (...) >= 0.
    With all supplies equal the bundle equals them, whatever r: a published loss of a uniform cut does not depend on
    the inner nest.
    """
    shares = finite_array("shares", shares, 0.0, 1.0)
    supplies = finite_array("supplies", supplies, 0.0)
    elasticity = finite_array("elasticity", elasticity, 0.0)
    supplies, shares = _by_input(elasticity.ndim, supplies=supplies, shares=shares)
    off = np.abs(shares.sum(axis=0) - 1)
    if np.any(off > 1e-9):
        raise ValueError(f"shares sum to {shares.sum(axis=0).flat[off.argmax()]:g} over the inputs; the rule is 1")
    shape = np.broadcast_shapes(supplies.shape[1:], shares.shape[1:], elasticity.shape)
    leontief, cobb_douglas = elasticity < 1e-12, np.abs(elasticity - 1) < 1e-9
    used = shares > 0
    safe = np.where(leontief | cobb_douglas, 0.5, elasticity)
    power = (safe - 1) / safe
    with np.errstate(divide="ignore", invalid="ignore"):
        log_supply, log_share = np.log(supplies), np.log(shares)
        terms = np.where(used, log_share + power * log_supply, -np.inf)
        peak = terms.max(axis=0)
        log_sum = np.where(np.isinf(peak), peak, peak + np.log(np.exp(terms - peak).sum(axis=0)))
        general = np.exp(log_sum / power)
        geometric = np.exp(np.where(used, shares * log_supply, 0.0).sum(axis=0))
    smallest = np.where(used, supplies, np.inf).min(axis=0)
    bundle = np.where(leontief, smallest, np.where(cobb_douglas, geometric, general))
    return np.asarray(np.broadcast_to(bundle, shape), dtype=np.float64)


def _by_input(rest_ndim: int, **arrays: FloatArray) -> tuple[FloatArray, ...]:
    """Arrays (n_inputs, ...) with as many axes behind the first as the largest, or ``rest_ndim``, so that inputs meet
    inputs."""
    lengths = {name: array.shape[0] if array.ndim else 0 for name, array in arrays.items()}
    if min(lengths.values()) < 1 or len(set(lengths.values())) > 1:
        counts = ", ".join(f"{name} {length}" for name, length in lengths.items())
        raise ValueError(f"the first axis must hold the same inputs, at least one; its lengths are {counts}")
    ndim = max(rest_ndim, *(array.ndim - 1 for array in arrays.values()))
    return tuple(
        array.reshape(len(array), *(1,) * (ndim + 1 - array.ndim), *array.shape[1:]) for array in arrays.values()
    )


def shortage_loss(
    supply: ArrayLike, exposure: ArrayLike, cost_share: ArrayLike, elasticity: ArrayLike, *, leontief: bool = False
) -> FloatArray:
    """GDP loss v (1 - Q) in percent of GDP a year while supply is short; ``leontief`` gives the upper bound v (1 -
    min(M, 1)).

    exposure v (...) in percent of GDP; for the other arguments see ``ces_output``.
    """
    output = ces_output(supply, cost_share, np.zeros(()) if leontief else elasticity)
    return np.asarray(finite_array("exposure", exposure, 0.0) * (1 - output))


def elasticity_from_loss(
    loss: ArrayLike, exposure: ArrayLike, cost_share: ArrayLike, cut: ArrayLike = 0.8, *, saturate: bool = False
) -> FloatArray:
    """Elasticity s at which a cut of supply by ``cut`` costs ``loss`` (both loss and exposure in percent of GDP).

    A loss can only lie between v (1 - Q) at very high elasticity and the Leontief bound v cut. Outside, ValueError;
    with ``saturate`` the nearest end instead (0 is Leontief), which is what draws from wide ranges want.
    """
    loss, exposure = finite_array("loss", loss, 0.0), finite_array("exposure", exposure, 0.0)
    cost_share, cut = finite_array("cost_share", cost_share, 0.0, 1.0), finite_array("cut", cut, 0.0, 1.0)
    loss, exposure, cost_share, cut = np.broadcast_arrays(loss, exposure, cost_share, cut)
    low, high = LOG_ELASTICITY_BRACKET
    most = exposure * cut
    least = shortage_loss(1 - cut, exposure, cost_share, np.full(loss.shape, np.exp(high)))
    if not saturate and np.any((loss > most) | (loss < least)):
        worst = np.argmax(np.maximum(loss - most, least - loss))
        raise ValueError(
            f"loss = {loss.flat[worst]:g} percent of GDP cannot come from a cut of {cut.flat[worst]:g} in industries "
            f"of weight {exposure.flat[worst]:g} percent of GDP: the rule is a loss in "
            f"[{least.flat[worst]:.4g}, {most.flat[worst]:.4g}]"
        )
    rigid = loss >= shortage_loss(1 - cut, exposure, cost_share, np.full(loss.shape, np.exp(low)))
    inside = np.where(rigid | (loss < least), (most + least) / 2, loss)
    root = find_root(
        _excess_loss,
        (float(low), float(high)),
        args=(inside, exposure, cost_share, 1 - cut),
        tolerances={"xatol": 1e-14, "xrtol": 1e-15, "fatol": 0.0},
    )
    elasticity = np.where(loss < least, np.exp(high), np.exp(root.x))
    return np.where(rigid, 0.0, elasticity)


def _excess_loss(log_elasticity: Any, loss: Any, exposure: Any, cost_share: Any, supply: Any) -> FloatArray:
    return np.asarray(shortage_loss(supply, exposure, cost_share, np.exp(log_elasticity)) - loss)


def supply_gap(dependence: ArrayLike, delivered: ArrayLike, diverted: ArrayLike = 0.0) -> FloatArray:
    """Share of normal use that is missing: d max(0, 1 - delivered - diverted), all shares in [0, 1]."""
    dependence, delivered = (
        finite_array("dependence", dependence, 0.0, 1.0),
        finite_array("delivered", delivered, 0.0, 1.0),
    )
    return np.asarray(dependence * np.maximum(0.0, 1 - delivered - finite_array("diverted", diverted, 0.0, 1.0)))


def covered_share(gap: ArrayLike, stock_months: ArrayLike, round_months: ArrayLike) -> FloatArray:
    """Share of a round during which ``stock_months`` of normal use bridge ``gap``: min(1, stock / (gap round)); 1
    where there is no gap."""
    gap, stock = np.broadcast_arrays(
        finite_array("gap", gap, 0.0, 1.0), finite_array("stock_months", stock_months, 0.0)
    )
    need = gap * finite_array("round_months", round_months, 0.0)
    return np.asarray(np.divide(stock, need, out=np.ones_like(need), where=stock < need))


def pooled_stock(civil_months: ArrayLike, military_months: ArrayLike, military_share: ArrayLike) -> FloatArray:
    """One stock for both tracks, in months of total normal use; military_share in [0, 1] is the military part of that
    use."""
    weight = finite_array("military_share", military_share, 0.0, 1.0)
    civil, military = (
        finite_array("civil_months", civil_months, 0.0),
        finite_array("military_months", military_months, 0.0),
    )
    return np.asarray((1 - weight) * civil + weight * military)


def round_shortage_loss(
    gaps: ArrayLike,
    covered: ArrayLike,
    input_shares: ArrayLike,
    input_elasticity: ArrayLike,
    exposure: ArrayLike,
    cost_share: ArrayLike,
    elasticity: ArrayLike,
    *,
    leontief: bool = False,
) -> FloatArray:
    """Mean GDP loss over a round (percent of GDP a year) when several inputs of one industry run short at different
    times.

    gaps (n_inputs, ...) and covered (n_inputs, ...), the share of the round each stock bridges; input_shares
    (n_inputs, ...) weights of the inner nest. The integral over the round is exact: between the moments at which
    stocks run out the loss is constant.
    """
    gaps, covered = finite_array("gaps", gaps, 0.0, 1.0), finite_array("covered", covered, 0.0, 1.0)
    gaps, covered = np.broadcast_arrays(*_by_input(0, gaps=gaps, covered=covered))
    starts = np.sort(covered, axis=0)
    ends = np.concatenate([starts[1:], np.ones((1, *starts.shape[1:]))])
    total: FloatArray = np.zeros(())
    for start, end in zip(starts, ends, strict=True):
        supplies = np.where(covered <= start, 1 - gaps, 1.0)
        bundle = ces_bundle(supplies, input_shares, np.zeros(()) if leontief else input_elasticity)
        total = total + (end - start) * shortage_loss(bundle, exposure, cost_share, elasticity, leontief=leontief)
    return np.asarray(total)


def denial_loss(loss_per_unit: ArrayLike, gap: ArrayLike, covered: ArrayLike) -> FloatArray:
    """What a denied military (or compute) track costs its user: loss_per_unit times the gap that no stock covers,
    percent of GDP a year."""
    gap, covered = finite_array("gap", gap, 0.0, 1.0), finite_array("covered", covered, 0.0, 1.0)
    return np.asarray(finite_array("loss_per_unit", loss_per_unit, 0.0) * gap * (1 - covered))


def denial_gain(
    value_per_unit: ArrayLike, gap: ArrayLike, covered: ArrayLike, covered_fraction: ArrayLike
) -> FloatArray:
    """Security value of denial to the exporter: full on the gap that bites, ``covered_fraction`` of it on a gap that
    stocks still cover."""
    gap, covered = finite_array("gap", gap, 0.0, 1.0), finite_array("covered", covered, 0.0, 1.0)
    fraction = finite_array("covered_fraction", covered_fraction, 0.0, 1.0)
    return np.asarray(finite_array("value_per_unit", value_per_unit, 0.0) * gap * (1 - covered + fraction * covered))


def forgone_rent(withheld: ArrayLike, purchases: ArrayLike, rent_share: ArrayLike, net_price: ArrayLike) -> FloatArray:
    """Exporter's rent lost on sales withheld, in the unit of ``purchases`` (percent of the exporter's GDP when
    divided by it).

    withheld (...) share of normal sales; rent_share (...) of the normal price that is income above the next best use;
    net_price (...) what the exporter keeps of the price, relative to normal. Rent per unit is max(0, net_price - (1 -
    rent_share)): a sale that no longer covers its cost is not missed.
    """
    withheld, share = finite_array("withheld", withheld, 0.0, 1.0), finite_array("rent_share", rent_share, 0.0, 1.0)
    rent = np.maximum(0.0, finite_array("net_price", net_price, 0.0) - (1 - share))
    return np.asarray(withheld * rent * finite_array("purchases", purchases, 0.0))
