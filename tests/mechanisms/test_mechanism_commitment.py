"""Commitment in a scenario: the same numbers as the game over rounds, and what its mechanisms make of them."""

from __future__ import annotations

import numpy as np
import pytest

from bargain.mechanisms.capacity_deterrence import loss_at
from bargain.standoff import load_scenario
from bargain.standoff.mechanism_commitment import (
    Control,
    commitment_value,
    credible_threats,
    deterring_build,
    power_shift,
    restriction,
    strongest,
    supply_power,
)
from bargain.standoff.schema import ScenarioError

CONTROLS = [("licences", "dual_track"), ("licences", "slow"), ("licences", "ban"), ("chip_control", "ban")]
OWN = ("security_gain", "licence_rent", "reliability", "bottleneck_rent")


@pytest.fixture(scope="module")
def scenario():
    # A stock at a point of the grid below, so that the start is one state.
    return load_scenario("us-china-2025").with_values({"heavy_rare_earths.US.military_stock_months": 9.0})


@pytest.fixture(scope="module")
def rounds(scenario):
    return scenario.rounds(levels={"military": 3, "rebuilt": 4, "substitution": 4})


def cells(scenario, rounds, control):
    """Places of (held, open) in the table, everything else at its reference."""
    table, known = rounds.table.moves, list(scenario.file.instruments[control.instrument].levels)
    k = table.players.index(control.owner)
    at = []
    for level in (control.level, control.open_level):
        place = list(table.reference)
        labels = table.actions[k][table.reference[k]].split("/")
        slot = next(i for i, label in enumerate(labels) if label in known)
        labels[slot] = level
        place[k] = table.actions[k].index("/".join(labels))
        at.append(tuple(place))
    return at


@pytest.mark.parametrize(("instrument", "level"), CONTROLS)
def test_the_first_round_is_that_of_the_game_over_rounds(scenario, rounds, instrument, level):
    control = Control.of(scenario, instrument, level)
    (start,) = np.flatnonzero(rounds.space.start()[0])
    held, lifted = cells(scenario, rounds, control)

    def change(code, names):
        row, terms = rounds.table.players.index(code), rounds.table.terms
        return sum(float(terms[n][start, row][held] - terms[n][start, row][lifted]) for n in names if n in terms)

    today = np.array([control.today])
    game = control.round_at(today, control.stock_path(today))
    gdp = [scenario.parameters[f"{code}.gdp_usd_bn"].value for code in (control.target, control.owner)]
    assert float(control.own(game, today)[0]) == pytest.approx(change(control.owner, OWN), abs=1e-12)
    hurt = -change(control.target, ("shortage", "security_loss")) * gdp[0] / gdp[1]
    assert float(control.pressure(game)[0]) == pytest.approx(hurt, abs=1e-12)


@pytest.mark.parametrize(("instrument", "level"), CONTROLS)
def test_capacity_grows_as_it_does_in_the_game_over_rounds(scenario, rounds, instrument, level):
    control = Control.of(scenario, instrument, level)
    (start,) = np.flatnonzero(rounds.space.start()[0])
    values = rounds.space.values(control.capacity)[0]
    for place, pace in zip(cells(scenario, rounds, control), reversed(control.paces), strict=True):
        at = (0, start, *place)
        expected = (rounds.probabilities[at] * values[rounds.successors[at]]).sum() - values[start]
        # The scenario's jump of a third has ten digits.
        assert expected == pytest.approx(pace, abs=1e-9)


def test_stocks_run_down_and_are_shared_when_pooled(scenario):
    control = Control.of(scenario, "licences", "ban")
    path = control.stock_path(np.full(5, control.today))
    military = path["heavy_rare_earths.US.military_stock_months"]
    assert military[0] == 9.0
    assert (np.diff(military) <= 0.0).all()
    # A stop of 0.95 of a dependence of nearly all takes nearly three months a quarter.
    assert 2.0 < military[0] - military[1] < 3.0
    pooled = Control.of(scenario.with_values({"options.stocks": "pooled"}), "licences", "ban")
    shared = pooled.stock_path(np.full(3, control.today))
    np.testing.assert_array_equal(
        shared["heavy_rare_earths.US.military_stock_months"], shared["heavy_rare_earths.US.civil_stock_months"]
    )


def test_the_worth_of_a_restriction_rests_on_what_it_is_said_to_rest_on(scenario):
    usual = restriction(scenario, "chip_control", "ban", n_rounds=6)
    more = restriction(scenario, "chip_control", "ban", n_rounds=6, concession_share=1.0)
    less = restriction(scenario, "chip_control", "ban", n_rounds=6, standing_share=0.5)
    assert (more.worth >= usual.worth - 1e-15).all()
    assert (less.worth <= usual.worth + 1e-15).all()
    # Without a gain from the threat alone only the rent on lost sales can be lost later.
    none = restriction(scenario, "licences", "slow", n_rounds=6, standing_share=0.0, withheld_factor=1.0)
    np.testing.assert_allclose(none.lost, 0.0, atol=1e-12)


def test_a_threat_is_judged_by_the_payoffs_of_the_round(scenario):
    table = scenario.payoffs()
    found = credible_threats(scenario, "CN")
    assert len(found) == 9 * 11
    total, audience = table.total[0, 1], table.terms["audience"][0, 1]
    reference = table.moves.reference[1]
    for (action, answer), threat in list(found.items())[::7]:
        i, j = table.cell((action, answer))
        assert threat.acting == pytest.approx(total[i, j] - audience[i, j])
        assert threat.yielding == pytest.approx(total[i, reference] - audience[i, reference])
        # Credible: answering is no worse in the game itself, unless the answer makes the audience cost larger.
        if threat.audience > 0.0 and abs(total[i, j] - total[i, reference]) > 1e-9:
            assert threat.credible == (total[i, j] > total[i, reference])
    silent = credible_threats(scenario.variant("no_audience"), "CN")
    assert sum(t.credible for t in silent.values()) <= sum(t.credible for t in found.values())


def test_power_falls_when_supply_is_rebuilt(scenario):
    now, later = supply_power(scenario), supply_power(scenario.with_values({"state.rebuilt": 0.3}))
    for key, power in now.items():
        assert later[key] < power if scenario.file.inputs[key[0]].replaced_by == "rebuilt" else later[key] == power
    # What is needed gives more power than what can be replaced at a unit elasticity.
    assert now["heavy_rare_earths", "US"] > supply_power(scenario, at_published_loss=False)["heavy_rare_earths", "US"]


def test_power_shifts_to_one_side_and_further_with_time(scenario):
    side, soon = power_shift(scenario, years=1.0)
    same, late = power_shift(scenario, years=3.0)
    assert side == same
    assert late.threshold == soon.threshold
    assert late.largest_gain <= 1e-9
    assert power_shift(scenario, conflict_cost=4.0)[1].threshold > late.threshold
    swap = power_shift(scenario.with_values({"rounds.rebuilt.years": 200.0, "rounds.substitution.years": 1.0}))
    assert swap[0] != side


def test_what_is_built_takes_the_gain_from_cutting_off_away(scenario):
    found = deterring_build(scenario, "licences", "US", "magnet_users")
    assert 0.0 < found.deterring < 1.0
    more = deterring_build(scenario, "licences", "US", "magnet_users", concession_share=1.0)
    assert more.deterring > found.deterring
    dear = deterring_build(scenario, "licences", "US", "magnet_users", unit_cost=50.0)
    assert (dear.built, dear.deters) == (0.0, False)
    assert strongest(scenario, "licences").level == "ban"
    assert float(loss_at(1.0, 0.9, 0.05, 2.4, 0.001, 0.05)) == 0.0


def test_bad_names_and_missing_numbers(scenario):
    for call, message in (
        (lambda: Control.of(scenario, "licence", "ban"), "no export control 'licence'"),
        (lambda: Control.of(scenario, "licences", "bann"), "licences has no level 'bann'"),
        (lambda: credible_threats(scenario, "EU"), "no strategic player 'EU'"),
        (lambda: power_shift(load_scenario("us-china-2018"), years=1.0, conflict_cost=0.5), "neither side's export"),
        (lambda: commitment_value(scenario, "concession"), "has no mechanisms.commitment.concession; give concession"),
    ):
        with pytest.raises(ScenarioError, match=message):
            call()
    assert commitment_value(scenario, "concession_share", 0.3) == 0.3
