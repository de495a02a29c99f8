"""Negotiation over parameter draws: the same in any batch, and borne out by what is computed by hand."""

from __future__ import annotations

import pickle
from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
import pytest
from joblib import parallel_config

from bargain.games.markov import MarkovGame
from bargain.games.stationary import StationaryProfile, stationary_values
from bargain.standoff import load_scenario
from bargain.study import agreement_draws as module
from bargain.study.agreement_draws import (
    DrawQuestions,
    agreement_draws,
    constant_values,
    draw_settings,
    joint_optimum,
    shares,
)
from bargain.talks.negotiation import negotiate

BASE = load_scenario("us-china-2025")
SMALL = (("military", 2), ("rebuilt", 2), ("substitution", 2))
ASKED = DrawQuestions(SMALL, n_starts=1)
SIDES = ("us", "cn")


@cache
def table() -> pd.DataFrame:
    return agreement_draws(BASE, BASE.draws(2), ASKED)


def test_every_draw_is_a_row_that_is_certified_or_says_why() -> None:
    found = table()
    assert found["draw"].tolist() == [0, 1]
    assert (found["certified"] | (found["reason"] != "")).all()
    assert found.loc[found["status"] == "agreement", "others_certified"].all()


def test_the_scenario_itself_as_the_only_draw_gives_what_negotiate_gives() -> None:
    own = {key: np.array([parameter.value]) for key, parameter in BASE.parameters.items()}
    row = agreement_draws(BASE, own, replace(ASKED, n_starts=0)).iloc[0]
    expected = negotiate(BASE, levels=dict(SMALL))
    assert row["status"] == expected.status
    for k, side in enumerate(SIDES):
        assert row[f"{side}_payoff"] == pytest.approx(expected.payoffs[k], abs=1e-9)
        assert row[f"{side}_threat"] == pytest.approx(expected.threat_point[k], abs=1e-9)
        assert row[f"{side}_initiative"] == pytest.approx(expected.initiative()["gain"][k], abs=1e-9)
    life = expected.life()
    assert row["months"] == pytest.approx(life.survival[1:].sum() * life.round_months)


def test_batches_do_not_change_a_row(monkeypatch: pytest.MonkeyPatch) -> None:
    quick = replace(ASKED, n_starts=0)
    whole = agreement_draws(BASE, BASE.draws(2), quick)
    monkeypatch.setattr(module, "AT_ONCE", 1)
    parts = agreement_draws(BASE, BASE.draws(2), quick)
    pd.testing.assert_frame_equal(whole, parts, rtol=1e-7, atol=1e-9)


def test_two_workers_give_the_same_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Threads here, processes by default: what is handed to a worker can be pickled."""
    monkeypatch.setattr(module, "AT_ONCE", 1)
    quick = replace(ASKED, n_starts=0)
    draws = BASE.draws(2)
    one = agreement_draws(BASE, draws, quick)
    with parallel_config(backend="threading"):
        two = agreement_draws(BASE, draws, quick, workers=2)
    pd.testing.assert_frame_equal(one, two, check_exact=True)
    assert pickle.loads(pickle.dumps((module._batch, BASE, draws, quick)))[1] == BASE


def test_dollars_are_those_of_the_draw() -> None:
    gdp = {"US.gdp_usd_bn": np.array([20_000.0, 30_000.0])}
    settings = draw_settings(BASE, gdp, ASKED)
    assert [float(one.usd[0]) for one in settings] == [200.0, 300.0]
    assert settings[0].usd[1] == BASE.parameters["CN.gdp_usd_bn"].value / 100.0


def test_enforcement_can_only_take_away_what_both_could_share() -> None:
    found = table()
    loss = found.loc[found["status"] == "agreement", "truce_shortfall_usd_bn"]
    assert (loss >= -1e-6).all()
    assert (found["deal_shortfall_usd_bn"].dropna() >= -1e-6).all()
    same = found[~found["binds"].astype(bool)]
    assert (same["free_truce_gain_usd_bn"].abs() < 1e-3).all()


def test_joint_optimum_of_two_states_by_hand() -> None:
    """State 0: move 0 earns (1, 1) and stays, move 1 earns nothing and leads to state 1, then (3, 0) for ever."""
    payoffs = np.zeros((2, 2, 2, 1))
    payoffs[0, :, 0, 0] = 1.0
    payoffs[1, 0] = 3.0
    successors = np.array([[[[0]], [[1]]], [[[1]], [[1]]]])
    game = MarkovGame(payoffs, successors, np.ones((2, 2, 1, 1)), 0.5)
    worth, moves = joint_optimum(game, np.array([1.0, 1.0]))
    assert worth == pytest.approx([2.0, 3.0])  # 2 for ever against 0.5 * 3
    assert moves[0].tolist() == [0, 0]
    worth, moves = joint_optimum(game, np.array([2.0, 1.0]))
    assert worth == pytest.approx([3.0, 6.0])
    patient = MarkovGame(payoffs, successors, np.ones((2, 2, 1, 1)), 0.9)
    worth, moves = joint_optimum(patient, np.array([2.0, 1.0]))
    assert worth == pytest.approx([5.4, 6.0])
    assert moves[0].tolist() == [1, 0]


def test_values_of_constant_moves_are_those_of_the_stationary_profiles() -> None:
    (setting,) = draw_settings(BASE, BASE.draws(1), ASKED)
    found, game = constant_values(setting), setting.game
    for number in (0, 37, 107):
        move = tuple(int(a) for a in np.unravel_index(number, game.n_actions))
        profile = StationaryProfile.pure(game, [move] * game.n_states)
        assert found[number] == pytest.approx(setting.at_start(stationary_values(game, profile)), abs=1e-10)


def test_a_game_that_a_solver_refuses_is_a_row_with_its_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise ValueError("no such game")

    monkeypatch.setattr(module, "find_standoff", refuse)
    found = agreement_draws(BASE, BASE.draws(1), ASKED)
    assert found.loc[0, "status"] == "failed"
    assert found.loc[0, "reason"] == "ValueError: no such game"
    assert not found.loc[0, "certified"]


def test_shares_count_known_answers_only() -> None:
    given = table().copy()
    given["binds"] = [True, np.nan]
    found = shares(given).set_index("question")
    row = found.loc["enforcement binds (truce)"]
    assert (row["n"], row["share"]) == (1, 1.0)
    assert row["low"] == pytest.approx(0.025)  # 0.025 of one success in one
    assert found.loc["all certified, where there is an answer", "n"] == 2
