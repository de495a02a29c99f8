"""The payments that make moves enforce themselves, in closed form (Goldluecke and Kranz 2018, section 3).

With S(s) = U(s) - sum_i v_i(s) the surplus of state s, every division of U(s) that leaves player i at least v_i(s) can
be had by payments at the beginning of a round, because who does not pay is held to v_i(s). After move a^k in regime k,
player j is promised v_j(s') + x_j S(s') in the state s' that follows, with the share

    x_j >= (c_j(s, a^k) - (1 - d) u_j(s, a^k) - d E[v_j(s')]) / (d E[S(s')]),

which pays him just for what he could gain otherwise. The shares needed add up to at most one exactly when the move is
admissible. What is left over of them goes to the players in proportion to given shares; in the punishment of player i,
to the others only. After j alone deviated he is promised v_j(s') and the others divide the surplus. The payments are
the values u^e from the path's moves on, less what is promised, divided by (1 - d).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bargain.games.deal import Deal
from bargain.games.record import FloatArray
from bargain.solvers.enforceable_elimination import Elimination, MoveTables, SmallIntArray, first_near_best


@dataclass(frozen=True, eq=False)
class Promises:
    """Moves of all regimes ``(1 + n_players, n_states)`` and shares of the surplus promised after them.

    shares: ``(1 + n_players, n_states, n_players)``; values: u^e ``(n_states, n_players)``, from zero on.
    """

    moves: SmallIntArray
    shares: FloatArray
    values: FloatArray


def deal_of(tables: MoveTables, run: Elimination, weights: FloatArray, split: FloatArray) -> Deal:
    """The deal that attains U on its path and v in its punishments, the surplus at the start divided by ``split``."""
    promises = promised(tables, run, split)
    n, d = len(tables.own), tables.discount_factor
    low = run.punishments.T
    surplus = (run.joint - low.sum(axis=1))[:, None]
    apart = np.maximum(1.0 - np.eye(n), 0.0) * split if n > 1 else np.ones((1, 1))
    others = _normalised(apart, 1.0 - np.eye(n) if n > 1 else np.ones((1, 1)))
    states = np.arange(len(run.joint))
    heads = tables.follow[states, promises.moves].astype(np.intp)
    promise = low[heads] + promises.shares[:, :, None, :] * surplus[heads]
    likely = tables.chances[states, promises.moves] > 0.0
    payments = np.where(likely[..., None], promises.values[heads] - promise, 0.0) / (1.0 - d)
    fines = (promises.values - (low + others[:, None, :] * surplus)) / (1.0 - d)
    up_front = (promises.values - (low + split * surplus)) / (1.0 - d)
    alive = run.alive
    for table in (payments, fines):
        table[:, ~alive] = 0.0
    up_front[~alive] = 0.0
    moves = np.stack(np.unravel_index(promises.moves, tables.n_actions), axis=-1)
    inside = tuple(int(s) for s in np.flatnonzero(alive))
    return Deal(weights, inside, moves, balanced(up_front), balanced(payments), balanced(fines))


def promised(tables: MoveTables, run: Elimination, split: FloatArray) -> Promises:
    """Who is promised what after the moves of each regime."""
    n, d = len(tables.own), tables.discount_factor
    plan, punishing = first_near_best(run, tables.near)
    moves = np.concatenate([plan[None], punishing])
    states = np.arange(len(plan))
    chances, heads = tables.chances[states, moves], tables.follow[states, moves].astype(np.intp)
    low = run.punishments.T
    ahead = np.einsum("rsk,rski->rsi", chances, low[heads])
    spare = d * np.einsum("rsk,rsk->rs", chances, (run.joint - low.sum(axis=1))[heads])
    kept = (1.0 - d) * np.moveaxis(tables.own[:, states, moves], 0, -1) + d * ahead
    tempted = np.moveaxis(run.best[:, states, moves], 0, -1) - kept
    # Gains below rounding are none; without a surplus to promise there can be none.
    tempted = np.where(tempted > 1e-14 * tables.scale, tempted, 0.0)
    needed = np.divide(tempted, spare[..., None], out=np.zeros_like(tempted), where=spare[..., None] > 0.0)
    total = needed.sum(axis=2, keepdims=True)
    needed = np.where(total > 1.0, needed / np.maximum(total, 1.0), needed)
    rest = 1.0 - needed.sum(axis=2, keepdims=True)
    takers = np.ones((1 + n, n))
    if n > 1:
        takers[1:] -= np.eye(n)
    shares = needed + rest * _normalised(takers * split, takers)[:, None, :]
    values = kept[0] + shares[0] * spare[0][:, None]
    return Promises(moves, shares, values)


def balanced(table: FloatArray) -> FloatArray:
    """Payments that add up to nothing, entries of rounding size left where they are."""
    return np.asarray(table - table.mean(axis=-1, keepdims=True))


def _normalised(shares: FloatArray, takers: FloatArray) -> FloatArray:
    """Rows that sum to one; equal shares among the takers where nobody has any."""
    total = shares.sum(axis=-1, keepdims=True)
    equal = takers / takers.sum(axis=-1, keepdims=True)
    return np.where(total > 0.0, shares / np.where(total > 0.0, total, 1.0), equal)
