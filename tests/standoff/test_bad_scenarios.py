"""Scenario files with one fault each: one line that names the place and the rule, and nothing but a ScenarioError."""

import pytest
from scenario_files import BASE, MISSING, assumed, shipped_tables, shipped_text, with_entry, write_scenario

from bargain import cli
from bargain.standoff import ScenarioError, load_scenario

DEPENDENCE = "inputs.light_magnets.users.US.dependence"
AUDIENCE = "players.US.audience_cost"
LONGEST_LINE = 400


def one_line_error(path):
    """The message of the ScenarioError that loading ``path`` gives; any other exception fails the test."""
    with pytest.raises(ScenarioError) as caught:
        load_scenario(path)
    message = str(caught.value)
    assert len(message.splitlines()) == 1
    assert len(message) <= LONGEST_LINE, message
    assert path.stem in message
    return message


# place, entry (MISSING deletes), and what the message must say: the place and the rule
SINGLE_FAULTS = {
    "missing title": ("title", MISSING, ["title", "is missing"]),
    "missing section": ("diversion", MISSING, ["diversion", "is missing"]),
    "missing players": ("players", MISSING, ["players", "is missing"]),
    "missing attribute": (DEPENDENCE, MISSING, [DEPENDENCE, "is missing"]),
    "missing level attribute": ("instruments.licences.levels.slow.civil", MISSING, ["slow.civil", "is missing"]),
    "missing kind": ("instruments.licences.kind", MISSING, ["instruments.licences", "kind"]),
    "missing reference": ("instruments.us_tariff.reference", MISSING, ["us_tariff.reference", "is missing"]),
    "missing unit": (f"{AUDIENCE}.unit", MISSING, [AUDIENCE, "'unit' is missing"]),
    "missing reason": (f"{AUDIENCE}.reason", MISSING, [AUDIENCE, "'reason' is missing"]),
    "missing low": (f"{AUDIENCE}.low", MISSING, [AUDIENCE, "'low' is missing"]),
    "empty reason": (f"{AUDIENCE}.reason", "  ", [AUDIENCE, "'reason' is empty"]),
    "wrong unit": (DEPENDENCE, assumed(0.8, 0.7, 0.9, "months"), [DEPENDENCE, "'months'", "'share'"]),
    "unknown unit": (f"{AUDIENCE}.unit", "percent", [AUDIENCE, "percent_gdp"]),
    "evidence of another unit": (DEPENDENCE, {"evidence": "gdp_us"}, [DEPENDENCE, "'usd_bn'", "'share'"]),
    "nan": (f"{AUDIENCE}.value", float("nan"), [f"{AUDIENCE}.value", "nan", "finite"]),
    "infinite": (f"{AUDIENCE}.high", float("inf"), [f"{AUDIENCE}.high", "inf", "finite"]),
    "minus infinity": (f"{AUDIENCE}.low", float("-inf"), [f"{AUDIENCE}.low", "-inf", "finite"]),
    "huge whole number": (f"{AUDIENCE}.high", 10**400, [f"{AUDIENCE}.high", "is wrong: input should be"]),
    "nan factor": ("trade.elasticity.factor", float("nan"), ["trade.elasticity.factor", "nan", "finite"]),
    "zero factor": ("trade.elasticity.factor", 0, ["trade.elasticity", "factor = 0 is not a scaling"]),
    "factor of the wrong sign": ("trade.elasticity.factor", 1, ["trade.elasticity", "is not in [0.05, 30]"]),
    "factor on an assumption": (f"{AUDIENCE}.factor", 2, [AUDIENCE, "go with 'evidence' only"]),
    "infinite round": ("round_months", float("inf"), ["round_months", "inf"]),
    "empty round": ("round_months", 0, ["round_months", "greater than 0"]),
    "negative stock": (
        "inputs.heavy_rare_earths.users.US.military_stock_months",
        assumed(-1.0, -2.0, 0.0, "months"),
        ["heavy_rare_earths.users.US.military_stock_months", "-1 months is not in [0, 1200]"],
    ),
    "range reaches below zero": (
        "inputs.light_magnets.users.TW.civil_stock_months",
        assumed(1.0, -1.0, 2.0, "months"),
        ["light_magnets.users.TW.civil_stock_months", "-1 months is not in [0, 1200]"],
    ),
    "share above one": (DEPENDENCE, assumed(1.4, 0.5, 2.0, "share"), [DEPENDENCE, "1.4 is not a share in [0, 1]"]),
    "low above high": (AUDIENCE, assumed(0.1, 0.3, 0.0, "percent_gdp"), [AUDIENCE, "range [0.3, 0]"]),
    "value above its range": (AUDIENCE, assumed(0.4, 0.0, 0.3, "percent_gdp"), [AUDIENCE, "0.4", "range [0, 0.3]"]),
    "value below its range": (AUDIENCE, assumed(0.0, 0.1, 0.3, "percent_gdp"), [AUDIENCE, "range [0.1, 0.3]"]),
    "stock of centuries": (
        "inputs.light_magnets.users.TW.civil_stock_months",
        assumed(1.0, 1.0, 1e300, "months"),
        ["light_magnets.users.TW.civil_stock_months", "1e+300 months is not in [0, 1200]"],
    ),
    "huge bare number": (AUDIENCE, 10**400, [AUDIENCE, "stands bare"]),
    "bare number": (AUDIENCE, 0.1, [AUDIENCE, "0.1"]),
    "text for a number": (f"{AUDIENCE}.value", "0.1", [f"{AUDIENCE}.value", "'0.1'"]),
    "truth value for a number": (f"{AUDIENCE}.value", True, [f"{AUDIENCE}.value", "True"]),
    "number for a text": ("title", 5, ["title", "5 is wrong", "string"]),
    "number for a truth value": ("players.US.strategic", 1, ["players.US.strategic", "bool"]),
    "list for a table": ("players", ["US", "CN"], ["players", "dictionary"]),
    "text for a list": ("trade.regions", "US", ["trade.regions", "'US'", "list"]),
    "number for a section": ("state", 3, ["state", "3"]),
    "reference and assumption": (f"{DEPENDENCE}.value", 0.8, [DEPENDENCE, "'value' stands beside 'evidence'"]),
    "unknown evidence": (
        DEPENDENCE,
        {"evidence": "us_magnet_dep_ch"},
        [DEPENDENCE, "no evidence row 'us_magnet_dep_ch'; did you mean 'us_magnet_dep_cn'?"],
    ),
    "typo at the top": ("instrument", {}, ["unknown key 'instrument'; did you mean 'instruments'?"]),
    "typo in an attribute": (
        "players.US.audience_costs",
        assumed(0.1, 0, 1, "percent_gdp"),
        ["players.US", "unknown key 'audience_costs'; did you mean 'audience_cost'?"],
    ),
    "typo in a quantity": (f"{AUDIENCE}.hihg", 1, [AUDIENCE, "unknown key 'hihg'; did you mean 'high'?"]),
    "unknown option": ("options.stock", "pooled", ["options", "unknown key 'stock'; did you mean 'stocks'?"]),
    "unknown reading": ("options.stocks", "pool", ["options.stocks", "'pool'", "'separate' or 'pooled'"]),
    "unknown rival": ("players.US.rival", "CH", ["players.US.rival", "'CH' is not another player; did you mean 'CN'"]),
    "own rival": ("players.US.rival", "US", ["players.US.rival", "'US' is not another player"]),
    "lonely player": ("players.CN.strategic", False, ["players", "fewer than 2 are strategic"]),
    "unknown exporter": ("inputs.light_magnets.exporter", "CHN", ["inputs.light_magnets.exporter", "'CHN'", "'CN'?"]),
    "exporter uses its own": ("inputs.ai_chips.exporter", "CN", ["inputs.ai_chips.users.CN", "own user"]),
    "exporter of another control": ("inputs.light_magnets.exporter", "EU", ["light_magnets", "EU"]),
    "unknown sector": ("inputs.light_magnets.sector", "magnet_user", ["light_magnets.sector", "'magnet_users'?"]),
    "sector without its share": ("inputs.light_magnets.sector_share", MISSING, ["inputs.light_magnets", "go together"]),
    "share without its sector": ("inputs.ai_chips.sector_share", assumed(1, 1, 1, "share"), ["inputs.ai_chips", "go"]),
    "user outside the sector": ("sectors.magnet_users.users.JP", MISSING, ["sectors.magnet_users.users", "'JP'"]),
    "unknown sector user": (
        "sectors.magnet_users.users.XX",
        {
            "exposure": assumed(2, 1, 3, "percent_gdp"),
            "loss_of_80_cut": assumed(1, 1, 1, "percent_gdp"),
        },
        ["sectors.magnet_users.users.XX", "'XX' is not a player"],
    ),
    "military stock without a loss": (
        "inputs.heavy_rare_earths.users.US.military_loss",
        MISSING,
        ["heavy_rare_earths.users.US", "'military_stock_months' needs 'military_loss'"],
    ),
    "unknown way to replace": ("inputs.ai_chips.replaced_by", "rebuild", ["ai_chips.replaced_by", "'rebuilt'"]),
    "unknown instrument kind": (
        "instruments.us_tariff.kind",
        "tarif",
        ["instruments.us_tariff", "'tarif'", "'tariff'"],
    ),
    "unknown instrument player": ("instruments.us_tariff.player", "USA", ["us_tariff.player", "'USA'", "'US'?"]),
    "unknown instrument target": ("instruments.licences.target", "USA", ["licences.target", "'USA'", "'US'?"]),
    "tariff on oneself": ("instruments.us_tariff.target", "US", ["us_tariff.target", "cannot act on itself"]),
    "unknown reference level": (
        "instruments.licences.reference",
        "opne",
        ["licences.reference", "did you mean 'open'"],
    ),
    "no levels": ("instruments.licences.levels", {}, ["instruments.licences.reference", "'open' is not a level"]),
    "negative tariff": (
        "instruments.us_tariff.levels.truce.rate",
        assumed(-0.1, -0.2, 0.1, "rate"),
        ["us_tariff.levels.truce.rate", "-0.1 rate is not in [0, 20]"],
    ),
    "unknown controlled input": ("instruments.licences.acts_on", ["light_magnet"], ["acts_on", "'light_magnets'?"]),
    "input of another exporter": (
        "instruments.licences.acts_on",
        ["light_magnets", "ai_chips"],
        ["instruments.licences.acts_on", "'ai_chips' is exported by 'US', not by 'CN'"],
    ),
    "no controlled input": ("instruments.licences.acts_on", [], ["instruments.licences.acts_on", "at least one"]),
    "input controlled twice by one": (
        "instruments.licences.acts_on",
        ["light_magnets", "light_magnets"],
        ["instruments.licences", "'light_magnets' is set by 'licences' already"],
    ),
    "target without the input": (
        "inputs.light_magnets.users.US",
        MISSING,
        ["instruments.licences.acts_on", "'light_magnets' has no user 'US'"],
    ),
    "unknown aligned player": ("instruments.alignment.players", ["EU", "JA"], ["alignment.players", "'JA'"]),
    "player aligned twice": ("instruments.alignment.players", ["EU", "EU"], ["instruments.alignment", "'EU' is set"]),
    "region without a player's trade": ("trade.regions", ["US", "CN", "ROW"], ["trade.regions", "'EU' is missing"]),
    "unknown region": (
        "trade.regions",
        ["US", "CN", "EU", "JP", "KR", "IN", "TW", "RWO"],
        ["trade.regions", "'RWO' is not a region of the trade data; did you mean 'ROW'?"],
    ),
    "region named twice": (
        "trade.regions",
        ["US", "CN", "EU", "JP", "KR", "IN", "TW", "US"],
        ["trade.regions", "'US' is named twice"],
    ),
    "unknown mood": ("state.mood", "dove", ["state.mood", "'dove' is not a mood", "hawk, split"]),
    "loss that no industry can bear": (
        "sectors.magnet_users.users.US.loss_of_80_cut",
        assumed(2.3, 2.0, 2.5, "percent_gdp"),
        ["magnet_users.US.loss_of_80_cut = 2.3", "at most 1.92"],
    ),
    "loss below the cost share": (
        "sectors.magnet_users.users.US.loss_of_80_cut",
        assumed(0.001, 0.0005, 0.1, "percent_gdp"),
        ["magnet_users.US.loss_of_80_cut = 0.001", "above 0.00192"],
    ),
    "variant of an unknown key": (
        "variants.mine",
        {"reason": "a typo", "values": {"US.audience_kost": 0.0}},
        ["variants.mine", "unknown key 'US.audience_kost'", "did you mean 'US.audience_cost'?"],
    ),
    "variant out of bounds": (
        "variants.mine",
        {"reason": "too much", "values": {"diversion.tracing": 1.5}},
        ["variants.mine", "diversion.tracing = 1.5 is not a share in [0, 1]"],
    ),
    "variant of an unknown reading": (
        "variants.mine",
        {"reason": "a typo", "values": {"options.shortage": "leontieff"}},
        ["variants.mine", "options.shortage", "did you mean 'leontief'?"],
    ),
    "variant with text for a number": (
        "variants.mine",
        {"reason": "words", "values": {"US.audience_cost": "none"}},
        ["variants.mine", "US.audience_cost = 'none' is not a number"],
    ),
    "variant with unknown evidence": (
        "variants.mine",
        {"reason": "a typo", "values": {"US.gdp_usd_bn": {"evidence": "gdp_usa"}}},
        ["variants.mine", "US.gdp_usd_bn", "did you mean 'gdp_us'?"],
    ),
    "variant without a reason": ("variants.mine", {"values": {}}, ["variants.mine.reason", "is missing"]),
    "unknown base": ("extends", "us-china-2024", ["'us-china-2024'", "did you mean 'us-china-2025'?"]),
    "base of a wrong type": ("extends", ["us-china-2025"], ["extends", "is not a shipped scenario"]),
}

# parents, old name, new name, and what the message must say
RENAMINGS = {
    "unknown user": (["inputs", "light_magnets", "users"], "US", "USA", ["light_magnets.users.USA", "'US'?"]),
    "space in a player": (["players"], "TW", "Tai wan", ["players", "'Tai wan' is not a plain name"]),
    "dot in an input": (["inputs"], "ai_chips", "ai.chips", ["inputs", "'ai.chips' is not a plain name"]),
    "digit in front": (["sectors"], "magnet_users", "1st", ["sectors", "'1st' is not a plain name"]),
    "empty name": (["inputs"], "ai_chips", "", ["inputs", "'' is not a plain name"]),
    "line break in a name": (["inputs"], "ai_chips", "ai_chips\n", ["inputs", "is not a plain name"]),
    "name of a section": (["inputs"], "ai_chips", "trade", ["inputs", "'trade' is taken by a section"]),
    "name of a player": (["sectors"], "magnet_users", "US", ["sectors", "'US' is taken by one of the players"]),
    "name of an input": (["instruments"], "chip_control", "ai_chips", ["'ai_chips' is taken by one of the inputs"]),
    "dot in a level": (
        ["instruments", "us_tariff", "levels"],
        "peak",
        "very.peak",
        ["us_tariff.levels", "'very.peak'"],
    ),
    "slash in a level": (["instruments", "us_tariff", "levels"], "peak", "a/b", ["us_tariff.levels", "'a/b' is not"]),
    "dot in a mood": (["players", "US", "moods"], "hawk", "very.hawk", ["players.US.moods", "'very.hawk' is not"]),
    "typo with a line break": (["players", "US"], "rival", "ri\nval", ["players.US", "unknown key", "'rival'?"]),
}


@pytest.mark.parametrize("fault", SINGLE_FAULTS)
def test_one_wrong_entry_gives_one_line(fault, tmp_path):
    place, entry, words = SINGLE_FAULTS[fault]
    message = one_line_error(write_scenario(tmp_path, with_entry(shipped_tables(), place, entry)))
    for word in words:
        assert word in message


@pytest.mark.parametrize("fault", RENAMINGS)
def test_one_wrong_name_gives_one_line(fault, tmp_path):
    parents, old, new, words = RENAMINGS[fault]
    tables = shipped_tables()
    table = tables
    for name in parents:
        table = table[name]
    entries = [(new if name == old else name, entry) for name, entry in table.items()]
    table.clear()
    table.update(entries)
    message = one_line_error(write_scenario(tmp_path, tables))
    for word in words:
        assert word in message


def with_copy(instrument, **changes):
    tables = shipped_tables()
    tables["instruments"]["second"] = tables["instruments"][instrument] | changes
    return tables


@pytest.mark.parametrize(
    ("tables", "rule"),
    [
        (
            with_copy("licences", acts_on=["light_magnets"]),
            "the export of 'light_magnets' is set by 'licences' already",
        ),
        (with_copy("us_tariff"), "the tariff of 'US' on 'CN' is set by 'us_tariff' already"),
        (with_copy("alignment", players=["KR"]), "the alignment of 'KR' is set by 'alignment' already"),
    ],
)
def test_one_thing_is_set_by_one_instrument(tables, rule, tmp_path):
    message = one_line_error(write_scenario(tmp_path, tables))
    assert message == f"mine: instruments.second: {rule}"


def test_a_strategic_player_needs_an_instrument(tmp_path):
    tables = with_entry(shipped_tables(), "players.JP.strategic", True)
    tables = with_entry(tables, "instruments.alignment.players", ["EU", "KR", "IN", "TW"])
    assert one_line_error(write_scenario(tmp_path, tables)) == "mine: players.JP: is strategic but owns no instrument"


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (b"", "title: is missing"),
        (b"# a remark and no more\n", "title: is missing"),
        (shipped_text().encode()[:5000], "not valid TOML"),
        (shipped_text().replace("United States and China", "\xc9tats-Unis et Chine").encode("latin-1"), "not a UTF-8"),
        (shipped_text().encode("utf-16"), "not a UTF-8"),
        (b"\xef\xbb\xbf" + shipped_text().encode(), "not valid TOML"),
        (b'{"title": "JSON"}', "not valid TOML"),
        (b"title = " + b"[" * 100_000, "not valid TOML: too deeply nested"),
        (b"round_months = " + b"9" * 10_000, "not valid TOML"),
        (shipped_text().encode() + b"\n[players.US]\nname = 'again'\n", "not valid TOML"),
        (shipped_text().replace("round_months = 3", "round_months = 3\nround_months = 3").encode(), "not valid TOML"),
        (b'extends = "us-china-2025"\n[players.US]\naudience_cost.value = nan\n', "audience_cost"),
    ],
    ids=range(12),
)
def test_files_that_are_no_scenario_at_all(content, rule, tmp_path):
    path = tmp_path / "mine.toml"
    path.write_bytes(content)
    assert rule in one_line_error(path)


def test_every_truncation_of_the_shipped_file_is_one_line(tmp_path):
    text = shipped_text()
    path = tmp_path / "mine.toml"
    # What follows is optional, so that the file is whole where it is cut between two entries.
    needed = text.index("[rounds]")
    for end in range(1, needed, needed // 25):
        path.write_text(text[:end], encoding="utf-8")
        one_line_error(path)


def test_no_file_a_folder_and_an_unknown_name(tmp_path):
    assert "no such file" in one_line_error(tmp_path / "mine.toml")
    (tmp_path / "folder.toml").mkdir()
    assert "is a directory" in one_line_error(tmp_path / "folder.toml")
    with pytest.raises(ScenarioError, match=f"no scenario 'us-china-2052'; did you mean '{BASE}'"):
        load_scenario("us-china-2052")
    with pytest.raises(ScenarioError, match="embedded null byte"):
        load_scenario("a\0b.toml")


def test_the_unchanged_tables_load_and_equal_the_shipped_scenario(tmp_path):
    """The writer of these tests is faithful: without a fault nothing fails."""
    assert load_scenario(write_scenario(tmp_path, shipped_tables())) == load_scenario(BASE)


@pytest.mark.parametrize("fault", SINGLE_FAULTS)
def test_the_command_line_says_the_same_in_one_line_without_a_traceback(fault, tmp_path, monkeypatch, capsys):
    place, entry, _ = SINGLE_FAULTS[fault]
    path = write_scenario(tmp_path, with_entry(shipped_tables(), place, entry))
    monkeypatch.setattr("sys.argv", ["bargain", "check", str(path)])
    with pytest.raises(SystemExit) as stop:
        cli.main()
    out, err = capsys.readouterr()
    assert stop.value.code == 2
    assert out == ""
    assert err.startswith("bargain: ")
    assert err.count("\n") == 1
    assert "Traceback" not in err
