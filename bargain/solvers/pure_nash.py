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
from bargain.solvers.watch import current_watch


@dataclass(frozen=True)
class PureNash(Solver[StageGame, EquilibriumSolution]):
    """All pure equilibria; finding none is an answer, because a game may have only mixed ones.

    time_limit: seconds, checked after the pass of each player; a run that stops has found nothing.
    """

    time_limit: float | None = None

    concept: ClassVar[str] = "pure Nash equilibrium"
    solution_type: ClassVar[type[EquilibriumSolution]] = EquilibriumSolution

    def propose(self, game: StageGame) -> Proposal:
        watch = current_watch()
        stable = np.ones(game.n_actions, dtype=bool)
        for k, player in enumerate(game.players):
            if watch.expired():
                return Proposal(stopped="time limit reached", message=f"{k} of {game.n_players} players were passed")
            watch.report(k / game.n_players, f"best replies of {player}")
            stable &= best_replies(game, k)
        profiles = [tuple(int(i) for i in profile) for profile in np.argwhere(stable)]
        return Proposal(
            candidates=tuple(profiles), scope=Scope.ALL, message=pure_message(len(profiles), game.n_players)
        )


def pure_message(n_found: int, n_players: int) -> str:
    """What was found and where to look for more."""
    n = n_found
    found = f"all {n} pure equilibria" if n > 1 else "the only pure equilibrium" if n else "no pure equilibrium"
    if n_players == 2:
        return f"{found}; SupportEnumeration finds mixed ones"
    return f"{found}; there may be mixed ones: LogitPath or SupportHomotopy look for them"


def best_replies(game: StageGame, player: int) -> npt.NDArray[np.bool_]:
    """Profiles ``(*n_actions,)`` in which the player's action is best; ties within 1e-10 of the payoff range count."""
    table = game.payoffs[player]
    return np.asarray(table >= table.max(axis=player, keepdims=True) - TIE * game.payoff_range[player])


def pure_equilibria(game: StageGame) -> list[tuple[int, ...]]:
    """Action indices of all pure equilibria, in lexicographic order; ties within 1e-10 of the payoff range count."""
    stable = np.all([best_replies(game, k) for k in range(game.n_players)], axis=0)
    return [tuple(int(i) for i in profile) for profile in np.argwhere(stable)]
