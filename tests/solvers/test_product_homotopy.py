"""All roots of indifference systems: known counts, known roots, doubts that are reported."""

from __future__ import annotations

import numpy as np
import pytest

from bargain.solvers.product_homotopy import assignments, n_roots, roots_of

COUNTS = [((2, 2), 1), ((3, 3), 1), ((2, 2, 2), 2), ((2, 3, 3), 4), ((3, 3, 3), 10), ((4, 4, 4), 56), ((2,) * 4, 9)]


def random_system(rng, sizes, n_systems):
    others = [[sizes[j] for j in range(len(sizes)) if j != i] for i in range(len(sizes))]
    return [rng.normal(size=(n_systems, m - 1, *rest)) for m, rest in zip(sizes, others, strict=True)]


@pytest.mark.parametrize(("sizes", "count"), COUNTS, ids=str)
def test_numbers_of_roots_are_those_of_mckelvey_and_mclennan(sizes, count):
    assert n_roots(sizes) == len(assignments(sizes)) == count


def test_shapes_with_too_many_equations_have_no_roots():
    assert n_roots((1, 2)) == n_roots((4, 2, 2)) == 0
    assert n_roots((1, 1, 1)) == 1


@pytest.mark.parametrize("sizes", [(2, 2), (2, 2, 2), (3, 3, 3), (2, 3, 3), (2, 2, 2, 2)], ids=str)
def test_all_roots_are_roots_and_distinct(sizes):
    systems = random_system(np.random.default_rng(5), sizes, 4)
    roots = roots_of(systems, sizes)
    assert roots.complete
    assert not roots.doubtful.any()
    assert roots.finite.all()
    ends = np.cumsum(sizes)
    for k, points in enumerate(roots.probabilities):
        for p in points:
            blocks = [p[end - m : end] for end, m in zip(ends, sizes, strict=True)]
            for block in blocks:
                assert block.sum() == pytest.approx(1.0)
            for i, table in enumerate(systems):
                value = table[k].astype(complex)
                for block in reversed([block for j, block in enumerate(blocks) if j != i]):
                    value = value @ block
                assert np.abs(value).max() < 1e-9 * (1 + np.abs(p).max()) ** len(sizes)
        apart = np.abs(points[:, None] - points).max(axis=2) + np.eye(len(points))
        assert apart.min() > 1e-6


def test_two_by_two_by_two_against_the_quadratic_formula():
    """One equation per player, in the other two: eliminating two unknowns leaves a quadratic."""
    rng = np.random.default_rng(8)
    systems = random_system(rng, (2, 2, 2), 1)
    # In y = P(second action): f = a + b y_j + c y_k + d y_j y_k.
    rows = []
    for table in systems:
        t = table[0, 0].astype(object)  # plain floats: numpy's would swallow the polynomials below
        rows.append((t[0, 0], t[1, 0] - t[0, 0], t[0, 1] - t[0, 0], t[1, 1] - t[1, 0] - t[0, 1] + t[0, 0]))
    (a1, b1, c1, d1), (a2, b2, c2, d2), (a3, b3, c3, d3) = rows
    # y_2 = -(a3 + b3 x)/(c3 + d3 x), y_3 = -(a2 + b2 x)/(c2 + d2 x) with x = y_1; put into player 1's equation.
    x = np.poly1d([1, 0])
    n2, m2, n3, m3 = -(a3 + b3 * x), c3 + d3 * x, -(a2 + b2 * x), c2 + d2 * x
    expected = (a1 * m2 * m3 + b1 * n2 * m3 + c1 * m2 * n3 + d1 * n2 * n3).roots
    found = roots_of(systems, (2, 2, 2)).probabilities[0, :, 1]
    np.testing.assert_allclose(np.sort_complex(found), np.sort_complex(expected), atol=1e-8)


def test_a_continuum_of_roots_is_doubtful():
    systems = random_system(np.random.default_rng(2), (2, 2, 2), 1)
    systems[0] = np.zeros_like(systems[0])
    assert roots_of(systems, (2, 2, 2)).doubtful.all()
