"""Tracing and licences in a scenario: routes of detours, the licence office's costs, terms of short licences.

Every number is a parameter of the scenario; what it lacks is in ``[mechanisms.tracing]`` and
``[mechanisms.licence_screening]`` or is given by the caller. Each of these functions changes units only; the models are
in ``bargain.mechanisms``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from bargain.games.record import ArrayRecord, finite_array
from bargain.mechanisms.inspection import Inspection, inspection_game
from bargain.mechanisms.licence_office import LicenceOffice
from bargain.mechanisms.licence_screening import LicenceTerms
from bargain.mechanisms.transshipment import Routes
from bargain.standoff.instruments import moves
from bargain.standoff.mechanism_numbers import number
from bargain.standoff.model import parameter_arrays
from bargain.standoff.payoffs import FloatArray, Round
from bargain.standoff.scenario import Scenario
from bargain.standoff.schema import AlignmentInstrument, ControlInstrument, ScenarioError, nearest

MONTHS = 12.0
"""Months in a year: payoffs are flows per year."""


def _stances(scenario: Scenario) -> tuple[str, AlignmentInstrument]:
    for label, instrument in scenario.file.instruments.items():
        if isinstance(instrument, AlignmentInstrument):
            return label, instrument
    raise ScenarioError(f"scenario '{scenario.name}' has no alignment of bystanders, so no routes of detours")


def detour_routes(
    scenario: Scenario, stance: str | None = None, changes: Mapping[str, Mapping[str, float] | float] | None = None
) -> Routes:
    """The routes of detours: one for each bystander with an alignment and a weight among the routes.

    stance: the level of alignment that all of them take (default: the reference); changes: numbers of routes that
    differ from the scenario's, as in ``Routes.with_numbers``, e.g. ``{"tracing": {"TW": 0.9}}``.
    """
    label, instrument = _stances(scenario)
    level = stance or instrument.reference
    if level not in instrument.levels:
        raise ScenarioError(f"{label} has no level '{level}'{nearest(level, list(instrument.levels))}")
    names = tuple(c for c in instrument.players if f"{c}.reexport_weight" in scenario.parameters)
    common = {
        key: number(scenario, f"diversion.{key}") for key in ("tracing", "margin", "penalty", "concealment_cost", "cap")
    }
    routes = Routes(
        names,
        weight=np.array([number(scenario, f"{code}.reexport_weight") for code in names]),
        willingness=np.array(number(scenario, f"{label}.{level}.willingness")),
        **{key: np.array(value) for key, value in common.items()},
    )
    return routes.with_numbers(changes or {})


def premium_slope(scenario: Scenario, given: float | None = None) -> float:
    """How far arrivals bring the premium down: slope of ``transship``."""
    return number(scenario, "mechanisms.tracing.premium_slope", given)


def licence_office(
    scenario: Scenario,
    stance: str | None = None,
    *,
    coverage_cost: float | None = None,
    penalty_cost: float | None = None,
    largest_penalty: float | None = None,
) -> LicenceOffice:
    """The office that licenses the divertible inputs, in percent of the exporter's GDP a year.

    The harm of a diverted unit is the security value of the track it is denied to, times the share of use that the
    target buys from the exporter: diversion undoes the denial.
    """
    inputs = {n: i for n, i in scenario.file.inputs.items() if i.divertible}
    controls = [c for c in scenario.file.instruments.values() if isinstance(c, ControlInstrument)]
    target = {name: c.target for c in controls for name in c.acts_on if name in inputs}
    harm = sum(
        number(scenario, f"{name}.security_value", None if f"{name}.security_value" in scenario.parameters else 0.0)
        * number(scenario, f"{name}.{code}.dependence")
        for name, code in target.items()
    )
    return LicenceOffice(
        harm=harm,
        margin=number(scenario, "diversion.margin"),
        concealment_cost=number(scenario, "diversion.concealment_cost"),
        cap=number(scenario, "diversion.cap"),
        coverage_cost=number(scenario, "mechanisms.tracing.coverage_cost", coverage_cost),
        penalty_cost=number(scenario, "mechanisms.tracing.penalty_cost", penalty_cost),
        largest_penalty=number(scenario, "mechanisms.tracing.largest_penalty", largest_penalty),
        share=float(detour_routes(scenario, stance).share.sum()),
    )


def inspection_of_traders(
    scenario: Scenario, *, found_share: float | None = None, coverage_cost: float | None = None
) -> Inspection:
    """Inspector and one trader who diverts or not: how often is a flow looked at, announced or not?

    Gain and fine are margin and penalty of detours. What an undetected diversion costs the inspector is 1; an
    inspection in vain costs what full coverage does over the harm of all that detours would carry without tracing. The
    chance p* at which a violation just does not pay is the coverage that deters a trader.
    """
    office = licence_office(scenario, coverage_cost=coverage_cost, penalty_cost=0.0, largest_penalty=0.0)
    harm = office.harm * float(office.diverted(0.0, 0.0))
    if harm <= 0.0:
        raise ScenarioError(f"scenario '{scenario.name}': detours do no harm to the licence office")
    return inspection_game(
        cost=0.5 * office.coverage_cost / harm,
        found=number(scenario, "mechanisms.tracing.found_share", found_share),
        fine=number(scenario, "diversion.penalty"),
        gain=office.margin,
    )


def licence_terms(
    scenario: Scenario,
    name: str = "heavy_rare_earths",
    *,
    length: float | None = None,
    waiting_months: float | None = None,
    detection_months: float | None = None,
) -> LicenceTerms:
    """The licences on one input for the target of its control, per applicant and month.

    An applicant stands for the target's use; its military part is the chance mu. The office counts percent of its own
    GDP, an applicant normal prices of a month's supply, of which a civil user gains the margin of detours, a military
    one its loss without supply. Tracing brings the covered share of military use to light within ``detection_months``.
    Waiting costs both what a month's supply is worth to them.
    """
    control = next(
        (c for c in scenario.file.instruments.values() if isinstance(c, ControlInstrument) and name in c.acts_on), None
    )
    if control is None:
        raise ScenarioError(f"no export control acts on '{name}'{nearest(name, list(scenario.file.inputs))}")
    user, owner, place = control.target, control.player, f"{name}.{control.target}"
    label = next(n for n, c in scenario.file.instruments.items() if c is control)
    military = number(scenario, f"{place}.military_share")
    purchases = number(scenario, f"{place}.purchases_usd_bn")
    if not 0.0 < military < 1.0 or purchases <= 0.0:
        raise ScenarioError(f"{place}: screening needs civil and military use and purchases above 0")
    rent = 100.0 * number(scenario, f"{name}.rent_share") * purchases / number(scenario, f"{owner}.gdp_usd_bn")
    benefit = rent + number(scenario, f"{label}.reliability_cost") / (1.0 - military)
    harm = number(scenario, f"{name}.security_value") / military - rent
    denied = number(scenario, f"{place}.military_loss") / 100.0 * number(scenario, f"{user}.gdp_usd_bn")
    waiting = number(scenario, "mechanisms.licence_screening.waiting_months", waiting_months)
    found_in = number(scenario, "mechanisms.licence_screening.detection_months", detection_months)
    margin = number(scenario, "diversion.margin")
    return LicenceTerms(
        length=number(scenario, "mechanisms.licence_screening.term_months", length),
        military_share=military,
        discount_factor=number(scenario, "rounds.discount_factor") ** (1.0 / scenario.file.round_months),
        detection=1.0 - (1.0 - number(scenario, "diversion.tracing")) ** (1.0 / found_in),
        civil_benefit=benefit / MONTHS,
        military_harm=max(harm, 0.0) / MONTHS,
        decision_cost=waiting * benefit / MONTHS,
        civil_value=margin,
        military_value=denied / (purchases * military),
        lawful_value=margin,
        application_cost=waiting * margin,
        penalty=number(scenario, "diversion.penalty"),
    )


# ---------------------------------------------------------------- what a route is worth to its country


@dataclass(frozen=True, eq=False)
class RouteBalance(ArrayRecord):
    """What a country gains by letting detours run in full rather than not at all, in million US dollars a year.

    tracing ``(n_coverages,)``; profit: of its traders; losses: of its industries, for want of the licences that it
    loses when traced (negative); ``(n_routes, n_draws, n_coverages)``.
    """

    names: tuple[str, ...]
    tracing: FloatArray
    profit: FloatArray
    losses: FloatArray

    @property
    def total(self) -> FloatArray:
        return np.asarray(self.profit + self.losses)

    @property
    def deterring_coverage(self) -> FloatArray:
        """Smallest coverage on the grid at which detours run at no gain to the country, ``(n_routes, n_draws)``."""
        # A hundred dollars a year are rounding.
        stops = self.total <= 1e-4
        return np.asarray(np.where(stops.any(axis=-1), self.tracing[stops.argmax(axis=-1)], np.nan))

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON; ``from_dict`` gives the equal balance back."""
        return {"names": list(self.names)} | {name: getattr(self, name).tolist() for name in _ARRAYS}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        return cls(tuple(data["names"]), *(finite_array(data[name], name) for name in _ARRAYS))


_ARRAYS = ("tracing", "profit", "losses")


def route_balance(
    scenario: Scenario,
    tracing: FloatArray,
    level: str = "dual_track",
    draws: Mapping[str, FloatArray] | None = None,
) -> RouteBalance:
    """Balance of each route's country over coverages, from the payoff terms of a round of the standoff.

    level: of the control on the divertible inputs; the other instruments stand at their references. The country is
    treated as at the reference stance whatever it lets through, so that what changes is what is traced.
    """
    label, instrument = _stances(scenario)
    names = tuple(c for c in instrument.players if f"{c}.reexport_weight" in scenario.parameters)
    values = parameter_arrays(scenario, draws)
    n_draws, n_coverages = len(next(iter(values.values()))), len(tracing)
    owner, place = _control_at(scenario, level)
    held = moves(scenario.file, (owner,))
    base = Round(scenario.file, scenario.choices, values, held)
    many = {key: np.repeat(array, n_coverages) for key, array in values.items()}
    many["diversion.tracing"] = np.tile(np.asarray(tracing, dtype=np.float64), n_draws)
    terms = []
    for willingness in (1.0, 0.0):
        willing = {f"{label}.{instrument.reference}.willingness": np.full(n_draws * n_coverages, willingness)}
        game = base.in_states(many | willing, n_coverages)
        parts = [(game.bystander_terms(c)[0], game.shortage(c) + game.security_loss(c)) for c in names]
        full = [[np.broadcast_to(part, game.full_shape)[:, place] for part in pair] for pair in parts]
        terms.append(np.array(full).reshape(len(names), 2, n_draws, n_coverages))
    dollars = 10.0 * np.array([many[f"{code}.gdp_usd_bn"] for code in names]).reshape(len(names), n_draws, n_coverages)
    gained = (terms[0] - terms[1]) * dollars[:, None]
    return RouteBalance(names, *map(finite_array, (tracing, gained[:, 0], gained[:, 1]), _ARRAYS))


def _control_at(scenario: Scenario, level: str) -> tuple[str, int]:
    """(owner, its action) that puts the control on divertible inputs at a level, all else at its reference."""
    for label, control in scenario.file.instruments.items():
        if not isinstance(control, ControlInstrument):
            continue
        if not any(scenario.file.inputs[name].divertible for name in control.acts_on):
            continue
        if level not in control.levels:
            raise ScenarioError(f"{label} has no level '{level}'{nearest(level, list(control.levels))}")
        held = moves(scenario.file, (control.player,))
        place = list(control.levels).index(level)
        own = np.ones(held.shape, dtype=bool)
        for (name, player), levels in held.level.items():
            if player == control.player:
                item = scenario.file.instruments[name]
                wanted = place if name == label else list(item.levels).index(item.reference)
                own &= np.broadcast_to(levels == wanted, held.shape)
        return control.player, int(np.flatnonzero(own)[0])
    raise ScenarioError(f"scenario '{scenario.name}' has no control on an input that can be diverted")
