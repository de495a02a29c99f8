"""Newton's method on given supports."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from known_games import KNOWN_GAMES, mckelvey_mclennan

from bargain.games import certify
from bargain.solvers.logit_system import LogitSystem
from bargain.solvers.support_newton import candidate_supports, support_equilibrium

PENNIES = next(known for known in KNOWN_GAMES if known.name == "asymmetric pennies").game
LISTED = [
    (known, profile)
    for known in KNOWN_GAMES
    if known.isolated
    for profile in (*(known.extreme or ()), *known.mixed_examples)
]


@pytest.mark.parametrize(("known", "profile"), LISTED, ids=str)
def test_known_equilibria_come_back_from_a_rough_start(known, profile):
    system = LogitSystem.of(known.game)
    exact = np.concatenate([np.asarray(strategy, dtype=float) for strategy in profile])
    rng = np.random.default_rng(1)
    rough = np.where(exact > 0.0, exact + 0.01 * rng.random(len(exact)), 0.0)
    found = support_equilibrium(system, rough, exact > 0.0)
    assert found is not None
    assert certify(known.game, system.split(found)).relative_regret.max() < 1e-11
    np.testing.assert_allclose(found, exact, atol=1e-10)


def test_a_wrong_support_is_no_equilibrium():
    system = LogitSystem.of(PENNIES)
    assert support_equilibrium(system, np.array([1.0, 0, 1, 0]), np.array([True, False, True, False])) is None
    assert support_equilibrium(system, np.array([1.0, 0, 0.5, 0.5]), np.array([False, True, True, True])) is None


def test_supports_grow_with_the_threshold_and_never_leave_a_player_without_action():
    system = LogitSystem.of(mckelvey_mclennan().game)
    masks = candidate_supports(system, np.array([0.95, 0.05, 0.999, 0.001, 0.05, 0.95]))
    assert [int(mask.sum()) for mask in masks] == [3, 5, 6]
    assert all(left[right].sum() == left.sum() for left, right in itertools.pairwise(masks))
