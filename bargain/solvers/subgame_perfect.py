"""All payoffs of pure subgame-perfect equilibria with public randomisation, two players, without side payments.

One state: the exact polygon algorithm of Abreu and Sannikov (2014), module ``repeated_payoffs``. Several states: the
operator of Abreu, Brooks and Sannikov (2020), module ``markov_payoffs``. The result is a ``PayoffSetSolution``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from bargain.games.markov import MarkovGame
from bargain.games.repeated import RepeatedGame
from bargain.solvers.base import Proposal, Scope, Solver
from bargain.solvers.payoff_sets import PayoffSetSolution
from bargain.solvers.repeated_payoffs import propose_repeated


@dataclass(frozen=True)
class SubgamePerfectPayoffs(Solver[RepeatedGame | MarkovGame, PayoffSetSolution]):
    """The set of subgame-perfect payoffs: a polygon for a repeated game, a polygon per state for a Markov game.

    max_steps: most applications of the operator; time_limit: seconds.
    """

    max_steps: int = 100_000
    time_limit: float | None = None

    concept: ClassVar[str] = "pure subgame-perfect equilibrium with public randomisation"
    solution_type: ClassVar[type[PayoffSetSolution]] = PayoffSetSolution
    game_type: ClassVar[tuple[type, ...]] = (RepeatedGame, MarkovGame)
    n_players: ClassVar[int | None] = 2
    elsewhere: ClassVar[str] = "EnforceableDeals takes any number of players, with side payments"

    def __post_init__(self) -> None:
        if isinstance(self.max_steps, bool) or not isinstance(self.max_steps, int) or self.max_steps < 1:
            raise ValueError(f"max_steps = {self.max_steps!r} is not a positive whole number")

    def propose(self, game: RepeatedGame | MarkovGame) -> Proposal:
        if isinstance(game, RepeatedGame):
            found = propose_repeated(game, self.max_steps)
            cure = "raise max_steps or time_limit" if found.stopped else ""
            return Proposal(candidates=(found,), scope=Scope.ALL, stopped=found.stopped, message=cure)
        from bargain.solvers.markov_payoffs import propose_markov

        sets = propose_markov(game, max_iterations=self.max_steps)
        return Proposal(candidates=(sets,), scope=Scope.ALL, stopped=sets.stopped)
