import json
import pickle
import sys

import numpy as np
import pytest

from bargain.games import StageGame
from bargain.games.markov import MarkovGame
from bargain.solvers import solve
from bargain.solvers.enforceable import EnforceableDeals
from bargain.solvers.enforceable_many import enforceable_many
from bargain.solvers.enforceable_many_solution import ManyDeals
from tests.known_markov_games import ABREU_COURNOT, MATCHING_PENNIES, random_markov

# The function of this name hides its module in the package.
module = sys.modules[enforceable_many.__module__]


def batch(n_draws=21, seed=0, n_states=4, n_actions=(3, 2), d=0.5):
    rng = np.random.default_rng(seed)
    base = random_markov(rng, n_states, n_actions, 2, d)
    payoffs = base.payoffs + 0.5 * rng.normal(size=(n_draws, *base.payoffs.shape))
    return base, payoffs


def assert_same(many, number, one):
    assert many.status[number] == one.status
    assert many.scope[number] == one.scope
    assert many.message[number] == one.message
    np.testing.assert_allclose(many.joint_value[number], one.joint_value, atol=1e-12)
    np.testing.assert_allclose(many.punishments[number], one.punishments, atol=1e-12)
    assert np.array_equal(many.admissible[number], one.admissible)
    if one.deal is not None:
        assert np.array_equal(many.moves[number], one.deal.moves)
    assert many.n_rounds[number] == one.proof.n_rounds


@pytest.mark.parametrize("n_actions", [(3, 2), (2, 2, 2)])
@pytest.mark.parametrize("side_by_side", [True, False])
def test_same_answers_as_one_by_one(monkeypatch, n_actions, side_by_side):
    monkeypatch.setattr(module, "TOGETHER", 8 if side_by_side else 1)
    solver = EnforceableDeals(transfer_weights=(1.0, 0.6, 2.0)[: len(n_actions)])
    base, payoffs = batch(n_actions=n_actions)
    factors = np.linspace(0.0, 0.8, len(payoffs))
    many = enforceable_many(payoffs, base.successors, base.probabilities, factors, solver)
    for number, (table, d) in enumerate(zip(payoffs, factors, strict=True)):
        assert_same(many, number, solve(MarkovGame(table, base.successors, base.probabilities, d), solver))
    assert len(set(many.n_rounds.tolist())) > 2
    assert set(many.status) >= {"solved", "no_equilibrium_found"}


def test_transitions_of_every_draw_and_missing_actions():
    rng = np.random.default_rng(3)
    base, payoffs = batch(6, seed=3)
    available = [np.ones((4, 3), dtype=bool), np.ones((4, 2), dtype=bool)]
    available[0][1, 2] = available[1][3, 0] = False
    chances = rng.dirichlet(np.ones(2), size=(6, 4, 3, 2))
    follow = rng.integers(0, 4, size=(6, 4, 3, 2, 2))
    many = enforceable_many(payoffs, follow, chances, 0.6, available=available)
    one_for_all = enforceable_many(payoffs, base.successors, base.probabilities, 0.6, available=available)
    for number, table in enumerate(payoffs):
        game = MarkovGame(table, follow[number], chances[number], 0.6, available=available)
        assert_same(many, number, solve(game, EnforceableDeals()))
        game = MarkovGame(table, base.successors, base.probabilities, 0.6, available=available)
        assert_same(one_for_all, number, solve(game, EnforceableDeals()))


def one_state(*tables):
    payoffs = np.array(tables)[:, None]
    shape = (1, *payoffs.shape[3:], 1)
    return payoffs, np.zeros(shape, dtype=int), np.ones(shape)


def test_a_draw_without_equilibrium_is_a_row():
    table = one_state(MATCHING_PENNIES.payoffs, [[[1, 0], [0, 2]]] * 2)
    many = enforceable_many(*table, 0.5, players=("US", "CN"))
    assert many.status == ("no_equilibrium_found", "solved")
    assert many.scope == ("all", "all")
    assert np.isnan(many.joint_value[0, 0])
    assert many.joint_value[1, 0] == pytest.approx(4.0)
    frame = many.to_frame(state=0)
    assert frame["exists"].tolist() == [False, False, True, True]
    assert frame["player"].tolist() == ["US", "CN"] * 2
    assert frame["action"].isna().tolist() == [True, True, False, False]
    assert "no pure subgame-perfect equilibrium" in frame["message"][0]


def test_critical_discount_factors_in_one_call():
    factors = np.array([0.0, 0.2499, 0.25, 0.33, 1 / 3, 0.6])
    many = enforceable_many(*one_state(*[ABREU_COURNOT.payoffs] * 6), factors)
    np.testing.assert_allclose(many.joint_value[:, 0], [14, 14, 18, 18, 20, 20])
    np.testing.assert_allclose(many.share()[:, 0].sum(axis=1), many.joint_value[:, 0])


def test_results_are_plain_data():
    base, payoffs = batch(5)
    many = enforceable_many(payoffs, base.successors, base.probabilities, 0.5, EnforceableDeals((1.0, 2.0)))
    assert ManyDeals.from_dict(json.loads(json.dumps(many.to_dict()))) == many
    assert pickle.loads(pickle.dumps(many)) == many
    assert len(many) == 5
    assert many.plan.shape == (5, 4, 2)
    assert many.punishment_plans.shape == (5, 2, 4, 2)
    assert len(many.to_frame()) == 5 * 4 * 2
    with pytest.raises(ValueError, match="entry 'joint' is missing"):
        ManyDeals.from_dict({key: value for key, value in many.to_dict().items() if key != "joint"})


@pytest.mark.parametrize("side_by_side", [True, False])
def test_time_limit(monkeypatch, side_by_side):
    monkeypatch.setattr(module, "TOGETHER", 8 if side_by_side else 1)
    base, payoffs = batch(4)
    many = enforceable_many(payoffs, base.successors, base.probabilities, 0.5, time_limit=0.0)
    assert set(many.status) == {"stopped_early"}
    assert "time limit of the batch" in many.message[0]
    assert not many.success.any()


def test_a_wrong_answer_is_refused(monkeypatch):
    def wrong(self):
        found = right(self)
        found[1].moves[0] = 1 - found[1].moves[0] // 2
        found[2].run.rounds[-1][0][:] += 1.0
        return found

    right = module.Block.answers
    monkeypatch.setattr(module.Block, "answers", wrong)
    base, payoffs = batch(3, n_actions=(2, 2), d=0.9)
    many = enforceable_many(payoffs, base.successors, base.probabilities, 0.9)
    assert many.status[0] == "solved"
    assert many.status[1:] == ("rejected_all", "rejected_all")
    assert "regime 0" in many.rejected[1][0].reason


def test_wrong_input():
    base, payoffs = batch(3)
    args = base.successors, base.probabilities
    broken = payoffs.copy()
    broken[1, 0, 0, 0, 0] = np.nan
    with pytest.raises(ValueError, match=r"payoffs\[1\]\[0, 0, 0, 0\] = nan is not finite"):
        enforceable_many(broken, *args, 0.5)
    with pytest.raises(ValueError, match="is not \\(n_draws, n_states, n_players"):
        enforceable_many(StageGame([np.eye(2)] * 2).payoffs, *args, 0.5)
    with pytest.raises(ValueError, match="discount_factor of shape"):
        enforceable_many(payoffs, *args, [0.5, 0.6])
    with pytest.raises(ValueError, match=r"discount_factor = 1.0 is not in"):
        enforceable_many(payoffs, *args, [0.5, 0.6, 1.0])
    chances = np.repeat(base.probabilities[None], 3, axis=0)
    chances[2, 0, 0, 0] = 0.7
    with pytest.raises(ValueError, match=r"probabilities\[2\]\[0, 0, 0\] = \[0.7, 0.7\] are no probabilities"):
        enforceable_many(payoffs, base.successors, chances, 0.5)
    with pytest.raises(ValueError, match="neither for all draws nor for 3 draws"):
        enforceable_many(payoffs, base.successors, chances[:2], 0.5)
    with pytest.raises(ValueError, match="without max_transfer"):
        enforceable_many(payoffs, *args, 0.5, EnforceableDeals(max_transfer=1.0))
    with pytest.raises(TypeError, match="is not EnforceableDeals"):
        enforceable_many(payoffs, *args, 0.5, "deals")
