"""Limits in which the answer is known: no dependence, full tracing, no patience, all rebuilt, identical players; and
random draws of all parameters."""

from __future__ import annotations

import numpy as np
import pytest
from small_talks import BASE, SMALL, prisoners_agreement

from bargain.solvers import PureNash, solve
from bargain.standoff import State
from bargain.talks import Request, agree, negotiate, setting_of

NO_INPUTS = {key: 0.0 for key in BASE.parameters if key.endswith(".dependence")} | {"ai_chips.CN.purchases_usd_bn": 0.0}


@pytest.mark.parametrize("arrangement", ["truce", "deal"])
def test_without_dependence_and_chip_gap_only_tariffs_matter(arrangement: str) -> None:
    made = negotiate(BASE.with_values(NO_INPUTS), arrangement=arrangement, levels=SMALL)
    table = made.leverage().set_index("frozen")
    for name in ("licences open", "chip_control restricted", "chip_control open"):
        np.testing.assert_allclose(table.loc[name, ["change", "standoff_change"]], 0.0, atol=1e-9)
    assert (table.loc["all tariffs pre_2025", "standoff_change"].abs() > 1e-3).all()


def test_without_dependence_and_chip_gap_the_payoffs_are_those_of_the_tariff_game() -> None:
    free = {key: 0.0 for key in BASE.parameters if key.endswith((".audience_cost", ".purchases_usd_bn"))}
    free["licences.reliability_cost"] = 0.0
    rounds = BASE.with_values(NO_INPUTS | free).rounds(levels=SMALL)
    left = {name for name, term in rounds.table.terms.items() if name != "detours" and np.abs(term).max() > 1e-12}
    assert left == {"tariffs", "protection"}
    # By tariff alone: moves that set the same tariffs pay the same, whatever the controls and the state but the mood.
    us, cn = (np.array([label.split("/")[0] for label in labels]) for labels in rounds.table.moves.actions)
    mood = rounds.space.values("mood")[0]
    payoffs = rounds.payoffs[0]
    for tariffs in ((i, j) for i in dict.fromkeys(us) for j in dict.fromkeys(cn)):
        for this in np.unique(mood):
            same = payoffs[mood == this][:, :, us == tariffs[0]][..., cn == tariffs[1]]
            np.testing.assert_allclose(np.ptp(same, axis=(0, 2, 3)), 0.0, atol=1e-12)
    np.testing.assert_array_equal(payoffs[mood == 0][:, 1], payoffs[mood == 1][:, 1])


@pytest.mark.parametrize("arrangement", ["truce", "deal"])
def test_without_dependence_nothing_else_is_agreed_than_over_tariffs_alone(arrangement: str) -> None:
    made = negotiate(BASE.with_values(NO_INPUTS), arrangement=arrangement, levels=SMALL)
    frozen = {"licences": "open", "chip_control": "restricted"}
    tariffs = negotiate(BASE.with_values(NO_INPUTS), arrangement=arrangement, levels=SMALL, frozen=frozen)
    assert made.payoffs is not None
    assert tariffs.payoffs is not None
    np.testing.assert_allclose(made.payoffs, tariffs.payoffs, atol=1e-9)


def test_full_tracing_leaves_no_detour() -> None:
    """Traced in full, or with no route: the same game; at today's tracing another one."""
    traced, closed, today = (
        BASE.with_values(values).rounds(levels=SMALL)
        for values in ({"diversion.tracing": 1.0}, {"diversion.cap": 0.0}, {})
    )
    for rounds in (traced, closed):
        assert "detours" not in rounds.bystanders.terms
        np.testing.assert_array_equal(rounds.payoffs, traced.payoffs)
        np.testing.assert_array_equal(rounds.probabilities, traced.probabilities)
        np.testing.assert_array_equal(rounds.successors, traced.successors)
    assert (today.bystanders.terms["detours"] > 0.0).any()
    assert np.abs(today.payoffs - traced.payoffs).max() > 1e-6
    paid = [negotiate(BASE, rounds=rounds).payoffs for rounds in (traced, closed)]
    np.testing.assert_array_equal(*paid)


@pytest.mark.parametrize("arrangement", ["truce", "deal", "set"])
@pytest.mark.parametrize("solution", ["nash", "kalai-smorodinsky", "egalitarian"])
def test_identical_players_divide_what_they_gain_equally(arrangement: str, solution: str) -> None:
    made = prisoners_agreement(arrangement=arrangement, solution=solution)
    assert made.reached
    assert made.payoffs is not None
    assert made.gains is not None
    assert made.gains.min() > 0.1
    np.testing.assert_allclose(made.payoffs[0], made.payoffs[1], rtol=1e-9)
    np.testing.assert_allclose(made.gains[0], made.gains[1], rtol=1e-9)


@pytest.mark.parametrize("arrangement", ["truce", "deal"])
def test_without_patience_the_standoff_is_one_round_and_holds(arrangement: str) -> None:
    made = negotiate(BASE.with_values({"rounds.discount_factor": 0.0}), arrangement=arrangement, levels=SMALL)
    assert made.standoff is not None
    assert made.standoff.equilibrium is not None
    actions = made.standoff.equilibrium.profile.actions
    assert actions is not None
    for s in made.setting.starts:
        row = made.rounds.space.table().iloc[s]
        there = State(row["military"], None, row["rebuilt"], row["substitution"], row["mood"])
        pure = solve(BASE.stage_game(there), PureNash()).equilibria
        assert actions[s].tolist() in [[int(np.argmax(own)) for own in each.profile] for each in pure]
    if arrangement == "truce":
        assert made.status == "no agreement"


@pytest.mark.parametrize("arrangement", ["truce", "deal"])
def test_once_all_is_rebuilt_licences_have_no_leverage(arrangement: str) -> None:
    made = negotiate(BASE.with_values({"state.rebuilt": 1.0}), arrangement=arrangement, levels=SMALL)
    table = made.leverage({"licences": {"licences": "open"}})
    np.testing.assert_allclose(table["change"], 0.0, atol=1e-9)


@pytest.mark.parametrize("arrangement", ["truce", "deal"])
def test_every_agreement_of_random_draws_is_certified_or_reported_as_none(arrangement: str) -> None:
    rounds = BASE.rounds(draws=BASE.draws(10, seed=3), levels=SMALL)
    for draw in range(10):
        made = agree(setting_of(BASE, rounds, draw=draw), Request(arrangement=arrangement))
        assert made.certified
        assert made.status in ("agreement", "no agreement", "no standoff found")
        if made.reached:
            assert made.gains is not None
            assert (made.gains >= -1e-9).all()
            assert made.gains.max() > 0.0
