"""Staged exchange: closed forms of the prisoners' dilemma, play rebuilt round by round, and the certificate."""

from __future__ import annotations

import json
import pickle
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_talks import agreement, prisoners_agreement

from bargain.games.markov import MarkovGame
from bargain.games.repeated import RepeatedGame
from bargain.games.stage import StageGame
from bargain.games.staged_play import StagedPlay, certify_staged_play
from bargain.talks import Agreement, Request, Setting, agree
from bargain.talks.staged_exchange import exchanged, staged_exchange, tranche_shares
from bargain.talks.staged_runs import StagedExchange
from bargain.talks.stages import Stages

DILEMMA = np.array([[9.0, 1.0], [10.0, 3.0]])


def dilemma(discount_factor: float, payoffs: np.ndarray = DILEMMA, reply_lag: int = 1) -> Agreement:
    """Cooperation by 9, temptation 10, sucker 1, punishment 3; the status quo is mutual defection."""
    stage = StageGame(np.array([payoffs, payoffs.T]), ("A", "B"), (("keep", "break"), ("keep", "break")))
    game = RepeatedGame(stage, discount_factor).markov_game()
    setting = Setting(game, np.ones(1), np.ones(2), (1, 1))
    return agree(setting, Request(reply_lag=reply_lag))


def by_hand(payoffs: np.ndarray, d: float, number: int, lag: int = 1) -> tuple[np.ndarray, bool]:
    """Values at the start and whether it holds, A giving first: each round's payoffs summed up, nothing recursive."""

    def play(t: int, player: int) -> float:
        return min((t + (player == 0)) / number, 1.0)

    def earned(t: int, player: int, own: float) -> float:
        other, table = play(t, 1 - player), payoffs
        mixed = np.array([own, 1.0 - own]) @ table @ np.array([other, 1.0 - other])
        return float(mixed)

    horizon = number + 4000 if d > 0.9 else number + 600
    holds, start = True, np.zeros(2)
    for player in range(2):
        flow = np.array([earned(t, player, play(t, player)) for t in range(number + 1)])
        for t in range(number):
            rounds = np.arange(t, horizon)
            onward = np.where(rounds < number, flow[np.minimum(rounds, number)], flow[number])
            value = float((1 - d) * (d ** (rounds - t) * onward).sum())
            if t == 0:
                start[player] = value
            stop = sum(
                (1 - d) * d**ahead * max(earned(t + ahead, player, own) for own in (0.0, 1.0)) for ahead in range(lag)
            )
            holds = holds and value >= stop + d**lag * payoffs[1, 1] - 1e-9
    return start, holds


def test_shares_of_leaders_are_one_tranche_ahead() -> None:
    np.testing.assert_allclose(tranche_shares(2, np.array([True, False])), [[0.5, 0.0], [1.0, 0.5]])


def test_whoever_gives_first_needs_a_quarter_of_patience() -> None:
    # Giving first costs 2 for a round and brings 6 in each later one: d >= 1/4, while the truce holds from 1/7 on.
    patient, short = staged_exchange(dilemma(0.26)), staged_exchange(dilemma(0.24))
    for order in ("A first", "B first"):
        assert patient.run(order).holding[0] == 1
        assert 1 not in short.run(order).holding
        number, stage, _, player, action, gain = short.run(order).breaker(1)  # type: ignore[misc]
        assert (number, stage, player, action) == (1, 0, order[0], "break")
        assert gain == pytest.approx(3 - (0.76 * 1 + 0.24 * 9))
    assert short.run("all at once").holding[0] == 1


@settings(max_examples=25, deadline=None)
@given(
    st.floats(0.15, 0.95),
    st.floats(0.2, 4.0),
    st.floats(0.2, 4.0),
    st.integers(1, 2),
)
def test_every_number_of_tranches_is_judged_as_by_hand(d: float, tempt: float, sucker: float, lag: int) -> None:
    payoffs = np.array([[9.0, 3.0 - sucker], [9.0 + tempt, 3.0]])
    made = dilemma(d, payoffs, lag)
    found = staged_exchange(made, most_tranches=5)
    if found.status != "exchange":
        assert not made.reached
        return
    run = found.run("A first")
    for number in range(1, 6):
        start, holds = by_hand(payoffs, d, number, lag)
        np.testing.assert_allclose(run.payoffs[number - 1], start, atol=1e-6)
        breaker = run.breaker(number)
        assert (number in run.holding) == holds or (breaker is None or breaker[5] < 1e-6)
    assert run.certified == bool(run.holding)


def test_symmetry_of_the_dilemma() -> None:
    found = staged_exchange(dilemma(0.5), most_tranches=3)
    np.testing.assert_allclose(found.run("A first").payoffs, found.run("B first").payoffs[:, ::-1])
    cost = found.cost_of_going_first()
    # One round of (1, 10) instead of (10, 1).
    np.testing.assert_allclose(cost["cost"], 0.5 * 9)
    assert found.to_frame()["months"].tolist() == found.to_frame()["n_tranches"].tolist()


def test_the_scenario_gives_instrument_by_instrument() -> None:
    made = agreement()
    found = staged_exchange(made, most_tranches=4)
    assert found.status == "exchange"
    play = made.outcome.truces[0]
    np.testing.assert_allclose(found.run("all at once").payoffs[0], made.setting.at_start(play.values), atol=1e-9)
    assert {run.order for run in found.runs} >= {"US first", "CN first", "all at once"}
    assert all(run.certified for run in found.runs if run.holding)
    levels = made.scenario.file.instruments  # type: ignore[union-attr]
    for name, player, before, after in found.gives:
        assert {before, after} <= set(levels[name].levels)
        assert levels[name].player == player  # type: ignore[union-attr]
    single = staged_exchange(made, {"tariffs off first": ["us_tariff"]}, most_tranches=2)
    np.testing.assert_array_equal(single.run("tariffs off first").payoffs, found.run("us_tariff first").payoffs[:2])
    table = found.to_frame()
    assert len(table) == 2 * len(found.runs)
    np.testing.assert_allclose(table["gain_usd_bn"], table["gain"] * np.tile(made.setting.usd, len(found.runs)))


def _stages() -> tuple[Agreement, Stages]:
    made = agreement()
    assert made.standoff is not None
    assert made.standoff.equilibrium is not None
    actions, play = made.standoff.equilibrium.profile.actions, made.outcome.truces[0]
    assert actions is not None
    return made, Stages(made.setting.game, actions, play, exchanged(made, play, actions), made.setting.starts)


@pytest.mark.parametrize("lag", [1, 3])
def test_the_certificate_finds_the_same_gains_and_refuses_wrong_values(lag: int) -> None:
    made, stages = _stages()
    stages.reply_lag = lag
    shares = tranche_shares(3, np.array([part.player == 0 for part in stages.parts]))
    values, leave, seen = stages.evaluate(shares)
    play = StagedPlay(stages.strategies(shares), stages.moves, stages.active, stages.starts, values, lag)
    profile = made.standoff.equilibrium.profile  # type: ignore[union-attr]
    checked = certify_staged_play(made.setting.game, profile, play).certificate
    assert checked is not None
    wanted = np.where(seen[..., None], np.maximum(leave - values, 0.0), 0.0)
    np.testing.assert_allclose(checked.regret, wanted, atol=1e-9)
    wrong = np.array(values)
    wrong[0, stages.starts[0], 0] += 0.01
    with pytest.raises(ValueError, match="off by"):
        certify_staged_play(made.setting.game, profile, replace(play, values=wrong))


def test_a_number_that_fails_has_no_certificate() -> None:
    made = dilemma(0.24)
    play, game = made.outcome.truces[0], made.setting.game
    actions = np.array([[1, 1]])
    stages = Stages(game, actions, play, exchanged(made, play, actions), [0])
    shares = tranche_shares(1, np.array([True, False]))
    values, _, _ = stages.evaluate(shares)
    staged = StagedPlay(stages.strategies(shares), stages.moves, stages.active, stages.starts, values)
    checked = certify_staged_play(game, made.standoff.equilibrium.profile, staged).certificate  # type: ignore[union-attr]
    assert checked is not None
    assert not checked.holds
    assert checked.regret.max() == pytest.approx(3 - (0.76 * 1 + 0.24 * 9))


def test_degenerate_cases_are_results() -> None:
    assert staged_exchange(dilemma(0.1)).status == "no truce"
    quiet = staged_exchange(dilemma(0.1))
    assert quiet.to_frame().empty
    assert quiet.cost_of_going_first().empty
    # Only A has a choice: B gives nothing and cannot go first.
    payoffs = np.array([[[2.0], [3.0]], [[5.0], [1.0]]])
    stage = StageGame(payoffs, ("A", "B"), (("give", "keep"), ("stay",)))
    one_sided = agree(Setting(RepeatedGame(stage, 0.9).markov_game(), np.ones(1), np.ones(2), (1, 0)), Request())
    assert staged_exchange(one_sided).status in ("no truce", "nothing to exchange")


def test_more_than_two_states_that_end_the_truce() -> None:
    made = prisoners_agreement(0.7)
    found = staged_exchange(made, most_tranches=4)
    assert found.status == "exchange"
    again = StagedExchange.from_dict(json.loads(json.dumps(found.to_dict())))
    assert again == found
    assert pickle.loads(pickle.dumps(found)) == found
    assert json.dumps(again.to_dict()) == json.dumps(found.to_dict())


def test_bad_input_is_named() -> None:
    with pytest.raises(ValueError, match="most_tranches = 0 is not a whole number >= 1"):
        staged_exchange(agreement(), most_tranches=0)
    with pytest.raises(ValueError, match="the moves of a truce"):
        staged_exchange(agreement("deal"))
    with pytest.raises(ValueError, match="starts with 'chips', which nobody gives"):
        staged_exchange(agreement(), {"chips first": ["chips"]})
    with pytest.raises(KeyError, match="no order 'nobody first'"):
        staged_exchange(prisoners_agreement(0.7), most_tranches=1).run("nobody first")


def test_the_game_is_left_alone() -> None:
    made, stages = _stages()
    assert isinstance(made.setting.game, MarkovGame)
    weights = stages.strategies(tranche_shares(2, np.ones(len(stages.parts), dtype=bool)))
    for own, mask in zip(weights, made.setting.game.available, strict=True):
        np.testing.assert_allclose(own.sum(axis=2), 1.0)
        assert not own[:, ~mask].any()
