"""Subgame-perfect payoffs of two-player Markov games: the record of a run (the algorithm follows)."""

from __future__ import annotations

from dataclasses import dataclass

from bargain.games.markov import BoolArray, MarkovGame
from bargain.games.record import ArrayRecord, FloatArray


@dataclass(frozen=True, eq=False)
class MarkovPayoffs(ArrayRecord):
    """One convex set of payoffs per state.

    polygons: for each state the extreme points ``(n_vertices, 2)``, none for an empty set, as in
    ``bargain.games.polygon``; outer: sets of the same kind that are proven to hold all subgame-perfect payoffs (up to
    rounding), whether or not the run converged; punishments: ``(n_states, 2)``, least coordinates of ``polygons``,
    infinite where empty; admissible: ``(n_states, *n_actions)``, moves that some payoff of ``polygons`` begins with;
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


def propose_markov(game: MarkovGame, *, tolerance: float = 1e-8, max_iterations: int = 10_000) -> MarkovPayoffs:
    """The sets of subgame-perfect payoffs (pure actions, public randomisation, perfect monitoring) of every state.

    tolerance: accepted distance to the fixed point as a share of the payoff range. Stops at the time limit of the
    current watch with the outer sets that it has.
    """
    raise NotImplementedError
