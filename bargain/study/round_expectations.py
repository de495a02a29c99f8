"""Expectations about one round: what the bottleneck rent, the audience and the mood decide, and how many equilibria.

Equilibria of a round are all pure profiles in which nobody gains by another action (Nash 1950). The audience cost
(Fearon 1994) is taken in proportion to harm, as the scenario has it, step by step as the prototype had it, or left out.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from bargain.games import StageGame
from bargain.games.record import FloatArray
from bargain.solvers import PureNash, solve
from bargain.standoff import PayoffTable, Scenario, State
from bargain.standoff.instruments import Moves
from bargain.study.expectations import Case, Expectation

QUARTER = State(military_stock_months=3.0)
"""US military stocks of one round, the prototype's."""

EMPTY = State(military_stock_months=0.0, civil_stock_months=0.0)


def round_expectations(scenario: Scenario, n_draws: int, seed: int) -> tuple[Expectation, ...]:
    """All expectations about one round."""
    return (
        _rent_decides(scenario),
        _matching(scenario),
        _four_equilibria(scenario),
        _structure_alone(scenario, n_draws, seed),
        _mood_and_tariff(scenario),
    )


# ------------------------------------------------------------ tools


def step_audience(moves: Moves, scenario: Scenario, weights: Mapping[str, FloatArray]) -> FloatArray:
    """Audience cost step by step, ``(n_draws, n_players, *n_actions)``: weight times the rival's steps left unanswered.

    Steps of a player: over its instruments, the levels by which it stands above the play before the standoff, none for
    a level below. weights: player -> ``(n_draws,)``, percent of GDP a step. This reading of the prototype is ours: its
    code is not part of the package.
    """
    steps = {}
    for player in moves.players:
        own = [(name, level) for (name, owner), level in moves.level.items() if owner == player]
        at = [list(scenario.file.instruments[name].levels) for name, _ in own]
        start = [
            names.index(scenario.file.instruments[name].reference) for (name, _), names in zip(own, at, strict=True)
        ]
        steps[player] = sum(np.maximum(level - first, 0) for (_, level), first in zip(own, start, strict=True))
    first, second = moves.players
    unanswered = {
        first: np.maximum(0, steps[second] - steps[first]),
        second: np.maximum(0, steps[first] - steps[second]),
    }
    costs = [-np.multiply.outer(np.asarray(weights[player]), unanswered[player]) for player in moves.players]
    return np.stack(costs, axis=1).astype(np.float64)


def games_of(scenario: Scenario, table: PayoffTable, audience: str = "harm") -> list[StageGame]:
    """One stage game per draw, the audience cost by "harm" (the scenario's own), by "steps", or "none"."""
    payoffs = table.stage_payoffs()
    if audience != "harm":
        payoffs = payoffs - table.terms.get("audience", np.zeros_like(table.total))[:, _strategic(table)]
    if audience == "steps":
        weights = {code: audience_weight(scenario, code, table.n_draws) for code in table.moves.players}
        payoffs = payoffs + step_audience(table.moves, scenario, weights)
    return [StageGame(own, players=table.moves.players, actions=table.moves.actions) for own in payoffs]


def _strategic(table: PayoffTable) -> list[int]:
    return [table.players.index(code) for code in table.moves.players]


def audience_weight(scenario: Scenario, code: str, n_draws: int) -> FloatArray:
    """The scenario's own weight of the audience, the same in every draw ``(n_draws,)``."""
    return np.full(n_draws, scenario.parameters[f"{code}.audience_cost"].value)


def pure_moves(game: StageGame) -> list[tuple[str, str]]:
    """Pure equilibria as pairs of action labels."""
    found = [each.pure for each in solve(game, PureNash()).equilibria]
    return [(game.actions[0][pure[0]], game.actions[1][pure[1]]) for pure in found if pure is not None]


def level_of(label: str, place: int) -> str:
    """The level of the instrument at ``place`` in an action label."""
    return label.split("/")[place]


def value_of(scenario: Scenario, key: str) -> float:
    return float(scenario.parameters[key].value)


# ------------------------------------------------------------ preferences and one round


def _rent_decides(scenario: Scenario) -> Expectation:
    """Lowest bottleneck rent at which some pure equilibrium of a round closes the civil track."""
    parameter = scenario.parameters["licences.bottleneck_rent"]
    rents = np.linspace(parameter.low, parameter.high, 201)
    cases = []
    for stocks, state in {"stocks as they are": None, "stocks empty": EMPTY}.items():
        for words, audience in {"": "harm", ", no audience": "none"}.items():
            table = scenario.payoffs(state, draws={"licences.bottleneck_rent": rents})
            closed = [
                any(level_of(moves[1], 1) in ("slow", "ban") for moves in pure_moves(game))
                for game in games_of(scenario, table, audience)
            ]
            cases.append(Case(stocks + words, "CN", float(rents[int(np.argmax(closed))]) if any(closed) else np.inf))
    return Expectation(
        "rent_decides",
        "The sign of the rent from holding the bottleneck decides whether China closes the civil track",
        "lowest bottleneck rent at which an equilibrium of one round closes it",
        "% of GDP a year",
        -0.01,
        0.01,
        tuple(cases),
        "Without an audience the civil track is closed only when that pays, just above zero: it costs rents and "
        "reliability. The audience cost is worth more than the rents at stake: with it the track closes at rents "
        "that are clearly negative.",
    )


ROUNDS = {
    "stocks as they are": None,
    "military stock of a quarter": QUARTER,
    "stocks empty": EMPTY,
}


def _matching(scenario: Scenario) -> Expectation:
    """Pure equilibria of one round with the audience cost less those without."""
    cases = []
    for how, words in {"harm": "", "steps": ", by steps"}.items():
        for stocks, state in ROUNDS.items():
            table = scenario.payoffs(state)
            count = [len(pure_moves(games_of(scenario, table, each)[0])) for each in (how, "none")]
            cases.append(Case(stocks + words, "", float(count[0] - count[1])))
    return Expectation(
        "coordination",
        "The cost of harm left unanswered turns one round into a game of coordination with several equilibria",
        "pure equilibria of one round with the audience cost less those without it",
        "equilibria",
        1.0,
        np.inf,
        tuple(cases),
        "Counted step by step, an answer earns the same whatever it harms, and matching is a best reply at several "
        "heights. In proportion to harm, what an answer earns depends on stocks: only empty ones make several.",
    )


def _four_equilibria(scenario: Scenario) -> Expectation:
    cases = []
    for how, words in {"harm": "", "steps": ", by steps"}.items():
        for stocks, state in ROUNDS.items():
            count = len(pure_moves(games_of(scenario, scenario.payoffs(state), how)[0]))
            cases.append(Case(stocks + words, "", float(count)))
    return Expectation(
        "four_equilibria",
        "One round has four pure equilibria",
        "pure equilibria of one round in hawkish mood",
        "equilibria",
        4.0,
        4.0,
        tuple(cases),
        "The ladder of answers is shorter here: China's higher tariff is never a best reply, since it harms China more "
        "than the audience rewards it.",
    )


def _structure_alone(scenario: Scenario, n_draws: int, seed: int) -> Expectation:
    """Share of draws in which the US goes beyond the tariff before 2025 without any political weight."""
    politics = [
        f"{side}.{name}" for side in ("US", "CN") for name in ("protection_weight", "revenue_weight", "audience_cost")
    ]
    draws = {**scenario.draws(10 * n_draws, seed), **{key: np.zeros(10 * n_draws) for key in politics}}
    games = games_of(scenario, scenario.payoffs(draws=draws))
    beyond = dict.fromkeys(("US", "CN"), 0)
    for game in games:
        found = pure_moves(game)
        for place, side in enumerate(beyond):
            beyond[side] += any(level_of(moves[place], 0) != "pre_2025" for moves in found)
    return Expectation(
        "structure_alone",
        "Without political weights no structure takes either side beyond its tariff of January 2025",
        f"share of {10 * n_draws} draws of everything else in which some equilibrium of one round does",
        "share of draws",
        0.0,
        0.05,
        tuple(Case("no weights", side, count / len(games)) for side, count in beyond.items()),
        "The tariffs of January 2025 lie near the Nash tariffs; the next level is far above them for the US and "
        "near enough for China that a low elasticity takes it there.",
    )


def _mood_and_tariff(scenario: Scenario) -> Expectation:
    """US tariff of a round when the mood in Washington is split."""
    levels = list(scenario.file.instruments["us_tariff"].levels)
    rate = {level: value_of(scenario, f"us_tariff.{level}.rate") for level in levels}
    cases = []
    for how, words in {"harm": "", "steps": ", by steps", "none": ", no audience"}.items():
        for stocks, state in (
            ("stocks as they are", State(mood="split")),
            ("stocks empty", State(0.0, 0.0, mood="split")),
        ):
            found = pure_moves(games_of(scenario, scenario.payoffs(state), how)[0])
            highest = max((rate[level_of(moves[0], 0)] for moves in found), default=np.inf)
            cases.append(Case(stocks + words, "US", highest))
    pre = rate["pre_2025"]
    return Expectation(
        "mood_moves_tariff",
        "A split mood takes the US tariff back from the truce level to that of January 2025",
        "highest US tariff among the pure equilibria of one round when the mood is split",
        "tariff rate",
        pre - 0.01,
        pre + 0.01,
        tuple(cases),
        "The truce tariff is a best reply from a small protection weight on, and the weight of the split mood is still "
        "above it. It is a matter of preferences, but mood alone does not undo it.",
    )
