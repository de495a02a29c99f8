"""The headline of an agreement as plain data for machines: both sides in the same words, the threat always named."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from bargain.games.markov import IntArray
from bargain.talks.leverage import reference_values
from bargain.talks.life import truce_life
from bargain.talks.schema_version import SCHEMA_VERSION
from bargain.talks.words import side_payments, up_front

if TYPE_CHECKING:
    from bargain.talks.agreement import Agreement


def headline(agreement: Agreement) -> dict[str, Any]:
    """Plain data: what was asked and found, payoffs by player, terms, life, certificates, sources."""
    outcome, setting, players = agreement.outcome, agreement.setting, agreement.players
    table: dict[str, Any] = {player: {} for player in players}
    before = reference_values(agreement)
    for k, player in enumerate(players):
        for name, values in (
            ("threat", agreement.threat_point),
            ("payoff", agreement.payoffs),
            ("gain", agreement.gains),
            ("reference", before),
        ):
            table[player][name] = None if values is None else float(values[k])
            table[player][f"{name}_usd_bn"] = None if values is None else float(values[k] * setting.usd[k])
    standoff = agreement.standoff
    return {
        "type": "agreement",
        "schema_version": SCHEMA_VERSION,
        "status": agreement.status,
        "reached": agreement.reached,
        "arrangement": agreement.arrangement,
        "threat": agreement.threat,
        "threat_scope": None if standoff is None else standoff.scope,
        "solution": agreement.request.solution,
        "message": outcome.message,
        "start": agreement.start,
        "players": table,
        "standoff": _standoff_data(agreement),
        "truces": [
            {
                "chance": chance,
                "moves": _named(agreement, play.moves[setting.starts[0]]),
                "active_states": int(play.active.sum()),
            }
            for chance, play in zip(outcome.lottery, outcome.truces, strict=True)
        ],
        "deal": _deal_data(agreement),
        "demands": None if outcome.demanded is None else outcome.demanded.to_dict(),
        "life": truce_life(agreement).to_dict(),
        "certificates": agreement.certificates,
        "certified": agreement.certified,
        "run": agreement.sources,
    }


def _named(agreement: Agreement, move: IntArray) -> dict[str, str]:
    game = agreement.setting.game
    return {player: game.actions[k][move[k]] for k, player in enumerate(game.players)}


def _standoff_data(agreement: Agreement) -> dict[str, Any] | None:
    found = None if agreement.standoff is None else agreement.standoff.equilibrium
    if found is None:
        return None
    game = agreement.setting.game
    return {
        game.states[s]: {
            player: {game.actions[k][a]: float(own[s, a]) for a in np.flatnonzero(own[s])}
            for k, (player, own) in enumerate(zip(game.players, found.profile.strategies, strict=True))
        }
        for s in agreement.setting.starts
    }


def _deal_data(agreement: Agreement) -> dict[str, Any] | None:
    deal, setting = agreement.outcome.deal, agreement.setting
    if deal is None:
        return None
    return {
        "moves": {setting.game.states[s]: _named(agreement, deal.plan[s]) for s in setting.starts},
        "side_payments_usd_bn_a_year": dict(zip(agreement.players, side_payments(agreement).tolist(), strict=True)),
        "up_front_usd_bn": dict(zip(agreement.players, up_front(agreement).tolist(), strict=True)),
    }
