"""Repeated games: time to all subgame-perfect payoffs against QuantEcon, as ratios measured in one run.

Run with ``make bench``; nothing is asserted on time, but that both find the same set. Ours is timed twice: the polygon
algorithm alone, as the peer's, and ``solve()``, which also recomputes the strategies of all vertices and proves by the
operator of Abreu, Pearce and Stacchetti that no payoff is missing. The duopoly has quantities 0, ..., 6 in 15 steps and
price net of cost 5.4 - Q; variants with the price floored at 0 (cost .6) and with that margin floored at 0.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import pytest

from bargain.games import StageGame
from bargain.games.polygon import distances
from bargain.games.repeated import RepeatedGame
from bargain.solvers import solve
from bargain.solvers.critical_discount import critical_discount_factor
from bargain.solvers.finite_horizon import FinitelyRepeated
from bargain.solvers.repeated_payoffs import propose_repeated
from bargain.solvers.subgame_perfect import SubgamePerfectPayoffs

ABREU_SANNIKOV = StageGame.from_bimatrix([[16, 3, 0], [21, 10, -1], [9, 5, -5]], [[9, 13, 3], [1, 4, 0], [0, -4, -15]])


def cournot(margin: Callable[[np.ndarray], np.ndarray]) -> StageGame:
    own = np.linspace(0.0, 6.0, 15)
    net = margin(own[:, None] + own)
    return StageGame.from_bimatrix(own[:, None] * net, own * net)


GAMES = {
    "Abreu-Sannikov 3 x 3 at .3": RepeatedGame(ABREU_SANNIKOV, 0.3),
    "Abreu-Sannikov 3 x 3 at .4": RepeatedGame(ABREU_SANNIKOV, 0.4),
    "Cournot 15 x 15 at .8": RepeatedGame(cournot(lambda total: 5.4 - total), 0.8),
    "Cournot, price floored": RepeatedGame(cournot(lambda total: np.maximum(6.0 - total, 0.0) - 0.6), 0.8),
    "Cournot, margin floored": RepeatedGame(cournot(lambda total: np.maximum(5.4 - total, 0.0)), 0.8),
}


def best_of(times: int, work: Callable[[], object]) -> float:
    """Processor seconds of the fastest of some runs, after one that does not count (imports, compilation)."""
    work()
    taken = []
    for _ in range(times):
        start = time.thread_time()
        work()
        taken.append(time.thread_time() - start)
    return min(taken)


def quantecon_game(game: RepeatedGame):
    peer = pytest.importorskip("quantecon.game_theory")
    first, second = game.payoffs
    players = [peer.Player(first.copy()), peer.Player(second.T.copy())]
    return peer.RepeatedGame(peer.NormalFormGame(players), game.discount_factor)


def test_payoff_sets_against_the_peer():
    print("\nSubgame-perfect payoffs: milliseconds, ratio of QuantEcon to ours (target 5)")
    print(f"  {'':<28}{'QuantEcon':>11}{'algorithm':>11}{'ratio':>7}{'solve()':>9}{'ratio':>7}{'vertices':>10}")
    for name, game in GAMES.items():
        peer = quantecon_game(game)
        theirs = best_of(20, peer.equilibrium_payoffs)
        plain = best_of(30, lambda game=game: propose_repeated(game, 100_000))
        whole = best_of(30, lambda game=game: solve(game, SubgamePerfectPayoffs()))
        solution, hull = solve(game, SubgamePerfectPayoffs()), peer.equilibrium_payoffs()
        assert solution.scope == "all"
        assert distances(solution.vertices, hull.points[hull.vertices], game.payoff_range).max() < 1e-6
        print(
            f"  {name:<28}{1e3 * theirs:>11.2f}{1e3 * plain:>11.2f}{theirs / plain:>7.1f}{1e3 * whole:>9.2f}"
            f"{theirs / whole:>7.1f}{len(solution.vertices):>10}"
        )


def test_patient_players_and_thresholds():
    print("\nFurther times, milliseconds")
    for discount_factor in (0.9, 0.99, 0.999):
        game = RepeatedGame(ABREU_SANNIKOV, discount_factor)
        plain = best_of(5, lambda game=game: propose_repeated(game, 100_000))
        whole = best_of(5, lambda game=game: solve(game, SubgamePerfectPayoffs()))
        print(f"  Abreu-Sannikov at {discount_factor:<6} algorithm {1e3 * plain:>8.2f}, solve() {1e3 * whole:>8.2f}")
    threshold = best_of(3, lambda: critical_discount_factor(ABREU_SANNIKOV, (0, 0)))
    print(f"  critical discount factor of a profile, bisection and both certificates {1e3 * threshold:>8.2f}")
    rounds = best_of(3, lambda: solve(RepeatedGame(ABREU_SANNIKOV, 0.4), FinitelyRepeated(20)))
    print(f"  20 rounds by backward induction {1e3 * rounds:>8.2f}")
