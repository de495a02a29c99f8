"""Negotiation over many parameter draws: what is agreed, whether enforcement binds, whether the threat point decides.

For a draw with game G, standoff v and jointly feasible values F (every constant move kept up for ever), the truces that
enforce themselves have values T. The bargaining solution b(T, v) is what is agreed, b(F, v) what would be agreed if
everything could be enforced: enforcement binds where they differ. The threat decides where b(T, v) and b(T', v') differ
for two standoffs v, v' that were found. Both are compared with the moves of the largest joint value in USD,
U(s) = max_a (1 - d) sum_i w_i u_i(s, a) + d E[U(s')], a problem of one decision maker (Bellman 1957).

Draw i comes from its own child of ``SeedSequence``, games are built in batches of a fixed size, so that an answer is
the same in one process and in many. What fails is a row with its reason.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from bargain.games.bargaining import BargainingProblem
from bargain.games.markov import IntArray, MarkovGame
from bargain.games.record import FloatArray
from bargain.games.stationary import MarkovEquilibrium
from bargain.solvers.base import solve
from bargain.solvers.markov_perfect import MarkovPerfect
from bargain.standoff.scenario import Scenario
from bargain.talks import Agreement, Request, Setting, setting_of
from bargain.talks.bargains import AGREED, HOLDS, UNKNOWN, Outcome, bargain_over
from bargain.talks.leverage import reference_values
from bargain.talks.life import truce_life
from bargain.talks.standoffs import Standoff, find_standoff

if TYPE_CHECKING:
    import pandas as pd

Draws = Mapping[str, FloatArray]

AT_ONCE = 25
"""Draws whose games are built together; the trade model is solved once for them."""

SAME = 1e-6
"""Payoffs that differ by less than this share of the payoff range are the same."""

SOLVED = 1e-10
"""Joint values are iterated until they are this close, as a share of their range."""


@dataclass(frozen=True)
class DrawQuestions:
    """What is asked of every draw.

    levels: grid points by state variable; n_starts: random starts of the search for other standoffs, 0 to leave
    everything but the truce on the path out; reply_lag: rounds without an answer to a breach; seed: of the search.
    """

    levels: tuple[tuple[str, int], ...] | None = None
    n_starts: int = 3
    reply_lag: int = 1
    seed: int = 0

    def request(self, arrangement: str = "truce", threat: str = "path") -> Request:
        levels = None if self.levels is None else dict(self.levels)
        return Request.of(arrangement=arrangement, threat=threat, levels=levels, reply_lag=self.reply_lag)


def agreement_draws(
    scenario: Scenario, draws: Draws, questions: DrawQuestions | None = None, *, workers: int = 1
) -> pd.DataFrame:
    """One row a draw, in order; draws: key -> ``(n_draws,)`` as from ``Scenario.draws``.

    Columns by player code in small letters (us_, cn_): threat, payoff, gain, reference, initiative (percent of own GDP
    a year), initiative_usd_bn; status, certified, reason; standoff_moves, agreed_moves (likeliest state of the start);
    n_enforcing; months (expected life within 20 years; NaN without a truce), endless; with n_starts > 0 also what
    ``_further`` lists.
    """
    import pandas as pd

    asked = questions or DrawQuestions()
    n = len(next(iter(draws.values())))
    parts = [(scenario, {key: a[i : i + AT_ONCE] for key, a in draws.items()}, asked) for i in range(0, n, AT_ONCE)]
    if workers > 1 and len(parts) > 1:
        from joblib import Parallel, delayed

        found = Parallel(n_jobs=workers)(delayed(_batch)(*part) for part in parts)
    else:
        found = [_batch(*part) for part in parts]
    table = pd.DataFrame([row for rows in found for row in rows])
    table.insert(0, "draw", np.arange(n))
    return table


def draw_settings(scenario: Scenario, draws: Draws, questions: DrawQuestions) -> list[Setting]:
    """The setting of each draw, dollars at the GDP of the draw; the trade model is solved for all of them at once."""
    levels = None if questions.levels is None else dict(questions.levels)
    rounds = scenario.rounds(draws=draws, levels=levels)
    return [setting_of(scenario, rounds, draw=i) for i in range(rounds.space.n_draws)]


def _batch(scenario: Scenario, draws: Draws, questions: DrawQuestions) -> list[dict[str, Any]]:
    settings = draw_settings(scenario, draws, questions)
    return [_row(setting, questions, float(scenario.file.round_months)) for setting in settings]


def _row(setting: Setting, questions: DrawQuestions, round_months: float) -> dict[str, Any]:
    """All that is asked of one draw; a solver that refuses the game is a row with its reason."""
    try:
        standoff = find_standoff(setting, questions.request())
        agreement = _talks(setting, questions.request(), standoff)
        row = _truce_row(agreement, round_months)
        if questions.n_starts and standoff.equilibrium is not None:
            row |= _further(agreement, questions)
    except (ValueError, ArithmeticError, np.linalg.LinAlgError) as error:
        return {"status": "failed", "certified": False, "reason": f"{type(error).__name__}: {error}"}
    return row


def _talks(setting: Setting, request: Request, standoff: Standoff | None) -> Agreement:
    return Agreement.of(setting, request, standoff, bargain_over(setting, request, standoff))


def _truce_row(agreement: Agreement, round_months: float) -> dict[str, Any]:
    outcome, setting = agreement.outcome, agreement.setting
    # Where nothing was found there is no certificate, and nothing is certified.
    certified = bool(agreement.certificates) and agreement.certified
    row: dict[str, Any] = {"status": agreement.status, "certified": certified}
    row["reason"] = "" if agreement.reached else outcome.message
    if agreement.standoff is None or agreement.standoff.equilibrium is None:
        return row
    row |= _sides(agreement) | {"n_enforcing": outcome.n_enforcing, "path_by": agreement.standoff.scope}
    strategies = agreement.standoff.equilibrium.profile.strategies
    state = int(setting.start.argmax())
    row["standoff_moves"] = _named(setting, [int(own[state].argmax()) for own in strategies])
    row["standoff_mixed"] = any(bool(own[state].max() < 1.0 - SAME) for own in strategies)
    row["agreed_moves"] = _named(setting, outcome.truces[0].moves[state]) if outcome.truces else "none"
    row["lottery"] = len(outcome.truces)
    if agreement.reached:
        life = truce_life(agreement)
        row["months"] = float(life.survival[1:].sum()) * round_months
        row["endless"] = life.endless
    return row


def _sides(agreement: Agreement) -> dict[str, float]:
    before, setting = reference_values(agreement), agreement.setting
    row: dict[str, float] = {}
    for k, player in enumerate(agreement.players):
        code = player.lower()
        assert agreement.threat_point is not None
        assert agreement.payoffs is not None
        threat, payoff = float(agreement.threat_point[k]), float(agreement.payoffs[k])
        row |= {f"{code}_threat": threat, f"{code}_payoff": payoff, f"{code}_gain": payoff - threat}
        row[f"{code}_initiative"] = payoff - float(before[k])
        row[f"{code}_initiative_usd_bn"] = (payoff - float(before[k])) * float(setting.usd[k])
    return row


def _further(agreement: Agreement, questions: DrawQuestions) -> dict[str, Any]:
    """Enforcement, joint optimum, other standoffs and deals of a draw.

    binds: whether another truce would be agreed if every constant move were kept; joint_enforces: whether the constant
    moves of the largest sum in USD enforce themselves at the start; truce_differs, deal_differs: from the jointly best
    moves in the likeliest state of the start; truce_shortfall_usd_bn, deal_shortfall_usd_bn: joint value left on the
    table a year; n_standoffs: profiles found, n_standoff_values: different values at the start; truce_threat_decides,
    truce_threat_size: whether and by how much (percent of own GDP, the side that is moved most) the path and the other
    standoffs found give different splits; deal_threat_decides, deal_threat_size: the same for deals;
    any_threat_decides, any_threat_size: for deals with the worst punishments among the threats; deal_status,
    deal_certified; others_certified: truces and deals under all these threats.
    """
    setting, outcome = agreement.setting, agreement.outcome
    assert agreement.standoff is not None
    found = [agreement.standoff, *_other_standoffs(agreement, questions)]
    row = _enforcement(setting, questions, outcome)
    worth, best = joint_optimum(setting.game, setting.usd)
    state, top = int(setting.start.argmax()), float(setting.at_start(worth))
    assert outcome.payoffs is not None
    truces = [outcome, *(bargain_over(setting, questions.request(), other) for other in found[1:])]
    deals = [_talks(setting, questions.request("deal"), one) for one in found]
    deals.append(_talks(setting, questions.request("deal", "punishment"), None))
    deal = deals[0].outcome
    agreed = tuple(outcome.truces[0].moves[state]) if outcome.truces else None
    row["truce_differs"] = agreed is None or agreed != tuple(best[state])
    row["truce_shortfall_usd_bn"] = top - float(outcome.payoffs @ setting.usd)
    row["deal_status"], row["deal_certified"] = deals[0].status, deals[0].certified
    row["deal_differs"] = deal.deal is None or tuple(deal.deal.plan[state]) != tuple(best[state])
    row["deal_shortfall_usd_bn"] = np.nan if deal.payoffs is None else top - float(deal.payoffs @ setting.usd)
    values = {tuple(np.round(_start_values(setting, one) / (SAME * _range(setting)), 0)) for one in found}
    row |= {"n_standoffs": len(found), "n_standoff_values": len(values)}
    several = {"truce": truces, "deal": [one.outcome for one in deals[:-1]], "any": [one.outcome for one in deals]}
    for name, outcomes in several.items():
        size = _spread(setting, outcomes)
        row[f"{name}_threat_size"], row[f"{name}_threat_decides"] = size[0], size[1]
    row["others_certified"] = all(
        Agreement.of(setting, questions.request(), one, made).certified for one, made in zip(found, truces, strict=True)
    ) and all(one.certified for one in deals)
    return row


def _other_standoffs(agreement: Agreement, questions: DrawQuestions) -> list[Standoff]:
    """Those that random starts lead to, each different from the path: the same search as for best and worst."""
    setting, on_path = agreement.setting, agreement.standoff
    search = MarkovPerfect(
        start=tuple(setting.start.tolist()),
        start_profile=setting.reference,
        method="search",
        n_starts=questions.n_starts,
        seed=questions.seed,
        max_nodes=0,
    )
    assert on_path is not None
    known = [on_path.equilibrium]
    for each in solve(setting.game, search).equilibria:
        if not any(_alike(each, other) for other in known):
            known.append(each)
    return [Standoff("found", each, "from a random start; others may exist", 1) for each in known[1:]]


def _alike(one: MarkovEquilibrium, other: MarkovEquilibrium | None) -> bool:
    assert other is not None
    pairs = zip(one.profile.strategies, other.profile.strategies, strict=True)
    return all(np.allclose(own, theirs, atol=1e-6) for own, theirs in pairs)


def _enforcement(setting: Setting, questions: DrawQuestions, outcome: Outcome) -> dict[str, Any]:
    """Whether it matters that only some moves enforce themselves, everything else as in the negotiation."""
    assert outcome.threat_point is not None
    values = constant_values(setting)
    problem = BargainingProblem(values * setting.usd, outcome.threat_point * setting.usd, setting.game.players)
    free = solve(problem, questions.request().concept)
    payoffs = outcome.threat_point if free.payoffs is None else np.asarray(free.payoffs) / setting.usd
    assert outcome.payoffs is not None
    gap = np.asarray(payoffs - outcome.payoffs)
    joint = values @ setting.usd
    kept = np.zeros((0, len(setting.usd))) if outcome.payoff_set is None else np.asarray(outcome.payoff_set)
    near = np.abs(kept - values[int(joint.argmax())]) <= SAME * _range(setting)
    return {
        "binds": bool((np.abs(gap) > SAME * _range(setting)).any()),
        "free_truce_gain_usd_bn": float(gap @ setting.usd),
        "joint_enforces": bool(near.all(axis=1).any()),
    }


def constant_values(setting: Setting) -> FloatArray:
    """Value at the start of every joint move kept up for ever, ``(n_moves, n_players)``."""
    game = setting.game
    moves = [move for move in np.ndindex(*game.n_actions) if game.available_moves[(slice(None), *move)].all()]
    values = []
    for move in moves:
        at = (slice(None), *move)
        chain = np.zeros((game.n_states, game.n_states))
        np.add.at(chain, (np.arange(game.n_states)[:, None], game.successors[at]), game.probabilities[at])
        system = np.eye(game.n_states) - game.discount_factor * chain
        # One row of the inverse: discounted visits from the start, the same for all players.
        visits = np.linalg.solve(system.T, setting.start)
        values.append((1.0 - game.discount_factor) * visits @ game.payoffs[(slice(None), slice(None), *move)])
    return np.array(values)


def joint_optimum(game: MarkovGame, weights: FloatArray) -> tuple[FloatArray, IntArray]:
    """Largest weighted sum of values in each state ``(n_states,)`` and its moves ``(n_states, n_players)``."""
    d, n = game.discount_factor, game.n_states
    payoffs = np.tensordot(game.payoffs, weights, axes=(1, 0)).reshape(n, -1)
    payoffs = np.where(game.available_moves.reshape(n, -1), payoffs, -np.inf)
    follow, chances = (a.reshape(n, payoffs.shape[1], -1) for a in (game.successors, game.probabilities))
    finite = payoffs[np.isfinite(payoffs)]
    width, worth = float(np.ptp(finite)) or 1.0, np.full(n, finite.max())
    while True:
        each = (1.0 - d) * payoffs + d * (chances * worth[follow]).sum(axis=-1)
        after = each.max(axis=1)
        done = np.abs(after - worth).max() <= SOLVED * (1.0 - d) * width
        worth = after
        if done:
            return worth, np.stack(np.unravel_index(each.argmax(axis=1), game.n_actions), axis=1)


def _start_values(setting: Setting, standoff: Standoff) -> FloatArray:
    assert standoff.equilibrium is not None
    return setting.at_start(standoff.equilibrium.values)


def _spread(setting: Setting, outcomes: list[Outcome]) -> tuple[float, bool]:
    """How far the splits lie apart (percent of own GDP, the side that is moved most), and whether they do."""
    known = np.array([one.payoffs for one in outcomes if one.payoffs is not None])
    if len(known) < 2:
        return 0.0, False
    apart = np.ptp(known, axis=0)
    return float(apart.max()), bool((apart > SAME * _range(setting)).any())


def _range(setting: Setting) -> FloatArray:
    width = setting.game.payoff_range
    return np.where(width > 0.0, width, 1.0)


def _named(setting: Setting, move: Any) -> str:
    actions = setting.game.actions
    return " / ".join(actions[k][int(move[k])].replace("/", " ") for k in range(len(actions)))


def shares(table: pd.DataFrame) -> pd.DataFrame:
    """Share of draws with a yes in each column of yes and no, with the exact binomial interval.

    Columns: question, share, low, high (95 %; Clopper and Pearson 1934), n. Draws without an answer are left out.
    """
    import pandas as pd
    from scipy.stats import binomtest

    open_ = table["status"].isin(["failed", UNKNOWN])
    certified = table["certified"] & table["others_certified"].eq(True)
    given = {
        "truce agreed": (table["status"] == AGREED).where(~open_),
        "standoff holds": (table["status"] == HOLDS).where(~open_),
        "failed or no standoff found": open_,
        "all certified, where there is an answer": certified.where(~open_),
        "enforcement binds (truce)": table["binds"],
        "jointly best constant moves do not enforce themselves": ~table["joint_enforces"].astype("boolean"),
        "threat decides (truce)": table["truce_threat_decides"],
        "threat decides (deal)": table["deal_threat_decides"],
        "threat or punishment decides (deal)": table["any_threat_decides"],
        "truce differs from jointly best moves": table["truce_differs"],
        "deal differs from jointly best moves": table["deal_differs"],
        "several standoffs found": table["n_standoffs"].where(table["n_standoffs"].notna()) > 1,
        "standoffs of different value found": table["n_standoff_values"] > 1,
        "standoff mixed at the start": table["standoff_mixed"],
        "truce may last for ever": table["endless"].where(table["endless"].notna()) > 0.0,
    }
    rows = []
    for question, answers in given.items():
        known = answers.dropna().astype(bool)
        found = binomtest(int(known.sum()), len(known)).proportion_ci() if len(known) else (np.nan, np.nan)
        share = float(known.mean()) if len(known) else np.nan
        rows.append({"question": question, "share": share, "low": found[0], "high": found[1], "n": len(known)})
    return pd.DataFrame(rows)
