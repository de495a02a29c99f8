"""Truces on issues: whether moves hold alone, together, and down to which discount factor; all of it certified.

The moves of a truce over everything have a part in each issue. That part may enforce itself alone or only linked, and
truces that hold alone may hold together or not; both are tested move by move, never inferred.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from bargain.games.markov import MarkovGame
from bargain.games.truce_play import TruceCertifier
from bargain.solvers.truce import truce_plays
from bargain.solvers.truce_ranking import expected_lives
from bargain.solvers.truce_search import TruceProblem, Truces
from bargain.standoff.instruments import instruments_of
from bargain.talks.issues import both_tracks
from bargain.talks.setting import Setting, frozen_actions
from bargain.talks.standoffs import Standoff

if TYPE_CHECKING:
    from bargain.talks.agreement import Agreement

NOTHING = 1e-9
"""Gains below this share of the payoff range are none: the standoff's own moves under another name."""

PATIENCE = tuple(0.1 * step for step in range(10))
"""Discount factors below the scenario's at which a truce is tried, before bisection."""


def gains_something(agreement: Agreement) -> bool:
    """Whether there is an agreement by which somebody gains more than rounding."""
    if not agreement.reached or agreement.gains is None:
        return False
    return bool((agreement.gains > NOTHING * agreement.setting.game.payoff_range).any())


def levels_of(agreement: Agreement, chosen: tuple[int, ...]) -> dict[str, str]:
    """Instrument -> its level in these actions."""
    scenario, moves = agreement.scenario, agreement.rounds.table.moves
    assert scenario is not None
    return {
        name: list(instrument.levels)[int(moves.level[name, player].reshape(-1)[chosen[k]])]
        for k, player in enumerate(moves.players)
        for name, instrument in instruments_of(scenario.file, player).items()
    }


def part_alone(linked: Agreement, single: Agreement) -> float:
    """Chance that the part of a single issue in the linked truce enforces itself when only that issue is negotiated.

    Over the lottery of the linked truces; it holds where it is in force in every state of the start. NaN without linked
    truces, or where some part is no move of the issue.
    """
    if linked.arrangement != "truce" or not linked.reached or single.standoff is None:
        return np.nan
    scenario, moves, state = single.scenario, single.rounds.table.moves, int(linked.setting.start.argmax())
    assert scenario is not None
    total, limits = 0.0, dict(single.request.frozen)
    for chance, play in zip(linked.outcome.lottery, linked.outcome.truces, strict=True):
        levels = levels_of(linked, tuple(int(a) for a in play.moves[state]))
        # Where an issue leaves several levels the linked one has to be among them; single ones stay as they are held.
        wanted = {name: held if isinstance(held, str) else levels[name] for name, held in limits.items()}
        if any(not isinstance(held, str) and levels[name] not in held for name, held in limits.items()):
            return np.nan
        masks = frozen_actions(scenario, moves, {**levels, **wanted})
        move = tuple(int(np.flatnonzero(mask)[0]) for mask in masks)
        total += chance * in_force(single.setting, single.standoff, move, single.request.reply_lag)
    return total


def together(linked: Agreement, apart: Iterable[Agreement]) -> float:
    """Whether the likeliest truces of the issues alone hold as one: 1 or 0, NaN where they are none or do not combine.

    linked: over everything; apart: on single issues. Instruments of no truce stay as they were held. A control of two
    issues takes the level that delivers on each track what its issue has agreed.
    """
    scenario, state = linked.scenario, int(linked.setting.start.argmax())
    reached = [made for made in apart if gains_something(made)]
    if linked.arrangement != "truce" or linked.standoff is None or scenario is None or not reached:
        return np.nan
    levels: dict[str, str] = {}
    settled: dict[str, str] = {}
    for made in reached:
        own = levels_of(made, tuple(int(a) for a in made.outcome.truces[0].moves[state]))
        held = {label for label, left in made.request.frozen if isinstance(left, str)}
        levels |= {label: level for label, level in own.items() if label not in levels}
        for label in own.keys() - held:
            level = own[label] if label not in settled else both_tracks(scenario, label, settled[label], own[label])
            if level is None:
                return np.nan
            settled[label] = level
    masks = frozen_actions(scenario, linked.rounds.table.moves, {**levels, **settled})
    move = tuple(int(np.flatnonzero(mask)[0]) for mask in masks)
    return float(in_force(linked.setting, linked.standoff, move, linked.request.reply_lag))


def in_force(
    setting: Setting, standoff: Standoff, move: tuple[int, ...], reply_lag: int, discount_factor: float | None = None
) -> bool:
    """Whether the truce with this constant move is certified to enforce itself in every state of the start."""
    if standoff.equilibrium is None:
        return False
    profile, game = standoff.equilibrium.profile, setting.game
    problem = TruceProblem(game, profile)
    found = _tried(problem, move, reply_lag, discount_factor)
    if not found.active[0, setting.starts].all():
        return False
    play = truce_plays(problem, found, *expected_lives(problem, found), reply_lag)[0]
    other = game if discount_factor is None else _with_patience(game, discount_factor)
    certificate = TruceCertifier(other, profile).certify(play).certificate
    return certificate is not None and certificate.holds


def _tried(problem: TruceProblem, move: tuple[int, ...], reply_lag: int, discount_factor: float | None) -> Truces:
    number = int(np.ravel_multi_index(move, problem.game.n_actions))
    return problem.evaluate(np.full((1, problem.n_states), number), reply_lag, discount_factor)


def critical_patience(agreement: Agreement) -> float:
    """The lowest discount factor down to which the likeliest truce holds wherever it was tried, to 1e-4.

    Tried at every tenth below the scenario's own, then by bisection; the standoff's strategy is the same throughout,
    and the truce is certified at the number that is returned. NaN without a truce that gains, or where it is not in
    force in every state of the start.
    """
    if agreement.arrangement != "truce" or not gains_something(agreement) or agreement.standoff is None:
        return np.nan
    setting, standoff, lag = agreement.setting, agreement.standoff, agreement.request.reply_lag
    assert standoff.equilibrium is not None
    move = tuple(int(a) for a in agreement.outcome.truces[0].moves[setting.starts[0]])
    problem = TruceProblem(setting.game, standoff.equilibrium.profile)

    def holds(patience: float) -> bool:
        return bool(_tried(problem, move, lag, patience).active[0, setting.starts].all())

    own = setting.game.discount_factor
    inside, outside = np.nan, np.nan
    for patience in [own, *(point for point in reversed(PATIENCE) if point < own - 1e-6)]:
        if not holds(patience):
            outside = patience
            break
        inside = patience
    while inside - outside > 1e-4:
        middle = 0.5 * (inside + outside)
        inside, outside = (middle, outside) if holds(middle) else (inside, middle)
    return inside if np.isfinite(inside) and in_force(setting, standoff, move, lag, inside) else np.nan


def _with_patience(game: MarkovGame, discount_factor: float) -> MarkovGame:
    return MarkovGame(
        game.payoffs,
        game.successors,
        game.probabilities,
        discount_factor,
        game.players,
        game.actions,
        game.states,
        game.available,
    )
