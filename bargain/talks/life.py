"""How long an agreed truce lasts, and what ends it: the chain of agreed moves until it enters a state that breaks it.

With Q the transitions among active states, a truce goes on after t rounds with chance Q^t 1 (Kemeny and Snell 1960,
chapter 3); it ends by one step, whose change of state says which variable ended it. All is averaged over the start and
over the lottery of truces.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from bargain.games.markov import IntArray, MarkovGame
from bargain.games.record import ArrayRecord, FloatArray, finite_array
from bargain.games.truce_paths import survival
from bargain.games.truce_play import TrucePlay
from bargain.solvers.truce_solution import breaker

if TYPE_CHECKING:
    import pandas as pd

    from bargain.standoff.state_space import StateSpace
    from bargain.talks.agreement import Agreement

ROUNDS = 80
"""Rounds over which the distribution of lives is given."""


@dataclass(frozen=True, eq=False)
class TruceLife(ArrayRecord):
    """The life of an agreement.

    expected_months: infinite where it may last for ever; endless: the chance of that; ending_months: expected life
    given that it ends, NaN where it never does; round_months: length of a round;
    survival: chance that it has lasted 0, 1, ... rounds and goes on; endings: one entry for each way to end, as plain
    tuples (chance, cause, state, player, action, gain), the likeliest first.
    """

    expected_months: float
    endless: float
    ending_months: float
    round_months: float
    survival: FloatArray
    endings: tuple[tuple[float, str, str, str | None, str | None, float | None], ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "survival", finite_array(self.survival, "survival"))

    @property
    def median_months(self) -> float | None:
        """Months by which it has ended with even chance; None beyond the rounds that ``survival`` covers."""
        over = np.flatnonzero(self.survival < 0.5)
        return float(over[0]) * self.round_months if len(over) else None

    @property
    def causes(self) -> dict[str, float]:
        """What ends it -> the chance, the likeliest first."""
        total: dict[str, float] = {}
        for chance, cause, *_ in self.endings:
            total[cause] = total.get(cause, 0.0) + chance
        return dict(sorted(total.items(), key=lambda item: -item[1]))

    @property
    def breakers(self) -> dict[str, float]:
        """Who ends it -> the chance."""
        total: dict[str, float] = {}
        for chance, _, _, player, *_ in self.endings:
            total[player or "nobody: the move cannot be made"] = total.get(player or "", 0.0) + chance
        return dict(sorted(total.items(), key=lambda item: -item[1]))

    def to_frame(self) -> pd.DataFrame:
        """Endings as a table: chance, cause, state, player, action, gain."""
        import pandas as pd

        return pd.DataFrame(self.endings, columns=["chance", "cause", "state", "player", "action", "gain"])

    def to_dict(self) -> dict[str, Any]:
        finite = np.isfinite(self.expected_months)
        return {
            "expected_months": self.expected_months if finite else None,
            "endless": self.endless,
            "ending_months": self.ending_months if np.isfinite(self.ending_months) else None,
            "median_months": self.median_months,
            "causes": self.causes,
            "breakers": self.breakers,
        }


def truce_life(agreement: Agreement) -> TruceLife:
    """The life of what was agreed; a deal lasts for ever, no agreement lasts not at all."""
    months = 1.0 if agreement.scenario is None else agreement.scenario.file.round_months
    outcome, setting = agreement.outcome, agreement.setting
    if agreement.reached and agreement.arrangement != "truce":
        return TruceLife(np.inf, 1.0, np.nan, months, np.ones(ROUNDS + 1), ())
    if not agreement.reached:
        return TruceLife(0.0, 0.0, 0.0, months, np.zeros(ROUNDS + 1), ())
    space = None if agreement.scenario is None else agreement.rounds.space
    rounds, endless, ending, goes_on = 0.0, 0.0, 0.0, np.zeros(ROUNDS + 1)
    ways: dict[tuple[str, str, str | None, str | None, float | None], float] = {}
    for chance, play in zip(outcome.lottery, outcome.truces, strict=True):
        # A start with chance zero must not turn an infinite life into something that is no number.
        lives = play.expected_life[setting.starts]
        rounds += chance * float(setting.start[setting.starts] @ lives)
        endless += chance * float(setting.at_start(play.endless))
        ending += chance * float(setting.at_start(ending_rounds(setting.game, play)))
        goes_on += chance * (survival(setting.game, play, ROUNDS) @ setting.start)
        who = {int(s): breaker(setting.game, play, int(s))[:3] for s in np.flatnonzero(~play.active)}
        for flow, cause, state in _endings(setting.game, play, setting.start, space):
            key = (cause, setting.game.states[state], *who[state])
            ways[key] = ways.get(key, 0.0) + chance * flow
    endings = sorted(((chance, *key) for key, chance in ways.items()), key=lambda row: (-row[0], row[1:3]))
    if_it_ends = ending / (1.0 - endless) if endless < 1.0 else np.nan
    return TruceLife(rounds * months, endless, if_it_ends * months, months, goes_on, tuple(endings))


def _endings(
    game: MarkovGame, play: TrucePlay, start: FloatArray, space: StateSpace | None
) -> Iterator[tuple[float, str, int]]:
    """(chance, cause, state) of every step that ends the truce."""
    from scipy.sparse import eye_array
    from scipy.sparse.linalg import spsolve

    for s in np.flatnonzero((start > 0.0) & ~play.active):
        yield float(start[s]), "not in force at the start", int(s)
    passing = np.flatnonzero(play.active & (play.endless < 1.0))
    if not len(passing):
        return
    chain, chances, follow = _chain(game, play)
    places = None if space is None else space.places
    system = (eye_array(len(passing)) - chain[passing][:, passing]).T.tocsc()
    visits = np.reshape(spsolve(system, start[passing]), -1)
    for s, visit in zip(passing, visits, strict=True):
        for after, chance in zip(follow[s], chances[s], strict=True):
            if chance > 0.0 and visit > 1e-12 and not play.active[after]:
                yield float(visit * chance), _cause(space, places, int(s), int(after)), int(after)


def ending_rounds(game: MarkovGame, play: TrucePlay) -> FloatArray:
    """Expected life times whether it ends, ``(n_states,)`` rounds; zero where the truce is not active."""
    from scipy.sparse import eye_array
    from scipy.sparse.linalg import spsolve

    result = np.zeros(game.n_states)
    passing = np.flatnonzero(play.active & (play.endless < 1.0))
    if len(passing):
        inside = _chain(game, play)[0][passing][:, passing]
        result[passing] = spsolve((eye_array(len(passing)) - inside).tocsc(), 1.0 - play.endless[passing])
    return result


def _chain(game: MarkovGame, play: TrucePlay) -> tuple[Any, FloatArray, IntArray]:
    """Transitions under the agreed moves, sparse and as chances and successors ``(n_states, k)``."""
    from scipy.sparse import csr_array

    at = (np.arange(game.n_states), *play.moves.T)
    chances, follow = game.probabilities[at], game.successors[at]
    begins = np.arange(game.n_states + 1) * chances.shape[1]
    chain = csr_array((chances.ravel(), follow.ravel(), begins), shape=(game.n_states, game.n_states))
    return chain, chances, follow


def _cause(space: StateSpace | None, places: IntArray | None, before: int, after: int) -> str:
    """Which state variables moved; places: the level of each variable in each state."""
    if space is None or places is None:
        return "state"
    moved = places[:, before] != places[:, after]
    return " and ".join(name for name, change in zip(space.variables, moved, strict=True) if change)
