import numpy as np
from known_markov_games import PRISONERS, two_state_prisoners

from bargain.games.repeated import RepeatedGame
from bargain.solvers import payoff_set_verdict
from bargain.solvers.markov_payoffs import MarkovPayoffs
from bargain.solvers.payoff_set_verdict import verdict
from bargain.solvers.repeated_payoffs import propose_repeated

GAME = RepeatedGame(PRISONERS, 0.75)


def test_without_a_candidate_nothing_is_said():
    assert verdict(GAME, None, 1e-8).n_certified == 0


def test_steps_that_run_out_leave_the_set_certified_from_inside(monkeypatch):
    monkeypatch.setattr(payoff_set_verdict, "OUTER_STEPS", 5)
    found = verdict(GAME, propose_repeated(GAME, 1000), 1e-8)
    assert (found.scope, found.rejected, found.n_certified) == ("some", (), 4)
    assert found.fields["outer_distance"] > 0.01
    assert "remains open" in found.message


def test_emptiness_that_is_not_proven_is_not_claimed(monkeypatch):
    from known_markov_games import MATCHING_PENNIES

    game = RepeatedGame(MATCHING_PENNIES, 0.95)
    monkeypatch.setattr(payoff_set_verdict, "OUTER_STEPS", 2)
    found = verdict(game, propose_repeated(game, 1000), 1e-8)
    assert (found.scope, found.n_certified) == ("some", 0)
    assert "do not exclude" in found.message


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
