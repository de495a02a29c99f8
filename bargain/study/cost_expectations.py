"""Expectations about what moves cost: which tariffs trade and revenue justify, and what a shortage takes.

Nash tariffs and real income come from the exact-hat trade model (Dekle, Eaton and Kortum 2008; Ossa 2014), losses from
the nested CES of ``bargain.economy.inputs``. What a government would do for revenue alone, at any weight, is bounded by
the tariff of the largest revenue: real income falls beyond the Nash tariff, so that no weight takes it further.
"""

from __future__ import annotations

import numpy as np

from bargain.economy import inputs
from bargain.economy.tariffs import nash_tariffs
from bargain.games.record import FloatArray
from bargain.standoff import PayoffTable, Scenario
from bargain.standoff.tariffs import trade_model
from bargain.study.expectations import Case, Expectation
from bargain.study.round_expectations import level_of, value_of

LONG_RUN = 4.0
"""Elasticity of trade in the long run, for which the Nash tariffs of the design were computed."""

NEAR_TOTAL = 0.95
"""Cut that a near-total stop is read as; the study gives no number."""


def cost_expectations(scenario: Scenario) -> tuple[Expectation, ...]:
    """All expectations about costs."""
    return (
        _tariffs_justified(scenario),
        _escalation_costs(scenario),
        _revenue_alone(scenario),
        _losses_fit(scenario),
        _losses_overshoot(scenario),
        _last_fifth(scenario),
    )


# ------------------------------------------------------------ tariffs


def _tariffs_justified(scenario: Scenario) -> Expectation:
    cases = []
    for label, elasticity in {"long run": LONG_RUN, "quarterly": value_of(scenario, "trade.elasticity")}.items():
        rates = nash_tariffs(trade_model(scenario, elasticity=elasticity), players=("US", "CN")).rates
        cases += [
            Case(f"elasticity {elasticity:g} ({label})", side, float(rate))
            for side, rate in zip(("US", "CN"), rates, strict=True)
        ]
    return Expectation(
        "terms_of_trade",
        "Terms of trade alone justify tariffs of about 11 % between the two",
        "Nash tariffs of the two on each other in the trade model, trade of 2024",
        "tariff rate",
        0.10,
        0.12,
        tuple(cases),
        "An exporter's market power falls with the elasticity of trade: at the quarterly elasticity, which short-run "
        "data give, the same trade justifies about twice the tariff of the long run.",
    )


def _escalation_costs(scenario: Scenario) -> Expectation:
    """The least costly escalation beyond the tariffs before 2025, at every tariff of the rival."""
    parameter = scenario.parameters["trade.elasticity"]
    readings = {"low end": parameter.low, "value": parameter.value, "long run": LONG_RUN}
    cases = []
    for label, elasticity in readings.items():
        table = scenario.with_values({"trade.elasticity": elasticity}).payoffs()
        for axis, side in enumerate(table.moves.players):
            income = _by_tariff(table, "tariffs", axis)
            gains = [income[j] - income[i] for i in range(len(income)) for j in range(i + 1, len(income))]
            cases.append(Case(f"elasticity {elasticity:g} ({label})", side, float(np.max(gains))))
    return Expectation(
        "escalation_costs",
        "Every escalation of tariffs beyond 2024 costs its author real income",
        "largest change of own real income from a step up the tariff levels, at every tariff of the rival",
        "% of GDP a year",
        -np.inf,
        0.0,
        tuple(cases),
        "The first step goes beyond the Nash tariff, and what is beyond it costs. Only where trade hardly reacts, at "
        "the low end of the elasticity, is the Nash tariff so high that the step to the truce level pays, for either.",
    )


def _by_tariff(table: PayoffTable, term: str, axis: int) -> FloatArray:
    """A term of the player on ``axis`` by own and rival tariff, controls at their reference ``(n_own, n_rival)``."""
    places = []
    for code, labels, reference in zip(table.moves.players, table.moves.actions, table.moves.reference, strict=True):
        rest = level_of(labels[reference], 1)
        name = next(label for label, owner in table.moves.level if owner == code)
        order = np.asarray(table.moves.level[name, code]).reshape(-1)
        picked = [i for i, text in enumerate(labels) if level_of(text, 1) == rest]
        places.append(sorted(picked, key=lambda i, order=order: int(order[i])))  # type: ignore[misc]
    values = table.terms[term][0, table.players.index(table.moves.players[axis])][np.ix_(*places)]
    return np.asarray(values if axis == 0 else values.T)


def _revenue_alone(scenario: Scenario) -> Expectation:
    """The tariff of the largest revenue over the peak tariff."""
    parameter = scenario.parameters["trade.elasticity"]
    peak = {"US": value_of(scenario, "us_tariff.peak.rate"), "CN": value_of(scenario, "cn_tariff.peak.rate")}
    cases = []
    for label, elasticity in {"low end": parameter.low, "value": parameter.value, "high end": parameter.high}.items():
        model = trade_model(scenario, elasticity=elasticity)
        for side, rival in (("US", "CN"), ("CN", "US")):
            rates = np.linspace(0.0, 2.0 * peak[side], 401)
            outcome = model.solve(model.tariff_matrix({(side, rival): rates}))
            revenue = outcome.revenue[:, model.position(side)]
            cases.append(
                Case(f"elasticity {elasticity:g} ({label})", side, float(rates[revenue.argmax()] / peak[side]))
            )
    return Expectation(
        "revenue_alone",
        "A wish for revenue, however strong, never explains tariffs as high as at the peak of 2025",
        "tariff of the largest revenue over the peak tariff; no weight on revenue supports a higher one",
        "share of the peak",
        0.0,
        1.0,
        tuple(cases),
        "Imports shrink faster than the rate rises long before the peak; with an elasticity near one the revenue of "
        "either side is still largest below it.",
    )


# ------------------------------------------------------------ shortage


def _magnet_loss(scenario: Scenario, cut: float, exposure: float | None = None, loss: float | None = None) -> float:
    """US loss while a cut lasts that no stock covers, percent of GDP a year."""
    v = value_of(scenario, "magnet_users.US.exposure") if exposure is None else exposure
    at_80 = value_of(scenario, "magnet_users.US.loss_of_80_cut") if loss is None else loss
    share = value_of(scenario, "magnet_users.cost_share")
    elasticity = inputs.elasticity_from_loss(at_80, v, share, saturate=True)
    return float(inputs.shortage_loss(1.0 - cut, v, share, elasticity))


def _published(scenario: Scenario) -> dict[str, tuple[float, float, float]]:
    """Study -> (cut, low, high) of the published losses; (see ``NEAR_TOTAL``)."""
    evidence = scenario.evidence
    cuts = {
        "ECB, spring 2025": ("loss_us_18m", evidence.parameter("cut_depth_may25").value),
        "ECB, near-total stop": ("loss_us_extreme", NEAR_TOTAL),
        "IMF, 80 % cut": ("loss_us_80", 0.8),
    }
    return {name: (cut, evidence.parameter(key).low, evidence.parameter(key).high) for name, (key, cut) in cuts.items()}


def _losses_fit(scenario: Scenario) -> Expectation:
    cases = tuple(
        Case(name, "", (_magnet_loss(scenario, cut) - low) / (high - low))
        for name, (cut, low, high) in _published(scenario).items()
    )
    return Expectation(
        "losses_fit",
        "The default loss of a shortage fits both estimates of the ECB and lies inside the IMF's range",
        "where the model's US loss lies in the published range: 0 at its low end, 1 at its high end",
        "place in the range",
        0.0,
        1.0,
        cases,
        "One curve through the loss of an 80 % cut has to serve a smaller and a larger cut: what fits a near-total "
        "stop is just above the published range for the fall of spring 2025.",
    )


def _losses_overshoot(scenario: Scenario) -> Expectation:
    evidence = scenario.evidence
    exposure = 100.0 * evidence.parameter("va_us_exposed_share").value
    loss = evidence.parameter("loss_us_80").value
    cases = tuple(
        Case(name, "", (_magnet_loss(scenario, cut, exposure, loss) - low) / (high - low))
        for name, (cut, low, high) in _published(scenario).items()
        if name.startswith("ECB")
    )
    return Expectation(
        "losses_overshoot",
        "With all value added of the exposed industries at stake and the IMF's loss, the ECB's ranges are exceeded",
        "where the US loss lies in the published range when both are taken: 1 at its high end",
        "place in the range",
        1.0,
        np.inf,
        cases,
        "Both numbers are the upper ends of their kind; together they put the curve above either estimate.",
    )


def _last_fifth(scenario: Scenario) -> Expectation:
    v, loss = (scenario.parameters[f"magnet_users.US.{name}"] for name in ("exposure", "loss_of_80_cut"))
    readings = {
        "values": (v.value, loss.value),
        "IMF's loss": (v.value, scenario.evidence.parameter("loss_us_80").value),
        "ends that favour it": (v.high, loss.low),
        "ends against it": (v.low, loss.high),
    }
    cases = []
    for name, (exposure, at_80) in readings.items():
        most = _magnet_loss(scenario, 1.0, exposure, at_80)
        cases.append(Case(name, "", 1.0 - _magnet_loss(scenario, 0.8, exposure, at_80) / most))
    return Expectation(
        "last_fifth",
        "Almost all the bite of a shortage is in the last fifth of supply",
        "share of the loss of a full stop that the last fifth of supply adds",
        "share",
        0.9,
        1.0,
        tuple(cases),
        "The loss of an 80 % cut is an input, and so is the most that can be lost: their ratio fixes the share, and no "
        "pair inside the ranges makes it nearly all. The curve is steep at the end all the same.",
    )
