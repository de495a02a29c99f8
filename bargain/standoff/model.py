"""From a scenario to a game: all payoff terms of one round, over all moves and any number of parameter draws."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from bargain.standoff.instruments import moves
from bargain.standoff.payoff_table import MATERIAL, TERMS, PayoffTable
from bargain.standoff.payoffs import FloatArray, Round
from bargain.standoff.scenario import Scenario
from bargain.standoff.schema import ScenarioError, nearest
from bargain.standoff.tariffs import TariffTerms, tariff_terms


def round_payoffs(
    scenario: Scenario,
    players: tuple[str, ...] | None = None,
    draws: Mapping[str, FloatArray] | None = None,
) -> PayoffTable:
    """Payoff terms of one round of ``scenario``.

    players: who moves (default: the strategic players); everybody else holds the reference level. draws: key ->
    (n_draws,) for all or some parameters, as from ``Scenario.draws``; parameters that it leaves out keep their value.
    """
    values = parameter_arrays(scenario, draws)
    game = Round(scenario.file, scenario.choices, values, moves(scenario.file, tuple(players or scenario.players)))
    trade = tariff_terms(scenario, game, values)
    if not trade.converged:
        raise ScenarioError(f"{scenario.name}: the trade model did not converge at some tariffs; lower them")
    return payoff_table(game, trade)


def payoff_table(game: Round, trade: TariffTerms, codes: tuple[str, ...] | None = None) -> PayoffTable:
    """All payoff terms of a round, given the effects of tariffs; codes: players to report, the strategic ones among
    them (default: all)."""
    codes = codes or tuple(game.file.players)
    terms: dict[str, dict[str, FloatArray]] = {name: {} for name in TERMS}
    for code in codes:
        for name, array in _own_terms(game, trade, code).items():
            terms[name][code] = np.broadcast_to(array, game.full_shape)
    material = {code: np.asarray(sum(terms[name][code] for name in MATERIAL)) for code in game.moves.players}
    terms["audience"] = game.audience(material)
    return PayoffTable(codes, game.moves, _stacked(terms, game, codes), _saturated(game))


def parameter_arrays(scenario: Scenario, draws: Mapping[str, FloatArray] | None = None) -> dict[str, FloatArray]:
    """Every parameter as (n_draws,); one draw, the scenario's own values, where ``draws`` is None."""
    try:
        given = {key: np.atleast_1d(np.asarray(array, dtype=np.float64)) for key, array in (draws or {}).items()}
    except (TypeError, ValueError):
        raise ScenarioError("draws are not arrays of numbers, (n_draws,) for each key") from None
    sizes = {array.shape for array in given.values()} or {(1,)}
    if len(sizes) > 1:
        raise ScenarioError(f"draws have different lengths: {', '.join(map(str, sorted(sizes)))}")
    shape = sizes.pop()
    if len(shape) != 1 or shape[0] < 1:
        raise ScenarioError(f"draws of shape {shape} are not (n_draws,) with at least one draw")
    n_draws = shape[0]
    for key, array in given.items():
        if key not in scenario.parameters:
            near = nearest(key, list(scenario.parameters))
            raise ScenarioError(f"unknown key '{key}' in the draws for scenario '{scenario.name}'{near}")
        attribute = scenario.attributes[key]
        if not (np.isfinite(array) & (array >= attribute.low) & (array <= attribute.high)).all():
            raise ScenarioError(f"draws of {key} leave [{attribute.low:g}, {attribute.high:g}]")
    return {key: given.get(key, np.full(n_draws, p.value)) for key, p in scenario.parameters.items()}


def _own_terms(game: Round, trade: TariffTerms, code: str) -> dict[str, FloatArray]:
    """All terms of one player but the audience cost, which needs everybody's."""
    player = game.file.players[code]
    weight = game.value(f"{code}.protection_weight")
    if player.moods:
        weight = weight * game.protection_factor(code)
    reliability, rent = game.control_terms(code)
    detours, alliance = game.bystander_terms(code)
    return {
        "tariffs": trade.real_income[code],
        "protection": weight * trade.displaced.get(code, game.value("", 0.0)),
        "tariff_revenue": game.value(f"{code}.revenue_weight") * trade.revenue[code],
        "shortage": game.shortage(code),
        "security_loss": game.security_loss(code),
        "security_gain": game.security_gain(code),
        "licence_rent": game.licence_rent(code),
        "reliability": reliability,
        "bottleneck_rent": rent,
        "detours": detours,
        "alliance": alliance,
    }


def _stacked(terms: dict[str, dict[str, FloatArray]], game: Round, codes: tuple[str, ...]) -> dict[str, FloatArray]:
    """term -> (n_draws, n_players, *n_actions), read-only; a term that no player has is left out, but for tariffs: a
    table is never empty."""
    stacked = {}
    for name, by_player in terms.items():
        columns = [np.broadcast_to(by_player.get(code, np.zeros(())), game.full_shape) for code in codes]
        array = np.stack(columns, axis=1)
        if array.any() or name == "tariffs":
            array.flags.writeable = False
            stacked[name] = array
    return stacked


def _saturated(game: Round) -> int:
    """Draws in which some sector's elasticity stands at the Leontief limit."""
    at_limit = np.zeros(game.n_draws, dtype=bool)
    for sector, members in game.file.sectors.items():
        for user in members.users:
            at_limit |= (game.sector_elasticity(sector, user) == 0).reshape(game.n_draws)
    return int(at_limit.sum())
