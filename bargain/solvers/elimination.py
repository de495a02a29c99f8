"""Iterated elimination of dominated actions, by pure actions or by mixtures, for any number of players.

Strict: action a goes when a mixture of the others does better against everything the rivals have left; what survives
does not depend on the order (Gilboa, Kalai and Zemel 1990), and no Nash or correlated equilibrium plays what went.
Weak: at least as well everywhere and better somewhere; the order may then matter and equilibria may be lost. Whether a
mixture dominates is a linear program, and its dual is a belief that justifies a survivor (Pearce 1984).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
import numpy.typing as npt

from bargain.games.linear_program import best_point
from bargain.games.record import FloatArray
from bargain.games.stage import StageGame
from bargain.solvers.base import TIE, Proposal, Scope, Solver
from bargain.solvers.elimination_steps import (
    ROUNDING,
    EliminationSolution,
    EliminationStep,
    Reduction,
    left_over,
)
from bargain.solvers.watch import current_watch


@dataclass(frozen=True)
class IteratedElimination(Solver[StageGame, EliminationSolution]):
    """Drop dominated actions, round by round, until none is left to drop.

    kind: "strict" or "weak"; by: "mixed" strategies or "pure" actions only; order: in each round "simultaneous" for all
    players, or "in_turn" for one player after the other (it matters for weak dominance only); time_limit: seconds.
    """

    kind: Literal["strict", "weak"] = "strict"
    by: Literal["mixed", "pure"] = "mixed"
    order: Literal["simultaneous", "in_turn"] = "simultaneous"
    time_limit: float | None = None

    concept: ClassVar[str] = "iterated dominance"
    solution_type: ClassVar[type[EliminationSolution]] = EliminationSolution

    def __post_init__(self) -> None:
        for name, known in (
            ("kind", ("strict", "weak")),
            ("by", ("mixed", "pure")),
            ("order", ("simultaneous", "in_turn")),
        ):
            if getattr(self, name) not in known:
                raise ValueError(f"{name} = {getattr(self, name)!r} is neither {known[0]!r} nor {known[1]!r}")

    def propose(self, game: StageGame) -> Proposal:
        watch = current_watch()
        alive = [np.ones(n, dtype=bool) for n in game.n_actions]
        groups = [list(range(game.n_players))] if self.order == "simultaneous" else [[k] for k in range(game.n_players)]
        steps: list[EliminationStep] = []
        beliefs: dict[tuple[int, int], FloatArray] = {}
        quiet = turn = 0
        while quiet < len(groups):
            found: list[EliminationStep] = []
            tried = [(k, int(a)) for k in groups[turn % len(groups)] for a in np.flatnonzero(alive[k])]
            for n_done, (k, a) in enumerate(tried):
                if watch.expired():
                    return self._proposal(game, steps, {}, alive, "time limit reached")
                # How many rounds follow is unknown: each counts as half of what is left.
                rounds = (turn + n_done / len(tried)) / len(groups)
                watch.report(1.0 - 0.5**rounds, f"round {turn + 1}: {game.players[k]}")
                verdict = self._verdict(game, k, a, alive)
                if isinstance(verdict, np.ndarray):
                    beliefs[k, a] = verdict
                else:
                    found.append(EliminationStep(turn + 1, k, a, verdict[0]))
            for step in found:
                alive[step.player][step.action] = False
            steps += found
            quiet = 0 if found else quiet + 1
            turn += 1
        return self._proposal(game, steps, beliefs, alive, "")

    def _verdict(
        self, game: StageGame, k: int, a: int, alive: list[npt.NDArray[np.bool_]]
    ) -> tuple[FloatArray] | FloatArray:
        """The mixture that dominates action a, in a tuple, or a belief that justifies it."""
        scale = float(game.payoff_range[k]) or 1.0
        table = left_over(game, k, alive) / scale
        kept = np.flatnonzero(alive[k])
        gains = table[kept] - table[a]
        gains = np.where(np.abs(gains) > TIE, gains, 0.0)
        pure = _pure_dominator(gains, self.kind)
        if pure is not None:
            return (np.eye(len(table))[kept[pure]],)
        belief: FloatArray = np.full(gains.shape[1], 1.0 / gains.shape[1])
        if self.by == "mixed" and len(kept) > 1:
            program = _strict_program if self.kind == "strict" else _weak_program
            mixture, belief = program(gains, int(np.flatnonzero(kept == a)[0]))
            if mixture is not None:
                wide = np.zeros(len(table))
                wide[kept] = mixture
                return (wide,)
        others = [own for i, own in enumerate(alive) if i != k]
        wide_belief = np.zeros([len(own) for own in others])
        wide_belief[np.ix_(*others)] = belief.reshape([int(own.sum()) for own in others])
        return wide_belief

    def _proposal(
        self,
        game: StageGame,
        steps: list[EliminationStep],
        beliefs: dict[tuple[int, int], FloatArray],
        alive: list[npt.NDArray[np.bool_]],
        stopped: str,
    ) -> Proposal:
        sizes = " x ".join(str(int(own.sum())) for own in alive)
        message = f"{len(steps)} of {sum(game.n_actions)} actions dropped, {sizes} left"
        if self.kind == "weak":
            message += "; weak dominance depends on the order, which is recorded, and may drop equilibria"
        scope = Scope.ALL if self.kind == "strict" else Scope.SOME
        return Proposal(candidates=(Reduction(tuple(steps), beliefs),), scope=scope, stopped=stopped, message=message)


def _pure_dominator(gains: FloatArray, kind: str) -> int | None:
    """Row of ``gains`` (over the action in question) that dominates it, the one with the largest smallest gain."""
    least, most = gains.min(axis=1), gains.max(axis=1)
    good = least > TIE if kind == "strict" else (least >= 0.0) & (most > TIE)
    return int(np.where(good, least, -np.inf).argmax()) if good.any() else None


def _strict_program(gains: FloatArray, own: int) -> tuple[FloatArray | None, FloatArray]:
    """Mixture with the largest smallest gain if that is positive, else None; and the belief that prevents more."""
    rivals = np.delete(np.arange(len(gains)), own)
    n, n_profiles = len(rivals), gains.shape[1]
    found = best_point(
        [np.append(np.zeros(n), 1.0)],  # The variable after the weights is the smallest gain plus one.
        np.column_stack([-gains[rivals].T, np.ones(n_profiles)]),
        np.ones(n_profiles),
        equalities=np.append(np.ones(n), 0.0)[None, :],
        targets=[1.0],
    )
    belief = found.multipliers / (found.multipliers.sum() or 1.0)
    if found.failure or found.value - 1.0 <= ROUNDING:
        return None, belief
    return _spread(found.point[:n], rivals, len(gains)), belief


def _weak_program(gains: FloatArray, own: int) -> tuple[FloatArray | None, FloatArray]:
    """Mixture with the largest average gain among those without loss if that is positive; and the belief."""
    n_profiles = gains.shape[1]
    found = best_point(
        [gains.mean(axis=1)],
        -gains.T,
        np.zeros(n_profiles),
        equalities=np.ones((1, len(gains))),
        targets=[1.0],
    )
    belief = 1.0 / n_profiles + found.multipliers
    belief = belief / belief.sum()
    rivals = np.delete(np.arange(len(gains)), own)
    weight = float(found.point[rivals].sum())
    if found.failure or found.value <= ROUNDING or weight <= ROUNDING:
        return None, belief
    return _spread(found.point[rivals], rivals, len(gains)), belief


def _spread(weights: FloatArray, places: npt.NDArray[np.intp], n: int) -> FloatArray:
    mixture = np.zeros(n)
    mixture[places] = np.where(weights > TIE * 1e-2, weights, 0.0)
    return np.asarray(mixture / mixture.sum())
