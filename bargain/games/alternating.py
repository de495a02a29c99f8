"""Players who move in turn, each action standing until its player moves again (Maskin and Tirole 1988).

In every round one player chooses; all others keep what they chose last, and everybody is paid for the standing profile,
the new choice included. What matters for the future is who moves next and what the others' standing actions are: these
are the states. One round is one move, so a player moves every n_players rounds and the discount factor is that of a
move. In the coordination game that pays 2 at (A, A), 1 at (B, B), else 0, leaving (B, B) costs one round without
payoff: 2 d against 1. Below d = 1/2 both outcomes are absorbing, above only (A, A) is (Lagunoff and Matsui 1997).
"""

from __future__ import annotations

import itertools

import numpy as np

from bargain.games.markov import MarkovGame
from bargain.games.stage import StageGame


def alternating(stage_game: StageGame, discount_factor: float) -> MarkovGame:
    """The stage game played with alternating moves, first player first, as a Markov game.

    States are labelled "mover | standing actions of the others", ordered by mover and then by standing actions; in each
    the others have their standing action only. Any number of players. ValueError for a discount factor not in [0, 1).
    """
    if not isinstance(stage_game, StageGame):
        raise TypeError(f"stage_game is a {type(stage_game).__name__}, not a StageGame")
    sizes = stage_game.n_actions
    n_players = len(sizes)
    places: dict[tuple[int, ...], int] = {}
    for mover in range(n_players):
        for actions in itertools.product(*(range(n) for k, n in enumerate(sizes) if k != mover)):
            places[(mover, *actions)] = len(places)
    n_states = len(places)
    successors = np.zeros((n_states, *sizes, 1), dtype=np.intp)
    available = [np.ones((n_states, n), dtype=bool) for n in sizes]
    for place, s in places.items():
        mover, standing = place[0], place[1:]
        others = [k for k in range(n_players) if k != mover]
        for k, action in zip(others, standing, strict=True):
            available[k][s] = np.arange(sizes[k]) == action
        following = (mover + 1) % n_players
        for profile in np.ndindex(*sizes):
            kept = tuple(action for k, action in enumerate(profile) if k != following)
            successors[(s, *profile, 0)] = places[(following, *kept)]
    labels = [_label(stage_game, place[0], place[1:]) for place in places]
    payoffs = np.broadcast_to(stage_game.payoffs, (n_states, *stage_game.payoffs.shape))
    return MarkovGame(
        payoffs,
        successors,
        np.ones(successors.shape),
        discount_factor,
        stage_game.players,
        stage_game.actions,
        labels,
        available,
    )


def _label(game: StageGame, mover: int, standing: tuple[int, ...]) -> str:
    others = [own for k, own in enumerate(game.actions) if k != mover]
    return f"{game.players[mover]} | " + ", ".join(own[a] for own, a in zip(others, standing, strict=True))
