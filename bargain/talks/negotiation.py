"""``negotiate``: which arrangement two sides of a standoff agree on, what it is worth to them, and what holds it up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np

from bargain.solvers.watch import Progress, current_watch, watched
from bargain.standoff.rounds import StandoffRounds
from bargain.standoff.scenario import Scenario
from bargain.standoff.schema import ScenarioError
from bargain.standoff.state_space import GROWING
from bargain.talks.agreement import Agreement
from bargain.talks.bargains import bargain_over
from bargain.talks.request import Request
from bargain.talks.setting import Held, Setting, setting_of
from bargain.talks.standoffs import Standoff, find_standoff
from bargain.talks.starts import Started, checked_start, lottery_at


def negotiate(
    scenario: Scenario,
    *,
    arrangement: str = "truce",
    threat: str = "path",
    solution: str = "nash",
    weights: Sequence[float] | None = None,
    reply_lag: int = 1,
    levels: Mapping[str, int] | None = None,
    frozen: Held | None = None,
    bystanders: str = "react",
    rounds: StandoffRounds | None = None,
    n_starts: int = 8,
    seed: int = 0,
    time_limit: float | None = None,
    demands: str = "off",
    first: str | None = None,
    breakdown_probability: float = 0.0,
    renegotiation_probability: float = 0.0,
    start: Mapping[str, float | str] | None = None,
    progress: Progress | None = None,
) -> Agreement:
    """What the two sides agree on, from today's state on or from ``start``.

    arrangement: "truce" (agreed moves without side payments, else the standoff), "deal" (with side payments) or "set"
    (all subgame-perfect payoffs without side payments; minutes on the full grid, try small ``levels``); threat: what
    holds without agreement: "path", "best", "worst" standoff, or "punishment" (deal and set); solution: how gains are
    divided: "nash", "kalai-smorodinsky", "egalitarian" (equal gains in USD), "utilitarian" (largest sum in USD) or
    "rubinstein" (alternating offers, one a round, the threat holding until one is accepted), or
    "repeated-negotiation" (deals only, threat "punishment": made anew with renegotiation_probability every round);
    weights: one per player, for all but kalai-smorodinsky and rubinstein; first, breakdown_probability: for rubinstein,
    who offers first (the first player) and the chance that talks end for good after a rejection; reply_lag: rounds in
    which breaking a truce stays without an answer; levels: grid points by state variable; frozen: instrument -> the
    level, or the levels, at which it is held; bystanders: "react" or "neutral"; rounds: the scenario's game if at hand
    (one draw); n_starts, seed: of the random search for the best and the worst standoff; time_limit: seconds for it and
    for deals and sets; demands: those of the scenario that cannot be divided are "off", "negotiable" (conceded or not,
    whatever the solution prefers) or "insisted" on; start: state variables that start at
    other values than today's, such as ``{"military": 2.0, "mood": "split"}``;
    progress: called with the share done, in [0, 1], and a word about the stage.

    Raises ValueError (ScenarioError for names of the scenario) for bad input. That nothing is found, or that the
    standoff holds, is a status of the result.
    """
    if not isinstance(scenario, Scenario):
        raise TypeError(f"scenario is a {type(scenario).__name__}, not a Scenario; load_scenario() takes a name")
    _check_kinds(levels, frozen, rounds)
    if rounds is not None:
        if levels is not None:
            raise ScenarioError("levels and rounds are both given; the rule is one of them")
        if rounds.space.n_draws != 1:
            raise ScenarioError(f"rounds hold {rounds.space.n_draws} draws; the rule is one")
        levels = dict(zip(rounds.space.variables[:-1], rounds.space.sizes[:-1], strict=True))
        bystanders = "react" if rounds.stances else "neutral"
    else:
        levels = _levels(scenario, levels)
    request = Request.of(
        arrangement=arrangement,
        threat=threat,
        solution=solution,
        weights=weights,
        reply_lag=reply_lag,
        levels=levels,
        frozen=frozen,
        bystanders=bystanders,
        n_starts=n_starts,
        seed=seed,
        time_limit=time_limit,
        demands=demands,
        first=first,
        breakdown_probability=breakdown_probability,
        renegotiation_probability=renegotiation_probability,
    )
    if len(scenario.players) != 2:
        raise ScenarioError(f"{scenario.name} has {len(scenario.players)} strategic players; negotiate takes 2")
    with _watched(progress):
        current_watch().report(0.0, "payoffs")
        if rounds is None:
            rounds = scenario.rounds(levels=levels, bystanders=bystanders)  # type: ignore[arg-type]
        setting, started = setting_of(scenario, rounds, frozen), checked_start(rounds, start)
        if started:
            setting = setting.starting(lottery_at(rounds, started))
        return agree(setting, request, scenario=scenario, rounds=rounds, started=started)


def _check_kinds(levels: Any, frozen: Any, rounds: Any) -> None:
    """Raise ScenarioError for what is no mapping, no number of grid points, or no game over rounds."""
    for name, given in (("levels", levels), ("frozen", frozen)):
        if given is not None and not isinstance(given, Mapping):
            raise ScenarioError(f"{name} = {given!r} is not a mapping of names")
    for name, entry in (levels or {}).items():
        if isinstance(entry, bool) or not isinstance(entry, int | np.integer):
            raise ScenarioError(f"levels: {name} = {entry!r} is not a whole number of grid points")
    if rounds is not None and not isinstance(rounds, StandoffRounds):
        raise ScenarioError(f"rounds is a {type(rounds).__name__}, not the game that Scenario.rounds() makes")


def _watched(progress: Progress | None) -> AbstractContextManager[Any]:
    """Tell ``progress``, or whoever listens already."""
    return nullcontext() if progress is None else watched(None, progress)


def _levels(scenario: Scenario, levels: Mapping[str, int] | None) -> Mapping[str, int] | None:
    """Grid points with a single one for capacity that is complete today: it has nowhere to go."""
    rounds = scenario.file.rounds
    complete = {
        name: 1
        for name in GROWING
        if rounds is not None
        and getattr(rounds, name) is not None
        and scenario.parameters[f"state.{name}"].value >= 1.0
    }
    return {**(levels or {}), **complete} if complete else levels


def agree(
    setting: Setting,
    request: Request,
    *,
    scenario: Scenario | None = None,
    rounds: StandoffRounds | None = None,
    standoff: Standoff | None = None,
    started: Started = (),
) -> Agreement:
    """The same for a game with states of any origin.

    scenario, rounds: where it comes from; standoff: if known; started: how the setting's start was asked for, for the
    record.
    """
    watch = current_watch()
    if standoff is None and request.threat != "punishment":
        with watch.stage(0.1, 0.4, "standoff"):
            standoff = find_standoff(setting, request)
    with watch.stage(0.4, 1.0, request.arrangement):
        outcome = bargain_over(setting, request, standoff)
    watch.report(1.0, "done")
    return Agreement.of(setting, request, standoff, outcome, scenario, rounds, started)
