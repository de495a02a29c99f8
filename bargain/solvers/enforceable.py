"""``EnforceableDeals``: everything that players who can pay each other can agree on and enforce themselves.

Players observe all moves, may pay each other at the beginning of every round, and are risk neutral in money. Then the
equilibrium payoffs of a state are a simplex: all divisions of a joint value U(s) that leave every player i at least
his punishment v_i(s) (Goldluecke and Kranz 2012, Games and Economic Behavior 74, for repeated games; 2018, Economic
Theory 66, "Discounted stochastic games with voluntary transfers"). The algorithm is in ``enforceable_elimination``,
the payments are in ``enforceable_payments``. Strategies are pure; any number of players and states.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any, ClassVar

import numpy as np

from bargain.games.deal_bounds import EliminationProof
from bargain.games.markov import MarkovGame
from bargain.games.record import FloatArray
from bargain.games.repeated import RepeatedGame
from bargain.solvers.base import Proposal, Scope, Solver
from bargain.solvers.checks import numbers
from bargain.solvers.enforceable_elimination import Elimination, MoveTables, eliminate
from bargain.solvers.enforceable_payments import deal_of
from bargain.solvers.enforceable_solution import DealCandidate, DealSolution, checked_shares, markov_form
from bargain.solvers.watch import current_watch


@dataclass(frozen=True)
class EnforceableDeals(Solver[Any, DealSolution]):
    """All pure subgame-perfect equilibrium payoffs with transfers, and a deal that attains their bounds.

    transfer_weights: what one payoff unit of each player is worth in the unit of the payments (1 each unless given);
    max_transfer: the most a player can pay in one round, in that unit; transfer_cost: the share of each payment that is
    lost; shares: how the deal divides the surplus (equally unless given); time_limit: seconds.

    With max_transfer or transfer_cost the moves of the deal stay those that are optimal without them, and a linear
    program looks for payments that enforce them all the same: joint_bound and punishment_bound are then outer bounds,
    the certified deal an inner one, and only where they meet is the answer exact (the message says it).
    """

    transfer_weights: tuple[float, ...] | None = None
    max_transfer: float | None = None
    transfer_cost: float = 0.0
    shares: tuple[float, ...] | None = None
    time_limit: float | None = None

    concept: ClassVar[str] = "pure subgame-perfect equilibrium with transfers"
    solution_type: ClassVar[type[DealSolution]] = DealSolution
    game_type: ClassVar[type[Any] | tuple[type[Any], ...]] = (MarkovGame, RepeatedGame)

    def __post_init__(self) -> None:
        for name in ("transfer_weights", "shares"):
            given = getattr(self, name)
            if given is not None:
                object.__setattr__(self, name, numbers(name, given))
        if self.transfer_weights is not None and not all(0.0 < w < float("inf") for w in self.transfer_weights):
            raise ValueError(f"transfer_weights = {self.transfer_weights} are not all positive and finite")
        if self.shares is not None:
            checked_shares(self.shares, len(self.shares))
        if self.max_transfer is not None and not (_is_number(self.max_transfer) and 0.0 <= self.max_transfer < np.inf):
            raise ValueError(f"max_transfer = {self.max_transfer!r} is not a finite number >= 0")
        if not (_is_number(self.transfer_cost) and 0.0 <= self.transfer_cost < 1.0):
            raise ValueError(f"transfer_cost = {self.transfer_cost!r} is not a share in [0, 1)")

    def settings(self) -> dict[str, Any]:
        plain = {name: getattr(self, name) for name in ("transfer_weights", "shares")}
        lists = {name: None if value is None else list(value) for name, value in plain.items()}
        limits = {"max_transfer": self.max_transfer, "transfer_cost": self.transfer_cost}
        return {**lists, **limits, "time_limit": self.time_limit}

    def check_suits(self, game: Any) -> None:
        super().check_suits(game)
        for name in ("transfer_weights", "shares"):
            given = getattr(self, name)
            if given is not None and len(given) != game.n_players:
                players = ", ".join(game.players)
                raise ValueError(f"{name} has {len(given)} entries for {game.n_players} players ({players})")

    def propose(self, game: Any) -> Proposal:
        played = markov_form(game)
        weights = weights_of(self.transfer_weights, played.n_players)
        tables = weighted_tables(played, weights)
        run = eliminate(tables, Elimination.start(tables), current_watch())
        proof = proof_of(tables, run, weights)
        if not run.finished:
            return Proposal(
                candidates=(DealCandidate(None, proof),),
                stopped="time limit reached",
                message=f"outer bounds after {len(run.rounds)} rounds of elimination, no deal: raise time_limit",
            )
        if not run.alive.any():
            message = described(tables, run, played)
            return Proposal(candidates=(DealCandidate(None, proof),), scope=Scope.ALL, message=message)
        deal = deal_of(tables, run, weights, checked_shares(self.shares, played.n_players))
        message = described(tables, run, played)
        if self.max_transfer is not None or self.transfer_cost > 0.0:
            from bargain.solvers.enforceable_limits import limited_deal

            limit = np.inf if self.max_transfer is None else float(self.max_transfer)
            limited, remark, stopped = limited_deal(played, deal, limit, float(self.transfer_cost), current_watch())
            words = ". ".join(filter(None, [message, remark]))
            found = (DealCandidate(limited, proof),)
            return Proposal(candidates=found, scope=Scope.ALL, stopped=stopped, message=words)
        return Proposal(candidates=(DealCandidate(deal, proof),), scope=Scope.ALL, message=message)


def _is_number(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)


def weights_of(given: Sequence[float] | None, n_players: int) -> FloatArray:
    """Transfer weights as an array, 1 each unless given."""
    return np.ones(n_players) if given is None else np.asarray(given, dtype=float)


def weighted_tables(game: MarkovGame, weights: FloatArray) -> MoveTables:
    """The game for the compiled steps, payoffs in the unit of the transfers."""
    payoffs = game.payoffs * weights.reshape(1, -1, *(1 for _ in game.n_actions))
    return MoveTables.of(payoffs, game.successors, game.probabilities, game.discount_factor, game.available)


def proof_of(tables: MoveTables, run: Elimination, weights: FloatArray) -> EliminationProof:
    """The rounds of a run as a proof, in the unit of the transfers."""
    n_states, n_players = len(run.joint), len(weights)
    joint = np.array([one for one, _ in run.rounds]).reshape(-1, n_states) + tables.level.sum()
    low = np.array([two.T for _, two in run.rounds]).reshape(-1, n_states, n_players) + tables.level
    dropped = run.dropped_in.reshape(n_states, *tables.n_actions)
    return EliminationProof(weights, joint, low, dropped, run.died_in)


def described(tables: MoveTables, run: Elimination, game: MarkovGame) -> str:
    """What was found, in words: rounds, admissible moves, states without equilibrium, ties."""
    alive = run.alive
    if not alive.any():
        return "no pure subgame-perfect equilibrium exists in any state, with whatever transfers"
    n_rounds, n_open = len(run.rounds), int(tables.open[alive].sum())
    kept = int(run.mask.sum())
    parts = [f"{kept} of {n_open} moves can be enforced ({n_rounds} rounds)"]
    if not alive.all():
        names = ", ".join(game.states[s] for s in np.flatnonzero(~alive)[:3])
        n_dead = int((~alive).sum())
        parts.append(f"no pure equilibrium exists in {n_dead} of {len(alive)} states ({names}{', ...' * (n_dead > 3)})")
    if run.ties:
        word = "move is" if run.ties == 1 else "moves are"
        parts.append(f"{run.ties} {word} enforced with nothing to spare, up to rounding")
    return "; ".join(parts)
