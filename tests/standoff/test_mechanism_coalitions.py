"""Coalitions of the shipped scenario: the chain against the evidence, stances against the standoff's own."""

from __future__ import annotations

import numpy as np
import pytest

from bargain.games.coalition_values import shapley_value
from bargain.mechanisms.alignment import alignment_equilibria, bloc_values, interaction
from bargain.mechanisms.supply_chain import by_country, chain_power
from bargain.standoff import ScenarioError, load_scenario
from bargain.standoff.mechanism_coalitions import (
    allied_reserve,
    bystander_game,
    bystander_values,
    magnet_use,
    rebuilding_cost,
    rebuilding_together,
    single_suppliers,
    supply_chain,
    yearly_losses,
)

BASE = load_scenario("us-china-2025")
EMPTY = BASE.with_values(dict.fromkeys(BASE.stock_keys(BASE.bystanders), 0.0))
OPEN = ("truce/restricted", "truce/open")
BAN = ("truce/restricted", "truce/ban")


@pytest.mark.parametrize("product", ["light", "heavy"])
def test_the_chain_holds_the_shares_of_the_evidence(product):
    chain = supply_chain(BASE, product=product, mine_spare=1.0, refine_spare=1.0, magnet_spare=1.0)
    for stage in chain.stages:
        assert chain.capacity(stage) == pytest.approx(1.0)
    row = {"light": "refine_share_cn", "heavy": "hree_refine_share_cn_2024"}[product]
    shares = {
        name: BASE.evidence.parameter(key).value for name, key in (("refine CN", row), ("magnet CN", "magnet_share_cn"))
    }
    for name, share in shares.items():
        assert chain.supplier(name).capacity == pytest.approx(share)
    # The rows of mines are those of the share in the evidence, up to the rows that are not in the total of the source.
    assert chain.supplier("mine CN").capacity == pytest.approx(
        BASE.evidence.parameter("mine_share_cn_2024").value, abs=0.01
    )
    assert sum(magnet_use(BASE).values()) == pytest.approx(1.0)
    spare = supply_chain(BASE, product=product)
    assert spare.capacity("refine") == pytest.approx(BASE.parameters["mechanisms.coalitions.refine_spare"].value)


def test_a_mine_without_a_refinery_raises_the_refiners_power_here_too():
    chain = supply_chain(BASE)
    owners = single_suppliers(chain)
    before = chain_power(chain, owners)
    after = chain_power(chain.with_capacity("mine US", chain.supplier("mine US").capacity + 0.1), owners)
    assert after.values["refine CN"] > before.values["refine CN"]
    assert after.values["mine CN"] < before.values["mine CN"]
    refined = chain_power(chain.with_capacity("refine US", chain.supplier("refine US").capacity + 0.1), owners)
    assert refined.values["refine CN"] < before.values["refine CN"]
    countries = chain_power(chain, by_country(chain))
    assert sum(countries.values.values()) == pytest.approx(before.total) == pytest.approx(1.0)


def test_shares_of_china_in_place_of_todays():
    chain = supply_chain(BASE, refine_spare=1.0, china={"refine": 0.5, "mine": 0.4})
    assert chain.supplier("refine CN").capacity == pytest.approx(0.5)
    assert chain.supplier("mine CN").capacity == pytest.approx(0.4)
    assert chain.capacity("mine") == pytest.approx(1.0)
    today = supply_chain(BASE, refine_spare=1.0)
    us, my = ([one.supplier(f"refine {code}").capacity for one in (chain, today)] for code in ("US", "MY"))
    assert us[0] / my[0] == pytest.approx(us[1] / my[1])
    assert supply_chain(BASE, china={}) == supply_chain(BASE)


def test_stakes_weigh_units():
    chain, plain = supply_chain(BASE, stakes=True), supply_chain(BASE)
    loss, use = yearly_losses(BASE), magnet_use(BASE)
    us, eu = (chain.supplier(f"user {code}").value for code in ("US", "EU"))
    assert us / eu == pytest.approx(loss["US"] / use["US"] / (loss["EU"] / use["EU"]))
    assert {one.value for one in plain.at("user")} == {1.0}
    assert sum(one.value * one.capacity for one in chain.at("user")) == pytest.approx(1.0)


@pytest.mark.parametrize("scenario", [BASE, EMPTY], ids=["stocks", "empty"])
def test_without_interaction_stances_are_those_of_the_standoff(scenario):
    rounds = scenario.rounds(levels={"military": 2, "rebuilt": 2, "substitution": 1})
    for licences in ("dual_track", "slow", "ban"):
        moves = ("truce/restricted", f"truce/{licences}")
        stances = bystander_game(scenario, moves, premium_slope=0.0, pressure_dilution=0.0)
        assert np.allclose(interaction(stances.game), 0.0, atol=1e-12)
        found = alignment_equilibria(stances.game, stances.reference)
        cell = rounds.table.cell(moves)
        state = int(np.flatnonzero(rounds.space.places[rounds.space.variables.index("rebuilt")] == 0)[0])
        shape = (len(rounds.space.places[0]), *rounds.table.moves.shape)
        want = [int(np.broadcast_to(rounds.stances[c], shape)[(state, *cell)]) for c in stances.game.players]
        assert tuple(want) in [one.pure for one in found.equilibria]
        assert found.settled is not None


def test_many_who_side_together_are_harder_to_punish():
    """With diluted pressure and empty stocks siding with China is an equilibrium of all, beside that of few."""
    stances = bystander_game(EMPTY, ("truce/restricted", "truce/slow"), premium_slope=0.0, pressure_dilution=1.0)
    found = alignment_equilibria(stances.game, stances.reference)
    sizes = sorted(sum(name == "align_CN" for name in found.names(k).values()) for k in range(len(found.equilibria)))
    assert len(sizes) > 1
    assert sizes[-1] == 5
    assert all(one.certificate.holds for one in found.equilibria)
    values = bloc_values(stances.game, stances.money, stances.reference)
    alone = values.game.worths[(1, 2, 4, 8, 16)]
    assert values.game.worths[(31,)][0] > sum(alone) + 1.0


def test_detours_of_others_lower_ones_own_profit():
    moves = ("truce/restricted", "truce/dual_track")
    free, crowded = (bystander_game(BASE, moves, premium_slope=s, pressure_dilution=0.0).game for s in (0.0, 5.0))
    us = crowded.actions[0].index("align_US")
    cn = crowded.actions[0].index("align_CN")
    together, alone = crowded.payoffs[0][(us,) * 5], crowded.payoffs[0][(us, *(cn,) * 4)]
    assert together < alone
    assert free.payoffs[0][(us,) * 5] == pytest.approx(free.payoffs[0][(us, *(cn,) * 4)])


def test_blocs_of_bystanders():
    free = bystander_values(BASE, BAN, premium_slope=0.0, pressure_dilution=0.0)
    singles, everybody = free.game.worths[(1, 2, 4, 8, 16)], free.game.worths[(31,)][0]
    assert sum(singles) == pytest.approx(everybody, abs=1e-9)  # nothing interacts, nothing to gain together
    np.testing.assert_allclose(shapley_value(free.game.average()), singles, atol=1e-9)
    lost = bystander_values(EMPTY, BAN, base=OPEN)
    gained = bystander_values(EMPTY, BAN)
    assert lost.game.worths[(31,)][0] < 0.0 < gained.game.worths[(31,)][0]


def test_reserves_and_rebuilding():
    reserve = allied_reserve(BASE)
    loss = yearly_losses(BASE)
    assert reserve.contributors == (max(loss, key=loss.get),)
    assert reserve.gain < 1e-9
    assert 0.0 < reserve.provision < 1.0
    months = 3.0 / BASE.parameters["mechanisms.endurance.relief"].value
    assert reserve.efficient_stock - reserve.stock == pytest.approx(
        months * np.log(sum(loss.values()) / max(loss.values()))
    )
    project = rebuilding_together(BASE)
    assert project.gain < 1e-9
    assert project.shares.sum() == pytest.approx(rebuilding_cost(BASE, project.names))
    few = rebuilding_together(BASE, ("KR", "TW"))
    assert few.names == ("KR", "TW")


def test_errors():
    with pytest.raises(ScenarioError, match="product = 'heavies'"):
        supply_chain(BASE, product="heavies")
    with pytest.raises(ScenarioError, match="china"):
        supply_chain(BASE, china={"user": 0.5})
    with pytest.raises(ScenarioError, match="'FR' is no user"):
        allied_reserve(BASE, ("FR",))
    with pytest.raises(ScenarioError, match="not one action for each"):
        bystander_game(BASE, ("truce/restricted",))
    with pytest.raises(ScenarioError, match="'magnet' is not an input"):
        magnet_use(BASE, "magnet")
    with pytest.raises(ScenarioError, match="relief = 0"):
        allied_reserve(BASE, relief=0.0)
