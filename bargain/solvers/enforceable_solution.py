"""The result of ``EnforceableDeals``: what can be divided in every state, and the deal that does it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from bargain.games.deal import Deal, DealCertificate, certify_deal, transition_rows, weighted_payoffs
from bargain.games.deal_bounds import EliminationProof, ProofReading, read_proof
from bargain.games.markov import BoolArray, IntArray, MarkovGame
from bargain.games.record import FloatArray
from bargain.games.repeated import RepeatedGame
from bargain.solvers.base import Proposal, Rejected, Scope, Solution, Solver, Status

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False)
class DealCandidate:
    """What is proposed: a deal, or None if there is none or no time was left, and the proof of the bounds."""

    deal: Deal | None
    proof: EliminationProof


@dataclass(frozen=True, eq=False, kw_only=True)
class DealSolution(Solution):
    """Certified equilibrium payoffs with transfers, in the common unit: payoff times transfer weight.

    In state s the efficient equilibrium payoffs, after up-front payments, are all divisions of joint_value[s] that
    leave player i at least punishments[s, i]; burning money, everything below too. deal: a simple strategy profile with
    payments that attains both, certificate: every one-shot deviation from it; proof, reading: why no pure
    subgame-perfect equilibrium attains more jointly or less for one player. Scope ``all`` says that both hold, so that
    the answer is exact; ``some``, that the deal is an equilibrium, or nothing more than the outer bounds are known.

    Under ``max_transfer`` or ``transfer_cost``, joint_value and punishments are what the certified deal attains within
    the limits, joint_bound and punishment_bound hold for all equilibria, and payoffs are no simplex.
    """

    deal: Deal | None = None
    certificate: DealCertificate | None = None
    proof: EliminationProof | None = None
    reading: ProofReading | None = None

    @classmethod
    def judge(cls, game: Any, solver: Solver[Any, Any], proposal: Proposal, tolerance: float) -> Self:
        """Certify the deal, read the proof, and compare what the one attains with what the other allows."""
        played = markov_form(game)
        fields: dict[str, Any] = {}
        rejected: list[Rejected] = []
        remarks, exact = [proposal.stopped, proposal.message], False
        for candidate in proposal.candidates[:1]:
            try:
                fields, faults, exact = _judged(played, candidate, tolerance)
            except (ValueError, TypeError, IndexError, AttributeError) as error:
                rejected.append(Rejected(type(candidate).__name__, f"no deal for this game: {error}"))
                continue
            rejected += faults
        remarks += [fault.reason for fault in rejected]
        found = fields.get("deal") is not None
        return cls(
            solver=solver,
            game=game,
            status=_status(proposal, found, bool(rejected)),
            scope=Scope.ALL if exact and not proposal.stopped and proposal.scope is Scope.ALL else Scope.SOME,
            message=". ".join(part for part in remarks if part),
            rejected=tuple(rejected),
            **fields,
        )

    @property
    def exists(self) -> BoolArray:
        """States with an equilibrium that is certified, ``(n_states,)``."""
        there = np.zeros(markov_form(self.game).n_states, dtype=bool)
        if self.deal is not None:
            there[list(self.deal.states)] = True
        return there

    @property
    def joint_value(self) -> FloatArray:
        """U, the sum of the values on the path in the common unit ``(n_states,)``; NaN where no equilibrium is."""
        return self._known(None if self.certificate is None else self.certificate.values[0].sum(axis=1))

    @property
    def punishments(self) -> FloatArray:
        """v, the least each player can be held to, in the common unit ``(n_states, n_players)``; NaN where none is."""
        if self.certificate is None:
            return self._known(None, len(self.game.players))
        values = self.certificate.values
        return self._known(np.stack([values[1 + i, :, i] for i in range(values.shape[2])], axis=1))

    @property
    def own_punishments(self) -> FloatArray:
        """v in every player's own payoff unit, ``(n_states, n_players)``."""
        return np.asarray(self.punishments / self._weights)

    @property
    def surplus(self) -> FloatArray:
        """What there is to divide beyond the punishments, U - sum v, in the common unit ``(n_states,)``."""
        return np.asarray(self.joint_value - self.punishments.sum(axis=1))

    @property
    def joint_bound(self) -> FloatArray:
        """No equilibrium is worth more than this jointly, ``(n_states,)``; known also for a run that was stopped."""
        if self.proof is None or not self.proof.n_rounds:
            return np.full(markov_form(self.game).n_states, np.inf)
        return np.where(self.proof.alive, self.proof.joint[-1], np.nan)

    @property
    def punishment_bound(self) -> FloatArray:
        """No equilibrium is worth less than this to a player, ``(n_states, n_players)``."""
        if self.proof is None or not self.proof.n_rounds:
            return np.full((markov_form(self.game).n_states, len(self.game.players)), -np.inf)
        return np.where(self.proof.alive[:, None], self.proof.punishments[-1], np.nan)

    @property
    def admissible(self) -> BoolArray:
        """Moves that some equilibrium makes, ``(n_states, *n_actions)``; more when the run was stopped."""
        played = markov_form(self.game)
        return played.available_moves if self.proof is None else self.proof.admissible(played)

    @property
    def plan(self) -> IntArray | None:
        """Actions of an equilibrium of the largest joint value, ``(n_states, n_players)``; 0 where none exists."""
        return None if self.deal is None else self.deal.plan

    @property
    def punishment_plans(self) -> IntArray | None:
        """Actions in the first round of each player's punishment, ``(n_players, n_states, n_players)``."""
        return None if self.deal is None else self.deal.punishment_plans

    @property
    def values(self) -> FloatArray:
        """What the deal is worth with its up-front payments, in the common unit ``(n_states, n_players)``."""
        known = None if self.certificate is None else self.certificate.start_values
        return self._known(known, len(self.game.players))

    def share(self, weights: Sequence[float] | None = None) -> FloatArray:
        """Equilibrium payoffs when the surplus is divided by ``weights`` (equally unless given).

        ``(n_states, n_players)`` in the common unit; weights: not negative, with sum one. ValueError under limits of
        payments, which may exclude such a division.
        """
        self._check_unlimited()
        return np.asarray(self.punishments + self.surplus[:, None] * checked_shares(weights, len(self.game.players)))

    def payoff_vertices(self, state: Any = 0) -> FloatArray:
        """Corners of the efficient equilibrium payoffs of a state, ``(n_players, n_players)`` in the common unit.

        Corner i gives the whole surplus to player i. No corner where no equilibrium exists: shape ``(0, n_players)``.
        """
        self._check_unlimited()
        s = markov_form(self.game).state_index(state)
        n = len(self.game.players)
        if not self.exists[s]:
            return np.zeros((0, n))
        return np.asarray(self.punishments[s] + self.surplus[s] * np.eye(n))

    def deal_for(self, weights: Sequence[float] | None = None) -> Deal:
        """The deal with the up-front payments that divide the surplus by ``weights``; ValueError without a deal."""
        if self.deal is None or self.certificate is None:
            raise ValueError("there is no certified deal to divide")
        wanted = np.where(self.exists[:, None], self.share(weights), 0.0)
        rounds = 1.0 - self.game.discount_factor
        gap = (self.certificate.values[0] - wanted) / rounds
        return self.deal.with_up_front(np.where(self.exists[:, None], gap - gap.mean(axis=1, keepdims=True), 0.0))

    def _check_unlimited(self) -> None:
        if getattr(self.solver, "max_transfer", None) is not None or getattr(self.solver, "transfer_cost", 0.0) > 0.0:
            raise ValueError(
                "with max_transfer or transfer_cost not every division of the surplus is an equilibrium payoff; "
                "values, joint_value and punishments are what the certified deal attains"
            )

    @property
    def _weights(self) -> FloatArray:
        given = self.deal if self.deal is not None else self.proof
        return np.ones(len(self.game.players)) if given is None else given.weights

    def _known(self, values: FloatArray | None, *shape: int) -> FloatArray:
        there = self.exists
        if values is None:
            return np.full((len(there), *shape), np.nan)
        return np.where(there.reshape(-1, *(1 for _ in values.shape[1:])), values, np.nan)

    def to_dict(self, *, run_time: bool = False) -> dict[str, Any]:
        parts = {name: getattr(self, name) for name in ("deal", "certificate", "proof", "reading")}
        plain = {name: None if part is None else part.to_dict() for name, part in parts.items()}
        return {**super().to_dict(run_time=run_time), **plain}

    @classmethod
    def _own_fields(cls, data: Mapping[str, Any]) -> dict[str, Any]:
        kinds = {"deal": Deal, "certificate": DealCertificate, "proof": EliminationProof, "reading": ProofReading}
        return {
            name: None if data[name] is None else kind.from_dict(data[name])  # type: ignore[attr-defined]
            for name, kind in kinds.items()
        }

    def to_frame(self) -> pd.DataFrame:
        """Tidy table, a row per state and player; values in the common unit.

        Columns: state, player, exists, action on the path, its joint value, punishment and value of the player.
        """
        import pandas as pd

        played = markov_form(self.game)
        states, players = played.states, played.players
        n = len(players)
        plan = np.zeros((len(states), n), dtype=int) if self.plan is None else self.plan
        actions = [
            played.actions[i][plan[s, i]] if self.exists[s] else None for s in range(len(states)) for i in range(n)
        ]
        return pd.DataFrame(
            {
                "state": np.repeat(np.array(states, dtype=object), n),
                "player": np.tile(np.array(players, dtype=object), len(states)),
                "exists": np.repeat(self.exists, n),
                "action": actions,
                "joint_value": np.repeat(self.joint_value, n),
                "punishment": self.punishments.reshape(-1),
                "value": self.values.reshape(-1),
            }
        )

    def payment_frame(self, state: Any = None) -> pd.DataFrame:
        """Tidy table of what is paid, in the common unit; ``state``: only payments after that one, or all.

        Columns: phase ("up-front", "path", "punish NAME", "fine NAME"), state of the moves before (missing up-front and
        for fines, which follow any state), next_state in whose first part the payment falls, player, paid (negative:
        received). Next states of probability zero are left out.
        """
        import pandas as pd

        columns = ["phase", "state", "next_state", "player", "paid"]
        if self.deal is None:
            return pd.DataFrame(columns=columns)
        played = markov_form(self.game)
        names, players, deal = played.states, played.players, self.deal
        wanted = set(deal.states) if state is None else {played.state_index(state)} & set(deal.states)
        rows: list[tuple[Any, ...]] = []
        starts = [("up-front", deal.up_front), *((f"fine {j}", deal.fines[i]) for i, j in enumerate(players))]
        for phase, table in starts:
            for s in sorted(wanted):
                rows += [(phase, None, names[s], player, float(table[s, i])) for i, player in enumerate(players)]
        for regime, phase in enumerate(["path", *(f"punish {player}" for player in players)]):
            for s in sorted(wanted):
                at = (s, *deal.moves[regime, s])
                for k in np.flatnonzero(played.probabilities[at] > 0.0):
                    paid, to = deal.payments[regime, s, k], names[played.successors[at][k]]
                    rows += [(phase, names[s], to, player, float(paid[i])) for i, player in enumerate(players)]
        return pd.DataFrame(rows, columns=columns)


def markov_form(game: Any) -> MarkovGame:
    """The game itself, or a repeated game as one with a single state."""
    return game.markov_game() if isinstance(game, RepeatedGame) else game


def checked_shares(weights: Sequence[float] | None, n_players: int) -> FloatArray:
    """Shares of the surplus, equal unless given; ValueError unless they are not negative and sum to one."""
    if weights is None:
        return np.full(n_players, 1.0 / n_players)
    shares = np.asarray(weights, dtype=float)
    if shares.shape != (n_players,) or not np.isfinite(shares).all() or shares.min() < 0.0:
        raise ValueError(f"shares = {weights!r} are not {n_players} numbers >= 0")
    if abs(shares.sum() - 1.0) > 1e-9:
        raise ValueError(f"shares = {weights!r} sum to {shares.sum()}, not 1")
    return np.asarray(shares / shares.sum())


def _judged(
    game: MarkovGame, candidate: DealCandidate, tolerance: float
) -> tuple[dict[str, Any], list[Rejected], bool]:
    """Fields of the solution, what was refused, and whether the answer is proven to be exact."""
    rows = transition_rows(game)
    scale = weighted_payoffs(game, candidate.proof.weights)[2]
    reading = read_proof(game, candidate.proof, tolerance, rows)
    fields: dict[str, Any] = {"reading": reading}
    faults = [] if reading.holds else [Rejected("proof of the bounds", reading.fault)]
    if reading.holds:
        fields["proof"] = candidate.proof
    if candidate.deal is None:
        return fields, faults, reading.holds and not candidate.proof.alive.any()
    certificate = certify_deal(game, candidate.deal, tolerance, rows)
    if not certificate.holds:
        worst = max(float(part.relative_regret.max()) for part in (certificate.moves, certificate.payments))
        reason = f"a deviation gains {worst:.3g} of the payoff range"
        if worst <= tolerance:
            reason = f"payments are out of balance by {certificate.balance:.3g}, values by {certificate.error:.3g}"
        return fields, [*faults, Rejected("deal", reason, worst)], False
    fields |= {"deal": candidate.deal, "certificate": certificate}
    if not reading.holds:
        return fields, faults, False
    gap = attained_gap(candidate.proof, candidate.deal, certificate)
    return fields, faults, gap <= tolerance * scale and bool(np.array_equal(_inside(candidate), candidate.proof.alive))


def attained_gap(proof: EliminationProof, deal: Deal, certificate: DealCertificate) -> float:
    """Largest distance between what a deal attains and the bounds, in the common unit."""
    keep = list(deal.states)
    values = certificate.values[:, keep]
    joint = np.abs(values[0].sum(axis=1) - proof.joint[-1, keep]).max(initial=0.0)
    held = np.stack([values[1 + i, :, i] for i in range(len(deal.weights))], axis=1)
    return float(max(joint, np.abs(held - proof.punishments[-1, keep]).max(initial=0.0)))


def _inside(candidate: DealCandidate) -> BoolArray:
    inside = np.zeros(len(candidate.proof.died_in), dtype=bool)
    if candidate.deal is not None:
        inside[list(candidate.deal.states)] = True
    return inside


def _status(proposal: Proposal, found: bool, rejected: bool) -> Status:
    if proposal.stopped:
        return Status.STOPPED_EARLY
    if found:
        return Status.SOLVED
    return Status.REJECTED_ALL if rejected else Status.NO_EQUILIBRIUM_FOUND
