import itertools
import json
import pickle
from dataclasses import dataclass

import numpy as np
import pytest
from known_markov_games import ABREU_SANNIKOV, COMMON_INTEREST, MATCHING_PENNIES, PRISONERS, public_goods

from bargain.games import StageGame
from bargain.games.automaton import Automaton, certify_automaton
from bargain.games.markov import MarkovGame
from bargain.games.polygon import hausdorff
from bargain.games.repeated import RepeatedGame
from bargain.solvers import Proposal, Solution, solve
from bargain.solvers.finite_horizon import FinitelyRepeated
from bargain.solvers.finite_horizon_solution import RoundPlan
from bargain.solvers.subgame_perfect import SubgamePerfectPayoffs

# Two stage equilibria, (M, M) with 3 each and (D, D) with 1 each; (C, C) with 4 each tempts to 5.
BENOIT_KRISHNA = StageGame.from_bimatrix(
    [[4, 0, 0], [5, 3, 0], [0, 0, 1]], [[4, 5, 0], [0, 3, 0], [0, 0, 1]], actions=(("C", "M", "D"),) * 2
)


def payoffs(game, n_rounds, **options):
    return solve(game, FinitelyRepeated(n_rounds, **options))


@pytest.mark.parametrize("lotteries", [True, False])
def test_reward_and_punishment_in_the_first_of_two_rounds(lotteries):
    # (C, C) gains 1 by a deviation, which costs 3 - 1 = 2 in the last round: (4 + 3) / 2 each.
    solution = payoffs(BENOIT_KRISHNA, 2, public_randomisation=lotteries)
    assert (solution.status, solution.scope) == ("solved", "all")
    best = int(solution.vertices.sum(axis=1).argmax())
    np.testing.assert_allclose(solution.vertices[best], [3.5, 3.5])
    assert solution.first_profile(best) == (0, 0)
    np.testing.assert_allclose(solution.minima, [[1, 1], solution.vertices.min(axis=0)])
    # One round does not allow it.
    assert payoffs(BENOIT_KRISHNA, 1, public_randomisation=lotteries).vertices.max() == 3.0


@pytest.mark.parametrize(("discount_factor", "kept"), [(0.49, False), (0.51, True)])
def test_impatience_undoes_the_reward(discount_factor, kept):
    # The gain 1 now against 2 d in the last round.
    solution = payoffs(RepeatedGame(BENOIT_KRISHNA, discount_factor), 2, public_randomisation=False)
    top = (4 + 3 * discount_factor) / (1 + discount_factor)
    assert np.isclose(solution.vertices, top).all(axis=1).any() == kept


@pytest.mark.parametrize("n_rounds", [1, 2, 7])
def test_a_single_stage_equilibrium_is_repeated(n_rounds):
    for options in ({}, {"public_randomisation": False}):
        solution = payoffs(PRISONERS, n_rounds, **options)
        np.testing.assert_allclose(solution.vertices, [[3, 3]])
        assert len(solution.sets) == n_rounds


def test_empty_and_degenerate_sets():
    solution = payoffs(MATCHING_PENNIES, 3)
    assert (solution.status, solution.scope) == ("no_equilibrium_found", "all")
    assert solution.vertices.shape == (0, 2)
    assert "no pure Nash equilibrium" in solution.message
    segment = payoffs(COMMON_INTEREST, 3)
    np.testing.assert_allclose(segment.vertices, [[1, 1], [4, 4]])
    np.testing.assert_allclose(payoffs(StageGame(np.full((2, 2, 2), 5.0)), 3).vertices, [[5, 5]])
    zero = payoffs(RepeatedGame(BENOIT_KRISHNA, 0.0), 3)
    np.testing.assert_allclose(zero.vertices, [[1, 1], [3, 3]])


def all_plans_of_two_rounds(stage, d):
    """Brute force: every second round that is a stage equilibrium after each history, every first profile."""
    stable = [
        p
        for p in itertools.product(*map(range, stage.n_actions))
        if all(
            stage.payoffs[i][p] >= stage.payoffs[i][(*p[:i], a, *p[i + 1 :])]
            for i in range(2)
            for a in range(stage.n_actions[i])
        )
    ]
    found = set()
    for first in itertools.product(*map(range, stage.n_actions)):
        for path, *punish in itertools.product(stable, repeat=3):
            value = [stage.payoffs[i][first] + d * stage.payoffs[i][path] for i in range(2)]
            lines = [stage.payoffs[0][:, first[1]], stage.payoffs[1][first[0]]]
            tempting = [np.delete(lines[i], first[i]).max() + d * stage.payoffs[i][punish[i]] for i in range(2)]
            if all(v >= t - 1e-12 for v, t in zip(value, tempting, strict=True)):
                found.add(tuple(np.round(np.array(value) / (1 + d), 9) + 0.0))
    return found


def test_two_rounds_against_brute_force():
    rng = np.random.default_rng(0)
    for _ in range(25):
        stage = StageGame(rng.integers(0, 4, size=(2, 3, 2)).astype(float))
        d = float(rng.choice([0.3, 0.8, 0.95]))
        solution = payoffs(RepeatedGame(stage, d), 2, public_randomisation=False)
        found = {tuple(np.round(value, 9) + 0.0) for value in solution.vertices}
        assert found == all_plans_of_two_rounds(stage, d)


def unfolded(solution, game):
    """The finite game as a Markov game whose states are the rounds left, and the plans as its automaton."""
    n, shape = len(solution.sets), game.n_actions
    table = np.zeros((n + 1, 2, *shape))
    table[1:] = game.payoffs
    successors = np.broadcast_to(np.maximum(np.arange(n + 1) - 1, 0).reshape(-1, 1, 1, 1), (n + 1, *shape, 1))
    markov = MarkovGame(table, successors, np.ones(successors.shape), game.discount_factor)
    begins = np.cumsum([0, 1, *(len(plan.outputs) for plan in solution.plans)])
    width = max(plan.successors.shape[1] for plan in solution.plans)
    follow = np.zeros((begins[-1], *shape, width), dtype=int)
    chances = np.zeros(follow.shape)
    chances[..., 0] = 1.0
    outputs, states = np.zeros((begins[-1], 2), dtype=int), np.zeros(begins[-1], dtype=int)
    for k, plan in enumerate(solution.plans):
        for m, (first, second) in enumerate(plan.outputs):
            at = begins[k + 1] + m
            outputs[at], states[at] = (first, second), k + 1
            follow[at] = begins[k] + plan.punishments[0]
            follow[at, first] = begins[k] + plan.punishments[1]
            k_next = plan.successors.shape[1]
            follow[at, first, second, :k_next] = begins[k] + plan.successors[m]
            chances[at, first, second, :k_next] = plan.probabilities[m]
            follow[at, first, second, k_next:] = begins[k]
    return markov, Automaton(outputs, follow, chances, states)


@pytest.mark.parametrize("game", [BENOIT_KRISHNA, ABREU_SANNIKOV, COMMON_INTEREST])
def test_the_plans_are_certified_as_an_automaton_of_the_unfolded_game(game):
    repeated = RepeatedGame(game, 0.9)
    solution = payoffs(repeated, 4)
    found = certify_automaton(*unfolded(solution, repeated))
    assert found.certificate.holds
    weight = 1 - 0.9**4  # The values of the Markov game are normalised by 1 - d, for ever.
    np.testing.assert_allclose(found.values[-len(solution.vertices) :], solution.vertices * weight, atol=1e-9)


def test_lotteries_only_add_payoffs_and_many_rounds_approach_the_infinite_game():
    with_lotteries = payoffs(BENOIT_KRISHNA, 3)
    for value in payoffs(BENOIT_KRISHNA, 3, public_randomisation=False).vertices:
        assert (value >= with_lotteries.minima[-1] - 1e-12).all()
    # Stage equilibria with different payoffs for both players: the folk theorem of Benoit and Krishna.
    infinite = solve(RepeatedGame(BENOIT_KRISHNA, 0.8), SubgamePerfectPayoffs()).vertices
    finite = payoffs(RepeatedGame(BENOIT_KRISHNA, 0.8), 60).vertices
    assert hausdorff(infinite, finite) < 1e-3


def test_plain_data_and_back():
    solution = payoffs(RepeatedGame(BENOIT_KRISHNA, 0.9), 3)
    text = json.dumps(solution.to_dict())
    assert Solution.from_dict(json.loads(text)) == solution == pickle.loads(pickle.dumps(solution))
    assert json.dumps(payoffs(RepeatedGame(BENOIT_KRISHNA, 0.9), 3).to_dict()) == text
    frame = solution.to_frame()
    assert frame["rounds_left"].max() == 3
    assert set(frame["action_player_1"]) <= {"C", "M", "D"}


def test_three_players_without_lotteries():
    game = public_goods()
    np.testing.assert_allclose(payoffs(game, 2, public_randomisation=False).vertices, [[0, 0, 0]], atol=1e-12)
    with pytest.raises(ValueError, match="public_randomisation=False takes any number"):
        payoffs(game, 2)


def test_payoff_units_change_nothing():
    plain = payoffs(BENOIT_KRISHNA, 3).vertices
    for scale in (1e-6, 1e6):
        np.testing.assert_allclose(payoffs(StageGame(BENOIT_KRISHNA.payoffs * scale), 3).vertices, plain * scale)


@pytest.mark.parametrize("bad", [0, -1, 1.5, True])
def test_rounds_are_checked(bad):
    with pytest.raises(ValueError, match="n_rounds"):
        FinitelyRepeated(bad)


def test_stopping_early():
    assert payoffs(BENOIT_KRISHNA, 3, time_limit=0.0).status == "stopped_early"
    many = StageGame(np.arange(32.0).reshape(2, 4, 4) * 0)
    assert payoffs(many, 3, public_randomisation=False).status == "solved"


@dataclass(frozen=True)
class WrongPlans(FinitelyRepeated):
    fault: int = 0

    def propose(self, game):
        last = RoundPlan([[1, 1], [2, 2]], [[0], [0]], [[1.0], [1.0]], [0, 0])
        first = RoundPlan([[0, 0]], [[0]], [[1.0]], [1, 1])
        tempted = RoundPlan([[0, 0]], [[0]], [[1.0]], [0, 0])
        lost = RoundPlan([[1, 1]], [[0]], [[1.0]], [0, 0])
        outside = RoundPlan([[1, 1]], [[5]], [[1.0]], [0, 0])
        return Proposal(
            candidates=([(last, first), (last, tempted), (lost, lost), (last,), (last, outside)][self.fault],)
        )


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (0, "with 2 rounds left payoffs are missing"),
        (1, "a deviation gains"),
        (2, "with 1 rounds left payoffs are missing"),
        (3, "plans for 1 rounds, not 2"),
        (4, "no plans for this game"),
    ],
)
def test_a_wrong_solver_ends_in_rejected(fault, reason):
    for lotteries in (True, False):
        solution = solve(BENOIT_KRISHNA, WrongPlans(2, lotteries, fault=fault))
        assert (solution.status, solution.sets) == ("rejected_all", ())
        assert reason in solution.rejected[0].reason


def test_wrong_round_plans_are_refused():
    with pytest.raises(ValueError, match="no lottery"):
        RoundPlan([[0, 0]], [[0]], [[0.5]], [0, 0])
    with pytest.raises(ValueError, match="do not fit"):
        RoundPlan([[0, 0]], [[0, 1]], [[1.0]], [0, 0])
