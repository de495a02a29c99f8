"""Equilibria by Gambit (optional): pygambit's methods in a process of their own, with a time limit, certified here.

Install with ``pip install bargain-games[gambit]``. Payoffs go over in shares of each player's range, because several
of the methods have absolute tolerances. What comes back is polished by Newton's method on its support and then
certified by ``solve()`` like every other proposal, so a method that stops at a rough profile is found out or improved,
never believed. Savani and Turocy (2024), Gambit: The package for computation in game theory.
"""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, get_args
from typing import Literal as OneOf

import numpy as np

from bargain.games.profile import nearest
from bargain.games.record import FloatArray
from bargain.games.stage import StageGame
from bargain.solvers.base import Proposal, Solver
from bargain.solvers.equilibria import EquilibriumSolution
from bargain.solvers.logit_system import LogitSystem
from bargain.solvers.support_newton import candidate_supports, support_equilibrium
from bargain.solvers.watch import current_watch

Method = OneOf["enummixed", "enumpoly", "enumpure", "gnm", "ipa", "lcp", "liap", "logit", "simpdiv"]

TWO_PLAYERS = ("enummixed", "lcp")
POLISHED = 0.05
"""How far, in any probability, polishing may move a profile; beyond that it would be another one."""

OPTIONS: dict[str, dict[str, Any]] = {
    "enummixed": {"rational": False},
    "lcp": {"rational": False},
}


@dataclass(frozen=True)
class Gambit(Solver[StageGame, EquilibriumSolution]):
    """Equilibria found by one of pygambit's methods.

    method: enumpoly (all equilibria, any number of players), enummixed (all extreme ones, two players), enumpure, lcp
    (two players), gnm, ipa, logit, simpdiv, liap (some); time_limit: seconds until the process is killed, None for
    never; polish: improve the profiles before they are certified.
    """

    method: Method = "enumpoly"
    time_limit: float | None = 60.0
    polish: bool = True

    concept: ClassVar[str] = "Nash equilibrium"
    solution_type: ClassVar[type[EquilibriumSolution]] = EquilibriumSolution

    def __post_init__(self) -> None:
        if self.method not in get_args(Method):
            raise ValueError(f"no Gambit method {self.method!r}; {nearest(self.method, get_args(Method))}")

    def check_suits(self, game: Any) -> None:
        super().check_suits(game)
        if self.method in TWO_PLAYERS and game.n_players != 2:
            raise ValueError(f"Gambit's {self.method} solves games of 2 players, this one has {game.n_players}")
        if importlib.util.find_spec("pygambit") is None:
            raise ModuleNotFoundError(
                "Gambit() needs pygambit, which is not installed: pip install bargain-games[gambit]", name="pygambit"
            )

    def propose(self, game: StageGame) -> Proposal:
        answer = _asked(game, self.method, current_watch().seconds_left)
        if isinstance(answer, str):
            return Proposal(stopped=answer, message="try another method, or a longer time_limit")
        if "error" in answer:
            return Proposal(message=f"Gambit's {self.method} failed: {answer['error']}; try another method")
        found = [tuple(np.array(strategy) for strategy in profile) for profile in answer["profiles"]]
        if self.polish:
            system = LogitSystem.of(game)
            found = [_polished(system, profile) for profile in found]
        return Proposal(
            candidates=tuple(found),
            message=f"Gambit's {self.method} (pygambit {answer['version']}) returned {len(found)} profiles",
        )


def _asked(game: StageGame, method: str, seconds: float) -> dict[str, Any] | str:
    """The worker's answer, or why there is none."""
    spread = np.where(game.payoff_range > 0.0, game.payoff_range, 1.0)
    shares = [(table - table.min()) / scale for table, scale in zip(game.payoffs, spread, strict=True)]
    job = {"payoffs": [share.tolist() for share in shares], "method": method, "options": OPTIONS.get(method, {})}
    command = [sys.executable, "-P", str(Path(__file__).with_name("gambit_worker.py"))]
    try:
        run = subprocess.run(
            command,
            input=json.dumps(job),
            capture_output=True,
            text=True,
            check=False,
            timeout=None if seconds == np.inf else max(seconds, 0.01),
        )
    except subprocess.TimeoutExpired:
        return f"time limit reached, Gambit's {method} was ended"
    if run.returncode or not run.stdout:
        last = (run.stderr.strip().splitlines() or ["no word"])[-1]
        return f"Gambit's {method} died with exit code {run.returncode}: {last}"
    answer: dict[str, Any] = json.loads(run.stdout)
    return answer


def _polished(system: LogitSystem, profile: Sequence[FloatArray]) -> tuple[FloatArray, ...]:
    """The exact equilibrium beside a rough profile; the profile itself when there is none near."""
    rough = np.concatenate(list(profile))
    for used in reversed(candidate_supports(system, rough)):
        exact = support_equilibrium(system, rough, used)
        if exact is not None and np.abs(exact - rough).max() < POLISHED:
            return system.split(exact)
    return tuple(profile)
