"""Tracing and licences in the shipped scenario: the glue says what the standoff says, in the mechanisms' units."""

from __future__ import annotations

import json

import numpy as np
import pytest

from bargain.mechanisms.licence_screening import best_length, licence_equilibrium, permanent_value
from bargain.mechanisms.transshipment import transship
from bargain.standoff import ScenarioError, load_scenario
from bargain.standoff.instruments import moves
from bargain.standoff.mechanism_tracing import (
    RouteBalance,
    detour_routes,
    inspection_of_traders,
    licence_office,
    licence_terms,
    premium_slope,
    route_balance,
)
from bargain.standoff.model import parameter_arrays, round_payoffs
from bargain.standoff.payoffs import Round

BASE = load_scenario("us-china-2025")
UNEQUAL = BASE.with_values({"diversion.tracing": 0.3, "TW.reexport_weight": 0.5, "EU.reexport_weight": 0.1})
EMPTY = BASE.with_values(dict.fromkeys(BASE.stock_keys(BASE.bystanders), 0.0))


@pytest.mark.parametrize("scenario", [BASE, UNEQUAL])
@pytest.mark.parametrize("stance", ["neutral", "align_US", "align_CN"])
def test_the_routes_carry_what_detours_carry_in_the_standoff(scenario, stance):
    place = list(scenario.file.instruments["alignment"].levels).index(stance)
    held = moves(scenario.file, ("CN",))
    stances = {code: np.full((1, 1), place) for code in scenario.bystanders}
    game = Round(scenario.file, scenario.choices, parameter_arrays(scenario), held, stances)
    label, control = game.control("heavy_rare_earths")
    diverted = np.broadcast_to(
        game.diverted(scenario.file.inputs["heavy_rare_earths"], label, control, "US"), (1, *held.shape)
    )
    found = transship(detour_routes(scenario, stance))
    restricted = held.actions[0].index("pre_2025/dual_track")
    assert diverted[0, restricted] == pytest.approx(found.total, rel=0, abs=1e-12)
    assert diverted[0, held.reference[0]] == 0.0
    for code, moved, profit in zip(found.routes.names, found.moved, found.profit, strict=True):
        assert moved == pytest.approx(float((game.reexport * game.detour_share(code)).item()), abs=1e-12)
        purchases = sum(
            scenario.parameters[f"{name}.US.purchases_usd_bn"].value for name in ("light_magnets", "heavy_rare_earths")
        )
        own = 100 * purchases / scenario.parameters[f"{code}.gdp_usd_bn"].value * profit
        assert np.broadcast_to(game.bystander_terms(code)[0], (1, *held.shape))[0, restricted] == pytest.approx(
            own, abs=1e-12
        )


def test_numbers_of_single_routes_can_differ():
    routes = detour_routes(BASE, changes={"tracing": {"TW": 1.0}, "penalty": 2.0})
    assert dict(zip(routes.names, routes.tracing, strict=True))["TW"] == 1.0
    assert (routes.penalty == 2.0).all()
    assert transship(routes).moved[routes.names.index("TW")] == 0.0
    assert premium_slope(BASE) == 0.0
    assert premium_slope(BASE, 2.0) == 2.0


def test_balance_of_a_route_is_the_difference_of_stances_in_the_payoff_table():
    """Traders' profit and own shortage at dual-track licences, from the whole table of the round."""
    found = route_balance(EMPTY, np.array([0.0, 0.4, 1.0]))
    for k, tracing in enumerate(found.tracing):
        tables = []
        for willing in (1.0, 0.0):
            scenario = EMPTY.with_values(
                {"diversion.tracing": float(tracing), "alignment.neutral.willingness": willing}
            )
            tables.append(round_payoffs(scenario, ("CN",)))
        place = tables[0].moves.actions[0].index("pre_2025/dual_track")
        for i, code in enumerate(found.names):
            gdp = 10 * EMPTY.parameters[f"{code}.gdp_usd_bn"].value
            at = tables[0].players.index(code)

            def change(names, at=at, tables=tables, place=place):
                own = (sum(t.terms[n][0, at, place] for n in names if n in t.terms) for t in tables)
                return next(own) - next(own)

            assert found.profit[i, 0, k] == pytest.approx(gdp * change(["detours"]), abs=1e-8)
            assert found.losses[i, 0, k] == pytest.approx(gdp * change(["shortage", "security_loss"]), abs=1e-8)


def test_traders_stop_at_one_coverage_and_countries_before():
    coverage = np.linspace(0, 1, 21)
    traders = detour_routes(BASE).deterring_coverage
    np.testing.assert_allclose(traders, 2.6 / 3.6)
    bare, stocked = route_balance(EMPTY, coverage), route_balance(BASE, coverage)
    assert (bare.deterring_coverage[:, 0] <= traders + 0.05).all()
    # Stocks bridge within a quarter whatever licences are lost.
    np.testing.assert_allclose(stocked.deterring_coverage[:, 0], 0.75)
    np.testing.assert_allclose(stocked.losses, 0.0, atol=1e-9)
    assert RouteBalance.from_dict(json.loads(json.dumps(bare.to_dict()))) == bare
    draws = EMPTY.draws(3, 5)
    assert route_balance(EMPTY, coverage, draws=draws).total.shape == (5, 3, 21)


def test_the_office_in_numbers_of_the_scenario():
    office = licence_office(BASE)
    p = BASE.parameters
    assert office.harm == pytest.approx(0.02 * p["heavy_rare_earths.US.dependence"].value)
    assert office.share == pytest.approx(0.5)
    best = office.best_policy()
    assert best.regime == "no diversion"
    assert best.coverage == pytest.approx(2.6 / (2.6 + best.penalty))
    assert licence_office(BASE, coverage_cost=2.0).best_policy().regime != "no diversion"


def test_the_inspectors_chance_is_the_coverage_that_deters():
    game = inspection_of_traders(BASE)
    assert game.inspect == pytest.approx(2.6 / 3.6)
    cost = 0.001 / (0.02 * BASE.parameters["heavy_rare_earths.US.dependence"].value * 0.5 * 0.22)
    assert game.violate == pytest.approx(cost / (0.5 + cost))
    assert game.leader >= game.inspector
    with pytest.raises(ScenarioError, match="no harm"):
        inspection_of_traders(BASE.with_values({"diversion.margin": 0.0}))


def test_licences_in_numbers_of_the_scenario():
    terms = licence_terms(BASE)
    assert terms.length == 6.0
    assert terms.discount_factor == pytest.approx(0.97 ** (1 / 3))
    assert (1 - terms.detection) ** 6 == pytest.approx(0.4)
    assert terms.military_share == pytest.approx(0.05)
    # All civil users together: rent on their use and the reliability kept; all military ones: the security value.
    rent = 100 * 0.3 * 0.05 / 18740
    assert 12 * 0.95 * terms.civil_benefit == pytest.approx(0.95 * rent + 0.005)
    assert 12 * 0.05 * terms.military_harm == pytest.approx(0.02 - 0.05 * rent)
    assert terms.military_value == pytest.approx(0.0015 * 29180 / (0.05 * 0.05))
    assert permanent_value(terms) == 0.0
    half_year = licence_equilibrium(terms)
    assert half_year.granted
    assert max(half_year.gains.values()) <= 1e-9
    assert best_length(terms, range(1, 25)).office >= half_year.office


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: detour_routes(BASE, "align_UK"), "alignment has no level 'align_UK'.*align_US"),
        (
            lambda: route_balance(BASE, np.array([0.5]), "dual_tracks"),
            "licences has no level 'dual_tracks'.*dual_track",
        ),
        (
            lambda: licence_terms(BASE, "heavy_rare_earth"),
            "no export control acts on 'heavy_rare_earth'.*heavy_rare_earths",
        ),
        (lambda: licence_terms(BASE, "light_magnets"), "light_magnets.US.military_share"),
    ],
)
def test_unknown_names(call, message):
    with pytest.raises(ScenarioError, match=message):
        call()
