"""Shapley value, Banzhaf value, core and nucleolus: known games, brute force, properties."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bargain.games.coalition import CoalitionGame, coalition_sums, excesses
from bargain.games.coalition_values import (
    banzhaf_value,
    core,
    in_core,
    kohlberg_violation,
    nucleolus,
    shapley_value,
)

SEEDS = st.integers(0, 2**32 - 1)


def random_game(seed: int, n: int) -> CoalitionGame:
    worth = np.random.default_rng(seed).normal(size=2**n)
    worth[0] = 0.0
    worth[-1] = abs(worth[-1]) + worth[1 << np.arange(n)].sum()
    return CoalitionGame(worth)


def chain(mines: int) -> CoalitionGame:
    """Some mines, one refiner, one magnet maker: the chain is worth 1 when each link is there."""
    players = [*(f"mine {k + 1}" for k in range(mines)), "refiner", "magnets"]

    def worth(who: frozenset[str]) -> float:
        return float(any(name.startswith("mine") for name in who) and {"refiner", "magnets"} <= who)

    return CoalitionGame.from_function(players, worth)


def test_gloves() -> None:
    game = CoalitionGame.from_function(("L", "R1", "R2"), lambda who: float("L" in who and len(who) > 1))
    np.testing.assert_allclose(shapley_value(game), [2 / 3, 1 / 6, 1 / 6])
    np.testing.assert_allclose(nucleolus(game).payoffs, [1, 0, 0], atol=1e-9)
    verdict = core(game)
    assert not verdict.empty
    np.testing.assert_allclose([verdict.lows, verdict.highs], [[1, 0, 0], [1, 0, 0]], atol=1e-9)
    np.testing.assert_allclose(banzhaf_value(game), [0.75, 0.25, 0.25])


@pytest.mark.parametrize(("estate", "shares"), [(100, [100 / 3] * 3), (200, [50, 75, 75]), (300, [50, 100, 150])])
def test_talmud(estate: float, shares: list[float]) -> None:
    claims = {"a": 100.0, "b": 200.0, "c": 300.0}
    game = CoalitionGame.from_function(
        tuple(claims), lambda who: max(0.0, estate - sum(v for k, v in claims.items() if k not in who))
    )
    found = nucleolus(game)
    assert found.holds
    np.testing.assert_allclose(found.payoffs, shares, atol=1e-7)


def test_a_mine_without_a_refinery_raises_the_refiners_power() -> None:
    np.testing.assert_allclose(shapley_value(chain(1)), [1 / 3] * 3)
    np.testing.assert_allclose(shapley_value(chain(2)), [1 / 12, 1 / 12, 5 / 12, 5 / 12])


def test_majority_has_an_empty_core() -> None:
    game = CoalitionGame.from_function(("a", "b", "c"), lambda who: float(len(who) >= 2))
    verdict = core(game)
    assert verdict.empty
    assert verdict.least_excess == pytest.approx(1 / 3)
    np.testing.assert_allclose(nucleolus(game).payoffs, [1 / 3] * 3, atol=1e-9)
    assert not in_core(game, [1 / 3] * 3)


@settings(max_examples=20, deadline=None)
@given(SEEDS, st.integers(2, 5))
def test_shapley_is_the_average_over_orders(seed: int, n: int) -> None:
    game, value = random_game(seed, n), np.zeros(n)
    orders = list(itertools.permutations(range(n)))
    for order in orders:
        there = 0
        for k in order:
            value[k] += game.worth[there | 1 << k] - game.worth[there]
            there |= 1 << k
    np.testing.assert_allclose(shapley_value(game), value / len(orders), atol=1e-12)
    assert shapley_value(game).sum() == pytest.approx(game.total)


@settings(max_examples=15, deadline=None)
@given(SEEDS)
def test_a_null_player_gets_nothing(seed: int) -> None:
    small = random_game(seed, 3)
    # Player 4 adds nothing to anybody.
    game = CoalitionGame(np.concatenate([small.worth, small.worth]))
    value = shapley_value(game)
    np.testing.assert_allclose(value, [*shapley_value(small), 0.0], atol=1e-12)


@settings(max_examples=20, deadline=None)
@given(SEEDS, st.integers(2, 5))
def test_the_nucleolus_is_certified_and_in_the_core_when_there_is_one(seed: int, n: int) -> None:
    game = random_game(seed, n)
    found, verdict = nucleolus(game), core(game)
    assert found.holds
    assert found.payoffs.sum() == pytest.approx(game.total)
    if not verdict.empty:
        assert in_core(game, found.payoffs, 1e-7)
    moved = found.payoffs + 0.05 * game.scale * np.array([1.0, -1.0, *[0.0] * (n - 2)])
    assert kohlberg_violation(game, moved) > 1e-4


@pytest.mark.parametrize("seed", range(5))
def test_the_nucleolus_beats_a_fine_grid_lexicographically(seed: int) -> None:
    game = random_game(seed, 3)
    alone, total = game.worth[[1, 2, 4]], game.total
    steps = np.linspace(0.0, 1.0, 101)
    first, second = np.meshgrid(steps, steps, indexing="ij")
    room = total - alone.sum()
    shares = np.stack([first, second, 1.0 - first - second], axis=-1).reshape(-1, 3)
    points = alone + room * shares[shares[:, 2] >= -1e-12]
    left = np.sort((game.worth - coalition_sums(points))[:, 1:-1], axis=1)[:, ::-1]
    best = left[np.lexsort(left.T[::-1])[0]]
    ours = np.sort(excesses(game, nucleolus(game).payoffs)[1:-1])[::-1]
    assert ours[0] <= best[0] + 1e-7
    np.testing.assert_allclose(ours[0], best[0], atol=0.03 * room)


def test_one_player() -> None:
    game = CoalitionGame([0.0, 3.0])
    assert shapley_value(game).tolist() == nucleolus(game).payoffs.tolist() == [3.0]
    assert not core(game).empty
