"""Games with private types: agent form, interim payoffs, certificates type by type."""

from __future__ import annotations

import itertools
import json
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bargain.games.bayesian import BayesianGame, certify_bayesian
from bargain.solvers import PureNash, SupportHomotopy, solve


def random_game(seed: int, n_types: tuple[int, ...] = (2, 2), n_actions: tuple[int, ...] = (2, 3)) -> BayesianGame:
    rng = np.random.default_rng(seed)
    prior = rng.dirichlet(np.ones(int(np.prod(n_types)))).reshape(n_types)
    return BayesianGame(rng.normal(size=(len(n_types), *n_types, *n_actions)), prior)


def brute_interim(game: BayesianGame, strategies, player: int, own_type: int) -> float:
    """Expected payoff by a loop over everything that can happen."""
    total, weight = 0.0, 0.0
    for types in itertools.product(*map(range, game.n_types)):
        if types[player] != own_type:
            continue
        weight += game.prior[types]
        for actions in itertools.product(*map(range, game.n_actions)):
            chance = np.prod([strategies[i][types[i]][actions[i]] for i in range(game.n_players)])
            total += game.prior[types] * chance * game.payoffs[(player, *types, *actions)]
    return total / weight


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_interim_payoffs_are_those_of_the_agent_form_and_of_a_plain_sum(seed: int) -> None:
    game, rng = random_game(seed), np.random.default_rng(seed + 1)
    strategies = tuple(
        tuple(rng.dirichlet(np.ones(n)) for _ in range(m)) for m, n in zip(game.n_types, game.n_actions, strict=True)
    )
    profile = [strategies[i][t] for i, t in game.agents]
    agents = game.agent_form().expected_payoffs(profile)
    interim = np.concatenate(game.interim_payoffs(strategies))
    np.testing.assert_allclose(interim, agents, atol=1e-12)
    np.testing.assert_allclose(interim, [brute_interim(game, strategies, i, t) for i, t in game.agents], atol=1e-12)
    ex_ante = [
        sum(game.prior.sum(axis=1 - i)[t] * game.interim_payoffs(strategies)[i][t] for t in range(2)) for i in (0, 1)
    ]
    np.testing.assert_allclose(game.ex_ante_payoffs(strategies), ex_ante, atol=1e-12)


@pytest.mark.parametrize("seed", range(8))
def test_equilibria_of_the_agent_form_hold_type_by_type(seed: int) -> None:
    game = random_game(seed)
    solution = solve(game, SupportHomotopy())
    assert solution.equilibria
    for equilibrium in solution.equilibria:
        verdict = certify_bayesian(game, game.strategies_of(equilibrium.profile))
        assert verdict.certificate.holds
        np.testing.assert_allclose(verdict.interim, equilibrium.payoffs, atol=1e-9)


def test_cournot_with_a_private_cost() -> None:
    """Price a - q1 - q2, firm 2's cost is low or high: its quantities differ by half the difference of costs.

    With a = 12, c1 = 2, c2 = 1 or 3 with even chances: q1 = (a - 2 c1 + E c2) / 3 = 10/3, q2 = (a - c2 - q1) / 2.
    """
    grid = np.linspace(0.0, 6.0, 37)
    q1, q2 = grid[:, None], grid[None, :]
    payoffs = np.zeros((2, 1, 2, 37, 37))
    for t, cost in enumerate((1.0, 3.0)):
        payoffs[0, 0, t] = (12 - q1 - q2 - 2.0) * q1
        payoffs[1, 0, t] = (12 - q1 - q2 - cost) * q2
    game = BayesianGame(payoffs, [[0.5, 0.5]], ("US", "CN"), (("known",), ("low", "high")))
    found = solve(game, PureNash())
    strategies = [game.strategies_of(e.profile) for e in found.equilibria]
    played = np.array([[grid[s.argmax()] for own in each for s in own] for each in strategies])
    exact = np.array([10 / 3, (11 - 10 / 3) / 2, (9 - 10 / 3) / 2])
    assert np.abs(played - exact).max(axis=1).min() <= 1 / 6 + 1e-12
    assert game.agent_form().players == ("US: known", "CN: low", "CN: high")


def test_a_profile_that_suits_only_one_type_fails_for_the_other() -> None:
    payoffs = np.zeros((2, 2, 1, 2, 1))
    payoffs[0, 0, 0, :, 0], payoffs[0, 1, 0, :, 0] = (1.0, 0.0), (0.0, 1.0)
    game = BayesianGame(payoffs, [[0.25], [0.75]])
    wrong = certify_bayesian(game, [["action_1", "action_1"], ["action_1"]])
    assert wrong.certificate.regret.tolist() == [0.0, 1.0, 0.0]
    assert not wrong.certificate.holds
    assert wrong.payoffs[0] == pytest.approx(0.25)
    assert certify_bayesian(game, [[0, 1], [0]]).certificate.holds


def test_plain_data_and_pickle() -> None:
    game = random_game(3)
    assert BayesianGame.from_dict(json.loads(json.dumps(game.to_dict()))) == game
    assert pickle.loads(pickle.dumps(game)) == game


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"prior": [[0.5, 0.5], [0.5, 0.5]]}, "prior sums to 2"),
        ({"prior": [[1.0, 0.0], [0.0, 0.0]]}, "'type_2' of player_1 has no chance"),
        ({"prior": [0.5, 0.5]}, r"are not \(n_players"),
        ({"prior": [[np.nan, 0.5], [0.5, 0.0]]}, "is not finite"),
        ({"types": [["a", "a"], ["b", "c"]]}, "used twice"),
    ],
)
def test_bad_games(change: dict, message: str) -> None:
    given_ = {"payoffs": np.zeros((2, 2, 2, 2, 2)), "prior": np.full((2, 2), 0.25), **change}
    with pytest.raises(ValueError, match=message):
        BayesianGame(**given_)


def test_too_large_agent_forms_are_refused() -> None:
    game = BayesianGame(np.zeros((2, 5, 5, 10, 10)), np.full((5, 5), 0.04))
    with pytest.raises(ValueError, match="use fewer types or actions"):
        game.agent_form()
    with pytest.raises(ValueError, match="not one for each of its 5 types"):
        game.strategies([[0], [0]])
