"""All pure Nash equilibria of a stage game with any number of players.

A pure profile is an equilibrium when each player's payoff is the maximum along that player's own action axis.
One pass per player over the payoff array: n_players * prod(n_actions) comparisons.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from bargain.games.stage import StageGame
from bargain.solvers.base import TIE, Proposal, Scope, Solver
from bargain.solvers.equilibria import EquilibriumSolution


@dataclass(frozen=True)
class PureNash(Solver[StageGame, EquilibriumSolution]):
    """All pure equilibria; finding none is an answer, because a game may have only mixed ones."""

    concept: ClassVar[str] = "pure Nash equilibrium"
    solution_type: ClassVar[type[EquilibriumSolution]] = EquilibriumSolution

    def propose(self, game: StageGame) -> Proposal:
        profiles = pure_equilibria(game)
        n = len(profiles)
        found = f"all {n} pure equilibria" if n > 1 else "the only pure equilibrium" if n else "no pure equilibrium"
        mixed = "SupportEnumeration finds mixed ones" if game.n_players == 2 else "there may be mixed ones"
        return Proposal(candidates=tuple(profiles), scope=Scope.ALL, message=f"{found}; {mixed}")


def pure_equilibria(game: StageGame) -> list[tuple[int, ...]]:
    """Action indices of all pure equilibria, in lexicographic order; ties within 1e-10 of the payoff range count."""
    stable: npt.NDArray[np.bool_] = np.ones(game.n_actions, dtype=bool)
    for k, (table, scale) in enumerate(zip(game.payoffs, game.payoff_range, strict=True)):
        stable &= table >= table.max(axis=k, keepdims=True) - TIE * scale
    return [tuple(int(i) for i in profile) for profile in np.argwhere(stable)]
