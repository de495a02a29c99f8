import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from bargain.solvers.equilibria import canonical_order


def profile(*strategies):
    return tuple(np.array(strategy, dtype=float) for strategy in strategies)


def test_pure_first_then_supports_then_probabilities():
    listed = [
        profile([0.5, 0.5], [0.5, 0.5]),
        profile([0, 1], [0, 1]),
        profile([0.75, 0.25], [0.5, 0.5]),
        profile([0, 1], [1, 0]),
        profile([1, 0], [0, 1]),
    ]
    kept, place = canonical_order(listed)
    assert kept == [4, 3, 1, 2, 0]
    assert place == [4, 2, 3, 1, 0]


def test_supports_decide_before_probabilities():
    kept, _ = canonical_order([profile([0.5, 0, 0.5]), profile([0.1, 0.9, 0])])
    assert kept == [1, 0]


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 12))
def test_neither_noise_nor_order_of_arrival_matters(seed, n):
    rng = np.random.default_rng(seed)
    base = [profile(*(rng.multinomial(4, [1 / 3] * 3) / 4 for _ in range(2))) for _ in range(n)]
    noisy = [profile(*(s + (s > 0) * rng.uniform(-1e-12, 1e-12, 3) for s in base[i])) for i in rng.permutation(n)]
    kept, _ = canonical_order(base)
    kept_noisy, place = canonical_order([*noisy, *base])
    assert len(kept) == len(kept_noisy)
    assert place[n:] == canonical_order(base)[1]
    for i, j in zip(kept, kept_noisy, strict=True):
        np.testing.assert_allclose(np.concatenate(base[i]), np.concatenate([*noisy, *base][j]), atol=1e-11)


def test_equal_up_to_rounding_is_one():
    kept, place = canonical_order(
        [profile([1 / 3, 2 / 3]), profile([1 / 3 + 5e-10, 2 / 3 - 5e-10]), profile([0.3, 0.7])]
    )
    assert len(kept) == 2
    assert place[0] == place[1] != place[2]


def test_nothing_to_order():
    assert canonical_order([]) == ([], [])
