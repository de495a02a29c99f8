"""Averaged play and the paths that start from it, in games without a pure equilibrium."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from known_markov_games import MATCHING_PENNIES, random_markov

import bargain.solvers.markov_averaging as averaging
from bargain.games.markov import MarkovGame
from bargain.games.stationary import StationaryProfile, certify_stationary
from bargain.solvers.markov_averaging import averaged_play, settled_play, stage_moves
from bargain.solvers.markov_rounds import Rounds
from bargain.solvers.watch import Watch

PENNIES = MarkovGame.from_matrix(MATCHING_PENNIES.payoffs[None], np.ones((1, 2, 2, 1)), 0.5)


def without_pure(seed: int) -> MarkovGame:
    """A random game of three states without a pure equilibrium, by trying all profiles."""
    rng = np.random.default_rng(seed)
    while True:
        game = random_markov(rng, 3, (2, 2), 2, 0.9)
        rounds = Rounds.of(game)
        if not any(rounds.holds(np.array(moves)) for moves in itertools.product(range(4), repeat=3)):
            return game


@pytest.mark.parametrize("seed", range(8))
def test_an_equilibrium_is_found_where_none_is_pure(seed: int) -> None:
    game = without_pure(seed)
    found = averaged_play(Rounds.of(game), np.zeros(3, dtype=np.intp), Watch())
    assert found.strategies is not None, found.why
    verdict = certify_stationary(game, StationaryProfile(found.strategies), 1e-8)
    assert verdict.certificate.holds
    assert verdict.profile.actions is None


def test_frequencies_sum_to_one_and_the_same_comes_again() -> None:
    game = without_pure(3)
    rounds = Rounds.of(game)
    moves = np.zeros(3, dtype=np.intp)
    first = settled_play(rounds, moves, Watch())
    np.testing.assert_array_equal(first, settled_play(rounds, moves, Watch()))
    np.testing.assert_allclose(first[:, :2].sum(axis=1), 1.0)
    np.testing.assert_allclose(first[:, 2:].sum(axis=1), 1.0)


def test_a_present_stage_equilibrium_is_kept_and_the_nearest_one_taken_else() -> None:
    coordination = np.zeros((1, 2, 2, 2))
    coordination[0, :, 0, 0], coordination[0, :, 1, 1] = 1.0, 2.0
    game = MarkovGame.from_matrix(coordination, np.ones((1, 2, 2, 1)), 0.5)
    rounds = Rounds.of(game)
    for present, following in ((0, 0), (1, 0), (2, 0), (3, 3)):
        moves = np.array([present])
        assert stage_moves(rounds, rounds.values(moves), moves).tolist() == [following]


def test_actions_left_out_are_taken_in(monkeypatch: pytest.MonkeyPatch) -> None:
    rounds = Rounds.of(PENNIES)
    monkeypatch.setattr(averaging, "settled_play", lambda *_: np.array([[1.0, 0.0, 1.0, 0.0]]))
    found = averaged_play(rounds, np.zeros(1, dtype=np.intp), Watch())
    assert found.strategies is not None, found.why
    np.testing.assert_allclose(np.concatenate(found.strategies, axis=1), 0.5, atol=1e-9)


def test_what_stops_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    rounds, moves = Rounds.of(PENNIES), np.zeros(1, dtype=np.intp)
    assert averaged_play(rounds, moves, Watch(0.0)).why == "time limit reached"
    monkeypatch.setattr(averaging, "LARGEST_TABLE", 1)
    assert averaged_play(rounds, moves, Watch()).why == "1 states are too many"
