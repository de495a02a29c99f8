"""Newton's method on the indifference conditions of given supports in all states: from rough play to an equilibrium.

In every state all actions in a player's support are worth the same at the values of the profile, and probabilities sum
to one; all other actions are not played (Herings and Peeters 2004, section 4). Where nobody mixes, values follow from
one linear system; else the unknowns are the probabilities of the states and players that mix, values moving with them.
"""

from __future__ import annotations

import numpy as np

from bargain.games.markov import BoolArray, IntArray
from bargain.games.record import FloatArray
from bargain.solvers.markov_factors import Factors
from bargain.solvers.markov_logit import Local, MarkovLogit

REGRET = 1e-10
"""Regret of one round, in payoff ranges, up to which polished play counts as an equilibrium."""

ROUNDING = 1e-7
"""Changes of probabilities that need not shrink any more: rounding in worth over small differences of worth."""


def polished(system: MarkovLogit, start: FloatArray, used: BoolArray) -> FloatArray | None:
    """Equilibrium with the actions ``used`` in play near ``start``, both ``(n_states, width)``.

    None when Newton's method does not end in a profile without regret.
    """
    p = _on_support(system, start, used)
    counts = _by_block(system, used.astype(float))
    mixed = used & (counts > 1.0)
    free = np.flatnonzero(mixed.reshape(-1))
    last = np.inf
    for number in range(12 if len(free) else 0):
        here = system.local(p)
        value, jacobian = _conditions(system, here, free)
        change = _step(jacobian, value)
        size = float(np.abs(change).max())
        if not size <= 1.0 or (number >= 4 and size > max(0.5 * last, ROUNDING)):
            return None
        p.reshape(-1)[free] -= change
        if size <= 1e-14:
            break
        last = size
    if p.min() < -1e-9:
        return None
    p = _on_support(system, np.maximum(p, 0.0), used)
    return p if regret(system, p) <= REGRET else None


def regret(system: MarkovLogit, p: FloatArray) -> float:
    """Largest one-shot gain in any state, in payoff ranges (values as discounted sums)."""
    worth = system.local(p).worth
    worst = 0.0
    for own in system.places:
        best = np.where(system.mask[:, own], worth[:, own], -np.inf).max(axis=1)
        worst = max(worst, float((best - (worth[:, own] * p[:, own]).sum(axis=1)).max()))
    return worst


def _by_block(system: MarkovLogit, values: FloatArray) -> FloatArray:
    """Sum over the actions of each player in each state, at the place of every action."""
    return np.asarray(values @ system.same)


def _on_support(system: MarkovLogit, p: FloatArray, used: BoolArray) -> FloatArray:
    """Probabilities outside the support set to zero, those of each player and state divided by their sum."""
    kept = np.where(used, p, 0.0)
    return np.asarray(kept / _by_block(system, kept))


def _step(jacobian: FloatArray, value: FloatArray) -> FloatArray:
    """Newton step, the shortest one where the conditions are singular."""
    change = Factors(jacobian).solve(value)
    if np.isfinite(change).all() and np.abs(jacobian @ change - value).max() <= 1e-8 * (np.abs(value).max() + 1e-30):
        return change
    return np.asarray(np.linalg.lstsq(jacobian, value, rcond=1e-11)[0])


def _conditions(system: MarkovLogit, here: Local, free: IntArray) -> tuple[FloatArray, FloatArray]:
    """Worth of each free action less that of the most played one, sums less one in its place; with derivatives."""
    d = system.discount_factor
    states, actions = np.divmod(free, len(system.same))
    owners = np.searchsorted([place.stop for place in system.places], actions, side="right")
    slopes = np.where(
        states[:, None] == states[None, :], here.slopes[states[:, None], actions[:, None], actions[None, :]], 0.0
    )
    chain = Factors((np.eye(system.n_states) - d * here.chain).T)
    for i, place in enumerate(system.places):
        rows = np.flatnonzero(owners == i)
        reach = here.reach[i][states[rows], actions[rows] - place.start]
        through = d * chain.solve(np.ascontiguousarray(reach.T)).T
        slopes[rows] += through[:, states] * here.effects[states, i, actions]
    value, jacobian = np.empty(len(free)), np.empty((len(free),) * 2)
    p, worth = here.p[states, actions], here.worth[states, actions]
    block = states * system.n_players + owners
    for b in np.unique(block):
        members = np.flatnonzero(block == b)
        first = members[np.argmax(p[members])]
        value[members] = worth[members] - worth[first]
        jacobian[members] = slopes[members] - slopes[first]
        value[first] = p[members].sum() - 1.0
        jacobian[first] = block == b
    return value, jacobian
