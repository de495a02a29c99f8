"""Bluff about a stock: the closed form against the enumeration of all perfect Bayesian equilibria."""

from __future__ import annotations

import json
import math
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bargain.games.perfect_bayesian import perfect_bayesian
from bargain.mechanisms.bluff import Bluff, bluff, stock_game

positive = st.floats(0.1, 10.0)


def test_bluff_by_hand() -> None:
    found = bluff(0.6, harm=(10, 6), worth=(3, -2), show_cost=(4, 1))
    assert found.regime == "bluff"
    assert found.threshold == pytest.approx(0.4)
    assert found.shows == pytest.approx((4 / 9, 1.0))
    assert found.embargo == pytest.approx((1.0, 0.6))
    assert found.believed == pytest.approx((1.0, 0.4))
    assert found.payoffs == pytest.approx((-10.0, -4.6))
    assert found.rival_payoff == pytest.approx(0.6 * (5 / 9) * 3)


@pytest.mark.parametrize(
    ("arguments", "regime"),
    [
        ((0.6, (10, 6), (3, -2), (11, 1)), "separating"),
        ((0.6, (10, 6), (3, -2), (0, 0)), "quiet and hit"),
        ((0.6, (10, 6), (3, -2), (1, 5)), "quiet and hit"),
        ((0.6, (10, 6), (3, -2), (11, 7)), "quiet and hit"),
        ((0.3, (10, 6), (3, -2), (4, 1)), "quiet and safe"),
        ((0.6, (10, 6), (-1, -2), (4, 1)), "no embargo pays"),
        ((0.6, (10, 6), (0, 0), (4, 1)), "no embargo pays"),
        ((0.6, (10, 6), (3, 1), (4, 1)), "every embargo pays"),
    ],
)
def test_regimes(arguments, regime: str) -> None:
    found = bluff(*arguments)
    assert found.regime == regime
    assert found.gain <= 1e-12


@settings(max_examples=10, deadline=None)
@given(st.floats(0.05, 0.95), positive, positive, positive, positive, st.floats(0, 10), st.floats(0, 10))
def test_the_closed_form_is_an_equilibrium_and_among_those_enumerated(p, a, b, small, large, c, d) -> None:
    found = bluff(p, (a, b), (small, -large), (c, d))
    assert found.gain <= 1e-9
    game = stock_game(p, (a, b), (small, -large), (c, d))
    near = min(
        float(np.abs(e.payoffs - found.payoffs).max()) + float(np.abs(e.sender[:, 1] - found.shows).max())
        for e in perfect_bayesian(game).equilibria
    )
    assert near < 1e-5 or abs(p - found.threshold) < 1e-4 or min(abs(c - a), abs(d - b)) < 1e-4


def test_claims_that_cost_nothing_change_nothing() -> None:
    """Crawford and Sobel: with no cost of a show every equilibrium brings the embargo to all, or to none."""
    for p, hit in ((0.6, 1.0), (0.3, 0.0)):
        for e in perfect_bayesian(stock_game(p, (10, 6), (3, -2), (0, 0))).equilibria:
            assert e.payoffs == pytest.approx([-10 * hit, -6 * hit], abs=1e-6)


@settings(max_examples=20, deadline=None)
@given(st.floats(0.45, 0.95))
def test_the_rarer_strength_is_the_less_is_bluffed(p: float) -> None:
    now, later = (bluff(x, (10, 6), (3, -2), (4, 1)) for x in (p, p + 0.02))
    assert later.shows[0] <= now.shows[0]
    assert later.embargo == now.embargo


def test_plain_data_and_errors() -> None:
    found = bluff(0.6, (10, 6), (3, -2), (4, 1))
    assert Bluff.from_dict(json.loads(json.dumps(found.to_dict()))) == found == pickle.loads(pickle.dumps(found))
    for arguments, message in (
        ((0.0, (1, 1), (1, -1), (0, 0)), "chance_small = 0 is not"),
        ((0.5, (1, -1), (1, -1), (0, 0)), "harm"),
        ((0.5, (1, 1), (1, math.nan), (0, 0)), "worth"),
        ((0.5, (1, 1), (1, -1), (0, math.inf)), "show_cost"),
    ):
        with pytest.raises(ValueError, match=message):
            bluff(*arguments)


def test_a_large_stock_that_is_hit_harder_is_refused():
    with pytest.raises(ValueError, match="larger against a large stock"):
        bluff(0.968, (1.24, 0.35), (-0.65, 0.6), (0.1, 0.1))
