import numpy as np
import pytest
from known_markov_games import ABREU_SANNIKOV, MATCHING_PENNIES, random_markov, two_state_prisoners

from bargain.games.repeated import RepeatedGame
from bargain.solvers.markov_set_check import expected_set, markov_bound, spread_empty
from bargain.solvers.markov_set_verdict import operator_bound


def run(game, sets, n_steps, tolerance=0.0):
    payoffs = np.moveaxis(game.payoffs, 1, -1)
    level, unit = payoffs[game.available_moves].min(axis=0), game.payoff_range
    targets = np.zeros((game.n_states, max(1, *map(len, sets)), 2))
    for s, polygon in enumerate(sets):
        targets[s, : len(polygon)] = (polygon - level) / unit
    sizes = np.array([len(polygon) for polygon in sets])
    return markov_bound(
        np.ascontiguousarray((payoffs - level) / unit),
        game.successors.astype(np.int64),
        np.array(game.probabilities),
        game.available_moves.copy(),
        game.discount_factor,
        1e-12,
        targets,
        sizes,
        tolerance,
        n_steps,
    )


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("n_steps", [1, 3])
def test_steps_are_those_of_the_operator_in_other_code(seed, n_steps):
    rng = np.random.default_rng(seed)
    game = random_markov(rng, int(rng.integers(1, 5)), (2, 3), 3, 0.7, integers=bool(seed % 2))
    bound = operator_bound(game, n_steps)
    steps, gap, _ = run(game, bound, n_steps)
    assert steps == n_steps
    assert gap < 1e-10
    shrunk = [polygon.mean(axis=0) + 0.9 * (polygon - polygon.mean(axis=0)) for polygon in bound]
    if max(map(len, bound)) > 1:
        assert run(game, shrunk, n_steps)[1] > 1e-3


def test_it_stops_when_close_empty_or_at_rest():
    game = two_state_prisoners(0.7)
    steps, gap, _ = run(game, operator_bound(game, 40), 1000, 1e-3)
    assert steps < 40
    assert gap <= 1e-3
    empty = RepeatedGame(MATCHING_PENNIES, 0.5).markov_game()
    assert run(empty, [np.zeros((0, 2))], 1000)[:2] == (2, 0.0)
    there = RepeatedGame(ABREU_SANNIKOV, 0.3).markov_game()
    steps, gap, moved = run(there, [np.zeros((0, 2))], 1000)
    assert (gap, moved <= 1e-14, steps < 1000) == (np.inf, True, True)


def test_expected_sets_by_hand():
    square = np.array([[0.0, 0], [1, 0], [1, 1], [0, 1]])
    segment = np.array([[0.0, 0], [1, 1], [9, 9], [9, 9]])
    sets, counts = np.stack([square, segment]), np.array([4, 2])
    out = np.empty((20, 2))
    n = expected_set(sets, counts, np.array([0, 1]), np.array([0.5, 0.5]), out)
    corners = {(0.0, 0.0), (0.5, 0.0), (1.0, 0.5), (1.0, 1.0), (0.5, 1.0), (0.0, 0.5)}
    assert corners <= set(map(tuple, np.round(out[:n], 12)))
    assert expected_set(sets, np.array([4, 1]), np.array([1, 1]), np.array([0.5, 0.5]), out) == 1


def test_emptiness_spreads_to_states_that_may_lead_there():
    counts = np.array([1, 1, 0])
    follow = np.array([0, 1, 1, 2, 2, 2]).reshape(3, 1, 1, 2)
    chances = np.array([1.0, 0.0, 0.5, 0.5, 1.0, 0.0]).reshape(3, 1, 1, 2)
    spread_empty(counts, follow, chances, np.ones((3, 1, 1), dtype=bool))
    assert counts.tolist() == [1, 0, 0]
