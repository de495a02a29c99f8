import pickle

import numpy as np
import pytest
from known_markov_games import ABREU_COURNOT, COMMON_INTEREST, MATCHING_PENNIES, PRISONERS, public_goods

from bargain.games import StageGame
from bargain.games.automaton import certify_automaton
from bargain.games.repeated import RepeatedGame
from bargain.games.simple_strategies import grim_trigger, stick_and_carrot
from bargain.solvers import solve
from bargain.solvers.critical_discount import (
    critical_discount_factor,
    grim_trigger_factor,
    liquidity_steps,
    stick_and_carrot_factor,
)
from bargain.solvers.enforceable import EnforceableDeals
from bargain.solvers.subgame_perfect import SubgamePerfectPayoffs


@pytest.mark.parametrize(
    ("game", "target", "options", "expected"),
    [
        (PRISONERS, (0, 0), {}, 1 / 7),
        (PRISONERS, (0, 0), {"strategies": "grim"}, 1 / 7),
        (PRISONERS, (0, 0), {"transfers": True}, 1 / 7),
        (PRISONERS, (9.0, 9.0), {}, 1 / 7),
        (PRISONERS, (1, 1), {}, 0.0),
        (PRISONERS, (1, 1), {"strategies": "grim"}, 0.0),
        (PRISONERS, (3.0, 3.0), {}, 0.0),
        (PRISONERS, (9.75, 3.0), {}, 0.25),
        (PRISONERS, (10.0, 9.0), {}, np.inf),
        (ABREU_COURNOT, (0, 0), {"strategies": "grim"}, 5 / 8),
        (ABREU_COURNOT, (0, 0), {"transfers": True}, 1 / 3),
        (ABREU_COURNOT, (0, 0), {}, 1 / 3),
        (ABREU_COURNOT, (1, 0), {"transfers": True}, 1 / 4),
        (ABREU_COURNOT, (7.0, 7.0), {"transfers": True}, 0.0),
        (ABREU_COURNOT, (9.0, 9.0), {"transfers": True}, 1 / 4),
        (ABREU_COURNOT, (2.0, 2.0), {"transfers": True}, 1 / 4),
        (ABREU_COURNOT, (10.0, 10.0), {"transfers": True}, 1 / 3),
        (ABREU_COURNOT, (11.0, 11.0), {"transfers": True}, np.inf),
        (public_goods(), (0, 0, 0), {"strategies": "grim"}, 1 / 3),
        (public_goods(), (0, 0, 0), {"strategies": "grim", "transfers": True}, 1 / 3),
        (public_goods(), (0, 0, 0), {"transfers": True}, 1 / 3),
        (MATCHING_PENNIES, (0, 0), {"strategies": "grim"}, np.inf),
        (MATCHING_PENNIES, (0, 0), {}, np.inf),
        (PRISONERS, (0, 1), {}, np.inf),
        (PRISONERS, (2.5, 5.0), {}, np.inf),
        (COMMON_INTEREST, ("action_1", "action_1"), {}, 0.0),
    ],
)
def test_known_thresholds(game, target, options, expected):
    found = critical_discount_factor(game, target, **options)
    assert found == pytest.approx(expected, abs=2e-12)
    again = pickle.loads(pickle.dumps(found))
    assert (again, again.bracket, again.note) == (found, found.bracket, found.note)


def test_the_bracket_is_certified_on_both_sides():
    for target, exact in (((0, 0), True), ((4.0, 9.0), False)):
        found = critical_discount_factor(PRISONERS, target)
        lower, upper = found.bracket
        assert lower < found < upper < lower + 2e-3  # Just above a jump the algorithm is slow.
        assert found.exact is exact
        assert "certified: sustained at" in found.note


@pytest.mark.parametrize(("n_firms", "expected"), [(2, 9 / 17), (3, 4 / 7), (4, 0.6098)])
def test_linear_cournot_under_grim_trigger(n_firms, expected):
    cooperation, nash = 1 / (4 * n_firms), 1 / (n_firms + 1) ** 2
    deviation = ((n_firms + 1) / (4 * n_firms)) ** 2
    found = grim_trigger_factor(cooperation, deviation, nash)
    assert found == pytest.approx((n_firms + 1) ** 2 / ((n_firms + 1) ** 2 + 4 * n_firms))
    assert found == pytest.approx(expected, abs=5e-5)


def cournot_grid(quantities):
    own = np.asarray(quantities)
    margin = 1.0 - own[:, None] - own
    return StageGame.from_bimatrix(own[:, None] * margin, own * margin)


def test_cournot_duopoly_on_a_grid_with_its_exact_outputs():
    # Half the monopoly output, the best deviation from it, the Cournot output.
    game = cournot_grid([1 / 4, 3 / 8, 1 / 3])
    assert critical_discount_factor(game, (0, 0), strategies="grim") == pytest.approx(9 / 17)


def test_symmetric_stick_and_carrot_in_cournot_without_price_floor():
    stick = np.linspace(0.34, 0.49, 1501)
    found = stick_and_carrot_factor(1 / 8, 9 / 64, stick * (1 - 2 * stick), ((1 - stick) / 2) ** 2)
    assert found == pytest.approx(9 / 32, abs=3e-4)
    assert stick_and_carrot_factor(1 / 8, 9 / 64, [5 / 72], [49 / 576]) == pytest.approx(9 / 32)
    # Asymmetric penal codes go lower: on a grid with the outputs that matter.
    game = cournot_grid([1 / 4, 3 / 8, 1 / 3, 5 / 12, 7 / 24, 0.5, 0.0, 0.2])
    assert critical_discount_factor(game, (0, 0)) <= 9 / 32 + 1e-9
    assert certify_automaton(
        RepeatedGame(game, 9 / 32), stick_and_carrot(game, (0, 0), (3, 3)), tolerance=1e-12
    ).certificate.holds
    assert not certify_automaton(
        RepeatedGame(game, 9 / 32 - 1e-6), stick_and_carrot(game, (0, 0), (3, 3))
    ).certificate.holds


def tariff_payoffs(own, foreign):
    """Importer demand 1 - p, exporter endowment 1, specific tariffs; welfare from both markets."""
    imports = (1 - own) ** 2 / 8 + own * (1 - own) / 2
    exports = (1 + foreign) ** 2 / 8 + (1 - foreign) / 2
    return imports + exports


def tariff_game(levels):
    table = tariff_payoffs(np.asarray(levels)[:, None], np.asarray(levels)[None, :])
    return StageGame.from_bimatrix(table, table.T)


@pytest.mark.parametrize(("discount_factor", "tariff"), [(0.2, 0.238095), (0.4, 0.128205), (0.5, 0.066667), (0.6, 0.0)])
def test_the_lowest_self_enforcing_tariff(discount_factor, tariff):
    exact = (1 / 3) * max(0.0, (3 - 5 * discount_factor) / (3 - discount_factor))
    assert exact == pytest.approx(tariff, abs=1e-6)
    game = tariff_game([exact, 1 / 3])
    assert critical_discount_factor(game, (0, 0), strategies="grim") == pytest.approx(discount_factor)
    cooperation, punishment = tariff_payoffs(exact, exact), tariff_payoffs(1 / 3, 1 / 3)
    found = grim_trigger_factor(cooperation, tariff_payoffs(1 / 3, exact), punishment)
    assert found == pytest.approx(discount_factor)


def test_free_trade_by_stick_and_carrot():
    stick = np.linspace(0.334, 0.999, 2001)
    found = stick_and_carrot_factor(
        tariff_payoffs(0, 0), tariff_payoffs(1 / 3, 0), tariff_payoffs(stick, stick), tariff_payoffs(1 / 3, stick)
    )
    assert found == pytest.approx(3 / 8, abs=3e-4)


def test_degenerate_thresholds():
    assert grim_trigger_factor(2.0, 1.0, 5.0) == 0.0
    assert grim_trigger_factor(2.0, 3.0, 2.0) == np.inf
    assert stick_and_carrot_factor(2.0, 2.0, [1.0], [1.0]) == 0.0
    assert stick_and_carrot_factor(2.0, 3.0, [2.0], [2.0]) == np.inf
    assert stick_and_carrot_factor(2.0, 5.0, [1.0], [1.0]) == np.inf
    with pytest.raises(ValueError, match="1 sticks and 2 stick_deviations"):
        stick_and_carrot_factor(2.0, 3.0, [1.0], [1.0, 2.0])


def test_grim_trigger_against_its_automaton():
    rng = np.random.default_rng(0)
    seen = 0
    for _ in range(150):
        game = StageGame(rng.normal(size=(3, 2, 2, 2)))
        target = tuple(int(i) for i in rng.integers(0, 2, size=3))
        found = critical_discount_factor(game, target, strategies="grim")
        if not 0.0 < found < 0.999:
            continue
        seen += 1
        for shift, holds in ((1e-5, True), (-1e-5, False)):
            play = certify_automaton(RepeatedGame(game, found + shift), grim_trigger(game, target))
            assert play.certificate.holds is holds
    assert seen >= 5


def test_optimal_is_at_most_grim_and_transfers_help_where_players_are_alike():
    rng = np.random.default_rng(1)
    for _ in range(20):
        table = rng.integers(0, 9, size=(3, 3)).astype(float)
        game = StageGame.from_bimatrix(table, table.T)
        target = (int(rng.integers(3)),) * 2
        grim = critical_discount_factor(game, target, strategies="grim")
        optimal = critical_discount_factor(game, target)
        assert optimal <= grim + 1e-9
        assert critical_discount_factor(game, target, transfers=True) <= optimal + 1e-9


def test_liquidity_steps_by_hand():
    needs, joint, worst = liquidity_steps(ABREU_COURNOT)
    assert needs.tolist() == [0, 4, 6, 8, 10, 30]
    assert joint.tolist() == [14, 18, 18, 18, 20, 20]
    assert worst.tolist() == [[7, 7], [7, 7], [0, 0], [0, 0], [0, 0], [0, 0]]


def bounds_with_transfers(game, discount_factor):
    """Largest joint payoff and punishments that liquidity allows at a discount factor."""
    needs, joint, worst = liquidity_steps(game)
    gap = joint - worst.sum(axis=1)
    allowed = np.flatnonzero((1 - discount_factor) * needs <= discount_factor * gap + 1e-9)
    return (joint[allowed[-1]], worst[allowed[-1]]) if len(allowed) else None


def test_liquidity_is_that_of_enforceable_deals():
    rng = np.random.default_rng(2)
    for n_actions in ((3, 3), (2, 4), (2, 2, 2)) * 3:
        game = StageGame(rng.integers(0, 9, size=(len(n_actions), *n_actions)).astype(float))
        for discount_factor in (0.25, 0.6, 0.9):
            deals = solve(RepeatedGame(game, discount_factor), EnforceableDeals())
            expected = bounds_with_transfers(game, discount_factor)
            if expected is None:
                assert not deals.exists.any()
                continue
            np.testing.assert_allclose(deals.joint_value, [expected[0]], atol=1e-8)
            np.testing.assert_allclose(deals.punishments, [expected[1]], atol=1e-8)


def test_sets_without_transfers_lie_inside_those_with_transfers_in_200_random_games():
    rng = np.random.default_rng(3)
    for _ in range(200):
        shape = (2, *rng.integers(2, 5, size=2))
        game = StageGame(rng.integers(0, 5, size=shape) if rng.random() < 0.5 else rng.normal(size=shape))
        discount_factor = float(rng.uniform(0.0, 0.95))
        vertices = solve(RepeatedGame(game, discount_factor), SubgamePerfectPayoffs()).vertices
        bounds = bounds_with_transfers(game, discount_factor)
        if len(vertices):
            assert vertices.sum(axis=1).max() <= bounds[0] + 1e-8
            assert (vertices.min(axis=0) >= bounds[1] - 1e-8).all()


def test_payoff_scale_changes_nothing():
    for scale in (1e-6, 1e6):
        game = StageGame(ABREU_COURNOT.payoffs * scale)
        for options, expected in (({}, 1 / 3), ({"transfers": True}, 1 / 3), ({"strategies": "grim"}, 5 / 8)):
            assert critical_discount_factor(game, (0, 0), **options) == pytest.approx(expected, abs=1e-10)


@pytest.mark.parametrize(
    ("arguments", "options", "error", "message"),
    [
        ((PRISONERS, (0, 0)), {"strategies": "grimm"}, ValueError, "neither 'grim' nor 'optimal'"),
        ((PRISONERS, (9.0, 9.0)), {"strategies": "grim"}, ValueError, "sustains a profile, not payoffs"),
        ((PRISONERS, (9.0, 9.0, 9.0)), {}, ValueError, "not one payoff for each"),
        ((PRISONERS, (np.nan, 9.0)), {}, ValueError, "is not finite"),
        ((PRISONERS, ("action_1", "acton_2")), {}, ValueError, "action_2"),
        ((public_goods(), (0, 0, 0)), {}, ValueError, "use strategies='grim' or transfers=True"),
        (("game", (0, 0)), {}, TypeError, "not a StageGame or a RepeatedGame"),
    ],
)
def test_wrong_input(arguments, options, error, message):
    with pytest.raises(error, match=message):
        critical_discount_factor(*arguments, **options)


def test_a_profile_that_nothing_sustains_has_no_number():
    game = StageGame.from_bimatrix([[-1, 0, -2], [-4, 0, -3], [-1, -1, -4]], [[4, -3, 1], [4, -4, 1], [-1, 4, -3]])
    found = critical_discount_factor(game, (2, 1))
    assert found == float("inf")
    assert "no discount factor is certified" in found.note
    assert found.bracket[0] > 0.99
