"""Expectations: the verdict follows from the numbers alone, and the numbers from code that is checked here by other."""

from __future__ import annotations

import itertools
import json
import pickle
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from known_markov_games import two_state_prisoners

from bargain.games.stationary import StationaryProfile, certify_stationary
from bargain.solvers import solve
from bargain.solvers.enforceable import EnforceableDeals
from bargain.standoff import ScenarioError, State, load_scenario
from bargain.study import agreement_expectations, cost_expectations, round_expectations, standoff_expectations
from bargain.study.expectations import Case, Expectation, expectation_frame, expectations, range_text
from bargain.talks import Setting, setting_of

BASE = load_scenario("us-china-2025")
SMALL = standoff_expectations.COARSE
STEPS = {
    "tariff": ("pre_2025", "truce", "peak"),
    "chips": ("restricted", "ban"),
    "licences": ("open", "dual_track", "slow", "ban"),
}


def made(*numbers: float, low: float = 0.0, high: float = 1.0) -> Expectation:
    cases = tuple(Case(f"case {k}", "", number) for k, number in enumerate(numbers))
    return Expectation("id", "statement", "test", "unit", low, high, cases, "reason")


@pytest.mark.parametrize(
    ("numbers", "verdict"),
    [((0.0, 1.0), "confirmed"), ((0.5, 1.1), "partly"), ((-0.1, 1.1), "refuted"), ((np.inf,), "refuted")],
)
def test_the_verdict_counts_the_numbers_in_the_range(numbers: tuple[float, ...], verdict: str) -> None:
    assert made(*numbers).verdict == verdict


def test_expectations_are_plain_data() -> None:
    one = made(0.5, 2.0, low=-np.inf)
    assert pickle.loads(pickle.dumps(one)) == one
    text = json.dumps(one.to_dict(), allow_nan=False)
    assert Expectation.from_dict(json.loads(text)) == one
    assert json.dumps(Expectation.from_dict(json.loads(text)).to_dict()) == text
    frame = expectation_frame([one])
    assert frame["holds"].tolist() == [True, False]
    assert frame["verdict"].tolist() == ["partly", "partly"]
    assert np.isnan(frame["low"]).all()


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [(1.0, 1.0, "1"), (-np.inf, 0.5, "at most 0.5"), (0.5, np.inf, "at least 0.5"), (0.1, 0.25, "0.1 to 0.25")],
)
def test_ranges_in_words(low: float, high: float, words: str) -> None:
    assert range_text(low, high) == words


def test_bad_input_is_named() -> None:
    with pytest.raises(ValueError, match="no case"):
        made()
    with pytest.raises(ValueError, match="is not a range"):
        made(0.5, low=1.0, high=0.0)
    with pytest.raises(ValueError, match="the number is NaN"):
        made(np.nan)
    with pytest.raises(ScenarioError, match="is not a scenario"):
        expectations("us-china-2025")  # type: ignore[arg-type]
    with pytest.raises(ScenarioError, match="n_draws = 0 is not a whole number"):
        expectations(BASE, n_draws=0)
    with pytest.raises(ScenarioError, match="the expectations are about US and CN"):
        expectations(load_scenario("us-china-2018"))


# ------------------------------------------------------------ costs


def test_costs_against_closed_forms() -> None:
    found = {one.id: one for one in cost_expectations.cost_expectations(BASE)}
    assert len(found) == 6
    # A full stop costs the whole exposure, an 80 % cut what it is calibrated to.
    v, loss = (BASE.parameters[f"magnet_users.US.{name}"].value for name in ("exposure", "loss_of_80_cut"))
    assert found["last_fifth"].cases[0].number == pytest.approx(1.0 - loss / v)
    imf = BASE.evidence.parameter("loss_us_80")
    assert found["losses_fit"].cases[2].number == pytest.approx((loss - imf.low) / (imf.high - imf.low))
    # The less trade reacts, the more its terms justify.
    rates = [case.number for case in found["terms_of_trade"].cases]
    assert rates[2] > rates[0] > 0.0
    assert rates[3] > rates[1] > 0.0
    low, mid, high = (case.number for case in found["revenue_alone"].cases[::2])
    assert low > mid > high
    assert {found[name].verdict for name in ("revenue_alone", "losses_overshoot")} == {"confirmed"}


# ------------------------------------------------------------ one round


def steps_by_hand(label: str, side: str) -> int:
    """Steps of an action above the play before the standoff, read off its label."""
    tariff, control = label.split("/")
    ladder = STEPS["chips" if side == "US" else "licences"]
    return STEPS["tariff"].index(tariff) + (ladder.index(control) if control in ladder else 0)


def test_the_audience_by_steps_is_what_is_left_unanswered() -> None:
    moves = BASE.payoffs().moves
    cost = round_expectations.step_audience(moves, BASE, {"US": np.array([0.1]), "CN": np.array([0.35])})
    assert cost.shape == (1, 2, *moves.shape)
    for (i, us), (j, cn) in itertools.product(*(enumerate(labels) for labels in moves.actions)):
        first, second = steps_by_hand(us, "US"), steps_by_hand(cn, "CN")
        assert cost[0, 0, i, j] == pytest.approx(-0.1 * max(0, second - first))
        assert cost[0, 1, i, j] == pytest.approx(-0.35 * max(0, first - second))


@pytest.mark.parametrize("audience", ["harm", "steps", "none"])
def test_pure_equilibria_of_a_round_by_enumeration(audience: str) -> None:
    table = BASE.payoffs(State(0.0, 0.0))
    (game,) = round_expectations.games_of(BASE, table, audience)
    u = table.stage_payoffs()[0]
    if audience != "harm":
        u = u - table.terms["audience"][0, [table.players.index(code) for code in ("US", "CN")]]
    if audience == "steps":
        weights = {code: np.array([BASE.parameters[f"{code}.audience_cost"].value]) for code in ("US", "CN")}
        u = u + round_expectations.step_audience(table.moves, BASE, weights)[0]
    rows, columns = table.moves.actions
    by_hand = [
        (rows[i], columns[j])
        for i, j in itertools.product(range(len(rows)), range(len(columns)))
        if all(u[0, k, j] <= u[0, i, j] for k in range(len(rows)))
        and all(u[1, i, k] <= u[1, i, j] for k in range(len(columns)))
    ]
    assert round_expectations.pure_moves(game) == by_hand


# ------------------------------------------------------------ over rounds


def test_the_audience_by_steps_replaces_the_term_and_nothing_else() -> None:
    rounds = BASE.rounds(levels=SMALL)
    harm, steps = (standoff_expectations.setting_with(BASE, rounds, form) for form in ("harm", "steps"))
    np.testing.assert_array_equal(harm.game.successors, steps.game.successors)
    np.testing.assert_array_equal(harm.start, steps.start)
    audience = rounds.table.terms["audience"]
    weights = {code: np.array([BASE.parameters[f"{code}.audience_cost"].value]) for code in ("US", "CN")}
    counted = round_expectations.step_audience(rounds.table.moves, BASE, weights)
    np.testing.assert_allclose(steps.game.payoffs - counted, harm.game.payoffs - audience, atol=1e-12)


def test_the_audience_by_steps_weighs_what_is_drawn() -> None:
    draws = BASE.draws(2, seed=1)
    rounds = BASE.rounds(draws=draws, levels=SMALL)
    harm, steps = (standoff_expectations.setting_with(BASE, rounds, form, 1, draws) for form in ("harm", "steps"))
    audience = rounds.table.terms["audience"][rounds.space.n_states :]
    weights = {code: draws[f"{code}.audience_cost"][1:] for code in ("US", "CN")}
    counted = round_expectations.step_audience(rounds.table.moves, BASE, weights)
    np.testing.assert_allclose(steps.game.payoffs - counted, harm.game.payoffs - audience, atol=1e-12)


@pytest.mark.parametrize(("discount_factor", "chance"), [(0.7, 1.0), (0.2, 0.0)])
def test_a_truce_on_the_status_quo_is_in_force_where_cooperation_is_known_to_hold(
    discount_factor: float, chance: float
) -> None:
    """Two-state prisoners' dilemma: cooperation holds in both states from (sqrt(97) - 7) / 8 = .356 on."""
    game = two_state_prisoners(discount_factor)
    defection = certify_stationary(game, StationaryProfile.pure(game, [(1, 1)] * 2))
    setting = Setting(game, np.array([1.0, 0.0]), np.ones(2), (0, 0))
    assert standoff_expectations.in_force(setting, defection) == chance


def test_standoffs_of_a_game_with_a_dominant_action() -> None:
    setting = Setting(two_state_prisoners(0.7), np.array([1.0, 0.0]), np.ones(2), (1, 1))
    path, found = standoff_expectations.standoffs_of(setting, seed=0, n_starts=2)
    assert found == [path]
    assert path is not None
    labels = setting.game.actions
    assert standoff_expectations.chance_of(setting, path, (labels[0][1], labels[1][1])) == 1.0
    assert standoff_expectations.chance_of(setting, path, (labels[0][0], labels[1][1])) == 0.0
    assert standoff_expectations.begins_with(setting, path) == "action 2 against action 2"
    assert standoff_expectations.status_quo_moves(setting) == (labels[0][1], labels[1][1])


def test_readings_that_say_the_same_are_told_together() -> None:
    assert standoff_expectations.in_words({"a": "x", "b": "x"}) == "x in every reading"
    assert standoff_expectations.in_words({"a": "x", "b": "y", "c": "x"}) == "x (a, c); y (b)"


def test_deals_of_many_weights_are_those_of_one() -> None:
    weights = np.array([0.1, 0.2, 0.25, 0.4])
    together = agreement_expectations._agreed_truce(BASE, {"US.protection_weight": weights})
    for weight, found in zip(weights, together, strict=True):
        scenario = BASE.with_values({"US.protection_weight": weight})
        setting = setting_of(scenario, scenario.rounds(levels=SMALL))
        plan = solve(setting.game, EnforceableDeals(transfer_weights=tuple(setting.usd.tolist()))).plan
        assert plan is not None
        labels = [setting.game.actions[0][plan[s][0]] for s in setting.starts]
        assert found == all(label.startswith("truce/") for label in labels)
    assert together.tolist() == [False, False, True, True]


def test_every_expectation_over_rounds_on_the_smallest_grid(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (standoff_expectations, agreement_expectations):
        monkeypatch.setattr(module, "MIDDLE", SMALL)
    found = (
        *standoff_expectations.standoff_expectations(BASE, 1, 0, 1),
        agreement_expectations._all_pairs_enforce(BASE, 1, 0),
        agreement_expectations._deal_regime(BASE),
        *agreement_expectations._stock_readings(BASE),
    )
    assert len({one.id for one in found}) == len(found) == 10
    table = expectation_frame(found)
    assert set(table["verdict"]) <= {"confirmed", "partly", "refuted"}
    shares = table[table["unit"].str.startswith(("chance", "share"))]["number"]
    assert ((shares >= 0.0) & (shares <= 1.0)).all()
    by_id = {one.id: one for one in found}
    assert by_id["all_pairs_enforce"].verdict == "confirmed"
    # China's lead in words is the lead that the numbers differ by.
    assert by_id["general_stock"].reason.count("as stocks are") == 2


def test_the_page_says_what_the_committed_table_says() -> None:
    root = Path(__file__).parents[2]
    written = root / "figures" / "expectations.csv"
    table = pd.read_csv(written, keep_default_na=False, na_values=[""])
    page = (root / "docs" / "expectations.md").read_text(encoding="utf-8")
    for name, rows in table.groupby("id", sort=False):
        (line,) = [line for line in page.splitlines() if line.startswith(f"| `{name}` |")]
        assert line.endswith(f"| **{rows['verdict'].iloc[0]}** |")
        for number in rows["number"]:
            assert f": {number:.3g}" in line
