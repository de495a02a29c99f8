"""What becomes of a truce: how long it lasts, where it ends, and the whole plan as an automaton or a decision problem.

With Q the transitions among active states under the agreed moves, a truce has lasted t rounds and goes on with chance
(Q^t 1)(s), and ends by entering state j with chance ((I - Q)^-1 P)(s, j) (Kemeny and Snell 1960, chapter 3).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bargain.games.automaton import Automaton
from bargain.games.markov import BoolArray, IntArray, MarkovGame
from bargain.games.record import ArrayRecord, FloatArray, finite_array
from bargain.games.stationary import StationaryProfile, check_fits
from bargain.games.truce_play import TruceChain, TrucePlay


def survival(game: MarkovGame, play: TrucePlay, n_rounds: int) -> FloatArray:
    """Chances that the truce has lasted ``0, ..., n_rounds`` rounds and goes on, ``(n_rounds + 1, n_states)``.

    The expected life is the sum of all of them.
    """
    if n_rounds < 0:
        raise ValueError(f"n_rounds = {n_rounds} is negative")
    chain = TruceChain(game, play.moves, play.standoff_values).transitions
    rows = [play.active.astype(float)]
    for _ in range(n_rounds):
        rows.append(np.where(play.active, chain @ rows[-1], 0.0))
    return finite_array(rows, "survival")


def truce_endings(game: MarkovGame, play: TrucePlay, start: int) -> FloatArray:
    """Chances that a truce that starts in a state ends by entering each other state, ``(n_states,)``.

    A truce that is not active in the start state ends there at once.
    """
    from scipy.sparse import eye_array
    from scipy.sparse.linalg import spsolve

    chances = np.zeros(game.n_states)
    if not play.active[start]:
        chances[start] = 1.0
        return chances
    chain = TruceChain(game, play.moves, play.standoff_values).transitions
    passing = np.flatnonzero(play.active & (play.endless < 1.0))
    if start in passing:
        system = (eye_array(len(passing)) - chain[passing][:, passing]).T.tocsc()
        visits = np.reshape(spsolve(system, (passing == start).astype(float)), -1)
        chances[:] = np.where(play.active, 0.0, chain[passing].T @ visits)
    return chances


def truce_automaton(game: MarkovGame, standoff: StationaryProfile, play: TrucePlay) -> Automaton:
    """The truce and what follows as an automaton: each state under the truce where it is active, and in the standoff.

    Any move but the agreed one starts the standoff in the next round. ValueError for a reply lag above one round, in
    which the players do not share a memory, and for a standoff that mixes.
    """
    if play.reply_lag != 1:
        raise ValueError(f"a truce with a reply lag of {play.reply_lag} rounds has no public memory")
    actions = standoff.actions
    if actions is None:
        raise ValueError("an automaton plays pure actions, and this standoff mixes")
    active, states = np.flatnonzero(play.active), np.arange(game.n_states)
    memory_of = np.full(game.n_states, -1)
    memory_of[active] = np.arange(len(active))
    calm = len(active) + states
    successors = np.concatenate([calm[game.successors[active]], calm[game.successors]])
    for m, s in enumerate(active):
        at = (s, *play.moves[s])
        after = game.successors[at]
        successors[(m, *play.moves[s])] = np.where(play.active[after], memory_of[after], calm[after])
    labels = [f"{game.states[s]}, truce" for s in active] + [f"{state}, standoff" for state in game.states]
    return Automaton(
        np.concatenate([play.moves[active], actions]),
        successors,
        np.concatenate([game.probabilities[active], game.probabilities]),
        np.concatenate([active, states]),
        memories=labels,
    )


def decision_problem(game: MarkovGame, standoff: StationaryProfile, play: TrucePlay, player: int) -> MarkovGame:
    """What one player faces when all others keep to the truce and reply to a deviation after the lag: a game for one.

    Its states are those of the game under the truce (where it is active), with 1 to L - 1 rounds left before the reply,
    and in the standoff, in this order; the best plan in it is the best deviation of any kind.
    """
    check_fits(game, standoff)
    n, active = game.n_states, np.flatnonzero(play.active)
    calm_payoffs, calm_after, calm_chances = _against(game, list(standoff.strategies), player)
    agreed = [np.eye(k)[play.moves[:, i]] for i, k in enumerate(game.n_actions)]
    payoffs, after, chances = _against(game, agreed, player)
    place = np.zeros(n, dtype=np.intp)
    place[active] = np.arange(len(active))
    end = play.reply_lag * len(active)
    width = max(after.shape[2], calm_after.shape[2])
    blocks = []
    for phase in range(play.reply_lag):
        # After a deviation the next phase follows, and keeping to the agreed move in phase 0 stays there.
        following = (phase + 1) * len(active)
        goes_on = play.active[after] & (following < end)
        step = np.where(goes_on, following + place[after], end + after)[active]
        if phase == 0:
            own = play.moves[active, player]
            kept = after[active, own]
            step[np.arange(len(active)), own] = np.where(play.active[kept], place[kept], end + kept)
        blocks.append(step)
    pad = [(0, 0), (0, 0)]
    successors = np.concatenate(
        [np.pad(block, [*pad, (0, width - block.shape[2])]) for block in (*blocks, end + calm_after)]
    )
    odds = [chances[active]] * play.reply_lag
    probabilities = np.concatenate(
        [np.pad(block, [*pad, (0, width - block.shape[2])]) for block in (*odds, calm_chances)]
    )
    table = np.concatenate([payoffs[active]] * play.reply_lag + [calm_payoffs])
    names = [f"{game.states[s]}, phase {phase}" for phase in range(play.reply_lag) for s in active]
    states = [*names, *(f"{state}, standoff" for state in game.states)]
    mask = game.available[player]
    allowed = np.concatenate([mask[active]] * play.reply_lag + [mask])
    return MarkovGame(
        table[:, None],
        successors,
        probabilities,
        game.discount_factor,
        [game.players[player]],
        [game.actions[player]],
        states,
        [allowed],
    )


def _against(game: MarkovGame, strategies: list[FloatArray], player: int) -> tuple[FloatArray, IntArray, FloatArray]:
    """Payoffs ``(n_states, n_actions)`` of each own action, its successors and their chances, against the others."""
    n, own = game.n_states, game.n_actions[player]
    weights = np.ones((n, 1))
    for i, strategy in enumerate(strategies):
        if i != player:
            weights = (weights[:, :, None] * strategy[:, None, :]).reshape(n, -1)
    payoffs = np.moveaxis(game.payoffs[:, player], player + 1, 1).reshape(n, own, -1)
    successors = np.moveaxis(game.successors, player + 1, 1).reshape(n, own, weights.shape[1], -1)
    chances = np.moveaxis(game.probabilities, player + 1, 1).reshape(n, own, weights.shape[1], -1)
    used = np.argsort(weights == 0.0, axis=1, kind="stable")[:, : int((weights > 0.0).sum(axis=1).max())]
    shares = np.take_along_axis(weights, used, axis=1)
    rows = np.arange(n)[:, None]
    expected = np.einsum("sac,sc->sa", payoffs, weights)
    after = np.moveaxis(successors[rows, :, used], 1, 2).reshape(n, own, -1)
    odds = np.moveaxis(chances[rows, :, used] * shares[:, :, None, None], 1, 2).reshape(n, own, -1)
    return expected, after, odds


@dataclass(frozen=True, eq=False)
class SimulatedTruce(ArrayRecord):
    """Simulated plays of a truce.

    lives: rounds played under the truce, ``(n_paths,)``; ended: whether it had ended by the last round; payoffs:
    discounted, ``(n_paths, n_players)``, with the standoff's value once the truce has ended, or the truce's own where
    it goes on after the last round.
    """

    lives: IntArray
    ended: BoolArray
    payoffs: FloatArray

    def __post_init__(self) -> None:
        object.__setattr__(self, "payoffs", finite_array(self.payoffs, "payoffs"))


def simulate_truce(
    game: MarkovGame, play: TrucePlay, start: int, n_paths: int, n_rounds: int, seed: int
) -> SimulatedTruce:
    """Plays of the agreed moves from a state until the truce ends, all paths side by side."""
    generator = np.random.default_rng(np.random.SeedSequence(seed))
    place = np.full(n_paths, start)
    lives = np.zeros(n_paths, dtype=np.intp)
    total = np.where(play.active[start], 0.0, play.standoff_values[[start] * n_paths])
    weight = 1.0
    for _ in range(n_rounds):
        alive = np.flatnonzero(play.active[place])
        if not len(alive):
            break
        at = (place[alive], *play.moves[place[alive]].T)
        for k in range(game.n_players):
            total[alive, k] += weight * (1.0 - game.discount_factor) * game.payoffs[:, k][at]
        reach = np.cumsum(game.probabilities[at], axis=1)
        draw = (generator.random(len(alive))[:, None] * reach[:, -1:] >= reach).sum(axis=1)
        lives[alive] += 1
        place[alive] = np.take_along_axis(game.successors[at], draw[:, None], axis=1)[:, 0]
        weight *= game.discount_factor
        ending = alive[~play.active[place[alive]]]
        total[ending] += weight * play.standoff_values[place[ending]]
    going = np.flatnonzero(play.active[place])
    total[going] += weight * play.values[place[going]]
    return SimulatedTruce(lives, ~play.active[place], total)
