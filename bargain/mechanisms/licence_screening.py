"""Short licences as screening: an applicant of unknown type, use observed while the licence runs, renewal or not.

An applicant is military with chance mu and civil otherwise; only it knows. A licence runs L months and cannot be
called back; every month of military use comes to light with chance e. The office renews until that happens. Per month
it gains v from a civil user and loses h to military use, and every decision costs it k; the applicant pays w per
application. With the monthly discount factor b, A = (1 - b^L) / (1 - b) a month's flow over a licence, and
s = (1 - e)^L the chance that military use stays hidden over a licence, a military applicant compares

    lawful use   (n A - w) / (1 - b^L)              military use   (a A - w - b^L (1 - s) F) / (1 - b^L s)

and staying out (0); n and a are a month's worth to it of either use, F what it loses when found out. Once it uses the
licence as a military user, the office's value of the applicant and the share up to which it licenses are

    W(mu) = (1 - mu) (v A - k) / (1 - b^L) - mu (h A + k) / (1 - b^L s),         mu* the root of W,

the belief falling at every renewal, mu' = mu s / (1 - mu + mu s), so that an office which starts goes on. A licence for
ever has A = 1 / (1 - b), b^L = 0: W(mu; L) - max(0, W(mu; for ever)) is the *option value* of being able to refuse
(Arrow and Fisher 1974; Dixit and Pindyck 1994). Short licences cost k more often and lose the military user sooner;
they also *discipline*: with L short and e large, lawful use is worth more than one licence misused.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Self

import numpy as np

from bargain.economy.arrays import finite_array

SHARES = ("military_share", "detection", "discount_factor")


@dataclass(frozen=True)
class LicenceTerms:
    """What office and applicants face; per month and discounted by the month.

    length: L, months, >= 1, infinite for one for ever; military_share: mu in [0, 1]; discount_factor: b in (0, 1);
    detection: e in [0, 1]; civil_benefit, military_harm, decision_cost: v, h, k of the office; civil_value: a month's
    worth to a civil user; military_value, lawful_value: a and n of a military one; application_cost: w; penalty: F. The
    money of the office and that of the applicants may have different units.
    """

    length: float
    military_share: float
    discount_factor: float
    detection: float
    civil_benefit: float
    military_harm: float
    decision_cost: float
    civil_value: float
    military_value: float
    lawful_value: float
    application_cost: float
    penalty: float

    def __post_init__(self) -> None:
        for name in asdict(self):
            given = getattr(self, name)
            if name == "length" and given == math.inf:
                continue
            value = float(finite_array(name, given, 0.0, 1.0 if name in SHARES else np.inf))
            object.__setattr__(self, name, value)
        if not 0.0 < self.discount_factor < 1.0:
            raise ValueError(f"discount_factor = {self.discount_factor:g} is not in (0, 1)")
        if self.length < 1.0:
            raise ValueError(f"length = {self.length:g} is not at least one month")

    def with_length(self, length: float) -> LicenceTerms:
        """The same with licences of another length."""
        return replace(self, length=length)

    @property
    def next_weight(self) -> float:
        """b^L, what the renewal is worth today."""
        return 0.0 if self.length == math.inf else float(self.discount_factor**self.length)

    @property
    def months_worth(self) -> float:
        """A, months of flow in a licence, discounted."""
        return (1.0 - self.next_weight) / (1.0 - self.discount_factor)

    @property
    def hidden(self) -> float:
        """s, chance that military use stays hidden over a licence."""
        if self.length == math.inf:
            return 1.0 if self.detection == 0.0 else 0.0
        return float((1.0 - self.detection) ** self.length)


@dataclass(frozen=True)
class LicenceEquilibrium:
    """What everybody does at one length of licences, what it is worth, and what deviations gain, type by type.

    civil, military: "out", "lawful use" or "military use"; granted: whether the office grants, and renews until found
    out; office, civil_payoff, military_payoff: expected values; threshold: share of military users up to which it
    grants; option_value: office less what it has with licences for ever or none; gains: most that the office, a civil
    and a military applicant gain by another plan, from backward induction over renewals.
    """

    terms: LicenceTerms
    civil: str
    military: str
    granted: bool
    office: float
    civil_payoff: float
    military_payoff: float
    threshold: float
    option_value: float
    gains: dict[str, float]

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        return cls(**{**data, "terms": LicenceTerms(**data["terms"])})


def licence_equilibrium(terms: LicenceTerms) -> LicenceEquilibrium:
    """Equilibrium of the licence game at one length: renewal until found out, or no licences.

    Ties go to the lawful side: an applicant that is indifferent applies, and uses the licence lawfully; an office that
    is indifferent grants.
    """
    plans = _plans(terms)
    civil = "lawful use" if _lawful(terms, terms.civil_value) >= 0.0 else "out"
    military = max(plans, key=lambda plan: plans[plan])
    worth, threshold = _office(terms, civil, military)
    granted = worth >= 0.0 and (civil, military) != ("out", "out")
    found = LicenceEquilibrium(
        terms,
        civil,
        military,
        granted,
        worth if granted else 0.0,
        max(_lawful(terms, terms.civil_value), 0.0) if granted else 0.0,
        plans[military] if granted else 0.0,
        threshold,
        (worth if granted else 0.0) - permanent_value(terms),
        {},
    )
    return replace(found, gains=largest_gains(found))


def licence_lengths(terms: LicenceTerms, lengths: Iterable[float]) -> tuple[LicenceEquilibrium, ...]:
    """Equilibria at several lengths, in the order given."""
    return tuple(licence_equilibrium(terms.with_length(length)) for length in lengths)


def best_length(terms: LicenceTerms, lengths: Iterable[float]) -> LicenceEquilibrium:
    """The length, of those given, that is worth most to the office; the longest one of equals."""
    found = sorted(licence_lengths(terms, lengths), key=lambda each: -each.terms.length)
    if not found:
        raise ValueError("lengths is empty: give at least one length in months")
    return max(found, key=lambda each: each.office)


def permanent_value(terms: LicenceTerms) -> float:
    """What the office has from licences for ever, or from none: the yardstick of the option value."""
    for_ever = terms.with_length(math.inf)
    plans = _plans(for_ever)
    civil = "lawful use" if _lawful(for_ever, terms.civil_value) >= 0.0 else "out"
    return max(_office(for_ever, civil, max(plans, key=lambda plan: plans[plan]))[0], 0.0)


def shortest_length(terms: LicenceTerms) -> float:
    """Months from which on a civil user applies: civil_value A(L) >= application_cost; infinite where none is long
    enough."""
    if terms.application_cost == 0.0:
        return 0.0
    if terms.civil_value == 0.0:
        return math.inf
    left = 1.0 - (1.0 - terms.discount_factor) * terms.application_cost / terms.civil_value
    return math.inf if left <= 0.0 else math.log(left) / math.log(terms.discount_factor)


def _lawful(terms: LicenceTerms, value: float) -> float:
    """Worth of lawful use for ever, licence by licence."""
    return (value * terms.months_worth - terms.application_cost) / (1.0 - terms.next_weight)


def _plans(terms: LicenceTerms) -> dict[str, float]:
    """What each plan is worth to a military applicant whose licence is renewed until it is found out; ties go to the
    first."""
    found_out = terms.next_weight * (1.0 - terms.hidden) * terms.penalty
    misuse = terms.military_value * terms.months_worth - terms.application_cost - found_out
    return {
        "lawful use": _lawful(terms, terms.lawful_value),
        "military use": misuse / (1.0 - terms.next_weight * terms.hidden),
        "out": 0.0,
    }


def _office(terms: LicenceTerms, civil: str, military: str) -> tuple[float, float]:
    """(value of granting and renewing until found out, share of military users up to which it is not negative)."""
    benefit = (terms.civil_benefit * terms.months_worth - terms.decision_cost) / (1.0 - terms.next_weight)
    harm = (terms.military_harm * terms.months_worth + terms.decision_cost) / (1.0 - terms.next_weight * terms.hidden)
    lawful = benefit if civil != "out" else 0.0
    other = {"lawful use": benefit, "military use": -harm, "out": 0.0}[military]
    mu = terms.military_share
    threshold = 1.0 if other >= 0.0 else 0.0
    if other < 0.0 <= lawful:
        threshold = lawful / (lawful - other)
    return (1.0 - mu) * lawful + mu * other, threshold


# ---------------------------------------------------------------- certificate


def largest_gains(found: LicenceEquilibrium, smallest_weight: float = 1e-13) -> dict[str, float]:
    """Most that each side gains by another plan, by backward induction over so many renewals that the rest weighs
    nothing: best replies against what the plan itself is worth, neither from the closed forms."""
    terms = found.terms
    renewals = 1 if terms.next_weight == 0.0 else 1 + math.ceil(math.log(smallest_weight) / math.log(terms.next_weight))
    flows = {
        "civil": {"lawful use": terms.civil_value},
        "military": {"lawful use": terms.lawful_value, "military use": terms.military_value},
    }
    gains = {"office": _office_gain(found, renewals)}
    for kind, plan in (("civil", found.civil), ("military", found.military)):
        gains[kind] = _applicant_gain(terms, flows[kind], plan, renewals) if found.granted else 0.0
    return gains


def _applicant_gain(terms: LicenceTerms, flows: Mapping[str, float], plan: str, renewals: int) -> float:
    """Best reply to renewals until found out, with a free choice at each of them, against the plan."""
    best = own = 0.0
    for _ in range(renewals):
        options = {"out": (0.0, 0.0)}
        for use, flow in flows.items():
            caught = 1.0 - terms.hidden if use == "military use" else 0.0
            options[use] = tuple(
                flow * terms.months_worth
                - terms.application_cost
                + terms.next_weight * ((1.0 - caught) * later - caught * terms.penalty)
                for later in (best, own)
            )  # type: ignore[assignment]
        best, own = max(first for first, _ in options.values()), options[plan][1]
    return max(best - own, 0.0)


def _office_gain(found: LicenceEquilibrium, renewals: int) -> float:
    """Best reply along the beliefs that no trace of military use leads to, against granting always or never."""
    terms = found.terms
    military = terms.military_share if found.military != "out" else 0.0
    civil = 1.0 - terms.military_share if found.civil != "out" else 0.0
    if military + civil == 0.0:
        return 0.0
    caught = 1.0 - terms.hidden if found.military == "military use" else 0.0
    flow = -terms.military_harm if found.military == "military use" else terms.civil_benefit
    # Masses of applicants still there at each renewal stand for chances and beliefs at once.
    there = [(civil, military * (1.0 - caught) ** n) for n in range(renewals)]
    best = own = 0.0
    for lawful, other in reversed(there):
        now = (lawful * terms.civil_benefit + other * flow) * terms.months_worth - (
            lawful + other
        ) * terms.decision_cost
        best = max(0.0, now + terms.next_weight * best)
        own = now + terms.next_weight * own if found.granted else 0.0
    return max(best - own, 0.0)
