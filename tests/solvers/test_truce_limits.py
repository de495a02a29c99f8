import json
from dataclasses import dataclass, replace

import numpy as np
import pytest
from known_markov_games import PRISONERS, random_markov
from truce_cases import fading_game, tariff_game

from bargain.games import StageGame
from bargain.games.repeated import RepeatedGame
from bargain.games.stationary import StationaryProfile
from bargain.solvers.base import Proposal, solve
from bargain.solvers.truce import Truce
from bargain.solvers.truce_limits import TruceLimits, edge_points, interval_text


@pytest.mark.parametrize("lag", [1, 2, 5])
def test_one_state_in_closed_form_and_by_scan(lag):
    game = RepeatedGame(tariff_game([0.0, 1 / 3]), 0.9)
    limits = solve(game, Truce((1, 1), moves=(0, 0), reply_lag=lag)).limits
    assert limits.critical_discount_factor == pytest.approx(0.6 ** (1 / lag), abs=1e-12)
    assert limits.exact
    assert limits.monotone
    assert limits.ends_certified
    # The same game with a second state that is never reached is scanned.
    twice = np.stack([game.payoffs, game.payoffs])
    wider = random_markov(np.random.default_rng(0), 2, (2, 2), 1)
    here = np.broadcast_to(np.arange(2)[:, None, None, None], (2, 2, 2, 1))
    wider = type(wider)(twice, here, np.ones((2, 2, 2, 1)), 0.9)
    scanned = solve(wider, Truce((1, 1), moves=(0, 0), reply_lag=lag)).limits
    assert not scanned.exact
    assert scanned.critical_discount_factor == pytest.approx(0.6 ** (1 / lag), abs=1e-7)


def test_lags_of_the_prisoners_dilemma():
    limits = solve(RepeatedGame(PRISONERS, 0.75), Truce((1, 1), moves=(0, 0), largest_lag=9)).limits
    assert (limits.reply_lags, limits.critical_lag, limits.largest_lag) == ((1, 2, 3, 4, 5, 6), 6, 9)
    assert TruceLimits.from_dict(json.loads(json.dumps(limits.to_dict()))) == limits


def one_state(agreed, temptation, standoff):
    """A game in which player 1 alone decides: agreed, tempting and standoff payoffs; the standoff is imposed by 2."""
    payoffs = np.zeros((2, 2, 2))
    payoffs[0] = [[agreed, standoff], [temptation, standoff]]
    return RepeatedGame(StageGame(payoffs), 0.5)


@pytest.mark.parametrize(
    ("agreed", "temptation", "standoff", "wanted"),
    [
        (2.0, 2.0, 1.0, ((0.0, 1.0),)),  # Nothing to gain, something to lose.
        (2.0, 3.0, 1.0, ((0.5, 1.0),)),
        (1.0, 3.0, 1.0, ()),  # The loss equals the gain only for endless patience.
        (1.0, 1.0, 1.0, ((0.0, 1.0),)),
        (1.0, 1.0, 2.0, ((0.0, 0.0),)),  # The standoff is better: only who does not care for it stays.
        (1.0, 1.5, 2.0, ()),
    ],
)
def test_closed_form_case_by_case(agreed, temptation, standoff, wanted):
    game = one_state(agreed, temptation, standoff)
    solution = solve(game, Truce((0, 1), moves=(0, 0)))
    assert [x for pair in solution.limits.discount_factors for x in pair] == pytest.approx(
        [x for p in wanted for x in p]
    )
    inside = any(low <= 0.5 <= high for low, high in wanted)
    assert solution.exists is inside


def test_where_the_standoff_is_an_equilibrium():
    # Cheating for ever is an equilibrium at every discount factor, keeping for ever only for the patient.
    game = fading_game(0.0)
    standoff = StationaryProfile.pure(game, [(0, 0), (1, 1)])
    limits = solve(game, Truce(standoff, moves=(1, 1))).limits
    assert limits.standoff_equilibrium == ()
    calm = solve(game, Truce(StationaryProfile.pure(game, [(1, 1), (1, 1)]), moves=(0, 0))).limits
    assert calm.standoff_equilibrium == ((0.0, 1.0),)
    assert interval_text(calm.discount_factors) == "0.1429 to 1"
    assert interval_text(()) == "none"


@dataclass(frozen=True)
class WrongLimits(Truce):
    def propose(self, game) -> Proposal:
        proposal = super().propose(game)
        found = proposal.candidates[0]
        wrong = replace(found.limits, discount_factors=((0.1, 1.0),))
        shifted = tuple((edge_points(wrong)[i][0], *edge[1:]) for i, edge in enumerate(found.edges))
        return replace(proposal, candidates=(replace(found, limits=wrong, edges=shifted),))


def test_wrong_limits_are_refused():
    solution = solve(RepeatedGame(PRISONERS, 0.75), WrongLimits((1, 1), moves=(0, 0)))
    assert solution.exists
    assert solution.limits is None
    assert "the limits that were proposed failed their certificate" in solution.message


def test_no_time_for_limits():
    game = random_markov(np.random.default_rng(0), 60, (2, 2), 2, 0.5)
    solution = solve(game, Truce((0, 0), moves=(1, 1), time_limit=0.0))
    assert solution.limits is None
    assert "time limit reached before the limits" in solution.message
    assert solve(game, Truce((0, 0), moves=(1, 1), n_points=0)).critical_lag is None
