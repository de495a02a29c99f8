"""The search for tariffs that governments would choose: gradient of real income, grid scan, Newton steps, certificate.

With y = log(1+t) the gradient of log W in the rates of importer n follows from the implicit function theorem on the
wage equations (`wages.py`): at given wages y_jn has the effects

    d log P_n = lambda_jn,    d T_n = lambda_jn [1/(1+t_jn) - eps (s_jn - T_n)],    d log E_n = d T_n/(1-T_n),
    d G_i = [-(eps+1) delta_ij + eps lambda_jn + d log E_n] mu_in I_n / sales_i,
    s = t/(1+t),    T_n = sum_i lambda_in s_in,

and wages x = log w add -(dlogW/dx)' (dG/dx)^-1 dG.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bargain.economy.trade import TradeModel, TradeOutcome
from bargain.economy.trade_checks import batch_shape, checked_tariffs
from bargain.economy.wages import Array, wage_matrix

RATE_TOLERANCE = 1e-10  # on the last Newton step in log(1+t)
_GRID_POINTS = 41
_STEP = 1e-5  # in log(1+t), for differences of the exact gradient
_LONGEST_STEP = 0.5  # in log(1+t)


def real_income_gradient(model: TradeModel, outcome: TradeOutcome, importer: str) -> Array:
    """d log W / d log(1+t_j) of an importer in its rate on each exporter j, (..., n); wages adjust everywhere.

    The entry of the importer itself has no meaning and is 0.
    """
    n = model.position(importer)
    eps = model.elasticity[..., None]
    lam, rates = outcome.trade_shares[..., :, n], outcome.tariffs[..., :, n]
    kept = lam / (1.0 + rates)
    revenue_share = (lam * rates / (1.0 + rates)).sum(axis=-1, keepdims=True)
    wedge = rates / (1.0 + rates) - revenue_share
    payroll = outcome.wages * model.output
    income = payroll + model.deficits
    net = outcome.customs_values
    # d log E + ... at given wages, then through wages: x_n moves income, x_j prices and revenue.
    revenue_effect = (kept - eps * lam * wedge) / (1.0 - revenue_share)
    through = -eps * lam * wedge / (1.0 - revenue_share) - lam
    through[..., n] += payroll[..., n] / income[..., n]
    sales = net.sum(axis=-1)
    market = net[..., :, n] / sales
    shift = (eps * lam + revenue_effect)[..., None, :] * market[..., :, None]
    shift[..., np.arange(model.n_regions), np.arange(model.n_regions)] -= (eps + 1.0) * market
    mu = net / income[..., None, :]
    deficits = np.broadcast_to(model.deficits, payroll.shape)
    matrix, numeraire = wage_matrix(mu, payroll, deficits, np.broadcast_to(eps, (*payroll.shape[:-1], 1)))
    np.put_along_axis(shift, numeraire[..., None, None], 0.0, axis=-2)
    adjoint = np.linalg.solve(np.swapaxes(matrix, -1, -2), through[..., None])
    gradient = revenue_effect - lam + (np.swapaxes(shift, -1, -2) @ adjoint)[..., 0]
    gradient[..., n] = 0.0
    return np.asarray(gradient)


class TariffProblem:
    """The instruments of a game as arrays, and the equilibrium of trade as a function of y = log(1 + rates)."""

    def __init__(
        self,
        model: TradeModel,
        instruments: Sequence[tuple[str, tuple[str, ...]]],
        tariffs: ArrayLike | None,
        bounds: tuple[float, float],
    ) -> None:
        self.model, self.instruments = model, tuple(instruments)
        self.base = model.base_tariffs if tariffs is None else checked_tariffs("tariffs", tariffs, model.n_regions)
        self.shape = batch_shape(model=model.shape, tariffs=self.base.shape[:-2])
        self.bounds = _checked_bounds(bounds)
        self.low, self.high = (float(np.log1p(bound)) for bound in self.bounds)
        self.masks = _masks(model, self.instruments)
        self.players = tuple(dict.fromkeys(importer for importer, _ in self.instruments))
        self.owner = np.array([self.players.index(importer) for importer, _ in self.instruments])
        self.columns = np.array([model.position(player) for player in self.players])

    def tariffs(self, y: Array) -> Array:
        """Tariffs (..., n, n) with the rates exp(y) - 1, y (..., n_instruments)."""
        shape = np.broadcast_shapes(y.shape[:-1], self.base.shape[:-2])
        tariffs = np.array(np.broadcast_to(self.base, shape + self.base.shape[-2:]))
        for k, mask in enumerate(self.masks):
            tariffs[..., mask] = np.expm1(y[..., k, None])
        return tariffs

    def outcome(self, y: Array) -> TradeOutcome:
        """Trade equilibrium at y (..., n_instruments)."""
        return self.model.solve(self.tariffs(y))

    def gains(self, y: Array) -> Array:
        """Log real income of the players, (..., n_players), -inf where trade did not converge."""
        outcome = self.outcome(y)
        income = np.where(outcome.converged[..., None], outcome.real_income[..., self.columns], 0.0)
        with np.errstate(divide="ignore"):
            return np.asarray(np.log(income))

    def gradient(self, y: Array) -> Array:
        """d log W of each owner in its own instruments, (..., n_instruments)."""
        outcome = self.outcome(y)
        per_player = [real_income_gradient(self.model, outcome, player) for player in self.players]
        entries = [per_player[p][..., self.masks[k][:, self.columns[p]]].sum(axis=-1) for k, p in enumerate(self.owner)]
        return np.stack(entries, axis=-1)


def scan(problem: TariffProblem) -> Array:
    """Simultaneous best responses on the grid, one common rate per player, repeated until they rest."""
    y = np.zeros((*problem.shape, len(problem.instruments)))
    for k, mask in enumerate(problem.masks):
        y[..., k] = np.clip(np.log1p(problem.base[..., mask].mean(axis=-1)), problem.low, problem.high)
    grid = np.linspace(problem.low, problem.high, _GRID_POINTS)
    column = grid.reshape(-1, *(1,) * len(problem.shape), 1)
    for _ in range(6):
        new = y.copy()
        for p in range(len(problem.players)):
            own = np.flatnonzero(problem.owner == p)
            trial = np.broadcast_to(y, (len(grid), *y.shape)).copy()
            trial[..., own] = column
            best = problem.gains(trial)[..., p].argmax(axis=0)
            new[..., own] = grid[best][..., None]
        if np.array_equal(new, y):
            break
        y = new
    return y


def newton(problem: TariffProblem, start: Array) -> tuple[Array, Array]:
    """Rates where every gradient vanishes or pushes against a bound, and the size of the last step (...)."""
    y, k = start, len(problem.instruments)
    step = np.full(y.shape, np.inf)
    shifts = np.concatenate([np.zeros((1, k)), _STEP * np.eye(k), -_STEP * np.eye(k)])
    shifts = shifts.reshape(2 * k + 1, *(1,) * len(problem.shape), k)
    for _ in range(40):
        gradients = problem.gradient(y + shifts)
        value = gradients[0]
        jacobian = np.moveaxis((gradients[1 : k + 1] - gradients[k + 1 :]) / (2.0 * _STEP), 0, -1)
        curvature = np.abs(jacobian.diagonal(axis1=-2, axis2=-1))
        held = ((y <= problem.low) & (value <= 0.0)) | ((y >= problem.high) & (value >= 0.0)) | (curvature < 1e-15)
        free = ~held
        matrix = np.where(free[..., :, None] & free[..., None, :], jacobian, 0.0)
        matrix[..., range(k), range(k)] = np.where(free, -np.maximum(curvature, 1e-15), 1.0)
        move = np.where(free, -np.linalg.solve(matrix, np.where(free, value, 0.0)[..., None])[..., 0], 0.0)
        lost = ~np.isfinite(move).all(axis=-1, keepdims=True)  # trade did not converge there: stay, and say so
        move = np.where(lost, 0.0, np.clip(move, -_LONGEST_STEP, _LONGEST_STEP))
        new = np.clip(y + move, problem.low, problem.high)
        y, step = new, np.where(lost, np.inf, np.abs(new - y))
        if np.where(lost, 0.0, step).max() <= RATE_TOLERANCE:
            break
    return y, step.max(axis=-1)


def deviation_gain(problem: TariffProblem, y: Array) -> Array:
    """Largest relative gain of real income (..., n_players) of a player that moves one of its rates, or all to one.

    Scans the bounds, then twice the neighbourhood of the best point: uses no gradient, so it checks the Newton steps.
    """
    here = problem.gains(y)
    gain = np.zeros_like(here)
    for p in range(len(problem.players)):
        own = np.flatnonzero(problem.owner == p)
        for moved in [own[k : k + 1] for k in range(len(own))] + [own] * (len(own) > 1):
            low, high = np.full(problem.shape, problem.low), np.full(problem.shape, problem.high)
            for _ in range(3):
                points = np.linspace(low, high, _GRID_POINTS)
                trial = np.broadcast_to(y, (len(points), *y.shape)).copy()
                trial[..., moved] = points[..., None]
                found = problem.gains(trial)[..., p]
                best = found.argmax(axis=0)
                with np.errstate(invalid="ignore"):  # trade without convergence makes the gain infinite or NaN
                    gain[..., p] = np.maximum(gain[..., p], np.expm1(found.max(axis=0) - here[..., p]))
                edges = np.clip(best + np.array([-1, 1]).reshape(2, *(1,) * best.ndim), 0, len(points) - 1)
                low, high = np.take_along_axis(points, edges, axis=0)
    return gain


def _masks(model: TradeModel, instruments: Sequence[tuple[str, tuple[str, ...]]]) -> list[NDArray[np.bool_]]:
    """Boolean (n, n) mask of each instrument; ValueError when one is empty, own or overlaps another."""
    if not instruments:
        raise ValueError("the tariff game has no players")
    masks: list[NDArray[np.bool_]] = []
    for importer, exporters in instruments:
        if not exporters:
            raise ValueError(f"{importer} has nobody to levy a tariff on")
        mask = np.zeros((model.n_regions, model.n_regions), dtype=bool)
        for exporter in exporters:
            if exporter == importer:
                raise ValueError(f"{importer} cannot levy a tariff on itself")
            mask[model.position(exporter), model.position(importer)] = True
        if any((mask & other).any() for other in masks):
            raise ValueError(f"{importer} has two rates on the same exporter")
        masks.append(mask)
    return masks


def _checked_bounds(bounds: tuple[float, float]) -> tuple[float, float]:
    low, high = (float(bound) for bound in bounds)
    if not (np.isfinite(low) and np.isfinite(high) and -1.0 < low < high):
        raise ValueError(f"bounds = ({low}, {high}) are not finite rates with -1 < lower < upper")
    return low, high
