"""Shifting power: the reference case, comparative statics, and the game of many rounds solved backwards."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bargain.mechanisms.shifting_power import ShiftingPower, conflict_threshold, shifting_power

few = settings(max_examples=30, deadline=None)
chances, costs, discounts = st.floats(0.0, 1.0), st.floats(0.0, 3.0), st.floats(0.1, 0.97)


def backwards(now, later, cost, d, rounds=3000):
    """Whether there is a war in the first round of a long finite game, on flows alone: no formula for values."""
    mine, theirs = (1.0 - later) / (1.0 - d) - cost, later / (1.0 - d) - cost
    keep, give = mine, max(theirs, 0.0)
    # Tomorrow and after: the offers that leave the rising side just its war.
    for _ in range(rounds):
        offer = min(max(theirs - d * give, 0.0), 1.0)
        keep, give = 1.0 - offer + d * keep, offer + d * give
    war = ((1.0 - now) / (1.0 - d) - cost, now / (1.0 - d) - cost)
    offers = np.linspace(0.0, 1.0, 1001)
    best = (1.0 - offers + d * keep)[offers + d * give >= war[1] - 1e-9].max(initial=-np.inf)
    return war[0] - best


def test_reference_case():
    assert float(conflict_threshold(0.3, 0.5, 0.9)) == pytest.approx(0.438889, abs=5e-7)
    assert shifting_power(0.3, 0.44, 0.5, 0.9).conflict
    assert not shifting_power(0.3, 0.438, 0.5, 0.9).conflict


@few
@given(p=chances, rise=chances, cost=costs, d=discounts)
def test_conflict_is_what_the_threshold_says_and_an_equilibrium(p, rise, cost, d):
    later = p + (1.0 - p) * rise
    found = shifting_power(p, later, cost, d)
    if abs(later - found.threshold) > 1e-9:
        assert found.conflict == (later > found.threshold)
    assert found.largest_gain <= 1e-9 / (1.0 - d)
    assert (found.offer is None) == found.conflict


@few
@given(p=chances, rise=chances, cost=st.floats(0.05, 3.0), d=st.floats(0.2, 0.9))
def test_conflict_is_what_the_game_of_many_rounds_has(p, rise, cost, d):
    later = p + (1.0 - p) * rise
    gain = backwards(p, later, cost, d)
    # The grid of offers is 1/1000 wide.
    if abs(gain) > 2e-3:
        assert shifting_power(p, later, cost, d).conflict == (gain > 0.0)


@few
@given(p=chances, cost=costs, d=discounts, more=st.floats(0.01, 1.0))
def test_the_threshold_rises_in_cost_and_in_the_chance_now(p, cost, d, more):
    threshold = conflict_threshold(p, cost, d)
    assert conflict_threshold(p, cost + more, d) > threshold
    assert conflict_threshold(min(1.0, p + more), cost, d) >= threshold


@few
@given(p=chances, rise=chances, cost=costs, d=discounts, more=st.floats(0.0, 1.0))
def test_a_faster_shift_never_brings_peace(p, rise, cost, d, more):
    later = p + (1.0 - p) * rise
    faster = later + (1.0 - later) * more
    assert shifting_power(p, faster, cost, d).conflict >= shifting_power(p, later, cost, d).conflict


def test_the_certificate_sees_a_wrong_offer():
    from bargain.mechanisms.shifting_power import _largest_gain

    assert _largest_gain(0.3, 0.35, 0.5, 0.9, 0.4) > 0.1
    assert _largest_gain(0.3, 0.35, 0.5, 0.9, None) > 0.1
    assert _largest_gain(0.3, 0.9, 0.5, 0.9, 0.0) > 0.1


def test_round_trip_and_bad_numbers():
    for later in (0.4, 0.9):
        found = shifting_power(0.3, later, 0.5, 0.9)
        assert ShiftingPower.from_dict(json.loads(json.dumps(found.to_dict(), allow_nan=False))) == found
    for arguments, message in (
        ((1.2, 0.5, 0.5, 0.9), r"chance = 1.2 is not a share in \[0, 1\]"),
        ((0.3, np.nan, 0.5, 0.9), "chance = nan"),
        ((0.3, 0.5, -1.0, 0.9), "cost = -1 is not finite and >= 0"),
        ((0.3, 0.5, 0.5, 1.0), "discount_factor = 1 is not"),
        ((0.6, 0.5, 0.5, 0.9), "chance_later = 0.5 is below chance_now = 0.6"),
    ):
        with pytest.raises(ValueError, match=message):
            shifting_power(*arguments)
