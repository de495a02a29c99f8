"""Claims and pairs: every link holds, and the article set changes exactly what it should."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from damaged_data import Rows, drop_last, mutated, setting

from bargain.evidence import EvidenceError, load_evidence
from bargain.evidence.claims import read_claims, read_pairs

# independent id -> value in the independent set, value in the article set
REPLACED = {
    "mine_share_cn_2024": (0.692, 0.7),
    "hree_refine_share_cn_2024": (0.99, 0.99),
    "us_mil_stock_months": (4.0, 18.0),
    "mtnpass_to_china_2025h2": (0.0, 0.8),
    "baotou_tpd_ind": (290.0, 3000.0),
    "ascend910b_h100_fp16": (0.32, 0.9),
    "ascend910b_h100_price": (0.55, 0.333),
    "tw_import_t_2024": (6000.0, 6096.7),
    "in_rank_2024": (4.0, 4.0),
    "in_magnet_dep_cn": (0.93, 0.97),
    "in_plants_stop_ind": (0.02, 0.3),
    "tsmc_nm_ind": (7.0, 7.0),
    "mil_licence_share": (0.0, 0.0),
    "trace_cov": (0.6, 1.0),
    "us_offer_ind": (1.0, 1.0),
}
UNMATCHED = {
    "a_tw_rank",
    "a_in_vehicles",
    "a_wto_support",
    "a_civ_licence",
    "a_reexport_block",
    "a_magnet_vs_april",
    "a_us_rebuild_short",
    "a_chip_refusal",
    "a_cn_demand_tariff",
    "a_cn_demand_taiwan",
    "a_jp_eu_stop",
    "a_tw_dep",
    "a_aucan_dep",
}
INDEPENDENT = load_evidence("independent")
ARTICLE = load_evidence("article")


def test_claims_are_counted_by_verdict() -> None:
    assert len(INDEPENDENT.claims) == 39
    assert Counter(claim.verdict for claim in INDEPENDENT.claims) == {
        "supported": 15,
        "partly supported": 7,
        "contested": 9,
        "contradicted": 4,
        "unverifiable": 4,
    }
    assert sum(not claim.param_claimed for claim in INDEPENDENT.claims) == 10


def test_claims_agree_with_the_parameters_they_are_linked_to() -> None:
    compared = 0
    for claim in INDEPENDENT.claims:
        for parameter_id, value in ((claim.param_claimed, claim.claimed_value), (claim.param_independent, claim.value)):
            parameter = INDEPENDENT.parameters.get(parameter_id)
            if parameter is not None and value is not None and parameter.unit == claim.unit:
                assert parameter.value == value, claim.id
                compared += 1
    assert compared >= 40


def test_article_set_differs_exactly_as_intended() -> None:
    assert list(ARTICLE.parameters) == list(INDEPENDENT.parameters)
    changed = {name for name in ARTICLE.parameters if ARTICLE.parameter(name) != INDEPENDENT.parameter(name)}
    assert changed == set(REPLACED)
    for name, (independent, article) in REPLACED.items():
        before, after = INDEPENDENT.parameter(name), ARTICLE.parameter(name)
        assert (before.value, after.value) == (independent, article)
        assert after.low == min(before.low, article)
        assert after.high == max(before.high, article)
        assert after.unit == before.unit
        assert after.confidence == "claimed by the article"
        assert after.kind == "article"
        assert ARTICLE.parameter(after.paired_with).value == article
        assert before.source in after.note


def test_the_other_claims_are_listed_with_a_reason() -> None:
    for evidence in (INDEPENDENT, ARTICLE):
        assert {pair.article_id for pair in evidence.unmatched_claims} == UNMATCHED
        assert all(pair.reason for pair in evidence.unmatched_claims)
    assert len(REPLACED) + len(UNMATCHED) == 28
    assert [pair.article_id for pair in ARTICLE.pairs if not pair.independent_id] == ["a_cn_demand_taiwan"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (setting(0, param_claimed="a_mine_share"), "line 2, column param_claimed: .*did you mean a_mine_share_cn"),
        (setting(0, param_independent="nothing"), "line 2, column param_independent: no parameter 'nothing'"),
        (setting(0, verdict="true"), "line 2, column verdict: 'true' is not one of supported"),
        (setting(0, value="0.9"), "line 2, column value: 0.6 <= 0.9 <= 0.7 does not hold"),
        (setting(0, low=""), "line 2, column value: None <= 0.692 <= 0.7 does not hold"),
        (setting(0, claimed_value="70"), "line 2, column claimed_value: 70 does not fit the unit share"),
        (setting(0, unit=""), "line 2, column claimed_value: 0.7 does not fit the unit None"),
        (setting(0, unit="percent"), "line 2, column unit: 'percent' is not one of .*percent_gdp"),
        (setting(1, id="C01"), "line 3, column id: 'C01' occurs twice"),
    ],
)
def test_damaged_claims_give_one_clear_error(tmp_path: Path, change: Callable[[Rows], None], message: str) -> None:
    path = mutated("claims.csv", tmp_path, change)
    with pytest.raises(EvidenceError, match=rf"^claims\.csv, {message}"):
        read_claims(INDEPENDENT.parameters, path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (drop_last, "line 28, column article_id: no row for a_aucan_dep"),
        (setting(0, article_id="trace_cov"), "line 2, column article_id: trace_cov is not a parameter of the article"),
        (setting(0, article_id="a_mine"), "line 2, column article_id: no parameter 'a_mine'"),
        (setting(0, independent_id="trace_cov"), "line 2, column independent_id: 'trace_cov' but parameters say"),
        (setting(16, commensurate="true"), "line 18, column commensurate: .* a_civ_licence has no partner in binary"),
        (setting(0, reason=""), "line 2, column reason: is empty"),
    ],
)
def test_damaged_pairs_give_one_clear_error(tmp_path: Path, change: Callable[[Rows], None], message: str) -> None:
    path = mutated("pairs.csv", tmp_path, change)
    with pytest.raises(EvidenceError, match=rf"^pairs\.csv, {message}"):
        read_pairs(INDEPENDENT.parameters, path)


def test_evidence_is_a_plain_value() -> None:
    assert load_evidence() is load_evidence("independent")
    assert replace(ARTICLE) == ARTICLE
    assert ARTICLE != INDEPENDENT
