"""Populations that learn in continuous time: replicator and logit dynamics, for any number of players.

Replicator (Taylor and Jonker 1978; Taylor 1979): the share of an action grows with its payoff above the average. In
logarithms of weights, dy/dt = u(a, x) with x = softmax(y), which keeps shares positive and summing to one. Its time
average approaches the coarse correlated set (Hofbauer, Sorin and Viossat 2009); the state itself may cycle.
Logit (Fudenberg and Levine 1998; Hofbauer and Sandholm 2002), or smoothed best response: dx/dt = softmax(lambda u) - x,
whose rest points are logit equilibria. Classical Runge-Kutta of order four; payoffs as shares of the payoff range.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from bargain.games.obedience import product_distribution
from bargain.games.profile import MixedProfile
from bargain.games.record import FloatArray
from bargain.games.stage import StageGame, action_payoffs
from bargain.solvers.base import Proposal, Solver
from bargain.solvers.checks import is_number
from bargain.solvers.learning import check_settings
from bargain.solvers.play import LearningSolution, PlayRecord
from bargain.solvers.streams import kept_rounds, payoff_shares, start_profile
from bargain.solvers.watch import current_watch

STEP = 0.1
"""Largest step of time; payoff ranges are one."""


class _Dynamics(Solver[StageGame, LearningSolution]):
    """What both dynamics share: the integration, the record, the average."""

    duration: float
    start: Literal["random", "uniform"]
    seed: int
    accuracy: float

    solution_type: ClassVar[type[LearningSolution]] = LearningSolution

    @abstractmethod
    def _change(self, state: list[FloatArray], shares: FloatArray) -> list[FloatArray]:
        """Time derivative of the state, which is what ``_strategies`` makes strategies of."""

    @abstractmethod
    def _state(self, profile: MixedProfile) -> list[FloatArray]:
        """The state of a profile."""

    @abstractmethod
    def _strategies(self, state: list[FloatArray]) -> tuple[FloatArray, ...]:
        """The profile of a state."""

    @property
    def _step(self) -> float:
        return STEP

    def propose(self, game: StageGame) -> Proposal:
        watch = current_watch()
        shares = payoff_shares(game)
        n_steps = max(1, int(np.ceil(self.duration / self._step)))
        step = self.duration / n_steps
        kept = kept_rounds(n_steps)
        state = self._state(start_profile(game, self.start, self.seed))
        profile = self._strategies(state)
        times, states = [0.0], [profile]
        total = np.zeros(game.n_actions)
        here = product_distribution(profile)
        done = 0
        while done < n_steps and not (done and done % 16 == 0 and watch.expired()):
            state = self._advance(state, shares, step)
            profile = self._strategies(state)
            done += 1
            there = product_distribution(profile)
            total += 0.5 * (here + there)
            here = there
            if done in kept:
                watch.report(done / n_steps, "time")
                times.append(done * step)
                states.append(profile)
        if times[-1] != done * step:
            times.append(done * step)
            states.append(profile)
        stacked = tuple(np.array(own) for own in zip(*states, strict=True))
        record = PlayRecord(np.array(times), stacked, total / total.sum(), averages=False)
        stopped = "time limit reached" if done < n_steps else ""
        return Proposal(candidates=(record,), stopped=stopped, message=f"time {done * step:g} of {self.duration:g}")

    def _advance(self, state: list[FloatArray], shares: FloatArray, step: float) -> list[FloatArray]:
        """One step of the classical Runge-Kutta method."""
        first = self._change(state, shares)
        second = self._change([y + 0.5 * step * d for y, d in zip(state, first, strict=True)], shares)
        third = self._change([y + 0.5 * step * d for y, d in zip(state, second, strict=True)], shares)
        fourth = self._change([y + step * d for y, d in zip(state, third, strict=True)], shares)
        return [
            y + step / 6.0 * (a + 2.0 * b + 2.0 * c + d)
            for y, a, b, c, d in zip(state, first, second, third, fourth, strict=True)
        ]


@dataclass(frozen=True)
class ReplicatorDynamics(_Dynamics):
    """Shares grow with payoffs above the average.

    duration: time, in which a payoff lead of the whole range multiplies odds by e per unit; start: "random" or
    "uniform" (which may sit on an unstable rest point for good); seed; accuracy: distance (share of the payoff range)
    that counts as near; time_limit: seconds.
    """

    duration: float = 100.0
    start: Literal["random", "uniform"] = "random"
    seed: int = 0
    accuracy: float = 0.05
    time_limit: float | None = None

    concept: ClassVar[str] = "replicator dynamics"
    approaches: ClassVar[str] = "nash"

    def __post_init__(self) -> None:
        _check_duration(self.duration)
        check_settings(1, self.start, self.accuracy)

    def _state(self, profile: MixedProfile) -> list[FloatArray]:
        return [np.log(own) for own in profile]

    def _strategies(self, state: list[FloatArray]) -> tuple[FloatArray, ...]:
        return tuple(_softmax(y) for y in state)

    def _change(self, state: list[FloatArray], shares: FloatArray) -> list[FloatArray]:
        profile = self._strategies(state)
        return [action_payoffs(table, profile, k) for k, table in enumerate(shares)]


@dataclass(frozen=True)
class LogitDynamics(_Dynamics):
    """Players move towards their logit responses.

    relative_precision: lambda times the player's payoff range, so that payoff units play no part; duration: time, in
    which the memory of the start fades by e per unit; start, seed, accuracy (largest gap between a probability and its
    logit response), time_limit as in ``ReplicatorDynamics``.
    """

    relative_precision: float = 10.0
    duration: float = 60.0
    start: Literal["random", "uniform"] = "random"
    seed: int = 0
    accuracy: float = 1e-3
    time_limit: float | None = None

    concept: ClassVar[str] = "logit dynamics"
    approaches: ClassVar[str] = "logit"

    def __post_init__(self) -> None:
        if not (is_number(self.relative_precision) and 0.0 <= self.relative_precision <= 1e4):
            raise ValueError(f"relative_precision = {self.relative_precision!r} is not in [0, 10000]")
        _check_duration(self.duration)
        check_settings(1, self.start, self.accuracy)

    @property
    def _step(self) -> float:
        return min(STEP, 1.0 / (1.0 + self.relative_precision))

    def _state(self, profile: MixedProfile) -> list[FloatArray]:
        return list(profile)

    def _strategies(self, state: list[FloatArray]) -> tuple[FloatArray, ...]:
        return tuple(np.maximum(x, 0.0) / np.maximum(x, 0.0).sum() for x in state)

    def _change(self, state: list[FloatArray], shares: FloatArray) -> list[FloatArray]:
        precision = self.relative_precision
        return [
            _softmax(precision * action_payoffs(table, tuple(state), k)) - state[k] for k, table in enumerate(shares)
        ]


def _softmax(y: FloatArray) -> FloatArray:
    weights = np.exp(y - y.max())
    return np.asarray(weights / weights.sum())


def _check_duration(duration: float) -> None:
    if not (is_number(duration) and 0.0 < duration <= 1e6):
        raise ValueError(f"duration = {duration!r} is not in (0, 1000000]")
