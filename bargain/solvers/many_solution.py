"""The result of ``solve_many()``: certified equilibria of many games of one shape, in arrays and in one table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import numpy.typing as npt

from bargain.games.batch import batch_payoff_range
from bargain.games.certificate import DEFAULT_TOLERANCE, Certificate, Equilibrium
from bargain.games.record import ArrayRecord, FloatArray, finite_array
from bargain.games.stage import StageGame
from bargain.solvers.base import Rejected, Scope, Solver, Status, package_version, solver_named
from bargain.solvers.equilibria import EquilibriumSolution

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False, kw_only=True)
class ManySolution(ArrayRecord):
    """What ``solve_many()`` found: one entry per game, one row per equilibrium, game after game.

    payoffs_batch: ``(n_games, n_players, *n_actions)``; solver, players, actions, tolerance: as given;
    status, scope, message, components, degenerate, rejected: one entry per game, as in ``EquilibriumSolution``;
    n_equilibria: ``(n_games,)``; strategies: for each player ``(n_rows, n_actions[k])``; payoffs, regret:
    ``(n_rows, n_players)`` in payoff units; run_time: seconds for the whole batch, in no comparison.
    """

    solver: Solver[Any, Any]
    payoffs_batch: FloatArray
    players: tuple[str, ...]
    actions: tuple[tuple[str, ...], ...]
    status: tuple[Status, ...]
    scope: tuple[Scope, ...]
    message: tuple[str, ...]
    n_equilibria: npt.NDArray[np.int64]
    strategies: tuple[FloatArray, ...]
    payoffs: FloatArray
    regret: FloatArray
    components: tuple[tuple[tuple[int, ...], ...], ...]
    degenerate: tuple[bool | None, ...]
    rejected: tuple[tuple[Rejected, ...], ...]
    tolerance: float = DEFAULT_TOLERANCE
    version: str = field(default_factory=package_version)
    run_time: float | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        for name in ("payoffs_batch", "payoffs", "regret"):
            object.__setattr__(self, name, finite_array(getattr(self, name), name))
        object.__setattr__(self, "strategies", tuple(finite_array(own, "strategies") for own in self.strategies))
        counts = np.array(self.n_equilibria, dtype=np.int64)
        counts.setflags(write=False)
        object.__setattr__(self, "n_equilibria", counts)

    @property
    def n_games(self) -> int:
        return len(self.payoffs_batch)

    def __len__(self) -> int:
        return self.n_games

    @property
    def success(self) -> npt.NDArray[np.bool_]:
        """Which games were solved, ``(n_games,)``."""
        return np.array([status is Status.SOLVED for status in self.status], dtype=bool)

    @cached_property
    def game_of(self) -> npt.NDArray[np.intp]:
        """The game that each row belongs to, ``(n_rows,)``."""
        return np.repeat(np.arange(self.n_games), self.n_equilibria)

    @cached_property
    def _ends(self) -> npt.NDArray[np.int64]:
        return np.cumsum(self.n_equilibria)

    @cached_property
    def payoff_range(self) -> FloatArray:
        """Largest minus smallest payoff, ``(n_games, n_players)``."""
        return batch_payoff_range(self.payoffs_batch)

    def game(self, index: int) -> StageGame:
        """The game of that number."""
        return StageGame(self.payoffs_batch[self._place(index)], self.players, self.actions)

    def equilibria(self, index: int) -> tuple[Equilibrium, ...]:
        """The certified equilibria of one game, in canonical order."""
        place = self._place(index)
        end = int(self._ends[place])
        spread = self.payoff_range[place]
        return tuple(
            Equilibrium(
                tuple(own[row] for own in self.strategies),
                self.payoffs[row],
                Certificate(self.regret[row], spread, self.tolerance),
            )
            for row in range(end - int(self.n_equilibria[place]), end)
        )

    def solution(self, index: int) -> EquilibriumSolution:
        """The result for one game, as ``solve()`` would report it."""
        place = self._place(index)
        return EquilibriumSolution(
            solver=self.solver,
            game=self.game(place),
            status=self.status[place],
            scope=self.scope[place],
            message=self.message[place],
            rejected=self.rejected[place],
            version=self.version,
            equilibria=self.equilibria(place),
            components=self.components[place],
            degenerate=self.degenerate[place],
        )

    def to_frame(self) -> pd.DataFrame:
        """Tidy table as ``EquilibriumSolution.to_frame``, with game, status and message; failures have one row each.

        Columns: game, status, message, equilibrium (number within the game), player, action, probability, payoff and
        regret of the player in payoff units. What a game without equilibria lacks is missing (NA).
        """
        import pandas as pd

        n_actions = [len(own) for own in self.actions]
        width, n_rows = sum(n_actions), len(self.payoffs)
        number = np.arange(n_rows) - np.repeat(self._ends - self.n_equilibria, self.n_equilibria)
        found = pd.DataFrame(
            {
                "game": np.repeat(self.game_of, width),
                "equilibrium": pd.array(np.repeat(number, width), dtype="Int64"),
                "player": np.tile(np.repeat(np.array(self.players, dtype=object), n_actions), n_rows),
                "action": np.tile(np.array([label for own in self.actions for label in own], dtype=object), n_rows),
                "probability": np.concatenate(self.strategies, axis=1).ravel(),
                "payoff": np.repeat(self.payoffs, n_actions, axis=1).ravel(),
                "regret": np.repeat(self.regret, n_actions, axis=1).ravel(),
            }
        )
        games = pd.DataFrame(
            {
                "game": np.arange(self.n_games),
                "status": [status.value for status in self.status],
                "message": list(self.message),
            }
        )
        return games.merge(found, on="game", how="left", sort=True)

    def to_dict(self, *, run_time: bool = False) -> dict[str, Any]:
        """Plain data for JSON, the same bytes in every run unless the run time (seconds) is asked for."""
        data = {
            "type": "ManySolution",
            "run": {
                "package": "bargain-games",
                "version": self.version,
                "solver": type(self.solver).__name__,
                "settings": self.solver.settings(),
                "tolerance": self.tolerance,
            },
            "players": list(self.players),
            "actions": [list(own) for own in self.actions],
            "payoffs_batch": self.payoffs_batch.tolist(),
            "status": [status.value for status in self.status],
            "scope": [scope.value for scope in self.scope],
            "message": list(self.message),
            "n_equilibria": self.n_equilibria.tolist(),
            "strategies": [own.tolist() for own in self.strategies],
            "payoffs": self.payoffs.tolist(),
            "regret": self.regret.tolist(),
            "components": [[list(component) for component in components] for components in self.components],
            "degenerate": list(self.degenerate),
            "rejected": [[item.to_dict() for item in items] for items in self.rejected],
        }
        return {**data, "run_time": self.run_time} if run_time else data

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The result that ``to_dict`` described; ValueError names a missing entry."""
        missing = [
            name for name in ("run", "payoffs_batch", "status", "n_equilibria", "strategies") if name not in data
        ]
        if missing:
            raise ValueError(f"result of many games: entry {missing[0]!r} is missing")
        run, actions = data["run"], tuple(map(tuple, data["actions"]))
        n_rows = len(data["payoffs"])
        return cls(
            solver=solver_named(run["solver"], **run["settings"]),
            tolerance=run["tolerance"],
            version=run["version"],
            players=tuple(data["players"]),
            actions=actions,
            payoffs_batch=np.reshape(data["payoffs_batch"], (len(data["status"]), len(actions), *map(len, actions))),
            status=tuple(map(Status, data["status"])),
            scope=tuple(map(Scope, data["scope"])),
            message=tuple(data["message"]),
            n_equilibria=data["n_equilibria"],
            strategies=tuple(
                np.reshape(rows, (n_rows, len(own))) for rows, own in zip(data["strategies"], actions, strict=True)
            ),
            payoffs=np.reshape(data["payoffs"], (n_rows, len(actions))),
            regret=np.reshape(data["regret"], (n_rows, len(actions))),
            components=tuple(tuple(map(tuple, components)) for components in data["components"]),
            degenerate=tuple(data["degenerate"]),
            rejected=tuple(tuple(Rejected(**item) for item in items) for items in data["rejected"]),
            run_time=data.get("run_time"),
        )

    def _place(self, index: int) -> int:
        if not -self.n_games <= index < self.n_games:
            raise IndexError(f"game {index} is not one of the {self.n_games} games")
        return int(index) % self.n_games
