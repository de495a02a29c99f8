"""How equilibria are found: one algorithm per module, one line per solver here."""

from bargain.solvers.base import Proposal, Rejected, Scope, Solution, Solver, Status, solve, solver_named
from bargain.solvers.correlated import CoarseCorrelated, Correlated
from bargain.solvers.correlated_equilibria import CorrelatedEquilibrium, CorrelatedSolution
from bargain.solvers.correlated_polytope import CorrelatedVertices, correlated_payoffs
from bargain.solvers.equilibria import EquilibriumSolution
from bargain.solvers.lemke_howson import LemkeHowson
from bargain.solvers.pure_nash import PureNash
from bargain.solvers.support_enumeration import SupportEnumeration

SOLVERS: tuple[type[Solver], ...] = (  # type: ignore[type-arg]
    PureNash,
    SupportEnumeration,
    LemkeHowson,
    Correlated,
    CoarseCorrelated,
    CorrelatedVertices,
)
"""Every shipped solver; the contract test runs each of them on every known game."""

__all__ = [
    "SOLVERS",
    "CoarseCorrelated",
    "Correlated",
    "CorrelatedEquilibrium",
    "CorrelatedSolution",
    "CorrelatedVertices",
    "EquilibriumSolution",
    "LemkeHowson",
    "Proposal",
    "PureNash",
    "Rejected",
    "Scope",
    "Solution",
    "Solver",
    "Status",
    "SupportEnumeration",
    "correlated_payoffs",
    "solve",
    "solver_named",
]
