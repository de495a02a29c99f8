"""The published schema of the records that the command prints with ``--json``: every record is checked against it.

``agreement_record`` and ``comparison_record`` give checked plain data; ``json_schema`` the JSON Schema, of which
``docs/schemas`` holds a copy. Payoffs are values at the start in percent of own GDP a year, ``_usd_bn`` in billion USD
a year. Entries are only ever added within a schema version; a change of what is there makes a new one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from bargain.games.profile import nearest

if TYPE_CHECKING:
    from bargain.talks.agreement import Agreement
    from bargain.talks.compare import Comparison

Moves = dict[str, dict[str, dict[str, float]]]


class Record(BaseModel):
    """Base of all records: no other entries, no NaN or infinity, no conversions."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False, strict=True)


class PlayerValues(Record):
    """What it is worth to one side, percent of own GDP a year and billion USD a year; null where not known."""

    threat: float | None = Field(description="without an agreement")
    threat_usd_bn: float | None
    payoff: float | None = Field(description="with what is agreed; the threat point without an agreement")
    payoff_usd_bn: float | None
    gain: float | None = Field(description="payoff less threat")
    gain_usd_bn: float | None
    reference: float | None = Field(description="of the play before the standoff, for ever")
    reference_usd_bn: float | None


class Truce(Record):
    """One truce of the lottery."""

    chance: float = Field(ge=0.0, le=1.0 + 1e-9)
    moves: dict[str, str] = Field(description="player -> agreed move")
    active_states: int = Field(ge=0, description="number of states in which it is in force")


class Deal(Record):
    """A deal with side payments; positive where a side pays."""

    moves: dict[str, dict[str, str]] = Field(description="state of the start -> player -> agreed move")
    side_payments_usd_bn_a_year: dict[str, float]
    up_front_usd_bn: dict[str, float]


class Life(Record):
    """How long it lasts; null for ever, or where it never ends."""

    expected_months: float | None
    endless: float = Field(description="chance that it never ends")
    ending_months: float | None = Field(description="expected life if it ends")
    median_months: float | None
    causes: dict[str, float] = Field(description="what ends it -> chance")
    breakers: dict[str, float] = Field(description="who ends it -> chance")


class Check(Record):
    """A certificate: the largest gain from a deviation, as a share of the payoff range, and whether it is none."""

    largest_gain: float
    holds: bool


class Concession(Record):
    """A demand that cannot be divided."""

    name: str
    title: str
    demander: int = Field(ge=0, description="place among the players")
    conceder: int = Field(ge=0, description="place among the players")
    value: float = Field(description="to the demander, percent of own GDP a year")
    cost: float = Field(description="to the conceder, percent of own GDP a year")


class Demands(Record):
    """What became of the demands that cannot be divided."""

    demands: list[Concession]
    made: list[bool] = Field(description="which are conceded")
    worth: list[float] = Field(description="of what is conceded to each player, percent of own GDP a year")
    without: list[float] = Field(description="payoffs where nothing is conceded")
    largest_cost: list[float | None]
    least_value: list[float | None]


class Settings(BaseModel):
    """What was asked; settings may be added."""

    model_config = ConfigDict(extra="allow", allow_inf_nan=False, strict=True)

    arrangement: Literal["truce", "deal", "set"]
    threat: Literal["path", "best", "worst", "punishment"]
    solution: Literal["nash", "kalai-smorodinsky", "egalitarian", "utilitarian", "rubinstein", "repeated-negotiation"]
    weights: list[float] | None
    reply_lag: int = Field(ge=1)
    levels: dict[str, int] | None = Field(description="grid points by state variable")
    frozen: dict[str, str | list[str]] = Field(description="instrument -> level or levels that are left")
    bystanders: str
    n_starts: int
    seed: int
    tolerance: float
    time_limit: float | None
    demands: Literal["off", "negotiable", "insisted"]
    first: str | None = Field(description="who offers first, for rubinstein")
    breakdown_probability: float = Field(ge=0, le=1)
    renegotiation_probability: float = Field(ge=0, le=1)


class Run(Record):
    """What was run on what; the scenario's entries are missing for a bare game."""

    package: str
    version: str
    scenario: str | None = None
    variant: str | None = None
    evidence: str | None = None
    changed: dict[str, float | str] | None = Field(default=None, description="parameters set by hand")
    parameters_hash: str | None = None
    settings: Settings
    start: dict[str, float | str] | None = Field(description="state variables that start at other values than today's")
    game_sha256: str


class AgreementRecord(Record):
    """What ``bargain negotiate --json`` prints."""

    type: Literal["agreement"]
    schema_version: Literal["1"]
    status: Literal["agreement", "no agreement", "no standoff found", "stopped early"]
    reached: bool
    arrangement: Literal["truce", "deal", "set"]
    threat: Literal["path", "best", "worst", "punishment"]
    threat_scope: str | None = Field(description="what is known about other standoffs")
    solution: str
    message: str
    start: dict[str, float] = Field(description="state -> chance that play starts there")
    players: dict[str, PlayerValues]
    standoff: Moves | None = Field(description="state of the start -> player -> move -> chance")
    truces: list[Truce] = Field(description="the lottery, the likeliest first")
    deal: Deal | None
    demands: Demands | None
    life: Life
    certificates: dict[str, Check]
    certified: bool
    run: Run


class ChangeRecord(Record):
    """Something that is not the same before and after."""

    key: str
    kind: Literal["parameter", "choice", "setting"]
    before: JsonValue
    after: JsonValue
    unit: str
    meaning: str
    source_before: str
    source_after: str


class ValueChange(Record):
    """After less before, percent of own GDP a year and billion USD a year; null where not known."""

    threat: float | None
    threat_usd_bn: float | None
    payoff: float | None
    payoff_usd_bn: float | None
    gain: float | None
    gain_usd_bn: float | None


class TermChange(Record):
    """One payoff term of one side, percent of own GDP a year; by_numbers and by_moves add up to change."""

    before: float
    after: float
    by_numbers: float | None = Field(description="what the numbers did at the same moves, averaged over both orders")
    by_moves: float | None = Field(description="what the moves did at the same numbers, averaged over both orders")
    change: float


Terms = dict[str, dict[str, TermChange]]


class Opening(Record):
    """Moves in the first round: player -> instrument -> level -> chance; null where no moves are known."""

    standoff: Moves | None
    agreement: Moves | None


class Openings(Record):
    before: Opening
    after: Opening


class ComparisonRecord(Record):
    """What ``bargain compare --json`` prints."""

    type: Literal["comparison"]
    schema_version: Literal["1"]
    changed: list[ChangeRecord]
    change: dict[str, ValueChange] = Field(description="by player")
    payoff_terms: Terms | None = Field(description="term -> player; they add up to the payoff")
    threat_terms: Terms | None = Field(description="term -> player; they add up to the threat point")
    moves: Openings
    note: str = Field(description="what is missing and why")
    before: AgreementRecord
    after: AgreementRecord


RECORDS: dict[str, type[Record]] = {"negotiate": AgreementRecord, "compare": ComparisonRecord}
"""Command -> the record that it prints."""


def json_schema(command: str) -> dict[str, Any]:
    """The JSON Schema of what a command prints with ``--json``; ValueError for a command without one."""
    if command not in RECORDS:
        raise ValueError(f"no schema of {command!r}; {nearest(command, list(RECORDS))}")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **RECORDS[command].model_json_schema()}


def agreement_record(agreement: Agreement) -> dict[str, Any]:
    """The headline, checked; pydantic's ValidationError, a ValueError, for a record that is not as published."""
    return _checked(AgreementRecord, agreement.record())


def comparison_record(comparison: Comparison) -> dict[str, Any]:
    """The comparison as plain data, checked in the same way."""
    return _checked(ComparisonRecord, comparison.to_dict())


def _checked(kind: type[Record], data: dict[str, Any]) -> dict[str, Any]:
    kind.model_validate(data)
    return data
