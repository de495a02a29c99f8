import numpy as np
import pytest

from bargain.solvers import enforceable_block as module
from bargain.solvers.enforceable import weighted_tables
from bargain.solvers.enforceable_block import Block
from bargain.solvers.enforceable_elimination import Elimination, best_reply, eliminate, first_near_best
from bargain.solvers.watch import Watch
from tests.known_markov_games import random_markov


def tables_of(n_draws=5, n_actions=(3, 3), integers=False):
    base = weighted_tables(random_markov(np.random.default_rng(7), 6, n_actions, 2, 0.5), np.ones(len(n_actions)))
    rng = np.random.default_rng(8)
    shape = (6, len(n_actions), *n_actions)
    tables = [rng.integers(0, 5, shape).astype(float) if integers else rng.normal(size=shape) for _ in range(n_draws)]
    return [base.with_payoffs(own, d) for own, d in zip(tables, np.linspace(0.0, 0.8, n_draws), strict=True)]


@pytest.mark.parametrize("integers", [False, True])
@pytest.mark.parametrize("start", [False, True])
def test_side_by_side_as_one_by_one(integers, start):
    tables = tables_of(n_actions=(2, 2, 2) if start else (3, 3), integers=integers)
    values = np.random.default_rng(0).normal(size=(1 + len(tables[0].own), 6)) if start else None
    block = Block(tables, values)
    assert block.eliminate(Watch())
    for one, answer in zip(tables, block.answers(), strict=True):
        run = eliminate(one, Elimination.start(one), Watch())
        assert len(run.rounds) == len(answer.run.rounds)
        for mine, other in zip(run.rounds, answer.run.rounds, strict=True):
            np.testing.assert_allclose(mine[0], other[0], atol=1e-12)
            np.testing.assert_allclose(mine[1], other[1], atol=1e-12)
        for name in ("mask", "dropped_in", "died_in", "ties", "finished"):
            assert np.array_equal(getattr(run, name), getattr(answer.run, name)), name
        plan, punishing = first_near_best(run, one.near)
        assert np.array_equal(answer.moves, np.concatenate([plan[None], punishing]))


def test_a_draw_whose_steps_do_not_come_nearer(monkeypatch):
    from bargain.solvers import enforceable_kernels as kernels

    rng, calls, followed, right = np.random.default_rng(0), [], [], kernels.chain_value

    def spoiled(*args):
        right(*args)
        calls.append(1)
        if len(calls) <= 60 and len(calls) > 25:
            args[5][:] = 1e3 * rng.normal(size=len(args[5]))

    monkeypatch.setattr(kernels, "chain_value", spoiled)
    monkeypatch.setattr(module, "best_reply", lambda *args: (followed.append(1), best_reply(*args)))
    tables = tables_of()
    block = Block(tables)
    block.eliminate(Watch())
    assert followed
    monkeypatch.undo()
    for one, answer in zip(tables, block.answers(), strict=True):
        run = eliminate(one, Elimination.start(one), Watch())
        np.testing.assert_allclose(answer.run.joint, run.joint, atol=1e-12)
        np.testing.assert_allclose(answer.run.punishments, run.punishments, atol=1e-12)


def test_time_is_up():
    block = Block(tables_of())
    assert not block.eliminate(Watch(0.0))
