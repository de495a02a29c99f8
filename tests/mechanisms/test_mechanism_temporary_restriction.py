"""Temporary restrictions: every length simulated round by round, the linear closed forms, and what rises in what."""

from __future__ import annotations

import itertools
import json
import pickle

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from bargain.mechanisms.temporary_restriction import (
    TemporaryRestriction,
    best_in_any_order,
    capacity_path,
    linear_open_value,
    pays_above,
    temporary_restriction,
)

few = settings(max_examples=30, deadline=None)
paces = st.floats(0.01, 0.2)
flows = st.floats(0.0, 2.0)
discounts = st.floats(0.5, 0.97)


def linear(gain, cost, rent, today, pace, extra, d, n=25):
    controlled = 1.0 - capacity_path(today, pace + extra, n)[:-1]
    restricted = gain * controlled - cost
    return temporary_restriction(restricted, lambda k: rent * (1.0 - k), today, pace, pace + extra, d)


def simulated(n, restricted, opened, today, pace, extra, d, rounds=900):
    """Value per round of restricting for n rounds, one round after another."""
    capacity, value = today, 0.0
    for t in range(rounds):
        value += (1.0 - d) * d**t * (restricted[t] if t < n else opened(capacity))
        capacity = min(1.0, capacity + pace + (extra if t < n else 0.0))
    return value


@settings(max_examples=25, deadline=None)
@given(gain=flows, cost=flows, rent=flows, today=st.floats(0.0, 0.9), pace=paces, extra=paces, d=discounts)
def test_the_worth_is_that_of_play_round_by_round(gain, cost, rent, today, pace, extra, d):
    found = linear(gain, cost, rent, today, pace, extra, d, n=8)
    restricted = gain * (1.0 - found.capacity[:-1]) - cost

    def opened(k):
        return rent * (1.0 - k)

    value = [simulated(n, restricted, opened, today, pace, extra, d) for n in range(9)]
    np.testing.assert_allclose(found.worth, np.array(value) - value[0], atol=1e-9)
    assert found.best >= max(found.worth) - 1e-9
    assert found.best >= 0.0


@few
@given(controlled=st.floats(0.0, 1.0), rent=flows, pace=paces, d=discounts)
def test_the_open_value_in_closed_form(controlled, rent, pace, d):
    m = np.arange(1500)
    expected = (1.0 - d) * (d**m * rent * np.maximum(0.0, controlled - pace * m)).sum()
    assert float(linear_open_value(controlled, rent, pace, d)) == pytest.approx(expected, abs=1e-9)


@few
@given(
    gain=flows, cost=st.floats(0.0, 0.5), rent=flows, today=st.floats(0.0, 0.9), pace=paces, extra=paces, d=discounts
)
def test_as_long_as_enough_is_controlled_another_round_pays(gain, cost, rent, today, pace, extra, d):
    found = linear(gain, cost, rent, today, pace, extra, d)
    bound = float(pays_above(gain, cost, rent, extra, d))
    controlled = 1.0 - found.capacity[:-1]
    # The bound is of interior play: in the last rounds less is left than a round takes.
    inside = (controlled >= bound) & (controlled >= pace + extra)
    assert (np.diff(found.worth)[inside] >= -1e-9).all()


@few
@given(gain=flows, cost=st.floats(0.0, 0.5), rent=flows, pace=paces, extra=paces, d=discounts, more=st.floats(1.1, 4.0))
def test_faster_rebuilding_makes_every_spell_worth_less(gain, cost, rent, pace, extra, d, more):
    assume(gain >= rent)
    slow, fast = (linear(gain, cost, rent, 0.0, pace, e, d) for e in (extra, more * extra))
    assert (fast.worth <= slow.worth + 1e-12).all()
    assert pays_above(gain, cost, rent, more * extra, d) >= pays_above(gain, cost, rent, extra, d)


def test_without_an_effect_on_rebuilding_the_rule_is_the_static_one():
    # 2 D - 1 >= D / 2 as long as D >= 2/3: seven rounds at 1, 0.95, ..., 0.7; in the round at 0.65 no more.
    found = linear(2.0, 1.0, 0.5, 0.0, 0.05, 0.0, 0.9)
    assert found.length == 7
    assert float(pays_above(2.0, 1.0, 0.5, 0.0, 0.9)) == pytest.approx(2 / 3)
    np.testing.assert_array_equal(found.lost, 0.0)
    assert not found.at_limit
    assert not found.exhausted


def test_what_pays_at_once_may_not_pay_at_all_once_rebuilding_counts():
    static, dynamic = linear(1.0, 0.0, 0.8, 0.0, 0.02, 0.0, 0.97), linear(1.0, 0.0, 0.8, 0.0, 0.02, 0.05, 0.97)
    assert static.length == static.capacity.size - 1
    assert static.at_limit
    assert dynamic.worth[1] < 0.0


def test_growth_that_never_comes_without_a_restriction():
    found = temporary_restriction([1.0, 1.0], lambda k: 1.0 - k, 0.2, 0.0, 0.1, 0.9)
    np.testing.assert_allclose(found.lost, [0.0, 0.9 * 0.1, 0.81 * 0.2])
    np.testing.assert_allclose(found.gained, [0.0, 0.1 * 0.2, 0.1 * (0.2 + 0.9 * 0.2)])
    assert found.length == 0


def in_this_order(order, gain, cost, rent, today, pace, extra, d, rounds=600):
    capacity, value = today, 0.0
    for t in range(rounds):
        held = t < len(order) and order[t]
        value += (1.0 - d) * d**t * ((gain * (1.0 - capacity) - cost) if held else rent * (1.0 - capacity))
        capacity = min(1.0, capacity + pace + (extra if held else 0.0))
    return value


@settings(max_examples=8, deadline=None)
@given(gain=flows, cost=st.floats(0.01, 0.5), rent=flows, extra=st.floats(0.0, 0.2), d=st.floats(0.5, 0.9))
def test_the_best_order_is_the_best_of_all_orders(gain, cost, rent, extra, d):
    world = {"gain": gain, "cost": cost, "rent": rent, "today": 0.3, "pace": 0.12, "extra": extra, "d": d}
    value, first = best_in_any_order(
        lambda k: gain * (1.0 - k) - cost, lambda k: rent * (1.0 - k), 0.3, 0.12, 0.12 + extra, d
    )
    orders = {order: in_this_order(order, **world, rounds=120) for order in itertools.product((True, False), repeat=6)}
    best = max(orders, key=orders.get)
    # Six rounds without a restriction rebuild everything.
    assert value == pytest.approx(orders[best], abs=1e-5)
    if abs(orders[best] - max(v for o, v in orders.items() if o[0] != best[0])) > 1e-4:
        assert first == best[0]
    spell = linear(gain, cost, rent, 0.3, 0.12, extra, d)
    assert value >= in_this_order((), **world) + spell.best - 1e-9


def test_waiting_may_be_better_than_a_spell_at_the_start():
    # At the end nothing is left to lose: no spell at the start pays, but restricting in the last round does.
    restricted, opened = (lambda k: 1.2 * (1.0 - k)), (lambda k: 1.0 - k)
    value, first = best_in_any_order(restricted, opened, 0.0, 0.05, 0.09, 0.97)
    path = capacity_path(0.0, 0.09, 25)[:-1]
    spell = temporary_restriction(restricted(path), opened, 0.0, 0.05, 0.09, 0.97)
    assert spell.length == 0
    assert not first
    assert value > float(linear_open_value(1.0, 1.0, 0.05, 0.97)) + 1e-6


def test_round_trip_and_bad_numbers():
    found = linear(2.0, 1.0, 0.5, 0.0, 0.05, 0.02, 0.9)
    assert TemporaryRestriction.from_dict(json.loads(json.dumps(found.to_dict()))) == found
    assert pickle.loads(pickle.dumps(found)) == found
    for arguments, message in (
        (([[1.0]], 0.0, 0.1, 0.2, 0.9), "not one flow a round"),
        (([np.nan], 0.0, 0.1, 0.2, 0.9), r"restricted\[0\] = nan is not finite"),
        (([1.0], 1.5, 0.1, 0.2, 0.9), "today = 1.5 is not a share"),
        (([1.0], 0.5, -0.1, 0.2, 0.9), "open_pace = -0.1"),
        (([1.0], 0.5, 0.1, 0.05, 0.9), "restricted_pace = 0.05 is not >= open_pace = 0.1"),
        (([1.0], 0.5, 0.1, 0.2, 1.0), r"discount_factor = 1 is not in \(0, 1\)"),
    ):
        with pytest.raises(ValueError, match=message):
            temporary_restriction(arguments[0], lambda k: 1.0 - k, *arguments[1:])
    with pytest.raises(ValueError, match="rent = -1 is not >= 0"):
        pays_above(1.0, 0.0, -1.0, 0.0, 0.9)
    with pytest.raises(ValueError, match="open_pace = 0 is not > 0"):
        best_in_any_order(lambda k: 1.0 - k, lambda k: 1.0 - k, 0.0, 0.0, 0.1, 0.9)
