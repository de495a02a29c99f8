"""The smallest discount factor at which something is self-enforcing.

Under grim trigger a profile a, played for ever, holds against player i from (D - C) / (D - N) on, with C = u_i(a), D
the best deviation, N the payoff of i in the pure stage equilibrium that is worst for i (Friedman 1971). Under optimal
penal codes (Abreu 1988) N is replaced by the worst equilibrium payoff, which itself depends on the discount factor:
the sets of two-player games without side payments grow with it, so that bisection finds the threshold.

With side payments a profile needs the liquidity L(a) = sum_i (best deviation of i) - sum_i u_i(a), and can be played
when L(a) <= r (U - sum_i v_i), r = d / (1 - d); U is the largest joint payoff, v_i the smallest best-deviation payoff
of i over the profiles that can be played (Goldluecke and Kranz 2012). As this gap S(t) grows with the liquidity t that
is allowed, the threshold r of a profile is the least t / S(t) over t >= L(a): exact, for any number of players.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from bargain.games.profile import PureProfile, pure_profile
from bargain.games.record import FloatArray, finite_array
from bargain.games.repeated import RepeatedGame
from bargain.games.responses import best_replies
from bargain.games.stage import StageGame
from bargain.solvers.base import TIE
from bargain.solvers.critical_bisection import bisected

NEVER = float("inf")


class CriticalDiscountFactor(float):
    """A threshold as a number, infinite when nothing in [0, 1) is patient enough, with what is known about it.

    bracket: (lower, upper), it fails at the lower and holds at the upper discount factor; exact: whether the number
    solves the incentive constraint in closed form; note: what decides, in words.
    """

    bracket: tuple[float, float]
    exact: bool
    note: str

    def __new__(
        cls, value: float, bracket: tuple[float, float] | None = None, exact: bool = True, note: str = ""
    ) -> CriticalDiscountFactor:
        number = super().__new__(cls, value)
        number.bracket = (float(value), float(value)) if bracket is None else bracket
        number.exact = exact
        number.note = note
        return number


def critical_discount_factor(
    game: StageGame | RepeatedGame, target: Sequence[Any], *, strategies: str = "optimal", transfers: bool = False
) -> CriticalDiscountFactor:
    """Smallest discount factor from which on the target is the outcome of a pure subgame-perfect equilibrium.

    target: a pure profile, by labels or whole numbers, that is played for ever, or payoffs, by floats, one each;
    strategies: "grim" for a threat with stage equilibria only, "optimal" for the worst punishments; transfers: whether
    players can pay each other (payoffs in one unit; payoffs may be thrown away). Grim trigger takes profiles only,
    optimal strategies without transfers two players only (public lotteries allowed).
    """
    stage = game.stage_game if isinstance(game, RepeatedGame) else game
    if not isinstance(stage, StageGame):
        raise TypeError(f"game is a {type(game).__name__}, not a StageGame or a RepeatedGame")
    if strategies not in ("grim", "optimal"):
        raise ValueError(f"strategies = {strategies!r} is neither 'grim' nor 'optimal'")
    if not isinstance(transfers, bool | np.bool_):
        raise ValueError(f"transfers = {transfers!r} is neither True nor False")
    wanted = _target(stage, target)
    if strategies == "grim":
        if isinstance(wanted, np.ndarray):
            raise ValueError("grim trigger sustains a profile, not payoffs: give actions, or strategies='optimal'")
        return _grim(stage, wanted, transfers)
    if transfers:
        return _with_transfers(stage, wanted)
    if stage.n_players != 2:
        raise ValueError(
            f"optimal punishments without transfers are for 2 players, this game has {stage.n_players}; "
            "use strategies='grim' or transfers=True"
        )
    return _by_bisection(stage, wanted)


def grim_trigger_factor(cooperation: float, deviation: float, punishment: float) -> float:
    """(D - C) / (D - N): threshold of one player from payoffs of cooperation, deviation and punishment for ever.

    0 when the deviation gains nothing, infinite when the punishment does not hurt.
    """
    gain = deviation - cooperation
    if gain <= 0.0:
        return 0.0
    return gain / (deviation - punishment) if punishment < cooperation else NEVER


def stick_and_carrot_factor(
    carrot: float, carrot_deviation: float, sticks: npt.ArrayLike, stick_deviations: npt.ArrayLike
) -> float:
    """Threshold of symmetric stick and carrot (Abreu 1986), the best of several sticks of one round.

    carrot, sticks: payoff of each player when all play the carrot, or one of the sticks ``(n,)``; the deviations: what
    the best deviation from it earns. Both must be deterred by the loss of one round:
    max(gain from the carrot, gain from the stick) <= d (carrot - stick).
    """
    low, tempting = finite_array(sticks, "sticks").reshape(-1), finite_array(stick_deviations, "stick_deviations")
    if low.shape != tempting.reshape(-1).shape:
        raise ValueError(f"{low.size} sticks and {tempting.size} stick_deviations")
    gain = np.maximum(carrot_deviation - carrot, tempting.reshape(-1) - low)
    if carrot_deviation <= carrot:
        return 0.0
    with np.errstate(divide="ignore", invalid="ignore"):
        factors = np.where(carrot > low, gain / (carrot - low), np.inf)
    best = float(factors.min(initial=np.inf))
    return best if best < 1.0 else NEVER


def _target(game: StageGame, target: Sequence[Any]) -> PureProfile | FloatArray:
    if isinstance(target, str) or not isinstance(target, Iterable):
        raise ValueError(
            f"target = {target!r} is neither one action nor one payoff for each of {', '.join(game.players)}"
        )
    target = tuple(target)
    if any(isinstance(x, (float, np.floating)) for x in target):
        payoffs = finite_array(target, "target")
        if payoffs.shape != (game.n_players,):
            raise ValueError(f"target = {target!r} is not one payoff for each of {', '.join(game.players)}")
        return payoffs
    return pure_profile(target, game.actions, game.players)


def _deviations(game: StageGame) -> FloatArray:
    """Payoff of each player's best action against each profile, ``(n_players, *n_actions)``."""
    best = [np.broadcast_to(table.max(axis=i, keepdims=True), table.shape) for i, table in enumerate(game.payoffs)]
    return np.stack(best)


def _grim(game: StageGame, profile: PureProfile, transfers: bool) -> CriticalDiscountFactor:
    at: Any = (slice(None), *profile)
    payoffs, best = game.payoffs[at], _deviations(game)[at]
    gains = np.where(best - payoffs > TIE * game.payoff_range, best - payoffs, 0.0)
    stable = best_replies(game).all(axis=0)
    if not gains.any():
        return CriticalDiscountFactor(0.0, note="the profile is a stage equilibrium")
    if not stable.any():
        return CriticalDiscountFactor(NEVER, note="the stage game has no pure Nash equilibrium to revert to")
    worst = game.payoffs[:, stable].min(axis=1)
    if transfers:
        factor = grim_trigger_factor(float(payoffs.sum()), float((payoffs + gains).sum()), float(worst.sum()))
        return CriticalDiscountFactor(factor, note="the joint gain from deviations decides")
    factors = [
        grim_trigger_factor(float(c), float(c + g), float(n)) for c, g, n in zip(payoffs, gains, worst, strict=True)
    ]
    least, decisive = max(factors), game.players[int(np.argmax(factors))]
    most, tempted = _welcome_reversion(game, profile, worst)
    if least > most:
        return CriticalDiscountFactor(NEVER, note=f"{tempted} would rather have the stage equilibrium")
    limit = f", up to {most:.10g}, where {tempted} would rather have the stage equilibrium" if most < 1.0 else ""
    return CriticalDiscountFactor(least, note=f"the incentive of {decisive} decides{limit}")


def _welcome_reversion(game: StageGame, profile: PureProfile, worst: FloatArray) -> tuple[float, str]:
    """From which discount factor on somebody deviates for the sake of the stage equilibrium, and who; else 1.

    Who is worse off than there, gives up C - D with the best other action D and gains N - C afterwards.
    """
    most, tempted = 1.0, ""
    for i, player in enumerate(game.players):
        line = np.delete(np.moveaxis(game.payoffs[i], i, -1)[(*profile[:i], *profile[i + 1 :])], profile[i])
        now, other = float(game.payoffs[(i, *profile)]), float(line.max(initial=-np.inf))
        if now >= worst[i] - TIE * game.payoff_range[i] or not -np.inf < other <= now:
            continue
        limit = (now - other) / (float(worst[i]) - other)
        if limit < most:
            most, tempted = limit, player
    return most, tempted


def _with_transfers(game: StageGame, wanted: PureProfile | FloatArray) -> CriticalDiscountFactor:
    needs, joint, worst = liquidity_steps(game)
    tie = TIE * float(game.payoff_range.sum())
    if isinstance(wanted, np.ndarray):
        sustained = (joint >= wanted.sum() - tie) & (worst <= wanted + TIE * game.payoff_range).all(axis=1)
        note = "from here on the joint payoff and the punishments reach the target"
    else:
        own = float(_liquidity(game)[wanted])
        sustained, note = needs >= own - tie, "the joint gain from deviations decides"
    gap = joint - worst.sum(axis=1)
    # No liquidity is needed where nobody gains: then it holds at any discount factor.
    ratios = np.array([0.0 if t <= tie else t / s if s > tie else NEVER for t, s in zip(needs, gap, strict=True)])
    least = float(ratios[sustained].min(initial=NEVER))
    if least == NEVER:
        return CriticalDiscountFactor(NEVER, note="no discount factor in [0, 1) sustains it")
    return CriticalDiscountFactor(least / (1.0 + least), note=note)


def liquidity_steps(game: StageGame) -> tuple[FloatArray, FloatArray, FloatArray]:
    """What can be had when profiles of growing liquidity may be played, with transfers.

    Returns the distinct liquidities t ``(n,)`` in increasing order, for each the largest joint payoff U(t) ``(n,)`` and
    the punishment of each player v(t) ``(n, n_players)`` over the profiles with L(a) <= t.
    """
    need = _liquidity(game).reshape(-1)
    order = np.argsort(need, kind="stable")
    joint = np.maximum.accumulate(game.payoffs.sum(axis=0).reshape(-1)[order])
    worst = np.minimum.accumulate(_deviations(game).reshape(game.n_players, -1)[:, order], axis=1)
    sorted_needs = need[order]
    tie = TIE * float(game.payoff_range.sum())
    last = np.append(np.diff(sorted_needs) > tie, True)
    return sorted_needs[last], joint[last], worst[:, last].T


def _liquidity(game: StageGame) -> FloatArray:
    return np.asarray((_deviations(game) - game.payoffs).sum(axis=0))


def _by_bisection(game: StageGame, wanted: PureProfile | FloatArray) -> CriticalDiscountFactor:
    value, bracket, exact, note = bisected(game, wanted)
    return CriticalDiscountFactor(value, bracket, exact, note)
