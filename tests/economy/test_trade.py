"""The trade model: reference scenarios, the welfare identity, invariances, limits and refusals."""

from __future__ import annotations

import csv
import itertools
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from bargain.economy.trade import TradeModel, real_income_from_shares

ORACLES = Path(__file__).parents[2].parent / "shared" / "oracles"
REGIONS = ("US", "CN", "EU", "ROW")
SCENARIOS = {
    "A1": {("US", "CN"): 0.54, ("CN", "US"): 0.54},
    "A2": {("US", "CN"): 1.45, ("CN", "US"): 1.25},
    "A3": {("US", "CN"): 0.54, ("US", "EU"): 0.20, ("US", "ROW"): 0.10},
}
CASES = [
    "A1 US54/CHN54|deficits",
    "A1 US54/CHN54|balanced",
    "A2 US145/CHN125|deficits",
    "A2 US145/CHN125|balanced",
    "A3 LibDay 54/20/10|deficits",
    "A3 LibDay 54/20/10|balanced",
]


def reference() -> dict[str, object]:
    path = ORACLES / "trade_four_regions.json"
    if not path.exists():
        pytest.skip("the four-region reference scenarios are not beside the project")
    return dict(json.loads(path.read_text()))


def four_regions() -> TradeModel:
    oracle = reference()
    return TradeModel(np.array(oracle["X"]), np.array(oracle["eps"]), REGIONS)


def random_model(seed: int, n: int, elasticity: float = 4.0, tariffs: bool = True) -> TradeModel:
    """A world with regions of very different size, moderate deficits and base tariffs."""
    rng = np.random.default_rng(seed)
    size = rng.lognormal(0.0, 1.0, n)
    spending = np.outer(size, size) / size.sum() * rng.uniform(0.05, 0.5, (n, n))
    spending[np.diag_indices(n)] = size
    base = rng.uniform(0.0, 0.3, (n, n)) * (1 - np.eye(n)) if tariffs else np.zeros((n, n))
    return TradeModel(spending, np.array(elasticity), tuple(f"r{k}" for k in range(n)), base)


def random_tariffs(seed: int, n: int, high: float = 1.5, low: float = 0.0) -> NDArray[np.float64]:
    rates: NDArray[np.float64] = np.random.default_rng(seed + 7919).uniform(low, high, (n, n))
    return rates * (1 - np.eye(n))


worlds = st.tuples(st.integers(0, 10**6), st.integers(2, 8), st.floats(0.5, 10.0))


class TestReference:
    @pytest.mark.parametrize("case", CASES)
    def test_four_regions_hit_the_six_scenarios(self, case: str) -> None:
        expected = reference()["cases"][case]  # type: ignore[index]
        model = four_regions()
        model = model.purged() if case.endswith("balanced") else model
        outcome = model.solve(model.tariff_matrix(SCENARIOS[case[:2]]))
        assert outcome.converged
        assert outcome.residual < 1e-12
        for found, name in ((outcome.real_income, "W"), (outcome.wages, "w"), (outcome.prices, "P")):
            np.testing.assert_allclose(found, expected[name], rtol=0, atol=1e-10, err_msg=name)
        np.testing.assert_allclose(outcome.revenue, expected["R"], rtol=1e-9, atol=1e-9)

    def test_purged_base_is_the_reference_one(self) -> None:
        purged = four_regions().purged()
        np.testing.assert_allclose(purged.spending, reference()["Xb"], rtol=1e-10)
        assert purged.is_balanced
        assert not four_regions().is_balanced

    def test_a_trade_war_costs_percent_as_published(self) -> None:
        outcome = four_regions().solve(four_regions().tariff_matrix(SCENARIOS["A1"]))
        assert outcome["US"] - 1 == pytest.approx(-0.0013815285779679, abs=1e-12)


class TestLargeWorld:
    """194 countries. Rows of the file are exporters: China sells 440 bn USD to the US and buys 145 bn."""

    def world(self, elasticity: float = 4.0) -> TradeModel:
        folder = ORACLES / "imls2025"
        if not folder.exists():
            pytest.skip("the 194-country data are not beside the project")
        with (folder / "trade_cepii.csv").open() as lines:
            rows = list(csv.reader(lines))[1:]
        flows = np.array([[float(x) if x else 0.0 for x in row] for row in rows]) * 1e3
        gdp = np.loadtxt(folder / "gdp.csv", skiprows=1)
        with (folder / "country_labels.csv").open() as lines:
            labels = [row["iso3"] for row in csv.DictReader(lines)]
        return TradeModel.from_customs_values(flows, gdp, elasticity, labels)

    def test_rows_are_exporters_and_floors_are_counted(self) -> None:
        world = self.world()
        cn, us = world.position("CHN"), world.position("USA")
        assert world.spending[cn, us] / 1e9 == pytest.approx(440.5, abs=0.1)
        assert world.n_regions == 194
        assert world.floored == ("GMB", "MHL")
        assert world.dropped == ()

    @pytest.mark.parametrize("rate", [0.1, 1.45])
    def test_american_tariffs_with_deficits(self, rate: float) -> None:
        world = self.world()
        partners = [region for region in world.regions if region != "USA"]
        outcome = world.solve(world.tariff_matrix({("USA", partner): rate for partner in partners}))
        assert outcome.converged
        assert outcome.residual < 1e-12

    @pytest.mark.parametrize("elasticity", [0.5, 1.0, 4.0])
    def test_world_war_at_1000_percent_balanced(self, elasticity: float) -> None:
        world = self.world(elasticity).purged()
        assert world.is_balanced
        outcome = world.solve(np.full((194, 194), 10.0) - 10.0 * np.eye(194))
        assert outcome.residual < 1e-12
        assert np.isfinite(outcome.real_income).all()

    def test_deficits_that_no_market_can_carry_are_data(self) -> None:
        world = self.world()
        outcome = world.solve(np.full((194, 194), 10.0) - 10.0 * np.eye(194))
        assert not outcome.converged
        assert outcome.residual > 1e-6


class TestIdentity:
    @settings(max_examples=60, deadline=None)
    @given(worlds)
    def test_real_income_follows_from_shares(self, world: tuple[int, int, float]) -> None:
        seed, n, elasticity = world
        model = random_model(seed, n, elasticity).purged()
        outcome = model.solve(random_tariffs(seed, n))
        assert outcome.converged
        np.testing.assert_allclose(real_income_from_shares(model, outcome), outcome.real_income, rtol=1e-12)

    def test_deficits_break_the_identity(self) -> None:
        model = random_model(1, 4)
        outcome = model.solve(random_tariffs(1, 4))
        assert np.abs(real_income_from_shares(model, outcome) - outcome.real_income).max() > 1e-4

    def test_domestic_share_of_zero_has_no_identity(self) -> None:
        model = TradeModel(np.array([[0.0, 1.0], [1.0, 3.0]]), np.array(4.0), ("H", "F"))
        assert np.isnan(real_income_from_shares(model, model.solve())[0])


class TestEquations:
    @settings(max_examples=40, deadline=None)
    @given(worlds)
    def test_all_equations_of_the_model_hold(self, world: tuple[int, int, float]) -> None:
        seed, n, elasticity = world
        model = random_model(seed, n, elasticity)
        rates = random_tariffs(seed, n, 0.8)
        outcome = model.solve(rates)
        assert outcome.converged
        w, P, lam, E = outcome.wages, outcome.prices, outcome.trade_shares, outcome.expenditure
        shares = model.spending / model.expenditure
        k = (w[:, None] * (1 + rates) / (1 + model.base_tariffs)) ** -elasticity
        np.testing.assert_allclose(lam, shares * k / (shares * k).sum(axis=0), rtol=1e-11)
        np.testing.assert_allclose(P, (shares * k).sum(axis=0) ** (-1 / elasticity), rtol=1e-11)
        np.testing.assert_allclose(w * model.output + model.deficits + outcome.revenue, E, rtol=1e-11)
        np.testing.assert_allclose(w * model.output, outcome.customs_values.sum(axis=1), rtol=1e-11)
        np.testing.assert_allclose((w * model.output).sum(), model.output.sum(), rtol=1e-12)
        np.testing.assert_allclose(outcome.real_income, E / model.expenditure / P, rtol=1e-11)

    def test_base_accounts_add_up(self) -> None:
        model = random_model(5, 6)
        np.testing.assert_allclose(model.output + model.deficits + model.revenue, model.expenditure, rtol=1e-13)
        assert abs(model.deficits.sum()) < 1e-12 * model.output.sum()

    def test_no_change_gives_hats_of_exactly_one(self) -> None:
        model = random_model(2, 5)
        outcome = model.solve(model.base_tariffs)
        for hats in (outcome.real_income, outcome.wages, outcome.prices):
            assert (hats == 1.0).all()
        assert outcome.iterations == 0

    def test_uniform_iceberg_costs_of_all_imports_hurt_all(self) -> None:
        model = random_model(3, 4).purged()
        outcome = model.solve(iceberg=1.2 - 0.2 * np.eye(4))
        assert (outcome.real_income < 1).all()


class TestInvariance:
    @settings(max_examples=30, deadline=None)
    @given(worlds, st.floats(1e-6, 1e6))
    def test_currency_units_change_nothing(self, world: tuple[int, int, float], scale: float) -> None:
        seed, n, elasticity = world
        model, rates = random_model(seed, n, elasticity), random_tariffs(seed, n, 0.8)
        scaled = TradeModel(model.spending * scale, model.elasticity, model.regions, model.base_tariffs)
        one, other = model.solve(rates), scaled.solve(rates)
        np.testing.assert_allclose(other.real_income, one.real_income, rtol=1e-11)
        np.testing.assert_allclose(other.revenue, one.revenue * scale, rtol=1e-10)

    @settings(max_examples=30, deadline=None)
    @given(worlds)
    def test_relabelling_permutes_results(self, world: tuple[int, int, float]) -> None:
        seed, n, elasticity = world
        model, rates = random_model(seed, n, elasticity), random_tariffs(seed, n, 0.8)
        order = np.random.default_rng(seed).permutation(n)
        grid = np.ix_(order, order)
        moved = TradeModel(
            model.spending[grid], model.elasticity, tuple(model.regions[k] for k in order), model.base_tariffs[grid]
        )
        np.testing.assert_allclose(
            moved.solve(rates[grid]).real_income, model.solve(rates).real_income[order], rtol=1e-11
        )

    def test_merging_two_steps_equals_one(self) -> None:
        """Exact-hat algebra composes: the way from the base does not matter under balanced trade."""
        model, first, second = random_model(4, 5).purged(), random_tariffs(4, 5), random_tariffs(5, 5)
        midway = model.solve(first)
        from_midway = TradeModel(midway.spending, model.elasticity, model.regions, first).solve(second)
        np.testing.assert_allclose(
            midway.real_income * from_midway.real_income, model.solve(second).real_income, rtol=1e-11
        )


class TestBatches:
    def test_batch_equals_one_by_one(self) -> None:
        model = random_model(6, 5)
        rates = np.stack([random_tariffs(k, 5) for k in range(12)])
        eps = np.linspace(0.6, 9.0, 12)
        batch = TradeModel(model.spending, eps, model.regions, model.base_tariffs).solve(rates)
        for k in range(12):
            alone = TradeModel(model.spending, eps[k], model.regions, model.base_tariffs).solve(rates[k])
            np.testing.assert_allclose(batch.real_income[k], alone.real_income, rtol=1e-11)
            assert batch.converged[k] == alone.converged

    def test_tariffs_by_draws_broadcast(self) -> None:
        base = random_model(7, 8)
        model = TradeModel(base.spending, np.linspace(1.5, 8, 7), base.regions, base.base_tariffs).purged()
        us, cn = np.array([0.2, 0.5, 1.3]), np.array([0.2, 0.3, 1.5])
        outcome = model.solve(
            model.tariff_matrix({("r0", "r1"): us[:, None, None], ("r1", "r0"): cn[:, None]}, base=base.base_tariffs)
        )
        assert outcome.real_income.shape == (3, 3, 7, 8)
        assert outcome.converged.all()
        one = TradeModel(model.spending[4], model.elasticity[4], model.regions, model.base_tariffs)
        alone = one.solve(one.tariff_matrix({("r0", "r1"): 1.3, ("r1", "r0"): 0.3}))
        np.testing.assert_allclose(outcome.real_income[2, 1, 4], alone.real_income, rtol=1e-11)

    def test_blocks_of_a_large_batch_join_in_order(self) -> None:
        model = random_model(8, 3)
        scale = np.linspace(0.0, 1.0, 9000)[:, None, None]
        outcome = model.solve(scale * random_tariffs(8, 3))
        assert outcome.converged.all()
        for k in (0, 7280, 7290, 8999):
            alone = model.solve(scale[k] * random_tariffs(8, 3))
            np.testing.assert_allclose(outcome.real_income[k], alone.real_income, rtol=1e-11)

    def test_empty_batch_is_an_empty_answer(self) -> None:
        assert random_model(9, 3).solve(np.zeros((0, 3, 3))).real_income.shape == (0, 3)

    def test_start_does_not_matter(self) -> None:
        model, rates = random_model(10, 5).purged(), random_tariffs(10, 5)
        far = model.solve(rates, start=np.array([3.0, 0.2, 1.0, 5.0, 0.5]))
        np.testing.assert_allclose(far.real_income, model.solve(rates).real_income, rtol=1e-11)


class TestExtremes:
    def test_bans_are_the_limit_of_high_tariffs(self) -> None:
        model = random_model(11, 4).purged()
        bans = model.ban_matrix([("r1", "r0")])
        banned = model.solve(export_bans=bans)
        assert banned.converged
        assert banned.trade_shares[1, 0] == 0.0
        gaps = [
            np.abs(model.solve(model.tariff_matrix({("r0", "r1"): rate})).real_income - banned.real_income).max()
            for rate in (1.0, 10.0, 100.0, 1000.0)
        ]
        assert all(later < 0.1 * earlier for earlier, later in itertools.pairwise(gaps))
        assert gaps[-1] < 1e-9

    def test_autarky_costs_the_gains_from_trade(self) -> None:
        model = random_model(12, 4, tariffs=False).purged()
        outcome = model.solve(export_bans=~np.eye(4, dtype=bool))
        domestic = model.spending.diagonal() / model.expenditure
        assert outcome.converged
        np.testing.assert_allclose(outcome.real_income, domestic ** (1 / 4.0), rtol=1e-12)

    def test_two_separate_blocs(self) -> None:
        model = random_model(13, 6).purged()
        bloc = np.array([0, 0, 0, 1, 1, 1])
        apart = bloc[:, None] != bloc[None, :]
        outcome = model.solve(export_bans=apart)
        assert outcome.converged
        assert (outcome.trade_shares[apart] == 0.0).all()
        war = model.solve(model.tariff_matrix({("r3", "r4"): 2.0, ("r4", "r5"): 1.0}), export_bans=apart)
        np.testing.assert_allclose(war.real_income[:3], outcome.real_income[:3], rtol=1e-11)
        assert np.abs(war.real_income[3:] - outcome.real_income[3:]).max() > 1e-5

    @settings(max_examples=30, deadline=None)
    @given(worlds, st.floats(0.0, 10.0))
    def test_balanced_trade_always_converges(self, world: tuple[int, int, float], rate: float) -> None:
        seed, n, elasticity = world
        outcome = random_model(seed, n, elasticity).purged().solve(rate * random_tariffs(seed, n, 1.0))
        assert outcome.converged

    def test_surplus_without_a_market_is_data_not_an_error(self) -> None:
        model = TradeModel(np.array([[1.0, 1.0], [0.1, 5.0]]), np.array(6.0), ("H", "F"))
        outcome = model.solve(np.array([[[0.0, rate], [rate, 0.0]] for rate in (0.1, 50.0)]))
        np.testing.assert_array_equal(outcome.converged, [True, False])
        assert outcome.residual[1] > 1e-3

    def test_stopping_early_says_so(self) -> None:
        model = random_model(14, 5)
        outcome = model.solve(random_tariffs(14, 5), max_iterations=1)
        assert not outcome.converged
        assert outcome.residual > 1e-12


class TestCustomsValues:
    FLOWS = np.array([[0.0, 10.0, 0.0], [20.0, 0.0, 0.0], [0.0, 0.0, 0.0]])

    def test_domestic_sales_floor_and_drop(self) -> None:
        model = TradeModel.from_customs_values(self.FLOWS, np.array([100.0, 15.0, 7.0]), 4.0, ("A", "B", "C"))
        assert model.regions == ("A", "B")
        assert model.dropped == ("C",)
        assert model.floored == ("B",)
        np.testing.assert_allclose(model.spending, [[90.0, 10.0], [20.0, 0.0]])

    def test_duty_is_added_to_spending_but_not_to_output(self) -> None:
        rates = np.array([[0.0, 0.5], [0.25, 0.0]])
        model = TradeModel.from_customs_values(self.FLOWS[:2, :2], np.array([100.0, 50.0]), 4.0, ("A", "B"), rates)
        np.testing.assert_allclose(model.spending, [[90.0, 15.0], [25.0, 30.0]])
        np.testing.assert_allclose(model.output, [100.0, 50.0])
        np.testing.assert_allclose(model.deficits, [10.0, -10.0])
        np.testing.assert_allclose(model.revenue, [5.0, 5.0])

    def test_shapes_are_checked(self) -> None:
        with pytest.raises(ValueError, match=r"are not \(n, n\), \(n,\) and n"):
            TradeModel.from_customs_values(self.FLOWS, np.ones(2), 4.0, ("A", "B", "C"))


class TestRefusals:
    X = np.array([[5.0, 1.0], [1.0, 5.0]])

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"spending": np.array([[5.0, np.nan], [1.0, 5.0]])}, r"spending\[0, 1\] = nan is not finite"),
            ({"spending": np.array([[5.0, 1.0], [-1.0, 5.0]])}, r"spending\[1, 0\] = -1 is not at least 0"),
            ({"spending": np.ones((2, 3))}, r"spending has shape \(2, 3\)"),
            ({"spending": np.array([[0.0, 0.0], [1.0, 5.0]])}, "output of H = 0 is not positive"),
            ({"spending": np.array([[0.0, 1.0], [0.0, 5.0]])}, "expenditure of H = 0 is not positive"),
            ({"elasticity": np.array(0.0)}, "elasticity = 0 is not above 0"),
            ({"elasticity": np.array([4.0, np.inf])}, r"elasticity\[1\] = inf is not finite"),
            ({"regions": ("H", "H")}, "are not 2 different labels"),
            ({"base_tariffs": np.array([[0.0, -1.0], [0.0, 0.0]])}, r"base_tariffs\[0, 1\] = -1 is not above -1"),
            ({"base_tariffs": np.eye(2)}, r"base_tariffs\[0, 0\] = 1 is not 0: no region has a tariff on its own"),
            ({"base_tariffs": np.zeros((3, 3))}, r"base_tariffs has shape \(3, 3\)"),
            ({"base_tariffs": np.zeros((3, 2, 2)), "elasticity": np.ones(4)}, "leading axes do not broadcast"),
        ],
    )
    def test_bad_models(self, change: dict[str, object], message: str) -> None:
        fields: dict[str, object] = {"spending": self.X, "elasticity": np.array(4.0), "regions": ("H", "F")} | change
        with pytest.raises(ValueError, match=message):
            TradeModel(**fields)  # type: ignore[arg-type]

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ({"tariffs": np.array([[0.0, np.nan], [0.0, 0.0]])}, r"tariffs\[0, 1\] = nan is not finite"),
            ({"tariffs": np.array([[0.0, np.inf], [0.0, 0.0]])}, "to stop a flow, use export_bans"),
            ({"tariffs": np.array([[0.0, -2.0], [0.0, 0.0]])}, "is not above -1"),
            ({"tariffs": np.zeros(2)}, r"tariffs has shape \(2,\)"),
            ({"export_bans": np.eye(2, dtype=bool)}, "export_bans of H on itself"),
            ({"export_bans": np.full((2, 2), 0.5)}, "something else than True and False"),
            ({"export_bans": np.zeros((3, 3), dtype=bool)}, r"export_bans has shape \(3, 3\)"),
            ({"iceberg": np.zeros((2, 2))}, r"iceberg\[0, 0\] = 0 is not above 0"),
            ({"start": np.array([1.0, -1.0])}, r"start\[1\] = -1 is not above 0"),
            ({"start": np.ones(3)}, r"start has shape \(3,\)"),
        ],
    )
    def test_bad_questions(self, arguments: dict[str, NDArray[np.float64]], message: str) -> None:
        model = TradeModel(self.X, np.array(4.0), ("H", "F"))
        with pytest.raises(ValueError, match=message):
            model.solve(**arguments)  # type: ignore[arg-type]

    def test_ban_without_another_supplier(self) -> None:
        model = TradeModel(np.array([[0.0, 2.0], [1.0, 5.0]]), np.array(4.0), ("H", "F"))
        with pytest.raises(ValueError, match="export_bans leave H without any supplier"):
            model.solve(export_bans=model.ban_matrix([("F", "H")]))
        with pytest.raises(ValueError, match="export_bans leave H without any customer"):
            model.solve(export_bans=model.ban_matrix([("H", "F")]))

    def test_unknown_region(self) -> None:
        with pytest.raises(ValueError, match="region 'X' is not one of H, F"):
            TradeModel(self.X, np.array(4.0), ("H", "F")).tariff_matrix({("X", "H"): 0.1})

    def test_arrays_cannot_be_changed(self) -> None:
        spending = self.X.copy()
        model = TradeModel(spending, np.array(4.0), ("H", "F"))
        spending[0, 0] = 99.0
        assert model.spending[0, 0] == 5.0
        for array in (model.spending, model.base_tariffs, model.solve().real_income, model.solve().tariffs):
            with pytest.raises(ValueError, match="read-only"):
                array[..., 0] = 1.0


def test_tariff_matrix_names_importer_then_exporter() -> None:
    model = TradeModel(np.ones((3, 3)), np.array(4.0), ("US", "CN", "EU"))
    rates = model.tariff_matrix({("US", "CN"): 0.475})
    assert rates[1, 0] == 0.475
    assert rates.sum() == 0.475
    outcome = model.solve(rates)
    assert outcome.revenue[0] > 0
    assert outcome.revenue[1] == 0.0
