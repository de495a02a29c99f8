"""Regime maps: areas where the columns say, names where there is room, stripes where two regimes hold."""

from __future__ import annotations

import pytest

from bargain.plot import figure_style, new_figure
from bargain.plot.regime_map import Column, regime_map

COLOURS = {"low": "#111111", "high": "#eeeeee"}
NAMES = {"low": "a low one", "high": "a high one"}
COLUMNS = [
    Column(0.0, (0.0, 0.4, 1.0), (("low",), ("high",))),
    Column(1.0, (0.0, 0.6, 1.0), (("low",), ("high",))),
    Column(2.0, (0.0, 1.0), (("low", "high"),)),
    Column(3.0, (0.0, 1.0), (("low", "high"),)),
]


@pytest.mark.parametrize("cells", [False, True])
def test_areas_names_and_stripes(cells: bool) -> None:
    with figure_style():
        figure, axes = new_figure()
        ax = axes[0, 0]
        regime_map(ax, COLUMNS, COLOURS, NAMES, cells=cells)
        figure.draw_without_rendering()
    assert ax.get_xlim() == ((-0.5, 3.5) if cells else (0.0, 3.0))
    assert ax.get_ylim() == (0.0, 1.0)
    texts = {text.get_text(): text.get_position() for text in ax.texts}
    assert set(texts) == {"a low one", "a high one", "a low one\nor a high one"}
    assert texts["a low one"][1] < texts["a high one"][1]
    striped = [area for area in ax.collections if area.get_hatch()]
    assert len(striped) == (2 if cells else 1)
    low = ax.collections[0].get_paths()[0].vertices
    assert low[:, 1].max() == pytest.approx(0.4 if cells else 0.6)


def test_an_area_without_room_carries_no_name() -> None:
    thin = [Column(0.0, (0.0, 0.99, 1.0), (("low",), ("high",))), Column(1.0, (0.0, 0.99, 1.0), (("low",), ("high",)))]
    with figure_style():
        ax = new_figure()[1][0, 0]
        regime_map(ax, thin, COLOURS, NAMES)
    assert [text.get_text() for text in ax.texts] == ["a low one"]


def test_no_pure_equilibrium_is_called_mixed() -> None:
    with figure_style():
        ax = new_figure()[1][0, 0]
        regime_map(ax, [Column(0.0, (0.0, 1.0), ((),)), Column(1.0, (0.0, 1.0), ((),))], COLOURS, NAMES)
    assert [text.get_text() for text in ax.texts] == ["mixed"]
