"""Writing figures: the same bytes every time, all files or none, no gaps and no infinities."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure

from bargain.plot import (
    DIVERGING_MAP,
    centred_norm,
    figure_style,
    halo,
    label_lines,
    letter_panels,
    line_style,
    new_figure,
    point_style,
    write_figure,
)
from bargain.plot.output import SUFFIXES, is_intact, plain_record, rounded_table


def demo_table() -> pd.DataFrame:
    months = np.arange(13.0)
    losses = {"US": -np.expm1(-months / 6), "CN": -0.9 * np.expm1(-months / 6)}
    return pd.concat([pd.DataFrame({"player": p, "month": months, "loss": v}) for p, v in losses.items()])


def demo_figure(table: pd.DataFrame) -> Figure:
    """Lines with direct labels beside a heat map with marked points: the kinds of marks that the figures use."""
    with figure_style():
        figure, axes = new_figure(7.0, 2.6, columns=2)
        lines, heat = axes.flat
        for player, rows in table.groupby("player", sort=False):
            lines.plot(rows.month, rows.loss, label=player, markevery=3, **line_style(str(player)))
        lines.set(title="Loss by month", xlabel="Months of cut-off", ylabel="Loss (% of GDP)")
        levels = np.linspace(-1, 1, 9)
        values = np.add.outer(levels, levels)
        image = heat.imshow(values, norm=centred_norm(values), cmap=DIVERGING_MAP, interpolation="none")
        heat.plot([2], [6], **point_style("US"))
        heat.annotate("Nash", (2, 6), xytext=(4, 3), textcoords="offset points", **halo())
        figure.colorbar(image, ax=heat, label="Change (%)")
        letter_panels(axes)
        label_lines(lines)
    return figure


def digests(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}


@pytest.fixture
def table() -> pd.DataFrame:
    return pd.DataFrame({"player": ["US", "CN"], "loss": [1 / 3, 2.0], "rounds": [3, 4], "won": [True, False]})


@pytest.fixture
def figure() -> Figure:
    figure, axes = new_figure()
    axes[0, 0].plot([0, 1], [0, 1])
    return figure


def test_five_files_and_no_other_are_written(tmp_path: Path, figure: Figure, table: pd.DataFrame) -> None:
    paths = write_figure(tmp_path / "new" / "v1.0", figure, table, {"question": "why"})
    assert paths == tuple(tmp_path / "new" / f"v1.0{suffix}" for suffix in SUFFIXES)
    assert sorted(paths) == sorted((tmp_path / "new").iterdir())
    assert paths[0].read_bytes().startswith(b"%PDF-")
    assert paths[2].read_bytes().startswith(b"\x89PNG")
    assert paths[3].read_bytes() == b"player,loss,rounds,won\nUS,0.3333333333,3,True\nCN,2,4,False\n"


def test_record_vouches_for_the_other_files(tmp_path: Path, figure: Figure, table: pd.DataFrame) -> None:
    paths = write_figure(tmp_path / "demo", figure, table, {"seed": np.int64(7), "question": "wéi shénme"})
    record = json.loads(paths[-1].read_text(encoding="utf-8"))
    assert record["seed"] == 7
    assert record["outputs"] == {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in paths[:4]}
    assert list(record) == sorted(record)
    assert is_intact(tmp_path / "demo", record)
    assert not is_intact(tmp_path / "demo", {**record, "seed": 8})
    assert not is_intact(tmp_path / "other", record)
    assert not is_intact(tmp_path / "demo", {})
    paths[1].unlink()
    assert not is_intact(tmp_path / "demo", record)


RECORD = {"b": 1, "a": [0.1]}


@pytest.fixture(scope="module")
def written_here(tmp_path_factory: pytest.TempPathFactory) -> tuple[Figure, dict[str, str]]:
    folder, figure = tmp_path_factory.mktemp("here"), demo_figure(demo_table())
    write_figure(folder / "demo", figure, demo_table(), RECORD)
    return figure, digests(folder)


def test_same_figure_twice_gives_the_same_bytes(tmp_path: Path, written_here: tuple[Figure, dict[str, str]]) -> None:
    figure, first = written_here
    write_figure(tmp_path / "demo", figure, demo_table(), RECORD)
    assert digests(tmp_path) == first


def test_two_processes_give_the_same_bytes(tmp_path: Path, written_here: tuple[Figure, dict[str, str]]) -> None:
    """Other hash seed, time zone and reader's settings: the files hold nothing of any of them."""
    code = (
        "import sys; from pathlib import Path; from test_output import RECORD, demo_figure, demo_table, write_figure\n"
        "write_figure(Path(sys.argv[1]) / 'demo', demo_figure(demo_table()), demo_table(), RECORD)"
    )
    settings = tmp_path / "matplotlibrc"
    settings.write_text("font.size: 13\naxes.grid: True\n", encoding="utf-8")
    environment = {"PYTHONHASHSEED": "4242", "TZ": "Asia/Shanghai", "MATPLOTLIBRC": str(settings), "MPLBACKEND": "agg"}
    environment["PYTHONPATH"] = str(Path(__file__).parent)
    environment["MPLCONFIGDIR"] = matplotlib.get_configdir()  # else it would look for fonts anew
    arguments = [sys.executable, "-c", code, str(tmp_path / "there")]
    subprocess.run(arguments, check=True, env=environment, cwd=Path(__file__).parents[2])
    assert digests(tmp_path / "there") == written_here[1]
    assert len(written_here[1]) == 5


def test_files_tell_neither_when_nor_by_what(tmp_path: Path, figure: Figure, table: pd.DataFrame) -> None:
    pdf, svg, png, *_ = write_figure(tmp_path / "demo", figure, table, {})
    for path in (pdf, svg, png):
        assert not re.search(
            rb"CreationDate|ModDate|dc:date|Software|Creator|Producer|matplotlib\.org", path.read_bytes()
        )


def test_png_has_300_dots_per_inch_and_the_page_its_size(tmp_path: Path, figure: Figure, table: pd.DataFrame) -> None:
    pdf, svg, png, *_ = write_figure(tmp_path / "demo", figure, table, {})
    size = tuple(int.from_bytes(png.read_bytes()[start : start + 4], "big") for start in (16, 20))
    assert size == (1050, 756)
    assert b"/MediaBox [ 0 0 252 181.44 ]" in pdf.read_bytes()
    assert b'width="252pt"' in svg.read_bytes()


def test_text_is_truetype_in_pdf_and_outlines_in_svg(tmp_path: Path, figure: Figure, table: pd.DataFrame) -> None:
    pdf, svg, *_ = write_figure(tmp_path / "demo", figure, table, {})
    assert b"/FontFile2" in pdf.read_bytes()
    assert b"/Type3" not in pdf.read_bytes()
    assert b"<text" not in svg.read_bytes()


@pytest.mark.parametrize("step", ["svg", "csv", "json"])
def test_failing_in_the_middle_leaves_the_old_set(
    tmp_path: Path, figure: Figure, table: pd.DataFrame, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    write_figure(tmp_path / "demo", figure, table, {"run": 1})
    before = digests(tmp_path)

    def refuse(*_args: object, **_kwargs: object) -> None:
        raise OSError("disk full")

    save = Figure.savefig
    if step == "svg":
        monkeypatch.setattr(Figure, "savefig", lambda *a, **k: refuse() if k["format"] == "svg" else save(*a, **k))
    elif step == "csv":
        monkeypatch.setattr(pd.DataFrame, "to_csv", refuse)
    else:
        monkeypatch.setattr("bargain.plot.output._json", refuse)
    figure.axes[0].set_title("changed")
    with pytest.raises(OSError, match="disk full"):
        write_figure(tmp_path / "demo", figure, table, {"run": 2})
    assert digests(tmp_path) == before


def test_missing_value_is_refused_unless_allowed(tmp_path: Path, figure: Figure, table: pd.DataFrame) -> None:
    table.loc[1, "loss"] = np.nan
    with pytest.raises(ValueError, match=r"table\[1, 'loss'\] is missing \(NaN\).*allowed_missing"):
        write_figure(tmp_path / "demo", figure, table, {})
    assert list(tmp_path.iterdir()) == []
    paths = write_figure(tmp_path / "demo", figure, table, {}, allowed_missing=["loss"])
    assert paths[3].read_text(encoding="utf-8").splitlines()[2] == "CN,,4,False"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.assign(loss=[np.inf, 1.0]), r"table\[0, 'loss'\] = inf is not finite"),
        (lambda t: t.assign(player=["US", None]), r"table\[1, 'player'\] is missing"),
        (lambda t: t.assign(player=["US", -np.inf]), r"table\[1, 'player'\] = -inf is not finite"),
        (lambda t: t.iloc[:0], "table is empty"),
        (lambda t: t.set_index("player"), r"an index named \['player'\]: call reset_index"),
        (lambda t: t.rename(columns={"loss": 3}), "table column 3 is not a unique text name"),
        (lambda t: t.rename(columns={"loss": "won"}), "table column 'won' is not a unique text name"),
    ],
)
def test_bad_tables_are_refused_with_their_reason(table: pd.DataFrame, change: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        rounded_table(change(table))


def test_allowed_column_must_exist(table: pd.DataFrame) -> None:
    with pytest.raises(ValueError, match="allowed_missing names 'lost', which is not a column"):
        rounded_table(table, ["lost"])


def test_infinity_is_refused_even_where_gaps_are_allowed(table: pd.DataFrame) -> None:
    table["loss"] = [np.nan, np.inf]
    with pytest.raises(ValueError, match="is not finite"):
        rounded_table(table, ["loss"])


def test_noise_in_the_last_bits_does_not_show() -> None:
    one, other = (pd.DataFrame({"x": [value], "y": [zero]}) for value, zero in ((0.1 + 0.2, -0.0), (0.3, 0.0)))
    one.attrs["parameters_hash"] = "abc"
    assert rounded_table(one).to_csv() == rounded_table(other).to_csv()
    assert rounded_table(one).attrs == {"parameters_hash": "abc"}
    assert one.x[0] != 0.3  # the caller's table is left alone


def test_repeated_index_is_no_obstacle() -> None:
    doubled = pd.concat([pd.DataFrame({"x": [1.0]}), pd.DataFrame({"x": [2.0]})])
    assert list(rounded_table(doubled).x) == [1.0, 2.0]


finite = st.floats(allow_nan=False, allow_infinity=False)


@given(st.lists(finite, min_size=1))
def test_rounding_a_table_is_close_and_done_once(values: list[float]) -> None:
    once = rounded_table(pd.DataFrame({"x": values}))
    assert list(once.x) == pytest.approx(values, rel=1e-9, abs=0)
    assert list(rounded_table(once).x) == list(once.x)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(-1e6, 1e6) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(max_size=5), json_values, max_size=4))
def test_plain_record_survives_json(record: dict[str, Any]) -> None:
    plain = plain_record(record)
    assert json.loads(json.dumps(plain, allow_nan=False)) == plain
    assert plain_record(plain) == plain


@pytest.mark.parametrize(
    ("record", "message"),
    [
        ({"run": {"seeds": [1.0, float("nan")]}}, r"record\.run\.seeds\[1\] = nan is not finite"),
        ({"run": np.array([1.0, np.inf])}, r"record\.run\[1\] = inf is not finite"),
        ({"path": Path("x")}, r"record\.path is a \w*Path, which JSON cannot hold"),
        ({"run": {1: 2}}, r"record\.run has the key 1, which is not text"),
    ],
)
def test_bad_records_are_refused_by_name(record: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        plain_record(record)


@pytest.mark.parametrize("key", ["outputs", "record_sha256"])
def test_own_entries_are_not_the_callers(tmp_path: Path, figure: Figure, table: pd.DataFrame, key: str) -> None:
    with pytest.raises(ValueError, match=f"record.{key} is set by write_figure"):
        write_figure(tmp_path / "demo", figure, table, {key: 1})
