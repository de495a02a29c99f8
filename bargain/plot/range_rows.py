"""Range rows: one row per quantity, each on its own scale, a range with its value against a second opinion."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bargain.plot.style import OKABE_ITO, TEXT_SIZE

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True)
class RangeRow:
    """A row: value, low and high of one source, other of the second one; not comparable rows show their texts only.

    label stands on the left; cells are the texts of the columns on the right, colour that of the last of them.
    """

    label: str
    value: float
    low: float
    high: float
    other: float
    cells: tuple[str, ...]
    colour: str = "black"
    comparable: bool = True


VERDICT_COLOURS = {
    "supported": OKABE_ITO["bluish green"],
    "partly supported": OKABE_ITO["blue"],
    "contested": "#A06A00",  # Okabe-Ito orange, darkened for small text
    "contradicted": OKABE_ITO["vermillion"],
    "unverifiable": OKABE_ITO["grey"],
}
"""Text colour of each verdict on a claim."""


def range_rows(ax: Axes, rows: Sequence[RangeRow], places: Sequence[float], headers: Sequence[str]) -> None:
    """Draw rows from top to bottom, each scaled from the smallest to the largest of its own four numbers.

    places: left ends of the text columns in axes widths (1 is the right edge); headers: their titles. The scale of a
    row has no unit: what is compared is where the second opinion lies against the range.
    """
    for line, row in enumerate(rows):
        if row.comparable:
            _draw(ax, line, row)
        else:
            ax.text(0.5, line, "not the same quantity", ha="center", va="center", fontsize=TEXT_SIZE, color="#777777")
        for place, cell in zip(places, row.cells, strict=True):
            colour = row.colour if cell is row.cells[-1] else "black"
            ax.annotate(cell, (place, line), va="center", fontsize=TEXT_SIZE, color=colour, annotation_clip=False)
    for place, header in zip(places, headers, strict=True):
        ax.annotate(header, (place, -1.0), va="center", fontsize=TEXT_SIZE, fontweight="bold", annotation_clip=False)
    ax.set_yticks(range(len(rows)), [row.label for row in rows])
    ax.set_ylim(len(rows) - 0.4, -0.6)
    ax.set_xlim(0.0, 1.0)
    ax.set_xticks([])
    ax.tick_params(axis="y", length=0)
    for side in ("left", "bottom"):
        ax.spines[side].set_visible(False)


def _draw(ax: Axes, line: int, row: RangeRow) -> None:
    lowest, highest = min(row.low, row.other), max(row.high, row.other)
    width = highest - lowest
    scaled = [(n - lowest) / width if width > 0 else 0.5 for n in (row.low, row.value, row.high, row.other)]
    low, value, high, other = (0.04 + 0.92 * number for number in scaled)
    black, second = "black", OKABE_ITO["vermillion"]
    ax.plot([0.04, 0.96], [line, line], color="#DDDDDD", linewidth=0.5, zorder=1)
    ax.plot([low, high], [line, line], color="#9A9A9A", linewidth=3.2, solid_capstyle="butt", zorder=2)
    ax.plot(value, line, "o", color=black, markersize=4.0, markeredgewidth=0.0, zorder=3)
    ax.plot(other, line, "D", color=second, markersize=5.0, fillstyle="none", markeredgewidth=1.0, zorder=4)
