"""The whole set of correlated equilibria: its vertices in small games, its shadow on the payoffs of two players.

The set is the polytope of distributions p with G p <= 0 (obedience). Its vertices are the extreme rays of the cone
{p >= 0, G p <= 0}, found by the double description method in exact integers. In payoff space the set is a polygon,
found without listing vertices: maximise along a direction, put a new vertex where the chord of two neighbours is not
the boundary, and go on until every chord is (exact, because a polygon has finitely many sides).
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, ClassVar

import numpy as np

from bargain.games.record import FloatArray
from bargain.games.stage import StageGame
from bargain.solvers.base import Proposal, Scope, Solver
from bargain.solvers.checks import check_count
from bargain.solvers.correlated import best_distribution, deviation_gains, distribution_of, obedience_rows
from bargain.solvers.correlated_equilibria import CorrelatedSolution, Mediation, player_index
from bargain.solvers.double_description import StoppedError, extreme_rays
from bargain.solvers.watch import current_watch

CORNER = 1e-8
"""A point nearer than this to the chord of its neighbours (payoff ranges one) is no vertex of a polygon."""


@dataclass(frozen=True)
class CorrelatedVertices(Solver[StageGame, CorrelatedSolution]):
    """All extreme correlated equilibria of a small game: every correlated equilibrium is a mixture of them.

    The number of vertices explodes: 2x2 games have at most 5, 3x3 games thousands. max_vertices, time_limit (seconds):
    where to stop; a stopped run returns the vertices that are known to be vertices.
    """

    max_vertices: int = 20_000
    time_limit: float | None = 60.0

    concept: ClassVar[str] = "correlated equilibrium"
    coarse: ClassVar[bool] = False
    solution_type: ClassVar[type[CorrelatedSolution]] = CorrelatedSolution

    def __post_init__(self) -> None:
        check_count("max_vertices", self.max_vertices)

    def propose(self, game: StageGame) -> Proposal:
        vertices, stopped = extreme_distributions(game, self.max_vertices)
        candidates = tuple(Mediation(vertex) for vertex in vertices)
        message = f"{len(vertices)} extreme correlated equilibria"
        if stopped:
            return Proposal(
                candidates=candidates, stopped=stopped, message=f"{message}; Correlated finds the best for an objective"
            )
        message = f"all {message}, of which every other is a mixture" if len(vertices) > 1 else "the only one"
        return Proposal(candidates=candidates, scope=Scope.EXTREME if len(vertices) > 1 else Scope.ALL, message=message)


def extreme_distributions(game: StageGame, max_vertices: float = math.inf) -> tuple[list[FloatArray], str]:
    """Vertices of the polytope of correlated equilibria ``(*n_actions,)``, and why some are missing, else ""."""
    watch = current_watch()

    def check(n_rays: int, share: float) -> None:
        watch.report(share, f"{n_rays} vertices")
        if watch.expired():
            raise StoppedError("time limit reached")
        if n_rays > max_vertices:
            raise StoppedError(f"more than {max_vertices:,.0f} vertices")

    try:
        rows = _integer_rows(game)
    except StoppedError as limit:
        return [], str(limit)
    rays, stopped = extreme_rays(rows, game.payoffs[0].size, check)
    shares = [np.array([float(Fraction(int(entry), int(sum(ray)))) for entry in ray]) for ray in rays]
    return [share.reshape(game.n_actions) for share in shares], stopped


def _integer_rows(game: StageGame) -> list[Any]:
    """Obedience inequalities ``row . p >= 0`` in integers.

    Gains are shares of the payoff range, read as the simplest fraction within 1e-12: thirds and sevenths stay exact, so
    ties among vertices are ties whatever the payoff scale. Raises StoppedError when the time is up.
    """
    watch = current_watch()
    place = np.arange(game.payoffs[0].size).reshape(game.n_actions)
    rows = []
    for k, n in enumerate(game.n_actions):
        profile = np.moveaxis(place, k, 0).reshape(n, -1)
        gains = deviation_gains(game, k)
        for told, played in np.ndindex(n, n):
            if watch.expired():
                raise StoppedError("time limit reached")
            fractions = [_simple_fraction(gain) for gain in gains[told, played]]
            common = math.lcm(*(fraction.denominator for fraction in fractions))
            row = np.array([0] * place.size, dtype=object)
            row[profile[told]] = [-int(fraction * common) for fraction in fractions]
            if any(row < 0):
                rows.append(row)
    return rows


def _simple_fraction(value: float) -> Fraction:
    simple = Fraction(value).limit_denominator(100_000)
    return simple if abs(float(simple) - value) <= 1e-12 else Fraction(round(value * 10**12), 10**12)


def correlated_payoffs(
    game: StageGame,
    *,
    coarse: bool = False,
    players: tuple[str | int, str | int] = (0, 1),
    time_limit: float | None = None,
) -> FloatArray:
    """Payoff pairs that a mediator can bring about: vertices ``(n_vertices, 2)``, counter-clockwise, none collinear.

    The first vertex has the lowest payoff of the first player, then of the second. One vertex means a single payoff
    pair, two a segment. players: whose payoffs, by label or index, in games of more than two.
    Raises TimeoutError when ``time_limit`` (seconds) is reached: a polygon with missing corners would mislead.
    """
    chosen = [player_index(game, name) if isinstance(name, str) else name for name in players]
    if len(chosen) != 2 or len(set(chosen)) != 2 or not all(0 <= k < game.n_players for k in chosen):
        raise ValueError(f"players = {players} are not two of the {game.n_players} players")
    deadline = math.inf if time_limit is None else time.perf_counter() + time_limit
    rows = obedience_rows(game, coarse=coarse)
    flat = game.payoffs.reshape(game.n_players, -1)[chosen]
    scale = np.where(np.ptp(flat, axis=1) > 0.0, np.ptp(flat, axis=1), 1.0)
    shares = (flat - flat.min(axis=1, keepdims=True)) / scale[:, None]

    def extreme(direction: FloatArray) -> FloatArray:
        """Farthest payoffs along a direction; any of them where several are."""
        seconds = deadline - time.perf_counter()
        objective = np.append(direction @ shares, 0.0)
        found = best_distribution(game, rows, [objective], max(seconds, 0.0), even=False)
        if found.failure or seconds <= 0.0:
            raise TimeoutError(f"correlated_payoffs: {found.failure or 'time limit reached'}")
        return np.asarray(shares @ distribution_of(game, found.point).reshape(-1))

    corners = _polygon(extreme)
    return np.asarray(corners * scale + flat.min(axis=1)) + 0.0


def _polygon(extreme: Any) -> FloatArray:
    """Vertices of the polygon whose farthest points ``extreme(direction)`` gives, counter-clockwise."""
    compass = [np.array(direction) for direction in ((-1.0, 0.0), (0.0, -1.0), (1.0, 0.0), (0.0, 1.0))]
    corners = [extreme(direction) for direction in compass]
    pending = [(corners[i], corners[(i + 1) % 4]) for i in range(4)][::-1]
    ring: list[FloatArray] = []
    while pending:
        start, end = pending.pop()
        chord = end - start
        length = float(np.hypot(*chord))
        if length <= CORNER:
            continue
        outward = np.array([chord[1], -chord[0]]) / length
        apex = extreme(outward)
        if float(outward @ (apex - start)) > CORNER:
            pending += [(apex, end), (start, apex)]
        else:
            ring.append(start)
    return _corners(np.array(ring if ring else corners[:1]))


def _corners(ring: FloatArray) -> FloatArray:
    """The ring without points on the chord of their neighbours, started at the lowest first, then second coordinate."""
    points = list(ring)
    i = 0
    while len(points) > 2 and i < len(points):
        before, here, after = points[i - 1], points[i], points[(i + 1) % len(points)]
        chord = after - before
        length = float(np.hypot(*chord))
        apart = here - before
        off = abs(chord[0] * apart[1] - chord[1] * apart[0]) / length if length > CORNER else float(np.hypot(*apart))
        along = float(apart @ chord)
        # An end of a segment is on the line through its neighbours, too, but not between them.
        if off <= CORNER and -CORNER * length <= along <= (length + CORNER) * length:
            points.pop(i)
            i = 0
        else:
            i += 1
    first = min(range(len(points)), key=lambda k: (round(float(points[k][0]), 7), round(float(points[k][1]), 7)))
    return np.array(points[first:] + points[:first])
