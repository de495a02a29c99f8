"""Comparisons: terms add up, the split does not depend on an order, and what did not change has no part in it."""

from __future__ import annotations

import json
import pickle
from collections.abc import Sequence
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_talks import BASE, SMALL, agreement, prisoners_agreement, small_rounds

from bargain.games.markov import MarkovGame
from bargain.games.stationary import StationaryProfile, stationary_values
from bargain.solvers.watch import watched
from bargain.standoff import ScenarioError
from bargain.talks import Agreement, Request, Setting, agree, negotiate
from bargain.talks.compare import Comparison, compare, compare_scenarios
from bargain.talks.payoff_terms import agreed_plan, paid_usd, plan_values, standoff_plan, term_payoffs
from bargain.talks.words import side_payments

STOCK, AUDIENCE = "heavy_rare_earths.US.military_stock_months", "US.audience_cost"


@cache
def changed(arrangement: str = "truce", threat: str = "path", **values: float) -> Agreement:
    named = {key.replace("__", "."): value for key, value in values.items()}
    return negotiate(BASE.with_values(named), levels=SMALL, arrangement=arrangement, threat=threat, n_starts=3)


@cache
def compared(arrangement: str = "truce", threat: str = "path") -> Comparison:
    return compare(agreement(arrangement, threat), changed(arrangement, threat, US__audience_cost=0.3))


CASES = [("truce", "path"), ("truce", "worst"), ("deal", "path"), ("deal", "punishment")]


@pytest.mark.parametrize(("arrangement", "threat"), CASES)
def test_terms_add_up_to_payoff_and_threat_point_and_parts_to_the_change(arrangement: str, threat: str) -> None:
    found, old = compared(arrangement, threat), agreement(arrangement, threat)
    new = changed(arrangement, threat, US__audience_cost=0.3)
    for table, ends in (
        (found.payoff, (old.payoffs, new.payoffs)),
        (found.threat, (old.threat_point, new.threat_point)),
    ):
        if table is None:
            assert threat == "punishment"
            continue
        assert ends[0] is not None
        assert ends[1] is not None
        np.testing.assert_allclose(table.before.sum(axis=0), ends[0], rtol=0, atol=1e-9)
        np.testing.assert_allclose(table.after.sum(axis=0), ends[1], rtol=0, atol=1e-9)
        np.testing.assert_allclose(table.change.sum(axis=0), ends[1] - ends[0], rtol=0, atol=1e-9)
        assert table.by_numbers is not None
        assert table.by_moves is not None
        np.testing.assert_allclose(table.by_numbers + table.by_moves, table.change, rtol=0, atol=1e-12)


def test_the_terms_of_a_truce_are_what_simulated_play_gives() -> None:
    """Cross-check: the discounted terms of rounds one after the other, the chances of states carried along."""
    made = agreement(threat="worst")
    game, start = made.setting.game, made.setting.start
    assert made.standoff is not None
    assert made.standoff.equilibrium is not None
    terms = term_payoffs(made)
    agreed = agreed_plan(made)
    assert agreed is not None
    found = plan_values(made.setting, terms, agreed)[: len(terms)]
    plan = made.standoff.equilibrium.profile.actions
    assert plan is not None
    stacked, total = np.stack(list(terms.values())), np.zeros((len(terms), 2))
    for chance, play in zip(made.outcome.lottery, made.outcome.truces, strict=True):
        kept, over = np.where(play.active, start, 0.0), np.where(play.active, 0.0, start)
        for t in range(1500):
            weight, after_kept, after_over = chance * (1 - game.discount_factor) * game.discount_factor**t, 0, 0
            for mass, moves, stays in ((kept, play.moves, True), (over, plan, False)):
                ahead = np.zeros(game.n_states)
                for s in np.flatnonzero(mass):
                    cell = (s, *moves[s])
                    total += weight * mass[s] * stacked[:, s, :, moves[s][0], moves[s][1]]
                    np.add.at(ahead, game.successors[cell], mass[s] * game.probabilities[cell])
                after_kept = after_kept + np.where(play.active, ahead, 0.0) * stays
                after_over = after_over + ahead - np.where(play.active, ahead, 0.0) * stays
            kept, over = np.asarray(after_kept), np.asarray(after_over)
            if weight < 1e-9:
                break
    np.testing.assert_allclose(total, found, atol=1e-7)


@pytest.mark.parametrize("threat", ["path", "punishment"])
def test_side_payments_from_payments_alone_are_what_the_payoff_leaves(threat: str) -> None:
    made = agreement("deal", threat)
    np.testing.assert_allclose(paid_usd(made), side_payments(made), atol=1e-9)


def test_a_concession_is_a_term_of_its_own() -> None:
    """A demand that costs nothing is conceded; its worth is what it is to either side, by the moves."""
    cheap = BASE.with_values({"unification.cost": 0.0})
    without, made = (negotiate(cheap, levels=SMALL, demands=demands) for demands in ("off", "negotiable"))
    assert made.outcome.demanded is not None
    assert made.outcome.demanded.made == (True,)
    found = compare(without, made)
    assert found.payoff is not None
    assert found.payoff.by_moves is not None
    worth = found.payoff.by_moves[found.payoff.terms.index("concessions")]
    np.testing.assert_allclose(worth, made.outcome.worth_conceded, atol=1e-15)
    np.testing.assert_allclose(found.payoff.after.sum(axis=0), made.payoffs, rtol=0, atol=1e-9)


def test_before_and_after_swapped_gives_the_opposite_change_and_parts() -> None:
    """The average over both orders knows no order."""
    there, back = compared(), compare(changed(US__audience_cost=0.3), agreement())
    assert there.payoff is not None
    assert back.payoff is not None
    assert there.payoff.terms == back.payoff.terms
    for name in ("change", "by_numbers", "by_moves"):
        np.testing.assert_allclose(getattr(there.payoff, name), -getattr(back.payoff, name), atol=1e-14)


def test_a_level_shift_of_one_term_is_all_numbers_and_moves_nothing() -> None:
    """A constant on the first side's payoffs changes no incentive: its whole change is by the numbers."""
    game = prisoners_agreement().setting.game
    shifted = game.payoffs.copy()
    shifted[:, 0] += 2.5
    richer = MarkovGame(shifted, game.successors, game.probabilities, game.discount_factor, game.players, game.actions)
    found = compare(
        agree(Setting(game, np.array([1.0, 0.0]), np.ones(2), (1, 1)), Request()),
        agree(Setting(richer, np.array([1.0, 0.0]), np.ones(2), (1, 1)), Request()),
    )
    for table in (found.payoff, found.threat):
        assert table is not None
        np.testing.assert_allclose(table.by_numbers, [[2.5, 0.0]], atol=1e-12)
        np.testing.assert_allclose(table.by_moves, 0.0, atol=1e-12)


def test_other_terms_of_the_request_are_all_moves() -> None:
    found = compare(agreement(reply_lag=1), agreement(threat="worst"))
    assert [(entry.key, entry.before, entry.after) for entry in found.changed] == [("threat", "path", "worst")]
    assert found.payoff is not None
    np.testing.assert_allclose(found.payoff.by_numbers, 0.0, atol=1e-12)
    assert np.abs(found.payoff.change).max() > 1e-3


def test_nothing_changed_is_no_change_in_anything() -> None:
    found = compare(agreement(), agreement())
    assert found.changed == ()
    assert found.payoff is not None
    assert not found.payoff.change.any()
    assert "what changed: nothing" in found.summary()
    assert "no change" in found.summary()


@settings(max_examples=15, deadline=None)
@given(st.lists(st.floats(-1.0, 1.0), min_size=4, max_size=4), st.floats(0.05, 0.95))
def test_values_of_terms_are_linear_in_the_payoffs(shares: Sequence[float], chance: float) -> None:
    """Any split of a game's payoffs into terms has values that add up to those of an independent computation."""
    made = prisoners_agreement()
    game = made.setting.game
    first = game.payoffs * np.array(shares)[:2, None, None].reshape(1, 2, 1, 1) + shares[2]
    terms = {"first": first, "second": shares[3] * game.payoffs, "rest": (1 - shares[3]) * game.payoffs - first}
    plan = standoff_plan(made)
    assert plan is not None
    assert plan.standoff is not None
    setting = made.setting.starting(np.array([chance, 1.0 - chance]))
    values = setting.at_start(stationary_values(game, StationaryProfile(plan.standoff.strategies)))
    np.testing.assert_allclose(plan_values(setting, terms, plan).sum(axis=0), values, atol=1e-10)


def test_a_changed_value_is_named_with_its_sources_and_both_sides_are_told_alike() -> None:
    found = compare_scenarios(BASE, {STOCK: 1.0}, levels=SMALL)
    entry = found.changed[0]
    assert (entry.key, entry.kind, entry.before, entry.after, entry.unit) == (STOCK, "parameter", 4.0, 1.0, "months")
    assert "us_mil_stock_months" in entry.source_before
    assert entry.source_after.startswith("set by the user")
    text = found.summary()
    for line in ("US payoff", "CN payoff", "US threat", "CN threat", "moves of the standoff", "expected life"):
        assert line in text
    us, cn = (text.count(f"\n  {player} ") + text.count(f"\n  {player}:") for player in ("US", "CN"))
    assert us == cn
    assert found == Comparison.from_dict(json.loads(json.dumps(found.to_dict())))
    assert found == pickle.loads(pickle.dumps(found))
    assert hash(found) == hash(pickle.loads(pickle.dumps(found)))
    frame = found.to_frame()
    assert list(frame) == ["value", "term", "player", "before", "after", "change", "by_numbers", "by_moves"]
    totals = frame[frame["value"] == "payoff"].groupby("player")["change"].sum()
    for player, change in found.change("payoff").items():
        assert abs(totals[player] - change) < 1e-9


def test_another_grid_has_terms_but_no_split() -> None:
    found = compare(agreement(), negotiate(BASE, levels={**SMALL, "military": 3}))
    assert found.payoff is not None
    assert found.payoff.by_numbers is None
    assert "the states before are not those after" in found.summary()
    assert Comparison.from_dict(found.to_dict()) == found


def test_payoff_sets_name_no_moves() -> None:
    found = compare(prisoners_agreement(arrangement="set"), prisoners_agreement())
    assert found.payoff is None
    assert found.note == "no payoff terms: no moves are known before"
    assert found.threat is not None


def test_another_start_is_kept_in_the_record_and_comes_back() -> None:
    made = negotiate(BASE, rounds=small_rounds(), start={"mood": "split", "military": 2.0})
    assert made.sources["start"] == {"military": 2.0, "mood": "split"}
    assert all("split" in state for state in made.start)
    assert Agreement.from_dict(json.loads(json.dumps(made.to_dict()))) == made
    months = sum(chance * float(state.split(",")[0].split()[1]) for state, chance in made.start.items())
    assert abs(months - 2.0) < 1e-12
    found = compare(agreement(), made)
    assert found.changed[0].key == "start"
    assert negotiate(BASE, rounds=small_rounds(), start={}) == negotiate(BASE, rounds=small_rounds())


@pytest.mark.parametrize(
    ("start", "words"),
    [
        ({"militry": 2.0}, "did you mean 'military'"),
        ({"mood": "splt"}, "did you mean 'split'"),
        ({"mood": 1}, "mood = 1 is not one of"),
        ({"military": 400.0}, "is not in \\[0, "),
        ({"military": float("nan")}, "not a finite number"),
        ({"military": True}, "not a finite number"),
        (5, "not a mapping"),
    ],
)
def test_a_start_that_is_none_is_refused_in_one_line(start: Any, words: str) -> None:
    with pytest.raises(ScenarioError, match=words) as caught:
        negotiate(BASE, rounds=small_rounds(), start=start)
    assert "\n" not in str(caught.value)


def test_leverage_and_window_begin_at_that_start_too() -> None:
    made = negotiate(BASE, rounds=small_rounds(), start={"mood": "split"})
    held = negotiate(BASE, rounds=small_rounds(), start={"mood": "split"}, frozen={"licences": "open"})
    row = made.leverage({"held": {"licences": "open"}}).iloc[0]
    assert held.payoffs is not None
    assert abs(row["payoff"] - held.payoffs[0]) < 1e-12
    first = made.closing_window().iloc[0]
    assert made.payoffs is not None
    assert abs(first["payoff"] - made.payoffs[0]) < 1e-9


@pytest.mark.parametrize("arrangement", ["truce", "deal"])
def test_progress_goes_from_nothing_to_all_and_never_back(arrangement: str) -> None:
    told: list[tuple[float, str]] = []
    negotiate(
        BASE, rounds=small_rounds(), arrangement=arrangement, progress=lambda share, stage: told.append((share, stage))
    )
    shares = [share for share, _ in told]
    assert shares[0] == 0.0
    assert shares[-1] == 1.0
    assert all(one <= two for one, two in pairwise(shares))
    assert max(share for share, stage in told if stage.startswith("standoff")) < 0.5
    assert any(stage.startswith("standoff, ") for _, stage in told), "the solver inside is heard"
    assert {"payoffs", "standoff", arrangement, "done"} <= {stage.partition(",")[0] for _, stage in told}


def test_progress_inside_another_run_goes_to_who_listens_there() -> None:
    told: list[float] = []
    with watched(None, lambda share, stage: told.append(share)):
        prisoners_agreement()
    assert told[-1] == 1.0


def test_what_cannot_be_compared_is_refused() -> None:
    with pytest.raises(ScenarioError, match="before and after are the same"):
        compare_scenarios(BASE, {})
    with pytest.raises(ScenarioError, match=r"did you mean 'US\.audience_cost'"):
        compare_scenarios(BASE, {"US.audience_csot": 0.1})
    with pytest.raises(ScenarioError, match="load_scenario"):
        compare_scenarios("us-china-2025", {})  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="before is a int, not an Agreement"):
        compare(5, agreement())  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="not comparable"):
        compare(agreement(), prisoners_agreement())


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"levels": 5}, "levels = 5 is not a mapping"),
        ({"levels": {"military": "a"}}, "military = 'a' is not a whole number"),
        ({"frozen": "licences"}, "frozen = 'licences' is not a mapping"),
        ({"rounds": 5}, "rounds is a int, not the game"),
        ({"weights": 5}, "weights = 5 does not hold one entry"),
        ({"demands": "negotiabel"}, "did you mean 'negotiable'"),
    ],
)
def test_settings_of_the_wrong_kind_are_named_in_one_line(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words) as caught:
        negotiate(BASE, **{**({} if "rounds" in settings else {"levels": SMALL}), **settings})
    assert "\n" not in str(caught.value)
