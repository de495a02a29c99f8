"""Players who learn in rounds: fictitious play and regret matching, for any number of players.

Fictitious play (Brown 1951; Robinson 1951): each plays a best reply to the frequencies of the others' past actions,
believed independent; evenly over ties. It approaches the Nash equilibria of zero-sum and potential games, and cycles in
others (Shapley 1964). Regret matching (Hart and Mas-Colell 2000): each draws an action in proportion to the regret for
not having played it; the empirical joint play approaches the coarse correlated set of every game, and with regrets
conditional on the last action the correlated set. All payoffs are taken as shares of the payoff range.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from bargain.games.obedience import product_distribution
from bargain.games.record import FloatArray
from bargain.games.stage import StageGame, action_payoffs
from bargain.solvers.base import TIE, Proposal, Solver
from bargain.solvers.checks import check_count, is_number
from bargain.solvers.play import LearningSolution, PlayRecord
from bargain.solvers.streams import action_stream, kept_rounds, payoff_shares, start_profile
from bargain.solvers.watch import current_watch


class _Ledger:
    """What was played so far: joint play, frequencies, and the states kept."""

    def __init__(self, game: StageGame, n_rounds: int) -> None:
        self.done = 0
        self._n_rounds = n_rounds
        self._watch = current_watch()
        self._kept = kept_rounds(n_rounds)
        self._joint = np.zeros(game.n_actions)
        self._times: list[float] = []
        self._states: list[tuple[FloatArray, ...]] = []

    @property
    def open(self) -> bool:
        """Whether there are rounds and time left; at least one round is played."""
        late = self.done > 0 and self.done % 64 == 0 and self._watch.expired()
        return self.done < self._n_rounds and not late

    def add(self, play: tuple[int, ...] | FloatArray) -> None:
        """Enter a round: the profile played, or a distribution over profiles."""
        if isinstance(play, tuple):
            self._joint[play] += 1.0
        else:
            self._joint += play
        self.done += 1
        if self.done in self._kept:
            self._watch.report(self.done / self._n_rounds, "rounds")
            self._keep()

    def _keep(self) -> None:
        axes = range(self._joint.ndim)
        self._times.append(float(self.done))
        self._states.append(tuple(self._joint.sum(axis=tuple(i for i in axes if i != k)) / self.done for k in axes))

    def proposal(self) -> Proposal:
        """The record as a proposal, which says whether time ran out."""
        if not self._times or self._times[-1] != self.done:
            self._keep()
        states = tuple(np.array(own) for own in zip(*self._states, strict=True))
        record = PlayRecord(np.array(self._times), states, self._joint / self.done, averages=True)
        stopped = "time limit reached" if self.done < self._n_rounds else ""
        message = f"{self.done:,} of {self._n_rounds:,} rounds"
        return Proposal(candidates=(record,), stopped=stopped, message=message)


@dataclass(frozen=True)
class FictitiousPlay(Solver[StageGame, LearningSolution]):
    """Best replies to past frequencies.

    n_rounds: rounds played; start: first beliefs, "random" or "uniform", which count as one round; seed: of the random
    start, which is drawn by position, so that it is another one when actions are listed otherwise; accuracy: distance
    (share of the payoff range) that counts as near; time_limit: seconds.
    """

    n_rounds: int = 5_000
    start: Literal["random", "uniform"] = "random"
    seed: int = 0
    accuracy: float = 0.05
    time_limit: float | None = None

    concept: ClassVar[str] = "fictitious play"
    approaches: ClassVar[str] = "nash"
    solution_type: ClassVar[type[LearningSolution]] = LearningSolution

    def __post_init__(self) -> None:
        check_settings(self.n_rounds, self.start, self.accuracy)

    def propose(self, game: StageGame) -> Proposal:
        shares = payoff_shares(game)
        beliefs = start_profile(game, self.start, self.seed)
        ledger = _Ledger(game, self.n_rounds)
        while ledger.open:
            plays = []
            for k, table in enumerate(shares):
                payoffs = action_payoffs(table, beliefs, k)
                best = payoffs >= payoffs.max() - TIE
                plays.append(best / best.sum())
            ledger.add(product_distribution(plays))
            weight = 1.0 / (ledger.done + 1)
            beliefs = tuple(belief + weight * (play - belief) for belief, play in zip(beliefs, plays, strict=True))
        return ledger.proposal()


@dataclass(frozen=True)
class RegretMatching(Solver[StageGame, LearningSolution]):
    """Random play in proportion to regret.

    regret: "unconditional" (for every past round, approaches the coarse correlated set) or "conditional" (for the
    rounds in which the last action was played, approaches the correlated set, slowly); n_rounds; seed; accuracy:
    distance (share of the payoff range) that counts as near; time_limit: seconds.
    """

    n_rounds: int = 10_000
    regret: Literal["unconditional", "conditional"] = "unconditional"
    seed: int = 0
    accuracy: float = 0.05
    time_limit: float | None = None

    concept: ClassVar[str] = "regret matching"
    solution_type: ClassVar[type[LearningSolution]] = LearningSolution

    def __post_init__(self) -> None:
        if self.regret not in ("unconditional", "conditional"):
            raise ValueError(f"regret = {self.regret!r} is neither 'unconditional' nor 'conditional'")
        check_settings(self.n_rounds, "random", self.accuracy)

    @property
    def approaches(self) -> str:
        """The set that empirical play approaches in every game."""
        return "coarse" if self.regret == "unconditional" else "correlated"

    def propose(self, game: StageGame) -> Proposal:
        tables = [np.moveaxis(table, k, -1) for k, table in enumerate(payoff_shares(game))]
        clocks = [_clocks(game, k, self.n_rounds, self.seed) for k in range(game.n_players)]
        regrets = [np.zeros((n, n)) for n in game.n_actions]  # [played, instead], summed over the rounds
        ledger = _Ledger(game, self.n_rounds)
        played: tuple[int, ...] | None = None
        while ledger.open:
            done = ledger.done
            played = tuple(
                int((clock[done] / np.maximum(self._chances(sums, k, done, played), 1e-300)).argmin())
                for k, (clock, sums) in enumerate(zip(clocks, regrets, strict=True))
            )
            ledger.add(played)
            for k, action in enumerate(played):
                payoffs = tables[k][(*played[:k], *played[k + 1 :])]
                regrets[k][action] += payoffs - payoffs[action]
        return ledger.proposal()

    def _chances(self, regrets: FloatArray, k: int, done: int, played: tuple[int, ...] | None) -> FloatArray:
        """Probabilities of the next action of player k, not normalised where only proportions matter."""
        n = len(regrets)
        if played is None or n == 1:
            return np.ones(n)
        if self.regret == "unconditional":
            positive = np.maximum(regrets.sum(axis=0) - TIE * done, 0.0)
            return positive if positive.any() else np.ones(n)
        last = played[k]
        # Hart and Mas-Colell 2000, equation 2.2, with mu = 2 (n - 1) times the payoff range.
        chances = np.maximum(regrets[last] / done - TIE, 0.0) / (2.0 * (n - 1))
        chances[last] = 0.0
        chances[last] = 1.0 - chances.sum()
        return np.asarray(chances)


def check_settings(n_rounds: int, start: str, accuracy: float) -> None:
    """Raise ValueError unless the settings of a learning process make sense."""
    check_count("n_rounds", n_rounds)
    if start not in ("random", "uniform"):
        raise ValueError(f"start = {start!r} is neither 'random' nor 'uniform'")
    if not (is_number(accuracy) and 0.0 < accuracy < 1.0):
        raise ValueError(f"accuracy = {accuracy!r} is not a share of the payoff range in (0, 1)")


def _clocks(game: StageGame, k: int, n_rounds: int, seed: int) -> FloatArray:
    """Exponential clocks ``(n_rounds, n_actions[k])``: clock / probability is smallest with that probability."""
    streams = [action_stream(seed, game.players[k], action) for action in game.actions[k]]
    return np.stack([stream.exponential(size=n_rounds) for stream in streams], axis=1)
