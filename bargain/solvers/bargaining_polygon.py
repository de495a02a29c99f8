"""Two-player bargaining on a polygon: the Pareto frontier as a chain of edges, each solution in closed form on an edge.

Gains over the threat point are measured in shares of each player's payoff range. The chain runs from where the second
player gains most to where the first one does, so that g_1 rises and g_2 falls along it. On an edge from g with
direction e the product g_1^w1 g_2^w2 is largest at the share s = (w1 e_1 g_2 + w2 e_2 g_1) / ((w1 + w2) |e_1 e_2|) of
its length.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bargain.games.bargaining import NO_GAIN, BargainingProblem
from bargain.games.record import FloatArray
from bargain.solvers.base import TIE

SNAP = 1e-12
"""A gain smaller than this share of the payoff range is rounding."""

Lottery = dict[int, float]
"""Probabilities of the given points that are drawn at all."""


@dataclass(frozen=True)
class Chain:
    """Corners of a Pareto frontier: gains ``(n_corners, 2)`` in shares of the ranges, and a lottery for each."""

    gains: FloatArray
    lotteries: tuple[Lottery, ...]

    def at(self, edge: int, share: float) -> Lottery:
        """The lottery at a share of the way along an edge; beyond the last edge, at the last corner."""
        if share <= 0.0 or edge + 1 == len(self.gains):
            return self.lotteries[edge]
        mixed = {point: (1.0 - share) * weight for point, weight in self.lotteries[edge].items()}
        for point, weight in self.lotteries[edge + 1].items():
            mixed[point] = mixed.get(point, 0.0) + share * weight
        return mixed

    def part(self, first: int, last: int) -> Chain:
        """The chain from one corner to another, both included."""
        return Chain(self.gains[first : last + 1], self.lotteries[first : last + 1])

    @property
    def gainers(self) -> npt.NDArray[np.bool_]:
        """Who gains somewhere on the chain, ``(2,)``."""
        return np.array([self.gains[-1, 0] > NO_GAIN, self.gains[0, 1] > NO_GAIN])


def pareto_indices(gains: FloatArray) -> list[int]:
    """Positions of the corners of the Pareto frontier of a hull, the first player's payoff rising (Andrew 1979)."""
    hull: list[int] = []
    for point in map(int, np.lexsort((gains[:, 1], gains[:, 0]))):
        if hull and np.array_equal(gains[hull[-1]], gains[point]):
            continue
        while len(hull) >= 2 and _turn(gains[hull[-2]], gains[hull[-1]], gains[point]) >= 0.0:
            hull.pop()
        hull.append(point)
    second = gains[hull, 1]
    return hull[len(hull) - 1 - int(second[::-1].argmax()) :]


def individually_rational_chain(problem: BargainingProblem) -> Chain | None:
    """The Pareto frontier above the threat point, or None when it has no part there."""
    gains = (problem.points - problem.threat_point) / problem.scale
    gains = np.where(np.abs(gains) < SNAP, 0.0, gains)
    indices = pareto_indices(gains)
    chain = Chain(gains[indices], tuple({i: 1.0} for i in indices))
    if chain.gains[-1, 0] < 0.0 or chain.gains[0, 1] < 0.0:
        return None
    chain = _cut(chain, 0, int(np.argmax(chain.gains[:, 0] >= 0.0)))
    # From the other end, the second player takes the place of the first one.
    above = np.flatnonzero(chain.gains[:, 1] >= 0.0)
    if not len(above):
        return None
    return _cut(chain, 1, int(above[-1]))


def _cut(chain: Chain, player: int, corner: int) -> Chain:
    """Drop what lies beyond ``corner``, except the stretch of its edge where ``player`` does not lose."""
    step = -1 if player == 0 else 1
    kept = chain.part(corner, len(chain.gains) - 1) if player == 0 else chain.part(0, corner)
    if not 0 <= corner + step < len(chain.gains) or chain.gains[corner, player] <= 0.0:
        return kept
    inside, outside = chain.gains[corner], chain.gains[corner + step]
    share = inside[player] / (inside[player] - outside[player])
    edge = min(corner, corner + step)
    lottery = chain.at(edge, 1.0 - share if player == 0 else share)
    end = inside + share * (outside - inside)
    end[player] = 0.0
    if player == 0:
        return Chain(np.vstack([end, kept.gains]), (lottery, *kept.lotteries))
    return Chain(np.vstack([kept.gains, end]), (*kept.lotteries, lottery))


def nash_point(chain: Chain, weights: Sequence[float]) -> Lottery:
    """Where g_1^w1 g_2^w2 is largest, both players able to gain."""
    start, edges = chain.gains[:-1], np.diff(chain.gains, axis=0)
    slope = weights[0] * edges[:, 0] * start[:, 1] + weights[1] * edges[:, 1] * start[:, 0]
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(slope > 0.0, slope / (-sum(weights) * edges[:, 0] * edges[:, 1]), 0.0)
    reached = np.flatnonzero(share < 1.0)
    return chain.at(int(reached[0]), float(share[reached[0]])) if len(reached) else chain.lotteries[-1]


def proportional_point(chain: Chain, units: Sequence[float]) -> Lottery:
    """Where the gains are as ``units``, or the end of the chain that comes closest."""
    lead = chain.gains[:, 0] / units[0] - chain.gains[:, 1] / units[1]
    if lead[0] >= 0.0 or len(lead) == 1:
        return chain.lotteries[0]
    if lead[-1] <= 0.0:
        return chain.lotteries[-1]
    edge = int(np.argmax(lead > 0.0)) - 1
    return chain.at(edge, float(-lead[edge] / (lead[edge + 1] - lead[edge])))


def largest_sum(chain: Chain, prices: FloatArray, units: Sequence[float]) -> tuple[Lottery, bool]:
    """Where the priced sum of gains is largest, whether many points tie; of those the one with gains as ``units``."""
    sums = chain.gains @ prices
    tied = np.flatnonzero(sums >= sums.max() - TIE * float(prices.max()))
    best = chain.part(int(tied[0]), int(tied[-1]))
    return proportional_point(best, units), len(tied) > 1


def _turn(first: FloatArray, second: FloatArray, third: FloatArray) -> float:
    """Positive when the way from first over second to third turns left."""
    a, b = second - first, third - first
    return float(a[0] * b[1] - a[1] * b[0])
