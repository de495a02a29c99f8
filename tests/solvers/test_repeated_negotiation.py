import json
import pickle
from dataclasses import dataclass, replace

import numpy as np
import pytest

from bargain.games.markov import MarkovGame
from bargain.games.repeated import RepeatedGame
from bargain.solvers import Proposal, Solution, solve
from bargain.solvers.enforceable import EnforceableDeals
from bargain.solvers.repeated_negotiation import RepeatedNegotiation, _Search
from tests.known_markov_games import ABREU_COURNOT, MATCHING_PENNIES, random_markov, two_state_prisoners


def vulnerability(discount_factor):
    """Gifts with costs e^2 / 2; player 1 first chooses whether player 2 shall be able to hurt him, for ever."""
    effort = np.arange(11) / 10
    second = np.append(-1.0, effort)
    payoffs = np.zeros((3, 2, 11, 12))
    payoffs[1:, 0] = second - 0.5 * effort[:, None] ** 2
    payoffs[1:, 1] = effort[:, None] - 0.5 * np.maximum(second, 0.0) ** 2
    successors = np.broadcast_to(np.arange(3)[:, None, None, None], (3, 11, 12, 1)).copy()
    successors[0, 0], successors[0, 1:] = 2, 1
    available = [np.ones((3, 11), dtype=bool), np.ones((3, 12), dtype=bool)]
    available[0][0, 2:] = available[1][0, 1:] = available[1][1, 0] = False
    states = ("start", "safe", "vulnerable")
    return MarkovGame(
        payoffs, successors, np.ones(successors.shape), discount_factor, states=states, available=available
    )


def test_published_example_of_vulnerability():
    # Kranz (2020), "Analyzing relational contracts with R: part 2", discount factor .3 adjusted for renegotiation.
    best = solve(vulnerability(0.3), EnforceableDeals())
    np.testing.assert_allclose(best.joint_value[1:], [0.84, 0.99])
    np.testing.assert_allclose(best.punishments[1:], [[0, 0], [-1, 0]], atol=1e-12)
    for rho, first in ((0.1, 0), (0.5, 1)):
        solution = solve(vulnerability(0.3 / (1.0 - rho)), RepeatedNegotiation(rho))
        assert (solution.status, solution.scope) == ("solved", "all")
        assert solution.plan[0, 0] == first
        assert [solution.game.actions[0][a] for a in solution.plan[1:, 0]] == ["action_7", "action_10"]
        np.testing.assert_allclose(solution.joint_value[1:], [0.84, 0.99])


def hold_up(discount_factor=0.5, cost=1.0):
    """Player 1 may invest; then both can earn 1 each every round if both trade. Otherwise nothing is ever earned."""
    payoffs = np.zeros((3, 2, 2, 2))
    payoffs[0, 0, 1] = -cost
    payoffs[1, :, 1, 1] = 1.0
    successors = np.broadcast_to(np.arange(3)[:, None, None, None], (3, 2, 2, 1)).copy()
    successors[0, 0], successors[0, 1] = 2, 1
    available = [np.ones((3, 2), dtype=bool), np.ones((3, 2), dtype=bool)]
    available[1][0, 1] = False
    return MarkovGame(payoffs, successors, np.ones(successors.shape), discount_factor, available=available)


def test_hold_up_by_hand():
    # Investing is worth -.5 + .5 x 2 jointly. Player 2 gets 1.5 from negotiating, so that until then she cannot be held
    # to less than 1.5 x rho / (1 + rho) for letting player 1 pay; hence investment up to rho = 1/2.
    for rho, invests in ((0.0, True), (0.49, True), (0.51, False), (1.0, False)):
        solution = solve(hold_up(), RepeatedNegotiation(rho, bargaining_weights=(0.25, 0.75)))
        assert (solution.plan[0, 0] == 1) == invests, rho
        np.testing.assert_allclose(solution.negotiated[1], [0.5, 1.5])
        assert solution.joint_value[0] == pytest.approx(0.5 if invests else 0.0, abs=1e-12)


def test_renegotiation_is_impatience_in_a_repeated_game():
    for rho, joint in ((0.0, 20.0), (0.3, 20.0), (0.5, 18.0), (0.51, 14.0), (1.0, 14.0)):
        solution = solve(RepeatedGame(ABREU_COURNOT, 0.5), RepeatedNegotiation(rho))
        assert solution.joint_value[0] == pytest.approx(joint)
        np.testing.assert_allclose(solution.negotiated, [[joint / 2] * 2])


def test_without_renegotiation_deals_are_the_best_ones():
    for seed in range(6):
        game = random_markov(np.random.default_rng(seed), 3, (2, 2, 2), 2, 0.8)
        weights = (1.0, 0.5, 2.0)
        free = solve(game, EnforceableDeals(weights))
        solution = solve(game, RepeatedNegotiation(0.0, (0.5, 0.3, 0.2), weights))
        assert solution.success == free.exists.all()
        if solution.success:
            np.testing.assert_allclose(solution.negotiated, free.share((0.5, 0.3, 0.2)), atol=1e-10)


def test_random_games_meet_the_equation():
    solved = 0
    for seed in range(20):
        game = random_markov(np.random.default_rng(seed), 4, (2, 3), 2, 0.8, integers=seed % 2 == 0)
        shares = np.array([0.3, 0.7])
        solution = solve(game, RepeatedNegotiation(0.3, tuple(shares), (1.0, 0.64)))
        if not solution.success:
            continue
        solved += 1
        d, rho, r = 0.8, 0.3, solution.negotiated
        assert solution.certificate.holds
        np.testing.assert_allclose(r.sum(axis=1), solution.joint_value, atol=1e-9)
        # The plan's joint value in the whole game, by its own linear equation.
        s = np.arange(4)
        at = (s, *solution.plan.T)
        chain = np.zeros((4, 4))
        np.add.at(chain, (s[:, None], game.successors[at]), game.probabilities[at])
        flow = (game.payoffs[(s, slice(None), *solution.plan.T)] * [1.0, 0.64]).sum(axis=1)
        np.testing.assert_allclose(np.linalg.solve(np.eye(4) - d * chain, (1 - d) * flow), r.sum(axis=1), atol=1e-9)
        # Nobody can be held to less than what waiting for the next negotiation with some action is worth.
        ahead = rho * r + (1 - rho) * solution.threat_points
        after = d * np.einsum("sabk,sabki->sabi", game.probabilities, ahead[game.successors])
        own = (1 - d) * game.payoffs[:, 0] + after[..., 0]
        assert np.all(own.max(axis=1).min(axis=1) <= solution.threat_points[:, 0] + 1e-9)
    assert solved >= 15


def test_none_is_said():
    solution = solve(RepeatedGame(MATCHING_PENNIES, 0.9), RepeatedNegotiation(0.5))
    assert (solution.status, solution.scope) == ("no_equilibrium_found", "some")
    assert "no pure equilibrium until the next negotiation exists in round" in solution.message
    assert solution.to_frame().empty
    assert solution.joint_value is None
    few = solve(two_state_prisoners(0.7), RepeatedNegotiation(0.3, max_iterations=1))
    assert "no negotiated payoffs found in 1 steps" in few.message
    late = solve(two_state_prisoners(0.7), RepeatedNegotiation(0.3, time_limit=0.0))
    assert late.status == "stopped_early"


@dataclass(frozen=True)
class WrongNegotiation(RepeatedNegotiation):
    def propose(self, game) -> Proposal:
        found = super().propose(game)
        shift = np.array([0.1, -0.1])
        wrong = replace(found.candidates[0], negotiated=found.candidates[0].negotiated + shift)
        return replace(found, candidates=(wrong,))


def test_wrong_payoffs_are_refused():
    solution = solve(two_state_prisoners(0.7), WrongNegotiation(0.5))
    assert solution.status == "rejected_all"
    assert "miss their equation" in solution.message
    assert solution.negotiated is None


@dataclass(frozen=True)
class NotMet(RepeatedNegotiation):
    """A true deal with proven bounds in the truncated game of payoffs that do not follow from it."""

    def propose(self, game) -> Proposal:
        search = _Search(game, np.ones(2), np.full(2, 0.5), self.renegotiation_probability)
        search.values = search.values + np.array([0.3, -0.3])
        assert search.truncated()
        wrong = replace(search.candidate(), negotiated=search.values + search.base.level)
        return Proposal(candidates=(wrong,))


def test_payoffs_that_do_not_follow_from_their_deal_are_refused():
    solution = solve(two_state_prisoners(0.7), NotMet(0.5))
    assert solution.status == "rejected_all"
    assert "negotiated payoffs miss their equation by" in solution.message


def test_results_are_plain_data():
    solution = solve(two_state_prisoners(0.7), RepeatedNegotiation(0.2, (0.4, 0.6)))
    assert Solution.from_dict(json.loads(json.dumps(solution.to_dict()))) == solution
    assert pickle.loads(pickle.dumps(solution)) == solution
    frame = solution.to_frame()
    assert frame.columns.tolist() == ["state", "player", "action", "joint_value", "threat_point", "negotiated"]
    assert len(frame) == 4
    assert solution.money_per_round == pytest.approx(0.44 / 0.3)


def test_wrong_settings():
    with pytest.raises(ValueError, match=r"renegotiation_probability = 1.5 is not in \[0, 1\]"):
        RepeatedNegotiation(1.5)
    with pytest.raises(ValueError, match=r"sum to 1.2, not 1"):
        RepeatedNegotiation(0.5, (0.6, 0.6))
    with pytest.raises(ValueError, match="max_iterations = 0"):
        RepeatedNegotiation(0.5, max_iterations=0)
    with pytest.raises(ValueError, match="bargaining_weights has 3 entries for 2 players"):
        solve(two_state_prisoners(0.5), RepeatedNegotiation(0.5, (0.5, 0.25, 0.25)))
