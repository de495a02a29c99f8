import itertools

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from bargain.games import StageGame, certify
from bargain.solvers import PureNash, Scope, Status, solve


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(1, 3), min_size=1, max_size=4), st.integers(0, 2**32 - 1), st.sampled_from([2, 4, 1000]))
def test_agrees_with_brute_force(shape, seed, levels):
    payoffs = np.random.default_rng(seed).integers(0, levels, size=(len(shape), *shape)).astype(float)
    game = StageGame(payoffs)
    wanted = {profile for profile in itertools.product(*map(range, shape)) if certify(game, profile, 0.0).holds}
    solution = solve(game, PureNash())
    assert {equilibrium.pure for equilibrium in solution.equilibria} == wanted
    assert len(solution.equilibria) == len(wanted)


def test_ties_up_to_rounding_count_at_every_scale():
    for scale in (1e-6, 1.0, 1e6):
        tied = StageGame.from_bimatrix([[1.0 * scale], [(1.0 + 1e-13) * scale], [0.0]], np.zeros((3, 1)))
        assert len(solve(tied, PureNash()).equilibria) == 2
        apart = StageGame.from_bimatrix([[1.0 * scale], [(1.0 + 1e-9) * scale], [0.0]], np.zeros((3, 1)))
        assert len(solve(apart, PureNash()).equilibria) == 1


def test_none_is_an_answer_and_the_message_names_the_concept():
    solution = solve(StageGame.from_bimatrix([[1, -1], [-1, 1]], [[-1, 1], [1, -1]]), PureNash())
    assert (solution.status, solution.scope) == (Status.NO_EQUILIBRIUM_FOUND, Scope.ALL)
    assert solution.message == "no pure equilibrium; SupportEnumeration finds mixed ones"
    assert solution.to_frame().empty
    many = solve(StageGame(np.zeros((3, 2, 2, 2))), PureNash())
    assert many.message == "all 8 pure equilibria; there may be mixed ones: LogitPath or SupportHomotopy look for them"
