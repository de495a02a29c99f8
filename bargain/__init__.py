"""bargain: how the United States and China bargain with tariffs, rare-earth licences and chip controls.

The names below are loaded when first used, so that ``import bargain`` stays light.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_HOMES = {
    "bargain.games": (
        "Certificate",
        "Equilibrium",
        "EquilibriumFlags",
        "StageGame",
        "best_replies",
        "certify",
        "equilibrium_flags",
        "maxmin",
        "minmax",
        "regret",
    ),
    "bargain.solvers": (
        "CoarseCorrelated",
        "Correlated",
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
        "PureNash",
        "RegretMatching",
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
    ),
    "bargain.standoff": ("Scenario", "State", "load_scenario", "shipped_scenarios"),
    "bargain.study": ("SwitchPoints", "switch_thresholds"),
    "bargain.evidence": ("Parameter", "load_evidence"),
}
_HOME_OF = {name: module for module, names in _HOMES.items() for name in names}

__all__ = ["__version__", *sorted(_HOME_OF)]

if TYPE_CHECKING:
    from bargain.evidence import Parameter as Parameter
    from bargain.evidence import load_evidence as load_evidence
    from bargain.games import Certificate as Certificate
    from bargain.games import Equilibrium as Equilibrium
    from bargain.games import EquilibriumFlags as EquilibriumFlags
    from bargain.games import StageGame as StageGame
    from bargain.games import best_replies as best_replies
    from bargain.games import certify as certify
    from bargain.games import equilibrium_flags as equilibrium_flags
    from bargain.games import maxmin as maxmin
    from bargain.games import minmax as minmax
    from bargain.games import regret as regret
    from bargain.solvers import CoarseCorrelated as CoarseCorrelated
    from bargain.solvers import Correlated as Correlated
    from bargain.solvers import CorrelatedSolution as CorrelatedSolution
    from bargain.solvers import CorrelatedVertices as CorrelatedVertices
    from bargain.solvers import EliminationSolution as EliminationSolution
    from bargain.solvers import EquilibriumSolution as EquilibriumSolution
    from bargain.solvers import FictitiousPlay as FictitiousPlay
    from bargain.solvers import Gambit as Gambit
    from bargain.solvers import IndifferenceEnumeration as IndifferenceEnumeration
    from bargain.solvers import IteratedElimination as IteratedElimination
    from bargain.solvers import LearningSolution as LearningSolution
    from bargain.solvers import LemkeHowson as LemkeHowson
    from bargain.solvers import LogitBranch as LogitBranch
    from bargain.solvers import LogitDynamics as LogitDynamics
    from bargain.solvers import LogitFit as LogitFit
    from bargain.solvers import LogitPath as LogitPath
    from bargain.solvers import LogitSolution as LogitSolution
    from bargain.solvers import ManySolution as ManySolution
    from bargain.solvers import PureNash as PureNash
    from bargain.solvers import RegretMatching as RegretMatching
    from bargain.solvers import ReplicatorDynamics as ReplicatorDynamics
    from bargain.solvers import Scope as Scope
    from bargain.solvers import SequentialPlay as SequentialPlay
    from bargain.solvers import SequentialSolution as SequentialSolution
    from bargain.solvers import Solution as Solution
    from bargain.solvers import Solver as Solver
    from bargain.solvers import Stackelberg as Stackelberg
    from bargain.solvers import StackelbergSolution as StackelbergSolution
    from bargain.solvers import Status as Status
    from bargain.solvers import SupportEnumeration as SupportEnumeration
    from bargain.solvers import SupportHomotopy as SupportHomotopy
    from bargain.solvers import correlated_payoffs as correlated_payoffs
    from bargain.solvers import fit_precision as fit_precision
    from bargain.solvers import logit_branch as logit_branch
    from bargain.solvers import solve as solve
    from bargain.solvers import solve_many as solve_many
    from bargain.standoff import Scenario as Scenario
    from bargain.standoff import State as State
    from bargain.standoff import load_scenario as load_scenario
    from bargain.standoff import shipped_scenarios as shipped_scenarios
    from bargain.study import SwitchPoints as SwitchPoints
    from bargain.study import switch_thresholds as switch_thresholds


def __getattr__(name: str) -> Any:
    if name in _HOME_OF:
        return getattr(importlib.import_module(_HOME_OF[name]), name)
    raise AttributeError(f"module 'bargain' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
