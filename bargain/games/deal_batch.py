"""Reading the proofs of many draws of one Markov game at once: the lines of ``deal_bounds`` with draws side by side.

Draws share states, moves and transitions and differ in payoffs and discount factors; they are the last axis of all
arrays here, so that one passage over the transitions serves all of them. What is checked is what ``read_proof`` checks,
that moves attain the last bounds included.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from bargain.games.deal_bounds import EliminationProof, ProofReading, attained, deaths
from bargain.games.markov import BoolArray, MarkovGame
from bargain.games.record import FloatArray


def read_proofs(
    template: MarkovGame,
    payoffs: FloatArray,
    discount_factors: FloatArray,
    proofs: Sequence[EliminationProof],
    moves: npt.NDArray[Any],
    tolerance: float,
    after_moves: Any,
) -> list[ProofReading]:
    """One reading a draw.

    template: a game with the transitions of all draws; payoffs: ``(n_draws, n_states, n_players, *n_actions)``;
    discount_factors: ``(n_draws,)``; proofs: of the same transfer weights, and of this size; moves: ``(n_draws,
    1 + n_players, n_states, n_players)``; after_moves: ``transition_rows(template)``.
    """
    lines = _Lines(template, payoffs, discount_factors, proofs, tolerance, after_moves)
    for number in range(1, max(proof.n_rounds for proof in proofs) + 1):
        lines.read(number)
    return [lines.reading(b, moves[b]) for b in range(len(proofs))]


class _Lines:
    """Draws side by side, and what their lines have shown so far."""

    def __init__(
        self,
        template: MarkovGame,
        payoffs: FloatArray,
        discount_factors: FloatArray,
        proofs: Sequence[EliminationProof],
        tolerance: float,
        after_moves: Any,
    ) -> None:
        self.game, self.proofs, self.rows, self.tolerance = template, proofs, after_moves, tolerance
        self.d = np.asarray(discount_factors, dtype=float)
        self.open = template.available_moves
        n, ones = template.n_players, (1,) * template.n_players
        own = np.ascontiguousarray(np.moveaxis(payoffs, 0, -1)) * proofs[0].weights.reshape(1, n, *ones, 1)
        axes = (0, *range(2, 2 + n))
        seen = own if self.open.all() else np.where(self.open[:, None, ..., None], own, np.inf)
        self.level = seen.min(axis=axes)
        seen = own if self.open.all() else np.where(self.open[:, None, ..., None], own, -np.inf)
        scale = (seen.max(axis=axes) - self.level).sum(axis=0)
        self.scale = np.where(scale > 0.0, scale, 1.0)
        own -= self.level.reshape(1, n, *ones, -1)
        own *= 1.0 - self.d
        self.flows, self.total = own, own.sum(axis=1)
        self.dropped_in = np.stack([proof.dropped_in for proof in proofs], axis=-1)
        self.died_in = np.stack([proof.died_in for proof in proofs], axis=-1)
        self.error, self.margin = np.zeros(len(proofs)), self.scale.copy()
        self.faults = [""] * len(proofs)
        for b, proof in enumerate(proofs):
            numbers = np.concatenate([proof.dropped_in.reshape(-1), proof.died_in])
            if numbers.min() < 0 or numbers.max() > proof.n_rounds:
                self.faults[b] = f"a move or state went in none of the {proof.n_rounds} rounds"

    def _stated(self, number: int) -> tuple[FloatArray, FloatArray]:
        """U ``(n_states, n_draws)`` and v ``(n_states, n_players, n_draws)`` of a round, or of the last one before."""
        at = [min(number, proof.n_rounds) - 1 for proof in self.proofs]
        joint = np.stack([proof.joint[k] for k, proof in zip(at, self.proofs, strict=True)], axis=-1)
        low = np.stack([proof.punishments[k] for k, proof in zip(at, self.proofs, strict=True)], axis=-1)
        return joint - self.level.sum(axis=0), low - self.level

    def read(self, number: int) -> None:
        """Line ``number`` of all proofs; those that have ended keep their last line."""
        alive = (self.died_in == 0) | (self.died_in >= number)
        ones = (1,) * self.game.n_players
        left = self.open[..., None] & alive.reshape(len(alive), *ones, -1)
        left &= (self.dropped_in == 0) | (self.dropped_in >= number)
        self.joint, self.low = self._stated(number)
        now = self._values(left)
        self.error = np.maximum(self.error, now)
        gone = left & (self.dropped_in == number)
        axes = tuple(range(gone.ndim - 1))
        if gone.any():
            short = np.where(gone, sum(self.best) - self.worth, np.inf).min(axis=axes)
            self.margin = np.minimum(self.margin, short - 2.0 * now)
        kept = left & ~gone
        empty = alive & ~kept.any(axis=tuple(range(1, kept.ndim - 1)))
        ending = (empty | (self.died_in == number)).any(axis=0)
        for b in range(len(self.proofs)):
            if self.faults[b] or number > self.proofs[b].n_rounds:
                continue
            if self.error[b] > self.tolerance * self.scale[b]:
                self.faults[b] = f"round {number}: a stated value is no bound, by {self.error[b]:.3g}"
            elif self.margin[b] <= 0.0:
                self.faults[b] = f"round {number}: a move is dropped that may be enforceable"
            elif ending[b]:
                self.faults[b] = deaths(self.game, self.proofs[b], number, alive[:, b], kept[..., b])

    def _values(self, left: BoolArray) -> FloatArray:
        """Worth of moves and of best replies to them at the stated values; the error of these as bounds."""
        game, n = self.game, self.game.n_players
        n_draws = len(self.d)
        columns = np.concatenate([self.joint[:, None], self.low], axis=1).reshape(game.n_states, -1)
        later = (self.rows @ columns).reshape(game.n_states, *game.n_actions, 1 + n, n_draws)
        error = np.zeros(n_draws)
        self.best = []
        for i, can in enumerate(game.available):
            own = later[..., 1 + i, :] * self.d
            own += self.flows[:, i]
            if not can.all():
                shape = tuple(-1 if k == i else 1 for k in range(n))
                own = np.where(can.reshape(len(can), *shape, 1), own, -np.inf)
            best = own.max(axis=1 + i, keepdims=True)
            excess = self.low[:, i].reshape(game.n_states, *(1,) * n, n_draws) - best
            held = left.any(axis=1 + i, keepdims=True)
            error += np.where(held, excess, 0.0).max(axis=tuple(range(1 + n)), initial=0.0)
            self.best.append(best)
        self.worth = later[..., 0, :] * self.d
        self.worth += self.total
        top = np.where(left, self.worth, -np.inf).max(axis=tuple(range(1, 1 + n)))
        error += np.maximum((top - self.joint).max(axis=0), 0.0)
        return np.asarray(error / (1.0 - self.d))

    def reading(self, b: int, moves: npt.NDArray[Any]) -> ProofReading:
        """What the proof of one draw has shown, and whether its moves attain the last bounds."""
        fault, alive = self.faults[b], self.proofs[b].alive
        if not fault and alive.any():
            slack = self.tolerance * self.scale[b] * (1.0 - self.d[b])
            best = [table[..., b] for table in self.best]
            fault = attained(alive, moves, self.worth[..., b], best, self.joint[:, b], self.low[..., b], float(slack))
        return ProofReading(fault, float(self.error[b]), float(self.margin[b]))
