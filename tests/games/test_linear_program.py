import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bargain.games.linear_program import best_point


def test_objectives_in_order_then_evenness():
    simplex = {"equalities": [[1, 1, 1]], "targets": [1]}
    np.testing.assert_allclose(best_point([[1, 1, 1]], [[1, 0, 0]], [0.2], **simplex).point, [0.2, 0.4, 0.4])
    np.testing.assert_allclose(best_point([[1, 1, 0]], [[1, 0, 0]], [0.2], **simplex).point, [0.2, 0.8, 0])
    found = best_point([[1, 1, 0], [1, 0, 0]], [[1, 0, 0]], [0.2], **simplex)
    assert found.value == pytest.approx(1.0)
    np.testing.assert_allclose(found.point, [0.2, 0.8, 0], atol=1e-12)


def test_failures_are_told():
    assert best_point([[1.0]], [[1.0]], [-1.0]).failure == "infeasible"
    assert best_point([[1.0]], [[-1.0]], [0.0]).failure == "unbounded"


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(2, 6), st.integers(1, 4))
def test_multipliers_bound_the_value_and_relabelling_changes_nothing(seed, n, m):
    rng = np.random.default_rng(seed)
    matrix, limits = rng.integers(-2, 3, (m, n)).astype(float), rng.integers(0, 3, m).astype(float)
    objective = rng.integers(0, 3, n).astype(float)
    total = {"equalities": np.ones((1, n)), "targets": [1.0]}
    found = best_point([objective], matrix, limits, **total)
    if found.failure:
        assert found.failure == "infeasible"
        return
    assert np.all(matrix @ found.point <= limits + 1e-9)
    assert objective @ found.point == pytest.approx(found.value, abs=1e-8)
    # Weak duality on the simplex: c.x <= max(c - A'y) + b.y for every y >= 0.
    assert (objective - found.multipliers @ matrix).max() + found.multipliers @ limits == pytest.approx(
        found.value, abs=1e-8
    )
    order = rng.permutation(n)
    again = best_point([objective[order]], matrix[:, order], limits, **total)
    np.testing.assert_allclose(again.point, found.point[order], atol=1e-7)
