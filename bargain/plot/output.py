"""Write a figure with its table and its record: pdf, svg, png, csv and json, all or none, the same bytes every time.

The files hold no date, no software name and no random identifier. PDF streams are left uncompressed and numbers in
tables and records are cut to ten significant digits, so that neither the zlib build nor the last bits of floating
point sums show. (PNG is compressed by Pillow; another Pillow build may give other bytes for the same pixels.)
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import tempfile
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bargain.plot.style import figure_style

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from pandas import DataFrame, Series

SUFFIXES = (".pdf", ".svg", ".png", ".csv", ".json")
"""What one figure consists of; the record comes last, because it vouches for the others."""

_FLOAT_FORMAT = ".10g"


def write_figure(
    stem: Path,
    figure: Figure,
    table: DataFrame,
    record: Mapping[str, Any],
    *,
    allowed_missing: Collection[str] = (),
) -> tuple[Path, ...]:
    """Write ``stem.pdf``, ``.svg``, ``.png`` (300 dpi), ``.csv`` and ``.json``; returns the paths in that order.

    The record gains ``outputs``, the SHA-256 of the other four files by name, and ``record_sha256``, its own
    (see `is_intact`). Everything is written to a temporary folder first and renamed only when all of it is there;
    on an error the files of an earlier run are left as they were.
    Raises ValueError for a NaN (outside `allowed_missing` columns) or an infinity in the table or the record.
    """
    table = rounded_table(table, allowed_missing)
    content = plain_record(record)
    for key in ("outputs", "record_sha256"):
        if key in content:
            raise ValueError(f"record.{key} is set by write_figure; leave it out")
    stem = Path(stem)
    stem.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=stem.parent, prefix=f".{stem.name}-") as folder:
        drafts = [Path(folder) / f"{stem.name}{suffix}" for suffix in SUFFIXES]
        _draw(figure, drafts[:3])
        _write_text(drafts[3], table.to_csv(index=False, float_format=f"%{_FLOAT_FORMAT}", lineterminator="\n"))
        content["outputs"] = {draft.name: sha256_of(draft.read_bytes()) for draft in drafts[:4]}
        content["record_sha256"] = _record_digest(content)
        _write_text(drafts[4], _json(content) + "\n")
        for draft in drafts:  # the record last: a run cut short here leaves hashes that do not match, and is redone
            os.replace(draft, stem.parent / draft.name)
    return tuple(stem.parent / draft.name for draft in drafts)


def is_intact(stem: Path, record: Mapping[str, Any]) -> bool:
    """Whether the record is unedited and every file it lists is there with the bytes that were written."""
    outputs = record.get("outputs")
    expected = {f"{stem.name}{suffix}" for suffix in SUFFIXES[:4]}
    if not isinstance(outputs, dict) or set(outputs) != expected:
        return False
    if record.get("record_sha256") != _record_digest(record):
        return False
    try:
        return all(sha256_of((stem.parent / name).read_bytes()) == digest for name, digest in outputs.items())
    except OSError:
        return False


def sha256_of(content: bytes) -> str:
    """SHA-256 in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def rounded_table(table: DataFrame, allowed_missing: Collection[str] = ()) -> DataFrame:
    """The table as the CSV will hold it: floats at ten significant digits, checked for gaps; `attrs` are kept.

    Raises ValueError for an empty table, column names that are not unique text, a named index (it would be lost),
    NaN or None outside the columns of `allowed_missing`, and infinity anywhere.
    """
    _check_shape(table, allowed_missing)
    checked = {name: _rounded_column(table[name], name in allowed_missing) for name in table.columns}
    result = table.assign(**checked).reset_index(drop=True)
    result.attrs = dict(table.attrs)
    return result


def _check_shape(table: DataFrame, allowed_missing: Collection[str]) -> None:
    names = list(table.columns)
    if table.empty:
        raise ValueError("table is empty: a figure needs at least one row and one column")
    for name in names:
        if not isinstance(name, str) or names.count(name) > 1:
            raise ValueError(f"table column {name!r} is not a unique text name")
    if any(name is not None for name in table.index.names):
        raise ValueError(
            f"table has an index named {list(table.index.names)}: call reset_index() to keep it in the CSV"
        )
    unknown = [name for name in allowed_missing if name not in names]
    if unknown:
        raise ValueError(
            f"allowed_missing names {unknown[0]!r}, which is not a column of the table ({', '.join(names)})"
        )


def _rounded_column(column: Series[Any], may_be_missing: bool) -> Series[Any]:
    from pandas.api.types import is_bool_dtype, is_integer_dtype

    gaps = column.isna().to_numpy()
    if gaps.any() and not may_be_missing:
        row = int(gaps.argmax())
        raise ValueError(
            f"table[{row}, {column.name!r}] is missing (NaN): fill it, or list the column in allowed_missing"
        )
    if is_bool_dtype(column.dtype) or is_integer_dtype(column.dtype):
        return column
    values = list(column)
    if not any(isinstance(value, float) for value in values):  # numpy.float64 is a float
        return column
    for row, value in enumerate(values):
        if isinstance(value, float) and math.isinf(value):
            raise ValueError(f"table[{row}, {column.name!r}] = {value} is not finite")
    import pandas

    cut = [_rounded(value) if isinstance(value, float) else value for value in values]
    return pandas.Series(cut, index=column.index, dtype=column.dtype, name=column.name)


def plain_record(record: Mapping[str, Any]) -> dict[str, Any]:
    """The record as plain JSON data: numpy scalars and arrays unpacked, floats at ten significant digits.

    Raises ValueError naming the entry (``record.run.seed``) that is NaN, infinite, or nothing that JSON can hold.
    """
    plain = _plain(record, "record")
    assert isinstance(plain, dict)
    return plain


def _plain(value: Any, where: str) -> Any:
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, Mapping):
        for key in value:
            if not isinstance(key, str):
                raise ValueError(f"{where} has the key {key!r}, which is not text")
        return {key: _plain(item, f"{where}.{key}") for key, item in value.items()}
    if isinstance(value, int):
        return value
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError(f"{where} = {value} is not finite")
        return _rounded(value)
    if isinstance(value, Sequence):
        return [_plain(item, f"{where}[{place}]") for place, item in enumerate(value)]
    if hasattr(value, "tolist") and type(value).__module__ == "numpy":
        return _plain(value.tolist(), where)
    raise ValueError(f"{where} is a {type(value).__name__}, which JSON cannot hold")


def _rounded(value: float) -> float:
    cut = float(format(value, _FLOAT_FORMAT)) + 0.0  # adding zero turns -0.0, a matter of summation order, into 0.0
    return value if math.isinf(cut) else cut  # the largest floats would round up beyond the range


def _json(content: Mapping[str, Any]) -> str:
    return json.dumps(content, sort_keys=True, indent=2, ensure_ascii=False, allow_nan=False)


def _record_digest(record: Mapping[str, Any]) -> str:
    return sha256_of(_json({key: item for key, item in record.items() if key != "record_sha256"}).encode())


def _write_text(path: Path, text: str) -> None:
    path.write_bytes(text.encode("utf-8"))  # bytes, so that line ends are \n on every platform


def _draw(figure: Figure, drafts: Sequence[Path]) -> None:
    """Write pdf, svg and png without anything that tells when or by what; this fixes the figure's layout for good."""
    metadata: dict[str, dict[str, None]] = {
        ".pdf": dict.fromkeys(("Creator", "Producer", "CreationDate")),
        ".svg": dict.fromkeys(("Creator", "Date", "Format", "Type")),
        ".png": {"Software": None},
    }
    with figure_style():
        for _ in range(2):  # constrained layout settles in its second pass
            figure.draw_without_rendering()
        # Else each format, and each writing, would find its own, slightly other layout.
        figure.set_layout_engine("none")
        for draft in drafts:
            figure.savefig(draft, format=draft.suffix[1:], dpi=300, metadata=metadata[draft.suffix])
