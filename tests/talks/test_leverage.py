"""Leverage and initiative: games made smaller, standoff and arrangement solved anew, and a common reference."""

from __future__ import annotations

import numpy as np
import pytest
from small_talks import BASE, agreement, prisoners_agreement, small_rounds

from bargain.talks import negotiate
from bargain.talks.leverage import frozen_instruments, reference_values


def test_what_is_frozen_by_default() -> None:
    assert frozen_instruments(BASE) == {
        "us_tariff pre_2025": {"us_tariff": "pre_2025"},
        "chip_control restricted": {"chip_control": "restricted"},
        "chip_control open": {"chip_control": "open"},
        "cn_tariff pre_2025": {"cn_tariff": "pre_2025"},
        "licences open": {"licences": "open"},
        "all tariffs pre_2025": {"us_tariff": "pre_2025", "cn_tariff": "pre_2025"},
    }


@pytest.mark.parametrize("arrangement", ["truce", "deal"])
def test_leverage_is_the_difference_to_the_game_without_the_instrument(arrangement: str) -> None:
    made = agreement(arrangement)
    table = made.leverage({"licences": {"licences": "open"}, "chips": {"chip_control": "open"}})
    assert list(table["frozen"]) == ["licences", "licences", "chips", "chips"]
    for name, held in (("licences", {"licences": "open"}), ("chips", {"chip_control": "open"})):
        without = negotiate(BASE, arrangement=arrangement, rounds=small_rounds(), frozen=held, n_starts=3)
        own = table[table.frozen == name].set_index("player")
        assert made.payoffs is not None
        assert without.payoffs is not None
        np.testing.assert_allclose(own.loc[["US", "CN"], "change"], made.payoffs - without.payoffs, atol=1e-12)
        np.testing.assert_allclose(own["change_usd_bn"], own["change"] * made.setting.usd)
        assert (own["status"] == without.status).all()


def test_leverage_is_not_zero_sum() -> None:
    table = agreement().leverage()
    sums = table.groupby("frozen")["change_usd_bn"].sum()
    assert (sums.abs() > 0.1).any()
    assert len(table) == 12
    assert list(table["player"]) == ["US", "CN"] * 6


def test_initiative_is_over_january_2025_play_for_ever() -> None:
    made, table = agreement(), agreement().initiative()
    game, (us, cn) = made.setting.game, made.setting.reference
    assert (game.actions[0][us], game.actions[1][cn]) == ("pre_2025/restricted", "pre_2025/open")
    values = reference_values(made)
    state, total = made.setting.start.copy(), np.zeros(2)
    for t in range(2000):
        total += (1 - 0.97) * 0.97**t * state @ game.payoffs[:, :, us, cn]
        chain = np.zeros((game.n_states, game.n_states))
        for s in range(game.n_states):
            np.add.at(chain[s], game.successors[s, us, cn], game.probabilities[s, us, cn])
        state = state @ chain
    np.testing.assert_allclose(values, total, atol=1e-9)
    np.testing.assert_allclose(table["gain"], made.payoffs - values)
    np.testing.assert_allclose(table["gain_usd_bn"], table["gain"] * made.setting.usd)
    if not (table["gain"] > 0).all():
        assert table["share"].isna().all()


def test_shares_come_from_dollars_where_both_gain() -> None:
    made = prisoners_agreement(0.7)
    table = made.initiative()
    np.testing.assert_allclose(table["share"], 0.5, atol=1e-6)
    tilted = negotiate(BASE, arrangement="deal", rounds=small_rounds(), weights=(1, 4), threat="worst", n_starts=3)
    shares = tilted.initiative()
    if (shares["gain"] > 0).all():
        assert shares["share"].sum() == pytest.approx(1.0)


def test_a_bare_game_has_no_instruments() -> None:
    for question in ("leverage", "closing_window"):
        with pytest.raises(ValueError, match="bare game"):
            getattr(prisoners_agreement(), question)()
