"""``RepeatedNegotiation``: deals negotiated anew with some probability every round (Goldluecke and Kranz 2022).

The model and its equation for the negotiated payoffs r are in ``bargain.games.negotiation``. Given r, the truncated
game is solved exactly (``enforceable_elimination``); its moves then make the equation for r linear,

    v_i = (1 - d) u_i + d P_i [rho r_i + (1 - rho) v_i],   r_i = v_i + b_i (U - sum_j v_j),   U = (1 - d) G + d P U,

with P_i the transitions under the worst punishment of i and his best reply to it, P those of the path. Solving it gives
the next r. In a strongly directional game this ends at the only equilibrium, state by state from the last one; in other
games it may end at one of several, or at none, and if it does not come nearer the plain equation is followed instead,
half the way at a time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from bargain.games.deal import transition_rows
from bargain.games.deal_bounds import EliminationProof
from bargain.games.markov import MarkovGame
from bargain.games.record import FloatArray
from bargain.games.repeated import RepeatedGame
from bargain.solvers.base import Proposal, Solver
from bargain.solvers.checks import check_count, numbers
from bargain.solvers.enforceable import proof_of, weighted_tables, weights_of
from bargain.solvers.enforceable_elimination import Elimination, MoveTables, eliminate
from bargain.solvers.enforceable_payments import deal_of
from bargain.solvers.enforceable_solution import checked_shares, markov_form
from bargain.solvers.negotiation_solution import NegotiationCandidate, NegotiationSolution
from bargain.solvers.watch import current_watch

CLOSE = 1e-12
"""Distance of r from its equation, as a share of the payoff range, at which the search ends."""

PATIENCE = 8
"""Steps without progress after which the equation is followed half the way at a time."""


@dataclass(frozen=True)
class RepeatedNegotiation(Solver[Any, NegotiationSolution]):
    """A repeated negotiation equilibrium in pure strategies.

    renegotiation_probability: rho, of a new negotiation at the beginning of a round, in [0, 1]; bargaining_weights: of
    the players, not negative with sum one (equal unless given); transfer_weights: as in ``EnforceableDeals``;
    max_iterations: of the search; time_limit: seconds.
    """

    renegotiation_probability: float
    bargaining_weights: tuple[float, ...] | None = None
    transfer_weights: tuple[float, ...] | None = None
    max_iterations: int = 300
    time_limit: float | None = None

    concept: ClassVar[str] = "repeated negotiation equilibrium"
    solution_type: ClassVar[type[NegotiationSolution]] = NegotiationSolution
    game_type: ClassVar[type[Any] | tuple[type[Any], ...]] = (MarkovGame, RepeatedGame)

    def __post_init__(self) -> None:
        rho = self.renegotiation_probability
        if isinstance(rho, bool) or not isinstance(rho, (int, float)) or not 0.0 <= rho <= 1.0:
            raise ValueError(f"renegotiation_probability = {rho!r} is not in [0, 1]")
        for name in ("bargaining_weights", "transfer_weights"):
            given = getattr(self, name)
            if given is not None:
                object.__setattr__(self, name, numbers(name, given))
        if self.bargaining_weights is not None:
            checked_shares(self.bargaining_weights, len(self.bargaining_weights))
        if self.transfer_weights is not None and not all(0.0 < w < float("inf") for w in self.transfer_weights):
            raise ValueError(f"transfer_weights = {self.transfer_weights} are not all positive and finite")
        check_count("max_iterations", self.max_iterations)

    def settings(self) -> dict[str, Any]:
        lists = {name: getattr(self, name) for name in ("bargaining_weights", "transfer_weights")}
        return {
            "renegotiation_probability": self.renegotiation_probability,
            **{name: None if value is None else list(value) for name, value in lists.items()},
            "max_iterations": self.max_iterations,
            "time_limit": self.time_limit,
        }

    def check_suits(self, game: Any) -> None:
        super().check_suits(game)
        for name in ("bargaining_weights", "transfer_weights"):
            given: Sequence[float] | None = getattr(self, name)
            if given is not None and len(given) != game.n_players:
                raise ValueError(f"{name} has {len(given)} entries for {game.n_players} players")

    def _parts(self, game: MarkovGame) -> tuple[FloatArray, FloatArray]:
        """Transfer weights and bargaining weights as arrays."""
        return weights_of(self.transfer_weights, game.n_players), checked_shares(
            self.bargaining_weights, game.n_players
        )

    def propose(self, game: Any) -> Proposal:
        played = markov_form(game)
        weights, shares = self._parts(played)
        search = _Search(played, weights, shares, float(self.renegotiation_probability))
        watch = current_watch()
        for number in range(self.max_iterations):
            if watch.expired():
                return Proposal(stopped="time limit reached", message=f"{number} steps: raise time_limit")
            watch.report(number / self.max_iterations, f"negotiated payoffs, step {number + 1}")
            if not search.truncated():
                if not search.run.finished:
                    return Proposal(stopped="time limit reached", message=f"{number} steps: raise time_limit")
                return Proposal(message=search.emptiness())
            if search.gap <= CLOSE * search.scale:
                return Proposal(
                    candidates=(search.candidate(),), message=f"negotiated payoffs met after {number + 1} steps"
                )
            search.advance()
        return Proposal(
            message=(
                f"no negotiated payoffs found in {self.max_iterations} steps, still {search.best / search.scale:.2g} "
                "of the payoff range from their equation; there may be none: try a lower renegotiation_probability, or "
                "a directional form of the game"
            )
        )


@dataclass(eq=False)
class _Search:
    """State of the search: r, the run of its truncated game, and how far r is from its equation."""

    game: MarkovGame
    weights: FloatArray
    shares: FloatArray
    rho: float
    base: MoveTables = field(init=False)
    run: Elimination = field(init=False)
    scale: float = field(init=False)
    values: FloatArray = field(init=False)
    gap: float = np.inf
    best: float = np.inf
    waited: int = 0

    def __post_init__(self) -> None:
        self.base = weighted_tables(self.game, self.weights)
        self.run = Elimination.start(self.base)
        self.scale = self.base.scale
        self.rows = transition_rows(self.game)
        self.values = np.zeros((self.game.n_states, self.game.n_players))
        self.inside = self.base

    @property
    def d(self) -> float:
        return self.game.discount_factor

    def truncated(self) -> bool:
        """Solve the truncated game of r; False when it has no equilibrium somewhere or the time is up."""
        d, rho = self.d, self.rho
        q = d * (1.0 - rho)
        shape = (self.game.n_states, *self.game.n_actions)
        ahead = np.stack([(self.rows @ own).reshape(shape) for own in self.values.T], axis=1)
        own = np.moveaxis(self.base.own, 0, 1).reshape(ahead.shape)
        self.inside = self.base.with_payoffs(((1.0 - d) * own + d * rho * ahead) / (1.0 - q), q)
        self.run.again(self.inside)
        eliminate(self.inside, self.run, current_watch())
        if not self.run.finished or not self.run.alive.all():
            return False
        self.joint = self.run.joint + self.inside.level.sum()
        self.held = (self.run.punishments + self.inside.level[:, None]).T
        surplus = self.joint - self.held.sum(axis=1)
        self.wanted = self.held + self.shares * surplus[:, None]
        self.gap = float(np.abs(self.wanted - self.values).max())
        self.waited = 0 if self.gap < 0.9 * self.best else self.waited + 1
        self.best = min(self.best, self.gap)
        return True

    def emptiness(self) -> str:
        names = ", ".join(self.game.states[s] for s in np.flatnonzero(~self.run.alive)[:3])
        return (
            f"given the negotiated payoffs at hand no pure equilibrium until the next negotiation exists in {names}; "
            "there may be no repeated negotiation equilibrium in pure strategies"
        )

    def advance(self) -> None:
        """The next r: from the linear equation of the moves at hand, or half the way when that does not help."""
        if self.waited > PATIENCE:
            self.values = 0.5 * (self.values + self.wanted)
            return
        self.values = self._linear()

    def _linear(self) -> FloatArray:
        from scipy.sparse import block_array, eye_array
        from scipy.sparse.linalg import spsolve

        n, m, d, rho = self.game.n_players, self.game.n_states, self.d, self.rho
        states = np.arange(m)
        first = states * self.base.gain.shape[1]
        path = self.rows[first + self.run.choice]
        flow = (1.0 - d) * self.base.gain[states, self.run.choice]
        joint = np.asarray(spsolve((eye_array(m) - d * path).tocsc(), flow))
        right, blocks = np.empty((n, m)), [[None] * n for _ in range(n)]
        for i, moves in enumerate(self.run.replies):
            chain = self.rows[first + moves]
            own = (1.0 - d) * self.base.own[i][states, moves]
            right[i] = own + d * rho * self.shares[i] * (chain @ joint)
            for j in range(n):
                weight = d * ((1.0 - rho * self.shares[i]) if i == j else -rho * self.shares[i])
                blocks[i][j] = (i == j) * eye_array(m) - weight * chain
        held = spsolve(block_array(blocks).tocsc(), right.reshape(-1)).reshape(n, m).T
        return np.asarray(held + self.shares * (joint - held.sum(axis=1))[:, None])

    def candidate(self) -> NegotiationCandidate:
        """r, the deal and the proof; r put on the level of the given payoffs."""
        ones = np.ones(self.game.n_players)
        level = self.base.level
        deal = deal_of(self.inside, self.run, ones, self.shares)
        proof = proof_of(self.inside, self.run, ones)
        proof = EliminationProof(
            ones, proof.joint + level.sum(), proof.punishments + level, proof.dropped_in, proof.died_in
        )
        return NegotiationCandidate(self.wanted + level, deal, proof)
