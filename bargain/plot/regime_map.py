"""Regime map: which of a few named regimes holds over a plane, as areas with sharp boundaries and names on them."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from bargain.plot.style import halo

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

LEAST_NAMED = 0.14
"""Areas narrower than this share of the map's width, or lower than a third of that of its height, carry no name."""


@dataclass(frozen=True)
class Column:
    """Regimes up one column of a map.

    x: its place; heights: ends of the stretches, from below ``(n_stretches + 1,)``; regimes: names of each stretch, one
    or several that hold side by side.
    """

    x: float
    heights: tuple[float, ...]
    regimes: tuple[tuple[str, ...], ...]


def regime_map(
    ax: Axes,
    columns: Sequence[Column],
    colours: Mapping[str, str],
    names: Mapping[str, str],
    *,
    cells: bool = False,
) -> None:
    """Draw the areas and write the regime on each.

    Between neighbouring columns with the same order of regimes a boundary runs straight from one to the other; where
    the order changes it changes half-way. cells: every column is a cell of its own, as on a grid of states.
    """
    places = np.array([column.x for column in columns])
    edges = np.concatenate([places[:1], (places[:-1] + places[1:]) / 2.0, places[-1:]])
    if cells:
        edges[0], edges[-1] = 2.0 * places[0] - edges[1], 2.0 * places[-1] - edges[-2]
    runs = itertools.groupby(range(len(columns)), lambda k: k if cells else columns[k].regimes)
    for run in [list(group) for _, group in runs]:
        xs = np.array([edges[run[0]], *places[run], edges[run[-1] + 1]])
        heights = np.array([columns[k].heights for k in (run[0], *run, run[-1])])
        for level, regime in enumerate(columns[run[0]].regimes):
            ax.fill_between(xs, heights[:, level], heights[:, level + 1], **_fill(regime, colours))
    ax.set_xlim(edges[0], edges[-1])
    ax.set_ylim(columns[0].heights[0], columns[0].heights[-1])
    width, height = edges[-1] - edges[0], columns[0].heights[-1] - columns[0].heights[0]
    for regime in dict.fromkeys(regime for column in columns for regime in column.regimes):
        x, y, extent = _spot(columns, regime, edges)
        if extent[0] > LEAST_NAMED * width and extent[1] > LEAST_NAMED * height / 3.0:
            words = "\nor ".join(names.get(name, name) for name in regime) or "mixed"
            ax.text(x, y, words, ha="center", va="center", fontsize=6.5, **halo(1.4))


def _fill(regime: tuple[str, ...], colours: Mapping[str, str]) -> dict[str, Any]:
    """Colour of a regime; with several side by side, the second one's in stripes on the first one's; white for none."""
    colour = colours[regime[0]] if regime else "white"
    if len(regime) > 1:
        return {"facecolor": colour, "linewidth": 0.0, "hatch": "/////", "edgecolor": colours[regime[1]]}
    # A hairline of the same colour closes the seam between neighbouring areas.
    return {"facecolor": colour, "linewidth": 0.3, "edgecolor": colour}


def _spot(
    columns: Sequence[Column], regime: tuple[str, ...], edges: NDArray[np.float64]
) -> tuple[float, float, tuple[float, float]]:
    """A place well inside the largest connected run of columns with a regime, and that run's width and height there."""
    tallest: dict[int, tuple[float, float]] = {}
    for k, column in enumerate(columns):
        for own, low, high in zip(column.regimes, column.heights, column.heights[1:], strict=False):
            if own == regime and (k not in tallest or high - low > tallest[k][1] - tallest[k][0]):
                tallest[k] = (low, high)
    best, area = (0.0, 0.0, (0.0, 0.0)), 0.0
    for _, group in itertools.groupby(enumerate(tallest), lambda pair: pair[1] - pair[0]):
        run = [k for _, k in group]
        sizes = np.array([(edges[k + 1] - edges[k]) * (tallest[k][1] - tallest[k][0]) for k in run])
        if sizes.sum() > area:
            area = float(sizes.sum())
            middle = run[int(np.searchsorted(np.cumsum(sizes), area / 2.0))]
            low, high = tallest[middle]
            extent = (float(edges[run[-1] + 1] - edges[run[0]]), high - low)
            best = (float(edges[middle] + edges[middle + 1]) / 2.0, (low + high) / 2.0, extent)
    return best
