"""Games from scenarios: shapes, bystanders made strategic, batches of draws, order of players, and inert parameters."""

import numpy as np
import pytest
from scenario_files import shipped_tables, write_scenario

from bargain.games import StageGame
from bargain.standoff import ScenarioError, State, load_scenario
from bargain.standoff.model import parameter_arrays, round_payoffs

BASE = load_scenario("us-china-2025")


def test_the_shipped_round():
    game = BASE.stage_game()
    assert isinstance(game, StageGame)
    assert game.players == ("US", "CN")
    assert game.payoffs.shape == (2, 9, 12)
    assert game.actions[0][:4] == ("pre_2025/open", "pre_2025/restricted", "pre_2025/ban", "truce/open")
    assert game.actions[1][4:8] == ("truce/open", "truce/dual_track", "truce/slow", "truce/ban")


def test_total_is_the_sum_of_the_terms():
    table = BASE.payoffs(draws=BASE.draws(3))
    np.testing.assert_allclose(table.total, sum(table.terms.values()), rtol=1e-14)
    np.testing.assert_array_equal(table.stage_payoffs(), table.total[:, :2])
    np.testing.assert_array_equal(table.game(2).payoffs, table.total[2, :2])


@pytest.mark.parametrize("bystander", BASE.bystanders)
def test_a_strategic_bystander_adds_an_axis_and_changes_nothing_at_neutral(bystander):
    two, three = BASE.stage_game(), BASE.stage_game(players=("US", "CN", bystander))
    assert three.payoffs.shape == (3, 9, 12, 3)
    neutral = three.actions[2].index("neutral")
    np.testing.assert_array_equal(three.payoffs[:2, :, :, neutral], two.payoffs)


def test_alignment_moves_the_bystander_and_the_target():
    """Loose tracing, no stock: a friend of the US lets detours run, a friend of China gets its licences."""
    values = {"diversion.tracing": 0.1}
    game = BASE.with_values(values).payoffs(State(civil_stock_months=0.0), players=("US", "CN", "JP"))
    us, _, jp = game.total[0, [0, 1, 3]]
    slow = game.moves.actions[1].index("pre_2025/slow")
    neutral, with_us, with_cn = range(3)
    assert us[1, slow, with_us] > us[1, slow, neutral] > us[1, slow, with_cn]
    shortage = game.terms["shortage"][0, 3, 1]
    ban = game.moves.actions[1].index("pre_2025/ban")
    assert shortage[ban, with_us] < shortage[ban, neutral] < 0
    assert shortage[ban, with_cn] == 0
    assert np.isfinite(jp).all()


def test_two_strategic_bystanders():
    game = BASE.stage_game(players=("US", "CN", "EU", "JP"))
    assert game.payoffs.shape == (4, 9, 12, 3, 3)
    np.testing.assert_array_equal(game.payoffs[:3, ..., 0], BASE.stage_game(players=("US", "CN", "EU")).payoffs)


def test_players_in_another_order_give_the_transposed_game():
    game = BASE.stage_game(players=("CN", "US"))
    np.testing.assert_array_equal(game.payoffs, BASE.stage_game().payoffs[::-1].transpose(0, 2, 1))


def test_relabelling_players_in_the_file_transposes_the_game(tmp_path):
    """The order of the tables in the file carries no meaning."""
    tables = shipped_tables()
    for group in ("players", "inputs", "instruments"):
        tables[group] = dict(reversed(tables[group].items()))
    turned = load_scenario(write_scenario(tmp_path, tables))
    assert turned.players == ("CN", "US")
    game, original = turned.stage_game(), BASE.stage_game()
    for k, other in ((0, 1), (1, 0)):
        # the two instruments of a player change places too: 'truce/open' is 'open/truce' now
        labels = ["/".join(reversed(label.split("/"))) for label in game.actions[k]]
        assert sorted(labels) == sorted(original.actions[other])
    rows, columns = (
        [game.actions[k].index("/".join(reversed(label.split("/")))) for label in original.actions[1 - k]]
        for k in (0, 1)
    )
    matched = game.payoffs[:, rows][:, :, columns]
    np.testing.assert_allclose(matched[::-1].transpose(0, 2, 1), original.payoffs, atol=1e-10)


def test_a_batch_of_draws_equals_one_by_one():
    draws = BASE.draws(4, seed=3)
    table = BASE.payoffs(draws=draws)
    assert table.total.shape == (4, 7, 9, 12)
    for i in range(4):
        values = {key: float(array[i]) for key, array in draws.items()}
        # A draw may pair a published loss with an exposure that cannot bear it; a scenario may not.
        if values["magnet_users.US.loss_of_80_cut"] <= 0.8 * values["magnet_users.US.exposure"]:
            single = BASE.with_values(values).payoffs()
            np.testing.assert_allclose(table.total[i], single.total[0], atol=1e-9)


def test_draws_may_name_some_parameters_in_any_order():
    draws = BASE.draws(3, seed=1)
    some = {key: draws[key] for key in ("CN.audience_cost", "trade.elasticity", "US.protection_weight")}
    table = BASE.payoffs(draws=some)
    np.testing.assert_array_equal(BASE.payoffs(draws=dict(reversed(some.items()))).total, table.total)
    for i in range(3):
        single = BASE.with_values({key: float(array[i]) for key, array in some.items()}).payoffs()
        np.testing.assert_allclose(table.total[i], single.total[0], atol=1e-9)


@pytest.mark.parametrize(
    ("draws", "message"),
    [
        ({"US.audience_kost": [0.1]}, "unknown key 'US.audience_kost' in the draws .* did you mean 'US.audience_cost'"),
        ({"US.audience_cost": [0.1, 0.2], "CN.audience_cost": [0.1]}, "different lengths"),
        ({"US.audience_cost": [[0.1, 0.2]]}, r"draws of shape \(1, 2\) are not \(n_draws,\)"),
        ({"US.audience_cost": []}, r"draws of shape \(0,\) are not"),
        ({"US.audience_cost": [np.nan]}, r"draws of US\.audience_cost leave \[0, 10\]"),
        ({"diversion.tracing": [1.5]}, r"draws of diversion\.tracing leave \[0, 1\]"),
        ({"US.audience_cost": ["much"]}, "draws are not arrays of numbers"),
    ],
)
def test_bad_draws_give_one_line(draws, message):
    with pytest.raises(ScenarioError, match=message):
        round_payoffs(BASE, draws=draws)


def test_parameter_arrays_of_no_draws_are_the_scenarios_values():
    arrays = parameter_arrays(BASE)
    assert set(arrays) == set(BASE.parameters)
    assert all(arrays[key].tolist() == [BASE.parameters[key].value] for key in arrays)


@pytest.mark.parametrize("variant", [None, "general_stock"])
def test_no_parameter_is_inert(variant):
    """Every number of one round moves some payoff somewhere: none is read and then forgotten."""
    scenario = load_scenario("us-china-2025", variant=variant)
    keys = [key for key in scenario.parameters if not key.startswith(("rounds.", "unification.", "mechanisms."))]
    values = {key: 0.3 for key in keys if key.endswith("_stock_months")}
    values |= {"state.rebuilt": 0.05, "diversion.tracing": 0.2, "US.revenue_weight": 0.1, "CN.revenue_weight": 0.1}
    scenario = scenario.with_values(values)
    draws = {key: np.full(len(keys) + 1, p.value) for key, p in scenario.parameters.items()}
    for i, key in enumerate(keys):
        attribute, value = scenario.attributes[key], scenario.parameters[key].value
        draws[key][i] = min(attribute.high, value * 1.07 + 0.013) if value < attribute.high else value * 0.93
    table = scenario.payoffs(players=("US", "CN", "KR"), draws=draws)
    change = np.abs(table.total - table.total[-1]).reshape(len(keys) + 1, -1).max(axis=1)
    inert = {key for key, moved in zip(keys, change, strict=False) if moved < 1e-9}
    assert inert == {"US.split.protection_factor"}  # the mood is hawk


def test_saturated_draws_are_counted():
    """A published loss above 80 % of the exposed weight can only be met at the Leontief limit."""
    draws = {"magnet_users.US.loss_of_80_cut": np.array([1.0, 2.0, 1.9]), "magnet_users.US.exposure": np.full(3, 2.4)}
    table = BASE.payoffs(State(civil_stock_months=0.0), draws=draws)
    assert table.saturated == 1
    assert np.isfinite(table.total).all()
    ban = table.moves.actions[1].index("pre_2025/ban")
    assert (np.diff(table.terms["shortage"][[0, 2, 1], 0, 0, ban]) < 0).all()


def test_a_round_in_which_nothing_happens_still_has_payoffs(tmp_path):
    tables = shipped_tables()
    for name in ("chip_control", "licences"):
        tables["instruments"][name]["levels"] = {"open": tables["instruments"][name]["levels"]["open"]}
        tables["instruments"][name]["reference"] = "open"
    for name in ("us_tariff", "cn_tariff"):
        tables["instruments"][name]["levels"] = {"pre_2025": tables["instruments"][name]["levels"]["pre_2025"]}
    game = load_scenario(write_scenario(tmp_path, {**tables, "variants": {}})).stage_game()
    assert game.payoffs.shape == (2, 1, 1)
    assert not game.payoffs.any()


def test_the_bottleneck_rent_knows_no_tariff():
    scenario = load_scenario("us-china-2025", values={"licences.bottleneck_rent": 0.1})
    table = scenario.payoffs()
    for us_move in ("pre_2025/open", "peak/ban"):
        cell = table.cell((us_move, "pre_2025/ban"))
        assert table.terms["bottleneck_rent"][(0, 1, *cell)] == pytest.approx(0.1 * 0.95)


def test_rivals_need_not_be_mutual(tmp_path):
    """An EU that answers China: what counts is what the EU does to China, not what the US does to it."""
    tables = shipped_tables()
    tables["players"]["EU"] |= {
        "strategic": True,
        "rival": "CN",
        "audience_cost": {"value": 0.2, "low": 0, "high": 1, "unit": "percent_gdp", "reason": "for the test"},
    }
    scenario = load_scenario(write_scenario(tmp_path, tables))
    table = scenario.payoffs(State(civil_stock_months=0.0))
    audience = table.terms["audience"][0, 2]
    ban = table.moves.actions[1].index("pre_2025/ban")
    assert audience[:, ban].min() < -0.1
    # the EU has no means to harm China, and what the US does to China is no answer of the EU
    assert np.ptp(audience[:, ban], axis=0).max() < 0.02
