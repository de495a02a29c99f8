"""Strategy profiles of a stage game: pure (one action per player) and mixed (one probability vector per player)."""

from __future__ import annotations

import difflib
import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from bargain.games.record import FloatArray, finite_array

PureProfile = tuple[int, ...]
MixedProfile = tuple[FloatArray, ...]

SUM_TOLERANCE = 1e-9
"""How far the probabilities of one player may be from summing to one; what is within it is divided by the sum."""


def nearest(name: object, known: Sequence[str]) -> str:
    """Hint for an unknown name: the nearest known one, or the whole list when none is near."""
    close = difflib.get_close_matches(str(name), known, n=1)
    return f"did you mean {close[0]!r}?" if close else f"known: {', '.join(known)}"


def action_index(action: Any, labels: Sequence[str], player: str) -> int:
    """Index of an action given by index or by label; ValueError when the player has no such action."""
    if isinstance(action, str):
        if action not in labels:
            raise ValueError(f"player {player} has no action {action!r}; {nearest(action, labels)}")
        return labels.index(action)
    try:
        index = operator.index(action)
    except TypeError:
        raise ValueError(f"action {action!r} of player {player} is neither a label nor an index") from None
    if not 0 <= index < len(labels):
        raise ValueError(f"action {index} of player {player} is outside 0..{len(labels) - 1}")
    return index


def pure_profile(profile: Sequence[Any], actions: Sequence[Sequence[str]], players: Sequence[str]) -> PureProfile:
    """Indices of one action per player, each given by index or by label."""
    if isinstance(profile, str) or len(profile) != len(actions):
        raise ValueError(f"profile {profile!r} does not name one action for each of the {len(actions)} players")
    return tuple(map(action_index, profile, actions, players))


def mixed_profile(profile: Sequence[Any], n_actions: Sequence[int], players: Sequence[str]) -> MixedProfile:
    """Checked probability vectors, one per player: right length, no negative entry, sum one (within 1e-9)."""
    if len(profile) != len(n_actions):
        raise ValueError(f"profile has {len(profile)} strategies for {len(n_actions)} players")
    return tuple(map(_strategy, profile, n_actions, players))


def _strategy(probabilities: Any, n_actions: int, player: str) -> FloatArray:
    name = f"strategy of player {player}"
    strategy = finite_array(probabilities, name)
    if strategy.shape != (n_actions,):
        raise ValueError(f"{name} has shape {strategy.shape}, the player has {n_actions} actions")
    if strategy.min() < -SUM_TOLERANCE:
        worst = int(strategy.argmin())
        raise ValueError(f"{name}: probability [{worst}] = {strategy[worst]} is negative")
    total = float(strategy.sum())
    if abs(total - 1.0) > SUM_TOLERANCE:
        raise ValueError(f"{name}: probabilities sum to {total}, not 1")
    strategy = np.maximum(strategy, 0.0)
    if total != 1.0:
        strategy = strategy / strategy.sum()
    strategy.setflags(write=False)
    return strategy


def degenerate_mixed(profile: PureProfile, n_actions: Sequence[int]) -> MixedProfile:
    """The mixed profile that plays a pure one with certainty."""
    strategies = tuple(np.eye(n)[index] for index, n in zip(profile, n_actions, strict=True))
    for strategy in strategies:
        strategy.setflags(write=False)
    return strategies


def supports(profile: MixedProfile, tolerance: float = 0.0) -> tuple[tuple[int, ...], ...]:
    """For each player, the actions played with a probability above ``tolerance``."""
    return tuple(tuple(int(i) for i in np.flatnonzero(strategy > tolerance)) for strategy in profile)


def pure_actions(profile: MixedProfile, tolerance: float = SUM_TOLERANCE) -> PureProfile | None:
    """The pure profile that a mixed one amounts to, or None when somebody mixes."""
    used = supports(profile, tolerance)
    return tuple(support[0] for support in used) if all(len(support) == 1 for support in used) else None
