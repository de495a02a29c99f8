import itertools

import numpy as np
import pytest
from known_markov_games import random_markov
from truce_cases import random_dilemma

from bargain.games import StageGame
from bargain.games.markov import MarkovGame
from bargain.games.repeated import RepeatedGame
from bargain.games.stationary import StationaryProfile
from bargain.solvers.base import solve
from bargain.solvers.truce import Truce
from bargain.solvers.truce_ranking import all_moves, expected_lives, number_of_truces, undominated
from bargain.solvers.truce_search import TruceProblem

# Four good outcomes over a bad equilibrium (2, 2): gains (3, 3), (1, 5), (4, 1) and (2, 2).
BARGAINS = StageGame.from_bimatrix(
    [[3, -9, -9, -9, -9], [-9, 1, -9, -9, -9], [-9, -9, 4, -9, -9], [-9, -9, -9, 2, -9], [-9, -9, -9, -9, 0]],
    [[3, -9, -9, -9, -9], [-9, 5, -9, -9, -9], [-9, -9, 1, -9, -9], [-9, -9, -9, 2, -9], [-9, -9, -9, -9, 0]],
    ("US", "CN"),
)


@pytest.mark.parametrize(
    ("rank_by", "order"),
    [
        ("nash_product", [0, 1, 2, 3]),  # 9, 5, 4, 4: the tie goes to the larger gain of the first player.
        ("joint_gain", [0, 1, 2, 3]),  # 6, 6, 5, 4: the tie likewise.
        ("US", [2, 0, 3, 1]),
        ("CN", [1, 0, 3, 2]),
        ("expected_life", [2, 0, 3, 1]),  # All last for ever: larger gains of the first player.
    ],
)
def test_the_order_follows_the_criterion(rank_by, order):
    solution = solve(RepeatedGame(BARGAINS, 0.9), Truce((4, 4), rank_by=rank_by, n_points=0))
    assert [play.moves[0, 0] for play in solution.truces] == order
    best = {0: True, 1: True, 2: True, 3: False}
    assert list(solution.undominated) == [best[a] for a in order]


def test_the_best_are_kept_and_counted():
    solution = solve(RepeatedGame(BARGAINS, 0.9), Truce((4, 4), keep=2, n_points=0))
    assert [play.moves[0, 0] for play in solution.truces] == [0, 1]
    assert (solution.n_active, solution.scope) == (4, "some")
    assert "the best 2 are listed" in solution.message


def test_dominance_by_hand():
    values = np.array([[1.0, 1.0], [1.0, 2.0], [2.0, 1.0], [1.0, 2.0 + 1e-12], [0.0, 0.0]])
    assert undominated(values, np.ones(2)).tolist() == [False, True, True, True, False]


def test_every_agreement_is_tried_once():
    game = random_markov(np.random.default_rng(0), 3, (2, 3))
    masks = [np.array([[True, True], [True, False], [True, True]]), np.ones((3, 3), dtype=bool)]
    game = MarkovGame(game.payoffs, game.successors, game.probabilities, 0.9, available=masks)
    problem = TruceProblem(game, StationaryProfile.pure(game, [(0, 0)] * 3))
    assert number_of_truces(game, False) == len(all_moves(problem, False)) == 6
    assert number_of_truces(game, True) == len(all_moves(problem, True)) == 6 * 3 * 6
    wanted = set(itertools.product(range(6), range(3), range(6)))
    assert set(map(tuple, all_moves(problem, True).tolist())) == wanted


def test_lives_against_powers_of_the_chain():
    rng = np.random.default_rng(1)
    n_mixed = 0
    for _ in range(60):
        game = random_markov(rng, 5, (2, 2), 2, 0.7)
        problem = TruceProblem(game, StationaryProfile([rng.dirichlet(np.ones(2), 5) for _ in range(2)]))
        truces = problem.evaluate(all_moves(problem, False), 1)
        rounds, endless = expected_lives(problem, truces)
        for m in range(4):
            chain = np.zeros((5, 5))
            for s in np.flatnonzero(truces.active[m]):
                at = (s, *np.unravel_index(truces.moves[m, s], (2, 2)))
                np.add.at(chain[s], game.successors[at], game.probabilities[at])
            inside = chain * truces.active[m]
            # Sums of 2^k powers, doubled again and again.
            total, power = truces.active[m].astype(float), inside * truces.active[m][:, None]
            for _ in range(28):
                total, power = total + power @ total, power @ power
            lasting = power @ truces.active[m]
            np.testing.assert_allclose(endless[m], lasting, atol=1e-6)
            finite = np.isfinite(rounds[m])
            np.testing.assert_array_equal(finite, lasting < 1e-6)
            np.testing.assert_allclose(rounds[m, finite], total[finite], rtol=1e-7)
            n_mixed += int(((endless[m] > 0.0) & (endless[m] < 1.0)).sum())
    assert n_mixed > 0


@pytest.mark.parametrize("rank_by", ["nash_product", "joint_gain", "player_1"])
def test_relabelled_actions_give_the_same_order(rank_by):
    rng = np.random.default_rng(2)
    for _ in range(5):
        game = random_dilemma(rng)
        turned = MarkovGame(
            game.payoffs[:, :, ::-1, :], game.successors[:, ::-1], game.probabilities[:, ::-1], game.discount_factor
        )
        one = solve(game, Truce(((1, 1),) * 3, rank_by=rank_by, n_points=0, state_dependent=True, keep=5))
        other = solve(turned, Truce(((0, 1),) * 3, rank_by=rank_by, n_points=0, state_dependent=True, keep=5))
        assert len(one.truces) == len(other.truces)
        for play, mirror in zip(one.truces, other.truces, strict=True):
            moved = np.stack([1 - mirror.moves[:, 0], mirror.moves[:, 1]], axis=1)
            np.testing.assert_array_equal(play.moves[play.active], moved[mirror.active])
