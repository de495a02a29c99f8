"""The states of the game over rounds: a grid for each stock, for rebuilt capacity and substitution, and the moods."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bargain.standoff.schema import ScenarioError, ScenarioFile, nearest
from bargain.standoff.transitions import FloatArray, IntArray, grid_step

if TYPE_CHECKING:
    import pandas as pd

GROWING = ("rebuilt", "substitution")


@dataclass(frozen=True, eq=False)
class StateSpace:
    """All combinations of the levels of the state variables, the last variable running fastest.

    variables: names, stocks first, then "rebuilt", "substitution", "mood"; grids: for each variable ``(n_draws,
    n_levels)``, stocks in months, capacities as shares, moods by number; moods: their names; today: for each variable
    ``(n_draws,)``, where the scenario starts, which may lie between grid points; jumps: size of a plant or generation
    of each capacity ``(n_draws,)``, part of what is missing today.
    """

    variables: tuple[str, ...]
    grids: tuple[FloatArray, ...]
    moods: tuple[str, ...]
    today: tuple[FloatArray, ...]
    jumps: Mapping[str, FloatArray]

    @property
    def sizes(self) -> tuple[int, ...]:
        """Number of levels of each variable."""
        return tuple(grid.shape[1] for grid in self.grids)

    @property
    def n_states(self) -> int:
        return int(np.prod(self.sizes))

    @property
    def n_draws(self) -> int:
        return len(self.grids[0])

    @property
    def places(self) -> IntArray:
        """Level of each variable in each state, ``(n_variables, n_states)``."""
        return np.stack([axis.reshape(-1) for axis in np.indices(self.sizes)])

    def values(self, variable: str) -> FloatArray:
        """Value of a variable in each state, ``(n_draws, n_states)``."""
        i = self.variables.index(variable)
        return np.asarray(self.grids[i][:, self.places[i]])

    def labels(self, draw: int = 0) -> tuple[str, ...]:
        """One label a state, such as 'military 3, rebuilt 0.33, substitution 0.55, hawk'."""
        parts = []
        for name, grid, places in zip(self.variables, self.grids, self.places, strict=True):
            if name == "mood":
                parts.append([self.moods[place] for place in places])
            else:
                shown = [f"{name} {value:.4g}" for value in grid[draw]]
                # Levels that look alike, as all do when nothing is left to rebuild, are told apart by their number.
                named = [text if shown.count(text) == 1 else f"{text} #{k + 1}" for k, text in enumerate(shown)]
                parts.append([named[place] for place in places])
        return tuple(", ".join(row) for row in zip(*parts, strict=True))

    @property
    def coarse(self) -> tuple[str, ...]:
        """Capacities whose plants or generations are smaller than the grid: there each is as large as a grid step."""
        return tuple(name for name in self.variables if name in self.jumps and self._is_coarse(name))

    def _is_coarse(self, name: str) -> bool:
        grid = self.grids[self.variables.index(name)]
        room = grid[:, -1] - grid[:, 0]
        return bool(np.any(np.diff(grid, axis=1).max(axis=1, initial=0.0) > (1 + 1e-6) * self.jumps[name] * room))

    def start(self) -> FloatArray:
        """Lottery over states whose expectation is today's state, ``(n_draws, n_states)``."""
        weights = np.ones((self.n_draws, 1))
        for grid, today in zip(self.grids, self.today, strict=True):
            places, chances = grid_step(grid, today[:, None])
            own = np.zeros(grid.shape)
            np.add.at(own, (np.arange(len(grid))[:, None], places[:, 0]), chances[:, 0])
            weights = (weights[:, :, None] * own[:, None, :]).reshape(self.n_draws, -1)
        return weights

    def table(self, draw: int = 0) -> pd.DataFrame:
        """One row a state: the value of each variable, the mood by name."""
        import pandas as pd

        columns = {
            name: [self.moods[place] for place in places] if name == "mood" else grid[draw, places]
            for name, grid, places in zip(self.variables, self.grids, self.places, strict=True)
        }
        return pd.DataFrame(columns).rename_axis(index="state")


def state_space(
    file: ScenarioFile, mood: str, values: Mapping[str, FloatArray], levels: Mapping[str, int] | None = None
) -> StateSpace:
    """The states of a scenario with a section ``rounds``.

    mood: today's; values: key -> ``(n_draws,)``; levels: other numbers of grid points, by variable. ScenarioError for
    a scenario without ``rounds``, an unknown variable, a number of levels that is none.
    """
    rounds = file.rounds
    if rounds is None:
        raise ScenarioError("the scenario has no section 'rounds'; the rule is one for a game over rounds")
    n_draws = len(next(iter(values.values())))
    chosen = {name: stock.levels for name, stock in rounds.stocks.items()}
    chosen |= {name: growth.levels for name in GROWING if (growth := getattr(rounds, name)) is not None}
    for name, entry in (levels or {}).items():
        if name not in chosen:
            raise ScenarioError(f"levels: no state variable '{name}'{nearest(str(name), list(chosen))}")
        least = 1 if name in GROWING else 2
        if isinstance(entry, bool) or not isinstance(entry, int | np.integer) or not least <= entry <= 200:
            raise ScenarioError(f"levels: {name} = {entry!r} is not a whole number in {least}..200")
        chosen[name] = int(entry)
    grids, today = [], []
    for name, stock in rounds.stocks.items():
        share = np.linspace(0.0, 1.0, chosen[name])
        grids.append(values[f"rounds.{name}.largest_months"][:, None] * share)
        today.append(values[f"{stock.input}.{stock.user}.{stock.track}_stock_months"])
    for name in GROWING:
        if name in chosen:
            now = values[f"state.{name}"]
            grids.append(now[:, None] + (1.0 - now[:, None]) * np.linspace(0.0, 1.0, chosen[name]))
            today.append(now)
    moods = tuple(dict.fromkeys(name for player in file.players.values() for name in player.moods)) or (mood,)
    grids.append(np.broadcast_to(np.arange(float(len(moods))), (n_draws, len(moods))))
    today.append(np.full(n_draws, float(moods.index(mood))))
    jumps = {name: values[f"rounds.{name}.step"] for name in GROWING if name in chosen}
    return StateSpace((*chosen, "mood"), tuple(grids), moods, tuple(today), jumps)
