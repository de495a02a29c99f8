"""What the answers of each concept other than Nash equilibrium must satisfy, by loops that share nothing with the code.

``CHECKS[solution_type](game, solution)`` raises AssertionError; ``ANSWERS[solution_type](solution, back)`` lists what
payoff scale and the order of actions must not change, ``back`` undoing that order. A new solution type adds one line to
each.
"""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from bargain.solvers.commitment import StackelbergSolution
from bargain.solvers.correlated_equilibria import CorrelatedSolution
from bargain.solvers.elimination_steps import EliminationSolution
from bargain.solvers.play import LearningSolution
from bargain.solvers.sequential import SequentialSolution

QUICK = {
    "CorrelatedVertices": {"max_vertices": 200, "time_limit": None},
    "FictitiousPlay": {"n_rounds": 200},
    "RegretMatching": {"n_rounds": 300},
    "ReplicatorDynamics": {"duration": 5.0},
    "LogitDynamics": {"duration": 3.0},
}
"""Settings that keep a solver short where its defaults would not."""


def profiles(game):
    return itertools.product(*(range(n) for n in game.n_actions))


def moved(profile, player, action):
    return (*profile[:player], action, *profile[player + 1 :])


def disobedience(game, distribution, player, coarse):
    """Largest gain from disobeying, summed profile by profile."""
    n = game.n_actions[player]
    table = np.zeros((n, n))
    for profile in profiles(game):
        for action in range(n):
            gain = game.payoffs[(player, *moved(profile, player, action))] - game.payoffs[(player, *profile)]
            table[profile[player], action] += distribution[profile] * gain
    return table.sum(axis=0).max() if coarse else table.max()


def check_correlated(game, solution):
    assert solution.equilibria
    for equilibrium in solution.equilibria:
        p = equilibrium.distribution
        assert p.shape == game.n_actions
        assert p.min() >= 0.0
        assert p.sum() == pytest.approx(1.0, abs=1e-12)
        expected = sum(p[s] * game.payoffs[(slice(None), *s)] for s in profiles(game))
        np.testing.assert_allclose(equilibrium.payoffs, expected, atol=1e-12 * np.abs(game.payoffs).max())
        for k in range(game.n_players):
            gain = disobedience(game, p, k, solution.solver.coarse)
            assert gain <= 1e-8 * game.payoff_range[k] + 1e-300
    if solution.value is not None:
        assert solution.value == pytest.approx(solution.bound, abs=1e-8 * max(game.payoff_range.sum(), 1e-300))


def check_commitment(game, solution):
    leader = solution.leader
    own, other = (game.payoffs[k] if leader == 0 else game.payoffs[k].T for k in (leader, 1 - leader))
    x, y = (solution.equilibrium.profile[k] for k in (leader, 1 - leader))
    scale, other_scale = game.payoff_range[leader], game.payoff_range[1 - leader]
    assert (x @ other).max() == pytest.approx(x @ other @ y, abs=1e-8 * other_scale)
    assert solution.value == pytest.approx(x @ own @ y)
    rng = np.random.default_rng(5)
    trials = [np.eye(len(x))] + [rng.dirichlet(np.full(len(x), alpha), 200) for alpha in (0.2, 1.0)]
    for trial in np.concatenate(trials):
        replies = trial @ other
        ties = (trial @ own)[replies >= replies.max() - 1e-12 * other_scale]
        optimistic = solution.solver.follower == "optimistic"
        if solution.solver.commitment == "mixed" or trial.max() == 1.0:
            assert (ties.max() if optimistic else ties.min()) <= solution.value + 1e-8 * scale


def check_elimination(game, solution):
    """Strict elimination: every step gains everywhere; no pure equilibrium is lost; no survivor is dominated purely."""
    alive = [set(range(n)) for n in game.n_actions]
    for number in range(1, solution.n_rounds + 1):
        dropped = [step for step in solution.steps if step.round == number]
        for step in dropped:
            k = step.player
            others = [alive[i] if i != k else {step.action} for i in range(game.n_players)]
            for profile in itertools.product(*others):
                mixture = sum(
                    step.dominating[b] * game.payoffs[(k, *moved(profile, k, b))] for b in alive[k] - {step.action}
                )
                assert mixture > game.payoffs[(k, *profile)]
        for step in dropped:
            alive[step.player].remove(step.action)
    assert solution.survivors == tuple(tuple(sorted(own)) for own in alive)
    for k in range(game.n_players):
        others = list(itertools.product(*(alive[i] if i != k else {0} for i in range(game.n_players))))
        for a, b in itertools.permutations(alive[k], 2):
            assert any(
                game.payoffs[(k, *moved(s, k, b))] - game.payoffs[(k, *moved(s, k, a))] <= 1e-9 * game.payoff_range[k]
                for s in others
            )
    for profile in profiles(game):
        gains = (
            game.payoffs[(k, *moved(profile, k, b))] - game.payoffs[(k, *profile)]
            for k in range(game.n_players)
            for b in range(game.n_actions[k])
        )
        if max(gains) <= 0.0:
            assert all(action in own for action, own in zip(profile, alive, strict=True))


def check_learning(game, solution):
    """All distances by summing over profiles one by one; frequencies of play are those of the record."""
    p = solution.distribution
    assert p.sum() == pytest.approx(1.0, abs=1e-12)
    product = np.array([np.prod([own[i] for own, i in zip(solution.profile, s, strict=True)]) for s in profiles(game)])
    product = product.reshape(game.n_actions)
    for k, scale in enumerate(game.payoff_range):
        slack = 1e-9 * scale + 1e-300
        assert solution.nash.regret[k] == pytest.approx(max(disobedience(game, product, k, True), 0.0), abs=slack)
        assert solution.coarse.regret[k] == pytest.approx(max(disobedience(game, p, k, True), 0.0), abs=slack)
        assert disobedience(game, p, k, False) <= solution.swap.regret[k] + slack
    yardstick = {"nash": solution.nash, "coarse": solution.coarse, "correlated": solution.swap}
    if solution.solver.approaches in yardstick:
        assert solution.distance == yardstick[solution.solver.approaches].relative_regret.max()
    assert solution.success == (solution.distance <= solution.solver.accuracy)
    assert "not an equilibrium" in solution.message


def check_sequence(game, solution):
    """No mover gains after any history, following the plans by recursion."""

    def end(history):
        if len(history) < game.n_players:
            return end((*history, int(solution.plans[len(history)][history])))
        return game.payoffs[(slice(None), *(history[solution.movers.index(i)] for i in range(game.n_players)))]

    np.testing.assert_array_equal(end(()), solution.payoffs)
    for t, k in enumerate(solution.movers):
        for history in itertools.product(*(range(game.n_actions[i]) for i in solution.movers[:t])):
            for action in range(game.n_actions[k]):
                assert end((*history, action))[k] <= end(history)[k] + 1e-8 * game.payoff_range[k]


CHECKS = {
    CorrelatedSolution: check_correlated,
    StackelbergSolution: check_commitment,
    EliminationSolution: check_elimination,
    LearningSolution: check_learning,
    SequentialSolution: check_sequence,
}

ANSWERS = {
    CorrelatedSolution: lambda solution, back: sorted(
        np.round(back(equilibrium.distribution), 7).reshape(-1).tolist() for equilibrium in solution.equilibria
    ),
    StackelbergSolution: lambda solution, back: [
        shares(solution.game, solution.leader, [solution.value, solution.bound]),
        solution.attained,
    ],
    EliminationSolution: lambda solution, back: [
        back(np.array([i in own for i in range(n)]))
        for own, n in zip(solution.survivors, solution.game.n_actions, strict=True)
    ],
    LearningSolution: lambda solution, back: [
        back(solution.distribution),
        *(back(own) for own in solution.profile),
        solution.distance,
    ],
    SequentialSolution: lambda solution, back: [
        shares(solution.game, k, payoff) for k, payoff in enumerate(solution.payoffs)
    ],
}


def shares(game, player, payoffs):
    """Payoffs as shares of the player's range."""
    table = game.payoffs[player]
    return (np.asarray(payoffs) - table.min()) / (float(np.ptp(table)) or 1.0)
