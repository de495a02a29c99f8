"""Enumeration of truces against cases by hand, and the negotiation against the enumeration."""

from __future__ import annotations

import numpy as np
import pytest
from known_markov_games import two_state_prisoners

from bargain.games.markov import MarkovGame
from bargain.standoff import load_scenario
from bargain.study.agreement_draws import DrawQuestions, draw_settings
from bargain.study.truce_enumeration import enumerated_truces
from bargain.talks import Setting, agree
from bargain.talks.standoffs import find_standoff

BASE = load_scenario("us-china-2025")
SMALL = (("military", 2), ("rebuilt", 2), ("substitution", 2))


def dilemma(discount_factor: float) -> MarkovGame:
    """One state; cooperate 2, both defect 1, defect alone 3, cooperate alone 0."""
    payoffs = np.array([[[[2.0, 0.0], [3.0, 1.0]], [[2.0, 3.0], [0.0, 1.0]]]])
    return MarkovGame(payoffs, np.zeros((1, 2, 2, 1), dtype=int), np.ones((1, 2, 2, 1)), discount_factor)


@pytest.mark.parametrize(("discount_factor", "lag", "verdict"), [(0.55, 1, "agreement"), (0.45, 1, "none")])
def test_cooperation_needs_a_discount_factor_of_one_half(discount_factor: float, lag: int, verdict: str) -> None:
    defect = [np.array([[0.0, 1.0]])] * 2
    found = enumerated_truces(dilemma(discount_factor), defect, np.ones(1), lag)
    assert found.verdict == verdict
    assert found.threat == pytest.approx([1.0, 1.0])
    assert ((0, 0) in found.values) == (verdict == "agreement")


@pytest.mark.parametrize(("discount_factor", "verdict"), [(0.75, "agreement"), (0.65, "none")])
def test_two_rounds_without_an_answer_need_more(discount_factor: float, verdict: str) -> None:
    """(1 - d^2) 3 + d^2 <= 2, so that d^2 >= 1/2."""
    defect = [np.array([[0.0, 1.0]])] * 2
    assert enumerated_truces(dilemma(discount_factor), defect, np.ones(1), 2).verdict == verdict


def test_prisoners_in_two_states_as_the_negotiation_says() -> None:
    for discount_factor in (0.2, 0.7):
        setting = Setting(two_state_prisoners(discount_factor), np.array([1.0, 0.0]), np.ones(2), (1, 1))
        request = DrawQuestions().request()
        standoff = find_standoff(setting, request)
        found = enumerated_truces(setting.game, standoff.equilibrium.profile.strategies, setting.start)
        agreed = agree(setting, request, standoff=standoff)
        assert found.verdict == ("agreement" if agreed.reached else "none")
        assert len(found.values) == agreed.outcome.n_enforcing


@pytest.mark.parametrize(("lag", "place"), [(1, 1), (12, 0)])
def test_draws_with_and_without_a_truce_are_confirmed(lag: int, place: int) -> None:
    """20 of each in the experiment; here one of each, without by a lag at which there is none."""
    asked = DrawQuestions(SMALL, n_starts=0, reply_lag=lag)
    drawn = {key: array[[place]] for key, array in BASE.draws(place + 1).items()}
    for setting in draw_settings(BASE, drawn, asked):
        standoff = find_standoff(setting, asked.request())
        agreed = agree(setting, asked.request(), standoff=standoff)
        strategies = standoff.equilibrium.profile.strategies
        found = enumerated_truces(setting.game, strategies, setting.start, lag)
        assert found.verdict == ("agreement" if agreed.reached else "none")
        assert found.threat == pytest.approx(agreed.threat_point, abs=1e-7)
        assert agreed.reached == (lag == 1)
        for play in agreed.outcome.truces:
            if np.all(play.moves == play.moves[0]):
                by_hand = found.values[tuple(int(a) for a in play.moves[0])]
                assert by_hand == pytest.approx(setting.at_start(play.values), abs=1e-6)
