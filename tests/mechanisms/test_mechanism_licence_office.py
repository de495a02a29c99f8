"""The licence office's coverage and penalty: against search, and as substitutes."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from bargain.economy.diversion import reexport_share
from bargain.mechanisms.licence_office import Enforcement, LicenceOffice, best_coverage, coverage_for

amounts = st.floats(0.01, 10.0)
offices = st.builds(
    LicenceOffice,
    harm=st.floats(0, 20),
    margin=st.floats(0, 6),
    concealment_cost=st.floats(0.5, 20),
    cap=st.floats(0, 1),
    coverage_cost=amounts,
    penalty_cost=st.one_of(st.just(0.0), st.floats(0.001, 5)),
    largest_penalty=st.floats(0, 8),
    share=st.floats(0, 1),
)


def searched(office):
    """Least cost from a search that knows no first-order condition: a grid, then simplex steps from its best points."""
    t, f = np.linspace(0, 1, 61), np.linspace(0, office.largest_penalty, 61)
    table = office.cost(t[:, None], f)
    least = float(table.min())
    for k in np.argsort(table, axis=None)[:3]:
        i, j = np.unravel_index(k, table.shape)

        def cost(z):
            return float(office.cost(np.clip(z[0], 0, 1), np.clip(z[1], 0, office.largest_penalty)))

        found = minimize(cost, [t[i], f[j]], method="Nelder-Mead", options={"xatol": 1e-10, "fatol": 1e-13})
        least = min(least, float(found.fun))
    return least


@pytest.mark.parametrize("seed", range(10))
def test_no_policy_found_by_search_costs_less_and_one_costs_as_little(seed):
    rng = np.random.default_rng(seed)
    office = LicenceOffice(
        harm=rng.uniform(0, 10),
        margin=rng.uniform(0.5, 5),
        concealment_cost=rng.uniform(1, 10),
        cap=rng.uniform(0.2, 1),
        coverage_cost=rng.uniform(0.2, 4),
        penalty_cost=rng.choice([0.0, 0.05, 1.0]),
        largest_penalty=rng.uniform(0.5, 5),
    )
    best = office.best_policy()
    assert best.cost == pytest.approx(searched(office), rel=1e-5)
    assert best.cost == pytest.approx(float(office.cost(best.coverage, best.penalty)), abs=1e-12)


@settings(deadline=None, max_examples=40)
@given(offices)
def test_the_certificate_holds(office):
    best = office.best_policy()
    assert best.largest_gain <= 1e-9 * (1 + best.cost)
    assert best.cost <= best.cost_untraced + 1e-9
    assert 0 <= best.coverage <= 1
    assert 0 <= best.penalty <= office.largest_penalty
    if best.regime == "no diversion":
        assert best.diverted == 0.0


def test_each_regime_by_hand():
    base = {"margin": 2.0, "concealment_cost": 10.0, "cap": 1.0, "penalty_cost": 0.5, "largest_penalty": 10.0}
    assert LicenceOffice(harm=0.0, coverage_cost=1.0, **base).best_policy().regime == "no tracing"
    # q = h / kappa = 0.1, c g - q^2 = 0.49: T = 0.1 * 2 * 0.5 / 0.49, f = 0.1 T / 0.5.
    some = LicenceOffice(harm=1.0, coverage_cost=1.0, **base).best_policy()
    assert some.regime == "some diversion"
    assert some.coverage == pytest.approx(0.1 / 0.49)
    assert some.penalty == pytest.approx(0.2 * 0.1 / 0.49)
    full = LicenceOffice(harm=1e4, coverage_cost=1.0, **base).best_policy()
    assert full.regime == "no diversion"
    assert full.coverage * (2.0 + full.penalty) == pytest.approx(2.0)
    assert 0.5 * full.penalty * (2.0 + full.penalty) ** 3 == pytest.approx(4.0)


def test_costless_fines_are_set_as_high_as_they_go_and_save_coverage():
    numbers = {"harm": 1e4, "margin": 2.0, "concealment_cost": 10.0, "cap": 1.0, "coverage_cost": 1.0}
    policies = [LicenceOffice(penalty_cost=0.0, largest_penalty=f, **numbers).best_policy() for f in (0, 1, 4, 100)]
    assert [p.penalty for p in policies] == [0.0, 1.0, 4.0, 100.0]
    np.testing.assert_allclose([p.coverage for p in policies], [2 / (2 + f) for f in (0, 1, 4, 100)])


@settings(deadline=None, max_examples=40)
@given(st.floats(0.1, 6), st.floats(0, 8), st.floats(0, 0.9), st.floats(0.5, 20), st.floats(0.05, 1))
def test_along_a_line_of_like_diversion_penalty_replaces_coverage(margin, penalty, part, kappa, share):
    level = part * share * min(margin / kappa, 1.0)
    few, more = (float(coverage_for(level, margin, f, kappa, share)) for f in (penalty, penalty + 1e-5))
    assert share * reexport_share(few, margin, penalty, kappa, 1.0) == pytest.approx(level, abs=1e-9)
    assert (more - few) / 1e-5 == pytest.approx(-few / (margin + penalty), rel=1e-3, abs=1e-6)


@settings(deadline=None, max_examples=40)
@given(offices, st.floats(0, 8))
def test_the_best_coverage_at_a_given_penalty(office, penalty):
    terms = (office.margin, penalty, office.concealment_cost, office.cap)
    chosen = best_coverage(office.harm, *terms, office.coverage_cost, office.share)
    grid = np.linspace(0, 1, 2001)

    def cost(t):
        return office.harm * office.share * reexport_share(t, *terms) + 0.5 * office.coverage_cost * t**2

    assert cost(chosen) <= cost(grid).min() + 1e-9
    assert 0 <= chosen <= 1


@settings(deadline=None, max_examples=40)
@given(offices, st.floats(1, 5))
def test_more_harm_never_means_more_diversion(office, factor):
    worse = LicenceOffice(**{**vars(office), "harm": factor * office.harm})
    before, after = office.best_policy(), worse.best_policy()
    assert after.diverted <= before.diverted + 1e-7


def test_routes_as_arrays_round_trip_and_bad_numbers():
    chosen = best_coverage(5.0, [1.0, 3.0], 1.0, 10.0, 0.5, 1.0, [0.2, 0.8])
    assert chosen[1] > chosen[0] > 0.0
    best = LicenceOffice(1.0, 2.0, 10.0, 1.0, 1.0, 0.5, 4.0).best_policy()
    assert Enforcement.from_dict(json.loads(json.dumps(best.to_dict()))) == best
    with pytest.raises(ValueError, match="coverage_cost = 0 is not positive"):
        LicenceOffice(1.0, 2.0, 10.0, 1.0, 0.0, 0.5, 4.0)
    with pytest.raises(ValueError, match="harm = nan is not finite"):
        LicenceOffice(np.nan, 2.0, 10.0, 1.0, 1.0, 0.5, 4.0)
    with pytest.raises(ValueError, match="coverage_cost = 0 is not positive"):
        best_coverage(1.0, 2.0, 1.0, 10.0, 0.5, 0.0)
    with pytest.raises(ValueError, match="not both positive"):
        coverage_for(0.1, 2.0, 1.0, 10.0, 0.0)
