"""Expectations along a course of moves, against a plain loop over states that shares no code."""

import numpy as np
import pytest

from bargain.economy.diversion import reexport_share
from bargain.standoff import ScenarioError, load_scenario
from bargain.standoff.course import played
from bargain.standoff.record import Spell

SCENARIO = load_scenario("china-japan-2010")
ROUNDS = SCENARIO.rounds(levels={"civil": 4, "rebuilt": 4})
STOP = Spell(months=3.0, levels={"licences": "stop"})
OPEN = Spell(months=2.0)


def by_hand(labels):
    """Lotteries over states after each round, from dictionaries."""
    game = ROUNDS.game()
    lotteries = [{s: p for s, p in enumerate(ROUNDS.space.start()[0]) if p > 0}]
    for label in labels:
        move = tuple(list(own).index(part) for own, part in zip(game.actions, label, strict=True))
        after = {}
        for s, p in lotteries[-1].items():
            for k, q in zip(game.successors[(s, *move)], game.probabilities[(s, *move)], strict=True):
                after[int(k)] = after.get(int(k), 0.0) + p * q
        lotteries.append(after)
    return lotteries


def test_states_and_terms_are_the_expectations_of_a_plain_loop():
    course = played(SCENARIO, [STOP, OPEN], ROUNDS)
    labels = [("stop", "none")] * 3 + [("open", "none")] * 2
    lotteries = by_hand(labels)
    for name in ("civil", "rebuilt"):
        values = ROUNDS.space.values(name)[0]
        expected = [sum(p * values[s] for s, p in lottery.items()) for lottery in lotteries]
        np.testing.assert_allclose(course.state[name], expected, rtol=1e-12)
    empty = [sum(p for s, p in each.items() if ROUNDS.space.values("civil")[0][s] == 0) for each in lotteries]
    np.testing.assert_allclose(course.empty["civil"], empty, rtol=1e-12)
    table, cells = ROUNDS.table, {}
    for t, label in enumerate(labels):
        cell = table.cell(label)
        for name, array in table.terms.items():
            cells[t, name] = sum(p * array[(s, slice(None), *cell)] for s, p in lotteries[t].items())
    for (t, name), values in cells.items():
        np.testing.assert_allclose(course.terms[name][t, :2], values, atol=1e-12)
    assert list(course.restricted) == [True] * 3 + [False] * 2
    assert course.players == ("CN", "JP", "US", "EU", "KR")


def test_a_stop_draws_the_stock_down_by_the_gap_and_open_licences_fill_it_up():
    course, p = played(SCENARIO, [STOP, OPEN], ROUNDS), SCENARIO.parameters
    keys = ("tracing", "margin", "penalty", "concealment_cost", "cap")
    detours = float(reexport_share(*(p[f"diversion.{key}"].value for key in keys)))
    detours *= p["alignment.neutral.willingness"].value
    gap = p["rare_earths.JP.dependence"].value * (1 - p["licences.stop.civil"].value - detours)
    refill = p["rounds.civil.refill_months"].value
    left = course.state["civil"]
    # Some of a delivery of 0.05 is laid in, too; beyond the grid nothing fits in.
    assert left[0] - left[1] == pytest.approx(gap - 0.05 * refill)
    assert 0 < left[4] - left[3] <= refill + 1e-12
    assert (np.diff(course.state["rebuilt"]) > 0).all()
    growth = np.diff(course.state["rebuilt"])
    assert growth[0] == pytest.approx(growth[4] * (1 + 0.95), rel=0.05)  # twice the pace while wholly withheld


def test_means_over_a_span_and_chances_of_stances():
    course = played(SCENARIO, [STOP, OPEN], ROUNDS)
    rent = course.terms["licence_rent"][:, 0] + course.terms["reliability"][:, 0]
    assert course.mean(("licence_rent", "reliability", "no_such_term"), "CN", 1, 4) == pytest.approx(rent[1:4].mean())
    assert course.mean((), "CN", 0, 5) == 0.0
    for chances in course.stances.values():
        np.testing.assert_allclose(sum(chances.values()), 1.0)


def test_every_draw_has_its_own_course():
    draws = SCENARIO.draws(3, seed=1)
    many = SCENARIO.rounds(draws=draws, levels={"civil": 4, "rebuilt": 4})
    for k in range(3):
        alone = SCENARIO.rounds(
            draws={key: array[[k]] for key, array in draws.items()}, levels={"civil": 4, "rebuilt": 4}
        )
        first, second = played(SCENARIO, [STOP, OPEN], many, k), played(SCENARIO, [STOP, OPEN], alone)
        for name in first.terms:
            np.testing.assert_allclose(first.terms[name], second.terms.get(name, 0.0), atol=1e-12)
        np.testing.assert_allclose(first.state["civil"], second.state["civil"])
        assert first.stances.keys() == second.stances.keys()


@pytest.mark.parametrize(
    ("spell", "message"),
    [
        (Spell(months=1.5), "a spell of 1.5 months: the rule is whole rounds of 1 months"),
        (Spell(months=1.0, levels={"licence": "stop"}), "'licence', which no side sets; did you mean 'licences'"),
        (Spell(months=1.0, levels={"licences": "stopp"}), "'stopp', no level of it; did you mean 'stop'"),
        (Spell(months=1.0, levels={"alignment": "neutral"}), "'alignment', which no side sets"),
    ],
)
def test_a_course_that_cannot_be_played_is_one_clear_error(spell, message):
    with pytest.raises(ScenarioError, match=message):
        played(SCENARIO, [spell], ROUNDS)


def test_a_span_outside_the_course_is_refused():
    with pytest.raises(ScenarioError, match="months 2 to 9 are no rounds of a course of 5"):
        played(SCENARIO, [STOP, OPEN], ROUNDS).mean((), "CN", 2, 9)
