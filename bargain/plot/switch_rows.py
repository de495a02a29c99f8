"""Switch rows: one row per parameter over its own range, its value, and where the answer changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bargain.plot.style import OKABE_ITO, TEXT_SIZE

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True)
class SwitchRow:
    """A row: label on the left, range, value, the places of the switches, and a text on the right."""

    label: str
    low: float
    high: float
    value: float
    switches: tuple[float, ...]
    text: str


def switch_rows(ax: Axes, rows: Sequence[SwitchRow]) -> None:
    """Draw rows from top to bottom, each from low (left) to high (right); dots are values, bars switches."""
    for line, row in enumerate(rows):
        width = row.high - row.low
        ax.plot([0, 1], [line, line], color="#BBBBBB", linewidth=2.4, solid_capstyle="butt", zorder=1)
        for switch in row.switches:
            place = (switch - row.low) / width
            ax.plot([place, place], [line - 0.36, line + 0.36], color=OKABE_ITO["vermillion"], linewidth=1.4, zorder=2)
        ax.plot((row.value - row.low) / width, line, "o", color="black", markersize=4, markeredgewidth=0, zorder=3)
        ax.annotate(row.text, (1.0, line), (8.0, 0.0), textcoords="offset points", va="center", fontsize=TEXT_SIZE)
    ax.set_yticks(range(len(rows)), [row.label for row in rows])
    ax.set_ylim(len(rows) - 0.4, -0.6)
    ax.set_xlim(-0.02, 1.02)
    ax.set_xticks([0, 1], ["low", "high"])
    ax.tick_params(axis="both", length=0)
    for side in ("left", "bottom"):
        ax.spines[side].set_visible(False)
