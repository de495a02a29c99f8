"""The logit equilibrium conditions in log-probabilities, with their derivatives.

For precision t and the log-probabilities x of all actions, one block per player (McKelvey and Palfrey 1995):

    r = x - b - t u(exp x),    F(x, t) = r - mean(r) + log sum(exp x) = 0, mean and sum within each player's block,

u the payoff of every action against the others, b a bias per action that is constant for the principal branch. At
t = 0 the only solution is the start softmax(b), the centroid when b = 0. Log-probabilities keep actions that are played
with probability 1e-300 as well scaled as the others (Turocy 2005). Written with differences of r, F is as mild as the
payoffs themselves however large t is; x - log softmax(b + t u) has the same zeros but bends like t squared.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bargain.games.profile import MixedProfile
from bargain.games.record import FloatArray
from bargain.games.stage import StageGame


@dataclass(frozen=True, eq=False)
class LogitSystem:
    """Logit conditions of a game whose payoffs are divided by ``scale``, the largest payoff range of any player.

    tables: per player the payoffs ``(*n_actions,)``, between 0 and the player's share of the largest range;
    slices: where each player's actions are in the stacked vectors; bias: ``(n,)`` added to every action's t u.
    """

    tables: tuple[FloatArray, ...]
    slices: tuple[slice, ...]
    scale: float
    bias: FloatArray
    _means: FloatArray
    _pairs: tuple[tuple[int, int, tuple[int, ...], FloatArray], ...]
    _constant: FloatArray | None

    @classmethod
    def of(cls, game: StageGame, start: MixedProfile | None = None) -> LogitSystem:
        """The conditions of a game, from the centroid or from another start with only positive probabilities."""
        scale = float(game.payoff_range.max()) or 1.0
        tables = tuple((table - table.min()) / scale for table in game.payoffs)
        ends = np.cumsum(game.n_actions)
        slices = tuple(slice(int(end) - n, int(end)) for end, n in zip(ends, game.n_actions, strict=True))
        bias = np.zeros(int(ends[-1])) if start is None else np.log(np.concatenate(start))
        pairs = tuple(_pair(tables[i], i, j) for i in range(game.n_players) for j in range(game.n_players) if i != j)
        constant = None
        if game.n_players <= 2:
            constant = np.zeros((int(ends[-1]),) * 2)
            for i, j, _, table in pairs:
                constant[slices[i], slices[j]] = table
        means = np.zeros((int(ends[-1]),) * 2)
        for own, n in zip(slices, game.n_actions, strict=True):
            means[own, own] = 1.0 / n
        return cls(tables, slices, scale, bias, means, pairs, constant)

    @property
    def size(self) -> int:
        return len(self.bias)

    def start(self) -> FloatArray:
        """Log-probabilities at precision 0."""
        x = self.bias.copy()
        for own in self.slices:
            x[own] = _log_softmax(x[own])
        return x

    def payoffs(self, p: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Payoff of every action ``(n,)`` and its derivatives ``(n, n)`` with respect to the others' probabilities."""
        if len(self.slices) == 1:
            return self.tables[0], np.zeros((self.size,) * 2)
        if self._constant is not None:
            return self._constant @ p, self._constant
        slopes = np.zeros((self.size,) * 2)
        u = np.empty(self.size)
        for i, j, others, table in self._pairs:
            block = table
            for k in reversed(others):
                block = block @ p[self.slices[k]]
            slopes[self.slices[i], self.slices[j]] = block
            u[self.slices[i]] = block @ p[self.slices[j]]
        return u, slopes

    def residual(self, x: FloatArray, precision: float) -> FloatArray:
        """F(x, t) alone, ``(n,)``."""
        value = x - self.bias - precision * self.payoffs(np.exp(x))[0]
        for own in self.slices:
            value[own] += np.log(np.exp(x[own]).sum()) - value[own].sum() / (own.stop - own.start)
        return np.asarray(value)

    def linearised(self, x: FloatArray, precision: float, border: FloatArray) -> tuple[FloatArray, FloatArray]:
        """F ``(n,)`` and its Jacobian ``(n + 1, n + 1)`` in (x, t), with ``border`` as last row."""
        n = self.size
        p = np.exp(x)
        u, slopes = self.payoffs(p)
        value = x - self.bias - precision * u
        jacobian = np.empty((n + 1, n + 1))
        np.multiply(slopes, -precision * p, out=jacobian[:n, :n])
        np.negative(u, out=jacobian[:n, n])
        rows = jacobian[:n]
        rows.flat[:: n + 2] += 1.0
        rows -= self._means @ rows
        value -= self._means @ value
        for own in self.slices:
            total = float(p[own].sum())
            value[own] += np.log(total)
            rows[own, own] += p[own] / total
        jacobian[n] = border
        return value, jacobian

    def split(self, x: FloatArray) -> tuple[FloatArray, ...]:
        """One block per player."""
        return tuple(x[own] for own in self.slices)

    def regret(self, p: FloatArray) -> float:
        """Largest gain of any player from a deviation, as a share of that player's payoff range."""
        u = self.payoffs(p)[0]
        worst = 0.0
        for own, table in zip(self.slices, self.tables, strict=True):
            spread = float(table.max())
            if spread:
                worst = max(worst, (float(u[own].max()) - float(u[own] @ p[own])) / spread)
        return worst


def _log_softmax(z: FloatArray) -> FloatArray:
    shifted = z - z.max()
    return np.asarray(shifted - np.log(np.exp(shifted).sum()))


def _pair(table: FloatArray, i: int, j: int) -> tuple[int, int, tuple[int, ...], FloatArray]:
    """Player i's table with axes (i, j, others): contracted over the others it is the slope of u_i in p_j."""
    others = tuple(k for k in range(table.ndim) if k not in (i, j))
    return i, j, others, np.ascontiguousarray(table.transpose(i, j, *others))
