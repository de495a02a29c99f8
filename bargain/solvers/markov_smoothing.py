"""Mixed stationary equilibria of small Markov games as ends of a path of smoothed complementarity conditions.

With W_a(p) what action a is worth at the values of the profile p, p is a stationary equilibrium exactly when every
player's actions in every state satisfy, with r the most that one of them is worth,

    p_a >= 0,   s_a = r - W_a(p) >= 0,   p_a s_a = 0,   sum_a p_a = 1.

In w = p - s this is one system of equations, p = max(w, 0) and s = max(-w, 0) (normal map; Robinson 1992), smooth when
p_a s_a = tau^2 c_a with c_a > 0 (Chen and Mangasarian 1996). c is such that the start solves it at tau = 1, and the
curve of solutions from there is followed by its length, past turning points, to tau = 0 (an interior-point homotopy, as
in Dang, Herings and Li 2022). Unlike on the logit branch, probabilities do not hang on precision times small
differences of worth, so that the end is well conditioned where supports are clear. The curve may come back to tau = 1:
then it leads nowhere, and another start is needed. Newton's method on the supports (``markov_support``) ends it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from bargain.games.markov import BoolArray, IntArray
from bargain.games.record import FloatArray
from bargain.solvers.markov_factors import Factors
from bargain.solvers.markov_logit import MarkovLogit
from bargain.solvers.markov_support import polished
from bargain.solvers.watch import Watch

FIRST_STEP, LONGEST_STEP, SHORTEST_STEP = 0.1, 3.0, 1e-10
MOST_STEPS = 600
AIM = 0.1
"""Length of the first Newton correction, in steps, that is aimed at; a longer one shortens the next step."""

SMALLEST_COSINE = 0.7
"""Largest turn of the tangent in one step."""

CLOSE = 1e-3
"""Corrections end when they are shorter than this, in steps: the curve leads on, its points are not kept."""

IN_PLAY = 1e-3
"""Probability from which an action is taken to be in play where p > s does not tell."""

LAST = 1e-9
"""Smallest tau; what has no clear support there is degenerate."""

MOST_UNKNOWNS = 1_500
"""Unknowns up to which a path is followed: every step solves a full linear system."""

GAIN = 1e-7
"""Gain from an action left out, in payoff ranges, from which it is needed."""

LEFT_OUT = "actions left out gain"


@dataclass(frozen=True, eq=False)
class SmoothedEnd:
    """Where a path led: an equilibrium ``(n_states, width)`` of the whole game or None, and why.

    missing: actions left out that gain at the end of the path, likewise; empty where it has no end.
    """

    equilibrium: FloatArray | None
    missing: BoolArray
    why: str = ""


class Smoothed:
    """The conditions with the actions ``used`` ``(n_states, width)``, from play ``start`` with all of them positive.

    room: what s is for the best action at the start, in payoff ranges. Vectors are y = (w, r, tau).
    """

    def __init__(self, system: MarkovLogit, start: FloatArray, used: BoolArray, room: float) -> None:
        self.system = system
        several = used & (used @ system.same > 1.0)
        self._sure = (used & ~several).astype(float)
        self._free = np.flatnonzero(several.reshape(-1))
        self._states, self._actions = np.divmod(self._free, used.shape[1])
        owners = np.searchsorted([place.stop for place in system.places], self._actions, side="right")
        self._rows = [np.flatnonzero(owners == i) for i in range(system.n_players)]
        self._block: IntArray = np.unique(self._states * system.n_players + owners, return_inverse=True)[1]
        self._member = (np.unique(self._block)[:, None] == self._block).astype(float)
        self._pairs = np.nonzero(self._states[:, None] == self._states[None, :])
        p = start.reshape(-1)[self._free]
        worth = self.worth(p)[0]
        top = np.full(len(self._member), -np.inf)
        np.maximum.at(top, self._block, worth)
        slack = (top + room)[self._block] - worth
        self._product = p * slack
        self.start = np.concatenate([p - slack, top + room, [1.0]])

    def profile(self, p: FloatArray) -> FloatArray:
        """Play ``(n_states, width)`` with probabilities of the actions used where there are several."""
        full = self._sure.copy()
        full.reshape(-1)[self._free] = p
        return full

    def worth(self, p: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Worth of every action used, and how it changes with their probabilities, values moving along."""
        system, states, actions = self.system, self._states, self._actions
        d = system.discount_factor
        here = system.local(self.profile(p))
        rows, columns = self._pairs
        slopes = np.zeros((len(states),) * 2)
        slopes[rows, columns] = here.slopes[states[rows], actions[rows], actions[columns]]
        chain = Factors((np.eye(system.n_states) - d * here.chain).T)
        inverse = chain.solve(np.eye(system.n_states)).T
        for i, (own, place) in enumerate(zip(self._rows, system.places, strict=True)):
            reach = here.reach[i][states[own], actions[own] - place.start]
            slopes[own] += (d * (reach @ inverse))[:, states] * here.effects[states, i, actions]
        return here.worth[states, actions], slopes

    def split(self, y: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """p and s of every action used, and p + s."""
        w, product = y[: len(self._free)], self._product * y[-1] ** 2
        total = np.sqrt(w * w + 4.0 * product)
        large = 0.5 * (np.abs(w) + total)
        small = product / np.where(large > 0.0, large, 1.0)
        return np.where(w > 0.0, large, small), np.where(w > 0.0, small, large), total

    def linearised(self, y: FloatArray, border: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Conditions, zero in the last place, and their Jacobian with ``border`` as last row."""
        k, n = len(self._free), len(y)
        p, s, total = self.split(y)
        worth, slopes = self.worth(p)
        total = np.maximum(total, np.finfo(np.float64).tiny)
        by_w, by_tau = p / total, 2.0 * self._product * y[-1] / total
        value = np.concatenate([s - y[k : n - 1][self._block] + worth, self._member @ p - 1.0, [0.0]])
        jacobian = np.zeros((n, n))
        jacobian[:k, :k] = slopes * by_w
        jacobian[np.arange(k), np.arange(k)] -= s / total
        jacobian[:k, k : n - 1] = -self._member.T
        jacobian[:k, -1] = by_tau + slopes @ by_tau
        jacobian[k : n - 1, :k] = self._member * by_w
        jacobian[k : n - 1, -1] = self._member @ by_tau
        jacobian[-1] = border
        return value, jacobian


def smoothed_end(system: MarkovLogit, start: FloatArray, used: BoolArray, room: float, watch: Watch) -> SmoothedEnd:
    """Follow the path of the game with the actions ``used`` from ``start``, both ``(n_states, width)``, to its end.

    room: as for ``Smoothed``; the smaller it is, the nearer the path stays to the start and the likelier it comes back.
    """
    path = Smoothed(system, start, used, room)
    none = np.zeros(used.shape, dtype=bool)
    if len(path.start) > MOST_UNKNOWNS:
        return SmoothedEnd(None, none, f"{len(path.start)} unknowns are too many")
    y, asked = path.start, 0.5
    if len(y) == 1:
        sure = path.profile(y[:0])
        found, missing = polished(system, sure, used), _missing(path, y, used)
        return SmoothedEnd(found, none if found is not None else missing, "" if found is not None else LEFT_OUT)
    walk = _Walk(path)
    for _ in range(MOST_STEPS):
        step = walk.next(y)
        if step is None:
            found = _near(path, y)
            why = "" if found is not None else f"the path could not be followed beyond tau = {y[-1]:.3g}"
            return SmoothedEnd(found, none, why)
        y = step
        if y[-1] > 1.0:
            return SmoothedEnd(None, none, "the path came back")
        if watch.expired():
            return SmoothedEnd(None, none, "time limit reached")
        if y[-1] < asked:
            asked = 0.3 * float(y[-1])
            found = _near(path, y)
            if found is not None:
                return SmoothedEnd(found, none)
        if y[-1] < LAST:
            missing = _missing(path, y, used)
            return SmoothedEnd(None, missing, LEFT_OUT if missing.any() else "no clear supports")
    return SmoothedEnd(None, none, f"no end after {MOST_STEPS} steps")


def _near(path: Smoothed, y: FloatArray) -> FloatArray | None:
    """Equilibrium with the actions in play at a point of the path: those with p > s, or clearly positive p."""
    p, s, _ = path.split(y)
    play, tried = path.profile(p), list[BoolArray]()
    for kept in (p > s, p > IN_PLAY):
        in_play = path.profile(kept.astype(float)) > 0.0
        # Every player needs an action in every state.
        if any(np.array_equal(in_play, other) for other in tried) or not (in_play @ path.system.same >= 1.0).all():
            continue
        tried.append(in_play)
        found = polished(path.system, play, in_play)
        if found is not None:
            return found
    return None


class _Walk:
    """Steps along the curve: second-order prediction, Newton correction normal to it, orientation kept."""

    def __init__(self, path: Smoothed) -> None:
        self._path = path
        n = len(path.start)
        self._along = np.eye(1, n, n - 1)[0]
        border = -self._along
        factors = Factors(path.linearised(path.start, border)[1])
        tangent = factors.solve(self._along)
        self._tangent = tangent / np.linalg.norm(tangent)
        self._before: FloatArray | None = None
        self._length = self._step = FIRST_STEP
        self._sign = 0.0

    def next(self, y: FloatArray) -> FloatArray | None:
        """The next point, None where no step is short enough."""
        if not np.isfinite(self._tangent).all():
            return None
        while self._step >= SHORTEST_STEP * min(1.0, float(y[-1])):
            fall = -float(self._tangent[-1])
            step = min(self._step, 0.9 * float(y[-1]) / fall) if fall > 0.0 else self._step
            outcome = self._corrected(self._predicted(y, step), step)
            if outcome is not None and outcome[0][-1] > 0.0:
                point, tangent, first, self._sign = outcome
                self._before, self._length, self._tangent = self._tangent, step, tangent
                growth = (AIM / max(first / step, 1e-9)) ** (1.0 / 3.0)
                self._step = min(step * min(3.0, max(0.5, growth)), LONGEST_STEP)
                return point
            self._step = 0.4 * step
        return None

    def _predicted(self, y: FloatArray, step: float) -> FloatArray:
        ahead = step * self._tangent
        if self._before is not None:
            bend = (self._tangent - self._before) * (0.5 * step * step / self._length)
            if np.linalg.norm(bend) < 0.5 * step:
                ahead = ahead + bend
        following = y + ahead
        following[-1] = max(following[-1], 0.05 * y[-1])
        return np.asarray(following)

    def _corrected(self, y: FloatArray, step: float) -> tuple[FloatArray, FloatArray, float, float] | None:
        """Point, its tangent, length of the first correction and orientation; None when the step is too long."""
        first, last = 0.0, np.inf
        for number in range(6):
            value, jacobian = self._path.linearised(y, self._tangent)
            factors = Factors(jacobian)
            change = factors.solve(value)
            y = y - change
            size = math.sqrt(change @ change)
            first = size if number == 0 else first
            if size < CLOSE * step:
                return self._turned(y, factors, first, step)
            if not size <= (0.5 * step if number == 0 else 0.5 * last):
                return None
            last = size
        return None

    def _turned(
        self, y: FloatArray, factors: Factors, first: float, step: float
    ) -> tuple[FloatArray, FloatArray, float, float] | None:
        tangent = factors.solve(self._along)
        tangent = tangent / np.linalg.norm(tangent)
        sign = factors.orientation
        if not tangent @ self._tangent >= SMALLEST_COSINE:
            return None
        # The sign of the bordered determinant changes only where the corrector fell on another stretch of the curve, or
        # where the curve meets another one: there it is followed straight on.
        return None if self._sign and sign != self._sign and step > 1e-6 else (y, tangent, first, sign)


def _missing(path: Smoothed, y: FloatArray, used: BoolArray) -> BoolArray:
    """Actions not used that gain against play at the end of the path."""
    system = path.system
    p = path.profile(path.split(y)[0])
    worth = system.local(p).worth
    gains = np.zeros(used.shape, dtype=bool)
    for own in system.places:
        present = (worth[:, own] * p[:, own]).sum(axis=1, keepdims=True)
        gains[:, own] = worth[:, own] > present + GAIN
    return np.asarray(gains & system.mask & ~used)
