"""Who goes first, and in how many tranches: the way from a standoff to the moves of a truce, stage by stage.

What is exchanged is, instrument by instrument, the difference between the standoff's level and the agreed one. In n
tranches those who go first have given the share (t + 1) / n of theirs in round t, the others the share t / n: they
reciprocate a round later, and from round n on the truce holds. A tranche is a share of the goods or licences of a
round, so that payoffs and transitions lie between those of the two levels in that proportion; with several instruments
under way their shares multiply. The exchange enforces itself when at no stage and in no state that it can reach
somebody gains from stopping, against the standoff for good after the reply lag; where the truce itself is not in force
the exchange is over. More tranches put less at risk in each round and cost time, so that neither few nor many
need hold: every number is tried up to a limit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from bargain.games.markov import BoolArray, IntArray, MarkovGame
from bargain.games.record import FloatArray
from bargain.games.staged_play import StagedPlay, certify_staged_play
from bargain.games.truce_play import TrucePlay
from bargain.standoff.instruments import Moves, instruments_of
from bargain.talks.staged_runs import AT_ONCE, EXCHANGED, MIXED, NO_TRUCE, NOTHING, StagedExchange, StagedRun
from bargain.talks.stages import Part, Stages

if TYPE_CHECKING:
    from bargain.talks.agreement import Agreement

MOST_TRANCHES = 12
"""Numbers of tranches tried: three years of quarters."""

TIE = 1e-9
"""Gains below this share of the payoff range, for one round, are rounding."""


def staged_exchange(
    agreement: Agreement, orders: Mapping[str, Sequence[str]] | None = None, most_tranches: int = MOST_TRANCHES
) -> StagedExchange:
    """The likeliest truce of an agreement, approached in up to ``most_tranches`` tranches.

    orders: name -> instruments (or players, in a bare game) that go first; by default each side with all it gives, and
    each instrument alone where a side gives several, and all at once. ValueError for instruments that nobody gives, and
    for arrangements other than truces.
    """
    if isinstance(most_tranches, bool) or not isinstance(most_tranches, int | np.integer) or most_tranches < 1:
        raise ValueError(f"most_tranches = {most_tranches!r} is not a whole number >= 1")
    if agreement.arrangement != "truce":
        raise ValueError(f"arrangement = {agreement.arrangement!r}: the moves of a truce are approached in tranches")
    setting, standoff = agreement.setting, agreement.standoff
    months = 1.0 if agreement.scenario is None else float(agreement.scenario.file.round_months)
    known: dict[str, Any] = {"players": agreement.players, "usd": setting.usd, "round_months": months}
    if not agreement.outcome.truces or standoff is None or standoff.equilibrium is None:
        return StagedExchange(status=NO_TRUCE, standoff=agreement.threat_point, **known)
    play, actions = agreement.outcome.truces[0], standoff.equilibrium.profile.actions
    known |= {"standoff": setting.at_start(play.standoff_values), "truce": setting.at_start(play.values)}
    if actions is None:
        return StagedExchange(status=MIXED, **known)
    parts = exchanged(agreement, play, actions)
    if not parts:
        return StagedExchange(status=NOTHING, **known)
    stages = Stages(setting.game, actions, play, parts, setting.starts)
    runs = [
        _run(agreement, stages, order, leading, int(most_tranches))
        for order, leading in _orders(agreement.players, parts, orders).items()
    ]
    return StagedExchange(status=EXCHANGED, gives=_gives(agreement, play, actions, parts), runs=tuple(runs), **known)


def exchanged(agreement: Agreement, play: TrucePlay, actions: IntArray) -> list[Part]:
    """What changes from the standoff's actions ``(n_states, n_players)`` to the agreed moves in active states."""
    game = agreement.setting.game
    if agreement.scenario is None:
        found = [
            Part(player, k, np.repeat(play.moves[:, [k]], game.n_actions[k], axis=1))
            for k, player in enumerate(game.players)
        ]
    else:
        moves = agreement.rounds.table.moves
        found = [
            Part(name, k, _instrument_target(moves, name, k, play.moves[:, k]))
            for k, player in enumerate(game.players)
            for name in instruments_of(agreement.scenario.file, player)
        ]
    states = np.arange(game.n_states)
    return [
        part
        for part in found
        if (part.target[states, actions[:, part.player]] != actions[:, part.player])[play.active].any()
    ]


def _instrument_target(moves: Moves, name: str, k: int, agreed: IntArray) -> IntArray:
    """The action that each action becomes when one instrument is set as agreed, ``(n_states, n_actions[k])``."""
    player, n = moves.players[k], moves.shape[k]
    own = [label for label, owner in moves.level if owner == player]
    levels = np.stack([np.broadcast_to(moves.level[label, player].reshape(-1), (n,)) for label in own], axis=1)
    place = {tuple(row): action for action, row in enumerate(levels.tolist())}
    column = own.index(name)
    target = np.empty((len(agreed), n), dtype=np.intp)
    for wanted in np.unique(levels[agreed, column]):
        changed = levels.copy()
        changed[:, column] = wanted
        target[levels[agreed, column] == wanted] = [place[tuple(row)] for row in changed.tolist()]
    return target


def _orders(
    players: tuple[str, ...], parts: list[Part], orders: Mapping[str, Sequence[str]] | None
) -> dict[str, tuple[str, ...]]:
    """Order -> parts that go first."""
    names = [part.name for part in parts]
    if orders is not None:
        for order, leading in orders.items():
            for name in leading:
                if name not in names:
                    raise ValueError(f"orders: {order!r} starts with {name!r}, which nobody gives; {', '.join(names)}")
        return {order: tuple(leading) for order, leading in orders.items()}
    result: dict[str, tuple[str, ...]] = {}
    for k, player in enumerate(players):
        own = tuple(part.name for part in parts if part.player == k)
        if own:
            result[f"{player} first"] = own
        if len(own) > 1:
            result |= {f"{name} first": (name,) for name in own}
    return {**result, AT_ONCE: tuple(names)}


def _run(agreement: Agreement, stages: Stages, order: str, leading: tuple[str, ...], most: int) -> StagedRun:
    """Every number of tranches in one order; the smallest that holds is certified."""
    setting, standoff = agreement.setting, agreement.standoff
    assert standoff is not None
    assert standoff.equilibrium is not None
    first = np.array([part.name in leading for part in stages.parts])
    holding, payoffs, breakers = [], [], []
    largest, certified = None, False
    for number in range(1, most + 1):
        shares = tranche_shares(number, first)
        values, leave, seen = stages.evaluate(shares)
        payoffs.append(setting.at_start(values[0]))
        breaker = _breaker(setting.game, stages, shares, values, leave, seen)
        if breaker is not None:
            breakers.append((number, *breaker))
            continue
        holding.append(number)
        if len(holding) == 1:
            play = StagedPlay(
                stages.strategies(shares), stages.moves, stages.active, stages.starts, values, stages.reply_lag
            )
            checked = certify_staged_play(
                setting.game, standoff.equilibrium.profile, play, agreement.request.tolerance
            ).certificate
            assert checked is not None
            largest, certified = float(checked.relative_regret.max(initial=0.0)), checked.holds
    return StagedRun(
        order=order,
        leading=leading,
        most=most,
        holding=tuple(holding),
        payoffs=np.array(payoffs),
        breakers=tuple(breakers),
        largest_gain=largest,
        certified=certified,
    )


def tranche_shares(number: int, first: BoolArray) -> FloatArray:
    """Shares given by stage and part, ``(number, n_parts)``: leaders are one tranche ahead."""
    stage = np.arange(number)[:, None]
    return np.asarray((stage + first[None].astype(float)) / number)


def _breaker(
    game: MarkovGame, stages: Stages, shares: FloatArray, values: FloatArray, leave: FloatArray, seen: BoolArray
) -> tuple[int, str, str, str, float] | None:
    """Stage, state, player, action and gain of whoever gains most from stopping, in shares of the payoff range."""
    scale = np.where(game.payoff_range > 0.0, game.payoff_range, 1.0)
    gains = np.where(seen[..., None], (leave - values) / scale, -np.inf)
    if gains.max() <= TIE * (1.0 - game.discount_factor):
        return None
    t, s, k = (int(i) for i in np.unravel_index(int(gains.argmax()), gains.shape))
    action = game.actions[k][stages.reply(shares, t, s, k)]
    return t, game.states[s], game.players[k], action, float(leave[t, s, k] - values[t, s, k])


def _gives(
    agreement: Agreement, play: TrucePlay, actions: IntArray, parts: list[Part]
) -> tuple[tuple[str, str, str, str], ...]:
    """(part, player, level before, level after) in the likeliest state of the start."""
    game, state = agreement.setting.game, int(agreement.setting.start.argmax())
    result = []
    for part in parts:
        before, after = int(actions[state, part.player]), int(play.moves[state, part.player])
        names = [game.actions[part.player][a] for a in (before, after)]
        if agreement.scenario is not None:
            levels = agreement.rounds.table.moves.level[part.name, game.players[part.player]].reshape(-1)
            labels = list(agreement.scenario.file.instruments[part.name].levels)
            names = [labels[int(levels[a])] for a in (before, after)]
        result.append((part.name, game.players[part.player], names[0], names[1]))
    return tuple(result)
