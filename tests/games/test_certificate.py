import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from known_games import KNOWN_GAMES

from bargain.games import Certificate, Equilibrium, StageGame, certify, regret
from bargain.games.certificate import certified

PENNIES = StageGame.from_bimatrix([[9, 0], [0, 1]], [[0, 1], [1, 0]])


@pytest.mark.parametrize("known", KNOWN_GAMES, ids=str)
def test_known_equilibria_hold(known):
    for profile in (*(known.extreme or ()), *known.pure, *known.mixed_examples):
        assert certify(known.game, profile).holds


def test_regret_by_hand():
    assert regret(PENNIES, (0, 1)).tolist() == [1.0, 0.0]
    assert regret(PENNIES, [[0.5, 0.5], [0.5, 0.5]]).tolist() == [2.0, 0.0]
    certificate = certify(PENNIES, [[0.5, 0.5], [0.5, 0.5]])
    assert not certificate.holds
    assert certificate.epsilon == 2.0
    assert certificate.relative_regret.tolist() == pytest.approx([2 / 9, 0.0])


def test_logit_profile_of_a_peer_is_refused():
    """A logit path on the 2x2x2 game has been reported as a Nash equilibrium with regret .376."""
    game = next(known.game for known in KNOWN_GAMES if known.name == "McKelvey-McLennan")
    assert not certify(game, [[0.4, 0.6], [0.5, 0.5], [1 / 3, 2 / 3]]).holds


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(1e-6, 1e6), st.floats(-1e6, 1e6))
def test_relative_regret_knows_no_scale_and_regret_no_level(seed, factor, level):
    rng = np.random.default_rng(seed)
    payoffs = rng.normal(size=(3, 2, 3, 2))
    profile = [rng.dirichlet(np.ones(n)) for n in (2, 3, 2)]
    plain = certify(StageGame(payoffs), profile)
    scaled = certify(StageGame(payoffs * factor), profile)
    np.testing.assert_allclose(scaled.regret, plain.regret * factor, rtol=1e-9, atol=1e-14 * factor)
    np.testing.assert_allclose(scaled.relative_regret, plain.relative_regret, atol=1e-12)
    shifted = certify(StageGame(payoffs + level), profile)
    np.testing.assert_allclose(shifted.regret, plain.regret, atol=1e-9)


def test_small_differences_on_a_high_level_still_count():
    """Payoffs of size 1e6 break absolute tolerances: neither the noise nor the real gain may be lost."""
    game = StageGame.from_bimatrix(2.0**20 + 2.0**-10 * np.eye(3), 2.0**20 + 2.0**-10 * np.eye(3))
    thirds = np.full(3, 1 / 3)
    assert certify(game, [thirds, thirds]).relative_regret.max() < 1e-15
    assert not certify(game, [thirds, thirds + 1e-7 * np.array([1, -1, 0])]).holds


def test_constant_payoffs_leave_no_regret():
    rng = np.random.default_rng(1)
    game = StageGame(np.full((2, 3, 3), 1e6 + 0.1))
    for _ in range(20):
        certificate = certify(game, rng.dirichlet(np.ones(3), size=2), tolerance=0.0)
        assert certificate.regret.tolist() == [0.0, 0.0]
        assert certificate.relative_regret.tolist() == [0.0, 0.0]
        assert certificate.holds


def test_tolerance_is_a_share_of_the_range():
    game = StageGame([[1000.0, 999.0, 0.0]])
    assert not certify(game, (1,)).holds
    assert certify(game, (1,), tolerance=0.001).holds
    with pytest.raises(ValueError, match=r"tolerance = 1.5 is not a share of the payoff range"):
        certify(game, (1,), tolerance=1.5)
    with pytest.raises(ValueError, match="tolerance = nan"):
        certify(game, (1,), tolerance=float("nan"))


def test_equilibrium_and_certificate_round_trip():
    equilibrium = certified(PENNIES, [[0.5, 0.5], [0.1, 0.9]])
    assert equilibrium.certificate.holds
    assert equilibrium.payoffs.tolist() == pytest.approx([0.9, 0.5])
    assert (equilibrium.pure, equilibrium.supports) == (None, ((0, 1), (0, 1)))
    assert certified(PENNIES, ("action_1", 1)).pure == (0, 1)
    assert Equilibrium.from_dict(equilibrium.to_dict()) == equilibrium
    assert pickle.loads(pickle.dumps(equilibrium)) == equilibrium
    assert Certificate.from_dict(equilibrium.certificate.to_dict()) == equilibrium.certificate
    assert not equilibrium.profile[0].flags.writeable
