"""The result of bargaining: a certified agreement with the lottery that reaches it, or that nobody can gain."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from bargain.games.bargaining_certificate import (
    BargainingCertificate,
    Problem,
    bargaining_certificate,
    disagreement_violation,
    threat_violation,
)
from bargain.games.bargaining_frontier import BargainingFrontier
from bargain.games.profile import SUM_TOLERANCE
from bargain.games.record import FloatArray, finite_array
from bargain.solvers.bargaining_programs import Mask
from bargain.solvers.base import Proposal, Rejected, Scope, Solution, Solver
from bargain.solvers.equilibria import candidate_text, run_message, run_status

if TYPE_CHECKING:
    import pandas as pd

NO_AGREEMENT = "no agreement"
"""The candidate of a problem in which nobody can gain over the threat point."""


@dataclass(frozen=True, eq=False, kw_only=True)
class BargainingSolution(Solution):
    """A certified agreement, or that there is none.

    agreement: whether somebody gains; payoffs and gains over the threat point ``(n_players,)``; lottery ``(n_points,)``
    over the given points that reaches the payoffs, None on smooth frontiers and without agreement; certificate: the
    conditions that define the solution, each with its violation.
    """

    agreement: bool = False
    payoffs: FloatArray | None = None
    gains: FloatArray | None = None
    lottery: FloatArray | None = None
    certificate: BargainingCertificate | None = None

    @classmethod
    def judge(cls, game: Problem, solver: Solver[Any, Any], proposal: Proposal, tolerance: float) -> Self:
        """Recompute payoffs and measure the conditions of the concept; the first candidate that fulfils them counts."""
        rejected: list[Rejected] = []
        fields: dict[str, Any] = {}
        for candidate in proposal.candidates:
            try:
                fields = cls._measured(game, solver, candidate, tolerance)
            except (ValueError, TypeError) as error:
                rejected.append(Rejected(candidate_text(candidate), f"no agreement on this problem: {error}"))
                continue
            if not fields["certificate"].holds:
                condition, size = fields["certificate"].worst
                reason = f"not fulfilled: {condition} ({size:.3g} of the payoff range)"
                rejected.append(Rejected(candidate_text(candidate), reason, size))
                fields = {}
                continue
            rejected = []
            break
        status = run_status(proposal, len(fields), len(rejected))
        return cls(
            solver=solver,
            game=game,
            status=status,
            scope=proposal.scope if fields and not proposal.stopped else Scope.SOME,
            message=run_message(solver, proposal, status, len(rejected)),
            rejected=tuple(rejected),
            **fields,
        )

    @classmethod
    def _measured(cls, game: Problem, solver: Any, candidate: Any, tolerance: float) -> dict[str, Any]:
        """Payoffs, gains, lottery and certificate of a candidate; ValueError when it is none."""
        if isinstance(candidate, str):
            violations = {"nobody can gain over the threat point": disagreement_violation(game)}
            nothing = finite_array(np.zeros(game.n_players), "gains")
            certificate = bargaining_certificate(violations, tolerance)
            return {"payoffs": game.threat_point, "gains": nothing, "certificate": certificate}
        lottery = None
        if isinstance(game, BargainingFrontier):
            gains = finite_array([candidate, game.second(candidate)] - game.threat_point, "gains")
            if not game.interval[0] <= candidate <= game.interval[1]:
                raise ValueError(f"{candidate} is outside the interval of the frontier")
        else:
            lottery = checked_lottery(candidate, len(game.points))
            gains = finite_array(lottery @ (game.points - game.threat_point), "gains")
        violations = {"nobody below the threat point": threat_violation(game, gains)}
        violations |= solver.violations(game, gains)
        return {
            "agreement": True,
            "payoffs": finite_array(game.threat_point + gains, "payoffs"),
            "gains": gains,
            "lottery": lottery,
            "certificate": bargaining_certificate(violations, tolerance),
        }

    def to_dict(self, *, run_time: bool = False) -> dict[str, Any]:
        arrays = {name: getattr(self, name) for name in ("payoffs", "gains", "lottery")}
        return {
            **super().to_dict(run_time=run_time),
            "agreement": self.agreement,
            **{name: None if array is None else array.tolist() for name, array in arrays.items()},
            "certificate": None if self.certificate is None else self.certificate.to_dict(),
        }

    @classmethod
    def _own_fields(cls, data: Mapping[str, Any]) -> dict[str, Any]:
        arrays = {name: data[name] for name in ("payoffs", "gains", "lottery")}
        return {
            "agreement": data["agreement"],
            **{name: None if values is None else finite_array(values, name) for name, values in arrays.items()},
            "certificate": data["certificate"] and BargainingCertificate.from_dict(data["certificate"]),
        }

    def to_frame(self) -> pd.DataFrame:
        """Tidy table: player, threat point, payoff, gain."""
        import pandas as pd

        columns = ["player", "threat_point", "payoff", "gain"]
        if self.payoffs is None or self.gains is None:
            return pd.DataFrame([], columns=columns)
        rows = zip(self.game.players, self.game.threat_point, self.payoffs, self.gains, strict=True)
        return pd.DataFrame([(name, *map(float, numbers)) for name, *numbers in rows], columns=columns)


def checked_lottery(lottery: Any, n_points: int) -> FloatArray:
    """The lottery as a read-only array; ValueError unless it has one probability per point."""
    array = finite_array(lottery, "lottery")
    if array.shape != (n_points,) or array.min() < 0.0 or abs(array.sum() - 1.0) > SUM_TOLERANCE:
        raise ValueError(f"lottery of shape {array.shape} is not one probability for each of {n_points} points")
    return array


def no_agreement() -> Proposal:
    message = "no agreement: nobody can gain over the threat point without somebody's loss"
    return Proposal(candidates=(NO_AGREEMENT,), scope=Scope.ALL, message=message)


def agreed(problem: Problem, candidate: Any, ties: bool, gainers: Mask | None = None, stopped: str = "") -> Proposal:
    """The proposal of an agreement, with a word about who cannot gain and about ties."""
    parts = ["the only agreement of this concept"] if not ties else []
    if gainers is not None and not gainers.all():
        left = ", ".join(name for name, can in zip(problem.players, gainers, strict=True) if not can)
        parts.append(f"{left} cannot gain without somebody's loss and stays at the threat point")
    if ties:
        parts.append("other agreements are equally good; this one has the most equal gains among them")
    scope = Scope.SOME if ties else Scope.ALL
    return Proposal(candidates=(candidate,), scope=scope, message=". ".join(parts), stopped=stopped)
