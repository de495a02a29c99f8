"""Any kind of solution of one round as answers that print alike: who plays what, with which probability, certified
how."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

import bargain as bg
from bargain.cli import CONCEPTS
from bargain.standoff import ScenarioError
from bargain.standoff.schema import nearest

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
