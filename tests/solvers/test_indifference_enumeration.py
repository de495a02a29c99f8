"""The second algorithm for all equilibria, and the first checked by it."""

from __future__ import annotations

import ast
import inspect

import numpy as np
import pytest
from known_games import LARGE_3X5

from bargain.games import StageGame
from bargain.solvers import IndifferenceEnumeration, Scope, Status, SupportEnumeration, indifference_enumeration, solve


def assert_agree(game: StageGame, *, exact: bool = False) -> None:
    first = solve(game, SupportEnumeration("exact" if exact else "auto"))
    second = solve(game, IndifferenceEnumeration(exact))
    assert len(first.equilibria) == len(second.equilibria), game.to_dict()
    assert (first.components, first.scope, first.message) == (second.components, second.scope, second.message)
    for left, right in zip(first.equilibria, second.equilibria, strict=True):
        for mine, theirs in zip(left.profile, right.profile, strict=True):
            np.testing.assert_allclose(mine, theirs, atol=2e-8)


@pytest.mark.parametrize("kind", ["normal", "integers"])
@pytest.mark.parametrize(("size", "n_games"), [((2, 2), 15), ((3, 3), 30), ((4, 3), 20), ((2, 5), 15), ((5, 5), 20)])
def test_two_algorithms_agree(kind, size, n_games):
    """200 games, half of them with payoffs 0..3, that is mostly degenerate, up to 5 x 5 actions."""
    rng = np.random.default_rng(sum(size))
    for _ in range(n_games):
        shape = (2, *size)
        payoffs = rng.integers(0, 4, size=shape).astype(float) if kind == "integers" else rng.normal(size=shape)
        assert_agree(StageGame(payoffs))


def test_very_degenerate_games_agree():
    rng = np.random.default_rng(1)
    for size in ((3, 3), (5, 5), (4, 6)):
        assert_agree(StageGame(rng.integers(0, 2, size=(2, *size)).astype(float)))
    assert_agree(LARGE_3X5)
    assert_agree(StageGame(-LARGE_3X5.payoffs))
    assert_agree(StageGame(np.zeros((2, 4, 4))))


def test_exact_fractions_agree():
    rng = np.random.default_rng(2)
    for _ in range(5):
        assert_agree(StageGame(rng.integers(0, 3, size=(2, 3, 4)).astype(float)), exact=True)
        assert_agree(StageGame(rng.normal(size=(2, 3, 3)).round(3)), exact=True)


def test_scales_and_doubts():
    """Doubtful ties are settled in fractions."""
    rng = np.random.default_rng(3)
    for _ in range(5):
        game = rng.normal(size=(2, 3, 4))
        assert_agree(StageGame(1e6 * game + 5e6))
        assert_agree(StageGame(1e-6 * game))
        near_ties = StageGame(rng.integers(0, 3, size=(2, 3, 3)) + 6e-10 * rng.random(size=(2, 3, 3)))
        assert_agree(near_ties, exact=True)
        assert solve(near_ties, IndifferenceEnumeration()).status is Status.SOLVED
    with pytest.raises(indifference_enumeration.InDoubtError):
        list(indifference_enumeration._float_solutions(np.array([[1.0, 0.0], [1.0 + 1e-9, 0.0]]), (0,)))


def test_finds_an_equilibrium_of_unequal_supports_and_says_it_is_degenerate():
    game = StageGame.from_bimatrix([[1, -1], [-1, 1], [0, 0]], [[1, 0], [0, 0], [0, 0]])
    solution = solve(game, IndifferenceEnumeration())
    assert (solution.scope, solution.degenerate, len(solution.equilibria)) == (Scope.EXTREME, True, 4)
    pennies = solve(StageGame([[[1, -1], [-1, 1]], [[-1, 1], [1, -1]]]), IndifferenceEnumeration())
    assert (pennies.scope, pennies.degenerate, pennies.message) == (Scope.ALL, False, "the only equilibrium")


def test_stops_with_what_it_has(monkeypatch):
    game = StageGame(np.random.default_rng(4).normal(size=(2, 5, 5)))
    stopped = solve(game, IndifferenceEnumeration(time_limit=0.0))
    assert (stopped.status, stopped.equilibria) == (Status.STOPPED_EARLY, ())

    class Impatient:
        asked = 0

        def expired(self):
            self.asked += 1
            return self.asked > 20

        def report(self, share, stage):
            assert 0.0 <= share <= 1.0

    monkeypatch.setattr(indifference_enumeration, "current_watch", Impatient)
    part = solve(game, IndifferenceEnumeration())
    assert part.status is Status.STOPPED_EARLY
    assert "supports of up to 1 actions were tried" in part.message
    whole = solve(game, SupportEnumeration())
    assert {eq.pure for eq in part.equilibria} >= {eq.pure for eq in whole.equilibria if eq.pure}
    assert not part.rejected


def test_shares_no_polytope_with_the_first_algorithm():
    tree = ast.parse(inspect.getsource(indifference_enumeration))
    imported = {
        node.module: [alias.name for alias in node.names] for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)
    }
    assert not any("polytope" in module for module in imported)
    assert imported["bargain.solvers.support_enumeration"] == ["grouped"]  # what is called a continuum, not what holds
