"""Scenario: a validated file plus evidence, resolved into parameters that can be printed, changed and drawn."""

from __future__ import annotations

import hashlib
import json
import reprlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib import resources
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from bargain.evidence import Evidence, ParameterTable, load_evidence
from bargain.standoff.references import reference_errors
from bargain.standoff.resolution import check_bounds, checked_choice, replaced, resolved
from bargain.standoff.schema import (
    Attribute,
    Options,
    Quantity,
    ScenarioError,
    ScenarioFile,
    nearest,
    quantities,
)

if TYPE_CHECKING:
    from bargain.games import StageGame
    from bargain.standoff.payoff_table import PayoffTable

CHOICES = ("options.stocks", "options.deficits", "options.shortage", "state.mood")


@dataclass(frozen=True)
class State:
    """Where a round starts; None leaves a field at the scenario's own value.

    military_stock_months and civil_stock_months replace the stocks of every strategic user that has one, in months of
    normal use of that track; rebuilt K and substitution H are shares in [0, 1]; mood is one of the scenario's moods.
    """

    military_stock_months: float | None = None
    civil_stock_months: float | None = None
    rebuilt: float | None = None
    substitution: float | None = None
    mood: str | None = None


@dataclass(frozen=True, eq=False)
class Scenario:
    """Players, inputs, instruments and sourced parameters of one standoff; immutable, changed copies come from
    ``with_values``.

    ``parameters`` maps every key of ``--set`` to a ``Parameter``; ``choices`` holds the readings that are not
    numbers. Two scenarios are equal when their structure, parameters and choices are.
    """

    name: str
    file: ScenarioFile
    parameters: ParameterTable
    choices: Mapping[str, str]
    evidence_set: str
    attributes: Mapping[str, Attribute]
    variant_name: str | None = None
    changed: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for key, parameter in self.parameters.items():
            check_bounds(key, parameter, self.attributes[key])
        _check_sector_losses(self)

    # ------------------------------------------------------------ what is in it

    @property
    def players(self) -> tuple[str, ...]:
        """Codes of the strategic players, in the order of the file."""
        return tuple(code for code, player in self.file.players.items() if player.strategic)

    @property
    def bystanders(self) -> tuple[str, ...]:
        """Codes of the players that only react unless they are made strategic in ``stage_game``."""
        return tuple(code for code, player in self.file.players.items() if not player.strategic)

    @property
    def variants(self) -> Mapping[str, str]:
        """Named variants and the reason of each."""
        return MappingProxyType({name: variant.reason for name, variant in self.file.variants.items()})

    @property
    def evidence(self) -> Evidence:
        """The evidence set the references were read from."""
        return load_evidence(self.evidence_set)

    @property
    def hash(self) -> str:
        """SHA-256 of structure, parameters and choices: what the run records call the parameters' hash."""
        content = {
            "structure": self.file.model_dump(mode="json", exclude={"title", "description", "variants"}),
            "parameters": {key: [p.value, p.low, p.high, p.unit] for key, p in self.parameters.items()},
            "choices": dict(self.choices),
            "evidence": self.evidence_set,
        }
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()

    def record(self) -> dict[str, Any]:
        """Plain data that identifies this scenario in a run record."""
        return {
            "scenario": self.name,
            "variant": self.variant_name,
            "evidence": self.evidence_set,
            "changed": {key: self._current(key) for key in self.changed},
            "parameters_hash": self.hash,
        }

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Scenario) and self.hash == other.hash

    def __hash__(self) -> int:
        return hash(self.hash)

    def __getstate__(self) -> dict[str, Any]:
        """Plain dictionaries in place of read-only views, which cannot be pickled."""
        return {
            name: dict(entry) if isinstance(entry, MappingProxyType) else entry for name, entry in vars(self).items()
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        views = {name: MappingProxyType(state[name]) for name in ("choices", "attributes")}
        vars(self).update(state | views)

    # ------------------------------------------------------------ changed copies

    def with_values(self, values: Mapping[str, float | int | str | Quantity]) -> Scenario:
        """Copy with some parameters or choices replaced, e.g. ``{"heavy_rare_earths.US.military_stock_months": 2}``.

        Raises ScenarioError for an unknown key (with the nearest one), a value that is no finite number, or one
        outside the bounds.
        """
        parameters, choices = dict(self.parameters), dict(self.choices)
        for key, entry in values.items():
            if key in CHOICES:
                choices[key] = checked_choice(self.file, key, entry)
            elif key in parameters:
                attribute = self.attributes[key]
                if isinstance(entry, Quantity):
                    parameters[key] = resolved(key, key, attribute, entry, self.evidence)
                else:
                    parameters[key] = replaced(parameters[key], entry, attribute)
            else:
                raise ScenarioError(f"unknown key '{key}' in scenario '{self.name}'{nearest(key, self.keys())}")
        changed = tuple(dict.fromkeys((*self.changed, *values)))
        table = ParameterTable(parameters.values())
        return replace(self, parameters=table, choices=MappingProxyType(choices), changed=changed)

    def variant(self, name: str) -> Scenario:
        """The named variant: its overrides on top of this scenario."""
        if name not in self.file.variants:
            known = list(self.file.variants)
            raise ScenarioError(f"'{name}' is not a variant of '{self.name}'{nearest(name, known)} (known: {known})")
        return replace(self.with_values(self.file.variants[name].values), variant_name=name)

    def with_evidence(self, evidence_set: str) -> Scenario:
        """The same file read with another evidence set, with the changes made so far (variant, values) kept at their
        values."""
        fresh = _scenario(self.name, self.file, evidence_set)
        kept = {key: self._current(key) for key in self.changed}
        return replace(fresh.with_values(kept), variant_name=self.variant_name) if kept else fresh

    def at(self, state: State) -> Scenario:
        """Copy at another state of the round."""
        values: dict[str, float | str] = {}
        for key in self.parameters:
            head, _, attribute = key.rpartition(".")
            user = head.rpartition(".")[2]
            entry = getattr(state, attribute, None) if attribute.endswith("_stock_months") else None
            if entry is not None and user in self.players:
                values[key] = entry
        for name in ("rebuilt", "substitution", "mood"):
            if (entry := getattr(state, name)) is not None:
                values[f"state.{name}"] = entry
        return self.with_values(values) if values else self

    def keys(self) -> tuple[str, ...]:
        """Every key that ``with_values`` and ``--set`` take."""
        return (*self.parameters, *CHOICES)

    def _current(self, key: str) -> float | str:
        return self.choices[key] if key in CHOICES else self.parameters[key].value

    # ------------------------------------------------------------ draws

    def draws(self, n_draws: int, seed: int = 0) -> dict[str, NDArray[np.float64]]:
        """Independent draws of all parameters, each from the triangular distribution (low, value, high): key ->
        (n_draws,).

        Sample i is drawn from its own child of ``SeedSequence(seed)``, so it is the same however many samples are
        taken and wherever.
        """
        if n_draws < 1:
            raise ScenarioError(f"n_draws = {n_draws} is not at least 1")
        entries = list(self.parameters.values())
        low, mode, high = (np.array([getattr(p, field) for p in entries]) for field in ("low", "value", "high"))
        uniform = np.empty((n_draws, len(entries)))
        for i in range(n_draws):
            uniform[i] = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(i,))).random(len(entries))
        width = high - low
        split = np.divide(mode - low, width, out=np.zeros_like(width), where=width > 0)
        rising = low + np.sqrt(uniform * width * (mode - low))
        falling = high - np.sqrt((1 - uniform) * width * (high - mode))
        samples = np.clip(np.where(uniform < split, rising, falling), low, high)
        return dict(zip(self.parameters, samples.T, strict=True))

    # ------------------------------------------------------------ games

    def payoffs(
        self,
        state: State | None = None,
        players: tuple[str, ...] | None = None,
        draws: Mapping[str, NDArray[np.float64]] | None = None,
    ) -> PayoffTable:
        """Payoff terms of one round over all moves of ``players`` (default: the strategic ones), at ``state``; many
        draws at once."""
        from bargain.standoff.model import round_payoffs

        return round_payoffs(self.at(state) if state else self, players, draws)

    def stage_game(self, state: State | None = None, players: tuple[str, ...] | None = None) -> StageGame:
        """One round as a StageGame: payoffs in percent of own GDP per year, action labels such as
        'truce/dual_track'."""
        return self.payoffs(state, players).game()


# ---------------------------------------------------------------- loading


def shipped_scenarios() -> dict[str, str]:
    """Name -> title of the scenarios that come with the package."""
    folder = resources.files("bargain.standoff") / "scenarios"
    names = sorted(entry.name.removesuffix(".toml") for entry in folder.iterdir() if entry.name.endswith(".toml"))
    return {name: str(_toml(name)["title"]) for name in names}


def load_scenario(
    name: str | Path,
    evidence: str = "independent",
    variant: str | None = None,
    values: Mapping[str, float | int | str] | None = None,
) -> Scenario:
    """Load a shipped scenario by name, or one from a TOML file by path.

    evidence is "independent" or "article"; variant one of the file's variants; values as in ``Scenario.with_values``.
    Raises ScenarioError with one line that names the file, the place, the value and the rule.
    """
    path = Path(name)
    title = path.stem if path.suffix == ".toml" else str(name)
    try:
        scenario = _scenario(title, _parsed(name), evidence)
        scenario = scenario.variant(variant) if variant else scenario
        return scenario.with_values(values) if values else scenario
    except ValidationError as error:
        raise ScenarioError(f"{title}: {_first_line(error)}") from None


def _scenario(name: str, file: ScenarioFile, evidence_set: str) -> Scenario:
    evidence = load_evidence(evidence_set)
    parameters, attributes = [], {}
    choices = {f"options.{field}": str(getattr(file.options, field)) for field in Options.model_fields}
    choices["state.mood"] = file.state.mood
    place = ""
    try:
        for key, where, attribute, quantity in quantities(file):
            parameters.append(resolved(key, where, attribute, quantity, evidence))
            attributes[key] = attribute
        table, readings = ParameterTable(parameters), MappingProxyType(choices)
        scenario = Scenario(name, file, table, readings, evidence_set, MappingProxyType(attributes))
        for title, variant in file.variants.items():
            place = f"variants.{title}: "
            scenario.with_values(variant.values)
    except ScenarioError as error:
        raise ScenarioError(f"{name}: {place}{error}") from None
    return scenario


@lru_cache(maxsize=32)
def _shipped_file(name: str) -> ScenarioFile:
    return _validated(name, _toml(name), (name,))


def _parsed(name: str | Path) -> ScenarioFile:
    path = Path(name)
    if path.suffix != ".toml":
        known = sorted(shipped_scenarios())
        if str(name) not in known:
            raise ScenarioError(f"no scenario '{name}'{nearest(str(name), known)} (shipped: {', '.join(known)})")
        return _shipped_file(str(name))
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ScenarioError(f"{path}: {(error.strerror or str(error)).lower()}") from None
    except UnicodeDecodeError:
        raise ScenarioError(f"{path}: not a UTF-8 text file") from None
    except RecursionError:  # raised by tomllib on thousands of nested brackets
        raise ScenarioError(f"{path}: not valid TOML: too deeply nested") from None
    except ValueError as error:
        raise ScenarioError(f"{path}: not valid TOML: {error}") from None
    return _validated(path.stem, data)


def _toml(name: str) -> dict[str, Any]:
    text = (resources.files("bargain.standoff") / "scenarios" / f"{name}.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def _extended(name: str, data: dict[str, Any], seen: tuple[str, ...] = ()) -> dict[str, Any]:
    """``data`` merged into the shipped scenario it extends, if any: tables join, all else is replaced.

    seen: shipped scenarios on the way here; none of them can be extended again.
    """
    if "extends" not in data:
        return data
    base, known = data["extends"], [other for other in shipped_scenarios() if other not in seen]
    if base not in known:
        raise ScenarioError(f"{name}: extends = {base!r} is not a shipped scenario{nearest(str(base), known)}")
    own = {key: entry for key, entry in data.items() if key != "extends"}
    return _merged(_extended(str(base), _toml(str(base)), (*seen, str(base))), own)


def _merged(base: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, entry in own.items():
        joins = isinstance(entry, dict) and isinstance(merged.get(key), dict) and not _is_quantity(entry)
        merged[key] = _merged(merged[key], entry) if joins else entry
    return merged


def _is_quantity(entry: dict[str, Any]) -> bool:
    return "value" in entry or "evidence" in entry


def _validated(name: str, own: dict[str, Any], seen: tuple[str, ...] = ()) -> ScenarioFile:
    data = _extended(name, own, seen)
    try:
        file = ScenarioFile.model_validate(data)
    except ValidationError as error:
        raise ScenarioError(f"{name}: {_first_line(error)}") from None
    for place, message in reference_errors(file):
        raise ScenarioError(f"{name}: {place}: {message}")
    return file


def _first_line(error: ValidationError) -> str:
    """The first of pydantic's complaints as one line: place, value and rule."""
    first, more = error.errors()[0], error.error_count() - 1
    tags = {"tariff", "export_control", "alignment"}
    place = ".".join(str(part) for part in first["loc"] if part not in tags)
    message = first["msg"].removeprefix("Value error, ")
    if first["type"] == "missing":
        message = "is missing"
    elif first["type"] == "union_tag_not_found":
        message = "'kind' is missing"
    elif first["type"] == "union_tag_invalid":
        kind, known = str(first["ctx"]["tag"]), sorted(tags)
        message = f"kind = {kind!r} is not one of {', '.join(known)}{nearest(kind, known)}"
    elif first["type"] != "value_error":
        message = f"{reprlib.repr(first['input'])} is wrong: {message[0].lower()}{message[1:]}"
    return f"{place + ': ' if place else ''}{message}{f' (and {more} more)' if more else ''}"


def _check_sector_losses(scenario: Scenario) -> None:
    """A published loss must be one that the exposed industries can bear: below 0.8 times their weight."""
    for name, sector in scenario.file.sectors.items():
        for code in sector.users:
            key = f"{name}.{code}.loss_of_80_cut"
            loss, exposure = scenario.parameters[key].value, scenario.parameters[f"{name}.{code}.exposure"].value
            cost_share = scenario.parameters[f"{name}.cost_share"].value
            if not 0.8 * cost_share * exposure < loss <= 0.8 * exposure:
                raise ScenarioError(
                    f"{key} = {loss:g} percent_gdp cannot come from industries of weight {exposure:g}: the rule is "
                    f"a loss above {0.8 * cost_share * exposure:.4g} and at most {0.8 * exposure:.4g}"
                )
