"""CSV files are read strictly: each fault gives one error with file, line and column."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest

from bargain.evidence import EvidenceError
from bargain.evidence.schema import TableSpec
from bargain.evidence.table import CELLS, Table, read_table

SPEC = TableSpec(
    {"id": "name", "date": "day", "low": "number", "value": "number?", "high": "number", "observed": "flag"}
    | {"confidence": "confidence?", "note": "text"},
    key=("id",),
    ranges=(("low", "value", "high"),),
    optional=frozenset({"note"}),
)
HEADER = "id,date,low,value,high,observed,confidence,note\n"
FIRST = "a,2025-04-04,1,2,3,true,retrieved,\n"
SECOND = "b,2026-06-01,1,,3,false,,later\n"


def written(folder: Path, text: str | bytes) -> Path:
    path = folder / "sample.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def sample(folder: Path) -> Table:
    return read_table(written(folder, HEADER + FIRST + SECOND), SPEC)


def test_rows_columns_and_numbers(tmp_path: Path) -> None:
    table = sample(tmp_path)
    assert len(table) == 2
    assert next(iter(table)) == {
        "id": "a",
        "date": "2025-04-04",
        "low": 1.0,
        "value": 2.0,
        "high": 3.0,
        "observed": True,
        "confidence": "retrieved",
        "note": "",
    }
    assert table.column("value") == (2.0, None)
    np.testing.assert_array_equal(table.numbers("value"), [2.0, np.nan])
    np.testing.assert_array_equal(table.numbers("observed"), [1.0, 0.0])
    assert not table.numbers("low").flags.writeable
    assert list(table.to_frame()["id"]) == ["a", "b"]
    assert pickle.loads(pickle.dumps(table)) == table
    with pytest.raises(ValueError, match=r"no column 'valu'; did you mean value\?"):
        table.column("valu")
    with pytest.raises(ValueError, match="is not a column of numbers"):
        table.numbers("id")


def test_changing_a_row_leaves_the_table_alone(tmp_path: Path) -> None:
    table = sample(tmp_path)
    next(iter(table))["value"] = 99.0
    assert table.column("value")[0] == 2.0


def test_an_optional_column_may_be_missing(tmp_path: Path) -> None:
    table = read_table(written(tmp_path, HEADER.replace(",note", "") + FIRST.rstrip(",\n") + "\n"), SPEC)
    assert "note" not in table.columns


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "line 1, column id: is missing"),
        (HEADER.replace("value", "valu"), "line 1, column valu: is not a known column; did you mean value"),
        (HEADER.replace("high", "low"), "line 1, column low: occurs twice"),
        (HEADER.replace("low,", ""), "line 1, column low: is missing"),
        (HEADER + FIRST + "b,2025-04-04,1,2\n", "line 3, column value: 4 cells under 8 columns"),
        (HEADER + FIRST.replace("\n", ",,\n"), "line 2, column note: 10 cells under 8 columns"),
        (HEADER + FIRST.replace(",1,", ",one,"), "line 2, column low: 'one' is not a number"),
        (HEADER + FIRST.replace(",1,", ",nan,"), "line 2, column low: 'nan' is not finite"),
        (HEADER + FIRST.replace(",1,", ",-inf,"), "line 2, column low: '-inf' is not finite"),
        (HEADER + FIRST.replace(",1,", ",,"), "line 2, column low: '' is not a number"),
        (HEADER + FIRST.replace("a,", ",", 1), "line 2, column id: is empty"),
        (HEADER + FIRST.replace("04-04", "04-31"), "line 2, column date: '2025-04-31' is not a day"),
        (HEADER + FIRST.replace("2025-04-04", "04/04/2025"), "line 2, column date: '04/04/2025' is not a day"),
        (HEADER + FIRST.replace("true", "yes"), "line 2, column observed: 'yes' is neither true nor false"),
        (HEADER + FIRST.replace("true", "false"), "line 2, column observed: must say whether 2025-04-04 is by"),
        (HEADER + FIRST + SECOND.replace("false", "true"), "line 3, column observed: must say whether 2026-06-01"),
        (HEADER + FIRST.replace("retrieved", "retreived"), "line 2, column confidence: .*did you mean retrieved"),
        (HEADER + FIRST.replace(",2,", ",9,"), r"line 2, column value: 1.0 <= 9.0 <= 3.0 does not hold"),
        (HEADER + FIRST + FIRST, r"line 3, column id: 'a' occurs twice \(first on line 2\)"),
        (HEADER + 'a,"b\n', "line 2, column -: not CSV"),
        (HEADER.encode() + b"\xff\xfe,\n", "column -: not UTF-8"),
    ],
)
def test_each_fault_names_file_line_and_column(tmp_path: Path, text: str | bytes, message: str) -> None:
    with pytest.raises(EvidenceError, match=rf"^sample\.csv, .*{message}") as caught:
        read_table(written(tmp_path, text), SPEC)
    assert "\n" not in str(caught.value)
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


@pytest.mark.parametrize("text", ["2025", "2025-Q2", "2025-04", "2025-04-04", "2024/2025", "2025-04-04/2025-06"])
def test_dates_of_parameters_may_be_coarse_or_spans(text: str) -> None:
    assert CELLS["when"](text) == text


@pytest.mark.parametrize(
    "text", ["", "25", "2025-13", "2025-Q5", "2024-2025", "2024/2025/26", "2025-02-30", "about 2025"]
)
def test_other_dates_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not an ISO year, quarter, month, day or span"):
        CELLS["when"](text)


@pytest.mark.parametrize(("kind", "text"), [("month", "2025-00"), ("share", "1.01"), ("unit", "%"), ("region", "USA")])
def test_other_cells_are_refused(kind: str, text: str) -> None:
    with pytest.raises(ValueError, match=" is not "):
        CELLS[kind](text)
