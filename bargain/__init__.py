"""bargain: how the United States and China bargain with tariffs, rare-earth licences and chip controls.

The names below are loaded when first used, so that ``import bargain`` stays light.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_HOMES = {
    "bargain.games": (
        "Automaton",
        "AutomatonEquilibrium",
        "BargainingCertificate",
        "BargainingFrontier",
        "BargainingProblem",
        "BayesianEquilibrium",
        "BayesianGame",
        "Certificate",
        "CoalitionGame",
        "Deal",
        "DealCertificate",
        "Equilibrium",
        "EquilibriumFlags",
        "LinearQuadraticEquilibrium",
        "LinearQuadraticGame",
        "MarkovEquilibrium",
        "MarkovGame",
        "Nucleolus",
        "OfferRules",
        "OfferStrategies",
        "PartitionGame",
        "RepeatedGame",
        "SignallingEquilibrium",
        "SignallingGame",
        "StageGame",
        "StationaryProfile",
        "TrucePlay",
        "alternating",
        "banzhaf_value",
        "best_replies",
        "certify",
        "certify_automaton",
        "certify_bayesian",
        "certify_deal",
        "certify_feedback",
        "certify_signalling",
        "certify_stationary",
        "certify_truce",
        "core",
        "equilibrium_flags",
        "grim_trigger",
        "maxmin",
        "minmax",
        "nucleolus",
        "operator_distance",
        "payoff_operator",
        "penance",
        "regret",
        "shapley_value",
        "simple_strategies",
        "simulate_truce",
        "stationary_values",
        "stick_and_carrot",
        "tit_for_tat",
        "truce_automaton",
    ),
    "bargain.solvers": (
        "BargainingSolution",
        "CoarseCorrelated",
        "Correlated",
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
        "PureNash",
        "RegretMatching",
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
        "stick_and_carrot_factor",
        "trigger_length",
    ),
    "bargain.standoff": (
        "Scenario",
        "State",
        "load_scenario",
        "shipped_scenarios",
    ),
    "bargain.study": (
        "DrawQuestions",
        "SwitchPoints",
        "switch_thresholds",
    ),
    "bargain.evidence": (
        "Parameter",
        "load_evidence",
    ),
    "bargain.talks": (
        "Agreement",
        "Comparison",
        "StagedExchange",
        "compare_scenarios",
        "negotiate",
    ),
    "bargain.talks.compare": ("compare",),
    "bargain.talks.linkage": (
        "linkage",
        "linking_adds",
    ),
    "bargain.talks.staged_exchange": ("staged_exchange",),
    "bargain.study.agreement_draws": ("agreement_draws",),
    "bargain.study.expectations": ("expectations",),
    "bargain.games.perfect_bayesian": (
        "PerfectBayesian",
        "perfect_bayesian",
    ),
}
_HOME_OF = {name: module for module, names in _HOMES.items() for name in names}

__all__ = ["__version__", *sorted(_HOME_OF)]

if TYPE_CHECKING:
    from bargain.evidence import Parameter as Parameter
    from bargain.evidence import load_evidence as load_evidence
    from bargain.games import Automaton as Automaton
    from bargain.games import AutomatonEquilibrium as AutomatonEquilibrium
    from bargain.games import BargainingCertificate as BargainingCertificate
    from bargain.games import BargainingFrontier as BargainingFrontier
    from bargain.games import BargainingProblem as BargainingProblem
    from bargain.games import BayesianEquilibrium as BayesianEquilibrium
    from bargain.games import BayesianGame as BayesianGame
    from bargain.games import Certificate as Certificate
    from bargain.games import CoalitionGame as CoalitionGame
    from bargain.games import Deal as Deal
    from bargain.games import DealCertificate as DealCertificate
    from bargain.games import Equilibrium as Equilibrium
    from bargain.games import EquilibriumFlags as EquilibriumFlags
    from bargain.games import LinearQuadraticEquilibrium as LinearQuadraticEquilibrium
    from bargain.games import LinearQuadraticGame as LinearQuadraticGame
    from bargain.games import MarkovEquilibrium as MarkovEquilibrium
    from bargain.games import MarkovGame as MarkovGame
    from bargain.games import Nucleolus as Nucleolus
    from bargain.games import OfferRules as OfferRules
    from bargain.games import OfferStrategies as OfferStrategies
    from bargain.games import PartitionGame as PartitionGame
    from bargain.games import RepeatedGame as RepeatedGame
    from bargain.games import SignallingEquilibrium as SignallingEquilibrium
    from bargain.games import SignallingGame as SignallingGame
    from bargain.games import StageGame as StageGame
    from bargain.games import StationaryProfile as StationaryProfile
    from bargain.games import TrucePlay as TrucePlay
    from bargain.games import alternating as alternating
    from bargain.games import banzhaf_value as banzhaf_value
    from bargain.games import best_replies as best_replies
    from bargain.games import certify as certify
    from bargain.games import certify_automaton as certify_automaton
    from bargain.games import certify_bayesian as certify_bayesian
    from bargain.games import certify_deal as certify_deal
    from bargain.games import certify_feedback as certify_feedback
    from bargain.games import certify_signalling as certify_signalling
    from bargain.games import certify_stationary as certify_stationary
    from bargain.games import certify_truce as certify_truce
    from bargain.games import core as core
    from bargain.games import equilibrium_flags as equilibrium_flags
    from bargain.games import grim_trigger as grim_trigger
    from bargain.games import maxmin as maxmin
    from bargain.games import minmax as minmax
    from bargain.games import nucleolus as nucleolus
    from bargain.games import operator_distance as operator_distance
    from bargain.games import payoff_operator as payoff_operator
    from bargain.games import penance as penance
    from bargain.games import regret as regret
    from bargain.games import shapley_value as shapley_value
    from bargain.games import simple_strategies as simple_strategies
    from bargain.games import simulate_truce as simulate_truce
    from bargain.games import stationary_values as stationary_values
    from bargain.games import stick_and_carrot as stick_and_carrot
    from bargain.games import tit_for_tat as tit_for_tat
    from bargain.games import truce_automaton as truce_automaton
    from bargain.games.perfect_bayesian import PerfectBayesian as PerfectBayesian
    from bargain.games.perfect_bayesian import perfect_bayesian as perfect_bayesian
    from bargain.solvers import BargainingSolution as BargainingSolution
    from bargain.solvers import CoarseCorrelated as CoarseCorrelated
    from bargain.solvers import Correlated as Correlated
    from bargain.solvers import CorrelatedSolution as CorrelatedSolution
    from bargain.solvers import CorrelatedVertices as CorrelatedVertices
    from bargain.solvers import CriticalDiscountFactor as CriticalDiscountFactor
    from bargain.solvers import DealSolution as DealSolution
    from bargain.solvers import Egalitarian as Egalitarian
    from bargain.solvers import EliminationSolution as EliminationSolution
    from bargain.solvers import EnforceableDeals as EnforceableDeals
    from bargain.solvers import EquilibriumSolution as EquilibriumSolution
    from bargain.solvers import FictitiousPlay as FictitiousPlay
    from bargain.solvers import FiniteHorizon as FiniteHorizon
    from bargain.solvers import FiniteHorizonSolution as FiniteHorizonSolution
    from bargain.solvers import FinitelyRepeated as FinitelyRepeated
    from bargain.solvers import Gambit as Gambit
    from bargain.solvers import GradualPath as GradualPath
    from bargain.solvers import HorizonSolution as HorizonSolution
    from bargain.solvers import IndifferenceEnumeration as IndifferenceEnumeration
    from bargain.solvers import IteratedElimination as IteratedElimination
    from bargain.solvers import KalaiSmorodinsky as KalaiSmorodinsky
    from bargain.solvers import LearningSolution as LearningSolution
    from bargain.solvers import LemkeHowson as LemkeHowson
    from bargain.solvers import LinearQuadraticNash as LinearQuadraticNash
    from bargain.solvers import LinearQuadraticSolution as LinearQuadraticSolution
    from bargain.solvers import LinkageDiscount as LinkageDiscount
    from bargain.solvers import LogitBranch as LogitBranch
    from bargain.solvers import LogitDynamics as LogitDynamics
    from bargain.solvers import LogitFit as LogitFit
    from bargain.solvers import LogitPath as LogitPath
    from bargain.solvers import LogitSolution as LogitSolution
    from bargain.solvers import ManyDeals as ManyDeals
    from bargain.solvers import ManySolution as ManySolution
    from bargain.solvers import MarkovPerfect as MarkovPerfect
    from bargain.solvers import MarkovSolution as MarkovSolution
    from bargain.solvers import NashBargaining as NashBargaining
    from bargain.solvers import NegotiationSolution as NegotiationSolution
    from bargain.solvers import OfferSolution as OfferSolution
    from bargain.solvers import PayoffSetMap as PayoffSetMap
    from bargain.solvers import PayoffSetSolution as PayoffSetSolution
    from bargain.solvers import PureNash as PureNash
    from bargain.solvers import RegretMatching as RegretMatching
    from bargain.solvers import RepeatedNegotiation as RepeatedNegotiation
    from bargain.solvers import ReplicatorDynamics as ReplicatorDynamics
    from bargain.solvers import Rubinstein as Rubinstein
    from bargain.solvers import Scope as Scope
    from bargain.solvers import SequentialPlay as SequentialPlay
    from bargain.solvers import SequentialSolution as SequentialSolution
    from bargain.solvers import Solution as Solution
    from bargain.solvers import Solver as Solver
    from bargain.solvers import Stackelberg as Stackelberg
    from bargain.solvers import StackelbergSolution as StackelbergSolution
    from bargain.solvers import StagedConcession as StagedConcession
    from bargain.solvers import Status as Status
    from bargain.solvers import SubgamePerfectPayoffs as SubgamePerfectPayoffs
    from bargain.solvers import SupportEnumeration as SupportEnumeration
    from bargain.solvers import SupportHomotopy as SupportHomotopy
    from bargain.solvers import ThreatSolution as ThreatSolution
    from bargain.solvers import TriggerStrategy as TriggerStrategy
    from bargain.solvers import Truce as Truce
    from bargain.solvers import TruceLimits as TruceLimits
    from bargain.solvers import TruceSolution as TruceSolution
    from bargain.solvers import Utilitarian as Utilitarian
    from bargain.solvers import VariableThreats as VariableThreats
    from bargain.solvers import correlated_payoffs as correlated_payoffs
    from bargain.solvers import critical_discount_factor as critical_discount_factor
    from bargain.solvers import enforceable_many as enforceable_many
    from bargain.solvers import fewest_tranches as fewest_tranches
    from bargain.solvers import fit_precision as fit_precision
    from bargain.solvers import gradual_path as gradual_path
    from bargain.solvers import green_porter as green_porter
    from bargain.solvers import grim_trigger_factor as grim_trigger_factor
    from bargain.solvers import linkage_critical_discount as linkage_critical_discount
    from bargain.solvers import logit_branch as logit_branch
    from bargain.solvers import payoff_set_map as payoff_set_map
    from bargain.solvers import solve as solve
    from bargain.solvers import solve_many as solve_many
    from bargain.solvers import stick_and_carrot_factor as stick_and_carrot_factor
    from bargain.solvers import trigger_length as trigger_length
    from bargain.standoff import Scenario as Scenario
    from bargain.standoff import State as State
    from bargain.standoff import load_scenario as load_scenario
    from bargain.standoff import shipped_scenarios as shipped_scenarios
    from bargain.study import DrawQuestions as DrawQuestions
    from bargain.study import SwitchPoints as SwitchPoints
    from bargain.study import switch_thresholds as switch_thresholds
    from bargain.study.agreement_draws import agreement_draws as agreement_draws
    from bargain.study.expectations import expectations as expectations
    from bargain.talks import Agreement as Agreement
    from bargain.talks import Comparison as Comparison
    from bargain.talks import StagedExchange as StagedExchange
    from bargain.talks import compare_scenarios as compare_scenarios
    from bargain.talks import negotiate as negotiate
    from bargain.talks.compare import compare as compare
    from bargain.talks.linkage import linkage as linkage
    from bargain.talks.linkage import linking_adds as linking_adds
    from bargain.talks.staged_exchange import staged_exchange as staged_exchange


def __getattr__(name: str) -> Any:
    if name in _HOME_OF:
        return getattr(importlib.import_module(_HOME_OF[name]), name)
    raise AttributeError(f"module 'bargain' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
