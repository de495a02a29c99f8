import dataclasses
import json
import pickle

import numpy as np
import pytest
from known_markov_games import random_markov
from truce_cases import fading_game

from bargain.games.markov import MarkovGame
from bargain.games.stationary import StationaryProfile
from bargain.games.truce_play import TruceCertifier, TrucePlay, certify_truce
from bargain.solvers.base import solve
from bargain.solvers.truce import Truce

CHEAT = (("cheat", "cheat"), ("cheat", "cheat"))


@pytest.fixture
def fading():
    game = fading_game(0.2)
    standoff = StationaryProfile.pure(game, CHEAT)
    return game, standoff, solve(game, Truce(standoff, moves=("keep", "keep"), n_points=0)).best


def test_the_certificate_recomputes_everything(fading):
    game, standoff, play = fading
    bare = dataclasses.replace(play, certificate=None)
    assert certify_truce(game, standoff, bare) == play
    assert play.certificate.holds
    assert play.active.tolist() == [True, False]


def wrong(play, game, fault):
    """One record for each way in which it may be wrong, and what the certificate says."""
    if fault == "active":
        return dataclasses.replace(play, active=[True, True], dropped=[0, 0]), "values are off"
    if fault == "dropped":
        idle = {"active": [False, False], "dropped": [1, 1], "values": play.standoff_values}
        return dataclasses.replace(kept_everywhere(play), **idle), "nobody gains by ending the truce there"
    if fault == "values":
        return dataclasses.replace(play, values=play.values + 1e-3), "values are off by"
    if fault == "deviations":
        return dataclasses.replace(play, deviation_values=play.deviation_values + 1e-3), "deviations"
    if fault == "life":
        return dataclasses.replace(play, expected_life=[4.9, 0.0]), "expected life"
    if fault == "standoff":
        return dataclasses.replace(play, standoff_values=play.standoff_values + 1.0), "standoff values are off"
    if fault == "availability":
        return dataclasses.replace(play, dropped=[0, -1]), "as if the agreed move were not available"
    if fault == "moves":
        return dataclasses.replace(play, moves=[[0, 0], [0, 2]]), "no actions of the game"
    if fault == "shape":
        return dataclasses.replace(play, values=play.values[:1]), "values of shape"
    return dataclasses.replace(play, active=[True, True]), "both active and dropped"


@pytest.mark.parametrize(
    "fault",
    ["active", "dropped", "values", "deviations", "life", "standoff", "availability", "moves", "shape", "both"],
)
def test_a_wrong_record_is_refused(fading, fault):
    game, standoff, play = fading
    record, message = wrong(play, game, fault)
    with pytest.raises(ValueError, match=message):
        certify_truce(game, standoff, record)


def kept_everywhere(play):
    """All numbers right, but the bad state kept: W is 2 there for ever, (1 - d) 9 + d (.8 W + .2 x 2) else."""
    good = (0.1 * 9.0 + 0.9 * 0.2 * 2.0) / (1.0 - 0.9 * 0.8)
    values = np.array([[good, good], [2.0, 2.0]])
    # Cheating: 10 or 50 for a round, then the standoff, worth 3 everywhere.
    leave = np.array([[0.1 * 10.0 + 0.9 * 3.0] * 2, [0.1 * 50.0 + 0.9 * 3.0] * 2])
    everywhere, endless = [True, True], [np.inf, np.inf]
    return TrucePlay(
        play.moves, everywhere, [0, 0], values, values, leave, play.replies, play.standoff_values, endless, [1.0, 1.0]
    )


def test_a_state_that_does_not_enforce_itself_fails_the_certificate(fading):
    game, standoff, play = fading
    found = TruceCertifier(game, standoff).certify(kept_everywhere(play))
    assert not found.certificate.holds
    np.testing.assert_allclose(found.certificate.regret, [[0, 0], [5.7, 5.7]], atol=1e-12)


def test_a_claim_to_be_largest_is_checked():
    rng = np.random.default_rng(7)
    n_claims = n_kept = 0
    for _ in range(25):
        game = random_markov(rng, 3, (2, 2), discount_factor=0.7)
        standoff = StationaryProfile([rng.dirichlet(np.ones(n), 3) for n in game.n_actions])
        for play in solve(game, Truce(standoff, n_points=0)).truces:
            claimed = dataclasses.replace(play, largest=True)
            n_claims += not play.largest
            n_kept += not play.largest and certify_truce(game, standoff, claimed).largest
            assert not play.largest or certify_truce(game, standoff, play).largest
    assert n_claims >= 3
    assert n_kept == 0


def test_records_are_plain_data(fading):
    play = fading[2]
    assert TrucePlay.from_dict(json.loads(json.dumps(play.to_dict(), allow_nan=False))) == play
    assert pickle.loads(pickle.dumps(play)) == play
    with pytest.raises(ValueError, match="read-only"):
        play.active[0] = False
    np.testing.assert_allclose(play.gains[1], 0.0)
    assert play.slack[0].min() > 0.0 > play.slack[1].min()


def test_a_successor_listed_twice_is_one():
    game = MarkovGame(np.zeros((2, 2, 1, 1)), [[[[1, 1]]], [[[0, 0]]]], [[[[0.5, 0.5]]]] * 2, 2 / 3)
    solution = solve(game, Truce((0, 0), moves=(0, 0), n_points=0))
    assert solution.success
    assert solution.rejected == ()
