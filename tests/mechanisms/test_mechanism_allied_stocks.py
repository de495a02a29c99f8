"""Allied stocks: closed forms, best responses by search, neutrality, Samuelson's rule by maximisation."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar

from bargain.mechanisms.allied_stocks import (
    AlliedStock,
    lindahl_shares,
    reserve_gap,
    shared_reserve,
    underprovision,
    voluntary_stock,
)

SEEDS = st.integers(0, 2**32 - 1)


def random_allies(seed, n=4):
    random = np.random.default_rng(seed)
    return random.uniform(0.1, 5.0, n), random.uniform(0.1, 0.8, n)


@settings(max_examples=20, deadline=None)
@given(st.floats(0.05, 0.95), st.integers(1, 8), st.floats(0.1, 10.0))
def test_alike_allies(share, n, means):
    found = voluntary_stock(np.full(n, means), share)
    assert found.provision == pytest.approx(float(underprovision(share, n)))
    assert found.efficient_stock == pytest.approx(share * n * means)
    np.testing.assert_allclose(found.contributions, found.stock / n)
    assert found.gain < 1e-9


@settings(max_examples=10, deadline=None)
@given(SEEDS)
def test_contributions_are_best_responses(seed):
    means, share = random_allies(seed)
    found = voluntary_stock(means, share)
    assert found.gain < 1e-9
    for i in range(4):
        rest = found.stock - found.contributions[i]
        best = minimize_scalar(
            lambda g, i=i, rest=rest: -((means[i] - g) ** (1 - share[i]) * (g + rest) ** share[i]),
            bounds=(0.0, means[i]),
            method="bounded",
            options={"xatol": 1e-10},
        )
        assert -best.fun <= found.payoffs[i] * (1 + 1e-9)
    assert found.stock <= found.efficient_stock + 1e-9


@settings(max_examples=10, deadline=None)
@given(SEEDS)
def test_means_moved_between_contributors_change_nothing(seed):
    means, _ = random_allies(seed)
    before = voluntary_stock(means, 0.4)
    giver, taker = np.argsort(-before.contributions)[:2]
    if before.contributions[taker] > 0.0:
        moved = 0.5 * before.contributions[giver]
        other = means.copy()
        other[giver] -= moved
        other[taker] += moved
        after = voluntary_stock(other, 0.4)
        assert after.stock == pytest.approx(before.stock)
        np.testing.assert_allclose(after.payoffs, before.payoffs)


def test_samuelson_is_pareto_efficient():
    """With equal preferences the welfare of a division is largest at a W."""
    means, share = np.array([3.0, 1.0, 2.0]), 0.3
    found = voluntary_stock(means, share)
    use = (means - found.contributions) / (means - found.contributions).sum()
    best = minimize_scalar(
        lambda g: -((use * (means.sum() - g)) ** (1 - share) * g**share).sum(), bounds=(1e-6, 6.0), method="bounded"
    )
    assert best.x == pytest.approx(found.efficient_stock, abs=1e-4)


def test_the_small_exploit_the_great():
    found = voluntary_stock([10.0, 1.0, 1.0], 0.3, ["great", "small", "smaller"])
    assert found.contributors == ("great",)
    assert found.stock == pytest.approx(3.0)


@settings(max_examples=20, deadline=None)
@given(SEEDS, st.floats(0.5, 12.0))
def test_shared_reserve(seed, stop):
    random = np.random.default_rng(seed)
    loss = random.uniform(0.5, 20.0, 5)
    found = shared_reserve(loss, 0.4, stop)
    assert found.gain < 1e-6
    assert found.contributors == (f"ally_{int(loss.argmax()) + 1}",)
    assert found.efficient_stock - found.stock == pytest.approx(float(reserve_gap(loss, stop)))
    best = minimize_scalar(
        lambda g: 0.4 * g - loss.sum() * stop * (1 - np.exp(-g / stop)), bounds=(0.0, 100.0), method="bounded"
    )
    assert best.x == pytest.approx(found.efficient_stock, abs=1e-3)
    # At Lindahl's prices everybody wants that reserve.
    for share, stake in zip(lindahl_shares(loss), loss, strict=True):
        assert stop * np.log(stake / (0.4 * share)) == pytest.approx(found.efficient_stock)


def test_limits_of_the_reserve():
    nothing = shared_reserve([0.1, 0.2], 1.0, 6.0)
    assert nothing.stock == nothing.efficient_stock == 0.0
    assert nothing.provision == 1.0
    assert nothing.contributors == ()
    together = shared_reserve([0.6, 0.6], 1.0, 6.0)  # worth it for both, for neither alone
    assert together.stock == 0.0
    assert together.efficient_stock == pytest.approx(6.0 * np.log(1.2))
    tie = shared_reserve([2.0, 2.0], 1.0, 6.0)
    np.testing.assert_allclose(tie.contributions, 3.0 * np.log(2.0))
    assert tie.gain < 1e-6
    cheap = shared_reserve([3.0, 2.0], [4.0, 1.0], 6.0)  # less at stake, but cheaper
    assert cheap.contributors == ("ally_2",)


def test_round_trip_and_errors():
    found = voluntary_stock([1.0, 2.0], [0.3, 0.5])
    assert AlliedStock.from_dict(json.loads(json.dumps(found.to_dict()))) == found
    with pytest.raises(ValueError, match="share"):
        voluntary_stock([1.0, 2.0], 1.0)
    with pytest.raises(ValueError, match="means"):
        voluntary_stock([0.0, 0.0], 0.5)
    with pytest.raises(ValueError, match="cost"):
        shared_reserve([1.0], 0.0, 6.0)
    with pytest.raises(ValueError, match="names"):
        shared_reserve([1.0], 1.0, 6.0, names=["a", "b"])
