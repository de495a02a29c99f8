"""The result of ``LogitPath``: the equilibrium at the end of the branch, or quantal responses at one precision."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Self

from bargain.games.quantal_response import QuantalResponse, quantal_response
from bargain.games.stage import StageGame
from bargain.solvers.base import Proposal, Rejected, Solver
from bargain.solvers.equilibria import EquilibriumSolution, candidate_text, run_message, run_status

if TYPE_CHECKING:
    import pandas as pd

    from bargain.solvers.logit_branch import LogitBranch


@dataclass(frozen=True, eq=False, kw_only=True)
class LogitSolution(EquilibriumSolution):
    """Certified equilibria, or, when a precision was asked for, certified quantal responses.

    responses: in the order in which the branch meets them; their certificate is the residual of the fixed point, since
    they are no Nash equilibria; ``equilibria`` is empty then. branch_precision: how far the branch was followed, one
    over payoff units.
    """

    responses: tuple[QuantalResponse, ...] = ()
    branch_precision: float = 0.0

    @classmethod
    def judge(cls, game: StageGame, solver: Solver[Any, Any], proposal: Proposal, tolerance: float) -> Self:
        """Regret for equilibria; for responses the distance of every probability from its logit response."""
        precision: float | None = solver.precision  # type: ignore[attr-defined]
        reached = proposal.branch_precision if isinstance(proposal, LogitProposal) else 0.0
        if precision is None:
            return replace(super().judge(game, solver, proposal, tolerance), branch_precision=reached)
        judged = [quantal_response(game, candidate, precision, tolerance) for candidate in proposal.candidates]
        rejected = tuple(
            Rejected(
                candidate_text(response.profile),
                f"residual {response.residual:.3g} of the logit response exceeds {tolerance:g}",
            )
            for response in judged
            if not response.holds
        )
        kept = tuple(response for response in judged if response.holds)
        status = run_status(proposal, len(kept), len(rejected))
        return cls(
            solver=solver,
            game=game,
            status=status,
            scope=proposal.scope,
            message=run_message(solver, proposal, status, len(rejected)),
            responses=kept,
            rejected=rejected,
            branch_precision=reached,
        )

    @property
    def branch(self) -> LogitBranch:
        """The branch as a table, followed again as far as the run went."""
        from bargain.solvers.logit_branch import logit_branch

        return logit_branch(self.game, self.branch_precision)

    def to_dict(self, *, run_time: bool = False) -> dict[str, Any]:
        return {
            **super().to_dict(run_time=run_time),
            "responses": [response.to_dict() for response in self.responses],
            "branch_precision": self.branch_precision,
        }

    @classmethod
    def _own_fields(cls, data: Mapping[str, Any]) -> dict[str, Any]:
        return {
            **super()._own_fields(data),
            "responses": tuple(QuantalResponse.from_dict(item) for item in data["responses"]),
            "branch_precision": data["branch_precision"],
        }

    def to_frame(self) -> pd.DataFrame:
        """Equilibria as in every solution; for responses the same columns after ``response`` and ``precision``."""
        if not self.responses:
            return super().to_frame()
        import pandas as pd

        columns = ["response", "precision", "player", "action", "probability", "payoff", "regret"]
        rows = [
            (number, qre.precision, player, action, float(p), float(qre.payoffs[k]), float(qre.regret[k]))
            for number, qre in enumerate(self.responses)
            for k, player in enumerate(self.game.players)
            for action, p in zip(self.game.actions[k], qre.profile[k], strict=True)
        ]
        return pd.DataFrame(rows, columns=columns)


@dataclass(frozen=True, kw_only=True)
class LogitProposal(Proposal):
    """A proposal that also says how far the branch was followed, in one over payoff units."""

    branch_precision: float = 0.0
