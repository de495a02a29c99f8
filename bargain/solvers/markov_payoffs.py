"""Subgame-perfect payoffs of two-player Markov games without side payments: one convex polygon a state.

The sets V of payoffs of subgame-perfect equilibria (pure actions, public randomisation, perfect monitoring) are the
largest with V = B(V), for the operator B of Abreu, Pearce and Stacchetti (1990), told in ``games.payoff_operator``.
From sets that hold all payoffs on, sets W >= V shrink towards V. In directions y, h_s(y) being the support of W(s),

    h_s(y) <- max over a of min{ (1 - d) y . u(s, a) + d sum P(s'|s, a) h_s'(y), support of what a supports in W }

where the right-hand side is not evaluated once but solved for h(y): V satisfies it with <=, and it is monotone and a
contraction, so that the solution is an upper bound again. As in Abreu, Brooks and Sannikov (2020) play that is not
bound goes on towards y, which policy iteration evaluates for ever at once; only what incentives bind is taken from W.
The same holds for the worst payoffs, v_i(s) = min over a of the best deviation punished by v_i. New directions are the
normals of edges between moves that reach farthest in neighbouring directions, turned to where the edge comes to rest
when its ends are bound by the edge itself. A move that supports nothing once never does again.

With some list of directions the sets come to rest at an outer bound; the more directions, the closer to V. A move is
left out where another of the same payoffs and transition has weaker deviations. All in units of the payoff ranges.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bargain.games.markov import BoolArray, MarkovGame
from bargain.games.payoff_operator import least_payoffs
from bargain.games.polygon import EMPTY, convex_hull, widened
from bargain.games.record import ArrayRecord, FloatArray
from bargain.solvers.payoff_outer_sets import OuterSets
from bargain.solvers.watch import current_watch

SHARP = 0.01
"""Sets are brought to rest at this share of the tolerance: errors of one step add up over steps."""

FINEST = 2e-11
"""Sets are never asked to rest closer than this: what ties and slack leave open."""

FLAT = 0.1
"""Vertices of the result may be off by this share of the tolerance, or of the distance: inwards, of bounds outwards."""

PATIENCE = 200
"""Most steps without coming closer to rest."""

WORK = 6_000_000
"""Most directions times moves: a table of 48 MB."""


@dataclass(frozen=True, eq=False)
class MarkovPayoffs(ArrayRecord):
    """One convex set of payoffs per state.

    polygons: for each state the extreme points ``(n_vertices, 2)``, none for an empty set, as in
    ``bargain.games.polygon``; outer: sets of the same kind that are proven to hold all subgame-perfect payoffs (up to
    rounding), whether or not the run converged; punishments: ``(n_states, 2)``, least coordinates of ``polygons``,
    infinite where empty; admissible: ``(n_states, *n_actions)``, moves that no outer set excludes (of moves with the
    same payoffs and transition only those are tried whose deviations are weakest);
    distance: Hausdorff distance between ``outer`` and its image under the payoff operator, as a share of the payoff
    range; n_iterations: steps made; converged: whether the distance is within the tolerance; stopped: why it stopped
    early, empty when it converged.
    """

    polygons: tuple[FloatArray, ...]
    outer: tuple[FloatArray, ...]
    punishments: FloatArray
    admissible: BoolArray
    distance: float
    n_iterations: int
    converged: bool
    stopped: str = ""


def propose_markov(
    game: MarkovGame,
    *,
    tolerance: float = 1e-8,
    max_iterations: int = 10_000,
    max_directions: int | None = None,
) -> MarkovPayoffs:
    """The sets of subgame-perfect payoffs of every state, and outer bounds of them.

    tolerance: accepted distance to the fixed point as a share of the payoff range; max_directions: most directions in
    which sets are bounded, by default as many as a table of directions times moves of 48 MB holds, at least 64. Stops
    at the time limit of the current watch with the outer sets that it has.
    """
    sets = OuterSets(game)
    limit = max(64, WORK // len(sets.moves.places)) if max_directions is None else max(16, max_directions)
    watch = current_watch()
    target = max(SHARP * tolerance, FINEST)
    stopped, best, since = "", np.inf, 0
    for _ in range(max_iterations):
        if watch.expired():
            stopped = "time limit reached"
            break
        sets.step(watch)
        rest = max(sets.change, sets.gap)
        watch.report(0.9 * min(1.0, np.log(max(rest, target)) / np.log(target)), "payoff sets")
        if sets.empty.all() or rest <= target:
            break
        best, since = (rest, 0) if rest < 0.9 * best else (best, since + 1)
        idle = since > PATIENCE
        if sets.gap > max(0.5 * sets.change, target) and not idle:
            idle = not sets.refine(target, limit) and sets.change <= max(target, SHARP * sets.gap)
        if idle:
            if rest > tolerance:
                stopped = f"limit of {limit} directions reached" if sets.is_full(limit) else "sets move no closer"
            break
    else:
        stopped = f"max_iterations = {max_iterations} reached"
    return _record(game, sets, tolerance, stopped)


def _record(game: MarkovGame, sets: OuterSets, tolerance: float, stopped: str) -> MarkovPayoffs:
    """The sets in payoff units, with few vertices: within the corners of the sets, and the bounds around them."""
    distance = 0.0 if sets.empty.all() else float(max(sets.change, sets.gap))
    converged = distance <= tolerance and not stopped
    flat = FLAT * max(tolerance, distance if np.isfinite(distance) else 0.0)
    polygons, outer = [], []
    for s in range(game.n_states):
        corners = sets.corners(s)
        polygons.append(convex_hull(corners, flat, units=(1.0, 1.0)) * sets.moves.units + sets.moves.level)
        around = widened(convex_hull(corners, units=(1.0, 1.0)), flat)
        outer.append(around * sets.moves.units + sets.moves.level)
    admissible = np.zeros((game.n_states, *game.n_actions), dtype=bool)
    admissible[tuple(sets.moves.places[sets.alive, :3].T)] = True
    return MarkovPayoffs(
        tuple(polygon if len(polygon) else EMPTY for polygon in polygons),
        tuple(polygon if len(polygon) else EMPTY for polygon in outer),
        least_payoffs(polygons),
        admissible,
        distance,
        sets.n_steps,
        converged,
        stopped,
    )
