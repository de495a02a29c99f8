"""Hoarding before a stop: the plan against direct minimisation, the target in closed form, caps."""

from __future__ import annotations

import json
import math
import pickle
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize, minimize_scalar

from bargain.mechanisms.hoarding import (
    HoardingPlan,
    Market,
    hazard_of_stock,
    hoarding_plan,
    largest_gain,
    licence_cover,
    plan_cost,
    rounds_to_deter,
    target_stock,
)

MARKET = Market(need=1, full_loss=1, hazard=0.1, relief=0.1, discount_factor=0.97, price=0.05, slope=0.3, storage=0.005)


def test_the_target_is_where_standing_still_is_best() -> None:
    """Holding K for ever until the stop costs s K + d h L(K) a round and the purchase once."""
    weight = 0.97 * 0.9

    def cost(stock: float) -> float:
        return 0.05 * stock + (0.005 * stock + 0.97 * 0.1 * MARKET.stopped(stock)[0]) / (1 - weight)

    best = minimize_scalar(cost, bounds=(0, 60), method="bounded", options={"xatol": 1e-9})
    assert target_stock(MARKET) == pytest.approx(best.x, abs=1e-3)
    assert MARKET.stopped(target_stock(MARKET))[1] == pytest.approx(MARKET.wanted_worth, rel=1e-9)


@pytest.mark.parametrize("cap", [None, 0.4])
def test_the_plan_against_direct_minimisation(cap: float | None) -> None:
    market, n = replace(MARKET, storage=0.05), 14
    plan = hoarding_plan(market, 1.0, n, cap)
    found = minimize(
        lambda x: 100 * plan_cost(market, 1.0, x), np.full(n, 0.1), bounds=[(0, cap)] * n, method="L-BFGS-B"
    )
    assert plan.cost == pytest.approx(found.fun / 100, rel=2e-4)
    np.testing.assert_allclose(plan.purchases[:4], found.x[:4], atol=0.02)


@settings(max_examples=8, deadline=None)
@given(st.floats(0.02, 0.6), st.floats(0.02, 0.5), st.floats(0.05, 2.0), st.floats(1.5, 6.0), st.floats(0.0, 1.0))
def test_no_change_of_the_plan_is_better(hazard, relief, slope, exponent, cap) -> None:
    market = replace(MARKET, hazard=hazard, relief=relief, slope=slope, exponent=exponent)
    plan = hoarding_plan(market, 0.5, 24, cap)
    assert plan.gain < 1e-4
    assert max(plan.purchases) <= cap
    # A change of the last rounds sees that the plan ends: only the first ones are the policy's.
    assert np.all(np.diff(plan.purchases) <= 1e-9)
    assert plan.stocks[-1] <= max(plan.target, 0.5) + 1e-9


def test_a_worse_plan_is_found_out() -> None:
    plan = hoarding_plan(MARKET, 1.0, 40)
    for factor in (0.5, 1.5):
        other = replace(plan, purchases=tuple(factor * x for x in plan.purchases))
        assert largest_gain(MARKET, 1.0, other) > 1e-3


def test_a_tighter_cap_means_less_stock_and_more_cost() -> None:
    plans = [hoarding_plan(MARKET, 1.0, 20, cap) for cap in (None, 0.6, 0.3, 0.1, 0.0)]
    assert np.all(np.diff([plan.stocks[-1] for plan in plans]) <= 1e-9)
    assert np.all(np.diff([plan.cost for plan in plans]) >= 0)
    assert plans[-1].stocks == (1.0,) * 20
    assert [rounds_to_deter(plan, 1.0, 4.0) for plan in plans] == [4.0, 5.0, 10.0, math.inf, math.inf]
    assert rounds_to_deter(plans[-1], 1.0, 4.0, cover=float(licence_cover(6, 1.0))) == 0.0


@settings(max_examples=25, deadline=None)
@given(st.floats(0.02, 0.9))
def test_the_hazard_behind_a_stock(hazard: float) -> None:
    market = replace(MARKET, hazard=hazard)
    stock = target_stock(market)
    if stock > 0.0:
        assert hazard_of_stock(market, stock) == pytest.approx(hazard, rel=1e-6)


def test_more_risk_means_more_stock_and_none_without_need() -> None:
    stocks = [target_stock(replace(MARKET, hazard=h)) for h in (0.005, 0.02, 0.1, 0.5)]
    assert np.all(np.diff(stocks) > 0)
    dear = replace(MARKET, price=10.0)
    assert target_stock(dear) == 0.0
    assert hoarding_plan(dear, 2.0, 3).stocks == (2.0, 2.0, 2.0)
    assert hazard_of_stock(dear, 5.0) == math.inf


def test_licences_are_a_stock() -> None:
    assert licence_cover([2.0, 12.0], 3.0).tolist() == [3.0, 18.0]


def test_plain_data_and_errors() -> None:
    plan = hoarding_plan(MARKET, 1.0, 5)
    assert HoardingPlan.from_dict(json.loads(json.dumps(plan.to_dict()))) == plan == pickle.loads(pickle.dumps(plan))
    for call, message in (
        (lambda: replace(MARKET, hazard=0.0), "hazard = 0 is not"),
        (lambda: replace(MARKET, slope=math.nan), "slope = nan"),
        (lambda: replace(MARKET, price=0.0, storage=0.0), "both 0"),
        (lambda: hoarding_plan(MARKET, -1.0, 5), "stock = -1"),
        (lambda: hoarding_plan(MARKET, 1.0, 0), "n_rounds = 0"),
        (lambda: hoarding_plan(MARKET, 1.0, 5, math.nan), "cap = nan"),
    ):
        with pytest.raises(ValueError, match=message):
            call()
