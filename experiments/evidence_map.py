"""Where does the source article's figure lie against the independent range, claim by claim?

Every claim of the article that has an independent partner; claims that do not measure the same quantity are listed,
not drawn.
"""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure

import bargain as bg
from bargain.evidence import Claim, Evidence
from bargain.plot import DOUBLE_COLUMN, figure_style, new_figure
from bargain.plot.range_rows import VERDICT_COLOURS, RangeRow, range_rows

SETTINGS: dict[str, str] = {"evidence": "independent"}


def run() -> pd.DataFrame:
    evidence = bg.load_evidence(SETTINGS["evidence"])
    claims = {claim.param_claimed: claim for claim in reversed(evidence.claims) if claim.param_claimed}
    rows = [
        _row(evidence, claims[pair.article_id], pair.article_id, pair.independent_id, pair.commensurate, pair.reason)
        for pair in evidence.pairs
        if pair.independent_id
    ]
    return pd.DataFrame(rows).sort_values(["comparable", "claim"], ascending=[False, True], ignore_index=True)


def _row(
    evidence: Evidence, claim: Claim, article_id: str, independent_id: str, comparable: bool, reason: str
) -> dict[str, object]:
    article, independent = evidence.parameter(article_id), evidence.parameter(independent_id)
    return {
        "claim": claim.id,
        "name": independent.name,
        "comparable": comparable,
        "article": article.value,
        "article_unit": article.unit,
        "independent": independent.value,
        "low": independent.low,
        "high": independent.high,
        "unit": independent.unit,
        "inside_range": comparable and independent.low <= article.value <= independent.high,
        "verdict": claim.verdict,
        "confidence": independent.confidence,
        "source": independent.source,
        "reason": reason,
    }


UNIT_TEXT = {"t_per_day": " t/day", "months": " months", "years": " years", "nm": " nm", "t": " t", "count": ""}


def _text(value: float, unit: str) -> str:
    if unit in ("share", "rate"):
        return f"{100 * value:g}%"
    if unit == "binary":
        return "yes" if value == 1 else "no"
    if unit == "count_per_year":
        return f"{value / 1e6:g} m/yr"
    if unit == "year":
        return f"{value:.1f}"
    number = f"{value:,.0f}" if abs(value) >= 1000 else f"{value:g}"
    return f"rank {number}" if unit == "rank" else number + UNIT_TEXT.get(unit, "")


def plot(table: pd.DataFrame) -> Figure:
    rows = []
    for r in table.itertuples():
        low, high = (_text(end, r.unit).removeprefix("rank ") for end in (r.low, r.high))
        span = "" if low == high else f" ({low.split(' ')[0]} to {high})"
        cells = (_text(r.article, r.article_unit), _text(r.independent, r.unit) + span, r.verdict)
        label = f"{r.claim}  {r.name if len(r.name) <= 50 else r.name[:48].rsplit(' ', 1)[0] + ' ...'}"
        rows.append(
            RangeRow(label, r.independent, r.low, r.high, r.article, cells, VERDICT_COLOURS[r.verdict], r.comparable)
        )
    with figure_style():
        figure, axes = new_figure(DOUBLE_COLUMN, 0.17 * len(rows) + 0.7)
        figure.set_layout_engine("none")  # the text columns stand outside the axes, at places that we choose
        ax = axes[0, 0]
        ax.set_position((0.39, 0.085, 0.155, 0.86))
        range_rows(ax, rows, (1.08, 1.68, 2.97), ("article", "independent (range)", "verdict"))
        ax.set_title("row's own scale", fontsize=7, loc="center", pad=2)
        _legend(figure)
    return figure


def _legend(figure: Figure) -> None:
    from matplotlib.lines import Line2D

    handles = [
        Line2D([], [], color="#9A9A9A", linewidth=3.2, label="independent range"),
        Line2D([], [], color="black", marker="o", markersize=4, linestyle="none", label="independent value"),
        Line2D([], [], color="#D55E00", marker="D", fillstyle="none", markersize=5, linestyle="none", label="article"),
    ]
    figure.legend(handles=handles, loc="lower center", ncols=3)


def findings(table: pd.DataFrame) -> list[str]:
    same = table[table["comparable"]]
    outside = same[~same["inside_range"]]
    return [
        f"{len(table)} paired claims, {len(same)} of them on the same quantity; the article lies inside the "
        f"independent range in {int(same['inside_range'].sum())}, outside in {len(outside)} "
        f"({', '.join(outside['claim'])})"
    ]
