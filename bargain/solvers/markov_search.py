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

TRIES = 4
"""Random starts of a component, after the given one, before a start is given up."""

SWEEPS = 40
"""Sweeps after which a dynamic that neither rests nor repeats itself is given up."""

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
    """Pure equilibria found so far, in the order of discovery, and how many runs ended in a cycle."""

    rounds: Rounds
    watch: Watch
    found: dict[bytes, IntArray] = field(default_factory=dict)
    runs: int = 0
    cycles: int = 0
    lost: int = 0
    _groups: list[IntArray] | None = None

    def from_profile(self, moves: IntArray, order: IntArray, rng: np.random.Generator | None) -> IntArray | None:
        """The equilibrium that play from ``moves`` leads to, one dynamic after the other until one comes to rest.

        Without random numbers only the first two dynamics are tried, from the given moves only.
        """
        self.runs += 1
        groups = components(self.rounds) if self._groups is None else self._groups
        self._groups = groups
        tries = 1 if rng is None or len(groups) == 1 else 1 + TRIES
        moves, values = moves.copy(), np.zeros((self.rounds.n_states, self.rounds.n_players))
        cycled = False
        for group in groups:
            part = self.rounds if len(groups) == 1 else self.rounds.restricted(group, values)
            start = moves[group]
            for number in range(tries):
                if number and rng is not None:
                    start = random_moves(part, rng)
                run, cycle = _played_out(part, start, order, rng, self.watch)
                cycled |= cycle
                if run.rests or self.watch.expired():
                    break
            if not run.rests:
                break
            moves[group], values[group] = run.moves, part.values(run.moves)
        self.cycles += cycled
        if run.rests and self.rounds.holds(moves):
            self.found.setdefault(moves.tobytes(), moves)
            return moves
        self.lost += 1
        return None

    def from_seed(self, seed: int, start: int) -> IntArray | None:
        """A random profile and order of players, the same for a start whatever the number of starts."""
        rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(start,)))
        return self.from_profile(random_moves(self.rounds, rng), rng.permutation(self.rounds.n_players), rng)

    def from_horizon(self, weights: FloatArray, seed: int) -> None:
        """Backward induction with the stage equilibrium of the largest weighted Q, then as from any profile."""
        moves = induced_moves(self.rounds, weights, self.watch)
        if self.rounds.holds(moves):
            self.runs += 1
            self.found.setdefault(moves.tobytes(), moves)
        else:
            self.from_profile(moves, np.arange(self.rounds.n_players), np.random.default_rng(seed))


def _played_out(
    rounds: Rounds, moves: IntArray, order: IntArray, rng: np.random.Generator | None, watch: Watch
) -> tuple[Run, bool]:
    """The dynamics one after the other until one rests, and whether best replies cycled."""
    run = replies_in_turn(rounds, moves, order, watch)
    cycled = run.cycle > 0
    if not run.rests and not watch.expired():
        run = stage_iteration(rounds, run.moves, watch)
    if not run.rests and rng is not None and not watch.expired():
        run = one_state_at_a_time(rounds, run.moves, rng, watch)
    return run, cycled


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
    for _ in range(SWEEPS + 2 * rounds.n_states):
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
