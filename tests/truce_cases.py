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


def dense(game: MarkovGame) -> np.ndarray:
    """Transition probabilities ``(n_states, *n_actions, n_states)``."""
    rows = np.zeros((*game.probabilities.shape[:-1], game.n_states))
    for place in itertools.product(*map(range, game.probabilities.shape[:-1])):
        for state, chance in zip(game.successors[place], game.probabilities[place], strict=True):
            rows[(*place, state)] += chance
    return rows


def truce_values(game, moves, active, outside):
    """W by iteration."""
    values, rows, d = np.array(outside, dtype=float), dense(game), game.discount_factor
    for _ in range(int(30.0 / (1.0 - d)) + 1):
        new = np.array(outside, dtype=float)
        for s in np.flatnonzero(active):
            move = tuple(moves[s])
            new[s] = (1.0 - d) * game.payoffs[(s, slice(None), *move)] + d * rows[(s, *move)] @ values
        values = new
    return values


def deviation_values(game, moves, active, outside, player, lag):
    """D in every state: the best over all plans that name an action for each round before the reply and each state."""
    d, n, rows = game.discount_factor, game.n_states, dense(game)
    options = [[(*move[:player], a, *move[player + 1 :]) for a in range(game.n_actions[player])] for move in moves]
    now = np.array([[game.payoffs[(s, player, *move)] for move in own] for s, own in enumerate(options)])
    after = np.array([[rows[(s, *move)] for move in own] for s, own in enumerate(options)])
    best, states = np.full(n, -np.inf), np.arange(n)
    for plan in itertools.product(itertools.product(range(game.n_actions[player]), repeat=n), repeat=lag):
        later = outside[:, player]
        for left, actions in enumerate(reversed(plan), start=1):
            worth = (1.0 - d) * now[states, actions] + d * after[states, actions] @ later
            later = np.where(active, worth, outside[:, player]) if left < lag else worth
        best = np.maximum(best, later)
    return best


def self_enforcing_sets(game, moves, outside, lag):
    """All sets of states that enforce themselves."""
    sets = []
    for bits in itertools.product((False, True), repeat=game.n_states):
        active = np.array(bits)
        values = truce_values(game, moves, active, outside)
        leave = [deviation_values(game, moves, active, outside, k, lag) for k in range(game.n_players)]
        if np.all((values >= np.stack(leave, axis=1) - 1e-9)[active]):
            sets.append(active)
    return sets


def pure_equilibrium(game):
    """A pure stationary equilibrium by trying all, or None."""
    moves = list(itertools.product(*map(range, game.n_actions)))
    for actions in itertools.product(moves, repeat=game.n_states):
        profile = StationaryProfile.pure(game, actions)
        if certify_stationary(game, profile).certificate.holds:
            return profile
    return None
