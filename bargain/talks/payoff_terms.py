"""What an agreement is worth term by term: the terms of a round's payoff, expected and discounted along what is played.

Values are linear in payoffs, so that the values of the terms add up to the value. With agreed moves m in the active
states A and the standoff's profile s for ever after, term f is worth

    V_f = (1 - d) E[f(s)] + d P(s) V_f                                          from the end on,
    W_f = (1 - d) f(m) + d P(m) W_f   in A,     W_f = V_f   elsewhere,

averaged over the lottery and the start. Side payments are a term of their own: what is paid at the start of rounds,
Y(s) = d E[Y(s') - (1 - d) y(s, s')], less (1 - d) times the up-front payment; and so is the worth of concessions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from bargain.games.markov import BoolArray, IntArray, MarkovGame
from bargain.games.record import FloatArray
from bargain.games.stationary import StationaryProfile, chain_values
from bargain.standoff.instruments import instruments_of

if TYPE_CHECKING:
    from bargain.talks.agreement import Agreement
    from bargain.talks.setting import Setting

SIDE_PAYMENTS, CONCESSIONS = "side_payments", "concessions"
EXTRA = (SIDE_PAYMENTS, CONCESSIONS)
"""Terms that are no part of a round's payoff."""
BARE = "payoff"
"""The only term of a game that does not come from a scenario."""


@dataclass(frozen=True)
class Course:
    """One course of events: agreed moves ``(n_states, n_players)`` while in ``active`` states, the standoff after."""

    chance: float
    moves: IntArray
    active: BoolArray


@dataclass(frozen=True)
class Plan:
    """All that is played: a lottery of courses, the standoff's profile, side payments.

    standoff: None where play never gets there; paid: value of all payments of the players, billion USD a year
    ``(n_players,)``, None where nothing is paid; conceded: demands that are conceded, by name; complete: whether it
    says what to do in every state.
    """

    courses: tuple[Course, ...]
    standoff: StationaryProfile | None
    paid: FloatArray | None = None
    conceded: tuple[str, ...] = ()
    complete: bool = True


def standoff_plan(agreement: Agreement) -> Plan | None:
    """The standoff from the start on, None where there is none."""
    found = None if agreement.standoff is None else agreement.standoff.equilibrium
    if found is None:
        return None
    game = agreement.setting.game
    never = Course(1.0, np.zeros((game.n_states, game.n_players), dtype=np.intp), np.zeros(game.n_states, dtype=bool))
    return Plan((never,), found.profile)


def agreed_plan(agreement: Agreement) -> Plan | None:
    """What is played: the agreement, the standoff where there is none; None for payoff sets and where nothing is known.

    A payoff set names no moves.
    """
    outcome, standoff = agreement.outcome, standoff_plan(agreement)
    if not agreement.reached:
        return standoff if agreement.payoffs is not None else None
    if outcome.truces:
        lottery = zip(outcome.lottery, outcome.truces, strict=True)
        courses = tuple(Course(chance, play.moves, play.active) for chance, play in lottery)
        return Plan(courses, None if standoff is None else standoff.standoff, conceded=_conceded(agreement))
    if outcome.deal is None:
        return None
    covered = np.zeros(agreement.setting.game.n_states, dtype=bool)
    covered[list(outcome.deal.states)] = True
    always = Course(1.0, outcome.deal.plan, np.ones_like(covered))
    return Plan((always,), None, paid_usd(agreement), _conceded(agreement), bool(covered.all()))


def _conceded(agreement: Agreement) -> tuple[str, ...]:
    demanded = agreement.outcome.demanded
    if demanded is None:
        return ()
    return tuple(demand.name for demand, made in zip(demanded.demands, demanded.made, strict=True) if made)


def paid_usd(agreement: Agreement) -> FloatArray:
    """Value of all payments of a deal from its payments alone, billion USD a year ``(n_players,)``."""
    deal, setting = agreement.outcome.deal, agreement.setting
    assert deal is not None
    game, d = setting.game, setting.game.discount_factor
    at = (np.arange(game.n_states), *deal.plan.T)
    due = (game.probabilities[at][..., None] * deal.payments[0]).sum(axis=1)
    # Payments follow a round later: d times what is due then, discounted like a payoff of this round.
    later = chain_values(d * due, _chain(game, game.probabilities[at], game.successors[at]), d)
    return np.asarray(setting.at_start((1.0 - d) * deal.up_front + later))


def term_payoffs(agreement: Agreement) -> dict[str, FloatArray]:
    """Payoffs of a round by term, each ``(n_states, n_players, *n_actions)``, percent of own GDP a year."""
    game = agreement.setting.game
    if agreement.scenario is None:
        return {BARE: game.payoffs}
    table = agreement.rounds.table
    rows = [table.players.index(player) for player in game.players]
    return {name: np.broadcast_to(term[:, rows], game.payoffs.shape) for name, term in table.terms.items()}


def plan_values(setting: Setting, terms: Mapping[str, FloatArray], plan: Plan) -> FloatArray:
    """Value of a plan at the start by term, ``(n_terms + 2, n_players)``, the last rows those of ``EXTRA``.

    setting: whose numbers count (transitions, discount factor, start, USD, worth of demands), not what players may do
    there.
    """
    game, d = setting.game, setting.game.discount_factor
    after = np.zeros((game.n_states, len(terms) * game.n_players))
    if plan.standoff is not None:
        after = chain_values(*_played(game, terms, plan.standoff), d)
    total = np.zeros(after.shape[1])
    for course in plan.courses:
        total += course.chance * setting.at_start(_course_values(game, terms, course, after))
    paid = np.zeros(game.n_players) if plan.paid is None else -plan.paid / setting.usd
    worth = [demand.worth(game.n_players) for demand in setting.demands if demand.name in plan.conceded]
    return np.vstack([total.reshape(len(terms), game.n_players), paid, np.sum(worth, axis=0) + np.zeros_like(paid)])


def _course_values(game: MarkovGame, terms: Mapping[str, FloatArray], course: Course, after: FloatArray) -> FloatArray:
    """Values in every state, ``(n_states, n_terms * n_players)``; after: those of the standoff."""
    from scipy.sparse import csr_array, eye_array
    from scipy.sparse.linalg import spsolve

    on, d = np.flatnonzero(course.active), game.discount_factor
    values = np.array(after)
    if len(on):
        at = (on, *course.moves[on].T)
        now = np.concatenate([np.moveaxis(term, 1, -1)[at] for term in terms.values()], axis=1)
        chances, follow = game.probabilities[at], game.successors[at]
        entries = (chances.reshape(-1), (np.repeat(np.arange(len(on)), chances.shape[1]), follow.reshape(-1)))
        chain = csr_array(entries, shape=(len(on), game.n_states))
        ended = np.where(course.active[:, None], 0.0, after)
        system = (eye_array(len(on)) - d * chain[:, on]).tocsc()
        values[on] = np.reshape(spsolve(system, (1.0 - d) * now + d * (chain @ ended)), now.shape)
    return values


def _played(game: MarkovGame, terms: Mapping[str, FloatArray], profile: StationaryProfile) -> tuple[FloatArray, Any]:
    """Expected terms ``(n_states, n_terms * n_players)`` and transitions under a profile."""
    weights = np.ones((game.n_states, *game.n_actions))
    for k, own in enumerate(profile.strategies):
        weights *= own.reshape(game.n_states, *(-1 if i == k else 1 for i in range(game.n_players)))
    at = np.nonzero(weights)
    share = np.asarray(weights[at])[:, None]
    columns = []
    for term in terms.values():
        expected = np.zeros((game.n_states, game.n_players))
        np.add.at(expected, at[0], share * np.moveaxis(term, 1, -1)[at])
        columns.append(expected)
    chances, follow = share * game.probabilities[at], game.successors[at]
    return np.concatenate(columns, axis=1), _chain(game, chances, follow, at[0])


def _chain(game: MarkovGame, chances: FloatArray, follow: IntArray, rows: IntArray | None = None) -> Any:
    """Sparse transitions ``(n_states, n_states)`` from chances and successors ``(n_rows, k)``."""
    from scipy.sparse import coo_array

    rows = np.arange(game.n_states) if rows is None else rows
    entries = (chances.reshape(-1), (np.repeat(rows, chances.shape[1]), follow.reshape(-1)))
    return coo_array(entries, shape=(game.n_states, game.n_states)).tocsr()


def opening_moves(agreement: Agreement, plan: Plan | None) -> dict[str, dict[str, dict[str, float]]] | None:
    """What each side does in the first round: player -> instrument -> level -> chance, over start and lottery.

    A game without instruments has one that is called "action". None without a plan.
    """
    if plan is None:
        return None
    setting = agreement.setting
    found: dict[str, dict[str, dict[str, float]]] = {}
    for k, player in enumerate(agreement.players):
        chances = np.zeros(setting.game.n_actions[k])
        for course in plan.courses:
            for s in setting.starts:
                weight = course.chance * setting.start[s]
                if course.active[s] or plan.standoff is None:
                    chances[course.moves[s, k]] += weight
                else:
                    chances += weight * plan.standoff.strategies[k][s]
        found[player] = _by_instrument(agreement, k, chances)
    return found


def _by_instrument(agreement: Agreement, k: int, chances: FloatArray) -> dict[str, dict[str, float]]:
    """Chances of actions as chances of the levels of each instrument of player k."""
    player = agreement.players[k]
    if agreement.scenario is None:
        labels = agreement.setting.game.actions[k]
        return {"action": {labels[a]: float(chances[a]) for a in np.flatnonzero(chances)}}
    found = {}
    for name, instrument in instruments_of(agreement.scenario.file, player).items():
        places = agreement.rounds.table.moves.level[name, player].reshape(-1)
        share = np.bincount(places, weights=chances, minlength=len(instrument.levels))
        found[name] = {level: float(share[i]) for i, level in enumerate(instrument.levels) if share[i] > 0.0}
    return found
