"""What is proven about proposed payoff sets of two-player Markov games, with code that no solver shares.

The sets are compared with their image under the operator B of ``games.payoff_operator``: whether they support
themselves, and whether they support more. That alone would not show that they are the largest such sets. In small games
B is applied to the hull of all payoffs until it is within the tolerance of the sets (module ``markov_set_check``); when
it comes to rest elsewhere, the solver lost payoffs and is refused. In larger games that nothing is missing rests on the
solver's monotone steps, as the message says; ``operator_bound`` finds outer bounds without it, slowly.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from bargain.games.markov import MarkovGame
from bargain.games.payoff_operator import operator_distance, payoff_operator
from bargain.games.polygon import convex_hull, distances
from bargain.games.record import FloatArray, finite_array
from bargain.games.repeated import RepeatedGame
from bargain.solvers.base import Rejected, Scope
from bargain.solvers.payoff_set_verdict import AT_REST, Verdict, finite_or_none

MARKOV_SHARE = 10.0
"""The sets of Markov games may be this many tolerances away from their image."""

MARKOV_SLACK = 1e-11
"""Share of the payoff range by which the floors of values are lowered in Markov games."""

MARKOV_WORK = 20_000
"""Most steps times moves times squared successors for the bound of Markov games: a fraction of a second."""


def markov_verdict(game: MarkovGame, candidate: Any, tolerance: float) -> Verdict:
    sets = tuple(finite_array(np.reshape(polygon, (-1, 2)), "polygons") for polygon in candidate.polygons)
    outer = tuple(finite_array(np.reshape(polygon, (-1, 2)), "outer") for polygon in candidate.outer)
    if not len(outer) == len(sets) == game.n_states:
        raise ValueError(f"{len(sets)} polygons and {len(outer)} outer bounds for {game.n_states} states")
    unit = np.where(game.payoff_range > 0.0, game.payoff_range, 1.0)
    if candidate.stopped:
        apart = finite_or_none(operator_distance(game, outer).distance)
        message = "only the outer bounds are known" + (
            f", {apart:.2g} of the payoff range from B of them" if apart else ""
        )
        return Verdict({"outer": outer, "distance": apart}, message=message)
    small = _Padded(game, sets) if _allowed_steps(game, tolerance) else None
    unsupported, missing = small.to_image() if small else _to_image(game, sets)
    beyond = max(_beyond(bound, polygon, unit) for bound, polygon in zip(outer, sets, strict=True))
    inside = max(_beyond(polygon, bound, unit) for bound, polygon in zip(outer, sets, strict=True))
    for excess, reason in (
        (unsupported, "payoffs are claimed that no round supports, {:.3g} of the payoff range away"),
        (missing, "payoffs are missing that a round supports, {:.3g} of the payoff range away"),
        (inside, "payoffs are claimed outside the outer bound, by {:.3g} of the payoff range"),
    ):
        if excess > MARKOV_SHARE * tolerance:
            text = f"sets of {sum(map(len, sets))} vertices"
            return Verdict({"outer": outer}, (Rejected(text, reason.format(excess), excess),))
    fields = {
        "polygons": sets,
        "outer": outer,
        "distance": finite_or_none(max(unsupported, missing)),
        "outer_distance": finite_or_none(beyond),
    }
    steps, gap, moved = 0, np.inf, np.inf
    if small:
        steps, gap, moved = small.bound(MARKOV_SHARE * tolerance, _allowed_steps(game, tolerance))
    if gap > MARKOV_SHARE * tolerance and moved <= AT_REST:
        reason = f"payoffs are missing: the operator comes to rest {gap:.3g} of the payoff range beyond"
        return Verdict({"outer": outer}, (Rejected(f"sets of {sum(map(len, sets))} vertices", reason),))
    proof = "that nothing beyond the outer bounds is missing rests on the solver's steps"
    if gap <= MARKOV_SHARE * tolerance:
        proof = f"nothing farther out than {gap:.1g} is missing ({steps} steps of B)"
    n_vertices, n_certified = sum(map(len, sets)), sum(len(polygon) > 0 for polygon in sets)
    message = (
        f"{n_vertices} vertices in {n_certified} of {game.n_states} states, which support themselves up to "
        f"{unsupported:.1g} of the payoff range"
    )
    if not n_certified:
        message = "no pure subgame-perfect equilibrium"
    scope = Scope.ALL if max(beyond, 0.0) <= MARKOV_SHARE * tolerance else Scope.SOME
    return Verdict(fields, scope=scope, message=f"{message}; {proof}", n_certified=n_certified)


def _to_image(game: MarkovGame, sets: tuple[FloatArray, ...]) -> tuple[float, float]:
    """How far any payoff of the sets is from B of them, and any payoff of B from the sets."""
    found = operator_distance(game, sets)
    return found.unsupported, found.missing


def _allowed_steps(game: MarkovGame, tolerance: float) -> int:
    """Steps of B that a small game may take, 0 for a large one."""
    d = game.discount_factor
    needed = 2.0 * np.log(max(tolerance, 1e-15)) / np.log(d) if d > 0.0 else 2.0
    allowed = MARKOV_WORK / (int(game.available_moves.sum()) * game.probabilities.shape[-1] ** 2)
    return int(allowed) if needed <= allowed else 0


class _Padded:
    """A small Markov game and sets as plain arrays in units of the payoff ranges, for the compiled operator."""

    def __init__(self, game: MarkovGame, sets: tuple[FloatArray, ...]) -> None:
        moves, payoffs = game.available_moves, np.moveaxis(game.payoffs, 1, -1)
        level, unit = payoffs[moves].min(axis=0), np.where(game.payoff_range > 0.0, game.payoff_range, 1.0)
        self.sets = np.zeros((game.n_states, max(1, *map(len, sets)), 2))
        for s, polygon in enumerate(sets):
            self.sets[s, : len(polygon)] = (polygon - level) / unit
        self.sizes = np.array([len(polygon) for polygon in sets], dtype=np.int64)
        scaled = np.ascontiguousarray((payoffs - level) / unit)
        follow, chances = game.successors.astype(np.int64), np.array(game.probabilities)
        self.game = (scaled, follow, chances, moves.copy(), game.discount_factor)

    def to_image(self) -> tuple[float, float]:
        from bargain.solvers.markov_set_check import distance_to_image

        unsupported, missing = distance_to_image(*self.game, MARKOV_SLACK, self.sets, self.sizes)
        return float(unsupported), float(missing)

    def bound(self, tolerance: float, n_steps: int) -> tuple[int, float, float]:
        """Steps of B from all payoffs, how far the bound reaches beyond the sets, its last move."""
        from bargain.solvers.markov_set_check import markov_bound

        steps, gap, moved = markov_bound(*self.game, MARKOV_SLACK, self.sets, self.sizes, tolerance, n_steps)
        return int(steps), float(gap), float(moved)


def operator_bound(game: RepeatedGame | MarkovGame, n_steps: int) -> tuple[FloatArray, ...]:
    """Sets that hold all subgame-perfect payoffs: the plain operator B, applied n_steps times to all payoffs there are.

    Slow, and independent of every solver.
    """
    markov = game.markov_game() if isinstance(game, RepeatedGame) else game
    payoffs = np.moveaxis(markov.payoffs, 1, -1)[markov.available_moves]
    sets: tuple[FloatArray, ...] = (convex_hull(payoffs),) * markov.n_states
    for _ in range(n_steps):
        sets = payoff_operator(game, sets)
    return sets


def _beyond(first: FloatArray, second: FloatArray, unit: FloatArray) -> float:
    """How far any point of the first set is from the second."""
    return float(distances(second, first, unit).max()) if len(first) else 0.0
