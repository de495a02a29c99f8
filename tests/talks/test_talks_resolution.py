"""What the grids do to the headline: nothing for capacity, whose steps are plants; little for the stock."""

from __future__ import annotations

import numpy as np
import pytest
from small_talks import BASE

from bargain.talks import Agreement, negotiate


def headline(agreement: Agreement) -> np.ndarray:
    """Payoffs, gains and expected life of the truce if it ends."""
    assert agreement.certified
    assert agreement.payoffs is not None
    return np.array([*agreement.payoffs, agreement.life().ending_months])


@pytest.fixture(scope="module")
def default() -> Agreement:
    return negotiate(BASE)


@pytest.mark.parametrize(
    ("variable", "doubled", "tolerance"), [("military", 25, 0.03), ("rebuilt", 7, 1e-9), ("substitution", 7, 1e-9)]
)
def test_doubling_a_grid_moves_the_headline_by_less_than_3_percent(
    default: Agreement, variable: str, doubled: int, tolerance: float
) -> None:
    sizes = dict(zip(default.rounds.space.variables, default.rounds.space.sizes, strict=True))
    assert doubled == 2 * sizes[variable] - 1
    finer = negotiate(BASE, levels={variable: doubled})
    np.testing.assert_allclose(headline(finer), headline(default), rtol=tolerance)
