"""What load_evidence hands out: counts, golden numbers, timelines, GDP, episodes."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from bargain.evidence import EPISODES, REGIONS, load_episode, load_evidence

EVIDENCE = load_evidence()


def test_parameters_are_complete() -> None:
    kinds = [parameter.kind for parameter in EVIDENCE.parameters.values()]
    assert len(kinds) == 230 + 7
    assert kinds.count("article") == 28


@pytest.mark.parametrize(
    ("name", "low", "value", "high", "unit"),
    [
        ("us_avg_tariff_pre_2025", 0.207, 0.208, 0.208, "rate"),
        ("cn_avg_tariff_pre_2025", 0.212, 0.212, 0.212, "rate"),
        ("us_avg_tariff_peak", 1.241, 1.265, 1.347, "rate"),
        ("cn_avg_tariff_peak", 1.4, 1.476, 1.48, "rate"),
        ("us_avg_tariff_truce", 0.47, 0.475, 0.48, "rate"),
        ("cn_avg_tariff_truce", 0.31, 0.319, 0.326, "rate"),
        ("us_nir_2025", 0.53, 0.67, 0.8, "share"),
        ("us_nir_2024_mcs25", 0.53, 0.8, 0.8, "share"),
        ("loss_us_80", 0.5, 1.5, 2.0, "percent_gdp"),
        ("extraterritorial_rule", 0.001, 0.001, 0.001, "share"),
        ("ascend_2025_high", 300e3, 805e3, 805e3, "count_per_year"),
        ("import_elasticity", -3.0, -1.8, -1.0, "elasticity"),
        ("bystander_cut_ratio", 0.5, 0.8, 1.0, "ratio"),
    ],
)
def test_golden_parameters(name: str, low: float, value: float, high: float, unit: str) -> None:
    parameter = EVIDENCE.parameter(name)
    assert (parameter.low, parameter.value, parameter.high, parameter.unit) == (low, value, high, unit)


def test_added_rows_follow_from_the_rows_they_name() -> None:
    value = {name: EVIDENCE.parameter(name).value for name in EVIDENCE.parameters}
    timeline = {row["date"]: row for row in EVIDENCE.tariffs_timeline}
    assert value["us_avg_tariff_pre_2025"] == timeline["2025-01-20"]["us_tariff_on_cn"]
    assert value["cn_avg_tariff_pre_2025"] == timeline["2025-01-20"]["cn_tariff_on_us"]
    assert value["cn_avg_tariff_peak"] == timeline["2025-05-03"]["cn_tariff_on_us"]
    seven = [f"gdp_{region.lower()}" for region in REGIONS if region != "ROW"]
    assert value["gdp_row"] == pytest.approx(value["gdp_world"] - sum(value[name] for name in seven))
    for mine, world, others in (("low", "low", "high"), ("high", "high", "low")):
        bound = getattr(EVIDENCE.parameter("gdp_world"), world)
        rest = sum(getattr(EVIDENCE.parameter(name), others) for name in seven)
        assert getattr(EVIDENCE.parameter("gdp_row"), mine) == pytest.approx(bound - rest)
    to_us = value["us_magnets_from_cn_2024"] / value["cn_magnet_exports_2024"]
    assert value["us_magnet_import_usd_bn_2024"] == pytest.approx(value["cn_magnet_exports_2024_usd"] * to_us, abs=5e-4)


def test_bystander_cut_follows_from_the_magnet_series() -> None:
    row = {record["month"]: record for record in EVIDENCE.magnets}
    before, after = row["2024-05"], row["2025-05"]
    cut_us = 1 - after["magnets_to_us_t"] / before["magnets_to_us_t"]
    cut_all = 1 - after["magnets_total_t"] / before["magnets_total_t"]
    assert cut_us == pytest.approx(0.93, abs=0.005)
    assert cut_all == pytest.approx(EVIDENCE.parameter("cut_depth_may25").value, abs=0.005)
    parameter = EVIDENCE.parameter("bystander_cut_ratio")
    assert parameter.value == pytest.approx(cut_all / cut_us, abs=0.01)
    others = 1 - (after["magnets_total_t"] - after["magnets_to_us_t"]) / (
        before["magnets_total_t"] - before["magnets_to_us_t"]
    )
    assert parameter.low < others / cut_us < parameter.high


def test_gdp_is_aligned_with_the_trade_regions() -> None:
    gdp = EVIDENCE.gdp()
    assert EVIDENCE.trade_flows().regions == REGIONS
    np.testing.assert_allclose(gdp, [29180, 18740, 19420, 4030, 1875, 3910, 790, 33055])
    assert gdp.sum() == pytest.approx(EVIDENCE.parameter("gdp_world").value)
    assert not gdp.flags.writeable
    for row in EVIDENCE.economies:
        assert gdp[REGIONS.index(row["code"])] == row["gdp_2024_usd_bn"]


def test_timelines_know_what_was_observed() -> None:
    assert [row["id"] for row in EVIDENCE.moves if not row["observed"]] == ["mv081", "mv082"]
    assert [row["date"] for row in EVIDENCE.tariffs_timeline if not row["observed"]] == ["2026-07-24"]
    assert (len(EVIDENCE.moves), len(EVIDENCE.tariffs_timeline), len(EVIDENCE.magnets)) == (82, 26, 27)
    series = EVIDENCE.magnets.numbers("magnets_to_us_t")
    np.testing.assert_array_equal(series[14:19], [585, 243, 46, 353, 619])  # March to July 2025


@pytest.mark.parametrize("name", EPISODES)
def test_episodes_come_whole(name: str) -> None:
    episode = load_episode(name)
    assert len(episode.parameters) >= 34
    assert len(episode.moves) >= 19
    trade = list(episode.trade)
    goods = {(row["exporter"], row["importer"]) for row in trade if row["what"] == "goods" and not row["part_of"]}
    with_gdp = {row["exporter"] for row in trade if row["what"] == "gdp" and not row["part_of"]}
    assert "ROW" in with_gdp
    for exporter in with_gdp - {"ROW"}:
        assert {(exporter, importer) for importer in with_gdp - {exporter, "ROW"}} <= goods


def test_tables_of_parameters_and_other_datasets() -> None:
    frame = EVIDENCE.table(["gdp_us", "trace_cov"])
    assert list(frame["value"]) == [29180.0, 0.6]
    assert len(EVIDENCE.table()) == 237
    assert EVIDENCE.dataset("mine_production").numbers("value_t").max() == 390000.0


def test_unknown_names_are_answered_with_the_nearest() -> None:
    with pytest.raises(KeyError, match="did you mean us_mil_stock_months"):
        EVIDENCE.parameter("us_mil_stock_month")
    with pytest.raises(ValueError, match="evidence_set = 'articles' is not one of independent, article; did you mean"):
        load_evidence("articles")
    with pytest.raises(ValueError, match=r"episode 'us-china' is not one of .*did you mean us-china-2018"):
        load_episode("us-china")


def test_evidence_survives_a_process_boundary() -> None:
    copy = pickle.loads(pickle.dumps(EVIDENCE))
    assert copy == EVIDENCE
    assert hash(copy) == hash(EVIDENCE)
