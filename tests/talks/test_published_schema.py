"""The published schemas: the files in docs are those of the code, and what is printed is what they say."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from known_markov_games import MATCHING_PENNIES
from pydantic import ValidationError
from small_talks import BASE, SMALL, agreement, prisoners_agreement, small_rounds

from bargain.games.markov import MarkovGame
from bargain.talks import Agreement, Request, Setting, agree, negotiate
from bargain.talks.compare import compare
from bargain.talks.published import RECORDS, agreement_record, comparison_record, json_schema
from bargain.talks.standoffs import Standoff

SCHEMAS = Path(__file__).parents[2] / "docs" / "schemas"


def no_standoff() -> Agreement:
    """Matching pennies in every round, with a search for a standoff that found none."""
    game = MarkovGame.from_matrix(MATCHING_PENNIES.payoffs[None], np.ones((1, 2, 2, 1)), 0.8)
    setting, lost = Setting(game, np.ones(1), np.ones(2), (0, 0)), Standoff("path", None, "lost", 0)
    return agree(setting, Request(), standoff=lost)


@cache
def made(kind: str) -> Agreement:
    cases: dict[str, Any] = {
        "truce": agreement,
        "deal": lambda: agreement("deal", "punishment"),
        "set": lambda: negotiate(BASE, arrangement="set", levels={"military": 2, "rebuilt": 1, "substitution": 1}),
        "demands": lambda: negotiate(BASE, rounds=small_rounds(), demands="negotiable"),
        "no agreement": lambda: prisoners_agreement(0.1),
        "no standoff found": no_standoff,
        "another start": lambda: negotiate(BASE, levels=SMALL, start={"mood": "split", "military": 1.0}),
    }
    result: Agreement = cases[kind]()
    return result


KINDS = ("truce", "deal", "demands", "set", "no agreement", "no standoff found", "another start")


@pytest.mark.parametrize("command", RECORDS)
def test_the_committed_schema_is_the_one_of_the_code(command: str) -> None:
    text = (SCHEMAS / f"{command}.json").read_text(encoding="utf-8")
    assert json.loads(text) == json_schema(command)
    assert text == json.dumps(json_schema(command), indent=2) + "\n", f"bargain schema {command} > the file"


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_outcome_is_as_published_and_survives_json(kind: str) -> None:
    result = made(kind)
    record = agreement_record(result)
    assert kind in {"truce", "deal", "demands", "set", "another start", record["status"]}
    text = json.dumps(record, allow_nan=False)
    RECORDS["negotiate"].model_validate_json(text)
    assert text == json.dumps(agreement_record(Agreement.from_dict(json.loads(json.dumps(result.to_dict())))))
    assert record["schema_version"] == "1"


@pytest.mark.parametrize(
    "pair",
    [("truce", "deal"), ("truce", "set"), ("no agreement", "no agreement"), ("no agreement", "no standoff found")],
)
def test_comparisons_are_as_published(pair: tuple[str, str]) -> None:
    record = comparison_record(compare(made(pair[0]), made(pair[1])))
    RECORDS["compare"].model_validate_json(json.dumps(record, allow_nan=False))
    assert record["schema_version"] == "1"


def test_every_entry_is_described_by_the_schema() -> None:
    """Cross-check by hand, without pydantic: names of the schema and of the record are the same, level by level."""
    record, schema = agreement_record(agreement("deal", "punishment")), json_schema("negotiate")

    def entries(data: Any, part: dict[str, Any]) -> None:
        options = [part, *part.get("anyOf", ())]
        for option in options:
            named = schema["$defs"][option["$ref"].rpartition("/")[2]] if "$ref" in option else option
            if isinstance(data, dict) and "properties" in named:
                known = named["properties"]
                assert named.get("additionalProperties") is True or set(data) <= set(known)
                assert set(named.get("required", ())) <= set(data)
                for name in data.keys() & known.keys():
                    entries(data[name], known[name])

    entries(record, schema)


@pytest.mark.parametrize(("entry", "value"), [("status", "peace"), ("schema_version", "0"), ("surprise", 1.0)])
def test_a_record_that_is_not_as_published_is_refused(entry: str, value: Any) -> None:
    record = {**agreement().record(), entry: value}
    with pytest.raises(ValidationError, match=entry):
        RECORDS["negotiate"].model_validate(record)


def test_an_unknown_command_is_answered_with_the_nearest() -> None:
    with pytest.raises(ValueError, match="did you mean 'negotiate'"):
        json_schema("negotiat")
