import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from bargain.economy.inputs import (
    ces_bundle,
    ces_output,
    covered_share,
    denial_gain,
    denial_loss,
    elasticity_from_loss,
    forgone_rent,
    pooled_stock,
    round_shortage_loss,
    shortage_loss,
    supply_gap,
)

shares = st.floats(0, 1)
inner_shares = st.floats(0.01, 0.99)
elasticities = st.one_of(st.floats(0.02, 5), st.sampled_from([0.0, 1.0]))
cost_shares = st.floats(3e-4, 0.02)


def textbook_ces(supply, cost_share, elasticity):
    """[a M^((s-1)/s) + 1 - a]^(s/(s-1)), as it stands in the books."""
    power = (elasticity - 1) / elasticity
    return (cost_share * supply**power + 1 - cost_share) ** (1 / power)


# ---------------------------------------------------------------- the CES


@pytest.mark.parametrize(
    ("cost_share", "supply", "elasticity", "change_percent"),
    [
        (0.04, 0.9, 0.04, -1.568562),
        (0.04, 0.9, 0.1, -0.679099),
        (0.01, 0.7, 0.1, -2.342604),
        (0.01, 0.7, 0.2, -0.775944),
    ],
)
def test_reference_table_of_the_bottleneck(cost_share, supply, elasticity, change_percent):
    output = ces_output(supply, cost_share, elasticity)
    assert 100 * (output - 1) == pytest.approx(change_percent, abs=1e-6)
    assert output == pytest.approx(textbook_ces(supply, cost_share, elasticity), rel=1e-12)


@given(supply=st.floats(0.01, 1), cost_share=inner_shares, elasticity=st.floats(0.1, 10))
def test_output_is_the_textbook_formula(supply, cost_share, elasticity):
    assume(abs(elasticity - 1) > 1e-3)
    assert ces_output(supply, cost_share, elasticity) == pytest.approx(
        textbook_ces(supply, cost_share, elasticity), rel=1e-9
    )


def test_limits_leontief_and_cobb_douglas():
    assert ces_output(0.3, 0.01, 0.0) == 0.3
    assert ces_output(0.3, 0.01, 1e-4) == pytest.approx(0.3, rel=1e-3)
    assert ces_output(1.7, 0.01, 0.0) == 1.0
    assert ces_output(0.3, 0.01, 1.0) == pytest.approx(0.3**0.01, rel=1e-14)
    for near in (1 - 1e-7, 1 + 1e-7):
        assert ces_output(0.3, 0.01, near) == pytest.approx(0.3**0.01, rel=1e-6)


def test_nothing_left_stops_output_only_if_inputs_are_complements():
    assert ces_output(0.0, 0.01, 0.5) == 0.0
    assert ces_output(0.0, 0.01, 1.0) == 0.0
    assert ces_output(0.0, 0.01, 2.0) == pytest.approx(0.99**2)


@given(supply=shares, cost_share=cost_shares, elasticity=elasticities)
def test_leontief_is_the_upper_bound_of_the_loss(supply, cost_share, elasticity):
    loss = shortage_loss(supply, 2.4, cost_share, elasticity)
    bound = shortage_loss(supply, 2.4, cost_share, elasticity, leontief=True)
    assert bound == pytest.approx(2.4 * (1 - supply))
    assert -1e-12 <= loss <= bound + 1e-12


@given(supply=st.floats(0.01, 1), cost_share=cost_shares, elasticity=elasticities, more=elasticities)
def test_loss_falls_in_the_elasticity(supply, cost_share, elasticity, more):
    low, high = sorted((elasticity, more))
    losses = shortage_loss(supply, 2.4, cost_share, np.array([low, high]))
    assert losses[1] <= losses[0] + 1e-9


@given(
    dependence=shares, other=shares, weight=shares, delivered=shares, cost_share=cost_shares, elasticity=elasticities
)
def test_loss_rises_and_is_convex_in_dependence(dependence, other, weight, delivered, cost_share, elasticity):
    low, high = sorted((dependence, other))
    middle = weight * low + (1 - weight) * high
    gaps = supply_gap(np.array([low, middle, high]), delivered)
    losses = shortage_loss(1 - gaps, 2.4, cost_share, elasticity)
    assert losses[0] <= losses[1] + 1e-9
    assert losses[1] <= losses[2] + 1e-9
    assert losses[1] <= weight * losses[0] + (1 - weight) * losses[2] + 1e-9


# ---------------------------------------------------------------- bundles of inputs


@given(
    supplies=st.lists(st.floats(0.05, 1), min_size=2, max_size=2),
    weight=inner_shares,
    elasticity=st.floats(0.1, 5),
)
def test_bundle_is_the_textbook_formula(supplies, weight, elasticity):
    assume(abs(elasticity - 1) > 1e-3)
    power = (elasticity - 1) / elasticity
    wanted = (weight * supplies[0] ** power + (1 - weight) * supplies[1] ** power) ** (1 / power)
    assert ces_bundle(supplies, [weight, 1 - weight], elasticity) == pytest.approx(wanted, rel=1e-8)


@given(supply=shares, weight=inner_shares, elasticity=elasticities)
def test_a_uniform_cut_passes_through_the_bundle(supply, weight, elasticity):
    assert ces_bundle([supply, supply], [weight, 1 - weight], elasticity) == pytest.approx(supply, rel=1e-9, abs=1e-12)


def test_an_input_without_weight_does_not_matter():
    for elasticity in (0.0, 0.3, 1.0, 3.0):
        assert ces_bundle([0.0, 0.7], [0.0, 1.0], elasticity) == pytest.approx(0.7, rel=1e-12)


def test_inputs_meet_inputs_whatever_the_other_axes():
    """Two inputs, two draws: an axis of draws must never be taken for the axis of inputs."""
    supplies, shares_of = np.array([[0.5, 0.7], [0.6, 0.9]]), np.array([0.75, 0.25])
    one_by_one = [ces_bundle(supplies[:, k], shares_of, 0.3) for k in range(2)]
    np.testing.assert_allclose(ces_bundle(supplies, shares_of, 0.3), one_by_one, rtol=1e-14)
    by_elasticity = [ces_bundle(supplies[:, 0], shares_of, s) for s in (0.3, 0.5)]
    np.testing.assert_allclose(ces_bundle(supplies[:, 0], shares_of, [0.3, 0.5]), by_elasticity, rtol=1e-14)
    table = ces_bundle(supplies[:, :, None], shares_of, np.array([0.3, 0.5, 1.0]))
    assert table.shape == (2, 3)
    assert table[1, 2] == pytest.approx(ces_bundle(supplies[:, 1], shares_of, 1.0))


def test_round_loss_meets_inputs_with_inputs_too():
    gaps, covered, shares_of = np.array([[0.5, 0.7], [0.6, 0.9]]), np.array([0.2, 0.4]), [0.75, 0.25]
    losses = round_shortage_loss(gaps, covered, shares_of, 0.3, 2.4, 0.001, 0.16)
    singly = [round_shortage_loss(gaps[:, k], covered, shares_of, 0.3, 2.4, 0.001, 0.16) for k in range(2)]
    np.testing.assert_allclose(losses, singly, rtol=1e-14)


# ---------------------------------------------------------------- elasticity from a published loss


@pytest.mark.parametrize("loss", [1.0, 1.5, 0.5, 0.01, 1.9199, 1.9199999])
def test_an_80_percent_cut_costs_the_published_loss(loss):
    elasticity = elasticity_from_loss(loss, 2.4, 0.001)
    assert elasticity > 0
    assert shortage_loss(0.2, 2.4, 0.001, elasticity) == pytest.approx(loss, rel=1e-12)


@settings(max_examples=40, deadline=None)
@given(exposure=st.floats(0.5, 5), cost_share=cost_shares, cut=st.floats(0.05, 0.99), place=st.floats(0.001, 0.999))
def test_elasticity_inverts_the_loss(exposure, cost_share, cut, place):
    most, least = exposure * cut, exposure * cut * cost_share * 1.01
    loss = least + place * (most - least)
    elasticity = elasticity_from_loss(loss, exposure, cost_share, cut)
    assert shortage_loss(1 - cut, exposure, cost_share, elasticity) == pytest.approx(loss, rel=1e-8)


def test_elasticities_come_in_one_call():
    losses, exposures = np.array([0.5, 1.0, 1.5])[:, None], np.array([2.0, 3.3])
    table = elasticity_from_loss(losses, exposures, 0.001)
    assert table.shape == (3, 2)
    for (i, j), entry in np.ndenumerate(table):
        assert entry == pytest.approx(elasticity_from_loss(losses[i, 0], exposures[j], 0.001), rel=1e-12)
    assert (np.diff(table, axis=0) < 0).all()


def test_losses_out_of_reach_are_refused_or_saturate():
    with pytest.raises(ValueError, match=r"loss = 2 percent of GDP cannot come from a cut of 0\.8 .* weight 2\.4"):
        elasticity_from_loss([1.0, 2.0], 2.4, 0.001)
    with pytest.raises(ValueError, match=r"loss = 0\.001 percent of GDP cannot come from"):
        elasticity_from_loss(0.001, 2.4, 0.001)
    assert elasticity_from_loss(2.0, 2.4, 0.001, saturate=True) == 0.0
    assert elasticity_from_loss(0.001, 2.4, 0.001, saturate=True) == pytest.approx(1e4)
    np.testing.assert_allclose(
        elasticity_from_loss([1.0, 2.0], 2.4, 0.001, saturate=True), [elasticity_from_loss(1.0, 2.4, 0.001), 0.0]
    )


# ---------------------------------------------------------------- gaps and stocks


def test_gap_by_hand():
    assert supply_gap(0.8, 0.3) == pytest.approx(0.56)
    assert supply_gap(0.8, 0.3, 0.2) == pytest.approx(0.4)
    assert supply_gap(0.8, 0.9, 0.2) == 0.0
    assert supply_gap(0.0, 0.0) == 0.0


@given(gap=shares, stock=st.floats(0, 30), more=st.floats(0, 30), months=st.floats(0.1, 12))
def test_covered_share_is_the_part_of_the_round_that_the_stock_lasts(gap, stock, more, months):
    covered = covered_share(gap, stock, months)
    assert 0 <= covered <= 1
    assert covered_share(gap, stock + more, months) >= covered
    assert covered_share(min(1.0, 1.5 * gap), stock, months) <= covered
    assert covered * gap * months <= stock * (1 + 1e-12) + 1e-300 or covered == 1
    if covered < 1:
        assert covered * gap * months == pytest.approx(stock, rel=1e-9, abs=1e-300)


def test_covered_share_at_the_edges():
    assert covered_share(0.0, 0.0, 3.0) == 1.0
    assert covered_share(0.5, 0.0, 3.0) == 0.0
    assert covered_share(0.5, 1.5, 3.0) == 1.0
    assert covered_share(0.5, 0.75, 3.0) == pytest.approx(0.5)
    assert covered_share(5e-324, 1.0, 3.0) == 1.0
    np.testing.assert_allclose(covered_share([[0.5], [1.0]], [0.0, 0.75], 3.0), [[0.0, 0.5], [0.0, 0.25]])


@given(civil=st.floats(0, 20), military=st.floats(0, 20), weight=shares)
def test_a_pool_holds_what_both_tracks_held(civil, military, weight):
    pool = pooled_stock(civil, military, weight)
    assert min(civil, military) - 1e-12 <= pool <= max(civil, military) + 1e-12
    assert pooled_stock(civil, military, 0.0) == civil
    assert pooled_stock(civil, military, 1.0) == military


@given(stock=st.floats(0, 20), weight=st.floats(0.01, 1), gap=st.floats(0.01, 1))
def test_pooled_equals_separate_when_one_track_is_unused(stock, weight, gap):
    """Without a gap and without a stock on one track, the other draws on the pool as on its own stock."""
    military_only = covered_share(weight * gap, pooled_stock(0.0, stock, weight), 3.0)
    assert military_only == pytest.approx(covered_share(gap, stock, 3.0))
    civil_only = covered_share(weight * gap, pooled_stock(stock, 0.0, 1 - weight), 3.0)
    assert civil_only == pytest.approx(covered_share(gap, stock, 3.0))


# ---------------------------------------------------------------- losses over a round


@settings(deadline=None)
@given(
    gaps=st.lists(shares, min_size=3, max_size=3),
    covered=st.lists(shares, min_size=3, max_size=3),
    inner=elasticities,
    leontief=st.booleans(),
)
def test_round_loss_is_the_integral_over_time(gaps, covered, inner, leontief):
    weights, exposure, cost_share, elasticity = [0.6, 0.3, 0.1], 2.4, 0.001, 0.16

    times = (np.arange(4000) + 0.5) / 4000
    supplies = np.array([np.where(times >= stop, 1 - gap, 1.0) for gap, stop in zip(gaps, covered, strict=True)])
    bundle = supplies.min(axis=0) if leontief else ces_bundle(supplies, weights, inner)
    losses = shortage_loss(bundle, exposure, cost_share, elasticity, leontief=leontief)
    exact = round_shortage_loss(gaps, covered, weights, inner, exposure, cost_share, elasticity, leontief=leontief)
    assert exact == pytest.approx(losses.mean(), abs=3 * exposure / 4000)


def test_round_loss_without_stock_is_the_plain_loss():
    loss = round_shortage_loss(
        [0.8, 0.8], [0.0, 0.0], [0.75, 0.25], 0.3, 2.4, 0.001, elasticity_from_loss(1, 2.4, 0.001)
    )
    assert loss == pytest.approx(1.0, rel=1e-10)
    assert round_shortage_loss([0.8, 0.8], [1.0, 1.0], [0.75, 0.25], 0.3, 2.4, 0.001, 0.16) == 0.0


def test_light_and_heavy_shortages_compound():
    """Below an inner elasticity of one the loss of both is more than that of the worse one and exceeds no sum bound."""
    terms = {"covered": [0, 0], "input_shares": [0.75, 0.25], "input_elasticity": 0.3}
    outer = {"exposure": 2.4, "cost_share": 0.001, "elasticity": 0.16}
    both, light, heavy = (round_shortage_loss(gaps, **terms, **outer) for gaps in ([0.7, 0.7], [0.7, 0], [0, 0.7]))
    assert both > max(light, heavy)
    assert heavy > 0


# ---------------------------------------------------------------- denial and rent


def test_denial_by_hand():
    assert denial_loss(0.15, 0.99, 0.0) == pytest.approx(0.1485)
    assert denial_loss(0.15, 0.99, 1.0) == 0.0
    assert denial_gain(0.02, 0.99, 0.0, 0.2) == pytest.approx(0.0198)
    assert denial_gain(0.02, 0.99, 1.0, 0.2) == pytest.approx(0.00396)
    assert denial_gain(0.02, 0.5, 0.5, 0.0) == pytest.approx(0.005)


@given(gap=shares, covered=shares, fraction=shares)
def test_covering_a_gap_never_helps_the_one_who_denies(gap, covered, fraction):
    assert denial_gain(1.0, gap, covered, fraction) <= denial_gain(1.0, gap, 0.0, fraction) + 1e-12
    assert denial_gain(1.0, gap, covered, 1.0) == pytest.approx(gap)
    assert denial_loss(1.0, gap, covered) == pytest.approx(denial_gain(1.0, gap, covered, 0.0))


def test_forgone_rent_by_hand():
    """33 bn USD of forgone chip sales at 60 % rent in an economy of 29,184 bn; a tariff leaves less to forgo."""
    assert forgone_rent(0.66, 100 * 50 / 29184, 0.6, 1.0) == pytest.approx(100 * 0.66 * 50 * 0.6 / 29184)
    assert forgone_rent(1.0, 2.0, 0.5, 1.208 / 1.475) == pytest.approx(2.0 * (1.208 / 1.475 - 0.5))
    assert forgone_rent(1.0, 2.0, 0.3, 0.5) == 0.0
    assert forgone_rent(0.0, 2.0, 0.5, 1.0) == 0.0


# ---------------------------------------------------------------- the door


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: ces_output(-0.1, 0.1, 0.5), r"supply = -0\.1 is not in"),
        (lambda: ces_output(0.5, 1.1, 0.5), r"cost_share = 1\.1 is not in"),
        (lambda: ces_output(0.5, 0.1, math.nan), "elasticity = nan is not finite"),
        (lambda: ces_bundle([0.5, 0.5], [0.5, 0.6], 0.3), r"shares sum to 1\.1 over the inputs; the rule is 1"),
        (lambda: ces_bundle([0.5, 0.5], [1.0], 0.3), "its lengths are supplies 2, shares 1"),
        (lambda: ces_bundle(0.5, 1.0, 0.3), "its lengths are supplies 0, shares 0"),
        (lambda: ces_bundle([], [], 0.3), "at least one"),
        (lambda: supply_gap(1.2, 0.5), r"dependence = 1\.2 is not in \[0, 1\]"),
        (lambda: supply_gap(0.5, [0.1, 1.5]), r"delivered\[1\] = 1\.5 is not in \[0, 1\]"),
        (lambda: supply_gap(0.5, 0.5, -0.5), r"diverted = -0\.5 is not in"),
        (lambda: covered_share(0.5, -1.0, 3.0), r"stock_months = -1\.0 is not in"),
        (lambda: covered_share(0.5, 1.0, math.inf), "round_months = inf is not finite"),
        (lambda: pooled_stock(1.0, 1.0, 2.0), r"military_share = 2\.0 is not in"),
        (lambda: denial_loss(-1.0, 0.5, 0.5), r"loss_per_unit = -1\.0 is not in"),
        (lambda: denial_gain(1.0, 0.5, 0.5, 1.5), r"covered_fraction = 1\.5 is not in"),
        (lambda: forgone_rent(1.5, 1.0, 0.5, 1.0), r"withheld = 1\.5 is not in"),
        (lambda: shortage_loss(0.5, math.nan, 0.001, 0.5), "exposure = nan is not finite"),
        (lambda: elasticity_from_loss(math.inf, 2.4, 0.001), "loss = inf is not finite"),
        (lambda: round_shortage_loss([1.5], [0.0], [1.0], 0.3, 2.4, 0.001, 0.2), r"gaps\[0\] = 1\.5 is not in"),
        (lambda: round_shortage_loss([0.5, 0.5], [0.0], [1.0], 0.3, 2.4, 0.001, 0.2), "gaps 2, covered 1"),
    ],
)
def test_bad_arguments_give_one_clear_error(call, message):
    with pytest.raises(ValueError, match=message):
        call()
