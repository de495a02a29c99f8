"""The result of solvers that return distributions over action profiles: certified correlated equilibria."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from bargain.games.certificate import Certificate
from bargain.games.obedience import checked_distribution, coarse_regret, distribution_payoffs, swap_regret
from bargain.games.profile import nearest
from bargain.games.record import ArrayRecord, FloatArray, finite_array
from bargain.games.stage import StageGame
from bargain.solvers.base import Proposal, Rejected, Scope, Solution, Solver
from bargain.solvers.canonical_order import canonical_order
from bargain.solvers.equilibria import candidate_text, run_message, run_status

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False)
class CorrelatedEquilibrium(ArrayRecord):
    """A certified distribution ``(*n_actions,)``, expected payoffs ``(n_players,)``, the certificate.

    The regret in the certificate is the gain from the best rule of disobedience: of the best answer to each
    recommendation, or, for a coarse equilibrium, of the best single action chosen before any recommendation.
    """

    distribution: FloatArray
    payoffs: FloatArray
    certificate: Certificate

    def __post_init__(self) -> None:
        object.__setattr__(self, "distribution", finite_array(self.distribution, "distribution"))
        object.__setattr__(self, "payoffs", finite_array(self.payoffs, "payoffs"))

    def to_dict(self) -> dict[str, Any]:
        return {
            "distribution": self.distribution.tolist(),
            "payoffs": self.payoffs.tolist(),
            "certificate": self.certificate.to_dict(),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        return cls(data["distribution"], data["payoffs"], Certificate.from_dict(data["certificate"]))


@dataclass(frozen=True, eq=False)
class Mediation:
    """What a solver proposes: a distribution, and why none is better for its objective.

    prices: for each player the price of each disobedience, ``(n_actions[k], n_actions[k])`` at [told, played], or
    ``(n_actions[k],)`` for coarse ones, never negative; weights: ``(n_players,)`` on the players' payoffs in the
    objective. For every correlated equilibrium p then ``weights . payoffs(p)`` is at most the largest entry, over
    profiles, of weighted payoffs less priced gains from disobedience (duality of linear programs).
    """

    distribution: FloatArray
    prices: tuple[FloatArray, ...] | None = None
    weights: FloatArray | None = None


@dataclass(frozen=True, eq=False, kw_only=True)
class CorrelatedSolution(Solution):
    """Certified correlated equilibria of a stage game.

    equilibria: in canonical order (module ``canonical_order``), fewest profiles in play first, then largest payoffs;
    value: of the objective at the first one, payoff units;
    bound: what no equilibrium of the concept can surpass (or undercut, where the objective is a player's worst),
    recomputed from the multipliers; both None when there is no objective.
    """

    equilibria: tuple[CorrelatedEquilibrium, ...] = ()
    value: float | None = None
    bound: float | None = None

    @property
    def distribution(self) -> FloatArray:
        """Distribution of the first equilibrium; IndexError when there is none."""
        return self.equilibria[0].distribution

    @property
    def payoffs(self) -> FloatArray:
        """Payoffs of the first equilibrium; IndexError when there is none."""
        return self.equilibria[0].payoffs

    @classmethod
    def judge(cls, game: StageGame, solver: Solver[Any, Any], proposal: Proposal, tolerance: float) -> Self:
        """Recompute the gains from disobedience and the bound of every candidate; merge equal ones, order.

        A solver with an objective has to prove its candidates best: without prices they are refused.
        """
        accepted: list[CorrelatedEquilibrium] = []
        rejected: list[Rejected] = []
        value = bound = None
        for candidate in proposal.candidates:
            try:
                equilibrium = _certified(game, solver, candidate.distribution, tolerance)
                limit = None if candidate.prices is None else _bound(game, solver, candidate)
            except (AttributeError, ValueError, TypeError, IndexError) as error:
                rejected.append(Rejected(candidate_text(candidate), f"not a distribution of this game: {error}"))
                continue
            reached = None if limit is None else _value(game, solver, equilibrium.payoffs)
            fault = _fault(game, solver, equilibrium, reached, limit, tolerance)
            if fault is not None:
                rejected.append(fault)
                continue
            accepted.append(equilibrium)
            value, bound = reached, limit
        kept, _ = canonical_order(game, [(equilibrium.distribution.reshape(-1),) for equilibrium in accepted])
        status = run_status(proposal, len(kept), len(rejected))
        sign = -1.0 if str(getattr(solver, "objective", "")).startswith("worst") else 1.0
        return cls(
            solver=solver,
            game=game,
            status=status,
            scope=Scope.SOME if rejected or proposal.stopped else proposal.scope,
            message=run_message(solver, proposal, status, len(rejected)),
            rejected=tuple(rejected),
            equilibria=tuple(accepted[i] for i in kept),
            value=None if value is None else sign * value,
            bound=None if bound is None else sign * bound,
        )

    def to_dict(self, *, run_time: bool = False) -> dict[str, Any]:
        return {
            **super().to_dict(run_time=run_time),
            "equilibria": [equilibrium.to_dict() for equilibrium in self.equilibria],
            "value": self.value,
            "bound": self.bound,
        }

    @classmethod
    def _own_fields(cls, data: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "equilibria": tuple(CorrelatedEquilibrium.from_dict(item) for item in data["equilibria"]),
            "value": data["value"],
            "bound": data["bound"],
        }

    def to_frame(self) -> pd.DataFrame:
        """Tidy table: equilibrium, profile, its probability, player, the payoff there, the player's expected payoff."""
        import pandas as pd

        columns = ["equilibrium", "profile", "probability", "player", "payoff_there", "payoff"]
        rows = [
            (
                number,
                ", ".join(own[i] for own, i in zip(self.game.actions, place, strict=True)),
                float(eq.distribution[place]),
                player,
                float(self.game.payoffs[(k, *place)]),
                float(eq.payoffs[k]),
            )
            for number, eq in enumerate(self.equilibria)
            for place in np.ndindex(eq.distribution.shape)
            for k, player in enumerate(self.game.players)
        ]
        return pd.DataFrame(rows, columns=columns)


def objective_weights(game: StageGame, objective: str) -> FloatArray | None:
    """Weights on the players' payoffs that the objective maximises; None for the egalitarian one, which has many.

    Raises ValueError when the objective names no player of the game.
    """
    if objective == "egalitarian":
        return None
    if objective == "welfare":
        return np.ones(game.n_players)
    side, _, name = objective.partition(":")
    weights = np.zeros(game.n_players)
    weights[player_index(game, name)] = 1.0 if side == "best" else -1.0
    return weights


def player_index(game: StageGame, name: str | int) -> int:
    """Index of a player given by label or, where no label matches, by number."""
    if name in game.players:
        return game.players.index(str(name))
    if str(name).isdigit() and int(name) < game.n_players:
        return int(name)
    raise ValueError(f"no player {name!r}; {nearest(name, game.players)}")


def _certified(game: StageGame, solver: Solver[Any, Any], distribution: Any, tolerance: float) -> CorrelatedEquilibrium:
    """The distribution with payoffs and certificate, which may or may not hold."""
    table = checked_distribution(game, distribution)
    gains = coarse_regret(game, table) if getattr(solver, "coarse", False) else swap_regret(game, table)
    certificate = Certificate(gains, game.payoff_range, tolerance)
    return CorrelatedEquilibrium(table, distribution_payoffs(game, table), certificate)


def _value(game: StageGame, solver: Solver[Any, Any], payoffs: FloatArray) -> float:
    weights = objective_weights(game, solver.objective)  # type: ignore[attr-defined]
    return float(payoffs.min() if weights is None else weights @ payoffs)


def _bound(game: StageGame, solver: Solver[Any, Any], candidate: Mediation) -> float:
    """Upper bound of the objective over the whole concept, from prices and weights; ValueError when they are none."""
    weights = objective_weights(game, solver.objective)  # type: ignore[attr-defined]
    if weights is None:
        weights = finite_array(candidate.weights, "weights")  # type: ignore[arg-type]
        if weights.min() < 0.0 or abs(weights.sum() - 1.0) > 1e-9:
            raise ValueError(f"weights {weights.tolist()} of the players are no average")
    # Payoff levels go in at the end: they would drown the differences that prices multiply.
    levels = game.payoffs.reshape(game.n_players, -1).min(axis=1)
    table = np.tensordot(weights, game.payoffs - levels.reshape(-1, *(1,) * game.n_players), axes=1)
    assert candidate.prices is not None
    for k, price in enumerate(candidate.prices):
        prices = finite_array(price, "prices")
        if prices.size and prices.min() < 0.0:
            raise ValueError("a price of disobedience is negative")
        if prices.ndim != 1 and getattr(solver, "coarse", False):
            raise ValueError("prices for each recommendation bound no coarse correlated equilibria")
        own = np.moveaxis(game.payoffs[k] - levels[k], k, 0)
        if prices.ndim == 1:
            priced = np.tensordot(prices, own, axes=1)[None] - prices.sum() * own
        else:
            priced = np.tensordot(prices, own, axes=1) - own * prices.sum(axis=1).reshape(-1, *(1,) * (own.ndim - 1))
        table = table - np.moveaxis(priced, 0, k)
    return float(table.max() + weights @ levels)


def _fault(
    game: StageGame,
    solver: Solver[Any, Any],
    equilibrium: CorrelatedEquilibrium,
    value: float | None,
    bound: float | None,
    tolerance: float,
) -> Rejected | None:
    """Why a distribution is refused, if it is."""
    text = candidate_text(equilibrium.distribution)
    if not equilibrium.certificate.holds:
        worst = float(equilibrium.certificate.relative_regret.max())
        return Rejected(text, f"disobedience gains {worst:.3g} of the payoff range, more than {tolerance:g}", worst)
    if value is None or bound is None:
        objective = getattr(solver, "objective", None)
        if objective is None:
            return None
        return Rejected(text, f"no prices of disobedience, so nothing proves it the best for objective {objective!r}")
    gap = (bound - value) / (float(game.payoff_range.sum()) or 1.0)
    if gap > tolerance:
        return Rejected(text, f"the objective may be {gap:.3g} of the payoff ranges better than {value:.6g}", gap)
    return None
