import itertools
import json
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bargain.games import StageGame
from bargain.games.markov import MarkovGame
from bargain.games.repeated import RepeatedGame
from bargain.solvers import Solution, solve
from bargain.solvers.enforceable import EnforceableDeals
from tests.known_markov_games import (
    ABREU_COURNOT,
    COMMON_INTEREST,
    MATCHING_PENNIES,
    PRISONERS,
    public_goods,
    random_markov,
    two_state_prisoners,
)
from tests.solvers.deals_by_hand import brute_force

SOLVER = EnforceableDeals()


@pytest.mark.parametrize(
    ("discount_factor", "joint", "punishment"),
    [(0, 14, 7), (0.2499, 14, 7), (1 / 4, 18, 0), (0.33, 18, 0), (1 / 3, 20, 0), (0.9, 20, 0)],
)
def test_cournot_of_abreu_with_transfers(discount_factor, joint, punishment):
    solution = solve(RepeatedGame(ABREU_COURNOT, discount_factor), SOLVER)
    assert (solution.status, solution.scope) == ("solved", "all")
    np.testing.assert_allclose(solution.joint_value, [joint])
    np.testing.assert_allclose(solution.punishments, [[punishment] * 2], atol=1e-12)


def test_three_contribute_from_one_third():
    for discount_factor, contributed in ((0.333, False), (1 / 3, True), (0.334, True)):
        solution = solve(RepeatedGame(public_goods(), discount_factor), SOLVER)
        assert (solution.plan[0] == 0).all() == contributed
        assert solution.joint_value[0] == pytest.approx(2.4 if contributed else 0.0, abs=1e-12)
    message = solve(RepeatedGame(public_goods(), 1 / 3), SOLVER).message
    assert "1 move is enforced with nothing to spare, up to rounding" in message


def test_prisoners_in_two_states():
    solution = solve(two_state_prisoners(0.7), SOLVER)
    np.testing.assert_allclose(solution.joint_value, [5.51351, 6.48649], atol=5e-6)
    np.testing.assert_allclose(solution.punishments, [[0.75676] * 2, [1.24324] * 2], atol=5e-6)
    assert solution.admissible.all()
    np.testing.assert_allclose(solution.surplus, [4.0, 4.0])
    np.testing.assert_allclose(solution.values, solution.share())
    assert solution.certificate.epsilon < 1e-14


def test_no_pure_equilibrium():
    solution = solve(RepeatedGame(MATCHING_PENNIES, 0.9), SOLVER)
    assert (solution.status, solution.scope) == ("no_equilibrium_found", "all")
    assert "no pure subgame-perfect equilibrium exists in any state" in solution.message
    assert np.isnan(solution.joint_value).all()
    assert not solution.exists.any()
    assert not solution.admissible.any()
    assert solution.payoff_vertices().shape == (0, 2)
    assert solution.plan is None
    with pytest.raises(ValueError, match="no certified deal"):
        solution.deal_for()


def test_a_state_without_equilibrium_spoils_those_that_may_lead_there():
    # State 0 may lead to 1 by a joint move only, 1 is matching pennies for ever, 2 is the prisoners' dilemma for ever.
    payoffs = np.stack([np.zeros((2, 2, 2)), MATCHING_PENNIES.payoffs, PRISONERS.payoffs])
    successors = np.broadcast_to(np.arange(3)[:, None, None, None], (3, 2, 2, 1)).copy()
    successors[0] = 2
    game = MarkovGame(payoffs, successors, np.ones(successors.shape), 0.75)
    solution = solve(game, SOLVER)
    assert solution.exists.tolist() == [True, False, True]
    assert (solution.status, solution.scope) == ("solved", "all")
    assert "no pure equilibrium exists in 1 of 3 states (state_2)" in solution.message
    assert solution.joint_value[2] == pytest.approx(18.0)
    successors[0, 1, 1] = 1
    solution = solve(MarkovGame(payoffs, successors, np.ones(successors.shape), 0.75), SOLVER)
    assert solution.exists.tolist() == [False, False, True]
    assert solution.scope == "all"
    assert solution.to_frame()["exists"].tolist() == [False] * 4 + [True] * 2


def random_games():
    """Small games of two and three players, whole payoffs in every third, some actions missing in every fourth."""
    for seed in range(45):
        rng = np.random.default_rng(seed)
        n_actions = [(2, 2), (2, 2, 2), (3, 2)][seed % 3]
        n_states = 2 if len(n_actions) == 3 else int(rng.integers(2, 4))
        d = float(rng.choice([0.0, 0.3, 0.6, 0.8]))
        game = random_markov(rng, n_states, n_actions, 2, d, integers=seed % 3 == 0)
        if seed % 4 == 0:
            available = [rng.random((n_states, n)) < 0.7 for n in n_actions]
            for mask in available:
                mask[:, 0] |= ~mask.any(axis=1)
            game = MarkovGame(game.payoffs, game.successors, game.probabilities, d, available=available)
        yield seed, game


def test_against_brute_force_on_random_games():
    empty = partly = bound = 0
    for seed, game in random_games():
        weights = (1.0, 0.64, 2.0)[: game.n_players] if seed % 2 else None
        exists, joint, punishments, admissible = brute_force(game, weights)
        solution = solve(game, EnforceableDeals(transfer_weights=weights))
        assert solution.scope == "all", (seed, solution.message)
        assert solution.exists.tolist() == exists.tolist(), seed
        np.testing.assert_allclose(solution.joint_value, joint, atol=1e-10, err_msg=str(seed))
        np.testing.assert_allclose(solution.punishments, punishments, atol=1e-10, err_msg=str(seed))
        assert np.array_equal(solution.admissible, admissible), seed
        assert not exists.any() or solution.certificate.holds
        empty += not exists.any()
        partly += not admissible.all() and exists.any()
        bound += admissible.any()
    assert min(empty, partly, bound) >= 3  # All kinds occurred.


@pytest.mark.parametrize("stage", [ABREU_COURNOT, PRISONERS, COMMON_INTEREST, public_goods()])
def test_joint_value_grows_with_patience_in_repeated_games(stage):
    values = [solve(RepeatedGame(stage, d), SOLVER) for d in np.linspace(0.0, 0.95, 12)]
    assert np.all(np.diff([s.joint_value[0] for s in values]) >= -1e-12)
    assert np.all(np.diff([s.punishments[0] for s in values], axis=0) <= 1e-12)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([1e-6, 1.0, 1e6]), st.sampled_from([0.0, 0.5, 0.9]))
def test_scale_level_and_labels_change_nothing(seed, scale, d):
    rng = np.random.default_rng(seed)
    game = random_markov(rng, 3, (2, 3), 2, d, integers=True)
    first = solve(game, SOLVER)
    level = rng.normal(size=2).reshape(1, 2, 1, 1)
    moved = MarkovGame(scale * (game.payoffs + level), game.successors, game.probabilities, d)
    second = solve(moved, SOLVER)
    assert np.array_equal(first.admissible, second.admissible)
    np.testing.assert_allclose(second.joint_value / scale, first.joint_value + level.sum(), atol=1e-9)
    order = rng.permutation(3)
    swapped = np.ascontiguousarray(np.transpose(game.payoffs[order][:, ::-1], (0, 1, 3, 2)))
    follow = np.argsort(order)[np.transpose(game.successors[order], (0, 2, 1, 3))]
    chances = np.transpose(game.probabilities[order], (0, 2, 1, 3))
    third = solve(MarkovGame(swapped, follow, chances, d), SOLVER)
    np.testing.assert_allclose(third.joint_value, first.joint_value[order], atol=1e-9)
    np.testing.assert_allclose(third.punishments, first.punishments[order][:, ::-1], atol=1e-9)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_punishments_are_above_minmax_and_below_static_equilibria(seed):
    rng = np.random.default_rng(seed)
    stage = StageGame(rng.normal(size=(2, 3, 3)))
    static = solve(RepeatedGame(stage, 0.0), SOLVER)
    patient = solve(RepeatedGame(stage, 0.6), SOLVER)
    if patient.exists[0]:
        assert np.all(patient.punishments[0] >= pure_minmax(stage) - 1e-9)
    if static.exists[0]:
        assert np.all(patient.punishments[0] <= static.punishments[0] + 1e-9)
        assert patient.joint_value[0] >= static.joint_value[0] - 1e-9


def pure_minmax(stage):
    return np.array([stage.payoffs[0].max(axis=0).min(), stage.payoffs[1].max(axis=1).min()])


def test_alternating_moves():
    # Who is not to move has one action; the mover may give 1 that is worth 2 to the other.
    payoffs = np.zeros((2, 2, 2, 2))
    payoffs[0, :, 1, :] = np.array([-1, 2])[:, None]
    payoffs[1, :, :, 1] = np.array([2, -1])[:, None]
    successors = np.broadcast_to(1 - np.arange(2)[:, None, None, None], (2, 2, 2, 1))
    available = [[[True, True], [True, False]], [[True, False], [True, True]]]
    for d, joint in ((0.49, 0.0), (0.51, 1.0)):
        game = MarkovGame(payoffs, successors, np.ones((2, 2, 2, 1)), d, available=available)
        np.testing.assert_allclose(solve(game, SOLVER).joint_value, [joint] * 2, atol=1e-12)


def test_weights_are_the_unit_of_what_is_paid():
    weights = (2.0, 0.5)
    solution = solve(two_state_prisoners(0.7), EnforceableDeals(transfer_weights=weights, shares=(0.25, 0.75)))
    np.testing.assert_allclose(solution.own_punishments * weights, solution.punishments)
    np.testing.assert_allclose(solution.values, solution.share((0.25, 0.75)))
    vertices = solution.payoff_vertices("state_1")
    np.testing.assert_allclose(vertices.sum(axis=1), solution.joint_value[0])
    np.testing.assert_allclose(vertices.min(axis=0), solution.punishments[0])


def test_results_are_plain_data():
    solution = solve(two_state_prisoners(0.7), EnforceableDeals(transfer_weights=(1, 2)))
    text = json.dumps(solution.to_dict())
    assert text == json.dumps(solve(two_state_prisoners(0.7), EnforceableDeals(transfer_weights=(1, 2))).to_dict())
    assert Solution.from_dict(json.loads(text)) == solution
    assert pickle.loads(pickle.dumps(solution)) == solution
    frame = solution.to_frame()
    assert frame.columns.tolist() == ["state", "player", "exists", "action", "joint_value", "punishment", "value"]
    assert frame["state"].tolist() == ["state_1"] * 2 + ["state_2"] * 2
    repeated = solve(RepeatedGame(PRISONERS, 0.5), SOLVER)
    assert Solution.from_dict(json.loads(json.dumps(repeated.to_dict()))) == repeated
    nothing = solve(RepeatedGame(MATCHING_PENNIES, 0.5), SOLVER)
    assert Solution.from_dict(json.loads(json.dumps(nothing.to_dict()))) == nothing


def test_time_limit_leaves_outer_bounds():
    game = random_markov(np.random.default_rng(1), 40, (4, 4), 4, 0.6)
    stopped = solve(game, EnforceableDeals(time_limit=0.0))
    assert (stopped.status, stopped.scope, stopped.deal) == ("stopped_early", "some", None)
    assert "raise time_limit" in stopped.message
    full = solve(game, SOLVER)
    assert np.all(stopped.joint_bound >= full.joint_value)
    assert np.all(stopped.punishment_bound <= full.punishments)
    assert json.loads(json.dumps(stopped.to_dict()))["deal"] is None


def test_progress_is_told():
    told = []
    solve(two_state_prisoners(0.7), SOLVER, progress=lambda share, stage: told.append(share))
    assert told == sorted(told)
    assert told[-1] == 1.0


def test_many_players():
    stage = public_goods(4, 0.6, 0.4)
    # One who keeps back gains .4 for himself and costs the three others .6 each: 1.4 are at stake for each.
    for d, contributed in ((0.22, False), (0.23, True)):
        solution = solve(RepeatedGame(stage, d), SOLVER)
        assert (solution.plan[0] == 0).all() == contributed
    assert solution.payoff_vertices(0).shape == (4, 4)
    for profile in itertools.product(range(2), repeat=4):
        assert solution.admissible[(0, *profile)]


@pytest.mark.parametrize(
    ("settings_", "message"),
    [
        ({"transfer_weights": (1.0, 0.0)}, "not all positive"),
        ({"max_transfer": -1.0}, "max_transfer = -1.0 is not a finite number >= 0"),
        ({"max_transfer": float("inf")}, "max_transfer = inf is not a finite number >= 0"),
        ({"transfer_cost": 1.0}, r"transfer_cost = 1.0 is not a share in \[0, 1\)"),
        ({"shares": (0.5, 0.6)}, "sum to 1.1, not 1"),
        ({"shares": (-0.5, 1.5)}, "are not 2 numbers >= 0"),
    ],
)
def test_wrong_settings(settings_, message):
    with pytest.raises(ValueError, match=message):
        EnforceableDeals(**settings_)


def test_wrong_games():
    with pytest.raises(ValueError, match=r"transfer_weights has 3 entries for 2 players \(player_1, player_2\)"):
        solve(two_state_prisoners(0.7), EnforceableDeals(transfer_weights=(1, 1, 1)))
    with pytest.raises(TypeError, match="EnforceableDeals solves a MarkovGame or a RepeatedGame, not a StageGame"):
        solve(PRISONERS, SOLVER)


@pytest.mark.parametrize("d", [0.99, 0.999, 0.9999])
@pytest.mark.parametrize("scale", [1e-6, 1e6])
def test_very_patient_players_who_have_no_choice_or_some(d, scale):
    for n_actions in ((1, 1), (2, 2), (2, 2, 2)):
        game = random_markov(np.random.default_rng(92), 18, n_actions, 2, d)
        solution = solve(MarkovGame(scale * game.payoffs + scale, game.successors, game.probabilities, d), SOLVER)
        assert (solution.status, solution.scope) == ("solved", "all"), (n_actions, solution.message)
