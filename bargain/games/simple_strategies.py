"""Simple strategy profiles (Abreu 1988): a path to follow, and for each player a path that punishes a deviation.

Whoever alone deviates from whichever path starts the path that punishes him from its beginning; deviations of several
at once are passed over. Grim trigger, stick and carrot (Abreu 1986) and penance (van Damme 1989) are of this form.
Every pure path that some subgame-perfect equilibrium follows is one of these, with the worst punishments (prop. 5).
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from bargain.games.automaton import Automaton
from bargain.games.profile import PureProfile, nearest, pure_profile
from bargain.games.responses import best_replies
from bargain.games.stage import StageGame

Path = Sequence[Sequence[Any]]
"""Profiles one round after the other, indices or labels; the last one is repeated for ever."""


def simple_strategies(
    game: StageGame, path: Path, punishments: Mapping[str, Path] | Sequence[Path], *, cycle: int = 1
) -> Automaton:
    """Automaton of a simple strategy profile.

    path: what is played; punishments: a path for each player, in player order or by label; cycle: how many of the last
    rounds of ``path`` are repeated for ever (of a punishment it is always the last one).
    """
    if isinstance(punishments, Mapping):
        unknown = [name for name in punishments if name not in game.players]
        if unknown:
            raise ValueError(f"punishments: no player {unknown[0]!r}; {nearest(unknown[0], game.players)}")
        missing = [name for name in game.players if name not in punishments]
        if missing:
            raise ValueError(f"punishments: none for player {missing[0]}")
        punishments = [punishments[name] for name in game.players]
    if len(punishments) != game.n_players:
        raise ValueError(f"{len(punishments)} punishments for {game.n_players} players")
    paths = [[pure_profile(step, game.actions, game.players) for step in steps] for steps in (path, *punishments)]
    if not all(paths) or not 1 <= cycle <= len(paths[0]):
        raise ValueError(f"a path is empty, or cycle = {cycle} is not in 1..{len(paths[0])}")
    begins = np.cumsum([0, *map(len, paths)])
    outputs = [step for steps in paths for step in steps]
    following = np.empty((len(outputs), *game.n_actions), dtype=np.intp)
    for number, steps in enumerate(paths):
        for t, step in enumerate(steps):
            m = int(begins[number]) + t
            back = begins[number] + len(steps) - (cycle if number == 0 else 1)
            following[m] = m + 1 if t + 1 < len(steps) else back
            for k, n in enumerate(game.n_actions):
                for action in set(range(n)) - {step[k]}:
                    following[(m, *step[:k], action, *step[k + 1 :])] = begins[1 + k]
    names = ["path", *(f"punish {player}" for player in game.players)]
    labels = [f"{name} {t + 1}" for name, steps in zip(names, paths, strict=True) for t in range(len(steps))]
    return Automaton(outputs, following, memories=labels)


def grim_trigger(game: StageGame, target: Sequence[Any], punishment: Sequence[Any] | None = None) -> Automaton:
    """Play ``target`` until somebody deviates, then a stage equilibrium for ever.

    punishment: one profile after every deviation; without it the pure Nash equilibrium worst for whoever deviated.
    ValueError when none is given and the stage game has no pure equilibrium.
    """
    if punishment is not None:
        return simple_strategies(game, [target], [[punishment]] * game.n_players)
    return simple_strategies(game, [target], [[worst_nash(game, k)] for k in range(game.n_players)])


def worst_nash(game: StageGame, player: int) -> PureProfile:
    """The pure Nash equilibrium with the lowest payoff for a player; ValueError when there is none."""
    stable = np.argwhere(best_replies(game).all(axis=0))
    if not len(stable):
        raise ValueError("the stage game has no pure Nash equilibrium to fall back on; give a punishment")
    worst = min(stable.tolist(), key=lambda profile: (game.payoffs[(player, *profile)], profile))
    return tuple(int(i) for i in worst)


def stick_and_carrot(game: StageGame, carrot: Sequence[Any], stick: Sequence[Any], length: int = 1) -> Automaton:
    """Play ``carrot``; after a deviation, also from the stick, play ``stick`` for ``length`` rounds, then return."""
    if length < 1:
        raise ValueError(f"length = {length} is not a positive number of rounds")
    return simple_strategies(game, [carrot], [[*[stick] * length, carrot]] * game.n_players)


def penance(game: StageGame, target: Sequence[Any], penances: Sequence[Sequence[Any]]) -> Automaton:
    """Play ``target``; whoever deviates pays: ``penances[i]`` is played until i has kept to it once, then return."""
    return simple_strategies(game, [target], [[profile, target] for profile in penances])


def tit_for_tat(game: StageGame, cooperate: Sequence[Any], defect: Sequence[Any]) -> Automaton:
    """Two players: each answers the rival's last defection with a defection, starting with cooperation.

    cooperate, defect: the action of each player, as profiles; any action but ``cooperate`` counts as a defection.
    """
    if game.n_players != 2:
        raise ValueError(f"tit for tat is played by two, this game has {game.n_players} players")
    good = pure_profile(cooperate, game.actions, game.players)
    bad = pure_profile(defect, game.actions, game.players)
    memories = list(itertools.product((0, 1), repeat=2))  # Whether each player defects now.
    outputs = [[bad[k] if memory[k] else good[k] for k in range(2)] for memory in memories]
    first, second = (np.arange(n) != good[k] for k, n in enumerate(game.n_actions))
    following = np.broadcast_to(2 * second[None, None, :] + first[None, :, None], (4, *game.n_actions))
    labels = [" ".join("defect" if own else "cooperate" for own in memory) for memory in memories]
    return Automaton(outputs, following, memories=labels)
