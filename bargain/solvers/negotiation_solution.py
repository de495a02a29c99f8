"""The result of ``RepeatedNegotiation``: negotiated payoffs, and what is enforced until the next negotiation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from bargain.games.deal import Deal
from bargain.games.deal_bounds import EliminationProof
from bargain.games.markov import IntArray
from bargain.games.negotiation import NegotiationCertificate, certify_negotiation, is_strongly_directional
from bargain.games.record import FloatArray, finite_array
from bargain.solvers.base import Proposal, Rejected, Scope, Solution, Solver, Status
from bargain.solvers.enforceable_solution import markov_form

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False)
class NegotiationCandidate:
    """Negotiated payoffs with the deal and the proof of bounds in their truncated game."""

    negotiated: FloatArray
    deal: Deal
    proof: EliminationProof


@dataclass(frozen=True, eq=False, kw_only=True)
class NegotiationSolution(Solution):
    """A certified repeated negotiation equilibrium; values in the common unit, payoff times transfer weight.

    negotiated: r ``(n_states, n_players)``, what negotiating in a state is worth to each; deal, proof: what is enforced
    until the next negotiation, in the truncated game. Scope ``all`` says that no other such payoffs exist, because the
    game is strongly directional. ``None`` where nothing was found.
    """

    negotiated: FloatArray | None = None
    deal: Deal | None = None
    proof: EliminationProof | None = None
    certificate: NegotiationCertificate | None = None

    @classmethod
    def judge(cls, game: Any, solver: Solver[Any, Any], proposal: Proposal, tolerance: float) -> Self:
        """Rebuild the truncated game from r and check the deal, the bounds and the equation in it."""
        played = markov_form(game)
        weights, shares = solver._parts(played)  # type: ignore[attr-defined]
        rejected: list[Rejected] = []
        fields: dict[str, Any] = {}
        for one in proposal.candidates[:1]:
            values = finite_array(one.negotiated, "negotiated")
            rho = solver.renegotiation_probability  # type: ignore[attr-defined]
            certificate = certify_negotiation(played, rho, shares, weights, values, one.deal, one.proof, tolerance)
            if certificate.holds:
                fields = {"negotiated": values, "deal": one.deal, "proof": one.proof, "certificate": certificate}
            else:
                reason = (
                    f"negotiated payoffs miss their equation by {certificate.gap:.3g}, the deal gains "
                    f"{certificate.deal.epsilon:.3g} from a deviation{certificate.reading.fault and '; '}"
                    f"{certificate.reading.fault}"
                )
                rejected.append(Rejected("negotiated payoffs", reason, certificate.gap / certificate.scale))
        status = Status.SOLVED if fields else Status.REJECTED_ALL if rejected else Status.NO_EQUILIBRIUM_FOUND
        parts = [proposal.stopped, proposal.message, *(one.reason for one in rejected)]
        return cls(
            solver=solver,
            game=game,
            status=Status.STOPPED_EARLY if proposal.stopped else status,
            scope=Scope.ALL if fields and is_strongly_directional(played) else Scope.SOME,
            message=". ".join(part for part in parts if part),
            rejected=tuple(rejected),
            **fields,
        )

    @property
    def joint_value(self) -> FloatArray | None:
        """U, what the deal is worth to all together, ``(n_states,)``."""
        return None if self.certificate is None else np.asarray(self.certificate.deal.values[0].sum(axis=1))

    @property
    def threat_points(self) -> FloatArray | None:
        """v, what each player can be held to until the next negotiation, ``(n_states, n_players)``."""
        if self.certificate is None:
            return None
        values = self.certificate.deal.values
        return np.stack([values[1 + i, :, i] for i in range(values.shape[2])], axis=1)

    @property
    def plan(self) -> IntArray | None:
        """Actions agreed on, ``(n_states, n_players)``."""
        return None if self.deal is None else self.deal.plan

    @property
    def money_per_round(self) -> float:
        """What a payment of one in the truncated game is in money of one round: (1 - q) / (1 - d)."""
        d, rho = self.game.discount_factor, self.solver.renegotiation_probability  # type: ignore[attr-defined]
        return float((1.0 - d * (1.0 - rho)) / (1.0 - d))

    def to_dict(self, *, run_time: bool = False) -> dict[str, Any]:
        parts = {name: getattr(self, name) for name in ("deal", "proof", "certificate")}
        plain = {name: None if part is None else part.to_dict() for name, part in parts.items()}
        values = None if self.negotiated is None else self.negotiated.tolist()
        return {**super().to_dict(run_time=run_time), "negotiated": values, **plain}

    @classmethod
    def _own_fields(cls, data: Mapping[str, Any]) -> dict[str, Any]:
        kinds = {"deal": Deal, "proof": EliminationProof, "certificate": NegotiationCertificate}
        fields: dict[str, Any] = {
            name: None if data[name] is None else kind.from_dict(data[name])  # type: ignore[attr-defined]
            for name, kind in kinds.items()
        }
        values = data["negotiated"]
        return {**fields, "negotiated": None if values is None else finite_array(values, "negotiated")}

    def to_frame(self) -> pd.DataFrame:
        """Tidy table: state, player, action agreed on, joint_value, threat_point, negotiated value of the player."""
        import pandas as pd

        played = markov_form(self.game)
        columns = ["state", "player", "action", "joint_value", "threat_point", "negotiated"]
        if self.deal is None or self.negotiated is None:
            return pd.DataFrame(columns=columns)
        joint, held = self.joint_value, self.threat_points
        rows = [
            (state, player, played.actions[i][self.deal.plan[s, i]], joint[s], held[s, i], self.negotiated[s, i])  # type: ignore[index]
            for s, state in enumerate(played.states)
            for i, player in enumerate(played.players)
        ]
        return pd.DataFrame(rows, columns=columns)
