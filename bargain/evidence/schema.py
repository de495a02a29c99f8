"""The columns of every shipped table: column -> kind of cell (see ``table.CELLS``; '?' allows an empty cell)."""

from __future__ import annotations

SCHEMAS: dict[str, dict[str, str]] = {
    "parameters": {
        "id": "name",
        "name": "name",
        "value": "number",
        "low": "number",
        "high": "number",
        "unit": "unit",
        "date": "when?",
        "source": "name",
        "confidence": "confidence",
        "note": "text",
        "group": "text",
        "kind": "text",
        "paired_with": "text",
    },
    "trade_matrix": {
        "exporter": "region",
        "importer": "region",
        "value_usd_bn": "number",
        "low_usd_bn": "number",
        "high_usd_bn": "number",
        "year": "when",
        "exporter_reported_usd_bn": "number?",
        "exporter_confidence": "confidence?",
        "importer_reported_usd_bn": "number?",
        "importer_confidence": "confidence?",
        "basis": "name",
        "source": "name",
        "confidence": "confidence",
        "note": "text",
    },
}
"""Table name -> schema."""
