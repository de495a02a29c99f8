"""Alternating offers over a bargaining problem: the protocol, and every one-shot deviation from stationary play.

One player offers a payoff vector x of the feasible set; the other accepts, which ends the game with x, or rejects.
After a rejection the responder may opt out, which ends the game with the outside payoffs o; else with probability q
talks break down for good with payoffs b; else both get the threat point d for one round, and the roles change. Payoffs
are normalised: a round of disagreement followed by v is worth (1 - discount_factor) d + discount_factor v, so
disagreement for ever is worth d, and where d = 0 delay costs the usual factor (Rubinstein 1982; Binmore, Rubinstein and
Wolinsky 1986 for breakdown; Binmore, Shaked and Sutton 1989 for outside options of the responder).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from bargain.games.bargaining_certificate import FAR, Problem, largest_payoff
from bargain.games.record import ArrayRecord, FloatArray, finite_array


@dataclass(frozen=True, eq=False)
class OfferRules(ArrayRecord):
    """Numbers of the protocol, one per player.

    breakdown_probability: after each rejection unless the responder opts out; may_opt_out: whether the player, as
    responder, can; outside_payoffs: what both get then.
    """

    discount_factors: FloatArray
    breakdown_probability: float
    breakdown_payoffs: FloatArray
    may_opt_out: tuple[bool, bool]
    outside_payoffs: FloatArray

    def rejection(self, threat_point: FloatArray, later: FloatArray) -> FloatArray:
        """Values when an offer was rejected and talks go on to ``later``, the values of the next round."""
        q, factors = self.breakdown_probability, self.discount_factors
        waited = (1.0 - factors) * threat_point + factors * later
        return np.asarray(q * self.breakdown_payoffs + (1.0 - q) * waited)

    def never(self, threat_point: FloatArray) -> FloatArray:
        """Values when all offers are rejected for ever and nobody takes an outside option."""
        q, factors = self.breakdown_probability, self.discount_factors
        once = q * self.breakdown_payoffs + (1.0 - q) * (1.0 - factors) * threat_point
        return np.asarray(once / (1.0 - (1.0 - q) * factors))


@dataclass(frozen=True, eq=False)
class OfferStrategies(ArrayRecord):
    """Stationary play: what each player offers, and what each does with an offer.

    offers: row i is the payoff vector that player i offers, ``(2, 2)``; accepted: whether the other one accepts it (an
    offer that is not stands for any demand too high to be accepted); opts_out: whether player j, as responder who has
    rejected, opts out. A responder accepts any offer that is as good for him as rejecting.
    """

    offers: FloatArray
    accepted: tuple[bool, bool]
    opts_out: tuple[bool, bool]

    def __post_init__(self) -> None:
        object.__setattr__(self, "offers", finite_array(self.offers, "offers"))
        object.__setattr__(self, "accepted", tuple(map(bool, self.accepted)))
        object.__setattr__(self, "opts_out", tuple(map(bool, self.opts_out)))
        if self.offers.shape != (2, 2) or len(self.accepted) != 2 or len(self.opts_out) != 2:
            raise ValueError(f"offers of shape {self.offers.shape} is not one payoff vector from each of two players")

    def to_dict(self) -> dict[str, Any]:
        return {
            "offers": self.offers.tolist(),
            "accepted": list(self.accepted),
            "opts_out": list(self.opts_out),
        }


def offer_values(problem: Problem, rules: OfferRules, play: OfferStrategies) -> tuple[FloatArray, FloatArray]:
    """Values ``(2, 2)`` before player i offers (row i), and after his offer was rejected and before what follows."""
    values = np.zeros((2, 2))
    rejected = np.zeros((2, 2))
    if not any(play.accepted) and not any(play.opts_out):
        values[:] = rules.never(problem.threat_point)
    for _ in range(2):
        for proposer in (0, 1):
            if play.accepted[proposer]:
                values[proposer] = play.offers[proposer]
            else:
                values[proposer] = _after_rejection(problem, rules, play, proposer, values)
    for proposer in (0, 1):
        rejected[proposer] = _after_rejection(problem, rules, play, proposer, values)
    return values, rejected


def _after_rejection(
    problem: Problem, rules: OfferRules, play: OfferStrategies, proposer: int, values: FloatArray
) -> FloatArray:
    responder = 1 - proposer
    if play.opts_out[responder]:
        return rules.outside_payoffs
    return rules.rejection(problem.threat_point, values[responder])


def offer_violations(problem: Problem, rules: OfferRules, play: OfferStrategies) -> dict[str, float]:
    """Bounds on the gain from deviating at each kind of decision, as shares of the payoff range.

    Largest gain from a one-shot deviation, divided by the chance that talks stop or the weight of delay in one round:
    no longer deviation gains more.
    """
    values, rejected = offer_values(problem, rules, play)
    sizes = [_round_violations(problem, rules, play, i, values, rejected[i]) for i in (0, 1)]
    impatience = 1.0 - (1.0 - rules.breakdown_probability) * float(rules.discount_factors.max())
    return {name: max(size[name] for size in sizes) / impatience for name in sizes[0]}


def _round_violations(
    problem: Problem, rules: OfferRules, play: OfferStrategies, proposer: int, values: FloatArray, rejected: FloatArray
) -> dict[str, float]:
    """The same in the rounds in which one player offers; ``rejected``: values once the offer is rejected."""
    responder, scale = 1 - proposer, problem.scale
    option, offer = rules.outside_payoffs[responder], play.offers[proposer]
    goes_on = rules.rejection(problem.threat_point, values[responder])[responder]
    if play.opts_out[responder]:
        option_gain = (goes_on - option) / scale[responder] if rules.may_opt_out[responder] else FAR
    else:
        option_gain = (option - goes_on) / scale[responder] if rules.may_opt_out[responder] else 0.0
    answer_gain = beyond = 0.0
    if play.accepted[proposer]:
        answer_gain = (rejected[responder] - offer[responder]) / scale[responder]
        beyond = (offer[proposer] - _most(problem, proposer, offer[responder])) / scale[proposer]
    best = max(_most(problem, proposer, rejected[responder]), float(rejected[proposer]))
    return {
        "no better offer": float((best - values[proposer, proposer]) / scale[proposer]),
        "accepted offers are as good as rejecting": float(answer_gain),
        "opting out where it is best": float(option_gain),
        "offers are feasible": float(beyond),
    }


def _most(problem: Problem, proposer: int, least: float) -> float:
    """Largest payoff of the proposer when the responder gets ``least``."""
    return largest_payoff(problem, proposer, [-np.inf, least] if proposer == 0 else [least, -np.inf])
