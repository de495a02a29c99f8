import numpy as np
import pytest

from bargain.solvers import enforceable_kernels as kernels


def random_tables(seed, n_states=7, n_moves=6, width=3):
    rng = np.random.default_rng(seed)
    payoffs = rng.normal(size=(n_states, n_moves))
    chances = rng.dirichlet(np.ones(width), size=(n_states, n_moves))
    follow = rng.integers(0, n_states, size=(n_states, n_moves, width)).astype(np.uint32)
    return rng, payoffs, chances, follow


def dense_value(payoffs, chances, follow, moves, d):
    n = len(payoffs)
    chain = np.zeros((n, n))
    s = np.arange(n)
    np.add.at(chain, (s[:, None], follow[s, moves]), chances[s, moves])
    return np.linalg.solve(np.eye(n) - d * chain, (1 - d) * payoffs[s, moves])


@pytest.mark.parametrize("d", [0.0, 0.5, 0.97, 0.999])
@pytest.mark.parametrize("n_states", [1, 7, 60])
def test_chain_value_against_a_dense_solution(d, n_states):
    rng, payoffs, chances, follow = random_tables(1, n_states)
    moves = rng.integers(0, 6, n_states).astype(np.int32)
    value = rng.normal(size=n_states)
    kernels.chain_value(payoffs, chances, follow, moves, d, value, 1e-15)
    np.testing.assert_allclose(value, dense_value(payoffs, chances, follow, moves, d), atol=1e-11)


def test_chains_that_go_round_or_stay():
    # A ring without chance is where Krylov methods need as many steps as there are states.
    n = 50
    payoffs = np.random.default_rng(0).normal(size=(n, 1))
    for follow in ((np.arange(n) + 1) % n, np.arange(n), np.zeros(n)):
        table = np.asarray(follow).reshape(n, 1, 1).astype(np.uint32)
        value = np.zeros(n)
        moves = np.zeros(n, dtype=np.int32)
        kernels.chain_value(payoffs, np.ones((n, 1, 1)), table, moves, 0.99, value, 1e-15)
        np.testing.assert_allclose(value, dense_value(payoffs, np.ones((n, 1, 1)), table, moves, 0.99), atol=1e-11)


def test_steps_against_plain_loops():
    rng, payoffs, chances, follow = random_tables(2)
    mask = rng.random(payoffs.shape) < 0.6
    mask[:, 0] = True
    mask[3] = False
    value, d = rng.normal(size=7), 0.8
    worth, choice, out = np.zeros((7, 6)), np.zeros(7, dtype=np.int32), np.zeros(7)
    kernels.joint_step(payoffs, chances, follow, mask, d, value, worth, choice, out)
    plain = (1 - d) * payoffs + d * (chances * value[follow]).sum(axis=2)
    np.testing.assert_allclose(worth[mask], plain[mask])
    best = np.where(mask, plain, -np.inf).max(axis=1)
    np.testing.assert_allclose(out, np.where(mask.any(axis=1), best, value))
    # Moves are (2 actions of a first player) x (3 of a second, whose actions are next to each other).
    can = np.ones((7, 3), dtype=bool)
    can[2, 1] = False
    replies = np.where(can[:, None], plain.reshape(7, 2, 3), -np.inf).max(axis=2)
    held = np.where(mask.reshape(7, 2, 3).any(axis=2), replies, np.inf).min(axis=1)
    for full in (True, False):
        table, reply = np.zeros((7, 6)), np.zeros(7, dtype=np.int32)
        flag = np.array([full])
        kernels.punish_step(payoffs, chances, follow, mask, can, 1, d, value, table, choice, reply, out, flag)
        np.testing.assert_allclose(out, np.where(np.isfinite(held), held, value))
        assert all(mask[s, choice[s]] for s in range(7) if s != 3)
        np.testing.assert_allclose(plain[np.arange(7), reply][np.isfinite(held)], held[np.isfinite(held)])
    kernels.punish_step(payoffs, chances, follow, mask, can, 1, d, value, table, choice, reply, out, np.array([True]))
    np.testing.assert_allclose(
        table.reshape(7, 2, 3)[mask.reshape(7, 2, 3)], np.repeat(replies[..., None], 3, 2)[mask.reshape(7, 2, 3)]
    )


def test_blocks_are_steps_side_by_side():
    rng, _, chances, follow = random_tables(3)
    payoffs, value, d = rng.normal(size=(7, 6, 4)), rng.normal(size=(7, 4)), np.array([0.0, 0.3, 0.6, 0.9])
    mask = rng.random((7, 6, 4)) < 0.7
    mask[:, 0] = True
    worth, choice, out = np.empty((7, 6, 4)), np.zeros((7, 4), dtype=np.int32), np.empty((7, 4))
    kernels.worth_block(payoffs, chances, follow, np.ones((7, 6), dtype=bool), d, value, worth)
    kernels.best_block(worth, mask, choice, out)
    can, reply, low = np.ones((7, 3), dtype=bool), np.zeros((7, 4), dtype=np.int32), np.empty((7, 4))
    can[5, 0] = False
    table = worth.copy()
    kernels.reply_block(table, mask, can, 1, choice.copy(), reply, low)
    for b in range(4):
        one, chosen, alone = np.zeros((7, 6)), np.zeros(7, dtype=np.int32), np.zeros(7)
        args = np.ascontiguousarray(payoffs[..., b]), chances, follow, np.ascontiguousarray(mask[..., b])
        start = np.ascontiguousarray(value[:, b])
        kernels.joint_step(*args, d[b], start, one, chosen, alone)
        np.testing.assert_allclose(out[:, b], alone)
        assert np.array_equal(choice[:, b], chosen)
        best, moves, replies = np.zeros((7, 6)), np.zeros(7, dtype=np.int32), np.zeros(7, dtype=np.int32)
        kernels.punish_step(*args, can, 1, d[b], start, best, moves, replies, alone, np.array([True]))
        np.testing.assert_allclose(low[:, b], alone)
        np.testing.assert_allclose(table[..., b], np.where(best == 0.0, table[..., b], best))
        assert np.array_equal(reply[:, b], replies)


def test_replies_improve_until_they_are_best():
    _, payoffs, chances, follow = random_tables(4)
    can = np.ones((7, 3), dtype=bool)
    can[0, 2] = False
    reply, value = np.zeros(7, dtype=np.int32), np.zeros(7)
    for _ in range(20):
        kernels.chain_value(payoffs, chances, follow, reply, 0.9, value, 1e-15)
        if not kernels.reply_step(payoffs, chances, follow, can, 1, 0.9, value, reply, 1e-13):
            break
    plain = 0.1 * payoffs + 0.9 * (chances * value[follow]).sum(axis=2)
    best = np.where(can, plain[:, :3], -np.inf).max(axis=1)
    np.testing.assert_allclose(value, best)


def test_drops_and_ties():
    worth = np.array([[1.0, 1.0, 1.0, 5.0]])
    best = np.array([[[0.5, 0.5, 0.5, 0.0]], [[0.5, 0.5 + 1e-12, 0.6, 0.0]]])
    mask, slack = np.ones((1, 4), dtype=bool), np.zeros((1, 4))
    assert kernels.drop_moves(worth, best, mask, 1e-10, slack) == (1, 2)
    assert mask.tolist() == [[True, True, False, True]]
    np.testing.assert_allclose(slack, [[0.0, 0.0, -0.1, 5.0]], atol=1e-11)
    chosen = np.zeros((1, 1), dtype=np.int32)
    table = np.array([0.0, 1.0, 1.0 + 1e-12, 0.0]).reshape(1, 4, 1)
    kernels.near_best(table, np.ones((1, 4, 1), dtype=bool), np.array([1e-10]), 1.0, chosen)
    assert chosen[0, 0] == 1
    kernels.near_best(table, np.array([False, True, True, False]).reshape(1, 4, 1), np.zeros(1), -1.0, chosen)
    assert chosen[0, 0] == 1
