"""Some equilibria of a two-player game by the Lemke-Howson algorithm, with the tableaux of Nashpy.

From each starting label one path of complementary pivots leads to one equilibrium (Lemke and Howson 1964; Nisan et al.
2007, algorithm 3.6). Different labels may lead to the same equilibrium, and some equilibria lie on no path.
In a degenerate game a path may end inside a continuum of equilibria, or be lost; a lost path is reported, not hidden.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from bargain.games.record import FloatArray
from bargain.games.stage import StageGame
from bargain.solvers.base import Proposal, Solver
from bargain.solvers.equilibria import EquilibriumSolution
from bargain.solvers.watch import Watch, current_watch


@dataclass(frozen=True)
class LemkeHowson(Solver[StageGame, EquilibriumSolution]):
    """Equilibria reached from one starting label, or from all when ``label`` is None.

    Paths start and break ties by the positions of actions. In another order of the same actions they may end at other
    equilibria, above all in degenerate games; of those found both times the order is the same.
    label: 0..m-1 the first player's actions, m..m+n-1 the second player's; max_pivots: per path;
    time_limit: seconds, checked after every pivot.
    """

    label: int | None = None
    max_pivots: int = 2_000
    time_limit: float | None = None

    concept: ClassVar[str] = "Nash equilibrium"
    solution_type: ClassVar[type[EquilibriumSolution]] = EquilibriumSolution
    n_players: ClassVar[int | None] = 2

    def check_suits(self, game: StageGame) -> None:
        super().check_suits(game)
        n_labels = sum(game.n_actions)
        if self.label is not None and not 0 <= self.label < n_labels:
            raise ValueError(f"label = {self.label} is not in 0..{n_labels - 1}, one label for each action of the game")

    def propose(self, game: StageGame) -> Proposal:
        watch = current_watch()
        n_labels = sum(game.n_actions)
        labels = range(n_labels) if self.label is None else (self.label,)
        first, second = (_positive(table) for table in game.payoffs)
        candidates: list[tuple[FloatArray, FloatArray]] = []
        failures: list[str] = []
        for done, label in enumerate(labels):
            if watch.expired():
                break
            watch.report(done / len(labels), f"path from label {label}")
            outcome = self._path(first, second, label, watch)
            if isinstance(outcome, str):
                failures.append(f"label {label}: {outcome}")
            else:
                candidates.append(outcome)
        late = watch.expired() and len(candidates) < len(labels)
        message = f"{len(candidates)} of {len(labels)} paths ended; SupportEnumeration finds all equilibria"
        if failures:
            message += f"; {len(failures)} lost, the first at {failures[0]}"
        stopped = "time limit reached" if late else ""
        return Proposal(candidates=tuple(candidates), stopped=stopped, message=message, counted_as="path ends")

    def _path(
        self, first: FloatArray, second: FloatArray, label: int, watch: Watch
    ) -> tuple[FloatArray, FloatArray] | str:
        """End of the path from one label, or why it was lost."""
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")  # Nashpy divides by zero in its ratio test; the certificate judges the end.
            try:
                return self._pivots(first, second, label, watch)
            except (ArithmeticError, IndexError, KeyError, ValueError) as error:
                return f"{type(error).__name__} in a pivot"

    def _pivots(
        self, first: FloatArray, second: FloatArray, label: int, watch: Watch
    ) -> tuple[FloatArray, FloatArray] | str:
        from nashpy.linalg import create_col_tableau, create_row_tableau

        m, n = first.shape
        first, second = _padded(first, second)
        if label >= m:
            label += len(first) - m
        rows, columns = create_row_tableau(second, True), create_col_tableau(first, True)
        tableaux = (rows, columns) if label in rows.non_basic_variables else (columns, rows)
        entering = label
        for pivot in range(self.max_pivots):
            tableau = tableaux[pivot % 2]
            entering = tableau.pivot_and_drop_label(entering)
            _rescale(tableau)
            if rows.non_basic_variables | columns.non_basic_variables == columns.labels:
                own = len(first)
                return _strategy(rows, range(own))[:m], _strategy(columns, range(own, sum(first.shape)))[:n]
            if watch.expired():
                return "time limit reached"
        return f"no end after {self.max_pivots} pivots"


def _positive(table: FloatArray) -> FloatArray:
    """Payoffs mapped to [1, 2], which moves no equilibrium and keeps the tableaux well scaled."""
    spread = float(np.ptp(table)) or 1.0
    return np.asarray(1.0 + (table - table.min()) / spread)


def _padded(first: FloatArray, second: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Give a player with one action a second, strictly dominated one: Nashpy's tableaux need two rows."""
    for axis in range(2):
        if first.shape[axis] == 1:
            worse = [0.5 * table if own == axis else table for own, table in enumerate((first, second))]
            first = np.concatenate([first, worse[0]], axis=axis)
            second = np.concatenate([second, worse[1]], axis=axis)
    return first, second


def _strategy(tableau: Any, labels: range) -> FloatArray:
    """Probabilities of the actions with these labels, in this order: values of the basic variables, zero for others.

    Nashpy's own ``to_strategy`` walks a Python set of labels, which comes out of order for some shapes.
    """
    table, basic = tableau._tableau, tableau.basic_variables
    values = np.zeros(len(labels))
    for action, label in enumerate(labels):
        if label in basic:
            row = int(np.abs(table[:, label]).argmax())  # the only row with an entry
            values[action] = table[row, -1] / table[row, label]
    return np.asarray(values / values.sum())


def _rescale(tableau: Any) -> None:
    """Divide each row by its largest entry: fraction-free pivots square the entries and would overflow in ten steps."""
    tableau._tableau /= np.abs(tableau._tableau).max(axis=1, keepdims=True)
