import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial import ConvexHull

from bargain.games.polygon import (
    EMPTY,
    area,
    contains,
    convex_hull,
    cut,
    distances,
    hausdorff,
    minkowski_sum,
    support,
    widened,
)

SQUARE = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])
ROUND = np.stack([np.cos(np.arange(64) * np.pi / 32), np.sin(np.arange(64) * np.pi / 32)], axis=1)

points = st.lists(st.tuples(*[st.integers(-4, 4)] * 2), min_size=1, max_size=14).map(lambda p: np.array(p, dtype=float))


def brute_support(polygon, directions):
    return (directions @ polygon.T).max(axis=1)


def test_hull_is_canonical():
    rng = np.random.default_rng(0)
    shuffled = rng.permutation(np.concatenate([SQUARE, rng.random((50, 2)), [[0.5, 0.0], [0.0, 0.25]]]))
    np.testing.assert_array_equal(convex_hull(shuffled), SQUARE)
    assert area(convex_hull(shuffled)) == 1.0


@pytest.mark.parametrize("n", [3, 20, 400, 5000])
def test_hull_against_qhull(n):
    cloud = np.random.default_rng(n).normal(size=(n, 2)) * [1e6, 1e-6]
    found, peer = convex_hull(cloud), ConvexHull(cloud)
    assert {tuple(point) for point in found} == {tuple(cloud[v]) for v in peer.vertices}
    assert area(found) == pytest.approx(peer.volume, rel=1e-9)


@settings(deadline=None, max_examples=100)
@given(points)
def test_hull_of_degenerate_sets(cloud):
    """Small whole numbers: points, segments, repeated and collinear points all the time."""
    found = convex_hull(cloud)
    assert all(tuple(vertex) in {tuple(point) for point in cloud} for vertex in found)
    assert contains(found, cloud, 1e-14).all()
    np.testing.assert_allclose(support(found, ROUND), brute_support(cloud, ROUND), atol=1e-14)
    for k in range(len(found)):  # no vertex is in the hull of the others
        if len(found) > 1:
            assert not contains(convex_hull(np.delete(found, k, axis=0)), found[k], 1e-9)[0]
    assert tuple(found[0]) == min(map(tuple, cloud))


def test_flat_vertices_go_and_tips_stay():
    arc = np.array([[0.0, 0.0], [1.0, -1e-15], [2.0, 0.0], [1.0, 1.0]])
    assert len(convex_hull(arc)) == 3
    needle = np.array([[1.0, 1.0], [2.5, 2.5], [2.5, 2.4999999999997], [4.0, 3.9999999999997]])
    np.testing.assert_array_equal(convex_hull(needle), needle[[0, 3]])
    assert len(convex_hull(np.array([[0.0, 0.0], [1e-9, 1.0], [0.0, 2.0]]), 1e-6, units=(1.0, 1.0))) == 2


def test_nothing_one_point_two_points():
    assert convex_hull(EMPTY).shape == (0, 2)
    assert convex_hull([[1, 2], [1, 2]]).tolist() == [[1.0, 2.0]]
    assert convex_hull([[3, 0], [1, 2], [2, 1]]).tolist() == [[1.0, 2.0], [3.0, 0.0]]
    assert cut(EMPTY, (1, 0), 0.0).shape == (0, 2)
    assert support(EMPTY, (1, 0)).tolist() == [-np.inf]
    assert distances(EMPTY, (1, 0)).tolist() == [np.inf]
    assert hausdorff(EMPTY, EMPTY) == 0.0
    assert hausdorff(EMPTY, SQUARE) == np.inf
    assert minkowski_sum([SQUARE, EMPTY], [0.5, 0.5]).shape == (0, 2)
    assert minkowski_sum([SQUARE, EMPTY], [1.0, 0.0]).tolist() == SQUARE.tolist()
    assert area(np.array([[0.0, 0.0], [1.0, 1.0]])) == 0.0


def test_cuts():
    assert cut(SQUARE, (1, 0), 0.5).tolist() == [[0.0, 0.0], [0.5, 0.0], [0.5, 1.0], [0.0, 1.0]]
    assert cut(SQUARE, (1, 1), 2.0) is SQUARE
    assert cut(SQUARE, (1, 0), -0.1).shape == (0, 2)
    assert cut(SQUARE, (1, 0), 0.0).tolist() == [[0.0, 0.0], [0.0, 1.0]]
    segment = np.array([[0.0, 0.0], [2.0, 2.0]])
    assert convex_hull(cut(segment, (0, 1), 1.0)).tolist() == [[0.0, 0.0], [1.0, 1.0]]
    assert cut(segment[:1], (1, 0), 0.0).tolist() == [[0.0, 0.0]]


@settings(deadline=None, max_examples=100)
@given(points, st.tuples(st.integers(-3, 3), st.integers(-3, 3)), st.integers(-6, 6))
def test_cut_is_the_intersection(cloud, normal, offset):
    polygon = convex_hull(cloud)
    part = cut(polygon, normal, float(offset))
    for point in part:
        assert np.dot(normal, point) <= offset + 1e-12
        assert contains(polygon, point, 1e-12)[0]
    inside = cloud[cloud @ np.array(normal) <= offset]
    assert len(inside) == 0 or contains(part, inside, 1e-12).all()


@settings(deadline=None, max_examples=100)
@given(st.lists(points, min_size=1, max_size=4), st.lists(st.integers(0, 4), min_size=4, max_size=4))
def test_supports_of_a_sum_add(clouds, weights):
    polygons = [convex_hull(cloud) for cloud in clouds]
    weights = np.array(weights[: len(polygons)]) / 4
    found = minkowski_sum(polygons, weights)
    expected = sum(w * brute_support(polygon, ROUND) for polygon, w in zip(polygons, weights, strict=True))
    np.testing.assert_allclose(support(found, ROUND), expected, atol=1e-12)
    # The boundary turns left all the way: the vertices are in order.
    assert area(found) == pytest.approx(area(convex_hull(found)), abs=1e-12)


def test_distance_in_the_norm_of_the_ranges():
    assert distances(SQUARE, [[2.0, 0.5], [0.5, 0.5], [3.0, 5.0]], (1.0, 4.0)).tolist() == [1.0, 0.0, 2.0]
    assert distances(SQUARE[:1], [[3.0, 4.0]])[0] == 4.0
    assert distances(SQUARE[[0, 2]], [[1.0, 0.0]])[0] == pytest.approx(0.5)
    assert hausdorff(SQUARE, SQUARE + np.array([0.25, 0.0]), (0.5, 1.0)) == 0.5
    assert hausdorff(SQUARE, SQUARE[:2]) == 1.0


@settings(deadline=None, max_examples=60)
@given(points, points)
def test_distance_is_the_best_of_many_points(cloud, others):
    polygon = convex_hull(cloud)
    shares = np.random.default_rng(0).dirichlet(np.full(len(polygon), 0.4), size=4000)
    near = np.abs((shares @ polygon)[:, None] - others).max(axis=2).min(axis=0)
    found = distances(polygon, others)
    assert (found <= near + 1e-12).all()
    assert (near <= found + 0.5).all()
    if len(polygon) <= 2:
        ends = np.linspace(0.0, 1.0, 20001)[:, None]
        line = (1 - ends) * polygon[0] + ends * polygon[-1]
        np.testing.assert_allclose(found, np.abs(line[:, None] - others).max(axis=2).min(axis=0), atol=1e-3)


def test_fewer_edges_outwards():
    many = np.stack([np.cos(np.arange(1000) * np.pi / 500), 5 * np.sin(np.arange(1000) * np.pi / 500)], axis=1)
    few = widened(many, 1e-3, (1.0, 5.0))
    assert len(few) < 150
    assert contains(few, many, 1e-12).all()
    assert distances(many, few, (1.0, 5.0)).max() <= 1e-3
    assert widened(SQUARE, 0.5).tolist() == SQUARE.tolist()
    for flat in (EMPTY, SQUARE[:1], SQUARE[:2], SQUARE[:3]):
        assert widened(flat, 0.1).tolist() == flat.tolist()


@settings(deadline=None, max_examples=60)
@given(points, st.integers(1, 30))
def test_widened_holds_the_polygon(cloud, tenths):
    polygon = convex_hull(cloud)
    around = widened(polygon, tenths / 10)
    assert contains(around, polygon, 1e-9).all()
    assert distances(polygon, around).max() <= tenths / 10 + 1e-9
    assert area(around) == pytest.approx(area(convex_hull(around)), rel=1e-9, abs=1e-9)
