"""The gradient of real income against differences, and the certificate against a wrong answer."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bargain.economy.tariff_search import TariffProblem, deviation_gain, newton, real_income_gradient, scan
from bargain.economy.trade import TradeModel


def world(seed: int, n: int, elasticity: float, balanced: bool) -> TradeModel:
    rng = np.random.default_rng(seed)
    size = rng.lognormal(0.0, 1.0, n)
    spending = np.outer(size, size) / size.sum() * rng.uniform(0.05, 0.5, (n, n))
    spending[np.diag_indices(n)] = size
    model = TradeModel(spending, np.array(elasticity), tuple(f"r{k}" for k in range(n)))
    return model.purged() if balanced else model


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.integers(2, 6), st.floats(0.5, 9.0), st.booleans())
def test_gradient_equals_differences(seed: int, n: int, elasticity: float, balanced: bool) -> None:
    model = world(seed, n, elasticity, balanced)
    rates = np.random.default_rng(seed).uniform(0.0, 0.6, (n, n)) * (1 - np.eye(n))
    outcome = model.solve(rates)
    assert outcome.converged
    gradient = real_income_gradient(model, outcome, "r0")
    step = 1e-5
    for j in range(1, n):
        logs = []
        for sign in (1, -1):
            moved = rates.copy()
            moved[j, 0] = (1 + rates[j, 0]) * np.exp(sign * step) - 1
            logs.append(np.log(model.solve(moved)["r0"]))
        assert gradient[j] == pytest.approx((logs[0] - logs[1]) / (2 * step), abs=2e-7)
    assert gradient[0] == 0.0


def test_wrong_rates_are_not_certified() -> None:
    model = world(1, 4, 4.0, balanced=True)
    problem = TariffProblem(model, [("r0", ("r1", "r2", "r3")), ("r1", ("r0",))], None, (0.0, 10.0))
    y, residual = newton(problem, scan(problem))
    assert residual <= 1e-10
    assert (deviation_gain(problem, y) <= 1e-9).all()
    assert deviation_gain(problem, y + np.array([0.05, 0.0]))[0] > 1e-6
    assert deviation_gain(problem, y + np.array([0.0, 0.05]))[1] > 1e-6


def test_newton_leaves_a_wrong_start() -> None:
    model = world(2, 3, 4.0, balanced=True)
    problem = TariffProblem(model, [("r0", ("r1", "r2"))], None, (0.0, 10.0))
    near, _ = newton(problem, scan(problem))
    far, _ = newton(problem, np.array([1.2]))
    np.testing.assert_allclose(far, near, atol=1e-9)
