"""Which moves of a Markov game can be enforced with transfers: elimination (Goldluecke and Kranz 2018, section 4).

1. Start with all available moves, A(s).
2. U(s): best joint value, v_i(s): worst punishment of each player, both over policies that use moves in A only.
3. Drop every move a in A(s) with
       (1 - d) G(s, a) + d E[U(s') | s, a]  <  sum_i max over a_i' of  (1 - d) u_i(s, a_i', a_-i) + d E[v_i(s')]:
   not even the whole continuation value pays all players for keeping to it. If any was dropped, go to 2.
4. A state without a move has no equilibrium, hence no state from which some play leads there has one; these are taken
   out, and the rest goes on.
Each round's U and v bound all equilibria from outside, and the last ones are attained; so the answer is exact.

U and v are met by policy steps: take the best moves at the current values, solve for the chain that they make (Howard
1960; Pollatschek and Avi-Itzhak 1969). For v these need not come nearer; when they do not, the punisher is fixed and
the best reply to him found first, which must (Hoffman and Karp 1966). What counts is the residual of the equations.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from bargain.games.markov import BoolArray, IntArray
from bargain.games.record import FloatArray
from bargain.solvers.base import TIE
from bargain.solvers.watch import Watch

RESIDUAL = 4e-15
"""Residual of a fixed point, as a share of the scale, that rounding explains."""

NEAR = 1e-14
"""Worth of moves that rounding may part, as a share of the scale."""

STALL = 1e-10
"""Residual at which policy steps that change no move any more end, because rounding is all that is left."""

STEPS = 500
"""Most policy steps for one fixed point; far more than ever seen."""

ROUNDING = 4e-14
"""What rounding may do to the shortfall of a move, as a share of the scale and times 1 / (1 - d)."""

SmallIntArray = npt.NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class MoveTables:
    """A Markov game as the compiled steps want it, payoffs in one unit and from zero.

    own: ``(n_players, n_states, n_moves)``; gain: their sum; level: what was taken from each player; chances, follow:
    ``(n_states, n_moves, k)``; open: available moves ``(n_states, n_moves)``; can: available actions of each player;
    scale: sum of the payoff ranges; n_actions, strides: of the players.
    """

    own: FloatArray
    gain: FloatArray
    level: FloatArray
    chances: FloatArray
    follow: npt.NDArray[np.uint32]
    open: BoolArray
    can: tuple[BoolArray, ...]
    discount_factor: float
    scale: float
    n_actions: tuple[int, ...]
    strides: tuple[int, ...]

    @classmethod
    def of(
        cls,
        payoffs: FloatArray,
        successors: IntArray,
        probabilities: FloatArray,
        discount_factor: float,
        available: Sequence[BoolArray],
    ) -> MoveTables:
        """From payoffs ``(n_states, n_players, *n_actions)`` in one unit and the other arrays of a Markov game."""
        n_states, n_players, *n_actions = payoffs.shape
        strides = tuple(int(np.prod(n_actions[i + 1 :], dtype=int)) for i in range(n_players))
        can = tuple(np.ascontiguousarray(mask, dtype=bool) for mask in available)
        open_moves = available_moves(can, tuple(n_actions)).reshape(n_states, -1)
        flat = payoffs.reshape(n_states, n_players, -1)
        own, level, scale = from_zero(flat, open_moves)
        width = successors.shape[-1]
        return cls(
            own,
            own.sum(axis=0),
            level,
            np.ascontiguousarray(probabilities.reshape(n_states, -1, width)),
            successors.reshape(n_states, -1, width).astype(np.uint32),
            open_moves,
            can,
            discount_factor,
            scale,
            tuple(n_actions),
            strides,
        )

    def with_payoffs(self, payoffs: FloatArray, discount_factor: float) -> MoveTables:
        """The same moves and transitions with other payoffs ``(n_states, n_players, *n_actions)``, in one unit."""
        flat = payoffs.reshape(len(payoffs), len(self.own), -1)
        own, level, scale = from_zero(flat, self.open)
        gain = own.sum(axis=0)
        return replace(self, own=own, gain=gain, level=level, scale=scale, discount_factor=discount_factor)

    @property
    def exact(self) -> float:
        """Residual at which an equation counts as met; less for very patient players, whose values lose 1 / (1 - d)."""
        return RESIDUAL * self.scale * min(1.0, 100.0 * (1.0 - self.discount_factor))

    @property
    def tie(self) -> float:
        """Shortfall of joint worth that still counts as none: a tie of one round's payoffs, or what rounding may do."""
        rounds = 1.0 - self.discount_factor
        return self.scale * max(TIE * rounds, ROUNDING / rounds)

    @property
    def near(self) -> float:
        """Worth within which two moves are equally good: a tie of one round's payoffs, or what rounding may do."""
        return self.scale * max(TIE * (1.0 - self.discount_factor), NEAR)


def from_zero(flat: FloatArray, open_moves: BoolArray) -> tuple[FloatArray, FloatArray, float]:
    """Payoffs ``(n_players, n_states, n_moves)`` from zero on, what was taken off, and the sum of the ranges or 1."""
    own = np.array(np.moveaxis(flat, 1, 0))
    if open_moves.all():
        level, top = own.min(axis=(1, 2)), own.max(axis=(1, 2))
    else:
        level = np.where(open_moves, own, np.inf).min(axis=(1, 2))
        top = np.where(open_moves, own, -np.inf).max(axis=(1, 2))
    own -= level[:, None, None]
    scale = float((top - level).sum())
    return own, level, scale if scale > 0.0 else 1.0


def available_moves(can: Sequence[BoolArray], n_actions: tuple[int, ...]) -> BoolArray:
    """Whether each move can be made in each state, ``(n_states, *n_actions)``."""
    moves = np.ones((len(can[0]), *n_actions), dtype=bool)
    for i, mask in enumerate(can):
        moves &= mask.reshape(len(mask), *(-1 if k == i else 1 for k in range(len(n_actions))))
    return moves


@dataclass(eq=False)
class Elimination:
    """State of a run, and its result: values from zero on, as in ``MoveTables``.

    joint, punishments: ``(n_states,)``, ``(n_players, n_states)`` at the admissible moves ``mask``; worth: of each
    admissible move to all, best: of the best reply to it to each, slack: their difference; choice, punishing: moves
    where the extremes lie; dropped_in, died_in: the round (from 1) in which a move or state went, 0 if it stayed;
    rounds: U and v of each round; finished: whether nothing is left to drop; residual: largest one of the equations.
    """

    joint: FloatArray
    punishments: FloatArray
    mask: BoolArray
    worth: FloatArray
    best: FloatArray
    slack: FloatArray
    choice: SmallIntArray
    punishing: SmallIntArray
    replies: SmallIntArray
    dropped_in: SmallIntArray
    died_in: SmallIntArray
    rounds: list[tuple[FloatArray, FloatArray]]
    finished: bool = False
    ties: int = 0
    residual: float = 0.0

    @classmethod
    def start(cls, tables: MoveTables) -> Elimination:
        """All available moves, values from zero."""
        n_players, n_states, n_moves = tables.own.shape
        cells = (n_states, n_moves)
        return cls(
            joint=np.zeros(n_states),
            punishments=np.zeros((n_players, n_states)),
            mask=tables.open.copy(),
            worth=np.zeros(cells),
            best=np.zeros((n_players, *cells)),
            slack=np.zeros(cells),
            choice=np.zeros(n_states, dtype=np.int32),
            punishing=np.zeros((n_players, n_states), dtype=np.int32),
            replies=np.zeros((n_players, n_states), dtype=np.int32),
            dropped_in=np.zeros(cells, dtype=np.int32),
            died_in=np.zeros(n_states, dtype=np.int32),
            rounds=[],
        )

    def again(self, tables: MoveTables) -> None:
        """Start over with all available moves, from the values at hand: they are near where games are alike."""
        np.copyto(self.mask, tables.open)
        self.dropped_in[:], self.died_in[:], self.rounds = 0, 0, []
        self.finished, self.ties, self.residual = False, 0, 0.0

    @property
    def alive(self) -> BoolArray:
        """The states in which an equilibrium is not excluded."""
        return np.asarray(self.died_in == 0)


def eliminate(tables: MoveTables, run: Elimination, watch: Watch) -> Elimination:
    """Drop moves until none is left to drop, or the time is up."""
    from bargain.solvers.enforceable_kernels import drop_moves

    n_players = len(tables.own)
    while not run.finished:
        watch.report(1.0 - 0.5 ** len(run.rounds), f"elimination, round {len(run.rounds) + 1}")
        run.residual = best_joint(tables, run)
        for player in range(n_players):
            if watch.expired():
                return run
            run.residual = max(run.residual, worst_punishment(tables, run, player))
        dead = ~run.alive
        run.joint[dead], run.punishments[:, dead] = 0.0, 0.0
        run.rounds.append((run.joint.copy(), run.punishments.copy()))
        before = run.mask.copy()
        dropped, run.ties = drop_moves(run.worth, run.best, run.mask, tables.tie, run.slack)
        if dropped:
            run.dropped_in[before & ~run.mask] = len(run.rounds)
            bury(tables, run.mask, run.died_in, len(run.rounds))
        run.finished = not dropped or not run.alive.any()
        if watch.expired() and not run.finished:
            return run
    return run


def bury(tables: MoveTables, mask: BoolArray, died_in: SmallIntArray, number: int) -> None:
    """Take out, in round ``number``, the states without a move, and all from which some play leads there."""
    alive = died_in == 0
    empty = alive & ~mask.any(axis=1)
    if not empty.any():
        return
    from scipy.sparse import coo_array

    s, m, k = np.nonzero((tables.chances > 0.0) & tables.open[..., None])
    links = coo_array((np.ones(len(s)), (s, tables.follow[s, m, k])), shape=(len(empty), len(empty))).tocsr()
    dead = empty
    while True:
        grown = dead | (links @ dead.astype(float) > 0.0)
        if np.array_equal(grown, dead):
            break
        dead = grown
    died_in[alive & dead] = number
    mask[dead] = False


def best_joint(tables: MoveTables, run: Elimination) -> float:
    """U over the admissible moves, in place; the residual of its equation."""
    from bargain.solvers.enforceable_kernels import chain_value, joint_step

    d, exact = tables.discount_factor, tables.exact
    out, before = np.empty_like(run.joint), np.empty_like(run.choice)
    residual, lowest = np.inf, np.inf
    shared = tables.gain, tables.chances, tables.follow
    for _ in range(STEPS):
        before[:] = run.choice
        residual = joint_step(*shared, run.mask, d, run.joint, run.worth, run.choice, out)
        stalled = residual >= lowest and residual <= STALL * tables.scale
        if residual <= exact or (stalled and np.array_equal(before, run.choice)):
            break
        lowest = min(lowest, residual)
        run.joint[:] = out
        chain_value(*shared, run.choice, d, run.joint, max(0.25 * exact, 1e-4 * residual * (1.0 - d)))
    return float(residual)


def worst_punishment(tables: MoveTables, run: Elimination, player: int) -> float:
    """v of a player over the admissible moves, in place; the residual of its equation."""
    from bargain.solvers.enforceable_kernels import chain_value, punish_step

    d, exact = tables.discount_factor, tables.exact
    can, stride, value = tables.can[player], tables.strides[player], run.punishments[player]
    choice, reply = run.punishing[player], run.replies[player]
    shared = tables.own[player], tables.chances, tables.follow
    out, before = np.empty_like(value), np.empty_like(reply)
    residual, lowest, failures = np.inf, np.inf, 0
    best, quick = run.best[player], np.zeros(1, dtype=bool)
    for _ in range(STEPS):
        before[:] = reply
        residual = punish_step(*shared, run.mask, can, stride, d, value, best, choice, reply, out, quick)
        stalled = residual >= lowest and residual <= STALL * tables.scale
        if residual <= exact or (stalled and np.array_equal(before, reply)):
            break
        failures += residual > 0.9 * lowest
        lowest = min(lowest, residual)
        value[:] = out
        if failures >= 2:
            best_reply(tables, player, reply, value)
        else:
            chain_value(*shared, reply, d, value, max(0.25 * exact, 1e-4 * residual * (1.0 - d)))
    full = np.ones(1, dtype=bool)
    return float(punish_step(*shared, run.mask, can, stride, d, value, best, choice, reply, out, full))


def best_reply(tables: MoveTables, player: int, reply: SmallIntArray, value: FloatArray) -> None:
    """Best reply of a player for ever to the others' actions in ``reply``, and its value, both in place."""
    from bargain.solvers.enforceable_kernels import chain_value, reply_step

    d, exact = tables.discount_factor, tables.exact
    can, stride = tables.can[player], tables.strides[player]
    shared = tables.own[player], tables.chances, tables.follow
    for _ in range(STEPS):
        chain_value(*shared, reply, d, value, 0.25 * exact)
        if not reply_step(*shared, can, stride, d, value, reply, exact):
            return


def first_near_best(run: Elimination, tie: float) -> tuple[SmallIntArray, SmallIntArray]:
    """Plan ``(n_states,)`` and punishing moves ``(n_players, n_states)``: the first of those equally good (or bad).

    States without equilibrium have move 0. This makes the answer independent of where the search began.
    """
    from bargain.solvers.enforceable_kernels import near_best

    ties, mask = np.full(1, tie), run.mask[..., None]
    plan, punishing = np.zeros_like(run.choice), np.zeros_like(run.punishing)
    near_best(run.worth[..., None], mask, ties, 1.0, plan[..., None])
    for best, choice in zip(run.best, punishing, strict=True):
        near_best(best[..., None], mask, ties, -1.0, choice[..., None])
    return plan, punishing
