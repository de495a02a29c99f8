"""Wars of attrition: closed forms for points and a uniform prior, certificates type by type, known endurance."""

from __future__ import annotations

import json
import math
import pickle
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bargain.games.bayesian import BayesianGame, certify_bayesian
from bargain.mechanisms.attrition import Attrition, attrition, known_attrition, largest_gain
from bargain.mechanisms.endurance_prior import EndurancePrior, triangular_share

TWO = EndurancePrior.points((2, 18), (0.5, 0.5), 0.05)


@st.composite
def priors(draw) -> EndurancePrior:
    n = draw(st.integers(1, 4))
    months = np.cumsum([draw(st.floats(0.5, 6.0)) for _ in range(n + 1)])
    chances = [draw(st.floats(0.1, 1.0)) for _ in range(n)]
    if draw(st.booleans()):
        return EndurancePrior.points(months[:n], chances, draw(st.floats(0.01, 0.3)))
    scale = (1 - draw(st.floats(0.01, 0.3))) / sum(chances)
    return EndurancePrior(tuple(months), tuple(scale * p for p in chances))


def test_two_points_alike_on_both_sides() -> None:
    found = attrition(TWO, TWO)
    first = -2 * math.log(1 - 0.475)
    assert found.times == pytest.approx((0.0, first, first - 18 * math.log(0.05 / 0.525)))
    assert found.at_once == (0.0, 0.0)
    assert found.hazard(0, [0.5 * first, 2 * first, 1e3]) == pytest.approx([1 / 2, 1 / 18, 0.0])
    assert found.concession(0, 2) == pytest.approx((0.0, first))
    assert found.yields == pytest.approx((0.49875, 0.49875))


def test_one_point_each_is_reputation_with_a_jump() -> None:
    """Abreu and Gul's formulas with hazards 1 / x of the rival."""
    found = attrition(EndurancePrior.points((5,), (1,), 0.1), EndurancePrior.points((6,), (1,), 0.05))
    times = (-6 * math.log(0.1), -5 * math.log(0.05))
    assert found.horizon == pytest.approx(min(times))
    assert found.at_once == pytest.approx((0.0, 1 - 0.05 * math.exp(times[0] / 5)))


def test_uniform_prior_against_the_symmetric_closed_form() -> None:
    """Riley (1980): t(x) = integral of y f(y) / (1 - F(y)), here -x - (A/f) ln(A - f x)."""
    prior = EndurancePrior.uniform(2, 18, 0.05)
    found, f = attrition(prior, prior), 0.95 / 16
    level = 1 + 2 * f

    def when(x: float) -> float:
        return -x - level / f * math.log(level - f * x)

    for x in (3.0, 5.0, 10.0, 17.0, 18.0):
        assert found.concession(0, x)[0] == pytest.approx(when(x) - when(2.0), rel=2e-4)
    assert found.horizon == pytest.approx(when(18.0) - when(2.0), rel=1e-9)


def test_many_points_come_near_a_smooth_prior() -> None:
    points = EndurancePrior.points([2 + 16 * (i + 0.5) / 400 for i in range(400)], [1] * 400, 0.05)
    smooth, other = EndurancePrior.uniform(2, 18, 0.05), EndurancePrior.triangular(3, 5, 20, 0.02)
    close, exact = attrition(points, other), attrition(smooth, other)
    assert close.horizon == pytest.approx(exact.horizon, rel=1e-4)
    assert close.at_once == pytest.approx(exact.at_once, abs=2e-3)
    assert close.yields == pytest.approx(exact.yields, abs=1e-3)
    assert close.delay == pytest.approx(exact.delay, rel=2e-3)


@settings(max_examples=25, deadline=None)
@given(priors(), priors())
def test_no_type_gains_from_another_time(first: EndurancePrior, second: EndurancePrior) -> None:
    found = attrition(first, second)
    assert max(found.gains) < 2e-4
    assert min(found.at_once) == 0.0
    assert sum(found.yields) == pytest.approx(1 - first.obstinate * second.obstinate)
    for side, prior in enumerate((first, second)):
        assert float(found.yielded(side, found.horizon)) == pytest.approx(1 - prior.obstinate)
        order = [found.concession(side, x) for x in prior.types(7)]
        assert all(a[1] <= b[0] + 1e-9 * found.horizon for a, b in pairwise(order))
    swapped = attrition(second, first)
    assert swapped.horizon == pytest.approx(found.horizon)
    assert swapped.at_once == pytest.approx(found.at_once[::-1], abs=1e-9)


def test_a_wrong_hazard_or_jump_is_found_out() -> None:
    found = attrition(TWO, EndurancePrior.points((4, 10), (0.7, 0.3), 0.02))
    slower = replace(found, times=tuple(1.1 * t for t in found.times), horizon=1.1 * found.horizon)
    assert max(largest_gain(slower, side) for side in (0, 1)) > 1e-2
    survival = (found.survival[0], tuple(max(s - 0.05, 0.01) for s in found.survival[1]))
    assert largest_gain(replace(found, survival=survival), 0) > 1e-2


def test_certificate_of_the_game_in_rounds_type_by_type() -> None:
    """The same play in a Bayesian game over dates: no type gains more than a date's width of its cost."""
    other = EndurancePrior.points((4, 10), (0.7, 0.3), 0.02)
    found, never = attrition(TWO, other), 1e5
    dates = np.append(np.linspace(0.0, found.horizon, 161), np.inf)
    types = [(*prior.months, never) for prior in (TWO, other)]
    own, rival = np.meshgrid(dates, dates, indexing="ij")
    until = np.where(np.isinf(np.minimum(own, rival)), 1e4, np.minimum(own, rival))
    payoffs = np.zeros((2, 3, 3, len(dates), len(dates)))
    for i in (0, 1):
        wins = (rival < own) if i == 0 else (own < rival)
        for k, x in enumerate(types[i]):
            where = (i, k) if i == 0 else (i, slice(None), k)
            payoffs[where] = np.where(wins, x, 0.0) + np.where(own == rival, 0.5 * x, 0.0) - until
    chances = [(*prior.chances, prior.obstinate) for prior in (TWO, other)]
    strategies = [[_mixture(found, i, x, dates) for x in types[i]] for i in (0, 1)]
    result = certify_bayesian(BayesianGame(payoffs, np.outer(*chances)), strategies)
    regret = np.delete(result.certificate.regret, [2, 5])
    assert np.all(regret < found.horizon / 160)


def _mixture(found: Attrition, side: int, months: float, dates: np.ndarray) -> np.ndarray:
    chance = np.zeros(len(dates))
    if months > found.priors[side].months[-1]:
        chance[-1] = 1.0
        return chance
    first, last = found.concession(side, months)
    within = (dates[:-1] >= first) & (dates[:-1] < last)
    gone = found.yielded(side, dates[:-1])
    steps = np.diff(np.append(gone, gone[-1]))
    chance[:-1][within] = steps[within]
    if first == 0.0:
        chance[0] += found.at_once[side]
    return chance / chance.sum()


def test_delay_and_who_yields_against_simulation() -> None:
    found = attrition(EndurancePrior.triangular(2, 4, 18, 0.05), EndurancePrior.points((4, 10), (0.7, 0.3), 0.02))
    rng, draws = np.random.default_rng(5), []
    for side in (0, 1):
        u, gone = rng.random(200_000), 1 - np.array(found.survival[side])
        draws.append(np.where(u > gone[-1], np.inf, np.interp(u, gone, found.times)))
    first = np.minimum(*draws)
    some = np.isfinite(first)
    assert found.delay == pytest.approx(first[some].mean(), rel=0.02)
    # At time 0 only one side yields.
    at_zero = int(found.at_once[1] > 0)
    ahead = np.where(draws[0] == draws[1], at_zero == 0, draws[0] < draws[1])
    assert found.yields[0] == pytest.approx((ahead & some).mean(), abs=5e-3)


def backward_induction(ends: tuple[int, int], cost: float, prizes: tuple[float, float]) -> tuple[bool, bool]:
    """Who yields in round 0 when both choose in every round and a side must yield from its last round on.

    Iterated dominance from the last round: yield is compared with one more round, given what the next round brings.
    """
    value = [0.0, 0.0]
    for t in reversed(range(min(ends) + 1)):
        forced = [t >= end for end in ends]
        chosen: list[bool | None] = [True if f else None for f in forced]
        for _ in range(3):
            for i in (0, 1):
                rival = chosen[1 - i]
                worth = {True: prizes[i], False: -cost + value[i]}
                if chosen[i] is None and (rival is not None or (worth[True] > 0 and worth[False] > 0)):
                    chosen[i] = False if rival is None else worth[rival] < 0 or (rival is False and worth[False] <= 0)
        assert None not in chosen
        value = [prizes[i] if chosen[1 - i] and not chosen[i] else 0.0 for i in (0, 1)]
    return chosen[0], chosen[1]


@pytest.mark.parametrize("ends", [(5, 6), (6, 5), (3, 30), (20, 21)])
def test_known_endurance_against_backward_induction(ends: tuple[int, int]) -> None:
    found = known_attrition(ends, (1.0, 1.0), (3.0, 3.0))
    assert backward_induction(ends, 1.0, (3.0, 3.0)) == (0 in found.yields, 1 in found.yields)
    assert found.windows == (3.0, 3.0)


def test_known_endurance_where_nothing_tells_who_yields() -> None:
    assert known_attrition((5, 5), (1, 1), (3, 3)).yields == (0, 1)
    assert known_attrition((5, 6), (1, 1), (3, 0)).yields == (0, 1)
    assert known_attrition((math.inf, math.inf), (1, 1), (3, 3)).yields == (0, 1)
    assert known_attrition((5, math.inf), (1, 1), (3, 3), 0.1).yields == (0,)
    assert known_attrition((5, 6), (1, 2), (3, 3), 0.1).windows == pytest.approx(
        (math.log(1.3) / 0.1, math.log(1.15) / 0.1)
    )


def test_known_endurance_is_the_limit_of_hardly_any_doubt() -> None:
    chances = [
        attrition(EndurancePrior.points((5,), (1,), z), EndurancePrior.points((6,), (1,), z)).at_once[0]
        for z in (1e-1, 1e-3, 1e-6, 1e-12)
    ]
    assert np.all(np.diff(chances) > 0)
    assert chances[-1] > 0.98


def test_priors() -> None:
    prior = EndurancePrior.triangular(2, 4, 18, 0.05, n_pieces=400)
    assert prior.mean == pytest.approx(8.0, abs=1e-3)
    assert float(triangular_share(4.0, 2, 4, 18)) == pytest.approx(1 / 8)
    assert TWO.mean == pytest.approx(10.0)
    assert prior.types(3) == (2.0, 10.0, 18.0)


def test_plain_data_and_errors() -> None:
    found = attrition(TWO, EndurancePrior.uniform(3, 30, 0.02))
    assert Attrition.from_dict(json.loads(json.dumps(found.to_dict()))) == found == pickle.loads(pickle.dumps(found))
    for call, message in (
        (lambda: EndurancePrior((2, 1), (0.4, 0.4)), "1 follows 2"),
        (lambda: EndurancePrior((0.0,), (0.4,)), "0 follows 0"),
        (lambda: EndurancePrior((1.0, 2.0), (0.4, 0.6)), "sum to 1"),
        (lambda: EndurancePrior((1.0, 2.0, 3.0), (0.4,)), "neither points"),
        (lambda: EndurancePrior.points((1,), (math.nan,), 0.1), "not all positive"),
        (lambda: EndurancePrior.uniform(1, 2, 1.0), "not in"),
        (lambda: EndurancePrior.triangular(3, 2, 4, 0.1), "low, mode, high"),
        (lambda: known_attrition((1, 2), (0, 1), (1, 1)), "costs = 0"),
        (lambda: known_attrition((1, math.nan), (1, 1), (1, 1)), "ends = nan"),
        (lambda: known_attrition((1, 2), (1, 1), (1, 1), -0.1), "discount_rate"),
    ):
        with pytest.raises(ValueError, match=message):
            call()
