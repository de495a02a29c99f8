"""The complete list of pure equilibria: bounds that hold, directional games of many states, limits that are said."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from known_markov_games import random_markov

from bargain.games.markov import MarkovGame
from bargain.games.stationary import StationaryProfile, certify_stationary
from bargain.solvers.markov_recursive import Component, RecursiveSearch
from bargain.solvers.markov_rounds import Rounds
from bargain.solvers.watch import Watch


def searched(game, max_nodes=10**6, max_equilibria=10**4):
    search = RecursiveSearch(Rounds.of(game), Watch(), max_nodes, max_equilibria)
    search.run()
    return search


def brute_force(game):
    """Moves of all profiles whose certificate holds."""
    found = []
    for moves in itertools.product(range(int(np.prod(game.n_actions))), repeat=game.n_states):
        actions = np.stack(np.unravel_index(np.array(moves), game.n_actions), axis=1)
        if certify_stationary(game, StationaryProfile.pure(game, actions)).certificate.holds:
            found.append(moves)
    return sorted(found)


def directional(rng, n_states, shape, discount_factor, n_loops=1):
    """Each state may stay or go to any later one; the first ``n_loops`` states may come back to state 0."""
    moves = (n_states, *shape)
    successors = np.zeros((*moves, 3), dtype=int)
    for s in range(n_states):
        successors[s, ..., 0] = s
        successors[s, ..., 1] = rng.integers(s, n_states, size=shape)
        successors[s, ..., 2] = rng.integers(0, n_loops, size=shape) if s < n_loops else s
    return MarkovGame(
        rng.normal(size=(n_states, len(shape), *shape)),
        successors,
        rng.dirichlet(np.ones(3), size=moves),
        discount_factor,
    )


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([0.0, 0.5, 0.9]), st.integers(1, 3), st.booleans())
def test_all_equilibria_against_brute_force(seed, discount_factor, n_loops, integers):
    rng = np.random.default_rng(seed)
    game = directional(rng, 3, (2, 2), discount_factor, n_loops)
    if integers:  # Ties everywhere.
        game = MarkovGame(np.round(game.payoffs), game.successors, np.round(game.probabilities * 0) + 1 / 3, 0.5)
    search = searched(game)
    assert search.complete
    assert sorted(tuple(m.tolist()) for m in search.found) == brute_force(game)


@pytest.mark.parametrize("seed", range(6))
def test_bounds_hold_for_every_equilibrium_and_no_equilibrium_is_removed(seed):
    from bargain.solvers.markov_bounds import tighten

    game = random_markov(np.random.default_rng(seed), 4, (2, 3), 2, 0.6)
    rounds = Rounds.of(game)
    whole = np.arange(4)
    part = Component.of(rounds, whole, np.zeros((4, 2)))
    left, low, high = part.start()
    alive = tighten(*part.tables, left, low, high, part.slack, 50)
    found = searched(game).found
    assert alive or not found
    for moves in found:
        values = rounds.values(moves)
        assert left[whole, moves].all()
        assert np.all(low <= values + 1e-12)
        assert np.all(values <= high + 1e-12)
    if alive:
        assert np.all(low <= high + 1e-12)


def test_many_directional_states():
    game = directional(np.random.default_rng(8), 60, (2, 2), 0.9)
    search = searched(game, max_equilibria=50)
    assert len(search.groups) == 60
    for moves in search.found[:5]:
        profile = StationaryProfile(Rounds.of(game).strategies(moves))
        assert certify_stationary(game, profile).certificate.holds
    assert search.complete or "max_equilibria = 50" in search.why


def test_independent_states_multiply():
    # Five states that stay put, each with the two equilibria of a coordination game: 32 in all.
    payoffs = np.broadcast_to(np.array([[[2.0, 0], [0, 1]]] * 2), (5, 2, 2, 2))
    successors = np.broadcast_to(np.arange(5)[:, None, None, None], (5, 2, 2, 1))
    game = MarkovGame(payoffs, successors, np.ones((5, 2, 2, 1)), 0.9)
    assert len(searched(game).found) == 32
    cut = searched(game, max_equilibria=7)
    assert len(cut.found) == 7
    assert not cut.complete


def test_limits_are_said():
    game = random_markov(np.random.default_rng(0), 6, (3, 3), 3, 0.9)
    cut = searched(game, max_nodes=3)
    assert not cut.complete
    assert "max_nodes = 3" in cut.why
    late = RecursiveSearch(Rounds.of(game), Watch(0.0), 10**6, 10)
    late.run()
    assert late.why == "time limit reached"
