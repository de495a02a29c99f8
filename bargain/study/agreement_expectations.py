"""Expectations about agreements: what enforces itself with side payments, what the jointly best deal is, and what the
reading of the stocks does to either side's value.

With side payments and the worst punishments: Goldluecke and Kranz (2018), all draws at once. What two sides negotiate
without side payments comes from ``negotiate``, over the play of January 2025 for ever as the common yardstick.
"""

from __future__ import annotations

import numpy as np

from bargain.games.markov import BoolArray
from bargain.games.record import FloatArray
from bargain.solvers.base import solve
from bargain.solvers.enforceable import EnforceableDeals
from bargain.solvers.enforceable_many import enforceable_many
from bargain.solvers.enforceable_solution import DealSolution
from bargain.standoff import Scenario
from bargain.study.expectations import Case, Expectation
from bargain.study.round_expectations import games_of, level_of, pure_moves, value_of
from bargain.study.standoff_expectations import COARSE, FORMS, MIDDLE, in_words, setting_with
from bargain.talks import Agreement, Setting, negotiate, setting_of
from bargain.talks.leverage import reference_values
from bargain.talks.setting import start_at

STOCK = "heavy_rare_earths.US.military_stock_months"
KINDS = ("standoff", "negotiated")


def agreement_expectations(scenario: Scenario, n_draws: int, seed: int) -> tuple[Expectation, ...]:
    """All expectations about agreements."""
    return (
        *_protection_window(scenario),
        _all_pairs_enforce(scenario, n_draws, seed),
        _deal_regime(scenario),
        *_stock_readings(scenario),
    )


def _protection_window(scenario: Scenario) -> tuple[Expectation, Expectation]:
    """Range of the US protection weight, mood included, in which the truce tariff is chosen alone and agreed on."""
    factor = value_of(scenario, f"US.{scenario.choices['state.mood']}.protection_factor")
    weights = np.linspace(0.0, scenario.parameters["US.protection_weight"].high, 121)
    draws = {"US.protection_weight": weights}
    agreed, table = _agreed_truce(scenario, draws), scenario.payoffs(draws=draws)
    step = 0.5 * float(weights[1] - weights[0])
    ends: dict[str, tuple[float, float]] = {}
    for form, words in {"harm": "audience as it is", "none": "no audience", "steps": "audience by steps"}.items():
        alone = np.array([_has_truce(pure_moves(game)) for game in games_of(scenario, table, form)])
        both = np.flatnonzero(alone & agreed)
        # A switch lies between two weights: the middle of them; none at the end of the range.
        low = weights[both[0]] - step * (both[0] > 0) if len(both) else np.inf
        high = weights[both[-1]] + step * (both[-1] < len(weights) - 1) if len(both) else -np.inf
        ends[words] = (float(low) * factor, float(high) * factor)
    what = "The US chooses the truce tariff alone, and the best deal has it, if its protection weight is about"
    test = (
        "weight times mood at which it is in an equilibrium of one round and in the jointly best deal at the start: the"
    )
    return (
        Expectation(
            "truce_weight_low",
            f"{what} .33 or more",
            f"{test} lowest",
            "weight",
            0.31,
            0.35,
            tuple(Case(words, "US", low) for words, (low, _) in ends.items()),
            "At the lower end the worth of protection to the US begins to outweigh both sides' loss of real income in "
            "the joint value; the audience has no part in it.",
        ),
        Expectation(
            "truce_weight_high",
            f"{what} .54 or less",
            f"{test} highest",
            "weight",
            0.52,
            0.56,
            tuple(Case(words, "US", high) for words, (_, high) in ends.items()),
            "Above the upper end the peak tariff is the better choice of the US alone; what China answers hardly moves "
            "it.",
        ),
    )


def _agreed_truce(scenario: Scenario, draws: dict[str, FloatArray]) -> BoolArray:
    """Whether the jointly best deal of each draw begins with the US truce tariff, ``(n_draws,)``; states move alike."""
    rounds = scenario.rounds(draws=draws, levels=COARSE)
    setting = setting_of(scenario, rounds)
    game, solver = setting.game, EnforceableDeals(transfer_weights=tuple(setting.usd.tolist()))
    deals = enforceable_many(rounds.payoffs, game.successors, game.probabilities, game.discount_factor, solver)
    truce = np.array([level_of(label, 0) == "truce" for label in game.actions[0]])
    begins = truce[deals.moves[:, 0][:, setting.starts, 0]].all(axis=1)
    return np.asarray(begins & deals.exists[:, setting.starts].all(axis=1))


def _has_truce(found: list[tuple[str, str]]) -> bool:
    return any(level_of(moves[0], 0) == "truce" for moves in found)


def _all_pairs_enforce(scenario: Scenario, n_draws: int, seed: int) -> Expectation:
    """Share of draws in which every pair of moves can be enforced in every state."""
    draws = scenario.draws(n_draws, seed)
    least = np.full(n_draws, scenario.parameters["rounds.discount_factor"].low)
    patience = {"all parameters drawn": draws, "least patient": {**draws, "rounds.discount_factor": least}}
    cases = []
    for label, chosen in patience.items():
        rounds = scenario.rounds(draws=chosen, levels=COARSE)
        for form, words in FORMS.items():
            settings = [setting_with(scenario, rounds, form, draw, chosen) for draw in range(n_draws)]
            whole = [bool(_deal(setting).admissible.all()) for setting in settings]
            cases.append(Case(label + words, "", float(np.mean(whole))))
    return Expectation(
        "all_pairs_enforce",
        "With side payments and the worst punishments every pair of moves enforces itself, in every draw",
        f"share of {n_draws} draws in which every pair does in every state",
        "share of draws",
        1.0,
        1.0,
        tuple(cases),
        "What a round's deviation can gain is small beside what the worst punishment takes for good, even at the least "
        "patience. Whether a deal can be enforced is no question here; what it is worth, and to whom, is.",
    )


def _deal(setting: Setting) -> DealSolution:
    solution: DealSolution = solve(setting.game, EnforceableDeals(transfer_weights=tuple(setting.usd.tolist())))
    return solution


def _deal_regime(scenario: Scenario) -> Expectation:
    moves = ("truce/restricted", "truce/open")
    rounds = scenario.rounds(levels=MIDDLE)
    quarter = start_at(rounds, {"military": float(scenario.file.round_months)})
    cases, texts = [], {}
    for form, words in FORMS.items():
        setting = setting_with(scenario, rounds, form)
        plan = _deal(setting).plan
        if plan is None:
            raise ValueError(f"{scenario.name}: no deal enforces itself")
        labels = [tuple(names[k] for names, k in zip(setting.game.actions, row, strict=True)) for row in plan]
        for label, start in {"stock as it is": setting.start, "stock of a quarter": quarter}.items():
            chance = sum(float(start[s]) for s in np.flatnonzero(start > 0.0) if labels[s] == moves)
            cases.append(Case(label + words, "", chance))
            texts[label + words] = " against ".join(labels[int(start.argmax())]).replace("_", " ")
    return Expectation(
        "deal_regime",
        "The deal with side payments is truce/restricted against truce/open",
        "chance at the start that the jointly best plan, in USD, begins with it",
        "chance",
        1.0,
        1.0,
        tuple(cases),
        f"It begins with {in_words(texts)}. Once China's loss counts too, chips sold are worth more to both together "
        "than their denial, and a higher Chinese tariff costs both.",
    )


# ------------------------------------------------------------ stocks


def _stock_readings(scenario: Scenario) -> tuple[Expectation, Expectation]:
    """Two expectations about one comparison: stocks separate or pooled, small or large."""
    stock = scenario.parameters[STOCK]
    made = {
        (reading, months): negotiate(scenario.with_values({"options.stocks": reading, STOCK: months}), levels=MIDDLE)
        for reading in ("separate", "pooled")
        for months in (stock.low, stock.high)
    }
    today = negotiate(scenario, levels=MIDDLE)
    return _reading_over_size(made, stock.low, stock.high), _general_stock(scenario, made, today, stock.high)


def _values(made: Agreement, kind: str) -> FloatArray:
    """Values of both sides, ``(n_players,)``; without a standoff nothing is known and the question has no answer."""
    values = made.threat_point if kind == "standoff" else made.payoffs
    if values is None:
        raise ValueError(f"stocks: {made.outcome.message}")
    return values


def _reading_over_size(made: dict[tuple[str, float], Agreement], few: float, many: float) -> Expectation:
    """Main effect of pooling over the main effect of the size, in a two by two comparison."""
    cases = []
    for kind in KINDS:
        at = {key: _values(each, kind) for key, each in made.items()}
        pooling = [at["pooled", months] - at["separate", months] for months in (few, many)]
        growth = [at[reading, many] - at[reading, few] for reading in ("separate", "pooled")]
        ratio = np.abs(sum(pooling)) / np.maximum(np.abs(sum(growth)), 1e-12)
        cases += [Case(kind, side, float(own)) for side, own in zip(("US", "CN"), ratio, strict=True)]
    return Expectation(
        "reading_over_size",
        f"Whether US stocks are one pool matters more than whether they last {few:g} or {many:g} months",
        "change of a side's value from pooling over its change from the size, each the mean over the other",
        "ratio",
        1.0,
        np.inf,
        tuple(cases),
        "A pool is drawn down by industry as well and is not full again at every round, as separate civil stocks are. "
        "Which of the two weighs more depends on whose value is asked for, and with or without a truce.",
    )


def _general_stock(
    scenario: Scenario, made: dict[tuple[str, float], Agreement], today: Agreement, many: float
) -> Expectation:
    """Change of China's lead over the US when the article's stock is read as one general stock."""
    article = scenario.evidence.parameter("a_us_stock_months").value
    if abs(article - many) > 1e-9:
        raise ValueError(f"{STOCK}: its high end {many:g} is not the article's figure {article:g}")
    cases, leads = [], []
    for kind in KINDS:
        pooled = _lead(made["pooled", many], kind)
        for words, other in {"military stock": made["separate", many], "stock as it is": today}.items():
            cases.append(Case(f"{kind}, from {words}", "", pooled - _lead(other, kind)))
        leads.append(f"{kind} {_lead(today, kind):+.0f} as stocks are, {pooled:+.0f} with the general stock")
    return Expectation(
        "general_stock",
        "The article's stock, read as one general stock, undercuts its claim that China holds the initiative",
        "change of China's gain over the play of January 2025 less that of the US when the stock is read so",
        "bn USD a year",
        -np.inf,
        0.0,
        tuple(cases),
        f"China's gain less that of the US, bn USD a year: {'; '.join(leads)}. Beside a military stock of that size "
        "the general reading hardly moves it: what the stock of the military track does is done by its size.",
    )


def _lead(made: Agreement, kind: str) -> float:
    """China's gain over the play before the standoff less that of the US, billion USD a year."""
    gain = (_values(made, kind) - reference_values(made)) * made.setting.usd
    return float(gain[1] - gain[0])
