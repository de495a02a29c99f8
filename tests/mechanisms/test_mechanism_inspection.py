"""Inspection games: one round against the general solvers, several rounds against a linear program of the whole."""

from __future__ import annotations

import itertools
import json
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from bargain.games import StageGame
from bargain.mechanisms.inspection import (
    Inspection,
    InspectionRounds,
    inspection_game,
    inspection_rounds,
    inspection_value,
)
from bargain.solvers import Stackelberg, SupportEnumeration, solve

amounts = st.floats(0.05, 20.0)
counts = st.integers(1, 12)


def stage(cost, found, fine, gain):
    return StageGame.from_bimatrix(
        [[-found, -cost], [-1.0, 0.0]], [[-fine, 0.0], [gain, 0.0]], ("inspector", "inspectee")
    )


def test_reference_case():
    game = inspection_game(cost=0.2, found=0.5, fine=2.0, gain=1.0)
    assert game.inspect == pytest.approx(1 / 3, abs=1e-12)
    assert game.violate == pytest.approx(2 / 7, abs=1e-12)
    assert game.inspector == pytest.approx(-0.2857, abs=5e-5)
    assert game.leader == pytest.approx(-0.0667, abs=5e-5)
    assert game.obeyed
    assert Inspection.from_dict(json.loads(json.dumps(game.to_dict()))) == game


@settings(max_examples=8, deadline=None)
@given(cost=st.floats(0.05, 3.0), found=st.floats(0.0, 0.95), fine=amounts, gain=amounts)
def test_one_round_is_what_the_general_solvers_find(cost, found, fine, gain):
    mine, game = inspection_game(cost, found, fine, gain), stage(cost, found, fine, gain)
    (together,) = solve(game, SupportEnumeration()).equilibria
    np.testing.assert_allclose([row[0] for row in together.profile], [mine.inspect, mine.violate], atol=1e-9)
    np.testing.assert_allclose(together.payoffs, [mine.inspector, mine.inspectee], atol=1e-9)
    assert solve(game, Stackelberg(leader="inspector")).value == pytest.approx(mine.leader, abs=1e-7)


@settings(deadline=None, max_examples=40)
@given(cost=amounts, found=st.floats(0.0, 0.999), fine=amounts, gain=amounts)
def test_a_leading_inspector_has_at_least_as_much(cost, found, fine, gain):
    game = inspection_game(cost, found, fine, gain)
    assert game.leader >= game.inspector - 1e-12


def test_a_leader_does_not_insist_on_a_law_that_costs_more_than_its_breach():
    game = inspection_game(cost=0.9, found=0.1, fine=0.1, gain=1.0)
    assert not game.obeyed
    assert game.leader == pytest.approx(0.9 / 1.1 - 1.0)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"cost": 0.0}, "cost = 0 is not finite and > 0"),
        ({"found": 1.0}, r"found = 1 is not in \[0, 1\)"),
        ({"fine": np.nan}, "fine = nan"),
        ({"gain": np.inf}, "gain = inf"),
    ],
)
def test_bad_numbers_of_one_round(change, message):
    with pytest.raises(ValueError, match=message):
        inspection_game(**({"cost": 0.2, "found": 0.5, "fine": 2.0, "gain": 1.0} | change))


# ---------------------------------------------------------------- several rounds


def by_hand(n, k, fine, gain):
    assert (n, k) == (2, 1)
    return -(gain**2) / (fine + 2 * gain)


def test_two_rounds_one_inspection():
    assert inspection_rounds(2, 1).value == pytest.approx(-1 / 3, abs=1e-15)
    assert inspection_rounds(2, 1, 3.0, 2.0).value == pytest.approx(by_hand(2, 1, 3.0, 2.0), abs=1e-14)


def plans(rounds, seen=()):
    """Every plan of the inspectee from a history of looks on: a dictionary history -> violate or not."""
    if len(seen) == rounds:
        return [{}]
    wait = [{seen: False, **a, **b} for a in plans(rounds, (*seen, 0)) for b in plans(rounds, (*seen, 1))]
    return [{seen: True}, *wait]


def outcome(looks, plan, fine, gain):
    seen = ()
    for look in looks:
        if plan[seen]:
            return fine if look else -gain
        seen = (*seen, look)
    return 0.0


@pytest.mark.parametrize(("n", "k"), [(n, k) for n in (1, 2, 3) for k in range(n + 1)] + [(4, 1), (4, 2)])
@pytest.mark.parametrize(("fine", "gain"), [(1.0, 1.0), (2.5, 0.7)])
def test_the_value_is_that_of_the_whole_game_in_normal_form(n, k, fine, gain):
    looks = [row for row in itertools.product((0, 1), repeat=n) if sum(row) <= k]
    replies = plans(n)
    payoffs = np.array([[outcome(row, plan, fine, gain) for plan in replies] for row in looks])
    # max v  s.t.  the mixture over rows secures v against every plan.
    rows = np.hstack([-payoffs.T, np.ones((len(replies), 1))])
    whole = np.append(np.ones(len(looks)), 0.0)[None]
    program = linprog(
        np.append(np.zeros(len(looks)), -1.0),
        A_ub=rows,
        b_ub=np.zeros(len(replies)),
        A_eq=whole,
        b_eq=[1.0],
        bounds=[(0, None)] * len(looks) + [(None, None)],
    )
    assert inspection_rounds(n, k, fine, gain).value == pytest.approx(-program.fun, abs=1e-9)


@settings(deadline=None, max_examples=40)
@given(n=counts, k=st.integers(0, 12), fine=amounts, gain=amounts)
def test_the_recursion_is_the_closed_form_and_an_equilibrium(n, k, fine, gain):
    game = inspection_rounds(n, k, fine, gain)
    assert game.value == pytest.approx(inspection_value(n, k, fine, gain), rel=1e-9, abs=1e-12 * gain)
    assert game.largest_gain <= 1e-12 * (fine + gain)
    assert ((game.inspect >= 0) & (game.inspect <= 1) & (game.violate >= 0) & (game.violate <= 1)).all()


@settings(deadline=None, max_examples=40)
@given(n=counts, k=st.integers(0, 11), fine=amounts, gain=amounts)
def test_more_looks_and_larger_fines_never_hurt_the_inspector_more_rounds_do(n, k, fine, gain):
    value = inspection_value(n, k, fine, gain)
    assert inspection_value(n, k + 1, fine, gain) >= value - 1e-12
    assert inspection_value(n, k, 2 * fine, gain) >= value - 1e-12
    assert inspection_value(n + 1, k, fine, gain) <= value + 1e-12


def test_the_certificate_sees_a_wrong_strategy():
    from bargain.mechanisms.inspection import _largest_gain

    game = inspection_rounds(3, 1)
    assert _largest_gain(game.values, 0.5 * game.inspect, game.violate, 1.0, 1.0) > 0.05


def test_round_trip_and_bad_numbers():
    game = inspection_rounds(4, 2, 2.0)
    assert InspectionRounds.from_dict(json.loads(json.dumps(game.to_dict()))) == game
    assert pickle.loads(pickle.dumps(game)) == game
    for arguments, message in (
        ((0, 1), "rounds = 0 is not a whole number >= 1"),
        ((2, -1), "inspections = -1"),
        ((2.5, 1), "rounds = 2.5"),
        ((2, 1, 0.0), "fine = 0 is not"),
        ((2, 1, 1.0, np.inf), "gain = inf"),
    ):
        with pytest.raises(ValueError, match=message):
            inspection_rounds(*arguments)
