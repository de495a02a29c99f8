"""Growth elsewhere: one copy of the formula, used by the dynamic standoff, and its limits."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bargain.mechanisms import growth
from bargain.standoff import transitions

few = settings(max_examples=30, deadline=None)
shares = st.floats(0.0, 1.0)


def test_the_standoff_takes_its_growth_from_here():
    assert transitions.expected_growth is growth.expected_growth
    assert transitions.withheld_share is growth.withheld_share


@few
@given(today=shares, withheld=shares, years=st.floats(0.5, 20.0), covered=shares, factor=st.floats(1.0, 4.0))
def test_withholding_multiplies_the_pace_by_the_factor(today, withheld, years, covered, factor):
    def pace(share):
        arrays = (np.array(v) for v in (today, share, years, covered, factor))
        return float(growth.expected_growth(*arrays, 3.0))

    assert pace(1.0) == pytest.approx(factor * pace(0.0))
    assert pace(0.0) <= pace(withheld) + 1e-15 <= pace(1.0) + 2e-15
    # Over the given years the covered part of what is missing is there.
    assert 4.0 * years * pace(0.0) == pytest.approx((1.0 - today) * covered)
