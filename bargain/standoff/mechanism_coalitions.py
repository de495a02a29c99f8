"""Coalitions in a scenario: stances and blocs of bystanders, allied stocks, rebuilding; the chain from mine to user.

Every number is a row of the evidence or a parameter of the scenario; what it lacks is in ``[mechanisms.coalitions]`` or
is given by the caller. The models are in ``bargain.mechanisms``: ``alignment``, ``allied_stocks``, ``joint_rebuild``
and ``supply_chain``. Money is in USD bn a year.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bargain.economy.diversion import reexport_profit, reexport_share
from bargain.games.stage import StageGame
from bargain.mechanisms.alignment import BlocValues, bloc_values
from bargain.mechanisms.allied_stocks import AlliedStock, shared_reserve
from bargain.mechanisms.joint_rebuild import JointRebuild, joint_rebuild
from bargain.mechanisms.transshipment import premium_fall, route_share
from bargain.standoff.mechanism_numbers import number
from bargain.standoff.mechanism_supply_chain import PLACE, all_purchases
from bargain.standoff.mechanism_supply_chain import magnet_use as magnet_use
from bargain.standoff.mechanism_supply_chain import single_suppliers as single_suppliers
from bargain.standoff.mechanism_supply_chain import supply_chain as supply_chain
from bargain.standoff.mechanism_supply_chain import yearly_losses as yearly_losses
from bargain.standoff.payoffs import DETOUR, FloatArray
from bargain.standoff.scenario import Scenario
from bargain.standoff.schema import AlignmentInstrument, ScenarioError, nearest


@dataclass(frozen=True)
class Stances:
    """The game of the bystanders' stances at one pair of moves, and what is needed to add it up.

    game: payoffs in percent of own GDP a year; money: USD bn for a percent of GDP; reference: place of the reference
    stance of each.
    """

    game: StageGame
    money: tuple[float, ...]
    reference: tuple[int, ...]


def bystander_game(
    scenario: Scenario,
    moves: Sequence[str],
    *,
    premium_slope: float | None = None,
    pressure_dilution: float | None = None,
) -> Stances:
    """The game of the bystanders' stances while the strategic players hold ``moves`` (labels, in their order).

    premium_slope: fall of the premium of detours if they brought all normal purchases (``mechanisms.tracing``): detours
    of others then lower one's own profit; pressure_dilution: part by which the value of a stance outside the model
    shrinks when all others take it too, by GDP. At 0 of both nothing interacts, and the best stances are those of
    ``bargain.standoff.bystanders.reactions``.
    """
    codes, labels, reference = _bystanders(scenario)
    table = scenario.payoffs(players=(*scenario.players, *codes))
    strategic = len(scenario.players)
    if len(moves) != strategic:
        raise ScenarioError(f"moves = {tuple(moves)} are not one action for each of {', '.join(scenario.players)}")
    cell = table.cell((*moves, *(row[0] for row in table.moves.actions[strategic:])))[:strategic]
    places = [table.players.index(code) for code in codes]
    terms = {name: array[0][places][(slice(None), *cell)] for name, array in table.terms.items()}
    slope = number(scenario, "mechanisms.tracing.premium_slope", premium_slope)
    dilution = number(scenario, f"{PLACE}pressure_dilution", pressure_dilution)
    money = tuple(number(scenario, f"{code}.gdp_usd_bn") / 100.0 for code in codes)
    if "detours" in terms and slope > 0.0:
        terms["detours"] = terms["detours"] * _crowding(scenario, codes, labels, slope)
    if "alliance" in terms and dilution > 0.0:
        terms["alliance"] = terms["alliance"] * (1.0 - dilution * _company(np.array(money), len(labels)))
    game = StageGame(np.asarray(sum(terms.values())), players=codes, actions=[labels] * len(codes))
    return Stances(game, money, (reference,) * len(codes))


def _bystanders(scenario: Scenario) -> tuple[tuple[str, ...], tuple[str, ...], int]:
    """Codes of bystanders that have stances, the stances, and the place of the reference."""
    for instrument in scenario.file.instruments.values():
        if isinstance(instrument, AlignmentInstrument):
            codes = tuple(code for code in scenario.bystanders if code in instrument.players)
            if codes:
                return codes, tuple(instrument.levels), list(instrument.levels).index(instrument.reference)
    raise ScenarioError(f"scenario '{scenario.name}' has no bystanders with an alignment")


def _crowding(scenario: Scenario, codes: Sequence[str], labels: Sequence[str], slope: float) -> FloatArray:
    """Profit of detours under a premium that arrivals lower, over that without, ``(*n_stances,)``."""
    label = next(name for name, entry in scenario.file.instruments.items() if isinstance(entry, AlignmentInstrument))
    n, m = len(codes), len(labels)
    willing = np.array([number(scenario, f"{label}.{level}.willingness") for level in labels])
    weights = np.array([number(scenario, f"{code}.reexport_weight") for code in codes])
    stance = np.moveaxis(np.indices((m,) * n), 0, -1)
    share = route_share(weights, weights.sum(), willing[stance])
    tracing, margin, penalty, kappa, cap = (number(scenario, f"diversion.{key}") for key in DETOUR)
    left = np.maximum(margin - premium_fall(share, tracing, margin, penalty, kappa, cap, 1.0, slope), 0.0)
    moved, base = (reexport_share(tracing, at, penalty, kappa, cap) for at in (left, margin))
    alone = float(reexport_profit(base, tracing, margin, penalty, kappa))
    return np.asarray(
        reexport_profit(moved, tracing, left, penalty, kappa) / alone if alone > 0.0 else np.ones(left.shape)
    )


def _company(weights: FloatArray, n_stances: int) -> FloatArray:
    """Share of the others, by weight, that take the same stance, ``(n, *n_stances)``."""
    n = len(weights)
    stance = np.indices((n_stances,) * n)
    same = np.stack([sum(weights[j] * (stance[j] == stance[k]) for j in range(n) if j != k) for k in range(n)])
    rest = weights.sum() - weights
    return np.asarray(same / np.where(rest > 0.0, rest, 1.0).reshape(-1, *(1,) * n))


def bystander_values(
    scenario: Scenario,
    moves: Sequence[str],
    *,
    base: Sequence[str] | None = None,
    premium_slope: float | None = None,
    pressure_dilution: float | None = None,
) -> BlocValues:
    """What blocs of bystanders are worth at ``moves``, in USD bn a year: a game with externalities.

    base: moves at which, all bystanders at the reference stance, worth is 0; default: the same moves, so that worth is
    what stances alone gain. Other arguments as ``bystander_game``.
    """
    numbers = {"premium_slope": premium_slope, "pressure_dilution": pressure_dilution}
    here = bystander_game(scenario, moves, **numbers)
    there = here if base is None else bystander_game(scenario, base, **numbers)
    at: tuple[Any, ...] = (slice(None), *there.reference)
    return bloc_values(here.game, here.money, here.reference, there.game.payoffs[at])


# ---------------------------------------------------------------- stocks and rebuilding


def allied_reserve(
    scenario: Scenario,
    allies: Sequence[str] | None = None,
    *,
    stop_hazard: float | None = None,
    relief: float | None = None,
    borne_share: float | None = None,
    storage: float | None = None,
    magnets: str = "light_magnets",
) -> AlliedStock:
    """A reserve of magnets that all allies may draw on: voluntary and efficient, in months of everybody's use.

    allies: default all users with a published loss. A stop has the chance ``stop_hazard`` a quarter
    (``mechanisms.hoarding``) and ends with the chance ``relief`` a quarter (``mechanisms.endurance``); those who decide
    bear ``borne_share`` of the loss and pay ``storage`` of the value a quarter (``mechanisms.hoarding``).
    """
    codes, loss, bought = _allies(scenario, allies, magnets)
    stops, months = _stops(scenario, stop_hazard, relief)
    cost = 4.0 * number(scenario, "mechanisms.hoarding.storage", storage) * sum(bought) / 12.0
    borne = number(scenario, "mechanisms.hoarding.borne_share", borne_share)
    return shared_reserve(borne * np.array(loss) / 12.0, cost, months, stops, codes)


def rebuilding_together(
    scenario: Scenario,
    allies: Sequence[str] | None = None,
    *,
    sharing: str = "shapley",
    stop_hazard: float | None = None,
    relief: float | None = None,
    borne_share: float | None = None,
    capital_rate: float | None = None,
    magnets: str = "light_magnets",
) -> JointRebuild:
    """Capacity for all that the allies buy from the exporter: who gains what, what it costs, who pays.

    Benefit: the loss of stops, a year, times the part that those who decide bear (``borne_share`` of
    ``mechanisms.hoarding``). Cost: capital (``mp_10x_capex``) at ``capital_rate`` and production dearer by
    ``refinery_cost_ratio`` - 1.
    """
    codes, loss, _ = _allies(scenario, allies, magnets)
    stops, months = _stops(scenario, stop_hazard, relief)
    borne = number(scenario, "mechanisms.hoarding.borne_share", borne_share)
    benefits = borne * min(stops * months / 12.0, 1.0) * np.array(loss)
    return joint_rebuild(benefits, rebuilding_cost(scenario, codes, capital_rate, magnets), codes, sharing)


def rebuilding_cost(
    scenario: Scenario, allies: Sequence[str], capital_rate: float | None = None, magnets: str = "light_magnets"
) -> float:
    """USD bn a year for making outside what ``allies`` buy from the exporter."""
    evidence = scenario.evidence
    bought = sum(number(scenario, f"{magnets}.{code}.purchases_usd_bn") for code in allies)
    tonnes = bought * evidence.parameter("cn_magnet_exports_2024").value
    tonnes /= evidence.parameter("cn_magnet_exports_2024_usd").value
    capital = tonnes * evidence.parameter("mp_10x_capex").value / 1000.0
    dearer = (evidence.parameter("refinery_cost_ratio").value - 1.0) * bought
    return capital * number(scenario, f"{PLACE}capital_rate", capital_rate) + dearer


def _allies(
    scenario: Scenario, allies: Sequence[str] | None, magnets: str
) -> tuple[tuple[str, ...], list[float], list[float]]:
    """Codes, losses of a year without supplies, all purchases of a year."""
    loss, bought = yearly_losses(scenario), all_purchases(scenario, magnets)
    codes = tuple(allies) if allies is not None else tuple(code for code in loss if code in bought)
    for code in codes:
        if code not in loss or code not in bought:
            raise ScenarioError(f"'{code}' is no user with a published loss{nearest(code, list(loss))}")
    return codes, [loss[code] for code in codes], [bought[code] for code in codes]


def _stops(scenario: Scenario, stop_hazard: float | None, relief: float | None) -> tuple[float, float]:
    """(stops a year, mean months of a stop)."""
    hazard = number(scenario, "mechanisms.hoarding.stop_hazard", stop_hazard)
    ends = number(scenario, "mechanisms.endurance.relief", relief)
    if ends <= 0.0:
        raise ScenarioError(f"relief = {ends:g}; the rule is a positive chance that a stop ends")
    return 4.0 * hazard, 3.0 / ends
