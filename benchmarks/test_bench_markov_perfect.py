"""Markov perfect equilibria: seconds per algorithm on games of the standoff's size, and a hundred random games.

Run with ``make bench``. Nothing is asserted on time; of the hundred games at least 95 must have a certified result.
"""

from __future__ import annotations

import itertools
import time

import numpy as np

from bargain.games.markov import MarkovGame
from bargain.games.stationary import StationaryProfile, certify_stationary
from bargain.solvers.base import solve
from bargain.solvers.markov_horizon import FiniteHorizon
from bargain.solvers.markov_logit import MarkovLogit
from bargain.solvers.markov_perfect import MarkovPerfect
from bargain.solvers.markov_rounds import Rounds
from bargain.solvers.markov_search import one_state_at_a_time, random_moves, replies_in_turn, stage_iteration
from bargain.solvers.watch import Watch

ACTIONS = (9, 12)


def random_game(n_states: int, shape: tuple[int, ...], k: int, discount_factor: float, seed: object) -> MarkovGame:
    rng = np.random.default_rng(seed)
    moves = (n_states, *shape)
    k = min(k, n_states)
    successors = rng.random((*moves, n_states)).argsort(axis=-1)[..., :k]
    payoffs = rng.normal(size=(n_states, len(shape), *shape))
    return MarkovGame(payoffs, successors, rng.dirichlet(np.ones(k), size=moves), discount_factor)


def stocks_and_capacities(seed: int = 0, noise: float = 0.05, discount_factor: float = 0.97) -> MarkovGame:
    """Like the standoff: a stock 0..6 that goes up or down, two capacities 0..3 that only grow, a mood that turns."""
    rng = np.random.default_rng(seed)
    states = list(itertools.product(range(7), range(4), range(4), range(2)))
    place = {state: i for i, state in enumerate(states)}
    shape = (len(states), *ACTIONS, 16)
    successors, probabilities = np.zeros(shape, dtype=int), np.zeros(shape)
    rise = rng.random((3, *ACTIONS)) * [[[0.5]], [[0.1]], [[0.1]]]
    for i, (stock, first, second, mood) in enumerate(states):
        for n, (a, b, c, m) in enumerate(itertools.product(range(2), repeat=4)):
            follow = (min(stock + 1, 6) if a else max(stock - 1, 0), min(first + b, 3), min(second + c, 3), mood ^ m)
            successors[i, ..., n] = place[follow]
            chance = rise[0] if a else 1 - rise[0]
            chance = chance * (rise[1] if b else 1 - rise[1]) * (rise[2] if c else 1 - rise[2])
            probabilities[i, ..., n] = chance * (0.1 if m else 0.9)
    table = rng.normal(size=(2, 2, *ACTIONS))
    moods = np.array([state[3] for state in states])
    payoffs = table[moods] + noise * rng.normal(size=(len(states), 2, *ACTIONS))
    return MarkovGame(payoffs, successors, probabilities, discount_factor)


def seconds(task) -> tuple[float, object]:
    start = time.perf_counter()
    result = task()
    return time.perf_counter() - start, result


def show(name: str, elapsed: float, note: str = "") -> None:
    print(f"  {name:<44} {1e3 * elapsed:10.1f} ms   {note}")


def test_each_algorithm_on_a_random_game_of_the_standoff_size():
    game = random_game(224, ACTIONS, 16, 0.97, 3)
    print("\n224 states x 9 x 12 actions, 16 random successors, discount factor .97")
    elapsed, rounds = seconds(lambda: Rounds.of(game))
    show("layout", elapsed)
    watch, rng = Watch(), np.random.default_rng(0)
    moves = random_moves(rounds, rng)
    show("values of a profile", seconds(lambda: rounds.values(moves))[0])
    show("best reply of one player in all states", seconds(lambda: rounds.best_policy(moves, 1))[0])
    for name, task in (
        ("best replies in turn", lambda: replies_in_turn(rounds, moves, np.arange(2), watch)),
        ("stage equilibria in all states", lambda: stage_iteration(rounds, moves, watch)),
        ("stage equilibria, one state at a time", lambda: one_state_at_a_time(rounds, moves, rng, watch)),
    ):
        elapsed, run = seconds(task)
        show(name, elapsed, "rests" if run.rests else f"cycle of {run.cycle}" if run.cycle else "no rest")
    show("certificate", seconds(lambda: certify_stationary(game, StationaryProfile(rounds.strategies(moves))))[0])
    system = MarkovLogit.of(rounds)
    border = np.append(np.zeros(system.size), 1.0)
    elapsed, pair = seconds(lambda: system.linearised(system.start(), 1.0, border))
    show(f"Newton step of the homotopy, {system.size} unknowns", elapsed + seconds(lambda: pair[1].of(border))[0])
    elapsed, solution = seconds(lambda: solve(game, FiniteHorizon(40)))
    show("backward induction, 40 rounds", elapsed, solution.message)


def test_whole_runs_on_games_like_the_standoff():
    print("\nThe same size; stocks, capacities that only grow, a mood: MarkovPerfect")
    for seed in range(3):
        game = stocks_and_capacities(seed)
        for solver in (MarkovPerfect(method="search"), MarkovPerfect(time_limit=60.0)):
            elapsed, solution = seconds(lambda game=game, solver=solver: solve(game, solver))
            show(f"seed {seed}, {solver.method}", elapsed, f"{len(solution.equilibria)}: {solution.message}")


def test_a_hundred_random_games():
    solved, times = 0, []
    for seed in range(100):
        rng = np.random.default_rng([4, seed])
        n_players = 3 if seed % 5 == 0 else 2
        shape = tuple(int(n) for n in rng.integers(2, 5, size=n_players))
        game = random_game(int(rng.integers(4, 31)), shape, 3, float(rng.choice([0.5, 0.8, 0.9, 0.95])), seed)
        elapsed, solution = seconds(
            lambda game=game: solve(game, MarkovPerfect(method="homotopy", n_branches=1, time_limit=60.0))
        )
        times.append(elapsed)
        holds = [certify_stationary(game, each.profile).certificate.holds for each in solution.equilibria]
        solved += bool(holds) and all(holds)
    print(
        f"\n{solved} of 100 random games (4-30 states, 2-4 actions) certified; homotopy alone, seconds a game: ", end=""
    )
    print(f"median {np.median(times):.2f}, mean {np.mean(times):.2f}, most {max(times):.1f}")
    assert solved >= 95
