"""The change of a value by payoff term, each split into what the numbers and what the moves did.

The value of what is played is a function of two things, the numbers (payoffs, transitions, discount factor, start) and
the moves (what is agreed, in which states it is in force, the standoff, side payments in USD). With V(numbers, moves)
and 0 for before, 1 for after, the change V(1, 1) - V(0, 0) is split by the average over both orders, which is the
Shapley value of a game of two (Shapley 1953) and does not depend on an order:

    by the numbers, at the same moves:  ( V(1, 0) - V(0, 0) + V(1, 1) - V(0, 1) ) / 2
    by the moves:                       ( V(0, 1) - V(0, 0) + V(1, 1) - V(1, 0) ) / 2

Both add up to the change, for each payoff term alone. Moves are matched state by state, by place in the grid.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from bargain.games.record import ArrayRecord, FloatArray, finite_array
from bargain.standoff.payoff_table import TERMS
from bargain.talks.payoff_terms import EXTRA, Plan, plan_values, term_payoffs

if TYPE_CHECKING:
    from bargain.talks.agreement import Agreement

PARTS = ("before", "after", "by_numbers", "by_moves")


@dataclass(frozen=True, eq=False)
class Decomposition(ArrayRecord):
    """A value before and after by payoff term, percent of own GDP a year.

    terms: names; before, after: ``(n_terms, n_players)``; by_numbers, by_moves: the two parts of the change, of the
    same shape, None where moves cannot be matched. What is zero for all is left out.
    """

    players: tuple[str, ...]
    terms: tuple[str, ...]
    before: FloatArray
    after: FloatArray
    by_numbers: FloatArray | None = None
    by_moves: FloatArray | None = None

    def __post_init__(self) -> None:
        shape = (len(self.terms), len(self.players))
        for name in PARTS:
            if getattr(self, name) is not None:
                object.__setattr__(self, name, finite_array(getattr(self, name), name).reshape(shape))

    @property
    def change(self) -> FloatArray:
        """After less before, ``(n_terms, n_players)``."""
        return np.asarray(self.after - self.before)

    def to_dict(self) -> dict[str, Any]:
        """Term -> player -> before, after, change and its two parts."""
        return {term: self._row(i) for i, term in enumerate(self.terms)}

    def _row(self, i: int) -> dict[str, dict[str, float | None]]:
        parts = {**{name: getattr(self, name) for name in PARTS}, "change": self.change}
        return {
            player: {name: None if table is None else float(table[i, k]) for name, table in parts.items()}
            for k, player in enumerate(self.players)
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], players: tuple[str, ...]) -> Self:
        tables: dict[str, Any] = {}
        for name in PARTS:
            rows = [[entry[player][name] for player in players] for entry in data.values()]
            tables[name] = None if any(value is None for row in rows for value in row) else np.array(rows)
        return cls(players, tuple(data), **tables)


def not_matched(before: Agreement, after: Agreement) -> str:
    """Why moves before and after cannot be matched state by state, an empty text where they can."""
    games = (before.setting.game, after.setting.game)
    if games[0].actions != games[1].actions:
        return "the sides have other moves before than after"
    shapes = [
        made.setting.game.states
        if made.scenario is None
        else (made.rounds.space.variables, made.rounds.space.sizes, made.rounds.space.moods)
        for made in (before, after)
    ]
    return "" if shapes[0] == shapes[1] else "the states before are not those after"


def decomposed(
    before: Agreement, after: Agreement, plan_of: Callable[[Agreement], Plan | None], why: str
) -> Decomposition | None:
    """The value of what ``plan_of`` says is played, by term; split where the moves can be matched."""
    made, plans = (before, after), (plan_of(before), plan_of(after))
    if plans[0] is None or plans[1] is None:
        return None
    payoffs = [term_payoffs(one) for one in made]
    known = list(dict.fromkeys([*payoffs[0], *payoffs[1]]))
    names = [name for name in TERMS if name in known] + [name for name in known if name not in TERMS]

    def value(numbers: int, moves: int) -> FloatArray:
        plan, terms = plans[moves], payoffs[numbers]
        assert plan is not None
        found = dict(zip([*terms, *EXTRA], plan_values(made[numbers].setting, terms, plan), strict=True))
        return np.array([found.get(name, np.zeros(len(before.players))) for name in [*names, *EXTRA]])

    parts = [value(0, 0), value(1, 1)]
    if not why and plans[0].complete and plans[1].complete:
        new_numbers, new_moves = value(1, 0), value(0, 1)
        parts.append((new_numbers - parts[0] + parts[1] - new_moves) / 2.0)
        parts.append((new_moves - parts[0] + parts[1] - new_numbers) / 2.0)
    shown = np.any([part != 0.0 for part in parts], axis=(0, 2))
    terms = tuple(name for name, there in zip([*names, *EXTRA], shown, strict=True) if there)
    return Decomposition(before.players, terms, *(part[shown] for part in parts))
