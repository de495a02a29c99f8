"""Also the arrays of moves and the lists of directions that the sets are made of."""

import numpy as np
import pytest
from known_markov_games import random_markov, risk_sharing

from bargain.games.markov import MarkovGame
from bargain.games.polygon import convex_hull, distances
from bargain.solvers.payoff_directions import AXES, axis_places, even_directions, merged, normals, thinned
from bargain.solvers.payoff_moves import PayoffMoves
from bargain.solvers.payoff_outer_sets import OuterSets
from bargain.solvers.watch import Watch


def test_sets_only_shrink():
    sets = OuterSets(random_markov(np.random.default_rng(1), 5, (3, 3), 3, 0.9))
    before = [sets.corners(s) for s in range(5)]
    alive = sets.alive.copy()
    for _ in range(12):
        sets.step(Watch())
        after = [convex_hull(sets.corners(s)) for s in range(5)]
        for old, new in zip(before, after, strict=True):
            assert distances(old, new).max() < 1e-11
        assert not (sets.alive & ~alive).any()
        before, alive = after, sets.alive.copy()
        if sets.gap > sets.change:
            sets.refine(1e-10, 1000)
    assert sets.change < 1e-3


def test_moves_with_the_same_payoffs_and_transition_are_one_group():
    moves = PayoffMoves.of(risk_sharing(10))
    assert len(moves.follow) == 1  # all transitions are the same
    assert moves.follow.tolist() == [[0, 1, 2, 3, 4]]
    s, a, b, _ = moves.places.T
    net = np.stack([s, a - b], axis=1)
    _, groups = np.unique(net, axis=0, return_inverse=True)
    assert len(np.unique(moves.group)) == groups.max() + 1
    for group in np.unique(moves.group):
        assert len(np.unique(groups[moves.group == group])) == 1
    assert (np.diff(moves.group) != 0).sum() + 1 == len(np.unique(moves.group))
    assert moves.payoffs.min() == 0.0
    assert moves.payoffs.max() == 1.0


def test_order_of_successors_is_no_matter():
    payoffs = np.zeros((2, 2, 1, 2))
    successors = np.array([[[[0, 1, 0], [1, 0, 1]]], [[[0, 1, 1], [1, 1, 0]]]])
    chances = np.array([[[[0.5, 0.5, 0.0], [0.5, 0.5, 0.0]]], [[[0.5, 0.5, 0.0], [0.5, 0.0, 0.5]]]])
    moves = PayoffMoves.of(MarkovGame(payoffs, successors, chances, 0.5))
    assert moves.follow.tolist() == [[0, 1]]
    assert moves.chances.tolist() == [[0.5, 0.5]]
    assert moves.units.tolist() == [1.0, 1.0]  # constant payoffs keep their unit


def test_directions():
    towards = even_directions(16)
    np.testing.assert_array_equal(towards[axis_places(towards)], AXES)
    new = np.array(
        [[np.cos(t), np.sin(t)] for t in (0.1, 0.1 + 1e-14, np.pi / 8, np.pi / 2 + 1e-14, 2 * np.pi - 1e-14)]
    )
    together = merged(towards, new)
    assert len(together) == 17
    np.testing.assert_array_equal(together[axis_places(together)], AXES)
    angles = np.arctan2(together[:, 1], together[:, 0]) % (2 * np.pi)
    assert (np.diff(angles) > 0.0).all()
    assert len(thinned(new, np.arange(5.0), 5)) == 5
    assert thinned(new[:3], np.array([1.0, 3.0, 2.0]), 2).tolist() == [new[1].tolist()]


def test_normals_lie_between_their_neighbours():
    outward, between = normals(
        np.array([[0.0, 2.0], [1.0, 0.0], [0.0, 0.0]]),
        np.array([[0.8, -0.6]] * 3),
        np.array([[0.8, 0.6]] * 3),
    )
    assert outward[0] == pytest.approx([1.0, 0.0])
    assert between.tolist() == [True, False, False]
