"""Best replies to every profile, and what a player can secure or be held to; any number of players.

maxmin is what a player can secure whatever the others do, minmax what the others can hold the player to when they move
first. Pure: max_a min_s u(a, s) <= min_s max_a u(a, s). Mixed, against others who may correlate their moves, both are
the same number, by the minimax theorem (von Neumann 1928). Against others who must mix independently the minmax of a
game of three or more players may be higher; that is a nonconvex problem and is not solved here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from bargain.games.dominance import TIE
from bargain.games.linear_program import best_point
from bargain.games.profile import nearest
from bargain.games.record import ArrayRecord, FloatArray, finite_array
from bargain.games.stage import StageGame


@dataclass(frozen=True, eq=False)
class SecurityLevel(ArrayRecord):
    """What a player secures or is held to: value in payoff units, own strategy, what the others do.

    strategy: ``(n_actions[k],)``; threat: probabilities of the others' joint actions ``(*n_actions without k,)``, one
    entry is 1 for pure levels; correlated: whether the others must be able to correlate their moves for it.
    """

    player: str
    value: float
    strategy: FloatArray
    threat: FloatArray
    mixed: bool
    correlated: bool

    def __post_init__(self) -> None:
        object.__setattr__(self, "strategy", finite_array(self.strategy, "strategy"))
        object.__setattr__(self, "threat", finite_array(self.threat, "threat"))

    def to_dict(self) -> dict[str, Any]:
        return {
            "player": self.player,
            "value": self.value,
            "strategy": self.strategy.tolist(),
            "threat": self.threat.tolist(),
            "mixed": self.mixed,
            "correlated": self.correlated,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        return cls(**data)


def best_replies(game: StageGame) -> npt.NDArray[np.bool_]:
    """Whether each player's action is a best reply to the others' at each profile, ``(n_players, *n_actions)``.

    Ties within 1e-10 of the payoff range are all best replies; a profile where all entries are true is an equilibrium.
    """
    return np.stack(
        [
            table >= table.max(axis=k, keepdims=True) - TIE * scale
            for k, (table, scale) in enumerate(zip(game.payoffs, game.payoff_range, strict=True))
        ]
    )


def best_reply_table(game: StageGame, player: str | int) -> dict[tuple[str, ...], tuple[str, ...]]:
    """The pure best-reply correspondence of a player: labels of the others' actions -> labels of all best replies."""
    k = _index(game, player)
    best = np.moveaxis(best_replies(game)[k], k, -1)
    others = [labels for i, labels in enumerate(game.actions) if i != k]
    return {
        tuple(labels[i] for labels, i in zip(others, place, strict=True)): tuple(
            game.actions[k][a] for a in np.flatnonzero(best[place])
        )
        for place in np.ndindex(best.shape[:-1])
    }


def maxmin(game: StageGame, player: str | int, *, mixed: bool = True) -> SecurityLevel:
    """What ``player`` can secure whatever the others do."""
    k = _index(game, player)
    if mixed:
        return _mixed_level(game, k)
    table = _own_table(game, k)
    action = int(table.min(axis=1).argmax())
    return _pure_level(game, k, action, int(table[action].argmin()))


def minmax(game: StageGame, player: str | int, *, mixed: bool = True) -> SecurityLevel:
    """What the others can hold ``player`` to, moving first; ``mixed`` lets them correlate (see ``correlated``)."""
    k = _index(game, player)
    if mixed:
        return _mixed_level(game, k)
    table = _own_table(game, k)
    threat = int(table.max(axis=0).argmin())
    return _pure_level(game, k, int(table[:, threat].argmax()), threat)


def _index(game: StageGame, player: str | int) -> int:
    if isinstance(player, str):
        if player not in game.players:
            raise ValueError(f"no player {player!r}; {nearest(player, game.players)}")
        return game.players.index(player)
    if not 0 <= player < game.n_players:
        raise ValueError(f"player = {player} is not one of the {game.n_players} players")
    return int(player)


def _own_table(game: StageGame, k: int) -> FloatArray:
    """Payoffs of player k ``(n_actions[k], profiles of the others)``."""
    return np.asarray(np.moveaxis(game.payoffs[k], k, 0).reshape(game.n_actions[k], -1))


def _others(game: StageGame, k: int) -> tuple[int, ...]:
    return tuple(n for i, n in enumerate(game.n_actions) if i != k)


def _pure_level(game: StageGame, k: int, action: int, others: int) -> SecurityLevel:
    table = _own_table(game, k)
    threat = np.eye(table.shape[1])[others].reshape(_others(game, k))
    value = float(table[action, others])
    return SecurityLevel(game.players[k], value, np.eye(len(table))[action], threat, mixed=False, correlated=False)


def _mixed_level(game: StageGame, k: int) -> SecurityLevel:
    """Saddle point of the game of player k against all others as one: own program, then the others' program."""
    table = _own_table(game, k)
    scale = float(np.ptp(table)) or 1.0
    shares = (table - table.min()) / scale
    strategy, secured = _guarantee(shares)
    threat, held = _guarantee(1.0 - shares.T)
    # Two programs that share no solution: what one secures and what the other holds to must be one number.
    if abs((1.0 - held) - secured) > 1e-8:
        raise ArithmeticError(f"maxmin of {game.players[k]}: {secured} is not {1.0 - held} (payoff range 1)")
    value = float(table.min() + scale * secured)
    support = threat.reshape(_others(game, k))
    return SecurityLevel(game.players[k], value, strategy, support, mixed=True, correlated=game.n_players > 2)


def _guarantee(table: FloatArray) -> tuple[FloatArray, float]:
    """Mixture of rows with the highest smallest entry, the most even of these, and that entry; entries in [0, 1]."""
    m, n = table.shape
    found = best_point(
        [np.append(np.zeros(m), 1.0)],
        np.column_stack([-table.T, np.ones(n)]),
        np.zeros(n),
        equalities=np.append(np.ones(m), 0.0)[None, :],
        targets=[1.0],
    )
    if found.failure:
        raise ArithmeticError(f"security level: {found.failure}")
    mixture = np.where(found.point[:m] > 1e-12, found.point[:m], 0.0)
    mixture = mixture / mixture.sum()
    return mixture, float((mixture @ table).min())
