import math

import pytest
from pydantic import ValidationError

from bargain.evidence.units import UNITS
from bargain.standoff import ScenarioError, load_scenario
from bargain.standoff.schema import Attribute, Quantity, nearest, quantities, share

FILE = load_scenario("us-china-2025").file


def test_every_quantity_has_a_key_a_place_and_an_attribute():
    rows = list(quantities(FILE))
    keys, places = [row[0] for row in rows], [row[1] for row in rows]
    assert len(set(keys)) == len(keys)
    assert len(set(places)) == len(places)
    for key, place, attribute, quantity in rows:
        entry = FILE
        for name in place.split("."):
            entry = entry[name] if isinstance(entry, dict) else getattr(entry, name)
        assert entry is quantity
        assert key.rsplit(".", 1)[1] == place.rsplit(".", 1)[1]
        assert attribute.meaning


def test_keys_leave_the_group_and_the_field_of_the_file_out():
    places = {key: place for key, place, _, _ in quantities(FILE)}
    assert places["heavy_rare_earths.US.military_stock_months"] == (
        "inputs.heavy_rare_earths.users.US.military_stock_months"
    )
    assert places["us_tariff.truce.rate"] == "instruments.us_tariff.levels.truce.rate"
    assert places["US.hawk.protection_factor"] == "players.US.moods.hawk.protection_factor"
    assert places["diversion.tracing"] == "diversion.tracing"


def test_all_units_of_the_schema_are_units_of_the_evidence():
    for key, _, attribute, _ in quantities(FILE):
        assert attribute.unit in UNITS, key
        assert attribute.low <= attribute.high


def test_attributes():
    assert (share("part").unit, share("part").low, share("part").high) == ("share", 0.0, 1.0)
    assert Attribute("months", "a stock").high == math.inf


@pytest.mark.parametrize("number", [1, 1.0])
def test_whole_numbers_and_floats_are_one(number):
    quantity = Quantity(value=number, low=0, high=2, unit="share", reason="x")
    assert quantity == Quantity(value=1.0, low=0.0, high=2.0, unit="share", reason="x")
    assert isinstance(quantity.value, float)


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ({}, "'value' is missing"),
        ({"value": 1.0, "low": 0.0, "high": 2.0, "reason": "x"}, "'unit' is missing"),
        ({"evidence": "gdp_us", "low": 1.0}, "'low' stands beside 'evidence'"),
        ({"value": 1.0, "low": 0.0, "high": 2.0, "unit": "share", "reason": "x", "offset": 1.0}, "go with 'evidence'"),
        ({"value": 3.0, "low": 0.0, "high": 2.0, "unit": "share", "reason": "x"}, r"value = 3 is not in its range"),
        ({"value": True, "low": 0.0, "high": 2.0, "unit": "share", "reason": "x"}, "valid number"),
    ],
)
def test_a_quantity_is_a_reference_or_an_assumption(entries, message):
    with pytest.raises(ValidationError, match=message):
        Quantity(**entries)


def test_a_reference_may_carry_its_reason():
    assert Quantity(evidence="gdp_us", reason="as of 2024").reason == "as of 2024"


def test_errors_are_one_line():
    assert str(ScenarioError("a\n  b\tc")) == "a b c"
    assert isinstance(ScenarioError("x"), ValueError)


def test_nearest():
    assert nearest("opne", ["open", "ban"]) == "; did you mean 'open'?"
    assert nearest("xyz", ["open", "ban"]) == ""
