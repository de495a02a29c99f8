"""Holding out on a stock: the rival's best dates, certificates of both sides, delays."""

from __future__ import annotations

import json
import math
import pickle
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bargain.mechanisms.endurance_prior import EndurancePrior
from bargain.mechanisms.exhaustion import Exhaustion, exhaustion, rival_gain, target_gains

UNIFORM = EndurancePrior.uniform(2.0, 18.0, 0.1)


def test_a_known_stock_is_waited_for_exactly_where_that_pays() -> None:
    dates = EndurancePrior.points((10.0,), (1.0,), 0.1)
    found = exhaustion(dates, (0.05, 0.089, 0.091, 0.2), (0.2,) * 4, (1.0, 1.0), (0.0, 2.0))
    assert found.stops == (10.0, 10.0, 0.0, 0.0)
    assert found.at_once == pytest.approx(0.4)
    assert found.yields == pytest.approx((0.6 * 0.9, 0.4 + 0.4 * 0.1))
    assert found.delay == pytest.approx((0.4 * 10 + 0.2 * 0.9 * 10) / (1 - 0.2 * 0.1))


def test_a_rising_hazard_means_at_once_or_to_the_end() -> None:
    """Uniform dates: waiting to the end is worth P (1 - z) less c times the mean wait, 2 + 16 (0.1 + 0.45)."""
    edge = 0.9 / (2 + 16 * 0.55)
    found = exhaustion(UNIFORM, (0.98 * edge, 1.02 * edge), (0.4, 0.4), (1.0, 1.0), (0.0, 2.0))
    assert found.stops == (18.0, 0.0)
    assert found.rival_gain < 1e-6


@settings(max_examples=10, deadline=None)
@given(st.lists(st.floats(0.005, 0.4), min_size=1, max_size=4), st.floats(2.1, 17.9), st.floats(0.01, 0.3))
def test_no_type_of_the_rival_gains_and_the_delay_is_simulated(costs, mode, z) -> None:
    dates = EndurancePrior.triangular(2.0, mode, 18.0, z, n_pieces=40)
    found = exhaustion(dates, costs, (0.9 / len(costs),) * len(costs), (1.0, 1.0), (-0.01, 0.8))
    assert found.rival_gain < 1e-4
    assert sum(found.yields) == pytest.approx(1 - 0.1 * z)
    rng = np.random.default_rng(0)
    target = np.interp(rng.random(40_000), np.append(0.0, np.cumsum(dates.chances)), dates.months, right=np.inf)
    place = rng.random(40_000) * len(costs) / 0.9
    rival = np.where(
        place >= len(costs), np.inf, np.append(found.stops, 0.0)[np.minimum(place, len(costs)).astype(int)]
    )
    first = np.minimum(target, rival)
    assert found.delay == pytest.approx(first[np.isfinite(first)].mean(), abs=0.15)
    assert found.yields[1] == pytest.approx((rival < target).mean(), abs=0.02)


def test_a_wrong_date_is_found_out() -> None:
    found = exhaustion(UNIFORM, (0.05, 0.15), (0.4, 0.4), (1.0, 1.0), (0.0, 2.0))
    assert rival_gain(found) < 1e-6
    assert rival_gain(replace(found, stops=found.stops[::-1])) > 0.1


def test_a_target_to_whom_the_stock_is_dear_does_not_wait_for_its_end() -> None:
    cheap = exhaustion(UNIFORM, (0.2,), (0.9,), (1.0, 1.0), (-0.01, 2.0))
    assert cheap.stops == (0.0,)
    assert cheap.target_gain == pytest.approx(0.0, abs=1e-3)
    assert cheap.holds
    dear = exhaustion(UNIFORM, (0.2,), (0.9,), (1.0, 1.0), (0.5, 2.0))
    assert not dear.holds
    assert dear.gaining == pytest.approx(1.0)


def test_types_at_the_end_would_wait_for_a_rival_that_loses_hope() -> None:
    found = exhaustion(UNIFORM, (0.02,), (0.9,), (1.0, 1.0), (0.0, 2.0))
    assert found.stops == (18.0,)
    gains, weights = target_gains(found)
    # Waiting for the last date is worth it within the time in which the bare cost eats the prize.
    assert found.gaining == pytest.approx(0.9 / 2.0 / 16.0, abs=0.02)
    assert found.target_mean == pytest.approx(float(gains @ weights))
    assert found.target_gain > 0.5


def test_plain_data_and_errors() -> None:
    found = exhaustion(UNIFORM, (0.05, 0.15), (0.4, 0.4), (1.0, 1.0), (0.0, 2.0))
    assert Exhaustion.from_dict(json.loads(json.dumps(found.to_dict()))) == found == pickle.loads(pickle.dumps(found))
    for arguments, message in (
        (((0.1,), (0.4, 0.4), (1, 1), (0, 2)), "1 costs and 2 chances"),
        (((0.0,), (0.4,), (1, 1), (0, 2)), "costs: 0"),
        (((0.1,), (1.0,), (1, 1), (0, 2)), "less than 1"),
        (((0.1,), (0.4,), (1, math.nan), (0, 2)), "prizes: nan"),
        (((0.1,), (0.4,), (1, 1), (2, 1)), "target_costs"),
    ):
        with pytest.raises(ValueError, match=message):
            exhaustion(UNIFORM, *arguments)
