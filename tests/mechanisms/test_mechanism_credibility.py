"""Threats: credibility, audience costs, and the crisis with a private cost type by type."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bargain.mechanisms.credibility import Crisis, Threat, audience_cost, crisis, least_audience, threat

few = settings(max_examples=30, deadline=None)
payoffs = st.floats(-5.0, 5.0)
amounts = st.floats(0.01, 5.0)


@few
@given(acting=payoffs, yielding=payoffs, audience=st.floats(0.0, 5.0), more=amounts)
def test_a_threat_is_credible_when_backing_down_costs_more(acting, yielding, audience, more):
    found = threat(acting, yielding, audience)
    if abs(acting - yielding + audience) > 1e-9:
        assert found.credible == (acting >= yielding - audience)
    assert threat(acting, yielding, found.least_audience).credible
    assert threat(acting, yielding, audience + more).credible >= found.credible
    assert found.cost == yielding - acting
    assert least_audience([acting], yielding)[0] == found.least_audience
    assert Threat.from_dict(json.loads(json.dumps(found.to_dict()))) == found


def test_the_audience_counts_what_is_left_unanswered():
    assert audience_cost([1.0, 1.0, 0.2], [0.0, 0.4, 0.5], 0.35, 0.5).tolist() == pytest.approx([0.7, 0.42, 0.0])


@few
@given(x=amounts, y=st.floats(0.0, 5.0), h=amounts, a=st.floats(0.0, 5.0), top=amounts)
def test_nobody_gains_in_a_crisis_by_other_behaviour(x, y, h, a, top):
    found = crisis(x, y, h, a, top)
    assert found.largest_gain <= 1e-9 * (x + y + h + a + top)
    assert 0.0 <= found.bluff <= 1.0
    assert 0.0 <= found.carried_out <= found.threatened <= 1.0
    assert Crisis.from_dict(json.loads(json.dumps(found.to_dict()))) == found


@few
@given(x=amounts, y=st.floats(0.01, 5.0), h=amounts, a=amounts, top=amounts, seed=st.integers(0, 10**6))
def test_the_payoffs_are_those_of_play_drawn_type_by_type(x, y, h, a, top, seed):
    found = crisis(x, y, h, a, top)
    cost = top * (np.arange(20_000) + 0.5) / 20_000
    threatens = np.where(cost <= a, 1.0, found.bluff) * (found.threatened > 0.0)
    refused = np.where(cost <= a, -cost, -a)
    sender = threatens * (found.yields * x + (1.0 - found.yields) * refused)
    target = -threatens * (found.yields * y + (1.0 - found.yields) * np.where(cost <= a, h, 0.0))
    assert (sender.mean(), target.mean()) == pytest.approx(found.payoffs, abs=2e-3 * (x + y + h + a))


@few
@given(x=amounts, y=st.floats(0.01, 5.0), h=amounts, a=amounts, top=amounts, more=amounts)
def test_a_larger_audience_cost_makes_threats_likelier_made_and_believed(x, y, h, a, top, more):
    small, large = crisis(x, y, h, a, top), crisis(x, y, h, a + more, top)
    assert large.threatened >= small.threatened - 1e-12
    assert large.yields >= small.yields - 1e-12


def test_known_crises():
    # Half of the types are resolved; harm 1 and price 0.8: others bluff with 1/4, the target gives in with 1/3.
    found = crisis(2.0, 0.8, 1.0, 1.0, 2.0)
    assert (found.resolved, found.bluff, found.yields) == pytest.approx((0.5, 0.25, 1 / 3))
    assert crisis(2.0, 1.5, 1.0, 1.0, 2.0).threatened == 0.0
    assert crisis(2.0, 0.4, 1.0, 1.0, 2.0).yields == 1.0
    assert crisis(2.0, 0.4, 1.0, 0.0, 2.0).threatened == 0.0


def test_the_certificate_sees_wrong_behaviour():
    from bargain.mechanisms.credibility import _largest_gain

    assert _largest_gain(2.0, 0.8, 1.0, 1.0, 2.0, 1.0, 0.9, 1 / 3) > 0.05
    assert _largest_gain(2.0, 0.8, 1.0, 1.0, 2.0, 1.0, 0.25, 0.9) > 0.5


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: threat(np.nan, 0.0), "acting = nan is not finite"),
        (lambda: threat(0.0, 0.0, -1.0), "audience = -1 is not finite and >= 0"),
        (lambda: crisis(0.0, 1.0, 1.0, 1.0, 1.0), "demand = 0 is not finite and > 0"),
        (lambda: crisis(1.0, 1.0, 1.0, 1.0, np.inf), "largest_cost = inf"),
    ],
)
def test_bad_numbers(call, message):
    with pytest.raises(ValueError, match=message):
        call()
