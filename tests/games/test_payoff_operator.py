import itertools

import numpy as np
import pytest
from known_markov_games import (
    ABREU_SANNIKOV,
    COMMON_INTEREST,
    MATCHING_PENNIES,
    PRISONERS,
    public_goods,
    random_markov,
    risk_sharing,
    two_state_prisoners,
)
from scipy.optimize import linprog

from bargain.games.markov import MarkovGame
from bargain.games.payoff_operator import (
    least_payoffs,
    operator_distance,
    payoff_operator,
    states_without_equilibrium,
)
from bargain.games.polygon import EMPTY, convex_hull, hausdorff, support
from bargain.games.repeated import RepeatedGame

TOWARDS = np.stack([np.cos(np.arange(64) * np.pi / 32), np.sin(np.arange(64) * np.pi / 32)], axis=1)
PUBLISHED = [
    (0.3, "7.337705,10.982625 1.125682,2.8 7.337705,0 7.863090,0 19.791798,2.8 15.563090,9.1"),
    (0.4, "0.43169727,2.4 6.17267889,0 10.15,0 20.125,2.4 16,9 6.17267889,12.02379111"),
]


def box(game):
    """The smallest rectangle with all payoffs, for every state."""
    own = np.moveaxis(game.payoffs, 1, -1)[game.available_moves]
    (x, y), (u, v) = own.min(axis=0), own.max(axis=0)
    return [convex_hull([[x, y], [u, y], [u, v], [x, v]])] * game.n_states


def iterated(game, n_steps=200):
    sets = box(game)
    for _ in range(n_steps):
        before, sets = sets, payoff_operator(game, sets)
        if max(map(hausdorff, before, sets)) < 1e-12:
            break
    return sets


def by_programs(game, sets, s):
    """Supports of B(V)(s): for each move and direction a linear program over lotteries on the vertices of V(s')."""
    d, punish = game.discount_factor, least_payoffs(sets)
    towards = TOWARDS[::4]
    best = np.full(len(towards), -np.inf)
    for a, b in np.argwhere(game.available_moves[s]):
        follow, chances = game.successors[s, a, b], game.probabilities[s, a, b]
        corners = np.concatenate([p * sets[k] for k, p in zip(follow, chances, strict=True)])
        owner = np.repeat(np.arange(len(follow)), [len(sets[k]) for k in follow])
        own = (1 - d) * game.payoffs[s, :, a, b]
        floors = []
        for i in range(2):
            replies = [(x, b) if i == 0 else (a, x) for x in np.flatnonzero(game.available[i][s])]
            floors.append(
                max(
                    (1 - d) * game.payoffs[(s, i, *reply)]
                    + d * game.probabilities[(s, *reply)] @ punish[game.successors[(s, *reply)], i]
                    for reply in replies
                )
            )
        for k, y in enumerate(towards):
            found = linprog(
                -d * corners @ y,
                A_ub=-d * corners.T,
                b_ub=own - np.array(floors) + 1e-9,
                A_eq=(owner == np.arange(len(follow))[:, None]).astype(float),
                b_eq=np.ones(len(follow)),
            )
            if found.status == 0:
                best[k] = max(best[k], own @ y - found.fun)
    return best


@pytest.mark.parametrize(("discount_factor", "vertices"), PUBLISHED)
def test_published_sets_are_fixed_points(discount_factor, vertices):
    game = RepeatedGame(ABREU_SANNIKOV, discount_factor)
    polygon = convex_hull([[float(x) for x in pair.split(",")] for pair in vertices.split()])
    assert operator_distance(game, [polygon]).distance < 2e-7  # as many digits as are published
    found = iterated(game.markov_game())[0]
    assert hausdorff(found, polygon, ABREU_SANNIKOV.payoff_range) < 1e-7
    assert len(found) == 6


def test_sets_that_are_flat_or_empty():
    assert operator_distance(RepeatedGame(PRISONERS, 0.75), [[[3, 3], [3, 9.75], [9, 9], [9.75, 3]]]).distance < 1e-11
    segment = iterated(RepeatedGame(COMMON_INTEREST, 0.5).markov_game())[0]
    assert hausdorff(segment, np.array([[1.0, 1.0], [4.0, 4.0]])) < 1e-10
    assert iterated(RepeatedGame(MATCHING_PENNIES, 0.5).markov_game())[0].shape == (0, 2)
    assert iterated(RepeatedGame(PRISONERS, 0.0).markov_game())[0].tolist() == [[3.0, 3.0]]
    distance = operator_distance(RepeatedGame(PRISONERS, 0.75), [EMPTY])
    assert (distance.unsupported, distance.missing, distance.distance) == (0.0, 0.0, 0.0)


def test_a_set_that_supports_itself_and_one_that_does_not():
    game = RepeatedGame(PRISONERS, 0.75)
    inner = operator_distance(game, [[[3, 3], [9, 9]]])
    assert inner.unsupported < 1e-11
    assert inner.missing > 0.01
    outer = operator_distance(game, [[[1, 1], [10, 1], [10, 10], [1, 10]]])
    assert outer.unsupported > 0.01
    assert outer.missing < 1e-11


@pytest.mark.parametrize("discount_factor", [0.3561, 0.3562, 0.7])
def test_cooperation_in_two_states(discount_factor):
    sets = iterated(two_state_prisoners(discount_factor))
    low = 3 - (1 - discount_factor) / (1 + discount_factor / 3)  # cooperation for ever from state 1 on
    assert (np.abs(sets[0] - low).max(axis=1).min() < 1e-6) == (discount_factor > 0.356107)


@pytest.mark.parametrize("seed", [0, 1, 3])
def test_against_linear_programs(seed):
    rng = np.random.default_rng(seed)
    game = random_markov(rng, 3, (2, 3), 2, 0.7)
    if seed % 2:  # not every action in every state
        available = [rng.random((3, n)) < 0.7 for n in game.n_actions]
        for mask in available:
            mask[:, 0] = True
        game = MarkovGame(game.payoffs, game.successors, game.probabilities, 0.7, available=available)
    sets = payoff_operator(game, box(game))
    image = payoff_operator(game, sets)
    for s in range(3):
        np.testing.assert_allclose(support(image[s], TOWARDS[::4]), by_programs(game, sets, s), atol=1e-7)


def test_punishments_may_be_given():
    game = RepeatedGame(PRISONERS, 0.2)
    sets = [np.array([[3.0, 3.0], [9.0, 9.0]])]
    harsh = payoff_operator(game, sets, [[1.0, 1.0]])[0]
    mild = payoff_operator(game, sets, [[8.9, 8.9]])[0]
    assert support(harsh, (1, 1)) > support(mild, (1, 1))
    with pytest.raises(ValueError, match=r"punishments of shape \(2,\) is not \(1, 2\)"):
        payoff_operator(game, sets, [1.0, 1.0])


def test_level_and_scale_change_nothing():
    game = random_markov(np.random.default_rng(5), 3, (2, 2), 2, 0.8)
    base = payoff_operator(game, box(game))
    for scale, level in ((1e-6, 0.0), (1e6, 1e9)):
        twin = MarkovGame(game.payoffs * scale + level, game.successors, game.probabilities, 0.8)
        for mine, theirs in zip(base, payoff_operator(twin, box(twin)), strict=True):
            assert hausdorff(mine, (theirs - level) / scale) < 1e-6
            assert len(mine) == len(theirs) or level


def test_dominated_moves_change_nothing():
    """With coarse steps every move of the risk sharing game can be gone through by hand."""
    game = risk_sharing(4)
    sets = payoff_operator(game, box(game))
    image = payoff_operator(game, sets)
    d, punish = game.discount_factor, least_payoffs(sets)
    mean = sum(support(polygon, TOWARDS) for polygon in sets) / 5
    for s in range(5):
        best = np.full(64, -np.inf)
        for a, b in itertools.product(range(5), range(5)):
            if game.available_moves[s, a, b]:
                floors = [
                    max((1 - d) * game.payoffs[s, 0, x, b] for x in np.flatnonzero(game.available[0][s])),
                    max((1 - d) * game.payoffs[s, 1, a, x] for x in np.flatnonzero(game.available[1][s])),
                ] + d * punish.mean(axis=0)
                supports = (1 - d) * TOWARDS @ game.payoffs[s, :, a, b] + d * mean
                if (supports[[0, 16]] >= floors).all() and (-supports[[32, 48]] >= floors).all():
                    best = np.maximum(best, supports)
        found = support(image[s], TOWARDS)
        assert (found >= best - 1e-9).all()


def test_emptiness_spreads_to_all_that_may_lead_there():
    payoffs = np.zeros((4, 2, 1, 2))
    successors = np.array([[[[1], [0]]], [[[2], [1]]], [[[2], [2]]], [[[3], [3]]]])
    game = MarkovGame(payoffs, successors, np.ones(successors.shape), 0.5)
    marked = np.array([False, False, True, False])
    assert states_without_equilibrium(game, marked).tolist() == [True, True, True, False]
    point = np.zeros((1, 2))
    image = payoff_operator(game, [point, point, EMPTY, point])
    assert [len(polygon) for polygon in image] == [0, 0, 0, 1]
    available = [np.ones((4, 1), dtype=bool), np.array([[False, True], [True, True], [True, True], [True, True]])]
    closed = MarkovGame(payoffs, successors, np.ones(successors.shape), 0.5, available=available)
    assert states_without_equilibrium(closed, marked).tolist() == [False, True, True, False]


def test_bad_input():
    with pytest.raises(ValueError, match="for 2 players, the game has 3"):
        payoff_operator(RepeatedGame(public_goods(), 0.5), [EMPTY])
    with pytest.raises(ValueError, match="2 payoff sets for 1 states"):
        payoff_operator(RepeatedGame(PRISONERS, 0.5), [EMPTY, EMPTY])
    with pytest.raises(ValueError, match=r"payoff set of state round of shape \(1, 3\)"):
        payoff_operator(RepeatedGame(PRISONERS, 0.5), [[[1.0, 2.0, 3.0]]])
    with pytest.raises(ValueError, match="finite"):
        payoff_operator(RepeatedGame(PRISONERS, 0.5), [[[np.nan, 2.0]]])
