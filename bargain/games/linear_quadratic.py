"""Linear-quadratic games over rounds: linear dynamics, quadratic losses, linear feedback strategies.

The state x moves by x' = A x + sum_i B_i u_i and player i loses, discounted by d,

    x' R_i x + u_i' Q_i u_i + sum_{j != i} u_j' S_ij u_j + 2 x' W_i' u_i + 2 sum_{j != i} u_j' M_ij u_i.

Strategies are u_i = -F_i x (Basar and Olsder 1999, chapter 6). Against the others' feedback a player faces a linear-
quadratic control problem whose optimum follows from one algebraic Riccati equation (Anderson, Hansen, McGrattan and
Sargent 1996): that is the certificate here, and no solver uses it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from bargain.games.markov import check_discount_factor
from bargain.games.record import ArrayRecord, FloatArray, finite_array
from bargain.games.stage import checked_labels

Matrices = tuple[FloatArray, ...]


@dataclass(frozen=True, eq=False, init=False)
class LinearQuadraticGame(ArrayRecord):
    """Two or more players with linear dynamics and quadratic losses.

    transition: A ``(n, n)``; controls: B_i ``(n, k_i)``; state_losses: R_i ``(n, n)``; control_losses: Q_i ``(k_i,
    k_i)``, positive definite; cross_losses: W_i ``(k_i, n)``, zero unless given; rival_losses: S_ij ``(k_j, k_j)`` and
    control_products: M_ij ``(k_j, k_i)``, for each i a row over all j (entries j = i are ignored), zero unless given.
    R_i, Q_i and S_ij are made symmetric. ValueError for shapes that do not fit and losses that are not convex in u_i.
    """

    transition: FloatArray
    controls: Matrices
    state_losses: Matrices
    control_losses: Matrices
    cross_losses: Matrices
    rival_losses: tuple[Matrices, ...]
    control_products: tuple[Matrices, ...]
    discount_factor: float
    players: tuple[str, ...]

    def __init__(
        self,
        transition: npt.ArrayLike,
        controls: Sequence[npt.ArrayLike],
        state_losses: Sequence[npt.ArrayLike],
        control_losses: Sequence[npt.ArrayLike],
        discount_factor: float,
        cross_losses: Sequence[npt.ArrayLike] | None = None,
        rival_losses: Sequence[Sequence[npt.ArrayLike]] | None = None,
        control_products: Sequence[Sequence[npt.ArrayLike]] | None = None,
        players: Sequence[str] | None = None,
    ) -> None:
        a = finite_array(transition, "transition")
        n, m = len(a), len(controls)
        if a.shape != (n, n) or not n:
            raise ValueError(f"transition of shape {a.shape} is not square")
        b = tuple(_matrix(each, f"controls[{i}]", (n, None)) for i, each in enumerate(controls))
        k = [each.shape[1] for each in b]
        zero_cross = cross_losses or [np.zeros((k[i], n)) for i in range(m)]
        rivals = rival_losses or [[np.zeros((k[j], k[j])) for j in range(m)] for _ in range(m)]
        products = control_products or [[np.zeros((k[j], k[i])) for j in range(m)] for i in range(m)]
        for name, given in (
            ("state_losses", state_losses),
            ("control_losses", control_losses),
            ("cross_losses", zero_cross),
            ("rival_losses", rivals),
            ("control_products", products),
        ):
            if len(given) != m:
                raise ValueError(f"{name} has {len(given)} entries for {m} players")
        q = tuple(_symmetric(_matrix(e, f"control_losses[{i}]", (k[i],) * 2)) for i, e in enumerate(control_losses))
        for i, each in enumerate(q):
            if np.linalg.eigvalsh(each).min() <= 0.0:
                raise ValueError(f"control_losses[{i}] = {each.tolist()} is not positive definite")
        fields = {
            "transition": a,
            "controls": b,
            "state_losses": tuple(
                _symmetric(_matrix(e, f"state_losses[{i}]", (n, n))) for i, e in enumerate(state_losses)
            ),
            "control_losses": q,
            "cross_losses": tuple(_matrix(e, f"cross_losses[{i}]", (k[i], n)) for i, e in enumerate(zero_cross)),
            "rival_losses": tuple(
                tuple(_symmetric(_matrix(e, f"rival_losses[{i}][{j}]", (k[j],) * 2)) for j, e in enumerate(row))
                for i, row in enumerate(rivals)
            ),
            "control_products": tuple(
                tuple(_matrix(e, f"control_products[{i}][{j}]", (k[j], k[i])) for j, e in enumerate(row))
                for i, row in enumerate(products)
            ),
            "discount_factor": check_discount_factor(discount_factor),
            "players": checked_labels(players or [f"player_{i + 1}" for i in range(m)], m, "players"),
        }
        for name, value in fields.items():
            object.__setattr__(self, name, value)

    @property
    def n_players(self) -> int:
        return len(self.players)

    @property
    def fingerprint(self) -> str:
        """SHA-256 of all that defines the game."""
        return hashlib.sha256(json.dumps(self.to_dict()).encode()).hexdigest()

    def to_dict(self) -> dict[str, Any]:
        return {
            "type": "LinearQuadraticGame",
            "transition": self.transition.tolist(),
            "controls": [each.tolist() for each in self.controls],
            "state_losses": [each.tolist() for each in self.state_losses],
            "control_losses": [each.tolist() for each in self.control_losses],
            "discount_factor": self.discount_factor,
            "cross_losses": [each.tolist() for each in self.cross_losses],
            "rival_losses": [[each.tolist() for each in row] for row in self.rival_losses],
            "control_products": [[each.tolist() for each in row] for row in self.control_products],
            "players": list(self.players),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        return cls(**{key: value for key, value in data.items() if key != "type"})


@dataclass(frozen=True, eq=False)
class LinearQuadraticEquilibrium(ArrayRecord):
    """Feedback strategies with their certificate.

    feedback: F_i ``(k_i, n)``, u_i = -F_i x; losses: P_i ``(n, n)``, player i loses x' P_i x from state x on; gaps:
    ``(n_players,)``, the largest eigenvalue of P_i less that of the player's best reply, as a share of the size of P_i:
    no state lets anybody gain more, per x'x; tolerance: largest gap that counts as none.
    """

    feedback: Matrices
    losses: Matrices
    gaps: FloatArray
    tolerance: float

    def __post_init__(self) -> None:
        for name in ("feedback", "losses"):
            object.__setattr__(self, name, tuple(finite_array(each, name) for each in getattr(self, name)))
        object.__setattr__(self, "gaps", finite_array(self.gaps, "gaps"))

    @property
    def holds(self) -> bool:
        return bool(np.all(self.gaps <= self.tolerance))

    def to_dict(self) -> dict[str, Any]:
        return {
            "feedback": [each.tolist() for each in self.feedback],
            "losses": [each.tolist() for each in self.losses],
            "gaps": self.gaps.tolist(),
            "tolerance": self.tolerance,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        return cls(tuple(data["feedback"]), tuple(data["losses"]), data["gaps"], data["tolerance"])


def certify_feedback(
    game: LinearQuadraticGame, feedback: Sequence[npt.ArrayLike], tolerance: float
) -> LinearQuadraticEquilibrium:
    """The feedback strategies with everybody's losses and what a best reply would save.

    Raises ValueError when shapes do not fit, when the closed loop grows faster than discounting allows, or when some
    player has no stabilising best reply.
    """
    from scipy.linalg import LinAlgError, solve_discrete_are, solve_discrete_lyapunov

    strategies = tuple(
        _matrix(each, f"feedback[{i}]", (game.controls[i].shape[1], len(game.transition)))
        for i, each in enumerate(feedback)
    )
    if len(strategies) != game.n_players:
        raise ValueError(f"feedback has {len(strategies)} entries for {game.n_players} players")
    root = np.sqrt(game.discount_factor)
    losses, gaps = [], []
    for i, own in enumerate(strategies):
        a, r, w = _against(game, strategies, i)
        b, q = game.controls[i], game.control_losses[i]
        closed = root * (a - b @ own)
        if np.abs(np.linalg.eigvals(closed)).max() >= 1.0:
            raise ValueError("the closed loop grows faster than the discount factor allows")
        loss = _symmetric(np.asarray(solve_discrete_lyapunov(closed.T, r + own.T @ q @ own - own.T @ w - w.T @ own)))
        try:
            best = solve_discrete_are(root * a, root * b, r, q, s=w.T)
        except (LinAlgError, ValueError) as error:
            raise ValueError(f"no stabilising best reply of {game.players[i]}: {error}") from None
        size = float(np.abs(loss).max()) or 1.0
        losses.append(loss)
        gaps.append(max(float(np.linalg.eigvalsh(_symmetric(loss - np.asarray(best))).max()) / size, 0.0))
    return LinearQuadraticEquilibrium(strategies, tuple(losses), np.array(gaps), tolerance)


def _against(game: LinearQuadraticGame, strategies: Matrices, i: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Transition, state loss and cross loss that player i faces when the others follow their feedback."""
    a, r, w = np.array(game.transition), np.array(game.state_losses[i]), np.array(game.cross_losses[i])
    for j, other in enumerate(strategies):
        if j != i:
            a -= game.controls[j] @ other
            r += other.T @ game.rival_losses[i][j] @ other
            w -= game.control_products[i][j].T @ other
    return a, r, w


def _matrix(values: npt.ArrayLike, name: str, shape: tuple[int | None, ...]) -> FloatArray:
    array = finite_array(values, name)
    if array.ndim != 2 or any(wanted not in (None, size) for size, wanted in zip(array.shape, shape, strict=True)):
        raise ValueError(f"{name} of shape {array.shape} is not {tuple('any' if n is None else n for n in shape)}")
    return array


def _symmetric(matrix: FloatArray) -> FloatArray:
    result = np.asarray((matrix + matrix.T) / 2.0)
    result.setflags(write=False)
    return result
