"""Dominance among pure actions, against a scalar definition."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from bargain.games.dominance import dominance, dominant_actions, dominated_actions


def by_definition(payoffs: np.ndarray, player: int, strict: bool) -> np.ndarray:
    n_actions = payoffs.shape[1:]
    n = n_actions[player]
    table = np.zeros((n, n), dtype=bool)
    others = [range(m) if k != player else (0,) for k, m in enumerate(n_actions)]
    for a, b in itertools.product(range(n), repeat=2):
        gains = []
        for cell in itertools.product(*others):
            left, right = list(cell), list(cell)
            left[player], right[player] = a, b
            gains.append(payoffs[(player, *left)] - payoffs[(player, *right)])
        table[a, b] = min(gains) > 0 if strict else min(gains) >= 0 and max(gains) > 0
    return table


@given(
    hnp.arrays(np.float64, (3, 2, 3, 2), elements=st.integers(-3, 3).map(float)),
    st.integers(0, 2),
    st.booleans(),
)
def test_agrees_with_the_definition_for_three_players(payoffs: np.ndarray, player: int, strict: bool) -> None:
    assert np.array_equal(dominance(payoffs, 3, player, strict=strict), by_definition(payoffs, player, strict))


def test_prisoners_dilemma_has_a_dominant_action_for_both() -> None:
    game = np.array([[[9.0, 1.0], [10.0, 3.0]], [[9.0, 10.0], [1.0, 3.0]]])
    for player in (0, 1):
        assert dominant_actions(game, 2, player).tolist() == [False, True]
        assert dominated_actions(game, 2, player).tolist() == [True, False]


def test_draws_are_judged_one_by_one_whatever_their_scale() -> None:
    rng = np.random.default_rng(3)
    games = rng.normal(size=(5, 3, 2, 4, 5)) * 10.0 ** np.arange(-7, 8, 3)[:, None, None, None, None]
    batch = dominated_actions(games, 2, 1)
    assert batch.shape == (5, 3, 5)
    for i, j in itertools.product(range(5), range(3)):
        assert np.array_equal(batch[i, j], by_definition(games[i, j], 1, True).any(axis=0))


def test_a_tie_is_weak_dominance_at_most() -> None:
    game = np.array([[[1.0, 1.0], [1.0, 0.0]], [[0.0, 0.0], [0.0, 0.0]]])
    assert not dominant_actions(game, 2, 0).any()
    assert dominant_actions(game, 2, 0, strict=False).tolist() == [True, False]
    assert not dominated_actions(game, 2, 1, strict=False).any()


def test_wrong_shapes_and_players_are_named() -> None:
    with pytest.raises(ValueError, match=r"payoffs have shape \(3, 2, 2\); the rule is"):
        dominance(np.zeros((3, 2, 2)), 2, 0)
    with pytest.raises(ValueError, match="player = 2 is not one of the 2 players"):
        dominance(np.zeros((2, 2, 2)), 2, 2)
