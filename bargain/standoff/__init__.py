"""The world turned into games: scenarios, instruments, payoffs."""

from __future__ import annotations

from bargain.standoff.loading import load_scenario, shipped_scenarios
from bargain.standoff.payoff_table import MATERIAL, TERMS, PayoffTable
from bargain.standoff.scenario import Scenario, State
from bargain.standoff.schema import ScenarioError

__all__ = [
    "MATERIAL",
    "TERMS",
    "PayoffTable",
    "Scenario",
    "ScenarioError",
    "State",
    "load_scenario",
    "shipped_scenarios",
]
