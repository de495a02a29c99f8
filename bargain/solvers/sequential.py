"""Players move one after the other and see what was done before: pure play by backward induction, any players.

The last mover picks a best action for each history, the one before him knows it, and so on (Kuhn 1953; Selten 1965).
The outcome is that of a subgame-perfect equilibrium; among actions equally good for the mover, ties go to (or against)
the players who moved before, the first one first, then to those who move later, so that rounding does not decide among
actions that differ for somebody. Actions that end in the same payoffs for all are told apart by name: the first in
natural order of the labels.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

import numpy as np
import numpy.typing as npt

from bargain.games.certificate import Certificate
from bargain.games.profile import PureProfile
from bargain.games.record import FloatArray, finite_array
from bargain.games.stage import StageGame
from bargain.solvers.base import TIE, Proposal, Rejected, Scope, Solution, Solver, Status
from bargain.solvers.canonical_order import NameOrder
from bargain.solvers.checks import entries
from bargain.solvers.correlated_equilibria import player_index
from bargain.solvers.equilibria import candidate_text, run_message, run_status
from bargain.solvers.watch import current_watch

if TYPE_CHECKING:
    import pandas as pd

Plan = npt.NDArray[np.intp]


@dataclass(frozen=True, eq=False, kw_only=True)
class SequentialSolution(Solution):
    """Certified play in an order of moves.

    movers: player indices, first mover first; plans: for the mover at place t the action ``(*n_actions of earlier
    movers,)`` after each history; outcome: the profile that results, in player order; payoffs ``(n_players,)``;
    certificate: for each player the largest gain from another action after any history, the plans followed afterwards.
    """

    movers: tuple[int, ...] = ()
    plans: tuple[Plan, ...] = ()
    outcome: PureProfile = ()
    payoffs: FloatArray | None = None
    certificate: Certificate | None = None

    @classmethod
    def judge(cls, game: StageGame, solver: Solver[Any, Any], proposal: Proposal, tolerance: float) -> Self:
        """Follow the plans from every history and measure every one-shot deviation."""
        movers = move_order(game, solver.order)  # type: ignore[attr-defined]
        rejected: list[Rejected] = []
        fields: dict[str, Any] = {}
        for plans in proposal.candidates[:1]:
            try:
                fields = _followed(game, movers, plans, tolerance)
            except (ValueError, TypeError, IndexError) as error:
                rejected.append(Rejected(candidate_text(plans), f"no plans for this game: {error}"))
                continue
            if not fields["certificate"].holds:
                worst = float(fields["certificate"].relative_regret.max())
                rejected.append(
                    Rejected(candidate_text(plans), f"a mover gains {worst:.3g} of the payoff range", worst)
                )
                fields = {}
        status: Status = run_status(proposal, len(fields), len(rejected))
        return cls(
            solver=solver,
            game=game,
            status=status,
            scope=Scope.SOME,
            message=run_message(solver, proposal, status, len(rejected)),
            rejected=tuple(rejected),
            movers=movers,
            **fields,
        )

    def to_dict(self, *, run_time: bool = False) -> dict[str, Any]:
        return {
            **super().to_dict(run_time=run_time),
            "movers": list(self.movers),
            "plans": [plan.tolist() for plan in self.plans],
            "outcome": list(self.outcome),
            "payoffs": None if self.payoffs is None else self.payoffs.tolist(),
            "certificate": None if self.certificate is None else self.certificate.to_dict(),
        }

    @classmethod
    def _own_fields(cls, data: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "movers": tuple(data["movers"]),
            "plans": tuple(_read_only(plan) for plan in data["plans"]),
            "outcome": tuple(data["outcome"]),
            "payoffs": None if data["payoffs"] is None else finite_array(data["payoffs"], "payoffs"),
            "certificate": None if data["certificate"] is None else Certificate.from_dict(data["certificate"]),
        }

    def to_frame(self) -> pd.DataFrame:
        """Tidy table in the order of moves: move (from 1), player, action on the path, payoff."""
        import pandas as pd

        rows = [
            (t + 1, self.game.players[k], self.game.actions[k][self.outcome[k]], float(self.payoffs[k]))
            for t, k in enumerate(self.movers)
            if self.payoffs is not None
        ]
        return pd.DataFrame(rows, columns=["move", "player", "action", "payoff"])


@dataclass(frozen=True)
class SequentialPlay(Solver[StageGame, SequentialSolution]):
    """Pure moves one after the other, each seen by those who follow.

    order: players (labels or numbers), first mover first; None for the order of the game. ties: "optimistic" in favour
    of those who moved before, "pessimistic" against them; time_limit: seconds.
    """

    order: tuple[str | int, ...] | None = None
    ties: Literal["optimistic", "pessimistic"] = "optimistic"
    time_limit: float | None = None

    concept: ClassVar[str] = "subgame-perfect equilibrium of sequential moves"
    solution_type: ClassVar[type[SequentialSolution]] = SequentialSolution

    def __post_init__(self) -> None:
        if self.ties not in ("optimistic", "pessimistic"):
            raise ValueError(f"ties = {self.ties!r} is neither 'optimistic' nor 'pessimistic'")
        if self.order is not None:
            object.__setattr__(self, "order", entries("order", self.order))

    def settings(self) -> dict[str, Any]:
        order = None if self.order is None else list(self.order)
        return {"order": order, "ties": self.ties, "time_limit": self.time_limit}

    def check_suits(self, game: Any) -> None:
        super().check_suits(game)
        move_order(game, self.order)

    def propose(self, game: StageGame) -> Proposal:
        movers = move_order(game, self.order)
        low = game.payoffs.min(axis=tuple(range(1, game.n_players + 1)), keepdims=True)
        values = np.transpose(game.payoffs - low, (0, *(k + 1 for k in movers)))
        sign = 1.0 if self.ties == "optimistic" else -1.0
        slack = TIE * game.payoff_range
        names = NameOrder.of(game.players, game.actions)
        plans: list[Plan] = []
        watch = current_watch()
        for t in reversed(range(len(movers))):
            if watch.expired():
                return Proposal(stopped="time limit reached", message="no plans without all movers: raise time_limit")
            watch.report(len(plans) / len(movers), f"replies of {game.players[movers[t]]}")
            good = np.ones(values.shape[1:], dtype=bool)
            wishes = [(movers[t], 1.0), *((k, sign) for k in movers[:t]), *((k, 1.0) for k in movers[t + 1 :])]
            for k, side in wishes:
                worth = np.where(good, side * values[k], -np.inf)
                good &= worth >= worth.max(axis=-1, keepdims=True) - slack[k]
            by_name = list(names.actions[movers[t]])
            plan = np.asarray(by_name, dtype=np.intp)[good[..., by_name].argmax(axis=-1)]
            plans.append(plan)
            values = np.take_along_axis(values, plan[None, ..., None], axis=-1)[..., 0]
        order = ", then ".join(game.players[k] for k in movers)
        return Proposal(candidates=(tuple(plans[::-1]),), message=f"{order}; ties {self.ties} for earlier movers")


def move_order(game: StageGame, order: tuple[str | int, ...] | None) -> tuple[int, ...]:
    """Player indices, first mover first; ValueError unless every player moves once."""
    movers = tuple(range(game.n_players)) if order is None else tuple(player_index(game, name) for name in order)
    if sorted(movers) != list(range(game.n_players)):
        raise ValueError(f"order = {order!r} does not name each of {', '.join(game.players)} once")
    return movers


def _followed(game: StageGame, movers: tuple[int, ...], plans: Any, tolerance: float) -> dict[str, Any]:
    """Outcome, payoffs and largest one-shot gains of plans; ValueError when they are no plans."""
    sizes = tuple(game.n_actions[k] for k in movers)
    checked = tuple(_read_only(plan) for plan in plans)
    for t, plan in enumerate(checked):
        if plan.shape != sizes[:t] or plan.min() < 0 or plan.max() >= sizes[t]:
            raise ValueError(f"the plan of {game.players[movers[t]]} does not give an action for each history")
    if len(checked) != len(movers):
        raise ValueError(f"{len(checked)} plans for {len(movers)} movers")
    gains = np.zeros(game.n_players)
    levels = game.payoffs.reshape(game.n_players, -1).min(axis=1)
    for t, k in enumerate(movers):
        # All histories of t moves and all actions now; whoever follows keeps to the plans.
        moves = [np.asarray(axis) for axis in np.indices(sizes[: t + 1])]
        for plan in checked[t + 1 :]:
            moves.append(np.asarray(plan[tuple(moves)]))
        by_player = [moves[movers.index(i)] for i in range(game.n_players)]
        worth = game.payoffs[(k, *by_player)] - levels[k]
        planned = np.take_along_axis(worth, checked[t][..., None], axis=-1)[..., 0]
        gains[k] = max(float((worth.max(axis=-1) - planned).max()), 0.0)
    path: list[int] = []
    for plan in checked:
        path.append(int(plan[tuple(path)]))
    outcome = tuple(path[movers.index(i)] for i in range(game.n_players))
    certificate = Certificate(gains, game.payoff_range, tolerance)
    payoffs = finite_array([table[outcome] for table in game.payoffs], "payoffs")
    return {"plans": checked, "outcome": outcome, "payoffs": payoffs, "certificate": certificate}


def _read_only(plan: npt.ArrayLike) -> Plan:
    array = np.array(plan, dtype=np.intp)
    array.setflags(write=False)
    return array
