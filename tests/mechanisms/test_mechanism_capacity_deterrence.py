"""Capacity as deterrence: the threshold by bisection, what is built by a grid search, and what moves it."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bargain.mechanisms.capacity_deterrence import CapacityChoice, capacity_choice, deterring_capacity, loss_at

few = settings(max_examples=30, deadline=None)
industries = st.fixed_dictionaries(
    {
        "dependence": st.floats(0.1, 1.0),
        "delivered": st.floats(0.0, 0.8),
        "exposure": st.floats(0.5, 5.0),
        "cost_share": st.floats(0.001, 0.3),
        "elasticity": st.floats(0.05, 3.0),
    }
)
amounts = st.floats(0.0, 1.0)


def bisected(g, f, industry):
    """The threshold from the forward model alone."""
    if g * float(loss_at(0.0, **industry)) <= f:
        return 0.0
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if g * float(loss_at(middle, **industry)) > f else (low, middle)
    return high


@settings(max_examples=25, deadline=None)
@given(g=amounts, f=st.floats(1e-4, 0.5), industry=industries)
def test_the_threshold_is_where_cutting_off_just_does_not_pay(g, f, industry):
    assert float(deterring_capacity(g, f, **industry)) == pytest.approx(bisected(g, f, industry), abs=1e-6)


@few
@given(g=amounts, f=amounts, more=amounts, industry=industries)
def test_the_threshold_falls_in_the_senders_cost_and_rises_in_its_gain(g, f, more, industry):
    threshold = deterring_capacity(g, f, **industry)
    assert deterring_capacity(g, f + more, **industry) <= threshold + 1e-9
    assert deterring_capacity(g + more, f, **industry) >= threshold - 1e-9
    assert 0.0 <= threshold <= 1.0


@settings(max_examples=20, deadline=None)
@given(c=st.floats(0.0, 3.0), g=amounts, f=amounts, industry=industries)
def test_what_is_built_is_the_cheapest_of_a_fine_grid(c, g, f, industry):
    found = capacity_choice(c, g, f, **industry)
    k = np.append(np.linspace(0.0, 1.0, 1001), found.deterring)
    cost = c * k + np.where(k >= found.deterring, 0.0, loss_at(k, **industry))
    mine = c * found.built + (0.0 if found.deters else float(loss_at(found.built, **industry)))
    assert mine <= cost.min() + 1e-9
    assert mine == pytest.approx(min(found.costs), abs=1e-9)
    assert CapacityChoice.from_dict(json.loads(json.dumps(found.to_dict()))) == found


def test_a_cut_that_does_not_pay_needs_no_capacity():
    industry = {"dependence": 0.7, "delivered": 0.05, "exposure": 2.4, "cost_share": 0.001, "elasticity": 0.05}
    found = capacity_choice(1.0, 0.0, 0.1, **industry)
    assert (found.deterring, found.built, found.deters, found.costs) == (0.0, 0.0, True, (0.0, 0.0, 0.0))
    # Nothing but all of the supply deters a sender that pays nothing.
    assert float(deterring_capacity(0.5, 0.0, **industry)) == 1.0


def test_insurance_may_be_cheaper_than_deterrence():
    # A sender that pays next to nothing is deterred by nearly all of the supply only; half of it leaves little to lose.
    found = capacity_choice(0.2, 0.5, 0.001, 0.9, 0.0, 2.4, 0.01, 0.3)
    nothing, insured, deterred = found.costs
    assert insured < deterred < nothing
    assert (found.built, found.deters) == (found.insuring, False)
    assert 0.0 < found.insuring < found.deterring < 1.0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"gain_share": -0.1}, "gain_share = -0.1 is not finite and >= 0"),
        ({"dependence": 1.1}, r"dependence = 1.1 is not finite and in \[0, 1\]"),
        ({"exposure": 0.0}, "exposure = 0 is not finite and > 0"),
        ({"elasticity": np.nan}, "elasticity = nan"),
        ({"unit_cost": -1.0}, "unit_cost = -1 is not finite and >= 0"),
    ],
)
def test_bad_numbers(change, message):
    given_ = {"unit_cost": 1.0, "gain_share": 0.5, "sender_cost": 0.1, "dependence": 0.7, "delivered": 0.0}
    with pytest.raises(ValueError, match=message):
        capacity_choice(**{**given_, "exposure": 2.0, "cost_share": 0.01, "elasticity": 0.1, **change})
