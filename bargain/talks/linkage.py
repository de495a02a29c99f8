"""Linkage: what two sides agree on when only some issues are on the table, and what putting them together adds.

Each issue (``issues``) is negotiated alone, all other instruments held at a named level; standoff and arrangement of
that smaller game are new ones. Linking adds what the negotiation over everything gains less the sum of the gains of the
issues alone. Each gain is over its own standoff, so that the sum counts gains and not payoffs. Linking may add or take
away: slack on one issue holds up another (Bernheim and Whinston 1990), but a linked deal is also broken as a whole, and
two deals that hold alone need not hold together. Nothing here is assumed about it; every statement is tested.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from bargain.games.record import FloatArray
from bargain.standoff.instruments import instruments_of
from bargain.standoff.schema import ScenarioError
from bargain.talks.bargains import AGREED, HOLDS
from bargain.talks.issue_truces import critical_patience, gains_something, levels_of, part_alone, together
from bargain.talks.issues import EVERYTHING, Levels, held_beside, issues_of
from bargain.talks.setting import frozen_actions, setting_of

if TYPE_CHECKING:
    import pandas as pd

    from bargain.talks.agreement import Agreement


def linkage(
    agreement: Agreement,
    hold: str | Mapping[str, str] = "reference",
    issues: Mapping[str, Levels] | None = None,
    critical: bool = False,
) -> pd.DataFrame:
    """One row for each issue and player, everything last.

    hold: at which level the other instruments are: "reference" (the play before the standoff), "standoff" (what the
    agreement's standoff plays in the likeliest state of the start), or instrument -> level; issues: by default those of
    the scenario. Columns: issues, free, held, player, standoff, payoff, gain (percent of own GDP a year), gain_usd_bn,
    status, moves (agreed or the standoff's, in the likeliest state of the start), expected_months (infinite if it may
    last for ever), endless (the chance of that), ending_months (expected if it ends; NaN where it never does), alone
    (truces: the chance that what was agreed over everything holds on this issue alone; NaN where that is no move of the
    issue), together (on everything: 1 where the likeliest truces of the issues alone hold as one truce, else 0; NaN
    without any), critical_discount_factor (with ``critical``: ``critical_patience``), certified.
    ValueError for an agreement of a bare game.
    """
    import pandas as pd

    rows, apart = [], issue_agreements(agreement, hold, issues)
    singles = [made for name, made in apart.items() if name != EVERYTHING]
    for name, made in apart.items():
        free = _free(agreement, made)
        part = np.nan if name == EVERYTHING else part_alone(agreement, made)
        both = together(agreement, singles) if name == EVERYTHING else np.nan
        patience = critical_patience(made) if critical else np.nan
        life = made.life() if gains_something(made) else None
        for k, player in enumerate(made.players):
            gain = _entry(made.gains, k) if gains_something(made) or made.gains is None else 0.0
            rows.append(
                {
                    "issues": name,
                    "free": free,
                    "held": _held_text(made),
                    "player": player,
                    "standoff": _entry(made.threat_point, k),
                    "payoff": _entry(made.payoffs, k),
                    "gain": gain,
                    "gain_usd_bn": gain * float(made.setting.usd[k]),
                    "status": HOLDS if made.status == AGREED and not gains_something(made) else made.status,
                    "moves": moves_text(made),
                    "expected_months": 0.0 if life is None else life.expected_months,
                    "endless": 0.0 if life is None else life.endless,
                    "ending_months": 0.0 if life is None else life.ending_months,
                    "alone": part,
                    "together": both,
                    "critical_discount_factor": patience,
                    "certified": made.certified,
                }
            )
    return pd.DataFrame(rows)


def linking_adds(table: pd.DataFrame) -> pd.DataFrame:
    """One row per player: gain over everything, sum over the issues alone, what linking adds, each also in USD.

    only_linked: issues without an agreement alone although everything has one.
    """
    import pandas as pd

    rows = []
    for player, own in table.groupby("player", sort=False):
        whole, alone = own[own["issues"] == EVERYTHING], own[own["issues"] != EVERYTHING]
        row: dict[str, Any] = {"player": player}
        for column in ("gain", "gain_usd_bn"):
            together, apart = float(whole[column].sum(skipna=False)), float(alone[column].sum(skipna=False))
            row |= {f"{column}_linked": together, f"{column}_alone": apart, f"{column}_added": together - apart}
        failing = alone.loc[alone["status"] != AGREED, "issues"].tolist()
        linked = bool((whole["status"] == AGREED).all())
        rows.append({**row, "only_linked": ", ".join(failing) if linked else ""})
    return pd.DataFrame(rows)


def issue_agreements(
    agreement: Agreement, hold: str | Mapping[str, str] = "reference", issues: Mapping[str, Levels] | None = None
) -> dict[str, Agreement]:
    """Issue -> what is agreed when only it is on the table; everything is the agreement itself."""
    from bargain.talks.negotiation import agree

    scenario = agreement.scenario
    if scenario is None:
        raise ValueError("issues come from a scenario; this agreement is about a bare game")
    held, before = _levels_held(agreement, hold), dict(agreement.request.frozen)
    result: dict[str, Agreement] = {}
    chosen = issues_of(scenario) if issues is None else issues
    for name, free in chosen.items():
        if name == EVERYTHING:
            continue
        frozen = held_beside(scenario, free, held, before)
        setting = setting_of(scenario, agreement.rounds, frozen)
        request = replace(agreement.request, frozen=type(agreement.request).of(frozen=frozen).frozen)
        result[name] = agree(setting, request, scenario=scenario, rounds=agreement.rounds)
    return {**result, EVERYTHING: agreement}


def _levels_held(agreement: Agreement, hold: str | Mapping[str, str]) -> dict[str, str]:
    """Instrument -> level."""
    scenario, moves = agreement.scenario, agreement.rounds.table.moves
    assert scenario is not None
    if not isinstance(hold, str):
        frozen_actions(scenario, moves, hold)  # Refuses unknown names.
        return dict(hold)
    if hold not in ("reference", "standoff"):
        raise ScenarioError(f"hold = {hold!r} is neither 'reference' nor 'standoff' nor instrument -> level")
    if hold == "standoff" and (agreement.standoff is None or agreement.standoff.equilibrium is None):
        raise ScenarioError("hold = 'standoff' needs an agreement with a standoff; this one has none")
    chosen = moves.reference if hold == "reference" else _standoff_moves(agreement)
    return levels_of(agreement, chosen)


def _standoff_moves(agreement: Agreement) -> tuple[int, ...]:
    """The likeliest actions of the standoff in the likeliest state of the start."""
    standoff = agreement.standoff
    assert standoff is not None
    assert standoff.equilibrium is not None
    state = int(agreement.setting.start.argmax())
    return tuple(int(own[state].argmax()) for own in standoff.equilibrium.profile.strategies)


def _entry(values: FloatArray | None, k: int) -> float:
    return np.nan if values is None else float(values[k])


def moves_text(agreement: Agreement) -> str:
    """What is played in the likeliest state of the start: the likeliest truce, the deal, or the standoff."""
    state, outcome = int(agreement.setting.start.argmax()), agreement.outcome
    if gains_something(agreement) and outcome.truces:
        chance = f" ({outcome.lottery[0]:.2f})" if len(outcome.truces) > 1 else ""
        return _against(agreement, outcome.truces[0].moves[state]) + chance
    if gains_something(agreement) and outcome.deal is not None:
        return _against(agreement, outcome.deal.plan[state])
    if agreement.standoff is None or agreement.standoff.equilibrium is None or gains_something(agreement):
        return ""
    return _against(agreement, _standoff_moves(agreement))


def _against(agreement: Agreement, move: Any) -> str:
    return " against ".join(own[int(a)] for own, a in zip(agreement.setting.game.actions, move, strict=True))


def _free(agreement: Agreement, made: Agreement) -> str:
    """Instruments that are left a choice, with their levels where some are missing."""
    scenario, frozen = agreement.scenario, dict(made.request.frozen)
    assert scenario is not None
    parts = []
    for player in scenario.players:
        for name in instruments_of(scenario.file, player):
            held = frozen.get(name)
            if held is None:
                parts.append(name)
            elif not isinstance(held, str):
                parts.append(f"{name} ({', '.join(held)})")
    return "; ".join(parts)


def _held_text(made: Agreement) -> str:
    return "; ".join(f"{name} {held}" for name, held in made.request.frozen if isinstance(held, str))
