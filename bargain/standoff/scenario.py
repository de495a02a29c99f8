"""Scenario: a validated file plus evidence, resolved into parameters that can be printed, changed and drawn."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from bargain.evidence import Evidence, ParameterTable, load_evidence
from bargain.standoff.resolution import check_bounds, checked_choice, replaced, resolved
from bargain.standoff.schema import Attribute, Quantity, ScenarioError, ScenarioFile, nearest

if TYPE_CHECKING:
    from bargain.games import StageGame
    from bargain.games.markov import MarkovGame
    from bargain.standoff.payoff_table import PayoffTable
    from bargain.standoff.rounds import StandoffRounds

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
        _check_sectors(self)
        _check_regions(self)

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
        """The evidence the references were read from: the set, and the past episode if the file names one."""
        return load_evidence(self.evidence_set, self.file.episode)

    @property
    def hash(self) -> str:
        """SHA-256 of structure, parameters and choices: what the run records call the parameters' hash."""
        words = {"title", "description", "variants", "record"} | ({"episode"} if self.file.episode is None else set())
        content = {
            "structure": self.file.model_dump(mode="json", exclude=words),
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
        if not isinstance(values, Mapping):
            raise ScenarioError(f"values = {values!r} is not a mapping of keys to values")
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
                raise ScenarioError(f"unknown key '{key}' in scenario '{self.name}'{nearest(str(key), self.keys())}")
        changed = tuple(dict.fromkeys((*self.changed, *values)))
        table = ParameterTable(parameters.values())
        return replace(self, parameters=table, choices=MappingProxyType(choices), changed=changed)

    def variant(self, name: str) -> Scenario:
        """The named variant: its overrides on top of this scenario."""
        if name not in self.file.variants:
            known = list(self.file.variants)
            known_text = ", ".join(known) or "none"
            raise ScenarioError(
                f"'{name}' is not a variant of '{self.name}'{nearest(str(name), known)} (known: {known_text})"
            )
        return replace(self.with_values(self.file.variants[name].values), variant_name=name)

    def with_evidence(self, evidence_set: str) -> Scenario:
        """The same file read with another evidence set, with the changes made so far (variant, values) kept at their
        values."""
        from bargain.standoff.loading import resolved_scenario

        fresh = resolved_scenario(self.name, self.file, evidence_set)
        kept = {key: self._current(key) for key in self.changed}
        return replace(fresh.with_values(kept), variant_name=self.variant_name) if kept else fresh

    def at(self, state: State, players: tuple[str, ...] | None = None) -> Scenario:
        """Copy at another state of the round; stocks are those of ``players`` (default: the strategic ones)."""
        if not isinstance(state, State):
            raise ScenarioError(f"state = {state!r} is not a State")
        values: dict[str, float | str] = {}
        for key in self.stock_keys(players or self.players):
            if (months := getattr(state, key.rpartition(".")[2])) is not None:
                values[key] = months
        for name in ("rebuilt", "substitution", "mood"):
            if (entry := getattr(state, name)) is not None:
                values[f"state.{name}"] = entry
        return self.with_values(values) if values else self

    def stock_keys(self, users: tuple[str, ...]) -> tuple[str, ...]:
        """The keys of the stocks that ``users`` hold, of every input and on either track."""
        endings = tuple(f".{user}.{track}_stock_months" for user in users for track in ("civil", "military"))
        return tuple(key for key in self.parameters if key.endswith(endings))

    def keys(self) -> tuple[str, ...]:
        """Every key that ``with_values`` and ``--set`` take."""
        return (*self.parameters, *CHOICES)

    def _current(self, key: str) -> float | str:
        return self.choices[key] if key in CHOICES else self.parameters[key].value

    # ------------------------------------------------------------ draws

    def draws(self, n_draws: int, seed: int = 0) -> dict[str, NDArray[np.float64]]:
        """Draws of all parameters, each from the triangular distribution (low, value, high): key -> (n_draws,).

        Parameters are independent, but for those that rest on one row of the evidence: they move together. Sample i is
        drawn from its own child of ``SeedSequence(seed)``, so it is the same however many samples are taken and
        wherever. Trade flows and the GDP of the rest of the world are not drawn.
        """
        for name, entry, least in (("n_draws", n_draws, 1), ("seed", seed, 0)):
            if isinstance(entry, bool) or not isinstance(entry, int | np.integer) or entry < least:
                raise ScenarioError(f"{name} = {entry!r} is not a whole number of at least {least}")
        entries = list(self.parameters.values())
        low, mode, high = (np.array([getattr(p, field) for p in entries]) for field in ("low", "value", "high"))
        rows = {row: place for place, row in enumerate(dict.fromkeys(p.group.lstrip("-") or p.id for p in entries))}
        uniform = np.empty((n_draws, len(rows)))
        for i in range(n_draws):
            uniform[i] = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(i,))).random(len(rows))
        uniform = uniform[:, [rows[p.group.lstrip("-") or p.id] for p in entries]]
        reverse = [p.group.startswith("-") for p in entries]
        uniform[:, reverse] = 1 - uniform[:, reverse]
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

        return round_payoffs(self if state is None else self.at(state, players), players, draws)

    def stage_game(self, state: State | None = None, players: tuple[str, ...] | None = None) -> StageGame:
        """One round as a StageGame: payoffs in percent of own GDP per year, action labels such as
        'truce/dual_track'."""
        return self.payoffs(state, players).game()

    def rounds(
        self,
        *,
        draws: Mapping[str, NDArray[np.float64]] | None = None,
        levels: Mapping[str, int] | None = None,
        players: tuple[str, ...] | None = None,
        bystanders: Literal["react", "neutral"] = "react",
    ) -> StandoffRounds:
        """The game over rounds with its states and payoff terms, many draws at once.

        levels: grid points by state variable, such as ``{"military": 13, "rebuilt": 7}``; bystanders: "react" to the
        moves with their best stance, or stay "neutral".
        """
        from bargain.standoff.rounds import standoff_rounds

        return standoff_rounds(self, draws=draws, levels=levels, players=players, bystanders=bystanders)

    def markov_game(
        self, *, levels: Mapping[str, int] | None = None, players: tuple[str, ...] | None = None
    ) -> MarkovGame:
        """The game over rounds as a MarkovGame: payoffs in percent of own GDP per year, one round a quarter."""
        return self.rounds(levels=levels, players=players).game()


def _check_sectors(scenario: Scenario) -> None:
    """A published loss must be one that the exposed industries can bear, and a bundle must have some weight."""
    for name, sector in scenario.file.sectors.items():
        for code in sector.users:
            key = f"{name}.{code}.loss_of_80_cut"
            loss, exposure = scenario.parameters[key].value, scenario.parameters[f"{name}.{code}.exposure"].value
            least = 0.8 * scenario.parameters[f"{name}.cost_share"].value * exposure
            if not least < loss <= 0.8 * exposure:
                raise ScenarioError(
                    f"{key} = {loss:g} percent_gdp cannot come from industries of weight {exposure:g}: the rule is "
                    f"a loss above {least:.4g} and at most {0.8 * exposure:.4g}"
                )
        keys = [f"{item}.sector_share" for item, entry in scenario.file.inputs.items() if entry.sector == name]
        if keys and sum(scenario.parameters[key].value for key in keys) <= 0:
            raise ScenarioError(f"{' and '.join(keys)} are 0; the rule is a positive sum")


def _check_regions(scenario: Scenario) -> None:
    """The trade model needs the whole world: a region left out would turn exports to it into domestic sales."""
    missing = [code for code in scenario.evidence.trade_flows().regions if code not in scenario.file.trade.regions]
    if missing:
        raise ScenarioError(f"trade.regions: {', '.join(missing)} missing; the rule is every region of the trade data")
