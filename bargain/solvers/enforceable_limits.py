"""Payments that enforce given moves when payments are capped or costly: one linear program.

With a cap, or when a share of each payment is lost, equilibrium payoffs are no simplex any more and the algorithm of
Goldluecke and Kranz (2018) does not apply. Given the moves of all regimes, however, everything that makes a simple
strategy profile an equilibrium (``bargain.games.deal``) is linear in the payments z = (1 - d) y and the values u of the
path: with w^k_i(s) = (1 - d) u_i(s, a^k) + d E[u_i(s') - z^k_i(s, s')] the value from the moves of regime k on,

    u = w^e,     w^k_i(s) >= (1 - d) u_i(s, a_i', a^k_-i) + d E[u_i(s') - f^i_i(s')]   for every action a_i',
    u_i(s') - z_i >= w^i_i(s')   for all payments and fines,      u_i(s) >= w^i_i(s),
    what is received <= (1 - cost) x what is paid,                what is paid <= (1 - d) cap.

The program maximises what the path is worth to all less the punishments, summed over states. Its answer is an
equilibrium, so an inner bound; the result without limits is an outer bound, because limits only take strategies away.
Where the two meet the answer is exact. Other moves might do better under the limits; they are not searched.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from bargain.games.deal import Deal, weighted_payoffs
from bargain.games.markov import MarkovGame
from bargain.games.record import FloatArray
from bargain.solvers.watch import Watch

IndexArray = npt.NDArray[np.intp]
PRECISION = 1e-10
"""Feasibility tolerance of the linear program, payoffs being scaled to a range of one."""


@dataclass
class Rows:
    """Rows of a sparse system, collected in blocks: entries that are added up, and right hand sides."""

    rows: list[IndexArray] = field(default_factory=list)
    columns: list[IndexArray] = field(default_factory=list)
    entries: list[FloatArray] = field(default_factory=list)
    right: list[FloatArray] = field(default_factory=list)
    count: int = 0

    def block(self, right: Any, *terms: tuple[Any, Any]) -> None:
        """Append len(right) rows; each term is (columns ``(n,)`` or ``(n, k)``, entries that broadcast to them)."""
        right = np.asarray(right, dtype=float)
        numbers = self.count + np.arange(len(right))
        for columns, entries in terms:
            columns = np.asarray(columns)
            self.rows.append(np.broadcast_to(numbers.reshape(-1, *(1,) * (columns.ndim - 1)), columns.shape).ravel())
            self.columns.append(columns.ravel())
            self.entries.append(np.broadcast_to(np.asarray(entries, dtype=float), columns.shape).ravel())
        self.right.append(right)
        self.count += len(right)

    def matrix(self, n_columns: int) -> Any:
        from scipy.sparse import coo_array

        places = np.concatenate(self.rows), np.concatenate(self.columns)
        return coo_array((np.concatenate(self.entries), places), shape=(self.count, n_columns)).tocsr()

    def sides(self) -> FloatArray:
        return np.concatenate(self.right)


class PaymentProgram:
    """The linear program for one game and the moves of a deal; columns are values, payments, fines and the cap."""

    def __init__(self, game: MarkovGame, deal: Deal, cost: float) -> None:
        self.game, self.deal, self.cost = game, deal, cost
        self.keep = np.array(deal.states, dtype=np.intp)
        payoffs, _, self.scale = weighted_payoffs(game, deal.weights)
        self.payoffs = payoffs / self.scale
        m, n, k = len(self.keep), game.n_players, game.probabilities.shape[-1]
        self.number = np.zeros(game.n_states, dtype=np.intp)
        self.number[self.keep] = np.arange(m)
        sizes = [m * n, (1 + n) * m * k * n, (1 + n) * m * k * n, n * m * n, n * m * n, 1]
        ends = np.cumsum([0, *sizes])
        self.n_columns = int(ends[-1])
        shapes = [(m, n), (1 + n, m, k, n), (1 + n, m, k, n), (n, m, n), (n, m, n), (1,)]
        columns = [np.arange(a, b).reshape(shape) for a, b, shape in zip(ends, ends[1:], shapes, strict=False)]
        self.u, self.paid, self.received, self.fined, self.comforted, self.cap = columns
        self.equal, self.below = Rows(), Rows()
        self.moves = deal.moves[:, self.keep]
        self._rows()

    def _ahead(self, regime: int) -> tuple[FloatArray, IndexArray]:
        at = (self.keep, *self.moves[regime].T)
        chances = self.game.probabilities[at]
        return chances, self.number[np.where(chances > 0.0, self.game.successors[at], self.keep[0])]

    def _worth(self, regime: int, i: int, sign: float) -> tuple[FloatArray, list[tuple[Any, Any]]]:
        """Constant and terms of sign * w^k_i(s)."""
        d = self.game.discount_factor
        chances, heads = self._ahead(regime)
        constant = (1.0 - d) * self.payoffs[(self.keep, i, *self.moves[regime].T)]
        terms = [
            (self.u[heads, i], sign * d * chances),
            (self.paid[regime, :, :, i], -sign * d * chances),
            (self.received[regime, :, :, i], sign * d * chances),
        ]
        return sign * constant, terms

    def _rows(self) -> None:
        n = self.game.n_players
        for i in range(n):
            constant, terms = self._worth(0, i, 1.0)
            self.equal.block(-constant, (self.u[:, i], -1.0), *terms)
            held, punished = self._worth(1 + i, i, 1.0)
            self.below.block(-held, (self.u[:, i], -1.0), *punished)
            for regime in range(1 + n):
                self._no_better_action(regime, i)
                self._payments_made(regime, i, held, punished)
            for j in range(n):
                pays = [(self.u[:, i], -1.0), (self.fined[j, :, i], 1.0), (self.comforted[j, :, i], -1.0)]
                self.below.block(-held, *pays, *punished)
        for given, taken in ((self.paid, self.received), (self.fined, self.comforted)):
            gave, took = given.reshape(-1, n), taken.reshape(-1, n)
            self.below.block(np.zeros(len(gave)), (gave, self.cost - 1.0), (took, 1.0))

    def _no_better_action(self, regime: int, i: int) -> None:
        game, d = self.game, self.game.discount_factor
        minus, terms = self._worth(regime, i, -1.0)
        for action in range(game.n_actions[i]):
            rows = np.flatnonzero(game.available[i][self.keep, action] & (self.moves[regime, :, i] != action))
            if not len(rows):
                continue
            profile = self.moves[regime, rows].copy()
            profile[:, i] = action
            at = (self.keep[rows], *profile.T)
            chances = game.probabilities[at]
            heads = self.number[np.where(chances > 0.0, game.successors[at], self.keep[0])]
            now = (1.0 - d) * self.payoffs[(self.keep[rows], i, *profile.T)]
            stay = [(columns[rows], entries[rows]) for columns, entries in terms]
            ahead = [(self.u, d), (self.fined[i], -d), (self.comforted[i], d)]
            self.below.block(-now - minus[rows], *stay, *((table[heads, i], x * chances) for table, x in ahead))

    def _payments_made(self, regime: int, i: int, held: FloatArray, punished: list[tuple[Any, Any]]) -> None:
        chances, heads = self._ahead(regime)
        rows, places = np.nonzero(chances > 0.0)
        to = heads[rows, places]
        terms: list[tuple[Any, Any]] = [
            (self.u[to, i], -1.0),
            (self.paid[regime, rows, places, i], 1.0),
            (self.received[regime, rows, places, i], -1.0),
        ]
        self.below.block(-held[to], *terms, *((columns[to], entries[to]) for columns, entries in punished))

    def solve(self, cap: float | None, seconds: float) -> tuple[int, FloatArray | None]:
        """Status of the program (0 solved, 1 time over, 2 infeasible) and its solution; cap None: the smallest one."""
        from scipy.optimize import linprog

        goal = np.zeros(self.n_columns)
        if cap is None:
            goal[self.cap] = 1.0
        else:
            goal[self.u] = -1.0
            for i in range(self.game.n_players):
                for columns, entries in self._worth(1 + i, i, 1.0)[1]:
                    np.add.at(goal, columns, entries)
        bounds = np.zeros((self.n_columns, 2))
        bounds[:, 1] = np.inf
        bounds[self.u.ravel(), 0] = -np.inf
        most = np.concatenate([self.paid.ravel(), self.fined.ravel()])
        below, sides = self.below.matrix(self.n_columns), self.below.sides()
        if cap is None:
            below, sides = self._under_cap(below, most), np.concatenate([sides, np.zeros(len(most))])
        else:
            bounds[self.cap] = 0.0
            bounds[most, 1] = (1.0 - self.game.discount_factor) * cap / self.scale
        options: Any = {"primal_feasibility_tolerance": PRECISION, "dual_feasibility_tolerance": PRECISION}
        if np.isfinite(seconds):
            options["time_limit"] = max(seconds, 1e-3)
        found = linprog(  # type: ignore[call-overload]
            goal,
            A_ub=below,
            b_ub=sides,
            A_eq=self.equal.matrix(self.n_columns),
            b_eq=self.equal.sides(),
            bounds=bounds,
            method="highs",
            options=options,
        )
        return int(found.status), found.x if found.status == 0 else None

    def _under_cap(self, below: Any, most: IndexArray) -> Any:
        """The inequalities, and that no payment exceeds the cap's column."""
        from scipy.sparse import vstack

        rows = Rows()
        rows.block(np.zeros(len(most)), (most, 1.0), (np.broadcast_to(self.cap, most.shape), -1.0))
        return vstack([below, rows.matrix(self.n_columns)])

    def deal_of(self, x: FloatArray, cap: float) -> Deal:
        """The deal with these payments; up-front ones towards the old division, as far as limits allow."""
        game, d, n = self.game, self.game.discount_factor, self.game.n_players
        per_round = self.scale / (1.0 - d)
        paid = (x[self.paid] - x[self.received]) * per_round
        fines, payments = np.zeros((n, game.n_states, n)), np.zeros((1 + n, game.n_states, *self.paid.shape[2:]))
        payments[:, self.keep] = _covered(paid, self.cost)
        fines[:, self.keep] = _covered((x[self.fined] - x[self.comforted]) * per_round, self.cost)
        up_front = np.zeros((game.n_states, n))
        if self.cost == 0.0:
            up_front[self.keep] = self._start(x, per_round, cap)
        given = self.deal
        return Deal(given.weights, given.states, given.moves, up_front, payments, fines, self.cost)

    def _start(self, x: FloatArray, per_round: float, cap: float) -> FloatArray:
        """Up-front payments that divide the surplus equally, or the share of them that the cap allows."""
        held = np.stack([self._value(x, i) for i in range(self.game.n_players)], axis=1)
        values = x[self.u]
        surplus = values.sum(axis=1) - held.sum(axis=1)
        wanted = (values - held - surplus[:, None] / self.game.n_players) * per_round
        wanted -= wanted.mean(axis=1, keepdims=True)
        return _within(wanted, cap)

    def _value(self, x: FloatArray, i: int) -> FloatArray:
        constant, terms = self._worth(1 + i, i, 1.0)
        return np.asarray(constant + sum((x[columns] * entries).sum(axis=1) for columns, entries in terms))


def limited_deal(game: MarkovGame, deal: Deal, cap: float, cost: float, watch: Watch) -> tuple[Deal | None, str, str]:
    """A deal with the same moves within the limits or None, a remark for the message, and why it stopped if it did."""
    limits = " and ".join(
        [f"at most {cap:g} per player and round"] * bool(np.isfinite(cap)) + [f"{cost:.3g} of each lost"] * (cost > 0.0)
    )
    done = f"payments ({limits}) enforce the moves that are best without limits"
    if cost == 0.0 and max(deal.payments.max(initial=0.0), deal.fines.max(initial=0.0)) <= cap:
        return deal.with_up_front(_within(np.array(deal.up_front), cap)), done, ""
    program = PaymentProgram(game, deal, cost)
    watch.report(0.9, "payments within the limits")
    status, x = program.solve(cap, watch.seconds_left)
    if x is not None:
        # The program keeps the cap up to its precision only.
        return program.deal_of(x, cap), done, ""
    if status == 1:
        return None, "", "time limit reached in the linear program of the payments"
    remark = f"no payments ({limits}) enforce the moves that are best without limits"
    if np.isfinite(cap):
        _, x = program.solve(None, watch.seconds_left)
        needed = "" if x is None else f"; max_transfer must be at least {_cap(program, x):.6g} for that"
        remark += needed
    return None, f"{remark}; other moves may be enforceable, they are not searched", ""


def _within(up_front: FloatArray, cap: float) -> FloatArray:
    """Up-front payments, or the share of them that the cap allows: what lies between is an equilibrium, too."""
    most = up_front.max(axis=1, keepdims=True)
    return np.asarray(up_front * np.where(most > cap, cap / np.where(most > 0.0, most, 1.0), 1.0))


def _cap(program: PaymentProgram, x: FloatArray) -> float:
    return float(x[program.cap][0]) * program.scale / (1.0 - program.game.discount_factor)


def _covered(payments: FloatArray, cost: float) -> FloatArray:
    """Payments whose receipts are covered by what is paid, which rounding may leave open."""
    gives = np.maximum(payments, 0.0).sum(axis=-1, keepdims=True) * (1.0 - cost)
    takes = np.maximum(-payments, 0.0).sum(axis=-1, keepdims=True)
    share = np.where(takes > gives, gives / np.where(takes > 0.0, takes, 1.0), 1.0)
    return np.where(payments < 0.0, payments * share, payments)
