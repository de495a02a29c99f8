import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bargain.solvers import best_response_polytope
from bargain.solvers.best_response_polytope import Budget, BudgetError, InDoubtError, labelled_vertices
from bargain.solvers.watch import Watch


def brute_force(payoffs):
    """All vertices by solving every square system: rows of probabilities with their tight inequalities."""
    n, m = payoffs.shape
    relative = payoffs - payoffs.min(axis=0)
    b = 1.0 + relative / (relative.max() or 1.0)
    left, right = np.vstack([-np.eye(m), b]), np.concatenate([np.zeros(m), np.ones(n)])
    found = {}
    for chosen in itertools.combinations(range(m + n), m):
        rows = list(chosen)
        if abs(np.linalg.det(left[rows])) > 1e-9:
            point = np.linalg.solve(left[rows], right[rows])
            if np.all(left @ point <= right + 1e-9) and point.sum() > 1e-9:
                key = tuple(np.round(point / point.sum(), 8) + 0.0)
                found[key] = tuple(np.abs(left @ point - right) < 1e-9)
    return found


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 4), st.integers(1, 4), st.integers(0, 2**32 - 1), st.sampled_from([2, 3, 0]), st.booleans())
def test_vertices_and_labels_by_brute_force(n, m, seed, levels, exact):
    rng = np.random.default_rng(seed)
    payoffs = rng.integers(0, levels, size=(n, m)).astype(float) if levels else rng.normal(size=(n, m))
    vertices = labelled_vertices(payoffs, Budget(), exact=exact)
    found = {
        tuple(np.round(strategy, 8) + 0.0): tuple(labels)
        for strategy, labels in zip(vertices.strategies, vertices.labels, strict=True)
    }
    assert found == brute_force(payoffs)
    assert len(found) == len(vertices.strategies)
    assert vertices.degenerate == any(sum(labels) > m for labels in found.values())


def test_doubtful_slack_is_left_to_exact_integers():
    payoffs = np.array([[1.0, 0.0], [1.0 + 3e-10, 0.0], [0.0, 1.0]])
    with pytest.raises(InDoubtError):
        labelled_vertices(payoffs, Budget())
    assert len(labelled_vertices(payoffs, Budget(), exact=True).strategies) == 3


def test_exact_takes_decimals_as_they_print():
    """0.1 + 0.2 and 0.3 differ in binary and as printed; 0.1 three times is a tie either way."""
    tie = labelled_vertices(np.array([[0.1, 0.3], [0.1, 0.3]]), Budget(), exact=True)
    assert tie.degenerate
    apart = labelled_vertices(np.array([[0.1 + 0.2, 0.0], [0.3, 0.0]]), Budget(), exact=True)
    assert not np.all(apart.labels[:, 2:].all(axis=1))


def test_what_a_stopped_run_returns_are_vertices():
    payoffs = np.random.default_rng(5).normal(size=(6, 6))
    whole = labelled_vertices(payoffs, Budget())
    part = labelled_vertices(payoffs, Budget(max_vertices=20))
    assert part.stopped == "more than 20 vertices"
    rows = {tuple(np.round(row, 9)): tuple(labels) for row, labels in zip(whole.strategies, whole.labels, strict=True)}
    assert 0 < len(part.strategies) < len(rows)
    for row, labels in zip(part.strategies, part.labels, strict=True):
        assert rows[tuple(np.round(row, 9))] == tuple(labels)


def test_budget_names_the_limit():
    with pytest.raises(BudgetError, match="time limit reached"):
        Budget(Watch(0.0)).check()
    with pytest.raises(BudgetError, match="more than 1,000 vertices"):
        Budget(max_vertices=1000).check(1001)
    Budget().check(10**9)


@settings(max_examples=30, deadline=None)
@given(st.integers(2, 5), st.integers(2, 5), st.integers(0, 2**32 - 1), st.sampled_from([4, 30, 0]))
def test_compiled_cuts_change_nothing(n, m, seed, levels):
    """Also in degenerate polytopes, where the compiled code stops at the first tie and the other takes over."""
    rng = np.random.default_rng(seed)
    payoffs = rng.integers(0, levels, size=(n, m)).astype(float) if levels else rng.normal(size=(n, m))
    plain = labelled_vertices(payoffs, Budget())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(best_response_polytope, "COMPILED_FROM", 0)
        fast = labelled_vertices(payoffs, Budget())
    order, fast_order = (np.lexsort(vertices.labels.T) for vertices in (plain, fast))
    np.testing.assert_array_equal(fast.labels[fast_order], plain.labels[order])
    np.testing.assert_allclose(fast.strategies[fast_order], plain.strategies[order], atol=1e-10)


def test_compiled_cuts_stop_with_vertices():
    payoffs = np.random.default_rng(6).normal(size=(9, 9))
    whole = labelled_vertices(payoffs, Budget())
    known = {tuple(labels) for labels in whole.labels}
    part = labelled_vertices(payoffs, Budget(max_vertices=40))
    assert part.stopped == "more than 40 vertices"
    assert 0 < len(part.labels) < len(known)
    assert {tuple(labels) for labels in part.labels} <= known
    assert labelled_vertices(payoffs, Budget(Watch(0.0))).stopped == "time limit reached"
