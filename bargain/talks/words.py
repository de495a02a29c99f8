"""An agreement in words: both sides with the same prominence, the threat named everywhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bargain.games.markov import IntArray
from bargain.games.record import FloatArray
from bargain.games.stationary import StationaryProfile, stationary_values
from bargain.standoff.instruments import instruments_of
from bargain.talks.bargains import HOLDS
from bargain.talks.demands import demand_lines
from bargain.talks.leverage import initiative_columns
from bargain.talks.life import TruceLife, truce_life
from bargain.talks.request import ARRANGEMENTS, DEMANDS, THREATS

if TYPE_CHECKING:
    from bargain.talks.agreement import Agreement

LEAST_SHOWN = 5e-4
"""Chances below this are left out of texts; all are in the plain data."""


def summary_text(agreement: Agreement) -> str:
    """What was asked, what was found, what it is worth to each side, what holds it up."""
    parts = [heading(agreement), _payoff_table(agreement), terms_text(agreement)]
    if agreement.payoffs is not None:
        parts.append(initiative_text(agreement))
    checks = ", ".join(
        f"{name} {'holds' if check['holds'] else 'FAILS'} ({check['largest_gain']:.1g})"
        for name, check in agreement.certificates.items()
    )
    parts.append(f"certificates, largest gain from a deviation in shares of the payoff range: {checks or 'none'}")
    return "\n\n".join(filter(None, parts))


def heading(agreement: Agreement) -> str:
    """Arrangement, threat and its scope, division, status, where the numbers come from."""
    request, lines = agreement.request, []
    if agreement.scenario is not None:
        scenario = agreement.scenario
        changed = ", ".join(f"{key}={entry}" for key, entry in scenario.record()["changed"].items())
        reading = ", ".join(f"{key.partition('.')[2]} {value}" for key, value in scenario.choices.items())
        lines.append(f"{scenario.file.title}: {ARRANGEMENTS[request.arrangement]}")
        lines.append(f"{scenario.evidence_set} evidence; {reading}" + (f"; changed: {changed}" if changed else ""))
    else:
        lines.append(ARRANGEMENTS[request.arrangement])
    lines.append(f"start: {start_text(agreement)}")
    if agreement.scenario is not None and agreement.rounds.space.coarse:
        coarse = " and ".join(agreement.rounds.space.coarse)
        lines.append(
            f"note: the grid of {coarse} is coarser than its plants or generations, which are taken as one step"
        )
    lines.append(f"threat {request.threat}: {THREATS[request.threat]}{_scope(agreement)}")
    extra = f", weights {request.weights}" if request.weights else ""
    lag = f", reply lag {request.reply_lag}" if request.arrangement == "truce" else ""
    lines.append(f"division: {request.solution}{extra}{lag}")
    if request.solution == "rubinstein":
        first = request.first or agreement.players[0]
        chance = request.breakdown_probability
        lines.append(f"{first} offers first; talks end for good with chance {chance:g} after each rejection")
    if request.solution == "repeated-negotiation":
        lines.append(f"negotiated anew with chance {request.renegotiation_probability:g} at the beginning of a round")
    if request.demands != "off":
        lines.append(f"demands {request.demands}: {DEMANDS[request.demands]}")
    if request.frozen:
        held = [(name, [at] if isinstance(at, str) else at) for name, at in request.frozen]
        lines.append("frozen: " + ", ".join(f"{name} at {' or '.join(levels)}" for name, levels in held))
    lines.append(f"{agreement.status} ({agreement.outcome.message})")
    return "\n".join(lines)


def _scope(agreement: Agreement) -> str:
    return "" if agreement.standoff is None else f" ({agreement.standoff.scope})"


def start_text(agreement: Agreement) -> str:
    """The lottery over states in which play starts."""
    setting = agreement.setting
    return "; ".join(
        f"{setting.game.states[s]}" + (f" (chance {setting.start[s]:.4g})" if setting.start[s] < 1.0 else "")
        for s in setting.starts
    )


def _payoff_table(agreement: Agreement) -> str:
    """Value of the threat and of the arrangement to each side, in percent of own GDP and in USD."""
    if agreement.payoffs is None or agreement.threat_point is None:
        return ""
    usd = agreement.setting.usd
    head = f"{'':8}{'threat':>10}{'payoff':>10}{'gain':>10}{'gain, bn USD a year':>22}"
    rows = [
        f"{player:8}{before:>+10.4f}{after:>+10.4f}{after - before:>+10.4f}{(after - before) * rate:>+22.2f}"
        for player, before, after, rate in zip(
            agreement.players, agreement.threat_point, agreement.payoffs, usd, strict=True
        )
    ]
    note = "percent of own GDP a year, from open trade at the tariffs before the standoff"
    return "\n".join([head, *rows, note])


def terms_text(agreement: Agreement) -> str:
    """What each side does, what follows a breach, how long it lasts."""
    if agreement.payoffs is None:
        return f"no terms: {agreement.outcome.message}"
    standoff, demands = _standoff_text(agreement), demand_lines(agreement)
    if agreement.status == HOLDS:
        return "\n".join(["no agreement: the standoff holds", *demands, standoff])
    if agreement.arrangement == "truce":
        return "\n".join([*demands, *_truce_lines(agreement), standoff, life_text(truce_life(agreement))])
    if agreement.arrangement == "deal":
        return "\n".join([*demands, *_deal_lines(agreement), standoff]).rstrip()
    return "\n".join([*demands, "the payoffs of some subgame-perfect equilibrium; a payoff set names no moves"])


def _truce_lines(agreement: Agreement) -> list[str]:
    outcome = agreement.outcome
    several = len(outcome.truces) > 1
    lines = ["a public lottery picks one of these truces:"] if several else []
    for chance, play in zip(outcome.lottery, outcome.truces, strict=True):
        if several:
            lines.append(f"with chance {chance:.4g}, in force in {int(play.active.sum())} of {len(play.active)} states")
        lines += move_lines(agreement, play.moves[agreement.setting.starts[0]])
    lag = agreement.request.reply_lag
    when = "in the next round" if lag == 1 else f"after {lag} rounds"
    lines.append(f"after a breach, or in a state in which a side would break it, the standoff follows {when}, for good")
    return lines


def move_lines(agreement: Agreement, move: IntArray | tuple[int, ...]) -> list[str]:
    """One line a player: each instrument and its level."""
    game = agreement.setting.game
    if agreement.scenario is None:
        return [f"  {player}: {game.actions[k][move[k]]}" for k, player in enumerate(game.players)]
    moves, lines = agreement.rounds.table.moves, []
    for k, player in enumerate(game.players):
        parts = []
        for name, instrument in instruments_of(agreement.scenario.file, player).items():
            level = list(instrument.levels)[int(moves.level[name, player].reshape(-1)[move[k]])]
            parts.append(f"{name} {level}")
        lines.append(f"  {player}: {', '.join(parts)}")
    return lines


def _deal_lines(agreement: Agreement) -> list[str]:
    deal, setting = agreement.outcome.deal, agreement.setting
    assert deal is not None
    lines = []
    for s in setting.starts:
        lines.append(f"from {setting.game.states[s]}:")
        lines += move_lines(agreement, deal.plan[s])
    lines.append(f"side payments in all: {payment_text(agreement, side_payments(agreement))} a year for ever, of which")
    lines.append(f"at once: {payment_text(agreement, up_front(agreement))}; the rest round by round")
    lines.append("a breach is punished by these moves, until the side at fault has paid its fine:")
    for k, player in enumerate(agreement.players):
        lines.append(f"  after a breach by {player}")
        lines += [f"  {line}" for line in move_lines(agreement, deal.punishment_plans[k, setting.starts[0]])]
    anew = agreement.outcome.negotiation is not None
    lines.append(f"it enforces itself {'until the next negotiation' if anew else 'for ever'}")
    return lines


def up_front(agreement: Agreement) -> FloatArray:
    """Expected up-front payment of each player, billion USD; negative where it receives."""
    deal = agreement.outcome.deal
    assert deal is not None
    years = 1.0 if agreement.scenario is None else agreement.scenario.file.round_months / 12.0
    money = 1.0
    if agreement.outcome.negotiation is not None:
        # Payments of the game until the next negotiation count for as long as that is expected to be away.
        d, chance = agreement.setting.game.discount_factor, agreement.request.renegotiation_probability
        money = (1.0 - d * (1.0 - chance)) / (1.0 - d)
    return np.asarray(agreement.setting.at_start(deal.up_front) * money * years)


def side_payments(agreement: Agreement) -> FloatArray:
    """Value of all payments of the deal, billion USD a year ``(n_players,)``; negative where a side receives."""
    deal, setting = agreement.outcome.deal, agreement.setting
    assert deal is not None
    assert agreement.payoffs is not None
    moves = StationaryProfile.pure(setting.game, deal.plan.tolist())
    earned = setting.at_start(stationary_values(setting.game, moves))
    worth = agreement.outcome.worth_conceded
    return np.asarray((earned - (agreement.payoffs - worth)) * setting.usd)


def payment_text(agreement: Agreement, paid: FloatArray) -> str:
    """Who pays and who receives, in words."""
    words = [
        f"{player} {'pays' if amount > 0 else 'receives'} {abs(amount):.4g} bn USD"
        for player, amount in zip(agreement.players, paid, strict=True)
        if abs(amount) > 1e-9
    ]
    return ", ".join(words) or "none"


def _standoff_text(agreement: Agreement) -> str:
    """The moves of the standoff at the start."""
    standoff = agreement.standoff
    if standoff is None or standoff.equilibrium is None:
        return ""
    shown = []
    for s in agreement.setting.starts:
        shown.append(f"standoff ({standoff.name}) in {agreement.setting.game.states[s]}:")
        shown += _mixed_lines(agreement, standoff.equilibrium.profile, s)
    return "\n".join(shown)


def _mixed_lines(agreement: Agreement, profile: StationaryProfile, state: int) -> list[str]:
    """One line a player: what it does in a state, with probabilities where it mixes."""
    rows = [own[state] for own in profile.strategies]
    if all(row.max() >= 1.0 - LEAST_SHOWN for row in rows):
        return move_lines(agreement, tuple(int(row.argmax()) for row in rows))
    lines = []
    for player, labels, row in zip(agreement.players, agreement.setting.game.actions, rows, strict=True):
        used = [f"{labels[a]} {row[a]:.3g}" for a in np.argsort(-row) if row[a] >= LEAST_SHOWN]
        lines.append(f"  {player}: mixes {', '.join(used)}")
    return lines


def life_text(life: TruceLife) -> str:
    """Expected life and what ends it."""
    median = life.median_months
    half = "" if median is None else f", half of the time at most {median:.3g}"
    if life.endless >= 1.0 - 1e-12:
        return "it lasts for ever"
    start = f"it lasts {life.ending_months:.3g} months in expectation{half}"
    if life.endless > 0.0:
        start = f"it lasts for ever with chance {life.endless:.2g}; if it ends, {start}"
    ends = [f"{cause} ({chance:.2g})" for cause, chance in list(life.causes.items())[:3] if chance > LEAST_SHOWN]
    who = [f"{player} ({chance:.2g})" for player, chance in life.breakers.items() if chance > LEAST_SHOWN]
    if not ends:
        return start
    return f"{start}; what ends it: {', '.join(ends)}; who would break it then: {', '.join(who)}"


def initiative_text(agreement: Agreement) -> str:
    """Gain of each side over the play before the standoff, the share only where both gain."""
    table = initiative_columns(agreement)
    names, shares = table["player"], table["share"]
    gains = zip(names, table["gain"], table["gain_usd_bn"], strict=True)
    parts = [f"{name} {own:+.4f} % of own GDP ({dollars:+.2f} bn USD)" for name, own, dollars in gains]
    text = "a year, over the play before the standoff for ever: " + ", ".join(parts)
    if np.isnan(shares).any():
        return text + "; no shares, since not both gain"
    split = [f"{name} {share:.2f}" for name, share in zip(names, shares, strict=True)]
    return text + "; share of the joint gain " + ", ".join(split)
