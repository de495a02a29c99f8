"""Enforceable deals by brute force: every stationary policy is tried; shares no code with the package's solvers."""

from __future__ import annotations

import itertools

import numpy as np

from bargain.games.markov import MarkovGame


def dense_transitions(game: MarkovGame) -> np.ndarray:
    """Probabilities ``(n_states, *n_actions, n_states)``."""
    table = np.zeros((game.n_states, *game.n_actions, game.n_states))
    for place in np.ndindex(game.successors.shape):
        table[(*place[:-1], game.successors[place])] += game.probabilities[place]
    return table


def policy_values(payoffs: np.ndarray, chances: np.ndarray, d: float) -> np.ndarray:
    """Values of policies, ``(n_policies, n_states)``, from payoffs of that shape and transitions."""
    n_states = payoffs.shape[1]
    system = np.eye(n_states) - d * chances
    return np.linalg.solve(system, (1 - d) * payoffs[..., None])[..., 0]


def brute_force(game: MarkovGame, weights=None) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Exists, U, v and the admissible moves ``(n_states, *n_actions)``; elimination over all policies."""
    n, S, d = game.n_players, game.n_states, game.discount_factor
    w = np.ones(n) if weights is None else np.asarray(weights, dtype=float)
    chances = dense_transitions(game)
    moves = list(itertools.product(*map(range, game.n_actions)))
    good = game.available_moves.copy()
    alive = np.ones(S, dtype=bool)
    payoff = {(s, a): game.payoffs[(s, slice(None), *a)] * w for s in range(S) for a in moves}
    while True:
        states = np.flatnonzero(alive)
        if len(states) == 0:
            return alive, np.full(S, np.nan), np.full((S, n), np.nan), good & False
        U, v = np.full(S, np.nan), np.full((S, n), np.nan)
        lists = [[a for a in moves if good[(s, *a)]] for s in states]
        policies = list(itertools.product(*lists))
        pays = np.array([[payoff[s, a].sum() for s, a in zip(states, p, strict=True)] for p in policies])
        chain = np.array([[chances[(s, *a)][states] for s, a in zip(states, p, strict=True)] for p in policies])
        U[states] = policy_values(pays, chain, d).max(axis=0)
        for i in range(n):
            others = [sorted({a[:i] + a[i + 1 :] for a in own}) for own in lists]
            replies = [np.flatnonzero(game.available[i][s]) for s in states]
            worst = None
            for o in itertools.product(*others):
                full = [
                    [(*b[:i], r, *b[i:]) for b, r in zip(o, reply, strict=True)]
                    for reply in itertools.product(*replies)
                ]
                pays = np.array([[payoff[s, a][i] for s, a in zip(states, p, strict=True)] for p in full])
                chain = np.array([[chances[(s, *a)][states] for s, a in zip(states, p, strict=True)] for p in full])
                best = policy_values(pays, chain, d).max(axis=0)
                worst = best if worst is None else np.minimum(worst, best)
            v[states, i] = worst
        changed = False
        for s in states:
            for a in moves:
                if not good[(s, *a)]:
                    continue
                total = (1 - d) * payoff[s, a].sum() + d * chances[(s, *a)][states] @ U[states]
                for i in range(n):
                    total -= max(
                        (1 - d) * payoff[s, b][i] + d * chances[(s, *b)][states] @ v[states, i]
                        for b in ((*a[:i], r, *a[i + 1 :]) for r in np.flatnonzero(game.available[i][s]))
                    )
                if total < -1e-11:
                    good[(s, *a)], changed = False, True
        if not changed:
            return alive, U, v, good
        for _ in range(S):
            for s in np.flatnonzero(alive):
                ahead = {t for a in moves if game.available_moves[(s, *a)] for t in np.flatnonzero(chances[(s, *a)])}
                if not good[s].any() or not all(alive[t] for t in ahead):
                    alive[s] = False
                    good[s] = False
