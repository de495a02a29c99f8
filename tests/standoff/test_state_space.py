import numpy as np
import pytest

from bargain.standoff import ScenarioError, load_scenario
from bargain.standoff.model import parameter_arrays
from bargain.standoff.state_space import state_space

BASE = load_scenario("us-china-2025")


def space(levels=None, scenario=BASE, draws=None):
    return state_space(scenario.file, scenario.choices["state.mood"], parameter_arrays(scenario, draws), levels)


def test_the_default_starts_from_today_and_steps_by_half_a_quarter():
    assert space().sizes == (13, 4, 4, 2)
    assert np.diff(space().grids[0][0]).tolist() == pytest.approx([1.5] * 12)


def test_whole_quarters_make_224_states():
    found = space({"military": 7})
    assert found.variables == ("military", "rebuilt", "substitution", "mood")
    assert found.sizes == (7, 4, 4, 2)
    assert found.n_states == len(set(found.labels())) == 224
    assert found.grids[0][0].tolist() == pytest.approx([0, 3, 6, 9, 12, 15, 18])
    assert found.grids[2][0].tolist() == pytest.approx([0.32, 0.5466667, 0.7733333, 1.0])
    frame = found.table()
    assert frame.loc[0].tolist() == [0.0, 0.0, 0.32, "hawk"]
    assert found.labels()[33] == "military 3, rebuilt 0, substitution 0.32, split"


def test_the_start_is_a_lottery_around_today():
    start = space().start()
    assert start.sum() == pytest.approx(1.0)
    for name, today in (("military", 4.0), ("rebuilt", 0.0), ("substitution", 0.32), ("mood", 0.0)):
        assert (space().values(name) * start).sum() == pytest.approx(today)
    split = BASE.with_values({"state.mood": "split", "state.rebuilt": 0.05})
    moved = space(scenario=split)
    assert (moved.values("mood") * moved.start()).sum() == pytest.approx(1.0)
    assert moved.grids[1][0, 0] == pytest.approx(0.05)


def test_every_draw_has_its_own_grid():
    found = space({"military": 3}, draws={"rounds.military.largest_months": np.array([12.0, 24.0])})
    assert found.grids[0].tolist() == [[0, 6, 12], [0, 12, 24]]
    assert found.start().shape == (2, 3 * 4 * 4 * 2)


def test_levels_that_look_alike_are_told_apart():
    done = BASE.with_values({"state.rebuilt": 1.0})
    labels = space({"military": 2}, scenario=done).labels()
    assert len(set(labels)) == len(labels)
    assert labels[0] == "military 0, rebuilt 1 #1, substitution 0.32, hawk"
    assert done.markov_game(levels={"military": 2}).n_states == 64


@pytest.mark.parametrize(
    ("levels", "message"),
    [
        ({"militray": 3}, "no state variable 'militray'; did you mean 'military'"),
        ({"military": 1}, r"military = 1 is not a whole number in 2\.\.200"),
        ({"rebuilt": 2.5}, r"rebuilt = 2\.5 is not a whole number in 1\.\.200"),
        ({"rebuilt": True}, "rebuilt = True"),
    ],
)
def test_bad_levels(levels, message):
    with pytest.raises(ScenarioError, match=message):
        space(levels)


def test_a_scenario_without_rounds_says_so():
    from dataclasses import replace

    bare = replace(BASE, file=BASE.file.model_copy(update={"rounds": None}))
    with pytest.raises(ScenarioError, match="no section 'rounds'"):
        space(scenario=bare)
