"""Proof that no equilibrium with transfers is worth more to all together, or less to one player, than stated.

Let A(s) contain every move that some pure subgame-perfect equilibrium with transfers makes in state s. If

    W(s)   >= (1 - d) G(s, a) + d E[W(s') | s, a]   and   w_i(s) <= c_i(s, a)   for all s and a in A(s),
    c_i(s, a) = max over a_i' of  (1 - d) u_i(s, a_i', a_-i) + d E[w_i(s') | s, a_i', a_-i],

then no equilibrium is worth more than W(s) jointly, nor less than w_i(s) to player i (both sides are contractions). Who
makes move a must expect at least c_i(s, a), so a move with

    (1 - d) G(s, a) + d E[W(s') | s, a] < sum_i c_i(s, a)

is in no equilibrium and may leave A (Goldluecke and Kranz 2018, Economic Theory 66, section 4). A state whose moves
have all left has no equilibrium; nor has any state from which some available play leads there, because that subgame
must have one. A record of such rounds, with their W and w, is a proof which is read here line by line: nothing is taken
over from whoever wrote it, and each round costs one passage over the moves.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from bargain.games.deal import transition_rows, weighted_payoffs
from bargain.games.markov import BoolArray, MarkovGame
from bargain.games.record import ArrayRecord, FloatArray, finite_array

ROUNDS = 4
"""Rounds of a proof that share one passage over the transitions."""


@dataclass(frozen=True, eq=False)
class EliminationProof(ArrayRecord):
    """Rounds of eliminated moves, numbered from 1.

    weights: ``(n_players,)`` as in ``Deal``; joint: W of each round ``(n_rounds, n_states)``; punishments: w of each
    round ``(n_rounds, n_states, n_players)``, both in the common unit; dropped_in: ``(n_states, *n_actions)`` the round
    at whose end a move left, 0 if it never did; died_in: ``(n_states,)`` the same for states.
    """

    weights: FloatArray
    joint: FloatArray
    punishments: FloatArray
    dropped_in: npt.NDArray[Any]
    died_in: npt.NDArray[Any]

    def __post_init__(self) -> None:
        for name in ("weights", "joint", "punishments"):
            object.__setattr__(self, name, finite_array(getattr(self, name), name))
        for name in ("dropped_in", "died_in"):
            array: npt.NDArray[np.intp] = np.array(getattr(self, name), dtype=np.intp)
            array.setflags(write=False)
            object.__setattr__(self, name, array)

    @property
    def n_rounds(self) -> int:
        return len(self.joint)

    @property
    def alive(self) -> BoolArray:
        """States for which an equilibrium is not excluded, ``(n_states,)``."""
        return np.asarray(self.died_in == 0)

    def admissible(self, game: MarkovGame) -> BoolArray:
        """Moves that are left, ``(n_states, *n_actions)``."""
        alive = self.alive.reshape(-1, *(1 for _ in game.n_actions))
        return np.asarray(game.available_moves & (self.dropped_in == 0) & alive)

    def to_dict(self) -> dict[str, Any]:
        names = ("weights", "joint", "punishments", "dropped_in", "died_in")
        return {name: getattr(self, name).tolist() for name in names}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        names = ("weights", "joint", "punishments", "dropped_in", "died_in")
        missing = [name for name in names if name not in data]
        if missing:
            raise ValueError(f"proof of elimination: entry {missing[0]!r} is missing")
        n_states, n_players = len(data["died_in"]), len(data["weights"])
        return cls(
            data["weights"],
            np.reshape(data["joint"], (-1, n_states)),
            np.reshape(data["punishments"], (-1, n_states, n_players)),
            data["dropped_in"],
            data["died_in"],
        )


@dataclass(frozen=True, eq=False)
class ProofReading(ArrayRecord):
    """What reading a proof found.

    fault: the first line that does not hold, in words, empty when all do; error: bound on how far the stated bounds may
    be from true ones because of rounding, in the common unit; margin: the smallest shortfall of a move that left, less
    what rounding may account for (the sum of the payoff ranges when none left).
    """

    fault: str
    error: float
    margin: float

    @property
    def holds(self) -> bool:
        return not self.fault

    def to_dict(self) -> dict[str, Any]:
        return {"fault": self.fault, "error": self.error, "margin": self.margin}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        return cls(data["fault"], data["error"], data["margin"])


def read_proof(
    game: MarkovGame,
    proof: EliminationProof,
    tolerance: float = 1e-8,
    after_moves: Any = None,
    moves: npt.NDArray[Any] | None = None,
) -> ProofReading:
    """Check every line of a proof; tolerance: largest accepted error, as a share of the sum of the payoff ranges.

    after_moves: ``transition_rows(game)`` if at hand; moves: if given, as in ``Deal``, it is checked too that they
    attain the last bounds and are enforced by them: then a deal with these moves exists (Goldluecke and Kranz 2018,
    proposition on simple equilibria; its payments are those of ``certify_deal``), and the bounds are exact.
    """
    shape = (game.n_states, *game.n_actions)
    payoffs, level, scale = weighted_payoffs(game, proof.weights)
    if proof.dropped_in.shape != shape or proof.punishments.shape[1:] != (game.n_states, game.n_players):
        return ProofReading("the proof is for a game of another size", 0.0, scale)
    numbers = np.concatenate([proof.dropped_in.reshape(-1), proof.died_in])
    if numbers.min() < 0 or numbers.max() > proof.n_rounds:
        return ProofReading(f"a move or state went in none of the {proof.n_rounds} rounds", 0.0, scale)
    rows = transition_rows(game) if after_moves is None else after_moves
    passage = _Passage(game, payoffs, rows, proof.joint - level.sum(), proof.punishments - level)
    open_moves = game.available_moves
    error, margin = 0.0, scale
    best: list[FloatArray] = []
    for number in range(1, proof.n_rounds + 1):
        alive = (proof.died_in == 0) | (proof.died_in >= number)
        left = open_moves & alive.reshape(-1, *(1 for _ in game.n_actions))
        left &= (proof.dropped_in == 0) | (proof.dropped_in >= number)
        worth, best, now = passage.over(number - 1, left)
        error = max(error, now)
        gone = left & (proof.dropped_in == number)
        if gone.any():
            margin = min(margin, float((sum(best) - worth)[gone].min()) - 2.0 * now)
        if error > tolerance * scale:
            return ProofReading(f"round {number}: a stated value is no bound, by {error:.3g}", error, margin)
        if margin <= 0.0:
            return ProofReading(f"round {number}: a move is dropped that may be enforceable", error, margin)
        fault = deaths(game, proof, number, alive, left & ~gone)
        if fault:
            return ProofReading(fault, error, margin)
    if moves is None or not proof.alive.any():
        return ProofReading("", error, margin)
    slack = tolerance * scale * (1.0 - game.discount_factor)
    joint, low = passage.joint[-1], passage.low[-1]
    return ProofReading(attained(proof.alive, moves, worth, best, joint, low, slack), error, margin)


class _Passage:
    """The moves of a game, passed over with the values of several rounds at a time."""

    def __init__(self, game: MarkovGame, payoffs: FloatArray, rows: Any, joint: FloatArray, low: FloatArray) -> None:
        self.game, self.rows, self.joint, self.low = game, rows, joint, low
        self.flows = np.moveaxis((1.0 - game.discount_factor) * payoffs, 1, 0)
        self.total = self.flows.sum(axis=0)
        self.first, self.later = 0, np.empty((0, 1 + game.n_players, game.n_states, *game.n_actions))

    def _ahead(self, number: int) -> FloatArray:
        """Expected values after every move in a round, ``(1 + n_players, n_states, *n_actions)``."""
        if not self.first <= number < self.first + len(self.later):
            batch = slice(number, number + ROUNDS)
            values = np.concatenate([self.joint[batch, :, None], self.low[batch]], axis=2)
            columns = np.ascontiguousarray(np.moveaxis(values, 1, 0).reshape(self.game.n_states, -1))
            ahead = np.ascontiguousarray((self.rows @ columns).T)
            self.first, self.later = number, ahead.reshape(len(values), *self.later.shape[1:])
        return np.asarray(self.later[number - self.first])

    def over(self, number: int, left: BoolArray) -> tuple[FloatArray, list[FloatArray], float]:
        """Joint worth of each move, of the best reply to it to each player, and the error of the bounds."""
        game, d = self.game, self.game.discount_factor
        ahead, ones = self._ahead(number), (1,) * game.n_players
        replies: list[FloatArray] = []
        error = 0.0
        for i, can in enumerate(game.available):
            own = self.flows[i] + d * ahead[1 + i]
            if not can.all():
                own[~np.broadcast_to(can.reshape(len(can), *_only(i, game.n_players)), own.shape)] = -np.inf
            best = own.max(axis=1 + i, keepdims=True)
            excess = self.low[number, :, i].reshape(-1, *ones) - best
            error += max(float(np.where(left.any(axis=1 + i, keepdims=True), excess, 0.0).max()), 0.0)
            replies.append(best)
        worth = self.total + d * ahead[0]
        top = np.where(left, worth, -np.inf).reshape(game.n_states, -1).max(axis=1)
        error += max(float((top - self.joint[number]).max()), 0.0)
        return worth, replies, error / (1.0 - d)


def _only(axis: int, n: int) -> tuple[int, ...]:
    """Shape that spreads a vector along one of n axes."""
    return tuple(-1 if k == axis else 1 for k in range(n))


def attained(
    alive: BoolArray,
    moves: npt.NDArray[Any],
    worth: FloatArray,
    best: list[FloatArray],
    joint: FloatArray,
    low: FloatArray,
    slack: float,
) -> str:
    """Why moves do not attain the bounds U and v, or are not enforced by them; empty when all is well."""
    s = np.flatnonzero(alive)
    for regime, played in enumerate(moves[:, s]):
        at = (s, *played.T)
        replies = [np.broadcast_to(table, worth.shape)[at] for table in best]
        if float((sum(replies) - worth[at]).max()) > slack:
            return f"regime {regime}: a move is not enforced"
        gap = worth[at] - joint[s] if regime == 0 else replies[regime - 1] - low[s, regime - 1]
        if float(np.abs(gap).max()) > slack:
            return f"regime {regime}: the moves do not attain the bound"
    return ""


def deaths(game: MarkovGame, proof: EliminationProof, number: int, alive: BoolArray, kept: BoolArray) -> str:
    """Why the states said to die in a round need not, or must not be left; empty when all is well."""
    died = proof.died_in == number
    empty = alive & ~kept.reshape(game.n_states, -1).any(axis=1)
    if not died.any() and not empty.any():
        return ""
    doomed = empty
    possible = (game.probabilities > 0.0) & game.available_moves[..., None]
    while True:
        leads = (possible & doomed[game.successors]).reshape(game.n_states, -1).any(axis=1)
        grown = doomed | (leads & alive)
        if np.array_equal(grown, doomed):
            break
        doomed = grown
    if np.array_equal(doomed, died):
        return ""
    state = game.states[int(np.flatnonzero(doomed != died)[0])]
    return f"round {number}: state {state} has no equilibrium exactly if the proof does not say so"
