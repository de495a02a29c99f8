"""Regimes of a control: one round, over rounds, agreed on; boundaries by bisection."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_talks import BASE, agreement, small_rounds

from bargain.standoff import ScenarioError
from bargain.talks.regimes import Control, agreed, along_course, prescribed, regime_lines, round_regimes
from bargain.talks.standoffs import Standoff

LICENCES = Control.of(BASE, small_rounds().table.moves, "licences")


def test_a_control_knows_the_level_of_every_action() -> None:
    labels = small_rounds().table.moves.actions[1]
    assert LICENCES.axis == 1
    for action, level in enumerate(LICENCES.of_action):
        assert labels[action].endswith("/" + LICENCES.levels[level])
    chances = LICENCES.chances(np.full(len(labels), 1.0 / len(labels)))
    np.testing.assert_allclose(chances, 0.25)
    assert LICENCES.regime(np.array([0.0, 0.4, 0.0, 0.6])) == ("dual_track", "ban")


def test_regimes_of_one_round_are_those_of_its_pure_equilibria_found_by_trying_every_profile() -> None:
    values = {
        "licences.bottleneck_rent": np.array([-0.1, -0.05, 0.0, 0.0, 0.1]),
        "heavy_rare_earths.US.military_stock_months": np.array([0.0, 0.0, 0.0, 4.0, 4.0]),
    }
    found = round_regimes(BASE, "licences", values)
    for draw, regime in enumerate(found):
        game = BASE.with_values({key: float(array[draw]) for key, array in values.items()}).stage_game()
        first, second = game.payoffs
        names = set()
        for i, j in np.ndindex(*game.n_actions):
            if first[i, j] >= first[:, j].max() and second[i, j] >= second[i].max():
                names.add(game.actions[1][j].partition("/")[2])
        assert set(regime) == names
    assert len(set(found)) > 1


def test_the_course_of_a_standoff_is_what_powers_of_its_chain_give() -> None:
    made = agreement()
    assert made.standoff is not None
    assert made.standoff.equilibrium is not None
    game, strategies = made.setting.game, made.standoff.equilibrium.profile.strategies
    chain = np.zeros((game.n_states, game.n_states))
    for s, i, j in np.ndindex(game.n_states, *game.n_actions):
        for k, to in enumerate(game.successors[s, i, j]):
            chain[s, to] += strategies[0][s, i] * strategies[1][s, j] * game.probabilities[s, i, j, k]
    levels = prescribed(made.standoff, LICENCES)
    course = along_course(made.setting, made.standoff, LICENCES, 4)
    np.testing.assert_allclose(course.sum(axis=1), 1.0)
    expected = made.setting.start @ np.linalg.matrix_power(chain, 3) @ levels
    np.testing.assert_allclose(course[3], expected, atol=1e-12)


@pytest.mark.parametrize("arrangement", ["truce", "deal"])
def test_agreed_levels_are_those_of_the_agreed_moves(arrangement: str) -> None:
    made = agreement(arrangement)
    chances = agreed(made, LICENCES)
    assert chances.sum() == pytest.approx(1.0)
    labels, expected = made.setting.game.actions[1], np.zeros(4)
    for s in made.setting.starts:
        plays = [(1.0, made.outcome.deal.plan[s, 1])] if made.outcome.deal is not None else []
        for share, play in zip(made.outcome.lottery, made.outcome.truces, strict=True):
            assert play.active[s]
            plays.append((share, play.moves[s, 1]))
        for share, action in plays:
            level = LICENCES.levels.index(labels[action].partition("/")[2])
            expected[level] += share * made.setting.start[s]
    np.testing.assert_allclose(chances, expected, atol=1e-12)


def test_without_an_agreement_the_level_is_the_standoffs() -> None:
    made = agreement()
    assert made.standoff is not None
    left = replace(made, outcome=replace(made.outcome, status="no agreement", lottery=(), truces=()))
    expected = made.setting.start @ prescribed(made.standoff, LICENCES)
    np.testing.assert_array_equal(agreed(left, LICENCES), expected)


cuts = st.lists(st.floats(0.01, 0.99), min_size=0, max_size=3, unique=True).map(sorted)


@settings(max_examples=40, deadline=None)
@given(st.lists(cuts, min_size=1, max_size=3))
def test_boundaries_bracket_where_a_known_label_changes(lines: list[list[float]]) -> None:
    def labels(line: np.ndarray, value: np.ndarray) -> list[int]:
        return [int(np.searchsorted(lines[k], v)) for k, v in zip(line, value, strict=True)]

    for cut, line in zip(lines, regime_lines(labels, len(lines), np.linspace(0.0, 1.0, 6), 1e-3), strict=True):
        assert line.first == 0
        assert line.last == len(cut)
        passed = [k for one in line.boundaries for k in range(one.before, one.after)]
        assert passed == list(range(len(cut)))
        for one in line.boundaries:
            assert one.high - one.low <= 1e-3
            assert all(one.low <= cut[k] <= one.high for k in range(one.before, one.after))


def test_a_regime_at_a_value_and_words_for_what_is_none() -> None:
    line = regime_lines(lambda _, v: ["a" if x < 0.5 else "b" for x in v], 1, np.array([0.0, 1.0]), 1e-6)[0]
    assert (line.at(0.2), line.at(0.7), line.last) == ("a", "b", "b")
    with pytest.raises(ScenarioError, match="'licence' is no control of US, CN; did you mean 'licences'"):
        Control.of(BASE, small_rounds().table.moves, "licence")
    with pytest.raises(ValueError, match="no standoff, so no regime"):
        prescribed(Standoff("path", None, "came to no rest", 0), LICENCES)
