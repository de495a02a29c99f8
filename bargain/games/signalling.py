"""Signalling games: one player knows its type and sends a message, the other sees it and responds (Spence 1973).

Nature draws a type t with chance p(t); the sender's message m follows s(m | t), the receiver's response r(a | m). A
*perfect Bayesian equilibrium* is (s, r, mu) with

    s(m | t) > 0  only if m is best for t against r;    r(a | m) > 0  only if a is best against mu(. | m), for every m;
    mu(t | m) = p(t) s(m | t) / sum of p s   where somebody sends m, any belief where nobody does

(Fudenberg and Tirole 1991, section 8.2). An equilibrium fails the *intuitive criterion* (Cho and Kreps 1987) when some
type would gain from an unsent message for sure, once the receiver rules out the types that could only lose by it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Self

import numpy as np
import numpy.typing as npt

from bargain.games.certificate import DEFAULT_TOLERANCE, check_tolerance
from bargain.games.record import ArrayRecord, FloatArray, finite_array
from bargain.games.stage import checked_labels

PRECISE: Any = {"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10}
"""Options of the linear programs, which are scaled to a payoff range of one."""

Kind = Literal["separating", "pooling", "semi-separating"]


@dataclass(frozen=True, eq=False, init=False, repr=False)
class SignallingGame(ArrayRecord):
    """Types, messages and responses with what they pay.

    prior: ``(n_types,)``, positive chances that sum to 1; sender, receiver: payoffs ``(n_types, n_messages,
    n_responses)``; types, messages, responses: labels. Raises ValueError for what does not fit or is not finite.
    """

    prior: FloatArray
    sender: FloatArray
    receiver: FloatArray
    types: tuple[str, ...]
    messages: tuple[str, ...]
    responses: tuple[str, ...]

    def __init__(
        self,
        prior: npt.ArrayLike,
        sender: npt.ArrayLike,
        receiver: npt.ArrayLike,
        types: Sequence[str] | None = None,
        messages: Sequence[str] | None = None,
        responses: Sequence[str] | None = None,
    ) -> None:
        chances = finite_array(prior, "prior")
        own, other = finite_array(sender, "sender"), finite_array(receiver, "receiver")
        if chances.ndim != 1 or own.ndim != 3 or own.shape != other.shape or len(own) != len(chances):
            raise ValueError(
                f"prior {chances.shape}, sender {own.shape} and receiver {other.shape} are not (n_types,) and twice "
                "(n_types, n_messages, n_responses)"
            )
        if own.size == 0:
            raise ValueError("a signalling game needs a type, a message and a response")
        if chances.min() <= 0.0 or abs(chances.sum() - 1.0) > 1e-9:
            raise ValueError(f"prior sums to {chances.sum():.12g}, from {chances.min():g}; the rule is 1 and positive")
        for field, value in (("prior", chances), ("sender", own), ("receiver", other)):
            object.__setattr__(self, field, value)
        for field, given, n in (
            ("types", types, own.shape[0]),
            ("messages", messages, own.shape[1]),
            ("responses", responses, own.shape[2]),
        ):
            labels = given if given is not None else [f"{field[:-1]}_{k + 1}" for k in range(n)]
            object.__setattr__(self, field, checked_labels(list(labels), n, field))

    def __repr__(self) -> str:
        return f"SignallingGame({' x '.join(map(str, self.sender.shape))} types, messages, responses)"

    def posterior(self, sender: npt.ArrayLike) -> FloatArray:
        """Bayes' rule: ``(n_messages, n_types)``, NaN where nobody sends the message."""
        joint = self.prior[:, None] * np.asarray(sender, dtype=np.float64)
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray((joint / joint.sum(axis=0)).T)

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON; ``from_dict`` gives the equal game back."""
        arrays = {name: getattr(self, name).tolist() for name in ("prior", "sender", "receiver")}
        return arrays | {name: list(getattr(self, name)) for name in ("types", "messages", "responses")}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        return cls(*(data[name] for name in ("prior", "sender", "receiver", "types", "messages", "responses")))


@dataclass(frozen=True, eq=False)
class SignallingEquilibrium(ArrayRecord):
    """Strategies, beliefs and what a check of them found.

    sender ``(n_types, n_messages)``, receiver ``(n_messages, n_responses)``, beliefs ``(n_messages, n_types)``;
    payoffs: of each type ``(n_types,)``; receiver_payoff; sender_regret ``(n_types,)``: most a type gains by another
    message; receiver_regret ``(n_messages,)``: most the receiver gains by another response to a message, at its
    belief; bayes_error: largest distance of a belief from Bayes' rule; holds: all three within ``tolerance`` of the
    payoff ranges; kind; dominated: (message, type) pairs that break it under the intuitive criterion.
    """

    sender: FloatArray
    receiver: FloatArray
    beliefs: FloatArray
    payoffs: FloatArray
    receiver_payoff: float
    sender_regret: FloatArray
    receiver_regret: FloatArray
    bayes_error: float
    tolerance: float
    holds: bool
    kind: Kind
    dominated: tuple[tuple[int, int], ...]

    @property
    def intuitive(self) -> bool:
        """Whether it passes the intuitive criterion."""
        return not self.dominated

    @property
    def sent(self) -> npt.NDArray[np.bool_]:
        """Which messages are sent by somebody, ``(n_messages,)``."""
        return np.asarray(self.sender.max(axis=0) > 0.0)

    def to_dict(self) -> dict[str, Any]:
        content = {name: getattr(self, name) for name in self.__dataclass_fields__}
        plain = {k: v.tolist() if isinstance(v, np.ndarray) else v for k, v in content.items()}
        return plain | {"dominated": [list(pair) for pair in self.dominated]}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        arrays = ("sender", "receiver", "beliefs", "payoffs", "sender_regret", "receiver_regret")
        content: dict[str, Any] = {k: finite_array(v, k) if k in arrays else v for k, v in data.items()}
        return cls(**{**content, "dominated": tuple((m, t) for m, t in data["dominated"])})


def certify_signalling(
    game: SignallingGame,
    sender: npt.ArrayLike,
    receiver: npt.ArrayLike,
    beliefs: npt.ArrayLike,
    tolerance: float = DEFAULT_TOLERANCE,
) -> SignallingEquilibrium:
    """Regrets of every type and after every message, and the distance of the beliefs from Bayes' rule.

    sender ``(n_types, n_messages)``, receiver ``(n_messages, n_responses)``, beliefs ``(n_messages, n_types)``: rows
    of chances; tolerance: of a payoff range.
    """
    check_tolerance(tolerance)
    shape = game.sender.shape
    s, r, mu = (
        _rows(entry, size, name)
        for entry, size, name in (
            (sender, (shape[0], shape[1]), "sender"),
            (receiver, (shape[1], shape[2]), "receiver"),
            (beliefs, (shape[1], shape[0]), "beliefs"),
        )
    )
    worth = np.einsum("tma,ma->tm", game.sender, r)
    payoffs = (s * worth).sum(axis=1)
    response = np.einsum("mt,tma->ma", mu, game.receiver)
    sender_regret = np.maximum(worth.max(axis=1) - payoffs, 0.0)
    receiver_regret = np.maximum(response.max(axis=1) - (r * response).sum(axis=1), 0.0)
    posterior = game.posterior(s)
    told = ~np.isnan(posterior)
    error = float(np.abs(np.where(told, mu - posterior, 0.0)).max())
    ranges = [float(np.ptp(table)) or 1.0 for table in (game.sender, game.receiver)]
    holds = sender_regret.max() <= tolerance * ranges[0] and receiver_regret.max() <= tolerance * ranges[1]
    joint = game.prior[:, None] * s
    return SignallingEquilibrium(
        s,
        r,
        mu,
        finite_array(payoffs, "payoffs"),
        float(np.einsum("tm,ma,tma->", joint, r, game.receiver)),
        finite_array(sender_regret, "sender_regret"),
        finite_array(receiver_regret, "receiver_regret"),
        error,
        tolerance,
        bool(holds and error <= tolerance),
        _kind(s),
        _dominated(game, payoffs, s, tolerance * ranges[0]),
    )


def _rows(entry: npt.ArrayLike, shape: tuple[int, int], name: str) -> FloatArray:
    table = finite_array(entry, name)
    if table.shape != shape:
        raise ValueError(f"{name} has shape {table.shape}; the rule is {shape}")
    if table.min() < -1e-9 or np.abs(table.sum(axis=1) - 1.0).max() > 1e-9:
        raise ValueError(f"{name}: a row is no distribution")
    clean = np.maximum(table, 0.0)
    return finite_array(clean / clean.sum(axis=1, keepdims=True), name)


def _kind(sender: FloatArray) -> Kind:
    if np.abs(sender - sender[0]).max() <= 1e-9:
        return "pooling"
    return "separating" if ((sender > 0.0).sum(axis=0) <= 1).all() else "semi-separating"


def _dominated(
    game: SignallingGame, payoffs: FloatArray, sender: FloatArray, slack: float
) -> tuple[tuple[int, int], ...]:
    """(message, type) pairs: the type gains by the unsent message whatever the receiver does who rules out the rest."""
    everyone = tuple(range(len(game.types)))
    found = []
    for m in np.flatnonzero(sender.max(axis=0) <= 0.0):
        answers = list(best_to_some_belief(game, int(m), everyone))
        best = game.sender[:, m, answers].max(axis=1)
        left = tuple(t for t in everyone if payoffs[t] <= best[t] + slack)
        if left and len(left) < len(everyone):
            sure = game.sender[:, m, list(best_to_some_belief(game, int(m), left))].min(axis=1)
            found += [(int(m), t) for t in left if payoffs[t] < sure[t] - slack]
    return tuple(found)


def best_to_some_belief(game: SignallingGame, message: int, types: tuple[int, ...]) -> tuple[int, ...]:
    """Responses to a message that are best against some belief over the given types."""
    return tuple(a for a in range(len(game.responses)) if belief_for(game, message, (a,), types) is not None)


def belief_for(
    game: SignallingGame, message: int, support: tuple[int, ...], types: tuple[int, ...] | None = None
) -> FloatArray | None:
    """A belief after a message against which all responses of the support are best, or None; it favours no type.

    The one whose smallest chance is largest, by a linear program.
    """
    from scipy.optimize import linprog

    allowed = list(types if types is not None else range(len(game.types)))
    table = game.receiver[allowed, message] / (float(np.ptp(game.receiver)) or 1.0)
    others = [a for a in range(table.shape[1]) if a not in support]
    first, n = table[:, support[0]], len(allowed)
    upper = [np.append(table[:, a] - first, 0.0) for a in others]
    upper += [np.append(-np.eye(n)[k], 1.0) for k in range(n)]
    equal = [np.append(np.ones(n), 0.0)] + [np.append(table[:, a] - first, 0.0) for a in support[1:]]
    result = linprog(
        np.append(np.zeros(n), -1.0),
        A_ub=np.array(upper),
        b_ub=np.zeros(len(upper)),
        A_eq=np.array(equal),
        b_eq=np.append(1.0, np.zeros(len(support) - 1)),
        bounds=[(0.0, 1.0)] * n + [(0.0, 1.0)],
        method="highs",
        options=PRECISE,
    )
    if result.status != 0 or result.x is None:
        return None
    belief = np.zeros(len(game.types))
    belief[allowed] = np.maximum(result.x[:n], 0.0)
    return np.asarray(belief / belief.sum())
