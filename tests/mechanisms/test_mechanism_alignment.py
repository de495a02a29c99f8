"""Stances of bystanders: all profiles by hand, closed forms, complements, blocs against sums by hand."""

from __future__ import annotations

import itertools
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bargain.games.stage import StageGame
from bargain.mechanisms.alignment import (
    Alignment,
    aligned_counts,
    alignment_equilibria,
    alignment_game,
    best_stance,
    bloc_values,
    complementarity,
    interaction,
    settle,
    tipping_share,
)

SEEDS = st.integers(0, 2**32 - 1)


def random_parts(seed, n=3, m=3):
    random = np.random.default_rng(seed)
    return random.normal(size=(n, m)), random.normal(size=(n, m, m)), random.uniform(0.1, 1.0, n)


def by_hand(own, effect, weights, profile, k):
    others = [j for j in range(len(own)) if j != k]
    pull = sum(weights[j] * effect[k][profile[k]][profile[j]] for j in others)
    return own[k][profile[k]] + pull / sum(weights[j] for j in others)


@settings(max_examples=10, deadline=None)
@given(SEEDS)
def test_the_game_is_the_formula_and_its_equilibria_are_all_there_are(seed):
    own, effect, weights = random_parts(seed)
    game = alignment_game(own, effect, weights=weights)
    stable = []
    for profile in itertools.product(range(3), repeat=3):
        have = [by_hand(own, effect, weights, profile, k) for k in range(3)]
        np.testing.assert_allclose(game.payoffs[(slice(None), *profile)], have, atol=1e-12)
        best = [
            max(by_hand(own, effect, weights, (*profile[:k], a, *profile[k + 1 :]), k) for a in range(3))
            for k in range(3)
        ]
        if np.allclose(best, have, atol=1e-12):
            stable.append(profile)
    found = alignment_equilibria(game)
    assert [one.pure for one in found.equilibria] == stable
    assert all(one.certificate.holds for one in found.equilibria)
    reached = settle(game, (0, 0, 0))
    assert (reached is None and found.settled is None) or found.equilibria[found.settled].pure == reached


@settings(max_examples=20, deadline=None)
@given(SEEDS)
def test_without_interaction_the_best_stances_are_the_equilibrium(seed):
    own, _, _ = random_parts(seed, 4)
    game = alignment_game(own, np.zeros((3, 3)))
    np.testing.assert_allclose(interaction(game), 0.0, atol=1e-12)
    found = alignment_equilibria(game)
    assert [one.pure for one in found.equilibria] == [tuple(best_stance(own.T, 0, 1e-9))]
    assert found.settled == 0


def test_ties_go_to_the_reference():
    worth = np.array([[1.0, 0.0, 1.0], [1.0, 2.0, 2.0], [1.0, 2.0, 0.0]])
    np.testing.assert_array_equal(best_stance(worth, 2, 1e-9), [2, 2, 1])


@settings(max_examples=40, deadline=None)
@given(st.floats(-2, 2), st.floats(-2, 2), st.integers(2, 5))
def test_alike_bystanders(worth, slope, n):
    """The closed form is what the general code finds, with all ties."""
    worth, slope = round(worth, 1), round(slope, 1)
    effect = np.array([[0.0, 0.0], [0.0, slope]])
    game = alignment_game(np.tile([0.0, worth], (n, 1)), effect)
    found = alignment_equilibria(game, tolerance=1e-10)
    counts = {sum(one.pure) for one in found.equilibria}
    assert counts == set(aligned_counts(worth, slope, n, tolerance=1e-9))
    np.testing.assert_allclose(interaction(game), abs(slope), atol=1e-12)
    sign = complementarity(game)[~np.eye(n, dtype=bool)]
    np.testing.assert_allclose(sign, slope / (n - 1), atol=1e-12)


def test_tipping():
    assert tipping_share(-0.3, 1.0) == pytest.approx(0.3)
    assert aligned_counts(-0.3, 1.0, 5) == (0, 5)  # complements: none or all
    assert aligned_counts(0.3, -1.0, 5) == (2,)  # substitutes: some
    assert aligned_counts(0.2, 1.0, 5) == (5,)
    assert np.isnan(tipping_share(0.1, -1.0))
    # Above the tipping share answers in turn lead to all, below to none.
    game = alignment_game(np.tile([0.0, -0.3], (5, 1)), [[0.0, 0.0], [0.0, 1.0]])
    assert settle(game, (1, 1, 1, 0, 0)) == (1,) * 5
    assert settle(game, (1, 0, 0, 0, 0)) == (0,) * 5


def test_some_games_have_no_pure_equilibrium():
    """One wants to be unlike the other, who wants to be alike."""
    game = StageGame([[[1.0, 0.0], [0.0, 1.0]], [[0.0, 1.0], [1.0, 0.0]]])
    found = alignment_equilibria(game)
    assert found.equilibria == ()
    assert found.settled is None
    values = bloc_values(game)
    assert values.unsettled == ((1, 2),)
    # Worth is counted from the reference (1, 0): what each can secure there is 0 less that.
    assert values.game.worths[(1, 2)] == (-1.0, 0.0)


@settings(max_examples=10, deadline=None)
@given(SEEDS)
def test_blocs(seed):
    """Without interaction a bloc is worth its members; all together are worth the best sum in any case."""
    own, effect, weights = random_parts(seed)
    money = weights + 0.5
    free = bloc_values(alignment_game(own, np.zeros((3, 3))), money)
    gains = (own.max(axis=1) - own[:, 0]) * money
    for partition, worths in free.game.worths.items():
        want = [sum(gains[k] for k in range(3) if block >> k & 1) for block in partition]
        np.testing.assert_allclose(worths, want, atol=1e-12)
    game = alignment_game(own, effect, weights=weights)
    tied = bloc_values(game, money)
    everybody = (game.payoffs - game.payoffs[:, :1, :1, :1]) * money.reshape(-1, 1, 1, 1)
    assert tied.game.worths[(7,)][0] == pytest.approx(everybody.sum(axis=0).max())
    # Two against one: the pair's worth is a Nash equilibrium of the game in which it chooses both stances.
    if (3, 4) not in tied.unsettled:
        pair, single = tied.game.worths[(3, 4)]
        joint = (everybody[0] + everybody[1]).reshape(9, 3)
        alone = everybody[2].reshape(9, 3)
        stable = (joint >= joint.max(axis=0) - 1e-9) & (alone >= alone.max(axis=1, keepdims=True) - 1e-9)
        assert any(np.isclose(joint[a, b], pair) and np.isclose(alone[a, b], single) for a, b in np.argwhere(stable))


def test_round_trip_and_errors():
    own, effect, _ = random_parts(1)
    found = alignment_equilibria(alignment_game(own, effect, ["A", "B", "C"], ["x", "y", "z"]))
    assert Alignment.from_dict(json.loads(json.dumps(found.to_dict()))) == found
    for place, one in enumerate(found.equilibria):
        assert [*found.names(place).values()] == [["x", "y", "z"][a] for a in one.pure]
    with pytest.raises(ValueError, match="effect of shape"):
        alignment_game(own, np.zeros((2, 2)))
    with pytest.raises(ValueError, match="weights"):
        alignment_game(own, effect, weights=[1.0, -1.0, 1.0])
    with pytest.raises(ValueError, match="n = 1"):
        aligned_counts(0.0, 0.0, 1)
    with pytest.raises(ValueError, match="two stances"):
        complementarity(alignment_game(own, effect))
    with pytest.raises(ValueError, match="money"):
        bloc_values(alignment_game(own, effect), [1.0, 1.0])
