"""Expectations about the game over rounds without an agreement: standoffs, how many, what they begin with, what they
hold up.

Standoffs are Markov perfect equilibria (Maskin and Tirole 2001) as ``negotiate`` finds them, from several random starts
and on the path from the status quo; their number is the number *found*. Truces without side payments are constant moves
kept up by a return to a standoff (Friedman 1971, with states). Each is looked at with the audience cost in proportion
to harm, the scenario's own, and with the prototype's step by step.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from bargain.games.certificate import DEFAULT_TOLERANCE
from bargain.games.markov import MarkovGame
from bargain.games.record import FloatArray
from bargain.games.stationary import MarkovEquilibrium
from bargain.solvers.base import solve
from bargain.solvers.markov_perfect import MarkovPerfect
from bargain.solvers.truce_search import TruceProblem
from bargain.standoff import Scenario
from bargain.standoff.rounds import StandoffRounds
from bargain.study.expectations import Case, Expectation
from bargain.study.round_expectations import audience_weight, step_audience
from bargain.talks import Setting, setting_of
from bargain.talks.setting import start_at
from bargain.talks.status_quo import StatusQuoPath
from bargain.talks.truces import TruceOptions

COARSE = {"military": 2, "rebuilt": 2, "substitution": 2}
"""Grid for questions about many draws: the ends of every variable."""

MIDDLE = {"military": 7, "rebuilt": 4, "substitution": 4}
"""Grid for questions about one standoff: a point every three months."""

FORMS = {"harm": "", "steps": ", audience by steps"}
"""How harm left unanswered is counted -> words of the reading."""

REGIMES = {
    "path": ("the standoff on the path from the status quo", ("truce/restricted", "truce/dual_track")),
    "worst": ("the worst standoff found", ("peak/ban", "peak/slow")),
}
"""Standoff -> what it is, and the moves it was expected to begin with."""


@dataclass(frozen=True)
class Standoffs:
    """The standoffs of one form of audience cost, from today's stock and from one of a quarter.

    settings: words -> the game from that start; path: on the path from the status quo; found: all of them.
    """

    settings: dict[str, Setting]
    path: MarkovEquilibrium
    found: list[MarkovEquilibrium]

    @classmethod
    def of(cls, scenario: Scenario, form: str, seed: int, n_starts: int) -> Standoffs:
        rounds = scenario.rounds(levels=MIDDLE)
        today = setting_with(scenario, rounds, form)
        quarter = today.starting(start_at(rounds, {"military": float(scenario.file.round_months)}))
        found = standoffs_of(today, seed, n_starts)
        if found[0] is None:
            raise ValueError(f"{scenario.name}: the status quo leads to no standoff on the grid {MIDDLE}")
        return cls({"stock as it is": today, "stock of a quarter": quarter}, found[0], found[1])

    def named(self, name: str, setting: Setting) -> MarkovEquilibrium:
        """The path, or the worst found by joint value in USD at the start of ``setting``."""
        if name == "path":
            return self.path
        return min(self.found, key=lambda each: float(setting.at_start(each.values) @ setting.usd))


@dataclass(frozen=True)
class Drawn:
    """Standoffs of one draw of all parameters: how many were found, and how many of them begin with the status quo."""

    n_found: int
    n_status_quo: int


def standoff_expectations(scenario: Scenario, n_draws: int, seed: int, n_starts: int) -> tuple[Expectation, ...]:
    """All expectations about standoffs and what they hold up."""
    found = {form: Standoffs.of(scenario, form, seed, n_starts) for form in FORMS}
    drawn = {form: over_draws(scenario, form, n_draws, seed, n_starts) for form in FORMS}
    return (
        _several_standoffs(drawn),
        _regime("path", found),
        _regime("worst", found),
        _status_quo_no_standoff(found, drawn),
        _status_quo_truce("worst", found),
        _status_quo_truce("path", found),
    )


# ------------------------------------------------------------ tools


def setting_with(
    scenario: Scenario,
    rounds: StandoffRounds,
    form: str,
    draw: int = 0,
    draws: Mapping[str, FloatArray] | None = None,
) -> Setting:
    """The setting of a draw, the audience cost by "harm" (the scenario's own) or by "steps", at the weight drawn."""
    setting = setting_of(scenario, rounds, draw=draw)
    if form == "harm":
        return setting
    game, table, n_states = setting.game, rounds.table, rounds.space.n_states
    columns = [table.players.index(code) for code in table.moves.players]
    harm = table.terms.get("audience", np.zeros_like(table.total))[draw * n_states : (draw + 1) * n_states, columns]
    weights = {
        code: audience_weight(scenario, code, 1) if draws is None else draws[f"{code}.audience_cost"][[draw]]
        for code in table.moves.players
    }
    payoffs = game.payoffs - harm + step_audience(table.moves, scenario, weights)
    labels = (game.players, game.actions, game.states)
    stepped = MarkovGame(payoffs, game.successors, game.probabilities, game.discount_factor, *labels)
    return replace(setting, game=stepped)


def standoffs_of(
    setting: Setting, seed: int, n_starts: int, enough: int | None = None
) -> tuple[MarkovEquilibrium | None, list[MarkovEquilibrium]]:
    """The standoff on the path, and all that are found; the search ends early at ``enough`` of them."""
    start = tuple(setting.start.tolist())
    quo = StatusQuoPath(setting.reference, start)
    path = solve(setting.game, quo).path
    found = [] if path is None else [path]
    for n in (1, n_starts) if enough is not None else (n_starts,):
        search = MarkovPerfect(
            start=start, start_profile=setting.reference, method="search", n_starts=n, seed=seed, max_nodes=0
        )
        found = list(dict.fromkeys([*found, *solve(setting.game, search).equilibria]))
        if enough is not None and len(found) >= enough:
            return path, found
    return path, list(dict.fromkeys([*found, *solve(setting.game, replace(quo, whole=False)).equilibria]))


def over_draws(scenario: Scenario, form: str, n_draws: int, seed: int, n_starts: int) -> list[Drawn]:
    """Standoffs of each draw on the coarsest grid; two of them are enough."""
    draws = scenario.draws(n_draws, seed)
    rounds = scenario.rounds(draws=draws, levels=COARSE)
    result = []
    for draw in range(n_draws):
        setting = setting_with(scenario, rounds, form, draw, draws)
        _, found = standoffs_of(setting, seed, n_starts, enough=2)
        quo = status_quo_moves(setting)
        result.append(Drawn(len(found), sum(chance_of(setting, each, quo) > 0.0 for each in found)))
    return result


def chance_of(setting: Setting, equilibrium: MarkovEquilibrium, moves: tuple[str, str]) -> float:
    """Chance that a standoff begins with these moves, over the start."""
    places = [labels.index(label) for labels, label in zip(setting.game.actions, moves, strict=True)]
    first, second = equilibrium.profile.strategies
    return float(setting.start @ (first[:, places[0]] * second[:, places[1]]))


def status_quo_moves(setting: Setting) -> tuple[str, str]:
    """The play before the standoff as action labels."""
    first, second = (labels[place] for labels, place in zip(setting.game.actions, setting.reference, strict=True))
    return first, second


def begins_with(setting: Setting, equilibrium: MarkovEquilibrium) -> str:
    """The likeliest pair of moves at the start in words."""
    first, second = equilibrium.profile.strategies
    table = np.einsum("s,si,sj->ij", setting.start, first, second)
    i, j = np.unravel_index(int(table.argmax()), table.shape)
    return f"{setting.game.actions[0][i]} against {setting.game.actions[1][j]}".replace("_", " ")


def in_words(texts: dict[str, str]) -> str:
    """Reading -> text as one sentence part; readings that say the same are told together."""
    groups: dict[str, list[str]] = {}
    for reading, text in texts.items():
        groups.setdefault(text, []).append(reading)
    if len(groups) == 1:
        return f"{next(iter(groups))} in every reading"
    return "; ".join(f"{text} ({', '.join(readings)})" for text, readings in groups.items())


# ------------------------------------------------------------ the expectations


def _several_standoffs(drawn: dict[str, list[Drawn]]) -> Expectation:
    n, expected = len(drawn["harm"]), 0.98
    spread = 2.0 * float(np.sqrt(expected * (1.0 - expected) / n))
    cases = tuple(
        Case(f"all parameters drawn{words}", "", float(np.mean([each.n_found > 1 for each in drawn[form]])))
        for form, words in FORMS.items()
    )
    return Expectation(
        "several_standoffs",
        "98 % of draws have several standoffs",
        f"share of {n} draws in which the search finds more than one, on the coarsest grid; the range is two standard "
        "errors of such a sample",
        "share of draws",
        max(expected - spread, 0.0),
        1.0,
        cases,
        "How many there are is a matter of the audience: where an answer earns by the step, matching holds at several "
        "heights; in proportion to harm many draws are left with one. The search may miss some: both are lower bounds.",
    )


def _regime(name: str, found: dict[str, Standoffs]) -> Expectation:
    """Chance that a named standoff begins with the moves expected of it."""
    what, moves = REGIMES[name]
    cases, texts = [], {}
    for form, words in FORMS.items():
        for label, setting in found[form].settings.items():
            standoff = found[form].named(name, setting)
            cases.append(Case(label + words, "", chance_of(setting, standoff, moves)))
            texts[label + words] = begins_with(setting, standoff)
    return Expectation(
        f"{name}_regime",
        f"{what[0].upper()}{what[1:]} is {moves[0]} against {moves[1]}".replace("_", " "),
        f"chance at the start that it is played by {what}",
        "chance",
        1.0,
        1.0,
        tuple(cases),
        f"It begins with {in_words(texts)}. The harm that an answer does, not the number of its steps, earns here, and "
        "a tariff of China above the truce level harms China most.",
    )


def _status_quo_no_standoff(found: dict[str, Standoffs], drawn: dict[str, list[Drawn]]) -> Expectation:
    cases = []
    for form, words in FORMS.items():
        setting = next(iter(found[form].settings.values()))
        quo = status_quo_moves(setting)
        share = np.mean([chance_of(setting, each, quo) > 0.0 for each in found[form].found])
        cases.append(Case(f"values{words}", "", float(share)))
        total = max(sum(each.n_found for each in drawn[form]), 1)
        cases.append(Case(f"all drawn{words}", "", sum(each.n_status_quo for each in drawn[form]) / total))
    return Expectation(
        "status_quo_no_standoff",
        "The play of January 2025 is never a standoff",
        "share of the standoffs found that begin with it",
        "share of standoffs",
        0.0,
        0.0,
        tuple(cases),
        "At least one side gains from leaving it at once, mostly by a tariff of its own: the truce level is a better "
        "reply from a small weight on protection on. No fear of later rounds outweighs that between standoffs.",
    )


def _status_quo_truce(name: str, found: dict[str, Standoffs]) -> Expectation:
    """Whether the play before the standoff is a truce in force at the start, against a named standoff."""
    cases = []
    for form, words in FORMS.items():
        for label, setting in found[form].settings.items():
            cases.append(Case(label + words, "", in_force(setting, found[form].named(name, setting))))
    wanted = 1.0 if name == "worst" else 0.0
    return Expectation(
        f"status_quo_truce_{name}",
        f"Fear of {REGIMES[name][0]} {'holds' if name == 'worst' else 'does not hold'} up the play of January 2025 as "
        "a truce",
        "chance at the start that a truce on these moves is in force, any breach being followed by that standoff",
        "chance",
        wanted,
        wanted,
        tuple(cases),
        "A truce lasts where both lose more to the standoff than a round's deviation brings. Where audiences count "
        "steps, standoffs are so costly to both that any of these holds it up; in proportion to harm the US gains more "
        "from its tariff in one round than the standoff that follows takes from it.",
    )


def in_force(setting: Setting, standoff: MarkovEquilibrium) -> float:
    """Chance at the start that the truce on the status quo is active against a standoff; certified."""
    problem = TruceProblem(setting.game, standoff.profile)
    agreed = int(np.ravel_multi_index(setting.reference, setting.game.n_actions))
    found = problem.evaluate(np.full((1, problem.n_states), agreed), 1)
    if not found.active[0, setting.starts].any():
        return 0.0
    plays, refused = TruceOptions(problem, standoff.profile, found, 1, 1).certified([0], DEFAULT_TOLERANCE)
    if refused:
        raise ValueError(f"the truce on the status quo fails its certificate: {refused[0]}")
    return float(setting.start @ plays[0].active)
