"""Markov perfect equilibrium of linear-quadratic games by coupled Riccati iteration.

Backward induction over ever more rounds: with losses x' P_i x from the next round on, all feedback rules follow from
the first-order conditions of all players at once,

    (Q_i + d B_i' P_i B_i) F_i + sum_{j != i} (M_ij' + d B_i' P_i B_j) F_j = W_i + d B_i' P_i A,

and these rules give the losses one round earlier (Basar and Olsder 1999, section 6.2; Hansen and Sargent 2013, chapter
11). The limit is the equilibrium that the finite game approaches; others may exist.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from bargain.games.linear_quadratic import (
    LinearQuadraticEquilibrium,
    LinearQuadraticGame,
    Matrices,
    certify_feedback,
)
from bargain.solvers.base import Proposal, Rejected, Scope, Solution, Solver
from bargain.solvers.equilibria import run_message, run_status
from bargain.solvers.watch import current_watch

if TYPE_CHECKING:
    import pandas as pd

SETTLED = 1e-14
"""Largest change of a feedback rule in one round, as a share of its size, at which the iteration has converged."""


@dataclass(frozen=True, eq=False, kw_only=True)
class LinearQuadraticSolution(Solution):
    """The certified feedback equilibrium, None when there is none to report."""

    equilibrium: LinearQuadraticEquilibrium | None = None

    @classmethod
    def judge(cls, game: LinearQuadraticGame, solver: Solver[Any, Any], proposal: Proposal, tolerance: float) -> Self:
        """Compare every player's losses with those of a best reply, found by the algebraic Riccati equation."""
        rejected: list[Rejected] = []
        found = None
        for candidate in proposal.candidates[:1]:
            text = str([each.tolist() for each in candidate])
            try:
                found = certify_feedback(game, candidate, tolerance)
            except ValueError as error:
                rejected.append(Rejected(text, str(error)))
                continue
            if not found.holds:
                worst = float(found.gaps.max())
                rejected.append(Rejected(text, f"a best reply saves {worst:.3g} of a player's losses", worst))
                found = None
        status = run_status(proposal, int(found is not None), len(rejected))
        return cls(
            solver=solver,
            game=game,
            status=status,
            scope=Scope.SOME,
            message=run_message(solver, proposal, status, len(rejected)),
            rejected=tuple(rejected),
            equilibrium=found,
        )

    def to_dict(self, *, run_time: bool = False) -> dict[str, Any]:
        equilibrium = None if self.equilibrium is None else self.equilibrium.to_dict()
        return {**super().to_dict(run_time=run_time), "equilibrium": equilibrium}

    def to_frame(self) -> pd.DataFrame:
        """Tidy table: player, control (from 1), state variable (from 1), coefficient of u = -F x."""
        import pandas as pd

        rules = () if self.equilibrium is None else self.equilibrium.feedback
        rows = [
            (player, i + 1, j + 1, float(value))
            for player, rule in zip(self.game.players, rules, strict=False)
            for i, row in enumerate(rule)
            for j, value in enumerate(row)
        ]
        return pd.DataFrame(rows, columns=["player", "control", "state_variable", "coefficient"])

    @classmethod
    def _own_fields(cls, data: Mapping[str, Any]) -> dict[str, Any]:
        found = data["equilibrium"]
        return {"equilibrium": None if found is None else LinearQuadraticEquilibrium.from_dict(found)}


@dataclass(frozen=True)
class LinearQuadraticNash(Solver[LinearQuadraticGame, LinearQuadraticSolution]):
    """Feedback equilibrium of a linear-quadratic game as the limit of longer and longer horizons.

    max_rounds: of backward induction; time_limit: seconds.
    """

    max_rounds: int = 20_000
    time_limit: float | None = None

    concept: ClassVar[str] = "feedback Nash equilibrium in linear strategies"
    solution_type: ClassVar[type[LinearQuadraticSolution]] = LinearQuadraticSolution
    game_type: ClassVar[type[Any] | tuple[type[Any], ...]] = LinearQuadraticGame

    def __post_init__(self) -> None:
        if not isinstance(self.max_rounds, int | np.integer) or self.max_rounds < 1:
            raise ValueError(f"max_rounds = {self.max_rounds!r} is not a positive number without fraction")

    def propose(self, game: LinearQuadraticGame) -> Proposal:
        watch = current_watch()
        n = len(game.transition)
        losses: Matrices = tuple(np.zeros((n, n)) for _ in game.players)
        feedback: Matrices = ()
        for number in range(self.max_rounds):
            rules = _rules(game, losses)
            if not all(np.isfinite(rule).all() for rule in rules):
                return Proposal(
                    message=f"losses grow without bound, after {number} rounds; there may be no equilibrium"
                )
            settled = bool(feedback) and all(
                np.abs(new - old).max() <= SETTLED * (1.0 + np.abs(new).max())
                for new, old in zip(rules, feedback, strict=True)
            )
            with np.errstate(over="ignore", invalid="ignore"):
                feedback, losses = rules, _earlier(game, rules, losses)
            if settled:
                message = f"the rules of a game of {number + 1} rounds no longer change; other equilibria may exist"
                return Proposal(candidates=(feedback,), message=message)
            if number % 64 == 0:
                watch.report(number / self.max_rounds, "rounds")
                if watch.expired():
                    message = f"the rules of a game of {number + 1} rounds still change: raise time_limit"
                    return Proposal(stopped="time limit reached", message=message)
        message = f"rules still change after {self.max_rounds} rounds; raise max_rounds"
        return Proposal(candidates=(feedback,), message=message)


def _rules(game: LinearQuadraticGame, losses: Matrices) -> Matrices:
    """Everybody's rule F_i when losses from the next round on are given; NaN where there is none."""
    a, b, d = game.transition, game.controls, game.discount_factor
    rows, right = [], []
    for i, loss in enumerate(losses):
        row = []
        for j in range(game.n_players):
            own = game.control_losses[i] if j == i else game.control_products[i][j].T
            row.append(own + d * b[i].T @ loss @ b[j])
        rows.append(row)
        right.append(game.cross_losses[i] + d * b[i].T @ loss @ a)
    system, target = np.block(rows), np.vstack(right)
    if not (np.isfinite(system).all() and np.isfinite(target).all()):
        system = np.zeros(system.shape)
    ends = np.cumsum([each.shape[1] for each in b])[:-1]
    try:
        return tuple(np.split(np.linalg.solve(system, target), ends))
    except np.linalg.LinAlgError:
        return tuple(np.split(np.full(target.shape, np.nan), ends))


def _earlier(game: LinearQuadraticGame, rules: Matrices, losses: Matrices) -> Matrices:
    """Losses one round earlier when all follow the rules."""
    closed = game.transition - sum(b @ f for b, f in zip(game.controls, rules, strict=True))
    result = []
    for i, (own, loss) in enumerate(zip(rules, losses, strict=True)):
        cross = own.T @ game.cross_losses[i]
        total = game.state_losses[i] + own.T @ game.control_losses[i] @ own - cross - cross.T
        for j, other in enumerate(rules):
            if j != i:
                product = other.T @ game.control_products[i][j] @ own
                total = total + other.T @ game.rival_losses[i][j] @ other + product + product.T
        result.append(total + game.discount_factor * closed.T @ loss @ closed)
    return tuple(result)
