"""The shipped scenario on the smallest grid (16 states), and a symmetric game of two states."""

from __future__ import annotations

from functools import cache

import numpy as np
from known_markov_games import two_state_prisoners

from bargain.standoff import load_scenario
from bargain.standoff.rounds import StandoffRounds
from bargain.talks import Agreement, Request, Setting, agree, negotiate

BASE = load_scenario("us-china-2025")
SMALL = {"military": 2, "rebuilt": 2, "substitution": 2}


@cache
def small_rounds() -> StandoffRounds:
    return BASE.rounds(levels=SMALL)


@cache
def agreement(
    arrangement: str = "truce", threat: str = "path", solution: str = "nash", reply_lag: int = 1
) -> Agreement:
    return negotiate(
        BASE,
        arrangement=arrangement,
        threat=threat,
        solution=solution,
        reply_lag=reply_lag,
        rounds=small_rounds(),
        n_starts=3,
    )


def prisoners(discount_factor: float = 0.7) -> Setting:
    """The two-state prisoners' dilemma, started in the first state; the status quo is mutual defection."""
    return Setting(two_state_prisoners(discount_factor), np.array([1.0, 0.0]), np.ones(2), (1, 1))


def prisoners_agreement(discount_factor: float = 0.7, **settings: str) -> Agreement:
    return agree(prisoners(discount_factor), Request(**settings))  # type: ignore[arg-type]
