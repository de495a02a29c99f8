"""What holds without an agreement: a Markov perfect equilibrium of the game with states, by name.

``path``: the one that play from the status quo leads to, best replies in turn from the reference moves in all states
(stage equilibria when those cycle). ``best`` and ``worst``: of those found, by the sum of values at the start in USD;
of those that are equal there, by that sum averaged over all states, since what they are worth elsewhere decides which
truces they hold up.
There mostly are several and nobody knows them all, so the scope is part of the name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from bargain.games.record import ArrayRecord
from bargain.games.stationary import MarkovEquilibrium
from bargain.solvers.base import solve
from bargain.solvers.markov_perfect import MarkovPerfect
from bargain.solvers.markov_solution import MarkovSolution
from bargain.talks.request import Request
from bargain.talks.setting import Setting
from bargain.talks.status_quo import StatusQuoPath

EQUAL = 1e-9
"""Share of the payoff ranges within which two joint values are the same: rounding must not choose."""


@dataclass(frozen=True, eq=False)
class Standoff(ArrayRecord):
    """What holds without an agreement.

    name: "path", "best" or "worst"; equilibrium: certified, None where none was found; scope: what is known about
    others, in words; n_found: how many different equilibria were found.
    """

    name: str
    equilibrium: MarkovEquilibrium | None
    scope: str
    n_found: int

    def to_dict(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "equilibrium": None if self.equilibrium is None else self.equilibrium.to_dict(),
            "scope": self.scope,
            "n_found": self.n_found,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Standoff:
        found = data["equilibrium"]
        return cls(
            data["name"],
            None if found is None else MarkovEquilibrium.from_dict(found),
            data["scope"],
            data["n_found"],
        )


def find_standoff(setting: Setting, request: Request) -> Standoff:
    """The standoff of that name; best and worst are taken among all that ``n_starts`` random starts and the path give.

    Their number does not shrink when more starts are taken, as far as the same seed is used.
    """
    name, tolerance, n_starts = request.threat, request.tolerance, request.n_starts
    start = tuple(setting.start.tolist())
    quo = StatusQuoPath(setting.reference, start, time_limit=request.time_limit)
    by_path = solve(setting.game, quo, tolerance=tolerance)
    if name == "path":
        return _on_path(by_path)
    search = MarkovPerfect(
        start=start,
        start_profile=setting.reference,
        method="search",
        n_starts=n_starts,
        seed=request.seed,
        max_nodes=0,
        time_limit=request.time_limit,
    )
    found = solve(setting.game, search, tolerance=tolerance).equilibria
    by_parts = solve(setting.game, replace(quo, whole=False), tolerance=tolerance)
    equilibria = list(dict.fromkeys([*found, *by_path.equilibria, *by_parts.equilibria]))
    if not equilibria:
        return Standoff(name, None, f"no pure equilibrium found from {n_starts} random starts", 0)
    place, n_equal = _extreme(setting, equilibria, 1.0 if name == "best" else -1.0)
    equal = f", {n_equal} equal there and told apart by their value over all states" if n_equal > 1 else ""
    scope = f"the {name} of {len(equilibria)} found by joint value at the start in USD{equal}; others may exist"
    return Standoff(name, equilibria[place], scope, len(equilibria))


def _extreme(setting: Setting, equilibria: list[MarkovEquilibrium], sign: float) -> tuple[int, int]:
    """Place of the one with the largest (sign 1) or smallest joint value at the start, and how many are equal there."""
    joint = sign * np.array([each.values @ setting.usd for each in equilibria])
    at_start, everywhere = joint @ setting.start, joint.mean(axis=1)
    tie = EQUAL * float(setting.game.payoff_range @ setting.usd)
    equal = np.flatnonzero(at_start >= at_start.max() - tie)
    best = equal[everywhere[equal] >= everywhere[equal].max() - tie]
    return int(best[0]), len(equal)


def _on_path(solution: MarkovSolution) -> Standoff:
    if solution.path is None:
        return Standoff("path", None, solution.message, 0)
    return Standoff("path", solution.path, f"from the status quo by {solution.path_by}; others may exist", 1)
