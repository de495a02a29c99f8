"""Truces: all constant agreements of a game of the standoff's size together, and against one at a time.

Run with ``make bench``. The shipped scenario over rounds: 224 states, 9 x 12 moves, 16 successors each. Times are those
of one process (``time.process_time``), the least of several runs, because other processes share the caches.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

import bargain as bg
from bargain.games.stationary import StationaryProfile
from bargain.solvers import solve
from bargain.solvers.truce import Truce
from bargain.solvers.truce_search import TruceProblem


def seconds(run: Callable[[], object], repeats: int = 3) -> float:
    """Least time of one process for a run."""
    times = []
    for _ in range(repeats):
        start = time.process_time()
        run()
        times.append(time.process_time() - start)
    return min(times)


def test_all_agreements_of_the_standoff():
    game = bg.load_scenario("us-china-2025").markov_game()
    standoff = StationaryProfile.pure(game, [("truce/restricted", "truce/dual_track")] * game.n_states)
    moves = np.repeat(np.arange(108)[:, None], game.n_states, axis=1)
    problem = TruceProblem(game, standoff)
    print("\nTruces, 224 states x 108 agreements: milliseconds")
    for lag in (1, 2, 4):
        together = seconds(lambda lag=lag: problem.evaluate(moves, lag))
        alone = seconds(lambda lag=lag: [problem.evaluate(row[None], lag) for row in moves], 1)
        ranked = seconds(lambda lag=lag: solve(game, Truce(standoff, reply_lag=lag, n_points=0)), 1)
        print(
            f"reply lag {lag}: active sets of all {1e3 * together:7.0f}, one at a time {1e3 * alone:7.0f}, "
            f"ranked and certified {1e3 * ranked:7.0f}"
        )
        if lag == 1:
            assert together < 1.0
            assert ranked < 3.0
