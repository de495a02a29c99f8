"""Market-clearing wages of the one-sector Armington economy with tariff revenue, for many economies at once.

With shares a_in = lambda_in [tau_in (1+t'_in)/(1+t_in)]^-eps and weights b_in = a_in/(1+t'_in), the income of
importer n net of its tariff revenue, I_n = w_n Y_n + D_n, is spent on exporters in the shares mu_in = b_in w_i^-eps /
sum_j b_jn w_j^-eps, because E'_n = I_n/(1-T'_n) and 1-T'_n = sum_j lambda'_jn/(1+t'_jn). Tariffs with revenue
therefore clear the markets of a plain gravity economy with trade costs (1+t')^((eps+1)/eps), and wages solve

    G_i(log w) = log(sum_n mu_in I_n) - log(w_i Y_i) = 0,    sum_i w_i Y_i = sum_i Y_i.

The Jacobian of G is (eps+1)(P-1) with P = diag(1/r) mu [eps diag(I) mu' + diag(wY)]/(eps+1) and r = mu I. Under
balanced trade P is a Markov matrix, so excess demand has the gross-substitutes property, the equilibrium is unique,
and the map log w -> log w + G/(eps+1) is order-preserving and never moves two points apart (sup norm). Newton steps
on G do the work; that map is the fallback. With fixed deficits an equilibrium need not exist: a surplus region may
lose the market that its surplus needs. Sources: Dekle, Eaton and Kortum (2008), eq. 12-14; Alvarez and Lucas (2007),
sections 3 and 6.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

_LARGEST_STEP = 2.0  # in log wages; beyond it the Newton model of the economy says little
_BAN = 1e-9  # what is left of a banned flow just before the end of the way from the origin
_DIRECT_TRIALS = 25  # Newton trials before the way from the origin is followed
_FOLLOWING_TRIALS = 12  # Newton trials per step on that way
_SHORTEST_STRIDE = 2.0**-12
_SMALLEST_DAMPING = 2e-2  # below it the fallback map takes over for one step
_REGULARISATION = 1e-14  # keeps the matrix regular when bans cut the world into separate blocks


@dataclass(frozen=True)
class Wages:
    """Wages (b, n) relative to the base, relative residual (b,), iterations (b,) and converged (b,) of b economies."""

    wages: Array
    residual: Array
    iterations: NDArray[np.int64]
    converged: NDArray[np.bool_]


@dataclass(frozen=True)
class Markets:
    """The data of b economies: weights b_in (b, n, n), output (b, n), deficits (b, n), elasticity (b, 1)."""

    weights: Array
    output: Array
    deficits: Array
    elasticity: Array

    def __getitem__(self, rows: NDArray[np.int64]) -> Markets:
        """The economies at these positions."""
        return Markets(self.weights[rows], self.output[rows], self.deficits[rows], self.elasticity[rows])

    def excess(self, log_wages: Array) -> tuple[Array, Array]:
        """Log excess sales G (b, n) and net spending shares mu (b, n, n); NaN where some income is not positive."""
        # Shifting log wages by their mean over exporters changes no share and avoids overflow of the power.
        centred = log_wages - log_wages.mean(axis=-1, keepdims=True)
        power = np.exp(-self.elasticity * centred)
        shares = self.weights * power[:, :, None]
        shares /= power[:, None, :] @ self.weights
        payroll = np.exp(log_wages) * self.output
        income = payroll + self.deficits
        income[income <= 0.0] = np.nan
        return np.log((shares @ income[:, :, None])[:, :, 0] / payroll), shares

    def between(self, other: Markets, position: Array) -> Markets:
        """Economies on the way from these (position 0) to the other ones (1): weights geometric, deficits linear."""
        place = position[:, None, None]
        floor = np.maximum(other.weights, _BAN * self.weights)  # a ban is approached, and reached only at position 1
        path = self.weights * np.where(self.weights > 0.0, floor / self.weights, 0.0) ** place
        weights = np.where(place < 1.0, path, other.weights)
        deficits = self.deficits + position[:, None] * (other.deficits - self.deficits)
        return Markets(weights, self.output, deficits, self.elasticity)

    def newton_step(self, log_wages: Array, excess: Array, shares: Array) -> Array:
        """Newton step on G that leaves sum w Y unchanged to first order, (b, n)."""
        matrix, numeraire = wage_matrix(shares, np.exp(log_wages) * self.output, self.deficits, self.elasticity)
        target = excess.copy()
        np.put_along_axis(target, numeraire[:, None], 0.0, axis=1)
        try:
            return np.asarray(np.linalg.solve(matrix, target[:, :, None])[:, :, 0])
        except np.linalg.LinAlgError:  # one singular matrix spoils the call: all of its economies take the fallback
            return np.full_like(excess, np.nan)

    def normalised(self, log_wages: Array) -> Array:
        """Log wages shifted so that sum w Y = sum Y (the numeraire)."""
        payroll = (np.exp(log_wages) * self.output).sum(axis=1, keepdims=True)
        return np.asarray(log_wages - np.log(payroll / self.output.sum(axis=1, keepdims=True)), dtype=np.float64)


def wage_matrix(shares: Array, payroll: Array, deficits: Array, elasticity: Array) -> tuple[Array, NDArray[np.int64]]:
    """-dG/dlog w (..., n, n) with one redundant row replaced by the numeraire, and the index (...) of that row.

    shares mu (..., n, n), payroll w Y and deficits D (..., n), elasticity (..., 1). With Q = (eps+1) P the diagonal is
    summed from the rest of its row, (eps+1) - Q_ii = sum_(j != i) Q_ij + (mu D)_i/r_i, without the cancellation that
    would lose nearly autarkic regions. Walras' law makes one market redundant; the largest one is left out.
    """
    income = payroll + deficits
    response = np.swapaxes(shares * (elasticity * income)[..., None, :], -1, -2)
    diagonal = np.arange(payroll.shape[-1])
    response[..., diagonal, diagonal] += payroll
    sales = shares @ income[..., :, None]
    matrix = np.asarray(shares @ response)
    matrix /= -sales
    matrix[..., diagonal, diagonal] = 0.0
    # Sums as products with a vector: much faster than a reduction over a short axis.
    own = ((shares @ deficits[..., :, None]) / sales - matrix @ np.ones((len(diagonal), 1)))[..., 0]
    matrix[..., diagonal, diagonal] = own + _REGULARISATION * (elasticity + 1.0)
    largest = np.asarray(payroll.argmax(axis=-1))
    np.put_along_axis(
        matrix, largest[..., None, None], (payroll / payroll.sum(axis=-1, keepdims=True))[..., None, :], axis=-2
    )
    return matrix, largest


def market_clearing_wages(
    markets: Markets, start: Array, tolerance: float, max_iterations: int, origin: Markets | None = None
) -> Wages:
    """Wages that clear all markets, by Newton steps and, where they fail, by following the way from the origin.

    start (b, n) are positive wages; origin is the same economies at the base, where wages of 1 clear all markets.
    The residual is max_i |log(sales_i/(w_i Y_i))|. An economy without convergence keeps its best wages and says so in
    `converged`; nothing is raised.
    """
    with np.errstate(all="ignore"):  # wild trial steps overflow and are rejected, being not finite
        return _direct_or_followed(markets, start, tolerance, max_iterations, origin)


def _direct_or_followed(
    markets: Markets, start: Array, tolerance: float, max_iterations: int, origin: Markets | None
) -> Wages:
    direct = newton_wages(
        markets, start, tolerance, min(max_iterations, _DIRECT_TRIALS) if origin is not None else max_iterations
    )
    open_ = np.flatnonzero(~direct.converged)
    if origin is None or not open_.size or max_iterations <= _DIRECT_TRIALS:
        return direct
    followed = follow_wages(origin[open_], markets[open_], tolerance, max_iterations)
    best = followed.residual < direct.residual[open_]
    rows = open_[best]
    direct.wages[rows], direct.residual[rows] = followed.wages[best], followed.residual[best]
    direct.iterations[open_] += followed.iterations
    return Wages(direct.wages, direct.residual, direct.iterations, direct.residual <= tolerance)


def follow_wages(origin: Markets, target: Markets, tolerance: float, max_iterations: int) -> Wages:
    """Wages (b, n) at the target by continuation from wages of 1 at the origin, with steps that adapt to each economy.

    With fixed deficits Newton steps from afar often fail where an equilibrium exists; near the last one they do not.
    Gives up on an economy when the step falls below 2^-12 (as a rule a fold: no equilibrium further on) or after
    `max_iterations` trials. Source: natural-parameter continuation (Allgower and Georg 2003, section 2.1).
    """
    b, n = target.output.shape
    position, stride = np.zeros(b), np.full(b, 0.25)
    here, before = np.zeros((b, n)), np.zeros((b, n))  # log wages at the position and one step before
    slope = np.zeros((b, n))
    iterations = np.zeros(b, dtype=np.int64)
    while (
        open_ := np.flatnonzero((position < 1.0) & (stride > _SHORTEST_STRIDE) & (iterations < max_iterations))
    ).size:
        ahead = np.minimum(position[open_] + stride[open_], 1.0)
        move = (ahead - position[open_])[:, None]
        markets = origin[open_].between(target[open_], ahead)
        found = newton_wages(markets, np.exp(here[open_] + slope[open_] * move), tolerance, _FOLLOWING_TRIALS)
        iterations[open_] += np.maximum(found.iterations, 1)
        rows, reached = open_[found.converged], found.converged
        before[rows], here[rows] = here[rows], np.log(found.wages[reached])
        slope[rows] = (here[rows] - before[rows]) / move[reached]
        position[rows] = ahead[reached]
        stride[open_] *= np.where(reached, 1.7, 0.3)
    excess, _ = target.excess(here)
    residual = _largest(excess)
    return Wages(np.exp(here), residual, iterations, residual <= tolerance)


def newton_wages(markets: Markets, start: Array, tolerance: float, max_iterations: int) -> Wages:
    """Wages by damped Newton steps over the economies that have not converged yet, at most `max_iterations` trials.

    Source: Newton with backtracking (Nocedal and Wright 2006, ch. 11) on G of the module's equation.
    """
    search = _Search(markets, markets.normalised(np.log(start)), tolerance)
    for _ in range(max_iterations):
        if not search.open.size:
            break
        search.advance()
    converged = search.residual <= tolerance
    return Wages(np.exp(search.point), search.residual, search.iterations, converged)


class _Search:
    """State of the damped Newton search; `open` lists the economies still being solved."""

    def __init__(self, markets: Markets, point: Array, tolerance: float) -> None:
        self.markets, self.point, self.tolerance = markets, point, tolerance
        excess, shares = markets.excess(point)
        self.residual = _largest(excess)
        self.iterations = np.zeros(len(point), dtype=np.int64)
        self.open = np.flatnonzero((self.residual > tolerance) & np.isfinite(self.residual))
        self.active = markets[self.open]
        self.base, self.base_residual = point[self.open], self.residual[self.open]
        self.excess, self.step = excess[self.open], np.empty((0, 0))
        self.damping = np.ones(len(self.open))
        if self.open.size:
            self.step = self._direction(self.active, self.base, self.excess, shares[self.open])

    def _direction(self, markets: Markets, point: Array, excess: Array, shares: Array) -> Array:
        step = markets.newton_step(point, excess, shares)
        longest = np.abs(step).max(axis=1, keepdims=True)
        step = step * np.minimum(1.0, _LARGEST_STEP / np.maximum(longest, _LARGEST_STEP))
        lost = ~np.isfinite(step).all(axis=1)
        step[lost] = (excess / (markets.elasticity + 1.0))[lost]
        return np.asarray(step)

    def advance(self) -> None:
        """One trial for every open economy: accept it, or shorten the step, or take the fallback map."""
        fallback = self.damping < _SMALLEST_DAMPING
        if fallback.any():
            self.step[fallback] = (self.excess / (self.active.elasticity + 1.0))[fallback]
            self.damping[fallback] = 1.0
        trial = self.active.normalised(self.base + self.damping[:, None] * self.step)
        excess, shares = self.active.excess(trial)
        residual = _largest(excess)
        # The fallback map may leave the sup norm where it is, so it is taken whenever it is defined.
        accepted = np.isfinite(residual) & ((residual < (1.0 - 0.1 * self.damping) * self.base_residual) | fallback)
        self.iterations[self.open] += 1
        self.damping = np.where(accepted, 1.0, self.damping * 0.4)
        self.base[accepted], self.base_residual[accepted] = trial[accepted], residual[accepted]
        self.excess[accepted] = excess[accepted]
        better = accepted & (residual < self.residual[self.open])
        self.point[self.open[better]], self.residual[self.open[better]] = trial[better], residual[better]
        keep = self.base_residual > self.tolerance
        fresh = accepted & keep
        if fresh.any():
            everyone = bool(fresh.all())
            markets = self.active if everyone else self.active[np.flatnonzero(fresh)]
            self.step[fresh] = self._direction(markets, self.base[fresh], self.excess[fresh], shares[fresh])
        if not keep.all():
            self._drop(keep)

    def _drop(self, keep: NDArray[np.bool_]) -> None:
        rows = np.flatnonzero(keep)
        self.open, self.active = self.open[rows], self.active[rows]
        self.base, self.base_residual = self.base[rows], self.base_residual[rows]
        self.excess, self.step, self.damping = self.excess[rows], self.step[rows], self.damping[rows]


def _largest(excess: Array) -> Array:
    """Largest |G_i| of each economy, infinite where G is not defined."""
    largest = np.abs(excess).max(axis=1)
    return np.where(np.isfinite(largest), largest, np.inf)
