import numpy as np
import pytest

from bargain.standoff import ScenarioError, load_scenario
from bargain.standoff.tariffs import tariff_instruments, trade_model

BASE = load_scenario("us-china-2025")
REGIONS = list(BASE.file.trade.regions)


def test_base_tariffs_stand_at_the_importer_who_levies_them():
    matrix = trade_model(BASE.with_values({"trade.other_tariff": 0.03})).base_tariffs
    us, cn, eu = (REGIONS.index(code) for code in ("US", "CN", "EU"))
    assert matrix.shape == (8, 8)
    assert matrix[cn, us] == BASE.parameters["us_tariff.pre_2025.rate"].value
    assert matrix[us, cn] == BASE.parameters["cn_tariff.pre_2025.rate"].value
    assert matrix[eu, us] == matrix[us, eu] == 0.03
    assert not matrix.diagonal().any()


def test_the_model_is_balanced_unless_deficits_are_fixed():
    purged = trade_model(BASE)
    fixed = trade_model(BASE.with_values({"options.deficits": "fixed"}))
    assert purged.is_balanced
    assert not fixed.is_balanced
    assert purged.regions == fixed.regions == tuple(REGIONS)
    flows = BASE.evidence.trade_flows().values
    off_diagonal = ~np.eye(8, dtype=bool)
    customs = fixed.spending / (1 + fixed.base_tariffs)
    np.testing.assert_allclose(customs[off_diagonal], flows[off_diagonal], rtol=1e-12)
    np.testing.assert_allclose(fixed.output, BASE.evidence.gdp(), rtol=1e-12)


def test_gdp_of_the_scenario_is_the_gdp_of_the_trade_model():
    bigger = BASE.with_values({"US.gdp_usd_bn": 58360.0, "options.deficits": "fixed"})
    assert trade_model(bigger).output[0] == pytest.approx(58360.0)
    truce = [s.payoffs().frame(("truce/open", "pre_2025/open")).loc["tariffs", "US"] for s in (BASE, bigger)]
    assert abs(truce[1]) < abs(truce[0])
    draws = BASE.payoffs(draws={"US.gdp_usd_bn": np.array([29180.0, 58360.0])})
    again = BASE.with_values({"US.gdp_usd_bn": 58360.0}).payoffs()
    np.testing.assert_allclose(draws.terms["tariffs"][1], again.terms["tariffs"][0], atol=1e-9)
    with pytest.raises(ScenarioError, match=r"US.gdp_usd_bn = 1000 is not above exports of 20"):
        BASE.with_values({"US.gdp_usd_bn": 1000.0}).payoffs()


def test_tariff_instruments_in_the_order_of_the_file():
    assert list(tariff_instruments(BASE)) == ["us_tariff", "cn_tariff"]


def test_tariff_terms_depend_on_tariffs_alone():
    table = BASE.payoffs()
    for name in ("tariffs", "protection"):
        cells = table.terms[name][0].reshape(7, 3, 3, 3, 4)  # US tariff, chips, CN tariff, licences
        assert np.ptp(cells, axis=(2, 4)).max() == 0.0


@pytest.mark.parametrize("deficits", ["purged", "fixed"])
def test_the_model_solved_at_each_move_gives_the_term(deficits):
    scenario = BASE.with_values({"options.deficits": deficits})
    model, table = trade_model(scenario), scenario.payoffs()
    for us_level in ("pre_2025", "truce", "peak"):
        for cn_level in ("pre_2025", "truce", "peak"):
            rates = {
                ("US", "CN"): scenario.parameters[f"us_tariff.{us_level}.rate"].value,
                ("CN", "US"): scenario.parameters[f"cn_tariff.{cn_level}.rate"].value,
            }
            outcome = model.solve(model.tariff_matrix(rates))
            cell = table.cell((f"{us_level}/open", f"{cn_level}/open"))
            for k, code in enumerate(table.players):
                wanted = 100 * (outcome[code] - 1)
                assert table.terms["tariffs"][(0, k, *cell)] == pytest.approx(wanted, abs=1e-9)


def test_the_short_run_scale_multiplies_real_income_only():
    one, three = BASE.payoffs(), BASE.with_values({"trade.short_run_scale": 3.0}).payoffs()
    np.testing.assert_allclose(three.terms["tariffs"], 3 * one.terms["tariffs"], atol=1e-12)
    np.testing.assert_array_equal(three.terms["protection"], one.terms["protection"])


def test_every_escalation_beyond_2024_costs_its_author_real_income():
    """Tariffs of 2024 are beyond the terms-of-trade optimum: more of them hurts whoever levies them."""
    cells = BASE.payoffs().terms["tariffs"][0].reshape(7, 3, 3, 3, 4)[:, :, 0, :, 0]
    assert (np.diff(cells[0], axis=0) < 0).all()
    assert (np.diff(cells[1], axis=1) < 0).all()
    assert (np.diff(cells[0], axis=1) < 0).all()
    assert (np.diff(cells[1], axis=0) < 0).all()
