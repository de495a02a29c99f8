import numpy as np
import pytest
from known_markov_games import random_markov
from truce_cases import pure_equilibrium, self_enforcing_sets, truce_values

from bargain.games.markov import MarkovGame
from bargain.games.stationary import StationaryProfile, stationary_values
from bargain.solvers import truce_chain
from bargain.solvers.truce_search import TruceProblem


def evaluated(game, standoff, lag):
    """All constant moves of a game with two states or more."""
    problem = TruceProblem(game, standoff)
    n_moves = int(np.prod(game.n_actions))
    return problem.evaluate(np.repeat(np.arange(n_moves)[:, None], game.n_states, axis=1), lag)


def random_standoff(rng, game):
    return StationaryProfile([rng.dirichlet(np.ones(n), game.n_states) for n in game.n_actions])


@pytest.mark.parametrize("lag", [1, 2])
def test_active_sets_against_all_sets_and_all_plans(lag):
    rng = np.random.default_rng(7)
    n_proven = n_best = n_several = 0
    for number in range(10):
        game = random_markov(rng, 3, (2, 2), discount_factor=0.7)
        standoff = pure_equilibrium(game) or random_standoff(rng, game)
        outside = stationary_values(game, standoff)
        truces = evaluated(game, standoff, lag)
        for m in (number % 4, (number + 1) % 4):
            moves = np.array([np.unravel_index(m, (2, 2))] * 3)
            sets = self_enforcing_sets(game, moves, outside, lag)
            found = truces.active[m]
            assert any(np.array_equal(found, own) for own in sets)
            np.testing.assert_allclose(truces.values[m], truce_values(game, moves, found, outside), atol=1e-9)
            is_largest = not any(np.any(own & ~found) for own in sets)
            assert is_largest or not truces.largest[m]
            n_proven, n_best = n_proven + int(truces.largest[m]), n_best + is_largest
            n_several += len(sets) > 2
    # The proof is the rule, and the games are not empty ones.
    assert n_proven >= 15
    assert n_best >= 18
    assert n_several >= 3


@pytest.mark.parametrize("factor", [1e-6, 1e6])
def test_scale_and_level_change_nothing(factor):
    rng = np.random.default_rng(3)
    game = random_markov(rng, 6, (3, 2), 3, 0.9)
    moved = MarkovGame(game.payoffs * factor + 7 * factor, game.successors, game.probabilities, 0.9)
    standoff = random_standoff(rng, game)
    one, other = evaluated(game, standoff, 2), evaluated(moved, standoff, 2)
    for name in ("active", "dropped", "largest", "replies"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
    np.testing.assert_allclose(other.values, one.values * factor + 7 * factor, rtol=1e-9)


def test_large_games_are_solved_sparse_with_the_same_result(monkeypatch):
    rng = np.random.default_rng(5)
    game = random_markov(rng, 30, (2, 3), 4, 0.95)
    standoff = random_standoff(rng, game)
    for lag in (1, 3):
        batched = evaluated(game, standoff, lag)
        monkeypatch.setattr(truce_chain, "LARGEST_BATCHED", 5)
        dense = evaluated(game, standoff, lag)
        monkeypatch.setattr(truce_chain, "LARGEST_DENSE", 5)
        sparse = evaluated(game, standoff, lag)
        monkeypatch.undo()
        for other in (dense, sparse):
            np.testing.assert_array_equal(other.active, batched.active)
            np.testing.assert_array_equal(other.largest, batched.largest)
            np.testing.assert_allclose(other.values, batched.values, atol=1e-12)


def test_moves_that_are_not_available_hold_no_truce():
    rng = np.random.default_rng(6)
    base = random_markov(rng, 3, (2, 2), discount_factor=0.9)
    masks = [np.array([[True, True], [False, True], [True, True]]), np.ones((3, 2), dtype=bool)]
    game = MarkovGame(base.payoffs, base.successors, base.probabilities, 0.9, available=masks)
    truces = evaluated(game, StationaryProfile.pure(game, [(1, 1)] * 3), 1)
    assert truces.dropped[:2, 1].tolist() == [-1, -1]
    assert not truces.active[:2, 1].any()
