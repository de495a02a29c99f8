"""How leverage moves with rebuilt capacity, and who would rather act before the window closes."""

from __future__ import annotations

import numpy as np
import pytest
from small_talks import BASE, agreement, small_rounds

from bargain.games.markov import MarkovGame
from bargain.standoff import ScenarioError
from bargain.talks import Request, Setting, agree, setting_of
from bargain.talks.setting import start_at
from bargain.talks.standoffs import find_standoff
from bargain.talks.window import _Bargains


@pytest.mark.parametrize("arrangement", ["truce", "deal"])
def test_each_level_is_a_negotiation_of_its_own(arrangement: str) -> None:
    made = agreement(arrangement)
    table = made.closing_window()
    assert list(table["rebuilt"].unique()) == [0.0, 1.0]
    today = table[table.rebuilt == 0.0]
    np.testing.assert_allclose(today["payoff"], made.payoffs, atol=1e-12)
    np.testing.assert_allclose(today["standoff"], made.threat_point, atol=1e-12)
    for level in (0.0, 1.0):
        setting = setting_of(BASE, small_rounds()).starting(start_at(small_rounds(), {"rebuilt": level}))
        alone = agree(setting, Request(arrangement=arrangement, n_starts=3))
        np.testing.assert_allclose(table[table.rebuilt == level]["payoff"], alone.payoffs, atol=1e-12)


def test_licences_are_worth_nothing_once_all_is_rebuilt() -> None:
    table = agreement().closing_window()
    np.testing.assert_allclose(table[table.rebuilt == 1.0]["leverage"], 0.0, atol=1e-12)
    assert (table[table.rebuilt == 0.0]["leverage"].abs() > 1e-3).any()


def test_nobody_acts_first_where_an_agreement_is_kept() -> None:
    table = agreement().closing_window()
    kept = table[table.status == "agreement"]
    assert not kept["acts_first"].any()
    assert (kept["acting"] <= kept["payoff"] + 1e-9).all()


def test_erosion_is_the_fall_of_the_standoff_until_the_next_level() -> None:
    table = agreement().closing_window().set_index(["rebuilt", "player"])["standoff"].unstack()
    erosion = agreement().closing_window().set_index(["rebuilt", "player"])["erosion"].unstack()
    np.testing.assert_allclose(erosion.loc[0.0], table.loc[0.0] - table.loc[1.0])
    assert (erosion.loc[1.0] == 0.0).all()


def test_a_side_that_breaks_all_that_the_other_would_keep_acts_first() -> None:
    tempted = np.array([[[2.0, -1.0], [9.0, 0.0]], [[2.0, 2.1], [-1.0, 0.0]]])
    for payoffs, expected in ((tempted, [True, False]), (tempted[::-1].transpose(0, 2, 1), [False, True])):
        game = MarkovGame.from_matrix(payoffs[None], np.ones((1, 2, 2, 1)), 0.5)
        setting = Setting(game, np.ones(1), np.ones(2), (1, 1))
        request = Request()
        bargains = _Bargains.of(setting, request, find_standoff(setting, request), [setting.start])
        outcome = bargains.outcome(setting.start)
        assert outcome.status == "no agreement"
        assert bargains.temptation(setting.start, outcome)[1].tolist() == expected


def test_other_variables_and_instruments() -> None:
    table = agreement().closing_window("substitution", "chip_control")
    assert table.columns[0] == "substitution"
    with pytest.raises(ScenarioError, match="did you mean 'rebuilt'"):
        agreement().closing_window("rebuild")
    with pytest.raises(ScenarioError, match="did you mean 'licences'"):
        agreement().closing_window(instrument="licence")
