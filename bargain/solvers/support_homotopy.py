"""Equilibria of games with any number of players: all roots of the indifference system of every support profile.

1. Go through the support profiles, fewest actions first, then the most balanced (Porter, Nudelman and Shoham 2008);
   skip those in which an action is weakly dominated while the others keep to their supports, and those whose system
   has more equations than unknowns for some player, which has a solution only in degenerate games.
2. Find all roots of the indifference system of the support, by ``product_homotopy``, all supports of one shape at once.
3. Keep real roots with positive probabilities that no action outside the support beats, and polish them by Newton's
   method; ``solve()`` certifies.

The result covers all equilibria when every path of every support ended at its own isolated root, no equilibrium has a
tie outside its support, their number is odd, as it must be in a nondegenerate game (Wilson 1971), and no skipped
support with more equations than unknowns can have a solution. The last is examined by linear algebra where at most one
of the other players mixes: always with two players, and with any number of players of up to three actions each. What
stays open (a possible tie among best replies, or two others who mix against four actions) makes the scope SOME, though
the list may be complete. Completeness rests on path following with random constants, right with probability one, and on
floating-point numbers, not on exact arithmetic.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from bargain.games.record import FloatArray
from bargain.games.stage import StageGame, action_payoffs
from bargain.solvers.base import TIE, Proposal, Scope, Solver
from bargain.solvers.canonical_order import distinct
from bargain.solvers.checks import check_count
from bargain.solvers.equilibria import EquilibriumSolution
from bargain.solvers.logit_system import LogitSystem
from bargain.solvers.product_homotopy import n_roots, roots_of
from bargain.solvers.support_newton import BoolArray, support_equilibrium
from bargain.solvers.watch import current_watch

Support = tuple[tuple[int, ...], ...]

REAL = 1e-6
"""Imaginary parts, negative probabilities and regrets up to this size are left to Newton's method."""

SINGULAR_TIES = 1e-9
"""Singular value of payoff differences, in shares of the payoff range, up to which a tie cannot be excluded."""

PATHS_AT_ONCE = 4_000


@dataclass(frozen=True)
class SupportHomotopy(Solver[StageGame, EquilibriumSolution]):
    """All equilibria of a small game of any number of players, or the first few.

    max_equilibria: stop when that many are found, None for all; max_paths: homotopy paths in all, about 500 a second;
    time_limit: seconds, None for no limit.
    """

    max_equilibria: int | None = None
    max_paths: int = 20_000
    time_limit: float | None = None

    concept: ClassVar[str] = "Nash equilibrium"
    solution_type: ClassVar[type[EquilibriumSolution]] = EquilibriumSolution

    def __post_init__(self) -> None:
        for name, value in (("max_equilibria", self.max_equilibria), ("max_paths", self.max_paths)):
            if value is not None or name == "max_paths":
                check_count(name, value)

    def propose(self, game: StageGame) -> Proposal:
        search = _Search(game)
        stopped = search.run(self.max_equilibria, self.max_paths)
        found = [search.system.split(p) for p in search.found]
        kept, _ = distinct(found)
        enough = self.max_equilibria is not None and len(kept) >= self.max_equilibria
        degenerate = search.ties or (not stopped and not enough and len(kept) % 2 == 0)
        n_open = 0 if stopped or enough or degenerate else search.n_open()
        doubts = _doubts(search, degenerate, stopped, enough, n_open)
        text = f"{len(kept)} equilibria in {search.n_supports} supports" if len(kept) != 1 else "one equilibrium"
        return Proposal(
            candidates=tuple(found[i] for i in kept),
            scope=Scope.SOME if doubts else Scope.ALL,
            stopped="" if enough else stopped,
            message=f"{text}; {doubts}" if doubts else f"all equilibria: {text}",
            components=() if doubts else tuple((i,) for i in range(len(kept))),
            degenerate=None if stopped or enough or n_open else bool(degenerate),
        )


@dataclass
class _Search:
    """The run through all supports of one game."""

    game: StageGame
    found: list[FloatArray] = field(default_factory=list)
    n_supports: int = 0
    n_doubtful: int = 0
    ties: bool = False

    def __post_init__(self) -> None:
        self.system = LogitSystem.of(self.game)
        # Each player's payoffs in shares of the own range: ties are relative to it.
        self.tables = [table / (float(table.max()) or 1.0) for table in self.system.tables]

    def run(self, max_equilibria: int | None, max_paths: int) -> str:
        """Search until done; why it stopped early, if it did."""
        watch = current_watch()
        budget = max_paths
        shapes = _shapes(self.game.n_actions)
        for number, sizes in enumerate(shapes):
            watch.report(number / len(shapes), f"supports of {' x '.join(map(str, sizes))} actions")
            # Some player has more equations than unknowns: left to ``n_open``.
            if 2 * max(sizes) - 1 > sum(sizes) - len(sizes) + 1:
                continue
            for batch in self._batches(sizes, max(1, PATHS_AT_ONCE // n_roots(sizes))):
                budget -= len(batch) * n_roots(sizes) if max(sizes) > 1 else 0
                if budget < 0:
                    return f"more than {max_paths:,} paths; raise max_paths"
                complete = self._solve(batch, sizes)
                if not complete or watch.expired():
                    return "time limit reached"
                if max_equilibria is not None and len(self.found) >= max_equilibria:
                    return f"{max_equilibria} equilibria found"
            if watch.expired():
                return "time limit reached"
        return ""

    def _batches(self, sizes: tuple[int, ...], step: int) -> Iterator[list[Support]]:
        """Undominated supports of one shape, up to ``step`` at a time; ends early when time runs out."""
        watch = current_watch()
        batch: list[Support] = []
        for support in _supports(self.game.n_actions, sizes):
            if watch.expired():
                return
            if self._undominated(support):
                batch.append(support)
            if len(batch) == step:
                yield batch
                batch = []
        if batch:
            yield batch

    def n_open(self) -> int:
        """Number of over-determined systems of one player's ties that may have a solution; it stops at the first.

        A support of player i with more than 1 + d actions, d the number of others' free probabilities, has no solution
        when each choice of d + 2 of its actions has none.
        """
        watch = current_watch()
        for k, n in enumerate(self.game.n_actions):
            others = [1 if j == k else size for j, size in enumerate(self.game.n_actions)]
            for sizes in itertools.product(*(range(1, m + 1) for m in others)):
                d = sum(sizes) - len(sizes)
                if d + 2 > n:
                    continue
                for support in _supports(others, sizes):
                    if watch.expired() or self._open(k, support, d):
                        return 1
        return 0

    def _open(self, k: int, support: Support, d: int) -> bool:
        """Whether d + 2 best replies of player k to a profile with these supports (k's own: ignored) may exist."""
        table = self.tables[k]
        for j, actions in enumerate(support):
            if j != k:
                table = table.take(actions, axis=j)
        table = np.moveaxis(table, k, 0).reshape(table.shape[k], -1)
        gains = table[:, None, :] - table
        beaten = (gains.min(axis=2) >= 0.0) & (gains.max(axis=2) > TIE)
        kept = [int(action) for action in np.flatnonzero(~beaten.any(axis=0))]
        if len(kept) < d + 2:
            return False
        if table.shape[1] > d + 1:
            return True
        return any(_may_tie(table, list(chosen)) for chosen in itertools.combinations(kept, d + 2))

    def _undominated(self, support: Support) -> bool:
        """Whether no action in play is weakly dominated while the others play within their supports.

        Weakly suffices: every profile of the supports is played with positive probability.
        """
        for k, own in enumerate(support):
            table = self.tables[k]
            for j, kept in enumerate(support):
                if j != k:
                    table = table.take(kept, axis=j)
            flat = np.moveaxis(table, k, 0).reshape(table.shape[k], -1)
            gains = flat[:, None, :] - flat[list(own)]
            if np.any((gains.min(axis=2) >= 0.0) & (gains.max(axis=2) > TIE)):
                return False
        return True

    def _solve(self, supports: Sequence[Support], sizes: tuple[int, ...]) -> bool:
        """Roots of all these supports; those that are equilibria are kept. False when time ran out."""
        self.n_supports += len(supports)
        if max(sizes) == 1:
            for support in supports:
                self._keep(support, np.ones(len(sizes)))
            return True
        stacks = [self._differences(supports, k) for k in range(len(sizes))]
        if current_watch().expired():
            return False
        roots = roots_of(stacks, sizes)
        self.n_doubtful += int(roots.doubtful.sum())
        real = roots.finite & (np.abs(roots.probabilities.imag).max(axis=2) < REAL)
        real &= (roots.probabilities.real > -REAL).all(axis=2)
        for k, root in np.argwhere(real):
            self._keep(supports[k], roots.probabilities.real[k, root])
        return roots.complete

    def _differences(self, supports: Sequence[Support], k: int) -> FloatArray:
        """Payoff of each action of player k in the support less that of the first, ``(n, m_k - 1, others)``."""
        stack = []
        for support in supports:
            table = np.moveaxis(self.tables[k][np.ix_(*support)], k, 0)
            stack.append(table[1:] - table[0])
        result = np.array(stack)
        # Equations of size one: a path follows them the better the more alike they are.
        size = np.abs(result).max(axis=tuple(range(2, result.ndim)), initial=0.0)
        return np.asarray(result / np.where(size > 0.0, size, 1.0).reshape(*size.shape, *[1] * (result.ndim - 2)))

    def _keep(self, support: Support, probabilities: FloatArray) -> None:
        p = np.zeros(self.system.size)
        used = np.zeros(self.system.size, dtype=bool)
        place = 0
        for own, actions in zip(self.system.slices, support, strict=True):
            indices = own.start + np.array(actions)
            p[indices] = np.maximum(probabilities[place : place + len(actions)], 0.0)
            used[indices] = True
            place += len(actions)
        if self._best_replies(p, REAL, used) is None:
            return
        polished = support_equilibrium(self.system, p, used)
        if polished is not None:
            self.ties |= bool(self._best_replies(polished, TIE, used)) or bool(polished[used].min() <= TIE)
            self.found.append(polished)

    def _best_replies(self, p: FloatArray, slack: float, used: BoolArray) -> bool | None:
        """Whether an unused action ties with the best one; None when an action in play or not gains from deviating."""
        strategies = self.system.split(p)
        tie = False
        for k, own in enumerate(self.system.slices):
            u = action_payoffs(self.tables[k], strategies, k)
            played = float(u @ strategies[k] / strategies[k].sum())
            outside = u[~used[own]]
            if u.max() > played + slack:
                return None
            tie |= bool(np.any(outside >= played - slack))
        return tie


def _shapes(n_actions: Sequence[int]) -> list[tuple[int, ...]]:
    """All numbers of actions in play: smallest supports first, then balanced ones."""
    every = itertools.product(*(range(1, n + 1) for n in n_actions))
    return sorted(every, key=lambda s: (sum(s), max(s) - min(s), s))


def _supports(n_actions: Sequence[int], sizes: Sequence[int]) -> Iterator[Support]:
    """Supports of one shape, one at a time: ``itertools.product`` would list those of every player first."""
    if not sizes:
        yield ()
        return
    for own in itertools.combinations(range(n_actions[0]), sizes[0]):
        for rest in _supports(n_actions[1:], sizes[1:]):
            yield (own, *rest)


def _may_tie(table: FloatArray, chosen: list[int]) -> bool:
    """Whether a mix q >= 0 of the m columns may make these m + 1 rows the best ones; False is a proof.

    The m differences D of the rows have D q = 0 only if D is singular (to rounding); if its kernel is a line, it is q.
    """
    differences = table[chosen[1:]] - table[chosen[0]]
    _, sizes, vectors = np.linalg.svd(differences)
    if sizes[-1] > SINGULAR_TIES:
        return False
    if len(sizes) > 1 and sizes[-2] <= np.sqrt(SINGULAR_TIES):
        return True
    q = vectors[-1]
    if q.min() < -REAL * 100 and q.max() > REAL * 100:
        return False
    payoffs = table @ np.abs(q / q.sum())
    return bool(payoffs.max() <= payoffs[chosen].max() + REAL * 100)


def _doubts(search: _Search, degenerate: bool, stopped: str, enough: bool, n_open: int) -> str:
    """Why the equilibria found may not be all, empty when nothing speaks against it."""
    if enough:
        return "stopped at max_equilibria, there may be more"
    if stopped:
        return "there may be more"
    if degenerate:
        return "the game is degenerate: there may be continua and others"
    if n_open:
        return "supports with more equations than unknowns are not all excluded: degenerate games may have more"
    return f"{search.n_doubtful} supports in doubt, there may be more" if search.n_doubtful else ""
