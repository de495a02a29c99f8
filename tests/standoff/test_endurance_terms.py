"""What the mechanisms of endurance read from a scenario, against the payoffs of a round."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from bargain.evidence import ParameterTable
from bargain.mechanisms.attrition import attrition
from bargain.mechanisms.bluff import bluff
from bargain.mechanisms.endurance import embargo_threshold, endurance
from bargain.mechanisms.endurance_prior import EndurancePrior
from bargain.mechanisms.hoarding import target_stock
from bargain.standoff import PayoffTable, ScenarioError, load_scenario
from bargain.standoff.mechanism_endurance import CONTEST, EnduranceTerms, endurance_terms

SCENARIO = load_scenario("us-china-2025")


@pytest.fixture(scope="module")
def terms() -> EnduranceTerms:
    return endurance_terms(SCENARIO)


@cache
def round_table(stock: float) -> PayoffTable:
    """A round with one general stock."""
    scenario = SCENARIO.with_values({"options.stocks": "pooled"})
    return scenario.with_values(dict.fromkeys(scenario.stock_keys(("US",)), stock)).payoffs()


def payoff(stock: float, outcome: str, code: str) -> float:
    return float(round_table(stock).frame(CONTEST[outcome]).loc["total", code])


def test_prizes_and_costs_are_differences_of_payoffs(terms: EnduranceTerms) -> None:
    assert terms.players == ("US", "CN")
    for k, (code, other) in enumerate((("US", "CN"), ("CN", "US"))):
        lost, won = payoff(1000.0, f"{code} gives in", code), payoff(1000.0, f"{other} gives in", code)
        assert terms.prize[k] == pytest.approx(won - lost)
        assert terms.covered_cost[k] == pytest.approx(lost - payoff(1000.0, "goes_on", code))
        assert terms.bare_cost[k] == pytest.approx(lost - payoff(0.0, "goes_on", code))
    assert terms.stock_months == (2.0, 4.0, 18.0)
    assert min(terms.prize) > 0.0


def test_endurance_in_months_uses_the_prize_up(terms: EnduranceTerms) -> None:
    for stock in (0.0, 2.0, 4.0, 18.0):
        months, covered = terms.target_endurance(stock), terms.covered_months(stock)
        cost = min(months, covered) * terms.covered_cost[0] + max(months - covered, 0.0) * terms.bare_cost[0]
        assert cost == pytest.approx(terms.prize[0] * terms.concession_months)
    assert np.all(np.diff([terms.target_endurance(x) for x in (0, 1, 5, 20)]) > 0)
    assert terms.sender_endurance(0.5) > terms.sender_endurance() > terms.sender_endurance(1.5)
    free = replace(terms, covered_cost=(0.0, -1.0), bare_cost=(0.0, -1.0))
    assert free.sender_endurance() == math.inf
    with pytest.raises(ScenarioError, match="endurance has no end"):
        free.priors()


def test_defaults_make_certified_play(terms: EnduranceTerms) -> None:
    found = attrition(*terms.priors())
    assert max(found.gains) < 1e-4
    came = terms.exhaustion()
    assert came.holds
    assert came.rival_gain < 1e-4
    assert came.gaining < 0.03
    known = terms.exhaustion(EndurancePrior.points((18.0,), (1.0,), terms.obstinate))
    assert known.yields[1] > 0.9
    assert bluff(**terms.bluff_terms()).gain < 1e-9
    assert target_stock(terms.market()) > 18.0


def test_a_stock_that_outlasts_its_prize_ends_with_it(terms: EnduranceTerms) -> None:
    dear = replace(terms, covered_cost=(0.3, terms.covered_cost[1]))
    assert dear.target_endurance(18.0) == dear.target_endurance(100.0) == pytest.approx(12.0 * dear.prize[0] / 0.3)
    prior = dear.priors()[0]
    assert not prior.smooth
    assert sum(prior.chances) == pytest.approx(1.0 - terms.obstinate)
    assert max(attrition(*dear.priors()).gains) < 1e-4
    assert not dear.exhaustion().holds


def test_stocks_that_deter(terms: EnduranceTerms) -> None:
    rationed, bridging = terms.deterring_stocks()
    assert terms.threshold() == pytest.approx(
        float(embargo_threshold(terms.sender_cost, terms.sender_prize, terms.discount_factor))
    )
    assert endurance(stock=rationed, **terms.drawdown_terms()) >= terms.threshold()
    assert endurance(stock=rationed - 1e-3, **terms.drawdown_terms()) < terms.threshold()
    assert terms.target_endurance(bridging) == pytest.approx(3.0 * terms.threshold())
    assert abs(terms.against(bridging)[1]) < 1e-9
    assert terms.against(bridging + 1.0)[1] < 0.0 < terms.against(bridging - 1.0)[1]


def test_what_a_scenario_lacks_is_named() -> None:
    kept = [p for key, p in SCENARIO.parameters.items() if key != "mechanisms.hoarding.storage"]
    with pytest.raises(ScenarioError, match=r"has no mechanisms\.hoarding\.storage"):
        endurance_terms(replace(SCENARIO, parameters=ParameterTable(kept)))
    with pytest.raises(ScenarioError, match="no export control acts on the input 'gallum'"):
        endurance_terms(SCENARIO, input_name="gallum")
