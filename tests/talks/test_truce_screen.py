"""The bounds that rule truces out never rule out one that enforces itself at the start."""

from __future__ import annotations

import numpy as np
import pytest
from known_markov_games import random_markov
from small_talks import agreement

from bargain.games.stationary import StationaryProfile
from bargain.solvers.truce_search import TruceProblem
from bargain.talks.truces import least_deviations, not_refused, truce_options


def all_at_once(problem: TruceProblem, lag: int) -> np.ndarray:
    tried = np.flatnonzero(problem.available.all(axis=0))
    found = problem.evaluate(np.repeat(tried[:, None], problem.n_states, axis=1), lag)
    return tried, found


@pytest.mark.parametrize("lag", [1, 2, 4])
@pytest.mark.parametrize("seed", [*range(8), 16, 17, 20, 22])
def test_nothing_that_holds_at_the_start_is_ruled_out(seed: int, lag: int) -> None:
    rng = np.random.default_rng(seed)
    game = random_markov(rng, 6, (3, 3), 3, 0.9)
    standoff = StationaryProfile([rng.dirichlet(np.ones(3), size=6) for _ in range(2)])
    problem = TruceProblem(game, standoff)
    tried, found = all_at_once(problem, lag)
    for start in range(6):
        left = set(not_refused(problem, tried, lag, [start]).tolist())
        assert set(tried[found.active[:, start]].tolist()) <= left
    least = least_deviations(problem, problem.standoff_values(0.9), lag)
    for m, move in enumerate(tried):
        on = found.active[m]
        exact = found.deviation_values[m] - problem.level
        assert (least[on, move] <= exact[on] + 1e-12).all()


def test_options_are_those_of_the_full_search_and_in_force_somewhere_at_the_start() -> None:
    made = agreement()
    assert made.standoff is not None
    assert made.standoff.equilibrium is not None
    profile, starts = made.standoff.equilibrium.profile, made.setting.starts
    options = truce_options(made.setting.game, profile, 1, starts)
    tried, found = all_at_once(TruceProblem(made.setting.game, profile), 1)
    on = found.active[:, starts].any(axis=1)
    assert options.n_tried == len(tried)
    np.testing.assert_array_equal(options.found.moves[:, 0], tried[on])
    np.testing.assert_allclose(options.values, found.values[on], atol=1e-12)


def test_a_wrong_record_is_refused() -> None:
    made = agreement()
    assert made.standoff is not None
    assert made.standoff.equilibrium is not None
    options = truce_options(made.setting.game, made.standoff.equilibrium.profile, 1, made.setting.starts)
    kept, refused = options.certified([0], 1e-8)
    assert (len(kept), refused) == (1, [])
    values = options.found.values.copy()
    values[0] += 0.1
    wrong = type(options)(
        options.problem,
        options.standoff,
        type(options.found)(**{**vars(options.found), "values": values}),
        options.n_tried,
        1,
    )
    kept, refused = wrong.certified([0], 1e-8)
    assert kept == []
    assert "values are off" in refused[0]
