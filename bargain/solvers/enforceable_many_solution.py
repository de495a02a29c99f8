"""The result of ``enforceable_many()``: what can be enforced in every draw, in arrays and in one table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import numpy.typing as npt

from bargain.games.certificate import DEFAULT_TOLERANCE
from bargain.games.markov import BoolArray
from bargain.games.record import ArrayRecord, FloatArray, finite_array
from bargain.solvers.base import Rejected, Scope, Solver, Status, package_version, solver_named
from bargain.solvers.enforceable_solution import checked_shares

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False, kw_only=True)
class ManyDeals(ArrayRecord):
    """Values and moves of every draw; values in the common unit, payoff times transfer weight.

    status, scope, message, rejected: one entry a draw, as in ``DealSolution``; exists: ``(n_draws, n_states)``;
    joint: U ``(n_draws, n_states)``, held: v ``(n_draws, n_states, n_players)``, 0 where no equilibrium exists;
    moves: ``(n_draws, 1 + n_players, n_states, n_players)``, actions on the path and in the punishments; admissible:
    ``(n_draws, n_states, *n_actions)``; n_rounds: of elimination; error: bound on what rounding did to U and v.
    """

    solver: Solver[Any, Any]
    players: tuple[str, ...]
    actions: tuple[tuple[str, ...], ...]
    states: tuple[str, ...]
    discount_factors: FloatArray
    status: tuple[Status, ...]
    scope: tuple[Scope, ...]
    message: tuple[str, ...]
    rejected: tuple[tuple[Rejected, ...], ...]
    exists: BoolArray
    joint: FloatArray
    held: FloatArray
    moves: npt.NDArray[np.int32]
    admissible: BoolArray
    n_rounds: npt.NDArray[np.int64]
    error: FloatArray
    tolerance: float = DEFAULT_TOLERANCE
    version: str = field(default_factory=package_version)
    run_time: float | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        for name in ("discount_factors", "joint", "held", "error"):
            object.__setattr__(self, name, finite_array(getattr(self, name), name))
        for name, kind in (("exists", bool), ("admissible", bool), ("moves", np.int32), ("n_rounds", np.int64)):
            array = np.array(getattr(self, name), dtype=kind)
            array.setflags(write=False)
            object.__setattr__(self, name, array)

    @property
    def n_draws(self) -> int:
        return len(self.status)

    def __len__(self) -> int:
        return self.n_draws

    @property
    def success(self) -> BoolArray:
        """Which draws were solved, ``(n_draws,)``."""
        return np.array([status is Status.SOLVED for status in self.status], dtype=bool)

    @property
    def joint_value(self) -> FloatArray:
        """U ``(n_draws, n_states)``, NaN where no equilibrium exists or is known."""
        return np.where(self.exists, self.joint, np.nan)

    @property
    def punishments(self) -> FloatArray:
        """v ``(n_draws, n_states, n_players)``, NaN where no equilibrium exists or is known."""
        return np.where(self.exists[..., None], self.held, np.nan)

    @property
    def surplus(self) -> FloatArray:
        """What there is to divide beyond the punishments, ``(n_draws, n_states)``."""
        return np.asarray(self.joint_value - self.punishments.sum(axis=2))

    @property
    def plan(self) -> npt.NDArray[np.int32]:
        """Actions on the path, ``(n_draws, n_states, n_players)``."""
        return np.asarray(self.moves[:, 0])

    @property
    def punishment_plans(self) -> npt.NDArray[np.int32]:
        """Actions that punish each player, ``(n_draws, n_players, n_states, n_players)``."""
        return np.asarray(self.moves[:, 1:])

    def share(self, weights: Sequence[float] | None = None) -> FloatArray:
        """Equilibrium payoffs when ``weights`` (equal ones unless given) divide the surplus, as ``punishments``."""
        return np.asarray(self.punishments + self.surplus[..., None] * checked_shares(weights, len(self.players)))

    def to_frame(self, state: Any = None) -> pd.DataFrame:
        """Tidy table, a row per draw, state and player; ``state``: only that one (number or label).

        Columns: draw, status, message, discount_factor, state, player, exists, action on the path, joint_value,
        punishment, surplus; what does not exist is missing.
        """
        import pandas as pd

        states = list(range(len(self.states)))
        if state is not None:
            states = [self.states.index(state) if isinstance(state, str) else states[state]]
        n, m, k = self.n_draws, len(states), len(self.players)
        there = np.repeat(self.exists[:, states].reshape(-1), k)
        plan = self.plan[:, states].reshape(-1, k)
        names = [np.array(own, dtype=object)[plan[:, i]] for i, own in enumerate(self.actions)]
        return pd.DataFrame(
            {
                "draw": np.repeat(np.arange(n), m * k),
                "status": np.repeat(np.array([status.value for status in self.status], dtype=object), m * k),
                "message": np.repeat(np.array(self.message, dtype=object), m * k),
                "discount_factor": np.repeat(self.discount_factors, m * k),
                "state": np.tile(np.repeat(np.array(self.states, dtype=object)[states], k), n),
                "player": np.tile(np.array(self.players, dtype=object), n * m),
                "exists": there,
                "action": pd.Series(np.stack(names, axis=1).reshape(-1)).where(there, None),
                "joint_value": np.repeat(self.joint_value[:, states].reshape(-1), k),
                "punishment": self.punishments[:, states].reshape(-1),
                "surplus": np.repeat(self.surplus[:, states].reshape(-1), k),
            }
        )

    def to_dict(self, *, run_time: bool = False) -> dict[str, Any]:
        """Plain data for JSON, the same bytes in every run unless the run time (seconds) is asked for.

        The admissible moves are packed, eight to a byte in hexadecimal.
        """
        names = ("discount_factors", "exists", "joint", "held", "moves", "n_rounds", "error")
        data = {
            "type": "ManyDeals",
            "run": {
                "package": "bargain-games",
                "version": self.version,
                "solver": type(self.solver).__name__,
                "settings": self.solver.settings(),
                "tolerance": self.tolerance,
            },
            "players": list(self.players),
            "actions": [list(own) for own in self.actions],
            "states": list(self.states),
            "status": [status.value for status in self.status],
            "scope": [scope.value for scope in self.scope],
            "message": list(self.message),
            "rejected": [[item.to_dict() for item in items] for items in self.rejected],
            **{name: getattr(self, name).tolist() for name in names},
            "admissible": np.packbits(self.admissible).tobytes().hex(),
        }
        return {**data, "run_time": self.run_time} if run_time else data

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The result that ``to_dict`` described; ValueError names a missing entry."""
        names = ("discount_factors", "exists", "joint", "held", "moves", "n_rounds", "error")
        missing = [name for name in ("run", "status", "admissible", *names) if name not in data]
        if missing:
            raise ValueError(f"result of many draws: entry {missing[0]!r} is missing")
        run, actions = data["run"], tuple(map(tuple, data["actions"]))
        shape = (len(data["status"]), len(data["states"]), *map(len, actions))
        bits = np.frombuffer(bytes.fromhex(data["admissible"]), dtype=np.uint8)
        return cls(
            solver=solver_named(run["solver"], **run["settings"]),
            tolerance=run["tolerance"],
            version=run["version"],
            players=tuple(data["players"]),
            actions=actions,
            states=tuple(data["states"]),
            status=tuple(map(Status, data["status"])),
            scope=tuple(map(Scope, data["scope"])),
            message=tuple(data["message"]),
            rejected=tuple(tuple(Rejected(**item) for item in items) for items in data["rejected"]),
            admissible=np.unpackbits(bits, count=int(np.prod(shape))).reshape(shape) > 0,
            run_time=data.get("run_time"),
            **{name: data[name] for name in names},
        )
