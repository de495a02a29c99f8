"""Commitment and coercion in a scenario: what a control is worth to its owner over time, threats, power, deterrence.

Every number is a payoff term of one round (``Round``) or a parameter of the scenario; what it lacks is in
``[mechanisms.commitment]``. Payoffs are in percent of the named side's GDP a year.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

from bargain.economy import inputs
from bargain.mechanisms.capacity_deterrence import CapacityChoice, capacity_choice
from bargain.mechanisms.credibility import Threat, threat
from bargain.mechanisms.cutoff_power import cutoff_power
from bargain.mechanisms.growth import expected_growth, withheld_share
from bargain.mechanisms.shifting_power import ShiftingPower, shifting_power
from bargain.mechanisms.temporary_restriction import TemporaryRestriction, capacity_path, temporary_restriction
from bargain.standoff.bystanders import reactions
from bargain.standoff.instruments import moves
from bargain.standoff.mechanism_numbers import number
from bargain.standoff.model import parameter_arrays
from bargain.standoff.payoffs import FloatArray, Round
from bargain.standoff.scenario import Scenario
from bargain.standoff.schema import ControlInstrument, ScenarioError, nearest
from bargain.standoff.transitions import stock_target

PLACE = "mechanisms.commitment."
TRACKS = ("civil", "military")
LONGEST = 40
"""Rounds of restriction that are tried unless the caller says otherwise: ten years of quarters."""


def commitment_value(scenario: Scenario, key: str, given: float | None = None) -> float:
    """A number of ``[mechanisms.commitment]``, or the one that is given."""
    return number(scenario, PLACE + key, given)


@dataclass(frozen=True)
class Control:
    """An export control of a strategic player on another one, held at a level in place of its most open one.

    capacity: the state variable that replaces what it withholds; withheld: how far, in [0, 1]; paces: growth of that
    capacity a round, without and with the restriction, in expectation.
    """

    scenario: Scenario
    instrument: str
    level: str
    owner: str
    target: str
    names: tuple[str, ...]
    open_level: str
    capacity: str
    today: float
    withheld: float
    paces: tuple[float, float]

    @classmethod
    def of(cls, scenario: Scenario, instrument: str, level: str, *, withheld_factor: float | None = None) -> Control:
        """The control of a scenario with rounds; withheld_factor: in place of the scenario's own."""
        controls = {n: i for n, i in scenario.file.instruments.items() if isinstance(i, ControlInstrument)}
        if instrument not in controls:
            raise ScenarioError(f"no export control '{instrument}'{nearest(instrument, list(controls))}")
        item = controls[instrument]
        if level not in item.levels:
            raise ScenarioError(f"{instrument} has no level '{level}'{nearest(level, list(item.levels))}")
        names = tuple(item.acts_on)
        capacity = {scenario.file.inputs[name].replaced_by for name in names}
        if scenario.file.rounds is None or len(capacity) != 1:
            raise ScenarioError(f"{instrument}: the rule is rounds, and one capacity that replaces all of its inputs")
        (grown,) = capacity
        delivered = {n: [_value(scenario, f"{instrument}.{n}.{track}") for track in TRACKS] for n in item.levels}
        open_level = max(delivered, key=lambda n: sum(delivered[n]))
        weight = np.array(_value(scenario, "rounds.military_weight"))
        civil, military = (np.array(share) for share in delivered[level])
        withheld = withheld_share(civil, military, weight)
        today = _value(scenario, f"state.{grown}")
        factor = _value(scenario, f"rounds.{grown}.withheld_factor") if withheld_factor is None else withheld_factor
        years, covered = (np.array(_value(scenario, f"rounds.{grown}.{key}")) for key in ("years", "covered"))
        pace = [
            expected_growth(np.array(today), w, years, covered, np.array(factor), scenario.file.round_months)
            for w in (np.zeros(()), withheld)
        ]
        paces = (float(pace[0]), float(pace[1]))
        found = (str(item.player), str(item.target), names, open_level, str(grown), today, float(withheld), paces)
        return cls(scenario, instrument, level, *found)

    def round_at(self, capacity: FloatArray, stocks: dict[str, FloatArray] | None = None) -> Round:
        """Rounds at capacities ``(n,)`` in which the owner alone moves and bystanders react; stocks: key -> months
        ``(n,)`` in place of the scenario's."""
        scenario, n = self.scenario, len(capacity)
        alone = moves(scenario.file, (self.owner,))
        once = Round(scenario.file, scenario.choices, parameter_arrays(scenario), alone)
        values = {key: np.repeat(array, n) for key, array in once.values.items()}
        values |= {f"state.{self.capacity}": capacity} | (stocks or {})
        return once.in_states(values, n, reactions(once.in_states(values, n)))

    def at(self, array: FloatArray, game: Round, level: str) -> FloatArray:
        """Entries ``(n,)`` of a term where the control is at ``level`` and all other instruments at their reference."""
        known = list(self.scenario.file.instruments[self.instrument].levels)
        (reference,) = game.moves.reference
        fits = np.ones(game.moves.shape, dtype=bool)
        for (name, player), levels in game.moves.level.items():
            if player == self.owner:
                wanted = known.index(level) if name == self.instrument else levels.reshape(-1)[reference]
                fits &= levels.reshape(-1) == wanted
        return np.asarray(np.broadcast_to(array, game.full_shape)[:, int(np.flatnonzero(fits)[0])])

    def stock_path(self, capacity: FloatArray) -> dict[str, FloatArray]:
        """The target's stocks at the start of every round of restriction: nothing is laid in meanwhile."""
        game, scenario, paths = self.round_at(capacity), self.scenario, {}
        pooled = scenario.choices["options.stocks"] == "pooled"
        for name in self.names:
            keys = {track: f"{name}.{self.target}.{track}_stock_months" for track in TRACKS}
            first = {
                track: scenario.parameters[key].value if key in scenario.parameters else 0.0
                for track, key in keys.items()
            }
            if pooled:
                share = scenario.parameters.get(f"{name}.{self.target}.military_share")
                weight = 0.0 if share is None else share.value
                first = dict.fromkeys(TRACKS, float(inputs.pooled_stock(first["civil"], first["military"], weight)))
            for track in TRACKS:
                gap = self.at(game.drawdown(name, self.target, track)[0], game, self.level)
                months = np.array(first[track])
                path = []
                for step in gap:
                    path.append(months)
                    months = stock_target(months, step, np.zeros(()), np.zeros(()), scenario.file.round_months)
                paths[keys[track]] = np.array(path)
        return {key: path for key, path in paths.items() if key in scenario.parameters}

    def pressure(self, game: Round) -> FloatArray:
        """What the restriction takes from the target, in percent of the owner's GDP a year ``(n,)``."""
        size = _value(self.scenario, f"{self.target}.gdp_usd_bn") / _value(self.scenario, f"{self.owner}.gdp_usd_bn")
        loss = game.shortage(self.target) + game.security_loss(self.target)
        return size * (self.at(loss, game, self.open_level) - self.at(loss, game, self.level))

    def own(self, game: Round, capacity: FloatArray) -> FloatArray:
        """What the restriction brings its owner by itself: security, less rent withheld and reliability ``(n,)``."""
        reliability, rent = game.control_terms(self.owner)
        terms = game.security_gain(self.owner) + reliability + rent
        sales = game.licence_rent(self.owner)
        change = partial(self._change, game=game)
        # A sale that is gone to rebuilt supply cannot be withheld.
        return change(terms) + self.controlled(capacity) * change(sales)

    def _change(self, array: FloatArray, game: Round) -> FloatArray:
        return self.at(array, game, self.level) - self.at(array, game, self.open_level)

    def controlled(self, capacity: FloatArray) -> FloatArray:
        """Supply still controlled, as a share of today's; none where none is controlled today."""
        return np.asarray((1.0 - capacity) / (1.0 - self.today) if self.today < 1.0 else 0.0 * capacity)

    def rent(self) -> float:
        """Rent on all sales of the controlled inputs at today's capacity, percent of the owner's GDP a year."""
        total = 0.0
        for name in self.names:
            for user in self.scenario.file.inputs[name].users:
                purchases = 100 * _value(self.scenario, f"{name}.{user}.purchases_usd_bn")
                size = purchases / _value(self.scenario, f"{self.owner}.gdp_usd_bn")
                total += float(inputs.forgone_rent(1.0, size, _value(self.scenario, f"{name}.rent_share"), 1.0))
        return total


def restriction(
    scenario: Scenario,
    instrument: str,
    level: str,
    *,
    n_rounds: int = LONGEST,
    concession_share: float | None = None,
    standing_share: float | None = None,
    withheld_factor: float | None = None,
) -> TemporaryRestriction:
    """For how long a control at ``level`` pays its owner, percent of the owner's GDP a year.

    In a round of restriction the owner has its own terms and ``concession_share`` of what the target loses; in a round
    without, the rent on what it still sells and ``standing_share`` of what the target would lose without stocks. The
    target's stocks run down while it is restricted and are not refilled. Everything else is at its reference level.
    """
    control = Control.of(scenario, instrument, level, withheld_factor=withheld_factor)
    taken = commitment_value(scenario, "concession_share", concession_share)
    standing = commitment_value(scenario, "standing_share", standing_share)
    rent = control.rent()
    path = capacity_path(control.today, control.paces[1], n_rounds)[:-1]
    game = control.round_at(path, control.stock_path(path))
    lost_sales = rent * (1.0 - control.controlled(path))
    restricted = control.own(game, path) - lost_sales + taken * control.pressure(game)

    def opened(capacity: FloatArray) -> FloatArray:
        flat = capacity.reshape(-1)
        levels, place = np.unique(np.round(flat, 12), return_inverse=True)
        empty = {key: np.zeros(len(levels)) for key in scenario.stock_keys((control.target,))}
        pressure = control.pressure(control.round_at(levels, empty)) if standing > 0.0 else np.zeros(len(levels))
        flows = standing * pressure - rent * (1.0 - control.controlled(levels))
        return np.asarray(flows[place].reshape(capacity.shape))

    d = _value(scenario, "rounds.discount_factor")
    return temporary_restriction(restricted, opened, control.today, control.paces[0], control.paces[1], d)


def credible_threats(scenario: Scenario, player: str) -> dict[tuple[str, str], Threat]:
    """(rival's action, own answer) -> whether the answer would be given rather than play on as before.

    Acting and yielding are the player's payoffs of one round without its audience; the audience is what yielding costs
    there beyond what acting does. Answers that harm nobody save no audience cost.
    """
    table = scenario.payoffs()
    if player not in table.moves.players:
        raise ScenarioError(f"no strategic player '{player}'{nearest(player, list(table.moves.players))}")
    own, rival = table.moves.players.index(player), 1 - table.moves.players.index(player)
    place = table.players.index(player)
    audience = table.terms["audience"][0, place] if "audience" in table.terms else np.zeros(table.moves.shape)
    material, reference = table.total[0, place] - audience, table.moves.reference[own]
    found = {}
    for i, answer in enumerate(table.moves.actions[own]):
        for j, action in enumerate(table.moves.actions[rival]):
            there, back = [(i, j), (reference, j)] if own == 0 else [(j, i), (j, reference)]
            if i != reference:
                cost = max(0.0, float(audience[there] - audience[back]))
                found[action, answer] = threat(float(material[there]), float(material[back]), cost)
    return found


def supply_power(scenario: Scenario, *, at_published_loss: bool = True) -> dict[tuple[str, str], float]:
    """(input, user) -> what a full cut of it takes from the user when others sell on, percent of the user's GDP.

    The share controlled is the dependence left, the elasticity between sources the trade elasticity, the weight that of
    the exposed industries; at_published_loss: the need for the input from the published loss of its sector, else
    Cobb-Douglas. An input without a sector is weighed by its purchases alone, at Cobb-Douglas.
    """
    game = Round(scenario.file, scenario.choices, parameter_arrays(scenario), moves(scenario.file, scenario.players))
    found = {}
    for name, item in scenario.file.inputs.items():
        for user in item.users:
            share = _value(scenario, f"{name}.{user}.dependence") * (
                1.0 - _value(scenario, f"state.{item.replaced_by}")
            )
            weight, cost, need = 100.0, 0.0, 1.0
            if item.sector is not None:
                weight, cost = (_value(scenario, f"{item.sector}.{key}") for key in (f"{user}.exposure", "cost_share"))
                cost *= _value(scenario, f"{name}.sector_share")
                need = float(game.sector_elasticity(item.sector, user).squeeze()) if at_published_loss else 1.0
            else:
                cost = _value(scenario, f"{name}.{user}.purchases_usd_bn") / _value(scenario, f"{user}.gdp_usd_bn")
            elasticity = _value(scenario, "trade.elasticity")
            found[name, user] = weight * float(cutoff_power(share, cost, elasticity, need))
    return found


def power_shift(
    scenario: Scenario, *, years: float | None = None, conflict_cost: float | None = None
) -> tuple[str, ShiftingPower]:
    """Which side gains strength while both sides rebuild, and whether the other one would rather have it out today.

    Strength is a side's share in what both would inflict on each other, in USD, were each to hold its control at the
    level that takes most, with no stocks left: a contest of the ratio form (Tullock 1980).
    """
    years = commitment_value(scenario, "shift_years", years)
    cost = commitment_value(scenario, "conflict_cost", conflict_cost)
    harm: dict[str, list[float]] = {code: [0.0, 0.0] for code in scenario.players}
    for name, item in scenario.file.instruments.items():
        if not isinstance(item, ControlInstrument) or not {item.player, item.target} <= set(scenario.players):
            continue
        control = strongest(scenario, name)
        n_rounds = round(12.0 * years / scenario.file.round_months)
        capacity = capacity_path(control.today, control.paces[0], n_rounds)[[0, -1]]
        empty = {key: np.zeros(2) for key in scenario.stock_keys((control.target,))}
        pressure = control.pressure(control.round_at(capacity, empty)) * _value(scenario, f"{control.owner}.gdp_usd_bn")
        harm[control.owner] = [a + b for a, b in zip(harm[control.owner], pressure.tolist(), strict=True)]
    first, second = scenario.players
    if any(harm[first][t] + harm[second][t] <= 0.0 for t in (0, 1)):
        raise ScenarioError(
            f"'{scenario.name}': neither side's export controls take anything from the other; no strength"
        )
    now, later = (harm[second][t] / (harm[first][t] + harm[second][t]) for t in (0, 1))
    if later < now:
        first, second, now, later = second, first, 1.0 - now, 1.0 - later
    return second, shifting_power(now, later, cost, _value(scenario, "rounds.discount_factor"))


def strongest(scenario: Scenario, instrument: str) -> Control:
    """The control at the level that delivers least."""
    levels = scenario.file.instruments[instrument].levels
    least = min(levels, key=lambda n: sum(_value(scenario, f"{instrument}.{n}.{track}") for track in TRACKS))
    return Control.of(scenario, instrument, least)


def deterring_build(
    scenario: Scenario,
    instrument: str,
    user: str,
    sector: str,
    *,
    unit_cost: float | None = None,
    concession_share: float | None = None,
) -> CapacityChoice:
    """Capacity of ``user`` that takes away the gain from cutting a sector's inputs off, percent of the user's GDP.

    unit_cost: of all of the supply; by default what it costs above the exporter's price, ``diversion.margin`` times
    purchases. The sender pays the rent on these purchases and its reliability cost.
    """
    control = strongest(scenario, instrument)
    names = [name for name in control.names if scenario.file.inputs[name].sector == sector]
    gdp, sender = (_value(scenario, f"{code}.gdp_usd_bn") for code in (user, control.owner))
    purchases = sum(_value(scenario, f"{name}.{user}.purchases_usd_bn") for name in names)
    shares = [_value(scenario, f"{name}.sector_share") for name in names]
    dependence = float(np.average([_value(scenario, f"{name}.{user}.dependence") for name in names], weights=shares))
    rents = sum(
        _value(scenario, f"{name}.{user}.purchases_usd_bn") * _value(scenario, f"{name}.rent_share") for name in names
    )
    reliability = scenario.parameters.get(f"{instrument}.reliability_cost")
    paid = 100 * rents / gdp + (0.0 if reliability is None else reliability.value) * sender / gdp
    game = Round(scenario.file, scenario.choices, parameter_arrays(scenario), moves(scenario.file, scenario.players))
    premium = 100 * _value(scenario, "diversion.margin") * purchases / gdp
    return capacity_choice(
        premium if unit_cost is None else unit_cost,
        commitment_value(scenario, "concession_share", concession_share),
        paid,
        dependence * (1.0 - control.today),
        _value(scenario, f"{instrument}.{control.level}.civil"),
        _value(scenario, f"{sector}.{user}.exposure"),
        _value(scenario, f"{sector}.cost_share"),
        float(game.sector_elasticity(sector, user).squeeze()),
    )


def _value(scenario: Scenario, key: str) -> float:
    return scenario.parameters[key].value
