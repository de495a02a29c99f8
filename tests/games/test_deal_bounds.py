import json
import pickle

import numpy as np
import pytest

from bargain.games.deal_bounds import EliminationProof, ProofReading, read_proof
from bargain.games.markov import MarkovGame
from bargain.games.repeated import RepeatedGame
from bargain.solvers import solve
from bargain.solvers.enforceable import EnforceableDeals
from tests.known_markov_games import ABREU_COURNOT, MATCHING_PENNIES, random_markov, two_state_prisoners

COURNOT = RepeatedGame(ABREU_COURNOT, 0.3).markov_game()


def changed(proof, **parts):
    names = ("weights", "joint", "punishments", "dropped_in", "died_in")
    return EliminationProof(**{**{name: getattr(proof, name) for name in names}, **parts})


@pytest.fixture(scope="module")
def proof():
    return solve(COURNOT, EnforceableDeals()).proof


def test_a_true_proof(proof):
    reading = read_proof(COURNOT, proof)
    assert reading.holds
    assert reading.error < 1e-13
    # Dropped at last: 20 falls short of 15 x 2 - ... by .2 or more of a round's payoffs.
    assert reading.margin > 0.01
    assert proof.n_rounds == 3
    assert proof.admissible(COURNOT).sum() == 5


def test_false_bounds_are_found(proof):
    low = read_proof(COURNOT, changed(proof, joint=proof.joint - 0.5))
    assert "round 1: a stated value is no bound" in low.fault
    high = read_proof(COURNOT, changed(proof, punishments=proof.punishments + 0.5))
    assert "is no bound" in high.fault
    # Larger bounds are true, but no longer exclude what was dropped.
    loose = read_proof(COURNOT, changed(proof, joint=proof.joint + 100.0))
    assert "a move is dropped that may be enforceable" in loose.fault


def test_false_eliminations_are_found(proof):
    dropped = np.array(proof.dropped_in)
    kept = tuple(np.argwhere(dropped == 0)[0])
    dropped[kept] = 1
    assert not read_proof(COURNOT, changed(proof, dropped_in=dropped)).holds
    dropped[kept] = 9
    assert "in none of the 3 rounds" in read_proof(COURNOT, changed(proof, dropped_in=dropped)).fault
    assert "another size" in read_proof(two_state_prisoners(0.3), proof).fault


def test_deaths_are_checked():
    payoffs = np.stack([np.zeros((2, 2, 2)), MATCHING_PENNIES.payoffs])
    successors = np.broadcast_to(np.arange(2)[:, None, None, None], (2, 2, 2, 1)).copy()
    successors[0, 1, 1] = 1
    game = MarkovGame(payoffs, successors, np.ones(successors.shape), 0.5)
    proof = solve(game, EnforceableDeals()).proof
    assert read_proof(game, proof).holds
    assert not proof.alive.any()
    n = proof.n_rounds
    for died in ([0, n], [n, 0], [0, 0]):
        assert "exactly if the proof does not say so" in read_proof(game, changed(proof, died_in=died)).fault
    # Where nothing leads to the empty state the other one lives.
    successors[0] = 0
    apart = MarkovGame(payoffs, successors, np.ones(successors.shape), 0.5)
    assert solve(apart, EnforceableDeals()).proof.alive.tolist() == [True, False]
    assert not read_proof(apart, proof).holds


def test_every_proof_of_a_solver_is_read_in_full():
    rounds = []
    for seed in range(12):
        game = random_markov(np.random.default_rng(seed), 6, (3, 2, 2), 3, 0.3, integers=seed % 2 == 0)
        found = solve(game, EnforceableDeals(transfer_weights=(1.0, 0.5, 2.0)))
        assert found.reading.holds
        rounds.append(found.proof.n_rounds)
    assert max(rounds) >= 3


def test_proofs_are_plain_data(proof):
    assert EliminationProof.from_dict(json.loads(json.dumps(proof.to_dict()))) == proof
    assert pickle.loads(pickle.dumps(proof)) == proof
    reading = read_proof(COURNOT, proof)
    assert ProofReading.from_dict(json.loads(json.dumps(reading.to_dict()))) == reading
    with pytest.raises(ValueError, match="proof of elimination: entry 'joint' is missing"):
        EliminationProof.from_dict({"weights": [1.0]})
