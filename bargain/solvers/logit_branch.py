"""The principal branch of logit equilibria as a table: how play moves from the centroid towards an equilibrium."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from bargain.games.quantal_response import check_precision
from bargain.games.record import ArrayRecord, FloatArray, finite_array
from bargain.games.stage import StageGame
from bargain.solvers.branch_search import at_precision, point_between
from bargain.solvers.continuation import BranchPoint, BranchTrace
from bargain.solvers.logit_system import LogitSystem
from bargain.solvers.watch import watched

if TYPE_CHECKING:
    import pandas as pd

END_REGRET = 1e-8
"""A branch without a last precision is followed until the regret is this share of the payoff range."""

END_PRECISION = 1e9
"""... or until this precision, in one over the largest payoff range."""


@dataclass(frozen=True, eq=False)
class LogitBranch(ArrayRecord):
    """Points of the principal branch in order of arc length.

    precision: ``(n_points,)``, one over payoff units; it falls where the branch turns back;
    probabilities: ``(n_points, n)``, all players' actions side by side; payoffs, regret: ``(n_points, n_players)`` in
    payoff units; arc_length: ``(n_points,)`` in the space of probabilities and log(1 + precision x payoff range);
    bifurcations: precisions at which another branch was crossed; stopped: why the branch ended early, else empty.
    """

    game: StageGame
    precision: FloatArray
    probabilities: FloatArray
    payoffs: FloatArray
    regret: FloatArray
    arc_length: FloatArray
    bifurcations: tuple[float, ...] = ()
    stopped: str = ""

    def __post_init__(self) -> None:
        for name in ("precision", "probabilities", "payoffs", "regret", "arc_length"):
            object.__setattr__(self, name, finite_array(getattr(self, name), name))

    @property
    def n_turning_points(self) -> int:
        """How often the precision changes direction along the branch."""
        direction = np.sign(np.diff(self.precision))
        return int(np.count_nonzero(np.diff(direction[direction != 0.0])))

    def strategies(self, player: int) -> FloatArray:
        """Probabilities of one player's actions along the branch, ``(n_points, n_actions[player])``."""
        ends = np.cumsum(self.game.n_actions)
        return np.asarray(self.probabilities[:, ends[player] - self.game.n_actions[player] : ends[player]])

    def to_frame(self) -> pd.DataFrame:
        """Tidy table: point, precision, arc_length, player, action, probability, payoff, regret of the player."""
        import pandas as pd

        rows = [
            (point, precision, length, player, action, self.strategies(k)[point, a], payoff[k], regret[k])
            for point, (precision, length, payoff, regret) in enumerate(
                zip(
                    self.precision.tolist(),
                    self.arc_length.tolist(),
                    self.payoffs.tolist(),
                    self.regret.tolist(),
                    strict=True,
                )
            )
            for k, player in enumerate(self.game.players)
            for a, action in enumerate(self.game.actions[k])
        ]
        columns = ["point", "precision", "arc_length", "player", "action", "probability", "payoff", "regret"]
        return pd.DataFrame(rows, columns=columns)

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON; ``from_dict`` gives the equal branch back."""
        arrays = ("precision", "probabilities", "payoffs", "regret", "arc_length")
        return {
            "game": self.game.to_dict(),
            **{name: getattr(self, name).tolist() for name in arrays},
            "bifurcations": list(self.bifurcations),
            "stopped": self.stopped,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        arrays = {name: data[name] for name in ("precision", "probabilities", "payoffs", "regret", "arc_length")}
        game = StageGame.from_dict(data["game"])
        return cls(game, bifurcations=tuple(data["bifurcations"]), stopped=data["stopped"], **arrays)


def logit_branch(
    game: StageGame,
    max_precision: float | None = None,
    *,
    largest_change: float | None = None,
    max_steps: int = 20_000,
    time_limit: float | None = None,
) -> LogitBranch:
    """Follow the principal branch up to a precision (one over payoff units), or until the regret is gone.

    The last point has exactly ``max_precision`` where the branch first reaches it. largest_change: add points until no
    probability moves by more than this from one point to the next, for smooth figures; time_limit: seconds.
    Raises ValueError for a precision that is negative or not finite; a branch that is lost says so in ``stopped``.
    """
    if max_precision is not None:
        check_precision(max_precision)
    if largest_change is not None and not 1e-4 <= largest_change <= 1.0:
        raise ValueError(f"largest_change = {largest_change} is not a probability in [0.0001, 1]")
    system = LogitSystem.of(game)
    trace = BranchTrace(system, max_steps)
    points: list[BranchPoint] = []
    with watched(time_limit, None) as watch:
        for point in trace.points():
            if not points or largest_change is None:
                points.append(point)
            else:
                points.extend(_filled(system, points[-1], point, largest_change))
            if _ended(system, points, max_precision):
                break
            if watch.expired():
                trace.stopped = "time limit reached"
                break
    return _table(game, system, trace, points)


def _ended(system: LogitSystem, points: list[BranchPoint], max_precision: float | None) -> bool:
    """Whether the last point is the end; a point beyond ``max_precision`` is replaced by the crossing."""
    point = points[-1]
    if max_precision is None:
        return point.precision > END_PRECISION or system.regret(np.exp(point.x)) <= END_REGRET
    target = max_precision * system.scale
    while len(points) > 1 and points[-2].precision >= target:
        points.pop()
    if points[-1].precision < target:
        return False
    if len(points) > 1 and points[-1].precision > target:
        crossing = at_precision(system, points[-2], points[-1], target)
        if crossing is None:
            return False
        points[-1] = crossing
    return True


def _filled(
    system: LogitSystem, left: BranchPoint, right: BranchPoint, largest_change: float, depth: int = 0
) -> list[BranchPoint]:
    """Points after ``left`` up to ``right`` such that no probability moves by more than ``largest_change``."""
    if depth == 12 or np.abs(np.exp(right.x) - np.exp(left.x)).max() <= largest_change:
        return [right]
    middle = point_between(system, left, right, 0.5)
    if middle is None:
        return [right]
    return [
        *_filled(system, left, middle, largest_change, depth + 1),
        *_filled(system, middle, right, largest_change, depth + 1),
    ]


def _table(game: StageGame, system: LogitSystem, trace: BranchTrace, points: list[BranchPoint]) -> LogitBranch:
    """Points as arrays, payoffs and regret in the units of the game."""
    probabilities = np.exp(np.stack([point.x for point in points]))
    payoffs = np.empty((len(points), game.n_players))
    regret = np.empty_like(payoffs)
    lowest = game.payoffs.reshape(game.n_players, -1).min(axis=1)
    for number, p in enumerate(probabilities):
        for own in system.slices:
            p[own] /= p[own].sum()
        u = system.payoffs(p)[0]
        for k, own in enumerate(system.slices):
            payoffs[number, k] = float(u[own] @ p[own])
            regret[number, k] = max(float(u[own].max()) - payoffs[number, k], 0.0)
    return LogitBranch(
        game,
        np.array([point.precision for point in points]) / system.scale,
        probabilities,
        lowest + system.scale * payoffs,
        system.scale * regret,
        np.array([point.arc_length for point in points]),
        tuple(trace.bifurcations),
        trace.stopped,
    )
