"""What a game is: arrays and labels, no economics."""

from bargain.games.alternating import alternating
from bargain.games.alternating_offers import OfferRules, OfferStrategies
from bargain.games.automaton import Automaton, AutomatonEquilibrium, certify_automaton
from bargain.games.bargaining import BargainingProblem
from bargain.games.bargaining_certificate import BargainingCertificate
from bargain.games.bargaining_frontier import BargainingFrontier
from bargain.games.bayesian import BayesianEquilibrium, BayesianGame, certify_bayesian
from bargain.games.certificate import Certificate, Equilibrium, certify, regret
from bargain.games.coalition import CoalitionGame, PartitionGame
from bargain.games.coalition_values import Nucleolus, banzhaf_value, core, nucleolus, shapley_value
from bargain.games.deal import Deal, DealCertificate, certify_deal
from bargain.games.linear_quadratic import LinearQuadraticEquilibrium, LinearQuadraticGame, certify_feedback
from bargain.games.markov import MarkovGame
from bargain.games.payoff_operator import operator_distance, payoff_operator
from bargain.games.perfect_bayesian import PerfectBayesian
from bargain.games.profile import MixedProfile, PureProfile
from bargain.games.repeated import RepeatedGame
from bargain.games.responses import SecurityLevel, best_replies, best_reply_table, maxmin, minmax
from bargain.games.signalling import SignallingEquilibrium, SignallingGame, certify_signalling
from bargain.games.simple_strategies import grim_trigger, penance, simple_strategies, stick_and_carrot, tit_for_tat
from bargain.games.stability import EquilibriumFlags, equilibrium_flags
from bargain.games.stage import StageGame
from bargain.games.stationary import MarkovEquilibrium, StationaryProfile, certify_stationary, stationary_values
from bargain.games.truce_paths import simulate_truce, truce_automaton
from bargain.games.truce_play import TrucePlay, certify_truce

__all__ = [
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
    "MixedProfile",
    "Nucleolus",
    "OfferRules",
    "OfferStrategies",
    "PartitionGame",
    "PerfectBayesian",
    "PureProfile",
    "RepeatedGame",
    "SecurityLevel",
    "SignallingEquilibrium",
    "SignallingGame",
    "StageGame",
    "StationaryProfile",
    "TrucePlay",
    "alternating",
    "banzhaf_value",
    "best_replies",
    "best_reply_table",
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
]
