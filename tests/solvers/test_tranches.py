"""Tranches and gradualism: published and golden numbers, and incentive constraints rebuilt from the definitions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bargain.solvers.tranches import fewest_tranches, gradual_path


@pytest.mark.parametrize(("concession", "n"), [(0.0, 0), (1.0, 2), (5.0, 4), (20.0, 8)])
def test_golden_numbers_of_tranches(concession: float, n: int) -> None:
    found = fewest_tranches(concession, worth=1.5, relationship=1.0, discount_factor=0.9)
    assert found.n_tranches == n
    assert found.sizes.sum() == pytest.approx(concession)
    assert found.carried == np.inf


def _temptations(sizes: np.ndarray, worth: float, relationship: float, d: float) -> list[float]:
    """What each tranche's giver saves by stopping, less what is lost: rounds played forward, no recursion shared."""
    short = []
    for k in range(len(sizes)):
        later = [d ** (j - k) * (worth - 1.0) * sizes[j] for j in range(k + 1, len(sizes))]
        short.append(sizes[k] - sum(later) - d ** (len(sizes) - k) * relationship)
    return short


@settings(max_examples=60, deadline=None)
@given(st.floats(0.05, 30.0), st.floats(0.3, 3.0), st.floats(0.05, 5.0), st.floats(0.2, 0.98))
def test_tranches_enforce_themselves_and_one_fewer_does_not(c: float, v: float, r: float, d: float) -> None:
    found = fewest_tranches(c, v, r, d)
    if found.n_tranches is None:
        assert d * v < 1.0
        assert found.carried <= c * (1.0 + 1e-9)
        return
    if found.n_tranches > 200:
        return
    assert found.sizes.sum() == pytest.approx(c)
    assert max(_temptations(found.sizes, v, r, d)) <= 1e-9 * max(c, r)
    # The most that n - 1 tranches carry: the largest sizes under the constraints, found by a linear program.
    assert _most(found.n_tranches - 1, v, r, d) < c * (1.0 + 1e-9)
    assert _most(found.n_tranches, v, r, d) >= c * (1.0 - 1e-9)


def _most(n: int, v: float, r: float, d: float) -> float:
    from scipy.optimize import linprog

    if n == 0:
        return 0.0
    rows = np.eye(n)
    for k in range(n):
        rows[k, k + 1 :] = [-(v - 1.0) * d ** (j - k) for j in range(k + 1, n)]
    bounds = np.array([r * d ** (n - k) for k in range(n)])
    found = linprog(-np.ones(n), A_ub=rows, b_ub=bounds, bounds=(0.0, None), method="highs")
    return float(-found.fun)


def test_no_number_is_enough_where_the_future_fades() -> None:
    assert fewest_tranches(1.0, 1.0, 0.0, 0.9).n_tranches is None
    assert fewest_tranches(1.0, 1.0, 1.0, 0.0).n_tranches is None
    faint = fewest_tranches(5.0, 1.0, 0.5, 0.9)  # All tranches together carry less than 4.5.
    assert (faint.n_tranches, faint.sizes.size) == (None, 0)
    assert faint.carried == pytest.approx(4.5)
    assert fewest_tranches(4.5, 1.0, 0.5, 0.9).n_tranches is None
    assert fewest_tranches(4.4, 1.0, 0.5, 0.9).n_tranches == 37
    assert fewest_tranches(2.0, 2.0, 1.0, 0.5).n_tranches == 4  # Growth of exactly one: each carries a half.


def test_gradualism_of_lockwood_and_thomas() -> None:
    path = gradual_path(1.5, 0.9, 4)
    np.testing.assert_allclose(path.contributions, [0.2593, 0.4513, 0.5936, 0.6989], atol=5e-5)
    assert path.payoff == pytest.approx(7 / 18)
    b, d = 1.5, 0.9
    assert path.payoff == pytest.approx((b - 1) * (1 - (1 - d) / (d * (b - 1))))


@settings(max_examples=40, deadline=None)
@given(st.floats(1.2, 3.0), st.floats(0.86, 0.98))
def test_gradual_path_leaves_both_indifferent_in_every_round(b: float, d: float) -> None:
    n = 400
    path = gradual_path(b, d, n)
    c = np.concatenate([[0.0], path.contributions])
    rounds = np.arange(n)
    value = (1 - d) * (d**rounds * (b - 1) * c[1:]).sum() + d**n * (b - 1) * c[-1]
    if (b * d) ** -n < 1e-9:
        assert value == pytest.approx(path.payoff, abs=1e-6)
    for t in (1, 2, 5):
        later = (1 - d) * (d ** np.arange(n - t + 1) * (b - 1) * c[t:]).sum() + d ** (n - t + 1) * (b - 1) * c[-1]
        if (b * d) ** -n < 1e-9:
            assert later == pytest.approx(b * c[t] - c[t - 1], abs=1e-6)


def test_nothing_is_given_without_patience() -> None:
    path = gradual_path(1.5, 0.6, 3)
    assert path.payoff == 0.0
    assert not path.contributions.any()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: fewest_tranches(-1.0, 1.5, 1.0, 0.9), "concession = -1 is not >= 0"),
        (lambda: fewest_tranches(1.0, 0.0, 1.0, 0.9), "worth = 0 is not > 0"),
        (lambda: fewest_tranches(1.0, 1.5, float("nan"), 0.9), "relationship = nan is not finite"),
        (lambda: fewest_tranches(1.0, 1.5, 1.0, 1.0), r"discount_factor = 1 is not in \[0, 1\)"),
        (lambda: gradual_path(1.5, 0.9, 0), "n_rounds = 0 is not a whole number >= 1"),
    ],
)
def test_bad_numbers_are_named(call, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
