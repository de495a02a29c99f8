"""The calibration of the free weights as one table: targets, roles, moves, fit, its profile, what tells, and grids.

All rows have the same columns; ``part`` says what a row is about, and what does not apply is missing:

    target      regime, instrument (key), levels and rows of the evidence (text); mood is the assumed one
    role        regime, mood, role: share of draws, chance at the assumed weights on the coarse and the shipped grid
                (default, default_fine) and at the most favourable weights; base_rate of all moves; least_gain
    move        regime, mood, joint move (key): roles at the assumed weights (text), share of draws in which it fills
                some role and (low) one without truces, deals and punishments; least_gain in one round
    pair        two regimes (regime, key) and role: least_gain when both are to be filled at the same weights
    common      role, mood, joint move (key): share of draws; the most common moves, of the record or not
    grid        role: share of regimes, moods and draws in which the coarse and the shipped grid agree
    rare        as role, in draws in which a standoff may begin with the regime; base_rate: the share of those
    fit         role: which roles count; key: number of regimes reproduced; or a regime, and its share
    profile     key: weight, low and high: part of its range, share: mean number of regimes, text: the most
    identified  regime, weight (key): distance of its distributions, p_value, 5 and 95 percent points, yes or no
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from bargain.games.markov import BoolArray
from bargain.games.record import FloatArray
from bargain.standoff import Scenario
from bargain.study.calibration import (
    DEAL,
    NO_PAYMENTS,
    NOT_EXCLUDED,
    ONE_ROUND,
    PUNISHMENT,
    ROLES,
    STANDOFFS,
    WITH_PAYMENTS,
    Calibration,
    calibrate,
    first_rounds,
    kind_of,
    separations,
)
from bargain.study.free_weights import LeastGain, free_weights, least_gain, round_gains, weight_draws, weighted_game
from bargain.study.regimes import observed_regimes

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = (
    *("part", "regime", "mood", "role", "key", "text", "share", "default", "default_fine", "favourable"),
    *("base_rate", "least_gain", "low", "high", "distance", "p_value", "count"),
)

ALONE = (ONE_ROUND, *STANDOFFS)
"""Roles that need no agreement."""

COUNTED = {"no agreement": ALONE, "without side payments": NO_PAYMENTS, "any role": WITH_PAYMENTS}
"""Which roles count -> the roles."""

EXACT = {ONE_ROUND: False, NOT_EXCLUDED: True}
"""Roles that the first round alone decides -> whether only deviations with the same future count."""

Row = dict[str, Any]


@dataclass(frozen=True)
class CalibrationPlan:
    """Sizes of a calibration.

    levels: grid of the draws; fine_levels: of the grid to compare with, the shipped one if empty; n_draws: in full;
    n_first_rounds: for what the first round decides; n_fine: draws on the grid to compare with, beside the assumed
    weights; n_rare: draws for each regime that a standoff may begin with in a share of draws below ``rare``; n_common:
    moves to name; n_bins: parts of each range; significance: of all tests together.
    """

    levels: tuple[tuple[str, int], ...] = (("rebuilt", 2), ("substitution", 2))
    fine_levels: tuple[tuple[str, int], ...] = ()
    n_draws: int = 150
    n_first_rounds: int = 20_000
    n_fine: int = 4
    n_rare: int = 12
    n_common: int = 4
    rare: float = 0.1
    n_bins: int = 5
    significance: float = 0.01
    seed: int = 0


def calibration_table(scenario: Scenario, plan: CalibrationPlan) -> pd.DataFrame:
    """All numbers of the calibration of ``scenario``; no weight of the scenario is changed."""
    import pandas as pd

    run = _Run(scenario, plan)
    parts = (
        run.targets,
        run.roles,
        run.moves,
        run.pairs,
        run.common,
        run.grids,
        run.rare,
        run.fit,
        run.profile,
        run.identified,
    )
    return pd.DataFrame([row for part in parts for row in part()], columns=list(COLUMNS))


class _Run:
    """The games, draws and roles of one calibration, each made once."""

    def __init__(self, scenario: Scenario, plan: CalibrationPlan) -> None:
        self.scenario, self.plan = scenario, plan
        self.regimes = observed_regimes(scenario)
        self.game = weighted_game(scenario, dict(plan.levels))
        self.own = {key: np.array([scenario.parameters[key].value]) for key in free_weights(scenario)}
        self.draws = weight_draws(scenario, plan.n_draws, plan.seed)
        self.many = weight_draws(scenario, plan.n_first_rounds, plan.seed + 1)
        self.cells = [np.flatnonzero(regime.cells(self.game.rounds.table.moves)) for regime in self.regimes]

    @cached_property
    def drawn(self) -> Calibration:
        return calibrate(self.game, self.regimes, self.draws)

    @cached_property
    def default(self) -> Calibration:
        return calibrate(self.game, self.regimes, self.own)

    @cached_property
    def fine(self) -> Calibration:
        """The assumed weights and the first draws on the shipped grid."""
        few = {key: np.append(own, self.draws[key][: self.plan.n_fine]) for key, own in self.own.items()}
        return calibrate(weighted_game(self.scenario, dict(self.plan.fine_levels)), self.regimes, few)

    @cached_property
    def least(self) -> dict[tuple[int, str, str, int], LeastGain]:
        """How near each move of a regime comes to an equilibrium at the weights that suit it best."""
        found = {}
        for r, cells in enumerate(self.cells):
            for mood in self.game.starts:
                for role, same in EXACT.items():
                    for cell in cells:
                        gains = round_gains(self.game, int(cell), self.game.states(mood), same)
                        found[r, mood, role, int(cell)] = least_gain(self.game, gains)
        return found

    @cached_property
    def favourable(self) -> Calibration:
        """Roles at the weights that suit some move of some regime best."""
        points = list(dict.fromkeys(one.weights for one in self._nearest().values() if one.possible))
        weights = {key: np.array([dict(point).get(key, own[0]) for point in points]) for key, own in self.own.items()}
        return calibrate(self.game, self.regimes, weights)

    def _nearest(self) -> dict[tuple[int, str, str], LeastGain]:
        """The nearest move of each regime, mood and role."""
        best: dict[tuple[int, str, str], LeastGain] = {}
        for (r, mood, role, _), one in self.least.items():
            if (r, mood, role) not in best or one.value < best[r, mood, role].value:
                best[r, mood, role] = one
        return best

    @cached_property
    def first(self) -> dict[tuple[int, str, str], BoolArray]:
        """Which of the many draws fill the roles that the first round decides, surely."""
        points, found = self.game.at(self.many), {}
        for mood in self.game.starts:
            for role, same in EXACT.items():
                holds = first_rounds(self.game, points, mood, same)
                for r, cells in enumerate(self.cells):
                    found[r, mood, role] = _surely(holds[..., cells])
        return found

    # Rows -------------------------------------------------------------------------------------------------------------

    def targets(self) -> Iterator[Row]:
        for regime in self.regimes:
            for name, levels in regime.levels.items():
                rows = ", ".join(f"{each.row} ({each.value:.3g})" for each in regime.readings[name])
                text = f"{' or '.join(levels)}: {rows}"
                label = {"regime": regime.name, "mood": regime.mood, "role": regime.title}
                yield {"part": "target", **label, "key": name, "text": text}

    def roles(self) -> Iterator[Row]:
        nearest = self._nearest()
        for m, mood in enumerate(self.drawn.moods):
            for r, regime in enumerate(self.regimes):
                for i, role in enumerate(ROLES):
                    hits = self.first[r, mood, role] if role in EXACT else self.drawn.hits[:, r, m, i]
                    yield {
                        "part": "role",
                        "regime": regime.name,
                        "mood": mood,
                        "role": role,
                        "key": "assumed mood" if mood == regime.mood else "other mood",
                        "text": _moves(self.drawn, r, m, i),
                        "share": float(hits.mean()),
                        "default": float(self.default.hits[0, r, m, i]),
                        "default_fine": float(self.fine.hits[0, r, m, i]),
                        "favourable": float(self.favourable.hits[:, r, m, i].max()),
                        "base_rate": float(self.drawn.base_rate[m, i]),
                        "least_gain": _gain(nearest.get((r, mood, role))),
                        "count": len(hits),
                    }

    def moves(self) -> Iterator[Row]:
        some, alone = ([ROLES.index(role) for role in roles] for roles in (WITH_PAYMENTS, ALONE))
        for r, regime in enumerate(self.regimes):
            for m, mood in enumerate(self.drawn.moods):
                for cell in self.cells[r]:
                    now = self.fine.chances[m] @ self.fine.fills[0, m, :, :, cell]
                    found = self.drawn.fills[:, m, :, :, cell]
                    yield {
                        "part": "move",
                        "regime": regime.name,
                        "mood": mood,
                        "key": self.drawn.move_names[cell],
                        "text": _kinds({ROLES[i]: float(now[i]) for i in some}),
                        "share": float(_surely(found[..., some]).mean()),
                        "low": float(_surely(found[..., alone]).mean()),
                        "least_gain": _gain(self.least[r, mood, ONE_ROUND, int(cell)]),
                        "count": len(found),
                    }

    def pairs(self) -> Iterator[Row]:
        """How near two regimes come to being equilibria at the same weights, each in its assumed mood."""
        for (a, one), (b, two) in itertools.combinations(enumerate(self.regimes), 2):
            for role, same in EXACT.items():
                gains = [
                    [
                        round_gains(self.game, int(cell), self.game.states(regime.mood), same)
                        for cell in self.cells[r]
                        if self.least[r, regime.mood, role, int(cell)].possible
                    ]
                    for r, regime in ((a, one), (b, two))
                ]
                found = [least_gain(self.game, np.concatenate(both)) for both in itertools.product(*gains)]
                nearest = min(found, key=lambda each: each.value, default=None)
                label = {"part": "pair", "regime": one.name, "key": two.name, "role": role, "count": len(found)}
                yield {**label, "least_gain": _gain(nearest)}

    def common(self) -> Iterator[Row]:
        """The most common moves of the standoff on the path, of deals and of punishments, whatever the record."""
        for role in (STANDOFFS[0], DEAL, PUNISHMENT):
            for m, mood in enumerate(self.drawn.moods):
                shares = self.drawn.chances[m] @ self.drawn.fills[:, m, :, ROLES.index(role)].mean(axis=0)
                for cell in np.argsort(-shares, kind="stable")[: self.plan.n_common]:
                    if shares[cell] > 0.0:
                        label = {"part": "common", "mood": mood, "role": role, "key": self.drawn.move_names[cell]}
                        yield {**label, "share": float(shares[cell]), "count": len(self.drawn.fills)}

    def grids(self) -> Iterator[Row]:
        coarse = np.concatenate([self.default.hits, self.drawn.hits[: self.plan.n_fine]])
        for i, role in enumerate(ROLES):
            same = np.abs(coarse[..., i] - self.fine.hits[..., i]) < 1e-9
            yield {"part": "grid", "role": role, "share": float(same.mean()), "count": same.size}

    def rare(self) -> Iterator[Row]:
        for r, regime in enumerate(self.regimes):
            possible = self.first[r, regime.mood, NOT_EXCLUDED]
            if not 0.0 < possible.mean() < self.plan.rare:
                continue
            chosen = np.flatnonzero(possible)[: self.plan.n_rare]
            some = calibrate(self.game, self.regimes, {key: values[chosen] for key, values in self.many.items()})
            m = some.moods.index(regime.mood)
            for i, role in enumerate(ROLES):
                yield {
                    "part": "rare",
                    "regime": regime.name,
                    "mood": regime.mood,
                    "role": role,
                    "text": _moves(some, r, m, i),
                    "share": float(some.hits[:, r, m, i].mean()),
                    "base_rate": float(possible.mean()),
                    "count": len(chosen),
                }

    def fit(self) -> Iterator[Row]:
        for words, roles in COUNTED.items():
            for mood in (None, *self.drawn.moods):
                hits = self.drawn.reproduced(roles, mood)
                label = {"part": "fit", "role": words, "mood": mood or "assumed", "count": len(hits)}
                for number, count in enumerate(np.bincount(hits.sum(axis=1), minlength=len(self.regimes) + 1)):
                    yield {**label, "key": f"{number}", "share": count / len(hits)}
                for name, share in zip(self.drawn.regime_names, hits.mean(axis=0), strict=True):
                    yield {**label, "regime": name, "share": float(share)}

    def profile(self) -> Iterator[Row]:
        number, n_bins = self.drawn.reproduced(NO_PAYMENTS).sum(axis=1), self.plan.n_bins
        for key, values in self.draws.items():
            p = self.scenario.parameters[key]
            ends = np.linspace(p.low, p.high, n_bins + 1)
            part = np.clip(np.searchsorted(ends, values, side="right") - 1, 0, n_bins - 1)
            for b, (low, high) in enumerate(itertools.pairwise(ends)):
                inside = number[part == b]
                yield {
                    "part": "profile",
                    "key": key,
                    "text": f"at most {inside.max(initial=0)}",
                    "share": float(inside.mean()) if len(inside) else np.nan,
                    "low": float(low),
                    "high": float(high),
                    "count": len(inside),
                }

    def identified(self) -> Iterator[Row]:
        first = np.stack([self.first[r, regime.mood, ONE_ROUND] for r, regime in enumerate(self.regimes)], axis=1)
        yield from self._tests("without side payments", self.draws, self.drawn.reproduced(NO_PAYMENTS))
        yield from self._tests(ONE_ROUND, self.many, first)

    def _tests(self, role: str, weights: Mapping[str, FloatArray], hits: BoolArray) -> Iterator[Row]:
        """The level of significance is shared among all tests of one kind of role."""
        tests = separations(self.drawn.regime_names, weights, hits)
        counts = dict(zip(self.drawn.regime_names, hits.sum(axis=0), strict=True))
        for each in tests:
            yield {
                "part": "identified",
                "regime": each.regime,
                "role": role,
                "key": each.key,
                "text": "yes" if each.p_value * len(tests) < self.plan.significance else "no",
                "low": each.low,
                "high": each.high,
                "distance": each.distance,
                "p_value": each.p_value,
                "count": int(counts[each.regime]),
            }


def _kinds(chances: Mapping[str, float]) -> str:
    """Kinds of roles that are filled, with the largest chance of each."""
    most: dict[str, float] = {}
    for role, chance in chances.items():
        most[kind_of(role)] = max(most.get(kind_of(role), 0.0), chance)
    return "; ".join(f"{kind} ({chance:.2f})" for kind, chance in most.items() if chance > 0.0)


def _surely(holds: BoolArray) -> BoolArray:
    """Draws in which something holds in every state of the start, from ``(n_draws, n_starts, n)``."""
    return np.asarray(np.asarray(holds.any(axis=2)).all(axis=1))


def _gain(one: LeastGain | None) -> float:
    """The least gain; where nothing can be an equilibrium, what it is surely not below."""
    return np.nan if one is None else one.value if one.possible else one.bound


def _moves(some: Calibration, r: int, m: int, i: int) -> str:
    """Moves of a regime that fill a role in some draw, with their shares of draws."""
    shares = some.chances[m] @ some.fills[:, m, :, i].mean(axis=0)
    cells = sorted(np.flatnonzero(some.regimes[r] & (shares > 0.0)), key=lambda cell: -shares[cell])
    return "; ".join(f"{some.move_names[cell]} {shares[cell]:.2f}" for cell in cells)
