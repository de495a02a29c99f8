import itertools
import json
import pickle

import numpy as np
import pytest
from known_markov_games import PRISONERS, two_state_prisoners

from bargain.games.automaton import Automaton, AutomatonEquilibrium, certify_automaton
from bargain.games.repeated import RepeatedGame
from bargain.games.simple_strategies import grim_trigger

COOPERATE, DEFECT = 0, 1


def alternating():
    """Both cooperate, then both defect, and so on, whatever anybody does."""
    return Automaton([[0, 0], [1, 1]], [[[1, 1], [1, 1]], [[0, 0], [0, 0]]])


def test_values_of_a_cycle_by_hand():
    found = certify_automaton(RepeatedGame(PRISONERS, 0.5), alternating())
    # (1 - d)(9 + 3 d) / (1 - d^2) and the other way round.
    np.testing.assert_allclose(found.values[:, 0], [(9 + 1.5) / 1.5, (3 + 4.5) / 1.5], atol=1e-14)
    np.testing.assert_allclose(found.payoffs, [[7, 7]], atol=1e-14)
    assert found.certificate.regret[0].tolist() == pytest.approx([0.5, 0.5])
    assert found.certificate.regret[1].tolist() == [0.0, 0.0]


def test_regret_in_a_memory_that_is_never_reached_counts():
    threat = grim_trigger(PRISONERS, (0, 0), (0, 0))
    assert not certify_automaton(RepeatedGame(PRISONERS, 0.9), threat).certificate.holds
    empty_threat = Automaton([[1, 1], [0, 0]], np.zeros((2, 2, 2), dtype=int))
    found = certify_automaton(RepeatedGame(PRISONERS, 0.9), empty_threat)
    assert found.certificate.regret[0].max() == 0.0
    assert not found.certificate.holds


def test_public_lotteries_and_start():
    # After every round the lottery says whether to cooperate or to defect next.
    successors = np.broadcast_to([0, 1], (2, 2, 2, 2))
    fair = Automaton([[0, 0], [1, 1]], successors, np.full((2, 2, 2, 2), 0.5), start=[0.5, 0.5])
    found = certify_automaton(RepeatedGame(PRISONERS, 0.9), fair)
    np.testing.assert_allclose(found.payoffs, [[6, 6]], atol=1e-13)


def markov_grim(game):
    """Cooperate in both states until somebody defects; memories: agreed in 1 and 2, broken in 1 and 2."""
    successors = np.empty((4, 2, 2, game.successors.shape[-1]), dtype=int)
    for m, move in itertools.product(range(4), itertools.product(range(2), repeat=2)):
        broken = m >= 2 or move != (0, 0)
        successors[(m, *move)] = game.successors[(m % 2, *move)] + 2 * broken
    probabilities = game.probabilities[[0, 1, 0, 1]]
    return Automaton([[0, 0], [0, 0], [1, 1], [1, 1]], successors, probabilities, states=[0, 1, 0, 1])


def test_cooperation_in_the_two_state_prisoners_dilemma():
    threshold = (np.sqrt(97) - 7) / 8
    for shift, holds in ((-1e-6, False), (1e-6, True)):
        game = two_state_prisoners(threshold + shift)
        found = certify_automaton(game, markov_grim(game))
        assert found.certificate.holds is holds
        assert found.payoffs.shape == (2, 2)


def test_memories_must_pass_from_state_to_state_as_the_game_does():
    game = two_state_prisoners(0.5)
    plan = markov_grim(game)
    wrong = Automaton(plan.outputs, plan.successors, plan.probabilities[..., ::-1], plan.states)
    with pytest.raises(ValueError, match="passes to other states than in the game"):
        certify_automaton(game, wrong)
    with pytest.raises(ValueError, match=r"automaton of \(2, 2\) actions in 2 states does not fit"):
        certify_automaton(RepeatedGame(PRISONERS, 0.5), plan)


def test_plain_data():
    found = certify_automaton(RepeatedGame(PRISONERS, 0.5), alternating())
    text = json.dumps(found.to_dict())
    assert AutomatonEquilibrium.from_dict(json.loads(text)) == found
    assert pickle.loads(pickle.dumps(found)) == found


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([0, 1], [[[0]]]), "is not \\(n_memories, n_players\\)"),
        (([[0, 0]], [[[1, 0], [0, 0]]]), r"successors\[0, 0, 0\] = 1 is outside 0\.\.0"),
        (([[0, 0]], [[0, 0]]), "are not \\(n_memories, \\*n_actions, k\\)"),
        (([[0, 0]], [[[0, 0], [0, 0]]], None, [0, 0]), "states of shape"),
        (([[0, 0]], [[[0, 0], [0, 0]]], None, None, [0.5]), "is no lottery over the memories of state 0"),
        (([[0, 0]], [[[0, 0], [0, 0]]], None, None, [0.5, 0.5]), "start of shape"),
    ],
)
def test_bad_automata(arguments, message):
    with pytest.raises(ValueError, match=message):
        Automaton(*arguments)
