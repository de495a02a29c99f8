"""The result of solvers in which one player moves first: a certified commitment and the reply to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from bargain.games.certificate import Certificate, Equilibrium
from bargain.games.record import FloatArray, finite_array
from bargain.games.stage import StageGame
from bargain.solvers.base import TIE, Proposal, Rejected, Scope, Solution, Solver, Status
from bargain.solvers.correlated_equilibria import player_index
from bargain.solvers.equilibria import candidate_text, run_message

if TYPE_CHECKING:
    import pandas as pd

NEARBY = 0.01
"""How far a commitment moves from an unattained optimum towards where the reply is the follower's only best one."""


@dataclass(frozen=True, eq=False)
class Commitment:
    """What a solver proposes: the leader's strategy, the follower's reply, and why no commitment does better.

    weights ``(n, n)``: row j averages the leader's payoffs over replies that the follower finds as good as j, all zero
    where j is a best reply on a set without interior only; prices ``(n, n)``: row j, never negative, prices what the
    follower gains by another reply than j (duality of linear programs); interior: a strategy of the leader against
    which the reply is the only best one, up to replies that are always as good.
    """

    strategy: FloatArray
    reply: int
    weights: FloatArray
    prices: FloatArray
    interior: FloatArray | None = None


@dataclass(frozen=True, eq=False, kw_only=True)
class StackelbergSolution(Solution):
    """A certified commitment of the leader and the follower's reply.

    equilibrium: profile, payoffs and certificate; the certificate's regret is the follower's gain from another reply,
    and for the leader the distance to ``bound``, which no commitment surpasses. attained: whether the leader's payoff
    is secured by the commitment itself against the follower's tie-breaking; where not, it is a supremum, and ``nearby``
    is a commitment that secures it up to one hundredth of the payoff range.
    """

    equilibrium: Equilibrium | None = None
    leader: int = 0
    bound: float | None = None
    attained: bool | None = None
    nearby: FloatArray | None = None

    @property
    def value(self) -> float | None:
        """Payoff of the leader."""
        return None if self.equilibrium is None else float(self.equilibrium.payoffs[self.leader])

    @classmethod
    def judge(cls, game: StageGame, solver: Solver[Any, Any], proposal: Proposal, tolerance: float) -> Self:
        """Recompute the follower's regret, the bound on every commitment and what is secured."""
        leader = player_index(game, solver.leader)  # type: ignore[attr-defined]
        own, other = leader_first(game, leader)
        best: dict[str, Any] = {}
        rejected: list[Rejected] = []
        for candidate in proposal.candidates:
            try:
                found = _judged(game, solver, candidate, own, other, tolerance, partial=bool(proposal.stopped))
            except (AttributeError, ValueError, TypeError, IndexError) as error:
                found = Rejected(candidate_text(candidate), f"not a commitment in this game: {error}")
            if isinstance(found, Rejected):
                rejected.append(found)
            elif not best or found["equilibrium"].payoffs[leader] > best["equilibrium"].payoffs[leader]:
                best = found
        solved = Status.SOLVED if best else Status.REJECTED_ALL if rejected else Status.NO_EQUILIBRIUM_FOUND
        status = Status.STOPPED_EARLY if proposal.stopped else solved
        return cls(
            solver=solver,
            game=game,
            status=status,
            scope=Scope.SOME,
            message=run_message(solver, proposal, status, len(rejected)),
            rejected=tuple(rejected),
            leader=leader,
            **best,
        )

    def to_dict(self, *, run_time: bool = False) -> dict[str, Any]:
        return {
            **super().to_dict(run_time=run_time),
            "equilibrium": None if self.equilibrium is None else self.equilibrium.to_dict(),
            "leader": self.leader,
            "bound": self.bound,
            "attained": self.attained,
            "nearby": None if self.nearby is None else self.nearby.tolist(),
        }

    @classmethod
    def _own_fields(cls, data: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "equilibrium": None if data["equilibrium"] is None else Equilibrium.from_dict(data["equilibrium"]),
            "leader": data["leader"],
            "bound": data["bound"],
            "attained": data["attained"],
            "nearby": None if data["nearby"] is None else finite_array(data["nearby"], "nearby"),
        }

    def to_frame(self) -> pd.DataFrame:
        """Tidy table: player, moves (first or second), action, probability, payoff of the player."""
        import pandas as pd

        columns = ["player", "moves", "action", "probability", "payoff"]
        rows = [
            (player, "first" if k == self.leader else "second", action, float(p), float(self.equilibrium.payoffs[k]))
            for k, player in enumerate(self.game.players)
            if self.equilibrium is not None
            for action, p in zip(self.game.actions[k], self.equilibrium.profile[k], strict=True)
        ]
        return pd.DataFrame(rows, columns=columns)


def leader_first(game: StageGame, leader: int) -> tuple[FloatArray, FloatArray]:
    """Payoffs of leader and follower ``(n_leader, n_follower)`` above their smallest, the leader's actions in rows."""
    own, other = (game.payoffs[k] if leader == 0 else game.payoffs[k].T for k in (leader, 1 - leader))
    return own - own.min(), other - other.min()


def _judged(
    game: StageGame,
    solver: Any,
    candidate: Commitment,
    own: FloatArray,
    other: FloatArray,
    tolerance: float,
    *,
    partial: bool,
) -> dict[str, Any] | Rejected:
    """The certified commitment as fields of the solution, or why it is refused."""
    leader = player_index(game, solver.leader)
    reply = np.eye(other.shape[1])[candidate.reply]
    sides = (candidate.strategy, reply) if leader == 0 else (reply, candidate.strategy)
    profile = game.profile(sides)
    if solver.commitment == "pure" and np.count_nonzero(profile[leader]) != 1:
        raise ValueError("the commitment mixes, and pure ones were asked for")
    strategy = profile[leader]
    pessimistic = solver.follower == "pessimistic"
    ceiling = _pure_bound(own, other, pessimistic) if solver.commitment == "pure" else _bound(own, other, candidate)
    if not pessimistic and solver.commitment == "mixed" and not np.array_equal(candidate.weights, np.eye(len(reply))):
        raise ValueError("the weights of an optimistic follower are one at each reply itself")
    scales = np.where(game.payoff_range > 0.0, game.payoff_range, 1.0)
    value = float(strategy @ own @ reply)
    replies = strategy @ other
    gaps = np.zeros(2)
    gaps[leader] = max(ceiling - value, 0.0)
    gaps[1 - leader] = float(replies.max() - replies[candidate.reply])
    certificate = Certificate(gaps, game.payoff_range, tolerance)
    relative = certificate.relative_regret
    text = candidate_text(list(sides))
    if relative[1 - leader] > tolerance:
        return Rejected(text, f"the follower gains {relative[1 - leader]:.3g} of the payoff range by another reply")
    if relative[leader] > tolerance and not partial:
        return Rejected(text, f"a commitment may be {relative[leader]:.3g} of the payoff range better")
    attained, nearby = True, None
    if pessimistic:
        slack = tolerance * scales[leader]
        attained = _secured(own, other, strategy, 1e-9 * scales[1 - leader]) >= value - slack
        if not attained and candidate.interior is not None:
            nearby = (1.0 - NEARBY) * strategy + NEARBY * np.asarray(candidate.interior)
            nearby = finite_array(nearby / nearby.sum(), "nearby")
            attained = False
            secured = _secured(own, other, nearby, 1e-13 * scales[1 - leader])
            if secured < value - NEARBY * scales[leader] - slack:
                return Rejected(text, "nearby commitments do not secure the leader's payoff")
        elif not attained:
            return Rejected(text, "the follower may break ties against the leader")
    bound = ceiling + float(game.payoffs[leader].min())
    equilibrium = Equilibrium(profile, game.expected_payoffs(profile), certificate)
    return {"equilibrium": equilibrium, "bound": bound, "attained": bool(attained), "nearby": nearby}


def _secured(own: FloatArray, other: FloatArray, strategy: FloatArray, tie: float) -> float:
    """Leader's payoff from a strategy when the follower breaks ties against the leader."""
    replies = strategy @ other
    return float((strategy @ own)[replies >= replies.max() - tie].min())


def _pure_bound(own: FloatArray, other: FloatArray, pessimistic: bool) -> float:
    """Best pure commitment, by trying all."""
    tie = TIE * float(np.ptp(other))
    outcomes = []
    for row, replies in zip(own, other, strict=True):
        best = row[replies >= replies.max() - tie]
        outcomes.append(float(best.min() if pessimistic else best.max()))
    return max(outcomes)


def _bound(own: FloatArray, other: FloatArray, candidate: Commitment) -> float:
    """What no mixed commitment surpasses, from weights and prices; ValueError when they prove nothing.

    Whatever the strategy x of the leader, some reply j that is best on a set with interior is best at x; there the
    leader gets at most the average over replies as good as j, which is at most that plus what prices say.
    """
    n = other.shape[1]
    weights, prices = finite_array(candidate.weights, "weights"), finite_array(candidate.prices, "prices")
    if weights.shape != (n, n) or prices.shape != (n, n) or min(weights.min(), prices.min()) < 0.0:
        raise ValueError(f"weights and prices are not nonnegative matrices of {n} x {n} replies")
    tie = 1e-8 * (float(np.ptp(other)) or 1.0)
    bounds = []
    for j in range(n):
        alike = np.abs(other - other[:, [j]]).max(axis=0) <= tie
        if not weights[j].any():  # Then another mixture must do at least as well as j everywhere, and not be j.
            total = prices[j].sum()
            surplus = other @ prices[j] - total * other[:, j]
            if not prices[j][~alike].sum() > 0.5 * total > 0.0 or surplus.min() < -tie * total:
                raise ValueError(f"reply {j} is left out without a reason{_too_close(other, j)}")
            continue
        if abs(weights[j].sum() - 1.0) > 1e-9 or weights[j][~alike].any():
            raise ValueError(f"weights of reply {j} are no average over replies as good")
        bounds.append(float((own @ weights[j] + prices[j].sum() * other[:, j] - other @ prices[j]).max()))
    return max(bounds)


def _too_close(other: FloatArray, j: int) -> str:
    """What to do when reply ``j`` differs from another by too little to tell whether it can be induced, else ""."""
    apart = np.abs(other - other[:, [j]]).max(axis=0) / (float(np.ptp(other)) or 1.0)
    if not ((apart > 0.0) & (apart <= 1e-8)).any():
        return ""
    return (
        "; it differs from another reply by less than 1e-08 of the follower's payoff range, too little to tell whether "
        "it can be induced: bring the extreme payoff nearer to the others"
    )
