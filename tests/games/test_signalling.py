"""Signalling games: Cho and Kreps' beer and quiche, certificates, and that no pure equilibrium is left out."""

from __future__ import annotations

import itertools
import json
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bargain.games.perfect_bayesian import perfect_bayesian
from bargain.games.signalling import SignallingEquilibrium, SignallingGame, certify_signalling


def beer_and_quiche(wimps: float) -> SignallingGame:
    """Cho and Kreps (1987), figure 1: breakfast worth 1, no duel worth 2; the rival wants to fight wimps alone."""
    sender, receiver = np.zeros((2, 2, 2)), np.zeros((2, 2, 2))
    for t, m, a in itertools.product((0, 1), repeat=3):
        sender[t, m, a] = float(t == m) + 2.0 * (a == 1)
        receiver[t, m, a] = float((t == 0) == (a == 0))
    return SignallingGame([wimps, 1 - wimps], sender, receiver, ("wimp", "surly"), ("quiche", "beer"), ("duel", "not"))


def test_beer_and_quiche() -> None:
    found = perfect_bayesian(beer_and_quiche(0.1))
    assert [e.kind for e in found.equilibria] == ["pooling", "pooling"]
    quiche, beer = found.equilibria
    assert quiche.sender[:, 0].tolist() == [1.0, 1.0]
    assert quiche.dominated == ((1, 1),)
    assert not quiche.intuitive
    assert beer.sender[:, 1].tolist() == [1.0, 1.0]
    assert beer.intuitive
    assert beer.payoffs.tolist() == [2.0, 3.0]
    assert found.isolated == (True, True)
    assert not found.rejected


def test_beer_and_quiche_with_many_wimps() -> None:
    (only,) = perfect_bayesian(beer_and_quiche(0.9)).equilibria
    assert only.kind == "semi-separating"
    assert only.sender == pytest.approx(np.array([[8 / 9, 1 / 9], [0, 1]]))
    assert only.receiver == pytest.approx(np.array([[1, 0], [0.5, 0.5]]))


def test_separating_by_a_cost_only_one_type_bears() -> None:
    """Spence: the able study, pay follows."""
    sender = np.zeros((2, 2, 2))
    sender[:, :, 1] = 2.0
    sender[0, 1] -= 3.0
    sender[1, 1] -= 1.0
    receiver = np.zeros((2, 2, 2))
    receiver[0, :, 0] = receiver[1, :, 1] = 1.0
    kinds = {e.kind for e in perfect_bayesian(SignallingGame([0.6, 0.4], sender, receiver)).equilibria}
    assert "separating" in kinds


def random_game(seed: int, shape: tuple[int, int, int] = (2, 2, 2)) -> SignallingGame:
    rng = np.random.default_rng(seed)
    return SignallingGame(rng.dirichlet(np.full(shape[0], 3.0)), rng.normal(size=shape), rng.normal(size=shape))


def pure_by_force(game: SignallingGame) -> set[tuple[tuple[int, ...], tuple[int, ...]]]:
    """Pure equilibria from the definition: messages, and the responses to those that are sent."""
    n_types, n_messages, n_responses = game.sender.shape
    best = [
        {
            int(a)
            for x in np.linspace(0, 1, 2001)
            for a in [np.argmax(x * game.receiver[0, m] + (1 - x) * game.receiver[1, m])]
        }
        for m in range(n_messages)
    ]
    found = set()
    for messages in itertools.product(range(n_messages), repeat=n_types):
        for answers in itertools.product(range(n_responses), repeat=n_messages):
            ok = True
            for m in range(n_messages):
                senders = [t for t in range(n_types) if messages[t] == m]
                worth = sum(game.prior[t] * game.receiver[t, m] for t in senders)
                ok &= (int(np.argmax(worth)) == answers[m]) if senders else answers[m] in best[m]
            for t in range(n_types):
                paid = [game.sender[t, m, answers[m]] for m in range(n_messages)]
                ok &= max(paid) == paid[messages[t]]
            if ok:
                found.add((messages, tuple(answers[m] if m in messages else -1 for m in range(n_messages))))
    return found


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_all_pure_equilibria_are_found_and_all_found_hold(seed: int) -> None:
    game = random_game(seed)
    found = perfect_bayesian(game)
    assert found.equilibria
    assert not found.rejected
    listed = set()
    for e in found.equilibria:
        assert e.holds
        if (e.sender.max(axis=1) > 1 - 1e-12).all() and (e.receiver[e.sent].max(axis=1) > 1 - 1e-12).all():
            answers = tuple(int(e.receiver[m].argmax()) if e.sent[m] else -1 for m in range(2))
            listed.add((tuple(int(m) for m in e.sender.argmax(axis=1)), answers))
    assert pure_by_force(game) <= listed


def test_regrets_by_hand() -> None:
    game, rng = random_game(4, (3, 2, 3)), np.random.default_rng(1)
    s, r, mu = (rng.dirichlet(np.ones(n), size=m) for m, n in ((3, 2), (2, 3), (2, 3)))
    found = certify_signalling(game, s, r, mu)
    for t in range(3):
        worth = [sum(r[m, a] * game.sender[t, m, a] for a in range(3)) for m in range(2)]
        assert found.sender_regret[t] == pytest.approx(max(worth) - s[t] @ worth)
    for m in range(2):
        worth = [sum(mu[m, t] * game.receiver[t, m, a] for t in range(3)) for a in range(3)]
        assert found.receiver_regret[m] == pytest.approx(max(worth) - r[m] @ worth)
        told = game.prior * s[:, m] / (game.prior @ s[:, m])
        assert found.bayes_error >= np.abs(told - mu[m]).max() - 1e-12
    assert not found.holds


def test_wrong_beliefs_are_found_out() -> None:
    game = beer_and_quiche(0.1)
    beer = perfect_bayesian(game).equilibria[1]
    assert beer.holds
    wrong = certify_signalling(game, beer.sender, beer.receiver, [beer.beliefs[0], [0.3, 0.7]])
    assert not wrong.holds
    assert wrong.bayes_error == pytest.approx(0.2)
    trusting = certify_signalling(game, beer.sender, [[0, 1], [0, 1]], beer.beliefs)
    assert trusting.sender_regret[0] == pytest.approx(1.0)


def test_a_continuum_is_flagged() -> None:
    """Nobody cares about messages: any mixture that tells nothing."""
    game = SignallingGame([0.5, 0.5], np.zeros((2, 2, 1)), np.zeros((2, 2, 1)))
    found = perfect_bayesian(game)
    assert {e.kind for e in found.equilibria} == {"pooling", "separating", "semi-separating"}
    assert not all(found.isolated)


def test_plain_data_and_errors() -> None:
    game = beer_and_quiche(0.1)
    assert SignallingGame.from_dict(json.loads(json.dumps(game.to_dict()))) == game == pickle.loads(pickle.dumps(game))
    found = perfect_bayesian(game).equilibria[0]
    text = json.dumps(found.to_dict())
    again = SignallingEquilibrium.from_dict(json.loads(text))
    assert again == found
    assert json.dumps(again.to_dict()) == text
    cube = np.zeros((2, 2, 2))
    for call, message in (
        (lambda: SignallingGame([0.5, 0.6], cube, cube), "sums to 1.1"),
        (lambda: SignallingGame([1.0, 0.0], cube, cube), "positive"),
        (lambda: SignallingGame([0.5, 0.5], cube, cube[:, :1]), r"are not \(n_types,\)"),
        (lambda: SignallingGame([0.5, 0.5], cube * np.nan, cube), "not finite"),
        (lambda: SignallingGame([0.5, 0.5], cube, cube, types=("a", "a")), "used twice"),
        (lambda: certify_signalling(game, [[1, 1], [0, 1]], cube[0], cube[0]), "no distribution"),
        (lambda: certify_signalling(game, [[1, 0]], cube[0], cube[0]), "shape"),
        (lambda: perfect_bayesian(random_game(0, (5, 4, 3))), "more than 50,000"),
    ):
        with pytest.raises(ValueError, match=message):
            call()
