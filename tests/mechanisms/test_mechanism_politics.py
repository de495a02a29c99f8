"""Factions of a scenario: their payoffs by changing the scenario by hand, the mood chain of the game over rounds."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from bargain.standoff import load_scenario
from bargain.standoff.mechanism_politics import (
    deciding_chances,
    faction_payoffs,
    factions,
    mood_chances,
    ratification_rounds,
)
from bargain.standoff.schema import ScenarioError

LEVELS = {"military": 2, "rebuilt": 2, "substitution": 2}


@pytest.fixture(scope="module")
def scenario():
    return load_scenario("us-china-2025")


def test_factions_and_their_payoffs_are_those_of_a_scenario_changed_by_hand(scenario):
    assert factions(scenario) == {"US": {"hawk": 1.6, "split": 0.4}, "CN": {"guarded": 1.6, "open": 0.4}}
    found = faction_payoffs(scenario, levels=LEVELS)
    weight = scenario.parameters["CN.protection_weight"].value
    by_hand = scenario.with_values({"CN.protection_weight": 1.6 * weight, "US.hawk.protection_factor": 0.4})
    payoffs = by_hand.rounds(levels=LEVELS).payoffs[0]
    np.testing.assert_allclose(found["CN"]["guarded"], payoffs[:, 1], atol=1e-14)
    np.testing.assert_allclose(found["US"]["split"], payoffs[:, 0], atol=1e-14)


def test_a_faction_agrees_with_the_government_in_its_own_mood(scenario):
    rounds, found = scenario.rounds(levels=LEVELS), faction_payoffs(scenario, levels=LEVELS)
    moods = np.array(rounds.space.moods)[rounds.space.values("mood")[0].astype(int)]
    for mood in ("hawk", "split"):
        np.testing.assert_array_equal(found["US"][mood][moods == mood], rounds.payoffs[0, moods == mood, 0])
    assert not np.array_equal(found["US"]["hawk"], found["US"]["split"])


def test_the_mood_at_ratification_is_that_of_the_chain_in_the_game(scenario):
    rounds = scenario.rounds(levels=LEVELS)
    moods = np.array(rounds.space.moods)[rounds.space.values("mood")[0].astype(int)]
    chances = rounds.space.start()[0]
    for n in range(4):
        expected = {mood: float(chances[moods == mood].sum()) for mood in ("hawk", "split")}
        assert mood_chances(scenario, n) == pytest.approx(expected)
        after = np.zeros_like(chances)
        np.add.at(after, rounds.successors[0, :, 0, 0], chances[:, None] * rounds.probabilities[0, :, 0, 0])
        chances = after
    assert mood_chances(scenario, 2, today="split") == pytest.approx({"hawk": 0.18, "split": 0.82})
    assert mood_chances(scenario, 500) == pytest.approx({"hawk": 0.5, "split": 0.5})


def test_who_decides_as_the_other_side_sees_it(scenario):
    assert deciding_chances(scenario, "US") == mood_chances(scenario, ratification_rounds(scenario))
    assert deciding_chances(scenario, "CN") == {"guarded": 0.5, "open": 0.5}
    key = "mechanisms.politics.CN_guarded_chance"
    assert deciding_chances(scenario.with_values({key: 0.9}), "CN") == pytest.approx({"guarded": 0.9, "open": 0.1})
    assert ratification_rounds(scenario, 5) == 5


def test_bad_input(scenario):
    for call, message in (
        (lambda: mood_chances(scenario, -1), "n_rounds = -1 is not a whole number >= 0"),
        (lambda: mood_chances(scenario, 1, "hawkish"), "'hawkish' is no mood"),
        (lambda: deciding_chances(scenario, "EU"), "'EU' is no strategic player"),
    ):
        with pytest.raises(ScenarioError, match=message):
            call()


@pytest.mark.parametrize("page", ["commitment", "two_level_politics"])
def test_the_pages_show_the_numbers_of_the_scenario(scenario, page):
    text = (Path(__file__).parents[2] / "docs" / "mechanisms" / f"{page}.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([\w.]+)` \| ([\d.]+) \| ([\d.]+) to ([\d.]+) \|", text, re.MULTILINE)
    assert len(rows) == 9
    for key, *numbers in rows:
        parameter = scenario.parameters[key]
        assert tuple(map(float, numbers)) == (parameter.value, parameter.low, parameter.high), key
