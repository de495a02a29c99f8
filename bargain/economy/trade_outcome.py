"""Equilibria of trade at new tariffs: the result type, and the equations of `trade.py` for a batch of economies."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bargain.economy.wages import Array, Markets, market_clearing_wages


@dataclass(frozen=True, eq=False)
class TradeOutcome:
    """Equilibria at new tariffs; hats are relative to the base of the model, levels in its currency at w Y numeraire.

    tariffs (..., n, n): the rates t[exporter, importer] it was solved for
    real_income (..., n): W, hat;  wages, prices (..., n): w and P, hats
    trade_shares (..., n, n): lambda'[exporter, importer], columns sum to 1
    expenditure, revenue (..., n): E' and tariff revenue, levels
    residual (...): largest |log(sales_i/(w_i Y_i))|;  iterations, converged (...): trials made, residual <= tolerance
    """

    regions: tuple[str, ...]
    tariffs: Array
    real_income: Array
    wages: Array
    prices: Array
    trade_shares: Array
    expenditure: Array
    revenue: Array
    residual: Array
    iterations: NDArray[np.int64]
    converged: NDArray[np.bool_]

    def __post_init__(self) -> None:
        for value in vars(self).values():
            if isinstance(value, np.ndarray):
                value.flags.writeable = False

    @property
    def spending(self) -> Array:
        """X' = lambda' E', tariff-inclusive, (..., n, n)."""
        return np.asarray(self.trade_shares * self.expenditure[..., None, :])

    @property
    def customs_values(self) -> Array:
        """Flows without duty, X'/(1+t'), (..., n, n); the diagonal holds domestic sales."""
        return np.asarray(self.spending / (1.0 + self.tariffs))

    def __getitem__(self, region: str) -> Array:
        """Real income of one region, (...)."""
        return np.asarray(self.real_income[..., self.regions.index(region)])


def solve_block(
    tolerance: float,
    max_iterations: int,
    spending: Array,
    base_tariffs: Array,
    tariffs: Array,
    costs: Array,
    output: Array,
    base_deficits: Array,
    deficits: Array,
    start: Array,
    elasticity: Array,
) -> tuple[NDArray[np.generic], ...]:
    """Fields of a TradeOutcome from real_income on, for b economies.

    Matrices (b, n, n) with rows exporters, vectors (b, n), elasticity (b, 1); base_deficits are those of the data.
    """
    shares = spending / spending.sum(axis=1, keepdims=True)
    relative = costs * (1.0 + tariffs) / (1.0 + base_tariffs)
    pull = shares * relative ** -elasticity[:, :, None]
    markets = Markets(pull / (1.0 + tariffs), output, deficits, elasticity)
    origin = Markets(shares / (1.0 + base_tariffs), output, base_deficits, elasticity)
    solved = market_clearing_wages(markets, start, tolerance, max_iterations, origin)
    new = pull * (solved.wages**-elasticity)[:, :, None]
    total = new.sum(axis=1)
    new = new / total[:, None, :]
    prices = (total / shares.sum(axis=1)) ** (-1.0 / elasticity)
    expenditure = (solved.wages * output + deficits) / (new / (1.0 + tariffs)).sum(axis=1)
    # The base by the same formula, so that no change gives hats of exactly 1.
    base = (output + base_deficits) / (shares / (1.0 + base_tariffs)).sum(axis=1)
    revenue = expenditure * (new * (tariffs / (1.0 + tariffs))).sum(axis=1)
    real_income = expenditure / base / prices
    trial = (solved.residual, solved.iterations, solved.converged)
    return (real_income, solved.wages, prices, new, expenditure, revenue, *trial)
