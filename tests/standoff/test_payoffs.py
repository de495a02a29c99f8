"""Every payoff term of a cell against scalar Python written from the equations, and what each term must do."""

import numpy as np
import pytest
from hand_computed import BYSTANDERS, PLAYERS, RoundByHand
from hypothesis import given, settings
from hypothesis import strategies as st
from scenario_files import altered, assumed

from bargain.standoff import MATERIAL, TERMS, State, load_scenario

BASE = load_scenario("us-china-2025")
# Values at which every term is at work: stocks that run out in mid-round, detours that pay, weights that are not zero.
ALIVE = {
    "diversion.tracing": 0.3,
    "state.rebuilt": 0.1,
    "US.revenue_weight": 0.1,
    "CN.revenue_weight": 0.05,
    "licences.bottleneck_rent": 0.07,
    "trade.short_run_scale": 1.7,
    "trade.other_tariff": 0.02,
    "light_magnets.US.civil_stock_months": 0.8,
    "heavy_rare_earths.US.civil_stock_months": 1.1,
    "heavy_rare_earths.US.military_stock_months": 0.5,
    "alignment.align_US.alliance_value": 0.03,
}
CELLS = {
    "article": ("truce", "restricted", "truce", "dual_track", "neutral"),
    "april 2025": ("peak", "ban", "peak", "slow", "align_US"),
    "all closed": ("peak", "ban", "peak", "ban", "neutral"),
    "one-sided licences": ("pre_2025", "restricted", "pre_2025", "ban", "align_CN"),
    "one-sided tariffs": ("peak", "open", "pre_2025", "open", "align_US"),
}


def by_hand(scenario):
    values = {key: p.value for key, p in scenario.parameters.items()}
    flows, gdp = scenario.evidence.trade_flows(), scenario.evidence.gdp()
    return RoundByHand(values, scenario.choices["state.mood"], scenario.choices["options.stocks"], flows.values, gdp)


def check(scenario, table, hand, cell):
    us_tariff, chips, cn_tariff, licences, stance = CELLS[cell]
    move = {"us_tariff": us_tariff, "chip_control": chips, "cn_tariff": cn_tariff, "licences": licences}
    move |= dict.fromkeys(BYSTANDERS, "neutral") | {"EU": stance}
    place = table.cell((f"{us_tariff}/{chips}", f"{cn_tariff}/{licences}", stance))
    for k, code in enumerate(PLAYERS):
        wanted = hand.terms(code, move)
        for term in TERMS:
            found = table.terms[term][(0, k, *place)] if term in table.terms else 0.0
            assert found == pytest.approx(wanted.get(term, 0.0), abs=1e-8), (cell, code, term)
        assert table.total[(0, k, *place)] == pytest.approx(sum(wanted.values()), abs=1e-7)


@pytest.mark.parametrize(
    ("values", "stocks"), [({}, "separate"), (ALIVE, "separate"), (ALIVE, "pooled")], ids=["shipped", "alive", "pooled"]
)
def test_cells_by_hand(values, stocks):
    scenario = BASE.with_values({**values, "options.stocks": stocks})
    table, hand = scenario.payoffs(players=("US", "CN", "EU")), by_hand(scenario)
    for cell in CELLS:
        check(scenario, table, hand, cell)


def test_the_hand_computed_scenario_has_every_term_at_work():
    assert set(BASE.with_values(ALIVE).payoffs(players=("US", "CN", "EU")).terms) == set(TERMS)


# ---------------------------------------------------------------- terms by player and by move

US, CN = 0, 1
TABLE = BASE.payoffs()
TARIFF_CELLS = [i for i, label in enumerate(TABLE.moves.actions[US]) if label.startswith("pre_2025")]


def term(table, name):
    """A term over the moves, (n_players, *n_actions), zero where the table leaves it out."""
    return table.terms.get(name, np.zeros_like(table.total))[0]


def cn_moves(licences):
    return [k for k, label in enumerate(TABLE.moves.actions[CN]) if label.endswith(f"/{licences}")]


def test_all_trade_terms_are_exactly_zero_at_the_reference_tariffs():
    for options in ({}, {"options.deficits": "fixed"}, ALIVE):
        table = BASE.with_values(options).payoffs()
        for name in ("tariffs", "protection", "tariff_revenue"):
            cells = term(table, name)[:, TARIFF_CELLS][:, :, :4]
            assert cells.shape == (7, 3, 4)
            assert not cells.any()
        assert term(table, "tariffs")[:2, 3:, 4:].all()


def test_signs():
    table = BASE.with_values(ALIVE | {"trade.short_run_scale": 1.0}).payoffs(players=("US", "CN", "EU"))
    for name in ("shortage", "security_loss", "licence_rent", "reliability", "audience"):
        assert (table.terms[name] <= 0).all(), name
    for name in ("security_gain", "detours"):
        assert (table.terms[name] >= 0).all(), name
    protection = term(table, "protection")[:2, :, :, 0]
    assert (protection[US, 3:] > 0).all()
    assert (protection[CN, :, 4:] > 0).all()


def test_open_licences_cost_nobody_anything_but_rivalry():
    for name in ("shortage", "reliability", "bottleneck_rent", "detours"):
        assert not term(TABLE, name)[:, :, cn_moves("open")].any()
    assert not term(TABLE, "security_loss")[US][:, cn_moves("open")].any()
    assert not term(TABLE, "security_gain")[CN][:, cn_moves("open")].any()


@pytest.mark.parametrize(("variant", "loss"), [(None, 1.0), ("imf_loss", 1.5)])
def test_an_80_percent_cut_of_both_inputs_costs_the_published_loss(variant, loss):
    """Both inputs cut by 80 % of US use, no stock, no detours: the default 1.0, the IMF variant 1.5 percent of GDP."""
    cut = {
        "light_magnets.US.dependence": 0.8,
        "heavy_rare_earths.US.dependence": 0.8,
        "licences.ban.civil": 0.0,
        "diversion.tracing": 1.0,
    }
    scenario = load_scenario("us-china-2025", variant=variant, values=cut)
    shortage = term(scenario.payoffs(State(civil_stock_months=0.0)), "shortage")[US]
    np.testing.assert_allclose(shortage[:, cn_moves("ban")], -loss, rtol=1e-10)
    assert (shortage[:, cn_moves("slow")] > -loss).all()


def test_an_empty_military_stock_hurts_the_us_and_never_china():
    """--set heavy_rare_earths.US.military_stock_months=0, under slow, dual_track and ban, at every move of the US."""
    empty = BASE.with_values({"heavy_rare_earths.US.military_stock_months": 0}).payoffs()
    for licences in ("slow", "dual_track", "ban"):
        cells = cn_moves(licences)
        assert (term(empty, "security_loss")[US][:, cells] < term(TABLE, "security_loss")[US][:, cells]).all()
        assert (empty.total[0, US][:, cells] < TABLE.total[0, US][:, cells]).all()
        assert (empty.total[0, CN][:, cells] >= TABLE.total[0, CN][:, cells]).all()
        assert (term(empty, "security_gain")[CN][:, cells] > term(TABLE, "security_gain")[CN][:, cells]).all()
    for name in ("shortage", "tariffs", "licence_rent"):
        np.testing.assert_array_equal(term(empty, name), term(TABLE, name))


def test_a_stock_postpones_and_a_pool_shares():
    """Military stock helps civil users only where the two are pooled."""
    more = {"heavy_rare_earths.US.military_stock_months": 200.0, "heavy_rare_earths.US.civil_stock_months": 0.0}
    more |= {"light_magnets.US.civil_stock_months": 9.0}
    separate = BASE.with_values(more).payoffs()
    pooled = BASE.with_values(more | {"options.stocks": "pooled"}).payoffs()
    ban = cn_moves("ban")
    assert (term(pooled, "shortage")[US][:, ban] > term(separate, "shortage")[US][:, ban]).all()
    assert not term(separate, "security_loss")[US].any()


def test_pooled_equals_separate_where_no_use_is_military():
    values = {"heavy_rare_earths.US.military_share": 0.0, "heavy_rare_earths.US.civil_stock_months": 0.7}
    separate = BASE.with_values(values).payoffs()
    pooled = BASE.with_values(values | {"options.stocks": "pooled"}).payoffs()
    np.testing.assert_array_equal(term(pooled, "shortage"), term(separate, "shortage"))


def test_an_empty_pool_covers_no_track_whatever_its_share_of_use():
    """Chips have no stock and no military share: frontier chips denied bite although civil sales run."""
    values = {"chip_control.open.military": 0.0, "heavy_rare_earths.US.military_share": 0.0}
    none = State(civil_stock_months=0.0, military_stock_months=0.0)
    separate = BASE.with_values(values).payoffs(none)
    pooled = BASE.with_values(values | {"options.stocks": "pooled"}).payoffs(none)
    assert (term(separate, "security_loss")[CN][:3] < 0).all()
    np.testing.assert_array_equal(pooled.total, separate.total)


def test_leontief_is_the_worst_case():
    table = BASE.with_values({"options.shortage": "leontief"}).payoffs()
    assert (term(table, "shortage") <= term(TABLE, "shortage") + 1e-12).all()
    assert (term(table, "shortage")[US][:, cn_moves("ban")] < term(TABLE, "shortage")[US][:, cn_moves("ban")]).all()


def test_tracing_closes_detours():
    """Looser tracing softens the shortage of the target; where tracing deters, no detour pays."""
    loose = BASE.with_values({"diversion.tracing": 0.0}).payoffs(State(civil_stock_months=0.0))
    tight = BASE.with_values({"diversion.tracing": 1.0}).payoffs(State(civil_stock_months=0.0))
    ban = cn_moves("ban")
    assert (term(loose, "shortage")[US][:, ban] > term(tight, "shortage")[US][:, ban]).all()
    assert not term(tight, "detours").any()
    assert (term(loose, "detours")[2:][:, :, ban] > 0).all()


def test_rebuilding_erodes_the_weapon():
    now, later = (BASE.payoffs(State(rebuilt=share, civil_stock_months=0.0)) for share in (0.0, 0.6))
    ban = cn_moves("ban")
    assert (term(later, "shortage")[US][:, ban] > term(now, "shortage")[US][:, ban]).all()
    gone = BASE.payoffs(State(rebuilt=1.0, civil_stock_months=0.0, military_stock_months=0.0))
    assert not term(gone, "shortage").any()
    assert not term(gone, "security_loss")[US].any()


def test_licence_rents_fall_with_the_buyers_tariff():
    """Of a price at the buyer's ceiling the exporter keeps (1 + .208) / (1 + t), less its cost; bystanders pay as
    ever."""
    rent = term(TABLE, "licence_rent")[CN][:, cn_moves("ban")[0]]
    bystanders = BASE.with_values(
        {f"{name}.US.purchases_usd_bn": 0.0 for name in ("light_magnets", "heavy_rare_earths")}
    )
    rest = term(bystanders.payoffs(), "licence_rent")[CN][0, cn_moves("ban")[0]]
    before, truce = (BASE.parameters[f"us_tariff.{level}.rate"].value for level in ("pre_2025", "truce"))
    wanted = ((1 + before) / (1 + truce) - 0.7) / 0.3
    assert (rent[3] - rest) / (rent[0] - rest) == pytest.approx(wanted)
    assert rent[6] == pytest.approx(rest)  # at the peak nothing is left to lose: 0.53 of the price is below its cost


# ---------------------------------------------------------------- the audience


def test_no_weight_no_audience():
    table = BASE.with_values({"US.audience_cost": 0.0, "CN.audience_cost": 0.0}).payoffs()
    assert "audience" not in table.terms
    variant = BASE.variant("no_audience")
    np.testing.assert_array_equal(variant.payoffs().total, table.total)


@settings(max_examples=6, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_the_audience_never_pays(seed):
    draws = BASE.draws(4, seed=seed)
    table = BASE.payoffs(draws=draws)
    audience = table.terms.get("audience", np.zeros_like(table.total))
    assert (audience <= 0).all()
    assert np.isfinite(audience).all()
    assert not audience[:, 2:].any()


def test_the_audience_cost_is_proportional_and_looks_at_no_level_that_is_not_played():
    """Half the yardstick doubles it; a higher peak that nobody plays leaves it alone; tiny harm costs next to
    nothing."""
    half = BASE.with_values({"audience.yardstick": 0.25}).payoffs()
    np.testing.assert_allclose(term(half, "audience"), 2 * term(TABLE, "audience"), rtol=1e-12)
    cells = [BASE.with_values({"us_tariff.peak.rate": rate}).payoffs() for rate in (0.48, 10.0)]
    truce = TABLE.moves.actions[0].index("truce/restricted")
    costs = [term(table, "audience")[CN][truce, 0] for table in cells]
    assert costs[0] == pytest.approx(costs[1], abs=1e-12)
    tiny = BASE.with_values({"us_tariff.truce.rate": 0.209}).payoffs()
    assert abs(term(tiny, "audience")[CN][truce, 0]) < 1e-3


def test_an_unharmed_player_has_no_audience():
    """Nobody asks for an answer where the rival plays as before the standoff."""
    us_start, cn_start = TABLE.moves.reference
    assert not term(TABLE, "audience")[US][:, cn_start].any()
    assert not term(TABLE, "audience")[CN][us_start].any()


def test_an_answer_that_harms_nobody_earns_nothing():
    """Dual-track licences against a stock that covers the round: no harm, so no relief from one's own audience."""
    audience = term(TABLE, "audience")[CN]
    harmless, harmful = cn_moves("dual_track"), cn_moves("ban")
    np.testing.assert_array_equal(audience[:, harmless], audience[:, cn_moves("open")])
    peak = TABLE.moves.actions[US].index("peak/ban")
    assert (audience[peak, harmful] > audience[peak, harmless]).all()


def test_chips_opened_or_closed_do_not_change_what_the_us_suffered():
    """Audience of the US: suffered from China's move alone, answered by its own move alone."""
    suffered = -term(BASE.with_values({"US.audience_cost": 1.0}).payoffs(), "audience")[US]
    best_answer = suffered.min(axis=0)
    assert (suffered >= best_answer).all()
    assert suffered[TABLE.moves.actions[US].index("peak/ban")].max() == pytest.approx(0.0)


@pytest.fixture(scope="module")
def toothless(tmp_path_factory):
    """A scenario in which the licence regime touches nothing and costs nothing."""

    def change(tables):
        for name in ("light_magnets", "heavy_rare_earths"):
            for user in tables["inputs"][name]["users"].values():
                user["dependence"] = assumed(0.0, 0.0, 0.0, "share")
                user["purchases_usd_bn"] = assumed(0.0, 0.0, 0.0, "usd_bn")
        tables["instruments"]["licences"]["reliability_cost"] = assumed(0.0, 0.0, 0.0, "percent_gdp")

    return load_scenario(altered(tmp_path_factory.mktemp("files"), change))


@settings(max_examples=5, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_an_embargo_that_costs_and_gains_nothing_is_never_strictly_better(toothless, seed):
    draws = toothless.draws(3, seed=seed)
    draws["licences.bottleneck_rent"] = np.zeros(3)
    total = toothless.payoffs(draws=draws).total[:, CN]
    for licences in ("dual_track", "slow", "ban"):
        np.testing.assert_array_equal(total[:, :, cn_moves(licences)], total[:, :, cn_moves("open")])


def test_harm_counts_real_income_shortages_and_denied_tracks_only():
    assert MATERIAL == ("tariffs", "shortage", "security_loss")


# ---------------------------------------------------------------- draws


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), reading=st.sampled_from(["ces", "leontief"]), stocks=st.booleans())
def test_payoffs_are_finite_over_the_ranges(seed, reading, stocks):
    choices = {"options.shortage": reading, "options.stocks": "pooled" if stocks else "separate"}
    table = BASE.with_values(choices).payoffs(players=("US", "CN", "KR"), draws=BASE.draws(3, seed=seed))
    assert table.total.shape == (3, 7, 9, 12, 3)
    assert np.isfinite(table.total).all()
    assert (np.abs(table.total) < 50).all()


@settings(max_examples=10, deadline=None)
@given(data=st.data())
def test_payoffs_are_finite_at_the_ends_of_the_ranges(data):
    """Every parameter at the low or the high end of its range."""
    high = data.draw(st.lists(st.booleans(), min_size=len(BASE.parameters), max_size=len(BASE.parameters)))
    ends = {k: np.array([p.high if up else p.low]) for (k, p), up in zip(BASE.parameters.items(), high, strict=True)}
    assert np.isfinite(BASE.payoffs(draws=ends).total).all()
