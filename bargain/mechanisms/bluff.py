"""Signalling and bluff about a stock: does showing strength keep an embargo away, and how often is it only shown?

The target's stock is small with chance p, else large. It keeps quiet, or shows strength at a cost c_S or c_L (running a
stock down for all to see, laying one in, exporting on): the smaller the stock, the dearer the units shown. The rival
then imposes an embargo, which is worth W_S > 0 against a small stock, W_L < 0 against a large one and takes A_S or A_L
from the target; it pays when a small stock is believed with more than b = -W_L / (W_S - W_L). As in Spence (1973):

    c_S >= A_S, c_L <= A_L             only a large stock is shown, and believed
    c_S <  A_S, p > b,                 a small one is shown too, with chance q = (1 - p) b / (p (1 - b)), so that what
    c_S / A_S >= c_L / A_L             is shown leaves the rival indifferent; it calls the bluff with chance 1 - c_S/A_S
    p <= b                             quiet is enough: no embargo either way
    otherwise                          nothing is shown and the embargo comes

A claim without cost (c = 0) is never believed: what is said is met as silence is (Crawford and Sobel 1982).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, Self

import numpy as np

from bargain.games.signalling import SignallingEquilibrium, SignallingGame, certify_signalling

Pair = tuple[float, float]
Regime = Literal["no embargo pays", "every embargo pays", "separating", "bluff", "quiet and safe", "quiet and hit"]


@dataclass(frozen=True)
class Bluff:
    """The informative equilibrium of the game about a stock.

    shows: chance that a small and that a large stock is shown; embargo: chance after quiet and after a show; believed:
    chance of a small stock after quiet and after a show; threshold: belief in a small stock above which the embargo
    pays; payoffs: of the target with a small and a large stock; rival_payoff; gain: most that any type, or the rival
    after either message, gains from a deviation, as a share of the payoff range; intuitive: whether it passes the
    intuitive criterion (Cho and Kreps 1987).
    """

    regime: Regime
    shows: Pair
    embargo: Pair
    believed: Pair
    threshold: float
    payoffs: Pair
    rival_payoff: float
    gain: float
    intuitive: bool

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        content: dict[str, Any] = {k: tuple(entry) if isinstance(entry, list) else entry for k, entry in data.items()}
        return cls(**content)


def stock_game(chance_small: float, harm: Pair, worth: Pair, show_cost: Pair) -> SignallingGame:
    """The signalling game about a stock: types small and large, messages quiet and show, responses none and embargo.

    harm: what an embargo takes from the target, by type, >= 0; worth: of an embargo to the rival, by type; show_cost:
    by type, >= 0.
    """
    if not 0.0 < chance_small < 1.0:
        raise ValueError(f"chance_small = {chance_small:g} is not in (0, 1)")
    for name, pair, least in (("harm", harm, 0.0), ("worth", worth, -math.inf), ("show_cost", show_cost, 0.0)):
        if len(pair) != 2 or not all(least <= value < math.inf and value > -math.inf for value in pair):
            raise ValueError(f"{name} = {pair} is not one finite number for each type" + " >= 0" * (least == 0.0))
    sender, receiver = np.zeros((2, 2, 2)), np.zeros((2, 2, 2))
    sender[:, 1, :] -= np.array(show_cost)[:, None]
    sender[:, :, 1] -= np.array(harm)[:, None]
    receiver[:, :, 1] = np.array(worth)[:, None]
    labels = (("small", "large"), ("quiet", "show"), ("none", "embargo"))
    return SignallingGame([chance_small, 1.0 - chance_small], sender, receiver, *labels)


def bluff(chance_small: float, harm: Pair, worth: Pair, show_cost: Pair) -> Bluff:
    """The equilibrium that tells most about the stock, in closed form; certified type by type and message by message.

    Arguments as in ``stock_game``, with an embargo worth at least as much against a small stock as against a large one.
    Where the chance of a small stock is below the threshold silence is chosen, though others may tell more:
    ``perfect_bayesian(stock_game(...))`` lists them. ValueError where the worths are the other way round.
    """
    if worth[0] < worth[1]:
        raise ValueError(f"worth = {worth} is larger against a large stock; the rule is that a small one is hit harder")
    game = stock_game(chance_small, harm, worth, show_cost)
    threshold = _threshold(worth)
    regime = _regime(chance_small, threshold, harm, worth, show_cost)
    shows, embargo, unsent = _play(regime, chance_small, threshold, harm, show_cost)
    sender = [[1.0 - show, show] for show in shows]
    posterior = game.posterior(sender)
    beliefs = np.where(np.isnan(posterior), [[unsent, 1.0 - unsent]] * 2, posterior)
    checked = certify_signalling(game, sender, [[1.0 - e, e] for e in embargo], beliefs)
    return Bluff(
        regime,
        shows,
        embargo,
        (float(beliefs[0, 0]), float(beliefs[1, 0])),
        threshold,
        (float(checked.payoffs[0]), float(checked.payoffs[1])),
        checked.receiver_payoff,
        _largest_gain(game, checked),
        checked.intuitive,
    )


def _threshold(worth: Pair) -> float:
    """Belief in a small stock above which the embargo pays; 0 where it always does, 1 where it never does."""
    small, large = worth
    if large >= 0.0:
        return 0.0 if max(small, large) > 0.0 else 1.0
    return 1.0 if small <= 0.0 else -large / (small - large)


def _regime(chance_small: float, threshold: float, harm: Pair, worth: Pair, cost: Pair) -> Regime:
    if threshold >= 1.0:
        return "no embargo pays"
    if threshold <= 0.0:
        return "every embargo pays"
    if chance_small <= threshold:
        return "quiet and safe"
    if cost[1] > harm[1]:
        return "quiet and hit"
    if cost[0] >= harm[0]:
        return "separating"
    return "bluff" if cost[0] * harm[1] >= cost[1] * harm[0] and cost[0] > 0.0 else "quiet and hit"


def _play(regime: Regime, p: float, b: float, harm: Pair, cost: Pair) -> tuple[Pair, Pair, float]:
    """(chance of a show by type, chance of an embargo by message, belief in a small stock after what nobody sends)."""
    if regime == "separating":
        return (0.0, 1.0), (1.0, 0.0), 1.0
    if regime == "bluff":
        return ((1.0 - p) * b / (p * (1.0 - b)), 1.0), (1.0, 1.0 - cost[0] / harm[0]), 1.0
    hit = 0.0 if regime in ("no embargo pays", "quiet and safe") else 1.0
    # What nobody sends tells nothing: the rival keeps to its prior.
    return (0.0, 0.0), (hit, hit), p


def _largest_gain(game: SignallingGame, checked: SignallingEquilibrium) -> float:
    parts = ((checked.sender_regret, game.sender), (checked.receiver_regret, game.receiver))
    return max(float(regret.max()) / (float(np.ptp(table)) or 1.0) for regret, table in parts)
