"""Before and after: what changed between two negotiations, what it did to both sides, and which payoff terms drove it.

The change of each side's value is decomposed by payoff term, and each term's change into what the numbers and what the
moves did, by the average over both orders (Shapley 1953; ``decomposition``).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Self

from bargain.games.record import ArrayRecord
from bargain.standoff.scenario import Scenario
from bargain.standoff.schema import ScenarioError
from bargain.talks.agreement import Agreement
from bargain.talks.decomposition import Decomposition, decomposed, not_matched
from bargain.talks.negotiation import negotiate
from bargain.talks.payoff_terms import agreed_plan, opening_moves, standoff_plan
from bargain.talks.schema_version import SCHEMA_VERSION

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Change:
    """Something that is not the same before and after.

    kind: "parameter", "choice" (a reading of the scenario) or "setting" (what was asked); before, after: None where it
    does not exist; source_before, source_after: where the values come from.
    """

    key: str
    kind: str
    before: Any
    after: Any
    unit: str = ""
    meaning: str = ""
    source_before: str = ""
    source_after: str = ""


@dataclass(frozen=True, eq=False)
class Comparison(ArrayRecord):
    """Two negotiations side by side.

    changed: what is not the same; before, after: their headlines, as ``Agreement.record()`` gives them; moves: "before"
    and "after" -> "standoff" and "agreement" -> player -> instrument -> level -> chance in the first round; payoff,
    threat: what is agreed and the standoff by payoff term, None where no moves are known; note: what is missing and
    why.
    """

    players: tuple[str, ...]
    changed: tuple[Change, ...]
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    moves: Mapping[str, Any]
    payoff: Decomposition | None
    threat: Decomposition | None
    note: str = ""

    def __hash__(self) -> int:
        return hash(json.dumps(self.to_dict(), sort_keys=True))

    @property
    def known(self) -> bool:
        """Whether payoffs are known before and after."""
        ends = (self.before, self.after)
        return all(end["players"][player]["payoff"] is not None for end in ends for player in self.players)

    def change(self, name: str) -> dict[str, float | None]:
        """Player -> change of an entry of the headline: "threat", "payoff", "gain", or these with "_usd_bn"."""
        result: dict[str, float | None] = {}
        for player in self.players:
            old, new = (end["players"][player][name] for end in (self.before, self.after))
            result[player] = None if old is None or new is None else new - old
        return result

    def to_frame(self) -> pd.DataFrame:
        """Columns: value ("payoff", "threat"), term, player, before, after, change, by_numbers, by_moves."""
        import pandas as pd

        columns = ["value", "term", "player", "before", "after", "change", "by_numbers", "by_moves"]
        rows: list[dict[str, Any]] = []
        for value, found in (("payoff", self.payoff), ("threat", self.threat)):
            for term, entry in ({} if found is None else found.to_dict()).items():
                rows += [{"value": value, "term": term, "player": who, **parts} for who, parts in entry.items()]
        return pd.DataFrame(rows, columns=columns)

    def summary(self) -> str:
        """The comparison in words, both sides alike."""
        from bargain.talks.compare_words import comparison_text

        return comparison_text(self)

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON, the same bytes in every run."""
        return {
            "type": "comparison",
            "schema_version": SCHEMA_VERSION,
            "changed": [asdict(entry) for entry in self.changed],
            "change": {
                player: {name: self.change(name)[player] for name in _headline_entries()} for player in self.players
            },
            "payoff_terms": None if self.payoff is None else self.payoff.to_dict(),
            "threat_terms": None if self.threat is None else self.threat.to_dict(),
            "moves": dict(self.moves),
            "note": self.note,
            "before": dict(self.before),
            "after": dict(self.after),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        for key in ("changed", "payoff_terms", "threat_terms", "moves", "note", "before", "after"):
            if key not in data:
                raise ValueError(f"comparison: entry {key!r} is missing")
        players = tuple(data["before"]["players"])
        payoff, threat = (
            data[key] and Decomposition.from_dict(data[key], players) for key in ("payoff_terms", "threat_terms")
        )
        changed = tuple(Change(**entry) for entry in data["changed"])
        return cls(players, changed, data["before"], data["after"], data["moves"], payoff, threat, data["note"])


def _headline_entries() -> list[str]:
    return [f"{name}{unit}" for name in ("threat", "payoff", "gain") for unit in ("", "_usd_bn")]


def compare(before: Agreement, after: Agreement) -> Comparison:
    """What changed from one negotiation to another, for both sides; ValueError when they are not the same players.

    The change of each side's payoff is decomposed by payoff term, and each term's into what the numbers and what the
    moves did; the parts add up. Payoff sets name no moves and have no decomposition.
    """
    for name, made in (("before", before), ("after", after)):
        if not isinstance(made, Agreement):
            raise ValueError(f"{name} is a {type(made).__name__}, not an Agreement; negotiate() makes one")
    if before.players != after.players:
        raise ValueError(f"{', '.join(before.players)} before and {', '.join(after.players)} after are not comparable")
    why = not_matched(before, after)
    payoff, threat = decomposed(before, after, agreed_plan, why), decomposed(before, after, standoff_plan, why)
    return Comparison(
        before.players,
        tuple(_changes(before, after)),
        before.record(),
        after.record(),
        {name: _opening(made) for name, made in (("before", before), ("after", after))},
        payoff,
        threat,
        _note(before, after, payoff, why),
    )


def compare_scenarios(
    before: Scenario,
    after: Scenario | Mapping[str, Any],
    *,
    progress: Callable[[float, str], object] | None = None,
    **settings: Any,
) -> Comparison:
    """Negotiate in both scenarios with the same settings and compare; ``settings`` are those of ``negotiate``.

    after: another scenario, or the values that change, as ``Scenario.with_values`` takes them. ScenarioError where the
    two do not differ.
    """
    if not isinstance(before, Scenario):
        raise ScenarioError(f"before is a {type(before).__name__}, not a Scenario; load_scenario() takes a name")
    other = after if isinstance(after, Scenario) else before.with_values(after)
    if other == before:
        raise ScenarioError("before and after are the same; the rule is at least one value or scenario that differs")
    told = [None, None] if progress is None else [_half(progress, 0, "before"), _half(progress, 1, "after")]
    return compare(*(negotiate(own, progress=p, **settings) for own, p in zip((before, other), told, strict=True)))


def _half(progress: Callable[[float, str], object], i: int, name: str) -> Callable[[float, str], object]:
    return lambda share, stage: progress((i + share) / 2.0, f"{name}: {stage}")


def _changes(before: Agreement, after: Agreement) -> list[Change]:
    """Settings first, then readings and parameters in the order of the scenario."""
    asked = [{**_identity(made), **made.sources["settings"]} for made in (before, after)]
    found = [Change(key, "setting", old, new) for key, old, new in _unlike(*asked)]
    if before.scenario is None or after.scenario is None:
        return found
    choices = (dict(before.scenario.choices), dict(after.scenario.choices))
    found += [Change(key, "choice", old, new) for key, old, new in _unlike(*choices)]
    tables = (before.scenario.parameters, after.scenario.parameters)
    for key, old, new in _unlike(*({name: p.value for name, p in table.items()} for table in tables)):
        first, last = (dict(table).get(key) for table in tables)
        told = last or first
        assert told is not None
        sources = ["" if entry is None else entry.source for entry in (first, last)]
        found.append(Change(key, "parameter", old, new, told.unit, told.name, *sources))
    return found


def _identity(made: Agreement) -> dict[str, Any]:
    """Which scenario it was, and from where play starts."""
    names = ("scenario", "evidence", "variant", "start")
    return {name: made.sources.get(name) for name in names}


def _unlike(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[tuple[str, Any, Any]]:
    keys = dict.fromkeys([*old, *new])
    return [(key, old.get(key), new.get(key)) for key in keys if old.get(key) != new.get(key)]


def _opening(made: Agreement) -> dict[str, Any]:
    return {
        name: opening_moves(made, of(made)) for name, of in (("standoff", standoff_plan), ("agreement", agreed_plan))
    }


def _note(before: Agreement, after: Agreement, payoff: Decomposition | None, why: str) -> str:
    if payoff is None:
        silent = [name for name, made in (("before", before), ("after", after)) if agreed_plan(made) is None]
        return f"no payoff terms: no moves are known {' and '.join(silent)}"
    if payoff.by_numbers is None:
        return f"not split into numbers and moves: {why or 'the deal covers some states only'}"
    return ""
