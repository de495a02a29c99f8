"""Where play starts when it is not today's state: values of state variables, checked, and the lottery over states."""

from __future__ import annotations

import math
from collections.abc import Mapping
from numbers import Real
from typing import Any

from bargain.games.profile import nearest
from bargain.games.record import FloatArray
from bargain.standoff.rounds import StandoffRounds
from bargain.standoff.schema import ScenarioError
from bargain.standoff.state_space import StateSpace
from bargain.talks.setting import start_at

Started = tuple[tuple[str, float | str], ...]
"""Names and values of state variables, in the order of the state space; the mood by name."""


def checked_start(rounds: StandoffRounds, start: Mapping[str, Any] | None) -> Started:
    """The values in canonical order; ScenarioError names the variable, its value and the rule."""
    if start is None:
        return ()
    if not isinstance(start, Mapping):
        raise ScenarioError(f"start = {start!r} is not a mapping of state variables to values")
    space = rounds.space
    for name in start:
        if name not in space.variables:
            raise ScenarioError(f"start: no state variable {name!r}; {nearest(name, list(space.variables))}")
    return tuple((name, _checked(space, name, start[name])) for name in space.variables if name in start)


def _checked(space: StateSpace, name: str, value: Any) -> float | str:
    if name == "mood":
        if value not in space.moods:
            hint = nearest(value, list(space.moods))
            raise ScenarioError(f"start: mood = {value!r} is not one of {', '.join(space.moods)}; {hint}")
        return str(value)
    if isinstance(value, bool) or not isinstance(value, Real) or not math.isfinite(float(value)):
        raise ScenarioError(f"start: {name} = {value!r} is not a finite number")
    grid = space.grids[space.variables.index(name)]
    low, high = float(grid.min()), float(grid.max())
    if not low <= float(value) <= high:
        raise ScenarioError(f"start: {name} = {value!r} is not in [{low:g}, {high:g}]")
    return float(value)


def lottery_at(rounds: StandoffRounds, started: Started) -> FloatArray:
    """Chances of the states ``(n_states,)`` with these values, the other variables at today's."""
    moods = rounds.space.moods
    return start_at(rounds, {name: float(moods.index(v)) if isinstance(v, str) else v for name, v in started})
