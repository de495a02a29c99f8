"""What two sides bargain about: a game with states, where it starts, and what a percent of GDP is worth to each.

Values at the start are averages over a lottery whose expectation is today's state. An instrument that is frozen at a
level takes away its other levels in every state; the standoff and the arrangements of that smaller game are new ones.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from bargain.games.markov import BoolArray, MarkovGame
from bargain.games.profile import nearest
from bargain.games.record import ArrayRecord, FloatArray, finite_array
from bargain.standoff.instruments import Moves
from bargain.standoff.rounds import StandoffRounds
from bargain.standoff.scenario import Scenario
from bargain.standoff.schema import ScenarioError
from bargain.talks.demands import Concession, demands_of

Held = Mapping[str, str | Sequence[str]]
"""Instrument -> the level at which it is held, or the levels among which its player may still choose."""


@dataclass(frozen=True, eq=False)
class Setting(ArrayRecord):
    """A game with states and its start.

    start: chances of the states ``(n_states,)``; usd: billion USD that one payoff unit is worth to each player
    ``(n_players,)``; reference: the action of each player in the play before the standoff; demands: that cannot be
    divided, at stake when the request says so.
    """

    game: MarkovGame
    start: FloatArray
    usd: FloatArray
    reference: tuple[int, ...]
    demands: tuple[Concession, ...] = ()

    def __post_init__(self) -> None:
        n_states, n = self.game.n_states, self.game.n_players
        for name, shape in (("start", (n_states,)), ("usd", (n,))):
            array = finite_array(getattr(self, name), name)
            if array.shape != shape:
                raise ValueError(f"{name} of shape {array.shape} is not {shape}")
            object.__setattr__(self, name, array)
        if self.start.min() < 0.0 or abs(self.start.sum() - 1.0) > 1e-9:
            raise ValueError(f"start = {self.start.tolist()} are no chances that sum to 1")
        if self.usd.min() <= 0.0:
            raise ValueError(f"usd = {self.usd.tolist()} are not all positive")
        object.__setattr__(self, "reference", tuple(int(a) for a in self.reference))

    @property
    def starts(self) -> list[int]:
        """States in which play may start."""
        return [int(s) for s in np.flatnonzero(self.start > 0.0)]

    def at_start(self, values: FloatArray) -> FloatArray:
        """Expectation over the start of values ``(n_states, ...)``."""
        return np.asarray(np.tensordot(self.start, values, axes=(0, 0)))

    def starting(self, start: FloatArray) -> Setting:
        """The same game from another start."""
        return replace(self, start=start)

    def to_dict(self) -> dict[str, Any]:
        return {
            "game": self.game.to_dict(),
            "start": self.start.tolist(),
            "usd": self.usd.tolist(),
            "reference": list(self.reference),
            "demands": [asdict(demand) for demand in self.demands],
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Setting:
        game = MarkovGame.from_dict(data["game"])
        demands = tuple(Concession(**demand) for demand in data.get("demands", ()))
        return cls(game, data["start"], data["usd"], tuple(data["reference"]), demands)


def setting_of(scenario: Scenario, rounds: StandoffRounds, frozen: Held | None = None, draw: int = 0) -> Setting:
    """The setting of a scenario; frozen: instrument -> the level at which it is held, or the levels that are left.

    The reference play is the scenario's where it is left, else with the first of the levels that are.
    Raises ScenarioError for an instrument or level that is none, or one that no strategic player sets.
    """
    moves, game = rounds.table.moves, rounds.game(draw)
    reference = moves.reference
    if frozen:
        masks = frozen_actions(scenario, moves, frozen)
        available = [np.broadcast_to(mask, (game.n_states, len(mask))) for mask in masks]
        game = MarkovGame(
            game.payoffs,
            game.successors,
            game.probabilities,
            game.discount_factor,
            game.players,
            game.actions,
            game.states,
            available,
        )
        reference = _frozen_reference(scenario, moves, frozen)
    return Setting(game, rounds.space.start()[draw], rounds.gdp_usd_bn[draw] / 100.0, reference, demands_of(scenario))


def frozen_actions(scenario: Scenario, moves: Moves, frozen: Held) -> tuple[BoolArray, ...]:
    """For each player, which actions hold every frozen instrument of that player at its levels, ``(n_actions[i],)``."""
    masks = [np.ones(n, dtype=bool) for n in moves.shape]
    for name, levels in frozen.items():
        places = _level_places(scenario, moves, name, levels)
        for k, player in enumerate(moves.players):
            if (name, player) in moves.level:
                masks[k] &= np.isin(moves.level[name, player].reshape(-1), places)
    return tuple(masks)


def _level_places(scenario: Scenario, moves: Moves, name: str, levels: str | Sequence[str]) -> list[int]:
    instruments = scenario.file.instruments
    set_by = {label for label, owner in moves.level if owner in moves.players}
    if name not in set_by:
        known = [label for label in instruments if label in set_by]
        raise ScenarioError(f"frozen: no instrument '{name}' of {', '.join(moves.players)}; {nearest(name, known)}")
    known = list(instruments[name].levels)
    given = [levels] if isinstance(levels, str) or not isinstance(levels, Sequence) else list(levels)
    if not given:
        raise ScenarioError(f"frozen: {name} is left no level; the rule is at least one")
    for level in given:
        if level not in known:
            raise ScenarioError(f"frozen: {name} has no level '{level}'; {nearest(str(level), known)}")
    return [known.index(level) for level in given]


def _frozen_reference(scenario: Scenario, moves: Moves, frozen: Held) -> tuple[int, ...]:
    """The reference action of each player, frozen instruments at the first level left where theirs is not."""
    result = []
    for k, player in enumerate(moves.players):
        fits = np.ones(moves.shape[k], dtype=bool)
        for (name, owner), levels in moves.level.items():
            if owner == player:
                here = levels.reshape(-1)
                wanted = here[moves.reference[k]]
                if name in frozen:
                    places = _level_places(scenario, moves, name, frozen[name])
                    wanted = wanted if wanted in places else places[0]
                fits &= here == wanted
        result.append(int(np.flatnonzero(fits)[0]))
    return tuple(result)


def start_at(rounds: StandoffRounds, levels: Mapping[str, float], draw: int = 0) -> FloatArray:
    """The lottery over states that starts at other values of some state variables than today's, ``(n_states,)``."""
    space = rounds.space
    for name in levels:
        if name not in space.variables:
            raise ScenarioError(f"no state variable '{name}'; {nearest(name, list(space.variables))}")
    today = tuple(
        np.full(space.n_draws, levels[name]) if name in levels else now
        for name, now in zip(space.variables, space.today, strict=True)
    )
    return np.asarray(replace(space, today=today).start()[draw])
