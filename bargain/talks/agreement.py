"""The result of ``negotiate``: what is agreed, what it is worth to each side, what holds it up, and questions about it.

Payoffs are values at the start in percent of own GDP a year, and in billion USD a year. Every text names the threat
and says that other standoffs may exist.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from bargain.games.record import ArrayRecord, FloatArray
from bargain.solvers.base import package_version
from bargain.standoff.rounds import StandoffRounds
from bargain.standoff.scenario import Scenario
from bargain.talks.bargains import AGREED, Outcome
from bargain.talks.request import Request
from bargain.talks.scenario_data import scenario_data, scenario_from
from bargain.talks.setting import Setting, setting_of
from bargain.talks.standoffs import Standoff
from bargain.talks.starts import Started, checked_start, lottery_at

if TYPE_CHECKING:
    import pandas as pd

    from bargain.talks.staged_runs import StagedExchange


@dataclass(frozen=True, eq=False, kw_only=True)
class Agreement(ArrayRecord):
    """What two sides agree on, or that the standoff holds.

    request: what was asked; standoff: what holds without an agreement, None for the threat "punishment"; outcome: what
    was found; scenario: None where the game did not come from one; setting: the game, its start, and USD per percent
    of GDP; started: state variables that start at other values than today's. Frozen and plain data: it pickles,
    ``to_dict`` and ``from_dict`` go to JSON and back.
    """

    request: Request
    standoff: Standoff | None
    outcome: Outcome
    scenario: Scenario | None
    setting: Setting
    version: str
    started: Started = ()

    @classmethod
    def of(
        cls,
        setting: Setting,
        request: Request,
        standoff: Standoff | None,
        outcome: Outcome,
        scenario: Scenario | None = None,
        rounds: StandoffRounds | None = None,
        started: Started = (),
    ) -> Agreement:
        """A fresh result; ``rounds`` is kept at hand for the questions, and is no part of the data."""
        made = cls(
            request=request,
            standoff=standoff,
            outcome=outcome,
            scenario=scenario,
            setting=setting,
            version=package_version(),
            started=started,
        )
        if rounds is not None:
            made.__dict__["rounds"] = rounds
        return made

    @cached_property
    def rounds(self) -> StandoffRounds:
        """The scenario's game over rounds, with payoff terms and state variables; ValueError without a scenario."""
        if self.scenario is None:
            raise ValueError("this agreement is about a bare game; paths, leverage and windows need a scenario")
        levels = None if self.request.levels is None else dict(self.request.levels)
        return self.scenario.rounds(levels=levels, bystanders=self.request.bystanders)  # type: ignore[arg-type]

    # ------------------------------------------------------------ what was found

    @property
    def players(self) -> tuple[str, ...]:
        return self.setting.game.players

    @property
    def arrangement(self) -> str:
        """ "truce", "deal" or "set"."""
        return self.request.arrangement

    @property
    def threat(self) -> str:
        """ "path", "best", "worst" or "punishment"."""
        return self.request.threat

    @property
    def start(self) -> dict[str, float]:
        """The states in which play may start -> their chances."""
        return {self.setting.game.states[s]: float(self.setting.start[s]) for s in self.setting.starts}

    @property
    def status(self) -> str:
        """ "agreement", "no agreement" (the standoff holds), "no standoff found" or "stopped early"."""
        return self.outcome.status

    @property
    def reached(self) -> bool:
        """Whether there is an agreement."""
        return self.status == AGREED

    @property
    def threat_point(self) -> FloatArray | None:
        """Value at the start without an agreement, percent of own GDP a year ``(n_players,)``."""
        return self.outcome.threat_point

    @property
    def payoffs(self) -> FloatArray | None:
        """Value at the start, percent of own GDP a year ``(n_players,)``; the threat point without an agreement."""
        return self.outcome.payoffs

    @property
    def payoffs_usd_bn(self) -> FloatArray | None:
        """Value at the start, billion USD a year ``(n_players,)``."""
        return None if self.payoffs is None else self.payoffs * self.setting.usd

    @property
    def gains(self) -> FloatArray | None:
        """Payoffs over the threat point, percent of own GDP a year ``(n_players,)``."""
        if self.payoffs is None or self.threat_point is None:
            return None
        return self.payoffs - self.threat_point

    @property
    def certified(self) -> bool:
        """Whether everything the result rests on holds: standoff, truces or deal or sets, and the division.

        False where nothing was found.
        """
        return bool(self.certificates) and all(check["holds"] for check in self.certificates.values())

    @cached_property
    def certificates(self) -> dict[str, dict[str, Any]]:
        """What was checked, by code that no solver uses: the largest gain from a deviation, and whether it is none.

        For the division: the largest violation of the conditions that define it; gains are shares of the payoff range.
        """
        checks: dict[str, dict[str, Any]] = {}
        if self.standoff is not None and self.standoff.equilibrium is not None:
            checks["standoff"] = _check(self.standoff.equilibrium.certificate)
        for number, play in enumerate(self.outcome.truces):
            checks[f"truce {number + 1}"] = _check(play.certificate)
        if self.outcome.deal_certificate is not None:
            deal = self.outcome.deal_certificate
            gain = max(float(part.relative_regret.max()) for part in (deal.moves, deal.payments))
            checks["deal"] = {"largest_gain": gain, "holds": deal.holds}
        if self.outcome.negotiation is not None:
            made = self.outcome.negotiation
            gap = max(made.gap, made.bound_gap) / made.scale
            checks["negotiation"] = {"largest_gain": gap, "holds": made.holds}
        if self.outcome.set_distance is not None:
            distance = self.outcome.set_distance
            checks["set"] = {"largest_gain": distance, "holds": bool(distance <= 1e-6)}
        if self.outcome.bargaining is not None:
            checks["division"] = {
                "largest_gain": float(self.outcome.bargaining.worst[1]),
                "holds": self.outcome.bargaining.holds,
            }
        return checks

    @property
    def sources(self) -> dict[str, Any]:
        """What was run on what: package version, scenario with the hash of its parameters, hash of the game."""
        record = {} if self.scenario is None else self.scenario.record()
        return {
            "package": "bargain-games",
            "version": self.version,
            **record,
            "settings": self.request.to_dict(),
            "start": dict(self.started) or None,
            "game_sha256": self.setting.game.fingerprint,
        }

    # ------------------------------------------------------------ questions

    def path(self, n_rounds: int = 40, seed: int = 0) -> pd.DataFrame:
        """One simulated course of events: moves, flows, stocks, capacity and payoffs, a row per round and instrument.

        Columns: round, player, instrument, level, the state variables (stocks in months, capacities as shares, mood),
        civil_flow and military_flow (share of normal purchases delivered; NaN for tariffs), payoff of the player in
        that round (percent of own GDP a year), payment_usd_bn (paid by the player in that round, deals only),
        phase. Concessions are in the payoffs from the first round on.
        """
        from bargain.talks.paths import simulated_path

        return simulated_path(self, n_rounds, seed)

    def terms(self) -> str:
        """What each side does, what follows a breach, and how long it is expected to last, in words."""
        from bargain.talks.words import terms_text

        return terms_text(self)

    def life(self) -> Any:
        """How long the truce lasts and what ends it: a ``TruceLife``."""
        from bargain.talks.life import truce_life

        return truce_life(self)

    def leverage(self, frozen: Mapping[str, Mapping[str, str]] | None = None) -> pd.DataFrame:
        """What each instrument is worth: change of both payoffs when it is frozen at a level, all negotiated anew."""
        from bargain.talks.leverage import leverage

        return leverage(self, frozen)

    def initiative(self) -> pd.DataFrame:
        """Each side's gain over the play before the standoff for ever, in percent of own GDP and USD a year."""
        from bargain.talks.leverage import initiative

        return initiative(self)

    def closing_window(self, variable: str = "rebuilt", instrument: str = "licences") -> pd.DataFrame:
        """Payoffs and leverage by the level of a state variable, and who would rather act before it moves."""
        from bargain.talks.window import closing_window

        return closing_window(self, variable, instrument)

    def linkage(self, hold: str | Mapping[str, str] = "reference", critical: bool = False) -> pd.DataFrame:
        """The same negotiation on single issues and on everything: gains, what holds alone, what holds only linked."""
        from bargain.talks.linkage import linkage

        return linkage(self, hold, critical=critical)

    def staged_exchange(
        self, orders: Mapping[str, Sequence[str]] | None = None, most_tranches: int = 12
    ) -> StagedExchange:
        """Who gives first, and in how many tranches the truce can be approached from the standoff."""
        from bargain.talks.staged_exchange import staged_exchange

        return staged_exchange(self, orders, most_tranches)

    def summary(self) -> str:
        """The result as a text."""
        from bargain.talks.words import summary_text

        return summary_text(self)

    def record(self) -> dict[str, Any]:
        """The headline as plain data, for machines; ``to_dict`` holds everything."""
        from bargain.talks.headline import headline

        return headline(self)

    # ------------------------------------------------------------ plain data

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON, the same bytes in every run; ``from_dict`` gives the equal agreement back."""
        content = self._content()
        return {
            "type": "Agreement",
            "run": self.sources,
            "content_sha256": _hash(content),
            **content,
        }

    def _content(self) -> dict[str, Any]:
        return {
            "request": self.request.to_dict(),
            "standoff": None if self.standoff is None else self.standoff.to_dict(),
            "outcome": self.outcome.to_dict(),
            "scenario": None if self.scenario is None else scenario_data(self.scenario),
            "setting": self.setting.to_dict() if self.scenario is None else None,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Agreement:
        """The agreement that ``to_dict`` described.

        ValueError when the data were changed since, or the game is not the one they were made for.
        """
        for key in ("run", "content_sha256", "request", "standoff", "outcome", "scenario", "setting"):
            if key not in data:
                raise ValueError(f"agreement: entry {key!r} is missing")
        content = {key: data[key] for key in ("request", "standoff", "outcome", "scenario", "setting")}
        if _hash(content) != data["content_sha256"]:
            raise ValueError("agreement: the data do not match their recorded hash; they were changed since")
        request = Request.from_dict(data["request"])
        scenario = None if data["scenario"] is None else scenario_from(data["scenario"])
        rounds = None
        started: Started = ()
        if scenario is None:
            setting = Setting.from_dict(data["setting"])
        else:
            levels = None if request.levels is None else dict(request.levels)
            rounds = scenario.rounds(levels=levels, bystanders=request.bystanders)  # type: ignore[arg-type]
            setting = setting_of(scenario, rounds, dict(request.frozen))
            started = checked_start(rounds, data["run"].get("start"))
            setting = setting.starting(lottery_at(rounds, started)) if started else setting
        if setting.game.fingerprint != data["run"]["game_sha256"]:
            raise ValueError("agreement: the game does not match its recorded hash; it was made by another version")
        made = cls(
            request=request,
            standoff=None if data["standoff"] is None else Standoff.from_dict(data["standoff"]),
            outcome=Outcome.from_dict(data["outcome"]),
            scenario=scenario,
            setting=setting,
            version=data["run"]["version"],
            started=started,
        )
        if rounds is not None:
            made.__dict__["rounds"] = rounds
        return made


def _hash(content: Mapping[str, Any]) -> str:
    """SHA-256 of plain data: certificates are loaded and not run again, so that a change must not go unseen."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _check(certificate: Any) -> dict[str, Any]:
    gain = float(np.max(certificate.relative_regret, initial=0.0))
    return {"largest_gain": gain, "holds": bool(certificate.holds)}
