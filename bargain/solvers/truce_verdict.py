"""What is checked of proposed truces, by ``games.truce_play``: each of them, and the limits of the first."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from bargain.games.markov import MarkovGame
from bargain.games.stationary import StationaryProfile
from bargain.games.truce_play import TruceCertifier, TrucePlay
from bargain.solvers.base import Rejected
from bargain.solvers.truce_limits import TruceLimits, edge_points


@dataclass(frozen=True)
class FoundTruces:
    """What the solver proposes: truces in order, the limits of the first, how many were tried and hold somewhere.

    edges: the first truce at discount factors at the ends of the intervals and beside them, and whether it holds there.
    """

    plays: tuple[TrucePlay, ...]
    limits: TruceLimits | None
    edges: tuple[tuple[float, bool, TrucePlay], ...]
    n_tried: int
    n_active: int


def certified_limits(
    game: MarkovGame, standoff: StationaryProfile, found: FoundTruces, start: int, tolerance: float
) -> TruceLimits | None:
    """The limits, and whether they are certified at the ends of their intervals; None when they are wrong there.

    Where the truce is not to hold, only a set of active states proven largest shows that it does not.
    """
    limits, certified = found.limits, True
    if limits is None or [edge[:2] for edge in found.edges] != edge_points(limits):
        return None
    for discount_factor, holds, play in found.edges:
        verdict = judged(TruceCertifier(game.with_discount_factor(discount_factor), standoff, tolerance), play)
        if isinstance(verdict, Rejected) or bool(verdict.active[start]) is not holds:
            return None
        certified &= holds or verdict.largest
    return replace(limits, ends_certified=certified)


def judged(certifier: TruceCertifier, play: Any) -> TrucePlay | Rejected:
    """The truce with its certificate, or why it is refused."""
    if not isinstance(play, TrucePlay):
        return Rejected(type(play).__name__, "not a truce")
    text = move_text(certifier.game, play)
    try:
        certified = certifier.certify(play)
    except (ValueError, IndexError) as error:
        return Rejected(text, f"wrong record: {error}")
    if certified.certificate is not None and certified.certificate.holds:
        return certified
    worst = float(np.max(certified.certificate.relative_regret)) if certified.certificate is not None else None
    return Rejected(text, f"somebody gains {worst:.3g} of the payoff range by ending it in an active state", worst)


def move_text(game: MarkovGame, play: TrucePlay) -> str:
    """The agreed moves in words: one where they are the same in all states."""
    moves = [", ".join(own[a] for own, a in zip(game.actions, row, strict=True)) for row in play.moves.tolist()]
    if len(set(moves)) == 1:
        return f"({moves[0]})"
    return "; ".join(f"{state}: ({move})" for state, move in zip(game.states, moves, strict=True))
