import itertools
import pickle

import numpy as np
import pytest

from bargain.standoff import TERMS, ScenarioError, load_scenario

BASE = load_scenario("us-china-2025")
TABLE = BASE.payoffs(draws=BASE.draws(2, seed=5))
PROFILE = ("truce/restricted", "truce/dual_track")


def test_terms_come_in_their_order_and_are_read_only():
    assert list(TABLE.terms) == [name for name in TERMS if name in TABLE.terms]
    for array in (*TABLE.terms.values(), TABLE.total):
        assert array.shape == (2, 7, 9, 12)
        assert array.dtype == np.float64
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1.0
    assert TABLE.n_draws == 2


def test_frame_is_one_cell_term_by_term():
    frame = TABLE.frame(PROFILE, draw=1)
    cell = TABLE.cell(PROFILE)
    assert list(frame.columns) == list(TABLE.players)
    assert frame.index[-1] == "total"
    np.testing.assert_allclose(frame.iloc[:-1].sum(), frame.loc["total"], atol=1e-12)
    for name in frame.index[:-1]:
        np.testing.assert_array_equal(frame.loc[name], TABLE.terms[name][(1, slice(None), *cell)])
    assert (frame.iloc[:-1] != 0).any(axis=1).all()


def test_expected_at_a_pure_profile_is_the_cell():
    weights = [np.eye(n)[k] for n, k in zip(TABLE.moves.shape, TABLE.cell(PROFILE), strict=True)]
    frame, expected = TABLE.frame(PROFILE), TABLE.expected(weights)
    np.testing.assert_allclose(expected.loc["total"], frame.loc["total"], atol=1e-12)
    assert list(expected.index) == list(frame.index)


def test_expected_mixes_by_brute_force():
    rng = np.random.default_rng(0)
    weights = [rng.dirichlet(np.ones(n)) for n in TABLE.moves.shape]
    wanted = np.zeros(7)
    for i, j in itertools.product(range(9), range(12)):
        wanted += weights[0][i] * weights[1][j] * TABLE.total[0, :, i, j]
    np.testing.assert_allclose(TABLE.expected(weights).loc["total"], wanted, atol=1e-12)


@pytest.mark.parametrize(
    ("profile", "message"),
    [
        (("truce/restricted",), "has 1 actions, not one for each of"),
        (("truce/restrict", "truce/open"), "'truce/restrict' is not an action of US; did you mean 'truce/restricted'"),
        (("truce/dual_track", "truce/open"), "'truce/dual_track' is not an action of US"),
    ],
)
def test_unknown_cells_give_one_line(profile, message):
    with pytest.raises(ScenarioError, match=message):
        TABLE.cell(profile)


def test_a_mixture_of_the_wrong_shape_is_refused():
    with pytest.raises(ValueError, match=r"strategy of player US has shape \(12,\), the player has 9 actions"):
        TABLE.expected([np.full(12, 1 / 12), np.full(9, 1 / 9)])


@pytest.mark.parametrize("bad", [np.ones(9), np.full(9, np.nan), np.r_[2.0, -1.0, np.zeros(7)]])
def test_what_is_no_mixture_is_refused(bad):
    with pytest.raises(ValueError, match="strategy of player US"):
        TABLE.expected([bad, np.full(12, 1 / 12)])


@pytest.mark.parametrize("bad", [np.ones((9, 12)), np.full((9, 12), np.nan), np.full((12, 9), 1 / 108)])
def test_what_is_no_distribution_over_moves_is_refused(bad):
    with pytest.raises(ValueError, match="distribution"):
        TABLE.under(bad)


def test_a_joint_distribution_averages_the_cells():
    weights = np.zeros((9, 12))
    weights[1, 2], weights[4, 7] = 0.25, 0.75
    cells = [TABLE.frame((TABLE.moves.actions[0][i], TABLE.moves.actions[1][j])) for i, j in ((1, 2), (4, 7))]
    wanted = 0.25 * cells[0].loc["total"] + 0.75 * cells[1].loc["total"]
    np.testing.assert_allclose(TABLE.under(weights).loc["total"], wanted, rtol=1e-12)


def test_tables_are_plain_data():
    twin = pickle.loads(pickle.dumps(TABLE))
    np.testing.assert_array_equal(twin.total, TABLE.total)
    assert twin.moves.actions == TABLE.moves.actions
    assert TABLE == TABLE
    assert len({TABLE, TABLE}) == 1
