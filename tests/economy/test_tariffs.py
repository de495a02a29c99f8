"""Tariff games: reference Nash tariffs, best-response formula, certificates and warnings."""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bargain.economy.tariffs import TariffWarning, best_response, nash_tariffs, optimal_tariffs
from bargain.economy.trade import TradeModel

REFERENCE = Path(__file__).parents[2].parent / "shared" / "oracles" / "trade_four_regions.json"


def symmetric(elasticity: float, kappa: float) -> TradeModel:
    """Two equal countries, kappa = iceberg cost^-eps: spending in proportion 1 : kappa at free trade."""
    return TradeModel(np.array([[1.0, kappa], [kappa, 1.0]]), np.array(elasticity), ("H", "F"))


def four_regions(purged: bool = True) -> TradeModel:
    if not REFERENCE.exists():
        pytest.skip("the four-region reference scenarios are not beside the project")
    oracle = json.loads(REFERENCE.read_text())
    model = TradeModel(np.array(oracle["X"]), np.array(oracle["eps"]), ("US", "CN", "EU", "ROW"))
    return model.purged() if purged else model


class TestTwoCountries:
    @pytest.mark.parametrize(
        ("elasticity", "kappa", "rate", "loss"),
        [
            (2.0, 1.0, (np.sqrt(5) - 1) / 2, -7.06299138),
            (4.0, 1.0, 0.3138559355, -3.82911521),
            (4.0, 0.25, 0.2689926060, None),
            (8.0, 0.05, 0.1271287192, None),
        ],
    )
    def test_symmetric_nash(self, elasticity: float, kappa: float, rate: float, loss: float | None) -> None:
        game = nash_tariffs(symmetric(elasticity, kappa))
        assert game.converged
        assert game.notes == ()
        np.testing.assert_allclose(game.rates, rate, rtol=0, atol=1e-9)
        t = game.rates
        np.testing.assert_allclose(elasticity * t, 1 + kappa * (1 + t) ** -(elasticity + 1), atol=1e-9)
        if loss is not None:
            np.testing.assert_allclose((game.real_income - 1) * 100, loss, rtol=0, atol=1e-8)

    @settings(max_examples=25, deadline=None)
    @given(st.floats(0.05, 20.0), st.floats(0.02, 1.0), st.floats(0.02, 1.0), st.floats(1.0, 8.0), st.floats(0.0, 0.6))
    def test_best_response_formula(self, size: float, a: float, b: float, elasticity: float, foreign: float) -> None:
        """t = (1 + t_F lambda_FF)/(eps lambda_FF (1+t_F)), lambda_FF at the new equilibrium."""
        model = TradeModel(np.array([[1.0, a], [b, size]]), np.array(elasticity), ("H", "F")).purged()
        rates = model.tariff_matrix({("F", "H"): foreign})
        game = best_response(model, "H", tariffs=rates, bounds=(0.0, 50.0))
        lam = game.outcome.trade_shares[1, 1]
        assert game.converged
        assert game.rates[0] == pytest.approx((1 + foreign * lam) / (elasticity * lam * (1 + foreign)), rel=1e-6)

    @pytest.mark.parametrize("elasticity", [0.8, 4.0, 8.0])
    def test_small_country_levies_one_over_the_elasticity(self, elasticity: float) -> None:
        tiny = 1e-7
        model = TradeModel(np.array([[tiny, tiny], [tiny, 1.0]]), np.array(elasticity), ("small", "world"))
        game = best_response(model, "small")
        assert game.rates[0] == pytest.approx(1 / elasticity, rel=1e-5)


class TestFourRegions:
    def test_bilateral_nash(self) -> None:
        game = nash_tariffs(four_regions(), players=("US", "CN"))
        assert game.instruments == (("US", ("CN",)), ("CN", ("US",)))
        np.testing.assert_allclose(game.rates * 100, [11.64, 10.76], atol=0.005)
        np.testing.assert_allclose((game.real_income[:2] - 1) * 100, [-0.0124, -0.0518], atol=5e-5)
        assert game.converged
        assert game.tariffs[1, 0] == pytest.approx(game.rates[0], abs=1e-15)
        assert game.tariffs[0, 1] == pytest.approx(game.rates[1], abs=1e-15)

    def test_pairs_are_the_same_game(self) -> None:
        model = four_regions()
        game = nash_tariffs(model, pairs=[("US", "CN"), ("CN", "US")])
        np.testing.assert_allclose(game.rates, nash_tariffs(model, ("US", "CN")).rates, atol=1e-12)

    def test_world_nash(self) -> None:
        game = nash_tariffs(four_regions())
        np.testing.assert_allclose(game.rates * 100, [25.29, 25.40, 25.35, 25.88], atol=0.005)
        assert game.converged
        assert (game.deviation_gain <= 1e-9).all()

    def test_nash_is_mutual_best_response(self) -> None:
        model = four_regions()
        game = nash_tariffs(model)
        for k, player in enumerate(model.regions):
            response = best_response(model, player, tariffs=game.tariffs)
            assert response.rates[0] == pytest.approx(game.rates[k], abs=1e-9)

    def test_own_rate_per_target_pays_at_least_the_common_one(self) -> None:
        model = four_regions()
        common, several = best_response(model, "US"), best_response(model, "US", per_target=True)
        assert several.converged
        assert several.rates.shape == (3,)
        assert several.outcome["US"] >= common.outcome["US"]

    def test_optimal_tariffs_gain_for_their_owner(self) -> None:
        for player, game in optimal_tariffs(four_regions(), ("US", "CN")).items():
            assert game.outcome[player] > 1.0
            assert game.rates[0] > 1 / 4.0  # a large country levies more than a small one

    def test_draws_are_solved_together(self) -> None:
        oracle = four_regions(purged=False)
        eps = np.array([2.0, 4.0, 7.0])
        model = TradeModel(oracle.spending, eps, oracle.regions).purged()
        game = nash_tariffs(model, ("US", "CN"))
        assert game.rates.shape == (3, 2)
        assert game.converged.all()
        for k in range(3):
            alone = nash_tariffs(TradeModel(oracle.spending, eps[k], oracle.regions).purged(), ("US", "CN"))
            np.testing.assert_allclose(game.rates[k], alone.rates, atol=1e-9)

    def test_subsidies_when_bounds_allow(self) -> None:
        game = best_response(four_regions(), "US", bounds=(-0.5, 10.0))
        np.testing.assert_allclose(game.rates, best_response(four_regions(), "US").rates, atol=1e-9)


class TestWarnings:
    def test_unpurged_deficits_run_to_the_bound(self) -> None:
        model = four_regions(purged=False)
        with pytest.warns(TariffWarning) as record:
            game = best_response(model, "US")
        assert len(record) == 2
        assert "deficits were not purged" in game.notes[0]
        assert game.notes[1] == "the tariff of US on CN, EU, ROW is at its bound"
        assert game.rates[0] == 10.0
        assert game.at_bound.all()

    def test_a_tight_bound_is_reported_and_certified(self) -> None:
        with pytest.warns(TariffWarning, match="is at its bound"):
            game = best_response(four_regions(), "US", ["CN"], bounds=(0.0, 0.05))
        assert game.rates[0] == pytest.approx(0.05, abs=1e-15)
        assert game.converged

    def test_bound_in_some_draws_counts_them(self) -> None:
        oracle = four_regions(purged=False)
        model = TradeModel(oracle.spending, np.array([2.0, 8.0]), oracle.regions).purged()
        with pytest.warns(TariffWarning, match="at its bound in 1 of 2 draws"):
            game = best_response(model, "US", bounds=(0.0, 0.2))
        np.testing.assert_array_equal(game.at_bound[:, 0], [True, False])

    def test_no_warning_without_reason(self) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            nash_tariffs(symmetric(4.0, 0.25))


class TestRefusals:
    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ({"players": ("H",)}, "H has nobody to levy a tariff on"),
            ({"players": ("H", "X")}, "region 'X' is not one of"),
            ({"players": ()}, "no players"),
            ({"players": ("H", "F"), "pairs": [("H", "F")]}, "both given"),
            ({"pairs": [("H", "H")]}, "cannot levy a tariff on itself"),
            ({"pairs": [("H", "F"), ("H", "F")]}, "two rates on the same exporter"),
            ({"bounds": (1.0, 0.0)}, "are not finite rates"),
            ({"bounds": (-1.0, 1.0)}, "are not finite rates"),
            ({"bounds": (0.0, np.inf)}, "are not finite rates"),
            ({"tariffs": np.ones((2, 2))}, "no region has a tariff on its own"),
        ],
    )
    def test_bad_games(self, arguments: dict[str, object], message: str) -> None:
        with pytest.raises(ValueError, match=message):
            nash_tariffs(symmetric(4.0, 0.5), **arguments)  # type: ignore[arg-type]
