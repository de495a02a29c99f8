import itertools
import json
import pickle
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bargain.games import StageGame
from bargain.solvers import Proposal, SequentialPlay, Solution, Stackelberg, solve


def test_three_movers_by_hand():
    # Each asks for 0 or 1 of a pie of two; too many ones leave nothing: the first two movers take all.
    payoffs = np.zeros((3, 2, 2, 2))
    for profile in itertools.product(range(2), repeat=3):
        if sum(profile) <= 2:
            payoffs[(slice(None), *profile)] = profile
    game = StageGame(payoffs, ("US", "CN", "EU"))
    assert solve(game, SequentialPlay()).outcome == (1, 1, 0)
    solution = solve(game, SequentialPlay(order=("EU", "US", "CN")))
    assert solution.outcome == (1, 0, 1)
    assert solution.to_frame()["player"].tolist() == ["EU", "US", "CN"]
    assert Solution.from_dict(json.loads(json.dumps(solution.to_dict()))) == solution
    assert pickle.loads(pickle.dumps(solution)) == solution


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.booleans(), st.sampled_from(["optimistic", "pessimistic"]), st.integers(0, 1))
def test_two_movers_are_a_pure_commitment(seed, ties, follower, leader):
    rng = np.random.default_rng(seed)
    table = rng.normal(size=(2, 3, 4))
    game = StageGame(np.round(table) if ties else table)
    solution = solve(game, SequentialPlay(order=(leader, 1 - leader), ties=follower))
    commitment = solve(game, Stackelberg(leader, "pure", follower))
    assert solution.payoffs[leader] == pytest.approx(commitment.value)


def value_after(game, movers, history, chosen):
    """Best continuation by plain recursion; ``chosen`` keeps the mover's own value only."""
    if len(history) == len(movers):
        return game.payoffs[(slice(None), *(history[movers.index(i)] for i in range(len(movers))))]
    mover = movers[len(history)]
    options = [value_after(game, movers, (*history, a), chosen) for a in range(game.n_actions[mover])]
    return max(options, key=lambda payoffs: payoffs[mover])


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.permutations([0, 1, 2]))
def test_against_recursion(seed, movers):
    game = StageGame(np.random.default_rng(seed).normal(size=(3, 2, 3, 2)))
    solution = solve(game, SequentialPlay(order=tuple(movers)))
    np.testing.assert_allclose(solution.payoffs, value_after(game, movers, (), None))


@dataclass(frozen=True)
class WrongMover(SequentialPlay):
    fault: int = 0

    def propose(self, game: StageGame) -> Proposal:
        return Proposal(candidates=((([0], [0, 0]), (0, [0, 0]), (0, [0, 9]), (0,))[self.fault],))


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (0, "does not give an action for each history"),
        (1, "a mover gains 1 of the payoff range"),
        (2, "does not give an action for each history"),
        (3, "1 plans for 2 movers"),
    ],
)
def test_a_wrong_mover_ends_in_rejected(fault, reason):
    game = StageGame([np.eye(2), np.eye(2)])
    solution = solve(game, WrongMover(fault=fault))
    assert (solution.status, solution.payoffs, solution.plans) == ("rejected_all", None, ())
    assert reason in solution.rejected[0].reason


def test_settings():
    game = StageGame([np.eye(2), np.eye(2)], ("US", "CN"))
    with pytest.raises(ValueError, match="does not name each of US, CN once"):
        solve(game, SequentialPlay(order=("US", "US")))
    with pytest.raises(ValueError, match="ties = 'kind'"):
        SequentialPlay(ties="kind")
