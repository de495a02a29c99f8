"""How leverage moves while a state variable does, and whether a side would rather act before the window closes.

A side whose fallback falls as rival capacity is rebuilt may prefer to act now to every arrangement that the other side
would keep later on: no promise binds the side that grows stronger (Fearon 1995; Powell 2006). Where an agreement is
reached both sides keep it by construction; where none is, the truces that would be better for both are looked at.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from bargain.games.record import FloatArray
from bargain.talks.bargains import Outcome, bargain_over, over_truces
from bargain.talks.leverage import most_open
from bargain.talks.request import Request
from bargain.talks.setting import Setting, setting_of, start_at
from bargain.talks.standoffs import Standoff, find_standoff
from bargain.talks.starts import lottery_at
from bargain.talks.truces import TruceOptions, truce_options

if TYPE_CHECKING:
    import pandas as pd

    from bargain.talks.agreement import Agreement


def closing_window(agreement: Agreement, variable: str, instrument: str) -> pd.DataFrame:
    """One row per level of the variable and player.

    Columns: the variable, player, standoff (value without an agreement), payoff, leverage of the instrument (payoff
    less that with the instrument frozen at its most open level), erosion (how much the standoff's value falls until
    the next level of the variable), acting (the best deviation from what is agreed; the standoff where nothing is),
    acts_first (whether there are truces better for both that the other side would keep, and this side breaks them
    all), status.
    """
    import pandas as pd

    if agreement.scenario is None:
        raise ValueError("a window closes in a scenario only; this agreement is about a bare game")
    if agreement.request.demands != "off":
        raise ValueError(f"demands = {agreement.request.demands!r} change no window; ask for demands = 'off'")
    scenario, rounds = agreement.scenario, agreement.rounds
    space = rounds.space
    # Looked up first, so that an unknown variable is named as such.
    start_at(rounds, {variable: 0.0})
    grid = space.grids[space.variables.index(variable)][0]
    others = dict(agreement.started)
    starts = [lottery_at(rounds, tuple({**others, variable: float(level)}.items())) for level in grid]
    held = {**dict(agreement.request.frozen), instrument: most_open_level(agreement, instrument)}
    without = setting_of(scenario, rounds, held)
    full = [_Bargains.of(agreement.setting, agreement.request, agreement.standoff, starts)]
    full.append(_Bargains.of(without, replace(agreement.request, frozen=tuple(held.items())), None, starts))
    outcomes = [[one.outcome(start) for start in starts] for one in full]
    rows: list[dict[str, Any]] = []
    for i, level in enumerate(grid):
        with_it, frozen = outcomes[0][i], outcomes[1][i]
        after = outcomes[0][i + 1] if i + 1 < len(grid) else with_it
        acting, first = full[0].temptation(starts[i], with_it)
        for k, player in enumerate(agreement.players):
            rows.append(
                {
                    variable: float(level),
                    "player": player,
                    "standoff": _entry(with_it.threat_point, k),
                    "payoff": _entry(with_it.payoffs, k),
                    "leverage": _entry(with_it.payoffs, k) - _entry(frozen.payoffs, k),
                    "erosion": _entry(with_it.threat_point, k) - _entry(after.threat_point, k),
                    "acting": _entry(acting, k),
                    "acts_first": bool(first[k]),
                    "status": with_it.status,
                }
            )
    return pd.DataFrame(rows)


def most_open_level(agreement: Agreement, instrument: str) -> str:
    """The most open level of an instrument of the scenario; ScenarioError when there is none of that name."""
    from bargain.games.profile import nearest
    from bargain.standoff.schema import ScenarioError

    assert agreement.scenario is not None
    known = list(agreement.scenario.file.instruments)
    if instrument not in known:
        raise ScenarioError(f"no instrument '{instrument}'; {nearest(instrument, known)}")
    return most_open(agreement.scenario, instrument)


def _entry(values: FloatArray | None, k: int) -> float:
    return float("nan") if values is None else float(values[k])


class _Bargains:
    """Bargains over one game from several starts, against one standoff."""

    def __init__(self, setting: Setting, request: Request, standoff: Standoff | None, options: TruceOptions | None):
        self.setting, self.request, self.standoff, self.options = setting, request, standoff, options

    @classmethod
    def of(cls, setting: Setting, request: Request, standoff: Standoff | None, starts: list[FloatArray]) -> _Bargains:
        if standoff is None and request.threat != "punishment":
            standoff = find_standoff(setting, request)
        options = None
        if request.arrangement == "truce" and standoff is not None and standoff.equilibrium is not None:
            everywhere = [int(s) for s in np.flatnonzero(sum(starts) > 0.0)]
            options = truce_options(setting.game, standoff.equilibrium.profile, request.reply_lag, everywhere)
        return cls(setting, request, standoff, options)

    def outcome(self, start: FloatArray) -> Outcome:
        setting = self.setting.starting(start)
        if self.options is not None and self.standoff is not None:
            return over_truces(setting, self.request, self.standoff, self.options)
        return bargain_over(setting, self.request, self.standoff)

    def temptation(self, start: FloatArray, outcome: Outcome) -> tuple[FloatArray | None, FloatArray]:
        """What the best deviation is worth to each side, and who breaks all that the other would keep."""
        setting, nobody = self.setting.starting(start), np.zeros(self.setting.game.n_players, dtype=bool)
        if outcome.truces:
            values = sum(
                chance * setting.at_start(np.where(play.active[:, None], play.deviation_values, play.standoff_values))
                for chance, play in zip(outcome.lottery, outcome.truces, strict=True)
            )
            return np.asarray(values), nobody
        if self.options is None or outcome.threat_point is None:
            return outcome.threat_point, nobody
        return outcome.threat_point, self._breaking_all(setting)

    def _breaking_all(self, setting: Setting) -> FloatArray:
        """Sides that break every truce better for all that the other side would keep, ``(n_players,)``."""
        assert self.options is not None
        problem, n = self.options.problem, setting.game.n_players
        tried = np.flatnonzero(problem.available.all(axis=0))
        found = problem.evaluate(np.repeat(tried[:, None], problem.n_states, axis=1), self.request.reply_lag)
        here = setting.starts
        slack = (found.agreed_values - found.deviation_values)[:, here] / problem.scale
        keeps = np.all(slack > -1e-9, axis=1)
        better = (found.agreed_values - found.standoff_values)[:, here] / problem.scale > 1e-9
        good = np.all(better, axis=(1, 2))
        first = np.zeros(n, dtype=bool)
        for i in range(n):
            others = [j for j in range(n) if j != i]
            offered = good & keeps[:, others].all(axis=1)
            first[i] = bool(offered.any()) and not (keeps[offered, i]).any()
        return first
