from known_markov_games import PRISONERS

from bargain.games.repeated import RepeatedGame
from bargain.solvers import payoff_set_verdict
from bargain.solvers.payoff_set_verdict import verdict
from bargain.solvers.repeated_payoffs import propose_repeated

GAME = RepeatedGame(PRISONERS, 0.75)


def test_without_a_candidate_nothing_is_said():
    assert verdict(GAME, None, 1e-8).n_certified == 0


def test_steps_that_run_out_leave_the_set_certified_from_inside(monkeypatch):
    monkeypatch.setattr(payoff_set_verdict, "OUTER_WORK", 20)
    found = verdict(GAME, propose_repeated(GAME, 1000), 1e-8)
    assert (found.scope, found.rejected, found.n_certified) == ("some", (), 4)
    assert found.fields["outer_distance"] > 0.01
    assert "remains open" in found.message


def test_emptiness_that_is_not_proven_is_not_claimed(monkeypatch):
    from known_markov_games import MATCHING_PENNIES

    game = RepeatedGame(MATCHING_PENNIES, 0.95)
    monkeypatch.setattr(payoff_set_verdict, "OUTER_WORK", 8)
    found = verdict(game, propose_repeated(game, 1000), 1e-8)
    assert (found.scope, found.n_certified) == ("some", 0)
    assert "do not exclude" in found.message
