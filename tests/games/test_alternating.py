import numpy as np
import pytest
from known_markov_games import COMMON_INTEREST, public_goods

from bargain.games import StageGame
from bargain.games.alternating import alternating
from bargain.games.stationary import StationaryProfile, stationary_values


def test_states_of_two_players():
    game = alternating(StageGame(COMMON_INTEREST.payoffs, ("US", "CN"), (("a", "b"), ("x", "y"))), 0.9)
    assert game.states == ("US | x", "US | y", "CN | a", "CN | b")
    np.testing.assert_array_equal(game.available[0], [[1, 1], [1, 1], [1, 0], [0, 1]])
    np.testing.assert_array_equal(game.available[1], [[1, 0], [0, 1], [1, 1], [1, 1]])
    # US moves to b while x stands: CN faces b next.
    assert game.states[game.successors[0, 1, 0, 0]] == "CN | b"


def test_play_in_turn_by_simulation():
    stage, d = public_goods(3), 0.7
    game = alternating(stage, d)
    rng = np.random.default_rng(2)
    plan = {state: int(rng.integers(2)) for state in game.states}
    moves = []
    for state in game.states:
        mover, standing = state.split(" | ")
        k = stage.players.index(mover)
        others = [stage.actions[0].index(a) for a in standing.split(", ")]
        moves.append([*others[:k], plan[state], *others[k:]])
    values = stationary_values(game, StationaryProfile.pure(game, moves))
    standing, mover, total = [0, 1, 1], 0, np.zeros(3)
    first = f"{stage.players[0]} | {stage.actions[1][1]}, {stage.actions[2][1]}"
    for t in range(150):
        others = ", ".join(stage.actions[k][a] for k, a in enumerate(standing) if k != mover)
        standing[mover] = plan[f"{stage.players[mover]} | {others}"]
        total += (1 - d) * d**t * stage.payoffs[(slice(None), *standing)]
        mover = (mover + 1) % 3
    np.testing.assert_allclose(values[game.state_index(first)], total, atol=1e-12)


def test_discount_factor_one_is_refused():
    with pytest.raises(ValueError, match="discount_factor = 1"):
        alternating(COMMON_INTEREST, 1.0)
