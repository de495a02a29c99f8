"""Field map: a quantity over a plane of two moves, as filled contours with named points."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from bargain.plot.style import DIVERGING_MAP, TEXT_SIZE, halo

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.contour import QuadContourSet
    from matplotlib.image import AxesImage
    from numpy.typing import NDArray


def field_map(
    ax: Axes,
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    values: NDArray[np.float64],
    levels: Sequence[float],
    reach: float,
    *,
    labelled: Sequence[float] = (),
) -> AxesImage:
    """Draw values (n_y, n_x) over evenly spaced x (n_x,) and y (n_y,), colours from -reach to reach with zero neutral.

    levels: contour lines, dashed below zero; labelled: those among them that carry their value.
    """
    dx, dy = (x[1] - x[0]) / 2, (y[1] - y[0]) / 2
    image = ax.imshow(
        values,
        origin="lower",
        extent=(x[0] - dx, x[-1] + dx, y[0] - dy, y[-1] + dy),
        cmap=DIVERGING_MAP,
        vmin=-reach,
        vmax=reach,
        interpolation="none",
        aspect="auto",
    )
    lines = ax.contour(x, y, values, levels=sorted(levels), colors="black", linewidths=0.5)
    if labelled:
        _label(ax, lines, labelled)
    return image


def _label(ax: Axes, lines: QuadContourSet, labelled: Sequence[float]) -> None:
    shown = [level for level in lines.levels if level in labelled]
    for text in ax.clabel(lines, shown, fontsize=TEXT_SIZE - 0.5, fmt="%g", inline=True, inline_spacing=2):
        text.update(halo(1.2))


def mark_points(
    ax: Axes, points: Mapping[str, tuple[float, float]], offsets: Mapping[str, tuple[float, float]] | None = None
) -> None:
    """Mark named points (x, y), each with its own marker; names stand at ``offsets`` (in points), or nowhere without.

    A name with a negative horizontal offset ends there instead of beginning there.
    """
    markers = ("o", "s", "^", "D", "*", "P", "X", "v")
    for place, (name, (x, y)) in enumerate(points.items()):
        marker = markers[place % len(markers)]
        size = 7.0 if marker == "*" else 4.5
        style: dict[str, Any] = {"markerfacecolor": "black", "markeredgecolor": "white", "markeredgewidth": 0.7}
        ax.plot(x, y, linestyle="none", marker=marker, markersize=size, label=name, **style)
        if offsets is not None:
            dx, dy = offsets.get(name, (5.0, 3.0))
            side = "right" if dx < 0 else "left"
            ax.annotate(name, (x, y), (dx, dy), textcoords="offset points", fontsize=TEXT_SIZE, ha=side, **halo())
