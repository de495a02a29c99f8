"""What happened in a past episode, as a scenario file tells it: the course of moves, and outcomes to compare with.

Nothing here enters a game. A course is a list of spells, each so many months at these levels of the instruments, all
others at their reference; outcomes are quantities with the same provenance as all others.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from bargain.standoff.quantity import Attribute, Component, Quantity, share

Month = Annotated[float, Field(ge=0, le=1200)]
Sign = Literal["gain", "none", "loss"]


class Spell(Component):
    """So many months at these levels; instruments that are not named stand at their reference."""

    months: Annotated[float, Field(gt=0, le=1200)]
    levels: dict[str, str] = Field(default_factory=dict)


class RentRecord(Component):
    """What holding the instrument brought its owner in some period: the recorded number, in its own unit, and its
    sign."""

    period: str
    what: str
    from_month: Month
    to_month: Month
    number: Annotated[Quantity, Attribute("rate", "change of income from the good, or of the economy", -1.0, 100.0)]
    sign: Sign


class StockRecord(Component):
    """Whether a stock (a state of the game) lasted as long as the stop."""

    state: str
    ran_out: bool
    reason: str
    stop_months: Annotated[Quantity, Attribute("months", "length of the stop", 0.0, 1200.0)]


class LossRecord(Component):
    """Loss of a player, percent of its GDP, over these months of the course: per year, or all of it together."""

    player: str
    from_month: Month
    to_month: Month
    per_year: bool = False
    loss: Annotated[Quantity, Attribute("percent_gdp", "loss of output or real income", -100.0, 100.0)]


class ConcessionRecord(Component):
    """Whether a demand (of the file) was conceded after the instrument was used."""

    demand: str
    conceded: bool
    reason: str


class ErosionRecord(Component):
    """Dependence of a user on the exporter, before and some months into the course."""

    input: str
    user: str
    month: Month
    before: Annotated[Quantity, share("share bought from the exporter before")]
    after: Annotated[Quantity, share("share bought from the exporter then")]


class StanceRecord(Component):
    """Stance of a bystander under the instrument."""

    player: str
    stance: str
    reason: str


class TransferRecord(Component):
    """A payment that was promised for an end of the standoff, and the part of it that was made."""

    payer: str
    promised: Annotated[Quantity, Attribute("usd_bn_per_year", "payments promised a year", 0.0, 1e6)]
    kept: Annotated[Quantity, share("part of them that was made")]


class Record(Component):
    """A past episode beside the model: who used what, and what came of it."""

    sender: str
    target: str
    course: list[Spell]
    rents: list[RentRecord] = Field(default_factory=list)
    stocks: list[StockRecord] = Field(default_factory=list)
    losses: list[LossRecord] = Field(default_factory=list)
    concessions: list[ConcessionRecord] = Field(default_factory=list)
    erosion: list[ErosionRecord] = Field(default_factory=list)
    transfers: list[TransferRecord] = Field(default_factory=list)
    stances: list[StanceRecord] = Field(default_factory=list)
