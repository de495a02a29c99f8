import pytest
from scenario_files import shipped_tables, with_entry

from bargain.standoff import load_scenario
from bargain.standoff.references import reference_errors, unknown
from bargain.standoff.schema import ScenarioFile


def errors(*changes):
    """All complaints about the shipped tables after changes (place, entry)."""
    tables = shipped_tables()
    for place, entry in changes:
        tables = with_entry(tables, place, entry)
    return list(reference_errors(ScenarioFile.model_validate(tables)))


@pytest.mark.parametrize("name", ["us-china-2025", "us-china-2025-gallium"])
def test_the_shipped_scenarios_have_none(name):
    assert not list(reference_errors(load_scenario(name).file))


def test_each_complaint_names_its_place():
    found = errors(
        ("players.US.rival", "CH"),
        ("inputs.light_magnets.exporter", "CHN"),
        ("instruments.licences.reference", "opne"),
        ("state.mood", "dove"),
    )
    assert [place for place, _ in found] == [
        "players.US.rival",
        "inputs.light_magnets.exporter",
        "instruments.licences.reference",
        "instruments.licences.acts_on",
        "state.mood",
    ]


def test_a_mood_needs_no_name_where_nobody_has_moods():
    assert not errors(("players.US.moods", {}), ("state.mood", "none"))


def test_a_bystander_without_instruments_is_fine():
    assert not errors(("instruments.alignment.players", ["EU", "JP", "KR", "TW"]))


def test_two_instruments_may_share_an_owner_but_not_a_target():
    first = shipped_tables()["instruments"]["us_tariff"]
    assert not errors(("instruments.other", first | {"target": "EU"}))
    assert errors(("instruments.other", first)) == [
        ("instruments.other", "the tariff of 'US' on 'CN' is set by 'us_tariff' already")
    ]


def test_unknown_names_the_nearest_and_the_known():
    assert unknown("a player", "USA", ["US", "CN"]) == "'USA' is not a player; did you mean 'US'? (known: US, CN)"
