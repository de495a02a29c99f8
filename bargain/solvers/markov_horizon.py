"""Markov games with a last round, by backward induction: a stage equilibrium in every round and state.

With values v of the next round on, a round in state s is the auxiliary game (1 - d) u(s, a) + d sum P(s' | s, a) v(s')
(Kuhn 1953; Shapley 1953); after the last round nothing is earned. Where a round has several equilibria the outcome
depends on which is chosen in which round: the selection rule is part of the question. Values are sums over the rounds
times (1 - d), so that those of a long horizon compare with stationary ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from bargain.games.certificate import Certificate
from bargain.games.markov import BoolArray, IntArray, MarkovGame
from bargain.games.record import FloatArray, finite_array
from bargain.games.stage import StageGame
from bargain.games.stationary import StationaryProfile, check_fits, continuation
from bargain.solvers.base import TIE, Proposal, Rejected, Scope, Solution, Solver
from bargain.solvers.equilibria import run_message, run_status
from bargain.solvers.logit_path import LogitPath
from bargain.solvers.markov_perfect import Profile, frozen_tuples, plain_settings, status_quo
from bargain.solvers.markov_rounds import Rounds
from bargain.solvers.markov_solution import JOINT, criterion_weights
from bargain.solvers.support_enumeration import SupportEnumeration
from bargain.solvers.watch import current_watch

if TYPE_CHECKING:
    import pandas as pd

Plan = tuple[FloatArray, ...]


@dataclass(frozen=True, eq=False, kw_only=True)
class HorizonSolution(Solution):
    """Certified play of a Markov game that ends.

    strategies: per player ``(n_rounds, n_states, n_actions[i])``, first round first; values: ``(n_rounds + 1, n_states,
    n_players)``, of what is left at each round, zero after the last; certificate: largest gains from another action
    in every round and state ``(n_rounds, n_states, n_players)``, with the rest of the plan followed.
    """

    strategies: Plan = ()
    values: FloatArray | None = None
    certificate: Certificate | None = None

    @classmethod
    def judge(cls, game: MarkovGame, solver: Solver[Any, Any], proposal: Proposal, tolerance: float) -> Self:
        """Values from the last round on, and every one-shot deviation in every round and state."""
        rejected: list[Rejected] = []
        fields: dict[str, Any] = {}
        for plan in proposal.candidates[:1]:
            try:
                fields = _followed(game, plan, tolerance)
            except (ValueError, TypeError, IndexError) as error:
                rejected.append(Rejected(type(plan).__name__, f"no plan for this game: {error}"))
                continue
            if not fields["certificate"].holds:
                worst = float(fields["certificate"].relative_regret.max())
                rejected.append(Rejected("plan", f"somebody gains {worst:.3g} of the payoff range", worst))
                fields = {}
        status = run_status(proposal, len(fields), len(rejected))
        return cls(
            solver=solver,
            game=game,
            status=status,
            scope=Scope.SOME,
            message=run_message(solver, proposal, status, len(rejected)),
            rejected=tuple(rejected),
            **fields,
        )

    def first_round(self) -> StationaryProfile | None:
        """What is played while the end is farthest: with long horizons a candidate for a stationary equilibrium."""
        return StationaryProfile([own[0] for own in self.strategies]) if self.strategies else None

    def to_dict(self, *, run_time: bool = False) -> dict[str, Any]:
        return {
            **super().to_dict(run_time=run_time),
            "strategies": [own.tolist() for own in self.strategies],
            "values": None if self.values is None else self.values.tolist(),
            "certificate": None if self.certificate is None else self.certificate.to_dict(),
        }

    @classmethod
    def _own_fields(cls, data: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "strategies": tuple(finite_array(own, "strategies") for own in data["strategies"]),
            "values": None if data["values"] is None else finite_array(data["values"], "values"),
            "certificate": None if data["certificate"] is None else Certificate.from_dict(data["certificate"]),
        }

    def to_frame(self) -> pd.DataFrame:
        """Tidy table of the actions in play: round (from 1), state, player, action, probability, value of the rest."""
        import pandas as pd

        columns = ["round", "state", "player", "action", "probability", "value"]
        rows = [
            (t + 1, state, player, self.game.actions[k][a], float(own[t, s, a]), float(self.values[t, s, k]))
            for k, (player, own) in enumerate(zip(self.game.players, self.strategies, strict=self.values is not None))
            for t in range(len(own))
            for s, state in enumerate(self.game.states)
            for a in np.flatnonzero(own[t, s])
            if self.values is not None
        ]
        return pd.DataFrame(rows, columns=columns).sort_values(columns[:2], kind="stable", ignore_index=True)


@dataclass(frozen=True)
class FiniteHorizon(Solver[MarkovGame, HorizonSolution]):
    """Backward induction over a number of rounds, with a rule that chooses among stage equilibria.

    n_rounds: how many; selection, among the pure equilibria of a round in a state: "best" or "worst", the largest or
    smallest sum of what is left for all players; a player's label, what is left for that player; "path", the status quo
    move where it is one of them, else the one with fewest players off the status quo; ties go to the first move.
    Without a pure equilibrium: the mixed one that the same rule picks among all that are found (the first one for
    "path"). start_profile: the status quo, as in ``MarkovPerfect``; time_limit: seconds.
    """

    n_rounds: int = 40
    selection: str = "path"
    start_profile: Profile | None = None
    time_limit: float | None = None

    concept: ClassVar[str] = "subgame-perfect equilibrium with a last round, in Markov strategies"
    solution_type: ClassVar[type[HorizonSolution]] = HorizonSolution
    game_type: ClassVar[type[Any] | tuple[type[Any], ...]] = MarkovGame

    def __post_init__(self) -> None:
        if not isinstance(self.n_rounds, int | np.integer) or isinstance(self.n_rounds, bool) or self.n_rounds < 1:
            raise ValueError(f"n_rounds = {self.n_rounds!r} is not a positive number without fraction")
        object.__setattr__(self, "start_profile", frozen_tuples(self.start_profile))

    def settings(self) -> dict[str, Any]:
        return plain_settings(self)

    def check_suits(self, game: Any) -> None:
        super().check_suits(game)
        if self.selection not in ("path", "best", "worst"):
            try:
                criterion_weights(game, self.selection)
            except ValueError as error:
                text = str(error).replace("criterion", "selection", 1).replace(JOINT, "path, best, worst")
                raise ValueError(text) from None
        status_quo(game, self.start_profile)

    def propose(self, game: MarkovGame) -> Proposal:
        rounds, watch = Rounds.of(game), current_watch()
        rule = _Rule.of(self.selection, game, rounds, status_quo(game, self.start_profile))
        values = np.zeros((game.n_states, game.n_players))
        plan: list[Plan] = []
        n_mixed = 0
        for left in range(self.n_rounds, 0, -1):
            watch.report(1.0 - left / self.n_rounds, f"round {left}")
            worth = rounds.worth(values)
            played, mixed_in = rule.stage_equilibria(worth)
            if watch.expired():
                message = f"no plan without all rounds, {left} are left: raise time_limit"
                return Proposal(stopped="time limit reached", message=message)
            if played is None:
                message = f"no stage equilibrium found in round {left}, state {game.states[mixed_in[-1]]}"
                return Proposal(message=message)
            n_mixed += len(mixed_in)
            values = _means(np.where(np.isfinite(worth), worth, 0.0), played)
            plan.append(played)
        stacked = tuple(np.stack([each[k] for each in reversed(plan)]) for k in range(game.n_players))
        message = (
            f"selection {self.selection}; {n_mixed} of {self.n_rounds * game.n_states} pairs of round and state have "
            "no pure equilibrium"
        )
        return Proposal(candidates=(stacked,), message=message)


@dataclass(frozen=True, eq=False)
class _Rule:
    """Which stage equilibrium is played: weights of the players' Q, or None for the one nearest to the status quo."""

    game: MarkovGame
    rounds: Rounds
    quo: IntArray
    weights: FloatArray | None

    @classmethod
    def of(cls, selection: str, game: MarkovGame, rounds: Rounds, quo: IntArray) -> Self:
        if selection == "path":
            return cls(game, rounds, quo, None)
        criterion = selection if selection in game.players else JOINT
        sign = -1.0 if selection == "worst" and criterion == JOINT else 1.0
        return cls(game, rounds, quo, sign * criterion_weights(game, criterion) * rounds.ranges)

    def stage_equilibria(self, worth: FloatArray) -> tuple[Plan | None, list[int]]:
        """Strategies ``(n_states, n_actions[i])`` in every state, and the states where nobody's pure play is stable.

        None when a state is left without equilibrium, which is then the last one named.
        """
        regrets = self.rounds.regrets(worth)
        stable = regrets <= self.rounds.slack
        played = self.rounds.strategies(self._chosen(worth, stable))
        unstable: list[int] = np.flatnonzero(~stable.any(axis=1)).tolist()
        for number, s in enumerate(unstable):
            mixed = self._mixed(worth[s], s)
            if mixed is None:
                return None, unstable[: number + 1]
            for own, found in zip(played, mixed, strict=True):
                own[s] = found
        return played, unstable

    def _chosen(self, worth: FloatArray, stable: BoolArray) -> IntArray:
        """The stable move in every state that the rule names; any move where there is none."""
        if self.weights is None:
            choices = self.rounds.choices
            score, tie = -(choices[None] != choices[self.quo][:, None]).sum(axis=2).astype(float), 0.5
        else:
            score = np.einsum("i,sim->sm", self.weights, np.where(np.isfinite(worth), worth, 0.0))
            tie = self.rounds.slack * float(np.abs(self.weights).sum())
        score = np.where(stable, score, -np.inf)
        return np.asarray(np.argmax(score >= score.max(axis=1, keepdims=True) - tie, axis=1))

    def _mixed(self, worth: FloatArray, s: int) -> Plan | None:
        """A mixed equilibrium of the auxiliary game of one state, the best of those found by the rule."""
        kept = [np.flatnonzero(own[s]) for own in self.rounds.own]
        table = worth.reshape(-1, *self.rounds.n_actions)[np.ix_(np.arange(len(worth)), *kept)]
        solver: Solver[StageGame, Any] = SupportEnumeration() if len(kept) == 2 else LogitPath(n_starts=3)
        profiles = []
        for candidate in solver.propose(StageGame(table)).candidates:
            profile = tuple(np.zeros(n) for n in self.rounds.n_actions)
            for own, places, found in zip(profile, kept, candidate, strict=True):
                own[places] = np.asarray(found) / np.sum(found)
            profiles.append(profile)
        if self.weights is None or len(profiles) < 2:
            return profiles[0] if profiles else None
        finite = np.where(np.isfinite(worth), worth, 0.0)[None]
        scores = [float(self.weights @ _means(finite, tuple(p[None] for p in profile))[0]) for profile in profiles]
        return profiles[int(np.argmax(np.array(scores) >= max(scores) - TIE * float(np.abs(self.weights).sum())))]


def _means(worth: FloatArray, played: Plan) -> FloatArray:
    """Expected Q ``(n_states, n_players)`` of ``(n_states, n_players, n_moves)`` under strategies."""
    weights = np.ones((len(worth), 1))
    for own in played:
        weights = (weights[:, :, None] * own[:, None, :]).reshape(len(worth), -1)
    return np.asarray((worth @ weights[:, :, None])[:, :, 0])


def _followed(game: MarkovGame, plan: Plan, tolerance: float) -> dict[str, Any]:
    """Values of a plan from every round on and one-shot gains; ValueError when it is no plan."""
    n_rounds = len(plan[0])
    level = game.payoffs.min(axis=(0, *range(2, 2 + game.n_players)))
    d, shape = game.discount_factor, (1, -1, *(1 for _ in game.players))
    now = (1.0 - d) * (game.payoffs - level.reshape(shape))
    values = np.zeros((n_rounds + 1, game.n_states, game.n_players))
    gains = np.zeros((n_rounds, game.n_states, game.n_players))
    for t in range(n_rounds - 1, -1, -1):
        profile = StationaryProfile([own[t] for own in plan])
        check_fits(game, profile)
        worth = now + d * continuation(game, values[t + 1])
        for k in range(game.n_players):
            own = worth[:, k]
            for i in reversed(range(game.n_players)):
                if i != k:
                    own = np.einsum("s...a,sa->s...", np.moveaxis(own, i + 1, -1), profile.strategies[i])
            values[t, :, k] = (own * profile.strategies[k]).sum(axis=1)
            best = np.where(game.available[k], own, -np.inf).max(axis=1)
            gains[t, :, k] = np.maximum(best - values[t, :, k], 0.0)
    # The level taken out is earned in every round that is left.
    earned = 1.0 - d ** np.arange(n_rounds, -1, -1)
    return {
        "strategies": tuple(finite_array(own, "strategies") for own in plan),
        "values": finite_array(values + earned[:, None, None] * level, "values"),
        "certificate": Certificate(gains, game.payoff_range, tolerance, d),
    }
