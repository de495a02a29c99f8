"""Time limits and progress."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from bargain.games import StageGame
from bargain.solvers import (
    IndifferenceEnumeration,
    LemkeHowson,
    PureNash,
    Solver,
    Status,
    SupportEnumeration,
    solve,
    solver_named,
)
from bargain.solvers.watch import Watch, current_watch, watched


def test_a_watch_without_limit_never_expires() -> None:
    assert not Watch().expired()
    assert Watch().seconds_left == math.inf
    assert not current_watch().expired()


def test_a_watch_expires_and_the_outer_one_comes_back() -> None:
    with watched(100.0, None) as outer:
        with watched(0.0, None):
            assert current_watch().expired()
            assert current_watch().seconds_left == 0.0
        assert current_watch() is outer
        assert 0.0 < outer.seconds_left <= 100.0
    assert current_watch() is not outer


def test_progress_is_a_share_and_reaches_one() -> None:
    told: list[tuple[float, str]] = []
    Watch(None, lambda share, stage: told.append((share, stage))).report(1.7, "over")
    assert told == [(1.0, "over")]
    game = StageGame(np.eye(2)[None].repeat(2, axis=0))
    solve(game, PureNash(), progress=lambda share, stage: told.append((share, stage)))
    assert told[-1][0] == 1.0


def test_progress_never_goes_back() -> None:
    told: list[float] = []
    watch = Watch(None, lambda share, stage: told.append(share))
    for share in (0.2, 0.6, 0.1, -1.0, 0.7):
        watch.report(share)
    assert told == [0.2, 0.6, 0.6, 0.6, 0.7]


@pytest.mark.parametrize("limit", [-1.0, math.nan])
def test_a_limit_is_a_number_of_seconds(limit: float) -> None:
    with pytest.raises(ValueError, match="is not a number of seconds >= 0"):
        Watch(limit)


@pytest.mark.parametrize("solver", [PureNash, SupportEnumeration, IndifferenceEnumeration, LemkeHowson])
def test_solvers_stop_at_their_limit_and_say_how_far_they_are(solver: type[Solver[StageGame, Any]]) -> None:
    game = StageGame(np.random.default_rng(0).normal(size=(2, 5, 5)))
    stopped = solve(game, solver_named(solver.__name__, time_limit=0.0))
    assert stopped.status is Status.STOPPED_EARLY
    assert stopped.message.startswith("time limit reached")
    told: list[float] = []
    solve(game, solver(), progress=lambda share, stage: told.append(share))
    assert len(told) >= 2
    near_ties = StageGame(np.random.default_rng(9).integers(0, 3, size=(2, 3, 3)) + 6e-10 * np.eye(3))
    for tables in (game, near_ties):
        told.clear()
        solve(tables, solver(), progress=lambda share, stage: told.append(share))
        assert told == sorted(told)
