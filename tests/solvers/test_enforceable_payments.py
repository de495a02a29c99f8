import numpy as np
import pytest

from bargain.solvers.enforceable import weighted_tables
from bargain.solvers.enforceable_elimination import Elimination, eliminate
from bargain.solvers.enforceable_payments import deal_of, promised
from bargain.solvers.watch import Watch
from tests.known_markov_games import random_markov, two_state_prisoners


@pytest.fixture(params=range(4))
def solved(request):
    n_actions = (2, 2, 2) if request.param % 2 else (3, 2)
    game = random_markov(np.random.default_rng(request.param), 4, n_actions, 2, 0.85)
    tables = weighted_tables(game, np.ones(len(n_actions)))
    return tables, eliminate(tables, Elimination.start(tables), Watch())


def test_promises_divide_the_surplus(solved):
    tables, run = solved
    n = len(tables.own)
    split = np.arange(1, n + 1) / (n * (n + 1) / 2)
    promises = promised(tables, run, split)
    np.testing.assert_allclose(promises.shares.sum(axis=2), 1.0)
    assert promises.shares.min() >= 0.0
    # The values of the path add up to U.
    np.testing.assert_allclose(promises.values.sum(axis=1), run.joint, atol=1e-12)
    assert np.all(promises.values >= run.punishments.T - 1e-12)


def test_payments_balance_and_start_as_wanted(solved):
    tables, run = solved
    n, d = len(tables.own), tables.discount_factor
    split = np.full(n, 1.0 / n)
    deal = deal_of(tables, run, np.ones(n), split)
    for table in (deal.up_front, deal.payments, deal.fines):
        np.testing.assert_allclose(table.sum(axis=-1), 0.0, atol=1e-12)
    values = promised(tables, run, split).values
    surplus = run.joint - run.punishments.sum(axis=0)
    start = values - (1.0 - d) * deal.up_front
    np.testing.assert_allclose(start, run.punishments.T + split * surplus[:, None], atol=1e-12)
    for j in range(n):
        np.testing.assert_allclose(values[:, j] - (1.0 - d) * deal.fines[j, :, j], run.punishments[j], atol=1e-12)


def test_nobody_is_paid_for_what_he_does_anyway():
    # Mutual defection of the impatient is a Nash equilibrium every round: nothing is paid on the path.
    game = two_state_prisoners(0.1)
    tables = weighted_tables(game, np.ones(2))
    run = eliminate(tables, Elimination.start(tables), Watch())
    deal = deal_of(tables, run, np.ones(2), np.full(2, 0.5))
    assert deal.plan.tolist() == [[1, 1], [1, 1]]
    np.testing.assert_allclose(deal.payments, 0.0, atol=1e-12)
