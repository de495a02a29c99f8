"""Stage games whose equilibria are known from the literature or by hand; every solver is run on each of them."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from scipy.optimize import nnls

from bargain.games import StageGame


@dataclass(frozen=True)
class KnownGame:
    """A game with its (extreme) equilibria as one probability vector per player, when all are known, and its pure ones.

    A game with more than two players may leave out the mixed ones: ``extreme`` is None then. ``isolated`` says that the
    listed equilibria are all there are, so that none of them belongs to a continuum.
    """

    name: str
    game: StageGame
    extreme: tuple[tuple[tuple[float, ...], ...], ...] | None
    pure: tuple[tuple[int, ...], ...]
    isolated: bool = True
    mixed_examples: tuple[tuple[tuple[float, ...], ...], ...] = ()

    def __str__(self) -> str:
        return self.name


def identity(n: int) -> KnownGame:
    """Coordination on one of n actions: uniform mixing on every non-empty set of actions, 2^n - 1 equilibria."""
    strategies = [
        tuple(1.0 / size if i in chosen else 0.0 for i in range(n))
        for size in range(1, n + 1)
        for chosen in itertools.combinations(range(n), size)
    ]
    game = StageGame.from_bimatrix(np.eye(n), np.eye(n))
    return KnownGame(f"identity {n}", game, tuple((s, s) for s in strategies), tuple((i, i) for i in range(n)))


def anti_coordination(n_players: int, value: float = 2.0) -> KnownGame:
    """Action 0 pays 1, action 1 pays ``value`` iff all others play 0; symmetric mix P(0) = value^(-1/(n - 1))."""
    payoffs = np.ones((n_players, *(2,) * n_players))
    for profile in itertools.product(range(2), repeat=n_players):
        for k, action in enumerate(profile):
            if action == 1:
                payoffs[(k, *profile)] = value if sum(profile) == 1 else 0.0
    pure = tuple(tuple(int(k == alone) for k in range(n_players)) for alone in range(n_players))
    p = value ** (-1.0 / (n_players - 1))
    mix = ((p, 1.0 - p),) * n_players
    two = (((1.0, 0.0), (0.0, 1.0)), ((0.0, 1.0), (1.0, 0.0)), mix) if n_players == 2 else None
    return KnownGame(f"anti-coordination {n_players}", StageGame(payoffs), two, pure, mixed_examples=(mix,))


def mckelvey_mclennan() -> KnownGame:
    """McKelvey and McLennan 2x2x2: nine equilibria, four of them pure, two fully mixed."""
    payoffs = np.zeros((3, 2, 2, 2))
    for profile, values in {
        (0, 0, 0): (9, 8, 12),
        (1, 1, 0): (9, 8, 2),
        (0, 1, 1): (3, 4, 6),
        (1, 0, 1): (3, 4, 4),
    }.items():
        payoffs[(slice(None), *profile)] = values
    mixed = (((1 / 4, 3 / 4), (1 / 2, 1 / 2), (1 / 3, 2 / 3)), ((1 / 2, 1 / 2), (1 / 3, 2 / 3), (1 / 4, 3 / 4)))
    pure = ((0, 0, 0), (0, 1, 1), (1, 0, 1), (1, 1, 0))
    return KnownGame("McKelvey-McLennan", StageGame(payoffs), None, pure, mixed_examples=mixed)


def _two(name, a, b, extreme, pure, isolated=True):
    return KnownGame(name, StageGame.from_bimatrix(a, b), tuple(extreme), tuple(pure), isolated)


def _unit(n: int, i: int) -> tuple[float, ...]:
    return tuple(float(i == j) for j in range(n))


_HALF = (0.5, 0.5)
_SHAPLEY = np.array([[0, 3, 0], [2, 2, 0], [3, 0, 1]])

KNOWN_GAMES: tuple[KnownGame, ...] = (
    _two(
        "von Stengel 3x2",
        [[3, 3], [2, 5], [0, 6]],
        [[3, 2], [2, 6], [3, 1]],
        [((1, 0, 0), (1, 0)), ((0.8, 0.2, 0), (2 / 3, 1 / 3)), ((0, 1 / 3, 2 / 3), (1 / 3, 2 / 3))],
        [(0, 0)],
    ),
    _two(
        "von Stengel 3x2 degenerate",
        [[3, 3], [2, 5], [0, 6]],
        [[3, 3], [2, 6], [3, 1]],
        [((1, 0, 0), (1, 0)), ((1, 0, 0), (2 / 3, 1 / 3)), ((0, 1 / 3, 2 / 3), (1 / 3, 2 / 3))],
        [(0, 0)],
        isolated=False,
    ),
    _two(
        "3x2 with two ends at a mix",
        [[1, -1], [-1, 1], [0, 0]],
        [[1, 0], [0, 0], [0, 0]],
        [(_unit(3, 0), _unit(2, 0)), (_unit(3, 1), _unit(2, 1)), (_unit(3, 1), _HALF), (_unit(3, 2), _HALF)],
        [(0, 0), (1, 1)],
        isolated=False,
    ),
    _two(
        "all zero 2x2",
        np.zeros((2, 2)),
        np.zeros((2, 2)),
        [(_unit(2, i), _unit(2, j)) for i in range(2) for j in range(2)],
        [(0, 0), (0, 1), (1, 0), (1, 1)],
        isolated=False,
    ),
    _two(
        "Shapley 1974",
        _SHAPLEY,
        _SHAPLEY.T,
        [((0, 0, 1),) * 2, ((1 / 3, 2 / 3, 0),) * 2, ((1 / 6, 1 / 3, 1 / 2),) * 2],
        [(2, 2)],
    ),
    _two("matching pennies", [[1, -1], [-1, 1]], [[-1, 1], [1, -1]], [(_HALF, _HALF)], []),
    _two("asymmetric pennies", [[9, 0], [0, 1]], [[0, 1], [1, 0]], [(_HALF, (0.1, 0.9))], []),
    _two(
        "chicken",
        [[6, 2], [7, 0]],
        [[6, 7], [2, 0]],
        [(_unit(2, 0), _unit(2, 1)), (_unit(2, 1), _unit(2, 0)), ((2 / 3, 1 / 3), (2 / 3, 1 / 3))],
        [(0, 1), (1, 0)],
    ),
    _two("prisoners' dilemma", [[9, 1], [10, 3]], [[9, 10], [1, 3]], [(_unit(2, 1), _unit(2, 1))], [(1, 1)]),
    _two(
        "rock paper scissors",
        [[0, -1, 1], [1, 0, -1], [-1, 1, 0]],
        [[0, 1, -1], [-1, 0, 1], [1, -1, 0]],
        [((1 / 3,) * 3, (1 / 3,) * 3)],
        [],
    ),
    _two("inspection", [[-0.5, -0.2], [-1, 0]], [[-2, 0], [1, 0]], [((1 / 3, 2 / 3), (2 / 7, 5 / 7))], []),
    _two("one action each", [[3]], [[-2]], [((1,), (1,))], [(0, 0)]),
    _two("one row, a tie", [[3, 1, 2]], [[3, 3, 1]], [((1,), (1, 0, 0)), ((1,), (0, 1, 0))], [(0, 0), (0, 1)], False),
    *(identity(n) for n in range(1, 6)),
    *(anti_coordination(n) for n in (2, 3, 4)),
    mckelvey_mclennan(),
    KnownGame("one player", StageGame([[1, 4, 4]]), None, ((1,), (2,))),
)

LARGE_3X5 = StageGame.from_bimatrix(
    [[0, 0, 6, 0, 0], [0, 0, 3, 2, 1], [4, 3, 0, 0, 1]],
    [[3, 0, 2, 1, 0], [0, 2, 0, 0, 4], [4, 0, 2, 4, 4]],
)
"""4 extreme equilibria, and 8 when the numbers are costs (Avis, Rosenberg, Savani and von Stengel 2010)."""


def spanned(solution, profile) -> bool:
    """Whether a profile lies in a component: hull of the first player's ends times hull of the second player's."""
    return any(
        all(
            nnls(np.array([solution.equilibria[i].profile[k] for i in component]).T, profile[k])[1] < 1e-8
            for k in range(2)
        )
        for component in solution.components
    )
