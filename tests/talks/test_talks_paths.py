"""Simulated courses: moves, states and payoffs are those of the game, and a seed repeats them."""

from __future__ import annotations

import numpy as np
import pytest
from small_talks import agreement, prisoners_agreement, small_rounds

from bargain.games.stationary import StationaryProfile, stationary_values
from bargain.talks.paths import simulated_play


def test_a_seed_repeats_the_course_and_more_rounds_only_add_to_it() -> None:
    made = agreement()
    assert made.path(12, seed=3).equals(made.path(12, seed=3))
    assert made.path(20, seed=3).iloc[: 12 * 4].equals(made.path(12, seed=3))
    assert not made.path(20, seed=3).equals(made.path(20, seed=4))


def test_rows_are_rounds_times_instruments_with_the_state_and_what_is_delivered() -> None:
    table = agreement().path(10, seed=1)
    assert len(table) == 10 * 4
    assert list(table.columns) == [
        "round", "player", "instrument", "level", "stock_months", "rebuilt", "substitution", "mood",
        "civil_flow", "military_flow", "payoff", "payment_usd_bn", "phase",
    ]  # fmt: skip
    tariffs = table[table.instrument.isin(["us_tariff", "cn_tariff"])]
    assert tariffs[["civil_flow", "military_flow"]].isna().all(axis=None)
    opened = table[(table.instrument == "licences") & (table.level == "open")]
    assert (opened[["civil_flow", "military_flow"]] == 1.0).all(axis=None)
    assert (table.payment_usd_bn == 0.0).all()


@pytest.mark.parametrize("arrangement", ["truce", "deal"])
def test_moves_states_and_payoffs_are_those_of_the_game(arrangement: str) -> None:
    made = agreement(arrangement)
    game, play, table = made.setting.game, simulated_play(made, 30, 5), made.path(30, 5)
    for t in range(29):
        at = (play.states[t], *play.actions[t])
        likely = game.successors[at][game.probabilities[at] > 0]
        assert play.states[t + 1] in likely
    payoffs = table.drop_duplicates(["round", "player"])["payoff"].to_numpy().reshape(-1, 2)
    own = [game.payoffs[(s, slice(None), *move)] for s, move in zip(play.states, play.actions, strict=True)]
    np.testing.assert_allclose(payoffs, own)
    stock = small_rounds().space.values("military")[0][play.states]
    np.testing.assert_allclose(table.drop_duplicates("round")["stock_months"], stock)


def test_a_truce_ends_for_good_when_it_enters_a_state_that_breaks_it() -> None:
    made = agreement()
    assert made.standoff is not None
    assert made.standoff.equilibrium is not None
    actions = made.standoff.equilibrium.profile.actions
    assert actions is not None
    ended = 0
    for seed in range(20):
        play = simulated_play(made, 60, seed)
        under = np.array(play.under)
        assert not (under[1:] & ~under[:-1]).any()
        ended += int(not under[-1])
        for t in np.flatnonzero(~under):
            assert tuple(play.actions[t]) == tuple(actions[play.states[t]])
    assert ended > 0


def test_simulated_values_are_the_values() -> None:
    made = prisoners_agreement(0.7)
    rng = np.random.default_rng(1)
    totals = []
    weights = 0.3 * 0.7 ** np.arange(40)
    for seed in rng.integers(0, 2**31, 400):
        play = simulated_play(made, 40, int(seed))
        own = np.array([made.setting.game.payoffs[(s, 0, *a)] for s, a in zip(play.states, play.actions, strict=True)])
        totals.append(weights @ own)
    assert made.payoffs is not None
    assert np.mean(totals) == pytest.approx(made.payoffs[0], abs=4 * np.std(totals) / 20)


def test_payments_of_a_deal_are_worth_what_the_payoffs_say() -> None:
    made = agreement("deal")
    assert made.outcome.deal is not None
    moves = StationaryProfile.pure(made.setting.game, made.outcome.deal.plan.tolist())
    earned = made.setting.at_start(stationary_values(made.setting.game, moves)) * made.setting.usd
    d, paid = made.setting.game.discount_factor, []
    for seed in range(60):
        play = simulated_play(made, 250, seed)
        paid.append((1 - d) * (d ** np.arange(250)) @ play.payments)
    assert made.payoffs_usd_bn is not None
    slack = 5 * np.std(paid, axis=0) / np.sqrt(60) + 0.02
    assert (np.abs(np.mean(paid, axis=0) - (earned - made.payoffs_usd_bn)) < slack).all()
    table = made.path(6)
    first = table.drop_duplicates(["round", "player"])
    np.testing.assert_allclose(first.groupby("round")["payment_usd_bn"].sum(), 0.0, atol=1e-9)


@pytest.mark.parametrize(
    ("n_rounds", "seed", "words"), [(0, 0, "n_rounds = 0"), (5, -1, "seed = -1"), (2.5, 0, "n_rounds")]
)
def test_bad_lengths_and_seeds(n_rounds: int, seed: int, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        agreement().path(n_rounds, seed)


def test_a_payoff_set_has_no_moves() -> None:
    with pytest.raises(ValueError, match="without strategies"):
        prisoners_agreement(arrangement="set").path()
