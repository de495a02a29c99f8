"""A way from a standoff to agreed moves in stages, kept up in some states, and its certificate.

In round t = 0, 1, ..., T - 1 player i plays the shares x_i(t, s) over its actions, from round T on the agreed moves. A
share is a part of the goods or licences of a round and no chance: payoffs and transitions are the mixtures with these
weights. While it lasts W_t = (1 - d) u(x_t) + d P(x_t) W_(t+1), W_T the value of the agreed moves; on entering a state
that is not active it ends and the standoff's values v hold. It enforces itself when at every stage, in every active
state that it can reach from its start, W_t is at least what the best own actions give against the shares of the others
for the reply lag and the standoff gives afterwards. Values here come from one linear system over all stages.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from bargain.games.certificate import DEFAULT_TOLERANCE, Certificate
from bargain.games.markov import BoolArray, IntArray, MarkovGame
from bargain.games.record import ArrayRecord, FloatArray, finite_array
from bargain.games.stationary import StationaryProfile, induced_chain, stationary_values

SAME = 1e-8
"""Recorded and recomputed values closer than this share of the payoff range are the same."""


@dataclass(frozen=True, eq=False)
class StagedPlay(ArrayRecord):
    """Stages towards agreed moves.

    strategies: for each player shares ``(n_stages, n_states, n_actions[i])``; moves: the agreed ones afterwards,
    ``(n_states, n_players)``; active: states in which it goes on, ``(n_states,)``; starts: states in which it may
    start; values: ``(n_stages, n_states, n_players)``, the standoff's in states that are not active; certificate: gain
    from stopping at each stage in states that can be reached, 0 in others, ``(n_stages, n_states, n_players)``.
    """

    strategies: tuple[FloatArray, ...]
    moves: IntArray
    active: BoolArray
    starts: tuple[int, ...]
    values: FloatArray
    reply_lag: int = 1
    certificate: Certificate | None = None

    def __post_init__(self) -> None:
        own = tuple(finite_array(shares, f"strategy {k}") for k, shares in enumerate(self.strategies))
        object.__setattr__(self, "strategies", own)
        object.__setattr__(self, "values", finite_array(self.values, "values"))
        for name, kind in (("moves", np.intp), ("active", bool)):
            array = np.array(getattr(self, name), dtype=kind)
            array.setflags(write=False)
            object.__setattr__(self, name, array)

    @property
    def n_stages(self) -> int:
        return len(self.values)


def certify_staged_play(
    game: MarkovGame, standoff: StationaryProfile, play: StagedPlay, tolerance: float = DEFAULT_TOLERANCE
) -> StagedPlay:
    """The play with its certificate; ValueError when the recorded values are not those of the play."""
    outside = stationary_values(game, standoff)
    level = game.payoffs.min(axis=(0, *range(2, 2 + game.n_players)))
    stages = [StationaryProfile([own[t] for own in play.strategies]) for t in range(play.n_stages)]
    agreed = StationaryProfile.pure(game, play.moves.tolist())
    chains = [induced_chain(game, profile) for profile in (*stages, agreed)]
    values = _solved(game, chains, play.active, outside - level, level) + level
    scale = np.where(game.payoff_range > 0.0, game.payoff_range, 1.0)
    worst = (np.abs(values[:-1] - play.values) / scale).max(initial=0.0)
    if worst > SAME:
        raise ValueError(f"values of the stages are off by {worst:.3g} of the payoff range")
    leave = _leaving(game, [*stages, agreed], play, outside, level)
    seen = _reached(chains, play)
    gains = np.where(seen[..., None], np.maximum(leave - values[:-1], 0.0), 0.0)
    return replace(play, certificate=Certificate(gains, game.payoff_range, tolerance, game.discount_factor))


def _solved(
    game: MarkovGame, chains: list[tuple[FloatArray, Any]], active: BoolArray, outside: FloatArray, level: FloatArray
) -> FloatArray:
    """Values of all stages and of the agreed moves, ``(n_stages + 1, n_states, n_players)``, above the payoff level."""
    from scipy.sparse import bmat, diags_array, eye_array
    from scipy.sparse.linalg import spsolve

    d, n, last = game.discount_factor, len(active), len(chains) - 1
    inside = diags_array(active.astype(float))
    blocks: list[list[Any]] = [[None] * len(chains) for _ in chains]
    right = []
    for t, (payoffs, chain) in enumerate(chains):
        follows = -d * (inside @ chain)
        blocks[t][t] = eye_array(n)
        if t == last:
            blocks[t][t] = eye_array(n) + follows
        else:
            blocks[t][t + 1] = follows
        right.append(np.where(active[:, None], (1.0 - d) * (payoffs - level), outside))
    solved = spsolve(bmat(blocks).tocsc(), np.concatenate(right))
    return np.asarray(np.reshape(solved, (len(chains), n, -1)))


def _leaving(
    game: MarkovGame, stages: list[StationaryProfile], play: StagedPlay, outside: FloatArray, level: FloatArray
) -> FloatArray:
    """What the best deviation is worth at each stage, ``(n_stages, n_states, n_players)``."""
    result = np.empty(play.values.shape)
    for k in range(game.n_players):
        stopped = outside[:, k] - level[k]
        for t in range(play.n_stages):
            best = stopped
            for later in reversed(range(play.reply_lag)):
                profile = stages[min(t + later, play.n_stages)]
                best = _best(game, profile, k, np.where(play.active, best, stopped), float(level[k]))
            result[t, :, k] = best + level[k]
    return result


def _best(game: MarkovGame, profile: StationaryProfile, player: int, later: FloatArray, level: float) -> FloatArray:
    """Worth of the best own action against the others' shares, ``later`` in the next round, ``(n_states,)``."""
    d, states = game.discount_factor, np.arange(game.n_states)
    best = np.full(game.n_states, -np.inf)
    others = [
        np.flatnonzero((own > 0.0).any(axis=0)) if k != player else np.zeros(1, dtype=int)
        for k, own in enumerate(profile.strategies)
    ]
    for action in range(game.n_actions[player]):
        total = np.zeros(game.n_states)
        for joint in np.stack(np.meshgrid(*others, indexing="ij"), axis=-1).reshape(-1, game.n_players):
            move = [int(action) if k == player else int(joint[k]) for k in range(game.n_players)]
            at: tuple[Any, ...] = (states, *move)
            weight = np.ones(game.n_states)
            for k, own in enumerate(profile.strategies):
                if k != player:
                    weight = weight * own[:, move[k]]
            ahead = (game.probabilities[at] * later[game.successors[at]]).sum(axis=1)
            total += weight * ((1.0 - d) * (game.payoffs[:, player][at] - level) + d * ahead)
        best = np.maximum(best, np.where(game.available[player][:, action], total, -np.inf))
    return best


def _reached(chains: list[tuple[FloatArray, Any]], play: StagedPlay) -> BoolArray:
    """Active states that can be reached at each stage, ``(n_stages, n_states)``."""
    here = np.zeros(len(play.active), dtype=bool)
    here[list(play.starts)] = True
    result = np.zeros(play.values.shape[:2], dtype=bool)
    for t in range(play.n_stages):
        here &= play.active
        result[t] = here
        here = np.asarray(chains[t][1].T @ here.astype(float)) > 0.0
    return result
