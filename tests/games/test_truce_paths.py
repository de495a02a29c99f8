import numpy as np
import pytest
from known_markov_games import random_markov
from truce_cases import fading_game, pure_equilibrium, random_dilemma

from bargain.games.automaton import certify_automaton
from bargain.games.stationary import StationaryProfile
from bargain.games.truce_paths import decision_problem, simulate_truce, survival, truce_automaton, truce_endings
from bargain.solvers.base import solve
from bargain.solvers.truce import Truce


def equilibrium_cases(seed, n_games, lag):
    """Random games with a pure stationary equilibrium as the standoff, and their truces."""
    rng = np.random.default_rng(seed)
    while n_games:
        game = random_dilemma(rng)
        standoff = pure_equilibrium(game)
        if standoff is not None:
            n_games -= 1
            yield (
                game,
                standoff,
                solve(game, Truce(standoff, reply_lag=lag, state_dependent=True, keep=4, n_points=0)).truces,
            )


def best_values(problem):
    """Value of the best plan of the one player, by iteration."""
    d, values = problem.discount_factor, np.zeros(problem.n_states)
    for _ in range(int(40 / (1 - d))):
        later = (problem.probabilities * values[problem.successors]).sum(axis=-1)
        worth = (1 - d) * problem.payoffs[:, 0] + d * later
        values = np.where(problem.available[0], worth, -np.inf).max(axis=1)
    return values


def test_with_an_equilibrium_as_standoff_the_truce_is_one_too():
    n_truces = 0
    for game, standoff, truces in equilibrium_cases(1, 8, 1):
        for play in truces:
            found = certify_automaton(game, truce_automaton(game, standoff, play))
            assert found.certificate.holds
            np.testing.assert_allclose(found.payoffs, play.values, atol=1e-12)
            n_truces += 1
    assert n_truces >= 8


@pytest.mark.parametrize("lag", [1, 2, 4])
def test_no_plan_beats_keeping_the_truce(lag):
    n_truces = 0
    for game, standoff, truces in equilibrium_cases(2, 5, lag):
        for play in truces:
            for k in range(2):
                values = best_values(decision_problem(game, standoff, play, k))
                active = np.flatnonzero(play.active)
                np.testing.assert_allclose(values[: len(active)], play.values[active, k], atol=1e-9)
                np.testing.assert_allclose(values[-3:], play.standoff_values[:, k], atol=1e-9)
            n_truces += 1
    assert n_truces >= 4


def test_decision_problem_tempts_where_the_truce_does_not_hold():
    game = fading_game(0.2)
    standoff = StationaryProfile.pure(game, [(1, 1), (1, 1)])
    play = solve(game, Truce(standoff, moves=(0, 0), reply_lag=40, n_points=0)).best
    assert not play.active.any()
    assert decision_problem(game, standoff, play, 0).n_states == 2


def test_survival_and_endings_of_the_fading_state():
    game = fading_game(0.2)
    play = solve(game, Truce(((1, 1), (1, 1)), moves=(0, 0), n_points=0)).best
    shares = survival(game, play, 200)
    np.testing.assert_allclose(shares[:, 0], 0.8 ** np.arange(201), atol=1e-14)
    assert shares[:, 0].sum() == pytest.approx(play.expected_life[0], abs=1e-12) == pytest.approx(5.0)
    assert truce_endings(game, play, 0).tolist() == pytest.approx([0.0, 1.0])
    assert truce_endings(game, play, 1).tolist() == [0.0, 1.0]
    with pytest.raises(ValueError, match="n_rounds = -1"):
        survival(game, play, -1)


def test_lives_and_values_against_simulation_on_twenty_games():
    rng = np.random.default_rng(11)
    n_simulated, worst = 0, 0.0
    while n_simulated < 20:
        game = random_markov(rng, 5, (2, 2), discount_factor=0.85)
        standoff = StationaryProfile([rng.dirichlet(np.ones(n), 5) for n in game.n_actions])
        plays = solve(game, Truce(standoff, n_points=0)).truces
        play = next((p for p in plays if p.active.any() and 1.0 < p.expected_life.max() < 40.0), None)
        if play is None:
            continue
        start = int(np.argmax(play.expected_life))
        paths = simulate_truce(game, play, start, 2000, 600, n_simulated)
        n_simulated += 1
        assert paths.ended.all()
        means = [(paths.lives, play.expected_life[start])]
        means += [(paths.payoffs[:, k], play.values[start, k]) for k in range(2)]
        # The chance of lasting more than the expected life, and of ending in the likeliest state.
        long = int(play.expected_life[start])
        means.append((paths.lives > long, survival(game, play, long)[long, start]))
        for sample, expected in means:
            error = np.std(sample) / np.sqrt(len(sample))
            if error > 1e-12:
                worst = max(worst, abs(np.mean(sample) - expected) / error)
            else:
                assert np.mean(sample) == pytest.approx(expected, abs=1e-9)
    # Two hundred normal deviates: beyond 4.5 less than once in seven hundred runs.
    assert 2.0 < worst < 4.5


def test_endings_sum_to_the_chance_of_an_end_and_simulation_agrees():
    rng = np.random.default_rng(12)
    n_mixed = 0
    for _ in range(100):
        game = random_markov(rng, 6, (2, 2), discount_factor=0.8)
        standoff = StationaryProfile([rng.dirichlet(np.ones(n), 6) for n in game.n_actions])
        for play in solve(game, Truce(standoff, n_points=0)).truces:
            for s in np.flatnonzero(play.active):
                assert truce_endings(game, play, int(s)).sum() == pytest.approx(1.0 - play.endless[s], abs=1e-12)
                n_mixed += 0.0 < play.endless[s] < 1.0
        if n_mixed >= 2:
            break
    assert n_mixed >= 2


def test_automata_need_a_public_memory_and_pure_actions():
    game = fading_game(0.2)
    standoff = StationaryProfile.pure(game, [(1, 1), (1, 1)])
    play = solve(game, Truce(standoff, moves=(0, 0), reply_lag=2, n_points=0)).best
    with pytest.raises(ValueError, match="reply lag of 2 rounds has no public memory"):
        truce_automaton(game, standoff, play)
    mixed = StationaryProfile([[[0.5, 0.5]] * 2, [[0.5, 0.5]] * 2])
    play = solve(game, Truce(mixed, moves=(0, 0), n_points=0)).best
    with pytest.raises(ValueError, match="this standoff mixes"):
        truce_automaton(game, mixed, play)
