import numpy as np
import pytest
from known_markov_games import ABREU_SANNIKOV, PRISONERS

from bargain.games import StageGame
from bargain.games.payoff_operator import payoff_operator
from bargain.games.polygon import contains, convex_hull, hausdorff
from bargain.games.repeated import RepeatedGame
from bargain.solvers.payoff_set_check import beyond, clipped, image, outer_bound, outermost


def scaled(game, discount_factor):
    unit, level = game.payoff_range, game.payoffs.reshape(2, -1).min(axis=1)
    payoffs = np.ascontiguousarray((game.payoffs.reshape(2, -1).T - level) / unit)
    gains = np.stack([(game.payoffs[i].max(axis=i, keepdims=True) - game.payoffs[i]).reshape(-1) for i in range(2)])
    return payoffs, np.ascontiguousarray(gains.T / unit * (1 - discount_factor) / discount_factor), unit, level


@pytest.mark.parametrize("seed", range(10))
def test_image_is_that_of_the_operator_in_other_code(seed):
    rng = np.random.default_rng(seed)
    game = StageGame(rng.normal(size=(2, 3, 4)))
    payoffs, needs, unit, level = scaled(game, 0.6)
    shape = convex_hull(payoffs)[: int(rng.integers(1, 5))]
    ours = image(payoffs, needs, 0.6, 0.0, np.ascontiguousarray(shape)) * unit + level
    (theirs,) = payoff_operator(RepeatedGame(game, 0.6), [shape * unit + level])
    assert hausdorff(convex_hull(ours), theirs) < 1e-9


def test_known_payoffs_do_not_change_the_bound():
    payoffs, needs, unit, level = scaled(ABREU_SANNIKOV, 0.4)
    plain, *_ = outer_bound(payoffs, needs, 0.4, 0.0, np.zeros((0, 2)), 0.0, 60)
    helped, steps, gap, _ = outer_bound(payoffs, needs, 0.4, 0.0, plain, 1e-12, 60)
    assert hausdorff(plain, helped) < 1e-9
    assert gap <= 1e-12
    expected = [(0.43169727, 2.4), (6.17267889, 0), (10.15, 0), (20.125, 2.4), (16, 9), (6.17267889, 12.02379111)]
    assert hausdorff(convex_hull(plain * unit + level), convex_hull(expected)) < 1e-6
    assert 0 < steps <= 60


def test_every_step_is_an_outer_bound():
    payoffs, needs, unit, level = scaled(PRISONERS, 0.75)
    final = (np.array([(3, 3), (9.75, 3), (9, 9), (3, 9.75)]) - level) / unit
    for n_steps in range(6):
        bound, *_ = outer_bound(payoffs, needs, 0.75, 0.0, np.zeros((0, 2)), 0.0, n_steps)
        assert contains(convex_hull(bound), final, 1e-12).all()


def test_corners_of_noisy_points_and_segments():
    rng = np.random.default_rng(0)
    for _ in range(300):
        base = rng.integers(0, 4, size=(rng.integers(1, 5), 2)) / 3.0
        weights = rng.dirichlet(np.full(len(base), 0.3), size=20)
        noise = rng.choice([0.0, 1e-16, 1e-15], size=1) * rng.normal(size=(20 + len(base), 2))
        points = np.concatenate([base, weights @ base])[rng.permutation(20 + len(base))] + noise
        out = np.empty((len(points) + 2, 2))
        n = outermost(points, len(points), out)
        turns = np.linspace(0.0, 2.0 * np.pi, 97)
        towards = np.stack([np.cos(turns), np.sin(turns)])
        np.testing.assert_allclose((out[:n] @ towards).max(axis=0), (points @ towards).max(axis=0), atol=1e-13)


def test_geometry_of_points_segments_and_squares():
    square = np.array([[0.0, 0], [1, 0], [1, 1], [0, 1]])
    out = np.empty((10, 2))
    assert outermost(np.array([[0.5, 0.5], *square, [0.0, 0.0]]), 6, out) == 4
    assert outermost(np.array([[0.0, 0], [1, 1], [0.5, 0.5]]), 3, out) == 2
    assert outermost(np.zeros((3, 2)), 3, out) == 1
    assert outermost(np.zeros((0, 2)), 0, out) == 0
    assert clipped(square, 4, 0, 0.25, out) == 4
    assert out[:4, 0].min() == 0.25
    assert clipped(square, 4, 1, 1.5, out) == 0
    assert clipped(square[:1], 1, 0, 0.0, out) == 1
    assert clipped(square[:2], 2, 0, 0.5, out) >= 2
    assert beyond(square, 4, 0.5, 0.5) == 0.0
    assert beyond(square, 4, 2.0, 0.5) == 1.0
    assert beyond(square[:2], 2, 0.5, 0.5) == 0.5
    assert beyond(square[:1], 1, 3.0, 4.0) == 5.0
