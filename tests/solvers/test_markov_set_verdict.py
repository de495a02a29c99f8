import numpy as np
from known_markov_games import PRISONERS, two_state_prisoners

from bargain.games.polygon import distances
from bargain.games.repeated import RepeatedGame
from bargain.solvers import markov_set_verdict
from bargain.solvers.markov_payoffs import MarkovPayoffs
from bargain.solvers.markov_set_verdict import operator_bound
from bargain.solvers.payoff_set_verdict import verdict

GAME = RepeatedGame(PRISONERS, 0.75)


def sets(*polygons, outer=None):
    arrays = tuple(np.array(polygon, dtype=float) for polygon in polygons)
    worst = np.array([polygon.min(axis=0) for polygon in arrays])
    return MarkovPayoffs(arrays, outer or arrays, worst, np.ones((2, 2, 2), dtype=bool), 0.0, 1, True)


def test_markov_sets_are_compared_with_their_image():
    game = two_state_prisoners(2 / 3 / 2)  # Below .356 nobody cooperates.
    values = np.linalg.solve(np.eye(2) - game.discount_factor * np.array([[1, 2], [2, 1]]) / 3, [0.0, 2.0])
    values *= 1.0 - game.discount_factor
    points = [np.full((1, 2), v) for v in values]
    found = verdict(game, sets(*points), 1e-8)
    assert (found.n_certified, found.rejected) == (2, ())
    assert found.fields["distance"] < 1e-12
    for wrong, reason in (
        (sets(points[0] + 0.1, points[1]), "no round supports"),
        (sets(*points, outer=(points[0] - 1.0, points[1])), "outside the outer bound"),
        (sets(points[0]), "no payoff sets of this game"),
    ):
        refused = verdict(game, wrong, 1e-8)
        assert refused.n_certified == 0
        assert reason in refused.rejected[0].reason


def reversion_only(discount_factor):
    """Values of defection in every state for ever: a fixed point of B, where patient players can do better."""
    game = two_state_prisoners(discount_factor)
    chain = np.array([[1, 2], [2, 1]]) / 3
    values = np.linalg.solve(np.eye(2) - discount_factor * chain, [0.0, 2.0 * (1.0 - discount_factor)])
    return game, sets(*(np.full((1, 2), v) for v in values))


def test_markov_sets_that_support_themselves_but_are_not_the_largest():
    game, candidate = reversion_only(0.7)
    refused = verdict(game, candidate, 1e-8)
    assert refused.n_certified == 0
    assert "payoffs are missing: the operator comes to rest" in refused.rejected[0].reason


def test_games_too_large_for_the_bound_rest_on_the_solver(monkeypatch):
    monkeypatch.setattr(markov_set_verdict, "MARKOV_WORK", 10)
    found = verdict(*reversion_only(0.3), 1e-8)
    assert (found.scope, found.n_certified) == ("all", 2)
    assert "rests on the solver's steps" in found.message


def test_a_markov_run_that_stopped_certifies_its_outer_bound_only():
    game = two_state_prisoners(0.7)
    bounds = operator_bound(game, 3)
    stopped = MarkovPayoffs(
        bounds, bounds, np.zeros((2, 2)), np.ones((2, 2, 2), dtype=bool), 1.0, 3, False, "time limit reached"
    )
    found = verdict(game, stopped, 1e-8)
    assert "polygons" not in found.fields
    assert found.fields["distance"] > 1e-3
    assert "only the outer bounds are known" in found.message


def test_operator_bounds_shrink_to_the_set():
    for n_steps, reach in ((0, 1.0), (10, 0.2), (60, 1e-5)):
        (bound,) = operator_bound(GAME, n_steps)
        assert distances(np.array([(3, 3), (9.75, 3), (9, 9), (3, 9.75)]), bound, (9.0, 9.0)).max() < reach
