"""How equilibria are found: one algorithm per module, one line per solver here."""

from bargain.solvers.bargaining import Egalitarian, KalaiSmorodinsky, NashBargaining, Utilitarian
from bargain.solvers.bargaining_solution import BargainingSolution
from bargain.solvers.base import Proposal, Rejected, Scope, Solution, Solver, Status, solve, solver_named
from bargain.solvers.commitment import StackelbergSolution
from bargain.solvers.correlated import CoarseCorrelated, Correlated
from bargain.solvers.correlated_equilibria import CorrelatedEquilibrium, CorrelatedSolution
from bargain.solvers.correlated_polytope import CorrelatedVertices, correlated_payoffs
from bargain.solvers.critical_discount import (
    CriticalDiscountFactor,
    critical_discount_factor,
    grim_trigger_factor,
    stick_and_carrot_factor,
)
from bargain.solvers.dynamics import LogitDynamics, ReplicatorDynamics
from bargain.solvers.elimination import IteratedElimination
from bargain.solvers.elimination_steps import EliminationSolution
from bargain.solvers.enforceable import EnforceableDeals
from bargain.solvers.enforceable_many import enforceable_many
from bargain.solvers.enforceable_many_solution import ManyDeals
from bargain.solvers.enforceable_solution import DealSolution
from bargain.solvers.equilibria import EquilibriumSolution
from bargain.solvers.finite_horizon import FinitelyRepeated
from bargain.solvers.finite_horizon_solution import FiniteHorizonSolution
from bargain.solvers.gambit import Gambit
from bargain.solvers.green_porter import TriggerStrategy, green_porter, trigger_length
from bargain.solvers.indifference_enumeration import IndifferenceEnumeration
from bargain.solvers.learning import FictitiousPlay, RegretMatching
from bargain.solvers.lemke_howson import LemkeHowson
from bargain.solvers.linear_quadratic import LinearQuadraticNash, LinearQuadraticSolution
from bargain.solvers.linkage import LinkageDiscount, linkage_critical_discount
from bargain.solvers.logit_branch import LogitBranch, logit_branch
from bargain.solvers.logit_fit import LogitFit, fit_precision
from bargain.solvers.logit_path import LogitPath
from bargain.solvers.logit_solution import LogitSolution
from bargain.solvers.many import solve_many
from bargain.solvers.many_solution import ManySolution
from bargain.solvers.markov_horizon import FiniteHorizon, HorizonSolution
from bargain.solvers.markov_perfect import MarkovPerfect
from bargain.solvers.markov_solution import MarkovSolution
from bargain.solvers.negotiation_solution import NegotiationSolution
from bargain.solvers.payoff_set_map import PayoffSetMap, payoff_set_map
from bargain.solvers.payoff_sets import PayoffSetSolution
from bargain.solvers.play import LearningSolution
from bargain.solvers.pure_nash import PureNash
from bargain.solvers.repeated_negotiation import RepeatedNegotiation
from bargain.solvers.rubinstein import OfferSolution, Rubinstein
from bargain.solvers.sequential import SequentialPlay, SequentialSolution
from bargain.solvers.stackelberg import Stackelberg
from bargain.solvers.subgame_perfect import SubgamePerfectPayoffs
from bargain.solvers.support_enumeration import SupportEnumeration
from bargain.solvers.support_homotopy import SupportHomotopy
from bargain.solvers.threat_solution import ThreatSolution
from bargain.solvers.tranches import GradualPath, StagedConcession, fewest_tranches, gradual_path
from bargain.solvers.truce import Truce
from bargain.solvers.truce_limits import TruceLimits
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
    RepeatedNegotiation,
    FinitelyRepeated,
    FiniteHorizon,
    LinearQuadraticNash,
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
    "CriticalDiscountFactor",
    "DealSolution",
    "Egalitarian",
    "EliminationSolution",
    "EnforceableDeals",
    "EquilibriumSolution",
    "FictitiousPlay",
    "FiniteHorizon",
    "FiniteHorizonSolution",
    "FinitelyRepeated",
    "Gambit",
    "GradualPath",
    "HorizonSolution",
    "IndifferenceEnumeration",
    "IteratedElimination",
    "KalaiSmorodinsky",
    "LearningSolution",
    "LemkeHowson",
    "LinearQuadraticNash",
    "LinearQuadraticSolution",
    "LinkageDiscount",
    "LogitBranch",
    "LogitDynamics",
    "LogitFit",
    "LogitPath",
    "LogitSolution",
    "ManyDeals",
    "ManySolution",
    "MarkovPerfect",
    "MarkovSolution",
    "NashBargaining",
    "NegotiationSolution",
    "OfferSolution",
    "PayoffSetMap",
    "PayoffSetSolution",
    "Proposal",
    "PureNash",
    "RegretMatching",
    "Rejected",
    "RepeatedNegotiation",
    "ReplicatorDynamics",
    "Rubinstein",
    "Scope",
    "SequentialPlay",
    "SequentialSolution",
    "Solution",
    "Solver",
    "Stackelberg",
    "StackelbergSolution",
    "StagedConcession",
    "Status",
    "SubgamePerfectPayoffs",
    "SupportEnumeration",
    "SupportHomotopy",
    "ThreatSolution",
    "TriggerStrategy",
    "Truce",
    "TruceLimits",
    "TruceSolution",
    "Utilitarian",
    "VariableThreats",
    "correlated_payoffs",
    "critical_discount_factor",
    "enforceable_many",
    "fewest_tranches",
    "fit_precision",
    "gradual_path",
    "green_porter",
    "grim_trigger_factor",
    "linkage_critical_discount",
    "logit_branch",
    "payoff_set_map",
    "solve",
    "solve_many",
    "solver_named",
    "stick_and_carrot_factor",
    "trigger_length",
]
