"""Embargoes against known stocks: thresholds, the best use of a stock, how long it lasts, the stock that deters."""

from __future__ import annotations

import json
import math
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bargain.mechanisms.endurance import (
    Drawdown,
    bearable_shortage,
    deterring_stock,
    embargo_threshold,
    embargo_worth,
    endurance,
    longest_endurance,
    optimal_drawdown,
    stock_of_first_shortage,
)

USE = {"need": 1.0, "discount_factor": 0.95, "hazard": 0.1}


def test_reference_threshold_and_reference_drawdown() -> None:
    assert embargo_threshold(1.0, 30.0, 0.99) == pytest.approx(26.105, abs=5e-4)
    plan = optimal_drawdown(1.0, 5.0, 0.95, 0.1)
    assert plan.rounds == 10
    assert plan.shortages[0] == pytest.approx(0.223732, abs=5e-7)
    assert plan.releases[:3] == pytest.approx((0.77627, 0.73832, 0.69395), abs=5e-6)
    assert sum(plan.releases) == pytest.approx(5.0, rel=1e-12)


@settings(max_examples=60, deadline=None)
@given(st.floats(0.01, 10), st.floats(0.01, 100), st.floats(0.3, 0.999), st.integers(0, 200))
def test_an_embargo_pays_exactly_below_its_threshold(f: float, prize: float, d: float, rounds: int) -> None:
    threshold = float(embargo_threshold(f, prize, d))
    by_hand = sum(-f * d**t for t in range(rounds)) + prize * d**rounds
    assert float(embargo_worth(f, prize, d, rounds)) == pytest.approx(by_hand, rel=1e-9, abs=1e-9)
    if abs(rounds - threshold) > 1e-6:
        assert (by_hand > 0.0) == (rounds < threshold)


@settings(max_examples=25, deadline=None)
@given(st.floats(0.3, 0.999), st.floats(0, 1e6))
def test_an_embargo_that_costs_and_gains_nothing_is_never_played(d: float, rounds: float) -> None:
    assert not rounds < float(embargo_threshold(0.0, 0.0, d))
    assert float(embargo_threshold(1.0, 0.0, d)) == 0.0
    assert float(embargo_threshold(0.0, 1.0, d)) == math.inf


def brute_drawdown(stock: float, weight: float, exponent: float, n_rounds: int) -> np.ndarray:
    """Shortages of the best plan by bisection on the common marginal loss, no closed form for the number of rounds."""
    low, high = 0.0, 1.0
    powers = np.exp(np.minimum(-math.log(weight) / (exponent - 1.0) * np.arange(n_rounds), 600.0))
    for _ in range(100):
        middle = 0.5 * (low + high)
        used = np.sum(1.0 - np.minimum(middle * powers, 1.0))
        low, high = (middle, high) if used > stock else (low, middle)
    return np.minimum(low * powers, 1.0)


@settings(max_examples=25, deadline=None)
@given(st.floats(0.0, 12.0), st.floats(0.5, 0.99), st.floats(0.03, 0.5), st.floats(1.5, 6.0))
def test_best_use_of_a_stock_against_bisection(stock: float, d: float, h: float, exponent: float) -> None:
    plan = optimal_drawdown(1.0, stock, d, h, exponent)
    brute = brute_drawdown(stock, d * (1 - h), exponent, 600)
    np.testing.assert_allclose(plan.shortages, brute[: plan.rounds], atol=1e-8)
    np.testing.assert_allclose(brute[plan.rounds :], 1.0, atol=1e-6)
    assert sum(plan.releases) == pytest.approx(stock, abs=1e-9)
    assert plan.loss == pytest.approx(float(np.sum((d * (1 - h)) ** np.arange(600) * brute**exponent)), rel=1e-6)


def test_no_other_plan_is_better_and_the_worth_of_stock_is_the_slope_of_the_loss() -> None:
    plan, weight, rng = optimal_drawdown(1.0, 5.0, 0.95, 0.1), 0.855, np.random.default_rng(0)
    tail = weight**14 / (1 - weight)
    for _ in range(300):
        other = rng.random(14)
        releases = np.minimum(other / other.sum() * 5.0, 1.0)
        assert plan.loss <= np.sum(weight ** np.arange(14) * (1 - releases) ** 2) + tail + 1e-12
    above, below = (optimal_drawdown(1.0, 5.0 + e, 0.95, 0.1).loss for e in (1e-5, -1e-5))
    assert (below - above) / 2e-5 == pytest.approx(plan.worth, rel=1e-6)
    assert optimal_drawdown(1.0, 0.0, 0.95, 0.1).worth == pytest.approx(2.0)
    assert optimal_drawdown(1.0, 0.0, 0.95, 0.1).loss == pytest.approx(1 / (1 - 0.855))


@settings(max_examples=60, deadline=None)
@given(st.floats(0.0, 15.0), st.floats(0.0, 1.2), st.floats(1.5, 6.0))
def test_endurance_counts_the_rounds_in_which_holding_out_costs_no_more(stock, cost, exponent) -> None:
    rounds = endurance(**USE, stock=stock, full_loss=1.0, cost_of_yielding=cost, exponent=exponent)
    if cost >= 1.0:
        assert rounds == math.inf
        return
    shortages = np.array(optimal_drawdown(**USE, stock=stock, exponent=exponent).shortages)
    losses = shortages**exponent
    if not np.any(np.abs(losses - cost) < 1e-9):
        assert rounds == np.sum(losses <= cost)
    assert rounds <= longest_endurance(1.0, stock, 1.0, cost, exponent) + 1e-6
    more = endurance(**USE, stock=stock + 0.5, full_loss=1.0, cost_of_yielding=cost, exponent=exponent)
    assert more >= rounds


@settings(max_examples=60, deadline=None)
@given(st.floats(0.0, 40.0), st.floats(0.01, 0.99), st.floats(1.5, 6.0))
def test_the_deterring_stock_is_the_smallest_that_lasts(threshold: float, cost: float, exponent: float) -> None:
    given_ = {**USE, "full_loss": 1.0, "cost_of_yielding": cost, "exponent": exponent}
    stock = deterring_stock(threshold, **given_)
    assert endurance(stock=stock, **given_) >= threshold - 1e-6
    if stock > 1e-3:
        assert endurance(stock=stock - 1e-4, **given_) < threshold


def test_edges_of_deterrence() -> None:
    given_ = {**USE, "full_loss": 1.0}
    assert deterring_stock(math.inf, **given_, cost_of_yielding=0.3) == math.inf
    assert deterring_stock(math.inf, **given_, cost_of_yielding=1.0) == 0.0
    assert deterring_stock(0.0, **given_, cost_of_yielding=0.3) == 0.0
    assert deterring_stock(3.0, **given_, cost_of_yielding=0.0) == math.inf
    assert endurance(**given_, stock=300.0, cost_of_yielding=0.0) == 0.0
    assert stock_of_first_shortage(1.0, 1.0, 0.855) == 0.0
    assert stock_of_first_shortage(0.223732, 1.0, 0.855) == pytest.approx(5.0, abs=1e-4)
    assert bearable_shortage(1.0, 4.0, 1.0) == pytest.approx(0.5)


def test_arrays_and_data() -> None:
    table = embargo_threshold([1.0, 2.0], [[30.0], [60.0]], 0.99)
    assert table.shape == (2, 2)
    assert table[0, 0] == pytest.approx(table[1, 1])
    plan = optimal_drawdown(1.0, 5.0, 0.95, 0.1)
    text = json.dumps(plan.to_dict())
    assert Drawdown.from_dict(json.loads(text)) == plan == pickle.loads(pickle.dumps(plan))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: embargo_threshold(-1.0, 1.0, 0.9), "profit = -1 is not finite"),
        (lambda: embargo_threshold(1.0, math.nan, 0.9), "prize = nan"),
        (lambda: embargo_threshold(1.0, 1.0, 1.0), "discount_factor = 1 is not in"),
        (lambda: optimal_drawdown(0.0, 1.0, 0.9, 0.1), "need = 0 is not"),
        (lambda: optimal_drawdown(1.0, math.inf, 0.9, 0.1), "stock = inf"),
        (lambda: optimal_drawdown(1.0, 1.0, 1.0, 0.0), "endless embargo"),
        (lambda: optimal_drawdown(1.0, 1.0, 0.9, 0.1, 1.0), "exponent = 1 is not"),
        (lambda: endurance(1.0, 1.0, 0.9, 0.1, -1.0, 0.5), "full_loss = -1"),
        (lambda: deterring_stock(math.nan, 1.0, 0.9, 0.1, 1.0, 0.5), "threshold = nan"),
    ],
)
def test_bad_numbers_are_named(call, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()


def test_large_stocks_and_slow_growth_are_not_lost():
    plan = optimal_drawdown(1.0, 1000.0, 0.5, 0.0)
    assert plan.rounds == 1001
    assert sum(plan.releases) == pytest.approx(1000.0)
    assert endurance(1.0, 1000.0, 0.5, 0.0, 10.0, 1.0) == 1000.0
    assert optimal_drawdown(1.0, 10.0, 0.9, 0.5, 1.01).rounds == 10


@pytest.mark.parametrize(
    ("arguments", "message"), [((1, 1, 2.0, 3), "discount_factor = 2"), ((1, math.nan, 0.9, 3), "prize = nan")]
)
def test_worths_of_nonsense_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        embargo_worth(*arguments)
