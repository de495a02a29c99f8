"""Scenario and solvers meet: which arrangement two sides agree on, what it is worth to each, what holds it up."""

from bargain.talks.agreement import Agreement
from bargain.talks.compare import Comparison, compare_scenarios
from bargain.talks.negotiation import agree, negotiate
from bargain.talks.request import Request
from bargain.talks.setting import Setting, setting_of
from bargain.talks.staged_runs import StagedExchange

__all__ = [
    "Agreement",
    "Comparison",
    "Request",
    "Setting",
    "StagedExchange",
    "agree",
    "compare_scenarios",
    "negotiate",
    "setting_of",
]
