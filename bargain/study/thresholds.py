"""Switch thresholds: where along one parameter the certified set of equilibria of a round changes.

The set is told by the supports of all equilibria: between two thresholds every equilibrium keeps its support, so that
a branch is a support and equilibria cannot be swapped along the way. A grid brackets the changes; each bracket is
bisected on the certified set, and split again where the middle agrees with neither end. A cell whose ends agree is
split too where an equilibrium could lose its support, or another pure profile become an equilibrium, and all be undone
again inside: where the distances to that at both ends add up to no more than they can change across the cell, going by
the largest slope seen on the grid. Such cells are split down to an eighth of the grid; a change undone within less can
still be missed, and the result says so.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from bargain.games import StageGame
from bargain.solvers import PureNash, Scope, Solver, Status, SupportEnumeration, solve
from bargain.solvers.watch import Progress, Watch
from bargain.standoff import Scenario, ScenarioError, State

if TYPE_CHECKING:
    import pandas as pd

Support = tuple[tuple[str, ...], ...]
"""Action labels in play, one tuple per player."""

FINEST = 8
"""Cells whose ends agree are split down to this part of the grid."""


@dataclass(frozen=True)
class Switch:
    """A change of the set: between ``low`` and ``high`` some equilibria appear and some vanish."""

    low: float
    high: float
    gained: tuple[Support, ...]
    lost: tuple[Support, ...]

    @property
    def at(self) -> float:
        """Middle of the bracket."""
        return (self.low + self.high) / 2


@dataclass(frozen=True)
class Branch:
    """An equilibrium with its support, from the first to the last parameter value at which it was certified."""

    support: Support
    low: float
    high: float
    payoffs_at_low: tuple[float, ...]
    payoffs_at_high: tuple[float, ...]


@dataclass(frozen=True)
class SwitchPoints:
    """Answer of ``switch_thresholds``: switches in order, branches, and how sure it is.

    tolerance: widest bracket, in units of the parameter (twice that where a solved value is itself the tie);
    n_solved: games solved; complete: every solved game gave all its equilibria (pure ones with more than two players)
    and no time limit struck; message says what is left open.
    """

    parameter: str
    unit: str
    low: float
    high: float
    value: float
    players: tuple[str, ...]
    switches: tuple[Switch, ...]
    branches: tuple[Branch, ...]
    tolerance: float
    n_solved: int
    complete: bool
    message: str

    def to_frame(self) -> pd.DataFrame:
        """One row a switch: parameter, at, bracket, gained and lost equilibria as text."""
        import pandas as pd

        rows = [
            {
                "parameter": self.parameter,
                "at": s.at,
                "low": s.low,
                "high": s.high,
                "gained": "; ".join(map(support_text, s.gained)),
                "lost": "; ".join(map(support_text, s.lost)),
            }
            for s in self.switches
        ]
        return pd.DataFrame(rows, columns=["parameter", "at", "low", "high", "gained", "lost"])


@dataclass(frozen=True)
class _Point:
    """The certified equilibria at one parameter value: support -> payoffs, and how far it is to another set.

    margin: least loss of support of any equilibrium; approach: least regret of a pure profile that is none. Shares.
    """

    payoffs: Mapping[Support, tuple[float, ...]]
    margin: float
    approach: float
    complete: bool

    @property
    def supports(self) -> frozenset[Support]:
        return frozenset(self.payoffs)


def support_text(support: Support) -> str:
    """A support in words: 'truce/restricted against truce/ban', mixed actions joined by '+'."""
    return " against ".join(" + ".join(actions) for actions in support)


def switch_thresholds(
    scenario: Scenario,
    parameter: str,
    *,
    low: float | None = None,
    high: float | None = None,
    state: State | None = None,
    players: Sequence[str] | None = None,
    n_grid: int = 33,
    tolerance: float = 1e-4,
    time_limit: float | None = None,
    progress: Progress | None = None,
) -> SwitchPoints:
    """Where along ``parameter``, all else at the scenario's values, the set of equilibria of one round changes.

    low and high default to the parameter's range; n_grid >= 2 values bracket the changes; tolerance is the widest
    bracket, as a share of high - low. All Nash equilibria with two players (``SupportEnumeration``), the pure ones
    with more. Raises ScenarioError for an unknown key, a choice that is no number, or an empty range.
    """
    if not isinstance(scenario, Scenario):
        raise ScenarioError(f"{scenario!r} is not a scenario; load_scenario() makes one")
    start, end, unit = _range(scenario, parameter, low, high)
    if n_grid < 2 or not 0 < tolerance < 1:
        raise ScenarioError(f"n_grid = {n_grid} and tolerance = {tolerance} are not >= 2 and in (0, 1)")
    at_state = scenario.at(state) if state else scenario
    movers = tuple(players or scenario.players)
    trace = _Trace(at_state, parameter, movers, Watch(time_limit, progress))
    grid = [float(x) for x in np.linspace(start, end, n_grid)]
    trace.solve_all(grid)
    trace.learn_slopes(grid)
    width, cell = tolerance * (end - start), (end - start) / (n_grid - 1)
    brackets: list[tuple[float, float]] = []
    for k, (a, b) in enumerate(pairwise(grid)):
        trace.watch.report(k / (n_grid - 1), parameter)
        brackets.extend(_brackets(trace, a, b, width, cell / FINEST))
    switches = tuple(_switch(trace, a, b) for a, b in _merged(brackets, width))
    complete = all(point.complete for point in trace.points.values()) and not trace.stopped
    what = "all equilibria" if len(movers) == 2 else "pure equilibria only"
    open_ends = f"{what}; a change undone within {max(width, cell / FINEST):.3g} {unit} may be missed"
    stopped = "stopped at the time limit with brackets wider than the tolerance; " if trace.stopped else ""
    return SwitchPoints(
        parameter,
        unit,
        start,
        end,
        at_state.parameters[parameter].value,
        movers,
        switches,
        _branches(trace),
        width,
        len(trace.points),
        complete,
        stopped + open_ends,
    )


class _Trace:
    """Equilibria along the parameter, each value solved once."""

    def __init__(self, scenario: Scenario, parameter: str, players: tuple[str, ...], watch: Watch) -> None:
        self.scenario, self.parameter, self.players, self.watch = scenario, parameter, players, watch
        self.solver: Solver[Any, Any] = SupportEnumeration() if len(players) == 2 else PureNash()
        self.points: dict[float, _Point] = {}
        self.slopes = (0.0, 0.0)
        self.stopped = False

    def learn_slopes(self, grid: Sequence[float]) -> None:
        """Largest slopes of margin and approach between neighbours on the grid."""
        steepest = [0.0, 0.0]
        for a, b in pairwise(grid):
            for k, (left, right) in enumerate(zip(self.distances(a), self.distances(b), strict=True)):
                if math.isfinite(left) and math.isfinite(right):
                    steepest[k] = max(steepest[k], abs(right - left) / (b - a))
        self.slopes = (steepest[0], steepest[1])

    def distances(self, value: float) -> tuple[float, float]:
        """(margin, approach) at a solved value."""
        return self.points[value].margin, self.points[value].approach

    def could_change(self, a: float, b: float) -> bool:
        """Whether a distance could reach zero between a and b and return, given the slopes (a Lipschitz bound)."""
        ends = zip(self.distances(a), self.distances(b), self.slopes, strict=True)
        return any(left + right <= slope * (b - a) for left, right, slope in ends)

    def solve_all(self, values: Sequence[float]) -> None:
        """Solve the games at ``values``; their payoffs are computed in one call."""
        fresh = [x for x in values if x not in self.points]
        if not fresh:
            return
        table = self.scenario.payoffs(players=self.players, draws={self.parameter: np.array(fresh)})
        for draw, value in enumerate(fresh):
            self.points[value] = _point(table.game(draw), self.solver)

    def at(self, value: float) -> _Point:
        self.solve_all([value])
        return self.points[value]


def _point(game: StageGame, solver: Solver[Any, Any]) -> _Point:
    solution = solve(game, solver)
    payoffs, margin = {}, math.inf
    for equilibrium in solution.equilibria:
        support = tuple(tuple(game.actions[k][a] for a in played) for k, played in enumerate(equilibrium.supports))
        payoffs[support] = tuple(float(x) for x in equilibrium.payoffs)
        margin = min(margin, _margin(game, equilibrium.supports, equilibrium.profile, equilibrium.payoffs))
    fine = solution.status in (Status.SOLVED, Status.NO_EQUILIBRIUM_FOUND) and solution.scope is Scope.ALL
    return _Point(payoffs, margin, _approach(game), fine)


def _approach(game: StageGame) -> float:
    """Least regret, as a share of the payoff range, among the pure profiles that are no equilibria; infinite if all
    are."""
    worst = np.zeros(game.n_actions)
    for k in range(game.n_players):
        own = game.payoffs[k]
        worst = np.maximum(worst, (own.max(axis=k, keepdims=True) - own) / (game.payoff_range[k] or 1.0))
    others = worst[worst > 1e-9]
    return float(others.min()) if others.size else math.inf


def _margin(game: StageGame, supports: Any, profile: Any, payoffs: Any) -> float:
    """How far an equilibrium is from losing its support: least gap of an unused action or least probability, as
    shares."""
    least = min(float(p[list(s)].min()) for p, s in zip(profile, supports, strict=True))
    for k, deviation in enumerate(game.deviation_payoffs(profile)):
        unused = np.delete(deviation, list(supports[k]))
        scale = game.payoff_range[k] or 1.0
        if unused.size:
            least = min(least, float((payoffs[k] - unused.max()) / scale))
    return least


def _brackets(trace: _Trace, a: float, b: float, width: float, finest: float) -> list[tuple[float, float]]:
    """All brackets inside [a, b] no wider than ``width``; cells whose ends agree are split down to ``finest`` near
    ties."""
    left, right = trace.at(a), trace.at(b)
    same = left.supports == right.supports
    if not same and b - a <= width:
        return [(a, b)]
    if same and not (b - a > finest and trace.could_change(a, b)):
        return []
    if trace.watch.expired():
        trace.stopped = True
        return [] if same else [(a, b)]
    middle = (a + b) / 2
    if not a < middle < b:  # the bracket is down to neighbouring floats
        return [] if same else [(a, b)]
    return _brackets(trace, a, middle, width, finest) + _brackets(trace, middle, b, width, finest)


def _merged(brackets: list[tuple[float, float]], width: float) -> list[tuple[float, float]]:
    """Brackets that touch become one: the value they share is the tie itself, a switch and not a regime."""
    merged: list[tuple[float, float]] = []
    for low, high in brackets:
        if merged and merged[-1][1] == low and high - merged[-1][0] <= 2 * width:
            merged[-1] = (merged[-1][0], high)
        else:
            merged.append((low, high))
    return merged


def _switch(trace: _Trace, a: float, b: float) -> Switch:
    before, after = trace.points[a].supports, trace.points[b].supports
    return Switch(a, b, tuple(sorted(after - before)), tuple(sorted(before - after)))


def _branches(trace: _Trace) -> tuple[Branch, ...]:
    """Runs of consecutive solved values that share a support."""
    values = sorted(trace.points)
    done: list[Branch] = []
    running: dict[Support, float] = {}
    for place, value in enumerate(values):
        here = trace.points[value].supports
        for support in here - set(running):
            running[support] = value
        following = trace.points[values[place + 1]].supports if place + 1 < len(values) else frozenset()
        for support in [s for s in running if s not in following]:
            first = running.pop(support)
            ends = (trace.points[first].payoffs[support], trace.points[value].payoffs[support])
            done.append(Branch(support, first, value, *ends))
    return tuple(sorted(done, key=lambda branch: (branch.low, branch.support)))


def _range(scenario: Scenario, parameter: str, low: float | None, high: float | None) -> tuple[float, float, str]:
    if parameter in scenario.choices:
        raise ScenarioError(f"'{parameter}' is a choice, not a number; compare its values instead")
    if parameter not in scenario.parameters:
        scenario.with_values({parameter: 0.0})  # raises with the nearest key
    p, bounds = scenario.parameters[parameter], scenario.attributes[parameter]
    start, end = (p.low if low is None else float(low)), (p.high if high is None else float(high))
    for name, entry in (("low", start), ("high", end)):
        if not (math.isfinite(entry) and bounds.low <= entry <= bounds.high):
            raise ScenarioError(f"{name} = {entry:g} of {parameter} is not in [{bounds.low:g}, {bounds.high:g}]")
    if not start < end:
        raise ScenarioError(f"the range of {parameter}, [{start:g}, {end:g}], is empty")
    return start, end, p.unit
