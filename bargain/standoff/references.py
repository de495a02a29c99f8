"""Whether the names in a scenario file lead somewhere: players, inputs, sectors, levels, moods."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from bargain.evidence import REGIONS, load_episode
from bargain.standoff.instruments import owners
from bargain.standoff.record import Record
from bargain.standoff.schema import (
    AlignmentInstrument,
    Component,
    ControlInstrument,
    Input,
    Instrument,
    ScenarioFile,
    TariffInstrument,
    nearest,
)

NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")


def unknown(kind: str, name: str, known: list[str]) -> str:
    """One sentence for a name that should be among ``known``."""
    return f"'{name}' is not {kind}{nearest(name, known)} (known: {', '.join(known)})"


def reference_errors(file: ScenarioFile) -> Iterator[tuple[str, str]]:
    """All names in a file that do not lead anywhere, as (place, message)."""
    yield from _name_errors(file)
    players, sectors = list(file.players), list(file.sectors)
    regions = list(REGIONS if file.episode is None else load_episode(file.episode).regions)
    for code, player in file.players.items():
        if player.rival is not None and (player.rival not in players or player.rival == code):
            yield f"players.{code}.rival", unknown("another player", player.rival, [p for p in players if p != code])
        if code not in file.trade.regions:
            yield "trade.regions", f"the player '{code}' is missing"
        if player.strategic and not any(code in owners(instrument) for instrument in file.instruments.values()):
            yield f"players.{code}", "is strategic but owns no instrument"
    if sum(player.strategic for player in file.players.values()) < 2:
        yield "players", "fewer than 2 are strategic"
    for region in file.trade.regions:
        if region not in regions:
            yield "trade.regions", unknown("a region of the trade data", region, regions)
        if file.trade.regions.count(region) > 1:
            yield "trade.regions", f"'{region}' is named twice"
    for name, item in file.inputs.items():
        if item.exporter not in players:
            yield f"inputs.{name}.exporter", unknown("a player", item.exporter, players)
        if item.sector is not None and item.sector not in sectors:
            yield f"inputs.{name}.sector", unknown("a sector", item.sector, sectors)
        if (item.sector is None) != (item.sector_share is None):
            yield f"inputs.{name}", "'sector' and 'sector_share' go together"
        yield from _user_errors(file, name, item)
    for name, sector in file.sectors.items():
        for code in sector.users:
            if code not in players:
                yield f"sectors.{name}.users.{code}", unknown("a player", code, players)
    acted_on: dict[str, str] = {}
    for name, instrument in file.instruments.items():
        yield from _instrument_errors(file, name, instrument)
        for thing in _acted_on(instrument):
            if thing in acted_on:
                yield f"instruments.{name}", f"{thing} is set by '{acted_on[thing]}' already"
            acted_on[thing] = name
    moods = {mood for player in file.players.values() for mood in player.moods}
    if moods and file.state.mood not in moods:
        yield "state.mood", unknown("a mood", file.state.mood, sorted(moods))
    yield from _stock_errors(file)
    yield from _demand_errors(file)
    if file.record is not None:
        yield from _record_errors(file, file.record)


def _demand_errors(file: ScenarioFile) -> Iterator[tuple[str, str]]:
    """A demand is between two strategic players."""
    strategic = [code for code, player in file.players.items() if player.strategic]
    for name, demand in file.demands.items():
        for field in ("demander", "conceder"):
            if getattr(demand, field) not in strategic:
                yield f"demands.{name}.{field}", unknown("a strategic player", getattr(demand, field), strategic)
        if demand.demander == demand.conceder:
            yield f"demands.{name}", f"'{demand.demander}' cannot demand anything of itself"


def _record_errors(file: ScenarioFile, record: Record) -> Iterator[tuple[str, str]]:
    """What a record speaks of must be in the scenario."""
    players, instruments = list(file.players), file.instruments
    stocks = list(file.rounds.stocks) if file.rounds is not None else []
    named = [("sender", record.sender, players), ("target", record.target, players)]
    named += [(f"losses.{k}.player", loss.player, players) for k, loss in enumerate(record.losses)]
    named += [(f"stocks.{k}.state", stock.state, stocks) for k, stock in enumerate(record.stocks)]
    named += [(f"concessions.{k}.demand", c.demand, list(file.demands)) for k, c in enumerate(record.concessions)]
    named += [(f"transfers.{k}.payer", transfer.payer, players) for k, transfer in enumerate(record.transfers)]
    for k, entry in enumerate(record.erosion):
        named.append((f"erosion.{k}.input", entry.input, list(file.inputs)))
        users = list(file.inputs[entry.input].users) if entry.input in file.inputs else []
        named.append((f"erosion.{k}.user", entry.user, users))
    for k, spell in enumerate(record.course):
        for name, level in spell.levels.items():
            named.append((f"course.{k}", name, list(instruments)))
            named.append((f"course.{k}.{name}", level, list(instruments[name].levels) if name in instruments else []))
    known = [level for i in instruments.values() if isinstance(i, AlignmentInstrument) for level in i.levels]
    for k, stance in enumerate(record.stances):
        named += [(f"stances.{k}.player", stance.player, players), (f"stances.{k}.stance", stance.stance, known)]
    for place, name, known in named:
        if name not in known:
            yield f"record.{place}", unknown("known here", name, known)


def _stock_errors(file: ScenarioFile) -> Iterator[tuple[str, str]]:
    """Stocks that are states of the game must be stocks of the scenario."""
    for name, stock in file.rounds.stocks.items() if file.rounds is not None else ():
        place = f"rounds.stocks.{name}"
        if not NAME.fullmatch(name) or name in ("rebuilt", "substitution", "mood"):
            yield place, f"'{name}' is not a free plain name (letters, digits, underscores)"
        if stock.input not in file.inputs:
            yield f"{place}.input", unknown("an input", stock.input, list(file.inputs))
        elif stock.user not in file.inputs[stock.input].users:
            yield f"{place}.user", unknown("a user", stock.user, list(file.inputs[stock.input].users))
        elif getattr(file.inputs[stock.input].users[stock.user], f"{stock.track}_stock_months") is None:
            yield place, f"'{stock.input}' of '{stock.user}' has no {stock.track} stock"


def _acted_on(instrument: Instrument) -> list[str]:
    """What an instrument sets, each thing by one instrument only."""
    if isinstance(instrument, TariffInstrument):
        return [f"the tariff of '{instrument.player}' on '{instrument.target}'"]
    if isinstance(instrument, ControlInstrument):
        return [f"the export of '{name}'" for name in instrument.acts_on]
    return [f"the alignment of '{code}'" for code in instrument.players]


def _name_errors(file: ScenarioFile) -> Iterator[tuple[str, str]]:
    """Names must be plain words, and unique over players, inputs, sectors and instruments: they start the keys of
    --set."""
    seen: dict[str, str] = {
        "trade": "a section",
        "diversion": "a section",
        "audience": "a section",
        "state": "a section",
        "options": "a section",
        "rounds": "a section",
        "record": "a section",
    }
    groups: dict[str, Mapping[str, Component]] = {
        "players": file.players,
        "inputs": file.inputs,
        "sectors": file.sectors,
        "instruments": file.instruments,
        "demands": file.demands,
    }
    for group, members in groups.items():
        for name in members:
            if not NAME.fullmatch(name):
                yield group, f"'{name}' is not a plain name (letters, digits, underscores)"
            if name in seen:
                yield group, f"the name '{name}' is taken by {seen[name]}"
            seen[name] = f"one of the {group}"
    parts: list[tuple[str, Mapping[str, Component]]]
    parts = [(f"instruments.{name}.levels", item.levels) for name, item in file.instruments.items()]
    parts += [(f"players.{name}.moods", player.moods) for name, player in file.players.items()]
    for place, named in parts:
        for name in named:
            if not NAME.fullmatch(name):
                yield place, f"'{name}' is not a plain name (letters, digits, underscores)"


def _user_errors(file: ScenarioFile, name: str, item: Input) -> Iterator[tuple[str, str]]:
    for code, user in item.users.items():
        place = f"inputs.{name}.users.{code}"
        if code not in file.players:
            yield place, unknown("a player", code, list(file.players))
        if code == item.exporter:
            yield place, "the exporter cannot be its own user"
        if item.sector in file.sectors and code not in file.sectors[item.sector].users:
            yield f"sectors.{item.sector}.users", f"the user '{code}' of input '{name}' is missing"
        if user.military_stock_months is not None and user.military_loss is None:
            yield place, "'military_stock_months' needs 'military_loss'"


def _instrument_errors(
    file: ScenarioFile, name: str, instrument: TariffInstrument | ControlInstrument | AlignmentInstrument
) -> Iterator[tuple[str, str]]:
    place, players, levels = f"instruments.{name}", list(file.players), list(instrument.levels)
    if instrument.reference not in levels:
        yield f"{place}.reference", unknown("a level", instrument.reference, levels)
    if isinstance(instrument, AlignmentInstrument):
        for code in instrument.players:
            if code not in players:
                yield f"{place}.players", unknown("a player", code, players)
        return
    for field in ("player", "target"):
        if getattr(instrument, field) not in players:
            yield f"{place}.{field}", unknown("a player", getattr(instrument, field), players)
    if instrument.player == instrument.target:
        yield f"{place}.target", f"'{instrument.target}' cannot act on itself"
    if isinstance(instrument, ControlInstrument):
        if not instrument.acts_on:
            yield f"{place}.acts_on", "names no input; the rule is at least one"
        for item in instrument.acts_on:
            if item not in file.inputs:
                yield f"{place}.acts_on", unknown("an input", item, list(file.inputs))
            elif file.inputs[item].exporter != instrument.player:
                yield (
                    f"{place}.acts_on",
                    f"'{item}' is exported by '{file.inputs[item].exporter}', not by '{instrument.player}'",
                )
            elif instrument.target not in file.inputs[item].users:
                yield f"{place}.acts_on", f"'{item}' has no user '{instrument.target}'"
