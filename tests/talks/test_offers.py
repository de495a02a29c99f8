"""Negotiated by alternating offers: the first offer is accepted, and close to Nash bargaining when waiting is cheap."""

from __future__ import annotations

import json

import numpy as np
import pytest
from small_talks import BASE, agreement, prisoners, prisoners_agreement, small_rounds

from bargain.talks import Agreement, Request, agree, negotiate


def offered(arrangement: str, first: str, chance: float = 0.0, **settings: str) -> Agreement:
    return negotiate(
        BASE,
        arrangement=arrangement,
        solution="rubinstein",
        first=first,
        breakdown_probability=chance,
        rounds=small_rounds(),
        **settings,  # type: ignore[arg-type]
    )


def test_side_payments_make_it_the_division_of_a_pie() -> None:
    for first in ("US", "CN"):
        for chance in (0.0, 0.2):
            made = offered("deal", first, chance)
            assert made.certified
            assert made.gains is not None
            dollars = made.gains * made.setting.usd
            keeps = (1.0 - chance) * made.setting.game.discount_factor
            share = dollars[made.players.index(first)] / dollars.sum()
            assert share == pytest.approx(1.0 / (1.0 + keeps), rel=1e-6)


def test_the_lottery_over_truces_gives_what_is_accepted() -> None:
    for first in ("US", "CN"):
        made = offered("truce", first, 0.3)
        assert made.reached
        assert made.certified
        mixture = sum(
            chance * made.setting.at_start(play.values)
            for chance, play in zip(made.outcome.lottery, made.outcome.truces, strict=True)
        )
        np.testing.assert_allclose(made.payoffs, mixture, atol=1e-9)
    leads = [offered("truce", first, 0.3).gains for first in ("US", "CN")]
    assert leads[0][0] >= leads[1][0] - 1e-12
    assert leads[1][1] >= leads[0][1] - 1e-12


def test_it_tends_to_nash_bargaining_when_rounds_hardly_cost_anything() -> None:
    nash = prisoners_agreement(0.9, arrangement="deal")
    near = agree(prisoners(0.9), Request(arrangement="deal", solution="rubinstein"))
    assert near.payoffs is not None
    assert nash.payoffs is not None
    assert abs(near.payoffs - nash.payoffs).max() < 0.06 * near.payoffs.sum()


def test_nothing_to_gain_is_no_agreement() -> None:
    made = agree(prisoners(0.3), Request(solution="rubinstein"))
    assert made.status == "no agreement"
    np.testing.assert_array_equal(made.payoffs, made.threat_point)


def test_a_concession_insisted_on_goes_with_it() -> None:
    scenario = BASE.with_values({"unification.cost": 0.01})
    made = negotiate(scenario, arrangement="deal", solution="rubinstein", rounds=small_rounds(), demands="insisted")
    assert made.certified
    assert made.outcome.demanded is not None
    assert made.outcome.demanded.made == (True,)


def test_it_is_plain_data_and_says_who_offers_first() -> None:
    made = offered("truce", "CN", 0.1)
    assert Agreement.from_dict(json.loads(json.dumps(made.to_dict(), allow_nan=False))) == made
    assert "CN offers first; talks end for good with chance 0.1 after each rejection" in made.summary()


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"first": "UK"}, "first = 'UK' is no player"),
        ({"breakdown_probability": 1.5}, "breakdown_probability"),
        ({"weights": (1.0, 1.0)}, "rubinstein takes none"),
        ({"demands": "negotiable"}, "take 'insisted'"),
        ({"solution": "nash", "first": "US"}, "first = 'US' goes with solution = 'rubinstein' only"),
        ({"solution": "nash", "breakdown_probability": 0.1}, "goes with solution = 'rubinstein' only"),
    ],
)
def test_bad_settings_of_offers_are_one_clear_line(settings: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        negotiate(BASE, **{"solution": "rubinstein", "rounds": small_rounds(), **settings})  # type: ignore[arg-type]


def test_the_axiomatic_solution_is_refused_where_there_is_none() -> None:
    assert Request().division(0.9) == Request().concept
    with pytest.raises(ValueError, match="no axiomatic solution"):
        _ = Request(solution="rubinstein").concept
    assert agreement().request.first is None
