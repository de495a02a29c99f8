"""Which truces to try, and the order of those found: by what they are worth in the state where they are to start.

A truce is better by the product of the gains over the standoff (Nash 1950), their sum, its expected life, or the value
to one player. Payoffs within a share of 1e-9 of their range are tied; ties go to more active states, then to larger
gains of the first player and the next ones, there and then in all states, then to the moves in the order of the game.
"""

from __future__ import annotations

import itertools

import numpy as np

from bargain.games.markov import BoolArray, IntArray, MarkovGame
from bargain.games.record import FloatArray
from bargain.solvers.truce_chain import Chain, chain_system, solved_inside
from bargain.solvers.truce_search import TruceProblem, Truces

MOST_TRUCES = 100_000
"""State-dependent agreements beyond this number are not tried one by one."""

SAME = 1e-9


def number_of_truces(game: MarkovGame, state_dependent: bool) -> int:
    """How many pure agreements there are, constant ones or one move for each state."""
    if not state_dependent:
        return int(np.prod(game.n_actions))
    total = 1
    for count in game.available_moves.reshape(game.n_states, -1).sum(axis=1):
        total *= int(count)
    return total


def all_moves(problem: TruceProblem, state_dependent: bool) -> IntArray:
    """Every pure agreement as numbers of joint moves, ``(M, n_states)``; constant ones that can be made somewhere."""
    if not state_dependent:
        used = np.flatnonzero(problem.available.any(axis=0))
        return np.repeat(used[:, None], problem.n_states, axis=1)
    own = [np.flatnonzero(row).tolist() for row in problem.available]
    return np.array(list(itertools.product(*own)), dtype=np.intp)


def distinct(truces: Truces, scale: FloatArray) -> IntArray:
    """Which truces to keep: the first of those that play the same moves in the same active states.

    Left out are those that are active nowhere, and those that change nobody's value anywhere: the standoff by name.
    """
    played = np.where(truces.active, truces.moves, -1)
    _, first = np.unique(played, axis=0, return_index=True)
    change = np.abs(truces.values - truces.standoff_values) > SAME * scale
    return np.sort(first[(truces.active & change.any(axis=2))[first].any(axis=1)])


def ranking(problem: TruceProblem, truces: Truces, start: int, criterion: str | int, lives: FloatArray) -> IntArray:
    """Best first; truces that are not active in the start state come last. criterion: a name or a player's number."""
    gains = truces.values[:, start] - truces.standoff_values[:, start]
    active = truces.active[:, start]
    worth, unit = _worth(gains, problem.scale, criterion, lives[:, start])
    keys = [~active, _ranks(np.where(active, worth, 0.0), unit), -truces.active.sum(axis=1)]
    change = truces.values - truces.standoff_values
    for s in (start, *range(problem.n_states)):
        keys += [_ranks(own, unit) for own, unit in zip(change[:, s].T, problem.scale, strict=True)]
    return np.lexsort([*truces.moves.T[::-1], *keys[::-1]])


def _worth(gains: FloatArray, scale: FloatArray, criterion: str | int, life: FloatArray) -> tuple[FloatArray, float]:
    """What the truces are ranked by, and the unit in which differences count."""
    if criterion == "nash_product":
        return np.asarray(np.maximum(gains / scale, 0.0).prod(axis=1)), 1.0
    if criterion == "joint_gain":
        return np.asarray(gains.sum(axis=1)), float(scale.sum())
    if criterion == "expected_life":
        # Shares of a life in (0, 1]: an endless one has 1.
        return 1.0 - 1.0 / (1.0 + life), 1.0
    player = int(criterion)
    return np.asarray(gains[:, player]), float(scale[player])


def _ranks(values: FloatArray, unit: float) -> IntArray:
    """0 for the largest value; neighbours within a share of 1e-9 of the unit have the same rank."""
    order = np.argsort(-values, kind="stable")
    steps = np.concatenate([[0], np.cumsum(-np.diff(values[order]) > SAME * unit)])
    ranks = np.empty(len(values), dtype=np.intp)
    ranks[order] = steps[: len(values)]
    return ranks


def undominated(values: FloatArray, scale: FloatArray) -> BoolArray:
    """Truces than which no other is better for one player and as good for all; values ``(M, n_players)``."""
    shares = values / scale
    better = shares[:, None] - shares[None]
    above = (better >= -SAME).all(axis=2) & (better > SAME).any(axis=2)
    return np.asarray(~above.any(axis=0))


def expected_lives(problem: TruceProblem, truces: Truces) -> tuple[FloatArray, FloatArray]:
    """Rounds until each truce ends, infinite where it may last for ever, and the chance of that, ``(M, n_states)``."""
    at = problem.rows, truces.moves
    chain = chain_system(problem.chances[at], problem.successors[at])
    possible = chain.chances > 0.0
    rounds, endless = np.zeros(truces.active.shape), np.zeros(truces.active.shape)
    ends = _reaching(~truces.active, truces.active, possible, chain)
    closed = truces.active & ~ends
    forever = _reaching(closed, truces.active, possible, chain)
    rounds[forever], endless[closed] = np.inf, 1.0
    for m, passing in enumerate(truces.active & ends):
        states = np.flatnonzero(passing)
        if len(states):
            right = np.stack([np.ones(len(states)), np.zeros(len(states))], axis=1)
            beyond = np.stack([np.zeros(len(passing)), closed[m]], axis=1)
            found = solved_inside(chain, m, states, right, beyond, 1.0)
            rounds[m, states] = np.where(forever[m, states], np.inf, found[:, 0])
            endless[m, states] = np.where(forever[m, states], np.clip(found[:, 1], 0.0, 1.0), 0.0)
    return rounds, endless


def _reaching(goal: BoolArray, through: BoolArray, possible: BoolArray, chain: Chain) -> BoolArray:
    """States from which play may come to the goal, going only through some states before."""
    reached = goal.copy()
    rows = np.arange(len(goal))[:, None, None]
    while True:
        wider = goal | (through & (possible & reached[rows, chain.successors]).any(axis=2))
        if np.array_equal(wider, reached):
            return reached
        reached = wider
