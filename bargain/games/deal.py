"""Deals: what players do, what they pay each other, and what happens to one who does otherwise; and their certificate.

Rounds begin with payments, then come the moves. A simple strategy profile with transfers (Goldluecke and Kranz 2012,
Games and Economic Behavior 74, section 3; 2018, Economic Theory 66, section 3) has n + 1 regimes, the path e and one
punishment for each player, each with a move a^k(s) in every state:

1. At the very start players make up-front payments, and go to regime e.
2. After everybody made the move of regime k, or several did not, they make the payments y^k(s, s') of that regime;
   after player j alone did not, the fines y^j(s') for him. Payers pay into a pool, out of which the others receive.
3. When all paid, regime e is next; when player j alone did not pay, regime j is, and he receives nothing.

Payments are in one unit, that of the weighted payoffs, for one round. With u^e(s) the values from the moves of regime e
on, value before the payments y is u^e - (1 - d) y, and no deviation whatever gains anything exactly when no single one
does, neither from a move nor from a payment (Blackwell 1965). That is checked here, in every state and regime, from the
moves and payments alone. Nothing here is shared with a solver.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from bargain.games.certificate import DEFAULT_TOLERANCE, Certificate
from bargain.games.markov import IntArray, MarkovGame
from bargain.games.record import ArrayRecord, FloatArray, finite_array

DENSE = 32
"""Up to this number of states linear systems are solved with dense matrices, beyond by iteration."""


@dataclass(frozen=True, eq=False)
class Deal(ArrayRecord):
    """A simple strategy profile with transfers.

    weights: ``(n_players,)``, what one payoff unit of each player is worth in the unit of the payments;
    states: the states it is for, from which no other state can be reached; moves: ``(1 + n_players, n_states,
    n_players)``, action indices on the path and in each punishment; up_front: ``(n_states, n_players)``, what is paid
    when play starts there; payments: ``(1 + n_players, n_states, k, n_players)``, after the moves of each regime, for
    each place in the game's list of successors; fines: ``(n_players, n_states, n_players)``, after a player alone
    deviated, in the state that followed. Positive entries are paid, negative ones received. What belongs to other
    states than ``states`` is zero. transfer_cost: the share of every payment that is lost.
    """

    weights: FloatArray
    states: tuple[int, ...]
    moves: IntArray
    up_front: FloatArray
    payments: FloatArray
    fines: FloatArray
    transfer_cost: float = 0.0

    def __post_init__(self) -> None:
        for name in ("weights", "up_front", "payments", "fines"):
            object.__setattr__(self, name, finite_array(getattr(self, name), name))
        moves = np.array(self.moves, dtype=np.intp)
        moves.setflags(write=False)
        object.__setattr__(self, "moves", moves)
        object.__setattr__(self, "states", tuple(int(s) for s in self.states))

    @property
    def plan(self) -> IntArray:
        """Actions on the path, ``(n_states, n_players)``."""
        path: IntArray = self.moves[0]
        return path

    @property
    def punishment_plans(self) -> IntArray:
        """Actions that punish each player, ``(n_players, n_states, n_players)``."""
        punishments: IntArray = self.moves[1:]
        return punishments

    @property
    def largest_payment(self) -> float:
        """The most that any player ever has to pay in one round, up-front payments included."""
        return max(float(table.max(initial=0.0)) for table in (self.up_front, self.payments, self.fines))

    def with_up_front(self, up_front: npt.ArrayLike) -> Self:
        """The same deal, started by other payments ``(n_states, n_players)``."""
        args = self.weights, self.states, self.moves, finite_array(up_front, "up_front"), self.payments, self.fines
        return type(self)(*args, self.transfer_cost)

    def to_dict(self) -> dict[str, Any]:
        return {
            "weights": self.weights.tolist(),
            "states": list(self.states),
            "moves": self.moves.tolist(),
            "up_front": self.up_front.tolist(),
            "payments": self.payments.tolist(),
            "fines": self.fines.tolist(),
            "transfer_cost": self.transfer_cost,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        keys = ("weights", "states", "moves", "up_front", "payments", "fines", "transfer_cost")
        missing = [key for key in keys if key not in data]
        if missing:
            raise ValueError(f"deal: entry {missing[0]!r} is missing")
        return cls(*(data[key] for key in keys))


@dataclass(frozen=True, eq=False)
class DealCertificate(ArrayRecord):
    """Values of a deal, computed from its moves and payments, and what deviations from them gain.

    values: ``(1 + n_players, n_states, n_players)``, from the moves of each regime on; start_values: ``(n_states,
    n_players)``, before the up-front payments, what the deal is worth; both in the unit of the payments;
    moves: regrets ``(1 + n_players, n_states, n_players)`` in each regime; payments: regrets ``(2 + 2 n_players,
    n_states, n_players)`` from not paying: up-front; after the moves of each regime, the worst over what may follow;
    the fines for each player. Regrets are relative to the sum of the players' weighted payoff ranges, because money
    is exchanged one for one. balance: the most that is received without having been paid, as a value per round (what
    is paid and not received is burnt); error: bound on what rounding may hide in the values.
    """

    values: FloatArray
    start_values: FloatArray
    moves: Certificate
    payments: Certificate
    balance: float
    error: float

    def __post_init__(self) -> None:
        for name in ("values", "start_values"):
            object.__setattr__(self, name, finite_array(getattr(self, name), name))

    @property
    def scale(self) -> float:
        """Sum of the weighted payoff ranges, 1 when all payoffs are constant."""
        return float(self.moves.payoff_range.max()) or 1.0

    @property
    def epsilon(self) -> float:
        """Largest regret, of moves and payments, in the unit of the payments."""
        return max(self.moves.epsilon, self.payments.epsilon)

    @property
    def holds(self) -> bool:
        """Whether no deviation gains, payments add up, and values are exact, all up to the tolerance."""
        slack = self.moves.tolerance * self.scale
        return bool(self.moves.holds and self.payments.holds and max(self.balance, self.error) <= slack)

    def to_dict(self) -> dict[str, Any]:
        return {
            "values": self.values.tolist(),
            "start_values": self.start_values.tolist(),
            "moves": self.moves.to_dict(),
            "payments": self.payments.to_dict(),
            "balance": self.balance,
            "error": self.error,
            "holds": self.holds,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        moves, payments = (Certificate.from_dict(data[key]) for key in ("moves", "payments"))
        return cls(data["values"], data["start_values"], moves, payments, data["balance"], data["error"])


def certify_deal(
    game: MarkovGame, deal: Deal, tolerance: float = DEFAULT_TOLERANCE, after_moves: Any = None
) -> DealCertificate:
    """Values of a deal and every one-shot deviation from it, by plain sparse algebra.

    after_moves: ``transition_rows(game)`` if at hand. Raises ValueError for a deal that does not fit the game.
    """
    check_deal(game, deal)
    rows = transition_rows(game) if after_moves is None else after_moves
    keep = np.array(deal.states, dtype=np.intp)
    payoffs, level, scale = weighted_payoffs(game, deal.weights)
    d = game.discount_factor
    values, error = _regime_values(game, deal, payoffs)
    punished = np.stack([values[1 + i, :, i] for i in range(game.n_players)], axis=1)
    gains = np.zeros((1 + game.n_players, game.n_states, game.n_players))
    fined = values[0] - (1.0 - d) * np.stack([deal.fines[i, :, i] for i in range(game.n_players)], axis=1)
    later = (rows @ fined).reshape(game.n_states, *game.n_actions, game.n_players)
    for i in range(game.n_players):
        worth = (1.0 - d) * payoffs[:, i] + d * later[..., i]
        for regime, moves in enumerate(deal.moves):
            other = _against(worth, moves, i, game.available[i])
            other[np.arange(game.n_states), moves[:, i]] = -np.inf
            best = other.max(axis=1)
            gains[regime, :, i] = np.maximum(best - values[regime, :, i], 0.0)
    refused, balance = _payment_gains(game, deal, values[0], punished)
    gone = np.ones(game.n_states, dtype=bool)
    gone[keep] = False
    gains[:, gone], refused[:, gone] = 0.0, 0.0
    start = values[0] - (1.0 - d) * deal.up_front + level
    values, start = values + level, np.asarray(start)
    values[:, gone], start[gone] = 0.0, 0.0
    spread = np.full(game.n_players, scale)
    kept, paid = (Certificate(table, spread, tolerance, d) for table in (gains, refused))
    return DealCertificate(values, start, kept, paid, balance, error)


def transition_rows(game: MarkovGame) -> Any:
    """Sparse matrix of the probabilities of all next states, one row per state and move, ``(n_rows, n_states)``."""
    from scipy.sparse import csr_array

    width = game.probabilities.shape[-1]
    n_rows = game.probabilities.size // width
    starts = np.arange(n_rows + 1, dtype=np.int32 if game.probabilities.size < 2**31 else np.int64) * width
    entries = (game.probabilities.reshape(-1), game.successors.reshape(-1).astype(starts.dtype), starts)
    return csr_array(entries, shape=(n_rows, game.n_states))


def weighted_payoffs(game: MarkovGame, weights: FloatArray) -> tuple[FloatArray, FloatArray, float]:
    """Payoffs in one unit and from zero, what was taken off, and the sum of the ranges (1 if all are constant)."""
    weighted = game.payoffs * weights.reshape(1, -1, *(1 for _ in game.n_actions))
    open_moves = game.available_moves[:, None]
    axes = (0, *range(2, weighted.ndim))
    level = np.where(open_moves, weighted, np.inf).min(axis=axes)
    scale = float((np.where(open_moves, weighted, -np.inf).max(axis=axes) - level).sum())
    return weighted - level.reshape(1, -1, *(1 for _ in game.n_actions)), level, scale if scale > 0.0 else 1.0


def check_deal(game: MarkovGame, deal: Deal) -> None:
    """Raise ValueError unless shapes fit, moves are available, and no state outside can be reached."""
    n, m, width = game.n_players, game.n_states, game.probabilities.shape[-1]
    shapes = {"weights": (n,), "moves": (1 + n, m, n), "up_front": (m, n), "payments": (1 + n, m, width, n)}
    for name, shape in {**shapes, "fines": (n, m, n)}.items():
        if getattr(deal, name).shape != shape:
            raise ValueError(f"deal: {name} has shape {getattr(deal, name).shape}, the game needs {shape}")
    if deal.weights.min() <= 0.0:
        raise ValueError(f"deal: weights {deal.weights.tolist()} are not all positive")
    inside = np.zeros(m, dtype=bool)
    inside[list(deal.states)] = True
    for i, player in enumerate(game.players):
        actions = deal.moves[:, inside, i]
        if actions.size and not (actions.min() >= 0 and actions.max() < game.n_actions[i]):
            raise ValueError(f"deal: player {player} has no action {int(actions.min())} or {int(actions.max())}")
        open_here = game.available[i][np.flatnonzero(inside)[None, :], actions]
        if not open_here.all():
            s = np.flatnonzero(inside)[np.argwhere(~open_here)[0][1]]
            raise ValueError(f"deal: an action of player {player} is not available in state {game.states[s]}")
    reached = (game.probabilities > 0.0) & game.available_moves[..., None]
    if not inside.all() and not inside[game.successors[inside][reached[inside]]].all():
        raise ValueError("deal: some play leads out of the states it is for")


def _regime_values(game: MarkovGame, deal: Deal, payoffs: FloatArray) -> tuple[FloatArray, float]:
    """Values from the moves of each regime on, and a bound on their error; states outside have zeros."""
    n, d = game.n_players, game.discount_factor
    keep = np.array(deal.states, dtype=np.intp)
    values = np.zeros((1 + n, game.n_states, n))
    if len(keep) == 0:
        return values, 0.0
    flows, chances, heads = [], [], []
    for regime, moves in enumerate(deal.moves[:, keep]):
        at = (keep, *moves.T)
        own = payoffs[(keep, slice(None), *moves.T)]
        chances.append(game.probabilities[at])
        heads.append(game.successors[at])
        flows.append((1.0 - d) * (own - d * np.einsum("sk,ski->si", chances[-1], deal.payments[regime, keep])))
    error = 0.0
    for _ in range(2):  # The second passage refines what rounding left of the first.
        ahead = np.einsum("sk,ski->si", chances[0], values[0][heads[0]])
        residual = flows[0] + d * ahead - values[0, keep]
        values[0, keep] += _solved(chances[0], heads[0], d, residual, keep)
    ahead = np.einsum("sk,ski->si", chances[0], values[0][heads[0]])
    error = float(np.abs(flows[0] + d * ahead - values[0, keep]).max()) / (1.0 - d)
    for regime in range(1, 1 + n):
        ahead = np.einsum("sk,ski->si", chances[regime], values[0][heads[regime]])
        values[regime, keep] = flows[regime] + d * ahead
    return values, error


def _solved(chances: FloatArray, heads: IntArray, d: float, right: FloatArray, keep: IntArray) -> FloatArray:
    """x = right + d P x, over the kept states; approximate, whoever calls looks at the residual."""
    if d == 0.0:
        return right
    number = np.zeros(int(keep.max()) + 1, dtype=np.intp)
    number[keep] = np.arange(len(keep))
    n = len(keep)
    # Successors with probability zero may lie outside.
    places = np.where(chances > 0.0, heads, keep[0])
    rows = np.repeat(np.arange(n), chances.shape[1])
    if n <= DENSE:
        matrix = np.eye(n)
        np.subtract.at(matrix, (rows, number[places].reshape(-1)), d * chances.reshape(-1))
        return np.asarray(np.linalg.solve(matrix, right))
    from scipy.sparse import coo_array, eye_array
    from scipy.sparse.linalg import bicgstab, spsolve

    chain = coo_array((chances.reshape(-1), (rows, number[places].reshape(-1))), shape=(n, n)).tocsr()
    system = (eye_array(n) - d * chain).tocsr()
    found = [bicgstab(system, column, rtol=1e-10, maxiter=2_000) for column in right.T]
    if all(info == 0 for _, info in found):
        return np.stack([x for x, _ in found], axis=1)
    return np.asarray(spsolve(system.tocsc(), right)).reshape(right.shape)


def _against(worth: FloatArray, moves: IntArray, player: int, can: Any) -> FloatArray:
    """Worth of each own action ``(n_states, n_actions[player])`` when the others make ``moves``."""
    n_states, n_own = can.shape
    at = [np.arange(n_states)[:, None], *(moves[:, i][:, None] for i in range(moves.shape[1]))]
    at[1 + player] = np.arange(n_own)[None, :]
    return np.where(can, worth[tuple(at)], -np.inf)


def _payment_gains(game: MarkovGame, deal: Deal, path: FloatArray, punished: FloatArray) -> tuple[FloatArray, float]:
    """Gains from not paying ``(2 + 2 n_players, n_states, n_players)``, and how much more is received than paid."""
    n, d = game.n_players, game.discount_factor
    due = np.maximum((1.0 - d) * deal.up_front - (path - punished), 0.0)
    gains = [np.where(deal.up_front > 0.0, due, 0.0)]
    tables: list[FloatArray] = [deal.up_front[list(deal.states)]]
    inside = np.zeros(game.n_states, dtype=bool)
    inside[list(deal.states)] = True
    for regime, moves in enumerate(deal.moves):
        at = (np.arange(game.n_states), *moves.T)
        heads, likely = game.successors[at], (game.probabilities[at] > 0.0) & inside[:, None]
        paid = deal.payments[regime]
        gain = np.maximum((1.0 - d) * paid - (path - punished)[heads], 0.0)
        gains.append(np.where((paid > 0.0) & likely[..., None], gain, 0.0).max(axis=1))
        tables.append(paid[likely])
    for fines in deal.fines:
        gain = np.maximum((1.0 - d) * fines - (path - punished), 0.0)
        gains.append(np.where(fines > 0.0, gain, 0.0))
        tables.append(fines[list(deal.states)])
    every = np.concatenate([table.reshape(-1, n) for table in tables])
    left = np.maximum(every, 0.0).sum(axis=1) * (1.0 - deal.transfer_cost) + np.minimum(every, 0.0).sum(axis=1)
    return np.stack(gains), float((1.0 - d) * max(-left.min(initial=0.0), 0.0))
