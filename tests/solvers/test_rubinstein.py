import json
import pickle
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bargain.games.alternating_offers import OfferStrategies
from bargain.games.bargaining import BargainingProblem
from bargain.games.bargaining_frontier import BargainingFrontier
from bargain.solvers.bargaining import NashBargaining
from bargain.solvers.base import Proposal, Solution, Status, solve
from bargain.solvers.rubinstein import Rubinstein

PIE = BargainingProblem([[1, 0], [0, 1]], [0, 0], ("US", "CN"))
SMOOTH_PIE = BargainingFrontier("1 - u1", (0, 1))


@pytest.mark.parametrize("problem", [PIE, SMOOTH_PIE])
@pytest.mark.parametrize(
    ("solver", "share"),
    [
        (Rubinstein((0.9, 0.8)), 0.2 / 0.28),
        (Rubinstein((0.0, 0.8)), 0.2),
        (Rubinstein(1.0, 0.1, (0.2, 0.1)), 0.108 / 0.19),
        (Rubinstein(0.9, outside_options=(None, 0.3)), 1 / 1.9),
        (Rubinstein(0.9, outside_options=(None, 0.6)), 0.4),
        (Rubinstein(0.9, outside_options=(0.0, 0.6)), 0.4),
    ],
)
def test_closed_forms(problem, solver, share):
    solution = solve(problem, solver)
    assert solution.agreement
    np.testing.assert_allclose(solution.payoffs, [share, 1 - share], atol=1e-12)
    assert solution.certificate.holds


def test_rare_breakdown_is_the_nash_solution_with_the_breakdown_point():
    solution = solve(PIE, Rubinstein(1.0, 1e-6, (0.2, 0.1)))
    np.testing.assert_allclose(solution.payoffs, [0.55, 0.45], atol=1e-6)
    # The same on a curved frontier, and with weights where patience differs (Binmore, Rubinstein and Wolinsky 1986).
    root = BargainingFrontier("sqrt(1 - u1)", (0, 1))
    patient = solve(root, Rubinstein((np.exp(-1e-5), np.exp(-2e-5))))
    np.testing.assert_allclose(patient.payoffs, solve(root, NashBargaining((2, 1))).payoffs, atol=1e-4)


def test_who_offers_first_matters():
    second = solve(PIE, Rubinstein((0.9, 0.8), first="CN"))
    np.testing.assert_allclose(second.payoffs, [0.9 * 0.2 / 0.28, 0.1 / 0.28], atol=1e-12)
    assert solve(PIE, Rubinstein((0.9, 0.8), first=1)).payoffs.tolist() == second.payoffs.tolist()
    np.testing.assert_allclose(second.play.offers[0], [0.2 / 0.28, 0.08 / 0.28], atol=1e-12)


@pytest.mark.parametrize(
    ("solver", "payoffs", "opts_out"),
    [
        (Rubinstein(0.9, outside_options=(0.6, 0.6)), [0.6, 0.6], (True, True)),
        (Rubinstein(0.9, outside_options=(0.9, 0.3)), [0.9, 0.3], (True, True)),
        # The first player has no option: he gets the threat point when the second one opts out.
        (Rubinstein(0.9, outside_options=(None, 1.2)), [0.0, 1.2], (False, True)),
        # Breakdown is better than the pie for both: they wait for it.
        (Rubinstein(1.0, 0.5, (0.9, 0.9)), [0.9, 0.9], (False, False)),
    ],
)
def test_no_agreement_where_the_pie_is_too_small(solver, payoffs, opts_out):
    solution = solve(PIE, solver)
    assert solution.status is Status.SOLVED
    assert not solution.agreement
    np.testing.assert_allclose(solution.payoffs, payoffs, atol=1e-12)
    assert solution.play.opts_out == opts_out


def test_an_impatient_owner_of_an_option_agrees_when_he_offers():
    # Waiting for the option halves it: the second player prefers the whole pie now to 0.6, but opts out as responder.
    solver = Rubinstein(0.5, outside_options=(None, 1.2), first=1)
    solution = solve(PIE, solver)
    assert solution.agreement
    np.testing.assert_allclose(solution.payoffs, [0, 1], atol=1e-12)


@pytest.mark.parametrize("threat", [[1, 1], [0.5, 0.5], [2, 0.1]])
def test_degenerate_problems_have_an_answer(threat):
    solution = solve(PIE.with_threat_point(threat), Rubinstein(0.9))
    assert solution.status is Status.SOLVED
    np.testing.assert_allclose(solution.payoffs, threat, atol=1e-9)
    point = solve(BargainingProblem([[3, 4]], [0, 0]), Rubinstein(0.9))
    np.testing.assert_allclose(point.payoffs, [3, 4])


def most(points, player, least):
    """Largest payoff of a player on the segments between all points while the other one has ``least``."""
    best = -np.inf
    for a in points:
        for b in points:
            low, high = sorted([a[1 - player], b[1 - player]])
            if low <= least <= high and high > low:
                share = (least - a[1 - player]) / (b[1 - player] - a[1 - player])
                best = max(best, a[player] + share * (b[player] - a[player]))
            best = max(best, max([x[player] for x in (a, b) if x[1 - player] >= least], default=-np.inf))
    return best


def backward_induction(points, threat, factors, q, broken, options, n_rounds):
    """Values before player 0 or 1 offers when after n_rounds the threat point is paid for ever."""
    later = [np.array(threat, dtype=float)] * 2
    for _ in range(n_rounds):
        now = []
        for proposer in (0, 1):
            responder = 1 - proposer
            refused = q * broken + (1 - q) * ((1 - factors) * threat + factors * later[responder])
            if options[responder] is not None and options[responder] > refused[responder]:
                refused = np.array([threat[k] if options[k] is None else options[k] for k in (0, 1)])
            own = most(points, proposer, refused[responder])
            value = refused.copy()
            if own >= refused[proposer]:
                value[proposer], value[responder] = own, max(refused[responder], most(points, responder, own))
            now.append(value)
        later = now
    return later


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 2**32 - 1), st.booleans(), st.sampled_from([1e-5, 1.0, 1e5]))
def test_limit_of_finite_horizons(seed, with_options, size):
    rng = np.random.default_rng(seed)
    points = rng.uniform(0.0, 1.0, (5, 2)) * size
    threat = points.min(axis=0) - 0.1 * size
    factors, q = rng.uniform(0.2, 0.8, 2), float(rng.choice([0.0, 0.2]))
    broken = threat + rng.uniform(0.0, 0.3, 2) * size
    options = tuple(float(o) for o in rng.uniform(0.0, 0.6, 2) * size) if with_options else (None, None)
    solver = Rubinstein(tuple(factors), q, tuple(broken), options, first=int(rng.integers(2)))
    solution = solve(BargainingProblem(points, threat), solver)
    assert solution.success, solution.rejected
    expected = backward_induction(points, threat, factors, q, broken, options, 80)[solver.first]
    np.testing.assert_allclose(solution.payoffs, expected, atol=1e-7 * size)


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(0.1, 0.95), st.floats(0.0, 0.3))
def test_patience_and_a_better_breakdown_never_hurt(seed, factor, rise):
    points = np.random.default_rng(seed).uniform(0.0, 1.0, (5, 2))
    problem = BargainingProblem(points, points.min(axis=0) - 0.1)
    plain = solve(problem, Rubinstein((factor, 0.7))).payoffs[0]
    assert solve(problem, Rubinstein((min(factor + rise / 8, 0.99), 0.7))).payoffs[0] >= plain - 1e-9
    broken = problem.threat_point
    low = solve(problem, Rubinstein((factor, 0.7), 0.2)).payoffs[0]
    better = Rubinstein((factor, 0.7), 0.2, (broken[0] + rise, broken[1]))
    assert solve(problem, better).payoffs[0] >= low - 1e-9


@dataclass(frozen=True)
class FixedPlay(Rubinstein):
    offers: tuple = ()
    opts_out: tuple = (False, False)

    def propose(self, game):
        return Proposal(candidates=(OfferStrategies(self.offers, (True, True), self.opts_out),))


@pytest.mark.parametrize(
    ("offers", "opts_out", "reason"),
    [
        (((0.70, 0.30), (0.643, 0.357)), (False, False), "no better offer"),
        (((0.72, 0.28), (0.648, 0.352)), (False, False), "accepted offers are as good as rejecting"),
        (((0.8, 0.3), (0.65, 0.36)), (False, False), "offers are feasible"),
        (((0.2 / 0.28, 0.08 / 0.28), (0.18 / 0.28, 0.1 / 0.28)), (False, True), "opting out"),
    ],
)
def test_wrong_play_is_refused(offers, opts_out, reason):
    solution = solve(PIE, FixedPlay((0.9, 0.8), offers=offers, opts_out=opts_out))
    assert solution.status is Status.REJECTED_ALL
    assert reason in solution.rejected[0].reason
    assert solution.play is None


def test_results_are_plain_data():
    for solver in (Rubinstein((0.9, 0.8)), Rubinstein(0.9, 0.1, (0, 0.1), (None, 1.5))):
        solution = solve(PIE, solver)
        text = json.dumps(solution.to_dict())
        assert json.dumps(solve(PIE, solver).to_dict()) == text
        assert Solution.from_dict(json.loads(text)) == solution == pickle.loads(pickle.dumps(solution))
    assert solve(PIE, Rubinstein(0.9, time_limit=0.0)).status is Status.STOPPED_EARLY


def test_bad_settings():
    with pytest.raises(ValueError, match="nothing makes a player"):
        Rubinstein((1.0, 0.5))
    with pytest.raises(ValueError, match=r"discount_factors: 1.2 is not a finite number in \[0, 1\]"):
        Rubinstein((1.2, 0.5))
    with pytest.raises(ValueError, match="breakdown_probability: nan"):
        Rubinstein(0.9, np.nan)
    with pytest.raises(ValueError, match="not one number for each of two players"):
        Rubinstein((0.9, 0.9, 0.9))
    with pytest.raises(ValueError, match="outside_options: inf"):
        Rubinstein(0.9, outside_options=(None, np.inf))
    with pytest.raises(ValueError, match="did you mean 'CN'"):
        solve(PIE, Rubinstein(0.9, first="CNN"))
    with pytest.raises(ValueError, match="games of 2 players, this one has 3"):
        solve(BargainingProblem(np.eye(3), np.zeros(3)), Rubinstein(0.9))
