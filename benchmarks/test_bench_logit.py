"""Logit branch and N-player equilibria: time against pygambit, as ratios measured in one run; nothing asserted on time.

Run with ``make bench``. Both follow the principal branch until the regret of the branch point itself is 1e-8 of the
payoff range; ``LogitPath`` infers the limit earlier and certifies it. A tick says that the equilibria found hold.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import pytest

from bargain.games import StageGame, certify
from bargain.solvers import LogitPath, SupportHomotopy, logit_branch, solve

TWO_PLAYERS = ((3, 3), (9, 12), (20, 20))
MANY_PLAYERS = ((2, 2, 2), (3, 3, 3), (4, 4, 4), (2, 2, 2, 2))
N_GAMES = 20


def games(shape: tuple[int, ...], n_games: int = N_GAMES) -> list[StageGame]:
    rng = np.random.default_rng(0)
    return [StageGame(rng.normal(size=(len(shape), *shape))) for _ in range(n_games)]


def seconds(method: Callable[[StageGame], object], batch: list[StageGame]) -> float:
    """Mean seconds a game, after a warm-up."""
    method(batch[0])
    start = time.perf_counter()
    for game in batch:
        method(game)
    return (time.perf_counter() - start) / len(batch)


def peer(game: StageGame):
    return pytest.importorskip("pygambit").Game.from_arrays(*game.payoffs)


def gambit_branch(game: StageGame) -> int:
    from pygambit.qre import logit_solve_branch

    return len(logit_solve_branch(peer(game)))


def gambit_polynomials(game: StageGame) -> int:
    return len(pytest.importorskip("pygambit").nash.enumpoly_solve(peer(game)).equilibria)


def holds(solver) -> Callable[[StageGame], bool]:
    def check(game: StageGame) -> bool:
        found = solve(game, solver).equilibria
        return bool(found) and all(certify(game, equilibrium.profile).holds for equilibrium in found)

    return check


def test_branch_against_pygambit():
    pytest.importorskip("pygambit")
    print(f"\nPrincipal logit branch: milliseconds a game (mean of {N_GAMES}), pygambit / bargain")
    for shape in TWO_PLAYERS:
        batch = games(shape)
        ours, theirs = seconds(logit_branch, batch), seconds(gambit_branch, batch)
        limit = seconds(lambda game: solve(game, LogitPath()), batch)
        print(
            f"  {' x '.join(map(str, shape)):<14} bargain {1e3 * ours:7.2f}  pygambit {1e3 * theirs:8.2f}  "
            f"ratio {theirs / ours:5.2f}   certified limit {1e3 * limit:7.2f}  ratio {theirs / limit:5.2f}"
        )


def test_equilibria_of_many_players():
    pytest.importorskip("pygambit")
    print(f"\nGames of three and more players: milliseconds a game, solved and certified of {N_GAMES}")
    for shape in MANY_PLAYERS:
        batch = games(shape)
        for name, solver in (("LogitPath", LogitPath()), ("SupportHomotopy, first", SupportHomotopy(max_equilibria=1))):
            solved = sum(map(holds(solver), batch))
            each = seconds(lambda game, solver=solver: solve(game, solver), batch)
            print(f"  {' x '.join(map(str, shape)):<14} {name:<24} {1e3 * each:9.2f}   {solved}/{N_GAMES}")


def test_all_equilibria_of_three_players_against_polynomial_systems():
    pytest.importorskip("pygambit")
    print("\nAll equilibria, three players: milliseconds a game, equilibria found, pygambit enumpoly / bargain")
    for shape, n_games in (((2, 2, 2), 10), ((3, 2, 2), 5)):
        batch = games(shape, n_games)
        ours = seconds(lambda game: solve(game, SupportHomotopy()), batch)
        theirs = seconds(gambit_polynomials, batch)
        found = sum(len(solve(game, SupportHomotopy()).equilibria) for game in batch)
        counted = sum(map(gambit_polynomials, batch))
        print(
            f"  {' x '.join(map(str, shape)):<14} bargain {1e3 * ours:8.2f} ({found})  pygambit {1e3 * theirs:8.2f} "
            f"({counted})  ratio {theirs / ours:6.2f}"
        )
