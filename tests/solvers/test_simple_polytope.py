"""Compiled vertices against the interpreted ones, and when the compiled code gives a polytope back."""

from __future__ import annotations

import numpy as np
import pytest
from known_games import KNOWN_GAMES

from bargain.solvers.best_response_polytope import Budget, labelled_vertices
from bargain.solvers.simple_polytope import FEW_PAIRS, FULL, UNDECIDED, all_equilibria, closed, polytope

TWO_PLAYERS = [known for known in KNOWN_GAMES if known.game.n_players == 2]


def vertices(payoffs, capacity=20_000):
    """Number, points and labels of the vertices for opponent payoffs ``(n, m)``."""
    relative = payoffs - payoffs.min(axis=0)
    rows = 1.0 + relative / (relative.max() or 1.0)
    points, labels = np.empty((capacity, rows.shape[1])), np.empty(capacity, dtype=np.int64)
    return polytope(rows, points, labels, np.empty(capacity)), points, labels


@pytest.mark.parametrize("shape", [(1, 1), (1, 4), (4, 1), (2, 2), (3, 6), (6, 3), (5, 5), (8, 7), (9, 9)])
def test_the_same_vertices_and_labels(shape):
    payoffs = np.random.default_rng(sum(shape)).normal(size=shape)
    count, points, labels = vertices(payoffs)
    known = labelled_vertices(payoffs, Budget())
    bits = 1 << np.arange(sum(shape))
    places = {int(key): i for i, key in enumerate(known.labels @ bits)}
    assert count == len(places) + 1  # the origin is no strategy
    if shape == (9, 9):
        assert count**2 / 4 > FEW_PAIRS  # so edges were found by hashing, too
    for point, label in zip(points[:count], labels[:count], strict=True):
        if point.any():
            np.testing.assert_allclose(point / point.sum(), known.strategies[places.pop(int(label))], atol=1e-12)
    assert not places


@pytest.mark.parametrize("gap", [0.0, 1e-12, 5e-9])
def test_ties_are_undecided(gap):
    assert vertices(np.array([[1.0, 0.0], [1.0 + gap, 0.0], [0.0, 1.0]]))[0] == UNDECIDED
    assert vertices(np.array([[1.0, 0.0], [1.0 + 1e-5, 1e-5], [0.0, 1.0]]))[0] > 0


def test_a_full_table_is_said_to_be():
    payoffs = np.random.default_rng(1).normal(size=(6, 6))
    assert vertices(payoffs, capacity=12)[0] == FULL


def test_a_lost_vertex_is_noticed():
    count, _, labels = vertices(np.random.default_rng(2).normal(size=(5, 5)))
    assert closed(labels, count)
    assert not closed(labels, count - 1)


def test_known_games_are_answered_or_left_undecided():
    answered = 0
    for known in TWO_PLAYERS:
        first, second = known.game.payoffs
        counts, x, y = all_equilibria(first[None].copy(), second[None].copy(), 500)
        if counts[0] < 0:
            assert len(x) == len(y) == 0
            continue
        answered += 1
        assert known.isolated
        wanted = np.array([np.concatenate(profile) for profile in known.extreme])
        found = np.hstack([x, y])
        assert found.shape == wanted.shape
        assert all(np.abs(found - row).max(axis=1).min() < 1e-12 for row in wanted)
    assert answered >= 7


def test_undecided_games_do_not_shift_the_others():
    pennies = np.array([[1.0, -1.0], [-1.0, 1.0]])
    first = np.array([pennies, np.zeros((2, 2)), pennies])
    counts, x, y = all_equilibria(first, -first, 50)
    assert counts.tolist() == [1, -1, 1]
    np.testing.assert_allclose(np.hstack([x, y]), 0.5)


def test_rows_grow_beyond_the_first_guess():
    """Identity games have 2^n - 1 equilibria, more than the four rows a game that are set aside at first."""
    rng = np.random.default_rng(0)
    first = np.eye(4) + 0.01 * rng.normal(size=(30, 4, 4))
    counts, x, y = all_equilibria(first, first.copy(), 500)
    assert set(counts.tolist()) == {15}
    assert x.shape == y.shape == (450, 4)
    np.testing.assert_allclose(x.sum(axis=1), 1.0)
