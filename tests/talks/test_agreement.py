"""The agreement as data: plain, equal after every passage, with both sides in every text."""

from __future__ import annotations

import dataclasses
import json
import pickle

import numpy as np
import pytest
from small_talks import BASE, SMALL, agreement, prisoners_agreement

from bargain.talks import Agreement, negotiate


@pytest.mark.parametrize(("arrangement", "threat"), [("truce", "path"), ("deal", "punishment"), ("truce", "worst")])
def test_json_and_pickle_give_the_equal_agreement_back(arrangement: str, threat: str) -> None:
    made = agreement(arrangement, threat)
    text = json.dumps(made.to_dict(), allow_nan=False)
    loaded = Agreement.from_dict(json.loads(text))
    assert loaded == made
    assert hash(loaded) == hash(made)
    assert json.dumps(loaded.to_dict()) == text
    assert pickle.loads(pickle.dumps(made)) == made
    assert loaded.summary() == made.summary()
    assert loaded.path(5).equals(made.path(5))


def test_a_bare_game_goes_along_in_the_data() -> None:
    for arrangement in ("truce", "deal", "set"):
        made = prisoners_agreement(arrangement=arrangement)
        assert Agreement.from_dict(json.loads(json.dumps(made.to_dict()))) == made
        assert made.summary().count("player_1") >= 1


def test_changed_values_and_variants_survive() -> None:
    scenario = BASE.variant("no_audience").with_values({"trade.elasticity": 2.0, "state.mood": "split"})
    made = negotiate(scenario, levels=SMALL)
    loaded = Agreement.from_dict(json.loads(json.dumps(made.to_dict())))
    assert loaded == made
    assert loaded.scenario is not None
    assert loaded.scenario.record() == scenario.record()


def test_another_game_than_the_recorded_one_is_refused() -> None:
    data = agreement().to_dict()
    data["run"]["game_sha256"] = "0" * 64
    with pytest.raises(ValueError, match="does not match its recorded hash"):
        Agreement.from_dict(data)
    del data["outcome"]
    with pytest.raises(ValueError, match="entry 'outcome' is missing"):
        Agreement.from_dict(data)


def test_frozen_and_read_only() -> None:
    made = agreement()
    with pytest.raises(dataclasses.FrozenInstanceError):
        made.version = "2"  # type: ignore[misc]
    assert made.payoffs is not None
    with pytest.raises(ValueError, match="read-only"):
        made.payoffs[0] = 1.0


def test_the_record_names_threat_scope_and_sources_and_both_sides_alike() -> None:
    made = agreement()
    record = made.record()
    json.dumps(record, allow_nan=False)
    assert record["threat"] == "path"
    assert "others may exist" in record["threat_scope"]
    assert record["run"]["parameters_hash"] == BASE.hash
    assert record["run"]["settings"] == made.request.to_dict()
    assert set(record["players"]["US"]) == set(record["players"]["CN"])
    assert record["certified"]
    assert sum(truce["chance"] for truce in record["truces"]) == pytest.approx(1.0)


@pytest.mark.parametrize("arrangement", ["truce", "deal"])
def test_both_sides_have_the_same_prominence_in_the_summary(arrangement: str) -> None:
    lines = agreement(arrangement).summary().splitlines()
    starts = {player: sum(line.strip().startswith(player) for line in lines) for player in ("US", "CN")}
    assert starts["US"] == starts["CN"] > 0
    assert any(line.startswith("threat path") and "others may exist" in line for line in lines)


def test_terms_say_who_does_what_and_what_follows() -> None:
    truce, deal = agreement().terms(), agreement("deal").terms()
    for words in ("us_tariff", "chip_control", "cn_tariff", "licences", "after a breach", "what ends it"):
        assert words in truce
    for words in (
        "side payments in all",
        "after a breach by US",
        "after a breach by CN",
        "it enforces itself for ever",
    ):
        assert words in deal


def test_a_missing_standoff_is_an_answer_without_payoffs() -> None:
    from bargain.talks.bargains import bargain_over
    from bargain.talks.standoffs import Standoff

    made = agreement()
    nothing = Standoff("path", None, "best replies came to no rest", 0)
    outcome = bargain_over(made.setting, made.request, nothing)
    lost = Agreement.of(made.setting, made.request, nothing, outcome, made.scenario, made.rounds)
    assert lost.status == "no standoff found"
    assert lost.payoffs is None
    assert lost.gains is None
    assert "no terms" in lost.terms()
    assert np.isnan(lost.initiative()["gain"]).all()
    assert lost.life().expected_months == 0.0
    json.dumps(lost.record(), allow_nan=False)
    with pytest.raises(ValueError, match="nothing to play"):
        lost.path()


def test_data_that_were_changed_are_refused() -> None:
    data = agreement().to_dict()
    data["outcome"]["payoffs"] = [9.0, 9.0]
    with pytest.raises(ValueError, match="changed since"):
        Agreement.from_dict(data)
