import json
from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bargain as bg
from bargain.games import StageGame
from bargain.solvers import Proposal, Solution, Stackelberg, SupportEnumeration, solve
from bargain.solvers.commitment import NEARBY, Commitment

E, A, B, D = 0.2, 0.5, 2.0, 1.0
INSPECTION = StageGame.from_bimatrix([[-A, -E], [-1, 0]], [[-B, 0], [D, 0]], ("inspector", "inspectee"))


def test_inspector_gains_from_moving_first():
    together = solve(INSPECTION, SupportEnumeration()).equilibria[0]
    np.testing.assert_allclose(together.profile[0], [1 / 3, 2 / 3])
    np.testing.assert_allclose(together.profile[1], [2 / 7, 5 / 7])
    assert together.payoffs[0] == pytest.approx(-2 / 7)
    solution = bg.solve(INSPECTION, bg.Stackelberg(leader="inspector"))
    assert solution.value == pytest.approx(-1 / 15)
    np.testing.assert_allclose(solution.equilibrium.profile[0], [1 / 3, 2 / 3])
    assert solution.equilibrium.pure is None
    assert solution.attained


def test_a_supremum_is_said_to_be_one():
    solution = solve(INSPECTION, Stackelberg(follower="pessimistic"))
    assert solution.value == pytest.approx(-1 / 15)
    assert solution.attained is False
    # A little more inspection than 1/3 makes compliance the only best reply.
    assert solution.nearby[0] > 1 / 3
    replies = solution.nearby @ INSPECTION.payoffs[1]
    assert replies[1] > replies[0] + 1e-3
    secured = solution.nearby @ INSPECTION.payoffs[0][:, 1]
    assert solution.value > secured > solution.value - NEARBY
    assert Solution.from_dict(json.loads(json.dumps(solution.to_dict()))) == solution


def test_pessimism_costs_where_replies_are_always_as_good():
    # von Stengel and Zamir 2010: equal columns of the follower leave the choice between them open for good.
    game = StageGame.from_bimatrix([[4, 0], [1, 1]], [[2, 2], [0, 0]])
    assert solve(game, Stackelberg()).value == pytest.approx(4)
    solution = solve(game, Stackelberg(follower="pessimistic"))
    assert (solution.value, solution.attained) == (pytest.approx(1), True)


def test_a_weakly_dominated_reply_cannot_be_induced():
    game = StageGame.from_bimatrix([[1, 5], [0, 0]], [[1, 1], [1, 0]])
    assert solve(game, Stackelberg()).value == pytest.approx(5)
    assert solve(game, Stackelberg(follower="pessimistic")).value == pytest.approx(1)


def test_who_moves_first_matters():
    chicken = StageGame.from_bimatrix([[6, 2], [7, 0]], [[6, 7], [2, 0]], ("US", "CN"))
    first, second = (solve(chicken, Stackelberg(leader=name, commitment="pure")) for name in ("US", "CN"))
    np.testing.assert_allclose(first.equilibrium.payoffs, [7, 2])
    np.testing.assert_allclose(second.equilibrium.payoffs, [2, 7])
    assert list(first.to_frame()["moves"].unique()) == ["first", "second"]


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 4), st.integers(1, 4), st.booleans(), st.integers(0, 1))
def test_order_of_the_values(seed, m, n, ties, leader):
    rng = np.random.default_rng(seed)
    game = StageGame(rng.integers(0, 3, (2, m, n)) if ties else rng.normal(size=(2, m, n)))
    value = {
        (commitment, follower): solve(game, Stackelberg(leader, commitment, follower)).value
        for commitment in ("mixed", "pure")
        for follower in ("optimistic", "pessimistic")
    }
    assert value["mixed", "optimistic"] >= value["mixed", "pessimistic"] - 1e-8
    assert value["mixed", "optimistic"] >= value["pure", "optimistic"] - 1e-8
    assert value["mixed", "pessimistic"] >= value["pure", "pessimistic"] - 1e-8
    nash = [equilibrium.payoffs[leader] for equilibrium in solve(game, SupportEnumeration()).equilibria]
    assert value["mixed", "optimistic"] >= max(nash) - 1e-8
    # The pessimistic value is at least the lowest Nash payoff (von Stengel and Zamir 2010).
    assert value["mixed", "pessimistic"] >= min(nash) - 1e-8


@dataclass(frozen=True)
class WrongLeader(Stackelberg):
    """Commitments to which the reply is wrong, that are not the best, or whose proof is none."""

    def propose(self, game: StageGame) -> Proposal:
        right = Stackelberg().propose(game).candidates[0]
        wrong = (
            replace(right, reply=0, strategy=np.array([0.5, 0.5])),
            replace(right, strategy=np.array([0.5, 0.5])),
            replace(right, strategy=np.array([0.5, 0.6])),
            replace(right, prices=-right.prices),
            replace(right, weights=np.zeros((2, 2))),
            Commitment(np.array([1.0]), 9, right.weights, right.prices),
            None,
        )
        return Proposal(candidates=wrong)


def test_a_wrong_leader_ends_in_rejected():
    solution = solve(INSPECTION, WrongLeader())
    assert (solution.status, solution.equilibrium, solution.value) == ("rejected_all", None, None)
    reasons = [rejected.reason for rejected in solution.rejected]
    assert len(reasons) == 7
    assert "the follower gains 0.167 of the payoff range" in reasons[0]
    assert "a commitment may be 0.0333 of the payoff range better" in reasons[1]
    assert "sum to 1.1" in reasons[2]
    assert all("not a commitment in this game" in reason for reason in reasons[2:])


def test_settings_and_limits():
    with pytest.raises(ValueError, match="no player 'inspecter'; did you mean 'inspector'"):
        solve(INSPECTION, Stackelberg(leader="inspecter"))
    with pytest.raises(ValueError, match="commitment = 'mix'"):
        Stackelberg(commitment="mix")
    with pytest.raises(ValueError, match="follower = 'nice'"):
        Stackelberg(follower="nice")
    solution = solve(INSPECTION, Stackelberg(time_limit=0.0))
    assert (solution.status, solution.value) == ("stopped_early", None)


def test_replies_too_alike_to_tell_are_named():
    payoffs = np.random.default_rng(0).integers(0, 9, (2, 4, 4)).astype(float)
    payoffs[1, 0, 0] = 1e9
    solution = solve(StageGame(payoffs), Stackelberg(follower="pessimistic"))
    assert solution.status == "rejected_all"
    assert "too little to tell whether it can be induced" in solution.rejected[0].reason
