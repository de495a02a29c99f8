"""How proposals are judged: order, twins, rejections and claims of completeness that do not hold."""

from dataclasses import dataclass

import numpy as np
import pytest
from known_markov_games import two_state_prisoners

from bargain.games.markov import MarkovGame
from bargain.solvers.base import Scope, Status, solve
from bargain.solvers.markov_perfect import MarkovPerfect
from bargain.solvers.markov_solution import MarkovProposal, MarkovSolution, criterion_weights, start_weights

COORDINATION = MarkovGame(
    np.array([[[[1.0, 0], [0, 3]]] * 2]), np.zeros((1, 2, 2, 1)), np.ones((1, 2, 2, 1)), 0.5, ("US", "CN")
)
LOW = (np.array([[1.0, 0.0]]), np.array([[1.0, 0.0]]))
HIGH = (np.array([[0.0, 1.0]]), np.array([[0.0, 1.0]]))
MIXED = (np.array([[0.75, 0.25]]), np.array([[0.75, 0.25]]))
WRONG = (np.array([[1.0, 0.0]]), np.array([[0.0, 1.0]]))


@dataclass(frozen=True)
class Fixed(MarkovPerfect):
    """Proposes what it is told."""

    names: tuple[str, ...] = ()
    n_listed: int = 0
    pure_scope: str = "some"
    aim: int = -1

    def propose(self, game):
        candidates = tuple({"low": LOW, "high": HIGH, "mixed": MIXED, "wrong": WRONG, "none": 3}[n] for n in self.names)
        return MarkovProposal(
            candidates=candidates, n_listed=self.n_listed, pure_scope=Scope(self.pure_scope), path=self.aim
        )


def judged(*names, **settings) -> MarkovSolution:
    return solve(COORDINATION, Fixed(names=names, **settings))


def test_order_twins_and_path():
    solution = judged("mixed", "low", "high", "low", aim=3)
    values = [found.values[0, 0] for found in solution.equilibria]
    np.testing.assert_allclose(values, [3.0, 1.0, 0.75])
    assert solution.path is solution.equilibria[1]
    assert solution.best is solution.equilibria[0]
    assert solution.worst is solution.equilibria[2]
    assert judged("high", "mixed", "low").equilibria == solution.equilibria


def test_rejected_candidates():
    solution = judged("wrong", "none")
    assert solution.status is Status.REJECTED_ALL
    assert "US may gain" in solution.rejected[0].reason
    assert "not a stationary profile" in solution.rejected[1].reason
    assert solution.path is solution.best is None
    lost = judged("wrong", "low", aim=0)
    assert lost.path is None
    assert lost.success


@pytest.mark.parametrize(
    ("names", "n_listed", "scope", "words"),
    [
        (("low", "high", "mixed"), 2, Scope.ALL, ""),
        (("low", "high", "mixed"), 1, Scope.SOME, "1 more were found another way"),
        (("low", "high", "wrong"), 3, Scope.SOME, "1 of them failed the certificate"),
        (("low", "high", "low"), 2, Scope.ALL, ""),
    ],
)
def test_claims_of_completeness(names, n_listed, scope, words):
    solution = judged(*names, n_listed=n_listed, pure_scope="all")
    assert solution.pure_scope is scope
    assert words in solution.message
    assert solution.scope is Scope.SOME


def test_weights():
    game = two_state_prisoners(0.5)
    np.testing.assert_array_equal(start_weights(game, None), [0.5, 0.5])
    np.testing.assert_array_equal(start_weights(game, "state_2"), [0, 1])
    np.testing.assert_array_equal(start_weights(game, (1, 3)), [0.25, 0.75])
    np.testing.assert_array_equal(criterion_weights(game, "player_2"), [0, 1])
    for start in ((0.0, 0.0), (1.0,), "state_3"):
        with pytest.raises(ValueError, match="state"):
            start_weights(game, start)
