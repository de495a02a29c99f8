"""Payoff map: one player's payoffs over all moves of two players as a heat map, with equilibria and best replies
marked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from bargain.plot.style import DIVERGING_MAP, TEXT_SIZE

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Normalize
    from matplotlib.image import AxesImage
    from matplotlib.lines import Line2D
    from matplotlib.patches import Rectangle
    from numpy.typing import NDArray


def payoff_map(
    ax: Axes,
    payoffs: NDArray[np.float64],
    actions: tuple[Sequence[str], Sequence[str]],
    norm: Normalize,
    equilibria: Sequence[tuple[int, int]] = (),
    best_replies: NDArray[np.bool_] | None = None,
) -> AxesImage:
    """Draw payoffs (n_row_actions, n_column_actions) on ``ax``; rows belong to the first player.

    equilibria: cells (row, column) framed in black; best_replies: same shape as payoffs, true where the player shown
    replies best (dots). Labels are the actions; a label 'a/b' is shown as 'a, b'.
    """
    image = ax.imshow(payoffs, cmap=DIVERGING_MAP, norm=norm, interpolation="none", aspect="auto")
    rows, columns = ([label.replace("/", ", ").replace("_", " ") for label in names] for names in actions)
    ax.set_yticks(range(len(rows)), rows)
    ax.set_xticks(range(len(columns)), columns, rotation=90)
    ax.tick_params(length=0, labelsize=TEXT_SIZE)
    for spine in ax.spines.values():
        spine.set_visible(False)
    if best_replies is not None:
        y, x = np.nonzero(best_replies)
        ax.plot(x, y, "o", markersize=2.4, color="black", markeredgewidth=0.0)
    for row, column in equilibria:
        frame = ax.add_patch(_frame(row, column))
        frame.set_clip_on(False)
    return image


def marks() -> tuple[Line2D, Line2D]:
    """Legend handles for the two marks of a payoff map."""
    from matplotlib.lines import Line2D as Line

    frame = Line([], [], linestyle="none", color="black", marker="s", markersize=7.0, fillstyle="none")
    frame.set_markeredgewidth(1.4)
    dot = Line([], [], linestyle="none", color="black", marker="o", markersize=2.4, markeredgewidth=0.0)
    frame.set_label("equilibrium in pure moves")
    dot.set_label("best reply of the side shown")
    return dot, frame


def _frame(row: int, column: int) -> Rectangle:
    from matplotlib.patches import Rectangle as Patch

    return Patch((column - 0.5, row - 0.5), 1.0, 1.0, fill=False, edgecolor="black", linewidth=1.4)
