"""How equilibria are found: one algorithm per module, one line per solver here."""

from bargain.solvers.base import Proposal, Rejected, Scope, Solution, Solver, Status, solve, solver_named
from bargain.solvers.equilibria import EquilibriumSolution
from bargain.solvers.lemke_howson import LemkeHowson
from bargain.solvers.pure_nash import PureNash
from bargain.solvers.support_enumeration import SupportEnumeration

SOLVERS: tuple[type[Solver], ...] = (PureNash, SupportEnumeration, LemkeHowson)  # type: ignore[type-arg]
"""Every shipped solver; the contract test runs each of them on every known game."""

__all__ = [
    "SOLVERS",
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
    "solve",
    "solver_named",
]
