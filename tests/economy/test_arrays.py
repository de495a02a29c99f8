import numpy as np
import pytest

from bargain.economy.arrays import finite_array


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (np.nan, "gap = nan is not finite"),
        (None, "gap = nan is not finite"),
        (-np.inf, "gap = -inf is not finite"),
        ([0.5, np.nan, 2.0], "gap[1] = nan is not finite"),
        ([[0.5, 0.1], [0.2, 1.4]], "gap[1, 1] = 1.4 is not in [0, 1]"),
        (-0.25, "gap = -0.25 is not in [0, 1]"),
        ("much", "gap = 'much' is not a number or an array of numbers"),
        ([1, [2]], "gap = [1, [2]] is not a number or an array of numbers"),
        (1j, "gap = 1j is not a number or an array of numbers"),
    ],
)
def test_one_error_names_thing_place_value_and_rule(value, message):
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the whole message is compared
        finite_array("gap", value, 0.0, 1.0)
    assert str(caught.value) == message


def test_rounding_at_a_bound_becomes_the_bound():
    np.testing.assert_array_equal(finite_array("x", [-1e-13, 0.5, 1 + 1e-13], 0.0, 1.0), [0.0, 0.5, 1.0])
    with pytest.raises(ValueError, match="is not in"):
        finite_array("x", 1 + 1e-11, 0.0, 1.0)


def test_the_callers_array_is_left_alone():
    mine = np.array([-1e-13, 0.5])
    finite_array("x", mine, 0.0)
    assert mine[0] == -1e-13


def test_whole_numbers_become_floats_and_empty_arrays_pass():
    assert finite_array("x", [1, 2]).dtype == np.float64
    assert finite_array("x", []).shape == (0,)
