"""Negotiate: what is agreed, against which threat, certified by code that the solvers do not use."""

from __future__ import annotations

import numpy as np
import pytest
from known_markov_games import MATCHING_PENNIES
from small_talks import BASE, SMALL, agreement, prisoners_agreement, small_rounds

from bargain.games.automaton import certify_automaton
from bargain.games.bargaining import BargainingProblem
from bargain.games.deal import certify_deal
from bargain.games.markov import MarkovGame
from bargain.games.stationary import StationaryProfile, certify_stationary, stationary_values
from bargain.games.truce_paths import truce_automaton
from bargain.games.truce_play import certify_truce
from bargain.solvers import NashBargaining, Truce, solve
from bargain.standoff import ScenarioError
from bargain.talks import Request, Setting, agree, negotiate, setting_of
from bargain.talks.standoffs import find_standoff


@pytest.mark.parametrize("threat", ["path", "best", "worst"])
@pytest.mark.parametrize("arrangement", ["truce", "deal"])
def test_every_agreement_is_certified_by_independent_code(arrangement: str, threat: str) -> None:
    made = agreement(arrangement, threat)
    game = made.setting.game
    assert made.reached
    assert made.certified
    assert made.threat == threat
    assert made.standoff is not None
    assert made.standoff.equilibrium is not None
    assert "others may exist" in made.standoff.scope
    assert certify_stationary(game, made.standoff.equilibrium.profile).certificate.holds
    for play in made.outcome.truces:
        verdict = certify_truce(game, made.standoff.equilibrium.profile, play).certificate
        assert verdict is not None
        assert verdict.holds
    if made.outcome.deal is not None:
        assert certify_deal(game, made.outcome.deal).holds
    assert made.gains is not None
    assert (made.gains >= -1e-12).all()


def test_a_truce_and_its_standoff_are_an_equilibrium_in_every_memory() -> None:
    made = agreement()
    assert made.standoff is not None
    assert made.standoff.equilibrium is not None
    for play in made.outcome.truces:
        plan = truce_automaton(made.setting.game, made.standoff.equilibrium.profile, play)
        assert certify_automaton(made.setting.game, plan).certificate.holds


def test_the_lottery_is_what_all_truces_tried_one_by_one_and_bargained_over_give() -> None:
    made, setting = agreement(), agreement().setting
    assert made.standoff is not None
    assert made.standoff.equilibrium is not None
    points = []
    for start in setting.starts:
        found = solve(setting.game, Truce(made.standoff.equilibrium, start=start, keep=200, n_points=0))
        points.append({play.moves[0].tobytes(): play for play in found.truces})
    plays = {key: play for own in points for key, play in own.items() if play.active[setting.starts].any()}
    values = np.array([setting.at_start(play.values) for play in plays.values()])
    problem = BargainingProblem(values * setting.usd, made.threat_point * setting.usd)
    expected = solve(problem, NashBargaining()).payoffs / setting.usd
    np.testing.assert_allclose(made.payoffs, expected, atol=1e-10)
    chances = zip(made.outcome.lottery, made.outcome.truces, strict=True)
    mixture = sum(chance * setting.at_start(play.values) for chance, play in chances)
    np.testing.assert_allclose(made.payoffs, mixture, atol=1e-12)


def test_the_path_threat_does_not_depend_on_how_the_game_is_given() -> None:
    assert negotiate(BASE, levels=SMALL, n_starts=3) == agreement()


def test_best_and_worst_are_what_they_say() -> None:
    joint = {}
    for threat in ("best", "path", "worst"):
        made = agreement("deal", threat)
        assert made.threat_point is not None
        joint[threat] = float(made.threat_point @ made.setting.usd)
    assert joint["worst"] <= joint["path"] + 1e-9
    assert joint["path"] <= joint["best"] + 1e-9


def test_a_deal_divides_the_surplus_over_the_threat_equally_in_usd() -> None:
    made = agreement("deal")
    assert made.gains is not None
    dollars = made.gains * made.setting.usd
    assert dollars[0] == pytest.approx(dollars[1], rel=1e-8)
    assert made.outcome.deal is not None
    np.testing.assert_allclose(made.outcome.deal.up_front.sum(axis=1), 0.0, atol=1e-8)


def test_punishments_are_the_lowest_threat_of_all() -> None:
    held = agreement("deal", "punishment")
    assert held.standoff is None
    assert held.threat_point is not None
    for threat in ("path", "best", "worst"):
        point = agreement("deal", threat).threat_point
        assert point is not None
        assert (held.threat_point <= point + 1e-9).all()


@pytest.mark.parametrize("solution", ["nash", "kalai-smorodinsky", "egalitarian", "utilitarian"])
def test_side_payments_add_to_what_a_truce_is_worth_jointly(solution: str) -> None:
    truce, deal = (agreement(kind, solution=solution) for kind in ("truce", "deal"))
    assert truce.payoffs_usd_bn is not None
    assert deal.payoffs_usd_bn is not None
    assert truce.payoffs_usd_bn.sum() <= deal.payoffs_usd_bn.sum() + 1e-9


def test_equal_gains_in_usd_and_the_largest_sum() -> None:
    equal, most, nash = (agreement(solution=name) for name in ("egalitarian", "utilitarian", "nash"))
    assert equal.gains is not None
    assert most.payoffs_usd_bn is not None
    assert nash.payoffs_usd_bn is not None
    dollars = equal.gains * equal.setting.usd
    assert dollars[0] == pytest.approx(dollars[1], rel=1e-8)
    assert most.payoffs_usd_bn.sum() >= nash.payoffs_usd_bn.sum() - 1e-9


def test_more_weight_gives_more() -> None:
    even = negotiate(BASE, rounds=small_rounds(), weights=(1, 1))
    tilted = negotiate(BASE, rounds=small_rounds(), weights=(3, 1))
    assert even.payoffs is not None
    assert tilted.payoffs is not None
    assert tilted.payoffs[0] > even.payoffs[0]
    assert tilted.payoffs[1] < even.payoffs[1]


@pytest.mark.parametrize("arrangement", ["truce", "deal", "set"])
@pytest.mark.parametrize("solution", ["nash", "kalai-smorodinsky", "egalitarian", "utilitarian"])
def test_identical_players_share_alike(arrangement: str, solution: str) -> None:
    made = prisoners_agreement(arrangement=arrangement, solution=solution)
    assert made.reached
    assert made.certified
    assert made.payoffs is not None
    assert made.payoffs[0] == pytest.approx(made.payoffs[1], abs=1e-7)
    assert made.threat_point is not None
    np.testing.assert_allclose(made.threat_point, 0.7568, atol=1e-3) if arrangement == "deal" else None
    if arrangement != "set":
        np.testing.assert_allclose(made.payoffs * 2, 5.51351, atol=1e-4)


def test_the_set_lies_between_truce_and_deal_jointly() -> None:
    truce, sets, deal = (prisoners_agreement(arrangement=kind) for kind in ("truce", "set", "deal"))
    joint = [made.payoffs.sum() for made in (truce, sets, deal) if made.payoffs is not None]
    assert joint[0] <= joint[1] + 1e-6
    assert joint[1] <= joint[2] + 1e-6


def test_impatient_prisoners_have_no_agreement_and_the_standoff_holds() -> None:
    made = prisoners_agreement(0.3)
    assert made.status == "no agreement"
    assert not made.reached
    assert made.certified
    np.testing.assert_array_equal(made.payoffs, made.threat_point)
    assert "the standoff holds" in made.summary()
    defection = StationaryProfile.pure(made.setting.game, [(1, 1), (1, 1)])
    np.testing.assert_allclose(made.payoffs, stationary_values(made.setting.game, defection)[0])


@pytest.mark.parametrize("arrangement", ["deal", "set"])
def test_where_nothing_pure_enforces_itself_the_mixed_standoff_holds(arrangement: str) -> None:
    game = MarkovGame.from_matrix(MATCHING_PENNIES.payoffs[None], np.ones((1, 2, 2, 1)), 0.8)
    made = agree(Setting(game, np.ones(1), np.ones(2), (0, 0)), Request(arrangement=arrangement))
    assert made.status == "no agreement"
    np.testing.assert_allclose(made.payoffs, 0.0, atol=1e-9)
    assert "mixes" in made.terms()


def test_a_time_limit_is_a_status() -> None:
    made = negotiate(BASE, arrangement="deal", threat="punishment", rounds=small_rounds(), time_limit=0.0)
    assert made.status == "stopped early"
    assert made.payoffs is None
    assert "time limit" in made.summary()


def test_frozen_instruments_leave_the_smaller_game() -> None:
    setting = setting_of(BASE, small_rounds(), {"licences": "open"})
    assert [mask.sum(axis=1).tolist()[0] for mask in setting.game.available] == [9, 3]
    made = agree(setting, Request(frozen=(("licences", "open"),)), scenario=BASE, rounds=small_rounds())
    for play in made.outcome.truces:
        assert all(setting.game.actions[1][a].endswith("/open") for a in play.moves[:, 1])


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"threat": "pth"}, "did you mean 'path'"),
        ({"arrangement": "treaty"}, "arrangement = 'treaty' is not one of truce, deal, set"),
        ({"solution": "nsh"}, "did you mean 'nash'"),
        ({"threat": "punishment"}, "falls back to a standoff"),
        ({"reply_lag": 0}, "reply_lag = 0 is not a whole number >= 1"),
        ({"weights": (1.0, -1.0)}, "are not all finite and > 0"),
        ({"weights": (1.0, float("nan"))}, "are not all finite and > 0"),
        ({"weights": (1.0, 1.0), "solution": "kalai-smorodinsky"}, "takes none"),
        ({"weights": (1.0, 1.0, 1.0)}, "one weight for each"),
        ({"frozen": {"chips": "open"}}, "no instrument 'chips'"),
        ({"frozen": {"licences": "opn"}}, "licences has no level 'opn'; did you mean 'open'"),
        ({"time_limit": -1.0}, "time_limit"),
        ({"bystanders": "angry", "rounds": None}, "bystanders = 'angry'"),
        ({"levels": {"military": 3}}, "levels and rounds are both given"),
    ],
)
def test_bad_settings_are_one_clear_line(settings: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        negotiate(BASE, **{"rounds": small_rounds(), **settings})  # type: ignore[arg-type]


def test_many_draws_at_once_and_other_things_are_refused() -> None:
    draws = BASE.rounds(draws=BASE.draws(2), levels=SMALL)
    with pytest.raises(ScenarioError, match="hold 2 draws"):
        negotiate(BASE, rounds=draws)
    with pytest.raises(TypeError, match="not a Scenario"):
        negotiate("us-china-2025")  # type: ignore[arg-type]


def test_standoffs_that_are_equal_at_the_start_are_told_apart_elsewhere() -> None:
    """State 1 is reached by no play from state 0; there two equilibria differ, and rounding must not choose."""
    payoffs = np.zeros((2, 2, 2, 2))
    payoffs[1, :, 0, 0], payoffs[1, :, 1, 1] = 1.0, 3.0
    chances = np.zeros((2, 2, 2, 2))
    chances[0, ..., 0] = chances[1, ..., 1] = 1.0
    game = MarkovGame.from_matrix(payoffs, chances, 0.9)
    setting = Setting(game, np.array([1.0, 0.0]), np.ones(2), (0, 0))
    for threat, value in (("worst", 1.0), ("best", 3.0)):
        standoff = find_standoff(setting, Request(threat=threat))
        assert standoff.equilibrium is not None
        np.testing.assert_allclose(standoff.equilibrium.values[1], value)
        assert "equal there and told apart" in standoff.scope


def test_a_grid_coarser_than_a_plant_is_said() -> None:
    said = [negotiate(BASE, levels=SMALL | {"rebuilt": n}).summary() for n in (2, 4)]
    assert ["coarser than its plants" in text for text in said] == [True, True]
    assert "grid of rebuilt and substitution" in said[0]
    assert "grid of substitution" in said[1]


def test_threats_and_frozen_sets_of_the_wrong_kind_are_named() -> None:
    with pytest.raises(ValueError, match=r"threat = \['path'\] is not one of"):
        Request(threat=["path"])  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="licences = 'open' is not instrument -> level"):
        agreement().leverage({"licences": "open"})  # type: ignore[dict-item]
