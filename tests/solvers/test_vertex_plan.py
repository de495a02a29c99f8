import numpy as np
import pytest
from known_markov_games import PRISONERS, public_goods

from bargain.games.automaton import certify_automaton
from bargain.games.repeated import RepeatedGame
from bargain.games.simple_strategies import grim_trigger
from bargain.solvers.vertex_plan import VertexPlan

# Cooperate with chance 3/4 of going on, else defect for ever.
PLAN = VertexPlan([[0, 0], [1, 1]], [[0, 1], [1, 1]], [[0.75, 0.25], [1.0, 0.0]], [1, 1])


def test_values_and_regret_by_hand():
    game = RepeatedGame(PRISONERS, 0.8)
    values = PLAN.values(game)
    cooperating = (0.2 * 9 + 0.8 * 0.25 * 3) / (1 - 0.8 * 0.75)
    np.testing.assert_allclose(values, [[cooperating] * 2, [3, 3]])
    np.testing.assert_allclose(PLAN.regret(game, values), 0.0)
    impatient = RepeatedGame(PRISONERS, 0.05)
    values = PLAN.values(impatient)
    gain = 0.95 * 10 + 0.05 * 3 - values[0, 0]
    np.testing.assert_allclose(PLAN.regret(impatient, values), [[gain, gain], [0, 0]])


@pytest.mark.parametrize("discount_factor", [0.0, 0.1, 0.5, 0.9])
def test_the_automaton_has_the_same_values_and_gains(discount_factor):
    game = RepeatedGame(PRISONERS, discount_factor)
    certified = certify_automaton(game, PLAN.automaton(game, 1))
    values = PLAN.values(game)
    np.testing.assert_allclose(certified.values, values, atol=1e-12)
    np.testing.assert_allclose(certified.certificate.regret, PLAN.regret(game, values), atol=1e-12)
    np.testing.assert_allclose(certified.payoffs[0], values[1])


def test_three_players():
    game = RepeatedGame(public_goods(), 0.5)
    plan = VertexPlan([[0, 0, 0], [1, 1, 1]], [[0], [1]], [[1.0], [1.0]], [1, 1, 1])
    grim = certify_automaton(game, grim_trigger(game.stage_game, (0, 0, 0), (1, 1, 1)))
    np.testing.assert_allclose(plan.values(game)[0], grim.payoffs[0])
    assert certify_automaton(game, plan.automaton(game)).certificate.holds


def test_reordering_keeps_the_play():
    game = RepeatedGame(PRISONERS, 0.5)
    np.testing.assert_allclose(PLAN.reordered([1, 0]).values(game), PLAN.values(game)[::-1])
    assert VertexPlan.from_dict(PLAN.to_dict()) == PLAN


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (([[0, 0]], [[1]], [[1.0]], [0, 0]), "successors"),
        (([[0, 0]], [[0]], [[0.5]], [0, 0]), "no lottery"),
        (([[0, 0]], [[0, 0]], [[1.0]], [0, 0]), r"not \(n_memories, k\)"),
        (([[0, 0]], [[0]], [[1.0]], [0]), "1 punishments for 2 players"),
        (([0, 0], [[0]], [[1.0]], [0]), r"not \(n_memories, n_players\)"),
    ],
)
def test_wrong_plans_are_refused(fields, message):
    with pytest.raises(ValueError, match=message):
        VertexPlan(*fields)


def test_a_plan_of_another_game_is_refused():
    plan = VertexPlan([[2, 0]], [[0]], [[1.0]], [0, 0])
    with pytest.raises(ValueError, match="no profiles of a game"):
        plan.values(RepeatedGame(PRISONERS, 0.5))
