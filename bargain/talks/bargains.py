"""From a game and a request to what is agreed: the threat, what can be agreed on, and the point that is chosen.

Truces: public lotteries over the constant moves that enforce themselves, a truce that is not active in a state of the
start being worth the standoff there. Deals: all divisions of the joint value that leave nobody below his punishment
(Goldluecke and Kranz 2018). Sets: the subgame-perfect payoffs (Abreu, Brooks and Sannikov 2020), averaged over the
start. Bargaining is over billions of USD a year, so that sums and equal gains mean something.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from bargain.games.bargaining import NO_GAIN, BargainingProblem
from bargain.games.bargaining_certificate import BargainingCertificate
from bargain.games.deal import Deal, DealCertificate, certify_deal
from bargain.games.negotiation import NegotiationCertificate
from bargain.games.polygon import minkowski_sum
from bargain.games.record import ArrayRecord, FloatArray, finite_array
from bargain.games.truce_play import TrucePlay
from bargain.solvers.bargaining_solution import BargainingSolution
from bargain.solvers.base import Solution, Status, solve
from bargain.solvers.enforceable import EnforceableDeals
from bargain.solvers.enforceable_solution import DealSolution
from bargain.solvers.negotiation_solution import NegotiationSolution
from bargain.solvers.subgame_perfect import SubgamePerfectPayoffs
from bargain.standoff.schema import ScenarioError
from bargain.talks.demands import Demanded, bargain_with_demands, somebody_gains
from bargain.talks.request import Request
from bargain.talks.setting import Setting
from bargain.talks.standoffs import Standoff
from bargain.talks.truces import TruceOptions, truce_options

AGREED, HOLDS, UNKNOWN, STOPPED = "agreement", "no agreement", "no standoff found", "stopped early"


@dataclass(frozen=True, eq=False, kw_only=True)
class Outcome(ArrayRecord):
    """What a negotiation ends with.

    status: "agreement", "no agreement" (the standoff holds), "no standoff found", "stopped early"; threat_point,
    payoffs: value at the start in each player's own unit ``(n_players,)``, None where not known; lottery and truces:
    chances and certified truces, in the same order; n_tried, n_enforcing: agreements tried, and those that enforce
    themselves in a start state; deal, deal_certificate: with up-front payments in billion USD a year for one round;
    payoff_set: corners ``(n_points, 2)`` of what can be agreed on, own units; set_distance: how far the sets are from
    what they support in one round, as a share of the payoff range; bargaining: the conditions of the solution;
    demanded: what became of demands that cannot be divided, None where they are off; payoffs hold their worth, the
    payoff set does not; negotiation: certificate of repeated negotiation, the deal being one until the next; message:
    what was found and what to try next.
    """

    status: str
    threat_point: FloatArray | None = None
    payoffs: FloatArray | None = None
    lottery: tuple[float, ...] = ()
    truces: tuple[TrucePlay, ...] = ()
    n_tried: int = 0
    n_enforcing: int = 0
    deal: Deal | None = None
    deal_certificate: DealCertificate | None = None
    payoff_set: FloatArray | None = None
    set_distance: float | None = None
    bargaining: BargainingCertificate | None = None
    message: str = ""
    demanded: Demanded | None = None
    negotiation: NegotiationCertificate | None = None

    def __post_init__(self) -> None:
        for name in ("threat_point", "payoffs", "payoff_set"):
            value = getattr(self, name)
            if value is not None:
                object.__setattr__(self, name, finite_array(value, name))

    @property
    def worth_conceded(self) -> FloatArray | float:
        """What concessions that cannot be divided are worth to each player, percent of own GDP a year."""
        return 0.0 if self.demanded is None else self.demanded.worth

    def to_dict(self) -> dict[str, Any]:
        data: dict[str, Any] = {item.name: getattr(self, item.name) for item in fields(self)}
        for name in ("threat_point", "payoffs", "payoff_set"):
            data[name] = None if data[name] is None else data[name].tolist()
        for name in ("deal", "deal_certificate", "bargaining", "demanded", "negotiation"):
            data[name] = None if data[name] is None else data[name].to_dict()
        data["lottery"] = list(self.lottery)
        data["truces"] = [play.to_dict() for play in self.truces]
        return data

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Outcome:
        kinds: dict[str, Any] = {
            "deal": Deal,
            "deal_certificate": DealCertificate,
            "bargaining": BargainingCertificate,
            "demanded": Demanded,
            "negotiation": NegotiationCertificate,
        }
        loaded = {name: data.get(name) and kind.from_dict(data[name]) for name, kind in kinds.items()}
        loaded["lottery"] = tuple(data["lottery"])
        loaded["truces"] = tuple(TrucePlay.from_dict(play) for play in data["truces"])
        return cls(**{**data, **loaded})


def bargain_over(setting: Setting, request: Request, standoff: Standoff | None) -> Outcome:
    """The outcome; standoff: None for the threat "punishment", which deals and sets bring along."""
    if request.demands != "off" and not setting.demands:
        raise ScenarioError(f"demands = {request.demands!r}, but there are none: the rule is a demand in the scenario")
    if standoff is not None and standoff.equilibrium is None:
        return Outcome(status=UNKNOWN, message=f"no standoff found: {standoff.scope}; try another threat")
    if request.arrangement == "truce":
        assert standoff is not None
        assert standoff.equilibrium is not None
        options = truce_options(setting.game, standoff.equilibrium.profile, request.reply_lag, setting.starts)
        return over_truces(setting, request, standoff, options)
    return (
        _over_deals(setting, request, standoff)
        if request.arrangement == "deal"
        else _over_sets(setting, request, standoff)
    )


def over_truces(setting: Setting, request: Request, standoff: Standoff, options: TruceOptions) -> Outcome:
    """The lottery over truces that the bargaining solution picks; what it rests on is certified."""
    assert standoff.equilibrium is not None
    threat = setting.at_start(standoff.equilibrium.values)
    offers = options.at_starts(setting.starts)
    counts: dict[str, Any] = {"n_tried": options.n_tried, "n_enforcing": len(offers.values)}
    refused: list[str] = []
    while True:
        values = np.array([setting.at_start(own) for own in offers.values]).reshape(-1, len(threat))
        found, demanded = _solved(setting, request, values if len(values) else threat[None], threat)
        if not somebody_gains(found):
            return _standing(threat, found, _no_truce(counts, refused), counts, demanded)
        lottery = _lottery(found)
        used = [int(m) for m in np.flatnonzero(lottery)]
        # The ideal point of Kalai and Smorodinsky rests on corners that are not played.
        needed = sorted({*used, *_corners(values)})
        plays = {m: offers.certified([m], request.tolerance) for m in needed}
        wrong = [m for m in needed if not plays[m][0]]
        if not wrong:
            break
        refused += [plays[m][1][0] for m in wrong]
        left = np.setdiff1d(np.arange(len(values)), wrong)
        offers = TruceOptions(
            offers.problem, offers.standoff, offers.found.take(left), offers.n_tried, offers.reply_lag
        )
    chances = [float(lottery[m]) for m in used]
    order = sorted(range(len(used)), key=lambda i: -chances[i])
    loose = sum(not plays[used[i]][0][0].largest for i in order)
    words = [found.message, f"{counts['n_enforcing']} of {counts['n_tried']} truces tried enforce themselves"]
    words += [f"the active states of {loose} of the truces are not proven the largest such set"] if loose else []
    words += [f"{len(refused)} truces failed their certificate: {refused[0]}"] if refused else []
    return Outcome(
        status=AGREED,
        threat_point=threat,
        payoffs=_own_units(setting, found),
        lottery=tuple(chances[i] for i in order),
        truces=tuple(plays[used[i]][0][0] for i in order),
        payoff_set=values,
        bargaining=found.certificate,
        message="; ".join(filter(None, words)),
        demanded=demanded,
        **counts,
    )


def _over_deals(setting: Setting, request: Request, standoff: Standoff | None) -> Outcome:
    """The deal with the up-front payments that give every side what the bargaining solution says."""
    if request.solution == "repeated-negotiation":
        return _over_renegotiated(setting, request)
    solver = EnforceableDeals(transfer_weights=tuple(setting.usd.tolist()), time_limit=request.time_limit)
    solution: DealSolution = solve(setting.game, solver, tolerance=request.tolerance)
    if solution.deal is None or not solution.exists[setting.starts].all():
        return _nothing_enforced(setting, standoff, solution)
    floor, surplus = setting.at_start(solution.punishments), float(setting.at_start(solution.surplus))
    threat = floor / setting.usd if standoff is None else setting.at_start(_values(standoff))
    corners = (floor + surplus * np.eye(len(floor))) / setting.usd
    found, demanded = _solved(setting, request, np.vstack([threat, corners]), threat, corners)
    if not somebody_gains(found):
        return _standing(threat, found, "no deal leaves both sides better off", {}, demanded)
    # A concession comes first, so that what the deal itself must leave to each side does not count its worth.
    worth = 0.0 if demanded is None else demanded.worth
    payoffs = _own_units(setting, found) - worth
    shares = np.maximum((payoffs * setting.usd - floor) / surplus, 0.0)
    deal = solution.deal_for((shares / shares.sum()).tolist())
    certificate = certify_deal(setting.game, deal, request.tolerance)
    return Outcome(
        status=AGREED if certificate.holds else STOPPED,
        threat_point=threat,
        payoffs=setting.at_start(certificate.start_values) / setting.usd + worth,
        deal=deal,
        deal_certificate=certificate,
        payoff_set=corners,
        bargaining=found.certificate,
        message="; ".join(filter(None, [found.message, solution.message])),
        demanded=demanded,
    )


def _over_renegotiated(setting: Setting, request: Request) -> Outcome:
    """Deals that are negotiated anew now and then (Goldluecke and Kranz 2022); the solver certifies all of it."""
    solver = request.renegotiation(setting.usd.tolist())
    solution: NegotiationSolution = solve(setting.game, solver, tolerance=request.tolerance)
    if solution.negotiated is None or solution.threat_points is None or solution.certificate is None:
        return _nothing_enforced(setting, None, solution)
    floor, value = setting.at_start(solution.threat_points), setting.at_start(solution.negotiated)
    gains, scale = value - floor, solution.certificate.scale
    if not (gains > NO_GAIN * scale).any():
        message = f"no agreement: nobody gains by negotiating; {solution.message}"
        return Outcome(status=HOLDS, threat_point=floor / setting.usd, payoffs=floor / setting.usd, message=message)
    return Outcome(
        status=AGREED,
        threat_point=floor / setting.usd,
        payoffs=value / setting.usd,
        deal=solution.deal,
        deal_certificate=solution.certificate.deal,
        payoff_set=(floor + float(gains.sum()) * np.eye(len(floor))) / setting.usd,
        negotiation=solution.certificate,
        message=solution.message,
    )


def _over_sets(setting: Setting, request: Request, standoff: Standoff | None) -> Outcome:
    """The point of the averaged payoff sets that the bargaining solution picks."""
    solution = solve(setting.game, SubgamePerfectPayoffs(time_limit=request.time_limit), tolerance=request.tolerance)
    polygons = [solution.polygon(s) for s in setting.starts] if solution.polygons else []
    if not polygons or not all(len(polygon) for polygon in polygons):
        return _nothing_enforced(setting, standoff, solution)
    points = minkowski_sum(polygons, setting.start[setting.starts])
    threat = _punishments(setting, request) if standoff is None else setting.at_start(_values(standoff))
    found, demanded = _solved(setting, request, points, threat)
    if not somebody_gains(found):
        why = "no equilibrium without side payments leaves both sides better off"
        return _standing(threat, found, why, {}, demanded)
    return Outcome(
        status=AGREED,
        threat_point=threat,
        payoffs=_own_units(setting, found),
        payoff_set=points,
        set_distance=solution.distance,
        bargaining=found.certificate,
        message="; ".join(filter(None, [found.message, solution.message])),
        demanded=demanded,
    )


def _nothing_enforced(setting: Setting, standoff: Standoff | None, solution: Solution) -> Outcome:
    """No arrangement of the kind is an equilibrium, or the time was up: the standoff holds where there is one."""
    if solution.status is Status.STOPPED_EARLY:
        return Outcome(status=STOPPED, message=solution.message)
    threat = None if standoff is None else setting.at_start(_values(standoff))
    message = f"no agreement: the standoff holds; {solution.message}"
    return Outcome(status=HOLDS, threat_point=threat, payoffs=threat, message=message)


def _values(standoff: Standoff) -> FloatArray:
    assert standoff.equilibrium is not None
    return standoff.equilibrium.values


def _punishments(setting: Setting, request: Request) -> FloatArray:
    """The worst that each side can be held to with side payments, own units."""
    solver = EnforceableDeals(transfer_weights=tuple(setting.usd.tolist()), time_limit=request.time_limit)
    return setting.at_start(solve(setting.game, solver, tolerance=request.tolerance).own_punishments)


def _solved(
    setting: Setting, request: Request, points: FloatArray, threat: FloatArray, reached: FloatArray | None = None
) -> tuple[BargainingSolution, Demanded | None]:
    """The bargaining solution, in billion USD a year, and what becomes of demands; reached: points but the threat."""
    division = request.division(setting.game.discount_factor)
    if request.demands != "off":
        given = points if reached is None else reached
        return bargain_with_demands(
            points, threat, setting.usd, setting.game.players, request, setting.demands, division, given
        )
    problem = BargainingProblem(points * setting.usd, threat * setting.usd, setting.game.players)
    solution: BargainingSolution = solve(problem, division, tolerance=request.tolerance)
    return solution, None


def _lottery(found: BargainingSolution) -> FloatArray:
    """Chances of the points that give the payoffs: those of the solution, else of the ends of the edge they are on."""
    if found.lottery is not None:
        return found.lottery
    assert found.payoffs is not None
    points, scale = found.game.points / found.game.scale, found.game.scale
    start, step = points[:, None], points[None, :] - points[:, None]
    length = np.maximum((step**2).sum(axis=-1), np.finfo(float).tiny)
    share = np.clip(((found.payoffs / scale - start) * step).sum(axis=-1) / length, 0.0, 1.0)
    miss = np.abs(start + share[..., None] * step - found.payoffs / scale).max(axis=-1)
    i, j = np.unravel_index(int(miss.argmin()), miss.shape)
    lottery = np.zeros(len(points))
    lottery[i] += 1.0 - share[i, j]
    lottery[j] += share[i, j]
    return lottery


def _own_units(setting: Setting, found: BargainingSolution) -> FloatArray:
    assert found.payoffs is not None
    return np.asarray(found.payoffs / setting.usd)


def _standing(
    threat: FloatArray, found: BargainingSolution, why: str, counts: dict[str, Any], demanded: Demanded | None
) -> Outcome:
    """The standoff holds: both sides get what they threaten with."""
    message = f"no agreement: the standoff holds; {why}"
    return Outcome(
        status=HOLDS,
        threat_point=threat,
        payoffs=threat,
        bargaining=found.certificate,
        message=message,
        demanded=demanded,
        **counts,
    )


def _no_truce(counts: dict[str, Any], refused: list[str]) -> str:
    text = f"{counts['n_enforcing']} of {counts['n_tried']} truces tried enforce themselves, none of them a gain"
    return f"{text} ({len(refused)} failed their certificate)" if refused else text


def _corners(values: FloatArray) -> list[int]:
    """Truces that are best for some player."""
    return [int(values[:, k].argmax()) for k in range(values.shape[1])] if len(values) else []
