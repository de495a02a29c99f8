"""The result of iterated elimination: what was dropped, in which round, dominated by what, and what survives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import numpy.typing as npt

from bargain.games.record import ArrayRecord, FloatArray, finite_array
from bargain.games.stage import StageGame
from bargain.solvers.base import TIE, Proposal, Rejected, Scope, Solution, Solver, Status
from bargain.solvers.equilibria import candidate_text, run_message

if TYPE_CHECKING:
    import pandas as pd

ROUNDING = 1e-9
"""Payoff differences (payoff range 1) that a linear program may leave where there are none."""


@dataclass(frozen=True, eq=False)
class EliminationStep(ArrayRecord):
    """One dropped action: round (from 1), player, action (index), the mixture that dominates it.

    dominating: ``(n_actions[k],)`` over actions alive at the start of the round; least and most: its smallest and
    largest gain over the dropped action, in payoff units, against what the others have left.
    """

    round: int
    player: int
    action: int
    dominating: FloatArray
    least: float = 0.0
    most: float = 0.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "dominating", finite_array(self.dominating, "dominating"))

    def to_dict(self) -> dict[str, Any]:
        return {
            "round": self.round,
            "player": self.player,
            "action": self.action,
            "dominating": self.dominating.tolist(),
            "least": self.least,
            "most": self.most,
        }


@dataclass(frozen=True, eq=False)
class Reduction:
    """What a solver proposes: the steps, and why no survivor can go.

    beliefs: for each (player, action) that survives, probabilities of the others' profiles ``(*n_actions without k,)``
    against which the action is a best reply among the survivors; for weak dominance with full support on them
    (Pearce 1984, lemmas 3 and 4). Not needed for dominance by pure actions, which is tried again.
    """

    steps: tuple[EliminationStep, ...]
    beliefs: Mapping[tuple[int, int], FloatArray]


@dataclass(frozen=True, eq=False, kw_only=True)
class EliminationSolution(Solution):
    """Certified elimination: every step dominated by its mixture, in the recorded order.

    steps: in order; survivors: for each player the indices of the actions left; complete: whether it is proven that no
    survivor is dominated in what is left. For strict dominance the survivors then do not depend on the order; for weak
    dominance they may, and are those of the recorded order.
    """

    steps: tuple[EliminationStep, ...] = ()
    survivors: tuple[tuple[int, ...], ...] = ()
    complete: bool = False

    @property
    def n_rounds(self) -> int:
        return max((step.round for step in self.steps), default=0)

    @property
    def game_left(self) -> StageGame:
        """The game among the survivors."""
        kept: StageGame = self.game.restrict(dict(zip(self.game.players, self.survivors, strict=True)))
        return kept

    @classmethod
    def judge(cls, game: StageGame, solver: Solver[Any, Any], proposal: Proposal, tolerance: float) -> Self:
        """Replay the first candidate's steps, up to one that fails; then look for anything still dominated."""
        steps: list[EliminationStep] = []
        rejected: list[Rejected] = []
        alive = [np.ones(n, dtype=bool) for n in game.n_actions]
        complete = False
        try:
            reduction = proposal.candidates[0] if proposal.candidates else Reduction((), {})
            fault = _replay(game, solver, reduction.steps, alive, steps)
            if fault is not None:
                rejected.append(fault)
            elif not proposal.stopped:
                complete = _nothing_dominated(game, solver, reduction.beliefs, alive)
        except (AttributeError, ValueError, TypeError, IndexError) as error:
            rejected.append(
                Rejected(candidate_text(proposal.candidates[0]), f"not an elimination in this game: {error}")
            )
        finished = Status.REJECTED_ALL if rejected and not steps else Status.SOLVED
        status = Status.STOPPED_EARLY if proposal.stopped else finished
        strict = solver.kind == "strict"  # type: ignore[attr-defined]
        return cls(
            solver=solver,
            game=game,
            status=status,
            scope=Scope.ALL if complete and strict else Scope.SOME,
            message=run_message(solver, proposal, status, len(rejected)),
            rejected=tuple(rejected),
            steps=tuple(steps),
            survivors=tuple(tuple(int(i) for i in np.flatnonzero(mask)) for mask in alive),
            complete=complete,
        )

    def to_dict(self, *, run_time: bool = False) -> dict[str, Any]:
        return {
            **super().to_dict(run_time=run_time),
            "steps": [step.to_dict() for step in self.steps],
            "survivors": [list(own) for own in self.survivors],
            "complete": self.complete,
        }

    @classmethod
    def _own_fields(cls, data: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "steps": tuple(EliminationStep(**step) for step in data["steps"]),
            "survivors": tuple(tuple(own) for own in data["survivors"]),
            "complete": data["complete"],
        }

    def to_frame(self) -> pd.DataFrame:
        """Tidy table of all actions: player, action, survives, round dropped (0 if never), dominated_by (words)."""
        import pandas as pd

        dropped = {(step.player, step.action): step for step in self.steps}
        columns = ["player", "action", "survives", "round", "dominated_by"]
        rows = [
            (player, action, (k, i) not in dropped, step.round if step else 0, self._mixture(step) if step else "")
            for k, player in enumerate(self.game.players)
            for i, action in enumerate(self.game.actions[k])
            for step in (dropped.get((k, i)),)
        ]
        return pd.DataFrame(rows, columns=columns)

    def _mixture(self, step: EliminationStep) -> str:
        labels = self.game.actions[step.player]
        parts = [(float(p), labels[i]) for i, p in enumerate(step.dominating) if p > 0.0]
        return parts[0][1] if len(parts) == 1 else " + ".join(f"{p:.4g} {label}" for p, label in parts)


def left_over(game: StageGame, player: int, alive: list[npt.NDArray[np.bool_]]) -> FloatArray:
    """Payoffs of all actions of a player ``(n_actions[k], profiles of the others still alive)``."""
    rows = [np.flatnonzero(mask) if k != player else np.arange(len(mask)) for k, mask in enumerate(alive)]
    table = game.payoffs[player][np.ix_(*rows)]
    return np.asarray(np.moveaxis(table, player, 0).reshape(len(alive[player]), -1))


def _replay(
    game: StageGame, solver: Any, steps: tuple[EliminationStep, ...], alive: list[Any], accepted: list[EliminationStep]
) -> Rejected | None:
    """Check step after step against what was alive at the start of its round; the fault that ends it, if any."""
    start = [mask.copy() for mask in alive]
    for number, step in enumerate(steps):
        if number and step.round != steps[number - 1].round:
            start = [mask.copy() for mask in alive]
        k = step.player
        text = f"round {step.round}: {game.players[k]} drops {game.actions[k][step.action]}"
        weights = step.dominating
        if not alive[k][step.action] or weights[~start[k]].any() or weights[step.action] > 0.0:
            return Rejected(text, "the action or what dominates it is not in the game any more")
        if weights.min() < 0.0 or abs(weights.sum() - 1.0) > ROUNDING:
            return Rejected(text, "what dominates it is no mixture")
        if solver.by == "pure" and np.count_nonzero(weights) > 1:
            return Rejected(text, "dominated by a mixture, and pure actions were asked for")
        table = left_over(game, k, start)
        gains = weights @ (table - table[step.action])
        scale = float(game.payoff_range[k]) or 1.0
        least, most = float(gains.min()), float(gains.max())
        enough = least > TIE * scale if solver.kind == "strict" else least >= -ROUNDING * scale and most > TIE * scale
        if not enough:
            return Rejected(
                text, f"not dominated: the gain goes from {least / scale:.3g} to {most / scale:.3g}", -least
            )
        if alive[k].sum() == 1:
            return Rejected(text, "it is the last action of the player")
        alive[k][step.action] = False
        accepted.append(EliminationStep(step.round, k, step.action, weights, least, most))
    return None


def _nothing_dominated(game: StageGame, solver: Any, beliefs: Mapping[tuple[int, int], FloatArray], alive: Any) -> bool:
    """Whether every survivor is proven undominated in what is left."""
    for k, mask in enumerate(alive):
        table = left_over(game, k, alive)
        scale = float(game.payoff_range[k]) or 1.0
        for a in np.flatnonzero(mask):
            if solver.by == "pure":
                for b in np.flatnonzero(mask):
                    gain = table[b] - table[a]
                    strictly = gain.min() > TIE * scale
                    weakly = gain.min() >= -TIE * scale and gain.max() > TIE * scale
                    if strictly or (solver.kind == "weak" and weakly):
                        return False
            elif not _justified(table, int(a), beliefs.get((k, int(a))), mask, alive, k, solver.kind, scale):
                return False
    return True


def _justified(table: FloatArray, a: int, belief: Any, mask: Any, alive: Any, k: int, kind: str, scale: float) -> bool:
    """Whether the belief makes action a a best reply among the survivors, for weak dominance with full support."""
    if belief is None:
        return False
    others = [np.flatnonzero(own) for i, own in enumerate(alive) if i != k]
    weights = np.asarray(belief)[np.ix_(*others)].reshape(-1)
    if weights.min() < 0.0 or abs(weights.sum() - 1.0) > 1e-6 or (kind == "weak" and weights.min() <= 0.0):
        return False
    payoffs = (table - table[a]) @ weights
    return bool(payoffs[mask].max() <= ROUNDING * scale)
