"""What tariffs do to real income: one-sector exact-hat Armington trade with tariff revenue, any number of regions.

X_in is the tariff-inclusive spending of importer n on the goods of exporter i (rows exporters, columns importers,
diagonal = domestic sales), lambda = X/E its share, t_in the tariff that n levies on i, eps the trade elasticity. Primes
mark the new equilibrium, w, P and W are changes relative to the base (hats), tau_in a change of iceberg costs:

    k_in = [w_i tau_in (1+t'_in)/(1+t_in)]^-eps      lambda'_in = lambda_in k_in / sum_j lambda_jn k_jn
    P_n  = (sum_i lambda_in k_in)^(-1/eps)           E'_n = (w_n Y_n + D'_n) / (1 - sum_i lambda'_in t'_in/(1+t'_in))
    w_i Y_i = sum_n lambda'_in E'_n/(1+t'_in)        W_n = (E'_n/E_n)/P_n,     numeraire sum_i w_i Y_i = sum_i Y_i

Deficits D' = D stay fixed in units of world output; `TradeModel.purged` first removes them (D' = 0 at base tariffs is
the new base), which a tariff game needs. Sources: Dekle, Eaton and Kortum (2008), eq. 12-14; Ossa (2014), section I;
Costinot and Rodriguez-Clare (2014) for the welfare identity. `wages.py` holds the numerics, `tariffs.py` the games.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bargain.economy.trade_checks import batch_shape, checked, checked_bans, checked_square, checked_tariffs, read_only
from bargain.economy.trade_outcome import TradeOutcome, solve_block
from bargain.economy.wages import Array

__all__ = ["TradeModel", "TradeOutcome", "real_income_from_shares"]

BALANCE_TOLERANCE = 1e-9  # deficits below this share of world output count as balanced trade
_CHUNK_ENTRIES = 2**14  # matrix entries solved together: large enough to vectorise, small enough to stay in cache


@dataclass(frozen=True, eq=False)
class TradeModel:
    """World trade at the base, for one set of parameters or for many draws of it (leading axes `...`).

    spending (..., n, n): tariff-inclusive spending, rows exporters, columns importers, any currency unit, >= 0
    elasticity (...): trade elasticity eps > 0 (scalar, or one per draw)
    regions: n unique labels
    base_tariffs (..., n, n): rates t[exporter, importer] > -1 with a zero diagonal; default none
    floored, dropped: regions whose domestic sales were floored at 0, or that were left out (`from_customs_values`)
    """

    spending: Array
    elasticity: Array
    regions: tuple[str, ...]
    base_tariffs: Array = field(default_factory=lambda: np.zeros(()))
    floored: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        spending = checked("spending", self.spending, low=0.0)
        n = checked_square("spending", spending)
        regions = tuple(self.regions)
        if len(regions) != n or len(set(regions)) != n:
            raise ValueError(
                f"regions = {regions!r} are not {n} different labels for spending of shape {spending.shape}"
            )
        elasticity = checked("elasticity", self.elasticity, low=0.0, strict=True)
        tariffs = np.asarray(self.base_tariffs, dtype=np.float64)
        tariffs = checked_tariffs(
            "base_tariffs", np.broadcast_to(tariffs, spending.shape) if not tariffs.ndim else tariffs, n
        )
        batch_shape(spending=spending.shape[:-2], base_tariffs=tariffs.shape[:-2], elasticity=elasticity.shape)
        for name, value in (("spending", spending), ("elasticity", elasticity), ("base_tariffs", tariffs)):
            object.__setattr__(self, name, read_only(value))
        object.__setattr__(self, "regions", regions)
        for name, totals in (("output", self.output), ("expenditure", self.expenditure)):
            if (totals <= 0.0).any():
                region = regions[int(np.argwhere(totals <= 0.0)[0][-1])]
                raise ValueError(f"{name} of {region} = 0 is not positive: leave regions without trade or output out")

    @classmethod
    def from_customs_values(
        cls,
        flows: ArrayLike,
        gdp: ArrayLike,
        elasticity: ArrayLike,
        regions: Sequence[str],
        base_tariffs: ArrayLike = 0.0,
    ) -> TradeModel:
        """Model from goods flows without duty (n, n; rows exporters) and GDP (n,), in one unit.

        The diagonal of flows is ignored: domestic sales are GDP less exports, floored at 0 (such regions are named in
        `floored`). Regions without output, or with neither exports nor imports, are left out (named in `dropped`).
        Spending is flow (1 + base tariff).
        """
        values = checked("flows", flows, low=0.0).copy()
        n = checked_square("flows", values)
        product = checked("gdp", gdp, low=0.0)
        if values.ndim != 2 or product.shape != (n,) or len(regions) != n:
            raise ValueError(
                f"flows {values.shape}, gdp {product.shape} and {len(regions)} regions are not (n, n), (n,) and n"
            )
        np.fill_diagonal(values, 0.0)
        tariffs = checked_tariffs(
            "base_tariffs", np.broadcast_to(np.asarray(base_tariffs, dtype=np.float64), (n, n)), n
        )
        keep = np.flatnonzero((product > 0.0) & (values.sum(axis=0) + values.sum(axis=1) > 0.0))
        kept = values[np.ix_(keep, keep)]
        domestic = product[keep] - kept.sum(axis=1)
        spending = kept * (1.0 + tariffs[np.ix_(keep, keep)]) + np.diag(np.maximum(domestic, 0.0))
        names = tuple(regions[k] for k in keep.tolist())
        return cls(
            spending=spending,
            elasticity=np.asarray(elasticity, dtype=np.float64),
            regions=names,
            base_tariffs=tariffs[np.ix_(keep, keep)],
            floored=tuple(name for name, sales in zip(names, domestic, strict=True) if sales < 0.0),
            dropped=tuple(region for k, region in enumerate(regions) if k not in set(keep.tolist())),
        )

    @property
    def n_regions(self) -> int:
        """Number of regions n."""
        return len(self.regions)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the parameter draws, the leading axes."""
        return np.broadcast_shapes(self.spending.shape[:-2], self.base_tariffs.shape[:-2], self.elasticity.shape)

    @property
    def expenditure(self) -> Array:
        """E_n, tariff-inclusive spending of each importer, (..., n)."""
        return np.asarray(self.spending.sum(axis=-2))

    @property
    def output(self) -> Array:
        """Y_i, sales of each exporter net of tariffs, (..., n)."""
        return np.asarray((self.spending / (1.0 + self.base_tariffs)).sum(axis=-1))

    @property
    def revenue(self) -> Array:
        """Tariff revenue at the base, (..., n)."""
        return np.asarray((self.spending * (self.base_tariffs / (1.0 + self.base_tariffs))).sum(axis=-2))

    @property
    def deficits(self) -> Array:
        """D_n = E_n - Y_n - revenue, the trade deficit, (..., n); its sum over regions is 0."""
        return np.asarray((self.spending / (1.0 + self.base_tariffs)).sum(axis=-2) - self.output)

    @property
    def is_balanced(self) -> bool:
        """Whether every deficit of every draw is below 1e-9 of world output."""
        world = self.output.sum(axis=-1, keepdims=True)
        return bool((np.abs(self.deficits) <= BALANCE_TOLERANCE * world).all())

    def position(self, region: str) -> int:
        """Index of a region, or a ValueError that names the known ones."""
        if region not in self.regions:
            raise ValueError(f"region {region!r} is not one of {', '.join(self.regions)}")
        return self.regions.index(region)

    def tariff_matrix(self, rates: Mapping[tuple[str, str], ArrayLike], base: ArrayLike | None = None) -> Array:
        """Tariffs (..., n, n) equal to the base but for named pairs: {(importer, exporter): rate}.

        {("US", "CN"): 0.475} is the tariff that the US levies on goods from China and sets t[CN, US]. Rates may be
        arrays: they broadcast against each other and become the leading axes, so that {("US", "CN"): us[:, None],
        ("CN", "US"): cn} gives every combination, and us[:, None, None] with cn[:, None] every combination ahead of one
        axis of draws.
        """
        start = np.asarray(self.base_tariffs if base is None else base, dtype=np.float64)
        arrays = {pair: np.asarray(rate, dtype=np.float64) for pair, rate in rates.items()}
        shape = batch_shape(base=start.shape[:-2], **{f"{m} on {x}": a.shape for (m, x), a in arrays.items()})
        tariffs = np.array(np.broadcast_to(start, shape + start.shape[-2:]))
        for (importer, exporter), rate in arrays.items():
            tariffs[..., self.position(exporter), self.position(importer)] = rate
        return checked_tariffs("tariffs", tariffs, self.n_regions)

    def ban_matrix(self, pairs: Sequence[tuple[str, str]]) -> NDArray[np.bool_]:
        """Export bans (n, n) from named pairs (exporter, importer): ("CN", "US") stops sales from China to the US."""
        bans = np.zeros((self.n_regions, self.n_regions), dtype=bool)
        for exporter, importer in pairs:
            bans[self.position(exporter), self.position(importer)] = True
        return bans

    def purged(self) -> TradeModel:
        """The same world without trade deficits: D' = 0 at base tariffs is the new base (Ossa 2014, section II).

        Whether it worked is in `is_balanced` of the answer.
        """
        outcome = self._solve(self.base_tariffs, deficits=np.zeros(self.n_regions))
        return TradeModel(
            outcome.spending, self.elasticity, self.regions, self.base_tariffs, self.floored, self.dropped
        )

    def solve(
        self,
        tariffs: ArrayLike | None = None,
        *,
        export_bans: ArrayLike | None = None,
        iceberg: ArrayLike | None = None,
        start: ArrayLike | None = None,
        tolerance: float = 1e-12,
        max_iterations: int = 500,
    ) -> TradeOutcome:
        """Equilibrium at new tariffs (..., n, n), all combinations with the draws of the model in one call.

        tariffs: rates t[exporter, importer] > -1 (0.5 is 50 %), zero diagonal; default the base tariffs
        export_bans: boolean (..., n, n), True stops the flow altogether; own pairs cannot be banned
        iceberg: change tau (..., n, n) > 0 of iceberg trade costs; default 1
        start: wages (..., n) > 0 to start from; default 1
        Leading axes broadcast against those of the model. Residuals above `tolerance` are reported in `converged`.
        """
        n = self.n_regions
        rates = self.base_tariffs if tariffs is None else checked_tariffs("tariffs", tariffs, n)
        costs = np.ones((n, n)) if iceberg is None else checked("iceberg", iceberg, low=0.0, strict=True)
        checked_square("iceberg", costs, n)
        if export_bans is not None:
            costs = np.where(checked_bans(export_bans, self.spending, self.regions), np.inf, costs)
        wages = np.ones(n) if start is None else checked("start", start, low=0.0, strict=True)
        if wages.shape[-1:] != (n,):
            raise ValueError(f"start has shape {wages.shape}; the rule is (..., {n})")
        return self._solve(rates, costs, self.deficits, wages, tolerance, max_iterations)

    def _solve(
        self,
        tariffs: Array,
        costs: Array | None = None,
        deficits: Array | None = None,
        start: Array | None = None,
        tolerance: float = 1e-12,
        max_iterations: int = 500,
    ) -> TradeOutcome:
        n = self.n_regions
        costs = np.ones((n, n)) if costs is None else costs
        deficits = self.deficits if deficits is None else deficits
        start = np.ones(n) if start is None else start
        shape = batch_shape(
            model=self.shape, tariffs=tariffs.shape[:-2], costs=costs.shape[:-2], start=start.shape[:-1]
        )
        data = (
            self.spending,
            self.base_tariffs,
            tariffs,
            costs,
            self.output,
            self.deficits,
            deficits,
            start,
            self.elasticity[..., None],
        )
        views = [
            np.broadcast_to(a, (shape or (1,)) + a.shape[a.ndim - k :])
            for a, k in zip(data, (2, 2, 2, 2, 1, 1, 1, 1, 1), strict=True)
        ]
        count = int(np.prod(shape, dtype=np.int64))
        chunk = max(1, _CHUNK_ENTRIES // n**2)
        blocks = []
        for first in range(0, max(count, 1), chunk):
            rows = np.unravel_index(np.arange(first, min(first + chunk, count)), shape or (1,))
            blocks.append(solve_block(tolerance, max_iterations, *(view[rows] for view in views)))
        parts = [np.concatenate(part).reshape(shape + part[0].shape[1:]) for part in zip(*blocks, strict=True)]
        return TradeOutcome(self.regions, np.broadcast_to(tariffs, (*shape, n, n)), *parts)


def real_income_from_shares(model: TradeModel, outcome: TradeOutcome) -> Array:
    """Real income (..., n) from domestic shares and tariff shares alone; equals `real_income` under balanced trade.

    W_n = (lambda'_nn/lambda_nn)^(-1/eps) (1 - T_n)/(1 - T'_n), T_n = sum_i lambda_in t_in/(1+t_in).
    Source: Costinot and Rodriguez-Clare (2014), section 4.1, after Arkolakis, Costinot and Rodriguez-Clare (2012).
    NaN where a region sold nothing at home at the base.
    """
    shares = model.spending / model.expenditure[..., None, :]
    before = 1.0 - (shares * (model.base_tariffs / (1.0 + model.base_tariffs))).sum(axis=-2)
    after = 1.0 - (outcome.trade_shares * (outcome.tariffs / (1.0 + outcome.tariffs))).sum(axis=-2)
    new, old = (s.diagonal(axis1=-2, axis2=-1) for s in (outcome.trade_shares, shares))
    ratio = np.divide(new, old, out=np.full(np.broadcast_shapes(new.shape, old.shape), np.nan), where=old > 0.0)
    return np.asarray(ratio ** (-1.0 / model.elasticity[..., None]) * before / after)
