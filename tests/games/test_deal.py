import json
import pickle

import numpy as np
import pytest

from bargain.games import StageGame
from bargain.games.deal import Deal, DealCertificate, certify_deal
from bargain.games.markov import MarkovGame
from bargain.games.repeated import RepeatedGame
from bargain.solvers import solve
from bargain.solvers.enforceable import EnforceableDeals
from tests.known_markov_games import PRISONERS, random_markov, two_state_prisoners

TRADE = RepeatedGame(StageGame([[[0.0], [-1.0]], [[0.0], [3.0]]], ("seller", "buyer")), 0.8).markov_game()


def trade(price=1.25, fine=0.0, moves=((1, 0), (0, 0), (0, 0))):
    """The seller delivers, and is paid a round later; the fine of the seller is for not delivering."""
    payments = np.zeros((3, 1, 1, 2))
    payments[0, 0, 0] = -price, price
    fines = np.zeros((2, 1, 2))
    fines[0, 0] = fine, -fine
    return Deal(np.ones(2), (0,), np.array(moves)[:, None], np.zeros((1, 2)), payments, fines)


def test_trade_by_hand():
    certificate = certify_deal(TRADE, trade(1.5))
    # Seller: -1 + .8 x 1.5 a round; buyer: 3 - 1.2. In the punishments a round without trade comes first.
    np.testing.assert_allclose(certificate.values[0], [[0.2, 1.8]])
    np.testing.assert_allclose(certificate.values[1], [[0.16, 1.44]])
    # Not delivering saves .2 and loses the next payment, .2 x .8 x 1.5; the buyer keeps .2 x 1.5 and loses .2 x 1.8.
    assert certificate.holds
    assert certificate.epsilon == 0.0
    # At a price of 1 the payment is worth .16, less than the .2 saved; the buyer's refusal costs him a round of trade.
    cheap = certify_deal(TRADE, trade(1.0))
    assert not cheap.holds
    np.testing.assert_allclose(cheap.moves.regret[0], [[0.04, 0.0]])
    assert certify_deal(TRADE, trade(1.0, fine=0.25)).moves.regret[0, 0, 0] == pytest.approx(0.0, abs=1e-12)


def test_who_gains_from_not_paying_is_seen():
    # Price 3.1 a round later: the path gives the buyer 3 - .8 x 3.1 = .52; not paying gives .8 x .52 at once.
    certificate = certify_deal(TRADE, trade(3.1))
    gain = 0.2 * 3.1 - (0.52 - 0.8 * 0.52)
    np.testing.assert_allclose(certificate.payments.regret[1], [[0.0, gain]])
    assert not certificate.payments.holds
    fined = certify_deal(TRADE, trade(2.0, fine=0.7))
    # The fine of .7 now would keep the seller from .6, while not paying leads to .48: .2 x .7 > .12.
    np.testing.assert_allclose(fined.payments.regret[-2, 0], [0.14 - 0.12, 0.0], atol=1e-12)
    started = trade(2.0).with_up_front([[0.7, -0.7]])
    np.testing.assert_allclose(certify_deal(TRADE, started).payments.regret[0, 0], [0.02, 0.0], atol=1e-12)
    np.testing.assert_allclose(certify_deal(TRADE, started).start_values, [[0.6 - 0.14, 1.4 + 0.14]])


def test_money_from_nowhere_is_seen():
    payments = np.zeros((3, 1, 1, 2))
    payments[0, 0, 0] = -2.0, 1.5
    deal = trade()
    broken = Deal(deal.weights, deal.states, deal.moves, deal.up_front, payments, deal.fines)
    certificate = certify_deal(TRADE, broken)
    assert certificate.balance == pytest.approx(0.1)
    assert not certificate.holds
    payments[0, 0, 0] = -1.25, 1.6  # Burnt money is no fault.
    burning = Deal(deal.weights, deal.states, deal.moves, deal.up_front, payments, deal.fines, 0.2)
    assert certify_deal(TRADE, burning).holds


def simulated(game, deal, regime, state, player, rounds, rng, deviate=None):
    """Discounted payoffs of a player in one long play from the moves of a regime on, payments included."""
    d, total = game.discount_factor, 0.0
    for t in range(rounds):
        profile = [int(a) for a in deal.moves[regime, state]]
        alone = deviate is not None and t == 0
        if alone:
            profile[player] = deviate
        at = (state, *profile)
        total += (1 - d) * d**t * game.payoffs[(state, player, *profile)] * deal.weights[player]
        k = rng.choice(game.probabilities.shape[-1], p=game.probabilities[at])
        due = deal.fines[player, game.successors[(*at, k)]] if alone else deal.payments[regime, state, k]
        state = game.successors[(*at, k)]
        total -= (1 - d) * d ** (t + 1) * due[player]
        regime = 0
    return total


def test_values_agree_with_simulated_play():
    rng = np.random.default_rng(0)
    solution = solve(random_markov(rng, 3, (2, 2), 2, 0.5), EnforceableDeals(transfer_weights=(1.0, 2.0)))
    game, deal, values = solution.game, solution.deal, solution.certificate.values
    for regime in range(3):
        plays = [simulated(game, deal, regime, 1, 1, 20, rng) for _ in range(200)]
        assert np.mean(plays) == pytest.approx(values[regime, 1, 1], abs=5 * np.std(plays) / 200**0.5 + 1e-5)
    other = 1 - int(deal.moves[0, 1, 1])
    plays = [simulated(game, deal, 0, 1, 1, 20, rng, deviate=other) for _ in range(200)]
    assert np.mean(plays) <= values[0, 1, 1] + 5 * np.std(plays) / 200**0.5


def test_wrong_plans_are_refused():
    game = two_state_prisoners(0.4)
    deal = solve(game, EnforceableDeals()).deal
    assert certify_deal(game, deal).holds
    impatient = game.with_discount_factor(0.2)
    assert not certify_deal(impatient, deal).holds
    for change in ("moves", "payments", "fines", "up_front"):
        table = np.array(getattr(deal, change), dtype=float)
        table = 1 - table if change == "moves" else table + 30.0 * np.array([1.0, -1.0])
        parts = {name: getattr(deal, name) for name in ("weights", "states", "moves", "up_front", "payments", "fines")}
        assert not certify_deal(game, Deal(**{**parts, change: table})).holds, change


@pytest.mark.parametrize("n_states", [20, 60])
def test_large_and_small_systems_agree_with_the_equation(n_states):
    game = random_markov(np.random.default_rng(2), n_states, (3, 3), 3, 0.95)
    solution = solve(game, EnforceableDeals())
    deal, values = solution.deal, solution.certificate.values[0]
    s = np.arange(n_states)
    at = (s, *deal.moves[0].T)
    own = game.payoffs[(s, slice(None), *deal.moves[0].T)]
    ahead = values[game.successors[at]] - 0.05 * deal.payments[0]
    expected = 0.05 * own + 0.95 * np.einsum("sk,ski->si", game.probabilities[at], ahead)
    np.testing.assert_allclose(values, expected, atol=1e-12)
    assert solution.certificate.error < 1e-12


def test_deals_are_plain_data():
    deal = trade(2.0)
    assert Deal.from_dict(json.loads(json.dumps(deal.to_dict()))) == deal
    assert pickle.loads(pickle.dumps(deal)) == deal
    certificate = certify_deal(TRADE, deal)
    assert DealCertificate.from_dict(json.loads(json.dumps(certificate.to_dict()))) == certificate
    assert not deal.payments.flags.writeable
    assert deal.largest_payment == 2.0
    assert deal.plan.tolist() == [[1, 0]]
    assert deal.punishment_plans.tolist() == [[[0, 0]], [[0, 0]]]
    with pytest.raises(ValueError, match="deal: entry 'fines' is missing"):
        Deal.from_dict({key: value for key, value in deal.to_dict().items() if key != "fines"})


def test_deals_that_do_not_fit():
    deal = trade()
    with pytest.raises(ValueError, match=r"deal: moves has shape \(3, 1, 2\), the game needs \(3, 2, 2\)"):
        certify_deal(two_state_prisoners(0.5), deal)
    with pytest.raises(ValueError, match="player buyer has no action"):
        certify_deal(TRADE, trade(moves=((1, 1), (0, 0), (0, 0))))
    parts = deal.up_front, deal.payments, deal.fines
    with pytest.raises(ValueError, match=r"weights \[1.0, 0.0\] are not all positive"):
        certify_deal(TRADE, Deal(np.array([1.0, 0.0]), (0,), deal.moves, *parts))
    full = solve(two_state_prisoners(0.7), EnforceableDeals()).deal
    part = Deal(full.weights, (0,), full.moves, full.up_front, full.payments, full.fines)
    with pytest.raises(ValueError, match="some play leads out of the states"):
        certify_deal(two_state_prisoners(0.7), part)
    game = RepeatedGame(PRISONERS, 0.5).markov_game()
    deal = solve(game, EnforceableDeals()).deal
    mask = np.ones((1, 2), dtype=bool)
    mask[0, deal.moves[0, 0, 0]] = False
    args = game.payoffs, game.successors, game.probabilities, 0.5
    with pytest.raises(ValueError, match="an action of player player_1 is not available in state"):
        certify_deal(MarkovGame(*args, available=[mask, np.ones((1, 2))]), deal)
