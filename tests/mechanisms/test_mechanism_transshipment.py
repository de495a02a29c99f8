"""Several routes for one buyer: against the one-route formula, a quadratic program, and what must hold everywhere."""

from __future__ import annotations

import json
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from bargain.economy.diversion import reexport_profit, reexport_share
from bargain.mechanisms.transshipment import (
    Routes,
    Transshipment,
    deterring_coverage,
    deterring_penalty,
    moved_shares,
    premium_fall,
    route_share,
    transship,
)

NAMES = ("TW", "IN", "JP", "KR", "EU")
units = st.floats(0, 1)
prices = st.floats(0, 20)
costs = st.floats(0.05, 40)


def several(**bounds):
    return st.lists(st.floats(**bounds), min_size=3, max_size=3)


@st.composite
def markets(draw):
    routes = Routes(
        ("TW", "IN", "JP"),
        margin=draw(several(min_value=0, max_value=10)),
        weight=draw(several(min_value=0.01, max_value=1)),
        willingness=draw(several(min_value=0, max_value=1)),
        tracing=draw(several(min_value=0, max_value=1)),
        penalty=draw(several(min_value=0, max_value=10)),
        concealment_cost=draw(several(min_value=0.1, max_value=20)),
        cap=draw(several(min_value=0, max_value=1)),
    )
    return routes, draw(units), draw(st.sampled_from([0.0, 0.5, 5.0, 50.0]))


def shipped(**changes):
    numbers = {"margin": 2.6, "weight": 0.2, "willingness": 0.5, "tracing": 0.6, "penalty": 1.0}
    return Routes(NAMES, **(numbers | {"concealment_cost": 11.8, "cap": 0.22} | changes))


@settings(deadline=None, max_examples=40)
@given(tracing=units, margin=prices, penalty=prices, kappa=costs, cap=units)
def test_one_route_is_the_one_route_formula(tracing, margin, penalty, kappa, cap):
    one = Routes(("X",), margin, 0.3, 1.0, tracing, penalty, kappa, cap)
    found = transship(one)
    alone = float(reexport_share(tracing, margin, penalty, kappa, cap))
    assert found.total == pytest.approx(alone, rel=0, abs=1e-12)
    assert found.profit[0] == pytest.approx(float(reexport_profit(alone, tracing, margin, penalty, kappa)), abs=1e-11)
    assert found.traced[0] == pytest.approx(tracing * alone, abs=1e-12)


def test_like_routes_share_what_one_would_move():
    found = transship(shipped())
    alone = float(reexport_share(0.6, 2.6, 1.0, 11.8, 0.22))
    np.testing.assert_allclose(found.moved, 0.1 * alone, atol=1e-15)
    assert found.premium_fall == 0.0


@settings(deadline=None, max_examples=40)
@given(markets())
def test_nobody_gains_by_moving_another_amount_and_the_market_clears(market):
    routes, demand, slope = market
    found = transship(routes, demand, slope)
    assert found.largest_gain <= 1e-9
    assert found.imbalance <= 1e-9
    assert found.total <= demand + 1e-9
    assert found.premium_fall >= slope * found.total - 1e-9
    if found.total < demand - 1e-9:
        assert found.premium_fall == pytest.approx(slope * found.total, abs=1e-9)


@pytest.mark.parametrize("seed", range(12))
def test_it_solves_the_concave_program(seed):
    rng = np.random.default_rng(seed)
    routes = Routes(
        ("a", "b", "c"),
        margin=rng.uniform(0, 5, 3),
        weight=rng.uniform(0.1, 1, 3),
        willingness=rng.uniform(0.2, 1, 3),
        tracing=rng.uniform(0, 0.9, 3),
        penalty=rng.uniform(0, 3, 3),
        concealment_cost=rng.uniform(1, 10, 3),
        cap=rng.uniform(0.1, 1, 3),
    )
    demand, slope = rng.uniform(0.02, 0.4), rng.choice([0.0, 3.0])
    phi = routes.weight / routes.weight.sum() * routes.willingness
    free = 1 - routes.tracing

    def lost(x):
        linear = (routes.margin - routes.tracing * routes.penalty / free) @ x
        return -(linear - (routes.concealment_cost * x**2 / (2 * phi * free)).sum() - slope * x.sum() ** 2 / 2)

    program = minimize(
        lost,
        np.full(3, 1e-3),
        bounds=[(0, top) for top in phi * routes.cap],
        constraints={"type": "ineq", "fun": lambda x: demand - x.sum()},
        method="SLSQP",
        options={"ftol": 1e-13, "maxiter": 500},
    )
    found = transship(routes, demand, slope)
    np.testing.assert_allclose(found.moved, program.x, atol=2e-5)
    assert lost(found.moved) <= program.fun + 1e-9


@settings(deadline=None, max_examples=40)
@given(markets(), st.integers(0, 2), units, st.sampled_from(["tracing", "penalty"]))
def test_pressure_on_a_route_moves_less_over_it_and_never_less_over_the_others(market, route, more, name):
    routes, demand, slope = market
    numbers = np.array(getattr(routes, name))
    high = numbers[route] + more * ((1.0 if name == "tracing" else 30.0) - numbers[route])
    before = transship(routes, demand, slope)
    after = transship(routes.with_numbers({name: {routes.names[route]: high}}), demand, slope)
    others = np.arange(3) != route
    assert after.moved[route] <= before.moved[route] + 1e-9
    assert (after.moved[others] >= before.moved[others] - 1e-9).all()
    assert after.total <= before.total + 1e-9
    if slope == 0.0 and before.total < demand - 1e-9:
        np.testing.assert_allclose(after.moved[others], before.moved[others], atol=1e-12)


@settings(deadline=None, max_examples=40)
@given(markets())
def test_nothing_moves_at_full_tracing_or_from_the_deterring_coverage_on(market):
    routes, demand, slope = market
    assert transship(routes.with_numbers({"tracing": 1.0}), demand, slope).total == 0.0
    shut = Routes(**{**vars(routes), "tracing": routes.deterring_coverage})
    assert transship(shut, demand, slope).total == pytest.approx(0.0, abs=1e-12)


@settings(deadline=None, max_examples=40)
@given(margin=st.floats(0.01, 20), penalty=prices, below=st.floats(0.01, 0.99))
def test_the_deterring_coverage_and_penalty_are_where_the_first_unit_stops_to_pay(margin, penalty, below):
    edge = float(deterring_coverage(margin, penalty))
    assert reexport_share(edge * below, margin, penalty, 1.0, 1.0) > 0.0
    assert reexport_share(edge, margin, penalty, 1.0, 1.0) == pytest.approx(0.0, abs=1e-12)
    assert float(deterring_penalty(margin, edge)) == pytest.approx(penalty, rel=1e-9, abs=1e-9)
    assert deterring_coverage(0.0, 0.0) == 0.0
    assert deterring_penalty(margin, 0.0) == np.inf


def test_routes_that_compete_give_way_to_one_another():
    free = shipped(tracing=0.2, willingness=1.0)
    loose, tight = transship(free, slope=5.0), transship(free.with_numbers({"tracing": {"IN": 1.0}}), slope=5.0)
    assert tight.moved[1] == 0.0
    assert tight.moved[0] > loose.moved[0]
    assert loose.total - loose.moved[1] < tight.total < loose.total


def test_arrays_of_parameters():
    rng = np.random.default_rng(3)
    phi, tracing = rng.dirichlet(np.ones(4), 6), rng.uniform(0, 1, (6, 4))
    demand, slope = rng.uniform(0, 0.3, 6), np.where(rng.random(6) < 0.5, 0.0, 2.0)
    many = moved_shares(phi, tracing, 3.0, 1.0, 4.0, 0.5, demand, slope)
    falls = premium_fall(phi, tracing, 3.0, 1.0, 4.0, 0.5, demand, slope)
    for k in range(6):
        one = Routes(("a", "b", "c", "d"), 3.0, phi[k], 1.0, tracing[k], 1.0, 4.0, 0.5)
        found = transship(one, demand[k], slope[k])
        np.testing.assert_allclose(many[k], found.moved, atol=1e-13)
        assert falls[k] == pytest.approx(found.premium_fall, abs=1e-13)


def test_shares_of_the_trade():
    assert route_share(0.2, 1.0, 0.5) == pytest.approx(0.1)
    assert route_share(0.0, 0.0, 1.0) == 0.0


def test_round_trip():
    found = transship(shipped(), 0.01, 2.0)
    assert Transshipment.from_dict(json.loads(json.dumps(found.to_dict()))) == found
    assert pickle.loads(pickle.dumps(found)) == found


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: shipped(tracing=1.3), r"tracing = 1\.3 is not in \[0, 1\]"),
        (lambda: shipped(penalty=[1.0, 2.0]), r"penalty of shape \(2,\) is not one number for each"),
        (lambda: shipped(concealment_cost=0.0), "concealment_cost = 0 is not positive"),
        (lambda: Routes((), 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0), "not different names"),
        (lambda: shipped().with_numbers({"tracings": 0.5}), "did you mean 'tracing'"),
        (lambda: shipped().with_numbers({"tracing": {"TWN": 0.5}}), "did you mean 'TW'"),
        (lambda: transship(shipped(), demand=2.0), r"demand = 2\.0 is not in"),
        (lambda: transship(shipped(), slope=-1.0), r"slope = -1\.0 is not in"),
    ],
)
def test_bad_numbers(make, message):
    with pytest.raises(ValueError, match=message):
        make()
