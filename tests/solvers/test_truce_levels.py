import numpy as np
import pytest

from bargain.games.markov import MarkovGame
from bargain.games.stationary import StationaryProfile
from bargain.solvers import truce_search
from bargain.solvers.truce_levels import ChainLevels
from bargain.solvers.truce_search import TruceProblem

D = 0.9


def chains(generator, n_chains=3, n_states=12, width=4):
    """Chances and successors of chains that only lead on, but for pairs of states; some successors are listed twice."""
    first = np.arange(n_states) // 2 * 2
    low = np.where(np.arange(n_states) % 3 == 0, np.arange(n_states), first)
    successors = generator.integers(low[:, None], n_states, size=(n_chains, n_states, width))
    chances = generator.random(successors.shape) * (generator.random(successors.shape) < 0.7) + 1e-3
    renamed = generator.permutation(n_states)
    back = np.argsort(renamed)
    chances = chances / chances.sum(axis=2, keepdims=True)
    return chances[:, renamed], back[successors[:, renamed]]


def dense(chances, successors):
    n_chains, n_states, _ = chances.shape
    matrix = np.zeros((n_chains, n_states, n_states))
    for m in range(n_chains):
        for s in range(n_states):
            for chance, after in zip(chances[m, s], successors[m, s], strict=True):
                matrix[m, s, after] += chance
    return matrix


@pytest.mark.parametrize("seed", range(8))
def test_values_and_stopping_solve_their_equations(seed):
    generator = np.random.default_rng(seed)
    chances, successors = chains(generator)
    payoffs, outside = generator.normal(size=(3, 12, 2)), generator.normal(size=(12, 2))
    levels = ChainLevels.of(chances, successors, payoffs, outside, D)
    assert levels is not None
    assert (levels.partner != np.arange(36)).any()
    matrix = dense(chances, successors)
    inside = generator.random((3, 12)) < 0.7
    system = np.eye(12) - D * inside[..., None] * matrix
    right = np.where(inside[..., None], (1.0 - D) * payoffs, outside)
    np.testing.assert_allclose(levels.values(inside), np.linalg.solve(system, right), atol=1e-13)
    worth = levels.stopping(inside)
    onward = (1.0 - D) * payoffs + D * matrix @ worth
    np.testing.assert_allclose(worth, np.where(inside[..., None], np.maximum(onward, outside), outside), atol=1e-13)


def test_larger_components_are_left_to_others():
    successors = np.array([[[1], [2], [0]]])
    assert ChainLevels.of(np.ones((1, 3, 1)), successors, np.zeros((1, 3, 2)), np.zeros((3, 2)), D) is None


def test_arrays_of_the_caller_stay_as_they_are():
    chances, successors = chains(np.random.default_rng(1))
    before = chances.copy(), successors.copy()
    ChainLevels.of(chances, successors, np.zeros((3, 12, 2)), np.zeros((12, 2)), D)
    np.testing.assert_array_equal(chances, before[0])
    np.testing.assert_array_equal(successors, before[1])


@pytest.mark.parametrize("reply_lag", [1, 2])
def test_search_finds_the_same_by_levels_as_by_sparse_systems(monkeypatch, reply_lag):
    generator = np.random.default_rng(5)
    n_states, shape = 40, (2, 2)
    chances, successors = chains(generator, 4, n_states, 3)
    payoffs = generator.normal(size=(n_states, 2, *shape))
    payoffs[:, :, 1, 1] += 0.4
    game = MarkovGame(
        payoffs,
        np.moveaxis(successors, 0, 1).reshape(n_states, *shape, 3),
        np.moveaxis(chances, 0, 1).reshape(n_states, *shape, 3),
        D,
    )
    standoff = StationaryProfile(tuple(np.tile([1.0, 0.0], (n_states, 1)) for _ in shape))
    problem = TruceProblem(game, standoff)
    moves = np.repeat(np.arange(4)[:, None], n_states, axis=1)
    monkeypatch.setattr(truce_search, "LARGEST_DENSE", 8)
    monkeypatch.setattr("bargain.solvers.truce_chain.LARGEST_DENSE", 8)
    monkeypatch.setattr("bargain.solvers.truce_chain.LARGEST_BATCHED", 4)
    fast = problem.evaluate(moves, reply_lag)
    monkeypatch.setattr(truce_search.ChainLevels, "of", classmethod(lambda *_: None))
    slow = problem.evaluate(moves, reply_lag)
    assert fast.dropped.max() > 1
    assert fast.active.any()
    for name in ("active", "dropped", "replies", "largest"):
        np.testing.assert_array_equal(getattr(fast, name), getattr(slow, name))
    for name in ("values", "agreed_values", "deviation_values"):
        np.testing.assert_allclose(getattr(fast, name), getattr(slow, name), atol=1e-12)
