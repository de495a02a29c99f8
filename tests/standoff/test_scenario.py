"""Scenarios as values: loading, changing, comparing, drawing."""

import math
import pickle

import numpy as np
import pytest
from scenario_files import assumed, shipped_tables, shipped_text, write_scenario

from bargain.standoff import ScenarioError, State, load_scenario, shipped_scenarios
from bargain.standoff.schema import Quantity

BASE = load_scenario("us-china-2025")
STOCK = "heavy_rare_earths.US.military_stock_months"


# ---------------------------------------------------------------- loading


def test_what_is_shipped():
    episodes = ["china-japan-2010", "opec-1973", "russia-eu-gas-2022", "us-china-2018"]
    assert list(shipped_scenarios()) == [*episodes, "us-china-2025", "us-china-2025-gallium"]
    for name, title in shipped_scenarios().items():
        scenario = load_scenario(name)
        assert scenario.file.title == title
        if name in episodes:
            continue
        assert scenario.players == ("US", "CN")
        assert scenario.bystanders == ("EU", "JP", "KR", "IN", "TW")


def test_a_path_and_a_name_give_the_same_scenario(tmp_path):
    path = tmp_path / "copy.toml"
    path.write_text(shipped_text(), encoding="utf-8")
    for mine in (load_scenario(path), load_scenario(str(path))):
        assert mine == BASE
        assert mine.name == "copy"


def test_an_unknown_evidence_set_is_one_clear_line():
    with pytest.raises(ValueError, match="evidence = 'articel' is not one of independent, article") as caught:
        load_scenario("us-china-2025", evidence="articel")
    assert len(str(caught.value).splitlines()) == 1


def test_extends_merges_tables_and_replaces_quantities(tmp_path):
    tables = {
        "extends": "us-china-2025",
        "title": "mine",
        "players": {"US": {"audience_cost": assumed(0.2, 0.1, 0.3, "percent_gdp")}},
        "inputs": {"ai_chips": {"users": {"CN": {"dependence": {"value": 0.95}}}}},
        "diversion": {"penalty": {"reason": "only the reason changes"}},
        "trade": {"other_tariff": {"evidence": "us_avg_tariff_pre_2025"}},
    }
    tables["inputs"]["ai_chips"]["users"]["CN"]["dependence"] = assumed(0.95, 0.9, 1.0, "share")
    mine = load_scenario(write_scenario(tmp_path, tables))
    changed = {key for key, p in mine.parameters.items() if p.value != BASE.parameters[key].value}
    assert changed == {"US.audience_cost", "ai_chips.CN.dependence", "trade.other_tariff"}
    assert set(mine.parameters) == set(BASE.parameters)
    assert mine.parameters["diversion.penalty"].source == "only the reason changes"
    assert mine.file.title == "mine"
    assert mine.file.description == BASE.file.description
    assert mine.file.trade.regions == BASE.file.trade.regions


def test_a_file_may_extend_the_shipped_scenario_of_its_own_name(tmp_path):
    path = write_scenario(tmp_path, {"extends": "us-china-2025", "round_months": 1}, name="us-china-2025")
    assert load_scenario(path).file.round_months == 1
    path = write_scenario(tmp_path, {"extends": "us-china-2025-gallium", "title": "mine"})
    assert set(load_scenario(path).parameters) == set(load_scenario("us-china-2025-gallium").parameters)


# ---------------------------------------------------------------- parameters


def test_every_parameter_has_range_unit_source_and_confidence():
    table = BASE.parameters.table()
    assert len(table) == len(BASE.parameters)
    assert {"value", "low", "high", "unit", "date", "source", "confidence"} <= set(table.columns)
    assert (table["low"] <= table["value"]).all()
    assert (table["value"] <= table["high"]).all()
    assert table["source"].str.len().min() > 0
    for key, parameter in BASE.parameters.items():
        assert parameter.unit == BASE.attributes[key].unit
        assert parameter.confidence == "assumed" or parameter.source.count("["), key


@pytest.mark.parametrize(
    ("key", "value", "low", "high"),
    [
        ("US.audience_cost", 0.10, 0.0, 0.3),
        ("CN.audience_cost", 0.35, 0.0, 0.5),
        ("US.protection_weight", 0.33, 0.0, 0.6),
        ("CN.protection_weight", 0.10, 0.0, 0.3),
        ("us_tariff.pre_2025.rate", 0.208, None, None),
        ("us_tariff.truce.rate", 0.475, None, None),
        ("us_tariff.peak.rate", 1.265, None, None),
        ("cn_tariff.pre_2025.rate", 0.212, None, None),
        ("cn_tariff.truce.rate", 0.319, None, None),
        ("cn_tariff.peak.rate", 1.476, None, None),
        ("licences.slow.civil", 0.3, None, None),
        ("licences.ban.civil", 0.05, None, None),
        ("chip_control.restricted.military", 0.2, None, None),
        ("chip_control.restricted.civil", 17 / 50, None, None),
        ("diversion.tracing", 0.6, None, None),
        ("magnet_users.US.exposure", 2.4, 2.0, 3.3),
        ("magnet_users.US.loss_of_80_cut", 1.0, 0.5, 1.5),
        ("magnet_users.cost_share", 0.001, 0.0003, 0.02),
        ("light_magnets.US.civil_stock_months", 2.5, 2.0, 3.0),
        (STOCK, 4.0, 2.0, 18.0),
        ("heavy_rare_earths.US.military_loss", 0.15, 0.02, 1.0),
        ("heavy_rare_earths.security_value", 0.02, 0.005, 0.2),
        ("heavy_rare_earths.covered_denial_share", 0.2, None, None),
        ("licences.reliability_cost", 0.005, None, None),
        ("licences.bottleneck_rent", 0.0, -0.1, 0.1),
        ("ai_chips.security_value", 0.19, 0.12, 0.26),
        ("ai_chips.rent_share", 0.6, None, None),
        ("ai_chips.CN.military_loss", 0.25, 0.05, 1.0),
        ("trade.elasticity", 1.8, None, None),
    ],
)
def test_defaults_and_ranges_of_the_model(key, value, low, high):
    parameter = BASE.parameters[key]
    assert parameter.value == pytest.approx(value)
    if low is not None:
        assert (parameter.low, parameter.high) == (low, high)


def test_the_article_changes_four_parameters():
    """Tracing, Chinese substitution, India's dependence and the US military stock; nothing else."""
    article = load_scenario("us-china-2025", evidence="article")
    changed = {
        key: (p.value, article.parameters[key].value)
        for key, p in BASE.parameters.items()
        if p.value != article.parameters[key].value
    }
    rows = article.evidence.parameters
    assert changed == {
        "diversion.tracing": (0.6, rows["trace_cov"].value),
        "state.substitution": (0.32, rows["ascend910b_h100_fp16"].value),
        "light_magnets.IN.dependence": (0.93, rows["in_magnet_dep_cn"].value),
        STOCK: (4.0, rows["us_mil_stock_months"].value),
    }
    assert all(rows[name].kind == "article" for name in ("trace_cov", "us_mil_stock_months"))
    assert article != BASE
    assert article.evidence_set == "article"
    for key, (_, value) in changed.items():
        assert article.parameters[key].low <= value <= article.parameters[key].high


# ---------------------------------------------------------------- changed copies


def test_every_key_round_trips_at_its_own_value():
    values = {key: p.value for key, p in BASE.parameters.items()} | dict(BASE.choices)
    assert set(values) == set(BASE.keys())
    same = BASE.with_values(values)
    assert same == BASE
    assert hash(same) == hash(BASE)
    np.testing.assert_array_equal(same.payoffs().total, BASE.payoffs().total)
    for key, entry in values.items():
        single = BASE.with_values({key: entry})
        assert single == BASE, key
        assert single.changed == (key,)


def test_a_changed_copy_leaves_the_original_alone():
    tight = BASE.with_values({STOCK: 2})
    assert BASE.parameters[STOCK].value == 4.0
    assert tight.parameters[STOCK].value == 2.0
    assert "set by the user; was 4 from:" in tight.parameters[STOCK].source
    assert tight.parameters[STOCK].confidence == "assumed"
    assert tight.changed == (STOCK,)
    assert tight.record()["changed"] == {STOCK: 2.0}
    assert tight.with_values({STOCK: 4}) == BASE


def test_the_range_grows_to_hold_a_value_set_by_the_user():
    wide = BASE.with_values({STOCK: 30})
    assert (wide.parameters[STOCK].low, wide.parameters[STOCK].high) == (2.0, 30.0)
    assert wide.draws(200)[STOCK].max() > 18


def test_numbers_may_come_as_text():
    assert BASE.with_values({STOCK: "2.5"}).parameters[STOCK].value == 2.5


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"heavy_rare_earths.US.militry_stock_months": 2}, f"unknown key .*; did you mean '{STOCK}'"),
        ({"option.stocks": "pooled"}, "unknown key 'option.stocks' .*; did you mean 'options.stocks'"),
        ({"state.moods": "split"}, "unknown key 'state.moods' .*; did you mean 'state.mood'"),
        ({"options.stocks": "pool"}, "options.stocks = 'pool' is not one of separate, pooled; did you mean 'pooled'"),
        ({"state.mood": 3}, "state.mood = 3 is not one of hawk, split"),
        ({STOCK: -1}, r"military_stock_months = -1 months is not in \[0, 1200\]"),
        ({"diversion.tracing": 1.4}, r"diversion\.tracing = 1\.4 is not a share in \[0, 1\]"),
        ({STOCK: math.nan}, "= nan is not a finite number"),
        ({STOCK: "inf"}, "= inf is not a finite number"),
        ({STOCK: "two"}, "= 'two' is not a number"),
        ({STOCK: None}, "= None is not a number"),
        ({STOCK: True}, "= True is not a finite number"),
        ({STOCK: 10**400}, "too large for a float"),
        ({STOCK: Quantity(evidence="us_mil_stock_month")}, "no evidence row .*; did you mean 'us_mil_stock_months'"),
        ({STOCK: Quantity(evidence="gdp_us")}, "the unit is 'usd_bn', the rule is 'months'"),
        ({"magnet_users.US.exposure": 1.0}, "loss_of_80_cut = 1 percent_gdp cannot come from industries of weight 1"),
        ({"magnet_users.US.loss_of_80_cut": 2.0}, r"the rule is a loss above 0\.00192 and at most 1\.92"),
    ],
)
def test_bad_values_give_one_line(values, message):
    with pytest.raises(ScenarioError, match=message) as caught:
        BASE.with_values(values)
    assert len(str(caught.value).splitlines()) == 1


def test_quantities_bring_their_own_range_and_source():
    article = BASE.with_values({STOCK: Quantity(evidence="a_us_stock_months")})
    assert article.parameters[STOCK].value == 18.0
    assert "[a_us_stock_months]" in article.parameters[STOCK].source


@pytest.mark.parametrize(
    ("name", "changed"),
    [
        ("imf_loss", {"magnet_users.US.loss_of_80_cut"}),
        (
            "general_stock",
            {
                "options.stocks",
                "light_magnets.US.civil_stock_months",
                "heavy_rare_earths.US.civil_stock_months",
                STOCK,
            },
        ),
        ("no_audience", {"US.audience_cost", "CN.audience_cost"}),
        ("split_mood", {"state.mood"}),
    ],
)
def test_variants_are_named_overrides(name, changed):
    variant = load_scenario("us-china-2025", variant=name)
    assert set(variant.changed) == changed
    assert variant == BASE.variant(name)
    assert variant != BASE
    assert variant.variant_name == name
    assert variant.record()["variant"] == name
    assert BASE.variants[name]
    for key in (*BASE.parameters, *BASE.choices):
        if key not in changed:
            assert variant._current(key) == BASE._current(key)


def test_values_come_on_top_of_the_variant():
    mine = load_scenario("us-china-2025", variant="no_audience", values={"US.audience_cost": 0.2})
    assert mine.parameters["US.audience_cost"].value == 0.2
    assert mine.parameters["CN.audience_cost"].value == 0.0


def test_an_unknown_variant_is_one_line():
    with pytest.raises(ScenarioError, match="'imf' is not a variant of 'us-china-2025'"):
        BASE.variant("imf")
    with pytest.raises(ScenarioError, match="did you mean 'split_mood'"):
        load_scenario("us-china-2025", variant="split_moods")


def test_the_split_mood_lowers_the_gain_from_protection():
    hawk, split = (BASE.payoffs(State(mood=mood)).terms["protection"][0, 0] for mood in ("hawk", "split"))
    np.testing.assert_allclose(split * 1.6, hawk * 0.4, atol=1e-14)


def test_other_evidence_keeps_the_changes_made():
    mine = load_scenario("us-china-2025", variant="imf_loss", values={"diversion.tracing": 0.5})
    article = mine.with_evidence("article")
    assert article.parameters["diversion.tracing"].value == 0.5
    assert article.parameters["magnet_users.US.loss_of_80_cut"].value == 1.5
    assert article.parameters[STOCK].value == 18.0
    assert article.variant_name == "imf_loss"
    assert BASE.with_evidence("article") == load_scenario("us-china-2025", evidence="article")
    assert BASE.with_evidence("article").with_evidence("independent") == BASE


# ---------------------------------------------------------------- states


def test_a_state_sets_what_it_names():
    there = BASE.at(
        State(military_stock_months=1.5, civil_stock_months=0.5, rebuilt=0.2, substitution=0.4, mood="split")
    )
    assert {key: there._current(key) for key in there.changed} == {
        "light_magnets.US.civil_stock_months": 0.5,
        "heavy_rare_earths.US.civil_stock_months": 0.5,
        STOCK: 1.5,
        "state.rebuilt": 0.2,
        "state.substitution": 0.4,
        "state.mood": "split",
    }
    assert BASE.at(State()) is BASE
    np.testing.assert_array_equal(
        BASE.payoffs(State(rebuilt=0.2)).total, BASE.with_values({"state.rebuilt": 0.2}).payoffs().total
    )


@pytest.mark.parametrize(
    ("state", "message"),
    [
        (State(military_stock_months=-1), r"-1 months is not in \[0, 1200\]"),
        (State(rebuilt=1.2), r"state\.rebuilt = 1\.2 is not a share"),
        (State(substitution=math.nan), "state.substitution = nan is not a finite number"),
        (State(mood="dove"), "state.mood = 'dove' is not one of hawk, split"),
    ],
)
def test_bad_states_give_one_line(state, message):
    with pytest.raises(ScenarioError, match=message):
        BASE.stage_game(state)


# ---------------------------------------------------------------- equality, plain data


def test_equality_is_by_content(tmp_path):
    tables = shipped_tables()
    tables["title"], tables["variants"] = "another title", {}
    assert load_scenario(write_scenario(tmp_path, tables)) == BASE
    tables["players"]["US"]["audience_cost"]["high"] = 0.4
    assert load_scenario(write_scenario(tmp_path, tables)) != BASE
    assert BASE != "us-china-2025"
    assert len({BASE, load_scenario("us-china-2025"), BASE.variant("split_mood")}) == 2


def test_scenarios_are_plain_data():
    for scenario in (BASE, BASE.variant("general_stock").with_values({STOCK: 2})):
        twin = pickle.loads(pickle.dumps(scenario))
        assert twin == scenario
        assert twin.record() == scenario.record()
        with pytest.raises(TypeError):
            twin.choices["state.mood"] = "split"


def test_scenarios_are_frozen():
    with pytest.raises(AttributeError):
        BASE.name = "mine"
    with pytest.raises(TypeError):
        BASE.choices["state.mood"] = "split"
    with pytest.raises(TypeError):
        BASE.parameters[STOCK] = None


# ---------------------------------------------------------------- draws


def test_sample_i_is_the_same_however_many_are_drawn():
    few, many = BASE.draws(5, seed=11), BASE.draws(50, seed=11)
    for key in BASE.parameters:
        np.testing.assert_array_equal(few[key], many[key][:5])
    assert (BASE.draws(5, seed=12)["diversion.tracing"] != few["diversion.tracing"]).all()


def test_a_changed_parameter_leaves_the_draws_of_the_others_alone():
    """Common random numbers: a comparison of two settings is not blurred by new draws."""
    tight = BASE.with_values({STOCK: 2.0})
    before, after = BASE.draws(20), tight.draws(20)
    assert [key for key in before if (before[key] != after[key]).any()] == [STOCK]


def test_draws_lie_in_their_ranges_and_lean_to_the_value():
    draws = BASE.draws(2000, seed=2)
    assert list(draws) == list(BASE.parameters)
    for key, p in BASE.parameters.items():
        assert draws[key].shape == (2000,)
        assert (draws[key] >= p.low).all()
        assert (draws[key] <= p.high).all()
        if p.high > p.low:
            mode, unit = (p.value - p.low) / (p.high - p.low), (draws[key] - p.low) / (p.high - p.low)
            assert unit.mean() == pytest.approx((1 + mode) / 3, abs=0.03)
            assert unit.var() == pytest.approx((1 - mode + mode**2) / 18, abs=0.01)


def test_draws_of_two_parameters_are_independent():
    draws = BASE.draws(2000, seed=4)
    rows = np.array([draws[key] for key in ("US.audience_cost", "CN.audience_cost", "trade.elasticity", STOCK)])
    assert np.abs(np.corrcoef(rows) - np.eye(4)).max() < 0.1


def test_no_draws_are_refused():
    with pytest.raises(ScenarioError, match="n_draws = 0 is not a whole number of at least 1"):
        BASE.draws(0)


def test_parameters_on_one_row_of_the_evidence_are_drawn_together():
    draws = BASE.draws(200, seed=3)
    light, heavy = (draws[f"{name}.US.civil_stock_months"] for name in ("light_magnets", "heavy_rare_earths"))
    np.testing.assert_array_equal(light, heavy)
    levels = [draws[f"licences.{level}.military"] for level in ("dual_track", "slow", "ban")]
    np.testing.assert_array_equal(levels[0], levels[2])
    assert abs(np.corrcoef(light, draws["US.audience_cost"])[0, 1]) < 0.2


@pytest.mark.parametrize("bad", [2.5, True, -1, "many"])
def test_seeds_and_numbers_of_draws_are_whole_numbers(bad):
    with pytest.raises(ScenarioError, match="is not a whole number"):
        BASE.draws(bad)
    if bad is not True:
        with pytest.raises(ScenarioError, match="is not a whole number"):
            BASE.draws(2, seed=bad)


def test_a_scenario_in_hand_does_not_change_the_shipped_one():
    held = load_scenario("us-china-2025")
    held.file.players["XX"] = held.file.players["US"]
    held.file.players["US"].moods.clear()
    again = load_scenario("us-china-2025")
    assert "XX" not in again.file.players
    assert set(again.file.players["US"].moods) == {"hawk", "split"}


def test_the_state_reaches_bystanders_that_were_made_strategic():
    us, cn, eu = players = ("US", "CN", "EU")
    table = BASE.payoffs(State(civil_stock_months=0.0), players)
    kept = BASE.payoffs(players=players)
    cell = table.cell(("pre_2025/restricted", "pre_2025/ban", "neutral"))
    loss, before = (t.terms["shortage"][(0, t.players.index(eu), *cell)] for t in (table, kept))
    assert loss < before - 0.1
    assert us in table.moves.players
    assert cn in table.moves.players


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: BASE.with_values(None), "is not a mapping"),
        (lambda: BASE.with_values({3: 1.0}), "unknown key '3'"),
        (lambda: BASE.variant(None), "is not a variant"),
        (lambda: BASE.stage_game({"mood": "hawk"}), "is not a State"),
        (lambda: load_scenario(None), "neither the name of a scenario nor the path"),
        (lambda: BASE.with_values({"US.audience_cost": np.True_}), "is not a finite number"),
        (lambda: BASE.with_values({"light_magnets.sector_share": 0.0, "heavy_rare_earths.sector_share": 0.0}), "are 0"),
    ],
)
def test_wrong_kinds_of_arguments_are_one_clear_line(call, words):
    with pytest.raises(ScenarioError, match=words) as caught:
        call()
    assert "\n" not in str(caught.value)
