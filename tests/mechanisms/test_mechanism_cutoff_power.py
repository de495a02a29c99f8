"""Power to cut off: against a user that minimises its costs, and convex in the controlled share."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from bargain.mechanisms.cutoff_power import cutoff_power, price_rise, share_for_power

few = settings(max_examples=30, deadline=None)
inner = st.floats(0.5, 6.0)
outer = st.floats(0.05, 3.0)
cost_shares = st.floats(0.01, 0.9)
shares = st.floats(0.0, 0.95)


@settings(max_examples=12, deadline=None)
@given(w=st.floats(0.05, 0.8), a=st.floats(0.1, 0.6), e=st.floats(1.0, 4.0), s=st.floats(0.4, 0.9))
def test_it_is_the_loss_of_a_user_that_minimises_its_costs(w, a, e, s):
    """One unit of output from normal quantities at normal prices 1; afterwards only the other sources sell."""
    sigma, r, q = 1.0 + e, (s - 1.0) / s, e / (1.0 + e)

    def output(others, rest):
        bundle = ((1.0 - w) ** (1.0 / sigma) * others**q) ** (1.0 / q)
        return (a ** (1.0 / s) * bundle**r + (1.0 - a) ** (1.0 / s) * rest**r) ** (1.0 / r)

    # Constant returns: the cheapest mix for one unit, by its ratio alone.
    found = minimize(lambda x: (np.exp(x[0]) + 1.0) / output(np.exp(x[0]), 1.0), [0.0], tol=1e-12)
    assert float(cutoff_power(w, a, e, s)) == pytest.approx(1.0 - 1.0 / found.fun, abs=1e-6)


@few
@given(w=shares, a=cost_shares, e=inner)
def test_cobb_douglas_is_the_form_of_the_literature(w, a, e):
    log_loss = -np.log1p(-cutoff_power(w, a, e))
    assert log_loss == pytest.approx(a / e * np.log(1.0 / (1.0 - w)), rel=1e-9, abs=1e-12)


@few
@given(w=shares, v=shares, a=cost_shares, e=inner, s=outer)
def test_power_rises_in_the_share_and_less_needed_inputs_have_less(w, v, a, e, s):
    low, high = min(w, v), max(w, v)
    assert cutoff_power(low, a, e, s) <= cutoff_power(high, a, e, s) + 1e-12
    assert cutoff_power(w, a, e, s + 0.5) <= cutoff_power(w, a, e, s) + 1e-12
    assert cutoff_power(w, a, e + 0.5, s) <= cutoff_power(w, a, e, s) + 1e-12
    assert 0.0 <= cutoff_power(w, a, e, s) <= 1.0


@few
@given(w=shares, v=shares, a=cost_shares, e=inner)
def test_joint_control_is_worth_more_than_its_parts_in_logs(w, v, a, e):
    both = w + (1.0 - w) * v
    rest = both - w
    log_loss = [-np.log1p(-cutoff_power(x, a, e)) for x in (both, w, rest)]
    assert log_loss[0] >= log_loss[1] + log_loss[2] - 1e-9


@few
@given(w=st.floats(0.01, 0.9), a=cost_shares, e=inner, s=st.floats(0.05, 0.99) | st.just(1.0))
def test_the_share_for_a_power_is_its_inverse(w, a, e, s):
    power = float(cutoff_power(w, a, e, s))
    if power < 1.0 - 1e-6:
        assert float(share_for_power(power, a, e, s)) == pytest.approx(w, abs=1e-6)


def test_the_ends():
    assert float(cutoff_power(1.0, 0.1, 2.0)) == 1.0
    assert float(cutoff_power(1.0, 0.1, 2.0, 0.3)) == 1.0
    # Something that can be replaced is not lost at any price: (1 - a)^(1 / (s - 1)) of output is left.
    assert float(cutoff_power(1.0, 0.2, 2.0, 3.0)) == pytest.approx(1.0 - 0.8**0.5)
    assert float(cutoff_power(0.0, 0.2, 2.0, 0.3)) == 0.0
    assert np.isinf(price_rise(1.0, 2.0))
    assert np.isnan(share_for_power(0.5, 0.2, 2.0, 3.0))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((1.5, 0.1, 2.0), r"share = 1.5 is not a share in \[0, 1\]"),
        ((0.5, 0.0, 2.0), r"cost_share = 0 is not in \(0, 1\)"),
        ((0.5, 0.1, 0.0), "source_elasticity = 0 is not finite and > 0"),
        ((0.5, 0.1, 2.0, np.nan), "elasticity = nan"),
    ],
)
def test_bad_numbers(arguments, message):
    with pytest.raises(ValueError, match=message):
        cutoff_power(*arguments)
