"""The shipped files themselves: clean, documented, and faithful to the collection they were made from."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from bargain.evidence import EPISODES
from bargain.evidence.loader import DATA, shipped_parameters, shipped_table
from bargain.evidence.schema import SPECS

COLLECTION = Path(__file__).parents[2].parent / "shared" / "evidence"
needs_collection = pytest.mark.skipif(
    not (COLLECTION / "parameters.csv").exists(), reason="the raw collection is not beside the project"
)
SHIPPED = sorted(path for path in DATA.rglob("*") if path.is_file())


def raw(name: str) -> list[dict[str, str]]:
    with (COLLECTION / f"{name}.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


@pytest.mark.parametrize("name", sorted(SPECS))
def test_every_table_obeys_its_rules(name: str) -> None:
    assert len(shipped_table(name)) > 0
    if "parameters" in name:
        assert len(shipped_parameters(name)) == len(shipped_table(name))


def test_every_file_is_known_and_every_table_is_documented() -> None:
    names = {path.relative_to(DATA).with_suffix("").as_posix() for path in SHIPPED if path.suffix == ".csv"}
    assert names == set(SPECS)
    readme = (DATA / "README.md").read_text(encoding="utf-8")
    for name in names:
        assert (f"`{name}.csv` | {len(shipped_table(name))} |" in readme) or name.startswith("episodes/")


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.name)
def test_no_addresses_no_quotations_no_other_scripts(path: Path) -> None:
    content = path.read_bytes()
    assert b"\r" not in content
    text = content.decode("ascii")  # nothing outside ASCII, so no Chinese text
    for mark in ("http", "://", "www.", "utm_"):
        assert mark not in text.lower()
    assert not re.findall(r"\b[\w-]+\.(?:com|org|net|az|io|dev|news|cn|tv|ua|pk|fm)\b", text)
    if path.suffix == ".csv":
        cells = [cell for row in csv.reader(text.splitlines()) for cell in row]
        assert not [cell for cell in cells if '"' in cell or cell != cell.strip()]


def words_of(text: str, n: int) -> set[tuple[str, ...]]:
    words = re.findall(r"[a-z0-9.]+", text.lower())
    return {tuple(words[i : i + n]) for i in range(len(words) - n + 1)}


@needs_collection
def test_no_file_repeats_a_quotation() -> None:
    shipped = set[tuple[str, ...]]().union(*(words_of(path.read_text(encoding="utf-8"), 6) for path in SHIPPED))
    quotes = {row["id"]: row["quote_en"] for row in raw("claims")}
    assert quotes.keys() == set(shipped_table("claims").column("id"))
    for claim_id, quote in quotes.items():
        assert not words_of(quote, 6) & shipped, claim_id


# unit of the collection -> unit shipped and factor; "%" stands for share or rate
FACTORS: dict[str, tuple[set[str], str]] = {
    "%": ({"share", "rate"}, "0.01"),
    "% of sales": ({"rate"}, "0.01"),
    "% of value": ({"share"}, "0.01"),
    "% by 2014": ({"share"}, "0.01"),
    "%/month": ({"share"}, "0.01"),
    "% q/q": ({"rate"}, "0.01"),
    "% per point": ({"ratio"}, "1"),
    "% of OECD GDP": ({"percent_gdp"}, "1"),
    "% in 2026 (1.8 by 2027)": ({"percent_gdp"}, "1"),
    "0/1": ({"binary"}, "1"),
    "USD tn": ({"usd_bn"}, "1000"),
    "thousand": ({"count_per_year"}, "1000"),
    "million": ({"count", "count_per_year"}, "1000000"),
    "million/yr": ({"count_per_year"}, "1000000"),
}


def expected_parameter(unit: str, shipped: str) -> Decimal:
    """The factor from the collection's unit to the shipped one; fails where the two do not go together."""
    if unit == "% of GDP":
        assert shipped in {"percent_gdp", "share"}
        return Decimal("0.01") if shipped == "share" else Decimal(1)
    if unit in FACTORS:
        allowed, factor = FACTORS[unit]
        assert shipped in allowed
        return Decimal(factor)
    assert not {"%", "tn", "thousand", "million"} & set(re.split(r"\W+", unit))
    return Decimal(1)


@needs_collection
@pytest.mark.parametrize("name", ["parameters", *(f"episodes/parameters_{episode}" for episode in EPISODES)])
def test_parameters_equal_the_collection_after_conversion(name: str) -> None:
    shipped = shipped_parameters(name)
    rows = raw(name)
    assert [row["id"] for row in rows] == list(shipped)[: len(rows)]
    for row in rows:
        parameter = shipped[row["id"]]
        factor = expected_parameter(row["unit"], parameter.unit)
        for field in ("value", "low", "high"):
            assert getattr(parameter, field) == float(Decimal(row[field]) * factor), row["id"]
        assert parameter.confidence == row["confidence"]
        assert parameter.group == row["group"]
        assert parameter.paired_with == row["paired_with"]
        assert parameter.date[:4] == row["as_of"].removeprefix("FY").removeprefix("from ")[:4] or row["id"] in FISCAL


FISCAL = {"nv_china_rev", "nds_ndfeb_plan_t"}  # fiscal years that begin in the year before

# shipped table -> shipped column -> column of the collection and factor
NUMBERS: dict[str, dict[str, tuple[str, str]]] = {
    "trade_matrix": {
        "value_usd_bn": ("value", "1"),
        "low_usd_bn": ("low", "1"),
        "high_usd_bn": ("high", "1"),
        "exporter_reported_usd_bn": ("exporter_reported", "1"),
        "importer_reported_usd_bn": ("importer_reported", "1"),
    },
    "economies": {
        "gdp_2023_usd_bn": ("gdp_2023_usd_tn", "1000"),
        "gdp_2024_usd_bn": ("gdp_2024_usd_tn", "1000"),
        "gdp_2024_low_usd_bn": ("gdp_2024_low", "1000"),
        "gdp_2024_high_usd_bn": ("gdp_2024_high", "1000"),
        "growth_2024": ("growth_2024_pct", "0.01"),
        "growth_2025": ("growth_2025_pct", "0.01"),
        "goods_imports_2024_usd_bn": ("goods_imports_2024_usd_bn", "1"),
        "goods_exports_2024_usd_bn": ("goods_exports_2024_usd_bn", "1"),
    },
    "tariffs_timeline": {
        "us_tariff_on_cn": ("us_avg_tariff_on_china_pct", "0.01"),
        "us_low": ("us_low", "0.01"),
        "us_high": ("us_high", "0.01"),
        "cn_tariff_on_us": ("china_avg_tariff_on_us_pct", "0.01"),
        "cn_low": ("cn_low", "0.01"),
        "cn_high": ("cn_high", "0.01"),
        "us_headline_added": ("us_additional_headline_since_jan2025_pct", "0.01"),
        "cn_headline_added": ("cn_additional_headline_since_jan2025_pct", "0.01"),
    },
    "magnets_monthly": {
        "magnets_total_t": ("magnets_total_t", "1"),
        "total_low_t": ("total_low", "1"),
        "total_high_t": ("total_high", "1"),
        "magnets_to_us_t": ("magnets_to_us_t", "1"),
        "us_low_t": ("us_low", "1"),
        "us_high_t": ("us_high", "1"),
        "rare_earths_total_t": ("rare_earths_all_t", "1"),
        "rare_earths_low_t": ("ree_low", "1"),
        "rare_earths_high_t": ("ree_high", "1"),
    },
    "mine_production": {"value_t": ("value", "1"), "low_t": ("low", "1"), "high_t": ("high", "1")},
    "prices_monthly": {
        "mean_usd_per_kg": ("mean", "1"),
        "low_usd_per_kg": ("low", "1"),
        "high_usd_per_kg": ("high", "1"),
        "n_days": ("n_days", "1"),
    },
    "prices_spot": {"value": ("value", "1"), "low": ("low", "1"), "high": ("high", "1")},
    "us_imports_monthly": {
        "from_cn_usd_bn": ("us_imports_from_china_usd_bn", "1"),
        "from_eu_usd_bn": ("us_imports_from_eu_usd_bn", "1"),
        "total_usd_bn": ("us_imports_total_usd_bn", "1"),
        "cn_share": ("china_share_pct", "0.01"),
    },
    "us_imports_from_china_by_sector": {
        "weight_usd_bn": ("usd_bn_weight", "1"),
        "share_of_imports_from_cn": ("share_of_us_imports_from_china_pct", "0.01"),
        "cn_share_of_sector_imports": ("china_share_of_us_imports_of_sector_pct", "0.01"),
    },
    "moves_timeline": {"index_before": ("index_before", "1"), "index_after": ("index_after", "1")},
    **{
        f"episodes/moves_{episode}": {"index_before": ("index_before", "1"), "index_after": ("index_after", "1")}
        for episode in EPISODES
    },
    **{f"episodes/trade_{episode}": {"value": ("value", "1")} for episode in EPISODES},
}
CONFIDENCES = {
    "tariffs_timeline": {"us_confidence": "us_conf", "cn_confidence": "cn_conf"},
    "magnets_monthly": {"total_confidence": "total_conf", "us_confidence": "us_conf"},
    "economies": {"gdp_2024_confidence": "gdp_2024_conf", "growth_2025_confidence": "growth_2025_conf"},
}
SAME_TEXT = {"id", "date", "date_effective", "month", "player", "target", "direction", "round", "country", "product"}


def mismatches(name: str) -> Iterator[str]:
    rows, table = raw(name), list(shipped_table(name))
    if len(rows) != len(table):
        yield f"{len(rows)} rows against {len(table)}"
    texts = {column: column for column in SAME_TEXT & set(rows[0]) & set(table[0])} | CONFIDENCES.get(name, {})
    if "confidence" in rows[0]:
        texts["confidence"] = "confidence"
    for number, (row, mine) in enumerate(zip(rows, table, strict=True), start=2):
        for column, (origin, factor) in NUMBERS[name].items():
            wanted = float(Decimal(row[origin]) * Decimal(factor)) if row[origin] else None
            if mine[column] != wanted:
                yield f"line {number}: {column} = {mine[column]} instead of {wanted}"
        for column, origin in texts.items():
            if (mine[column] or "") != row[origin]:
                yield f"line {number}: {column} = {mine[column]!r} instead of {row[origin]!r}"


@needs_collection
@pytest.mark.parametrize("name", sorted(NUMBERS))
def test_tables_equal_the_collection_after_conversion(name: str) -> None:
    assert not list(mismatches(name))


@needs_collection
def test_every_table_is_compared() -> None:
    compared = set(NUMBERS) | {name for name in SPECS if "parameters" in name}
    assert set(SPECS) - compared == {"claims", "pairs", "capacity_pipeline"}


@needs_collection
def test_capacity_and_claims_equal_the_collection() -> None:
    for row, mine in zip(raw("capacity_pipeline"), shipped_table("capacity_pipeline"), strict=True):
        assert mine["capacity_text"] == row["capacity_t_per_yr"]
        assert (mine["project"], mine["confidence"]) == (row["project"], row["confidence"])
        figure = mine["capacity_t_per_year"]
        assert figure is None or f"{figure:.0f}" in row["capacity_t_per_yr"]
    for row, mine in zip(raw("claims"), shipped_table("claims"), strict=True):
        for column in ("id", "quantity", "verdict", "confidence", "param_claimed", "param_independent"):
            assert mine[column] == row[column]
        percent = {"share", "rate"} if row["unit"] == "%" or row["id"] in {"C13", "C23"} else set()
        factor = Decimal("0.01") if mine["unit"] in percent else Decimal(10**6 if row["unit"] == "million" else 1)
        for column, origin in (("value", "independent_value"), ("low", "low"), ("high", "high")):
            if mine[column] is not None:
                assert mine[column] == float(Decimal(row[origin]) * factor), row["id"]
        if mine["claimed_value"] is not None and row["claimed_value"] != "yes":
            claimed = Decimal(row["claimed_value"].removeprefix(">"))
            scale = Decimal("0.01") if row["unit"] == "%" else Decimal(10**6 if row["unit"] == "million" else 1)
            assert mine["claimed_value"] == float(claimed * scale), row["id"]
