"""Stationary equilibria by the logit homotopy: from precision 0 along a branch of logit equilibria to its end.

Every Markov game has a branch that starts where all play their start strategies (uniform, on the principal branch) and
whose limits are stationary equilibria (Herings and Peeters 2004 for such homotopies; Eibelshaeuser, Klockmann, Poensgen
and von Schenk 2023 for the logit one). Followed by arc length (``continuation``), it passes turning points. Where three
points, each of at least twice the precision of the one before, lead to the same equilibrium by Newton's method on the
actions that are not fading (``markov_support``), that equilibrium is the end. Mixed play and any number of players are
handled; start strategies other than uniform lead to other equilibria. Where the state graph has several components the
branch of each is followed given the values of those behind it, the last ones first.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from bargain.games.markov import BoolArray, IntArray
from bargain.games.record import FloatArray
from bargain.solvers.continuation import BranchPoint, BranchTrace
from bargain.solvers.logit_path import NEAR, Guess, LimitSearch, clear_support
from bargain.solvers.markov_logit import LARGEST_TABLE, MarkovLogit
from bargain.solvers.markov_rounds import Rounds, components
from bargain.solvers.markov_search import random_moves
from bargain.solvers.markov_support import polished
from bargain.solvers.watch import Watch

STATUS_QUO = 0.9
"""Probability of the status quo action at the start of the branch that begins there."""

PURE = 0.999
"""Probability of the actions of a pure profile at the start of a branch near it: a strict equilibrium is not left."""

MOST_LISTED = 4_096
"""Pure profiles up to which starts near them do not repeat until each has been one."""


class MarkovLimit(LimitSearch):
    """Follows one branch until its end is certain; ``best`` is the last equilibrium that a point led to."""

    def __init__(self, system: MarkovLogit, trace: BranchTrace) -> None:
        super().__init__(system, trace)  # type: ignore[arg-type]
        self._markov = system
        self.last: FloatArray | None = None

    def _guess(self, point: BranchPoint) -> Guess | None:
        used = clear_support(point)
        if used is None:
            return None
        return self._led_to(point, used.reshape(self._markov.mask.shape) & self._markov.mask, NEAR)

    def _tie_guess(self, point: BranchPoint) -> Guess | None:
        if point.tangent[-1] <= 0.0:
            return None
        p = self._markov.probabilities(point.x)
        tried: list[BoolArray] = []
        for power in range(1, 7):
            used = (p > 10.0**-power) | (p >= _most(self._markov, p))
            if any(np.array_equal(used, mask) for mask in tried):
                continue
            tried.append(used)
            guess = self._led_to(point, used & self._markov.mask, 0.1 / np.sqrt(point.precision))
            if guess is not None:
                return guess
        return None

    def _led_to(self, point: BranchPoint, used: BoolArray, near: float) -> Guess | None:
        p = self._markov.probabilities(point.x)
        limit = polished(self._markov, p, used)
        if limit is None:
            return None
        distance = float(np.abs(limit - p).max())
        if distance > near:
            return None
        self.last = limit
        steady = point.elasticities[used.reshape(-1)]
        return Guess(point.precision, distance, float(np.abs(steady).max()), limit)


@dataclass
class Homotopy:
    """Branches of one game; ``failures`` says why branches were lost."""

    rounds: Rounds
    watch: Watch
    max_steps: int
    failures: list[str] = field(default_factory=list)
    ends: int = 0

    @cached_property
    def groups(self) -> list[IntArray]:
        """Components of the state graph, those that lead nowhere else first."""
        return components(self.rounds)

    @property
    def size(self) -> int:
        """States times actions of all players in the largest component."""
        return max(map(len, self.groups)) * sum(self.rounds.n_actions)

    @property
    def too_large(self) -> bool:
        """Whether transitions would take too much memory."""
        return max(map(len, self.groups)) ** 2 * self.rounds.n_moves > LARGEST_TABLE

    def end(self, start: tuple[FloatArray, ...] | None = None) -> tuple[FloatArray, ...] | None:
        """Strategies at the end of the branch from a start (uniform play unless given), None when it is lost."""
        values = np.zeros((self.rounds.n_states, self.rounds.n_players))
        strategies = tuple(np.zeros(mask.shape) for mask in self.rounds.own)
        certain = True
        for group in self.groups:
            part = self.rounds if len(self.groups) == 1 else self.rounds.restricted(group, values)
            system = MarkovLogit.of(part, None if start is None else tuple(own[group] for own in start))
            run = MarkovLimit(system, BranchTrace(system, self.max_steps))  # type: ignore[arg-type]
            limit = run.limit()
            if limit is None:
                certain = False
                self.failures.append(run.failure)
                limit = run.last
            if limit is None:
                return None
            values[group] = (1.0 - self.rounds.discount_factor) * system.local(limit).values
            for own, found in zip(strategies, system.split(limit), strict=True):
                own[group] = found
        self.ends += certain
        return strategies

    def starts(self, n_branches: int, seed: int) -> Iterator[tuple[FloatArray, ...] | None]:
        """Uniform play, then in turn strategies drawn evenly from the simplex and some near random pure ones.

        The same for a branch whatever their number. In small games each pure profile is a start before one is again, so
        that twice as many branches as there are pure profiles lead to every strict equilibrium.
        """
        order = self._pure_order(seed)
        for number in range(n_branches):
            if number and self.watch.expired():
                return
            rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(number, 1)))
            if number == 0:
                yield None
            elif number % 2:
                yield tuple(_random_strategy(mask, rng) for mask in self.rounds.own)
            else:
                listed = self._pure_moves(int(order[(number // 2 - 1) % len(order)])) if len(order) else None
                yield self.near(random_moves(self.rounds, rng) if listed is None else listed, PURE)

    def near(self, moves: IntArray, weight: float = STATUS_QUO) -> tuple[FloatArray, ...]:
        """Strategies that play given moves most of the time and any available action at times."""
        mixed = []
        for pure, mask in zip(self.rounds.strategies(moves), self.rounds.own, strict=True):
            mixed.append(weight * pure + (1.0 - weight) * mask / mask.sum(axis=1, keepdims=True))
        return tuple(mixed)

    def _pure_order(self, seed: int) -> IntArray:
        """Numbers of all pure profiles in random order, none in games with too many."""
        total = math.prod(self.rounds.available.sum(axis=1).tolist())
        rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(0, 2)))
        return rng.permutation(total) if total <= MOST_LISTED else np.zeros(0, dtype=np.intp)

    def _pure_moves(self, number: int) -> IntArray:
        """The pure profile of a number: a move in every state."""
        moves = np.empty(self.rounds.n_states, dtype=np.intp)
        for s in range(self.rounds.n_states):
            here = np.flatnonzero(self.rounds.available[s])
            number, place = divmod(number, len(here))
            moves[s] = here[place]
        return moves


def _random_strategy(mask: BoolArray, rng: np.random.Generator) -> FloatArray:
    weights = np.where(mask, rng.exponential(size=mask.shape), 0.0)
    even = mask / mask.sum(axis=1, keepdims=True)
    return np.asarray(0.999 * weights / weights.sum(axis=1, keepdims=True) + 0.001 * even)


def _most(system: MarkovLogit, p: FloatArray) -> FloatArray:
    """Largest probability of each block, at the place of every action."""
    largest = np.empty(p.shape)
    for own in system.places:
        largest[:, own] = p[:, own].max(axis=1, keepdims=True)
    return largest
