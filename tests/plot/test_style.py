"""The figure style: no leaks, steady colours, labels that do not overlap."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import matplotlib
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.colors import to_rgb
from matplotlib.text import Text

from bargain.plot import (
    DOUBLE_COLUMN,
    PLAYER_COLOURS,
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
from bargain.plot.style import spread_apart


@pytest.fixture
def style() -> Iterator[None]:
    with figure_style():
        yield


def test_style_leaves_no_trace_even_after_an_error() -> None:
    before = dict(matplotlib.rcParams)

    def draw_and_fail() -> None:
        with figure_style():
            assert matplotlib.rcParams["pdf.fonttype"] == 42
            raise RuntimeError

    with pytest.raises(RuntimeError):
        draw_and_fail()
    new_figure()
    assert dict(matplotlib.rcParams) == before


def test_style_does_not_depend_on_the_readers_settings() -> None:
    with matplotlib.rc_context({"text.usetex": True, "axes.grid": True, "font.size": 20.0}):
        with figure_style():
            inside = dict(matplotlib.rcParams)
        assert matplotlib.rcParams["font.size"] == 20.0
    with figure_style():
        assert dict(matplotlib.rcParams) == inside


def test_new_figure_is_a_column_wide_and_its_axes_a_grid() -> None:
    figure, axes = new_figure()
    assert axes.shape == (1, 1)
    assert tuple(figure.get_size_inches()) == pytest.approx((SINGLE_COLUMN, 0.72 * SINGLE_COLUMN))
    figure, axes = new_figure(DOUBLE_COLUMN, 3.0, rows=2, columns=3, share_y=True, width_ratios=[1, 1, 2])
    assert axes.shape == (2, 3)
    assert tuple(figure.get_size_inches()) == (DOUBLE_COLUMN, 3.0)


@pytest.mark.usefixtures("style")
def test_text_is_seven_or_eight_points_in_the_font_that_matplotlib_ships() -> None:
    figure, axes = new_figure()
    axes[0, 0].set(title="title", xlabel="x", ylabel="y")
    figure.draw_without_rendering()
    shown = [text for text in figure.findobj(Text) if text.get_text()]
    assert {text.get_fontsize() for text in shown} == {7.0, 8.0}
    assert {text.get_fontname() for text in shown} == {"DejaVu Sans"}


def test_every_player_differs_from_every_other_in_colour_and_in_marker() -> None:
    styles = [line_style(player) for player in PLAYER_COLOURS]
    for one, other in itertools.combinations(styles, 2):
        assert one["color"] != other["color"]
        assert one["marker"] != other["marker"]


def test_principals_are_equally_prominent() -> None:
    us, china = line_style("US"), line_style("CN")
    assert us["linewidth"] == china["linewidth"] > line_style("EU")["linewidth"]
    assert us["linestyle"] != china["linestyle"]
    grey = [np.dot(to_rgb(style["color"]), (0.299, 0.587, 0.114)) for style in (us, china)]
    assert abs(grey[0] - grey[1]) < 0.15


def test_numbered_series_do_not_borrow_the_principals_colours() -> None:
    colours = {line_style(number)["color"] for number in range(20)}
    assert colours.isdisjoint({PLAYER_COLOURS["US"], PLAYER_COLOURS["CN"]})


def test_unknown_series_is_refused() -> None:
    with pytest.raises(ValueError, match=r"series = 'China' is not a player \(US, CN, .*give other series a number"):
        line_style("China")


@pytest.mark.usefixtures("style")
def test_points_have_no_line() -> None:
    _, axes = new_figure()
    (line,) = axes[0, 0].plot([0, 1], [0, 1], **point_style("US"))
    assert (line.get_linestyle(), line.get_marker()) == ("None", "o")


@given(st.tuples(*[st.floats(0, 1)] * 3))
def test_ink_has_contrast_on_white_and_leaves_dark_colours_alone(colour: tuple[float, float, float]) -> None:
    def luminance(rgb: tuple[float, float, float]) -> float:
        return sum(
            weight * (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4)
            for weight, c in zip((0.2126, 0.7152, 0.0722), rgb, strict=True)
        )

    assert 1.05 / (luminance(ink(colour)) + 0.05) >= 3.0 - 1e-6
    if 1.05 / (luminance(colour) + 0.05) > 3.0 + 1e-6:
        assert ink(colour) == pytest.approx(colour)


@pytest.mark.usefixtures("style")
def test_halo_puts_a_white_rim_behind_text() -> None:
    _, axes = new_figure()
    assert len(axes[0, 0].text(0, 0, "Nash", **halo()).get_path_effects()) == 1


@pytest.mark.parametrize(
    ("values", "limits"), [([1.0, -3.0], (-3, 3)), ([2.0], (-2, 2)), ([0.0, 0.0], (-1, 1)), ([], (-1, 1))]
)
def test_centred_norm_reaches_as_far_on_both_sides(values: list[float], limits: tuple[float, float]) -> None:
    norm = centred_norm(values)
    assert (norm.vmin, norm.vmax) == limits


def test_centred_norm_refuses_nan() -> None:
    with pytest.raises(ValueError, match="NaN or infinity"):
        centred_norm([1.0, float("nan")])


@pytest.mark.usefixtures("style")
def test_letters_stand_left_of_each_panel_in_reading_order() -> None:
    figure, axes = new_figure(DOUBLE_COLUMN, rows=2, columns=2)
    letter_panels(axes)
    figure.draw_without_rendering()
    for panel, letter in zip(axes.flat, "abcd", strict=True):
        (text,) = panel.texts
        assert text.get_text() == letter
        box = text.get_window_extent()
        assert box.x1 < panel.bbox.x0
        assert box.y0 > panel.bbox.y1
        assert box.x0 >= 0


def test_letters_take_a_plain_list_and_refuse_more_panels_than_letters() -> None:
    _, axes = new_figure(columns=2)
    letter_panels([axes[0, 1]], "b")
    assert [text.get_text() for text in axes[0, 1].texts] == ["b"]
    with pytest.raises(ValueError, match="2 panels but 1 letters"):
        letter_panels(axes, "a")


def _boxes(notes: list) -> list:  # type: ignore[type-arg]
    return [Text.get_window_extent(note) for note in notes]


@pytest.mark.usefixtures("style")
def test_line_labels_do_not_overlap_and_stay_in_the_figure() -> None:
    figure, axes = new_figure()
    ends = {"US": 1.0, "CN": 1.001, "EU": 1.002, "JP": 0.2, "KR": 0.21, "IN": -0.5}
    for player, end in ends.items():
        axes[0, 0].plot([0, 1], [0, end], label=player, **line_style(player))
    axes[0, 0].plot([0, 1], [0, 0.5], color="grey")  # no label, so no note
    notes = label_lines(axes[0, 0])
    figure.draw_without_rendering()
    boxes = _boxes(notes)
    assert [note.get_text() for note in notes] == list(ends)
    assert not any(one.overlaps(other) for one, other in itertools.combinations(boxes, 2))
    assert [box.y0 for box in boxes[:3]] == sorted(box.y0 for box in boxes[:3])  # order as the lines end
    for box in boxes:
        assert figure.bbox.x0 <= box.x0
        assert box.x1 <= figure.bbox.x1
    visible = {note.get_text() for note in notes if note.arrow_patch.get_visible()}
    assert "US" in visible  # pushed down by two others: gets a leader
    assert "IN" not in visible


@pytest.mark.usefixtures("style")
def test_lone_label_sits_level_with_its_lines_end() -> None:
    figure, axes = new_figure()
    axes[0, 0].plot([0, 1, 2, 3], [0, 2, 1, np.nan], label="US", **line_style("US"))
    (note,) = label_lines(axes[0, 0])
    figure.draw_without_rendering()
    x, y = axes[0, 0].transData.transform((2, 1))  # the last finite point
    (box,) = _boxes([note])
    assert (box.y0 + box.y1) / 2 == pytest.approx(y, abs=1.0)
    assert x < box.x0 < x + 10
    assert not note.arrow_patch.get_visible()


@pytest.mark.usefixtures("style")
@pytest.mark.parametrize(("limits", "end"), [((0, 2), 2.0), ((2, 0), 0.0)])
def test_labels_stand_where_the_axis_ends_on_the_right(limits: tuple[int, int], end: float) -> None:
    _, axes = new_figure()
    axes[0, 0].plot([0, 1, 2, 3], [5, 6, 7, 8], label="US")
    axes[0, 0].plot([7, 8], [5, 6], label="out of sight")
    axes[0, 0].set(xlim=limits, ylim=(0, 5.5))
    (note,) = label_lines(axes[0, 0])
    assert note.xy[0] == end
    assert note.xy[1] <= 5.5  # a line that leaves the panel is labelled at its edge


def test_no_labelled_line_is_no_error() -> None:
    _, axes = new_figure()
    assert label_lines(axes[0, 0]) == []


labels = st.lists(st.tuples(st.floats(-50, 150), st.floats(1, 12)), min_size=1, max_size=8)


@given(labels)
def test_spread_labels_never_overlap_and_keep_their_order(pairs: list[tuple[float, float]]) -> None:
    centres, heights = (np.array(part) for part in zip(*pairs, strict=True))
    places = spread_apart(centres, heights, 0.0, 100.0)
    order = np.argsort(centres, kind="stable")
    low, high = (places - heights / 2)[order], (places + heights / 2)[order]
    assert np.all(low[1:] >= high[:-1] - 1e-9)
    if heights.sum() <= 100:
        assert low[0] >= -1e-9
        assert high[-1] <= 100 + 1e-9


@given(labels)
def test_spreading_what_is_apart_moves_nothing(pairs: list[tuple[float, float]]) -> None:
    centres, heights = (np.array(part) for part in zip(*pairs, strict=True))
    once = spread_apart(centres, heights, -1000.0, 1000.0)
    assert spread_apart(once, heights, -1000.0, 1000.0) == pytest.approx(once, abs=1e-9)
    assert once.sum() == pytest.approx(centres.sum())  # least squares: pushes balance


def test_two_labels_at_one_place_move_half_a_height_each() -> None:
    assert spread_apart([50, 50], [10, 10], 0, 100) == pytest.approx([45, 55])
    assert spread_apart([99, 99], [10, 10], 0, 100) == pytest.approx([85, 95])
    assert spread_apart([0, 0], [60, 60], 0, 100) == pytest.approx([20, 80])  # too much: around the middle
