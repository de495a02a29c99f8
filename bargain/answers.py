"""Scenarios and solutions of one round as text: parameters with sources, who plays what, certified how."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

import bargain as bg
from bargain.cli import CONCEPTS
from bargain.standoff import ScenarioError
from bargain.standoff.instruments import owners
from bargain.standoff.schema import nearest

if TYPE_CHECKING:
    from bargain.standoff import Scenario

LEAST_SHOWN = 5e-4
"""Probabilities below this are left out of the text; all are in the plain data."""


@dataclass(frozen=True)
class Answer:
    """One answer: title, joint probability of every profile of moves, mixed strategies if independent, certificate in
    words."""

    title: str
    weights: NDArray[np.float64]
    profile: tuple[NDArray[np.float64], ...] | None
    certificate: str


def solver_for(concept: str, n_players: int, leader: str = "US", precision: float | None = None) -> Any:
    """The solver for a concept; with more than two players 'nash' is the pure equilibria, and the result says so.

    Raises ScenarioError for an unknown concept, or a qre without precision.
    """
    if concept not in CONCEPTS:
        raise ScenarioError(f"--concept {concept!r} is not one of {', '.join(CONCEPTS)}{nearest(concept, CONCEPTS)}")
    if concept == "qre" and precision is None:
        raise ScenarioError("--concept qre needs --precision, in one over percent of GDP, such as --precision 50")
    solvers: dict[str, Any] = {
        "nash": lambda: bg.SupportEnumeration() if n_players == 2 else bg.PureNash(),
        "pure": bg.PureNash,
        "lemke-howson": bg.LemkeHowson,
        "limit-logit": bg.LogitPath,
        "qre": lambda: bg.LogitPath(precision=precision),
        "correlated": bg.Correlated,
        "coarse-correlated": bg.CoarseCorrelated,
        "stackelberg": lambda: bg.Stackelberg(leader=leader),
    }
    return solvers[concept]()


def answers(solution: Any) -> list[Answer]:
    """The answers that a solution holds, in its order; empty where it has none."""
    if isinstance(solution, bg.StackelbergSolution):
        if solution.equilibrium is None:
            return []
        title = f"{solution.game.players[solution.leader]} moves first"
        return [_strategic(solution, title, solution.equilibrium, "another reply or commitment")]
    if isinstance(solution, bg.LogitSolution) and solution.responses:
        return [
            Answer(
                f"quantal response at precision {entry.precision:g}",
                _joint(entry.profile),
                tuple(entry.profile),
                f"holds: distance from its own logit response {entry.residual:.2g}",
            )
            for entry in solution.responses
        ]
    if isinstance(solution, bg.CorrelatedSolution):
        return [
            Answer(
                _numbered(solution, i), entry.distribution, None, _verdict(solution, entry.certificate, "disobeying")
            )
            for i, entry in enumerate(solution.equilibria)
        ]
    return [_strategic(solution, _numbered(solution, i), entry) for i, entry in enumerate(solution.equilibria)]


def plays(answer: Answer, players: tuple[str, ...], actions: tuple[tuple[str, ...], ...]) -> list[str]:
    """Who plays what, in words: a line a player, or a line a recommended pair of moves."""
    if answer.profile is not None:
        lines = []
        for code, labels, probabilities in zip(players, actions, answer.profile, strict=True):
            played = [(label, p) for label, p in zip(labels, probabilities, strict=True) if p >= LEAST_SHOWN]
            alone = len(played) == 1 and played[0][1] > 1 - LEAST_SHOWN
            lines.append(f"{code}  " + (played[0][0] if alone else ", ".join(f"{a} {p:.4g}" for a, p in played)))
        return lines
    order = np.argsort(-answer.weights, axis=None, kind="stable")
    cells = [np.unravel_index(i, answer.weights.shape) for i in order]
    shown = [cell for cell in cells if answer.weights[cell] >= LEAST_SHOWN]
    return [
        f"{answer.weights[cell]:.4g}  " + " against ".join(actions[k][int(i)] for k, i in enumerate(cell))
        for cell in shown
    ]


def _numbered(solution: Any, i: int) -> str:
    return f"equilibrium {i + 1} of {len(solution.equilibria)}"


def _strategic(solution: Any, title: str, entry: Any, what: str = "the best deviation") -> Answer:
    text = _verdict(solution, entry.certificate, what)
    return Answer(title, _joint(entry.profile), tuple(entry.profile), text)


def _verdict(solution: Any, certificate: Any, what: str) -> str:
    gains = ", ".join(
        f"{code} {regret:.2g}" for code, regret in zip(solution.game.players, certificate.regret, strict=True)
    )
    return f"{'holds' if certificate.holds else 'FAILS'}: gain from {what} {gains} (percent of GDP)"


def _joint(profile: Any) -> NDArray[np.float64]:
    weights = np.ones(())
    for probabilities in profile:
        weights = np.multiply.outer(weights, probabilities)
    return np.asarray(weights)


# ---------------------------------------------------------------- text


def columns(rows: list[list[str]], header: list[str]) -> str:
    widths = [max(len(row[i]) for row in [header, *rows]) for i in range(len(header))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    top = "  ".join(cell.ljust(width) for cell, width in zip(header, widths, strict=True)).rstrip()
    return "\n".join([top, "-" * len(top), *lines])


def parameter_rows(scenario: Scenario) -> list[dict[str, Any]]:
    rows = []
    for key, p in scenario.parameters.items():
        rows.append(
            {
                "key": key,
                "value": p.value,
                "low": p.low,
                "high": p.high,
                "unit": p.unit,
                "confidence": p.confidence,
                "date": p.date,
                "source": p.source,
                "meaning": p.name,
                "note": p.note,
            }
        )
    return rows


def parameter_text(scenario: Scenario) -> str:
    rows = [
        [r["key"], f"{r['value']:.6g}", f"{r['low']:.6g} - {r['high']:.6g}", r["unit"], r["confidence"], r["source"]]
        for r in parameter_rows(scenario)
    ]
    table = columns(rows, ["key", "value", "range", "unit", "confidence", "source, or the reason of an assumption"])
    choices = "\n".join(f"{key} = {value}" for key, value in scenario.choices.items())
    return f"{table}\n\nchoices (--set takes them too)\n{choices}"


def scenario_data(scenario: Scenario) -> dict[str, Any]:
    file = scenario.file
    return {
        **scenario.record(),
        "title": file.title,
        "description": file.description,
        "players": {code: player.name for code, player in file.players.items()},
        "strategic": list(scenario.players),
        "inputs": {name: {"exporter": i.exporter, "users": list(i.users)} for name, i in file.inputs.items()},
        "instruments": {name: list(item.levels) for name, item in file.instruments.items()},
        "variants": dict(scenario.variants),
        "choices": dict(scenario.choices),
        "parameters": parameter_rows(scenario),
    }


def scenario_text(scenario: Scenario) -> str:
    file = scenario.file
    roles = [[c, p.name, "strategic" if p.strategic else "bystander"] for c, p in file.players.items()]
    inputs = [[name, i.exporter, ", ".join(i.users)] for name, i in file.inputs.items()]
    levers = [[name, ", ".join(owners(i)), ", ".join(i.levels)] for name, i in file.instruments.items()]
    parts = [
        f"{file.title} ({scenario.name}; {scenario.evidence_set} evidence)\n{file.description}",
        columns(roles, ["player", "name", "role"]),
        columns(inputs, ["input", "exporter", "users"]),
        columns(levers, ["instrument", "players", "levels"]),
        columns([[name, reason] for name, reason in scenario.variants.items()], ["variant", "reason"]),
        parameter_text(scenario),
    ]
    return "\n\n".join(parts)


def solution_text(scenario: Scenario, table: Any, solution: Any, found: list[Answer]) -> str:
    shape = " x ".join(str(n) for n in table.moves.shape)
    changed = ", ".join(f"{key}={entry}" for key, entry in scenario.record()["changed"].items())
    reading = ", ".join(f"{key.partition('.')[2]} {value}" for key, value in scenario.choices.items())
    head = [
        f"{scenario.file.title}: one round of {scenario.file.round_months:g} months, "
        f"{' x '.join(table.moves.players)}, {shape} moves",
        f"{scenario.evidence_set} evidence; {reading}" + (f"; changed: {changed}" if changed else ""),
        f"{type(solution.solver).__name__}: {solution.status}, scope {solution.scope} ({solution.message})",
        "payoffs in percent of own GDP per year, from open trade at the tariffs before the standoff",
    ]
    blocks = [_answer_text(table, answer) for answer in found]
    return "\n\n".join(["\n".join(head), *blocks])


def _answer_text(table: Any, answer: Answer) -> str:
    players = table.moves.players
    lines = [answer.title, *(f"  {line}" for line in plays(answer, players, table.moves.actions))]
    terms = table.under(answer.weights)
    shown = terms[[*players, *(code for code in terms.columns if code not in players)]]
    rows = [[name, *map(_payoff, row)] for name, row in zip(shown.index, shown.to_numpy(), strict=True)]
    lines += [f"  {line}" for line in columns(rows, ["term", *shown.columns]).split("\n")]
    return "\n".join([*lines, f"  certificate {answer.certificate}"])


def _payoff(value: float) -> str:
    return f"{value:+.4f}" if abs(value) >= 5e-5 else "0"
