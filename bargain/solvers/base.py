"""What a solver is, what a solution is, and the one door ``solve()`` between them.

A solver is a frozen dataclass of settings that proposes; ``solve()`` has the proposal judged by the certificates of
``bargain.games``, which no solver shares, and reports a status and a scope. A new solver is a module that subclasses
``Solver`` and declares its ``solution_type``, and one line in ``bargain/solvers/__init__.py``.
"""

from __future__ import annotations

import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from enum import StrEnum
from numbers import Real
from typing import Any, ClassVar, Generic, Self, TypeVar

from bargain.games.bayesian import BayesianGame
from bargain.games.certificate import DEFAULT_TOLERANCE, check_tolerance
from bargain.games.profile import nearest
from bargain.games.record import ArrayRecord
from bargain.games.stage import StageGame
from bargain.solvers.watch import Progress, watched

TIE = 1e-10
"""Payoffs closer than this share of the player's payoff range are equally good, for every solver."""


class Status(StrEnum):
    """How a run ended."""

    SOLVED = "solved"
    NO_EQUILIBRIUM_FOUND = "no_equilibrium_found"
    STOPPED_EARLY = "stopped_early"
    REJECTED_ALL = "rejected_all"


class Scope(StrEnum):
    """What a solution covers of its concept: provably all, all extreme points of the continua, or some."""

    ALL = "all"
    EXTREME = "extreme"
    SOME = "some"


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """What a solver hands to ``solve()``, unverified.

    scope: what the solver claims; stopped: why it stopped early, empty when it finished; message: what it found and
    what to try next; counted_as: what the candidates are, such as "path ends", when the message is to say how many of
    them were certified.
    """

    candidates: tuple[Any, ...] = ()
    scope: Scope = Scope.SOME
    stopped: str = ""
    message: str = ""
    components: tuple[tuple[int, ...], ...] = ()
    degenerate: bool | None = None
    counted_as: str = ""


GameT = TypeVar("GameT")
SolutionT = TypeVar("SolutionT", bound="Solution", covariant=True)

_SOLVERS: dict[str, type[Solver[Any, Any]]] = {}
_SOLUTIONS: dict[str, type[Solution]] = {}


class Solver(ABC, Generic[GameT, SolutionT]):
    """Base of all solvers: frozen dataclasses of settings with one method ``propose(game)``.

    concept: what is looked for, in words; solution_type: the class of the results; game_type: the games taken, a class
    or several; n_players: the only number of players handled, or None for any number; elsewhere: who takes games of
    other numbers of players, in words.
    """

    concept: ClassVar[str] = "Nash equilibrium"
    solution_type: ClassVar[type[Solution]]
    game_type: ClassVar[type[Any] | tuple[type[Any], ...]] = StageGame
    n_players: ClassVar[int | None] = None
    elsewhere: ClassVar[str] = (
        "PureNash takes any number, LogitPath and SupportHomotopy do and find mixed equilibria too"
    )

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        _SOLVERS[cls.__name__] = cls

    @abstractmethod
    def propose(self, game: GameT) -> Proposal:
        """Candidates and what is claimed about them."""

    def check_suits(self, game: Any) -> None:
        """Raise TypeError or ValueError when the solver cannot take this game."""
        name = type(self).__name__
        if not isinstance(game, self.game_type):
            known = " or a ".join(kind.__name__ for kind in game_types(type(self)))
            raise TypeError(f"{name} solves a {known}, not a {type(game).__name__}")
        if self.n_players is not None and game.n_players != self.n_players:
            players = ", ".join(game.players)
            raise ValueError(
                f"{name} solves games of {self.n_players} players, this one has {game.n_players} ({players}); "
                f"{self.elsewhere}"
            )

    def settings(self) -> dict[str, Any]:
        """The settings as plain data."""
        return asdict(self)  # type: ignore[call-overload, no-any-return]


def game_types(solver_type: type[Solver[Any, Any]]) -> tuple[type[Any], ...]:
    """The kinds of games that a solver takes."""
    kinds = solver_type.game_type
    return kinds if isinstance(kinds, tuple) else (kinds,)


def _loaded_game(solver: Solver[Any, Any], data: Mapping[str, Any]) -> Any:
    """The game of a solution from plain data; its entry "type" tells several kinds apart."""
    kinds = game_types(type(solver))
    if len(kinds) == 1:
        return kinds[0].from_dict(data)
    named = {kind.__name__: kind for kind in kinds}
    name = data.get("type", StageGame.__name__)
    if name not in named:
        raise ValueError(f"solution: no game type {name!r}; {nearest(name, sorted(named))}")
    return named[name].from_dict(data)


def solver_named(name: str, **settings: Any) -> Solver[Any, Any]:
    """The solver of that class name with these settings; ValueError names the nearest known solver or setting."""
    if name not in _SOLVERS:
        raise ValueError(f"no solver {name!r}; {nearest(name, sorted(_SOLVERS))}")
    solver_type = _SOLVERS[name]
    known = [item.name for item in fields(solver_type)]  # type: ignore[arg-type]
    for key in settings:
        if key not in known:
            raise ValueError(f"{name} has no setting {key!r}; {nearest(key, known) if known else 'it has none'}")
    return solver_type(**settings)


def check_time_limit(time_limit: Any) -> None:
    """Raise ValueError unless the limit is None or a number of seconds >= 0 (infinity is no limit)."""
    number = isinstance(time_limit, Real) and not isinstance(time_limit, bool)
    if time_limit is not None and not (number and time_limit >= 0.0):
        raise ValueError(f"time_limit = {time_limit!r} is not a number of seconds >= 0")


def package_version() -> str:
    """Version of the package this module belongs to."""
    return str(sys.modules[__name__.partition(".")[0]].__version__)


@dataclass(frozen=True, eq=False, kw_only=True)
class Solution(ArrayRecord):
    """What a run found, with all that is needed to repeat it: ``solve(solution.game, solution.solver)``.

    rejected: candidates that failed their certificate, as plain data with the reason; message: what was found and what
    to try next; run_time: seconds, in no comparison and in no output unless asked for.
    """

    solver: Solver[Any, Any]
    game: Any
    status: Status
    scope: Scope
    message: str
    rejected: tuple[Rejected, ...] = ()
    version: str = field(default_factory=package_version)
    run_time: float | None = field(default=None, compare=False)

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        _SOLUTIONS[cls.__name__] = cls

    @classmethod
    def judge(cls, game: Any, solver: Solver[Any, Any], proposal: Proposal, tolerance: float) -> Self:
        """Certify every candidate of a proposal; each kind of solution says how."""
        raise NotImplementedError(f"{cls.__name__} does not say how candidates are judged")

    @property
    def success(self) -> bool:
        return self.status is Status.SOLVED

    def run_record(self) -> dict[str, Any]:
        """What was run on what: package version, solver with settings, SHA-256 of the game."""
        return {
            "package": "bargain-games",
            "version": self.version,
            "solver": type(self.solver).__name__,
            "settings": self.solver.settings(),
            "game_sha256": self.game.fingerprint,
        }

    def to_dict(self, *, run_time: bool = False) -> dict[str, Any]:
        """Plain data for JSON, the same bytes in every run unless the run time (seconds) is asked for."""
        data = {
            "type": type(self).__name__,
            "run": self.run_record(),
            "status": self.status.value,
            "scope": self.scope.value,
            "message": self.message,
            "game": self.game.to_dict(),
            "rejected": [rejected.to_dict() for rejected in self.rejected],
        }
        return {**data, "run_time": self.run_time} if run_time else data

    @staticmethod
    def from_dict(data: Mapping[str, Any]) -> Solution:
        """The solution that ``to_dict`` described, in its own class; ValueError when the data are of no known kind."""
        for key in ("type", "run", "status", "scope", "message", "game"):
            if key not in data:
                raise ValueError(f"solution: entry {key!r} is missing")
        if data["type"] not in _SOLUTIONS:
            raise ValueError(f"no solution type {data['type']!r}; {nearest(data['type'], sorted(_SOLUTIONS))}")
        run = data["run"]
        solver = solver_named(run["solver"], **run["settings"])
        game = _loaded_game(solver, data["game"])
        if game.fingerprint != run["game_sha256"]:
            raise ValueError(f"solution: the game does not match its recorded hash {run['game_sha256']}")
        return _SOLUTIONS[data["type"]](
            solver=solver,
            game=game,
            status=Status(data["status"]),
            scope=Scope(data["scope"]),
            message=data["message"],
            rejected=tuple(Rejected(**item) for item in data.get("rejected", ())),
            version=run["version"],
            run_time=data.get("run_time"),
            **_SOLUTIONS[data["type"]]._own_fields(data),
        )

    @classmethod
    def _own_fields(cls, data: Mapping[str, Any]) -> dict[str, Any]:
        """Constructor arguments of the subclass, from plain data."""
        return {}


@dataclass(frozen=True)
class Rejected:
    """A candidate that was refused: what was proposed (in text), why, and the largest relative regret if it has one."""

    candidate: str
    reason: str
    relative_regret: float | None = None

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def solve(
    game: GameT,
    solver: Solver[GameT, SolutionT],
    *,
    tolerance: float = DEFAULT_TOLERANCE,
    progress: Progress | None = None,
) -> SolutionT:
    """Run a solver and certify every candidate; nothing is returned unverified.

    A ``BayesianGame`` is solved in agent form: every type of every player is a player of its own, certified on its own.

    tolerance: regret that counts as none, as a share of each player's payoff range; progress: called with the share
    done, in [0, 1], and a word about the stage. A solver with a ``time_limit`` stops with what it has.
    Raises TypeError or ValueError when the solver does not take the game, ValueError for a ``time_limit`` that is no
    number of seconds; failing to find is a status, not an error.
    """
    if not isinstance(solver, Solver):
        raise TypeError(f"solver = {solver!r} is not a solver such as PureNash(); solver_named() takes a name")
    check_tolerance(tolerance)
    check_time_limit(getattr(solver, "time_limit", None))
    if isinstance(game, BayesianGame):
        game = game.agent_form()  # type: ignore[assignment]
    solver.check_suits(game)
    start = time.perf_counter()
    with watched(getattr(solver, "time_limit", None), progress) as watch:
        proposal = solver.propose(game)
        watch.report(1.0, "certificates")
    solution = solver.solution_type.judge(game, solver, proposal, tolerance)
    return replace(solution, run_time=time.perf_counter() - start)  # type: ignore[return-value]
