"""Subgame-perfect payoffs of a game repeated a known number of times, by backward induction on sets.

With k + 1 rounds left a profile a can be followed by payoffs w of the k rounds left whenever for each player i

    u_i(a) + d w_i >= (best deviation from a) + d min_i,   min_i the worst payoff of i with k rounds left,

and the last round is a stage equilibrium. A game with one stage payoff only repeats it; with several, the better ones
reward and the worse ones punish what is no stage equilibrium in earlier rounds (Benoit and Krishna 1985). Payoffs are
averages, sum_t d^t u_i(a_t) (1 - d) / (1 - d^k). Pure actions; with public lotteries the sets are convex.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from bargain.games.record import FloatArray
from bargain.games.repeated import RepeatedGame
from bargain.games.stage import StageGame
from bargain.solvers.base import TIE, Proposal, Scope, Solver
from bargain.solvers.finite_horizon_solution import FiniteHorizonSolution, RoundPlan
from bargain.solvers.watch import current_watch

MOST_PAYOFFS = 20_000
"""Without lotteries, the run stops when more distinct payoffs than this arise."""


@dataclass(frozen=True)
class FinitelyRepeated(Solver[StageGame | RepeatedGame, FiniteHorizonSolution]):
    """All pure subgame-perfect payoffs of ``n_rounds`` rounds.

    A stage game is repeated without discounting, a repeated game with its discount factor. public_randomisation: public
    lotteries between rounds (two players only), else finitely many payoffs (any players); time_limit: seconds.
    """

    n_rounds: int = 2
    public_randomisation: bool = True
    time_limit: float | None = None

    concept: ClassVar[str] = "pure subgame-perfect equilibrium of finitely many rounds"
    solution_type: ClassVar[type[FiniteHorizonSolution]] = FiniteHorizonSolution
    game_type: ClassVar[tuple[type, ...]] = (StageGame, RepeatedGame)

    def __post_init__(self) -> None:
        if isinstance(self.n_rounds, bool) or not isinstance(self.n_rounds, int | np.integer) or self.n_rounds < 1:
            raise ValueError(f"n_rounds = {self.n_rounds!r} is not a positive whole number")

    def check_suits(self, game: Any) -> None:
        super().check_suits(game)
        if self.public_randomisation and game.n_players != 2:
            raise ValueError(
                f"FinitelyRepeated with public lotteries is for 2 players, this game has {game.n_players}; "
                "public_randomisation=False takes any number"
            )

    def propose(self, game: StageGame | RepeatedGame) -> Proposal:
        stage = game.stage_game if isinstance(game, RepeatedGame) else game
        d = game.discount_factor if isinstance(game, RepeatedGame) else 1.0
        level = stage.payoffs.reshape(stage.n_players, -1).min(axis=1)
        unit = np.where(stage.payoff_range > 0.0, stage.payoff_range, 1.0)
        shape = (-1, *(1,) * stage.n_players)
        payoffs = (stage.payoffs - level.reshape(shape)) / unit.reshape(shape)
        values, plans, watch = np.zeros((1, stage.n_players)), [], current_watch()
        for k in range(self.n_rounds):
            watch.report(k / self.n_rounds, f"{k} rounds, {len(values)} payoffs")
            if watch.expired():
                return Proposal(stopped="time limit reached", message="raise time_limit or play fewer rounds")
            found = _round(payoffs, values, d, self.public_randomisation)
            if found is None:
                return Proposal(scope=Scope.ALL, message="no equilibrium: the stage game has no pure Nash equilibrium")
            values, plan = found
            if len(values) > MOST_PAYOFFS:
                text = f"{len(values)} payoffs with {k + 1} rounds left"
                return Proposal(stopped=text, message="allow public_randomisation or play fewer rounds")
            plans.append(plan)
        text = "corners" if self.public_randomisation else "payoffs"
        message = f"{len(values)} {text} with {self.n_rounds} rounds, plans certified after every history"
        return Proposal(candidates=(tuple(plans),), scope=Scope.ALL, message=message)


def _round(payoffs: FloatArray, after: FloatArray, d: float, lotteries: bool) -> tuple[FloatArray, RoundPlan] | None:
    """Payoffs with one round more and what they begin with; None when nothing is supported."""
    least = after.min(axis=0)
    rows: list[FloatArray] = []
    outputs: list[tuple[int, ...]] = []
    identity = np.eye(len(after)) if lotteries else np.arange(len(after), dtype=float)[:, None]
    for profile in itertools.product(*map(range, payoffs.shape[1:])):
        now = np.array([table[profile] for table in payoffs])
        best = [table[(*profile[:i], slice(None), *profile[i + 1 :])].max() for i, table in enumerate(payoffs)]
        gain = np.array(best) - now
        floors = np.where(gain > TIE, least + gain / d if d else np.inf, least)
        kept = np.hstack([after, identity])
        for i, floor in enumerate(floors):
            kept = _cut(kept, i, floor - TIE) if lotteries else kept[kept[:, i] >= floor - TIE]
        kept[:, : len(now)] = now + d * kept[:, : len(now)]
        rows.append(kept)
        outputs += [profile] * len(kept)
    table = np.concatenate(rows)
    if not len(table):
        return None
    n = payoffs.shape[0]
    chosen = _corners(table[:, :n]) if lotteries else _distinct(table[:, :n])
    weights = table[chosen, n:]
    if lotteries:
        width = max(1, int((weights > 0.0).sum(axis=1).max()))
        successors = np.argsort(-weights, axis=1, kind="stable")[:, :width]
        chances = np.take_along_axis(weights, successors, axis=1)
        chances = chances / chances.sum(axis=1, keepdims=True)
    else:
        successors, chances = weights.astype(np.intp), np.ones(weights.shape)
    punishments = [int(np.lexsort((after.sum(axis=1), after[:, i]))[0]) for i in range(n)]
    plan = RoundPlan(np.array(outputs, dtype=np.intp)[chosen], successors, chances, np.array(punishments))
    return table[chosen, :n], plan


def _cut(rows: FloatArray, axis: int, floor: float) -> FloatArray:
    """The corners of the part of a polygon with a coordinate of at least ``floor``; further columns come along."""
    inside = rows[:, axis] >= floor
    if inside.all() or not inside.any():
        return rows[inside]
    pieces = []
    for k in range(len(rows)):
        before, here = rows[k - 1], rows[k]
        if inside[k - 1] != inside[k]:
            share = (floor - before[axis]) / (here[axis] - before[axis])
            pieces.append(before + share * (here - before))
        if inside[k]:
            pieces.append(here)
    return np.array(pieces)


def _corners(points: FloatArray) -> Any:
    """Indices of the corners of the hull, counter-clockwise from the lowest first coordinate."""
    from bargain.solvers.payoff_set_check import corner_indices

    span = np.ptp(points, axis=0)
    scaled = (points - points.min(axis=0)) / np.where(span > TIE, span, 1.0)
    found = corner_indices(np.ascontiguousarray(scaled))
    lowest = scaled[found, 0] <= TIE
    return np.roll(found, -int(np.where(lowest, scaled[found, 1], np.inf).argmin()))


def _distinct(points: FloatArray) -> Any:
    """Indices of payoffs that differ, in increasing order."""
    _, first = np.unique(np.round(points, 11) + 0.0, axis=0, return_index=True)
    return first
