"""Past episodes are files: the shipped ones play like any scenario, a fifth is files, and no code knows any of them."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from scenario_files import shipped_tables, with_entry, write_scenario

import bargain
from bargain.evidence import EPISODES, load_evidence
from bargain.standoff import ScenarioError, State, load_scenario, shipped_scenarios
from bargain.standoff.references import reference_errors

STATE_NAMES = {"china-japan-2010": "civil", "opec-1973": "commercial", "russia-eu-gas-2022": "storage"}
FEW = {name: {stock: 3, "rebuilt": 2} for name, stock in STATE_NAMES.items()} | {"us-china-2018": {}}


def test_every_episode_is_a_scenario():
    assert set(EPISODES) <= set(shipped_scenarios())
    for name in EPISODES:
        scenario = load_scenario(name)
        assert scenario.file.episode == name
        assert scenario.evidence is load_evidence("independent", name)
        assert not list(reference_errors(scenario.file))
        assert len(scenario.players) == 2
        assert scenario.file.record is not None


def test_no_code_mentions_an_episode():
    words = re.compile(r"japan-2010|opec|gazprom|russia|2018-war|senkaku", re.IGNORECASE)
    code = [path for path in Path(bargain.__file__).parent.rglob("*.py") if path.parent.name != "evidence"]
    assert len(code) > 100
    assert not [path.name for path in code if words.search(path.read_text(encoding="utf-8"))]


@pytest.mark.parametrize("name", EPISODES)
def test_gdp_and_episode_rows_come_from_the_evidence_and_the_rest_says_why(name):
    scenario = load_scenario(name)
    for key, parameter in scenario.parameters.items():
        if key.endswith("gdp_usd_bn"):
            assert parameter.confidence != "assumed"
        if parameter.confidence == "assumed":
            assert len(parameter.source) > 3, key
    own = [p for p in scenario.parameters.values() if re.match(r"-?(cj10|uc18|re22|op73)_", p.group)]
    assert len(own) >= 8


@pytest.mark.parametrize("name", EPISODES)
def test_rounds_are_the_stage_game_of_each_state(name):
    scenario = load_scenario(name)
    rounds = scenario.rounds(levels=FEW[name], bystanders="neutral")
    game, table = rounds.game(), rounds.space.table()
    np.testing.assert_allclose(game.probabilities.sum(axis=-1), 1.0)
    for s, row in table.iterrows():
        stock = None if name not in STATE_NAMES else row[STATE_NAMES[name]]
        there = State(None, stock, row.get("rebuilt"), None, row["mood"] if len(rounds.space.moods) > 1 else None)
        np.testing.assert_allclose(game.payoffs[s], scenario.stage_game(there).payoffs, atol=1e-9)


@pytest.mark.parametrize("name", EPISODES)
def test_both_sides_can_negotiate(name):
    agreement = bargain.negotiate(load_scenario(name), levels=FEW[name] or None)
    assert agreement.certified
    assert agreement.payoffs is not None
    assert set(agreement.record()["players"]) == set(load_scenario(name).players)


def test_a_stock_that_is_a_state_is_that_of_its_own_input_and_track():
    tables = shipped_tables()
    rule = tables["rounds"]["stocks"]["military"] | {"input": "light_magnets", "track": "civil", "levels": 2}
    changed = with_entry(tables, "rounds.stocks", {"cars": rule})
    file = bargain.standoff.loading._validated("changed", changed)
    scenario = bargain.standoff.loading.resolved_scenario("changed", file, "independent")
    rounds = scenario.rounds(levels={"rebuilt": 1, "substitution": 1}, bystanders="neutral")
    values = rounds._game.values
    np.testing.assert_array_equal(values["light_magnets.US.civil_stock_months"][::2], [0.0, 18.0])
    untouched = scenario.parameters["heavy_rare_earths.US.civil_stock_months"].value
    np.testing.assert_array_equal(values["heavy_rare_earths.US.civil_stock_months"], untouched)
    pooled = scenario.with_values({"options.stocks": "pooled"}).rounds(levels={"rebuilt": 1, "substitution": 1})
    np.testing.assert_array_equal(pooled._game.values["heavy_rare_earths.US.civil_stock_months"][::2], [0.0, 18.0])


def test_a_level_without_a_military_share_treats_both_tracks_alike():
    scenario = load_scenario("russia-eu-gas-2022")
    for level in scenario.file.instruments["gas_supply"].levels:
        civil, military = (scenario.parameters[f"gas_supply.{level}.{track}"].value for track in ("civil", "military"))
        assert civil == military
    assert scenario.parameters["gas_supply.at_40.civil"].value == pytest.approx(67 / 167, abs=1e-3)


def test_the_only_mood_can_be_named():
    scenario = load_scenario("china-japan-2010")
    assert scenario.with_values({"state.mood": "steady"}) == scenario
    with pytest.raises(ScenarioError, match="'hawk' is not one of steady"):
        scenario.with_values({"state.mood": "hawk"})


def test_the_record_is_no_part_of_the_game_and_no_key():
    tables = shipped_tables("china-japan-2010")
    file = bargain.standoff.loading._validated("china-japan-2010", with_entry(tables, "record.rents", []))
    other = bargain.standoff.loading.resolved_scenario("china-japan-2010", file, "independent")
    assert other == load_scenario("china-japan-2010")
    assert not [key for key in other.parameters if key.startswith("record")]


@pytest.mark.parametrize(
    ("place", "entry", "message"),
    [
        (
            "episode",
            "china-japan-2011",
            "episode: 'china-japan-2011' is not an episode .*did you mean 'china-japan-2010'",
        ),
        ("trade.regions", ["CN", "JP", "US", "EU", "KR", "ROW", "IN"], "'IN' is not a region of the trade data"),
        ("trade.regions", ["CN", "JP", "US", "EU", "KR"], "ROW missing"),
        ("record.sender", "CH", "record.sender: 'CH' is not known here; did you mean 'CN'"),
        ("record.course", [{"months": 2, "levels": {"licences": "stopp"}}], "record.course.0.licences: 'stopp'"),
        ("record.course", [{"months": 2, "levels": {"licence": "stop"}}], "record.course.0: 'licence'"),
        ("record.course", [{"months": 0}], "record.course.0.months: 0 is wrong"),
        ("demands.captain.conceder", "US", "demands.captain.conceder: 'US' is not a strategic player"),
        ("demands.captain.conceder", "CN", "'CN' cannot demand anything of itself"),
        ("players.JP.gdp_usd_bn", {"evidence": "gdp_in"}, "no evidence row 'gdp_in'"),
    ],
)
def test_a_wrong_name_is_one_clear_error(tmp_path, place, entry, message):
    tables = with_entry(shipped_tables("china-japan-2010"), place, entry)
    with pytest.raises(ScenarioError, match=message):
        load_scenario(write_scenario(tmp_path, tables))


def test_a_fifth_episode_is_files_alone(tmp_path):
    """The package copied, four files added under a new name: it loads and appears in the list."""
    package = tmp_path / "bargain"
    shutil.copytree(Path(bargain.__file__).parent, package)
    data = package / "evidence" / "data" / "episodes"
    for kind in ("parameters", "moves", "trade"):
        shutil.copy(data / f"{kind}_opec-1973.csv", data / f"{kind}_suez-1956.csv")
    scenarios = package / "standoff" / "scenarios"
    text = (scenarios / "opec-1973.toml").read_text(encoding="utf-8")
    (scenarios / "suez-1956.toml").write_text(text.replace('episode = "opec-1973"', 'episode = "suez-1956"'), "utf-8")
    program = (
        "import bargain; s = bargain.load_scenario('suez-1956'); assert 'suez-1956' in bargain.shipped_scenarios(); "
        "print(s.evidence.episode.name, s.file.trade.regions[-1], s.evidence.trade_flows().values.shape[0])"
    )
    environment = os.environ | {"PYTHONPATH": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.stdout.split() == ["suez-1956", "ROW", "5"], done.stderr
