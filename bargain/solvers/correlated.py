"""Correlated and coarse correlated equilibria that are best for an objective, by linear programming; any players.

The unknowns are the probabilities p(s) of the profiles and the egalitarian level t, with every payoff range set to one.
Obedience is one inequality per player and pair of actions (Aumann 1987), or per player and action in the coarse concept
(Moulin and Vial 1978); every row is a difference of payoffs, so payoff levels and scales play no part.
Where several distributions are best, the objectives welfare and egalitarian decide in turn, then evenness.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from bargain.games.linear_program import Optimum, best_point
from bargain.games.record import FloatArray
from bargain.games.stage import StageGame
from bargain.solvers.base import TIE, Proposal, Scope, Solver
from bargain.solvers.correlated_equilibria import CorrelatedSolution, Mediation, objective_weights
from bargain.solvers.watch import current_watch


@dataclass(frozen=True)
class Correlated(Solver[StageGame, CorrelatedSolution]):
    """A correlated equilibrium that is best for an objective: what a trusted mediator could bring about.

    objective: "welfare" (sum of payoffs), "egalitarian" (smallest payoff), ("best", player) or ("worst", player), which
    may also be written "best:US"; the player by label or number. time_limit: seconds.
    """

    objective: Any = "welfare"
    time_limit: float | None = None

    concept: ClassVar[str] = "correlated equilibrium"
    coarse: ClassVar[bool] = False
    solution_type: ClassVar[type[CorrelatedSolution]] = CorrelatedSolution

    def __post_init__(self) -> None:
        given = self.objective
        text = (
            given if isinstance(given, str) else ":".join(map(str, given)) if isinstance(given, (tuple, list)) else ""
        )
        side, _, player = text.partition(":")
        if text not in ("welfare", "egalitarian") and not (side in ("best", "worst") and player):
            raise ValueError(
                f"objective = {given!r} is none of 'welfare', 'egalitarian', ('best', player), ('worst', player)"
            )
        object.__setattr__(self, "objective", text)

    def check_suits(self, game: Any) -> None:
        super().check_suits(game)
        objective_weights(game, self.objective)

    def propose(self, game: StageGame) -> Proposal:
        watch = current_watch()
        watch.report(0.0, f"linear program of {game.payoffs[0].size} profiles")
        rows = obedience_rows(game, coarse=self.coarse)
        found = best_distribution(game, rows, self._objectives(game), watch.seconds_left)
        if found.failure:
            return Proposal(
                stopped=found.failure, message=f"{game.payoffs[0].size} profiles: raise time_limit or drop actions"
            )
        distribution = distribution_of(game, found.point)
        prices, weights = self._multipliers(game, rows, found)
        message = (
            f"{self.objective} over all {self.concept.removesuffix('um')}a; ties settled by welfare, by the smallest "
            "payoff, by evenness"
        )
        return Proposal(candidates=(Mediation(distribution, prices, weights),), scope=Scope.SOME, message=message)

    def _objectives(self, game: StageGame) -> list[FloatArray]:
        """The objective and those that break ties, over the variables (p, t), each of size about one."""
        chosen = {name: _objective(game, name) for name in (self.objective, "welfare", "egalitarian")}
        return list(chosen.values())

    def _multipliers(self, game: StageGame, rows: Any, found: Optimum) -> tuple[tuple[FloatArray, ...], FloatArray]:
        """Prices of disobedience and weights of players in payoff units, from the multipliers of the scaled program."""
        scales = np.where(game.payoff_range > 0.0, game.payoff_range, 1.0)
        unit = _unit(game, self.objective)
        n_obedience = rows.shape[0]
        prices: list[FloatArray] = []
        start = 0
        for k, n in enumerate(game.n_actions):
            size = n if self.coarse else n * n
            block = found.multipliers[start : start + size] * unit / scales[k]
            prices.append(block if self.coarse else block.reshape(n, n))
            start += size
        weights = found.multipliers[n_obedience:]
        total = float(weights.sum())
        return tuple(prices), weights / total if total > 0.0 else np.full(game.n_players, 1.0 / game.n_players)


@dataclass(frozen=True)
class CoarseCorrelated(Correlated):
    """A coarse correlated equilibrium that is best for an objective: players commit to the mediator before they hear.

    Settings as for ``Correlated``. Every correlated equilibrium is a coarse one, so its best is at least as good.
    """

    concept: ClassVar[str] = "coarse correlated equilibrium"
    coarse: ClassVar[bool] = True


def obedience_rows(game: StageGame, *, coarse: bool) -> Any:
    """Sparse matrix G with obedience ``G @ p <= 0`` for p over all profiles, in units of each player's payoff range.

    Rows: for each player all pairs (told, played), or all actions played in the coarse concept.
    """
    from scipy import sparse

    place = np.arange(game.payoffs[0].size).reshape(game.n_actions)
    blocks = []
    for k, n in enumerate(game.n_actions):
        profile = np.moveaxis(place, k, 0).reshape(n, -1)
        gains = deviation_gains(game, k)
        told, played, others = np.nonzero(gains)
        row = played if coarse else told * n + played
        shape = (n if coarse else n * n, place.size)
        blocks.append(sparse.csr_array((gains[told, played, others], (row, profile[told, others])), shape=shape))
    return sparse.vstack(blocks).tocsr()


def deviation_gains(game: StageGame, player: int) -> FloatArray:
    """Gain ``(told, played, profile of the others)`` as a share of the player's payoff range; ties are exactly 0."""
    scale = float(game.payoff_range[player]) or 1.0
    own = np.moveaxis(game.payoffs[player], player, 0).reshape(game.n_actions[player], -1)
    gains = (own[None, :, :] - own[:, None, :]) / scale
    return np.where(np.abs(gains) > TIE, gains, 0.0)


def best_distribution(
    game: StageGame, rows: Any, objectives: list[FloatArray], time_limit: float, *, even: bool = True
) -> Optimum:
    """Maximise over the variables (p, t): obedient distributions p, and t at most the smallest payoff (range one)."""
    import scipy.sparse

    sparse: Any = scipy.sparse
    n_profiles = rows.shape[1]
    level = sparse.hstack([sparse.csr_array(-_shares(game)), np.ones((game.n_players, 1))])
    obedience = sparse.hstack([rows, sparse.csr_array((rows.shape[0], 1))])
    total = np.append(np.ones(n_profiles), 0.0)[None, :]
    return best_point(
        objectives,
        sparse.vstack([obedience, level]),
        np.zeros(rows.shape[0] + game.n_players),
        equalities=total,
        targets=[1.0],
        even=even,
        time_limit=time_limit,
    )


def distribution_of(game: StageGame, point: FloatArray) -> FloatArray:
    """The probabilities in a point of the program, ``(*n_actions,)``."""
    probabilities = np.where(point[:-1] > TIE * 1e-2, point[:-1], 0.0)
    return np.asarray((probabilities / probabilities.sum()).reshape(game.n_actions))


def _shares(game: StageGame) -> FloatArray:
    """Payoffs ``(n_players, n_profiles)`` above the lowest of all, in units of the widest distance between payoffs."""
    flat = game.payoffs.reshape(game.n_players, -1)
    return np.asarray((flat - flat.min()) / (float(np.ptp(flat)) or 1.0))


def _unit(game: StageGame, objective: str) -> float:
    """Payoff units in one unit of the scaled objective."""
    weights = objective_weights(game, objective)
    if weights is None:
        return float(np.ptp(game.payoffs)) or 1.0
    return float(np.abs(weights) @ game.payoff_range) or 1.0


def _objective(game: StageGame, objective: str) -> FloatArray:
    weights = objective_weights(game, objective)
    flat = game.payoffs.reshape(game.n_players, -1)
    if weights is None:
        return np.append(np.zeros(flat.shape[1]), 1.0)
    return np.append(weights @ (flat - flat.min(axis=1, keepdims=True)) / _unit(game, objective), 0.0)
