"""How equilibria are found: one algorithm per module, one line per solver here."""

from bargain.solvers.bargaining import Egalitarian, KalaiSmorodinsky, NashBargaining, Utilitarian
from bargain.solvers.bargaining_solution import BargainingSolution
from bargain.solvers.base import Proposal, Rejected, Scope, Solution, Solver, Status, solve, solver_named
from bargain.solvers.commitment import StackelbergSolution
from bargain.solvers.correlated import CoarseCorrelated, Correlated
from bargain.solvers.correlated_equilibria import CorrelatedEquilibrium, CorrelatedSolution
from bargain.solvers.correlated_polytope import CorrelatedVertices, correlated_payoffs
from bargain.solvers.dynamics import LogitDynamics, ReplicatorDynamics
from bargain.solvers.elimination import IteratedElimination
from bargain.solvers.elimination_steps import EliminationSolution
from bargain.solvers.enforceable import EnforceableDeals
from bargain.solvers.enforceable_solution import DealSolution
from bargain.solvers.equilibria import EquilibriumSolution
from bargain.solvers.gambit import Gambit
from bargain.solvers.green_porter import green_porter
from bargain.solvers.indifference_enumeration import IndifferenceEnumeration
from bargain.solvers.learning import FictitiousPlay, RegretMatching
from bargain.solvers.lemke_howson import LemkeHowson
from bargain.solvers.logit_branch import LogitBranch, logit_branch
from bargain.solvers.logit_fit import LogitFit, fit_precision
from bargain.solvers.logit_path import LogitPath
from bargain.solvers.logit_solution import LogitSolution
from bargain.solvers.many import solve_many
from bargain.solvers.many_solution import ManySolution
from bargain.solvers.markov_perfect import MarkovPerfect
from bargain.solvers.markov_solution import MarkovSolution
from bargain.solvers.payoff_sets import PayoffSetSolution
from bargain.solvers.play import LearningSolution
from bargain.solvers.pure_nash import PureNash
from bargain.solvers.rubinstein import Rubinstein
from bargain.solvers.sequential import SequentialPlay, SequentialSolution
from bargain.solvers.stackelberg import Stackelberg
from bargain.solvers.subgame_perfect import SubgamePerfectPayoffs
from bargain.solvers.support_enumeration import SupportEnumeration
from bargain.solvers.support_homotopy import SupportHomotopy
from bargain.solvers.truce import Truce
from bargain.solvers.truce_solution import TruceSolution
from bargain.solvers.variable_threats import VariableThreats

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

DYNAMIC_SOLVERS: tuple[type[Solver], ...] = (  # type: ignore[type-arg]
    SubgamePerfectPayoffs,
    EnforceableDeals,
    Truce,
    MarkovPerfect,
    NashBargaining,
    KalaiSmorodinsky,
    Egalitarian,
    Utilitarian,
    Rubinstein,
    VariableThreats,
)
"""Every shipped solver of repeated games, games with states and bargaining problems; a contract test of its own."""

__all__ = [
    "DYNAMIC_SOLVERS",
    "SOLVERS",
    "BargainingSolution",
    "CoarseCorrelated",
    "Correlated",
    "CorrelatedEquilibrium",
    "CorrelatedSolution",
    "CorrelatedVertices",
    "DealSolution",
    "Egalitarian",
    "EliminationSolution",
    "EnforceableDeals",
    "EquilibriumSolution",
    "FictitiousPlay",
    "Gambit",
    "IndifferenceEnumeration",
    "IteratedElimination",
    "KalaiSmorodinsky",
    "LearningSolution",
    "LemkeHowson",
    "LogitBranch",
    "LogitDynamics",
    "LogitFit",
    "LogitPath",
    "LogitSolution",
    "ManySolution",
    "MarkovPerfect",
    "MarkovSolution",
    "NashBargaining",
    "PayoffSetSolution",
    "Proposal",
    "PureNash",
    "RegretMatching",
    "Rejected",
    "ReplicatorDynamics",
    "Rubinstein",
    "Scope",
    "SequentialPlay",
    "SequentialSolution",
    "Solution",
    "Solver",
    "Stackelberg",
    "StackelbergSolution",
    "Status",
    "SubgamePerfectPayoffs",
    "SupportEnumeration",
    "SupportHomotopy",
    "Truce",
    "TruceSolution",
    "Utilitarian",
    "VariableThreats",
    "correlated_payoffs",
    "fit_precision",
    "green_porter",
    "logit_branch",
    "solve",
    "solve_many",
    "solver_named",
]
