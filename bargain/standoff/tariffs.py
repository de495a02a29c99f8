"""Tariffs of a scenario in the trade model: real income, displaced imports and revenue of every player over all
tariff moves."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bargain.economy.trade import TradeModel, TradeOutcome
from bargain.standoff.payoffs import FloatArray, Round
from bargain.standoff.scenario import Scenario
from bargain.standoff.schema import ScenarioError, TariffInstrument


@dataclass(frozen=True, eq=False)
class TariffTerms:
    """Effects of tariffs by player code, arrays that broadcast to (n_draws, *n_actions), percent of own GDP per year.

    real_income: change of real income (scaled for the short run); displaced: fall of imports from the rival at
    customs value; revenue: change of tariff revenue; converged: whether the trade model solved at every cell.
    """

    real_income: dict[str, FloatArray]
    displaced: dict[str, FloatArray]
    revenue: dict[str, FloatArray]
    converged: bool

    def repeated(self, n_times: int) -> TariffTerms:
        """Each draw ``n_times`` in a row, for as many states."""
        income, displaced, revenue = (
            {code: np.repeat(array, n_times, axis=0) for code, array in terms.items()}
            for terms in (self.real_income, self.displaced, self.revenue)
        )
        return TariffTerms(income, displaced, revenue, self.converged)


def trade_model(scenario: Scenario, elasticity: float | None = None) -> TradeModel:
    """The trade model at the tariffs before the standoff, deficits purged unless the scenario says otherwise.

    elasticity defaults to the scenario's. Trade is goods trade at customs value from the evidence, of 2024 or of
    the scenario's episode; domestic sales are GDP less exports. Raises ScenarioError for a GDP below exports.
    """
    values = {key: np.array([p.value]) for key, p in scenario.parameters.items()}
    if elasticity is not None:
        values["trade.elasticity"] = np.array([elasticity])
    worlds = _worlds(scenario, values)
    return TradeModel(worlds.spending[0, 0], worlds.elasticity[0, 0], worlds.regions, worlds.base_tariffs[0, 0])


def _worlds(scenario: Scenario, values: dict[str, FloatArray]) -> TradeModel:
    """The world of each draw, leading axes (n_draws, 1): GDP, base tariffs and elasticity vary, trade flows do not."""
    regions, flows = tuple(scenario.file.trade.regions), scenario.evidence.trade_flows()
    order = [flows.regions.index(code) for code in regions]
    customs = flows.values[np.ix_(order, order)]
    base = _base_matrix(scenario, values)
    known = dict(zip(flows.regions, scenario.evidence.gdp(), strict=True))
    gdp = [values.get(f"{code}.gdp_usd_bn", np.full(len(base), known[code])) for code in regions]
    domestic = np.stack(gdp, axis=1) - customs.sum(axis=1)
    if (domestic <= 0).any():
        n = int(np.argwhere(domestic <= 0)[0, 1])
        raise ScenarioError(f"{regions[n]}.gdp_usd_bn = {gdp[n].min():g} is not above exports of {customs[n].sum():g}")
    spending = customs * (1 + base)
    spending[:, np.arange(len(regions)), np.arange(len(regions))] = domestic
    model = TradeModel(spending[:, None], values["trade.elasticity"][:, None], regions, base[:, None])
    return model.purged() if scenario.choices["options.deficits"] == "purged" else model


def _base_matrix(scenario: Scenario, values: dict[str, FloatArray]) -> FloatArray:
    """(n_draws, n, n) tariffs at the reference levels, rows exporters, columns importers."""
    regions = scenario.file.trade.regions
    other = values["trade.other_tariff"]
    matrix = np.broadcast_to(other[:, None, None], (len(other), len(regions), len(regions))).copy()
    matrix[:, np.arange(len(regions)), np.arange(len(regions))] = 0.0
    for name, item in tariff_instruments(scenario).items():
        matrix[:, regions.index(item.target), regions.index(item.player)] = values[f"{name}.{item.reference}.rate"]
    return matrix


def tariff_instruments(scenario: Scenario) -> dict[str, TariffInstrument]:
    """The tariffs among the instruments of a scenario."""
    return {name: item for name, item in scenario.file.instruments.items() if isinstance(item, TariffInstrument)}


def tariff_terms(scenario: Scenario, game: Round, values: dict[str, FloatArray]) -> TariffTerms:
    """Solve the trade model once per combination of tariff levels and draw, then spread the results over the moves."""
    names = tariff_instruments(scenario)
    model = _worlds(scenario, values)
    level_names = [list(item.levels) for item in names.values()]
    combinations = list(itertools.product(*level_names))
    tariffs = np.repeat(model.base_tariffs, len(combinations), axis=1)
    regions = scenario.file.trade.regions
    for k, combination in enumerate(combinations):
        for level, (name, item) in zip(combination, names.items(), strict=True):
            row, column = regions.index(item.target), regions.index(item.player)
            tariffs[:, k, row, column] = values[f"{name}.{level}.rate"]
    outcome = model.solve(tariffs)
    grid = tuple(len(levels) for levels in level_names)
    cells = tuple(game.moves.level[name, item.player] for name, item in names.items())
    flat = (
        np.ravel_multi_index(np.broadcast_arrays(*cells), grid)
        if cells
        else np.zeros((1,) * len(game.moves.players), int)
    )
    start = combinations.index(tuple(item.reference for item in names.values()))
    return _spread(scenario, game, model, outcome, flat, start)


def _spread(
    scenario: Scenario, game: Round, model: TradeModel, outcome: TradeOutcome, cell: NDArray[np.intp], start: int
) -> TariffTerms:
    """From (n_draws, n_combinations, n_regions) to arrays over the moves by player.

    Changes are from combination ``start``, the reference tariffs, solved like the others: there they are exactly 0.
    """
    regions, scale = scenario.file.trade.regions, game.value("trade.short_run_scale")
    size = model.output / model.expenditure
    income, revenue_share = outcome.real_income, outcome.revenue / outcome.expenditure
    customs_share = outcome.trade_shares / (1 + outcome.tariffs)
    real_income, displaced, revenue = {}, {}, {}
    for code, player in scenario.file.players.items():
        n = regions.index(code)
        real_income[code] = scale * 100 * (income[..., n] / income[:, [start], n] - 1)[:, cell]
        gained = revenue_share[..., n] - revenue_share[:, [start], n]
        revenue[code] = 100 * (gained / size[..., n])[:, cell]
        if player.rival is not None:
            i = regions.index(player.rival)
            fall = customs_share[:, [start], i, n] - customs_share[..., i, n]
            displaced[code] = 100 * (fall / size[..., n])[:, cell]
    return TariffTerms(real_income, displaced, revenue, bool(outcome.converged.all()))
