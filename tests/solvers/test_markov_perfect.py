"""MarkovPerfect on known games and against brute force that shares no code with it."""

from __future__ import annotations

import itertools
import json
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from known_markov_games import big_match, random_markov, two_state_prisoners

from bargain.games import StageGame
from bargain.games.alternating import alternating
from bargain.games.markov import MarkovGame
from bargain.games.stationary import StationaryProfile, certify_stationary
from bargain.solvers.base import Scope, Solution, Status, solve, solver_named
from bargain.solvers.markov_horizon import FiniteHorizon
from bargain.solvers.markov_perfect import MarkovPerfect
from bargain.solvers.markov_rounds import Rounds
from bargain.solvers.markov_search import PureSearch
from bargain.solvers.watch import Watch

QUICK = {"n_starts": 3, "max_nodes": 1_000}


def dense(game):
    """Transition probabilities ``(n_states, *n_actions, n_states)``, entry by entry."""
    table = np.zeros((game.n_states, *game.n_actions, game.n_states))
    for place in np.ndindex(*game.successors.shape):
        table[(*place[:-1], game.successors[place])] += game.probabilities[place]
    return table


def best_value(game, strategies, player):
    """Value of the best stationary reply from every state: all pure replies tried, one linear system each."""
    d, chances = game.discount_factor, dense(game)
    letters = "abc"[: game.n_players]
    others = [strategies[k] for k in range(game.n_players) if k != player]
    spec = ",".join("s" + letters[k] for k in range(game.n_players) if k != player)
    own = letters[player]
    payoffs = np.einsum(f"s{letters},{spec}->s{own}", game.payoffs[:, player], *others)
    moves = np.einsum(f"s{letters}t,{spec}->s{own}t", chances, *others)
    best = np.full(game.n_states, -np.inf)
    allowed = [np.flatnonzero(mask) for mask in game.available[player]]
    here = np.arange(game.n_states)
    for reply in itertools.product(*allowed):
        reply = np.array(reply)
        system = np.eye(game.n_states) - d * moves[here, reply]
        best = np.maximum(best, np.linalg.solve(system, (1 - d) * payoffs[here, reply]))
    return best


def pure_equilibria(game):
    """All pure Markov perfect equilibria as sorted lists of actions: every profile against every one-shot deviation."""
    found = []
    d, chances = game.discount_factor, dense(game)
    profiles = list(itertools.product(*(range(n) for n in game.n_actions)))
    for moves in itertools.product(profiles, repeat=game.n_states):
        if not all(game.available[k][s, a] for s, move in enumerate(moves) for k, a in enumerate(move)):
            continue
        chain = np.array([chances[(s, *move)] for s, move in enumerate(moves)])
        payoffs = np.array([game.payoffs[(s, slice(None), *move)] for s, move in enumerate(moves)])
        values = np.linalg.solve(np.eye(game.n_states) - d * chain, (1 - d) * payoffs)
        if not any(gains(game, chances, values, s, move) for s, move in enumerate(moves)):
            found.append([list(move) for move in moves])
    return sorted(found)


def gains(game, chances, values, s, move):
    for k in range(game.n_players):
        for a in np.flatnonzero(game.available[k][s]):
            other = (*move[:k], int(a), *move[k + 1 :])
            worth = (1 - game.discount_factor) * game.payoffs[(s, k, *other)]
            worth += game.discount_factor * chances[(s, *other)] @ values[:, k]
            if worth > values[s, k] + 1e-10:
                return True
    return False


def listed(solution):
    return sorted(e.profile.actions.tolist() for e in solution.equilibria if e.profile.actions is not None)


def small_game(seed):
    rng = np.random.default_rng(seed)
    n_players = int(rng.choice([2, 2, 3]))
    n_states = int(rng.integers(2, 4 if n_players == 3 else 5))
    shape = tuple(int(n) for n in rng.integers(2, 3 if n_states > 2 else 4, size=n_players))
    return random_markov(rng, n_states, shape, 2, float(rng.choice([0.3, 0.7, 0.9])))


KNOWN = [(game, pure_equilibria(game)) for game in map(small_game, range(70))]
WITH_PURE = [(game, pure) for game, pure in KNOWN if pure][:30]
SMALL = [*WITH_PURE, *[(game, pure) for game, pure in KNOWN if not pure][:6]]


@pytest.mark.parametrize(("game", "expected"), SMALL, ids=range(len(SMALL)))
def test_all_pure_equilibria_of_small_games(game, expected):
    search = solve(game, MarkovPerfect(method="search"))
    assert (search.scope, search.pure_scope) == (Scope.ALL, Scope.ALL)
    assert listed(search) == expected
    joint = [float(certify_stationary(game, StationaryProfile.pure(game, each)).values.sum()) for each in expected]
    if expected:
        assert search.best.values.sum() == pytest.approx(max(joint))
        assert search.worst.values.sum() == pytest.approx(min(joint))
    assert search.success == bool(expected)


@pytest.mark.parametrize(("game", "expected"), WITH_PURE[::15], ids=range(2))
def test_starts_alone_find_them_too(game, expected):
    search = PureSearch(Rounds.of(game), Watch())
    for start in range(20):
        search.from_seed(0, start)
    found = [search.rounds.choices[moves].tolist() for moves in search.found.values()]
    assert sorted(found) == expected


@pytest.mark.parametrize(("game", "expected"), SMALL, ids=range(len(SMALL)))
def test_branches_end_in_equilibria_that_brute_force_knows(game, expected):
    homotopy = solve(game, MarkovPerfect(method="homotopy"))
    assert homotopy.success
    assert homotopy.rejected == ()
    assert all(each in expected for each in listed(homotopy))


def test_branches_from_other_starts_find_several():
    game, expected = max(SMALL, key=lambda pair: len(pair[1]))
    assert len(expected) == 4
    found = listed(solve(game, MarkovPerfect(method="homotopy", n_branches=8)))
    assert len(found) >= 2
    assert all(each in expected for each in found)


FEW = [pair for pair in WITH_PURE if len(pair[1]) > 1 and np.prod(pair[0].n_actions) ** pair[0].n_states <= 36][:1]


@pytest.mark.parametrize(("game", "expected"), FEW, ids=range(len(FEW)))
def test_branches_near_every_pure_profile_find_all_pure_equilibria(game, expected):
    """Of the thirty games all do, with twice as many branches as pure profiles; here one with several and fewer."""
    n_profiles = int(np.prod(game.n_actions)) ** game.n_states
    found = solve(game, MarkovPerfect(method="homotopy", n_branches=n_profiles))
    assert listed(found) == expected
    joint = [float(certify_stationary(game, StationaryProfile.pure(game, each)).values.sum()) for each in expected]
    assert found.best.values.sum() >= max(joint) - 1e-9
    assert found.worst.values.sum() <= min(joint) + 1e-9


@pytest.mark.parametrize("game", [game for game, _ in SMALL[::6]], ids=range(6))
def test_the_best_deviation_lies_within_the_bounds_of_the_certificate(game):
    rng = np.random.default_rng(0)
    random = StationaryProfile([rng.dirichlet(np.ones(n), size=game.n_states) for n in game.n_actions])
    for found in (certify_stationary(game, random), *solve(game, MarkovPerfect(**QUICK)).equilibria):
        for k in range(game.n_players):
            gain = (best_value(game, found.profile.strategies, k) - found.values[:, k]).max()
            largest = found.certificate.regret[:, k].max()
            assert largest - 1e-12 <= gain <= largest / (1 - game.discount_factor) + 1e-12


def larger_game(seed):
    rng = np.random.default_rng([4, seed])
    n_players = 3 if seed % 4 == 0 else 2
    shape = tuple(int(n) for n in rng.integers(2, 3 if n_players == 3 else 5, size=n_players))
    return random_markov(rng, int(rng.integers(4, 13)), shape, 3, float(rng.choice([0.5, 0.8, 0.9])))


@pytest.mark.parametrize("seed", [1, 3, 4])
def test_a_certified_equilibrium_in_every_state_of_larger_games(seed):
    # The benchmark asks the same of a hundred games of up to 30 states.
    game = larger_game(seed)
    solution = solve(game, MarkovPerfect(**QUICK))
    assert solution.success
    for found in solution.equilibria:
        again = certify_stationary(game, StationaryProfile(found.profile.strategies))
        assert again.certificate.holds
        assert again.certificate.regret.shape == (game.n_states, game.n_players)


def test_two_state_prisoners_defect():
    solution = solve(two_state_prisoners(2 / 3), MarkovPerfect())
    assert solution.pure_scope is Scope.ALL
    assert listed(solution) == [[[1, 1], [1, 1]]]
    np.testing.assert_allclose(solution.path.values, [[8 / 11] * 2, [14 / 11] * 2])
    assert solution.path is solution.best is solution.worst
    assert "the only pure Markov perfect equilibrium" in solution.message


@pytest.mark.parametrize("discount_factor", [0.0, 0.5, 0.9, 0.99])
def test_big_match_has_value_one_half(discount_factor):
    solution = solve(big_match(discount_factor), MarkovPerfect())
    assert "no pure Markov perfect equilibrium" in solution.message
    for found in solution.equilibria:
        np.testing.assert_allclose(found.values[0], [0.5, -0.5], atol=1e-9)
        stop = (1 - discount_factor) / (2 - discount_factor) if discount_factor else 0.5
        np.testing.assert_allclose(found.profile.strategies[0][0], [1 - stop, stop], atol=1e-8)
    assert solution.success
    nothing = solve(big_match(0.5), MarkovPerfect(method="search"))
    assert (nothing.status, nothing.scope) == (Status.NO_EQUILIBRIUM_FOUND, Scope.ALL)


@pytest.mark.parametrize(("discount_factor", "both_last"), [(0.1, True), (0.49, True), (0.51, False), (0.95, False)])
def test_alternating_coordination(discount_factor, both_last):
    coordination = StageGame.from_bimatrix([[2, 0], [0, 1]], [[2, 0], [0, 1]])
    solution = solve(alternating(coordination, discount_factor), MarkovPerfect(method="search"))
    # Facing A everybody plays A; facing B everybody stays with B below 1/2 and leaves it above.
    facing_b = 1 if both_last else 0
    assert listed(solution) == [[[0, 0], [facing_b, 1], [0, 0], [1, facing_b]]]
    assert solution.scope is Scope.ALL


@pytest.mark.parametrize("step", [0.01, 0.002])
def test_fish_war_on_a_grid(step):
    # Levhari and Mirman (1980): x' = (x - c1 - c2)^.5 and log c each round: c = .354839 x at discount .9. In logs both
    # the value and the law of motion are linear, so interpolation between neighbours in log x is exact along the
    # equilibrium in linear strategies; only the share c / x is on a grid. (The grid has other equilibria as well, with
    # kinks in values, so this is about the one that play from equal shares and a long horizon lead to.)
    shares = np.arange(0.30, 0.41, step)
    stocks = np.linspace(-2.5, 0.0, 6)
    first, second = shares[:, None], shares[None, :]
    after = 0.5 * (stocks[:, None, None] + np.log(1 - first - second))
    place = (after - stocks[0]) / (stocks[1] - stocks[0])
    assert place.min() > 0.0
    assert place.max() < len(stocks) - 1
    low = np.floor(place).astype(int)
    payoffs = np.stack([stocks[:, None, None] + np.log(c) + 0 * after for c in (first[None], second[None])], axis=1)
    chances = np.stack([1 - (place - low), place - low], axis=-1)
    game = MarkovGame(payoffs, np.stack([low, low + 1], axis=-1), chances, 0.9)
    path = solve(game, MarkovPerfect(n_starts=0, max_nodes=0, method="search")).path
    horizon = solve(game, FiniteHorizon(60))
    for strategies in (path.profile.strategies, [own[0] for own in horizon.strategies]):
        for own in strategies:
            assert np.abs(own @ shares - 0.354839).max() < step


def test_ranking_by_start_and_player():
    # One state with the two pure equilibria of a battle of the sexes, and one that nobody comes back to.
    payoffs = np.zeros((2, 2, 2, 2))
    payoffs[0] = [[[3, 0], [0, 1]], [[1, 0], [0, 2]]]
    payoffs[1] = [[[0, 0], [0, 5]], [[0, 0], [0, 5]]]
    game = MarkovGame(payoffs, np.zeros((2, 2, 2, 1)), np.ones((2, 2, 2, 1)), 0.5, ("US", "CN"))
    solution = solve(game, MarkovPerfect(start="state_1", start_profile=(1, 1)))
    assert solution.best.profile.actions[0].tolist() == [0, 0]
    assert solution.best_by("CN").profile.actions[0].tolist() == [1, 1]
    assert solution.worst_by("US").values[0, 0] <= 1.0
    assert solution.path.profile.actions.tolist() == [[1, 1], [1, 1]]
    # From state 2 on, (1, 1) there is worth 5 now: it is part of the best.
    both = solve(game, MarkovPerfect(start=(0.0, 1.0), criterion="CN"))
    assert both.best.profile.actions.tolist() == [[1, 1], [1, 1]]
    assert both.criterion == "CN"
    np.testing.assert_array_equal(both.weights, [0.0, 1.0])
    assert both.scores("CN").max() == pytest.approx(both.best.values[1, 1])


def cycling_game():
    """Matching pennies in the only state: best replies cycle, the only equilibrium is mixed."""
    pennies = np.array([[[1.0, -1.0], [-1.0, 1.0]], [[-1.0, 1.0], [1.0, -1.0]]])
    return MarkovGame(pennies[None], np.zeros((1, 2, 2, 1)), np.ones((1, 2, 2, 1)), 0.9)


def test_cycles_are_said_and_the_branch_takes_over():
    solution = solve(cycling_game(), MarkovPerfect(start_profile=("action_1", "action_2")))
    assert solution.path_by == "logit branch from near the status quo"
    np.testing.assert_allclose(solution.path.profile.strategies[0], [[0.5, 0.5]], atol=1e-9)
    alone = solve(cycling_game(), MarkovPerfect(method="search", max_nodes=0))
    assert alone.path is alone.best is alone.worst is None
    assert "did not come to rest" in alone.message


def test_cut_lists_say_so():
    rng = np.random.default_rng(5)
    game = random_markov(rng, 6, (3, 3), 3, 0.9)
    cut = solve(game, MarkovPerfect(method="search", max_nodes=5, n_starts=2))
    assert (cut.scope, cut.pure_scope) == (Scope.SOME, Scope.SOME)
    assert "max_nodes = 5" in cut.message
    same = StageGame.from_bimatrix(np.eye(4), np.eye(4))
    many = MarkovGame(same.payoffs[None], np.zeros((1, 4, 4, 1)), np.ones((1, 4, 4, 1)), 0.5)
    few = solve(many, MarkovPerfect(method="search", max_equilibria=2))
    assert few.pure_scope is Scope.SOME
    assert "max_equilibria = 2" in few.message
    late = solve(game, MarkovPerfect(time_limit=0.0))
    assert late.status is Status.STOPPED_EARLY
    assert "time limit" in late.message


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([1e-6, 1e6]), st.floats(-3, 3))
def test_scale_and_level_change_nothing(seed, factor, level):
    game = random_markov(np.random.default_rng(seed), 3, (2, 3), 2, 0.8)
    moved = MarkovGame((game.payoffs + level) * factor, game.successors, game.probabilities, 0.8)
    left, right = (solve(each, MarkovPerfect(method="search")) for each in (game, moved))
    assert listed(left) == listed(right)
    assert left.path_index == right.path_index
    for one, other in zip(left.equilibria, right.equilibria, strict=True):
        np.testing.assert_allclose((one.values + level) * factor, other.values, rtol=1e-9, atol=1e-9 * factor)


def test_unavailable_actions_are_never_played():
    rng = np.random.default_rng(11)
    game = random_markov(rng, 4, (3, 3), 2, 0.8)
    masks = [rng.random((4, 3)) < 0.6 for _ in range(2)]
    for mask in masks:
        mask[~mask.any(axis=1), 1] = True
    table = game.payoffs.copy()
    table[:, :, ~masks[0][0], :] += 0.0
    table[np.broadcast_to((~masks[0])[:, None, :, None], table.shape)] = 1e9
    limited = MarkovGame(table, game.successors, game.probabilities, 0.8, available=masks)
    solution = solve(limited, MarkovPerfect(n_branches=2))
    assert solution.success
    assert listed(solve(limited, MarkovPerfect(method="search"))) == pure_equilibria(limited)


def test_round_trips_and_same_bytes_twice():
    solver = MarkovPerfect(start="state_2", start_profile=[[0, 1], (1, 1)], n_branches=2, criterion="player_2")
    game = two_state_prisoners(0.6)
    solution = solve(game, solver)
    text = json.dumps(solution.to_dict())
    assert json.dumps(solve(game, solver).to_dict()) == text
    twin = Solution.from_dict(json.loads(text))
    assert twin == solution
    assert hash(twin) == hash(solution)
    assert pickle.loads(pickle.dumps(solution)) == solution
    assert solver_named("MarkovPerfect", **json.loads(json.dumps(solver.settings()))) == solver
    frame = solution.to_frame()
    assert list(frame.columns) == ["equilibrium", "state", "player", "action", "probability", "value", "regret"]
    assert frame.groupby(["equilibrium", "state", "player"])["probability"].sum().to_numpy() == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("settings_", "rule"),
    [
        ({"criterion": "player_3"}, "criterion = 'player_3' is no player"),
        ({"start": "state_9"}, "no state 'state_9'"),
        ({"start": (1.0, -1.0)}, "neither a state nor a weight"),
        ({"start_profile": (0,)}, "does not name one action for each player"),
        ({"start_profile": (0, "defekt")}, "defekt"),
        ({"start_profile": ((0, 0),)}, "1 moves for 2 states"),
        ({"start_profile": "first"}, "does not name one action"),
    ],
)
def test_settings_that_do_not_fit_the_game(settings_, rule):
    with pytest.raises(ValueError, match=rule):
        solve(two_state_prisoners(0.5), MarkovPerfect(**settings_))


@pytest.mark.parametrize(
    ("settings_", "rule"),
    [
        ({"method": "all"}, "method = 'all'"),
        ({"n_starts": -1}, "n_starts = -1"),
        ({"n_branches": 0}, "n_branches = 0"),
        ({"max_nodes": 1.5}, "max_nodes = 1.5"),
        ({"max_equilibria": True}, "max_equilibria = True"),
    ],
)
def test_settings_that_are_none(settings_, rule):
    with pytest.raises(ValueError, match=rule):
        MarkovPerfect(**settings_)
