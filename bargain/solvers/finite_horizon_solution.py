"""The result of finitely repeated games: payoff sets for every number of rounds left, with certified plans.

A plan has memories for each number of rounds left; a memory plays one profile and goes on by a public lottery over the
memories of the next round, a lone deviator i by the memory that is worst for i. Values follow from the last round
backwards, and the gain from one deviation is measured in every memory, hence after every history. That nothing is
missing is checked by ``games.payoff_operator`` (two players, public lotteries), or by listing all supported payoffs
once more (without lotteries). Nothing of this is shared with the solver.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from bargain.games.certificate import Certificate
from bargain.games.markov import IntArray, index_array
from bargain.games.payoff_operator import payoff_operator
from bargain.games.polygon import distances
from bargain.games.profile import SUM_TOLERANCE, PureProfile
from bargain.games.record import ArrayRecord, FloatArray, finite_array
from bargain.games.repeated import RepeatedGame
from bargain.games.stage import StageGame
from bargain.solvers.base import Proposal, Rejected, Scope, Solution, Solver
from bargain.solvers.equilibria import run_status

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False)
class RoundPlan(ArrayRecord):
    """What is played with a given number of rounds left.

    outputs: ``(n_memories, n_players)``; successors, probabilities: ``(n_memories, k)``, lottery over the memories with
    one round less left (the only one, 0, after the last round); punishments: ``(n_players,)``, memory of the next round
    after a deviation of player i.
    """

    outputs: IntArray
    successors: IntArray
    probabilities: FloatArray
    punishments: IntArray

    def __post_init__(self) -> None:
        for name in ("outputs", "successors", "punishments"):
            object.__setattr__(self, name, index_array(getattr(self, name), name, np.iinfo(np.intp).max))
        object.__setattr__(self, "probabilities", finite_array(self.probabilities, "probabilities"))
        fits = self.successors.shape == self.probabilities.shape and len(self.successors) == len(self.outputs)
        if self.outputs.ndim != 2 or not fits or self.punishments.shape != (self.outputs.shape[1],):
            raise ValueError("outputs, successors, probabilities and punishments do not fit each other")
        total = self.probabilities.sum(axis=1)
        if self.probabilities.min(initial=0.0) < -SUM_TOLERANCE or np.any(np.abs(total - 1.0) > SUM_TOLERANCE):
            raise ValueError("probabilities of a memory are no lottery")

    def to_dict(self) -> dict[str, Any]:
        return {name: getattr(self, name).tolist() for name in _FIELDS}


_FIELDS = ("outputs", "successors", "probabilities", "punishments")


@dataclass(frozen=True, eq=False, kw_only=True)
class FiniteHorizonSolution(Solution):
    """Average subgame-perfect payoffs of a finitely repeated game.

    sets: for 1, 2, ... rounds left the payoffs ``(n, n_players)``: with public lotteries the corners of the convex set,
    counter-clockwise, else all payoffs; plans: for each number of rounds left a memory for each of these payoffs, in
    the same order; certificate: one-shot gains in every memory, all rounds stacked ``(n_memories, n_players)``, as
    averages over the rounds left. A play of k rounds is worth sum_t d^t u_i(a_t) (1 - d) / (1 - d^k), the mean without
    discounting.
    """

    sets: tuple[FloatArray, ...] = ()
    plans: tuple[RoundPlan, ...] = ()
    certificate: Certificate | None = None

    @classmethod
    def judge(cls, game: Any, solver: Solver[Any, Any], proposal: Proposal, tolerance: float) -> Self:
        """Values and one-shot gains of all plans from scratch; then whether a supported payoff is missing."""
        fields: dict[str, Any] = {}
        rejected: list[Rejected] = []
        for plans in proposal.candidates[:1]:
            try:
                sets, gains = _evaluated(game, plans)
                certificate = Certificate(gains, game.payoff_range, tolerance)
                fault = _fault(game, solver, sets, certificate)
            except (ValueError, TypeError, IndexError, AttributeError) as error:
                fault = f"no plans for this game: {error}"
            if fault:
                rejected.append(Rejected("plans of all rounds", fault))
            else:
                fields = {"sets": sets, "plans": tuple(plans), "certificate": certificate}
        status = run_status(proposal, len(fields), len(rejected))
        proven = not rejected and not proposal.stopped and (bool(fields) or not stage_equilibria(stage_of(game)))
        return cls(
            solver=solver,
            game=game,
            status=status,
            scope=Scope.ALL if proven else Scope.SOME,
            message=". ".join(part for part in (proposal.stopped, proposal.message) if part),
            rejected=tuple(rejected),
            **fields,
        )

    @property
    def vertices(self) -> FloatArray:
        """Payoffs of the whole game ``(n, n_players)``, none when there is no equilibrium."""
        return self.sets[-1] if self.sets else np.zeros((0, self.game.n_players))

    @property
    def minima(self) -> FloatArray:
        """Worst average payoff of each player with 1, 2, ... rounds left, ``(n_rounds, n_players)``."""
        return np.array([payoffs.min(axis=0) for payoffs in self.sets]).reshape(-1, self.game.n_players)

    def first_profile(self, vertex: int) -> PureProfile:
        """What is played in the first round for the payoffs ``vertices[vertex]``."""
        return tuple(int(a) for a in self.plans[-1].outputs[vertex])

    def to_dict(self, *, run_time: bool = False) -> dict[str, Any]:
        return {
            **super().to_dict(run_time=run_time),
            "sets": [payoffs.tolist() for payoffs in self.sets],
            "plans": [plan.to_dict() for plan in self.plans],
            "certificate": None if self.certificate is None else self.certificate.to_dict(),
        }

    @classmethod
    def _own_fields(cls, data: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "sets": tuple(finite_array(payoffs, "sets") for payoffs in data["sets"]),
            "plans": tuple(RoundPlan(**plan) for plan in data["plans"]),
            "certificate": None if data["certificate"] is None else Certificate.from_dict(data["certificate"]),
        }

    def to_frame(self) -> pd.DataFrame:
        """Tidy table: rounds left, payoff (from 1), action of each player in the first of them, payoff of each."""
        import pandas as pd

        rows = [
            (k + 1, m + 1, *map(str, self._labels(plan.outputs[m])), *map(float, payoffs[m]))
            for k, (payoffs, plan) in enumerate(zip(self.sets, self.plans, strict=True))
            for m in range(len(payoffs))
        ]
        actions = [f"action_{player}" for player in self.game.players]
        return pd.DataFrame(rows, columns=["rounds_left", "vertex", *actions, *self.game.players])

    def _labels(self, profile: Any) -> list[str]:
        return [own[a] for own, a in zip(self.game.actions, profile, strict=True)]


def stage_of(game: StageGame | RepeatedGame) -> StageGame:
    """The game of one round."""
    return game.stage_game if isinstance(game, RepeatedGame) else game


def total_weight(game: StageGame | RepeatedGame, n_rounds: int) -> float:
    """1 + d + ... + d^(n - 1); rounds of a stage game all count the same."""
    d = game.discount_factor if isinstance(game, RepeatedGame) else 1.0
    return float(sum(d**t for t in range(n_rounds)))


def stage_equilibria(game: StageGame) -> list[PureProfile]:
    """Pure profiles from which nobody gains, up to a tie of solvers."""
    best = [table.max(axis=i, keepdims=True) - table <= 1e-10 * s for i, (table, s) in _with_range(game)]
    return [tuple(int(a) for a in profile) for profile in np.argwhere(np.logical_and.reduce(best))]


def _with_range(game: StageGame) -> Any:
    return enumerate(zip(game.payoffs, game.payoff_range, strict=True))


def _evaluated(game: Any, plans: Any) -> tuple[tuple[FloatArray, ...], FloatArray]:
    """Average payoffs of all memories for each number of rounds left, and their average one-shot gains, stacked."""
    stage, d = stage_of(game), total_weight(game, 2) - 1.0
    level = stage.payoffs.reshape(stage.n_players, -1).min(axis=1)
    after, sets, gains = np.zeros((1, stage.n_players)), [], []
    for k, plan in enumerate(plans):
        played = tuple(plan.outputs.T)
        index_array(plan.successors, "successors", len(after))
        index_array(plan.punishments, "punishments", len(after))
        expected = np.einsum("mk,mki->mi", plan.probabilities, after[plan.successors])
        values = (stage.payoffs[(slice(None), *played)].T - level) + d * expected
        best = np.empty_like(values)
        for i, table in enumerate(stage.payoffs):
            own = np.moveaxis(table, i, -1)[(*played[:i], *played[i + 1 :])] - level[i]
            own[np.arange(len(own)), played[i]] = -np.inf
            best[:, i] = own.max(axis=1) + d * after[plan.punishments[i], i]
        gains.append(np.maximum(best - values, 0.0) / total_weight(game, k + 1))
        sets.append(finite_array(values / total_weight(game, k + 1) + level, "sets"))
        after = values
    return tuple(sets), np.concatenate(gains)


def _fault(game: Any, solver: Any, sets: tuple[FloatArray, ...], certificate: Certificate) -> str:
    """Why the plans are refused, if they are."""
    if len(sets) != solver.n_rounds:
        return f"plans for {len(sets)} rounds, not {solver.n_rounds}"
    if not certificate.holds:
        return f"a deviation gains {float(certificate.relative_regret.max()):.3g} of the payoff range"
    stage = stage_of(game)
    units = np.where(stage.payoff_range > 0.0, stage.payoff_range, 1.0)
    before: FloatArray | None = None
    for k, payoffs in enumerate(sets):
        beyond = _missing(game, k + 1, before, payoffs, units, solver.public_randomisation)
        if beyond > certificate.tolerance:
            return f"with {k + 1} rounds left payoffs are missing, {beyond:.3g} of the payoff range away"
        before = payoffs
    return ""


def _missing(
    game: Any, n_left: int, before: FloatArray | None, payoffs: FloatArray, units: FloatArray, lotteries: bool
) -> float:
    """How far a payoff that the round supports, given the set of the next one, is from the set."""
    stage = stage_of(game)
    if before is None:
        supported = np.array([[table[profile] for table in stage.payoffs] for profile in stage_equilibria(stage)])
    else:
        # With weight w on the first of n rounds left, averages follow v = w u + (1 - w) v', as with a discount factor.
        rest = 1.0 - 1.0 / total_weight(game, n_left)
        if lotteries:
            (supported,) = payoff_operator(RepeatedGame(stage, rest), [before])
        else:
            supported = _listed(stage, before, rest)
    if not len(supported):
        return 0.0
    if lotteries:
        return float(distances(payoffs, supported, units).max())
    apart = np.abs((supported[:, None] - payoffs[None]) / units).max(axis=-1)
    return float(apart.min(axis=1).max())


def _listed(stage: StageGame, before: FloatArray, rest: float) -> FloatArray:
    """All payoffs (1 - rest) u(a) + rest v that no player leaves, v from a finite set."""
    found, least = [], before.min(axis=0)
    for profile in itertools.product(*map(range, stage.n_actions)):
        kept = np.ones(len(before), dtype=bool)
        for i, table in enumerate(stage.payoffs):
            gain = table[(*profile[:i], slice(None), *profile[i + 1 :])].max() - table[profile]
            kept &= rest * (before[:, i] - least[i]) >= (1.0 - rest) * gain + 1e-12 * stage.payoff_range[i] * (gain > 0)
        now = np.array([table[profile] for table in stage.payoffs])
        found.append((1.0 - rest) * now + rest * before[kept])
    return np.concatenate(found)
