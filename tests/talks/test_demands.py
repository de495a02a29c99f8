"""Demands that cannot be divided: what they do to the agreements, exact thresholds, and both sides alike."""

from __future__ import annotations

import json
import pickle
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog
from small_talks import BASE, SMALL, agreement, prisoners, small_rounds

from bargain.standoff import Scenario, ScenarioError
from bargain.talks import Agreement, Request, agree, negotiate
from bargain.talks.demands import Concession, bargain_with_demands, demands_of, most_beside

USD = np.array([2.0, 1.0])
PLAYERS = ("A", "B")
SOLUTIONS = ["nash", "kalai-smorodinsky", "egalitarian", "utilitarian"]


def demand(value: float, cost: float, demander: int = 1) -> tuple[Concession, ...]:
    return (Concession("island", "an island", demander, 1 - demander, value, cost),)


def talked(arrangement: str, demands: str, **values: float) -> Agreement:
    scenario = BASE.with_values({f"unification.{key}": value for key, value in values.items()}) if values else BASE
    return negotiate(scenario, arrangement=arrangement, rounds=small_rounds(), demands=demands)


def with_file(**changes: object) -> Scenario:
    entry = BASE.file.demands["unification"].model_copy(update=changes)
    return replace(BASE, file=BASE.file.model_copy(update={"demands": {"unification": entry}}))


@pytest.mark.parametrize("arrangement", ["truce", "deal"])
def test_off_is_the_same_to_the_last_bit_whatever_the_demand(arrangement: str) -> None:
    plain, dear = agreement(arrangement), talked(arrangement, "off", value=1.0, cost=0.0)
    assert plain.outcome == dear.outcome
    assert plain.outcome.demanded is None
    assert "demands" not in plain.summary()


@pytest.mark.parametrize("arrangement", ["truce", "deal"])
def test_insisting_breaks_talks_down_from_exactly_the_stated_cost_on(arrangement: str) -> None:
    demanded = talked(arrangement, "insisted").outcome.demanded
    assert demanded is not None
    (largest,) = demanded.largest_cost
    assert largest is not None
    below, above = (talked(arrangement, "insisted", cost=largest * (1.0 + e)) for e in (-1e-6, 1e-6))
    assert below.reached
    assert below.certified
    assert below.outcome.demanded is not None
    assert below.outcome.demanded.made == (True,)
    assert above.status == "no agreement"
    np.testing.assert_array_equal(above.payoffs, above.threat_point)


def test_side_payments_buy_a_concession_from_exactly_the_stated_value_on() -> None:
    demanded = talked("deal", "insisted").outcome.demanded
    assert demanded is not None
    (least,) = demanded.least_value
    assert least is not None
    assert not talked("deal", "insisted", value=least * (1.0 - 1e-6)).reached
    assert talked("deal", "insisted", value=least * (1.0 + 1e-6)).reached


def test_in_a_deal_the_price_is_midway_between_worth_and_cost() -> None:
    without, made = agreement("deal"), talked("deal", "insisted")
    assert made.outcome.demanded is not None
    assert without.outcome.deal is not None
    assert made.outcome.deal is not None
    np.testing.assert_array_equal(made.outcome.deal.plan, without.outcome.deal.plan)
    usd = made.setting.usd
    own = made.payoffs - made.outcome.demanded.worth
    price = (own - without.payoffs) * usd
    expected = 0.5 * (0.1 * usd[1] + 0.2 * usd[0])
    np.testing.assert_allclose(price, [expected, -expected], rtol=1e-9)
    np.testing.assert_allclose(made.outcome.demanded.without, without.payoffs, atol=1e-12)
    assert f"US pays {-expected:+.4g} bn USD, CN pays {expected:+.4g} bn USD" in made.terms()


@pytest.mark.parametrize("solution", SOLUTIONS)
def test_in_a_deal_what_is_worth_more_than_it_costs_is_conceded(solution: str) -> None:
    usd = agreement("deal").setting.usd
    even = 0.1 * usd[1] / usd[0]
    for factor, made in ((0.999, True), (1.001, False)):
        scenario = BASE.with_values({"unification.cost": even * factor})
        found = negotiate(
            scenario, arrangement="deal", solution=solution, rounds=small_rounds(), demands="negotiable"
        ).outcome.demanded
        assert found is not None
        assert found.made == (made,)


def test_what_nobody_gains_by_is_not_conceded() -> None:
    found = talked("truce", "negotiable", value=0.0, cost=0.0)
    assert found.outcome.demanded is not None
    assert found.outcome.demanded.made == (False,)
    assert found.outcome.lottery == agreement().outcome.lottery


def test_what_enforces_itself_does_not_depend_on_a_sunk_concession() -> None:
    plain, made = agreement(), talked("truce", "insisted", cost=0.01)
    assert made.outcome.demanded is not None
    assert made.outcome.demanded.made == (True,)
    assert made.outcome.n_enforcing == plain.outcome.n_enforcing
    np.testing.assert_array_equal(made.outcome.payoff_set, plain.outcome.payoff_set)
    mixture = sum(
        chance * made.setting.at_start(play.values)
        for chance, play in zip(made.outcome.lottery, made.outcome.truces, strict=True)
    )
    np.testing.assert_allclose(made.payoffs, mixture + made.outcome.demanded.worth, atol=1e-12)


def test_two_sides_that_demand_the_same_of_each_other_are_treated_alike() -> None:
    one, other = demand(0.5, 0.2, demander=0), demand(0.5, 0.2, demander=1)
    made = [agree(replace(prisoners(), demands=own), Request(demands="negotiable")) for own in (one, other)]
    for here, there in (made, made[::-1]):
        assert here.payoffs is not None
        assert there.payoffs is not None
        np.testing.assert_allclose(here.payoffs, there.payoffs[::-1], atol=1e-9)
        assert here.outcome.demanded is not None
        assert there.outcome.demanded is not None
        np.testing.assert_allclose(here.outcome.demanded.largest_cost, there.outcome.demanded.largest_cost)
    both = agree(replace(prisoners(), demands=(*one, *other)), Request(demands="negotiable"))
    assert both.outcome.demanded is not None
    assert both.outcome.demanded.made == (True, True)
    np.testing.assert_allclose(both.outcome.demanded.worth, [0.3, 0.3])
    assert Agreement.from_dict(json.loads(json.dumps(both.to_dict()))) == both


points = st.lists(st.tuples(*[st.floats(-3.0, 3.0)] * 2), min_size=1, max_size=6).map(np.array)
amounts = st.floats(0.0, 2.0)


@settings(max_examples=40, deadline=None)
@given(points, st.floats(-3.0, 3.0))
def test_the_most_beside_another_is_what_a_linear_program_finds(table: np.ndarray, least: float) -> None:
    weights = np.ones((1, len(table)))
    found = linprog(-table[:, 0], A_ub=-table[:, 1:].T, b_ub=[-least], A_eq=weights, b_eq=[1.0])
    value = most_beside(table, 0, 1, least)
    if value is None:
        assert not found.success or least > table[:, 1].max() - 1e-6
    elif found.success:
        assert value == pytest.approx(-found.fun, abs=1e-6)


@settings(max_examples=10, deadline=None)
@given(points, amounts, amounts, st.sampled_from(SOLUTIONS))
def test_negotiable_is_the_better_of_both_by_the_objective(
    table: np.ndarray, value: float, cost: float, solution: str
) -> None:
    threat, results = np.array([-1.0, -1.0]), {}
    for kind, demands in (
        ("without", demand(0.0, 0.0)),
        ("with", demand(value, cost)),
        ("either", demand(value, cost)),
    ):
        how = "negotiable" if kind == "either" else "insisted"
        request = Request(solution=solution, demands=how)
        results[kind] = bargain_with_demands(table, threat, USD, PLAYERS, request, demands, request.division(0.9))[0]
    gains = {kind: found.gains for kind, found in results.items()}
    assert results["either"].agreement == (results["without"].agreement or results["with"].agreement)
    aims = {"nash": np.prod, "utilitarian": np.sum, "egalitarian": np.min}
    if solution in aims:
        best = max(float(aims[solution](gains[kind])) for kind in ("without", "with"))
        assert float(aims[solution](gains["either"])) == pytest.approx(best, abs=1e-8)


def test_words_data_and_pickle_hold_both_sides_alike() -> None:
    made = talked("deal", "insisted")
    text = json.dumps(made.to_dict(), allow_nan=False)
    assert Agreement.from_dict(json.loads(text)) == made
    assert pickle.loads(pickle.dumps(made)) == made
    assert made.record()["demands"]["made"] == [True]
    words = made.summary()
    assert "demands insisted: no agreement unless all of them are conceded" in words
    assert "CN demands of US: a concession on unification, for good: conceded" in words
    assert "  CN: worth +0.1 % of own GDP" in words
    assert "  US: worth -0.2 % of own GDP" in words


def test_bad_demands_are_one_clear_line() -> None:
    with pytest.raises(ValueError, match="demands = 'insist' is not one of off, negotiable, insisted; did you mean"):
        negotiate(BASE, rounds=small_rounds(), demands="insist")
    with pytest.raises(ScenarioError, match=r"demands\.unification\.demander = 'CM' is no strategic player"):
        demands_of(with_file(demander="CM"))
    with pytest.raises(ScenarioError, match="demands it of itself"):
        demands_of(with_file(demander="US"))
    with pytest.raises(ScenarioError, match="there are none"):
        agree(prisoners(), Request(demands="insisted"))
    bare = replace(BASE, file=BASE.file.model_copy(update={"demands": {}}))
    with pytest.raises(ScenarioError, match="there are none"):
        negotiate(bare, levels=SMALL, demands="negotiable")


def test_the_path_counts_what_was_conceded() -> None:
    rounds = small_rounds()
    plain, conceded = (
        negotiate(BASE, rounds=rounds, arrangement="deal", threat="punishment", demands=demands)
        for demands in ("off", "insisted")
    )
    worth = conceded.outcome.worth_conceded
    assert np.abs(worth).min() > 0.0
    before, after = plain.path(3), conceded.path(3)
    for k, player in enumerate(plain.players):
        rows = [table.loc[table["player"] == player, "payoff"].to_numpy() for table in (before, after)]
        np.testing.assert_allclose(rows[1] - rows[0], worth[k], atol=1e-12)
    with pytest.raises(ValueError, match="change no window"):
        conceded.closing_window()
