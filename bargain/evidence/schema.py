"""What every shipped table must look like: columns and their kinds of cell, ranges, and what identifies a row.

A column maps to a kind of cell (``table.CELLS``); a kind that ends in '?' allows an empty cell.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path

DATA = Path(str(files("bargain.evidence") / "data"))
"""Folder of the shipped CSV files."""


@dataclass(frozen=True)
class TableSpec:
    """Rules of one table: ``ranges`` are (low, value, high) columns that must be in order, ``key`` is unique."""

    columns: dict[str, str]
    key: tuple[str, ...]
    ranges: tuple[tuple[str, str, str], ...] = ()
    optional: frozenset[str] = field(default=frozenset())


_SOURCED = {"source": "name", "confidence": "confidence"}
_RANGE = (("low", "value", "high"),)

_PARAMETERS = TableSpec(
    {"id": "name", "name": "name", "value": "number", "low": "number", "high": "number", "unit": "unit"}
    | {"date": "when?", "source": "name", "confidence": "confidence", "note": "text"}
    | {"group": "text", "kind": "text", "paired_with": "text"},
    key=("id",),
    optional=frozenset({"group", "kind", "paired_with"}),
)
_MOVES = TableSpec(
    {"id": "name", "date": "day", "date_effective": "day", "player": "name", "target": "name", "instrument": "name"}
    | {"direction": "direction", "level_before": "text", "level_after": "text", "level_unit": "text"}
    | {"index_before": "share?", "index_after": "share?", "index_confidence": "confidence?", "round": "name"}
    | _SOURCED
    | {"note": "text", "observed": "flag"},
    key=("id",),
)
_EPISODE_TRADE = TableSpec(
    {"exporter": "name", "importer": "text", "value": "number", "unit": "unit", "what": "name", "part_of": "text"}
    | {"year": "when"}
    | _SOURCED,
    key=("exporter", "importer", "what", "unit", "year"),
)


def episode_names(data: Path = DATA) -> tuple[str, ...]:
    """Past episodes with a table of parameters in the folder ``episodes``: a new one needs files, no code."""
    return tuple(sorted(path.stem.removeprefix("parameters_") for path in data.glob("episodes/parameters_*.csv")))


EPISODES: tuple[str, ...] = episode_names()
"""Past episodes that are shipped as data."""

SPECS: dict[str, TableSpec] = {
    "parameters": _PARAMETERS,
    "claims": TableSpec(
        {"id": "name", "claim": "name", "quantity": "name", "claimed_value": "number?", "claimed_text": "text"}
        | {"unit": "unit?", "value": "number?", "low": "number?", "high": "number?", "independent_text": "text"}
        | {"source": "name", "verdict": "verdict", "confidence": "confidence", "note": "text"}
        | {"param_claimed": "text", "param_independent": "text"},
        key=("id",),
        ranges=_RANGE,
    ),
    "pairs": TableSpec(
        {"article_id": "name", "independent_id": "text", "commensurate": "flag", "reason": "name"},
        key=("article_id",),
    ),
    "trade_matrix": TableSpec(
        {"exporter": "region", "importer": "region", "value_usd_bn": "number", "low_usd_bn": "number"}
        | {"high_usd_bn": "number", "year": "when", "exporter_reported_usd_bn": "number?"}
        | {"exporter_confidence": "confidence?", "importer_reported_usd_bn": "number?"}
        | {"importer_confidence": "confidence?", "basis": "name"}
        | _SOURCED
        | {"note": "text"},
        key=("exporter", "importer"),
        ranges=(("low_usd_bn", "value_usd_bn", "high_usd_bn"),),
    ),
    "economies": TableSpec(
        {"code": "region", "name": "name", "gdp_2023_usd_bn": "number?", "gdp_2023_confidence": "confidence"}
        | {"gdp_2024_usd_bn": "number", "gdp_2024_low_usd_bn": "number", "gdp_2024_high_usd_bn": "number"}
        | {"gdp_2024_confidence": "confidence", "growth_2024": "number", "growth_2024_confidence": "confidence"}
        | {"growth_2025": "number", "growth_2025_confidence": "confidence", "growth_2025_source": "name"}
        | {"goods_imports_2024_usd_bn": "number", "goods_exports_2024_usd_bn": "number"}
        | {"gdp_2023_source": "name", "note": "text"},
        key=("code",),
        ranges=(("gdp_2024_low_usd_bn", "gdp_2024_usd_bn", "gdp_2024_high_usd_bn"),),
    ),
    "tariffs_timeline": TableSpec(
        {"date": "day", "us_tariff_on_cn": "number", "us_low": "number", "us_high": "number"}
        | {"us_confidence": "confidence", "cn_tariff_on_us": "number", "cn_low": "number", "cn_high": "number"}
        | {"cn_confidence": "confidence", "us_headline_added": "number", "cn_headline_added": "number"}
        | {"event": "name", "source": "name", "note": "text", "observed": "flag"},
        key=("date",),
        ranges=(("us_low", "us_tariff_on_cn", "us_high"), ("cn_low", "cn_tariff_on_us", "cn_high")),
    ),
    "moves_timeline": _MOVES,
    "magnets_monthly": TableSpec(
        {"month": "month", "magnets_total_t": "number", "total_low_t": "number", "total_high_t": "number"}
        | {"total_confidence": "confidence", "total_source": "name", "magnets_to_us_t": "number"}
        | {"us_low_t": "number", "us_high_t": "number", "us_confidence": "confidence", "us_source": "name"}
        | {"rare_earths_total_t": "number?", "rare_earths_low_t": "number?", "rare_earths_high_t": "number?"}
        | {"rare_earths_confidence": "confidence?", "rare_earths_source": "name", "note": "text"},
        key=("month",),
        ranges=(
            ("total_low_t", "magnets_total_t", "total_high_t"),
            ("us_low_t", "magnets_to_us_t", "us_high_t"),
            ("rare_earths_low_t", "rare_earths_total_t", "rare_earths_high_t"),
        ),
    ),
    "capacity_pipeline": TableSpec(
        {"project": "name", "country": "name", "product": "name", "capacity_t_per_year": "number?"}
        | {"capacity_text": "name", "start": "when", "status": "name", "support": "text"}
        | _SOURCED,
        key=("project",),
    ),
    "mine_production": TableSpec(
        {"country": "name", "year": "when", "value_t": "number", "low_t": "number", "high_t": "number"}
        | _SOURCED
        | {"note": "text"},
        key=("country", "year"),
        ranges=(("low_t", "value_t", "high_t"),),
    ),
    "prices_monthly": TableSpec(
        {"month": "month", "product": "name", "market": "name", "mean_usd_per_kg": "number"}
        | {"low_usd_per_kg": "number", "high_usd_per_kg": "number", "n_days": "number"}
        | _SOURCED,
        key=("month", "product", "market"),
        ranges=(("low_usd_per_kg", "mean_usd_per_kg", "high_usd_per_kg"),),
    ),
    "prices_spot": TableSpec(
        {"date": "day", "product": "name", "market": "name", "value": "number", "low": "number", "high": "number"}
        | {"unit": "unit"}
        | _SOURCED
        | {"note": "text"},
        key=("date", "product", "market"),
        ranges=_RANGE,
    ),
    "us_imports_monthly": TableSpec(
        {"month": "month", "from_cn_usd_bn": "number", "from_eu_usd_bn": "number", "total_usd_bn": "number"}
        | {"cn_share": "share"}
        | _SOURCED,
        key=("month",),
    ),
    "us_imports_from_china_by_sector": TableSpec(
        {"gtap_code": "name", "sector": "name", "weight_usd_bn": "number", "share_of_imports_from_cn": "share"}
        | {"cn_share_of_sector_imports": "share"}
        | _SOURCED,
        key=("gtap_code",),
    ),
}
"""Table name -> rules; the file is ``data/<name>.csv``."""


def episode_specs(episode: str) -> dict[str, TableSpec]:
    """Rules of the three tables of one episode."""
    kinds = {"parameters": _PARAMETERS, "moves": _MOVES, "trade": _EPISODE_TRADE}
    return {f"episodes/{kind}_{episode}": spec for kind, spec in kinds.items()}


for _episode in EPISODES:
    SPECS |= episode_specs(_episode)
