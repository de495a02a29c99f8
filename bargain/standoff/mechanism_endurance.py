"""What the mechanisms of endurance and hoarding start from in a scenario: who can hold out how long, at which cost.

Three outcomes of a contest are read from the round's payoffs: it goes on (by default the tariffs and the stop of April
2025), the United States gives in, China gives in. A side's prize is what it gets if the other gives in, over what it
gets if it does itself, for as long as a concession lasts; what holding out costs is the distance of the contest from
giving in itself, once while the stocks of the target last and once when they are gone.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from bargain.mechanisms.endurance import deterring_stock, embargo_threshold, embargo_worth, optimal_drawdown
from bargain.mechanisms.endurance_prior import EndurancePrior
from bargain.mechanisms.exhaustion import Exhaustion, exhaustion
from bargain.mechanisms.hoarding import Market
from bargain.standoff.mechanism_numbers import number
from bargain.standoff.payoff_table import PayoffTable
from bargain.standoff.scenario import Scenario
from bargain.standoff.schema import ControlInstrument, ScenarioError

Pair = tuple[float, float]
Moves = tuple[str, str]

CONTEST: dict[str, Moves] = {
    "goes_on": ("peak/restricted", "peak/ban"),
    "US gives in": ("pre_2025/restricted", "pre_2025/open"),
    "CN gives in": ("truce/restricted", "pre_2025/open"),
}
"""Moves of the two players in the three outcomes."""

ENOUGH_MONTHS = 1e3
"""Stock that covers every round in full."""

LEAST_EXPONENT = 1.01
"""The loss is convex in the shortage, else stocks are of no use."""

ENDURANCE_KEYS = ("concession_months", "obstinate", "cost_spread", "relief", "show_months")
HOARDING_KEYS = ("stop_hazard", "storage", "price_rise", "borne_share")


@dataclass(frozen=True)
class EnduranceTerms:
    """A contest in numbers, payoffs in percent of own GDP; pairs are in the order of ``players``: target, sender.

    covered_cost, bare_cost: of a year of it while the target's stock lasts and when it is gone, may be negative;
    prize: a year; concession_months: for how long; stock_months: (low, central, high) of the target's stock in months
    of normal use; gap: share of normal use that the stop takes; exponent of the loss; obstinate, cost_spread, relief,
    show_months, stop_hazard, storage, price_rise, borne_share: see the scenario's keys ``mechanisms.endurance`` and
    ``mechanisms.hoarding``; price: of a month of normal use, percent of the target's GDP.
    """

    players: tuple[str, str]
    round_months: float
    discount_factor: float
    covered_cost: Pair
    bare_cost: Pair
    prize: Pair
    concession_months: float
    stock_months: tuple[float, float, float]
    gap: float
    exponent: float
    obstinate: float
    cost_spread: float
    relief: float
    show_months: float
    stop_hazard: float
    storage: float
    price_rise: float
    borne_share: float
    price: float

    # ------------------------------------------------------------ how long either side holds out

    def covered_months(self, stock: float) -> float:
        """Months for which a stock of so many months of normal use bridges the gap."""
        return stock / self.gap

    def endurance_months(self, side: int, covered_months: float, cost_factor: float = 1.0) -> float:
        """Months of the contest that cost a side as much as its prize is worth; infinite if they never do.

        cost_factor: times the costs, for what the other side does not know of them.
        """
        stake = self.prize[side] * self.concession_months
        covered, bare = self.covered_cost[side] * cost_factor, self.bare_cost[side] * cost_factor
        if covered > 0.0 and covered * covered_months >= stake:
            return stake / covered
        left = stake - covered * covered_months
        return covered_months + left / bare if bare > 0.0 else math.inf

    def target_endurance(self, stock: float) -> float:
        """Months that the target holds out with a stock of so many months of normal use."""
        return self.endurance_months(0, self.covered_months(stock))

    def sender_endurance(self, cost_factor: float = 1.0) -> float:
        """Months that the sender holds out against the mean stock of the target."""
        mean = sum(self.stock_months) / 3.0
        return self.endurance_months(1, self.covered_months(mean), cost_factor)

    def priors(self, n_pieces: int = 24) -> tuple[EndurancePrior, EndurancePrior]:
        """What each side knows of the other: a triangular stock of the target, a cost of the sender within a spread.

        The target's endurance rises with its stock, so the pieces of the stock's density become pieces of endurance,
        unless the prize is used up before a large stock is.
        """
        stocks = EndurancePrior.triangular(*self.stock_months, self.obstinate, n_pieces)
        months = tuple(self.target_endurance(stock) for stock in stocks.months)
        low, high = (self.sender_endurance(1.0 + sign * self.cost_spread) for sign in (1.0, -1.0))
        if not all(map(math.isfinite, (*months, low, high))):
            raise ScenarioError("holding out costs a side nothing at these values: its endurance has no end")
        return self._of_stocks(months, stocks), EndurancePrior.uniform(low, high, self.obstinate)

    def _of_stocks(self, months: tuple[float, ...], stocks: EndurancePrior) -> EndurancePrior:
        """The prior of endurance; of points where large stocks outlast what they are worth and end alike."""
        if all(a < b for a, b in pairwise(months)):
            return EndurancePrior(months, stocks.chances)
        gathered: dict[float, float] = {}
        for a, b, chance in zip(stocks.months, stocks.months[1:], stocks.chances, strict=False):
            point = self.target_endurance(0.5 * (a + b))
            gathered[point] = gathered.get(point, 0.0) + chance
        return EndurancePrior(tuple(gathered), tuple(gathered.values()))

    def exhaustion(self, stocks: EndurancePrior | None = None, n_types: int = 100) -> Exhaustion:
        """The contest with costs as they come: the target's stock, then the bare cost; the sender's all the time.

        stocks: what is known of the target's stock, months of normal use (default: triangular over its range).
        """
        known = EndurancePrior.triangular(*self.stock_months, self.obstinate, 100) if stocks is None else stocks
        dates = EndurancePrior(tuple(self.covered_months(stock) for stock in known.months), known.chances)
        spread = self.cost_spread * (2.0 * (np.arange(n_types) + 0.5) / n_types - 1.0)
        costs = (1.0 + spread) * self.covered_cost[1] / 12.0
        prizes = tuple(prize * self.concession_months / 12.0 for prize in self.prize)
        return exhaustion(
            dates,
            costs.tolist(),
            [(1.0 - self.obstinate) / n_types] * n_types,
            (prizes[0], prizes[1]),
            (self.covered_cost[0] / 12.0, self.bare_cost[0] / 12.0),
        )

    # ------------------------------------------------------------ the embargo against a stock

    @property
    def years(self) -> float:
        """Length of a round."""
        return self.round_months / 12.0

    @property
    def need(self) -> float:
        """Months of normal use that the stop takes in a round."""
        return self.gap * self.round_months

    def drawdown_terms(self) -> dict[str, float]:
        """Arguments of ``endurance`` and ``deterring_stock`` beside the stock or the threshold."""
        return {
            "need": self.need,
            "discount_factor": self.discount_factor,
            "hazard": self.relief,
            "full_loss": max(self.bare_cost[0] - self.covered_cost[0], 0.0) * self.years,
            "cost_of_yielding": self.prize[0] * self.years,
            "exponent": self.exponent,
        }

    @property
    def sender_cost(self) -> float:
        """What a round of the contest costs the sender, never below 0."""
        return max(self.covered_cost[1], 0.0) * self.years

    @property
    def sender_prize(self) -> float:
        """Worth of the concession to the sender."""
        return self.prize[1] * self.concession_months / 12.0

    def threshold(self) -> float:
        """Rounds of endurance from which on the contest does not pay the sender."""
        return float(embargo_threshold(self.sender_cost, self.sender_prize, self.discount_factor))

    def deterring_stocks(self) -> Pair:
        """Stocks, in months of normal use, from which on the contest does not pay the sender.

        First if the target rations its use in the best way, as ``endurance`` has it, then if it bridges the whole gap
        until its stock is gone, as ``target_endurance`` and the game over rounds have it.
        """
        rounds = self.threshold()
        bare, stake = self.bare_cost[0], self.prize[0] * self.concession_months
        if bare <= max(self.covered_cost[0], 0.0) or math.isinf(rounds):
            bridging = 0.0 if math.isfinite(rounds) else math.inf
        else:
            bridging = (rounds * self.round_months - stake / bare) / (1.0 - self.covered_cost[0] / bare) * self.gap
        return deterring_stock(rounds, **self.drawdown_terms()), max(bridging, 0.0)

    def bluff_terms(self) -> dict[str, float | Pair]:
        """Arguments of ``bluff``: the low and the high figure for the stock, in the chances that keep its mean.

        A show runs ``show_months`` of the stock down; it costs what they would save in the stop that is at hand.
        """
        low, _, high = self.stock_months
        mean = sum(self.stock_months) / 3.0
        parts = [self.against(stock) for stock in (low, high)]
        harm, worth, cost = ((parts[0][k], parts[1][k]) for k in range(3))
        return {"chance_small": (high - mean) / (high - low), "harm": harm, "worth": worth, "show_cost": cost}

    def against(self, stock: float) -> tuple[float, float, float]:
        """(harm to the target, worth to the sender, cost of a show) of a stop that lasts until the target gives in."""
        d, covered = self.discount_factor, self.covered_months(stock) / self.round_months
        rounds = self.target_endurance(stock) / self.round_months
        harm = d**rounds * self.prize[0] * self.concession_months / 12.0
        for t in range(math.ceil(rounds)):
            served, length = max(min(covered, rounds, t + 1.0) - t, 0.0), min(rounds - t, 1.0)
            harm += d**t * self.years * (served * self.covered_cost[0] + (length - served) * self.bare_cost[0])
        worth = float(embargo_worth(self.sender_cost, self.sender_prize, d, rounds))
        return max(harm, 0.0), worth, self._saved(stock) - self._saved(max(stock - self.show_months, 0.0))

    def _saved(self, stock: float) -> float:
        """Minus the target's expected loss in a stop, with the best use of a stock."""
        scale = self.drawdown_terms()["full_loss"] / self.need**self.exponent
        return -float(scale) * optimal_drawdown(self.need, stock, self.discount_factor, self.relief, self.exponent).loss

    # ------------------------------------------------------------ hoarding

    def market(self) -> Market:
        """What hoarding by the target's users costs and saves, in percent of GDP; stocks in months of normal use."""
        return Market(
            need=self.need,
            full_loss=self.borne_share * self.drawdown_terms()["full_loss"],
            hazard=self.stop_hazard,
            relief=self.relief,
            discount_factor=self.discount_factor,
            price=self.price,
            slope=self.price * self.price_rise / self.round_months,
            storage=self.price * self.storage,
            exponent=self.exponent,
        )


def endurance_terms(
    scenario: Scenario, contest: dict[str, Moves] | None = None, input_name: str = "heavy_rare_earths"
) -> EnduranceTerms:
    """The contest of a scenario in which ``input_name`` is withheld from its target; one general stock covers all.

    contest: moves in the three outcomes, as in CONTEST. Numbers of the mechanisms are the scenario's keys
    ``mechanisms.endurance.*`` and ``mechanisms.hoarding.*``; ScenarioError names one that is missing.
    """
    moves = CONTEST if contest is None else contest
    sides, label = _sides(scenario, input_name)
    target = sides[0]
    full, empty = (_table(scenario, target, months) for months in (ENOUGH_MONTHS, 0.0))
    covered, bare = (_outcomes(table, moves, sides) for table in (full, empty))
    given_in = (covered[f"{sides[0]} gives in"][0], covered[f"{sides[1]} gives in"][1])
    won = (covered[f"{sides[1]} gives in"][0], covered[f"{sides[0]} gives in"][1])
    users = f"{input_name}.{target}"
    stock, dependence = (scenario.parameters[f"{users}.{key}"] for key in ("military_stock_months", "dependence"))
    level = moves["goes_on"][1].rpartition("/")[2]
    own = {key: number(scenario, f"mechanisms.endurance.{key}") for key in ENDURANCE_KEYS}
    own |= {key: number(scenario, f"mechanisms.hoarding.{key}") for key in HOARDING_KEYS}
    return EnduranceTerms(
        players=sides,
        round_months=scenario.file.round_months,
        discount_factor=scenario.parameters["rounds.discount_factor"].value,
        covered_cost=(given_in[0] - covered["goes_on"][0], given_in[1] - covered["goes_on"][1]),
        bare_cost=(given_in[0] - bare["goes_on"][0], given_in[1] - bare["goes_on"][1]),
        prize=(won[0] - given_in[0], won[1] - given_in[1]),
        stock_months=(stock.low, stock.value, stock.high),
        gap=dependence.value * (1.0 - scenario.parameters[f"{label}.{level}.civil"].value),
        exponent=_exponent(scenario, empty, moves["goes_on"], sides, label),
        price=_monthly_price(scenario, target, sides[1]),
        **own,
    )


def _sides(scenario: Scenario, input_name: str) -> tuple[tuple[str, str], str]:
    """(target, sender) of the control on an input, and the control's name."""
    for label, instrument in scenario.file.instruments.items():
        if isinstance(instrument, ControlInstrument) and input_name in instrument.acts_on:
            return (instrument.target, instrument.player), label
    raise ScenarioError(f"no export control acts on the input '{input_name}'; the rule is one that can be withheld")


def _table(scenario: Scenario, target: str, months: float) -> PayoffTable:
    """The payoffs of a round in which the target has one general stock."""
    stocks = dict.fromkeys(scenario.stock_keys((target,)), months)
    return scenario.with_values({"options.stocks": "pooled", **stocks}).payoffs()


def _outcomes(table: PayoffTable, moves: dict[str, Moves], sides: tuple[str, str]) -> dict[str, Pair]:
    """Payoffs of (target, sender) in the outcomes of a contest, percent of own GDP a year."""
    places = [table.players.index(code) for code in sides]
    found = {}
    for name, profile in moves.items():
        values = [float(table.total[(0, place, *table.cell(profile))]) for place in places]
        found[name] = (values[0], values[1])
    return found


def _exponent(scenario: Scenario, table: PayoffTable, moves: Moves, sides: tuple[str, str], label: str) -> float:
    """Exponent of the loss in the shortage between the two tightest levels of the control, without stocks."""
    place = scenario.players.index(sides[1])
    losses, gaps = [], []
    for level in list(scenario.file.instruments[label].levels)[-2:]:
        own = list(moves)
        own[place] = own[place].rpartition("/")[0] + "/" + level
        cell = (0, table.players.index(sides[0]), *table.cell(own))
        losses.append(-float(table.terms["shortage"][cell] + table.terms["security_loss"][cell]))
        gaps.append(1.0 - scenario.parameters[f"{label}.{level}.civil"].value)
    return max(math.log(losses[1] / losses[0]) / math.log(gaps[1] / gaps[0]), LEAST_EXPONENT)


def _monthly_price(scenario: Scenario, target: str, sender: str) -> float:
    """What a month of normal use of all the sender's inputs costs the target, percent of its GDP."""
    inputs = scenario.file.inputs.items()
    names = [name for name, item in inputs if item.exporter == sender and target in item.users]
    bought = sum(scenario.parameters[f"{name}.{target}.purchases_usd_bn"].value for name in names)
    return 100.0 * bought / scenario.parameters[f"{target}.gdp_usd_bn"].value / 12.0
