"""Search for pure Markov perfect equilibria from many starts, for games too large to try everything.

Three dynamics over pure stationary profiles, from the quickest to the most patient:

1. Best replies in turn: one player after the other plays a best reply in all states at once, found by Howard's (1960)
   policy iteration against what the others do. A profile that nobody changes is an equilibrium.
2. Stage equilibria: in all states at once an equilibrium of the auxiliary game at the values of the present profile,
   the present move where it is one (Pollatschek and Avi-Itzhak 1969, for zero-sum games).
3. The same in one state at a time, in random order: the least regretted move where no pure equilibrium exists.

None of them needs to end: profiles that come again are cycles, and are reported as such. Where the state graph has
several components, each is played out given the values of those behind it, the last ones first. Backward induction over
many rounds, with the best or the worst stage equilibrium in every state, gives starts with high and with low values.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from bargain.games.markov import IntArray
from bargain.games.record import FloatArray
from bargain.solvers.markov_rounds import Rounds, components
from bargain.solvers.watch import Watch

RESTARTS = 4
"""Random starts of a component of the state graph, after the given one."""

DYNAMICS = (
    "best replies in turn",
    "stage equilibria, as best replies in turn did not rest",
    "stage equilibria in one state at a time, as best replies in turn did not rest",
)
"""Names of the three dynamics."""

SWEEPS = 40
"""Sweeps after which a dynamic that neither rests nor repeats itself is given up."""

MOST_STEPS = 300
"""The same for single states."""

HORIZON = 100
"""Rounds of backward induction that make a start."""


@dataclass(frozen=True, eq=False)
class Run:
    """Where one dynamic went: the last moves ``(n_states,)``, whether they are at rest, and the length of a cycle."""

    moves: IntArray
    rests: bool
    cycle: int = 0


@dataclass
class PureSearch:
    """Pure equilibria found so far, in the order of discovery.

    runs, cycles, lost: starts, those whose best replies did not rest in some component, those that led nowhere;
    dynamic: the most patient one that the last start needed.
    """

    rounds: Rounds
    watch: Watch
    found: dict[bytes, IntArray] = field(default_factory=dict)
    runs: int = 0
    cycles: int = 0
    lost: int = 0
    dynamic: int = 0
    _groups: list[IntArray] | None = None

    def from_profile(
        self,
        moves: IntArray,
        order: IntArray,
        rng: np.random.Generator,
        restarts: int = 0,
        weights: FloatArray | None = None,
    ) -> IntArray | None:
        """The equilibrium that play from ``moves`` leads to, one dynamic after the other until one comes to rest.

        restarts: random starts of each component where the given one comes to no rest; weights: of the players' values,
        then all starts of a component are tried and the equilibrium of the largest weighted value is kept.
        """
        self.runs += 1
        self.dynamic = 0
        groups = components(self.rounds) if self._groups is None else self._groups
        self._groups = groups
        moves, values = moves.copy(), np.zeros((self.rounds.n_states, self.rounds.n_players))
        for group in groups:
            part = self.rounds if len(groups) == 1 else self.rounds.restricted(group, values)
            ends: list[tuple[float, IntArray]] = []
            for number in range(1 + restarts):
                start = random_moves(part, rng) if number else moves[group]
                run, used = _played_out(part, start, order, rng, self.watch)
                self.dynamic = max(self.dynamic, used)
                if run.rests:
                    ends.append(
                        (0.0 if weights is None else float((part.values(run.moves) @ weights).sum()), run.moves)
                    )
                if self.watch.expired() or (run.rests and weights is None):
                    break
            if not ends:
                break
            moves[group] = max(ends, key=lambda end: end[0])[1]
            values[group] = part.values(moves[group])
        self.cycles += self.dynamic > 0
        if ends and self.rounds.holds(moves):
            self.found.setdefault(moves.tobytes(), moves)
            return moves
        self.lost += 1
        return None

    def from_seed(self, seed: int, start: int) -> IntArray | None:
        """A random profile and order of players, the same for a start whatever the number of starts."""
        rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(start,)))
        return self.from_profile(random_moves(self.rounds, rng), rng.permutation(self.rounds.n_players), rng, RESTARTS)

    def from_horizon(self, weights: FloatArray, seed: int) -> None:
        """Backward induction with the stage equilibrium of the largest weighted Q, then as from any profile."""
        moves = induced_moves(self.rounds, weights, self.watch)
        order, rng = np.arange(self.rounds.n_players), np.random.default_rng(seed)
        self.from_profile(moves, order, rng, RESTARTS, weights)


def _played_out(
    rounds: Rounds, moves: IntArray, order: IntArray, rng: np.random.Generator, watch: Watch
) -> tuple[Run, int]:
    """The dynamics one after the other until one rests, and the number of the last one."""
    run = replies_in_turn(rounds, moves, order, watch)
    if run.rests or watch.expired():
        return run, 0
    run = stage_iteration(rounds, run.moves, watch)
    if run.rests or watch.expired():
        return run, 1
    return one_state_at_a_time(rounds, run.moves, rng, watch), 2


def random_moves(rounds: Rounds, rng: np.random.Generator) -> IntArray:
    """An available move in every state, all as likely."""
    return np.asarray(np.where(rounds.available, rng.random(rounds.available.shape), -1.0).argmax(axis=1))


def replies_in_turn(rounds: Rounds, moves: IntArray, order: IntArray, watch: Watch) -> Run:
    """Best replies of one player after the other, until all rest or a profile comes again."""
    seen = {moves.tobytes(): 0}
    for sweep in range(1, SWEEPS + 1):
        before = moves
        for player in order:
            moves = rounds.best_policy(moves, int(player))
        if np.array_equal(moves, before):
            return Run(moves, rests=True)
        if moves.tobytes() in seen:
            return Run(moves, rests=False, cycle=sweep - seen[moves.tobytes()])
        if watch.expired():
            break
        seen[moves.tobytes()] = sweep
    return Run(moves, rests=False)


def stage_iteration(rounds: Rounds, moves: IntArray, watch: Watch) -> Run:
    """Stage equilibria in all states at once at the values of the profile, until it rests or comes again."""
    here = np.arange(rounds.n_states)
    seen = {moves.tobytes(): 0}
    for sweep in range(1, SWEEPS + 1):
        regrets = rounds.regrets(rounds.worth(rounds.values(moves)))
        kept = regrets[here, moves] <= rounds.slack
        if kept.all():
            return Run(moves, rests=True)
        moves = np.where(kept, moves, regrets.argmin(axis=1))
        if moves.tobytes() in seen:
            return Run(moves, rests=False, cycle=sweep - seen[moves.tobytes()])
        if watch.expired():
            break
        seen[moves.tobytes()] = sweep
    return Run(moves, rests=False)


def one_state_at_a_time(rounds: Rounds, moves: IntArray, rng: np.random.Generator, watch: Watch) -> Run:
    """A random state in which somebody gains takes a random stage equilibrium, or else the least regretted move."""
    here = np.arange(rounds.n_states)
    for _ in range(min(SWEEPS + 8 * rounds.n_states, MOST_STEPS)):
        regrets = rounds.regrets(rounds.worth(rounds.values(moves)))
        unstable = np.flatnonzero(regrets[here, moves] > rounds.slack)
        if not len(unstable):
            return Run(moves, rests=True)
        if watch.expired():
            break
        s = int(rng.choice(unstable))
        options = np.flatnonzero(regrets[s] <= rounds.slack)
        moves = moves.copy()
        moves[s] = rng.choice(options) if len(options) else regrets[s].argmin()
    return Run(moves, rests=False)


def induced_moves(rounds: Rounds, weights: FloatArray, watch: Watch) -> IntArray:
    """First-round moves of a long finite horizon that plays in every state the stage equilibrium of largest weight."""
    values = np.zeros((rounds.n_states, rounds.n_players))
    moves = np.zeros(rounds.n_states, dtype=np.intp)
    for _ in range(HORIZON):
        moves, values = stage_choice(rounds, values, weights)
        if watch.expired():
            break
    return moves


def stage_choice(rounds: Rounds, values: FloatArray, weights: FloatArray) -> tuple[IntArray, FloatArray]:
    """In every state the stage equilibrium with the largest weighted Q (least regret without one), and its Q."""
    worth = rounds.worth(values)
    regrets = rounds.regrets(worth)
    stable = regrets <= np.maximum(rounds.slack, regrets.min(axis=1, keepdims=True))
    score = np.where(stable, np.einsum("i,sim->sm", weights, np.where(np.isfinite(worth), worth, 0.0)), -np.inf)
    # Scores equal up to rounding go to the first move.
    moves = np.argmax(score >= score.max(axis=1, keepdims=True) - rounds.slack * np.abs(weights).sum(), axis=1)
    return moves, worth[np.arange(rounds.n_states), :, moves]
