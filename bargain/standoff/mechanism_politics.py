"""Two-level politics of a scenario: the factions at home, what a round is worth to each, who decides on ratification.

A faction is a weight of protection (as the moods are): it judges a round by the payoffs of its country with its own
factor on the protection weight in place of today's mood. Mood and factions of the United States are those of the
scenario's ``players.US.moods``; a player without moods takes its factors from ``[mechanisms.politics]``, keys
``<code>_<faction>_factor``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np

from bargain.standoff.payoffs import FloatArray
from bargain.standoff.rounds import standoff_rounds
from bargain.standoff.scenario import Scenario
from bargain.standoff.schema import ScenarioError, nearest
from bargain.standoff.transitions import mood_step

PLACE = "mechanisms.politics."
TIE = 1e-9
"""Rounding of chances that are to sum to 1."""


def factions(scenario: Scenario) -> dict[str, dict[str, float]]:
    """Strategic player -> faction -> its factor on the protection weight; a player with neither moods nor factors has
    one faction, "government", at 1."""
    found: dict[str, dict[str, float]] = {}
    for code in scenario.players:
        moods = scenario.file.players[code].moods
        own = {mood: scenario.parameters[f"{code}.{mood}.protection_factor"].value for mood in moods}
        begin, end = f"{PLACE}{code}_", "_factor"
        own |= {
            key[len(begin) : -len(end)]: parameter.value
            for key, parameter in scenario.parameters.items()
            if not moods and key.startswith(begin) and key.endswith(end)
        }
        found[code] = own or {"government": 1.0}
    return found


def faction_payoffs(
    scenario: Scenario,
    *,
    levels: Mapping[str, int] | None = None,
    bystanders: Literal["react", "neutral"] = "react",
) -> dict[str, dict[str, FloatArray]]:
    """Player -> faction -> that player's payoffs of a round in every state, ``(n_states, *n_actions)``.

    The states, moves and all other terms are those of ``Scenario.rounds`` with the same levels and bystanders; the
    protection weight is the faction's in every mood.
    """
    known = factions(scenario)
    names = [(code, faction) for code, own in known.items() for faction in own]
    draws: dict[str, FloatArray] = {}
    for code, own in known.items():
        moods = scenario.file.players[code].moods
        keys = [f"{code}.{mood}.protection_factor" for mood in moods] or [f"{code}.protection_weight"]
        for key in keys:
            today = scenario.parameters[key].value
            column = [own[f] * (1.0 if moods else today) if code == other else today for other, f in names]
            draws[key] = np.array(column)
    rounds = standoff_rounds(scenario, draws=draws, levels=levels, bystanders=bystanders)
    result: dict[str, dict[str, FloatArray]] = {code: {} for code in known}
    for i, (code, faction) in enumerate(names):
        result[code][faction] = rounds.payoffs[i, :, rounds.table.moves.players.index(code)]
    return result


def mood_chances(scenario: Scenario, n_rounds: int, today: str | None = None) -> dict[str, float]:
    """Chance of every mood ``n_rounds`` from now, by the mood chain of the game over rounds.

    today: the scenario's mood by default. A scenario without rounds or moods has one mood for ever.
    """
    if isinstance(n_rounds, bool) or not isinstance(n_rounds, int | np.integer) or n_rounds < 0:
        raise ScenarioError(f"n_rounds = {n_rounds!r} is not a whole number >= 0")
    moods = list(dict.fromkeys(m for code in scenario.players for m in scenario.file.players[code].moods))
    moods = moods or [scenario.choices["state.mood"]]
    now = scenario.choices["state.mood"] if today is None else today
    if now not in moods:
        raise ScenarioError(f"today = {now!r} is no mood of '{scenario.name}'{nearest(str(now), moods)}")
    persistence = scenario.parameters.get("rounds.mood_persistence")
    stay = np.array(1.0 if persistence is None else persistence.value)
    places, chances = mood_step(np.arange(len(moods)), len(moods), stay)
    chain = np.zeros((len(moods), len(moods)))
    np.add.at(chain, (np.arange(len(moods))[:, None], places), chances)
    row = np.linalg.matrix_power(chain, int(n_rounds))[moods.index(now)]
    return dict(zip(moods, row.tolist(), strict=True))


def deciding_chances(scenario: Scenario, code: str, n_rounds: int | None = None) -> dict[str, float]:
    """Chance that each faction of ``code`` decides on ratification, as the other side sees it at signing.

    With moods, the chances of the moods ``n_rounds`` later (by default the scenario's ``ratification_rounds``);
    without, the keys ``<code>_<faction>_chance`` of ``[mechanisms.politics]``, what they leave being shared evenly.
    """
    known = factions(scenario)
    if code not in known:
        raise ScenarioError(f"'{code}' is no strategic player of '{scenario.name}'{nearest(code, list(known))}")
    if scenario.file.players[code].moods:
        return mood_chances(scenario, ratification_rounds(scenario, n_rounds))
    keys = {name: f"{PLACE}{code}_{name}_chance" for name in known[code]}
    given = {name: scenario.parameters[key].value for name, key in keys.items() if key in scenario.parameters}
    left = 1.0 - sum(given.values())
    if left < -TIE or (len(given) == len(known[code]) and left > TIE):
        raise ScenarioError(f"{PLACE}{code}_*_chance sum to {1.0 - left:g}; the rule is chances that sum to 1")
    share = max(left, 0.0) / max(len(known[code]) - len(given), 1)
    return {name: given.get(name, share) for name in known[code]}


def ratification_rounds(scenario: Scenario, n_rounds: int | None = None) -> int:
    """Rounds between signing and ratification: the given number, or that of the scenario."""
    if n_rounds is not None:
        return n_rounds
    key = f"{PLACE}ratification_rounds"
    if key not in scenario.parameters:
        raise ScenarioError(f"scenario '{scenario.name}' has no {key}; give n_rounds")
    return round(scenario.parameters[key].value)
