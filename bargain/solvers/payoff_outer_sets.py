"""Sets that hold all subgame-perfect payoffs of a Markov game, shrinking step by step, for ``markov_payoffs``."""

from __future__ import annotations

import numpy as np

from bargain.games.markov import MarkovGame
from bargain.games.payoff_operator import states_without_equilibrium
from bargain.games.record import FloatArray
from bargain.solvers.payoff_directions import (
    BoolArray,
    IntArray,
    axis_places,
    even_directions,
    merged,
    normals,
    thinned,
    used_directions,
)
from bargain.solvers.payoff_moves import PayoffMoves
from bargain.solvers.watch import Watch

SLACK = 1e-12
"""Gain that counts as none (payoff range 1): rounding decides no tie, and errs outwards."""

TURNS = 40
"""Most Newton steps for one direction; whatever they reach is made a bound."""

ROOM = 20
"""With less than this part of the directions left none is added: it would be one in place of another."""

CHUNK = 50_000_000
"""Products between two looks at the watch."""


class OuterSets:
    """Sets by their supports in a list of directions; payoffs in units of the payoff ranges.

    towards: the directions ``(m, 2)``; supports: ``(m, n_states)``; alive: moves that no set has excluded; empty:
    states without equilibrium; change: by how much the last step lowered a support; gap: how far the image of the sets
    is at most from its own bounds in these directions. Both are infinite after a step that found something empty.
    """

    def __init__(self, game: MarkovGame) -> None:
        self.game = game
        self.moves = PayoffMoves.of(game)
        n_states, n_moves = game.n_states, len(self.moves.places)
        self.towards = even_directions(64 if n_moves > 10_000 else 16)
        self.axes = axis_places(self.towards)
        self.supports = np.repeat(np.maximum(self.towards, 0.0).sum(axis=1)[:, None], n_states, axis=1)
        self.alive = np.ones(n_moves, dtype=bool)
        self.empty = np.zeros(n_states, dtype=bool)
        self.change = self.gap = np.inf
        self.n_steps = 0
        self._least = np.full((2, n_moves), -np.inf)
        self._floors = (np.empty((n_states, game.n_actions[1])), np.empty((n_states, game.n_actions[0])))
        self._counts = np.full(n_states, 4)
        self._corner = np.tile(np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]]), (n_states, 1, 1))
        self._sides = np.zeros((n_states, 4), dtype=np.int64)
        self._ends = np.zeros((0, 2, n_states, 2))

    def corners(self, s: int) -> FloatArray:
        """Vertices of the set of a state."""
        return np.asarray(self._corner[s, : self._counts[s]])

    def step(self, watch: Watch) -> None:
        """Shrink the sets once; stops half-way, with valid bounds, when moves or states turn out to be empty."""
        self.n_steps += 1
        before = self.supports.copy()
        self.change = self.gap = np.inf
        self._lower_punishments()
        if not self._find_supported():
            return
        lowered = self._lowered(watch)
        if self._cut(np.minimum(self.supports, lowered)):
            self.change = float(np.abs(before - self.supports)[:, ~self.empty].max())
            self._join()

    def _lower_punishments(self) -> None:
        """Raise the worst payoffs to what no player can be held below, then write the deviation floors."""
        from bargain.solvers import payoff_move_kernels, payoff_value_kernels

        moves, active = self.moves, np.flatnonzero(self.alive)
        d, chain, table = moves.discount_factor, (moves.follow, moves.chances), (moves.places, moves.payoffs)
        after = np.empty((2, len(moves.follow)))
        for i, k in enumerate(self.axes[2:]):
            bounds, n_other = self._least[i, active], self.game.n_actions[1 - i]
            worst = payoff_value_kernels.solved_punishments(
                d, i, -self.supports[k], *chain, active, *table, bounds, n_other, TURNS
            )
            self.supports[k] = np.minimum(self.supports[k], -worst)
            payoff_value_kernels.expected(*chain, -self.supports[k], after[i])
        payoff_move_kernels.deviation_floors(d, *table, after, *self._floors)
        for floor in self._floors:
            floor -= SLACK

    def _find_supported(self) -> bool:
        """Supports of what each move supports; False when states have no such move (left)."""
        from bargain.solvers import payoff_move_kernels

        moves = self.moves
        active = payoff_move_kernels.undominated(moves.places, moves.group, self.alive, *self._floors)
        reach = np.empty((len(self.towards), len(active)))
        full = payoff_move_kernels.pieces(
            moves.discount_factor,
            self.towards,
            self.axes,
            self.supports,
            moves.follow,
            moves.chances,
            active,
            moves.places,
            moves.payoffs,
            *self._floors,
            reach,
        )
        if not full.all():
            self.alive[active[~full]] = False
            active, reach = active[full], np.ascontiguousarray(reach[:, full])
        self._least[:, active] = -reach[self.axes[2:]]
        self._active, self._reach = active, reach
        # A state may have moves left that were dominated by excluded ones: the next step looks at them.
        self._exclude(~self._with_move(np.flatnonzero(self.alive)))
        return bool((self._with_move(active) | self.empty).all())

    def _with_move(self, moves: IntArray) -> BoolArray:
        states = np.zeros(self.game.n_states, dtype=bool)
        states[self.moves.places[moves, 0]] = True
        return states

    def _exclude(self, states: BoolArray) -> None:
        """Mark states without equilibrium, and those that may lead there."""
        if (states & ~self.empty).any():
            self.empty = states_without_equilibrium(self.game, self.empty | states)
            self.alive &= ~self.empty[self.moves.places[:, 0]]
            self._counts[self.empty] = 0

    def _lowered(self, watch: Watch) -> FloatArray:
        """Supports of the image of the sets, or lower where play that is not bound is evaluated for ever."""
        from bargain.solvers import payoff_value_kernels

        moves, m = self.moves, len(self.towards)
        image, solved = np.empty_like(self.supports), np.empty_like(self.supports)
        stride = max(1, CHUNK // max(1, moves.follow.size + len(self._active)))
        for start in range(0, m, stride):
            part = slice(start, start + stride)
            payoff_value_kernels.solved_supports(
                moves.discount_factor,
                self.towards[part],
                self.supports[part],
                moves.follow,
                moves.chances,
                self._active,
                moves.places,
                moves.payoffs,
                self._reach[part],
                image[part],
                solved[part],
                1 if watch.expired() else TURNS,
            )
        return np.where(self.empty, 0.0, np.minimum(image, solved))

    def _cut(self, supports: FloatArray) -> bool:
        """Take over lower supports, as polygons and made tight; False when sets turn out to be empty."""
        from bargain.solvers import payoff_polygon_kernels

        room = len(self.towards) + 8
        self._corner = np.empty((self.game.n_states, room, 2))
        self._sides = np.empty((self.game.n_states, room), dtype=np.int64)
        self._counts = np.where(self.empty, 0, 4)
        self.supports = supports
        payoff_polygon_kernels.corners(self.towards, self.axes, self.supports, self._corner, self._counts, self._sides)
        n_empty = self.empty.sum()
        self._exclude(self._counts == 0)
        return bool(self.empty.sum() == n_empty < self.game.n_states)

    def _join(self) -> None:
        """Find the edges that the hull of the image has between neighbouring directions."""
        from bargain.solvers import payoff_polygon_kernels

        m, n_states = self.supports.shape
        self._reached = np.empty((m, 2, n_states), dtype=np.int64)
        self._ends, self._heights = np.zeros((m, 2, n_states, 2)), np.zeros((m, n_states))
        payoff_polygon_kernels.joins(
            self.towards, self._active, self.moves.places, self._reach, self._reached, self._ends, self._heights
        )
        self.gap = float(self._heights.max())

    def refine(self, least: float, limit: int) -> bool:
        """Bound the sets in the directions of missing edges too, drop idle directions; False when nothing is new.

        least: an edge that cuts off less than this is not missing; limit: most directions.
        """
        used = used_directions(len(self.towards), self._corner, self._counts, self._sides)
        used[self.axes] = True
        new, heights = self._missing(max(least, 0.05 * self.gap))
        room = limit - int(used.sum())
        if not len(new) or room < max(1, limit // ROOM):
            return False
        towards = merged(self.towards[used], thinned(new, heights, room))
        if len(towards) == len(self.towards) and np.array_equal(towards, self.towards):
            return False
        self.towards, self.axes = towards, axis_places(towards)
        supports = np.zeros((len(towards), self.game.n_states))
        for s in np.flatnonzero(~self.empty).tolist():
            supports[:, s] = (towards @ self.corners(s).T).max(axis=1)
        self.supports = supports
        return True

    def is_full(self, limit: int) -> bool:
        """Whether there are about as many directions as there may be."""
        return len(self.towards) >= limit - limit // ROOM

    def _missing(self, least: float) -> tuple[FloatArray, FloatArray]:
        """Normals of missing edges, as they are and as they will come to rest, and how much each cuts off."""
        from bargain.solvers import payoff_value_kernels

        moves = self.moves
        k, s = np.nonzero(self._heights > least)
        wanted = np.zeros(len(self.towards), dtype=bool)
        wanted[k] = True
        points = self._ends.copy()
        payoff_value_kernels.turning_points(
            moves.discount_factor,
            self.towards,
            self.supports,
            moves.follow,
            moves.chances,
            self._active,
            moves.places,
            moves.payoffs,
            self._reach,
            wanted,
            self._reached,
            points,
        )
        before, after = self.towards[k], self.towards[(k + 1) % len(self.towards)]
        found, heights = [], []
        for ends in (self._ends, points):
            outward, between = normals(ends[k, 1, s] - ends[k, 0, s], before, after)
            found.append(outward[between])
            heights.append(self._heights[k, s][between])
        return np.concatenate(found), np.concatenate(heights)
