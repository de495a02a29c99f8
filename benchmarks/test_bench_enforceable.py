"""Enforceable deals: time of one game, growth with the number of states, many parameter draws against a loop.

Run with ``make bench``. Games have 9 x 12 moves with 16 random successors each, normal payoffs; all answers are
certified. Times are those of one process (``time.process_time``), the least of several runs, because other processes
share the caches. ``growth()`` gives the series for the plot in the documentation; run as a script, this prints it as
comma-separated values.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence

import numpy as np

from bargain.games.markov import MarkovGame
from bargain.solvers import solve
from bargain.solvers.enforceable import EnforceableDeals
from bargain.solvers.enforceable_many import enforceable_many

N_ACTIONS, N_SUCCESSORS = (9, 12), 16
STATES = (56, 112, 224, 500, 1_000, 2_000, 5_000, 10_000)
SOLVER = EnforceableDeals()


def random_game(n_states: int, discount_factor: float = 0.97, seed: int = 0) -> MarkovGame:
    rng = np.random.default_rng(seed)
    moves = (n_states, *N_ACTIONS)
    successors = rng.integers(0, n_states, size=(*moves, N_SUCCESSORS))
    chances = rng.dirichlet(np.ones(N_SUCCESSORS), size=moves)
    payoffs = rng.normal(size=(n_states, 2, *N_ACTIONS))
    return MarkovGame(payoffs, successors, chances, discount_factor)


def local_game(n_states: int, discount_factor: float = 0.97, seed: int = 0) -> MarkovGame:
    """States in a ring; moves lead at most 8 places on or back, as stocks and capacities do."""
    game = random_game(n_states, discount_factor, seed)
    rng = np.random.default_rng(seed + 1)
    steps = rng.integers(-8, 9, size=game.successors.shape)
    here = np.arange(n_states).reshape(-1, *(1 for _ in steps.shape[1:]))
    return MarkovGame(game.payoffs, (here + steps) % n_states, game.probabilities, discount_factor)


def seconds(run: Callable[[], object], repeats: int = 5) -> float:
    """Least time of one process for a run."""
    times = []
    for _ in range(repeats):
        start = time.process_time()
        run()
        times.append(time.process_time() - start)
    return min(times)


def growth(states: Sequence[int] = STATES, kind: Callable[[int], MarkovGame] = random_game) -> list[tuple[int, float]]:
    """Seconds to solve and certify a game for each number of states."""
    solve(kind(20), SOLVER)
    series = []
    for n in states:
        game = kind(n)
        series.append((n, seconds(lambda game=game: solve(game, SOLVER), 5 if n <= 2_000 else 2)))
    return series


def test_one_game():
    solve(random_game(20), SOLVER)
    print("\nEnforceable deals, 224 states x 108 moves x 16 successors: milliseconds a game, certificate included")
    for d in (0.5, 0.9, 0.97, 0.99):
        game = random_game(224, d)
        found = solve(game, SOLVER)
        assert found.scope == "all"
        print(
            f"  discount factor {d:<5} {1e3 * seconds(lambda game=game: solve(game, SOLVER), 9):8.1f}   {found.message}"
        )


def test_growth_with_states():
    print("\nGrowth: seconds a game at discount factor .97, and the exponent to the line before")
    for name, kind in (("random successors", random_game), ("near successors", local_game)):
        before: tuple[int, float] | None = None
        for n, now in growth(kind=kind):
            rate = "" if before is None else f"{np.log(now / before[1]) / np.log(n / before[0]):6.2f}"
            print(f"  {name:<18} {n:6d} states {now:9.4f} {rate}")
            before = n, now


def test_many_draws():
    n_draws = 1_000
    print(f"\nParameter draws of the game with 224 states: milliseconds a draw (of {n_draws}), ratio to a loop")
    for d in (0.97, 0.5):
        game = random_game(224, d)
        shocks = np.random.default_rng(1).normal(size=(n_draws, *game.payoffs.shape))
        payoffs = game.payoffs + 0.1 * shocks
        arrays = game.successors, game.probabilities
        enforceable_many(payoffs[:16], *arrays, d)
        batch = seconds(lambda p=payoffs, a=arrays, d=d: enforceable_many(p, *a, d), 2) / n_draws
        some = [MarkovGame(table, *arrays, d) for table in payoffs[:30]]
        loop = seconds(lambda some=some: [solve(one, SOLVER) for one in some], 3) / len(some)
        build = seconds(lambda p=payoffs, a=arrays, d=d: [MarkovGame(x, *a, d) for x in p[:30]], 3) / 30
        print(
            f"  discount factor {d:<5} batch {1e3 * batch:7.2f}   solve() {1e3 * loop:7.2f}  ratio "
            f"{loop / batch:5.2f}   with MarkovGame() {1e3 * (loop + build):7.2f}  ratio {(loop + build) / batch:5.2f}"
        )


def test_first_call():
    """A process that finds nothing compiled, and one that does."""
    code = (
        "import time; start = time.process_time(); import numpy as np; from bargain.games.markov import MarkovGame;"
        "from bargain.solvers import solve; from bargain.solvers.enforceable import EnforceableDeals;"
        "game = MarkovGame(np.zeros((2, 2, 2, 2)), np.zeros((2, 2, 2, 1), int), np.ones((2, 2, 2, 1)), .5);"
        "middle = time.process_time(); solve(game, EnforceableDeals());"
        "print(f'{time.process_time() - middle:.2f}')"
    )
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "NUMBA_CACHE_DIR": folder}
        shown = [
            subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
            for _ in range(2)
        ]
    print(
        f"\nFirst solve() of a process: {shown[0].stdout.strip()} s when compiling, {shown[1].stdout.strip()} s after"
    )


if __name__ == "__main__":
    print("kind,n_states,seconds")
    for label, game_kind in (("random", random_game), ("near", local_game)):
        for count, spent in growth(kind=game_kind):
            print(f"{label},{count},{spent:.5f}")
