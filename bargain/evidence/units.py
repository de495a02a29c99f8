"""The closed lists of the evidence: units, confidence words, verdicts, regions."""

from __future__ import annotations

UNITS: dict[str, str] = {
    "share": "part of a whole, in [0, 1]",
    "rate": "ad valorem tariff, fee, growth or price change as a fraction (0.475 is 47.5 percent); at least -1",
    "ratio": "one quantity over another of the same kind",
    "elasticity": "percent change per percent change",
    "index": "own coding between 0 and 1",
    "binary": "0 no, 1 yes",
    "percent_gdp": "percent of own yearly gross domestic product",
    "usd_bn": "billion US dollars",
    "usd_bn_per_year": "billion US dollars a year",
    "usd_bn_per_month": "billion US dollars a month",
    "usd_m_per_day": "million US dollars a day",
    "usd_m_per_t_per_year": "million US dollars for a capacity of one tonne a year",
    "usd_per_kg": "US dollars per kilogram",
    "usd_per_barrel": "US dollars per barrel",
    "eur_bn": "billion euros",
    "eur_per_mwh": "euros per megawatt hour",
    "aud_m": "million Australian dollars",
    "t": "tonnes",
    "t_per_year": "tonnes a year",
    "t_per_month": "tonnes a month",
    "t_per_day": "tonnes a day",
    "kg": "kilograms",
    "kg_per_mw": "kilograms per megawatt",
    "mb_per_day": "million barrels a day",
    "bcm": "billion cubic metres of gas",
    "bcm_per_year": "billion cubic metres of gas a year",
    "mcm_per_day": "million cubic metres of gas a day",
    "twh": "terawatt hours",
    "nm": "nanometres (process node)",
    "count": "number of things",
    "count_per_year": "number of things a year",
    "rank": "place in an order, 1 is first",
    "days": "duration in days",
    "months": "duration in months",
    "years": "duration in years",
    "year": "calendar year, with its fraction",
}
"""Unit -> meaning. No percent sign among them: shares and rates are fractions; only losses of GDP are in percent."""

BOUNDS: dict[str, tuple[float, float]] = {
    "share": (0.0, 1.0),
    "index": (0.0, 1.0),
    "binary": (0.0, 1.0),
    "rate": (-1.0, float("inf")),
}
"""Units whose values are bounded: unit -> (least, greatest)."""

CONFIDENCE: dict[str, str] = {
    "retrieved": "the number stands in a text that was read, often a press copy of the primary source",
    "derived from retrieved": "arithmetic on such numbers",
    "unverified": "widely stated, no text at hand: check before citing",
    "estimate": "judgement or residual",
    "claimed by the article": "what the source article says, right or wrong",
    "assumed": "no source: a weight or a rent with a range and a reason",
}
"""Confidence word -> meaning."""

VERDICTS: tuple[str, ...] = ("supported", "partly supported", "contested", "contradicted", "unverifiable")
"""What the independent evidence says about a claim of the article."""

EVIDENCE_SETS: tuple[str, ...] = ("independent", "article")
"""Names that :func:`bargain.evidence.load_evidence` takes."""

REGIONS: tuple[str, ...] = ("US", "CN", "EU", "JP", "KR", "IN", "TW", "ROW")
"""Trade regions in their one order; ROW is the rest of the world."""

LAST_OBSERVED = "2026-05-31"
"""Last day that the evidence covers: timeline rows after it are scheduled, not observed."""
