"""Payoff sets of Markov games without side payments: times in one run; nothing is asserted on time.

Run with ``make bench``. The ratio is to the time that the C++ program of Abreu, Brooks and Sannikov (2020) needs on a
2-core reference machine, for the two games for which it was measured there.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np

from bargain.games.payoff_operator import operator_distance
from bargain.solvers.markov_payoffs import propose_markov

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from known_markov_games import random_markov, risk_sharing, two_state_prisoners


def random_game(n_states: int, n_actions: tuple[int, int], n_successors: int, discount_factor: float):
    return lambda: random_markov(np.random.default_rng(0), n_states, n_actions, n_successors, discount_factor)


CASES = {  # game, tolerance, number of runs, seconds of the C++ program
    "two-state prisoner's dilemma, .7": (lambda: two_state_prisoners(0.7), 1e-8, 20, 0.025),
    "two-state prisoner's dilemma, .3561072": (lambda: two_state_prisoners(0.3561072), 1e-8, 20, None),
    "risk sharing, 101 gifts, to 1e-6": (lambda: risk_sharing(100), 1e-6, 3, 42.0),
    "risk sharing, 101 gifts, to 1e-8": (lambda: risk_sharing(100), 1e-8, 3, None),
    "random, 10 states x 9 moves, .9": (random_game(10, (3, 3), 3, 0.9), 1e-8, 3, None),
    "random, 30 states x 9 moves, .95": (random_game(30, (3, 3), 3, 0.95), 1e-8, 3, None),
    "random, 224 states x 108 moves, .97": (random_game(224, (9, 12), 16, 0.97), 1e-6, 1, None),
}


def test_payoff_sets_of_markov_games():
    print(
        "\nPayoff sets of Markov games: processor seconds of the fastest run after a warm-up, how many times as long\n"
        "the C++ program takes on the reference machine, steps, vertices, distance to the fixed point"
    )
    propose_markov(two_state_prisoners(0.7))
    for name, (build, tolerance, n_runs, reference) in CASES.items():
        game, taken = build(), []
        for _ in range(n_runs):
            start = time.process_time()
            found = propose_markov(game, tolerance=tolerance)
            taken.append(time.process_time() - start)
        ratio = f"{reference / min(taken):>8.0f}" if reference else " " * 8
        n_vertices = sum(map(len, found.polygons))
        print(
            f"  {name:<40}{min(taken):>10.4f}{ratio}{found.n_iterations:>6}{n_vertices:>8}{found.distance:>10.1e}"
            f"  {found.stopped}"
        )
        assert found.converged or found.stopped


def test_certificates_of_markov_games():
    print("\nThe payoff operator once, as a certificate: processor seconds, distance of the sets to their image")
    for name, (build, tolerance, _, _) in list(CASES.items())[:6]:
        game = build()
        polygons = propose_markov(game, tolerance=tolerance).polygons
        start = time.process_time()
        distance = operator_distance(game, polygons).distance
        print(f"  {name:<40}{time.process_time() - start:>10.4f}{distance:>10.1e}")
        assert distance < 10 * tolerance
