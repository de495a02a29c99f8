"""Settings of the wrong kind: one clear line that names the setting and its value, for every solver."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest

import bargain as bg
from bargain.solvers import (
    Egalitarian,
    EnforceableDeals,
    NashBargaining,
    RepeatedNegotiation,
    Rubinstein,
    SequentialPlay,
    SupportEnumeration,
    SupportHomotopy,
    Utilitarian,
    critical_discount_factor,
)
from bargain.solvers.base import _SOLVERS
from bargain.talks import Request

GAME = bg.StageGame([[[3, 0], [5, 1]], [[3, 5], [0, 1]]])
ENTRIES = "does not hold one entry for each player"


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: EnforceableDeals(transfer_weights=2), f"transfer_weights = 2 {ENTRIES}"),
        (lambda: EnforceableDeals(shares=()), f"shares = () {ENTRIES}"),
        (lambda: EnforceableDeals(transfer_weights=("a", 1)), "transfer_weights: 'a' is not a finite number"),
        (lambda: NashBargaining(weights=5), f"weights = 5 {ENTRIES}"),
        (lambda: Egalitarian(weights="ab"), f"weights = 'ab' {ENTRIES}"),
        (lambda: Utilitarian(weights=()), f"weights = () {ENTRIES}"),
        (lambda: Request(weights=5), f"weights = 5 {ENTRIES}"),
        (lambda: Request.of(weights=5), f"weights = 5 {ENTRIES}"),
        (lambda: Rubinstein(None), f"discount_factors = None {ENTRIES}"),
        (lambda: Rubinstein(0.5, outside_options=3), f"outside_options = 3 {ENTRIES}"),
        (lambda: Rubinstein(0.5, breakdown_payoffs=3), f"breakdown_payoffs = 3 {ENTRIES}"),
        (lambda: RepeatedNegotiation(0.5, bargaining_weights=()), f"bargaining_weights = () {ENTRIES}"),
        (lambda: RepeatedNegotiation(0.5, max_iterations="a"), "max_iterations = 'a' is not a positive number"),
        (lambda: SupportEnumeration(max_vertices="a"), "max_vertices = 'a' is not a positive number"),
        (lambda: SupportHomotopy(max_paths=None), "max_paths = None is not a positive number"),
        (lambda: SequentialPlay(order=5), f"order = 5 {ENTRIES}"),
        (lambda: critical_discount_factor(GAME, target=5), "target = 5 is neither one action nor one payoff"),
        (lambda: critical_discount_factor(GAME, target="ab"), "target = 'ab' is neither one action nor one payoff"),
        (lambda: critical_discount_factor(GAME, target=(0, 0), transfers="x"), "transfers = 'x' is neither True nor"),
        (lambda: bg.LogitPath(precision="x"), "precision = 'x' is not a finite number >= 0"),
    ],
)
def test_a_setting_of_the_wrong_kind_is_named_in_one_line(call: Callable[[], Any], words: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        call()
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


NEEDED = {"discount_factors": (0.9, 0.8), "leader": 0, "renegotiation_probability": 0.5}


@pytest.mark.parametrize("name", sorted(set(bg.solvers.__all__) & set(_SOLVERS) - {"Truce"}))
@pytest.mark.parametrize("value", ["a", (), 5, None, -1, float("nan"), [["x"]]], ids=repr)
def test_no_solver_answers_a_setting_of_the_wrong_kind_with_a_raw_type_error(name: str, value: Any) -> None:
    """Whatever is given for whichever setting: it is taken, or refused by a line of ours that names a setting."""
    known = [item.name for item in dataclasses.fields(_SOLVERS[name])]  # type: ignore[arg-type]
    for setting in known:
        others = {needed: given for needed, given in NEEDED.items() if needed in known}
        complaint = _complaint(name, others, setting, value)
        assert complaint is None or any(word in complaint for word in known), f"{setting}: {complaint}"
        assert "\n" not in (complaint or "")


def _complaint(name: str, settings: dict[str, Any], setting: str, value: Any) -> str | None:
    try:
        _SOLVERS[name](**{**settings, setting: value})
    except ValueError as error:
        return str(error)
    return None
