"""What a truce is asked about, from what a user gives: the standoff, the agreed moves, the criterion."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from bargain.games.certificate import Equilibrium
from bargain.games.markov import IntArray, MarkovGame
from bargain.games.profile import nearest, pure_profile
from bargain.games.repeated import RepeatedGame
from bargain.games.stationary import MarkovEquilibrium, StationaryProfile, check_fits

CRITERIA = ("nash_product", "joint_gain", "expected_life")


def markov_game(game: MarkovGame | RepeatedGame) -> MarkovGame:
    """The game as one with states."""
    return game.markov_game() if isinstance(game, RepeatedGame) else game


def plain_standoff(standoff: Any) -> Any:
    """The standoff as a stationary profile, or as pure actions that wait for the game; TypeError for other things."""
    if isinstance(standoff, MarkovEquilibrium):
        return standoff.profile
    if isinstance(standoff, Equilibrium):
        return StationaryProfile([own[None] for own in standoff.profile])
    if isinstance(standoff, Mapping) and "strategies" in standoff:
        return StationaryProfile.from_dict(standoff)
    if isinstance(standoff, StationaryProfile):
        return standoff
    if isinstance(standoff, str) or not isinstance(standoff, (Sequence, np.ndarray)):
        raise TypeError(f"standoff is a {type(standoff).__name__}, not a stationary profile, an equilibrium or actions")
    return frozen(standoff)


def standoff_profile(game: MarkovGame, standoff: Any) -> StationaryProfile:
    """The standoff as a stationary profile of the game; ValueError when it is none."""
    if not isinstance(standoff, StationaryProfile):
        return standoff_profile(game, StationaryProfile.pure(game, agreed_moves(game, standoff, "standoff").tolist()))
    check_fits(game, standoff)
    return standoff


def agreed_moves(game: MarkovGame, moves: Any, name: str = "moves") -> IntArray:
    """Action indices ``(n_states, n_players)`` from one move for all states, or one for each.

    Actions are labels or indices; ValueError names what does not fit.
    """
    if isinstance(moves, str) or not isinstance(moves, Sequence):
        raise ValueError(f"{name} = {moves!r} is neither one move nor one for each state")
    if all(isinstance(action, (str, int)) for action in moves):
        moves = [moves] * game.n_states
    if len(moves) != game.n_states:
        raise ValueError(f"{name}: {len(moves)} moves for {game.n_states} states")
    return np.array([pure_profile(move, game.actions, game.players) for move in moves], dtype=np.intp)


def criterion(game: MarkovGame, rank_by: str) -> str | int:
    """A criterion by name, or the number of the player whose value counts."""
    known = [*CRITERIA, *game.players]
    if rank_by not in known:
        raise ValueError(f"rank_by: no criterion or player {rank_by!r}; {nearest(rank_by, known)}")
    return rank_by if rank_by in CRITERIA else game.players.index(rank_by)


def frozen(values: Any) -> Any:
    """Sequences as tuples, numbers of numpy as plain ones."""
    if isinstance(values, np.ndarray):
        values = values.tolist()
    if isinstance(values, np.generic):
        return values.item()
    if isinstance(values, Sequence) and not isinstance(values, str):
        return tuple(map(frozen, values))
    return values


def lists(values: Any) -> Any:
    """Tuples as lists, for plain data."""
    return [lists(item) for item in values] if isinstance(values, tuple) else values
