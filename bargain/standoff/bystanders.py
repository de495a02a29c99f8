"""Bystanders answer the two sides' moves inside a round: each takes the stance that is best for itself.

A bystander weighs what a stance does to its own supplies (how far a restriction on the rival reaches it, and what it
loses when its detours are caught), the profit of its detours, and the value of the stance outside the model. None of
this depends on the other bystanders' stances, so that the best stance is a closed form: no equilibrium among
bystanders has to be found (``bargain.mechanisms.alignment`` has the general case). A tie goes to the reference stance,
then to the stance listed first.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bargain.mechanisms.alignment import best_stance
from bargain.standoff.payoffs import FloatArray, Round

TIE = 1e-9
"""Percent of GDP a year within which two stances are equally good."""


def reactions(game: Round) -> dict[str, NDArray[np.intp]]:
    """Best stance of every bystander: code -> level of its alignment, ``(n_draws, ...)`` that broadcast over moves."""
    best = {}
    for code in game.file.players:
        instrument = game.alignment(code)
        if instrument is None or code in game.moves.players:
            continue
        levels = list(game.file.instruments[instrument].levels)
        worth = np.stack(np.broadcast_arrays(*(_worth(game, code, stance) for stance in range(len(levels)))))
        reference = levels.index(game.file.instruments[instrument].reference)
        best[code] = best_stance(worth, reference, TIE)
    return best


def _worth(game: Round, code: str, stance: int) -> FloatArray:
    """What a stance is worth to a bystander, percent of its GDP a year, up to what no stance changes."""
    fixed = np.full((game.n_draws, *(1,) * len(game.moves.players)), stance, dtype=np.intp)
    round_ = game.in_states(game.values, 1, {code: fixed})
    detours, alliance = round_.bystander_terms(code)
    return np.asarray(round_.shortage(code) + round_.security_loss(code) + detours + alliance)
