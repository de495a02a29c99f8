import pickle

import numpy as np
import pytest
from known_markov_games import ABREU_COURNOT, ABREU_SANNIKOV, MATCHING_PENNIES, PRISONERS

from bargain.games.repeated import RepeatedGame
from bargain.solvers.payoff_set_map import payoff_set_map


def test_changes_of_known_games():
    found = payoff_set_map(PRISONERS, np.linspace(0.0, 0.9, 10))
    assert found.complete
    assert [len(solution.vertices) for solution in found.solutions] == [1, 1, 2, 4, 4, 4, 4, 4, 4, 4]
    np.testing.assert_allclose(found.changes[0], 1 / 7, atol=1e-8)
    assert (found.changes[:, 1] - found.changes[:, 0] <= 1e-9).all()
    cournot = payoff_set_map(RepeatedGame(ABREU_COURNOT, 0.5), [0.2, 0.3, 0.4])
    np.testing.assert_allclose(cournot.changes.mean(axis=1), [1 / 4, 1 / 3], atol=1e-8)


def test_sets_grow_along_the_map():
    found = payoff_set_map(ABREU_SANNIKOV, [0.9, 0.1, 0.3, 0.3, 0.5])
    assert found.discount_factors.tolist() == [0.1, 0.3, 0.5, 0.9]
    for smaller, larger in zip(found.solutions, found.solutions[1:], strict=False):
        assert all(larger.contains(vertex, tolerance=1e-8) for vertex in smaller.vertices)
    frame = found.to_frame()
    assert list(frame.columns) == ["discount_factor", "vertex", "player_1", "player_2"]
    assert len(frame) == sum(len(solution.vertices) for solution in found.solutions)
    assert pickle.loads(pickle.dumps(found)) == found


def test_empty_sets_and_wrong_input():
    found = payoff_set_map(MATCHING_PENNIES, [0.1, 0.5])
    assert found.changes.shape == (0, 2)
    assert len(found.to_frame()) == 0
    with pytest.raises(ValueError, match="discount_factors is empty"):
        payoff_set_map(PRISONERS, [])
    with pytest.raises(ValueError, match="not in"):
        payoff_set_map(PRISONERS, [1.0])
    with pytest.raises(TypeError, match="not a StageGame"):
        payoff_set_map("game", [0.5])
