"""Simulated play of an agreement: agreed moves while it lasts, then the standoff; shocks drawn reproducibly."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from bargain.games.markov import IntArray, MarkovGame
from bargain.games.record import FloatArray
from bargain.games.stationary import StationaryProfile
from bargain.standoff.instruments import instruments_of
from bargain.standoff.schema import ControlInstrument

if TYPE_CHECKING:
    import pandas as pd

    from bargain.talks.agreement import Agreement


@dataclass(frozen=True, eq=False)
class Play:
    """One course of events.

    states ``(n_rounds,)``; actions ``(n_rounds, n_players)``; under: whether the arrangement held in the round;
    payments ``(n_rounds, n_players)``: paid at the beginning of the round, billion USD a year for one round; conceded
    ``(n_players,)``: worth of concessions that cannot be divided, for good, payoff units.
    """

    states: IntArray
    actions: IntArray
    under: tuple[bool, ...]
    payments: FloatArray
    conceded: FloatArray


def simulated_play(agreement: Agreement, n_rounds: int, seed: int) -> Play:
    """A course of events; the first shocks are the same however many rounds are asked for."""
    for name, value, least in (("n_rounds", n_rounds, 1), ("seed", seed, 0)):
        if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
            raise ValueError(f"{name} = {value!r} is not a whole number >= {least}")
    outcome, game = agreement.outcome, agreement.setting.game
    if agreement.arrangement == "set" and agreement.reached:
        raise ValueError("a payoff set comes without strategies; ask for arrangement = 'truce' or 'deal'")
    standoff = None if agreement.standoff is None else agreement.standoff.equilibrium
    if standoff is None and outcome.deal is None:
        raise ValueError(f"nothing to play: {outcome.message}")
    rng = np.random.default_rng(np.random.SeedSequence(seed))
    state = _drawn(agreement.setting.start, rng)
    truce = outcome.truces[_drawn(np.array(outcome.lottery), rng)] if outcome.truces else None
    if outcome.negotiation is not None:
        raise ValueError("deals negotiated anew have no path of payments; ask for another solution")
    deal = outcome.deal
    holds = deal is not None or truce is not None
    states, actions, under, payments = [], [], [], []
    due = np.zeros(game.n_players) if deal is None else deal.up_front[state]
    for _ in range(n_rounds):
        holds &= truce is None or bool(truce.active[state])
        uniform = rng.random(1 + game.n_players)
        if holds:
            move = deal.plan[state] if deal is not None else truce.moves[state]  # type: ignore[union-attr]
        else:
            assert standoff is not None
            move = _mixed(standoff.profile, state, uniform[1:])
        states.append(state)
        actions.append(move)
        under.append(holds)
        payments.append(due)
        place = _place(game.probabilities[(state, *move)], float(uniform[0]))
        due = np.zeros(game.n_players) if deal is None else deal.payments[0, state, place]
        state = int(game.successors[(state, *move)][place])
    conceded = np.zeros(game.n_players) + outcome.worth_conceded
    return Play(np.array(states), np.array(actions), tuple(under), np.array(payments), conceded)


def _drawn(chances: FloatArray, rng: np.random.Generator) -> int:
    return _place(chances, float(rng.random()))


def _place(chances: FloatArray, uniform: float) -> int:
    reach = np.cumsum(chances)
    return int((uniform * reach[-1] >= reach).sum())


def _mixed(profile: StationaryProfile, state: int, uniform: FloatArray) -> IntArray:
    return np.array([_place(own[state], float(u)) for own, u in zip(profile.strategies, uniform, strict=True)])


def simulated_path(agreement: Agreement, n_rounds: int, seed: int) -> pd.DataFrame:
    """The tidy table of ``Agreement.path``."""
    import pandas as pd

    play, game = simulated_play(agreement, n_rounds, seed), agreement.setting.game
    if agreement.scenario is None:
        return pd.DataFrame(_bare_rows(game, play, agreement.arrangement))
    file, space = agreement.scenario.file, agreement.rounds.space
    parameters, round_years = agreement.scenario.parameters, file.round_months / 12.0
    moves = agreement.rounds.table.moves
    names = _state_columns(agreement)
    grids = {names[name]: space.values(name)[0] for name in space.variables if name != "mood"}
    rows: list[dict[str, Any]] = []
    for t, (state, move) in enumerate(zip(play.states, play.actions, strict=True)):
        shared: dict[str, Any] = {name: float(grid[state]) for name, grid in grids.items()}
        shared["mood"] = space.moods[int(space.values("mood")[0, state])]
        for k, player in enumerate(game.players):
            for name, instrument in instruments_of(file, player).items():
                level = list(instrument.levels)[int(moves.level[name, player].reshape(-1)[move[k]])]
                flows = [
                    parameters[f"{name}.{level}.{track}"].value if isinstance(instrument, ControlInstrument) else np.nan
                    for track in ("civil", "military")
                ]
                rows.append(
                    {
                        "round": t + 1,
                        "player": player,
                        "instrument": name,
                        "level": level,
                        **shared,
                        "civil_flow": flows[0],
                        "military_flow": flows[1],
                        "payoff": float(game.payoffs[(state, k, *move)] + play.conceded[k]),
                        "payment_usd_bn": float(play.payments[t, k]) * round_years,
                        "phase": agreement.arrangement if play.under[t] else "standoff",
                    }
                )
    return pd.DataFrame(rows)


def _state_columns(agreement: Agreement) -> dict[str, str]:
    """Name of the column of each state variable; a stock that is the only one is plain ``stock_months``."""
    assert agreement.scenario is not None
    rounds = agreement.scenario.file.rounds
    stocks = () if rounds is None else tuple(rounds.stocks)
    named = {name: "stock_months" if len(stocks) == 1 else f"{name}_stock_months" for name in stocks}
    return {name: named.get(name, name) for name in agreement.rounds.space.variables}


def _bare_rows(game: MarkovGame, play: Play, arrangement: str) -> list[dict[str, Any]]:
    return [
        {
            "round": t + 1,
            "player": player,
            "state": game.states[state],
            "action": game.actions[k][move[k]],
            "payoff": float(game.payoffs[(state, k, *move)] + play.conceded[k]),
            "payment_usd_bn": float(play.payments[t, k]),
            "phase": arrangement if play.under[t] else "standoff",
        }
        for t, (state, move) in enumerate(zip(play.states, play.actions, strict=True))
        for k, player in enumerate(game.players)
    ]
