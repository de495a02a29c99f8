"""The payoffs that one round supports when given sets of payoffs may follow: the operator B of two-player Markov games.

From sets V(s') of payoffs that may follow (one convex set a state) and the punishments v_i(s) = min of coordinate i
over V(s), move a in state s supports the payoffs (1 - d) u(s, a) + d w, with w in the expected set
sum_s' P(s' | s, a) V(s') (each state's payoff may be chosen on its own, and by a public lottery), provided neither
player gains by another action:

    (1 - d) u_i(s, a) + d w_i >= max over a_i' of (1 - d) u_i(s, a_i', a_j) + d sum_s' P(s' | s, a_i', a_j) v_i(s').

B(V)(s) is the hull over the available moves (Abreu, Pearce and Stacchetti 1990; with states Abreu, Brooks and Sannikov
2020, section 2). V = B(V) holds for the sets of subgame-perfect payoffs in pure actions, they are the largest sets of
this kind. Every V inside B(V) consists of subgame-perfect payoffs, every V with B(V) inside V and large enough at first
contains them all. Subgame perfection asks for an equilibrium after every history: a state from which some move may lead
to a state with an empty set has an empty set. Plain and slow; no solver shares this code.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bargain.games.markov import BoolArray, MarkovGame
from bargain.games.polygon import EMPTY, Boundary, boundary, convex_hull, cut, distances, hausdorff, sum_of_boundaries
from bargain.games.record import FloatArray
from bargain.games.repeated import RepeatedGame
from bargain.games.stationary import continuation

SLACK = 1e-12
"""Gain that still counts as none, as a share of the player's payoff range: rounding decides no tie."""


def payoff_operator(
    game: MarkovGame | RepeatedGame,
    polygons: Sequence[npt.ArrayLike],
    punishments: npt.ArrayLike | None = None,
    slack: float = SLACK,
) -> tuple[FloatArray, ...]:
    """B(V): for each state the extreme points of the payoffs supported by the sets ``polygons`` of the next round.

    polygons: for each state the vertices ``(n_vertices, 2)``, none for an empty set; punishments: ``(n_states, 2)``,
    the least coordinates of the sets unless given; slack: gain that counts as none, as a share of the payoff range.
    Raises ValueError for other numbers of players, sets or punishments.
    """
    markov = game.markov_game() if isinstance(game, RepeatedGame) else game
    sets = _checked(markov, polygons)
    empty = states_without_equilibrium(markov, np.array([len(polygon) == 0 for polygon in sets]))
    # Sets do not depend on the payoff level; taking it out keeps rounding relative to the range.
    level = np.moveaxis(markov.payoffs, 1, -1)[markov.available_moves].min(axis=0)
    shifted = [boundary(polygon - level) for polygon in sets]
    least = least_payoffs(sets) if punishments is None else np.asarray(punishments, dtype=float)
    if least.shape != (markov.n_states, 2):
        raise ValueError(f"punishments of shape {least.shape} is not ({markov.n_states}, 2)")
    payoffs = np.moveaxis(markov.payoffs, 1, -1) - level
    floors = deviation_payoffs(markov, payoffs, np.where(empty[:, None], 0.0, least - level))
    span = markov.payoff_range
    floors -= slack * span[None, :, None, None]
    units = np.where(span > 0.0, span, 1.0)
    return tuple(
        EMPTY if empty[s] else _supported(markov, s, payoffs[s], floors[s], shifted, units) + level
        for s in range(markov.n_states)
    )


def operator_distance(
    game: MarkovGame | RepeatedGame, polygons: Sequence[npt.ArrayLike], slack: float = SLACK
) -> OperatorDistance:
    """How far sets are from B of themselves, in shares of the payoff range; both 0 for the sets of equilibrium payoffs.

    Payoffs constant to a player are measured in payoff units.
    """
    markov = game.markov_game() if isinstance(game, RepeatedGame) else game
    sets = _checked(markov, polygons)
    image = payoff_operator(markov, sets, slack=slack)
    units = np.where(markov.payoff_range > 0.0, markov.payoff_range, 1.0)
    pairs = list(zip(sets, image, strict=True))
    return OperatorDistance(
        max(_excess(before, after, units) for before, after in pairs),
        max(_excess(after, before, units) for before, after in pairs),
        max(hausdorff(before, after, units) for before, after in pairs),
    )


@dataclass(frozen=True)
class OperatorDistance:
    """Distances between sets V and B(V) over all states, as shares of the payoff range.

    unsupported: farthest any payoff of V is from B(V), 0 proves that all of V are equilibrium payoffs; missing:
    farthest any payoff of B(V) is from V; distance: the larger of the two (Hausdorff).
    """

    unsupported: float
    missing: float
    distance: float


def least_payoffs(polygons: Sequence[FloatArray]) -> FloatArray:
    """Least payoff of each player in each set, ``(n_states, 2)``; infinite where the set is empty."""
    return np.array([polygon.min(axis=0) if len(polygon) else (np.inf, np.inf) for polygon in polygons])


def states_without_equilibrium(game: MarkovGame, empty: BoolArray) -> BoolArray:
    """The states marked ``empty`` and those from which available moves may lead there, after however many rounds."""
    reached = np.where(game.probabilities > 0.0, game.successors, -1).reshape(game.n_states, -1, 1)
    possible = np.repeat(game.available_moves.reshape(game.n_states, -1), game.probabilities.shape[-1], axis=1)
    leads = np.zeros((game.n_states, game.n_states + 1), dtype=bool)
    rows = np.nonzero(possible)[0]
    leads[rows, reached[..., 0][possible]] = True  # The last column takes the unused places.
    spread = empty.copy()
    while True:
        wider = spread | leads[:, :-1] @ spread
        if np.array_equal(wider, spread):
            return spread
        spread = wider


def deviation_payoffs(game: MarkovGame, payoffs: FloatArray, punishments: FloatArray) -> FloatArray:
    """Most each player gets by any available action that is then punished, ``(n_states, 2, *n_actions)``.

    payoffs: ``(n_states, *n_actions, 2)``; punishments: ``(n_states, 2)``. The entry of a move depends on the other
    player's action only.
    """
    d = game.discount_factor
    worth = (1.0 - d) * np.moveaxis(payoffs, -1, 1) + d * continuation(game, punishments)
    floors = np.empty_like(worth)
    for i, mask in enumerate(game.available):
        own = mask[:, :, None] if i == 0 else mask[:, None, :]
        floors[:, i] = np.where(own, worth[:, i], -np.inf).max(axis=i + 1, keepdims=True)
    return floors


def _supported(
    game: MarkovGame, s: int, payoffs: FloatArray, floors: FloatArray, sets: Sequence[Boundary], units: FloatArray
) -> FloatArray:
    """Hull over the available moves in one state; moves with the same transitions share the expected set."""
    d = game.discount_factor
    expected: dict[bytes, FloatArray] = {}
    pieces = []
    for a, b in _undominated(game, s, payoffs, floors, units):
        key = _transition(game, s, a, b)
        if key not in expected:
            expected[key] = sum_of_boundaries([sets[k] for k in game.successors[s, a, b]], game.probabilities[s, a, b])
        piece = (1.0 - d) * payoffs[a, b] + d * expected[key]
        for normal, floor in zip(((-1.0, 0.0), (0.0, -1.0)), floors[:, a, b], strict=True):
            piece = cut(piece, normal, -floor)
        pieces.append(piece)
    return convex_hull(np.concatenate(pieces))


def _undominated(
    game: MarkovGame, s: int, payoffs: FloatArray, floors: FloatArray, units: FloatArray
) -> list[tuple[int, int]]:
    """Available moves of a state without those that a move of equal payoffs and transitions makes superfluous.

    Payoffs are equal when they agree to 13 digits of the range; of such moves one whose deviations are worth no more to
    either player supports all that the other does.
    """
    rounded = np.rint(payoffs / units * 1e13) + 0.0
    kept: list[tuple[int, int]] = []
    groups: dict[tuple[bytes, bytes], list[tuple[int, int]]] = {}
    for a, b in sorted(map(tuple, np.argwhere(game.available_moves[s]).tolist()), key=lambda move: floors[0][move]):
        group = groups.setdefault((rounded[a, b].tobytes(), _transition(game, s, a, b)), [])
        if all(floors[1, a, b] < floors[1][other] for other in group[-1:]):
            group.append((a, b))
            kept.append((a, b))
    return kept


def _transition(game: MarkovGame, s: int, a: int, b: int) -> bytes:
    return bytes(game.successors[s, a, b].tobytes() + game.probabilities[s, a, b].tobytes())


def _checked(game: MarkovGame, polygons: Sequence[npt.ArrayLike]) -> list[FloatArray]:
    """The hull of the points given for each state; ValueError when they do not fit the game."""
    if game.n_players != 2:
        raise ValueError(f"payoff polygons are for 2 players, the game has {game.n_players}")
    if len(polygons) != game.n_states:
        raise ValueError(f"{len(polygons)} payoff sets for {game.n_states} states")
    sets = []
    for place, given in zip(game.states, polygons, strict=True):
        points = np.asarray(given, dtype=float)
        if points.size and (points.ndim != 2 or points.shape[1] != 2 or not np.isfinite(points).all()):
            raise ValueError(
                f"payoff set of state {place} of shape {points.shape} is not finite points (n_vertices, 2)"
            )
        sets.append(convex_hull(points))
    return sets


def _excess(first: FloatArray, second: FloatArray, units: FloatArray) -> float:
    """Farthest any point of the first set is from the second."""
    return float(distances(second, first, units).max()) if len(first) else 0.0
