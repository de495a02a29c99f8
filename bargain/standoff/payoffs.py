"""Payoff terms of one round: moves and state in, payoffs out, in percent of own GDP per year.

Every term sees all moves and the whole state at once. All arrays have the shape (n_draws, *n_actions) or broadcast to
it: parameters vary along the first axis, moves along the others, so that thousands of parameter draws cost one call.
Payoffs are measured from open trade at the tariffs before the standoff.

Terms in which several moves meet, each for an economic reason:
  tariffs       two tariffs share the terms of trade and the displaced imports of one general equilibrium
  shortage      inputs of one industry are complements (a magnet needs light and heavy elements), so shortages compound
  licence_rent  the buyer's tariff comes out of the rent: what a licence makes scarce sells at what it is worth to the
                buyer, so the exporter keeps (1+t)/(1+t') of the price, less its cost
  audience      the cost of harm left unanswered depends on both sides' moves (Fearon 1994)
and a bystander's stance meets the licences and detours that it changes.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from bargain.economy import diversion, inputs
from bargain.mechanisms import transshipment
from bargain.mechanisms.credibility import audience_cost
from bargain.standoff.instruments import Moves
from bargain.standoff.schema import (
    AlignmentInstrument,
    ControlInstrument,
    Input,
    InputUser,
    ScenarioFile,
    TariffInstrument,
)

FloatArray = NDArray[np.float64]

DETOUR = ("tracing", "margin", "penalty", "concealment_cost", "cap")
"""What detours depend on, in the order of ``reexport_share`` and ``moved_shares``."""


class Round:
    """One round: parameters, readings and moves, and the payoff terms that follow from them."""

    def __init__(
        self,
        file: ScenarioFile,
        choices: Mapping[str, str],
        values: Mapping[str, FloatArray],
        moves: Moves,
        stances: Mapping[str, NDArray[np.intp]] | None = None,
    ) -> None:
        """values: key -> (n_draws,); moves from ``instruments.moves``; stances: for bystanders that react to the moves
        the level of their alignment, (n_draws, ...) broadcasting over the action axes."""
        self.file, self.choices, self.moves, self.stances = file, choices, moves, dict(stances or {})
        self.values = values
        self.n_draws = max(len(array) for array in values.values())
        self.full_shape = (self.n_draws, *moves.shape)
        self._elasticities: dict[tuple[str, str], FloatArray] = {}
        self._gaps: dict[tuple[str, str], tuple[FloatArray, FloatArray, FloatArray, FloatArray]] = {}

    def in_states(
        self,
        values: Mapping[str, FloatArray],
        n_states: int,
        stances: Mapping[str, NDArray[np.intp]] | None = None,
    ) -> Round:
        """The round with each draw ``n_states`` times in a row, at other values of what the states change.

        values: key -> (n_draws * n_states,). What losses say about the industries does not depend on the state.
        """
        everywhere = Round(self.file, self.choices, values, self.moves, stances)
        for sector, members in self.file.sectors.items():
            for user in members.users:
                elasticity = self.sector_elasticity(sector, user)
                everywhere._elasticities[sector, user] = np.repeat(elasticity, n_states, axis=0)
        return everywhere

    # ------------------------------------------------------------ parameters and levels

    def value(self, key: str, default: float = 0.0) -> FloatArray:
        """Parameter ``key`` as (n_draws, 1, ..., 1); ``default`` where the scenario leaves an optional attribute
        out."""
        array = self.values.get(key)
        return self.shaped(np.full(self.n_draws, default) if array is None else array)

    def shaped(self, array: FloatArray) -> FloatArray:
        """(n_draws,) as (n_draws, 1, ..., 1)."""
        return array.reshape(-1, *(1,) * len(self.moves.players))

    def protection_factor(self, code: str) -> FloatArray:
        """What the mood makes of the protection weight of a player with moods: each draw's own, or today's."""
        own = f"{code}.protection_factor"
        return self.value(own if own in self.values else f"{code}.{self.choices['state.mood']}.protection_factor")

    def level(self, instrument: str, owner: str, attribute: str) -> FloatArray:
        """``attribute`` of the level that ``owner`` sets, along the action axes: (n_draws, ...)."""
        names = list(self.file.instruments[instrument].levels)
        table = np.stack([self.values[f"{instrument}.{name}.{attribute}"] for name in names], axis=1)
        if owner in self.stances and instrument == self.alignment(owner):
            stance = self.stances[owner]
            return np.asarray(table[np.arange(self.n_draws).reshape(-1, *(1,) * (stance.ndim - 1)), stance])
        return np.asarray(table[:, self.moves.level[instrument, owner]])

    def tariff(self, importer: str, exporter: str, *, reference: bool = False) -> FloatArray:
        """Tariff of ``importer`` on ``exporter``: along the moves, or at its reference level."""
        for name, item in self.file.instruments.items():
            if isinstance(item, TariffInstrument) and (item.player, item.target) == (importer, exporter):
                return self.value(f"{name}.{item.reference}.rate") if reference else self.level(name, importer, "rate")
        return self.value("trade.other_tariff")

    def net_price(self, item: Input, user: str) -> FloatArray:
        """What the exporter keeps of a price at the buyer's ceiling when the buyer's tariff moves: (1 + t) / (1 +
        t')."""
        if not item.tariff_exposed:
            return self.value("", 1.0)
        before, now = self.tariff(user, item.exporter, reference=True), self.tariff(user, item.exporter)
        return np.asarray((1 + before) / (1 + now))

    # ------------------------------------------------------------ supply of inputs

    def control(self, name: str) -> tuple[str, ControlInstrument] | None:
        """The export control that acts on input ``name``, if any."""
        for label, instrument in self.file.instruments.items():
            if isinstance(instrument, ControlInstrument) and name in instrument.acts_on:
                return label, instrument
        return None

    def alignment(self, code: str) -> str | None:
        """The alignment instrument that ``code`` owns, if any."""
        for label, instrument in self.file.instruments.items():
            if isinstance(instrument, AlignmentInstrument) and code in instrument.players:
                return label
        return None

    def restricted(self, label: str, instrument: ControlInstrument) -> FloatArray:
        """1 where the control withholds anything, else 0."""
        withheld = sum(1 - self.level(label, instrument.player, track) for track in ("civil", "military"))
        return (np.asarray(withheld) > 1e-12).astype(np.float64)

    @cached_property
    def reexport(self) -> FloatArray:
        """Share of the target's normal use that all detours together could carry at today's tracing."""
        return diversion.reexport_share(*(self.value(f"diversion.{key}") for key in DETOUR))

    def detour_share(self, code: str) -> FloatArray:
        """Part of the detour capacity that bystander ``code`` lets run: its share of the routes times its
        willingness."""
        label = self.alignment(code)
        if label is None:
            return self.value("", 0.0)
        routes = sum((self.value(f"{other}.reexport_weight") for other in self.file.players), start=np.zeros(()))
        weight, willingness = self.value(f"{code}.reexport_weight"), self.level(label, code, "willingness")
        return transshipment.route_share(weight, routes, willingness)

    def diverted(self, item: Input, label: str, instrument: ControlInstrument, user: str) -> FloatArray:
        """Share of normal use that reaches the target by detours while the control bites."""
        routes = [code for code in self.file.players if self.alignment(code) is not None]
        if not item.divertible or user != instrument.target or not routes:
            return self.value("", 0.0)
        shares = np.broadcast_arrays(*(self.detour_share(code) for code in routes))
        terms = (self.value(f"diversion.{key}")[..., None] for key in DETOUR)
        moved = transshipment.moved_shares(np.stack(shares, axis=-1), *terms)
        return np.asarray(moved.sum(axis=-1) * self.restricted(label, instrument))

    def delivered(self, name: str, user: str, track: str) -> FloatArray:
        """Share of normal purchases of an input that the exporter delivers to ``user`` on one track."""
        found = self.control(name)
        if found is None:
            return self.value("", 1.0)
        label, instrument = found
        share = self.level(label, instrument.player, track)
        if user == instrument.target:
            return share
        stance = self.alignment(user)
        if stance is None:
            return self.value("", 1.0)
        moved = np.minimum(self.value("diversion.cap"), self.reexport * self.level(stance, user, "willingness"))
        caught = diversion.licence_loss(moved, self.value("diversion.tracing"), self.value("diversion.cap"))
        reach = self.level(stance, user, "reach")
        divertible = float(self.file.inputs[name].divertible)
        kept = 1 - divertible * caught * self.restricted(label, instrument)
        return np.asarray((1 - reach * (1 - share)) * kept)

    def gaps(self, name: str, user: str) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
        """(civil gap, share of the round covered, military gap, share covered) of one input and user."""
        if (name, user) not in self._gaps:
            self._gaps[name, user] = self._fresh_gaps(name, user)
        return self._gaps[name, user]

    def _fresh_gaps(self, name: str, user: str) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
        item, key = self.file.inputs[name], f"{name}.{user}"
        dependence = self.value(f"{key}.dependence") * (1 - self.value(f"state.{item.replaced_by}"))
        found = self.control(name)
        diverted = self.diverted(item, *found, user) if found else self.value("", 0.0)
        civil = inputs.supply_gap(dependence, self.delivered(name, user, "civil"), diverted)
        military = inputs.supply_gap(dependence, self.delivered(name, user, "military"), diverted)
        civil_stock, military_stock = (
            self.value(f"{key}.civil_stock_months"),
            self.value(f"{key}.military_stock_months"),
        )
        months = self.file.round_months
        if self.choices["options.stocks"] == "separate":
            return (
                civil,
                inputs.covered_share(civil, civil_stock, months),
                military,
                inputs.covered_share(military, military_stock, months),
            )
        weight = self.value(f"{key}.military_share")
        pool = inputs.pooled_stock(civil_stock, military_stock, weight)
        covered = inputs.covered_share((1 - weight) * civil + weight * military, pool, months)
        # A track without volume is in no pool: it keeps its own stock, and empties nobody else's.
        alone = inputs.covered_share(military, military_stock, months)
        return civil, covered, military, np.where(weight > 0, covered, alone)

    def drawdown(self, name: str, user: str, track: str) -> tuple[FloatArray, FloatArray]:
        """(share of normal use that the stock of a track must bridge, share of purchases still delivered)."""
        civil, _, military, _ = self.gaps(name, user)
        gap = civil if track == "civil" else military
        delivered = self.delivered(name, user, track)
        if self.choices["options.stocks"] == "pooled":
            weight = self.value(f"{name}.{user}.military_share")
            gap = (1 - weight) * civil + weight * military
            served = [self.delivered(name, user, each) for each in ("civil", "military")]
            delivered = (1 - weight) * served[0] + weight * served[1]
        return np.asarray(gap), np.asarray(delivered)

    def used(self, user: str) -> dict[str, InputUser]:
        """Inputs that ``user`` buys."""
        return {name: item.users[user] for name, item in self.file.inputs.items() if user in item.users}

    # ------------------------------------------------------------ terms

    def shortage(self, user: str) -> FloatArray:
        """Minus the output lost by shortages of civil inputs, all sectors together."""
        total = self.value("", 0.0)
        for sector, members in self.file.sectors.items():
            names = [name for name, item in self.file.inputs.items() if item.sector == sector]
            if user not in members.users or not any(name in self.used(user) for name in names):
                continue
            weights = np.stack([self.value(f"{name}.sector_share") for name in names])
            none = (self.value("", 0.0), self.value("", 1.0))
            pairs = [self.gaps(name, user)[:2] if name in self.used(user) else none for name in names]
            shape = np.broadcast_shapes(*(array.shape for pair in pairs for array in pair))
            gaps, covered = (np.stack([np.broadcast_to(pair[i], shape) for pair in pairs]) for i in (0, 1))
            loss = inputs.round_shortage_loss(
                gaps,
                covered,
                weights / weights.sum(axis=0),
                self.value(f"{sector}.input_elasticity"),
                self.value(f"{sector}.{user}.exposure"),
                self.value(f"{sector}.cost_share"),
                self.sector_elasticity(sector, user),
                leontief=self.choices["options.shortage"] == "leontief",
            )
            total = total - loss
        return total

    def sector_elasticity(self, sector: str, user: str) -> FloatArray:
        """Elasticity that reproduces the published loss of an 80 % cut; at the Leontief limit where a draw exceeds
        it."""
        if not self._elasticities:
            pairs = [(name, code) for name, members in self.file.sectors.items() for code in members.users]
            solved = inputs.elasticity_from_loss(
                np.stack([self.value(f"{name}.{code}.loss_of_80_cut") for name, code in pairs]),
                np.stack([self.value(f"{name}.{code}.exposure") for name, code in pairs]),
                np.stack([self.value(f"{name}.cost_share") for name, _ in pairs]),
                saturate=True,
            )
            self._elasticities.update(zip(pairs, solved, strict=True))
        return self._elasticities[sector, user]

    def security_loss(self, user: str) -> FloatArray:
        """Minus what the denied military or compute track costs ``user``."""
        total = self.value("", 0.0)
        for name in self.used(user):
            _, _, gap, covered = self.gaps(name, user)
            total = total - inputs.denial_loss(self.value(f"{name}.{user}.military_loss"), gap, covered)
        return total

    def security_gain(self, exporter: str) -> FloatArray:
        """Security value of the tracks that ``exporter`` denies to the target of its controls."""
        total = self.value("", 0.0)
        for name, item in self.file.inputs.items():
            found = self.control(name)
            if item.exporter == exporter and found is not None:
                _, _, gap, covered = self.gaps(name, found[1].target)
                total = total + inputs.denial_gain(
                    self.value(f"{name}.security_value"), gap, covered, self.value(f"{name}.covered_denial_share")
                )
        return total

    def licence_rent(self, exporter: str) -> FloatArray:
        """Minus the rent on sales that the exporter withholds, from all users."""
        total = self.value("", 0.0)
        for name, item in self.file.inputs.items():
            for user in item.users if item.exporter == exporter else ():
                key = f"{name}.{user}"
                military = self.value(f"{key}.military_share")
                civil_out, military_out = (1 - self.delivered(name, user, track) for track in ("civil", "military"))
                total = total - inputs.forgone_rent(
                    (1 - military) * civil_out + military * military_out,
                    100 * self.value(f"{key}.purchases_usd_bn") / self.value(f"{exporter}.gdp_usd_bn"),
                    self.value(f"{name}.rent_share"),
                    self.net_price(item, user),
                )
        return total

    def control_terms(self, exporter: str) -> tuple[FloatArray, FloatArray]:
        """(reliability cost, bottleneck rent) of the exporter's controls."""
        reliability, rent = self.value("", 0.0), self.value("", 0.0)
        for label, instrument in self.file.instruments.items():
            if isinstance(instrument, ControlInstrument) and instrument.player == exporter:
                withheld = 1 - self.level(label, exporter, "civil")
                reliability = reliability - self.value(f"{label}.reliability_cost") * self.restricted(label, instrument)
                rent = rent + self.value(f"{label}.bottleneck_rent") * withheld
        return reliability, rent

    def bystander_terms(self, code: str) -> tuple[FloatArray, FloatArray]:
        """(profit of detours, value of the stance) of a bystander."""
        stance, detours = self.alignment(code), self.value("", 0.0)
        if stance is None:
            return detours, detours
        tracing, margin = self.value("diversion.tracing"), self.value("diversion.margin")
        penalty, kappa = self.value("diversion.penalty"), self.value("diversion.concealment_cost")
        profit = diversion.reexport_profit(self.reexport, tracing, margin, penalty, kappa)
        for name, item in self.file.inputs.items():
            found = self.control(name)
            if item.divertible and found is not None and found[1].target in item.users:
                purchases = self.value(f"{name}.{found[1].target}.purchases_usd_bn") / self.value(f"{code}.gdp_usd_bn")
                detours = detours + 100 * purchases * profit * self.detour_share(code) * self.restricted(*found)
        return detours, self.level(stance, code, "alliance_value")

    def audience(self, material: Mapping[str, FloatArray]) -> dict[str, FloatArray]:
        """Minus the domestic cost of harm left unanswered, for every player whose rival is strategic too.

        material: code -> material payoff over all moves. Harm to i is what j's move takes from i's material payoff
        while i plays its reference action, in percent of i's GDP; the answer is what i's move takes from j likewise.
        The cost is proportional to what is left, weight times max(0, suffered - answered) / yardstick, so that an
        answer that harms nobody earns nothing and tiny harm costs next to nothing.
        """
        terms = {}
        for code, player in self.file.players.items():
            rival = str(player.rival)
            if code in self.moves.players and rival in self.moves.players:
                suffered, answered = self._harm(material[code], code, rival), self._harm(material[rival], rival, code)
                weight, yardstick = self.value(f"{code}.audience_cost"), self.value("audience.yardstick")
                terms[code] = -audience_cost(suffered, answered, weight, yardstick)
        return terms

    def _harm(self, material: FloatArray, code: str, rival: str) -> FloatArray:
        """What each move of ``rival`` takes from the material payoff of ``code`` at its reference action."""
        own, other = (1 + self.moves.players.index(name) for name in (code, rival))
        spared = np.take(material, [self.moves.reference[own - 1]], axis=own)
        untouched = np.take(spared, [self.moves.reference[other - 1]], axis=other)
        return np.asarray(np.maximum(0.0, untouched - spared))
