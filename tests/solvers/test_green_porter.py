import json
import math
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bargain.solvers.green_porter import TriggerStrategy, green_porter, trigger_length


def memory_values(c, p, a, factor, length):
    """Normalised values of cooperation and of the rounds of war, most rounds left first, by one linear system."""
    n = length + 1
    successors, payoffs = np.zeros((n, n)), np.full(n, p)
    payoffs[0] = c
    successors[0, 0] = 1 - a
    successors[0, 1 % n] += a
    for k in range(1, n):
        successors[k, (k + 1) % n] = 1
    return np.linalg.solve(np.eye(n) - factor * successors, (1 - factor) * payoffs)


def gain_from_deviating(c, h, p, a, b, factor, length):
    values = memory_values(c, p, a, factor, length)
    return (1 - factor) * h + factor * ((1 - b) * values[0] + b * values[1 % len(values)]) - values[0]


def test_reference_case():
    strategy = green_porter(bad_demand_probability=0.1, discount_factor=0.9)
    assert strategy.length == 2
    assert strategy.discounted_sum == pytest.approx(3.84287, abs=5e-6)
    assert strategy.value == pytest.approx(0.384287, abs=5e-7)
    assert strategy.certificate.holds
    assert strategy.incentive_margin > 0 > strategy.shorter_margin
    # Tirole (1988): 1 <= 2 (1 - a) d + (2 a - 1) d^(T + 1) exactly when the war deters.
    for length, deters in ((1, False), (2, True)):
        assert (2 * 0.9 * 0.9 - 0.8 * 0.9 ** (length + 1) >= 1) is deters


def test_lengths_of_war_and_limits():
    # Without noise 1 <= 2 d - d^(T + 1): one round is never enough.
    assert green_porter(0.0, 0.9).length == 2
    assert green_porter(0.0, 0.9).value == pytest.approx(0.5)
    # Two firms need a discount factor of 1/2, and there a war that never ends.
    assert green_porter(0.0, 0.5).length == math.inf
    assert green_porter(0.0, 0.5).certificate.holds
    assert green_porter(0.0, 0.49).length is None
    # Bad demand half of the time hides everything.
    hopeless = green_porter(0.5, 0.99)
    assert hopeless.length is None
    assert hopeless.value == 0.0
    assert "no length" in hopeless.message
    assert hopeless.certificate.holds
    assert green_porter(0.1, 0.9, n_firms=9).length is None
    assert green_porter(0.1, 0.9, n_firms=3).length > 2
    assert trigger_length(2, 2, 1, 0.1, 0.9, 0.5).length == 0
    assert trigger_length(2, 3, 1, 0.3, 0.3, 0.9).length is None
    assert trigger_length(2, 3, 1, 0.1, 0.9, 0.0).length is None


@settings(max_examples=60, deadline=None)
@given(
    st.floats(0.0, 0.4),
    st.floats(0.0, 1.0),
    st.floats(0.05, 0.97),
    st.floats(0.01, 2.0),
    st.sampled_from([1e-6, 1.0, 1e6]),
)
def test_shortest_war_against_a_search_on_the_memories(a, more, factor, temptation, size):
    b = a + more * (1 - a)
    c, h, p = 2 * size, (2 + temptation) * size, 1 * size
    found = trigger_length(c, h, p, a, b, factor)
    slack = 1e-9 * size
    deterring = [length for length in range(1, 60) if gain_from_deviating(c, h, p, a, b, factor, length) <= slack]
    if not deterring:
        assert found.length is None or found.length >= 60
        return
    assert found.length == deterring[0] or abs(gain_from_deviating(c, h, p, a, b, factor, deterring[0])) <= 2 * slack
    if found.length == math.inf:
        # Within the slack of deterring at some length, exactly so only without an end.
        return
    values = memory_values(c, p, a, factor, found.length)
    assert found.value == pytest.approx(values[0], rel=1e-9)
    assert found.war_value == pytest.approx(values[1], rel=1e-9)
    assert found.incentive_margin == pytest.approx(
        -gain_from_deviating(c, h, p, a, b, factor, found.length), abs=1e-9 * size
    )
    assert found.certificate.holds
    # Longer wars are worth less.
    assert memory_values(c, p, a, factor, found.length + 1)[0] <= found.value + slack


def test_a_deterring_length_hit_exactly_counts():
    # Margin zero at T = 3 by construction of the deviation payoff.
    c, p, a, b, factor = 2.0, 1.0, 0.1, 0.8, 0.9
    value, war = memory_values(c, p, a, factor, 3)[:2]
    h = (value - factor * ((1 - b) * value + b * war)) / (1 - factor)
    for size in (1e-6, 1.0, 1e6):
        found = trigger_length(c * size, h * size, p * size, a, b, factor)
        assert found.length == 3
        assert found.certificate.holds


def test_plain_data_and_long_wars():
    for strategy in (green_porter(0.1, 0.9), green_porter(0.0, 0.5), green_porter(0.5, 0.9)):
        again = TriggerStrategy.from_dict(json.loads(json.dumps(strategy.to_dict())))
        assert again == strategy == pickle.loads(pickle.dumps(strategy))
    # y* = (1 - d) / (d (1 - 2 a)) is 1/2 up to rounding and 1 - d: log(1/2) / log(d) rounds.
    patient = green_porter(0.499999, 0.999999)
    assert patient.length == pytest.approx(math.log(2) * 1e6, rel=1e-5)
    assert patient.certificate.holds


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0.1, 1.0), r"discount_factor = 1.0 is not a finite number in \[0, 1\)"),
        ((1.1, 0.9), r"bad_demand_probability = 1.1 is not a finite number in \[0, 1\]"),
        ((np.nan, 0.9), "bad_demand_probability = nan"),
        ((0.1, 0.9, 1), "n_firms = 1"),
        ((0.1, 0.9, 2, -1.0), "monopoly_profit = -1.0 is not a finite number >= 0"),
    ],
)
def test_bad_input(arguments, message):
    with pytest.raises(ValueError, match=message):
        green_porter(*arguments)
    with pytest.raises(ValueError, match="cooperation = inf"):
        trigger_length(np.inf, 1, 0, 0.1, 0.2, 0.9)
