"""What the model says of a given course of moves: expected payoff terms, stocks and capacity, round by round.

The moves of every round are given, not chosen. With p(t) the lottery over states after t rounds and a(t) the moves,

    p(t+1) = p(t) P(a(t)),        E[term](t) = sum over states of p(t) times the term at a(t),

so that a recorded course can be laid beside what was recorded of it. Nothing is simulated: expectations are exact.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bargain.standoff.instruments import Moves
from bargain.standoff.payoffs import FloatArray
from bargain.standoff.record import Spell
from bargain.standoff.rounds import StandoffRounds
from bargain.standoff.scenario import Scenario
from bargain.standoff.schema import AlignmentInstrument, ScenarioError, nearest


@dataclass(frozen=True, eq=False)
class Course:
    """Expectations along a course of ``n_rounds`` rounds.

    players: all of the scenario; terms: name -> ``(n_rounds, n_players)``, percent of own GDP a year; state: variable
    -> ``(n_rounds + 1,)``, at the beginning of each round and after the last; empty: stock -> chance that nothing is
    left, likewise; stances: bystander -> level -> chance ``(n_rounds,)``; restricted: whether any instrument is off
    its reference ``(n_rounds,)``.
    """

    players: tuple[str, ...]
    round_months: float
    terms: Mapping[str, FloatArray]
    state: Mapping[str, FloatArray]
    empty: Mapping[str, FloatArray]
    stances: Mapping[str, Mapping[str, FloatArray]]
    restricted: FloatArray

    def rounds_between(self, from_month: float, to_month: float) -> slice:
        """The rounds that lie in this span of months."""
        first, last = (round(month / self.round_months) for month in (from_month, to_month))
        if not 0 <= first < last <= len(self.restricted):
            raise ScenarioError(f"months {from_month:g} to {to_month:g} are no rounds of a course of {self.months:g}")
        return slice(first, last)

    @property
    def months(self) -> float:
        """Length of the course."""
        return len(self.restricted) * self.round_months

    def mean(self, names: Sequence[str], player: str, from_month: float, to_month: float) -> float:
        """Mean of the sum of some terms of a player over a span of months, percent of own GDP a year."""
        rounds, k = self.rounds_between(from_month, to_month), self.players.index(player)
        columns = [self.terms[name][rounds, k] for name in names if name in self.terms]
        return float(np.sum(columns, axis=0).mean()) if columns else 0.0


def played(scenario: Scenario, spells: Sequence[Spell], rounds: StandoffRounds | None = None, draw: int = 0) -> Course:
    """Lay a course of moves through the game over rounds, from today's state on; rounds: the scenario's, if at hand.

    Raises ScenarioError for an unknown instrument or level, or a spell that is no whole number of rounds.
    """
    rounds = scenario.rounds() if rounds is None else rounds
    space, table, moves = rounds.space, rounds.bystanders, rounds.table.moves
    rows = slice(draw * space.n_states, (draw + 1) * space.n_states)
    names = {name: space.values(name)[draw] for name in space.variables if name != "mood"}
    stocks = list(scenario.file.rounds.stocks) if scenario.file.rounds is not None else []
    chances = [space.start()[draw]]
    actions = [action for spell in spells for action in _actions(scenario, moves, spell)]
    terms: dict[str, list[FloatArray]] = {name: [] for name in table.terms}
    for action in actions:
        for name, array in table.terms.items():
            terms[name].append(chances[-1] @ at_moves(array[rows], action, 2))
        chances.append(_moved(rounds, chances[-1], action, draw))
    lotteries = np.array(chances)
    return Course(
        table.players,
        scenario.file.round_months,
        {name: np.array(column) for name, column in terms.items()},
        {name: lotteries @ values for name, values in names.items()},
        {name: lotteries @ (names[name] <= 0.0) for name in stocks},
        {code: _stances(scenario, rounds, code, lotteries, actions, rows) for code in rounds.stances},
        np.array([action != moves.reference for action in actions]),
    )


def _actions(scenario: Scenario, moves: Moves, spell: Spell) -> list[tuple[int, ...]]:
    """One action profile a round of a spell."""
    n_rounds = spell.months / scenario.file.round_months
    if abs(n_rounds - round(n_rounds)) > 1e-9:
        rule = f"whole rounds of {scenario.file.round_months:g} months"
        raise ScenarioError(f"a spell of {spell.months:g} months: the rule is {rule}")
    set_by = {name for name, owner in moves.level if owner in moves.players}
    for name in spell.levels:
        if name not in set_by:
            raise ScenarioError(f"a course moves '{name}', which no side sets{nearest(name, sorted(set_by))}")
    chosen = []
    for k, player in enumerate(moves.players):
        fits = np.ones(moves.shape[k], dtype=bool)
        for (name, owner), places in moves.level.items():
            if owner == player:
                instrument = scenario.file.instruments[name]
                levels, level = list(instrument.levels), spell.levels.get(name, instrument.reference)
                if level not in levels:
                    raise ScenarioError(f"a course sets {name} to '{level}', no level of it{nearest(level, levels)}")
                fits &= places.reshape(-1) == levels.index(level)
        chosen.append(int(np.flatnonzero(fits)[0]))
    return [tuple(chosen)] * round(n_rounds)


def at_moves(array: NDArray[Any], action: tuple[int, ...], n_before: int) -> NDArray[Any]:
    """An array at one action profile; the action axes stand behind the first ``n_before``."""
    place: tuple[Any, ...] = (*(slice(None),) * n_before, *action)
    return np.asarray(array[place])


def _moved(rounds: StandoffRounds, chances: FloatArray, action: tuple[int, ...], draw: int) -> FloatArray:
    """The lottery over states after a round."""
    successors = at_moves(rounds.successors[draw], action, 1)
    after = np.zeros_like(chances)
    np.add.at(after, successors, chances[:, None] * at_moves(rounds.probabilities[draw], action, 1))
    return after


def _stances(
    scenario: Scenario,
    rounds: StandoffRounds,
    code: str,
    lotteries: FloatArray,
    actions: list[tuple[int, ...]],
    rows: slice,
) -> dict[str, FloatArray]:
    """Chance of each stance of a bystander in each round."""
    instruments = scenario.file.instruments.values()
    own = next(i for i in instruments if isinstance(i, AlignmentInstrument) and code in i.players)
    level = np.broadcast_to(rounds.stances[code], (len(rounds.table.total), *rounds.table.moves.shape))[rows]
    taken = np.array([at_moves(level, action, 1) for action in actions])
    return {name: (lotteries[:-1] * (taken == k)).sum(axis=1) for k, name in enumerate(own.levels)}
