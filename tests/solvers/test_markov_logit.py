"""Logit conditions of Markov games: derivatives against differences, supports, branches, factors."""

import itertools

import numpy as np
import pytest
from known_markov_games import big_match, random_markov

from bargain.games import StageGame
from bargain.games.markov import MarkovGame
from bargain.games.stationary import StationaryProfile, certify_stationary, stationary_values
from bargain.solvers.continuation import BranchTrace
from bargain.solvers.logit_system import LogitSystem
from bargain.solvers.markov_factors import DENSE_ROWS, Factors
from bargain.solvers.markov_homotopy import Homotopy
from bargain.solvers.markov_logit import MarkovLogit
from bargain.solvers.markov_rounds import Rounds
from bargain.solvers.markov_support import polished, regret
from bargain.solvers.watch import Watch


def masked(shape, n_states, seed=0):
    rng = np.random.default_rng(seed)
    game = random_markov(rng, n_states, shape, 2, 0.9)
    masks = [rng.random((n_states, n)) < 0.7 for n in shape]
    for mask in masks:
        mask[~mask.any(axis=1)] = True
    return MarkovGame(game.payoffs, game.successors, game.probabilities, 0.9, available=masks)


@pytest.mark.parametrize(("shape", "n_states"), [((2, 3), 4), ((2, 2, 3), 3)])
def test_the_inverse_is_that_of_the_numerical_jacobian(shape, n_states):
    system = MarkovLogit.of(Rounds.of(masked(shape, n_states)))
    rng = np.random.default_rng(1)
    n = system.size
    x = np.where(system.mask.reshape(-1), system.start() + 0.3 * rng.normal(size=n), 0.0)
    border, point, h = rng.normal(size=n + 1), np.append(x, 3.0), 1e-6
    jacobian = np.zeros((n + 1, n + 1))
    for k in range(n + 1):
        step = h * np.eye(n + 1)[k]
        ahead, behind = ((point + sign * step) for sign in (1, -1))
        difference = (
            system.linearised(ahead[:n], ahead[n], border)[0] - system.linearised(behind[:n], behind[n], border)[0]
        )
        jacobian[:n, k] = difference / (2 * h)
    jacobian[n] = border
    inverse = system.linearised(x, 3.0, border)[1]
    right = rng.normal(size=n + 1)
    np.testing.assert_allclose(inverse.of(right), np.linalg.solve(jacobian, right), atol=1e-5)
    assert inverse.orientation == np.sign(np.linalg.det(jacobian))


def test_one_state_without_future_is_the_stage_game():
    rng = np.random.default_rng(2)
    table = rng.random((2, 3, 3))
    table[:, 0, 0], table[:, 2, 2] = 0.0, 1.0  # So that both scalings agree.
    game = MarkovGame(table[None], np.zeros((1, 3, 3, 1)), np.ones((1, 3, 3, 1)), 0.0)
    system, stage = MarkovLogit.of(Rounds.of(game)), LogitSystem.of(StageGame(table))
    x = np.log(np.concatenate([rng.dirichlet(np.ones(3)) for _ in range(2)]))
    border = np.append(np.zeros(6), 1.0)
    np.testing.assert_allclose(system.linearised(x, 2.0, border)[0], stage.residual(x, 2.0), atol=1e-12)


def test_branch_points_are_logit_equilibria_at_their_own_values():
    game = masked((2, 3), 4, seed=3)
    rounds = Rounds.of(game)
    system = MarkovLogit.of(rounds)
    point = next(itertools.islice(BranchTrace(system).points(), 12, None))
    p = system.split(system.probabilities(point.x))
    values = stationary_values(game, StationaryProfile(p))
    low = np.where(game.available_moves[:, None], game.payoffs, np.inf).min(axis=(0, 2, 3))
    worth = rounds.worth((values - low) / rounds.ranges) / (1 - 0.9)
    tables = np.where(np.isfinite(worth), worth, 0.0).reshape(4, 2, 2, 3)
    for i, spec in enumerate(("sab,sb->sa", "sab,sa->sb")):
        q = np.einsum(spec, tables[:, i], p[1 - i])
        weights = np.where(game.available[i], np.exp(point.precision * (q - q.max(axis=1, keepdims=True))), 0.0)
        np.testing.assert_allclose(p[i], weights / weights.sum(axis=1, keepdims=True), atol=1e-8)


def test_polishing_by_hand():
    system = MarkovLogit.of(Rounds.of(big_match(0.5)))
    rough = np.array([[0.6, 0.4, 0.55, 0.45], [1, 0, 1, 0], [1, 0, 1, 0]])
    used = rough > 0
    found = polished(system, rough, used)
    np.testing.assert_allclose(found[0], [2 / 3, 1 / 3, 0.5, 0.5], atol=1e-12)
    assert regret(system, found) < 1e-12
    assert regret(system, rough) > 0.01
    # Nobody is willing to play these: no equilibrium has this support.
    assert polished(system, np.array([[1, 0, 1, 0]] * 3, dtype=float), np.array([[1, 0, 1, 0]] * 3, dtype=bool)) is None


@pytest.mark.parametrize("shape", [(3, 2), (2, 2, 2)])
def test_ends_of_branches_hold_for_any_number_of_players(shape):
    game = masked(shape, 5, seed=4)
    branches = Homotopy(Rounds.of(game), Watch(), 3_000)
    for start in branches.starts(3, seed=0):
        end = branches.end(start)
        assert certify_stationary(game, StationaryProfile(end)).certificate.holds
    assert branches.ends == 3


def test_directional_games_are_solved_part_by_part():
    rng = np.random.default_rng(6)
    successors = np.stack([np.full((2, 2, 2), min(s + 1, 5)) for s in range(6)])
    successors[..., 0] = np.arange(6)[:, None, None]
    chances = rng.dirichlet(np.ones(2), size=(6, 2, 2))
    game = MarkovGame(rng.normal(size=(6, 2, 2, 2)), successors, chances, 0.9)
    branches = Homotopy(Rounds.of(game), Watch(), 3_000)
    assert len(branches.groups) == 6
    assert certify_stationary(game, StationaryProfile(branches.end())).certificate.holds


def test_lost_branches_say_why():
    game = masked((3, 3), 5)
    short = Homotopy(Rounds.of(game), Watch(), 2)
    assert short.end() is None
    assert "no end after 2 steps" in short.failures[0]
    starts = list(Homotopy(Rounds.of(game), Watch(0.0), 10).starts(5, 0))
    assert starts == [None]


@pytest.mark.parametrize(("n", "density"), [(1, 1.0), (7, 1.0), (DENSE_ROWS + 30, 1.0), (DENSE_ROWS + 30, 0.03)])
def test_factors(n, density):
    rng = np.random.default_rng(n)
    matrix = rng.normal(size=(n, n)) * (rng.uniform(size=(n, n)) < density) + np.eye(n)
    right = rng.normal(size=(n, 3))
    factors = Factors(matrix)
    np.testing.assert_allclose(matrix @ factors.solve(right), right, atol=1e-8)
    np.testing.assert_allclose(factors.solve(right[:, 0]), factors.solve(right)[:, 0], atol=1e-9)
    assert factors.orientation == np.linalg.slogdet(matrix)[0]
    assert np.isnan(Factors(np.zeros((n, n))).solve(right)).all()
    assert Factors(np.zeros((n, n))).orientation == 0.0
