"""Selection among equilibria and what makes one firm."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from bargain.games import Equilibrium, StageGame
from bargain.games.certificate import certified
from bargain.games.selection import (
    deviation_loss_product,
    next_best,
    p_dominance,
    pareto_dominance,
    risk_dominance,
    selection_table,
    welfare,
)

STAG_HUNT = StageGame.from_bimatrix([[9, 0], [8, 7]], [[9, 8], [0, 7]], actions=(("stag", "hare"), ("stag", "hare")))


def equilibria(game: StageGame, *profiles: tuple[int, ...]) -> list[Equilibrium]:
    return [certified(game, profile) for profile in profiles]


def test_the_stag_hunt_splits_payoff_and_risk_dominance() -> None:
    found = equilibria(STAG_HUNT, (0, 0), (1, 1))
    assert pareto_dominance(STAG_HUNT, found).tolist() == [[False, True], [False, False]]
    assert deviation_loss_product(STAG_HUNT, ("stag", "stag"), ("hare", "hare")) == pytest.approx(1.0)
    assert deviation_loss_product(STAG_HUNT, ("hare", "hare"), ("stag", "stag")) == pytest.approx(49.0)
    assert risk_dominance(STAG_HUNT, found).tolist() == [[0, -1], [1, 0]]
    assert p_dominance(STAG_HUNT, (0, 0)) == pytest.approx([7 / 8, 7 / 8])
    assert p_dominance(STAG_HUNT, (1, 1)) == pytest.approx([1 / 8, 1 / 8])


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_nothing_depends_on_the_scale_of_payoffs(scale: float) -> None:
    game = StageGame(STAG_HUNT.payoffs * scale)
    found = equilibria(game, (0, 0), (1, 1))
    assert risk_dominance(game, found).tolist() == [[0, -1], [1, 0]]
    assert pareto_dominance(game, found).tolist() == [[False, True], [False, False]]
    assert p_dominance(game, (0, 0)) == pytest.approx([7 / 8, 7 / 8])


def best_against(table: np.ndarray, own: int, belief: np.ndarray) -> bool:
    values = table @ belief
    return bool(values[own] >= values.max() - 1e-9)


@given(hnp.arrays(np.float64, (2, 3, 3), elements=st.integers(-4, 4).map(float)), st.integers(0, 2), st.integers(0, 2))
def test_p_dominance_is_the_smallest_such_belief(payoffs: np.ndarray, a: int, b: int) -> None:
    game = StageGame(payoffs)
    smallest = p_dominance(game, (a, b))
    for own, agreed, table, p in ((a, b, payoffs[0], smallest[0]), (b, a, payoffs[1].T, smallest[1])):
        for other in range(3):
            if p <= 1:
                assert best_against(table, own, np.eye(3)[agreed] * p + np.eye(3)[other] * (1 - p))
        if 0.01 < p <= 1:
            less = p - 0.01
            beliefs = [np.eye(3)[agreed] * less + np.eye(3)[other] * (1 - less) for other in range(3)]
            assert not all(best_against(table, own, belief) for belief in beliefs)


def test_a_dominant_action_needs_no_belief_and_a_wrong_one_has_none() -> None:
    dilemma = StageGame.from_bimatrix([[9, 1], [10, 3]], [[9, 10], [1, 3]])
    assert p_dominance(dilemma, (1, 1)).tolist() == [0, 0]
    assert (p_dominance(dilemma, (0, 0)) > 1).all()


def test_three_players_have_p_dominance_but_no_risk_dominance() -> None:
    payoffs = np.zeros((3, 2, 2, 2))
    payoffs[:, 0, 0, 0], payoffs[:, 1, 1, 1] = 1.0, 2.0
    game = StageGame(payoffs)
    assert p_dominance(game, (1, 1, 1)) == pytest.approx([1 / 3] * 3)
    with pytest.raises(ValueError, match="2 players, this game has 3"):
        deviation_loss_product(game, (0, 0, 0), (1, 1, 1))
    assert not risk_dominance(game, equilibria(game, (0, 0, 0), (1, 1, 1))).any()


def test_profiles_that_share_an_action_are_not_compared() -> None:
    with pytest.raises(ValueError, match="share an action"):
        deviation_loss_product(STAG_HUNT, (0, 0), (0, 1))


def test_next_best_actions_come_cheapest_first_with_their_loss() -> None:
    game = StageGame.from_bimatrix([[5, 0], [4, 0], [1, 9]], [[5, 3], [0, 0], [0, 9]], players=("US", "CN"))
    (found,) = equilibria(game, (0, 0))
    assert [(x.player, x.action, x.gap) for x in next_best(game, found)] == [
        ("US", game.actions[0][1], 1.0),
        ("US", game.actions[0][2], 4.0),
        ("CN", game.actions[1][1], 2.0),
    ]
    assert len(next_best(game, found, n_best=1)) == 2


def test_welfare_weighs_payoffs_and_refuses_wrong_weights() -> None:
    found = equilibria(STAG_HUNT, (0, 0), (1, 1))
    assert welfare(found, [2.0, 1.0]).tolist() == [27.0, 21.0]
    with pytest.raises(ValueError, match="3 weights for 2 players"):
        welfare(found, [1.0, 1.0, 1.0])
    with pytest.raises(ValueError, match="finite number"):
        welfare(found, [1.0, float("nan")])


def test_the_table_names_moves_and_marks_dominated_ones() -> None:
    mixed = certified(STAG_HUNT, ([7 / 8, 1 / 8], [7 / 8, 1 / 8]))
    table = selection_table(STAG_HUNT, [*equilibria(STAG_HUNT, (0, 0), (1, 1)), mixed])
    players = STAG_HUNT.players
    assert list(table[f"{players[0]}_move"]) == ["stag", "hare", "stag 0.875, hare 0.125"]
    assert list(table["pareto_dominated"]) == [False, True, True]
    assert list(table["risk_dominated"]) == [True, False, False]
    assert table["smallest_gap"].tolist()[:2] == [1.0, 7.0]
    assert table["smallest_gap"].isna().tolist() == [False, False, True]


def test_pareto_dominance_is_never_mutual() -> None:
    rng = np.random.default_rng(1)
    for _ in range(20):
        game = StageGame(rng.integers(0, 3, size=(2, 3, 3)).astype(float))
        found = [certified(game, cell) for cell in itertools.product(range(3), repeat=2)]
        dominates = pareto_dominance(game, found)
        assert not (dominates & dominates.T).any()
