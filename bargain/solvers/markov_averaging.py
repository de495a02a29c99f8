"""Mixed stationary equilibria near where averaged play settles, in small components of a Markov game.

Where best replies cycle because a move makes its own reason go away (what follows if it is played is what speaks
against it), the equilibrium mixes so that values sit just where two stage equilibria are both equilibria. Values that
are averaged over rounds of play settle near there (stochastic approximation; Leslie, Perkins and Xu 2020),

    v_(k+1) = v_k + w_k [V(a_k) - v_k],   a_k a pure equilibrium of the auxiliary games at v_k,   w_k falling as 1 / k,

and the actions that go on to be played are few. What settles need not be an equilibrium: moves that alternate are a
common lottery over stage equilibria, which players who mix on their own do not have. So the frequencies are a start
only, of a path to an equilibrium of the game with those actions (``markov_smoothing``); actions left out that gain at
its end are taken in, until none does.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bargain.games.markov import IntArray
from bargain.games.record import FloatArray
from bargain.solvers.markov_logit import LARGEST_TABLE, MarkovLogit
from bargain.solvers.markov_rounds import Rounds
from bargain.solvers.markov_smoothing import smoothed_end
from bargain.solvers.watch import Watch

SETTLING, PLAYED = 20, 80
"""Rounds before averaging begins, and all of them; actions of those in between are left out at first."""

STARTS = ((0.9, 0.1), (0.5, 0.3), (0.0, 1.0))
"""Starts of paths in turn: weight of the frequencies, the rest being even play, and room (see ``markov_smoothing``)."""

MOST_ADDED = 6
"""Times that actions left out are taken in along one start."""


@dataclass(frozen=True, eq=False)
class Averaged:
    """Outcome of averaged play: strategies of an equilibrium or None; why the last path led nowhere."""

    strategies: tuple[FloatArray, ...] | None
    why: str = ""


def averaged_play(rounds: Rounds, moves: IntArray, watch: Watch) -> Averaged:
    """Equilibrium near averaged play from ``moves`` ``(n_states,)``, by the first start whose path leads to one."""
    if rounds.n_states**2 * rounds.n_moves > LARGEST_TABLE:
        return Averaged(None, f"{rounds.n_states} states are too many")
    system, frequencies, why = MarkovLogit.of(rounds), settled_play(rounds, moves, watch), ""
    for weight, room in STARTS:
        used = frequencies > 0.0
        for _ in range(1 + MOST_ADDED):
            if watch.expired():
                return Averaged(None, "time limit reached")
            start = weight * frequencies + (1.0 - weight) * used / (used @ system.same)
            # Actions taken in later have a frequency of zero, but need a share.
            start = _shares(system, np.where(used, np.maximum(start, 0.01), 0.0))
            end = smoothed_end(system, start, used, room, watch)
            if end.equilibrium is not None:
                return Averaged(system.split(end.equilibrium))
            why = end.why
            if not end.missing.any():
                break
            used = used | end.missing
    return Averaged(None, why)


def settled_play(rounds: Rounds, moves: IntArray, watch: Watch) -> FloatArray:
    """Frequencies ``(n_states, width)`` of all players' actions in averaged play from ``moves``, after settling."""
    values, here = rounds.values(moves), np.arange(rounds.n_states)
    offsets = np.concatenate([[0], np.cumsum(rounds.n_actions)[:-1]])
    counts = np.zeros((rounds.n_states, sum(rounds.n_actions)))
    for number in range(PLAYED):
        moves = stage_moves(rounds, values, moves)
        weight = 1.0 if number < SETTLING else 1.0 / (1.0 + (number - SETTLING) / 10.0)
        values = values + weight * (rounds.values(moves) - values)
        if number >= SETTLING:
            for player in range(rounds.n_players):
                counts[here, offsets[player] + rounds.choices[moves, player]] += 1.0
        if watch.expired() and number >= SETTLING:
            break
    return np.asarray(counts * (rounds.n_players / counts.sum(axis=1, keepdims=True)))


def stage_moves(rounds: Rounds, values: FloatArray, moves: IntArray) -> IntArray:
    """In every state an equilibrium of the auxiliary game at ``values``: the present move if it is one.

    Else the one that changes the fewest actions, the first of several; the least regretted move where there is none.
    """
    regrets = rounds.regrets(rounds.worth(values))
    stable = regrets <= rounds.slack
    changes = (rounds.choices[None, :, :] != rounds.choices[moves][:, None, :]).sum(axis=2).astype(float)
    nearest = np.where(stable, changes, np.inf).argmin(axis=1)
    return np.asarray(np.where(stable.any(axis=1), nearest, regrets.argmin(axis=1)))


def _shares(system: MarkovLogit, weights: FloatArray) -> FloatArray:
    return np.asarray(weights / (weights @ system.same))
