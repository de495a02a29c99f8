"""How long truces live, against simulation and the survival of the record."""

from __future__ import annotations

import numpy as np
import pytest
from small_talks import agreement, prisoners_agreement

from bargain.games.markov import MarkovGame
from bargain.games.truce_paths import simulate_truce, truce_endings
from bargain.talks import Request, Setting, agree
from bargain.talks.life import ending_rounds


def test_the_life_is_that_of_simulated_truces() -> None:
    made, life = agreement(), agreement().life()
    lives = []
    for chance, play in zip(made.outcome.lottery, made.outcome.truces, strict=True):
        for start in made.setting.starts:
            paths = simulate_truce(made.setting.game, play, start, 4000, 4000, 1)
            lives.append((chance * made.setting.start[start], paths.lives[paths.ended], 1.0 - paths.ended.mean()))
    endless = sum(weight * share for weight, _, share in lives)
    mean = sum(weight * own.sum() / 4000 for weight, own, _ in lives) / (1.0 - endless)
    assert life.endless == pytest.approx(endless, abs=0.02)
    assert life.ending_months == pytest.approx(3.0 * mean, rel=0.06)


def test_chances_of_endings_and_of_no_end_sum_to_one() -> None:
    made, life = agreement(), agreement().life()
    assert sum(life.causes.values()) + life.endless == pytest.approx(1.0)
    assert sum(life.breakers.values()) + life.endless == pytest.approx(1.0)
    assert life.survival[0] <= 1.0
    assert (np.diff(life.survival) <= 1e-12).all()
    expected = np.zeros(made.setting.game.n_states)
    for chance, play in zip(made.outcome.lottery, made.outcome.truces, strict=True):
        for start in made.setting.starts:
            expected += chance * made.setting.start[start] * truce_endings(made.setting.game, play, start)
    table = life.to_frame().groupby("state")["chance"].sum()
    for s, chance in enumerate(expected):
        assert table.get(made.setting.game.states[s], 0.0) == pytest.approx(chance, abs=1e-9)


def test_causes_are_state_variables_and_breakers_are_sides() -> None:
    life = agreement().life()
    known = {"military", "rebuilt", "substitution", "mood"}
    assert {name for cause in life.causes for name in cause.split(" and ")} <= known
    assert set(life.breakers) <= {"US", "CN", "nobody: the move cannot be made"}


def test_lives_are_endless_once_nothing_breaks_them_and_nothing_without_a_truce() -> None:
    lasting, never = prisoners_agreement(0.7).life(), prisoners_agreement(0.3).life()
    assert (lasting.endless, lasting.expected_months, lasting.median_months) == (1.0, np.inf, None)
    assert (never.endless, never.expected_months) == (0.0, 0.0)
    assert agreement("deal").life().endless == 1.0
    assert lasting.to_dict()["expected_months"] is None


def test_ending_rounds_of_truces_that_surely_end_are_the_expected_life() -> None:
    made = agreement()
    for play in made.outcome.truces:
        sure = play.active & (play.endless == 0.0)
        np.testing.assert_allclose(ending_rounds(made.setting.game, play)[sure], play.expected_life[sure])


def fork() -> Setting:
    """A prisoners' dilemma that stays where it is with 1/2, else becomes for ever calm or, as often, too tempting."""
    table = np.array([[2.0, -1.0], [3.0, 0.0]])
    payoffs = np.stack([np.stack([table, table.T])] * 3)
    payoffs[2, 0, 1, 0] = payoffs[2, 1, 0, 1] = 50.0
    chances = np.zeros((3, 2, 2, 3))
    chances[0], chances[1], chances[2] = [0.5, 0.25, 0.25], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]
    return Setting(MarkovGame.from_matrix(payoffs, chances, 0.9), np.array([1.0, 0.0, 0.0]), np.ones(2), (1, 1))


def test_the_life_given_that_it_ends_where_it_may_last_for_ever() -> None:
    made = agree(fork(), Request())
    life = made.life()
    assert (life.endless, life.expected_months) == (pytest.approx(0.5), np.inf)
    assert life.ending_months == pytest.approx(2.0)
    assert life.causes == pytest.approx({"state": 0.5})
    np.testing.assert_allclose(life.survival[:3], [1.0, 0.75, 0.625])
    assert "for ever with chance 0.5; if it ends, it lasts 2 months" in made.terms()
