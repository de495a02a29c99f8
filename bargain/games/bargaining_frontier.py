"""Smooth two-player bargaining: the Pareto frontier u2 = f(u1) as a formula, f decreasing and concave.

The formula is data (it goes to JSON and has a fingerprint), and being analytic it can be differentiated without
rounding error by an imaginary step, f'(u) = Im f(u + ih) / h (Squire and Trapp 1998).
"""

from __future__ import annotations

import ast
import hashlib
import json
import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from bargain.games.bargaining import BargainingProblem, checked_threat, payoff_scale, player_labels
from bargain.games.profile import nearest
from bargain.games.record import ArrayRecord, FloatArray, finite_array

FUNCTIONS: dict[str, Callable[[Any], Any]] = {"sqrt": np.sqrt, "exp": np.exp, "log": np.log}
CONSTANTS = {"pi": float(np.pi)}
OPERATIONS: dict[type[ast.AST], Callable[..., Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
}
N_CHECKED = 257
"""Places of the interval at which shape and values of a frontier are checked."""

ROUNDING = 1e-9
"""A rise or a bend upwards below this share of the frontier's extent is rounding."""


@dataclass(frozen=True, eq=False, init=False, repr=False)
class BargainingFrontier(ArrayRecord):
    """Payoffs on and below a smooth frontier, free disposal granted, and a threat point; two players.

    formula: u2 as a function of ``u1`` with + - * / **, numbers, pi, sqrt, exp and log, such as ``"sqrt(1 - u1)"``;
    interval: smallest and largest u1 of the frontier; threat_point ``(2,)``; players: two labels.

    Raises ValueError for a formula that is none, that has no finite value somewhere in the interval, or that is not
    decreasing and concave there (checked at 257 places).
    """

    formula: str
    interval: FloatArray
    threat_point: FloatArray
    players: tuple[str, ...]

    def __init__(
        self,
        formula: str,
        interval: npt.ArrayLike,
        threat_point: npt.ArrayLike = (0.0, 0.0),
        players: Sequence[str] | None = None,
    ) -> None:
        ends = finite_array(interval, "interval")
        if ends.shape != (2,) or not ends[0] < ends[1]:
            raise ValueError(f"interval = {ends.tolist()} is not a smaller and a larger payoff of the first player")
        object.__setattr__(self, "formula", formula)
        object.__setattr__(self, "interval", ends)
        object.__setattr__(self, "threat_point", checked_threat(threat_point, 2))
        object.__setattr__(self, "players", player_labels(players, 2))
        parsed(formula)
        _check_shape(self)

    @property
    def n_players(self) -> int:
        return 2

    @property
    def payoff_range(self) -> FloatArray:
        """Extent of the frontier for each player, the threat point included, ``(2,)``."""
        return np.asarray(np.ptp(self._extremes(), axis=0))

    @property
    def scale(self) -> FloatArray:
        """What tolerances are measured in, ``(2,)``."""
        return payoff_scale(self._extremes())

    def _extremes(self) -> FloatArray:
        """Ends of the frontier and threat point, ``(3, 2)``."""
        return np.vstack([np.column_stack([self.interval, self.second(self.interval)]), self.threat_point])

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the plain data."""
        return hashlib.sha256(json.dumps(self.to_dict(), ensure_ascii=True, sort_keys=True).encode()).hexdigest()

    def __repr__(self) -> str:
        return f"BargainingFrontier({', '.join(self.players)}: u2 = {self.formula})"

    def second(self, first: npt.ArrayLike) -> Any:
        """Payoff of the second player on the frontier where the first one gets ``first``; nan where there is none."""
        with np.errstate(all="ignore"):
            return _value(parsed(self.formula), np.asarray(first, dtype=float)) + np.zeros(np.shape(first))

    def slope(self, first: float) -> float:
        """f'(first), inside the interval."""
        step = 1e-40 * float(np.ptp(self.interval))
        with np.errstate(all="ignore"):
            return float(np.imag(_value(parsed(self.formula), np.complex128(complex(first, step)))) / step)

    def problem(self, n_points: int) -> BargainingProblem:
        """The inscribed polygon with ``n_points`` corners on the frontier, denser at its ends."""
        if n_points < 2:
            raise ValueError(f"n_points = {n_points} is less than 2")
        first = self.firsts(n_points)
        return BargainingProblem(np.column_stack([first, self.second(first)]), self.threat_point, self.players)

    def firsts(self, n_points: int) -> FloatArray:
        """Payoffs of the first player along the frontier, ends included, denser towards them."""
        low, high = self.interval
        share = (1.0 - np.cos(np.linspace(0.0, np.pi, n_points))) / 2.0
        return np.asarray(np.clip(low + (high - low) * share, low, high))

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON; ``from_dict`` gives the equal frontier back."""
        return {
            "type": type(self).__name__,
            "players": list(self.players),
            "formula": self.formula,
            "interval": self.interval.tolist(),
            "threat_point": self.threat_point.tolist(),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The frontier that ``to_dict`` described; ValueError names a missing entry."""
        for key in ("formula", "interval", "threat_point", "players"):
            if key not in data:
                raise ValueError(f"bargaining frontier: entry {key!r} is missing")
        return cls(data["formula"], data["interval"], data["threat_point"], data["players"])


@lru_cache(maxsize=128)
def parsed(formula: str) -> ast.expr:
    """Syntax tree of a checked formula in u1; ValueError names what is not allowed in it."""
    if not isinstance(formula, str):
        raise ValueError(f"formula = {formula!r} is not a text such as 'sqrt(1 - u1)'")
    try:
        tree = ast.parse(formula, mode="eval").body
    except (SyntaxError, ValueError) as error:
        raise ValueError(f"formula = {formula!r} is no formula in u1: {error}") from None
    _check_tree(tree, formula)
    return tree


def _check_tree(node: ast.AST, formula: str) -> None:
    """Raise ValueError unless the tree has only numbers, u1, known constants, functions and operations."""
    known = ["u1", *CONSTANTS]
    inner: list[ast.expr] = []
    if isinstance(node, ast.Name):
        if node.id not in known:
            raise ValueError(f"formula = {formula!r}: no name {node.id!r}; {nearest(node.id, known)}")
    elif isinstance(node, ast.BinOp) and type(node.op) in OPERATIONS:
        inner = [node.left, node.right]
    elif isinstance(node, ast.UnaryOp) and type(node.op) in OPERATIONS:
        inner = [node.operand]
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and len(node.args) == 1 and not node.keywords:
        if node.func.id not in FUNCTIONS:
            raise ValueError(f"formula = {formula!r}: no function {node.func.id!r}; known: {', '.join(FUNCTIONS)}")
        inner = node.args
    elif not (isinstance(node, ast.Constant) and type(node.value) in (int, float)):
        raise ValueError(f"formula = {formula!r}: {ast.unparse(node)!r} is not arithmetic in u1")
    for part in inner:
        _check_tree(part, formula)


def _value(node: ast.AST, first: Any) -> Any:
    if isinstance(node, ast.Constant):
        return np.float64(node.value)  # type: ignore[arg-type]
    if isinstance(node, ast.Name):
        return first if node.id == "u1" else np.float64(CONSTANTS[node.id])
    if isinstance(node, ast.BinOp):
        return OPERATIONS[type(node.op)](_value(node.left, first), _value(node.right, first))
    if isinstance(node, ast.UnaryOp):
        return OPERATIONS[type(node.op)](_value(node.operand, first))
    assert isinstance(node, ast.Call)
    assert isinstance(node.func, ast.Name)
    return FUNCTIONS[node.func.id](_value(node.args[0], first))


def _check_shape(frontier: BargainingFrontier) -> None:
    """Raise ValueError unless the frontier is finite, decreasing and concave."""
    first = frontier.firsts(N_CHECKED)
    second = frontier.second(first)
    bad = np.flatnonzero(~np.isfinite(second))
    if len(bad):
        raise ValueError(f"formula = {frontier.formula!r} is {second[bad[0]]} at u1 = {first[bad[0]]:g}, not finite")
    extent = float(np.ptp(second))
    rising = np.flatnonzero(np.diff(second) > ROUNDING * extent)
    if len(rising) or extent == 0.0 or second[-1] >= second[0]:
        place = first[rising[0]] if len(rising) else first[0]
        raise ValueError(
            f"formula = {frontier.formula!r} does not fall at u1 = {place:g}: an agreement there is not efficient; "
            "begin the interval where the second player gets most"
        )
    width, step = np.diff(first), np.diff(second)
    # A middle point below the chord of its neighbours bends the frontier upwards.
    bend = (step[1:] * width[:-1] - step[:-1] * width[1:]) / (width[1:] + width[:-1])
    if np.any(bend > ROUNDING * extent):
        place = first[1 + int(bend.argmax())]
        raise ValueError(f"formula = {frontier.formula!r} is not concave at u1 = {place:g}; lotteries would do better")
