"""The standoff as a game with states: payoffs of a round in every state, and where its moves lead.

The states of each draw are so many more draws of one round: all of them are filled in one call. Tariffs do not depend
on the state, so that the trade model is solved once per draw. Bystanders answer the moves inside each round with their
best stance (``bystanders``), and what that does to detours counts for the two sides.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from bargain.games.markov import MarkovGame
from bargain.standoff.bystanders import reactions
from bargain.standoff.instruments import moves
from bargain.standoff.model import parameter_arrays, payoff_table
from bargain.standoff.payoff_table import PayoffTable
from bargain.standoff.payoffs import FloatArray, Round
from bargain.standoff.scenario import Scenario
from bargain.standoff.schema import ScenarioError
from bargain.standoff.state_space import GROWING, StateSpace, state_space
from bargain.standoff.tariffs import TariffTerms, tariff_terms
from bargain.standoff.transitions import (
    IntArray,
    Step,
    expected_growth,
    grid_step,
    growth_step,
    joint_step,
    mood_step,
    stock_target,
    withheld_share,
)


@dataclass(frozen=True, eq=False)
class StandoffRounds:
    """The game over rounds of a scenario, any number of parameter draws at once.

    space: the states; table: payoff terms of the strategic players, its leading axis ``n_draws * n_states`` with the
    states running fastest; successors, probabilities: ``(n_draws, n_states, *n_actions, k)``; discount_factor:
    ``(n_draws,)``; stances: for each bystander the level of its alignment, ``(n_draws * n_states, *n_actions)`` or
    broadcasting to it, empty where bystanders hold their reference stance.
    """

    space: StateSpace
    table: PayoffTable
    successors: IntArray
    probabilities: FloatArray
    discount_factor: FloatArray
    stances: Mapping[str, IntArray]
    _game: Round
    _trade: TariffTerms

    @cached_property
    def payoffs(self) -> FloatArray:
        """Payoffs of the strategic players, ``(n_draws, n_states, n_players, *n_actions)``, percent of GDP a year."""
        flat = self.table.stage_payoffs()
        return flat.reshape(self.space.n_draws, self.space.n_states, *flat.shape[1:])

    @cached_property
    def bystanders(self) -> PayoffTable:
        """Payoff terms of all players, bystanders included, the leading axis as in ``table``."""
        return payoff_table(self._game, self._trade)

    @property
    def gdp_usd_bn(self) -> FloatArray:
        """Gross domestic product of the players in each draw, billion USD a year, ``(n_draws, n_players)``."""
        first = slice(None, None, self.space.n_states)
        return np.stack([self._game.values[f"{code}.gdp_usd_bn"][first] for code in self.table.moves.players], axis=1)

    def game(self, draw: int = 0) -> MarkovGame:
        """The Markov game of one draw."""
        return MarkovGame(
            self.payoffs[draw],
            self.successors[draw],
            self.probabilities[draw],
            float(self.discount_factor[draw]),
            self.table.moves.players,
            self.table.moves.actions,
            self.space.labels(draw),
        )


def standoff_rounds(
    scenario: Scenario,
    *,
    draws: Mapping[str, FloatArray] | None = None,
    levels: Mapping[str, int] | None = None,
    players: tuple[str, ...] | None = None,
    bystanders: Literal["react", "neutral"] = "react",
) -> StandoffRounds:
    """Build the game over rounds.

    draws: key -> ``(n_draws,)`` for all or some parameters; levels: grid points by state variable, for instance
    ``{"rebuilt": 7}``; players: who moves (default: the strategic players); bystanders: "react" to the moves with
    their best stance, or stay "neutral", at their reference stance.
    """
    if bystanders not in ("react", "neutral"):
        raise ScenarioError(f"bystanders = {bystanders!r} is neither 'react' nor 'neutral'")
    values = parameter_arrays(scenario, draws)
    space = state_space(scenario.file, scenario.choices["state.mood"], values, levels)
    chosen = moves(scenario.file, tuple(players or scenario.players))
    once = Round(scenario.file, scenario.choices, values, chosen)
    trade = tariff_terms(scenario, once, values)
    if not trade.converged:
        raise ScenarioError(f"{scenario.name}: the trade model did not converge at some tariffs; lower them")
    everywhere = _in_every_state(scenario, values, space)
    stances = _reactions(once, values, space) if bystanders == "react" else {}
    game = once.in_states(everywhere, space.n_states, stances)
    trade = trade.repeated(space.n_states)
    successors, probabilities = _steps(scenario, game, space)
    shape = (space.n_draws, space.n_states, *chosen.shape, successors.shape[-1])
    return StandoffRounds(
        space,
        payoff_table(game, trade, chosen.players),
        np.broadcast_to(successors, (space.n_draws * space.n_states, *shape[2:])).reshape(shape),
        np.broadcast_to(probabilities, (space.n_draws * space.n_states, *shape[2:])).reshape(shape),
        values["rounds.discount_factor"],
        stances,
        game,
        trade,
    )


def _reactions(once: Round, values: Mapping[str, FloatArray], space: StateSpace) -> dict[str, IntArray]:
    """Stances in every state ``(n_draws * n_states, ...)``; a bystander's losses depend on rebuilt capacity alone."""
    if "rebuilt" not in space.variables:
        return {code: np.repeat(own, space.n_states, axis=0) for code, own in reactions(once).items()}
    axis = space.variables.index("rebuilt")
    grid = space.grids[axis]
    apart = {key: np.repeat(array, grid.shape[1]) for key, array in values.items()} | {
        "state.rebuilt": grid.reshape(-1)
    }
    rows = np.arange(space.n_draws)[:, None] * grid.shape[1] + space.places[axis]
    return {code: own[rows.reshape(-1)] for code, own in reactions(once.in_states(apart, grid.shape[1])).items()}


def _in_every_state(scenario: Scenario, values: Mapping[str, FloatArray], space: StateSpace) -> dict[str, FloatArray]:
    """Parameters ``(n_draws * n_states,)`` with those that are states at their level."""
    result = {key: np.repeat(array, space.n_states) for key, array in values.items()}
    rounds = scenario.file.rounds
    assert rounds is not None, "there is a state space"
    for name, stock in rounds.stocks.items():
        months = space.values(name).reshape(-1)
        own = (f"{stock.input}.{stock.user}.{stock.track}_stock_months",)
        # A pooled stock is one for both tracks and all inputs; else each input and track has its own.
        for key in scenario.stock_keys((stock.user,)) if scenario.choices["options.stocks"] == "pooled" else own:
            result[key] = months
    for name in GROWING:
        if name in space.variables:
            result[f"state.{name}"] = space.values(name).reshape(-1)
    mood = space.values("mood").reshape(-1).astype(int)
    for code, player in scenario.file.players.items():
        if player.moods:
            factors = [
                np.repeat(values.get(f"{code}.{m}.protection_factor", np.ones(space.n_draws)), space.n_states)
                for m in space.moods
            ]
            result[f"{code}.protection_factor"] = np.take_along_axis(np.stack(factors), mood[None], axis=0)[0]
    return result


def _steps(scenario: Scenario, game: Round, space: StateSpace) -> Step:
    """Successors and probabilities ``(n_draws * n_states, *n_actions, k)``, action axes of length one if all agree."""
    rounds, months = scenario.file.rounds, scenario.file.round_months
    assert rounds is not None, "there is a state space"
    steps = []
    for name, grid in zip(space.variables, space.grids, strict=True):
        own = np.repeat(grid, space.n_states, axis=0)
        now = game.shaped(space.values(name).reshape(-1))
        if name == "mood":
            steps.append(mood_step(now.astype(np.intp), grid.shape[1], game.value("rounds.mood_persistence")))
        elif name in GROWING:
            today = game.shaped(np.repeat(grid[:, 0], space.n_states))
            years, covered, factor = (
                game.value(f"rounds.{name}.{key}") for key in ("years", "covered", "withheld_factor")
            )
            growth = expected_growth(today, _withheld(game, name), years, covered, factor, months)
            jump = game.value(f"rounds.{name}.step") * (1.0 - today)
            steps.append(growth_step(own, now, growth, jump))
        else:
            stock = rounds.stocks[name]
            gap, delivered = game.drawdown(stock.input, stock.user, stock.track)
            refill = game.value(f"rounds.{name}.refill_months")
            steps.append(grid_step(own, stock_target(now, gap, delivered, refill, months)))
    return joint_step(steps, space.sizes)


def _withheld(game: Round, capacity: str) -> FloatArray:
    """How far the inputs that ``capacity`` replaces are withheld from the target of the controls, the worst of them."""
    worst, weight = game.value("", 0.0), game.value("rounds.military_weight")
    for name, item in game.file.inputs.items():
        found = game.control(name)
        if item.replaced_by == capacity and found is not None:
            civil, military = (game.delivered(name, found[1].target, track) for track in ("civil", "military"))
            worst = np.maximum(worst, withheld_share(civil, military, weight))
    return worst
