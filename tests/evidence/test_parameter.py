"""A Parameter cannot exist unless it is sane, and says what is wrong when it is not."""

from __future__ import annotations

import math
import pickle
from dataclasses import FrozenInstanceError, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bargain.evidence import UNITS, Parameter, ParameterError, ParameterTable, UnknownParameterError
from bargain.evidence.units import BOUNDS, CONFIDENCE

GOOD: dict[str, Any] = {
    "id": "stock",
    "name": "a stock",
    "value": 4,
    "low": 2,
    "high": 18,
    "unit": "months",
    "date": "2025",
    "source": "a survey",
    "confidence": "estimate",
}
finite = st.floats(-1e12, 1e12, allow_nan=False)


@given(numbers=st.tuples(finite, finite, finite), unit=st.sampled_from(sorted(set(UNITS) - set(BOUNDS))))
def test_any_ordered_finite_triple_is_accepted_and_no_other(numbers: tuple[float, float, float], unit: str) -> None:
    low, value, high = sorted(numbers)
    parameter = Parameter(**(GOOD | {"low": low, "value": value, "high": high, "unit": unit}))
    assert (parameter.low, parameter.value, parameter.high) == (low, value, high)
    assert all(type(getattr(parameter, field)) is float for field in ("low", "value", "high"))
    if low < value:
        with pytest.raises(ParameterError, match=r"^stock\.value = .* is below low = "):
            replace(parameter, low=value, value=low)
    if value < high:
        with pytest.raises(ParameterError, match=r"^stock\.value = .* is above high = "):
            replace(parameter, value=high, high=value)


@given(st.sampled_from(sorted(BOUNDS)), st.floats(1e-6, 1e6), st.booleans(), st.sampled_from(["value", "low", "high"]))
def test_bounded_units_refuse_numbers_outside(unit: str, excess: float, above: bool, field: str) -> None:
    least, greatest = BOUNDS[unit]
    outside = greatest + excess if above else least - excess
    if math.isinf(outside):
        return
    triple = {"low": least, "value": least, "high": max(least, min(greatest, 1.0))} | {field: outside}
    with pytest.raises(ParameterError, match=rf"^stock\.{field} = .* is not a {unit} in \["):
        Parameter(**(GOOD | {"unit": unit} | triple))


@pytest.mark.parametrize("field", ["value", "low", "high"])
@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf, np.float64("nan")])
def test_nan_and_infinity_are_refused_by_name(field: str, number: float) -> None:
    with pytest.raises(ParameterError, match=rf"^stock\.{field} = -?(nan|inf) is not finite$") as caught:
        Parameter(**(GOOD | {field: number}))
    assert caught.value.field == field


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"id": ""}, r"^parameter\.id = '' is empty$"),
        ({"source": "  "}, r"^stock\.source = '  ' is empty$"),
        ({"confidence": ""}, r"^stock\.confidence = '' is empty$"),
        ({"unit": "month"}, r"^stock\.unit = 'month' is not one of .*did you mean month"),
        ({"unit": "%"}, r"^stock\.unit = '%' is not one of "),
        ({"unit": ["months"]}, r"^stock\.unit = \['months'\] is not one of "),
        ({"confidence": "certain"}, r"^stock\.confidence = 'certain' is not one of "),
        ({"kind": "rumour"}, r"^stock\.kind = 'rumour' is not one of independent, article"),
        ({"value": "4"}, r"^stock\.value = '4' is not a number$"),
        ({"value": True}, r"^stock\.value = True is not a number$"),
        ({"value": 1.4, "low": 0, "high": 2, "unit": "share"}, r"^stock\.value = 1.4 is not a share in \[0, 1\]$"),
    ],
)
def test_each_rule_has_one_clear_message(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        Parameter(**(GOOD | change))
    assert "\n" not in str(caught.value)


def test_parameter_is_frozen_and_plain_data() -> None:
    parameter = Parameter(**GOOD)
    with pytest.raises(FrozenInstanceError):
        parameter.value = 5.0  # type: ignore[misc]
    assert pickle.loads(pickle.dumps(parameter)) == parameter


def test_every_confidence_word_is_accepted() -> None:
    for word in CONFIDENCE:
        assert Parameter(**(GOOD | {"confidence": word})).confidence == word


def test_table_is_a_mapping_in_order_with_near_misses() -> None:
    table = ParameterTable([Parameter(**GOOD), Parameter(**(GOOD | {"id": "rent"}))])
    assert list(table) == ["stock", "rent"]
    assert "rent" in table
    assert len(table) == 2
    with pytest.raises(UnknownParameterError, match=r"^no parameter 'stoc' in the evidence; did you mean stock\?$"):
        table["stoc"]
    with pytest.raises(KeyError):
        table["unrelated name"]
    assert pickle.loads(pickle.dumps(table)) == table
    with pytest.raises(ParameterError, match="occurs twice"):
        ParameterTable([Parameter(**GOOD), Parameter(**GOOD)])


def test_table_prints_as_a_frame() -> None:
    table = ParameterTable([Parameter(**GOOD), Parameter(**(GOOD | {"id": "rent", "value": 3}))])
    frame = table.table(["rent"])
    assert list(frame.index) == ["rent"]
    assert frame.loc["rent", "value"] == 3.0
    assert {"low", "high", "unit", "date", "source", "confidence", "note"} <= set(frame.columns)
    assert list(table.table().index) == ["stock", "rent"]
    assert table.table([]).empty
    with pytest.raises(UnknownParameterError):
        table.table(["rnt"])


def test_errors_survive_a_process_boundary() -> None:
    error = pickle.loads(pickle.dumps(ParameterError("value", "stock.value = 1 is bad")))
    assert str(error) == "stock.value = 1 is bad"
    assert error.field == "value"
