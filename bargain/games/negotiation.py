"""Repeated negotiation: deals that are negotiated anew now and then, past ones being bygones; and their certificate.

At the beginning of every round there is a new negotiation with probability rho. If players expect the payoffs r_i(s)
from negotiating in state s, what they can enforce until then are the equilibria with transfers of the truncated game
with discount factor q = d (1 - rho) and payoffs

    ((1 - d) u_i(s, a) + d rho E[r_i(s') | s, a]) / (1 - q),

whose values are values of the whole game. Negotiating is Nash bargaining with weights b over these payoffs, the worst
of them for each player being the threat point: with U and v the joint value and the punishments of the truncated game,

    r_i(s) = v_i(s) + b_i (U(s) - sum_j v_j(s))          (repeated negotiation equilibrium).

Goldluecke and Kranz, "Reconciling relational contracting and hold-up: a model of repeated negotiations" (2022, Journal
of the European Economic Association; earlier versions 2017, 2020). With rho = 0 these are the best equilibria with
transfers of the whole game, bargained over once; with rho = 1 nothing agreed lasts longer than a round, as in models of
hold-up. In strongly directional games, whose states are left for ever unless nothing leads out of them, there is at
most one; in others there may be none or several.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from bargain.games.deal import Deal, DealCertificate, certify_deal, weighted_payoffs
from bargain.games.deal_bounds import EliminationProof, ProofReading, read_proof
from bargain.games.markov import MarkovGame
from bargain.games.record import ArrayRecord, FloatArray
from bargain.games.stationary import continuation


@dataclass(frozen=True, eq=False)
class NegotiationCertificate(ArrayRecord):
    """Whether negotiated payoffs are what their own truncated game makes of them.

    deal, reading: certificate of the deal and reading of the proof, both in the truncated game; gap: largest distance
    of r from the right hand side of its equation, with U and v as the deal attains them; bound_gap: of these from the
    proven bounds; scale: sum of the weighted payoff ranges of the game; tolerance: of the gaps, as a share of it.
    """

    deal: DealCertificate
    reading: ProofReading
    gap: float
    bound_gap: float
    scale: float
    tolerance: float

    @property
    def holds(self) -> bool:
        """Whether the deal is an equilibrium, its bounds are proven and attained, and the equation for r is met."""
        return self.deal.holds and self.reading.holds and max(self.gap, self.bound_gap) <= self.tolerance * self.scale

    def to_dict(self) -> dict[str, Any]:
        numbers = {name: getattr(self, name) for name in ("gap", "bound_gap", "scale", "tolerance")}
        return {"deal": self.deal.to_dict(), "reading": self.reading.to_dict(), **numbers, "holds": self.holds}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        parts = DealCertificate.from_dict(data["deal"]), ProofReading.from_dict(data["reading"])
        return cls(*parts, *(data[name] for name in ("gap", "bound_gap", "scale", "tolerance")))


def truncated_game(game: MarkovGame, probability: float, negotiated: FloatArray, weights: FloatArray) -> MarkovGame:
    """The game until the next negotiation, all payoffs in the common unit.

    probability: of a negotiation at the beginning of a round; negotiated: r ``(n_states, n_players)``, in the common
    unit; weights: of the payoffs.
    """
    d = game.discount_factor
    q = d * (1.0 - probability)
    own = game.payoffs * weights.reshape(1, -1, *(1 for _ in game.n_actions))
    payoffs = ((1.0 - d) * own + d * probability * continuation(game, negotiated)) / (1.0 - q)
    labels = game.players, game.actions, game.states, game.available
    return MarkovGame(payoffs, game.successors, game.probabilities, q, *labels)


def certify_negotiation(
    game: MarkovGame,
    probability: float,
    bargaining_weights: FloatArray,
    weights: FloatArray,
    negotiated: FloatArray,
    deal: Deal,
    proof: EliminationProof,
    tolerance: float,
) -> NegotiationCertificate:
    """Build the truncated game from r, certify the deal and the bounds in it, and put them into the equation for r.

    deal, proof: of the truncated game, hence with transfer weights of one; for all states.
    """
    inside = truncated_game(game, probability, negotiated, weights)
    certificate = certify_deal(inside, deal, tolerance)
    reading = read_proof(inside, proof, tolerance)
    held = np.stack([certificate.values[1 + i, :, i] for i in range(game.n_players)], axis=1)
    joint = certificate.values[0].sum(axis=1)
    wanted = held + bargaining_weights * (joint - held.sum(axis=1))[:, None]
    gap = float(np.abs(wanted - negotiated).max())
    bound_gap = max(float(np.abs(joint - proof.joint[-1]).max()), float(np.abs(held - proof.punishments[-1]).max()))
    return NegotiationCertificate(
        certificate, reading, gap, bound_gap, weighted_payoffs(game, weights)[2], float(tolerance)
    )


def is_strongly_directional(game: MarkovGame) -> bool:
    """Whether every state is left for ever after one round, unless no play leads out of it."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    s, *rest = np.nonzero((game.probabilities > 0.0) & game.available_moves[..., None])
    to = game.successors[(s, *rest)]
    leaves = np.zeros(game.n_states, dtype=bool)
    leaves[s[s != to]] = True
    if (leaves[s] & (s == to)).any():
        return False
    links = coo_array((np.ones(len(s)), (s, to)), shape=(game.n_states, game.n_states)).tocsr()
    return int(connected_components(links, directed=True, connection="strong")[0]) == game.n_states
