import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bargain.economy.diversion import licence_loss, reexport_profit, reexport_share, unit_profit

shares = st.floats(0, 1)
prices = st.floats(0, 50)
costs = st.floats(0.01, 100)
TERMS = {"tracing": shares, "margin": prices, "penalty": prices, "concealment_cost": costs, "cap": shares}


def test_shipped_case_by_hand():
    """At no tracing 2.6 / 11.8 of the purchases take detours; at the coverage of today (.6) the first half of that."""
    assert reexport_share(0.0, 2.6, 1.0, 11.8, 1.0) == pytest.approx(2.6 / 11.8)
    assert reexport_share(0.6, 2.6, 1.0, 11.8, 0.22) == pytest.approx((0.4 * 2.6 - 0.6) / 11.8)
    assert reexport_share(0.0, 2.6, 1.0, 11.8, 0.22) == 0.22


@given(**TERMS)
def test_the_share_maximises_profit(tracing, margin, penalty, concealment_cost, cap):
    chosen = reexport_share(tracing, margin, penalty, concealment_cost, cap)
    best = reexport_profit(chosen, tracing, margin, penalty, concealment_cost)
    others = reexport_profit(np.linspace(0, cap, 201), tracing, margin, penalty, concealment_cost)
    assert 0 <= chosen <= cap
    assert best >= others.max() - 1e-9
    assert best >= 0


@given(more=shares, **TERMS)
def test_it_falls_in_tracing(tracing, more, margin, penalty, concealment_cost, cap):
    low, high = sorted((tracing, more))
    ends = reexport_share(np.array([low, high]), margin, penalty, concealment_cost, cap)
    assert ends[1] <= ends[0]


@given(more=prices, **TERMS)
def test_it_falls_in_the_penalty_and_rises_in_the_margin(tracing, margin, penalty, more, concealment_cost, cap):
    low, high = sorted((penalty, more))
    ends = reexport_share(tracing, margin, np.array([low, high]), concealment_cost, cap)
    assert ends[1] <= ends[0]
    low, high = sorted((margin, more))
    ends = reexport_share(tracing, np.array([low, high]), penalty, concealment_cost, cap)
    assert ends[1] >= ends[0]


@given(excess=shares, **TERMS)
def test_it_is_zero_from_the_deterring_coverage_on(tracing, excess, margin, penalty, concealment_cost, cap):
    assert reexport_share(1.0, margin, penalty, concealment_cost, cap) == 0.0
    if margin + penalty > 0:
        deterring = margin / (margin + penalty)
        above = deterring + excess * (1 - deterring)
        assert reexport_share(above, margin, penalty, concealment_cost, cap) == pytest.approx(0.0, abs=1e-12)


def test_it_is_positive_just_below_the_deterring_coverage():
    assert reexport_share(2.6 / 3.6 - 1e-6, 2.6, 1.0, 11.8, 0.22) > 0


def test_unit_profit_is_linear_in_tracing():
    np.testing.assert_allclose(unit_profit([0, 0.25, 1], 2.0, 4.0), [2.0, 0.5, -4.0])


def test_licences_lost_grow_with_tracing_and_reach():
    assert licence_loss(0.11, 0.6, 0.22) == pytest.approx(0.3)
    assert licence_loss(0.22, 0.6, 0.22) == pytest.approx(0.6)
    assert licence_loss(0.5, 0.6, 0.22) == pytest.approx(0.6)
    assert licence_loss(0.0, 0.6, 0.0) == 0.0
    assert licence_loss(0.1, 0.0, 0.22) == 0.0


def test_arguments_broadcast():
    tracing, margin = np.linspace(0, 1, 4)[:, None], np.linspace(0, 3, 5)
    table = reexport_share(tracing, margin, 1.0, 5.0, 0.5)
    assert table.shape == (4, 5)
    assert table[1, 4] == reexport_share(tracing[1, 0], margin[4], 1.0, 5.0, 0.5)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"tracing": 1.2}, r"tracing = 1\.2 is not in \[0, 1\]"),
        ({"margin": -1.0}, r"margin = -1\.0 is not in \[0, inf\]"),
        ({"penalty": np.nan}, "penalty = nan is not finite"),
        ({"concealment_cost": 0.0}, "concealment_cost = 0 is not positive"),
        ({"concealment_cost": np.inf}, "concealment_cost = inf is not finite"),
        ({"cap": [0.1, 3.0]}, r"cap\[1\] = 3\.0 is not in \[0, 1\]"),
    ],
)
def test_bad_arguments_give_one_clear_error(change, message):
    good = {"tracing": 0.5, "margin": 2.0, "penalty": 1.0, "concealment_cost": 5.0, "cap": 0.2}
    with pytest.raises(ValueError, match=message):
        reexport_share(**(good | change))
    if "cap" not in change and change.get("concealment_cost") != 0.0:
        terms = {name: entry for name, entry in (good | change).items() if name != "cap"}
        with pytest.raises(ValueError, match=message):
            reexport_profit(0.1, **terms)
