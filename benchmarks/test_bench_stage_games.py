"""Stage games: time to all equilibria against the peers, as ratios measured in one run; nothing is asserted on time.

Run with ``make bench``. Peers: Nashpy support enumeration, QuantEcon support enumeration (compiled), pygambit's vertex
enumeration in floating point and in rational numbers. A method that needs more than ``PATIENCE`` seconds for a game is
left out of larger sizes. The number of distinct equilibria is printed beside each time: who is fast and loses some is
seen.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterable, Sequence

import numpy as np
import pytest

from bargain.games import StageGame
from bargain.solvers import IndifferenceEnumeration, LemkeHowson, PureNash, SupportEnumeration, solve, solve_many

SIZES = ((3, 3, 20), (5, 5, 10), (7, 7, 3), (9, 12, 1), (12, 12, 1))
PATIENCE = 0.2


def ours(solver) -> Callable[[StageGame], int]:
    return lambda game: len(solve(game, solver).equilibria)


def distinct(profiles: Iterable[Sequence[float]]) -> int:
    return len({tuple(np.round(profile, 7) + 0.0) for profile in profiles})


def nashpy_supports(game: StageGame) -> int:
    nashpy = pytest.importorskip("nashpy")
    return distinct(np.concatenate(pair) for pair in nashpy.Game(*game.payoffs).support_enumeration())


def quantecon_supports(game: StageGame) -> int:
    quantecon = pytest.importorskip("quantecon.game_theory")
    first, second = game.payoffs
    players = [quantecon.Player(first.copy()), quantecon.Player(second.T.copy())]
    return distinct(map(np.concatenate, quantecon.support_enumeration(quantecon.NormalFormGame(players))))


def gambit_vertices(*, rational: bool) -> Callable[[StageGame], int]:
    def count(game: StageGame) -> int:
        gambit = pytest.importorskip("pygambit")
        peer = gambit.Game.from_arrays(*game.payoffs)
        found = gambit.nash.enummixed_solve(peer, rational=rational).equilibria
        return distinct([float(profile[s]) for player in peer.players for s in player.strategies] for profile in found)

    return count


METHODS: dict[str, Callable[[StageGame], int]] = {
    "bargain SupportEnumeration": ours(SupportEnumeration()),
    "bargain, exact integers": ours(SupportEnumeration(arithmetic="exact")),
    "bargain, indifference": ours(IndifferenceEnumeration()),
    "bargain LemkeHowson (some)": ours(LemkeHowson()),
    "bargain PureNash (pure)": ours(PureNash()),
    "nashpy supports": nashpy_supports,
    "quantecon supports": quantecon_supports,
    "pygambit floats": gambit_vertices(rational=False),
    "pygambit rational": gambit_vertices(rational=True),
}


@pytest.mark.parametrize("payoffs", ["normal", "integers 0..3"])
def test_all_equilibria_against_the_peers(payoffs):
    rng = np.random.default_rng(0)
    tired: set[str] = set()
    print(
        f"\nAll equilibria, {payoffs} payoffs: seconds per game, ratio to bargain SupportEnumeration, equilibria found"
    )
    for rows, columns, n_games in SIZES:
        shape = (2, rows, columns)
        games = [
            StageGame(rng.normal(size=shape) if payoffs == "normal" else rng.integers(0, 4, size=shape).astype(float))
            for _ in range(n_games)
        ]
        base = 0.0
        print(f"{rows} x {columns}, {n_games} games")
        for name, method in METHODS.items():
            if name in tired:
                print(f"  {name:<28}{'left out: too slow at a smaller size':>24}")
                continue
            seconds, found = measured(method, games)
            base = base or seconds
            print(f"  {name:<28}{seconds:>12.5f}{seconds / base:>10.1f}{found:>8}")
            if seconds > PATIENCE:
                tired.add(name)


def measured(method: Callable[[StageGame], int], games: list[StageGame]) -> tuple[float, int]:
    """Seconds per game after a warm-up (imports, compilation), and the number of equilibria of all games."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the peers warn about degenerate games
        method(StageGame(games[0].payoffs[:, :2, :2]))
        start = time.perf_counter()
        found = sum(map(method, games))
    return (time.perf_counter() - start) / len(games), found


def best_of(times: int, work: Callable[[], object]) -> float:
    """Seconds of the fastest of some runs, after one that does not count (imports, compilation)."""
    work()
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        taken.append(time.perf_counter() - start)
    return min(taken)


def quantecon_games(batch: np.ndarray) -> list:
    quantecon = pytest.importorskip("quantecon.game_theory")
    return [
        quantecon.NormalFormGame([quantecon.Player(first.copy()), quantecon.Player(second.T.copy())])
        for first, second in batch
    ]


def test_many_small_games_against_the_peers():
    """All equilibria of 2,000 random 3 x 3 games; the peers' games are built beforehand, ours in the time measured."""
    quantecon, nashpy = pytest.importorskip("quantecon.game_theory"), pytest.importorskip("nashpy")
    batch = np.random.default_rng(0).normal(size=(2_000, 2, 3, 3))
    games, slow = quantecon_games(batch), [nashpy.Game(*payoffs) for payoffs in batch[:100]]
    own = best_of(15, lambda: solve_many(batch, SupportEnumeration())) / len(batch)
    compiled = best_of(5, lambda: [quantecon.support_enumeration(game) for game in games]) / len(batch)
    plain = best_of(1, lambda: [list(game.support_enumeration()) for game in slow]) / len(slow)
    pure = best_of(5, lambda: solve_many(batch, PureNash())) / len(batch)
    found = solve_many(batch, SupportEnumeration())
    print(f"\nAll equilibria of {len(batch):,} random 3 x 3 games: microseconds per game, ratio")
    print(f"  {'bargain solve_many':<34}{1e6 * own:>10.2f}{1.0:>10.1f}{found.n_equilibria.sum():>8} equilibria")
    n_peer = sum(len(quantecon.support_enumeration(game)) for game in games)
    print(
        f"  {'quantecon supports (target 3)':<34}{1e6 * compiled:>10.2f}{compiled / own:>10.1f}{n_peer:>8} equilibria"
    )
    print(f"  {'nashpy supports (target 100)':<34}{1e6 * plain:>10.2f}{plain / own:>10.1f}")
    print(f"  {'bargain solve_many, pure only':<34}{1e6 * pure:>10.2f}{pure / own:>10.1f}")


def test_one_large_game_against_vertex_enumeration():
    """All equilibria of random 10 x 10 games, one by one."""
    quantecon = pytest.importorskip("quantecon.game_theory")
    batch = np.random.default_rng(0).normal(size=(10, 2, 10, 10))
    games, peers = [StageGame(payoffs) for payoffs in batch], quantecon_games(batch)
    own = best_of(3, lambda: [solve(game, SupportEnumeration()) for game in games]) / len(games)
    theirs = best_of(3, lambda: [quantecon.vertex_enumeration(peer) for peer in peers]) / len(games)
    found = sum(len(solve(game, SupportEnumeration()).equilibria) for game in games)
    n_peer = sum(len(quantecon.vertex_enumeration(peer)) for peer in peers)
    print("\nAll equilibria of a 10 x 10 game, mean of ten random ones: milliseconds per game, ratio")
    print(f"  {'bargain SupportEnumeration':<34}{1e3 * own:>10.2f}{1.0:>10.1f}{found:>8} equilibria")
    print(f"  {'quantecon vertices (target 1)':<34}{1e3 * theirs:>10.2f}{theirs / own:>10.1f}{n_peer:>8} equilibria")
