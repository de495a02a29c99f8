import json
import pickle
from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bargain as bg
from bargain.games import StageGame
from bargain.solvers import FictitiousPlay, Proposal, RegretMatching, Solution, Status, solve
from bargain.solvers.play import PlayRecord

SHAPLEY = StageGame.from_bimatrix(np.eye(3), np.roll(np.eye(3), 1, axis=1))
"""Shapley 1964: only one equilibrium, uniform, which fictitious play does not approach from most starts."""

PENNIES = StageGame.from_bimatrix([[1, -1], [-1, 1]], [[-1, 1], [1, -1]])


def test_fictitious_play_finds_the_value_of_a_zero_sum_game():
    # Robinson 1951; the frequencies approach the equilibrium mixtures.
    game = StageGame.from_bimatrix([[9, 0], [0, 1]], [[-9, 0], [0, -1]])
    solution = bg.solve(game, bg.FictitiousPlay(n_rounds=4_000))
    assert solution.success
    np.testing.assert_allclose(solution.profile[0], [0.1, 0.9], atol=0.02)
    assert "evidence of play, not an equilibrium" in solution.message


def test_first_rounds_by_hand():
    # Uniform beliefs: row is indifferent and mixes; so does column; then nothing moves.
    still = solve(PENNIES, FictitiousPlay(n_rounds=10, start="uniform"))
    np.testing.assert_allclose(still.distribution, 0.25)
    dilemma = StageGame.from_bimatrix([[9, 1], [10, 3]], [[9, 10], [1, 3]])
    np.testing.assert_allclose(solve(dilemma, FictitiousPlay(n_rounds=7)).distribution, [[0, 0], [0, 1]])


def test_fictitious_play_cycles_in_shapleys_game_and_says_so():
    runs = [solve(SHAPLEY, FictitiousPlay(n_rounds=4_000, seed=seed)) for seed in range(3)]
    lost = [run for run in runs if run.distance > 0.1]
    assert lost
    for run in lost:
        assert run.status is Status.NO_EQUILIBRIUM_FOUND
        assert "distance 0." in run.message
        # Frequencies swing for ever: late states differ as much as early ones.
        late = run.states[0][len(run.times) // 2 :]
        assert np.ptp(late, axis=0).max() > 0.1


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_regret_matching_approaches_the_coarse_set_of_shapleys_game(seed):
    early, late = (solve(SHAPLEY, RegretMatching(n_rounds=n, seed=seed)) for n in (200, 20_000))
    assert late.coarse.relative_regret.max() < 0.01
    assert late.coarse.relative_regret.max() < early.coarse.relative_regret.max() + 0.01
    assert late.success
    # It avoids the diagonal of nothing for both: better than the 2/3 of the equilibrium.
    assert (late.distribution * SHAPLEY.payoffs.sum(axis=0)).sum() > 0.68


def test_conditional_regret_matching_approaches_the_correlated_set():
    solution = solve(SHAPLEY, RegretMatching(n_rounds=60_000, regret="conditional"))
    assert solution.swap.relative_regret.max() < 0.05
    chicken = StageGame.from_bimatrix([[6, 2], [7, 0]], [[6, 7], [2, 0]])
    assert solve(chicken, RegretMatching(regret="conditional")).distance < 0.02


def test_seeds_repeat_and_differ():
    one, again, other = (solve(SHAPLEY, RegretMatching(n_rounds=500, seed=seed)) for seed in (3, 3, 4))
    assert json.dumps(one.to_dict()) == json.dumps(again.to_dict())
    assert not np.array_equal(one.distribution, other.distribution)
    assert pickle.loads(pickle.dumps(one)) == one
    assert Solution.from_dict(json.loads(json.dumps(one.to_dict()))) == one


def test_a_longer_run_begins_like_a_shorter_one():
    short, long = (solve(SHAPLEY, RegretMatching(n_rounds=n)) for n in (100, 150))
    np.testing.assert_array_equal(short.states[0], long.states[0][:100])


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([(2, 2), (3, 3), (2, 2, 2), (3,)]))
def test_regret_matching_on_random_games(seed, shape):
    game = StageGame(np.random.default_rng(seed).normal(size=(len(shape), *shape)))
    solution = solve(game, RegretMatching(n_rounds=3_000, seed=seed))
    assert solution.coarse.relative_regret.max() < 0.06
    assert solution.distribution.sum() == pytest.approx(1.0)


def test_the_trajectory_is_thinned_and_ends_at_the_end():
    solution = solve(PENNIES, FictitiousPlay(n_rounds=1_234))
    assert len(solution.times) == 200
    assert (solution.times[0], solution.times[-1]) == (1, 1_234)
    assert len(solution.to_frame()) == 200 * 4


def test_time_limit_leaves_a_record_of_what_was_played():
    for solver in (FictitiousPlay, RegretMatching):
        solution = solve(SHAPLEY, solver(n_rounds=100_000, time_limit=0.02))
        assert solution.status is Status.STOPPED_EARLY
        assert 1 <= solution.times[-1] < 100_000
        assert solution.distribution.sum() == pytest.approx(1.0)
        assert "time limit reached" in solution.message


@dataclass(frozen=True)
class WrongLearner(FictitiousPlay):
    """Records that contradict themselves."""

    fault: int = 0

    def propose(self, game: StageGame) -> Proposal:
        record = FictitiousPlay(n_rounds=5).propose(game).candidates[0]
        wrong = (
            replace(record, distribution=np.array([[1.0, 0], [0, 0]])),
            replace(record, distribution=record.distribution * 2),
            replace(record, times=record.times[::-1]),
            PlayRecord(record.times, tuple(2 * table for table in record.states), record.distribution, True),
            None,
        )[self.fault]
        return Proposal(candidates=(wrong,))


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (0, "is not the average of the play recorded"),
        (1, "probabilities sum to 2"),
        (2, "times do not rise"),
        (3, "probabilities sum to 2"),
        (4, "not a record of play"),
    ],
)
def test_a_wrong_learner_ends_in_rejected(fault, reason):
    solution = solve(PENNIES, WrongLearner(fault=fault))
    assert (solution.status, solution.distance, solution.states) == (Status.REJECTED_ALL, None, ())
    assert reason in solution.rejected[0].reason
    assert Solution.from_dict(json.loads(json.dumps(solution.to_dict()))) == solution


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: FictitiousPlay(n_rounds=0), "n_rounds = 0"),
        (lambda: FictitiousPlay(start="anywhere"), "start = 'anywhere'"),
        (lambda: RegretMatching(accuracy=0.0), "accuracy = 0.0"),
        (lambda: RegretMatching(regret="none"), "regret = 'none'"),
    ],
)
def test_settings_are_checked(build, message):
    with pytest.raises(ValueError, match=message):
        build()
