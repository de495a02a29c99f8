"""Figures: one style, one way of writing them, one module per kind of picture."""

from bargain.plot.output import write_figure
from bargain.plot.style import (
    DIVERGING_MAP,
    DOUBLE_COLUMN,
    OKABE_ITO,
    PLAYER_COLOURS,
    SEQUENTIAL_MAP,
    SINGLE_COLUMN,
    centred_norm,
    figure_style,
    halo,
    ink,
    label_lines,
    letter_panels,
    line_style,
    new_figure,
    point_style,
)

__all__ = [
    "DIVERGING_MAP",
    "DOUBLE_COLUMN",
    "OKABE_ITO",
    "PLAYER_COLOURS",
    "SEQUENTIAL_MAP",
    "SINGLE_COLUMN",
    "centred_norm",
    "figure_style",
    "halo",
    "ink",
    "label_lines",
    "letter_panels",
    "line_style",
    "new_figure",
    "point_style",
    "write_figure",
]
