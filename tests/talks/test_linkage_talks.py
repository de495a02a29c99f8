"""Issues alone and together: levels derived from the scenario, smaller games, and what holds alone or only linked."""

from __future__ import annotations

import json
from functools import cache

import numpy as np
import pandas as pd
import pytest
from small_talks import BASE, agreement, prisoners_agreement, small_rounds

from bargain.solvers import Truce, solve
from bargain.standoff import ScenarioError, load_scenario
from bargain.talks import Agreement, Request, negotiate, setting_of
from bargain.talks.issue_truces import critical_patience, in_force, levels_of, part_alone, together
from bargain.talks.issues import both_tracks, held_beside, issues_of
from bargain.talks.linkage import issue_agreements, linkage, linking_adds

CIVIL, MILITARY = ("dual_track", "slow", "ban"), ("open", "dual_track")
CHIPS = ("open", "restricted", "ban")


@cache
def issues_alone() -> dict[str, Agreement]:
    return issue_agreements(agreement())


@cache
def by_issue(arrangement: str = "truce") -> pd.DataFrame:
    return linkage(agreement(arrangement))


def test_issues_come_from_the_scenario() -> None:
    issues = issues_of(BASE)
    assert list(issues) == ["tariffs", "civil controls", "military controls", "everything"]
    assert set(issues["tariffs"]) == {"us_tariff", "cn_tariff"}
    assert issues["civil controls"] == {"licences": CIVIL}
    assert issues["military controls"] == {"chip_control": CHIPS, "licences": MILITARY}
    assert issues["everything"].keys() == {"us_tariff", "chip_control", "cn_tariff", "licences"}
    assert issues_of(load_scenario("us-china-2025-gallium")) == issues
    # Short licences that cost industry a little are still the military issue, dearer ones are not.
    assert issues_of(BASE.with_values({"licences.dual_track.civil": 0.9})) == issues
    assert issues_of(BASE.with_values({"licences.open.military": 0.05})).keys() == {
        "tariffs",
        "civil controls",
        "military controls",
        "everything",
    }


def test_a_level_between_two_tracks() -> None:
    assert both_tracks(BASE, "licences", "dual_track", "open") == "open"
    assert both_tracks(BASE, "licences", "slow", "dual_track") == "slow"
    assert both_tracks(BASE, "licences", "slow", "open") is None


def test_what_is_held_beside_an_issue() -> None:
    held = {"us_tariff": "truce", "cn_tariff": "truce"}
    frozen = held_beside(BASE, {"licences": CIVIL}, held, {})
    assert frozen == {"us_tariff": "truce", "chip_control": "restricted", "cn_tariff": "truce", "licences": CIVIL}
    # What was frozen before stays so.
    frozen = held_beside(BASE, {"licences": CIVIL}, held, {"licences": ("open", "ban"), "us_tariff": "peak"})
    assert (frozen["licences"], frozen["us_tariff"]) == ("ban", "peak")


def test_several_levels_are_left() -> None:
    frozen = {"licences": ("dual_track", "ban"), "us_tariff": "truce"}
    setting = setting_of(BASE, small_rounds(), frozen)
    for labels, mask, instrument, levels in zip(
        setting.game.actions, setting.game.available, (0, 1), ({"truce"}, {"dual_track", "ban"}), strict=True
    ):
        wanted = [label.split("/")[instrument] in levels for label in labels]
        assert (mask == np.array(wanted)).all()
    us, cn = setting.reference
    assert setting.game.actions[0][us] == "truce/restricted"
    assert setting.game.actions[1][cn] == "pre_2025/dual_track"  # The reference level is not left.
    kept = setting_of(BASE, small_rounds(), {"licences": ("ban", "open")})
    assert kept.game.actions[1][kept.reference[1]] == "pre_2025/open"
    with pytest.raises(ScenarioError, match="licences is left no level"):
        setting_of(BASE, small_rounds(), {"licences": ()})
    with pytest.raises(ScenarioError, match="licences has no level 'slo'"):
        setting_of(BASE, small_rounds(), {"licences": ("open", "slo")})


def test_levels_that_are_left_survive_json() -> None:
    request = Request.of(frozen={"licences": ["open", "ban", "open"], "us_tariff": ("peak",)})
    assert request.frozen == (("licences", ("open", "ban")), ("us_tariff", "peak"))
    text = json.dumps(request.to_dict())
    assert Request.from_dict(json.loads(text)) == request
    made = negotiate(BASE, rounds=small_rounds(), frozen={"licences": MILITARY})
    again = Agreement.from_dict(json.loads(json.dumps(made.to_dict())))
    assert again == made
    assert json.dumps(again.to_dict()) == json.dumps(made.to_dict())


@pytest.mark.parametrize("arrangement", ["truce", "deal"])
def test_each_issue_is_the_negotiation_of_the_smaller_game(arrangement: str) -> None:
    made = agreement(arrangement)
    table = by_issue(arrangement)
    assert list(table["issues"].unique()) == ["tariffs", "civil controls", "military controls", "everything"]
    frozen = {"us_tariff": "pre_2025", "cn_tariff": "pre_2025", "licences": MILITARY}
    alone = negotiate(BASE, arrangement=arrangement, rounds=small_rounds(), frozen=frozen, n_starts=3)
    own = table[table["issues"] == "military controls"]
    np.testing.assert_allclose(own["payoff"], alone.payoffs, atol=1e-12)
    np.testing.assert_allclose(own["standoff"], alone.threat_point, atol=1e-12)
    whole = table[table["issues"] == "everything"]
    np.testing.assert_allclose(whole["payoff"], made.payoffs)
    np.testing.assert_allclose(table["gain_usd_bn"], table["gain"] * np.tile(made.setting.usd, 4))
    assert table["certified"].all()
    quiet = table[table["status"] == "no agreement"]
    assert (quiet["gain"] == 0.0).all()
    assert (quiet["expected_months"] == 0.0).all()


def test_what_linking_adds_is_the_difference() -> None:
    table = by_issue()
    adds = linking_adds(table).set_index("player")
    for player in ("US", "CN"):
        own = table[table["player"] == player].set_index("issues")["gain_usd_bn"]
        assert adds.loc[player, "gain_usd_bn_added"] == pytest.approx(own["everything"] - own.drop("everything").sum())
        failing = [
            name
            for name, status in table[table["player"] == player].set_index("issues")["status"].items()
            if status != "agreement" and name != "everything"
        ]
        assert adds.loc[player, "only_linked"] == (", ".join(failing) if agreement().reached else "")


def test_levels_held_by_name_and_errors() -> None:
    made = agreement()
    table = linkage(made, "standoff", {"tariffs": issues_of(BASE)["tariffs"]})
    assert made.standoff is not None
    assert made.standoff.equilibrium is not None
    state = int(made.setting.start.argmax())
    moves = tuple(int(own[state].argmax()) for own in made.standoff.equilibrium.profile.strategies)
    levels = levels_of(made, moves)
    wanted = f"chip_control {levels['chip_control']}; licences {levels['licences']}"
    assert table.loc[table["issues"] == "tariffs", "held"].unique().tolist() == [wanted]
    with pytest.raises(ScenarioError, match="neither 'reference' nor 'standoff'"):
        linkage(made, "peak")
    with pytest.raises(ScenarioError, match="no instrument 'chips'"):
        linkage(made, {"chips": "open"})
    with pytest.raises(ValueError, match="bare game"):
        linkage(prisoners_agreement())


def test_parts_are_judged_by_the_truce_solver_too() -> None:
    made, n_checked = agreement(), 0
    for name, single in issues_alone().items():
        if name == "everything" or single.standoff is None or single.standoff.equilibrium is None:
            continue
        held, total = dict(single.request.frozen), 0.0
        for chance, play in zip(made.outcome.lottery, made.outcome.truces, strict=True):
            levels = levels_of(made, tuple(int(a) for a in play.moves[0]))
            if any(not isinstance(left, str) and levels[key] not in left for key, left in held.items()):
                total = np.nan
                break
            wanted = {**levels, **{key: left for key, left in held.items() if isinstance(left, str)}}
            move = (
                f"{wanted['us_tariff']}/{wanted['chip_control']}",
                f"{wanted['cn_tariff']}/{wanted['licences']}",
            )
            game, profile = single.setting.game, single.standoff.equilibrium.profile
            found = solve(game, Truce(profile, moves=move, n_points=0))
            active = bool(found.truces and found.truces[0].active[single.setting.starts].all())
            total += chance * active
            index = tuple(own.index(label) for own, label in zip(game.actions, move, strict=True))
            assert in_force(single.setting, single.standoff, index, 1) == active
            n_checked += 1
        np.testing.assert_allclose(part_alone(made, single), total)
    assert n_checked
    singles = [single for name, single in issues_alone().items() if name != "everything"]
    assert together(made, singles) in (0.0, 1.0) or np.isnan(together(made, singles))


def test_the_critical_discount_factor_is_an_edge() -> None:
    made = agreement()
    found = critical_patience(made)
    assert made.standoff is not None
    move = tuple(int(a) for a in made.outcome.truces[0].moves[0])
    assert in_force(made.setting, made.standoff, move, 1, found)
    assert not in_force(made.setting, made.standoff, move, 1, found - 2e-4)
    assert np.isnan(critical_patience(agreement("deal")))
