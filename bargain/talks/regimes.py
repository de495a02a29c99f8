"""Regimes of a control: the level that equilibrium prescribes, in one round, over rounds and by agreement.

One round: the levels in play in its pure equilibria. Over rounds: what a standoff prescribes in every state, and along
its course, p(t+1) = p(t) P, with P the transitions under the standoff's strategies. By agreement: the levels agreed on
at the start, the standoff's where a truce is not active. Where one regime gives way to another along a parameter is
found by bisection on a grid: between two points with different regimes there is a boundary, and the bracket is halved
until it is narrower than asked for; a middle with a third regime makes two brackets of one. A regime that appears and
disappears between two neighbouring points of the grid with the same regime is missed.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bargain.games.profile import nearest
from bargain.games.record import FloatArray
from bargain.solvers.many import solve_many
from bargain.solvers.pure_nash import PureNash
from bargain.standoff.instruments import Moves
from bargain.standoff.scenario import Scenario
from bargain.standoff.schema import ControlInstrument, ScenarioError
from bargain.talks.agreement import Agreement
from bargain.talks.setting import Setting
from bargain.talks.standoffs import Standoff

Regime = tuple[str, ...]
"""Levels in play, in the order of the scenario; none where no pure equilibrium exists."""

CERTAIN = 1e-9
"""A chance below this is none."""


@dataclass(frozen=True)
class Control:
    """An export control as part of its player's actions.

    axis: of the player among the strategic ones; levels: their names; of_action: the level of each action of the player
    ``(n_actions,)``.
    """

    name: str
    axis: int
    levels: tuple[str, ...]
    of_action: tuple[int, ...]

    @classmethod
    def of(cls, scenario: Scenario, moves: Moves, name: str) -> Control:
        """The control of that name; ScenarioError where there is none that a strategic player sets."""
        controls = {key: item for key, item in scenario.file.instruments.items() if isinstance(item, ControlInstrument)}
        known = [key for key, item in controls.items() if item.player in moves.players]
        if name not in known:
            raise ScenarioError(f"'{name}' is no control of {', '.join(moves.players)}; {nearest(name, known)}")
        player = controls[name].player
        places = moves.level[name, player].reshape(-1)
        return cls(name, moves.players.index(player), tuple(controls[name].levels), tuple(int(p) for p in places))

    def chances(self, actions: FloatArray) -> FloatArray:
        """Chances of the levels ``(..., n_levels)`` from those of the player's actions ``(..., n_actions)``."""
        table = np.zeros((*actions.shape[:-1], len(self.levels)))
        for action, level in enumerate(self.of_action):
            table[..., level] += actions[..., action]
        return table

    def regime(self, chances: FloatArray) -> Regime:
        """The levels with a chance, ``(n_levels,)``."""
        return tuple(name for name, chance in zip(self.levels, chances, strict=True) if chance > CERTAIN)


def round_regimes(scenario: Scenario, name: str, draws: Mapping[str, FloatArray]) -> list[Regime]:
    """For each draw the levels in play in the pure equilibria of one round, stocks and capacities as they are."""
    table = scenario.payoffs(draws=draws)
    control = Control.of(scenario, table.moves, name)
    found = solve_many(table.stage_payoffs(), PureNash())
    in_play = np.zeros((table.n_draws, len(control.levels)))
    np.add.at(in_play, found.game_of, control.chances(found.strategies[control.axis]))
    return [control.regime(row) for row in in_play]


def prescribed(standoff: Standoff, control: Control) -> FloatArray:
    """Chances of the levels in every state of a standoff ``(n_states, n_levels)``; ValueError where none was found."""
    if standoff.equilibrium is None:
        raise ValueError(f"no standoff, so no regime: {standoff.scope}")
    return control.chances(standoff.equilibrium.profile.strategies[control.axis])


def along_course(setting: Setting, standoff: Standoff, control: Control, n_rounds: int) -> FloatArray:
    """Chances of the levels in each round of a standoff from the start on, ``(n_rounds, n_levels)``."""
    levels = prescribed(standoff, control)
    chain = _chain(setting, standoff)
    rows, now = [], setting.start
    for _ in range(n_rounds):
        rows.append(now @ levels)
        now = now @ chain
    return np.array(rows)


def _chain(setting: Setting, standoff: Standoff) -> FloatArray:
    """Transitions between states under the standoff's strategies, ``(n_states, n_states)``."""
    assert standoff.equilibrium is not None
    game, chain = setting.game, np.zeros((setting.game.n_states,) * 2)
    first, second = standoff.equilibrium.profile.strategies
    for s in range(game.n_states):
        moves = np.argwhere(first[s][:, None] * second[s][None, :] > 0.0)
        for i, j in moves:
            shares = first[s, i] * second[s, j] * game.probabilities[s, i, j]
            np.add.at(chain[s], game.successors[s, i, j], shares)
    return chain


def agreed(agreement: Agreement, control: Control) -> FloatArray:
    """Chances of the levels at the start of an agreement ``(n_levels,)``; of the standoff where there is none."""
    setting, outcome = agreement.setting, agreement.outcome
    fallback = None if agreement.standoff is None else prescribed(agreement.standoff, control)
    chances = np.zeros(len(control.levels))
    if outcome.deal is not None:
        for s in setting.starts:
            chances[control.of_action[outcome.deal.plan[s, control.axis]]] += setting.start[s]
        return chances
    for share, play in zip(outcome.lottery, outcome.truces, strict=True):
        for s in setting.starts:
            if play.active[s]:
                chances[control.of_action[play.moves[s, control.axis]]] += share * setting.start[s]
            elif fallback is not None:
                chances += share * setting.start[s] * fallback[s]
    if outcome.truces or fallback is None:
        return chances
    return np.asarray(setting.start @ fallback)


@dataclass(frozen=True)
class Boundary:
    """Between ``low`` and ``high`` one regime gives way to another."""

    low: float
    high: float
    before: Hashable
    after: Hashable

    @property
    def at(self) -> float:
        """Middle of the bracket."""
        return (self.low + self.high) / 2.0


@dataclass(frozen=True)
class Line:
    """Regimes along one parameter: the first, and where each gives way to the next."""

    first: Hashable
    boundaries: tuple[Boundary, ...]

    def at(self, value: float) -> Hashable:
        """The regime at a value (at a boundary, the one before it)."""
        return next((one.before for one in self.boundaries if value <= one.at), self.last)

    @property
    def last(self) -> Hashable:
        return self.boundaries[-1].after if self.boundaries else self.first


def regime_lines(
    regimes: Callable[[NDArray[np.intp], FloatArray], Sequence[Hashable]],
    n_lines: int,
    values: FloatArray,
    tolerance: float,
) -> list[Line]:
    """Where the regime changes along ``values``, on each of several lines, in brackets no wider than ``tolerance``.

    regimes: those at pairs of a line's number and a value; all brackets of all lines are halved in one call.
    """
    grid = list(regimes(np.repeat(np.arange(n_lines), len(values)), np.tile(values, n_lines)))
    labels = [grid[k * len(values) : (k + 1) * len(values)] for k in range(n_lines)]
    ends = values.tolist()
    found = [
        (line, Boundary(ends[k], ends[k + 1], own[k], own[k + 1]))
        for line, own in enumerate(labels)
        for k in range(len(ends) - 1)
        if own[k] != own[k + 1]
    ]
    while wide := [(line, one) for line, one in found if one.high - one.low > tolerance]:
        halves = [(line, one) for line, one in found if one.high - one.low <= tolerance]
        middles = np.array([one.at for _, one in wide])
        there = regimes(np.array([line for line, _ in wide], dtype=np.intp), middles)
        for (line, one), middle, label in zip(wide, middles.tolist(), there, strict=True):
            if label != one.before:
                halves.append((line, Boundary(one.low, middle, one.before, label)))
            if label != one.after:
                halves.append((line, Boundary(middle, one.high, label, one.after)))
        found = sorted(halves, key=lambda pair: (pair[0], pair[1].low))
    return [Line(own[0], tuple(one for line, one in found if line == k)) for k, own in enumerate(labels)]
