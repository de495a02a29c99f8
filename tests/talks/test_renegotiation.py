"""Deals negotiated anew: what the solver finds, with bargaining weights, as data and in words."""

from __future__ import annotations

import json

import numpy as np
import pytest
from small_talks import BASE, agreement, prisoners, small_rounds

from bargain.solvers import RepeatedNegotiation, solve
from bargain.talks import Agreement, Request, agree, negotiate


def anew(chance: float, **settings: object) -> Agreement:
    given = {"arrangement": "deal", "threat": "punishment", "solution": "repeated-negotiation", **settings}
    return negotiate(BASE, rounds=small_rounds(), renegotiation_probability=chance, **given)  # type: ignore[arg-type]


def test_negotiated_once_it_is_the_nash_division_over_the_worst_punishments() -> None:
    once, nash = anew(0.0), agreement("deal", "punishment")
    assert once.certified
    np.testing.assert_allclose(once.payoffs, nash.payoffs, atol=1e-7)
    np.testing.assert_allclose(once.threat_point, nash.threat_point, atol=1e-7)
    first, second = (made.summary().split("at once: ")[1].split(";")[0] for made in (once, nash))
    assert first == second


def test_what_negotiating_is_worth_solves_its_equation() -> None:
    made = anew(0.25)
    assert made.certified
    usd = tuple(made.setting.usd.tolist())
    found = solve(made.setting.game, RepeatedNegotiation(0.25, transfer_weights=usd))
    np.testing.assert_allclose(made.payoffs * made.setting.usd, made.setting.at_start(found.negotiated))
    dollars = made.gains * made.setting.usd
    assert dollars[0] == pytest.approx(dollars[1], rel=1e-6)
    tilted = anew(0.25, weights=(3.0, 1.0))
    ratio = tilted.gains * tilted.setting.usd
    assert ratio[0] == pytest.approx(3.0 * ratio[1], rel=1e-6)


def test_it_is_plain_data_and_says_that_it_is_negotiated_anew() -> None:
    made = anew(0.25)
    assert Agreement.from_dict(json.loads(json.dumps(made.to_dict(), allow_nan=False))) == made
    assert "negotiated anew with chance 0.25" in made.summary()
    assert "it enforces itself until the next negotiation" in made.terms()
    assert made.certificates["negotiation"]["holds"]
    with pytest.raises(ValueError, match="no path of payments"):
        made.path(3)


def test_identical_players_share_alike() -> None:
    request = Request(
        arrangement="deal", threat="punishment", solution="repeated-negotiation", renegotiation_probability=0.2
    )
    made = agree(prisoners(), request)
    assert made.payoffs is not None
    assert made.payoffs[0] == pytest.approx(made.payoffs[1], abs=1e-7)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"threat": "path"}, "takes arrangement = 'deal', threat = 'punishment'"),
        ({"arrangement": "truce", "threat": "path"}, "takes arrangement = 'deal'"),
        ({"solution": "nash"}, "goes with solution = 'repeated-negotiation' only"),
    ],
)
def test_where_it_does_not_apply_is_one_clear_line(settings: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        anew(0.25, **settings)


def test_a_chance_beyond_one_is_refused() -> None:
    with pytest.raises(ValueError, match=r"renegotiation_probability = 1.5 is not in \[0, 1\]"):
        anew(1.5)
