"""Maximum-likelihood fit of the logit precision to observed choices (McKelvey and Palfrey 1995, section 5).

The log-likelihood of counts n_ka along the principal branch is sum n_ka log p_ka(t). It may have several peaks and the
branch may turn back, so all stretches between neighbouring points of the branch on which the likelihood changes from
rising to falling are searched; the best peak wins. The standard error is one over the root of the observed information,
minus the second derivative in t.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from bargain.games.profile import MixedProfile
from bargain.games.quantal_response import QuantalResponse, quantal_response
from bargain.games.record import ArrayRecord, FloatArray, finite_array
from bargain.games.stage import StageGame
from bargain.solvers.base import solve
from bargain.solvers.branch_search import moved_to, root_between
from bargain.solvers.continuation import BranchPoint, BranchTrace
from bargain.solvers.logit_branch import END_PRECISION, END_REGRET
from bargain.solvers.logit_system import LogitSystem
from bargain.solvers.pure_nash import PureNash
from bargain.solvers.support_enumeration import SupportEnumeration
from bargain.solvers.watch import current_watch, watched

AT_ZERO = 1e-9
"""Precision, in one over the largest payoff range, up to which a peak is the start of the branch, precision 0."""

FLAT = 1e-7
"""Rise of the log-likelihood per observation and unit of log precision that is no rise."""


@dataclass(frozen=True, eq=False)
class LogitFit(ArrayRecord):
    """The precision that makes the observed choices likeliest, and what to compare it with.

    counts: observed choices ``(n_actions[k],)`` of every player; response: the fitted profile with its precision (one
    over payoff units) and certificate; standard_error: of the precision, None at either end
    of the branch, precision 0 included, or where the likelihood is not curved;
    nash: the equilibria compared with, nash_log_likelihood: one for each, -inf where a choice
    was observed that the equilibrium rules out; peaks: ``(n_peaks, 2)``, precision and log-likelihood of every local
    maximum along the branch; message: what limits the fit, else empty.
    """

    game: StageGame
    counts: tuple[FloatArray, ...]
    response: QuantalResponse
    standard_error: float | None
    log_likelihood: float
    uniform_log_likelihood: float
    nash: tuple[MixedProfile, ...]
    nash_log_likelihood: tuple[float, ...]
    peaks: FloatArray
    message: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "counts", tuple(finite_array(own, "counts") for own in self.counts))
        object.__setattr__(self, "nash", tuple(tuple(finite_array(s, "nash") for s in p) for p in self.nash))
        object.__setattr__(self, "peaks", finite_array(self.peaks, "peaks"))

    @property
    def precision(self) -> float:
        """Fitted precision, one over payoff units."""
        return self.response.precision

    @property
    def n_observations(self) -> float:
        """Observed choices of all players together."""
        return float(sum(own.sum() for own in self.counts))

    @property
    def best_nash_log_likelihood(self) -> float:
        """Log-likelihood of the equilibrium that fits best; -inf when all rule out something observed."""
        return max(self.nash_log_likelihood, default=-np.inf)

    @property
    def nearest_nash(self) -> MixedProfile | None:
        """The equilibrium nearest to the observed frequencies in the largest difference of a probability."""
        if not self.nash:
            return None
        observed = [own / max(own.sum(), 1e-300) for own in self.counts]
        distances = [
            max(float(np.abs(s - o).max()) for s, o in zip(profile, observed, strict=True)) for profile in self.nash
        ]
        return self.nash[int(np.argmin(distances))]

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON; a log-likelihood of -inf becomes None."""
        return {
            "game": self.game.to_dict(),
            "counts": [own.tolist() for own in self.counts],
            "response": self.response.to_dict(),
            "standard_error": self.standard_error,
            "log_likelihood": self.log_likelihood,
            "uniform_log_likelihood": self.uniform_log_likelihood,
            "nash": [[strategy.tolist() for strategy in profile] for profile in self.nash],
            "nash_log_likelihood": [value if np.isfinite(value) else None for value in self.nash_log_likelihood],
            "peaks": self.peaks.tolist(),
            "message": self.message,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        plain = ("standard_error", "log_likelihood", "uniform_log_likelihood", "peaks", "message")
        return cls(
            game=StageGame.from_dict(data["game"]),
            counts=tuple(data["counts"]),
            response=QuantalResponse.from_dict(data["response"]),
            nash=tuple(tuple(profile) for profile in data["nash"]),
            nash_log_likelihood=tuple(-np.inf if v is None else v for v in data["nash_log_likelihood"]),
            **{name: data[name] for name in plain},
        )


def fit_precision(
    game: StageGame,
    counts: Sequence[npt.ArrayLike],
    *,
    nash: Sequence[Sequence[Any]] | None = None,
    max_precision: float | None = None,
    max_steps: int = 20_000,
    time_limit: float | None = 60.0,
) -> LogitFit:
    """Fit the precision to observed choices, one array of counts ``(n_actions[k],)`` for every player.

    nash: profiles to compare with; None for all equilibria of a two-player game and the pure ones of a larger one;
    max_precision: how far to look, one over payoff units, None for the whole branch; time_limit: seconds.
    Raises ValueError for counts that are negative, not finite, all zero or of the wrong length, and for a
    max_precision that is negative or not finite.
    """
    if max_precision is not None and not (np.isfinite(max_precision) and max_precision >= 0.0):
        raise ValueError(f"max_precision = {max_precision} is not a finite number >= 0 (one over payoff units)")
    observed = _checked_counts(game, counts)
    stacked = np.concatenate(observed)
    system = LogitSystem.of(game)
    trace = BranchTrace(system, max_steps)
    limit = np.inf if max_precision is None else max_precision * system.scale
    with watched(time_limit, None):
        peaks, at_end = _peaks(system, trace, stacked, limit)
    best = max(peaks, key=lambda point: float(stacked @ point.x))
    response = quantal_response(game, _profile(system, best), best.precision / system.scale)
    return LogitFit(
        game=game,
        counts=observed,
        response=response,
        standard_error=None if best is at_end or best.precision == 0.0 else _standard_error(system, best, stacked),
        log_likelihood=float(stacked @ best.x),
        uniform_log_likelihood=-float(sum(own.sum() * np.log(len(own)) for own in observed)),
        nash=(profiles := _profiles(game, nash)),
        nash_log_likelihood=tuple(_log_likelihood(profile, observed) for profile in profiles),
        peaks=np.array([(point.precision / system.scale, float(stacked @ point.x)) for point in peaks]),
        message=_remark(trace, response, best is at_end),
    )


def _checked_counts(game: StageGame, counts: Sequence[npt.ArrayLike]) -> tuple[FloatArray, ...]:
    if len(counts) != game.n_players:
        raise ValueError(f"counts has {len(counts)} arrays for {game.n_players} players")
    result = tuple(finite_array(own, f"counts[{k}]") for k, own in enumerate(counts))
    for k, (own, n) in enumerate(zip(result, game.n_actions, strict=True)):
        if own.shape != (n,):
            raise ValueError(f"counts[{k}] has shape {own.shape}, player {game.players[k]} has {n} actions")
        if own.min() < 0.0:
            raise ValueError(f"counts[{k}][{int(own.argmin())}] = {own.min()} is negative")
    if not sum(own.sum() for own in result) > 0.0:
        raise ValueError("counts are all zero: there is nothing to fit")
    return result


def _peaks(
    system: LogitSystem, trace: BranchTrace, counts: FloatArray, limit: float
) -> tuple[list[BranchPoint], BranchPoint | None]:
    """Local maxima of the likelihood along the branch; the second is the end, if the likelihood still rises there."""
    watch = current_watch()

    def slope(point: BranchPoint) -> float:
        return float(counts @ point.tangent[:-1])

    peaks: list[BranchPoint] = []
    start: BranchPoint | None = None
    last: BranchPoint | None = None
    for point in trace.points():
        start = point if start is None else start
        if last is None and slope(point) <= 0.0:
            peaks.append(point)
        if last is not None and slope(last) > 0.0 >= slope(point):
            found = root_between(system, last, point, slope)
            found = point if found is None else found
            # Rounding of the first slope must not move the centroid off precision 0.
            peaks.append(start if start is not None and found.precision <= AT_ZERO else found)
        last = point
        if point.precision > min(limit, END_PRECISION) or system.regret(np.exp(point.x)) <= END_REGRET:
            break
        if watch.expired():
            trace.stopped = "time limit reached"
            break
    assert last is not None
    rising = slope(last) * last.precision > FLAT * float(counts.sum()) * float(last.tangent[-1])
    return ([*peaks, last], last) if rising or not peaks else (peaks, None)


def _standard_error(system: LogitSystem, peak: BranchPoint, counts: FloatArray) -> float | None:
    """One over the root of the observed information, in one over payoff units, by differences of the score."""
    step = 1e-4 * max(peak.precision, 1e-2)
    scores = []
    for precision in (peak.precision + step, peak.precision - step):
        point = moved_to(system, peak, precision)
        if point is None or point.tangent[-1] == 0.0:
            return None
        scores.append(float(counts @ point.tangent[:-1]) / float(point.tangent[-1]))
    information = (scores[1] - scores[0]) / (2.0 * step)
    return float(1.0 / (np.sqrt(information) * system.scale)) if information > 0.0 else None


def _profile(system: LogitSystem, point: BranchPoint) -> tuple[FloatArray, ...]:
    return tuple(p / p.sum() for p in system.split(np.exp(point.x)))


def _profiles(game: StageGame, nash: Sequence[Sequence[Any]] | None) -> tuple[MixedProfile, ...]:
    if nash is not None:
        return tuple(game.profile(profile) for profile in nash)
    solver = SupportEnumeration(time_limit=10.0) if game.n_players == 2 else PureNash()
    return tuple(equilibrium.profile for equilibrium in solve(game, solver).equilibria)


def _log_likelihood(profile: MixedProfile, counts: Sequence[FloatArray]) -> float:
    total = 0.0
    for strategy, own in zip(profile, counts, strict=True):
        seen = own > 0.0
        if np.any(strategy[seen] <= 0.0):
            return -np.inf
        total += float(own[seen] @ np.log(strategy[seen]))
    return total


def _remark(trace: BranchTrace, response: QuantalResponse, at_end: bool) -> str:
    parts = [trace.stopped] if trace.stopped else []
    if at_end:
        parts.append("the likelihood still rises at the end of the branch: play is as precise as can be told apart")
    if not response.holds:
        parts.append(f"residual {response.residual:.3g} of the fitted response exceeds {response.tolerance:g}")
    return "; ".join(parts)
