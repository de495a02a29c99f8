import numpy as np
import pytest
from known_markov_games import MATCHING_PENNIES, PRISONERS, public_goods

from bargain.games import StageGame
from bargain.games.automaton import certify_automaton
from bargain.games.repeated import RepeatedGame
from bargain.games.simple_strategies import (
    grim_trigger,
    penance,
    simple_strategies,
    stick_and_carrot,
    tit_for_tat,
    worst_nash,
)

GOOD, BAD = (0, 0), (1, 1)


def holds(game, automaton, discount_factor):
    return certify_automaton(RepeatedGame(game, discount_factor), automaton).certificate.holds


@pytest.mark.parametrize(
    ("automaton", "threshold"),
    [
        # Gain 1 against a loss of 6 in every later round; one round of 6; one round of 8 while rewarding the other.
        (grim_trigger(PRISONERS, GOOD), 1 / 7),
        (stick_and_carrot(PRISONERS, GOOD, BAD), 1 / 6),
        (penance(PRISONERS, GOOD, [(0, 1), (1, 0)]), 1 / 4),
    ],
    ids=["grim trigger", "stick and carrot", "penance"],
)
def test_critical_discount_factors_of_the_prisoners_dilemma(automaton, threshold):
    assert not holds(PRISONERS, automaton, threshold - 1e-6)
    assert holds(PRISONERS, automaton, threshold + 1e-6)


def test_tit_for_tat_is_perfect_only_on_the_knife_edge():
    # Alternating defection must be worth as much as cooperation in both roles (Kalai, Samet and Stanford 1988).
    table = np.array([[2.0, -1.0], [3.0, 0.0]])
    game = StageGame.from_bimatrix(table, table.T)
    plan = tit_for_tat(game, GOOD, BAD)
    assert holds(game, plan, 1 / 3)
    assert not holds(game, plan, 0.32)
    assert not holds(game, plan, 0.34)


def test_everybody_has_a_punishment_of_their_own():
    game = public_goods()
    plan = grim_trigger(game, (0, 0, 0))
    assert plan.memories == ("path 1", "punish player_1 1", "punish player_2 1", "punish player_3 1")
    assert not holds(game, plan, 1 / 3 - 1e-6)
    assert holds(game, plan, 1 / 3 + 1e-6)
    battle = StageGame.from_bimatrix([[3, 0], [0, 1]], [[1, 0], [0, 3]])
    assert (worst_nash(battle, 0), worst_nash(battle, 1)) == ((1, 1), (0, 0))


def test_paths_cycles_and_labels():
    game = RepeatedGame(PRISONERS, 0.5)
    plan = simple_strategies(
        PRISONERS,
        [("action_1", "action_2"), ("action_2", "action_1")],
        {"player_2": [BAD], "player_1": [BAD]},
        cycle=2,
    )
    # (1 + 10 d) / (1 + d) and (10 + d) / (1 + d).
    np.testing.assert_allclose(certify_automaton(game, plan).payoffs, [[4, 7]], atol=1e-14)
    long_stick = stick_and_carrot(PRISONERS, GOOD, BAD, length=3)
    assert long_stick.n_memories == 1 + 2 * 4
    with pytest.raises(ValueError, match="no player 'player_3'; did you mean 'player_"):
        simple_strategies(PRISONERS, [GOOD], {"player_3": [BAD]})
    with pytest.raises(ValueError, match="none for player player_2"):
        simple_strategies(PRISONERS, [GOOD], {"player_1": [BAD]})
    with pytest.raises(ValueError, match="1 punishments for 2 players"):
        simple_strategies(PRISONERS, [GOOD], [[BAD]])
    with pytest.raises(ValueError, match="cycle = 2"):
        simple_strategies(PRISONERS, [GOOD], [[BAD], [BAD]], cycle=2)
    with pytest.raises(ValueError, match="no pure Nash equilibrium"):
        grim_trigger(MATCHING_PENNIES, GOOD)
    with pytest.raises(ValueError, match="length = 0"):
        stick_and_carrot(PRISONERS, GOOD, BAD, 0)
    with pytest.raises(ValueError, match="tit for tat is played by two"):
        tit_for_tat(public_goods(), (0, 0, 0), (1, 1, 1))
