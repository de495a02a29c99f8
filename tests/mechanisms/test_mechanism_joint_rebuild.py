"""Joint rebuilding: Shapley shares are an equilibrium, deviations on a grid, mixed equilibria by hand."""

from __future__ import annotations

import itertools
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bargain.games.coalition import CoalitionGame
from bargain.games.coalition_values import core, in_core, shapley_value
from bargain.mechanisms.joint_rebuild import (
    JointRebuild,
    assurance,
    deviation_gains,
    joint_rebuild,
    plant_shares,
    surplus_game,
)

SEEDS = st.integers(0, 2**32 - 1)


@settings(max_examples=25, deadline=None)
@given(SEEDS, st.integers(1, 5), st.floats(0.1, 0.99))
def test_shapley_shares_are_an_equilibrium(seed, n, part):
    benefits = np.random.default_rng(seed).uniform(0.0, 5.0, n) + 0.01
    found = joint_rebuild(benefits, part * benefits.sum())
    assert found.worth_building
    assert found.shares.sum() == pytest.approx(found.cost)
    assert (found.shares >= -1e-12).all()
    assert (found.shares <= benefits + 1e-12).all()
    assert found.gain <= 1e-9
    np.testing.assert_allclose(found.payoffs, shapley_value(surplus_game(benefits, found.cost)), atol=1e-12)
    assert not core(surplus_game(benefits, found.cost)).empty
    level = joint_rebuild(benefits, part * benefits.sum(), sharing="proportional")
    np.testing.assert_allclose(level.beliefs, part)
    assert found.beliefs.max() >= part - 1e-9  # no sharing needs less of the most doubtful
    assert in_core(surplus_game(benefits, level.cost), level.payoffs, 1e-7)


@settings(max_examples=20, deadline=None)
@given(SEEDS, st.booleans())
def test_deviations_on_a_grid_gain_no_more(seed, refund):
    random = np.random.default_rng(seed)
    benefits, cost = random.uniform(0.1, 3.0, 3), 3.0
    given_ = random.choice([0.0, 0.5, 1.0, 1.5], 3)

    def payoff(own, k):
        all_ = given_.copy()
        all_[k] = own
        built = all_.sum() >= cost - 1e-12
        return benefits[k] - own if built else (0.0 if refund else -own)

    gains = deviation_gains(benefits, cost, given_, refund=refund)
    for k in range(3):
        best = max(payoff(own, k) for own in np.linspace(0.0, 3.0, 601))
        assert best - payoff(given_[k], k) == pytest.approx(gains[k], abs=1e-9)


def test_assurance_of_a_project():
    found = joint_rebuild([4.0, 1.0, 1.0], 3.0, ["A", "B", "C"])
    assert found.alone == ("A",)
    assert not found.stalls
    stag = joint_rebuild([2.0, 2.0], 3.0)
    assert stag.stalls
    np.testing.assert_allclose(stag.shares, [1.5, 1.5])
    np.testing.assert_allclose(stag.beliefs, 0.75)
    assert deviation_gains([2.0, 2.0], 3.0, [0.0, 0.0], refund=False).max() == 0.0
    unfair = joint_rebuild([4.0, 0.5], 3.0, sharing="equal")
    assert unfair.gain == pytest.approx(1.0)  # the small partner would rather not
    idle = joint_rebuild([1.0, 1.0], 3.0)
    assert not idle.worth_building
    assert idle.gain == 0.0
    np.testing.assert_array_equal(idle.payoffs, 0.0)


@settings(max_examples=15, deadline=None)
@given(SEEDS, st.integers(1, 5))
def test_plants_of_different_size(seed, n):
    costs = np.random.default_rng(seed).uniform(0.0, 5.0, n)
    table = [max((costs[k] for k in range(n) if c >> k & 1), default=0.0) for c in range(2**n)]
    np.testing.assert_allclose(plant_shares(costs), shapley_value(CoalitionGame(table)), atol=1e-12)


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 5), st.data(), st.floats(0.1, 3.0), st.booleans())
def test_equal_partners(n, data, cost, refund):
    needed = data.draw(st.integers(1, n))
    found = assurance(n, needed, 1.0, cost, refund=refund)

    def payoff(own, others):
        built = own + others >= needed
        return (1.0 if built else 0.0) - (cost if own and (built or not refund) else 0.0)

    stable = [
        m
        for m in range(n + 1)
        if (m == 0 or payoff(1, m - 1) >= payoff(0, m - 1)) and (m == n or payoff(0, m) >= payoff(1, m))
    ]
    assert list(found.givers) == stable

    def advantage(q):
        total = 0.0
        for acts in itertools.product((0, 1), repeat=n - 1):
            chance = np.prod([q if a else 1 - q for a in acts])
            total += chance * (payoff(1, sum(acts)) - payoff(0, sum(acts)))
        return total

    assert found.gain < 1e-6
    for q, built in zip(found.chances, found.built, strict=True):
        assert advantage(q) == pytest.approx(0.0, abs=1e-6)
        assert 0.0 < built < 1.0
    grid = np.linspace(0.002, 0.998, 250)
    signs = np.sign([advantage(q) for q in grid])
    assert np.sum(signs[1:] * signs[:-1] < 0) <= len(found.chances)


def test_all_needed_is_a_closed_form():
    """n of n: q = (c / b) ^ (1 / (n - 1))."""
    found = assurance(4, 4, 1.0, 0.3)
    assert found.chances == pytest.approx((0.3 ** (1 / 3),))
    assert found.givers == (0, 4)
    lone = assurance(3, 1, 1.0, 0.4)  # volunteer's dilemma (Diekmann 1985)
    assert lone.chances == pytest.approx((1 - 0.4**0.5,))
    assert lone.givers == (1,)


def test_round_trip_and_errors():
    found = joint_rebuild([1.0, 2.0], 2.0, ["A", "B"])
    assert JointRebuild.from_dict(json.loads(json.dumps(found.to_dict()))) == found
    with pytest.raises(ValueError, match="sharing"):
        joint_rebuild([1.0], 0.5, sharing="shapely")
    with pytest.raises(ValueError, match="cost"):
        joint_rebuild([1.0], 0.0)
    with pytest.raises(ValueError, match="needed = 3"):
        assurance(2, 3, 1.0, 1.0)
    with pytest.raises(ValueError, match="contributions"):
        deviation_gains([1.0, 1.0], 1.0, [1.0], refund=True)
