from dataclasses import dataclass, replace

import numpy as np
import pytest

from bargain.games.deal import Deal
from bargain.games.deal_bounds import EliminationProof
from bargain.solvers import Proposal, solve
from bargain.solvers.enforceable import EnforceableDeals
from bargain.solvers.enforceable_solution import DealCandidate
from tests.known_markov_games import two_state_prisoners


def other(record, **parts):
    names = list(record.__dataclass_fields__)
    return type(record)(**{**{name: getattr(record, name) for name in names}, **parts})


@dataclass(frozen=True)
class Wrong(EnforceableDeals):
    fault: str = ""

    def propose(self, game) -> Proposal:
        found = super().propose(game)
        deal, proof = found.candidates[0].deal, found.candidates[0].proof
        if self.fault == "payments":
            deal = other(deal, payments=np.zeros_like(deal.payments))
        elif self.fault == "plan":  # Defection for ever is an equilibrium, but not the best one.
            moves, payments = np.array(deal.moves), np.array(deal.payments)
            moves[:], payments[:] = 1, 0.0
            deal = other(deal, moves=moves, payments=payments, up_front=0.0 * deal.up_front, fines=0.0 * deal.fines)
        elif self.fault == "proof":
            proof = other(proof, joint=proof.joint - 1.0)
        elif self.fault == "shape":
            deal = other(deal, fines=deal.fines[:1])
        candidate: object = "nothing" if self.fault == "nothing" else DealCandidate(deal, proof)
        return replace(found, candidates=(candidate,))


@pytest.mark.parametrize(
    ("fault", "status", "scope", "reason"),
    [
        ("", "solved", "all", ""),
        ("payments", "rejected_all", "some", "a deviation gains"),
        ("plan", "solved", "some", ""),
        ("proof", "solved", "some", "is no bound"),
        ("shape", "rejected_all", "some", "fines has shape"),
        ("nothing", "rejected_all", "some", "no deal for this game"),
    ],
)
def test_wrong_proposals(fault, status, scope, reason):
    solution = solve(two_state_prisoners(0.7), Wrong(fault=fault))
    assert (solution.status, solution.scope) == (status, scope)
    assert reason in solution.message
    assert bool(solution.rejected) == bool(reason)
    if fault == "plan":
        np.testing.assert_allclose(solution.joint_value, solution.punishments.sum(axis=1))
        assert np.all(solution.joint_value < solution.joint_bound - 1.0)
    if status == "rejected_all":
        assert solution.deal is None
        assert np.isnan(solution.joint_value).all()


def test_dividing_the_surplus():
    solution = solve(two_state_prisoners(0.7), EnforceableDeals())
    deal = solution.deal_for((1.0, 0.0))
    assert isinstance(deal, Deal)
    assert isinstance(solution.proof, EliminationProof)
    from bargain.games.deal import certify_deal

    certificate = certify_deal(solution.game, deal)
    assert certificate.holds
    np.testing.assert_allclose(certificate.start_values, solution.share((1.0, 0.0)), atol=1e-9)
    np.testing.assert_allclose(solution.payoff_vertices(1)[0], solution.share((1.0, 0.0))[1])
    with pytest.raises(ValueError, match="no state 'state_3'; did you mean 'state_"):
        solution.payoff_vertices("state_3")
    with pytest.raises(ValueError, match="are not 2 numbers >= 0"):
        solution.share((1.0,))


def test_payments_in_a_table():
    solution = solve(two_state_prisoners(0.7), EnforceableDeals())
    frame = solution.payment_frame()
    assert frame.columns.tolist() == ["phase", "state", "next_state", "player", "paid"]
    phases = ["up-front", "fine player_1", "fine player_2", "path", "punish player_1", "punish player_2"]
    assert frame["phase"].unique().tolist() == phases
    totals = frame.groupby(["phase", "state", "next_state"], dropna=False)["paid"].sum()
    np.testing.assert_allclose(totals, 0.0, atol=1e-12)
    fines = frame[(frame["phase"] == "fine player_1") & (frame["player"] == "player_1")]["paid"]
    np.testing.assert_allclose(fines, solution.deal.fines[0, :, 0])
    assert len(solution.payment_frame("state_1")) == 2 * (3 + 3 * 2)
    broken = solve(two_state_prisoners(0.7), Wrong(fault="payments"))
    assert broken.payment_frame().empty
