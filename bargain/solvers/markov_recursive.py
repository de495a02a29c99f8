"""All pure Markov perfect equilibria, state graph component by component: recursive lexicographic search.

Where stocks only fall and ties that were cut stay cut, the state graph (an edge for every successor that some available
move has) has many strongly connected components, and what is behind a state does not depend on what is before it.
Iskhakov, Rust and Schjerning (2016): solve the last components first, each for every combination of equilibria of those
behind it.

- A component of one state is solved by trying every move: v_i = Q_i(s, a; v) is one linear equation.
- A larger one by branching over the moves of one state after the other. After each choice, bounds on the values of all
  equilibria that are left remove moves from which somebody surely gains (``markov_bounds``); only profiles whose every
  alternative is excluded this way or tried are never seen, so the search is complete unless it stops early.

An irreducible game is one component. Whatever is listed is solved exactly and holds up to ties.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from bargain.games.markov import BoolArray, IntArray
from bargain.games.record import FloatArray
from bargain.solvers.markov_rounds import Rounds, components
from bargain.solvers.watch import Watch

PASSES = 50
"""Passes over the bounds between two attempts to remove moves."""

UNIT = 500
"""Entries of the transitions of a component that make a choice count once more, so that nodes cost alike."""


@dataclass
class RecursiveSearch:
    """The search and what it has found; ``complete`` only when nothing was cut short, ``why`` says what was.

    max_nodes: choices examined in components of several states, in large ones each counts more; max_equilibria: how
    many are listed.
    """

    rounds: Rounds
    watch: Watch
    max_nodes: int
    max_equilibria: int
    found: list[IntArray] = field(default_factory=list)
    nodes: float = 0.0
    why: str = ""
    groups: list[IntArray] = field(default_factory=list)

    @property
    def complete(self) -> bool:
        return not self.why

    def run(self) -> None:
        """Fill ``found`` with every pure equilibrium, as far as the limits allow."""
        self.groups = components(self.rounds)
        moves = np.zeros(self.rounds.n_states, dtype=np.intp)
        values = np.zeros((self.rounds.n_states, self.rounds.n_players))
        pending: list[Iterator[tuple[IntArray, FloatArray]]] = [self._solutions(0, values)]
        while pending and not self._stopped():
            solution = next(pending[-1], None)
            if solution is None:
                pending.pop()
                continue
            group = self.groups[len(pending) - 1]
            moves[group], values[group] = solution
            if len(pending) < len(self.groups):
                pending.append(self._solutions(len(pending), values))
                continue
            self.found.append(moves.copy())
            self.watch.report(min(0.5, len(self.found) / self.max_equilibria), "all pure equilibria")

    def _stopped(self) -> bool:
        if not self.why and self.watch.expired():
            self.why = "time limit reached"
        if not self.why and len(self.found) >= self.max_equilibria:
            self.why = f"more than max_equilibria = {self.max_equilibria} listed"
        return bool(self.why)

    def _solutions(self, number: int, values: FloatArray) -> Iterator[tuple[IntArray, FloatArray]]:
        """Moves and values of every pure equilibrium of a component, the values behind it given."""
        part = Component.of(self.rounds, self.groups[number], values)
        if len(part.states) == 1:
            yield from part.one_state()
            return
        for chosen in self._branches(part):
            solution = part.checked(chosen)
            if solution is not None:
                yield solution

    def _branches(self, part: Component) -> Iterator[IntArray]:
        """Moves of all states of a component that the bounds do not exclude."""
        from bargain.solvers.markov_bounds import tighten

        left, low, high = part.start()
        stack = [(left, low, high)] if tighten(*part.tables, left, low, high, part.slack, PASSES) else []
        while stack:
            left, low, high = stack.pop()
            many = left.sum(axis=1)
            if many.max() == 1:
                yield left.argmax(axis=1)
                continue
            s = int(np.where(many > 1, many, left.shape[1] + 1).argmin())
            children = []
            for move in np.flatnonzero(left[s]):
                self.nodes += part.effort
                if self.nodes > self.max_nodes and not self.why:
                    self.why = f"more than max_nodes = {self.max_nodes} choices to examine"
                if self._stopped():
                    return
                child = (left.copy(), low.copy(), high.copy())
                child[0][s] = False
                child[0][s, move] = True
                if tighten(*part.tables, *child, part.slack, PASSES):
                    children.append(child)
            stack.extend(reversed(children))


@dataclass(frozen=True, eq=False)
class Component:
    """States that lead to each other, with what follows outside already valued.

    tables: base ``(n, n_players, n_moves)``, the sparse rows of discounted chances inside (starts, columns, chances),
    deviations and available moves, as ``markov_bounds.tighten`` wants them.
    """

    states: IntArray
    tables: tuple[FloatArray, IntArray, IntArray, FloatArray, IntArray, BoolArray]
    slack: float

    @classmethod
    def of(cls, rounds: Rounds, states: IntArray, values: FloatArray) -> Component:
        d, n_moves = rounds.discount_factor, rounds.n_moves
        rows = rounds.transitions[(states[:, None] * n_moves + np.arange(n_moves)).reshape(-1)]
        outside = values.copy()
        outside[states] = 0.0
        follow = (rows @ outside).reshape(len(states), n_moves, -1).transpose(0, 2, 1)
        base = (1.0 - d) * rounds.payoffs[states] + d * follow
        inside = rows[:, states].tocsr()
        widest = max(rounds.n_actions)
        deviations = np.full((rounds.n_players, n_moves, widest), -1, dtype=np.int64)
        for i, own in enumerate(rounds.deviations):
            deviations[i, :, : own.shape[1]] = own
        tables = (
            np.ascontiguousarray(base),
            inside.indptr.astype(np.int64),
            inside.indices.astype(np.int64),
            d * inside.data,
            deviations,
            rounds.available[states],
        )
        return cls(states, tables, rounds.slack)

    @property
    def effort(self) -> float:
        """What one choice counts."""
        return 1.0 + len(self.tables[3]) / UNIT

    def start(self) -> tuple[BoolArray, FloatArray, FloatArray]:
        """All moves, and bounds that hold for any play."""
        base, _, _, _, _, allowed = self.tables
        shape = base.shape[:2]
        return allowed.copy(), np.full(shape, -self.slack), np.full(shape, 1.0 + self.slack)

    def one_state(self) -> Iterator[tuple[IntArray, FloatArray]]:
        """Every pure equilibrium of a single state."""
        base, starts, _, chances, deviations, allowed = self.tables
        stay = np.zeros(base.shape[2])
        stay[np.diff(starts) > 0] = chances
        values = base[0] / (1.0 - stay)
        stable = allowed[0].copy()
        for i in range(len(values)):
            other = deviations[i]
            worth = base[0, i][other] + stay[other] * values[i][:, None]
            gains = np.where((other >= 0) & allowed[0][other], worth, -np.inf).max(axis=1) - values[i]
            stable &= gains <= self.slack
        for move in np.flatnonzero(stable):
            yield np.array([move]), values[:, move][None]

    def checked(self, moves: IntArray) -> tuple[IntArray, FloatArray] | None:
        """The moves with their exact values, or None when somebody gains in some state."""
        base, starts, follow, chances, deviations, allowed = self.tables
        n_states, _, n_moves = base.shape
        here = np.arange(n_states)
        dense = np.zeros((n_states * n_moves, n_states))
        dense[np.repeat(np.arange(len(dense)), np.diff(starts)), follow] = chances
        values = np.linalg.solve(np.eye(n_states) - dense[here * n_moves + moves], base[here, :, moves])
        worth = base + (dense @ values).reshape(n_states, n_moves, -1).transpose(0, 2, 1)
        worth = np.where(allowed[:, None, :], worth, -np.inf)
        for i in range(base.shape[1]):
            other = deviations[i][moves]
            best = np.where(other >= 0, worth[here[:, None], i, other], -np.inf).max(axis=1)
            if np.any(best > worth[here, i, moves] + self.slack):
                return None
        return moves, values
