"""Scenario and solvers meet: which arrangement two sides agree on, what it is worth to each, what holds it up."""

from bargain.talks.agreement import Agreement
from bargain.talks.negotiation import agree, negotiate
from bargain.talks.request import Request
from bargain.talks.setting import Setting, setting_of

__all__ = ["Agreement", "Request", "Setting", "agree", "negotiate", "setting_of"]
