"""One player moves first: the best commitment of a leader, pure or mixed, against a follower who replies best.

Mixed, one linear program for each reply j (Conitzer and Sandholm 2006): the best x for the leader in the set X(j) of
those to which j is a best reply. An optimistic follower breaks ties for the leader; the best of all programs is then
attained. A pessimistic one breaks them against the leader: only replies count whose X(j) has an interior, and of those
always as good as j the worst for the leader (von Stengel and Zamir 2010). That value is a supremum: it may be
reached only in the limit, which the solution says. Commitments equally good for the leader are told apart by the
follower's payoff; what that leaves open goes to the first reply, or the first pure commitment, in natural order of the
labels: all programs are set up in that order, so that listing actions or players otherwise changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal

import numpy as np

from bargain.games.linear_program import best_point
from bargain.games.record import FloatArray
from bargain.games.stage import StageGame
from bargain.solvers.base import TIE, Proposal, Solver
from bargain.solvers.canonical_order import NameOrder
from bargain.solvers.commitment import Commitment, StackelbergSolution, leader_first
from bargain.solvers.correlated_equilibria import player_index
from bargain.solvers.watch import current_watch

INTERIOR = 1e-9
"""A reply that beats all others somewhere by more than this (payoff range 1) is best on a set with interior."""

MARGIN = 1e-4
"""Margins over other replies beyond this are as good as any when ties are avoided."""


@dataclass(frozen=True)
class Stackelberg(Solver[StageGame, StackelbergSolution]):
    """Best commitment of ``leader`` (label or number) in a two-player game.

    commitment: "mixed" (the follower sees the probabilities, not the draw) or "pure"; follower: "optimistic" (ties for
    the leader) or "pessimistic" (against); time_limit: seconds.
    """

    leader: str | int = 0
    commitment: Literal["mixed", "pure"] = "mixed"
    follower: Literal["optimistic", "pessimistic"] = "optimistic"
    time_limit: float | None = None

    concept: ClassVar[str] = "Stackelberg equilibrium"
    solution_type: ClassVar[type[StackelbergSolution]] = StackelbergSolution
    n_players: ClassVar[int | None] = 2

    def __post_init__(self) -> None:
        if self.commitment not in ("mixed", "pure"):
            raise ValueError(f"commitment = {self.commitment!r} is neither 'mixed' nor 'pure'")
        if self.follower not in ("optimistic", "pessimistic"):
            raise ValueError(f"follower = {self.follower!r} is neither 'optimistic' nor 'pessimistic'")

    def check_suits(self, game: Any) -> None:
        super().check_suits(game)
        player_index(game, self.leader)

    def propose(self, game: StageGame) -> Proposal:
        leader = player_index(game, self.leader)
        names = NameOrder.of(game.players, game.actions)
        rows, columns = (list(names.actions[k]) for k in (leader, 1 - leader))
        own, other = (table[np.ix_(rows, columns)] for table in leader_first(game, leader))
        units = float(own.max()) or 1.0, float(other.max()) or 1.0
        own, other = own / units[0], other / units[1]
        text = f"{game.players[leader]} commits first, {self.commitment}; {self.follower} {game.players[1 - leader]}"
        if self.commitment == "pure":
            proposal = Proposal(candidates=(_pure(own, other, self.follower),), message=text)
        else:
            proposal = _mixed(own, other, self.follower == "pessimistic", units[0] / units[1], text)
        return replace(proposal, candidates=tuple(_put_back(answer, rows, columns) for answer in proposal.candidates))


def _pure(own: FloatArray, other: FloatArray, follower: str) -> Commitment:
    """Best pure commitment: ties of the leader go to the follower's advantage, then to the first action listed."""
    best = other >= other.max(axis=1, keepdims=True) - TIE
    sign = 1.0 if follower == "optimistic" else -1.0
    replies = np.where(best, sign * own, -np.inf).argmax(axis=1)
    rows = np.arange(len(own))
    values = own[rows, replies]
    row = int(np.where(values >= values.max() - TIE, other[rows, replies], -np.inf).argmax())
    nothing = np.zeros((other.shape[1], other.shape[1]))
    return Commitment(np.eye(len(own))[row], int(replies[row]), nothing, nothing)


def _put_back(answer: Commitment, rows: list[int], columns: list[int]) -> Commitment:
    """The commitment by positions of the actions in the game, ``rows`` and ``columns`` those in order of names."""
    row_place, place = np.argsort(rows), np.argsort(columns)
    square = np.ix_(place, place)
    interior = None if answer.interior is None else answer.interior[row_place]
    weights, prices = answer.weights[square], answer.prices[square]
    return Commitment(answer.strategy[row_place], columns[answer.reply], weights, prices, interior)


@dataclass(frozen=True, eq=False)
class _Region:
    """Where a reply j is best: its best point for the leader, and the prices that prove it."""

    value: float
    follower_value: float
    strategy: FloatArray
    weights: FloatArray
    prices: FloatArray
    interior: FloatArray | None


def _mixed(own: FloatArray, other: FloatArray, pessimistic: bool, unit: float, text: str) -> Proposal:
    """The best of all programs; ``unit`` turns prices in shares of payoff ranges into payoffs of both players."""
    watch = current_watch()
    n = other.shape[1]
    weights, prices = np.eye(n), np.zeros((n, n))
    dominated: dict[int, tuple[float, FloatArray]] = {}
    regions: dict[int, _Region] = {}
    stopped = ""
    for j in range(n):
        if watch.expired():
            stopped = "time limit reached"
            break
        watch.report(j / n, f"reply {j + 1} of {n}")
        margin, interior, mixture = _margin(other, j)
        if margin < -INTERIOR:
            dominated[j] = (-margin, mixture)
        elif pessimistic and margin <= INTERIOR:
            weights[j], prices[j] = 0.0, mixture
        else:
            region = _region(own, other, j, pessimistic, interior)
            if region is not None:
                regions[j] = region
                weights[j], prices[j] = region.weights, region.prices
    if not regions:
        return Proposal(stopped=stopped or "no program was solved", message=f"{text}; raise time_limit")
    top = max(region.value for region in regions.values())
    best = max(
        (j for j, region in regions.items() if region.value >= top - INTERIOR),
        key=lambda j: (round(regions[j].follower_value, 8), -j),
    )
    for j, (gain, mixture) in dominated.items():
        # Priced high enough, what the follower gains over a dominated reply outweighs all that the leader could get.
        prices[j] = mixture * max(float(own[:, j].max()) - top + INTERIOR, 0.0) / gain
    reply = best
    if pessimistic:
        alike = np.flatnonzero(np.abs(other - other[:, [best]]).max(axis=0) <= TIE)
        reply = int(alike[(regions[best].strategy @ own[:, alike]).argmin()])
    answer = Commitment(regions[best].strategy, reply, weights, prices * unit, regions[best].interior)
    return Proposal(candidates=(answer,), stopped=stopped, message=text)


def _margin(other: FloatArray, j: int) -> tuple[float, FloatArray, FloatArray]:
    """How far reply j can beat all replies that differ from it: margin, where, and the mixture that prevents more."""
    m, n = other.shape
    rivals = np.flatnonzero(np.abs(other - other[:, [j]]).max(axis=0) > TIE)
    mixture = np.zeros(n)
    if not len(rivals):
        return 1.0, np.full(m, 1.0 / m), mixture
    leads = other[:, [j]] - other[:, rivals]
    found = best_point(
        [np.append(np.zeros(m), 1.0)],  # The variable after x is the margin plus one.
        np.column_stack([-leads.T, np.ones(len(rivals))]),
        np.ones(len(rivals)),
        equalities=np.append(np.ones(m), 0.0)[None, :],
        targets=[1.0],
    )
    mixture[rivals] = found.multipliers
    return found.value - 1.0, found.point[:m] / found.point[:m].sum(), mixture


def _region(own: FloatArray, other: FloatArray, j: int, pessimistic: bool, interior: FloatArray) -> _Region | None:
    """Best point of the leader where j is a best reply; None when the program has no answer.

    Variables: x, the leader's level t, and for a pessimistic follower capped margins over the other replies, whose sum
    is the second objective: of the best points one with as few ties as possible.
    """
    m, n = other.shape
    alike = np.abs(other - other[:, [j]]).max(axis=0) <= TIE
    counted = np.flatnonzero(alike) if pessimistic else np.array([j])
    rivals = np.flatnonzero(~alike)
    k = len(rivals) if pessimistic else 0
    behind = np.where(np.abs(other - other[:, [j]]) > TIE, other - other[:, [j]], 0.0)[:, rivals].T
    level = np.column_stack([-own[:, counted].T, np.ones(len(counted)), np.zeros((len(counted), k))])
    best = np.column_stack([behind, np.zeros((len(rivals), 1 + k))])
    caps = np.column_stack([np.zeros((2 * k, m + 1)), np.concatenate([np.eye(k), np.eye(k)])])
    caps[:k, :m] = behind if k else 0.0
    limits = np.concatenate([np.zeros(len(counted) + len(rivals) + k), np.full(k, MARGIN)])
    objectives = [np.eye(m + 1 + k)[m]]
    if pessimistic:
        objectives.append(np.append(np.zeros(m + 1), np.ones(k)))
    objectives.append(np.append(other[:, j], np.zeros(1 + k)))
    total = np.append(np.ones(m), np.zeros(1 + k))[None, :]
    rows = np.concatenate([level, best, caps])
    found = best_point(objectives, rows, limits, equalities=total, targets=[1.0])
    if found.failure:
        return None
    x = np.where(found.point[:m] > TIE * 1e-2, found.point[:m], 0.0)
    x = x / x.sum()
    weights, prices = np.zeros(n), np.zeros(n)
    shares = found.multipliers[: len(counted)]
    weights[counted] = shares / shares.sum() if shares.sum() > 0.0 else 1.0 / len(counted)
    prices[rivals] = found.multipliers[len(counted) : len(counted) + len(rivals)]
    if k:
        prices[rivals] += found.multipliers[len(counted) + len(rivals) :][:k]
    value = float((x @ own[:, counted]).min())
    return _Region(value, float(x @ other[:, j]), x, weights, prices, interior)
