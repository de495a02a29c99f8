"""The game over rounds as a function of the weights that are preferences, and what no such weights can bring about.

Payoffs are linear in the free weights, u(w) = u_0 + sum_k w_k u_k (a protection weight times a mood's factor counts as
one weight in each mood), and transitions do not depend on them. So one call of the world serves all draws, and whether
a given profile is an equilibrium is a set of linear inequalities in the weights:

    one round        u_i(a, m_-i; w) <= u_i(m; w)            for all players i and own actions a, in the start state
    standoff         the same for those a only that lead where m leads: what follows is equal, so that this is necessary
                     in every Markov perfect equilibrium that plays m there (tariffs here: they move no stock)
    constant moves   Q_i(s, a, m_-i; w) <= V_i(s; w)         in all states s, V and Q linear in w too

min over w of the largest gain is a linear program; its multipliers bound that from below (``LeastGain``), which makes
"never, whatever the weights" a proof and not a matter of sampling.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from bargain.games.linear_program import best_point
from bargain.games.markov import BoolArray, IntArray, MarkovGame
from bargain.games.record import ArrayRecord, FloatArray, finite_array
from bargain.standoff import Scenario, ScenarioError
from bargain.standoff.rounds import StandoffRounds
from bargain.talks.setting import start_at

FREE = (
    "protection_weight",
    "protection_factor",
    "revenue_weight",
    "audience_cost",
    "security_value",
    "bottleneck_rent",
)
"""Last parts of the keys of weights that are preferences: no source gives them."""

LINEAR = 1e-10
"""Payoffs may differ by this share of their range from what they are when linear in the weights."""

NO_GAIN = 1e-9
"""A gain below this share of the payoff range is none."""

SAME_CHANCE = 1e-12
"""Chances that differ by no more are equal but for rounding."""


def free_weights(scenario: Scenario) -> tuple[str, ...]:
    """Keys of the free weights that have a range, in the order of the scenario."""
    return tuple(key for key, p in scenario.parameters.items() if key.rpartition(".")[2] in FREE and p.low < p.high)


def weight_draws(scenario: Scenario, n_draws: int, seed: int = 0) -> dict[str, FloatArray]:
    """Weights drawn uniformly and independently from their ranges, ``(n_draws,)`` each; draw i has its own child of
    the seed."""
    if isinstance(n_draws, bool) or not isinstance(n_draws, int) or n_draws < 1:
        raise ScenarioError(f"n_draws = {n_draws!r} is not a whole number >= 1")
    keys = free_weights(scenario)
    children = [np.random.SeedSequence(seed, spawn_key=(i,)) for i in range(n_draws)]
    uniform = np.array([np.random.default_rng(child).random(len(keys)) for child in children])
    low, high = (np.array([getattr(scenario.parameters[key], end) for key in keys]) for end in ("low", "high"))
    return {key: low[k] + (high - low)[k] * uniform[:, k] for k, key in enumerate(keys)}


@dataclass(frozen=True, eq=False)
class WeightedGame:
    """The game over rounds as a function of the free weights.

    coordinates: what payoffs are linear in, a key or "US.protection_weight, hawk"; base ``(n_states, n_players,
    *n_actions)``; slopes ``(n_coordinates, n_states, n_players, *n_actions)``; rounds: of one draw, whose transitions
    hold for all; usd: billion USD that one payoff unit is worth ``(n_players,)``; starts: mood -> chances of states.
    """

    scenario: Scenario
    coordinates: tuple[str, ...]
    base: FloatArray
    slopes: FloatArray
    rounds: StandoffRounds
    usd: FloatArray
    starts: Mapping[str, FloatArray]

    def at(self, weights: Mapping[str, FloatArray | float]) -> FloatArray:
        """Coordinates ``(n_draws, n_coordinates)`` of weights ``(n_draws,)``; those left out keep their value."""
        columns = []
        for name in self.coordinates:
            key, _, mood = name.partition(", ")
            column = np.atleast_1d(np.asarray(weights.get(key, self.scenario.parameters[key].value)))
            if mood:
                factor = f"{key.partition('.')[0]}.{mood}.protection_factor"
                column = column * np.atleast_1d(weights.get(factor, self.scenario.parameters[factor].value))
            columns.append(column)
        return np.stack(np.broadcast_arrays(*columns), axis=1)

    def payoffs(self, point: FloatArray) -> FloatArray:
        """Payoffs at coordinates ``(n_coordinates,)`` or ``(n_draws, n_coordinates)``."""
        return np.asarray(self.base + np.tensordot(point, self.slopes, axes=1))

    def game(self, point: FloatArray) -> MarkovGame:
        """The Markov game at coordinates ``(n_coordinates,)``."""
        own = self.rounds.table.moves
        return MarkovGame(
            self.payoffs(point),
            self.rounds.successors[0],
            self.rounds.probabilities[0],
            float(self.rounds.discount_factor[0]),
            own.players,
            own.actions,
            self.rounds.space.labels(),
        )

    def states(self, mood: str) -> list[int]:
        """States in which play may start in a mood."""
        return [int(s) for s in np.flatnonzero(self.starts[mood] > 0.0)]

    @cached_property
    def boxes(self) -> tuple[tuple[float, float], ...]:
        """Smallest and largest value of each coordinate."""
        return tuple(self._range(name) for name in self.coordinates)

    def _range(self, name: str) -> tuple[float, float]:
        key, _, mood = name.partition(", ")
        p = self.scenario.parameters[key]
        if not mood:
            return p.low, p.high
        factor = self.scenario.parameters[f"{key.partition('.')[0]}.{mood}.protection_factor"]
        return p.low * factor.low, p.high * factor.high

    def moody(self) -> dict[str, list[int]]:
        """Weights that moods multiply -> their coordinates."""
        groups: dict[str, list[int]] = {}
        for k, name in enumerate(self.coordinates):
            key, _, mood = name.partition(", ")
            if mood:
                groups.setdefault(key, []).append(k)
        return groups


def weighted_game(scenario: Scenario, levels: Mapping[str, int] | None = None) -> WeightedGame:
    """The game of ``scenario`` over its free weights, from one call of the world; all else at the scenario's values.

    Raises ScenarioError where payoffs are not linear in the weights, or transitions depend on them.
    """
    keys = free_weights(scenario)
    names, points = _coordinates(scenario, keys)
    none = dict.fromkeys(keys, 0.0)
    rows = [none, *({**none, **values} for values, _ in points), {key: scenario.parameters[key].value for key in keys}]
    rounds = scenario.rounds(draws={key: np.array([row[key] for row in rows]) for key in keys}, levels=levels)
    table = rounds.payoffs
    lengths = np.array([step for _, step in points]).reshape(-1, *(1,) * (table.ndim - 1))
    slopes = (table[1:-1] - table[0]) / lengths
    moods = rounds.space.moods
    gdp = [scenario.parameters[f"{code}.gdp_usd_bn"].value for code in rounds.table.moves.players]
    starts = {mood: start_at(rounds, {"mood": float(k)}) for k, mood in enumerate(moods)}
    found = WeightedGame(scenario, names, table[0], slopes, rounds, np.array(gdp) / 100.0, starts)
    gap = np.abs(found.payoffs(found.at({})[0]) - table[-1]).max()
    if gap > LINEAR * np.ptp(table[-1]):
        raise ScenarioError(f"{scenario.name}: payoffs are off by {gap:g} from linear in {', '.join(keys)}")
    same = (rounds.probabilities == rounds.probabilities[:1]).all() and (
        rounds.successors == rounds.successors[:1]
    ).all()
    if not same:
        raise ScenarioError(f"{scenario.name}: transitions depend on the free weights; the rule is payoffs alone")
    return found


def _coordinates(
    scenario: Scenario, keys: tuple[str, ...]
) -> tuple[tuple[str, ...], list[tuple[dict[str, float], float]]]:
    """Names, and for each the weights that move it alone by the step that is given with them."""
    names: list[str] = []
    points: list[tuple[dict[str, float], float]] = []
    for key in keys:
        code, _, last = key.rpartition(".")
        moods = scenario.file.players[code].moods if last == "protection_weight" else {}
        for mood in moods:
            names.append(f"{key}, {mood}")
            points.append(({key: 1.0, f"{code}.{mood}.protection_factor": 1.0}, 1.0))
        if not moods and last != "protection_factor":
            names.append(key)
            points.append(({key: scenario.parameters[key].high}, scenario.parameters[key].high))
    return tuple(names), points


# Gains from deviations, linear in the weights -------------------------------------------------------------------------


def deviations(shape: Sequence[int], cell: int) -> list[tuple[int, IntArray]]:
    """For each player the joint moves after a change of the own action in joint move ``cell``, without itself."""
    place = np.unravel_index(cell, shape)
    rows = []
    for k, n in enumerate(shape):
        others = [a for a in range(n) if a != place[k]]
        own = [np.ravel_multi_index((*place[:k], a, *place[k + 1 :]), shape) for a in others]
        rows.append((k, np.array(own, dtype=np.intp)))
    return rows


def round_gains(found: WeightedGame, cell: int, states: Sequence[int], same_future: bool = False) -> FloatArray:
    """Gains of one round from every deviation from ``cell``, linear: ``(n_rows, 1 + n_coordinates)``, constant first.

    same_future: only of deviations after which the chances of all states are those after ``cell``.
    """
    shape, table = found.rounds.table.moves.shape, _flat(found)
    rows = []
    for s in states:
        ahead = future(found, s) if same_future else None
        for k, moves in deviations(shape, cell):
            if ahead is not None:
                moves = moves[same_chances(ahead, cell, moves)]
            rows.append((table[:, s, k][:, moves] - table[:, s, k][:, [cell]]).T)
    return np.concatenate(rows)


def constant_gains(found: WeightedGame, cell: int) -> FloatArray:
    """One-shot gains in all states from every deviation when ``cell`` is played everywhere, as ``round_gains``."""
    shape, table, d = found.rounds.table.moves.shape, _flat(found), float(found.rounds.discount_factor[0])
    n_states = table.shape[1]
    futures = np.stack([future(found, s) for s in range(n_states)])
    system = np.eye(n_states) - d * futures[:, cell]
    now = np.moveaxis(table[..., cell], 1, 0).reshape(n_states, -1)
    values = np.linalg.solve(system, (1.0 - d) * now).reshape(n_states, len(table), -1)
    rows = []
    for k, moves in deviations(shape, cell):
        worth = (1.0 - d) * table[:, :, k][..., moves] + d * np.einsum("smt,tc->csm", futures[:, moves], values[..., k])
        rows.append((worth - values[..., k].T[..., None]).reshape(len(table), -1).T)
    return np.concatenate(rows)


def _flat(found: WeightedGame) -> FloatArray:
    """Constant and slopes, ``(1 + n_coordinates, n_states, n_players, n_moves)``."""
    both = np.concatenate([found.base[None], found.slopes])
    return both.reshape(*both.shape[:3], -1)


def future(found: WeightedGame, state: int) -> FloatArray:
    """Chances of the next state after every joint move, ``(n_moves, n_states)``."""
    n_states = len(found.base)
    chances = found.rounds.probabilities[0, state].reshape(-1, found.rounds.probabilities.shape[-1])
    follow = found.rounds.successors[0, state].reshape(chances.shape)
    table = np.zeros((len(chances), n_states))
    np.add.at(table, (np.arange(len(chances))[:, None], follow), chances)
    return table


def same_chances(chances: FloatArray, cell: int, moves: IntArray) -> BoolArray:
    """Which ``moves`` lead where ``cell`` leads, given ``future``."""
    return np.asarray(np.abs(chances[moves] - chances[cell]).max(axis=1) <= SAME_CHANCE)


# What no weights can do -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class LeastGain(ArrayRecord):
    """The least that the largest gain from a deviation can be over all weights in their ranges.

    value: that gain, percent of own GDP a year (not above zero: the moves are an equilibrium at some weights); point:
    coordinates that attain it ``(n_coordinates,)``, weights: the same as (key, value); bound: a lower bound on it that
    holds whatever the solver did, from the multipliers alone; slack: gain that counts as none, same unit; failure: why
    there is no answer, else "".
    """

    value: float
    point: FloatArray
    weights: tuple[tuple[str, float], ...]
    bound: float
    slack: float
    failure: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "point", finite_array(self.point, "point"))

    @property
    def possible(self) -> bool | None:
        """Whether some weights make it an equilibrium; None where neither is shown."""
        if not self.failure and self.value <= self.slack:
            return True
        return False if self.bound > self.slack else None


def least_gain(found: WeightedGame, gains: FloatArray) -> LeastGain:
    """Minimise the largest of linear ``gains`` ``(n_rows, 1 + n_coordinates)`` over the weights in their ranges."""
    chart, origin, rows, limits = _chart(found)
    n_coordinates, n = chart.shape
    scale = float(np.abs(gains).max()) or 1.0
    constant = (gains[:, 0] + gains[:, 1:] @ origin) / scale
    # The largest gain t is written as t + lift, a variable that is not negative.
    lift = float(np.abs(gains[:, 0]).max() + (np.abs(gains[:, 1:]) @ np.abs(np.array(found.boxes)).max(axis=1)).max())
    lift = lift / scale
    upper = np.hstack([gains[:, 1:] @ chart / scale, -np.ones((len(gains), 1))])
    matrix = np.vstack([upper, np.hstack([rows, np.zeros((len(rows), 1))])])
    objective = np.append(np.zeros(n), -1.0)
    best = best_point([objective], matrix, np.append(-constant - lift, limits), even=False)
    slack = NO_GAIN * float(np.ptp(found.base))
    if best.failure:
        return LeastGain(np.inf, origin, (), -np.inf, slack, best.failure)
    point = origin + chart @ best.point[:-1]
    weights = np.maximum(best.multipliers[: len(gains)], 0.0)
    total = float(weights.sum())
    bound = -np.inf if total <= 0.0 else _lowest(found, weights @ gains / total)
    value = float((gains[:, 0] + gains[:, 1:] @ point).max())
    return LeastGain(value, point, _weights(found, point, best.point[n_coordinates:-1]), bound, slack)


def _chart(found: WeightedGame) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Coordinates as ``origin + chart @ x`` of variables x >= 0, and inequalities ``rows @ x <= limits`` of these.

    A weight w that moods multiply has a variable of its own, so that a = w f with f in a range is linear in (w, a).
    """
    groups, p = found.moody(), found.scenario.parameters
    n, extra = len(found.coordinates), len(groups)
    chart, origin = np.eye(n, n + extra), np.array([low for low, _ in found.boxes])
    rows, limits = [], []
    for k in range(n):
        row = np.zeros(n + extra)
        row[k] = 1.0
        rows.append(row)
        limits.append(found.boxes[k][1] - found.boxes[k][0])
    for place, (key, members) in enumerate(groups.items(), start=n):
        row = np.zeros(n + extra)
        row[place] = 1.0
        rows.append(row)
        limits.append(p[key].high - p[key].low)
        for k in members:
            factor = p[f"{key.partition('.')[0]}.{found.coordinates[k].partition(', ')[2]}.protection_factor"]
            for sign, end in ((1.0, factor.high), (-1.0, factor.low)):
                row = np.zeros(n + extra)
                row[k], row[place] = sign, -sign * end
                rows.append(row)
                limits.append(sign * (end * p[key].low - origin[k]))
    return chart, origin, np.array(rows), np.array(limits)


def _weights(found: WeightedGame, point: FloatArray, extra: FloatArray) -> tuple[tuple[str, float], ...]:
    """Weights with these coordinates; extra: how far those that moods multiply are above their lowest values."""
    p, values = found.scenario.parameters, {}
    for (key, members), above in zip(found.moody().items(), extra, strict=True):
        values[key] = float(np.clip(p[key].low + above, p[key].low, p[key].high))
        for k in members:
            factor = f"{key.partition('.')[0]}.{found.coordinates[k].partition(', ')[2]}.protection_factor"
            ratio = point[k] / values[key] if values[key] > 0.0 else p[factor].value
            values[factor] = float(np.clip(ratio, p[factor].low, p[factor].high))
    for name, value, (low, high) in zip(found.coordinates, point, found.boxes, strict=True):
        if name in p:
            values[name] = float(np.clip(value, low, high))
    return tuple(values.items())


def _lowest(found: WeightedGame, linear: FloatArray) -> float:
    """Least value of one linear function of the weights, constant first, over their ranges: attained at a corner."""
    groups, p = found.moody(), found.scenario.parameters
    total = float(linear[0])
    inside = {k for members in groups.values() for k in members}
    for k, (low, high) in enumerate(found.boxes):
        if k not in inside:
            total += min(low * linear[1 + k], high * linear[1 + k])
    for key, members in groups.items():
        code = key.partition(".")[0]
        factors = [p[f"{code}.{found.coordinates[k].partition(', ')[2]}.protection_factor"] for k in members]
        total += min(
            sum(
                min(w * f.low * linear[1 + k], w * f.high * linear[1 + k])
                for k, f in zip(members, factors, strict=True)
            )
            for w in (p[key].low, p[key].high)
        )
    return float(total)
