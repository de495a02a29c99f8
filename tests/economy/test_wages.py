"""The wage solver: exact Jacobian, monotone fallback map, continuation."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bargain.economy.wages import Markets, follow_wages, market_clearing_wages, newton_wages, wage_matrix

Array = NDArray[np.float64]


def markets(seed: int, b: int = 3, n: int = 5, balanced: bool = False) -> Markets:
    rng = np.random.default_rng(seed)
    output = rng.lognormal(0.0, 1.0, (b, n))
    weights = output[:, :, None] * rng.uniform(0.05, 1.0, (b, n, n)) + np.eye(n) * output.sum(1)[:, None, None]
    deficits = 0.05 * rng.uniform(-1, 1, (b, n)) * output.min(axis=1, keepdims=True)
    deficits -= deficits.mean(axis=1, keepdims=True)
    return Markets(weights, output, deficits * (not balanced), rng.uniform(0.5, 9.0, (b, 1)))


def test_jacobian_equals_differences() -> None:
    economy = markets(0)
    point = np.random.default_rng(1).normal(0.0, 0.3, (3, 5))
    _, shares = economy.excess(point)
    matrix, numeraire = wage_matrix(shares, np.exp(point) * economy.output, economy.deficits, economy.elasticity)
    for j in range(5):
        shift = np.zeros(5)
        shift[j] = 1e-6
        slope = (economy.excess(point + shift)[0] - economy.excess(point - shift)[0]) / 2e-6
        for b in range(3):
            rows = np.arange(5) != numeraire[b]
            np.testing.assert_allclose(matrix[b, rows, j], -slope[b, rows], atol=1e-7)


def test_numeraire_row_holds_payroll_shares() -> None:
    economy = markets(2)
    _, shares = economy.excess(np.zeros((3, 5)))
    matrix, numeraire = wage_matrix(shares, economy.output, economy.deficits, economy.elasticity)
    for b in range(3):
        np.testing.assert_allclose(matrix[b, numeraire[b]], economy.output[b] / economy.output[b].sum())


def test_walras_law() -> None:
    economy = markets(3)
    point = np.random.default_rng(4).normal(0.0, 0.3, (3, 5))
    excess, _ = economy.excess(point)
    payroll = np.exp(point) * economy.output
    np.testing.assert_allclose((payroll * np.expm1(excess)).sum(axis=1), 0.0, atol=1e-12 * payroll.sum())


def test_fallback_map_never_moves_points_apart() -> None:
    economy = markets(5, balanced=True)
    rng = np.random.default_rng(6)
    for _ in range(20):
        one, other = rng.normal(0.0, 1.0, (2, 3, 5))
        mapped = [x + economy.excess(x)[0] / (economy.elasticity + 1.0) for x in (one, other)]
        assert (np.abs(mapped[0] - mapped[1]).max(axis=1) <= np.abs(one - other).max(axis=1) + 1e-12).all()


def test_continuation_and_newton_agree() -> None:
    origin = markets(7)
    base = newton_wages(origin, np.ones((3, 5)), 1e-13, 100)
    assert base.converged.all()
    # Absorb the base wages, so that wages of 1 clear the markets at the origin.
    rescaled = Markets(
        origin.weights * base.wages[:, :, None] ** -origin.elasticity[:, :, None],
        origin.output * base.wages,
        origin.deficits,
        origin.elasticity,
    )
    changed = rescaled.weights * np.random.default_rng(8).uniform(0.05, 2.0, (3, 5, 5))
    target = Markets(changed, rescaled.output, rescaled.deficits, rescaled.elasticity)
    direct = market_clearing_wages(target, np.ones((3, 5)), 1e-12, 100, rescaled)
    followed = follow_wages(rescaled, target, 1e-12, 500)
    assert direct.converged.all()
    assert followed.converged.all()
    np.testing.assert_allclose(followed.wages, direct.wages, rtol=1e-10)


def test_way_from_the_origin_ends_at_both_ends() -> None:
    origin, target = markets(9), markets(10)
    for position, end in ((0.0, origin), (1.0, target)):
        there = origin.between(target, np.full(3, position))
        np.testing.assert_allclose(there.weights, end.weights, rtol=1e-12)
        np.testing.assert_allclose(there.deficits, end.deficits, atol=1e-14)


def test_singular_economies_do_not_stop_the_others() -> None:
    """Complete autarky leaves relative wages open; its neighbour in the batch is solved all the same."""
    economy = markets(11, b=2, balanced=True)
    weights = economy.weights.copy()
    weights[0] = np.diag(np.ones(5))
    solved = market_clearing_wages(
        Markets(weights, economy.output, economy.deficits, economy.elasticity), np.full((2, 5), 2.0), 1e-12, 100
    )
    assert solved.converged.all()
    np.testing.assert_allclose((solved.wages * economy.output).sum(axis=1), economy.output.sum(axis=1))
