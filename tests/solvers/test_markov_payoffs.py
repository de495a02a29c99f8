import pickle

import numpy as np
import pytest
from known_markov_games import (
    ABREU_SANNIKOV,
    COMMON_INTEREST,
    MATCHING_PENNIES,
    PRISONERS,
    big_match,
    random_markov,
    risk_sharing,
    two_state_prisoners,
)

from bargain.games.markov import MarkovGame
from bargain.games.payoff_operator import operator_distance, payoff_operator
from bargain.games.polygon import convex_hull, distances, hausdorff
from bargain.games.repeated import RepeatedGame
from bargain.solvers.base import solve
from bargain.solvers.enforceable import EnforceableDeals
from bargain.solvers.markov_payoffs import propose_markov
from bargain.solvers.watch import watched


def units(game):
    return np.where(game.payoff_range > 0.0, game.payoff_range, 1.0)


def apart(game, first, second):
    """Largest distance between the sets of the same state."""
    return max(hausdorff(a, b, units(game)) for a, b in zip(first, second, strict=True))


def by_plain_iteration(game, tolerance=1e-9):
    """The operator, again and again from the box of all payoffs."""
    own = np.moveaxis(game.payoffs, 1, -1)[game.available_moves]
    (x, y), (u, v) = own.min(axis=0), own.max(axis=0)
    sets = (convex_hull([[x, y], [u, y], [u, v], [x, v]]),) * game.n_states
    while True:
        for _ in range(8):
            before, sets = sets, payoff_operator(game, sets)
        if apart(game, before, sets) < tolerance:
            return sets


def with_few_actions(game, rng):
    available = [rng.random((game.n_states, n)) < 0.7 for n in game.n_actions]
    for mask in available:
        mask[:, 0] = True
    return MarkovGame(game.payoffs, game.successors, game.probabilities, game.discount_factor, available=available)


@pytest.mark.parametrize("seed", range(10))
def test_against_plain_iteration(seed):
    rng = np.random.default_rng(seed)
    sizes = tuple(int(n) for n in rng.integers(1, 4, 2))
    discount_factor = [0.0, 0.1, 0.3, 0.5, 0.65][seed % 5]
    if discount_factor == 0.65:
        sizes = (2, 2)
    game = random_markov(rng, int(rng.integers(2, 5)), sizes, 2, discount_factor, integers=seed % 2 == 1)
    if seed % 3 == 0:
        game = with_few_actions(game, rng)
    found = propose_markov(game)
    assert found.converged
    assert not found.stopped
    assert apart(game, found.polygons, by_plain_iteration(game)) < 1e-8
    assert operator_distance(game, found.polygons).distance < 1e-8


@pytest.mark.parametrize("seed", range(4))
def test_fixed_points_of_larger_games(seed):
    game = random_markov(np.random.default_rng(seed), 12, (3, 3), 3, [0.9, 0.97][seed % 2])
    found = propose_markov(game)
    distance = operator_distance(game, found.polygons)
    assert found.converged
    assert distance.distance < 1e-8
    for s in range(game.n_states):
        assert distances(found.outer[s], found.polygons[s], units(game)).max() < 1e-9


@pytest.mark.parametrize("seed", range(5))
def test_inside_what_transfers_enforce(seed):
    game = random_markov(np.random.default_rng(seed), 5, (2, 2), 2, 0.8)
    deals = solve(game, EnforceableDeals())
    for s, polygon in enumerate(propose_markov(game).polygons):
        assert not len(polygon) or polygon.sum(axis=1).max() <= deals.joint_value[s] + 1e-8
        assert not len(polygon) or (polygon.min(axis=0) >= deals.punishments[s] - 1e-8).all()


def test_two_state_prisoners():
    threshold = (np.sqrt(97) - 7) / 8
    for discount_factor, holds in ((threshold - 1e-7, False), (threshold + 1e-7, True), (0.7, True), (0.2, False)):
        game = two_state_prisoners(discount_factor)
        found = propose_markov(game)
        assert found.admissible[:, 0, 0].tolist() == [holds, holds]
        assert found.converged
    vertices = [  # recomputed by plain iteration
        [0.75675676, 0.75675676, 3.44137214, 0.75675676, 3.24615385, 1.6, 2.75675676, 2.75675676],
        [1.24324324, 1.24324324, 4.07410351, 1.24324324, 4.0556213, 1.32307692, 3.24324324, 3.24324324],
    ]
    found = propose_markov(two_state_prisoners(0.7))
    for polygon, expected in zip(found.polygons, vertices, strict=True):
        np.testing.assert_allclose(polygon[:4].ravel(), expected, atol=2e-8)
        assert len(polygon) == 6
    np.testing.assert_allclose(found.punishments, [[0.75675676] * 2, [1.24324324] * 2], atol=2e-8)
    static = propose_markov(two_state_prisoners(0.2))
    assert [len(polygon) for polygon in static.polygons] == [1, 1]


@pytest.mark.parametrize(
    ("stage", "discount_factor", "expected"),
    [
        (PRISONERS, 0.75, [[3, 3], [9.75, 3], [9, 9], [3, 9.75]]),
        (PRISONERS, 0.0, [[3, 3]]),
        (COMMON_INTEREST, 0.5, [[1, 1], [4, 4]]),
        (MATCHING_PENNIES, 0.5, np.zeros((0, 2))),
        (ABREU_SANNIKOV, 0.9, [[0, 0], [18.025, 0], [21, 1], [16, 9], [3, 13], [0, 3.25]]),
    ],
)
def test_one_state(stage, discount_factor, expected):
    game = RepeatedGame(stage, discount_factor).markov_game()
    found = propose_markov(game)
    assert found.converged
    assert found.polygons[0].shape == np.shape(expected)
    np.testing.assert_allclose(found.polygons[0], expected, atol=1e-8)


@pytest.mark.parametrize(
    ("discount_factor", "expected"),
    [
        (0.3, "1.125682,2.8 7.337705,0 7.863090,0 19.791798,2.8 15.563090,9.1 7.337705,10.982625"),
        (0.4, "0.43169727,2.4 6.17267889,0 10.15,0 20.125,2.4 16,9 6.17267889,12.02379111"),
    ],
)
def test_published_vertices(discount_factor, expected):
    polygon = propose_markov(RepeatedGame(ABREU_SANNIKOV, discount_factor).markov_game()).polygons[0]
    published = [[float(x) for x in pair.split(",")] for pair in expected.split()]
    np.testing.assert_allclose(polygon, published, atol=6e-7 if discount_factor == 0.3 else 6e-9)


def test_risk_sharing():
    game = risk_sharing(20)
    found = propose_markov(game)
    assert found.converged
    assert operator_distance(game, found.polygons).distance < 1e-9
    for s in range(5):  # swapping the players turns the states round
        assert hausdorff(found.polygons[s], convex_hull(found.polygons[4 - s][:, ::-1])) < 1e-9
    assert not found.admissible[0, 1:].any()  # without endowment there is nothing to give
    finer = propose_markov(risk_sharing(100))
    assert finer.converged
    assert sum(map(len, finer.polygons)) == 248


def test_swapped_players_and_other_units():
    game = random_markov(np.random.default_rng(8), 5, (2, 3), 3, 0.85)
    found = propose_markov(game)
    swapped = MarkovGame(
        game.payoffs[:, ::-1].swapaxes(2, 3), game.successors.swapaxes(1, 2), game.probabilities.swapaxes(1, 2), 0.85
    )
    mirrored = [convex_hull(polygon[:, ::-1]) for polygon in propose_markov(swapped).polygons]
    assert apart(game, found.polygons, mirrored) < 1e-9
    for scale, level in ((1e-6, 0.0), (1e6, 0.0), (1e6, 1e9)):
        payoffs = game.payoffs * np.array([scale, 1.0]).reshape(1, 2, 1, 1) + level
        other = propose_markov(MarkovGame(payoffs, game.successors, game.probabilities, 0.85))
        back = [(polygon - level) / [scale, 1.0] for polygon in other.polygons]
        assert apart(game, found.polygons, back) < (1e-9 if level == 0.0 else 1e-6)


def test_order_of_states_is_no_matter():
    game = random_markov(np.random.default_rng(9), 6, (2, 2), 2, 0.9)
    order = np.random.default_rng(0).permutation(6)
    place = np.argsort(order)
    turned = MarkovGame(game.payoffs[order], place[game.successors[order]], game.probabilities[order], 0.9)
    found, other = propose_markov(game), propose_markov(turned)
    assert apart(game, [found.polygons[s] for s in order], other.polygons) < 1e-9


@pytest.mark.parametrize("seed", range(8))
def test_payoffs_are_above_what_a_player_secures(seed):
    """Against the worst pure action of the other, seen before one's own: value iteration from below."""
    game = random_markov(np.random.default_rng(100 + seed), 4, (3, 3), 2, 0.8)
    found = propose_markov(game)
    for i in range(2):
        secured = np.full(4, game.payoffs[:, i].min())
        for _ in range(200):
            after = (game.probabilities * secured[game.successors]).sum(axis=-1)
            secured = (0.2 * game.payoffs[:, i] + 0.8 * after).max(axis=i + 1).min(axis=1)
        for s in range(4):
            assert not len(found.polygons[s]) or found.polygons[s][:, i].min() >= secured[s] - 1e-8


def test_no_equilibrium_in_pure_actions_anywhere_it_may_be_reached():
    found = propose_markov(big_match(0.5))
    assert [len(polygon) for polygon in found.polygons] == [0, 1, 1]
    assert [len(polygon) for polygon in found.outer] == [0, 1, 1]
    assert not found.admissible[0].any()
    assert np.isinf(found.punishments[0]).all()
    assert found.converged


def test_one_way_streets_and_states_of_constant_payoffs():
    payoffs = np.zeros((3, 2, 2, 2))
    payoffs[0] = [[[2, -1], [3, 0]], [[2, 3], [-1, 0]]]
    successors = np.zeros((3, 2, 2, 1), dtype=int)
    successors[0, 0, 0], successors[0, 1, 1], successors[0, 0, 1], successors[0, 1, 0] = 0, 1, 1, 1
    successors[1:, :, :, 0] = np.array([1, 2])[:, None, None]
    game = MarkovGame(payoffs, successors, np.ones(successors.shape), 0.6)
    found = propose_markov(game)
    assert [polygon.tolist() for polygon in found.polygons[1:]] == [[[0.0, 0.0]]] * 2
    assert found.polygons[0].max() == pytest.approx(2.0)
    assert operator_distance(game, found.polygons).distance < 1e-10


def test_stops_with_sets_that_hold_everything():
    game = random_markov(np.random.default_rng(3), 6, (3, 3), 3, 0.9)
    full = propose_markov(game)
    for stopped, reason in (
        (propose_markov(game, max_iterations=3), "max_iterations = 3 reached"),
        (propose_markov(game, max_directions=16), "limit of 16 directions reached"),
    ):
        assert stopped.stopped == reason
        assert not stopped.converged
        assert stopped.distance > 1e-8
        for outer, polygon in zip(stopped.outer, full.polygons, strict=True):
            assert distances(outer, polygon, units(game)).max() < 1e-9
    with watched(0.0, None):
        nothing = propose_markov(game)
    assert nothing.stopped == "time limit reached"
    assert not nothing.converged
    assert nothing.n_iterations == 0
    for outer, polygon in zip(nothing.outer, full.polygons, strict=True):
        assert distances(outer, polygon).max() == 0.0


def test_equal_pickled_and_reported():
    game = random_markov(np.random.default_rng(4), 4, (2, 2), 2, 0.8)
    shares = []
    with watched(None, lambda share, stage: shares.append(share)):
        found = propose_markov(game)
    assert shares
    assert found == propose_markov(game)
    assert pickle.loads(pickle.dumps(found)) == found
