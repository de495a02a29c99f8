"""Chains of many truces solved backwards, one level of states after the other.

What is used up or built under agreed moves does not come back: the strongly connected components of such a chain are
small, and each leads only to components of lower levels (its level is the longest way to one that play never leaves).
With components of one or two states, w = r + d P (w or b) is solved by substitution (Kemeny and Snell 1960, chapter 3):
for a state i and its partner j, with s_i = (r_i + d sum_k p_ik w_k) / (1 - d p_ii) over lower levels k, and
B_i = d p_ij / (1 - d p_ii), it is w_i = (s_i + B_i s_j) / (1 - B_i B_j), or s_i + B_i b_j when j is outside. The same
pass solves the optimal stopping problem X = max(b, r + d P X), because the best plan is one of these in each component.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from bargain.games.markov import BoolArray, IntArray
from bargain.games.record import FloatArray


@dataclass(frozen=True)
class ChainLevels:
    """Truces on the same n states, all M n states sorted by level, rows of all arrays but ``order`` in that order.

    shape: ``(M, n_states, n_players)``; order: numbers of states (truce times n_states plus state), lowest level first;
    ahead: of each level d times the chances to reach states of lower levels, sparse ``(states of the level, all)``;
    partner: row of the other state of the component, the state's own where there is none; outside: b; share:
    1 / (1 - d p_ii); base: (1 - d) u share; swap: B_i; circle: 1 / (1 - B_i B_j): ``(M n_states, n_players)``.
    """

    shape: tuple[int, int, int]
    order: IntArray
    ahead: tuple[Any, ...]
    partner: IntArray
    outside: FloatArray
    share: FloatArray
    base: FloatArray
    swap: FloatArray
    circle: FloatArray

    @classmethod
    def of(
        cls, chances: FloatArray, successors: IntArray, payoffs: FloatArray, outside: FloatArray, discount_factor: float
    ) -> ChainLevels | None:
        """From chances and successors ``(M, n_states, k)``, payoffs ``(M, n_states, n_players)``, and values outside.

        None where a component has more than two states.
        """
        from scipy.sparse import csr_array
        from scipy.sparse.csgraph import connected_components

        chain, n = stacked_chain(chances, successors), payoffs.shape[2]
        n_components, label = connected_components(chain, directed=True, connection="strong")
        if np.bincount(label).max() > 2:
            return None
        rows, columns = np.repeat(np.arange(len(label)), np.diff(chain.indptr)), chain.indices
        leaves = label[rows] != label[columns]
        level = _levels(label[rows[leaves]], label[columns[leaves]], n_components)[label]
        order = np.lexsort((label, level))
        place = np.empty(len(order), dtype=np.intp)
        place[order] = np.arange(len(order))
        partner = np.arange(len(order))
        first = np.flatnonzero(np.diff(label[order]) == 0)
        partner[first], partner[first + 1] = first + 1, first
        chance = discount_factor * chain.data
        stay, across = np.zeros(len(order)), np.zeros(len(order))
        here, inner = rows == columns, ~leaves & (rows != columns)
        stay[place[rows[here]]] = chance[here]
        across[place[rows[inner]]] = chance[inner]
        onward = csr_array((chance[leaves], (place[rows[leaves]], place[columns[leaves]])), shape=chain.shape)
        ends = np.cumsum(np.bincount(level)).tolist()
        share = 1.0 / (1.0 - stay)
        swap = share * across
        right = (1.0 - discount_factor) * payoffs.reshape(-1, n)[order] * share[:, None]
        return cls(
            payoffs.shape,
            order,
            tuple(onward[begin:end] for begin, end in zip([0, *ends[:-1]], ends, strict=True)),
            partner,
            np.broadcast_to(outside, payoffs.shape).reshape(-1, n)[order],
            # As wide as the payoffs: broadcasting along so short an axis is slow.
            np.repeat(share, n).reshape(-1, n),
            right,
            *(np.repeat(column, n).reshape(-1, n) for column in (swap, 1.0 / (1.0 - swap * swap[partner]))),
        )

    def values(self, inside: BoolArray) -> FloatArray:
        """w, ``(M, n_states, n_players)``, with the states inside ``(M, n_states)``."""
        goes_on, together = self._going(inside)
        # Worth is a_i s_i + b_i s_j + c_i, by whether the partner is inside, outside, or the state itself outside.
        own = np.where(goes_on, np.where(together, self.circle, 1.0), 0.0)
        other = np.where(together, self.swap * self.circle, 0.0)
        alone = self.swap * self.outside[self.partner]
        rest = np.where(goes_on, np.where(together, 0.0, alone), self.outside)
        solved, begin = np.zeros(self.base.shape), 0
        for chances in self.ahead:
            at = slice(begin, begin + chances.shape[0])
            here = self.base[at] + self.share[at] * (chances @ solved)
            solved[at] = own[at] * here + other[at] * here[self.partner[at] - begin] + rest[at]
            begin = at.stop
        return self._by_truce(solved)

    def stopping(self, inside: BoolArray) -> FloatArray:
        """X, ``(M, n_states, n_players)``, for each player alone; who is not inside ``(M, n_states)`` has stopped."""
        goes_on, together = self._going(inside)
        other = self.swap * self.circle
        never = np.where(together, 0.0, -np.inf)
        alone = np.where(goes_on, self.swap * self.outside[self.partner], -np.inf)
        solved, begin = np.zeros(self.base.shape), 0
        for chances in self.ahead:
            at = slice(begin, begin + chances.shape[0])
            here = self.base[at] + self.share[at] * (chances @ solved)
            both = self.circle[at] * here + other[at] * here[self.partner[at] - begin] + never[at]
            solved[at] = np.maximum(np.maximum(both, here + alone[at]), self.outside[at])
            begin = at.stop
        return self._by_truce(solved)

    def _going(self, inside: BoolArray) -> tuple[BoolArray, BoolArray]:
        """Which rows are inside, and which of them with their partner, as wide as the payoffs."""
        goes_on = np.repeat(inside.reshape(-1)[self.order], self.shape[2]).reshape(self.base.shape)
        return goes_on, np.asarray(goes_on & goes_on[self.partner])

    def _by_truce(self, rows: FloatArray) -> FloatArray:
        result = np.empty(rows.shape)
        result[self.order] = rows
        return result.reshape(self.shape)


def stacked_chain(chances: FloatArray, successors: IntArray) -> Any:
    """Block-diagonal sparse transitions of chains ``(M, n_states, k)``, no successor listed twice or at chance 0."""
    from scipy.sparse import csr_array

    n_chains, n_states, width = chances.shape
    n = n_chains * n_states
    follow = successors + (np.arange(n_chains) * n_states)[:, None, None]
    begins = np.arange(n + 1) * width
    # What is sorted and added up in place must not be the caller's.
    chain = csr_array((chances.ravel().copy(), follow.ravel(), begins), shape=(n, n))
    chain.sum_duplicates()
    chain.eliminate_zeros()
    return chain


def _levels(source: IntArray, target: IntArray, n_components: int) -> IntArray:
    """Length of the longest way from each component to one that leads nowhere, from the edges of an acyclic graph."""
    level = np.zeros(n_components, dtype=np.intp)
    while True:
        longer = np.zeros_like(level)
        np.maximum.at(longer, source, level[target] + 1)
        if np.array_equal(longer, level):
            return level
        level = longer
