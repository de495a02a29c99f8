"""Perfect Bayesian equilibria of a finite signalling game, by the supports of its strategies.

Given which messages each type sends and which responses each message meets, what is left are two linear programs that
do not know of each other: the receiver is indifferent among its responses at the sender's chances,

    sum over t of p(t) s(m | t) (v(t, m, a) - v(t, m, b)) >= 0,    with equality for b in the support,

and each type among its messages at the receiver's chances. Every combination of supports is tried, so nothing is left
out; of a continuum with the same supports one member is returned, in its interior, and flagged.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from bargain.games.certificate import DEFAULT_TOLERANCE
from bargain.games.record import ArrayRecord, FloatArray
from bargain.games.signalling import PRECISE, SignallingEquilibrium, SignallingGame, belief_for, certify_signalling

LARGEST_SEARCH = 50_000
"""Combinations of supports up to which a game is searched."""

INTERIOR = 1e-7
"""Chances in a support are at least this; a smaller one belongs to a smaller support."""

EXACT = 1e-9
"""Rounding in equalities and inequalities, in payoffs scaled to a range of one."""

Support = tuple[int, ...]


@dataclass(frozen=True, eq=False)
class PerfectBayesian(ArrayRecord):
    """All equilibria by supports on the path, each certified.

    equilibria: those that hold; isolated: for each whether no other has the same supports on the path; rejected: those
    that the check refused; tried: combinations of supports.
    """

    equilibria: tuple[SignallingEquilibrium, ...]
    isolated: tuple[bool, ...]
    rejected: tuple[SignallingEquilibrium, ...]
    tried: int


def perfect_bayesian(game: SignallingGame, tolerance: float = DEFAULT_TOLERANCE) -> PerfectBayesian:
    """Every perfect Bayesian equilibrium, one for each combination of supports on the path that has any.

    What an unsent message would meet is chosen with as few responses as deter from it. ValueError when there are more
    than LARGEST_SEARCH combinations of supports.
    """
    n_types, n_messages, n_responses = game.sender.shape
    size = (2**n_messages - 1) ** n_types * (2**n_responses - 1) ** n_messages
    if size > LARGEST_SEARCH:
        raise ValueError(f"{game!r} has {size:,} combinations of supports, more than {LARGEST_SEARCH:,}")
    beliefs = {(m, own): belief_for(game, m, own) for m in range(n_messages) for own in _supports(n_responses)}
    meets = [[own for own in _supports(n_responses) if beliefs[m, own] is not None] for m in range(n_messages)]
    held, isolated, rejected = [], [], []
    for messages in itertools.product(_supports(n_messages), repeat=n_types):
        sent = tuple(sorted({m for own in messages for m in own}))
        for met in itertools.product(*(meets[m] for m in sent)):
            found = _with_supports(game, messages, dict(zip(sent, met, strict=True)), beliefs)
            if found is not None:
                equilibrium = certify_signalling(game, *found[:3], tolerance)
                if equilibrium.holds:
                    held.append(equilibrium)
                    isolated.append(found[3])
                else:
                    rejected.append(equilibrium)
    return PerfectBayesian(tuple(held), tuple(isolated), tuple(rejected), size)


def _supports(n: int) -> Iterator[Support]:
    """Non-empty subsets, small ones first."""
    for size in range(1, n + 1):
        yield from itertools.combinations(range(n), size)


def _with_supports(
    game: SignallingGame,
    messages: tuple[Support, ...],
    met: dict[int, Support],
    beliefs: dict[tuple[int, Support], FloatArray | None],
) -> tuple[FloatArray, FloatArray, FloatArray, bool] | None:
    """Sender, receiver, beliefs and whether the play on the path is isolated; None when the supports bear nothing."""
    sender = _sender_chances(game, messages, met)
    if sender is None:
        return None
    unsent = [m for m in range(len(game.messages)) if m not in met]
    options = [[own for own in _supports(len(game.responses)) if beliefs[m, own] is not None] for m in unsent]
    for chosen in itertools.product(*options):
        threats = dict(zip(unsent, chosen, strict=True))
        receiver = _receiver_chances(game, messages, met | threats)
        if receiver is not None:
            mu = game.posterior(sender[0])
            for m, own in threats.items():
                mu[m] = beliefs[m, own]
            return sender[0], receiver[0], mu, sender[1] and receiver[1]
    return None


def _sender_chances(
    game: SignallingGame, messages: tuple[Support, ...], met: dict[int, Support]
) -> tuple[FloatArray, bool] | None:
    """Chances of the messages at which the receiver's responses are best, and whether they are the only ones."""
    places = [(t, m) for t, own in enumerate(messages) for m in own]
    table = game.receiver / (float(np.ptp(game.receiver)) or 1.0)
    equal = [np.array([float(t == k) for t, _ in places]) for k in range(len(messages))]
    targets, upper = [1.0] * len(equal), []
    for m, own in met.items():
        for a in range(table.shape[2]):
            row = [game.prior[t] * (table[t, m, a] - table[t, m, own[0]]) if k == m else 0.0 for t, k in places]
            if a in own[1:]:
                equal.append(np.array(row))
                targets.append(0.0)
            elif a not in own:
                upper.append(np.array(row))
    return _interior(places, (len(messages), table.shape[1]), (equal, targets), upper, n_free=0)


def _receiver_chances(
    game: SignallingGame, messages: tuple[Support, ...], met: dict[int, Support]
) -> tuple[FloatArray, bool] | None:
    """Chances of the responses at which the types' messages are best for them, and whether those on the path are the
    only ones; the payoffs of the types are free variables beside them."""
    places = [(m, a) for m in sorted(met) for a in met[m]]
    table, n_types = game.sender / (float(np.ptp(game.sender)) or 1.0), len(messages)
    sums = [np.array([float(m == k) for m, _ in places] + [0.0] * n_types) for k in sorted(met)]
    equal, targets, upper = sums, [1.0] * len(sums), []
    for t, own in enumerate(messages):
        for m in met:
            row = np.array([table[t, k, a] if k == m else 0.0 for k, a in places] + [0.0] * n_types)
            row[len(places) + t] = -1.0
            if m in own:
                equal.append(row)
                targets.append(0.0)
            else:
                upper.append(row)
    sent = {m for own in messages for m in own}
    on_path = [k for k, (m, _) in enumerate(places) if m in sent]
    return _interior(places, (table.shape[1], table.shape[2]), (equal, targets), upper, n_types, on_path)


def _interior(
    places: list[tuple[int, int]],
    shape: tuple[int, int],
    equalities: tuple[list[FloatArray], list[float]],
    upper: list[FloatArray],
    n_free: int,
    watched: list[int] | None = None,
) -> tuple[FloatArray, bool] | None:
    """The point of a polytope whose smallest chance is largest, as a table, and whether the watched chances are fixed.

    Variables: a chance for every place, then ``n_free`` free ones. None where some chance has to vanish.
    """
    from scipy.optimize import linprog

    n, matrix, targets = len(places), np.array(equalities[0]), np.array(equalities[1])
    found, _, rank, _ = np.linalg.lstsq(matrix, targets, rcond=1e-10)
    if np.abs(matrix @ found - targets).max() > EXACT:
        return None
    if rank == matrix.shape[1]:
        # The equalities leave one point: no program is needed.
        inside = found[:n].min() >= INTERIOR and (not upper or (np.array(upper) @ found).max() <= EXACT)
        return (_chance_table(places, shape, found), True) if inside else None
    rows = [np.append(row, 0.0) for row in upper]
    rows += [np.append(-np.eye(n + n_free)[k], 1.0) for k in range(n)]
    result = linprog(
        np.append(np.zeros(n + n_free), -1.0),
        A_ub=np.array(rows),
        b_ub=np.zeros(len(rows)),
        A_eq=np.column_stack([matrix, np.zeros(len(matrix))]),
        b_eq=targets,
        bounds=[(0.0, 1.0)] * n + [(None, None)] * n_free + [(0.0, 1.0)],
        method="highs",
        options=PRECISE,
    )
    if result.status != 0 or result.x is None or result.x[-1] < INTERIOR:
        return None
    chances = _chance_table(places, shape, result.x)
    return chances, _fixed(matrix, list(range(n)) if watched is None else watched)


def _chance_table(places: list[tuple[int, int]], shape: tuple[int, int], chances: FloatArray) -> FloatArray:
    """Chances of (row, column) places as a table whose rows with any sum to 1."""
    table = np.zeros(shape)
    for (row, column), chance in zip(places, chances, strict=False):
        table[row, column] = chance
    return np.asarray(table)


def _fixed(matrix: FloatArray, watched: list[int]) -> bool:
    """Whether equalities determine the watched variables: nothing in the null space moves them."""
    _, sizes, rows = np.linalg.svd(matrix)
    null = rows[(sizes > 1e-9 * max(sizes.max(), 1.0)).sum() :]
    return not len(null) or bool(np.abs(null[:, watched]).max() < 1e-9)
