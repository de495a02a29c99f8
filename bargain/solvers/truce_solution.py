"""The result of ``Truce``: certified truces, how long they live, and who ends them by what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from bargain.games.certificate import Certificate
from bargain.games.markov import MarkovGame
from bargain.games.record import FloatArray
from bargain.games.stationary import certify_stationary
from bargain.games.truce_paths import survival, truce_endings
from bargain.games.truce_play import TruceCertifier, TrucePlay
from bargain.solvers.base import Proposal, Rejected, Scope, Solution, Solver, Status
from bargain.solvers.truce_limits import TruceLimits, interval_text
from bargain.solvers.truce_ranking import undominated
from bargain.solvers.truce_terms import markov_game, standoff_profile
from bargain.solvers.truce_verdict import FoundTruces, certified_limits, judged, move_text

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False, kw_only=True)
class TruceSolution(Solution):
    """Certified truces, best first.

    truces: in the order of the criterion, those not active in the start state last; undominated: whether no other truce
    listed is better for one player and as good for all in the start state; standoff: certificate of the standoff as an
    equilibrium of its own; limits: of the first truce; n_tried: agreements tried; n_active: those that enforce
    themselves in some state, listed or not. The properties without a number describe the first truce.
    """

    truces: tuple[TrucePlay, ...] = ()
    undominated: tuple[bool, ...] = ()
    standoff: Certificate | None = None
    limits: TruceLimits | None = None
    n_tried: int = 0
    n_active: int = 0

    @classmethod
    def judge(cls, game: Any, solver: Solver[Any, Any], proposal: Proposal, tolerance: float) -> Self:
        """Recompute values, deviations, lives and claims of every truce."""
        markov = markov_game(game)
        standoff = standoff_profile(markov, solver.standoff)  # type: ignore[attr-defined]
        start = markov.state_index(solver.start)  # type: ignore[attr-defined]
        kept: list[TrucePlay] = []
        rejected: list[Rejected] = []
        found = proposal.candidates[0] if proposal.candidates else FoundTruces((), None, (), 0, 0)
        certifier = TruceCertifier(markov, standoff, tolerance)
        for play in found.plays:
            verdict = judged(certifier, play)
            (rejected if isinstance(verdict, Rejected) else kept).append(verdict)  # type: ignore[arg-type]
        scale = np.where(markov.payoff_range > 0.0, markov.payoff_range, 1.0)
        flags = np.zeros(len(kept), dtype=bool)
        starting = [i for i, play in enumerate(kept) if play.active[start]]
        if starting:
            flags[starting] = undominated(np.array([kept[i].values[start] for i in starting]), scale)
        certificate = certify_stationary(markov, standoff, tolerance).certificate
        complete = proposal.scope is Scope.ALL and not rejected and all(play.largest for play in kept)
        first_kept = bool(kept) and bool(found.plays) and np.array_equal(kept[0].moves, found.plays[0].moves)
        limits = certified_limits(markov, standoff, found, start, tolerance) if first_kept else None
        return cls(
            solver=solver,
            game=game,
            status=truce_status(proposal, kept, rejected),
            scope=Scope.ALL if complete else Scope.SOME,
            message=truce_message(markov, found, limits, proposal, kept, rejected, certificate, start),
            rejected=tuple(rejected),
            truces=tuple(kept),
            undominated=tuple(bool(flag) for flag in flags),
            standoff=certificate,
            limits=limits,
            n_tried=found.n_tried,
            n_active=found.n_active,
        )

    @property
    def start(self) -> int:
        """Number of the state in which the truces are to start."""
        return markov_game(self.game).state_index(self.solver.start)  # type: ignore[attr-defined]

    @property
    def best(self) -> TrucePlay:
        """The first truce; ValueError when there is none."""
        if not self.truces:
            raise ValueError(f"there is no truce: {self.message}")
        return self.truces[0]

    @property
    def exists(self) -> bool:
        """Whether the first truce enforces itself in the start state."""
        return bool(self.truces) and bool(self.truces[0].active[self.start])

    @property
    def active_states(self) -> tuple[str, ...]:
        """Labels of the states in which the first truce enforces itself."""
        return tuple(str(self._states[s]) for s in np.flatnonzero(self.best.active))

    @property
    def values(self) -> FloatArray:
        """Values of the first truce, ``(n_states, n_players)``."""
        return self.best.values

    @property
    def slack(self) -> FloatArray:
        """What each player would lose by ending the first truce, ``(n_states, n_players)``."""
        return self.best.slack

    @property
    def gains(self) -> FloatArray:
        """What each player gains from the first truce over the standoff, ``(n_states, n_players)``."""
        return self.best.gains

    @property
    def expected_life(self) -> FloatArray:
        """Rounds until the first truce ends, ``(n_states,)``, infinite where it may last for ever."""
        return self.best.expected_life

    @property
    def critical_discount_factor(self) -> float | None:
        """Smallest discount factor found at which the first truce holds in the start state."""
        return None if self.limits is None else self.limits.critical_discount_factor

    @property
    def critical_lag(self) -> int | None:
        """Longest reply lag up to which the first truce holds in the start state, as far as was looked."""
        return None if self.limits is None else self.limits.critical_lag

    @property
    def _states(self) -> tuple[str, ...]:
        return markov_game(self.game).states

    def survival(self, n_rounds: int = 40, truce: int = 0) -> FloatArray:
        """Chances that a truce has lasted ``0, ..., n_rounds`` rounds and goes on, ``(n_rounds + 1, n_states)``."""
        return survival(markov_game(self.game), self.truces[truce], n_rounds)

    def to_dict(self, *, run_time: bool = False) -> dict[str, Any]:
        return {
            **super().to_dict(run_time=run_time),
            "truces": [play.to_dict() for play in self.truces],
            "undominated": list(self.undominated),
            "standoff": None if self.standoff is None else self.standoff.to_dict(),
            "limits": None if self.limits is None else self.limits.to_dict(),
            "n_tried": self.n_tried,
            "n_active": self.n_active,
        }

    @classmethod
    def _own_fields(cls, data: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "truces": tuple(TrucePlay.from_dict(item) for item in data["truces"]),
            "undominated": tuple(data["undominated"]),
            "standoff": None if data["standoff"] is None else Certificate.from_dict(data["standoff"]),
            "limits": None if data["limits"] is None else TruceLimits.from_dict(data["limits"]),
            "n_tried": data["n_tried"],
            "n_active": data["n_active"],
        }

    def to_frame(self) -> pd.DataFrame:
        """Tidy table in the start state: one row for each truce and player."""
        import pandas as pd

        s, players, actions = self.start, self.game.players, self.game.actions
        rows = [
            {
                "truce": number,
                "player": player,
                "action": actions[k][play.moves[s, k]],
                "active": bool(play.active[s]),
                "value": float(play.values[s, k]),
                "gain": float(play.gains[s, k]),
                "slack": float(play.slack[s, k]),
                "expected_life": float(play.expected_life[s]),
                "active_states": int(play.active.sum()),
                "undominated": flag,
            }
            for number, (play, flag) in enumerate(zip(self.truces, self.undominated, strict=True))
            for k, player in enumerate(players)
        ]
        columns = ["truce", "player", "action", "active", "value", "gain", "slack"]
        return pd.DataFrame(rows, columns=[*columns, "expected_life", "active_states", "undominated"])

    def endings(self, truce: int = 0) -> pd.DataFrame:
        """Where a truce that starts in the start state ends: state, chance, player, action and gain that end it there.

        A state where the agreed move is not available ends it with no player. Chances sum to one less the chance that
        it never ends; where nobody would break it but the truce does not hold, the state fell out with the others.
        """
        import pandas as pd

        play = self.truces[truce]
        chances = truce_endings(markov_game(self.game), play, self.start)
        rows = [
            (self._states[s], float(chances[s]), *breaker(self.game, play, int(s))) for s in np.flatnonzero(chances)
        ]
        frame = pd.DataFrame(rows, columns=["state", "chance", "player", "action", "gain", "step"])
        return frame.sort_values("chance", ascending=False, kind="stable", ignore_index=True)

    def breaks(self, truce: int = 0) -> pd.DataFrame:
        """For every state that is not active: who ends the truce, by which action, the gain, the step of the search."""
        import pandas as pd

        play = self.truces[truce]
        rows = [(self._states[s], *breaker(self.game, play, int(s))) for s in np.flatnonzero(~play.active)]
        return pd.DataFrame(rows, columns=["state", "player", "action", "gain", "step"])


def breaker(game: MarkovGame, play: TrucePlay, state: int) -> tuple[str | None, str | None, float | None, int]:
    """Who ends the truce in a state that is not active, by which action, the gain from it, and the step of the search.

    The player with the largest gain in shares of the payoff range; an action that is the agreed one gives notice.
    """
    step = int(play.dropped[state])
    if step < 0:
        return None, None, None, step
    scale = np.where(game.payoff_range > 0.0, game.payoff_range, 1.0)
    k = int(np.argmax(-play.slack[state] / scale))
    reply = int(play.replies[state, k])
    action = "notice" if reply == play.moves[state, k] else game.actions[k][reply]
    return game.players[k], action, float(-play.slack[state, k]), step


def truce_status(proposal: Proposal, kept: Sequence[TrucePlay], rejected: Sequence[Rejected]) -> Status:
    """Solved when some truce is active in some state."""
    if proposal.stopped:
        return Status.STOPPED_EARLY
    if any(play.active.any() for play in kept):
        return Status.SOLVED
    return Status.REJECTED_ALL if rejected else Status.NO_EQUILIBRIUM_FOUND


def truce_message(
    game: MarkovGame,
    found: FoundTruces,
    limits: TruceLimits | None,
    proposal: Proposal,
    kept: Sequence[TrucePlay],
    rejected: Sequence[Rejected],
    standoff: Certificate,
    start: int,
) -> str:
    """What was found, what ends it, what is not proven."""
    parts = [proposal.stopped, proposal.message, _first_text(game, kept, start)]
    if found.limits is not None and limits is None and kept:
        parts.append("the limits that were proposed failed their certificate")
    if limits is not None:
        how = "exactly" if limits.exact else f"on a scan of {limits.n_points}"
        parts.append(f"it holds at discount factors {interval_text(limits.discount_factors)} ({how})")
    if not standoff.holds:
        parts.append(
            f"the standoff is no equilibrium: somebody gains up to {standoff.relative_regret.max():.3g} of the payoff "
            "range by leaving it, which the truce does not count"
        )
    if (loose := sum(not play.largest for play in kept)) > 0:
        parts.append(f"the active states of {loose} truces enforce themselves but are not proven the largest such set")
    if rejected:
        parts.append(f"{len(rejected)} truces failed their certificate, see rejected")
    return ". ".join(part for part in parts if part)


def _first_text(game: MarkovGame, kept: Sequence[TrucePlay], start: int) -> str:
    if not kept:
        return "no agreement enforces itself in any state: try a longer patience, a worse standoff, or side payments"
    play, where = kept[0], game.states[start]
    text = f"best: {move_text(game, play)[:200]}"
    if play.active[start]:
        life = play.expected_life[start]
        lasting = "may last for ever" if np.isinf(life) else f"lasts {life:.4g} rounds in expectation"
        return f"{text}, active in {int(play.active.sum())} of {game.n_states} states; from {where} it {lasting}"
    player, action, gain, _ = breaker(game, play, start)
    if player is None:
        return f"{text}, which cannot be made in {where}"
    return f"{text}, not active in {where}: {player} gains {gain:.4g} by {action}"
