"""What a scenario file may hold: its components, their attributes, units and bounds. Schema, validation and
documentation are one; ``quantity`` says what a number looks like.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from bargain.standoff.quantity import Attribute as Attribute
from bargain.standoff.quantity import Component as Component
from bargain.standoff.quantity import Quantity as Quantity
from bargain.standoff.quantity import ScenarioError as ScenarioError
from bargain.standoff.quantity import nearest as nearest
from bargain.standoff.quantity import share as share
from bargain.standoff.record import Record


class Mood(Component):
    """A domestic mood: what it does to its player's preferences."""

    protection_factor: Annotated[Quantity, Attribute("ratio", "times the protection weight", 0, 100)]


class Player(Component):
    """A strategic side or a bystander."""

    name: str
    strategic: bool = False
    rival: str | None = None
    gdp_usd_bn: Annotated[Quantity, Attribute("usd_bn", "gross domestic product a year", 1.0, 1e9)]
    protection_weight: Annotated[
        Quantity | None,
        Attribute("ratio", "percent of GDP gained per percent of GDP of rival imports displaced", -5, 5),
    ] = None
    revenue_weight: Annotated[
        Quantity | None, Attribute("ratio", "extra weight on tariff revenue, percent of GDP per percent of GDP", 0, 5)
    ] = None
    audience_cost: Annotated[
        Quantity | None,
        Attribute(
            "percent_gdp", "domestic cost of harm as large as the yardstick left unanswered (Fearon 1994)", 0, 10
        ),
    ] = None
    moods: dict[str, Mood] = Field(default_factory=dict)
    reexport_weight: Annotated[Quantity | None, share("weight of this bystander among the routes of detours")] = None


class InputUser(Component):
    """Who uses an input, and how it is placed when the input runs short."""

    dependence: Annotated[Quantity, share("share of normal use bought from the exporter, before anything is rebuilt")]
    purchases_usd_bn: Annotated[Quantity, Attribute("usd_bn", "normal purchases from the exporter a year", 0, 1e6)]
    civil_stock_months: Annotated[
        Quantity | None, Attribute("months", "civil stock in months of normal civil use", 0, 1200)
    ] = None
    military_share: Annotated[Quantity | None, share("part of normal use that is military")] = None
    military_stock_months: Annotated[
        Quantity | None, Attribute("months", "military stock in months of normal military use", 0, 1200)
    ] = None
    military_loss: Annotated[
        Quantity | None, Attribute("percent_gdp", "loss a year if the military or compute track is wholly short", 0, 20)
    ] = None


class Input(Component):
    """An input that one side controls and the other can only slowly replace."""

    name: str
    exporter: str
    replaced_by: Literal["rebuilt", "substitution"]
    sector: str | None = None
    divertible: bool = False
    tariff_exposed: bool = False
    sector_share: Annotated[Quantity | None, share("weight of this input in the bundle of its sector")] = None
    rent_share: Annotated[Quantity, share("part of sales that is income above the next best use")]
    security_value: Annotated[
        Quantity | None,
        Attribute("percent_gdp", "value to the exporter of a wholly denied military track, a year", 0, 10),
    ] = None
    covered_denial_share: Annotated[
        Quantity | None, share("part of that value while the user's stock still covers")
    ] = None
    users: dict[str, InputUser]


class SectorUser(Component):
    """How exposed a user's economy is to a bundle of inputs."""

    exposure: Annotated[Quantity, Attribute("percent_gdp", "weight of the exposed industries in GDP", 1e-6, 100)]
    loss_of_80_cut: Annotated[
        Quantity, Attribute("percent_gdp", "published GDP loss a year of an 80 % cut without stock", 1e-9, 100)
    ]


class Sector(Component):
    """Industries that use a bundle of controlled inputs (nested CES)."""

    name: str
    cost_share: Annotated[Quantity, Attribute("share", "cost share of the bundle in the exposed industries", 1e-6, 0.5)]
    input_elasticity: Annotated[Quantity, Attribute("elasticity", "elasticity between the inputs of the bundle", 0, 20)]
    users: dict[str, SectorUser]


class TariffLevel(Component):
    """A level of a tariff."""

    rate: Annotated[Quantity, Attribute("rate", "average tariff, ad valorem", 0.0, 20.0)]


class ControlLevel(Component):
    """A level of an export control: what is still delivered on either track."""

    civil: Annotated[Quantity, share("share of normal civil sales delivered")]
    military: Annotated[Quantity, share("share of normal military or frontier-compute sales delivered")]

    @model_validator(mode="before")
    @classmethod
    def _one_track(cls, data: Any) -> Any:
        """A level that says nothing of a military track treats both alike."""
        if isinstance(data, dict) and "civil" in data and "military" not in data:
            return {**data, "military": data["civil"]}
        return data


class AlignmentLevel(Component):
    """A stance of a bystander between the two sides."""

    reach: Annotated[Quantity, share("part of a restriction on the rival that hits the bystander too")]
    willingness: Annotated[Quantity, share("part of the profitable re-export that it lets happen")]
    alliance_value: Annotated[
        Quantity, Attribute("percent_gdp", "value a year of the stance outside the model", -10, 10)
    ]


class TariffInstrument(Component):
    """Tariff of ``player`` on goods of ``target``."""

    kind: Literal["tariff"]
    player: str
    target: str
    reference: str
    levels: dict[str, TariffLevel]


class ControlInstrument(Component):
    """Export control of ``player`` on inputs bought by ``target``."""

    kind: Literal["export_control"]
    player: str
    target: str
    reference: str
    acts_on: list[str]
    reliability_cost: Annotated[
        Quantity | None, Attribute("percent_gdp", "fixed cost a year of any restriction: buyers turn away", 0, 10)
    ] = None
    bottleneck_rent: Annotated[
        Quantity | None, Attribute("percent_gdp", "gain a year of a wholly withheld civil track; open sign", -10, 10)
    ] = None
    levels: dict[str, ControlLevel]


class AlignmentInstrument(Component):
    """Stance of each of ``players``, chosen by each on its own."""

    kind: Literal["alignment"]
    players: list[str]
    reference: str
    levels: dict[str, AlignmentLevel]


Instrument = Annotated[TariffInstrument | ControlInstrument | AlignmentInstrument, Field(discriminator="kind")]


class Trade(Component):
    """The tariff model: regions, elasticity, scale."""

    regions: list[str]
    elasticity: Annotated[Quantity, Attribute("elasticity", "trade elasticity", 0.05, 30)]
    short_run_scale: Annotated[Quantity, Attribute("ratio", "short-run over model real-income change", 0, 20)]
    other_tariff: Annotated[Quantity, Attribute("rate", "tariff on all pairs without an instrument", 0, 5)]


class Diversion(Component):
    """Detours through third countries."""

    tracing: Annotated[Quantity, share("share of flows that is traced")]
    margin: Annotated[Quantity, Attribute("ratio", "price margin of a detour, in normal prices", 0, 100)]
    penalty: Annotated[Quantity, Attribute("ratio", "penalty when traced, in normal prices", 0, 1000)]
    concealment_cost: Annotated[Quantity, Attribute("ratio", "slope of the marginal cost of hiding", 1e-6, 1e6)]
    cap: Annotated[Quantity, share("most of the user's normal purchases that detours can carry")]


class Audience(Component):
    """How harm is measured by those who watch at home."""

    yardstick: Annotated[
        Quantity, Attribute("percent_gdp", "unanswered harm that costs a player's full weight", 1e-3, 100)
    ]


class Start(Component):
    """The state of the round where nothing else is said."""

    mood: str
    rebuilt: Annotated[Quantity, share("share of the exporter's supply already rebuilt elsewhere (K)")]
    substitution: Annotated[Quantity, share("share of the denied chips that own ones replace (H)")]


class StockRule(Component):
    """A stock that runs down while its track is short and fills up while it is served (a state of the game)."""

    input: str
    user: str
    track: Literal["civil", "military"]
    levels: Annotated[int, Field(ge=2, le=200)]
    largest_months: Annotated[Quantity, Attribute("months", "the stock when it is full", 0.1, 1200)]
    refill_months: Annotated[Quantity, Attribute("months", "added in a round in which the track is served", 0, 1200)]


class Growth(Component):
    """Capacity of its own that a user builds in place of an input (a state of the game): it never shrinks."""

    levels: Annotated[int, Field(ge=1, le=200)]
    years: Annotated[
        Quantity, Attribute("years", "time to cover the share below while the input is delivered", 0.1, 200)
    ]
    covered: Annotated[Quantity, share("part of what is missing today that is covered after that time")]
    step: Annotated[
        Quantity, Attribute("share", "part of what is missing today that one plant or generation adds", 1e-3, 1)
    ]
    withheld_factor: Annotated[
        Quantity, Attribute("ratio", "times the pace while the input is wholly withheld", 1, 100)
    ]


class Rounds(Component):
    """The game over rounds: how much later rounds count, and how the state moves."""

    discount_factor: Annotated[Quantity, Attribute("ratio", "weight of the next round over this one", 0, 0.9999)]
    mood_persistence: Annotated[Quantity, share("chance that the mood stays as it is for a round")]
    military_weight: Annotated[Quantity, share("part of withholding that closing the military track alone makes")]
    stocks: dict[str, StockRule] = Field(default_factory=dict)
    rebuilt: Growth | None = None
    substitution: Growth | None = None


class Options(Component):
    """Readings of the model that are not numbers."""

    stocks: Literal["separate", "pooled"] = "separate"
    deficits: Literal["purged", "fixed"] = "purged"
    shortage: Literal["ces", "leontief"] = "ces"


class Demand(Component):
    """An indivisible demand of one side: conceded or not, for good; there is no compromise level."""

    name: str
    demander: str
    conceder: str
    value: Annotated[Quantity, Attribute("percent_gdp", "what the concession is worth to the demander, a year", 0, 100)]
    cost: Annotated[Quantity, Attribute("percent_gdp", "what the concession costs the conceder, a year", 0, 100)]


class Variant(Component):
    """Named overrides of a scenario."""

    reason: str
    values: dict[str, Quantity | float | int | str]


class ScenarioFile(Component):
    """A scenario file as a whole.

    episode: a past one of the evidence, whose parameters, trade and GDP the file draws on; record: what happened then.
    """

    title: str
    description: str
    episode: str | None = None
    round_months: Annotated[float, Field(gt=0, le=120)]
    options: Options = Options()
    trade: Trade
    diversion: Diversion
    audience: Audience
    state: Start
    players: dict[str, Player]
    inputs: dict[str, Input]
    sectors: dict[str, Sector] = Field(default_factory=dict)
    instruments: dict[str, Instrument]
    rounds: Rounds | None = None
    demands: dict[str, Demand] = Field(default_factory=dict)
    mechanisms: dict[str, dict[str, Quantity]] = Field(default_factory=dict)
    variants: dict[str, Variant] = Field(default_factory=dict)
    record: Record | None = None


def quantities(file: ScenarioFile) -> Iterator[tuple[str, str, Attribute, Quantity]]:
    """All quantities of a file as (key of --set, place in the file, attribute, quantity), in file order."""
    for section in ("trade", "diversion", "audience", "state"):
        yield from _walk(getattr(file, section), section, section)
    for group in ("players", "inputs", "sectors", "instruments", "demands"):
        members: dict[str, Component] = getattr(file, group)
        for name, member in members.items():
            yield from _walk(member, name, f"{group}.{name}")
    if file.rounds is not None:
        yield from _walk(file.rounds, "rounds", "rounds")
    for name, entries in file.mechanisms.items():
        for key, quantity in entries.items():
            place = f"mechanisms.{name}.{key}"
            yield place, place, _free_attribute(name, key, quantity), quantity


def _free_attribute(name: str, key: str, quantity: Quantity) -> Attribute:
    """Attribute of a number of a mechanism: the unit it names, shares in [0, 1]."""
    meaning, unit = f"{key.replace('_', ' ')} ({name.replace('_', ' ')})", quantity.unit or "ratio"
    return share(meaning) if unit == "share" else Attribute(unit, meaning, -1e9, 1e9)


def _walk(component: Component, key: str, place: str) -> Iterator[tuple[str, str, Attribute, Quantity]]:
    for name, field in type(component).model_fields.items():
        entry = getattr(component, name)
        if isinstance(entry, Quantity):
            attribute = next(mark for mark in field.metadata if isinstance(mark, Attribute))
            yield f"{key}.{name}", f"{place}.{name}", attribute, entry
        elif isinstance(entry, dict):
            for child, member in entry.items():
                yield from _walk(member, f"{key}.{child}", f"{place}.{name}.{child}")
        elif isinstance(entry, Component):
            yield from _walk(entry, f"{key}.{name}", f"{place}.{name}")
