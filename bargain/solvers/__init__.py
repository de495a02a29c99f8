"""How equilibria are found: one algorithm per module, one line per solver here."""

from bargain.solvers.base import Proposal, Rejected, Scope, Solution, Solver, Status, solve, solver_named
from bargain.solvers.commitment import StackelbergSolution
from bargain.solvers.correlated import CoarseCorrelated, Correlated
from bargain.solvers.correlated_equilibria import CorrelatedEquilibrium, CorrelatedSolution
from bargain.solvers.correlated_polytope import CorrelatedVertices, correlated_payoffs
from bargain.solvers.dynamics import LogitDynamics, ReplicatorDynamics
from bargain.solvers.elimination import IteratedElimination
from bargain.solvers.elimination_steps import EliminationSolution
from bargain.solvers.equilibria import EquilibriumSolution
from bargain.solvers.gambit import Gambit
from bargain.solvers.indifference_enumeration import IndifferenceEnumeration
from bargain.solvers.learning import FictitiousPlay, RegretMatching
from bargain.solvers.lemke_howson import LemkeHowson
from bargain.solvers.logit_branch import LogitBranch, logit_branch
from bargain.solvers.logit_fit import LogitFit, fit_precision
from bargain.solvers.logit_path import LogitPath
from bargain.solvers.logit_solution import LogitSolution
from bargain.solvers.many import solve_many
from bargain.solvers.many_solution import ManySolution
from bargain.solvers.play import LearningSolution
from bargain.solvers.pure_nash import PureNash
from bargain.solvers.sequential import SequentialPlay, SequentialSolution
from bargain.solvers.stackelberg import Stackelberg
from bargain.solvers.support_enumeration import SupportEnumeration
from bargain.solvers.support_homotopy import SupportHomotopy

SOLVERS: tuple[type[Solver], ...] = (  # type: ignore[type-arg]
    PureNash,
    SupportEnumeration,
    IndifferenceEnumeration,
    LemkeHowson,
    Correlated,
    CoarseCorrelated,
    CorrelatedVertices,
    Stackelberg,
    SequentialPlay,
    IteratedElimination,
    FictitiousPlay,
    RegretMatching,
    ReplicatorDynamics,
    LogitDynamics,
    LogitPath,
    SupportHomotopy,
)
"""Every shipped solver; the contract test runs each of them on every known game. Gambit, an extra, has its own."""

__all__ = [
    "SOLVERS",
    "CoarseCorrelated",
    "Correlated",
    "CorrelatedEquilibrium",
    "CorrelatedSolution",
    "CorrelatedVertices",
    "EliminationSolution",
    "EquilibriumSolution",
    "FictitiousPlay",
    "Gambit",
    "IndifferenceEnumeration",
    "IteratedElimination",
    "LearningSolution",
    "LemkeHowson",
    "LogitBranch",
    "LogitDynamics",
    "LogitFit",
    "LogitPath",
    "LogitSolution",
    "ManySolution",
    "Proposal",
    "PureNash",
    "RegretMatching",
    "Rejected",
    "ReplicatorDynamics",
    "Scope",
    "SequentialPlay",
    "SequentialSolution",
    "Solution",
    "Solver",
    "Stackelberg",
    "StackelbergSolution",
    "Status",
    "SupportEnumeration",
    "SupportHomotopy",
    "correlated_payoffs",
    "fit_precision",
    "logit_branch",
    "solve",
    "solve_many",
    "solver_named",
]
