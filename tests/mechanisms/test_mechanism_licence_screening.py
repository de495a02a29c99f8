"""Short licences: closed forms against simulation and value iteration, and what must hold at every length."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bargain.mechanisms.licence_screening import (
    LicenceEquilibrium,
    LicenceTerms,
    best_length,
    largest_gains,
    licence_equilibrium,
    licence_lengths,
    permanent_value,
    shortest_length,
)

BASE = {
    "length": 6,
    "military_share": 0.2,
    "discount_factor": 0.98,
    "detection": 0.15,
    "civil_benefit": 1.0,
    "military_harm": 6.0,
    "decision_cost": 0.5,
    "civil_value": 1.0,
    "military_value": 20.0,
    "lawful_value": 1.0,
    "application_cost": 1.0,
    "penalty": 2.0,
}


def money(high):
    """Amounts to the millionth: products of numbers near the smallest float are no test of a model."""
    return st.floats(0, high).map(lambda x: round(x, 6))


terms = st.builds(
    LicenceTerms,
    length=st.integers(1, 36),
    military_share=st.floats(0, 1),
    discount_factor=st.floats(0.5, 0.99),
    detection=st.floats(0, 1),
    civil_benefit=money(5),
    military_harm=money(50),
    decision_cost=money(5),
    civil_value=money(5),
    military_value=money(50),
    lawful_value=money(5),
    application_cost=money(10),
    penalty=money(20),
)


def shipped(**changes):
    return LicenceTerms(**(BASE | changes))


def test_by_hand_with_one_month_licences():
    """b = 1/2, L = 1, A = 1, e = 1/2: a licence misused is worth a - w - F / 4, over 1 - 1/4."""
    found = licence_equilibrium(
        shipped(length=1, discount_factor=0.5, detection=0.5, military_share=0.1, military_value=9.0)
    )
    assert found.military == "military use"
    assert found.military_payoff == pytest.approx((9 - 1 - 0.25 * 2) / 0.75)
    assert found.civil_payoff == pytest.approx(0.0)
    assert found.office == pytest.approx(0.9 * (1 - 0.5) / 0.5 - 0.1 * 6.5 / 0.75)
    assert found.threshold == pytest.approx(1.0 / (1.0 + 6.5 / 0.75))
    assert found.granted


def simulated(game, mu, seed, draws):
    """The office's value from draws of applicants and of the months in which military use comes to light."""
    rng, b = np.random.default_rng(seed), game.discount_factor
    total = np.zeros(draws)
    military = rng.random(draws) < mu
    licensed = np.ones(draws, dtype=bool)
    for licence in range(200):
        start = licence * int(game.length)
        revealed = np.zeros(draws, dtype=bool)
        total -= licensed * game.decision_cost * b**start
        for month in range(int(game.length)):
            flow = np.where(military, -game.military_harm, game.civil_benefit)
            total += licensed * flow * b ** (start + month)
            revealed |= military & (rng.random(draws) < game.detection)
        licensed &= ~revealed
    return total.mean(), total.std() / math.sqrt(draws)


def test_the_offices_value_is_the_mean_of_simulated_applicants():
    game = shipped(military_share=0.1)
    found = licence_equilibrium(game)
    assert found.granted
    mean, error = simulated(game, 0.1, 11, 4000)
    assert abs(mean - found.office) < 4 * error


@settings(deadline=None, max_examples=40)
@given(terms)
def test_no_type_gains_by_another_plan(game):
    found = licence_equilibrium(game)
    scale = 1 + (50 + game.penalty) / (1 - game.discount_factor)
    assert set(found.gains) == {"office", "civil", "military"}
    assert max(found.gains.values()) <= 1e-9 * scale
    assert found.office >= 0.0


def test_the_certificate_sees_wrong_plans():
    right = licence_equilibrium(shipped(military_share=0.05))
    assert (right.military, right.granted) == ("military use", True)
    for change, side in (
        ({"military": "lawful use"}, "military"),
        ({"civil": "out"}, "civil"),
        ({"granted": False}, "office"),
    ):
        wrong = LicenceEquilibrium(**({**vars(right), "gains": {}} | change))
        assert largest_gains(wrong)[side] > 0.1
    refused = licence_equilibrium(shipped(military_share=0.9))
    assert not refused.granted
    assert largest_gains(LicenceEquilibrium(**{**vars(refused), "granted": True}))["office"] > 0.1


@settings(deadline=None, max_examples=40)
@given(terms)
def test_the_office_grants_up_to_the_threshold(game):
    found = licence_equilibrium(game)
    if 0.0 < found.threshold < 1.0:
        for share, granted in ((0.999 * found.threshold, True), (found.threshold + 1e-3, False)):
            if share <= 1.0:
                assert licence_equilibrium(LicenceTerms(**{**vars(game), "military_share": share})).granted is granted


@settings(deadline=None, max_examples=40)
@given(terms, st.floats(0, 1))
def test_better_detection_never_hurts_the_office_nor_helps_the_military_user(game, part):
    better = LicenceTerms(**{**vars(game), "detection": game.detection + part * (1 - game.detection)})
    before, after = licence_equilibrium(game), licence_equilibrium(better)
    if before.military == after.military:
        assert after.office >= before.office - 1e-9 * (1 + abs(before.office))
    if before.granted == after.granted:
        assert after.military_payoff <= before.military_payoff + 1e-9 * (1 + before.military_payoff)


def test_short_licences_are_an_option_where_those_for_ever_are_refused():
    game = shipped()
    assert permanent_value(game) == 0.0
    chosen = best_length(game, range(1, 25))
    assert chosen.granted
    assert chosen.option_value == pytest.approx(chosen.office)
    assert chosen.option_value > 0.0
    assert 1 < chosen.terms.length < 24
    blind = best_length(shipped(detection=0.0), (*range(1, 25), math.inf))
    assert blind.option_value == 0.0


def test_without_military_users_the_longest_licence_is_best():
    assert best_length(shipped(military_share=0.0), (1, 6, 12, math.inf)).terms.length == math.inf


def test_short_licences_discipline():
    """At a month and sure detection lawful use is worth more than one month of military use; at two years it is not."""
    game = shipped(detection=0.9, application_cost=0.1)
    short, long = licence_lengths(game, (1, 24))
    assert short.military == "lawful use"
    assert long.military == "military use"
    assert short.threshold == 1.0
    assert short.granted


@settings(deadline=None, max_examples=40)
@given(value=st.floats(0.1, 10), cost=st.floats(0.01, 20), discount=st.floats(0.8, 0.995))
def test_the_shortest_length_is_where_a_civil_user_starts_to_apply(value, cost, discount):
    game = shipped(civil_value=value, application_cost=cost, discount_factor=discount)
    edge = shortest_length(game)
    if edge == math.inf:
        assert value / (1 - discount) <= cost * (1 + 1e-9)
    elif edge > 1.1:
        assert licence_equilibrium(game.with_length(edge * 1.01)).civil == "lawful use"
        assert licence_equilibrium(game.with_length(edge * 0.99)).civil == "out"


def test_round_trip_and_bad_numbers():
    found = licence_equilibrium(shipped())
    assert LicenceEquilibrium.from_dict(json.loads(json.dumps(found.to_dict()))) == found
    for change, message in (
        ({"length": 0}, "length = 0 is not at least one month"),
        ({"military_share": 1.2}, r"military_share = 1\.2 is not in \[0, 1\]"),
        ({"discount_factor": 1.0}, r"discount_factor = 1 is not in \(0, 1\)"),
        ({"military_harm": -1.0}, r"military_harm = -1\.0 is not in"),
        ({"detection": np.nan}, "detection = nan is not finite"),
    ):
        with pytest.raises(ValueError, match=message):
            shipped(**change)
    with pytest.raises(ValueError, match="lengths is empty"):
        best_length(shipped(), ())
