"""Demands that cannot be divided: conceded or not, for good, with no level between (indivisible issues: Fearon 1995).

A concession is worth v to the side that demands it and -c to the side that makes it, for ever. It comes first and
cannot be taken back: whatever is played later, a breach included, both have its worth. So it drops out of every
comparison of a move with a deviation, and what enforces itself does not depend on it. With X the convex set of what can
be agreed on, w(C) the worth of a set C of concessions and t the threat point, what can be agreed on with C is X + w(C),
and an agreement with C exists if somebody gains at a point of it that leaves nobody below t. With one demand, the
conceder j bears any cost up to

    max { x_j - t_j : x in X, x_i + v >= t_i },

which a corner of X or a point between two corners attains: exact. Where a demand may be part of the agreement or not,
there is no lottery over it: the union of the sets X + w(C) is not convex, the bargaining solution is taken on each, and
its own objective compares them (Nash: the product of gains; egalitarian: the smallest gain, then the next; Kalai and
Smorodinsky: the same in shares of the largest gains over all of the union; utilitarian: the sum).
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from bargain.games.bargaining import NO_GAIN, BargainingProblem
from bargain.games.bargaining_certificate import possible_gains
from bargain.games.profile import nearest
from bargain.games.record import ArrayRecord, FloatArray, finite_array
from bargain.solvers.bargaining import Egalitarian
from bargain.solvers.base import TIE, solve
from bargain.standoff.schema import ScenarioError

if TYPE_CHECKING:
    from bargain.solvers.bargaining_solution import BargainingSolution
    from bargain.standoff.scenario import Scenario
    from bargain.talks.agreement import Agreement
    from bargain.talks.request import Request

LARGEST_NUMBER = 8
"""Most demands at a time: every subset of them is bargained over."""


@dataclass(frozen=True)
class Concession:
    """What one side demands of the other.

    name: of the demand; title: in words; demander, conceder: places of the players; value: to the demander, cost: to
    the conceder, both in percent of own GDP a year, for ever, not negative.
    """

    name: str
    title: str
    demander: int
    conceder: int
    value: float
    cost: float

    def worth(self, n_players: int) -> FloatArray:
        """To each player, percent of own GDP a year ``(n_players,)``."""
        worth = np.zeros(n_players)
        worth[self.demander], worth[self.conceder] = self.value, -self.cost
        return worth


def demands_of(scenario: Scenario) -> tuple[Concession, ...]:
    """The demands of a scenario file at the values of its parameters; ScenarioError for one that is of no use."""
    players, found = scenario.players, []
    for name, demand in scenario.file.demands.items():
        places = {}
        for role in ("demander", "conceder"):
            code = getattr(demand, role)
            if code not in players:
                known = ", ".join(players)
                raise ScenarioError(
                    f"demands.{name}.{role} = '{code}' is no strategic player ({known}); {nearest(code, list(players))}"
                )
            places[role] = players.index(code)
        if demand.demander == demand.conceder:
            raise ScenarioError(f"demands.{name}: '{demand.demander}' demands it of itself; the rule is of the other")
        value, cost = (scenario.parameters[f"{name}.{key}"].value for key in ("value", "cost"))
        found.append(Concession(name, demand.name, places["demander"], places["conceder"], value, cost))
    if len(found) > LARGEST_NUMBER:
        raise ScenarioError(f"{len(found)} demands; the rule is at most {LARGEST_NUMBER}, every subset is tried")
    return tuple(found)


@dataclass(frozen=True, eq=False)
class Demanded(ArrayRecord):
    """What became of the demands.

    demands: on the table; made: which are conceded; worth: of these to each player, percent of own GDP a year; without:
    what the solution gives where nothing is conceded ``(n_players,)``; largest_cost, least_value: for each demand, the
    others being as they are, up to which cost to the conceder, and from which value to the demander on, an agreement
    with it exists (percent of own GDP a year; None: at no cost, at no value).
    """

    demands: tuple[Concession, ...]
    made: tuple[bool, ...]
    worth: FloatArray
    without: FloatArray
    largest_cost: tuple[float | None, ...]
    least_value: tuple[float | None, ...]

    def __post_init__(self) -> None:
        for name in ("worth", "without"):
            object.__setattr__(self, name, finite_array(getattr(self, name), name))

    def to_dict(self) -> dict[str, Any]:
        return {
            "demands": [asdict(demand) for demand in self.demands],
            "made": list(self.made),
            "worth": self.worth.tolist(),
            "without": self.without.tolist(),
            "largest_cost": list(self.largest_cost),
            "least_value": list(self.least_value),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        lists = {name: tuple(data[name]) for name in ("made", "largest_cost", "least_value")}
        demands = tuple(Concession(**demand) for demand in data["demands"])
        return cls(demands=demands, worth=data["worth"], without=data["without"], **lists)

    def title(self) -> str:
        """The demands conceded, in words."""
        return ", ".join(d.title for d, made in zip(self.demands, self.made, strict=True) if made) or "nothing"


def bargain_with_demands(
    points: FloatArray,
    threat: FloatArray,
    usd: FloatArray,
    players: Sequence[str],
    request: Request,
    demands: tuple[Concession, ...],
    division: Any,
    reached: FloatArray | None = None,
) -> tuple[BargainingSolution, Demanded]:
    """The bargaining solution over agreements with and without concessions, in billion USD a year.

    points: what can be agreed on without any, own units ``(n_points, n_players)``; threat: own units; usd: per unit;
    division: the solver that divides the gains; reached: the points that agreements reach, where ``points`` holds
    others besides. With ``request.demands`` at "insisted" all are conceded or nothing is agreed on.
    """
    n, none, each = len(threat), (False,) * len(demands), (True,) * len(demands)
    offers = [each]
    if request.demands == "negotiable":
        offers = sorted(itertools.product((False, True), repeat=len(demands)), key=sum)
    problems = [
        BargainingProblem((points + worth_of(demands, made, n)) * usd, threat * usd, players) for made in offers
    ]
    solver, objective = _comparison(problems, request, division)
    found = [solve(problem, solver, tolerance=request.tolerance) for problem in problems]
    best = 0
    for k, one in enumerate(found):
        if somebody_gains(one) and (not somebody_gains(found[best]) or _larger(objective(one), objective(found[best]))):
            best = k
    alone = solve(BargainingProblem(points * usd, threat * usd, players), division, tolerance=request.tolerance)
    assert alone.payoffs is not None
    made = offers[best] if somebody_gains(found[best]) else none
    given = points if reached is None else reached
    limits = [_limits(given, threat, usd, demands, offers[best], k) for k in range(len(demands))]
    return found[best], Demanded(
        demands,
        made,
        worth_of(demands, made, n),
        alone.payoffs / usd,
        tuple(largest for largest, _ in limits),
        tuple(least for _, least in limits),
    )


def demand_lines(agreement: Agreement) -> list[str]:
    """Each demand, what it is worth to both sides, what becomes of it, and how far that is from breaking down."""
    demanded, players, usd = agreement.outcome.demanded, agreement.players, agreement.setting.usd
    lines: list[str] = []
    if demanded is None:
        return lines
    rows = zip(demanded.demands, demanded.made, demanded.largest_cost, demanded.least_value, strict=True)
    for demand, made, largest, least in rows:
        asks, gives = players[demand.demander], players[demand.conceder]
        lines.append(f"{asks} demands of {gives}: {demand.title}, for good: {'conceded' if made else 'not conceded'}")
        for code, amount, k in ((asks, demand.value, demand.demander), (gives, -demand.cost, demand.conceder)):
            lines.append(f"  {code}: worth {amount:+.4g} % of own GDP ({amount * usd[k]:+.4g} bn USD) a year")
        upto = "at no cost" if largest is None else f"up to a cost of {largest:.4g} % of own GDP to {gives}"
        fromon = "at no value" if least is None else f"from a value of {least:.4g} % of own GDP to {asks} on"
        lines.append(f"  an agreement with it exists {upto}, and {fromon}")
    if any(demanded.made) and agreement.arrangement == "deal" and agreement.payoffs is not None:
        paid = (demanded.without - (agreement.payoffs - demanded.worth)) * usd
        words = [f"{code} pays {amount:+.4g} bn USD" for code, amount in zip(players, paid, strict=True)]
        lines.append(f"  more than without it, a year: {', '.join(words)}")
    return lines


def somebody_gains(found: BargainingSolution) -> bool:
    """Whether it is an agreement; where alternating offers end with the threat point itself nobody gains."""
    if not found.agreement or found.gains is None:
        return False
    return bool((found.gains > NO_GAIN * found.game.scale).any())


def worth_of(demands: Sequence[Concession], made: Sequence[bool], n_players: int) -> FloatArray:
    """Worth of the concessions made to each player, percent of own GDP a year ``(n_players,)``."""
    parts = [demand.worth(n_players) for demand, is_made in zip(demands, made, strict=True) if is_made]
    return np.asarray(np.sum(parts, axis=0)) if parts else np.zeros(n_players)


def _comparison(
    problems: list[BargainingProblem], request: Request, division: Any
) -> tuple[Any, Callable[[Any], tuple[float, ...]]]:
    """The solver for each of several problems, and the objective that compares their solutions."""
    concept, n = division, problems[0].n_players
    weights = np.ones(n) if request.weights is None else np.array(request.weights)
    if request.solution == "utilitarian":
        return concept, lambda found: (float(weights @ found.gains),)
    if request.solution == "nash":
        return concept, lambda found: _product(found.gains, weights)
    if request.solution == "kalai-smorodinsky":
        if len(problems) == 1:
            return concept, lambda found: tuple(found.gains)
        most = np.max([possible_gains(problem) for problem in problems], axis=0)
        if (most <= 0.0).any():
            return concept, lambda found: (float(found.gains.sum()),)
        concept, weights = Egalitarian(weights=tuple(most.tolist())), most
    return concept, lambda found: tuple(np.sort(found.gains / weights).tolist())


def _product(gains: FloatArray, weights: FloatArray) -> tuple[float, ...]:
    """Number of those who gain, and the weighted geometric mean of their gains."""
    who = gains > 0.0
    if not who.any():
        return (0.0, 0.0)
    mean = np.exp(weights[who] @ np.log(gains[who]) / weights[who].sum())
    return float(who.sum()), float(mean)


def _larger(first: tuple[float, ...], second: tuple[float, ...]) -> bool:
    """Lexicographic order; what differs by rounding only is equal, so that a concession without gain is not made."""
    for one, other in zip(first, second, strict=True):
        if abs(one - other) > TIE * max(abs(one), abs(other)):
            return one > other
    return False


def _limits(
    points: FloatArray,
    threat: FloatArray,
    usd: FloatArray,
    demands: tuple[Concession, ...],
    made: tuple[bool, ...],
    place: int,
) -> tuple[float | None, float | None]:
    """Largest cost to the conceder, and least value to the demander, at which an agreement with one demand exists."""
    demand, n = demands[place], len(threat)
    others = tuple(is_made and k != place for k, is_made in enumerate(made))
    gains = (points + worth_of(demands, others, n) - threat) * usd
    i, j = demand.demander, demand.conceder
    bearable = most_beside(gains, j, i, -demand.value * usd[i])
    largest = None if bearable is None or bearable < 0.0 else float(bearable / usd[j])
    gained = most_beside(gains, i, j, demand.cost * usd[j])
    least = None if gained is None else float(max(0.0, -gained) / usd[i])
    return largest, least


def most_beside(points: FloatArray, player: int, other: int, least: float) -> float | None:
    """Largest payoff of a player in the hull of points that leave another one ``least``; None where there is none.

    It is at a point, or where the line between two points reaches ``least``. For two players, or a demander and a
    conceder when the others' payoffs do not matter.
    """
    own, theirs = points[:, player], points[:, other]
    enough = theirs >= least - TIE * max(float(np.abs(theirs).max()), abs(least))
    if not enough.any():
        return None
    best = float(own[enough].max())
    if not enough.all():
        gap = theirs[enough][:, None] - theirs[~enough][None, :]
        share = np.divide(least - theirs[~enough][None, :], gap, out=np.ones_like(gap), where=gap > 0.0)
        share = np.clip(share, 0.0, 1.0)
        between = share * own[enough][:, None] + (1.0 - share) * own[~enough][None, :]
        best = max(best, float(between.max()))
    return best
