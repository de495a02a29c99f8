"""Stationary strategies of a Markov game: one mixed action per player and state, their values and their certificate.

Values solve v_i = (1 - d) u_i + d P v_i, one sparse linear system for all players. No player gains by any deviation
exactly when none gains by a single one, in no state (Blackwell 1965); with a largest one-shot gain of g nobody gains
more than g / (1 - d) by any deviation whatever. Nothing here is shared with a solver.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from bargain.games.certificate import DEFAULT_TOLERANCE, Certificate
from bargain.games.markov import MarkovGame
from bargain.games.profile import SUM_TOLERANCE, action_index
from bargain.games.record import ArrayRecord, FloatArray, finite_array


@dataclass(frozen=True, eq=False, init=False)
class StationaryProfile(ArrayRecord):
    """One mixed action per player and state: for player i probabilities ``(n_states, n_actions[i])``."""

    strategies: tuple[FloatArray, ...]

    def __init__(self, strategies: Sequence[npt.ArrayLike]) -> None:
        object.__setattr__(self, "strategies", tuple(_checked(own, i) for i, own in enumerate(strategies)))

    @classmethod
    def pure(cls, game: MarkovGame, actions: Any) -> Self:
        """From one action per state and player ``(n_states, n_players)``, indices or labels."""
        if len(actions) != game.n_states:
            raise ValueError(f"{len(actions)} moves for {game.n_states} states")
        tables = [np.zeros((game.n_states, n)) for n in game.n_actions]
        for s, move in enumerate(actions):
            if isinstance(move, str) or len(move) != game.n_players:
                raise ValueError(f"state {game.states[s]}: {move!r} does not name one action for each player")
            for table, action, own, player in zip(tables, move, game.actions, game.players, strict=True):
                table[s, action_index(action, own, player)] = 1.0
        return cls(tables)

    @property
    def actions(self) -> npt.NDArray[np.intp] | None:
        """Action indices ``(n_states, n_players)`` when nobody mixes in any state, else None."""
        if any(own.max(axis=1).min() < 1.0 - SUM_TOLERANCE for own in self.strategies):
            return None
        return np.stack([own.argmax(axis=1) for own in self.strategies], axis=1)

    def to_dict(self) -> dict[str, Any]:
        return {"strategies": [own.tolist() for own in self.strategies]}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        return cls(data["strategies"])


@dataclass(frozen=True, eq=False)
class MarkovEquilibrium(ArrayRecord):
    """A certified stationary profile: values ``(n_states, n_players)`` and the certificate in every state."""

    profile: StationaryProfile
    values: FloatArray
    certificate: Certificate

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", finite_array(self.values, "values"))

    def to_dict(self) -> dict[str, Any]:
        return {
            "profile": self.profile.to_dict(),
            "values": self.values.tolist(),
            "certificate": self.certificate.to_dict(),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        certificate = Certificate.from_dict(data["certificate"])
        return cls(StationaryProfile.from_dict(data["profile"]), data["values"], certificate)


def stationary_values(game: MarkovGame, profile: StationaryProfile) -> FloatArray:
    """Value of the profile to each player from each state on, ``(n_states, n_players)``, normalised by (1 - d)."""
    payoffs, transitions = induced_chain(game, profile)
    return chain_values(payoffs, transitions, game.discount_factor)


def chain_values(payoffs: FloatArray, transitions: Any, discount_factor: float) -> FloatArray:
    """Solve v = (1 - d) u + d P v; payoffs ``(n_states, n)``, transitions sparse ``(n_states, n_states)``."""
    from scipy.sparse import eye_array
    from scipy.sparse.linalg import spsolve

    n_states = len(payoffs)
    if discount_factor == 0.0:
        return np.array(payoffs, dtype=float)
    system = (eye_array(n_states) - discount_factor * transitions).tocsc()
    # Values do not depend on the payoff level; taking it out keeps rounding relative to the range.
    level = payoffs.min(axis=0)
    solved = spsolve(system, (1.0 - discount_factor) * (payoffs - level))
    return np.asarray(np.reshape(solved, payoffs.shape) + level)


def induced_chain(game: MarkovGame, profile: StationaryProfile) -> tuple[FloatArray, Any]:
    """Expected payoffs ``(n_states, n_players)`` and the sparse transition matrix under a profile."""
    from scipy.sparse import coo_array

    check_fits(game, profile)
    weights = np.ones((game.n_states, *game.n_actions))
    for k, own in enumerate(profile.strategies):
        weights *= own.reshape(game.n_states, *(-1 if i == k else 1 for i in range(game.n_players)))
    axes = tuple(range(2, 2 + game.n_players))
    payoffs = (game.payoffs * weights[:, None]).sum(axis=axes)
    places = np.nonzero(weights)
    chances = game.probabilities[places] * weights[places][:, None]
    rows = np.repeat(places[0], chances.shape[1])
    entries = (chances.reshape(-1), (rows, game.successors[places].reshape(-1)))
    return payoffs, coo_array(entries, shape=(game.n_states, game.n_states)).tocsr()


def continuation(game: MarkovGame, values: FloatArray) -> FloatArray:
    """Expected value after each move to each player, ``(n_states, n_players, *n_actions)``, from ``(n_states, n)``."""
    expected = np.einsum("...k,...ki->...i", game.probabilities, values[game.successors])
    return np.moveaxis(expected, -1, 1)


def certify_stationary(
    game: MarkovGame, profile: StationaryProfile, tolerance: float = DEFAULT_TOLERANCE
) -> MarkovEquilibrium:
    """The profile with its values and the largest one-shot gain of each player in each state."""
    values = stationary_values(game, profile)
    level = game.payoffs.min(axis=(0, *range(2, 2 + game.n_players)))
    shape = (1, -1, *(1 for _ in range(game.n_players)))
    d = game.discount_factor
    worth = (1.0 - d) * (game.payoffs - level.reshape(shape)) + d * continuation(game, values - level)
    gains = np.zeros((game.n_states, game.n_players))
    for k in range(game.n_players):
        own = worth[:, k]
        for i in reversed(range(game.n_players)):
            if i != k:
                own = np.einsum("s...a,sa->s...", np.moveaxis(own, i + 1, -1), profile.strategies[i])
        best = np.where(game.available[k], own, -np.inf).max(axis=1)
        gains[:, k] = np.maximum(best - (own * profile.strategies[k]).sum(axis=1), 0.0)
    return MarkovEquilibrium(profile, values, Certificate(gains, game.payoff_range, tolerance, d))


def check_fits(game: MarkovGame, profile: StationaryProfile) -> None:
    """Raise ValueError unless the profile has a strategy of available actions for every player and state."""
    if len(profile.strategies) != game.n_players:
        raise ValueError(f"profile has {len(profile.strategies)} strategies for {game.n_players} players")
    for player, own, mask in zip(game.players, profile.strategies, game.available, strict=True):
        if own.shape != mask.shape:
            raise ValueError(f"strategy of player {player} has shape {own.shape}, not {mask.shape}")
        bad = np.argwhere((own > 0.0) & ~mask)
        if len(bad):
            s, a = (int(i) for i in bad[0])
            action = game.actions[game.players.index(player)][a]
            raise ValueError(f"player {player} has no action {action} in state {game.states[s]}")


def _checked(probabilities: npt.ArrayLike, player: int) -> FloatArray:
    table = finite_array(probabilities, f"strategy of player {player + 1}")
    if table.ndim != 2:
        raise ValueError(f"strategy of player {player + 1} of shape {table.shape} is not (n_states, n_actions)")
    total = table.sum(axis=1)
    if table.min() < -SUM_TOLERANCE or np.abs(total - 1.0).max() > SUM_TOLERANCE:
        s = int(np.argmax(np.maximum(np.abs(total - 1.0), -table.min(axis=1))))
        raise ValueError(f"strategy of player {player + 1} in state {s}: {table[s].tolist()} are no probabilities")
    clipped = np.maximum(table, 0.0)
    clipped = np.where(np.abs(total - 1.0)[:, None] > 1e-14, clipped / clipped.sum(axis=1, keepdims=True), clipped)
    clipped.setflags(write=False)
    return clipped
