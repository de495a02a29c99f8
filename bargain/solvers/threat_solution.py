"""The result of variable threats: certified threats, what they pay if carried out, and the agreement they lead to.

The certificate covers all mixed deviations at once: the weights w support the payoffs at the agreement n; n is the Nash
solution for the threat point; and no action of either player moves the threat point d over the line w_1 d_1 - w_2 d_2 =
w_1 n_1 - w_2 n_2 in his favour, so no mixture of them does, d being linear in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from bargain.games.bargaining import payoff_scale
from bargain.games.bargaining_certificate import BargainingCertificate, bargaining_certificate
from bargain.games.profile import MixedProfile
from bargain.games.record import FloatArray, finite_array
from bargain.games.stage import StageGame
from bargain.solvers.bargaining_solution import checked_lottery
from bargain.solvers.base import Proposal, Rejected, Scope, Solution, Solver
from bargain.solvers.equilibria import candidate_text, run_message, run_status

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class ThreatCandidate:
    """Threats ``(n_actions[k],)`` each, weights ``(2,)`` at the agreement, lottery over the profiles."""

    threats: tuple[FloatArray, FloatArray]
    weights: FloatArray
    lottery: FloatArray
    payoffs: FloatArray


@dataclass(frozen=True, eq=False, kw_only=True)
class ThreatSolution(Solution):
    """Certified threats and the agreement they lead to.

    threats: one mixed strategy per player; threat_point ``(2,)``, what they pay if carried out; payoffs and gains over
    it ``(2,)``; lottery: probabilities ``(*n_actions)`` of the profiles agreed on; transfer: what the second player
    pays the first on top, 0 without transfers; weights ``(2,)``: a normal of the frontier at the agreement, for which
    the threats are optimal. Other threats may lead to the same payoffs; the payoffs are the only ones (Nash 1953).
    """

    threats: MixedProfile = ()
    threat_point: FloatArray | None = None
    payoffs: FloatArray | None = None
    gains: FloatArray | None = None
    lottery: FloatArray | None = None
    transfer: float = 0.0
    weights: FloatArray | None = None
    certificate: BargainingCertificate | None = None

    @classmethod
    def judge(cls, game: StageGame, solver: Solver[Any, Any], proposal: Proposal, tolerance: float) -> Self:
        """Recompute threat point and payoffs, and measure every deviation in threats."""
        rejected: list[Rejected] = []
        fields: dict[str, Any] = {}
        for candidate in proposal.candidates[:1]:
            text = candidate_text(candidate.threats)
            try:
                fields = _measured(game, candidate, solver.transfers, tolerance)  # type: ignore[attr-defined]
            except (ValueError, TypeError) as error:
                rejected.append(Rejected(text, f"no threats of this game: {error}"))
                continue
            if not fields["certificate"].holds:
                condition, size = fields["certificate"].worst
                rejected.append(Rejected(text, f"not fulfilled: {condition} ({size:.3g} of the payoff range)", size))
                fields = {}
        status = run_status(proposal, len(fields), len(rejected))
        message = run_message(solver, proposal, status, len(rejected))
        return cls(
            solver=solver,
            game=game,
            status=status,
            scope=Scope.SOME,
            message=message,
            rejected=tuple(rejected),
            **fields,
        )

    def to_dict(self, *, run_time: bool = False) -> dict[str, Any]:
        return {
            **super().to_dict(run_time=run_time),
            "threats": [threat.tolist() for threat in self.threats],
            **{name: None if (array := getattr(self, name)) is None else array.tolist() for name in ARRAYS},
            "transfer": self.transfer,
            "certificate": None if self.certificate is None else self.certificate.to_dict(),
        }

    @classmethod
    def _own_fields(cls, data: Mapping[str, Any]) -> dict[str, Any]:
        certificate = data["certificate"]
        return {
            "threats": tuple(finite_array(threat, "threats") for threat in data["threats"]),
            **{name: None if data[name] is None else finite_array(data[name], name) for name in ARRAYS},
            "transfer": data["transfer"],
            "certificate": None if certificate is None else BargainingCertificate.from_dict(certificate),
        }

    def to_frame(self) -> pd.DataFrame:
        """Tidy table of the threats: player, action, probability, threat point and payoff of the player."""
        import pandas as pd

        rows = [
            (player, action, float(share), float(self.threat_point[k]), float(self.payoffs[k]))
            for k, player in enumerate(self.game.players)
            if self.threat_point is not None and self.payoffs is not None
            for action, share in zip(self.game.actions[k], self.threats[k], strict=True)
        ]
        return pd.DataFrame(rows, columns=["player", "action", "probability", "threat_point", "payoff"])


ARRAYS = ("threat_point", "payoffs", "gains", "lottery", "weights")
"""Fields of a threat solution that are arrays or None."""


def _measured(game: StageGame, candidate: ThreatCandidate, transfers: bool, tolerance: float) -> dict[str, Any]:
    """Payoffs, threat point and certificate; ValueError when the candidate is none of this game."""
    threats = game.profile(candidate.threats)
    weights = finite_array(candidate.weights, "weights")
    n_profiles = int(np.prod(game.n_actions))
    lottery = checked_lottery(candidate.lottery, n_profiles)
    points = game.payoffs.reshape(2, -1).T
    threat_point = game.expected_payoffs(threats)
    threat_line = float(weights[0] * threat_point[0] - weights[1] * threat_point[1])
    reached = lottery @ points
    payoffs = finite_array(candidate.payoffs if transfers else reached, "payoffs")
    transfer = float(payoffs[0] - reached[0]) if transfers else 0.0
    scale = float(weights @ payoff_scale(points))
    lines = [weights[0] * own[0] - weights[1] * own[1] for own in _deviations(game, threats)]
    line = float(weights[0] * payoffs[0] - weights[1] * payoffs[1])
    violations = {
        "weights are not negative, equal with transfers": _weight_violation(weights, transfers),
        "the agreement is feasible": abs(float(payoffs.sum() - reached.sum())) / scale,
        "the weights support the payoffs at the agreement": float((points @ weights).max() - payoffs @ weights) / scale,
        "the agreement is the Nash solution": abs(line - threat_line) / scale,
        f"no better threat of {game.players[0]}": (float(lines[0].max()) - line) / scale,
        f"no better threat of {game.players[1]}": (line - float(lines[1].min())) / scale,
    }
    return {
        "threats": threats,
        "threat_point": finite_array(threat_point, "threat_point"),
        "payoffs": payoffs,
        "gains": finite_array(payoffs - threat_point, "gains"),
        "lottery": finite_array(lottery.reshape(game.n_actions), "lottery"),
        "transfer": transfer,
        "weights": weights,
        "certificate": bargaining_certificate(violations, tolerance),
    }


def _deviations(game: StageGame, threats: MixedProfile) -> tuple[FloatArray, FloatArray]:
    """Threat points ``(2, n_actions[k])`` when player k threatens with one action and the other as planned."""
    first, second = threats
    return game.payoffs @ second, np.einsum("i,kij->kj", first, game.payoffs)


def _weight_violation(weights: FloatArray, transfers: bool) -> float:
    if weights.shape != (2,) or weights.sum() <= 0.0:
        raise ValueError(f"weights = {weights.tolist()} is not one weight for each player, one of them positive")
    uneven = abs(float(weights[0] - weights[1])) if transfers else 0.0
    return max(-float(weights.min()), uneven) / float(weights.max())
