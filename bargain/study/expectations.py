"""What the design of the model expected of it, put to the test: each expectation against the model's own numbers.

The design was written down with expectations from an earlier prototype before this model existed. Each of them is one
range that a number should lie in, [low, high], and the number is computed under several readings, because a prototype's
settings are not the package's defaults. The verdict follows from nothing else: *confirmed* when every number lies in
the range, *refuted* when none does, *partly* in between. A refutation is a result like any other.

The readings that matter most: the cost of harm left unanswered is taken by the package in proportion to the harm, by
the prototype step by step (``step_audience``); US military stocks of the scenario, and of one round (a quarter).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from bargain.standoff import Scenario, ScenarioError

if TYPE_CHECKING:
    import pandas as pd

CONFIRMED, PARTLY, REFUTED = "confirmed", "partly", "refuted"
VERDICTS = (CONFIRMED, PARTLY, REFUTED)
"""From all numbers in the range to none."""


@dataclass(frozen=True)
class Case:
    """One number: under which reading, and whose where it belongs to a side ("" where to none)."""

    reading: str
    side: str
    number: float


@dataclass(frozen=True)
class Expectation:
    """One expectation: a range, and the numbers that the model gives.

    id: short name; statement: what was expected; test: how the number is made; unit: of the number; low, high: the
    range that bears the statement out, open ends are infinite; cases: the numbers; reason: why they come out so.
    """

    id: str
    statement: str
    test: str
    unit: str
    low: float
    high: float
    cases: tuple[Case, ...]
    reason: str

    def __post_init__(self) -> None:
        if not self.cases:
            raise ValueError(f"expectation {self.id}: no case; the rule is at least one")
        if not self.low <= self.high:
            raise ValueError(f"expectation {self.id}: [{self.low:g}, {self.high:g}] is not a range")
        for case in self.cases:
            if np.isnan(case.number):
                raise ValueError(f"expectation {self.id}, {case.reading}: the number is NaN")

    def holds(self, case: Case) -> bool:
        """Whether the number of a case lies in the range."""
        return bool(self.low <= case.number <= self.high)

    @property
    def verdict(self) -> str:
        """ "confirmed", "partly" or "refuted"."""
        held = sum(self.holds(case) for case in self.cases)
        return CONFIRMED if held == len(self.cases) else PARTLY if held else REFUTED

    @property
    def expected(self) -> str:
        """The range in words."""
        return range_text(self.low, self.high)

    @property
    def numbers(self) -> str:
        """The numbers in words, reading by reading."""
        return ", ".join(
            f"{' '.join(filter(None, (case.side, case.reading)))} {case.number:.3g}" for case in self.cases
        )

    def to_dict(self) -> dict[str, Any]:
        data = asdict(self)
        data["cases"] = [asdict(case) for case in self.cases]
        for name in ("low", "high"):
            data[name] = data[name] if np.isfinite(data[name]) else None
        return data

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Expectation:
        cases = tuple(Case(**case) for case in data["cases"])
        low = -np.inf if data["low"] is None else data["low"]
        high = np.inf if data["high"] is None else data["high"]
        return cls(**{**data, "cases": cases, "low": low, "high": high})


def range_text(low: float, high: float) -> str:
    """A range in words; open ends are told as bounds."""
    if low == high:
        return f"{low:g}"
    if np.isinf(low):
        return f"at most {high:.3g}"
    if np.isinf(high):
        return f"at least {low:.3g}"
    return f"{low:.3g} to {high:.3g}"


def expectations(scenario: Scenario, *, n_draws: int = 40, seed: int = 0, n_starts: int = 4) -> tuple[Expectation, ...]:
    """Every expectation of the design, tested on ``scenario``; those about draws over ``n_draws`` of them.

    scenario: United States and China, at any parameter values; seed: of the draws and of the search for standoffs;
    n_starts: random starts of each search. About a minute. ScenarioError for a scenario without the two sides, the
    instruments or the states that the expectations are about.
    """
    from bargain.study.agreement_expectations import agreement_expectations
    from bargain.study.cost_expectations import cost_expectations
    from bargain.study.round_expectations import round_expectations
    from bargain.study.standoff_expectations import standoff_expectations

    if not isinstance(scenario, Scenario):
        raise ScenarioError(f"{scenario!r} is not a scenario; load_scenario() makes one")
    check_subject(scenario)
    if isinstance(n_draws, bool) or not isinstance(n_draws, int) or n_draws < 1:
        raise ScenarioError(f"n_draws = {n_draws!r} is not a whole number of at least 1")
    return (
        *cost_expectations(scenario),
        *round_expectations(scenario, n_draws, seed),
        *standoff_expectations(scenario, n_draws, seed, n_starts),
        *agreement_expectations(scenario, n_draws, seed),
    )


def check_subject(scenario: Scenario) -> None:
    """Refuse a scenario that is not about what the expectations are about."""
    needed = ("us_tariff", "chip_control", "cn_tariff", "licences")
    missing = [name for name in needed if name not in scenario.file.instruments]
    if scenario.players != ("US", "CN") or missing or scenario.file.rounds is None:
        what = f"no {', '.join(missing)}" if missing else "not two sides US and CN with a game over rounds"
        raise ScenarioError(f"{scenario.name}: {what}; the expectations are about US and CN with {', '.join(needed)}")


def expectation_frame(found: Iterable[Expectation]) -> pd.DataFrame:
    """One row per number.

    Columns: id, expectation, test, unit, low, high (missing where open), reading, side, number, holds, verdict (of the
    expectation), reason.
    """
    import pandas as pd

    rows = [
        {
            "id": one.id,
            "expectation": one.statement,
            "test": one.test,
            "unit": one.unit,
            "low": one.low if np.isfinite(one.low) else np.nan,
            "high": one.high if np.isfinite(one.high) else np.nan,
            "reading": case.reading,
            "side": case.side,
            "number": case.number,
            "holds": one.holds(case),
            "verdict": one.verdict,
            "reason": one.reason,
        }
        for one in found
        for case in one.cases
    ]
    return pd.DataFrame(rows)
