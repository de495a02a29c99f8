"""What an instrument is worth to both sides, and who gains over the play before the standoff.

Leverage: with an instrument frozen at a named level, standoff and arrangement are those of the smaller game; the change
of the negotiated payoffs is what the instrument is worth. It is not zero-sum: both may lose without it, or both gain.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from bargain.games.record import FloatArray
from bargain.games.stationary import StationaryProfile, stationary_values
from bargain.standoff.instruments import instruments_of
from bargain.standoff.scenario import Scenario
from bargain.standoff.schema import ControlInstrument, TariffInstrument
from bargain.talks.setting import setting_of

if TYPE_CHECKING:
    import pandas as pd

    from bargain.talks.agreement import Agreement


def frozen_instruments(scenario: Scenario) -> dict[str, dict[str, str]]:
    """Name -> what is frozen: each instrument at its reference level, all tariffs at once, controls also open."""
    result: dict[str, dict[str, str]] = {}
    tariffs: dict[str, str] = {}
    for player in scenario.players:
        for name, instrument in instruments_of(scenario.file, player).items():
            result[f"{name} {instrument.reference}"] = {name: instrument.reference}
            if isinstance(instrument, TariffInstrument):
                tariffs[name] = instrument.reference
            elif isinstance(instrument, ControlInstrument):
                level = most_open(scenario, name)
                result[f"{name} {level}"] = {name: level}
    if len(tariffs) > 1:
        result["all tariffs " + ", ".join(dict.fromkeys(tariffs.values()))] = tariffs
    return result


def most_open(scenario: Scenario, name: str) -> str:
    """The level of a control that delivers most, the first of several; of a tariff the reference level."""
    instrument = scenario.file.instruments[name]
    if not isinstance(instrument, ControlInstrument):
        return instrument.reference
    levels = list(instrument.levels)
    delivered = [
        sum(scenario.parameters[f"{name}.{level}.{track}"].value for track in ("civil", "military")) for level in levels
    ]
    return levels[int(np.argmax(delivered))]


def leverage(agreement: Agreement, frozen: Mapping[str, Mapping[str, str]] | None = None) -> pd.DataFrame:
    """One row per frozen instrument and player.

    Columns: frozen, player, payoff with it frozen, change (percent of own GDP a year: negotiated payoff with the
    instrument less that without it, positive where the player is better off because it exists), change_usd_bn,
    standoff_change (the same for the threat point), status. ValueError for an agreement of a bare game.
    """
    import pandas as pd

    from bargain.talks.negotiation import agree

    if agreement.scenario is None:
        raise ValueError("instruments can be frozen in a scenario only; this agreement is about a bare game")
    scenario, nothing = agreement.scenario, np.full(len(agreement.players), np.nan)
    rows = []
    for name, held in (frozen_instruments(scenario) if frozen is None else frozen).items():
        if not isinstance(held, Mapping):
            raise ValueError(f"frozen: {name} = {held!r} is not instrument -> level, such as {{{name!r}: ...}}")
        all_held = {**dict(agreement.request.frozen), **held}
        setting = setting_of(scenario, agreement.rounds, all_held).starting(agreement.setting.start)
        request = replace(agreement.request, frozen=tuple(all_held.items()))
        without = agree(setting, request, scenario=scenario, rounds=agreement.rounds)
        change = _difference(agreement.payoffs, without.payoffs, nothing)
        fallback = _difference(agreement.threat_point, without.threat_point, nothing)
        left = nothing if without.payoffs is None else without.payoffs
        for k, player in enumerate(agreement.players):
            rows.append(
                {
                    "frozen": name,
                    "player": player,
                    "payoff": float(left[k]),
                    "change": float(change[k]),
                    "change_usd_bn": float(change[k] * setting.usd[k]),
                    "standoff_change": float(fallback[k]),
                    "status": without.status,
                }
            )
    return pd.DataFrame(rows)


def _difference(first: FloatArray | None, second: FloatArray | None, nothing: FloatArray) -> FloatArray:
    return nothing if first is None or second is None else np.asarray(first - second)


def reference_values(agreement: Agreement) -> FloatArray:
    """Value at the start of the play before the standoff, for ever, percent of own GDP a year ``(n_players,)``."""
    setting = agreement.setting
    profile = StationaryProfile.pure(setting.game, [setting.reference] * setting.game.n_states)
    return setting.at_start(stationary_values(setting.game, profile))


def initiative(agreement: Agreement) -> pd.DataFrame:
    """One row per player: gain over the play before the standoff, for ever; columns as in ``initiative_columns``."""
    import pandas as pd

    return pd.DataFrame(initiative_columns(agreement))


def initiative_columns(agreement: Agreement) -> dict[str, Any]:
    """player, reference, payoff, gain (percent of own GDP a year), gain_usd_bn, share of the joint gain in USD.

    Shares are NaN unless both gain.
    """
    setting, before = agreement.setting, reference_values(agreement)
    now = np.full(len(before), np.nan) if agreement.payoffs is None else agreement.payoffs
    gain = now - before
    dollars = gain * setting.usd
    both = bool((gain > 0.0).all())
    return {
        "player": list(agreement.players),
        "reference": before,
        "payoff": now,
        "gain": gain,
        "gain_usd_bn": dollars,
        "share": dollars / dollars.sum() if both else np.full(len(before), np.nan),
    }
