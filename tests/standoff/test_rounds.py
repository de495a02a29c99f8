import numpy as np
import pytest
from scenario_files import shipped_tables, with_entry, write_scenario

from bargain.economy.diversion import reexport_share
from bargain.standoff import ScenarioError, State, load_scenario

BASE = load_scenario("us-china-2025")
# Whole quarters of stock are easier to count with than the default half quarters.
QUARTERS = {"military": 7}
ROUNDS = BASE.rounds(bystanders="neutral", levels=QUARTERS)
GAME = ROUNDS.game()


def move(us, cn):
    return GAME.actions[0].index(us), GAME.actions[1].index(cn)


def expected(variable, state, profile, rounds=ROUNDS, draw=0):
    """Expected value of a variable after a move."""
    values = rounds.space.values(variable)[draw]
    at = (draw, state, *profile)
    return float(rounds.probabilities[at] @ values[rounds.successors[at]])


def test_the_size_of_the_game():
    assert (GAME.n_states, GAME.n_actions, GAME.successors.shape[-1]) == (224, (9, 12), 16)
    assert GAME.discount_factor == 0.97
    assert GAME.players == ("US", "CN")
    assert BASE.markov_game() == BASE.rounds().game()
    assert BASE.markov_game().n_states == 416


@pytest.mark.parametrize("state", [0, 37, 120, 223])
def test_every_state_is_one_round_there(state):
    row = ROUNDS.space.table().iloc[state]
    there = State(row["military"], None, row["rebuilt"], row["substitution"], row["mood"])
    np.testing.assert_allclose(GAME.payoffs[state], BASE.stage_game(there).payoffs, atol=1e-12)


def test_closed_military_licences_draw_the_stock_down_and_open_ones_refill_it():
    full = 224 - 32
    p = BASE.parameters
    keys = ("tracing", "margin", "penalty", "concealment_cost", "cap")
    detours = 0.5 * float(reexport_share(*(p[f"diversion.{key}"].value for key in keys)))
    gap = p["heavy_rare_earths.US.dependence"].value * (1 - p["licences.dual_track.military"].value - detours)
    refill = 1.5 * p["licences.dual_track.military"].value
    assert expected("military", full, move("truce/restricted", "truce/dual_track")) == pytest.approx(
        18 - 3 * gap + refill
    )
    assert expected("military", 32, move("truce/restricted", "truce/open")) == pytest.approx(3 + 1.5)
    assert expected("military", full, move("truce/restricted", "truce/open")) == pytest.approx(18.0)


def test_withholding_speeds_up_what_replaces_it_and_nothing_shrinks():
    pace = 0.5 / 24
    assert expected("rebuilt", 0, move("truce/restricted", "truce/open")) == pytest.approx(pace)
    assert expected("rebuilt", 0, move("truce/restricted", "truce/dual_track")) == pytest.approx(1.2 * pace)
    banned = 0.8 * 0.95 + 0.2
    assert expected("rebuilt", 0, move("truce/restricted", "truce/ban")) == pytest.approx((1 + banned) * pace)
    growth = 0.68 / 20
    assert expected("substitution", 0, move("truce/open", "truce/open")) == pytest.approx(0.32 + growth)
    assert expected("substitution", 0, move("truce/ban", "truce/open")) == pytest.approx(0.32 + 2 * growth)
    for name in ("rebuilt", "substitution"):
        values = ROUNDS.space.values(name)[0]
        later = values[ROUNDS.successors[0]]
        possible = ROUNDS.probabilities[0] > 0
        assert np.all((later >= values[:, None, None, None] - 1e-12) | ~possible)


def test_moods_persist():
    hawk = GAME.states[0].endswith("hawk")
    assert hawk
    assert expected("mood", 0, (0, 0)) == pytest.approx(0.1)
    assert expected("mood", 1, (0, 0)) == pytest.approx(0.9)


def test_many_draws_are_one_by_one():
    draws = BASE.draws(3, seed=5)
    together = BASE.rounds(draws=draws, levels={"military": 3, "rebuilt": 2, "substitution": 2})
    assert together.payoffs.shape == (3, 24, 2, 9, 12)
    for i in range(3):
        alone = BASE.rounds(
            draws={key: array[i : i + 1] for key, array in draws.items()},
            levels={"military": 3, "rebuilt": 2, "substitution": 2},
        )
        np.testing.assert_allclose(together.payoffs[i], alone.payoffs[0], atol=1e-12)
        np.testing.assert_allclose(together.probabilities[i], alone.probabilities[0], atol=1e-13)
        assert together.game(i).discount_factor == draws["rounds.discount_factor"][i]


def test_no_parameter_of_the_rounds_is_inert():
    keys = [key for key in BASE.parameters if key.startswith("rounds.")]
    draws = {key: np.full(len(keys) + 1, BASE.parameters[key].value) for key in keys}
    for i, key in enumerate(keys):
        draws[key][i] *= 0.93
    found = BASE.rounds(draws=draws, levels={"military": 3, "rebuilt": 2, "substitution": 2})
    moved = {
        key
        for i, key in enumerate(keys)
        if np.abs(found.probabilities[i] - found.probabilities[-1]).max() > 1e-9
        or np.abs(found.space.grids[0][i] - found.space.grids[0][-1]).max() > 1e-9
        or found.discount_factor[i] != found.discount_factor[-1]
    }
    assert moved == set(keys)


def test_a_pooled_stock_is_one_stock():
    pooled = BASE.variant("general_stock")
    rounds = pooled.rounds(bystanders="neutral", levels=QUARTERS)
    for state in (0, 3 * 32):
        row = rounds.space.table().iloc[state]
        there = State(row["military"], row["military"], row["rebuilt"], row["substitution"], row["mood"])
        np.testing.assert_allclose(rounds.game().payoffs[state], pooled.stage_game(there).payoffs, atol=1e-12)
    # Under a ban the pool bridges the civil gap too; what a closed military track draws is laid in again.
    ban, dual = (
        expected("military", state, move("truce/restricted", f"truce/{cn}"), rounds) for cn in ("ban", "dual_track")
    )
    assert ban < 9 - 2
    assert dual > 9


@pytest.mark.parametrize(
    ("where", "value", "message"),
    [
        ("rounds.stocks.military.input", "heavy_rare_earth", "did you mean 'heavy_rare_earths'"),
        ("rounds.stocks.military.user", "EU", "has no military stock"),
        ("rounds.stocks.military.levels", 1, "greater than or equal to 2"),
        ("rounds.mood_persistence", 0.9, "stands bare"),
    ],
)
def test_bad_rounds_give_one_line(tmp_path, where, value, message):
    with pytest.raises(ScenarioError, match=message):
        load_scenario(write_scenario(tmp_path, with_entry(shipped_tables(), where, value)))
