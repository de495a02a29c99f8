import itertools
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bargain.games import StageGame
from bargain.games.responses import SecurityLevel, best_replies, best_reply_table, maxmin, minmax
from bargain.solvers.pure_nash import pure_equilibria

PENNIES = StageGame.from_bimatrix([[9, 0], [0, 1]], [[0, 1], [1, 0]], ("US", "CN"), (("U", "D"), ("L", "R")))


def test_pennies_by_hand():
    assert best_reply_table(PENNIES, "US") == {("L",): ("U",), ("R",): ("D",)}
    assert best_reply_table(PENNIES, 1) == {("U",): ("R",), ("D",): ("L",)}
    level = maxmin(PENNIES, "US")
    assert level.value == pytest.approx(0.9)
    np.testing.assert_allclose(level.strategy, [0.1, 0.9])
    np.testing.assert_allclose(level.threat, [0.1, 0.9])
    assert not level.correlated
    assert maxmin(PENNIES, "US", mixed=False).value == 0.0
    assert minmax(PENNIES, "US", mixed=False).value == 1.0
    assert SecurityLevel.from_dict(json.loads(json.dumps(level.to_dict()))) == level


def test_ties_are_all_best_replies():
    assert best_reply_table(StageGame(np.zeros((1, 3))), 0) == {(): ("action_1", "action_2", "action_3")}


def test_correlated_opponents_can_hold_lower_than_independent_ones():
    # Player 1 gains when the two others fail to match; independent mixing leaves at least 1/2 to action 1 or 2.
    table = np.zeros((3, 2, 2, 2))
    table[0, 0] = [[0, 0], [0, 1]]
    table[0, 1] = [[1, 0], [0, 0]]
    table[0] *= -1
    level = minmax(StageGame(table), 0)
    assert level.value == pytest.approx(-0.5)
    assert level.correlated
    grid = np.linspace(0, 1, 101)
    independent = min(max(-(1 - p) * (1 - q), -p * q) for p, q in itertools.product(grid, grid))
    assert independent == pytest.approx(-0.25)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([(2, 2), (3, 4), (2, 3, 2), (4,), (1, 3)]), st.booleans())
def test_levels_are_in_order_and_no_equilibrium_pays_less(seed, shape, ties):
    rng = np.random.default_rng(seed)
    table = rng.normal(size=(len(shape), *shape))
    game = StageGame(np.round(table) if ties else table)
    best = best_replies(game)
    assert [tuple(map(int, place)) for place in np.argwhere(best.all(axis=0))] == pure_equilibria(game)
    for k in range(len(shape)):
        low, mixed, high = maxmin(game, k, mixed=False), maxmin(game, k), minmax(game, k, mixed=False)
        own = np.moveaxis(game.payoffs[k], k, 0).reshape(shape[k], -1)
        assert low.value == max(min(row) for row in own.tolist())
        assert high.value == min(max(column) for column in own.T.tolist())
        assert low.value <= mixed.value + 1e-8
        assert mixed.value <= high.value + 1e-8
        assert minmax(game, k) == mixed
        assert (mixed.strategy @ own).min() == pytest.approx(mixed.value, abs=1e-7)
        assert (own @ mixed.threat.reshape(-1)).max() == pytest.approx(mixed.value, abs=1e-7)
        for profile in pure_equilibria(game):
            assert game.payoffs[(k, *profile)] >= high.value - 1e-9
        scaled = maxmin(StageGame(game.payoffs * 1e6 + 5e6), k)
        assert scaled.value / 1e6 - 5 == pytest.approx(mixed.value, abs=1e-7)
        np.testing.assert_allclose(scaled.strategy, mixed.strategy, atol=1e-6)


def test_players_are_named():
    with pytest.raises(ValueError, match="no player 'USA'; did you mean 'US'"):
        maxmin(PENNIES, "USA")
    with pytest.raises(ValueError, match="player = 2 is not one of the 2 players"):
        minmax(PENNIES, 2)
