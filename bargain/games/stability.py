"""What sets the equilibria of a game apart: strictness, index, trembling hands, and play that adjusts.

strict: every player would lose by any deviation. Quasi-strict: every best reply is played (Harsanyi 1973).

index: for payoffs A, B > 0 and supports I, J of k actions each, (-1)^(k+1) sign(det A_IJ det B_IJ) (Shapley 1974; von
Stengel 2002, Handbook of Game Theory 3, section 2). It is defined where the equilibrium is regular (quasi-strict, the
determinants not zero); in a nondegenerate game the indices add up to +1, and a strict equilibrium has +1. Equilibria of
index -1 are unstable under every dynamic that has the equilibria as its rest points (Demichelis and Ritzberger 2003).

perfect: robust to small mistakes (Selten 1975). With two players that is to say that neither strategy is weakly
dominated, by a pure strategy or by a mix (van Damme 1991, theorem 3.2.2).

Replicator dynamics of both players, dx_i/dt = x_i (u_i - x . u): the equilibrium is stable if all eigenvalues of the
Jacobian on the simplex have a negative real part, which is so for strict equilibria only (Ritzberger and Weibull 1995);
unstable if one has a positive real part; purely imaginary ones, cycles around a mix, leave it open.

Logit dynamics, dx/dt = softmax(precision u) - x: near a regular equilibrium there is, for a high precision, one rest
point, with eigenvalues -1 for what is not played and about -1 + precision mu for what is, where mu are the replicator's
eigenvalues within the support (Hopkins 1999). As noise vanishes it is stable unless some mu has a positive real part.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np

from bargain.games.certificate import Equilibrium, certify
from bargain.games.linear_program import best_point
from bargain.games.profile import SUM_TOLERANCE, MixedProfile, supports
from bargain.games.record import FloatArray
from bargain.games.stage import StageGame

BEST = 1e-9
"""Replies that fall short of the best by up to this share of the payoff range are best replies, too."""

DOMINATED = 1e-8
"""Gain, summed over the opponent's actions and as a share of the payoff range, from which a strategy is dominated."""

GROWTH = 1e-6
"""Real parts of eigenvalues, per payoff range, up to this count as zero: roots of double eigenvalues are that noisy."""

LARGEST_REGRET = 1e-6
"""Profiles with more regret than this share of the payoff range are not examined: they are no equilibria."""


@dataclass(frozen=True)
class EquilibriumFlags:
    """Properties of one equilibrium; None where the question does not arise or is not answered.

    strict, quasi_strict: any number of players. For two players: index +1 or -1, None if the equilibrium is not
    regular; perfect, with the players whose strategies are weakly dominated; replicator_stable, None where the
    eigenvalues leave it open; replicator_growth: largest real part of an eigenvalue, per round in units of each
    player's payoff range; logit_stable: as noise vanishes, None if the equilibrium is not regular.
    """

    strict: bool
    quasi_strict: bool
    index: int | None = None
    perfect: bool | None = None
    weakly_dominated: tuple[str, ...] = ()
    replicator_stable: bool | None = None
    replicator_growth: float | None = None
    logit_stable: bool | None = None

    def to_dict(self) -> dict[str, Any]:
        return {**asdict(self), "weakly_dominated": list(self.weakly_dominated)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        return cls(**{**data, "weakly_dominated": tuple(data["weakly_dominated"])})


def equilibrium_flags(game: StageGame, equilibrium: Equilibrium | Sequence[Any]) -> EquilibriumFlags:
    """Strictness, index, perfection and stability of an equilibrium, or of a profile (indices, labels or mixed).

    Raises ValueError when the profile is none of this game, or leaves a regret above 1e-6 of the payoff range.
    """
    profile = game.profile(equilibrium.profile if isinstance(equilibrium, Equilibrium) else equilibrium)
    certificate = certify(game, profile, LARGEST_REGRET)
    if not certificate.holds:
        worst = float(certificate.relative_regret.max())
        raise ValueError(f"the profile is no equilibrium: regret {worst:.3g} of the payoff range")
    losses = _losses(game, profile)
    strict, quasi_strict = _strict(profile, losses), _quasi_strict(profile, losses)
    if game.n_players != 2:
        return EquilibriumFlags(strict, quasi_strict)
    index = _index(game, profile) if quasi_strict else None
    dominated = tuple(game.players[k] for k in range(2) if weakly_dominated(game, profile[k], k))
    inside = _largest_growth(game, profile)
    outside = max(
        -float(np.delete(own, used).min(initial=np.inf)) for own, used in zip(losses, supports(profile), strict=True)
    )
    growth = max(inside, outside)
    return EquilibriumFlags(
        strict=strict,
        quasi_strict=quasi_strict,
        index=index,
        perfect=not dominated,
        weakly_dominated=dominated,
        replicator_stable=None if abs(growth) <= GROWTH else growth < 0.0,
        replicator_growth=growth if np.isfinite(growth) else None,
        logit_stable=None if index is None else inside <= GROWTH,
    )


def weakly_dominated(game: StageGame, strategy: FloatArray, player: int) -> bool:
    """Whether some other strategy, pure or mixed, is never worse than this one and sometimes better; two players.

    max sum_j (z A - x A)_j subject to z A >= x A, z a strategy: positive exactly when x is dominated (van Damme 1991).
    """
    table = _relative(game, player)
    value = strategy @ table
    best = best_point(
        [table.sum(axis=1)],
        -table.T,
        -value,
        equalities=np.ones((1, len(table))),
        targets=np.ones(1),
        even=False,
    )
    return not best.failure and best.value - float(value.sum()) > DOMINATED


def _relative(game: StageGame, player: int) -> FloatArray:
    """Own payoffs, own actions first, mapped to [1, 2]."""
    table = game.payoffs[player] if player == 0 else game.payoffs[player].T
    return np.asarray(1.0 + (table - table.min()) / (float(np.ptp(table)) or 1.0))


def _losses(game: StageGame, profile: MixedProfile) -> list[FloatArray]:
    """For each player what each own action loses against the best, as a share of the payoff range."""
    scales = np.where(game.payoff_range > 0.0, game.payoff_range, 1.0)
    return [(own.max() - own) / scale for own, scale in zip(game.deviation_payoffs(profile), scales, strict=True)]


def _strict(profile: MixedProfile, losses: list[FloatArray]) -> bool:
    best = [np.flatnonzero(own <= BEST) for own in losses]
    return all(
        len(own) == 1 and strategy[own[0]] > 1.0 - SUM_TOLERANCE for own, strategy in zip(best, profile, strict=True)
    )


def _quasi_strict(profile: MixedProfile, losses: list[FloatArray]) -> bool:
    return all(
        np.array_equal(own <= BEST, strategy > SUM_TOLERANCE) for own, strategy in zip(losses, profile, strict=True)
    )


def _index(game: StageGame, profile: MixedProfile) -> int | None:
    """Index of a quasi-strict equilibrium, None when it is not regular."""
    rows, columns = supports(profile, SUM_TOLERANCE)
    if len(rows) != len(columns):
        return None
    sign = -1.0 if len(rows) % 2 == 0 else 1.0
    for table in (_relative(game, 0), _relative(game, 1).T):
        block = table[np.ix_(rows, columns)]
        values = np.linalg.svd(block, compute_uv=False)
        if values[-1] <= BEST * values[0]:
            return None
        sign *= float(np.linalg.slogdet(block)[0])
    return int(sign)


def _largest_growth(game: StageGame, profile: MixedProfile) -> float:
    """Largest real part of the replicator's eigenvalues within the support; minus infinity when nobody mixes.

    Within the support the Jacobian is [[0, D_x A], [D_y B', 0]], D_x = diag(x) - x x', on vectors that sum to zero.
    """
    used = supports(profile, SUM_TOLERANCE)
    blocks, bases = [], []
    for k in range(2):
        strategy = profile[k][list(used[k])]
        table = _relative(game, k)[np.ix_(used[k], used[1 - k])]
        blocks.append((np.diag(strategy) - np.outer(strategy, strategy)) @ table)
        bases.append(np.linalg.svd(np.ones((1, len(strategy))))[2][1:].T)
    sizes = [basis.shape[1] for basis in bases]
    if sum(sizes) == 0:
        return -np.inf
    jacobian = np.zeros((sum(sizes), sum(sizes)))
    jacobian[: sizes[0], sizes[0] :] = bases[0].T @ blocks[0] @ bases[1]
    jacobian[sizes[0] :, : sizes[0]] = bases[1].T @ blocks[1] @ bases[0]
    return float(np.linalg.eigvals(jacobian).real.max())
