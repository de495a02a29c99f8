"""Tariffs that governments would choose: best responses, unilaterally optimal and Nash tariffs, with a certificate.

An instrument is one rate that an importer levies on a set of exporters; its owner maximises the own real income W.
Rates where every gradient of real income vanishes, or pushes against a bound, are found by a grid scan (so that the
start is near the global optimum) and Newton steps (`tariff_search.py`); `deviation_gain` then measures, without
gradients, what any player could still gain. Two countries: t = (1 + t_F lambda_FF)/(eps lambda_FF (1+t_F)) (Gros
1987; Felbermayr, Jung and Larch 2013). The game over many countries is that of Ossa (2014), section II.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bargain.economy.tariff_search import RATE_TOLERANCE, TariffProblem, deviation_gain, newton, scan
from bargain.economy.trade import TradeModel, TradeOutcome
from bargain.economy.trade_checks import read_only
from bargain.economy.wages import Array

DEFAULT_BOUNDS = (0.0, 10.0)
_GAIN_TOLERANCE = 1e-9  # a deviation that raises real income by less is none
_AT_BOUND = 1e-9


class TariffWarning(UserWarning):
    """A tariff game whose answer rests on a bound or on trade deficits that are held fixed."""


@dataclass(frozen=True, eq=False)
class TariffGame:
    """Answer of a tariff game, for one set of parameters or many draws (leading axes `...`).

    players: the regions that choose;  instruments: (importer, exporters it taxes at one common rate), owner first
    rates (..., n_instruments): the rates found;  tariffs (..., n, n): all rates t[exporter, importer]
    outcome: the trade equilibrium at these tariffs
    deviation_gain (..., n_players): largest relative gain of real income from another rate, on a grid refined twice
    residual (...): last Newton step in log(1+t), the distance to the first-order conditions
    converged (...): residual small, trade converged and no deviation gains
    at_bound (..., n_instruments): the rate sits on a bound;  bounds: (lower, upper);  notes: warnings as text
    """

    players: tuple[str, ...]
    instruments: tuple[tuple[str, tuple[str, ...]], ...]
    rates: Array
    tariffs: Array
    outcome: TradeOutcome
    deviation_gain: Array
    residual: Array
    converged: NDArray[np.bool_]
    at_bound: NDArray[np.bool_]
    bounds: tuple[float, float]
    notes: tuple[str, ...]

    @property
    def real_income(self) -> Array:
        """Real income of all regions relative to the base of the model, (..., n)."""
        return self.outcome.real_income


def best_response(
    model: TradeModel,
    player: str,
    targets: Sequence[str] | None = None,
    *,
    per_target: bool = False,
    tariffs: ArrayLike | None = None,
    bounds: tuple[float, float] = DEFAULT_BOUNDS,
) -> TariffGame:
    """Rates of one player that maximise its real income, all other rates in `tariffs` (..., n, n) given.

    The given tariffs are the base ones by default; then the answer is the unilaterally optimal tariff. One common rate
    on all `targets` (default: every partner), or with `per_target` one rate for each. Bounds are rates: (0, 10) allows
    up to 1000 %.
    """
    chosen = tuple(targets) if targets is not None else tuple(r for r in model.regions if r != player)
    instruments = [(player, (target,)) for target in chosen] if per_target else [(player, chosen)]
    return _solve_game(model, instruments, tariffs, bounds)


def nash_tariffs(
    model: TradeModel,
    players: Sequence[str] | None = None,
    *,
    pairs: Sequence[tuple[str, str]] | None = None,
    tariffs: ArrayLike | None = None,
    bounds: tuple[float, float] = DEFAULT_BOUNDS,
) -> TariffGame:
    """Tariffs at which no player gains from another rate, the tariffs of all others and all other pairs given.

    Default: every region sets one rate on everyone. With `players` each of them sets one rate on the other players (two
    players: the bilateral game). With `pairs` (importer, exporter) each pair has its own rate.
    """
    if players is not None and pairs is not None:
        raise ValueError("players and pairs are both given; the rule is one of them")
    if pairs is not None:
        return _solve_game(model, [(importer, (exporter,)) for importer, exporter in pairs], tariffs, bounds)
    chosen = tuple(model.regions if players is None else players)
    return _solve_game(model, [(p, tuple(q for q in chosen if q != p)) for p in chosen], tariffs, bounds)


def optimal_tariffs(
    model: TradeModel, players: Sequence[str] | None = None, *, bounds: tuple[float, float] = DEFAULT_BOUNDS
) -> dict[str, TariffGame]:
    """Unilaterally optimal tariff of each player in turn, one rate on everyone, all others at base tariffs."""
    return {player: best_response(model, player, bounds=bounds) for player in players or model.regions}


def _solve_game(
    model: TradeModel,
    instruments: Sequence[tuple[str, tuple[str, ...]]],
    tariffs: ArrayLike | None,
    bounds: tuple[float, float],
) -> TariffGame:
    """Scan, Newton steps, certificate."""
    problem = TariffProblem(model, instruments, tariffs, bounds)
    start = scan(problem)
    y, residual = newton(problem, start)
    gain = deviation_gain(problem, y)
    outcome = problem.outcome(y)
    fine = outcome.converged & (residual <= RATE_TOLERANCE) & (gain.max(axis=-1) <= _GAIN_TOLERANCE)
    at_bound = (y <= problem.low + _AT_BOUND) | (y >= problem.high - _AT_BOUND)
    notes = _notes(problem, at_bound)
    for note in notes:
        warnings.warn(note, TariffWarning, stacklevel=3)
    rates = read_only(np.clip(np.expm1(y), *problem.bounds))
    return TariffGame(
        problem.players,
        problem.instruments,
        rates,
        outcome.tariffs,
        outcome,
        read_only(gain),
        read_only(residual),
        fine,
        at_bound,
        problem.bounds,
        notes,
    )


def _notes(problem: TariffProblem, at_bound: NDArray[np.bool_]) -> tuple[str, ...]:
    notes = []
    if not problem.model.is_balanced:
        notes.append(
            "trade deficits were not purged: with fixed transfers a deficit region's best response runs to its bound"
        )
    for k, (importer, exporters) in enumerate(problem.instruments):
        if at_bound[..., k].any():
            share = "" if not problem.shape else f" in {int(at_bound[..., k].sum())} of {at_bound[..., k].size} draws"
            notes.append(f"the tariff of {importer} on {', '.join(exporters)} is at its bound{share}")
    return tuple(notes)
