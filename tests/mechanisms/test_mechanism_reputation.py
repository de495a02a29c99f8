"""Bargaining with reputations: the reference case, and that no time of yielding is better than those played."""

from __future__ import annotations

import json
import math
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad

from bargain.mechanisms.reputation import Reputation, largest_gain, reputation

share = st.floats(0.51, 0.95)
chance = st.floats(0.005, 0.4)
rate = st.floats(0.02, 1.0)


def test_reference_case() -> None:
    found = reputation((0.6, 0.6), (0.1, 0.05), (0.1, 0.1))
    assert found.hazards == pytest.approx((0.2, 0.2))
    assert found.horizon == pytest.approx(11.5129, abs=5e-5)
    assert found.at_once == pytest.approx((0.0, 0.5))
    assert found.payoffs == pytest.approx((0.5, 0.4))
    assert 0.0 <= found.gain < 1e-6


def planned(found: Reputation, side: int, until: float) -> float:
    """What a plan to yield at a time is worth, by adaptive quadrature over the rival's hazard."""
    rival, r = 1 - side, found.impatience[side]
    at_once, hazard = found.at_once[rival], found.hazards[rival]
    won = quad(lambda t: hazard * (1 - at_once) * math.exp(-(hazard + r) * t), 0.0, until)[0]
    left = (1 - at_once) * math.exp(-(hazard + r) * until) * (1 - found.demands[rival])
    return (at_once + won) * found.demands[side] + left


@settings(max_examples=25, deadline=None)
@given(st.tuples(share, share), st.tuples(chance, chance), st.tuples(rate, rate))
def test_every_time_up_to_the_horizon_is_as_good_as_any_other(demands, obstinate, impatience) -> None:
    found = reputation(demands, obstinate, impatience)
    for side in (0, 1):
        for until in (0.0, 0.3 * found.horizon, found.horizon):
            assert planned(found, side, until) == pytest.approx(found.payoffs[side], abs=1e-9)
        assert found.reputation(side, found.horizon) == pytest.approx(1.0)
        assert float(found.yielded(side, 0.0)) == pytest.approx(found.at_once[side])
    assert min(found.at_once) == 0.0
    assert found.gain < 1e-4


def test_a_wrong_hazard_or_jump_is_found_out() -> None:
    found = reputation((0.6, 0.6), (0.1, 0.05), (0.1, 0.1))
    for wrong in ({"hazards": (0.25, 0.2)}, {"hazards": (0.2, 0.15)}, {"at_once": (0.0, 0.6)}):
        assert largest_gain(Reputation(**{**found.to_dict(), **wrong})) > 1e-3


def test_delay_is_the_mean_of_simulated_concessions() -> None:
    found, rng = reputation((0.6, 0.7), (0.1, 0.05), (0.1, 0.2)), np.random.default_rng(3)
    draws = []
    for side in (0, 1):
        u = rng.random(200_000)
        times = -np.log1p(-(u - found.at_once[side]) / (1 - found.at_once[side])) / found.hazards[side]
        times = np.where(u < found.at_once[side], 0.0, times)
        draws.append(np.where(u > 1 - found.obstinate[side], np.inf, times))
    first = np.minimum(*draws)
    assert found.delay == pytest.approx(first[np.isfinite(first)].mean(), rel=0.02)


def test_more_obstinacy_never_harms_a_side() -> None:
    worth = [reputation((0.6, 0.6), (z, 0.05), (0.1, 0.1)).payoffs[0] for z in np.linspace(0.01, 0.5, 12)]
    assert np.all(np.diff(worth) >= -1e-12)


def test_plain_data_and_errors() -> None:
    found = reputation((0.6, 0.6), (0.1, 0.05), (0.1, 0.1))
    assert Reputation.from_dict(json.loads(json.dumps(found.to_dict()))) == found == pickle.loads(pickle.dumps(found))
    for arguments, message in (
        (((0.4, 0.6), (0.1, 0.1), (0.1, 0.1)), "no more than the pie"),
        (((0.6, 0.6), (0.0, 0.1), (0.1, 0.1)), "obstinate = 0 is not in"),
        (((0.6, 0.6), (0.1, 0.1), (0.1, math.nan)), "impatience = nan"),
    ):
        with pytest.raises(ValueError, match=message):
            reputation(*arguments)
