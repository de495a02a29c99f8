"""Parts of variance: a sum and a product whose parts are known, rows without an answer, groups of the scenario."""

from __future__ import annotations

import numpy as np
import pytest

from bargain.standoff import load_scenario
from bargain.study.group_variance import GROUPS, parameter_groups, swapped, variance_parts

BASE = load_scenario("us-china-2025")


def parts(answer, n: int = 20_000):
    rng = np.random.default_rng(5)
    first, second = ({key: rng.normal(size=n) for key in ("x", "y")} for _ in range(2))
    mixed = {key: answer(**swapped(first, second, (key,))) for key in ("x", "y")}
    table = variance_parts(answer(**first), answer(**second), mixed, n_boot=100)
    return table.set_index(["group", "effect"])


def test_parts_of_a_sum_are_the_squares_of_its_weights() -> None:
    found = parts(lambda x, y: 2.0 * x + y)
    for effect in ("first-order", "total"):
        assert found.loc[("x", effect), "part"] == pytest.approx(0.8, abs=0.03)
        assert found.loc[("y", effect), "part"] == pytest.approx(0.2, abs=0.03)
        assert found.loc[("x", effect), "low"] < 0.8 < found.loc[("x", effect), "high"]


def test_a_product_is_all_interaction() -> None:
    found = parts(lambda x, y: x * y)
    for key in ("x", "y"):
        assert found.loc[(key, "first-order"), "part"] == pytest.approx(0.0, abs=0.06)
        assert found.loc[(key, "total"), "part"] == pytest.approx(1.0, abs=0.06)


def test_a_row_without_an_answer_is_left_out_and_counted() -> None:
    rng = np.random.default_rng(1)
    first, second, mixed = rng.normal(size=(3, 50))
    whole = variance_parts(first[1:], second[1:], {"x": mixed[1:]}, n_boot=50)
    first[0] = np.nan
    found = variance_parts(first, second, {"x": mixed}, n_boot=50)
    assert found["n"].tolist() == [49, 49]
    assert found["part"].tolist() == whole["part"].tolist()


def test_an_answer_that_does_not_vary_has_no_parts() -> None:
    same = np.full(10, 0.3)
    assert variance_parts(same, same, {"x": same})["part"].isna().all()


def test_groups_hold_every_parameter_with_a_range_once() -> None:
    groups = parameter_groups(BASE)
    assert tuple(groups) == GROUPS
    listed = [key for keys in groups.values() for key in keys]
    ranged = {key for key, parameter in BASE.parameters.items() if parameter.low < parameter.high}
    assert len(listed) == len(set(listed))
    assert set(listed) == ranged
    weights = groups["assumed weights"]
    assert {"US.audience_cost", "CN.protection_weight", "licences.bottleneck_rent"} <= set(weights)
    assert "US.gdp_usd_bn" in groups["evidence"]
    assert "rounds.discount_factor" in groups["assumed, other"]


def test_no_row_of_the_evidence_is_in_two_groups() -> None:
    rows: dict[str, set[str]] = {}
    for name, keys in parameter_groups(BASE).items():
        for key in keys:
            rows.setdefault(BASE.parameters[key].group.lstrip("-") or key, set()).add(name)
    assert all(len(names) == 1 for names in rows.values())
