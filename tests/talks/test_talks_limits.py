"""Limits in which the answer is known: no dependence, no patience, all rebuilt; and random draws of all parameters."""

from __future__ import annotations

import numpy as np
import pytest
from small_talks import BASE, SMALL

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
