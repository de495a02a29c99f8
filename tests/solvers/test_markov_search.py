import numpy as np
from known_markov_games import random_markov

from bargain.games.markov import MarkovGame
from bargain.solvers.markov_recursive import RecursiveSearch
from bargain.solvers.markov_rounds import Rounds
from bargain.solvers.markov_search import (
    PureSearch,
    induced_moves,
    one_state_at_a_time,
    replies_in_turn,
    stage_choice,
    stage_iteration,
)
from bargain.solvers.watch import Watch


def one_state(first, second, d=0.5):
    table = np.array([first, second], dtype=float)
    shape = table.shape[1:]
    return Rounds.of(MarkovGame(table[None], np.zeros((1, *shape, 1)), np.ones((1, *shape, 1)), d))


PENNIES = one_state([[1, -1], [-1, 1]], [[-1, 1], [1, -1]])
CHOICE = one_state([[2, 0], [0, 1]], [[2, 0], [0, 1]])


def test_best_replies_rest_or_cycle():
    run = replies_in_turn(CHOICE, np.array([1]), np.array([0, 1]), Watch())
    assert run.rests
    assert run.moves.tolist() == [0b11]  # First the row answers the column's second action.
    run = replies_in_turn(CHOICE, np.array([1]), np.array([1, 0]), Watch())
    assert run.moves.tolist() == [0]
    run = replies_in_turn(PENNIES, np.array([0]), np.array([0, 1]), Watch())
    assert not run.rests
    assert run.cycle > 0


def test_stage_iteration_without_equilibrium_cycles():
    assert stage_iteration(CHOICE, np.array([1]), Watch()).rests
    run = stage_iteration(PENNIES, np.array([1]), Watch())
    assert not run.rests
    assert not one_state_at_a_time(PENNIES, np.array([1]), np.random.default_rng(0), Watch()).rests


def test_selection_by_weight():
    assert induced_moves(CHOICE, np.array([1.0, 1.0]), Watch()).tolist() == [0]
    assert induced_moves(CHOICE, np.array([-1.0, -1.0]), Watch()).tolist() == [3]
    moves, values = stage_choice(CHOICE, np.zeros((1, 2)), np.ones(2))
    np.testing.assert_allclose(values, [[0.5, 0.5]])
    assert moves.tolist() == [0]


def test_what_is_found_holds():
    rng = np.random.default_rng(1)
    for _ in range(3):
        rounds = Rounds.of(random_markov(rng, 5, (2, 3), 2, 0.8))
        every = RecursiveSearch(rounds, Watch(), 10**6, 10**4)
        every.run()
        search = PureSearch(rounds, Watch())
        for start in range(8):
            search.from_seed(7, start)
        search.from_horizon(np.ones(2), 7)
        assert search.found.keys() <= {moves.tobytes() for moves in every.found}
        assert search.runs == 9


def test_a_start_does_not_depend_on_the_others():
    # Eight states that stay put, each with two equilibria: where a start ends tells its profile and order of players.
    payoffs = np.broadcast_to(np.array([[[2.0, 0], [0, 1]]] * 2), (8, 2, 2, 2))
    successors = np.broadcast_to(np.arange(8)[:, None, None, None], (8, 2, 2, 1))
    rounds = Rounds.of(MarkovGame(payoffs, successors, np.ones((8, 2, 2, 1)), 0.5))
    first, second = PureSearch(rounds, Watch()), PureSearch(rounds, Watch())
    ends = [first.from_seed(7, start).tolist() for start in range(6)]
    assert [second.from_seed(7, start).tolist() for start in reversed(range(6))] == ends[::-1]
    assert len(first.found) > 3
    assert first.from_seed(8, 0).tolist() != ends[0]


def test_time_is_up():
    search = PureSearch(PENNIES, Watch(0.0))
    assert search.from_profile(np.array([0]), np.array([0, 1]), np.random.default_rng(0)) is None
    assert search.lost == 1
