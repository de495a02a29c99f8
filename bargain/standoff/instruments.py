"""Instruments as moves: which levels each player can set, and the arrays that carry them along the action axes."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bargain.standoff.schema import AlignmentInstrument, Instrument, ScenarioError, ScenarioFile, nearest


@dataclass(frozen=True, eq=False)
class Moves:
    """All moves of a round: one axis per strategic player, one action per combination of the levels of its instruments.

    players (n_players,); actions[k] labels such as 'truce/dual_track'; level[(instrument, owner)] integer array of
    level positions that broadcasts over the action axes; reference[k] position of the player's reference action (the
    play before the standoff).
    """

    players: tuple[str, ...]
    actions: tuple[tuple[str, ...], ...]
    level: Mapping[tuple[str, str], NDArray[np.intp]]
    reference: tuple[int, ...]

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of actions per strategic player."""
        return tuple(len(labels) for labels in self.actions)


def owners(instrument: Instrument) -> tuple[str, ...]:
    """Players that set an instrument."""
    return tuple(instrument.players) if isinstance(instrument, AlignmentInstrument) else (instrument.player,)


def instruments_of(file: ScenarioFile, player: str) -> dict[str, Instrument]:
    """Instruments that ``player`` sets, in the order of the file."""
    return {name: instrument for name, instrument in file.instruments.items() if player in owners(instrument)}


def moves(file: ScenarioFile, players: tuple[str, ...]) -> Moves:
    """Moves of the strategic ``players``; all other owners hold their instruments at the reference level.

    Raises ScenarioError for a player that is unknown, named twice or owns no instrument.
    """
    level: dict[tuple[str, str], NDArray[np.intp]] = {}
    actions: list[tuple[str, ...]] = []
    reference: list[int] = []
    for name, instrument in file.instruments.items():
        for owner in owners(instrument):
            place = list(instrument.levels).index(instrument.reference)
            level[name, owner] = np.full((1,) * len(players), place, dtype=np.intp)
    for axis, player in enumerate(players):
        own = _own_instruments(file, player, players)
        names = [list(instrument.levels) for instrument in own.values()]
        combinations = list(itertools.product(*(range(len(levels)) for levels in names)))
        shape = [1] * len(players)
        shape[axis] = len(combinations)
        for position, name in enumerate(own):
            level[name, player] = np.array([c[position] for c in combinations], dtype=np.intp).reshape(shape)
        actions.append(tuple("/".join(levels[i] for levels, i in zip(names, c, strict=True)) for c in combinations))
        at_start = tuple(list(item.levels).index(item.reference) for item in own.values())
        reference.append(combinations.index(at_start))
    return Moves(players, tuple(actions), level, tuple(reference))


def _own_instruments(file: ScenarioFile, player: str, players: tuple[str, ...]) -> dict[str, Instrument]:
    if player not in file.players:
        known = list(file.players)
        raise ScenarioError(f"'{player}' is not a player{nearest(player, known)} (known: {', '.join(known)})")
    if players.count(player) > 1:
        raise ScenarioError(f"the player '{player}' is named twice")
    own = instruments_of(file, player)
    if not own:
        raise ScenarioError(f"the player '{player}' owns no instrument and cannot be strategic")
    return own
