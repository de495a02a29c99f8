"""Flags of equilibria against the literature, and against simulated and perturbed play."""

from __future__ import annotations

import json

import numpy as np
import pytest
from known_games import KNOWN_GAMES
from scipy.optimize import linprog, root

from bargain.games import EquilibriumFlags, StageGame, equilibrium_flags
from bargain.games.stability import weakly_dominated
from bargain.solvers import SupportEnumeration, solve

BIMATRIX = StageGame.from_bimatrix


def flags_of_all(game):
    return [equilibrium_flags(game, eq) for eq in solve(game, SupportEnumeration()).equilibria]


@pytest.mark.parametrize("size", [(2, 2), (3, 3), (4, 3), (5, 5)])
def test_indices_of_random_games_add_up_to_one(size):
    rng = np.random.default_rng(sum(size))
    for _ in range(20):
        game = StageGame(10.0 ** rng.uniform(-6, 6) * (rng.normal(size=(2, *size)) + 3.0))
        flags = flags_of_all(game)
        assert sum(one.index for one in flags) == 1
        assert all(one.quasi_strict and one.perfect for one in flags)
        assert all(one.index == 1 for one in flags if one.strict)
        assert all(one.replicator_stable is True for one in flags if one.strict)
        assert not any(one.replicator_stable for one in flags if not one.strict)
        assert all(one.logit_stable is False for one in flags if one.index == -1)


def test_known_games():
    """Nondegenerate: indices add up to one. Coordination on n actions: a mix over k of them has index (-1)^(k+1)."""
    for known in KNOWN_GAMES:
        if known.game.n_players == 2 and known.isolated:
            flags = flags_of_all(known.game)
            assert sum(one.index for one in flags) == 1
    (identity,) = (known for known in KNOWN_GAMES if known.name == "identity 4")
    for equilibrium in solve(identity.game, SupportEnumeration()).equilibria:
        k = len(equilibrium.supports[0])
        assert equilibrium_flags(identity.game, equilibrium).index == (-1) ** (k + 1)


def test_trembling_hands():
    """Selten's point: (bottom, right) is an equilibrium in weakly dominated strategies; (top, left) is perfect."""
    game = BIMATRIX([[1, 0], [0, 0]], [[1, 0], [0, 0]], ("a", "b"))
    good, bad = equilibrium_flags(game, (0, 0)), equilibrium_flags(game, (1, 1))
    assert (good.perfect, good.strict, good.index) == (True, True, 1)
    assert (bad.perfect, bad.weakly_dominated, bad.quasi_strict, bad.index) == (False, ("a", "b"), False, None)
    assert bad.logit_stable is None


def test_dominated_by_a_mix_only():
    """The last row is worse than mixing the others half and half, though neither alone is better everywhere."""
    game = BIMATRIX([[2, 0, 1], [0, 2, 1], [1, 1, 1], [1, 1, 0.5]], np.zeros((4, 3)))
    assert not any(weakly_dominated(game, np.eye(4)[i], 0) for i in range(3))
    assert weakly_dominated(game, np.eye(4)[3], 0)
    assert not weakly_dominated(game, np.array([0.5, 0.5, 0, 0]), 0)
    assert weakly_dominated(game, np.array([0.25, 0.25, 0, 0.5]), 0)
    assert not weakly_dominated(BIMATRIX([[1, 1], [1, 1]], np.zeros((2, 2))), np.array([1.0, 0.0]), 0)


def best_against_a_full_mix(table, strategy) -> bool:
    """Whether the strategy is a best reply to a mix of all actions of the opponent: max t with z >= t > 0."""
    n_own, n = table.shape
    rows = [table[other] - table[i] for i in np.flatnonzero(strategy) for other in range(n_own)]
    inequalities = np.vstack([np.column_stack([rows, np.zeros(len(rows))]), np.column_stack([-np.eye(n), np.ones(n)])])
    found = linprog(
        [0.0] * n + [-1.0], inequalities, np.zeros(len(inequalities)), [[1.0] * n + [0.0]], [1.0], bounds=(0, None)
    )
    return bool(found.success and found.x[-1] > 1e-9)


@pytest.mark.parametrize("seed", range(10))
def test_perfect_is_what_survives_trembles(seed):
    """Perfect: each strategy is best against the other and against some tremble (van Damme 1991, section 2.2)."""
    rng = np.random.default_rng(seed)
    for levels in (2, 3):
        game = StageGame(rng.integers(0, levels, size=(2, 3, 4)).astype(float))
        for equilibrium in solve(game, SupportEnumeration()).equilibria:
            survives = [
                best_against_a_full_mix(table, strategy)
                for table, strategy in zip((game.payoffs[0], game.payoffs[1].T), equilibrium.profile, strict=True)
            ]
            flags = equilibrium_flags(game, equilibrium)
            assert flags.perfect == all(survives)
            assert flags.weakly_dominated == tuple(np.array(game.players)[~np.array(survives)])


def logit_eigenvalues(game, profile, precision):
    """Eigenvalues at the rest point of the logit dynamics near a profile, by differences; None when none is near."""
    m = game.n_actions[0]

    def motion(z):
        x, y = z[:m], z[m:]
        out = []
        for payoffs, own in ((game.payoffs[0] @ y, x), (game.payoffs[1].T @ x, y)):
            weights = np.exp(precision * (payoffs - payoffs.max()))
            out.append(weights / weights.sum() - own)
        return np.concatenate(out)

    rest = root(motion, np.concatenate(profile), tol=1e-12)
    if not rest.success or np.abs(rest.x - np.concatenate(profile)).max() > 0.05:
        return None
    steps = 1e-6 * np.eye(len(rest.x))
    jacobian = np.array([(motion(rest.x + h) - motion(rest.x - h)) / 2e-6 for h in steps]).T
    return np.linalg.eigvals(jacobian)


@pytest.mark.parametrize("size", [2, 3])
def test_logit_stability_is_what_the_dynamics_do(size):
    rng = np.random.default_rng(size)
    seen = set()
    for _ in range(25):
        game = StageGame(rng.uniform(size=(2, size, size)))
        for equilibrium in solve(game, SupportEnumeration()).equilibria:
            flags = equilibrium_flags(game, equilibrium)
            eigenvalues = logit_eigenvalues(game, equilibrium.profile, 300.0)
            if eigenvalues is not None and abs(flags.replicator_growth) > 0.03:
                assert flags.logit_stable == (eigenvalues.real.max() < 0.0)
                seen.add((flags.strict, flags.logit_stable))
    assert seen >= {(True, True), (False, False)}


def test_cycles_are_open_for_the_replicator_and_stable_for_logit():
    """Zero-sum: the replicator cycles around the mix (Hofbauer and Sigmund 1998), noise damps the cycle."""
    pennies = StageGame([[[1, -1], [-1, 1]], [[-1, 1], [1, -1]]])
    flags = equilibrium_flags(pennies, [[0.5, 0.5], [0.5, 0.5]])
    assert (flags.replicator_stable, flags.logit_stable, flags.index) == (None, True, 1)
    assert abs(flags.replicator_growth) < 1e-12
    assert logit_eigenvalues(pennies, [[0.5, 0.5], [0.5, 0.5]], 5.0).real.max() < 0.0


def test_shapley_cycle_is_unstable():
    """Shapley (1964): a unique mixed equilibrium from which play moves away."""
    a = np.array([[1.0, 0, 0], [0, 1, 0], [0, 0, 1]])
    b = np.array([[0.0, 1, 0], [0, 0, 1], [1, 0, 0]])
    flags = equilibrium_flags(BIMATRIX(a, b), [[1 / 3] * 3, [1 / 3] * 3])
    assert (flags.index, flags.replicator_stable, flags.logit_stable) == (1, False, False)


def test_more_players_have_strictness_only():
    payoffs = np.zeros((3, 2, 2, 2))
    payoffs[:, 0, 0, 0] = 1.0
    game = StageGame(payoffs)
    assert equilibrium_flags(game, (0, 0, 0)) == EquilibriumFlags(strict=True, quasi_strict=True)
    assert equilibrium_flags(game, (1, 1, 1)) == EquilibriumFlags(strict=False, quasi_strict=False)
    assert equilibrium_flags(StageGame([[1, 4, 4]]), (1,)).quasi_strict is False


def test_constant_and_single_actions():
    flags = equilibrium_flags(StageGame(np.full((2, 1, 1), 3.0)), (0, 0))
    assert (flags.strict, flags.index, flags.perfect, flags.replicator_growth) == (True, 1, True, None)
    flat = equilibrium_flags(StageGame(np.zeros((2, 2, 2))), (0, 1))
    assert (flat.strict, flat.quasi_strict, flat.perfect, flat.replicator_stable) == (False, False, True, None)


def test_no_equilibrium_no_flags_and_round_trip():
    game = BIMATRIX([[9, 1], [10, 3]], [[9, 10], [1, 3]])
    with pytest.raises(ValueError, match=r"the profile is no equilibrium: regret 0.111 of the payoff range"):
        equilibrium_flags(game, (0, 0))
    flags = equilibrium_flags(game, (1, 1))
    assert EquilibriumFlags.from_dict(json.loads(json.dumps(flags.to_dict()))) == flags
