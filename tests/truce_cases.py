"""Truces by brute force, sharing no code with the package: for the tests of truces alone."""

from __future__ import annotations

import itertools

import numpy as np
from known_markov_games import random_markov

from bargain.games import StageGame
from bargain.games.markov import MarkovGame
from bargain.games.stationary import StationaryProfile, certify_stationary


def tariff_game(tariffs) -> StageGame:
    """Two countries, importer's demand 1 - p, exporter's endowment 1, specific tariffs (Bagwell and Staiger 2002)."""
    t = np.asarray(tariffs, dtype=float)
    importer = (1.0 - t) ** 2 / 8.0 + t * (1.0 - t) / 2.0
    exporter = (1.0 + t) ** 2 / 8.0 + 1.0 - (1.0 + t) / 2.0
    first = importer[:, None] + exporter[None, :]
    labels = [f"{tariff:.6f}" for tariff in t]
    return StageGame(np.stack([first, first.T]), ("home", "abroad"), (labels, labels))


def fading_game(p: float, discount_factor: float = 0.9) -> MarkovGame:
    """Prisoners' dilemma in a good state that turns bad with chance p under any move; cheating rules the bad one."""
    good = np.array([[[9.0, 1.0], [10.0, 3.0]], [[9.0, 10.0], [1.0, 3.0]]])
    bad = np.array([[[2.0, 0.0], [50.0, 3.0]], [[2.0, 50.0], [0.0, 3.0]]])
    transitions = np.zeros((2, 2, 2, 2))
    transitions[0, ..., 0], transitions[0, ..., 1], transitions[1, ..., 1] = 1.0 - p, p, 1.0
    labels = ("keep", "cheat")
    return MarkovGame.from_matrix(
        np.stack([good, bad]),
        transitions,
        discount_factor,
        players=("US", "CN"),
        actions=(labels, labels),
        states=("good", "bad"),
    )


def random_dilemma(rng: np.random.Generator, n_states: int = 3, discount_factor: float = 0.8) -> MarkovGame:
    """A prisoners' dilemma in every state, with noise and random transitions."""
    base = random_markov(rng, n_states, (2, 2), discount_factor=discount_factor)
    table = np.array([[2.0, -1.0], [3.0, 0.0]])
    payoffs = np.stack([table, table.T])[None] + 0.7 * base.payoffs
    return MarkovGame(payoffs, base.successors, base.probabilities, discount_factor)


def dense(game: MarkovGame, s: int, move: tuple[int, ...]) -> np.ndarray:
    row = np.zeros(game.n_states)
    for state, chance in zip(game.successors[(s, *move)], game.probabilities[(s, *move)], strict=True):
        row[state] += chance
    return row


def truce_values(game, moves, active, outside):
    """W by iteration."""
    values = np.array(outside, dtype=float)
    d = game.discount_factor
    for _ in range(int(40.0 / (1.0 - d)) + 1):
        new = np.array(outside, dtype=float)
        for s in np.flatnonzero(active):
            move = tuple(moves[s])
            new[s] = (1.0 - d) * game.payoffs[(s, slice(None), *move)] + d * dense(game, s, move) @ values
        values = new
    return values


def deviation_value(game, moves, active, outside, player, start, lag):
    """D: the best over all plans that name an action for each round before the reply and each state."""
    d, best = game.discount_factor, -np.inf
    rounds_states = lag * game.n_states

    def worth(plan, s, left):
        if left == 0 or (left < lag and not active[s]):
            return outside[s, player]
        move = list(moves[s])
        move[player] = plan[(lag - left) * game.n_states + s]
        later = [worth(plan, j, left - 1) for j in range(game.n_states)]
        now = game.payoffs[(s, player, *move)]
        return (1.0 - d) * now + d * float(dense(game, s, tuple(move)) @ np.array(later))

    for plan in itertools.product(range(game.n_actions[player]), repeat=rounds_states):
        best = max(best, worth(plan, start, lag))
    return best


def holds(game, moves, active, outside, lag):
    """Whether a set of states enforces itself, and the smallest slack in it."""
    values = truce_values(game, moves, active, outside)
    slack = [
        values[s, k] - deviation_value(game, moves, active, outside, k, s, lag)
        for s in np.flatnonzero(active)
        for k in range(game.n_players)
    ]
    return min(slack, default=np.inf) >= -1e-9, values


def self_enforcing_sets(game, moves, outside, lag):
    """All sets of states that enforce themselves."""
    sets = [np.array(bits, dtype=bool) for bits in itertools.product((False, True), repeat=game.n_states)]
    return [active for active in sets if holds(game, moves, active, outside, lag)[0]]


def pure_equilibrium(game):
    """A pure stationary equilibrium by trying all, or None."""
    moves = list(itertools.product(*map(range, game.n_actions)))
    for actions in itertools.product(moves, repeat=game.n_states):
        profile = StationaryProfile.pure(game, actions)
        if certify_stationary(game, profile).certificate.holds:
            return profile
    return None
