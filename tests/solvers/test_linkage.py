import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bargain.solvers.linkage import linkage_critical_discount


def test_reference_case():
    found = linkage_critical_discount([3, 1], [1, 3])
    np.testing.assert_allclose(found.by_issue, [0.75, 0.25])
    assert (found.separate, found.linked) == (0.75, 0.5)
    assert pickle.loads(pickle.dumps(found)) == found


def test_players_with_opposite_interests_need_the_link():
    # Each loses on one issue: no single deal holds, the linked one does from 2 / (2 + 2).
    found = linkage_critical_discount([[1, 1], [1, 1]], [[3, -1], [-1, 3]])
    np.testing.assert_array_equal(found.by_issue, [1, 1])
    assert (found.separate, found.linked) == (1.0, 0.5)


def test_linked_deal_can_fail_where_both_single_ones_hold():
    found = linkage_critical_discount([1, 1], [1, 1], joint_gains=4)
    assert found.separate == 0.5
    assert found.linked == pytest.approx(2 / 3)
    # Cheating on the first issue alone stays possible when cheating on both gains nothing.
    assert linkage_critical_discount([3, 0], [1, 1], joint_gains=0).linked == 0.6


@settings(max_examples=50)
@given(st.integers(0, 2**32 - 1), st.integers(1, 3), st.integers(1, 4))
def test_linking_never_hurts_with_additive_payoffs(seed, n_players, n_issues):
    rng = np.random.default_rng(seed)
    gains, benefits = rng.uniform(0, 3, (2, n_players, n_issues))
    found = linkage_critical_discount(gains, benefits)
    assert found.linked <= found.separate + 1e-12
    # At the critical discount factor somebody is indifferent, nobody would cheat.
    d = found.linked
    slack = d / (1 - d) * benefits.sum(axis=1) - gains.sum(axis=1)
    assert abs(slack.min()) < 1e-9


def test_no_temptation_and_bad_input():
    assert linkage_critical_discount([0, 0], [1, 0]).linked == 0.0
    assert linkage_critical_discount([1], [0]).linked == 1.0
    with pytest.raises(ValueError, match="negative"):
        linkage_critical_discount([-1, 1], [1, 1])
    with pytest.raises(ValueError, match="not \\(n_players, n_issues\\) both"):
        linkage_critical_discount([1, 1], [1])
    with pytest.raises(ValueError, match=r"benefits\[0\] = nan"):
        linkage_critical_discount([1], [np.nan])
    with pytest.raises(ValueError, match="not one gain for each of 1 players"):
        linkage_critical_discount([1], [1], [1, 2])
