"""Roles of observed regimes: against solvers one by one, and the tables of the docs against the committed numbers."""

from __future__ import annotations

import importlib
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bargain.games import StageGame
from bargain.games.deal import certify_deal
from bargain.solvers import PureNash, solve
from bargain.solvers.enforceable import EnforceableDeals
from bargain.standoff import load_scenario
from bargain.study.calibration import (
    DEAL,
    NO_PAYMENTS,
    NOT_EXCLUDED,
    ONE_ROUND,
    PUNISHMENT,
    ROLES,
    STANDOFFS,
    TRUCES,
    Calibration,
    calibrate,
    separations,
)
from bargain.study.free_weights import WeightedGame, future, weight_draws, weighted_game
from bargain.study.regimes import observed_regimes
from bargain.talks import Request
from bargain.talks.setting import Setting
from bargain.talks.standoffs import find_standoff

ROOT = Path(__file__).parents[2]
SCENARIO = load_scenario("us-china-2025")
DRAWS = weight_draws(SCENARIO, 3, seed=11)


@cache
def game() -> WeightedGame:
    return weighted_game(SCENARIO, {"military": 4, "rebuilt": 1, "substitution": 2})


@cache
def calibration() -> Calibration:
    return calibrate(game(), observed_regimes(SCENARIO), DRAWS)


def test_one_round_is_the_pure_equilibria_of_the_stage_game() -> None:
    found, own = game(), calibration()
    for number, point in enumerate(found.at(DRAWS)):
        payoffs = found.payoffs(point)
        for m, mood in enumerate(own.moods):
            for place, s in enumerate(found.states(mood)):
                stage = StageGame(payoffs[s])
                played = [each.supports for each in solve(stage, PureNash()).equilibria]
                expected = {tuple(own_support[0] for own_support in supports) for supports in played}
                filled = np.flatnonzero(own.fills[number, m, place, ROLES.index(ONE_ROUND)])
                assert {tuple(np.unravel_index(cell, stage.n_actions)) for cell in filled} == expected


def test_deals_and_punishments_are_those_of_the_solver() -> None:
    found, own = game(), calibration()
    solution = solve(found.game(found.at(DRAWS)[2]), EnforceableDeals(transfer_weights=tuple(found.usd.tolist())))
    assert certify_deal(found.game(found.at(DRAWS)[2]), solution.deal).holds
    for m, mood in enumerate(own.moods):
        for place, s in enumerate(found.states(mood)):
            plan = np.ravel_multi_index(tuple(solution.deal.plan[s]), (9, 12))
            assert np.flatnonzero(own.fills[2, m, place, ROLES.index(DEAL)]).tolist() == [plan]
            assert own.fills[2, m, place, ROLES.index(PUNISHMENT)].sum() in (1, 2)


def test_the_path_is_the_one_of_the_talks() -> None:
    found, own = game(), calibration()
    start = np.mean(list(found.starts.values()), axis=0)
    compared = 0
    for number, point in enumerate(found.at(DRAWS)):
        setting = Setting(found.game(point), start, found.usd, found.rounds.table.moves.reference)
        path = find_standoff(setting, Request())
        filled = own.fills[number, :, :, ROLES.index(STANDOFFS[0])]
        if not filled.any() or "in turn" not in path.scope or "component" in path.scope:
            continue
        compared += 1
        actions = path.equilibrium.profile.actions
        for m, mood in enumerate(own.moods):
            for place, s in enumerate(found.states(mood)):
                assert filled[m, place, np.ravel_multi_index(tuple(actions[s]), (9, 12))]
    assert compared >= 2


def test_what_is_necessary_is_there() -> None:
    own = calibration()
    necessary = own.fills[:, :, :, ROLES.index(NOT_EXCLUDED)]
    for role in (ONE_ROUND, *STANDOFFS):
        assert not (own.fills[:, :, :, ROLES.index(role)] & ~necessary).any()
    any_found = own.fills[:, :, :, ROLES.index(STANDOFFS[-1])]
    for role in STANDOFFS[:-1]:
        assert not (own.fills[:, :, :, ROLES.index(role)] & ~any_found).any()
    assert own.refused == 0
    assert (own.n_standoffs >= 1).any()


def kept_up(
    payoffs: np.ndarray, chances: np.ndarray, outside: np.ndarray, d: float, place: tuple[int, int]
) -> np.ndarray:
    """States left when those in which a side gains by ending the truce are dropped until none is: dense algebra.

    payoffs ``(n_states, 2, n_us, n_cn)``, chances ``(n_states, n_us, n_cn, n_states)``, outside ``(n_states, 2)``.
    """
    i, j = place
    n_states = len(payoffs)
    inside = np.ones(n_states, dtype=bool)
    while inside.any():
        keep = outside.copy()
        chain = chances[:, i, j]
        right = (1 - d) * payoffs[:, :, i, j] + d * chain[:, ~inside] @ outside[~inside]
        own = np.flatnonzero(inside)
        keep[own] = np.linalg.solve(np.eye(len(own)) - d * chain[np.ix_(own, own)], right[own])
        leave_us = ((1 - d) * payoffs[:, 0, :, j] + d * chances[:, :, j] @ outside[:, 0]).max(axis=1)
        leave_cn = ((1 - d) * payoffs[:, 1, i] + d * chances[:, i] @ outside[:, 1]).max(axis=1)
        fails = inside & ((keep < np.stack([leave_us, leave_cn], axis=1) - 1e-9).any(axis=1))
        if not fails.any():
            break
        inside &= ~fails
    return inside


def test_truces_are_those_that_dense_algebra_keeps_up() -> None:
    found, own, n_kept = game(), calibration(), 0
    start = np.mean(list(found.starts.values()), axis=0)
    for number, point in enumerate(found.at(DRAWS)):
        world = found.game(point)
        setting = Setting(world, start, found.usd, found.rounds.table.moves.reference)
        path = find_standoff(setting, Request())
        if not own.fills[number, :, :, ROLES.index(STANDOFFS[0])].any() or "component" in path.scope:
            continue
        chances = np.stack([future(found, s).reshape(*world.n_actions, -1) for s in range(world.n_states)])
        filled = own.fills[number, :, :, ROLES.index(TRUCES[0])]
        for cell in np.flatnonzero(own.regimes.any(axis=0)):
            place = tuple(int(a) for a in np.unravel_index(cell, world.n_actions))
            inside = kept_up(world.payoffs, chances, path.equilibrium.values, world.discount_factor, place)
            for m, mood in enumerate(own.moods):
                kept = inside[found.states(mood)]
                n_kept += int(kept.sum())
                # Dropping all that fail at once may drop too many, so that it is sure in one direction alone.
                assert (filled[m, :, cell] >= kept).all()
    assert n_kept > 5


def test_hits_and_counts_are_plain_arithmetic() -> None:
    own = calibration()
    fills = np.zeros((2, 2, 2, len(ROLES), 3), dtype=bool)
    fills[0, 0, 0, 0, 1] = fills[0, 0, 1, 0, 0] = fills[1, 1, 0, ROLES.index(DEAL), 2] = True
    regimes = np.array([[True, True, False], [False, False, True]])
    made = replace(
        own,
        regime_names=("a", "b"),
        usual=(0, 1),
        weights=own.weights[:2],
        regimes=regimes,
        fills=fills,
        chances=np.array([[0.25, 0.75], [0.25, 0.75]]),
        n_standoffs=np.array([1, 1]),
    )
    assert made.hits[0, 0, 0, 0] == 1.0  # another move of the regime in each state of the start
    assert made.hits[1, 1, 1, ROLES.index(DEAL)] == 0.25
    assert made.reproduced().tolist() == [[True, False], [False, False]]
    assert made.reproduced(NO_PAYMENTS, own.moods[1]).tolist() == [[False, False], [False, False]]
    assert made.base_rate[0, 0] == pytest.approx((0.25 + 0.75) / 3 / 2)


def test_a_weight_that_decides_is_told_from_one_that_does_not() -> None:
    rng = np.random.default_rng(0)
    weights = {"decides": rng.random(200), "idle": rng.random(200)}
    reproduced = np.stack([weights["decides"] > 0.5, np.ones(200, dtype=bool), np.zeros(200, dtype=bool)], axis=1)
    found = {(each.regime, each.key): each for each in separations(("some", "all", "none"), weights, reproduced)}
    assert found["some", "decides"].distance == 1.0
    assert found["some", "decides"].p_value < 1e-9
    assert found["some", "decides"].low > 0.5
    assert found["some", "idle"].p_value > 0.01
    assert np.isnan(found["all", "decides"].distance)  # all draws have it: nothing to compare
    assert np.isnan(found["none", "idle"].low)


def test_a_time_limit_leaves_the_draws_reached() -> None:
    short = calibrate(game(), observed_regimes(SCENARIO), DRAWS, time_limit=1e-9)
    assert len(short.fills) == 1
    np.testing.assert_array_equal(short.fills[0], calibration().fills[0])


def test_the_docs_show_the_committed_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    figures = ROOT / "figures" / "calibration.csv"
    monkeypatch.syspath_prepend(str(ROOT))
    module = importlib.import_module("experiments.calibration")
    committed = pd.read_csv(figures, keep_default_na=False, na_values=[""])
    page = (ROOT / "docs" / "calibration.md").read_text(encoding="utf-8")
    assert module.page_of(page, committed) == page, "run python -m experiments.calibration"
