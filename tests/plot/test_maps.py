"""Kinds of pictures: payoff maps, field maps, range rows."""

from __future__ import annotations

import numpy as np
import pytest

from bargain.plot import centred_norm, figure_style, new_figure
from bargain.plot.field_map import field_map, mark_points
from bargain.plot.payoff_map import marks, payoff_map
from bargain.plot.range_rows import VERDICT_COLOURS, RangeRow, range_rows


def test_payoff_map_shows_every_cell_in_order_with_frames_and_dots() -> None:
    payoffs = np.arange(6.0).reshape(2, 3) - 2
    replies = np.array([[True, False, False], [False, True, True]])
    with figure_style():
        _, axes = new_figure()
        ax = axes[0, 0]
        image = payoff_map(ax, payoffs, (["a/b", "c"], ["x", "y_z", "w"]), centred_norm(payoffs), [(1, 2)], replies)
    assert np.array_equal(np.asarray(image.get_array()), payoffs)
    assert [label.get_text() for label in ax.get_yticklabels()] == ["a, b", "c"]
    assert [label.get_text() for label in ax.get_xticklabels()] == ["x", "y z", "w"]
    (frame,) = ax.patches
    assert (frame.get_x(), frame.get_y()) == (1.5, 0.5)
    (dots,) = ax.get_lines()
    assert set(zip(*dots.get_data(), strict=True)) == {(0, 0), (1, 1), (2, 1)}
    assert image.norm(0.0) == pytest.approx(0.5)


def test_marks_are_named_for_the_legend() -> None:
    assert [handle.get_label() for handle in marks()] == ["best reply of the side shown", "equilibrium in pure moves"]


def test_field_map_puts_pixels_where_their_values_belong() -> None:
    x, y = np.linspace(0, 1, 5), np.linspace(0, 2, 9)
    values = x[None, :] - y[:, None]
    with figure_style():
        _, axes = new_figure()
        ax = axes[0, 0]
        image = field_map(ax, x, y, values, [-1.0, 0.0], 2.0, labelled=[-1.0])
    assert np.array_equal(np.asarray(image.get_array()), values)
    assert image.get_extent() == pytest.approx([-0.125, 1.125, -0.125, 2.125])
    assert (image.norm.vmin, image.norm.vmax) == (-2.0, 2.0)
    assert image.origin == "lower"


def test_points_are_marked_and_named_on_either_side() -> None:
    with figure_style():
        _, axes = new_figure(columns=2)
        mark_points(axes[0, 0], {"truce": (0.3, 0.5), "peak": (1.5, 1.3)}, {"peak": (-6.0, 2.0)})
        mark_points(axes[0, 1], {"truce": (0.3, 0.5)})
    named, unnamed = axes[0]
    assert {text.get_text(): text.get_ha() for text in named.texts} == {"truce": "left", "peak": "right"}
    assert [line.get_xydata().tolist() for line in named.get_lines()] == [[[0.3, 0.5]], [[1.5, 1.3]]]
    assert not unnamed.texts
    assert len(unnamed.get_lines()) == 1


def test_range_rows_scale_each_row_by_its_own_ends_and_leave_other_quantities_undrawn() -> None:
    rows = [
        RangeRow("one", 4.0, 2.0, 18.0, 18.0, ("18", "4"), VERDICT_COLOURS["contested"]),
        RangeRow("two", 7.0, 7.0, 7.0, 7.0, ("7", "7")),
        RangeRow("three", 1.0, 0.0, 2.0, 99.0, ("yes", "6 months"), comparable=False),
    ]
    with figure_style():
        _, axes = new_figure()
        ax = axes[0, 0]
        range_rows(ax, rows, (1.1, 1.5), ("article", "independent"))
    drawn = {
        marker: [line.get_xydata()[0].tolist() for line in ax.get_lines() if line.get_marker() == marker]
        for marker in ("o", "D")
    }
    assert drawn["o"] == [pytest.approx([0.04 + 0.92 * 2 / 16, 0]), pytest.approx([0.5, 1])]
    assert drawn["D"] == [pytest.approx([0.96, 0]), pytest.approx([0.5, 1])]
    texts = [text.get_text() for text in ax.texts]
    assert texts.count("not the same quantity") == 1
    assert {"article", "independent", "18", "6 months"} <= set(texts)
