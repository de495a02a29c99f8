"""Win-sets: reference cases, the division against a search, unknown constraints against enumeration."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bargain.mechanisms.win_sets import (
    Settlement,
    approval,
    best_offer,
    best_proposal,
    ratified_share,
    settlement,
    win_set,
)

few = settings(max_examples=30, deadline=None)
shares = st.floats(0.0, 1.0)
thousandths = st.integers(0, 1000).map(lambda k: k / 1000)


def test_reference_cases():
    found = ratified_share([0.7, 0.2, 0.7], [0.2, 0.6, 0.4])
    np.testing.assert_allclose(found, [0.7, 0.4, np.nan], atol=1e-15)


@few
@given(r1=shares, r2=shares)
def test_the_share_is_the_nash_solution_within_both_win_sets(r1, r2):
    x = np.linspace(0.0, 1.0, 2001)
    inside = (x >= r1) & (x <= 1.0 - r2)
    share = float(ratified_share(r1, r2))
    if r1 + r2 > 1.0 + 1e-9:
        assert np.isnan(share)
    elif inside.any():
        assert share == pytest.approx(x[inside][np.argmax((x * (1.0 - x))[inside])], abs=6e-4)


@few
@given(r1=shares, r2=shares, more=shares)
def test_a_narrower_win_set_gets_no_less_until_there_is_no_deal(r1, r2, more):
    narrower = r1 + (1.0 - r1) * more
    before, after = ratified_share(r1, r2), ratified_share(narrower, r2)
    assert np.isnan(after) or after >= before
    assert not (np.isnan(before) and not np.isnan(after))


@few
@given(
    r=st.lists(thousandths, min_size=1, max_size=5),
    weights=st.lists(st.floats(0.05, 1.0), min_size=5, max_size=5),
    own=thousandths,
)
def test_the_best_offer_is_the_best_of_a_fine_grid(r, weights, own):
    p = np.array(weights[: len(r)]) / sum(weights[: len(r)])
    offer = best_offer(r, p.tolist(), own)
    grid = np.concatenate([np.linspace(0.0, 1.0, 101), r])
    worth = [sum(p[i] for i in range(len(r)) if r[i] <= x) * (1.0 - x) for x in grid if 1.0 - x >= own - 1e-9]
    assert offer.payoffs[0] == pytest.approx(max([0.0, *worth]), abs=1e-9)
    assert sum(offer.payoffs) == pytest.approx(offer.chance, abs=1e-12)


def test_uncertainty_costs_deals_that_knowledge_would_make():
    # 0.2 with chance 0.7, 0.6 with chance 0.3: asking for the low threshold is worth 0.56, the safe offer 0.4.
    offer = best_offer([0.2, 0.6], [0.7, 0.3])
    assert (offer.share, offer.chance) == (0.2, 0.7)
    assert offer.payoffs == pytest.approx((0.56, 0.14))
    assert best_offer([0.2, 0.6], [0.4, 0.6]).share == 0.6
    assert best_offer([0.7], [1.0], own_threshold=0.5).payoffs == (0.0, 0.0)


@few
@given(st.integers(0, 2**32 - 1), st.integers(1, 4), st.integers(1, 6), st.floats(0.1, 1.0))
def test_a_win_set_counts_the_weight_of_those_that_gain(seed, n_factions, n_agreements, quota):
    rng = np.random.default_rng(seed)
    gains, weights = rng.normal(size=(n_factions, n_agreements)), rng.dirichlet(np.ones(n_factions))
    found = win_set(gains, weights, quota)
    for m in range(n_agreements):
        yes = sum(weights[j] for j in range(n_factions) if gains[j, m] >= 0.0)
        if abs(yes - quota) > 1e-9:
            assert found[m] == (yes > quota)
    # Asking more of them never ratifies more.
    assert (win_set(gains, weights, min(1.0, 1.3 * quota)) <= found).all()
    names = [f"f{j}" for j in range(n_factions)]
    one = approval(dict(zip(names, gains[:, 0], strict=True)), dict(zip(names, weights, strict=True)), quota)
    assert one == found[0]


@few
@given(st.integers(0, 2**32 - 1), st.integers(1, 7))
def test_negotiators_settle_on_the_largest_product_they_can_ratify(seed, n):
    rng = np.random.default_rng(seed)
    z, both = rng.normal(size=(2, n)), rng.random(n) < 0.7
    found = settlement(z[0], z[1], both)
    able = [m for m in range(n) if both[m] and z[0, m] >= 0.0 and z[1, m] >= 0.0]
    assert found.ratified == both.sum()
    if not able:
        assert found.chosen is None
    else:
        assert found.chosen == max(able, key=lambda m: z[0, m] * z[1, m])
        # What the other side need not ratify never helps the negotiators together.
        assert settlement(z[0], z[1], np.ones(n, bool)).chosen is not None
    assert Settlement.from_dict(json.loads(json.dumps(found.to_dict()))) == found


@few
@given(st.integers(0, 2**32 - 1), st.integers(1, 7))
def test_a_proposal_is_best_and_certain_ratification_makes_it_the_proposers_own_best(seed, n):
    rng = np.random.default_rng(seed)
    z, p = rng.normal(size=n), rng.random(n)
    place = best_proposal(z, p)
    if (z < 0.0).all():
        assert place is None
    else:
        assert p[place] * z[place] == pytest.approx(max(p[m] * z[m] for m in range(n) if z[m] >= 0.0))
        assert best_proposal(z, np.ones(n)) == z.argmax()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: ratified_share(1.2, 0.0), r"first = 1.2 is not a share in \[0, 1\]"),
        (lambda: ratified_share(0.2, np.nan), "second = nan"),
        (lambda: best_offer([0.2], [0.5]), "no chances that sum to 1"),
        (lambda: best_offer([1.2], [1.0]), "not all shares"),
        (lambda: best_offer([0.2], [1.0], 2.0), "own_threshold = 2"),
        (lambda: best_offer([], []), "not one list each"),
        (lambda: approval({"hawk": 1.0}, {"split": 1.0}), "faction 'hawk' is in one of them only"),
        (lambda: approval({"hawk": 1.0}, {"hawk": 1.0, "split": 0.0}), "faction 'split'"),
        (lambda: win_set([[1.0]], [0.5]), "no weights that sum to 1"),
        (lambda: win_set([[np.nan]], [1.0]), "gains are not all finite"),
        (lambda: win_set([[1.0]], [1.0], 0.0), r"quota = 0 is not in \(0, 1\]"),
        (lambda: win_set([1.0], [1.0]), "not of the same factions"),
        (lambda: settlement([1.0], [1.0, 2.0], [True]), "not one list each"),
        (lambda: settlement([np.inf], [1.0], [True]), "not all finite"),
        (lambda: best_proposal([1.0], [1.5]), r"not all in \[0, 1\]"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()
