"""The result of Markov-perfect solvers: certified equilibria in canonical order, the best, the worst and the path.

A stationary profile is a Markov perfect equilibrium when nobody gains in any state by any deviation (Maskin and Tirole
2001). Games with states mostly have several, so what is asked of them is a range: the best and the worst found by a
criterion, and the one that play from the status quo leads to.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import numpy.typing as npt

from bargain.games.markov import MarkovGame
from bargain.games.profile import nearest
from bargain.games.record import FloatArray, finite_array
from bargain.games.stationary import MarkovEquilibrium, StationaryProfile, certify_stationary
from bargain.solvers.base import Proposal, Rejected, Scope, Solution, Solver, Status
from bargain.solvers.equilibria import run_message, run_status

if TYPE_CHECKING:
    import pandas as pd

JOINT = "joint"
"""Criterion: the sum of all players' values, in payoff units."""

SAME = 1e-6
"""Equilibria whose probabilities all differ by less are one."""

SAME_VALUE = 1e-9
"""Values this close, in payoff ranges, do not decide about order or rank."""


@dataclass(frozen=True, kw_only=True)
class MarkovProposal(Proposal):
    """Stationary strategies, one tuple of ``(n_states, n_actions[i])`` per candidate.

    n_listed: how many candidates, from the first, make up a list of the pure equilibria; pure_scope: whether that list
    claims to be complete; path: index of the candidate that the status quo leads to, -1 for none; path_by: how.
    """

    n_listed: int = 0
    pure_scope: Scope = Scope.SOME
    path: int = -1
    path_by: str = ""


@dataclass(frozen=True, eq=False, kw_only=True)
class MarkovSolution(Solution):
    """Certified Markov perfect equilibria.

    equilibria: in canonical order: fewest actions in play first, then largest values (sum over players and states, in
    payoff ranges), then by the numbers of the actions played; pure_scope: whether all pure equilibria are among them
    (``scope`` is about mixed ones, too, unless the solver looks for pure ones only); criterion and weights
    ``(n_states,)``, the chances of the states in which play starts: what ``best`` and ``worst`` rank by; path_index:
    the equilibrium that play from the status quo leads to, None when it leads to none; path_by: how it was reached.
    """

    equilibria: tuple[MarkovEquilibrium, ...] = ()
    pure_scope: Scope = Scope.SOME
    criterion: str = JOINT
    weights: FloatArray
    path_index: int | None = None
    path_by: str = ""

    @classmethod
    def judge(cls, game: MarkovGame, solver: Solver[Any, Any], proposal: Proposal, tolerance: float) -> Self:
        """Certify in every state, merge equal ones, order; a claim of completeness must survive what else was found."""
        found: list[MarkovEquilibrium] = []
        origin: list[int] = []
        rejected: list[Rejected] = []
        for index, candidate in enumerate(proposal.candidates):
            verdict = _judged(game, candidate, tolerance)
            if isinstance(verdict, Rejected):
                rejected.append(verdict)
            else:
                found.append(verdict)
                origin.append(index)
        kept, place = _order(game, found)
        places = dict(zip(origin, place, strict=True))
        status: Status = run_status(proposal, len(kept), len(rejected))
        n_listed = getattr(proposal, "n_listed", 0)
        scope: Scope = getattr(proposal, "pure_scope", Scope.SOME)
        listed = {places[i] for i in range(n_listed) if i in places}
        n_refused = sum(i not in places for i in range(n_listed))
        doubt = "" if scope is Scope.SOME else _doubt([found[i] for i in kept], listed, n_refused)
        scope = Scope.SOME if doubt else scope
        equilibria = tuple(found[i] for i in kept)
        return cls(
            solver=solver,
            game=game,
            status=status,
            scope=proposal.scope if scope is Scope.ALL else Scope.SOME,
            message=". ".join(filter(None, [doubt, run_message(solver, proposal, status, len(rejected))])),
            rejected=tuple(rejected),
            equilibria=equilibria,
            pure_scope=scope,
            criterion=str(getattr(solver, "criterion", JOINT)),
            weights=start_weights(game, getattr(solver, "start", None)),
            path_index=places.get(getattr(proposal, "path", -1)),
            path_by=getattr(proposal, "path_by", ""),
        )

    @property
    def best(self) -> MarkovEquilibrium | None:
        """The equilibrium with the largest value by the criterion among those found, the first one of several."""
        return self.best_by(self.criterion)

    @property
    def worst(self) -> MarkovEquilibrium | None:
        """The equilibrium with the smallest value by the criterion among those found, the first one of several."""
        return self.worst_by(self.criterion)

    @property
    def path(self) -> MarkovEquilibrium | None:
        """The equilibrium that play from the status quo leads to."""
        return None if self.path_index is None else self.equilibria[self.path_index]

    def best_by(self, criterion: str) -> MarkovEquilibrium | None:
        """The best found for "joint" or for one player, by label."""
        return self._extreme(criterion, 1.0)

    def worst_by(self, criterion: str) -> MarkovEquilibrium | None:
        """The worst found for "joint" or for one player, by label."""
        return self._extreme(criterion, -1.0)

    def scores(self, criterion: str = JOINT) -> FloatArray:
        """Value of every equilibrium by a criterion at the start, ``(n_equilibria,)``, in payoff units."""
        unit = criterion_weights(self.game, criterion)
        return np.array([float(self.weights @ equilibrium.values @ unit) for equilibrium in self.equilibria])

    def _extreme(self, criterion: str, sign: float) -> MarkovEquilibrium | None:
        if not self.equilibria:
            return None
        scores = sign * self.scores(criterion)
        tie = SAME_VALUE * float(np.abs(criterion_weights(self.game, criterion)) @ self.game.payoff_range)
        return self.equilibria[int(np.argmax(scores >= scores.max() - tie))]

    def to_dict(self, *, run_time: bool = False) -> dict[str, Any]:
        return {
            **super().to_dict(run_time=run_time),
            "equilibria": [equilibrium.to_dict() for equilibrium in self.equilibria],
            "pure_scope": self.pure_scope.value,
            "criterion": self.criterion,
            "weights": self.weights.tolist(),
            "path_index": self.path_index,
            "path_by": self.path_by,
        }

    @classmethod
    def _own_fields(cls, data: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "equilibria": tuple(MarkovEquilibrium.from_dict(item) for item in data["equilibria"]),
            "pure_scope": Scope(data["pure_scope"]),
            "criterion": data["criterion"],
            "weights": finite_array(data["weights"], "weights"),
            "path_index": data["path_index"],
            "path_by": data["path_by"],
        }

    def to_frame(self) -> pd.DataFrame:
        """Tidy table of the actions in play: equilibrium, state, player, action, probability, value, regret."""
        import pandas as pd

        columns = ["equilibrium", "state", "player", "action", "probability", "value", "regret"]
        rows = [
            (number, state, player, self.game.actions[k][a], float(own[s, a]), float(values[s]), float(regret[s]))
            for number, found in enumerate(self.equilibria)
            for s, state in enumerate(self.game.states)
            for k, player in enumerate(self.game.players)
            for own, values, regret in [
                (found.profile.strategies[k], found.values[:, k], found.certificate.regret[:, k])
            ]
            for a in np.flatnonzero(own[s])
        ]
        return pd.DataFrame(rows, columns=columns)


def criterion_weights(game: MarkovGame, criterion: str) -> FloatArray:
    """Weight of each player's value ``(n_players,)``; ValueError when the criterion is neither "joint" nor a player."""
    if criterion == JOINT:
        return np.ones(game.n_players)
    if criterion not in game.players:
        raise ValueError(f"criterion = {criterion!r} is no player; {nearest(criterion, [JOINT, *game.players])}")
    return np.asarray(np.eye(game.n_players)[game.players.index(criterion)])


def start_weights(game: MarkovGame, start: Any) -> FloatArray:
    """Chances of the states at the start ``(n_states,)``: one state (label or number) or weights; None: all alike."""
    if start is None:
        return np.full(game.n_states, 1.0 / game.n_states)
    if isinstance(start, (str, int, np.integer)):
        return np.asarray(np.eye(game.n_states)[game.state_index(start)])
    weights = finite_array(start, "start")
    if weights.shape != (game.n_states,) or weights.min() < 0.0 or weights.sum() <= 0.0:
        raise ValueError(f"start = {start!r} is neither a state nor a weight >= 0 for each of {game.n_states} states")
    return np.asarray(weights / weights.sum())


def _judged(game: MarkovGame, candidate: Any, tolerance: float) -> MarkovEquilibrium | Rejected:
    try:
        found = certify_stationary(game, StationaryProfile(candidate), tolerance)
    except (ValueError, TypeError) as error:
        return Rejected(type(candidate).__name__, f"not a stationary profile of this game: {error}")
    if found.certificate.holds:
        return found
    worst = found.certificate.relative_regret
    s, k = (int(i) for i in np.unravel_index(worst.argmax(), worst.shape))
    moves = found.profile.actions
    text = "mixed stationary profile" if moves is None else f"pure stationary profile {moves.tolist()}"
    reason = (
        f"{game.players[k]} may gain {worst.max():.3g} of the payoff range from {game.states[s]} on, more than "
        f"{tolerance:g}"
    )
    return Rejected(text, reason, float(worst.max()))


def _order(game: MarkovGame, found: Sequence[MarkovEquilibrium]) -> tuple[list[int], list[int]]:
    """Indices of different equilibria in canonical order, and for every equilibrium its place in that order."""
    if not found:
        return [], []
    rows = np.stack([np.concatenate([own.reshape(-1) for own in each.profile.strategies]) for each in found])
    counts = (rows > SAME).sum(axis=1)
    ranges = np.where(game.payoff_range > 0.0, game.payoff_range, 1.0)
    worth = np.array([float((each.values / ranges).sum()) for each in found]) / (game.n_states * game.n_players)
    order = np.lexsort((-worth, counts))
    # Values equal up to rounding form one group, ordered by what is played.
    new = (np.diff(counts[order]) != 0) | (np.abs(np.diff(worth[order])) > SAME_VALUE)
    group = np.concatenate([[0], np.cumsum(new)])
    keys = np.round(-rows[order].T[::-1], 6)
    order = order[np.lexsort(np.vstack([keys, group]))]
    kept: list[int] = []
    place = [0] * len(found)
    for i in order:
        twin = next((n for n in range(len(kept) - 1, -1, -1) if _equal(rows, counts, worth, kept[n], i)), None)
        if twin is None:
            twin = len(kept)
            kept.append(int(i))
        place[i] = twin
    return kept, place


def _equal(rows: FloatArray, counts: npt.NDArray[Any], worth: FloatArray, left: int, right: int) -> bool:
    if counts[left] != counts[right] or abs(worth[left] - worth[right]) > 1e-4:
        return False
    return bool(np.abs(rows[left] - rows[right]).max() <= SAME)


def _doubt(equilibria: Sequence[MarkovEquilibrium], listed: set[int], n_refused: int) -> str:
    """Why the list of pure equilibria cannot be complete, empty when nothing speaks against it."""
    if n_refused:
        return f"claimed to list all pure equilibria, but {n_refused} of them failed the certificate"
    missing = [i for i, each in enumerate(equilibria) if each.profile.actions is not None and i not in listed]
    if not missing:
        return ""
    return f"claimed to list all pure equilibria, but {len(missing)} more were found another way"
