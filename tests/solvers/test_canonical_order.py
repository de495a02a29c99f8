"""The order of equilibria, step by step; that relabelling changes nothing is in ``test_relabelling``."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bargain.games import StageGame
from bargain.solvers import PureNash, SupportEnumeration, canonical_order, solve
from bargain.solvers.canonical_order import NameOrder, Rows, order_rows

ZERO = StageGame(np.zeros((2, 3, 3)))


def profile(*strategies):
    return tuple(np.array(strategy, dtype=float) for strategy in strategies)


def ordered(game, profiles):
    return canonical_order.canonical_order(game, profiles)


def pure(game):
    return [equilibrium.pure for equilibrium in solve(game, PureNash()).equilibria]


def test_where_all_is_alike_positions_of_default_labels_decide():
    listed = [
        profile([0.5, 0.5], [0.5, 0.5]),
        profile([0, 1], [0, 1]),
        profile([0.75, 0.25], [0.5, 0.5]),
        profile([0, 1], [1, 0]),
        profile([1, 0], [0, 1]),
    ]
    kept, place = ordered(StageGame(np.zeros((2, 2, 2))), listed)
    assert kept == [4, 3, 1, 2, 0]
    assert place == [4, 2, 3, 1, 0]


def test_fewest_actions_then_largest_sum_of_payoff_shares():
    # Shares of the range: 1 + 0.5 at (0, 0), 0.9 + 0.8 at (1, 1), though 1000.5 is more than 900.8; mixed is last.
    game = StageGame.from_bimatrix([[1000, 0], [0, 900], [0, 0]], [[0.5, 0], [0, 0.8], [1, 0]])
    assert pure(game) == [(1, 1), (0, 0)]
    assert [e.pure for e in solve(game, SupportEnumeration()).equilibria] == [(1, 1), (0, 0), None]
    other_units = game.payoffs * np.array([1e-6, 1e6]).reshape(2, 1, 1) + np.array([7.0, -1e6]).reshape(2, 1, 1)
    assert pure(StageGame(other_units)) == [(1, 1), (0, 0)]


def test_then_the_larger_share_alone():
    # Shares 0.5 and 0.5 at (0, 0), 0.25 and 0.75 at (1, 1); the best cell of both players is (2, 0).
    game = StageGame.from_bimatrix([[2, 0, 0], [0, 1, 0], [4, 0, 0]], [[2, 0, 0], [0, 3, 0], [4, 0, 0]])
    listed = [profile([1, 0, 0], [1, 0, 0]), profile([0, 1, 0], [0, 1, 0])]
    assert ordered(game, listed)[0] == [1, 0]


def test_then_the_larger_probability():
    assert ordered(ZERO, [profile([0.5, 0.5, 0], [1, 0, 0]), profile([0, 0.75, 0.25], [0, 0, 1])])[0] == [1, 0]


def test_then_the_view_of_the_game():
    """Only what deviations lead to tells the corners apart; without that, names would."""
    game = StageGame.from_bimatrix([[2, 1, 0], [0, 2, 0], [0, 0, 2]], 2 * np.eye(3))
    there, back = pure(game), pure(StageGame(game.payoffs[:, ::-1, ::-1]))
    assert sorted(there) == [(0, 0), (1, 1), (2, 2)]
    assert back == [(2 - i, 2 - j) for i, j in there]


def test_names_decide_between_symmetric_equilibria():
    names = ("CN", "US"), (("low", "high"), ("low", "high"))
    game = StageGame(np.stack([np.eye(2)] * 2), *names)
    assert pure(game) == [(1, 1), (0, 0)]
    chicken = [[6, 2], [7, 0]], [[6, 7], [2, 0]]
    assert pure(StageGame.from_bimatrix(*chicken, ("B", "A"))) == [(1, 0), (0, 1)]
    assert pure(StageGame.from_bimatrix(*chicken, ("A", "B"))) == [(0, 1), (1, 0)]


@pytest.mark.parametrize(
    ("labels", "order"),
    [
        (["action_10", "action_9", "action_1"], (2, 1, 0)),
        (["b", "a10", "a9", "a"], (3, 2, 1, 0)),
        (["02", "2", "10", "1"], (3, 0, 1, 2)),
        (["9" * 5000, "1" + "0" * 5000, "x", "0"], (3, 0, 1, 2)),
        (["a1b2", "a1b10", "a1"], (2, 0, 1)),
    ],
)
def test_natural_order_of_labels(labels, order):
    assert NameOrder.of(labels, [labels]) == NameOrder(order, (order,))


def test_actions_beyond_nine_keep_their_positions():
    game = StageGame(np.stack([np.eye(12)] * 2))
    assert pure(game) == [(i, i) for i in range(12)]


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 12), st.integers(0, 2))
def test_neither_noise_nor_order_of_arrival_matters(seed, n, largest):
    rng = np.random.default_rng(seed)
    game = StageGame(rng.integers(0, largest + 1, size=(2, 3, 3)))
    base = [profile(*(rng.multinomial(4, [1 / 3] * 3) / 4 for _ in range(2))) for _ in range(n)]
    noisy = [profile(*(s + (s > 0) * rng.uniform(-1e-12, 1e-12, 3) for s in base[i])) for i in rng.permutation(n)]
    kept, _ = ordered(game, base)
    kept_noisy, place = ordered(game, [*noisy, *base])
    assert len(kept) == len(kept_noisy)
    assert place[n:] == ordered(game, base)[1]
    for i, j in zip(kept, kept_noisy, strict=True):
        np.testing.assert_allclose(np.concatenate(base[i]), np.concatenate([*noisy, *base][j]), atol=1e-11)


def test_equal_up_to_rounding_is_one():
    game = StageGame(np.zeros((1, 2)))
    kept, place = ordered(game, [profile([1 / 3, 2 / 3]), profile([1 / 3 + 5e-10, 2 / 3 - 5e-10]), profile([0.3, 0.7])])
    assert len(kept) == 2
    assert place[0] == place[1] != place[2]


def test_nothing_to_order():
    assert ordered(ZERO, []) == ([], [])


@pytest.mark.parametrize("shape", [(2, 3, 3), (3, 2, 3, 2)])
@pytest.mark.parametrize("joint", [False, True])
def test_all_games_at_once_as_one_by_one(shape, joint):
    """Rows of many games, in one call and game by game; also when blocks are small and games too large for views."""
    rng = np.random.default_rng(5)
    payoffs = rng.integers(0, 2, size=(40, *shape)).astype(float)
    sizes = (int(np.prod(shape[1:])),) if joint else shape[1:]
    game_of = np.repeat(np.arange(40), 7)
    strategies = tuple(np.eye(n)[rng.integers(n, size=280)] for n in sizes)
    # Rows of a game are to be distinct: the first action gets a share of its own.
    strategies[0][:] = 0.9 * strategies[0] + 0.1 * np.eye(sizes[0])[0] * (1 + np.tile(np.arange(7), 40)[:, None])
    names = NameOrder.of([f"p{k}" for k in range(shape[0])], [[f"a{i}" for i in range(n)] for n in shape[1:]])
    together = order_rows(Rows(payoffs, game_of, strategies), names)
    alone = [
        order_rows(Rows(payoffs[g : g + 1], game_of[:7] * 0, tuple(s[7 * g : 7 * g + 7] for s in strategies)), names)
        for g in range(40)
    ]
    assert together.tolist() == [7 * g + int(i) for g, own in enumerate(alone) for i in own]


def test_blocks_do_not_matter_and_large_games_leave_it_to_the_names(monkeypatch):
    game = StageGame(np.random.default_rng(6).integers(0, 2, size=(2, 8, 8)))
    plain = pure(game)
    monkeypatch.setattr(canonical_order, "CELLS_AT_ONCE", 1)
    assert pure(game) == plain
    monkeypatch.setattr(canonical_order, "LARGEST_VIEW", 0)
    assert sorted(pure(game)) == sorted(plain)
    assert pure(game) != plain
