import numpy as np
import pytest

from bargain.standoff import ScenarioError, State, load_scenario

BASE = load_scenario("us-china-2025")
LOOSE = BASE.with_values({"diversion.tracing": 0.2})
SMALL = {"military": 2, "rebuilt": 3, "substitution": 2}


@pytest.mark.parametrize("rebuilt", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("code", BASE.bystanders)
def test_a_bystander_does_what_is_best_for_it(code, rebuilt):
    """At every level of rebuilt capacity as if it were a player of that round that moves after the two sides."""
    rounds = LOOSE.rounds(levels=SMALL)
    frame = rounds.space.table()
    state = int(frame.index[(frame["rebuilt"] == rebuilt) & (frame["mood"] == "hawk") & (frame["military"] == 18)][0])
    there = State(18.0, None, rebuilt, frame.loc[state, "substitution"], "hawk")
    game = LOOSE.stage_game(there, players=("US", "CN", code))
    table = rounds.bystanders
    own = table.total[state, table.players.index(code)]
    np.testing.assert_allclose(own, game.payoffs[2].max(axis=-1), atol=1e-9)
    stance = np.broadcast_to(rounds.stances[code], table.total[:, 0].shape)[state]
    np.testing.assert_array_equal(
        np.take_along_axis(game.payoffs[2], stance[..., None], -1)[..., 0] >= game.payoffs[2].max(axis=-1) - 1e-9, True
    )


def test_what_bystanders_let_through_counts_for_the_two_sides():
    """Under dual-track licences all of them let detours run, so that more reaches the US than with neutral ones."""
    react, neutral = (LOOSE.rounds(levels=SMALL, bystanders=how) for how in ("react", "neutral"))
    us, cn = react.table.moves.actions
    at = (0, us.index("truce/restricted"), cn.index("truce/dual_track"))
    assert all(np.broadcast_to(own, react.table.total[:, 0].shape)[at] == 1 for own in react.stances.values())
    assert react.table.terms["security_loss"][0, 0][at[1:]] > neutral.table.terms["security_loss"][0, 0][at[1:]] + 1e-3
    assert neutral.stances == {}


def test_a_strategic_bystander_does_not_react():
    rounds = BASE.rounds(levels=SMALL, players=("US", "CN", "KR"))
    assert set(rounds.stances) == {"EU", "JP", "IN", "TW"}
    assert rounds.game().n_actions == (9, 12, 3)


def test_unknown_behaviour_is_refused():
    with pytest.raises(ScenarioError, match="bystanders = 'sleep' is neither"):
        BASE.rounds(bystanders="sleep")
