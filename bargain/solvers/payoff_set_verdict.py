"""What is proven about proposed payoff sets, with code that no solver shares.

Repeated games. (1) Inner: the values of the proposed strategies are recomputed and every one-shot deviation in every
memory is measured; then each vertex, and with public lotteries the whole polygon V, consists of equilibrium payoffs
(Abreu 1988). (2) Outer: the operator B of Abreu, Pearce and Stacchetti (1990) is applied to the hull of all payoffs
until it is within the tolerance of V; as every iterate holds all equilibrium payoffs, nothing beyond it is missing.
V = B(V) alone would not show that: smaller sets than the largest can be fixed points. When the bound comes to rest
elsewhere, the solver lost payoffs and is refused; when the steps run out, the set is certified from inside only.

Markov games: module ``markov_set_verdict``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from bargain.games.certificate import Certificate
from bargain.games.record import FloatArray, finite_array
from bargain.games.repeated import RepeatedGame
from bargain.solvers.base import Rejected, Scope

OUTER_WORK = 1_500_000
"""Most steps of the operator from the hull of all payoffs times profiles: about a second."""

SLACK = 2e-10
"""Gain that the outer bound does not hold against a profile, as a share of the payoff range: twice a tie of solvers."""

ROUNDING = 2e-14
"""Share of the payoff range by which the floors of continuations are lowered on top."""

LOOSE = 500.0 * SLACK
"""A bound at rest may lie this share of the payoff range beyond a complete set: flat edges make the slack grow."""

AT_REST = 1e-13
"""A bound that moved less than this share of the payoff range in a step stays where it is."""


@dataclass(frozen=True)
class Verdict:
    """Fields of the solution, what was refused, what is proven; n_certified: how many states have certified payoffs."""

    fields: dict[str, Any] = field(default_factory=dict)
    rejected: tuple[Rejected, ...] = ()
    scope: Scope = Scope.SOME
    message: str = ""
    n_certified: int = 0


def verdict(game: Any, candidate: Any, tolerance: float) -> Verdict:
    """Judge the sets proposed for a game."""
    if candidate is None:
        return Verdict()
    try:
        if isinstance(game, RepeatedGame):
            return _repeated(game, candidate, tolerance)
        from bargain.solvers.markov_set_verdict import markov_verdict

        return markov_verdict(game, candidate, tolerance)
    except (ValueError, TypeError, IndexError, AttributeError, np.linalg.LinAlgError) as error:
        return Verdict(rejected=(Rejected(type(candidate).__name__, f"no payoff sets of this game: {error}"),))


def _repeated(game: RepeatedGame, candidate: Any, tolerance: float) -> Verdict:
    claimed = finite_array(np.reshape(candidate.polygon, (-1, 2)), "polygon")
    if candidate.plan is None:
        if len(claimed) and candidate.converged:
            return Verdict(rejected=(Rejected(_text(claimed), "no strategies that reach the vertices"),))
        return _bounded(game, np.zeros((0, 2)), {}, candidate, tolerance)
    plan = candidate.plan
    values = plan.values(game)
    polygon = _hull(game, values)
    regret = plan.regret(game, values)
    certificate = Certificate(regret, game.payoff_range, tolerance, game.discount_factor)
    fault = _inner_fault(game, claimed, polygon, certificate)
    if fault and candidate.stopped:
        return _bounded(game, np.zeros((0, 2)), {}, candidate, tolerance)
    if fault:
        return Verdict(rejected=(fault,))
    # Memory k belongs to vertex k; memories that are no vertices come last.
    first = [int(np.flatnonzero((values == vertex).all(axis=1))[0]) for vertex in polygon]
    order = [*first, *sorted(set(range(len(values))) - set(first))]
    if order != sorted(order):
        plan = plan.reordered(order)
        certificate = Certificate(regret[order], game.payoff_range, tolerance, game.discount_factor)
    return _bounded(game, polygon, {"plan": plan, "certificate": certificate}, candidate, tolerance)


def _inner_fault(
    game: RepeatedGame, claimed: FloatArray, polygon: FloatArray, certificate: Certificate
) -> Rejected | None:
    """Why the strategies do not prove the polygon, if they do not."""
    if not certificate.holds:
        worst = float(certificate.relative_regret.max())
        return Rejected(_text(claimed), f"a deviation gains {worst:.3g} of the payoff range", worst)
    level, unit = _level_and_unit(game)
    apart = _apart((claimed - level) / unit, (polygon - level) / unit)
    if apart > certificate.tolerance:
        return Rejected(_text(claimed), f"the strategies are worth other payoffs, {apart:.3g} of the range away", apart)
    return None


def _bounded(
    game: RepeatedGame, polygon: FloatArray, fields: dict[str, Any], candidate: Any, tolerance: float
) -> Verdict:
    """Outer bound from the hull of all payoffs, distance to B(V), and what both prove."""
    bound = _operator_bounds(game, polygon, tolerance)
    resting = bound.moved <= AT_REST
    complete = bound.gap <= (max(tolerance, LOOSE) if resting else tolerance)
    if resting and not complete and not candidate.stopped:
        reason = f"payoffs are missing: the outer bound comes to rest {bound.gap:.3g} of the payoff range beyond"
        return Verdict({"outer": (bound.outer,)}, (Rejected(_text(polygon), reason),))
    fields = {
        **fields,
        "polygons": (finite_array(polygon, "polygon"),),
        "outer": (bound.outer,),
        "distance": bound.distance,
        "outer_distance": finite_or_none(bound.gap),
    }
    scope = Scope.ALL if complete else Scope.SOME
    return Verdict(fields, scope=scope, message=_message(game, polygon, bound, complete), n_certified=len(polygon))


def _message(game: RepeatedGame, polygon: FloatArray, bound: _Bound, complete: bool) -> str:
    """What is proven, in words."""
    steps = "1 step" if bound.steps == 1 else f"{bound.steps} steps"
    if not len(polygon):
        if not complete:
            return f"nothing certified, but {steps} of the operator do not exclude equilibria: see outer"
        reason = ": the stage game has no pure Nash equilibrium" if game.discount_factor == 0.0 else ""
        return f"no pure subgame-perfect equilibrium{reason}"
    found = f"{len(polygon)} {'vertex' if len(polygon) == 1 else 'vertices'}, each the value of certified strategies"
    if complete:
        return f"{found}; nothing farther out than {bound.gap:.1g} of the payoff range is missing ({steps} of B)"
    return f"{found}; after {steps} of the operator {bound.gap:.1g} of the payoff range beyond remains open, see outer"


@dataclass(frozen=True)
class _Bound:
    """Outer bound, steps to it, how far it reaches beyond the polygon, its last move; distance between V and B(V)."""

    outer: FloatArray
    steps: int
    gap: float
    moved: float
    distance: float | None


def _operator_bounds(game: RepeatedGame, polygon: FloatArray, tolerance: float) -> _Bound:
    from bargain.solvers.payoff_set_check import image, outer_bound

    d = game.discount_factor
    level, unit = _level_and_unit(game)
    payoffs = np.ascontiguousarray((game.payoffs.reshape(2, -1).T - level) / unit)
    gains = [(table.max(axis=i, keepdims=True) - table).reshape(-1) for i, table in enumerate(game.payoffs)]
    shares = np.maximum(np.stack(gains, axis=1) / unit - SLACK, 0.0)
    needs = shares * ((1.0 - d) / d) if d else np.where(shares > 0.0, np.inf, 0.0)
    target = np.ascontiguousarray((polygon - level) / unit)
    corners, steps, gap, moved = outer_bound(
        payoffs, needs, d, ROUNDING, target, tolerance, max(1, OUTER_WORK // len(payoffs))
    )
    distance = _apart(target, image(payoffs, needs, d, ROUNDING, target)) if len(target) else None
    return _Bound(finite_array(corners * unit + level, "outer"), int(steps), float(gap), float(moved), distance)


def _level_and_unit(game: RepeatedGame) -> tuple[FloatArray, FloatArray]:
    """Least payoff and payoff range of each player, 1 where all payoffs are equal."""
    level, span = game.payoffs.reshape(2, -1).min(axis=1), game.payoff_range
    return level, np.where(span > 0.0, span, 1.0)


def _hull(game: RepeatedGame, points: FloatArray) -> FloatArray:
    """Those of the points that are corners of their hull, counter-clockwise from the lowest first coordinate."""
    from bargain.solvers.payoff_set_check import corner_indices

    level, unit = _level_and_unit(game)
    scaled = np.ascontiguousarray((points - level) / unit)
    found = corner_indices(scaled)
    corners = scaled[found]
    lowest = corners[:, 0] <= corners[:, 0].min() + AT_REST
    start = int(np.where(lowest, corners[:, 1], np.inf).argmin())
    return np.asarray(points[np.roll(found, -start)])


def _apart(first: FloatArray, second: FloatArray) -> float:
    """Hausdorff distance of two polygons."""
    from bargain.solvers.payoff_set_check import farthest

    first, second = np.ascontiguousarray(first), np.ascontiguousarray(second)
    n, m = len(first), len(second)
    return max(float(farthest(first, n, second, m)), float(farthest(second, m, first, n)))


def finite_or_none(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _text(polygon: FloatArray) -> str:
    shown = ", ".join(f"({x:.6g}, {y:.6g})" for x, y in polygon[:6])
    return f"hull of {shown}{', ...' if len(polygon) > 6 else ''}" if len(polygon) else "the empty set"
