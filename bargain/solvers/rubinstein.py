"""Alternating offers (Rubinstein 1982) on any two-player bargaining problem, with breakdown and outside options.

Protocol (``bargain.games.alternating_offers``): offer; on rejection the responder may opt out (payoffs o), else talks
break down with probability q (payoffs b), else a round of disagreement passes and the roles change. Each player's offer
leaves the other just what rejecting is worth, and with F_i(u) the most that i can have while the other has u,

    x = F_1(r_2), r_2 = max(o_2, q b_2 + (1 - q) ((1 - delta_2) d_2 + delta_2 F_2(r_1))),
                  r_1 = max(o_1, q b_1 + (1 - q) ((1 - delta_1) d_1 + delta_1 x)).

The right-hand side rises in x, more slowly than x where the frontier is concave, so x is found by halving. On the unit
pie with d = 0 this is x = (1 - delta_2) / (1 - delta_1 delta_2); with breakdown and no discounting it tends to the Nash
solution with threat point b as q falls to zero; an outside option counts only when it is worth more than going on.
Where no offer is better for both than what they have otherwise, talks end in opting out or never. For discount
factors near 1 rounding grows by 1 / (1 - (1 - q) delta), and so does the violation that the certificate reports.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from numbers import Real
from typing import Any, ClassVar

import numpy as np

from bargain.games.alternating_offers import OfferRules, OfferStrategies, offer_values, offer_violations
from bargain.games.bargaining import BargainingProblem
from bargain.games.bargaining_certificate import Problem, bargaining_certificate
from bargain.games.bargaining_frontier import BargainingFrontier
from bargain.games.profile import nearest
from bargain.games.record import FloatArray, finite_array
from bargain.solvers.bargaining_polygon import pareto_indices
from bargain.solvers.bargaining_smooth import falling_root
from bargain.solvers.bargaining_solution import BargainingSolution
from bargain.solvers.base import TIE, Proposal, Scope, Solver
from bargain.solvers.checks import entries
from bargain.solvers.watch import current_watch


@dataclass(frozen=True, eq=False, kw_only=True)
class OfferSolution(BargainingSolution):
    """Certified stationary play of alternating offers.

    payoffs: values before the first offer; agreement: whether that offer is accepted; play: what both offer, accept and
    when they opt out; certificate: bounds on the gain from deviating at each kind of decision.
    """

    play: OfferStrategies | None = None

    @classmethod
    def _measured(cls, game: Problem, solver: Any, candidate: Any, tolerance: float) -> dict[str, Any]:
        if not isinstance(candidate, OfferStrategies):
            raise ValueError("it is no pair of stationary strategies")
        rules = solver.rules(game)
        proposer = solver.first_player(game)
        payoffs = finite_array(offer_values(game, rules, candidate)[0][proposer], "payoffs")
        return {
            "agreement": candidate.accepted[proposer],
            "payoffs": payoffs,
            "gains": finite_array(payoffs - game.threat_point, "gains"),
            "certificate": bargaining_certificate(offer_violations(game, rules, candidate), tolerance),
            "play": candidate,
        }

    def to_dict(self, *, run_time: bool = False) -> dict[str, Any]:
        play = None if self.play is None else self.play.to_dict()
        return {**super().to_dict(run_time=run_time), "play": play}

    @classmethod
    def _own_fields(cls, data: Mapping[str, Any]) -> dict[str, Any]:
        play = None if data["play"] is None else OfferStrategies(**data["play"])
        return {**super()._own_fields(data), "play": play}


@dataclass(frozen=True)
class Rubinstein(Solver[Problem, OfferSolution]):
    """Stationary subgame-perfect equilibrium of alternating offers between two players.

    discount_factors: one number for both or one each, below 1 unless talks can break down; breakdown_probability: after
    each rejection; breakdown_payoffs: the threat point by default; outside_options: one payoff per player, None for who
    has none (who gets the threat point when the other opts out); first: who offers first; time_limit: seconds.
    """

    discount_factors: tuple[float, ...] | float
    breakdown_probability: float = 0.0
    breakdown_payoffs: tuple[float, ...] | None = None
    outside_options: tuple[float | None, ...] = (None, None)
    first: str | int = 0
    time_limit: float | None = None

    concept: ClassVar[str] = "stationary subgame-perfect equilibrium of alternating offers"
    solution_type: ClassVar[type[OfferSolution]] = OfferSolution
    game_type: ClassVar[type[Any] | tuple[type[Any], ...]] = (BargainingProblem, BargainingFrontier)
    n_players: ClassVar[int | None] = 2
    elsewhere: ClassVar[str] = "NashBargaining, KalaiSmorodinsky and Egalitarian take any number"

    def __post_init__(self) -> None:
        factors: Any = self.discount_factors
        pair = (factors, factors) if isinstance(factors, Real) else entries("discount_factors", factors)
        object.__setattr__(self, "discount_factors", _numbers(pair, "discount_factors", 0.0, 1.0))
        q = _numbers((self.breakdown_probability,), "breakdown_probability", 0.0, 1.0)[0]
        object.__setattr__(self, "breakdown_probability", q)
        if q == 0.0 and max(map(float, self.discount_factors)) >= 1.0:  # type: ignore[arg-type]
            raise ValueError(
                f"discount_factors = {self.discount_factors} and breakdown_probability = 0: nothing makes a player "
                "with discount factor 1 agree; take a factor below 1 or a breakdown probability above 0"
            )
        if self.breakdown_payoffs is not None:
            payoffs = _numbers(self.breakdown_payoffs, "breakdown_payoffs")
            object.__setattr__(self, "breakdown_payoffs", payoffs)
        options = entries("outside_options", self.outside_options)
        _numbers([0.0 if option is None else option for option in options], "outside_options")
        object.__setattr__(self, "outside_options", tuple(None if o is None else float(o) for o in options))

    def settings(self) -> dict[str, Any]:
        return {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(self).items()}

    def check_suits(self, game: Any) -> None:
        super().check_suits(game)
        self.first_player(game)

    def first_player(self, game: Problem) -> int:
        """Index of who offers first."""
        for k, name in enumerate(game.players):
            if self.first == name or (self.first == k and not isinstance(self.first, (str, bool))):
                return k
        raise ValueError(f"first = {self.first!r} is no player; {nearest(self.first, game.players)}")

    def rules(self, game: Problem) -> OfferRules:
        """The numbers of the protocol, defaults filled in from the problem."""
        threat = game.threat_point
        broken = threat if self.breakdown_payoffs is None else np.array(self.breakdown_payoffs)
        options = [threat[k] if option is None else option for k, option in enumerate(self.outside_options)]
        first, second = (option is not None for option in self.outside_options)
        factors = np.array(self.discount_factors, dtype=float)
        return OfferRules(factors, self.breakdown_probability, broken, (first, second), np.array(options))

    def propose(self, game: Problem) -> Proposal:
        if current_watch().expired():
            return Proposal(stopped="time limit reached", message="raise time_limit")
        rules, frontier = self.rules(game), _Frontier(game)
        agreed = _both_agree(game, rules, frontier)
        candidates = ([] if agreed is None else [agreed]) + list(_partly_refused(game, rules, frontier))
        return Proposal(
            candidates=tuple(candidates),
            scope=Scope.SOME,
            message=f"{game.players[self.first_player(game)]} offers first",
        )


def _numbers(values: Sequence[Any], name: str, low: float = -np.inf, high: float = np.inf) -> tuple[float, ...]:
    """One finite number per player (or the only one) within bounds; ValueError names the one that is not."""
    values = entries(name, values)
    if len(values) != 2 and name != "breakdown_probability":
        raise ValueError(f"{name} = {tuple(values)} is not one number for each of two players")
    for value in values:
        number = isinstance(value, Real) and not isinstance(value, bool)
        if not (number and np.isfinite(value) and low <= value <= high):
            bounds = f" in [{low:g}, {high:g}]" if np.isfinite(low) else ""
            raise ValueError(f"{name}: {value!r} is not a finite number{bounds}")
    return tuple(map(float, values))


class _Frontier:
    """Most that one player can have while the other has a given payoff, on a polygon or below a smooth frontier."""

    def __init__(self, problem: Problem) -> None:
        self.smooth = problem if isinstance(problem, BargainingFrontier) else None
        if isinstance(problem, BargainingProblem):
            corners = problem.points[pareto_indices((problem.points - problem.threat_point) / problem.scale)]
        else:
            corners = np.column_stack([problem.interval, problem.second(problem.interval)])
        self.corners = corners
        self.slack = TIE * problem.scale

    def most(self, player: int, least: float) -> float | None:
        """None when the other player cannot have ``least``."""
        own, other = self.corners[:, player], self.corners[:, 1 - player]
        if least > other.max() + self.slack[1 - player]:
            return None
        level = min(max(least, float(other.min())), float(other.max()))
        if self.smooth is not None:
            return self._most_below(self.smooth, player, level)
        return float(np.interp(level, other, own) if player == 1 else np.interp(level, other[::-1], own[::-1]))

    @staticmethod
    def _most_below(frontier: BargainingFrontier, player: int, level: float) -> float:
        if player == 1:
            return float(frontier.second(level))
        return falling_root(lambda first: float(frontier.second(first)) - level, *map(float, frontier.interval))

    def offer(self, proposer: int, least: float) -> FloatArray | None:
        """The efficient point that is best for the proposer and gives the responder ``least`` or more."""
        own = self.most(proposer, least)
        if own is None:
            return None
        point = np.empty(2)
        point[proposer] = own
        other = self.most(1 - proposer, own)
        point[1 - proposer] = least if other is None else max(least, other)
        return point


def _both_agree(problem: Problem, rules: OfferRules, frontier: _Frontier) -> OfferStrategies | None:
    """Play in which both offers are accepted; None when somebody's rejection is worth more than the frontier offers."""

    def reserve(player: int, own_offer: float) -> float:
        on = float(rules.rejection(problem.threat_point, np.full(2, own_offer))[player])
        return max(on, float(rules.outside_payoffs[player])) if rules.may_opt_out[player] else on

    def answer(first: float) -> float | None:
        second = frontier.most(1, reserve(0, first))
        return None if second is None else frontier.most(0, reserve(1, second))

    low, high = float(frontier.corners[:, 0].min()), float(frontier.corners[:, 0].max())
    if answer(low) is None or answer(high) is None:
        return None
    first = falling_root(lambda x: (answer(x) or 0.0) - x, low, high)
    theirs = frontier.offer(1, reserve(0, first))
    if theirs is None:
        return None
    ours = frontier.offer(0, reserve(1, float(theirs[1])))
    if ours is None:
        return None
    own = np.array([ours[0], theirs[1]])
    on = rules.rejection(problem.threat_point, own)
    opts_out = [rules.may_opt_out[k] and bool(rules.outside_payoffs[k] > on[k]) for k in (0, 1)]
    return OfferStrategies(np.array([ours, theirs]), (True, True), (opts_out[0], opts_out[1]))


def _partly_refused(problem: Problem, rules: OfferRules, frontier: _Frontier) -> list[OfferStrategies]:
    """Play in which nobody's offer is accepted, or only one player's; the certificate tells which is an equilibrium."""
    plays: list[OfferStrategies] = []
    never = rules.never(problem.threat_point)
    nothing = np.tile(problem.threat_point, (2, 1))
    kinds = [(False, True) if may else (False,) for may in rules.may_opt_out]
    for opts_out in itertools.product(*kinds):
        pair = (opts_out[0], opts_out[1])
        plays.append(OfferStrategies(nothing, (False, False), pair))
        for proposer in (0, 1):
            responder = 1 - proposer
            if opts_out[responder]:
                least = float(rules.outside_payoffs[responder])
            elif opts_out[proposer]:
                least = float(rules.rejection(problem.threat_point, rules.outside_payoffs)[responder])
            else:
                least = float(never[responder])
            offer = frontier.offer(proposer, least)
            if offer is not None:
                offers = np.array([offer, problem.threat_point] if proposer == 0 else [problem.threat_point, offer])
                plays.append(OfferStrategies(offers, (proposer == 0, proposer == 1), pair))
    return plays
