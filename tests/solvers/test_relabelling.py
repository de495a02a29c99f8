"""Scaled payoffs, other names, another order of players and actions: the same equilibria in the same order.

Three readings of "relabelled": names alone; players and actions moved with their names; moved without names. Equilibria
that a symmetry of the game maps to each other cannot be told apart without names, in any order whatsoever: there the
last reading can ask for no more than an order that is right up to the symmetry.
"""

from __future__ import annotations

import itertools
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from known_games import KNOWN_GAMES
from random_games import integer_games, normal_games, permuted, put_back

from bargain.games import StageGame
from bargain.solvers import (
    CorrelatedVertices,
    IndifferenceEnumeration,
    LemkeHowson,
    LogitPath,
    PureNash,
    Scope,
    SequentialPlay,
    Stackelberg,
    SupportEnumeration,
    SupportHomotopy,
    solve,
    solve_many,
)

COMPLETE = (PureNash(), SupportEnumeration(), SupportEnumeration("exact"), IndifferenceEnumeration())
SOME = (LemkeHowson(), SupportHomotopy(max_paths=3_000), LogitPath())
SOLVERS = (*COMPLETE, *SOME)
SHAPES = ((2, 2), (2, 3), (3, 3), (2, 2, 2), (3, 2, 2))
FEW = settings(max_examples=6, deadline=None)
seeds = st.integers(0, 2**32 - 1)


def suits(solver, game) -> bool:
    return solver.n_players in (None, game.n_players)


# Many paths each, and no more to see than in the smaller games of the same kind.
LONG = {(SupportHomotopy, "anti-coordination 4"), (SupportHomotopy, "identity 5")}
KNOWN = [
    (solver, known)
    for solver in SOLVERS
    for known in KNOWN_GAMES
    if suits(solver, known.game) and (type(solver), known.name) not in LONG
]
solvers = pytest.mark.parametrize("solver", SOLVERS, ids=repr)
known_games = pytest.mark.parametrize(("solver", "known"), KNOWN, ids=str)


def games_for(solver):
    """Random games, without ties and with many, of two and three players where the solver takes them."""
    shapes = [shape for shape in SHAPES if solver.n_players in (None, len(shape))]
    return st.one_of(normal_games(shapes), integer_games(shapes), integer_games(shapes, largest=1))


def lines(solution, orders=None, players=None):
    """Every equilibrium as one array; with orders, in the places that actions and players had before."""
    profiles = [equilibrium.profile for equilibrium in solution.equilibria]
    return [np.concatenate(p if orders is None else put_back(p, orders, players)) for p in profiles]


def near(one, two) -> bool:
    return bool(np.abs(one - two).max() < 1e-7)


@cache
def solved(game, solver):
    return solve(game, solver)


@cache
def symmetries(game):
    """Maps of profiles in a line to their images, for all symmetries of the game up to units, by trial."""
    flat = game.payoffs.reshape(game.n_players, -1)
    low, spread = flat.min(axis=1), np.ptp(flat, axis=1)
    shares = (flat - low[:, None]) / np.where(spread > 0, spread, 1.0)[:, None]
    shares = shares.reshape(game.payoffs.shape)
    starts = np.cumsum([0, *game.n_actions])
    found = []
    for players in itertools.permutations(range(game.n_players)):
        if any(game.n_actions[k] != n for k, n in zip(players, game.n_actions, strict=True)):
            continue
        for orders in itertools.product(*(itertools.permutations(range(n)) for n in game.n_actions)):
            image = shares[(slice(None), *np.ix_(*orders))].transpose(0, *(k + 1 for k in players))[list(players)]
            if np.abs(image - shares).max() < 1e-9:
                found.append(np.concatenate([starts[k] + np.array(orders[k]) for k in players]))
    return found


def assert_same_order(before, after, places=(), images=None):
    """The same list; where a solver does not claim all equilibria, the same order of those found both times.

    images: maps to accept the image of an equilibrium for it, where names cannot help.
    """
    mine, theirs = lines(before), lines(after, *places)
    if before.solver not in COMPLETE and Scope.SOME in (before.scope, after.scope):
        mine, theirs = among(mine, theirs), among(theirs, mine)
        images = images if images is None or len(images) == 1 else []
    assert len(among(mine, theirs)) == len(mine) == len(theirs) or images == []
    for one, two in zip(mine, theirs, strict=True) if images != [] else ():
        assert any(near(one if image is None else one[image], two) for image in images or [None])


def among(mine, theirs):
    return [one for one in mine if any(near(one, two) for two in theirs)]


def check_readings(game, solver, seed):
    rng = np.random.default_rng(seed)
    plain = solved(game, solver)
    # 1. Names alone, in the same natural order.
    words = iter(sorted(f"{word}{number}" for word in "pqrs" for number in range(9)))
    players = [next(words) for _ in game.players]
    named = StageGame(game.payoffs, players, [[next(words) for _ in own] for own in game.actions])
    assert_same_order(plain, solve(named, solver))
    # 2. Players and actions moved, names along.
    moved, *places = permuted(game, rng, carry_labels=True)
    assert_same_order(plain, solve(moved, solver), places)
    # 3. Moved without names, and any names: up to the symmetries, which random payoffs do not have.
    images = symmetries(game)
    moved, *places = permuted(game, rng)
    assert_same_order(plain, solve(moved, solver), places, images)
    names = [[str(word) for word in rng.permutation(90)[:n]] for n in (game.n_players, *game.n_actions)]
    assert_same_order(plain, solve(StageGame(game.payoffs, names[0], names[1:]), solver), images=images)


@solvers
@FEW
@given(st.data(), seeds)
def test_relabelled_random_games(solver, data, seed):
    check_readings(data.draw(games_for(solver)), solver, seed)


@known_games
def test_relabelled_known_games(solver, known):
    check_readings(known.game, solver, 7)


@solvers
@FEW
@given(st.data(), st.sampled_from([1e-6, 1e6]), st.booleans())
def test_scaled_payoffs(solver, data, scale, one_player):
    game = data.draw(games_for(solver))
    scales = np.full(game.n_players, scale)
    scales[1:] = 1.0 if one_player else scale
    scaled = StageGame(game.payoffs * scales.reshape(-1, *[1] * game.n_players))
    assert_same_order(solve(game, solver), solve(scaled, solver))


@known_games
def test_scaled_known_games(solver, known):
    for scale in (1e-6, 1e6):
        scaled = StageGame(known.game.payoffs * scale, known.game.players, known.game.actions)
        assert_same_order(solved(known.game, solver), solve(scaled, solver))


@FEW
@given(st.one_of(normal_games(((2, 2), (2, 3))), integer_games(((2, 2), (2, 3)))), seeds, st.sampled_from([1e-6, 1e6]))
def test_extreme_correlated_equilibria(game, seed, scale):
    rng = np.random.default_rng(seed)
    plain = [e.distribution for e in solve(game, CorrelatedVertices()).equilibria]
    scaled = [e.distribution for e in solve(StageGame(game.payoffs * scale), CorrelatedVertices()).equilibria]
    for one, two in zip(plain, scaled, strict=True):
        np.testing.assert_allclose(one, two, atol=1e-7)
    for carry_labels in (True, False):
        moved, orders, players = permuted(game, rng, carry_labels=carry_labels)
        if not carry_labels and len(symmetries(game)) > 1:
            continue
        found = [e.distribution for e in solve(moved, CorrelatedVertices()).equilibria]
        for one, two in zip(plain, found, strict=True):
            there = one[np.ix_(*orders)].transpose(players)
            np.testing.assert_allclose(there, two, atol=1e-7)


@pytest.mark.parametrize("commitment", ["pure", "mixed"])
@pytest.mark.parametrize("follower", ["optimistic", "pessimistic"])
@FEW
@given(integer_games(((2, 2), (3, 3), (2, 3))), seeds)
def test_commitments_that_are_as_good_go_by_name(commitment, follower, game, seed):
    solver = Stackelberg("player_1", commitment=commitment, follower=follower)
    moved, *places = permuted(game, np.random.default_rng(seed), carry_labels=True)
    one, two = solve(game, solver), solve(moved, solver)
    assert (one.status, one.attained) == (two.status, two.attained)
    for mine, theirs in zip(one.equilibrium.profile, put_back(two.equilibrium.profile, *places), strict=True):
        np.testing.assert_allclose(mine, theirs, atol=1e-12)


@pytest.mark.parametrize("ties", ["optimistic", "pessimistic"])
@FEW
@given(integer_games(((2, 2), (3, 3), (2, 2, 2), (3, 2, 2)), largest=1), seeds)
def test_moves_that_are_as_good_go_by_name(ties, game, seed):
    solver = SequentialPlay(order=game.players, ties=ties)
    moved, *_ = permuted(game, np.random.default_rng(seed), carry_labels=True)
    played = []
    for table in (game, moved):
        solution = solve(table, solver)
        played.append({p: own[i] for p, own, i in zip(table.players, table.actions, solution.outcome, strict=True)})
    assert played[0] == played[1]


@pytest.mark.parametrize("solver", [PureNash(), SupportEnumeration()], ids=repr)
@pytest.mark.parametrize("largest", [0, 1, 3, None])
def test_many_games_with_names(solver, largest):
    """Symmetric equilibria go by names in batches, too: the order of one by one, whatever the names."""
    rng = np.random.default_rng(8)
    shape = (36, 2, 3, 3)
    batch = rng.normal(size=shape) if largest is None else rng.integers(0, largest + 1, size=shape).astype(float)
    batch[::3, 1] = batch[::3, 0].transpose(0, 2, 1)  # symmetric games
    batch[::4] = np.eye(3)
    players, actions = ("x10", "x9"), (("c", "a", "b"), ("10", "9", "8"))
    many = solve_many(batch, solver, players=players, actions=actions)
    for i, payoffs in enumerate(batch):
        one, own = lines(solve(StageGame(payoffs, players, actions), solver)), lines(many.solution(i))
        assert len(one) == len(own)
        assert all(map(near, one, own))
