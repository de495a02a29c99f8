"""The result of every solver that returns strategy profiles: certified equilibria in canonical order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from bargain.games.certificate import Equilibrium, certified
from bargain.games.record import FloatArray
from bargain.games.responses import best_replies
from bargain.games.stage import StageGame
from bargain.solvers.base import Proposal, Rejected, Scope, Solution, Solver, Status
from bargain.solvers.canonical_order import canonical_order

if TYPE_CHECKING:
    import pandas as pd

SAME_PURE = 1e-6
"""A strategy this close to a pure one is taken for it when a claim of completeness is checked."""

ALL_NASH, ALL_PURE = "Nash equilibrium", "pure Nash equilibrium"
"""Concepts whose claims of completeness can be checked here."""


@dataclass(frozen=True, eq=False, kw_only=True)
class EquilibriumSolution(Solution):
    """Certified equilibria of a stage game.

    equilibria: in canonical order (module ``canonical_order``), the same on every platform: fewest actions in play
    first, then largest payoffs; neither payoff scales nor the order in which players and actions are listed matter, and
    names only among equilibria that a symmetry of the game maps to each other;
    components: groups of indices into ``equilibria``; a group of one is isolated, a larger one spans a continuum, of
    which every product of convex combinations is an equilibrium too (a maximal Nash subset);
    degenerate: whether some strategy has more best replies than actions in play; None when not examined.
    """

    equilibria: tuple[Equilibrium, ...] = ()
    components: tuple[tuple[int, ...], ...] = ()
    degenerate: bool | None = None

    @classmethod
    def judge(cls, game: StageGame, solver: Solver[Any, Any], proposal: Proposal, tolerance: float) -> Self:
        """Certify, merge equal ones, order.

        A claim of completeness survives neither a rejected candidate nor a contradiction that is found independently.
        """
        accepted: list[Equilibrium] = []
        origin: list[int] = []
        rejected: list[Rejected] = []
        for index, candidate in enumerate(proposal.candidates):
            verdict = _judged(game, candidate, tolerance)
            if isinstance(verdict, Rejected):
                rejected.append(verdict)
            else:
                accepted.append(verdict)
                origin.append(index)
        kept, place = canonical_order(game, [equilibrium.profile for equilibrium in accepted])
        places = dict(zip(origin, place, strict=True))
        status = run_status(proposal, len(kept), len(rejected))
        complete = not rejected and not proposal.stopped
        equilibria = tuple(accepted[i] for i in kept)
        components = _renumbered(proposal.components, places) if complete else ()
        scope, doubt = proposal.scope if complete else Scope.SOME, ""
        if scope is not Scope.SOME:
            doubt = contradiction(game, solver.concept, equilibria, components)
            if not doubt and proposal.degenerate is False and len(kept) == len(accepted):
                doubt = _even_number(game, solver.concept, len(kept))
        if doubt:
            scope, components = Scope.SOME, ()
        return cls(
            solver=solver,
            game=game,
            status=status,
            scope=scope,
            message=". ".join(filter(None, [doubt, run_message(solver, proposal, status, len(rejected))])),
            rejected=tuple(rejected),
            equilibria=equilibria,
            components=components,
            degenerate=proposal.degenerate,
        )

    def to_dict(self, *, run_time: bool = False) -> dict[str, Any]:
        return {
            **super().to_dict(run_time=run_time),
            "equilibria": [equilibrium.to_dict() for equilibrium in self.equilibria],
            "components": [list(component) for component in self.components],
            "degenerate": self.degenerate,
        }

    @classmethod
    def _own_fields(cls, data: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "equilibria": tuple(Equilibrium.from_dict(item) for item in data["equilibria"]),
            "components": tuple(tuple(component) for component in data["components"]),
            "degenerate": data["degenerate"],
        }

    def to_frame(self) -> pd.DataFrame:
        """Tidy table: equilibrium, player, action, probability, payoff of the player, regret (payoff units)."""
        import pandas as pd

        columns = ["equilibrium", "player", "action", "probability", "payoff", "regret"]
        rows = [
            (number, player, action, float(probability), float(eq.payoffs[k]), float(eq.certificate.regret[k]))
            for number, eq in enumerate(self.equilibria)
            for k, player in enumerate(self.game.players)
            for action, probability in zip(self.game.actions[k], eq.profile[k], strict=True)
        ]
        return pd.DataFrame(rows, columns=columns)


def contradiction(
    game: StageGame, concept: str, equilibria: Sequence[Equilibrium], components: Sequence[Sequence[int]]
) -> str:
    """Why these cannot be all equilibria, in words; empty when nothing speaks against it.

    The pure equilibria are found by ``best_replies``, which no solver uses. Among solvers of mixed equilibria exact
    arithmetic may refuse a near tie, so that for them only the pure equilibria without any gain count.
    """
    if concept not in (ALL_NASH, ALL_PURE):
        return ""
    if concept == ALL_NASH and not equilibria:
        return "claimed complete, but every finite game has an equilibrium and none was found"
    stable = best_replies(game).all(axis=0)
    if concept == ALL_NASH:
        for k, table in enumerate(game.payoffs):
            stable &= table == table.max(axis=k, keepdims=True)
    missing = set(map(tuple, np.argwhere(stable).tolist()))
    if missing:
        missing -= _pure_within(equilibria, [*components, *((i,) for i in range(len(equilibria)))], missing)
    if not missing:
        return ""
    first = ", ".join(labels[i] for labels, i in zip(game.actions, min(missing), strict=True))
    which = "1 pure equilibrium is missing" if len(missing) == 1 else f"{len(missing)} pure equilibria are missing"
    return f"claimed complete, but {which}, the first is ({first})"


def _pure_within(
    equilibria: Sequence[Equilibrium], groups: Sequence[Sequence[int]], profiles: set[tuple[int, ...]]
) -> set[tuple[int, ...]]:
    """Which of the pure profiles lie in a group: a corner is in a hull only when it is one of the points."""
    played = [[_pure_action(strategy) for strategy in equilibrium.profile] for equilibrium in equilibria]
    found: set[tuple[int, ...]] = set()
    for group in groups:
        own = [{played[i][k] for i in group} - {None} for k in range(len(played[group[0]]))]
        if len(group) == 1:
            found |= {tuple(played[group[0]])} & profiles  # type: ignore[arg-type]
        elif all(own):
            found |= {profile for profile in profiles if all(i in ks for i, ks in zip(profile, own, strict=True))}
    return found


def _pure_action(strategy: FloatArray) -> int | None:
    action = int(strategy.argmax())
    return action if strategy[action] > 1.0 - SAME_PURE else None


def _even_number(game: StageGame, concept: str, n_found: int) -> str:
    """Doubt about an even number: a nondegenerate two-player game has an odd one (Lemke and Howson 1964)."""
    if concept != ALL_NASH or game.n_players != 2 or n_found % 2:
        return ""
    return f"claimed complete, but a nondegenerate game has an odd number of equilibria and {n_found} were found"


def _judged(game: StageGame, candidate: Any, tolerance: float) -> Equilibrium | Rejected:
    try:
        equilibrium = certified(game, candidate, tolerance)
    except (ValueError, TypeError) as error:
        return Rejected(candidate_text(candidate), f"not a profile of this game: {error}")
    if equilibrium.certificate.holds:
        return equilibrium
    worst = float(equilibrium.certificate.relative_regret.max())
    return Rejected(candidate_text(candidate), f"regret {worst:.3g} of the payoff range exceeds {tolerance:g}", worst)


def candidate_text(candidate: Any) -> str:
    """A candidate in words, for the record of what was refused."""
    if isinstance(candidate, (tuple, list)):
        return "(" + ", ".join(map(candidate_text, candidate)) + ")"
    if isinstance(candidate, np.ndarray):
        return str(candidate.tolist())
    return str(candidate) if isinstance(candidate, (str, int, float)) else type(candidate).__name__


def run_status(proposal: Proposal, n_kept: int, n_rejected: int) -> Status:
    """How the run ended, from what was kept and refused."""
    if proposal.stopped:
        return Status.STOPPED_EARLY
    if n_kept:
        return Status.SOLVED
    return Status.REJECTED_ALL if n_rejected else Status.NO_EQUILIBRIUM_FOUND


def run_message(solver: Solver[Any, Any], proposal: Proposal, status: Status, n_rejected: int) -> str:
    """Why the run stopped, what was found, what failed, what to try next."""
    parts = [proposal.stopped, proposal.message]
    if proposal.counted_as:
        n = len(proposal.candidates)
        parts.append(f"{n - n_rejected} of {n} {proposal.counted_as} certified")
    if n_rejected:
        parts.append(
            f"{n_rejected} of {len(proposal.candidates)} candidates of {type(solver).__name__} failed the certificate, "
            "see rejected; try another solver"
        )
    elif status is Status.NO_EQUILIBRIUM_FOUND and not proposal.message:
        parts.append("nothing found; try another solver")
    return ". ".join(part for part in parts if part)


def _renumbered(components: Sequence[Sequence[int]], places: Mapping[int, int]) -> tuple[tuple[int, ...], ...]:
    return tuple(sorted({tuple(sorted({places[i] for i in component})) for component in components}))
