import json
import pickle
from dataclasses import dataclass, replace

import numpy as np
import pytest
from known_markov_games import PRISONERS, big_match, public_goods, random_markov, two_state_prisoners
from truce_cases import fading_game, tariff_game

from bargain.games import certify
from bargain.games.certificate import certified
from bargain.games.markov import MarkovGame
from bargain.games.repeated import RepeatedGame
from bargain.games.stationary import StationaryProfile, certify_stationary
from bargain.solvers.base import Proposal, Scope, Solution, solve, solver_named
from bargain.solvers.truce import Truce

NASH_TARIFF = 1.0 / 3.0


def lowest_tariff(x):
    return NASH_TARIFF * max(0.0, (3.0 - 5.0 * x) / (3.0 - x))


@pytest.mark.parametrize(
    ("discount_factor", "tariff"), [(0.2, 0.238095), (0.4, 0.128205), (0.5, 0.066667), (0.6, 0.0), (0.7, 0.0)]
)
@pytest.mark.parametrize("lag", [1, 3])
def test_lowest_tariff_that_enforces_itself(discount_factor, tariff, lag):
    """Bagwell and Staiger: with a lag of L rounds everything holds with the discount factor to the power L."""
    d = discount_factor ** (1.0 / lag)
    exact = lowest_tariff(discount_factor)
    assert exact == pytest.approx(tariff, abs=5e-7)
    for shift, holds in ((0.0, True), (1e-6, True), (-1e-6, False)):
        if exact + shift < 0.0 or (discount_factor == 0.6 and shift == 0.0):
            continue
        stage = tariff_game([exact + shift, NASH_TARIFF])
        assert certify(stage, (1, 1)).holds
        game = RepeatedGame(stage, d)
        assert solve(game, Truce((1, 1), moves=(0, 0), reply_lag=lag, n_points=0)).exists is holds


def test_tariffs_on_a_grid_and_free_trade():
    grid = np.append(np.linspace(0.0, 0.3, 16), NASH_TARIFF)
    game = RepeatedGame(tariff_game(grid), 0.4)
    solution = solve(game, Truce((16, 16), keep=400, n_points=0))
    symmetric = [float(grid[p.moves[0, 0]]) for p in solution.truces if p.moves[0, 0] == p.moves[0, 1]]
    assert min(symmetric) == pytest.approx(0.14)
    assert solution.best.moves.tolist() == [[7, 7]]
    assert solution.scope is Scope.ALL
    free = solve(game, Truce((16, 16), moves=(0, 0)))
    assert not free.exists
    assert free.critical_discount_factor == pytest.approx(0.6, abs=1e-12)
    assert free.limits.exact
    assert "home gains" in free.message


def test_the_prisoners_dilemma_by_hand():
    game = RepeatedGame(PRISONERS, 0.75)
    solution = solve(game, Truce((1, 1)))
    assert (solution.status, solution.scope, solution.n_tried, solution.n_active) == ("solved", "all", 4, 1)
    assert solution.critical_discount_factor == pytest.approx(1 / 7, abs=1e-14)
    # .75^L >= 1 / 7 up to L = 6.
    assert solution.critical_lag == 6
    np.testing.assert_allclose(solution.gains, [[6.0, 6.0]])
    np.testing.assert_allclose(solution.best.deviation_values, [[0.25 * 10 + 0.75 * 3] * 2])
    assert np.isinf(solution.expected_life[0])
    assert solution.endings().empty
    assert solution.breaks().empty


def test_the_two_state_prisoners_dilemma():
    standoff = certify_stationary(
        two_state_prisoners(0.5), StationaryProfile.pure(two_state_prisoners(0.5), [(1, 1)] * 2)
    )
    solution = solve(two_state_prisoners(2 / 3), Truce(standoff, moves=(0, 0)))
    assert solution.exists
    assert solution.critical_discount_factor == pytest.approx((np.sqrt(97) - 7) / 8, abs=1e-8)
    below = solve(two_state_prisoners(0.35), Truce(standoff, moves=(0, 0), n_points=0))
    assert below.active_states != ("state_1", "state_2")


@pytest.mark.parametrize("p", [0.05, 0.2, 0.5])
def test_a_known_breaking_time(p):
    """The good state turns bad with chance p a round: a geometric life, ended by whoever cheats in the bad state."""
    solution = solve(fading_game(p), Truce((("cheat", "cheat"),) * 2, moves=("keep", "keep"), n_points=0))
    assert solution.active_states == ("good",)
    assert solution.expected_life.tolist() == pytest.approx([1.0 / p, 0.0])
    np.testing.assert_allclose(solution.survival(30)[:, 0], (1.0 - p) ** np.arange(31), atol=1e-13)
    # W = (1 - d) 9 + d ((1 - p) W + p 3).
    value = (0.9 + 0.9 * p * 3.0) / (1.0 - 0.9 * (1.0 - p))
    np.testing.assert_allclose(solution.values, [[value] * 2, [3.0, 3.0]])
    row = solution.endings().iloc[0]
    assert (row["state"], row["player"], row["action"], row["step"]) == ("bad", "US", "cheat", 1)
    assert row["chance"] == pytest.approx(1.0)
    # Kept there too, the truce is worth 2 for ever; cheating brings 50 once and then 3.
    assert row["gain"] == pytest.approx(0.1 * 50.0 + 0.9 * 3.0 - 2.0)
    assert f"lasts {1.0 / p:.4g} rounds" in solution.message


def test_a_worse_standoff_for_three_players_and_a_criterion():
    game = RepeatedGame(public_goods(), 0.5)
    solution = solve(game, Truce((1, 1, 1)))
    assert solution.best.moves.tolist() == [[0, 0, 0]]
    assert solution.critical_discount_factor == pytest.approx(1 / 3)
    first = solve(game, Truce((1, 1, 1), rank_by="player_2"))
    assert first.truces[0].values[0, 1] == max(play.values[0, 1] for play in first.truces)


def test_state_dependent_agreements_reach_further():
    """Keeping to the agreement in the good state and to the standoff in the bad one lasts for ever."""
    game = fading_game(0.2)
    solution = solve(game, Truce(((1, 1), (1, 1)), state_dependent=True, n_points=0))
    assert solution.n_tried == 16
    assert solution.best.moves.tolist() == [[0, 0], [1, 1]]
    assert solution.best.active.all()
    assert np.isinf(solution.best.expected_life).all()
    longest = solve(game, Truce(((1, 1), (1, 1)), state_dependent=True, rank_by="expected_life", n_points=0))
    assert np.isinf(longest.expected_life[0])
    # Truces with the same play where they are active are listed once.
    played = {tuple(np.where(play.active[:, None], play.moves, -1).ravel()) for play in solution.truces}
    assert len(played) == len(solution.truces)


def test_a_standoff_that_is_no_equilibrium_is_said():
    solution = solve(RepeatedGame(PRISONERS, 0.75), Truce((0, 1), moves=(0, 0)))
    assert not solution.standoff.holds
    assert "the standoff is no equilibrium" in solution.message


def test_patience_may_break_a_truce():
    """Not monotone in the discount factor: the intervals agree with solving at their points one by one."""
    rng = np.random.default_rng(5)
    n_broken = 0
    for _ in range(60):
        game = random_markov(rng, 3, (2, 2), discount_factor=0.6)
        standoff = StationaryProfile.pure(game, [(0, 0)] * 3)
        solution = solve(game, Truce(standoff, moves=(1, 1), n_points=20, largest_lag=0))
        if solution.limits.monotone:
            continue
        n_broken += 1
        for low, high in solution.limits.discount_factors:
            for d in (low, high):
                again = game.with_discount_factor(min(d, 0.999))
                assert solve(again, Truce(standoff, moves=(1, 1), n_points=0)).exists
        top = solution.limits.discount_factors[-1][1]
        if top < 1.0:
            again = game.with_discount_factor(top + 1e-6)
            assert not solve(again, Truce(standoff, moves=(1, 1), n_points=0)).exists
        if n_broken == 3:
            break
    assert n_broken == 3


@dataclass(frozen=True)
class WrongTruce(Truce):
    fault: str = ""

    def propose(self, game) -> Proposal:
        proposal = super().propose(game)
        found = proposal.candidates[0]
        play = found.plays[0]
        wrong = {
            "active": replace(play, active=[True, True], dropped=[0, 0]),
            "life": replace(play, expected_life=[6.0, 0.0]),
            "kind": "no truce",
        }[self.fault]
        return replace(proposal, candidates=(replace(found, plays=(wrong,)),))


@pytest.mark.parametrize(("fault", "reason"), [("active", "off"), ("life", "expected life"), ("kind", "not a truce")])
def test_a_wrong_truce_ends_in_rejected(fault, reason):
    solution = solve(fading_game(0.2), WrongTruce(((1, 1), (1, 1)), moves=(0, 0), n_points=0, fault=fault))
    assert (solution.status, solution.truces, solution.limits) == ("rejected_all", (), None)
    assert reason in solution.rejected[0].reason
    assert solution.scope is Scope.SOME
    with pytest.raises(ValueError, match="there is no truce"):
        _ = solution.best


def test_no_truce_and_stopped_early():
    solution = solve(RepeatedGame(PRISONERS, 0.1), Truce((1, 1)))
    assert (solution.status, solution.exists, solution.scope) == ("no_equilibrium_found", False, "all")
    assert "no agreement enforces itself in any state" in solution.message
    rng = np.random.default_rng(0)
    game = random_markov(rng, 380, (6, 6), 2, 0.5)
    early = solve(game, Truce((0, 0), n_points=0, time_limit=0.0))
    assert early.status == "stopped_early"
    assert "time limit reached" in early.message


def test_results_are_plain_data():
    game = fading_game(0.2)
    solution = solve(game, Truce(((1, 1), (1, 1))))
    data = json.dumps(solution.to_dict(), allow_nan=False)
    assert Solution.from_dict(json.loads(data)) == solution
    assert json.dumps(solve(game, Truce(((1, 1), (1, 1)))).to_dict()) == data
    assert pickle.loads(pickle.dumps(solution)) == solution
    frame = solution.to_frame()
    assert frame[["truce", "player"]].to_numpy().tolist()[:2] == [[0, "US"], [0, "CN"]]
    mixed = Truce(StationaryProfile([[[0.5, 0.5]], [[1, 0]]]), moves=(0, 0))
    assert solver_named("Truce", **json.loads(json.dumps(mixed.settings()))) == mixed
    assert solver_named("Truce", **Truce([["a", "b"]], moves=np.array([0, 1])).settings()).moves == (0, 1)


@pytest.mark.parametrize("factor", [1e-6, 1e6])
def test_scale_and_level_change_nothing(factor):
    game = random_markov(np.random.default_rng(4), 4, (2, 3), 3, 0.9)
    moved = MarkovGame(game.payoffs * factor + 3 * factor, game.successors, game.probabilities, 0.9)
    one, other = (solve(g, Truce(((1, 1),) * 4, n_points=10, largest_lag=3)) for g in (game, moved))
    assert len(one.truces) == len(other.truces) > 1
    assert [p.moves.tolist() for p in one.truces] == [p.moves.tolist() for p in other.truces]
    assert one.undominated == other.undominated
    np.testing.assert_allclose(one.limits.discount_factors, other.limits.discount_factors, atol=1e-8)


def test_a_stage_equilibrium_and_other_bad_input():
    game = RepeatedGame(PRISONERS, 0.75)
    equilibrium = certified(PRISONERS, (1, 1))
    assert solve(game, Truce(equilibrium, n_points=0)).exists
    for wrong, message in (
        (Truce((1, 1), moves=("action_1", "action_9")), "no action 'action_9'"),
        (Truce((1, 1), start="state_9"), "no state 'state_9'"),
        (Truce((1, 1), rank_by="nash_produkt"), "no criterion or player 'nash_produkt'; did you mean 'nash_product'"),
        (Truce((1, 1), moves=((0, 0), (0, 0))), "moves: 2 moves for 1 states"),
        (Truce((1,)), "does not name one action for each"),
        (Truce((1, 1), moves="low"), "neither one move nor one for each state"),
    ):
        with pytest.raises(ValueError, match=message):
            solve(game, wrong)
    with pytest.raises(ValueError, match="more than the 100000"):
        solve(big := random_markov(np.random.default_rng(0), 20), Truce((0, 0), state_dependent=True))
    assert big.n_states == 20
    with pytest.raises(TypeError, match="standoff is a TruceSolution"):
        Truce(solve(game, Truce((1, 1), n_points=0)))
    for setting in ({"reply_lag": 0}, {"keep": 0}, {"n_points": -1}, {"reply_lag": 1.5}, {"largest_lag": True}):
        with pytest.raises(ValueError, match="is not a whole number"):
            Truce((1, 1), **setting)
    with pytest.raises(TypeError, match="Truce solves a MarkovGame or a RepeatedGame"):
        solve(PRISONERS, Truce((1, 1)))
    with pytest.raises(ValueError, match="strategy of player"):
        solve(big_match(0.9), Truce(StationaryProfile([[[1, 0]], [[1, 0]]])))
