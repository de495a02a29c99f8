"""Games of incomplete information: players know their own types and have beliefs about the others' (Harsanyi 1967-68).

Nature draws the types t from a common prior p; player i sees t_i and believes p(t_-i | t_i) = p(t) / p(t_i). A strategy
s_i(. | t_i) is one mixture of actions for each type. In *agent form* (Selten 1975) each type of each player is a player
of its own, paid what the player expects when it is of that type,

    U_(i, t_i)(s) = sum over t_-i of p(t_-i | t_i)  E[ u_i(a, t) | a_j ~ s_j(. | t_j) ],

so that a Nash equilibrium of the agent form is a Bayesian equilibrium, and its certificate holds type by type.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from bargain.games.certificate import DEFAULT_TOLERANCE, Certificate, check_tolerance
from bargain.games.profile import mixed_profile
from bargain.games.record import ArrayRecord, FloatArray, finite_array
from bargain.games.stage import StageGame, checked_labels, default_labels

LARGEST_AGENT_FORM = 20_000_000
"""Payoff entries up to which the agent form is written down."""

Strategies = tuple[tuple[FloatArray, ...], ...]
"""For each player one probability vector over its actions for each of its types."""


@dataclass(frozen=True, eq=False, init=False, repr=False)
class BayesianGame(ArrayRecord):
    """A game of one round in which players have private types.

    payoffs: ``(n_players, *n_types, *n_actions)``, axis 1 + i belongs to the types of player i, axis 1 + n_players + i
    to its actions; prior: ``(*n_types,)``, chances that sum to 1, every type of every player has a positive one;
    players, types, actions: labels, unique within each list.

    Raises ValueError for shapes that do not fit, entries that are not finite, chances that are none.
    """

    payoffs: FloatArray
    prior: FloatArray
    players: tuple[str, ...]
    types: tuple[tuple[str, ...], ...]
    actions: tuple[tuple[str, ...], ...]

    def __init__(
        self,
        payoffs: npt.ArrayLike,
        prior: npt.ArrayLike,
        players: Sequence[str] | None = None,
        types: Sequence[Sequence[str]] | None = None,
        actions: Sequence[Sequence[str]] | None = None,
    ) -> None:
        table, chances = finite_array(payoffs, "payoffs"), finite_array(prior, "prior")
        n = chances.ndim
        if n < 1 or table.ndim != 1 + 2 * n or table.shape[0] != n or table.shape[1 : 1 + n] != chances.shape:
            raise ValueError(
                f"payoffs of shape {table.shape} and prior of shape {chances.shape} are not "
                "(n_players, *n_types, *n_actions) and (*n_types,)"
            )
        if table.size == 0:
            raise ValueError(f"payoffs of shape {table.shape} leave a player without a type or an action")
        if chances.min() < 0.0 or abs(chances.sum() - 1.0) > 1e-9:
            raise ValueError(f"prior sums to {chances.sum():.12g}, with entries from {chances.min():g}; the rule is 1")
        names, labels = default_labels(table.shape[1 + n :], players, actions)
        kinds = types if types is not None else [[f"type_{t + 1}" for t in range(m)] for m in chances.shape]
        if isinstance(kinds, str) or len(kinds) != n:
            raise ValueError(f"types has {len(kinds)} lists of labels for {n} players")
        own = tuple(
            checked_labels(list(labels_), m, f"types of player {name}")
            for labels_, m, name in zip(kinds, chances.shape, names, strict=True)
        )
        for i, name in enumerate(names):
            for t, chance in enumerate(_marginal(chances, i)):
                if chance <= 0.0:
                    raise ValueError(f"prior: type {own[i][t]!r} of {name} has no chance; leave it out")
        for field, value in zip(
            ("payoffs", "prior", "players", "types", "actions"), (table, chances, names, own, labels), strict=True
        ):
            object.__setattr__(self, field, value)

    @property
    def n_players(self) -> int:
        return len(self.players)

    @property
    def n_types(self) -> tuple[int, ...]:
        return self.prior.shape

    @property
    def n_actions(self) -> tuple[int, ...]:
        return self.payoffs.shape[1 + self.n_players :]

    @property
    def agents(self) -> tuple[tuple[int, int], ...]:
        """(player, type) of every agent, in the order of the agent form."""
        return tuple((i, t) for i, m in enumerate(self.n_types) for t in range(m))

    def __repr__(self) -> str:
        kinds, sizes = (" x ".join(map(str, each)) for each in (self.n_types, self.n_actions))
        return f"BayesianGame({', '.join(self.players)}: {kinds} types, {sizes} actions)"

    def belief(self, player: int, type_: int) -> FloatArray:
        """What a type believes about the others' types, ``(*n_types,)`` with its own axis of length one."""
        own = self.prior.take([type_], axis=player)
        return np.asarray(own / own.sum())

    def agent_form(self) -> StageGame:
        """Every type of every player as a player of its own, named 'player: type'.

        ValueError when the table would have more than LARGEST_AGENT_FORM entries.
        """
        sizes = [self.n_actions[i] for i, _ in self.agents]
        if math.prod(sizes) * len(sizes) > LARGEST_AGENT_FORM:
            raise ValueError(
                f"the agent form of {self!r} has {math.prod(sizes) * len(sizes):.3g} payoffs, more than "
                f"{LARGEST_AGENT_FORM:,}; use fewer types or actions"
            )
        table = np.zeros((len(sizes), *sizes))
        for row, (i, t) in enumerate(self.agents):
            for types, chance in self._met(i, t):
                table[row] += chance * self._spread(self.payoffs[(i, *types)], types, sizes)
        labels = [f"{self.players[i]}: {self.types[i][t]}" for i, t in self.agents]
        return StageGame(table, labels, [self.actions[i] for i, _ in self.agents])

    def _met(self, player: int, type_: int) -> Iterator[tuple[tuple[int, ...], float]]:
        """Type profiles that a type may face, with its beliefs."""
        belief = self.belief(player, type_)
        for place in np.argwhere(belief > 0.0):
            types = tuple(int(t) for t in place)
            yield (*types[:player], type_, *types[player + 1 :]), float(belief[types])

    def _spread(self, own: FloatArray, types: tuple[int, ...], sizes: list[int]) -> FloatArray:
        """A payoff table over the players' actions as one over the agents', constant in the types that are not met."""
        shape = [1] * len(sizes)
        for i, t in enumerate(types):
            place = self.agents.index((i, t))
            shape[place] = sizes[place]
        return own.reshape(shape)

    def strategies(self, strategies: Sequence[Sequence[Any]]) -> Strategies:
        """Checked strategies: for each player one action (label or index) or one probability vector for each type."""
        if len(strategies) != self.n_players:
            raise ValueError(f"strategies has {len(strategies)} entries for {self.n_players} players")
        result = []
        for i, own in enumerate(strategies):
            if isinstance(own, str) or len(own) != self.n_types[i]:
                raise ValueError(f"strategies of {self.players[i]} are not one for each of its {self.n_types[i]} types")
            result.append(tuple(self._mixture(i, entry) for entry in own))
        return tuple(result)

    def _mixture(self, player: int, entry: Any) -> FloatArray:
        if isinstance(entry, str) or np.ndim(entry) == 0:
            game = StageGame(np.zeros((1, self.n_actions[player])), (self.players[player],), (self.actions[player],))
            return np.asarray(game.profile((entry,))[0])
        return np.asarray(mixed_profile([entry], [self.n_actions[player]], (self.players[player],))[0])

    def strategies_of(self, agents: Sequence[Any]) -> Strategies:
        """Strategies from a profile of the agent form, such as ``equilibrium.profile``."""
        if len(agents) != len(self.agents):
            raise ValueError(f"the profile has {len(agents)} entries for {len(self.agents)} agents")
        place = {agent: k for k, agent in enumerate(self.agents)}
        return self.strategies([[agents[place[i, t]] for t in range(m)] for i, m in enumerate(self.n_types)])

    def interim_payoffs(self, strategies: Sequence[Sequence[Any]]) -> tuple[FloatArray, ...]:
        """Expected payoff of each type of each player, ``(n_types[i],)`` each."""
        own = self.strategies(strategies)
        return tuple(
            np.array([float(self.action_payoffs(own, i, t) @ own[i][t]) for t in range(m)])
            for i, m in enumerate(self.n_types)
        )

    def ex_ante_payoffs(self, strategies: Sequence[Sequence[Any]]) -> FloatArray:
        """Expected payoff of each player before types are drawn, ``(n_players,)``."""
        interim = self.interim_payoffs(strategies)
        return np.array([float(_marginal(self.prior, i) @ interim[i]) for i in range(self.n_players)])

    def action_payoffs(self, strategies: Strategies, player: int, type_: int) -> FloatArray:
        """What each action is worth to a type against the others' strategies, ``(n_actions[player],)``."""
        total = np.zeros(self.n_actions[player])
        for types, chance in self._met(player, type_):
            table = self.payoffs[(player, *types)]
            for j in reversed(range(self.n_players)):
                if j != player:
                    table = np.tensordot(table, strategies[j][types[j]], axes=(j, 0))
            total += chance * table
        return total

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON; ``from_dict`` gives the equal game back."""
        return {
            "payoffs": self.payoffs.tolist(),
            "prior": self.prior.tolist(),
            "players": list(self.players),
            "types": [list(own) for own in self.types],
            "actions": [list(own) for own in self.actions],
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        for key in ("payoffs", "prior", "players", "types", "actions"):
            if key not in data:
                raise ValueError(f"bayesian game: entry {key!r} is missing")
        return cls(data["payoffs"], data["prior"], data["players"], data["types"], data["actions"])


@dataclass(frozen=True, eq=False)
class BayesianEquilibrium(ArrayRecord):
    """Strategies with what they are worth to each type, and the certificate over agents (player, type) in their order.

    interim: payoff of each agent ``(n_agents,)``; payoffs: before types are drawn ``(n_players,)``.
    """

    strategies: Strategies
    interim: FloatArray
    payoffs: FloatArray
    certificate: Certificate


def certify_bayesian(
    game: BayesianGame, strategies: Sequence[Sequence[Any]], tolerance: float = DEFAULT_TOLERANCE
) -> BayesianEquilibrium:
    """Regret of every type of every player, from the types and beliefs themselves and not from the agent form.

    tolerance: share of the range of the player's payoffs over the type profiles that can occur.
    """
    check_tolerance(tolerance)
    own = game.strategies(strategies)
    regrets, scales, interim = [], [], []
    for i, t in game.agents:
        worth = game.action_payoffs(own, i, t)
        expected = float(worth @ own[i][t])
        regrets.append(max(float(worth.max()) - expected, 0.0))
        met = np.array([game.payoffs[(i, *types)] for types, _ in game._met(i, t)])
        scales.append(float(met.max() - met.min()))
        interim.append(expected)
    certificate = Certificate(np.array(regrets), np.array(scales), tolerance)
    return BayesianEquilibrium(own, np.array(interim), game.ex_ante_payoffs(own), certificate)


def _marginal(prior: FloatArray, player: int) -> FloatArray:
    return np.asarray(prior.sum(axis=tuple(j for j in range(prior.ndim) if j != player)))
