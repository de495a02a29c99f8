import json

import numpy as np
import pytest

from bargain.games import StageGame
from bargain.games.repeated import RepeatedGame
from bargain.solvers import Solution, solve
from bargain.solvers.enforceable import EnforceableDeals
from bargain.solvers.watch import current_watch
from tests.known_markov_games import ABREU_COURNOT, random_markov, two_state_prisoners


def capped(game, cap, cost=0.0, **more):
    return solve(game, EnforceableDeals(max_transfer=cap, transfer_cost=cost, **more))


def test_a_cap_that_does_not_bind_changes_nothing():
    free, limited = solve(two_state_prisoners(0.7), EnforceableDeals()), capped(two_state_prisoners(0.7), 50.0)
    assert limited.scope == "all"
    np.testing.assert_allclose(limited.joint_value, free.joint_value)
    np.testing.assert_allclose(limited.punishments, free.punishments)
    assert limited.deal.largest_payment <= 50.0


def test_a_cap_that_binds_gives_an_inner_bound():
    limited = capped(two_state_prisoners(0.7), 5.0)
    assert (limited.status, limited.scope) == ("solved", "some")
    assert limited.certificate.holds
    assert limited.deal.largest_payment <= 5.0 + 1e-9
    assert np.all(limited.punishments >= limited.punishment_bound - 1e-9)
    np.testing.assert_allclose(limited.joint_value, limited.joint_bound)
    assert Solution.from_dict(json.loads(json.dumps(limited.to_dict()))) == limited
    for method in (limited.share, limited.payoff_vertices, limited.deal_for):
        with pytest.raises(ValueError, match="not every division of the surplus"):
            method()


def test_the_smallest_cap_is_told_and_is_enough():
    message = capped(two_state_prisoners(0.7), 1.0).message
    assert "no payments (at most 1 per player and round) enforce the moves" in message
    smallest = float(message.split("at least ")[1].split(" ")[0])
    assert capped(two_state_prisoners(0.7), smallest * 1.001).success
    assert not capped(two_state_prisoners(0.7), smallest * 0.999).success


def test_smallest_cap_by_hand():
    # What costs the seller 1 and is worth 3 to the buyer is paid for a round later: the price must be 1 / d.
    stage = StageGame([[[0.0], [-1.0]], [[0.0], [3.0]]], ("seller", "buyer"))
    message = capped(RepeatedGame(stage, 0.8), 0.5).message
    assert "max_transfer must be at least 1.25" in message
    assert capped(RepeatedGame(stage, 0.8), 1.26).success


def test_what_is_lost_on_the_way_costs_the_path():
    stage = StageGame([[[0.0], [-1.0]], [[0.0], [3.0]]], ("seller", "buyer"))
    values = [capped(RepeatedGame(stage, 0.8), None, cost).joint_value[0] for cost in (0.0, 0.2, 0.4)]
    # The seller must receive 1 / d a round later, so the buyer pays 1 / (d (1 - cost)) and cost of it is lost.
    np.testing.assert_allclose(values, [2.0 - cost / (1.0 - cost) for cost in (0.0, 0.2, 0.4)], atol=1e-8)
    assert capped(RepeatedGame(stage, 0.8), None, 0.2).scope == "some"
    assert not capped(RepeatedGame(stage, 0.8), None, 0.7).success


def test_no_cap_at_all_is_play_without_transfers():
    solution = capped(RepeatedGame(ABREU_COURNOT, 0.7), 0.0)
    assert solution.success == (solution.deal is not None)
    if solution.deal is not None:
        assert solution.deal.largest_payment == 0.0


def test_random_games_with_weights():
    certified = 0
    for seed in range(6):
        game = random_markov(np.random.default_rng(seed), 4, (2, 3), 2, 0.8)
        limited = capped(game, 6.0, 0.05, transfer_weights=(1.0, 0.6))
        if limited.deal is not None:
            certified += 1
            assert limited.certificate.holds
            assert limited.deal.largest_payment <= 6.0 + 1e-9
            assert np.all(limited.joint_value <= limited.joint_bound + 1e-9)
    assert certified >= 2


def test_time_limit():
    game = random_markov(np.random.default_rng(3), 60, (5, 5), 4, 0.9)
    stopped = capped(game, 1.0, time_limit=0.05)
    assert stopped.status in ("stopped_early", "no_equilibrium_found")


def test_no_program_where_the_closed_form_keeps_the_cap(monkeypatch):
    from bargain.solvers import enforceable_limits as module

    free = solve(two_state_prisoners(0.7), EnforceableDeals())
    most = max(free.deal.payments.max(), free.deal.fines.max())
    monkeypatch.setattr(module, "PaymentProgram", None)
    limited = capped(two_state_prisoners(0.7), most)
    assert limited.scope == "all"
    np.testing.assert_array_equal(limited.deal.payments, free.deal.payments)
    # Up-front payments above the cap are made in part.
    game = free.game
    large = free.deal.with_up_front(free.deal.up_front + 2.0 * most * np.array([1.0, -1.0]))
    part, _, _ = module.limited_deal(game, large, most, 0.0, current_watch())
    np.testing.assert_allclose(part.up_front.max(axis=1), most)
