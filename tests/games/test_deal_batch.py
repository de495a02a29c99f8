import numpy as np
import pytest

from bargain.games.deal import transition_rows
from bargain.games.deal_batch import read_proofs
from bargain.games.deal_bounds import EliminationProof, read_proof
from bargain.games.markov import MarkovGame
from bargain.solvers import solve
from bargain.solvers.enforceable import EnforceableDeals
from tests.known_markov_games import random_markov

WEIGHTS = (1.0, 0.7)


@pytest.fixture(scope="module")
def draws():
    """Six draws with all actions or some missing, their games and solutions."""
    rng = np.random.default_rng(0)
    base = random_markov(rng, 5, (3, 2), 2, 0.5)
    available = [np.ones((5, 3), dtype=bool), np.ones((5, 2), dtype=bool)]
    available[0][2, 1] = False
    factors = np.linspace(0.1, 0.7, 6)
    payoffs = base.payoffs + 0.7 * rng.normal(size=(6, *base.payoffs.shape))
    games = [
        MarkovGame(table, base.successors, base.probabilities, d, available=available)
        for table, d in zip(payoffs, factors, strict=True)
    ]
    return games, [solve(game, EnforceableDeals(WEIGHTS)) for game in games]


def readings(games, proofs, moves):
    payoffs, factors = np.stack([game.payoffs for game in games]), np.array([g.discount_factor for g in games])
    return read_proofs(games[0], payoffs, factors, proofs, moves, 1e-8, transition_rows(games[0]))


def moves_of(solutions):
    none = np.zeros((3, 5, 2), dtype=int)
    return np.stack([none if one.deal is None else one.deal.moves for one in solutions])


def test_same_readings_as_one_by_one(draws):
    games, solutions = draws
    proofs, moves = [one.proof for one in solutions], moves_of(solutions)
    assert len({proof.n_rounds for proof in proofs}) > 1
    for game, proof, own, together in zip(games, proofs, moves, readings(games, proofs, moves), strict=True):
        alone = read_proof(game, proof, moves=own)
        assert together.fault == alone.fault == ""
        assert together.margin == pytest.approx(alone.margin)
        assert together.error < 1e-13


def changed(proof, **parts):
    names = ("weights", "joint", "punishments", "dropped_in", "died_in")
    return EliminationProof(**{**{name: getattr(proof, name) for name in names}, **parts})


def test_same_faults_as_one_by_one(draws):
    games, solutions = draws
    proofs, moves = [one.proof for one in solutions], moves_of(solutions)
    alive = [k for k, proof in enumerate(proofs) if proof.alive.all()]
    first, second, third = alive[:3]
    wrong, played = list(proofs), moves.copy()
    wrong[first] = changed(proofs[first], joint=proofs[first].joint - 1.0)
    dropped = np.array(proofs[second].dropped_in)
    dropped[tuple(np.argwhere(proofs[second].admissible(games[second]))[0])] = 1
    wrong[second] = changed(proofs[second], dropped_in=dropped)
    played[third, 0, :, 1] = 1 - played[third, 0, :, 1]
    found = readings(games, wrong, played)
    for k, (game, proof) in enumerate(zip(games, wrong, strict=True)):
        assert found[k].fault == read_proof(game, proof, moves=played[k]).fault
        assert bool(found[k].fault) == (k in (first, second, third))


def test_a_round_that_is_not_there(draws):
    games, solutions = draws
    proofs = [one.proof for one in solutions]
    died = np.array(proofs[0].died_in)
    died[0] = 99
    proofs[0] = changed(proofs[0], died_in=died)
    assert "in none of the" in readings(games, proofs, moves_of(solutions))[0].fault
