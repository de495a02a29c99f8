"""The result of learning: a record of play, and how far it is from equilibrium.

Play is evidence of what players who learn might do. It is no equilibrium, and is never called one: the certificates say
by how much the last state misses a Nash equilibrium and by how much the whole record misses a (coarse) correlated one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from bargain.games.certificate import Certificate, regret
from bargain.games.obedience import checked_distribution, coarse_regret, swap_regret
from bargain.games.profile import MixedProfile
from bargain.games.record import FloatArray, finite_array
from bargain.games.stage import StageGame
from bargain.solvers.base import Proposal, Rejected, Scope, Solution, Solver, Status
from bargain.solvers.equilibria import candidate_text, run_message

if TYPE_CHECKING:
    import pandas as pd

SAME_MARGINALS = 1e-9
"""How far the last state may be from the marginals of the record of which it is the average."""


@dataclass(frozen=True, eq=False)
class PlayRecord:
    """What a process proposes.

    times: ``(n_kept,)`` rounds or time; states: for each player ``(n_kept, n_actions[k])``, mixed strategies or, where
    ``averages``, frequencies of play so far; distribution: ``(*n_actions,)``, share of the time in each profile.
    """

    times: FloatArray
    states: tuple[FloatArray, ...]
    distribution: FloatArray
    averages: bool


@dataclass(frozen=True, eq=False, kw_only=True)
class LearningSolution(Solution):
    """A record of play with its distance to equilibrium; evidence of play, not an equilibrium.

    times: ``(n_kept,)``; states: for each player ``(n_kept, n_actions[k])``, thinned; distribution: ``(*n_actions,)``,
    empirical or time-averaged joint play. nash: regret of the last state; coarse and swap: regret of the distribution
    against single actions and against rules of disobedience. distance: as a share of the payoff range, to what the
    process is known to approach (``solver.approaches``); for logit play the largest gap between a probability and its
    logit response. status is ``solved`` when the distance is at most the solver's ``accuracy``.
    """

    times: FloatArray = ()  # type: ignore[assignment]
    states: tuple[FloatArray, ...] = ()
    distribution: FloatArray = ()  # type: ignore[assignment]
    nash: Certificate | None = None
    coarse: Certificate | None = None
    swap: Certificate | None = None
    distance: float | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "times", finite_array(self.times, "times"))
        object.__setattr__(self, "states", tuple(finite_array(table, "states") for table in self.states))
        object.__setattr__(self, "distribution", finite_array(self.distribution, "distribution"))

    @property
    def profile(self) -> MixedProfile:
        """The last state, one probability vector per player."""
        return tuple(table[-1] for table in self.states)

    @classmethod
    def judge(cls, game: StageGame, solver: Solver[Any, Any], proposal: Proposal, tolerance: float) -> Self:
        """Recompute every distance from the record; refuse a record that is none or contradicts itself."""
        rejected: list[Rejected] = []
        fields: dict[str, Any] = {}
        for record in proposal.candidates[:1]:
            try:
                fields = _measured(game, solver, record, tolerance)
            except (AttributeError, ValueError, TypeError, IndexError) as error:
                rejected.append(Rejected(candidate_text(record), f"not a record of play of this game: {error}"))
        near = bool(fields) and fields["distance"] <= solver.accuracy  # type: ignore[attr-defined]
        status = Status.SOLVED if near else Status.REJECTED_ALL if rejected else Status.NO_EQUILIBRIUM_FOUND
        if proposal.stopped:
            status = Status.STOPPED_EARLY
        words = f"distance {fields['distance']:.3g} to the {_TARGETS[solver.approaches]}" if fields else ""  # type: ignore[attr-defined]
        message = run_message(solver, proposal, status, len(rejected))
        return cls(
            solver=solver,
            game=game,
            status=status,
            scope=Scope.SOME,
            message=". ".join(part for part in (message, words, "evidence of play, not an equilibrium") if part),
            rejected=tuple(rejected),
            **fields,
        )

    def to_dict(self, *, run_time: bool = False) -> dict[str, Any]:
        data = super().to_dict(run_time=run_time)
        for name in ("nash", "coarse", "swap"):
            certificate = getattr(self, name)
            data[name] = None if certificate is None else certificate.to_dict()
        return {
            **data,
            "times": self.times.tolist(),
            "states": [table.tolist() for table in self.states],
            "distribution": self.distribution.tolist(),
            "distance": self.distance,
        }

    @classmethod
    def _own_fields(cls, data: Mapping[str, Any]) -> dict[str, Any]:
        certificates = {
            name: None if data[name] is None else Certificate.from_dict(data[name])
            for name in ("nash", "coarse", "swap")
        }
        return {
            **certificates,
            "times": data["times"],
            "states": tuple(data["states"]),
            "distribution": data["distribution"],
            "distance": data["distance"],
        }

    def to_frame(self) -> pd.DataFrame:
        """Tidy table of the trajectory: time, player, action, probability."""
        import pandas as pd

        rows = [
            (float(time), player, action, float(table[t, i]))
            for player, labels, table in zip(self.game.players, self.game.actions, self.states, strict=False)
            for t, time in enumerate(self.times)
            for i, action in enumerate(labels)
        ]
        return pd.DataFrame(rows, columns=["time", "player", "action", "probability"])


_TARGETS = {
    "nash": "Nash equilibria",
    "coarse": "coarse correlated set",
    "correlated": "correlated set",
    "logit": "logit equilibria",
}


def _measured(game: StageGame, solver: Any, record: PlayRecord, tolerance: float) -> dict[str, Any]:
    """The record with its certificates; ValueError when it is no record of play."""
    times = finite_array(record.times, "times")
    states = tuple(finite_array(table, "states") for table in record.states)
    distribution = checked_distribution(game, record.distribution)
    if len(times) == 0 or np.any(np.diff(times) <= 0.0) or any(len(table) != len(times) for table in states):
        raise ValueError("times do not rise, or there is not one state for each")
    for table in zip(*states, strict=True):
        game.profile(table)
    last = game.profile([table[-1] for table in states])
    if record.averages:
        for k, own in enumerate(last):
            marginal = distribution.sum(axis=tuple(i for i in range(game.n_players) if i != k))
            if np.abs(own - marginal).max() > SAME_MARGINALS:
                raise ValueError(f"the last state of {game.players[k]} is not the average of the play recorded")
    certificates = {
        "nash": Certificate(regret(game, last), game.payoff_range, tolerance),
        "coarse": Certificate(coarse_regret(game, distribution), game.payoff_range, tolerance),
        "swap": Certificate(swap_regret(game, distribution), game.payoff_range, tolerance),
    }
    if solver.approaches == "logit":
        distance = _logit_gap(game, last, solver.relative_precision)
    else:
        yardstick = {"nash": "nash", "coarse": "coarse", "correlated": "swap"}[solver.approaches]
        distance = float(certificates[yardstick].relative_regret.max())
    return {**certificates, "times": times, "states": states, "distribution": distribution, "distance": distance}


def _logit_gap(game: StageGame, profile: MixedProfile, relative_precision: float) -> float:
    """Largest difference between a probability and the logit response to the profile."""
    gap = 0.0
    for own, payoffs, scale in zip(profile, game.deviation_payoffs(profile), game.payoff_range, strict=True):
        weights = np.exp(relative_precision * (payoffs - payoffs.max()) / (float(scale) or 1.0))
        gap = max(gap, float(np.abs(weights / weights.sum() - own).max()))
    return gap
