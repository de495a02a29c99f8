import numpy as np
import pytest

from bargain.games.markov import MarkovGame
from bargain.solvers import enforceable_elimination as module
from bargain.solvers.enforceable import weighted_tables
from bargain.solvers.enforceable_elimination import Elimination, best_reply, eliminate, first_near_best
from bargain.solvers.watch import Watch
from tests.known_markov_games import random_markov


def tables_of(seed=0, n_states=6, n_actions=(3, 3), d=0.8, **more):
    game = random_markov(np.random.default_rng(seed), n_states, n_actions, 3, d, **more)
    return weighted_tables(game, np.ones(len(n_actions)))


def punishment_by_iteration(tables, player, mask):
    """Plain value iteration of the second equation."""
    shape = (len(mask), *tables.n_actions)
    value = np.zeros(len(mask))
    held = mask.reshape(shape).any(axis=1 + player)
    for _ in range(400):
        ahead = (tables.chances * value[tables.follow.astype(int)]).sum(axis=2)
        worth = (1 - tables.discount_factor) * tables.own[player] + tables.discount_factor * ahead
        best = worth.reshape(shape).max(axis=1 + player)
        value = np.where(held, best, np.inf).reshape(len(mask), -1).min(axis=1)
    return value


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("cautious", [False, True])
def test_punishments_however_they_are_met(monkeypatch, seed, cautious):
    tables = tables_of(seed, n_actions=(2, 3, 2) if seed % 2 else (3, 3))
    run = Elimination.start(tables)
    run.mask &= np.random.default_rng(seed).random(run.mask.shape) < 0.6
    run.mask[:, 0] = True
    if cautious:
        # After two steps that lead away the punisher is fixed and the best reply to him found.
        from bargain.solvers import enforceable_kernels as kernels

        monkeypatch.setattr(kernels, "chain_value", spoiled(kernels.chain_value))
    followed = []
    monkeypatch.setattr(module, "best_reply", lambda *args: (followed.append(1), best_reply(*args)))
    for player in range(len(tables.own)):
        residual = module.worst_punishment(tables, run, player)
        assert residual <= 1e-13 * tables.scale
        expected = punishment_by_iteration(tables, player, run.mask)
        np.testing.assert_allclose(run.punishments[player], expected, atol=1e-12)
    assert bool(followed) == cautious


def spoiled(solve):
    """A solution that is far off in its first four calls, so that the steps do not come nearer."""
    rng, calls = np.random.default_rng(0), []

    def chain_value(*args):
        solve(*args)
        calls.append(1)
        if len(calls) <= 4:
            args[5][:] = 10.0 ** len(calls) * rng.normal(size=len(args[5]))

    return chain_value


def test_best_reply_to_a_fixed_punisher():
    tables = tables_of(3)
    reply, value = np.zeros(6, dtype=np.int32), np.zeros(6)
    best_reply(tables, 0, reply, value)
    only = np.zeros_like(tables.open)
    only[:, ::3] = True  # The second player keeps to his first action.
    np.testing.assert_allclose(value, punishment_by_iteration(tables, 0, only), atol=1e-12)


def test_the_start_does_not_matter():
    for seed in range(8):
        tables = tables_of(seed, d=0.4, integers=True)
        fresh = eliminate(tables, Elimination.start(tables), Watch())
        plan = first_near_best(fresh, tables.near)
        warm = eliminate(tables_of(seed + 100, d=0.6), Elimination.start(tables), Watch())
        warm.again(tables)
        eliminate(tables, warm, Watch())
        np.testing.assert_allclose(warm.joint, fresh.joint, atol=1e-13)
        assert np.array_equal(warm.dropped_in, fresh.dropped_in)
        assert warm.ties == fresh.ties
        for one, two in zip(plan, first_near_best(warm, tables.near), strict=True):
            assert np.array_equal(one, two)


def test_bounds_tighten_round_by_round():
    tables = tables_of(1, n_states=20, d=0.3)
    run = eliminate(tables, Elimination.start(tables), Watch())
    assert len(run.rounds) >= 3
    for (joint, low), (joint_next, low_next) in zip(run.rounds, run.rounds[1:], strict=False):
        alive = run.died_in == 0
        assert np.all(joint_next[alive] <= joint[alive] + 1e-13)
        assert np.all(low_next[:, alive] >= low[:, alive] - 1e-13)


def test_payoffs_of_unavailable_moves_are_never_read():
    game = random_markov(np.random.default_rng(0), 3, (2, 2), 2, 0.7)
    available = [np.ones((3, 2), dtype=bool), np.array([[True, False]] * 3)]
    payoffs = game.payoffs.copy()
    results = []
    for junk in (0.0, 1e9):
        payoffs[..., 1] = junk
        closed = MarkovGame(payoffs, game.successors, game.probabilities, 0.7, available=available)
        tables = weighted_tables(closed, np.ones(2))
        run = eliminate(tables, Elimination.start(tables), Watch())
        results.append((run.joint, run.punishments, tables.scale))
    for one, two in zip(*results, strict=True):
        np.testing.assert_array_equal(one, two)
