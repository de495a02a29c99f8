"""One figure style: sizes, fonts, colours, line styles, panel letters and labels at line ends.

Every picture is drawn inside ``figure_style()``, which starts from matplotlib's own defaults and not from the
reader's ``matplotlibrc``, so that a figure looks the same, byte by byte, wherever it is made. Figures are plain
``matplotlib.figure.Figure`` objects: nothing here touches pyplot or leaves global state behind.

Colours are those of Okabe and Ito (2008), "Color universal design", which stay apart for colour-blind readers;
each series also has a line style and a marker, so that nothing is lost in grey print.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.axes import Axes
    from matplotlib.colors import Normalize
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D
    from matplotlib.text import Annotation
    from matplotlib.typing import ColorType
    from numpy.typing import ArrayLike, NDArray

SINGLE_COLUMN = 3.5
"""Width of a figure in one journal column, inches."""

DOUBLE_COLUMN = 7.0
"""Width of a figure across the page, inches."""

TEXT_SIZE = 7.0
"""Tick labels, direct labels and legends, points."""

TITLE_SIZE = 8.0
"""Axis labels, panel titles and panel letters, points."""

OKABE_ITO: dict[str, str] = {
    "black": "#000000",
    "orange": "#E69F00",
    "sky blue": "#56B4E9",
    "bluish green": "#009E73",
    "yellow": "#F0E442",
    "blue": "#0072B2",
    "vermillion": "#D55E00",
    "reddish purple": "#CC79A7",
    "grey": "#7F7F7F",
}

PLAYER_COLOURS: dict[str, str] = {
    "US": OKABE_ITO["blue"],
    "CN": OKABE_ITO["vermillion"],
    "EU": OKABE_ITO["bluish green"],
    "JP": OKABE_ITO["reddish purple"],
    "KR": OKABE_ITO["sky blue"],
    "IN": OKABE_ITO["orange"],
    "TW": OKABE_ITO["black"],
    "ROW": OKABE_ITO["grey"],
}
"""One colour per player in every figure; the two principals have hues of like lightness, so neither stands out."""

SERIES_COLOURS: tuple[str, ...] = tuple(
    OKABE_ITO[name] for name in ("black", "bluish green", "reddish purple", "sky blue", "orange", "grey")
)
"""Colours of series that are not players: the two principals' colours are kept for the principals."""

SEQUENTIAL_MAP = "cividis"
"""Perceptually uniform and the same to colour-blind readers (Nunez, Anderton and Renslow, 2018)."""

DIVERGING_MAP = "PuOr_r"
"""Purple below the centre, orange above: safe for colour-blind readers (Harrower and Brewer, 2003)."""

_DASHES: tuple[Any, ...] = ("-", (0, (5, 1.2)), (0, (1, 1)), (0, (4, 1, 1, 1)), (0, (2.5, 1)), (0, (7, 2)))
_MARKERS = ("o", "s", "^", "D", "v", "P", "X", "p")
_PRINCIPALS = ("US", "CN")
_PRINCIPAL_WIDTH, _OTHER_WIDTH = 1.5, 1.1

STYLE: dict[Any, Any] = {  # keys are matplotlib's, which has a type of its own for them
    "figure.dpi": 100.0,
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    "savefig.dpi": 300.0,
    "figure.constrained_layout.h_pad": 0.03,
    "figure.constrained_layout.w_pad": 0.03,
    "font.family": ["DejaVu Sans"],  # the only family that matplotlib ships, so the only one that is everywhere
    "font.size": TEXT_SIZE,
    "text.usetex": False,
    "mathtext.fontset": "dejavusans",
    "axes.labelsize": TITLE_SIZE,
    "axes.titlesize": TITLE_SIZE,
    "axes.titlelocation": "left",
    "axes.titlepad": 4.0,
    "axes.labelpad": 2.5,
    "axes.linewidth": 0.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.unicode_minus": True,
    "grid.linewidth": 0.4,
    "grid.color": "#DDDDDD",
    "xtick.labelsize": TEXT_SIZE,
    "ytick.labelsize": TEXT_SIZE,
    "xtick.direction": "out",
    "ytick.direction": "out",
    "xtick.major.width": 0.5,
    "ytick.major.width": 0.5,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "xtick.major.pad": 2.0,
    "ytick.major.pad": 2.0,
    "xtick.minor.width": 0.4,
    "ytick.minor.width": 0.4,
    "xtick.minor.size": 1.5,
    "ytick.minor.size": 1.5,
    "lines.linewidth": _OTHER_WIDTH,
    "lines.markersize": 4.0,
    "lines.markeredgewidth": 0.6,
    "lines.solid_capstyle": "round",
    "lines.dash_capstyle": "butt",
    "patch.linewidth": 0.5,
    "hatch.linewidth": 0.5,
    "legend.fontsize": TEXT_SIZE,
    "legend.frameon": False,
    "legend.handlelength": 2.4,
    "image.cmap": SEQUENTIAL_MAP,
    "pdf.fonttype": 42,  # TrueType, which journals ask for, not the bitmap-like Type 3
    "pdf.compression": 0,  # zlib builds differ in their bytes; and git packs plain text better than deflated text
    "svg.fonttype": "path",  # outlines look alike where DejaVu is not installed; the CSV beside it is the text to read
    "svg.hashsalt": "bargain",  # ids from content and this word, not from a random number
    "path.simplify": True,
}
"""The rc settings that make the style, on top of matplotlib's built-in defaults."""


@contextmanager
def figure_style() -> Iterator[None]:
    """Draw and write in the one style; the caller's matplotlib settings come back on leaving."""
    import matplotlib

    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(STYLE)
        yield


def new_figure(
    width: float = SINGLE_COLUMN,
    height: float | None = None,
    *,
    rows: int = 1,
    columns: int = 1,
    share_x: bool = False,
    share_y: bool = False,
    **grid: Any,
) -> tuple[Figure, NDArray[np.object_]]:
    """A figure of `width` x `height` inches and its axes, an array of shape ``(rows, columns)``.

    Without a height each panel is 0.72 as high as it is wide. Other keywords (``width_ratios``, ``height_ratios``)
    go to matplotlib's ``Figure.subplots``. Draw into it inside ``figure_style()``.
    """
    from matplotlib.figure import Figure

    if height is None:
        height = 0.72 * width / columns * rows
    with figure_style():
        figure = Figure(figsize=(width, height), layout="constrained")
        axes = figure.subplots(rows, columns, sharex=share_x, sharey=share_y, squeeze=False, **grid)
    return figure, axes


def line_style(series: str | int) -> dict[str, Any]:
    """Keywords for ``Axes.plot``: colour, line style, width and marker of a player, or of the n-th other series.

    A player keeps the style in every figure; the two principals have lines of one width. Any other name is refused,
    because a colour chosen by chance would clash with a player's: number such series 0, 1, 2...
    """
    if isinstance(series, int):
        colour, place = SERIES_COLOURS[series % len(SERIES_COLOURS)], series
    elif series in PLAYER_COLOURS:
        colour, place = PLAYER_COLOURS[series], list(PLAYER_COLOURS).index(series)
    else:
        known = ", ".join(PLAYER_COLOURS)
        raise ValueError(f"series = {series!r} is not a player ({known}); give other series a number instead")
    return {
        "color": colour,
        "linestyle": _DASHES[place % len(_DASHES)],
        "linewidth": _PRINCIPAL_WIDTH if series in _PRINCIPALS else _OTHER_WIDTH,
        **_marker_style(colour, place),
    }


def point_style(series: str | int) -> dict[str, Any]:
    """Keywords for ``Axes.plot`` that draw the series as points: its marker and colour, no line."""
    return {**line_style(series), "linestyle": "none"}


def _marker_style(colour: str, place: int) -> dict[str, Any]:
    # A white rim keeps a marker apart from a line or a heat map under it.
    return {
        "marker": _MARKERS[place % len(_MARKERS)],
        "markerfacecolor": colour,
        "markeredgecolor": "white",
        "markersize": 6.0 if _MARKERS[place % len(_MARKERS)] in "PX" else 4.5,  # crosses lose most to the rim
    }


def ink(colour: ColorType) -> tuple[float, float, float]:
    """The colour, darkened where needed, for small text on white: contrast of at least 3 to 1 (WCAG 2.1, 1.4.11)."""
    import numpy as np
    from matplotlib.colors import to_rgb

    channels = np.array(to_rgb(colour))
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    luminance = float(linear @ (0.2126, 0.7152, 0.0722))
    brightest = 1.05 / 3.0 - 0.05
    if luminance > brightest:
        linear = linear * (brightest / luminance)
        channels = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1.0 / 2.4) - 0.055)
    red, green, blue = (float(channel) for channel in channels)
    return red, green, blue


def halo(width: float = 1.6) -> dict[str, Any]:
    """Keywords for text and lines drawn over a heat map: a white rim of `width` points that keeps them legible."""
    from matplotlib.patheffects import withStroke

    return {"path_effects": [withStroke(linewidth=width, foreground="white")]}


def centred_norm(values: ArrayLike, centre: float = 0.0) -> Normalize:
    """Scale for the diverging map: `centre` in the middle and the same reach on both sides."""
    import numpy as np
    from matplotlib.colors import Normalize

    reach = float(np.max(np.abs(np.asarray(values, dtype=float) - centre), initial=0.0))
    if not np.isfinite(reach):
        raise ValueError("values hold NaN or infinity: a colour scale needs finite numbers")
    reach = reach or 1.0  # all values at the centre: any reach shows them in the neutral colour
    return Normalize(centre - reach, centre + reach)


def letter_panels(axes: Iterable[Axes] | NDArray[np.object_], letters: Sequence[str] = "abcdefghijklmnop") -> None:
    """Put bold panel letters a, b, c at the top left corner of each panel, in reading order."""
    import numpy as np

    panels: list[Axes] = np.asarray(list(axes), dtype=object).ravel().tolist()
    if len(panels) > len(letters):
        raise ValueError(f"{len(panels)} panels but {len(letters)} letters")
    for panel, letter in zip(panels, letters, strict=False):
        panel.annotate(
            letter,
            xy=(0.0, 1.0),
            xycoords="axes fraction",
            xytext=(-8.0, 4.0),
            textcoords="offset points",
            ha="right",
            va="baseline",
            fontsize=TITLE_SIZE,
            fontweight="bold",
            annotation_clip=False,
        )


def label_lines(ax: Axes, *, gap: float = 5.0, lines: Iterable[Line2D] | None = None) -> list[Annotation]:
    """Write each line's label at its right end, in its colour, moved up or down until no two overlap.

    Takes the lines of `ax` that have a label (or `lines`); `gap` is the distance from the line's end in points.
    Labels stay within the height of the panel as far as they fit; one moved by more than a line of text gets a thin
    leader. Call it last, when limits, titles and axis labels are set: places are found for the layout as it is then.
    """
    labelled = [line for line in (ax.get_lines() if lines is None else lines) if _has_label(line)]
    with figure_style():
        notes = [note for line in labelled if (note := _end_note(ax, line, gap)) is not None]
        if notes:
            _root(ax).draw_without_rendering()  # lets the layout make room, so that heights are the final ones
            _spread(ax, notes)
    return notes


def _root(ax: Axes) -> Figure:
    return ax.figure.canvas.figure  # also when the panel sits in a subfigure


def _has_label(line: Line2D) -> bool:
    label = str(line.get_label())
    return bool(label) and not label.startswith("_")  # matplotlib names unlabelled lines _child0, _child1, ...


def _end_note(ax: Axes, line: Line2D, gap: float) -> Annotation | None:
    """The label at the line's last visible point, or None where no point is finite and inside the x limits."""
    import numpy as np

    x, y = np.asarray(line.get_xdata(), dtype=float), np.asarray(line.get_ydata(), dtype=float)
    left, right = sorted(ax.get_xlim())
    bottom, top = sorted(ax.get_ylim())
    shown = np.flatnonzero(np.isfinite(x) & np.isfinite(y) & (x >= left) & (x <= right))
    if shown.size == 0:
        return None
    end = shown[np.argmax(x[shown] if ax.get_xlim()[0] < ax.get_xlim()[1] else -x[shown])]
    note = ax.annotate(
        str(line.get_label()),
        xy=(x[end], min(max(float(y[end]), bottom), top)),
        xytext=(gap, 0.0),
        textcoords="offset points",
        ha="left",
        va="center",
        fontsize=TEXT_SIZE,
        color=ink(line.get_color()),
        annotation_clip=False,
        arrowprops={"arrowstyle": "-", "lw": 0.4, "color": line.get_color(), "shrinkA": 0.5, "shrinkB": 2.5},
    )
    assert note.arrow_patch is not None  # made by arrowprops
    note.arrow_patch.set_visible(False)
    return note


def _spread(ax: Axes, notes: list[Annotation]) -> None:
    """Move the labels vertically by as little as possible (least squares) so that they do not overlap."""
    import numpy as np
    from matplotlib.text import Text

    points_per_pixel = 72.0 / _root(ax).dpi
    ends = np.array([ax.transData.transform(note.xy)[1] for note in notes]) * points_per_pixel
    heights = np.array([1.1 * Text.get_window_extent(note).height for note in notes]) * points_per_pixel
    places = spread_apart(ends, heights, ax.bbox.y0 * points_per_pixel, ax.bbox.y1 * points_per_pixel)
    moved = np.abs(places - ends) > 0.6 * heights
    for note, shift, far in zip(notes, places - ends, moved, strict=True):
        gap = note.xyann[0] + (6.0 if moved.any() else 0.0)  # room for leaders; all alike, so that labels align
        note.xyann = (gap, float(shift))
        if note.arrow_patch is not None:
            note.arrow_patch.set_visible(bool(far))


def spread_apart(centres: ArrayLike, heights: ArrayLike, low: float, high: float) -> NDArray[np.float64]:
    """Centres of labels, shape ``(n,)``, moved least (sum of squares) so that labels of these heights do not overlap.

    All stay in [low, high] when they fit together; otherwise they are stacked around its middle. The order of the
    centres is kept (ties: the first stays below). Subtracting the stacked heights turns "no overlap" into "never
    decreasing", which isotonic regression solves; clipping its solution keeps it optimal within bounds.
    """
    import numpy as np
    from scipy.optimize import isotonic_regression

    wanted, sizes = np.asarray(centres, dtype=float), np.asarray(heights, dtype=float)
    order = np.argsort(wanted, kind="stable")
    stacked = np.cumsum(sizes[order]) - sizes[order] / 2.0  # centre of each label if all stood on zero
    bottom, top = low, high - float(sizes.sum())
    if bottom > top:
        bottom = top = (bottom + top) / 2.0
    base = np.clip(isotonic_regression(wanted[order] - stacked).x, bottom, top)
    places = np.empty_like(wanted)
    places[order] = base + stacked
    return places
