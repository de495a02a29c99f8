import numpy as np
import pytest
from known_markov_games import PRISONERS

from bargain.games.repeated import RepeatedGame
from bargain.solvers import critical_bisection, solve
from bargain.solvers.critical_bisection import bisected
from bargain.solvers.subgame_perfect import SubgamePerfectPayoffs


def test_payoffs_between_the_jumps_grow_in_continuously():
    value, (lower, upper), exact, _ = bisected(PRISONERS, np.array([4.0, 9.0]))
    assert not exact
    for discount_factor, inside in ((lower, False), (upper, True)):
        solution = solve(RepeatedGame(PRISONERS, discount_factor), SubgamePerfectPayoffs())
        assert solution.contains([4.0, 9.0], tolerance=1e-12) is inside
    assert lower < value < upper


def test_what_cannot_be_certified_is_left_as_a_bracket(monkeypatch):
    monkeypatch.setattr(critical_bisection, "MARGINS", (1e-9,))
    monkeypatch.setattr(critical_bisection, "_certified", lambda *arguments: None)
    value, bracket, _, note = bisected(PRISONERS, (0, 0))
    assert value == pytest.approx(1 / 7)
    assert bracket == (0.0, 1.0)
    assert "what is certified is the bracket" in note
    assert "by an outer bound" not in bisected(PRISONERS, np.array([10.0, 10.0]))[3]
