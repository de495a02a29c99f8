from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from bargain.games import StageGame
from bargain.games.certificate import certified
from bargain.solvers import PureNash, Scope, SupportEnumeration, solve
from bargain.solvers.equilibria import contradiction

BATTLE = StageGame.from_bimatrix([[2, 0], [0, 1]], [[1, 0], [0, 2]])


@dataclass(frozen=True)
class ForgetfulPureNash(PureNash):
    """Drops the last pure equilibrium."""

    def propose(self, game):
        proposal = super().propose(game)
        return replace(proposal, candidates=proposal.candidates[:-1])


@dataclass(frozen=True)
class ForgetfulEnumeration(SupportEnumeration):
    """Keeps so many of the equilibria, the mixed one first."""

    keep: int = 1

    def propose(self, game):
        proposal = super().propose(game)
        ordered = sorted(proposal.candidates, key=lambda profile: profile[0].max())
        return replace(proposal, candidates=tuple(ordered[: self.keep]), components=((0,),) if self.keep else ())


@dataclass(frozen=True)
class TrustedPureNash(ForgetfulPureNash):
    """The same for another concept, about which pure best replies say nothing."""

    concept: ClassVar[str] = "strict Nash equilibrium"


def test_a_missing_pure_equilibrium_refutes_completeness():
    solution = solve(BATTLE, ForgetfulPureNash())
    assert (len(solution.equilibria), solution.scope) == (1, Scope.SOME)
    assert solution.message.startswith("claimed complete, but 1 pure equilibrium is missing, the first is (")
    assert solve(BATTLE, PureNash()).scope is Scope.ALL
    assert solve(BATTLE, TrustedPureNash()).scope is Scope.ALL


def test_two_of_three_equilibria_missing():
    solution = solve(BATTLE, ForgetfulEnumeration(keep=1))
    assert (len(solution.equilibria), solution.scope, solution.components) == (1, Scope.SOME, ())
    assert "2 pure equilibria are missing" in solution.message


def test_none_or_an_even_number_found_refutes_completeness():
    none = solve(BATTLE, ForgetfulEnumeration(keep=0))
    assert none.scope is Scope.SOME
    assert "every finite game has an equilibrium" in none.message

    @dataclass(frozen=True)
    class PureAlone(SupportEnumeration):
        def propose(self, game):
            proposal = super().propose(game)
            pairs = tuple(pair for pair in proposal.candidates if pair[0].max() == 1.0)
            return replace(proposal, candidates=pairs, components=((0,), (1,)))

    even = solve(BATTLE, PureAlone())
    assert (len(even.equilibria), even.scope) == (2, Scope.SOME)
    assert "odd number of equilibria and 2 were found" in even.message


def test_a_pure_equilibrium_inside_a_component_is_not_missing():
    """A component of two ends in opposite corners spans the other two corners."""
    game = StageGame(np.zeros((2, 2, 2)))
    ends = [certified(game, profile, 1e-8) for profile in ((0, 0), (1, 1))]
    assert contradiction(game, "Nash equilibrium", ends, [(0, 1)]) == ""
    assert "2 pure equilibria are missing" in contradiction(game, "Nash equilibrium", ends, [(0,), (1,)])


def test_near_ties_refute_no_exact_run():
    """An action worse by 1e-11 is as good by the tie rule, not in exact arithmetic."""
    game = StageGame.from_bimatrix([[1.0, 0.0], [1.0 + 1e-11, 0.5]], [[1.0, 0.0], [1.0, 0.0]])
    assert solve(game, SupportEnumeration("exact")).scope is not Scope.SOME
    assert solve(game, PureNash()).scope is Scope.ALL
