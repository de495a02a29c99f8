import json
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bargain as bg
from bargain.games import StageGame
from bargain.solvers import IteratedElimination, Proposal, Scope, Solution, SupportEnumeration, solve
from bargain.solvers.elimination_steps import EliminationStep, Reduction


def test_a_mixture_dominates_where_no_action_does():
    # Osborne and Rubinstein 1994, section 4.2: the third row is beaten by half and half only.
    game = StageGame.from_bimatrix([[3, 0], [0, 3], [1, 1]], [[1, 0], [0, 1], [0, 0]], ("US", "CN"))
    assert solve(game, IteratedElimination(by="pure")).steps == ()
    solution = bg.solve(game, bg.IteratedElimination())
    assert solution.survivors == ((0, 1), (0, 1))
    (step,) = solution.steps
    np.testing.assert_allclose(step.dominating, [0.5, 0.5, 0])
    assert step.least == pytest.approx(0.5)
    assert solution.scope is Scope.ALL
    assert solution.game_left.n_actions == (2, 2)
    assert solution.to_frame().query("not survives")["dominated_by"].tolist() == ["0.5 action_1 + 0.5 action_2"]


def test_three_rounds_by_hand():
    # Gibbons 1992, figure 1.1.1: right, then down, then left goes.
    game = StageGame.from_bimatrix([[1, 1, 0], [0, 0, 2]], [[0, 2, 1], [3, 1, 0]])
    solution = solve(game, IteratedElimination())
    assert [(step.round, step.player, step.action) for step in solution.steps] == [(1, 1, 2), (2, 0, 1), (3, 1, 0)]
    assert solution.survivors == ((0,), (1,))
    assert solution.n_rounds == 3


def test_weak_elimination_depends_on_the_order_and_says_so():
    game = StageGame.from_bimatrix([[1, 1, 0], [0, 0, 0]], [[1, 1, 0], [1, 2, 2]])
    first = solve(game, IteratedElimination(kind="weak"))
    turns = solve(game, IteratedElimination(kind="weak", order="in_turn"))
    assert first.survivors != turns.survivors
    assert first.complete
    assert turns.complete
    assert first.scope is turns.scope is Scope.SOME
    assert "depends on the order" in first.message


def test_guess_a_share_of_the_average_of_three():
    levels = np.arange(6.0)
    a, b, c = np.meshgrid(levels, levels, levels, indexing="ij")
    target = 0.5 * (a + b + c) / 3
    game = StageGame(np.stack([-np.abs(own - target) for own in (a, b, c)]))
    solution = solve(game, IteratedElimination(kind="weak"))
    assert solution.survivors == ((0,), (0,), (0,))


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([(2, 3), (4, 4), (2, 2, 3), (3,)]), st.booleans())
def test_orders_agree_where_strict_and_equilibria_survive(seed, shape, ties):
    rng = np.random.default_rng(seed)
    game = StageGame(rng.integers(0, 4, (len(shape), *shape)) if ties else rng.normal(size=(len(shape), *shape)))
    mixed, pure = solve(game, IteratedElimination()), solve(game, IteratedElimination(by="pure"))
    assert mixed.complete
    assert pure.complete
    assert mixed.survivors == solve(game, IteratedElimination(order="in_turn")).survivors
    weak = solve(game, IteratedElimination(kind="weak"))
    assert weak.complete
    for k in range(len(shape)):
        assert set(mixed.survivors[k]) <= set(pure.survivors[k])
        assert set(weak.survivors[k])
    if len(shape) == 2:
        for equilibrium in solve(game, SupportEnumeration()).equilibria:
            for k, support in enumerate(equilibrium.supports):
                assert set(support) <= set(mixed.survivors[k])


@dataclass(frozen=True)
class WrongEliminator(IteratedElimination):
    """Drops what is not dominated, after one step that is right."""

    fault: int = 0

    def propose(self, game: StageGame) -> Proposal:
        right = EliminationStep(1, 0, 1, [1.0, 0])
        wrong = (
            EliminationStep(2, 1, 0, [0, 1.0]),
            EliminationStep(2, 0, 1, [1.0, 0]),
            EliminationStep(2, 0, 0, [0, 1.0]),
            EliminationStep(2, 1, 0, [0, 0.5]),
            EliminationStep(2, 1, 7, [0, 1.0]),
        )[self.fault]
        steps = (right, wrong) if self.fault else (wrong, right)
        return Proposal(candidates=(Reduction(steps, {}),), scope=Scope.ALL)


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (0, "not dominated: the gain goes from -1 to 0"),
        (1, "not in the game any more"),
        (2, "not in the game any more"),
        (3, "no mixture"),
        (4, "not an elimination in this game"),
    ],
)
def test_a_wrong_eliminator_ends_in_rejected(fault, reason):
    game = StageGame.from_bimatrix([[3, 3], [0, 0]], [[5, 4], [5, 5]])
    solution = solve(game, WrongEliminator(fault=fault))
    assert (len(solution.steps), solution.complete, solution.scope) == (int(fault > 0), False, Scope.SOME)
    assert solution.status == ("solved" if fault else "rejected_all")
    assert reason in solution.rejected[0].reason


def test_a_claim_of_completeness_is_not_believed():
    @dataclass(frozen=True)
    class Lazy(IteratedElimination):
        def propose(self, game: StageGame) -> Proposal:
            return Proposal(candidates=(Reduction((), {}),), scope=Scope.ALL)

    dilemma = StageGame.from_bimatrix([[9, 1], [10, 3]], [[9, 10], [1, 3]])
    for by in ("pure", "mixed"):
        solution = solve(dilemma, Lazy(by=by))
        assert (solution.complete, solution.scope) == (False, Scope.SOME)


def test_settings_and_limits():
    game = StageGame.from_bimatrix([[3, 3], [0, 0]], [[5, 4], [5, 5]])
    with pytest.raises(ValueError, match="kind = 'strong' is neither 'strict' nor 'weak'"):
        IteratedElimination(kind="strong")
    solution = solve(game, IteratedElimination(time_limit=0.0))
    assert (solution.status, solution.complete, solution.survivors) == ("stopped_early", False, ((0, 1), (0, 1)))
    solution = solve(game, IteratedElimination(kind="weak"))
    assert Solution.from_dict(json.loads(json.dumps(solution.to_dict()))) == solution
