"""What is asked of a negotiation, checked: arrangement, threat, division, reply lag, resolution, frozen instruments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from numbers import Real
from typing import Any, Self

import numpy as np

from bargain.games.certificate import DEFAULT_TOLERANCE
from bargain.games.profile import nearest
from bargain.solvers.bargaining import (
    BargainingConcept,
    Egalitarian,
    KalaiSmorodinsky,
    NashBargaining,
    Utilitarian,
)
from bargain.solvers.base import Solver, check_time_limit
from bargain.solvers.checks import entries
from bargain.solvers.repeated_negotiation import RepeatedNegotiation
from bargain.solvers.rubinstein import Rubinstein

ARRANGEMENTS: dict[str, str] = {
    "truce": "truce without side payments",
    "deal": "deal with side payments",
    "set": "subgame-perfect payoffs without side payments",
}
"""Arrangement -> what it is."""

THREATS: dict[str, str] = {
    "path": "the standoff that play from the status quo leads to",
    "best": "the best standoff found",
    "worst": "the worst standoff found",
    "punishment": "the worst that each side can be held to",
}
"""Threat -> what it is."""

SOLUTIONS: dict[str, type[Any]] = {
    "nash": NashBargaining,
    "kalai-smorodinsky": KalaiSmorodinsky,
    "egalitarian": Egalitarian,
    "utilitarian": Utilitarian,
    "rubinstein": Rubinstein,
    "repeated-negotiation": RepeatedNegotiation,
}
"""Division -> the bargaining solution; payoffs are in USD."""

DEMANDS: dict[str, str] = {
    "off": "demands that cannot be divided are left out",
    "negotiable": "they may be conceded as part of an agreement",
    "insisted": "no agreement unless all of them are conceded",
}
"""What the side that makes an indivisible demand does with it -> what that means."""


@dataclass(frozen=True)
class Request:
    """Settings of a negotiation; ``negotiate`` explains them."""

    arrangement: str = "truce"
    threat: str = "path"
    solution: str = "nash"
    weights: tuple[float, ...] | None = None
    reply_lag: int = 1
    levels: tuple[tuple[str, int], ...] | None = None
    frozen: tuple[tuple[str, str | tuple[str, ...]], ...] = ()
    bystanders: str = "react"
    n_starts: int = 8
    seed: int = 0
    tolerance: float = DEFAULT_TOLERANCE
    time_limit: float | None = None
    demands: str = "off"
    first: str | None = None
    breakdown_probability: float = 0.0
    renegotiation_probability: float = 0.0

    def __post_init__(self) -> None:
        choices: dict[str, dict[str, Any]]
        choices = {"arrangement": ARRANGEMENTS, "threat": THREATS, "solution": SOLUTIONS, "demands": DEMANDS}
        for name, known in choices.items():
            value = getattr(self, name)
            if not isinstance(value, str) or value not in known:
                raise ValueError(f"{name} = {value!r} is not one of {', '.join(known)}; {nearest(value, list(known))}")
        if self.threat == "punishment" and self.arrangement == "truce":
            raise ValueError(
                "threat = 'punishment' needs arrangement = 'deal' or 'set': a truce falls back to a standoff, and the "
                "worst that a side can be held to is none"
            )
        for name, least in (("reply_lag", 1), ("n_starts", 0), ("seed", 0)):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
                raise ValueError(f"{name} = {value!r} is not a whole number >= {least}")
        check_time_limit(self.time_limit)
        self._check_offers()
        self._check_renegotiation()
        if self.weights is not None:
            if self.solution in ("kalai-smorodinsky", "rubinstein"):
                raise ValueError(f"weights go with nash, egalitarian and utilitarian; {self.solution} takes none")
            if not all(map(_is_weight, entries("weights", self.weights))):
                raise ValueError(f"weights = {self.weights!r} are not all finite and > 0")
            object.__setattr__(self, "weights", tuple(float(w) for w in self.weights))

    @classmethod
    def of(
        cls,
        *,
        weights: Any = None,
        levels: Mapping[str, int] | None = None,
        frozen: Mapping[str, str | Sequence[str]] | None = None,
        **settings: Any,
    ) -> Self:
        """From what a user gives: mappings instead of pairs, any sequence of weights."""
        return cls(
            weights=None if weights is None else entries("weights", weights),
            levels=None if levels is None else tuple((str(name), int(n)) for name, n in levels.items()),
            frozen=tuple((str(name), _held(level)) for name, level in (frozen or {}).items()),
            **settings,
        )

    def _check_offers(self) -> None:
        """Settings of alternating offers: none for another division, and none that it cannot take."""
        if self.solution != "rubinstein":
            for name, default in (("first", None), ("breakdown_probability", 0.0)):
                if getattr(self, name) != default:
                    raise ValueError(f"{name} = {getattr(self, name)!r} goes with solution = 'rubinstein' only")
            return
        if self.demands == "negotiable":
            raise ValueError(
                "demands = 'negotiable' needs a solution with an objective that compares agreements with and without "
                "a concession; rubinstein has none: take 'insisted'"
            )
        Rubinstein(0.5, breakdown_probability=self.breakdown_probability)

    def _check_renegotiation(self) -> None:
        """Repeated negotiation divides the gains of deals, and brings its own threat along."""
        chance = self.renegotiation_probability
        if self.solution != "repeated-negotiation":
            if chance != 0.0:
                raise ValueError(
                    f"renegotiation_probability = {chance!r} goes with solution = 'repeated-negotiation' only"
                )
            return
        if (self.arrangement, self.threat, self.demands) != ("deal", "punishment", "off"):
            raise ValueError(
                "solution = 'repeated-negotiation' takes arrangement = 'deal', threat = 'punishment' and demands = "
                "'off': payments make it, and what a side can be held to until the next negotiation is its threat"
            )
        RepeatedNegotiation(chance)

    def renegotiation(self, usd: Sequence[float]) -> RepeatedNegotiation:
        """The solver for deals negotiated anew; usd: what a payoff unit of each player is worth."""
        shares = None if self.weights is None else tuple(w / sum(self.weights) for w in self.weights)
        return RepeatedNegotiation(self.renegotiation_probability, shares, tuple(usd), time_limit=self.time_limit)

    def division(self, discount_factor: float) -> Solver[Any, Any]:
        """The solver that divides the gains; discount_factor: of a round, what waiting for an answer costs."""
        if self.solution == "rubinstein":
            first = 0 if self.first is None else self.first
            return Rubinstein(discount_factor, breakdown_probability=self.breakdown_probability, first=first)
        return self.concept

    @property
    def concept(self) -> BargainingConcept:
        """The axiomatic solution that divides the gains; ValueError for alternating offers, see ``division``."""
        if not issubclass(SOLUTIONS[self.solution], BargainingConcept):
            raise ValueError(f"solution = {self.solution!r} is no axiomatic solution; see division, renegotiation")
        kind = SOLUTIONS[self.solution]
        concept: BargainingConcept = kind() if self.weights is None else kind(weights=self.weights)
        return concept

    def to_dict(self) -> dict[str, Any]:
        data = asdict(self)
        data["weights"] = None if self.weights is None else list(self.weights)
        data["levels"] = None if self.levels is None else dict(self.levels)
        data["frozen"] = {name: list(held) if isinstance(held, tuple) else held for name, held in self.frozen}
        return data

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        return cls.of(**data)


def _is_weight(value: Any) -> bool:
    return not isinstance(value, bool) and isinstance(value, Real) and 0.0 < float(value) < np.inf


def _held(levels: str | Sequence[str]) -> str | tuple[str, ...]:
    """The level at which an instrument is held, or those among which its player may still choose."""
    if isinstance(levels, str) or not isinstance(levels, Sequence):
        return str(levels)
    named = tuple(dict.fromkeys(map(str, levels)))
    return named[0] if len(named) == 1 else named
