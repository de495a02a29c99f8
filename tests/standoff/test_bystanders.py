import itertools

import numpy as np
import pytest

from bargain.standoff import ScenarioError, load_scenario

BASE = load_scenario("us-china-2025")
LOOSE = BASE.with_values({"diversion.tracing": 0.2})
SMALL = {"military": 2, "rebuilt": 3, "substitution": 2}


def stances_and_payoffs(scenario, code):
    """Best stance of one bystander at today's state by making it a player of the round, and its payoff there."""
    game = scenario.stage_game(players=("US", "CN", code))
    return game.payoffs[2].argmax(axis=-1), game.payoffs[2].max(axis=-1), game.actions[2]


@pytest.mark.parametrize(("scenario", "code"), list(itertools.product([BASE, LOOSE], BASE.bystanders)))
def test_a_bystander_does_what_is_best_for_it(scenario, code):
    rounds = scenario.rounds(levels=SMALL)
    state = 0
    assert rounds.space.labels()[state].startswith("military 0, rebuilt 0, substitution 0.32, hawk")
    best, payoff, _ = stances_and_payoffs(scenario, code)
    table = rounds.bystanders
    own = table.total[state, table.players.index(code)]
    np.testing.assert_allclose(own, payoff, atol=1e-9)
    stance = np.broadcast_to(rounds.stances[code], table.total[:, 0].shape)[state]
    assert np.mean(stance == best) > 0.95  # the rest are ties


def test_what_bystanders_let_through_counts_for_the_two_sides():
    """Under dual-track licences all of them let detours run, so that more reaches the US than with neutral ones."""
    react, neutral = (LOOSE.rounds(levels=SMALL, bystanders=how) for how in ("react", "neutral"))
    us, cn = react.table.moves.actions
    at = (0, us.index("truce/restricted"), cn.index("truce/dual_track"))
    assert all(np.broadcast_to(own, react.table.total[:, 0].shape)[at] == 1 for own in react.stances.values())
    assert react.table.terms["security_loss"][0, 0][at[1:]] > neutral.table.terms["security_loss"][0, 0][at[1:]] + 1e-3
    assert neutral.stances == {}
    full = {code: LOOSE.stage_game(players=("US", "CN", code)) for code in ("EU",)}
    assert full["EU"].players == ("US", "CN", "EU")


def test_a_strategic_bystander_does_not_react():
    rounds = BASE.rounds(levels=SMALL, players=("US", "CN", "KR"))
    assert set(rounds.stances) == {"EU", "JP", "IN", "TW"}
    assert rounds.game().n_actions == (9, 12, 3)


def test_unknown_behaviour_is_refused():
    with pytest.raises(ScenarioError, match="bystanders = 'sleep' is neither"):
        BASE.rounds(bystanders="sleep")
