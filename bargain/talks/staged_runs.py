"""Results of a staged exchange: orders of giving, the numbers of tranches that hold, as tables and plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from bargain.games.record import ArrayRecord, FloatArray, finite_array

if TYPE_CHECKING:
    import pandas as pd

EXCHANGED, NO_TRUCE, NOTHING, MIXED = "exchange", "no truce", "nothing to exchange", "the standoff mixes"

AT_ONCE = "all at once"

Breaker = tuple[int, int, str, str, str, float]
"""Number of tranches, stage, state, player, action, gain in percent of own GDP a year."""


@dataclass(frozen=True, eq=False, kw_only=True)
class StagedRun(ArrayRecord):
    """One order of giving.

    order: its name; leading: parts that go first; holding: numbers of tranches that enforce themselves, of those up to
    ``most``; payoffs: value at the start for each number of tranches, percent of own GDP a year ``(most, n_players)``;
    breakers: for each number that fails (number, stage, state, player, action, gain in percent of own GDP a year), the
    largest gain; largest_gain, certified: of the smallest number that holds, by code that the search does not use.
    """

    order: str
    leading: tuple[str, ...]
    most: int
    holding: tuple[int, ...]
    payoffs: FloatArray
    breakers: tuple[Breaker, ...]
    largest_gain: float | None
    certified: bool

    def __post_init__(self) -> None:
        object.__setattr__(self, "payoffs", finite_array(self.payoffs, "payoffs"))

    @property
    def n_tranches(self) -> int | None:
        """The smallest number of tranches that enforces itself; None where none up to ``most`` does."""
        return self.holding[0] if self.holding else None

    def breaker(self, number: int) -> Breaker | None:
        """Who would break it with this number of tranches; None where nobody would."""
        return next((entry for entry in self.breakers if entry[0] == number), None)


@dataclass(frozen=True, eq=False, kw_only=True)
class StagedExchange(ArrayRecord):
    """A truce approached in tranches, in several orders.

    status: "exchange", "no truce", "nothing to exchange" (the standoff plays the agreed moves), "the standoff mixes";
    gives: instrument or player -> from which level to which, in the likeliest state of the start; standoff, truce:
    values at the start of no exchange and of the truce at once, percent of own GDP a year ``(n_players,)``; usd:
    billion USD per percent; round_months: length of a round.
    """

    status: str
    players: tuple[str, ...]
    usd: FloatArray
    round_months: float
    standoff: FloatArray | None = None
    truce: FloatArray | None = None
    gives: tuple[tuple[str, str, str, str], ...] = ()
    runs: tuple[StagedRun, ...] = ()

    def run(self, order: str) -> StagedRun:
        """The run of this order; KeyError for others."""
        found = next((run for run in self.runs if run.order == order), None)
        if found is None:
            raise KeyError(f"no order {order!r}; there are {', '.join(run.order for run in self.runs)}")
        return found

    def to_frame(self) -> pd.DataFrame:
        """One row per order and player at the smallest number of tranches that enforces itself.

        Columns: order, leading, n_tranches (NaN: none up to ``most``), holding, months until all is given, player,
        payoff, gain (over the standoff, percent of own GDP a year), gain_usd_bn, against_at_once_usd_bn (less the truce
        at once), fewer_broken_by (who would break it with one tranche fewer, or with the number tried that comes
        closest where none holds), fewer_gain_usd_bn, certified.
        """
        import pandas as pd

        rows = []
        for run in self.runs:
            n, close = run.n_tranches, self._closest(run)
            for k, player in enumerate(self.players):
                payoff = np.nan if n is None else float(run.payoffs[n - 1, k])
                breaker = None if close is None else run.breaker(close)
                rows.append(
                    {
                        "order": run.order,
                        "leading": ", ".join(run.leading),
                        "n_tranches": np.nan if n is None else float(n),
                        "holding": _ranges(run.holding),
                        "months": np.nan if n is None else n * self.round_months,
                        "player": player,
                        "payoff": payoff,
                        "gain": payoff - _entry(self.standoff, k),
                        "gain_usd_bn": (payoff - _entry(self.standoff, k)) * float(self.usd[k]),
                        "against_at_once_usd_bn": (payoff - _entry(self.truce, k)) * float(self.usd[k]),
                        "fewer_broken_by": "" if breaker is None else breaker[3],
                        "fewer_gain_usd_bn": np.nan if breaker is None else self._dollars(breaker),
                        "certified": run.certified,
                    }
                )
        return pd.DataFrame(rows)

    def cost_of_going_first(self) -> pd.DataFrame:
        """One row per player: what it loses when it gives first instead of its rival, in the same number of tranches.

        Columns: player, n_tranches (the smallest that holds in both orders; NaN without any), first, second (percent of
        own GDP a year), cost, cost_usd_bn. For two players who both give something.
        """
        import pandas as pd

        orders = [f"{player} first" for player in self.players]
        runs = [run for order in orders for run in self.runs if run.order == order]
        if len(self.players) != 2 or len(runs) != 2:
            return pd.DataFrame([], columns=["player", "n_tranches", "first", "second", "cost", "cost_usd_bn"])
        shared = sorted(set(runs[0].holding) & set(runs[1].holding))
        rows = []
        for k, player in enumerate(self.players):
            first = float(runs[k].payoffs[shared[0] - 1, k]) if shared else np.nan
            second = float(runs[1 - k].payoffs[shared[0] - 1, k]) if shared else np.nan
            rows.append(
                {
                    "player": player,
                    "n_tranches": float(shared[0]) if shared else np.nan,
                    "first": first,
                    "second": second,
                    "cost": second - first,
                    "cost_usd_bn": (second - first) * float(self.usd[k]),
                }
            )
        return pd.DataFrame(rows)

    def _closest(self, run: StagedRun) -> int | None:
        """One tranche fewer than the smallest number that holds; without one the number that fails by least."""
        if run.n_tranches is not None:
            return run.n_tranches - 1 if run.n_tranches > 1 else None
        return min(run.breakers, key=self._dollars)[0] if run.breakers else None

    def _dollars(self, breaker: Breaker) -> float:
        return breaker[5] * float(self.usd[self.players.index(breaker[3])])

    def to_dict(self) -> dict[str, Any]:
        return {
            "status": self.status,
            "players": list(self.players),
            "standoff": None if self.standoff is None else self.standoff.tolist(),
            "truce": None if self.truce is None else self.truce.tolist(),
            "gives": [list(entry) for entry in self.gives],
            "usd": self.usd.tolist(),
            "round_months": self.round_months,
            "runs": [
                {
                    "order": run.order,
                    "leading": list(run.leading),
                    "most": run.most,
                    "holding": list(run.holding),
                    "payoffs": run.payoffs.tolist(),
                    "breakers": [list(entry) for entry in run.breakers],
                    "largest_gain": run.largest_gain,
                    "certified": run.certified,
                }
                for run in self.runs
            ],
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> StagedExchange:
        runs = tuple(
            StagedRun(
                **{
                    **run,
                    "leading": tuple(run["leading"]),
                    "holding": tuple(run["holding"]),
                    "payoffs": np.array(run["payoffs"]),
                    "breakers": tuple(tuple(entry) for entry in run["breakers"]),
                }
            )
            for run in data["runs"]
        )
        arrays = {name: None if data[name] is None else np.array(data[name]) for name in ("standoff", "truce", "usd")}
        gives = tuple(tuple(entry) for entry in data["gives"])
        return cls(**{**data, **arrays, "players": tuple(data["players"]), "gives": gives, "runs": runs})


def _entry(values: FloatArray | None, k: int) -> float:
    return np.nan if values is None else float(values[k])


def _ranges(numbers: tuple[int, ...]) -> str:
    """Whole numbers as runs: 2-5, 9."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ", ".join(f"{run[0]}-{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs)
