"""Restrict only for a while: for how long a restriction pays its sender when every round of it speeds up rebuilding.

Supply elsewhere grows by p a round while the input flows and by p + e while it is withheld (``growth``); what has been
built stays when the restriction is lifted. With flows of the sender r_t in the t-th round of restriction and o(k) at
the capacity k in a round without, restricting for n rounds and never again is worth

    V(n) = (1 - d) sum_(t < n) d^t r_t + d^n O(k_n),     O(k) = (1 - d) sum_m d^m o(k + p m),

k_n = k_0 + (p + e) n, capacity never above 1. V(n) - V(0) is what is gained in these n rounds less what is lost in all
later ones, d^n [O(k_0 + p n) - O(k_n)], the part that persists. The best n is found by comparing all of them.

In the linear case, with D = 1 - k the supply still controlled, r = q D - f and o = w D,

    O(D) = w [D (1 - d^N) - p d (1 - N d^(N-1) + (N - 1) d^N) / (1 - d)],

N = ceil(D / p) the rounds until D is gone, and as no unit of supply lost is worth more than w for ever, one more round
pays in any case as long as

    D >= D* = (f + w e d / (1 - d)) / (q - w):

the larger the extra pace and the more patient the sender, the earlier it should stop. Where e = 0 the rule is the
static one, q D - f >= w D.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from bargain.games.record import ArrayRecord, FloatArray, finite_array


@dataclass(frozen=True, eq=False)
class TemporaryRestriction(ArrayRecord):
    """What restricting for 0, 1, 2, ... rounds is worth to the sender, value per round, over never restricting.

    capacity ``(n + 1,)``: elsewhere, after so many rounds; gained: in the rounds of restriction; lost: in all later
    rounds; worth: gained less lost; length: the number of rounds with the largest worth, the smallest of equal ones.
    """

    capacity: FloatArray
    gained: FloatArray
    lost: FloatArray
    length: int

    def __post_init__(self) -> None:
        for name in ("capacity", "gained", "lost"):
            object.__setattr__(self, name, finite_array(getattr(self, name), name))

    @property
    def worth(self) -> FloatArray:
        """Gained less lost, for every length ``(n + 1,)``."""
        return np.asarray(self.gained - self.lost)

    @property
    def best(self) -> float:
        """Worth of the best length, >= 0."""
        return float(self.worth[self.length])

    @property
    def exhausted(self) -> bool:
        """Whether after the best length nothing is left to control."""
        return bool(self.capacity[self.length] >= 1.0)

    @property
    def at_limit(self) -> bool:
        """Whether the longest length tried is the best, so that a longer one may be better."""
        return self.length == len(self.capacity) - 1

    def to_dict(self) -> dict[str, Any]:
        arrays = {name: getattr(self, name).tolist() for name in ("capacity", "gained", "lost")}
        return {**arrays, "length": self.length}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        return cls(data["capacity"], data["gained"], data["lost"], data["length"])


def capacity_path(today: float, pace: float, n_rounds: int) -> FloatArray:
    """Capacity elsewhere at the start of rounds 0 to n_rounds, growing by ``pace`` a round up to 1, ``(n + 1,)``."""
    return np.asarray(np.minimum(1.0, today + pace * np.arange(n_rounds + 1)))


def temporary_restriction(
    restricted: npt.ArrayLike,
    opened: Callable[[FloatArray], FloatArray],
    today: float,
    open_pace: float,
    restricted_pace: float,
    discount_factor: float,
) -> TemporaryRestriction:
    """The worth of every length of a restriction up to that of ``restricted``, and the best one.

    restricted ``(n,)``: the sender's flow in the t-th round of restriction, at the capacity of ``capacity_path``;
    opened: its flow without a restriction at capacities of any shape; today: capacity elsewhere, in [0, 1]; open_pace,
    restricted_pace: its growth a round, 0 <= open_pace <= restricted_pace; discount_factor in (0, 1).
    """
    flows = finite_array(restricted, "restricted")
    _check(flows, today, open_pace, restricted_pace, discount_factor)
    n, d = len(flows), discount_factor
    weights = (1.0 - d) * d ** np.arange(n)
    capacity, untouched = capacity_path(today, restricted_pace, n), capacity_path(today, open_pace, n)
    later, now = _open_values(np.stack([untouched, capacity]), opened, open_pace, d)
    gained = np.concatenate([[0.0], np.cumsum(weights * (flows - now[0, :-1]))])
    lost = d ** np.arange(n + 1) * (later[0] - later[1])
    lost[0] = 0.0
    worth = gained - lost
    # Rounding makes no spell longer.
    ties = 1e-12 * max(float(np.abs(worth).max()), float(np.abs(flows).max(initial=0.0)))
    return TemporaryRestriction(capacity, gained, lost, int(np.flatnonzero(worth >= worth.max() - ties)[0]))


def best_in_any_order(
    restricted: Callable[[FloatArray], FloatArray],
    opened: Callable[[FloatArray], FloatArray],
    today: float,
    open_pace: float,
    restricted_pace: float,
    discount_factor: float,
) -> tuple[float, bool]:
    """The value per round of restricting in whatever rounds are best, and whether the first one is among them.

    Both flows depend on capacity alone, so that what has happened is told by the numbers of rounds of either kind:
    backward induction over them is exact. At full capacity the larger flow goes on for ever. open_pace > 0. The
    difference to ``temporary_restriction`` is what one spell at the start leaves out.
    """
    _check(np.zeros(0), today, open_pace, restricted_pace, discount_factor)
    if open_pace == 0.0:
        raise ValueError("open_pace = 0 is not > 0: without growth nothing ends")
    d = discount_factor
    held, lifted = (int(np.ceil((1.0 - today) / pace - 1e-9)) for pace in (restricted_pace, open_pace))
    counts = np.arange(held + 1)[:, None], np.arange(lifted + 1)[None]
    capacity = np.minimum(1.0, today + restricted_pace * counts[0] + open_pace * counts[1])
    flows = np.stack([np.asarray(f(capacity), dtype=np.float64) for f in (restricted, opened)])
    end = np.asarray([float(np.asarray(f(np.ones(1)))[0]) for f in (restricted, opened)]).max()
    value, first = np.full((held + 2, lifted + 2), end), False
    for i in range(held, -1, -1):
        for j in range(lifted, -1, -1):
            if capacity[i, j] < 1.0:
                options = (1.0 - d) * flows[:, i, j] + d * np.array([value[i + 1, j], value[i, j + 1]])
                value[i, j] = options.max()
                first = bool(options[0] >= options[1])
    return float(value[0, 0]), first


def _open_values(
    capacity: FloatArray, opened: Callable[[FloatArray], FloatArray], pace: float, d: float
) -> tuple[FloatArray, FloatArray]:
    """O(k), the value per round of never restricting again, and the first flow of it, at capacities of any shape."""
    rounds = 0 if pace == 0.0 else int(np.ceil((1.0 - float(capacity.min())) / pace - 1e-9))
    path = np.minimum(1.0, capacity[..., None] + pace * np.arange(rounds + 1))
    flows = np.asarray(opened(path), dtype=np.float64)
    weights = (1.0 - d) * d ** np.arange(rounds + 1)
    # At full capacity, or without growth, the last flow goes on for ever.
    weights[-1] = d**rounds
    return np.asarray(flows @ weights), flows[..., 0]


def linear_open_value(
    controlled: npt.ArrayLike, rent: npt.ArrayLike, pace: npt.ArrayLike, discount_factor: npt.ArrayLike
) -> FloatArray:
    """O(D) of the linear case, per round: a rent w on the supply still controlled, which shrinks by p > 0 a round."""
    D, w, p, d = (np.asarray(x, dtype=np.float64) for x in (controlled, rent, pace, discount_factor))
    n = np.ceil(D / p)
    worn = d * (1.0 - n * d ** (n - 1.0) + (n - 1.0) * d**n) / (1.0 - d)
    return np.asarray(w * (D * (1.0 - d**n) - p * worn))


def pays_above(
    gain: npt.ArrayLike,
    cost: npt.ArrayLike,
    rent: npt.ArrayLike,
    extra_pace: npt.ArrayLike,
    discount_factor: npt.ArrayLike,
) -> FloatArray:
    """D* of the linear case: supply controlled from which on one more round of restriction pays in any case.

    gain: q, of restricting, a unit of supply controlled; cost: f >= 0, a round; rent: w >= 0, a unit without;
    extra_pace: e >= 0. Infinite where restricting gains no more than the rent. Sufficient; below it the exact worth
    decides. All broadcast.
    """
    q, f, w, e, d = np.broadcast_arrays(
        *(np.asarray(x, dtype=np.float64) for x in (gain, cost, rent, extra_pace, discount_factor))
    )
    for name, x, fits, rule in (
        ("cost", f, f >= 0.0, ">= 0"),
        ("rent", w, w >= 0.0, ">= 0"),
        ("extra_pace", e, e >= 0.0, ">= 0"),
        ("discount_factor", d, (d > 0.0) & (d < 1.0), "in (0, 1)"),
    ):
        if not np.all(fits):
            raise ValueError(f"{name} = {x[~fits].flat[0]:g} is not {rule}")
    lost = f + w * e * d / (1.0 - d)
    return np.asarray(np.divide(lost, q - w, out=np.full(lost.shape, np.inf), where=q > w))


def _check(flows: FloatArray, today: float, open_pace: float, restricted_pace: float, d: float) -> None:
    if flows.ndim != 1:
        raise ValueError(f"restricted of shape {flows.shape} is not one flow a round")
    for name, value, fits, rule in (
        ("today", today, 0.0 <= today <= 1.0, "a share in [0, 1]"),
        ("open_pace", open_pace, 0.0 <= open_pace < np.inf, "finite and >= 0"),
        ("restricted_pace", restricted_pace, open_pace <= restricted_pace < np.inf, f">= open_pace = {open_pace:g}"),
        ("discount_factor", d, 0.0 < d < 1.0, "in (0, 1)"),
    ):
        if not fits:
            raise ValueError(f"{name} = {value:g} is not {rule}")
